//! Ollama's own chat: a JSON object a line, times in nanoseconds.
//!
//! Main type: [`Lines`], which collects one answer; [`body`] writes the request.
//! What it reads may be hostile: wrong types are `Malformed`, never a panic.

use crate::body;
use crate::dialect::message_in;
use crate::framing::Framing;
use crate::gather::Gathered;
use crate::json::{self, Wrong};
use crate::logprobs;
use crate::protocol::{Key, Protocol};
use crate::seam::BuildError;
use crate::spoken::{Objects, Spoken};
use acidtest_record::{Ask, EventKind, Finish, TargetSpec};
use bytes::Bytes;
use serde_json::{Map, Value};

/// How Ollama is asked.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/api/chat",
    root: Some("/v1"),
    reserved: &RESERVED,
    key: Key::Bearer,
    headers: &[],
    body,
    framing: Framing::Lines,
    dialect: || Box::new(Objects::<Lines>::default()),
};

const RESERVED: [&str; 2] = ["messages", "stream"];

/// Fields that stand beside the messages; every other parameter is an option of the model.
const BESIDE: [&str; 7] = ["format", "keep_alive", "think", "options", "tools", "logprobs", "top_logprobs"];

/// The durations of the last line.
const DURATIONS: [&str; 4] = ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"];

fn body(spec: &TargetSpec, ask: &Ask) -> Result<Bytes, BuildError> {
    let mut params = body::params(ask, &RESERVED)?;
    let limit = body::take(&mut params, &["max_tokens", "max_completion_tokens"]);
    let mut map = Map::new();
    map.insert("model".into(), spec.model.as_str().into());
    map.insert("messages".into(), body::chat(&body::messages(ask)?));
    if !ask.tools.is_empty() {
        map.insert("tools".into(), ask.tools.clone().into());
    }
    if let Some(format) = params.shift_remove("response_format") {
        map.extend(answers_form(&format).map(|form| ("format".to_owned(), form)));
    }
    let mut options = Map::new();
    options.extend(limit.map(|n| ("num_predict".to_owned(), n)));
    for (name, value) in params {
        match value {
            Value::Object(given) if name == "options" => options.extend(given),
            value if BESIDE.contains(&name.as_str()) => drop(map.insert(name, value)),
            value => drop(options.insert(name, value)),
        }
    }
    if !options.is_empty() {
        map.insert("options".into(), options.into());
    }
    map.insert("stream".into(), ask.stream.into());
    body::finish(map, &spec.body)
}

/// The form of answers that a chat's `response_format` asks for: `json`, or a schema.
fn answers_form(format: &Value) -> Option<Value> {
    let schema = || format.pointer("/json_schema/schema").cloned();
    match format.get("type")?.as_str()? {
        "json_object" => Some("json".into()),
        "json_schema" => schema(),
        _ => None,
    }
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    answer: Gathered,
    calls: u64,
}

impl Spoken for Lines {
    const WHAT: &'static str = "Ollama's chat";
    const END_MARK: &'static str = "a line with \"done\": true";

    fn event(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        if let Some(error) = json::field(value, "error") {
            let message = message_in(error).unwrap_or_else(|| "no message".into());
            return Ok(self.answer.error(format!("error in the stream: {message}")));
        }
        self.answer.about(None, json::text(value, "model")?);
        if let Some(message) = json::object(value, "message")? {
            self.message(message)?;
        }
        self.answer.logprobs(logprobs::tokens(value)?);
        if value.get("done").and_then(Value::as_bool) != Some(true) {
            return Ok(EventKind::Other);
        }
        self.answer.got.done = true;
        let said = &mut self.answer.got.said.usage;
        said.input = json::small(value, "prompt_eval_count")?;
        said.output = json::small(value, "eval_count")?;
        for name in DURATIONS {
            let ns = json::number(value, name)?;
            self.answer.got.timing(name, ns.map(|ns| ns / 1e9));
        }
        let calls_tools = self.answer.calls_tools();
        self.answer.finish(match json::text(value, "done_reason")? {
            Some("stop") | None if calls_tools => Finish::ToolCalls,
            Some("stop") => Finish::Stop,
            Some("length") => Finish::Length,
            Some(other) => Finish::Other(other.chars().take(10_000).collect()),
            None => Finish::Unsaid,
        });
        Ok(EventKind::Finish)
    }

    fn whole(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        let known = ["message", "error", "done"].iter().any(|k| json::field(value, k).is_some());
        if !known {
            let detail = "body has no 'message': not Ollama's chat".to_owned();
            return Ok(self.answer.malformed(detail));
        }
        self.event(value)
    }

    fn gathered(&mut self) -> &mut Gathered {
        &mut self.answer
    }
}

impl Lines {
    fn message(&mut self, message: &Value) -> Result<(), Wrong> {
        self.answer.reasoning(json::text(message, "thinking")?.unwrap_or_default());
        self.answer.visible(json::text(message, "content")?.unwrap_or_default());
        for call in json::list(message, "tool_calls")? {
            let Some(function) = json::object(call, "function")? else {
                continue;
            };
            // Calls come whole, one after the other.
            let name = json::text(function, "name")?.unwrap_or_default();
            let arguments = json::text_or_json(function, "arguments").unwrap_or_default();
            self.answer.tool(self.calls, json::text(call, "id")?, name, &arguments);
            self.calls += 1;
        }
        Ok(())
    }
}
