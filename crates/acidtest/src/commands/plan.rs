//! `acidtest plan`: what a suite will send and what its gates can say, before a cent is spent.

use super::{Format, StoreArg};
use crate::exit::{Exit, Failure, for_logs, print};
use crate::forecast::{self, Expect};
use crate::read_back;
use crate::suite_files::{self, SelectArgs};
use std::path::PathBuf;

/// Say what a suite will send, what that costs, and which gates its size can decide
///
/// Nothing is sent and nothing is stored. Tokens and times come from an earlier run
/// of the same workload in the store, where there is one, else from the length of
/// the texts.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The suite file, or a folder with a suite.yaml [default: ./suite.yaml, else that of the only folder here that has one]
    #[arg(value_name = "SUITE")]
    suite: Option<PathBuf>,
    /// What a metric is expected to be, such as 'accuracy=90%'; may be repeated
    #[arg(long = "expect", value_name = "METRIC=SHARE", value_parser = Expect::parse)]
    expect: Vec<Expect>,
    /// How to show it
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let path = match &args.suite {
        Some(suite) => crate::suites::file(suite),
        None => crate::suites::here()?,
    };
    let loaded = suite_files::load(&path, &args.select)?;
    let earlier = forecast::earlier(&args.store, &loaded.spec)?;
    let forecast = forecast::forecast(&loaded, earlier.as_ref(), &args.expect)?;
    match args.format {
        Format::Json => {
            let text =
                serde_json::to_string_pretty(&forecast).map_err(|e| Failure::new(Exit::Internal, e))?;
            print(&(text + "\n"))?;
        }
        Format::Terminal => print(&for_logs(acidtest_report::plan(&forecast, read_back::style())))?,
    }
    Ok(Exit::Ok)
}
