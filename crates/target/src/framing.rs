//! How a streamed answer is cut into events: server-sent events, or a line each.
//!
//! Main types: [`Framing`], a property of a protocol, [`Frames`], which cuts on the
//! helper thread, and [`Alive`], which only finds ends of events on the measuring
//! thread. Must not know what the events mean.

use crate::lines;
use crate::sse::{Framer, Item, MAX_EVENT, Scanner, TooLong};

/// What stands between the events of a streamed answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Events,
    /// One event a line, usually JSON.
    Lines,
}

impl Framing {
    /// The framing that a media type names.
    pub(crate) fn of_media(media: &str) -> Option<Self> {
        match media {
            "text/event-stream" => Some(Self::Events),
            "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/x-jsonlines"
            | "application/jsonlines"
            | "application/json-lines" => Some(Self::Lines),
            _ => None,
        }
    }

    /// What a request for a stream says that it accepts.
    pub(crate) fn accept(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream, application/json",
            Self::Lines => "application/x-ndjson, application/json",
        }
    }
}

/// What a body is known to be before its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Its first byte tells whether it is whole or a stream of this framing.
    Guess(Framing),
    /// One answer as a whole, even an empty one.
    Whole,
    /// A stream of this framing, even an empty one.
    Stream(Framing),
}

/// Cuts a streamed answer into events.
#[derive(Debug)]
pub(crate) enum Frames {
    Events(Framer),
    Lines(lines::Framer),
}

impl Frames {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Events => Self::Events(Framer::new(MAX_EVENT)),
            Framing::Lines => Self::Lines(lines::Framer::new(MAX_EVENT)),
        }
    }

    /// Offset of the next byte to be fed.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::Events(framer) => framer.offset(),
            Self::Lines(framer) => framer.offset(),
        }
    }

    /// Takes the next bytes; `mark` says where they came from. After an event
    /// that is too long everything is ignored.
    pub(crate) fn feed(
        &mut self,
        bytes: &[u8],
        mark: u32,
        on: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), TooLong> {
        match self {
            Self::Events(framer) => framer.feed(bytes, mark, on),
            Self::Lines(framer) => framer.feed(bytes, mark, on),
        }
    }

    /// The stream is over: gives an event that lacks its end, if there is one.
    pub(crate) fn finish(self, mark: u32, on: &mut dyn FnMut(Item<'_>)) {
        match self {
            Self::Events(framer) => framer.finish(mark, on),
            Self::Lines(framer) => framer.finish(mark, on),
        }
    }
}

/// Finds ends of events while they come: the gap limit needs no more.
#[derive(Debug)]
pub(crate) enum Alive {
    Events(Scanner),
    Lines(lines::Scanner),
}

impl Alive {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::Events => Self::Events(Scanner::default()),
            Framing::Lines => Self::Lines(lines::Scanner::default()),
        }
    }

    /// Takes the next bytes; says how many events with data ended in them.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> u32 {
        match self {
            Self::Events(scanner) => scanner.feed(bytes),
            Self::Lines(scanner) => scanner.feed(bytes),
        }
    }
}
