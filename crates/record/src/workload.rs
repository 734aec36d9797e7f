//! The digest of everything that decides what is asked, by which runs are comparable.
//!
//! Main functions: [`workload`], [`workload_differences`]. The plan is hashed as it is
//! serialised, minus a list of what does not count, so that a new field counts unless it is
//! named here. A field at its default is as good as absent: plans stored before there was such a
//! field keep their digest.

use crate::case::Case;
use crate::ids::Digest;
use crate::spec::RunSpec;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Parts of a plan that do not decide what is asked: who answers, how answers are judged,
/// what happens on failure, and names. `cases` is their number; the cases are hashed themselves.
const NOT_COUNTED: [&str; 22] = [
    "version",
    "name",
    "origin",
    "acidtest",
    "seed",
    "targets",
    "retry",
    "limits",
    "caps",
    "scorers",
    "metrics",
    "gates",
    "regression",
    "abort",
    "slo",
    "cache",
    "observe",
    "pass_rule",
    "selection",
    "skipped",
    "cases",
    "workload",
];

/// Parts of a case that do not: `hash` stands for variables, references and refusal.
const NOT_COUNTED_OF_CASE: [&str; 10] =
    ["id", "vars", "expected", "refuse", "cluster", "split", "tags", "scorers", "timeout_s", "xfail"];

/// The digest by which runs are comparable.
///
/// In it: prompts, parameters, phases, repeats, `fresh`, extraction and every other part of the
/// plan that is not on the list above, then the cases in order.
#[must_use]
pub fn workload(spec: &RunSpec, cases: &[Case]) -> Digest {
    let mut parts = vec![Value::Object(counted(spec)).to_string().into_bytes()];
    parts.extend(cases.iter().map(case_part));
    Digest::of_parts(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// What differs between two workloads, in words; empty when they are equal.
#[must_use]
pub fn workload_differences(a: (&RunSpec, &[Case]), b: (&RunSpec, &[Case])) -> Vec<String> {
    let (left, right) = (counted(a.0), counted(b.0));
    let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let mut found: Vec<String> = keys
        .into_iter()
        .filter(|key| left.get(*key) != right.get(*key))
        .map(|key| match (brief(left.get(key)), brief(right.get(key))) {
            (Some(l), Some(r)) => format!("{key}: {l} against {r}"),
            _ => format!("{key} differ"),
        })
        .collect();
    let parts = |cases: &[Case]| cases.iter().map(case_part).collect::<Vec<_>>();
    let (left, right) = (parts(a.1), parts(b.1));
    if left != right {
        let (l, r): (BTreeSet<_>, BTreeSet<_>) = (left.iter().collect(), right.iter().collect());
        let (only_l, only_r) = (l.difference(&r).count(), r.difference(&l).count());
        found.push(match (only_l, only_r) {
            (0, 0) => "the same cases in another order".to_owned(),
            _ => format!("cases: {only_l} only in the first, {only_r} only in the second"),
        });
    }
    found
}

/// A value that is short enough to be shown.
fn brief(value: Option<&Value>) -> Option<String> {
    let text = value.map_or("the default".to_owned(), Value::to_string);
    (text.len() <= 60).then_some(text)
}

/// The counted parts of a plan, keys in order, defaults left out.
fn counted(spec: &RunSpec) -> Map<String, Value> {
    let whole = object(serde_json::to_value(spec));
    let blank = object(serde_json::to_value(RunSpec::default()));
    let mut kept: BTreeMap<String, Value> = BTreeMap::new();
    for (key, mut value) in whole {
        if NOT_COUNTED.contains(&key.as_str()) || blank.get(&key) == Some(&value) {
            continue;
        }
        // What a search tried is what it found: two searches of one kind are comparable.
        if key == "phases" && spec.search.as_ref().is_some_and(|s| s.find.is_some()) {
            continue;
        }
        if ["prompts", "phases"].contains(&key.as_str()) {
            each(&mut value, &mut |part| {
                part.remove("name");
                part.remove("stop_when");
            });
        }
        // What the user wrote stays as it is; what this program wrote may gain fields.
        let value = if key == "params" { sorted(value) } else { pruned(sorted(value)) };
        kept.insert(key, value);
    }
    kept.into_iter().collect()
}

fn case_part(case: &Case) -> Vec<u8> {
    let mut form = object(serde_json::to_value(case));
    form.retain(|key, _| !NOT_COUNTED_OF_CASE.contains(&key.as_str()));
    pruned(sorted(Value::Object(form))).to_string().into_bytes()
}

fn object(value: serde_json::Result<Value>) -> Map<String, Value> {
    match value {
        Ok(Value::Object(map)) => map,
        _ => unreachable!("plans and cases serialise as objects with text keys"),
    }
}

fn each(value: &mut Value, change: &mut dyn FnMut(&mut Map<String, Value>)) {
    let Value::Array(items) = value else { return };
    items.iter_mut().filter_map(Value::as_object_mut).for_each(change);
}

/// Without what says nothing: null, false, empty lists, maps and texts of objects.
fn pruned(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(pruned).collect()),
        Value::Object(map) => {
            let says = |v: &Value| match v {
                Value::Null | Value::Bool(false) => false,
                Value::Array(items) => !items.is_empty(),
                Value::Object(map) => !map.is_empty(),
                Value::String(text) => !text.is_empty(),
                _ => true,
            };
            Value::Object(map.into_iter().map(|(k, v)| (k, pruned(v))).filter(|(_, v)| says(v)).collect())
        }
        other => other,
    }
}

/// The same JSON with every object's keys in order.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let pairs: BTreeMap<String, Value> = map.into_iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(pairs.into_iter().collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Amount, Load, PhaseSpec, Warmup};
    use crate::spec::{Extraction, PromptSpec, TargetSpec};

    fn plan() -> RunSpec {
        let phase = PhaseSpec {
            name: "closed 4".into(),
            load: Load::Closed { concurrency: 4 },
            amount: Amount::Cases,
            warmup: Warmup::None,
            max_in_flight: 64,
            ..PhaseSpec::default()
        };
        RunSpec {
            repeats: 1,
            phases: vec![phase],
            prompts: vec![PromptSpec::default()],
            ..RunSpec::default()
        }
    }

    #[test]
    fn every_part_of_a_plan_counts_or_is_on_the_list() {
        let base = workload(&plan(), &[]);
        let same = RunSpec {
            name: "other".into(),
            seed: 7,
            targets: vec![TargetSpec::default()],
            workload: Digest::of(b"x"),
            ..plan()
        };
        assert_eq!(workload(&same, &[]), base);
        // It is left out where there is none, so that old plans are written as they were.
        let gate = crate::Regression::parse("accuracy not worse").unwrap();
        let gated = RunSpec { regression: vec![gate], ..plan() };
        assert_eq!(workload(&gated, &[]), base);
        let rules = RunSpec {
            cache: true,
            abort: vec![crate::AbortRule {
                what: crate::AbortWhat::Time,
                op: crate::Op::Gt,
                limit: 60.0,
                after: 20,
                sequential: false,
                hold_s: 0.0,
                text: "time > 1 min".into(),
            }],
            pass_rule: Some(crate::PassRule::AtLeast(1)),
            selection: vec!["split test".into()],
            skipped: vec![crate::Skipped::default()],
            metrics: vec![crate::MetricSpec::default()],
            slo: Some(crate::Slo::parse("ttft.p95<=1s").unwrap()),
            observe: crate::ObserveSpec { host: false, ..crate::ObserveSpec::default() },
            ..gated
        };
        assert_eq!(workload(&rules, &[]), base);
        let fields = object(serde_json::to_value(rules));
        for key in NOT_COUNTED {
            assert!(fields.contains_key(key), "'{key}' is on the list and no part of a plan");
        }
        for other in [
            RunSpec { repeats: 2, ..plan() },
            RunSpec { fresh: true, ..plan() },
            RunSpec { extraction: Extraction::LastNumber, ..plan() },
            RunSpec { phases: Vec::new(), ..plan() },
        ] {
            assert_ne!(workload(&other, &[]), base);
        }
    }

    #[test]
    fn names_do_not_count_and_differences_are_named() {
        let mut renamed = plan();
        renamed.phases[0].name = "x".into();
        assert!(workload_differences((&plan(), &[]), (&renamed, &[])).is_empty());
        assert_eq!(workload(&renamed, &[]), workload(&plan(), &[]));
        let case = Case { id: "c".into(), hash: Digest::of(b"c"), ..Case::default() };
        let other = RunSpec { repeats: 3, ..plan() };
        let found = workload_differences((&plan(), &[]), (&other, &[case]));
        assert_eq!(found, ["repeats: 1 against 3", "cases: 0 only in the first, 1 only in the second"]);
    }
}
