//! Results of `vllm bench serve` (`--save-result`, with `--save-detailed` for each request).
//!
//! Main function: [`import`]. A request's times are those that the file states:
//! its start, the first chunk, the gaps after it. vLLM counts the empty opening
//! chunk as the first one.

use crate::error::FormatError;
use crate::input::Input;
use crate::json::{self, count, nanos, number, spelled};
use crate::run::{Builder, ForeignRun, One, closed, unix_ns};
use acidtest_record::{Cause, Finish, Load, Outcome, Part, Stage, Usage};
use serde_json::Value;

/// Lists with an entry for each request.
const DETAILED: [&str; 8] =
    ["input_lens", "output_lens", "ttfts", "itls", "generated_texts", "errors", "latencies", "start_times"];

/// Reads a result file.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let root = json::parse(input.name, input.text()?)?;
    let bad = |what: &str| {
        FormatError::new(input.name, None, what)
            .hint("expected the JSON that `vllm bench serve --save-result` writes")
    };
    let Some(map) = root.as_object() else {
        return Err(bad("expected one JSON object"));
    };
    if !map.contains_key("completed") || !(map.contains_key("model_id") || map.contains_key("num_prompts")) {
        return Err(bad("it has no 'completed' and 'model_id'"));
    }
    let mut b = Builder::new(input, "vllm bench", "");
    b.counts_tokens();
    b.name(
        &map.get("label").filter(|l| !l.is_null()).map(spelled).unwrap_or_else(|| "vllm bench serve".into()),
    );
    if let Some(began) = map.get("date").and_then(Value::as_str).and_then(date) {
        b.began(began);
    }
    let url = map.get("base_url").map(spelled).unwrap_or_default();
    b.target(&map.get("model_id").map(spelled).unwrap_or_default(), &url, true);
    let (name, load) = load(&root);
    b.phase(&name, load);
    for (key, value) in map.iter().filter(|(k, _)| !DETAILED.contains(&k.as_str())) {
        b.facts(key, value, 3);
    }
    let requests = DETAILED.iter().filter_map(|k| map.get(*k)?.as_array()).map(Vec::len).max().unwrap_or(0);
    let uneven = DETAILED.iter().find(|k| {
        map.get(**k).and_then(Value::as_array).is_some_and(|l| !l.is_empty() && l.len() != requests)
    });
    if let Some(key) = uneven {
        return Err(bad(&format!(
            "'{key}' has not one entry for each of {requests} requests: the file is damaged"
        )));
    }
    if requests == 0 {
        b.loss(0, "the file has no requests one by one (--save-detailed): its figures are facts only");
    } else if map.get("start_times").is_none() {
        b.loss(
            0,
            "the file does not say when requests began: ttfts and itls are kept as notes, not as times",
        );
    }
    let base = root_zero(&root);
    for n in 0..requests {
        request(&mut b, &root, base, n)?;
    }
    Ok(b.finish())
}

fn at<'v>(root: &'v Value, key: &str, n: usize) -> Option<&'v Value> {
    root.get(key)?.get(n)
}

/// vLLM does not write down when its schedule wanted a request: a rate stands in the
/// phase's name, and nothing is said about waits from the intended moment.
fn load(root: &Value) -> (String, Load) {
    let name = match number(root.get("request_rate")) {
        Some(rate) => format!("vllm bench, {rate} requests/s"),
        None => "vllm bench".to_owned(),
    };
    (name, closed(number(root.get("max_concurrency"))))
}

fn request(b: &mut Builder, root: &Value, base: f64, n: usize) -> Result<(), FormatError> {
    let error = at(root, "errors", n).map(spelled).unwrap_or_default();
    let ttft = number(at(root, "ttfts", n)).filter(|t| *t > 0.0);
    let gaps: Vec<f64> = at(root, "itls", n)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .filter(|g| *g >= 0.0)
        .collect();
    let start = number(at(root, "start_times", n)).and_then(|s| nanos(s - base));
    let zero = b.zero();
    let sent = start.map(|s| zero.saturating_add(s));
    let mut arrivals = Vec::new();
    if let (Some(sent), Some(ttft)) = (sent, ttft) {
        let mut seconds = ttft;
        arrivals.extend(nanos(seconds).map(|t| sent.saturating_add(t)));
        for gap in &gaps {
            seconds += gap;
            arrivals.extend(nanos(seconds).map(|t| sent.saturating_add(t)));
        }
    }
    let latency = number(at(root, "latencies", n)).and_then(nanos);
    let ended = match (sent, latency) {
        (Some(sent), Some(latency)) => Some(sent.saturating_add(latency)),
        _ => arrivals.last().copied(),
    };
    let outcome = if error.is_empty() {
        Outcome::Completed { finish: Finish::Unsaid }
    } else {
        let detail =
            error.lines().last().unwrap_or_default().chars().filter(|c| !c.is_control()).take(500).collect();
        Outcome::Failed { stage: Stage::Head, cause: Cause::Server, status: None, detail }
    };
    let text = at(root, "generated_texts", n).and_then(Value::as_str).map(str::to_owned);
    let one = One {
        stream: true,
        sent,
        arrivals,
        ended,
        outcome: Some(outcome),
        kept: text.is_some(),
        parts: text.into_iter().map(Part::Text).collect(),
        usage: Usage {
            input: count(at(root, "input_lens", n)),
            output: count(at(root, "output_lens", n)),
            ..Usage::default()
        },
        ..One::default()
    };
    let key = b.record(one)?;
    if sent.is_none() {
        if let Some(ttft) = ttft {
            b.note(key, "ttft_s", ttft);
        }
        if !gaps.is_empty() {
            b.note(key, "mean_itl_s", gaps.iter().sum::<f64>() / gaps.len() as f64);
        }
    }
    Ok(())
}

/// vLLM's start times are of a clock without a known zero: the first start is taken as 0.
fn root_zero(root: &Value) -> f64 {
    let starts = root.get("start_times").and_then(Value::as_array);
    starts.into_iter().flatten().filter_map(Value::as_f64).fold(f64::INFINITY, f64::min)
}

/// `2026-11-26T01:41:30Z`, or the older `20261126-014130` of the machine's own zone.
fn date(text: &str) -> Option<i64> {
    unix_ns(text).or_else(|| {
        let (day, time) = text.split_once('-')?;
        let part = |s: &str, from: usize, to: usize| s.get(from..to).map(str::to_owned);
        let whole = format!(
            "{}-{}-{}T{}:{}:{}Z",
            part(day, 0, 4)?,
            part(day, 4, 6)?,
            part(day, 6, 8)?,
            part(time, 0, 2)?,
            part(time, 2, 4)?,
            part(time, 4, 6)?
        );
        unix_ns(&whole)
    })
}
