//! The few numbers by which one tells runs apart, computed in the background.
//!
//! Main type: [`Glances`]. Newest first, one at a time; a `computed` event says when one is there.

use crate::app::App;
use crate::derive::Wanted;
use crate::kept::{Held, Weighed};
use crate::packed::Packed;
use crate::refusal::Refusal;
use crate::resources::run as page;
use acidtest_findings::Findings;
use acidtest_record::RunState;
use acidtest_store::RunMark;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Runs that may wait for their glance.
const MOST_WAITING: usize = 1000;

/// A glance as it goes into the list of runs.
pub(crate) struct Glanced(pub(crate) Value);

impl Weighed for Glanced {
    fn weight(&self) -> usize {
        weight(&self.0)
    }
}

/// About what a value of JSON holds in memory.
fn weight(value: &Value) -> usize {
    let inside = match value {
        Value::String(text) => text.capacity(),
        Value::Array(all) => all.iter().map(weight).sum(),
        // A key, its place in the index, its hash.
        Value::Object(all) => all.iter().map(|(key, value)| key.len() + 48 + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    };
    inside + size_of::<Value>()
}

/// The runs that wait, by their start: the newest is taken first.
#[derive(Default)]
pub(crate) struct Glances {
    waiting: Mutex<BTreeMap<(i64, u64), RunMark>>,
    wake: Notify,
}

impl Glances {
    /// Asks for the glance of a run.
    fn ask(&self, run: &RunMark) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.insert((run.summary.created_unix_ns, run.summary.id.0), run.clone());
        if waiting.len() > MOST_WAITING {
            waiting.pop_first();
        }
        drop(waiting);
        self.wake.notify_one();
    }

    fn next(&self) -> Option<RunMark> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.pop_last().map(|(_, run)| run)
    }
}

impl App {
    /// Keeps what somebody had computed anyway.
    pub(crate) fn keep_glance(&self, run: RunMark, glance: Glanced, cost: Duration) {
        let name = wanted(&run).name();
        let id = run.summary.id;
        self.kept.put(name, Held { value: Arc::new(glance), marks: vec![run], made: Instant::now(), cost });
        self.hub.computed(&[id]);
    }

    /// The glance of a run if there is one; a new one is made where there is none of its present state.
    pub(crate) fn glance(&self, run: &RunMark) -> Option<Value> {
        let held = self.kept.get::<Glanced>(&wanted(run).name());
        let is_current = held.as_ref().is_some_and(|h| h.marks.as_slice() == std::slice::from_ref(run));
        // Of a run that goes on a new one is made when its pause is over: somebody will ask again.
        let is_resting =
            held.as_ref().is_some_and(|h| run.summary.state == RunState::Running && h.is_resting());
        if !is_current && !is_resting {
            self.glances.ask(run);
        }
        held.map(|h| h.value.0.clone())
    }
}

/// The glance of a run's findings, as the list has it.
pub(crate) fn glanced(findings: &Findings) -> Result<Glanced, Refusal> {
    let glance = serde_json::to_value(acidtest_report::glance(findings));
    glance.map(Glanced).map_err(|e| Refusal::fault(format!("a glance cannot be written: {e}")))
}

fn wanted(run: &RunMark) -> Wanted {
    Wanted::of("glance", run)
}

/// Makes the glances that are asked for. Never ends.
pub(crate) async fn make(app: App) {
    loop {
        let Some(run) = app.glances.next() else {
            app.glances.wake.notified().await;
            continue;
        };
        if is_kept::<Glanced>(&app, &wanted(&run), &run) {
            continue;
        }
        // A run that cannot be read says so to those who open it.
        let _ = match is_kept::<Packed>(&app, &page::wanted(&run), &run) {
            true => alone(&app, &run).await,
            // Most of a page is what a glance needs, and who sees one opens the other.
            false => page::made(&app, &run).await.map(|_| ()),
        };
    }
}

/// The glance without the page, which is kept already.
async fn alone(app: &App, run: &RunMark) -> Result<(), Refusal> {
    let id = run.summary.id;
    let glance = app.derived(wanted(run), move |store| glanced(&acidtest_readback::findings(store, id)?));
    glance.await?;
    app.hub.computed(&[id]);
    Ok(())
}

/// Whether something is kept of the present state of a run.
fn is_kept<T: Weighed>(app: &App, wanted: &Wanted, run: &RunMark) -> bool {
    let held = app.kept.get::<T>(&wanted.name());
    held.is_some_and(|h| h.marks.as_slice() == std::slice::from_ref(run))
}
