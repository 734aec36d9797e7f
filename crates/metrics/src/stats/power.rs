//! Power and sample size of planned comparisons, by the normal limit.
//!
//! Main functions: [`power_z`], [`cohen_h`], [`group_size_for_shares`], [`group_size_for_means`].
//! All are two-sided at level `alpha`; `None` where an argument is out of range or the effect is 0.

use super::distribution::{normal_cdf, normal_quantile};

/// Chance that a z test shows an effect of so many standard errors:
/// Φ(|e| − z₁₋α/₂) + Φ(−|e| − z₁₋α/₂). The second part, the wrong side, is usually nothing.
#[must_use]
pub fn power_z(standard_errors: f64, alpha: f64) -> Option<f64> {
    let z = normal_quantile(1.0 - alpha / 2.0).ok()?;
    let effect = standard_errors.abs();
    effect.is_finite().then(|| normal_cdf(effect - z) + normal_cdf(-effect - z))
}

/// Cohen's h of two shares: 2·asin √p₁ − 2·asin √p₂.
#[must_use]
pub fn cohen_h(p1: f64, p2: f64) -> Option<f64> {
    let inside = |p: f64| (0.0..=1.0).contains(&p);
    (inside(p1) && inside(p2)).then(|| 2.0 * p1.sqrt().asin() - 2.0 * p2.sqrt().asin())
}

/// Cases per group, not rounded, that show the difference of two shares:
/// (z₁₋α/₂ + z_power)²·(p₁(1 − p₁) + p₂(1 − p₂)) / (p₁ − p₂)².
/// Source: Fleiss, Levin, Paik (2003), section 4.2, unpooled.
#[must_use]
pub fn group_size_for_shares(p1: f64, p2: f64, alpha: f64, power: f64) -> Option<f64> {
    cohen_h(p1, p2)?;
    let variance = p1 * (1.0 - p1) + p2 * (1.0 - p2);
    positive((tails(alpha, power)? / (p1 - p2)).powi(2) * variance)
}

/// Values per group, not rounded, that show a difference of `effect` standard deviations:
/// 2·(e / effect)², e the standard errors at which [`power_z`] is `power` (above `alpha`). With [`cohen_h`] it is the arcsine formula for shares.
#[must_use]
pub fn group_size_for_means(effect: f64, alpha: f64, power: f64) -> Option<f64> {
    let (mut low, mut high) = (0.0, tails(alpha, power)?.max(0.0) + 1.0);
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if power_z(middle, alpha)? < power {
            low = middle;
        } else {
            high = middle;
        }
    }
    positive(if power > alpha { 2.0 * (high / effect).powi(2) } else { f64::NAN })
}

fn tails(alpha: f64, power: f64) -> Option<f64> {
    Some(normal_quantile(1.0 - alpha / 2.0).ok()? + normal_quantile(power).ok()?)
}

fn positive(n: f64) -> Option<f64> {
    (n.is_finite() && n > 0.0).then_some(n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_effect_has_no_size() {
        assert_eq!(group_size_for_shares(0.5, 0.5, 0.05, 0.8), None);
        assert_eq!(group_size_for_means(0.0, 0.05, 0.8), None);
        assert_eq!(power_z(1.0, 2.0), None);
        assert!((power_z(0.0, 0.05).unwrap() - 0.05).abs() < 1e-12, "without an effect: the level");
    }
}
