//! Logs of Inspect: `.eval` (a zip of JSON files) and `.json`.
//!
//! Main function: [`import`]. One record for each sample and epoch. The times of a
//! model's call are kept where there was one call; where there were several, only
//! the sample's whole length is known, and that is no latency.

use crate::counted::{MAX_VALUES, weight};
use crate::error::{FormatError, brief};
use crate::input::{Input, text_of};
use crate::json::{self, count, spelled};
use crate::run::{Builder, ForeignRun, One, unix_ns};
use acidtest_record::{Case, Cause, Finish, Key, Load, Outcome, Part, Stage, Usage, Value as Said};
use serde_json::{Map, Value, json};
use std::io::{Cursor, Read};

/// Largest unpacked file within a log, and largest sum of them.
const MAX_ENTRY: u64 = 64 << 20;
const MAX_TOTAL: u64 = 2 << 30;
/// Most messages of a sample.
const MAX_MESSAGES: usize = 100_000;
/// Most files within a log.
const MAX_ENTRIES: usize = 1_000_000;

/// Reads a log.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    if input.bytes.starts_with(b"PK") {
        return packed(input);
    }
    let log = json::parse(input.name, input.text()?)?;
    let mut b = begin(input, &log)?;
    match log.get("samples") {
        Some(Value::Array(samples)) => {
            let mut kept = 0;
            for one in samples {
                sample(&mut b, one, &log, &mut kept)
                    .map_err(|what| FormatError::new(input.name, None, what))?;
            }
        }
        _ => b.loss(0, "the log has no samples: its figures are facts only"),
    }
    Ok(b.finish())
}

fn packed(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let bad = |what: String| {
        FormatError::new(input.name, None, what)
            .hint("is the log whole? Copy it again, or convert it with `inspect log convert`")
    };
    let mut archive = zip::ZipArchive::new(Cursor::new(input.bytes))
        .map_err(|e| bad(format!("not a readable .eval file: {}", brief(&e.to_string()))))?;
    if archive.len() > MAX_ENTRIES {
        return Err(bad("it holds more than 1000000 files".into()));
    }
    let mut total = 0;
    let names: Vec<String> =
        archive.file_names().filter_map(|name| name.ok().map(std::borrow::Cow::into_owned)).collect();
    let header = ["header.json", "_journal/start.json"].into_iter().find(|n| names.iter().any(|m| m == n));
    let Some(header) = header else {
        return Err(bad("it has no header.json".into()));
    };
    let log = unpack(&mut archive, header, &mut total).map_err(&bad)?;
    let mut b = begin(input, &log)?;
    if header != "header.json" {
        b.loss(0, "the log was never finished: it has no figures of its own");
    }
    let mut samples: Vec<&String> =
        names.iter().filter(|n| n.starts_with("samples/") && n.ends_with(".json")).collect();
    samples.sort();
    samples.dedup();
    let mut kept = 0;
    for name in samples {
        let one = unpack(&mut archive, name, &mut total).map_err(&bad)?;
        sample(&mut b, &one, &log, &mut kept).map_err(|what| bad(format!("{}: {what}", brief(name))))?;
    }
    Ok(b.finish())
}

/// One file of the archive as JSON; a bomb ends at the limit.
fn unpack(
    archive: &mut zip::ZipArchive<Cursor<&[u8]>>,
    name: &str,
    total: &mut u64,
) -> Result<Value, String> {
    let trouble = |e: &dyn std::fmt::Display| format!("{}: {}", brief(name), brief(&e.to_string()));
    let file = archive.by_name(name).map_err(|e| trouble(&e))?;
    let mut bytes = Vec::new();
    file.take(MAX_ENTRY + 1).read_to_end(&mut bytes).map_err(|e| trouble(&e))?;
    *total += bytes.len() as u64;
    if bytes.len() as u64 > MAX_ENTRY || *total > MAX_TOTAL {
        return Err(format!(
            "{}: unpacked it is larger than our limit (64 MiB a file, 2 GiB in all)",
            brief(name)
        ));
    }
    let text = text_of(name, &bytes).map_err(|e| e.to_string())?;
    json::parse(name, text).map_err(|e| e.to_string())
}

fn begin(input: &Input<'_>, log: &Value) -> Result<Builder, FormatError> {
    let Some(eval) = log.get("eval").filter(|e| e.is_object()) else {
        return Err(FormatError::new(input.name, None, "it has no 'eval': it is no log of Inspect")
            .hint("give a .eval or .json log that `inspect eval` wrote"));
    };
    match log.get("version").and_then(Value::as_u64) {
        Some(1 | 2) | None => {}
        Some(version) => {
            return Err(FormatError::new(
                input.name,
                None,
                format!("log version {version}: expected 1 or 2"),
            )
            .hint("convert it with `inspect log convert` of a version that writes 2"));
        }
    }
    let version = eval.get("packages").and_then(|p| p.get("inspect_ai")).map(spelled).unwrap_or_default();
    let mut b = Builder::new(input, "inspect_ai", &version);
    b.name(&eval.get("task").map(spelled).unwrap_or_default());
    let stats = log.get("stats");
    let time = |key: &str| stats.and_then(|s| s.get(key)).and_then(Value::as_str).and_then(unix_ns);
    let created = eval.get("created").and_then(Value::as_str).and_then(unix_ns);
    if let Some(began) = time("started_at").or(created) {
        b.began(began);
    }
    if let Some(ended) = time("completed_at") {
        b.ended(ended);
    }
    b.target(&eval.get("model").map(spelled).unwrap_or_default(), "", false);
    b.phase("inspect", Load::Unstated);
    if let Some(status) = log.get("status") {
        b.fact("status", status);
    }
    for scorer in log
        .get("results")
        .and_then(|r| r.get("scores"))
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(50)
    {
        let name = scorer.get("name").map(spelled).unwrap_or_default();
        for (metric, said) in scorer.get("metrics").and_then(Value::as_object).into_iter().flatten().take(50)
        {
            if let Some(value) = said.get("value") {
                b.fact(&format!("results.{name}.{metric}"), value);
            }
        }
    }
    Ok(b)
}

/// One sample; `kept` counts the values that all samples leave in memory.
fn sample(b: &mut Builder, sample: &Value, log: &Value, kept: &mut usize) -> Result<(), String> {
    let id = sample.get("id").map(spelled).filter(|id| !id.is_empty()).ok_or("a sample without 'id'")?;
    let epoch = sample.get("epoch").and_then(Value::as_u64).unwrap_or(1).max(1);
    let (case, asked) = question(sample, &id, kept)?;
    let case = b.case(case);
    let output = sample.get("output");
    let calls: Vec<&Value> = sample
        .get("events")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|e| e.get("event").and_then(Value::as_str) == Some("model"))
        .collect();
    let time = |key: &str| match calls.as_slice() {
        [one] => one.get(key).and_then(Value::as_str).and_then(unix_ns),
        _ => None,
    };
    let (sent, ended) = (time("timestamp"), time("completed"));
    if calls.len() > 1 {
        b.loss(0, "samples with several calls of the model: no times are kept for them");
    }
    let one = One {
        case: Some(case),
        kept: true,
        repeat: u16::try_from(epoch - 1).unwrap_or(u16::MAX),
        asked,
        sent,
        ended: ended.filter(|e| sent.is_some_and(|s| *e >= s)),
        outcome: Some(outcome(sample)),
        parts: parts(sample, output),
        usage: usage(output.and_then(|o| o.get("usage"))),
        model: output.and_then(|o| o.get("model")).map(spelled),
        id: sample.get("uuid").and_then(Value::as_str).map(str::to_owned),
        ..One::default()
    };
    let key = b.record(one).map_err(|e| e.what)?;
    judged(b, key, sample, log);
    Ok(())
}

/// What was asked, within bounds.
fn question(sample: &Value, id: &str, kept: &mut usize) -> Result<(Case, Option<Value>), String> {
    for key in ["input", "messages"] {
        if sample.get(key).and_then(Value::as_array).is_some_and(|all| all.len() > MAX_MESSAGES) {
            return Err(format!("'{key}' holds more than {MAX_MESSAGES} messages"));
        }
    }
    let (case, asked) = (case_of(sample, id), asked(sample));
    *kept += case.vars.values().chain(&asked).map(weight).sum::<usize>() + case.expected.len();
    if *kept > MAX_VALUES {
        return Err(format!("the samples hold more than {MAX_VALUES} JSON values that are kept"));
    }
    Ok((case, asked))
}

/// The scores of a sample; the one that decides also says right or wrong.
fn judged(b: &mut Builder, key: Key, sample: &Value, log: &Value) {
    let headline =
        log.get("results").and_then(|r| r.get("headline")).and_then(|h| h.get("score")).map(spelled);
    let scores = sample.get("scores").and_then(Value::as_object);
    let mut decided = false;
    for (name, score) in scores.into_iter().flatten().take(1000) {
        let Some(value) = score.get("value") else { continue };
        let why = score.get("explanation").and_then(Value::as_str).map(str::to_owned);
        let said = match opinion(value) {
            Some(said) => said,
            None => {
                b.loss(
                    0,
                    format!("score '{}' is neither a number, a grade nor a word: it is left", brief(name)),
                );
                continue;
            }
        };
        let decides = headline.as_ref().map_or(!decided, |h| h == name);
        let right =
            matches!(&said, Said::Number(n) if *n == 1.0 || *n == 0.0).then(|| said == Said::Number(1.0));
        b.verdict(key, name, said, why);
        if let Some(right) = right.filter(|_| decides) {
            b.verdict(key, "correct", Said::Bool(right), None);
            decided = true;
        }
    }
}

/// Inspect's grades are numbers: C correct, P partly, I incorrect, N no answer.
fn opinion(value: &Value) -> Option<Said> {
    Some(match value {
        Value::Bool(b) => Said::Number(f64::from(u8::from(*b))),
        Value::Number(n) => Said::Number(n.as_f64().filter(|f| f.is_finite())?),
        Value::String(s) => match s.as_str() {
            "C" => Said::Number(1.0),
            "P" => Said::Number(0.5),
            "I" | "N" => Said::Number(0.0),
            word => Said::Label(brief(word)),
        },
        _ => return None,
    })
}

fn case_of(sample: &Value, id: &str) -> Case {
    let mut vars = Map::new();
    vars.insert("input".into(), sample.get("input").map_or(Value::Null, |i| texts_only(sample, i)));
    for key in ["choices"] {
        if let Some(value) = sample.get(key).filter(|v| !v.is_null()) {
            vars.insert(key.into(), value.clone());
        }
    }
    let expected = match sample.get("target") {
        Some(Value::Array(all)) => all.iter().map(spelled).collect(),
        Some(one) => vec![spelled(one)],
        None => Vec::new(),
    };
    let mut case =
        Case { id: id.chars().filter(|c| !c.is_control()).take(200).collect(), vars, ..Case::default() };
    case.expected = expected.into_iter().filter(|t: &String| !t.is_empty()).collect();
    case
}

/// A sample's input: text, or messages reduced to role and text.
fn texts_only(sample: &Value, input: &Value) -> Value {
    match input {
        Value::Array(messages) => messages
            .iter()
            .map(|m| json!({"role": m.get("role"), "content": said(sample, m.get("content"))}))
            .collect(),
        other => json!(resolve(sample, &spelled(other))),
    }
}

/// What was sent: the messages before the answer.
fn asked(sample: &Value) -> Option<Value> {
    let messages = sample.get("messages").and_then(Value::as_array)?;
    let before = messages.iter().take_while(|m| m.get("role").and_then(Value::as_str) != Some("assistant"));
    let list: Vec<Value> =
        before.map(|m| json!({"role": m.get("role"), "content": said(sample, m.get("content"))})).collect();
    (!list.is_empty()).then(|| json!({"messages": list}))
}

/// The visible text of a message's content.
fn said(sample: &Value, content: Option<&Value>) -> String {
    match content {
        Some(Value::Array(parts)) => parts
            .iter()
            .filter_map(|p| p.get("text").and_then(Value::as_str))
            .map(|t| resolve(sample, t))
            .collect(),
        Some(other) => resolve(sample, &spelled(other)),
        None => String::new(),
    }
}

/// Long texts stand once, under their digest.
fn resolve(sample: &Value, text: &str) -> String {
    let stored =
        text.strip_prefix("attachment://").and_then(|hash| sample.get("attachments")?.get(hash)?.as_str());
    stored.unwrap_or(text).to_owned()
}

fn parts(sample: &Value, output: Option<&Value>) -> Vec<Part> {
    let message = output.and_then(|o| o.get("choices")).and_then(|c| c.get(0)).and_then(|c| c.get("message"));
    let Some(message) = message else { return Vec::new() };
    let mut out = Vec::new();
    for part in message.get("content").and_then(Value::as_array).into_iter().flatten() {
        if let Some(text) = part.get("reasoning").and_then(Value::as_str) {
            out.push(Part::Reasoning(resolve(sample, text)));
        }
    }
    let text = said(sample, message.get("content"));
    if !text.is_empty() {
        out.push(Part::Text(text));
    }
    for (index, call) in
        (0u32..).zip(message.get("tool_calls").and_then(Value::as_array).into_iter().flatten())
    {
        out.push(Part::ToolCall {
            index,
            id: call.get("id").map(spelled),
            name: call.get("function").map(spelled).unwrap_or_default(),
            arguments: call.get("arguments").map(Value::to_string).unwrap_or_default(),
        });
    }
    out
}

fn outcome(sample: &Value) -> Outcome {
    let error = sample.get("error").filter(|e| !e.is_null());
    if let Some(error) = error {
        let detail = error.get("message").map(spelled).unwrap_or_default();
        let cause = if detail.contains("Cancelled") { Cause::Cancelled } else { Cause::Server };
        let detail = detail.chars().filter(|c| !c.is_control()).take(500).collect();
        return Outcome::Failed { stage: Stage::Head, cause, status: None, detail };
    }
    let reason = sample
        .get("output")
        .and_then(|o| o.get("choices"))
        .and_then(|c| c.get(0))
        .and_then(|c| c.get("stop_reason"))
        .and_then(Value::as_str);
    Outcome::Completed {
        finish: match reason {
            Some("stop") => Finish::Stop,
            Some("max_tokens" | "model_length") => Finish::Length,
            Some("tool_calls") => Finish::ToolCalls,
            Some("content_filter") => Finish::Filter,
            Some(other) => Finish::Other(brief(other)),
            None => Finish::Unsaid,
        },
    }
}

fn usage(said: Option<&Value>) -> Usage {
    let get = |key: &str| count(said.and_then(|u| u.get(key)));
    Usage {
        input: get("input_tokens"),
        output: get("output_tokens"),
        cached: get("input_tokens_cache_read"),
        reasoning: get("reasoning_tokens"),
    }
}
