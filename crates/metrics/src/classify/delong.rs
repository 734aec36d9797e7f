//! DeLong's interval of an area under the ROC curve, and the test of two scorings of one sample.
//!
//! Main types: [`Auc`], [`AucDifference`]. Time is n log n. Source: DeLong, DeLong and
//! Clarke-Pearson, Biometrics 44 (1988) 837–845; clusters: Obuchowski, Biometrics 53 (1997) 567–578.

use super::roc::{Split, key, split};
use super::{Undefined, check_lengths};
use crate::stats::{Interval, Method, NoInterval, all_events, normal_cdf, normal_quantile, zero_events};

/// The scale on which the interval is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AucScale {
    /// The area itself; cut to 0..1.
    Plain,
    /// Its logit, which never leaves 0..1 and covers better near the ends.
    Logit,
}

/// An area with its interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Auc {
    /// The area, in 0..1.
    pub value: f64,
    /// DeLong's standard error; `None` with one positive or one negative (clusters likewise).
    pub standard_error: Option<f64>,
    /// The interval. An area of 0 or 1 has no variance; its exact one-sided bound stands on as many
    /// (positive, negative) pairs as share no unit.
    pub interval: Result<Interval, NoInterval>,
}

/// Two scorings of the same cases.
#[derive(Debug, Clone, PartialEq)]
pub struct AucDifference {
    /// First area minus second.
    pub difference: f64,
    /// Its standard error, covariance included.
    pub standard_error: Option<f64>,
    /// Symmetric normal interval of the difference, cut to −1..1.
    pub interval: Result<Interval, NoInterval>,
    /// Two-sided p of no difference; `None` where there is no interval.
    pub p: Option<f64>,
}

/// How each case stands against the other class: for a positive the share of negatives below it,
/// for a negative the share of positives above it, ties half.
struct Placements {
    area: f64,
    of: Vec<f64>,
    positives: usize,
}

fn placements(truth: &[bool], scores: &[f64]) -> Result<Placements, Undefined> {
    let Split { mut positives, mut negatives } = split(truth, scores)?;
    positives.sort_unstable();
    negatives.sort_unstable();
    let below = |sorted: &[u64], k: u64| {
        let (low, high) = (sorted.partition_point(|x| *x < k), sorted.partition_point(|x| *x <= k));
        (low + high) as f64 / 2.0 / sorted.len() as f64
    };
    let place = |(t, s): (&bool, &f64)| {
        if *t { below(&negatives, key(*s)) } else { 1.0 - below(&positives, key(*s)) }
    };
    let of: Vec<f64> = truth.iter().zip(scores).map(place).collect();
    let sum: f64 = of.iter().zip(truth).filter(|(_, t)| **t).map(|(p, _)| p).sum();
    Ok(Placements { area: sum / positives.len() as f64, of, positives: positives.len() })
}

/// Sums of one cluster: members and placements of each class, centred.
#[derive(Clone, Copy, Default)]
struct Cluster {
    positives: f64,
    negatives: f64,
    up: f64,
    down: f64,
}

/// Variance of centred placements summed in clusters (each case its own: DeLong's), and the number
/// of (positive, negative) pairs that share no cluster.
fn variance(truth: &[bool], centred: &[f64], cluster_of: Option<&[usize]>) -> (Option<f64>, usize) {
    let count = cluster_of.map_or(truth.len(), |of| of.iter().max().map_or(0, |m| m + 1));
    let mut clusters = vec![Cluster::default(); count];
    for (case, (t, c)) in truth.iter().zip(centred).enumerate() {
        let cluster = &mut clusters[cluster_of.map_or(case, |of| of[case])];
        if *t {
            cluster.positives += 1.0;
            cluster.up += c;
        } else {
            cluster.negatives += 1.0;
            cluster.down += c;
        }
    }
    let count = |of: fn(&Cluster) -> bool| clusters.iter().filter(|c| of(c)).count();
    let sum = |of: fn(&Cluster) -> f64| clusters.iter().map(of).sum::<f64>();
    let (m, n) = (sum(|c| c.positives), sum(|c| c.negatives));
    let (up, down) = (count(|c| c.positives > 0.0), count(|c| c.negatives > 0.0));
    let any = count(|c| c.positives + c.negatives > 0.0);
    let pairs = up.min(down).min(any / 2);
    if up < 2 || down < 2 {
        return (None, pairs);
    }
    let scaled = |n: usize| n as f64 / (n - 1) as f64;
    let variance = scaled(up) * sum(|c| c.up * c.up) / (m * m)
        + scaled(down) * sum(|c| c.down * c.down) / (n * n)
        + 2.0 * scaled(any) * sum(|c| c.up * c.down) / (m * n);
    (Some(variance.max(0.0)), pairs)
}

/// Area under the ROC curve of independent cases with DeLong's interval.
///
/// ```
/// use acidtest_metrics::classify::{AucScale, delong};
/// let truth = [true, true, true, false, false, false];
/// let auc = delong(&truth, &[0.9, 0.8, 0.3, 0.4, 0.2, 0.1], 0.95, AucScale::Logit).unwrap();
/// let interval = auc.interval.unwrap();
/// assert!((auc.value - 8.0 / 9.0).abs() < 1e-12 && interval.high.unwrap() < 1.0);
/// ```
///
/// # Errors
/// As [`super::roc_auc`].
pub fn delong(truth: &[bool], scores: &[f64], level: f64, scale: AucScale) -> Result<Auc, Undefined> {
    area(truth, scores, None, level, scale)
}

/// The same for cases in clusters (Obuchowski); `cluster_of[i]` numbers the cluster of case i from
/// 0 and is below the number of cases.
///
/// # Errors
/// As [`super::roc_auc`], or cluster numbers that do not fit.
pub fn delong_clustered(
    truth: &[bool],
    scores: &[f64],
    cluster_of: &[usize],
    level: f64,
    scale: AucScale,
) -> Result<Auc, Undefined> {
    check_lengths("clusters", cluster_of.len(), truth.len())?;
    if let Some(wrong) = cluster_of.iter().find(|c| **c >= truth.len()) {
        let expected = "less than the number of cases";
        return Err(Undefined::Argument { what: "cluster", value: *wrong as f64, expected });
    }
    area(truth, scores, Some(cluster_of), level, scale)
}

fn area(
    truth: &[bool],
    scores: &[f64],
    cluster_of: Option<&[usize]>,
    level: f64,
    scale: AucScale,
) -> Result<Auc, Undefined> {
    let placed = placements(truth, scores)?;
    let centred: Vec<f64> = placed.of.iter().map(|p| p - placed.area).collect();
    let (variance, pairs) = variance(truth, &centred, cluster_of);
    let standard_error = variance.map(f64::sqrt);
    let value = placed.area;
    let interval = if value == 1.0 && pairs > 0 {
        all_events(pairs as f64, level)
    } else if value == 0.0 && pairs > 0 {
        zero_events(pairs as f64, level)
    } else {
        let have = placed.positives.min(truth.len() - placed.positives);
        around(value, standard_error, have, level, scale)
    };
    Ok(Auc { value, standard_error, interval })
}

fn around(
    value: f64,
    standard_error: Option<f64>,
    have: usize,
    level: f64,
    scale: AucScale,
) -> Result<Interval, NoInterval> {
    let z = normal_quantile(0.5 + level / 2.0)?;
    let few = NoInterval::TooFew { what: "units of each class", have: have.min(1), need: 2 };
    let se = standard_error.ok_or(few)?;
    if se == 0.0 {
        return Err(NoInterval::NoVariance { n: have });
    }
    Ok(match scale {
        AucScale::Plain => {
            Interval::two_sided(value - z * se, value + z * se, level, Method::DeLong).clipped((0.0, 1.0))
        }
        AucScale::Logit => {
            let (middle, half) = ((value / (1.0 - value)).ln(), z * se / (value * (1.0 - value)));
            let back = |x: f64| 1.0 / (1.0 + (-x).exp());
            Interval::two_sided(back(middle - half), back(middle + half), level, Method::DeLongLogit)
        }
    })
}

/// DeLong's test of two scorings of the same independent cases: the difference of the areas.
///
/// # Errors
/// As [`super::roc_auc`], for either scoring.
pub fn delong_paired(
    truth: &[bool],
    first: &[f64],
    second: &[f64],
    level: f64,
) -> Result<AucDifference, Undefined> {
    let (a, b) = (placements(truth, first)?, placements(truth, second)?);
    let difference = a.area - b.area;
    let centred: Vec<f64> = a.of.iter().zip(&b.of).map(|(x, y)| (x - a.area) - (y - b.area)).collect();
    let (variance, _) = variance(truth, &centred, None);
    let standard_error = variance.map(f64::sqrt);
    let have = a.positives.min(truth.len() - a.positives);
    let around = |se: Option<f64>| {
        let z = normal_quantile(0.5 + level / 2.0)?;
        let se = se.ok_or(NoInterval::TooFew { what: "cases of each class", have, need: 2 })?;
        // Placements of equal scorings differ by rounding alone.
        if se < 1e-12 {
            return Err(NoInterval::NoVariance { n: truth.len() });
        }
        let interval = Interval::two_sided(difference - z * se, difference + z * se, level, Method::DeLong);
        Ok(interval.clipped((-1.0, 1.0)))
    };
    let interval = around(standard_error);
    let test = |se: f64| (2.0 * normal_cdf(-(difference / se).abs())).min(1.0);
    let p = interval.is_ok().then(|| standard_error.map(test)).flatten();
    Ok(AucDifference { difference, standard_error, interval, p })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUTH: [bool; 8] = [true, true, true, true, false, false, false, false];
    const FIRST: [f64; 8] = [0.9, 0.8, 0.35, 0.7, 0.4, 0.2, 0.1, 0.7];

    #[test]
    fn each_case_its_own_cluster() {
        let alone = delong(&TRUTH, &FIRST, 0.95, AucScale::Plain).unwrap();
        let own = [0, 1, 2, 3, 4, 5, 6, 7];
        let clustered = delong_clustered(&TRUTH, &FIRST, &own, 0.95, AucScale::Plain).unwrap();
        assert!((alone.standard_error.unwrap() - clustered.standard_error.unwrap()).abs() < 1e-15);
        assert!(delong_clustered(&TRUTH, &FIRST, &[8; 8], 0.95, AucScale::Plain).is_err());
        let one = delong_clustered(&TRUTH, &FIRST, &[0; 8], 0.95, AucScale::Plain).unwrap();
        assert!(one.interval.is_err() && one.standard_error.is_none());
    }

    #[test]
    fn variance_by_the_definition() {
        // Positives win 4, 4, 2, 3.5 of 4; negatives lose 3, 4, 4, 2.5 of 4.
        let (up, down) = ([1.0, 1.0, 0.5, 0.875], [0.75, 1.0, 1.0, 0.625]);
        let s = |v: [f64; 4]| {
            let mean = v.iter().sum::<f64>() / 4.0;
            v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0 / 4.0
        };
        let auc = delong(&TRUTH, &FIRST, 0.95, AucScale::Plain).unwrap();
        assert_eq!(auc.value, 13.5 / 16.0);
        assert!((auc.standard_error.unwrap().powi(2) - s(up) - s(down)).abs() < 1e-15);
    }

    #[test]
    fn perfect_order_has_a_bound_from_below() {
        let auc = delong(&[true, true, false, false], &[4.0, 3.0, 2.0, 1.0], 0.95, AucScale::Logit).unwrap();
        let interval = auc.interval.unwrap();
        assert_eq!((auc.value, interval.method), (1.0, Method::ExactLower));
        assert!((interval.low.unwrap() - 0.05f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn a_scoring_against_itself() {
        let d = delong_paired(&TRUTH, &FIRST, &FIRST, 0.95).unwrap();
        assert_eq!((d.difference, d.p), (0.0, None));
        let second = [0.1, 0.9, 0.5, 0.3, 0.4, 0.6, 0.2, 0.8];
        let d = delong_paired(&TRUTH, &FIRST, &second, 0.95).unwrap();
        assert!(d.p.unwrap() > 0.05 && d.interval.unwrap().holds(0.0));
    }
}
