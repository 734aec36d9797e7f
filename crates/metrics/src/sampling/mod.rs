//! Several samples of one task: pass@k, pass^k, majority.
//!
//! Main functions: [`pass_at_k`], [`pass_hat_k`], [`majority`]. Each speaks of one task; over tasks
//! take the mean, a [`row`] per task. Whether a sample is right is decided elsewhere.

use std::collections::HashMap;

/// The most samples of one task that are computed.
pub const MOST_SAMPLES: u64 = 10_000_000;

/// Why there is no pass@k of a task.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPass {
    /// Nothing is estimated from fewer samples than k.
    #[error("{n} samples, needs {k}")]
    TooFew {
        /// Samples there are.
        n: u64,
        /// Samples asked about.
        k: u64,
    },
    /// k is 0.
    #[error("k is 0, expected at least 1")]
    ZeroK,
    /// More right samples than samples.
    #[error("{c} right of {n} samples")]
    MoreRight {
        /// Right samples.
        c: u64,
        /// Samples.
        n: u64,
    },
    /// Beyond [`MOST_SAMPLES`].
    #[error("{n} samples, expected at most {MOST_SAMPLES}")]
    TooMany {
        /// Samples.
        n: u64,
    },
}

fn check(n: u64, c: u64, k: u64) -> Result<(), NoPass> {
    match (n, c, k) {
        (_, _, 0) => Err(NoPass::ZeroK),
        _ if c > n => Err(NoPass::MoreRight { c, n }),
        _ if n < k => Err(NoPass::TooFew { n, k }),
        _ if n > MOST_SAMPLES => Err(NoPass::TooMany { n }),
        _ => Ok(()),
    }
}

/// Natural logarithm of C(n−a, b) / C(n, b), the chance that b draws without replacement miss all
/// of a. −∞ when they cannot. Symmetric in a and b, so the smaller gives the number of factors
/// 1 − larger/(n − i); the sum is compensated.
fn ln_miss(n: u64, a: u64, b: u64) -> f64 {
    if a + b > n {
        return f64::NEG_INFINITY;
    }
    let (few, many) = (a.min(b), a.max(b));
    let (mut sum, mut lost) = (0.0f64, 0.0f64);
    for i in 0..few {
        let (left, all) = ((n - i - many) as f64, (n - i) as f64);
        // Near 0 the logarithm of the complement loses no digits; near 1 the quotient has them all.
        let term = if 2 * many < n - i { (-(many as f64) / all).ln_1p() } else { (left / all).ln() };
        let next = sum + term;
        lost += (sum - next) + term;
        sum = next;
    }
    sum + lost
}

/// Unbiased estimate of the chance that at least one of k samples is right, from `c` right among
/// `n`: 1 − C(n−c, k) / C(n, k), in 0..1. Source: Chen et al., arXiv 2107.03374.
///
/// ```
/// use acidtest_metrics::sampling::pass_at_k;
/// assert!((pass_at_k(20, 5, 2).unwrap() - 17.0 / 38.0).abs() < 1e-15);
/// assert_eq!(pass_at_k(5, 0, 5), Ok(0.0));
/// assert_eq!(pass_at_k(3, 2, 4).unwrap_err().to_string(), "3 samples, needs 4");
/// ```
///
/// # Errors
/// Fewer samples than k, more right than there are, k = 0, more than [`MOST_SAMPLES`].
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Result<f64, NoPass> {
    check(n, c, k)?;
    if k == 1 {
        return Ok(c as f64 / n as f64);
    }
    // 0 − 0 where nothing is right: no minus sign.
    Ok(0.0 - ln_miss(n, c, k).exp_m1())
}

/// Unbiased estimate of the chance that all of k samples are right: C(c, k) / C(n, k), in 0..1.
/// Source: Yao et al., tau-bench, arXiv 2406.12045.
///
/// ```
/// use acidtest_metrics::sampling::pass_hat_k;
/// assert!((pass_hat_k(20, 5, 2).unwrap() - 1.0 / 19.0).abs() < 1e-15);
/// assert_eq!(pass_hat_k(5, 3, 5), Ok(0.0));
/// ```
///
/// # Errors
/// As [`pass_at_k`].
pub fn pass_hat_k(n: u64, c: u64, k: u64) -> Result<f64, NoPass> {
    check(n, c, k)?;
    if k == 1 {
        return Ok(c as f64 / n as f64);
    }
    Ok(ln_miss(n, n - c, k).exp())
}

/// Row of one task for means over tasks: (value, 1), or (0, 0) for a task without a value, which
/// then takes no part. The mean is [`mean_of_sums`].
pub fn row(value: Option<f64>) -> [f64; 2] {
    value.map_or([0.0, 0.0], |v| [v, 1.0])
}

/// Mean over tasks from the sums of their rows; `None` when no task has a value.
pub fn mean_of_sums(sums: &[f64]) -> Option<f64> {
    match sums {
        [sum, tasks, ..] if *tasks > 0.0 => Some(sum / tasks),
        _ => None,
    }
}

/// The answers with most votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Majority<'a> {
    /// All answers that have that many votes, the first seen first. Never empty.
    pub winners: Vec<&'a str>,
    /// Votes of each of them.
    pub votes: usize,
    /// Samples that gave an answer.
    pub answered: usize,
}

/// Counts the votes of samples; `None` is a sample without an answer, which has no vote. `None`
/// comes back when no sample has one.
///
/// ```
/// use acidtest_metrics::sampling::majority;
/// let vote = majority(&[Some("7"), Some("8"), None, Some("8"), Some("7")]).unwrap();
/// assert_eq!((vote.first_seen(), vote.votes, vote.answered), ("7", 2, 4));
/// assert_eq!(vote.share("8"), 0.5);
/// ```
pub fn majority<'a>(answers: &[Option<&'a str>]) -> Option<Majority<'a>> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut counts: Vec<(&'a str, usize)> = Vec::new();
    for answer in answers.iter().flatten() {
        let at = *seen.entry(answer).or_insert(counts.len());
        match counts.get_mut(at) {
            Some((_, votes)) => *votes += 1,
            None => counts.push((answer, 1)),
        }
    }
    let votes = counts.iter().map(|(_, votes)| *votes).max()?;
    let winners = counts.iter().filter(|(_, v)| *v == votes).map(|(answer, _)| *answer).collect();
    Some(Majority { winners, votes, answered: answers.iter().flatten().count() })
}

impl<'a> Majority<'a> {
    /// Tie rule `first-seen`: the winner that was given first.
    pub fn first_seen(&self) -> &'a str {
        self.winners.first().copied().unwrap_or_default()
    }

    /// Tie rule `share`: 1 / number of winners when `right` is one of them, else 0; what breaking
    /// ties by lot gives on average.
    pub fn share(&self, right: &str) -> f64 {
        if self.winners.contains(&right) { 1.0 / self.winners.len() as f64 } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        assert_eq!(pass_at_k(0, 0, 1), Err(NoPass::TooFew { n: 0, k: 1 }));
        assert_eq!(pass_at_k(3, 4, 1), Err(NoPass::MoreRight { c: 4, n: 3 }));
        assert_eq!(pass_hat_k(3, 1, 0), Err(NoPass::ZeroK));
        assert_eq!(pass_hat_k(u64::MAX, 1, 2), Err(NoPass::TooMany { n: u64::MAX }));
        assert_eq!((pass_at_k(4, 4, 3), pass_hat_k(4, 4, 3)), (Ok(1.0), Ok(1.0)));
        assert!(pass_at_k(4, 0, 3).unwrap().is_sign_positive());
    }

    #[test]
    fn a_million_samples() {
        // One right: pass@k is k/n exactly. One wrong: pass^k is 1 − k/n.
        for k in [2, 1000, 499_999, 999_999] {
            let share = k as f64 / 1e6;
            assert!((pass_at_k(1_000_000, 1, k).unwrap() / share - 1.0).abs() < 1e-13);
            assert!((pass_hat_k(1_000_000, 999_999, k).unwrap() / (1.0 - share) - 1.0).abs() < 1e-9);
        }
        // Two right: 1 − (n−k)(n−k−1) / (n(n−1)).
        let (n, k) = (1e6, 3e5);
        let two = 1.0 - (n - k) * (n - k - 1.0) / (n * (n - 1.0));
        assert!((pass_at_k(1_000_000, 2, 300_000).unwrap() - two).abs() < 1e-13);
    }

    #[test]
    fn means_and_votes() {
        assert_eq!(mean_of_sums(&[1.0, 2.0]), Some(0.5));
        assert_eq!((mean_of_sums(&[0.0, 0.0]), mean_of_sums(&[])), (None, None));
        assert_eq!((row(Some(0.3)), row(None)), ([0.3, 1.0], [0.0, 0.0]));
        assert_eq!(majority(&[None]), None);
        assert_eq!(majority(&[Some("a")]).unwrap().share("b"), 0.0);
    }
}
