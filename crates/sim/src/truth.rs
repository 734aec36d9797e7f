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
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
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

/// What a write carried. `word` is its stored form.
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

impl EventKind {
    const fn word(self) -> &'static str {
        match self {
            EventKind::Role => "role",
            EventKind::Reasoning => "reasoning",
            EventKind::Content => "content",
            EventKind::Tool => "tool",
            EventKind::Malformed => "malformed",
            EventKind::Finish => "finish",
            EventKind::Usage => "usage",
            EventKind::Done => "done",
            EventKind::Error => "error",
            EventKind::Body => "body",
            EventKind::HalfBody => "half_body",
            EventKind::Cut => "cut",
        }
    }
}

/// Lines that may wait for the writer; then serving waits for it, so that the
/// truth stays whole and memory bounded.
const WAITING: usize = 8192;
/// Events that may wait with them: long answers must not fill the memory.
const WAITING_EVENTS: usize = 1 << 20;
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const FLUSH_EVERY: Duration = Duration::from_millis(50);

/// How many events wait to be written.
#[derive(Default)]
struct Waiting(AtomicUsize);

impl Waiting {
    fn left(&self, events: usize) {
        self.0.fetch_sub(events, Ordering::Relaxed);
    }
}

/// The way to the writer.
#[derive(Clone)]
pub(crate) struct Lines {
    lines: SyncSender<TruthLine>,
    waiting: Arc<Waiting>,
}

impl Lines {
    /// Hands a line over; says whether it had to wait for room. A writer that is gone has
    /// reported it itself.
    pub(crate) fn send(&self, line: TruthLine) -> bool {
        let began = Instant::now();
        let is_full = || self.waiting.0.load(Ordering::Relaxed) > WAITING_EVENTS;
        let had_to_wait = is_full();
        // Not for ever: a writer that panicked takes nothing out.
        while is_full() && began.elapsed() < LONGEST_WAIT {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.waiting.0.fetch_add(line.events.len(), Ordering::Relaxed);
        match self.lines.try_send(line) {
            Err(TrySendError::Full(line)) => {
                let _ = self.lines.send(line);
                true
            }
            _ => had_to_wait,
        }
    }
}

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
    ) -> std::io::Result<(Lines, Self)> {
        let mut out = BufWriter::with_capacity(1 << 18, File::create(path)?);
        write_line(&mut out, head)?;
        out.flush()?;
        let (lines, received) = sync_channel(WAITING);
        let waiting = Arc::new(Waiting::default());
        let lines = Lines { lines, waiting: waiting.clone() };
        let thread = std::thread::Builder::new().name("sim-truth".to_owned()).spawn(move || {
            let result = write_all(&mut out, &received, &waiting);
            if result.is_err() {
                on_error();
                // Serving threads must not wait for a writer that gave up.
                received.iter().for_each(|line| waiting.left(line.events.len()));
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

fn write_all(
    out: &mut BufWriter<File>,
    lines: &Receiver<TruthLine>,
    waiting: &Waiting,
) -> std::io::Result<()> {
    let mut flushed = Instant::now();
    let mut text = Vec::new();
    loop {
        match lines.recv_timeout(FLUSH_EVERY) {
            Ok(mut line) => {
                waiting.left(line.events.len());
                text.clear();
                encode(&mut text, &mut line)?;
                out.write_all(&text)?;
            }
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

/// The line's JSON. Events are written by hand: there are a hundred thousand a second of them,
/// on a machine whose cores the client shares.
fn encode(out: &mut Vec<u8>, line: &mut TruthLine) -> std::io::Result<()> {
    let events = std::mem::take(&mut line.events);
    serde_json::to_writer(&mut *out, line)?;
    debug_assert!(out.ends_with(b"\"events\":[]}"), "events are the last field");
    out.truncate(out.len() - 2);
    for (i, event) in events.iter().enumerate() {
        out.extend_from_slice(if i > 0 { b",{\"kind\":\"" } else { b"{\"kind\":\"" });
        out.extend_from_slice(event.kind.word().as_bytes());
        out.extend_from_slice(b"\",\"scheduled_ns\":");
        decimal(out, event.scheduled_ns);
        out.extend_from_slice(b",\"before_ns\":");
        decimal(out, event.before_ns);
        out.extend_from_slice(b",\"after_ns\":");
        decimal(out, event.after_ns);
        out.extend_from_slice(b",\"tokens\":");
        decimal(out, i64::from(event.tokens));
        out.push(b'}');
    }
    out.extend_from_slice(b"]}\n");
    Ok(())
}

fn decimal(out: &mut Vec<u8>, value: i64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = value.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_hand_are_read_back_the_same() {
        use EventKind::*;
        let kinds =
            [Role, Reasoning, Content, Tool, Malformed, Finish, Usage, Done, Error, Body, HalfBody, Cut];
        let times = [0, 9, 10, -1, i64::MIN, i64::MAX, 1_234_567_890_123];
        for n in [0, 1, 24] {
            let events = (0..n).map(|i| TruthEvent {
                kind: kinds[i % kinds.len()],
                scheduled_ns: times[i % times.len()],
                before_ns: times[(i + 1) % times.len()],
                after_ns: times[(i + 2) % times.len()],
                tokens: [0, 7, u32::MAX][i % 3],
            });
            let mut line =
                TruthLine { id: "\"events\":[]}".into(), events: events.collect(), ..TruthLine::default() };
            let expect = line.clone();
            let mut text = Vec::new();
            encode(&mut text, &mut line).unwrap();
            assert_eq!(text.pop(), Some(b'\n'));
            assert_eq!(serde_json::from_slice::<TruthLine>(&text).unwrap(), expect);
            assert_eq!(text, serde_json::to_vec(&expect).unwrap());
        }
    }
}
