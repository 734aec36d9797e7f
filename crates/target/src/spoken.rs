//! Dialects whose every event is a JSON object: the part that is alike.
//!
//! Main types: the [`Spoken`] trait, what a vendor's objects mean, and [`Objects`],
//! which makes a [`Dialect`] of it. Must not know a vendor.

use crate::dialect::{Collected, Dialect, error_message, lossy};
use crate::gather::{Gathered, not_a};
use crate::json::{self, Wrong};
use acidtest_record::EventKind;
use serde_json::Value;
use std::fmt;

/// What the objects of one vendor mean.
pub(crate) trait Spoken: fmt::Debug + Send {
    /// What a whole body is, for errors.
    const WHAT: &'static str;
    /// What stands at the end of a whole stream, in words.
    const END_MARK: &'static str;

    /// Takes one event of a stream; what it carried is noted in the answer.
    fn event(&mut self, value: &Value) -> Result<EventKind, Wrong>;

    /// Takes a body that is no stream.
    fn whole(&mut self, value: &Value) -> Result<EventKind, Wrong>;

    /// The answer in the making.
    fn gathered(&mut self) -> &mut Gathered;
}

/// A dialect of JSON objects.
#[derive(Debug, Default)]
pub(crate) struct Objects<S> {
    spoken: S,
    events: u64,
}

impl<S: Spoken> Dialect for Objects<S> {
    fn event(&mut self, name: &[u8], data: &[u8]) -> (EventKind, Option<u32>) {
        self.events += 1;
        let (data, no) = (data.trim_ascii(), self.events);
        if data.is_empty() {
            return (EventKind::Comment, None);
        }
        if data == b"[DONE]" {
            // Some servers end every stream so; it says nothing of the answer's own end.
            return (EventKind::Done, None);
        }
        let answer = self.spoken.gathered();
        if answer.got.done {
            return (EventKind::Other, None);
        }
        let parsed = json::parse(data).and_then(|value| match value {
            Value::Object(_) => Ok(value),
            other => Err(format!("it is {}, expected an object", json::kind(&other))),
        });
        let value = match parsed {
            Ok(value) => value,
            Err(_) if name == b"error" => {
                let message = error_message(data).unwrap_or_else(|| lossy(data));
                return (answer.error(format!("error event: {message}")), None);
            }
            Err(why) => return (answer.malformed(format!("event {no} is no JSON object: {why}")), None),
        };
        let kind = self.spoken.event(&value);
        let answer = self.spoken.gathered();
        let carried = answer.take_carried();
        match kind {
            Ok(EventKind::Error) => (EventKind::Error, None),
            Ok(other) => (carried.kind(other), None),
            Err(wrong) => {
                let kind = answer.malformed(format!("event {no} is not of {}: {wrong}", S::WHAT));
                (carried.kind(kind), None)
            }
        }
    }

    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)> {
        let data = data.trim_ascii();
        let whole = data == b"[DONE]" || json::parse(data).is_ok();
        whole.then(|| self.event(name, data))
    }

    fn whole(&mut self, body: &[u8]) -> (EventKind, Option<u32>) {
        let value = match json::parse(body) {
            Ok(value) => value,
            Err(why) => {
                let answer = self.spoken.gathered();
                return (answer.malformed(not_a(S::WHAT, body, &why)), None);
            }
        };
        let kind = self.spoken.whole(&value);
        let answer = self.spoken.gathered();
        let carried = answer.take_carried();
        let kind = match kind {
            Ok(EventKind::Error) => EventKind::Error,
            Ok(other) => {
                answer.got.done = true;
                carried.kind(other)
            }
            Err(wrong) => answer.malformed(not_a(S::WHAT, body, &wrong.to_string())),
        };
        let tokens = answer.got.said.usage.output.filter(|_| kind.is_content());
        (kind, tokens)
    }

    fn end_mark(&self) -> &'static str {
        S::END_MARK
    }

    fn collected(&mut self) -> &mut Collected {
        &mut self.spoken.gathered().got
    }
}
