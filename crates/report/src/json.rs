//! The report as JSON, with its published schema.
//!
//! Main functions: [`json`], [`schema`]. Within one major of [`SCHEMA`] fields are
//! only added. Seconds, ratios from 0 to 1, tokens per second, named currency.

use acidtest_findings::{
    Calibrated, Capacity, Estimate, Failure, Findings, GateResult, Interval, Labels, MatrixRow, Missing, N,
    Quantity, RunInfo, Stated, Table, Test, TimeSlice, Uncertainty, Validity,
};
use schemars::JsonSchema;
use serde::Serialize;

/// Name and major version of the JSON report.
pub const SCHEMA: &str = "acidtest.report/1";

/// A run's report.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "acidtest report")]
struct Report<'f> {
    /// `acidtest.report/1`.
    schema: &'static str,
    /// Which run, and what it was asked to do.
    run: &'f RunInfo,
    /// Whether the client itself spoiled times and rates.
    validity: Valid<'f>,
    /// Every measured value.
    estimates: Vec<Flat<'f>>,
    /// Paired differences between the targets and prompts of the run.
    tests: &'f [Test],
    /// One row for each target and prompt under each phase, where there are several.
    matrix: &'f [MatrixRow],
    /// What each gate says, for each target and phase.
    gates: &'f [GateResult],
    /// The first requests that failed or were wrong.
    failures: &'f [Failure],
    /// How many there are in all.
    failing: u64,
    /// Exact counts by class.
    tables: &'f [Table],
    /// The objective by phase; of a search or sweep its rungs and answer; null where none was given.
    capacity: Option<&'f Capacity>,
    /// What a reader must know besides.
    warnings: &'f [String],
    /// Figures that another tool stated about an imported run: not measured by acidtest.
    stated: &'f [Stated],
    /// The run over time: each target and prompt under each phase, slice after slice; empty where
    /// there are too many of them.
    slices: &'f [TimeSlice],
    /// What a calibration found: this run's errors against the truth.
    calibrated: &'f [Calibrated],
}

/// Validity of times and rates; answers are never touched by it.
#[derive(Serialize, JsonSchema)]
struct Valid<'f> {
    /// Whether every family of every target and phase is valid.
    valid: bool,
    /// Whether client and a target share the machine.
    same_machine: bool,
    /// By target, phase and family.
    families: &'f [Validity],
}

/// One measured value.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Flat<'f> {
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
    pub(crate) fn of(e: &'f Estimate) -> Self {
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

/// The report of a run as JSON.
#[must_use]
pub fn json(findings: &Findings) -> serde_json::Value {
    let report = Report {
        schema: SCHEMA,
        run: &findings.run,
        validity: Valid {
            valid: findings.validity.iter().all(|v| v.valid),
            same_machine: findings.run.same_machine,
            families: &findings.validity,
        },
        estimates: findings.estimates.iter().map(Flat::of).collect(),
        tests: &findings.tests,
        matrix: &findings.matrix,
        gates: &findings.gates,
        failures: &findings.failures,
        failing: findings.failing,
        tables: &findings.tables,
        capacity: findings.capacity.as_ref(),
        warnings: &findings.warnings,
        stated: &findings.stated,
        slices: &findings.slices,
        calibrated: &findings.calibrated,
    };
    serde_json::to_value(report).expect("maps with text keys and numbers always serialise")
}

/// The JSON Schema of [`json`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
