//! Stored runs whose targets are set against each other.
//!
//! Main type: [`Arena`]: who answered which case, and the votes on those answers. `acidtest rank`
//! and the page's server both read it here.

use crate::browse::index;
use crate::view::ReadBackError;
use acidtest_findings::browse::CaseIndex;
use acidtest_findings::duels::{Ballots, Duels, Field, OfRun, PREFERENCE, TooMany};
use acidtest_record::{CORRECT, MakerKind, RunId, RunSpec};
use acidtest_store::{Store, StoreError};
use std::sync::Arc;

/// Runs that take part where none is named: the newest, as long as they have no more requests in all.
const USUAL: usize = 20;
const USUAL_REQUESTS: u64 = 200_000;

/// A run that takes part.
pub struct ArenaRun {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    index: Arc<CaseIndex>,
    spec: Arc<RunSpec>,
}

/// Answers of stored runs and the votes on them.
pub struct Arena {
    runs: Vec<ArenaRun>,
    field: Field,
    ballots: Ballots,
}

impl Arena {
    /// The runs that take part where none is named.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn usual(store: &Store) -> Result<Vec<RunId>, ReadBackError> {
        let mut left = USUAL_REQUESTS;
        let mut usual = Vec::new();
        for run in store.runs()?.into_iter().take(USUAL) {
            if run.requests > left && !usual.is_empty() {
                break;
            }
            left = left.saturating_sub(run.requests);
            usual.push(run.id);
        }
        Ok(usual)
    }

    /// Reads runs. Votes are those that any of them holds.
    ///
    /// # Errors
    /// A run is unknown, or the store cannot be read.
    pub fn read(store: &Store, runs: &[RunId]) -> Result<Self, ReadBackError> {
        let mut known = Vec::with_capacity(runs.len());
        for run in runs {
            let (index, spec) = index(store, *run)?;
            known.push((*run, Arc::new(index), Arc::new(spec)));
        }
        Self::of(store, known)
    }

    /// The same of runs whose requests are indexed already.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn of(
        store: &Store,
        runs: Vec<(RunId, Arc<CaseIndex>, Arc<RunSpec>)>,
    ) -> Result<Self, ReadBackError> {
        let ballots = ballots(store, runs.iter().map(|(run, ..)| *run))?;
        let mut known = Vec::with_capacity(runs.len());
        for (id, index, spec) in runs {
            known.push(ArenaRun { id, name: store.summary(id)?.name, index, spec });
        }
        let field = Field::of(&of_runs(&known));
        Ok(Self { runs: known, field, ballots })
    }

    /// The same answers with the votes as they are now.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn votes_now(&self, store: &Store) -> Result<Ballots, StoreError> {
        ballots(store, self.runs.iter().map(|r| r.id))
    }

    /// The runs.
    #[must_use]
    pub fn runs(&self) -> &[ArenaRun] {
        &self.runs
    }

    /// Who answered which case.
    #[must_use]
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The votes.
    #[must_use]
    pub fn ballots(&self) -> &Ballots {
        &self.ballots
    }

    /// Battles of the votes.
    ///
    /// # Errors
    /// More contestants than are rated at once.
    pub fn of_votes(&self) -> Result<Duels, TooMany> {
        Duels::of_votes(&self.field, &self.ballots)
    }

    /// Battles of a score.
    ///
    /// # Errors
    /// More contestants or battles than are rated at once.
    pub fn of_scores(&self, name: &str) -> Result<Duels, TooMany> {
        Duels::of_scores(&self.field, &of_runs(&self.runs), name)
    }

    /// Names of scores that some run has, `correct` first where answers are judged.
    #[must_use]
    pub fn score_names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.runs.iter().flat_map(|r| r.index.score_names()).map(str::to_owned).collect();
        names.sort_unstable();
        names.dedup();
        if self.runs.iter().any(|r| r.index.is_judged()) {
            names.insert(0, CORRECT.to_owned());
        }
        names
    }

    /// Bytes that it holds beside the indexes, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.field.entries().len() * 120
    }
}

fn of_runs(runs: &[ArenaRun]) -> Vec<OfRun<'_>> {
    runs.iter().map(|r| OfRun { index: &r.index, spec: &r.spec }).collect()
}

fn ballots(store: &Store, runs: impl Iterator<Item = RunId>) -> Result<Ballots, StoreError> {
    let mut ballots = Ballots::default();
    for run in runs {
        for kind in [MakerKind::Person, MakerKind::Judge] {
            store.verdicts_by(run, kind, Some(PREFERENCE), &mut |v| ballots.add(&v))?;
        }
    }
    Ok(ballots)
}
