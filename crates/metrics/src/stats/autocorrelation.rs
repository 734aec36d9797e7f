//! How long a series remembers: the integrated autocorrelation time.
//!
//! Main functions: [`autocorrelation_time`] and, for the batches, `memory`, which is the same
//! freed of its bias, with a second look at what is slow. No intervals here: `batch` makes them.

use super::interval::StatError;

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

/// Blocks of the second look: what is left of the correlation when neighbours are averaged.
const BLOCKS: usize = 64;

/// What a series remembers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Memory {
    /// Autocorrelation time of the values, freed of its bias; ∞ where the series is too short.
    pub values: f64,
    /// The same of the means of 64 blocks, in values: a slow part that noise hides in `values`.
    /// 0 for a series of fewer than 128 values.
    pub blocks: f64,
    /// What `blocks` is where the blocks are not correlated.
    pub floor: f64,
}

/// The memory of a finite series.
pub(super) fn memory(series: &[f64]) -> Result<Memory, StatError> {
    let n = series.len();
    let values = unbiased(autocorrelation_time(series)?, n);
    if n < 2 * BLOCKS {
        return Ok(Memory { values, blocks: 0.0, floor: 0.0 });
    }
    let means: Vec<f64> = (0..BLOCKS)
        .map(|i| {
            let block = &series[i * n / BLOCKS..(i + 1) * n / BLOCKS];
            block.iter().sum::<f64>() / block.len() as f64
        })
        .collect();
    let blocks = unbiased(autocorrelation_time(&means)?, BLOCKS) * n as f64 / BLOCKS as f64;
    let floor = unbiased(1.0, BLOCKS) * n as f64 / BLOCKS as f64;
    Ok(Memory { values, blocks, floor })
}

/// Taking off the mean of the series lowers every ρ(k) by about τ/n. Over the 5τ lags of the
/// window that is 10τ²/n: τ = τ̂ / (1 − 10 τ̂/n), and nothing is known where that is not positive.
fn unbiased(tau: f64, n: usize) -> f64 {
    let kept = 1.0 - 10.0 * tau / n as f64;
    if kept > 0.05 { tau / kept } else { f64::INFINITY }
}

/// The values in ascending order, and the rank of each with ties at their mean, so that one
/// enormous value cannot hide the correlation.
pub(super) fn ranked(series: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut order: Vec<(f64, usize)> = series.iter().copied().zip(0..).collect();
    // Equal values get one rank: in which order they stand does not matter.
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let mut ranks = vec![0.0; series.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && order[end].0 == order[start].0 {
            end += 1;
        }
        let middle = (start + end - 1) as f64 / 2.0;
        for (_, index) in &order[start..end] {
            ranks[*index] = middle;
        }
        start = end;
    }
    (order.into_iter().map(|(value, _)| value).collect(), ranks)
}
