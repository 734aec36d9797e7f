//! A run over time: what happened in each slice of each phase.
//!
//! Main function: [`timeline`]; main type: [`TimeSlice`]. A pure function of the view. No
//! quantile stands without its n, and none where n cannot carry it.

mod arrivals;

pub(crate) use arrivals::{Arrivals, part};

use crate::detail::Lane;
use crate::estimate::Labels;
use crate::measure::in_send_order;
use crate::metric::{Measure, Seen, Sensed, metric};
use crate::view::{Asked, Slice, View, flight};
use acidtest_metrics::speed::Window;
use acidtest_metrics::stats::quantile;
use acidtest_record::observe::CPU;
use acidtest_record::{Load, OutcomeClass, ServerGauge};
use serde::Serialize;
use std::collections::BTreeMap;

/// Lengths of slices that read well, in seconds.
const ROUND_S: [f64; 22] = [
    0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    14_400.0, 21_600.0, 43_200.0, 86_400.0, 604_800.0,
];
/// Slices that are aimed at, where nobody says how many.
const AIM: f64 = 30.0;
/// Most slices of a phase.
const MOST: f64 = 1000.0;
/// Places of the matrix beyond which a run over time is only shown where it is asked for.
const MOST_LANES: usize = 64;

/// How a phase is cut.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Slicing {
    /// A round length that gives about 12 to 30 slices.
    #[default]
    Auto,
    /// So many slices.
    Count(u32),
    /// Slices of so many seconds; longer where they would be more than a thousand.
    Seconds(f64),
}

/// What happened in a slice of time of one target under one phase.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TimeSlice {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// The clock (process); times of different clocks are never compared.
    pub clock: u16,
    /// Its number within the phase, from 0.
    pub number: u32,
    /// Where it begins, in seconds from the phase's first intended send.
    pub from_s: f64,
    /// Where it ends; the last one ends with the phase.
    pub to_s: f64,
    /// Attempts that began in it.
    pub sent: u64,
    /// Answers that ended in it, whatever they were.
    pub completed: u64,
    /// Attempts that failed in it.
    pub failed: u64,
    /// Requests that were wanted in it and never sent.
    pub not_sent: u64,
    /// Attempts in flight, weighted by time.
    pub in_flight: f64,
    /// Output tokens that arrived in it, per second; null where nobody counts them.
    pub tokens_per_s: Option<f64>,
    /// Time to first token of attempts that began in it.
    pub ttft: SomeTimes,
    /// The same from the intended time of their requests; open loops only.
    pub ttft_from_intended: Option<SomeTimes>,
    /// Time to the whole answer of attempts that began in it.
    pub e2e: SomeTimes,
    /// The same from the intended time of their requests; open loops only.
    pub e2e_from_intended: Option<SomeTimes>,
    /// Gaps between content events that ended in it, by their upper bounds; of very many gaps those
    /// of one in so many records, as `icl` of the report says.
    pub icl: SomeTimes,
    /// How late its requests were sent by us.
    pub dispatch_lag: SomeTimes,
    /// Mean share of the machine's cores in use, by source: client, host, server.
    pub cpu: BTreeMap<String, f64>,
    /// Mean of the requests that the server says it works on, by scrape.
    pub server_running: BTreeMap<String, f64>,
    /// Mean of the requests that the server says wait, by scrape.
    pub server_waiting: BTreeMap<String, f64>,
}

/// Quantiles of some times in seconds; null where n is too small to have them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct SomeTimes {
    /// How many.
    pub n: u64,
    /// Median, from 2.
    pub p50_s: Option<f64>,
    /// 95th percentile, from 20.
    pub p95_s: Option<f64>,
    /// 99th percentile, from 100.
    pub p99_s: Option<f64>,
    /// The longest.
    pub max_s: Option<f64>,
}

impl SomeTimes {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let from = |least: usize, p: f64| (values.len() >= least).then(|| quantile(&values, p)).flatten();
        Self {
            n: values.len() as u64,
            p50_s: from(2, 0.50),
            p95_s: from(20, 0.95),
            p99_s: from(100, 0.99),
            max_s: values.last().copied(),
        }
    }
}

/// The run over time: each target and prompt under each phase, slice after slice.
#[must_use]
pub fn timeline(view: &View, how: Slicing) -> Vec<TimeSlice> {
    if how == Slicing::Auto && view.detail.lanes.len() > MOST_LANES {
        return Vec::new();
    }
    view.slices().iter().flat_map(|slice| of_slice(slice, how)).collect()
}

fn of_slice(slice: &Slice, how: Slicing) -> Vec<TimeSlice> {
    let order: Vec<(Asked, usize)> = in_send_order(slice).collect();
    let times = times();
    let lanes = slice.view.detail.lanes.iter().enumerate();
    let own = (slice.target, slice.phase, slice.prompt);
    let own = lanes.filter(|(_, l)| (l.target, l.phase, l.prompt) == own);
    own.flat_map(|(no, lane)| {
        let mut parts = Parts::new(lane, how);
        for (a, row) in order.iter().filter(|(a, row)| a.view.row(*row).clock == lane.clock) {
            parts.count(a, *row, &times);
        }
        let in_lane = |row: u32| {
            let c = slice.view.row(row as usize);
            (c.target, c.phase, c.prompt, c.clock) == (lane.target, lane.phase, lane.prompt, lane.clock)
        };
        for gap in slice.view.detail.gaps.iter().filter(|g| in_lane(g.row)) {
            if let Some(part) = gap.part {
                parts.gap(part, gap.most as f64 / 1e9);
            }
        }
        parts.finish(slice, no)
    })
    .collect()
}

/// The first length that reads well and is no shorter, in seconds.
pub(crate) fn round_s(least: f64) -> f64 {
    ROUND_S.into_iter().find(|s| *s >= least).unwrap_or(least)
}

/// Nanoseconds of a slice: whole parts, so that arrivals fall into one slice each.
fn width_ns(window: Window, how: Slicing) -> i64 {
    let total = window.seconds();
    let wanted = match how {
        Slicing::Auto => round_s(total / AIM),
        Slicing::Count(n) => total / f64::from(n.max(1)).min(MOST),
        Slicing::Seconds(s) => s.max(total / MOST),
    };
    let part = arrivals::part_ns(window);
    let parts = (wanted * 1e9 / part as f64 - 1e-9).ceil().clamp(1.0, 1e12) as i64;
    parts.saturating_mul(part)
}

/// What is gathered of one slice.
#[derive(Debug, Default, Clone)]
struct Part {
    sent: u64,
    completed: u64,
    failed: u64,
    not_sent: u64,
    flown_ns: i128,
    ttft: Vec<f64>,
    ttft_from_intended: Vec<f64>,
    e2e: Vec<f64>,
    e2e_from_intended: Vec<f64>,
    icl: Vec<f64>,
    lag: Vec<f64>,
}

/// The slices of a lane.
struct Parts {
    window: Window,
    width: i64,
    all: Vec<Part>,
}

impl Parts {
    fn new(lane: &Lane, how: Slicing) -> Self {
        let window = lane.whole;
        let width = width_ns(window, how);
        let length = window.end.saturating_sub(window.start).max(1);
        let n = usize::try_from((length - 1) / width + 1).unwrap_or(1);
        Self { window, width, all: vec![Part::default(); n] }
    }

    fn at(&mut self, at: i64) -> Option<&mut Part> {
        let since = at.checked_sub(self.window.start).filter(|ns| *ns >= 0 && at <= self.window.end)?;
        // The last end closes its window.
        let no = usize::try_from(since / self.width).ok()?.min(self.all.len() - 1);
        self.all.get_mut(no)
    }

    /// Counts an attempt where it began, was in flight and ended.
    fn count(&mut self, a: &Asked, row: usize, times: &Times) {
        let c = a.view.row(row);
        if a.view.is_cached(c) {
            return;
        }
        if let OutcomeClass::NotSent(_) = c.class {
            if let Some(part) = self.at(c.intended()) {
                part.not_sent += 1;
            }
            return;
        }
        if let Some(span) = flight(c) {
            self.fly(span.start, span.end);
        }
        if let Some(part) = c.ended().and_then(|at| self.at(at)) {
            part.completed += u64::from(c.class.delivered());
            part.failed += u64::from(!c.class.delivered());
        }
        let Some(began) = c.started().or(c.sent()) else { return };
        let Some(part) = self.at(began) else { return };
        part.sent += 1;
        let columns = [
            &mut part.ttft,
            &mut part.ttft_from_intended,
            &mut part.e2e,
            &mut part.e2e_from_intended,
            &mut part.lag,
        ];
        for (time, values) in times.iter().zip(columns) {
            if let Some(Seen::Value(seconds)) = time.map(|of| of(a, row)) {
                values.push(seconds);
            }
        }
    }

    /// Spreads the time in flight over the slices it fell into.
    fn fly(&mut self, start: i64, end: i64) {
        let (start, end) = (start.max(self.window.start), end.min(self.window.end));
        if end <= start {
            return;
        }
        let of = |at: i64| ((at - self.window.start) / self.width) as usize;
        let (first, last) = (of(start), of(end).min(self.all.len() - 1));
        for (no, part) in self.all.iter_mut().enumerate().take(last + 1).skip(first) {
            let from = self.window.start.saturating_add(self.width.saturating_mul(no as i64));
            let inside = end.min(from.saturating_add(self.width)).saturating_sub(start.max(from));
            part.flown_ns += i128::from(inside.max(0));
        }
    }

    fn gap(&mut self, part: u32, seconds: f64) {
        let width = self.width / arrivals::part_ns(self.window);
        let no = (i64::from(part) / width.max(1)) as usize;
        let last = self.all.len() - 1;
        self.all[no.min(last)].icl.push(seconds);
    }

    fn finish(self, slice: &Slice, lane: usize) -> Vec<TimeSlice> {
        let (window, width) = (self.window, self.width);
        let per_part = width / arrivals::part_ns(window);
        let of = &slice.view.detail.lanes[lane];
        let is_open = slice.load().and_then(Load::spacing).is_some();
        let last = self.all.len() - 1;
        let made = self.all.into_iter().enumerate().filter_map(|(no, part)| {
            let start = window.start.saturating_add(width.saturating_mul(no as i64));
            let inside = Window::new(start, start.saturating_add(width).min(window.end))?;
            let parts = |n: usize| u32::try_from(per_part.saturating_mul(n as i64)).unwrap_or(u32::MAX);
            // The window's last moment belongs to its last slice.
            let to = if no == last { u32::MAX } else { parts(no + 1) };
            let tokens = slice.view.arrivals.tokens(lane, parts(no), to);
            let seen = |what: Sensed| -> BTreeMap<String, f64> {
                let all = &slice.view.surroundings;
                let mean = |s: &str| Some((s.to_owned(), all.mean(what, s, of.clock, inside)?));
                all.sources(what).filter_map(mean).collect()
            };
            Some(TimeSlice {
                labels: slice.labels.clone(),
                clock: of.clock,
                number: no as u32,
                from_s: (start - window.start) as f64 / 1e9,
                to_s: (inside.end - window.start) as f64 / 1e9,
                sent: part.sent,
                completed: part.completed,
                failed: part.failed,
                not_sent: part.not_sent,
                in_flight: part.flown_ns as f64 / 1e9 / inside.seconds(),
                tokens_per_s: tokens.map(|n| n / inside.seconds()),
                ttft: SomeTimes::of(part.ttft),
                ttft_from_intended: is_open.then(|| SomeTimes::of(part.ttft_from_intended)),
                e2e: SomeTimes::of(part.e2e),
                e2e_from_intended: is_open.then(|| SomeTimes::of(part.e2e_from_intended)),
                icl: SomeTimes::of(part.icl),
                dispatch_lag: SomeTimes::of(part.lag),
                cpu: seen(Sensed::Named(CPU)),
                server_running: seen(Sensed::Gauge(ServerGauge::Running)),
                server_waiting: seen(Sensed::Gauge(ServerGauge::Waiting)),
            })
        });
        made.collect()
    }
}

/// The times of an attempt that are gathered, as the metrics of their names define them.
type Times = [Option<fn(&Asked, usize) -> Seen>; 5];

fn times() -> Times {
    ["ttft", "ttft_from_intended", "e2e", "e2e_from_intended", "dispatch_lag"].map(|id| {
        match metric(id)?.measure {
            Measure::Sample(of, _) => Some(of),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(total: f64, how: Slicing) -> f64 {
        width_ns(Window::new(0, (total * 1e9) as i64).unwrap(), how) as f64 / 1e9
    }

    #[test]
    fn slices_are_round_and_not_too_many() {
        for (total, length) in
            [(0.3, 0.1), (7.0, 0.5), (30.0, 1.0), (60.0, 2.0), (100.0, 5.0), (3600.0, 120.0)]
        {
            assert_eq!(seconds(total, Slicing::Auto), length, "{total} s");
        }
        for total in [4.0, 11.0, 59.0, 61.0, 1000.0, 40_000.0, 1e6, 1e8] {
            let n = total / seconds(total, Slicing::Auto);
            assert!((8.0..=31.0).contains(&n), "{total} s: {n}");
        }
        assert_eq!(seconds(60.0, Slicing::Count(7)), 8.58, "whole parts");
        assert_eq!(seconds(60.0, Slicing::Seconds(5.0)), 5.0);
        assert_eq!(seconds(60.0, Slicing::Seconds(1e-9)), 0.06);
        assert_eq!(seconds(60.0, Slicing::Count(u32::MAX)), 0.06);
    }

    #[test]
    fn few_times_have_no_far_quantile() {
        let of = |n: u32| SomeTimes::of((0..n).map(f64::from).collect());
        assert_eq!(of(0), SomeTimes::default());
        assert_eq!((of(1).p50_s, of(1).max_s), (None, Some(0.0)));
        assert_eq!((of(19).p50_s, of(19).p95_s), (Some(9.0), None));
        assert!(of(20).p95_s.is_some() && of(99).p99_s.is_none() && of(100).p99_s.is_some());
    }
}
