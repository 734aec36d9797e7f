//! Bootstrap percentile intervals that draw whole units of sampling.
//!
//! Main functions: [`bootstrap_percentile`] for any statistic that is a function of sums, and
//! [`bootstrap_pooled_quantile`] for a quantile over values pooled from units (gaps of records).
//! The random stream is numpy's, so that a seed gives the same resamples in Python.

use super::interval::{Interval, Method, NoInterval, Sides, StatError, check_inner, check_level};
use super::quantile::{check_sorted, quantile};
use super::random::Pcg64;

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampling {
    /// Number of resamples, 1000 by default.
    pub resamples: u32,
    /// Confidence level, 0.95 by default.
    pub level: f64,
    /// Seed of the random stream; printed with the result.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Resampling { resamples: 1000, level: 0.95, seed: 0 }
    }
}

/// What resampling gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Bootstrap {
    /// Percentile interval.
    pub interval: Interval,
    /// Standard deviation (ddof 1) of the resampled statistic.
    pub standard_error: f64,
    /// Resamples in which the statistic does not exist; at most 1 %.
    pub failed: usize,
}

/// Percentile interval of `finish(Σ rows)`, rows drawn with replacement, one row per unit.
///
/// `rows` is flat, `width` numbers per unit (its sufficient statistics); `finish` gets the sums
/// over the drawn units and answers `None` where the statistic does not exist (0/0). More than
/// 1 % such resamples → no interval. Fewer than two units → no interval; all resamples equal →
/// no variance. Quantiles of the resamples by linear interpolation. The result does not depend on
/// anything but rows and seed. Source: Efron and Tibshirani, chapter 13.
///
/// ```
/// use acidtest_metrics::stats::{Resampling, bootstrap_percentile};
/// let rows = [3.0, 1.0, 5.0, 1.0, 4.0, 1.0, 9.0, 1.0]; // (sum, count) of four units
/// let mean = |s: &[f64]| (s[1] > 0.0).then(|| s[0] / s[1]);
/// let b = bootstrap_percentile(&rows, 2, Resampling::default(), mean).unwrap();
/// assert!(b.interval.holds(5.25));
/// ```
pub fn bootstrap_percentile(
    rows: &[f64],
    width: usize,
    how: Resampling,
    finish: impl Fn(&[f64]) -> Option<f64>,
) -> Result<Bootstrap, NoInterval> {
    let units = check_rows(rows, width)?;
    let mut random = Pcg64::seeded(how.seed);
    let mut sums = vec![0.0; width];
    summarise(how, units, || {
        sums.fill(0.0);
        for _ in 0..units {
            let at = random.below(units as u64) as usize * width;
            for (sum, x) in sums.iter_mut().zip(&rows[at..at + width]) {
                *sum += x;
            }
        }
        finish(&sums)
    })
}

/// Interval of the `p`-quantile of values pooled over units, whole units drawn.
///
/// `sorted` holds every value in ascending order, `owner[i]` the unit (below `units`) that value i
/// came from; a unit drawn twice counts twice, a unit without values is drawn too. The resampled
/// quantile is the smallest value whose weight reaches p (the inverse of the distribution
/// function). An upper end on the largest, or a lower end on the smallest, value of all is
/// unbounded: the sample says nothing beyond it. Cost: resamples × values.
pub fn bootstrap_pooled_quantile(
    sorted: &[f64],
    owner: &[u32],
    units: usize,
    p: f64,
    how: Resampling,
) -> Result<Bootstrap, NoInterval> {
    check_sorted(sorted)?;
    check_inner("quantile", p)?;
    check_owners(sorted, owner, units)?;
    check_units(units)?;
    let mut random = Pcg64::seeded(how.seed);
    let mut weight = vec![0u32; units];
    let mut sizes = vec![0u64; units];
    for o in owner {
        sizes[*o as usize] += 1;
    }
    let mut found = summarise(how, units, || {
        weight.fill(0);
        let mut total = 0u64;
        for _ in 0..units {
            let unit = random.below(units as u64) as usize;
            weight[unit] += 1;
            total += sizes[unit];
        }
        let target = (p * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0u64;
        owner.iter().zip(sorted).find_map(|(o, value)| {
            seen += u64::from(weight[*o as usize]);
            (total > 0 && seen >= target).then_some(*value)
        })
    })?;
    let ends = (sorted[0], sorted[sorted.len() - 1]);
    found.interval.low = found.interval.low.filter(|low| *low > ends.0);
    found.interval.high = found.interval.high.filter(|high| *high < ends.1);
    Ok(found)
}

/// Refuses a list of owners that does not name one for every value.
pub(super) fn check_owners(sorted: &[f64], owner: &[u32], units: usize) -> Result<(), StatError> {
    if owner.len() == sorted.len() && owner.iter().all(|o| (*o as usize) < units) {
        return Ok(());
    }
    Err(StatError::OutOfRange {
        what: "list of owners",
        value: owner.len() as f64,
        expected: "one owner below `units` for every value",
    })
}

fn check_rows(rows: &[f64], width: usize) -> Result<usize, NoInterval> {
    if width == 0 || !rows.len().is_multiple_of(width) {
        return Err(NoInterval::Invalid(StatError::OutOfRange {
            what: "width of a row",
            value: width as f64,
            expected: "a divisor of the number of values",
        }));
    }
    if let Some(index) = rows.iter().position(|x| !x.is_finite()) {
        return Err(NoInterval::Invalid(StatError::NotFinite {
            what: "statistic",
            index,
            value: rows[index],
        }));
    }
    check_units(rows.len() / width)
}

fn check_units(units: usize) -> Result<usize, NoInterval> {
    if units >= 2 {
        return Ok(units);
    }
    Err(NoInterval::TooFew { what: "units of sampling", have: units, need: 2 })
}

/// Draws the resamples and turns them into an interval.
fn summarise(
    how: Resampling,
    units: usize,
    mut draw: impl FnMut() -> Option<f64>,
) -> Result<Bootstrap, NoInterval> {
    let mut values: Vec<f64> = (0..how.resamples).filter_map(|_| draw()).filter(|x| !x.is_nan()).collect();
    values.sort_by(f64::total_cmp);
    summarise_values(how, units, values)
}

/// Turns resampled values, ascending and without those that do not exist, into an interval.
pub(super) fn summarise_values(
    how: Resampling,
    units: usize,
    values: Vec<f64>,
) -> Result<Bootstrap, NoInterval> {
    check_level(how.level)?;
    if how.resamples < 2 {
        return Err(StatError::Empty { what: "resamples" }.into());
    }
    let of = how.resamples as usize;
    let failed = of.saturating_sub(values.len());
    if failed * 100 > of {
        return Err(NoInterval::Resamples { failed, of });
    }
    if spread(&values) == 0.0 {
        return Err(NoInterval::NoVariance { n: units });
    }
    let tail = (1.0 - how.level) / 2.0;
    let end = |p: f64| quantile(&values, p).filter(|x| x.is_finite());
    Ok(Bootstrap {
        interval: Interval {
            low: end(tail),
            high: end(1.0 - tail),
            level: how.level,
            sides: Sides::Two,
            method: Method::BootstrapPercentile,
        },
        standard_error: deviation(&values),
        failed,
    })
}

/// Largest less smallest, 0 where only rounding tells them apart (1e-13 of the larger size).
pub(super) fn spread(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let crumb = 1e-13 * low.abs().max(high.abs());
    if low == high || high - low <= crumb && crumb.is_finite() { 0.0 } else { high - low }
}

/// Standard deviation with ddof 1 of at least two values; infinite values make it infinite.
fn deviation(values: &[f64]) -> f64 {
    if values.iter().any(|x| x.is_infinite()) {
        return f64::INFINITY;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(s: &[f64]) -> Option<f64> {
        (s[1] > 0.0).then(|| s[0] / s[1])
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let rows: Vec<f64> = (0..40).flat_map(|i| [f64::from(i * i % 17), 1.0]).collect();
        let one = bootstrap_percentile(&rows, 2, Resampling::default(), mean).unwrap();
        let two = bootstrap_percentile(&rows, 2, Resampling::default(), mean).unwrap();
        assert_eq!(one, two);
        let other = Resampling { seed: 1, ..Resampling::default() };
        assert_ne!(one, bootstrap_percentile(&rows, 2, other, mean).unwrap());
    }

    #[test]
    fn reasons_instead_of_intervals() {
        let how = Resampling::default();
        let missing = bootstrap_percentile(&[1.0, 0.0, 1.0, 1.0], 2, how, mean).unwrap_err();
        assert!(matches!(missing, NoInterval::Resamples { of: 1000, .. }));
        let flat = bootstrap_percentile(&[1.0, 1.0, 1.0, 1.0], 2, how, mean).unwrap_err();
        assert_eq!(flat, NoInterval::NoVariance { n: 2 });
        assert!(bootstrap_percentile(&[1.0, 1.0], 2, how, mean).is_err());
        assert!(bootstrap_percentile(&[f64::NAN, 1.0], 1, how, |s| Some(s[0])).is_err());
        assert!(bootstrap_percentile(&[1.0], 0, how, |s| Some(s[0])).is_err());
    }

    #[test]
    fn pooled_values_of_one_unit_move_together() {
        // 20 units of 50 equal values each: 1000 values, but only 20 observations.
        let sorted: Vec<f64> = (0..1000).map(|i| f64::from(i / 50)).collect();
        let owner: Vec<u32> = (0..1000).map(|i| i / 50).collect();
        let how = Resampling::default();
        let i = bootstrap_pooled_quantile(&sorted, &owner, 20, 0.5, how).unwrap().interval;
        assert!(i.low.unwrap() <= 6.0 && i.high.unwrap() >= 13.0, "{i:?}");
        let i = bootstrap_pooled_quantile(&sorted, &owner, 20, 0.95, how).unwrap().interval;
        assert_eq!(i.high, None, "20 units do not bound a p95 from above");
        assert!(bootstrap_pooled_quantile(&sorted, &owner, 19, 0.5, how).is_err());
    }
}
