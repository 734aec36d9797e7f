//! The speed card of one request: what we measured and what the server says, apart.
//!
//! Main type: [`Card`]. Must not mix the two: a time of ours never fills in for one
//! that the server did not report.

use crate::streamed::Answered;
use acidtest_metrics::speed::{Leg, SpeedCard};
use acidtest_record::{Ns, Record, Row, TargetKind};

/// The speeds of one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Card {
    /// From just before the first byte was written to the last byte of the answer.
    pub round_trip_ns: Option<i64>,
    /// Input: all prompt tokens over the time to first content (where reasoning is only
    /// summarised, of the answer), which holds network, queue, prompt and thinking that was not
    /// streamed. Output: the streamed tokens after the first event over the time from there to the
    /// last content. Streamed answers with token counts only, of hidden reasoning too.
    pub measured: Option<SpeedCard>,
    /// Prompt and output tokens over the times that the server itself reports.
    pub reported: Option<SpeedCard>,
    /// Round trip minus the server's own total: network, queues on the way, and us.
    pub elsewhere_ns: Option<i64>,
    /// Tokens that the server counted.
    pub tokens: (Option<u32>, Option<u32>),
    /// Time to first content of a streamed answer.
    pub ttft_ns: Option<i64>,
}

impl Card {
    /// The card of a record of a target of that kind.
    #[must_use]
    pub fn of(record: &Record, kind: TargetKind) -> Self {
        let row = Row::of(record);
        let since_sent = |at: Option<Ns>| Some((at? - row.sent?).0);
        let round_trip_ns = since_sent(row.body_end.or(row.last_event)).filter(|_| row.class.delivered());
        let reported = reported(&row, round_trip_ns);
        let total = row.server.total.map(|t| t.0);
        Self {
            round_trip_ns,
            measured: measured(&row, kind, round_trip_ns),
            reported,
            elsewhere_ns: round_trip_ns.zip(total).map(|(all, theirs)| all - theirs),
            tokens: (row.input, row.output),
            ttft_ns: since_sent(row.first),
        }
    }
}

fn measured(row: &Row, kind: TargetKind, round_trip_ns: Option<i64>) -> Option<SpeedCard> {
    let ns = |t: Option<Ns>| t.map(|t| t.0);
    let (text, tool) = (ns(row.first_visible), ns(row.first_tool));
    let came = Answered {
        is_summary: kind.summarises(),
        has_reasoning: row.reasoning_seen,
        output: row.output,
        reasoning: row.reasoning,
        first_tokens: row.first_tokens,
        first: ns(row.first),
        first_answer: text.into_iter().chain(tool).min(),
    }
    .streamed()?;
    let after_first = came.tokens.saturating_sub(came.first_tokens);
    let (start, last) = (came.start, row.last?.0);
    Some(SpeedCard {
        round_trip_ns: round_trip_ns?,
        input: Leg { tokens: u64::from(row.input?), ns: start - row.sent?.0 },
        output: Leg { tokens: u64::from(after_first), ns: last - start },
    })
}

fn reported(row: &Row, round_trip_ns: Option<i64>) -> Option<SpeedCard> {
    Some(SpeedCard {
        round_trip_ns: round_trip_ns?,
        input: Leg { tokens: u64::from(row.input?), ns: row.server.prompt?.0 },
        output: Leg { tokens: u64::from(row.server.generated.or(row.output)?), ns: row.server.generation?.0 },
    })
}
