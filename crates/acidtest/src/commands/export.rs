//! `acidtest export`: a stored run as JSON Lines.

use super::StoreArg;
use crate::exit::{Exit, Failure};
use crate::open_store::{to_read, trouble};
use acidtest_store::StoreError;
use std::io::Write;
use std::path::PathBuf;

/// Write a stored run as JSON Lines, whole: records, verdicts, cases, plan
///
/// `acidtest import` reads it back identically.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The run: its id, a unique prefix, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// File to write; else stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let store = to_read(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    match &args.output {
        Some(path) => {
            let file = std::fs::File::create(path).map_err(|e| {
                Failure::new(Exit::Usage, e).hint(format!("--output {} cannot be written", path.display()))
            })?;
            let mut out = std::io::BufWriter::new(file);
            store.export(run, &mut out).map_err(trouble)?;
            out.flush().map_err(|e| Failure::new(Exit::Internal, e))?;
        }
        None => {
            let written = store.export(run, &mut std::io::BufWriter::new(std::io::stdout().lock()));
            match written {
                // Whoever reads has seen enough.
                Err(StoreError::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
                other => other.map_err(trouble)?,
            }
        }
    }
    Ok(Exit::Ok)
}
