//! What came back: answer parts, and what the server said about itself.
//!
//! Main type: [`Answer`]. Must not judge: an empty answer is data.

use crate::ids::Digest;
use crate::thinking::without_thinking;
use serde::{Deserialize, Serialize};

/// Everything the target answered, in order of first arrival.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The parts.
    pub parts: Vec<Part>,
    /// The raw body when it was not a usable answer (error bodies, malformed
    /// events), cut at a limit and stored as a blob.
    pub raw: Option<Digest>,
}

/// One part of an answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Text that the user sees.
    Text(String),
    /// Reasoning that was streamed or returned apart from the visible text, or a summary of it;
    /// empty where the server only says that there was some.
    Reasoning(String),
    /// A refusal that the server marked as such.
    Refusal(String),
    /// A tool call, arguments as the text that was sent.
    ToolCall {
        /// Position among the answer's tool calls.
        index: u32,
        /// The server's id of the call.
        id: Option<String>,
        /// Name of the tool.
        name: String,
        /// Arguments as text: usually JSON, whole or not.
        arguments: String,
    },
    /// Log-probabilities of tokens.
    Logprobs {
        /// Whether they are the prompt's or the completion's.
        side: LogprobSide,
        /// One entry a token.
        tokens: Vec<TokenLogprob>,
    },
    /// Numbers (rerank scores, an embedding).
    Scores(Vec<f64>),
    /// Something else (audio, an image), by content address.
    Blob {
        /// Media type.
        media: String,
        /// The bytes.
        hash: Digest,
    },
}

/// Which text log-probabilities belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogprobSide {
    /// The prompt that we sent.
    Prompt,
    /// The completion that came back.
    Completion,
}

/// One token's log-probability (natural logarithm).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text.
    pub token: String,
    /// Its log-probability; absent for the first prompt token.
    pub logprob: Option<f64>,
    /// Its offset in the text as the server gives it (OpenAI's form counts
    /// characters); where the prompt was echoed, from the prompt's beginning.
    pub offset: Option<u32>,
    /// The most likely tokens at this place.
    pub top: Vec<(String, f64)>,
}

impl Answer {
    /// The visible text, all text parts joined.
    #[must_use]
    pub fn text(&self) -> String {
        self.parts
            .iter()
            .filter_map(|p| match p {
                Part::Text(t) | Part::Refusal(t) => Some(t.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The tool calls, name and arguments.
    pub fn tool_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().filter_map(|p| match p {
            Part::ToolCall { name, arguments, .. } => Some((name.as_str(), arguments.as_str())),
            _ => None,
        })
    }

    /// The log-probabilities of one side's tokens, in order.
    pub fn logprobs(&self, wanted: LogprobSide) -> impl Iterator<Item = &TokenLogprob> {
        self.parts
            .iter()
            .filter_map(move |p| match p {
                Part::Logprobs { side, tokens } if *side == wanted => Some(tokens),
                _ => None,
            })
            .flatten()
    }

    /// Whether nothing usable came: no visible text beside thinking, no tool call, no scores, no blob.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|p| match p {
            Part::Text(t) | Part::Refusal(t) => {
                without_thinking(t).is_ok_and(|visible| visible.trim().is_empty())
            }
            Part::Reasoning(_) | Part::Logprobs { .. } => true,
            Part::ToolCall { .. } | Part::Scores(_) | Part::Blob { .. } => false,
        })
    }
}

/// Token counts as the server reports them; what it does not report is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Prompt tokens.
    pub input: Option<u32>,
    /// Completion tokens, reasoning included.
    pub output: Option<u32>,
    /// Prompt tokens served from a cache.
    pub cached: Option<u32>,
    /// Reasoning tokens among the completion tokens.
    pub reasoning: Option<u32>,
}

/// What the server claims about its answer. Never mixed with what we measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerSaid {
    /// Model that answered, as it names itself.
    pub model: Option<String>,
    /// `system_fingerprint` or the like.
    pub fingerprint: Option<String>,
    /// The server's request id.
    pub id: Option<String>,
    /// Token counts.
    pub usage: Usage,
    /// Timings by the server's own names, in seconds.
    pub timings: Vec<(String, f64)>,
}
