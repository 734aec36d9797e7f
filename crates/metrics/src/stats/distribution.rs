//! Quantiles and probabilities of the distributions that the intervals stand on.
//!
//! Thin, checked wrappers over `statrs`: an argument outside the domain is an error, never NaN.
//! Agreement with SciPy is 1e-8 relative (golden kind `dist_quantile`).

use super::interval::StatError;
use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::{gamma_lr, gamma_ur};

/// Φ⁻¹(p): the standard normal quantile, −√2 · erfc⁻¹(2p). `p` in (0, 1).
///
/// ```
/// let z = acidtest_metrics::stats::normal_quantile(0.975).unwrap();
/// assert!((z - 1.959963984540054).abs() < 1e-12);
/// ```
pub fn normal_quantile(p: f64) -> Result<f64, StatError> {
    super::interval::check_inner("probability", p)?;
    if p == 0.5 {
        return Ok(0.0);
    }
    // 2p would round away the tail near 1, so the smaller tail is inverted.
    let tail = p.min(1.0 - p);
    let x = std::f64::consts::SQRT_2 * erfc_inv(2.0 * tail);
    Ok(x.copysign(p - 0.5))
}

/// Φ(x), from the incomplete gamma function: for x ≤ 0 it is Q(1/2, x²/2) / 2.
pub fn normal_cdf(x: f64) -> f64 {
    if x == 0.0 {
        return 0.5;
    }
    let tail = 0.5 * gamma_ur(0.5, x * x / 2.0);
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// Quantile of Student's t with `df` > 0 degrees of freedom, which need not be whole.
///
/// From the beta quantile: t² = df · y / (1 − y) with y from I_y(1/2, df/2) = 1 − 2·tail.
pub fn t_quantile(p: f64, df: f64) -> Result<f64, StatError> {
    super::interval::check_inner("probability", p)?;
    check_positive("degrees of freedom", df)?;
    if p == 0.5 {
        return Ok(0.0);
    }
    let tail = p.min(1.0 - p);
    // Near the middle the complement loses digits, so take the side where the argument is small.
    let ratio = if tail < 0.25 {
        let x = beta_quantile(2.0 * tail, df / 2.0, 0.5)?;
        (1.0 - x) / x
    } else {
        let y = beta_quantile(1.0 - 2.0 * tail, 0.5, df / 2.0)?;
        y / (1.0 - y)
    };
    Ok((df * ratio).sqrt().copysign(p - 0.5))
}

/// P(|T| ≥ |t|), Student's t with `df` > 0: I_x(df/2, 1/2) at x = df/(df + t²).
pub fn t_two_sided(t: f64, df: f64) -> Result<f64, StatError> {
    check_positive("degrees of freedom", df)?;
    if !t.is_finite() {
        return Err(StatError::NotFinite { what: "t", index: 0, value: t });
    }
    Ok(beta_reg(df / 2.0, 0.5, df / (df + t * t)))
}

/// Quantile of chi-square with `df` > 0 degrees of freedom: the root of P(df/2, x/2) = p.
pub fn chi2_quantile(p: f64, df: f64) -> Result<f64, StatError> {
    super::interval::check_inner("probability", p)?;
    check_positive("degrees of freedom", df)?;
    let cdf = |x: f64| gamma_lr(df / 2.0, x / 2.0);
    let mut high = df.max(1.0);
    while cdf(high) < p {
        high *= 2.0;
    }
    Ok(root(0.0, high, |x| cdf(x) - p))
}

/// Quantile of Beta(a, b), a and b > 0: the root of I_x(a, b) = p.
pub fn beta_quantile(p: f64, a: f64, b: f64) -> Result<f64, StatError> {
    super::interval::check_inner("probability", p)?;
    check_positive("beta parameter a", a)?;
    check_positive("beta parameter b", b)?;
    Ok(root(0.0, 1.0, |x| beta_reg(a, b, x) - p))
}

/// P(B ≤ k) for B ~ Binomial(n, p), p in (0, 1): I_{1−p}(n − k, k + 1). 1 for k ≥ n.
pub fn binomial_cdf(k: u64, n: u64, p: f64) -> Result<f64, StatError> {
    super::interval::check_inner("probability", p)?;
    if k >= n {
        return Ok(1.0);
    }
    Ok(beta_reg((n - k) as f64, k as f64 + 1.0, 1.0 - p))
}

/// Smallest k with P(B ≤ k) ≥ `q`, B ~ Binomial(n, p). `q` and `p` in (0, 1).
pub fn binomial_quantile(q: f64, n: u64, p: f64) -> Result<u64, StatError> {
    super::interval::check_inner("probability", q)?;
    let (mut low, mut high) = (0u64, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if binomial_cdf(middle, n, p)? >= q {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

/// Smallest k with P(B > k) ≤ `q`: the upper-tail quantile, without the rounding of 1 − q.
pub fn binomial_upper_quantile(q: f64, n: u64, p: f64) -> Result<u64, StatError> {
    super::interval::check_inner("probability", q)?;
    super::interval::check_inner("probability", p)?;
    let above = |k: u64| {
        if k >= n { 0.0 } else { beta_reg(k as f64 + 1.0, (n - k) as f64, p) }
    };
    let (mut low, mut high) = (0u64, n);
    while low < high {
        let middle = low + (high - low) / 2;
        if above(middle) <= q {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}

fn check_positive(what: &'static str, value: f64) -> Result<(), StatError> {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(StatError::OutOfRange { what, value, expected: "a positive number" })
}

/// Root of an increasing function on [low, high], 0 ≤ low, where f(low) ≤ 0 ≤ f(high).
/// Exact to neighbouring floats, in at most 64 evaluations.
fn root(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    // Non-negative floats order like their bit patterns: halving the patterns halves the
    // number of floats left, so 64 steps reach neighbouring floats whatever the scale.
    let (mut a, mut b) = (low.to_bits(), high.to_bits());
    while b - a > 1 {
        let middle = a + (b - a) / 2;
        if f(f64::from_bits(middle)) < 0.0 {
            a = middle;
        } else {
            b = middle;
        }
    }
    f64::from_bits(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(got: Result<f64, StatError>, expect: f64) {
        let got = got.unwrap();
        assert!((got - expect).abs() <= 1e-9 * expect.abs().max(1e-300), "{got} instead of {expect}");
    }

    #[test]
    fn known_values() {
        check(normal_quantile(0.995), 2.5758293035489004);
        check(normal_quantile(0.001), -3.090232306167813);
        check(Ok(normal_cdf(-3.090232306167813)), 0.001);
        check(Ok(normal_cdf(1.959963984540054)), 0.975);
        check(t_quantile(0.975, 1.0), 12.706204736432095);
        check(t_quantile(0.025, 30.0), -2.0422724563012373);
        check(t_quantile(0.6, 5.0), 0.2671808657039658);
        check(chi2_quantile(0.001, 1.0), 1.5707971492624921e-06);
        check(beta_quantile(0.95, 3.0, 7.0), 0.5496416495066101);
    }

    #[test]
    fn outside_the_domain_is_an_error() {
        assert!(normal_quantile(0.0).is_err());
        assert!(normal_quantile(f64::NAN).is_err());
        assert!(t_quantile(0.5, 0.0).is_err());
        assert!(chi2_quantile(0.5, f64::INFINITY).is_err());
        assert!(binomial_cdf(1, 2, 1.0).is_err());
    }

    #[test]
    fn binomial_tails() {
        assert_eq!(binomial_quantile(0.025, 10, 0.5).unwrap(), 2);
        assert_eq!(binomial_upper_quantile(0.025, 10, 0.5).unwrap(), 8);
        assert!((binomial_cdf(0, 3, 0.5).unwrap() - 0.125).abs() < 1e-15);
        assert_eq!(binomial_cdf(3, 3, 0.5).unwrap(), 1.0);
    }
}
