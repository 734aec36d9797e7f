//! The wire forms of OpenAI's chat completions, as this server speaks them.
//!
//! Main types: [`Ask`], a request that was understood, and [`Chunks`], which
//! writes events into bytes. Written apart from the client's forms on purpose:
//! shared code would hide shared bugs.

use crate::api::{Api, Encode, Vectors};
use crate::pieces;
use crate::script::{Planned, Script};
use crate::truth::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A finish reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The answer is whole.
    Stop,
    /// It was cut at a limit of tokens.
    Length,
    /// It was cut by a filter.
    ContentFilter,
    /// It asks for tools.
    ToolCalls,
}

impl Finish {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Finish::Stop => "stop",
            Finish::Length => "length",
            Finish::ContentFilter => "content_filter",
            Finish::ToolCalls => "tool_calls",
        }
    }
}

/// A request that was understood.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) model: String,
    pub(crate) stream: bool,
    pub(crate) include_usage: bool,
    pub(crate) continuous_usage: bool,
    pub(crate) max_tokens: Option<u32>,
    /// The last user message.
    pub(crate) question: String,
    pub(crate) prompt_tokens: usize,
    pub(crate) api: Api,
    /// The prompt, where it is to be repeated in front of the answer.
    pub(crate) echo: Option<String>,
    /// How many likely tokens to name beside each one.
    pub(crate) logprobs: Option<u32>,
    pub(crate) vectors: Vectors,
}

/// Why a request was not understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadAsk {
    pub(crate) message: String,
    pub(crate) param: Option<&'static str>,
}

#[derive(Deserialize)]
struct ChatRequest {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    max_tokens: Option<u32>,
    max_completion_tokens: Option<u32>,
    n: Option<u32>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
    continuous_usage_stats: Option<bool>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Value>,
}

impl Ask {
    pub(crate) fn parse(body: &[u8]) -> Result<Self, BadAsk> {
        let bad = |message: String, param| BadAsk { message, param };
        let asked: ChatRequest = serde_json::from_slice(body)
            .map_err(|e| bad(format!("the body is not a chat request: {e}"), None))?;
        let needed = |param| bad(format!("'{param}' is required"), Some(param));
        let model = asked.model.ok_or_else(|| needed("model"))?;
        let messages = asked.messages.filter(|m| !m.is_empty());
        let messages = messages.ok_or_else(|| needed("messages"))?;
        if asked.n.is_some_and(|n| n != 1) {
            return Err(bad("only 'n' = 1 is served".to_owned(), Some("n")));
        }
        let max_tokens = asked.max_completion_tokens.or(asked.max_tokens);
        if max_tokens == Some(0) {
            let text = "'max_tokens' is 0: expected at least 1".to_owned();
            return Err(bad(text, Some("max_tokens")));
        }
        let (mut question, mut prompt_tokens) = (String::new(), 0);
        for message in &messages {
            let text = text_of(message.content.as_ref()).map_err(|text| bad(text, Some("messages")))?;
            prompt_tokens += pieces::count(&text);
            if message.role == "user" {
                question = text;
            }
        }
        let stream = asked.stream.unwrap_or(false);
        let option = |f: fn(&StreamOptions) -> Option<bool>| {
            stream && asked.stream_options.as_ref().and_then(f).unwrap_or(false)
        };
        let include_usage = option(|o| o.include_usage);
        Ok(Self {
            model,
            stream,
            include_usage,
            continuous_usage: include_usage && option(|o| o.continuous_usage_stats),
            max_tokens,
            question,
            prompt_tokens,
            ..Self::default()
        })
    }
}

/// The text of a message: a string, or the text parts of a list.
pub(crate) fn text_of(content: Option<&Value>) -> Result<String, String> {
    match content {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(s)) => Ok(s.clone()),
        Some(Value::Array(parts)) => Ok(parts
            .iter()
            .filter_map(|p| p.get("text").and_then(Value::as_str))
            .collect::<Vec<_>>()
            .join("\n")),
        Some(_) => Err("a message's 'content' is neither a string nor a list of parts".to_owned()),
    }
}

/// Token counts as the server states them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Usage {
    prompt: usize,
    completion: usize,
    reasoning: usize,
}

impl Usage {
    pub(crate) fn new(prompt: usize, completion: usize, reasoning: usize) -> Self {
        Self { prompt, completion, reasoning }
    }

    pub(crate) fn prompt(self) -> usize {
        self.prompt
    }

    pub(crate) fn completion(self) -> usize {
        self.completion
    }

    pub(crate) fn reasoning(self) -> usize {
        self.reasoning
    }

    /// After so many tokens.
    pub(crate) fn upto(self, tokens: usize) -> Self {
        Self { completion: tokens, reasoning: tokens.min(self.reasoning), ..self }
    }

    pub(crate) fn json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.completion,
            "total_tokens": self.prompt + self.completion,
            "completion_tokens_details": {"reasoning_tokens": self.reasoning},
        })
    }
}

/// Who answers: what every chunk of one answer repeats.
pub(crate) struct Head<'a> {
    pub(crate) id: &'a str,
    pub(crate) model: &'a str,
    pub(crate) created: i64,
}

/// Which chunks carry usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UsageIn {
    /// None.
    Nothing,
    /// The one before `[DONE]`; the others say null.
    LastChunk,
    /// All of them.
    EveryChunk,
}

/// Writes the events of one stream; what they have in common is encoded once.
pub(crate) struct Chunks {
    prefix: Vec<u8>,
    usage_in: UsageIn,
    role_sent: bool,
}

impl Chunks {
    pub(crate) fn new(head: &Head<'_>, usage_in: UsageIn) -> Self {
        let (id, model) = (quoted(head.id), quoted(head.model));
        let prefix = format!(
            "data: {{\"id\":{id},\"object\":\"chat.completion.chunk\",\"created\":{},\"model\":{model},\"choices\":[",
            head.created
        );
        Self { prefix: prefix.into_bytes(), usage_in, role_sent: false }
    }

    fn chunk(&mut self, out: &mut Vec<u8>, event: &Planned, script: &Script) {
        out.extend_from_slice(&self.prefix);
        if event.kind != EventKind::Usage {
            out.extend_from_slice(b"{\"index\":0,\"delta\":{");
            self.delta(out, event, script);
            out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":");
            match event.kind {
                EventKind::Finish => out.extend_from_slice(quoted(script.finish.word()).as_bytes()),
                _ => out.extend_from_slice(b"null"),
            }
            out.push(b'}');
        }
        out.push(b']');
        let usage = match (self.usage_in, event.kind) {
            (UsageIn::EveryChunk, EventKind::Tool) => Some(script.usage.json()),
            (_, EventKind::Usage) | (UsageIn::EveryChunk, _) => Some(script.usage.upto(event.to).json()),
            (UsageIn::LastChunk, _) => {
                out.extend_from_slice(b",\"usage\":null");
                None
            }
            (UsageIn::Nothing, _) => None,
        };
        if let Some(usage) = usage {
            out.extend_from_slice(b",\"usage\":");
            serde_json::to_writer(&mut *out, &usage).expect("a value is JSON");
        }
        out.extend_from_slice(b"}\n\n");
    }

    fn delta(&mut self, out: &mut Vec<u8>, event: &Planned, script: &Script) {
        let mut comma = false;
        if !self.role_sent {
            out.extend_from_slice(b"\"role\":\"assistant\"");
            (self.role_sent, comma) = (true, true);
        }
        if event.kind == EventKind::Tool {
            out.extend_from_slice(if comma { b"," } else { b"" });
            out.extend_from_slice(format!("\"tool_calls\":{}", tool_delta(script, event.from)).as_bytes());
            return;
        }
        let key: &[u8] = match event.kind {
            EventKind::Role | EventKind::Content | EventKind::Malformed => b"\"content\":",
            EventKind::Reasoning => b"\"reasoning_content\":",
            _ => return,
        };
        if comma {
            out.push(b',');
        }
        out.extend_from_slice(key);
        let text = script.text(event.from, event.to);
        serde_json::to_writer(&mut *out, text).expect("a text is JSON");
    }
}

impl Encode for Chunks {
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.prefix.len() + 160);
        match event.kind {
            EventKind::Done => out.extend_from_slice(b"data: [DONE]\n\n"),
            EventKind::Error => {
                let body = error_json("the engine failed on purpose", "server_error", None, 500);
                out.extend_from_slice(format!("data: {body}\n\n").as_bytes());
            }
            EventKind::Malformed => {
                self.chunk(&mut out, event, script);
                // Broken in the middle, yet a whole event on the wire.
                out.truncate(self.prefix.len() + 24);
                out.extend_from_slice(b"\n\n");
            }
            _ => self.chunk(&mut out, event, script),
        }
        out
    }
}

/// A tool call of a stream comes in two events: its name with the first half of the
/// arguments, then the rest.
fn tool_delta(script: &Script, number: usize) -> Value {
    let call = &script.tool_calls[number / 2];
    let half = call.arguments.chars().count() / 2;
    let at = call.arguments.char_indices().nth(half).map_or(call.arguments.len(), |(at, _)| at);
    let (first, rest) = call.arguments.split_at(at);
    let index = number / 2;
    match number % 2 {
        0 => json!([{
            "index": index,
            "id": format!("call_{index}"),
            "type": "function",
            "function": {"name": call.name, "arguments": first},
        }]),
        _ => json!([{"index": index, "function": {"arguments": rest}}]),
    }
}

/// A whole answer.
pub(crate) fn completion(head: &Head<'_>, script: &Script) -> Vec<u8> {
    let mut message = json!({"role": "assistant", "content": script.visible.text()});
    if script.reasoning.len() > 0 {
        message["reasoning_content"] = Value::from(script.reasoning.text());
    }
    if !script.tool_calls.is_empty() {
        let call = |(i, c): (usize, &crate::answers::ToolCall)| {
            let function = json!({"name": c.name, "arguments": c.arguments});
            json!({"id": format!("call_{i}"), "type": "function", "function": function})
        };
        message["tool_calls"] = script.tool_calls.iter().enumerate().map(call).collect();
        if script.visible.len() == 0 {
            message["content"] = Value::Null;
        }
    }
    let body = json!({
        "id": head.id,
        "object": "chat.completion",
        "created": head.created,
        "model": head.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": script.finish.word(),
        }],
        "usage": script.usage.json(),
    });
    body.to_string().into_bytes()
}

/// An error body.
pub(crate) fn error_json(message: &str, kind: &str, param: Option<&str>, code: u16) -> String {
    json!({"error": {"message": message, "type": kind, "param": param, "code": code}}).to_string()
}

/// The list of models.
pub(crate) fn models_json(model: &str, created: i64) -> String {
    json!({
        "object": "list",
        "data": [{"id": model, "object": "model", "created": created, "owned_by": "acidtest"}],
    })
    .to_string()
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expect: &str) {
        let got = match Ask::parse(body.as_bytes()) {
            Ok(ask) => format!("{ask:?}"),
            Err(bad) => format!("{:?}: {}", bad.param, bad.message),
        };
        assert!(got.contains(expect), "{body}: {got}");
    }

    #[test]
    fn requests() {
        check("{", "not a chat request: EOF");
        check("[]", "not a chat request");
        check(r#"{"messages":[{"role":"user"}]}"#, "'model' is required");
        check(r#"{"model":"m"}"#, "'messages' is required");
        check(r#"{"model":"m","messages":[]}"#, "'messages' is required");
        check(r#"{"model":"m","messages":[{"role":"user","content":7}]}"#, "neither a string");
        check(r#"{"model":"m","messages":[{"role":"user"}],"n":2}"#, "'n' = 1");
        check(r#"{"model":"m","messages":[{"role":"user"}],"max_tokens":0}"#, "at least 1");
        check(r#"{"model":"m","messages":[{"role":"user"}],"max_tokens":-1}"#, "not a chat");
        let parts = r#"{"model":"m","messages":[{"role":"system","content":"Be brief."},
            {"role":"user","content":"old"},{"role":"assistant","content":"x"},
            {"role":"user","content":[{"type":"text","text":"new"},{"type":"image_url"}]}],
            "max_tokens":9,"max_completion_tokens":8,"stream_options":{"include_usage":true}}"#;
        check(parts, r#"max_tokens: Some(8), question: "new", prompt_tokens: 5"#);
        check(parts, "include_usage: false");
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = format!(r#"{{"model":"m","x":{}"#, "[".repeat(100_000));
        check(&deep, "not a chat request");
    }
}
