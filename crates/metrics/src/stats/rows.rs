//! Row statistics of units of sampling, and intervals of anything that is a function of their sums.
//!
//! Main type: [`Rows`]. Streaming and mergeable; memory is units × width.

use super::bootstrap::{Resampling, bootstrap_percentile};
use super::interval::{Interval, NoInterval};

/// Sufficient statistics, one row of `width` numbers per unit of sampling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    width: usize,
    data: Vec<f64>,
}

impl Rows {
    /// No rows yet.
    pub fn new(width: usize) -> Rows {
        Rows { width, data: Vec::new() }
    }

    /// Numbers per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no unit.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// A new unit, and its row to fill (all 0).
    pub fn push(&mut self) -> &mut [f64] {
        let at = self.data.len();
        self.data.resize(at + self.width, 0.0);
        &mut self.data[at..]
    }

    /// Adds a row to a unit: clusters collect their cases that way.
    pub fn add(&mut self, unit: usize, row: &[f64]) {
        let at = unit * self.width;
        for (sum, x) in self.data[at..at + self.width].iter_mut().zip(row) {
            *sum += x;
        }
    }

    /// The row of a unit.
    pub fn row(&self, unit: usize) -> &[f64] {
        &self.data[unit * self.width..(unit + 1) * self.width]
    }

    /// Puts the units of another behind these.
    pub fn append(&mut self, other: &Rows) {
        self.data.extend_from_slice(&other.data);
    }

    /// Sums over all units.
    pub fn sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for unit in 0..self.len() {
            for (sum, x) in sums.iter_mut().zip(self.row(unit)) {
                *sum += x;
            }
        }
        sums
    }
}

/// Writes values from sums, `None` where a value does not exist.
pub type Finish<'f> = dyn Fn(&[f64], &mut [Option<f64>]) + 'f;

/// What resampling says of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// The interval, or why there is none.
    pub interval: Result<Interval, NoInterval>,
    /// Standard deviation (ddof 1) of the resampled value.
    pub standard_error: Option<f64>,
}

/// Draws whole units with replacement and gives an interval for each of `outputs` values that
/// `finish` makes from sums; all outputs share the same draws.
pub fn resample(rows: &Rows, outputs: usize, how: Resampling, finish: &Finish<'_>) -> Vec<Resampled> {
    (0..outputs)
        .map(|output| {
            let one = |sums: &[f64]| {
                let mut values = vec![None; outputs];
                finish(sums, &mut values);
                values[output]
            };
            match bootstrap_percentile(&rows.data, rows.width, how, one) {
                Ok(b) => Resampled { interval: Ok(b.interval), standard_error: Some(b.standard_error) },
                Err(why) => Resampled { interval: Err(why), standard_error: None },
            }
        })
        .collect()
}
