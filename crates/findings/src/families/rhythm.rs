//! The rhythm of streamed answers: gaps, time per token, stalls.

use crate::cells::{Cells, seconds};
use crate::estimate::Family;
use crate::families::waiting::{LATENCY_STATS, value};
use crate::metric::{Better, Guard, Measure, Metric, Seen, Unit, WhenFailed};
use crate::streamed::Answered;
use crate::view::{Asked, Rare};
use acidtest_record::Stat;

/// Most tokens per event at which gaps between events are gaps between tokens.
pub(crate) const SINGLE: f64 = 1.05;

const GAP_STATS: &[Stat] = &[Stat::P50, Stat::P90, Stat::P95, Stat::P99, Stat::Max];
const GAP_EDGES: &str = "gaps with an uncertain end (several events in one read) are intervals, never 0: the value is the quantile of the upper ends, value_low that of the lower ends; records with fewer than two content events have none; of completed attempts";
const POOLED: &str = "batches of records in send order (20 of them; gaps of one record, and records in flight together, are not independent)";
const BATCHES: &str = "batches in send order (20 of them, the run long enough for its autocorrelation)";

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "icl",
        title: "Inter-chunk latency: every gap between consecutive content events, pooled",
        family: Family::Speed,
        unit: Unit::Seconds,
        better: Better::Lower,
        range: None,
        stats: GAP_STATS,
        param: None,
        needs: "streamed answers, arrivals of their events",
        formula: "differences of the arrivals of consecutive content events of a record, pooled over records",
        edges: GAP_EDGES,
        interval: POOLED,
        source: "acidtest; vLLM's 'ITL'",
        guard: Guard::Rhythm,
        measure: Measure::Gaps(None),
    },
    Metric {
        id: "itl",
        title: "Inter-token latency: icl where an event is a token",
        family: Family::Speed,
        unit: Unit::Seconds,
        better: Better::Lower,
        range: None,
        stats: GAP_STATS,
        param: None,
        needs: "streamed answers, arrivals of their events, server-reported output tokens",
        formula: "as icl, only when output tokens per content event are at most 1.05",
        edges: "more tokens per event, or an unknown number: absent",
        interval: POOLED,
        source: "acidtest",
        guard: Guard::Rhythm,
        measure: Measure::Gaps(Some(SINGLE)),
    },
    Metric {
        id: "tokens_per_event",
        title: "Output tokens in a content event",
        family: Family::Speed,
        unit: Unit::TokensPerEvent,
        better: Better::Neither,
        range: None,
        stats: &[Stat::Mean],
        param: None,
        needs: "streamed answers, server-reported output tokens",
        formula: "sum of streamed output tokens / sum of content events",
        edges: "reasoning tokens that were not streamed are subtracted; a record with a summary of its reasoning is left out; no content event: absent",
        interval: "t on C-1 degrees of freedom of the ratio over units of sampling",
        source: "acidtest",
        guard: Guard::Nothing,
        measure: Measure::Ratio(tokens_and_events),
    },
    Metric {
        id: "tpot",
        title: "Time per output token after the first event",
        family: Family::Speed,
        unit: Unit::Seconds,
        better: Better::Lower,
        range: None,
        stats: LATENCY_STATS,
        param: None,
        needs: "streamed answers, server-reported output tokens, of hidden or summarised reasoning too",
        formula: "(last - first content) / (output tokens - tokens in the first event), per record; tokens in the first event as the server says, else 1",
        edges: "no token after the first event: absent, never 0; reasoning tokens that were not streamed are subtracted, absent where their number is not known; a summary of reasoning (openai_responses, anthropic) is not the reasoning: time then runs from the first event of the answer",
        interval: BATCHES,
        source: "acidtest",
        guard: Guard::Rhythm,
        measure: Measure::Sample(|a, row| value(tpot(a, row)), WhenFailed::Infinite),
    },
    Metric {
        id: "max_stall",
        title: "Largest gap of a record",
        family: Family::Speed,
        unit: Unit::Seconds,
        better: Better::Lower,
        range: None,
        stats: LATENCY_STATS,
        param: None,
        needs: "streamed answers with at least two content events",
        formula: "largest difference of consecutive content arrivals, per record",
        edges: "fewer than two events: absent; in gates a failed request counts as +inf",
        interval: BATCHES,
        source: "acidtest",
        guard: Guard::Rhythm,
        measure: Measure::Sample(|a, row| stall(a.view.row(row)), WhenFailed::Infinite),
    },
    Metric {
        id: "tokens_per_s_user",
        title: "Speed that one user reads at",
        family: Family::Speed,
        unit: Unit::TokensPerSecond,
        better: Better::Higher,
        range: None,
        stats: LATENCY_STATS,
        param: None,
        needs: "streamed answers, server-reported output tokens, of hidden or summarised reasoning too",
        formula: "1 / tpot, per record",
        edges: "absent where tpot is; in gates a failed request counts as 0",
        interval: BATCHES,
        source: "acidtest",
        guard: Guard::Rhythm,
        measure: Measure::Sample(
            |a, row| value(tpot(a, row).filter(|t| *t > 0.0).map(|t| 1.0 / t)),
            WhenFailed::Zero,
        ),
    },
    Metric {
        id: "tokens_per_s_request",
        title: "Output tokens over the whole request's time",
        family: Family::Speed,
        unit: Unit::TokensPerSecond,
        better: Better::Higher,
        range: None,
        stats: LATENCY_STATS,
        param: None,
        needs: "delivered answers, server-reported output tokens",
        formula: "output tokens / e2e, per record",
        edges: "no usage: absent; in gates a failed request counts as 0",
        interval: BATCHES,
        source: "acidtest",
        guard: Guard::Waiting,
        measure: Measure::Sample(|a, row| value(request_speed(a, row)), WhenFailed::Zero),
    },
];

/// The output tokens that came as events of the attempt at that row.
fn answered(a: &Asked, row: usize) -> Answered {
    let c = a.view.row(row);
    let tool = a.rare(row, Rare::FirstTool);
    Answered {
        is_summary: a.view.target(c.target).is_some_and(|t| t.kind.summarises()),
        has_reasoning: c.reasoning_seen,
        output: c.output(),
        reasoning: c.reasoning(),
        first_tokens: c.first_tokens(),
        first: c.first(),
        first_answer: c.first_visible().into_iter().chain(tool).min(),
    }
}

fn tokens_and_events(a: &Asked) -> Option<(f64, f64)> {
    let c = a.last();
    if !c.class.delivered() || !c.stream || c.pieces == 0 {
        return None;
    }
    let streamed = answered(a, a.range().end - 1).streamed().filter(|s| s.is_all)?;
    Some((f64::from(streamed.tokens), f64::from(c.pieces)))
}

/// Time per output token in seconds.
pub(crate) fn tpot(a: &Asked, row: usize) -> Option<f64> {
    let c = a.view.row(row);
    if !c.class.delivered() {
        return None;
    }
    answered(a, row).tpot(c.last()?)
}

fn stall(c: &Cells) -> Seen {
    if !c.class.delivered() {
        return Seen::Absent;
    }
    value(c.max_gap().map(|ns| ns as f64 / 1e9))
}

fn request_speed(a: &Asked, row: usize) -> Option<f64> {
    let c = a.view.row(row);
    let e2e = seconds(c.sent(), c.last_event())?;
    (c.class.delivered() && e2e > 0.0).then_some(())?;
    Some(f64::from(c.output()?) / e2e)
}
