//! Two independent groups: t tests, Mann–Whitney, and the difference of two independent shares.
//!
//! Main functions: [`welch`], [`student`], [`mann_whitney`], [`newcombe_independent`].

use super::distribution::{normal_cdf, t_quantile, t_two_sided};
use super::interval::{Interval, Method, NoInterval, StatError, check_level};
use super::proportion::wilson;

/// A t test of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TTest {
    /// Mean of the first less mean of the second.
    pub difference: f64,
    /// Standard error of the difference, above 0.
    pub standard_error: f64,
    /// Degrees of freedom.
    pub df: f64,
    /// Two-sided p.
    pub p: f64,
    method: Method,
}

impl TTest {
    /// difference / standard error.
    #[must_use]
    pub fn t(&self) -> f64 {
        self.difference / self.standard_error
    }

    /// difference ± t(df)·standard error.
    pub fn interval(&self, level: f64) -> Result<Interval, NoInterval> {
        check_level(level)?;
        let half = t_quantile(0.5 + level / 2.0, self.df)? * self.standard_error;
        Ok(Interval::two_sided(self.difference - half, self.difference + half, level, self.method))
    }

    fn of(difference: f64, variance: f64, df: f64, n: usize, method: Method) -> Result<TTest, NoInterval> {
        if variance <= 0.0 {
            return Err(NoInterval::NoVariance { n });
        }
        let standard_error = variance.sqrt();
        let p = t_two_sided(difference / standard_error, df)?;
        Ok(TTest { difference, standard_error, df, p, method })
    }
}

/// Welch's test: variances s²/n apart, Satterthwaite's degrees of freedom
/// (v₁ + v₂)² / (v₁²/(n₁−1) + v₂²/(n₂−1)). Two values a group at least.
/// Source: Welch, Biometrika 34 (1947) 28–35.
pub fn welch(x: &[f64], y: &[f64]) -> Result<TTest, NoInterval> {
    let ((m1, s1, n1), (m2, s2, n2)) = (moments(x)?, moments(y)?);
    let (v1, v2) = (s1 / (n1 - 1.0) / n1, s2 / (n2 - 1.0) / n2);
    let df = (v1 + v2).powi(2) / (v1 * v1 / (n1 - 1.0) + v2 * v2 / (n2 - 1.0));
    TTest::of(m1 - m2, v1 + v2, df, x.len() + y.len(), Method::WelchT)
}

/// Student's test with one pooled variance on n₁ + n₂ − 2 degrees of freedom.
pub fn student(x: &[f64], y: &[f64]) -> Result<TTest, NoInterval> {
    let ((m1, s1, n1), (m2, s2, n2)) = (moments(x)?, moments(y)?);
    let df = n1 + n2 - 2.0;
    let variance = (s1 + s2) / df * (1.0 / n1 + 1.0 / n2);
    TTest::of(m1 - m2, variance, df, x.len() + y.len(), Method::StudentT)
}

/// Mean, sum of squares about it, number.
fn moments(x: &[f64]) -> Result<(f64, f64, f64), NoInterval> {
    check_finite(x)?;
    if x.len() < 2 {
        return Err(NoInterval::TooFew { what: "values of a group", have: x.len(), need: 2 });
    }
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let squares = if x.iter().all(|v| *v == x[0]) { 0.0 } else { x.iter().map(|v| (v - mean).powi(2)).sum() };
    Ok((mean, squares, n))
}

fn check_finite(x: &[f64]) -> Result<(), StatError> {
    match x.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(StatError::NotFinite { what: "value", index, value: x[index] }),
    }
}

/// Mann–Whitney of two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MannWhitney {
    /// U of the first group: pairs in which it is larger, ties half.
    pub u: f64,
    /// Â₁₂ = U/(n₁n₂): the chance that one of the first is larger (Vargha and Delaney).
    pub a12: f64,
    /// Two-sided p by the normal limit, ties allowed for, with continuity correction; `None` when
    /// all values are equal.
    pub p: Option<f64>,
    /// The same without the correction.
    pub p_uncorrected: Option<f64>,
    /// One-sided p (the first is larger), with the correction.
    pub p_greater: Option<f64>,
    /// Two-sided exact p; `None` with ties or more than [`MannWhitney::EXACT`] pairs.
    pub p_exact: Option<f64>,
}

impl MannWhitney {
    /// Most pairs n₁·n₂ for which the exact p is computed.
    pub const EXACT: usize = 10_000;
}

/// Mann–Whitney U test. Source: Mann and Whitney, Ann. Math. Stat. 18 (1947) 50–60.
///
/// # Errors
/// An empty group, a value that is not finite.
pub fn mann_whitney(x: &[f64], y: &[f64]) -> Result<MannWhitney, StatError> {
    check_finite(x)?;
    check_finite(y)?;
    if x.is_empty() || y.is_empty() {
        return Err(StatError::Empty { what: "values of a group" });
    }
    let mut all: Vec<(f64, bool)> =
        x.iter().map(|v| (*v, true)).chain(y.iter().map(|v| (*v, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut ties, mut before) = (0.0, 0.0, 0.0);
    for group in all.chunk_by(|a, b| a.0 == b.0) {
        let size = group.len() as f64;
        let first = group.iter().filter(|(_, is_first)| *is_first).count() as f64;
        ranks += first * (before + (size + 1.0) / 2.0);
        ties += size * size * size - size;
        before += size;
    }
    let (n1, n2, n) = (x.len() as f64, y.len() as f64, all.len() as f64);
    let u = ranks - n1 * (n1 + 1.0) / 2.0;
    let deviation = (n1 * n2 / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)))).sqrt();
    let upper = |u: f64, correction: f64| {
        (deviation > 0.0).then(|| normal_cdf(-(u - n1 * n2 / 2.0 - correction) / deviation))
    };
    let larger = u.max(n1 * n2 - u);
    let twice = |p: Option<f64>| p.map(|p| (2.0 * p).min(1.0));
    let exact = (ties == 0.0 && x.len().saturating_mul(y.len()) <= MannWhitney::EXACT)
        .then(|| (2.0 * at_least(larger as usize, x.len(), y.len())).min(1.0));
    Ok(MannWhitney {
        u,
        a12: u / (n1 * n2),
        p: twice(upper(larger, 0.5)),
        p_uncorrected: twice(upper(larger, 0.0)),
        p_greater: upper(u, 0.5),
        p_exact: exact,
    })
}

/// P(U ≥ u) without ties: coefficients of the Gaussian binomial ∏ (1 − qⁿ²⁺ⁱ)/(1 − qⁱ), each
/// factor scaled by its chance so that nothing overflows.
fn at_least(u: usize, n1: usize, n2: usize) -> f64 {
    let mut chance = vec![0.0; n1 * n2 + 1];
    chance[0] = 1.0;
    for i in 1..=n1 {
        for at in (n2 + i..chance.len()).rev() {
            chance[at] -= chance[at - n2 - i];
        }
        for at in i..chance.len() {
            chance[at] += chance[at - i];
        }
        let scale = i as f64 / (n2 + i) as f64;
        chance.iter_mut().for_each(|c| *c *= scale);
    }
    // The tail is as heavy as its mirror image, which was added up from the exact end.
    chance[..=n1 * n2 - u].iter().sum()
}

/// Newcombe's hybrid score interval of p₁ − p₂, independent shares: Wilson's ends l, u of each give
/// d − √((p₁−l₁)² + (u₂−p₂)²) and d + √((u₁−p₁)² + (p₂−l₂)²).
/// Source: Newcombe, Statistics in Medicine 17 (1998) 873–890, method 10.
pub fn newcombe_independent(
    first: (u64, u64),
    second: (u64, u64),
    level: f64,
) -> Result<Interval, NoInterval> {
    let side = |(k, n): (u64, u64)| {
        let p = k as f64 / n as f64;
        let found = wilson(if n == 0 { 0.0 } else { p }, n as f64, level)?;
        Ok::<_, NoInterval>((p, found.low.unwrap_or(0.0), found.high.unwrap_or(1.0)))
    };
    let ((p1, l1, u1), (p2, l2, u2)) = (side(first)?, side(second)?);
    let low = p1 - p2 - (p1 - l1).hypot(u2 - p2);
    let high = p1 - p2 + (u1 - p1).hypot(p2 - l2);
    Ok(Interval::two_sided(low, high, level, Method::NewcombeIndependent).clipped((-1.0, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newcombe_as_published() {
        let i = newcombe_independent((56, 70), (48, 80), 0.95).unwrap();
        assert!((i.low.unwrap() - 0.0524).abs() < 5e-5 && (i.high.unwrap() - 0.3339).abs() < 5e-5, "{i:?}");
        assert!(newcombe_independent((0, 0), (1, 2), 0.95).is_err());
    }

    #[test]
    fn small_groups_are_exact() {
        let found = mann_whitney(&[4.0, 5.0, 6.0], &[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((found.u, found.a12), (9.0, 1.0));
        assert!((found.p_exact.unwrap() - 0.1).abs() < 1e-12);
        assert_eq!(mann_whitney(&[1.0], &[1.0]).unwrap().p, None);
        assert!(mann_whitney(&[], &[1.0]).is_err());
        assert!(welch(&[1.0, 1.0], &[2.0, 2.0]).is_err());
    }
}
