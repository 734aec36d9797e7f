//! A program's answer, read line by line.
//!
//! Main type: [`Lines`]. What it reads may be hostile: a wrong type is
//! `Malformed`, never a panic.

use crate::dialect::{Collected, Dialect, append, lossy, message_in};
use acidtest_record::{Cause, EventKind, Finish, Part, Usage};
use serde::Deserialize;
use serde_json::Value;

/// One line of an answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Line {
    delta: Option<String>,
    text: Option<String>,
    reasoning: Option<String>,
    refusal: Option<String>,
    done: bool,
    finish: Option<String>,
    error: Option<Value>,
    usage: Option<Counts>,
    model: Option<String>,
}

/// Token counts by their usual names.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Counts {
    #[serde(alias = "input_tokens", alias = "prompt_tokens")]
    input: Option<u32>,
    #[serde(alias = "output_tokens", alias = "completion_tokens")]
    output: Option<u32>,
    cached: Option<u32>,
    reasoning: Option<u32>,
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    got: Collected,
    lines: u64,
    text: Option<usize>,
    reasoning: Option<usize>,
    refusal: Option<usize>,
}

impl Lines {
    fn take(&mut self, line: Line) -> EventKind {
        if let Some(error) = line.error.filter(|e| !e.is_null()) {
            let message = message_in(&error).unwrap_or_default();
            self.got.fail(Cause::ErrorEvent, format!("the program reports an error: {message}"));
            self.got.done = true;
            return EventKind::Error;
        }
        let has = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.is_empty());
        let visible = has(&line.delta) || has(&line.text) || has(&line.refusal);
        let reasoning = has(&line.reasoning);
        if let Some(piece) = line.reasoning {
            append(&mut self.got.parts, &mut self.reasoning, Part::Reasoning(piece));
        }
        if let Some(piece) = line.delta {
            append(&mut self.got.parts, &mut self.text, Part::Text(piece));
        }
        self.got.done |= line.done || line.text.is_some();
        if let Some(whole) = line.text {
            // The whole text stands for all pieces before it.
            match self.text.and_then(|at| self.got.parts.get_mut(at)) {
                Some(part) => *part = Part::Text(whole),
                None => append(&mut self.got.parts, &mut self.text, Part::Text(whole)),
            }
        }
        if let Some(piece) = line.refusal {
            append(&mut self.got.parts, &mut self.refusal, Part::Refusal(piece));
        }
        let finished = line.finish.is_some() || line.done;
        if let Some(word) = line.finish {
            self.got.finish = Some(match word.as_str() {
                "stop" => Finish::Stop,
                "length" => Finish::Length,
                "content_filter" => Finish::Filter,
                "tool_calls" => Finish::ToolCalls,
                _ => Finish::Other(word),
            });
        }
        let counted = line.usage.is_some();
        if let Some(Counts { input, output, cached, reasoning }) = line.usage {
            self.got.said.usage = Usage { input, output, cached, reasoning };
        }
        self.got.said.model = self.got.said.model.take().or(line.model);
        match () {
            () if visible => EventKind::Visible,
            () if reasoning => EventKind::Reasoning,
            () if finished => EventKind::Finish,
            () if counted => EventKind::Usage,
            () => EventKind::Other,
        }
    }
}

impl Dialect for Lines {
    fn event(&mut self, _name: &[u8], data: &[u8]) -> (EventKind, Option<u32>) {
        self.lines += 1;
        if self.got.done {
            return (EventKind::Other, None);
        }
        match serde_json::from_slice::<Line>(data) {
            Ok(line) => (self.take(line), None),
            Err(e) => {
                let shown: String = lossy(data).chars().take(100).collect();
                let detail = format!("line {} is not an answer's JSON ({e}): {shown}", self.lines);
                self.got.fail(Cause::Malformed, detail);
                (EventKind::Other, None)
            }
        }
    }

    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)> {
        serde_json::from_slice::<Line>(data).is_ok().then(|| self.event(name, data))
    }

    fn whole(&mut self, _body: &[u8]) -> (EventKind, Option<u32>) {
        (EventKind::Other, None)
    }

    fn collected(&mut self) -> &mut Collected {
        &mut self.got
    }
}
