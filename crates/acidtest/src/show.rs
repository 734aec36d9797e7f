//! Where a report goes: standard output, one file, or several files of several forms.
//!
//! Main types: [`ShowArgs`], [`Shown`]. Must not compute: it asks for texts and writes them.

use crate::exit::{Exit, Failure, cannot_write, for_logs, print};
use crate::html_file::{Drawn, html};
use crate::read_back::style;
use acidtest_findings::{Findings, RequestLine};
use acidtest_record::{Digest, Origin, RunSpec};
use acidtest_report::Place;
use acidtest_store::Store;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Forms of a run's report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ReportFormat {
    /// A table for people.
    Terminal,
    /// JSON by the published schema.
    Json,
    /// JUnit XML: a test case for each case and gate.
    Junit,
    /// Markdown for a pull-request comment.
    Markdown,
    /// Annotations for GitHub Actions; also fills the job's summary page.
    Github,
    /// One HTML file that opens from disk: the page of `view` with the data of the run.
    Html,
    /// Every estimate on a line.
    Csv,
    /// Every request on a line.
    CsvCases,
}

/// How and where a report is shown.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ShowArgs {
    /// How to show the result
    #[arg(long, value_enum, default_value = "terminal")]
    pub format: ReportFormat,
    /// File for the result in place of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// One more report: FORMAT=FILE, such as junit=out.xml; may be repeated
    #[arg(long = "report", value_name = "FORMAT=FILE", value_parser = more)]
    pub reports: Vec<(ReportFormat, PathBuf)>,
    #[command(flatten)]
    pub slices: crate::commands::slices_args::SlicesArgs,
}

fn more(text: &str) -> Result<(ReportFormat, PathBuf), String> {
    let known = || {
        ReportFormat::value_variants()
            .iter()
            .filter_map(|f| f.to_possible_value().map(|v| v.get_name().to_owned()))
    };
    let list = || known().collect::<Vec<_>>().join(", ");
    let Some((name, file)) = text.split_once('=') else {
        return Err(format!("expected FORMAT=FILE, such as junit=out.xml; formats: {}", list()));
    };
    let format = ReportFormat::from_str(name, true)
        .map_err(|_| format!("unknown format '{name}'; known: {}", list()))?;
    if file.is_empty() {
        return Err(format!("no file after '{name}='"));
    }
    Ok((format, PathBuf::from(file)))
}

impl ShowArgs {
    /// Whether the reports can be written, before anything is sent.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        for file in self.output.iter().chain(self.reports.iter().map(|(_, file)| file)) {
            let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !folder.is_dir() {
                return Err(Failure::usage(format!(
                    "cannot write {}: there is no folder {}",
                    file.display(),
                    folder.display()
                ))
                .hint("make the folder first"));
            }
            if file.is_dir() {
                return Err(Failure::usage(format!("cannot write {}: it is a folder", file.display())));
            }
        }
        Ok(())
    }

    /// Whether some report lists every request.
    pub(crate) fn wants_requests(&self) -> bool {
        use ReportFormat::{Csv, Html, Json, Terminal};
        self.any(|f| !matches!(f, Terminal | Json | Csv | Html))
    }

    /// Whether some report is a page.
    pub(crate) fn wants_page(&self) -> bool {
        self.any(|f| f == ReportFormat::Html)
    }

    fn any(&self, is: impl Fn(ReportFormat) -> bool) -> bool {
        is(self.format) || self.reports.iter().any(|(f, _)| is(*f))
    }
}

/// Everything that reports draw.
pub(crate) struct Shown {
    pub findings: Findings,
    pub requests: Vec<RequestLine>,
    pub place: Place,
    /// What a page draws beside the findings; there where one is wanted.
    pub drawn: Option<Drawn>,
    /// Whether the terminal shows the run over time.
    pub over_time: bool,
}

/// Writes every report that was asked for.
pub(crate) fn show(shown: &Shown, store: &Store, args: &ShowArgs) -> Result<(), Failure> {
    // Files first: a reader of our output that goes away must not cost them.
    for (format, file) in &args.reports {
        write(file, &text(shown, store, *format, for_files())?)?;
        summary(shown, *format)?;
    }
    match &args.output {
        Some(file) => write(file, &text(shown, store, args.format, for_files())?)?,
        None => {
            let said = text(shown, store, args.format, style())?;
            let is_read = matches!(args.format, ReportFormat::Terminal | ReportFormat::Markdown);
            print(&if is_read { for_logs(said) } else { said })?;
        }
    }
    summary(shown, args.format)
}

/// A terminal report in a file has no colour.
pub(crate) fn for_files() -> acidtest_report::Style {
    acidtest_report::Style { width: 120, color: false, lang: crate::lang::lang() }
}

fn text(
    shown: &Shown,
    store: &Store,
    format: ReportFormat,
    style: acidtest_report::Style,
) -> Result<String, Failure> {
    let Shown { findings, requests, place, .. } = shown;
    Ok(match format {
        ReportFormat::Terminal if shown.over_time => {
            acidtest_report::terminal(findings, style) + &acidtest_report::slices(findings, style)
        }
        ReportFormat::Terminal => acidtest_report::terminal(findings, style),
        ReportFormat::Json => {
            let json = acidtest_report::json(findings);
            serde_json::to_string_pretty(&json).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"
        }
        ReportFormat::Junit => acidtest_report::junit(findings, requests),
        ReportFormat::Markdown => acidtest_report::markdown(findings, requests, style.lang),
        ReportFormat::Github => acidtest_report::github(findings, requests, place),
        ReportFormat::Html => {
            let drawn = shown.drawn.as_ref();
            html(findings, drawn.expect("what a wanted page draws was collected"), store)?
        }
        ReportFormat::Csv => acidtest_report::csv(findings),
        ReportFormat::CsvCases => acidtest_report::csv_cases(findings, requests),
    })
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(file, text).map_err(|e| cannot_write(file, e))
}

/// With annotations a job's summary page gets the Markdown, where GitHub names one.
fn summary(shown: &Shown, format: ReportFormat) -> Result<(), Failure> {
    use std::io::Write as _;
    let Some(page) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|p| !p.is_empty()) else { return Ok(()) };
    if format != ReportFormat::Github {
        return Ok(());
    }
    let markdown = acidtest_report::markdown(&shown.findings, &shown.requests, crate::lang::lang());
    let open = std::fs::OpenOptions::new().create(true).append(true).open(&page);
    open.and_then(|mut file| file.write_all(markdown.as_bytes())).map_err(|e| {
        let what =
            format!("cannot write the job's summary {} (GITHUB_STEP_SUMMARY)", Path::new(&page).display());
        Failure::new(Exit::Usage, anyhow::Error::new(e).context(what))
    })
}

/// Where the suite file and its gates are: read again, and used if it is still the same.
pub(crate) fn place(spec: &RunSpec) -> Place {
    let Origin::Suite { path, digest } = &spec.origin else { return Place::default() };
    let whole = Path::new(path);
    let here = std::env::current_dir().and_then(|dir| dir.canonicalize()).ok();
    let inside = here.as_deref().and_then(|dir| whole.strip_prefix(dir).ok());
    let file = Some(inside.unwrap_or(whole).display().to_string());
    // A byte-order mark is not part of what was digested.
    let text = std::fs::read_to_string(whole).ok();
    let text = text.filter(|t| Digest::of(t.strip_prefix('\u{FEFF}').unwrap_or(t).as_bytes()) == *digest);
    let line = |gate: &str| {
        let at = text.as_ref()?.lines().position(|l| l.contains(gate))?;
        u32::try_from(at + 1).ok()
    };
    // Gates on a change come behind the others, as they do in the findings.
    let texts = spec.gates.iter().map(|g| &g.text).chain(spec.regression.iter().map(|r| &r.text));
    Place { file, gates: texts.map(|text| line(text)).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_further_report_names_format_and_file() {
        assert_eq!(more("junit=out.xml"), Ok((ReportFormat::Junit, "out.xml".into())));
        assert_eq!(more("csv-cases=a=b.csv"), Ok((ReportFormat::CsvCases, "a=b.csv".into())));
        for (bad, words) in [("junit", "FORMAT=FILE"), ("word=x", "unknown format"), ("json=", "no file")] {
            assert!(more(bad).unwrap_err().contains(words), "{bad}");
        }
    }
}
