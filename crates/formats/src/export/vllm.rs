//! A run as `vllm bench serve --save-result --save-detailed` writes it.
//!
//! Main function: [`vllm_bench`]. Times are ours: the first chunk is the first
//! with content, which vLLM counts otherwise. Its figures are worked out from the
//! lists as vLLM does, since they belong to its form.

use super::{ExportError, RunView, stamp};
use acidtest_record::{Load, Ns, Outcome, OutcomeClass, Record, Row, Spacing};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// One JSON object.
///
/// # Errors
/// The run has several targets, prompts, phases or clocks.
pub fn vllm_bench(view: &RunView<'_>) -> Result<String, ExportError> {
    view.one_cell("vLLM's form")?;
    let records: Vec<&Record> =
        view.last_attempts().into_iter().filter(|r| !matches!(r.outcome, Outcome::NotSent { .. })).collect();
    let rows: Vec<Row> = records.iter().map(|r| Row::of(r)).collect();
    let clocks: BTreeSet<u16> = rows.iter().map(|r| r.clock).collect();
    if clocks.len() > 1 {
        return Err(ExportError {
            what: format!("vLLM's form has one clock, this run was resumed and has {}", clocks.len()),
            hint: "export it as jsonl or parquet".into(),
        });
    }
    let Some(first) = records.first() else {
        return Err(ExportError {
            what: "no request of the run was sent".into(),
            hint: "export it as jsonl".into(),
        });
    };
    let zero = rows.iter().filter_map(|r| r.sent).min().unwrap_or_default();
    let lists: Vec<Lists> =
        records.iter().zip(&rows).map(|(record, row)| Lists::of(record, row, zero)).collect();
    let mut out = head(view, first);
    sums(&mut out, &lists, &rows);
    details(&mut out, &lists, rows.iter().all(|r| r.sent.is_some()));
    figures(&mut out, &lists);
    let mut text = Value::Object(out).to_string();
    text.push('\n');
    Ok(text)
}

/// What vLLM keeps of a request; seconds.
struct Lists {
    ok: bool,
    start: f64,
    ttft: f64,
    gaps: Vec<f64>,
    latency: f64,
    input: u32,
    output: u32,
    text: String,
    error: String,
}

impl Lists {
    fn of(record: &Record, row: &Row, zero: Ns) -> Self {
        let ok = matches!(record.outcome, Outcome::Completed { .. }) && row.class != OutcomeClass::Empty;
        let arrivals: Vec<Ns> = record.timing.content_arrivals().collect();
        let since = |at: Option<Ns>| at.zip(row.sent).map_or(0.0, |(a, s)| (a - s).secs());
        let gaps = arrivals.windows(2).map(|w| (w[1] - w[0]).secs()).collect();
        Self {
            ok,
            start: row.sent.map_or(0.0, |s| (s - zero).secs()),
            ttft: since(arrivals.first().copied()),
            gaps,
            latency: since(row.body_end.or(row.ended)),
            input: row.input.unwrap_or(0),
            output: row.output.unwrap_or(0),
            text: record.answer.text(),
            error: match &record.outcome {
                Outcome::Failed { cause, detail, .. } => format!("{}: {detail}", cause.id()),
                _ if !ok => "empty answer".into(),
                _ => String::new(),
            },
        }
    }
}

fn head(view: &RunView<'_>, first: &Record) -> Map<String, Value> {
    let target = view.spec.targets.get(usize::from(first.target));
    let load = view.spec.phases.get(usize::from(first.phase)).map(|p| &p.load);
    let (rate, users) = match load.map(|l| (l.peak_rate(), l.users())) {
        Some((Some(rate), _)) => (json!(rate), Value::Null),
        Some((None, Some(users))) => (json!("inf"), json!(users)),
        Some((None, None)) | None => (json!("inf"), Value::Null),
    };
    let burstiness = match load.and_then(Load::spacing) {
        Some(Spacing::Gamma { burstiness }) => burstiness,
        Some(Spacing::Constant | Spacing::Poisson) | None => 1.0,
    };
    let mut out = Map::new();
    out.insert("date".into(), json!(stamp(view.created_unix_ns)));
    out.insert("endpoint_type".into(), json!("openai-chat"));
    out.insert("backend".into(), json!("openai-chat"));
    out.insert("label".into(), json!(view.spec.name));
    out.insert("model_id".into(), json!(target.map(|t| t.model.as_str()).unwrap_or_default()));
    out.insert("tokenizer_id".into(), Value::Null);
    out.insert("request_rate".into(), rate);
    out.insert("burstiness".into(), json!(burstiness));
    out.insert("max_concurrency".into(), users);
    out
}

fn sums(out: &mut Map<String, Value>, lists: &[Lists], rows: &[Row]) {
    let sent = rows.iter().filter_map(|r| r.sent).min();
    let ended = rows.iter().filter_map(|r| r.body_end.or(r.ended)).max();
    let seconds = sent.zip(ended).map(|(s, e)| (e - s).secs()).filter(|s| *s > 0.0);
    let good: Vec<&Lists> = lists.iter().filter(|l| l.ok).collect();
    let input: u64 = good.iter().map(|l| u64::from(l.input)).sum();
    let output: u64 = good.iter().map(|l| u64::from(l.output)).sum();
    let rate = |n: u64| seconds.map(|s| n as f64 / s);
    out.insert("num_prompts".into(), json!(lists.len()));
    out.insert("duration".into(), json!(seconds));
    out.insert("completed".into(), json!(good.len()));
    out.insert("failed".into(), json!(lists.len() - good.len()));
    out.insert("total_input_tokens".into(), json!(input));
    out.insert("total_output_tokens".into(), json!(output));
    out.insert("request_throughput".into(), json!(rate(good.len() as u64)));
    out.insert("output_throughput".into(), json!(rate(output)));
    out.insert("total_token_throughput".into(), json!(rate(input + output)));
}

fn details(out: &mut Map<String, Value>, lists: &[Lists], timed: bool) {
    let mut list = |name: &str, of: &dyn Fn(&Lists) -> Value| {
        out.insert(name.into(), lists.iter().map(of).collect());
    };
    list("input_lens", &|l| json!(l.input));
    list("output_lens", &|l| json!(l.output));
    list("generated_texts", &|l| json!(l.text));
    list("errors", &|l| json!(l.error));
    list("ttfts", &|l| json!(l.ttft));
    list("itls", &|l| json!(l.gaps));
    if timed {
        list("latencies", &|l| json!(l.latency));
        list("start_times", &|l| json!(l.start));
    }
}

/// Mean, median, standard deviation and p99 in milliseconds, by numpy's definitions.
fn figures(out: &mut Map<String, Value>, lists: &[Lists]) {
    let good = || lists.iter().filter(|l| l.ok && l.ttft > 0.0);
    let tpot = |l: &Lists| (l.output > 1).then(|| (l.latency - l.ttft) / f64::from(l.output - 1));
    let families: [(&str, Vec<f64>); 4] = [
        ("ttft", good().map(|l| l.ttft).collect()),
        ("tpot", good().filter_map(tpot).collect()),
        ("itl", good().flat_map(|l| l.gaps.iter().copied()).collect()),
        ("e2el", good().map(|l| l.latency).collect()),
    ];
    for (name, mut values) in families {
        if values.is_empty() {
            continue;
        }
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt();
        let figures =
            [("mean", mean), ("median", at(&values, 0.5)), ("std", deviation), ("p99", at(&values, 0.99))];
        for (figure, seconds) in figures {
            out.insert(format!("{figure}_{name}_ms"), json!(seconds * 1e3));
        }
    }
}

/// A quantile between the two nearest of sorted values.
fn at(sorted: &[f64], q: f64) -> f64 {
    let place = q * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    sorted[low] + (sorted[high] - sorted[low]) * (place - low as f64)
}
