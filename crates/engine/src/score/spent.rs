//! Times and cost of a request as scorers. They judge the record, not the text.
//!
//! Main functions: [`latency`], [`cost`].

use super::scorer::{Raw, Subject};
use acidtest_record::{EventKind, Record};

/// Seconds from the send to the first token, and to the end.
fn times(record: &Record) -> (Option<f64>, Option<f64>) {
    let t = &record.timing;
    let Some(sent) = t.sent.or(t.started) else { return (None, None) };
    let since = |at: i64| (at - sent.0) as f64 / 1e9;
    let first = t.events.iter().filter(|e| EventKind::is_content(e.kind)).find_map(|e| t.arrival(e));
    (first.map(|at| since(at.0)), t.body_end.or(t.ended).map(|at| since(at.0)))
}

/// Whether the answer came in time. Waiting in our own client is not in it.
pub(super) fn latency(s: &Subject<'_>, ttft_s: Option<f64>, e2e_s: Option<f64>) -> Raw {
    let Some(record) = s.record else {
        return Raw::Abstained("there is no record to take times from");
    };
    let (ttft, e2e) = times(record);
    let mut late = Vec::new();
    for (name, limit, took) in [("first token", ttft_s, ttft), ("end", e2e_s, e2e)] {
        let Some(limit) = limit else { continue };
        let Some(took) = took else {
            return Raw::Abstained("the time was not observed: the answer was not streamed");
        };
        if took > limit {
            late.push(format!("{name} after {:.0} ms, limit {:.0} ms", took * 1e3, limit * 1e3));
        }
    }
    Raw::Score(f64::from(u8::from(late.is_empty())), (!late.is_empty()).then(|| late.join("; ")))
}

/// Whether the request cost no more than `max`.
pub(super) fn cost(s: &Subject<'_>, max: f64) -> Raw {
    let Some(price) = s.price else { return Raw::Abstained("the target has no price") };
    let said = s.record.and_then(|r| r.said.as_ref());
    let Some(cost) = said.and_then(|said| price.cost(&said.usage)) else {
        return Raw::Abstained("the server did not report its tokens");
    };
    let why = (cost > max).then(|| format!("cost {cost:.6} {}, limit {max}", price.currency));
    Raw::Score(f64::from(u8::from(cost <= max)), why)
}
