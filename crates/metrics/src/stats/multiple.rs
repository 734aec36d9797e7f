//! Many tests at once: p-values adjusted so that a family, or a list of discoveries, stays honest.
//!
//! Main functions: [`bonferroni`], [`hochberg`], [`benjamini_hochberg`], [`benjamini_yekutieli`];
//! Holm's lives with the significance tests. All answer in the order given, at most 1, and take
//! finite p-values in 0..=1.

/// min(1, m·p). Any dependence; the family makes an error with chance at most α.
#[must_use]
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    p.iter().map(|x| (x * p.len() as f64).min(1.0)).collect()
}

/// Hochberg's step-up: min over ranks j ≥ i of (m − j + 1)·p₍ⱼ₎. Family-wise, for tests that are
/// independent or positively dependent. Source: Hochberg, Biometrika 75 (1988) 800–802.
#[must_use]
pub fn hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank| (p.len() - rank + 1) as f64)
}

/// Benjamini and Hochberg: min over ranks j ≥ i of m/j · p₍ⱼ₎. Bounds the expected share of false
/// ones among what is called different. Source: JRSS B 57 (1995) 289–300.
///
/// ```
/// use acidtest_metrics::stats::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.04, 0.5]), [0.03, 0.06, 0.5]);
/// ```
#[must_use]
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    step_up(p, |rank| p.len() as f64 / rank as f64)
}

/// Benjamini and Yekutieli: as [`benjamini_hochberg`] times Σ 1/j, valid under any dependence.
/// Source: Annals of Statistics 29 (2001) 1165–1188.
#[must_use]
pub fn benjamini_yekutieli(p: &[f64]) -> Vec<f64> {
    let harmonic: f64 = (1..=p.len()).map(|j| 1.0 / j as f64).sum();
    step_up(p, |rank| harmonic * p.len() as f64 / rank as f64)
}

/// Smallest factor(rank)·p over this and all larger p, 1-based ranks in ascending order.
fn step_up(p: &[f64], factor: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![1.0; p.len()];
    let mut least = 1.0f64;
    for (at, index) in order.into_iter().enumerate().rev() {
        least = least.min(factor(at + 1) * p[index]);
        adjusted[index] = least;
    }
    adjusted
}
