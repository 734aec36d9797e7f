//! An estimate as JSON has it: flat, with snake_case names, `value` null with its reason.
//!
//! Gives [`Estimate`] its `Serialize` and `JsonSchema`, so that every place that holds one (reports,
//! comparisons, the page) writes it alike. Within a schema major fields are only added.

use crate::estimate::{Estimate, Interval, Labels, Missing, N, Quantity, Uncertainty};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// One measured value.
#[derive(Serialize, JsonSchema)]
struct Flat<'f> {
    /// The metric's id, or a scorer's name.
    metric: &'f str,
    /// `mean share value rate total max p50 p90 p95 p99`.
    stat: &'static str,
    /// Target, phase, and tags, window or source where they apply.
    labels: &'f Labels,
    /// Parameters of the metric (class, name).
    params: &'f Labels,
    /// Section of the report.
    family: &'static str,
    /// `s`, `ratio`, `tokens`, `tok/s`, `req/s`, `requests`, `tokens/event` or a currency code.
    unit: &'f str,
    /// The number; null when it was not observed.
    value: Option<f64>,
    /// Why there is no number; null when there is one.
    absent: Option<&'f str>,
    /// Gaps with uncertain ends: the same quantile of the lower ends, `value` being that of the upper ends.
    value_low: Option<f64>,
    /// How much stands behind it.
    n: N,
    /// The confidence interval; null when there is none. A null end is unbounded.
    interval: Option<&'f Interval>,
    /// Why there is no interval; null when there is one.
    interval_none: Option<&'f str>,
    /// What excluded requests could have done; null when none was excluded.
    missing: Option<Missing>,
    /// Standard error, where the method has one.
    standard_error: Option<f64>,
    /// Independent outcomes that carry the same information.
    effective_n: Option<f64>,
    /// How to get the same number again.
    how: &'f str,
    /// Whether nothing is known against it.
    valid: bool,
    /// Why it must not be trusted; null when it is valid.
    invalid: Option<&'f str>,
}

impl<'f> Flat<'f> {
    fn of(e: &'f Estimate) -> Self {
        let (value, absent) = match &e.value {
            Quantity::Value(v) => (Some(*v), None),
            Quantity::Absent(why) => (None, Some(why.as_str())),
        };
        let interval_none = match &e.interval {
            Uncertainty::Interval(_) => None,
            Uncertainty::None(why) => Some(why.as_str()),
        };
        Self {
            metric: &e.metric,
            stat: e.stat.id(),
            labels: &e.labels,
            params: &e.params,
            family: e.family.id(),
            unit: &e.unit,
            value,
            absent,
            value_low: e.value_low,
            n: e.n,
            interval: e.ends(),
            interval_none,
            missing: e.missing,
            standard_error: e.standard_error,
            effective_n: e.effective_n,
            how: &e.how,
            valid: e.is_valid(),
            invalid: e.invalid.as_deref(),
        }
    }
}

impl Serialize for Estimate {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        Flat::of(self).serialize(s)
    }
}

impl JsonSchema for Estimate {
    fn schema_name() -> Cow<'static, str> {
        Flat::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        Flat::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Flat::json_schema(generator)
    }
}
