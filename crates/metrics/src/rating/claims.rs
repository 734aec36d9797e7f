//! Which of two models is shown to be better.
//!
//! Main function: [`claims`]. A claim takes the covariance of the two ratings, and Holm's correction
//! over all pairs; that two marginal intervals overlap, or do not, decides nothing.

use super::covariance::Covariance;
use super::rank::Ends;
use crate::stats::{holm, normal_cdf, normal_quantile, t_quantile};
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Most models for which every pair is listed; of more, neighbours in rank.
const MOST_LISTED: usize = 100;

/// A pair of models and what is shown of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The model with the higher rating.
    pub higher: u32,
    /// The model with the lower rating.
    pub lower: u32,
    /// Rating of the higher − rating of the lower, in points.
    pub difference: f64,
    /// Its interval at the level; `None` where the difference has no variance.
    pub ends: Option<Ends>,
    /// Its interval at the level that Holm's correction leaves this pair.
    pub corrected: Option<Ends>,
    /// Two-sided p of "no difference"; 1 where there is no variance.
    pub p: f64,
    /// The same after Holm's correction over all pairs.
    pub p_holm: f64,
    /// Whether the difference is shown: the corrected p is at most 1 − level.
    pub is_shown: bool,
}

/// The distribution that a covariance calls for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reference {
    Normal,
    /// Student's t with these degrees of freedom.
    T(f64),
}

impl Reference {
    /// `None` where there are too few units for any.
    pub(crate) fn of(covariance: &Covariance) -> Option<Reference> {
        match (covariance.is_clustered, covariance.units) {
            (_, 0 | 1) => None,
            (false, _) => Some(Reference::Normal),
            (true, units) => Some(Reference::T(units as f64 - 1.0)),
        }
    }

    /// Half width of a two-sided interval, in standard errors.
    pub(crate) fn factor(self, level: f64) -> Option<f64> {
        let p = 0.5 + level / 2.0;
        match self {
            Reference::Normal => normal_quantile(p).ok(),
            Reference::T(df) => t_quantile(p, df).ok(),
        }
    }

    /// Two-sided p of a difference of so many standard errors.
    fn p(self, z: f64) -> f64 {
        let below = match self {
            Reference::Normal => normal_cdf(-z.abs()),
            Reference::T(df) => StudentsT::new(0.0, 1.0, df).map_or(0.5, |t| t.cdf(-z.abs())),
        };
        (2.0 * below).min(1.0)
    }
}

/// Claims about pairs, `order` holding the models from the highest rating down, `ratings` in points
/// and `points` what one unit of log odds is worth. Of more than 100 models only neighbours in the
/// order are listed; the correction counts all pairs always.
pub fn claims(
    ratings: &[f64],
    order: &[u32],
    covariance: &Covariance,
    points: f64,
    level: f64,
) -> Vec<Claim> {
    let Some(reference) = Reference::of(covariance) else { return Vec::new() };
    let mut all: Vec<(usize, usize)> = Vec::new();
    for i in 0..order.len() {
        all.extend((i + 1..order.len()).map(|j| (i, j)));
    }
    let of = |(i, j): (usize, usize)| {
        let (i, j) = (order[i] as usize, order[j] as usize);
        let error = covariance.of_difference(i, j).sqrt() * points;
        // Rounding leaves a little where there is nothing.
        (ratings[i] - ratings[j], if error > 1e-9 { error } else { 0.0 })
    };
    let p: Vec<f64> = all
        .iter()
        .map(|pair| {
            let (difference, error) = of(*pair);
            if error > 0.0 { reference.p(difference / error) } else { 1.0 }
        })
        .collect();
    let corrected = holm(&p);
    let mut sorted = p.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let is_listed = |(i, j): (usize, usize)| order.len() <= MOST_LISTED || j == i + 1;
    let listed = all.iter().enumerate().filter(|(_, pair)| is_listed(**pair));
    let claim = |(at, pair): (usize, &(usize, usize))| {
        let (difference, error) = of(*pair);
        // Pairs that Holm had not yet refused when this one's turn came.
        let left = sorted.len() - sorted.partition_point(|x| *x < p[at]);
        let ends = |level: f64| {
            let half = reference.factor(level).filter(|_| error > 0.0)? * error;
            Some(Ends { low: difference - half, high: difference + half })
        };
        Claim {
            higher: order[pair.0],
            lower: order[pair.1],
            difference,
            ends: ends(level),
            corrected: ends(1.0 - (1.0 - level) / left as f64),
            p: p[at],
            p_holm: corrected[at],
            is_shown: corrected[at] <= 1.0 - level,
        }
    };
    listed.map(claim).collect()
}
