//! One attempt over HTTP: connection, request, head, body, limits.
//!
//! Main function: [`exchange`]. Must not parse JSON, and hands bytes on as they come.

use crate::failure::{Failure, classify};
use crate::framing::Alive;
use crate::head;
use crate::http::HttpTarget;
use crate::seam::{Attempt, End, Segment, Tap};
use crate::transport::fill::Fill;
use crate::transport::pool::Connection;
use crate::transport::socket::Log;
use acidtest_record::{Cause, Head, Limits, Mark, MarkName, Ns, Stage};
use bytes::Bytes;
use http::HeaderMap;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::{Request, Response};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};

/// Most bytes of a body that is no answer (error statuses, HTML).
const MAX_REFUSED: u64 = 64 << 10;
/// Most socket reads of one attempt: more than any honest answer needs.
const MAX_READS: u32 = 1 << 20;
/// How long a pooled connection may take to be free again after its last answer.
const MAX_READY: Duration = Duration::from_secs(1);

/// The limits of an attempt as durations.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) connect: Ns,
    pub(crate) first_byte: Ns,
    pub(crate) gap: Ns,
    pub(crate) total: Ns,
    pub(crate) body: u64,
}

impl Times {
    pub(crate) fn of(limits: &Limits) -> Self {
        // About three years: longer than any run, and far from overflow.
        let ns = |s: f64| Ns((s.clamp(0.0, 1e8) * 1e9) as i64);
        Self {
            connect: ns(limits.connect_s),
            first_byte: ns(limits.first_byte_s),
            gap: ns(limits.gap_s),
            total: ns(limits.total_s),
            body: limits.body_bytes,
        }
    }
}

/// Statuses whose bodies are kept from the tap, since the request will be sent again.
pub(crate) struct Withheld<'a> {
    statuses: &'a [u16],
    came: Cell<bool>,
}

impl<'a> Withheld<'a> {
    pub(crate) fn new(statuses: &'a [u16]) -> Self {
        Self { statuses, came: Cell::new(false) }
    }

    /// Whether one of them came.
    pub(crate) fn came(&self) -> bool {
        self.came.get()
    }
}

/// A tap that is closed when a withheld status came.
struct Valve<'a> {
    tap: &'a mut dyn Tap,
    withheld: Option<&'a Withheld<'a>>,
}

impl Tap for Valve<'_> {
    fn segment(&mut self, segment: Segment) {
        if !self.withheld.is_some_and(Withheld::came) {
            self.tap.segment(segment);
        }
    }
}

/// Makes one attempt; gives all headers of the response beside it, which no record keeps.
pub(crate) async fn exchange(
    target: &HttpTarget,
    request: Request<Full<Bytes>>,
    withheld: Option<&Withheld<'_>>,
    tap: &mut dyn Tap,
) -> (Attempt, HeaderMap) {
    let mut trip = Trip::new(target, withheld);
    let mut valve = Valve { tap, withheld };
    let end = match trip.run(request, &mut valve).await {
        Ok(()) => End::Complete,
        Err(failure) => failure.into_end(&target.mask),
    };
    let log = trip.log.as_deref();
    let attempt = Attempt {
        started: trip.started,
        sent: log.and_then(Log::first_write),
        sent_end: log.and_then(Log::request_end),
        body_end: trip.body_end,
        ended: trip.now(),
        marks: trip.marks,
        head: trip.head,
        connection: trip.connection,
        reused: trip.reused,
        end,
    };
    (attempt, trip.headers)
}

/// What is known of an attempt while it runs.
struct Trip<'t> {
    target: &'t HttpTarget,
    withheld: Option<&'t Withheld<'t>>,
    headers: HeaderMap,
    started: Ns,
    marks: Vec<Mark>,
    log: Option<Rc<Log>>,
    head: Option<Head>,
    body_end: Option<Ns>,
    connection: u32,
    reused: bool,
}

/// A request that brought no response.
enum Unanswered {
    /// No byte of it was written: it may go out on another connection.
    Unsent(Box<Request<Full<Bytes>>>, Failure),
    Failed(Failure),
}

impl<'t> Trip<'t> {
    fn new(target: &'t HttpTarget, withheld: Option<&'t Withheld<'t>>) -> Self {
        Self {
            target,
            withheld,
            headers: HeaderMap::new(),
            started: Ns(target.zero.now()),
            marks: Vec::new(),
            log: None,
            head: None,
            body_end: None,
            connection: 0,
            reused: false,
        }
    }

    fn now(&self) -> Ns {
        Ns(self.target.zero.now())
    }

    fn instant(&self, at: Ns) -> Instant {
        Instant::from_std(self.target.zero.instant(at.0))
    }

    fn mark(&mut self, name: MarkName) {
        let at = self.now();
        self.marks.push(Mark { name, at });
    }

    /// When the whole attempt is over at the latest.
    fn total_due(&self) -> Ns {
        self.started + self.target.times.total
    }

    async fn run(&mut self, mut request: Request<Full<Bytes>>, tap: &mut dyn Tap) -> Result<(), Failure> {
        let sleep = sleep_until(self.instant(self.total_due()));
        tokio::pin!(sleep);
        loop {
            let mut connection = self.connection().await?;
            let log = Rc::clone(&connection.log);
            log.begin();
            self.log = Some(Rc::clone(&log));
            self.connection = connection.number;
            self.reused = connection.served;
            let mut fill = Fill::new(&mut *tap, log);
            match self.head(&mut connection, request, sleep.as_mut()).await {
                Ok(response) => {
                    let refusal = self.answer(response, &mut fill, sleep.as_mut()).await?;
                    self.target.pool.put(connection);
                    return refusal.map_or(Ok(()), Err);
                }
                Err(Unanswered::Unsent(unsent, _)) if connection.served => request = *unsent,
                Err(Unanswered::Unsent(_, failure) | Unanswered::Failed(failure)) => {
                    return Err(failure);
                }
            }
        }
    }

    /// A pooled connection that is free, or a new one.
    async fn connection(&mut self) -> Result<Connection, Failure> {
        while let Some(mut connection) = self.target.pool.take() {
            if connection.sender.is_ready() {
                return Ok(connection);
            }
            self.mark(MarkName::QueueStart);
            let limit = self.instant(self.total_due()).min(Instant::now() + MAX_READY);
            let ready = timeout_at(limit, connection.sender.ready()).await;
            self.mark(MarkName::QueueEnd);
            if let Ok(Ok(())) = ready {
                return Ok(connection);
            }
        }
        let due = self.total_due().min(self.now() + self.target.times.connect);
        let deadline = self.instant(due);
        self.target.pool.open(&mut self.marks, deadline).await
    }

    /// Sends the request and waits for the response head.
    async fn head(
        &mut self,
        connection: &mut Connection,
        request: Request<Full<Bytes>>,
        mut sleep: Pin<&mut Sleep>,
    ) -> Result<Response<Incoming>, Unanswered> {
        let log = Rc::clone(&connection.log);
        let sending = connection.sender.try_send_request(request);
        tokio::pin!(sending);
        loop {
            sleep.as_mut().reset(self.instant(self.head_due(&log)));
            let next = step(|cx| sending.as_mut().poll(cx), sleep.as_mut()).await;
            match next {
                Step::Done(Ok(response)) => return Ok(response),
                Step::Done(Err(mut error)) => {
                    let unsent = error.take_message();
                    let mut failure = classify(error.error(), head_stage(&log), log.began_to_answer());
                    if connection.served {
                        failure.detail.push_str(" (on a connection kept alive)");
                    }
                    return Err(match unsent {
                        Some(request) => Unanswered::Unsent(Box::new(request), failure),
                        None => Unanswered::Failed(failure),
                    });
                }
                Step::Timer => self.head_in_time(&log).map_err(Unanswered::Failed)?,
            }
        }
    }

    /// When to look at the clock again while waiting for the head. Nobody tells
    /// when the request's last byte is out, so until then it is looked at often.
    fn head_due(&self, log: &Log) -> Ns {
        let first_byte = self.target.times.first_byte;
        let due = match log.request_end() {
            Some(end) => end + first_byte,
            None => self.now() + Ns((first_byte.0 / 8).max(5_000_000)),
        };
        due.min(self.total_due())
    }

    fn head_in_time(&self, log: &Log) -> Result<(), Failure> {
        let now = self.now();
        let stage = head_stage(log);
        let fail = |what: String| Err(Failure::new(stage, Cause::Timeout, what));
        if now >= self.total_due() {
            return fail(format!("total limit of {}", words(self.target.times.total)));
        }
        let first_byte = self.target.times.first_byte;
        match log.request_end() {
            Some(end) if now >= end + first_byte => {
                fail(format!("no response head within the first-byte limit of {}", words(first_byte)))
            }
            _ => Ok(()),
        }
    }

    /// Reads the response to its end. Under a head that is no answer, the body is
    /// read only so that the record shows it and the connection can be used again;
    /// then the refusal is returned beside the whole body.
    async fn answer(
        &mut self,
        response: Response<Incoming>,
        fill: &mut Fill<'_>,
        sleep: Pin<&mut Sleep>,
    ) -> Result<Option<Failure>, Failure> {
        let log = self.log.clone().expect("a response came over a connection");
        let (parts, body) = response.into_parts();
        let at = log.latest().at;
        let name = MarkName::Head;
        self.marks.push(Mark { name, at });
        self.head = Some(head::kept(&parts, &self.target.mask));
        let refusal = head::judge(&parts);
        if let Some(withheld) = self.withheld {
            withheld.came.set(withheld.statuses.contains(&parts.status.as_u16()));
        }
        let times = self.target.times;
        let first = log.request_end().unwrap_or(at) + times.first_byte;
        let mut watch = Watch {
            scanner: head::framing(&parts.headers).map(Alive::new),
            gap: times.gap,
            gap_due: first.max(at + times.gap),
            total: times.total,
            total_due: self.total_due(),
            bytes: 0,
            limit: if refusal.is_some() { MAX_REFUSED } else { times.body },
        };
        let read = self.body(body, &log, &mut watch, fill, sleep).await;
        if read.is_ok() {
            self.body_end = match log.eof() {
                Some(eof) if head::ends_with_connection(&parts.headers) => Some(eof),
                _ => Some(log.latest().at),
            };
        }
        self.headers = parts.headers;
        match (read, refusal) {
            (Ok(()), refusal) => Ok(refusal),
            (Err(_), Some(refusal)) => Err(refusal),
            (Err(failure), None) => Err(failure),
        }
    }

    async fn body(
        &self,
        mut body: Incoming,
        log: &Log,
        watch: &mut Watch,
        fill: &mut Fill<'_>,
        mut sleep: Pin<&mut Sleep>,
    ) -> Result<(), Failure> {
        let mut armed = Ns(i64::MIN);
        loop {
            // The timer is moved only when it would fire too late: an early
            // alarm costs less than moving it at every event.
            let due = watch.due(fill);
            if due < armed || armed == Ns(i64::MIN) {
                sleep.as_mut().reset(self.instant(due));
                armed = due;
            }
            let next = step(|cx| Pin::new(&mut body).poll_frame(cx), sleep.as_mut()).await;
            // Before anything else: no other task has run since the frame was taken.
            let latest = log.latest();
            match next {
                Step::Done(Some(Ok(frame))) => {
                    let Ok(data) = frame.into_data() else {
                        continue;
                    };
                    fill.push(&data, latest);
                    watch.saw(&data, latest.at)?;
                    if log.count() > MAX_READS {
                        let detail = format!("more than {MAX_READS} reads of the socket");
                        return Err(Failure::new(Stage::Body, Cause::TooLarge, detail));
                    }
                }
                Step::Done(Some(Err(error))) => {
                    return Err(classify(&error, Stage::Body, log.began_to_answer()));
                }
                Step::Done(None) => return Ok(()),
                Step::Timer => {
                    armed = Ns(i64::MIN);
                    let now = self.now();
                    fill.hand_over_if_due(now);
                    watch.in_time(now)?;
                }
            }
        }
    }
}

fn head_stage(log: &Log) -> Stage {
    match log.request_end() {
        Some(_) => Stage::Head,
        None => Stage::Send,
    }
}

/// The limits while a body comes.
struct Watch {
    /// Finds events; without one every byte counts as a sign of life.
    scanner: Option<Alive>,
    gap: Ns,
    gap_due: Ns,
    total: Ns,
    total_due: Ns,
    bytes: u64,
    limit: u64,
}

impl Watch {
    fn due(&self, fill: &Fill<'_>) -> Ns {
        let due = self.gap_due.min(self.total_due);
        fill.due().map_or(due, |f| f.min(due))
    }

    fn saw(&mut self, data: &[u8], at: Ns) -> Result<(), Failure> {
        self.bytes += data.len() as u64;
        if self.bytes > self.limit {
            let detail = format!("body is larger than our limit of {} bytes", self.limit);
            return Err(Failure::new(Stage::Body, Cause::TooLarge, detail));
        }
        let alive = match &mut self.scanner {
            Some(scanner) => scanner.feed(data),
            None => true,
        };
        if alive {
            self.gap_due = at + self.gap;
        }
        self.in_time(at)
    }

    fn in_time(&self, now: Ns) -> Result<(), Failure> {
        if now >= self.total_due {
            let detail = format!("total limit of {}", words(self.total));
            return Err(Failure::new(Stage::Body, Cause::Timeout, detail));
        }
        if now >= self.gap_due {
            let detail = format!("no event within the gap limit of {}", words(self.gap));
            return Err(Failure::new(Stage::Body, Cause::Stalled, detail));
        }
        Ok(())
    }
}

pub(crate) fn words(limit: Ns) -> String {
    format!("{} s", limit.secs())
}

pub(crate) enum Step<T> {
    Done(T),
    Timer,
}

/// Waits for what is polled or for the timer, the former first.
pub(crate) async fn step<T>(
    mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    mut sleep: Pin<&mut Sleep>,
) -> Step<T> {
    poll_fn(move |cx| {
        if let Poll::Ready(done) = poll(cx) {
            return Poll::Ready(Step::Done(done));
        }
        sleep.as_mut().poll(cx).map(|()| Step::Timer)
    })
    .await
}
