//! The way of one attempt: a connection of HTTP/1.1, or a stream of HTTP/2.
//!
//! Main types: [`Way`], all connections to one address, and [`Lane`], the place of one
//! attempt on them. Must not know limits of time: it is told deadlines.

use crate::failure::{Failure, classify};
use crate::transport::h2::{self, Lease, Streams};
use crate::transport::pool::{Connection, Pool};
use crate::transport::trace::Trace;
use acidtest_record::{Mark, MarkName, Ns, Stage};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a pooled connection may take to be free again after its last answer.
const MAX_READY: Duration = Duration::from_secs(1);

/// All connections to one address.
pub(crate) enum Way {
    /// HTTP/1.1.
    One(Box<Pool>),
    /// HTTP/2.
    Two(Rc<Streams>),
}

/// The place of one attempt.
pub(crate) enum Lane {
    One(Connection),
    Two(Lease),
}

/// A request that brought no response.
pub(crate) struct Refused {
    /// The request, where the server did nothing with it: it may go out on another connection.
    pub(crate) unsent: Option<Box<Request<Bytes>>>,
    pub(crate) failure: Failure,
}

impl Refused {
    pub(crate) fn unsent(request: Request<Bytes>, failure: Failure) -> Self {
        Self { unsent: Some(Box::new(request)), failure }
    }

    pub(crate) fn failed(failure: Failure) -> Self {
        Self { unsent: None, failure }
    }
}

/// A body that comes.
pub(crate) enum Flow {
    One(Incoming, Rc<dyn Trace>),
    Two(h2::Incoming),
}

/// A response that is waited for.
pub(crate) type Responding = Pin<Box<dyn Future<Output = Result<Response<Flow>, Refused>>>>;

impl Way {
    /// A connection or stream that is free, or a new one.
    pub(crate) async fn lane(
        &self,
        marks: &mut Vec<Mark>,
        now: &dyn Fn() -> Ns,
        due: Instant,
        connect_due: &dyn Fn() -> Instant,
    ) -> Result<Lane, Failure> {
        let pool = match self {
            Self::One(pool) => pool,
            Self::Two(streams) => return streams.lease(marks, due, connect_due).await.map(Lane::Two),
        };
        while let Some(mut connection) = pool.take() {
            if connection.sender.is_ready() {
                return Ok(Lane::One(connection));
            }
            marks.push(Mark { name: MarkName::QueueStart, at: now() });
            let limit = due.min(Instant::now() + MAX_READY);
            let ready = timeout_at(limit, connection.sender.ready()).await;
            marks.push(Mark { name: MarkName::QueueEnd, at: now() });
            if let Ok(Ok(())) = ready {
                return Ok(Lane::One(connection));
            }
        }
        pool.open(marks, connect_due()).await.map(Lane::One)
    }

    /// Takes back a lane whose response was read to its end.
    pub(crate) fn put(&self, lane: Lane) {
        if let (Self::One(pool), Lane::One(connection)) = (self, lane) {
            pool.put(connection);
        }
    }
}

impl Lane {
    /// The connection's number, from 1.
    pub(crate) fn number(&self) -> u32 {
        match self {
            Self::One(connection) => connection.number,
            Self::Two(lease) => lease.number(),
        }
    }

    /// Whether the connection served a request before.
    pub(crate) fn reused(&self) -> bool {
        match self {
            Self::One(connection) => connection.served > 0,
            Self::Two(lease) => lease.reused,
        }
    }

    /// Hands the request over; what is given back waits for the response head.
    pub(crate) fn ask(&mut self, request: Request<Bytes>) -> Result<(Rc<dyn Trace>, Responding), Refused> {
        match self {
            Self::One(connection) => {
                connection.log.begin();
                let trace: Rc<dyn Trace> = connection.log.clone();
                let sending = connection.sender.try_send_request(request.map(Full::new));
                let (log, served) = (Rc::clone(&trace), connection.served > 0);
                Ok((trace, Box::pin(async move { first(sending.await, &log, served) })))
            }
            Self::Two(lease) => {
                let asked = lease.ask(request)?;
                let trace: Rc<dyn Trace> = asked.trace.clone();
                Ok((trace, Box::pin(asked.response())))
            }
        }
    }
}

fn first(
    got: Result<Response<Incoming>, hyper::client::conn::TrySendError<Request<Full<Bytes>>>>,
    trace: &Rc<dyn Trace>,
    served: bool,
) -> Result<Response<Flow>, Refused> {
    let mut error = match got {
        Ok(response) => return Ok(response.map(|body| Flow::One(body, Rc::clone(trace)))),
        Err(error) => error,
    };
    let unsent = error.take_message().map(whole);
    let stage = if trace.request_end().is_some() { Stage::Head } else { Stage::Send };
    let mut failure = classify(error.error(), stage, trace.began_to_answer());
    if served {
        failure.detail.push_str(" (on a connection kept alive)");
    }
    // On a connection of its own nothing else is tried.
    Err(Refused { unsent: unsent.filter(|_| served).map(Box::new), failure })
}

/// A request whose body was not sent: it is whole, in one piece.
fn whole(request: Request<Full<Bytes>>) -> Request<Bytes> {
    request.map(|mut body| {
        let mut cx = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut body).poll_frame(&mut cx) {
            Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
            _ => Bytes::new(),
        }
    })
}

impl Flow {
    /// The next bytes of the body.
    pub(crate) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Failure>>> {
        let (body, trace) = match self {
            Self::One(body, trace) => (body, trace),
            Self::Two(body) => return body.poll_data(cx),
        };
        loop {
            return match Pin::new(&mut *body).poll_frame(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => Poll::Ready(Some(Ok(data))),
                    Err(_trailers) => continue,
                },
                Poll::Ready(Some(Err(e))) => {
                    Poll::Ready(Some(Err(classify(&e, Stage::Body, trace.began_to_answer()))))
                }
            };
        }
    }
}
