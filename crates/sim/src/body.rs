//! Bodies that hand their events to hyper on time, one at a time.
//!
//! Main type: [`Body`]. An event is handed over when it is due and the one before
//! is written, so that each gets a write of its own and its stamps are its own.

use crate::alarm::{Alarm, Bed};
use crate::api::Encode;
use crate::exchange::Exchange;
use crate::gauges::Working;
use crate::script::Script;
use crate::socket::Wire;
use crate::truth::{Ended, EventKind};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// A response body.
pub(crate) struct Body {
    wire: Rc<Wire>,
    content: Content,
}

enum Content {
    /// Not a chat answer: nobody asks for its stamps.
    Plain(Option<Bytes>),
    Timed(Box<Timed>),
}

/// Bytes with a line of truth.
pub(crate) struct Timed {
    pub(crate) exchange: Rc<Exchange>,
    pub(crate) alarm: Rc<Alarm>,
    pub(crate) payload: Payload,
    /// Held until the body ends: one of the server's slots, and a place among those that run.
    pub(crate) slot: Option<Working>,
    pub(crate) next: usize,
    pub(crate) bed: Bed,
}

/// What a timed body sends.
pub(crate) enum Payload {
    /// One chunk an event.
    Stream {
        /// The plan.
        script: Script,
        /// Its encoder.
        chunks: Box<dyn Encode>,
    },
    /// All at once; `cut_at` ends it there, short of the announced length.
    Whole {
        /// The announced body.
        bytes: Bytes,
        /// Where the connection is cut.
        cut_at: Option<usize>,
    },
}

/// The connection is to be cut here.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut on purpose")]
pub(crate) struct CutHere;

impl Body {
    pub(crate) fn plain(wire: Rc<Wire>, bytes: impl Into<Bytes>) -> Self {
        Self { wire, content: Content::Plain(Some(bytes.into())) }
    }

    pub(crate) fn timed(wire: Rc<Wire>, timed: Timed) -> Self {
        Self { wire, content: Content::Timed(Box::new(timed)) }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        self.wire.waiting_since.set(Some(self.wire.zero.now()));
        if let Content::Timed(timed) = &mut self.content {
            timed.alarm.leave(&mut timed.bed);
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = CutHere;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutHere>>> {
        let body = &mut *self;
        match &mut body.content {
            Content::Plain(bytes) => Poll::Ready(bytes.take().map(|b| Ok(Frame::data(b)))),
            Content::Timed(timed) => timed.poll_frame(&body.wire, cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Plain(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Timed(timed) => timed.next >= timed.events(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Plain(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Content::Timed(timed) => match &timed.payload {
                Payload::Whole { bytes, .. } => SizeHint::with_exact(bytes.len() as u64),
                Payload::Stream { .. } => SizeHint::default(),
            },
        }
    }
}

impl Timed {
    fn events(&self) -> usize {
        match &self.payload {
            Payload::Stream { script, .. } => script.events.len(),
            Payload::Whole { cut_at, .. } => 1 + usize::from(cut_at.is_some()),
        }
    }

    fn poll_frame(
        &mut self,
        wire: &Wire,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, CutHere>>> {
        let Some(due) = self.exchange.scheduled_ns(self.next) else {
            return Poll::Ready(None);
        };
        // Register for the time even while the last event is being written: in the
        // usual case it is out long before, and one wake-up does.
        if self.alarm.poll_at(due, &mut self.bed, cx).is_pending() {
            return Poll::Pending;
        }
        if !wire.is_clear() {
            wire.wake_when_clear(cx.waker());
            return Poll::Pending;
        }
        let event = self.next;
        self.next += 1;
        if self.is_cut(event) {
            self.exchange.ended(Ended::Cut);
            wire.cut(&self.exchange, event);
            return Poll::Ready(Some(Err(CutHere)));
        }
        let bytes = self.encode(event);
        wire.hand(&self.exchange, event);
        if self.next == self.events() {
            self.exchange.ended(Ended::Complete);
            self.slot = None;
        }
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_cut(&self, event: usize) -> bool {
        match &self.payload {
            Payload::Stream { script, .. } => script.events[event].kind == EventKind::Cut,
            Payload::Whole { .. } => event == 1,
        }
    }

    fn encode(&mut self, event: usize) -> Bytes {
        match &mut self.payload {
            Payload::Stream { script, chunks } => Bytes::from(chunks.encode(&script.events[event], script)),
            Payload::Whole { bytes, cut_at } => bytes.slice(..cut_at.unwrap_or(bytes.len())),
        }
    }
}
