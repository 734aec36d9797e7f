//! Labels of cases, and the counts of (true, predicted) pairs that every score is a function of.
//!
//! Main types: [`Cases`], [`Confusion`]. Memory is in proportion to the cases, never to the square
//! of the number of labels, except where a dense matrix is asked for.

use super::scores::ClassCounts;
use super::{Undefined, check_lengths};
use crate::stats::Rows;
use std::collections::{BTreeMap, BTreeSet};

/// The most classes that [`Confusion::matrix`] writes out: 4096² numbers are 128 MiB.
pub const MATRIX_CLASSES: usize = 4096;

/// Labels as ids: the selected labels first, in their order, then any others that occur, sorted.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoded<L> {
    /// Label of each id.
    pub labels: Vec<L>,
    /// The cases in ids.
    pub cases: Cases,
}

/// True and predicted class of each case, as ids.
#[derive(Debug, Clone, PartialEq)]
pub struct Cases {
    truth: Vec<u32>,
    predicted: Vec<u32>,
    classes: usize,
    selected: usize,
}

/// Gives labels their ids. Without `given`, the labels are those that occur, in their order
/// (strings by code point, as Python sorts). With it they are those, in the given order.
///
/// A label that occurs but was not given is kept behind the given ones, as scikit-learn does:
/// accuracy, balanced accuracy and MCC count it, the confusion matrix and kappa drop its pairs, and
/// it makes false positives and negatives of the given classes. [`Cases::check_selected`] makes it
/// an error instead.
///
/// ```
/// use acidtest_metrics::classify::{Averaging, Measure, ZeroDivision, encode_labels};
///
/// let said = ["yes", "yes", "no", "no"];
/// let due = ["yes", "no", "no", "no"];
/// let encoded = encode_labels(&due, &said, None).unwrap();
/// assert_eq!(encoded.labels, ["no", "yes"]);
/// let counts = encoded.cases.confusion();
/// assert_eq!(counts.matrix().unwrap(), [[2.0, 1.0], [0.0, 1.0]]);
/// assert_eq!(counts.accuracy().unwrap(), 0.75);
/// let f1 = counts.score(Measure::F(1.0), Averaging::Macro, ZeroDivision::Absent).unwrap();
/// assert!((f1 - (0.8 + 2.0 / 3.0) / 2.0).abs() < 1e-12);
/// ```
pub fn encode_labels<L: Ord + Clone>(
    truth: &[L],
    predicted: &[L],
    given: Option<&[L]>,
) -> Result<Encoded<L>, Undefined> {
    check_lengths("predicted labels", predicted.len(), truth.len())?;
    let mut labels: Vec<L> = given.unwrap_or_default().to_vec();
    let mut ids: BTreeMap<&L, u32> = BTreeMap::new();
    for (index, label) in given.unwrap_or_default().iter().enumerate() {
        if ids.insert(label, index as u32).is_some() {
            return Err(Undefined::RepeatedLabel { index });
        }
    }
    let present: BTreeSet<&L> = truth.iter().chain(predicted).collect();
    for label in present {
        ids.entry(label).or_insert_with(|| {
            labels.push(label.clone());
            labels.len() as u32 - 1
        });
    }
    let encode = |side: &[L]| side.iter().map(|label| ids[label]).collect();
    let selected = given.map_or(labels.len(), <[L]>::len);
    let cases = Cases { truth: encode(truth), predicted: encode(predicted), classes: labels.len(), selected };
    Ok(Encoded { labels, cases })
}

impl Cases {
    /// Cases by ids 0..`classes`.
    ///
    /// # Errors
    /// Lists of different lengths, none, or an id that is not below `classes`.
    pub fn new(truth: Vec<u32>, predicted: Vec<u32>, classes: usize) -> Result<Cases, Undefined> {
        check_lengths("predicted labels", predicted.len(), truth.len())?;
        let outside = |(t, p): (&u32, &u32)| (*t).max(*p) as usize >= classes;
        if let Some(case) = truth.iter().zip(&predicted).position(outside) {
            return Err(Undefined::UnknownLabel { case });
        }
        Ok(Cases { truth, predicted, classes, selected: classes })
    }

    /// Number of cases.
    pub fn len(&self) -> usize {
        self.truth.len()
    }

    /// Whether there are none; constructors refuse that.
    pub fn is_empty(&self) -> bool {
        self.truth.is_empty()
    }

    /// Refuses labels that occur but are not selected.
    pub fn check_selected(&self) -> Result<(), Undefined> {
        let outside = |(t, p): (&u32, &u32)| (*t).max(*p) as usize >= self.selected;
        match self.truth.iter().zip(&self.predicted).position(outside) {
            Some(case) => Err(Undefined::UnknownLabel { case }),
            None => Ok(()),
        }
    }

    /// The counts over all cases.
    pub fn confusion(&self) -> Confusion {
        let pairs = self.truth.iter().zip(&self.predicted);
        let mut keys: Vec<u64> = pairs.map(|(t, p)| (u64::from(*t) << 32) | u64::from(*p)).collect();
        keys.sort_unstable();
        let cells = keys
            .chunk_by(|a, b| a == b)
            .map(|run| ((run[0] >> 32) as u32, run[0] as u32, run.len() as f64))
            .collect();
        Confusion { cells, classes: self.classes, selected: self.selected }
    }

    /// Rows for resampling: one per unit, one number per pair of labels that occurs. `unit_of[i]`
    /// is the unit of case i, numbered from 0; a case counts `weight` (1, or 1/repeats).
    ///
    /// # Errors
    /// Lengths that differ, a unit that is not below the number of cases, or more than 2^27 numbers.
    pub fn rows(&self, unit_of: &[usize], weight: f64) -> Result<CellRows, Undefined> {
        check_lengths("units", unit_of.len(), self.len())?;
        let cells: Vec<(u32, u32)> = self.confusion().cells.iter().map(|(t, p, _)| (*t, *p)).collect();
        let units = unit_of.iter().max().map_or(0, |most| most.saturating_add(1));
        let numbers = units.saturating_mul(cells.len());
        if units > self.len() || numbers > 1 << 27 {
            let expected = "at most as many units as cases, and 2^27 in all";
            return Err(Undefined::Argument { what: "units × pairs", value: numbers as f64, expected });
        }
        let mut rows = Rows::new(cells.len());
        for _ in 0..units {
            rows.push();
        }
        let mut row = vec![0.0; cells.len()];
        for (case, unit) in unit_of.iter().enumerate() {
            let cell = (self.truth[case], self.predicted[case]);
            let at = cells.partition_point(|c| *c < cell);
            row[at] = weight;
            rows.add(*unit, &row);
            row[at] = 0.0;
        }
        Ok(CellRows { cells, classes: self.classes, selected: self.selected, rows })
    }
}

/// Counts per unit of sampling, for resampling of anything that a [`Confusion`] gives.
///
/// ```
/// use acidtest_metrics::classify::Cases;
/// let cases = Cases::new(vec![0, 1, 1, 0], vec![0, 1, 0, 0], 2).unwrap();
/// let units = cases.rows(&[0, 0, 1, 2], 1.0).unwrap();
/// let accuracy = |sums: &[f64]| units.confusion(sums).accuracy().ok();
/// assert_eq!(accuracy(&units.rows.sums()), Some(0.75));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CellRows {
    cells: Vec<(u32, u32)>,
    classes: usize,
    selected: usize,
    /// One row per unit.
    pub rows: Rows,
}

impl CellRows {
    /// The counts that sums of rows stand for.
    pub fn confusion(&self, sums: &[f64]) -> Confusion {
        let counted = self.cells.iter().zip(sums).filter(|(_, n)| **n > 0.0);
        let cells = counted.map(|((t, p), n)| (*t, *p, *n)).collect();
        Confusion { cells, classes: self.classes, selected: self.selected }
    }
}

/// How often each (true, predicted) pair occurred; weights may be fractions.
#[derive(Debug, Clone, PartialEq)]
pub struct Confusion {
    /// (true, predicted, count > 0), sorted.
    cells: Vec<(u32, u32, f64)>,
    classes: usize,
    selected: usize,
}

impl Confusion {
    /// The pairs that occurred: (true, predicted, count), sorted.
    pub fn cells(&self) -> &[(u32, u32, f64)] {
        &self.cells
    }

    /// Number of selected classes.
    pub fn selected(&self) -> usize {
        self.selected
    }

    /// Number of classes, selected or not.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The dense matrix of the selected classes, rows true, columns predicted. `None` beyond
    /// [`MATRIX_CLASSES`] classes.
    pub fn matrix(&self) -> Option<Vec<Vec<f64>>> {
        if self.selected > MATRIX_CLASSES {
            return None;
        }
        let mut matrix = vec![vec![0.0; self.selected]; self.selected];
        for (t, p, n) in self.inside() {
            matrix[t][p] = n;
        }
        Some(matrix)
    }

    /// Pairs of two selected classes.
    pub(crate) fn inside(&self) -> impl Iterator<Item = (usize, usize, f64)> {
        let all = self.cells.iter().map(|(t, p, n)| (*t as usize, *p as usize, *n));
        all.filter(|(t, p, _)| *t.max(p) < self.selected)
    }

    /// Counts of each selected class, pairs with other labels included.
    pub fn class_counts(&self) -> Vec<ClassCounts> {
        let mut counts = self.all_counts();
        counts.truncate(self.selected);
        counts
    }

    pub(crate) fn all_counts(&self) -> Vec<ClassCounts> {
        let mut counts = vec![ClassCounts::default(); self.classes];
        for (t, p, n) in &self.cells {
            counts[*t as usize].actual += n;
            counts[*p as usize].predicted += n;
            if t == p {
                counts[*t as usize].hits += n;
            }
        }
        counts
    }

    /// How many cases of each selected class there are.
    pub fn support(&self) -> Vec<f64> {
        self.class_counts().iter().map(|c| c.actual).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_outside_the_set() {
        let encoded = encode_labels(&["a", "b", "c"], &["a", "c", "c"], Some(&["c", "a"])).unwrap();
        assert_eq!(encoded.labels, ["c", "a", "b"]);
        let counts = encoded.cases.confusion();
        assert_eq!(counts.matrix().unwrap(), [[1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(counts.class_counts()[0], ClassCounts { hits: 1.0, predicted: 2.0, actual: 1.0 });
        assert_eq!(encoded.cases.check_selected(), Err(Undefined::UnknownLabel { case: 1 }));
        assert!(counts.accuracy().unwrap() < 0.7);
    }

    #[test]
    fn hostile_input_is_an_error() {
        assert_eq!(encode_labels::<&str>(&[], &[], None), Err(Undefined::Empty));
        assert!(matches!(encode_labels(&["a"], &[], None), Err(Undefined::Length { .. })));
        let twice = encode_labels(&["a"], &["a"], Some(&["a", "a"]));
        assert_eq!(twice, Err(Undefined::RepeatedLabel { index: 1 }));
        assert_eq!(Cases::new(vec![0], vec![2], 2), Err(Undefined::UnknownLabel { case: 0 }));
        let cases = Cases::new(vec![0], vec![1], 2).unwrap();
        assert!(cases.rows(&[usize::MAX], 1.0).is_err());
    }
}
