//! Everything a report shows of a run.
//!
//! Main type: [`Findings`]. Faces (terminal, JSON, page) draw it and compute
//! nothing. Must not hold records or texts beyond the excerpts of failures.

use crate::capacity::Capacity;
use crate::compare::Test;
use crate::estimate::{Estimate, Labels};
use crate::gates::GateResult;
use crate::matrix::MatrixRow;
use crate::timeline::TimeSlice;
use crate::validity::Validity;
use acidtest_record::{PhaseSpec, RunSpec, Source, TargetSpec};
use serde::Serialize;

/// Everything a report shows of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Findings {
    /// Which run.
    pub run: RunInfo,
    /// Every measured value.
    pub estimates: Vec<Estimate>,
    /// Paired differences between targets and prompts.
    pub tests: Vec<Test>,
    /// One row for each target and prompt under each phase, where there are several.
    pub matrix: Vec<MatrixRow>,
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
    /// The objective by phase, the rungs of a search or sweep and its answer.
    pub capacity: Option<Capacity>,
    /// What a reader must know besides.
    pub warnings: Vec<String>,
    /// Figures that another tool stated about an imported run, in its words and units:
    /// not measured here, and never mixed with estimates.
    pub stated: Vec<Stated>,
    /// The run over time: each target and prompt under each phase, slice after slice.
    pub slices: Vec<TimeSlice>,
    /// What a calibration found: this run's errors against the truth.
    pub calibrated: Vec<Calibrated>,
}

/// A figure of a calibration, as it was kept with the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Calibrated {
    /// `joined`, `exact_gaps`, `ttft.printed.p99_s` …
    pub name: String,
    /// The figure.
    pub value: String,
}

/// A figure that another tool stated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Stated {
    /// The tool, with its version where it is known.
    pub tool: String,
    /// The tool's name for it.
    pub name: String,
    /// The figure as it was written.
    pub value: String,
}

impl Findings {
    /// What a frontier weighs and nothing else: estimates of whole places.
    #[must_use]
    pub fn weighable(mut self) -> Self {
        self.estimates.retain(crate::frontier::is_weighed);
        self.estimates.iter_mut().for_each(|e| e.how.shrink_to_fit());
        let Self { run, estimates, .. } = self;
        Self {
            run,
            estimates,
            tests: Vec::new(),
            matrix: Vec::new(),
            gates: Vec::new(),
            failures: Vec::new(),
            failing: 0,
            validity: Vec::new(),
            tables: Vec::new(),
            capacity: None,
            warnings: Vec::new(),
            stated: Vec::new(),
            slices: Vec::new(),
            calibrated: Vec::new(),
        }
    }

    /// Adds what a comparison with a baseline says: its gates, differences and warnings.
    pub fn add(&mut self, comparison: crate::comparison::Comparison) {
        let before = self.gates.iter().map(|g| g.index + 1).max().unwrap_or(0);
        let gates = comparison.gates.into_iter();
        self.gates.extend(gates.map(|g| GateResult { index: before + g.index, ..g }));
        self.tests.extend(comparison.tests);
        self.warnings.extend(comparison.warnings.into_iter().map(|w| format!("baseline: {w}")));
    }
}

/// What a run without gates is about: its headline figures.
const HEADLINES: [&str; 4] = ["ttft", "tpot", "e2e", "requests_per_s"];

impl Findings {
    /// The headline figures that are not valid, one for each metric and place, with the reason.
    #[must_use]
    pub fn invalid_headlines(&self) -> Vec<(&Estimate, &str)> {
        let mut found: Vec<(&Estimate, &str)> = Vec::new();
        for e in self.estimates.iter().filter(|e| HEADLINES.contains(&e.metric.as_str())) {
            let is_known = |(f, _): &(&Estimate, &str)| f.metric == e.metric && f.labels == e.labels;
            if let Some(why) = e.invalid.as_deref().filter(|_| !found.iter().any(is_known)) {
                found.push((e, why));
            }
        }
        found
    }
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
    /// How the cases were chosen from a larger set; empty when all were asked.
    pub selection: Vec<String>,
    /// Cases that the suite skips.
    pub skipped: Vec<SkippedCase>,
    /// The rule that ended the run, or a phase, after a look at the data: its estimates are sequential.
    pub sequential: Option<String>,
    /// Most measuring threads that ran at once, where it is known.
    pub measuring_threads: Option<u32>,
    /// The run whose answers and times these are, where this run is a replay.
    pub replayed_from: Option<String>,
    /// The tool whose token counts these are; absent where they are the servers' own.
    pub tokens_by: Option<String>,
    /// Requests answered from the response cache: not measured, and nothing spent.
    pub cached: u64,
}

/// A case that was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct SkippedCase {
    /// Its id.
    pub id: String,
    /// Why, in the suite's words.
    pub reason: String,
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

impl TargetInfo {
    /// The targets of a plan, in its order.
    #[must_use]
    pub fn all(spec: &RunSpec) -> Vec<Self> {
        spec.targets.iter().map(Self::of).collect()
    }

    fn of(t: &TargetSpec) -> Self {
        let address = match (&t.source, &t.command) {
            (Source::Sim { name, .. }, _) => name.clone(),
            (Source::Url(_), Some(program)) => program.command.join(" "),
            (Source::Url(url), None) => {
                let also = t.connections.also.iter().map(String::as_str);
                std::iter::once(url.as_str()).chain(also).collect::<Vec<_>>().join(" ")
            }
        };
        Self { name: t.name.clone(), model: t.model.clone(), address }
    }
}

/// A phase, as tables name it.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct PhaseInfo {
    /// Its name.
    pub name: String,
    /// `closed`, `constant`, `poisson` or `gamma`; `varying` (a rate) or `users` where it changes;
    /// `unstated` where an imported file does not say.
    pub load: &'static str,
    /// Users, or requests per second, at most where they change; absent where that is not stated.
    pub asked: Option<f64>,
}

impl PhaseInfo {
    /// The phases of a plan, in its order.
    #[must_use]
    pub fn all(spec: &RunSpec) -> Vec<Self> {
        let of = |p: &PhaseSpec| {
            let asked = p.load.users().map(f64::from).or(p.load.peak_rate());
            Self { name: p.name.clone(), load: p.load.id(), asked }
        };
        spec.phases.iter().map(of).collect()
    }
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
    /// What the failed attempt itself said: a status, an error's text, a program's last words.
    pub detail: Option<String>,
    /// What scorers, judges and people said against the answer, by their opinion's name.
    pub reasons: std::collections::BTreeMap<String, String>,
    /// How many more requests of the same case and target failed: repeats, prompts, phases.
    pub more: u64,
}

impl Failure {
    /// The most telling line of what was said: the attempt's own words, else the first reason.
    #[must_use]
    pub fn why(&self) -> Option<String> {
        let first = || self.reasons.iter().next().map(|(name, why)| format!("{name}: {why}"));
        self.detail.clone().or_else(first)
    }
}
