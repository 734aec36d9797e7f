//! `acidtest runs`: list, show, delete and prune stored runs.

use super::{Format, StoreArg};
use crate::exit::{Exit, Failure, for_logs, print};
use crate::lang::told;
use crate::open_store::{to_read, to_write, trouble};
use crate::read_back;
use acidtest_store::Prune;

/// List stored runs, the last to arrive first; show, delete or prune them
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: Option<What>,
    /// How to show them
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    #[command(flatten)]
    store: StoreArg,
}

#[derive(clap::Subcommand)]
enum What {
    /// List runs, the last to arrive first (the default)
    List {
        /// How to show them
        #[arg(long, value_enum, default_value = "terminal")]
        format: Format,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Show one run's plan: targets, phases, gates, seed, versions
    Show {
        /// The run: its id, a unique prefix, or `latest`
        run: String,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Delete runs for good
    Delete {
        /// The runs: ids or unique prefixes
        #[arg(required = true)]
        runs: Vec<String>,
        #[command(flatten)]
        store: StoreArg,
    },
    /// Delete all but the runs that arrived last
    Prune {
        /// How many to keep
        #[arg(long, value_name = "N")]
        keep: usize,
        #[command(flatten)]
        store: StoreArg,
    },
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    match args.what {
        None => list(&args.store, args.format),
        Some(What::List { format, store }) => list(&store, format),
        Some(What::Show { run, store }) => show(&store, &run),
        Some(What::Delete { runs, store }) => delete(&store, &runs),
        Some(What::Prune { keep, store }) => prune(&store, keep),
    }
}

fn list(store: &StoreArg, format: Format) -> Result<Exit, Failure> {
    let runs = match to_read(store) {
        Ok(store) => store.runs().map_err(trouble)?,
        // No store yet means no runs; a store that was named must be there.
        Err(_) if store.store.is_none() && !crate::open_store::exists(store)? => Vec::new(),
        Err(failure) => return Err(failure),
    };
    let lines: Vec<_> = runs.iter().map(summary).collect();
    match format {
        Format::Json => {
            let json = serde_json::json!({ "schema": "acidtest.runs/1", "runs": lines });
            print(&format!("{json:#}\n"))?;
        }
        Format::Terminal => print(&for_logs(acidtest_report::runs(&lines, read_back::style())))?,
    }
    Ok(Exit::Ok)
}

fn show(store: &StoreArg, run: &str) -> Result<Exit, Failure> {
    let store = to_read(store)?;
    let id = store.resolve(run).map_err(trouble)?;
    let spec = store.spec(id).map_err(trouble)?;
    let json = serde_json::json!({ "run": id, "state": store.state(id).map_err(trouble)?, "spec": spec });
    print(&format!("{json:#}\n"))?;
    Ok(Exit::Ok)
}

fn delete(store: &StoreArg, runs: &[String]) -> Result<Exit, Failure> {
    // All names are resolved before anything is deleted: a typo deletes nothing.
    let mut store = open_existing(store)?;
    let ids = runs.iter().map(|r| store.resolve(r)).collect::<Result<Vec<_>, _>>().map_err(trouble)?;
    for id in ids {
        // A run that is being written must not lose its ground.
        let _claim = store.claim(id).map_err(trouble)?;
        store.delete(id).map_err(trouble)?;
        print(&told(&format!("deleted {id}\n")))?;
    }
    Ok(Exit::Ok)
}

fn prune(store: &StoreArg, keep: usize) -> Result<Exit, Failure> {
    let mut store = open_existing(store)?;
    let gone = store.prune(Prune::Keep(keep)).map_err(trouble)?;
    for id in &gone {
        print(&told(&format!("deleted {id}\n")))?;
    }
    print(&told(&format!("{} deleted, the newest {keep} kept\n", gone.len())))?;
    Ok(Exit::Ok)
}

/// Opens a store that must be there, for writing.
fn open_existing(store: &StoreArg) -> Result<acidtest_store::Store, Failure> {
    drop(to_read(store)?);
    to_write(store)
}

fn summary(run: &acidtest_store::RunSummary) -> acidtest_report::RunLine {
    let when = |ns: i64| {
        jiff::Timestamp::from_nanosecond(i128::from(ns))
            .map(|t| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
            .unwrap_or_default()
    };
    acidtest_report::RunLine {
        id: run.id.to_string(),
        name: run.name.clone(),
        state: run.state.id().to_owned(),
        created: when(run.created_unix_ns),
        ended: run.ended_unix_ns.map(when),
        requests: run.requests,
        records: run.records,
        failed: run.failed,
    }
}
