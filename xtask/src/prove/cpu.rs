//! What a streamed token costs the client in processor time, beside a floor and beside vllm-rs.
//!
//! Main item: [`run`]. A client's cost is the slope between n and 4n requests, user and system,
//! the median of interleaved runs; figures are compared only where both read about one event at a
//! time, since who reads late pays for fewer reads. Losses are printed like everything else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::page;
use super::rig::{self, Asked, Rig, median};
use super::took::{Took, timed};
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const CONCURRENCIES: [u32; 3] = [64, 256, 512];
const TOKENS: u32 = 64;
/// Rounds of the small run; the large one has four times as many.
const ROUNDS: u32 = 4;
const TIMES: usize = 7;
/// Beyond this, figures are not compared.
const SINGLE: f64 = 1.05;
const PATIENCE: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Acidtest,
    Floor,
    VllmRs,
}

impl Client {
    fn name(self) -> &'static str {
        match self {
            Client::Acidtest => "acidtest bench",
            Client::Floor => "floor",
            Client::VllmRs => "vllm-rs bench serve",
        }
    }
}

/// Where clients meet.
struct Field<'a> {
    rig: &'a Rig,
    floor: &'a Path,
    /// The program and its tokenizer's folder, where they are there.
    vllm: Option<(PathBuf, PathBuf)>,
    address: String,
    concurrency: u32,
    threads: u32,
}

/// What the runs of one client gave.
#[derive(Debug, Default)]
struct Cost {
    /// CPU seconds per 1000 tokens, a slope each.
    per_1000: Vec<f64>,
    requests_per_s: Vec<f64>,
    events_per_read: Option<f64>,
    failed: Option<String>,
}

/// `cpu [--quick] [--built]`: `--quick` is one small run of each and writes no page.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let Asked { quick, built } = Asked::of("cpu", words)?;
    let rig = Rig::new(built)?;
    let floor = rig::example("acidtest-clock", "floor")?;
    let mut out = rig::head("cpu")? + TABLE;
    let concurrencies = if quick { &CONCURRENCIES[..1] } else { &CONCURRENCIES[..] };
    for concurrency in concurrencies {
        let lines = rung(&rig, &floor, *concurrency, quick)?;
        print!("{lines}");
        out.push_str(&lines);
    }
    if vllm().is_none() {
        out.push_str("\nvllm-rs was not there (ACIDTEST_VLLM_RS, ACIDTEST_TOKENIZER).\n");
    }
    if quick {
        println!("quick: nothing written");
        return Ok(());
    }
    page::put(PAGE, "cpu", &out)
}

const TABLE: &str = "
First token after 50 ms, then one every 5 ms, 64 tokens, one server for all. CPU is user + system
of the whole client by the slope between n and 4n requests (n = 4 per stream), median of 7
interleaved runs. The floor (`crates/clock/examples/floor.rs`) has as many threads as acidtest has
measuring ones, epoll and `recvmsg` with stamps, and no HTTP library, JSON or store. Events per
read: acidtest's of a run of `calibrate` at the same load, the floor's of all its runs, vllm-rs's of
a run under `strace`. Ratios are given only where both read ≤ 1.05 events at a time. Goals:
acidtest ≤ 1.3 × floor, below vllm-rs at 64 and 256; requests/s ≥ 0.99 of the floor's.

| streams | client | CPU s per 1000 tokens, median (least – most) | events per read | requests/s | CPU ÷ floor | requests/s ÷ floor | goal |
| --- | --- | --- | --- | --- | --- | --- | --- |
";

fn vllm() -> Option<(PathBuf, PathBuf)> {
    let program = std::env::var_os("ACIDTEST_VLLM_RS")?;
    let tokenizer = std::env::var_os("ACIDTEST_TOKENIZER")?;
    Some((program.into(), tokenizer.into()))
}

fn rung(rig: &Rig, floor: &Path, concurrency: u32, quick: bool) -> Result<String> {
    let config = json!({"model": "sim", "ttft_ms": 50, "gap_ms": 5, "tokens": TOKENS});
    let (_server, address) = rig.server(&config)?;
    let mut field = Field { rig, floor, vllm: vllm(), address, concurrency, threads: 1 };
    field.threads = field.measuring_threads()?;
    let mut clients = vec![Client::Acidtest, Client::Floor];
    clients.extend(field.vllm.is_some().then_some(Client::VllmRs));
    let mut costs: Vec<Cost> = clients.iter().map(|_| Cost::default()).collect();
    let (rounds, times) = if quick { (1, 1) } else { (ROUNDS, TIMES) };
    for _ in 0..times {
        for (client, cost) in clients.iter().zip(&mut costs) {
            if cost.failed.is_none()
                && let Err(error) = field.slope(*client, rounds * concurrency, cost)
            {
                cost.failed = Some(one_line(&error));
            }
        }
    }
    for (client, cost) in clients.iter().zip(&mut costs) {
        match client {
            Client::Acidtest => cost.events_per_read = field.read_by_acidtest(rounds * concurrency),
            Client::VllmRs => cost.events_per_read = field.read_by_vllm(rounds * concurrency),
            Client::Floor => {}
        }
    }
    lines(concurrency, &clients, &costs)
}

impl Field<'_> {
    /// One slope: a small run and a large one.
    fn slope(&self, client: Client, n: u32, cost: &mut Cost) -> Result<()> {
        let (small, _) = self.once(client, n)?;
        let (large, said) = self.once(client, 4 * n)?;
        let more = f64::from(3 * n);
        cost.per_1000.push((large.cpu_s - small.cpu_s) / (more * f64::from(TOKENS)) * 1e3);
        cost.requests_per_s.push(more / (large.wall_s - small.wall_s).max(1e-9));
        if client == Client::Floor {
            let said: Value = serde_json::from_str(&said).context("the floor printed no JSON")?;
            if said["requests"].as_u64() != Some(u64::from(4 * n)) {
                bail!("the floor got {} answers of {}", said["requests"], 4 * n);
            }
            cost.events_per_read = ratio(&said["events"], &said["reads"]);
        }
        Ok(())
    }

    fn once(&self, client: Client, n: u32) -> Result<(Took, String)> {
        let store = self.rig.path("cpu.db");
        let took = timed(&self.command(client, n, &store)?, PATIENCE);
        for name in ["cpu.db", "cpu.db-wal", "cpu.db-shm"] {
            let _ = std::fs::remove_file(self.rig.path(name));
        }
        took.with_context(|| format!("{} with {n} requests", client.name()))
    }

    fn command(&self, client: Client, n: u32, store: &Path) -> Result<Command> {
        let (c, n, tokens) = (self.concurrency.to_string(), n.to_string(), TOKENS.to_string());
        Ok(match client {
            Client::Acidtest => {
                let url = format!("http://{}/v1", self.address);
                let mut bench = self.rig.acidtest(&["bench", "--url", &url, "--model", "sim", "--quiet"]);
                bench.args(["--concurrency", &c, "--requests", &n, "--max-tokens", &tokens]);
                bench.args(["--format", "json", "--store"]).arg(store);
                bench
            }
            Client::Floor => {
                let mut floor = Command::new(self.floor);
                floor.args([&self.address, &c, &n, &tokens, &self.threads.to_string()]);
                floor
            }
            Client::VllmRs => {
                let (program, tokenizer) = self.vllm.as_ref().context("vllm-rs is not there")?;
                let mut vllm = Command::new(program);
                vllm.args(["bench", "serve", "--backend", "openai-chat", "--model", "sim"]);
                vllm.args(["--base-url", &format!("http://{}", self.address), "--tokenizer"]).arg(tokenizer);
                vllm.args(["--dataset-name", "random", "--random-input-len", "32"]);
                vllm.args(["--random-output-len", &tokens, "--num-prompts", &n, "--max-concurrency", &c]);
                vllm.args(["--ready-check-timeout-sec", "0", "--disable-tqdm"]);
                vllm
            }
        })
    }

    /// How many measuring threads acidtest has at this load: the floor gets as many.
    fn measuring_threads(&self) -> Result<u32> {
        let (_, said) = self.once(Client::Acidtest, self.concurrency)?;
        let report: Value = serde_json::from_str(&said).context("bench printed no JSON")?;
        let threads = report["run"]["measuring_threads"].as_u64().context("no `measuring_threads`")?;
        u32::try_from(threads.max(1)).context("too many threads")
    }

    /// Events per read of acidtest at this load, where it can be told.
    fn read_by_acidtest(&self, n: u32) -> Option<f64> {
        let store = self.rig.path("read.db");
        let (c, n) = (self.concurrency.to_string(), n.to_string());
        let mut calibrate = self.rig.acidtest(&["calibrate", "--quiet", "--format", "json"]);
        calibrate.args(["--concurrency", &c, "--requests", &n, "--store"]).arg(store);
        let said: Value = serde_json::from_str(&shell::output(calibrate).ok()?).ok()?;
        said["events_per_read"].as_f64()
    }

    /// The same of vllm-rs: events that the server wrote, by reads that brought something.
    fn read_by_vllm(&self, n: u32) -> Option<f64> {
        let vllm = self.command(Client::VllmRs, n, Path::new("")).ok()?;
        let traced = self.rig.path("vllm.strace");
        let mut strace = Command::new("strace");
        strace.args(["-f", "-qq", "-e", "trace=read,readv,recvfrom,recvmsg", "-e", "signal=none", "-o"]);
        strace.arg(&traced).arg(vllm.get_program()).args(vllm.get_args());
        strace.env("STRACE_STRING_LIMIT", "0");
        shell::output(strace).ok()?;
        let reads = events_reads(&std::fs::read_to_string(traced).ok()?);
        (reads > 0).then(|| f64::from(n * TOKENS) / reads as f64)
    }
}

/// Calls in a trace that brought a part of a stream: an event has more than 100 bytes and the
/// strings that are shown of it begin with a chunk's length.
fn events_reads(trace: &str) -> u64 {
    let brought = |line: &&str| {
        let bytes: Option<i64> = line.rsplit_once("= ").and_then(|(_, n)| n.trim().parse().ok());
        line.contains("data: {") && bytes.is_some_and(|n| n > 100)
    };
    trace.lines().filter(brought).count() as u64
}

fn ratio(a: &Value, b: &Value) -> Option<f64> {
    Some(a.as_f64()? / b.as_f64().filter(|b| *b > 0.0)?)
}

fn lines(concurrency: u32, clients: &[Client], costs: &[Cost]) -> Result<String> {
    let floor = clients.iter().zip(costs).find(|(client, _)| **client == Client::Floor).map(|(_, cost)| cost);
    let ours = clients.iter().zip(costs).find(|(client, _)| **client == Client::Acidtest).map(|(_, c)| c);
    let mut out = String::new();
    for (client, cost) in clients.iter().zip(costs) {
        if let Some(why) = &cost.failed {
            writeln!(out, "| {concurrency} | {} | {why} | – | – | – | – | – |", client.name())?;
            continue;
        }
        let (least, most) = ends(&cost.per_1000);
        let beside = |pick: fn(&Cost) -> &[f64]| {
            floor.filter(|floor| floor.failed.is_none()).map(|f| median(pick(cost)) / median(pick(f)))
        };
        let cpu = beside(|c| &c.per_1000).filter(|_| floor.is_some_and(|f| single(f) && single(cost)));
        let pace = beside(|c| &c.requests_per_s);
        let goal = match client {
            Client::Acidtest => goal(cpu, pace),
            Client::VllmRs => beaten(concurrency, ours, cost),
            Client::Floor => "–".to_owned(),
        };
        let show =
            |value: Option<f64>, digits: usize| value.map_or("–".into(), |v| format!("{v:.digits$}"));
        writeln!(
            out,
            "| {concurrency} | {} | {:.4} ({least:.4} – {most:.4}) | {} | {:.1} | {} | {} | {goal} |",
            client.name(),
            median(&cost.per_1000),
            show(cost.events_per_read, 3),
            median(&cost.requests_per_s),
            show(cpu, 2),
            show(pace, 3),
        )?;
    }
    Ok(out)
}

fn single(cost: &Cost) -> bool {
    cost.events_per_read.is_some_and(|ratio| ratio <= SINGLE)
}

fn goal(cpu: Option<f64>, pace: Option<f64>) -> String {
    let word = |is_met: bool| if is_met { "met" } else { "**missed**" };
    let cpu = cpu.map_or("not compared", |ratio| word(ratio <= 1.3));
    let pace = pace.map_or("not compared", |ratio| word(ratio >= 0.99));
    format!("CPU {cpu}, requests/s {pace}")
}

/// Whether acidtest costs less than a rival, where both read alike.
fn beaten(concurrency: u32, ours: Option<&Cost>, theirs: &Cost) -> String {
    let Some(ours) = ours.filter(|ours| single(ours) && single(theirs)) else {
        return "not compared".to_owned();
    };
    let ratio = median(&ours.per_1000) / median(&theirs.per_1000);
    let word = match (ratio < 1.0, concurrency <= 256) {
        (true, _) => "met",
        (false, true) => "**missed**",
        (false, false) => "no goal",
    };
    format!("acidtest ÷ this {ratio:.2}: {word}")
}

fn ends(values: &[f64]) -> (f64, f64) {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (least, most)
}

fn one_line(error: &anyhow::Error) -> String {
    let text: String = format!("{error:#}").chars().take(160).collect();
    text.replace(['|', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(cpu: f64, pace: f64, read: f64) -> Cost {
        Cost { per_1000: vec![cpu], requests_per_s: vec![pace], events_per_read: Some(read), failed: None }
    }

    #[test]
    fn ratios_are_given_only_where_both_read_alike() {
        let clients = [Client::Acidtest, Client::Floor, Client::VllmRs];
        let alike = [cost(0.012, 99.5, 1.01), cost(0.010, 100.0, 1.0), cost(0.015, 99.0, 1.02)];
        let out = lines(64, &clients, &alike).unwrap();
        assert!(out.contains("| 1.20 | 0.995 | CPU met, requests/s met |"), "{out}");
        assert!(out.contains("acidtest ÷ this 0.80: met"), "{out}");
        let late = [cost(0.014, 98.0, 1.01), cost(0.010, 100.0, 1.2), cost(0.012, 99.0, 1.02)];
        let out = lines(64, &clients, &late).unwrap();
        assert!(out.contains("CPU not compared, requests/s **missed**"), "{out}");
        assert!(out.contains("acidtest ÷ this 1.17: **missed**"), "{out}");
    }

    #[test]
    fn a_client_that_fails_has_its_words_in_its_line() {
        let mut failed = cost(1.0, 1.0, 1.0);
        failed.failed = Some("ended with 2".into());
        let out = lines(64, &[Client::Acidtest, Client::Floor], &[cost(1.0, 1.0, 1.0), failed]).unwrap();
        assert!(out.contains("| floor | ended with 2 |"), "{out}");
        assert!(out.contains("CPU not compared"), "{out}");
    }

    #[test]
    fn reads_of_a_trace_are_those_that_brought_events() {
        let trace = "7 recvfrom(9, \"b1\\r\\ndata: {\\\"id\\\"\", 8192, 0, NULL, NULL) = 190\n\
                     7 recvfrom(9, 0x7f, 8192, 0, NULL, NULL) = -1 EAGAIN\n\
                     7 read(3, \"\\1\\0\", 8) = 8\n";
        assert_eq!(events_reads(trace), 1);
    }
}
