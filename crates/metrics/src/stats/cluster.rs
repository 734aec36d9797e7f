//! Means, shares and ratios whose unit of sampling is a cluster of cases.
//!
//! Main functions: [`clustered_mean`], [`clustered_proportion`], [`ratio`]. Repeats of a case are
//! averaged by the caller before they arrive here: a cluster brings its number of cases and the
//! sum of their means. Pooling the cases as if independent is what this module exists to prevent.

use super::distribution::{normal_quantile, t_quantile};
use super::interval::{Interval, Method, NoInterval, Sides, StatError, check_level};
use super::proportion::{all_events, wilson, zero_bound, zero_events};
use super::required::effective_clusters;

/// Below this many clusters the variance estimate is itself shaky and reports warn.
pub const FEW_CLUSTERS: usize = 15;

/// One unit of sampling: a cluster of cases, or a single case.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// Number of cases in it (at least 1).
    pub cases: u32,
    /// Sum over its cases of the case's mean value.
    pub sum: f64,
}

/// An estimate over clusters, with what a reader needs to judge it.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustered {
    /// Mean over cases (or the ratio).
    pub value: f64,
    /// Clustered standard error; `None` with fewer than two clusters.
    pub standard_error: Option<f64>,
    /// Cases behind the value.
    pub cases: u64,
    /// Units of sampling behind it.
    pub clusters: usize,
    /// For shares: the number of independent outcomes that carry the same information,
    /// such that `wilson(value, effective_n)` is the interval.
    pub effective_n: Option<f64>,
    /// The interval, or why there is none.
    pub interval: Result<Interval, NoInterval>,
    /// Fewer than [`FEW_CLUSTERS`] clusters.
    pub few_clusters: bool,
}

/// Mean over all cases with a clustered t interval.
///
/// x̄ = Σs/Σm; var = C/(C−1) · Σ(s − x̄·m)² / (Σm)² over clusters with m cases and sum s; interval
/// x̄ ± t(C−1)·√var, clipped to `range` if the score has one. Every cluster at the same mean gives
/// an exact bound if there is a range (see [`constant_bound`]) and no interval otherwise; one
/// cluster that is not at such an edge gives no interval. No units, or a sum that is not finite,
/// is an error. Source: Cameron and Miller, J. Human Resources 50 (2015) 317–372.
///
/// ```
/// use acidtest_metrics::stats::{Unit, clustered_mean};
/// let units = [Unit { cases: 4, sum: 0.0 }, Unit { cases: 3, sum: 1.0 }];
/// let mean = clustered_mean(&units, Some((0.0, 1.0)), 0.95).unwrap();
/// assert!((mean.value - 1.0 / 7.0).abs() < 1e-15);
/// assert!((mean.standard_error.unwrap() - 0.163265306122449).abs() < 1e-12);
/// ```
pub fn clustered_mean(units: &[Unit], range: Option<(f64, f64)>, level: f64) -> Result<Clustered, StatError> {
    check_level(level)?;
    let base = Base::of(units)?;
    let interval = match base.variance {
        _ if base.is_constant => match range {
            Some(range) => constant_bound(base.value, base.kish, range, level),
            None => Err(NoInterval::NoVariance { n: units.len() }),
        },
        None => Err(too_few_clusters(units.len())),
        Some(variance) => {
            t_interval(base.value, variance, units.len(), level).map(|i| range.map_or(i, |r| i.clipped(r)))
        }
    };
    Ok(base.finish(None, interval))
}

/// Share of cases that are right, every case's value between 0 and 1.
///
/// - Every unit one case with one yes/no outcome: Wilson.
/// - Otherwise Wilson with the effective n: p(1−p)/var · (z/t(C−1))², var the clustered variance
///   of [`clustered_mean`]. The second factor pays for estimating the variance from C clusters.
///   Where all outcomes are yes/no it is at most the number of cases: a negative correlation
///   inside clusters, found by chance, must not make cases count twice.
/// - p = 0 or 1: the one-sided exact bound; no variance between clusters at another p: Wilson.
///   Both take as n the effective number of clusters (Σm)²/Σm², which is their number when
///   they are of one size: outcomes that always agree inside clusters are that few observations.
///
/// No units, or a sum outside 0..=cases, is an error. Source: Korn and Graubard, Survey
/// Methodology 24 (1998) 193–201; Dean and Pagano, J. Surv. Stat. Methodol. 3 (2015) 484–503.
///
/// ```
/// use acidtest_metrics::stats::{Unit, clustered_proportion};
/// let units = [Unit { cases: 4, sum: 4.0 }; 20];
/// let share = clustered_proportion(&units, 0.95).unwrap();
/// let bound = share.interval.unwrap();
/// assert!((bound.low.unwrap() - 0.05f64.powf(1.0 / 20.0)).abs() < 1e-12); // 20 units, not 80
/// ```
pub fn clustered_proportion(units: &[Unit], level: f64) -> Result<Clustered, StatError> {
    check_level(level)?;
    if let Some(bad) = units.iter().find(|u| !(0.0..=f64::from(u.cases)).contains(&u.sum)) {
        return Err(StatError::OutOfRange {
            what: "sum of a cluster",
            value: bad.sum,
            expected: "a number from 0 to the cluster's cases",
        });
    }
    let base = Base::of(units)?;
    let p = base.value;
    if p == 0.0 || p == 1.0 {
        let interval = if p == 0.0 { zero_events(base.kish, level) } else { all_events(base.kish, level) };
        let n = base.kish;
        return Ok(base.finish(Some(n), interval));
    }
    let yes_no = units.iter().all(|u| u.sum.fract() == 0.0);
    if yes_no && units.iter().all(|u| u.cases == 1) {
        let n = base.cases as f64;
        let interval = wilson(p, n, level);
        return Ok(base.finish(Some(n), interval));
    }
    let Some(variance) = base.variance else {
        let reason = too_few_clusters(units.len());
        return Ok(base.finish(None, Err(reason)));
    };
    let n = if base.is_constant {
        base.kish
    } else {
        let n = effective_n(p, variance, units.len(), level)?;
        if yes_no { n.min(base.cases as f64) } else { n }
    };
    let interval = wilson(p, n, level).map(|i| Interval { method: Method::WilsonEffectiveN, ..i });
    Ok(base.finish(Some(n), interval))
}

/// Mean over all cases of scores between 0 and 1.
///
/// As [`clustered_mean`] in 0..1, but with Wilson's interval at the effective n of
/// [`clustered_proportion`] in place of the symmetric one: near an end of the range the t interval
/// loses the truth on one side (docs/coverage.md). A constant score keeps its exact bound. Source: as
/// [`clustered_proportion`].
///
/// ```
/// use acidtest_metrics::stats::{Unit, clustered_score};
/// let units: Vec<Unit> = (0..20).map(|i| Unit { cases: 1, sum: if i == 0 { 0.4 } else { 1.0 } }).collect();
/// let mean = clustered_score(&units, 0.95).unwrap();
/// let interval = mean.interval.unwrap();
/// assert!((mean.value - 0.97).abs() < 1e-12);
/// assert!(interval.low.unwrap() < 0.9 && interval.high.unwrap() < 1.0);
/// ```
pub fn clustered_score(units: &[Unit], level: f64) -> Result<Clustered, StatError> {
    let mut found = clustered_mean(units, Some((0.0, 1.0)), level)?;
    let (p, error) = (found.value, found.standard_error.unwrap_or(0.0));
    let is_t = found.interval.as_ref().is_ok_and(|i| i.method == Method::ClusteredT);
    let is_inside = p > 0.0 && p < 1.0 && error > 0.0;
    if !is_t || !is_inside {
        return Ok(found);
    }
    let n = effective_n(p, error * error, units.len(), level)?;
    found.effective_n = Some(n);
    found.interval = wilson(p, n, level).map(|i| Interval { method: Method::WilsonEffectiveN, ..i });
    Ok(found)
}

/// How many independent outcomes carry the same information; the factor of t pays for estimating
/// the variance from the clusters.
fn effective_n(p: f64, variance: f64, clusters: usize, level: f64) -> Result<f64, StatError> {
    let z = normal_quantile(0.5 + level / 2.0)?;
    let t = t_quantile(0.5 + level / 2.0, (clusters - 1) as f64)?;
    Ok(p * (1.0 - p) / variance * (z / t).powi(2))
}

/// A ratio Σa/Σb over units, such as tokens per second or word errors per word.
///
/// R = Σa/Σb; var = C/(C−1) · Σ(a − R·b)² / (Σb)²; interval R ± t(C−1)·√var. Two units at least.
/// No variance: no interval. Σb = 0, or a value that is not finite, is an error.
/// Source: Cochran, Sampling Techniques, 3rd ed., section 2.11.
pub fn ratio(units: &[(f64, f64)], level: f64) -> Result<Clustered, StatError> {
    check_level(level)?;
    let (value, variance, is_constant) = linearised(units)?;
    let interval = match variance {
        None => Err(too_few_clusters(units.len())),
        Some(_) if is_constant => Err(NoInterval::NoVariance { n: units.len() }),
        Some(variance) => t_interval(value, variance, units.len(), level),
    };
    Ok(Clustered {
        value,
        standard_error: variance.map(f64::sqrt),
        cases: units.len() as u64,
        clusters: units.len(),
        effective_n: None,
        interval,
        few_clusters: units.len() < FEW_CLUSTERS,
    })
}

/// Bound of a mean in a known range when all of `n` units gave the same value c.
///
/// A unit differs from c with probability at most u = 1 − (1 − level)^(1/n) (one-sided), and then
/// by no more than the range allows: [c − u(c − lo), c + u(hi − c)]. At an end of the range this
/// is the one-sided bound that `sides` says; between them both ends hold together.
pub fn constant_bound(c: f64, n: f64, range: (f64, f64), level: f64) -> Result<Interval, NoInterval> {
    let (lo, hi) = range;
    if !(lo <= c && c <= hi && lo < hi) {
        return Err(NoInterval::Invalid(StatError::OutOfRange {
            what: "mean",
            value: c,
            expected: "a value inside the range of its metric",
        }));
    }
    let u = zero_bound(n, level)?;
    let (sides, method) = if c == hi {
        (Sides::Lower, Method::ExactLower)
    } else if c == lo {
        (Sides::Upper, Method::ExactUpper)
    } else {
        (Sides::Two, Method::ExactConstant)
    };
    Ok(Interval { low: Some(c - u * (c - lo)), high: Some(c + u * (hi - c)), level, sides, method })
}

/// What both clustered estimators share.
struct Base {
    value: f64,
    variance: Option<f64>,
    is_constant: bool,
    cases: u64,
    clusters: usize,
    /// Effective number of clusters, (Σm)²/Σm² (Kish).
    kish: f64,
}

impl Base {
    fn of(units: &[Unit]) -> Result<Base, StatError> {
        if let Some(index) = units.iter().position(|u| u.cases == 0) {
            return Err(StatError::OutOfRange {
                what: "number of cases of a cluster",
                value: index as f64,
                expected: "at least 1 in every cluster",
            });
        }
        let pairs: Vec<(f64, f64)> = units.iter().map(|u| (u.sum, f64::from(u.cases))).collect();
        let (value, variance, is_constant) = linearised(&pairs)?;
        let cases: u64 = units.iter().map(|u| u64::from(u.cases)).sum();
        Ok(Base {
            value,
            variance,
            is_constant,
            cases,
            clusters: units.len(),
            kish: effective_clusters(units.iter().map(|u| u.cases)),
        })
    }

    fn finish(self, effective_n: Option<f64>, interval: Result<Interval, NoInterval>) -> Clustered {
        Clustered {
            value: self.value,
            standard_error: self.variance.map(f64::sqrt),
            cases: self.cases,
            clusters: self.clusters,
            effective_n,
            interval,
            few_clusters: self.clusters < FEW_CLUSTERS,
        }
    }
}

/// Ratio, its linearised variance (`None` below two units), and whether all units agree.
fn linearised(units: &[(f64, f64)]) -> Result<(f64, Option<f64>, bool), StatError> {
    if units.is_empty() {
        return Err(StatError::Empty { what: "units" });
    }
    for (index, (a, b)) in units.iter().enumerate() {
        if !a.is_finite() || !b.is_finite() {
            return Err(StatError::NotFinite {
                what: "unit",
                index,
                value: if a.is_finite() { *b } else { *a },
            });
        }
    }
    let (sum_a, sum_b) = units.iter().fold((0.0, 0.0), |(a, b), u| (a + u.0, b + u.1));
    if sum_b <= 0.0 {
        return Err(StatError::OutOfRange {
            what: "sum of the denominators",
            value: sum_b,
            expected: "a positive number",
        });
    }
    let value = sum_a / sum_b;
    // Rounding of the sums leaves residuals of a few ulp where in truth there are none.
    let mut is_constant = true;
    let mut squares = 0.0;
    for (a, b) in units {
        let residual = a - value * b;
        is_constant &= residual.abs() <= 1e-12 * (a.abs() + (value * b).abs());
        squares += residual * residual;
    }
    let c = units.len() as f64;
    let variance = (units.len() >= 2).then(|| c / (c - 1.0) * squares / (sum_b * sum_b));
    Ok((value, variance, is_constant))
}

fn t_interval(value: f64, variance: f64, units: usize, level: f64) -> Result<Interval, NoInterval> {
    let half = t_quantile(0.5 + level / 2.0, (units - 1) as f64)? * variance.sqrt();
    Ok(Interval::two_sided(value - half, value + half, level, Method::ClusteredT))
}

fn too_few_clusters(have: usize) -> NoInterval {
    NoInterval::TooFew { what: "units of sampling", have, need: 2 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::random::Pcg64;

    fn unit(cases: u32, sum: f64) -> Unit {
        Unit { cases, sum }
    }

    #[test]
    fn single_cases_are_plain_wilson() {
        let units: Vec<Unit> = (0..122).map(|i| unit(1, f64::from(i < 97))).collect();
        let share = clustered_proportion(&units, 0.95).unwrap();
        let i = share.interval.unwrap();
        assert_eq!(i.method, Method::Wilson);
        assert!((i.low.unwrap() - 0.715).abs() < 1e-3 && (i.high.unwrap() - 0.857).abs() < 1e-3);
        assert_eq!(share.effective_n, Some(122.0));
    }

    #[test]
    fn the_effective_n_reproduces_the_interval() {
        let units: Vec<Unit> = (0..31).map(|i| unit(4, f64::from(i % 5))).collect();
        let share = clustered_proportion(&units, 0.95).unwrap();
        let n = share.effective_n.unwrap();
        assert!(n < 60.0, "correlated clusters of 4 are not {n} cases");
        let again = wilson(share.value, n, 0.95).unwrap();
        let i = share.interval.unwrap();
        assert_eq!((i.low, i.high), (again.low, again.high));
        assert_eq!(i.method, Method::WilsonEffectiveN);
    }

    #[test]
    fn a_chance_negative_correlation_is_capped() {
        let mut units = vec![unit(4, 3.0); 30];
        units.push(unit(4, 2.0));
        let share = clustered_proportion(&units, 0.95).unwrap();
        assert_eq!(share.effective_n, Some(124.0));
    }

    #[test]
    fn no_variance_is_never_a_point() {
        let half = clustered_proportion(&[unit(2, 1.0); 10], 0.95).unwrap();
        let i = half.interval.unwrap();
        assert!(i.high.unwrap() - i.low.unwrap() > 0.4, "10 units: {i:?}");
        let all = clustered_mean(&[unit(3, 3.0); 10], Some((0.0, 1.0)), 0.95).unwrap();
        let i = all.interval.unwrap();
        assert!((i.low.unwrap() - 0.05f64.powf(0.1)).abs() < 1e-12);
        assert_eq!((i.high, i.sides), (Some(1.0), Sides::Lower));
        let flat = clustered_mean(&[unit(3, 0.3); 10], None, 0.95).unwrap();
        assert_eq!(flat.interval, Err(NoInterval::NoVariance { n: 10 }));
        let inside = clustered_mean(&[unit(3, 0.3); 10], Some((0.0, 1.0)), 0.95).unwrap();
        let i = inside.interval.unwrap();
        assert_eq!(i.method, Method::ExactConstant);
        assert!(i.low.unwrap() < 0.1 && i.high.unwrap() > 0.3);
    }

    #[test]
    fn one_giant_cluster_counts_as_one() {
        let mut units = vec![unit(1, 1.0); 5];
        units.push(unit(1000, 1000.0));
        let share = clustered_proportion(&units, 0.95).unwrap();
        assert!(share.effective_n.unwrap() < 1.1);
        assert!(share.interval.unwrap().low.unwrap() < 0.1);
    }

    #[test]
    fn bad_input_is_an_error() {
        assert!(clustered_mean(&[], None, 0.95).is_err());
        assert!(clustered_mean(&[unit(1, f64::NAN)], None, 0.95).is_err());
        assert!(clustered_mean(&[unit(0, 0.0)], None, 0.95).is_err());
        assert!(clustered_proportion(&[unit(1, 2.0)], 0.95).is_err());
        assert!(ratio(&[(1.0, 0.0)], 0.95).is_err());
        let one = clustered_mean(&[unit(3, 1.0)], None, 0.95).unwrap();
        assert!(one.few_clusters && one.standard_error.is_none());
        assert!(one.interval.is_err());
    }

    #[test]
    fn a_ratio_of_totals() {
        let r = ratio(&[(10.0, 2.0), (9.0, 3.0), (30.0, 5.0)], 0.95).unwrap();
        assert_eq!(r.value, 4.9);
        assert!(r.interval.unwrap().holds(4.9));
        assert!(ratio(&[(2.0, 1.0), (4.0, 2.0)], 0.95).unwrap().interval.is_err());
    }

    /// Clusters of 4 whose cases agree half of the time: the interval must cover about 95 %.
    #[test]
    fn coverage_with_31_clusters_of_4() {
        let mut random = Pcg64::seeded(7);
        let (mut hits, runs, truth) = (0, 1000, 0.8);
        for _ in 0..runs {
            let units: Vec<Unit> = (0..31)
                .map(|_| {
                    let shared = f64::from(random.double() < truth);
                    let sum = (0..4)
                        .map(|_| match random.double() < 0.6 {
                            true => shared,
                            false => f64::from(random.double() < truth),
                        })
                        .sum();
                    unit(4, sum)
                })
                .collect();
            let share = clustered_proportion(&units, 0.95).unwrap();
            hits += usize::from(share.interval.unwrap().holds(truth));
        }
        assert!((930..=985).contains(&hits), "covers {hits} of {runs}");
    }
}
