//! Joining what the server did with what the client saw.
//!
//! Main type: [`Calibrator`]. Bounded: beyond [`MOST_EVENTS`] events answers are only counted.

use super::{
    Bracket, Brackets, CALIBRATION_SCHEMA, Calibration, ErrorRow, JOINED_WITHIN_NS, Joined, QuantileRow,
    Share, TrueAnswer, WIDEST_BRACKET_NS,
};
use crate::estimate::Estimate;
use crate::findings::Findings;
use acidtest_metrics::speed::gap_bounds;
use acidtest_metrics::stats::quantile;
use acidtest_record::{Outcome, Record, Role, Stat, Timing};
use std::collections::HashMap;

/// Most content events that are kept on each side.
const MOST_EVENTS: usize = 8_000_000;

/// Collects truths first, then records, in any order of each.
pub struct Calibrator {
    is_wall: bool,
    truths: HashMap<String, Vec<Bracket>>,
    kept: usize,
    lost: u64,
    joined: Joined,
    span: Span,
    events_per_read: Share,
    unstamped: Share,
    exact: Share,
    bounded: Share,
    widths: Vec<f64>,
    wide: u64,
    errors: Errors,
    gaps: Gaps,
}

/// The first and the last write, and how many streams were open when.
#[derive(Default)]
struct Span {
    ends: Vec<(i64, i64)>,
    events: u64,
}

/// Reported − true, in nanoseconds.
#[derive(Default)]
struct Errors {
    ttft: ByStamp,
    arrival: ByStamp,
    gap: ByStamp,
}

#[derive(Default)]
struct ByStamp {
    printed: Vec<f64>,
    kernel: Vec<f64>,
    program: Vec<f64>,
}

/// Bounds of every gap, reported and true, in nanoseconds.
#[derive(Default)]
struct Gaps {
    least: Vec<f64>,
    most: Vec<f64>,
    true_least: Vec<f64>,
    true_most: Vec<f64>,
}

/// One content event on both sides.
struct Seen {
    earliest: i64,
    latest: i64,
    kernel: Option<i64>,
    program: i64,
    truth: Bracket,
}

impl Seen {
    fn is_exact(&self) -> bool {
        self.earliest == self.latest
    }
}

impl Bracket {
    fn middle(self) -> f64 {
        self.before as f64 + (self.after - self.before) as f64 / 2.0
    }

    fn is_narrow(self) -> bool {
        self.after - self.before <= WIDEST_BRACKET_NS
    }
}

impl Calibrator {
    /// Begins; `is_wall` says that clocks were joined by the wall clock, which may be wrong.
    #[must_use]
    pub fn new(is_wall: bool) -> Self {
        Self {
            is_wall,
            truths: HashMap::new(),
            kept: 0,
            lost: 0,
            joined: Joined::default(),
            span: Span::default(),
            events_per_read: Share::default(),
            unstamped: Share::default(),
            exact: Share::default(),
            bounded: Share::default(),
            widths: Vec::new(),
            wide: 0,
            errors: Errors::default(),
            gaps: Gaps::default(),
        }
    }

    /// Adds what the server did for one answer.
    pub fn truth(&mut self, answer: TrueAnswer) {
        if self.kept + answer.content.len() > MOST_EVENTS {
            self.lost += 1;
            return;
        }
        self.kept += answer.content.len();
        if let (Some(first), Some(last)) = (answer.content.first(), answer.content.last()) {
            self.span.ends.push((first.before, last.after));
            self.span.events += answer.content.len() as u64;
        }
        self.truths.insert(answer.id, answer.content);
    }

    /// Adds what the client saw of one; warm-ups and failures are none of ours.
    pub fn record(&mut self, record: &Record) {
        let delivered = matches!(record.outcome, Outcome::Completed { .. });
        if record.role != Role::Subject || !record.request.stream || !delivered {
            return;
        }
        self.joined.records += 1;
        let id = record.said.as_ref().and_then(|said| said.id.as_deref());
        let Some(truth) = id.and_then(|id| self.truths.remove(id)) else {
            match self.lost {
                0 => self.joined.without_truth += 1,
                _ => self.joined.beyond += 1,
            }
            return;
        };
        match seen(&record.timing, &truth) {
            Some(seen) => self.add(&record.timing, &seen),
            None => self.joined.other_events += 1,
        }
    }

    fn add(&mut self, timing: &Timing, seen: &[Seen]) {
        self.joined.joined += 1;
        self.joined.events += seen.len() as u64;
        self.count_reads(timing);
        for event in seen {
            self.widths.push((event.truth.after - event.truth.before) as f64);
            self.wide += u64::from(!event.truth.is_narrow());
            if event.is_exact() && event.truth.is_narrow() {
                self.errors.arrival.add(event, None);
            }
        }
        if let Some(first) = seen.first().filter(|first| first.truth.is_narrow()) {
            // The end that reports print: the upper one. When it was sent is known exactly.
            self.errors.ttft.add(first, None);
        }
        let bounds: Vec<(i64, i64)> = seen.iter().map(|s| (s.earliest, s.latest)).collect();
        for (pair, gap) in seen.windows(2).zip(gap_bounds(&bounds)) {
            let [a, b] = pair else { continue };
            self.gap(a, b, gap.least, gap.most);
        }
    }

    fn gap(&mut self, a: &Seen, b: &Seen, least: i64, most: i64) {
        let (true_least, true_most) =
            ((b.truth.before - a.truth.after).max(0), (b.truth.after - a.truth.before).max(0));
        self.gaps.least.push(least as f64);
        self.gaps.most.push(most as f64);
        self.gaps.true_least.push(true_least as f64);
        self.gaps.true_most.push(true_most as f64);
        let is_exact = a.is_exact() && b.is_exact();
        self.exact.add(is_exact);
        if !is_exact {
            let slack = JOINED_WITHIN_NS as i64;
            self.bounded.add(least <= true_most + slack && true_least <= most + slack);
        } else if a.truth.is_narrow() && b.truth.is_narrow() {
            self.errors.gap.add(b, Some(a));
        }
    }

    /// Reads that brought content, and which of them have no stamp of the kernel.
    fn count_reads(&mut self, timing: &Timing) {
        let mut last = None;
        for event in timing.events.iter().filter(|e| e.kind.is_content()) {
            self.events_per_read.n += 1;
            if last != Some(event.read) {
                last = Some(event.read);
                self.events_per_read.of += 1;
                let read = timing.reads.get(event.read as usize);
                self.unstamped.add(read.is_none_or(|r| r.kernel.is_none()));
            }
        }
    }

    /// What came of it, beside what the run's report prints.
    #[must_use]
    pub fn finish(mut self, findings: &Findings) -> Calibration {
        let (p50_s, p99_s) = (seconds(&mut self.widths, 0.5), seconds(&mut self.widths, 0.99));
        let quantiles = self.gaps.beside(findings);
        let errors = self.errors.rows();
        Calibration {
            schema: CALIBRATION_SCHEMA,
            run: findings.run.id.clone(),
            clocks: if self.is_wall { "wall" } else { "monotonic" },
            streams: self.span.streams(),
            events_per_s: self.span.events_per_s(),
            joined: self.joined,
            brackets: Brackets {
                n: self.widths.len() as u64,
                wide: self.wide,
                limit_s: WIDEST_BRACKET_NS as f64 / 1e9,
                p50_s,
                p99_s,
            },
            events_per_read: self.events_per_read.ratio(),
            exact_gaps: self.exact,
            bounded_gaps: self.bounded,
            unstamped_reads: self.unstamped,
            errors,
            quantiles,
            validity: findings.validity.clone(),
        }
    }
}

/// Content events on both sides; absent where their numbers differ.
fn seen(timing: &Timing, truth: &[Bracket]) -> Option<Vec<Seen>> {
    let bounds: Vec<(i64, i64)> = timing.bounds().map(|a| (a.earliest.0, a.latest.0)).collect();
    let events: Vec<_> = timing.events.iter().filter(|e| e.kind.is_content()).collect();
    if bounds.len() != truth.len() || events.len() != truth.len() {
        return None;
    }
    let one = |((event, (earliest, latest)), truth): ((&acidtest_record::Event, (i64, i64)), &Bracket)| {
        let read = timing.reads.get(event.read as usize)?;
        let (kernel, program) = (read.kernel.map(|k| k.0), read.after.0);
        Some(Seen { earliest, latest, kernel, program, truth: *truth })
    };
    events.into_iter().zip(bounds).zip(truth).map(one).collect()
}

impl Span {
    fn events_per_s(&self) -> f64 {
        let first = self.ends.iter().map(|e| e.0).min();
        let last = self.ends.iter().map(|e| e.1).max();
        match (first, last) {
            (Some(first), Some(last)) if last > first => self.events as f64 / ((last - first) as f64 / 1e9),
            _ => 0.0,
        }
    }

    /// Most answers between their first and last write at once.
    fn streams(&self) -> u64 {
        let mut steps: Vec<(i64, i32)> = self.ends.iter().flat_map(|e| [(e.0, 1), (e.1, -1)]).collect();
        steps.sort_unstable();
        let (mut now, mut most) = (0i64, 0i64);
        for (_, step) in steps {
            now += i64::from(step);
            most = most.max(now);
        }
        most.unsigned_abs()
    }
}

impl ByStamp {
    /// An event's error, or that of the gap since another event.
    fn add(&mut self, event: &Seen, since: Option<&Seen>) {
        let truth = event.truth.middle() - since.map_or(0.0, |s| s.truth.middle());
        let error = |at: i64, before: i64| (at - before) as f64 - truth;
        self.printed.push(error(event.latest, since.map_or(0, |s| s.latest)));
        self.program.push(error(event.program, since.map_or(0, |s| s.program)));
        let before = since.map_or(Some(0), |s| s.kernel);
        if let (Some(at), Some(before)) = (event.kernel, before) {
            self.kernel.push(error(at, before));
        }
    }
}

impl Errors {
    fn rows(&mut self) -> Vec<ErrorRow> {
        let kinds = [("ttft", &mut self.ttft), ("arrival", &mut self.arrival), ("gap", &mut self.gap)];
        let mut rows = Vec::new();
        for (what, by) in kinds {
            rows.push(row(what, "printed", &mut by.printed));
            rows.push(row(what, "kernel", &mut by.kernel));
            rows.push(row(what, "program", &mut by.program));
        }
        rows
    }
}

fn row(what: &'static str, stamps: &'static str, errors: &mut [f64]) -> ErrorRow {
    let n = errors.len() as u64;
    let p50_s = seconds(errors, 0.5);
    errors.iter_mut().for_each(|e| *e = e.abs());
    ErrorRow { what, stamps, n, p50_s, p99_s: seconds(errors, 0.99), max_s: seconds(errors, 1.0) }
}

/// A quantile of nanoseconds, in seconds.
fn seconds(values: &mut [f64], p: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    quantile(values, p).map(|ns| ns / 1e9)
}

impl Gaps {
    /// Every quantile of `icl` that the report prints, beside the true one.
    fn beside(&mut self, findings: &Findings) -> Vec<QuantileRow> {
        if self.least.is_empty() {
            return Vec::new();
        }
        let n = self.least.len() as u64;
        [Stat::P50, Stat::P90, Stat::P95, Stat::P99]
            .into_iter()
            .filter_map(|stat| {
                let p = stat.quantile()?;
                let printed = printed(findings, stat, n);
                let (low_s, high_s, valid) = match &printed {
                    Ok(e) => (e.value_low.or(e.number())?, e.number()?, Some(e.invalid.is_none())),
                    Err(_) => (seconds(&mut self.least, p)?, seconds(&mut self.most, p)?, None),
                };
                let not_printed = printed.err();
                let (true_low_s, true_high_s) =
                    (seconds(&mut self.true_least, p)?, seconds(&mut self.true_most, p)?);
                let off_s = (true_low_s - high_s).max(low_s - true_high_s).max(0.0);
                let covers = off_s <= JOINED_WITHIN_NS / 1e9;
                let stat = stat.id();
                Some(QuantileRow {
                    stat,
                    low_s,
                    high_s,
                    true_low_s,
                    true_high_s,
                    off_s,
                    covers,
                    valid,
                    not_printed,
                })
            })
            .collect()
    }
}

/// The report's own estimate of a quantile over those gaps, or why there is none.
fn printed(findings: &Findings, stat: Stat, gaps: u64) -> Result<&Estimate, String> {
    let fits = |e: &&Estimate| e.metric == "icl" && e.stat == stat && e.number().is_some();
    let mut found = findings.estimates.iter().filter(fits);
    match (found.next(), found.next()) {
        (None, _) => Err("the report has none".to_owned()),
        (Some(_), Some(_)) => Err("the report has several".to_owned()),
        (Some(e), None) if e.n.values == Some(gaps) => Ok(e),
        (Some(e), None) => Err(format!("printed over {} gaps, joined {gaps}", e.n.values.unwrap_or(0))),
    }
}
