//! How the requests of a place ended, over time.
//!
//! Main function: [`of_slice`].

use super::axis::Axis;
use super::scatter::class;
use super::{ClassCounts, OutcomeBins};
use crate::view::Slice;
use std::collections::BTreeMap;

/// The bins of a place; absent where none of its requests has a time.
pub(super) fn of_slice(axis: &Axis, slice: &Slice) -> Option<OutcomeBins> {
    let grid = axis.grid_of(slice);
    let mut classes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for a in slice.asked() {
        let c = a.last();
        if slice.view.is_cached(c) {
            continue;
        }
        if let Some(bin) = grid.bin(c.clock, c.ended().unwrap_or(c.intended())) {
            classes.entry(class(c)).or_insert_with(|| vec![0; grid.len()])[bin] += 1;
        }
    }
    (!classes.is_empty()).then(|| OutcomeBins {
        labels: slice.labels.clone(),
        width_s: grid.width_s(),
        from_s: grid.starts_s(),
        classes: classes.into_iter().map(|(class, counts)| ClassCounts { class, counts }).collect(),
    })
}
