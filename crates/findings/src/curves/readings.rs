//! What was seen beside the run: machine, processes, and what the server says of itself.
//!
//! Main function: [`all`]. Only what metrics of the surroundings know is drawn: of a scraped page
//! that are the gauges with a known meaning, added up over their label sets.

use super::Series;
use super::axis::Axis;
use crate::metric::{Measure, Metric, metrics};
use crate::view::View;
use acidtest_metrics::speed::Window;
use std::collections::BTreeMap;

/// Most bins of a series.
const MOST_BINS: usize = 500;
/// Most series.
const MOST_SERIES: usize = 64;

/// Every series that is known, in the order of the metrics.
pub(super) fn all(view: &View, axis: &Axis, notes: &mut Vec<String>) -> Vec<Series> {
    let mut found: Vec<Series> = metrics()
        .into_iter()
        .flat_map(|m| match m.measure {
            Measure::Sensed(what) => view.surroundings.sources(what).map(|s| (m, s)).collect(),
            _ => Vec::new(),
        })
        .filter_map(|(m, source)| of_source(view, axis, m, source))
        .collect();
    if found.len() > MOST_SERIES {
        notes.push(format!("curves show the first {MOST_SERIES} of {} series of readings", found.len()));
        found.truncate(MOST_SERIES);
    }
    found
}

fn of_source(view: &View, axis: &Axis, metric: &Metric, source: &str) -> Option<Series> {
    let Measure::Sensed(what) = metric.measure else { return None };
    let whole = Window { start: i64::MIN, end: i64::MAX };
    let mut by_clock: BTreeMap<u16, Vec<(i64, f64)>> = BTreeMap::new();
    for clock in view.surroundings.clocks(what, source) {
        by_clock.insert(clock, view.surroundings.moments(what, source, clock, whole));
    }
    let n: usize = by_clock.values().map(Vec::len).sum();
    // A bin never holds samples of two clocks.
    let room = MOST_BINS.saturating_sub(by_clock.len()).max(1);
    let size = n.div_ceil(room).max(1);
    let mut series = Series {
        source: source.to_owned(),
        name: metric.id.to_owned(),
        unit: metric.unit.id().to_owned(),
        at_s: Vec::new(),
        mean: Vec::new(),
        min: Vec::new(),
        max: Vec::new(),
    };
    for (clock, samples) in &by_clock {
        for bin in samples.chunks(size) {
            series.add(axis, *clock, bin);
        }
    }
    (n > 0).then_some(series)
}

impl Series {
    fn add(&mut self, axis: &Axis, clock: u16, bin: &[(i64, f64)]) {
        let ([(first, _), ..], [.., (last, _)]) = (bin, bin) else { return };
        if self.at_s.len() >= MOST_BINS {
            return;
        }
        let values = || bin.iter().map(|(_, v)| *v);
        self.at_s.push((axis.seconds(clock, *first) + axis.seconds(clock, *last)) / 2.0);
        self.mean.push(values().sum::<f64>() / bin.len() as f64);
        self.min.push(values().fold(f64::INFINITY, f64::min));
        self.max.push(values().fold(f64::NEG_INFINITY, f64::max));
    }
}
