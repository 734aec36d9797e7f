//! Standard errors as lm-evaluation-harness prints them, to compare with its tables.
//!
//! Intervals of acidtest come from [`stats`](crate::stats), not from here.

use super::perplexity::mean;
use super::python_random::PythonRandom;

/// Draws of one chunk: each chunk has a generator seeded with its number.
const CHUNK: usize = 1000;

/// Standard deviation with n − 1. `None` for fewer than two values.
fn deviation(values: &[f64]) -> Option<f64> {
    let center = mean(values).filter(|_| values.len() > 1)?;
    let squares: f64 = values.iter().map(|x| (x - center).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// Standard error of a mean: standard deviation (n − 1) / √n. `None` for fewer than two values.
pub fn mean_stderr(values: &[f64]) -> Option<f64> {
    deviation(values).map(|d| d / (values.len() as f64).sqrt())
}

/// Standard deviation of a statistic over resamples, with lm-evaluation-harness's random stream.
///
/// `draws` resamples in chunks of at most 1000, each by Python's `random.Random(chunk).choices`; a
/// last chunk that would not be full is not drawn. `None` where the statistic of a resample does
/// not exist, there are no values, or fewer than two resamples.
pub fn bootstrap_stderr(
    values: &[f64],
    draws: usize,
    statistic: impl Fn(&[f64]) -> Option<f64>,
) -> Option<f64> {
    if values.is_empty() || draws == 0 {
        return None;
    }
    let chunk = draws.min(CHUNK);
    let mut found = Vec::new();
    let mut sample = vec![0.0; values.len()];
    for seed in 0..draws / chunk {
        let mut random = PythonRandom::seeded(seed as u64);
        for _ in 0..chunk {
            sample.fill_with(|| values[random.choice_index(values.len())]);
            found.push(statistic(&sample)?);
        }
    }
    deviation(&found)
}

/// Standard error of a mean over subtasks weighted by size: √(Σ (n−1)·s²·n / (Σn − k) / Σn).
///
/// `None` where the numbers differ or no subtask has two documents.
pub fn pooled_stderr(stderrs: &[f64], sizes: &[u64]) -> Option<f64> {
    let total: u64 = sizes.iter().try_fold(0u64, |sum, n| sum.checked_add(*n))?;
    let degrees = total.checked_sub(sizes.len() as u64).filter(|d| *d > 0)?;
    if stderrs.len() != sizes.len() {
        return None;
    }
    let each = stderrs.iter().zip(sizes);
    let sum: f64 = each.map(|(s, n)| (*n as f64 - 1.0) * s * s * *n as f64).sum();
    Some((sum / degrees as f64 / total as f64).sqrt()).filter(|s| s.is_finite())
}

/// Standard error of the plain mean of k subtasks: √(Σ s²) / k. `None` without subtasks.
pub fn unweighted_mean_stderr(stderrs: &[f64]) -> Option<f64> {
    let squares: f64 = stderrs.iter().map(|s| s * s).sum();
    Some(squares.sqrt() / stderrs.len() as f64).filter(|s| s.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(mean_stderr(&[1.0]), None);
        assert_eq!(mean_stderr(&[1.0, 3.0]), Some(1.0));
        assert_eq!(bootstrap_stderr(&[], 10, mean), None);
        assert_eq!(bootstrap_stderr(&[1.0, 2.0], 0, mean), None);
        assert_eq!(bootstrap_stderr(&[2.0, 2.0], 10, mean), Some(0.0));
        assert_eq!(pooled_stderr(&[0.1], &[1]), None);
        assert_eq!(pooled_stderr(&[0.1], &[3, 4]), None);
        assert_eq!(unweighted_mean_stderr(&[]), None);
        assert_eq!(unweighted_mean_stderr(&[3.0, 4.0]), Some(2.5));
    }
}
