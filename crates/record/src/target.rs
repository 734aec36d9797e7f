//! Targets that a suite describes itself: an application's own HTTP interface, a program.
//!
//! Main types: [`HttpSpec`], [`SessionSpec`], [`CommandSpec`]. Texts marked as
//! templates hold [`crate::placeholder`]s. Secrets are in them by name only
//! (`${NAME}`). Must not hold what a run finds out (a session's id, a file's bytes).

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// How an application's own HTTP interface is asked and read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HttpSpec {
    /// The method; empty means POST with a body and GET without one.
    pub method: String,
    /// Query parameters: templates, which may hold `${NAME}`.
    pub query: BTreeMap<String, String>,
    /// The body.
    pub body: BodySpec,
    /// How the answer is read.
    pub response: ResponseSpec,
    /// The session that is made before the first request.
    pub session: Option<SessionSpec>,
}

/// The body of a request; all texts are templates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodySpec {
    /// No body.
    #[default]
    None,
    /// JSON; a text that is one placeholder alone becomes the value itself.
    Json(Value),
    /// `application/x-www-form-urlencoded`.
    Form(BTreeMap<String, String>),
    /// Plain text.
    Text {
        /// The text.
        text: String,
        /// Its media type.
        media: String,
    },
    /// `multipart/form-data`.
    Multipart(Vec<PartSpec>),
}

/// One part of a multipart body.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartSpec {
    /// The field's name.
    pub name: String,
    /// A template of its text, where it is no file.
    pub value: Option<String>,
    /// A template of a path relative to the suite, where it is a file.
    pub file: Option<String>,
    /// Media type; a file without one is `application/octet-stream`.
    pub media: Option<String>,
}

/// How an answer is read. Pointers are JSON pointers (RFC 6901).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ResponseSpec {
    /// How it comes.
    pub form: ResponseForm,
    /// Where the visible text is (of an event: the new piece of it); without one the answer is plain text.
    pub answer: Option<String>,
    /// Where reasoning is.
    pub reasoning: Option<String>,
    /// Where a refusal is.
    pub refusal: Option<String>,
    /// Where the reason to stop is.
    pub finish: Option<String>,
    /// Where the count of input tokens is.
    pub input_tokens: Option<String>,
    /// Where the count of output tokens is.
    pub output_tokens: Option<String>,
    /// Where the model's name is.
    pub model: Option<String>,
    /// Where the id of the answer is.
    pub id: Option<String>,
    /// Where an error is: the answer failed when something stands there.
    pub error: Option<String>,
    /// Where audio is.
    pub audio: Option<AudioSpec>,
    /// Streamed: what ends the stream; without one the end of the body does.
    pub end: Option<EndMark>,
}

/// How an answer comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseForm {
    /// As one body.
    #[default]
    Whole,
    /// As lines.
    Lines,
    /// As server-sent events.
    Sse,
}

/// Audio in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AudioSpec {
    /// Pointer to its base64 text.
    pub base64: String,
    /// Its media type.
    pub media: String,
}

/// What ends a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndMark {
    /// An event or line that is this text.
    Data(String),
    /// An event of this name.
    Event(String),
    /// An event with this value at a pointer.
    Field {
        /// The pointer.
        pointer: String,
        /// The value.
        value: Value,
    },
}

/// A session that is made once and used for many requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionSpec {
    /// The method; empty means POST.
    pub method: String,
    /// An absolute URL, or a path on the target's host.
    pub url: String,
    /// The JSON body, if there is one; a template without the case's variables.
    pub body: Option<Value>,
    /// Extra headers.
    pub headers: BTreeMap<String, String>,
    /// Where the session's id is in the answer.
    pub id: SessionId,
    /// Who shares a session.
    pub per: SessionPer,
    /// Statuses by which the server says that a session is over.
    pub expires: Vec<u16>,
}

/// Where a session's id is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionId {
    /// In the JSON body.
    Pointer(String),
    /// In a header.
    Header(String),
    /// In a cookie, which is sent back by itself.
    Cookie(String),
}

impl Default for SessionId {
    fn default() -> Self {
        Self::Pointer("/session".into())
    }
}

/// Who shares a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionPer {
    /// Each user has one and keeps it from request to request.
    #[default]
    User,
    /// Each request gets a new one.
    Request,
    /// All users of a measuring thread share one.
    Run,
}

/// A program that answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommandSpec {
    /// The program and its arguments; no shell reads them.
    pub command: Vec<String>,
    /// Most processes at a time for each measuring thread; 0 means 1.
    pub processes: u16,
    /// Whether each request gets a process of its own.
    pub per_request: bool,
    /// Names of the environment variables it gets beside PATH, HOME and LANG.
    pub env: Vec<String>,
    /// Most bytes of address space of a process.
    pub memory_bytes: Option<u64>,
}
