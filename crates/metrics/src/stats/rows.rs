//! Row statistics of units of sampling, and intervals of anything that is a function of their sums.
//!
//! Main type: [`Rows`]; main functions [`resample`], [`resample_bca`], [`resample_difference`].
//! Streaming and mergeable; memory is units × width. It starts no threads: [`starts`] and
//! [`resample_chunk`] let a caller share the work out, with the same numbers however it is cut.

use super::bootstrap::{Resampling, spread, summarise_values};
use super::distribution::{normal_cdf, normal_quantile};
use super::interval::{Interval, Method, NoInterval, StatError};
use super::quantile::quantile;
use super::random::Pcg64;

/// Resamples whose counts are multiplied with a column in one pass.
const LANES: usize = 8;
/// Units of one pass: their counts stay in the nearest cache.
const PASS: usize = 256;

/// Sufficient statistics, one row of `width` numbers per unit of sampling.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    width: usize,
    data: Vec<f64>,
}

impl Rows {
    /// No rows yet.
    pub fn new(width: usize) -> Rows {
        Rows { width, data: Vec::new() }
    }

    /// Numbers per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of units.
    pub fn len(&self) -> usize {
        self.data.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there is no unit.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// A new unit, and its row to fill (all 0).
    pub fn push(&mut self) -> &mut [f64] {
        let at = self.data.len();
        self.data.resize(at + self.width, 0.0);
        &mut self.data[at..]
    }

    /// Adds a row to a unit: clusters collect their cases that way.
    pub fn add(&mut self, unit: usize, row: &[f64]) {
        let at = unit * self.width;
        for (sum, x) in self.data[at..at + self.width].iter_mut().zip(row) {
            *sum += x;
        }
    }

    /// The row of a unit.
    pub fn row(&self, unit: usize) -> &[f64] {
        &self.data[unit * self.width..(unit + 1) * self.width]
    }

    /// Puts the units of another behind these.
    pub fn append(&mut self, other: &Rows) {
        self.data.extend_from_slice(&other.data);
    }

    /// Sums over all units.
    pub fn sums(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.width];
        for unit in 0..self.len() {
            for (sum, x) in sums.iter_mut().zip(self.row(unit)) {
                *sum += x;
            }
        }
        sums
    }

    /// These rows with those of another behind each: one unit, two systems.
    fn beside(&self, other: &Rows) -> Result<Rows, StatError> {
        if self.width != other.width || self.len() != other.len() {
            return Err(StatError::OutOfRange {
                what: "number of units of the second system",
                value: other.len() as f64,
                expected: "the units and columns of the first",
            });
        }
        let mut both = Rows::new(2 * self.width);
        both.data.reserve_exact(2 * self.data.len());
        for unit in 0..self.len() {
            both.data.extend_from_slice(self.row(unit));
            both.data.extend_from_slice(other.row(unit));
        }
        Ok(both)
    }

    fn check(&self) -> Result<(), NoInterval> {
        if let Some(index) = self.data.iter().position(|x| !x.is_finite()) {
            let value = self.data[index];
            return Err(StatError::NotFinite { what: "statistic", index, value }.into());
        }
        if self.len() < 2 {
            return Err(NoInterval::TooFew { what: "units of sampling", have: self.len(), need: 2 });
        }
        Ok(())
    }
}

/// Writes values from sums, `None` where a value does not exist.
pub type Finish<'f> = dyn Fn(&[f64], &mut [Option<f64>]) + 'f;

/// What resampling says of one output.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// The interval, or why there is none.
    pub interval: Result<Interval, NoInterval>,
    /// Standard deviation (ddof 1) of the resampled value.
    pub standard_error: Option<f64>,
}

impl Resampled {
    fn none(why: NoInterval) -> Resampled {
        Resampled { interval: Err(why), standard_error: None }
    }
}

/// Draws whole units with replacement and gives a percentile interval for each of `outputs` values
/// that `finish` makes from sums; all outputs share the same draws.
///
/// The draws are those of numpy's `default_rng(seed).integers(0, units, (resamples, units))`.
/// Reasons for no interval are those of [`bootstrap_percentile`](super::bootstrap_percentile).
///
/// ```
/// use acidtest_metrics::stats::{Resampling, Rows, resample};
/// let mut rows = Rows::new(2); // (sum, count)
/// for x in [3.0, 5.0, 4.0, 9.0] {
///     rows.push().copy_from_slice(&[x, 1.0]);
/// }
/// let found = resample(&rows, 1, Resampling::default(), &|s, out| out[0] = Some(s[0] / s[1]));
/// assert!(found[0].interval.as_ref().unwrap().holds(5.25));
/// ```
pub fn resample(rows: &Rows, outputs: usize, how: Resampling, finish: &Finish<'_>) -> Vec<Resampled> {
    match draw_all(rows, outputs, how, finish) {
        Ok(values) => summarise_resamples(&values, outputs, rows.len(), how),
        Err(why) => vec![Resampled::none(why); outputs],
    }
}

/// [`resample`] with bias-corrected and accelerated (BCa) intervals.
///
/// z₀ = Φ⁻¹(share of resamples below the estimate, ties half), a = Σd³ / (6·(Σd²)^1.5) with
/// d = mean of the leave-one-unit-out values − each of them; they cost one `finish` per unit.
/// Where z₀ or a does not exist (all resamples on one side, a leave-one-out value missing) or the
/// corrected level leaves (0, 1), the percentile interval stands, and its method says so.
/// Source: Efron, JASA 82 (1987) 171–185; Efron and Tibshirani, chapter 14.
pub fn resample_bca(rows: &Rows, outputs: usize, how: Resampling, finish: &Finish<'_>) -> Vec<Resampled> {
    let values = match draw_all(rows, outputs, how, finish) {
        Ok(values) => values,
        Err(why) => return vec![Resampled::none(why); outputs],
    };
    let mut found = summarise_resamples(&values, outputs, rows.len(), how);
    let sums = rows.sums();
    let mut estimate = vec![None; outputs];
    finish(&sums, &mut estimate);
    let left_out = leave_one_out(rows, outputs, &sums, finish);
    for (output, resampled) in found.iter_mut().enumerate() {
        let corrected = estimate[output].and_then(|estimate| {
            let sorted = sorted_column(&values, outputs, output);
            let left_out: Option<Vec<f64>> = left_out.iter().skip(output).step_by(outputs).copied().collect();
            bca(&sorted, estimate, &left_out?, how.level)
        });
        if let (Ok(interval), Some(corrected)) = (&mut resampled.interval, corrected) {
            *interval = corrected;
        }
    }
    found
}

/// Interval of the difference first − second of two systems over the same units, unit by unit:
/// both get the same draws. `bca` chooses [`resample_bca`]. Different numbers of units or columns
/// are an error.
pub fn resample_difference(
    (first, second): (&Rows, &Rows),
    outputs: usize,
    how: Resampling,
    bca: bool,
    finish: &Finish<'_>,
) -> Result<Vec<Resampled>, StatError> {
    let both = first.beside(second)?;
    let width = first.width();
    let difference = |sums: &[f64], values: &mut [Option<f64>]| {
        let mut other = vec![None; outputs];
        finish(&sums[..width], values);
        finish(&sums[width..], &mut other);
        for (value, other) in values.iter_mut().zip(other) {
            *value = value.zip(other).map(|(a, b)| a - b);
        }
    };
    let draw = if bca { resample_bca } else { resample };
    Ok(draw(&both, outputs, how, &difference))
}

/// The random stream at the start of every chunk of `chunk` resamples (the last may be shorter).
///
/// Numpy's bounded integers reject a few words, so that a place in the stream cannot be computed,
/// only reached: this walks once through all draws, about 2 ns each, and adds up nothing.
#[must_use]
pub fn starts(units: usize, resamples: u32, chunk: u32, seed: u64) -> Vec<Pcg64> {
    let mut random = Pcg64::seeded(seed);
    let mut starts = Vec::new();
    for at in 0..resamples {
        if at.is_multiple_of(chunk.max(1)) {
            starts.push(random.clone());
        }
        for _ in 0..units {
            random.below(units as u64);
        }
    }
    starts
}

/// Values of `resamples` resamples, resample by resample, `outputs` each; NaN becomes `None`.
///
/// Chunks from [`starts`], put together in order, are what [`resample`] uses:
/// [`summarise_resamples`] turns them into intervals. Rows are not checked here.
pub fn resample_chunk(
    rows: &Rows,
    outputs: usize,
    resamples: u32,
    random: &mut Pcg64,
    finish: &Finish<'_>,
) -> Vec<Option<f64>> {
    let (units, width) = (rows.len(), rows.width);
    let mut values = Vec::with_capacity(resamples as usize * outputs);
    let mut counts = vec![0u32; units * LANES];
    let mut sums = vec![[0.0; LANES]; width];
    let mut one = vec![0.0; width];
    let mut out = vec![None; outputs];
    let mut left = resamples as usize;
    while left > 0 {
        let lanes = left.min(LANES);
        counts.fill(0);
        for lane in 0..lanes {
            let counts = &mut counts[lane * units..(lane + 1) * units];
            for _ in 0..units {
                counts[random.below(units as u64) as usize] += 1;
            }
        }
        weighted_sums(rows, &counts, &mut sums);
        for lane in 0..lanes {
            for (x, sum) in one.iter_mut().zip(&sums) {
                *x = sum[lane];
            }
            out.fill(None);
            finish(&one, &mut out);
            values.extend(out.iter().map(|x| x.filter(|x| !x.is_nan())));
        }
        left -= lanes;
    }
    values
}

/// Σ count · row for each lane; whole numbers below 2⁵³ come out exact, in whatever order.
fn weighted_sums(rows: &Rows, counts: &[u32], sums: &mut [[f64; LANES]]) {
    let (units, width) = (rows.len(), rows.width);
    sums.fill([0.0; LANES]);
    let mut weights = [[0.0f64; LANES]; PASS];
    let mut from = 0;
    while from < units {
        let size = PASS.min(units - from);
        for lane in 0..LANES {
            let counts = &counts[lane * units + from..lane * units + from + size];
            for (weight, count) in weights.iter_mut().zip(counts) {
                weight[lane] = f64::from(*count);
            }
        }
        let data = &rows.data[from * width..(from + size) * width];
        for (column, sum) in sums.iter_mut().enumerate() {
            let mut total = *sum;
            for (weight, row) in weights.iter().zip(data.chunks_exact(width)) {
                let x = row[column];
                for lane in 0..LANES {
                    total[lane] += weight[lane] * x;
                }
            }
            *sum = total;
        }
        from += size;
    }
}

fn draw_all(
    rows: &Rows,
    outputs: usize,
    how: Resampling,
    finish: &Finish<'_>,
) -> Result<Vec<Option<f64>>, NoInterval> {
    rows.check()?;
    Ok(resample_chunk(rows, outputs, how.resamples, &mut Pcg64::seeded(how.seed), finish))
}

/// Percentile intervals from all resampled values (see [`resample_chunk`]) of so many units.
pub fn summarise_resamples(
    values: &[Option<f64>],
    outputs: usize,
    units: usize,
    how: Resampling,
) -> Vec<Resampled> {
    (0..outputs)
        .map(|output| {
            let sorted = sorted_column(values, outputs, output);
            match summarise_values(how, units, sorted) {
                Ok(b) => Resampled { interval: Ok(b.interval), standard_error: Some(b.standard_error) },
                Err(why) => Resampled::none(why),
            }
        })
        .collect()
}

fn sorted_column(values: &[Option<f64>], outputs: usize, output: usize) -> Vec<f64> {
    let mut column: Vec<f64> = values.iter().skip(output).step_by(outputs).flatten().copied().collect();
    column.sort_by(f64::total_cmp);
    column
}

fn leave_one_out(rows: &Rows, outputs: usize, sums: &[f64], finish: &Finish<'_>) -> Vec<Option<f64>> {
    let mut values = Vec::with_capacity(rows.len() * outputs);
    let mut rest = vec![0.0; rows.width];
    let mut out = vec![None; outputs];
    for unit in 0..rows.len() {
        for ((rest, sum), x) in rest.iter_mut().zip(sums).zip(rows.row(unit)) {
            *rest = sum - x;
        }
        out.fill(None);
        finish(&rest, &mut out);
        values.extend_from_slice(&out);
    }
    values
}

/// The BCa interval, or `None` where it does not exist.
fn bca(sorted: &[f64], estimate: f64, left_out: &[f64], level: f64) -> Option<Interval> {
    let below = sorted.partition_point(|x| *x < estimate);
    let upto = sorted.partition_point(|x| *x <= estimate);
    let z0 = normal_quantile((below + upto) as f64 / 2.0 / sorted.len() as f64).ok()?;
    let mean = left_out.iter().sum::<f64>() / left_out.len() as f64;
    let moment = |power: i32| left_out.iter().map(|x| (mean - x).powi(power)).sum::<f64>();
    let square = moment(2);
    let a = moment(3) / (6.0 * square * square.sqrt());
    if !a.is_finite() || spread(left_out) == 0.0 {
        return None;
    }
    let end = |p: f64| {
        let z = z0 + normal_quantile(p).ok()?;
        let scale = 1.0 - a * z;
        let corrected = normal_cdf(z0 + z / scale);
        (scale > 0.0 && corrected > 0.0 && corrected < 1.0).then(|| quantile(sorted, corrected))?
    };
    let tail = (1.0 - level) / 2.0;
    let (low, high) = (end(tail)?, end(1.0 - tail)?);
    Some(Interval::two_sided(low, high, level, Method::BootstrapBca))
}

/// Approximate randomisation: the p of each output's |difference| between two systems.
///
/// In each of `trials`, every unit swaps its two rows with chance 1/2; p = (c + 1)/(trials + 1),
/// c the trials whose |difference| is beyond the real one. All outputs share the swaps, which are
/// numpy's `integers(2, size=(trials, units), dtype=bool)` of the stream given, as in sacreBLEU.
/// `None` where a difference does not exist. Source: Riezler and Maxwell, ACL workshop 2005.
///
/// # Errors
/// Different numbers of units or columns; no unit; a number that is not finite.
pub fn randomise(
    (first, second): (&Rows, &Rows),
    outputs: usize,
    trials: u32,
    random: &mut Pcg64,
    finish: &Finish<'_>,
) -> Result<Vec<Option<f64>>, StatError> {
    let both = first.beside(second)?;
    if both.is_empty() {
        return Err(StatError::Empty { what: "units of sampling" });
    }
    if let Some(index) = both.data.iter().position(|x| !x.is_finite()) {
        return Err(StatError::NotFinite { what: "statistic", index, value: both.data[index] });
    }
    let width = first.width();
    let all = both.sums();
    let mut out = (vec![None; outputs], vec![None; outputs]);
    let mut difference = |sums: &[f64]| -> Vec<Option<f64>> {
        finish(&sums[..width], &mut out.0);
        finish(&sums[width..], &mut out.1);
        out.0.iter().zip(&out.1).map(|(a, b)| Some((a.as_ref()? - b.as_ref()?).abs())).collect()
    };
    let real = difference(&all);
    let mut beyond: Vec<Option<u32>> = real.iter().map(|x| x.map(|_| 0)).collect();
    let mut bits = random.bits();
    let mut sums = vec![0.0; 2 * width];
    for _ in 0..trials {
        swapped_sums(&both, &all, &mut bits, &mut sums);
        for ((beyond, real), trial) in beyond.iter_mut().zip(&real).zip(difference(&sums)) {
            *beyond = beyond.zip(trial).map(|(c, x)| c + u32::from(Some(x) > *real));
        }
    }
    Ok(beyond.iter().map(|c| Some((f64::from((*c)?) + 1.0) / (f64::from(trials) + 1.0))).collect())
}

/// Sums of both systems after swaps: a unit whose bit is 0 changes sides.
fn swapped_sums(both: &Rows, all: &[f64], bits: &mut super::random::Bits, sums: &mut [f64]) {
    let width = both.width / 2;
    sums.fill(0.0);
    let (first, second) = sums.split_at_mut(width);
    for row in both.data.chunks_exact(both.width) {
        let chosen = if bits.next_bit() { &row[..width] } else { &row[width..] };
        for (sum, x) in first.iter_mut().zip(chosen) {
            *sum += x;
        }
    }
    for (i, second) in second.iter_mut().enumerate() {
        *second = all[i] + all[width + i] - first[i];
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
