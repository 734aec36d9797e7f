//! One time axis for all clocks, and a grid of bins on it.
//!
//! Main types: [`Axis`], [`Grid`]. For drawing only: a duration is never taken across clocks.

use crate::timeline::round_s;
use crate::view::{Slice, View};
use std::collections::BTreeMap;

/// Bins that are aimed at, over all time in which something ran.
const BINS: f64 = 300.0;
/// Most bins of one place: a run resumed very often has some more than are aimed at.
const MOST_BINS: usize = 1000;

/// Where moments of each clock lie.
pub(super) struct Axis {
    /// Nanoseconds from the first clock's zero to that of each clock.
    offsets: BTreeMap<u16, i64>,
    /// Length of a bin, in nanoseconds.
    width: i64,
}

impl Axis {
    /// The axis of a run, with bins that suit the time in which something ran.
    pub(super) fn of(view: &View, slices: &[Slice]) -> Self {
        let zero = view.clocks.first().map_or(0, |c| c.zero_unix_ns);
        let offsets = view.clocks.iter().map(|c| (c.no, c.zero_unix_ns.saturating_sub(zero))).collect();
        let mut axis = Self { offsets, width: 1 };
        let busy_s = axis.busy(slices) as f64 / 1e9;
        axis.width = (round_s(busy_s / BINS) * 1e9) as i64;
        axis
    }

    /// How long something ran: pauses between clocks and phases do not count.
    fn busy(&self, slices: &[Slice]) -> i64 {
        let lanes = slices.iter().flat_map(|s| s.lanes());
        let at = |clock, at| self.place(clock, at);
        let mut all: Vec<(i64, i64)> =
            lanes.map(|l| (at(l.clock, l.whole.start), at(l.clock, l.whole.end))).collect();
        all.sort_unstable();
        let (mut total, mut until) = (0i64, i64::MIN);
        for (from, to) in all {
            total = total.saturating_add(to.saturating_sub(from.max(until)).max(0));
            until = until.max(to);
        }
        total
    }

    fn place(&self, clock: u16, at: i64) -> i64 {
        at.saturating_add(self.offsets.get(&clock).copied().unwrap_or(0))
    }

    /// Seconds since the first clock's zero.
    pub(super) fn seconds(&self, clock: u16, at: i64) -> f64 {
        self.place(clock, at) as f64 / 1e9
    }

    /// The bins of some stretches of time (clock, from, to).
    pub(super) fn grid(&self, stretches: impl Iterator<Item = (u16, i64, i64)>) -> Grid<'_> {
        let mut bins = Vec::new();
        for (clock, from, to) in stretches {
            let bin = |at| self.place(clock, at).div_euclid(self.width);
            bins.extend((bin(from)..=bin(to)).take(MOST_BINS));
            bins.sort_unstable();
            bins.dedup();
            bins.truncate(MOST_BINS);
        }
        Grid { axis: self, bins }
    }

    /// The bins of a place.
    pub(super) fn grid_of(&self, slice: &Slice) -> Grid<'_> {
        self.grid(slice.lanes().map(|l| (l.clock, l.whole.start, l.whole.end)))
    }
}

/// Bins on an axis: multiples of its width, so that those of all places fall together.
pub(super) struct Grid<'x> {
    axis: &'x Axis,
    /// Their numbers on the axis, ascending.
    bins: Vec<i64>,
}

impl Grid<'_> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.bins.len()
    }

    /// Which of them a moment falls into.
    pub(super) fn bin(&self, clock: u16, at: i64) -> Option<usize> {
        self.bins.binary_search(&self.axis.place(clock, at).div_euclid(self.axis.width)).ok()
    }

    /// Length of a bin in seconds.
    pub(super) fn width_s(&self) -> f64 {
        self.axis.width as f64 / 1e9
    }

    /// Where each begins, in seconds.
    pub(super) fn starts_s(&self) -> Vec<f64> {
        self.bins.iter().map(|b| b.saturating_mul(self.axis.width) as f64 / 1e9).collect()
    }
}
