//! Work per second, and the load that was held.

use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Rate, Unit};
use acidtest_record::Stat;

const WINDOW: &str = "label window=steady: from the first time at >= 95 % of the asked concurrency (open loop: end of warm-up, and the p95 of how long answers took later) to the last intended send; window=whole: first intended send to the last end; one window per clock, added up";
const BINS: &str =
    "steady window: batches over 120 equal parts of it; whole run: none, it holds ramp-up and tail";

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "requests_per_s",
        title: "Delivered requests per second",
        family: Family::Throughput,
        unit: Unit::RequestsPerSecond,
        better: Better::Higher,
        range: None,
        stats: &[Stat::Rate],
        param: None,
        needs: "delivered answers",
        formula: "delivered attempts that ended in the window / its length; absent where none ended in the steady window",
        edges: WINDOW,
        interval: BINS,
        source: "acidtest",
        guard: Guard::Load,
        measure: Measure::Rate(Rate::Requests),
    },
    Metric {
        id: "tokens_per_s",
        title: "Output tokens per second over all users",
        family: Family::Throughput,
        unit: Unit::TokensPerSecond,
        better: Better::Higher,
        range: None,
        stats: &[Stat::Rate],
        param: None,
        needs: "server-reported output tokens, arrivals of events",
        formula: "output tokens of events that arrived in the window / its length; a record's tokens are spread evenly over its content events unless the server says how many each carries; absent where none arrived in the steady window",
        edges: WINDOW,
        interval: BINS,
        source: "acidtest",
        guard: Guard::Load,
        measure: Measure::Rate(Rate::Tokens),
    },
    Metric {
        id: "concurrency_held",
        title: "Requests in flight, weighted by time",
        family: Family::Throughput,
        unit: Unit::Requests,
        better: Better::Neither,
        range: None,
        stats: &[Stat::Mean],
        param: None,
        needs: "attempts that were sent",
        formula: "sum of the time in flight inside the window / its length",
        edges: WINDOW,
        interval: "none (what was held, not a sample)",
        source: "acidtest",
        guard: Guard::Nothing,
        measure: Measure::Rate(Rate::Held),
    },
];
