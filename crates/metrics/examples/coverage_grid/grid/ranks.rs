//! Areas under ROC curves, F1 and quantiles.

use super::{Kind, LEVEL, Page, SIZES, Tally, deviate};
use acidtest_metrics::classify::{AucScale, ClassCounts, delong, f1_interval};
use acidtest_metrics::stats::{NoInterval, Pcg64, StatError, normal_cdf, quantile_interval};

pub fn areas(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for shift in [0.0, 1.2, 2.3] {
            let truth = normal_cdf(shift / 2f64.sqrt());
            let cell = |method, kind| Tally::new("ROC-AUC, normal scores", n, truth, method, kind);
            let mut cells = [cell("DeLong, logit", Kind::Smooth), cell("DeLong", Kind::Beside)];
            let labels: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
            for _ in 0..page.sets {
                let score =
                    |t: &bool, random: &mut Pcg64| if *t { shift + deviate(random) } else { deviate(random) };
                let scores: Vec<f64> = labels.iter().map(|t| score(t, random)).collect();
                for (cell, scale) in cells.iter_mut().zip([AucScale::Logit, AucScale::Plain]) {
                    if let Ok(found) = delong(&labels, &scores, LEVEL, scale) {
                        cell.add(&found.interval, false);
                    }
                }
            }
            page.take(cells);
        }
    }
}

pub fn f1(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for (found, wrong) in [(0.6, 0.2), (0.9, 0.1), (0.99, 0.01)] {
            // Three cases in ten are positive.
            let (hits, predicted, actual) = (0.3 * found, 0.3 * found + 0.7 * wrong, 0.3);
            let truth = 2.0 * hits / (predicted + actual);
            let mut cells = [Tally::new("F1 of one label", n, truth, "Wilson, F1", Kind::Lattice)];
            for _ in 0..page.sets {
                let mut counts = ClassCounts { hits: 0.0, predicted: 0.0, actual: 0.0 };
                for _ in 0..n {
                    let positive = random.double() < 0.3;
                    let said = random.double() < if positive { found } else { wrong };
                    counts.actual += f64::from(u8::from(positive));
                    counts.predicted += f64::from(u8::from(said));
                    counts.hits += f64::from(u8::from(positive && said));
                }
                let none = |_| NoInterval::Invalid(StatError::Empty { what: "cases of the label" });
                cells[0].add(&f1_interval(&counts, LEVEL).map_err(none), false);
            }
            page.take(cells);
        }
    }
}

pub fn quantiles(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for p in [0.5, 0.95, 0.99] {
            let truth = -(1.0f64 - p).ln();
            let name = format!("p{:.0} of exponential values", 100.0 * p);
            let mut cells = [Tally::new(&name, n, truth, "order statistics", Kind::Safe)];
            for _ in 0..page.sets {
                let mut values: Vec<f64> = (0..n).map(|_| -(1.0 - random.double()).ln()).collect();
                values.sort_by(f64::total_cmp);
                cells[0].add(&quantile_interval(&values, p, LEVEL), false);
            }
            page.take(cells);
        }
    }
}
