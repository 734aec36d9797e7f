//! `acidtest run`: the main job.

use super::{OutputArgs, Undecided, UndecidedArg};
use crate::baseline::{Across, Baseline, BaselineArgs, all_gates};
use crate::execute::{self, Execution};
use crate::exit::{Exit, Failure};
use crate::lang::told;
use crate::open_store::{to_write, trouble};
use crate::read_back;
use crate::replay;
use crate::search;
use crate::show::{ShowArgs, Shown, show};
use crate::suite_files::{self, SelectArgs};
use crate::suites;
use acidtest_record::{Case, Origin, Regression, RunId, RunSpec, Source};
use acidtest_store::Store;
use std::path::{Path, PathBuf};

/// Run a suite: ask its cases under its load, score the answers, report, decide the gates
///
/// Every attempt is stored; the report is read back from the store. A suite may
/// use the built-in server (`url: local:docent-search`, `url: sim:NAME`), which
/// needs no key and no network.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The suite file, or a folder with a suite.yaml [default: ./suite.yaml, else that of the only folder here that has one]
    #[arg(value_name = "SUITE")]
    suite: Option<PathBuf>,
    /// Go on with a run that was stopped: its id, a unique prefix, or `latest`
    #[arg(long, value_name = "RUN", conflicts_with_all = ["suite", "seed"])]
    resume: Option<String>,
    /// Seed in place of the suite's
    #[arg(long)]
    seed: Option<u64>,
    /// Take every answer from a stored run: no key is needed and nothing is sent
    #[arg(long, value_name = "RUN", conflicts_with_all = ["resume", "cache"])]
    replay: Option<String>,
    /// Use answers of earlier runs to the same request and repeat; FILE is another store to look in
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    cache: Option<Option<PathBuf>>,
    #[command(flatten)]
    against: BaselineArgs,
    #[command(flatten)]
    undecided: UndecidedArg,
    #[command(flatten)]
    observe: super::observe_args::ObserveArgs,
    #[command(flatten)]
    select: SelectArgs,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.output.show.check()?;
    if args.resume.is_some() && !args.select.is_empty() {
        return Err(Failure::usage("a run that is resumed has its cases: nothing can be selected"));
    }
    let (store, mut execution) = match (&args.resume, &args.suite) {
        (Some(run), _) => resumed(&args, run)?,
        (None, Some(suite)) => planned(&args, suite)?,
        (None, None) => planned(&args, &crate::suites::here()?)?,
    };
    let ending = Ending::of(&args, &execution)?;
    if let Some(run) = &args.replay {
        return replayed(store, execution, run, &args.output, &ending);
    }
    cached(&args, &mut execution);
    args.observe.apply(&mut execution.spec.observe);
    if execution.resume && is_complete(&store, execution.run)? {
        return show_complete(&store, execution.run, &args.output, &ending);
    }
    finish(store, execution, &args.output.show, &ending)
}

/// What happens with a run's findings besides being shown.
pub(crate) struct Ending {
    /// What it is compared with, and how much worse it may be.
    against: Option<(Baseline, Vec<Regression>)>,
    undecided: Undecided,
    /// Whether figures that are not valid end with an exit code of their own, without any gate.
    headlines: bool,
}

impl Ending {
    /// No baseline; undecided gates end with their own exit code.
    pub(crate) const PLAIN: Ending = Ending { against: None, undecided: Undecided::Fail, headlines: false };

    /// A benchmark: its headline figures must be valid.
    pub(crate) fn of_bench(undecided: Undecided) -> Self {
        Self { undecided, headlines: true, ..Self::PLAIN }
    }

    /// Opened before anything is sent: `latest` is then the run before this one.
    fn of(args: &Args, execution: &Execution) -> Result<Self, Failure> {
        let undecided = args.undecided.undecided;
        let Some(wanted) = &args.against.baseline else {
            return Ok(Self { undecided, ..Self::PLAIN });
        };
        let baseline = Baseline::open(wanted, &args.output.store)?;
        if baseline.run == execution.run {
            return Err(Failure::usage(format!("run {} cannot be its own baseline", execution.run))
                .hint("name another run; `acidtest runs` lists them"));
        }
        let (spec, cases) = (&execution.spec, &execution.cases);
        baseline.check_workload(spec, cases, Across::of(args.against.across_workloads))?;
        let gates = all_gates(&args.against, spec, cases)?;
        Ok(Self { against: Some((baseline, gates)), undecided, headlines: false })
    }

    /// Everything that is shown of a run.
    fn shown(&self, store: &Store, run: RunId, args: &ShowArgs) -> Result<Shown, Failure> {
        let mut shown = read_back::shown(store, run, args)?;
        if let Some((baseline, gates)) = &self.against {
            baseline.judge(store, &mut shown.findings, gates)?;
        }
        Ok(shown)
    }
}

/// Whether and where answers of earlier runs are looked for.
fn cached(args: &Args, e: &mut Execution) {
    let is_wanted = args.cache.is_some() || e.spec.cache;
    if is_wanted && e.spec.fresh {
        if !e.quiet {
            eprintln!("{}", told("no cache: every prompt of this suite is fresh, none was asked before"));
        }
        e.spec.cache = false;
        return;
    }
    e.spec.cache = is_wanted;
    e.cache = args.cache.clone().flatten();
}

/// Answers a suite from a stored run.
fn replayed(
    store: Store,
    execution: Execution,
    run: &str,
    output: &OutputArgs,
    ending: &Ending,
) -> Result<Exit, Failure> {
    let of = replay::source(&store, run)?;
    let run = execution.run;
    let done = replay::replay(store, execution, of)?;
    let shown = ending.shown(&done.store, run, &output.show)?;
    show(&shown, &done.store, &output.show)?;
    let missing = replay::not_recorded(&done.store, run)?;
    if missing > 0 {
        let words = format!(
            "{missing} of {} requests are not in run {of}\n\nhint: a replay finds a request by target name, path, body and repeat; prompts, parameters and models must be as they were",
            shown.findings.run.requests
        );
        eprintln!("{}", told(&words));
    }
    let exit = execute::exit_of(&done.store, run, done.summary.stopped)?;
    Ok(exit.worst(read_back::gates_exit(&shown.findings, ending.undecided)))
}

/// Whether every slot of a run has its final outcome.
fn is_complete(store: &Store, run: RunId) -> Result<bool, Failure> {
    Ok(store.state(run).map_err(trouble)? == acidtest_record::RunState::Done)
}

/// A run that is complete is shown again; resuming it changes nothing.
fn show_complete(store: &Store, run: RunId, output: &OutputArgs, ending: &Ending) -> Result<Exit, Failure> {
    if !output.quiet {
        eprintln!("{}", told(&format!("run {run} is complete: nothing is left to send")));
    }
    let shown = ending.shown(store, run, &output.show)?;
    show(&shown, store, &output.show)?;
    let exit = execute::exit_of(store, run, None)?.worst(search::exit(&shown.findings));
    Ok(exit.worst(read_back::gates_exit(&shown.findings, ending.undecided)))
}

/// Runs a plan, prints what the store then holds, and says how to exit.
pub(crate) fn finish(
    store: Store,
    execution: Execution,
    args: &ShowArgs,
    ending: &Ending,
) -> Result<Exit, Failure> {
    let run = execution.run;
    let done = execute::execute(store, execution)?;
    let shown = ending.shown(&done.store, run, args)?;
    show(&shown, &done.store, args)?;
    // How a run ended is a result, not progress: `--quiet` leaves it.
    if let Some(reason) = done.summary.stopped {
        // A run that has spent all it may would stop again at once.
        let more = match reason {
            acidtest_engine::StopReason::CostCap => String::new(),
            _ => format!("; go on with: acidtest run --resume {run}"),
        };
        let spec = done.store.spec(run).map_err(trouble)?;
        let why = execute::stop_words(reason, &spec);
        eprintln!("{}", told(&format!("stopped early: {why}{more}")));
    }
    let lost = execute::why_nothing_answered(&done.store, run)?;
    if let Some(why) = &lost {
        let words = format!(
            "every request failed: {why}\n\nhint: is the server running, and are its address and model right?"
        );
        eprintln!("{}", told(&words));
    }
    let exit = execute::exit_of(&done.store, run, done.summary.stopped)?.worst(search::exit(&shown.findings));
    let exit = exit.worst(read_back::gates_exit(&shown.findings, ending.undecided));
    // Each rung has its own validity, which the answer knows; of nothing there are no figures.
    if !ending.headlines || lost.is_some() || search::is_varied(&shown.findings) {
        return Ok(exit);
    }
    let (valid, words) = read_back::headlines_exit(&shown.findings, ending.undecided);
    if let Some((names, why)) = words {
        let words = format!(
            "{names} not valid: {why}\n\nhint: the report says what to change; 'acidtest calibrate' measures how far figures are off"
        );
        eprintln!("{}", told(&words));
    }
    Ok(exit.worst(valid))
}

fn planned(args: &Args, suite: &Path) -> Result<(Store, Execution), Failure> {
    let path = suites::file(suite);
    let mut loaded = suite_files::load(&path, &args.select)?;
    if let Some(seed) = args.seed {
        loaded.spec.seed = seed;
    }
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let mut spec = loaded.spec;
    configure_sims(&mut spec)?;
    remember_place(&mut spec, &path);
    let store = to_write(&args.output.store)?;
    let execution = Execution {
        run: execute::new_run_id(),
        spec,
        cases: loaded.cases,
        folder,
        resume: false,
        quiet: args.output.quiet,
        cache: None,
    };
    Ok((store, execution))
}

fn resumed(args: &Args, run: &str) -> Result<(Store, Execution), Failure> {
    drop(crate::open_store::to_read(&args.output.store)?);
    let store = to_write(&args.output.store)?;
    let run: RunId = store.resolve(run).map_err(trouble)?;
    if store.is_imported(run).map_err(trouble)? {
        // Its plan and addresses come from a file: our keys must not follow them.
        return Err(Failure::usage(format!("run {run} was imported and cannot be resumed"))
            .hint("run its suite again, or resume it where it was made"));
    }
    if let Some(source) = replay::replayed(&store, run)? {
        return Err(Failure::usage(format!("run {run} is a replay of run {source} and cannot be resumed"))
            .hint("replay it again: acidtest run SUITE --replay RUN"));
    }
    let mut spec: RunSpec = store.spec(run).map_err(trouble)?;
    // A number may be another process's by now: whoever resumes names them again.
    spec.observe.server_pids.clear();
    let cases: Vec<Case> = store.cases(run).map_err(trouble)?;
    let folder = match &spec.origin {
        Origin::Suite { path, .. } => Path::new(path).parent().map(Path::to_owned).unwrap_or_default(),
        Origin::Bench => PathBuf::new(),
        Origin::Import { path, .. } => {
            return Err(Failure::usage(format!(
                "run {run} was imported from '{path}' and cannot be resumed"
            )));
        }
    };
    let quiet = args.output.quiet;
    Ok((store, Execution { run, spec, cases, folder, resume: true, quiet, cache: None }))
}

/// A suite that is resumed from another folder must still find its files.
fn remember_place(spec: &mut RunSpec, path: &Path) {
    let whole = path.canonicalize();
    if let (Origin::Suite { path: place, .. }, Ok(whole)) = (&mut spec.origin, whole) {
        *place = whole.display().to_string();
    }
}

/// Checks the configuration of built-in servers before anything is stored, and
/// fills in that of `local:NAME`.
pub(crate) fn configure_sims(spec: &mut RunSpec) -> Result<(), Failure> {
    for target in &mut spec.targets {
        let Source::Sim { name, config } = &mut target.source else { continue };
        let checked = match name.strip_prefix("local:") {
            Some(local) => {
                let source = acidtest_sim::LocalSource::named(local).ok_or_else(|| {
                    Failure::usage(format!("target '{}': there is no '{name}'", target.name))
                        .hint("known: local:docent-search, local:support-bot, local:support-bot-copyist")
                })?;
                acidtest_sim::Config::local(source)
            }
            None if config.is_null() => acidtest_sim::Config::default(),
            None => serde_json::from_value(config.clone()).map_err(|e| {
                Failure::usage(format!("target '{}': the configuration of {name}: {e}", target.name))
                    .hint("the fields are listed in docs/reference/sim.md")
            })?,
        };
        checked.check().map_err(|e| {
            Failure::usage(format!("target '{}': the configuration of {name}: {e}", target.name))
        })?;
        *config = serde_json::to_value(&checked).map_err(|e| Failure::new(Exit::Internal, e))?;
    }
    Ok(())
}
