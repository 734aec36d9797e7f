//! The answer that scorers see, for whoever counts over all answers.
//!
//! Main type: [`Answers`]. The same extraction as the [`Judge`](super::Judge)'s; no opinion.

use super::extractor;
use crate::phase::EngineError;
use acidtest_record::{Case, Digest, Kind, OutcomeClass, Record, Role, RunSpec};
use acidtest_suite::Extractor;
use std::collections::HashMap;

/// The extractions of a plan and its cases.
#[derive(Debug)]
pub struct Answers {
    plan: Extractor,
    own: HashMap<Digest, Extractor>,
}

impl Answers {
    /// Compiles them.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub fn new(spec: &RunSpec, cases: &[Case]) -> Result<Self, EngineError> {
        let mut own = HashMap::new();
        for case in cases {
            if let Some(extraction) = &case.extraction {
                own.insert(case.hash, extractor(extraction, &spec.thinking)?);
            }
        }
        Ok(Self { plan: extractor(&spec.extraction, &spec.thinking)?, own })
    }

    /// What the extraction finds in a delivered answer, `Some(None)` where it finds nothing;
    /// `None` for a record that is no delivered text.
    #[must_use]
    pub fn of(&self, record: &Record) -> Option<Option<String>> {
        let is_text = !matches!(record.kind, Kind::Embed | Kind::LogLikelihood);
        let counts = record.role == Role::Subject && is_text && OutcomeClass::of_record(record).delivered();
        let extraction = record.case.and_then(|case| self.own.get(&case)).unwrap_or(&self.plan);
        counts.then(|| extraction.apply(&record.answer.text()).ok())
    }
}
