//! LLMPerf's `…_individual_responses.json` and `…_summary.json`.
//!
//! Main function: [`import`]. LLMPerf does not say when requests began: its times
//! are lengths, kept as notes.

use crate::error::FormatError;
use crate::input::Input;
use crate::json::{self, count, number, spelled};
use crate::run::{Builder, ForeignRun, One, closed};
use acidtest_record::{Cause, Finish, Outcome, Stage, Usage};
use serde_json::Value;

/// Reads either file, with the other one where it stands beside it.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let root = json::parse(input.name, input.text()?)?;
    let beside = |from: &str, to: &str| {
        let stem = input.file_name().strip_suffix(from)?;
        let name = format!("{stem}{to}");
        json::parse(&name, &input.neighbour_text(&name).ok()?).ok()
    };
    let (summary, responses) = match &root {
        Value::Array(list) => (beside("individual_responses.json", "summary.json"), list.clone()),
        Value::Object(_) if is_summary(&root) => {
            let list = beside("summary.json", "individual_responses.json");
            let list = list.and_then(|l| l.as_array().cloned()).unwrap_or_default();
            (Some(root), list)
        }
        _ => return Err(not_ours(input)),
    };
    if summary.is_none() && !responses.first().is_some_and(is_response) {
        return Err(not_ours(input));
    }
    let get = |key: &str| summary.as_ref().and_then(|s| s.get(key));
    let mut b = Builder::new(input, "LLMPerf", &get("version").map(spelled).unwrap_or_default());
    b.counts_tokens();
    if let Some(began) = number(get("timestamp")).and_then(json::nanos) {
        b.began(began);
    }
    b.target(&get("model").map(spelled).unwrap_or_default(), "", true);
    b.phase("llmperf", closed(number(get("num_concurrent_requests"))));
    if let Some(summary) = &summary {
        b.facts("", summary, 3);
    }
    if responses.is_empty() {
        b.loss(0, "there are no individual_responses.json beside it: its figures are facts only");
    } else {
        b.loss(
            0,
            "LLMPerf does not say when requests began: ttft and latency are kept as notes, not as times",
        );
    }
    for response in &responses {
        one(&mut b, response)?;
    }
    Ok(b.finish())
}

/// Whether it is a summary.
pub(crate) fn is_summary(root: &Value) -> bool {
    root.get("results_ttft_s_mean").is_some()
        || root.get("results").is_some_and(|r| r.get("ttft_s").is_some())
        || root.get("num_concurrent_requests").is_some() && root.get("mean_input_tokens").is_some()
}

/// Whether it is one response.
pub(crate) fn is_response(one: &Value) -> bool {
    one.get("end_to_end_latency_s").is_some() || one.get("ttft_s").is_some()
}

fn not_ours(input: &Input<'_>) -> FormatError {
    FormatError::new(input.name, None, "it is no result of LLMPerf")
        .hint("give NAME_individual_responses.json or NAME_summary.json of token_benchmark_ray.py")
}

fn one(b: &mut Builder, response: &Value) -> Result<(), FormatError> {
    let code = response.get("error_code").filter(|c| !c.is_null());
    let outcome = match code {
        None => Outcome::Completed { finish: Finish::Unsaid },
        Some(code) => {
            let status = code.as_u64().and_then(|c| u16::try_from(c).ok()).filter(|c| (100..600).contains(c));
            let cause = match status {
                Some(429) => Cause::RateLimited,
                Some(400..=499) => Cause::Client,
                _ => Cause::Server,
            };
            let detail = response.get("error_msg").map(spelled).unwrap_or_default();
            let detail = detail.chars().filter(|c| !c.is_control()).take(500).collect();
            Outcome::Failed { stage: Stage::Head, cause, status, detail }
        }
    };
    let one = One {
        outcome: Some(outcome),
        usage: Usage {
            input: count(response.get("number_input_tokens")),
            output: count(response.get("number_output_tokens")),
            ..Usage::default()
        },
        ..One::default()
    };
    let key = b.record(one)?;
    for name in
        ["ttft_s", "end_to_end_latency_s", "inter_token_latency_s", "request_output_throughput_token_per_s"]
    {
        if let Some(value) = number(response.get(name)) {
            b.note(key, name, value);
        }
    }
    Ok(())
}
