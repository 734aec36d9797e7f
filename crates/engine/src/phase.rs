//! A run from its first slot to its last: phases, threads, and what came of them.
//!
//! Main function: [`run`]. It starts measuring threads and desks for each phase
//! and target, and joins them.

use crate::control::{Control, StopReason};
use crate::course::Course;
use crate::desk::{Desk, DeskSetup};
use crate::handover::{Budget, Channel};
use crate::prompts::Prompts;
use crate::recall::Recall;
use crate::request::{Shard, Shared};
use crate::score::{Judge, Late};
use crate::steps::Seen;
use acidtest_clock::{Clock, PacerClock, Zero};
use acidtest_record::{Case, Item, Load, Ns, PhaseEnded, RunId, RunSpec};
use acidtest_schedule::{Cell, Plan};
use acidtest_target::{Endpoint, Files, Secrets, TargetError};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, channel};
use std::sync::{Arc, Barrier};

/// Bytes handed over and not yet stored above which nothing new is sent.
const BACKLOG_BYTES: usize = 256 << 20;
/// … above which answers in flight are cut off.
const MOST_BYTES: usize = 512 << 20;
/// Content events a second that one measuring thread is trusted with.
const EVENTS_PER_SHARD: f64 = 50_000.0;
/// Events a second that one stream is taken for when threads are counted.
const EVENTS_PER_STREAM: f64 = 100.0;
/// From the moment all threads are ready to the phase's zero.
const LEAD_NS: i64 = 10_000_000;

/// What was already done when a run is resumed.
#[derive(Debug, Default)]
pub struct Finished {
    /// By slot and step: whether it is final, and the number of the next attempt.
    steps: HashMap<(u32, u16), (bool, u8)>,
    /// Final steps of each slot.
    finals: HashMap<u32, u16>,
    seen: HashMap<(u32, u16), Seen>,
}

impl Finished {
    /// Notes a step of a slot: whether its outcome is final, and the number of its next attempt.
    pub fn note(&mut self, slot: u32, step: u16, is_final: bool, next_attempt: u8) {
        let before = self.steps.insert((slot, step), (is_final, next_attempt));
        let finals = self.finals.entry(slot).or_default();
        *finals += u16::from(is_final);
        *finals -= u16::from(before.is_some_and(|b| b.0));
    }

    /// Notes the log-likelihood that was found for a step.
    pub fn note_sum(&mut self, slot: u32, step: u16, sum: f64) {
        self.seen.entry((slot, step)).or_insert(Seen { sum, greedy: None }).sum = sum;
    }

    /// Notes whether a step's continuation is what greedy decoding gives; its sum comes first.
    pub fn note_greedy(&mut self, slot: u32, step: u16, greedy: bool) {
        if let Some(seen) = self.seen.get_mut(&(slot, step)) {
            seen.greedy = Some(greedy);
        }
    }

    /// Whether nothing was done before.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// How many requests have their final outcome.
    #[must_use]
    pub fn count_final(&self) -> usize {
        self.finals.values().map(|n| usize::from(*n)).sum()
    }

    /// Whether anything of a slot was done.
    pub(crate) fn knows(&self, slot: u32) -> bool {
        self.finals.contains_key(&slot)
    }

    /// Whether a slot of so many steps has nothing left to send.
    pub(crate) fn is_final(&self, slot: u32, steps: u16) -> bool {
        self.finals.get(&slot).is_some_and(|done| *done >= steps)
    }

    pub(crate) fn is_step_final(&self, slot: u32, step: u16) -> bool {
        self.steps.get(&(slot, step)).is_some_and(|s| s.0)
    }

    pub(crate) fn next_attempt(&self, slot: u32, step: u16) -> u8 {
        self.steps.get(&(slot, step)).map_or(0, |s| s.1)
    }

    /// What was found of the steps of a slot.
    pub(crate) fn seen(&self, slot: u32, steps: u16) -> Vec<Option<Seen>> {
        (0..steps).map(|step| self.seen.get(&(slot, step)).copied()).collect()
    }
}

/// Everything that a run needs.
pub struct Job {
    /// The run.
    pub run: RunId,
    /// The plan.
    pub spec: Arc<RunSpec>,
    /// Its cases.
    pub cases: Arc<Vec<Case>>,
    /// Base URL of each target.
    pub urls: Vec<String>,
    /// Values of the environment variables that the plan names.
    pub secrets: Secrets,
    /// The suite's folder and the files that requests upload.
    pub files: Files,
    /// What was done before.
    pub finished: Arc<Finished>,
    /// This process's clock.
    pub zero: Zero,
    /// Its number in the run.
    pub clock_no: u16,
    /// Which phases of the plan are made; a search makes one after the other.
    pub phases: std::ops::Range<usize>,
    /// Where records go.
    pub out: SyncSender<Item>,
    /// Steering.
    pub control: Arc<Control>,
    /// The response cache: where answers may come from in place of the network.
    pub recall: Option<Recall>,
}

/// What came of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Why it stopped before its end, if it did.
    pub stopped: Option<StopReason>,
    /// Most measuring threads that were used at once.
    pub shards: u16,
}

/// Why a run could not go on. Failures of targets are records, not errors.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// A target cannot be used as configured.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// A prompt cannot be rendered.
    #[error("cannot render the prompt: {0}")]
    Prompt(String),
    /// A scorer cannot be used.
    #[error("scorer '{name}': {what}")]
    Scorer {
        /// Its name.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// The system gives no thread, timer or runtime.
    #[error("cannot start a measuring thread: {0}")]
    System(#[from] std::io::Error),
    /// The store takes no more records; its own error says why.
    #[error("the store takes no more records")]
    StoreGone,
    /// A thread of ours panicked.
    #[error("a thread of acidtest stopped unexpectedly; please report this")]
    Panicked,
}

/// Requests that a plan holds after its warm-ups; absent when a phase ends by time in a closed loop.
#[must_use]
pub fn planned(spec: &RunSpec, cases: &[Case]) -> Option<u64> {
    let scores = spec.prompts.iter().any(|p| p.form.scores_text());
    let prompts = if scores { Prompts::render(spec, cases, 0).ok() } else { None };
    let steps =
        |cell: &Cell| cell.plan.measured().map(|_| count_steps(cell, prompts.as_ref(), cell.plan.counted()));
    Plan::all(spec).iter().map(steps).sum()
}

/// Requests of some slots of a cell.
fn count_steps(cell: &Cell, prompts: Option<&Prompts>, slots: std::ops::Range<u32>) -> u64 {
    let Some(prompts) = prompts else {
        return u64::from(slots.end.saturating_sub(slots.start));
    };
    let mut walker = cell.plan.walker();
    slots.map(|i| u64::from(prompts.steps(cell.prompt, walker.slot(i).case))).sum()
}

/// Whether a plan's slots can all have a number.
#[must_use]
pub fn fits(spec: &RunSpec) -> bool {
    Plan::fits(spec)
}

/// Sends everything that the plan holds and is not yet finished.
///
/// # Errors
/// Configuration that cannot work, a system that gives no threads, or a store
/// that takes no more. What was handed over before stays valid.
pub fn run(job: &Job) -> Result<Summary, EngineError> {
    let prompts = Arc::new(Prompts::render(&job.spec, &job.cases, job.run.0).map_err(EngineError::Prompt)?);
    let judge = Arc::new(Judge::new(&job.spec, &job.cases)?);
    let late = Late::start(&judge, &job.out, &job.control)?;
    let is_asked = |c: &Cell| job.phases.contains(&usize::from(c.phase));
    let cells: Vec<Cell> = Plan::all(&job.spec).into_iter().filter(is_asked).collect();
    let scores = job.spec.prompts.iter().any(|p| p.form.scores_text());
    let whole = |c: &Cell| c.plan.len().map(|n| count_steps(c, scores.then_some(&*prompts), 0..n));
    let known: u64 = cells.iter().filter_map(whole).sum();
    let progress = &job.control.progress;
    // What earlier rungs of a search sent stays counted.
    let before = progress.sent.load(Ordering::Relaxed) + progress.not_sent.load(Ordering::Relaxed);
    let left = known.saturating_sub(job.finished.count_final() as u64);
    progress.planned.store(before + left, Ordering::Relaxed);
    let rule_s = crate::abort::time_limit(&job.spec).map(|(s, _)| s);
    let first_s = job.spec.caps.time_s.into_iter().chain(rule_s).reduce(f64::min);
    let deadline = first_s.map(|s| Ns(job.zero.now() + (s * 1e9) as i64));
    let tickets = Arc::new(AtomicU64::new(0));
    let mut most = 0;
    for Cell { phase, target, prompt, plan } in cells {
        if job.control.stopped().is_some() {
            break;
        }
        let target_spec = &job.spec.targets[usize::from(target)];
        let shards =
            shards_for(&job.spec.phases[usize::from(phase)].load).min(crate::turn::most_threads(target_spec));
        let course = Arc::new(Course::new(&plan, &job.spec, phase, target));
        most = most.max(shards);
        let shared = Arc::new(Shared {
            spec: job.spec.clone(),
            phase,
            target,
            prompt,
            plan,
            prompts: prompts.clone(),
            cases: job.cases.clone(),
            finished: job.finished.clone(),
            control: job.control.clone(),
            budget: Budget::new(BACKLOG_BYTES, MOST_BYTES),
            clock_no: job.clock_no,
            shards,
            course,
            in_flight: AtomicU32::new(0),
            tickets: tickets.clone(),
            start: AtomicI64::new(i64::MIN),
            recall: job.recall.clone(),
        });
        run_phase(job, &shared, &judge, late.as_ref(), deadline)?;
        if let Some(why) = shared.course.ended() {
            let fact = PhaseEnded { why, phase, target, prompt }.fact();
            job.out.send(Item::Fact(fact)).map_err(|_| EngineError::StoreGone)?;
        }
    }
    if let Some(late) = late {
        late.finish();
    }
    match job.control.stopped() {
        Some(StopReason::StoreGone) => Err(EngineError::StoreGone),
        stopped => Ok(Summary { stopped, shards: most }),
    }
}

/// As many threads as the load needs, at most one less than there are cores.
fn shards_for(load: &Load) -> u16 {
    let most = load.users().map(f64::from).or(load.peak_rate()).unwrap_or(0.0);
    let events = most * EVENTS_PER_STREAM;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let most = cores.saturating_sub(1).max(1);
    ((events / EVENTS_PER_SHARD).ceil() as usize).clamp(1, most).min(64) as u16
}

fn run_phase(
    job: &Job,
    shared: &Arc<Shared>,
    judge: &Arc<Judge>,
    late: Option<&Late>,
    deadline: Option<Ns>,
) -> Result<(), EngineError> {
    let target = usize::from(shared.target);
    let spec = &job.spec.targets[target];
    let mut words = format!("{} · {}", spec.name, job.spec.phases[usize::from(shared.phase)].name);
    if let [_, _, ..] = job.spec.prompts.as_slice() {
        words = format!("{words} · {}", job.spec.prompts[usize::from(shared.prompt)].name);
    }
    *job.control.progress.doing.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = words;
    job.control.progress.shards.store(u32::from(shared.shards), Ordering::Relaxed);
    let desks = shared.shards.div_ceil(2);
    let ready = Barrier::new(usize::from(shared.shards));
    std::thread::scope(|scope| {
        let mut senders = Vec::new();
        let mut threads = Vec::new();
        for _ in 0..desks {
            let (tx, rx) = channel();
            senders.push(tx);
            let factory = Endpoint::new(spec, &job.urls[target], &job.spec.limits, &job.secrets, job.zero)?;
            let parser = factory.parser_factory();
            let desk = Desk::new(desk_setup(job, shared, judge, late), parser);
            threads.push(scope.spawn(move || {
                desk.work(&rx);
                Ok(())
            }));
        }
        for no in 0..shared.shards {
            let hand = Channel(senders[usize::from(no % desks)].clone());
            let (shared, ready) = (shared.clone(), &ready);
            let thread = std::thread::Builder::new().name(format!("shard-{no}"));
            threads.push(
                thread.spawn_scoped(scope, move || shard_thread(job, &shared, no, hand, ready, deadline))?,
            );
        }
        drop(senders);
        let mut result = Ok(());
        for thread in threads {
            let ended = thread.join().unwrap_or(Err(EngineError::Panicked));
            result = result.and(ended);
        }
        result
    })
}

fn desk_setup(job: &Job, shared: &Shared, judge: &Arc<Judge>, late: Option<&Late>) -> DeskSetup {
    DeskSetup {
        run: job.run,
        spec: job.spec.clone(),
        cases: job.cases.clone(),
        phase: shared.phase,
        target: shared.target,
        prompt: shared.prompt,
        clock_no: job.clock_no,
        zero_unix_ns: job.zero.unix_ns(),
        control: job.control.clone(),
        course: shared.course.clone(),
        budget: shared.budget.clone(),
        out: job.out.clone(),
        judge: judge.clone(),
        recall: job.recall.clone(),
        late: late.map(Late::queue),
    }
}

/// One measuring thread: a runtime of its own, connections of its own.
fn shard_thread(
    job: &Job,
    shared: &Arc<Shared>,
    no: u16,
    hand: Channel,
    ready: &Barrier,
    deadline: Option<Ns>,
) -> Result<(), EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Everyone meets at the barrier, also who cannot go on: the others must not wait for ever.
    let made = runtime.map_err(EngineError::from).and_then(|runtime| {
        let inside = runtime.enter();
        let clock = PacerClock::new(job.zero)?;
        drop(inside);
        let target = usize::from(shared.target);
        let endpoint = Endpoint::new(
            &job.spec.targets[target],
            &job.urls[target],
            &job.spec.limits,
            &job.secrets,
            job.zero,
        )?
        .with_files(&job.files)
        .for_thread(no, shared.shards);
        Ok((runtime, clock, endpoint))
    });
    ready.wait();
    let (runtime, clock, endpoint) = made?;
    let start = clock.now() + LEAD_NS;
    let _ = shared.start.compare_exchange(i64::MIN, start, Ordering::AcqRel, Ordering::Acquire);
    let shard = Rc::new(Shard::new(no, endpoint, clock, hand, shared.clone()));
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, shard.drive(deadline));
    Ok(())
}
