//! Intervals of quantiles and means of a series in send order, whose neighbours are correlated.
//!
//! Main functions: [`batch_quantile`] ([`SendOrder`] for several), [`batch_mean`]. Under load a slow
//! answer makes the next one slow; treating them as independent makes a "95 %" interval of a
//! queue's p95 at 80 % load cover 15 %. The series must be in send order: sorting it first
//! destroys what these functions measure.
//!
//! # The rule
//! 1. *Is the run long enough?* τ = integrated autocorrelation time of the ranks (and, for a mean,
//!    of the values; the larger counts), freed of its bias. Needed are 30 τ values, and
//!    150 κ (τ − 1) more, where κ = (q₉₀ + q₁₀ − 2 q₅₀)/(q₉₀ − q₁₀) is the skewness (0 for a
//!    normal, 0.46 for an exponential distribution): what has a long tail and memory has rare
//!    jams, and many of them must be seen (Cochran's 25 γ² values for a mean, here of quantiles
//!    so that no single value decides). The means of 64 blocks must have fewer than 64/20 blocks
//!    of memory: it shows a slow queue under the noise of unequal answers. Else no interval.
//! 2. The series is cut into 20 batches, few and long, so that what is left of the correlation
//!    is small; Student's t with 19 degrees of freedom pays for it (Schmeiser, Oper. Res. 30
//!    (1982) 556–568). The variance is raised by 1 + 2r where r, the lag-1 correlation of the
//!    batches plus 1/20 for its bias, is positive; and by 1 + 2s, s = values needed by 1 (beyond
//!    those that a series without correlation needs) ÷ values there: a run that is only just
//!    long enough knows its own memory badly.
//! 3. Mean: the variance of the mean over the batches, at least τ s²/n. Of values that cannot be
//!    negative the interval is m·exp(± t s/m): means of skewed values err upwards.
//! 4. Quantile: the mean of the *indicator* 1{x ≤ q̂} is treated the same way. That gives the
//!    effective number of independent values n' = p(1−p)/var · (z/t)², at most n; the interval is
//!    the pair of order statistics whose ranks n' independent values would have, at the same
//!    relative position in the series. A run that has met few jams puts q̂ too low *and* sees
//!    them too short: n' is the least over q̂ and the quantiles with 2, 4 and 8 times the tail (up
//!    to the median), whose exceedances are more numerous; between the quartiles also at most
//!    n/τ. The point estimate stays the quantile of all values (quantiles of small batches are
//!    biased), ends are unbounded where the ranks say so.
//!    Sources: of the indicator idea, Heidelberger and Lewis, Oper. Res. 32 (1984) 185–209; of
//!    sectioning, which keeps the overall quantile in the centre, Nakayama, ACM TOMACS 24 (2014)
//!    19; of asking first whether the sample is long enough and correcting for skewness and the
//!    correlation of batches, Alexopoulos et al., Sequest, ACM TOMACS 29 (2019) 22.
//!
//! What it holds, cell by cell: docs/coverage.md (`cargo xtask prove intervals`). What no rule
//! can do that sees the values alone: a short run that never met the queue looks like a run of a
//! server that never queues.

use super::autocorrelation::{Memory, memory, ranked};
use super::distribution::{normal_quantile, t_quantile};
use super::interval::{Interval, Method, NoInterval, StatError, check_inner, check_level};
use super::proportion::{all_events, wilson, zero_events};
use super::quantile::{order_interval, quantile, quantile_ranks};

/// Batches that a series is cut into; a series that is too short for them has no interval.
pub const FEWEST_BATCHES: usize = 20;
/// Values expected beyond the quantile, on the nearer side, below which batches say nothing.
pub const FEWEST_BEYOND: f64 = 5.0;

/// Autocorrelation times that a series must be long.
const FEWEST_TIMES: f64 = 30.0;
/// Further ones for each unit of skewness.
const FOR_SKEWNESS: f64 = 150.0;
/// Memories of the blocks that a series must be long.
const FEWEST_BLOCKS: f64 = 20.0;
/// Multiples of the tail at which exceedances are looked at.
const TAILS: [f64; 4] = [1.0, 2.0, 4.0, 8.0];

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

/// A series that is long enough.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub batches: Batches,
    /// Values needed ÷ values there, at most 1.
    pub strain: f64,
}

/// Cuts a series of `n` values (or what they are called), or says why it is too short.
pub(super) fn cut(what: &'static str, n: usize, memory: Memory, skewness: f64) -> Result<Cut, NoInterval> {
    let least = 2 * FEWEST_BATCHES;
    if n < least {
        return Err(NoInterval::TooFew { what, have: n, need: least });
    }
    let tau = memory.values;
    let by_skewness = if skewness > 0.0 { FOR_SKEWNESS * skewness * (tau - 1.0) } else { 0.0 };
    let need = (FEWEST_TIMES * tau + by_skewness).max(FEWEST_BLOCKS * memory.blocks);
    if need > n as f64 {
        // Where the memory cannot even be told, the whole series is one batch that is too short.
        let length = (need / FEWEST_BATCHES as f64).ceil().min(n as f64) as usize;
        let have = (n / length).min(FEWEST_BATCHES - 1);
        return Err(NoInterval::TooFewBatches { have, need: FEWEST_BATCHES, length });
    }
    let batches = Batches { count: FEWEST_BATCHES, length: n / FEWEST_BATCHES, autocorrelation_time: tau };
    // Of what a series without correlation needs, nothing.
    let by_values = FEWEST_TIMES * (tau - 1.0) + by_skewness;
    let by_blocks = FEWEST_BLOCKS * (memory.blocks - memory.floor);
    Ok(Cut { batches, strain: by_values.max(by_blocks) / n as f64 })
}

/// (q₉₀ + q₁₀ − 2 q₅₀)/(q₉₀ − q₁₀), at least 0; 1 where the tenth largest is infinite.
pub(super) fn skewness(sorted: &[f64]) -> f64 {
    let at = |p| quantile(sorted, p).unwrap_or(f64::NAN);
    let (low, middle, high) = (at(0.1), at(0.5), at(0.9));
    match (high + low - 2.0 * middle) / (high - low) {
        _ if !high.is_finite() => 1.0,
        kappa if kappa.is_finite() => kappa.max(0.0),
        _ => 0.0,
    }
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
    memory: Memory,
    skewness: f64,
}

impl<'a> SendOrder<'a> {
    /// Sorts a copy. NaN and an empty series are errors.
    pub fn new(series: &'a [f64]) -> Result<SendOrder<'a>, StatError> {
        if series.is_empty() {
            return Err(StatError::Empty { what: "values" });
        }
        check_no_nan(series)?;
        let (sorted, ranks) = ranked(series);
        let skewness = skewness(&sorted);
        Ok(SendOrder { series, sorted, memory: memory(&ranks)?, skewness })
    }

    /// The values in ascending order.
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// How many neighbours carry the information of one, by the ranks of the values; at most as
    /// many as there are.
    pub fn autocorrelation_time(&self) -> f64 {
        self.memory.values.min(self.series.len() as f64)
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
        let Cut { batches, strain } = cut("values", n, self.memory, self.skewness)?;
        let effective_n = self.effective(p, level, batches)? / (1.0 + 2.0 * strain);
        let ranks = scaled_ranks(n, effective_n, p, level)?;
        let interval = order_interval(&self.sorted, ranks, level, Method::BatchQuantile)?;
        Ok(Batched { value, interval, batches, effective_n })
    }

    /// Interval of the share of these values that have some property, of which `events` do: Wilson
    /// with as many independent values as their own memory leaves. The property may be rare and
    /// seem to come singly where the waits behind it do not.
    pub fn share(&self, events: u64, level: f64) -> Result<Interval, NoInterval> {
        let n = self.series.len();
        let Cut { strain, .. } = cut("values", n, self.memory, self.skewness)?;
        let effective = n as f64 / self.memory.values.max(1.0) / (1.0 + 2.0 * strain);
        let p = events as f64 / n as f64;
        match events {
            0 => zero_events(effective, level),
            all if all == n as u64 => all_events(effective, level),
            _ => Ok(Interval { method: Method::WilsonEffectiveN, ..wilson(p, effective, level)? }),
        }
    }

    /// The mean with its interval; see [`batch_mean`].
    pub fn mean(&self, level: f64) -> Result<Batched, NoInterval> {
        check_level(level)?;
        let (series, sorted) = (self.series, &self.sorted);
        let (own, ranked) = (memory(series)?, self.memory);
        let longer =
            Memory { values: own.values.max(ranked.values), blocks: own.blocks.max(ranked.blocks), ..own };
        let n = series.len() as f64;
        let Cut { batches, strain } = cut("values", series.len(), longer, self.skewness)?;
        let (value, variance) = batched_variance(series, |x| *x, batches);
        let spread = series.iter().map(|x| (x - value).powi(2)).sum::<f64>() / (n - 1.0);
        let variance = variance.max(longer.values * spread / n) * (1.0 + 2.0 * strain);
        if variance <= 0.0 {
            return Err(NoInterval::NoVariance { n: series.len() });
        }
        let t = t_quantile(0.5 + level / 2.0, (batches.count - 1) as f64)?;
        let half = t * variance.sqrt();
        let (low, high) = match sorted[0] >= 0.0 && value > 0.0 {
            true => (value * (-half / value).exp(), value * (half / value).exp()),
            false => (value - half, value + half),
        };
        Ok(Batched {
            value,
            interval: Interval::two_sided(low, high, level, Method::BatchMean),
            batches,
            effective_n: (spread / variance).min(n),
        })
    }

    /// n': the least that the indicators at `p` and at longer tails give.
    fn effective(&self, p: f64, level: f64, batches: Batches) -> Result<f64, StatError> {
        let n = self.series.len() as f64;
        let tail = p.min(1.0 - p);
        let mut least = if tail >= 0.25 { n / batches.autocorrelation_time } else { n };
        for at in tails(p) {
            let value = quantile(&self.sorted, at).ok_or(StatError::Empty { what: "values" })?;
            let indicator = |x: &f64| f64::from(*x <= value);
            let variance = batched_variance(self.series, indicator, batches).1;
            least = least.min(effective(at, variance, batches, level)?);
        }
        Ok(least)
    }
}

/// `p` and the quantiles with 2, 4 and 8 times its tail, up to the median.
pub(super) fn tails(p: f64) -> impl Iterator<Item = f64> {
    let tail = p.min(1.0 - p);
    let shares = TAILS.iter().map(move |times| times * tail).filter(move |share| *share <= tail.max(0.5));
    shares.map(move |share| if p > 0.5 { 1.0 - share } else { share })
}

/// The mean of a series in send order with its interval (see the rule above).
///
/// Not finite values are an error; no variance between batches gives no interval.
pub fn batch_mean(series: &[f64], level: f64) -> Result<Batched, NoInterval> {
    check_level(level)?;
    SendOrder::new(series)?.mean(level)
}

/// Mean over the series of what `of` makes of a value, and the variance of that mean from batches.
pub(super) fn batched_variance(series: &[f64], of: impl Fn(&f64) -> f64, batches: Batches) -> (f64, f64) {
    let n = series.len();
    let sums: Vec<(f64, f64)> = (0..batches.count)
        .map(|k| {
            let batch = &series[k * n / batches.count..(k + 1) * n / batches.count];
            (batch.iter().map(&of).sum(), batch.len() as f64)
        })
        .collect();
    let mean = sums.iter().map(|(sum, _)| sum).sum::<f64>() / n as f64;
    let residuals: Vec<f64> = sums.iter().map(|(s, m)| s - mean * m).collect();
    let squares: f64 = residuals.iter().map(|r| r * r).sum();
    let count = batches.count as f64;
    let variance = count / (count - 1.0) * squares / (n as f64 * n as f64);
    let products: f64 = residuals.windows(2).map(|w| w[0] * w[1]).sum();
    let lag_one = if squares > 0.0 { products / squares + 1.0 / count } else { 0.0 };
    (mean, variance * (1.0 + 2.0 * lag_one.max(0.0)))
}

/// n' = p(1−p)/var · (z/t)², with t on batches − 1 degrees of freedom.
pub(super) fn effective(p: f64, variance: f64, batches: Batches, level: f64) -> Result<f64, StatError> {
    let z = normal_quantile(0.5 + level / 2.0)?;
    let t = t_quantile(0.5 + level / 2.0, (batches.count - 1) as f64)?;
    if variance <= 0.0 {
        return Ok(f64::INFINITY); // the caller caps it at n
    }
    Ok(p * (1.0 - p) / variance * (z / t).powi(2))
}

/// Ranks among `n` values at the relative position that they have among `effective` values.
pub(super) fn scaled_ranks(
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

fn check_no_nan(series: &[f64]) -> Result<(), StatError> {
    match series.iter().position(|x| x.is_nan()) {
        None => Ok(()),
        Some(index) => Err(StatError::NotFinite { what: "value", index, value: f64::NAN }),
    }
}
