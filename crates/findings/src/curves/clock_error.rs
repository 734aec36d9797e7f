//! How wrong our times may be, over time: uncertain arrivals, and our own lateness.
//!
//! Main function: [`all`]. What is exactly known counts with an error of 0.

use super::ErrorSeries;
use super::axis::{Axis, Grid};
use crate::estimate::Labels;
use crate::families::waiting::dispatch_lag;
use crate::receipt::quantile_with_zeros;
use crate::view::{Slice, View};
use acidtest_metrics::stats::quantile;
use acidtest_record::Reading;
use std::collections::HashMap;

/// The series of all places, and that of the process.
pub(super) fn all(view: &View, axis: &Axis, slices: &[Slice]) -> Vec<ErrorSeries> {
    let mut found: Vec<ErrorSeries> = Vec::new();
    for slice in slices {
        let grid = axis.grid_of(slice);
        let series = [
            ("first_token", first_token(&grid, slice)),
            ("gap", gap(&grid, slice)),
            ("dispatch_lag", lateness(&grid, slice)),
        ];
        found.extend(series.into_iter().filter_map(|(what, bins)| finish(&slice.labels, what, &grid, bins)));
    }
    found.extend(scheduler_lag(view, axis));
    found
}

/// Errors of one bin.
#[derive(Debug, Default, Clone)]
struct Bin {
    /// How many there are in all.
    n: u64,
    /// Those above zero; where they were thinned out, those that are kept.
    above: Vec<f64>,
    /// Each of them stands for so many.
    one_in: u64,
}

fn bins(grid: &Grid) -> Vec<Bin> {
    vec![Bin { one_in: 1, ..Bin::default() }; grid.len()]
}

/// What is not known of the arrival of first content.
fn first_token(grid: &Grid, slice: &Slice) -> Vec<Bin> {
    let mut bins = bins(grid);
    for c in slice.asked().flat_map(|a| a.attempts()).filter(|c| c.stream && c.first().is_some()) {
        if let Some(bin) = c.sent().and_then(|at| grid.bin(c.clock, at)) {
            bins[bin].n += 1;
        }
    }
    for lane in slice.lanes().filter(|l| l.receipt.first.count() > 0) {
        for (at, ns) in lane.receipt.first.kept() {
            if let Some(bin) = grid.bin(lane.clock, *at) {
                bins[bin].above.push(ns / 1e9);
                bins[bin].one_in = bins[bin].one_in.max(lane.receipt.first.one_in());
            }
        }
    }
    match slice.lanes().any(|l| l.receipt.first.count() > 0) {
        true => bins,
        false => Vec::new(),
    }
}

/// What is not known of the lengths of the gaps that are kept.
fn gap(grid: &Grid, slice: &Slice) -> Vec<Bin> {
    let mut bins = bins(grid);
    let rows: HashMap<u32, usize> = slice
        .asked()
        .flat_map(|a| a.range())
        .filter_map(|row| {
            let c = slice.view.row(row);
            Some((row as u32, grid.bin(c.clock, c.sent()?)?))
        })
        .collect();
    for gap in slice.view.detail.gaps.iter() {
        let Some(bin) = rows.get(&gap.row) else { continue };
        let width = gap.most - gap.least;
        bins[*bin].n += 1;
        if width > 0 {
            bins[*bin].above.push(width as f64 / 1e9);
        }
    }
    bins
}

fn lateness(grid: &Grid, slice: &Slice) -> Vec<Bin> {
    let mut bins = bins(grid);
    for a in slice.asked() {
        let c = &a.attempts()[0];
        if let (Some(bin), Some(lag)) = (grid.bin(c.clock, c.intended()), dispatch_lag(c)) {
            bins[bin].add(lag);
        }
    }
    bins
}

/// How late our measuring threads ran, of the whole process.
fn scheduler_lag(view: &View, axis: &Axis) -> Option<ErrorSeries> {
    let own = || view.readings.iter().filter(|r| r.name == "scheduler_lag_s");
    let mut stretches: HashMap<u16, (i64, i64)> = HashMap::new();
    for Reading { clock, at, .. } in own() {
        let known = stretches.entry(*clock).or_insert((at.0, at.0));
        *known = (known.0.min(at.0), known.1.max(at.0));
    }
    let grid = axis.grid(stretches.into_iter().map(|(clock, (from, to))| (clock, from, to)));
    let mut bins = bins(&grid);
    for r in own() {
        if let Some(bin) = grid.bin(r.clock, r.at.0) {
            bins[bin].add(r.value);
        }
    }
    finish(&Labels::new(), "scheduler_lag", &grid, bins)
}

impl Bin {
    fn add(&mut self, error_s: f64) {
        self.n += 1;
        if error_s > 0.0 {
            self.above.push(error_s);
        }
    }

    fn quantile(&self, p: f64, least: u64) -> Option<f64> {
        if self.n < least {
            return None;
        }
        if self.one_in == 1 {
            let zeros = (self.n as usize).saturating_sub(self.above.len());
            let mut all = vec![0.0; zeros];
            all.extend(&self.above);
            return quantile(&all, p);
        }
        let above = (self.above.len() as u64).saturating_mul(self.one_in).min(self.n);
        quantile_with_zeros(self.n - above, above, &self.above, p)
    }

    fn max(&self) -> Option<f64> {
        (self.n > 0).then(|| self.above.last().copied().unwrap_or(0.0))
    }
}

fn finish(labels: &Labels, what: &str, grid: &Grid, mut bins: Vec<Bin>) -> Option<ErrorSeries> {
    if bins.iter().all(|b| b.n == 0) {
        return None;
    }
    for bin in &mut bins {
        bin.above.sort_unstable_by(f64::total_cmp);
    }
    Some(ErrorSeries {
        labels: labels.clone(),
        what: what.to_owned(),
        width_s: grid.width_s(),
        from_s: grid.starts_s(),
        n: bins.iter().map(|b| b.n).collect(),
        p50_s: bins.iter().map(|b| b.quantile(0.5, 2)).collect(),
        p99_s: bins.iter().map(|b| b.quantile(0.99, 100)).collect(),
        max_s: bins.iter().map(Bin::max).collect(),
    })
}
