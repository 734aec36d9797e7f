//! The scalars of a record.
//!
//! Main type: [`Row`]: what tables, percentiles and gates need of a record
//! without its texts and events. Derived by [`Row::of`]; a store keeps it as
//! columns and can always build it again. Must not hold anything that is not
//! derived from the record.

use crate::answer::{LogprobSide, Part};
use crate::ids::{Digest, Key, Ns};
use crate::outcome::{Cause, Finish, NotSent, Outcome};
use crate::record::{Kind, Record, Role};
use crate::server_time::ServerTimes;
use crate::thinking::without_thinking;
use crate::timing::{EventKind, MarkName};

/// How an attempt ended, without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OutcomeClass {
    /// Whole answer.
    Complete,
    /// A length limit cut it.
    Truncated,
    /// A content filter cut it.
    Filtered,
    /// Regular end without anything usable.
    Empty,
    /// It failed.
    Failed(Cause),
    /// It was never sent.
    NotSent(NotSent),
}

impl OutcomeClass {
    /// The class of an outcome; a completed answer without content is empty.
    #[must_use]
    pub fn of(outcome: &Outcome, empty: bool) -> Self {
        match outcome {
            Outcome::Failed { cause, .. } => Self::Failed(*cause),
            Outcome::NotSent { reason } => Self::NotSent(*reason),
            Outcome::Completed { finish: Finish::Length } => Self::Truncated,
            Outcome::Completed { finish: Finish::Filter } => Self::Filtered,
            Outcome::Completed { .. } if empty => Self::Empty,
            Outcome::Completed { .. } => Self::Complete,
        }
    }

    /// The class of a record.
    ///
    /// An answer whose text ends while it is still thinking was cut, whatever the
    /// server says. Where the prompt's log-probabilities were asked for they are
    /// the answer: no text is due, and a limit of tokens is no cut.
    #[must_use]
    pub fn of_record(r: &Record) -> Self {
        let scored = || {
            let sides = [LogprobSide::Prompt, LogprobSide::Completion];
            sides.into_iter().any(|side| r.answer.logprobs(side).next().is_some())
        };
        match (&r.outcome, r.kind) {
            (Outcome::Completed { finish }, Kind::LogLikelihood) if *finish != Finish::Filter => {
                if scored() {
                    Self::Complete
                } else {
                    Self::Empty
                }
            }
            (Outcome::Completed { finish }, Kind::Chat | Kind::Completion)
                if *finish != Finish::Filter && without_thinking(&r.answer.text()).is_err() =>
            {
                Self::Truncated
            }
            (outcome, _) => Self::of(outcome, r.answer.is_empty()),
        }
    }

    /// Whether an answer was delivered: complete, truncated, filtered or empty.
    #[must_use]
    pub fn delivered(self) -> bool {
        !matches!(self, Self::Failed(_) | Self::NotSent(_))
    }

    /// Stable pair of words: outcome and cause (empty where there is none).
    #[must_use]
    pub fn ids(self) -> (&'static str, &'static str) {
        match self {
            Self::Complete => ("complete", ""),
            Self::Truncated => ("truncated", ""),
            Self::Filtered => ("filtered", ""),
            Self::Empty => ("empty", ""),
            Self::Failed(c) => ("failed", c.id()),
            Self::NotSent(r) => ("not_sent", r.id()),
        }
    }

    /// The class of those words.
    #[must_use]
    pub fn from_ids(outcome: &str, cause: &str) -> Option<Self> {
        Some(match outcome {
            "complete" => Self::Complete,
            "truncated" => Self::Truncated,
            "filtered" => Self::Filtered,
            "empty" => Self::Empty,
            "failed" => Self::Failed(Cause::from_id(cause)?),
            "not_sent" => Self::NotSent(NotSent::from_id(cause)?),
            _ => return None,
        })
    }
}

/// The scalars of one record. Times are on the record's clock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Who it is.
    pub key: Key,
    /// What was asked for.
    pub kind: Kind,
    /// Why it was asked.
    pub role: Role,
    /// Index of the target.
    pub target: u16,
    /// Index of the phase.
    pub phase: u16,
    /// Index of the prompt.
    pub prompt: u16,
    /// The case.
    pub case: Option<Digest>,
    /// Which repeat.
    pub repeat: u16,
    /// Which clock.
    pub clock: u16,
    /// How it ended.
    pub class: OutcomeClass,
    /// Whether it was streamed.
    pub stream: bool,
    /// When the schedule wanted it.
    pub intended: Ns,
    /// When the attempt began.
    pub started: Option<Ns>,
    /// Just before its first write.
    pub sent: Option<Ns>,
    /// First response byte.
    pub first_byte: Option<Ns>,
    /// First content of any kind (streamed answers only).
    pub first: Option<Ns>,
    /// First visible text.
    pub first_visible: Option<Ns>,
    /// First tool-call text.
    pub first_tool: Option<Ns>,
    /// Last content event.
    pub last: Option<Ns>,
    /// Last event with content or finish reason.
    pub last_event: Option<Ns>,
    /// Last byte of the body.
    pub body_end: Option<Ns>,
    /// When it was over, whatever its outcome.
    pub ended: Option<Ns>,
    /// Connect time (name resolution excluded), when a connection was opened.
    pub connect: Option<Ns>,
    /// TLS handshake time.
    pub tls: Option<Ns>,
    /// Wait for a pooled connection.
    pub queue_wait: Option<Ns>,
    /// Content events.
    pub pieces: u32,
    /// Output tokens in the first content event, where the server says so.
    pub first_tokens: Option<u32>,
    /// Largest gap between content events.
    pub max_gap: Option<Ns>,
    /// Server-reported input tokens.
    pub input: Option<u32>,
    /// Server-reported output tokens.
    pub output: Option<u32>,
    /// Server-reported cached input tokens.
    pub cached: Option<u32>,
    /// Server-reported reasoning tokens.
    pub reasoning: Option<u32>,
    /// Whether there was reasoning apart from the visible text: of it, of a summary, or only
    /// word that there was some. [`crate::TargetKind::summarises`] says whether its tokens came.
    pub reasoning_seen: bool,
    /// The server's own times.
    pub server: ServerTimes,
}

impl Row {
    /// Derives the scalars of a record.
    #[must_use]
    pub fn of(r: &Record) -> Self {
        let t = &r.timing;
        let first_of = |want: fn(EventKind) -> bool| {
            t.events.iter().find(|e| want(e.kind)).and_then(|e| t.arrival(e)).filter(|_| r.request.stream)
        };
        let between = |a, b| Some(t.mark(b)? - t.mark(a)?);
        let mut pieces = 0;
        let mut max_gap = None;
        let mut last = None;
        for at in t.content_arrivals() {
            pieces += 1;
            max_gap = max_gap.max(last.map(|l| at - l));
            last = Some(at);
        }
        let first_content = t.events.iter().find(|e| e.kind.is_content());
        let ends = |k: EventKind| k.is_content() || k == EventKind::Finish;
        let usage = r.said.as_ref().map(|s| s.usage).unwrap_or_default();
        Self {
            key: r.key,
            kind: r.kind,
            role: r.role,
            target: r.target,
            phase: r.phase,
            prompt: r.prompt,
            case: r.case,
            repeat: r.repeat,
            clock: t.clock,
            class: OutcomeClass::of_record(r),
            stream: r.request.stream,
            intended: t.intended,
            started: t.started,
            sent: t.sent,
            first_byte: t.read_arrival(0),
            first: first_of(EventKind::is_content),
            first_visible: first_of(|k| k == EventKind::Visible),
            first_tool: first_of(|k| k == EventKind::Tool),
            last,
            last_event: t.events.iter().rev().find(|e| ends(e.kind)).and_then(|e| t.arrival(e)),
            body_end: t.body_end,
            ended: t.ended,
            connect: between(MarkName::ConnectStart, MarkName::ConnectEnd),
            tls: between(MarkName::TlsStart, MarkName::TlsEnd),
            queue_wait: between(MarkName::QueueStart, MarkName::QueueEnd),
            pieces,
            first_tokens: first_content.and_then(|e| e.tokens),
            max_gap: max_gap.filter(|_| r.request.stream),
            input: usage.input,
            output: usage.output,
            cached: usage.cached,
            reasoning: usage.reasoning,
            reasoning_seen: t.events.iter().any(|e| e.kind == EventKind::Reasoning)
                || r.answer.parts.iter().any(|p| matches!(p, Part::Reasoning(_))),
            server: r.said.as_ref().map_or(ServerTimes::default(), |s| ServerTimes::of(s, r.request.stream)),
        }
    }
}
