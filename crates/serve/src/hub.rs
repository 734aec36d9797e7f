//! Who listens for changes, and the look at the store that is taken for them.
//!
//! Main type: [`Hub`]. While nobody listens, nothing is looked at. A listener that does not read is
//! cut off: it comes again and is told everything.

use crate::app::App;
use acidtest_record::RunId;
use acidtest_store::{RunMark, Store, StoreError};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout};

/// Listeners at a time.
const MOST_LISTENERS: usize = 32;
/// Events that a listener may be behind.
const QUEUE: usize = 16;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(400);
/// Between two signs of life.
const ALIVE: Duration = Duration::from_secs(15);

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct ChangeEvent {
    /// New with each start of the server: then everything is asked again.
    pub(crate) started: String,
    /// Runs that are new or have changed; in the first event all of them.
    pub(crate) runs: Vec<RunProgress>,
    /// Runs that went away.
    pub(crate) gone: Vec<String>,
    /// Runs whose glance or findings are new.
    pub(crate) computed: Vec<String>,
}

/// How far a run has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct RunProgress {
    /// Its id.
    pub(crate) id: String,
    /// `running`, `done` or `stopped`.
    pub(crate) state: String,
    /// Requests: slot and step.
    pub(crate) requests: u64,
    /// Records: attempts.
    pub(crate) records: u64,
    /// Requests whose last attempt brought an answer.
    pub(crate) delivered: u64,
    /// Requests whose last attempt failed.
    pub(crate) failed: u64,
    /// Requests that were never sent.
    pub(crate) not_sent: u64,
}

/// The listeners.
#[derive(Default)]
pub(crate) struct Hub {
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Default)]
struct Inner {
    /// Those who know everything so far.
    told: Vec<mpsc::Sender<Bytes>>,
    /// Those who have just come.
    new: Vec<mpsc::Sender<Bytes>>,
    computed: BTreeSet<RunId>,
    is_closed: bool,
}

impl Hub {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new listener; none where there are too many or the server ends.
    pub(crate) fn listen(&self) -> Option<mpsc::Receiver<Bytes>> {
        let mut inner = self.inner();
        inner.told.retain(|l| !l.is_closed());
        inner.new.retain(|l| !l.is_closed());
        if inner.is_closed || inner.told.len() + inner.new.len() >= MOST_LISTENERS {
            return None;
        }
        let (sender, receiver) = mpsc::channel(QUEUE);
        inner.new.push(sender);
        drop(inner);
        self.wake.notify_one();
        Some(receiver)
    }

    /// Something of these runs was computed.
    pub(crate) fn computed(&self, runs: &[RunId]) {
        self.inner().computed.extend(runs);
    }

    /// Something was written here: no need to wait for the next look.
    pub(crate) fn look(&self) {
        self.wake.notify_one();
    }

    /// Ends every stream.
    pub(crate) fn close(&self) {
        let mut inner = self.inner();
        inner.is_closed = true;
        inner.told.clear();
        inner.new.clear();
    }

    fn is_empty(&self) -> bool {
        let mut inner = self.inner();
        inner.told.retain(|l| !l.is_closed());
        inner.new.retain(|l| !l.is_closed());
        inner.told.is_empty() && inner.new.is_empty()
    }

    /// A comment, which shows both ends that the other one is there.
    fn say_alive(&self) {
        self.inner().told.retain(|l| l.try_send(Bytes::from_static(b": still here\n\n")).is_ok());
    }

    /// Tells those who know everything what is new, and the others everything.
    fn tell(&self, change: Option<Bytes>, all: impl FnOnce() -> Bytes) {
        let mut inner = self.inner();
        if let Some(change) = change {
            inner.told.retain(|l| l.try_send(change.clone()).is_ok());
        }
        if !inner.new.is_empty() {
            let all = all();
            let mut new = std::mem::take(&mut inner.new);
            new.retain(|l| l.try_send(all.clone()).is_ok());
            inner.told.append(&mut new);
        }
    }
}

/// What the looks know of the store.
#[derive(Default)]
struct Seen {
    store: Option<Store>,
    version: Option<i64>,
    marks: Vec<RunMark>,
}

impl Seen {
    /// Looks again; the marks of all runs if anything changed.
    fn look(&mut self, app: &App) -> Result<Option<Vec<RunMark>>, StoreError> {
        if self.store.as_ref().is_some_and(|s| s.still_there().is_err()) {
            app.stores.note_replaced();
            (self.store, self.version) = (None, None);
        }
        let store = match self.store.take() {
            Some(store) => store,
            None => app.stores.open()?,
        };
        let version = store.changes()?;
        let marks = if self.version == Some(version) { None } else { Some(store.marks()?) };
        (self.store, self.version) = (Some(store), Some(version));
        Ok(marks)
    }
}

/// Looks at the store while somebody listens. Never ends.
pub(crate) async fn watch(app: App) {
    loop {
        while app.hub.is_empty() {
            app.hub.wake.notified().await;
        }
        let mut seen = Seen::default();
        let mut alive = Instant::now();
        while !app.hub.is_empty() {
            seen = look_and_tell(&app, seen).await;
            if alive.elapsed() >= ALIVE {
                alive = Instant::now();
                app.hub.say_alive();
            }
            let _ = timeout(LOOK, app.hub.wake.notified()).await;
        }
        // The next listener is told everything; nothing need be known until then.
        app.hub.inner().computed.clear();
    }
}

async fn look_and_tell(app: &App, mut seen: Seen) -> Seen {
    let own = app.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let marks = seen.look(&own);
        if own.stores.was_replaced() {
            own.kept.clear();
        }
        (seen, marks)
    });
    let Ok((mut seen, marks)) = looked.await else { return Seen::default() };
    let now = match marks {
        Ok(None) => None,
        Ok(Some(marks)) => Some(marks),
        // A store that is busy is asked again; one that is gone has no runs.
        Err(StoreError::Busy { .. }) => None,
        Err(_) => Some(Vec::new()),
    };
    let computed = std::mem::take(&mut app.hub.inner().computed);
    let change = change(&app.about.started, &seen.marks, now.as_deref(), &computed);
    if let Some(now) = now {
        seen.marks = now;
    }
    for gone in change.iter().flat_map(|c| &c.gone).filter_map(|id| id.parse().ok()) {
        app.kept.forget(gone);
    }
    app.hub.tell(change.map(|change| line(&change)), || line(&everything(&app.about.started, &seen.marks)));
    seen
}

fn everything(started: &str, marks: &[RunMark]) -> ChangeEvent {
    let runs = marks.iter().map(progress).collect();
    ChangeEvent { started: started.to_owned(), runs, gone: Vec::new(), computed: Vec::new() }
}

/// What is new since the look before; nothing where there is nothing.
fn change(
    started: &str,
    before: &[RunMark],
    now: Option<&[RunMark]>,
    computed: &BTreeSet<RunId>,
) -> Option<ChangeEvent> {
    let now = now.unwrap_or(before);
    let known: HashMap<RunId, &RunMark> = before.iter().map(|m| (m.summary.id, m)).collect();
    let there: HashSet<RunId> = now.iter().map(|m| m.summary.id).collect();
    let is_new = |m: &&RunMark| known.get(&m.summary.id) != Some(m);
    let gone = before.iter().map(|m| m.summary.id).filter(|id| !there.contains(id));
    let change = ChangeEvent {
        started: started.to_owned(),
        runs: now.iter().filter(is_new).map(progress).collect(),
        gone: gone.map(|id| id.to_string()).collect(),
        computed: computed.iter().filter(|id| there.contains(id)).map(ToString::to_string).collect(),
    };
    let is_empty = change.runs.is_empty() && change.gone.is_empty() && change.computed.is_empty();
    (!is_empty).then_some(change)
}

fn progress(mark: &RunMark) -> RunProgress {
    let run = &mark.summary;
    RunProgress {
        id: run.id.to_string(),
        state: run.state.id().to_owned(),
        requests: run.requests,
        records: run.records,
        delivered: run.delivered,
        failed: run.failed,
        not_sent: run.not_sent,
    }
}

/// The event as it goes over the wire: its JSON has no line breaks.
fn line(event: &ChangeEvent) -> Bytes {
    let json = serde_json::to_string(event).expect("texts and numbers always serialise");
    format!("event: change\ndata: {json}\n\n").into()
}
