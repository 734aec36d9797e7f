//! Probabilities against what happened: log loss and Brier score.
//!
//! Main type: [`ProbabilityRows`], which checks its numbers once.

use super::{Undefined, check_lengths};

/// What the probabilities of a case must sum to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sums {
    /// One, within the tolerance at which scikit-learn's log loss warns (1e-8 + √ε ≈ 2.5e-8).
    One,
    /// Anything: they are used as they are, as scikit-learn does.
    Any,
}

/// One row of class probabilities per case, and the class that was true.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProbabilityRows<'a> {
    values: &'a [f64],
    classes: usize,
    truth: &'a [u32],
}

impl<'a> ProbabilityRows<'a> {
    /// Rows of `classes` probabilities, one row per entry of `truth`.
    ///
    /// # Errors
    /// Sizes that do not fit, fewer than two classes, a probability outside 0..=1 or NaN, a row that
    /// does not sum to one where it must, or a class id that is not below `classes`.
    pub fn new(
        values: &'a [f64],
        classes: usize,
        truth: &'a [u32],
        sums: Sums,
    ) -> Result<ProbabilityRows<'a>, Undefined> {
        if classes < 2 {
            return Err(Undefined::Argument {
                what: "classes",
                value: classes as f64,
                expected: "at least 2",
            });
        }
        check_lengths("probabilities", values.len(), truth.len().saturating_mul(classes))?;
        check_probabilities(values)?;
        if let Some(case) = truth.iter().position(|t| *t as usize >= classes) {
            return Err(Undefined::UnknownLabel { case });
        }
        if sums == Sums::One {
            for (case, row) in values.chunks_exact(classes).enumerate() {
                let sum: f64 = row.iter().sum();
                if (sum - 1.0).abs() > 1e-8 + f64::EPSILON.sqrt() {
                    return Err(Undefined::Sum { case, sum });
                }
            }
        }
        Ok(ProbabilityRows { values, classes, truth })
    }

    /// Number of cases.
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// Whether there are none; the constructor refuses that.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// Number of classes.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The true class of each case.
    pub fn truth(&self) -> &'a [u32] {
        self.truth
    }

    /// All probabilities, row by row.
    pub fn values(&self) -> &'a [f64] {
        self.values
    }

    /// The row of one case.
    pub fn row(&self, case: usize) -> &'a [f64] {
        &self.values[case * self.classes..(case + 1) * self.classes]
    }

    /// The rows, case by case.
    pub fn rows(&self) -> impl Iterator<Item = &'a [f64]> {
        self.values.chunks_exact(self.classes)
    }

    /// −ln of the probability of the true class, clipped to ε..1−ε with ε = 2⁻⁵², per case. Their
    /// mean is the log loss; as rows (value, 1) they can be resampled.
    pub fn log_losses(&self) -> impl Iterator<Item = f64> {
        self.rows().zip(self.truth).map(|(row, t)| surprise(row[*t as usize]))
    }

    /// Σ over classes of (y − p)² per case, in 0..2.
    pub fn brier_scores(&self) -> impl Iterator<Item = f64> {
        let one = |(row, truth): (&[f64], &u32)| {
            let due = |class: usize| f64::from(u8::from(class == *truth as usize));
            row.iter().enumerate().map(|(class, p)| (due(class) - p).powi(2)).sum()
        };
        self.rows().zip(self.truth).map(one)
    }

    /// Mean log loss in nats, at least 0, less is better.
    pub fn log_loss(&self) -> f64 {
        self.log_losses().sum::<f64>() / self.len() as f64
    }

    /// Mean Brier score, unscaled: 0..2, less is better. Half of it is in 0..1.
    ///
    /// ```
    /// use acidtest_metrics::classify::{ProbabilityRows, Sums};
    /// let p = [0.8, 0.1, 0.1, 0.2, 0.7, 0.1, 0.2, 0.2, 0.6];
    /// let rows = ProbabilityRows::new(&p, 3, &[0, 1, 2], Sums::One).unwrap();
    /// assert!((rows.brier() - 0.44 / 3.0).abs() < 1e-12);
    /// ```
    pub fn brier(&self) -> f64 {
        self.brier_scores().sum::<f64>() / self.len() as f64
    }
}

fn surprise(p: f64) -> f64 {
    -p.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

pub(crate) fn check_probabilities(values: &[f64]) -> Result<(), Undefined> {
    match values.iter().position(|p| !(0.0..=1.0).contains(p)) {
        Some(index) => Err(Undefined::NotProbability { index, value: values[index] }),
        None => Ok(()),
    }
}

/// Mean log loss of yes/no cases in nats, from the probability of yes; clipped as
/// [`ProbabilityRows::log_losses`] says.
///
/// # Errors
/// Lengths that differ, no case, a probability outside 0..=1 or NaN.
pub fn log_loss(truth: &[bool], p: &[f64]) -> Result<f64, Undefined> {
    check_lengths("probabilities", p.len(), truth.len())?;
    check_probabilities(p)?;
    let losses = truth.iter().zip(p).map(|(t, p)| surprise(if *t { *p } else { 1.0 - p }));
    Ok(losses.sum::<f64>() / p.len() as f64)
}

/// Brier score of yes/no cases: the mean of (y − p)², in 0..1, less is better.
///
/// # Errors
/// As [`log_loss`].
pub fn brier(truth: &[bool], p: &[f64]) -> Result<f64, Undefined> {
    check_lengths("probabilities", p.len(), truth.len())?;
    check_probabilities(p)?;
    let squares = truth.iter().zip(p).map(|(t, p)| (f64::from(u8::from(*t)) - p).powi(2));
    Ok(squares.sum::<f64>() / p.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_probability() {
        let check = |p: &[f64], truth: &[u32]| ProbabilityRows::new(p, 2, truth, Sums::One).err();
        assert!(matches!(check(&[0.5, f64::NAN], &[0]), Some(Undefined::NotProbability { index: 1, .. })));
        assert!(matches!(check(&[1.5, 0.0], &[0]), Some(Undefined::NotProbability { index: 0, .. })));
        assert!(matches!(check(&[0.5, 0.4], &[0]), Some(Undefined::Sum { case: 0, .. })));
        assert_eq!(check(&[0.5, 0.5], &[2]), Some(Undefined::UnknownLabel { case: 0 }));
        assert_eq!(check(&[], &[]), Some(Undefined::Empty));
        assert!(log_loss(&[true], &[-0.1]).is_err() && brier(&[], &[]).is_err());
    }

    #[test]
    fn certain_and_wrong_is_finite() {
        let loss = log_loss(&[true], &[0.0]).unwrap();
        assert!((loss - 36.04365338911715).abs() < 1e-9);
    }
}
