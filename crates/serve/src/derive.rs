//! What takes long: computed once for each state of its runs, one at a time, and kept.
//!
//! Main items: [`App::derived`], [`Wanted`]. This is how a handler comes by anything that needs a
//! view of a run:
//!
//! ```text
//!  let run = app.run(&name).await?;                            its mark: how far it has come
//!  let index = app.derived(Wanted::of("cases", &run), move |store| {
//!      Ok(readback::with_view(store, run.summary.id, …)?)      on a thread of its own, with a reader
//!  }).await?;                                                  Arc<T>, T: Weighed
//! ```
//!
//! Of a run that goes on the value from before is given at once, and a new one is made in the
//! background so seldom that it takes at most a quarter of one core.

use crate::app::App;
use crate::kept::{Held, Weighed};
use crate::refusal::Refusal;
use acidtest_record::{RunId, RunState};
use acidtest_store::{RunMark, Store};
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::OwnedMutexGuard;

/// Pauses are so many times what the computation before took: a quarter of one core.
const PAUSE: u32 = 3;
/// And at least this: nobody reads faster.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// Names in the table of computations before idle ones are looked for.
const MANY: usize = 64;

/// What is wanted: a name, and the runs that it is made of.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    name: String,
    marks: Vec<RunMark>,
    follows: bool,
}

impl Wanted {
    /// Something of one run. What a query changes must be part of [`Wanted::with`].
    pub(crate) fn of(what: &'static str, run: &RunMark) -> Self {
        Self::of_many(what, std::slice::from_ref(run))
    }

    /// Something of several runs.
    pub(crate) fn of_many(what: &'static str, runs: &[RunMark]) -> Self {
        let ids = runs.iter().map(|m| format!(" {}", m.summary.id)).collect::<String>();
        Self { name: format!("{what}{ids}"), marks: runs.to_vec(), follows: true }
    }

    /// Of a question that has parameters of its own.
    pub(crate) fn with(mut self, asked: &str) -> Self {
        self.name = format!("{}?{asked}", self.name);
        self
    }

    /// An old value will not do, even while the run goes on.
    pub(crate) fn fresh(mut self) -> Self {
        self.follows = false;
        self
    }

    /// The name under which the value is kept.
    pub(crate) fn name(&self) -> String {
        self.name.clone()
    }

    fn runs(&self) -> Vec<RunId> {
        self.marks.iter().map(|m| m.summary.id).collect()
    }

    /// Whether an old value is better than waiting: some run goes on, and so will the next one be
    /// old before it is read.
    fn goes_on(&self) -> bool {
        self.follows && self.marks.iter().any(|m| m.summary.state == RunState::Running)
    }
}

/// Computations in progress, by name.
#[derive(Default)]
pub(crate) struct Flights {
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Those whose next value is on its way in the background.
    renewing: Mutex<HashSet<String>>,
}

impl Flights {
    /// Held while something of that name is computed.
    pub(crate) fn lock(&self, name: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() >= MANY {
            locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        locks.entry(name.to_owned()).or_default().clone()
    }

    fn begin_renewing(&self, name: &str) -> bool {
        self.renewing.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned())
    }

    fn end_renewing(&self, name: &str) {
        self.renewing.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

impl<T: ?Sized> Held<T> {
    /// When the next one may be made, of a run that goes on.
    fn rested(&self) -> Instant {
        self.made + (self.cost * PAUSE).max(SHORTEST_PAUSE)
    }

    /// Whether that is yet to come.
    pub(crate) fn is_resting(&self) -> bool {
        Instant::now() < self.rested()
    }
}

impl App {
    /// The value under a name: the kept one if its runs have not changed, else a new one.
    pub(crate) async fn derived<T: Weighed>(
        &self,
        wanted: Wanted,
        make: impl FnOnce(&Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Arc<T>, Refusal> {
        if let Some(held) = self.kept.get::<T>(&wanted.name) {
            if held.marks == wanted.marks {
                return Ok(held.value);
            }
            if wanted.goes_on() {
                self.renew(&wanted, &held, make);
                return Ok(held.value);
            }
        }
        let alone = self.flights.lock(&wanted.name).lock_owned().await;
        match self.kept.get::<T>(&wanted.name) {
            Some(held) if held.marks == wanted.marks => Ok(held.value),
            _ => self.compute(wanted, alone, make).await,
        }
    }

    /// Makes the next value when the pause is over, unless that is on its way.
    fn renew<T: Weighed>(
        &self,
        wanted: &Wanted,
        held: &Held<T>,
        make: impl FnOnce(&Store) -> Result<T, Refusal> + Send + 'static,
    ) {
        if !self.flights.begin_renewing(&wanted.name) {
            return;
        }
        let (app, wanted) = (self.clone(), wanted.clone());
        let due = held.rested();
        tokio::spawn(async move {
            tokio::time::sleep_until(due.into()).await;
            let alone = app.flights.lock(&wanted.name).lock_owned().await;
            let (name, runs) = (wanted.name.clone(), wanted.runs());
            // What goes wrong is said to the next one who asks and has to wait.
            let made = app.compute(wanted, alone, make).await;
            app.flights.end_renewing(&name);
            if made.is_ok() {
                app.hub.computed(&runs);
            }
        });
    }

    /// Makes a value and keeps it, also when who asked has gone.
    async fn compute<T: Weighed>(
        &self,
        wanted: Wanted,
        alone: OwnedMutexGuard<()>,
        make: impl FnOnce(&Store) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<Arc<T>, Refusal> {
        let app = self.clone();
        let work = move || {
            let _alone = alone;
            let begun = Instant::now();
            let made = app.made(&wanted, make);
            (app.about.give_back)();
            let (value, marks) = made?;
            let held = Held { value: value.clone(), marks, made: Instant::now(), cost: begun.elapsed() };
            app.kept.put(wanted.name, held);
            Ok(value)
        };
        self.on_a_thread(&self.long, work).await
    }

    /// The value with the marks of just before: what arrived meanwhile may be in it, never less.
    fn made<T>(
        &self,
        wanted: &Wanted,
        make: impl FnOnce(&Store) -> Result<T, Refusal>,
    ) -> Result<(Arc<T>, Vec<RunMark>), Refusal> {
        let store = self.stores.open()?;
        let marks = wanted.runs().into_iter().map(|run| store.mark(run)).collect::<Result<_, _>>()?;
        Ok((Arc::new(make(&store)?), marks))
    }
}
