//! The figures of docs/benchmarks.md: what the program costs, and what `bench` reports beside what
//! the built-in server really did.
//!
//! Main item: [`run`]. The truth is read from the server's own file and its quantiles are computed
//! here, not by the program under proof: shared code would hide shared faults.

use std::fmt::Write as _;
use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::page;
use super::rig;
use super::watch::{Used, Watched};
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const CONCURRENCIES: [u32; 2] = [64, 256];
/// Requests per unit of concurrency: about 7 s of load at 365 ms a request.
const ROUNDS: u32 = 20;
const STARTS: usize = 41;
const SEED: u64 = 7;
const UNTIL_BENCHED: Duration = Duration::from_secs(300);
/// The server's file is complete this long after the last answer.
const TRUTH_SETTLES: Duration = Duration::from_millis(500);

/// `bench [--built]`: with `--built` the release build is taken as it lies and not timed.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let built = match words {
        [] => false,
        ["--built"] => true,
        _ => bail!("expected `prove bench [--built]`"),
    };
    let scratch = Scratch::new()?;
    let mut out = head()?;
    let binary = build(built, &scratch, &mut out)?;
    costs(&binary, &scratch, &mut out)?;
    out.push_str(TABLE_HEAD);
    for concurrency in CONCURRENCIES {
        let line = beside_truth(&binary, concurrency, &scratch)?;
        out.push_str(&line);
    }
    print!("{out}");
    page::put(PAGE, "bench", &out)
}

const TABLE_HEAD: &str = "
`acidtest bench` against `acidtest sim` on the same machine (first token after 50 ms, then one every
5 ms, 64 tokens), beside what the server's truth file says it did: from the request's last byte read
to the middle of the write that held the first token, and from write to write.

| concurrency | requests | TTFT p50 / p99 ms, reported | same, true | ICL p50 / p99 ms, reported | same, true | requests/s, reported | same, true | client CPU s per 1000 tokens | client peak MiB |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// Day, machine and toolchain.
fn head() -> Result<String> {
    let say = |name: &str, args: &[&str]| -> Result<String> {
        let mut program = shell::program(name)?;
        program.args(args);
        Ok(shell::output(program)?.trim().to_owned())
    };
    let day = say("date", &["-u", "+%Y-%m-%d"])?;
    let rustc = say("rustc", &["--version"])?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    Ok(format!("Measured {day} by `cargo xtask prove bench` · {cores} cores of {model} · {rustc}\n\n"))
}

/// Builds for release from nothing, or takes what lies there; returns the binary.
fn build(built: bool, scratch: &Scratch, out: &mut String) -> Result<PathBuf> {
    let folder = if built { shell::target_dir()? } else { scratch.path("build") };
    let mut cargo = shell::cargo()?;
    cargo.args(["build", "--release", "--locked", "--package", "acidtest"]);
    let said = shell::words(&cargo);
    cargo.env("CARGO_TARGET_DIR", &folder);
    let began = Instant::now();
    let status = cargo.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("`{said}` ended with {status}");
    }
    out.push_str("| what | figure | how |\n| --- | --- | --- |\n");
    if !built {
        let time = began.elapsed().as_secs_f64();
        writeln!(out, "| release build from nothing | {time:.0} s | `{said}`, crates already fetched |")?;
    }
    let binary = folder.join("release/acidtest");
    let bytes = std::fs::metadata(&binary).context("the build left no release/acidtest")?.len();
    writeln!(out, "| binary | {:.1} MB | stripped, plain release |", bytes as f64 / 1e6)?;
    Ok(binary)
}

/// Start-up time and memory of small commands.
fn costs(binary: &Path, scratch: &Scratch, out: &mut String) -> Result<()> {
    for args in [&["--version"][..], &["metrics"][..]] {
        let mut times_ms = Vec::new();
        for _ in 0..STARTS {
            let mut command = Command::new(binary);
            command.args(args).current_dir(&scratch.folder).stdout(Stdio::null());
            let began = Instant::now();
            let status = command.status().context("the binary cannot be started")?;
            times_ms.push(began.elapsed().as_secs_f64() * 1e3);
            if !status.success() {
                bail!("`acidtest {}` ended with {status}", args.join(" "));
            }
        }
        let (p50, max) = (quantile(&mut times_ms, 0.5), quantile(&mut times_ms, 1.0));
        let said = args.join(" ");
        writeln!(
            out,
            "| start to end of `acidtest {said}` | {p50:.1} ms | median of {STARTS}, largest {max:.1} ms |"
        )?;
    }
    Ok(())
}

/// One line of the table: a bench beside the truth.
fn beside_truth(binary: &Path, concurrency: u32, scratch: &Scratch) -> Result<String> {
    let requests = concurrency * ROUNDS;
    let truth_file = scratch.path(&format!("truth-{concurrency}.jsonl"));
    let (server, address) = serve(binary, &truth_file, scratch)?;
    let report_file = scratch.path(&format!("report-{concurrency}.json"));
    let mut bench = Command::new(binary);
    bench.current_dir(&scratch.folder);
    bench.args(["bench", "--url", &format!("http://{address}/v1"), "--model", "sim"]);
    bench.args(["--concurrency", &concurrency.to_string(), "--requests", &requests.to_string()]);
    bench.args(["--max-tokens", "64", "--format", "json", "--seed", &SEED.to_string()]);
    bench.arg("--store").arg(scratch.path(&format!("store-{concurrency}.db")));
    bench.stdout(File::create(&report_file)?).stderr(Stdio::null());
    let used = Watched::start(bench)?.wait(UNTIL_BENCHED)?;
    std::thread::sleep(TRUTH_SETTLES);
    drop(server);
    let report: Value =
        serde_json::from_str(&std::fs::read_to_string(&report_file)?).context("bench printed no JSON")?;
    let mut truth = Truth::read(&std::fs::read_to_string(&truth_file)?)?;
    Ok(line(concurrency, requests, &report, &mut truth, used))
}

fn line(concurrency: u32, requests: u32, report: &Value, truth: &mut Truth, used: Used) -> String {
    let ms = |metric: &str, stat: &str| show(estimate(report, metric, Some(stat)).map(|s| s * 1e3));
    let per_1000 = used.cpu_s.map(|cpu| cpu / f64::from(truth.tokens.max(1)) * 1e3);
    let cells = [
        concurrency.to_string(),
        requests.to_string(),
        format!("{} / {}", ms("ttft", "p50"), ms("ttft", "p99")),
        format!("{:.1} / {:.1}", quantile(&mut truth.ttft_ms, 0.5), quantile(&mut truth.ttft_ms, 0.99)),
        format!("{} / {}", ms("icl", "p50"), ms("icl", "p99")),
        format!("{:.1} / {:.1}", quantile(&mut truth.gap_ms, 0.5), quantile(&mut truth.gap_ms, 0.99)),
        show(estimate(report, "requests_per_s", None)),
        format!("{:.1}", truth.requests_per_s),
        per_1000.map_or_else(|| "–".to_owned(), |s| format!("{s:.4}")),
        show(used.peak_mib),
    ];
    format!("| {} |\n", cells.join(" | "))
}

fn show(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format!("{value:.1}"))
}

/// The value of the first estimate of a metric, and of a statistic where one is asked for.
fn estimate(report: &Value, metric: &str, stat: Option<&str>) -> Option<f64> {
    let fits = |entry: &&Value| entry["metric"] == metric && stat.is_none_or(|stat| entry["stat"] == stat);
    report["estimates"].as_array()?.iter().find(fits)?["value"].as_f64()
}

/// Starts the server and waits until it listens.
fn serve(binary: &Path, truth: &Path, scratch: &Scratch) -> Result<(Watched, String)> {
    let config = scratch.path("sim.json");
    let wanted = json!({"model": "sim", "seed": SEED, "ttft_ms": 50, "gap_ms": 5, "tokens": 64});
    std::fs::write(&config, wanted.to_string())?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut sim = Command::new(binary);
    sim.args(["sim", "--listen", &address]).arg("--config").arg(&config).arg("--truth").arg(truth);
    sim.current_dir(&scratch.folder).stdout(Stdio::null()).stderr(Stdio::null());
    Ok((rig::listening(Watched::start(sim)?, &address)?, address))
}

/// What the server did, by its own file.
#[derive(Debug, Default)]
struct Truth {
    ttft_ms: Vec<f64>,
    gap_ms: Vec<f64>,
    tokens: u32,
    requests_per_s: f64,
}

impl Truth {
    /// One line a request after a first line about the file.
    fn read(text: &str) -> Result<Truth> {
        let mut truth = Truth::default();
        let (mut first, mut last, mut done) = (f64::INFINITY, f64::NEG_INFINITY, 0_u32);
        for line in text.lines().skip(1) {
            let request: Value =
                serde_json::from_str(line).context("a line of the truth file is not JSON")?;
            let received = request["received_ns"].as_f64().context("a truth line without `received_ns`")?;
            let events = request["events"].as_array().context("a truth line without `events`")?;
            let content = events.iter().filter(|event| event["kind"] == "content");
            let writes: Vec<f64> = content.clone().filter_map(middle_ns).collect();
            let tokens = content.filter_map(|event| event["tokens"].as_u64()).sum::<u64>();
            truth.tokens += u32::try_from(tokens).context("more tokens than any bench sends")?;
            let (Some(start), Some(end)) = (writes.first(), writes.last()) else {
                continue;
            };
            truth.ttft_ms.push((start - received) / 1e6);
            truth.gap_ms.extend(writes.windows(2).map(|pair| (pair[1] - pair[0]) / 1e6));
            first = first.min(received);
            last = last.max(*end);
            done += 1;
        }
        if done == 0 {
            bail!("the truth file has no answered request");
        }
        truth.requests_per_s = f64::from(done) / ((last - first) / 1e9);
        Ok(truth)
    }
}

fn middle_ns(event: &Value) -> Option<f64> {
    Some((event["before_ns"].as_f64()? + event["after_ns"].as_f64()?) / 2.0)
}

/// By linear interpolation; NaN of nothing.
fn quantile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let Some(last) = values.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = p * last as f64;
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    values[low] + (values[high] - values[low]) * at.fract()
}

/// A folder of our own, removed at the end.
struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    fn new() -> Result<Scratch> {
        let folder = std::env::temp_dir().join(format!("acidtest-prove-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Scratch { folder })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left over lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        let check = |values: &[f64], p, expect: f64| assert_eq!(quantile(&mut values.to_vec(), p), expect);
        check(&[3.0, 1.0, 2.0], 0.5, 2.0);
        check(&[1.0, 2.0], 0.5, 1.5);
        check(&[1.0, 2.0], 1.0, 2.0);
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn truth_is_read_from_writes_that_held_tokens() {
        let text = concat!(
            "{\"schema\":\"head\"}\n",
            r#"{"received_ns":1000000,"events":[{"kind":"role","before_ns":0,"after_ns":0,"tokens":0},"#,
            r#"{"kind":"content","before_ns":50000000,"after_ns":52000000,"tokens":1},"#,
            r#"{"kind":"content","before_ns":55000000,"after_ns":59000000,"tokens":2}]}"#,
            "\n",
            r#"{"received_ns":9000000,"events":[]}"#,
        );
        let truth = Truth::read(text).unwrap();
        assert_eq!((truth.ttft_ms, truth.gap_ms, truth.tokens), (vec![50.0], vec![6.0], 3));
        assert!((truth.requests_per_s - 1.0 / 0.056).abs() < 1e-9);
        assert!(Truth::read("head\n").is_err());
    }

    #[test]
    fn estimates_are_found_by_metric_and_stat() {
        let report = json!({"estimates": [
            {"metric": "ttft", "stat": "p50", "value": 0.05},
            {"metric": "ttft", "stat": "p99", "value": null}]});
        assert_eq!(estimate(&report, "ttft", Some("p50")), Some(0.05));
        assert_eq!(estimate(&report, "ttft", Some("p99")), None);
        assert_eq!(estimate(&report, "ttft", None), Some(0.05));
        assert_eq!(estimate(&report, "icl", None), None);
    }
}
