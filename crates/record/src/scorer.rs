//! How answers are scored.
//!
//! Main types: [`ScorerSpec`] and [`ScorerKind`]. Values only: the engine runs them.

use serde::{Deserialize, Serialize};

/// One scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerSpec {
    /// Its name in tables and verdicts.
    pub name: String,
    /// What it does.
    pub kind: ScorerKind,
    /// Whether a pass becomes a failure and the score is turned over.
    pub negate: bool,
    /// Its weight in `all`, `any` and the total score.
    pub weight: f64,
    /// The score at which it passes. A scorer without one only measures and
    /// does not decide whether an answer is correct.
    pub pass: Option<f64>,
}

/// Kinds of scorers. Each gives a score in 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScorerKind {
    /// Equal to a reference after trimming.
    Exact {
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// Contains a reference.
    Contains {
        /// Whether letter case is ignored.
        ignore_case: bool,
        /// What to look for in place of the references.
        any_of: Option<Vec<String>>,
    },
    /// Begins with a reference.
    StartsWith {
        /// Whether letter case is ignored.
        ignore_case: bool,
        /// What to look for in place of the references.
        any_of: Option<Vec<String>>,
    },
    /// Matches a pattern.
    Regex {
        /// The pattern.
        pattern: String,
    },
    /// Equal to a reference as a number.
    Numeric {
        /// Largest absolute difference.
        abs: f64,
        /// Largest difference relative to the reference.
        rel: f64,
    },
    /// Word F1 with the best reference.
    TokenF1 {
        /// Unicode words in place of SQuAD's.
        unicode: bool,
    },
    /// Character F1 with the best reference.
    CharF1 {
        /// Unicode characters in place of KorQuAD's normalisation.
        unicode: bool,
    },
    /// 1 when the answer is a refusal (Korean or English).
    Refusal,
    /// Passes when all pass; the score is the weighted mean.
    All(Vec<ScorerSpec>),
    /// Passes when one passes; the score is the best.
    Any(Vec<ScorerSpec>),
}
