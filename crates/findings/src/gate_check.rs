//! Whether gates name what exists, before anything is sent.
//!
//! Main function: [`check`]. Must not need a run.

use crate::families::answers;
use crate::families::quality::{DELIVERY, JUDGEMENT};
use crate::gates::is_whole;
use crate::measure::Wanted;
use crate::metric::{Measure, Metric, Unit, metric, metrics};
use crate::nearest::nearest;
use crate::rates::WINDOW;
use acidtest_record::{Bound, Case, Cause, Gate, MetricSpec, Op, RunSpec, Stat};
use std::collections::BTreeSet;

/// A gate that names something that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GateError {
    /// Position of the gate in the plan.
    pub index: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// Message and hint.
type Wrong = (String, String);

/// Checks every gate of a plan.
///
/// # Errors
/// The first gate with an unknown metric, parameter, stat, label or a unit that
/// does not fit.
pub fn check(spec: &RunSpec, cases: &[Case]) -> Result<(), GateError> {
    for (index, gate) in spec.gates.iter().enumerate() {
        one(gate, spec, cases).map_err(|(message, hint)| GateError { index, message, hint })?;
    }
    Ok(())
}

/// The metric that a gate asks for, if there is one.
pub(crate) fn wanted(gate: &Gate, spec: &RunSpec, cases: &[Case]) -> Option<Wanted> {
    let param = gate.params.first().map_or("", |(_, v)| v.as_str());
    let found = metric(&gate.metric).filter(|m| m.id != "score");
    let exact = |(_, m): &(usize, &MetricSpec)| m.options.len() == gate.params.len();
    if let Some((number, _)) = asked(gate, spec).find(exact).or_else(|| asked(gate, spec).next()) {
        return found.map(|metric| Wanted::asked(metric, number));
    }
    if let Some(found) = found.filter(|m| !matches!(m.measure, Measure::Corpus)) {
        return Some(match param {
            "" => Wanted::plain(found),
            param => Wanted::with(found, param),
        });
    }
    // The plan's own has other options; the scorer of that name is then `score[name=…]`.
    if spec.metrics.iter().any(|m| m.metric == gate.metric) {
        return None;
    }
    let name = if gate.metric == "score" { param } else { &gate.metric };
    scorers(spec, cases).contains(name).then(|| scorer(spec, name)).flatten()
}

/// The metrics over all answers that a gate may mean: the plan's of that name and parameters.
fn asked<'s>(gate: &'s Gate, spec: &'s RunSpec) -> impl Iterator<Item = (usize, &'s MetricSpec)> {
    spec.metrics.iter().enumerate().filter(|(_, m)| m.is_meant(&gate.metric, &gate.params))
}

/// The mean score of a scorer, under its own name where no metric has it. A metric over all
/// answers has its name only where the plan asks for it.
pub(crate) fn scorer(spec: &RunSpec, name: &str) -> Option<Wanted> {
    let found = metric("score")?;
    let is_free = |m: &&Metric| {
        matches!(m.measure, Measure::Corpus) && !spec.metrics.iter().any(|asked| asked.metric == m.id)
    };
    Some(match metric(name).filter(|m| !is_free(m)) {
        Some(_) => Wanted::with(found, name),
        None => Wanted { name: name.to_owned(), is_named: false, ..Wanted::with(found, name) },
    })
}

/// Names of all scorers of a plan and its cases.
pub(crate) fn scorers<'a>(spec: &'a RunSpec, cases: &'a [Case]) -> BTreeSet<&'a str> {
    let own = cases.iter().filter_map(|c| c.scorers.as_ref()).flatten();
    spec.scorers.iter().chain(own).map(|s| s.name.as_str()).collect()
}

fn one(gate: &Gate, spec: &RunSpec, cases: &[Case]) -> Result<(), Wrong> {
    let Some(wanted) = wanted(gate, spec, cases) else {
        return Err(unknown_metric(gate, spec, cases));
    };
    let metric = wanted.metric;
    if metric.id == "case_pass_rate" && spec.pass_rule.is_none() {
        return Err((
            format!("gate '{}' needs a rule by which a case passes", gate.text),
            "write `repeats: { n: 5, pass: 3 of 5 }`".into(),
        ));
    }
    match wanted.asked {
        Some(_) => check_asked(gate, spec)?,
        None => check_params(gate, metric)?,
    }
    check_answers(gate, metric, spec, cases)?;
    check_stat(gate, metric)?;
    if !metric.unit.accepts(&gate.unit) {
        return Err((
            format!("'{}' is not a unit of {} ({})", gate.unit, gate.metric, metric.unit.id()),
            "times take s, ms, us; shares a number from 0 to 1 or %".into(),
        ));
    }
    check_bare(gate, metric)?;
    for (key, value) in &gate.labels {
        check_label(gate, &wanted, spec, cases, (key, value))?;
    }
    Ok(())
}

/// A number without a unit that is most likely meant in another one.
fn check_bare(gate: &Gate, metric: &Metric) -> Result<(), Wrong> {
    if !gate.unit.is_empty() {
        return Ok(());
    }
    match metric.unit {
        Unit::Seconds => Err((
            format!("gate '{}' gives a time without a unit", gate.text),
            format!("write '{} ms' or '{} s'", gate.limit, gate.limit),
        )),
        Unit::Ratio if !(0.0..=1.0).contains(&gate.limit) => Err((
            format!("gate '{}' asks for a share of {}: shares go from 0 to 1", gate.text, gate.limit),
            format!("write '{} %'", gate.limit),
        )),
        _ => Ok(()),
    }
}

/// Whether a gate means one metric of the plan alone.
fn check_asked(gate: &Gate, spec: &RunSpec) -> Result<(), Wrong> {
    let exact = |m: &MetricSpec| m.options.len() == gate.params.len();
    let several: Vec<String> = asked(gate, spec).map(|(_, m)| m.written()).collect();
    match several.len() > 1 && asked(gate, spec).filter(|(_, m)| exact(m)).count() != 1 {
        true => {
            let what = format!("gate '{}' means several metrics of the suite", gate.text);
            Err((what, format!("write one of: {}", several.join(", "))))
        }
        false => Ok(()),
    }
}

pub(crate) fn unknown_metric(gate: &Gate, spec: &RunSpec, cases: &[Case]) -> Wrong {
    let own = scorers(spec, cases);
    if metric(&gate.metric).is_some_and(|m| matches!(m.measure, Measure::Corpus)) {
        let same: Vec<String> =
            spec.metrics.iter().filter(|m| m.metric == gate.metric).map(MetricSpec::written).collect();
        return match same.is_empty() {
            true => (
                format!("gate '{}' asks for a metric that the suite does not compute", gate.text),
                format!("add `metrics: [{}]`", gate.metric),
            ),
            false => (
                format!("gate '{}' asks for options that no metric of the suite has", gate.text),
                format!("it computes: {}", same.join(", ")),
            ),
        };
    }
    if gate.metric == "score" {
        let known: Vec<&str> = own.iter().copied().collect();
        return (
            format!("gate '{}' names no known scorer", gate.text),
            format!("write score[name=…]; scorers: {}", known.join(", ")),
        );
    }
    let known = metrics().into_iter().map(|m| m.id).chain(own.iter().copied());
    let hint = match nearest(&gate.metric, known) {
        Some(word) => format!("did you mean '{word}'?"),
        None => "`acidtest metrics` lists the metrics; the suite's scorers are metrics too; \
                 what people say of a run afterwards cannot be gated"
            .into(),
    };
    (format!("unknown metric '{}'", gate.metric), hint)
}

/// The fields and stages that gates may name.
fn check_answers(gate: &Gate, metric: &Metric, spec: &RunSpec, cases: &[Case]) -> Result<(), Wrong> {
    let known: Vec<String> = match metric.id {
        "funnel" => answers::stages(spec, cases).iter().map(|s| s.0.to_owned()).collect(),
        "field_accuracy" => answers::field_params(spec, cases).into_iter().collect(),
        _ => return Ok(()),
    };
    let param = metric.param.unwrap_or_default();
    let named = gate.params.iter().find(|(k, _)| k == param).map(|(_, v)| v);
    if known.is_empty() {
        return Err((
            format!("gate '{}' asks for {}, and no scorer reads JSON", gate.text, metric.id),
            "add a scorer such as `{ type: fields }`".into(),
        ));
    }
    match named {
        Some(value) if known.contains(value) => Ok(()),
        Some(value) => Err((
            format!("gate '{}': unknown {param} '{value}' of {}", gate.text, metric.id),
            format!("known: {}", known.join(", ")),
        )),
        None => Err((
            format!("{} needs a {param}", metric.id),
            format!("write {}[{param}={}]", metric.id, known[0]),
        )),
    }
}

pub(crate) fn check_params(gate: &Gate, metric: &Metric) -> Result<(), Wrong> {
    for (key, value) in &gate.params {
        let Some(own) = metric.param else {
            return Err((
                format!("{} takes no parameter '{key}'", metric.id),
                "labels stand in braces: accuracy{lang=ko}".into(),
            ));
        };
        if key != own {
            return Err((format!("unknown parameter '{key}' of {}", metric.id), format!("it takes '{own}'")));
        }
        let known: Vec<&str> = match metric.id {
            "delivery" => DELIVERY.iter().map(|(c, _)| *c).collect(),
            "judgement" => JUDGEMENT.iter().map(|(c, _)| *c).collect(),
            "error_rate" => Cause::ALL.iter().map(|c| c.id()).collect(),
            _ => continue,
        };
        if !known.contains(&value.as_str()) {
            return Err((
                format!("unknown class '{value}' of {}", metric.id),
                format!("known: {}", known.join(", ")),
            ));
        }
    }
    if matches!(metric.measure, Measure::Sensed(_)) && gate.params.is_empty() {
        let what = format!("{} needs a source", metric.id);
        return Err((what, format!("write {}[source=…]: {}", metric.id, crate::surroundings::SOURCES)));
    }
    let needs_one = ["delivery", "judgement"].contains(&metric.id);
    if needs_one && gate.params.is_empty() {
        return Err((format!("{} needs a class", metric.id), format!("write {}[class=…]", metric.id)));
    }
    Ok(())
}

fn check_stat(gate: &Gate, metric: &Metric) -> Result<(), Wrong> {
    let offered: Vec<&str> = metric.stats.iter().map(|s| s.id()).collect();
    if gate.stat == Stat::Default && metric.must_name_stat() {
        return Err((
            format!("gate '{}' does not say which number of {}", gate.text, gate.metric),
            format!("write for instance {}.p95; it has: {}", gate.metric, offered.join(" ")),
        ));
    }
    if !metric.offers(gate.stat) {
        return Err((
            format!("{} has no stat '{}'", gate.metric, gate.stat.id()),
            format!("it has: {}", offered.join(" ")),
        ));
    }
    let side = match gate.op {
        Op::Ge | Op::Gt => Bound::Low,
        Op::Le | Op::Lt => Bound::High,
    };
    match gate.bound {
        Some(bound) if bound != side => Err((
            format!("gate '{}' asks for the bound that proves nothing", gate.text),
            "use .low with >= and .high with <=".into(),
        )),
        Some(_) if matches!(metric.resolve(gate.stat), Stat::Max | Stat::Total) => Err((
            format!("{}.{} has no interval", gate.metric, gate.stat.id()),
            "leave out .low and .high".into(),
        )),
        _ => Ok(()),
    }
}

pub(crate) fn check_label(
    gate: &Gate,
    wanted: &Wanted,
    spec: &RunSpec,
    cases: &[Case],
    (key, value): (&str, &str),
) -> Result<(), Wrong> {
    let of_prompts = spec.prompts.iter().flat_map(|p| p.labels.keys());
    let mut tags: BTreeSet<&str> =
        cases.iter().flat_map(|c| c.tags.keys()).chain(of_prompts).map(String::as_str).collect();
    if spec.prompts.len() > 1 {
        tags.insert("prompt");
    }
    let known: BTreeSet<&str> = match key {
        "target" => spec.targets.iter().map(|t| t.name.as_str()).collect(),
        "phase" => spec.phases.iter().map(|p| p.name.as_str()).collect(),
        "prompt" => spec.prompts.iter().map(|p| p.name.as_str()).collect(),
        WINDOW if is_whole(wanted) => ["steady", "whole"].into(),
        _ if tags.contains(key) && is_whole(wanted) => {
            return Err((
                format!("{} is about a whole phase: '{key}' cannot narrow it", gate.metric),
                "remove the label".into(),
            ));
        }
        _ => {
            let of_prompts = spec.prompts.iter().filter_map(|p| p.labels.get(key));
            cases.iter().filter_map(|c| c.tags.get(key)).chain(of_prompts).map(String::as_str).collect()
        }
    };
    if known.is_empty() {
        let keys = tags.iter().copied().chain(["target", "phase", "prompt"]);
        let hint = match nearest(key, keys.clone()) {
            Some(word) => format!("did you mean '{word}'?"),
            None => format!("known: {}", keys.collect::<Vec<_>>().join(", ")),
        };
        return Err((format!("unknown label '{key}' in gate '{}'", gate.text), hint));
    }
    if !known.contains(value) {
        let hint = match nearest(value, known.iter().copied()) {
            Some(word) => format!("did you mean '{word}'?"),
            None => format!("known: {}", known.iter().take(20).copied().collect::<Vec<_>>().join(", ")),
        };
        return Err((format!("no {key} is called '{value}' in gate '{}'", gate.text), hint));
    }
    Ok(())
}
