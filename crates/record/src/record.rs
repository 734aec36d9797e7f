//! One attempt to get one answer.
//!
//! Main type: [`Record`]. A small envelope; growth goes into answer parts and
//! marks. Written once, never changed.

use crate::answer::{Answer, ServerSaid};
use crate::ids::{Digest, Key};
use crate::outcome::Outcome;
use crate::timing::Timing;
use serde::{Deserialize, Serialize};

/// One attempt to get one answer from one target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Who it is.
    pub key: Key,
    /// The record that caused it (a judge's call points at what it judges, a tool round at its turn).
    pub parent: Option<Key>,
    /// What was asked for.
    pub kind: Kind,
    /// Why it was asked; only subjects enter a target's metrics.
    pub role: Role,
    /// Index in [`crate::RunSpec::targets`].
    pub target: u16,
    /// Index in [`crate::RunSpec::phases`].
    pub phase: u16,
    /// Index in [`crate::RunSpec::prompts`].
    pub prompt: u16,
    /// Digest of the case, where one was asked.
    pub case: Option<Digest>,
    /// Which repeat of the case, from 0.
    pub repeat: u16,
    /// What we asked.
    pub request: Request,
    /// When things happened.
    pub timing: Timing,
    /// How it ended.
    pub outcome: Outcome,
    /// The response head, where one arrived.
    pub head: Option<Head>,
    /// What came back.
    pub answer: Answer,
    /// What the server said about itself.
    pub said: Option<ServerSaid>,
    /// The fault that a drill had switched on, by its number in the run's readings.
    pub fault: Option<u32>,
    /// Where it ran.
    pub place: Place,
    /// The record whose answer this is, where it was copied from an earlier run and not asked for.
    /// A copy with its moments is a replay; one without is a hit of the response cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copied_from: Option<Key>,
}

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A chat completion.
    Chat,
    /// A text completion.
    Completion,
    /// Log-likelihood of a given text.
    LogLikelihood,
    /// An embedding.
    Embed,
    /// A ranking of documents.
    Rerank,
    /// A tool's execution.
    Tool,
    /// A retrieval.
    Retrieve,
    /// Speech in or out.
    Speech,
    /// An asynchronous job.
    Job,
    /// Any other HTTP call.
    Http,
    /// A part of a pipeline that was only observed.
    Span,
}

/// Why it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It is what the run measures.
    Subject,
    /// A judge's own call.
    Judge,
    /// A probe of availability.
    Probe,
    /// Sent before measuring began.
    Warmup,
    /// Sent after what is measured, so that its last requests meet the full load.
    Cooldown,
}

/// What we asked, byte for byte; secrets are not part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Path and query, without user info.
    pub path: String,
    /// The body that was (or would have been) sent, by content address.
    pub body: Option<Digest>,
    /// Length of that body in bytes.
    pub bytes: u32,
    /// Whether a streamed answer was asked for.
    pub stream: bool,
    /// The nonce that was put into a synthetic prompt, where one was.
    pub nonce: Option<String>,
}

/// The head of a response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// The headers worth keeping (content type, retry-after, rate limits, server timings, request ids), names in lower case.
    pub headers: Vec<(String, String)>,
}

/// Where an attempt ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Worker process.
    pub worker: u16,
    /// Measuring thread within it.
    pub shard: u16,
    /// Connection, counted per shard.
    pub connection: u32,
    /// Whether the connection had served a request before.
    pub reused: bool,
    /// Which of the target's addresses was asked, in the order of its URLs from 0.
    #[serde(default, skip_serializing_if = "is_first")]
    pub address: u16,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_first(address: &u16) -> bool {
    *address == 0
}
