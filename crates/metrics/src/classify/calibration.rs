//! Whether probabilities mean what they say: calibration table, ECE, a test.
//!
//! Main type: [`Calibration`]. A confidence is the probability of the label that was chosen
//! (top label), or of "yes"; `right` is whether it came true.

use super::probability::check_probabilities;
use super::{Undefined, check_lengths};
use crate::stats::{Interval, NoInterval, normal_cdf, proportion};

/// The usual number of bins.
pub const DEFAULT_BINS: usize = 15;

/// Where bins end. Bins are closed on the right; 0 is in the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bins {
    /// Bins of equal width.
    EqualWidth,
    /// Bins between quantiles of the confidences (linear interpolation); equal ones stay together.
    EqualMass,
}

/// One bin that has cases.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationBin {
    /// Its position among all bins, from 0.
    pub bin: usize,
    /// Cases in it.
    pub n: usize,
    /// Their mean confidence.
    pub mean_confidence: f64,
    /// Share that came true.
    pub accuracy: f64,
    /// Wilson interval of that share (at 0 or 1 the exact one-sided bound), for independent cases.
    pub interval: Result<Interval, NoInterval>,
}

/// A calibration table and what is summed up from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Bins with cases, rising.
    pub table: Vec<CalibrationBin>,
    /// Expected calibration error Σ n_b/n · |accuracy − mean confidence|, in 0..1. A plug-in value:
    /// chance adds to every bin, so it is too high, the more so the fewer cases a bin has.
    pub ece: f64,
    /// Largest |accuracy − mean confidence| of a bin.
    pub max_error: f64,
    /// What `ece` would be about if the confidences were perfect: Σ_b √(2/π · Σ p(1−p)) / n, the
    /// mean of |normal|. An `ece` near it says nothing against calibration.
    pub ece_by_chance: f64,
    /// Squared calibration error without the plug-in bias: Σ n_b/n · ((a−c)² − a(1−a)/(n_b−1)) over
    /// bins of two cases or more. It can be below 0 by chance. Absent when no bin has two cases, or
    /// a case stands alone in its bin. Source: Kumar, Liang and Ma, NeurIPS 2019.
    pub squared_error_debiased: Option<f64>,
}

/// Bins confidences and compares each bin with what came true.
///
/// ```
/// use acidtest_metrics::classify::{Bins, DEFAULT_BINS, calibration};
/// let right = [true, true, false, true];
/// let c = calibration(&right, &[0.9, 0.9, 0.9, 0.6], Bins::EqualWidth, DEFAULT_BINS, 0.95).unwrap();
/// assert_eq!(c.table.len(), 2);
/// assert!((c.ece - (3.0 * (0.9 - 2.0 / 3.0) + 0.4) / 4.0).abs() < 1e-12);
/// ```
///
/// # Errors
/// Lengths that differ, no case, a confidence outside 0..=1 or NaN, no bin or more than 100 000.
pub fn calibration(
    right: &[bool],
    confidences: &[f64],
    bins: Bins,
    count: usize,
    level: f64,
) -> Result<Calibration, Undefined> {
    check_lengths("confidences", confidences.len(), right.len())?;
    check_probabilities(confidences)?;
    if count == 0 || count > 100_000 {
        let expected = "from 1 to 100000";
        return Err(Undefined::Argument { what: "bins", value: count as f64, expected });
    }
    let edges = inner_edges(confidences, bins, count);
    let mut sums = vec![BinSums::default(); count];
    for (right, p) in right.iter().zip(confidences) {
        let sum = &mut sums[edges.partition_point(|edge| edge < p)];
        sum.n += 1;
        sum.confidence += p;
        sum.right += u64::from(*right);
        sum.variance += p * (1.0 - p);
    }
    Ok(summed_up(&sums, right.len() as f64, level))
}

#[derive(Clone, Copy, Default)]
struct BinSums {
    n: usize,
    confidence: f64,
    right: u64,
    variance: f64,
}

fn summed_up(sums: &[BinSums], n: f64, level: f64) -> Calibration {
    let mut c = Calibration {
        table: Vec::new(),
        ece: 0.0,
        max_error: 0.0,
        ece_by_chance: 0.0,
        squared_error_debiased: Some(0.0),
    };
    for (bin, sum) in sums.iter().enumerate().filter(|(_, sum)| sum.n > 0) {
        let size = sum.n as f64;
        let (mean_confidence, accuracy) = (sum.confidence / size, sum.right as f64 / size);
        let gap = (accuracy - mean_confidence).abs();
        c.ece += size / n * gap;
        c.max_error = c.max_error.max(gap);
        c.ece_by_chance += (std::f64::consts::FRAC_2_PI * sum.variance).sqrt() / n;
        c.squared_error_debiased = match c.squared_error_debiased {
            Some(before) if sum.n > 1 => {
                Some(before + size / n * (gap * gap - accuracy * (1.0 - accuracy) / (size - 1.0)))
            }
            _ => None,
        };
        let interval = proportion(sum.right, sum.n as u64, level);
        c.table.push(CalibrationBin { bin, n: sum.n, mean_confidence, accuracy, interval });
    }
    c
}

/// The count − 1 edges between bins, computed as numpy's `linspace` and `percentile` do.
fn inner_edges(confidences: &[f64], bins: Bins, count: usize) -> Vec<f64> {
    let step = 1.0 / count as f64;
    let even = (1..count).map(|i| i as f64 * step);
    match bins {
        Bins::EqualWidth => even.collect(),
        Bins::EqualMass => {
            let mut sorted = confidences.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            even.map(|q| interpolated(&sorted, q * 100.0 / 100.0)).collect()
        }
    }
}

fn interpolated(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let low = at.floor();
    let (a, b) = (sorted[low as usize], sorted[(low as usize + 1).min(sorted.len() - 1)]);
    let t = at - low;
    if t >= 0.5 { b - (b - a) * (1.0 - t) } else { a + (b - a) * t }
}

/// Spiegelhalter's test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spiegelhalter {
    /// Standard normal under perfect calibration; above 0: the Brier score is worse than promised.
    pub z: f64,
    /// Two-sided p.
    pub p: f64,
}

/// Tests whether the Brier score is what the probabilities themselves promise, for independent
/// cases: z = Σ (y − p)(1 − 2p) / √(Σ (1 − 2p)² p(1 − p)). It needs no bins. Source: Spiegelhalter,
/// Stat. Med. 5 (1986) 421–433.
///
/// # Errors
/// Lengths that differ, no case, a probability outside 0..=1 or NaN, or all of them 0, ½ or 1.
pub fn spiegelhalter(right: &[bool], confidences: &[f64]) -> Result<Spiegelhalter, Undefined> {
    check_lengths("confidences", confidences.len(), right.len())?;
    check_probabilities(confidences)?;
    let (mut sum, mut variance) = (0.0, 0.0);
    for (right, p) in right.iter().zip(confidences) {
        let tilt = 1.0 - 2.0 * p;
        sum += (f64::from(u8::from(*right)) - p) * tilt;
        variance += tilt * tilt * p * (1.0 - p);
    }
    if variance <= 0.0 {
        return Err(Undefined::ZeroDivision { what: "every probability is 0, 1/2 or 1" });
    }
    let z = sum / variance.sqrt();
    Ok(Spiegelhalter { z, p: (2.0 * normal_cdf(-z.abs())).min(1.0) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_are_closed_on_the_right() {
        let c = calibration(&[true; 4], &[0.0, 0.2, 0.21, 1.0], Bins::EqualWidth, 5, 0.95).unwrap();
        let at: Vec<_> = c.table.iter().map(|b| (b.bin, b.n)).collect();
        assert_eq!(at, [(0, 2), (1, 1), (4, 1)]);
        assert_eq!(c.squared_error_debiased, None);
    }

    #[test]
    fn what_chance_alone_would_show() {
        let right: Vec<bool> = (0..1000).map(|i| i % 10 < 7).collect();
        let c = calibration(&right, &[0.7; 1000], Bins::EqualMass, 15, 0.95).unwrap();
        assert!(c.ece < 1e-12 && c.squared_error_debiased.unwrap() < 0.0);
        assert!((c.ece_by_chance - (0.21f64 / 1000.0).sqrt() * 0.797_884_560_8).abs() < 1e-9);
        assert!(spiegelhalter(&right, &[0.7; 1000]).unwrap().p > 0.99);
        assert!(spiegelhalter(&right, &[0.99; 1000]).unwrap().p < 1e-6);
    }

    #[test]
    fn unusable_input() {
        assert!(calibration(&[true], &[f64::NAN], Bins::EqualWidth, 15, 0.95).is_err());
        assert!(calibration(&[true], &[0.5], Bins::EqualWidth, 0, 0.95).is_err());
        assert!(spiegelhalter(&[true], &[0.5]).is_err());
    }
}
