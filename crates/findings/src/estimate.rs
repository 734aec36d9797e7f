//! A number with everything needed to trust it: unit, n, interval, missing data, origin.
//!
//! Main type: [`Estimate`]. Never a bare number: what a run could not observe is
//! absent with its reason, an exact count says that it is one. Must not compute.

use acidtest_metrics::stats;
use acidtest_record::Stat;
use serde::Serialize;
use std::collections::BTreeMap;

/// Names of a slice: `target`, `phase`, tags of the cases, `window`, `source`.
pub type Labels = BTreeMap<String, String>;

/// One measured value. As JSON it is flat: see `flat.rs`.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimate {
    /// The metric's id, or the name of a scorer.
    pub metric: String,
    /// Parameters of the metric (`class=429`).
    pub params: Labels,
    /// Which number of the metric: `mean share value rate total max p50 p90 p95 p99`.
    pub stat: Stat,
    /// The slice it is about.
    pub labels: Labels,
    /// Where it stands in a report.
    pub family: Family,
    /// Base unit: `s`, `ratio`, `tokens`, `tok/s`, `req/s`, `requests` or a currency code.
    pub unit: String,
    /// The number, or why there is none.
    pub value: Quantity,
    /// For gaps whose ends are uncertain: the same quantile of their lower ends;
    /// `value` is then that of their upper ends.
    pub value_low: Option<f64>,
    /// How much stands behind it.
    pub n: N,
    /// How far it may be off by chance.
    pub interval: Uncertainty,
    /// What it would be if everything excluded had been wrong, and right.
    pub missing: Option<Missing>,
    /// How to get the same number again.
    pub how: String,
    /// Why it must not be trusted; absent when it is valid.
    pub invalid: Option<String>,
    /// Standard error, where the method has one.
    pub standard_error: Option<f64>,
    /// Independent outcomes that carry the same information (shares).
    pub effective_n: Option<f64>,
}

impl Estimate {
    /// The number, if there is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match &self.value {
            Quantity::Value(v) => Some(*v),
            Quantity::Absent(_) => None,
        }
    }

    /// The interval, if there is one.
    #[must_use]
    pub fn ends(&self) -> Option<&Interval> {
        match &self.interval {
            Uncertainty::Interval(i) => Some(i),
            Uncertainty::None(_) => None,
        }
    }

    /// Whether nothing is known against it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.invalid.is_none()
    }

    /// Whether it is of a whole target under a phase with a prompt, not narrowed by a tag.
    #[must_use]
    pub fn is_of_place(&self) -> bool {
        let other = [crate::rates::WINDOW, "source"];
        let mut keys = self.labels.keys().map(String::as_str);
        keys.all(|k| other.contains(&k) || crate::view::PLACE.contains(&k))
    }

    /// The metric with its parameters, as gates write it: `error_rate[class=429]`.
    #[must_use]
    pub fn name(&self) -> String {
        if self.params.is_empty() {
            return self.metric.clone();
        }
        let params: Vec<String> = self.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{}[{}]", self.metric, params.join(","))
    }
}

/// A number, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Quantity {
    /// The number; +∞ only in gates, where a request without an answer waits for ever.
    Value(f64),
    /// Not observed, and why. Never 0 in its place.
    Absent(String),
}

/// How much stands behind an estimate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct N {
    /// Different cases.
    pub cases: u64,
    /// Requests (slot and step).
    pub requests: u64,
    /// Records (attempts).
    pub records: u64,
    /// Units of sampling: clusters, else cases.
    pub clusters: u64,
    /// Requests of the slice, with those that failed or were never sent.
    pub of: u64,
    /// Pooled values, where a record has many (gaps).
    pub values: Option<u64>,
}

/// An interval, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Uncertainty {
    /// The interval.
    Interval(Interval),
    /// Why there is none: `count`, `n too small: …`, `one incident` …
    None(String),
}

/// A confidence interval; an absent end is unbounded.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Interval {
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Level, 0.95.
    pub level: f64,
    /// `two`, or `lower`/`upper` for a one-sided bound.
    pub sides: &'static str,
    /// Method, by its stable name.
    pub method: &'static str,
    /// What is drawn at random: `case`, `cluster`, `request in send order` …
    pub unit_of_sampling: String,
}

impl Interval {
    /// The interval of the statistics library with its unit of sampling.
    #[must_use]
    pub(crate) fn of(i: &stats::Interval, unit_of_sampling: &str) -> Self {
        Self {
            low: i.low,
            high: i.high,
            level: i.level,
            sides: i.sides.name(),
            method: i.method.name(),
            unit_of_sampling: unit_of_sampling.to_owned(),
        }
    }
}

/// What excluded requests could have done to an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Missing {
    /// Requests excluded: errors, never sent, judge errors.
    pub excluded: u64,
    /// The value if all of them had scored lowest.
    pub low: f64,
    /// The value if all of them had scored highest.
    pub high: f64,
}

/// Where a metric belongs in a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Right and wrong answers.
    Quality,
    /// Waiting times and rhythm.
    Speed,
    /// Work per second, and the load that was held.
    Throughput,
    /// Token counts.
    Tokens,
    /// What broke.
    Reliability,
    /// Money.
    Cost,
    /// What the machine and the server were doing.
    Surroundings,
}

impl Family {
    /// All families in the order of a report.
    pub const ALL: [Family; 7] = [
        Family::Quality,
        Family::Speed,
        Family::Throughput,
        Family::Tokens,
        Family::Reliability,
        Family::Cost,
        Family::Surroundings,
    ];

    /// Stable word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Family::Quality => "quality",
            Family::Speed => "speed",
            Family::Throughput => "throughput",
            Family::Tokens => "tokens",
            Family::Reliability => "reliability",
            Family::Cost => "cost",
            Family::Surroundings => "surroundings",
        }
    }
}
