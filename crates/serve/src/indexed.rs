//! What browsing keeps of runs: the index of their requests, searches, and who answered what.
//!
//! Main types: [`Indexed`], [`Searching`], [`Arena`]. Kept within the bound of [`Kept`](crate::kept);
//! an index outlives votes and labels where only the requests matter.

use crate::app::App;
use crate::derive::Wanted;
use crate::kept::Weighed;
use crate::refusal::Refusal;
use acidtest_findings::browse::{CaseIndex, Needle};
use acidtest_readback::Search;
use acidtest_record::RunSpec;
use acidtest_store::{RunMark, Store};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long one question may search; the next goes on where it stopped.
const SEARCH: Duration = Duration::from_millis(800);
/// Most runs of one question.
const MOST_RUNS: usize = 20;

/// A run's requests with its plan.
pub(crate) struct Indexed {
    pub(crate) index: Arc<CaseIndex>,
    pub(crate) spec: Arc<RunSpec>,
}

impl Weighed for Indexed {
    fn weight(&self) -> usize {
        self.index.bytes() + (16 << 10)
    }
}

/// A search with the index that its positions belong to.
pub(crate) struct Searching {
    pub(crate) indexed: Arc<Indexed>,
    search: Mutex<Search>,
}

impl Weighed for Searching {
    fn weight(&self) -> usize {
        // The index may be in use here alone.
        self.indexed.weight() + self.indexed.index.len() / 8
    }
}

impl Searching {
    /// Looks on for a while, then gives what was found.
    pub(crate) fn look<T>(
        &self,
        store: &Store,
        then: impl FnOnce(&Search) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut search = self.search.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        search.go_on(store, &self.indexed.index, &mut || begun.elapsed() > SEARCH)?;
        then(&search)
    }
}

/// Runs set against each other; votes are read when they are needed.
pub(crate) struct Arena(pub(crate) acidtest_readback::Arena);

impl Weighed for Arena {
    fn weight(&self) -> usize {
        self.0.bytes()
    }
}

fn index(store: &Store, run: acidtest_record::RunId) -> Result<Indexed, Refusal> {
    let (index, spec) = acidtest_readback::index(store, run)?;
    Ok(Indexed { index: Arc::new(index), spec: Arc::new(spec) })
}

impl App {
    /// The index of a run with every opinion that there is.
    pub(crate) async fn indexed(&self, run: &RunMark) -> Result<Arc<Indexed>, Refusal> {
        let id = run.summary.id;
        self.derived(Wanted::of("cases", run), move |store| index(store, id)).await
    }

    /// The index of a run for those who need its requests and no opinions: one from before a vote will do.
    pub(crate) async fn requests_of(&self, run: &RunMark) -> Result<Arc<Indexed>, Refusal> {
        let held = self.kept.get::<Indexed>(&Wanted::of("cases", run).name());
        match held.filter(|h| same_requests(&h.marks, std::slice::from_ref(run))) {
            Some(held) => Ok(held.value),
            None => self.indexed(run).await,
        }
    }

    /// A search through the texts of a run.
    pub(crate) async fn searching(
        &self,
        run: &RunMark,
        needle: Needle,
        typed: &str,
    ) -> Result<Arc<Searching>, Refusal> {
        let indexed = self.indexed(run).await?;
        let wanted = Wanted::of("search", run).with(typed);
        self.derived(wanted, move |_| {
            let search = Mutex::new(Search::new(&indexed.index, needle));
            Ok(Searching { indexed, search })
        })
        .await
    }

    /// The runs of a question, or the usual ones.
    pub(crate) async fn runs_of(&self, named: Option<&str>) -> Result<Vec<RunMark>, Refusal> {
        let named: Vec<&str> =
            named.unwrap_or_default().split(',').map(str::trim).filter(|n| !n.is_empty()).collect();
        if named.len() > MOST_RUNS {
            return Err(Refusal::bad(format!("{} runs, at most {MOST_RUNS} at once", named.len())));
        }
        let mut marks: Vec<RunMark> = Vec::new();
        for name in &named {
            let mark = self.run(name).await?;
            if marks.iter().all(|m| m.summary.id != mark.summary.id) {
                marks.push(mark);
            }
        }
        if named.is_empty() {
            marks = self
                .reading(|store| {
                    let usual = acidtest_readback::Arena::usual(store)?;
                    Ok(usual.into_iter().map(|run| store.mark(run)).collect::<Result<_, _>>()?)
                })
                .await?;
        }
        Ok(marks)
    }

    /// Runs set against each other.
    pub(crate) async fn arena(&self, runs: &[RunMark]) -> Result<Arc<Arena>, Refusal> {
        let wanted = Wanted::of_many("arena", runs).fresh();
        let held = self.kept.get::<Arena>(&wanted.name());
        if let Some(held) = held.filter(|h| same_requests(&h.marks, runs)) {
            return Ok(held.value);
        }
        let mut known = Vec::with_capacity(runs.len());
        for run in runs {
            let indexed = self.requests_of(run).await?;
            known.push((run.summary.id, indexed.index.clone(), indexed.spec.clone()));
        }
        self.derived(wanted, move |store| Ok(Arena(acidtest_readback::Arena::of(store, known)?))).await
    }
}

/// Whether runs hold the requests that they held, whatever was said of them meanwhile.
fn same_requests(before: &[RunMark], now: &[RunMark]) -> bool {
    before.len() == now.len() && before.iter().zip(now).all(|(a, b)| a.summary == b.summary)
}
