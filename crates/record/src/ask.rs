//! What we ask: the prompt of one attempt before a protocol turns it into bytes.
//!
//! Main type: [`Ask`]. Must not know any vendor's wire form.

use serde::{Deserialize, Serialize};

/// One chat message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// `system`, `user`, `assistant` or `tool`.
    pub role: String,
    /// Its text, byte for byte as it is sent.
    pub content: String,
}

/// One question to a target, protocol-neutral.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ask {
    /// The conversation so far; the last message is the one to answer.
    pub messages: Vec<Message>,
    /// Sampling parameters and other body fields (`max_tokens`, `temperature` …), sent as they are.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Raw text in place of messages, for completion endpoints.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Definitions of the tools that the model may call, in OpenAI's form.
    #[serde(default)]
    pub tools: Vec<serde_json::Value>,
}
