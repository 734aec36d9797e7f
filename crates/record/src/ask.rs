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
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// The conversation so far; the last message is the one to answer.
    pub messages: Vec<Message>,
    /// Sampling parameters and other body fields (`max_tokens`, `temperature` …), sent as they are.
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// The case's variables, for targets whose requests are templates; else empty.
    #[serde(default)]
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// The nonce that was put into the prompt, where one was.
    #[serde(default)]
    pub nonce: Option<String>,
    /// Raw text for targets that complete text; they join the messages where it is absent.
    #[serde(default)]
    pub prompt: Option<String>,
    /// Tools that may be called, as OpenAI's chat completions describe them; a
    /// target's protocol translates them.
    #[serde(default)]
    pub tools: Vec<serde_json::Value>,
}
