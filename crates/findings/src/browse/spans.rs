//! The waterfall of an attempt: stretches between its moments, derived from its timing.
//!
//! Main functions: [`spans`], [`marks`]. A stretch of which one end was not seen is left out.

use super::attempt::{MarkView, SpanView};
use acidtest_record::{MarkName, Ns, Timing};

/// Seconds from the intended send.
pub(super) fn since(timing: &Timing, at: Ns) -> f64 {
    Ns(at.0.saturating_sub(timing.intended.0)).secs()
}

/// Stretches, in the order in which they begin:
/// `dispatch` (the schedule wanted it → it began), `session`, `queue` (for a connection), `dns`,
/// `connect`, `tls`, `send` (first to last byte of the request), `wait` (request written → first
/// content, or the head where no content came), `job` (an asynchronous job accepted → done),
/// `answer` (first → last content), `rest` (last content → last byte).
pub(super) fn spans(timing: &Timing) -> Vec<SpanView> {
    use MarkName::{
        ConnectEnd, ConnectStart, DnsEnd, DnsStart, Head, JobAccepted, JobDone, QueueEnd, QueueStart,
        SessionEnd, SessionStart, TlsEnd, TlsStart,
    };
    let mark = |name| timing.mark(name);
    let first = timing.content_arrivals().next();
    let last = timing.content_arrivals().last();
    let asked = timing.sent_end.or(timing.sent);
    let answered = first.or_else(|| mark(Head)).or(timing.body_end);
    let ends = [
        ("dispatch", Some(timing.intended), timing.started),
        ("session", mark(SessionStart), mark(SessionEnd)),
        ("queue", mark(QueueStart), mark(QueueEnd)),
        ("dns", mark(DnsStart), mark(DnsEnd)),
        ("connect", mark(ConnectStart), mark(ConnectEnd)),
        ("tls", mark(TlsStart), mark(TlsEnd)),
        ("send", timing.sent, timing.sent_end),
        ("wait", asked, answered),
        ("job", mark(JobAccepted), mark(JobDone)),
        ("answer", first, last),
        ("rest", last.or(answered), timing.body_end),
    ];
    let span = |(name, from, to): (&str, Option<Ns>, Option<Ns>)| {
        let (from, to) = (from?, to?);
        let span = SpanView { name: name.to_owned(), from_s: since(timing, from), to_s: since(timing, to) };
        (to > from).then_some(span)
    };
    let mut found: Vec<SpanView> = ends.into_iter().filter_map(span).collect();
    found.sort_by(|a, b| a.from_s.total_cmp(&b.from_s));
    found
}

/// Single moments, in their order.
pub(super) fn marks(timing: &Timing) -> Vec<MarkView> {
    let first_of = |kind| timing.event_bounds().find(|(e, _)| e.kind == kind).map(|(_, a)| a.latest);
    use acidtest_record::EventKind::{Reasoning, Tool, Visible};
    let moments = [
        ("started", timing.started),
        ("sent", timing.sent),
        ("sent_end", timing.sent_end),
        ("head", timing.mark(MarkName::Head)),
        ("first_byte", timing.read_arrival(0)),
        ("first_token", timing.content_arrivals().next()),
        ("first_reasoning", first_of(Reasoning)),
        ("first_visible", first_of(Visible)),
        ("first_tool", first_of(Tool)),
        ("job_accepted", timing.mark(MarkName::JobAccepted)),
        ("job_running", timing.mark(MarkName::JobRunning)),
        ("job_done", timing.mark(MarkName::JobDone)),
        ("session_expired", timing.mark(MarkName::SessionExpired)),
        ("last_token", timing.content_arrivals().last()),
        ("body_end", timing.body_end),
        ("ended", timing.ended),
    ];
    let mark = |(name, at): (&str, Option<Ns>)| {
        at.map(|at| MarkView { name: name.to_owned(), at_s: since(timing, at) })
    };
    let mut found: Vec<MarkView> = moments.into_iter().filter_map(mark).collect();
    found.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    found
}
