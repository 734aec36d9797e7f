//! Tests of paired differences, correction for several of them, and the n that they need.
//!
//! Main functions: [`sign_flip`], [`holm`], [`holm_level`], [`pairs_to_detect`],
//! [`minimal_detectable`]. Intervals are the neighbours' work.

use super::bootstrap::Resampling;
use super::distribution::normal_quantile;
use super::interval::StatError;
use super::random::Pcg64;

/// Units up to which every pattern of signs is tried.
const ENUMERATED: usize = 14;

/// What a sign-flip test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Two-sided p.
    pub p: f64,
    /// Whether every pattern of signs was tried; else they were drawn at random.
    pub is_exact: bool,
    /// Patterns tried.
    pub patterns: u64,
}

/// Sign-flip (approximate randomisation) test that a sum of paired differences is 0.
///
/// `sums[i]` is the sum of the differences of unit i: a cluster's differences change sign
/// together. p = P(|Σ ±dᵢ| ≥ |Σ dᵢ|), over all patterns of signs for at most 14 units, else
/// (c + 1) / (B + 1) over B drawn ones. It depends on the order of units only through the draw;
/// give them in an order that does not depend on the values. No units, or a sum that is not
/// finite, is an error. Source: Noreen, Computer-Intensive Methods for Testing Hypotheses (1989).
///
/// ```
/// use acidtest_metrics::stats::{Resampling, sign_flip};
/// let found = sign_flip(&[1.0, 2.0, 3.0, 4.0], Resampling::default()).unwrap();
/// assert!(found.is_exact && found.p == 2.0 / 16.0);
/// ```
pub fn sign_flip(sums: &[f64], how: Resampling) -> Result<SignFlip, StatError> {
    if sums.is_empty() {
        return Err(StatError::Empty { what: "units" });
    }
    if let Some(index) = sums.iter().position(|x| !x.is_finite()) {
        return Err(StatError::NotFinite { what: "difference of unit", index, value: sums[index] });
    }
    let scale: f64 = sums.iter().map(|x| x.abs()).sum();
    // Sums in another order differ in their last digits: those count as equal.
    let observed = sums.iter().sum::<f64>().abs() - 1e-12 * scale;
    // A unit without a difference changes no sum: leaving it out changes no p.
    let moving: Vec<f64> = sums.iter().copied().filter(|x| *x != 0.0).collect();
    if moving.len() <= ENUMERATED {
        let patterns = 1u64 << moving.len();
        let reached = (0..patterns).filter(|bits| flipped(&moving, *bits) >= observed).count();
        return Ok(SignFlip { p: reached as f64 / patterns as f64, is_exact: true, patterns });
    }
    let mut random = Pcg64::seeded(how.seed);
    let drawn = how.resamples as u64;
    let mut reached = 0u64;
    for _ in 0..drawn {
        let total: f64 = moving.chunks(64).map(|part| signed(part, random.next_u64())).sum();
        reached += u64::from(total.abs() >= observed);
    }
    Ok(SignFlip { p: (reached + 1) as f64 / (drawn + 1) as f64, is_exact: false, patterns: drawn })
}

fn flipped(sums: &[f64], bits: u64) -> f64 {
    signed(sums, bits).abs()
}

/// The sum of at most 64 numbers, each negative where its bit is set.
fn signed(part: &[f64], bits: u64) -> f64 {
    part.iter().enumerate().map(|(i, x)| if bits >> i & 1 == 1 { -x } else { *x }).sum()
}

/// Holm's adjusted p values, in the order given: the k-th smallest of m times (m − k + 1), never
/// below one before it, at most 1. Source: Holm, Scand. J. Statist. 6 (1979) 65–70.
///
/// ```
/// let p = acidtest_metrics::stats::holm(&[0.01, 0.04, 0.03]);
/// assert!((p[0] - 0.03).abs() < 1e-15 && (p[1] - 0.06).abs() < 1e-15 && (p[2] - 0.06).abs() < 1e-15);
/// ```
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut most = 0.0f64;
    for (k, i) in order.into_iter().enumerate() {
        most = most.max(p[i] * (p.len() - k) as f64).min(1.0);
        adjusted[i] = most;
    }
    adjusted
}

/// The level of the interval that belongs to each test's step in Holm's procedure:
/// 1 − (1 − level) / (m − number of smaller p values).
#[must_use]
pub fn holm_level(p: &[f64], level: f64) -> Vec<f64> {
    let step = |x: &f64| p.len() - p.iter().filter(|y| *y < x).count();
    p.iter().map(|x| 1.0 - (1.0 - level) / step(x) as f64).collect()
}

/// Pairs that show a mean difference `delta` with that power in a two-sided test at `alpha`:
/// ((z₁₋α/₂ + z_power) · sd / delta)², rounded up. `sd` is the standard deviation of the
/// differences, of one case as it counts in its cluster. `None` when it cannot be said.
///
/// ```
/// // sd 0.4, a difference of 0.05, 80 % power: 503 pairs
/// assert_eq!(acidtest_metrics::stats::pairs_to_detect(0.4, 0.05, 0.05, 0.8), Some(503));
/// ```
#[must_use]
pub fn pairs_to_detect(sd: f64, delta: f64, alpha: f64, power: f64) -> Option<u64> {
    let raw = (both_tails(alpha, power)? * sd / delta).powi(2);
    let whole = (raw - 1e-9 * raw).ceil();
    (raw.is_finite() && raw > 0.0 && whole < u64::MAX as f64).then_some(whole as u64)
}

/// The smallest mean difference that would be shown with that power, given the standard error
/// of the difference: (z₁₋α/₂ + z_power) · se. `None` without one.
#[must_use]
pub fn minimal_detectable(standard_error: f64, alpha: f64, power: f64) -> Option<f64> {
    let found = both_tails(alpha, power)? * standard_error;
    (found.is_finite() && found > 0.0).then_some(found)
}

fn both_tails(alpha: f64, power: f64) -> Option<f64> {
    Some(normal_quantile(1.0 - alpha / 2.0).ok()? + normal_quantile(power).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn how(seed: u64) -> Resampling {
        Resampling { seed, resamples: 4000, ..Resampling::default() }
    }

    #[test]
    fn drawn_signs_come_close_to_all_of_them() {
        let sums: Vec<f64> = (0..14).map(|i| f64::from(i % 5) - 1.3).collect();
        let exact = sign_flip(&sums, how(1)).unwrap();
        assert!(exact.is_exact);
        // Units that are too small to matter push it over the limit.
        let mut more = sums.clone();
        more.extend([1e-9; 3]);
        let drawn = sign_flip(&more, how(1)).unwrap();
        assert!(!drawn.is_exact && (drawn.p - exact.p).abs() < 0.03, "{} {}", drawn.p, exact.p);
        assert_eq!(drawn, sign_flip(&more, how(1)).unwrap(), "the seed decides");
    }

    #[test]
    fn swapping_the_sides_changes_no_p() {
        let sums: Vec<f64> = (0..40).map(|i| f64::from(i * 7 % 11) - 4.0).collect();
        let turned: Vec<f64> = sums.iter().map(|x| -x).collect();
        assert_eq!(sign_flip(&sums, how(5)).unwrap(), sign_flip(&turned, how(5)).unwrap());
    }

    #[test]
    fn no_difference_at_all_is_no_evidence() {
        assert_eq!(sign_flip(&[0.0; 30], how(1)).unwrap().p, 1.0);
        assert!(sign_flip(&[], how(1)).is_err());
        assert!(sign_flip(&[f64::NAN], how(1)).is_err());
    }

    /// Under no difference p ≤ 5 % in about 5 % of runs.
    #[test]
    fn size_of_the_sign_flip_test() {
        let mut random = Pcg64::seeded(3);
        let shown = (0..400).filter(|i| {
            let sums: Vec<f64> = (0..25).map(|_| random.double() - 0.5).collect();
            let how = Resampling { seed: *i, resamples: 400, ..Resampling::default() };
            sign_flip(&sums, how).unwrap().p <= 0.05
        });
        let shown = shown.count();
        assert!((8..=34).contains(&shown), "{shown} of 400");
    }

    #[test]
    fn levels_follow_the_steps_and_ties_take_the_strictest() {
        let levels = holm_level(&[0.2, 0.001, 0.2], 0.95);
        assert!((levels[1] - (1.0 - 0.05 / 3.0)).abs() < 1e-15);
        assert!((levels[0] - 0.975).abs() < 1e-15 && levels[0] == levels[2]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn what_cannot_be_said_is_none() {
        assert_eq!(pairs_to_detect(0.0, 0.1, 0.05, 0.8), None);
        assert_eq!(pairs_to_detect(0.4, 0.0, 0.05, 0.8), None);
        assert_eq!(minimal_detectable(f64::NAN, 0.05, 0.8), None);
    }
}
