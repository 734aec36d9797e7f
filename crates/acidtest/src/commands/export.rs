//! `acidtest export`: a stored run as JSON Lines, or in the form of another tool.

use super::StoreArg;
use crate::exit::{Exit, Failure, cannot_write, unwritten};
use crate::export_as::{self, Form};
use crate::open_store::{to_read, trouble};
use acidtest_store::StoreError;
use std::io::Write;
use std::path::PathBuf;

/// Write a stored run: as JSON Lines, whole, or in the form of another tool
///
/// `acidtest import` reads JSON Lines back identically: records, verdicts, cases, plan.
/// Parquet has one row a record; lm-eval's samples and vLLM's result hold what those
/// forms have a place for, of one target, prompt and phase.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The run: its id, a unique prefix, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    /// The form
    #[arg(long, value_enum, default_value = "jsonl")]
    format: ExportFormat,
    /// File to write; else stdout
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    store: StoreArg,
}

/// Forms of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportFormat {
    /// Everything, as JSON Lines of our own
    Jsonl,
    /// One row a record
    Parquet,
    /// Samples as lm-eval's --log_samples writes them
    LmEval,
    /// The result of `vllm bench serve --save-result --save-detailed`
    Vllm,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let store = to_read(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    let form = match args.format {
        ExportFormat::Jsonl => None,
        ExportFormat::Parquet => Some(Form::Parquet),
        ExportFormat::LmEval => Some(Form::LmEval),
        ExportFormat::Vllm => Some(Form::Vllm),
    };
    if let Some(form) = form {
        return write(&export_as::bytes(&store, run, form)?, args.output.as_deref());
    }
    match &args.output {
        Some(path) => {
            let file = std::fs::File::create(path).map_err(|e| cannot_write(path, e))?;
            let mut out = std::io::BufWriter::new(file);
            store.export(run, &mut out).map_err(|e| match e {
                StoreError::Output(e) => cannot_write(path, e),
                other => trouble(other),
            })?;
            out.flush().map_err(|e| cannot_write(path, e))?;
        }
        None => {
            let written = store.export(run, &mut std::io::BufWriter::new(std::io::stdout().lock()));
            match written {
                // Whoever reads has seen enough.
                Err(StoreError::Output(e)) if e.kind() == std::io::ErrorKind::BrokenPipe => {}
                Err(StoreError::Output(e)) => return Err(unwritten(e)),
                other => other.map_err(trouble)?,
            }
        }
    }
    Ok(Exit::Ok)
}

/// Bytes to the file, or to stdout.
fn write(bytes: &[u8], output: Option<&std::path::Path>) -> Result<Exit, Failure> {
    let written = match output {
        Some(path) => std::fs::write(path, bytes).map_err(|e| cannot_write(path, e)),
        None => match std::io::stdout().lock().write_all(bytes) {
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(unwritten(e)),
            _ => Ok(()),
        },
    };
    written.map(|()| Exit::Ok)
}
