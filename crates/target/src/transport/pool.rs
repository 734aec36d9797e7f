//! Connections kept alive between attempts, owned by one thread.
//!
//! Main type: [`Pool`]. Must not hide anything: whether a connection was reused
//! and what it waited for is said to the caller.

use crate::failure::{Failure, chain};
use crate::transport::dial::Dial;
use crate::transport::socket::{Log, Peek};
use acidtest_record::{Cause, Mark, Stage};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::time::Instant;

/// Largest response head, and the most that one read brings.
const MAX_BUFFER: usize = 64 << 10;
/// Most header fields of a response.
const MAX_HEADERS: usize = 128;
/// Most connections that wait for their next attempt.
const MAX_IDLE: usize = 16_384;

/// One connection.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Full<Bytes>>,
    pub(crate) log: Rc<Log>,
    peek: Peek,
    /// Its number within the pool, from 1.
    pub(crate) number: u32,
    /// How many requests it served.
    pub(crate) served: u32,
}

/// The connections to one target.
pub(crate) struct Pool {
    dial: Dial,
    /// Most requests of a connection.
    most_requests: Option<u32>,
    idle: RefCell<Vec<Connection>>,
    opened: Cell<u32>,
}

impl Pool {
    pub(crate) fn new(dial: Dial, most_requests: Option<u32>) -> Self {
        Self { dial, most_requests, idle: RefCell::default(), opened: Cell::new(0) }
    }

    /// The most recently used connection that waits and is still open; those
    /// that the server closed meanwhile are dropped.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some(connection) = idle.pop() {
            if !connection.sender.is_closed() && connection.peek.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Opens a connection.
    pub(crate) async fn open(&self, marks: &mut Vec<Mark>, deadline: Instant) -> Result<Connection, Failure> {
        let wire = self.dial.open(marks, deadline).await?;
        let (log, peek) = (wire.log(), wire.peek());
        let (sender, connection) = Builder::new()
            .max_buf_size(MAX_BUFFER)
            .max_headers(MAX_HEADERS)
            .handshake(TokioIo::new(wire))
            .await
            .map_err(|e| Failure::new(Stage::Connect, Cause::Connect, chain(&e)))?;
        // Its errors reach the attempt through the sender or the body.
        tokio::task::spawn_local(async { drop(connection.await) });
        self.opened.set(self.opened.get() + 1);
        Ok(Connection { sender, log, peek, number: self.opened.get(), served: 0 })
    }

    /// Gives a connection back whose response was read to its end; it is closed when it
    /// served as many requests as it may.
    pub(crate) fn put(&self, mut connection: Connection) {
        connection.served += 1;
        if self.most_requests.is_some_and(|most| connection.served >= most) {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        if !connection.sender.is_closed() && idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }
}
