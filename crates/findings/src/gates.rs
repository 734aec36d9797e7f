//! Gates: met, broken or undecided, for each target and phase.
//!
//! Main types: [`GateResult`], [`GateState`]. A gate on a plain value is met or
//! broken; one on a bound is undecided while the interval holds the limit.
//! Whatever has no valid estimate is undecided, never met.

use crate::estimate::{Estimate, Interval, Labels};
use crate::gate_check::wanted;
use crate::measure::{Fill, Mode, Population, Wanted, measure};
use crate::metric::{Better, Guard, Measure, Unit};
use crate::rates::WINDOW;
use crate::validity::Guards;
use crate::view::{PROMPT, Slice, View};
use acidtest_metrics::stats::{NoInterval, Undecided, cases_to_settle, cases_to_settle_mean};
use acidtest_record::{Gate, Op};
use serde::Serialize;

/// Share of excluded requests above which quality gates count them as wrong.
const EXCLUDED: f64 = 0.01;

/// What one gate says about one target and phase.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GateResult {
    /// The gate as written.
    pub gate: String,
    /// Its position in the suite.
    pub index: usize,
    /// The slice; empty when the gate matches none.
    pub labels: Labels,
    /// What it says.
    pub state: GateState,
    /// The comparison's sign.
    pub op: String,
    /// The limit in the metric's base unit.
    pub limit: f64,
    /// Unit of value, interval and limit.
    pub unit: String,
    /// The number that was compared; absent when there is none or it is +∞.
    pub value: Option<f64>,
    /// Whether the number is +∞: too many requests got no answer.
    pub endless: bool,
    /// The interval of the estimate.
    pub interval: Option<Interval>,
    /// Cases that would settle it if the value holds.
    pub settles_at: Option<u64>,
    /// Why, where it is not plain.
    pub reason: String,
}

/// What a gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateState {
    /// The condition holds.
    Met,
    /// It does not.
    Broken,
    /// The estimate is absent, not valid, or its interval holds the limit.
    Undecided,
}

impl GateState {
    /// Stable word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            GateState::Met => "met",
            GateState::Broken => "broken",
            GateState::Undecided => "undecided",
        }
    }

    /// What it adds to the exit code: 0, 1 or 5.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            GateState::Met => 0,
            GateState::Broken => 1,
            GateState::Undecided => 5,
        }
    }
}

/// Evaluates every gate of the plan.
pub(crate) fn evaluate(view: &View, guards: &Guards) -> Vec<GateResult> {
    let gates = view.spec.gates.iter().enumerate();
    gates.flat_map(|(index, gate)| one(view, guards, index, gate)).collect()
}

fn one(view: &View, guards: &Guards, index: usize, gate: &Gate) -> Vec<GateResult> {
    let blank = GateResult {
        gate: gate.text.clone(),
        index,
        labels: Labels::new(),
        state: GateState::Undecided,
        op: gate.op.to_string(),
        limit: gate.limit,
        unit: String::new(),
        value: None,
        endless: false,
        interval: None,
        settles_at: None,
        reason: String::new(),
    };
    let Some(wanted) = wanted(gate, view.spec, view.cases) else {
        let reason = format!("unknown metric '{}'", gate.metric);
        return vec![GateResult { reason, ..blank }];
    };
    let slices: Vec<Slice> = view.slices().iter().filter_map(|s| narrow(s, gate)).collect();
    if slices.is_empty() {
        let reason = "no target and phase match its labels".to_owned();
        return vec![GateResult { reason, ..blank }];
    }
    let judged = slices.iter().map(|slice| judge(slice, guards, gate, &wanted, blank.clone()));
    judged.map(|result| unless_stopped(view, result)).collect()
}

/// The part of a slice that a gate's labels ask for.
fn narrow<'v>(slice: &Slice<'v>, gate: &Gate) -> Option<Slice<'v>> {
    let mut slice = slice.clone();
    for (key, value) in gate.labels.iter().filter(|(k, _)| k != WINDOW) {
        slice = narrow_by(slice, key, value)?;
    }
    Some(slice)
}

/// The part of a slice that a label asks for, if it has any.
pub(crate) fn narrow_by<'v>(slice: Slice<'v>, key: &str, value: &str) -> Option<Slice<'v>> {
    let of_prompt = slice.view.spec.prompts.get(usize::from(slice.prompt)).and_then(|p| p.labels.get(key));
    // Another combination of the matrix: none of its cases has the value.
    if of_prompt.is_some_and(|own| own != value) && slice.view.spec.prompts.len() > 1 {
        return None;
    }
    match slice.labels.get(key) {
        Some(own) if own == value => Some(slice),
        Some(_) => None,
        // The only prompt has no label.
        None if key == PROMPT => slice.view.spec.prompts.iter().any(|p| p.name == value).then_some(slice),
        None => Some(slice.tagged(key, value)),
    }
}

fn judge(slice: &Slice, guards: &Guards, gate: &Gate, wanted: &Wanted, blank: GateResult) -> GateResult {
    let estimate = |fill| estimate(slice, guards, gate, wanted, fill);
    let honest = estimate(Fill::Exclude);
    let labels = honest.labels.clone();
    let result = GateResult {
        labels,
        unit: honest.unit.clone(),
        value: honest.number().filter(|v| v.is_finite()),
        endless: honest.number().is_some_and(f64::is_infinite),
        interval: honest.ends().cloned(),
        ..blank
    };
    let undecided = |reason: String, result: GateResult| GateResult { reason, ..result };
    if wanted.metric.unit == Unit::Currency && !["", honest.unit.as_str()].contains(&gate.unit.as_str()) {
        let reason = format!("the gate is in {}, the price in {}", gate.unit, honest.unit);
        return undecided(reason, result);
    }
    if let crate::estimate::Quantity::Absent(why) = &honest.value {
        return undecided(format!("not available: {why}"), result);
    }
    if let Some(why) = &honest.invalid {
        let undecided = undecided(format!("not valid: {why}"), result.clone());
        return match guards
            .error_s(slice, wanted.metric.guard, &honest)
            .filter(|_| wanted.metric.unit == Unit::Seconds)
        {
            Some(error_s) => despite_error(gate, &honest, error_s, result).unwrap_or(undecided),
            None => undecided,
        };
    }
    if let Some(why) = chosen(slice, wanted) {
        return undecided(why, result);
    }
    let excluded = honest.missing.map_or(0, |m| m.excluded);
    let share = excluded as f64 / (honest.n.requests + excluded).max(1) as f64;
    if share > EXCLUDED {
        return with_excluded(gate, wanted, result, excluded, &estimate);
    }
    decide(gate, &honest, &honest, result)
}

/// Why a share of attempts decides nothing: the cache answers what succeeded before, so that
/// what was asked is no sample of all.
pub(crate) fn chosen(slice: &Slice, wanted: &Wanted) -> Option<String> {
    let cached = slice.cached();
    let is_event = matches!(wanted.metric.measure, Measure::Event(_));
    let of = slice.requests.len();
    (is_event && cached > 0)
        .then(|| format!("of those not known: the cache gave {cached} of {of}, which succeeded before"))
}

/// A verdict on times that are not valid: the one that holds however our own measured
/// error (its 99th percentile) had moved the number, if there is one.
fn despite_error(gate: &Gate, e: &Estimate, error_s: f64, result: GateResult) -> Option<GateResult> {
    let at = |limit: f64| decide(&Gate { limit, ..gate.clone() }, e, e, result.clone());
    let (low, high) = (at(gate.limit - error_s), at(gate.limit + error_s));
    if low.state != high.state || low.state == GateState::Undecided {
        return None;
    }
    let note = match result.endless {
        true => lost(e),
        false => format!("whatever our own lateness of {:.1} ms did", error_s * 1e3),
    };
    Some(GateResult { state: low.state, reason: note, ..result })
}

/// A run that was stopped has not shown that a gate is met.
pub(crate) fn unless_stopped(view: &View, result: GateResult) -> GateResult {
    let Some(why) = view.stopped.as_ref().filter(|_| result.state == GateState::Met) else { return result };
    let of = view.planned.map_or(String::new(), |n| format!(" after {} of {n} requests", view.requests()));
    let reason = format!("met so far, but the run was stopped{of}: {why}");
    GateResult { state: GateState::Undecided, reason, ..result }
}

/// More than 1 % was excluded: the gate must hold whatever all of it was.
fn with_excluded(
    gate: &Gate,
    wanted: &Wanted,
    result: GateResult,
    excluded: u64,
    estimate: &dyn Fn(Fill) -> Estimate,
) -> GateResult {
    let (worst, best) = match gate.op {
        Op::Le | Op::Lt => (Fill::Highest, Fill::Lowest),
        Op::Ge | Op::Gt => (Fill::Lowest, Fill::Highest),
    };
    let counted = match (wanted.metric.better, worst) {
        (Better::Higher, Fill::Highest) | (Better::Lower, Fill::Lowest) => "good",
        _ => "bad",
    };
    let (worst, best) = (estimate(worst), estimate(best));
    let note = format!("{excluded} excluded requests counted as {counted}");
    let result = GateResult { value: worst.number(), interval: worst.ends().cloned(), ..result };
    let decided = decide(gate, &worst, &best, result);
    let reason = match decided.reason.is_empty() {
        true => note,
        false => format!("{}; {note}", decided.reason),
    };
    GateResult { reason, ..decided }
}

/// The estimate that a gate asks for.
fn estimate(slice: &Slice, guards: &Guards, gate: &Gate, wanted: &Wanted, fill: Fill) -> Estimate {
    let metric = wanted.metric;
    let population = if gate.completed { Population::Completed } else { Population::All };
    let mode = Mode { fill, population };
    let mut found = measure(slice, wanted, &[metric.resolve(gate.stat)], mode);
    guards.mark(slice, metric.guard, &mut found);
    let window = gate.labels.iter().find(|(k, _)| k == WINDOW);
    let window = window.map_or("steady", |(_, v)| v.as_str());
    let at = found.iter().position(|e| e.labels.get(WINDOW).is_none_or(|w| w == window));
    found.swap_remove(at.unwrap_or(0))
}

/// Met when `worst` reaches the limit, broken when even `best` cannot.
fn decide(gate: &Gate, worst: &Estimate, best: &Estimate, result: GateResult) -> GateResult {
    let Some(value) = worst.number() else {
        let reason = "not available".to_owned();
        return GateResult { reason, ..result };
    };
    if gate.bound.is_none() {
        let state = match gate.op.holds(value, gate.limit) {
            true => GateState::Met,
            false => GateState::Broken,
        };
        let reason = match value.is_infinite() {
            true => lost(worst),
            false => String::new(),
        };
        return GateResult { state, reason, ..result };
    }
    let Some(ends) = worst.ends() else {
        let why = match &worst.interval {
            crate::estimate::Uncertainty::None(why) => why.clone(),
            crate::estimate::Uncertainty::Interval(_) => String::new(),
        };
        if why == NoInterval::Endless.to_string() && !gate.op.holds(f64::INFINITY, gate.limit) {
            return GateResult { state: GateState::Broken, reason: lost(worst), ..result };
        }
        let reason = format!("no interval: {why}");
        return GateResult { reason, ..result };
    };
    let is_floor = matches!(gate.op, Op::Ge | Op::Gt);
    let near = if is_floor { ends.low } else { ends.high };
    let far = best.ends().and_then(|i| if is_floor { i.high } else { i.low });
    if near.is_some_and(|bound| gate.op.holds(bound, gate.limit)) {
        return GateResult { state: GateState::Met, ..result };
    }
    if far.is_some_and(|bound| !gate.op.holds(bound, gate.limit)) {
        return GateResult { state: GateState::Broken, ..result };
    }
    let settles_at = settles_at(gate, worst).filter(|n| *n > counted(worst));
    let reason = match (near, settles_at) {
        (None, _) if value.is_infinite() => lost(worst),
        (None, _) => "n too small to bound that end".to_owned(),
        (_, Some(cases)) => format!("about {cases} cases would settle it if the value holds"),
        (_, None) => "the interval holds the limit".to_owned(),
    };
    GateResult { settles_at, reason, ..result }
}

fn lost(e: &Estimate) -> String {
    format!("too many of {} requests got no answer: they count as +inf", e.n.of)
}

/// Cases behind an estimate, or records where it has no cases.
fn counted(e: &Estimate) -> u64 {
    if e.n.cases > 0 { e.n.cases } else { e.n.records }
}

/// Cases that would settle a gate on a bound.
fn settles_at(gate: &Gate, e: &Estimate) -> Option<u64> {
    let value = e.number()?;
    let cases = counted(e) as f64;
    if let Some(n) = e.effective_n {
        return cases_to_settle(value, gate.limit, n, cases);
    }
    cases_to_settle_mean(Undecided {
        estimate: value,
        threshold: gate.limit,
        standard_error: e.standard_error?,
        cases,
    })
}

/// Whether a metric is about a whole phase, so that tags cannot narrow it.
pub(crate) fn is_whole(wanted: &Wanted) -> bool {
    matches!(wanted.metric.measure, Measure::Rate(_) | Measure::Sensed(_))
        || wanted.metric.guard == Guard::Load
}
