//! One attempt as the page shows it: parts of the answer, moments, arrivals, what the server said.
//!
//! Main type: [`AttemptView`]. Everything in it is text or numbers, and bounded.

use super::budget::Budget;
use super::index::class_words;
use super::spans::{marks, since, spans};
use acidtest_record::{
    Answer, EventKind, Finish, LogprobSide, Ns, Outcome, OutcomeClass, Part, Record, Timing,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Most events of an attempt that are shown.
const MOST_EVENTS: usize = 4000;
/// Most parts of an answer, and headers of a response.
const MOST_PARTS: usize = 200;
const MOST_HEADERS: usize = 100;
/// Numbers of an embedding or a ranking that are shown.
const MOST_NUMBERS: usize = 32;

/// One attempt.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct AttemptView {
    /// Its number, from 0.
    pub attempt: u8,
    /// `complete`, `failed: 429`, `not_sent: cap` …
    pub class: String,
    /// Why the model stopped, as far as it was said.
    pub finish: Option<String>,
    /// What a failure itself said.
    pub detail: Option<String>,
    /// Parts of the answer, in order of first arrival.
    pub parts: Vec<PartView>,
    /// Bytes of text that were left out of `parts`; 0 when whole.
    pub left_out: u64,
    /// Stretches of time, in seconds from the intended send.
    pub spans: Vec<SpanView>,
    /// Single moments, in seconds from the intended send.
    pub marks: Vec<MarkView>,
    /// Arrivals of events: the first 4000.
    pub events: Vec<EventView>,
    /// How many there are.
    pub events_in_all: u64,
    /// What the server says of itself.
    pub said: BTreeMap<String, String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Headers of the response that were kept.
    pub headers: Vec<(String, String)>,
    /// Where it ran.
    pub place: BTreeMap<String, String>,
    /// The record whose answer this is, where it was copied from an earlier run.
    pub copied_from: Option<String>,
    /// Bytes of the raw request, where they are stored.
    pub request_bytes: Option<u64>,
    /// Bytes of the raw response, where they are stored.
    pub response_bytes: Option<u64>,
}

/// A part of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PartView {
    /// `text`, `reasoning`, `tool_call`, `media` or `other`.
    pub kind: PartKind,
    /// The tool, the media type, or what else it is.
    pub name: Option<String>,
    /// The text; arguments of a tool call as they were sent.
    pub text: String,
}

/// Kinds of parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartKind {
    /// What the user sees.
    Text,
    /// Reasoning.
    Reasoning,
    /// A tool call.
    ToolCall,
    /// Bytes of a medium, named by their digest.
    Media,
    /// Numbers and the like, in words.
    Other,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct SpanView {
    /// `dispatch`, `session`, `queue`, `dns`, `connect`, `tls`, `send`, `wait`, `job`, `answer`, `rest`.
    pub name: String,
    /// Where it begins.
    pub from_s: f64,
    /// Where it ends.
    pub to_s: f64,
}

/// A moment.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct MarkView {
    /// `sent`, `head`, `first_token` …
    pub name: String,
    /// When.
    pub at_s: f64,
}

/// The arrival of an event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct EventView {
    /// What it carried: `visible`, `reasoning`, `tool`, `finish` …
    pub kind: EventWord,
    /// At the latest then.
    pub at_s: f64,
    /// At the earliest then; null where the arrival is exactly known.
    pub low_s: Option<f64>,
    /// Output tokens in it, where the server says so.
    pub tokens: Option<u32>,
}

/// Words of kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the words of acidtest_record::EventKind, which documents them")]
pub enum EventWord {
    Error,
    Visible,
    Tool,
    Reasoning,
    Finish,
    Usage,
    Role,
    Done,
    Comment,
    Other,
}

impl From<EventKind> for EventWord {
    fn from(kind: EventKind) -> Self {
        match kind {
            EventKind::Error => Self::Error,
            EventKind::Visible => Self::Visible,
            EventKind::Tool => Self::Tool,
            EventKind::Reasoning => Self::Reasoning,
            EventKind::Finish => Self::Finish,
            EventKind::Usage => Self::Usage,
            EventKind::Role => Self::Role,
            EventKind::Done => Self::Done,
            EventKind::Comment => Self::Comment,
            EventKind::Other => Self::Other,
        }
    }
}

/// An attempt with the sizes of its raw bytes.
pub(super) fn attempt(
    r: &Record,
    (request_bytes, response_bytes): (Option<u64>, Option<u64>),
    budget: &mut Budget,
) -> AttemptView {
    let (finish, detail, status) = ended(&r.outcome);
    let (parts, left_out) = parts(&r.answer, budget);
    let headers = r.head.iter().flat_map(|h| &h.headers).take(MOST_HEADERS);
    AttemptView {
        attempt: r.key.attempt,
        class: class_words(OutcomeClass::of_record(r)),
        finish,
        detail: detail.map(|d| budget.cut(d).0),
        parts,
        left_out,
        spans: spans(&r.timing),
        marks: marks(&r.timing),
        events: events(&r.timing),
        events_in_all: r.timing.events.len() as u64,
        said: said(r, budget),
        status: r.head.as_ref().map(|h| h.status).or(status),
        headers: headers.map(|(name, value)| (budget.cut(name).0, budget.cut(value).0)).collect(),
        place: place(r),
        copied_from: r.copied_from.map(|k| format!("{}/{}.{}.{}", k.run, k.slot, k.step, k.attempt)),
        request_bytes,
        response_bytes,
    }
}

fn ended(outcome: &Outcome) -> (Option<String>, Option<&str>, Option<u16>) {
    match outcome {
        Outcome::Completed { finish } => {
            let word = match finish {
                Finish::Stop => "stop",
                Finish::Length => "length",
                Finish::Filter => "filter",
                Finish::ToolCalls => "tool_calls",
                Finish::Other(word) => word,
                Finish::Unsaid => return (None, None, None),
            };
            (Some(word.chars().take(200).collect()), None, None)
        }
        Outcome::Failed { detail, status, .. } => {
            (None, Some(detail.as_str()).filter(|d| !d.is_empty()), *status)
        }
        Outcome::NotSent { .. } => (None, None, None),
    }
}

fn parts(answer: &Answer, budget: &mut Budget) -> (Vec<PartView>, u64) {
    let mut left_out = 0;
    let mut shown = Vec::new();
    for (i, part) in answer.parts.iter().enumerate() {
        if i >= MOST_PARTS {
            left_out += text_len(part) as u64;
            continue;
        }
        shown.push(one_part(part, budget, &mut left_out));
    }
    (shown, left_out)
}

fn text_len(part: &Part) -> usize {
    match part {
        Part::Text(t) | Part::Reasoning(t) | Part::Refusal(t) => t.len(),
        Part::ToolCall { name, arguments, .. } => name.len() + arguments.len(),
        Part::Logprobs { .. } | Part::Scores(_) | Part::Blob { .. } => 0,
    }
}

fn one_part(part: &Part, budget: &mut Budget, left_out: &mut u64) -> PartView {
    let mut view = |kind, name: Option<&str>, text: &str| {
        let name = name.map(|n| budget.take(n, left_out));
        PartView { kind, name, text: budget.take(text, left_out) }
    };
    match part {
        Part::Text(t) => view(PartKind::Text, None, t),
        Part::Refusal(t) => view(PartKind::Text, Some("refusal"), t),
        Part::Reasoning(t) => view(PartKind::Reasoning, None, t),
        Part::ToolCall { name, arguments, .. } => view(PartKind::ToolCall, Some(name), arguments),
        Part::Blob { media, hash } => view(PartKind::Media, Some(media), &hash.to_string()),
        Part::Logprobs { side, tokens } => {
            let side = if *side == LogprobSide::Prompt { "prompt" } else { "completion" };
            view(
                PartKind::Other,
                Some(&format!("logprobs of the {side}")),
                &format!("{} tokens", tokens.len()),
            )
        }
        Part::Scores(all) => {
            let some: Vec<String> = all.iter().take(MOST_NUMBERS).map(f64::to_string).collect();
            let more = if all.len() > MOST_NUMBERS { ", …" } else { "" };
            view(PartKind::Other, Some("numbers"), &format!("{}: {}{more}", all.len(), some.join(", ")))
        }
    }
}

fn events(timing: &Timing) -> Vec<EventView> {
    // Nothing of an answer came before the request began.
    let floor = timing.sent.or(timing.started).unwrap_or(timing.intended);
    let view = |(e, arrival): (&acidtest_record::Event, acidtest_record::Arrival)| EventView {
        kind: e.kind.into(),
        at_s: since(timing, arrival.latest),
        low_s: (arrival.width() > Ns(0))
            .then(|| since(timing, arrival.earliest.max(floor).min(arrival.latest))),
        tokens: e.tokens,
    };
    timing.event_bounds().take(MOST_EVENTS).map(view).collect()
}

fn said(r: &Record, budget: &mut Budget) -> BTreeMap<String, String> {
    let Some(said) = &r.said else { return BTreeMap::new() };
    let usage = said.usage;
    let texts = [("model", &said.model), ("fingerprint", &said.fingerprint), ("id", &said.id)];
    let counts = [
        ("input_tokens", usage.input),
        ("output_tokens", usage.output),
        ("cached_tokens", usage.cached),
        ("reasoning_tokens", usage.reasoning),
    ];
    let mut all = BTreeMap::new();
    for (name, text) in texts {
        all.extend(text.as_deref().map(|t| (name.to_owned(), budget.cut(t).0)));
    }
    all.extend(counts.into_iter().filter_map(|(name, n)| Some((name.to_owned(), n?.to_string()))));
    for (name, seconds) in said.timings.iter().take(MOST_HEADERS) {
        all.insert(format!("{} (s)", budget.cut(name).0), seconds.to_string());
    }
    all
}

fn place(r: &Record) -> BTreeMap<String, String> {
    let p = r.place;
    let all = [
        ("worker", p.worker.to_string()),
        ("shard", p.shard.to_string()),
        ("connection", p.connection.to_string()),
        ("reused", p.reused.to_string()),
        ("address", p.address.to_string()),
        ("clock", r.timing.clock.to_string()),
    ];
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
