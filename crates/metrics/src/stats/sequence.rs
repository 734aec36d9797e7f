//! A confidence sequence: an interval that may be looked at after every value.
//!
//! Main function: [`confidence_sequence`]. Stopping when it is narrow enough, or when it leaves a
//! limit behind, keeps its level; an interval for a fixed n does not.

use super::interval::{Interval, Method, NoInterval, StatError, check_level};

/// Largest bet: the exponent of the bound must stay below 1.
const MOST: f64 = 0.5;

/// Interval of a mean of values in 0..1 that holds at all sample sizes at once with that level.
///
/// Predictable plug-in empirical Bernstein: with μ̂ₜ = (½ + Σx)/(t + 1), σ̂²ₜ = (¼ + Σ(xᵢ − μ̂ᵢ)²)/(t + 1)
/// and λₜ = min(√(2 ln(2/α) / (σ̂²ₜ₋₁ t ln(1 + t))), ½) the interval after t values is
/// Σλx/Σλ ± (ln(2/α) + Σ 4(x − μ̂ᵢ₋₁)² ψ(λ)) / Σλ, ψ(λ) = (−ln(1 − λ) − λ)/4; those of earlier t are
/// intersected with it. Values are independent with one mean, in the order in which they came.
/// No values, or one outside 0..1: an error. Source: Waudby-Smith and Ramdas, J. R. Stat. Soc. B 86
/// (2024) 1–27, theorem 2.
///
/// ```
/// use acidtest_metrics::stats::confidence_sequence;
/// let values: Vec<f64> = (0..400).map(|i| f64::from(i % 4 == 0)).collect();
/// let i = confidence_sequence(&values, 0.95).unwrap();
/// assert!(i.holds(0.25) && !i.holds(0.5));
/// ```
pub fn confidence_sequence(values: &[f64], level: f64) -> Result<Interval, NoInterval> {
    check_level(level)?;
    if values.is_empty() {
        return Err(StatError::Empty { what: "values" }.into());
    }
    if let Some(bad) = values.iter().find(|x| !(0.0..=1.0).contains(*x)) {
        return Err(StatError::OutOfRange { what: "value", value: *bad, expected: "0 to 1" }.into());
    }
    let budget = (2.0 / (1.0 - level)).ln();
    let (mut sum, mut squares) = (0.0, 0.0);
    let (mut mean, mut variance) = (0.5, 0.25);
    let (mut bets, mut weighted, mut spent) = (0.0, 0.0, 0.0);
    let (mut low, mut high) = (0.0f64, 1.0f64);
    for (t, x) in (1u32..).zip(values) {
        let t = f64::from(t);
        let bet = (2.0 * budget / (variance * t * (1.0 + t).ln())).sqrt().min(MOST);
        let psi = (-(1.0 - bet).ln() - bet) / 4.0;
        bets += bet;
        weighted += bet * x;
        spent += 4.0 * (x - mean).powi(2) * psi;
        sum += x;
        mean = (0.5 + sum) / (t + 1.0);
        squares += (x - mean).powi(2);
        variance = (0.25 + squares) / (t + 1.0);
        let half = (budget + spent) / bets;
        (low, high) = (low.max(weighted / bets - half), high.min(weighted / bets + half));
    }
    // Bounds that crossed were wrong before, as they may be with probability 1 - level.
    let (low, high) = if low <= high { (low, high) } else { (high, low) };
    Ok(Interval::two_sided(low, high, level, Method::EmpiricalBernstein))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Pcg64;

    #[test]
    fn it_holds_at_all_times_at_once() {
        let mut random = Pcg64::seeded(7);
        let mut lost = 0;
        for _ in 0..200 {
            let values: Vec<f64> = (0..300).map(|_| f64::from(random.double() < 0.7)).collect();
            // The last one is the intersection of all: it holds when every one of them did.
            lost += usize::from(!confidence_sequence(&values, 0.9).unwrap().holds(0.7));
        }
        assert!(lost <= 20, "{lost} of 200");
    }

    #[test]
    fn more_values_never_widen_it() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i % 3) / 2.0).collect();
        let width = |n: usize| {
            let i = confidence_sequence(&values[..n], 0.95).unwrap();
            i.high.unwrap() - i.low.unwrap()
        };
        assert!(width(200) < width(100) && width(100) < width(20), "{}", width(200));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for values in [&[][..], &[f64::NAN], &[1.5], &[-0.1]] {
            assert!(confidence_sequence(values, 0.95).is_err(), "{values:?}");
        }
    }
}
