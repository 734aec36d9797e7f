//! Intervals of a share of independent yes/no outcomes, and how many more would settle a gate.
//!
//! Main functions: [`wilson`], [`clopper_pearson`], [`zero_events`], [`cases_to_settle`]. Outcomes
//! in clusters belong to [`super::cluster`], which calls back here with an effective n.

use super::distribution::{beta_quantile, normal_quantile};
use super::interval::{Interval, Method, NoInterval, Sides, StatError, check_level};

/// Wilson score interval of a share `p` among `n` independent outcomes; `n` may be fractional
/// (an effective n). With z = Φ⁻¹((1 + level)/2):
/// (p + z²/2n ± z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n).
///
/// `n` ≤ 0, NaN, or `p` outside 0..=1 is an error. Source: Wilson, JASA 22 (1927) 209–212.
///
/// ```
/// let i = acidtest_metrics::stats::wilson(2.0 / 124.0, 124.0, 0.95).unwrap();
/// assert!((i.low.unwrap() - 0.0044).abs() < 1e-4 && (i.high.unwrap() - 0.0570).abs() < 1e-4);
/// ```
pub fn wilson(p: f64, n: f64, level: f64) -> Result<Interval, NoInterval> {
    check_share(p)?;
    check_level(level)?;
    if !(n > 0.0 && n.is_finite()) {
        return Err(StatError::Empty { what: "outcomes" }.into());
    }
    let z = normal_quantile(0.5 + level / 2.0)?;
    let z2 = z * z / n;
    let centre = (p + z2 / 2.0) / (1.0 + z2);
    let half = (z2 * (p * (1.0 - p) + z2 / 4.0)).sqrt() / (1.0 + z2);
    // At the edges the formula is exact, only rounding would leave a crumb.
    let low = if p == 0.0 { 0.0 } else { centre - half };
    let high = if p == 1.0 { 1.0 } else { centre + half };
    Ok(Interval::two_sided(low, high, level, Method::Wilson).clipped((0.0, 1.0)))
}

/// Clopper–Pearson interval of `successes` among `n` independent outcomes: beta quantiles
/// B(α/2; k, n−k+1) and B(1−α/2; k+1, n−k); 0 and 1 where k = 0 or k = n.
///
/// n = 0 or k > n is an error. Source: Clopper and Pearson, Biometrika 26 (1934) 404–413.
pub fn clopper_pearson(successes: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    check_level(level)?;
    if n == 0 {
        return Err(StatError::Empty { what: "outcomes" }.into());
    }
    if successes > n {
        return Err(NoInterval::Invalid(StatError::OutOfRange {
            what: "number of successes",
            value: successes as f64,
            expected: "at most the number of outcomes",
        }));
    }
    let tail = (1.0 - level) / 2.0;
    let (k, m) = (successes as f64, (n - successes) as f64);
    let low = if successes == 0 { 0.0 } else { beta_quantile(tail, k, m + 1.0)? };
    let high = if successes == n { 1.0 } else { beta_quantile(1.0 - tail, k + 1.0, m)? };
    Ok(Interval::two_sided(low, high, level, Method::ClopperPearson))
}

/// Jeffreys interval: the quantiles α/2 and 1 − α/2 of Beta(k + ½, n − k + ½).
///
/// Source: Brown, Cai and DasGupta, Statistical Science 16 (2001) 101–133.
pub fn jeffreys(successes: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    let share = counted_share(successes, n)?;
    check_level(level)?;
    let tail = (1.0 - level) / 2.0;
    let (a, b) = (share.0 + 0.5, share.1 - share.0 + 0.5);
    let (low, high) = (beta_quantile(tail, a, b)?, beta_quantile(1.0 - tail, a, b)?);
    Ok(Interval::two_sided(low, high, level, Method::Jeffreys))
}

/// Agresti–Coull interval: Wald's with z²/2 successes and z²/2 failures added, cut to 0..1.
///
/// Source: Agresti and Coull, The American Statistician 52 (1998) 119–126.
pub fn agresti_coull(successes: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    let (k, n) = counted_share(successes, n)?;
    check_level(level)?;
    let z = normal_quantile(0.5 + level / 2.0)?;
    let n = n + z * z;
    let p = (k + z * z / 2.0) / n;
    let half = z * (p * (1.0 - p) / n).sqrt();
    Ok(Interval::two_sided(p - half, p + half, level, Method::AgrestiCoull).clipped((0.0, 1.0)))
}

/// Wald interval p ± z·√(p(1 − p)/n), cut to 0..1; a point at the edges. For comparison with
/// other programs only: at the edges it holds the truth far less often than it says.
pub fn wald(successes: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    let (k, n) = counted_share(successes, n)?;
    check_level(level)?;
    let p = k / n;
    let half = normal_quantile(0.5 + level / 2.0)? * (p * (1.0 - p) / n).sqrt();
    Ok(Interval::two_sided(p - half, p + half, level, Method::Wald).clipped((0.0, 1.0)))
}

/// Wilson's interval with continuity correction, as close to Clopper–Pearson as a formula gets.
///
/// Source: Newcombe, Statistics in Medicine 17 (1998) 857–872, method 4.
pub fn wilson_corrected(successes: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    let (k, n) = counted_share(successes, n)?;
    check_level(level)?;
    let z = normal_quantile(0.5 + level / 2.0)?;
    let p = k / n;
    let bottom = 2.0 * (n + z * z);
    let middle = 2.0 * k + z * z;
    let root = |sign: f64| (z * z - sign * 2.0 - 1.0 / n + 4.0 * p * (n * (1.0 - p) + sign)).max(0.0).sqrt();
    let low = if successes == 0 { 0.0 } else { (middle - 1.0 - z * root(1.0)) / bottom };
    let high = if k == n { 1.0 } else { (middle + 1.0 + z * root(-1.0)) / bottom };
    Ok(Interval::two_sided(low, high, level, Method::WilsonCorrected).clipped((0.0, 1.0)))
}

/// Successes and outcomes as numbers, checked.
fn counted_share(successes: u64, n: u64) -> Result<(f64, f64), StatError> {
    if n == 0 {
        return Err(StatError::Empty { what: "outcomes" });
    }
    if successes > n {
        return Err(StatError::OutOfRange {
            what: "number of successes",
            value: successes as f64,
            expected: "at most the number of outcomes",
        });
    }
    Ok((successes as f64, n as f64))
}

/// One-sided upper bound of a share when `n` independent units showed no event:
/// 1 − (1 − level)^(1/n), about 3/n at 95 %. `n` may be fractional; n ≤ 0 is an error.
///
/// ```
/// let i = acidtest_metrics::stats::zero_events(100.0, 0.95).unwrap();
/// assert!((i.high.unwrap() - 0.0295).abs() < 1e-4 && i.low == Some(0.0));
/// ```
pub fn zero_events(n: f64, level: f64) -> Result<Interval, NoInterval> {
    Ok(Interval {
        low: Some(0.0),
        high: Some(zero_bound(n, level)?),
        level,
        sides: Sides::Upper,
        method: Method::ExactUpper,
    })
}

/// One-sided lower bound of a share when all of `n` independent units succeeded:
/// (1 − level)^(1/n). The mirror image of [`zero_events`].
pub fn all_events(n: f64, level: f64) -> Result<Interval, NoInterval> {
    Ok(Interval {
        low: Some(1.0 - zero_bound(n, level)?),
        high: Some(1.0),
        level,
        sides: Sides::Lower,
        method: Method::ExactLower,
    })
}

/// 1 − (1 − level)^(1/n), computed without cancellation for large n.
pub(crate) fn zero_bound(n: f64, level: f64) -> Result<f64, StatError> {
    check_level(level)?;
    if !(n > 0.0 && n.is_finite()) {
        return Err(StatError::Empty { what: "outcomes" });
    }
    Ok(-((1.0 - level).ln() / n).exp_m1())
}

/// Interval of `events` among `n` independent outcomes as reports show it: Wilson, but at no
/// event or all events only the exact one-sided bound. Never [0, 0] or [1, 1].
pub fn proportion(events: u64, n: u64, level: f64) -> Result<Interval, NoInterval> {
    if events > n {
        return clopper_pearson(events, n, level); // says what is wrong
    }
    match events {
        0 => zero_events(n as f64, level),
        k if k == n => all_events(n as f64, level),
        k => wilson(k as f64 / n as f64, n as f64, level),
    }
}

/// What an undecided gate needs to know about its estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Undecided {
    /// The estimate, assumed to hold.
    pub estimate: f64,
    /// The threshold that a bound should clear.
    pub threshold: f64,
    /// Standard error at the present size.
    pub standard_error: f64,
    /// Cases behind it at present.
    pub cases: f64,
}

/// Power with which [`cases_to_settle`] asks the next run to come out decided.
pub const SETTLING_POWER: f64 = 0.8;

/// About how many cases would settle a gate on a 95 % bound if the estimate holds:
/// n · ((z₀.₉₇₅ + z₀.₈) · se / (estimate − threshold))², rounded up. With that many cases the
/// interval excludes the threshold in four of five runs. Works for the lower and the upper bound.
///
/// For shares use [`cases_to_settle`]. `None` when the estimate equals the threshold (no n would
/// do), when anything is not finite, or when the standard error is 0 (it says nothing).
pub fn cases_to_settle_mean(now: Undecided) -> Option<u64> {
    let z = normal_quantile(0.975).ok()? + normal_quantile(SETTLING_POWER).ok()?;
    let distance = now.estimate - now.threshold;
    let needed = now.cases * (z * now.standard_error / distance).powi(2);
    // A rounding crumb above a whole number must not ask for one more case.
    let whole = (needed - 1e-9 * needed).ceil();
    (needed.is_finite() && needed > 0.0 && whole < u64::MAX as f64).then_some(whole as u64)
}

/// About how many cases would settle a gate on a 95 % bound of a share if the estimate p
/// holds: with that many, Wilson's interval excludes the threshold t in four of five runs,
/// ((z₀.₉₇₅·√(t(1 − t)) + z₀.₈·√(p(1 − p))) / (p − t))² effective cases, rounded up (the score
/// test's sample size: its bound is made with t's own variance). The present design effect
/// n/effective_n is kept. At p = 0 or 1 the exact bound is inverted instead:
/// ln 0.05 / ln(1 − d) effective cases, d the distance to the threshold. `None` as in
/// [`cases_to_settle_mean`]. Source: Fleiss, Levin, Paik, Statistical Methods for Rates and
/// Proportions, 3rd ed. (2003), section 2.4, without the continuity correction.
///
/// ```
/// use acidtest_metrics::stats::cases_to_settle;
/// // accuracy 0.795, gate low >= 0.75, 122 independent cases: "about 700 cases would settle it"
/// assert_eq!(cases_to_settle(0.795, 0.75, 122.0, 122.0), Some(698));
/// ```
#[must_use]
pub fn cases_to_settle(p: f64, threshold: f64, effective_n: f64, cases: f64) -> Option<u64> {
    if !((0.0..=1.0).contains(&p) && effective_n > 0.0 && cases > 0.0) {
        return None;
    }
    if p == 0.0 || p == 1.0 {
        let distance = (p - threshold).abs();
        let needed = 0.05f64.ln() / (-distance).ln_1p() * cases / effective_n;
        return (needed.is_finite() && needed > 0.0).then_some(needed.ceil() as u64);
    }
    // A threshold outside 0..1 has no variance.
    let at_limit = normal_quantile(0.975).ok()? * (threshold * (1.0 - threshold)).max(0.0).sqrt();
    let at_value = normal_quantile(SETTLING_POWER).ok()? * (p * (1.0 - p)).sqrt();
    let effective = ((at_limit + at_value) / (p - threshold)).powi(2);
    let needed = effective * cases / effective_n;
    // A rounding crumb above a whole number must not ask for one more case.
    let needed_whole = (needed - 1e-9 * needed).ceil();
    (needed.is_finite() && needed > 0.0 && needed_whole < u64::MAX as f64).then_some(needed_whole as u64)
}

fn check_share(p: f64) -> Result<(), StatError> {
    if (0.0..=1.0).contains(&p) {
        return Ok(());
    }
    Err(StatError::OutOfRange { what: "share", value: p, expected: "a number from 0 to 1" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_one_sided_and_never_a_point() {
        let none = proportion(0, 20, 0.95).unwrap();
        assert_eq!((none.sides, none.method), (Sides::Upper, Method::ExactUpper));
        assert!((none.high.unwrap() - (1.0 - 0.05f64.powf(0.05))).abs() < 1e-12);
        let all = proportion(20, 20, 0.95).unwrap();
        assert_eq!(all.sides, Sides::Lower);
        assert!(all.low.unwrap() < 0.9 && all.high == Some(1.0));
    }

    #[test]
    fn nothing_seen_is_an_error() {
        assert!(proportion(0, 0, 0.95).is_err());
        assert!(wilson(0.5, 0.0, 0.95).is_err());
        assert!(wilson(f64::NAN, 10.0, 0.95).is_err());
        assert!(wilson(0.5, 10.0, 1.0).is_err());
        assert!(proportion(3, 2, 0.95).is_err());
    }

    #[test]
    fn settling_sizes() {
        assert_eq!(cases_to_settle(0.795, 0.795, 100.0, 100.0), None);
        // A design effect of 2 doubles it.
        let plain = cases_to_settle(0.6, 0.5, 100.0, 100.0).unwrap();
        let clustered = cases_to_settle(0.6, 0.5, 50.0, 100.0).unwrap();
        assert!(clustered.abs_diff(2 * plain) <= 1);
        // All right and a lower bound of 0.95 asked for: 59 cases.
        assert_eq!(cases_to_settle(1.0, 0.95, 10.0, 10.0), Some(59));
        assert_eq!(cases_to_settle(f64::NAN, 0.5, 10.0, 10.0), None);
        // Near the edge Wilson's interval is wider than the normal one: never fewer than there are.
        assert!(wilson(0.99, 100.0, 0.95).unwrap().holds(0.96));
        let near_one = cases_to_settle(0.99, 0.96, 100.0, 100.0).unwrap();
        assert!(!wilson(0.99, near_one as f64, 0.95).unwrap().holds(0.96), "{near_one}");
    }

    /// How often Wilson's bound of n outcomes is beyond the threshold, by the binomial law.
    fn power(p: f64, threshold: f64, n: u64) -> f64 {
        let (mut log_choose, mut sum) = (0.0f64, 0.0);
        for k in 0..=n {
            let is_settled = proportion(k, n, 0.95).unwrap().low.is_some_and(|low| low > threshold);
            if is_settled {
                sum += (log_choose + k as f64 * p.ln() + (n - k) as f64 * (1.0 - p).ln()).exp();
            }
            log_choose += ((n - k) as f64).ln() - ((k + 1) as f64).ln();
        }
        sum
    }

    #[test]
    fn four_of_five_runs_are_settled() {
        for (p, t, about) in [(0.975, 0.95, 500), (0.9, 0.8, 108), (0.95, 0.9, 239), (0.85, 0.8, 471)] {
            let n = cases_to_settle(p, t, 1.0, 1.0).unwrap();
            assert!(n.abs_diff(about) <= 1, "{p} against {t}: {n}");
            // The exact power goes in steps: the mean over neighbours shows it.
            let near = [n - 4, n - 2, n, n + 2, n + 4].map(|n| power(p, t, n));
            let mean = near.iter().sum::<f64>() / near.len() as f64;
            assert!((0.77..=0.84).contains(&mean), "{p} against {t} with {n}: {near:?}");
        }
    }
}
