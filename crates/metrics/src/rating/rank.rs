//! A ranking: ratings, intervals, ranks, claims and tables from one list of battles.
//!
//! Main function: [`rank`]. Composes what the neighbours compute.

use super::advice::{Advice, advice};
use super::battle::{Battle, RatingError, Tally};
use super::bootstrap::{Resamples, bootstrap};
use super::claims::{Claim, Reference, claims};
use super::covariance::Covariance;
use super::elo::{Elo, elo};
use super::fit::{Fit, fit};
use super::graph::{Component, components};
use super::style::{Style, StyleEffect};
use super::tables::{Tables, tables};
use super::{Origin, Scale};
use crate::stats::{NoInterval, Resampling};

/// Battles, with what is known about each.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// Number of models.
    pub models: usize,
    /// In their order.
    pub battles: &'a [Battle],
    /// The unit of sampling of each battle; `None`: every battle is one.
    pub unit: Option<&'a [u32]>,
    /// Style differences.
    pub style: Option<&'a Style>,
}

/// How ratings are estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Estimator {
    /// Maximum likelihood; with prior ties (a number above 0) regularised.
    BradleyTerry {
        /// Ties of each model with an average opponent; 0 for maximum likelihood.
        prior_ties: f64,
    },
    /// Online, with these points at stake.
    Elo {
        /// Points at stake in each battle.
        k: f64,
    },
}

/// Which interval stands beside a rating and makes its rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// From the sandwich covariance.
    Sandwich,
    /// From the bootstrap.
    Bootstrap,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Asked {
    /// How ratings are estimated.
    pub estimator: Estimator,
    /// How they are shown as points.
    pub scale: Scale,
    /// Level of intervals and claims.
    pub level: f64,
    /// Resamples and seed, where a bootstrap is wanted; its level is [`Asked::level`].
    pub resampling: Option<Resampling>,
    /// Which interval counts.
    pub shown: Shown,
}

impl Default for Asked {
    fn default() -> Self {
        Asked {
            estimator: Estimator::BradleyTerry { prior_ties: 0.0 },
            scale: Scale::default(),
            level: 0.95,
            resampling: None,
            shown: Shown::Sandwich,
        }
    }
}

/// Two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ends {
    /// The lower.
    pub low: f64,
    /// The upper.
    pub high: f64,
}

/// Why a rating has no interval.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoEnds {
    /// Online Elo is a state, not an estimate with a sampling error.
    #[error("online Elo depends on the order of battles")]
    Order,
    /// Its rating is where the scale begins.
    #[error("the anchor, fixed")]
    Anchor,
    /// Statistics say no.
    #[error(transparent)]
    Stat(#[from] NoInterval),
}

/// Why no model has a rating.
#[derive(Debug, Clone, PartialEq)]
pub enum NoRating {
    /// Groups of models that never lost to the rest, or never met it: [`Ranking::groups`].
    Apart,
    /// The likelihood has no maximum for another reason.
    Failed(RatingError),
}

/// A model's rating.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    /// In points.
    pub rating: f64,
    /// The interval that counts.
    pub ends: Result<Ends, NoEnds>,
    /// Half width by the sandwich, in points, where there is one.
    pub sandwich: Option<f64>,
    /// Half width by Fisher's covariance, in points.
    pub fisher: Option<f64>,
    /// The bootstrap's interval, where one was drawn.
    pub bootstrap: Option<Result<Ends, NoInterval>>,
    /// Best and worst rank that marginal intervals leave open; for display only.
    pub ranks: (u32, u32),
}

/// Everything about a tournament.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// By model, or why there is none.
    pub rated: Result<Vec<Rated>, NoRating>,
    /// Models from the highest rating down; without ratings by average win rate.
    pub order: Vec<u32>,
    /// Wins, ties and losses of each model.
    pub records: Vec<[u64; 3]>,
    /// Tables of pairs.
    pub tables: Tables,
    /// P(row beats column), ties as halves; only with Bradley–Terry ratings.
    pub predicted: Option<Vec<Vec<f64>>>,
    /// Pairs, and what is shown of them.
    pub claims: Vec<Claim>,
    /// Who should meet next.
    pub advice: Vec<Advice>,
    /// Groups of models that beat each other round about; one where all is well.
    pub groups: Vec<Component>,
    /// Effect of each style column.
    pub style: Vec<StyleEffect>,
    /// At the maximum.
    pub log_likelihood: Option<f64>,
    /// Units of sampling, where an interval was asked for.
    pub units: usize,
    /// Whether units hold several battles.
    pub is_clustered: bool,
    /// Resamples without ratings, of how many.
    pub resamples: Option<(usize, usize)>,
}

/// Pairs that are advised.
const ADVISED: usize = 3;

/// All numbers of a tournament.
///
/// # Errors
/// Input that no rating can be made from: too few or too many models, battles that do not name two,
/// an argument out of range. Models that cannot be compared are no error: [`Ranking::rated`].
pub fn rank(data: Data<'_>, asked: Asked) -> Result<Ranking, RatingError> {
    check(data, asked)?;
    let tally = Tally::of(data.models, data.battles)?;
    let tables = tables(&tally);
    let records: Vec<[u64; 3]> = (0..data.models).map(|i| tally.record(i)).collect();
    let groups = components(&tally);
    let mut ranking = Ranking {
        rated: Err(NoRating::Apart),
        order: by_win_rate(&tables),
        records,
        tables,
        predicted: None,
        claims: Vec::new(),
        advice: Vec::new(),
        groups,
        style: Vec::new(),
        log_likelihood: None,
        units: 0,
        is_clustered: data.unit.is_some(),
        resamples: None,
    };
    match asked.estimator {
        Estimator::Elo { k } => online(&mut ranking, data, asked, k)?,
        Estimator::BradleyTerry { prior_ties } => {
            let is_apart = ranking.groups.len() > 1 && prior_ties <= 0.0;
            let styled = data.style.map(|style| (data.battles, style));
            match is_apart {
                true => ranking.advice = advice(&tally, None, &ranking.groups, ADVISED),
                false => match fit(&tally, styled, prior_ties) {
                    Ok(fit) => estimated(&mut ranking, &fit, &tally, data, asked)?,
                    Err(why @ RatingError::NoMaximum { .. }) => ranking.rated = Err(NoRating::Failed(why)),
                    Err(why) => return Err(why),
                },
            }
        }
    }
    Ok(ranking)
}

fn check(data: Data<'_>, asked: Asked) -> Result<(), RatingError> {
    if data.models < 2 {
        return Err(RatingError::TooFewModels { have: data.models });
    }
    let positive = "a finite number above 0";
    for (what, value, is_right, expected) in [
        ("scale", asked.scale.scale, asked.scale.scale > 0.0 && asked.scale.scale.is_finite(), positive),
        (
            "base",
            asked.scale.base,
            asked.scale.base > 1.0 && asked.scale.base.is_finite(),
            "a number above 1",
        ),
        ("centre", asked.scale.centre, asked.scale.centre.is_finite(), "a finite number"),
        ("level", asked.level, asked.level > 0.0 && asked.level < 1.0, "a number between 0 and 1"),
    ] {
        if !is_right {
            return Err(RatingError::OutOfRange { what, value, expected });
        }
    }
    if let Origin::Model(m) = asked.scale.origin
        && m as usize >= data.models
    {
        let expected = "a model of the battles";
        return Err(RatingError::OutOfRange { what: "anchor", value: f64::from(m), expected });
    }
    match data.style {
        Some(style) if style.battles() != data.battles.len() => Err(RatingError::Mismatch {
            what: "style differences",
            have: style.battles(),
            battles: data.battles.len(),
        }),
        _ => Ok(()),
    }
}

fn online(ranking: &mut Ranking, data: Data<'_>, asked: Asked, k: f64) -> Result<(), RatingError> {
    let Scale { scale, base, centre, origin } = asked.scale;
    let mut ratings = elo(data.models, data.battles, Elo { k, scale, base, start: centre })?;
    if let Origin::Model(m) = origin {
        let shift = centre - ratings[m as usize];
        ratings.iter_mut().for_each(|r| *r += shift);
    }
    ranking.order = by_rating(&ratings);
    let rated = |(place, rating): (u32, f64)| Rated {
        rating,
        ends: Err(NoEnds::Order),
        sandwich: None,
        fisher: None,
        bootstrap: None,
        ranks: (place, place),
    };
    let mut places = vec![0; ratings.len()];
    ranking.order.iter().zip(1..).for_each(|(m, place)| places[*m as usize] = place);
    ranking.rated = Ok(places.into_iter().zip(ratings).map(rated).collect());
    Ok(())
}

fn estimated(
    ranking: &mut Ranking,
    fit: &Fit,
    tally: &Tally,
    data: Data<'_>,
    asked: Asked,
) -> Result<(), RatingError> {
    let (points, origin) = (asked.scale.points(), asked.scale.origin);
    let theta = fit.log_odds();
    let zero = match origin {
        Origin::Mean => 0.0,
        Origin::Model(m) => theta[m as usize],
    };
    let ratings: Vec<f64> = theta.iter().map(|t| asked.scale.centre + points * (t - zero)).collect();
    let sandwich = match data.unit {
        Some(unit) => fit.sandwich_of_units(data.battles, unit, origin)?,
        None => fit.sandwich(tally, origin),
    };
    let fisher = fit.fisher(tally, origin);
    let drawn = match asked.resampling {
        Some(how) => {
            let how = Resampling { level: asked.level, ..how };
            Some(bootstrap(fit, tally, data.battles, data.unit, origin, how)?)
        }
        None => None,
    };
    let made = Made { ratings: &ratings, sandwich: &sandwich, fisher: &fisher, drawn: drawn.as_ref() };
    ranking.order = by_rating(&ratings);
    ranking.rated = Ok(made.rated(asked));
    ranking.claims = claims(&ratings, &ranking.order, &sandwich, points, asked.level);
    ranking.advice = advice(tally, Some(fit), &ranking.groups, ADVISED);
    ranking.style = effects(fit, data.style, &sandwich, asked);
    let n = data.models;
    ranking.predicted = Some((0..n).map(|i| (0..n).map(|j| fit.chance(i, j)).collect()).collect());
    ranking.log_likelihood = Some(fit.log_likelihood());
    ranking.units = sandwich.units;
    ranking.resamples = drawn.map(|d| (d.failed, d.of));
    Ok(())
}

/// Estimates before they are put together.
struct Made<'a> {
    ratings: &'a [f64],
    sandwich: &'a Covariance,
    fisher: &'a Covariance,
    drawn: Option<&'a Resamples>,
}

impl Made<'_> {
    fn rated(&self, asked: Asked) -> Vec<Rated> {
        let points = asked.scale.points();
        let half = |covariance: &Covariance, i: usize| {
            let factor = Reference::of(covariance)?.factor(asked.level)?;
            Some(factor * covariance.variance(i).sqrt() * points)
        };
        let mut rated: Vec<Rated> = (0..self.ratings.len())
            .map(|i| {
                let rating = self.ratings[i];
                let sandwich = half(self.sandwich, i);
                let bootstrap = self.drawn.map(|drawn| {
                    let ends = drawn.ends(i)?;
                    let at = |odds: f64| asked.scale.centre + points * odds;
                    Ok(Ends { low: at(ends.low), high: at(ends.high) })
                });
                let ends = match (asked.scale.origin, asked.shown, &bootstrap) {
                    (Origin::Model(m), ..) if m as usize == i => Err(NoEnds::Anchor),
                    (_, Shown::Bootstrap, Some(ends)) => ends.clone().map_err(NoEnds::Stat),
                    _ => self.ends(rating, sandwich),
                };
                Rated { rating, ends, sandwich, fisher: half(self.fisher, i), bootstrap, ranks: (0, 0) }
            })
            .collect();
        let ends: Vec<Ends> = rated.iter().map(at_least_itself).collect();
        for (rated, ranks) in rated.iter_mut().zip(ranks(&ends)) {
            rated.ranks = ranks;
        }
        rated
    }

    fn ends(&self, rating: f64, half: Option<f64>) -> Result<Ends, NoEnds> {
        let units = self.sandwich.units;
        match half {
            None => Err(NoInterval::TooFew { what: "clusters", have: units, need: 2 }.into()),
            // Rounding leaves a little of nothing.
            Some(half) if half < 1e-9 => Err(NoInterval::NoVariance { n: units }.into()),
            Some(half) => Ok(Ends { low: rating - half, high: rating + half }),
        }
    }
}

/// The interval; the rating alone where it is fixed; everything where nothing is known.
fn at_least_itself(rated: &Rated) -> Ends {
    match &rated.ends {
        Ok(ends) => *ends,
        Err(NoEnds::Anchor) => Ends { low: rated.rating, high: rated.rating },
        Err(_) => Ends { low: f64::NEG_INFINITY, high: f64::INFINITY },
    }
}

/// Best and worst rank of each: 1 + how many lie wholly above, and how many do not lie wholly below.
pub fn ranks(ends: &[Ends]) -> Vec<(u32, u32)> {
    let mut lows: Vec<f64> = ends.iter().map(|e| e.low).collect();
    let mut highs: Vec<f64> = ends.iter().map(|e| e.high).collect();
    lows.sort_unstable_by(f64::total_cmp);
    highs.sort_unstable_by(f64::total_cmp);
    let of = |e: &Ends| {
        let above = lows.len() - lows.partition_point(|low| *low <= e.high);
        let below = highs.partition_point(|high| *high < e.low);
        (above as u32 + 1, (ends.len() - below) as u32)
    };
    ends.iter().map(of).collect()
}

fn effects(fit: &Fit, style: Option<&Style>, sandwich: &Covariance, asked: Asked) -> Vec<StyleEffect> {
    let Some(style) = style else { return Vec::new() };
    let points = asked.scale.points();
    let factor = Reference::of(sandwich).and_then(|r| r.factor(asked.level));
    let effect = |(column, beta): (usize, &f64)| {
        let error = sandwich.variance(fit.models() + column).sqrt();
        let half = factor.filter(|_| error > 0.0).map(|f| f * error * points);
        let value = beta * points;
        StyleEffect {
            points: value,
            ends: half.map(|half| Ends { low: value - half, high: value + half }),
            spread: style.spread()[column],
        }
    };
    fit.style().iter().enumerate().map(effect).collect()
}

fn by_rating(ratings: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..ratings.len() as u32).collect();
    order.sort_by(|a, b| ratings[*b as usize].total_cmp(&ratings[*a as usize]));
    order
}

fn by_win_rate(tables: &Tables) -> Vec<u32> {
    let rate = |m: &u32| tables.average_win_rate[*m as usize].unwrap_or(-1.0);
    let mut order: Vec<u32> = (0..tables.average_win_rate.len() as u32).collect();
    order.sort_by(|a, b| rate(b).total_cmp(&rate(a)));
    order
}
