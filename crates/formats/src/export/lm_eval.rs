//! Samples as lm-eval's `--log_samples` writes them.
//!
//! Main function: [`lm_eval_samples`]. The hashes of lm-eval (SHA-256 of its own
//! texts) are left out: ours would be others.

use super::{ExportError, RunView, number};
use acidtest_record::{Digest, Part, Record};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// One line a case: the document, what was asked, the answers of all repeats, the scores.
///
/// # Errors
/// The run has no cases, or several targets, prompts or phases.
pub fn lm_eval_samples(view: &RunView<'_>) -> Result<String, ExportError> {
    view.one_cell("lm-eval samples")?;
    if view.cases.is_empty() {
        return Err(ExportError {
            what: "the run has no cases: lm-eval samples are lines about cases".into(),
            hint: "export it as vllm, parquet or jsonl".into(),
        });
    }
    let mut by_case: BTreeMap<Digest, Vec<&Record>> = BTreeMap::new();
    for record in view.last_attempts() {
        if let Some(case) = record.case {
            by_case.entry(case).or_default().push(record);
        }
    }
    let opinions = view.opinions();
    let mut out = String::new();
    for (doc_id, case) in view.cases.iter().enumerate() {
        let Some(records) = by_case.get(&case.hash) else { continue };
        let mut records = records.clone();
        records.sort_by_key(|r| (r.repeat, r.key));
        let first = records[0];
        let mut line = Map::new();
        line.insert("doc_id".into(), json!(doc_id));
        line.insert("doc".into(), Value::Object(case.vars.clone()));
        let target = match case.expected.as_slice() {
            [one] => json!(one),
            many => json!(many),
        };
        line.insert("target".into(), target);
        line.insert("arguments".into(), arguments(view, first));
        let texts: Vec<String> = records.iter().map(|r| r.answer.text()).collect();
        let scores = records.iter().find_map(|r| {
            r.answer.parts.iter().find_map(|p| if let Part::Scores(s) = p { Some(s) } else { None })
        });
        let (resps, filtered) = match scores {
            Some(scores) => (scores.iter().map(|s| json!([[s, false]])).collect(), json!(scores)),
            None => (json!([texts]), json!([texts[0]])),
        };
        line.insert("resps".into(), resps);
        line.insert("filtered_resps".into(), filtered);
        line.insert("filter".into(), json!("none"));
        let mut metrics = Vec::new();
        let mut scores: BTreeMap<&str, (f64, u32)> = BTreeMap::new();
        for ((key, name), verdict) in &opinions {
            let value = verdict.value.as_ref().and_then(number);
            if let Some(value) = value.filter(|_| records.iter().any(|r| r.key == *key)) {
                let at = scores.entry(name).or_default();
                *at = (at.0 + value, at.1 + 1);
            }
        }
        for (name, (sum, n)) in scores {
            let name = if name == "correct" { "acc" } else { name };
            if !line.contains_key(name) {
                metrics.push(name.to_owned());
                line.insert(name.into(), json!(sum / f64::from(n)));
            }
        }
        line.insert("metrics".into(), json!(metrics));
        let _ = writeln!(out, "{}", Value::Object(line));
    }
    Ok(out)
}

/// What was asked: the stored body, or that of an import as it was.
fn arguments(view: &RunView<'_>, record: &Record) -> Value {
    let body = record.request.body.and_then(|hash| view.blobs.get(&hash));
    let body: Option<Value> = body.and_then(|bytes| serde_json::from_slice(bytes).ok());
    match body {
        Some(Value::Object(mut map)) => {
            if let Some(arguments) = map.remove("arguments") {
                return arguments;
            }
            let messages = map.remove("messages").or_else(|| map.remove("prompt")).unwrap_or(Value::Null);
            json!({"gen_args_0": {"arg_0": [messages.to_string()], "arg_1": map}})
        }
        _ => json!({}),
    }
}
