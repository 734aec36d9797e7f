//! How far one phase and target has come: which slot is next, what ended it early, what it spent.
//!
//! Main type: [`Course`], shared by the threads of a cell. Must not send anything.

use crate::narrow::Narrow;
use acidtest_record::{PhaseEnd, PhaseSpec, RunSpec};
use acidtest_schedule::Plan;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use tokio::sync::watch;

/// Not yet.
const NEVER: i64 = i64::MIN;
/// First answers whose time says how long requests take before a queue has built up.
const EARLY: u32 = 20;

/// The course of one phase and target.
#[derive(Debug)]
pub(crate) struct Course {
    /// Next index that counts, or of a warm-up by number, in a closed loop.
    next: AtomicU32,
    /// Next index of a warm-up by time, and of a cool-down.
    next_warm: AtomicU32,
    next_cool: AtomicU32,
    /// When the first slot that counts was taken.
    measured_from: AtomicI64,
    /// When the last one was.
    cool_from: AtomicI64,
    /// When the next request may start under a cap of the rate.
    free_from: AtomicI64,
    end: watch::Sender<Option<PhaseEnd>>,
    spent_nano: AtomicU64,
    pub(crate) narrow: Narrow,
    pub(crate) flow: Flow,
}

/// What an open loop wanted and got.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    wanted: AtomicU64,
    kept_back: AtomicU64,
    answered: AtomicU32,
    early_ns: AtomicI64,
}

impl Flow {
    /// A request was due; whether the cap on those in flight kept it back.
    pub(crate) fn due(&self, is_kept_back: bool) {
        self.wanted.fetch_add(1, Ordering::Relaxed);
        self.kept_back.fetch_add(u64::from(is_kept_back), Ordering::Relaxed);
    }

    /// Requests that were due, and those kept back.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.wanted.load(Ordering::Relaxed), self.kept_back.load(Ordering::Relaxed))
    }

    /// A request ended after so long.
    pub(crate) fn ended(&self, took_ns: i64) {
        if self.answered.fetch_add(1, Ordering::Relaxed) < EARLY {
            self.early_ns.fetch_max(took_ns, Ordering::Relaxed);
        }
    }

    /// How long the first requests took at most, once there are enough of them.
    pub(crate) fn early_ns(&self) -> Option<i64> {
        (self.answered.load(Ordering::Relaxed) >= EARLY).then(|| self.early_ns.load(Ordering::Relaxed))
    }
}

impl Course {
    pub(crate) fn new(plan: &Plan, spec: &RunSpec, phase: u16, target: u16) -> Self {
        let summarises = spec.targets[usize::from(target)].kind.summarises();
        let rules = &spec.phases[usize::from(phase)].stop_when;
        let first = if plan.warmup_seconds().is_some() { plan.warmup() } else { 0 };
        Self {
            next: AtomicU32::new(first),
            next_warm: AtomicU32::new(0),
            next_cool: AtomicU32::new(plan.counted().end),
            measured_from: AtomicI64::new(NEVER),
            cool_from: AtomicI64::new(NEVER),
            free_from: AtomicI64::new(NEVER),
            end: watch::Sender::new(None),
            spent_nano: AtomicU64::new(0),
            narrow: Narrow::new(rules, summarises),
            flow: Flow::default(),
        }
    }

    /// The next index of a closed loop for a user who is free at `now`; none when it is over.
    pub(crate) fn take(&self, plan: &Plan, phase: &PhaseSpec, start: i64, now: i64) -> Option<u32> {
        if plan.warmup_seconds().is_some_and(|s| now - start < nanos(s)) {
            let index = self.next_warm.fetch_add(1, Ordering::Relaxed);
            if index < plan.warmup() {
                return Some(index);
            }
        }
        if let Some(index) = self.take_counted(plan, start, now) {
            return Some(index);
        }
        if phase.cooldown_s <= 0.0 {
            return None;
        }
        let _ = self.cool_from.compare_exchange(NEVER, now, Ordering::AcqRel, Ordering::Acquire);
        let since = now - self.cool_from.load(Ordering::Acquire);
        if since >= nanos(phase.cooldown_s) {
            return None;
        }
        let index = self.next_cool.fetch_add(1, Ordering::Relaxed);
        (index < plan.capacity()).then_some(index)
    }

    fn take_counted(&self, plan: &Plan, start: i64, now: i64) -> Option<u32> {
        let from = self.measured_from.load(Ordering::Acquire);
        let since = |at: i64| (at - start) as f64 / 1e9;
        let end = plan.closed_end((from != NEVER).then(|| since(from)));
        if end.is_some_and(|end| since(now) >= end) {
            return None;
        }
        // A counter that is used up stays where it is: users who ask again must not make it run over.
        let up_to = plan.counted().end;
        let step = |index: u32| (index < up_to).then_some(index + 1);
        let index = self.next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).ok()?;
        if index == plan.warmup() {
            self.measured_from.store(now, Ordering::Release);
        }
        Some(index)
    }

    /// When a request that is ready at `now` may start, if no more than so many a second may.
    pub(crate) fn allowed(&self, now: i64, max_rate: Option<f64>) -> i64 {
        let Some(rate) = max_rate else { return now };
        let gap = (1e9 / rate) as i64;
        let update = |free: i64| Some(free.max(now).saturating_add(gap));
        let before = self.free_from.fetch_update(Ordering::AcqRel, Ordering::Acquire, update);
        before.unwrap_or(now).max(now)
    }

    /// Ends the phase; the first reason is kept.
    pub(crate) fn stop(&self, why: PhaseEnd) {
        self.end.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(why);
            }
            first
        });
    }

    /// Why it ended early, if it did.
    pub(crate) fn ended(&self) -> Option<PhaseEnd> {
        *self.end.borrow()
    }

    /// Waits until it ends early.
    pub(crate) async fn wait_end(&self) {
        // The sender lives in `self`, so waiting cannot fail.
        let _ = self.end.subscribe().wait_for(Option::is_some).await;
    }

    /// Adds a cost; ends the phase when that was all it may cost.
    pub(crate) fn spend(&self, cost: f64, cap: Option<f64>) {
        let nano = (cost.max(0.0) * 1e9).round() as u64;
        let spent = self.spent_nano.fetch_add(nano, Ordering::Relaxed).saturating_add(nano);
        if cap.is_some_and(|cap| spent as f64 / 1e9 >= cap) {
            self.stop(PhaseEnd::Cost);
        }
    }
}

/// Seconds as nanoseconds.
pub(crate) fn nanos(seconds: f64) -> i64 {
    (seconds * 1e9).round() as i64
}
