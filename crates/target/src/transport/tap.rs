//! Between HTTP/2's codec and the wire below it: which read brought which bytes of which stream.
//!
//! Main types: [`FrameTap`], what the codec reads from and writes to, and
//! [`StreamLog`], one stream's share of the connection's reads. One read may carry
//! many streams: a record gets the reads that brought bytes of its own stream, with
//! these bytes as their size. Where something of another frame came after them in the
//! read, its last stamp is not of these bytes: their piece is open.
//! Must not read more of a frame than its head.

use crate::transport::frames::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, Part, SETTINGS, Splitter,
};
use crate::transport::socket::{Latest, Log, Wire};
use crate::transport::trace::Trace;
use acidtest_clock::Zero;
use acidtest_record::{Ns, Read};
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Most pieces of a body that wait to be taken; beyond, they are told apart no more.
const MAX_PIECES: usize = 65_536;
/// How much of the server's first bytes is kept to say what it speaks.
const MAX_FIRST: usize = 64;

/// What is known of a connection, shared by codec and streams.
pub(crate) struct Shared {
    zero: Zero,
    log: Rc<Log>,
    state: RefCell<State>,
}

struct State {
    incoming: Splitter,
    outgoing: Splitter,
    streams: HashMap<u32, Entry>,
    /// Number of the latest read on this connection; 0 is none of an entry's.
    no: u64,
    /// The latest read; 0 bytes before the first.
    read: Read,
    /// The stream whose frames alone stand at the end of what the latest read brought so far.
    tail: Option<u32>,
    /// Streams whose request was written and not yet flushed.
    unflushed: Vec<u32>,
    settled: bool,
    /// The server's first bytes.
    first: Vec<u8>,
}

/// One stream that is open.
#[derive(Default)]
struct Entry {
    first_write: Option<Ns>,
    written: Option<Ns>,
    flushed: bool,
    /// Reads that were not handed over yet.
    reads: Vec<Read>,
    /// How many were handed over before them.
    taken: u32,
    /// Number on the connection of the last of them.
    no: u64,
    /// Body bytes that wait to be taken: how many, with which read.
    pieces: VecDeque<(u32, Latest)>,
    /// The read that was last of use.
    latest: Option<Latest>,
    head: Option<Ns>,
    end: Option<Ns>,
}

impl Shared {
    pub(crate) fn new(zero: Zero, log: Rc<Log>) -> Rc<Self> {
        let none = Read { kernel: None, before: Ns(0), after: Ns(0), bytes: 0, drained: false };
        let state = State {
            incoming: Splitter::default(),
            outgoing: Splitter::after_preface(),
            streams: HashMap::new(),
            no: 1,
            read: none,
            tail: None,
            unflushed: Vec::new(),
            settled: false,
            first: Vec::new(),
        };
        Rc::new(Self { zero, log, state: RefCell::new(state) })
    }

    /// Whether the server said what it allows.
    pub(crate) fn settled(&self) -> bool {
        self.state.borrow().settled
    }

    /// The server's first line, where it is not HTTP/2's.
    pub(crate) fn other_protocol(&self) -> Option<String> {
        let state = self.state.borrow();
        // A server of HTTP/2 begins with SETTINGS: RFC 9113, 3.4.
        let is_http2 = state.settled || state.first.len() < 4 || state.first[3] == SETTINGS;
        let line = state.first.split(|b| *b == b'\r' || *b == b'\n').next().unwrap_or_default();
        (!is_http2).then(|| String::from_utf8_lossy(line).into_owned())
    }

    /// A stream begins.
    pub(crate) fn open(self: &Rc<Self>, stream: u32) -> StreamLog {
        self.state.borrow_mut().streams.insert(stream, Entry::default());
        StreamLog { shared: Rc::clone(self), stream }
    }

    fn now(&self) -> Ns {
        Ns(self.zero.now())
    }

    fn arrived(&self, bytes: &[u8]) {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        // Under TLS some bytes come without a new read: their record was read before.
        if let Some(read) = self.log.take().pop() {
            state.no += 1;
            state.read = read;
            state.tail = None;
        }
        let room = MAX_FIRST.saturating_sub(state.first.len()).min(bytes.len());
        state.first.extend_from_slice(&bytes[..room]);
        let mut splitter = std::mem::take(&mut state.incoming);
        splitter.feed(bytes, &mut |part| state.came(part));
        if splitter.in_head() || self.log.latest().open {
            // The head that was cut may be of any stream, as may a record of TLS that is cut.
            state.followed(None);
        }
        state.incoming = splitter;
    }

    fn wrote(&self, before: Ns, bytes: &[u8]) {
        let after = self.now();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut splitter = std::mem::take(&mut state.outgoing);
        splitter.feed(bytes, &mut |part| state.went(part, before, after));
        state.outgoing = splitter;
    }

    fn flushed(&self) {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        for stream in state.unflushed.drain(..) {
            if let Some(entry) = state.streams.get_mut(&stream) {
                entry.flushed = true;
            }
        }
    }
}

impl State {
    /// Something else came after the last bytes of the stream at the end of the read.
    fn followed(&mut self, by: Option<u32>) {
        if self.tail.is_none() || self.tail == by {
            self.tail = by;
            return;
        }
        if let Some(entry) = self.tail.and_then(|stream| self.streams.get_mut(&stream))
            && entry.no == self.no
            && let Some((_, last)) = entry.pieces.back_mut()
        {
            last.open = true;
        }
        self.tail = by;
    }

    /// Part of a frame came with the latest read.
    fn came(&mut self, part: Part) {
        let head = part.head;
        let of_stream = matches!(head.kind, DATA | HEADERS | CONTINUATION);
        self.settled |= head.kind == SETTINGS && !head.has(ACK) && part.done;
        self.followed(of_stream.then_some(head.stream));
        let Some(entry) = self.streams.get_mut(&head.stream).filter(|_| of_stream) else {
            return;
        };
        let (read, no) = (self.read, self.no);
        // A later part of a read that was handed over stays with it: as a read of its own
        // it would claim to have come after itself.
        if entry.no != no {
            entry.no = no;
            entry.reads.push(Read { bytes: 0, ..read });
        }
        let number = entry.taken + entry.reads.len() as u32 - 1;
        if let Some(last) = entry.reads.last_mut() {
            last.bytes = last.bytes.saturating_add(part.bytes);
        }
        if head.kind == DATA {
            entry.piece(part.content, number, read.after);
        } else if part.done && head.has(END_HEADERS) && entry.pieces.is_empty() {
            entry.head = Some(read.after);
        }
        if part.done && head.has(END_STREAM) && head.kind != CONTINUATION {
            entry.end = Some(read.after);
        }
    }

    /// Part of a frame was written.
    fn went(&mut self, part: Part, before: Ns, after: Ns) {
        let head = part.head;
        let Some(entry) = self.streams.get_mut(&head.stream) else {
            return;
        };
        match head.kind {
            HEADERS | CONTINUATION | DATA => {}
            _ => return,
        }
        entry.first_write.get_or_insert(before);
        if part.done && head.has(END_STREAM) && head.kind != CONTINUATION {
            entry.written = Some(after);
            self.unflushed.push(head.stream);
        }
    }
}

impl Entry {
    fn piece(&mut self, len: u32, read: u32, at: Ns) {
        if len == 0 {
            return;
        }
        let full = self.pieces.len() >= MAX_PIECES;
        match self.pieces.back_mut() {
            Some((so_far, last)) if last.read == read || full => {
                *so_far = so_far.saturating_add(len);
                *last = Latest { read, at, open: false };
            }
            _ => self.pieces.push_back((len, Latest { read, at, open: false })),
        }
    }

    fn take(&mut self, most: usize) -> Option<(usize, Latest)> {
        let (len, latest) = self.pieces.front_mut()?;
        let take = (*len as usize).min(most);
        let got = (take, *latest);
        *len -= take as u32;
        if *len == 0 {
            self.pieces.pop_front();
        }
        self.latest = Some(got.1);
        Some(got)
    }
}

/// One stream's share of a connection's reads and writes.
pub(crate) struct StreamLog {
    shared: Rc<Shared>,
    stream: u32,
}

impl StreamLog {
    fn with<T: Default>(&self, ask: impl FnOnce(&mut Entry) -> T) -> T {
        self.shared.state.borrow_mut().streams.get_mut(&self.stream).map(ask).unwrap_or_default()
    }
}

impl Drop for StreamLog {
    fn drop(&mut self) {
        self.shared.state.borrow_mut().streams.remove(&self.stream);
    }
}

impl Trace for StreamLog {
    fn first_write(&self) -> Option<Ns> {
        self.with(|e| e.first_write)
    }

    fn request_end(&self) -> Option<Ns> {
        self.with(|e| e.written.filter(|_| e.flushed))
    }

    fn began_to_answer(&self) -> bool {
        self.with(|e| e.taken > 0 || !e.reads.is_empty())
    }

    fn head_end(&self) -> Ns {
        self.with(|e| e.head).unwrap_or_else(|| self.shared.now())
    }

    fn took(&self, most: usize) -> (usize, Latest) {
        let known = self.with(|e| e.take(most));
        known.unwrap_or_else(|| {
            // Bytes that the tap did not see cannot be: then they came with the latest read.
            let read = self.with(|e| e.latest).map_or(0, |l| l.read);
            (most, Latest { read, at: self.shared.now(), open: true })
        })
    }

    fn body_end(&self) -> Ns {
        self.with(|e| e.end.or(e.latest.map(|l| l.at))).unwrap_or_else(|| self.shared.now())
    }

    fn eof(&self) -> Option<Ns> {
        None
    }

    fn take_reads(&self) -> Vec<Read> {
        self.with(|e| {
            e.taken += e.reads.len() as u32;
            std::mem::take(&mut e.reads)
        })
    }

    fn waiting(&self) -> usize {
        self.with(|e| e.reads.len())
    }

    fn count(&self) -> u32 {
        self.with(|e| e.taken + e.reads.len() as u32)
    }
}

/// What HTTP/2's codec reads from and writes to.
pub(crate) struct FrameTap {
    wire: Wire,
    shared: Rc<Shared>,
}

impl FrameTap {
    pub(crate) fn new(wire: Wire, shared: Rc<Shared>) -> Self {
        Self { wire, shared }
    }
}

impl AsyncRead for FrameTap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let held = buf.filled().len();
        let done = Pin::new(&mut self.wire).poll_read(cx, buf);
        if buf.filled().len() > held {
            self.shared.arrived(&buf.filled()[held..]);
        }
        done
    }
}

impl AsyncWrite for FrameTap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let before = self.shared.now();
        let done = Pin::new(&mut self.wire).poll_write(cx, bytes);
        if let Poll::Ready(Ok(n)) = done {
            self.shared.wrote(before, &bytes[..n]);
        }
        done
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = self.shared.now();
        let done = Pin::new(&mut self.wire).poll_write_vectored(cx, parts);
        if let Poll::Ready(Ok(mut n)) = done {
            for part in parts {
                let take = n.min(part.len());
                self.shared.wrote(before, &part[..take]);
                n -= take;
            }
        }
        done
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = Pin::new(&mut self.wire).poll_flush(cx);
        if let Poll::Ready(Ok(())) = done {
            self.shared.flushed();
        }
        done
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire).poll_shutdown(cx)
    }
}
