//! How much memory the client takes: at 10,000 open streams, and over a million short requests.
//!
//! Main item: [`run`]. The peak is the kernel's (`VmHWM`); a smaller run stands beside each, since
//! what grows with the length of a run is what would end it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::page;
use super::rig::{self, Asked, Rig};
use super::watch::Watched;

const PAGE: &str = "docs/benchmarks.md";
const UNTIL_DONE: Duration = Duration::from_secs(1800);

/// One load.
struct Load {
    name: &'static str,
    config: fn() -> Value,
    tokens: u32,
    /// Streams and requests: a smaller run first.
    sizes: [(u32, u32); 2],
    quick: [(u32, u32); 2],
}

const LOADS: [Load; 2] = [
    Load {
        name: "open streams: a token every 250 ms, 64 tokens",
        config: || json!({"model": "sim", "ttft_ms": 50, "gap_ms": 250, "tokens": 64}),
        tokens: 64,
        sizes: [(1_000, 2_000), (10_000, 20_000)],
        quick: [(10, 10), (100, 100)],
    },
    Load {
        name: "short requests: one token at once",
        config: || json!({"model": "sim", "ttft_ms": 0, "gap_ms": 0, "tokens": 1}),
        tokens: 1,
        sizes: [(64, 100_000), (64, 1_000_000)],
        quick: [(64, 1_000), (64, 10_000)],
    },
];

/// `memory [--quick] [--built]`: `--quick` only shows that it works and writes no page.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let Asked { quick, built } = Asked::of("memory", words)?;
    let rig = Rig::new(built)?;
    let mut out = rig::head("memory")? + TABLE;
    for load in &LOADS {
        for size in if quick { load.quick } else { load.sizes } {
            let line = line(&rig, load, size)?;
            print!("{line}");
            out.push_str(&line);
        }
    }
    if quick {
        println!("quick: nothing written");
        return Ok(());
    }
    page::put(PAGE, "memory", &out)
}

const TABLE: &str = "
Peak memory of `acidtest bench`, everything stored, the report with its quantiles made at the end.

| load | streams | requests | answered | peak MiB | store MiB | wall s |
| --- | --- | --- | --- | --- | --- | --- |
";

fn line(rig: &Rig, load: &Load, (streams, requests): (u32, u32)) -> Result<String> {
    let (_server, address) = rig.server(&(load.config)())?;
    let (store, report) = (rig.path("memory.db"), rig.path("memory.json"));
    let url = format!("http://{address}/v1");
    let mut bench = rig.acidtest(&["bench", "--url", &url, "--model", "sim", "--quiet"]);
    bench.args(["--concurrency", &streams.to_string(), "--requests", &requests.to_string()]);
    bench.args(["--max-tokens", &load.tokens.to_string(), "--format", "json", "--store"]).arg(&store);
    bench.stdout(std::fs::File::create(&report)?).stderr(std::process::Stdio::null());
    let used = Watched::start(bench)?.wait(UNTIL_DONE)?;
    let bytes = std::fs::metadata(&store).map_or(0, |m| m.len());
    let answered = answered(&rig::json(&report)?);
    for name in ["memory.db", "memory.db-wal", "memory.db-shm"] {
        let _ = std::fs::remove_file(rig.path(name));
    }
    let mut line = format!("| {} | {streams} | {requests} | ", load.name);
    writeln!(
        line,
        "{} | {} | {:.0} | {:.0} |",
        answered.map_or("–".into(), |n| n.to_string()),
        used.peak_mib.map_or("–".into(), |mib| format!("{mib:.0}")),
        bytes as f64 / f64::from(1 << 20),
        used.wall_s
    )?;
    Ok(line)
}

/// Requests that were answered whole, by the report.
fn answered(report: &Value) -> Option<u64> {
    let complete = report["estimates"]
        .as_array()?
        .iter()
        .find(|e| e["metric"] == "delivery" && e["params"]["class"] == "complete")?;
    let (share, of) = (complete["value"].as_f64()?, complete["n"]["requests"].as_f64()?);
    Some((share * of).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_counted_by_the_report() {
        let report = json!({"estimates": [
            {"metric": "delivery", "params": {"class": "empty"}, "value": 0.5, "n": {"requests": 10}},
            {"metric": "delivery", "params": {"class": "complete"}, "value": 0.5, "n": {"requests": 10}}]});
        assert_eq!(answered(&report), Some(5));
        assert_eq!(answered(&json!({})), None);
    }
}
