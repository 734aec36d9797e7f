//! From raw segments to events, answer and outcome; runs off the measuring thread.
//!
//! Main type: [`Parser`]. Must not read a clock: all times are in the segments
//! and in the attempt.

use crate::dialect::{Collected, Dialect, Trouble, error_message};
use crate::failure::masked;
use crate::framing::{Frames, Framing, Shape};
use crate::head;
use crate::protocol;
use crate::seam::{Attempt, End, Piece, Segment};
use crate::secrets::Mask;
use crate::sse::{Item, MAX_EVENT};
use acidtest_record::{
    Answer, Blob, Cause, Event, EventKind, Finish, Outcome, Part, Read, ServerSaid, Stage, TargetKind,
};

/// Most bytes of a body that are kept when the attempt failed.
const MAX_RAW: usize = 64 << 10;
/// Most events of one answer, comments among them: more than any honest one has.
/// A comment of two bytes takes several times as much room as an event.
const MAX_EVENTS: usize = 1 << 20;

/// What one attempt brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// Every read of the socket.
    pub reads: Vec<Read>,
    /// Every event.
    pub events: Vec<Event>,
    /// How it ended.
    pub outcome: Outcome,
    /// What came back; its `raw` is left empty for the caller, who knows the blob's digest.
    pub answer: Answer,
    /// Bytes that parts of the answer point at (audio).
    pub blobs: Vec<Blob>,
    /// What the server said about itself.
    pub said: Option<ServerSaid>,
    /// For failures: the body, cut at 64 KiB, secrets struck out.
    pub raw: Option<Vec<u8>>,
}

/// Parses one answer.
#[derive(Debug)]
pub struct Parser {
    stream: bool,
    framing: Framing,
    mask: Mask,
    reads: Vec<Read>,
    raw: Vec<u8>,
    /// Whether the body went on after `raw`.
    raw_cut: bool,
    last_read: u32,
    body: Body,
    found: Found,
}

/// What the body turned out to be.
#[derive(Debug)]
enum Body {
    /// Nothing but white space so far.
    Unknown,
    Events(Frames),
    Whole(Vec<u8>),
}

/// What was found in it.
#[derive(Debug)]
struct Found {
    dialect: Box<dyn Dialect>,
    events: Vec<Event>,
}

impl Parser {
    /// A parser for one answer; `stream` says whether a streamed one was asked
    /// for, `mask` which secrets to strike out.
    #[must_use]
    pub fn new(kind: TargetKind, stream: bool, mask: Mask) -> Self {
        let protocol = protocol::of(kind);
        Self::with((protocol.dialect)(), Shape::Guess(protocol.framing), stream, mask)
    }

    /// A parser with a dialect of the caller's, for a body of a known shape.
    pub(crate) fn with(dialect: Box<dyn Dialect>, shape: Shape, stream: bool, mask: Mask) -> Self {
        let (body, framing) = match shape {
            Shape::Guess(framing) => (Body::Unknown, framing),
            Shape::Whole => (Body::Whole(Vec::new()), Framing::Events),
            Shape::Stream(framing) => (Body::Events(Frames::new(framing)), framing),
        };
        Self {
            stream,
            framing,
            mask,
            reads: Vec::new(),
            raw: Vec::new(),
            raw_cut: false,
            last_read: 0,
            body,
            found: Found { dialect, events: Vec::new() },
        }
    }

    /// Learns what was asked: the body of the request. Comes before the first segment.
    pub fn asked(&mut self, body: &[u8]) {
        self.found.dialect.asked(body);
    }

    /// Takes the next segment.
    pub fn segment(&mut self, segment: Segment) {
        self.reads.extend_from_slice(&segment.reads);
        let room = (MAX_RAW + self.mask.longest()).saturating_sub(self.raw.len());
        let keep = segment.bytes.len().min(room);
        self.raw.extend_from_slice(&segment.bytes[..keep]);
        self.raw_cut |= keep < segment.bytes.len();
        let mut rest = &segment.bytes[..];
        for Piece { len, read, open } in segment.pieces {
            let (piece, after) = rest.split_at((len as usize).min(rest.len()));
            rest = after;
            self.last_read = read;
            self.piece(piece, read);
            if open {
                self.found.follows(read);
            }
        }
    }

    fn piece(&mut self, mut piece: &[u8], read: u32) {
        if let Body::Unknown = self.body {
            let blank = |b: &u8| b.is_ascii_whitespace() || matches!(b, 0xEF | 0xBB | 0xBF);
            let Some(at) = piece.iter().position(|b| !blank(b)) else {
                return;
            };
            piece = &piece[at..];
            self.body = match (self.framing, piece[0]) {
                (_, b'<') | (Framing::Events, b'{' | b'[' | b'"') => Body::Whole(Vec::new()),
                // A line looks like a whole body: what was asked for decides.
                (Framing::Lines, _) if !self.stream => Body::Whole(Vec::new()),
                (framing, _) => Body::Events(Frames::new(framing)),
            };
        }
        match &mut self.body {
            Body::Unknown => {}
            Body::Whole(all) => all.extend_from_slice(piece),
            Body::Events(framer) => self.found.feed(framer, piece, read),
        }
    }

    /// The attempt is over: what it brought.
    #[must_use]
    pub fn finish(mut self, attempt: &Attempt) -> Parsed {
        let status = attempt.head.as_ref().map(|h| h.status);
        let refused = status.is_some_and(|s| s >= 300);
        let empty = matches!(self.body, Body::Unknown);
        match std::mem::replace(&mut self.body, Body::Unknown) {
            Body::Unknown => {}
            Body::Events(framer) => self.found.end(framer, self.last_read),
            Body::Whole(all) if attempt.end == End::Complete => {
                self.found.whole(&all, self.last_read);
            }
            Body::Whole(_) => {}
        }
        self.found.dialect.close(attempt.end == End::Complete);
        let end = match &attempt.end {
            End::Failed { stage, cause, detail } if refused => {
                let detail = format!("{detail}{}", self.message());
                failed(*stage, *cause, detail)
            }
            end => self.end(end, empty),
        };
        let outcome = self.outcome(end, status);
        self.found.dialect.over();
        self.header_timings(attempt);
        let Found { mut dialect, events } = self.found;
        let Collected { parts, blobs, said: about, .. } = std::mem::take(dialect.collected());
        let failed = matches!(outcome, Outcome::Failed { .. });
        let (answer, struck) = answer(parts, &self.mask);
        // A secret that came in pieces, an event each, cannot be struck out of the body.
        let raw = (failed && !struck && !self.raw.is_empty()).then(|| {
            let mut raw = self.mask.cut_bytes(self.raw);
            // The end of what was kept may be the beginning of a secret.
            let unsure = if self.raw_cut { self.mask.longest() } else { 0 };
            raw.truncate(raw.len().saturating_sub(unsure).min(MAX_RAW));
            raw
        });
        let said = Some(said(about, &self.mask)).filter(|s| *s != ServerSaid::default());
        Parsed { reads: self.reads, events, outcome, answer, blobs, said, raw }
    }

    /// How the attempt ended when its head was that of an answer.
    fn end(&mut self, end: &End, empty: bool) -> Result<Finish, Ended> {
        let chat = self.found.dialect.collected();
        if let Some(Trouble { cause, detail }) = chat.trouble.take() {
            return failed(Stage::Body, cause, detail);
        }
        let finish = chat.finish.take();
        match end {
            // The protocol's own end mark came: what broke after it cost nothing.
            End::Failed {
                stage: Stage::Body, cause: Cause::Cut | Cause::Stalled | Cause::Timeout, ..
            } if chat.done => {}
            End::Failed { stage, cause, detail } => return failed(*stage, *cause, detail.clone()),
            End::Complete if chat.done || finish.is_some() => {}
            End::Complete if empty && !self.stream => {
                return failed(Stage::Body, Cause::Malformed, "body is empty, expected JSON".into());
            }
            End::Complete => {
                let events = self.found.events.len();
                let mark = self.found.dialect.end_mark();
                let detail = format!("stream ended after {events} events without {mark}");
                return failed(Stage::Body, Cause::Cut, detail);
            }
        }
        Ok(finish.unwrap_or(Finish::Unsaid))
    }

    fn outcome(&self, end: Result<Finish, Ended>, status: Option<u16>) -> Outcome {
        match end {
            Ok(Finish::Other(word)) => {
                Outcome::Completed { finish: Finish::Other(self.mask.text(word).chars().take(100).collect()) }
            }
            Ok(finish) => Outcome::Completed { finish },
            Err(Ended { stage, cause, detail }) => {
                Outcome::Failed { stage, cause, status, detail: masked(&self.mask, detail) }
            }
        }
    }

    /// `: message` of an error body, where it has one.
    fn message(&self) -> String {
        let text = error_message(&self.raw).unwrap_or_else(|| {
            let plain = self.raw.trim_ascii();
            let html = plain.starts_with(b"<");
            let shown = if html { &[] } else { &plain[..plain.len().min(16 << 10)] };
            String::from_utf8_lossy(shown).into_owned()
        });
        match text.trim() {
            "" => String::new(),
            text => format!(": {text}"),
        }
    }

    /// Times that the server says in its head.
    fn header_timings(&mut self, attempt: &Attempt) {
        let headers = attempt.head.as_ref().map(|h| h.headers.as_slice());
        for (name, value) in headers.unwrap_or_default() {
            for (name, seconds) in head::times(name, value) {
                self.found.dialect.collected().timing(&name, Some(seconds));
            }
            if name == "x-request-id" || name == "request-id" {
                self.found.dialect.collected().said.id.get_or_insert_with(|| value.clone());
            }
        }
    }
}

/// A failure before its detail is masked and cut.
struct Ended {
    stage: Stage,
    cause: Cause,
    detail: String,
}

fn failed(stage: Stage, cause: Cause, detail: String) -> Result<Finish, Ended> {
    Err(Ended { stage, cause, detail })
}

impl Found {
    /// Something follows the events that ended earlier in this same read.
    fn follows(&mut self, read: u32) {
        if let Some(last) = self.events.last_mut().filter(|last| last.read == read) {
            last.last_in_read = false;
        }
    }

    fn feed(&mut self, framer: &mut Frames, piece: &[u8], read: u32) {
        if !only_line_ends(piece) {
            self.follows(read);
        }
        let start = framer.offset();
        let result = framer.feed(piece, read, &mut |item| {
            let (kind, tokens, end) = match item {
                Item::Comment { end } => (EventKind::Comment, None, end),
                Item::Event { data, name, end } => {
                    let (kind, tokens) = self.dialect.event(name, data);
                    (kind, tokens, end)
                }
            };
            if self.events.len() >= MAX_EVENTS {
                return;
            }
            let follows = usize::try_from(end.offset.saturating_sub(start)).unwrap_or(usize::MAX);
            let rest = piece.get(follows..).unwrap_or_default();
            self.events.push(Event {
                read: end.mark,
                kind,
                tokens,
                last_in_read: end.mark != read || only_line_ends(rest),
            });
        });
        let detail = if result.is_err() {
            format!("an event is larger than our limit of {MAX_EVENT} bytes")
        } else if self.events.len() >= MAX_EVENTS {
            format!("more than {MAX_EVENTS} events")
        } else {
            return;
        };
        let cause = Cause::TooLarge;
        self.dialect.collected().fail(cause, detail);
    }

    fn end(&mut self, framer: Frames, read: u32) {
        framer.finish(read, &mut |item| {
            if let Item::Event { data, name, end } = item
                && let Some((kind, tokens)) = self.dialect.last_event(name, data)
            {
                self.events.push(Event { read: end.mark, kind, tokens, last_in_read: true });
            }
        });
    }

    fn whole(&mut self, body: &[u8], read: u32) {
        let (kind, tokens) = self.dialect.whole(body);
        self.events.push(Event { read, kind, tokens, last_in_read: true });
    }
}

fn only_line_ends(bytes: &[u8]) -> bool {
    bytes.iter().all(|b| matches!(b, b'\r' | b'\n'))
}

/// The answer without secrets, and whether there were any.
fn answer(mut parts: Vec<Part>, mask: &Mask) -> (Answer, bool) {
    let mut struck = false;
    for part in &mut parts {
        let texts: &mut [&mut String] = match part {
            Part::Text(t) | Part::Reasoning(t) | Part::Refusal(t) => &mut [t],
            Part::ToolCall { name, arguments, .. } => &mut [name, arguments],
            Part::Logprobs { .. } | Part::Scores(_) | Part::Blob { .. } => &mut [],
        };
        for text in texts.iter_mut() {
            struck |= mask.hits(text);
            **text = mask.text(std::mem::take(*text));
        }
        if let Part::ToolCall { id: Some(id), .. } = part {
            *id = mask.text(std::mem::take(id));
        }
    }
    if struck {
        // Tokens would spell out what was struck out of the text.
        parts.retain(|p| !matches!(p, Part::Logprobs { .. }));
    }
    (Answer { parts, raw: None }, struck)
}

fn said(mut said: ServerSaid, mask: &Mask) -> ServerSaid {
    for text in [&mut said.model, &mut said.fingerprint, &mut said.id] {
        *text = text.take().map(|t| masked(mask, t));
    }
    said
}

#[cfg(test)]
mod tests;
