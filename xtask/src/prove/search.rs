//! How often the interval of `bench --find max-rate` holds the capacity of a server that is known.
//!
//! Main item: [`run`]. The server answers in a fixed time from a fixed number of slots, first come,
//! first served. Its capacity under the objective is computed here from its own truth file: a long
//! queue is simulated with the service times that it really had. Must not use the program's own
//! statistics.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::page;
use super::rig;
use super::watch::Watched;
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const RUNS: usize = 30;
const SLOTS: usize = 4;
/// Limit of the objective `ttft.p95`, in milliseconds.
const LIMIT_MS: f64 = 90.0;
const SHARE: f64 = 0.95;
/// Arrivals of the queue that is simulated for the truth.
const ARRIVALS: usize = 400_000;
const UNTIL_FOUND: Duration = Duration::from_secs(60);
/// The server's file is complete this long after the last answer.
const TRUTH_SETTLES: Duration = Duration::from_millis(500);

/// `search [RUNS] [--built]`: with `--built` the release build is taken as it lies. Only a whole proof
/// is written to the page.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let built = words.contains(&"--built");
    let runs: Vec<&&str> = words.iter().filter(|w| **w != "--built").collect();
    let runs = match runs.as_slice() {
        [] => RUNS,
        [n] => n.parse().ok().filter(|n| *n > 0).context("RUNS is a whole number from 1")?,
        _ => bail!("expected `prove search [RUNS] [--built]`"),
    };
    let binary = binary(built)?;
    let folder = std::env::temp_dir().join(format!("acidtest-prove-search-{}", std::process::id()));
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let made = search(&binary, &folder, runs);
    // What is left over lies in the system's folder for such things.
    let _ = std::fs::remove_dir_all(&folder);
    let (answers, truth) = made?;
    let table = table(&answers, truth)?;
    print!("{table}");
    if runs >= RUNS {
        page::put(PAGE, "search", &table)?;
    }
    Ok(())
}

fn binary(built: bool) -> Result<PathBuf> {
    if !built {
        let mut cargo = shell::cargo()?;
        cargo.args(["build", "--release", "--locked", "--package", "acidtest"]);
        if !cargo.status().context("cargo cannot be started")?.success() {
            bail!("`{}` failed", shell::words(&cargo));
        }
    }
    let binary =
        shell::root()?.join("target/release").join(format!("acidtest{}", std::env::consts::EXE_SUFFIX));
    if !binary.exists() {
        bail!("{} is not there: leave out --built", binary.display());
    }
    Ok(binary)
}

/// What one search said.
#[derive(Debug)]
struct Said {
    found: String,
    low: Option<f64>,
    high: Option<f64>,
    rungs: usize,
    wall_s: f64,
}

fn search(binary: &Path, folder: &Path, runs: usize) -> Result<(Vec<Said>, f64)> {
    let truth_file = folder.join("truth.jsonl");
    let (server, address) = serve(binary, &truth_file, folder)?;
    let answers: Vec<Said> =
        (0..runs).map(|seed| find(binary, folder, &address, seed)).collect::<Result<_>>()?;
    std::thread::sleep(TRUTH_SETTLES);
    drop(server);
    let text = std::fs::read_to_string(&truth_file).context("the truth file cannot be read")?;
    let (service_ms, first_ms) = served(&text)?;
    Ok((answers, capacity(&service_ms, first_ms)))
}

/// One search of the real binary.
fn find(binary: &Path, folder: &Path, address: &str, seed: usize) -> Result<Said> {
    let report = folder.join(format!("report-{seed}.json"));
    let mut bench = Command::new(binary);
    bench.current_dir(folder);
    bench.args(["bench", "--url", &format!("http://{address}/v1"), "--model", "sim", "--quiet"]);
    bench.args(["--find", "max-rate", "--slo", &format!("ttft.p95<={LIMIT_MS}ms"), "--from", "15"]);
    bench.args(["--to", "500", "--tolerance", "10%", "--rung", "1s", "--max-time", "16s"]);
    bench.args(["--seed", &seed.to_string(), "--format", "json"]).arg("--output").arg(&report);
    bench.arg("--store").arg(folder.join(format!("store-{seed}.db")));
    bench.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    ends(bench)?;
    let wall_s = began.elapsed().as_secs_f64();
    let text = std::fs::read_to_string(&report).context("bench wrote no report")?;
    let report: Value = serde_json::from_str(&text).context("bench wrote no JSON")?;
    let answer = &report["capacity"]["answer"];
    Ok(Said {
        found: answer["found"].as_str().context("the report has no answer")?.to_owned(),
        low: answer["low"].as_f64(),
        high: answer["high"].as_f64(),
        rungs: report["capacity"]["rungs"].as_array().map_or(0, Vec::len),
        wall_s,
    })
}

/// Waits for a search: undecided (5) and not kept at the lowest load (1) are answers, too.
fn ends(mut bench: Command) -> Result<()> {
    let mut child = bench.spawn().context("the program cannot be started")?;
    let began = Instant::now();
    loop {
        match child.try_wait()? {
            Some(status) if matches!(status.code(), Some(0 | 1 | 5)) => return Ok(()),
            Some(status) => bail!("a search ended with {status}"),
            None if began.elapsed() > UNTIL_FOUND => {
                child.kill()?;
                child.wait()?;
                bail!("a search still runs after {} s", UNTIL_FOUND.as_secs());
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Starts the server and waits until it listens.
fn serve(binary: &Path, truth: &Path, folder: &Path) -> Result<(Watched, String)> {
    let config = folder.join("sim.json");
    let wanted = json!({"model": "sim", "ttft_ms": 30, "gap_ms": 4, "tokens": 6, "slots": SLOTS});
    std::fs::write(&config, wanted.to_string())?;
    let address = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut sim = Command::new(binary);
    sim.args(["sim", "--listen", &address]).arg("--config").arg(&config).arg("--truth").arg(truth);
    sim.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    Ok((rig::listening(Watched::start(sim)?, &address)?, address))
}

/// How long the server held a slot for each request, and the median time to its first token.
fn served(text: &str) -> Result<(Vec<f64>, f64)> {
    let (mut service, mut first) = (Vec::new(), Vec::new());
    for line in text.lines().skip(1) {
        let request: Value = serde_json::from_str(line).context("a line of the truth file is not JSON")?;
        let start = request["start_ns"].as_f64().context("a truth line without `start_ns`")?;
        let events = request["events"].as_array().context("a truth line without `events`")?;
        let at = |e: &Value| e["after_ns"].as_f64().map(|ns| (ns - start) / 1e6);
        service.extend(events.last().and_then(at));
        first.extend(events.iter().find(|e| e["kind"] == "content").and_then(at));
    }
    if first.is_empty() {
        bail!("the truth file has no answered request");
    }
    first.sort_by(f64::total_cmp);
    Ok((service, first[first.len() / 2]))
}

/// The highest rate of independent arrivals at which the objective holds, by bisection over long
/// queues with the service times that were seen.
fn capacity(service_ms: &[f64], first_ms: f64) -> f64 {
    let mean = service_ms.iter().sum::<f64>() / service_ms.len() as f64;
    let (mut low, mut high) = (0.0, 1e3 * SLOTS as f64 / mean);
    for _ in 0..14 {
        let rate = (low + high) / 2.0;
        if kept(rate, service_ms, first_ms) >= SHARE { low = rate } else { high = rate }
    }
    (low + high) / 2.0
}

/// The share of arrivals at that rate whose first token comes within the limit.
fn kept(rate: f64, service_ms: &[f64], first_ms: f64) -> f64 {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random >> 11
    };
    let (mut free, mut at, mut met) = ([0.0_f64; SLOTS], 0.0, 0_usize);
    for _ in 0..ARRIVALS {
        let u = (next() as f64 + 0.5) / (1_u64 << 53) as f64;
        at += -u.ln() * 1e3 / rate;
        let service = service_ms[(next() % service_ms.len() as u64) as usize];
        let slot = (0..SLOTS).min_by(|a, b| free[*a].total_cmp(&free[*b])).unwrap_or(0);
        let begin = free[slot].max(at);
        free[slot] = begin + service;
        met += usize::from(begin - at + first_ms <= LIMIT_MS);
    }
    met as f64 / ARRIVALS as f64
}

fn table(answers: &[Said], truth: f64) -> Result<String> {
    let holds = |s: &&Said| {
        s.low.is_none_or(|low| low <= truth) && s.high.is_none_or(|high| truth <= high) && s.low.is_some()
    };
    let held = answers.iter().filter(holds).count();
    let both: Vec<f64> = answers.iter().filter_map(|s| Some((s.high? - s.low?) / s.low?)).collect();
    let width = both.iter().sum::<f64>() / both.len().max(1) as f64;
    let mut out = format!(
        "`cargo xtask prove search {}`: {SLOTS} slots, `ttft.p95<={LIMIT_MS}ms`, rungs from 1 s, at most 16 s.\n\
         The server's capacity by its own truth file: {truth:.1} requests/s. The interval holds it in\n\
         {held} of {} searches; {} have both ends, {:.0} % wide on average.\n\n\
         | search | found | low | high | holds | rungs | s |\n| --- | --- | --- | --- | --- | --- | --- |\n",
        answers.len(),
        answers.len(),
        both.len(),
        100.0 * width,
    );
    let end = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v:.1}"));
    for (i, s) in answers.iter().enumerate() {
        let held = if holds(&s) { "yes" } else { "no" };
        let (low, high) = (end(s.low), end(s.high));
        writeln!(out, "| {i} | {} | {low} | {high} | {held} | {} | {:.1} |", s.found, s.rungs, s.wall_s)?;
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacity_of_a_single_place_without_a_wait_is_known() {
        // One token of wait is allowed: with a limit that every wait keeps, only saturation breaks it.
        let share = kept(1.0, &[50.0], 30.0);
        assert!(share > 0.99, "{share}");
        assert!(kept(100.0, &[50.0], 30.0) < 0.05, "beyond what four places of 50 ms serve");
        let found = capacity(&[50.0], 30.0);
        assert!((60.0..80.0).contains(&found), "{found}");
    }

    #[test]
    fn service_is_from_the_slot_to_the_last_write() {
        let text = concat!(
            "{\"schema\":\"head\"}\n",
            r#"{"start_ns":1000000,"events":[{"kind":"role","after_ns":2000000},"#,
            r#"{"kind":"content","after_ns":31000000},{"kind":"content","after_ns":51000000}]}"#,
        );
        assert_eq!(served(text).unwrap(), (vec![50.0], 30.0));
        assert!(served("head\n").is_err());
    }

    #[test]
    fn an_interval_without_a_low_end_holds_nothing() {
        let said = |low, high| Said { found: "between".into(), low, high, rungs: 3, wall_s: 1.0 };
        let text = table(&[said(Some(50.0), Some(60.0)), said(None, Some(90.0))], 55.0).unwrap();
        assert!(text.contains("1 of 2 searches"), "{text}");
    }
}
