//! The protocols that are spoken over HTTP: one [`Protocol`] value each.
//!
//! Main function: [`of`]. A new protocol is a folder with its dialect and one arm here.

use crate::custom;
use crate::dialect::Dialect;
use crate::framing::Framing;
use crate::seam::{BuildError, MAX_BODY};
use crate::{anthropic, embeddings, ollama, openai_chat, openai_completions, openai_responses};
use acidtest_record::{Ask, TargetKind, TargetSpec};
use bytes::Bytes;

/// How one protocol is spoken.
pub(crate) struct Protocol {
    /// What is appended to the base URL, unless it stands there already.
    pub(crate) path: &'static str,
    /// An end of the base URL that is left out, where servers speak another protocol under it.
    pub(crate) root: Option<&'static str>,
    /// Body fields that acidtest decides itself.
    pub(crate) reserved: &'static [&'static str],
    /// How the key is sent.
    pub(crate) key: Key,
    /// Headers of every request, which the target's own replace.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// Writes a request's body.
    pub(crate) body: fn(&TargetSpec, &Ask) -> Result<Bytes, BuildError>,
    /// What stands between the events of a streamed answer.
    pub(crate) framing: Framing,
    /// Makes a reader of one answer.
    pub(crate) dialect: fn() -> Box<dyn Dialect>,
}

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// `Authorization: Bearer …`.
    Bearer,
    /// By itself in a header of this name.
    Header(&'static str),
}

/// The protocol of a target.
pub(crate) fn of(kind: TargetKind) -> &'static Protocol {
    match kind {
        TargetKind::OpenaiChat => &openai_chat::PROTOCOL,
        TargetKind::Http | TargetKind::Command => &custom::PROTOCOL,
        TargetKind::OpenaiCompletions => &openai_completions::PROTOCOL,
        TargetKind::OpenaiResponses => &openai_responses::PROTOCOL,
        TargetKind::Anthropic => &anthropic::PROTOCOL,
        TargetKind::Ollama => &ollama::PROTOCOL,
        TargetKind::Embeddings => &embeddings::PROTOCOL,
    }
}

/// A body that a record can say.
pub(crate) fn bounded(bytes: Vec<u8>) -> Result<Bytes, BuildError> {
    match bytes.len() {
        0..=MAX_BODY => Ok(bytes.into()),
        len => Err(BuildError::TooLarge(len)),
    }
}
