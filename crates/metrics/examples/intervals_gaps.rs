//! How often intervals of pooled gaps hold the truth where records in flight together share the
//! server's slow spells: batches of records, beside records drawn singly. The second part of
//! `cargo xtask prove intervals`.
//!
//! `cargo run --release -p acidtest-metrics --example intervals_gaps [RUNS]`. Seeded; prints Markdown.

#![allow(clippy::disallowed_methods, reason = "an example is a program: it reads its arguments")]
#![allow(clippy::print_stdout, reason = "an example program prints its table")]

use acidtest_metrics::stats::{
    Pcg64, Resampling, batch_pooled_quantile, bootstrap_pooled_quantile, quantile,
};

const LEVEL: f64 = 0.95;
/// Share of the intervals that must hold the truth, less two Monte-Carlo errors.
const HOLDS: f64 = 0.94;
/// Share of the runs with an interval from which it is usual.
const USUAL: f64 = 2.0 / 3.0;
const STEP: f64 = 0.1;
/// Spell and records of runs of 30 s, with a spell every 20 s: e^(-30/20 or so) of them meet none.
const KNOWN: (f64, usize) = (2.0, 300);
/// Share of those runs that may be told a wrong interval.
const NEVER_MET: f64 = 0.23;

fn main() {
    let runs: usize = std::env::args().nth(1).and_then(|n| n.parse().ok()).unwrap_or(250);
    println!(
        "Gaps of records sent every 0.1 s, 20 gaps of 50 ms each, so that ten are in flight; a tenth of the"
    );
    println!("time every gap takes three times as long, in spells of the mean length given.\n");
    println!(
        "| spells, s | records | of | covers % | ± | given % | wrong, of all runs % | one end open % | records drawn singly cover % |"
    );
    println!("| ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    let mut missed = Vec::new();
    for spell in [0.0, 0.5, 2.0] {
        let mut random = Pcg64::seeded(7);
        let (long, _) = gaps(500_000, spell, &mut random);
        for records in [300, 1000, 5000] {
            let seeds: Vec<(Vec<f64>, Vec<u32>)> =
                (0..runs).map(|_| gaps(records, spell, &mut random)).collect();
            for p in [0.5, 0.95, 0.99] {
                let truth = quantile(&long, p).expect("values");
                missed.extend(cell(&seeds, records, spell, p, truth));
            }
        }
    }
    println!();
    missed.iter().for_each(|miss| println!("- {miss}"));
}

/// Prints the row of a cell; its name where it misses the goal.
fn cell(seen: &[(Vec<f64>, Vec<u32>)], records: usize, spell: f64, p: f64, truth: f64) -> Option<String> {
    let (mut given, mut held, mut open, mut single) = (0usize, 0usize, 0usize, 0usize);
    let few = seen.len().min(100);
    for (at, (sorted, owner)) in seen.iter().enumerate() {
        if let Ok(found) = batch_pooled_quantile(sorted, owner, records, p, LEVEL) {
            given += 1;
            held += usize::from(found.interval.holds(truth));
            open += usize::from(found.interval.low.is_none() || found.interval.high.is_none());
        }
        let how = Resampling { resamples: 100, ..Resampling::default() };
        if at < few {
            let drawn = bootstrap_pooled_quantile(sorted, owner, records, p, how);
            single += usize::from(drawn.is_ok_and(|found| found.interval.holds(truth)));
        }
    }
    let runs = seen.len() as f64;
    let error = |of: usize| (HOLDS * (1.0 - HOLDS) / of.max(1) as f64).sqrt();
    let (covers, wrong) = (held as f64 / given.max(1) as f64, (given - held) as f64 / runs);
    println!(
        "| {spell} | {records} | p{:.0} | {:.1} | {:.1} | {:.0} | {:.1} | {:.0} | {:.0} |",
        100.0 * p,
        100.0 * covers,
        100.0 * error(given),
        100.0 * given as f64 / runs,
        100.0 * wrong,
        100.0 * open as f64 / given.max(1) as f64,
        100.0 * single as f64 / few as f64,
    );
    let usual = given as f64 >= USUAL * runs;
    let bad = |allowed: f64| wrong > allowed + 2.0 * error(seen.len());
    let about = format!("gaps, spells of {spell} s, {records} records, p{:.0}", 100.0 * p);
    if usual && covers < HOLDS - 2.0 * error(given) {
        return Some(format!("missed: {about}"));
    }
    match (spell, records) {
        _ if !bad(1.0 - HOLDS) => None,
        known if known == KNOWN && !bad(NEVER_MET) => {
            Some(format!("known to miss: {about}: about a fifth of the runs met no spell"))
        }
        _ => Some(format!("missed: {about}")),
    }
}

/// Gaps in ascending order and the records that they came from.
fn gaps(records: usize, spell: f64, random: &mut Pcg64) -> (Vec<f64>, Vec<u32>) {
    let mut exponential = |mean: f64| -mean * (1.0 - random.double()).ln();
    let length = records as f64 * STEP + 10.0;
    let mut slow = Vec::new();
    let mut at = 9.0 * exponential(spell);
    while spell > 0.0 && at < length {
        let end = at + exponential(spell);
        slow.push((at, end));
        at = end + 9.0 * exponential(spell);
    }
    let mut gaps = Vec::with_capacity(20 * records);
    for record in 0..records {
        let mut now = record as f64 * STEP;
        for _ in 0..20 {
            let next = slow.partition_point(|(_, end)| *end <= now);
            let within = slow.get(next).is_some_and(|(from, _)| *from <= now);
            let gap = (0.03 + exponential(0.02)) * if within { 3.0 } else { 1.0 };
            gaps.push((gap, record as u32));
            now += gap;
        }
    }
    gaps.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    gaps.into_iter().unzip()
}
