//! Intervals of F1 and Jaccard of one class, for independent cases.
//!
//! Averages over classes are functions of sums and are resampled by the statistics engine.

use super::scores::ClassCounts;
use crate::stats::{Interval, Method, NoInterval, StatError, proportion};

/// Interval of the Jaccard score of one class. Among the cases that are of the class or said to
/// be, hits are binomial, so this is Wilson's interval of hits / (actual + predicted − hits); at no
/// hit, or nothing but hits, it is the exact one-sided bound.
///
/// # Errors
/// Counts that are not whole (they were weighted), or no case of the class on either side.
pub fn jaccard_interval(counts: &ClassCounts, level: f64) -> Result<Interval, NoInterval> {
    let either = counts.actual + counts.predicted - counts.hits;
    for value in [counts.hits, either] {
        if value.fract() != 0.0 || !(0.0..9e15).contains(&value) {
            let expected = "a whole number; resample weighted counts";
            return Err(StatError::OutOfRange { what: "count", value, expected }.into());
        }
    }
    if either == 0.0 {
        return Err(NoInterval::TooFew { what: "cases of the class", have: 0, need: 1 });
    }
    proportion(counts.hits as u64, either as u64, level)
}

/// Interval of F1 of one class: that of the Jaccard score J, its ends mapped by F1 = 2J / (1 + J),
/// which rises with J. At the edges it is an exact one-sided bound, never [0, 0] or [1, 1].
/// Source: Lam, Gopal and Qian, "Confidence intervals for the F1 score" (2023), Wilson indirect.
///
/// ```
/// use acidtest_metrics::classify::{ClassCounts, f1_interval};
/// let counts = ClassCounts { hits: 8.0, predicted: 10.0, actual: 9.0 };
/// let i = f1_interval(&counts, 0.95).unwrap();
/// assert_eq!(i.method.name(), "Wilson, F1");
/// assert!(i.holds(16.0 / 19.0) && i.low.unwrap() > 0.5);
/// ```
///
/// # Errors
/// As [`jaccard_interval`].
pub fn f1_interval(counts: &ClassCounts, level: f64) -> Result<Interval, NoInterval> {
    let mut interval = jaccard_interval(counts, level)?;
    let f1 = |j: f64| 2.0 * j / (1.0 + j);
    interval.low = interval.low.map(f1);
    interval.high = interval.high.map(f1);
    if interval.method == Method::Wilson {
        interval.method = Method::WilsonF1;
    }
    Ok(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        let counts = |hits, predicted, actual| ClassCounts { hits, predicted, actual };
        let perfect = f1_interval(&counts(5.0, 5.0, 5.0), 0.95).unwrap();
        assert_eq!(perfect.method, Method::ExactLower);
        assert!(perfect.low.unwrap() < 0.8 && perfect.high == Some(1.0));
        let none = f1_interval(&counts(0.0, 5.0, 5.0), 0.95).unwrap();
        assert_eq!((none.method, none.low), (Method::ExactUpper, Some(0.0)));
        assert!(f1_interval(&counts(0.0, 0.0, 0.0), 0.95).is_err());
        assert!(f1_interval(&counts(0.5, 1.0, 1.0), 0.95).is_err());
        assert!(f1_interval(&counts(f64::NAN, 1.0, 1.0), 0.95).is_err());
    }
}
