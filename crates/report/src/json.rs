//! The report as JSON, with its published schema.
//!
//! Main functions: [`json`], [`schema`]. Within one major of [`SCHEMA`] fields are
//! only added. Seconds, ratios from 0 to 1, tokens per second, named currency.

use acidtest_findings::{
    Calibrated, Capacity, Estimate, Failure, Findings, GateResult, MatrixRow, RunInfo, Stated, Table, Test,
    TimeSlice, Validity,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// Name and major version of the JSON report.
pub const SCHEMA: &str = "acidtest.report/1";

/// A run's report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(title = "acidtest report")]
pub(crate) struct Report<'f> {
    /// `acidtest.report/1`.
    schema: &'static str,
    /// Which run, and what it was asked to do.
    run: &'f RunInfo,
    /// Whether the client itself spoiled times and rates.
    validity: Valid<'f>,
    /// Every measured value.
    pub(crate) estimates: Cow<'f, [Estimate]>,
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
    pub(crate) slices: &'f [TimeSlice],
    /// What a calibration found: this run's errors against the truth.
    calibrated: &'f [Calibrated],
}

/// Validity of times and rates; answers are never touched by it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Valid<'f> {
    /// Whether every family of every target and phase is valid.
    valid: bool,
    /// Whether client and a target share the machine.
    same_machine: bool,
    /// By target, phase and family.
    families: &'f [Validity],
}

impl<'f> Report<'f> {
    pub(crate) fn of(findings: &'f Findings) -> Self {
        Self {
            schema: SCHEMA,
            run: &findings.run,
            validity: Valid {
                valid: findings.validity.iter().all(|v| v.valid),
                same_machine: findings.run.same_machine,
                families: &findings.validity,
            },
            estimates: Cow::Borrowed(&findings.estimates),
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
        }
    }
}

/// The report of a run as JSON.
#[must_use]
pub fn json(findings: &Findings) -> serde_json::Value {
    serde_json::to_value(Report::of(findings)).expect("maps with text keys and numbers always serialise")
}

/// The JSON Schema of [`json`].
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}
