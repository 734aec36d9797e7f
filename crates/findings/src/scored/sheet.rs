//! What all kinds of columns share: units of sampling, tables, errors, and how an estimate is filled.
//!
//! Main types: [`Units`], [`Sheet`], [`Unscored`]. Must not know what a column means.

use crate::estimate::{Estimate, Family, Interval, Labels, Missing, N, Quantity, Uncertainty};
use acidtest_metrics::stats::{self, Clustered, NoInterval, Unit};
use acidtest_record::Stat;
use serde::Serialize;
use std::collections::HashMap;

pub use acidtest_metrics::classify::ZeroDivision;
pub use acidtest_metrics::stats::Resampling;

/// Level of every interval here.
pub const LEVEL: f64 = 0.95;

/// Why columns cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unscored {
    /// Which row, from 0, where it is one.
    pub row: Option<usize>,
    /// The value and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl Unscored {
    pub(crate) fn new(row: Option<usize>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { row, what: what.into(), hint: hint.into() }
    }
}

/// Estimates and the tables that belong to them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Scored {
    /// Every value.
    pub estimates: Vec<Estimate>,
    /// Confusion matrix, calibration table.
    pub tables: Vec<Sheet>,
}

/// A table of numbers with named rows and columns.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Sheet {
    /// `confusion`, `confusion_pairs`, `calibration`.
    pub name: &'static str,
    /// What it is about: `bins=equal_mass`.
    pub params: Labels,
    /// Names of the columns; the first is that of the rows' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<SheetRow>,
}

/// A row of a [`Sheet`].
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SheetRow {
    /// Its name.
    pub name: String,
    /// One number per column after the first; absent ones do not exist.
    pub cells: Vec<Option<f64>>,
}

/// Which unit of sampling each row belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Units {
    pub(crate) of: Vec<usize>,
    pub(crate) count: usize,
    pub(crate) name: &'static str,
    pub(crate) are_clusters: bool,
}

impl Units {
    /// Every row is its own unit; `name` is what it is called: `case`, `task`, `query`.
    #[must_use]
    pub fn single(rows: usize, name: &'static str) -> Self {
        Self { of: (0..rows).collect(), count: rows, name, are_clusters: false }
    }

    /// Rows of one name belong together.
    #[must_use]
    pub fn clusters<S: AsRef<str>>(names: &[S]) -> Self {
        let mut seen: HashMap<&str, usize> = HashMap::new();
        let of = names.iter().map(|name| {
            let next = seen.len();
            *seen.entry(name.as_ref()).or_insert(next)
        });
        let of: Vec<usize> = of.collect();
        Self { count: seen.len(), of, name: "cluster", are_clusters: true }
    }

    /// Only the rows for which `keep` holds, numbered anew.
    pub(crate) fn only(&self, keep: impl Fn(usize) -> bool) -> Units {
        let mut numbers: HashMap<usize, usize> = HashMap::new();
        let kept = self.of.iter().enumerate().filter(|(row, _)| keep(*row));
        let of = kept.map(|(_, unit)| {
            let next = numbers.len();
            *numbers.entry(*unit).or_insert(next)
        });
        let of: Vec<usize> = of.collect();
        Units { count: numbers.len(), of, ..self.clone() }
    }

    /// Sums of one value per row over units.
    pub(crate) fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<Unit> {
        let mut units = vec![Unit { cases: 0, sum: 0.0 }; self.count];
        for (unit, value) in self.of.iter().zip(values) {
            units[*unit].cases += 1;
            units[*unit].sum += value;
        }
        units
    }

    /// How many units have a row for which `has` holds.
    pub(crate) fn with(&self, has: impl Fn(usize) -> bool) -> usize {
        let mut seen = vec![false; self.count];
        for (row, unit) in self.of.iter().enumerate() {
            seen[*unit] |= has(row);
        }
        seen.into_iter().filter(|s| *s).count()
    }

    /// As `n` of an estimate: these rows of `of` in all.
    pub(crate) fn n(&self, of: usize) -> N {
        let rows = self.of.len() as u64;
        N {
            cases: rows,
            requests: rows,
            records: rows,
            clusters: self.count as u64,
            of: of as u64,
            values: None,
        }
    }
}

/// An estimate in the making.
pub(crate) struct Made {
    pub metric: String,
    pub params: Labels,
    pub stat: Stat,
    pub unit: &'static str,
    pub value: Result<f64, String>,
    pub interval: Uncertainty,
    pub n: N,
    pub rule: String,
    pub standard_error: Option<f64>,
    pub effective_n: Option<f64>,
    pub missing: Option<Missing>,
}

impl Made {
    /// Nothing known yet but what it is about.
    pub fn new(metric: &str, unit: &'static str, n: N, rule: String) -> Made {
        Made {
            metric: metric.to_owned(),
            params: Labels::new(),
            stat: Stat::Mean,
            unit,
            value: Err(String::new()),
            interval: Uncertainty::None("no value".into()),
            n,
            rule,
            standard_error: None,
            effective_n: None,
            missing: None,
        }
    }

    pub fn param(mut self, name: &str, value: &str) -> Made {
        self.params.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A mean over units with the interval of its method.
    pub fn clustered(mut self, found: Result<Clustered, stats::StatError>, unit: &str) -> Made {
        match found {
            Err(why) => self.value = Err(why.to_string()),
            Ok(found) => {
                self.value = Ok(found.value);
                self.interval = uncertainty(&found.interval, unit);
                self.standard_error = found.standard_error;
                self.effective_n = found.effective_n;
            }
        }
        self
    }

    pub fn valued(mut self, value: Result<f64, String>, interval: Uncertainty) -> Made {
        if value.is_ok() {
            self.interval = interval;
        }
        self.value = value;
        self
    }

    pub fn done(self) -> Estimate {
        let value = match self.value {
            Ok(value) if value.is_finite() => Quantity::Value(value),
            Ok(value) => Quantity::Absent(format!("the value is {value}, no finite number")),
            Err(why) => Quantity::Absent(why),
        };
        Estimate {
            metric: self.metric,
            params: self.params,
            stat: self.stat,
            labels: Labels::new(),
            family: Family::Quality,
            unit: self.unit.to_owned(),
            value,
            value_low: None,
            n: self.n,
            interval: self.interval,
            missing: self.missing,
            how: format!("{}; acidtest {}", self.rule, env!("CARGO_PKG_VERSION")),
            invalid: None,
            standard_error: self.standard_error,
            effective_n: self.effective_n,
        }
    }
}

/// An interval of the statistics library, or its reason for none.
pub(crate) fn uncertainty(found: &Result<stats::Interval, NoInterval>, unit: &str) -> Uncertainty {
    match found {
        Ok(interval) => Uncertainty::Interval(Interval::of(interval, unit)),
        Err(why) => Uncertainty::None(why.to_string()),
    }
}

/// Chance that a majority vote is right, ties broken by lot; absent without a vote.
#[must_use]
pub fn majority_share(votes: &[&str], right: &str) -> Option<f64> {
    let votes: Vec<Option<&str>> = votes.iter().map(|v| Some(*v)).collect();
    acidtest_metrics::sampling::majority(&votes).map(|m| m.share(right))
}

/// A text from a file in an error: at most 80 characters, none of them control characters.
#[must_use]
pub fn brief(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '·' } else { c };
    let mut out: String = text.chars().take(80).map(clean).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_numbered_as_they_come() {
        let units = Units::clusters(&["b", "a", "b", "c"]);
        assert_eq!((units.of.as_slice(), units.count), ([0, 1, 0, 2].as_slice(), 3));
        assert_eq!(units.sums([1.0, 0.5, 0.0, 1.0].into_iter())[0], Unit { cases: 2, sum: 1.0 });
        let less = units.only(|row| row != 0);
        assert_eq!((less.of.as_slice(), less.count), ([0, 1, 2].as_slice(), 3));
        assert_eq!(units.with(|row| row == 0 || row == 2), 1);
    }

    #[test]
    fn a_value_that_is_no_number_is_absent() {
        let n = Units::single(2, "case").n(2);
        let e =
            Made::new("x", "ratio", n, "x".into()).valued(Ok(f64::NAN), Uncertainty::None("x".into())).done();
        assert!(matches!(e.value, Quantity::Absent(_)));
    }
}
