//! Differences of two shares that were observed on the same cases: intervals and exact tests.
//!
//! Main items: [`PairedCounts`], [`tango`], [`newcombe_paired`], [`mcnemar_exact`]. For yes/no
//! outcomes of independent cases; clusters and scores belong to [`super::cluster`]. Swapping the
//! two sides turns every interval around 0.

use super::distribution::{binomial_cdf, normal_cdf, normal_quantile};
use super::interval::{Interval, Method, NoInterval, StatError, check_level};
use super::proportion::wilson;

/// How the two sides answered the same cases.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PairedCounts {
    /// Right on both sides.
    pub both: u64,
    /// Right on the first side only.
    pub only_first: u64,
    /// Right on the second side only.
    pub only_second: u64,
    /// Wrong on both sides.
    pub neither: u64,
}

impl PairedCounts {
    /// Cases.
    #[must_use]
    pub fn n(&self) -> u64 {
        self.both + self.only_first + self.only_second + self.neither
    }

    /// Share of the first side minus that of the second.
    #[must_use]
    pub fn difference(&self) -> f64 {
        (self.only_first as f64 - self.only_second as f64) / self.n() as f64
    }

    /// Standard error of the difference, without correction; `None` without cases.
    #[must_use]
    pub fn standard_error(&self) -> Option<f64> {
        let n = self.n() as f64;
        let d = self.difference();
        let discordant = (self.only_first + self.only_second) as f64;
        (n > 0.0).then(|| ((discordant / n - d * d).max(0.0) / n).sqrt())
    }

    fn check(&self) -> Result<f64, NoInterval> {
        match self.n() {
            0 => Err(StatError::Empty { what: "pairs" }.into()),
            n => Ok(n as f64),
        }
    }
}

/// Tango's score interval of the difference of paired shares, first minus second.
///
/// The ends are the Δ at which (b − c − nΔ) / √(n(2q + Δ(1 − Δ))) is ±z; b and c are the cases
/// that only the first and only the second got right, q the likelihood's estimate of the share
/// of c under that Δ. Never a point, also without discordant pairs. No pairs is an error.
/// Source: Tango, Statistics in Medicine 17 (1998) 891–908.
///
/// ```
/// use acidtest_metrics::stats::{PairedCounts, tango};
/// // Fagerland, Lydersen and Laake, Stat. Med. 33 (2014) 2850–2875: (-0.517, -0.026)
/// let airways = PairedCounts { both: 1, only_first: 1, only_second: 7, neither: 12 };
/// let i = tango(airways, 0.95).unwrap();
/// assert!((i.low.unwrap() + 0.517).abs() < 5e-4 && (i.high.unwrap() + 0.026).abs() < 5e-4);
/// ```
pub fn tango(counts: PairedCounts, level: f64) -> Result<Interval, NoInterval> {
    check_level(level)?;
    let n = counts.check()?;
    let z = normal_quantile(0.5 + level / 2.0)?;
    let (b, c) = (counts.only_first as f64, counts.only_second as f64);
    let upper = tango_upper(b, c, n, z);
    let lower = -tango_upper(c, b, n, z);
    Ok(Interval::two_sided(lower, upper, level, Method::Tango).clipped((-1.0, 1.0)))
}

/// The largest Δ whose score statistic is still at least −z.
fn tango_upper(b: f64, c: f64, n: f64, z: f64) -> f64 {
    let statistic = |delta: f64| {
        let distance = b - c - n * delta;
        let linear = -b - c + (2.0 * n - b + c) * delta;
        let constant = -c * delta * (1.0 - delta);
        let root = (linear * linear - 8.0 * n * constant).max(0.0).sqrt();
        let q = (root - linear) / (4.0 * n);
        let variance = n * (2.0 * q + delta * (1.0 - delta));
        match variance > 0.0 {
            true => distance / variance.sqrt(),
            false if distance == 0.0 => 0.0,
            false => distance * f64::INFINITY,
        }
    };
    let (mut low, mut high) = ((b - c) / n, 1.0);
    // Halving from a width of at most 2 reaches neighbouring floats well before this.
    for _ in 0..80 {
        let middle = low + (high - low) / 2.0;
        if statistic(middle) >= -z {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Newcombe's hybrid score interval (method 10) of the difference of paired shares.
///
/// Wilson's limits of both shares, put together with their correlation φ, whose numerator is
/// reduced by n/2 (not below 0) where it is positive. No pairs is an error.
/// Source: Newcombe, Statistics in Medicine 17 (1998) 2635–2650.
///
/// ```
/// use acidtest_metrics::stats::{PairedCounts, newcombe_paired};
/// // Fagerland, Lydersen and Laake, Stat. Med. 33 (2014) 2850–2875: (-0.507, -0.026)
/// let airways = PairedCounts { both: 1, only_first: 1, only_second: 7, neither: 12 };
/// let i = newcombe_paired(airways, 0.95).unwrap();
/// assert!((i.low.unwrap() + 0.507).abs() < 5e-4 && (i.high.unwrap() + 0.026).abs() < 5e-4);
/// ```
pub fn newcombe_paired(counts: PairedCounts, level: f64) -> Result<Interval, NoInterval> {
    let n = counts.check()?;
    let (a, b) = (counts.both as f64, counts.only_first as f64);
    let (c, d) = (counts.only_second as f64, counts.neither as f64);
    let (p1, p2) = ((a + b) / n, (a + c) / n);
    let (first, second) = (wilson(p1, n, level)?, wilson(p2, n, level)?);
    let ends = |i: &Interval| (i.low.unwrap_or(0.0), i.high.unwrap_or(1.0));
    let ((l1, u1), (l2, u2)) = (ends(&first), ends(&second));
    let margins = (a + b) * (c + d) * (a + c) * (b + d);
    let product = a * d - b * c;
    let corrected = if product > 0.0 { (product - n / 2.0).max(0.0) } else { product };
    let phi = if margins == 0.0 { 0.0 } else { corrected / margins.sqrt() };
    let reach = |x: f64, y: f64| (x * x - 2.0 * phi * x * y + y * y).max(0.0).sqrt();
    let difference = p1 - p2;
    let low = difference - reach(p1 - l1, u2 - p2);
    let high = difference + reach(u1 - p1, p2 - l2);
    Ok(Interval::two_sided(low, high, level, Method::NewcombePaired).clipped((-1.0, 1.0)))
}

/// McNemar's exact two-sided p of the discordant pairs: min(1, 2·P(B ≤ min(b, c))),
/// B ~ Binomial(b + c, 1/2). 1 without discordant pairs.
///
/// ```
/// // Fagerland, Lydersen and Laake (2014): 1 against 7 discordant pairs
/// assert!((acidtest_metrics::stats::mcnemar_exact(1, 7) - 0.0703125).abs() < 1e-12);
/// ```
#[must_use]
pub fn mcnemar_exact(only_first: u64, only_second: u64) -> f64 {
    let n = only_first + only_second;
    if n == 0 {
        return 1.0;
    }
    let tail = binomial_cdf(only_first.min(only_second), n, 0.5).unwrap_or(1.0);
    (2.0 * tail).min(1.0)
}

/// McNemar's mid-p: the exact p less the chance of what was seen,
/// 2·P(B ≤ min(b, c)) − P(B = min(b, c)), at most 1. `None` without discordant pairs.
///
/// Source: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013) 91.
#[must_use]
pub fn mcnemar_mid_p(only_first: u64, only_second: u64) -> Option<f64> {
    let n = only_first + only_second;
    let least = only_first.min(only_second);
    if n == 0 {
        return None;
    }
    let upto = binomial_cdf(least, n, 0.5).ok()?;
    let below = if least == 0 { 0.0 } else { binomial_cdf(least - 1, n, 0.5).ok()? };
    Some((upto + below).min(1.0))
}

/// McNemar's χ² on one degree of freedom and its p: (|b − c| − correction)²/(b + c), correction 1
/// (Edwards) or 0. `None` without discordant pairs. For comparison with other programs.
#[must_use]
pub fn mcnemar_chi2(only_first: u64, only_second: u64, corrected: bool) -> Option<(f64, f64)> {
    let n = (only_first + only_second) as f64;
    let apart = only_first.abs_diff(only_second) as f64 - f64::from(u8::from(corrected));
    let chi2 = apart * apart / n;
    (n > 0.0).then(|| (chi2, 2.0 * normal_cdf(-chi2.sqrt())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::Pcg64;

    fn counts(both: u64, only_first: u64, only_second: u64, neither: u64) -> PairedCounts {
        PairedCounts { both, only_first, only_second, neither }
    }

    fn check(i: Interval, low: f64, high: f64) {
        let (l, h) = (i.low.unwrap(), i.high.unwrap());
        assert!((l - low).abs() < 5e-5 && (h - high).abs() < 5e-5, "{l} {h}, expected {low} {high}");
    }

    /// Newcombe (1998), table II, the pairs 36 12 2 0.
    #[test]
    fn published_intervals() {
        check(newcombe_paired(counts(36, 12, 2, 0), 0.95).unwrap(), 0.0569, 0.3404);
        check(tango(counts(36, 12, 2, 0), 0.95).unwrap(), 0.0611, 0.3447);
    }

    #[test]
    fn swapping_the_sides_turns_the_interval_around() {
        for c in [counts(5, 3, 1, 8), counts(0, 9, 0, 0), counts(10, 0, 0, 10), counts(43, 0, 1, 0)] {
            let swapped = PairedCounts { only_first: c.only_second, only_second: c.only_first, ..c };
            for method in [tango, newcombe_paired] {
                let (i, s) = (method(c, 0.95).unwrap(), method(swapped, 0.95).unwrap());
                assert!((i.low.unwrap() + s.high.unwrap()).abs() < 1e-12, "{c:?}");
                assert!((i.high.unwrap() + s.low.unwrap()).abs() < 1e-12, "{c:?}");
            }
        }
    }

    #[test]
    fn no_discordant_pair_is_never_a_point() {
        for method in [tango, newcombe_paired] {
            let i = method(counts(10, 0, 0, 10), 0.95).unwrap();
            assert!(i.low.unwrap() < -0.05 && i.high.unwrap() > 0.05, "{i:?}");
        }
        assert_eq!(mcnemar_exact(0, 0), 1.0);
        assert!(tango(counts(0, 0, 0, 0), 0.95).is_err());
        assert!(newcombe_paired(counts(0, 0, 0, 0), 0.95).is_err());
    }

    /// 60 pairs whose sides agree in most cases: both intervals must cover about 95 %.
    #[test]
    fn coverage_of_a_paired_difference() {
        let mut random = Pcg64::seeded(11);
        let (runs, truth) = (2000, 0.8 * 0.9 + 0.2 * 0.25 - 0.8);
        for method in [tango, newcombe_paired] {
            let mut hits = 0;
            for _ in 0..runs {
                let mut c = PairedCounts::default();
                for _ in 0..60 {
                    let second = random.double() < 0.8;
                    let first = random.double() < if second { 0.9 } else { 0.25 };
                    *match (first, second) {
                        (true, true) => &mut c.both,
                        (true, false) => &mut c.only_first,
                        (false, true) => &mut c.only_second,
                        (false, false) => &mut c.neither,
                    } += 1;
                }
                hits += usize::from(method(c, 0.95).unwrap().holds(truth));
            }
            assert!((1870..=1960).contains(&hits), "covers {hits} of {runs}");
        }
    }
}
