//! The one thread that writes a run, and how items get to it.
//!
//! Main type: [`Writer`]. Commits in groups, since each commit waits for the disk.
//! Must not lose what was committed, nor go on after an error: the senders find
//! their channel closed.

use crate::append::Appended;
use crate::error::{Result, StoreError};
use crate::open::Store;
use acidtest_record::{Item, Part, RunId};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Longest wait of an item for its commit to begin.
const GROUP_WAIT: Duration = Duration::from_millis(50);
/// Most items of one commit.
const GROUP_ITEMS: usize = 4096;
/// A commit begins when about so many bytes wait.
const GROUP_BYTES: usize = 4 << 20;
/// How long a commit waits for another process's write lock; longer than a
/// command's wait, since a run in progress is worth more than a question.
const LOCK_WAIT: Duration = Duration::from_secs(60);

/// How often the thread looks whether the file is still there.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What the writing thread has done so far; shared and free to read.
#[derive(Debug, Default)]
pub struct Progress {
    records: AtomicU64,
    items: AtomicU64,
    failed: AtomicBool,
}

impl Progress {
    /// Records that were committed.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Acquire)
    }

    /// Items that were committed, records among them.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.items.load(Ordering::Acquire)
    }

    /// Whether the thread has stopped because of an error; [`Writer::join`] says which.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }
}

/// The writing thread of one run.
#[derive(Debug)]
pub struct Writer {
    thread: JoinHandle<Result<(Store, Appended)>>,
    progress: Arc<Progress>,
    path: PathBuf,
}

impl Writer {
    /// Starts the thread. Items go into the bounded channel; it takes `capacity`
    /// of them before a sender has to wait. When the last sender is dropped the
    /// thread commits the rest and ends.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn spawn(store: Store, run: RunId, capacity: usize) -> Result<(SyncSender<Item>, Self)> {
        let (sender, receiver) = sync_channel(capacity);
        let progress = Arc::new(Progress::default());
        let path = store.path().to_owned();
        store.wait_for_lock(LOCK_WAIT)?;
        let shared = Arc::clone(&progress);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || {
                // Set on every way out but the regular one, a panic included.
                let guard = FailGuard(&shared);
                let done = write_all(store, run, &receiver, &shared);
                if done.is_ok() {
                    std::mem::forget(guard);
                }
                done
            })
            .map_err(|source| StoreError::Io {
                path: path.clone(),
                what: "start a thread for store",
                source,
            })?;
        let writer = Self { thread, progress, path };
        Ok((sender, writer))
    }

    /// What was done so far.
    #[must_use]
    pub fn progress(&self) -> Arc<Progress> {
        Arc::clone(&self.progress)
    }

    /// Waits until everything sent is committed, and gives the store back. Drop
    /// the senders first, or this waits for ever.
    ///
    /// # Errors
    /// What stopped the thread. What [`Progress`] counts is stored even then,
    /// unless the file is gone ([`StoreError::Gone`]).
    pub fn join(self) -> Result<(Store, Appended)> {
        match self.thread.join() {
            Ok(done) => done,
            Err(_) => Err(StoreError::WriterDied { path: self.path }),
        }
    }
}

struct FailGuard<'a>(&'a Progress);

impl Drop for FailGuard<'_> {
    fn drop(&mut self) {
        self.0.failed.store(true, Ordering::Release);
    }
}

fn write_all(
    mut store: Store,
    run: RunId,
    items: &Receiver<Item>,
    progress: &Progress,
) -> Result<(Store, Appended)> {
    let mut total = Appended::default();
    let mut group = Vec::new();
    let mut open = true;
    let mut looked = Instant::now();
    while open {
        open = fill(&mut group, items);
        if group.is_empty() {
            continue;
        }
        let done = store.append(run, &group)?;
        group.clear();
        total += done;
        progress.items.fetch_add(done.items, Ordering::Release);
        progress.records.fetch_add(done.records, Ordering::Release);
        if looked.elapsed() >= LOOK_EVERY {
            store.still_there()?;
            looked = Instant::now();
        }
    }
    // Commits to a file without a name succeed, but nobody will read them.
    store.still_there()?;
    Ok((store, total))
}

/// Collects the items of one commit; false when no more will come.
fn fill(group: &mut Vec<Item>, items: &Receiver<Item>) -> bool {
    let Ok(first) = items.recv() else {
        return false;
    };
    let until = Instant::now() + GROUP_WAIT;
    let mut bytes = weight(&first);
    group.push(first);
    while group.len() < GROUP_ITEMS && bytes < GROUP_BYTES {
        match items.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(item) => {
                bytes += weight(&item);
                group.push(item);
            }
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    true
}

/// About how many bytes an item holds.
fn weight(item: &Item) -> usize {
    match item {
        Item::Record(r) => {
            let parts: usize = r.answer.parts.iter().map(part_weight).sum();
            512 + parts + 40 * r.timing.reads.len() + 16 * r.timing.events.len()
        }
        Item::Blob(b) => 64 + b.body.len(),
        Item::Verdict(v) => 256 + v.why.as_ref().map_or(0, String::len),
        Item::Reading(_) | Item::Fact(_) | Item::Note(_) => 128,
    }
}

fn part_weight(part: &Part) -> usize {
    match part {
        Part::Text(t) | Part::Reasoning(t) | Part::Refusal(t) => t.len(),
        Part::ToolCall { arguments, .. } => 128 + arguments.len(),
        Part::Logprobs { tokens, .. } => tokens.iter().map(|t| 64 + 40 * t.top.len()).sum(),
        Part::Scores(scores) => 8 * scores.len(),
        Part::Blob { .. } => 64,
    }
}
