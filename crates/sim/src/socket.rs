//! Our socket type under hyper: it knows when each event was written.
//!
//! Main types: [`Socket`], the stream that hyper writes to, and [`Wire`], what the
//! socket, the bodies and the watcher of one connection share. A body hands one
//! event to hyper and marks it on the wire; every write until hyper flushes
//! belongs to it. Must not know what events say.

use crate::exchange::Exchange;
use acidtest_clock::Zero;
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A client that neither completes a request nor reads our answer for so long is left.
const IDLE_NS: i64 = 120_000_000_000;
const UNREAD_NS: i64 = 60_000_000_000;

/// One connection's shared state.
pub(crate) struct Wire {
    pub(crate) zero: Zero,
    pub(crate) connection: u64,
    /// Requests begun on it.
    pub(crate) requests: Cell<u64>,
    /// When the last read returned.
    pub(crate) last_read: Cell<i64>,
    /// Since when no request is in the works; `None` while one is.
    pub(crate) waiting_since: Cell<Option<i64>>,
    pending: RefCell<Vec<Pending>>,
    blocked: Cell<Option<Waker>>,
    cutting: Cell<Option<(Rc<Exchange>, usize, i64)>>,
}

/// An event that hyper has and the socket has not yet written in full.
struct Pending {
    exchange: Rc<Exchange>,
    event: usize,
    handed_ns: i64,
    before_ns: i64,
    after_ns: i64,
}

impl Wire {
    pub(crate) fn new(zero: Zero, connection: u64) -> Self {
        Self {
            zero,
            connection,
            requests: Cell::new(0),
            last_read: Cell::new(zero.now()),
            waiting_since: Cell::new(Some(zero.now())),
            pending: RefCell::default(),
            blocked: Cell::default(),
            cutting: Cell::default(),
        }
    }

    /// The connection is about to be cut; closing the socket completes the stamps.
    pub(crate) fn cut(&self, exchange: &Rc<Exchange>, event: usize) {
        let now = self.zero.now();
        self.cutting.set(Some((exchange.clone(), event, now)));
    }

    /// Marks an event as handed to hyper.
    pub(crate) fn hand(&self, exchange: &Rc<Exchange>, event: usize) {
        self.pending.borrow_mut().push(Pending {
            exchange: exchange.clone(),
            event,
            handed_ns: self.zero.now(),
            before_ns: 0,
            after_ns: 0,
        });
    }

    /// Whether everything handed over has been written.
    pub(crate) fn is_clear(&self) -> bool {
        self.pending.borrow().is_empty()
    }

    /// Wakes the task once everything is written.
    pub(crate) fn wake_when_clear(&self, waker: &Waker) {
        self.blocked.set(Some(waker.clone()));
    }

    /// Whether the client has kept us waiting beyond the limits.
    pub(crate) fn is_stuck(&self) -> bool {
        let now = self.zero.now();
        let idle = self.waiting_since.get().is_some_and(|t| now - t > IDLE_NS);
        let pending = self.pending.borrow();
        idle || pending.first().is_some_and(|p| now - p.handed_ns > UNREAD_NS)
    }

    fn wrote(&self, before_ns: i64, after_ns: i64) {
        for p in self.pending.borrow_mut().iter_mut() {
            if p.before_ns == 0 {
                p.before_ns = before_ns;
            }
            p.after_ns = after_ns;
        }
    }

    /// Hyper's buffer is empty: what was written at all is written in full.
    fn flushed(&self) {
        let mut pending = self.pending.borrow_mut();
        if pending.is_empty() {
            return;
        }
        let done: Vec<_> = pending.extract_if(.., |p| p.before_ns != 0).collect();
        let clear = pending.is_empty();
        drop(pending);
        for p in done {
            p.exchange.written(p.event, p.before_ns, p.after_ns);
        }
        if clear && let Some(waker) = self.blocked.take() {
            waker.wake();
        }
    }
}

/// The stream under hyper. Fields are dropped in this order: the socket is closed,
/// then the moment is noted.
pub(crate) struct Socket {
    stream: TcpStream,
    wire: Closing,
}

/// Stamps a cut when it is dropped.
struct Closing(Rc<Wire>);

impl std::ops::Deref for Closing {
    type Target = Wire;
    fn deref(&self) -> &Wire {
        &self.0
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if let Some((exchange, event, before_ns)) = self.0.cutting.take() {
            exchange.written(event, before_ns, self.0.zero.now());
        }
        // What hyper still held will never be written.
        self.0.pending.borrow_mut().clear();
    }
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, wire: Rc<Wire>) -> Self {
        let wire = Closing(wire);
        Self { stream, wire }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        if result.is_ready() {
            self.wire.last_read.set(self.wire.zero.now());
        }
        result
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let before = self.wire.zero.now();
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if matches!(result, Poll::Ready(Ok(_))) {
            self.wire.wrote(before, self.wire.zero.now());
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(result, Poll::Ready(Ok(()))) {
            self.wire.flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
