//! `acidtest compare`: two stored runs, paired.

use super::{Format, StoreArg, UndecidedArg};
use crate::baseline::{self, Across, Baseline};
use crate::exit::{Exit, Failure, for_logs, print};
use crate::open_store::trouble;
use crate::read_back;
use crate::score_files::is_case_file;
use std::path::Path;

/// Compare two runs case by case: what got better, what got worse, what is not shown
///
/// Cases are paired where variables, references and refusal are equal and both runs delivered an
/// answer; repeats are averaged. Differences are second minus first, each with an interval, and
/// called better or worse only where that interval excludes 0 after Holm's correction over all
/// differences. Exits 0 unless a --max-drop gate is broken (1) or undecided (5).
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The first run: an id, a unique prefix, `latest`, or a file that `acidtest export` wrote
    first: String,
    /// The second run, which is compared with the first
    #[arg(default_value = "latest")]
    second: String,
    /// How to show it
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    /// Compare also when the runs were not asked the same; only equal cases are paired
    #[arg(long)]
    across_workloads: bool,
    /// How much worse the second run may be: 'accuracy <= 2 pp', 'e2e.p50 <= 10 %', 'accuracy not worse'
    #[arg(long, value_name = "GATE", visible_alias = "gate")]
    max_drop: Vec<String>,
    #[command(flatten)]
    undecided: UndecidedArg,
    #[command(flatten)]
    store: StoreArg,
}

/// Two files that `score --per-case` wrote; nothing where neither is one.
fn of_cases(args: &Args) -> Result<Option<Exit>, Failure> {
    let (first, second) = (Path::new(&args.first), Path::new(&args.second));
    match (is_case_file(first), is_case_file(second)) {
        (false, false) => Ok(None),
        (true, true) if args.max_drop.is_empty() => {
            super::score_text::compare(first, second, args.format == Format::Json).map(Some)
        }
        (true, true) => {
            Err(Failure::usage("--max-drop needs two runs").hint("files of scored cases have no gates"))
        }
        _ => Err(Failure::usage("one is a file of scored cases and the other is not")
            .hint("compare two files that `acidtest score … --per-case FILE` wrote")),
    }
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
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
    let gates = baseline::gates(&args.max_drop, &spec, &cases)?;
    let found = first.compare(&second.store, second.run, &gates)?;
    match args.format {
        Format::Json => {
            let json = acidtest_report::comparison_json(&found);
            let text = serde_json::to_string_pretty(&json).map_err(|e| Failure::new(Exit::Internal, e))?;
            print(&(text + "\n"))?;
        }
        Format::Terminal => print(&for_logs(acidtest_report::comparison(&found, read_back::style())))?,
    }
    Ok(read_back::exit_of_gates(&found.gates, args.undecided.undecided))
}
