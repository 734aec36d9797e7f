//! Requests that kept the run's objective.

use crate::capacity::{Kept, kept_all};
use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Rate, Unit};
use crate::view::{Asked, CORRECT, Opinion};
use acidtest_record::Stat;

const NEEDS: &str = "an objective: `slo:` of a suite, or `bench --slo`";
const TERMS: &str = "waits of the objective are from the intended time; a request that failed or was never sent misses it; a term whose value an answer cannot have (tpot of one token) is skipped and counted beside; requests taken away by a stop do not count; no objective: absent";
const SHARE: &str = "Wilson with the effective n that the autocorrelation of the waits (intended to last event) leaves; too short a run for it: none";
const WINDOW: &str = "batches over 120 equal parts of the steady window; whole run: none";

/// What rates of good requests share.
const RATE: Metric = Metric {
    id: "",
    title: "",
    family: Family::Throughput,
    unit: Unit::RequestsPerSecond,
    better: Better::Higher,
    range: None,
    stats: &[Stat::Rate],
    param: None,
    needs: NEEDS,
    formula: "",
    edges: TERMS,
    interval: WINDOW,
    source: "acidtest; DistServe (OSDI 2024)",
    guard: Guard::Waiting,
    measure: Measure::Rate(Rate::Good),
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "goodput",
        title: "Requests per second that kept every objective",
        formula: "delivered requests that kept every term of the objective and ended in the window / its length",
        ..RATE
    },
    Metric {
        id: "goodput_share",
        title: "Share of intended requests that kept every objective",
        unit: Unit::Ratio,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        formula: "requests that kept every term of the objective / requests that were to be served",
        interval: SHARE,
        measure: Measure::Event(|a, c, _| is_last(a, c).then(|| good(a)).flatten()),
        ..RATE
    },
    Metric {
        id: "correct_goodput",
        title: "Requests per second that kept every objective and were right",
        needs: "an objective, and answers that are judged",
        formula: "as goodput, of requests whose answers were judged correct",
        measure: Measure::Rate(Rate::CorrectGood),
        ..RATE
    },
    Metric {
        id: "correct_goodput_share",
        title: "Share of intended requests that kept every objective and were right",
        unit: Unit::Ratio,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        needs: "an objective, and answers that are judged",
        formula: "requests that kept every term of the objective and were judged correct / requests that were to be served",
        interval: SHARE,
        measure: Measure::Event(|a, c, _| {
            is_last(a, c).then(|| good(a)).flatten().map(|good| good && is_correct(a))
        }),
        ..RATE
    },
];

fn is_last(a: &Asked, c: &crate::cells::Cells) -> bool {
    c.attempt == a.last().attempt
}

/// Whether a request kept the objective; `None` where there is none, or it was not to be served.
pub(crate) fn good(a: &Asked) -> Option<bool> {
    match kept_all(a, a.view.spec.slo.as_ref()?) {
        Kept::Met => Some(true),
        Kept::Missed => Some(false),
        Kept::Skipped | Kept::Outside => None,
    }
}

/// Whether an answer was judged right.
pub(crate) fn is_correct(a: &Asked) -> bool {
    matches!(a.opinion(CORRECT), Opinion::Value(v) if v > 0.5)
}

/// Why goodput is absent, whatever the requests did.
pub(crate) fn why_absent(metric: &Metric, view: &crate::view::View) -> Option<String> {
    let is_one = METRICS.iter().any(|m| m.id == metric.id);
    if !is_one {
        return None;
    }
    if view.spec.slo.is_none() {
        return Some("no objective was given (slo)".into());
    }
    let is_judged = |a: Asked| good(&a).is_some();
    if view.slices().iter().all(|s| !s.asked().any(is_judged)) {
        return Some("no answer has a value that the objective speaks about".into());
    }
    let judged = metric.id.starts_with("correct") && !view.has_opinion(CORRECT);
    judged.then(|| "answers are not judged".into())
}
