//! One request on its way: its line of truth in the making.
//!
//! Main types: [`Exchange`], held by the body and by the wire, and [`Shared`],
//! what all serving threads share. The last holder to let go of an exchange
//! sends its line to the truth file and the tally, however the request ended.

use crate::answers::Source;
use crate::config::Config;
use crate::decide::Decider;
use crate::gauges::Gauges;
use crate::stats::Tally;
use crate::truth::{Ended, Lines, TruthLine};
use acidtest_clock::Zero;
use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Semaphore;

/// What all serving threads share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) zero: Zero,
    pub(crate) decider: Decider,
    pub(crate) source: Source,
    pub(crate) slots: Option<Arc<Semaphore>>,
    pub(crate) arrivals: AtomicU64,
    pub(crate) open_connections: AtomicUsize,
    pub(crate) gauges: Gauges,
    /// Set before tasks are dropped, so that their requests are not laid to the client.
    pub(crate) stopping: AtomicBool,
    pub(crate) truth: Mutex<Option<Lines>>,
    tally: Mutex<Tally>,
}

impl Shared {
    pub(crate) fn new(config: Config, zero: Zero, source: Source, truth: Option<Lines>) -> Self {
        Self {
            decider: Decider::new(&config),
            slots: (config.slots > 0).then(|| Arc::new(Semaphore::new(config.slots as usize))),
            config,
            zero,
            source,
            arrivals: AtomicU64::new(0),
            open_connections: AtomicUsize::new(0),
            gauges: Gauges::default(),
            stopping: AtomicBool::new(false),
            truth: Mutex::new(truth),
            tally: Mutex::default(),
        }
    }

    pub(crate) fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().expect("no thread panics while counting")
    }

    fn finish(&self, line: TruthLine) {
        self.tally().add(&line);
        let truth = self.truth.lock().expect("no thread panics while cloning");
        let Some(sender) = truth.as_ref().cloned() else {
            return;
        };
        drop(truth);
        if sender.send(line) {
            self.tally().truth_wait();
        }
    }
}

/// One request's line, until the last holder drops it.
pub(crate) struct Exchange {
    line: RefCell<TruthLine>,
    shared: Arc<Shared>,
}

impl Exchange {
    /// Begins a line; its events are the planned ones with no write yet.
    pub(crate) fn new(line: TruthLine, shared: Arc<Shared>) -> Self {
        Self { line: RefCell::new(line), shared }
    }

    pub(crate) fn written(&self, event: usize, before_ns: i64, after_ns: i64) {
        let mut line = self.line.borrow_mut();
        let event = &mut line.events[event];
        (event.before_ns, event.after_ns) = (before_ns, after_ns);
    }

    pub(crate) fn scheduled_ns(&self, event: usize) -> Option<i64> {
        self.line.borrow().events.get(event).map(|e| e.scheduled_ns)
    }

    pub(crate) fn ended(&self, how: Ended) {
        self.line.borrow_mut().ended = how;
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let line = self.line.get_mut();
        let planned = line.events.len();
        line.events.retain(|e| e.after_ns != 0);
        line.unsent = u32::try_from(planned - line.events.len()).unwrap_or(u32::MAX);
        if line.ended == Ended::ClientGone || line.unsent > 0 {
            line.ended =
                if self.shared.stopping.load(Ordering::Relaxed) { Ended::Stopped } else { Ended::ClientGone };
        }
        self.shared.finish(std::mem::take(line));
    }
}
