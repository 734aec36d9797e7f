//! One attempt over HTTP: connection, request, head, body, limits.
//!
//! Main function: [`exchange`]. Must not parse JSON, and hands bytes on as they come.

use crate::failure::Failure;
use crate::framing::Alive;
use crate::head;
use crate::http::HttpTarget;
use crate::seam::{Attempt, End, Leave, Segment, Tap, Turn};
use crate::transport::fill::Fill;
use crate::transport::lane::{Flow, Lane, Refused, Responding};
use crate::transport::trace::Trace;
use acidtest_record::{Cause, Head, Limits, Mark, MarkName, Ns, Stage};
use bytes::Bytes;
use http::HeaderMap;
use hyper::{Request, Response};
use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep_until};

/// Most bytes of a body that is no answer (error statuses, HTML).
const MAX_REFUSED: u64 = 64 << 10;
/// Most socket reads of one attempt: more than any honest answer needs.
const MAX_READS: u32 = 1 << 20;
/// How often a request goes out on another connection after one that turned out closed.
const MAX_AGAIN: u32 = 4;

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
    request: Request<Bytes>,
    turn: Turn,
    withheld: Option<&Withheld<'_>>,
    tap: &mut dyn Tap,
) -> (Attempt, HeaderMap) {
    let mut trip = Trip::new(target, turn, withheld);
    let request = target.addressed(request, turn);
    let mut valve = Valve { tap, withheld };
    let end = match trip.run(request, &mut valve).await {
        Ok(()) => End::Complete,
        Err(failure) => trip.left_or(failure).into_end(&target.mask),
    };
    let trace = trip.trace.as_deref();
    let attempt = Attempt {
        started: trip.started,
        sent: trace.and_then(Trace::first_write),
        sent_end: trace.and_then(Trace::request_end),
        body_end: trip.body_end,
        ended: trip.now(),
        marks: trip.marks,
        head: trip.head,
        connection: trip.connection,
        reused: trip.reused,
        address: trip.address,
        end,
    };
    (attempt, trip.headers)
}

/// What is known of an attempt while it runs.
struct Trip<'t> {
    target: &'t HttpTarget,
    withheld: Option<&'t Withheld<'t>>,
    leave: Option<Leave>,
    headers: HeaderMap,
    started: Ns,
    marks: Vec<Mark>,
    trace: Option<Rc<dyn Trace>>,
    head: Option<Head>,
    body_end: Option<Ns>,
    connection: u32,
    reused: bool,
    address: u16,
}

impl<'t> Trip<'t> {
    fn new(target: &'t HttpTarget, turn: Turn, withheld: Option<&'t Withheld<'t>>) -> Self {
        Self {
            target,
            withheld,
            leave: turn.leave,
            headers: HeaderMap::new(),
            started: Ns(target.zero.now()),
            marks: Vec::new(),
            trace: None,
            head: None,
            body_end: None,
            connection: 0,
            reused: false,
            address: target.address_of(turn),
        }
    }

    fn now(&self) -> Ns {
        Ns(self.target.zero.now())
    }

    fn instant(&self, at: Ns) -> Instant {
        Instant::from_std(self.target.zero.instant(at.0))
    }

    /// When the whole attempt is over at the latest: by our limit, or since the client leaves.
    fn total_due(&self) -> Ns {
        let due = self.started + self.target.times.total;
        self.leave_due().map_or(due, |leave| leave.min(due))
    }

    fn leave_due(&self) -> Option<Ns> {
        match self.leave? {
            Leave::After(time) => Some(self.started + time),
            Leave::Events(_) => None,
        }
    }

    /// A limit that passed because the client was to leave then is no fault of the server's.
    fn left_or(&self, failure: Failure) -> Failure {
        let is_late = self.leave_due().is_some_and(|due| self.now() >= due);
        match (failure.cause, self.leave) {
            (Cause::Timeout | Cause::Stalled, Some(Leave::After(time))) if is_late => {
                let what = format!("given up after {} as planned", words(time));
                Failure::new(failure.stage, Cause::ClientCancel, what)
            }
            _ => failure,
        }
    }

    async fn run(&mut self, mut request: Request<Bytes>, tap: &mut dyn Tap) -> Result<(), Failure> {
        let sleep = sleep_until(self.instant(self.total_due()));
        tokio::pin!(sleep);
        let way = self.target.way(self.address);
        let mut again = 0;
        loop {
            let mut lane = self.lane().await?;
            self.connection = lane.number();
            self.reused = lane.reused();
            let (trace, refused) = match lane.ask(request) {
                Ok((trace, mut responding)) => {
                    self.trace = Some(Rc::clone(&trace));
                    let mut fill = Fill::new(&mut *tap, Rc::clone(&trace));
                    match self.head(&*trace, &mut responding, sleep.as_mut()).await {
                        Ok(response) => {
                            let refusal = self.answer(response, &*trace, &mut fill, sleep.as_mut()).await?;
                            way.put(lane);
                            return refusal.map_or(Ok(()), Err);
                        }
                        Err(refused) => (Some(trace), refused),
                    }
                }
                Err(refused) => (None, refused),
            };
            drop(trace);
            again += 1;
            match refused.unsent {
                Some(unsent) if again <= MAX_AGAIN => request = *unsent,
                _ => return Err(refused.failure),
            }
        }
    }

    /// A connection or stream that is free, or a new one.
    async fn lane(&mut self) -> Result<Lane, Failure> {
        let (total, connect) = (self.total_due(), self.target.times.connect);
        let zero = self.target.zero;
        let now = || Ns(zero.now());
        let instant = |at: Ns| Instant::from_std(zero.instant(at.0));
        let connect_due = || instant(total.min(now() + connect));
        self.target.way(self.address).lane(&mut self.marks, &now, instant(total), &connect_due).await
    }

    /// Waits for the response head.
    async fn head(
        &self,
        trace: &dyn Trace,
        responding: &mut Responding,
        mut sleep: Pin<&mut Sleep>,
    ) -> Result<Response<Flow>, Refused> {
        loop {
            sleep.as_mut().reset(self.instant(self.head_due(trace)));
            match step(|cx| responding.as_mut().poll(cx), sleep.as_mut()).await {
                Step::Done(done) => return done,
                Step::Timer => self.head_in_time(trace).map_err(Refused::failed)?,
            }
        }
    }

    /// When to look at the clock again while waiting for the head. Nobody tells
    /// when the request's last byte is out, so until then it is looked at often.
    fn head_due(&self, log: &dyn Trace) -> Ns {
        let first_byte = self.target.times.first_byte;
        let due = match log.request_end() {
            Some(end) => end + first_byte,
            None => self.now() + Ns((first_byte.0 / 8).max(5_000_000)),
        };
        due.min(self.total_due())
    }

    fn head_in_time(&self, log: &dyn Trace) -> Result<(), Failure> {
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
        response: Response<Flow>,
        log: &dyn Trace,
        fill: &mut Fill<'_>,
        sleep: Pin<&mut Sleep>,
    ) -> Result<Option<Failure>, Failure> {
        let (parts, body) = response.into_parts();
        let at = log.head_end();
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
            events: 0,
            most_events: match self.leave {
                Some(Leave::Events(most)) => most,
                _ => u32::MAX,
            },
            limit: if refusal.is_some() { MAX_REFUSED } else { times.body },
        };
        let read = self.body(body, log, &mut watch, fill, sleep).await;
        if read.is_ok() {
            self.body_end = match log.eof() {
                Some(eof) if head::ends_with_connection(&parts.headers) => Some(eof),
                _ => Some(log.body_end()),
            };
        }
        self.headers = parts.headers;
        match (read, refusal) {
            (Ok(()), refusal) => Ok(refusal),
            (Err(_), Some(refusal)) => Err(refusal),
            (Err(failure), None) => Err(failure),
        }
    }

    /// Puts body bytes beside the reads that brought them.
    fn took(
        &self,
        data: &[u8],
        log: &dyn Trace,
        watch: &mut Watch,
        fill: &mut Fill<'_>,
    ) -> Result<(), Failure> {
        let mut rest = data;
        loop {
            let (len, latest) = log.took(rest.len());
            fill.push(&rest[..len], latest);
            watch.saw(&rest[..len], latest.at)?;
            rest = &rest[len..];
            if rest.is_empty() {
                return Ok(());
            }
        }
    }

    async fn body(
        &self,
        mut body: Flow,
        log: &dyn Trace,
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
            match step(|cx| body.poll_data(cx), sleep.as_mut()).await {
                Step::Done(Some(Ok(data))) => {
                    // Before anything else: no other task has run since the bytes were taken.
                    self.took(&data, log, watch, fill)?;
                    if log.count() > MAX_READS {
                        let detail = format!("more than {MAX_READS} reads of the socket");
                        return Err(Failure::new(Stage::Body, Cause::TooLarge, detail));
                    }
                }
                Step::Done(Some(Err(failure))) => return Err(failure),
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

fn head_stage(log: &dyn Trace) -> Stage {
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
    /// Events with data so far, and how many the client waits for.
    events: u32,
    most_events: u32,
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
            Some(scanner) => {
                let ended = scanner.feed(data);
                self.events = self.events.saturating_add(ended);
                ended > 0
            }
            None => true,
        };
        if self.events >= self.most_events {
            let detail = format!("given up after {} events as planned", self.events);
            return Err(Failure::new(Stage::Body, Cause::ClientCancel, detail));
        }
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
