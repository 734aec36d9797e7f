//! HTTP/2: so many connections, each with so many streams at a time.
//!
//! Main types: [`Streams`], the connections to one address, and [`Lease`], the right
//! to one stream. A request that finds no free stream waits in line, and its record
//! says so. Flow-control windows are so large that we never hold a server back, and
//! what was taken is given back at once. Must not resend what a server may have seen.

use crate::failure::Failure;
use crate::transport::dial::Dial;
use crate::transport::lane::{Flow, Refused};
use crate::transport::socket::Peek;
use crate::transport::tap::{FrameTap, Shared, StreamLog};
use acidtest_record::{Cause, Http2, Mark, MarkName, Ns, Stage};
use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::header::{self, HeaderValue};
use http::{Request, Response, Uri, Version};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

/// Bytes of a body that a server may send ahead of us, for each stream …
const STREAM_WINDOW: u32 = 16 << 20;
/// … and for each connection.
const CONNECTION_WINDOW: u32 = 64 << 20;
/// Largest frame that we take: RFC 9113's own default, and every server's.
const MAX_FRAME: u32 = 16 << 10;
/// Largest response head.
const MAX_HEAD: u32 = 64 << 10;
/// Streams that we gave up and for which a server may still send.
const MAX_RESET: usize = 4096;
/// Most connections to one address.
const MAX_CONNECTIONS: u32 = 16_384;

/// One connection.
struct Conn {
    sender: SendRequest<Bytes>,
    shared: Rc<Shared>,
    peek: Peek,
    number: u32,
    /// Streams that are open or promised.
    active: Cell<u32>,
    /// Requests that were given to it.
    started: Cell<u32>,
    alive: Cell<bool>,
}

/// The connections to one address.
pub(crate) struct Streams {
    dial: Dial,
    origin: String,
    plan: Http2,
    /// Connections that this thread may open: its share of the plan's.
    share: Cell<Option<u32>>,
    most_requests: Option<u32>,
    zero: acidtest_clock::Zero,
    line: RefCell<Line>,
    me: Weak<Streams>,
}

#[derive(Default)]
struct Line {
    open: Vec<Rc<Conn>>,
    opening: u32,
    opened: u32,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// What a request in line hears.
enum Turn {
    /// A stream is free for it.
    Go(Lease),
    /// It may open a connection.
    Open,
}

/// What a request may do.
enum Next {
    Go(Lease),
    Open(Opening),
    Wait(oneshot::Receiver<Turn>),
}

/// The right to one stream of a connection.
pub(crate) struct Lease {
    streams: Rc<Streams>,
    conn: Rc<Conn>,
    /// Whether the connection had been given a request before.
    pub(crate) reused: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.conn.active.set(self.conn.active.get() - 1);
        if self.streams.is_over(&self.conn) {
            self.streams.forget(&self.conn);
        }
        self.streams.call();
    }
}

/// A connection is being opened.
struct Opening(Rc<Streams>);

impl Drop for Opening {
    fn drop(&mut self) {
        self.0.line.borrow_mut().opening -= 1;
        self.0.call();
    }
}

impl Streams {
    pub(crate) fn new(
        dial: Dial,
        origin: String,
        plan: Http2,
        most_requests: Option<u32>,
        zero: acidtest_clock::Zero,
    ) -> Rc<Self> {
        Rc::new_cyclic(|me| Self {
            dial,
            origin,
            plan,
            share: Cell::new(plan.connections),
            most_requests,
            zero,
            line: RefCell::default(),
            me: me.clone(),
        })
    }

    /// Takes the share of one of `of` threads of the planned connections; at least one.
    pub(crate) fn set_share(&self, no: u16, of: u16) {
        let (no, of) = (u32::from(no), u32::from(of.max(1)));
        self.share.set(self.plan.connections.map(|n| (n / of + u32::from(no < n % of)).max(1)));
    }

    fn me(&self) -> Rc<Self> {
        self.me.upgrade().expect("who asks holds it")
    }

    /// A stream, waiting in line until one is free.
    pub(crate) async fn lease(
        &self,
        marks: &mut Vec<Mark>,
        due: Instant,
        connect_due: &dyn Fn() -> Instant,
    ) -> Result<Lease, Failure> {
        loop {
            match self.next() {
                Next::Go(lease) if lease.conn.active.get() == 1 && !lease.conn.peek.is_quiet() => {
                    // Its end may wait to be read; the task that reads it goes first.
                    tokio::task::yield_now().await;
                    tokio::task::yield_now().await;
                    if lease.conn.alive.get() {
                        return Ok(lease);
                    }
                }
                Next::Go(lease) => return Ok(lease),
                Next::Open(opening) => return self.open(opening, marks, connect_due()).await,
                Next::Wait(turn) => {
                    self.mark(marks, MarkName::QueueStart);
                    let turn = timeout_at(due, turn).await;
                    self.mark(marks, MarkName::QueueEnd);
                    match turn {
                        Ok(Ok(Turn::Go(lease))) => return Ok(lease),
                        Ok(_) => {}
                        Err(_) => {
                            let what = "no stream of a connection was free within the total limit";
                            return Err(Failure::new(Stage::Connect, Cause::Timeout, what));
                        }
                    }
                }
            }
        }
    }

    fn mark(&self, marks: &mut Vec<Mark>, name: MarkName) {
        marks.push(Mark { name, at: Ns(self.zero.now()) });
    }

    fn next(&self) -> Next {
        let mut line = self.line.borrow_mut();
        line.waiting.retain(|w| !w.is_closed());
        if self.may_open(&line, true) && self.share.get().is_some() && self.idle(&line).is_none() {
            line.opening += 1;
            return Next::Open(Opening(self.me()));
        }
        if let Some(conn) = self.free(&line) {
            return Next::Go(self.give(conn));
        }
        if self.may_open(&line, true) {
            line.opening += 1;
            return Next::Open(Opening(self.me()));
        }
        let (tell, turn) = oneshot::channel();
        line.waiting.push_back(tell);
        Next::Wait(turn)
    }

    /// Most streams of a connection: before the server said what it allows, one.
    fn most(&self, conn: &Conn) -> u32 {
        if !conn.shared.settled() {
            return 1;
        }
        let allowed = u32::try_from(conn.sender.current_max_send_streams()).unwrap_or(u32::MAX);
        self.plan.streams.min(allowed)
    }

    /// Whether it takes no more requests.
    fn is_over(&self, conn: &Conn) -> bool {
        !conn.alive.get() || self.most_requests.is_some_and(|most| conn.started.get() >= most)
    }

    /// Lets go of a connection; it is closed when its last stream ends.
    fn forget(&self, conn: &Rc<Conn>) {
        self.line.borrow_mut().open.retain(|c| !Rc::ptr_eq(c, conn));
    }

    fn has_room(&self, conn: &Conn) -> bool {
        !self.is_over(conn) && conn.active.get() < self.most(conn)
    }

    /// The connection with the fewest streams that may have another.
    fn free(&self, line: &Line) -> Option<Rc<Conn>> {
        line.open.iter().filter(|c| self.has_room(c)).min_by_key(|c| c.active.get()).cloned()
    }

    fn idle(&self, line: &Line) -> Option<Rc<Conn>> {
        self.free(line).filter(|c| c.active.get() == 0)
    }

    /// Whether another connection may be opened. Without a planned number one is opened
    /// only where those that are being opened will not do for who waits (and, where
    /// `one_more`, for one who does not wait yet).
    fn may_open(&self, line: &Line, one_more: bool) -> bool {
        let open = line.open.iter().filter(|c| c.alive.get()).count() as u32 + line.opening;
        match self.share.get() {
            Some(most) => open < most,
            None => {
                let unsettled =
                    line.open.iter().filter(|c| c.alive.get() && !c.shared.settled()).count() as u32;
                let streams = self.plan.streams.min(self.most_requests.unwrap_or(u32::MAX));
                let coming = u64::from(line.opening + unsettled) * u64::from(streams);
                let taken: u64 = u64::from(line.opening + unsettled);
                let wanting = line.waiting.len() as u64 + u64::from(one_more);
                open < MAX_CONNECTIONS && wanting > coming.saturating_sub(taken)
            }
        }
    }

    fn give(&self, conn: Rc<Conn>) -> Lease {
        conn.active.set(conn.active.get() + 1);
        let reused = conn.started.replace(conn.started.get() + 1) > 0;
        Lease { streams: self.me(), conn, reused }
    }

    /// Calls those in line whose turn it is.
    fn call(&self) {
        loop {
            let mut line = self.line.borrow_mut();
            while line.waiting.front().is_some_and(oneshot::Sender::is_closed) {
                line.waiting.pop_front();
            }
            if line.waiting.is_empty() {
                return;
            }
            let turn = match self.free(&line) {
                Some(conn) => Turn::Go(self.give(conn)),
                None if self.may_open(&line, false) => Turn::Open,
                None => return,
            };
            let is_last = matches!(turn, Turn::Open);
            let waiter = line.waiting.pop_front();
            drop(line);
            if let Some(waiter) = waiter {
                // Nobody else runs between the look above and this: it is still there.
                drop(waiter.send(turn));
            }
            if is_last {
                return;
            }
        }
    }

    /// Opens a connection and takes its first stream.
    async fn open(
        &self,
        opening: Opening,
        marks: &mut Vec<Mark>,
        deadline: Instant,
    ) -> Result<Lease, Failure> {
        let wire = self.dial.open(marks, deadline).await?;
        if let Some(other) = wire.not_http2() {
            let what = format!("the server does not offer HTTP/2 over TLS: ALPN chose {other}");
            return Err(Failure::new(Stage::Tls, Cause::Malformed, what));
        }
        let peek = wire.peek();
        let shared = Shared::new(self.zero, wire.log());
        let shaken = Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_frame_size(MAX_FRAME)
            .max_header_list_size(MAX_HEAD)
            .max_concurrent_reset_streams(MAX_RESET)
            .initial_max_send_streams(self.plan.streams as usize)
            .enable_push(false)
            .handshake::<_, Bytes>(FrameTap::new(wire, Rc::clone(&shared)));
        let (sender, connection) = timeout_at(deadline, shaken)
            .await
            .map_err(|_| {
                Failure::new(Stage::Connect, Cause::Timeout, "HTTP/2 not begun within the connect limit")
            })?
            .map_err(|e| classify(&e, Stage::Connect, false, &shared))?;
        let mut line = self.line.borrow_mut();
        line.opened += 1;
        let conn = Rc::new(Conn {
            sender,
            shared,
            peek,
            number: line.opened,
            active: Cell::new(0),
            started: Cell::new(0),
            alive: Cell::new(true),
        });
        line.open.push(Rc::clone(&conn));
        drop(line);
        tokio::task::spawn_local(drive(connection, Rc::downgrade(&conn), self.me.clone()));
        let lease = self.give(conn);
        drop(opening);
        Ok(lease)
    }
}

/// Reads and writes for all streams of a connection until it ends.
async fn drive(
    connection: h2::client::Connection<FrameTap, Bytes>,
    conn: Weak<Conn>,
    streams: Weak<Streams>,
) {
    let mut connection = pin!(connection);
    // Its errors reach the attempts through their streams.
    let _ = poll_fn(|cx| {
        let done = connection.as_mut().poll(cx);
        if let Some(streams) = streams.upgrade() {
            // What the server allows may have changed.
            streams.call();
        }
        done
    })
    .await;
    if let Some(conn) = conn.upgrade() {
        conn.alive.set(false);
        if let Some(streams) = streams.upgrade() {
            streams.forget(&conn);
        }
    }
    if let Some(streams) = streams.upgrade() {
        streams.call();
    }
}

/// A request that was handed to a connection.
pub(crate) struct Asked {
    pub(crate) trace: Rc<StreamLog>,
    response: ResponseFuture,
    body: SendStream<Bytes>,
    shared: Rc<Shared>,
    request: Request<Bytes>,
}

impl Lease {
    pub(crate) fn number(&self) -> u32 {
        self.conn.number
    }

    /// Hands a request to the connection.
    pub(crate) fn ask(&self, request: Request<Bytes>) -> Result<Asked, Refused> {
        let conn = &self.conn;
        let mut sender = conn.sender.clone();
        let head = match head(&self.streams.origin, &request) {
            Ok(head) => head,
            Err(why) => return Err(Refused::failed(Failure::new(Stage::Send, Cause::Client, why))),
        };
        let body = request.body().clone();
        let lost = |e: &h2::Error| {
            // Nothing was sent: the connection was going away.
            conn.alive.set(false);
            classify(e, Stage::Send, false, &conn.shared)
        };
        let (response, mut stream) = match sender.send_request(head, body.is_empty()) {
            Ok(sent) => sent,
            Err(e) => return Err(Refused::unsent(request, lost(&e))),
        };
        let trace = Rc::new(conn.shared.open(response.stream_id().as_u32()));
        if !body.is_empty()
            && let Err(e) = stream.send_data(body, true)
        {
            return Err(Refused::unsent(request, lost(&e)));
        }
        Ok(Asked { trace, response, body: stream, shared: Rc::clone(&conn.shared), request })
    }
}

impl Asked {
    /// Waits for the response head.
    pub(crate) async fn response(self) -> Result<Response<Flow>, Refused> {
        use crate::transport::trace::Trace;
        let Self { trace, response, body, shared, request } = self;
        match response.await {
            Ok(response) => {
                Ok(response.map(|received| Flow::Two(Incoming { received, _sending: body, shared, trace })))
            }
            Err(e) => {
                let stage = if trace.request_end().is_some() { Stage::Head } else { Stage::Send };
                let failure = classify(&e, stage, trace.began_to_answer(), &shared);
                // RFC 9113, 6.8: the server was closing and says that it did nothing with it. A stream
                // that it refuses is another matter: that is its answer.
                let away = e.is_remote() && e.is_go_away() && e.reason() == Some(Reason::NO_ERROR);
                Err(match away && !trace.began_to_answer() {
                    true => Refused::unsent(request, failure),
                    false => Refused::failed(failure),
                })
            }
        }
    }
}

/// The head as HTTP/2 has it: the address within the URI, none of the connection's own fields.
fn head(origin: &str, request: &Request<Bytes>) -> Result<Request<()>, String> {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let uri: Uri = format!("{origin}{path}").parse().map_err(|e| format!("the path is not usable: {e}"))?;
    let mut head = Request::new(());
    *head.method_mut() = request.method().clone();
    *head.uri_mut() = uri;
    *head.version_mut() = Version::HTTP_2;
    *head.headers_mut() = request.headers().clone();
    let headers = head.headers_mut();
    for own in ["host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
        headers.remove(own);
    }
    let length = request.body().len();
    if length > 0 {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    Ok(head)
}

/// A body that comes.
pub(crate) struct Incoming {
    received: RecvStream,
    /// Held until the answer is over: letting go of it before would take the request back.
    _sending: SendStream<Bytes>,
    shared: Rc<Shared>,
    trace: Rc<StreamLog>,
}

impl Incoming {
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        use crate::transport::trace::Trace;
        match self.received.poll_data(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(bytes))) => {
                // It cannot fail: what is given back was taken.
                let _ = self.received.flow_control().release_capacity(bytes.len());
                Poll::Ready(Some(Ok(bytes)))
            }
            Poll::Ready(Some(Err(e))) => {
                // RFC 9113, 8.1: a whole answer may come before the request was read.
                if e.is_reset() && e.reason() == Some(Reason::NO_ERROR) && self.received.is_end_stream() {
                    return Poll::Ready(None);
                }
                let began = self.trace.began_to_answer();
                Poll::Ready(Some(Err(classify(&e, Stage::Body, began, &self.shared))))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }
}

/// Classes an error of HTTP/2. `began`: whether any byte of the answer had arrived.
fn classify(err: &h2::Error, stage: Stage, began: bool, shared: &Shared) -> Failure {
    let text = crate::failure::chain(err);
    if let Some(line) = shared.other_protocol() {
        let what = format!("not HTTP/2: the server began with '{line}'");
        return Failure::new(stage, Cause::Malformed, what);
    }
    if let Some(io) = err.get_io() {
        return match crate::failure::tls_error(io) {
            Some(tls) => Failure::new(stage, Cause::Tls, tls),
            None if shared.settled() => lost(stage, began, &text),
            // Servers of HTTP/1.1 often hang up at the first bytes of HTTP/2.
            None => lost(stage, began, &format!("{text} (it said nothing in HTTP/2: does it speak it?)")),
        };
    }
    if !err.is_remote() {
        return Failure::new(stage, Cause::Malformed, format!("HTTP/2 framing: {text}"));
    }
    let reason = err.reason().unwrap_or(Reason::INTERNAL_ERROR);
    let what = match err.is_go_away() {
        true => format!("the server gave up the connection (GOAWAY, {reason:?})"),
        false => format!("the server reset the stream ({reason:?})"),
    };
    match reason {
        Reason::REFUSED_STREAM | Reason::ENHANCE_YOUR_CALM => Failure::new(stage, Cause::Overloaded, what),
        Reason::HTTP_1_1_REQUIRED => Failure::new(stage, Cause::Malformed, what),
        _ => lost(stage, began, &what),
    }
}

fn lost(stage: Stage, began: bool, why: &str) -> Failure {
    match began {
        true => Failure::new(stage, Cause::Cut, format!("connection lost: {why}")),
        false => {
            let what = format!("connection lost before any byte of the answer: {why}");
            Failure::new(stage, Cause::Connect, what)
        }
    }
}
