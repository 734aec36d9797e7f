//! How fast the page is with a run of 100,000 records, and how much memory its server takes.
//!
//! Main item: [`run`]. The times are the browser's: from asking for the address until two frames
//! after everything is drawn. It measures nothing itself; `web/e2e/measure.ts` does.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{page, rig};
use crate::web;

const PAGE: &str = "docs/benchmarks.md";

/// What is measured: its key in the script's answer, its words, its unit, its limit.
const LINES: [(&str, &str, &str, f64); 6] = [
    (
        "cold_ms",
        "run page, asked right after the server's start: figures are computed meanwhile",
        "ms",
        1000.0,
    ),
    ("run_ms", "run page painted", "ms", 1000.0),
    ("cases_ms", "case table opened, sorted by time to the whole answer", "ms", 1000.0),
    ("page_ms", "another page of the case table", "ms", 200.0),
    ("rss_mib", "memory of the server at the end", "MiB", 100.0),
    ("peak_mib", "memory of the server at most", "MiB", 100.0),
];

/// `view`: takes no words.
pub(super) fn run(words: &[&str]) -> Result<()> {
    if let Some(word) = words.first() {
        bail!("`{word}`: expected `prove view`");
    }
    let measured: Value = serde_json::from_str(&web::measure()?).context("the script's answer is no JSON")?;
    page::put(PAGE, "view", &(rig::head("view")? + &table(&measured)?))
}

fn table(measured: &Value) -> Result<String> {
    let records = measured["records"].as_u64().context("the script does not say how many records")?;
    let mut out = format!(
        "\n`acidtest view` over one run of {records} records of 16 tokens, in headless Chromium on the same cores; medians of 7.\n\n| | measured | goal |\n| --- | --- | --- |\n"
    );
    for (key, words, unit, limit) in LINES {
        let value = measured[key].as_f64().with_context(|| format!("the script does not say {key}"))?;
        let kept = if value < limit { "" } else { ", missed" };
        out.push_str(&format!("| {words} | {value:.0} {unit} | under {limit:.0} {unit}{kept} |\n"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_goal_that_is_missed_is_said() {
        let mut measured = json!({"records": 100_000, "cold_ms": 1500.2, "run_ms": 400.4, "cases_ms": 300,
            "page_ms": 99.6, "rss_mib": 80, "peak_mib": 99});
        let page = table(&measured).unwrap();
        assert!(page.contains("| 1500 ms | under 1000 ms, missed |"), "{page}");
        assert!(page.contains("| run page painted | 400 ms | under 1000 ms |"), "{page}");
        measured["run_ms"] = json!(null);
        assert!(table(&measured).is_err());
    }
}
