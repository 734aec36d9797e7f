//! What broke: transport and protocol errors by attempt, availability by request.

use crate::cells::Cells;
use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Unit};
use crate::view::Asked;
use acidtest_record::{OutcomeClass, Stat};

const EVENTS: &str = "Wilson for isolated errors; exact one-sided bound at 0 and 1; where errors come together in send order, units are time blocks; at least 3 errors in one unbroken row are one incident: no rate interval";

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "error_rate",
        title: "Share of attempts with a transport or protocol error",
        family: Family::Reliability,
        unit: Unit::Ratio,
        better: Better::Lower,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("class"),
        needs: "attempts that were sent",
        formula: "failed attempts / valid attempts; by class with [class=429]: dns connect tls timeout 429 4xx 5xx 529 redirect cut_stream stalled_stream malformed error_event too_large program",
        edges: "attempts that we cancelled (as planned or not) or that found no file or port on our machine, and requests never sent, are not valid attempts; 4xx other than 429 are our own request's fault and a class apart; no valid attempt: absent",
        interval: EVENTS,
        source: "acidtest",
        guard: Guard::Nothing,
        measure: Measure::Event(is_error),
    },
    Metric {
        id: "availability",
        title: "Share of requests that were served in the end",
        family: Family::Reliability,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: "requests that were sent",
        formula: "requests whose last attempt was delivered / requests sent (availability by request)",
        edges: "requests never sent and those we cancelled do not count; no request: absent",
        interval: EVENTS,
        source: "acidtest",
        guard: Guard::Nothing,
        measure: Measure::Event(|a, c, _| {
            let is_last = c.attempt == a.last().attempt;
            is_error(a, c, "").filter(|_| is_last).map(|bad| !bad)
        }),
    },
];

/// Whether an attempt failed (of that class, if one is named); `None` when it is no valid attempt.
fn is_error(a: &Asked, c: &Cells, class: &str) -> Option<bool> {
    match c.class {
        // Nobody was asked: the answer of an earlier run says nothing about this one's server.
        _ if a.view.is_cached(c) => None,
        OutcomeClass::NotSent(_) => None,
        OutcomeClass::Failed(cause) if !cause.counts() => None,
        OutcomeClass::Failed(cause) => Some(class.is_empty() || cause.id() == class),
        _ => Some(false),
    }
}
