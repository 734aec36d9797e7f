//! Scoring apart from the desks, for suites with programs of the user's own.
//!
//! Main type: [`Late`]. Records wait in a bounded queue for threads of their own, so
//! that a slow program never holds up parsing. When the queue is full the program is
//! not asked about that answer, and its verdict says so.

use super::Judge;
use crate::control::{Control, StopReason};
use acidtest_record::{Item, Record, Role};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Records that may wait.
const WAITING: usize = 1000;
const FULL: &str = "not asked: 1000 answers were waiting for it";
const STOPPED: &str = "not asked: the run was stopped";

/// A record that waits, and when it ended (Unix ns).
type Waiting = (Box<Record>, i64);

/// Threads that score, and the queue before them.
pub(crate) struct Late {
    queue: SyncSender<Waiting>,
    threads: Vec<JoinHandle<()>>,
}

impl Late {
    /// Starts the threads, if any scorer of the judge needs them.
    pub(crate) fn start(
        judge: &Arc<Judge>,
        out: &SyncSender<Item>,
        control: &Arc<Control>,
    ) -> std::io::Result<Option<Self>> {
        let jobs = judge.jobs();
        if jobs == 0 {
            return Ok(None);
        }
        let (queue, waiting) = sync_channel(WAITING);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(jobs);
        for no in 0..jobs {
            let (judge, out, control, waiting) =
                (judge.clone(), out.clone(), control.clone(), waiting.clone());
            let thread = std::thread::Builder::new().name(format!("scorer-{no}"));
            threads.push(thread.spawn(move || work(&judge, &out, &control, &waiting))?);
        }
        Ok(Some(Self { queue, threads }))
    }

    /// A way into the queue.
    pub(crate) fn queue(&self) -> Queue {
        Queue(self.queue.clone())
    }

    /// Waits until everything in the queue is scored.
    pub(crate) fn finish(self) {
        drop(self.queue);
        for thread in self.threads {
            let _ = thread.join();
        }
    }
}

/// The way into the queue.
pub(crate) struct Queue(SyncSender<Waiting>);

impl Queue {
    /// Puts a record into the queue; gives back why the program cannot be asked.
    pub(crate) fn put(&self, record: &Record, at_unix_ns: i64) -> Result<(), &'static str> {
        self.0.try_send((Box::new(record.clone()), at_unix_ns)).map_err(|e| match e {
            TrySendError::Full(_) => FULL,
            TrySendError::Disconnected(_) => STOPPED,
        })
    }
}

fn work(judge: &Judge, out: &SyncSender<Item>, control: &Control, waiting: &Mutex<Receiver<Waiting>>) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((record, at)) = next else { return };
        if record.role != Role::Subject {
            continue;
        }
        let Some(case) = record.case.and_then(|hash| judge.case(hash)) else { continue };
        let may = match control.stopped() {
            Some(StopReason::Interrupted | StopReason::StoreGone) => Err(STOPPED),
            _ => Ok(()),
        };
        for verdict in judge.record_if(&record, case, at, may) {
            if out.send(Item::Verdict(verdict)).is_err() {
                return;
            }
        }
    }
}
