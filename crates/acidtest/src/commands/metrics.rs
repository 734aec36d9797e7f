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
    let all = acidtest_findings::metrics();
    if let Some(id) = &args.metric {
        let Some(metric) = all.iter().find(|m| m.id == id.as_str()) else {
            return Err(Failure::usage(format!("no metric '{id}'")).hint("`acidtest metrics` lists them"));
        };
        return show(&[*metric], args.format, true);
    }
    show(&all, args.format, false)
}

fn show(metrics: &[&acidtest_findings::Metric], format: Format, whole: bool) -> Result<Exit, Failure> {
    match format {
        Format::Json => print(&format!("{:#}\n", acidtest_report::metrics_json(metrics)))?,
        Format::Terminal => print(&acidtest_report::metrics(metrics, whole, read_back::style()))?,
    }
    Ok(Exit::Ok)
}
