//! `acidtest score`: a stored run judged again by a suite, without a call.

use super::StoreArg;
use crate::exit::{Exit, Failure};
use crate::lang::{counted, told};
use crate::open_store::{to_read, to_write, trouble};
use crate::read_back;
use crate::rescore::{By, Done, rescore};
use crate::show::{ShowArgs, show};
use acidtest_clock::Zero;
use std::path::PathBuf;

/// Score a stored run again by a suite's scorers, without a call
///
/// Every stored answer whose case the suite has is judged by the suite's scorers and
/// extraction. The new verdicts supersede the old ones, which stay; records are never
/// changed. Prints what `report` prints. Exits 0 whatever the gates say.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The run: its id, a unique prefix, or `latest`
    #[arg(long, value_name = "RUN")]
    run: String,
    /// The suite whose scorers judge: its file, or a folder with a suite.yaml
    #[arg(long, value_name = "SUITE")]
    suite: PathBuf,
    /// How a stored answer's case is found in the suite
    #[arg(long, value_enum, default_value = "digest")]
    by: By,
    /// No words on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.show.check()?;
    let loaded = crate::suite_files::load(
        &crate::suites::file(&args.suite),
        &crate::suite_files::SelectArgs::default(),
    )?;
    drop(to_read(&args.store)?);
    let mut store = to_write(&args.store)?;
    let run = store.resolve(&args.run).map_err(trouble)?;
    let claim = store.claim(run).map_err(trouble)?;
    let now = Zero::start().unix_ns();
    let done = rescore(&mut store, run, (&loaded.spec, &loaded.cases), args.by, now)?;
    drop(claim);
    if done.judged == 0 {
        return Err(nothing(&args, &done));
    }
    if !args.quiet {
        say(&args, &done);
    }
    show(&read_back::shown_with(&store, run, &args.show, Some(&loaded.spec))?, &args.show)?;
    Ok(Exit::Ok)
}

fn nothing(args: &Args, done: &Done) -> Failure {
    let what = match done.unknown {
        0 => format!("run {} holds no answer to a case", args.run),
        n => format!("none of the {n} answers of run {} is to a case of {}", args.run, args.suite.display()),
    };
    Failure::usage(what).hint(match args.by {
        By::Digest => "if only expected answers changed, pair the cases by their ids: --by id",
        By::Id => "cases are paired by id where their variables are the same",
    })
}

fn say(args: &Args, done: &Done) {
    let scored = format!(
        "scored {} again: {} added, no record changed",
        counted(done.judged, "answer"),
        counted(done.verdicts, "verdict")
    );
    eprintln!("{}", told(&scored));
    if done.changed > 0 {
        let paired = format!(
            "paired by id: the suite's expected answers differ from the run's in {}; the report names the run's as reference",
            counted(done.changed, "case")
        );
        eprintln!("{}", told(&paired));
    }
    if done.unknown > 0 {
        let hint =
            if args.by == By::Digest { " (or whose expected answers changed: see --by id)" } else { "" };
        let left = format!(
            "left as they were: {} to cases that the suite does not have{hint}",
            counted(done.unknown, "answer")
        );
        eprintln!("{}", told(&left));
    }
}
