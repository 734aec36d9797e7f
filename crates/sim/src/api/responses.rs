//! OpenAI's Responses.
//!
//! Main items: [`parse`], [`Encoder`], [`whole`].

use super::{ENGINE_FAILED, Encode, as_content, bad, broken, limit, named, needed};
use crate::openai::{Ask, BadAsk, Finish, Head, text_of};
use crate::pieces;
use crate::script::{Planned, Script};
use crate::truth::EventKind;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    input: Option<Value>,
    instructions: Option<String>,
    stream: Option<bool>,
    max_output_tokens: Option<u32>,
}

pub(super) fn parse(body: &[u8]) -> Result<Ask, BadAsk> {
    let asked: Request = serde_json::from_slice(body)
        .map_err(|e| bad(format!("the body is not a request for a response: {e}"), None))?;
    let mut prompt_tokens = asked.instructions.as_deref().map_or(0, pieces::count);
    let mut question = String::new();
    match needed(asked.input, "input")? {
        Value::String(text) => {
            prompt_tokens += pieces::count(&text);
            question = text;
        }
        Value::Array(items) if !items.is_empty() => {
            for item in &items {
                let text = text_of(item.get("content")).map_err(|e| bad(e, Some("input")))?;
                prompt_tokens += pieces::count(&text);
                if item.get("role").and_then(Value::as_str) == Some("user") {
                    question = text;
                }
            }
        }
        _ => return Err(bad("'input' is neither a text nor a list of messages", Some("input"))),
    }
    Ok(Ask {
        model: needed(asked.model, "model")?,
        stream: asked.stream.unwrap_or(false),
        max_tokens: limit(asked.max_output_tokens, "max_output_tokens")?,
        question,
        prompt_tokens,
        ..Ask::default()
    })
}

/// Writes one streamed answer.
pub(super) struct Encoder {
    id: String,
    model: String,
    created: i64,
    sequence: u64,
    reasons: bool,
    speaks: bool,
}

impl Encoder {
    pub(super) fn new(head: &Head<'_>) -> Self {
        let (id, model, created) = (head.id.to_owned(), head.model.to_owned(), head.created);
        Self { id, model, created, sequence: 0, reasons: false, speaks: false }
    }

    fn head(&self) -> Head<'_> {
        Head { id: &self.id, model: &self.model, created: self.created }
    }

    fn event(&mut self, out: &mut Vec<u8>, mut value: Value) {
        value["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        named(out, &value);
    }

    /// The place of the message among the output.
    fn at(&self) -> u64 {
        u64::from(self.reasons)
    }

    fn reasoning(&mut self, out: &mut Vec<u8>, text: &str) {
        if !std::mem::replace(&mut self.reasons, true) {
            let item = json!({"id": "rs_1", "type": "reasoning", "summary": []});
            self.event(out, json!({"type": "response.output_item.added", "output_index": 0, "item": item}));
        }
        self.event(
            out,
            json!({"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0,
                "summary_index": 0, "delta": text}),
        );
    }

    fn content(&mut self, out: &mut Vec<u8>, text: &str) {
        let at = self.at();
        if !std::mem::replace(&mut self.speaks, true) {
            let item = json!({"id": "msg_1", "type": "message", "status": "in_progress",
                "role": "assistant", "content": []});
            self.event(out, json!({"type": "response.output_item.added", "output_index": at, "item": item}));
            let part = json!({"type": "output_text", "text": "", "annotations": [], "logprobs": []});
            self.event(
                out,
                json!({"type": "response.content_part.added", "item_id": "msg_1", "output_index": at,
                    "content_index": 0, "part": part}),
            );
        }
        self.event(
            out,
            json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": at,
                "content_index": 0, "delta": text, "logprobs": []}),
        );
    }

    fn end(&mut self, out: &mut Vec<u8>, script: &Script) {
        if self.speaks {
            let at = self.at();
            self.event(
                out,
                json!({"type": "response.output_text.done", "item_id": "msg_1", "output_index": at,
                    "content_index": 0, "text": script.visible.text(), "logprobs": []}),
            );
        }
        let response = whole(&self.head(), script);
        let kind = format!("response.{}", response["status"].as_str().unwrap_or_default());
        self.event(out, json!({"type": kind, "response": response}));
    }
}

impl Encode for Encoder {
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8> {
        let mut out = Vec::new();
        match event.kind {
            EventKind::Role => {
                let response = json!({"id": self.id, "object": "response", "created_at": self.created,
                    "status": "in_progress", "error": null, "model": self.model, "output": [], "usage": null});
                self.event(&mut out, json!({"type": "response.created", "response": response}));
            }
            EventKind::Reasoning => self.reasoning(&mut out, script.text(event.from, event.to)),
            EventKind::Content => self.content(&mut out, script.text(event.from, event.to)),
            EventKind::Malformed => {
                return broken(self.encode(&as_content(event), script), b"data: ", b"\n\n");
            }
            EventKind::Error => {
                let error =
                    json!({"type": "error", "code": "server_error", "message": ENGINE_FAILED, "param": null});
                self.event(&mut out, error);
            }
            EventKind::Finish => self.end(&mut out, script),
            _ => {}
        }
        out
    }
}

/// A whole answer.
pub(super) fn whole(head: &Head<'_>, script: &Script) -> Value {
    let mut output = Vec::new();
    if script.reasoning.len() > 0 {
        let summary = json!([{"type": "summary_text", "text": script.reasoning.text()}]);
        output.push(json!({"id": "rs_1", "type": "reasoning", "summary": summary}));
    }
    let part =
        json!({"type": "output_text", "text": script.visible.text(), "annotations": [], "logprobs": []});
    let (status, why) = match script.finish {
        Finish::Stop | Finish::ToolCalls => ("completed", Value::Null),
        Finish::Length => ("incomplete", json!({"reason": "max_output_tokens"})),
        Finish::ContentFilter => ("incomplete", json!({"reason": "content_filter"})),
    };
    output.push(json!({"id": "msg_1", "type": "message", "status": status, "role": "assistant",
        "content": [part]}));
    let usage = script.usage;
    json!({
        "id": head.id, "object": "response", "created_at": head.created, "status": status, "error": null,
        "incomplete_details": why, "model": head.model, "output": output,
        "usage": {
            "input_tokens": usage.prompt(), "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage.completion(),
            "output_tokens_details": {"reasoning_tokens": usage.reasoning()},
            "total_tokens": usage.prompt() + usage.completion(),
        },
    })
}
