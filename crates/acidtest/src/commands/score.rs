//! `acidtest score`: a stored run judged again by a suite, or files of texts by metrics.
//!
//! The two forms are told apart by their flags; files are `score_text`'s.

use super::StoreArg;
use super::score_text::{self, FileArgs};
use crate::exit::{Exit, Failure};
use crate::lang::{counted, told};
use crate::open_store::{to_read, to_write, trouble};
use crate::read_back;
use crate::rescore::{By, Done, rescore};
use crate::show::{ShowArgs, show};
use acidtest_clock::Zero;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// Score files of texts by metrics, or a stored run again by a suite's scorers; without a call
///
/// `--metrics LIST --predictions FILE --references FILE…` gives metrics of texts with intervals;
/// `--against FILE` compares a second file of predictions. `--run RUN --suite SUITE`: every
/// stored answer whose case the suite has is judged by the suite's scorers and extraction. The
/// new verdicts supersede the old ones, which stay; records are never changed. Prints what
/// `report` prints. Exits 0 whatever the gates say.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The run: its id, a unique prefix, or `latest`
    #[arg(long, value_name = "RUN", conflicts_with_all = ["metrics", "predictions"])]
    run: Option<String>,
    /// The suite whose scorers judge: its file, or a folder with a suite.yaml
    #[arg(long, value_name = "SUITE", conflicts_with_all = ["metrics", "predictions"])]
    suite: Option<PathBuf>,
    /// Files: numbers for each value of this field too, may be repeated. Stored run: how an
    /// answer's case is found in the suite, by `digest` (the default) or by `id`
    #[arg(long, value_name = "FIELD|digest|id")]
    by: Vec<String>,
    /// No words on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    show: ShowArgs,
    #[command(flatten)]
    store: StoreArg,
}

/// What is judged again, and by which suite.
struct Again<'a> {
    run: &'a str,
    suite: &'a Path,
    by: By,
}

fn found_by(asked: &[String]) -> Result<By, Failure> {
    let [] = asked else {
        let [one] = asked else { return Err(Failure::usage("--by is given twice").hint(BY)) };
        return By::from_str(one, false).map_err(|_| {
            Failure::usage(format!("invalid value '{one}' for --by: a stored run takes digest or id"))
                .hint(BY)
        });
    };
    Ok(By::Digest)
}

const BY: &str = "answers of a stored run find their cases --by digest or --by id; --by FIELD is for files";

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.show.check()?;
    match (&args.run, &args.suite) {
        (Some(run), Some(suite)) => again(&args, &Again { run, suite, by: found_by(&args.by)? }),
        (None, None) => score_text::run(&args.files, &args.by, &args.show, args.quiet),
        (Some(_), None) => Err(Failure::usage("--run needs --suite").hint(FORMS)),
        (None, Some(_)) => Err(Failure::usage("--suite needs --run").hint(FORMS)),
    }
}

/// The two forms of the command.
pub(super) const FORMS: &str =
    "a stored run: --run RUN --suite SUITE; files: --metrics bleu,chrf --predictions FILE --references FILE";

fn again(args: &Args, of: &Again) -> Result<Exit, Failure> {
    let loaded =
        crate::suite_files::load(&crate::suites::file(of.suite), &crate::suite_files::SelectArgs::default())?;
    drop(to_read(&args.store)?);
    let mut store = to_write(&args.store)?;
    let run = store.resolve(of.run).map_err(trouble)?;
    let claim = store.claim(run).map_err(trouble)?;
    let now = Zero::start().unix_ns();
    let done = rescore(&mut store, run, (&loaded.spec, &loaded.cases), of.by, now)?;
    drop(claim);
    if done.judged == 0 {
        return Err(nothing(of, &done));
    }
    if !args.quiet {
        say(of, &done);
    }
    let shown = read_back::shown_with(&store, run, &args.show, Some(&loaded.spec))?;
    show(&shown, &store, &args.show)?;
    Ok(Exit::Ok)
}

fn nothing(of: &Again, done: &Done) -> Failure {
    let what = match done.unknown {
        0 => format!("run {} holds no answer to a case", of.run),
        n => format!("none of the {n} answers of run {} is to a case of {}", of.run, of.suite.display()),
    };
    Failure::usage(what).hint(match of.by {
        By::Digest => "if only expected answers changed, pair the cases by their ids: --by id",
        By::Id => "cases are paired by id where their variables are the same",
    })
}

fn say(of: &Again, done: &Done) {
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
        let hint = if of.by == By::Digest { " (or whose expected answers changed: see --by id)" } else { "" };
        let left = format!(
            "left as they were: {} to cases that the suite does not have{hint}",
            counted(done.unknown, "answer")
        );
        eprintln!("{}", told(&left));
    }
}
