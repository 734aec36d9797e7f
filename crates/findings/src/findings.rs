//! Everything a report shows of a run.
//!
//! Main type: [`Findings`]. Faces (terminal, JSON, page) draw it and compute
//! nothing. Must not hold records or texts beyond the excerpts of failures.

use crate::estimate::{Estimate, Labels};
use crate::gates::GateResult;
use crate::validity::Validity;
use serde::Serialize;

/// Everything a report shows of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// Which run.
    pub run: RunInfo,
    /// Every measured value.
    pub estimates: Vec<Estimate>,
    /// Statistical tests (of comparisons).
    pub tests: Vec<Test>,
    /// What each gate says, for each target and phase.
    pub gates: Vec<GateResult>,
    /// The first requests that failed or were wrong.
    pub failures: Vec<Failure>,
    /// How many there are in all.
    pub failing: u64,
    /// Whether the latencies may be trusted, for each target and phase.
    pub validity: Vec<Validity>,
    /// Counts by class: delivery, judgement, errors, not_sent.
    pub tables: Vec<Table>,
    /// What a reader must know besides.
    pub warnings: Vec<String>,
}

/// Which run, and what it was asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct RunInfo {
    /// The run's id; empty when no record has arrived.
    pub id: String,
    /// Name of the suite.
    pub name: String,
    /// `running`, `done`, `stopped`; empty when not told.
    pub state: String,
    /// Version of the program that ran it.
    pub acidtest: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Digest of what was asked of whom under which load.
    pub workload: String,
    /// Unix time of the first clock's zero in nanoseconds.
    pub started_unix_ns: Option<i64>,
    /// Clocks (processes) that contributed.
    pub clocks: u64,
    /// Cases of the suite; 0 for synthetic prompts.
    pub cases: u64,
    /// Repeats of each case.
    pub repeats: u64,
    /// Who answered.
    pub targets: Vec<TargetInfo>,
    /// Under which load.
    pub phases: Vec<PhaseInfo>,
    /// Requests measured.
    pub requests: u64,
    /// Records measured (attempts).
    pub records: u64,
    /// Requests sent before measuring began.
    pub warmup: u64,
    /// Whether prompts carried a nonce.
    pub fresh: bool,
    /// Whether client and a target share the machine.
    pub same_machine: bool,
    /// Why it was stopped before its end, if it was.
    pub stopped: Option<String>,
    /// Requests that the plan holds, warm-ups aside, where that is known.
    pub planned: Option<u64>,
    /// Most measuring threads that ran at once, where it is known.
    pub measuring_threads: Option<u32>,
}

/// A target, as tables name it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct TargetInfo {
    /// Its name.
    pub name: String,
    /// The model asked for.
    pub model: String,
    /// Its URL, or the name of the built-in server.
    pub address: String,
}

/// A phase, as tables name it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PhaseInfo {
    /// Its name.
    pub name: String,
    /// `closed`, `constant` or `poisson`.
    pub load: &'static str,
    /// Users, or requests per second.
    pub asked: f64,
}

/// A statistical test.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Test {
    /// What is tested.
    pub name: String,
    /// The slice.
    pub labels: Labels,
    /// Method.
    pub method: String,
    /// Its p-value after correction.
    pub p: Option<f64>,
}

/// Counts by class.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Table {
    /// `delivery`, `judgement`, `errors`, `funnel`, `repairs` or `not_sent`.
    pub name: &'static str,
    /// The slice.
    pub labels: Labels,
    /// What is counted: `requests`, `attempts` or `answers`.
    pub unit: &'static str,
    /// All of them.
    pub of: u64,
    /// Class id, words for people, count; classes without any are left out.
    pub rows: Vec<Count>,
}

/// One line of a [`Table`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Count {
    /// Stable id.
    pub class: String,
    /// Words for people.
    pub words: String,
    /// How many.
    pub count: u64,
}

/// A request that failed or was wrong.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Failure {
    /// Target, phase.
    pub labels: Labels,
    /// Slot, step and the last attempt.
    pub slot: u32,
    /// Step within the slot.
    pub step: u16,
    /// The last attempt.
    pub attempt: u8,
    /// The case's id.
    pub case: Option<String>,
    /// Excerpt of the case's variables.
    pub input: String,
    /// Excerpt of the answer.
    pub output: Option<String>,
    /// Acceptable answers.
    pub reference: Vec<String>,
    /// Each scorer's score.
    pub scores: std::collections::BTreeMap<String, f64>,
    /// Delivery class (`failed: cut_stream`, `complete` …).
    pub delivery: String,
    /// Why it counts as failing.
    pub reason: String,
}
