//! A run read back into a [`View`], given to a function and dropped.
//!
//! Main functions: [`with_view`], [`findings`]. A view borrows its plan and its cases, so it never
//! outlives the call; must not keep anything.

use crate::said::Said;
use acidtest_engine::EngineError;
use acidtest_engine::score::Answers;
use acidtest_findings::{Findings, View};
use acidtest_record::{Record, RunId, RunSpec};
use acidtest_store::{Store, StoreError};

/// Why a run cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum ReadBackError {
    /// The store's own trouble.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan's extraction is not one that this program can apply.
    #[error(transparent)]
    Extraction(#[from] EngineError),
}

/// Reads a run back and computes its findings alone.
///
/// # Errors
/// The run is unknown, or the store cannot be read.
pub fn findings(store: &Store, run: RunId) -> Result<Findings, ReadBackError> {
    with_view(store, run, |view| {
        let said = Said::of(store, run, view);
        acidtest_findings::find(view, &mut |key| said.texts(store, key))
    })
}

/// Reads a run back and gives it to a function.
///
/// # Errors
/// The run is unknown, or the store cannot be read.
pub fn with_view<R>(store: &Store, run: RunId, then: impl FnOnce(&View) -> R) -> Result<R, ReadBackError> {
    with_spec(store, run, store.spec(run)?, then)
}

/// The same under a plan that asks for other metrics than the stored one.
///
/// # Errors
/// The run is unknown, the store cannot be read, or the plan's extraction cannot be applied.
pub fn with_spec<R>(
    store: &Store,
    run: RunId,
    spec: RunSpec,
    then: impl FnOnce(&View) -> R,
) -> Result<R, ReadBackError> {
    let cases = store.cases(run)?;
    let mut builder = View::new(run, &spec, &cases);
    builder.state(store.state(run)?);
    for clock in store.clocks(run)? {
        builder.clock(&clock);
    }
    store.facts(run, &mut |fact| builder.fact(&fact))?;
    store.rows(run, &mut |row| builder.row(row))?;
    store.verdicts(run, &mut |verdict| builder.verdict(&verdict))?;
    store.readings(run, &mut |reading| builder.reading(&reading))?;
    if builder.wants_answers() {
        let answers = Answers::new(&spec, &cases)?;
        let mut add = |record: Record| {
            if let Some(answer) = answers.of(&record) {
                builder.answer(&record.key, answer.as_deref());
            }
        };
        store.records(run, &mut add)?;
    }
    if builder.wants_details() {
        store.details(run, &mut |key, timing| builder.detail(&key, &timing))?;
    }
    let view = builder.finish();
    Ok(then(&view))
}
