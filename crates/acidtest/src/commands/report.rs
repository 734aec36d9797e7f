//! `acidtest report`: any stored run again.

use super::StoreArg;
use crate::baseline::{Across, Baseline, BaselineArgs, all_gates};
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
    against: BaselineArgs,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.show.check()?;
    let store = to_read(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    let mut shown = read_back::shown(&store, run, &args.show)?;
    if let Some(wanted) = &args.against.baseline {
        let baseline = Baseline::open(wanted, &args.store)?;
        if baseline.run == run {
            return Err(Failure::usage(format!("run {run} cannot be its own baseline"))
                .hint("name another run; `acidtest runs` lists them"));
        }
        let spec = store.spec(run).map_err(trouble)?;
        let cases = store.cases(run).map_err(trouble)?;
        baseline.check_workload(&spec, &cases, Across::of(args.against.across_workloads))?;
        baseline.judge(&store, &mut shown.findings, &all_gates(&args.against, &spec, &cases)?)?;
    }
    show(&shown, &store, &args.show)?;
    Ok(Exit::Ok)
}
