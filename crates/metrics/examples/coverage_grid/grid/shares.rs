//! Shares: independent cases, clusters of cases, repeats of cases.

use super::{Kind, LEVEL, Page, SHARES, SIZES, Tally};
use acidtest_metrics::stats::{
    FEW_CLUSTERS, Pcg64, Unit, agresti_coull, clopper_pearson, clustered_mean, clustered_proportion,
    clustered_score, jeffreys, proportion, wald,
};

pub fn independent(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for p in SHARES {
            let cell = |method, kind| Tally::new("yes or no, independent", n, p, method, kind);
            let mut cells = [
                cell("Wilson, exact at the edge", Kind::Lattice),
                cell("Clopper-Pearson", Kind::Safe),
                cell("Jeffreys", Kind::Beside),
                cell("Agresti-Coull", Kind::Beside),
                cell("Wald", Kind::Beside),
            ];
            for _ in 0..page.sets {
                let (k, n) = ((0..n).filter(|_| random.double() < p).count() as u64, n as u64);
                cells[0].add(&proportion(k, n, LEVEL), false);
                cells[1].add(&clopper_pearson(k, n, LEVEL), false);
                cells[2].add(&jeffreys(k, n, LEVEL), false);
                cells[3].add(&agresti_coull(k, n, LEVEL), false);
                cells[4].add(&wald(k, n, LEVEL), false);
            }
            page.take(cells);
        }
    }
}

/// Each case follows its cluster with a probability whose square is the correlation.
fn cluster(cases: usize, p: f64, rho: f64, random: &mut Pcg64) -> Unit {
    let shared = random.double() < p;
    let follow = rho.sqrt();
    let right = (0..cases).filter(|_| if random.double() < follow { shared } else { random.double() < p });
    Unit { cases: cases as u32, sum: right.count() as f64 }
}

pub fn clustered(page: &mut Page, random: &mut Pcg64) {
    let few = SIZES[1..].iter().map(|n| (*n, n / 8, "8 clusters"));
    let fours = SIZES.map(|n| (n, 4, "clusters of 4"));
    for (n, size, what) in fours.into_iter().chain(few) {
        for (p, rho) in SHARES.iter().flat_map(|p| [(*p, 0.0), (*p, 0.3)]) {
            let name = format!("{what}, correlation {rho}");
            let cell = |method, kind| Tally::new(&name, n, p, method, kind);
            let mut cells = [cell("Wilson, effective n", Kind::Lattice), cell("t, C-1 df", Kind::Beside)];
            for _ in 0..page.sets {
                let units: Vec<Unit> = (0..n / size).map(|_| cluster(size, p, rho, random)).collect();
                let warns = units.len() < FEW_CLUSTERS;
                let share = clustered_proportion(&units, LEVEL).map(|c| c.interval);
                cells[0].add(&share.unwrap_or_else(|e| Err(e.into())), warns);
                let mean = clustered_mean(&units, Some((0.0, 1.0)), LEVEL).map(|c| c.interval);
                cells[1].add(&mean.unwrap_or_else(|e| Err(e.into())), warns);
            }
            page.take(cells);
        }
    }
}

/// Five repeats of each case, averaged: a case is easy or hard, its repeats agree by that.
pub fn repeated(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for p in SHARES {
            let mut cells =
                [Tally::new("5 repeats a case, correlation 0.3", n, p, "Wilson, effective n", Kind::Lattice)];
            for _ in 0..page.sets {
                let case = |random: &mut Pcg64| Unit { cases: 1, sum: cluster(5, p, 0.3, random).sum / 5.0 };
                let units: Vec<Unit> = (0..n).map(|_| case(random)).collect();
                let share = clustered_proportion(&units, LEVEL).map(|c| c.interval);
                cells[0].add(&share.unwrap_or_else(|e| Err(e.into())), units.len() < FEW_CLUSTERS);
            }
            page.take(cells);
        }
    }
}

/// Scores between 0 and 1 that are mostly 1, as F1 of answers is: the rest is anything below.
pub fn scores(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for full in SHARES {
            let truth = full + (1.0 - full) / 2.0;
            let cell = |method, kind| Tally::new("scores, mostly 1", n, truth, method, kind);
            let mut cells = [cell("t, C-1 df", Kind::Beside), cell("Wilson, effective n", Kind::Smooth)];
            for _ in 0..page.sets {
                let score = |random: &mut Pcg64| if random.double() < full { 1.0 } else { random.double() };
                let units: Vec<Unit> = (0..n).map(|_| Unit { cases: 1, sum: score(random) }).collect();
                let mean = clustered_mean(&units, Some((0.0, 1.0)), LEVEL).map(|c| c.interval);
                cells[0].add(&mean.unwrap_or_else(|e| Err(e.into())), false);
                let score = clustered_score(&units, LEVEL).map(|c| c.interval);
                cells[1].add(&score.unwrap_or_else(|e| Err(e.into())), false);
            }
            page.take(cells);
        }
    }
}
