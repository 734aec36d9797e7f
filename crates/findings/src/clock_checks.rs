//! Checks of the receive clock: what is not known of arrivals, and whether we held the server back.
//!
//! Main type: [`Receipts`], those of all lanes of a slice. Only the stamps in use are judged:
//! where the kernel stamped, the program's own lateness is told beside and spoils nothing.

use crate::gaps;
use crate::receipt::{Amounts, Receipt};
use crate::validity::{Check, CheckState};
use crate::view::Slice;

/// Share of records that may have found much waiting unread.
const PRESSED: f64 = 0.01;

const ENDS: &str = "ends of answers are uncertain";
const FIRST: &str = "arrivals of first content are uncertain";
const SHARED_READ: &str = "give the client more or idle cores; where the server writes several events at once no client can tell them apart";

/// What the reads of a slice say.
pub(crate) struct Receipts<'v> {
    slice: &'v Slice<'v>,
    all: Vec<(&'v Receipt, i64)>,
}

/// Words for gap quantiles that lie between two far ends.
pub(crate) fn uncertain_gaps(low: f64, high: f64, limit_s: f64) -> String {
    format!(
        "several events came in one read: the quantile lies between {:.2} ms and {:.2} ms, limit {:.2} ms",
        low * 1e3,
        high * 1e3,
        limit_s * 1e3
    )
}

impl<'v> Receipts<'v> {
    pub(crate) fn of(slice: &'v Slice<'v>) -> Self {
        let all = slice.lanes().map(|l| (&l.receipt, l.whole.start)).collect();
        Self { slice, all }
    }

    fn sum(&self, of: fn(&Receipt) -> u64) -> u64 {
        self.all.iter().map(|(r, _)| of(r)).sum()
    }

    /// Whether the kernel stamped anything.
    pub(crate) fn by_kernel(&self) -> bool {
        self.sum(|r| r.stamped) > 0
    }

    /// Whose clock stamped what came.
    pub(crate) fn stamps(&self) -> &'static str {
        match (self.sum(|r| r.stamped), self.sum(|r| r.unstamped)) {
            (0, 0) => "none",
            (0, _) => "program",
            (_, 0) => "kernel",
            _ => "mixed",
        }
    }

    /// Share of content events whose arrival is exactly known.
    pub(crate) fn exact(&self) -> Option<f64> {
        let events = self.sum(|r| r.events);
        (self.by_kernel() && events > 0).then(|| self.sum(|r| r.exact) as f64 / events as f64)
    }

    /// 99th percentile of the program's lateness at stamped reads, in seconds.
    pub(crate) fn program_lag(&self) -> Option<f64> {
        self.quantile(|r| &r.lag, 0.99)
    }

    fn quantile(&self, of: fn(&Receipt) -> &Amounts, p: f64) -> Option<f64> {
        let amounts: Vec<&Amounts> = self.all.iter().map(|(r, _)| of(r)).collect();
        Amounts::quantile(&amounts, p).map(|ns| ns / 1e9)
    }

    /// Seconds from the phase's start to the first amount over the limit.
    fn first_over(&self, of: fn(&Receipt) -> &Amounts, limit_s: f64) -> Option<f64> {
        let over = self.all.iter().flat_map(|(r, start)| {
            let kept = of(r).kept().iter().filter(|(_, ns)| ns / 1e9 > limit_s);
            kept.map(move |(at, _)| (at - start) as f64 / 1e9)
        });
        over.min_by(f64::total_cmp).map(|s| s.max(0.0))
    }

    fn widths(&self, name: &'static str, limit_s: f64, of: fn(&Receipt) -> &Amounts, what: &str) -> Check {
        let n = self.all.iter().map(|(r, _)| of(r).count()).sum();
        let Some(p99) = self.quantile(of, 0.99) else {
            return Check { state: CheckState::NotMeasured, why: "not measured".into(), ..Check::ok(name) };
        };
        if p99 <= limit_s {
            return Check { p99_s: Some(p99), n, ..Check::ok(name) };
        }
        let from_s = self.first_over(of, limit_s);
        Check {
            state: CheckState::Over,
            p99_s: Some(p99),
            n,
            from_s,
            why: format!(
                "{what}: p99 {:.2} ms, limit {:.2} ms, from second {:.1} on",
                p99 * 1e3,
                limit_s * 1e3,
                from_s.unwrap_or(0.0)
            ),
            change: "lower the load, or give the client more or idle cores".into(),
            ..Check::ok(name)
        }
    }

    /// The stamp before the first write: how long the request took to leave after it.
    pub(crate) fn send_clock(&self, limit_s: f64) -> Check {
        self.widths("send_clock", limit_s, |r| &r.sending, "requests took long to leave us")
    }

    /// What the uncertain ends of answers leave open of their mean gap.
    pub(crate) fn pace(&self, limit_s: f64) -> Check {
        self.widths("receive_clock", limit_s, |r| &r.pace, ENDS)
    }

    /// What is not known of the ends of answers.
    pub(crate) fn end(&self, limit_s: f64) -> Check {
        self.widths("receive_clock", limit_s, |r| &r.end, ENDS)
    }

    /// What is not known of the arrival of first content.
    pub(crate) fn first(&self, limit_s: f64) -> Check {
        if !self.by_kernel() {
            return self.unmeasured();
        }
        let found = self.widths("receive_clock", limit_s, |r| &r.first, FIRST);
        if found.state != CheckState::Over {
            return found;
        }
        Check { change: SHARED_READ.into(), ..found }
    }

    /// The pair of quantiles that gaps lie between, where it is widest.
    pub(crate) fn gaps(&self, limit_s: f64) -> Check {
        let Some((low, high)) = gaps::widest(self.slice) else {
            return self.unmeasured();
        };
        let (n, p99_s) = (self.sum(|r| r.events), Some(high - low));
        if high - low <= limit_s {
            return if self.by_kernel() {
                Check { p99_s, n, ..Check::ok("receive_clock") }
            } else {
                self.unmeasured()
            };
        }
        Check {
            state: CheckState::Over,
            p99_s,
            n,
            why: uncertain_gaps(low, high, limit_s),
            change: SHARED_READ.into(),
            ..Check::ok("receive_clock")
        }
    }

    fn unmeasured(&self) -> Check {
        let why = "clock error not measured: no kernel stamps".to_owned();
        Check { state: CheckState::NotMeasured, why, ..Check::ok("receive_clock") }
    }

    /// Whether so much waited unread that the server may have been held back.
    pub(crate) fn back_pressure(&self) -> Check {
        let (pressed, records) = (self.sum(|r| r.pressed), self.sum(|r| r.first.count()));
        if records == 0 || (pressed as f64) <= PRESSED * records as f64 {
            return Check { n: pressed, ..Check::ok("back_pressure") };
        }
        let from = self.all.iter().filter_map(|(r, start)| Some(r.pressed_from? - start)).min();
        Check {
            state: CheckState::Over,
            n: pressed,
            from_s: from.map(|ns| ns as f64 / 1e9),
            why: format!("{pressed} of {records} answers waited unread: we may have held the server back"),
            change: "lower the load, or give the client more or idle cores".into(),
            ..Check::ok("back_pressure")
        }
    }
}
