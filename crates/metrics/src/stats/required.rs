//! How much a plan must ask before its gates can say anything.
//!
//! Main functions: [`fewest_for_share`], [`fewest_in_send_order`]; [`sequential_share`] is the
//! bound that may be looked at after every outcome. How many cases would settle a gate if a
//! share holds is [`super::cases_to_settle`].

use super::batch::{FEWEST_BATCHES, FEWEST_BEYOND};
use super::interval::{StatError, check_level};

/// Fewest independent outcomes with which a 95 % bound of a share can be beyond a limit at all:
/// every one of them on the good side. Lower bound ≥ t: 0.05^(1/n) ≥ t, n = ⌈ln 0.05 / ln t⌉;
/// upper bound ≤ t: the mirror image. A limit that no n reaches (t = 1, t = 0) has none.
///
/// ```
/// use acidtest_metrics::stats::{Bounded, fewest_for_share};
/// assert_eq!(fewest_for_share(0.95, Bounded::Below), Some(59));
/// assert_eq!(fewest_for_share(0.01, Bounded::Above), Some(299));
/// ```
#[must_use]
pub fn fewest_for_share(limit: f64, side: Bounded) -> Option<u64> {
    if !(0.0..=1.0).contains(&limit) {
        return None;
    }
    // Whatever the share is, this is true of it.
    let good = match side {
        Bounded::Below => limit,
        Bounded::Above => 1.0 - limit,
    };
    if good <= 0.0 {
        return Some(1);
    }
    let n = 0.05f64.ln() / good.ln();
    // A rounding crumb above a whole number must not ask for one more.
    n.is_finite().then(|| (n - 1e-9 * n).ceil().max(1.0) as u64)
}

/// Which end of an interval is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bounded {
    /// The share must lie above its lower bound.
    Below,
    /// The share must lie under its upper bound.
    Above,
}

/// Fewest independent values with which both ends of the 95 % order-statistic interval of a
/// quantile exist: p^n ≤ 0.025 and (1 − p)^n ≤ 0.025. 72 for p95, 368 for p99.
///
/// ```
/// use acidtest_metrics::stats::fewest_for_quantile;
/// assert_eq!((fewest_for_quantile(0.5), fewest_for_quantile(0.95), fewest_for_quantile(0.99)), (6, 72, 368));
/// ```
#[must_use]
pub fn fewest_for_quantile(p: f64) -> u64 {
    let wider = p.max(1.0 - p);
    if !(0.0..1.0).contains(&wider) {
        return u64::MAX;
    }
    (0.025f64.ln() / wider.ln()).ceil() as u64
}

/// Fewest values in send order with which [`super::batch_quantile`] bounds a quantile at both
/// ends, even if they are as good as independent: the order statistics exist
/// ([`fewest_for_quantile`]), 5 values are expected beyond the quantile on the nearer side, and
/// there are 20 batches of 2.
///
/// ```
/// use acidtest_metrics::stats::fewest_in_send_order;
/// assert_eq!([0.5, 0.9, 0.95, 0.99].map(fewest_in_send_order), [40, 50, 100, 500]);
/// ```
#[must_use]
pub fn fewest_in_send_order(p: f64) -> u64 {
    let beyond = (FEWEST_BEYOND / p.min(1.0 - p) - 1e-9).ceil() as u64;
    fewest_for_quantile(p).max(beyond).max(2 * FEWEST_BATCHES as u64)
}

/// How many clusters of one size carry what clusters of these sizes do when the outcomes inside
/// a cluster agree: (Σm)²/Σm². It is their number where they are of one size; 0 without any.
/// Source: Kish, Survey Sampling (1965), section 8.2.
///
/// ```
/// use acidtest_metrics::stats::effective_clusters;
/// assert_eq!(effective_clusters([3, 3, 3]), 3.0);
/// assert_eq!(effective_clusters([8, 1, 1]), 100.0 / 66.0);
/// ```
#[must_use]
pub fn effective_clusters(sizes: impl IntoIterator<Item = u32>) -> f64 {
    let add = |(sum, squares), m| (sum + f64::from(m), squares + f64::from(m).powi(2));
    let (sum, squares) = sizes.into_iter().fold((0.0, 0.0), add);
    if squares > 0.0 { sum * sum / squares } else { 0.0 }
}

/// Bounds of a share that hold at every n at once with probability `level`, so that they may be
/// looked at after each outcome: p ± 0.85·√((ln ln 2n + 0.72·ln(10.4/α)) / n), α = 1 − level,
/// clipped to 0..=1. For n = 0 the bounds are 0 and 1.
///
/// Source: Howard, Ramdas, McAuliffe, Sekhon, Annals of Statistics 49 (2021) 1055–1080, the
/// stitched boundary for outcomes in 0..=1 (sub-Gaussian with variance 1/4).
pub fn sequential_share(successes: u64, n: u64, level: f64) -> Result<(f64, f64), StatError> {
    check_level(level)?;
    if successes > n {
        return Err(StatError::OutOfRange {
            what: "number of successes",
            value: successes as f64,
            expected: "at most the number of outcomes",
        });
    }
    if n == 0 {
        return Ok((0.0, 1.0));
    }
    let (p, count) = (successes as f64 / n as f64, n as f64);
    // ln ln 2n is below 0 for n = 1 only, where the bound is wider than 1 in any case.
    let loglog = (2.0 * count).ln().ln().max(0.0);
    let radius = 0.85 * ((loglog + 0.72 * (10.4 / (1.0 - level)).ln()) / count).sqrt();
    Ok(((p - radius).max(0.0), (p + radius).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::super::{Pcg64, all_events, batch_quantile, zero_events};
    use super::*;

    #[test]
    fn the_fewest_are_the_fewest() {
        for limit in [0.5, 0.8, 0.9, 0.99] {
            let n = fewest_for_share(limit, Bounded::Below).unwrap();
            assert!(all_events(n as f64, 0.95).unwrap().low.unwrap() >= limit - 1e-12, "{limit}");
            assert!(all_events(n as f64 - 1.0, 0.95).map_or(true, |i| i.low.unwrap() < limit), "{limit}");
            let n = fewest_for_share(1.0 - limit, Bounded::Above).unwrap();
            assert!(zero_events(n as f64, 0.95).unwrap().high.unwrap() <= 1.0 - limit + 1e-12, "{limit}");
        }
        assert_eq!(fewest_for_share(1.0, Bounded::Below), None);
        assert_eq!(fewest_for_share(0.0, Bounded::Above), None);
        assert_eq!(fewest_for_share(0.0, Bounded::Below), Some(1));
        assert_eq!(fewest_for_share(f64::NAN, Bounded::Below), None);
    }

    #[test]
    fn with_one_value_less_there_is_no_bound() {
        let series = |n: u64| -> Vec<f64> { (0..n).map(|i| (i * 7919 % 10_007) as f64).collect() };
        for p in [0.5, 0.9, 0.95, 0.99] {
            let n = fewest_in_send_order(p);
            let bounds = |n| batch_quantile(&series(n), p, 0.95).ok().and_then(|b| b.interval.high);
            assert_eq!(bounds(n - 1), None, "{p}");
            assert!((n..n + n / 5).any(|n| bounds(n).is_some()), "{p}");
        }
    }

    #[test]
    fn looking_every_time_stays_within_the_level() {
        // A share of 0.3, looked at after each of 2000 outcomes, in 400 runs.
        let mut missed = 0;
        for run in 0..400u64 {
            let mut random = Pcg64::seeded(run);
            let (mut right, mut out) = (0, false);
            for n in 1..=2000u64 {
                right += u64::from(random.double() < 0.3);
                let (low, high) = sequential_share(right, n, 0.95).unwrap();
                out |= !(low..=high).contains(&0.3);
            }
            missed += u64::from(out);
        }
        assert!(missed <= 30, "{missed} of 400 missed at some time");
        let (low, high) = sequential_share(500, 1000, 0.95).unwrap();
        assert!(low > 0.43 && high < 0.57, "{low} {high}");
    }
}
