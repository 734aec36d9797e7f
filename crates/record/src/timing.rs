//! When things happened, as seen, not as concluded.
//!
//! Main type: [`Timing`]. It keeps every read of the socket and which events
//! ended in which read; arrival times are derived from these by [`Timing::arrival`],
//! never stored. Must not interpret: rules that improve later live in methods.

use crate::ids::Ns;
use serde::{Deserialize, Serialize};

/// The moments of one attempt, all on one clock of the run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// Which of the run's clocks (resume and import open new ones).
    pub clock: u16,
    /// When the schedule wanted it. Closed loop: end of the slot's previous answer + think time.
    pub intended: Ns,
    /// When the attempt began. Absent when it was never sent.
    pub started: Option<Ns>,
    /// Just before the first write of the request.
    pub sent: Option<Ns>,
    /// When the last byte of the request was handed over.
    pub sent_end: Option<Ns>,
    /// The last byte of the HTTP body.
    pub body_end: Option<Ns>,
    /// When the attempt was over for us, whatever its outcome.
    pub ended: Option<Ns>,
    /// Single moments: name resolution, connect, TLS, response head.
    pub marks: Vec<Mark>,
    /// Every read of the socket that carried part of the answer.
    pub reads: Vec<Read>,
    /// Every event of the answer, in order.
    pub events: Vec<Event>,
}

/// One named moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which moment.
    pub name: MarkName,
    /// When.
    pub at: Ns,
}

/// Names of single moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkName {
    /// Waiting for a pooled connection or stream began.
    QueueStart,
    /// … ended.
    QueueEnd,
    /// Name resolution began.
    DnsStart,
    /// … ended.
    DnsEnd,
    /// TCP connect began.
    ConnectStart,
    /// … ended.
    ConnectEnd,
    /// TLS handshake began.
    TlsStart,
    /// … ended.
    TlsEnd,
    /// The response head was complete.
    Head,
    /// An asynchronous job was accepted.
    JobAccepted,
    /// An asynchronous job began to run.
    JobRunning,
    /// An asynchronous job was done.
    JobDone,
    /// Making a session began.
    SessionStart,
    /// … ended.
    SessionEnd,
    /// The server said that the session is over: the request is sent again on a new one.
    SessionExpired,
}

/// One read of the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// The kernel's stamp of the last segment in this read, where it gave one.
    pub kernel: Option<Ns>,
    /// Program time just before the read.
    pub before: Ns,
    /// Program time right after it, before any parsing.
    pub after: Ns,
    /// Bytes read from the socket (under TLS: of ciphertext).
    pub bytes: u32,
    /// Whether the read emptied the socket's queue (a short read).
    pub drained: bool,
}

/// One event of an answer (a server-sent event, or a whole body).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Index in [`Timing::reads`] of the read that brought the byte that ends its last `data:` line.
    pub read: u32,
    /// What it carried.
    pub kind: EventKind,
    /// Output tokens in it, where the server says so.
    pub tokens: Option<u32>,
    /// Whether nothing followed it in its read.
    pub last_in_read: bool,
}

/// What an event carried; with several things in one event, the first of this list that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An error reported inside the stream.
    Error,
    /// Visible text.
    Visible,
    /// Tool-call text.
    Tool,
    /// Reasoning text.
    Reasoning,
    /// A finish reason and no content.
    Finish,
    /// Token counts and no content.
    Usage,
    /// The empty opening chunk that names the role: not content.
    Role,
    /// The end mark (`[DONE]`).
    Done,
    /// A comment line (keep-alive).
    Comment,
    /// Something we do not know.
    Other,
}

impl EventKind {
    /// Whether the event carries content of any kind (visible, reasoning, tool).
    #[must_use]
    pub fn is_content(self) -> bool {
        matches!(self, EventKind::Visible | EventKind::Reasoning | EventKind::Tool)
    }
}

impl Timing {
    /// When a read's last byte reached this machine, as well as we know: the
    /// kernel's stamp, else the program's right after the read.
    #[must_use]
    pub fn read_arrival(&self, read: u32) -> Option<Ns> {
        self.reads.get(read as usize).map(|r| r.kernel.unwrap_or(r.after))
    }

    /// When an event arrived.
    #[must_use]
    pub fn arrival(&self, event: &Event) -> Option<Ns> {
        self.read_arrival(event.read)
    }

    /// Arrivals of the content events, in order.
    pub fn content_arrivals(&self) -> impl Iterator<Item = Ns> + '_ {
        self.events.iter().filter(|e| e.kind.is_content()).filter_map(|e| self.arrival(e))
    }

    /// The moment of that name.
    #[must_use]
    pub fn mark(&self, name: MarkName) -> Option<Ns> {
        self.marks.iter().find(|m| m.name == name).map(|m| m.at)
    }
}
