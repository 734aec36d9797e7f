//! `acidtest report`: any stored run again.

use super::StoreArg;
use crate::exit::{Exit, Failure};
use crate::open_store::{to_read, trouble};
use crate::read_back;
use crate::show::{ShowArgs, show};

/// Show a stored run again
///
/// Everything is computed from what the run holds; nothing is sent. Exits 0
/// whatever the gates say.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The run: its id, a unique prefix, or `latest`
    #[arg(default_value = "latest")]
    run: String,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.show.check()?;
    let store = to_read(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    show(&read_back::shown(&store, run, &args.show)?, &args.show)?;
    Ok(Exit::Ok)
}
