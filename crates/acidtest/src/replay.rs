//! `run --replay`: a suite answered by a stored run, without a key and without a network.
//!
//! Main function: [`replay`]. Clocks, samples and the facts about the machine are
//! copied with the answers, so that every time is what it was. Must not send.

use crate::execute::{Executed, Execution, open_clock};
use crate::exit::{Exit, Failure};
use crate::open_store::trouble;
use crate::recall::Shelf;
use acidtest_clock::Zero;
use acidtest_engine::{Control, Finished, Job, Replay};
use acidtest_findings::{CACHE, MEASURING_THREADS, PLANNED_SLOTS, REPLAYED_FROM, SAME_MACHINE, STOPPED};
use acidtest_record::{Case, Fact, Item, RunId, RunSpec, RunState, Source};
use acidtest_store::{Store, Writer};
use acidtest_target::Secrets;
use std::sync::Arc;

/// Items of one commit.
const GROUP: usize = 4096;
/// Items that may wait for the store's writer.
const QUEUE: usize = 8192;

/// Answers a plan from the run `of`; returns when everything is stored.
pub(crate) fn replay(mut store: Store, e: Execution, of: RunId) -> Result<Executed, Failure> {
    let zero = Zero::start();
    let files = crate::uploads::read(&e.spec, &e.cases, &e.folder)?;
    let source = Store::open_read_only(store.path()).map_err(trouble)?;
    let shelf = Shelf::of_run(source, of, &e.spec)?;
    let source = Replay { recall: shelf.recall(), of };
    let _claim = store.claim(e.run).map_err(trouble)?;
    let path = store.path().to_owned();
    let control = Arc::new(Control::default());
    // Nothing is handed over before the store knows the run.
    let nobody = std::sync::mpsc::sync_channel(0).0;
    let mut job = Job {
        phases: 0..e.spec.phases.len(),
        run: e.run,
        urls: e.spec.targets.iter().map(address).collect(),
        spec: Arc::new(e.spec),
        cases: Arc::new(e.cases),
        // Nothing is sent: whatever the plan names will do.
        secrets: Secrets::from_fn(|_| Some("replay".to_owned())),
        finished: Arc::new(Finished::default()),
        zero,
        clock_no: 0,
        out: nobody,
        control: control.clone(),
        files,
        recall: None,
    };
    check_any(&store, &job, &source)?;
    store.create_run(e.run, &job.spec.name, &job.spec, &job.cases, zero.unix_ns()).map_err(trouble)?;
    store.set_state(e.run, RunState::Running, zero.unix_ns()).map_err(trouble)?;
    copy_surroundings(&mut store, e.run, of, (&job.spec, &job.cases))?;
    job.clock_no = open_clock(&mut store, e.run, zero)?;
    let (out, writer) = Writer::spawn(store, e.run, QUEUE).map_err(trouble)?;
    job.out = out;
    crate::interrupt::stops(&control);
    let result = acidtest_engine::replay(&job, &source);
    drop(job);
    let (mut store, _) = writer.join().map_err(trouble)?;
    let ended = zero.unix_ns() + zero.now();
    let summary = match result {
        Ok(summary) => summary,
        Err(error) => {
            store.set_state(e.run, RunState::Stopped, ended).map_err(trouble)?;
            return Err(crate::execute::engine_trouble(error, &path));
        }
    };
    let reason = summary.stopped.map_or("", acidtest_engine::StopReason::words).to_owned();
    let stopped = Fact { name: STOPPED.into(), value: reason, source: "the engine".into(), hash: None };
    store.append(e.run, &[Item::Fact(stopped)]).map_err(trouble)?;
    let state = if summary.stopped.is_some() { RunState::Stopped } else { RunState::Done };
    store.set_state(e.run, state, ended).map_err(trouble)?;
    store.still_there().map_err(trouble)?;
    Ok(Executed { store, summary, zero })
}

/// A suite of which the run holds no request at all is refused before anything is stored.
fn check_any(store: &Store, job: &Job, source: &Replay) -> Result<(), Failure> {
    let found = acidtest_engine::finds_any(job, source)
        .map_err(|error| crate::execute::engine_trouble(error, store.path()))?;
    if found {
        return Ok(());
    }
    let names = |spec: &RunSpec| {
        let names: Vec<&str> = spec.targets.iter().map(|t| t.name.as_str()).collect();
        names.join(", ")
    };
    let (ours, of) = (names(&job.spec), source.of);
    let theirs = names(&store.spec(of).map_err(trouble)?);
    let words = format!(
        "run {of} holds no request of this suite: its targets are {theirs}, those of the suite {ours}"
    );
    Err(Failure::usage(words).hint(
        "a replay finds a request by target name, path, body and repeat; prompts, parameters and models must be as they were",
    ))
}

/// An address to build requests for. No connection is opened, so none needs
/// certificates or a started server.
fn address(target: &acidtest_record::TargetSpec) -> String {
    match &target.source {
        Source::Url(url) => url.replacen("https://", "http://", 1),
        Source::Sim { .. } => "http://127.0.0.1:1/v1".to_owned(),
    }
}

/// The clocks on which the recorded times lie, under their numbers; the samples on
/// them; and what is known of the machine that measured.
fn copy_surroundings(
    store: &mut Store,
    run: RunId,
    of: RunId,
    (spec, cases): (&RunSpec, &[Case]),
) -> Result<(), Failure> {
    for clock in store.clocks(of).map_err(trouble)? {
        store.add_clock(run, &clock).map_err(trouble)?;
    }
    let planned = acidtest_engine::planned(spec, cases).map_or(String::new(), |n| n.to_string());
    let fact = |name: &str, value: String, source: &str| {
        Item::Fact(Fact { name: name.into(), value, source: source.into(), hash: None })
    };
    let mut items =
        vec![fact(PLANNED_SLOTS, planned, "the plan"), fact(REPLAYED_FROM, of.to_string(), "run --replay")];
    let kept =
        |name: &str| [SAME_MACHINE, MEASURING_THREADS, CACHE].contains(&name) || name.starts_with("machine.");
    let mut keep = |fact: Fact| {
        if kept(&fact.name) {
            items.push(Item::Fact(fact));
        }
    };
    store.facts(of, &mut keep).map_err(trouble)?;
    store.readings(of, &mut |reading| items.push(Item::Reading(reading))).map_err(trouble)?;
    for group in items.chunks(GROUP) {
        store.append(run, group).map_err(trouble)?;
    }
    Ok(())
}

/// The run that a stored run replays, if it is a replay.
pub(crate) fn replayed(store: &Store, run: RunId) -> Result<Option<String>, Failure> {
    let mut found = None;
    let mut look = |fact: Fact| {
        if fact.name == REPLAYED_FROM {
            found = Some(fact.value);
        }
    };
    store.facts(run, &mut look).map_err(trouble)?;
    Ok(found)
}

/// How many requests a replay did not find, for the words at its end.
pub(crate) fn not_recorded(store: &Store, run: RunId) -> Result<u64, Failure> {
    let mut count = 0;
    let reason = acidtest_record::OutcomeClass::NotSent(acidtest_record::NotSent::NotRecorded);
    store.rows(run, &mut |row| count += u64::from(row.class == reason)).map_err(trouble)?;
    Ok(count)
}

/// The run to replay.
pub(crate) fn source(store: &Store, wanted: &str) -> Result<RunId, Failure> {
    let run = store.resolve(wanted).map_err(trouble)?;
    if store.summary(run).map_err(trouble)?.records == 0 {
        return Err(Failure::new(Exit::Usage, anyhow::anyhow!("run {run} holds no record to replay")));
    }
    Ok(run)
}
