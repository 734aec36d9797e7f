//! The gap between what a system has seen and what it has not, and slices ordered by how bad they are.
//!
//! Main functions: [`generalization_gap`], [`worst_slices`].

use super::cluster::{Clustered, FEW_CLUSTERS, Unit};
use super::distribution::t_quantile;
use super::groups::newcombe_independent;
use super::interval::{Interval, Method, NoInterval, Sides, StatError, check_level};

/// One unit of sampling with its cases on both sides; a side without cases has `cases: 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    /// Cases like those that the system was made with.
    pub seen: Unit,
    /// Held-out or changed cases.
    pub held: Unit,
}

/// Mean over seen-like cases − mean over held-out cases, values in 0..1.
///
/// d = s₁/m₁ − s₂/m₂ of sums s over numbers of cases m; var = C/(C−1) · Σ((s₁ᵤ − R₁m₁ᵤ)/m₁ −
/// (s₂ᵤ − R₂m₂ᵤ)/m₂)² over units, so that questions and their paraphrases in one cluster pay for
/// each other; d ± t(C−1)·√var, cut to −1..1. Where every unit is one yes or no on one side,
/// Newcombe's interval of independent shares. A side without cases, or a value that is not finite,
/// is an error. Source: Cochran, Sampling Techniques, 3rd ed., chapter 6 (linearised ratios).
///
/// ```
/// use acidtest_metrics::stats::{Split, Unit, generalization_gap};
/// let unit = |seen: f64, held: f64| Split { seen: Unit { cases: 4, sum: seen }, held: Unit { cases: 2, sum: held } };
/// let gap = generalization_gap(&[unit(4.0, 1.0), unit(3.0, 2.0), unit(4.0, 0.0)], 0.95).unwrap();
/// assert!((gap.value - (11.0 / 12.0 - 0.5)).abs() < 1e-12);
/// ```
pub fn generalization_gap(units: &[Split], level: f64) -> Result<Clustered, StatError> {
    check_level(level)?;
    if let Some(index) = units.iter().position(|u| !(u.seen.sum + u.held.sum).is_finite()) {
        let value = units[index].seen.sum + units[index].held.sum;
        return Err(StatError::NotFinite { what: "sum of unit", index, value });
    }
    let of = |side: fn(&Split) -> Unit| {
        let (sum, cases) =
            units.iter().map(side).fold((0.0, 0.0), |(s, m), u| (s + u.sum, m + f64::from(u.cases)));
        (sum, cases)
    };
    let ((seen, m1), (held, m2)) = (of(|u| u.seen), of(|u| u.held));
    if m1 == 0.0 {
        return Err(StatError::Empty { what: "seen-like cases" });
    }
    if m2 == 0.0 {
        return Err(StatError::Empty { what: "held-out cases" });
    }
    let (r1, r2, count) = (seen / m1, held / m2, units.len() as f64);
    let part = |u: &Split| {
        (u.seen.sum - r1 * f64::from(u.seen.cases)) / m1 - (u.held.sum - r2 * f64::from(u.held.cases)) / m2
    };
    let spread: f64 = units.iter().map(|u| part(u).powi(2)).sum();
    let error = (units.len() > 1).then(|| (count / (count - 1.0) * spread).sqrt());
    let single = |u: &Split| u.seen.cases + u.held.cases == 1 && (u.seen.sum + u.held.sum).fract() == 0.0;
    let interval = match error {
        _ if units.iter().all(single) => {
            newcombe_independent((seen as u64, m1 as u64), (held as u64, m2 as u64), level)
        }
        None => Err(NoInterval::TooFew { what: "units of sampling", have: units.len(), need: 2 }),
        Some(0.0) => Err(NoInterval::NoVariance { n: units.len() }),
        Some(error) => {
            let half = t_quantile(0.5 + level / 2.0, count - 1.0)? * error;
            Ok(Interval::two_sided(r1 - r2 - half, r1 - r2 + half, level, Method::ClusteredT)
                .clipped((-1.0, 1.0)))
        }
    };
    Ok(Clustered {
        value: r1 - r2,
        standard_error: error,
        cases: (m1 + m2) as u64,
        clusters: units.len(),
        effective_n: None,
        interval,
        few_clusters: units.len() < FEW_CLUSTERS,
    })
}

/// An estimate of one slice.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SliceValue {
    /// The slice's value, higher is better.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Units of sampling behind it.
    pub units: usize,
}

/// A slice in the order of its badness.
#[derive(Debug, Clone, PartialEq)]
pub struct WorstSlice {
    /// Its place in the input.
    pub index: usize,
    /// The value drawn towards the common mean: the slice that looks worst of many looks worse
    /// than it is.
    pub shrunken: f64,
    /// Upper bound that holds for all slices together: above it the slice is not.
    pub upper: Result<Interval, NoInterval>,
}

/// Slices with at least `fewest` units, the worst first.
///
/// shrunken = μ + τ²/(τ² + se²)·(x − μ) with the slices' weighted mean μ and DerSimonian and Laird's
/// τ²; upper = x + t(units − 1)·se at 1 − (1 − level)/k of k slices (Bonferroni). Other slices are
/// left out. A value that is not finite is an error.
pub fn worst_slices(slices: &[SliceValue], fewest: usize, level: f64) -> Result<Vec<WorstSlice>, StatError> {
    check_level(level)?;
    if let Some(index) = slices.iter().position(|s| !(s.value + s.standard_error).is_finite()) {
        return Err(StatError::NotFinite { what: "value of slice", index, value: slices[index].value });
    }
    let kept: Vec<usize> = (0..slices.len()).filter(|i| slices[*i].units >= fewest.max(2)).collect();
    let (mean, tau) = common(&kept.iter().map(|i| slices[*i]).collect::<Vec<_>>());
    let one_sided = 1.0 - (1.0 - level) / kept.len().max(1) as f64;
    let mut order = kept;
    order.sort_by(|a, b| slices[*a].value.total_cmp(&slices[*b].value));
    let worst = |index: usize| {
        let s = slices[index];
        let variance = s.standard_error.powi(2);
        let weight = if tau + variance > 0.0 { tau / (tau + variance) } else { 1.0 };
        let upper = match s.standard_error > 0.0 {
            false => Err(NoInterval::NoVariance { n: s.units }),
            true => t_quantile(one_sided, (s.units - 1) as f64)
                .map(|t| Interval {
                    low: None,
                    high: Some(s.value + t * s.standard_error),
                    level,
                    sides: Sides::Upper,
                    method: Method::ClusteredT,
                })
                .map_err(NoInterval::from),
        };
        WorstSlice { index, shrunken: mean + weight * (s.value - mean), upper }
    };
    Ok(order.into_iter().map(worst).collect())
}

/// Weighted mean of slices and the variance between them.
fn common(slices: &[SliceValue]) -> (f64, f64) {
    let known: Vec<&SliceValue> = slices.iter().filter(|s| s.standard_error > 0.0).collect();
    let weights: Vec<f64> = known.iter().map(|s| s.standard_error.powi(-2)).collect();
    let total: f64 = weights.iter().sum();
    if total == 0.0 || !total.is_finite() {
        let n = slices.len().max(1) as f64;
        return (slices.iter().map(|s| s.value).sum::<f64>() / n, 0.0);
    }
    let mean = known.iter().zip(&weights).map(|(s, w)| s.value * w).sum::<f64>() / total;
    let q: f64 = known.iter().zip(&weights).map(|(s, w)| w * (s.value - mean).powi(2)).sum();
    let scale = total - weights.iter().map(|w| w * w).sum::<f64>() / total;
    let tau = if scale > 0.0 { (q - (known.len() as f64 - 1.0)) / scale } else { 0.0 };
    (mean, tau.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::Pcg64;

    fn unit(cases: u32, sum: f64) -> Unit {
        Unit { cases, sum }
    }

    #[test]
    fn paraphrases_in_one_cluster_pay_for_each_other() {
        // Each cluster is right or wrong as a whole, on both sides: the gap is 0 without doubt.
        let whole = |right: bool| {
            let sum = f64::from(u8::from(right));
            Split { seen: unit(2, 2.0 * sum), held: unit(1, sum) }
        };
        let units: Vec<Split> = (0..30).map(|i| whole(i % 3 == 0)).collect();
        let gap = generalization_gap(&units, 0.95).unwrap();
        assert!(gap.value.abs() < 1e-12);
        assert!(gap.standard_error.unwrap() < 1e-12);
    }

    #[test]
    fn single_cases_are_newcombes() {
        let seen = (0..40).map(|i| Split { seen: unit(1, f64::from(i % 4 != 0)), held: unit(0, 0.0) });
        let held = (0..40).map(|i| Split { seen: unit(0, 0.0), held: unit(1, f64::from(i % 2 == 0)) });
        let gap = generalization_gap(&seen.chain(held).collect::<Vec<_>>(), 0.95).unwrap();
        assert_eq!(gap.interval, newcombe_independent((30, 40), (20, 40), 0.95));
        assert!(generalization_gap(&[Split { seen: unit(1, 1.0), held: unit(0, 0.0) }], 0.95).is_err());
    }

    #[test]
    fn the_worst_of_equal_slices_is_drawn_back() {
        let mut random = Pcg64::seeded(3);
        let slices: Vec<SliceValue> = (0..20)
            .map(|_| {
                let right = (0..50).filter(|_| random.double() < 0.8).count() as f64 / 50.0;
                SliceValue { value: right, standard_error: (right * (1.0 - right) / 50.0).sqrt(), units: 50 }
            })
            .collect();
        let worst = worst_slices(&slices, 10, 0.95).unwrap();
        assert_eq!(worst.len(), 20);
        let first = &worst[0];
        assert!(first.shrunken > slices[first.index].value);
        assert!(worst.iter().all(|w| w.upper.as_ref().unwrap().high.unwrap() > 0.8));
        assert!(worst_slices(&slices, 51, 0.95).unwrap().is_empty());
    }
}
