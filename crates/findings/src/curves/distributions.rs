//! Empirical distribution functions of the times of a place.
//!
//! Main functions: [`of_slice`], [`thinned`]. Values are those of the metrics of the same name,
//! of completed attempts, as reports print them.

use super::Distribution;
use crate::estimate::Labels;
use crate::gaps;
use crate::measure::{Population, samples};
use crate::metric::{Measure, metric};
use crate::view::Slice;

/// Most points of a distribution.
pub(crate) const MOST_POINTS: usize = 400;
/// Of them those that lie evenly over the ranks; the others crowd towards the greatest.
const EVEN: usize = 200;

/// The distributions of a place; those without values are left out.
pub(crate) fn of_slice(slice: &Slice) -> Vec<Distribution> {
    let not_completed = slice.asked().filter(|a| !a.last().class.delivered()).count() as u64;
    ["ttft", "icl", "tpot", "e2e", "dispatch_lag"]
        .into_iter()
        .filter_map(|id| {
            let mut values = match id {
                "icl" => gaps::upper_ends(slice),
                _ => times(slice, id)?,
            };
            values.sort_unstable_by(f64::total_cmp);
            Some(Distribution { not_completed, ..thinned(&slice.labels, id, &values)? })
        })
        .collect()
}

fn times(slice: &Slice, id: &str) -> Option<Vec<f64>> {
    match metric(id)?.measure {
        Measure::Sample(row, failed) => Some(samples(slice, row, failed, Population::Completed).values),
        _ => None,
    }
}

/// The distribution of sorted values; absent where there are none.
fn thinned(labels: &Labels, metric: &str, sorted: &[f64]) -> Option<Distribution> {
    let n = sorted.len();
    let ranks = ranks(n)?;
    let (mut values, mut shares) = (Vec::with_capacity(ranks.len()), Vec::with_capacity(ranks.len()));
    for rank in ranks {
        let value = sorted[rank];
        if values.last() == Some(&value) {
            continue;
        }
        values.push(value);
        // Equal values are one step: its height is the share at or below all of them.
        shares.push(sorted.partition_point(|v| *v <= value) as f64 / n as f64);
    }
    let (labels, metric, unit) = (labels.clone(), metric.to_owned(), "s".to_owned());
    Some(Distribution { labels, metric, unit, n: n as u64, not_completed: 0, values, shares })
}

/// The ranks that are shown, first and last among them.
fn ranks(n: usize) -> Option<Vec<usize>> {
    let last = n.checked_sub(1)?;
    if n <= MOST_POINTS {
        return Some((0..n).collect());
    }
    let even = (0..EVEN).map(|k| last * k / (EVEN - 1));
    // Distances from the greatest: 0, 1, 2 … growing by an equal factor up to half of all.
    let crowd = MOST_POINTS - EVEN;
    let half = n as f64 / 2.0;
    let tail = (0..crowd).map(|k| last - (half.powf(k as f64 / (crowd - 1) as f64) - 1.0) as usize);
    let mut all: Vec<usize> = even.chain(tail).collect();
    all.sort_unstable();
    all.dedup();
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(sorted: &[f64]) -> Distribution {
        thinned(&Labels::new(), "ttft", sorted).unwrap()
    }

    #[test]
    fn few_values_stand_one_by_one_and_equal_ones_are_one_step() {
        assert_eq!(thinned(&Labels::new(), "ttft", &[]), None);
        let d = of(&[1.0, 2.0, 2.0, 4.0]);
        assert_eq!((d.n, d.values, d.shares), (4, vec![1.0, 2.0, 4.0], vec![0.25, 0.75, 1.0]));
    }

    #[test]
    fn the_tail_keeps_its_detail() {
        for n in [401usize, 1000, 100_000, 2_000_000] {
            let sorted: Vec<f64> = (0..n).map(|i| i as f64).collect();
            let d = of(&sorted);
            assert!(d.values.len() <= MOST_POINTS && d.values.len() > 200, "{n}: {}", d.values.len());
            assert_eq!((d.values[0], d.shares[d.shares.len() - 1]), (0.0, 1.0), "{n}");
            // The greatest three are there, and of every point the share is exact.
            assert_eq!(d.values[d.values.len() - 3..], sorted[n - 3..], "{n}");
            assert!(d.values.iter().zip(&d.shares).all(|(v, s)| *s == (v + 1.0) / n as f64), "{n}");
            let between = |p: f64, q: f64| d.shares.iter().filter(|s| **s > p && **s <= q).count();
            assert!(between(0.99, 1.0) > between(0.01, 0.02) * 2, "{n}");
        }
    }
}
