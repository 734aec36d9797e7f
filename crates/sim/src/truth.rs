//! What the server really did, one line a request.
//!
//! Main types: [`TruthHead`], the first line of the file, and [`TruthLine`].
//! Times are nanoseconds since the zero that the first line names. Lines are
//! formatted and written by a thread of their own, and reach the file within
//! 100 ms, so that a killed server leaves a readable file.

use crate::api::Api;
use crate::config::Config;
use crate::decide::{AnswerKind, Fault};
use crate::openai::Finish;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The schema that a truth file's first line names.
pub const TRUTH_SCHEMA: &str = "acidtest.truth/1";

/// The first line of a truth file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TruthHead {
    /// [`TRUTH_SCHEMA`].
    pub schema: String,
    /// Unix time of the zero, in nanoseconds.
    pub zero_unix_ns: i64,
    /// How far that may be from the machine's wall clock.
    pub zero_error_ns: i64,
    /// The zero on the machine's CLOCK_MONOTONIC, in nanoseconds, where it is known:
    /// a client on the same machine needs no wall clock to join its times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zero_monotonic_ns: Option<i64>,
    /// What the server was asked to do.
    pub config: Config,
}

/// One request that was understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TruthLine {
    /// Number of the request in order of arrival, from 0.
    pub arrival: u64,
    /// The protocol that it was asked in.
    #[serde(default)]
    pub api: Api,
    /// The answer's `id`.
    pub id: String,
    /// The client's `x-request-id` header, when it sent one.
    pub request_id: Option<String>,
    /// Number of the TCP connection, from 0.
    pub connection: u64,
    /// Number of the request on that connection, from 0.
    pub on_connection: u64,
    /// When the read returned that completed the request.
    pub received_ns: i64,
    /// When it was taken from the queue; the same without `slots`.
    pub start_ns: i64,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// HTTP status.
    pub status: u16,
    /// The fault, if any.
    pub fault: Option<Fault>,
    /// The kind of answer; absent where the fault left no room for one.
    pub answer: Option<AnswerKind>,
    /// The case, or the local source's exhibit, that the answer came from.
    pub case: Option<String>,
    /// The finish reason that was due.
    pub finish: Option<Finish>,
    /// Tokens of the messages.
    pub prompt_tokens: u32,
    /// Tokens of the answer as planned, reasoning included.
    pub completion_tokens: u32,
    /// Of these, reasoning.
    pub reasoning_tokens: u32,
    /// How it ended.
    pub ended: Ended,
    /// Planned events that were never written.
    pub unsent: u32,
    /// The events written, in order.
    pub events: Vec<TruthEvent>,
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Everything planned was written.
    Complete,
    /// We cut the connection, as planned.
    Cut,
    /// The client went away, or read nothing for too long.
    #[default]
    ClientGone,
    /// The server was stopped.
    Stopped,
}

/// One write to the socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct TruthEvent {
    /// What it carried.
    pub kind: EventKind,
    /// When it was due.
    pub scheduled_ns: i64,
    /// Just before the write.
    pub before_ns: i64,
    /// Just after the write returned.
    pub after_ns: i64,
    /// Tokens in it.
    pub tokens: u32,
}

/// What a write carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The empty chunk with the role.
    Role,
    /// Reasoning tokens.
    Reasoning,
    /// Tokens of the answer.
    Content,
    /// A part of a tool call.
    Tool,
    /// Broken JSON in place of tokens.
    Malformed,
    /// The finish reason.
    Finish,
    /// The usage.
    Usage,
    /// `[DONE]`.
    Done,
    /// An error event.
    Error,
    /// A whole body: no stream, or no success.
    Body,
    /// The first half of a whole body, before a cut.
    HalfBody,
    /// The cut; its bracket holds the closing of the connection.
    Cut,
}

/// Lines that may wait for the writer; then serving waits for it, so that the
/// truth stays whole and memory bounded.
const WAITING: usize = 8192;
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// The writing thread.
pub(crate) struct TruthWriter {
    path: PathBuf,
    thread: JoinHandle<std::io::Result<()>>,
}

impl TruthWriter {
    /// Creates the file and writes its first line. `on_error` is called when the
    /// file can be written no longer.
    pub(crate) fn start(
        path: &Path,
        head: &TruthHead,
        on_error: impl Fn() + Send + 'static,
    ) -> std::io::Result<(SyncSender<TruthLine>, Self)> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        write_line(&mut out, head)?;
        out.flush()?;
        let (lines, received) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("sim-truth".to_owned()).spawn(move || {
            let result = write_all(&mut out, &received);
            if result.is_err() {
                on_error();
                // Serving threads must not wait for a writer that gave up.
                received.iter().for_each(drop);
            }
            result
        })?;
        let path = path.to_owned();
        Ok((lines, Self { path, thread }))
    }

    /// Waits until every line is in the file; all senders must be gone.
    pub(crate) fn finish(self) -> Result<(), (PathBuf, std::io::Error)> {
        let result =
            self.thread.join().unwrap_or_else(|_| Err(std::io::Error::other("the writing thread panicked")));
        result.map_err(|e| (self.path, e))
    }
}

fn write_all(out: &mut BufWriter<File>, lines: &Receiver<TruthLine>) -> std::io::Result<()> {
    let mut flushed = Instant::now();
    loop {
        match lines.recv_timeout(FLUSH_EVERY) {
            Ok(line) => write_line(out, &line)?,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return out.flush(),
        }
        if flushed.elapsed() >= FLUSH_EVERY {
            out.flush()?;
            flushed = Instant::now();
        }
    }
}

fn write_line<T: Serialize>(out: &mut impl Write, line: &T) -> std::io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}
