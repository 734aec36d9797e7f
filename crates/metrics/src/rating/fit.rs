//! Bradley–Terry by exact maximum likelihood.
//!
//! Main function: [`fit`]. Newton's method on the log likelihood, which is concave: with a strongly
//! connected graph there is one maximum and it is found. Must not stop early: the last step is
//! below 1e-9 of a unit of log odds (2e-7 points), after which the error is its square.

use super::battle::{Battle, RatingError, Tally};
use super::cholesky::{Cholesky, Square};
use super::graph::Beats;
use super::style::Style;

/// Newton steps at most; six to ten are usual.
const MOST_STEPS: usize = 100;
/// A step this small, in log odds, is the last one.
const LAST_STEP: f64 = 1e-9;
/// Log odds beyond which a fit runs away.
const FARTHEST: f64 = 1e4;

/// What the likelihood is made of: each row is one or many battles of two nodes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rows {
    pub(crate) first: Vec<u32>,
    pub(crate) second: Vec<u32>,
    /// Battles of the row.
    pub(crate) n: Vec<f64>,
    /// Wins of the first, ties as halves.
    pub(crate) score: Vec<f64>,
    /// `columns` numbers a row.
    pub(crate) style: Vec<f64>,
    pub(crate) columns: usize,
}

impl Rows {
    /// A row for each pair that met.
    pub(crate) fn of_pairs(tally: &Tally) -> Rows {
        let mut rows = Rows::default();
        for i in 0..tally.models() {
            for j in i + 1..tally.models() {
                let n = tally.meetings(i, j);
                if n > 0 {
                    let score = tally.wins(i, j) as f64 + 0.5 * tally.ties(i, j) as f64;
                    rows.push(i as u32, j as u32, n as f64, score);
                }
            }
        }
        rows
    }

    /// A row for each battle, with its style differences.
    fn of_battles(battles: &[Battle], style: &Style) -> Rows {
        let mut rows = Rows { columns: style.columns(), style: style.values().to_vec(), ..Rows::default() };
        for battle in battles {
            rows.push(battle.a, battle.b, 1.0, battle.outcome.score());
        }
        rows
    }

    fn push(&mut self, first: u32, second: u32, n: f64, score: f64) {
        self.first.push(first);
        self.second.push(second);
        self.n.push(n);
        self.score.push(score);
    }

    pub(crate) fn len(&self) -> usize {
        self.n.len()
    }

    pub(crate) fn style(&self, row: usize) -> &[f64] {
        &self.style[row * self.columns..(row + 1) * self.columns]
    }
}

/// A shape of the problem: nodes, the last of which is held at 0, and style columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Models, and the average opponent where there is one.
    pub(crate) nodes: usize,
    /// Style columns.
    pub(crate) columns: usize,
}

impl Shape {
    /// Free parameters: every node but the last, then the columns.
    pub(crate) fn free(self) -> usize {
        self.nodes - 1 + self.columns
    }
}

/// Ratings as log odds, and all that intervals need.
#[derive(Debug, Clone)]
pub struct Fit {
    pub(crate) models: usize,
    pub(crate) shape: Shape,
    pub(crate) rows: Rows,
    /// Free parameters at the maximum.
    pub(crate) at: Vec<f64>,
    pub(crate) factor: Cholesky,
    pub(crate) prior_ties: f64,
    log_likelihood: f64,
    steps: usize,
}

impl Fit {
    /// Number of models.
    pub fn models(&self) -> usize {
        self.models
    }

    /// θ of each model: log odds against the mean of all models (sum 0).
    pub fn log_odds(&self) -> Vec<f64> {
        centred(&self.at, self.shape, self.models)
    }

    /// Log odds that one unit of each style column adds.
    pub fn style(&self) -> &[f64] {
        &self.at[self.shape.nodes - 1..]
    }

    /// Σ s ln p + (1 − s) ln(1 − p) over battles (and prior ties, where asked for), at the maximum.
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Newton steps taken.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// P(i beats j), ties as halves; style differences of 0.
    pub fn chance(&self, i: usize, j: usize) -> f64 {
        chance(self.node(i) - self.node(j))
    }

    /// Prior ties of each model with an average opponent; 0 for maximum likelihood.
    pub fn prior_ties(&self) -> f64 {
        self.prior_ties
    }

    pub(crate) fn node(&self, i: usize) -> f64 {
        if i + 1 < self.shape.nodes { self.at[i] } else { 0.0 }
    }
}

pub(crate) fn centred(at: &[f64], shape: Shape, models: usize) -> Vec<f64> {
    let mut theta: Vec<f64> = at[..shape.nodes - 1].to_vec();
    theta.resize(models, 0.0);
    let mean = theta.iter().sum::<f64>() / models as f64;
    theta.iter_mut().for_each(|t| *t -= mean);
    theta
}

/// The maximum of the likelihood of counts, or of battles with style columns.
///
/// `prior_ties` > 0 adds that many ties of every model with an average opponent: then it is no
/// maximum-likelihood estimate any more, but it exists for every graph.
///
/// # Errors
/// Fewer than two models, a graph that is not strongly connected ([`components`](super::components)
/// says how), or style columns that decide battles alone.
pub fn fit(tally: &Tally, styled: Option<(&[Battle], &Style)>, prior_ties: f64) -> Result<Fit, RatingError> {
    let models = tally.models();
    if models < 2 {
        return Err(RatingError::TooFewModels { have: models });
    }
    if !(0.0..1e9).contains(&prior_ties) {
        let expected = "a number of ties, 0 or more";
        return Err(RatingError::OutOfRange { what: "prior ties", value: prior_ties, expected });
    }
    let mut rows = match styled {
        Some((battles, style)) => Rows::of_battles(battles, style),
        None => Rows::of_pairs(tally),
    };
    let mut nodes = models;
    if prior_ties > 0.0 {
        for model in 0..models as u32 {
            rows.push(model, models as u32, prior_ties, 0.5 * prior_ties);
        }
        rows.style.resize(rows.len() * rows.columns, 0.0);
        nodes += 1;
    }
    if !connected(&rows, nodes) {
        return Err(RatingError::NoMaximum { why: "some models never lost to the others" });
    }
    let shape = Shape { nodes, columns: rows.columns };
    let found = newton(&rows, shape, vec![0.0; shape.free()])?;
    let Found { at, factor, log_likelihood, steps } = found;
    Ok(Fit { models, shape, rows, at, factor, prior_ties, log_likelihood, steps })
}

pub(crate) fn connected(rows: &Rows, nodes: usize) -> bool {
    let mut beats = Beats::new(nodes);
    connected_in(rows, &mut beats)
}

pub(crate) fn connected_in(rows: &Rows, beats: &mut Beats) -> bool {
    beats.clear();
    for row in 0..rows.len() {
        let (a, b) = (rows.first[row] as usize, rows.second[row] as usize);
        if rows.score[row] > 0.0 {
            beats.add(a, b);
        }
        if rows.n[row] - rows.score[row] > 0.0 {
            beats.add(b, a);
        }
    }
    beats.is_strong()
}

/// The maximum and what is known there.
pub(crate) struct Found {
    pub(crate) at: Vec<f64>,
    pub(crate) factor: Cholesky,
    pub(crate) log_likelihood: f64,
    pub(crate) steps: usize,
}

/// Newton's method with halved steps where a whole one leads down.
pub(crate) fn newton(rows: &Rows, shape: Shape, start: Vec<f64>) -> Result<Found, RatingError> {
    let mut at = start;
    let mut value = log_likelihood(rows, shape, &at);
    for steps in 1..=MOST_STEPS {
        let (mut step, hessian) = slopes(rows, shape, &at);
        let Some(factor) = Cholesky::of(hessian, shape.free()) else {
            return Err(RatingError::NoMaximum {
                why: "a style column follows from others, or odds are endless",
            });
        };
        factor.solve(&mut step);
        let size = largest(&step);
        let mut share = 1.0;
        let next = loop {
            let tried: Vec<f64> = at.iter().zip(&step).map(|(a, s)| a + share * s).collect();
            let reached = log_likelihood(rows, shape, &tried);
            // Near the top the sums no longer tell up from down.
            if reached >= value - 1e-12 * value.abs() || share < 1e-9 {
                value = reached;
                break tried;
            }
            share *= 0.5;
        };
        at = next;
        if size < LAST_STEP {
            let (_, hessian) = slopes(rows, shape, &at);
            let factor = Cholesky::of(hessian, shape.free()).unwrap_or(factor);
            return Ok(Found { at, factor, log_likelihood: value, steps });
        }
        if largest(&at) > FARTHEST {
            break;
        }
    }
    Err(RatingError::NoMaximum { why: "the odds grow without end" })
}

/// From a near maximum with a near curvature: cheap steps while they shrink quickly, else Newton.
pub(crate) fn again(rows: &Rows, shape: Shape, near: &[f64], factor: &Cholesky) -> Option<Vec<f64>> {
    let mut at = near.to_vec();
    let mut before = f64::INFINITY;
    loop {
        let mut step = gradient(rows, shape, &at);
        factor.solve(&mut step);
        let size = largest(&step);
        if !(size < 0.3 * before && size < 2.0) {
            return newton(rows, shape, near.to_vec()).ok().map(|found| found.at);
        }
        at.iter_mut().zip(&step).for_each(|(a, s)| *a += s);
        if size < LAST_STEP {
            return Some(at);
        }
        before = size;
    }
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, x| if x.is_nan() { f64::INFINITY } else { x.abs().max(most) })
}

/// 1 / (1 + e^−d).
pub(crate) fn chance(d: f64) -> f64 {
    1.0 / (1.0 + (-d).exp())
}

/// Log odds of each row at a place.
fn log_odds<'r>(rows: &'r Rows, shape: Shape, at: &'r [f64]) -> impl Iterator<Item = f64> + 'r {
    let mut nodes = at[..shape.nodes - 1].to_vec();
    nodes.push(0.0);
    let beta = &at[shape.nodes - 1..];
    (0..rows.len()).map(move |row| {
        let style: f64 = rows.style(row).iter().zip(beta).map(|(x, b)| x * b).sum();
        nodes[rows.first[row] as usize] - nodes[rows.second[row] as usize] + style
    })
}

fn log_likelihood(rows: &Rows, shape: Shape, at: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (row, d) in log_odds(rows, shape, at).enumerate() {
        // ln p = min(d, 0) − ln(1 + e^−|d|), and ln(1 − p) = ln p − d.
        let ln_p = d.min(0.0) - (-d.abs()).exp().ln_1p();
        sum += rows.n[row] * (ln_p - d) + rows.score[row] * d;
    }
    sum
}

fn gradient(rows: &Rows, shape: Shape, at: &[f64]) -> Vec<f64> {
    // One place more: the node that is held.
    let mut by_node = vec![0.0; shape.nodes];
    let mut by_column = vec![0.0; shape.columns];
    for (row, d) in log_odds(rows, shape, at).enumerate() {
        let rest = rows.score[row] - rows.n[row] * chance(d);
        by_node[rows.first[row] as usize] += rest;
        by_node[rows.second[row] as usize] -= rest;
        by_column.iter_mut().zip(rows.style(row)).for_each(|(g, x)| *g += rest * x);
    }
    by_node.truncate(shape.nodes - 1);
    by_node.extend(by_column);
    by_node
}

/// Gradient, and the negative second derivatives (lower triangle and diagonal are whole).
fn slopes(rows: &Rows, shape: Shape, at: &[f64]) -> (Vec<f64>, Square) {
    let (held, free) = (shape.nodes - 1, shape.free());
    let mut h = vec![0.0; free * free];
    for (row, d) in log_odds(rows, shape, at).enumerate() {
        let p = chance(d);
        let w = rows.n[row] * p * chance(-d);
        let (a, b) = (rows.first[row] as usize, rows.second[row] as usize);
        if a < held {
            h[a * free + a] += w;
        }
        if b < held {
            h[b * free + b] += w;
        }
        if a < held && b < held {
            h[a.max(b) * free + a.min(b)] -= w;
        }
        let x = rows.style(row);
        for (q, xq) in x.iter().enumerate() {
            let line = &mut h[(held + q) * free..];
            if a < held {
                line[a] += w * xq;
            }
            if b < held {
                line[b] -= w * xq;
            }
            line[held..=held + q].iter_mut().zip(x).for_each(|(h, xr)| *h += w * xq * xr);
        }
    }
    (gradient(rows, shape, at), h)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::Outcome;

    fn battles(list: &[(u32, u32, Outcome, usize)]) -> Vec<Battle> {
        list.iter()
            .flat_map(|(a, b, outcome, n)| vec![Battle { a: *a, b: *b, outcome: *outcome }; *n])
            .collect()
    }

    #[test]
    fn two_models_have_the_log_odds_of_their_battles() {
        let list = battles(&[(0, 1, Outcome::A, 30), (0, 1, Outcome::B, 10), (1, 0, Outcome::Tie, 20)]);
        let found = fit(&Tally::of(2, &list).unwrap(), None, 0.0).unwrap();
        let theta = found.log_odds();
        assert!((theta[0] - theta[1] - 2.0f64.ln()).abs() < 1e-12, "{theta:?}");
        assert!((found.chance(0, 1) - 2.0 / 3.0).abs() < 1e-12);
        assert!((theta[0] + theta[1]).abs() < 1e-15);
    }

    #[test]
    fn wins_expected_are_wins_observed() {
        let list = battles(&[
            (0, 1, Outcome::A, 7),
            (1, 2, Outcome::A, 5),
            (2, 0, Outcome::A, 2),
            (0, 2, Outcome::A, 9),
            (1, 0, Outcome::Tie, 1),
        ]);
        let tally = Tally::of(3, &list).unwrap();
        let found = fit(&tally, None, 0.0).unwrap();
        for i in 0..3 {
            let [w, t, _] = tally.record(i);
            let due: f64 =
                (0..3).filter(|j| *j != i).map(|j| tally.meetings(i, j) as f64 * found.chance(i, j)).sum();
            assert!((due - w as f64 - 0.5 * t as f64).abs() < 1e-9);
        }
    }

    #[test]
    fn no_maximum_is_said_and_prior_ties_make_one() {
        let tally = Tally::of(2, &battles(&[(0, 1, Outcome::A, 3)])).unwrap();
        assert!(matches!(fit(&tally, None, 0.0), Err(RatingError::NoMaximum { .. })));
        let found = fit(&tally, None, 1.0).unwrap();
        assert!(found.log_odds()[0] > 0.1 && found.log_odds()[0] < 5.0);
        assert!(fit(&tally, None, f64::NAN).is_err());
        assert!(fit(&Tally::new(1).unwrap(), None, 0.0).is_err());
    }

    #[test]
    fn a_long_chain_of_heavy_wins_converges() {
        let mut list = Vec::new();
        for i in 0..60 {
            list.extend(battles(&[(i, i + 1, Outcome::A, 1000), (i, i + 1, Outcome::B, 1)]));
        }
        let found = fit(&Tally::of(61, &list).unwrap(), None, 0.0).unwrap();
        let theta = found.log_odds();
        assert!((theta[0] - theta[60] - 60.0 * 1000.0f64.ln()).abs() < 1e-6);
    }
}
