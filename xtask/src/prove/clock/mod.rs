//! How true the clock is, rung by rung: `acidtest calibrate` under growing load, with idle cores
//! and with one kept busy, and how often its own verdict is wrong.
//!
//! Main item: [`run`]. The numbers are those of `calibrate`, which joins the server's writes with
//! the client's records; goals are judged here, and losses are printed like everything else.

mod seen;

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context, Result};

use self::seen::Seen;
use super::page;
use super::rig::{self, Asked, Rig};
use super::watch::Watched;

const PAGE: &str = "docs/benchmarks.md";
const TOKENS: u32 = 64;
const TTFT_MS: u32 = 50;
/// Load of each rung, in seconds of the plan.
const FULL_S: f64 = 10.0;
const QUICK_S: f64 = 1.0;
/// Runs that say how often the verdict is wrong.
const RUNS: u32 = 54;
const QUICK_RUNS: u32 = 3;
const UNTIL_DONE: Duration = Duration::from_secs(300);
const SEED: u32 = 7;

/// So many streams at such a pace.
#[derive(Debug, Clone, Copy)]
struct Rung {
    streams: u32,
    itl_ms: u32,
    /// Whether no machine of this size can keep up: it must come out invalid.
    past: bool,
}

const fn rung(streams: u32, itl_ms: u32) -> Rung {
    Rung { streams, itl_ms, past: false }
}

const RUNGS: [Rung; 7] = [
    rung(64, 5),
    rung(256, 5),
    rung(512, 5),
    rung(1_000, 25),
    rung(4_000, 100),
    rung(10_000, 250),
    Rung { past: true, ..rung(4_000, 5) },
];

/// Rungs whose verdicts are counted: short ones, so that many fit.
const VERDICTS: [Rung; 5] = [rung(16, 5), rung(64, 5), rung(256, 5), rung(1_000, 25), rung(1_024, 5)];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cores {
    Idle,
    OneBusy,
}

impl Cores {
    fn name(self) -> &'static str {
        match self {
            Cores::Idle => "idle",
            Cores::OneBusy => "one busy",
        }
    }

    fn keep(self) -> Result<Option<Watched>> {
        match self {
            Cores::Idle => Ok(None),
            Cores::OneBusy => rig::spinning().map(Some),
        }
    }
}

/// `clock [--quick] [--built]`: `--quick` is short loads that only show that it works, and writes
/// no page; `--built` takes the release build as it lies.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let wanted = Asked::of("clock", words)?;
    let rig = Rig::new(wanted.built)?;
    let mut out = rig::head("clock")?;
    out.push_str(TABLE);
    let (seconds, runs) = if wanted.quick { (QUICK_S, QUICK_RUNS) } else { (FULL_S, RUNS) };
    for cores in [Cores::Idle, Cores::OneBusy] {
        for rung in RUNGS {
            let line = line(rung, cores, &calibrated(&rig, rung, cores, seconds)?);
            print!("{line}");
            out.push_str(&line);
        }
    }
    let verdicts = verdicts(&rig, seconds.min(2.0), runs)?;
    print!("{verdicts}");
    out.push_str(&verdicts);
    if wanted.quick {
        println!("quick: nothing written");
        return Ok(());
    }
    page::put(PAGE, "clock", &out)
}

const TABLE: &str = "
`acidtest calibrate`: reported − true, where true is the middle of the bracket that the server
stamps just before and just after each write (first token after 50 ms, 64 tokens of one event each).
p99 of the error's size, by the kernel's stamps and by the program's (right after the read) of the
same reads. Goals: (a) exact gaps ≤ 0.1 ms and first token ≤ 0.2 ms, (b) every printed gap
quantile covers the truth, (c) `valid` only where each printed pair is narrower than max(0.5 ms,
5 %), (d) ≥ 98 % of gaps exact at 64 and 256 streams on idle cores.

| streams × token time | cores | events/s | events per read | exact gaps | gap error p99 ms, kernel | program | first-token error p99 ms, kernel | program | widest printed pair ms | brackets left out | verdict: waiting / gaps | (a) | (b) | (c) | (d) |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
";

/// One run of `calibrate`.
fn calibrated(rig: &Rig, rung: Rung, cores: Cores, seconds: f64) -> Result<Seen> {
    let round_s = f64::from(TTFT_MS + rung.itl_ms * (TOKENS - 1)) / 1e3;
    // Past saturation a round takes many times as long as planned.
    let rounds = if rung.past { 1.0 } else { (seconds / round_s).ceil().max(2.0) };
    let requests = rung.streams * rounds as u32;
    let store = rig.path("clock.db");
    let report = rig.path("clock.json");
    let mut calibrate = rig.acidtest(&["calibrate", "--quiet", "--format", "json", "--store"]);
    calibrate.arg(&store);
    calibrate.args(["--concurrency", &rung.streams.to_string(), "--requests", &requests.to_string()]);
    calibrate.args(["--itl", &format!("{}ms", rung.itl_ms), "--ttft", &format!("{TTFT_MS}ms")]);
    calibrate.args(["--tokens", &TOKENS.to_string(), "--seed", &SEED.to_string()]);
    calibrate.stdout(std::fs::File::create(&report)?).stderr(std::process::Stdio::null());
    let busy = cores.keep()?;
    let used = Watched::start(calibrate)?.wait(UNTIL_DONE);
    drop(busy);
    used.with_context(|| format!("{} streams × {} ms, {} cores", rung.streams, rung.itl_ms, cores.name()))?;
    let seen = Seen::of(&rig::json(&report)?);
    for name in ["clock.db", "clock.db-wal", "clock.db-shm"] {
        let _ = std::fs::remove_file(rig.path(name));
    }
    seen
}

fn line(rung: Rung, cores: Cores, seen: &Seen) -> String {
    let ms = |value: Option<f64>| value.map_or("–".to_owned(), |s| format!("{:.3}", s * 1e3));
    let word = |is_valid: Option<bool>| match is_valid {
        Some(true) => "valid",
        Some(false) => "not valid",
        None => "–",
    };
    let mark = |goal: Option<bool>| match goal {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "–",
    };
    let share = |share: Option<f64>| share.map_or("–".to_owned(), |s| format!("{:.2} %", s * 100.0));
    let is_bounded = rung.streams <= 256 && cores == Cores::Idle;
    let mut streams = format!("{} × {} ms", rung.streams, rung.itl_ms);
    if rung.past {
        let is_told = seen.waiting.valid == Some(false) || seen.gaps.valid == Some(false);
        let _ = write!(streams, ", past saturation: invalid {}", mark(Some(is_told)));
    }
    let cells = [
        streams,
        cores.name().to_owned(),
        format!("{:.0}", seen.events_per_s),
        seen.events_per_read.map_or("–".to_owned(), |r| format!("{r:.3}")),
        share(seen.exact),
        ms(seen.gaps.kernel_s),
        ms(seen.gaps.program_s),
        ms(seen.waiting.kernel_s),
        ms(seen.waiting.program_s),
        ms(seen.widest_s()),
        format!("{} of {}", seen.wide, seen.brackets),
        format!("{} / {}", word(seen.waiting.valid), word(seen.gaps.valid)),
        mark(seen.is_true()).to_owned(),
        mark(seen.covers()).to_owned(),
        mark(seen.is_narrow_where_valid()).to_owned(),
        mark(seen.exact.filter(|_| is_bounded).map(|share| share >= 0.98)).to_owned(),
    ];
    format!("| {} |\n", cells.join(" | "))
}

/// How often the verdict is wrong, over many short runs.
fn verdicts(rig: &Rig, seconds: f64, runs: u32) -> Result<String> {
    let mut counts = [Counted::default(), Counted::default()];
    let (mut covered, mut quantiles) = (0, 0);
    let mut out = String::new();
    for i in 0..runs {
        let rung = VERDICTS[i as usize % VERDICTS.len()];
        let cores =
            if (i as usize / VERDICTS.len()).is_multiple_of(2) { Cores::Idle } else { Cores::OneBusy };
        let seen = calibrated(rig, rung, cores, seconds)?;
        counts[0].add(seen.waiting.valid, seen.is_waiting_wrong());
        counts[1].add(seen.gaps.valid, seen.is_gaps_wrong());
        covered += seen.quantiles.iter().filter(|q| q.covers).count();
        quantiles += seen.quantiles.len();
    }
    write!(out, "\n(e) {runs} short runs, by turns of")?;
    for rung in VERDICTS {
        write!(out, " {} × {} ms,", rung.streams, rung.itl_ms)?;
    }
    writeln!(
        out,
        " with idle cores and one busy. Wrong means that the error against the truth is beyond the limit of \
         the verdict: max(0.5 ms, 5 % of the median). {covered} of {quantiles} printed gap quantiles covered \
         the truth.\n\n| times | valid and right | valid but wrong (false valid) | not valid and wrong | not \
         valid but right (false invalid) | no verdict |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    for (name, c) in ["waiting (first token)", "gaps"].iter().zip(&counts) {
        writeln!(
            out,
            "| {name} | {} | {} | {} | {} | {} |",
            c.right, c.false_valid, c.invalid, c.false_invalid, c.none
        )?;
    }
    Ok(out)
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    right: u32,
    false_valid: u32,
    invalid: u32,
    false_invalid: u32,
    none: u32,
}

impl Counted {
    fn add(&mut self, is_valid: Option<bool>, is_wrong: Option<bool>) {
        match (is_valid, is_wrong) {
            (Some(true), Some(false)) => self.right += 1,
            (Some(true), Some(true)) => self.false_valid += 1,
            (Some(false), Some(true)) => self.invalid += 1,
            (Some(false), Some(false)) => self.false_invalid += 1,
            _ => self.none += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted_by_what_they_say_and_what_is() {
        let mut c = Counted::default();
        for (valid, wrong) in [
            (Some(true), Some(true)),
            (Some(false), Some(false)),
            (None, Some(true)),
            (Some(true), Some(false)),
        ] {
            c.add(valid, wrong);
        }
        assert_eq!(c, Counted { right: 1, false_valid: 1, invalid: 0, false_invalid: 1, none: 1 });
    }
}
