//! Quantiles of values pooled from records in send order: gaps between events.
//!
//! Main function: [`batch_pooled_quantile`]. Gaps of one record belong together, and records
//! that are in flight at the same time share the server's slow moments: drawing single records
//! with replacement (`bootstrap_pooled_quantile`) takes them for independent.

use super::autocorrelation::{Memory, memory};
use super::batch::{
    Batched, Cut, FEWEST_BEYOND, batched_variance, cut, effective, scaled_ranks, skewness, tails,
};
use super::bootstrap::check_owners;
use super::interval::{Method, NoInterval, StatError, check_inner, check_level};
use super::quantile::{check_sorted, order_interval, quantile};

/// Where the memory of the records is looked at whatever quantile is asked for.
const UPPER: [f64; 3] = [0.75, 0.9, 0.95];

/// The `p`-quantile of values pooled over records, with its interval from batches of records.
///
/// `sorted` holds every value in ascending order, `owner[i]` the record (below `records`, numbered
/// in send order) that value i came from. Records without values say nothing and are passed over.
///
/// The share of values ≤ q̂ is a ratio over records, Σ a / Σ m: its error is that of the mean of
/// a − F m (linearised; Cochran, Sampling Techniques, chapter 6), a series in send order, which is
/// cut into batches by the rule of [`super::batch_quantile`]. That gives the number of independent
/// values with the same information, and the ranks of the interval. The memory that decides
/// whether the run is long enough is the longest over the quantile, its longer tails, and the
/// quantiles 0.75, 0.9 and 0.95: a median cannot tell that half the slow spells were missed.
///
/// ```
/// use acidtest_metrics::stats::batch_pooled_quantile;
/// // 200 records of 50 values: a tenth of the records is slow throughout.
/// let mut gaps: Vec<(f64, u32)> = (0..10_000u32)
///     .map(|i| (f64::from(i * 7919 % 101) + f64::from(i / 50 * 37 % 10 / 9 * 500), i / 50))
///     .collect();
/// gaps.sort_by(|a, b| a.0.total_cmp(&b.0));
/// let (sorted, owner): (Vec<f64>, Vec<u32>) = gaps.into_iter().unzip();
/// let p50 = batch_pooled_quantile(&sorted, &owner, 200, 0.5, 0.95).unwrap();
/// assert!(p50.interval.holds(p50.value) && p50.effective_n < 10_000.0);
/// ```
pub fn batch_pooled_quantile(
    sorted: &[f64],
    owner: &[u32],
    records: usize,
    p: f64,
    level: f64,
) -> Result<Batched, NoInterval> {
    check_inner("quantile", p)?;
    check_level(level)?;
    PooledOrder::new(sorted, owner, records)?.quantile(p, level)
}

/// Pooled values made ready for several quantiles: counted by record once, and the memory of their
/// upper half found once.
#[derive(Debug)]
pub struct PooledOrder<'a> {
    sorted: &'a [f64],
    owner: &'a [u32],
    /// How many values each record has.
    counts: Vec<u32>,
    /// Where the memory of the records is looked at whatever is asked for: slow spells show in the
    /// tail first.
    upper: Memory,
    skewness: f64,
}

impl<'a> PooledOrder<'a> {
    /// The arguments of [`batch_pooled_quantile`].
    pub fn new(sorted: &'a [f64], owner: &'a [u32], records: usize) -> Result<Self, StatError> {
        check_sorted(sorted)?;
        check_owners(sorted, owner, records)?;
        let mut counts = vec![0u32; records];
        for record in owner {
            counts[*record as usize] += 1;
        }
        let none = Memory { values: 1.0, blocks: 0.0, floor: 0.0 };
        let mut order = Self { sorted, owner, counts, upper: none, skewness: skewness(sorted) };
        for at in UPPER {
            order.upper = longer(order.upper, memory(&order.excess(at))?);
        }
        Ok(order)
    }

    /// The `p`-quantile with its interval; see [`batch_pooled_quantile`].
    pub fn quantile(&self, p: f64, level: f64) -> Result<Batched, NoInterval> {
        check_inner("quantile", p)?;
        check_level(level)?;
        let sorted = self.sorted;
        let tail = p.min(1.0 - p);
        let need = (FEWEST_BEYOND / tail - 1e-9).ceil() as usize;
        if sorted.len() < need {
            return Err(NoInterval::TooFew { what: "values", have: sorted.len(), need });
        }
        let value = quantile(sorted, p).ok_or(StatError::Empty { what: "values" })?;
        let looks: Vec<(f64, Vec<f64>)> = tails(p).map(|at| (at, self.excess(at))).collect();
        let in_order = looks[0].1.len();
        let mut longest = self.upper;
        for (_, series) in &looks {
            longest = longer(longest, memory(series)?);
        }
        let Cut { batches, strain } = cut("records", in_order, longest, self.skewness)?;
        let n = sorted.len() as f64;
        let mut least = n;
        for (at, series) in &looks {
            let (_, variance) = batched_variance(series, |x| *x, batches);
            let of_share = variance * (in_order as f64 / n).powi(2);
            least = least.min(effective(*at, of_share, batches, level)?);
        }
        let effective_n = least / (1.0 + 2.0 * strain);
        let ranks = scaled_ranks(sorted.len(), effective_n, p, level)?;
        let interval = order_interval(sorted, ranks, level, Method::BatchQuantile)?;
        Ok(Batched { value, interval, batches, effective_n })
    }

    /// a − F m of each record with values, in send order: how many of its values are at most the
    /// quantile `at` of all, less the share F of all that are.
    fn excess(&self, at: f64) -> Vec<f64> {
        let end = quantile(self.sorted, at).unwrap_or(f64::NEG_INFINITY);
        let below = self.sorted.partition_point(|x| *x <= end);
        let mut among = vec![0u32; self.counts.len()];
        for record in &self.owner[..below] {
            among[*record as usize] += 1;
        }
        let share = below as f64 / self.owner.len() as f64;
        let there = among.iter().zip(&self.counts).filter(|(_, all)| **all > 0);
        there.map(|(among, all)| f64::from(*among) - share * f64::from(*all)).collect()
    }
}

/// The longer one of two memories of as many records.
fn longer(a: Memory, b: Memory) -> Memory {
    Memory { values: a.values.max(b.values), blocks: a.blocks.max(b.blocks), floor: b.floor }
}

#[cfg(test)]
mod tests {
    use super::super::{Pcg64, Resampling, bootstrap_pooled_quantile};
    use super::*;

    /// Gaps of records sent at even steps, ten in flight at once, on a server with slow spells
    /// (a tenth of the time, half a second on average) in which every gap takes three times as long.
    fn spells(records: usize, random: &mut Pcg64) -> (Vec<f64>, Vec<u32>) {
        let mut exponential = |mean: f64| -mean * (1.0 - random.double()).ln();
        let length = records as f64 * 0.1 + 10.0;
        let mut slow = Vec::new();
        let mut at = exponential(4.5);
        while at < length {
            let end = at + exponential(0.5);
            slow.push((at, end));
            at = end + exponential(4.5);
        }
        let mut gaps = Vec::new();
        for record in 0..records {
            let mut now = record as f64 * 0.1;
            for _ in 0..10 {
                let spell = slow.partition_point(|(_, end)| *end <= now);
                let within = slow.get(spell).is_some_and(|(from, _)| *from <= now);
                let gap = (0.06 + exponential(0.04)) * if within { 3.0 } else { 1.0 };
                gaps.push((gap, record as u32));
                now += gap;
            }
        }
        gaps.sort_by(|a, b| a.0.total_cmp(&b.0));
        gaps.into_iter().unzip()
    }

    #[test]
    fn records_that_share_slow_spells() {
        let mut random = Pcg64::seeded(21);
        let (long, _) = spells(50_000, &mut random);
        let how = Resampling { resamples: 50, ..Resampling::default() };
        for p in [0.5, 0.95] {
            let truth = quantile(&long, p).unwrap();
            let (mut given, mut held, mut single) = (0, 0, 0);
            for _ in 0..25 {
                let (sorted, owner) = spells(2000, &mut random);
                if let Ok(found) = batch_pooled_quantile(&sorted, &owner, 2000, p, 0.95) {
                    given += 1;
                    held += usize::from(found.interval.holds(truth));
                }
                if p > 0.9 {
                    let found = bootstrap_pooled_quantile(&sorted, &owner, 2000, p, how).unwrap();
                    single += usize::from(found.interval.holds(truth));
                }
            }
            println!("p {p}: holds {held} of {given}, records drawn singly {single} of 25");
            assert!(given >= 18 && held * 100 >= 92 * given, "p {p}: {held} of {given}");
            assert!(p < 0.9 || single < 18, "records drawn singly hold {single} of 25");
        }
    }

    #[test]
    fn values_of_one_record_move_together() {
        // 100 records of 50 equal values each: 5000 values, but only 100 observations.
        let mut values: Vec<(f64, u32)> =
            (0..5000u32).map(|i| (f64::from(i / 50 * 61 % 100), i / 50)).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (sorted, owner): (Vec<f64>, Vec<u32>) = values.into_iter().unzip();
        let found = batch_pooled_quantile(&sorted, &owner, 100, 0.5, 0.95).unwrap();
        let (low, high) = (found.interval.low.unwrap(), found.interval.high.unwrap());
        assert!(low <= 48.0 && high >= 51.0 && found.effective_n <= 5000.0, "{found:?}");
        // Records without values change nothing.
        let more = batch_pooled_quantile(&sorted, &owner, 150, 0.5, 0.95).unwrap();
        assert_eq!(found, more);
    }

    #[test]
    fn reasons_instead_of_intervals() {
        let sorted: Vec<f64> = (0..780).map(f64::from).collect();
        let owner: Vec<u32> = (0..780).map(|i| i % 39).collect();
        let few = batch_pooled_quantile(&sorted, &owner, 39, 0.5, 0.95).unwrap_err();
        assert_eq!(few, NoInterval::TooFew { what: "records", have: 39, need: 40 });
        let few = batch_pooled_quantile(&sorted[..400], &owner[..400], 39, 0.99, 0.95).unwrap_err();
        assert_eq!(few, NoInterval::TooFew { what: "values", have: 400, need: 500 });
        // A server that slows down all the time: the records' order is the values' order.
        let owner: Vec<u32> = (0..780).map(|i| i / 10).collect();
        let slowing = batch_pooled_quantile(&sorted, &owner, 78, 0.5, 0.95).unwrap_err();
        assert!(matches!(slowing, NoInterval::TooFewBatches { .. }), "{slowing:?}");
        assert!(batch_pooled_quantile(&sorted, &owner, 77, 0.5, 0.95).is_err());
        assert!(batch_pooled_quantile(&[], &[], 0, 0.5, 0.95).is_err());
    }
}
