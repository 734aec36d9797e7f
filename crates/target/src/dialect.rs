//! What every protocol's answers have in common while they are collected.
//!
//! Main types: the [`Dialect`] trait, one implementation per protocol, and
//! [`Collected`], what an answer has brought so far. Must not know any vendor's
//! JSON beyond the forms that error bodies share.

use acidtest_record::{Blob, Cause, EventKind, Finish, Part, ServerSaid};
use serde_json::Value;
use std::fmt;

/// Reads the answers of one protocol. What it reads may be hostile: wrong types
/// are `Malformed`, never a panic.
pub(crate) trait Dialect: fmt::Debug + Send {
    /// Learns what was asked: the body of the request.
    fn asked(&mut self, _body: &[u8]) {}

    /// Takes the next event of a stream; gives what it carried and how many
    /// output tokens, where the server says so.
    fn event(&mut self, name: &[u8], data: &[u8]) -> (EventKind, Option<u32>);

    /// The stream was over before the blank line of its last event: the event
    /// counts if it is whole, else the stream was cut in it.
    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)>;

    /// Takes a whole body that is no stream.
    fn whole(&mut self, body: &[u8]) -> (EventKind, Option<u32>);

    /// The body is over; `complete` says whether it came to its end.
    fn close(&mut self, _complete: bool) {}
    /// The answer is over, whole or not: what can only be said now.
    fn over(&mut self) {}

    /// What stands at the end of a whole stream, in words.
    fn end_mark(&self) -> &'static str {
        "finish_reason and [DONE]"
    }

    /// What was collected.
    fn collected(&mut self) -> &mut Collected;
}

/// What an answer has brought so far.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) parts: Vec<Part>,
    /// Bytes that parts point at.
    pub(crate) blobs: Vec<Blob>,
    pub(crate) said: ServerSaid,
    pub(crate) finish: Option<Finish>,
    /// Whether the end mark came.
    pub(crate) done: bool,
    /// The first thing that was wrong.
    pub(crate) trouble: Option<Trouble>,
}

/// Something wrong in the answer itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) cause: Cause,
    pub(crate) detail: String,
}

impl Collected {
    /// Notes what is wrong; the first trouble is kept.
    pub(crate) fn fail(&mut self, cause: Cause, detail: String) {
        self.trouble.get_or_insert(Trouble { cause, detail });
    }

    /// Notes a time by the server's own name; a later one replaces it.
    pub(crate) fn timing(&mut self, name: &str, seconds: Option<f64>) {
        let Some(seconds) = seconds.filter(|s| s.is_finite()) else {
            return;
        };
        match self.said.timings.iter_mut().find(|t| t.0 == name) {
            Some(known) => known.1 = seconds,
            None => self.said.timings.push((name.to_owned(), seconds)),
        }
    }
}

impl Collected {
    /// What vLLM says of the time of a request (`--enable-per-request-metrics`).
    pub(crate) fn vllm_metrics(&mut self, metrics: Option<&Value>) {
        for name in ["queue_time_ms", "time_to_first_token_ms", "generation_time_ms", "mean_itl_ms"] {
            let ms = metrics.and_then(|m| m.get(name)).and_then(Value::as_f64);
            self.timing(name, ms.map(|ms| ms / 1e3));
        }
    }
}

/// Appends text to the part at `slot`, or makes that part.
pub(crate) fn append(parts: &mut Vec<Part>, slot: &mut Option<usize>, piece: Part) {
    match (slot.and_then(|at| parts.get_mut(at)), piece) {
        (Some(Part::Text(all)), Part::Text(more))
        | (Some(Part::Reasoning(all)), Part::Reasoning(more))
        | (Some(Part::Refusal(all)), Part::Refusal(more)) => all.push_str(&more),
        (_, piece) => {
            *slot = Some(parts.len());
            parts.push(piece);
        }
    }
}

pub(crate) fn set(slot: &mut Option<String>, value: Option<String>) {
    if let Some(value) = value.filter(|v| !v.is_empty()) {
        slot.get_or_insert(value);
    }
}

/// The message of an error body, by the forms in use.
pub(crate) fn error_message(body: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    message_in(&value)
}

pub(crate) fn message_in(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(map) => ["error", "message", "detail", "code", "type"]
            .iter()
            .find_map(|k| map.get(*k).filter(|v| !v.is_null()))
            .map(|v| message_in(v).unwrap_or_else(|| v.to_string())),
        Value::Null => None,
        other => Some(other.to_string()),
    }
}

pub(crate) fn lossy(data: &[u8]) -> String {
    String::from_utf8_lossy(&data[..data.len().min(16 << 10)]).into_owned()
}
