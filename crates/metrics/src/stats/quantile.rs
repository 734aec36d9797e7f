//! Sample quantiles and their order-statistic intervals for independent samples.
//!
//! Main functions: [`quantile`], [`quantile_interval`]. Input is always sorted; +∞ is a value
//! (a request without first content waits for ever), NaN is not. Samples taken under load are
//! not independent: their intervals come from [`super::batch`].

use super::distribution::{binomial_quantile, binomial_upper_quantile};
use super::interval::{Interval, Method, NoInterval, Sides, StatError, check_inner, check_level};

/// The `p`-quantile of an ascending slice by linear interpolation: with h = (n − 1)·p,
/// x[⌊h⌋] + (h − ⌊h⌋)·(x[⌊h⌋+1] − x[⌊h⌋]), 0-based (numpy's default, Hyndman–Fan type 7).
///
/// `None` for an empty slice, `p` outside 0..=1, or NaN in the data (which sorts to an end).
/// The result is +∞ when the quantile lies on or next to an infinite value.
///
/// ```
/// use acidtest_metrics::stats::quantile;
/// assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), Some(3.0));
/// assert_eq!(quantile(&[], 0.5), None);
/// ```
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let (first, last) = (sorted.first()?, sorted.last()?);
    if first.is_nan() || last.is_nan() || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let h = (sorted.len() - 1) as f64 * p;
    let below = h.floor();
    let share = h - below;
    let a = sorted[below as usize];
    if share == 0.0 {
        return Some(a);
    }
    let b = sorted[below as usize + 1];
    if a == b {
        return Some(a); // also keeps ∞ − ∞ from becoming NaN
    }
    if b.is_infinite() {
        return Some(b);
    }
    // numpy interpolates from the nearer end, which matters in the last digit.
    Some(if share < 0.5 { a + (b - a) * share } else { b - (b - a) * (1.0 - share) })
}

/// Which value stands for a quantile that falls between two order statistics; numpy's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuantileType {
    /// The order statistic at or below (n − 1)·p.
    Lower,
    /// The order statistic at or above (n − 1)·p.
    Higher,
    /// The nearer of the two; half-way, the one of even rank counted from 0.
    Nearest,
    /// Half-way between the two.
    Midpoint,
    /// Type 5: n·p − ½.
    Hazen,
    /// Type 6: (n + 1)·p − 1.
    Weibull,
    /// Type 8: (n + ⅓)·p − ⅔, about unbiased for the median whatever the distribution.
    MedianUnbiased,
    /// Type 1: the inverse of the distribution function.
    InvertedCdf,
}

/// The `p`-quantile of an ascending slice by another rule than [`quantile`]'s; places count from 0
/// and are cut to the sample. `None` as there.
///
/// Source: Hyndman and Fan, The American Statistician 50 (1996) 361–365.
pub fn quantile_of_type(sorted: &[f64], p: f64, rule: QuantileType) -> Option<f64> {
    quantile(sorted, p)?;
    let (n, last) = (sorted.len() as f64, (sorted.len() - 1) as f64);
    let h = last * p;
    let at = |place: f64| sorted[place.clamp(0.0, last) as usize];
    let between = |place: f64| {
        let place = place.clamp(0.0, last);
        let (a, b, share) = (at(place.floor()), at(place.ceil()), place.fract());
        match (share == 0.0 || a == b, b.is_infinite()) {
            (true, _) => a,
            (_, true) => b,
            _ if share < 0.5 => a + (b - a) * share,
            _ => b - (b - a) * (1.0 - share),
        }
    };
    Some(match rule {
        QuantileType::Lower => at(h.floor()),
        QuantileType::Higher => at(h.ceil()),
        QuantileType::Nearest => at(h.round_ties_even()),
        QuantileType::Midpoint => between(if h.fract() == 0.0 { h } else { h.floor() + 0.5 }),
        QuantileType::Hazen => between(n * p - 0.5),
        QuantileType::Weibull => between((n + 1.0) * p - 1.0),
        QuantileType::MedianUnbiased => between(n * p + (1.0 / 3.0 + p / 3.0) - 1.0),
        QuantileType::InvertedCdf => at((n * p).ceil() - 1.0),
    })
}

/// Several quantiles of one ascending slice; see [`quantile`].
pub fn quantiles(sorted: &[f64], ps: &[f64]) -> Vec<Option<f64>> {
    ps.iter().map(|p| quantile(sorted, *p)).collect()
}

/// 1-based ranks of the order statistics that hold the `p`-quantile of `n` independent values.
///
/// Lower rank: the smallest l with P(B ≤ l) ≥ α/2; upper rank: 1 + the smallest k with
/// P(B > k) ≤ α/2, B ~ Binomial(n, p), α = 1 − level. `None` stands for rank 0 or n + 1: the
/// sample is too small to bound that end (below n = 72 for the upper end of p95, 368 for p99).
/// Source: Conover, Practical Nonparametric Statistics, section 3.2.
pub fn quantile_ranks(n: usize, p: f64, level: f64) -> Result<(Option<usize>, Option<usize>), StatError> {
    check_inner("quantile", p)?;
    check_level(level)?;
    let tail = (1.0 - level) / 2.0;
    let low = binomial_quantile(tail, n as u64, p)? as usize;
    let high = binomial_upper_quantile(tail, n as u64, p)? as usize + 1;
    Ok(((low >= 1).then_some(low), (high <= n).then_some(high)))
}

/// Interval of the `p`-quantile of an ascending slice of independent values: the pair of order
/// statistics at [`quantile_ranks`]. An end that falls outside the sample, or on +∞, is unbounded.
///
/// ```
/// use acidtest_metrics::stats::quantile_interval;
/// let ms: Vec<f64> = (1..=71).map(f64::from).collect();
/// let i = quantile_interval(&ms, 0.95, 0.95).unwrap();
/// assert_eq!((i.low, i.high), (Some(63.0), None)); // 71 values do not bound a p95 from above
/// ```
pub fn quantile_interval(sorted: &[f64], p: f64, level: f64) -> Result<Interval, NoInterval> {
    check_sorted(sorted)?;
    let (low, high) = quantile_ranks(sorted.len(), p, level)?;
    order_interval(sorted, (low, high), level, Method::OrderStatistics)
}

/// The interval between two 1-based ranks. Neither end known is not an interval, nor is one
/// that begins at +∞.
pub(crate) fn order_interval(
    sorted: &[f64],
    ranks: (Option<usize>, Option<usize>),
    level: f64,
    method: Method,
) -> Result<Interval, NoInterval> {
    if ranks.0.is_some_and(|r| sorted[r - 1] == f64::INFINITY) {
        return Err(NoInterval::Endless);
    }
    let at = |rank: Option<usize>| rank.map(|r| sorted[r - 1]).filter(|value| value.is_finite());
    let (low, high) = (at(ranks.0), at(ranks.1));
    if low.is_none() && high.is_none() {
        return Err(NoInterval::TooFew { what: "values", have: sorted.len(), need: sorted.len() + 1 });
    }
    Ok(Interval { low, high, level, sides: Sides::Two, method })
}

/// Refuses an empty slice, NaN, and a slice that is not ascending.
pub(crate) fn check_sorted(sorted: &[f64]) -> Result<(), StatError> {
    if sorted.is_empty() {
        return Err(StatError::Empty { what: "values" });
    }
    for (index, value) in sorted.iter().enumerate() {
        if value.is_nan() {
            return Err(StatError::NotFinite { what: "value", index, value: *value });
        }
    }
    match sorted.windows(2).position(|w| w[0] > w[1]) {
        None => Ok(()),
        Some(index) => Err(StatError::OutOfRange {
            what: "value after a larger one",
            value: sorted[index + 1],
            expected: "values in ascending order",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinity_is_a_value() {
        let s = [1.0, 2.0, f64::INFINITY, f64::INFINITY];
        assert_eq!(quantile(&s, 0.5), Some(f64::INFINITY));
        assert_eq!(quantile(&s, 1.0 / 3.0), Some(2.0));
        assert_eq!(quantile(&s, 0.9), Some(f64::INFINITY));
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
    }

    #[test]
    fn sizes_at_which_the_upper_end_appears() {
        assert_eq!(quantile_ranks(71, 0.95, 0.95).unwrap().1, None);
        assert_eq!(quantile_ranks(72, 0.95, 0.95).unwrap().1, Some(72));
        assert_eq!(quantile_ranks(367, 0.99, 0.95).unwrap().1, None);
        assert_eq!(quantile_ranks(368, 0.99, 0.95).unwrap().1, Some(368));
    }

    #[test]
    fn an_infinite_order_statistic_bounds_nothing() {
        let mut s: Vec<f64> = (0..100).map(f64::from).collect();
        s[97..].fill(f64::INFINITY);
        let i = quantile_interval(&s, 0.95, 0.95).unwrap();
        assert!(i.low.is_some() && i.high.is_none());
        s[80..].fill(f64::INFINITY);
        assert_eq!(quantile_interval(&s, 0.95, 0.95), Err(NoInterval::Endless));
    }

    #[test]
    fn small_samples_have_a_reason() {
        let reason = quantile_interval(&[1.0, 2.0], 0.5, 0.95).unwrap_err();
        assert!(matches!(reason, NoInterval::TooFew { have: 2, .. }));
        assert!(quantile_interval(&[2.0, 1.0], 0.5, 0.95).is_err());
        assert!(quantile_interval(&[1.0], f64::NAN, 0.95).is_err());
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
        #[test]
        fn monotone_and_inside(mut xs in proptest::collection::vec(-1e6..1e6f64, 1..60),
                               p in 0.0..1.0f64, q in 0.0..1.0f64) {
            xs.sort_by(f64::total_cmp);
            let (a, b) = (quantile(&xs, p.min(q)).unwrap(), quantile(&xs, p.max(q)).unwrap());
            assert!(a <= b + 1e-9 && xs[0] <= a && b <= xs[xs.len() - 1]);
        }
    }
}
