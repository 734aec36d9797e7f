//! Whether one request kept an objective.
//!
//! Main functions: [`kept`], [`kept_all`], [`took_s`]. Waits are from when the request was wanted. A request
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

/// Whether a request was taken away by a stop, came from the cache, or failed for want of a file or
/// port of this machine: it says nothing about the server.
fn is_outside(a: &Asked) -> bool {
    let taken = matches!(
        a.last().class,
        OutcomeClass::Failed(Cause::Cancelled | Cause::Local)
            | OutcomeClass::NotSent(
                NotSent::Stopped | NotSent::CostCap | NotSent::TimeUp | NotSent::NotRecorded
            )
    );
    taken || a.view.is_cached(a.last())
}

/// Whether a request kept a term, with so much time forgiven for our own lateness.
pub(crate) fn kept(a: &Asked, term: &SloTerm, forgiven_s: f64) -> Kept {
    let limit_s = term.limit_s + forgiven_s;
    let within =
        |s: f64| if s < limit_s || (term.or_equal && s == limit_s) { Kept::Met } else { Kept::Missed };
    match (term.what, time(a, term)) {
        _ if is_outside(a) => Kept::Outside,
        // Who left on purpose may have had the first content; the rest nobody waited for.
        (SloWhat::ErrorRate, _) if left(a) => Kept::Outside,
        (SloWhat::Ttft | SloWhat::TtftVisible, Time::Took(s)) if left(a) => within(s),
        _ if left(a) => Kept::Skipped,
        _ if !a.last().class.delivered() => Kept::Missed,
        (SloWhat::ErrorRate, _) => Kept::Met,
        (_, Time::Took(s)) => within(s),
        (_, Time::Never) => Kept::Missed,
        (_, Time::None) => Kept::Skipped,
    }
}

/// Whether the client gave a request up on purpose.
fn left(a: &Asked) -> bool {
    a.last().class == OutcomeClass::Failed(Cause::ClientCancel)
}

/// Seconds that a term looks at: without end where the request was not served, or for ever waits.
pub(crate) fn took_s(a: &Asked, term: &SloTerm) -> f64 {
    match time(a, term) {
        Time::Took(s) if a.last().class.delivered() => s,
        _ => f64::INFINITY,
    }
}

/// The time of a delivered answer that a term is about.
fn time(a: &Asked, term: &SloTerm) -> Time {
    let last = a.last();
    match term.what {
        SloWhat::ErrorRate => Time::Took(0.0),
        SloWhat::Ttft => streamed(a, Cells::first),
        SloWhat::TtftVisible => streamed(a, Cells::first_visible),
        SloWhat::E2e => wait(a, Cells::last_event),
        SloWhat::Tpot => tpot(a, a.range().end - 1).map_or(Time::None, Time::Took),
        SloWhat::MaxStall => last.max_gap().map_or(Time::None, |ns| Time::Took(ns as f64 / 1e9)),
    }
}

/// Whether a request kept every term that speaks about it.
pub(crate) fn kept_all(a: &Asked, slo: &Slo) -> Kept {
    if is_outside(a) {
        return Kept::Outside;
    }
    let all: Vec<Kept> = slo.terms.iter().map(|term| kept(a, term, 0.0)).collect();
    let has = |wanted: Kept| all.contains(&wanted);
    match (has(Kept::Missed), has(Kept::Met)) {
        (true, _) => Kept::Missed,
        (false, true) => Kept::Met,
        // No term speaks about it: nothing was kept.
        (false, false) => Kept::Skipped,
    }
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
