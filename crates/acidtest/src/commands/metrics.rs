//! `acidtest metrics`: which numbers there are and how each is made.

use super::Format;
use crate::exit::{Exit, Failure, print};
use crate::read_back;
use acidtest_findings::scored::definitions::{DEFINITIONS, Definition, definition};

/// List the metrics, or explain one
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The metric to explain
    metric: Option<String>,
    /// How to show them
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let Some(asked) = &args.metric else {
        let all: Vec<&Definition> = DEFINITIONS.iter().collect();
        return show(&acidtest_findings::metrics(), &all, args.format, false);
    };
    // A name may mean a metric of runs, of files, or both.
    let of_files: Vec<&Definition> = definition(asked).into_iter().collect();
    match acidtest_findings::explain(asked) {
        Ok(metric) => show(&[metric], &of_files, args.format, true),
        Err(_) if !of_files.is_empty() => show(&[], &of_files, args.format, true),
        Err(near) => {
            let hint = near.map_or(String::new(), |near| format!("did you mean '{near}'? "));
            Err(Failure::usage(format!("no metric '{asked}'")).hint(hint + "`acidtest metrics` lists them"))
        }
    }
}

fn show(
    metrics: &[&acidtest_findings::Metric],
    files: &[&Definition],
    format: Format,
    whole: bool,
) -> Result<Exit, Failure> {
    let style = read_back::style();
    match format {
        Format::Json => {
            let mut json = acidtest_report::metrics_json(metrics);
            json["file_metrics"] = acidtest_report::file_metrics_json(files);
            print(&format!("{json:#}\n"))?;
        }
        Format::Terminal => {
            let mut text = acidtest_report::metrics(metrics, whole, style);
            match whole {
                true => files.iter().for_each(|d| text.push_str(&acidtest_report::file_metric(d, style))),
                false => text.push_str(&acidtest_report::file_metrics(style)),
            }
            print(&text)?;
        }
    }
    Ok(Exit::Ok)
}
