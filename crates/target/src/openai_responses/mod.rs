//! OpenAI's Responses API.
//!
//! Main type: [`Responses`], which collects one answer; [`body`] writes the request.
//! What it reads may be hostile: wrong types are `Malformed`, never a panic.

use crate::body;
use crate::dialect::message_in;
use crate::framing::Framing;
use crate::gather::Gathered;
use crate::json::{self, Wrong};
use crate::logprobs::tokens;
use crate::protocol::{Key, Protocol};
use crate::seam::BuildError;
use crate::spoken::{Objects, Spoken};
use acidtest_record::{Ask, EventKind, Finish, TargetSpec};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// How responses are asked for.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/responses",
    root: None,
    reserved: &RESERVED,
    key: Key::Bearer,
    headers: &[],
    body,
    framing: Framing::Events,
    dialect: || Box::new(Objects::<Responses>::default()),
};

const RESERVED: [&str; 2] = ["input", "stream"];

/// Parameters of chats that this protocol does not know: a plan has them for its
/// other targets.
const UNKNOWN: [&str; 7] =
    ["seed", "n", "stop", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs"];

fn body(spec: &TargetSpec, ask: &Ask) -> Result<Bytes, BuildError> {
    let mut params = body::params(ask, &RESERVED)?;
    let limit = body::take(&mut params, &["max_output_tokens", "max_completion_tokens", "max_tokens"]);
    let mut map = Map::new();
    map.insert("model".into(), spec.model.as_str().into());
    map.insert("input".into(), body::chat(&body::messages(ask)?));
    map.extend(limit.map(|n| ("max_output_tokens".to_owned(), n)));
    if !ask.tools.is_empty() {
        map.insert("tools".into(), ask.tools.iter().map(tool).collect());
    }
    translate(&mut params);
    map.extend(params);
    map.insert("stream".into(), ask.stream.into());
    body::finish(map, &spec.body)
}

/// Parameters of chats in the names and places of this protocol; those that it does
/// not know are dropped.
fn translate(params: &mut Map<String, Value>) {
    if let Some(choice) = params.get_mut("tool_choice") {
        let name = choice.pointer("/function/name").cloned();
        name.into_iter().for_each(|name| *choice = json!({"type": "function", "name": name}));
    }
    if let Some(format) = params.shift_remove("response_format") {
        inside(params, "text", "format", flat(format));
    }
    for (name, object, field) in
        [("verbosity", "text", "verbosity"), ("reasoning_effort", "reasoning", "effort")]
    {
        if let Some(value) = params.shift_remove(name) {
            inside(params, object, field, value);
        }
    }
    if params.get("logprobs") == Some(&Value::Bool(true)) {
        params.entry("include").or_insert_with(|| json!(["message.output_text.logprobs"]));
    }
    body::take(params, &UNKNOWN);
}

/// Puts a field into an object among the parameters; one that the plan names in
/// this protocol's own form stays.
fn inside(params: &mut Map<String, Value>, object: &str, field: &str, value: Value) {
    let known = params.entry(object).or_insert_with(|| json!({}));
    if let Some(known) = known.as_object_mut() {
        known.entry(field).or_insert(value);
    }
}

/// A format of answers without the layer that chats put around a schema.
fn flat(format: Value) -> Value {
    let Some(schema) = format.get("json_schema").and_then(Value::as_object) else {
        return format;
    };
    let mut out = Map::new();
    out.insert("type".into(), "json_schema".into());
    out.extend(schema.clone());
    out.into()
}

/// A tool of the chat's form in this one, whose function lies flat; another as it is.
fn tool(tool: &Value) -> Value {
    let Some(function) = body::function(tool) else {
        return tool.clone();
    };
    let mut out = Map::new();
    out.insert("type".into(), "function".into());
    out.extend(function.clone());
    out.into()
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Responses {
    answer: Gathered,
    /// Whether it has an item of reasoning, whatever is shown of it.
    has_reasoned: bool,
}

impl Spoken for Responses {
    const WHAT: &'static str = "a response";
    const END_MARK: &'static str = "response.completed";

    fn event(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        let number = json::count(value, "output_index")?.unwrap_or(0);
        let delta = || json::text(value, "delta").map(Option::unwrap_or_default);
        match json::text(value, "type")?.unwrap_or_default() {
            "response.created" | "response.in_progress" | "response.queued" => {
                if let Some(response) = json::object(value, "response")? {
                    self.answer.about(json::text(response, "id")?, json::text(response, "model")?);
                }
                return Ok(EventKind::Role);
            }
            "response.output_text.delta" => {
                self.answer.visible(delta()?);
                self.answer.logprobs(tokens(value)?);
            }
            "response.refusal.delta" => self.answer.refusal(delta()?),
            "response.reasoning_summary_text.delta" | "response.reasoning_text.delta" => {
                self.answer.reasoning(delta()?);
            }
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                self.answer.tool(number, None, "", delta()?);
            }
            "response.function_call_arguments.done" => {
                self.late_arguments(number, json::text(value, "arguments")?);
            }
            "response.custom_tool_call_input.done" => {
                self.late_arguments(number, json::text(value, "input")?);
            }
            "response.output_item.added" => self.begin_item(number, value)?,
            "response.completed" | "response.incomplete" | "response.failed" | "response.cancelled" => {
                let response = json::object(value, "response")?.unwrap_or(value);
                return self.end(response);
            }
            "error" => {
                let message = message_in(value.get("error").unwrap_or(value));
                let message = message.unwrap_or_else(|| "no message".into());
                return Ok(self.answer.error(format!("error event: {message}")));
            }
            _ => {}
        }
        Ok(EventKind::Other)
    }

    fn whole(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        if let Some(error) = json::field(value, "error").filter(|_| value.get("output").is_none()) {
            let message = message_in(error).unwrap_or_else(|| "no message".into());
            return Ok(self.answer.error(format!("error in the body: {message}")));
        }
        if json::field(value, "output").is_none() {
            return Ok(self.answer.malformed("body has no 'output': not a response".to_owned()));
        }
        for (number, item) in json::list(value, "output")?.iter().enumerate() {
            self.item(number as u64, item)?;
        }
        self.end(value)
    }

    fn gathered(&mut self) -> &mut Gathered {
        &mut self.answer
    }
}

impl Responses {
    /// Arguments that came at the end alone.
    fn late_arguments(&mut self, number: u64, arguments: Option<&str>) {
        if !self.answer.has_arguments(number) {
            self.answer.tool(number, None, "", arguments.unwrap_or_default());
        }
    }

    /// An item begins: of tool calls the name comes here.
    fn begin_item(&mut self, number: u64, value: &Value) -> Result<(), Wrong> {
        let Some(item) = json::object(value, "item")? else {
            return Ok(());
        };
        self.has_reasoned |= json::text(item, "type")? == Some("reasoning");
        if matches!(json::text(item, "type")?, Some("function_call" | "custom_tool_call")) {
            let id = json::text(item, "call_id")?.or(json::text(item, "id")?);
            self.answer.tool(number, id, json::text(item, "name")?.unwrap_or_default(), "");
        }
        Ok(())
    }

    /// An item of a whole body.
    fn item(&mut self, number: u64, item: &Value) -> Result<(), Wrong> {
        match json::text(item, "type")?.unwrap_or_default() {
            "message" => {
                for part in json::list(item, "content")? {
                    self.answer.visible(json::text(part, "text")?.unwrap_or_default());
                    self.answer.refusal(json::text(part, "refusal")?.unwrap_or_default());
                    self.answer.logprobs(tokens(part)?);
                }
            }
            "reasoning" => {
                self.has_reasoned = true;
                for part in json::list(item, "summary")?.iter().chain(json::list(item, "content")?) {
                    self.answer.reasoning(json::text(part, "text")?.unwrap_or_default());
                }
            }
            "function_call" | "custom_tool_call" => {
                let id = json::text(item, "call_id")?.or(json::text(item, "id")?);
                let arguments =
                    json::text_or_json(item, "arguments").or_else(|| json::text_or_json(item, "input"));
                let name = json::text(item, "name")?.unwrap_or_default();
                self.answer.tool(number, id, name, &arguments.unwrap_or_default());
            }
            _ => {}
        }
        Ok(())
    }

    /// The response object as it stands at the end.
    fn end(&mut self, response: &Value) -> Result<EventKind, Wrong> {
        self.answer.about(json::text(response, "id")?, json::text(response, "model")?);
        self.usage(response)?;
        // Hidden and not counted apart: nobody knows how many of the tokens were the answer's.
        if self.has_reasoned && self.answer.got.said.usage.reasoning.is_none() {
            self.answer.reasoned();
        }
        self.answer.got.vllm_metrics(response.get("metrics"));
        let status = json::text(response, "status")?.unwrap_or("completed");
        let reason = match json::object(response, "incomplete_details")? {
            Some(details) => json::text(details, "reason")?,
            None => None,
        };
        let finish = match (status, reason) {
            ("failed" | "cancelled", _) => {
                let message = json::field(response, "error").and_then(message_in);
                let message = message.unwrap_or_else(|| "no message".into());
                return Ok(self.answer.error(format!("response {status}: {message}")));
            }
            ("incomplete", Some("max_output_tokens")) => Finish::Length,
            ("incomplete", Some("content_filter")) => Finish::Filter,
            ("incomplete", Some(other)) => Finish::Other(other.chars().take(10_000).collect()),
            ("completed", _) if self.answer.calls_tools() => Finish::ToolCalls,
            ("completed", _) => Finish::Stop,
            (other, _) => Finish::Other(other.chars().take(10_000).collect()),
        };
        self.answer.finish(finish);
        self.answer.got.done = true;
        Ok(EventKind::Finish)
    }

    fn usage(&mut self, response: &Value) -> Result<(), Wrong> {
        let Some(usage) = json::object(response, "usage")? else {
            return Ok(());
        };
        let said = &mut self.answer.got.said.usage;
        said.input = json::small(usage, "input_tokens")?;
        said.output = json::small(usage, "output_tokens")?;
        if let Some(details) = json::object(usage, "input_tokens_details")? {
            said.cached = json::small(details, "cached_tokens")?;
        }
        if let Some(details) = json::object(usage, "output_tokens_details")? {
            said.reasoning = json::small(details, "reasoning_tokens")?;
        }
        Ok(())
    }
}
