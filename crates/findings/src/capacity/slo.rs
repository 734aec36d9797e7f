//! Whether one request kept an objective.
//!
//! Main functions: [`kept`], [`kept_all`]. Waits are from when the request was wanted. A request
//! that failed or was never sent missed; a value that an answer cannot have is skipped.

use crate::cells::{Cells, seconds};
use crate::families::rhythm::tpot;
use crate::families::waiting::dispatch_lag;
use crate::view::Asked;
use acidtest_record::{Cause, NotSent, OutcomeClass, Slo, SloTerm, SloWhat};

/// What a request says about one term.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It kept the limit.
    Met,
    /// It did not, or it was not served.
    Missed,
    /// Its answer has no such value.
    Skipped,
    /// It was taken away by a stop, or never asked: it was not to be served.
    Outside,
}

/// Whether a request was taken away by a stop, or came from the cache.
fn is_outside(a: &Asked) -> bool {
    let taken = matches!(
        a.last().class,
        OutcomeClass::Failed(Cause::Cancelled)
            | OutcomeClass::NotSent(
                NotSent::Stopped | NotSent::CostCap | NotSent::TimeUp | NotSent::NotRecorded
            )
    );
    taken || a.view.is_cached(a.last())
}

/// Whether a request kept a term, with so much time forgiven for our own lateness.
pub(crate) fn kept(a: &Asked, term: &SloTerm, forgiven_s: f64) -> Kept {
    if is_outside(a) {
        return Kept::Outside;
    }
    let last = a.last();
    if !last.class.delivered() {
        return Kept::Missed;
    }
    let found = match term.what {
        SloWhat::ErrorRate => return Kept::Met,
        SloWhat::Ttft => streamed(a, Cells::first),
        SloWhat::TtftVisible => streamed(a, Cells::first_visible),
        SloWhat::E2e => wait(a, Cells::last_event),
        SloWhat::Tpot => tpot(a, a.range().end - 1).map_or(Time::None, Time::Took),
        SloWhat::MaxStall => last.max_gap().map_or(Time::None, |ns| Time::Took(ns as f64 / 1e9)),
    };
    let limit_s = term.limit_s + forgiven_s;
    match found {
        Time::Took(s) if s < limit_s || (term.or_equal && s <= limit_s) => Kept::Met,
        Time::Took(_) | Time::Never => Kept::Missed,
        Time::None => Kept::Skipped,
    }
}

/// Whether a request kept every term that speaks about it.
pub(crate) fn kept_all(a: &Asked, slo: &Slo) -> Kept {
    if is_outside(a) {
        return Kept::Outside;
    }
    let missed = slo.terms.iter().any(|term| kept(a, term, 0.0) == Kept::Missed);
    if missed || !a.last().class.delivered() { Kept::Missed } else { Kept::Met }
}

/// How much of a request's wait may have been ours: its late send, and `error_s` beside.
pub(crate) fn own_lateness(a: &Asked, error_s: f64) -> f64 {
    dispatch_lag(&a.attempts()[0]).unwrap_or(0.0).max(0.0) + error_s
}

/// A time of a delivered answer.
enum Time {
    /// Seconds.
    Took(f64),
    /// It should be there and never came.
    Never,
    /// Such an answer has none.
    None,
}

/// From when a request was wanted to a moment of its last attempt, on one clock.
fn wait(a: &Asked, moment: fn(&Cells) -> Option<i64>) -> Time {
    let (first, last) = (&a.attempts()[0], a.last());
    if first.clock != last.clock || first.attempt != 0 {
        return Time::None;
    }
    seconds(Some(first.intended()), moment(last)).map_or(Time::None, Time::Took)
}

/// The same of a streamed answer, whose content was due.
fn streamed(a: &Asked, moment: fn(&Cells) -> Option<i64>) -> Time {
    match wait(a, moment) {
        Time::None if a.last().stream && moment(a.last()).is_none() => Time::Never,
        found => found,
    }
}
