//! Where the engine meets the store: a plan is run, every record is stored.
//!
//! Main function: [`execute`], used by `run` and `bench`. What is printed
//! afterwards is read back from the store; there is no second path.

use crate::before;
use crate::children;
use crate::exit::{Exit, Failure, harmless};
use crate::interrupt;
use crate::lang::told;
use crate::live::Live;
use crate::observe;
use crate::open_store::trouble;
use crate::recall::Shelf;
use crate::search;
use crate::uploads;
use acidtest_clock::{Stamps, Zero};
use acidtest_engine::{Control, EngineError, Finished, Job, StopReason, Summary};
use acidtest_findings::{CACHE, MEASURING_THREADS, PLANNED_SLOTS, SAME_MACHINE, STOPPED};
use acidtest_record::{
    Case, Cause, ClockRow, Fact, IS_GREEDY, Item, LOGLIKELIHOOD, Outcome, OutcomeClass, Row, RunId, RunSpec,
    RunState, Source, TargetSpec, Usage, Value, Verdict,
};
use acidtest_store::{Store, Writer};
use acidtest_target::Secrets;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Items that may wait between the desks and the store's writer.
const QUEUE: usize = 8192;

/// What to run.
pub(crate) struct Execution {
    pub run: RunId,
    pub spec: RunSpec,
    pub cases: Vec<Case>,
    /// Folder that paths in a built-in server's configuration start from.
    pub folder: PathBuf,
    /// Whether the run is in the store already.
    pub resume: bool,
    pub quiet: bool,
    /// Another store to look for known answers in, where the plan asks for a cache.
    pub cache: Option<PathBuf>,
}

/// What came of it.
pub(crate) struct Executed {
    pub store: Store,
    pub summary: Summary,
    /// The zero of the clock that this process added to the run.
    pub zero: Zero,
}

/// Runs a plan; returns when everything is stored.
pub(crate) fn execute(mut store: Store, e: Execution) -> Result<Executed, Failure> {
    let stamps = stamps();
    let zero = Zero::start();
    let secrets = Secrets::from_fn(|name| std::env::var(name).ok());
    check_targets(&e.spec, &secrets, zero)?;
    let files = uploads::read(&e.spec, &e.cases, &e.folder)?;
    observe::check(&e.spec.observe)?;
    // Held until the end: a second process must not send what is being sent.
    let _claim = store.claim(e.run).map_err(trouble)?;
    let is_search = search::is_search(&e.spec);
    // Rungs that were begun are not gone on with: they would not be of one piece.
    let finished = if e.resume && !is_search { finished(&store, &e)? } else { Finished::default() };
    if !e.resume {
        store.create_run(e.run, &e.spec.name, &e.spec, &e.cases, zero.unix_ns()).map_err(trouble)?;
    }
    let clock_no = open_clock(&mut store, e.run, zero)?;
    store.set_state(e.run, RunState::Running, zero.unix_ns()).map_err(trouble)?;
    store.append(e.run, &facts(&e.spec, &e.cases)).map_err(trouble)?;
    store.append(e.run, &[stamps_fact(stamps)]).map_err(trouble)?;
    let (urls, children) = children::urls(&e.spec, &e.folder)?;
    let control = Arc::new(Control::default());
    if e.resume {
        let spent = control.spend(spent(&store, &e)?);
        if e.spec.caps.cost.is_some_and(|cap| spent >= cap) {
            control.stop(StopReason::CostCap);
        }
    }
    let recall = recall(&mut store, &e)?;
    interrupt::stops(&control);
    let live = Live::start(&control, e.quiet);
    let path = store.path().to_owned();
    let first = if is_search { e.spec.phases.len() } else { 0 };
    let mut job = Job {
        run: e.run,
        phases: first..e.spec.phases.len(),
        spec: Arc::new(e.spec),
        cases: Arc::new(e.cases),
        urls,
        secrets,
        files,
        finished: Arc::new(finished),
        zero,
        clock_no,
        out: nowhere(),
        control,
        recall,
    };
    let made = match is_search {
        false => stretch(store, &mut job, &children),
        true => search::make(store, &mut job, &children),
    };
    drop(live);
    end(made, &job, &path)
}

/// What sending gave back: the store, and how it ended.
pub(crate) type Made = Result<(Store, Result<Summary, EngineError>), Failure>;

/// A channel that nobody listens to: where records go before the writer's thread is there.
fn nowhere() -> std::sync::mpsc::SyncSender<Item> {
    std::sync::mpsc::sync_channel(0).0
}

/// Sends the phases that the job names; everything is stored when it returns.
pub(crate) fn stretch(store: Store, job: &mut Job, children: &children::Children) -> Made {
    let (out, writer) = Writer::spawn(store, job.run, QUEUE).map_err(trouble)?;
    job.out = out.clone();
    let observer = observe::start(&job.spec.observe, &job.urls, children, (job.zero, job.clock_no, out))?;
    let result = acidtest_engine::run(job);
    // The writer ends when its last sender is gone.
    drop(observer);
    job.out = nowhere();
    let (store, _) = writer.join().map_err(trouble)?;
    Ok((store, result))
}

/// Notes in the store how a run ended.
fn end(made: Made, job: &Job, path: &Path) -> Result<Executed, Failure> {
    let (mut store, result) = made?;
    let ended = job.zero.unix_ns() + job.zero.now();
    let summary = match result {
        Ok(summary) => summary,
        Err(error) => {
            // What was stored stays valid; the run can be resumed.
            store.set_state(job.run, RunState::Stopped, ended).map_err(trouble)?;
            return Err(engine_trouble(error, path));
        }
    };
    store.append(job.run, &ends(&summary, &job.spec)).map_err(trouble)?;
    let state = if summary.stopped.is_some() { RunState::Stopped } else { RunState::Done };
    store.set_state(job.run, state, ended).map_err(trouble)?;
    store.still_there().map_err(trouble)?;
    Ok(Executed { store, summary, zero: job.zero })
}

/// What is known of a run when it has ended.
fn ends(summary: &Summary, spec: &RunSpec) -> [Item; 2] {
    let reason = summary.stopped.map_or(String::new(), |r| stop_words(r, spec));
    [fact(MEASURING_THREADS, summary.shards.to_string(), "the engine"), fact(STOPPED, reason, "the engine")]
}

/// The kernel's receive stamps, unless they are not wanted.
fn stamps() -> &'static Stamps {
    match std::env::var("ACIDTEST_STAMPS").as_deref() {
        Ok("program") => Stamps::refuse("ACIDTEST_STAMPS=program"),
        _ => Stamps::start(),
    }
}

/// Whose clock stamps what comes, and why.
fn stamps_fact(stamps: &Stamps) -> Item {
    match stamps.why_not() {
        None => fact("clock.stamps", "kernel".into(), "self-test on the loopback"),
        Some(why) => fact("clock.stamps", "program".into(), why),
    }
}

/// The response cache, where the plan asks for one.
fn recall(store: &mut Store, e: &Execution) -> Result<Option<acidtest_engine::Recall>, Failure> {
    if !e.spec.cache {
        return Ok(None);
    }
    let path = e.cache.clone().unwrap_or_else(|| store.path().to_owned());
    let shelf = Shelf::of_cache(&path, e.run, &e.spec)?;
    // Its place on this machine is nobody's business: whose answers they are is in the records.
    let whose = if e.cache.is_some() { "another store" } else { "this store" };
    store.append(e.run, &[fact(CACHE, whose.to_owned(), "run --cache")]).map_err(trouble)?;
    Ok(Some(shelf.recall()))
}

/// Why a run was stopped, with the rule where it was one.
pub(crate) fn stop_words(reason: StopReason, spec: &RunSpec) -> String {
    match reason {
        StopReason::Abort(i) => match spec.abort.get(usize::from(i)) {
            Some(rule) => format!("{} '{}'", acidtest_findings::ABORT_RULE, rule.text),
            None => reason.words().to_owned(),
        },
        _ => reason.words().to_owned(),
    }
}

/// Whether every target can be used and this machine has what the run takes, before anything is stored.
fn check_targets(spec: &RunSpec, secrets: &Secrets, zero: Zero) -> Result<(), Failure> {
    for target in &spec.targets {
        let url = match &target.source {
            Source::Url(url) => url.as_str(),
            Source::Sim { .. } => "http://127.0.0.1:1/v1",
        };
        acidtest_target::Endpoint::new(target, url, &spec.limits, secrets, zero)
            .map_err(|e| engine_trouble(e.into(), Path::new("")))?;
    }
    for warning in before::check(spec)? {
        eprintln!("{}", told(&harmless(&format!("warning: {warning}"))));
    }
    Ok(())
}

pub(crate) fn engine_trouble(error: EngineError, store: &Path) -> Failure {
    match error {
        EngineError::Target(e) => {
            let hint = e.hint().unwrap_or_default();
            Failure::new(Exit::Usage, e).hint(hint)
        }
        EngineError::Prompt(_) | EngineError::Scorer { .. } => Failure::new(Exit::Usage, error),
        EngineError::StoreGone => Failure::new(Exit::Internal, error)
            .hint(format!("see whether {} can be written", store.display())),
        EngineError::System(_) | EngineError::Panicked => Failure::new(Exit::Internal, error),
    }
}

/// What is already in the store.
///
/// A slot is finished when its last attempt completed, or failed and no retry is
/// left, or was kept back for a reason that will not go away.
fn finished(store: &Store, e: &Execution) -> Result<Finished, Failure> {
    let mut finished = Finished::default();
    for last in store.last_attempts(e.run).map_err(trouble)? {
        let tries_left = last.attempt.saturating_add(1) < e.spec.retry.attempts;
        let failed = matches!(last.class, OutcomeClass::Failed(cause) if acidtest_engine::retryable(cause));
        let again = last.interrupted() || (failed && tries_left);
        // A request that used up all numbers an attempt can have stays as it is.
        let next = last.next_attempt();
        finished.note(last.slot, last.step, !again || next.is_none(), next.unwrap_or(u8::MAX));
    }
    if e.spec.prompts.iter().any(|p| p.form.scores_text()) {
        note_likelihoods(store, e.run, &mut finished)?;
    }
    Ok(finished)
}

/// The log-likelihoods of steps that are done: the last step of a slot is judged with all of them.
fn note_likelihoods(store: &Store, run: RunId, finished: &mut Finished) -> Result<(), Failure> {
    let mut greedy = Vec::new();
    let mut hear = |v: Verdict| {
        let [about] = v.about.as_slice() else { return };
        match (v.name.as_str(), v.value) {
            (LOGLIKELIHOOD, Some(Value::Number(sum))) => {
                finished.note_sum(about.key.slot, about.key.step, sum);
            }
            (IS_GREEDY, Some(Value::Bool(is))) => greedy.push((about.key.slot, about.key.step, is)),
            _ => {}
        }
    };
    store.verdicts(run, &mut hear).map_err(trouble)?;
    for (slot, step, is) in greedy {
        finished.note_greedy(slot, step, is);
    }
    Ok(())
}

/// What the stored part of a resumed run has cost: the cap is on the whole run.
fn spent(store: &Store, e: &Execution) -> Result<f64, Failure> {
    let mut sum = 0.0;
    let mut add = |row: Row| {
        let price = e.spec.targets.get(usize::from(row.target)).and_then(|t| t.price.as_ref());
        if row.started.is_none() {
            // Never sent, or an answer of an earlier run.
            return;
        }
        let usage =
            Usage { input: row.input, output: row.output, cached: row.cached, reasoning: row.reasoning };
        sum += price.and_then(|p| p.cost(&usage)).unwrap_or(0.0);
    };
    store.rows(e.run, &mut add).map_err(trouble)?;
    Ok(sum)
}

/// Each process that adds to a run opens a clock of its own.
pub(crate) fn open_clock(store: &mut Store, run: RunId, zero: Zero) -> Result<u16, Failure> {
    let no = u16::try_from(store.clocks(run).map_err(trouble)?.len()).unwrap_or(u16::MAX);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let row = ClockRow { no, host, zero_unix_ns: zero.unix_ns(), error_ns: Some(zero.error_ns()) };
    store.add_clock(run, &row).map_err(trouble)?;
    Ok(no)
}

fn fact(name: &str, value: String, source: &str) -> Item {
    Item::Fact(Fact { name: name.into(), value, source: source.into(), hash: None })
}

/// Statements about this machine and where the targets are.
fn facts(spec: &RunSpec, cases: &[Case]) -> Vec<Item> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // How many rungs a search makes is not known before.
    let planned = acidtest_engine::planned(spec, cases).filter(|_| !search::is_search(spec));
    let planned = planned.map_or(String::new(), |n| n.to_string());
    vec![
        fact(PLANNED_SLOTS, planned, "the plan"),
        fact("machine.cores", cores.to_string(), "available parallelism"),
        fact("machine.os", format!("{} {}", std::env::consts::OS, std::env::consts::ARCH), "build"),
        fact(
            SAME_MACHINE,
            (observe::is_here(&spec.observe) || spec.targets.iter().any(is_here)).to_string(),
            "the targets' addresses",
        ),
    ]
}

/// Whether some of a target is on this machine.
fn is_here(target: &TargetSpec) -> bool {
    let source = match &target.source {
        Source::Url(url) => is_local(url),
        Source::Sim { .. } => true,
    };
    source || target.command.is_some() || target.connections.also.iter().any(|url| is_local(url))
}

fn is_local(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.strip_prefix('[').map_or_else(
        || host.rsplit_once(':').map_or(host, |(h, _)| h),
        |v6| v6.split(']').next().unwrap_or_default(),
    );
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(is_own)
}

/// Whether an address is one of this machine: only then can something listen on it here.
fn is_own(ip: std::net::IpAddr) -> bool {
    ip.is_loopback() || (!ip.is_unspecified() && std::net::UdpSocket::bind((ip, 0)).is_ok())
}

/// The exit code of what happened, gates aside.
pub(crate) fn exit_of(store: &Store, run: RunId, stopped: Option<StopReason>) -> Result<Exit, Failure> {
    let mut exit = match stopped {
        Some(StopReason::Interrupted) => Exit::Interrupted,
        _ => Exit::Ok,
    };
    if why_nothing_answered(store, run)?.is_some() {
        exit = exit.worst(Exit::Unreachable);
    }
    Ok(exit)
}

/// When something was sent and every request of a run failed: how the first one did.
pub(crate) fn why_nothing_answered(store: &Store, run: RunId) -> Result<Option<String>, Failure> {
    let (mut answered, mut first) = (false, None);
    let mut look = |row: Row| {
        // A client that leaves on purpose was answered as far as it waited.
        answered |= row.class.delivered() || row.class == OutcomeClass::Failed(Cause::ClientCancel);
        first = first.or(Some(row.key));
    };
    store.rows(run, &mut look).map_err(trouble)?;
    let Some(key) = first.filter(|_| !answered) else { return Ok(None) };
    let record = store.record(key).map_err(trouble)?;
    Ok(Some(match record.map(|r| r.outcome) {
        Some(Outcome::Failed { cause, detail, .. }) => {
            format!("{} ({})", cause.words(), acidtest_report::clean(&detail))
        }
        Some(Outcome::NotSent { reason }) => format!("not sent ({})", reason.id()),
        _ => "no answer".to_owned(),
    }))
}

/// A new run's id: time, process and the address of a fresh allocation, hashed.
pub(crate) fn new_run_id() -> RunId {
    let now = Zero::start().unix_ns().to_le_bytes();
    let here = Box::new(0u8);
    let place = (std::ptr::from_ref(&*here) as usize).to_le_bytes();
    let digest = acidtest_record::Digest::of_parts(&[&now, &std::process::id().to_le_bytes(), &place]);
    let mut id = [0; 8];
    id.copy_from_slice(&digest.0[..8]);
    RunId(u64::from_le_bytes(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses_are_told_from_others() {
        for (url, local) in [
            ("http://127.0.0.1:8000/v1", true),
            ("http://localhost/v1", true),
            ("http://[::1]:8000/v1", true),
            ("https://api.example.com/v1", false),
            ("http://10.0.0.5:8000", false),
        ] {
            assert_eq!(is_local(url), local, "{url}");
        }
    }

    #[test]
    fn run_ids_differ() {
        assert_ne!(new_run_id(), new_run_id());
    }
}
