//! Intervals of quantiles and means of a series in send order, whose neighbours are correlated.
//!
//! Main functions: [`batch_quantile`] ([`SendOrder`] for several), [`batch_mean`]. Under load a slow
//! answer makes the next one slow; treating them as independent makes a "95 %" interval of a
//! queue's p95 at 80 % load cover 15 %. The series must be in send order: sorting it first
//! destroys what these functions measure.
//!
//! # The rule
//! 1. τ = integrated autocorrelation time (of the ranks for a quantile, of the values for a mean).
//! 2. Batch length L = max(⌈2τ⌉, ⌊n/30⌋); ⌊n/L⌋ batches, at least 20, else no interval
//!    (Schmeiser, Oper. Res. 30 (1982) 556–568: more than 30 batches gain little).
//! 3. Mean: Student's t over the batches. Batches of 2τ are still correlated with the next, so
//!    the variance is raised by 1 + 2r where r, the lag-1 correlation of the batches, is positive.
//! 4. Quantile: the mean of the *indicator* 1{x ≤ q̂} is treated the same way. That gives the
//!    effective number of independent values n' = p(1−p)/var · (z/t)², at most n; the interval is
//!    the pair of order statistics whose ranks n' independent values would have, at the same
//!    relative position in the series. The point estimate stays the quantile of all values
//!    (quantiles of small batches are biased), ends are unbounded where the ranks say so, and for
//!    an independent series it is nearly the classical order-statistic interval.
//!    Source of the indicator idea: Heidelberger and Lewis, Oper. Res. 32 (1984) 185–209; of
//!    sectioning, which keeps the overall quantile in the centre: Nakayama, ACM TOMACS 24 (2014) 19.
//!
//! Measured (example `coverage`): the 95 % intervals hold the truth in 94–99 % of autoregressions,
//! and in 87–91 % for the tails of an M/M/1 queue at 50–80 % load, whose rare long jams a short
//! run may not have met; treating those values as independent holds it in 13–62 %.

use super::distribution::{normal_quantile, t_quantile};
use super::interval::{Interval, Method, NoInterval, StatError, check_inner, check_level};
use super::quantile::{order_interval, quantile, quantile_ranks};

/// Fewest batches that give an interval.
pub const FEWEST_BATCHES: usize = 20;
/// Most batches used; longer series get longer batches.
pub const MOST_BATCHES: usize = 30;
/// Values expected beyond the quantile, on the nearer side, below which batches say nothing.
pub const FEWEST_BEYOND: f64 = 5.0;

/// Longest series whose lags are summed one by one; longer ones are averaged down to it first.
const MOST_LAGGED: usize = 8192;

/// Integrated autocorrelation time τ = 1 + 2Σρ(k), at least 1: how many neighbours carry the
/// information of one independent value. For a first-order autoregression (1 + φ)/(1 − φ).
///
/// The sum ends at the first lag ≥ 5τ (Sokal's window; Monte Carlo Methods in Statistical
/// Mechanics, 1997), at a quarter of the series at most. Beyond 8192 values it works on the means
/// of m neighbours, τ = m · τ(means) · var(means)/var(values), which bounds its cost. A constant
/// series, and fewer than 8 values, give 1. Not finite values are an error.
///
/// ```
/// use acidtest_metrics::stats::autocorrelation_time;
/// let steps: Vec<f64> = (0..400).map(|i| f64::from(i / 20 % 7)).collect();
/// assert!(autocorrelation_time(&steps).unwrap() > 10.0);
/// ```
pub fn autocorrelation_time(series: &[f64]) -> Result<f64, StatError> {
    if let Some(index) = series.iter().position(|x| !x.is_finite()) {
        return Err(StatError::NotFinite { what: "value", index, value: series[index] });
    }
    let centred = centre(series);
    let variance = mean_square(&centred);
    if series.len() < 8 || variance <= f64::MIN_POSITIVE {
        return Ok(1.0);
    }
    let m = series.len().div_ceil(MOST_LAGGED);
    if m == 1 {
        return Ok(summed_lags(&centred).max(1.0));
    }
    let means: Vec<f64> = centred.chunks_exact(m).map(|c| c.iter().sum::<f64>() / m as f64).collect();
    let means = centre(&means);
    let kept = m as f64 * mean_square(&means) / variance;
    if kept <= 0.0 {
        return Ok(1.0);
    }
    Ok((kept * summed_lags(&means)).max(1.0))
}

/// 1 + 2Σρ(k) of a centred series that is not constant, with Sokal's window.
fn summed_lags(centred: &[f64]) -> f64 {
    let squares: f64 = centred.iter().map(|x| x * x).sum();
    let mut tau = 1.0;
    for lag in 1..=centred.len() / 4 {
        let products: f64 = centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum();
        tau += 2.0 * products / squares;
        if lag as f64 >= 5.0 * tau {
            break;
        }
    }
    tau
}

fn centre(series: &[f64]) -> Vec<f64> {
    let mean = series.iter().sum::<f64>() / series.len().max(1) as f64;
    series.iter().map(|x| x - mean).collect()
}

fn mean_square(centred: &[f64]) -> f64 {
    centred.iter().map(|x| x * x).sum::<f64>() / centred.len().max(1) as f64
}

/// How a series was cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batches {
    /// Number of batches.
    pub count: usize,
    /// Length of the shortest; lengths differ by at most one.
    pub length: usize,
    /// Integrated autocorrelation time that the length follows.
    pub autocorrelation_time: f64,
}

/// Cuts a series of `n` values with autocorrelation time `tau`, or says why not.
fn cut(n: usize, tau: f64) -> Result<Batches, NoInterval> {
    let length = ((2.0 * tau).ceil() as usize).max(n / MOST_BATCHES).max(1);
    let count = (n / length).min(MOST_BATCHES);
    if count < FEWEST_BATCHES {
        return Err(NoInterval::TooFewBatches { have: count, need: FEWEST_BATCHES, length });
    }
    Ok(Batches { count, length: n / count, autocorrelation_time: tau })
}

/// An interval from batches, with what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batched {
    /// The estimate over the whole series.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
    /// How the series was cut.
    pub batches: Batches,
    /// Independent values that would carry the same information.
    pub effective_n: f64,
}

/// The `p`-quantile of a series in send order with its interval (see the rule above).
///
/// +∞ is allowed (a request that never answered) and makes an end unbounded where the rank falls
/// on it. NaN is an error. Fewer than 5 values expected beyond the quantile → "n too small".
///
/// ```
/// use acidtest_metrics::stats::batch_quantile;
/// let series: Vec<f64> = (0..600u32).map(|i| f64::from(i.wrapping_mul(2654435761) >> 8)).collect();
/// let p95 = batch_quantile(&series, 0.95, 0.95).unwrap();
/// assert!(p95.interval.holds(p95.value) && p95.batches.count >= 20);
/// ```
pub fn batch_quantile(series: &[f64], p: f64, level: f64) -> Result<Batched, NoInterval> {
    SendOrder::new(series)?.quantile(p, level)
}

/// A series in send order made ready for several quantiles: sorted once, its autocorrelation
/// time found once.
#[derive(Debug, Clone)]
pub struct SendOrder<'a> {
    series: &'a [f64],
    sorted: Vec<f64>,
    autocorrelation_time: f64,
}

impl<'a> SendOrder<'a> {
    /// Sorts a copy. NaN and an empty series are errors.
    pub fn new(series: &'a [f64]) -> Result<SendOrder<'a>, StatError> {
        if series.is_empty() {
            return Err(StatError::Empty { what: "values" });
        }
        check_no_nan(series)?;
        let mut sorted = series.to_vec();
        sorted.sort_by(f64::total_cmp);
        Ok(SendOrder { series, sorted, autocorrelation_time: autocorrelation_time(&ranks(series))? })
    }

    /// The values in ascending order.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// How many neighbours carry the information of one, by the ranks of the values.
    pub fn autocorrelation_time(&self) -> f64 {
        self.autocorrelation_time
    }

    /// The `p`-quantile with its interval; see [`batch_quantile`].
    pub fn quantile(&self, p: f64, level: f64) -> Result<Batched, NoInterval> {
        check_inner("quantile", p)?;
        check_level(level)?;
        let n = self.series.len();
        let need = (FEWEST_BEYOND / p.min(1.0 - p) - 1e-9).ceil() as usize;
        if n < need {
            return Err(NoInterval::TooFew { what: "values", have: n, need });
        }
        let value = quantile(&self.sorted, p).ok_or(StatError::Empty { what: "values" })?;
        let batches = cut(n, self.autocorrelation_time)?;
        let indicator = self.series.iter().map(|x| f64::from(*x <= value));
        let variance = batched_variance(indicator, batches).1;
        let effective_n = effective(p, variance, batches, level)?.min(n as f64);
        let ranks = scaled_ranks(n, effective_n, p, level)?;
        let interval = order_interval(&self.sorted, ranks, level, Method::BatchQuantile)?;
        Ok(Batched { value, interval, batches, effective_n })
    }
}

/// The mean of a series in send order with its interval (see the rule above).
///
/// Not finite values are an error; no variance between batches gives no interval.
pub fn batch_mean(series: &[f64], level: f64) -> Result<Batched, NoInterval> {
    check_level(level)?;
    if series.is_empty() {
        return Err(StatError::Empty { what: "values" }.into());
    }
    let batches = cut(series.len(), autocorrelation_time(series)?)?;
    let (value, variance) = batched_variance(series.iter().copied(), batches);
    if variance <= 0.0 {
        return Err(NoInterval::NoVariance { n: series.len() });
    }
    let t = t_quantile(0.5 + level / 2.0, (batches.count - 1) as f64)?;
    let half = t * variance.sqrt();
    let n = series.len() as f64;
    let spread = series.iter().map(|x| (x - value).powi(2)).sum::<f64>() / (n - 1.0);
    Ok(Batched {
        value,
        interval: Interval::two_sided(value - half, value + half, level, Method::BatchMean),
        batches,
        effective_n: (spread / variance).min(n),
    })
}

/// Mean over the series and the variance of that mean from its batches.
fn batched_variance(series: impl Iterator<Item = f64>, batches: Batches) -> (f64, f64) {
    let values: Vec<f64> = series.collect();
    let n = values.len();
    let sums: Vec<(f64, f64)> = (0..batches.count)
        .map(|k| {
            let batch = &values[k * n / batches.count..(k + 1) * n / batches.count];
            (batch.iter().sum(), batch.len() as f64)
        })
        .collect();
    let mean = values.iter().sum::<f64>() / n as f64;
    let residuals: Vec<f64> = sums.iter().map(|(s, m)| s - mean * m).collect();
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let count = batches.count as f64;
    let variance = count / (count - 1.0) * squares / (n as f64 * n as f64);
    let products: f64 = residuals.windows(2).map(|w| w[0] * w[1]).sum();
    let lag_one = if squares > 0.0 { products / squares } else { 0.0 };
    (mean, variance * (1.0 + 2.0 * lag_one.max(0.0)))
}

/// n' = p(1−p)/var · (z/t)², with t on batches − 1 degrees of freedom.
fn effective(p: f64, variance: f64, batches: Batches, level: f64) -> Result<f64, StatError> {
    let z = normal_quantile(0.5 + level / 2.0)?;
    let t = t_quantile(0.5 + level / 2.0, (batches.count - 1) as f64)?;
    if variance <= 0.0 {
        return Ok(f64::INFINITY); // the caller caps it at n
    }
    Ok(p * (1.0 - p) / variance * (z / t).powi(2))
}

/// Ranks among `n` values at the relative position that they have among `effective` values.
fn scaled_ranks(
    n: usize,
    effective: f64,
    p: f64,
    level: f64,
) -> Result<(Option<usize>, Option<usize>), StatError> {
    let size = effective.floor().max(1.0) as usize;
    let (low, high) = quantile_ranks(size, p, level)?;
    let scale = (n + 1) as f64 / (size + 1) as f64;
    // Outwards: down for the lower rank, up for the upper one, so that rounding never narrows.
    let low = low.map(|r| (r as f64 * scale + 1e-9).floor() as usize).filter(|r| *r >= 1);
    let high = high.map(|r| (r as f64 * scale - 1e-9).ceil() as usize).filter(|r| *r <= n);
    Ok((low, high))
}

/// Ranks with ties at their mean, so that one enormous value cannot hide the correlation.
fn ranks(series: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| series[*a].total_cmp(&series[*b]));
    let mut ranks = vec![0.0; series.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && series[order[end]] == series[order[start]] {
            end += 1;
        }
        let middle = (start + end - 1) as f64 / 2.0;
        for index in &order[start..end] {
            ranks[*index] = middle;
        }
        start = end;
    }
    ranks
}

fn check_no_nan(series: &[f64]) -> Result<(), StatError> {
    match series.iter().position(|x| x.is_nan()) {
        None => Ok(()),
        Some(index) => Err(StatError::NotFinite { what: "value", index, value: f64::NAN }),
    }
}
