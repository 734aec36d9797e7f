//! Differences of shares: paired and independent.

use super::{Kind, LEVEL, Page, SHARES, SIZES, Tally};
use acidtest_metrics::stats::{PairedCounts, Pcg64, newcombe_independent, newcombe_paired, tango};

pub fn paired(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for p in SHARES {
            let drop = 0.05_f64.min(p - 0.4);
            let cell = |method, kind| Tally::new("difference of paired shares", n, drop, method, kind);
            let mut cells = [cell("Tango", Kind::Lattice), cell("Newcombe, paired", Kind::Beside)];
            for _ in 0..page.sets {
                let mut counts = PairedCounts { both: 0, only_first: 0, only_second: 0, neither: 0 };
                for _ in 0..n {
                    // Half of the cases are the same to both systems.
                    let (u, v) = (random.double(), random.double());
                    let second = if random.double() < 0.5 { u } else { v };
                    match (u < p, second < p - drop) {
                        (true, true) => counts.both += 1,
                        (true, false) => counts.only_first += 1,
                        (false, true) => counts.only_second += 1,
                        (false, false) => counts.neither += 1,
                    }
                }
                cells[0].add(&tango(counts, LEVEL), false);
                cells[1].add(&newcombe_paired(counts, LEVEL), false);
            }
            page.take(cells);
        }
    }
}

pub fn independent(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for p in SHARES {
            let gap = 0.1_f64.min(p - 0.3);
            let mut cells = [Tally::new(
                "difference of independent shares",
                n,
                gap,
                "Newcombe, independent",
                Kind::Lattice,
            )];
            for _ in 0..page.sets {
                let count =
                    |p: f64, random: &mut Pcg64| (0..n).filter(|_| random.double() < p).count() as u64;
                let (a, b) = (count(p, random), count(p - gap, random));
                cells[0].add(&newcombe_independent((a, n as u64), (b, n as u64), LEVEL), false);
            }
            page.take(cells);
        }
    }
}
