//! AIPerf (`profile_export.jsonl`, `profile_export_aiperf.json`) and GenAI-Perf
//! (`profile_export.json` of perf_analyzer).
//!
//! Main function: [`import`].

use crate::error::{FormatError, brief};
use crate::input::Input;
use crate::json::{self, count, each_line, number, spelled};
use crate::run::{Builder, ForeignRun, One, closed};
use acidtest_record::{Cause, Finish, Outcome, Stage, Usage};
use serde_json::{Map, Value};

/// Reads one of the three files.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let text = input.text()?;
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    if input.file_name().ends_with(".jsonl") || is_record(first) {
        return records(input, text);
    }
    let root = json::parse(input.name, text)?;
    if let Some(experiments) = root.get("experiments").and_then(Value::as_array) {
        return genai_perf(input, &root, experiments);
    }
    if !is_summary(&root) {
        return Err(FormatError::new(input.name, None, "it is no result of AIPerf or GenAI-Perf").hint(
            "give profile_export.jsonl (each request), profile_export_aiperf.json, or profile_export.json",
        ));
    }
    let mut b = Builder::new(input, "AIPerf", &root.get("aiperf_version").map(spelled).unwrap_or_default());
    summary(&mut b, &root);
    b.loss(0, "the summary has no requests one by one (profile_export.jsonl): its figures are facts only");
    Ok(b.finish())
}

/// Whether a line is one of AIPerf's records.
pub(crate) fn is_record(line: &str) -> bool {
    matches!(crate::counted::read(line, crate::counted::MAX_VALUES), Ok(Value::Object(m)) if m.contains_key("metadata") && m.contains_key("metrics"))
}

/// Whether it is AIPerf's summary.
pub(crate) fn is_summary(root: &Value) -> bool {
    root.get("request_latency").is_some_and(|m| m.get("unit").is_some())
        || (root.get("input_config").is_some() && root.get("request_count").is_some())
}

fn summary(b: &mut Builder, root: &Value) {
    for (key, value) in root.as_object().into_iter().flatten().filter(|(k, _)| *k != "input_config").take(500)
    {
        b.facts(key, value, 2);
    }
}

fn records(input: &Input<'_>, text: &str) -> Result<ForeignRun, FormatError> {
    let beside =
        input.neighbour_text("profile_export_aiperf.json").ok().and_then(|t| json::parse("summary", &t).ok());
    let version = beside.as_ref().and_then(|s| s.get("aiperf_version")).map(spelled).unwrap_or_default();
    let mut b = Builder::new(input, "AIPerf", &version);
    b.counts_tokens();
    let mut lines: Vec<(u32, Map<String, Value>)> = Vec::new();
    each_line(input.name, text, |line, map| {
        if !map.contains_key("metadata") || !map.contains_key("metrics") {
            return Err(FormatError::new(
                input.name,
                Some(line),
                "expected a record with 'metadata' and 'metrics'",
            )
            .hint("give AIPerf's profile_export.jsonl (--export-level records)"));
        }
        lines.push((line, map));
        Ok(())
    })?;
    let start = |m: &Map<String, Value>| m["metadata"].get("request_start_ns").and_then(Value::as_i64);
    if let Some(first) = lines.iter().filter_map(|(_, m)| start(m)).min() {
        b.began(first);
    }
    if let Some(last) =
        lines.iter().filter_map(|(_, m)| m["metadata"].get("request_end_ns").and_then(Value::as_i64)).max()
    {
        b.ended(last);
    }
    let model = beside.as_ref().and_then(|s| s.get("input_config")).and_then(model_of).unwrap_or_default();
    b.target(&model, "", true);
    let users = beside.as_ref().and_then(|s| s.pointer("/input_config/loadgen/concurrency"));
    b.phase("aiperf", closed(number(users)));
    if let Some(beside) = &beside {
        summary(&mut b, beside);
    }
    for (line, map) in &lines {
        if map["metadata"].get("benchmark_phase").and_then(Value::as_str).is_some_and(|p| p == "warmup") {
            b.loss(*line, "requests of the warm-up are left");
            continue;
        }
        record(&mut b, map).map_err(|e| FormatError { line: Some(*line), ..e })?;
    }
    Ok(b.finish())
}

fn model_of(config: &Value) -> Option<String> {
    let names = config.get("endpoint")?.get("model_names")?;
    Some(brief(&names.get(0).map_or_else(|| spelled(names), spelled)))
}

/// A metric's value in the unit that is wanted.
fn metric(map: &Map<String, Value>, name: &str) -> Option<f64> {
    number(map["metrics"].get(name)?.get("value"))
}

/// A duration in nanoseconds by the unit that stands beside it.
fn duration(map: &Map<String, Value>, name: &str) -> Option<i64> {
    let entry = map["metrics"].get(name)?;
    let scale = scale(entry.get("unit")?.as_str()?)?;
    json::nanos(number(entry.get("value"))? * scale)
}

fn scale(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "sec" => 1.0,
        "ms" => 1e-3,
        "us" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}

fn record(b: &mut Builder, map: &Map<String, Value>) -> Result<(), FormatError> {
    let meta = |key: &str| map["metadata"].get(key);
    let sent = meta("request_start_ns").and_then(Value::as_i64);
    let ended = meta("request_end_ns").and_then(Value::as_i64).filter(|e| sent.is_some_and(|s| *e >= s));
    let mut arrivals = Vec::new();
    if let (Some(sent), Some(first)) = (sent, duration(map, "time_to_first_token")) {
        let mut at = sent.saturating_add(first);
        arrivals.push(at);
        let chunks = map["metrics"].get("inter_chunk_latency");
        let unit = chunks.and_then(|c| c.get("unit")).and_then(Value::as_str).and_then(scale);
        for gap in chunks.and_then(|c| c.get("value")).and_then(Value::as_array).into_iter().flatten() {
            let Some(ns) = unit.zip(gap.as_f64()).and_then(|(s, g)| json::nanos(g * s)) else { continue };
            at = at.saturating_add(ns.max(0));
            arrivals.push(at);
        }
    }
    let error = map.get("error").filter(|e| !e.is_null());
    let cancelled = meta("was_cancelled").and_then(Value::as_bool).unwrap_or(false);
    let outcome = match error {
        None if !cancelled => Outcome::Completed { finish: Finish::Unsaid },
        _ => failed(error, cancelled),
    };
    let tokens = |name: &str| count(metric(map, name).map(Value::from).as_ref());
    let one = One {
        stream: !arrivals.is_empty(),
        sent,
        arrivals,
        ended,
        outcome: Some(outcome),
        usage: Usage {
            input: tokens("input_sequence_length"),
            output: tokens("output_sequence_length").or_else(|| tokens("output_token_count")),
            reasoning: tokens("reasoning_token_count"),
            ..Usage::default()
        },
        id: meta("x_request_id").and_then(Value::as_str).map(str::to_owned),
        ..One::default()
    };
    b.record(one).map(|_| ())
}

fn failed(error: Option<&Value>, cancelled: bool) -> Outcome {
    let code = error.and_then(|e| e.get("code")).and_then(Value::as_u64).and_then(|c| u16::try_from(c).ok());
    let cause = match code {
        _ if cancelled => Cause::Cancelled,
        Some(429) => Cause::RateLimited,
        Some(529) => Cause::Overloaded,
        Some(300..=399) => Cause::Redirect,
        Some(400..=499) => Cause::Client,
        _ => Cause::Server,
    };
    let detail = error.and_then(|e| e.get("message")).map(spelled).unwrap_or_default();
    Outcome::Failed {
        stage: Stage::Head,
        cause,
        status: code.filter(|c| (100..600).contains(c)),
        detail: detail.chars().filter(|c| !c.is_control()).take(500).collect(),
    }
}

/// perf_analyzer's export: every response has its own time.
fn genai_perf(input: &Input<'_>, root: &Value, experiments: &[Value]) -> Result<ForeignRun, FormatError> {
    let mut b = Builder::new(input, "GenAI-Perf", &root.get("version").map(spelled).unwrap_or_default());
    let requests = |e: &Value| e.get("requests").and_then(Value::as_array).cloned().unwrap_or_default();
    let all: Vec<Vec<Value>> = experiments.iter().take(1000).map(requests).collect();
    if all.iter().all(Vec::is_empty) {
        return Err(FormatError::new(input.name, None, "its experiments have no 'requests'"));
    }
    let start = |r: &Value| r.get("timestamp").and_then(Value::as_i64);
    if let Some(first) = all.iter().flatten().filter_map(start).min() {
        b.began(first);
    }
    b.target("", "", true);
    for (experiment, requests) in experiments.iter().zip(&all) {
        let what = experiment.get("experiment");
        let level = number(what.and_then(|e| e.get("value")));
        let mode = what.and_then(|e| e.get("mode")).map(spelled).unwrap_or_default();
        let name = level.map_or_else(|| mode.clone(), |l| format!("{mode} {l}"));
        let phase = b.phase(&name, closed(level.filter(|_| mode == "concurrency")));
        for request in requests {
            let sent = start(request);
            let mut arrivals: Vec<i64> = request
                .get("response_timestamps")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_i64)
                .collect();
            arrivals.sort_unstable();
            let good = request.get("success").and_then(Value::as_bool).unwrap_or(true);
            let ended = arrivals.last().copied();
            let outcome =
                if good { Outcome::Completed { finish: Finish::Unsaid } } else { failed(None, false) };
            let stream = arrivals.len() > 1;
            b.record(One { phase, stream, sent, arrivals, ended, outcome: Some(outcome), ..One::default() })?;
        }
    }
    Ok(b.finish())
}
