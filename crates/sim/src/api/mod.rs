//! The other protocols that this server speaks beside chat completions.
//!
//! Main type: [`Api`]: which paths there are, what a request of each asks for, and
//! how its answers and errors are written. One file a protocol; like all wire code
//! here it is written apart from the client's on purpose.

mod completions;
mod embeddings;
mod messages;
mod ollama;
mod responses;

pub(crate) use embeddings::Vectors;

use crate::openai::{self, Ask, BadAsk, Chunks, Head, UsageIn};
use crate::script::{Planned, Script};
use crate::truth::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A protocol.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// OpenAI chat completions.
    #[default]
    Chat,
    /// OpenAI text completions.
    Completions,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Messages,
    /// Ollama's chat.
    Ollama,
    /// OpenAI embeddings.
    Embeddings,
}

/// Writes the events of one streamed answer.
pub(crate) trait Encode {
    /// The bytes of one event, ready for the socket.
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8>;
}

impl Api {
    /// The protocol of a path.
    pub(crate) fn of_path(path: &str) -> Option<Self> {
        Some(match path {
            "/v1/chat/completions" => Api::Chat,
            "/v1/completions" => Api::Completions,
            "/v1/responses" => Api::Responses,
            "/v1/messages" => Api::Messages,
            "/api/chat" => Api::Ollama,
            "/v1/embeddings" => Api::Embeddings,
            _ => return None,
        })
    }

    /// Reads a request.
    pub(crate) fn parse(self, body: &[u8]) -> Result<Ask, BadAsk> {
        let ask = match self {
            Api::Chat => Ask::parse(body),
            Api::Completions => completions::parse(body),
            Api::Responses => responses::parse(body),
            Api::Messages => messages::parse(body),
            Api::Ollama => ollama::parse(body),
            Api::Embeddings => embeddings::parse(body),
        }?;
        Ok(Ask { api: self, ..ask })
    }

    /// How the ids of its answers begin.
    pub(crate) fn id_prefix(self) -> &'static str {
        match self {
            Api::Chat => "chatcmpl-",
            Api::Completions => "cmpl-",
            Api::Responses => "resp_",
            Api::Messages => "msg_",
            Api::Ollama => "ollama-",
            Api::Embeddings => "emb-",
        }
    }

    /// Whether something goes out before the first token.
    pub(crate) fn opens(self, role_chunk: bool, echo: bool) -> bool {
        match self {
            Api::Chat => role_chunk,
            Api::Completions => echo,
            Api::Responses | Api::Messages => true,
            Api::Ollama | Api::Embeddings => false,
        }
    }

    /// Whether an end mark follows the finish reason.
    pub(crate) fn has_end_mark(self) -> bool {
        matches!(self, Api::Chat | Api::Completions | Api::Messages)
    }

    /// The media type of its streams.
    pub(crate) fn stream_type(self) -> &'static str {
        match self {
            Api::Ollama => "application/x-ndjson",
            _ => "text/event-stream; charset=utf-8",
        }
    }

    /// An encoder for one streamed answer.
    pub(crate) fn encoder(self, head: &Head<'_>, ask: &Ask, usage_in: UsageIn) -> Box<dyn Encode> {
        match self {
            Api::Chat | Api::Embeddings => Box::new(Chunks::new(head, usage_in)),
            Api::Completions => Box::new(completions::Encoder::new(head, ask, usage_in)),
            Api::Responses => Box::new(responses::Encoder::new(head)),
            Api::Messages => Box::new(messages::Encoder::new(head)),
            Api::Ollama => Box::new(ollama::Encoder::new(head)),
        }
    }

    /// A whole answer.
    pub(crate) fn whole(self, head: &Head<'_>, ask: &Ask, script: &Script) -> Vec<u8> {
        match self {
            Api::Chat => return openai::completion(head, script),
            Api::Completions => completions::whole(head, ask, script),
            Api::Responses => responses::whole(head, script),
            Api::Messages => messages::whole(head, script),
            Api::Ollama => ollama::whole(head, script),
            Api::Embeddings => embeddings::whole(head, ask),
        }
        .to_string()
        .into_bytes()
    }

    /// An error body.
    pub(crate) fn error(self, message: &str, kind: &str, param: Option<&str>, code: u16) -> String {
        match self {
            Api::Messages => {
                let kind = if kind == "server_error" { "api_error" } else { kind };
                json!({"type": "error", "error": {"type": kind, "message": message}}).to_string()
            }
            Api::Ollama => json!({"error": message}).to_string(),
            _ => openai::error_json(message, kind, param, code),
        }
    }
}

/// The message of an error in the middle of an answer.
pub(crate) const ENGINE_FAILED: &str = "the engine failed on purpose";

/// A named server-sent event.
fn named(out: &mut Vec<u8>, value: &Value) {
    let name = value["type"].as_str().unwrap_or_default();
    out.extend_from_slice(format!("event: {name}\ndata: {value}\n\n").as_bytes());
}

/// Breaks the last JSON of an event in its middle, so that it is still a whole event on the wire.
fn broken(mut bytes: Vec<u8>, before: &[u8], end: &[u8]) -> Vec<u8> {
    let found = bytes.windows(before.len().max(1)).rposition(|w| w == before);
    let start = found.map_or(0, |at| at + before.len());
    bytes.truncate((start + 24).min(bytes.len().saturating_sub(end.len() + 1)));
    bytes.extend_from_slice(end);
    bytes
}

/// The same event with tokens in place of broken ones.
fn as_content(event: &Planned) -> Planned {
    Planned { kind: EventKind::Content, ..*event }
}

fn bad(message: impl Into<String>, param: Option<&'static str>) -> BadAsk {
    BadAsk { message: message.into(), param }
}

/// A required field.
fn needed<T>(value: Option<T>, param: &'static str) -> Result<T, BadAsk> {
    value.ok_or_else(|| bad(format!("'{param}' is required"), Some(param)))
}

/// A limit of tokens, which is at least 1.
fn limit(value: Option<u32>, param: &'static str) -> Result<Option<u32>, BadAsk> {
    match value {
        Some(0) => Err(bad(format!("'{param}' is 0: expected at least 1"), Some(param))),
        other => Ok(other),
    }
}

#[cfg(test)]
mod tests;
