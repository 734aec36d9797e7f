//! Samples of lm-eval (`samples_TASK_DATE.jsonl`) and its results (`results_DATE.json`).
//!
//! Main function: [`import`]. lm-eval writes no times: they stay absent.

use crate::error::{FormatError, brief};
use crate::input::Input;
use crate::json::{self, each_line, spelled};
use crate::run::{Builder, ForeignRun, One};
use acidtest_record::{Case, Digest, Key, Kind, Load, Part, Value as Said};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Metrics that say whether an answer is right, first of all first.
const DECIDING: [&str; 5] = ["exact_match", "acc", "em", "prompt_level_strict_acc", "pass@1"];

/// Reads samples, with the results beside them where they are; or results, with the samples that they name.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let text = input.text()?;
    let name = input.file_name();
    if !name.ends_with(".jsonl") && !is_sample(text) {
        let results = json::parse(input.name, text)?;
        return of_results(input, &results);
    }
    let date = name.strip_suffix(".jsonl").and_then(|n| n.rsplit_once('_')).map(|(_, date)| date.to_owned());
    let task =
        name.strip_prefix("samples_").and_then(|n| n.rsplit_once('_')).map_or("lm-eval", |(task, _)| task);
    let results = date
        .and_then(|date| input.neighbour_text(&format!("results_{date}.json")).ok())
        .and_then(|text| json::parse("results", &text).ok());
    let mut b = builder(input, results.as_ref());
    b.name(task);
    samples(&mut b, input.name, text, task, false)?;
    Ok(b.finish())
}

fn is_sample(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    matches!(crate::counted::read(first, crate::counted::MAX_VALUES), Ok(Value::Object(m)) if m.contains_key("doc_id"))
}

fn builder(input: &Input<'_>, results: Option<&Value>) -> Builder {
    let get = |key: &str| results.and_then(|r| r.get(key));
    let version = get("lm_eval_version").map(spelled).unwrap_or_default();
    let mut b = Builder::new(input, "lm-eval", &version);
    if let Some(began) = json::number(get("date")).and_then(json::nanos) {
        b.began(began);
        let seconds = get("total_evaluation_time_seconds").map(spelled).and_then(|s| s.parse::<f64>().ok());
        if let Some(end) = seconds.and_then(json::nanos).and_then(|n| began.checked_add(n)) {
            b.ended(end);
        }
    }
    b.target(&get("model_name").map(spelled).unwrap_or_default(), "", false);
    b.phase("lm-eval", Load::Unstated);
    for key in ["results", "n-shot", "versions", "total_evaluation_time_seconds", "model_source"] {
        if let Some(value) = get(key) {
            b.facts(key, value, 3);
        }
    }
    b
}

/// Results name tasks; their samples stand beside them under the same date.
fn of_results(input: &Input<'_>, results: &Value) -> Result<ForeignRun, FormatError> {
    let Some(tasks) = results.get("results").and_then(Value::as_object) else {
        return Err(FormatError::new(input.name, None, "it has neither samples nor 'results'")
            .hint("give a samples_TASK_DATE.jsonl or results_DATE.json of lm-eval"));
    };
    let name = input.file_name();
    let date = name.strip_prefix("results_").and_then(|n| n.strip_suffix(".json")).unwrap_or_default();
    let mut b = builder(input, Some(results));
    b.name(&tasks.keys().take(5).cloned().collect::<Vec<_>>().join(", "));
    for task in tasks.keys() {
        let file = format!("samples_{task}_{date}.jsonl");
        match input.neighbour_text(&file) {
            Ok(text) => samples(&mut b, &file, &text, task, tasks.len() > 1)?,
            Err(_) => b.loss(
                0,
                format!("no samples of task '{}' beside it: its figures are facts only", brief(task)),
            ),
        }
    }
    Ok(b.finish())
}

/// All lines of one task. Several filters of one document are one answer with several opinions.
fn samples(b: &mut Builder, file: &str, text: &str, task: &str, tag: bool) -> Result<(), FormatError> {
    let mut seen: HashMap<String, Key> = HashMap::new();
    each_line(file, text, |line, map| {
        let at = |what: &str| FormatError::new(file, Some(line), what);
        let id = map.get("doc_id").map(spelled).ok_or_else(|| {
            at("it has no 'doc_id'").hint("lines of samples_TASK_DATE.jsonl have doc_id, doc, target, resps")
        })?;
        let key = match seen.get(&id) {
            Some(key) => *key,
            None => {
                let key = answer(b, &map, &id, task, tag).map_err(|e| at(&e))?;
                seen.insert(id, key);
                key
            }
        };
        opinions(b, &map, key);
        Ok(())
    })
}

/// The answers to one document: the first one's key.
fn answer(b: &mut Builder, map: &Map<String, Value>, id: &str, task: &str, tag: bool) -> Result<Key, String> {
    let case = case(b, map, id, task, tag);
    let (kind, answers) = answers(map)?;
    let asked = map.get("arguments").map(|args| json!({"arguments": args}));
    let mut first = None;
    for (repeat, parts) in answers.into_iter().enumerate() {
        let one = One {
            case: Some(case),
            kept: true,
            repeat: u16::try_from(repeat).unwrap_or(u16::MAX),
            kind: Some(kind),
            asked: asked.clone(),
            parts,
            ..One::default()
        };
        let key = b.record(one).map_err(|e| e.what)?;
        first = first.or(Some(key));
    }
    first.ok_or_else(|| "'resps' is empty".to_owned())
}

fn case(b: &mut Builder, map: &Map<String, Value>, id: &str, task: &str, tag: bool) -> Digest {
    let vars = match map.get("doc") {
        Some(Value::Object(doc)) => doc.clone(),
        Some(other) => Map::from_iter([("doc".to_owned(), other.clone())]),
        None => Map::new(),
    };
    let mut case =
        Case { id: if tag { format!("{task}/{id}") } else { id.to_owned() }, vars, ..Case::default() };
    case.expected = match map.get("target") {
        Some(Value::Array(all)) => all.iter().map(spelled).collect(),
        Some(target) => vec![spelled(target)],
        None => Vec::new(),
    };
    case.expected.retain(|t| !t.is_empty());
    if tag {
        case.tags.insert("task".into(), task.to_owned());
    }
    b.case(case)
}

/// Texts, or log-likelihoods of choices.
fn answers(map: &Map<String, Value>) -> Result<(Kind, Vec<Vec<Part>>), String> {
    let Some(Value::Array(resps)) = map.get("resps") else {
        return Err("it has no list 'resps'".into());
    };
    let scores: Option<Vec<f64>> = resps
        .iter()
        .map(|choice| {
            let first = choice.get(0)?;
            let value = first.get(0).unwrap_or(first);
            match (value, first.is_array()) {
                (Value::Number(n), _) => n.as_f64(),
                (Value::String(s), true) => s.parse().ok(),
                _ => None,
            }
        })
        .collect();
    if let Some(scores) = scores.filter(|s| !s.is_empty()) {
        return Ok((Kind::LogLikelihood, vec![vec![Part::Scores(scores)]]));
    }
    let repeats = match resps.first() {
        Some(Value::Array(repeats)) => repeats.iter().collect(),
        Some(one) => vec![one],
        None => Vec::new(),
    };
    Ok((Kind::Chat, repeats.into_iter().take(10_000).map(|r| vec![Part::Text(spelled(r))]).collect()))
}

/// One opinion a metric; the first deciding one says whether the answer is right.
fn opinions(b: &mut Builder, map: &Map<String, Value>, key: Key) {
    let filter = map.get("filter").map(spelled).unwrap_or_default();
    let plain = filter.is_empty() || filter == "none";
    let named: Vec<String> = match map.get("metrics") {
        Some(Value::Array(names)) => names.iter().take(100).map(spelled).collect(),
        // Before 0.4.9 the metrics stand in the line without a list of them.
        _ => DECIDING.iter().filter(|m| map.contains_key(**m)).map(|m| (*m).to_owned()).collect(),
    };
    let why = map.get("filtered_resps").map(|f| format!("filter {filter}: {}", brief(&f.to_string())));
    let value = |name: &str| -> Option<f64> {
        match map.get(name)? {
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            other => json::number(Some(other)),
        }
    };
    for name in &named {
        if let Some(v) = value(name) {
            let shown = if plain { name.clone() } else { format!("{name},{filter}") };
            b.verdict(key, &shown, Said::Number(v), why.clone());
        } else if map.get(name).is_some_and(|v| !v.is_null()) {
            b.loss(0, format!("metric '{}' is not one number for each document: it is left", brief(name)));
        }
    }
    let deciding = DECIDING.iter().find(|d| named.iter().any(|n| n == *d));
    if let Some(v) = deciding.and_then(|d| value(d)).filter(|v| plain && (*v == 0.0 || *v == 1.0)) {
        b.verdict(key, "correct", Said::Bool(v == 1.0), None);
    }
}
