//! JSON answers: the validity funnel and the accuracy of single fields.
//!
//! Main slice: [`METRICS`]. Strict and repaired are different numbers everywhere.

use crate::estimate::Family;
use crate::metric::{Better, Guard, Judged, Measure, Metric, Unit};
use crate::view::{Asked, Opinion};
use acidtest_record::{Case, FieldSpec, OutcomeClass, RunSpec, ScorerKind, ScorerSpec, Stat};
use std::collections::BTreeSet;

const INTERVAL: &str = "Wilson when every unit is one yes/no outcome, else Wilson with the effective n of the clustered variance; exact one-sided bound at 0 and 1; unit of sampling: the cluster, else the case";
const OURS: &str = "acidtest, docs/guide/scorers.md";

/// Verdict that says how far an answer came on the strict way.
pub(crate) const FUNNEL: &str = "funnel";
/// Verdict that says how far an answer came when its JSON was repaired.
pub(crate) const FUNNEL_REPAIRED: &str = "funnel:repaired";
/// Verdict that names what was repaired.
pub(crate) const REPAIRS: &str = "repairs";
/// What the names of single fields' verdicts begin with.
pub(crate) const FIELD: &str = "field:";

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "funnel",
        title: "Share of requests whose answer came as far as one stage of the validity funnel",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("stage"),
        needs: "scorers of JSON",
        formula: "requests that reached the stage / requests sent; stages: reply not_truncated json, then strict strict_schema strict_fields strict_whole, and repaired repaired_schema repaired_fields repaired_whole",
        edges: "a failed request reached no stage; requests never sent do not count; a stage that the suite does not ask for is left out; a strict answer counts as repaired too",
        interval: INTERVAL,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(funnel),
    },
    Metric {
        id: "field_accuracy",
        title: "Share of delivered answers in which one field is right",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("name"),
        needs: "the scorer `fields`",
        formula: "mean over cases of right / delivered; NAME reads strict JSON, NAME:repaired mends it, NAME:coerced also lets text stand for numbers and truth values",
        edges: "an answer that cannot be read, or was cut, is wrong in every field; errors are excluded, counted and bounded; a case that does not expect the field does not count",
        interval: INTERVAL,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(field),
    },
];

/// A stage: its id, words for people, the verdict that knows, and the rank that it asks for.
pub(crate) type Stage = (&'static str, &'static str, &'static str, usize);

/// What the verdicts say, in order.
const RANKS: [&str; 8] = ["none", "reply", "not_truncated", "json", "read", "schema", "fields", "whole"];

/// All stages, in the order of a report.
pub(crate) const STAGES: [Stage; 11] = [
    ("reply", "a reply", FUNNEL, 1),
    ("not_truncated", "not cut", FUNNEL, 2),
    ("json", "holds JSON", FUNNEL, 3),
    ("strict", "strict JSON", FUNNEL, 4),
    ("strict_schema", "valid by the schema", FUNNEL, 5),
    ("strict_fields", "all fields right", FUNNEL, 6),
    ("strict_whole", "the whole right", FUNNEL, 7),
    ("repaired", "JSON once repaired", FUNNEL_REPAIRED, 4),
    ("repaired_schema", "valid by the schema", FUNNEL_REPAIRED, 5),
    ("repaired_fields", "all fields right", FUNNEL_REPAIRED, 6),
    ("repaired_whole", "the whole right", FUNNEL_REPAIRED, 7),
];

/// The stages that a plan asks for; none without a scorer of JSON.
pub(crate) fn stages(spec: &RunSpec, cases: &[Case]) -> Vec<&'static Stage> {
    let all = scorers(spec, cases);
    let has = |is: fn(&ScorerKind) -> bool| all.iter().any(|s| is(&s.kind));
    let schema = has(|k| matches!(k, ScorerKind::JsonSchema { .. }));
    let fields = has(|k| matches!(k, ScorerKind::Fields { .. } | ScorerKind::JsonField { .. }));
    if !schema && !fields && !has(|k| matches!(k, ScorerKind::JsonValid { .. })) {
        return Vec::new();
    }
    let asked = |s: &&Stage| match s.3 {
        5 => schema,
        6 => fields,
        _ => true,
    };
    STAGES.iter().filter(asked).collect()
}

/// Every scorer of a plan and its cases, combinations opened.
fn scorers<'a>(spec: &'a RunSpec, cases: &'a [Case]) -> Vec<&'a ScorerSpec> {
    let own = cases.iter().filter_map(|c| c.scorers.as_ref()).flatten();
    let mut open: Vec<&ScorerSpec> = spec.scorers.iter().chain(own).collect();
    let mut all = Vec::new();
    while let Some(scorer) = open.pop() {
        match &scorer.kind {
            ScorerKind::All(parts) | ScorerKind::Any(parts) => open.extend(parts),
            _ => all.push(scorer),
        }
    }
    all
}

/// Names of the fields that a plan scores, in its order.
pub(crate) fn field_names(spec: &RunSpec, cases: &[Case]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for scorer in scorers(spec, cases) {
        let ScorerKind::Fields { fields, .. } = &scorer.kind else { continue };
        let mut add = |name: &str| {
            if !names.iter().any(|n| n == name) {
                names.push(name.to_owned());
            }
        };
        fields.iter().map(|f: &FieldSpec| f.name.as_str()).for_each(&mut add);
        if fields.is_empty() {
            let objects = cases.iter().take(1000).flat_map(|c| &c.expected);
            let keys: Vec<String> = objects
                .filter_map(|t| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(t).ok())
                .flat_map(|m| m.keys().cloned().collect::<Vec<_>>())
                .collect();
            keys.iter().map(String::as_str).for_each(&mut add);
        }
    }
    names
}

/// Parameters of `field_accuracy` that a plan has: each field in three readings.
pub(crate) fn field_params(spec: &RunSpec, cases: &[Case]) -> BTreeSet<String> {
    let endings = ["", ":repaired", ":coerced"];
    field_names(spec, cases).iter().flat_map(|n| endings.map(|e| format!("{n}{e}"))).collect()
}

/// Whether a verdict's name belongs to these metrics and is no scorer's own.
pub(crate) fn is_own(name: &str) -> bool {
    [FUNNEL, FUNNEL_REPAIRED, REPAIRS].contains(&name) || name.starts_with(FIELD)
}

fn funnel(a: &Asked, stage: &str) -> Judged {
    let Some((_, _, name, rank)) = STAGES.iter().find(|s| s.0 == stage) else { return Judged::Outside };
    if !a.view.has_opinion(name) {
        return Judged::Outside;
    }
    match (a.last().class, a.opinion(name)) {
        (OutcomeClass::NotSent(_), _) => Judged::Outside,
        (OutcomeClass::Failed(_), _) => Judged::Value(0.0),
        (_, Opinion::Label(label)) => {
            let reached = RANKS.iter().position(|r| *r == a.view.label(label)).unwrap_or(0);
            Judged::Value(f64::from(u8::from(reached >= *rank)))
        }
        _ => Judged::Excluded,
    }
}

/// Whether a request came as far as a stage.
pub(crate) fn reached(a: &Asked, stage: &str) -> bool {
    matches!(funnel(a, stage), Judged::Value(v) if v >= 0.5)
}

fn field(a: &Asked, name: &str) -> Judged {
    let name = format!("{FIELD}{name}");
    if !a.view.has_opinion(&name) {
        return Judged::Outside;
    }
    match (a.last().class, a.opinion(&name)) {
        (OutcomeClass::Failed(_) | OutcomeClass::NotSent(_), _) => Judged::Excluded,
        (_, Opinion::Value(v)) => Judged::Value(v),
        (OutcomeClass::Empty, _) | (_, Opinion::Unparsable) => Judged::Value(0.0),
        (_, Opinion::Failed) => Judged::Excluded,
        (_, Opinion::None | Opinion::Label(_)) => Judged::Outside,
    }
}
