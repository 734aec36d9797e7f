//! OpenAI chat completions and what speaks like it (vLLM, SGLang, llama.cpp, Groq, DeepSeek, OpenRouter …).
//!
//! Main type: [`Chat`], which collects one answer; [`request`] writes the request.
//! The only place of this crate that knows a vendor's JSON. What it reads may be
//! hostile: wrong types are `Malformed`, never a panic.

mod wire;

use crate::body;
use crate::dialect::{Collected, Dialect, append, error_message, lossy, set};
use crate::framing::Framing;
use crate::openai_completions::{echo::Echo, legacy};
use crate::protocol::{self, Protocol};
use crate::seam::BuildError;
use acidtest_record::{Ask, Cause, EventKind, Finish, LogprobSide, Part, TokenLogprob, Usage};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use wire::{Choice, Chunk, Content, Function, MAX_ENTRIES, Message, Timed, ToolCall, UsageWire};

/// How chat completions are asked for.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/chat/completions",
    root: None,
    reserved: &RESERVED,
    key: protocol::Key::Bearer,
    headers: &[],
    body: |spec, ask| request(&spec.model, ask, &spec.body),
    framing: Framing::Events,
    dialect: || Box::new(Chat::default()),
};

/// Body fields that acidtest decides itself.
const RESERVED: [&str; 2] = ["messages", "stream"];

/// The request body: model, messages, parameters, stream options, then the
/// target's own fields, which win (`null` removes a field).
pub(crate) fn request(model: &str, ask: &Ask, extra: &Map<String, Value>) -> Result<Bytes, BuildError> {
    let params = body::params(ask, &RESERVED)?;
    let mut map = Map::new();
    map.insert("model".into(), model.into());
    map.insert("messages".into(), body::chat(&body::messages(ask)?));
    if !ask.tools.is_empty() {
        map.insert("tools".into(), ask.tools.clone().into());
    }
    map.extend(params);
    map.insert("stream".into(), ask.stream.into());
    if ask.stream {
        map.insert("stream_options".into(), json!({"include_usage": true}));
    }
    body::finish(map, extra)
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Chat {
    pub(crate) got: Collected,
    /// The echo of the prompt that a completion begins with.
    pub(crate) echo: Option<Echo>,
    events: u64,
    text: Option<usize>,
    reasoning: Option<usize>,
    refusal: Option<usize>,
    logprobs: Option<usize>,
    tools: HashMap<u32, usize>,
    counting: Counting,
}

/// Tokens by event, from usage that comes with every chunk.
#[derive(Debug, Default)]
enum Counting {
    /// No content yet, or every content event so far said how many tokens there were.
    #[default]
    Fresh,
    Upto(u64),
    /// A content event came without: differences mean nothing any more.
    Lost,
}

/// Which kinds of content one message carried.
#[derive(Debug, Default, Clone, Copy)]
struct Carried {
    visible: bool,
    tool: bool,
    reasoning: bool,
    role: bool,
}

impl Dialect for Chat {
    fn event(&mut self, name: &[u8], data: &[u8]) -> (EventKind, Option<u32>) {
        self.events += 1;
        let data = data.trim_ascii();
        if data.is_empty() {
            return (EventKind::Comment, None);
        }
        if data == b"[DONE]" {
            self.got.done = true;
            return (EventKind::Done, None);
        }
        if self.got.done {
            return (EventKind::Other, None);
        }
        if name == b"error" {
            let message = error_message(data).unwrap_or_else(|| lossy(data));
            return self.error(format!("error event: {message}"));
        }
        match serde_json::from_slice::<Chunk>(data) {
            Ok(chunk) => self.chunk(chunk),
            Err(e) => {
                let detail = format!("event {} is not a chat completion chunk: {e}", self.events);
                self.got.fail(Cause::Malformed, detail);
                (EventKind::Other, None)
            }
        }
    }

    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)> {
        let whole = data == b"[DONE]" || serde_json::from_slice::<Chunk>(data).is_ok();
        whole.then(|| self.event(name, data))
    }

    fn whole(&mut self, body: &[u8]) -> (EventKind, Option<u32>) {
        let chunk: Chunk = match serde_json::from_slice(body) {
            Ok(chunk) => chunk,
            Err(e) => {
                let html = body.trim_ascii_start().starts_with(b"<");
                let like = if html { " (it looks like HTML)" } else { "" };
                self.got.fail(Cause::Malformed, format!("body is not a chat completion{like}: {e}"));
                return (EventKind::Other, None);
            }
        };
        if chunk.choices.is_none() && !chunk.is_error() {
            let detail = "body has no 'choices': not a chat completion".to_owned();
            self.got.fail(Cause::Malformed, detail);
            return (EventKind::Other, None);
        }
        self.got.done = true;
        let (kind, _) = self.chunk(chunk);
        let tokens = self.got.said.usage.output.filter(|_| kind.is_content());
        (kind, tokens)
    }

    fn collected(&mut self) -> &mut Collected {
        &mut self.got
    }
}

impl Chat {
    fn error(&mut self, detail: String) -> (EventKind, Option<u32>) {
        self.got.fail(Cause::ErrorEvent, detail);
        (EventKind::Error, None)
    }

    fn chunk(&mut self, chunk: Chunk) -> (EventKind, Option<u32>) {
        if chunk.is_error() {
            let message = chunk.error_text().unwrap_or_else(|| "no message".into());
            return self.error(format!("error in the stream: {message}"));
        }
        set(&mut self.got.said.id, chunk.id);
        set(&mut self.got.said.model, chunk.model);
        set(&mut self.got.said.fingerprint, chunk.system_fingerprint);
        self.prompt_logprobs(chunk.prompt_logprobs);
        self.got.vllm_metrics(chunk.metrics.as_ref());
        let groq = chunk.x_groq.unwrap_or_default();
        if let Some(message) = groq.error {
            return self.error(format!("error in the stream: {message}"));
        }
        let usage = chunk.usage.or(groq.usage);
        let output = usage.as_ref().and_then(|u| u.completion_tokens);
        let has_usage = usage.is_some();
        if let Some(usage) = usage {
            self.usage(&usage);
        }
        self.timings(chunk.timings.as_ref());
        let mut carried = Carried::default();
        let finished = self.got.finish.is_some();
        for choice in chunk.choices.unwrap_or_default() {
            if let Err(message) = self.choice(choice, &mut carried) {
                return self.error(message);
            }
        }
        let kind = match carried {
            Carried { visible: true, .. } => EventKind::Visible,
            Carried { tool: true, .. } => EventKind::Tool,
            Carried { reasoning: true, .. } => EventKind::Reasoning,
            _ if !finished && self.got.finish.is_some() => EventKind::Finish,
            _ if has_usage && !carried.role => EventKind::Usage,
            Carried { role: true, .. } => EventKind::Role,
            _ => EventKind::Other,
        };
        (kind, self.tokens(kind, output))
    }

    /// Tokens of this event: how much the running total grew since the last one.
    fn tokens(&mut self, kind: EventKind, output: Option<u64>) -> Option<u32> {
        if !kind.is_content() {
            return None;
        }
        let before = match self.counting {
            Counting::Fresh => Some(0),
            Counting::Upto(n) => Some(n),
            Counting::Lost => None,
        };
        let grown = output.zip(before).and_then(|(now, then)| now.checked_sub(then));
        self.counting = match (grown, output) {
            (Some(_), Some(now)) => Counting::Upto(now),
            _ => Counting::Lost,
        };
        grown.and_then(|n| u32::try_from(n).ok())
    }

    fn usage(&mut self, usage: &UsageWire) {
        let small = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok());
        let prompt = usage.prompt_tokens_details.as_ref();
        let completion = usage.completion_tokens_details.as_ref();
        let cached = prompt.and_then(|d| d.cached_tokens).or(usage.prompt_cache_hit_tokens);
        let now = Usage {
            input: small(usage.prompt_tokens),
            output: small(usage.completion_tokens),
            cached: small(cached),
            reasoning: small(completion.and_then(|d| d.reasoning_tokens)),
        };
        let said = &mut self.got.said.usage;
        said.input = now.input.or(said.input);
        said.output = now.output.or(said.output);
        said.cached = now.cached.or(said.cached);
        said.reasoning = now.reasoning.or(said.reasoning);
        let Timed { queue_time, prompt_time, completion_time, total_time } = usage.timed();
        for (name, seconds) in [
            ("queue_time", queue_time),
            ("prompt_time", prompt_time),
            ("completion_time", completion_time),
            ("total_time", total_time),
        ] {
            self.got.timing(name, seconds);
        }
    }

    /// llama.cpp's own times, of which those in milliseconds are durations, and how
    /// much of the prompt it did not have to read again.
    fn timings(&mut self, timings: Option<&Value>) {
        let count = |name: &str| timings.and_then(|t| t.get(name)).and_then(Value::as_u64);
        let usage = &mut self.got.said.usage;
        let not_read = || u64::from(usage.input?).checked_sub(count("prompt_n")?);
        let cached = count("cache_n").or_else(not_read).and_then(|n| u32::try_from(n).ok());
        usage.cached = usage.cached.or(cached);
        for name in ["prompt_ms", "predicted_ms"] {
            let ms = timings.and_then(|t| t.get(name)).and_then(Value::as_f64);
            self.got.timing(name, ms.map(|ms| ms / 1e3));
        }
    }

    /// Takes the first choice; others were not asked for and are left out.
    fn choice(&mut self, choice: Choice, carried: &mut Carried) -> Result<(), String> {
        if choice.index.unwrap_or(0) != 0 {
            return Ok(());
        }
        if let Some(message) = choice.delta.or(choice.message) {
            self.message(message, carried);
        }
        if let Some(text) = choice.text {
            let text = match &mut self.echo {
                Some(echo) => echo.strip(text),
                None => text,
            };
            self.visible(text, carried);
        }
        self.logprobs(choice.logprobs.map(wire::Logprobs::known).unwrap_or_default());
        self.prompt_logprobs(choice.prompt_logprobs);
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("error") => return Err("finish_reason is 'error'".into()),
            Some(reason) => self.got.finish = Some(finish(reason)),
        }
        Ok(())
    }

    fn message(&mut self, message: Message, carried: &mut Carried) {
        carried.role |= message.role.is_some();
        // Some servers send the same reasoning under both names.
        let reasoning = message.reasoning_content.or(message.reasoning);
        if let Some(text) = reasoning.filter(|t| !t.is_empty()) {
            carried.reasoning = true;
            append(&mut self.got.parts, &mut self.reasoning, Part::Reasoning(text));
        }
        for content in message.content.into_iter().flatten() {
            match content {
                Content::Text(text) => self.visible(text, carried),
                Content::Reasoning(text) if !text.is_empty() => {
                    carried.reasoning = true;
                    append(&mut self.got.parts, &mut self.reasoning, Part::Reasoning(text));
                }
                Content::Reasoning(_) => {}
            }
        }
        if let Some(text) = message.refusal.filter(|t| !t.is_empty()) {
            carried.visible = true;
            append(&mut self.got.parts, &mut self.refusal, Part::Refusal(text));
        }
        let calls = message.tool_calls.unwrap_or_default();
        for (i, call) in calls.into_iter().enumerate() {
            let index = call.index.unwrap_or(i as u32);
            carried.tool |= self.tool(index, call);
        }
        if let Some(function) = message.function_call {
            let function = Some(function);
            carried.tool |= self.tool(0, ToolCall { index: None, id: None, function });
        }
    }

    /// Merges a tool call's delta; says whether it carried any text.
    fn tool(&mut self, index: u32, call: ToolCall) -> bool {
        let Function { name, arguments } = call.function.unwrap_or_default();
        let name = name.unwrap_or_default();
        let arguments = arguments.map(|a| a.0).unwrap_or_default();
        let carried = !name.is_empty() || !arguments.is_empty();
        if self.tools.len() >= MAX_ENTRIES && !self.tools.contains_key(&index) {
            self.got.fail(Cause::TooLarge, format!("more than {MAX_ENTRIES} tool calls"));
            return carried;
        }
        let at = *self.tools.entry(index).or_insert_with(|| {
            self.got.parts.push(Part::ToolCall {
                index,
                id: None,
                name: String::new(),
                arguments: String::new(),
            });
            self.got.parts.len() - 1
        });
        if let Part::ToolCall { id, name: known, arguments: so_far, .. } = &mut self.got.parts[at] {
            set(id, call.id);
            if known.is_empty() {
                *known = name;
            }
            so_far.push_str(&arguments);
        }
        carried
    }

    fn visible(&mut self, text: String, carried: &mut Carried) {
        if !text.is_empty() {
            carried.visible = true;
            append(&mut self.got.parts, &mut self.text, Part::Text(text));
        }
    }

    /// vLLM's log-probabilities of the prompt, which come once.
    fn prompt_logprobs(&mut self, list: Option<wire::Likely>) {
        let tokens = legacy::prompt(list.unwrap_or_default().into_iter().collect());
        if !tokens.is_empty() {
            self.got.parts.push(Part::Logprobs { side: LogprobSide::Prompt, tokens });
        }
    }

    fn logprobs(&mut self, tokens: Vec<TokenLogprob>) {
        if tokens.is_empty() {
            return;
        }
        let at = *self.logprobs.get_or_insert_with(|| {
            let side = LogprobSide::Completion;
            let tokens = Vec::new();
            self.got.parts.push(Part::Logprobs { side, tokens });
            self.got.parts.len() - 1
        });
        if let Part::Logprobs { tokens: so_far, .. } = &mut self.got.parts[at] {
            so_far.extend(tokens);
        }
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "stop" | "eos" | "eos_token" | "end_turn" | "stop_sequence" => Finish::Stop,
        "length" | "max_tokens" => Finish::Length,
        "content_filter" => Finish::Filter,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        other => Finish::Other(other.chars().take(10_000).collect()),
    }
}

#[cfg(test)]
mod tests;
