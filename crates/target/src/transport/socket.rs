//! The socket under hyper: it remembers when each read and write happened.
//!
//! Main types: [`Socket`] stamps, [`Log`] holds the stamps, [`Wire`] is what
//! hyper sees (with or without TLS between). Kernel stamps are taken here
//! and nowhere else. Must not look into the bytes but for where they end.

use crate::transport::ending::{Records, is_open_chunk};
use acidtest_clock::{Received, Stamps, Zero};
use acidtest_record::{Ns, Read};
use rustix::net::RecvFlags;
use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// What happened on a connection since its current attempt began.
pub(crate) struct Log {
    zero: Zero,
    stamps: &'static Stamps,
    /// The socket, where the kernel stamps it.
    stream: RefCell<Weak<RefCell<TcpStream>>>,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Reads that were not taken yet.
    reads: Vec<Read>,
    /// How many were taken before them.
    taken: u32,
    /// When the latest read was done.
    latest: Option<Ns>,
    /// Whether the latest read's last byte is known to begin something that is still to come.
    open: bool,
    /// Since when a byte that is read next may have waited: just before the read that emptied
    /// the socket.
    empty_at: Option<Ns>,
    /// Whether any byte of the answer came out (under TLS: as plain text).
    answering: bool,
    first_write: Option<Ns>,
    last_write: Option<Ns>,
    /// Whether everything that was written so far was handed to the kernel.
    flushed: bool,
    eof: Option<Ns>,
    order: Order,
}

/// Segments that came out of order on the connection.
#[derive(Default, Clone, Copy)]
struct Order {
    seen: u32,
    /// Whether the reads that come next may still bring what waited for a late segment.
    open: bool,
}

impl Log {
    pub(crate) fn new(zero: Zero) -> Rc<Self> {
        let (stamps, stream) = (Stamps::of_process(), RefCell::default());
        Rc::new(Self { zero, stamps, stream, state: RefCell::default() })
    }

    /// A new attempt begins on this connection.
    pub(crate) fn begin(&self) {
        let order = self.state.borrow().order;
        *self.state.borrow_mut() = State { order, ..State::default() };
    }

    fn now(&self) -> Ns {
        Ns(self.zero.now())
    }

    /// Notes a read that began at `before` and had so much room.
    pub(crate) fn read(&self, before: Ns, got: Received, room: usize, open: bool) {
        let after = self.now();
        let mut state = self.state.borrow_mut();
        if got.bytes == 0 {
            state.eof = Some(after);
            return;
        }
        let since = state.empty_at.or(state.first_write);
        let kernel = got.stamp.and_then(|stamp| self.kernel(stamp, since, after));
        let drained = got.bytes < room;
        state.latest = Some(after);
        state.open = open;
        if drained {
            state.empty_at = Some(before);
        }
        state.reads.push(Read {
            kernel,
            before,
            after,
            bytes: u32::try_from(got.bytes).unwrap_or(u32::MAX),
            drained,
        });
    }

    /// A stamp on our clock. It lies between the moment from which on the bytes can have come and
    /// the end of the read; where it does not the time was set: the clocks are compared once
    /// more, and what still does not fit is no stamp.
    fn kernel(&self, stamp: i64, since: Option<Ns>, after: Ns) -> Option<Ns> {
        let fits = |at: &i64| {
            let error = self.stamps.error_ns();
            *at <= after.0 + error && since.is_none_or(|s| *at >= s.0 - error)
        };
        let at = self.stamps.at(&self.zero, stamp).filter(fits).or_else(|| {
            self.stamps.look_again();
            self.stamps.at(&self.zero, stamp).filter(fits)
        })?;
        Some(Ns(at.min(after.0)))
    }

    pub(crate) fn wrote(&self, before: Ns) {
        let after = self.now();
        let mut state = self.state.borrow_mut();
        state.first_write.get_or_insert(before);
        state.last_write = Some(after);
        state.flushed = false;
    }

    pub(crate) fn flushed(&self) {
        let mut state = self.state.borrow_mut();
        state.flushed = state.first_write.is_some();
    }

    /// Bytes for HTTP came out. Reads before the first of them (session tickets
    /// of TLS) carried no part of the answer, except the one that completed it.
    pub(crate) fn answering(&self) {
        let mut state = self.state.borrow_mut();
        if !std::mem::replace(&mut state.answering, true) {
            let last = state.reads.len().saturating_sub(1);
            state.reads.drain(..last);
        }
    }

    /// The latest read: its number within the attempt, when it was done, and whether it ended
    /// within something that is still to come (a record of TLS, a chunk of HTTP).
    ///
    /// hyper reads no further while a body frame waits to be taken (its channel
    /// holds one frame), so right after a frame was taken this is the read that
    /// completed it.
    pub(crate) fn latest(&self) -> Latest {
        let state = self.state.borrow();
        let number = state.taken + state.reads.len() as u32;
        let after = state.latest.unwrap_or_else(|| self.now());
        Latest { read: number.saturating_sub(1), at: after, open: state.open }
    }

    /// Takes the reads since the last call. Where segments came out of order meanwhile their
    /// stamps can be those of later segments that waited: such reads have none.
    pub(crate) fn take(&self) -> Vec<Read> {
        let order = self.order();
        let mut state = self.state.borrow_mut();
        state.taken += state.reads.len() as u32;
        let mut reads = std::mem::take(&mut state.reads);
        let grew = order.is_some_and(|seen| std::mem::replace(&mut state.order.seen, seen) != seen);
        if grew || state.order.open {
            for read in &mut reads {
                (read.kernel, read.drained) = (None, false);
            }
        }
        state.order.open = grew || (state.order.open && reads.is_empty());
        reads
    }

    #[cfg(target_os = "linux")]
    fn order(&self) -> Option<u32> {
        let stream = self.stream.borrow().upgrade()?;
        self.stamps.out_of_order(&*stream.borrow())
    }

    #[cfg(not(target_os = "linux"))]
    fn order(&self) -> Option<u32> {
        self.stream.borrow().upgrade().and(None)
    }

    /// How many reads wait to be taken.
    pub(crate) fn waiting(&self) -> usize {
        self.state.borrow().reads.len()
    }

    /// How many reads there were.
    pub(crate) fn count(&self) -> u32 {
        let state = self.state.borrow();
        state.taken + state.reads.len() as u32
    }

    pub(crate) fn began_to_answer(&self) -> bool {
        self.state.borrow().answering
    }

    pub(crate) fn first_write(&self) -> Option<Ns> {
        self.state.borrow().first_write
    }

    /// When the last byte of the request was handed over, once it was.
    pub(crate) fn request_end(&self) -> Option<Ns> {
        let state = self.state.borrow();
        state.last_write.filter(|_| state.flushed)
    }

    pub(crate) fn eof(&self) -> Option<Ns> {
        self.state.borrow().eof
    }
}

/// The read that completed what hyper just gave.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latest {
    /// Its number within the attempt.
    pub(crate) read: u32,
    /// When it was done.
    pub(crate) at: Ns,
    /// Whether its last bytes belong to something that is still to come.
    pub(crate) open: bool,
}

/// A TCP stream that stamps.
pub(crate) struct Socket {
    stream: Rc<RefCell<TcpStream>>,
    log: Rc<Log>,
    /// Whether the kernel stamps what comes.
    is_stamped: bool,
    /// Under TLS, where its records end.
    records: Option<Records>,
}

/// Looks at a socket without reading from it.
#[derive(Clone)]
pub(crate) struct Peek(Rc<RefCell<TcpStream>>);

impl Peek {
    /// Whether nothing waits to be read: neither bytes nor the end of the
    /// connection nor an error. Asks the kernel, since the runtime may not have
    /// heard of it yet.
    pub(crate) fn is_quiet(&self) -> bool {
        let stream = self.0.borrow();
        let mut byte = [0u8; 1];
        let got = rustix::net::recv(&*stream, &mut byte, RecvFlags::PEEK);
        matches!(got, Err(e) if e == rustix::io::Errno::WOULDBLOCK || e == rustix::io::Errno::AGAIN)
    }
}

impl Socket {
    pub(crate) fn new(stream: TcpStream, log: Rc<Log>) -> Self {
        let is_stamped = enable(log.stamps, &stream);
        let stream = Rc::new(RefCell::new(stream));
        if is_stamped {
            *log.stream.borrow_mut() = Rc::downgrade(&stream);
        }
        Self { stream, log, is_stamped, records: None }
    }

    /// The same under TLS.
    pub(crate) fn under_tls(stream: TcpStream, log: Rc<Log>) -> Self {
        Self { records: Some(Records::default()), ..Self::new(stream, log) }
    }

    pub(crate) fn peek(&self) -> Peek {
        Peek(Rc::clone(&self.stream))
    }

    fn written<T>(&self, before: Ns, done: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Ok(_)) = done {
            self.log.wrote(before);
        }
        done
    }
}

#[cfg(target_os = "linux")]
fn enable(stamps: &Stamps, stream: &TcpStream) -> bool {
    stamps.enable(stream)
}

#[cfg(not(target_os = "linux"))]
fn enable(_: &Stamps, _: &TcpStream) -> bool {
    false
}

/// One read with the kernel's stamp.
///
/// A read that left room emptied the socket: saying `WouldBlock` then makes the runtime wait for
/// the next edge without another call into the kernel. The end of the connection is no edge of
/// its own when it came with the bytes; the runtime keeps it as readiness that saying so does
/// not clear.
#[cfg(target_os = "linux")]
fn poll_stamped(
    stamps: &Stamps,
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<Received>> {
    use tokio::io::Interest;
    loop {
        std::task::ready!(stream.poll_read_ready(cx))?;
        let got = Cell::new(None);
        let done = stream.try_io(Interest::READABLE, || {
            let received = stamps.receive(stream, buf)?;
            got.set(Some(received));
            match received.bytes {
                bytes if bytes > 0 && bytes < buf.remaining() => Err(io::ErrorKind::WouldBlock.into()),
                _ => Ok(()),
            }
        });
        match (got.get(), done) {
            (Some(received), _) => return Poll::Ready(Ok(received)),
            (None, Err(e)) if e.kind() == io::ErrorKind::WouldBlock => {}
            (None, done) => return Poll::Ready(done.map(|()| Received { bytes: 0, stamp: None })),
        }
    }
}
impl Socket {
    /// Reads, with the kernel's stamp where there is one.
    fn receive(&self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Received>> {
        let mut stream = self.stream.borrow_mut();
        #[cfg(target_os = "linux")]
        if self.is_stamped {
            return poll_stamped(self.log.stamps, &stream, cx, buf);
        }
        let held = buf.filled().len();
        let done = Pin::new(&mut *stream).poll_read(cx, buf);
        done.map_ok(|()| Received { bytes: buf.filled().len() - held, stamp: None })
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (room, held) = (buf.remaining(), buf.filled().len());
        let before = self.log.now();
        let got = std::task::ready!(self.receive(cx, buf))?;
        let bytes = &buf.filled()[held..];
        let open = match &mut self.records {
            Some(records) => records.is_open_after(bytes),
            None => is_open_chunk(bytes),
        };
        self.log.read(before, got, room, open);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let before = self.log.now();
        let done = Pin::new(&mut *self.stream.borrow_mut()).poll_write(cx, bytes);
        self.written(before, done)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let before = self.log.now();
        let done = Pin::new(&mut *self.stream.borrow_mut()).poll_write_vectored(cx, parts);
        self.written(before, done)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(cx)
    }
}

/// What hyper reads from and writes to.
pub(crate) struct Wire {
    io: Io,
    log: Rc<Log>,
}

enum Io {
    Plain(Socket),
    Tls(Box<TlsStream<Socket>>),
}

impl Wire {
    pub(crate) fn plain(socket: Socket) -> Self {
        let log = Rc::clone(&socket.log);
        let io = Io::Plain(socket);
        Self { io, log }
    }

    pub(crate) fn tls(stream: TlsStream<Socket>) -> Self {
        let log = Rc::clone(&stream.get_ref().0.log);
        let io = Io::Tls(Box::new(stream));
        Self { io, log }
    }

    pub(crate) fn log(&self) -> Rc<Log> {
        Rc::clone(&self.log)
    }

    /// What TLS agreed on in place of HTTP/2, where it did.
    pub(crate) fn not_http2(&self) -> Option<String> {
        let Io::Tls(stream) = &self.io else { return None };
        match stream.get_ref().1.alpn_protocol() {
            Some(b"h2") => None,
            Some(other) => Some(String::from_utf8_lossy(other).into_owned()),
            None => Some("nothing".to_owned()),
        }
    }

    pub(crate) fn peek(&self) -> Peek {
        match &self.io {
            Io::Plain(socket) => socket.peek(),
            Io::Tls(stream) => stream.get_ref().0.peek(),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let held = buf.filled().len();
        let done = match &mut self.io {
            Io::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Io::Tls(s) => Pin::new(s).poll_read(cx, buf),
        };
        if buf.filled().len() > held {
            self.log.answering();
        }
        done
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(s) => Pin::new(s).poll_write(cx, bytes),
            Io::Tls(s) => Pin::new(s).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.io {
            Io::Plain(s) => Pin::new(s).poll_write_vectored(cx, parts),
            Io::Tls(s) => Pin::new(s).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.io {
            Io::Plain(s) => s.is_write_vectored(),
            Io::Tls(s) => s.is_write_vectored(),
        }
    }

    /// hyper flushes when it has nothing left to write: the request is out then.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = match &mut self.io {
            Io::Plain(s) => Pin::new(s).poll_flush(cx),
            Io::Tls(s) => Pin::new(s).poll_flush(cx),
        };
        if let Poll::Ready(Ok(())) = done {
            self.log.flushed();
        }
        done
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.io {
            Io::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Io::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
