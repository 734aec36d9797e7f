//! Answers of an application's own interface, read by JSON pointers.
//!
//! Main type: [`Pointed`]. What it reads may be hostile: a wrong type is
//! `Malformed`, never a panic.

use crate::custom::base64;
use crate::dialect::{Collected, Dialect, append, error_message, lossy, message_in, set};
use acidtest_record::{Blob, Cause, EndMark, EventKind, Finish, Part, ResponseForm, ResponseSpec};
use serde_json::Value;
use std::sync::Arc;

/// Longest media type that is kept.
const MAX_MEDIA: usize = 100;

/// One answer while it is collected.
#[derive(Debug)]
pub(crate) struct Pointed {
    spec: Arc<ResponseSpec>,
    got: Collected,
    events: u64,
    text: Option<usize>,
    reasoning: Option<usize>,
    refusal: Option<usize>,
    audio: Vec<u8>,
    media: Option<String>,
}

impl Pointed {
    pub(crate) fn new(spec: Arc<ResponseSpec>) -> Self {
        Self {
            spec,
            got: Collected::default(),
            events: 0,
            text: None,
            reasoning: None,
            refusal: None,
            audio: Vec::new(),
            media: None,
        }
    }

    /// Plain text: a piece of it, or a line.
    fn plain(&mut self, data: &[u8]) -> EventKind {
        let mut piece = String::from_utf8_lossy(data).into_owned();
        if self.spec.form == ResponseForm::Lines && self.text.is_some() {
            piece.insert(0, '\n');
        }
        let visible = !piece.is_empty();
        append(&mut self.got.parts, &mut self.text, Part::Text(piece));
        if visible { EventKind::Visible } else { EventKind::Other }
    }

    /// Takes what the pointers find in a value.
    fn take(&mut self, value: &Value) -> EventKind {
        let spec = Arc::clone(&self.spec);
        let at = |pointer: &Option<String>| {
            pointer.as_deref().and_then(|p| value.pointer(p)).filter(|v| !v.is_null())
        };
        if let Some(error) = at(&spec.error).filter(|e| **e != Value::Bool(false) && e.as_str() != Some("")) {
            let message = message_in(error).unwrap_or_default();
            self.got.fail(Cause::ErrorEvent, format!("the answer reports an error: {message}"));
            return EventKind::Error;
        }
        let mut visible = self.words(at(&spec.answer), Part::Text);
        let reasoning = self.words(at(&spec.reasoning), Part::Reasoning);
        visible |= self.words(at(&spec.refusal), Part::Refusal);
        visible |= self.sound(&spec, value);
        let count = |v: Option<&Value>| v.and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
        let (input, output) = (count(at(&spec.input_tokens)), count(at(&spec.output_tokens)));
        let said = &mut self.got.said;
        said.usage.input = input.or(said.usage.input);
        said.usage.output = output.or(said.usage.output);
        set(&mut said.model, at(&spec.model).map(text_of));
        set(&mut said.id, at(&spec.id).map(text_of));
        let finish = at(&spec.finish).map(text_of).filter(|f| !f.is_empty());
        let finished = finish.is_some();
        if let Some(word) = finish {
            self.got.finish = Some(finish_of(word));
        }
        match () {
            () if visible => EventKind::Visible,
            () if reasoning => EventKind::Reasoning,
            () if finished => EventKind::Finish,
            () if input.or(output).is_some() => EventKind::Usage,
            () => EventKind::Other,
        }
    }

    /// Appends text of one kind; says whether there was any.
    fn words(&mut self, found: Option<&Value>, part: fn(String) -> Part) -> bool {
        let Some(text) = found.map(text_of) else { return false };
        let any = !text.is_empty();
        let part = part(text);
        let slot = match part {
            Part::Reasoning(_) => &mut self.reasoning,
            Part::Refusal(_) => &mut self.refusal,
            _ => &mut self.text,
        };
        append(&mut self.got.parts, slot, part);
        any
    }

    /// Takes audio; says whether there was any.
    fn sound(&mut self, spec: &ResponseSpec, value: &Value) -> bool {
        let Some(audio) = &spec.audio else { return false };
        let text = match value.pointer(&audio.base64) {
            None | Some(Value::Null) => return false,
            Some(Value::String(text)) => text.as_str(),
            Some(_) => {
                let detail = format!("the audio at '{}' is no text, expected base64", audio.base64);
                self.got.fail(Cause::Malformed, detail);
                return false;
            }
        };
        let inline = text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
        if let Some((media, _)) = inline {
            let media: String = media.chars().filter(|c| !c.is_control()).take(MAX_MEDIA).collect();
            self.media.get_or_insert(media);
        }
        let Some(bytes) = base64::decode(inline.map_or(text, |(_, data)| data)) else {
            self.got.fail(Cause::Malformed, format!("the audio at '{}' is not base64", audio.base64));
            return false;
        };
        self.audio.extend_from_slice(&bytes);
        !bytes.is_empty()
    }

    /// Whether an event is the end mark by its bytes or its name.
    fn is_end(&self, name: &[u8], data: &[u8]) -> bool {
        match &self.spec.end {
            Some(EndMark::Data(text)) => data == text.trim().as_bytes(),
            Some(EndMark::Event(event)) => name == event.as_bytes(),
            _ => false,
        }
    }
}

impl Dialect for Pointed {
    fn event(&mut self, name: &[u8], data: &[u8]) -> (EventKind, Option<u32>) {
        self.events += 1;
        let line = self.spec.answer.is_none() && self.spec.form == ResponseForm::Lines;
        let trimmed = data.trim_ascii();
        if self.got.done {
            return (EventKind::Other, None);
        }
        let end = self.is_end(name, trimmed);
        self.got.done = end;
        if name == b"error" && !end {
            let message = error_message(trimmed).unwrap_or_else(|| lossy(trimmed));
            self.got.fail(Cause::ErrorEvent, format!("error event: {message}"));
            return (EventKind::Error, None);
        }
        if end && matches!(self.spec.end, Some(EndMark::Data(_))) {
            return (EventKind::Done, None);
        }
        if self.spec.answer.is_none() {
            let kind =
                if end { EventKind::Done } else { self.plain(if line { data } else { trimmed_end(data) }) };
            return (kind, None);
        }
        match serde_json::from_slice::<Value>(trimmed) {
            Ok(value) => {
                let kind = self.take(&value);
                if let Some(EndMark::Field { pointer, value: want }) = &self.spec.end {
                    self.got.done = value.pointer(pointer) == Some(want);
                }
                let bare = self.got.done && kind == EventKind::Other;
                (if bare { EventKind::Done } else { kind }, None)
            }
            Err(_) if end => (EventKind::Done, None),
            Err(e) => {
                let detail = format!("event {} is not JSON: {e}", self.events);
                self.got.fail(Cause::Malformed, detail);
                (EventKind::Other, None)
            }
        }
    }

    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)> {
        let whole = self.spec.answer.is_none()
            || self.is_end(name, data.trim_ascii())
            || serde_json::from_slice::<Value>(data).is_ok();
        if !whole && !self.got.done {
            let detail = format!("the stream ended inside event {}", self.events + 1);
            self.got.fail(Cause::Cut, detail);
        }
        whole.then(|| self.event(name, data))
    }

    fn whole(&mut self, body: &[u8]) -> (EventKind, Option<u32>) {
        self.got.done = true;
        let Some(answer) = self.spec.answer.clone() else {
            return (self.plain(body), None);
        };
        let value: Value = match serde_json::from_slice(body) {
            Ok(value) => value,
            Err(e) => {
                let html = body.trim_ascii_start().starts_with(b"<");
                let like = if html { " (it looks like HTML)" } else { "" };
                self.got.fail(Cause::Malformed, format!("the body is not JSON{like}: {e}"));
                return (EventKind::Other, None);
            }
        };
        let kind = self.take(&value);
        if self.got.parts.is_empty() && self.audio.is_empty() && value.pointer(&answer).is_none() {
            let detail = format!("the answer has nothing at '{answer}'");
            self.got.fail(Cause::Malformed, detail);
        }
        let tokens = self.got.said.usage.output.filter(|_| kind.is_content());
        (kind, tokens)
    }

    fn close(&mut self, complete: bool) {
        if !self.audio.is_empty() {
            let blob = Blob::new(std::mem::take(&mut self.audio));
            let told = self.spec.audio.as_ref().map(|a| a.media.clone()).unwrap_or_default();
            let media = self.media.take().unwrap_or(told);
            self.got.parts.push(Part::Blob { media, hash: blob.hash });
            self.got.blobs.push(blob);
        }
        if !complete || self.got.done || self.spec.form == ResponseForm::Whole {
            return;
        }
        if self.spec.end.is_some() {
            let events = self.events;
            self.got.fail(Cause::Cut, format!("the stream ended after {events} events without its end mark"));
        }
        self.got.done = true;
    }

    fn collected(&mut self) -> &mut Collected {
        &mut self.got
    }
}

/// Data of a plain event: spaces at its end belong to the text.
fn trimmed_end(data: &[u8]) -> &[u8] {
    data.strip_suffix(b"\r").unwrap_or(data)
}

/// A value as text: texts as they are, everything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn finish_of(word: String) -> Finish {
    match word.as_str() {
        "stop" | "end_turn" | "eos" | "complete" | "completed" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "content_filter" | "filter" | "safety" => Finish::Filter,
        "tool_calls" | "tool_use" => Finish::ToolCalls,
        _ => Finish::Other(word),
    }
}
