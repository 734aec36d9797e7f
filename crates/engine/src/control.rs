//! What steers a run from outside, and what can be seen of it while it goes on.
//!
//! Main types: [`Control`] (stop it) and [`Progress`] (counts). Must not decide
//! anything by itself.

use crate::abort::Counts;
use crate::dead::Reached;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use tokio::sync::watch;

/// Why a run was told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopReason {
    /// A person asked for it.
    Interrupted,
    /// The wall-time cap was reached.
    TimeCap,
    /// The cost cap was reached.
    CostCap,
    /// The store takes no more.
    StoreGone,
    /// The first attempts all found nobody at the other end.
    Unreachable,
    /// A rule of the plan says so: its position among them.
    Abort(u16),
}

impl StopReason {
    /// Words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            StopReason::Interrupted => "interrupted",
            StopReason::TimeCap => "the time cap was reached",
            StopReason::CostCap => "the cost cap was reached",
            StopReason::StoreGone => "the store takes no more",
            StopReason::Unreachable => "the first 20 attempts all failed to connect",
            StopReason::Abort(_) => "an abort rule was met",
        }
    }
}

/// Steers a run; shared between threads.
#[derive(Debug)]
pub struct Control {
    stop: watch::Sender<Option<StopReason>>,
    /// Counts for people.
    pub progress: Progress,
    /// Spent so far by the targets' prices, in billionths of the currency.
    spent_nano: AtomicU64,
    /// Outcomes so far, for the plan's rules.
    pub(crate) counts: Counts,
    /// Whether anybody was reached.
    pub(crate) reached: Reached,
}

/// Lateness of a send from which on it is counted as late: what validity always allows.
pub const LATE_NS: i64 = 500_000;

/// Counts of a run that is going on. All of them only grow, except `in_flight`.
#[derive(Debug, Default)]
pub struct Progress {
    /// Slots that the plans hold, where known.
    pub planned: AtomicU64,
    /// Requests sent.
    pub sent: AtomicU64,
    /// Requests with a whole answer.
    pub completed: AtomicU64,
    /// Attempts that failed.
    pub failed: AtomicU64,
    /// Slots that were never sent.
    pub not_sent: AtomicU64,
    /// Requests in flight now.
    pub in_flight: AtomicU32,
    /// Content events seen.
    pub events: AtomicU64,
    /// Of these, those whose arrival is not exactly known though the kernel stamped their answer.
    pub uncertain: AtomicU64,
    /// Answers that the kernel stamped.
    pub stamped: AtomicU64,
    /// Requests that were sent more than [`LATE_NS`] after their intended time.
    pub late: AtomicU64,
    /// What is being done, in words.
    pub doing: Mutex<String>,
    /// Measuring threads of the present phase.
    pub shards: AtomicU32,
}

impl Default for Control {
    fn default() -> Self {
        Self {
            stop: watch::Sender::new(None),
            progress: Progress::default(),
            spent_nano: AtomicU64::new(0),
            counts: Counts::default(),
            reached: Reached::default(),
        }
    }
}

impl Control {
    /// Asks the run to send nothing more and to end when what is in flight has ended.
    /// The first reason is kept.
    pub fn stop(&self, reason: StopReason) {
        self.stop.send_if_modified(|now| {
            let first = now.is_none();
            if first {
                *now = Some(reason);
            }
            first
        });
    }

    /// Why it was asked to stop, if it was.
    #[must_use]
    pub fn stopped(&self) -> Option<StopReason> {
        *self.stop.borrow()
    }

    /// Waits until it is asked to stop.
    pub(crate) async fn wait_stop(&self) {
        let mut seen = self.stop.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = seen.wait_for(Option::is_some).await;
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> f64 {
        self.spent_nano.load(Ordering::Relaxed) as f64 / 1e9
    }

    /// Adds a cost, also one of an earlier part of a resumed run; returns the sum.
    pub fn spend(&self, cost: f64) -> f64 {
        let nano = (cost.max(0.0) * 1e9).round() as u64;
        (self.spent_nano.fetch_add(nano, Ordering::Relaxed) + nano) as f64 / 1e9
    }
}
