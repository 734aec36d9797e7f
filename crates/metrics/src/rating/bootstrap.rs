//! Percentiles of ratings over resamples of whole units.
//!
//! Main function: [`bootstrap`]. Where every battle is a unit, the counts of all cells (pair and
//! outcome) are drawn at once, from the very distribution that drawing battles one by one has.
//! A resample in which models cannot be put on one scale has no ratings; it is counted.

use super::Origin;
use super::battle::{Battle, RatingError, Tally};
use super::binomial::multinomial;
use super::covariance::{Groups, check_units};
use super::fit::{Fit, Rows, again, connected_in};
use super::graph::Beats;
use super::rank::Ends;
use crate::stats::{NoInterval, Pcg64, Resampling, quantile};

/// Ratings of every resample that has some.
#[derive(Debug, Clone, PartialEq)]
pub struct Resamples {
    /// For each model its log odds about the origin, ascending.
    sorted: Vec<Vec<f64>>,
    units: usize,
    /// Resamples without ratings.
    pub failed: usize,
    /// Resamples drawn.
    pub of: usize,
    level: f64,
}

impl Resamples {
    /// Percentile interval of a model's log odds; none where more than 1 % of resamples failed.
    ///
    /// # Errors
    /// Too many failed, fewer than two units, or all resamples equal.
    pub fn ends(&self, model: usize) -> Result<Ends, NoInterval> {
        if self.units < 2 {
            return Err(NoInterval::TooFew { what: "clusters", have: self.units, need: 2 });
        }
        if self.failed * 100 > self.of {
            return Err(NoInterval::Resamples { failed: self.failed, of: self.of });
        }
        let values = &self.sorted[model];
        let at = |p| quantile(values, p);
        match (at((1.0 - self.level) / 2.0), at((1.0 + self.level) / 2.0)) {
            (Some(low), Some(high)) if low < high => Ok(Ends { low, high }),
            _ => Err(NoInterval::NoVariance { n: values.len() }),
        }
    }

    /// Standard deviation (ddof 1) of a model's log odds over resamples.
    pub fn standard_error(&self, model: usize) -> Option<f64> {
        let values = &self.sorted[model];
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let square = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        (n > 1.0).then(|| (square / (n - 1.0)).sqrt())
    }
}

/// Refits on `how.resamples` resamples. `units` names the unit of every battle; without it every
/// battle is one. Style differences keep the scale of the whole sample.
///
/// # Errors
/// Units or style that do not belong to the battles.
pub fn bootstrap(
    fit: &Fit,
    tally: &Tally,
    battles: &[Battle],
    units: Option<&[u32]>,
    origin: Origin,
    how: Resampling,
) -> Result<Resamples, RatingError> {
    if !(how.level > 0.0 && how.level < 1.0) {
        let expected = "a number between 0 and 1";
        return Err(RatingError::OutOfRange { what: "confidence level", value: how.level, expected });
    }
    let mut draw = Draw::new(fit, tally, battles, units)?;
    let mut random = Pcg64::seeded(how.seed);
    let mut rows = fit.rows.clone();
    let mut beats = Beats::new(fit.shape.nodes);
    let mut sorted = vec![Vec::with_capacity(how.resamples as usize); fit.models];
    let mut failed = 0;
    for _ in 0..how.resamples {
        draw.fill(&mut rows, &mut random);
        let found = connected_in(&rows, &mut beats).then(|| again(&rows, fit.shape, &fit.at, &fit.factor));
        match found.flatten() {
            Some(at) => keep(&at, fit, origin, &mut sorted),
            None => failed += 1,
        }
    }
    sorted.iter_mut().for_each(|values| values.sort_unstable_by(f64::total_cmp));
    let (units, of) = (draw.units(tally), how.resamples as usize);
    Ok(Resamples { sorted, units, failed, of, level: how.level })
}

fn keep(at: &[f64], fit: &Fit, origin: Origin, sorted: &mut [Vec<f64>]) {
    let theta = super::fit::centred(at, fit.shape, fit.models);
    let zero = match origin {
        Origin::Mean => 0.0,
        Origin::Model(m) => theta[m as usize],
    };
    sorted.iter_mut().zip(theta).for_each(|(values, t)| values.push(t - zero));
}

/// How resamples are drawn.
enum Draw {
    /// Cells of each pair: wins of the first, of the second, ties.
    Cells { counts: Vec<u64>, drawn: Vec<u64> },
    /// Whole units; each battle adds to a row.
    Units { groups: Groups, row: Vec<u32>, score: Vec<f64>, weight: Vec<u32>, prior: usize },
}

impl Draw {
    fn new(fit: &Fit, tally: &Tally, battles: &[Battle], units: Option<&[u32]>) -> Result<Draw, RatingError> {
        let prior = if fit.prior_ties > 0.0 { fit.models } else { 0 };
        let pairs = fit.rows.len() - prior;
        let styled = fit.shape.columns > 0;
        if units.is_none() && !styled {
            let cells = |row: usize| {
                let (a, b) = (fit.rows.first[row] as usize, fit.rows.second[row] as usize);
                [tally.wins(a, b), tally.wins(b, a), tally.ties(a, b)]
            };
            return Ok(Draw::Cells { counts: (0..pairs).flat_map(cells).collect(), drawn: Vec::new() });
        }
        if styled && pairs != battles.len() {
            let (have, battles) = (pairs, battles.len());
            return Err(RatingError::Mismatch { what: "style differences", have, battles });
        }
        let own: Vec<u32>;
        let unit = match units {
            Some(unit) => unit,
            None => {
                own = (0..battles.len() as u32).collect();
                &own
            }
        };
        check_units(battles, unit)?;
        let groups = Groups::of(unit);
        let (row, score) = rows_of(fit, battles, &groups, styled);
        let weight = vec![0; groups.count()];
        Ok(Draw::Units { groups, row, score, weight, prior })
    }

    fn units(&self, tally: &Tally) -> usize {
        match self {
            Draw::Cells { .. } => usize::try_from(tally.battles()).unwrap_or(usize::MAX),
            Draw::Units { groups, .. } => groups.count(),
        }
    }

    fn fill(&mut self, rows: &mut Rows, random: &mut Pcg64) {
        match self {
            Draw::Cells { counts, drawn } => {
                multinomial(counts, drawn, random);
                for (row, cells) in drawn.chunks_exact(3).enumerate() {
                    rows.n[row] = (cells[0] + cells[1] + cells[2]) as f64;
                    rows.score[row] = cells[0] as f64 + 0.5 * cells[2] as f64;
                }
            }
            Draw::Units { groups, row, score, weight, prior } => {
                weight.fill(0);
                let units = weight.len();
                for _ in 0..units {
                    weight[random.below(units as u64) as usize] += 1;
                }
                let pairs = rows.len() - *prior;
                rows.n[..pairs].fill(0.0);
                rows.score[..pairs].fill(0.0);
                let mut at = 0;
                for (group, times) in groups.iter().zip(weight.iter()) {
                    let times = f64::from(*times);
                    let span = at..at + group.len();
                    at = span.end;
                    if times > 0.0 {
                        for (row, score) in row[span.clone()].iter().zip(&score[span]) {
                            rows.n[*row as usize] += times;
                            rows.score[*row as usize] += times * score;
                        }
                    }
                }
            }
        }
    }
}

/// Row and score (of the row's first model) of each battle, in the order of groups.
fn rows_of(fit: &Fit, battles: &[Battle], groups: &Groups, styled: bool) -> (Vec<u32>, Vec<f64>) {
    let ordered = groups.iter().flatten().map(|index| (*index, &battles[*index as usize]));
    if styled {
        return ordered.map(|(index, battle)| (index, battle.outcome.score())).unzip();
    }
    let mut of_pair = vec![0u32; fit.models * fit.models];
    for (row, (a, b)) in fit.rows.first.iter().zip(&fit.rows.second).enumerate() {
        if (*b as usize) < fit.models {
            of_pair[*a as usize * fit.models + *b as usize] = row as u32;
        }
    }
    let of = |(_, battle): (u32, &Battle)| {
        let (low, high) = (battle.a.min(battle.b) as usize, battle.a.max(battle.b) as usize);
        let score = battle.outcome.score();
        (of_pair[low * fit.models + high], if battle.a < battle.b { score } else { 1.0 - score })
    };
    ordered.map(of).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::{Outcome, fit};

    fn some(n: u32) -> Vec<Battle> {
        let of = |i: u32| match i * 7 % 5 {
            0 | 1 => Outcome::A,
            2 | 3 => Outcome::B,
            _ => Outcome::Tie,
        };
        (0..n).map(|i| Battle { a: i % 4, b: (i % 4 + 1 + i / 4 % 3) % 4, outcome: of(i / 3) }).collect()
    }

    #[test]
    fn cells_drawn_at_once_and_battles_drawn_one_by_one_agree() {
        let battles = some(400);
        let tally = Tally::of(4, &battles).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let how = Resampling { resamples: 4000, ..Resampling::default() };
        let unit: Vec<u32> = (0..400).collect();
        let cells = bootstrap(&found, &tally, &battles, None, Origin::Mean, how).unwrap();
        let units = bootstrap(&found, &tally, &battles, Some(&unit), Origin::Mean, how).unwrap();
        let sandwich = found.sandwich(&tally, Origin::Mean);
        for model in 0..4 {
            let (a, b) = (cells.standard_error(model).unwrap(), units.standard_error(model).unwrap());
            assert!((a / b - 1.0).abs() < 0.06, "{a} {b}");
            assert!((a / sandwich.variance(model).sqrt() - 1.0).abs() < 0.06);
            assert!(cells.ends(model).is_ok());
        }
        let same = bootstrap(&found, &tally, &battles, None, Origin::Mean, how).unwrap();
        assert_eq!(cells, same, "a seed gives the same resamples");
    }

    #[test]
    fn resamples_without_ratings_are_counted() {
        let mut battles = vec![Battle { a: 0, b: 1, outcome: Outcome::A }; 5];
        battles.push(Battle { a: 1, b: 0, outcome: Outcome::A });
        let tally = Tally::of(2, &battles).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let how = Resampling { resamples: 500, ..Resampling::default() };
        let drawn = bootstrap(&found, &tally, &battles, None, Origin::Mean, how).unwrap();
        // (5/6)^6 of resamples lack the one win.
        assert!((drawn.failed as f64 / 500.0 - 0.335).abs() < 0.07, "{}", drawn.failed);
        assert!(matches!(drawn.ends(0), Err(NoInterval::Resamples { of: 500, .. })));
    }

    #[test]
    fn the_anchor_does_not_move() {
        let battles = some(200);
        let tally = Tally::of(4, &battles).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let how = Resampling { resamples: 50, ..Resampling::default() };
        let drawn = bootstrap(&found, &tally, &battles, None, Origin::Model(1), how).unwrap();
        assert_eq!(drawn.standard_error(1), Some(0.0));
        assert!(drawn.standard_error(0).unwrap() > 0.0);
    }
}
