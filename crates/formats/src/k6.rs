//! k6's end-of-test summary (`--summary-export`, or what `handleSummary` gets).
//!
//! Main function: [`import`]. It has no requests one by one: everything is a fact.

use crate::error::FormatError;
use crate::input::Input;
use crate::json;
use crate::run::{Builder, ForeignRun};
use serde_json::Value;

/// Reads a summary.
pub(crate) fn import(input: &Input<'_>) -> Result<ForeignRun, FormatError> {
    let root = json::parse(input.name, input.text()?)?;
    if !is_summary(&root) {
        return Err(FormatError::new(input.name, None, "it has no 'metrics' of k6").hint(
            "write it with `k6 run --summary-export FILE`; k6's point stream (--out json) is not read",
        ));
    }
    let mut b = Builder::new(input, "k6", "");
    b.name("k6 summary");
    for (name, metric) in root["metrics"].as_object().into_iter().flatten().take(1000) {
        let values = metric.get("values").unwrap_or(metric);
        b.facts(name, values, 1);
    }
    if let Some(state) = root.get("state") {
        b.facts("state", state, 1);
    }
    b.loss(0, "k6's summary has no requests one by one: its figures are facts only");
    Ok(b.finish())
}

/// Whether it is a summary of k6.
pub(crate) fn is_summary(root: &Value) -> bool {
    let metrics = root.get("metrics").and_then(Value::as_object);
    metrics.is_some_and(|m| {
        ["http_reqs", "iterations", "http_req_duration", "vus", "checks"].iter().any(|k| m.contains_key(*k))
    })
}
