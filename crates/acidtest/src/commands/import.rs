//! `acidtest import`: a run that was exported elsewhere.

use super::StoreArg;
use crate::exit::{Exit, Failure, print};
use crate::open_store::{to_write, trouble};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

/// Read a run that `acidtest export` wrote into the store
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file; - for standard input
    file: PathBuf,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let mut input: Box<dyn BufRead> = if args.file.as_os_str() == "-" {
        Box::new(std::io::stdin().lock())
    } else {
        let file = std::fs::File::open(&args.file).map_err(|e| {
            Failure::new(
                Exit::Usage,
                anyhow::Error::new(e).context(format!("cannot read '{}'", args.file.display())),
            )
        })?;
        Box::new(BufReader::new(file))
    };
    let mut store = to_write(&args.store)?;
    let imported = store.import(&mut input).map_err(trouble)?;
    print(&crate::lang::told(&format!("imported {}: {} records\n", imported.run, imported.stored.records)))?;
    Ok(Exit::Ok)
}
