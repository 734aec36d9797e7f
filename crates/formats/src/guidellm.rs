//! GuideLLM's report (`benchmarks.json`).
//!
//! Main function: [`import`]. Each benchmark of the report is a phase. GuideLLM
//! keeps the first and the last token's time of a request, not those between.

use crate::error::{FormatError, brief};
use crate::input::Input;
use crate::json::{self, count, nanos, number, spelled};
use crate::run::{Builder, ForeignRun, One};
use acidtest_record::{Cause, Finish, Load, Outcome, Part, Stage, Usage};
use serde_json::Value;

/// Reads a report.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let root = json::parse(input.name, input.text()?)?;
    let benchmarks = root.get("benchmarks").and_then(Value::as_array).filter(|b| !b.is_empty());
    let Some(benchmarks) = benchmarks else {
        return Err(FormatError::new(input.name, None, "it has no list 'benchmarks'")
            .hint("give the benchmarks.json that `guidellm benchmark` wrote"));
    };
    let version =
        root.get("metadata").and_then(|m| m.get("guidellm_version")).map(spelled).unwrap_or_default();
    let mut b = Builder::new(input, "GuideLLM", &version);
    b.counts_tokens();
    let all = || benchmarks.iter().take(1000).flat_map(requests);
    if let Some(first) = all().filter_map(|(_, r)| start(r)).min_by(f64::total_cmp).and_then(nanos) {
        b.began(first);
    }
    if let Some(last) = all().filter_map(|(_, r)| end(r)).max_by(f64::total_cmp).and_then(nanos) {
        b.ended(last);
    }
    b.target(&model(&root, &benchmarks[0]), "", true);
    for (n, benchmark) in benchmarks.iter().take(1000).enumerate() {
        let (name, load) = strategy(benchmark, n);
        let phase = b.phase(&name, load);
        if let Some(metrics) = benchmark.get("metrics").and_then(Value::as_object) {
            for (key, value) in metrics.iter().take(100) {
                for part in ["successful", "errored"] {
                    for stat in ["count", "mean", "median", "std_dev"] {
                        let path = value.get(part).and_then(|p| p.get(stat));
                        if let Some(found) = path.filter(|v| v.is_number()) {
                            b.fact(&format!("benchmarks.{n}.{key}.{part}.{stat}"), found);
                        }
                    }
                }
            }
        }
        let mut any = false;
        for (state, request) in requests(benchmark) {
            any = true;
            one(&mut b, phase, state, request)?;
        }
        if !any {
            b.loss(
                0,
                format!(
                    "benchmark '{}' has no requests one by one: its figures are facts only",
                    brief(&name)
                ),
            );
        }
    }
    Ok(b.finish())
}

/// Requests with how they ended. Reports before 0.3 name the groups alike.
fn requests(benchmark: &Value) -> impl Iterator<Item = (&'static str, &Value)> {
    ["successful", "incomplete", "errored"].into_iter().flat_map(move |state| {
        let list = benchmark.get("requests").and_then(|r| r.get(state)).and_then(Value::as_array);
        list.into_iter().flatten().map(move |r| (state, r))
    })
}

/// A request's time, from its timings or (older) from the request itself.
fn time(request: &Value, names: &[&str]) -> Option<f64> {
    let timings = request.get("info").and_then(|i| i.get("timings"));
    names.iter().find_map(|n| number(timings.and_then(|t| t.get(*n))).or_else(|| number(request.get(*n))))
}

fn start(request: &Value) -> Option<f64> {
    time(request, &["request_start", "request_start_time", "start_time", "resolve_start"])
}

fn end(request: &Value) -> Option<f64> {
    time(request, &["request_end", "request_end_time", "end_time", "resolve_end"])
}

fn model(root: &Value, benchmark: &Value) -> String {
    let places = [
        root.get("args").and_then(|a| a.get("model")),
        root.get("config").and_then(|a| a.get("model")),
        benchmark.get("config").and_then(|c| c.get("backend")).and_then(|b| b.get("model")),
        benchmark.get("benchmarker").and_then(|c| c.get("backend")).and_then(|b| b.get("model")),
    ];
    places.into_iter().flatten().find_map(Value::as_str).map(brief).unwrap_or_default()
}

fn strategy(benchmark: &Value, n: usize) -> (String, Load) {
    let places = [
        benchmark.get("config").and_then(|c| c.get("strategy")),
        benchmark.get("scheduler").and_then(|c| c.get("strategy")),
        benchmark.get("args").and_then(|c| c.get("strategy")),
    ];
    let strategy = places.into_iter().flatten().next();
    let kind = strategy.and_then(|s| s.get("type_")).map(spelled).unwrap_or_default();
    let rate = number(strategy.and_then(|s| s.get("rate"))).filter(|r| *r > 0.0 && *r < 1e6);
    let streams = number(strategy.and_then(|s| s.get("streams"))).filter(|s| (1.0..1e6).contains(s));
    // Only with the times that its schedule wanted may we speak of an open loop.
    let planned = requests(benchmark).all(|(_, r)| time(r, &["targeted_start"]).is_some());
    let load = match (kind.as_str(), rate.filter(|_| planned), streams) {
        ("constant", Some(rate), _) => Load::Constant { rate },
        ("poisson", Some(rate), _) => Load::Poisson { rate },
        (_, _, Some(streams)) => Load::Closed { concurrency: streams as u32 },
        _ => Load::Unstated,
    };
    let name = if kind.is_empty() { "benchmark".into() } else { kind };
    (format!("{} {}", name, n + 1), load)
}

fn one(b: &mut Builder, phase: u16, state: &str, request: &Value) -> Result<(), FormatError> {
    let ns = |t: Option<f64>| t.and_then(nanos);
    let sent = ns(start(request));
    let first = ns(time(request, &["first_token_iteration", "first_iteration", "first_token_time"]));
    let last = ns(time(request, &["last_token_iteration", "last_iteration", "last_token_time"]));
    let mut arrivals: Vec<i64> =
        first.into_iter().chain(last.filter(|l| first.is_some_and(|f| *l > f))).collect();
    arrivals.retain(|t| sent.is_some_and(|s| *t >= s));
    let detail = request
        .get("info")
        .and_then(|i| i.get("error"))
        .or(request.get("error"))
        .map(spelled)
        .unwrap_or_default();
    let detail: String = detail.chars().filter(|c| !c.is_control()).take(500).collect();
    let broken = |cause| Outcome::Failed { stage: Stage::Body, cause, status: None, detail: detail.clone() };
    let outcome = match state {
        "successful" => Outcome::Completed { finish: Finish::Unsaid },
        "incomplete" => broken(Cause::Cancelled),
        _ => broken(Cause::Server),
    };
    let tokens = |group: &str, old: &str| {
        let new = request.get(group).and_then(|g| g.get("total_tokens").or(g.get("text_tokens")));
        count(new).or_else(|| count(request.get(old)))
    };
    let one = One {
        phase,
        stream: !arrivals.is_empty(),
        sent,
        intended: ns(time(request, &["targeted_start"])),
        arrivals,
        ended: ns(end(request)).filter(|e| sent.is_some_and(|s| *e >= s)),
        outcome: Some(outcome),
        parts: request
            .get("output")
            .and_then(Value::as_str)
            .map(|t| Part::Text(t.to_owned()))
            .into_iter()
            .collect(),
        usage: Usage {
            input: tokens("input_metrics", "prompt_tokens"),
            output: tokens("output_metrics", "output_tokens"),
            ..Usage::default()
        },
        id: request.get("request_id").and_then(Value::as_str).map(str::to_owned),
        ..One::default()
    };
    b.record(one).map(|_| ())
}
