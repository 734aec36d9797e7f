//! Reported minus true: a run beside what the server says that it really did.
//!
//! Main types: [`Calibrator`], which joins answers of the server with records of the client by
//! the answer's id, and [`Calibration`], what came of it. Truth is the bracket of a write, from
//! just before to just after it, on the client's clock; never the server's plan. Must not read
//! files or clocks: times come joined.

mod join;
#[cfg(test)]
mod tests;

use crate::validity::Validity;
use acidtest_record::Fact;
use serde::Serialize;

pub use join::Calibrator;

/// Name and major version of the JSON of a calibration.
pub const CALIBRATION_SCHEMA: &str = "acidtest.calibration/1";
/// Source of the facts that a calibration adds to its run.
pub const CALIBRATE: &str = "calibrate";
/// Most facts of calibrations that a report lists.
pub(crate) const MOST_FACTS: usize = 200;
/// A write whose bracket is wider says too little: its events are left out of errors, and counted.
pub const WIDEST_BRACKET_NS: i64 = 100_000;
/// How far two zeros of one machine may be apart when they are joined.
const JOINED_WITHIN_NS: f64 = 1_000.0;

/// One write of the server, in nanoseconds on the client's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bracket {
    /// Just before it.
    pub before: i64,
    /// Just after it returned.
    pub after: i64,
}

/// What the server did for one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrueAnswer {
    /// The answer's id, as the client was told.
    pub id: String,
    /// The writes that carried content, in order.
    pub content: Vec<Bracket>,
}

/// Reported minus true, for one run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibration {
    /// [`CALIBRATION_SCHEMA`].
    pub schema: &'static str,
    /// The run's id.
    pub run: String,
    /// How clocks were joined: `monotonic` on one machine, else `wall`.
    pub clocks: &'static str,
    /// Most streams open at once by the server's file.
    pub streams: u64,
    /// Content events a second, from the first write to the last.
    pub events_per_s: f64,
    /// Which answers were found on both sides.
    pub joined: Joined,
    /// How exact the truth is.
    pub brackets: Brackets,
    /// Content events for each read that brought some.
    pub events_per_read: Option<f64>,
    /// Gaps of which both ends are exact.
    pub exact_gaps: Share,
    /// Gaps with an uncertain end whose printed bounds hold the true gap.
    pub bounded_gaps: Share,
    /// Reads that brought content and have no stamp of the kernel.
    pub unstamped_reads: Share,
    /// Errors of single times.
    pub errors: Vec<ErrorRow>,
    /// Printed quantiles of gaps beside the true ones.
    pub quantiles: Vec<QuantileRow>,
    /// What the run's own verdict on its clock is.
    pub validity: Vec<Validity>,
}

/// How many answers were found on both sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Joined {
    /// Streamed records that were delivered.
    pub records: u64,
    /// Of these, joined with a line of the truth.
    pub joined: u64,
    /// Without a line of that id.
    pub without_truth: u64,
    /// With another number of content events than were written.
    pub other_events: u64,
    /// Beyond the most events that are kept.
    pub beyond: u64,
    /// Content events of those that were joined.
    pub events: u64,
}

/// How exact the truth is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Brackets {
    /// Writes of the joined answers.
    pub n: u64,
    /// Those wider than the limit: left out of errors.
    pub wide: u64,
    /// The limit in seconds.
    pub limit_s: f64,
    /// Median width in seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile of the width.
    pub p99_s: Option<f64>,
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Those meant.
    pub n: u64,
    /// All.
    pub of: u64,
}

impl Share {
    /// The share; absent of nothing.
    #[must_use]
    pub fn ratio(self) -> Option<f64> {
        (self.of > 0).then(|| self.n as f64 / self.of as f64)
    }

    fn add(&mut self, is_meant: bool) {
        self.n += u64::from(is_meant);
        self.of += 1;
    }
}

/// Errors of one kind of times by one kind of stamps: reported − true.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ErrorRow {
    /// `ttft`; `arrival` and `gap` of events that are exact.
    pub what: &'static str,
    /// `printed`, what reports use; `kernel`; `program`, the time right after the read.
    pub stamps: &'static str,
    /// How many.
    pub n: u64,
    /// Median, with its sign, in seconds.
    pub p50_s: Option<f64>,
    /// 99th percentile of the size.
    pub p99_s: Option<f64>,
    /// Largest size.
    pub max_s: Option<f64>,
}

/// A printed quantile of gaps beside the true one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuantileRow {
    /// `p50` … `max`.
    pub stat: &'static str,
    /// Printed: the quantile of the gaps' lower ends.
    pub low_s: f64,
    /// Printed: the quantile of their upper ends.
    pub high_s: f64,
    /// True: from the end of one write to the beginning of the next.
    pub true_low_s: f64,
    /// True: from the beginning of one write to the end of the next.
    pub true_high_s: f64,
    /// How far the printed pair lies beside the true one; 0 where they meet.
    pub off_s: f64,
    /// Whether the printed pair covers the truth.
    pub covers: bool,
    /// Whether the report calls it valid; absent where it is not the report's own.
    pub valid: Option<bool>,
    /// Why the pair is not the report's own, where it is not: it was computed here.
    pub not_printed: Option<String>,
}

impl Calibration {
    /// The errors of a kind of times by a kind of stamps.
    #[must_use]
    pub fn error(&self, what: &str, stamps: &str) -> Option<&ErrorRow> {
        self.errors.iter().find(|row| row.what == what && row.stamps == stamps)
    }

    /// What is kept with the run.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |name: String, value: String| Fact {
            name: format!("calibrate.{name}"),
            value,
            source: CALIBRATE.to_owned(),
            hash: None,
        };
        let share = |s: Share| format!("{} of {}", s.n, s.of);
        let mut facts = vec![
            fact("joined".into(), format!("{} of {}", self.joined.joined, self.joined.records)),
            fact("wide_brackets".into(), format!("{} of {}", self.brackets.wide, self.brackets.n)),
            fact("exact_gaps".into(), share(self.exact_gaps)),
            fact("bounded_gaps".into(), share(self.bounded_gaps)),
            fact("events_per_s".into(), format!("{:.0}", self.events_per_s)),
        ];
        for row in &self.errors {
            let named = [("p50_s", row.p50_s), ("p99_s", row.p99_s), ("max_s", row.max_s)];
            for (name, value) in named {
                let name = format!("{}.{}.{name}", row.what, row.stamps);
                facts.extend(value.map(|value| fact(name, format!("{value:.9}"))));
            }
        }
        let covered = self.quantiles.iter().filter(|q| q.covers).count() as u64;
        let of = self.quantiles.len() as u64;
        facts.push(fact("covered_quantiles".into(), share(Share { n: covered, of })));
        facts
    }
}
