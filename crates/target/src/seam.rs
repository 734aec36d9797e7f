//! The seam between engine and target.
//!
//! Main type: the [`Target`] trait. Must not know HTTP or any vendor: a scripted
//! target implements the same trait.

use acidtest_record::{Ask, Cause, Head, Mark, Ns, Read, Stage};
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future that stays on its thread.
pub type LocalBoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Who answers. Lives on one measuring thread; attempts must be polled within a
/// tokio `LocalSet`, since connections are driven by local tasks.
pub trait Target: 'static {
    /// Turns a question into the bytes of a request. Pure.
    ///
    /// # Errors
    /// The question cannot be asked of this target.
    fn build(&self, ask: &Ask) -> Result<Built, BuildError>;

    /// One attempt: sends, stamps, and hands raw segments to the tap while the
    /// answer comes. Dropping the future cancels the attempt and closes its
    /// connection; what had arrived is handed to the tap first.
    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt>;
}

/// A request, ready to be sent any number of times.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Built {
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: Bytes,
    /// Whether a streamed answer is asked for.
    pub stream: bool,
    /// What templates are filled in with, for targets that fill in something at
    /// the moment of sending (a session's id, which no record holds).
    pub values: Option<Arc<serde_json::Map<String, serde_json::Value>>>,
    /// What sets this attempt apart from others; the engine says it.
    pub turn: Turn,
}

/// What sets one attempt apart from others of the same target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Turn {
    /// Which of the target's addresses is asked: this, modulo how many there are. It follows
    /// from slot, step and attempt, hence is the same for any number of threads.
    pub no: u32,
    /// When the client gives the request up.
    pub leave: Option<Leave>,
}

/// When the client gives a request up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leave {
    /// After so many events that carry data.
    Events(u32),
    /// So long after the attempt began.
    After(Ns),
}

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Nothing to answer.
    #[error("the prompt has no message")]
    NoMessages,
    /// A parameter would overwrite what acidtest decides.
    #[error("parameter '{0}' is set by acidtest itself; expected sampling parameters only")]
    Reserved(String),
    /// A template of the target cannot be filled in.
    #[error("{0}")]
    Template(String),
    /// The body is larger than a record can say.
    #[error("the request body has {0} bytes, expected at most {MAX_BODY}")]
    TooLarge(usize),
}

/// Largest request body in bytes.
pub(crate) const MAX_BODY: usize = 256 << 20;

/// Where the raw answer goes, segment by segment.
pub trait Tap {
    /// Takes the next segment. Called on the measuring thread: it must not block.
    fn segment(&mut self, segment: Segment);
}

/// Raw body bytes, after TLS and HTTP framing: at most 64 KiB, handed over when
/// full or 100 ms after its first byte, whichever is first, and at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The bytes.
    pub bytes: Bytes,
    /// Which of them came with which read.
    pub pieces: Vec<Piece>,
    /// The socket's reads since the last segment, in order; numbered over the attempt from 0.
    pub reads: Vec<Read>,
}

/// The next `len` body bytes became available with read number `read`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// How many bytes.
    pub len: u32,
    /// The read that completed them.
    pub read: u32,
    /// Whether that read ended with the beginning of something that is still to come (a record
    /// of TLS, a chunk of HTTP): then its stamp is not that of these bytes.
    pub open: bool,
}

/// What the transport saw of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub started: Ns,
    /// Just before the first write of the request.
    pub sent: Option<Ns>,
    /// When the last byte of the request was handed over.
    pub sent_end: Option<Ns>,
    /// The last byte of the body.
    pub body_end: Option<Ns>,
    /// When it was over, whatever its end.
    pub ended: Ns,
    /// Single moments. A pooled connection that turned out dead shows as
    /// `QueueStart`, `QueueEnd` followed by `ConnectStart`.
    pub marks: Vec<Mark>,
    /// The response head, where one arrived.
    pub head: Option<Head>,
    /// The connection's number within this target and thread, from 1; 0 when none was opened.
    pub connection: u32,
    /// Whether the connection had served a request before.
    pub reused: bool,
    /// Which of the target's addresses was asked, from 0.
    pub address: u16,
    /// How it ended.
    pub end: End,
}

/// How an attempt ended in the transport's view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The body was read to its end under a usable head.
    Complete,
    /// Something broke, or the status was 300 or more.
    Failed {
        /// How far it had come.
        stage: Stage,
        /// What broke.
        cause: Cause,
        /// One line for people.
        detail: String,
    },
}
