//! A corpus statistic: errors over words, as WER or BLEU's precisions are.

use super::{Kind, LEVEL, Page, SIZES, Tally, deviate};
use acidtest_metrics::stats::{FEW_CLUSTERS, Pcg64, Resampling, Rows, ratio, resample, resample_bca};

/// Resamples of each data set.
const RESAMPLES: u32 = 300;
/// Bootstraps of large sets are costly: a share of the sets.
const SHARE_OF_SETS: usize = 1;

pub fn corpus(page: &mut Page, random: &mut Pcg64) {
    for n in SIZES {
        for truth in [0.05, 0.3] {
            let cell = |method, kind| Tally::new("errors over words", n, truth, method, kind);
            let mut cells = [
                cell("bootstrap percentile", Kind::Smooth),
                cell("bootstrap BCa", Kind::Beside),
                cell("t of the ratio, C-1 df", Kind::Smooth),
            ];
            for set in 0..page.sets / SHARE_OF_SETS {
                let pairs: Vec<(f64, f64)> = (0..n).map(|_| segment(truth, random)).collect();
                let mut rows = Rows::new(2);
                pairs.iter().for_each(|(a, b)| rows.push().copy_from_slice(&[*a, *b]));
                let finish = |s: &[f64], out: &mut [Option<f64>]| out[0] = (s[1] > 0.0).then(|| s[0] / s[1]);
                let how = Resampling { resamples: RESAMPLES, level: LEVEL, seed: set as u64 };
                let few = n < FEW_CLUSTERS;
                cells[0].add(&resample(&rows, 1, how, &finish)[0].interval, few);
                cells[1].add(&resample_bca(&rows, 1, how, &finish)[0].interval, few);
                let linear = ratio(&pairs, LEVEL).map(|c| c.interval);
                cells[2].add(&linear.unwrap_or_else(|e| Err(e.into())), few);
            }
            page.take(cells);
        }
    }
}

/// Words by a log-normal length, errors with a rate of the segment's own around the truth.
fn segment(truth: f64, random: &mut Pcg64) -> (f64, f64) {
    let words = (3.0 + 0.5 * deviate(random)).exp().round().max(1.0);
    let rate = if random.double() < 0.5 { 1.6 * truth } else { 0.4 * truth };
    let errors = (0..words as u32).filter(|_| random.double() < rate).count();
    (errors as f64, words)
}
