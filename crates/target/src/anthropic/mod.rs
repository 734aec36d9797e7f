//! Anthropic's Messages API.
//!
//! Main type: [`Messages`], which collects one answer; [`body`] writes the request.
//! What it reads may be hostile: wrong types are `Malformed`, never a panic.

use crate::body;
use crate::dialect::message_in;
use crate::framing::Framing;
use crate::gather::Gathered;
use crate::json::{self, Wrong};
use crate::protocol::{Key, Protocol};
use crate::seam::BuildError;
use crate::spoken::{Objects, Spoken};
use acidtest_record::{Ask, EventKind, Finish, TargetSpec};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// How messages are asked for.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/messages",
    root: None,
    reserved: &RESERVED,
    key: Key::Header("x-api-key"),
    headers: &[("anthropic-version", "2023-06-01")],
    body,
    framing: Framing::Events,
    dialect: || Box::new(Objects::<Messages>::default()),
};

const RESERVED: [&str; 3] = ["messages", "stream", "system"];

/// Parameters of chats that this protocol does not know and refuses: a plan has
/// them for its other targets.
const UNKNOWN: [&str; 14] = [
    "seed",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "response_format",
    "reasoning_effort",
    "verbosity",
    "parallel_tool_calls",
    "stream_options",
    "store",
    "user",
];

/// The protocol demands a limit; this one is sent where the plan names none.
const DEFAULT_MAX_TOKENS: u32 = 1024;

fn body(spec: &TargetSpec, ask: &Ask) -> Result<Bytes, BuildError> {
    let mut params = body::params(ask, &RESERVED)?;
    body::take(&mut params, &UNKNOWN);
    let limit = body::take(&mut params, &["max_tokens", "max_completion_tokens"]);
    let (system, turns): (Vec<_>, Vec<_>) =
        body::messages(ask)?.into_iter().partition(|m| ["system", "developer"].contains(&m.role.as_str()));
    let mut map = Map::new();
    map.insert("model".into(), spec.model.as_str().into());
    map.insert("max_tokens".into(), limit.unwrap_or_else(|| DEFAULT_MAX_TOKENS.into()));
    if !system.is_empty() {
        let texts: Vec<&str> = system.iter().map(|m| m.content.as_str()).collect();
        map.insert("system".into(), texts.join("\n\n").into());
    }
    let turn = |role: &str| if role == "assistant" { "assistant" } else { "user" };
    let turns: Value = turns.iter().map(|m| json!({"role": turn(&m.role), "content": m.content})).collect();
    map.insert("messages".into(), turns);
    if !ask.tools.is_empty() {
        map.insert("tools".into(), ask.tools.iter().map(tool).collect());
    }
    if let Some(stop) = params.shift_remove("stop") {
        let stop = if stop.is_array() { stop } else { json!([stop]) };
        map.insert("stop_sequences".into(), stop);
    }
    if let Some(choice) = params.shift_remove("tool_choice") {
        map.insert("tool_choice".into(), tool_choice(choice));
    }
    map.extend(params);
    map.insert("stream".into(), ask.stream.into());
    body::finish(map, &spec.body)
}

/// A tool of OpenAI's form in Anthropic's; one of another form as it is.
fn tool(tool: &Value) -> Value {
    let Some(function) = body::function(tool) else {
        return tool.clone();
    };
    let mut out = Map::new();
    for (from, to) in [("name", "name"), ("description", "description"), ("parameters", "input_schema")] {
        if let Some(value) = function.get(from) {
            out.insert(to.into(), value.clone());
        }
    }
    out.entry("input_schema").or_insert_with(|| json!({"type": "object"}));
    out.into()
}

fn tool_choice(choice: Value) -> Value {
    match choice.as_str() {
        Some("required") => json!({"type": "any"}),
        Some(word) => json!({"type": word}),
        None => match choice.pointer("/function/name") {
            Some(name) => json!({"type": "tool", "name": name}),
            None => choice,
        },
    }
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    answer: Gathered,
    usage: Counts,
}

/// Input tokens come in three parts that are disjoint.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    fresh: Option<u32>,
    read: Option<u32>,
    written: Option<u32>,
}

impl Spoken for Messages {
    const WHAT: &'static str = "a message";
    const END_MARK: &'static str = "stop_reason and message_stop";

    fn event(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        let index = json::count(value, "index")?.unwrap_or(0);
        match json::text(value, "type")?.unwrap_or_default() {
            "message_start" => {
                if let Some(message) = json::object(value, "message")? {
                    self.answer.about(json::text(message, "id")?, json::text(message, "model")?);
                    self.usage(message)?;
                    // What is counted so far is not the answer's length.
                    self.answer.got.said.usage.output = None;
                }
                Ok(EventKind::Role)
            }
            "content_block_start" => {
                if let Some(block) = json::object(value, "content_block")? {
                    self.block(index, block, Stage::Begin)?;
                }
                Ok(EventKind::Other)
            }
            "content_block_delta" => {
                if let Some(delta) = json::object(value, "delta")? {
                    self.delta(index, delta)?;
                }
                Ok(EventKind::Other)
            }
            "message_delta" => {
                self.usage(value)?;
                let delta = json::object(value, "delta")?;
                match delta.map_or(Ok(None), |d| json::text(d, "stop_reason"))? {
                    Some(reason) => self.answer.finish(finish(reason)),
                    None => return Ok(EventKind::Usage),
                }
                Ok(EventKind::Finish)
            }
            "message_stop" => {
                self.answer.got.done = true;
                Ok(EventKind::Done)
            }
            "ping" => Ok(EventKind::Comment),
            "error" => Ok(self.error(value)),
            _ => Ok(EventKind::Other),
        }
    }

    fn whole(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        if json::text(value, "type")? == Some("error") {
            return Ok(self.error(value));
        }
        self.answer.about(json::text(value, "id")?, json::text(value, "model")?);
        self.usage(value)?;
        if json::field(value, "content").is_none() {
            let detail = "body has no 'content': not a message".to_owned();
            return Ok(self.answer.malformed(detail));
        }
        for (index, block) in json::list(value, "content")?.iter().enumerate() {
            self.block(index as u64, block, Stage::Whole)?;
        }
        if let Some(reason) = json::text(value, "stop_reason")? {
            self.answer.finish(finish(reason));
        }
        Ok(EventKind::Finish)
    }

    fn gathered(&mut self) -> &mut Gathered {
        &mut self.answer
    }
}

/// Whether a block is the beginning of one or all of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Begin,
    Whole,
}

impl Messages {
    fn block(&mut self, index: u64, block: &Value, stage: Stage) -> Result<(), Wrong> {
        match json::text(block, "type")?.unwrap_or_default() {
            "text" => self.answer.visible(json::text(block, "text")?.unwrap_or_default()),
            // Its text may be left out, and its tokens are counted among the output all the same.
            "thinking" => {
                self.answer.reasoned();
                self.answer.reasoning(json::text(block, "thinking")?.unwrap_or_default());
            }
            "redacted_thinking" => self.answer.reasoned(),
            "tool_use" => {
                let input = json::text_or_json(block, "input").unwrap_or_default();
                // A stream opens with an empty object, and the deltas bring the real one.
                let input = if stage == Stage::Begin && input == "{}" { "" } else { &input };
                let name = json::text(block, "name")?.unwrap_or_default();
                self.answer.tool(index, json::text(block, "id")?, name, input);
            }
            _ => {}
        }
        Ok(())
    }

    fn delta(&mut self, index: u64, delta: &Value) -> Result<(), Wrong> {
        match json::text(delta, "type")?.unwrap_or_default() {
            "text_delta" => self.answer.visible(json::text(delta, "text")?.unwrap_or_default()),
            "thinking_delta" => self.answer.reasoning(json::text(delta, "thinking")?.unwrap_or_default()),
            "signature_delta" => self.answer.reasoned(),
            "input_json_delta" => {
                let piece = json::text(delta, "partial_json")?.unwrap_or_default();
                self.answer.tool(index, None, "", piece);
            }
            _ => {}
        }
        Ok(())
    }

    /// All input is what was fresh, what was read from the cache and what was written to it.
    fn usage(&mut self, holder: &Value) -> Result<(), Wrong> {
        let Some(usage) = json::object(holder, "usage")? else {
            return Ok(());
        };
        let known = self.usage;
        self.usage = Counts {
            fresh: json::small(usage, "input_tokens")?.or(known.fresh),
            read: json::small(usage, "cache_read_input_tokens")?.or(known.read),
            written: json::small(usage, "cache_creation_input_tokens")?.or(known.written),
        };
        let Counts { fresh, read, written } = self.usage;
        let said = &mut self.answer.got.said.usage;
        said.input = fresh.map(|n| n.saturating_add(read.unwrap_or(0)).saturating_add(written.unwrap_or(0)));
        said.cached = read;
        said.output = json::small(usage, "output_tokens")?.or(said.output);
        Ok(())
    }

    /// `overloaded_error: Overloaded`.
    fn error(&mut self, value: &Value) -> EventKind {
        let error = value.get("error").unwrap_or(value);
        let message = message_in(error).unwrap_or_else(|| "no message".into());
        let class = error.get("type").and_then(Value::as_str).filter(|c| *c != message);
        let class = class.map_or(String::new(), |c| format!("{c}: "));
        self.answer.error(format!("error event: {class}{message}"))
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Filter,
        other => Finish::Other(other.chars().take(10_000).collect()),
    }
}
