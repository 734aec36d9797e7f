//! What a resumed run still has to send.
//!
//! Main type: [`LastAttempt`]. Must not decide about retries: how many attempts
//! a request may have is in the plan of the run.

use crate::error::Result;
use crate::open::Store;
use crate::read::Columns;
use acidtest_record::{Cause, NotSent, OutcomeClass, RunId};

/// The last stored attempt of a request. A request without one was never
/// finished nor refused: it is sent as attempt 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastAttempt {
    /// The slot.
    pub slot: u32,
    /// The step within it.
    pub step: u16,
    /// The number of the last attempt that was stored.
    pub attempt: u8,
    /// How that attempt ended.
    pub class: OutcomeClass,
}

impl LastAttempt {
    /// Whether the run was stopped before this request came to its end, so that
    /// it is sent again as the next attempt: the last attempt was cancelled, or
    /// never sent because the run was stopped or had reached its cost cap.
    ///
    /// Everything else is an outcome of the request itself and stays: an answer
    /// of any kind, a failure, or a slot that the plan gave up (in-flight cap,
    /// full hand-over, the phase's time was over, an unbuildable request).
    /// After a failure the caller looks at its plan: a crash may have come
    /// between two attempts, and then `attempt + 1 < spec.retry.attempts`.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        matches!(
            self.class,
            OutcomeClass::Failed(Cause::Cancelled)
                | OutcomeClass::NotSent(NotSent::Stopped | NotSent::CostCap)
        )
    }

    /// The number of the next attempt, if one is made and numbers are left.
    #[must_use]
    pub fn next_attempt(&self) -> Option<u8> {
        self.attempt.checked_add(1)
    }
}

impl Store {
    /// The last attempt of every request of a run, by slot and step.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn last_attempts(&self, run: RunId) -> Result<Vec<LastAttempt>> {
        self.snapshot("read a run", |conn| {
            let no = self.run_no(conn, run)?;
            let mut stmt = conn.prepare(
                "SELECT slot, step, attempt, outcome, cause FROM record
                 WHERE run = ? ORDER BY slot, step, attempt",
            )?;
            let mut rows = stmt.query([no])?;
            let mut last: Vec<LastAttempt> = Vec::new();
            while let Some(row) = rows.next()? {
                let mut c = Columns { row, at: 0 };
                let key = c.key(run)?;
                let this =
                    LastAttempt { slot: key.slot, step: key.step, attempt: key.attempt, class: c.class()? };
                match last.last_mut().filter(|l| (l.slot, l.step) == (key.slot, key.step)) {
                    Some(same) => *same = this,
                    None => last.push(this),
                }
            }
            Ok(last)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_stop_took_away_is_sent_again() {
        let interrupted = |class| LastAttempt { slot: 0, step: 0, attempt: 0, class }.interrupted();
        let causes = Cause::ALL.into_iter().map(OutcomeClass::Failed);
        let reasons = NotSent::ALL.into_iter().map(OutcomeClass::NotSent);
        let again: Vec<OutcomeClass> = causes.chain(reasons).filter(|c| interrupted(*c)).collect();
        assert_eq!(
            again,
            [
                OutcomeClass::Failed(Cause::Cancelled),
                OutcomeClass::NotSent(NotSent::CostCap),
                OutcomeClass::NotSent(NotSent::Stopped),
            ]
        );
        assert!(!interrupted(OutcomeClass::Empty));
    }
}
