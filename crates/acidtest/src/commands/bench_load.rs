//! The flags of `bench` that say under which load: the same words as the keys of a suite's phase.
//!
//! Main type: [`LoadArgs`]. Must not send anything.

use super::bench_search::Rungs;
use crate::exit::Failure;
use acidtest_record::{
    AbortRule, AbortWhat, Amount, Axis, BURSTINESS, Dist, Load, LoadStage, MAX_RATE, PhaseCaps, PhaseSpec,
    Spacing, Stages, StopRule, Warmup,
};
use std::path::{Path, PathBuf};

/// Most requests in flight of an open loop.
const IN_FLIGHT: u32 = 1000;

/// Under which load
#[derive(clap::Args)]
pub(super) struct LoadArgs {
    /// Closed loop: so many requests always in flight
    #[arg(long, value_name = "N", conflicts_with_all = ["rate", "stages", "user_stages", "rate_file"], value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Open loop: so many requests a second, however slow the answers are
    #[arg(long, value_name = "R", conflicts_with_all = ["stages", "user_stages", "rate_file"], value_parser = rate)]
    rate: Option<f64>,
    /// Open loop whose rate changes: '30s:10,60s:10-50' is 10 a second for 30 s, then a ramp to 50
    #[arg(long, value_name = "STAGES", conflicts_with_all = ["user_stages", "rate_file"])]
    stages: Option<String>,
    /// Closed loop whose users come and go: '30s:8,60s:8-64' is 8 users for 30 s, then a ramp to 64
    #[arg(long, value_name = "STAGES", conflicts_with = "rate_file")]
    user_stages: Option<String>,
    /// Open loop whose rate is in a file: lines 'seconds,rate' or JSON Lines, each holding until the next
    #[arg(long, value_name = "FILE")]
    rate_file: Option<PathBuf>,
    /// How arrivals of an open loop are spaced [default: poisson]
    #[arg(long, value_enum)]
    arrivals: Option<Arrivals>,
    /// Shape of gamma gaps: 1 is Poisson, below it arrivals come in bursts
    #[arg(long, value_name = "B", value_parser = burstiness)]
    burstiness: Option<f64>,
    /// Requests to send [default: 100, unless the load says how long it is]
    #[arg(long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    requests: Option<u32>,
    /// Time to send for: 30s, 2m
    #[arg(long, value_name = "D", conflicts_with_all = ["stages", "user_stages", "rate_file"], value_parser = seconds)]
    duration: Option<f64>,
    /// Requests (20) or time (10s) sent before what counts; of stages the first part
    #[arg(long, value_name = "N|D", default_value = "0", value_parser = warmup)]
    warmup: Warmup,
    /// Time sent after what counts, so that the last that count meet the full load; of stages the last part
    #[arg(long, value_name = "D", value_parser = seconds)]
    cooldown: Option<f64>,
    /// Closed loop: time between an answer and the same user's next request: 2s, or seconds as lognormal(2, 0.5)
    #[arg(long, value_name = "D", value_parser = think_time)]
    think_time: Option<Dist>,
    /// Closed loop: time at least between the starts of one user's requests
    #[arg(long, value_name = "D", value_parser = seconds)]
    pacing: Option<f64>,
    /// Closed loop: requests a second of all users together at most
    #[arg(long, value_name = "R", value_parser = rate)]
    max_rate: Option<f64>,
    /// Open loop: most requests in flight; beyond, a request is not sent and counted so [default: 1000]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_in_flight: Option<u32>,
    /// Requests that count at most, where time decides how many there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    max_requests: Option<u32>,
    /// Time after which nothing more is sent; of --find all rungs together [default: 30m]
    #[arg(long, value_name = "D", value_parser = seconds)]
    max_time: Option<f64>,
    /// Ends when an estimate is known well enough, such as 'ttft.p95 within 5 %'; may be repeated, then all must be
    #[arg(long, value_name = "RULE")]
    stop_when: Vec<String>,
    /// Stops the run, such as 'saturated', 'in_flight > 500 for 10 s', 'error_rate > 20 % after 50'; may be repeated
    #[arg(long, value_name = "RULE")]
    abort: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Arrivals {
    /// Evenly spaced
    Constant,
    /// Independent of each other
    Poisson,
    /// With gamma gaps of --burstiness
    Gamma,
}

impl LoadArgs {
    /// The phase that these flags describe.
    pub(super) fn phase(&self) -> Result<PhaseSpec, Failure> {
        let load = self.load()?;
        let amount = match (self.requests, self.duration, load.stages()) {
            (Some(n), ..) => Amount::Count(n),
            (None, Some(seconds), _) => Amount::Seconds(seconds),
            (None, None, Some(stages)) => Amount::Seconds(stages.seconds()),
            (None, None, None) => Amount::Count(100),
        };
        if let (Some(_), Some(_)) = (load.users(), self.max_in_flight) {
            return Err(Failure::usage("--max-in-flight is for open loops")
                .hint("a closed loop never has more in flight than it has users"));
        }
        let rule = |text: &String| {
            StopRule::parse(text).map_err(|bad| Failure::usage(format!("--stop-when: {bad}")).hint(bad.hint))
        };
        let phase = PhaseSpec {
            name: load.words(),
            amount,
            warmup: self.warmup,
            max_in_flight: self.max_in_flight.unwrap_or(IN_FLIGHT),
            cooldown_s: self.cooldown.unwrap_or(0.0),
            think: self.think_time,
            pacing_s: self.pacing.unwrap_or(0.0),
            max_rate: self.max_rate,
            caps: PhaseCaps { requests: self.max_requests, time_s: self.max_time, cost: None },
            stop_when: self.stop_when.iter().map(rule).collect::<Result<_, _>>()?,
            load,
        };
        phase.check().map_err(|bad| {
            let flag = match bad.key {
                "for" => "duration".to_owned(),
                key => key.replace('_', "-"),
            };
            let what = bad.what.replacen(&format!("'{}'", bad.key), "it", 1);
            Failure::usage(format!("--{flag}: {what}")).hint(bad.hint)
        })?;
        Ok(phase)
    }

    /// What the rungs of a search or a sweep take from these flags.
    pub(super) fn rungs(&self) -> Result<Rungs, Failure> {
        let taken = [
            ("--cooldown", self.cooldown.is_some()),
            ("--think-time", self.think_time.is_some()),
            ("--pacing", self.pacing.is_some()),
            ("--max-rate", self.max_rate.is_some()),
            ("--max-requests", self.max_requests.is_some()),
            ("--stop-when", !self.stop_when.is_empty()),
        ];
        if let Some((flag, _)) = taken.iter().find(|(_, is_given)| *is_given) {
            return Err(Failure::usage(format!("{flag} is for a single load"))
                .hint("--find and --sweep make rungs of their own"));
        }
        let open = match self.spacing()? {
            Spacing::Constant => Axis::Constant,
            Spacing::Poisson => Axis::Poisson,
            Spacing::Gamma { .. } => {
                return Err(Failure::usage("--arrivals gamma is for a single load")
                    .hint("rungs have constant or poisson arrivals"));
            }
        };
        let amount = match (self.requests, self.duration) {
            (_, Some(seconds)) => Some(Amount::Seconds(seconds)),
            (Some(n), None) => Some(Amount::Count(n)),
            (None, None) => None,
        };
        let max_in_flight = self.max_in_flight.unwrap_or(IN_FLIGHT);
        Ok(Rungs { open, amount, warmup: self.warmup, max_in_flight, max_time_s: self.max_time })
    }

    /// What stops the run.
    pub(super) fn abort(&self, phase: &PhaseSpec) -> Result<Vec<AbortRule>, Failure> {
        let rule = |text: &String| {
            let rule = acidtest_suite::abort_rule(text)
                .map_err(|(what, hint)| Failure::usage(format!("--abort: {what}")).hint(hint))?;
            match rule.what == AbortWhat::Saturated && phase.load.is_closed() {
                true => Err(Failure::usage("--abort: 'saturated' is for open loops")
                    .hint("users of a closed loop wait for their answers")),
                false => Ok(rule),
            }
        };
        self.abort.iter().map(rule).collect()
    }

    fn load(&self) -> Result<Load, Failure> {
        if let Some(text) = &self.user_stages {
            self.no_arrivals()?;
            return Ok(Load::Users { stages: stages("--user-stages", text, true)? });
        }
        if let Some(text) = &self.stages {
            let stages = stages("--stages", text, false)?;
            return Ok(Load::Varying { arrivals: self.spacing()?, stages });
        }
        if let Some(path) = &self.rate_file {
            return Ok(Load::Varying { arrivals: self.spacing()?, stages: rates(path)? });
        }
        if let Some(rate) = self.rate {
            return Ok(Load::open(rate, self.spacing()?));
        }
        self.no_arrivals()?;
        Ok(Load::Closed { concurrency: self.concurrency.unwrap_or(1) })
    }

    fn spacing(&self) -> Result<Spacing, Failure> {
        match (self.arrivals.unwrap_or(Arrivals::Poisson), self.burstiness) {
            (Arrivals::Gamma, Some(burstiness)) => Ok(Spacing::Gamma { burstiness }),
            (Arrivals::Gamma, None) => Err(Failure::usage("--arrivals gamma needs --burstiness")
                .hint("1 is Poisson, below it arrivals come in bursts: --burstiness 0.5")),
            (_, Some(_)) => {
                Err(Failure::usage("--burstiness is for gamma arrivals").hint("add --arrivals gamma"))
            }
            (Arrivals::Constant, None) => Ok(Spacing::Constant),
            (Arrivals::Poisson, None) => Ok(Spacing::Poisson),
        }
    }

    fn no_arrivals(&self) -> Result<(), Failure> {
        let flag = match (self.arrivals, self.burstiness) {
            (Some(_), _) => "--arrivals",
            (None, Some(_)) => "--burstiness",
            (None, None) => return Ok(()),
        };
        Err(Failure::usage(format!("{flag} is for open loops"))
            .hint("give the load as --rate, --stages or --rate-file"))
    }
}

/// `30s:10,60s:10-50`.
fn stages(flag: &str, text: &str, are_users: bool) -> Result<Stages, Failure> {
    let form = "write DURATION:VALUE or DURATION:FROM-TO, with commas between: '30s:10,60s:10-50'";
    let bad = |no: usize, what: &str| Failure::usage(format!("{flag}: stage {}: {what}", no + 1)).hint(form);
    let one = |(no, part): (usize, &str)| {
        let (time, values) = part.split_once(':').ok_or_else(|| bad(no, "it has no ':'"))?;
        let seconds = seconds(time).map_err(|what| bad(no, &what))?;
        let (from, to) =
            LoadStage::parse_values(values).ok_or_else(|| bad(no, "no number, and no range of two"))?;
        if are_users && from.fract() + to.fract() != 0.0 {
            return Err(bad(no, "users are whole"));
        }
        Ok(LoadStage { seconds, from, to })
    };
    let all = text.split(',').enumerate().map(one).collect::<Result<Vec<_>, _>>()?;
    Stages::new(all).map_err(|e| match e.at {
        Some(no) => bad(no, &e.what),
        None => Failure::usage(format!("{flag}: {e}")).hint(form),
    })
}

fn rates(path: &Path) -> Result<Stages, Failure> {
    let name = path.display().to_string();
    let fail = |e: std::io::Error| {
        Failure::usage(format!("--rate-file: cannot read '{name}': {e}"))
            .hint("give a file of lines 'seconds,rate'")
    };
    let is_file = std::fs::metadata(path).map_err(fail)?.is_file();
    if !is_file {
        return Err(Failure::usage(format!("--rate-file: '{name}' is no regular file")));
    }
    let file = std::fs::File::open(path).map_err(fail)?;
    acidtest_suite::rate_series(&name, Box::new(file)).map_err(|e| Failure::new(crate::exit::Exit::Usage, e))
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number of requests per second".to_owned())?;
    if rate > 0.0 && rate <= MAX_RATE {
        Ok(rate)
    } else {
        Err(format!("expected more than 0 and at most {MAX_RATE}"))
    }
}

fn burstiness(text: &str) -> Result<f64, String> {
    let (least, most) = BURSTINESS;
    let number = text.parse::<f64>().ok().filter(|x| (least..=most).contains(x));
    number.ok_or_else(|| format!("expected a number from {least} to {most}"))
}

fn warmup(text: &str) -> Result<Warmup, String> {
    match text.trim().parse::<u32>() {
        Ok(0) => Ok(Warmup::None),
        Ok(n) if n <= 1_000_000 => Ok(Warmup::Count(n)),
        Ok(_) => Err("expected at most 1000000 requests".to_owned()),
        Err(_) => seconds(text).map(Warmup::Seconds),
    }
}

fn think_time(text: &str) -> Result<Dist, String> {
    match text.contains('(') {
        true => text.parse().map_err(|e: acidtest_record::BadDist| e.to_string()),
        false => seconds(text).map(Dist::Fixed),
    }
}

/// A duration such as `30s`.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| "expected a duration such as 30s or 2m".to_owned())?;
    let factor = match text[end..].trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => return Err(format!("'{text}' has no unit: expected s, m or h")),
        other => return Err(format!("unknown unit '{other}': expected ms, s, m or h")),
    };
    let seconds = number * factor;
    if seconds > 0.0 && seconds <= 604_800.0 {
        Ok(seconds)
    } else {
        Err("expected more than 0 and at most a week".into())
    }
}

/// What of a phase makes two benchmarks the same workload; as earlier versions wrote it where
/// nothing is used that they did not have.
pub(super) fn workload_words(phase: &PhaseSpec) -> String {
    let PhaseSpec { name, load, amount, warmup, max_in_flight, .. } = phase;
    let base = format!(
        "PhaseSpec {{ name: {name:?}, load: {load:?}, amount: {amount:?}, warmup: {warmup:?}, max_in_flight: {max_in_flight} }}"
    );
    let plain = PhaseSpec {
        name: name.clone(),
        load: load.clone(),
        amount: *amount,
        warmup: *warmup,
        max_in_flight: *max_in_flight,
        stop_when: phase.stop_when.clone(),
        ..PhaseSpec::default()
    };
    if plain == *phase {
        return base;
    }
    let more = (phase.cooldown_s, &phase.think, phase.pacing_s, phase.max_rate, phase.caps);
    format!("{base} {more:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_range() {
        assert_eq!(seconds("30s"), Ok(30.0));
        assert_eq!(seconds("2m"), Ok(120.0));
        assert_eq!(seconds("1.5 min"), Ok(90.0));
        for bad in ["30", "0s", "-1s", "8d", "", "s", "1e9h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert!(rate("0").is_err() && rate("nan").is_err() && rate("1e9").is_err());
    }

    #[test]
    fn what_earlier_versions_could_do_has_their_words() {
        let load = Load::Closed { concurrency: 8 };
        let phase = PhaseSpec {
            name: load.words(),
            load,
            amount: Amount::Count(100),
            warmup: Warmup::None,
            max_in_flight: 1000,
            ..PhaseSpec::default()
        };
        let words = "PhaseSpec { name: \"closed 8\", load: Closed { concurrency: 8 }, amount: Count(100), warmup: None, max_in_flight: 1000 }";
        assert_eq!(workload_words(&phase), words);
        let paced = PhaseSpec { pacing_s: 1.0, ..phase };
        assert_ne!(workload_words(&paced), words);
    }

    #[test]
    fn stages_are_read_as_written() {
        let found = stages("--stages", "30s:10, 1m:10-50", false).unwrap_or_else(|e| panic!("{}", e.words()));
        assert_eq!(
            found.all(),
            [LoadStage::flat(30.0, 10.0), LoadStage { seconds: 60.0, from: 10.0, to: 50.0 }]
        );
    }
}
