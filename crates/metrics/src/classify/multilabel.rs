//! Several labels per case: an indicator matrix of truth and one of predictions.
//!
//! Main type: [`MultiLabel`]. Thresholds of scores are the caller's business.

use super::scores::{Averaging, ClassCounts, Measure, ZeroDivision, score};
use super::{Undefined, check_lengths};

/// Whether each label belongs to each case, and was said to; case by case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultiLabel<'a> {
    truth: &'a [bool],
    predicted: &'a [bool],
    labels: usize,
}

impl<'a> MultiLabel<'a> {
    /// Two matrices of `labels` columns.
    ///
    /// ```
    /// use acidtest_metrics::classify::{Averaging, Measure, MultiLabel, ZeroDivision};
    /// let due = [true, false, true, false, true, false];
    /// let said = [true, false, false, false, true, true];
    /// let sets = MultiLabel::new(&due, &said, 3).unwrap();
    /// assert_eq!(sets.subset_accuracy(), 0.0);
    /// assert!((sets.hamming_loss() - 2.0 / 6.0).abs() < 1e-12);
    /// let f1 = sets.score(Measure::F(1.0), Averaging::Samples, ZeroDivision::Zero).unwrap();
    /// assert!((f1 - 2.0 / 3.0).abs() < 1e-12);
    /// ```
    ///
    /// # Errors
    /// No case, no label, or matrices whose sizes do not fit.
    pub fn new(truth: &'a [bool], predicted: &'a [bool], labels: usize) -> Result<MultiLabel<'a>, Undefined> {
        check_lengths("predicted labels", predicted.len(), truth.len())?;
        if labels == 0 || !truth.len().is_multiple_of(labels) {
            let expected = "a divisor of the size of the matrix";
            return Err(Undefined::Argument { what: "labels", value: labels as f64, expected });
        }
        Ok(MultiLabel { truth, predicted, labels })
    }

    /// Number of cases.
    pub fn cases(&self) -> usize {
        self.truth.len() / self.labels
    }

    fn pairs(&self) -> impl Iterator<Item = (&[bool], &[bool])> {
        self.truth.chunks_exact(self.labels).zip(self.predicted.chunks_exact(self.labels))
    }

    /// Counts of each label.
    pub fn label_counts(&self) -> Vec<ClassCounts> {
        let mut counts = vec![ClassCounts::default(); self.labels];
        for (truth, predicted) in self.pairs() {
            for ((count, t), p) in counts.iter_mut().zip(truth).zip(predicted) {
                count_one(count, *t, *p);
            }
        }
        counts
    }

    /// Counts of each case.
    pub fn case_counts(&self) -> Vec<ClassCounts> {
        let one = |(truth, predicted): (&[bool], &[bool])| {
            let mut count = ClassCounts::default();
            truth.iter().zip(predicted).for_each(|(t, p)| count_one(&mut count, *t, *p));
            count
        };
        self.pairs().map(one).collect()
    }

    /// A score, averaged as told.
    pub fn score(
        &self,
        measure: Measure,
        averaging: Averaging,
        zero: ZeroDivision,
    ) -> Result<f64, Undefined> {
        let counts = match averaging {
            Averaging::Samples => self.case_counts(),
            _ => self.label_counts(),
        };
        score(&counts, measure, averaging, zero)
    }

    /// Share of cases whose set of labels is exactly right.
    pub fn subset_accuracy(&self) -> f64 {
        self.pairs().filter(|(t, p)| t == p).count() as f64 / self.cases() as f64
    }

    /// Share of (case, label) entries that are wrong; less is better.
    pub fn hamming_loss(&self) -> f64 {
        let wrong = self.truth.iter().zip(self.predicted).filter(|(t, p)| t != p).count();
        wrong as f64 / self.truth.len() as f64
    }
}

fn count_one(count: &mut ClassCounts, truth: bool, predicted: bool) {
    count.actual += f64::from(u8::from(truth));
    count.predicted += f64::from(u8::from(predicted));
    count.hits += f64::from(u8::from(truth && predicted));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_must_fit() {
        assert!(MultiLabel::new(&[], &[], 1).is_err());
        assert!(MultiLabel::new(&[true], &[true], 0).is_err());
        assert!(MultiLabel::new(&[true, false, true], &[true, true, true], 2).is_err());
        assert!(MultiLabel::new(&[true], &[true, false], 1).is_err());
    }

    #[test]
    fn a_case_without_labels_is_left_out_when_absent() {
        let sets = MultiLabel::new(&[true, false, false, false], &[true, false, false, false], 2).unwrap();
        let f1 = |zero| sets.score(Measure::F(1.0), Averaging::Samples, zero).unwrap();
        assert_eq!((f1(ZeroDivision::Absent), f1(ZeroDivision::Zero)), (1.0, 0.5));
    }
}
