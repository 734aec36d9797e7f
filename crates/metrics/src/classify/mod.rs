//! Labels and probabilities against the truth, as scikit-learn 1.9 computes them.
//!
//! Main types: [`Cases`] (labels of cases), [`Confusion`] (counts, of which every score of labels
//! is a function), [`MultiLabel`], [`ProbabilityRows`]. Nothing here resamples: rows are handed
//! out, the statistics engine draws.
//!
//! ```text
//!   what is given?                what is wanted?                      function
//!   labels                        accuracy, kappa, MCC, F1 ...         Cases, Confusion
//!   sets of labels                F1, Hamming loss, Jaccard            MultiLabel
//!   scores of two classes         ROC, precision-recall                roc_auc, roc_curve ...
//!   scores of two classes         an interval, a paired test           delong, delong_paired
//!   probabilities                 log loss, Brier                      ProbabilityRows, log_loss, brier
//!   probabilities of top labels   calibration                          calibration
//! ```
//!
//! A value that does not exist is an [`Undefined`] with its reason, never NaN and never a silent 0.

mod calibration;
mod confusion;
mod delong;
mod interval;
mod multiclass;
mod multilabel;
mod probability;
mod roc;
mod scores;

pub use calibration::{
    Bins, Calibration, CalibrationBin, DEFAULT_BINS, Spiegelhalter, calibration, spiegelhalter,
};
pub use confusion::{Cases, CellRows, Confusion, Encoded, MATRIX_CLASSES, encode_labels};
pub use delong::{Auc, AucDifference, AucScale, delong, delong_clustered, delong_paired};
pub use interval::{f1_interval, jaccard_interval};
pub use multiclass::{Pairing, Weighing, average_precision_multiclass, roc_auc_multiclass, top_k_accuracy};
pub use multilabel::MultiLabel;
pub use probability::{ProbabilityRows, Sums, brier, log_loss};
pub use roc::{Curve, average_precision, precision_recall_curve, roc_auc, roc_auc_partial, roc_curve};
pub use scores::{Averaging, ClassCounts, KappaWeights, Measure, ZeroDivision, score};

/// Why a number of this room does not exist. The text is meant for the reader of a report.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Undefined {
    /// There is nothing to compute from.
    #[error("no cases")]
    Empty,
    /// Two lists that belong together differ in length.
    #[error("{what}: {have} given, expected {expected}")]
    Length {
        /// Which list.
        what: &'static str,
        /// Its length.
        have: usize,
        /// The length it should have.
        expected: usize,
    },
    /// A score is NaN or infinite.
    #[error("score {index} is {value}, expected a finite number")]
    NotFinite {
        /// Its position.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// A probability lies outside 0..=1.
    #[error("probability {index} is {value}, expected a number from 0 to 1")]
    NotProbability {
        /// Its position, row by row.
        index: usize,
        /// The value itself.
        value: f64,
    },
    /// The probabilities of one case do not sum to one.
    #[error("the probabilities of case {case} sum to {sum}, expected 1")]
    Sum {
        /// Which case, from 0.
        case: usize,
        /// Their sum.
        sum: f64,
    },
    /// A label is not one of those that were given.
    #[error("the label of case {case} is not in the given set")]
    UnknownLabel {
        /// Which case, from 0.
        case: usize,
    },
    /// The same label was given twice.
    #[error("label {index} was given before")]
    RepeatedLabel {
        /// Position of the second one.
        index: usize,
    },
    /// Positives and negatives are both needed.
    #[error("one class only: {positives} positives, {negatives} negatives")]
    OneClass {
        /// Cases of the class asked about.
        positives: usize,
        /// The others.
        negatives: usize,
    },
    /// Every denominator is 0.
    #[error("zero division: {what}")]
    ZeroDivision {
        /// What was missing.
        what: &'static str,
    },
    /// The averaging asked for has no meaning for these data.
    #[error("averaging {averaging} does not exist for {data}")]
    Averaging {
        /// Its name.
        averaging: &'static str,
        /// What the data are.
        data: &'static str,
    },
    /// An argument lies outside what the formula allows.
    #[error("{what} is {value}, expected {expected}")]
    Argument {
        /// Its name.
        what: &'static str,
        /// The value given.
        value: f64,
        /// What would have been right.
        expected: &'static str,
    },
}

/// Checks that two lists that belong together are as long as each other, and not empty.
pub(crate) fn check_lengths(what: &'static str, have: usize, expected: usize) -> Result<(), Undefined> {
    if have != expected {
        return Err(Undefined::Length { what, have, expected });
    }
    if have == 0 {
        return Err(Undefined::Empty);
    }
    Ok(())
}
