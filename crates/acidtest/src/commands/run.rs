//! `acidtest run`: the main job.

use super::{Format, OutputArgs};
use crate::execute::{self, Execution};
use crate::exit::{Exit, Failure};
use crate::open_store::{to_write, trouble};
use crate::read_back;
use acidtest_record::{Case, Origin, RunId, RunSpec, Source};
use acidtest_store::Store;
use acidtest_suite::Loaded;
use std::path::{Path, PathBuf};

/// Run a suite: ask its cases under its load, score the answers, report, decide the gates
///
/// Every attempt is stored; the report is read back from the store. A suite may
/// use the built-in server (`url: local:docent-search`, `url: sim:NAME`), which
/// needs no key and no network.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The suite file, or a folder with a suite.yaml
    #[arg(value_name = "SUITE", required_unless_present = "resume")]
    suite: Option<PathBuf>,
    /// Go on with a run that was stopped: its id, a unique prefix, or `latest`
    #[arg(long, value_name = "RUN", conflicts_with_all = ["suite", "seed"])]
    resume: Option<String>,
    /// Seed in place of the suite's
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    output: OutputArgs,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let (store, execution) = match (&args.resume, &args.suite) {
        (Some(run), _) => resumed(&args, run)?,
        (None, Some(suite)) => planned(&args, suite)?,
        (None, None) => return Err(Failure::usage("no suite was given")),
    };
    if execution.resume && is_complete(&store, execution.run)? {
        return show_complete(&store, execution.run, &args.output);
    }
    finish(store, execution, args.output.format)
}

/// Whether every slot of a run has its final outcome.
fn is_complete(store: &Store, run: RunId) -> Result<bool, Failure> {
    Ok(store.state(run).map_err(trouble)? == acidtest_record::RunState::Done)
}

/// A run that is complete is shown again; resuming it changes nothing.
fn show_complete(store: &Store, run: RunId, output: &OutputArgs) -> Result<Exit, Failure> {
    if !output.quiet {
        eprintln!("run {run} is complete: nothing is left to send");
    }
    let findings = read_back::findings(store, run)?;
    read_back::show(&findings, output.format)?;
    Ok(execute::exit_of(store, run, None)?.worst(read_back::gates_exit(&findings)))
}

/// Runs a plan, prints what the store then holds, and says how to exit.
pub(crate) fn finish(store: Store, execution: Execution, format: Format) -> Result<Exit, Failure> {
    let run = execution.run;
    let quiet = execution.quiet;
    let done = execute::execute(store, execution)?;
    let findings = read_back::findings(&done.store, run)?;
    read_back::show(&findings, format)?;
    if let Some(reason) = done.summary.stopped.filter(|_| !quiet) {
        // A run that has spent all it may would stop again at once.
        let more = match reason {
            acidtest_engine::StopReason::CostCap => String::new(),
            _ => format!("; go on with: acidtest run --resume {run}"),
        };
        eprintln!("stopped early: {}{more}", reason.words());
    }
    if let Some(why) = execute::why_nothing_answered(&done.store, run)?.filter(|_| !quiet) {
        eprintln!(
            "every request failed: {why}\n\nhint: is the server running, and are its address and model right?"
        );
    }
    let exit = execute::exit_of(&done.store, run, done.summary.stopped)?;
    Ok(exit.worst(read_back::gates_exit(&findings)))
}

fn planned(args: &Args, suite: &Path) -> Result<(Store, Execution), Failure> {
    let path = if suite.is_dir() { suite.join("suite.yaml") } else { suite.to_owned() };
    let mut loaded = load(&path)?;
    if let Some(seed) = args.seed {
        loaded.spec.seed = seed;
    }
    check_gates(&loaded)?;
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
    let spec: RunSpec = store.spec(run).map_err(trouble)?;
    let cases: Vec<Case> = store.cases(run).map_err(trouble)?;
    let folder = match &spec.origin {
        Origin::Suite { path, .. } => Path::new(path).parent().map(Path::to_owned).unwrap_or_default(),
        Origin::Bench => PathBuf::new(),
        Origin::Import { path } => {
            return Err(Failure::usage(format!(
                "run {run} was imported from '{path}' and cannot be resumed"
            )));
        }
    };
    Ok((store, Execution { run, spec, cases, folder, resume: true, quiet: args.output.quiet }))
}

fn load(path: &Path) -> Result<Loaded, Failure> {
    acidtest_suite::load(path, &|p: &Path| {
        std::fs::File::open(p).map(|f| Box::new(f) as Box<dyn std::io::Read>)
    })
    .map_err(|e| Failure::new(Exit::Usage, e))
}

/// The metrics that gates name must exist; only the findings know them.
fn check_gates(loaded: &Loaded) -> Result<(), Failure> {
    match acidtest_findings::check(&loaded.spec, &loaded.cases) {
        Ok(()) => Ok(()),
        Err(e) => Err(Failure::new(Exit::Usage, loaded.gate_error(e.index, &e.message, &e.hint))),
    }
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
fn configure_sims(spec: &mut RunSpec) -> Result<(), Failure> {
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
