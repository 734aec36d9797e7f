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

mod agreement;
pub mod browse;
mod calibration;
mod capacity;
mod card;
mod case_pass;
mod cells;
mod clock_checks;
mod compare;
mod comparison;
mod corpus;
mod curves;
mod detail;
pub mod duels;
mod estimate;
mod failures;
mod families;
mod find;
mod findings;
mod flat;
mod forecast;
mod frontier;
mod gaps;
mod gate_check;
mod gates;
mod generalization;
mod held;
mod kept_gaps;
mod lag_checks;
mod marks;
mod matrix;
mod measure;
mod metric;
mod nearest;
mod pair;
mod plan_info;
mod rates;
mod receipt;
mod regression;
mod requests;
mod rerun;
pub mod scored;
mod slice;
mod so_far;
mod stated;
mod streamed;
mod surroundings;
mod tables;
mod tally;
mod timeline;
mod validity;
mod view;

pub use agreement::{Agreement, Opinions, agreement};
pub use calibration::{
    Bracket, Brackets, CALIBRATE, CALIBRATION_SCHEMA, Calibration, Calibrator, ErrorRow, Joined, QuantileRow,
    Share, TrueAnswer, WIDEST_BRACKET_NS,
};
pub use capacity::{Answer, Capacity, Found, NextRung, Rung, RungState, TermCount, capacity, next_rung};
pub use card::Card;
pub use compare::{State, StatedPairs, Test};
pub use comparison::{Comparison, Flip, Unmatched, compare};
pub use curves::{
    ClassCounts, Curves, Distribution, ErrorSeries, MOST_PLACES, OutcomeBins, PhaseSpan, Scatter, Series,
    curves, distributions,
};
pub use estimate::{Estimate, Family, Interval, Labels, Missing, N, Quantity, Uncertainty};
pub use failures::Texts;
pub use find::{ABORT_RULE, find};
pub use findings::{
    Calibrated, Count, Failure, Findings, PhaseInfo, RunInfo, SkippedCase, Stated, Table, TargetInfo,
};
pub use forecast::{CanDecide, CellForecast, CostForecast, Forecast, GateForecast, gates as forecast_gates};
pub use frontier::{
    BetterWord, Frontier, FrontierAxes, FrontierAxis, FrontierPoint, LoadPoint, UnknownAxis, frontier,
};
pub use gate_check::{GateError, check};
pub use gates::{GateResult, GateState};
pub use matrix::{Front, Mark, MatrixColumn, MatrixRow};
pub use metric::{Better, Metric, Unit, explain, metric, metrics, reference};
pub use plan_info::{ClockInfo, FactInfo, PlanInfo, SuiteInfo};
pub use regression::{check_regression, default_regression};
pub use requests::{RequestLine, listed, requests};
pub use rerun::rerun;
pub use scored::{
    BadChoice, CaseScore, ChangedCase, Chosen, Contrasted, ScoreAbout, ScoreReport, ScoredCase, Settings,
    Signature, Spread, TextOptions, TextTable, Unpaired, Worst, contrast,
};
pub use so_far::so_far;
pub use timeline::{Slicing, SomeTimes, TimeSlice, timeline};
pub use validity::{Check, CheckState, Validity};
pub use view::{
    CACHE, CORRECT, MEASURING_THREADS, PLANNED_SLOTS, REFUSED, REPLAYED_FROM, SAME_MACHINE, STOPPED, Slice,
    View, ViewBuilder,
};
