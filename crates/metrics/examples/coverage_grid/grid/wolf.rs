//! How often tests cry wolf where there is no difference: [`Rate`].

use super::{LEVEL, SIZES, deviate};
use acidtest_metrics::classify::delong_paired;
use acidtest_metrics::stats::{Pcg64, Resampling, mann_whitney, mcnemar_exact, sign_flip, welch};

/// The share of data sets in which a test found what is not there.
pub struct Rate {
    data: &'static str,
    n: usize,
    test: &'static str,
    wrong: usize,
    of: usize,
}

impl Rate {
    fn new(data: &'static str, n: usize, test: &'static str) -> Rate {
        Rate { data, n, test, wrong: 0, of: 0 }
    }

    fn add(&mut self, p: Option<f64>) {
        self.of += 1;
        self.wrong += usize::from(p.is_some_and(|p| p <= 1.0 - LEVEL + 1e-12));
    }

    pub fn line(&self) -> String {
        let share = self.wrong as f64 / self.of.max(1) as f64;
        let error = (share * (1.0 - share) / self.of.max(1) as f64).sqrt();
        let kept = if share - 2.0 * error > 0.06 { "**missed**" } else { "kept" };
        format!(
            "| {} | {} | {} | {:.1} | {:.1} | {kept} |",
            self.data,
            self.n,
            self.test,
            100.0 * share,
            100.0 * error
        )
    }
}

pub fn tests(sets: usize, random: &mut Pcg64) -> Vec<Rate> {
    let mut all = Vec::new();
    for n in SIZES {
        let mut rates = [
            Rate::new("paired yes or no, p 0.8", n, "McNemar exact"),
            Rate::new("paired scores, skewed", n, "sign flips"),
            Rate::new("paired clusters of 4 with correlation 0.3", n, "sign flips of clusters"),
            Rate::new("two groups, equal", n, "Mann-Whitney"),
            Rate::new("two groups, unequal variances", n, "Welch"),
            Rate::new("two scorings of the same cases", n, "DeLong, paired"),
        ];
        for set in 0..sets {
            let how = Resampling { resamples: 999, seed: set as u64, ..Resampling::default() };
            let (first, second) = discordant(n, random);
            rates[0].add(Some(mcnemar_exact(first, second)));
            let skewed: Vec<f64> = (0..n).map(|_| deviate(random).exp() - deviate(random).exp()).collect();
            rates[1].add(sign_flip(&skewed, how).ok().map(|f| f.p));
            let clusters: Vec<f64> = (0..n / 4).map(|_| cluster(random)).collect();
            rates[2].add(sign_flip(&clusters, how).ok().map(|f| f.p));
            let group = |scale: f64, random: &mut Pcg64| -> Vec<f64> {
                (0..n).map(|_| scale * deviate(random)).collect()
            };
            let (x, y) = (group(1.0, random), group(1.0, random));
            rates[3].add(mann_whitney(&x, &y).ok().and_then(|m| m.p));
            let y = group(3.0, random);
            rates[4].add(welch(&x, &y[..n / 2]).ok().map(|t| t.p));
            rates[5].add(areas(n, random));
        }
        all.extend(rates);
    }
    all
}

/// Cases that only one of two equally good systems gets right.
fn discordant(n: usize, random: &mut Pcg64) -> (u64, u64) {
    let mut counts = (0, 0);
    for _ in 0..n {
        match (random.double() < 0.8, random.double() < 0.8) {
            (true, false) => counts.0 += 1,
            (false, true) => counts.1 += 1,
            _ => {}
        }
    }
    counts
}

/// Sum of the differences of four cases that have something in common.
fn cluster(random: &mut Pcg64) -> f64 {
    let shared = 0.3f64.sqrt() * deviate(random);
    (0..4).map(|_| shared + 0.7f64.sqrt() * deviate(random)).sum()
}

fn areas(n: usize, random: &mut Pcg64) -> Option<f64> {
    let truth: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
    let scores = |random: &mut Pcg64| -> Vec<f64> {
        truth.iter().map(|t| f64::from(u8::from(*t)) + deviate(random)).collect()
    };
    let (first, second) = (scores(random), scores(random));
    delong_paired(&truth, &first, &second, LEVEL).ok().and_then(|d| d.p)
}
