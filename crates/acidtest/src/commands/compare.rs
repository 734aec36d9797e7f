//! `acidtest compare`: two stored runs, paired.

use super::{StoreArg, Undecided, UndecidedArg};
use crate::baseline::{self, Across, Baseline};
use crate::exit::{Exit, Failure, cannot_write, for_logs, print};
use crate::open_store::trouble;
use crate::read_back;
use crate::score_files::is_case_file;
use crate::show::{ReportFormat, ShowArgs, for_files};
use acidtest_findings::Comparison;
use acidtest_record::Limit;
use acidtest_report::{Style, UndecidedGate};
use std::path::{Path, PathBuf};

/// Compare two runs case by case: what got better, what got worse, what is not shown
///
/// Cases are paired where variables, references and refusal are equal and both runs delivered an
/// answer; repeats are averaged. Differences are second minus first, each with an interval, and
/// called better or worse only where that interval excludes 0 after Holm's correction over all
/// differences. Exits 0 unless a --gate is broken (1) or undecided (5).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The first run: an id, a unique prefix, `latest`, or a file that `acidtest export` wrote
    first: String,
    /// The second run, which is compared with the first
    #[arg(default_value = "latest")]
    second: String,
    /// How to show it
    #[arg(long, value_enum, default_value = "terminal")]
    format: Form,
    /// File for the result in place of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Compare also when the runs were not asked the same; only equal cases are paired
    #[arg(long)]
    across_workloads: bool,
    /// How much worse the second run may be: 'accuracy <= 2 pp', 'e2e.p50 <= 10 %', 'accuracy not worse'
    #[arg(long = "gate", value_name = "GATE", visible_alias = "max-drop")]
    gates: Vec<String>,
    /// Say how many pairs would show a difference of this size: '2 pp', '5 %' (of the first run's value), '50 ms'
    #[arg(long, value_name = "DIFFERENCE", value_parser = Limit::parse)]
    settle: Vec<Limit>,
    #[command(flatten)]
    undecided: UndecidedArg,
    #[command(flatten)]
    store: StoreArg,
}

/// Forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    /// A table for people.
    Terminal,
    /// JSON by the published schema.
    Json,
    /// JUnit XML: a test case for each difference and gate.
    Junit,
    /// Markdown for a pull-request comment.
    Markdown,
}

impl Args {
    fn show(&self) -> ShowArgs {
        let format = match self.format {
            Form::Terminal => ReportFormat::Terminal,
            Form::Json => ReportFormat::Json,
            Form::Junit => ReportFormat::Junit,
            Form::Markdown => ReportFormat::Markdown,
        };
        ShowArgs { format, output: self.output.clone(), reports: Vec::new(), slices: Default::default() }
    }
}

/// Two files that `score --per-case` wrote; nothing where neither is one.
fn of_cases(args: &Args) -> Result<Option<Exit>, Failure> {
    let (first, second) = (Path::new(&args.first), Path::new(&args.second));
    match (is_case_file(first), is_case_file(second)) {
        (false, false) => Ok(None),
        (true, true) if !args.gates.is_empty() => {
            Err(Failure::usage("--gate needs two runs").hint("files of scored cases have no gates"))
        }
        (true, true) if !args.settle.is_empty() => Err(Failure::usage("--settle needs two runs")
            .hint("the table of differences says how many pairs would settle each")),
        (true, true) => super::score_text::compare(first, second, &args.show()).map(Some),
        _ => Err(Failure::usage("one is a file of scored cases and the other is not")
            .hint("compare two files that `acidtest score … --per-case FILE` wrote")),
    }
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.show().check()?;
    if let Some(exit) = of_cases(&args)? {
        return Ok(exit);
    }
    let first = Baseline::open(&args.first, &args.store)?;
    let second = Baseline::open(&args.second, &args.store)?;
    if first.run == second.run {
        return Err(Failure::usage(format!("both are run {}", first.run))
            .hint("name two runs: acidtest compare FIRST SECOND (without SECOND it is the latest); `acidtest runs` lists them"));
    }
    let spec = second.store.spec(second.run).map_err(trouble)?;
    let cases = second.store.cases(second.run).map_err(trouble)?;
    first.check_workload(&spec, &cases, Across::of(args.across_workloads))?;
    let gates = baseline::gates(&args.gates, &spec, &cases)?;
    let found = first.compare(&second.store, second.run, (&gates, &args.settle))?;
    write(&found, &args)?;
    Ok(read_back::exit_of_gates(&found.gates, args.undecided.undecided))
}

fn write(found: &Comparison, args: &Args) -> Result<(), Failure> {
    let Some(file) = &args.output else {
        let said = text(found, args, read_back::style())?;
        let is_read = matches!(args.format, Form::Terminal | Form::Markdown);
        return print(&if is_read { for_logs(said) } else { said });
    };
    std::fs::write(file, text(found, args, for_files())?).map_err(|e| cannot_write(file, e))
}

fn text(found: &Comparison, args: &Args, style: Style) -> Result<String, Failure> {
    let undecided = match args.undecided.undecided {
        Undecided::Pass => UndecidedGate::Skipped,
        Undecided::Fail => UndecidedGate::Error,
    };
    Ok(match args.format {
        Form::Terminal => acidtest_report::comparison(found, style),
        Form::Json => {
            let json = acidtest_report::comparison_json(found);
            serde_json::to_string_pretty(&json).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"
        }
        Form::Junit => acidtest_report::comparison_junit(found, undecided),
        Form::Markdown => acidtest_report::comparison_markdown(found, style.lang),
    })
}
