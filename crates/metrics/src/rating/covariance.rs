//! How sure ratings are: Fisher's covariance, and the sandwich over units of sampling.
//!
//! Main type: [`Covariance`]. H are the negative second derivatives of the log likelihood, G the
//! sum over units of (score of the unit)(score of the unit)ᵀ; Fisher: H⁺, sandwich: H⁺ G H⁺
//! (Huber 1967; White 1982; clustered: Liang and Zeger 1986). Both are of ratings about their
//! origin: H⁺ itself for the mean of all models.

use super::Origin;
use super::battle::{Battle, Outcome, RatingError, Tally};
use super::cholesky::{Square, product};
use super::fit::{Fit, chance};

/// Covariance of log odds, models first, style columns behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariance {
    size: usize,
    cells: Vec<f64>,
    /// Units of sampling that it speaks about.
    pub units: usize,
    /// Whether a unit holds several battles: then the factor C/(C−1) is in it, and intervals take
    /// Student's t on C−1 degrees of freedom.
    pub is_clustered: bool,
}

impl Covariance {
    /// Variance of a model's log odds, or of a style column behind the models.
    pub fn variance(&self, i: usize) -> f64 {
        self.cells[i * self.size + i].max(0.0)
    }

    /// Variance of the difference of two.
    pub fn of_difference(&self, i: usize, j: usize) -> f64 {
        let cell = |i, j| self.cells[i * self.size + j];
        (cell(i, i) + cell(j, j) - 2.0 * cell(i, j)).max(0.0)
    }
}

impl Fit {
    /// H⁺: right when battles are independent and the model holds.
    pub fn fisher(&self, tally: &Tally, origin: Origin) -> Covariance {
        let cells = self.about(&self.factor.inverse(), origin);
        let units = usize::try_from(tally.battles()).unwrap_or(usize::MAX);
        Covariance { size: self.models + self.shape.columns, cells, units, is_clustered: false }
    }

    /// H⁺ G H⁺ where every battle is a unit of its own; right also when the model is wrong.
    pub fn sandwich(&self, tally: &Tally, origin: Origin) -> Covariance {
        let free = self.shape.free();
        let mut meat = vec![0.0; free * free];
        if self.shape.columns == 0 {
            self.add_pairs(tally, &mut meat);
        } else {
            let of_battle = (0..self.battle_rows()).map(|row| (row, self.rows.score[row]));
            of_battle.for_each(|(row, score)| {
                let mut sum = Sum::new(free);
                self.add_score(&mut sum, row, score);
                sum.spill(&mut meat);
            });
        }
        let units = usize::try_from(tally.battles()).unwrap_or(usize::MAX);
        self.sandwiched(meat, units, false, origin)
    }

    /// The same with whole units: `unit[i]` is the unit of battle i.
    ///
    /// # Errors
    /// Another number of units than of battles.
    pub fn sandwich_of_units(
        &self,
        battles: &[Battle],
        unit: &[u32],
        origin: Origin,
    ) -> Result<Covariance, RatingError> {
        check_units(battles, unit)?;
        let groups = Groups::of(unit);
        let free = self.shape.free();
        let mut meat = vec![0.0; free * free];
        let mut sum = Sum::new(free);
        for group in groups.iter() {
            for index in group {
                let battle = &battles[*index as usize];
                match self.shape.columns {
                    0 => self.add_plain(&mut sum, battle),
                    _ => self.add_score(&mut sum, *index as usize, battle.outcome.score()),
                }
            }
            sum.spill(&mut meat);
        }
        let units = groups.count();
        if units > 1 {
            let factor = units as f64 / (units - 1) as f64;
            meat.iter_mut().for_each(|g| *g *= factor);
        }
        Ok(self.sandwiched(meat, units, true, origin))
    }

    /// Rows that are battles: prior ties stand behind them.
    fn battle_rows(&self) -> usize {
        if self.prior_ties > 0.0 { self.rows.len() - self.models } else { self.rows.len() }
    }

    fn add_pairs(&self, tally: &Tally, meat: &mut [f64]) {
        let (held, free) = (self.shape.nodes - 1, self.shape.free());
        for row in 0..self.battle_rows() {
            let (a, b) = (self.rows.first[row] as usize, self.rows.second[row] as usize);
            let p = self.chance(a, b);
            let part = |n: u64, score: f64| n as f64 * (score - p) * (score - p);
            let w = part(tally.wins(a, b), 1.0) + part(tally.wins(b, a), 0.0) + part(tally.ties(a, b), 0.5);
            if a < held {
                meat[a * free + a] += w;
            }
            if b < held {
                meat[b * free + b] += w;
            }
            if a < held && b < held {
                meat[a * free + b] -= w;
                meat[b * free + a] -= w;
            }
        }
    }

    fn add_plain(&self, sum: &mut Sum, battle: &Battle) {
        let (a, b) = (battle.a as usize, battle.b as usize);
        let p = self.chance(a, b);
        let rest = match battle.outcome {
            Outcome::A => 1.0 - p,
            Outcome::B => -p,
            Outcome::Tie => 0.5 - p,
        };
        let held = self.shape.nodes - 1;
        for (node, value) in [(a, rest), (b, -rest)].into_iter().filter(|(node, _)| *node < held) {
            sum.add(node, value);
        }
    }

    fn add_score(&self, sum: &mut Sum, row: usize, score: f64) {
        let held = self.shape.nodes - 1;
        let (a, b) = (self.rows.first[row] as usize, self.rows.second[row] as usize);
        let x = self.rows.style(row);
        let styled: f64 = x.iter().zip(self.style()).map(|(x, b)| x * b).sum();
        let rest = score - chance(self.node(a) - self.node(b) + styled);
        for (node, value) in [(a, rest), (b, -rest)].into_iter().filter(|(node, _)| *node < held) {
            sum.add(node, value);
        }
        for (q, x) in x.iter().enumerate() {
            sum.add(held + q, rest * x);
        }
    }

    fn sandwiched(&self, meat: Square, units: usize, is_clustered: bool, origin: Origin) -> Covariance {
        let free = self.shape.free();
        let bread = self.factor.inverse();
        let cells = product(&product(&bread, &meat, free), &bread, free);
        Covariance {
            size: self.models + self.shape.columns,
            cells: self.about(&cells, origin),
            units,
            is_clustered,
        }
    }

    /// From free parameters to models about their origin: P A Pᵀ with P = I − 1 uᵀ.
    fn about(&self, free: &[f64], origin: Origin) -> Vec<f64> {
        let (n, columns, held) = (self.models, self.shape.columns, self.shape.nodes - 1);
        let (size, width) = (n + columns, self.shape.free());
        // Where a model or column stands among the free parameters; the held node nowhere.
        let place = |i: usize| match i < n {
            true => (i < held).then_some(i),
            false => Some(held + i - n),
        };
        let mut cells = vec![0.0; size * size];
        for i in 0..size {
            for j in 0..size {
                if let (Some(a), Some(b)) = (place(i), place(j)) {
                    cells[i * size + j] = free[a * width + b];
                }
            }
        }
        let mean: Vec<f64> = match origin {
            Origin::Mean => {
                (0..size).map(|j| (0..n).map(|i| cells[i * size + j]).sum::<f64>() / n as f64).collect()
            }
            Origin::Model(m) => (0..size).map(|j| cells[(m as usize).min(n - 1) * size + j]).collect(),
        };
        let of_mean = match origin {
            Origin::Mean => mean[..n].iter().sum::<f64>() / n as f64,
            Origin::Model(m) => mean[(m as usize).min(n - 1)],
        };
        for i in 0..size {
            for j in 0..size {
                let cell = &mut cells[i * size + j];
                *cell -= if i < n { mean[j] } else { 0.0 };
                *cell -= if j < n { mean[i] } else { 0.0 };
                *cell += if i < n && j < n { of_mean } else { 0.0 };
            }
        }
        cells
    }
}

/// The score of one unit: dense, with a list of what is not 0.
struct Sum {
    values: Vec<f64>,
    touched: Vec<u32>,
    is_touched: Vec<bool>,
}

impl Sum {
    fn new(size: usize) -> Sum {
        Sum { values: vec![0.0; size], touched: Vec::new(), is_touched: vec![false; size] }
    }

    fn add(&mut self, at: usize, value: f64) {
        if !std::mem::replace(&mut self.is_touched[at], true) {
            self.touched.push(at as u32);
        }
        self.values[at] += value;
    }

    /// Adds its outer product and begins anew.
    fn spill(&mut self, meat: &mut [f64]) {
        let size = self.values.len();
        for i in &self.touched {
            let value = self.values[*i as usize];
            let line = &mut meat[*i as usize * size..(*i as usize + 1) * size];
            for j in &self.touched {
                line[*j as usize] += value * self.values[*j as usize];
            }
        }
        for i in self.touched.drain(..) {
            self.values[i as usize] = 0.0;
            self.is_touched[i as usize] = false;
        }
    }
}

/// A unit for every battle, numbered from 0 without great gaps.
pub(crate) fn check_units(battles: &[Battle], unit: &[u32]) -> Result<(), RatingError> {
    let (have, battles) = (unit.len(), battles.len());
    if have != battles {
        return Err(RatingError::Mismatch { what: "units", have, battles });
    }
    match unit.iter().find(|u| **u as usize >= battles) {
        Some(u) => Err(RatingError::OutOfRange {
            what: "unit",
            value: f64::from(*u),
            expected: "a number below that of battles",
        }),
        None => Ok(()),
    }
}

/// Battles by unit, in one flat list.
pub(crate) struct Groups {
    starts: Vec<usize>,
    battles: Vec<u32>,
}

impl Groups {
    /// Units are numbers from 0; those without a battle are left out.
    pub(crate) fn of(unit: &[u32]) -> Groups {
        let most = unit.iter().max().map_or(0, |m| *m as usize + 1);
        let mut ends = vec![0usize; most + 1];
        unit.iter().for_each(|u| ends[*u as usize + 1] += 1);
        for i in 1..ends.len() {
            ends[i] += ends[i - 1];
        }
        let mut next = ends.clone();
        let mut battles = vec![0u32; unit.len()];
        for (index, u) in unit.iter().enumerate() {
            battles[next[*u as usize]] = index as u32;
            next[*u as usize] += 1;
        }
        ends.dedup();
        Groups { starts: ends, battles }
    }

    pub(crate) fn count(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|ends| &self.battles[ends[0]..ends[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::fit;

    fn some() -> Vec<Battle> {
        let of = |i: u32| match i % 3 {
            0 => Outcome::A,
            1 => Outcome::B,
            _ => Outcome::Tie,
        };
        (0..40).map(|i| Battle { a: i % 4, b: (i % 4 + 1 + i / 4 % 3) % 4, outcome: of(i / 2) }).collect()
    }

    #[test]
    fn units_of_one_battle_give_the_plain_sandwich() {
        let battles = some();
        let tally = Tally::of(4, &battles).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let plain = found.sandwich(&tally, Origin::Mean);
        let unit: Vec<u32> = (0..40).collect();
        let clustered = found.sandwich_of_units(&battles, &unit, Origin::Mean).unwrap();
        for i in 0..4 {
            assert!((plain.variance(i) * 40.0 / 39.0 - clustered.variance(i)).abs() < 1e-12);
        }
        assert!(found.sandwich_of_units(&battles, &unit[1..], Origin::Mean).is_err());
    }

    #[test]
    fn battles_told_twice_are_no_news() {
        let battles = some();
        let twice: Vec<Battle> = battles.iter().flat_map(|b| [*b, *b]).collect();
        let unit: Vec<u32> = (0..80).map(|i| i / 2).collect();
        let once = Tally::of(4, &battles).unwrap();
        let one = fit(&once, None, 0.0).unwrap();
        let single: Vec<u32> = (0..40).collect();
        let expect = one.sandwich_of_units(&battles, &single, Origin::Mean).unwrap();
        let both = fit(&Tally::of(4, &twice).unwrap(), None, 0.0).unwrap();
        let got = both.sandwich_of_units(&twice, &unit, Origin::Mean).unwrap();
        for i in 0..4 {
            assert!((expect.variance(i) - got.variance(i)).abs() < 1e-12);
        }
        assert_eq!((got.units, got.is_clustered), (40, true));
    }

    #[test]
    fn differences_do_not_depend_on_the_origin() {
        let battles = some();
        let tally = Tally::of(4, &battles).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        let (mean, model) = (found.sandwich(&tally, Origin::Mean), found.sandwich(&tally, Origin::Model(2)));
        assert!(model.variance(2).abs() < 1e-15);
        assert!((model.variance(0) - mean.of_difference(0, 2)).abs() < 1e-12);
        assert!((model.of_difference(0, 1) - mean.of_difference(0, 1)).abs() < 1e-12);
    }

    #[test]
    fn units_without_battles_do_not_count() {
        let groups = Groups::of(&[5, 0, 5, 9]);
        let lists: Vec<&[u32]> = groups.iter().collect();
        assert_eq!(lists, [&[1][..], &[0, 2], &[3]]);
        assert_eq!(Groups::of(&[]).count(), 0);
    }
}
