//! A time of one attempt that has just ended, for rules that look while a run goes on.
//!
//! Main function: [`so_far`]. The same rules as the metrics of those names, so that what a rule
//! looked at is what the report shows. Must not look at other attempts.

use crate::streamed::Answered;
use acidtest_record::{Ns, Row, StopMetric};

/// The metric of an attempt in seconds; absent where it has none. `summarises` says whether the
/// target shows a summary of its reasoning in place of it.
#[must_use]
pub fn so_far(metric: StopMetric, row: &Row, summarises: bool) -> Option<f64> {
    if !row.class.delivered() {
        return None;
    }
    let since = |from: Option<Ns>, to: Option<Ns>| Some((to? - from?).0 as f64 / 1e9);
    match metric {
        StopMetric::Ttft if row.stream => since(row.sent, row.first),
        StopMetric::Ttft => None,
        StopMetric::E2e => since(row.sent, row.last_event),
        StopMetric::Tpot => {
            let ns = |at: Option<Ns>| at.map(|at| at.0);
            let answered = Answered {
                is_summary: summarises,
                has_reasoning: row.reasoning_seen,
                output: row.output,
                reasoning: row.reasoning,
                first_tokens: row.first_tokens,
                first: ns(row.first),
                first_answer: ns(row.first_visible).into_iter().chain(ns(row.first_tool)).min(),
            };
            answered.tpot(ns(row.last)?)
        }
    }
}
