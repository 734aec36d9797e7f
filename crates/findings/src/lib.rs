//! From a view of records to findings: estimates with intervals, and gates.
//!
//! ```text
//!  rows, verdicts, readings, details ─► ViewBuilder ─► View ── slices by target, phase, tag
//!                                                       │
//!  families/*.rs   definitions and row functions        │   measure.rs: units of sampling, repeats,
//!  (a const slice each)  ───────────────────────────────┤   send order, intervals (acidtest-metrics)
//!                                                       ▼
//!  validity ─► marks latencies        gates ─► met, broken, undecided        tables, failures
//!                                                       ▼
//!                                                   Findings ── drawn by faces, which compute nothing
//! ```
//!
//! Deliberately absent: files, clocks, interval formulas (they are `acidtest-metrics`'), and
//! anything about how findings look.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod case_pass;
mod cells;
mod detail;
mod estimate;
mod failures;
mod families;
mod find;
mod findings;
mod forecast;
mod gaps;
mod gate_check;
mod gates;
mod measure;
mod metric;
mod nearest;
mod rates;
mod tables;
mod validity;
mod view;

pub use estimate::{Estimate, Family, Interval, Labels, Missing, N, Quantity, Uncertainty};
pub use failures::Texts;
pub use find::{ABORT_RULE, find};
pub use findings::{Count, Failure, Findings, PhaseInfo, RunInfo, SkippedCase, Table, TargetInfo, Test};
pub use forecast::{CanDecide, CellForecast, CostForecast, Forecast, GateForecast, gates as forecast_gates};
pub use gate_check::{GateError, check};
pub use gates::{GateResult, GateState};
pub use metric::{Better, Metric, Unit, explain, metric, metrics, reference};
pub use validity::{Check, CheckState, Validity};
pub use view::{
    CORRECT, MEASURING_THREADS, PLANNED_SLOTS, REFUSED, SAME_MACHINE, STOPPED, Slice, View, ViewBuilder,
};
