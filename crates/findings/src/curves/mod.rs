//! What charts draw beyond estimates: distributions, points and bins over time.
//!
//! ```text
//!  View ─► axis.rs           one time axis for all clocks, and bins that all places share
//!       ─► distributions.rs  empirical distribution functions, thinned
//!       ─► scatter.rs        latency over time, failures kept
//!       ─► outcomes.rs       how requests ended, by when
//!       ─► clock_error.rs    what is not known of times, by when
//!       ─► readings.rs       what was seen beside the run
//! ```
//!
//! Main function: [`curves`]; main type: [`Curves`]. A pure function of the view: the same run
//! gives the same curves. Every time is in seconds since the zero of the first clock; moments of
//! other clocks are placed by the unix time of their zeros, so that a resumed run lies behind its
//! beginning. That is for drawing only: two machines' unix times may differ, and no duration here
//! is ever taken across two clocks. Bounded: [`MOST_PLACES`], and a limit for each part.
//!
//! Must not make an estimate: what has an interval is found elsewhere.

mod axis;
mod clock_error;
mod distributions;
mod outcomes;
mod readings;
mod scatter;

use crate::estimate::Labels;
use crate::view::{Slice, View};
use axis::Axis;
use schemars::JsonSchema;
use serde::Serialize;

/// Most places of the matrix that have curves.
pub const MOST_PLACES: usize = 64;
/// Most stretches of time that are listed: a phase has one for each clock.
const MOST_SPANS: usize = 1024;

/// What charts draw beyond estimates. Every time is in seconds since the zero of the first clock.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Curves {
    /// Where each phase lies on the time axis: one stretch for each place and clock.
    pub spans: Vec<PhaseSpan>,
    /// Empirical distribution functions of times.
    pub distributions: Vec<Distribution>,
    /// Latency over time.
    pub scatter: Vec<Scatter>,
    /// How requests ended, over time.
    pub outcomes: Vec<OutcomeBins>,
    /// How wrong our times may be, over time.
    pub clock_error: Vec<ErrorSeries>,
    /// What was seen beside the run.
    pub readings: Vec<Series>,
    /// What is not drawn since there is too much of it, for people.
    pub notes: Vec<String>,
}

/// A stretch of time of a place: first intended send to the last end.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PhaseSpan {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Where it begins.
    pub from_s: f64,
    /// Where it ends.
    pub to_s: f64,
}

/// An empirical distribution function. A point is a value that was seen, and the exact share of
/// all values at or below it. Beyond 400 values it is thinned: points lie evenly over the ranks
/// and once more ever denser towards the greatest, the last of which stand one by one.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Distribution {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// `ttft`, `icl` (gaps by their upper ends), `tpot`, `e2e`, `dispatch_lag`.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// How many values there are.
    pub n: u64,
    /// Requests of the place that did not complete: no value says how long they would have taken.
    pub not_completed: u64,
    /// Values, ascending.
    pub values: Vec<f64>,
    /// Share of values at or below.
    pub shares: Vec<f64>,
}

/// Latency over time: failed attempts first, and a spread sample of the others, both in the
/// order in which they were sent.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Scatter {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// How many attempts there are; the arrays hold those that are shown.
    pub n: u64,
    /// How many of them failed.
    pub failed: u64,
    /// When it began; of what was never sent, when it was wanted.
    pub at_s: Vec<f64>,
    /// Seconds to the first content, also of an answer that broke off later.
    pub ttft_s: Vec<Option<f64>>,
    /// Seconds to the end of the answer; of a failed attempt, until it had failed.
    pub e2e_s: Vec<Option<f64>>,
    /// Its slot.
    pub slot: Vec<u32>,
    /// Its step within the slot.
    pub step: Vec<u16>,
    /// Index into `classes`.
    pub class: Vec<u32>,
    /// `complete`, `failed: 429`, `not_sent: cap` …
    pub classes: Vec<String>,
    /// The case's id; null for synthetic prompts.
    pub case: Vec<Option<String>>,
}

/// Requests by how they ended, over time: by the end of the last attempt, or by when it was wanted
/// where it was never sent. What the response cache gave has no time and is left out. All places
/// share one grid, so that bins of the same beginning may be stacked; places without time there
/// have none.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct OutcomeBins {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Length of a bin.
    pub width_s: f64,
    /// Where each bin begins.
    pub from_s: Vec<f64>,
    /// Counts by class; classes without any are left out.
    pub classes: Vec<ClassCounts>,
}

/// How many requests of a class ended in each bin.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ClassCounts {
    /// `complete`, `truncated`, `failed: 429`, `not_sent: cap` …
    pub class: String,
    /// One for each bin.
    pub counts: Vec<u64>,
}

/// An error of our own over time. Quantiles are null where n is too small: the median from 2, the
/// 99th percentile from 100.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ErrorSeries {
    /// Target, phase, and prompt where there are several; empty where it is of the whole process.
    pub labels: Labels,
    /// `first_token` (what is not known of its arrival) and `gap` (of a gap's length), both at the
    /// send of their record; `dispatch_lag` at the intended time; `scheduler_lag` at its reading.
    pub what: String,
    /// Length of a bin.
    pub width_s: f64,
    /// Where each bin begins.
    pub from_s: Vec<f64>,
    /// How many there are in it.
    pub n: Vec<u64>,
    /// Median.
    pub p50_s: Vec<Option<f64>>,
    /// 99th percentile.
    pub p99_s: Vec<Option<f64>>,
    /// The largest.
    pub max_s: Vec<Option<f64>>,
}

/// Samples beside the run, several neighbours put together where there are more than 500.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Series {
    /// `host`, `client`, `server`, or a scrape.
    pub source: String,
    /// Id of the metric that it is: `cpu_util`, `server_running` …
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// The middle of the bin's samples.
    pub at_s: Vec<f64>,
    /// Their mean.
    pub mean: Vec<f64>,
    /// The least.
    pub min: Vec<f64>,
    /// The greatest.
    pub max: Vec<f64>,
}

/// The distribution functions alone, for setting two runs beside each other.
#[must_use]
pub fn distributions(view: &View) -> Vec<Distribution> {
    let slices = view.slices();
    let some = slices.iter().filter(|s| !s.requests.is_empty()).take(MOST_PLACES);
    some.flat_map(distributions::of_slice).collect()
}

/// What charts draw of a run beyond its estimates.
#[must_use]
pub fn curves(view: &View) -> Curves {
    let mut slices = view.slices();
    slices.retain(|s| !s.requests.is_empty());
    let mut notes = Vec::new();
    if slices.len() > MOST_PLACES {
        notes.push(format!("curves show the first {MOST_PLACES} of {} places", slices.len()));
        slices.truncate(MOST_PLACES);
    }
    let axis = Axis::of(view, &slices);
    Curves {
        spans: spans(&axis, &slices),
        distributions: slices.iter().flat_map(distributions::of_slice).collect(),
        scatter: scatter::all(&axis, &slices),
        outcomes: slices.iter().filter_map(|s| outcomes::of_slice(&axis, s)).collect(),
        clock_error: clock_error::all(view, &axis, &slices),
        readings: readings::all(view, &axis, &mut notes),
        notes,
    }
}

fn spans(axis: &Axis, slices: &[Slice]) -> Vec<PhaseSpan> {
    let all = slices.iter().flat_map(|slice| {
        slice.lanes().map(|lane| PhaseSpan {
            labels: slice.labels.clone(),
            from_s: axis.seconds(lane.clock, lane.whole.start),
            to_s: axis.seconds(lane.clock, lane.whole.end),
        })
    });
    all.take(MOST_SPANS).collect()
}
