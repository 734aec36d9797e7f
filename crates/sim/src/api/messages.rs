//! Anthropic's Messages.
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
    messages: Option<Vec<Message>>,
    system: Option<Value>,
    stream: Option<bool>,
    max_tokens: Option<u32>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Value>,
}

pub(super) fn parse(body: &[u8]) -> Result<Ask, BadAsk> {
    let asked: Request = serde_json::from_slice(body)
        .map_err(|e| bad(format!("the body is not a request for a message: {e}"), None))?;
    let system = text_of(asked.system.as_ref()).map_err(|e| bad(e, Some("system")))?;
    let (mut question, mut prompt_tokens) = (String::new(), pieces::count(&system));
    for message in needed(asked.messages.filter(|m| !m.is_empty()), "messages")? {
        if !["user", "assistant"].contains(&message.role.as_str()) {
            let text = format!("role '{}': expected 'user' or 'assistant'", message.role);
            return Err(bad(text, Some("messages")));
        }
        let text = text_of(message.content.as_ref()).map_err(|e| bad(e, Some("messages")))?;
        prompt_tokens += pieces::count(&text);
        if message.role == "user" {
            question = text;
        }
    }
    Ok(Ask {
        model: needed(asked.model, "model")?,
        stream: asked.stream.unwrap_or(false),
        max_tokens: Some(needed(limit(asked.max_tokens, "max_tokens")?, "max_tokens")?),
        question,
        prompt_tokens,
        ..Ask::default()
    })
}

/// Writes one streamed answer.
pub(super) struct Encoder {
    id: String,
    model: String,
    /// The block that is open: its number and whether it is thinking.
    open: Option<(u64, bool)>,
}

impl Encoder {
    pub(super) fn new(head: &Head<'_>) -> Self {
        Self { id: head.id.to_owned(), model: head.model.to_owned(), open: None }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if let Some((index, _)) = self.open {
            named(out, &json!({"type": "content_block_stop", "index": index}));
        }
    }

    /// Opens the block for this kind of text, if another one or none is open.
    fn open(&mut self, out: &mut Vec<u8>, thinking: bool) -> u64 {
        match self.open {
            Some((index, kind)) if kind == thinking => return index,
            _ => self.close(out),
        }
        let index = self.open.map_or(0, |(index, _)| index + 1);
        let block = match thinking {
            true => json!({"type": "thinking", "thinking": "", "signature": ""}),
            false => json!({"type": "text", "text": ""}),
        };
        named(out, &json!({"type": "content_block_start", "index": index, "content_block": block}));
        self.open = Some((index, thinking));
        index
    }
}

impl Encode for Encoder {
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8> {
        let mut out = Vec::new();
        match event.kind {
            EventKind::Role => {
                let usage = usage(script, 1);
                let message = json!({"id": self.id, "type": "message", "role": "assistant", "content": [],
                    "model": self.model, "stop_reason": null, "stop_sequence": null, "usage": usage});
                named(&mut out, &json!({"type": "message_start", "message": message}));
            }
            EventKind::Reasoning => {
                let index = self.open(&mut out, true);
                let delta = json!({"type": "thinking_delta", "thinking": script.text(event.from, event.to)});
                named(&mut out, &json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
            EventKind::Content => {
                let index = self.open(&mut out, false);
                let delta = json!({"type": "text_delta", "text": script.text(event.from, event.to)});
                named(&mut out, &json!({"type": "content_block_delta", "index": index, "delta": delta}));
            }
            EventKind::Malformed => {
                return broken(self.encode(&as_content(event), script), b"data: ", b"\n\n");
            }
            EventKind::Error => {
                let error = json!({"type": "api_error", "message": ENGINE_FAILED});
                named(&mut out, &json!({"type": "error", "error": error}));
            }
            EventKind::Finish => {
                self.close(&mut out);
                let delta = json!({"stop_reason": word(script.finish), "stop_sequence": null});
                let usage = json!({"output_tokens": script.usage.completion()});
                named(&mut out, &json!({"type": "message_delta", "delta": delta, "usage": usage}));
            }
            EventKind::Done => named(&mut out, &json!({"type": "message_stop"})),
            _ => {}
        }
        out
    }
}

/// A whole answer.
pub(super) fn whole(head: &Head<'_>, script: &Script) -> Value {
    let mut content = Vec::new();
    if script.reasoning.len() > 0 {
        content.push(json!({"type": "thinking", "thinking": script.reasoning.text(), "signature": ""}));
    }
    content.push(json!({"type": "text", "text": script.visible.text()}));
    json!({"id": head.id, "type": "message", "role": "assistant", "model": head.model, "content": content,
        "stop_reason": word(script.finish), "stop_sequence": null,
        "usage": usage(script, script.usage.completion())})
}

fn usage(script: &Script, output: usize) -> Value {
    json!({"input_tokens": script.usage.prompt(), "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "output_tokens": output})
}

fn word(finish: Finish) -> &'static str {
    match finish {
        // Tools are called in chat completions alone.
        Finish::Stop | Finish::ToolCalls => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ContentFilter => "refusal",
    }
}
