//! How often the 95 % intervals hold the truth, by simulation: the figures of the long proof.
//!
//! `cargo run --release -p acidtest-metrics --example coverage [RUNS]`. Seeded; prints Markdown.

#![allow(clippy::disallowed_methods, reason = "an example is a program: it reads its arguments")]
#![allow(clippy::print_stdout, reason = "an example program prints its table")]

use acidtest_metrics::stats::{
    NoInterval, Pcg64, Unit, batch_mean, batch_quantile, clustered_mean, clustered_proportion,
    normal_quantile, quantile_interval, wilson,
};

const LEVEL: f64 = 0.95;

fn main() {
    let runs = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(2000);
    println!("| data | statistic | holds | answers | naive holds |");
    println!("| --- | --- | --- | --- | --- |");
    clusters(runs);
    let mut random = Pcg64::seeded(20);
    for (n, phi) in [(122, 0.0), (122, 0.3), (400, 0.5), (1000, 0.8), (4000, 0.9)] {
        for p in [0.5, 0.95, 0.99] {
            let truth = deviate(p);
            let name = format!("autoregression {phi}, n {n}");
            series(&name, p, truth, runs, || autoregression(n, phi, &mut random));
        }
        mean(n, phi, runs);
    }
    for (n, rho) in [(1000, 0.5f64), (4000, 0.8), (20_000, 0.8)] {
        for p in [0.5, 0.95, 0.99] {
            let truth = (rho / (1.0 - p)).ln().max(0.0) / (1.0 - rho);
            let name = format!("queue at {rho}, n {n}");
            series(&name, p, truth, runs / 4, || queue(n, rho, &mut random));
        }
    }
}

/// Clusters of 4 yes/no cases, each case following its cluster with probability 0.6.
fn clusters(runs: usize) {
    let mut random = Pcg64::seeded(10);
    for (count, truth) in [(8, 0.8), (15, 0.8), (31, 0.8), (31, 0.95), (100, 0.5)] {
        let mut tally = [Tally::default(), Tally::default()];
        let mut naive = Tally::default();
        for _ in 0..runs {
            let units: Vec<Unit> = (0..count).map(|_| cluster(truth, &mut random)).collect();
            let share = clustered_proportion(&units, LEVEL).expect("valid units");
            let mean = clustered_mean(&units, Some((0.0, 1.0)), LEVEL).expect("valid units");
            let n = f64::from(4 * count);
            naive.add(&wilson(share.value, n, LEVEL), |i| i.holds(truth));
            tally[0].add(&share.interval, |i| i.holds(truth));
            tally[1].add(&mean.interval, |i| i.holds(truth));
        }
        for (tally, what) in tally.iter().zip(["share", "mean, t"]) {
            println!("| {count} clusters of 4, p {truth} | {what} | {} | {} |", tally.shares(), naive.held());
        }
    }
}

fn cluster(truth: f64, random: &mut Pcg64) -> Unit {
    let shared = random.double() < truth;
    let sum = (0..4)
        .map(|_| {
            let follows = random.double() < 0.6;
            let own = random.double() < truth;
            f64::from(if follows { shared } else { own })
        })
        .sum();
    Unit { cases: 4, sum }
}

fn series(name: &str, p: f64, truth: f64, runs: usize, mut draw: impl FnMut() -> Vec<f64>) {
    let (mut tally, mut naive) = (Tally::default(), Tally::default());
    for _ in 0..runs {
        let values = draw();
        tally.add(&batch_quantile(&values, p, LEVEL), |b| b.interval.holds(truth));
        let mut sorted = values;
        sorted.sort_by(f64::total_cmp);
        naive.add(&quantile_interval(&sorted, p, LEVEL), |i| i.holds(truth));
    }
    let (shares, naive) = (tally.shares(), naive.held());
    println!("| {name} | p{:.0} | {shares} | {naive} |", p * 100.0);
}

fn mean(n: usize, phi: f64, runs: usize) {
    let mut random = Pcg64::seeded(30);
    let mut tally = Tally::default();
    for _ in 0..runs {
        let found = batch_mean(&autoregression(n, phi, &mut random), LEVEL);
        tally.add(&found, |b| b.interval.holds(0.0));
    }
    println!("| autoregression {phi}, n {n} | mean | {} | |", tally.shares());
}

#[derive(Default)]
struct Tally {
    held: usize,
    answered: usize,
    asked: usize,
}

impl Tally {
    fn add<T>(&mut self, found: &Result<T, NoInterval>, holds: impl Fn(&T) -> bool) {
        self.asked += 1;
        if let Ok(interval) = found {
            self.answered += 1;
            self.held += usize::from(holds(interval));
        }
    }

    fn held(&self) -> String {
        if self.answered == 0 {
            return "–".to_owned();
        }
        format!("{:.1} %", 100.0 * self.held as f64 / self.answered as f64)
    }

    fn shares(&self) -> String {
        let answers = 100.0 * self.answered as f64 / self.asked.max(1) as f64;
        format!("{} | {answers:.0} %", self.held())
    }
}

fn deviate(p: f64) -> f64 {
    normal_quantile(p.clamp(1e-12, 1.0 - 1e-12)).expect("inside (0, 1)")
}

/// A first-order autoregression with standard normal marginals.
fn autoregression(n: usize, phi: f64, random: &mut Pcg64) -> Vec<f64> {
    let mut x = deviate(random.double());
    let noise = (1.0 - phi * phi).sqrt();
    (0..n)
        .map(|_| {
            x = phi * x + noise * deviate(random.double());
            x
        })
        .collect()
}

/// Waiting times of an M/M/1 queue at load `rho`, run in for 2000 arrivals.
fn queue(n: usize, rho: f64, random: &mut Pcg64) -> Vec<f64> {
    let mut exponential = |mean: f64| -mean * (1.0 - random.double()).ln();
    let mut wait = 0.0f64;
    (0..n + 2000)
        .map(|_| {
            wait = (wait + exponential(1.0) - exponential(1.0 / rho)).max(0.0);
            wait
        })
        .skip(2000)
        .collect()
}
