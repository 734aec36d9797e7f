//! `acidtest metrics`: which numbers there are and how each is made.

use super::Format;
use crate::exit::{Exit, Failure, print};
use crate::read_back;

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
        return show(&acidtest_findings::metrics(), args.format, false);
    };
    match acidtest_findings::explain(asked) {
        Ok(metric) => show(&[metric], args.format, true),
        Err(near) => {
            let hint = near.map_or(String::new(), |near| format!("did you mean '{near}'? "));
            Err(Failure::usage(format!("no metric '{asked}'")).hint(hint + "`acidtest metrics` lists them"))
        }
    }
}

fn show(metrics: &[&acidtest_findings::Metric], format: Format, whole: bool) -> Result<Exit, Failure> {
    match format {
        Format::Json => print(&format!("{:#}\n", acidtest_report::metrics_json(metrics)))?,
        Format::Terminal => print(&acidtest_report::metrics(metrics, whole, read_back::style()))?,
    }
    Ok(Exit::Ok)
}
