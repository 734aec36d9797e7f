//! How often the intervals of values in send order hold the truth: autoregressions, and queues
//! from half load to near saturation. The figures of `cargo xtask prove intervals`.
//!
//! `cargo run --release -p acidtest-metrics --example intervals [RUNS]`. Seeded; prints Markdown.

#![allow(clippy::disallowed_methods, reason = "an example is a program: it reads its arguments")]
#![allow(clippy::print_stdout, reason = "an example program prints its table")]

use acidtest_metrics::stats::{Interval, NoInterval, Pcg64, SendOrder, batch_mean, quantile};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

const LEVEL: f64 = 0.95;
const LENGTHS: [usize; 4] = [300, 1000, 5000, 20_000];
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];
const NAMES: [&str; 5] = ["mean", "p50", "p90", "p95", "p99"];
/// Goal: share of the intervals that hold the truth, where an interval is usual.
const HOLDS: f64 = 0.94;
/// Share of the runs with an interval from which it is usual.
const USUAL: f64 = 2.0 / 3.0;
/// Values from which the truth of the queue without a formula is taken, in two series.
const TRUTH: usize = 20_000_000;
/// (n, data, statistic) that is known to miss, and the share of wrong runs it may not pass.
const KNOWN: [(usize, &str, &str, f64); 2] =
    [(300, "8 slots at 80 %", "mean", 0.10), (1000, "8 slots at 80 %", "mean", 0.09)];

#[derive(Clone, Copy)]
enum Data {
    /// First-order autoregression about 10 with standard normal marginals.
    Autoregression(f64),
    /// Times in an M/M/1 system at this load, from the steady state.
    OneServer(f64),
    /// Times in a system of 8 slots, Poisson arrivals, log-normal services (σ = 0.5).
    Slots(f64),
}

const DATA: [(&str, Data); 11] = [
    ("autoregression 0", Data::Autoregression(0.0)),
    ("autoregression 0.5", Data::Autoregression(0.5)),
    ("autoregression 0.8", Data::Autoregression(0.8)),
    ("autoregression 0.9", Data::Autoregression(0.9)),
    ("autoregression 0.95", Data::Autoregression(0.95)),
    ("M/M/1 at 50 %", Data::OneServer(0.5)),
    ("M/M/1 at 80 %", Data::OneServer(0.8)),
    ("M/M/1 at 90 %", Data::OneServer(0.9)),
    ("M/M/1 at 95 %", Data::OneServer(0.95)),
    ("8 slots at 80 %", Data::Slots(0.8)),
    ("8 slots at 95 %", Data::Slots(0.95)),
];

fn main() {
    let runs = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(1000);
    let mut rows = Vec::new();
    let mut missed = Vec::new();
    for (at, (name, data)) in DATA.iter().enumerate() {
        let truth = data.truth();
        for n in LENGTHS {
            let tallies = simulate(*data, n, runs, &truth, (at * 1000 + n) as u64);
            for (tally, what) in tallies.iter().zip(NAMES).filter(|(tally, _)| tally.asked) {
                rows.push(tally.row(name, n, what, runs));
                missed.extend(tally.missed(name, n, what, runs));
            }
        }
    }
    println!("{} of {} cells keep their goal.", rows.len() - missed.len(), rows.len());
    for miss in &missed {
        println!("- {miss}");
    }
    println!(
        "\n| data | n | of | covers % | ± | given % | wrong, of all runs % | one end open % | width / truth |"
    );
    println!("| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    rows.iter().for_each(|row| println!("{row}"));
}

/// What came of one cell.
#[derive(Default, Clone)]
struct Tally {
    asked: bool,
    held: usize,
    given: usize,
    open: usize,
    widths: Vec<f64>,
}

impl Tally {
    fn add(&mut self, found: Result<Interval, NoInterval>, truth: f64) {
        self.asked |= !matches!(found, Err(NoInterval::TooFew { .. }));
        let Ok(interval) = found else { return };
        self.given += 1;
        self.held += usize::from(interval.holds(truth));
        self.open += usize::from(interval.low.is_none() || interval.high.is_none());
        self.widths.push(match (interval.low, interval.high) {
            (Some(low), Some(high)) => (high - low) / truth,
            _ => f64::INFINITY,
        });
    }

    /// (share of the intervals that hold the truth, share of all runs that are told a wrong one)
    fn shares(&self, runs: usize) -> (f64, f64) {
        let holds = self.held as f64 / self.given.max(1) as f64;
        (holds, (self.given - self.held) as f64 / runs as f64)
    }

    fn row(&self, name: &str, n: usize, what: &str, runs: usize) -> String {
        let (holds, wrong) = self.shares(runs);
        let mut widths = self.widths.clone();
        widths.sort_by(f64::total_cmp);
        let width = match quantile(&widths, 0.5) {
            Some(width) if width.is_finite() => format!("{width:.2}"),
            _ => "–".to_owned(),
        };
        let (covers, error) = match self.given {
            0 => ("–".to_owned(), "–".to_owned()),
            given => (format!("{:.1}", 100.0 * holds), format!("{:.1}", 100.0 * error(given))),
        };
        let given = 100.0 * self.given as f64 / runs as f64;
        let open = 100.0 * self.open as f64 / self.given.max(1) as f64;
        let wrong = 100.0 * wrong;
        format!(
            "| {name} | {n} | {what} | {covers} | {error} | {given:.0} | {wrong:.1} | {open:.0} | {width} |"
        )
    }

    /// Which goal is missed by more than two Monte-Carlo errors.
    fn missed(&self, name: &str, n: usize, what: &str, runs: usize) -> Option<String> {
        let (holds, wrong) = self.shares(runs);
        let usual = self.given as f64 >= USUAL * runs as f64;
        let about = format!("{name}, n {n}, {what}");
        if usual && holds < HOLDS - 2.0 * error(self.given) {
            return Some(format!("missed: {about}: {:.1} % of the intervals hold the truth", 100.0 * holds));
        }
        let allowed = 1.0 - HOLDS + 2.0 * error(runs);
        let known = KNOWN.iter().find(|known| (known.0, known.1, known.2) == (n, name, what));
        match known {
            _ if wrong <= allowed => None,
            Some(known) if wrong <= known.3 + 2.0 * error(runs) => Some(format!(
                "known to miss: {about}: {:.1} % of all runs are told a wrong interval",
                100.0 * wrong
            )),
            _ => {
                Some(format!("missed: {about}: {:.1} % of all runs are told a wrong interval", 100.0 * wrong))
            }
        }
    }
}

/// Monte-Carlo error of a share at the goal.
fn error(of: usize) -> f64 {
    (HOLDS * (1.0 - HOLDS) / of as f64).sqrt()
}

/// Runs of one length, on two threads; what a run draws depends on its number only.
fn simulate(data: Data, n: usize, runs: usize, truth: &[f64; 5], seed: u64) -> Vec<Tally> {
    let tallies = Mutex::new(vec![Tally::default(); NAMES.len()]);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let run = next.fetch_add(1, Ordering::Relaxed);
            if run >= runs {
                return;
            }
            let mut random = Random::seeded(seed * 1_000_003 + run as u64);
            let found = intervals(&data.series(n, &mut random));
            let mut tallies = tallies.lock().expect("no thread panics with the lock");
            for ((tally, found), truth) in tallies.iter_mut().zip(found).zip(truth) {
                tally.add(found, *truth);
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    tallies.into_inner().expect("no thread panics with the lock")
}

fn intervals(series: &[f64]) -> Vec<Result<Interval, NoInterval>> {
    let ordered = SendOrder::new(series).expect("finite values");
    let quantiles = QUANTILES.iter().map(|p| ordered.quantile(*p, LEVEL).map(|found| found.interval));
    std::iter::once(batch_mean(series, LEVEL).map(|found| found.interval)).chain(quantiles).collect()
}

impl Data {
    fn series(self, n: usize, random: &mut Random) -> Vec<f64> {
        match self {
            Data::Autoregression(phi) => autoregression(n, phi, random),
            Data::OneServer(load) => one_server(n, load, random),
            Data::Slots(load) => slots(n, load, random),
        }
    }

    /// The mean and the quantiles in the steady state.
    fn truth(self) -> [f64; 5] {
        match self {
            Data::Autoregression(_) => [10.0, 10.0, 11.281_551_566, 11.644_853_627, 12.326_347_874],
            Data::OneServer(load) => {
                let at = |p: f64| -(1.0 - p).ln() / (1.0 - load);
                [1.0 / (1.0 - load), at(0.5), at(0.9), at(0.95), at(0.99)]
            }
            Data::Slots(load) => {
                let long = |seed| slots(TRUTH, load, &mut Random::seeded(seed));
                let (one, other) = std::thread::scope(|scope| {
                    let one = scope.spawn(|| long(1));
                    (long(2), one.join().expect("the simulation does not panic"))
                });
                let mut all = [one, other].concat();
                let mean = all.iter().sum::<f64>() / all.len() as f64;
                let mut at = |p: f64| {
                    let rank = (p * all.len() as f64) as usize;
                    *all.select_nth_unstable_by(rank, f64::total_cmp).1
                };
                [mean, at(0.5), at(0.9), at(0.95), at(0.99)]
            }
        }
    }
}

fn autoregression(n: usize, phi: f64, random: &mut Random) -> Vec<f64> {
    let mut x = random.normal();
    let noise = (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + noise * random.normal();
            10.0 + x
        })
        .collect()
}

fn one_server(n: usize, load: f64, random: &mut Random) -> Vec<f64> {
    let waits = random.share() < load;
    let mut wait = if waits { random.exponential() / (1.0 - load) } else { 0.0 };
    (0..n)
        .map(|_| {
            let time = wait + random.exponential();
            wait = (time - random.exponential() / load).max(0.0);
            time
        })
        .collect()
}

fn slots(n: usize, load: f64, random: &mut Random) -> Vec<f64> {
    let run_in = (40.0 / (1.0 - load).powi(2)) as usize;
    let mut free = [0.0f64; 8];
    let mut now = 0.0;
    let mut times = Vec::with_capacity(n);
    for i in 0..n + run_in {
        now += random.exponential() / (load * free.len() as f64);
        let first = (1..free.len()).fold(0, |least, k| if free[k] < free[least] { k } else { least });
        // Mean 1: exp(σ z − σ²/2).
        let end = free[first].max(now) + (0.5 * random.normal() - 0.125).exp();
        free[first] = end;
        if i >= run_in {
            times.push(end - now);
        }
    }
    times
}

struct Random {
    bits: Pcg64,
    /// The second normal of a pair.
    spare: Option<f64>,
}

impl Random {
    fn seeded(seed: u64) -> Random {
        Random { bits: Pcg64::seeded(seed), spare: None }
    }

    /// Above 0, at most 1.
    fn share(&mut self) -> f64 {
        1.0 - self.bits.double()
    }

    fn exponential(&mut self) -> f64 {
        -self.share().ln()
    }

    /// Box and Muller, Ann. Math. Stat. 29 (1958) 610.
    fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (2.0 * self.exponential()).sqrt();
        let (sin, cos) = (std::f64::consts::TAU * self.bits.double()).sin_cos();
        self.spare = Some(radius * sin);
        radius * cos
    }
}
