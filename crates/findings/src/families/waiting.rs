//! Waiting times: from sending, and from when the schedule wanted it.

use crate::cells::{Cells, seconds};
use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Seen, Unit, WhenFailed};
use crate::view::{Asked, Rare};
use acidtest_record::{Cause, OutcomeClass, Stat};

pub(crate) const LATENCY_STATS: &[Stat] =
    &[Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::Mean, Stat::Max];
const BATCHES: &str = "batches in send order (20 of them, the run long enough for its autocorrelation and skewness); too few effective batches or too few values beyond the quantile: none; a maximum has none";
const FAILED: &str = "printed values are of completed attempts with the number of all requests beside; in gates a request that failed or was never sent counts as +inf unless the gate says 'completed'";

/// What most waiting times share.
const WAITING: Metric = Metric {
    id: "",
    title: "",
    family: Family::Speed,
    unit: Unit::Seconds,
    better: Better::Lower,
    range: None,
    stats: LATENCY_STATS,
    param: None,
    needs: "streamed answers",
    formula: "",
    edges: FAILED,
    interval: BATCHES,
    source: "acidtest, monotonic clock of the sending process",
    guard: Guard::Waiting,
    measure: Measure::Sample(|_, _| Seen::Absent, WhenFailed::Infinite),
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "ttft",
        title: "Time to first token: first content of any kind",
        formula: "first content event (visible text, reasoning or tool-call text; an empty role chunk is not content) - sent",
        measure: Measure::Sample(|a, row| streamed(a.view.row(row), |c| c.first()), WhenFailed::Infinite),
        ..WAITING
    },
    Metric {
        id: "ttft_visible",
        title: "Time to first visible text",
        formula: "first event with visible text - sent",
        measure: Measure::Sample(
            |a, row| optional(a.view.row(row), a.view.row(row).first_visible()),
            WhenFailed::Infinite,
        ),
        ..WAITING
    },
    Metric {
        id: "ttft_tool",
        title: "Time to first tool-call text",
        needs: "streamed tool calls",
        formula: "first event with tool-call text - sent",
        measure: Measure::Sample(
            |a, row| optional(a.view.row(row), a.rare(row, Rare::FirstTool)),
            WhenFailed::Skipped,
        ),
        ..WAITING
    },
    Metric {
        id: "ttft_from_intended",
        title: "What a user waits for the first token when arrivals do not wait for us",
        formula: "first content of the last attempt - intended time of the request",
        measure: Measure::Sample(|a, row| from_intended(a, row, |c| c.first()), WhenFailed::Infinite),
        ..WAITING
    },
    Metric {
        id: "e2e",
        title: "Time to the whole answer",
        needs: "delivered answers",
        formula: "last event with content or finish reason - sent",
        measure: Measure::Sample(
            |a, row| {
                let c = a.view.row(row);
                optional(c, c.last_event())
            },
            WhenFailed::Infinite,
        ),
        ..WAITING
    },
    Metric {
        id: "e2e_from_intended",
        title: "What a user waits for the whole answer when arrivals do not wait for us",
        needs: "delivered answers",
        formula: "last event of the last attempt - intended time of the request",
        measure: Measure::Sample(|a, row| from_intended(a, row, |c| c.last_event()), WhenFailed::Infinite),
        ..WAITING
    },
    Metric {
        id: "ttfb",
        title: "Time to first response byte",
        needs: "delivered answers",
        formula: "first byte of the response head - sent",
        measure: Measure::Sample(
            |a, row| {
                let c = a.view.row(row);
                optional(c, c.first_byte())
            },
            WhenFailed::Infinite,
        ),
        ..WAITING
    },
    Metric {
        id: "connect",
        title: "TCP connect",
        needs: "new connections",
        formula: "end - start of connect, name resolution excluded",
        edges: "absent where a connection was reused",
        measure: Measure::Sample(|a, row| rare(a, row, Rare::Connect), WhenFailed::Skipped),
        ..WAITING
    },
    Metric {
        id: "tls",
        title: "TLS handshake",
        needs: "new connections over TLS",
        formula: "end - start of the handshake",
        edges: "absent where a connection was reused",
        measure: Measure::Sample(|a, row| rare(a, row, Rare::Tls), WhenFailed::Skipped),
        ..WAITING
    },
    Metric {
        id: "queue_wait",
        title: "Wait for a pooled connection",
        needs: "attempts that were sent",
        formula: "end - start of the wait",
        edges: "absent where none was recorded",
        measure: Measure::Sample(|a, row| rare(a, row, Rare::QueueWait), WhenFailed::Skipped),
        ..WAITING
    },
    Metric {
        id: "dispatch_lag",
        title: "Our own lateness in sending",
        needs: "attempts that were sent",
        formula: "started - intended, of first attempts",
        edges: "requests never sent have none",
        guard: Guard::Nothing,
        measure: Measure::Sample(|a, row| value(dispatch_lag(a.view.row(row))), WhenFailed::Skipped),
        ..WAITING
    },
    Metric {
        id: "time_to_failure",
        title: "How long failed attempts took to fail",
        better: Better::Neither,
        needs: "failed attempts",
        formula: "end of the attempt - its start",
        edges: "no failed attempt: absent",
        measure: Measure::Sample(
            |a, row| match a.view.row(row) {
                c if matches!(c.class, OutcomeClass::Failed(cause) if cause != Cause::ClientCancel) => {
                    value(seconds(c.started(), c.ended()))
                }
                _ => Seen::Absent,
            },
            WhenFailed::Skipped,
        ),
        ..WAITING
    },
];

/// How late a request was sent.
pub(crate) fn dispatch_lag(c: &Cells) -> Option<f64> {
    seconds(Some(c.intended()), c.started().filter(|_| c.attempt == 0))
}

pub(crate) fn value(seconds: Option<f64>) -> Seen {
    seconds.map_or(Seen::Absent, Seen::Value)
}

/// A moment that a streamed answer must have; without it the wait never ended.
fn streamed(c: &Cells, moment: fn(&Cells) -> Option<i64>) -> Seen {
    // A client that leaves on purpose has seen what came before; what did not is nobody's fault.
    if c.class == OutcomeClass::Failed(Cause::ClientCancel) && c.stream {
        return value(seconds(c.sent(), moment(c)));
    }
    if !c.class.delivered() || !c.stream {
        return Seen::Absent;
    }
    seconds(c.sent(), moment(c)).map_or(Seen::Never, Seen::Value)
}

/// A moment that a delivered answer may lack.
fn optional(c: &Cells, moment: Option<i64>) -> Seen {
    if !c.class.delivered() {
        return Seen::Absent;
    }
    value(seconds(c.sent(), moment))
}

fn rare(a: &Asked, row: usize, which: Rare) -> Seen {
    value(a.rare(row, which).map(|ns| ns as f64 / 1e9))
}

/// From the request's intended time to a moment of its last attempt, on one clock.
fn from_intended(a: &Asked, row: usize, moment: fn(&Cells) -> Option<i64>) -> Seen {
    let (first, last) = (&a.attempts()[0], a.last());
    let is_last = row + 1 == a.range().end;
    if !is_last || !last.class.delivered() || first.clock != last.clock || first.attempt != 0 {
        return Seen::Absent;
    }
    value(seconds(Some(first.intended()), moment(last)))
}
