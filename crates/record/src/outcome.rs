//! How an attempt ended.
//!
//! Main type: [`Outcome`]. A failed or never-sent request is data; `Err` is only
//! for our own trouble. Must not hold free text where a class is known.

use serde::{Deserialize, Serialize};

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The protocol reached its regular end.
    Completed {
        /// Why the model stopped.
        finish: Finish,
    },
    /// Something broke; whatever had arrived is in the record.
    Failed {
        /// How far the attempt had come.
        stage: Stage,
        /// What broke.
        cause: Cause,
        /// HTTP status, where one arrived.
        status: Option<u16>,
        /// One line for people: the error's text, cut at 500 characters.
        detail: String,
    },
    /// The schedule wanted this request, but it was never sent.
    NotSent {
        /// Why.
        reason: NotSent,
    },
}

/// Why the model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It was done.
    Stop,
    /// A length limit cut it: the answer is truncated.
    Length,
    /// A content filter cut it.
    Filter,
    /// It asks for tools.
    ToolCalls,
    /// Another reason, by the server's word.
    Other(String),
    /// The server gave none.
    Unsaid,
}

/// How far an attempt had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Name resolution.
    Dns,
    /// TCP connect.
    Connect,
    /// TLS handshake.
    Tls,
    /// Writing the request.
    Send,
    /// Waiting for the response head.
    Head,
    /// Reading the body.
    Body,
    /// Making the session that the request needs.
    Session,
}

/// What broke; the error classes of the metric reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The name did not resolve.
    Dns,
    /// No connection (refused, unreachable, reset before an answer).
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// One of our time limits passed (connect, first byte, total).
    Timeout,
    /// HTTP 429.
    RateLimited,
    /// Another HTTP 4xx: our own request was wrong.
    Client,
    /// HTTP 5xx except 529.
    Server,
    /// HTTP 529: overloaded.
    Overloaded,
    /// HTTP 3xx: redirects are not followed.
    Redirect,
    /// The stream or body ended before its regular end.
    Cut,
    /// The stream stopped for longer than the gap limit.
    Stalled,
    /// An event, body or header that is not what the protocol says (bad JSON, wrong content type, compression).
    Malformed,
    /// An error event inside a stream that began with HTTP 200.
    ErrorEvent,
    /// More bytes than our limit.
    TooLarge,
    /// A program could not be started, died, or closed its output.
    Program,
    /// We stopped it (interrupt, end of run).
    Cancelled,
    /// The plan wanted the client to give it up: no fault of the server's.
    ClientCancel,
    /// This machine had no file descriptor or port left for it: no fault of the server's.
    Local,
}

/// Every cause with the words users read.
impl Cause {
    /// All causes in the order in which reports list them.
    pub const ALL: [Cause; 18] = [
        Cause::Dns,
        Cause::Connect,
        Cause::Tls,
        Cause::Timeout,
        Cause::RateLimited,
        Cause::Client,
        Cause::Server,
        Cause::Overloaded,
        Cause::Redirect,
        Cause::Cut,
        Cause::Stalled,
        Cause::Malformed,
        Cause::ErrorEvent,
        Cause::TooLarge,
        Cause::Program,
        Cause::Cancelled,
        Cause::ClientCancel,
        Cause::Local,
    ];

    /// Stable word used in JSON, labels and the store.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Cause::Dns => "dns",
            Cause::Connect => "connect",
            Cause::Tls => "tls",
            Cause::Timeout => "timeout",
            Cause::RateLimited => "429",
            Cause::Client => "4xx",
            Cause::Server => "5xx",
            Cause::Overloaded => "529",
            Cause::Redirect => "redirect",
            Cause::Cut => "cut_stream",
            Cause::Stalled => "stalled_stream",
            Cause::Malformed => "malformed",
            Cause::ErrorEvent => "error_event",
            Cause::TooLarge => "too_large",
            Cause::Program => "program",
            Cause::Cancelled => "cancelled",
            Cause::ClientCancel => "client_cancel",
            Cause::Local => "local",
        }
    }

    /// Whether it says something about the server: not where we stopped or gave up the
    /// request, nor where this machine could not send it.
    #[must_use]
    pub fn counts(self) -> bool {
        !matches!(self, Cause::Cancelled | Cause::ClientCancel | Cause::Local)
    }

    /// The cause of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Cause> {
        Cause::ALL.into_iter().find(|c| c.id() == id)
    }

    /// Words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Cause::Dns => "name not resolved",
            Cause::Connect => "no connection",
            Cause::Tls => "TLS failed",
            Cause::Timeout => "timeout",
            Cause::RateLimited => "429",
            Cause::Client => "4xx (our request)",
            Cause::Server => "5xx",
            Cause::Overloaded => "529 overloaded",
            Cause::Redirect => "redirect",
            Cause::Cut => "cut stream",
            Cause::Stalled => "stalled stream",
            Cause::Malformed => "malformed answer",
            Cause::ErrorEvent => "error event after 200",
            Cause::TooLarge => "answer too large",
            Cause::Program => "program failed",
            Cause::Cancelled => "cancelled",
            Cause::ClientCancel => "cancelled as planned",
            Cause::Local => "no file or port left on our machine",
        }
    }
}

/// Why a request was never sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotSent {
    /// As many requests as allowed were in flight.
    Cap,
    /// Our own hand-over to the store was full: the run is saturated.
    Backlog,
    /// The phase's time was over.
    TimeUp,
    /// The cost cap was reached.
    CostCap,
    /// The run was stopped.
    Stopped,
    /// The request could not be built.
    Unbuildable,
    /// A replay: the run that answers comes from does not hold this request.
    NotRecorded,
}

impl NotSent {
    /// Stable word used in JSON, labels and the store.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            NotSent::Cap => "cap",
            NotSent::Backlog => "backlog",
            NotSent::TimeUp => "time_up",
            NotSent::CostCap => "cost_cap",
            NotSent::Stopped => "stopped",
            NotSent::Unbuildable => "unbuildable",
            NotSent::NotRecorded => "not_recorded",
        }
    }

    /// All reasons.
    pub const ALL: [NotSent; 7] = [
        NotSent::Cap,
        NotSent::Backlog,
        NotSent::TimeUp,
        NotSent::CostCap,
        NotSent::Stopped,
        NotSent::Unbuildable,
        NotSent::NotRecorded,
    ];

    /// The reason of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<NotSent> {
        NotSent::ALL.into_iter().find(|r| r.id() == id)
    }
}
