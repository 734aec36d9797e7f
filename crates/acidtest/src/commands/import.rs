//! `acidtest import`: a run that was exported elsewhere, or another tool's file.

use super::StoreArg;
use crate::exit::{Exit, Failure, print};
use crate::foreign::{self, From};
use crate::open_store::{to_write, trouble};
use std::io::BufRead;
use std::path::PathBuf;

/// Read another tool's file: its configuration as a suite, its results as a run
///
/// Without `--from` the file says what it is. Configurations (promptfoo, OpenAI
/// Evals) become a suite in `--output DIR`; results (lm-eval, Inspect, vLLM,
/// AIPerf, GuideLLM, LLMPerf, k6) become a run in the store, as does what
/// `acidtest export` wrote. What cannot be carried over is listed by line;
/// nothing in a file is executed.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file; - for standard input (an export of acidtest)
    file: PathBuf,
    /// The tool that wrote it, where the file does not say
    #[arg(long, value_enum, value_name = "TOOL")]
    from: Option<From>,
    /// Folder for the suite of an imported configuration
    #[arg(long, short, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Data that the file names and that stands elsewhere (samples or items of OpenAI Evals)
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Write nothing when something that decides pass and fail cannot be carried over
    #[arg(long)]
    strict: bool,
    /// Write over a suite that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let (mut input, ours) = foreign::open(&args.file)?;
    if args.from.is_none_or(|from| from == From::Acidtest) && (ours || args.file.as_os_str() == "-") {
        return own(&mut *input, &args.store);
    }
    let file = foreign::File::read(&args.file, &mut *input, args.data.as_deref())?;
    let Some(tool) = args.from.and_then(From::tool).or_else(|| file.detect()) else {
        return Err(foreign::unknown(&args.file));
    };
    match file.import(tool)? {
        acidtest_formats::Imported::Suite(suite) => {
            let Some(folder) = &args.output else {
                return Err(Failure::usage(format!("'{}' becomes a suite: say where", args.file.display()))
                    .hint("add --output DIR"));
            };
            foreign::write_suite(&suite, folder, args.strict, args.force)
        }
        acidtest_formats::Imported::Run(run) => foreign::store_run(&run, &mut to_write(&args.store)?),
    }
}

/// What `acidtest export` wrote, line by line.
fn own(input: &mut dyn BufRead, store: &StoreArg) -> Result<Exit, Failure> {
    let mut store = to_write(store)?;
    let imported = store.import(input).map_err(trouble)?;
    print(&crate::lang::told(&format!(
        "imported {}: {}\n",
        imported.run,
        crate::lang::counted(imported.stored.records, "record")
    )))?;
    Ok(Exit::Ok)
}
