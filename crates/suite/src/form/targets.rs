//! The published form of targets that a suite describes itself.
//!
//! Main type: [`AnyTarget`]. Must agree with the keys that are read; a test of
//! `form` compares them.

use super::{OneOrMany, Price, Size, Target};
use schemars::JsonSchema;
use serde_json::Value;
use std::collections::BTreeMap;

/// Who answers: a model's endpoint, an application's own interface, or a program.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum AnyTarget {
    Model(Box<Target>),
    Http(Box<HttpTarget>),
    Command(CommandTarget),
}

/// The word `http`.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum HttpWord {
    Http,
}

/// The word `command`.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
enum CommandWord {
    Command,
}

/// An application's own HTTP interface. Texts are templates: `{{ prompt }}`, `{{ VARIABLE }}`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct HttpTarget {
    /// `http`.
    kind: HttpWord,
    /// Its name in tables; by default the model's.
    name: Option<String>,
    /// The whole address; its path may hold placeholders. A list of addresses is asked in turn.
    url: OneOrMany<String>,
    /// What `{{ model }}` stands for.
    model: Option<String>,
    /// NAME of the environment variable that holds a bearer token, never the token itself.
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    key: Option<String>,
    /// Headers: templates; `${NAME}` stands for an environment variable.
    headers: Option<BTreeMap<String, String>>,
    /// GET, POST, PUT, PATCH or DELETE. Default: POST with a body, GET without.
    method: Option<String>,
    /// Query parameters: templates; `${NAME}` stands for an environment variable.
    query: Option<BTreeMap<String, String>>,
    /// A JSON body; a text that is one placeholder alone becomes the value with its type.
    body: Option<Value>,
    /// A form's fields.
    form: Option<BTreeMap<String, String>>,
    /// A plain text.
    text: Option<PlainBody>,
    /// The parts of a multipart form.
    multipart: Option<Vec<FormPart>>,
    /// How the answer is read. Default: the whole body is the text.
    response: Option<Response>,
    /// A session that is made first.
    session: Option<Session>,
    /// What it costs.
    price: Option<Price>,
    /// How connections are made: reuse (the default), new, or a map.
    connections: Option<super::connections::ConnectionPolicy>,
    /// Requests that the client gives up on purpose.
    cancel: Option<super::connections::Cancel>,
}

/// Plain text, or plain text of a media type.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum PlainBody {
    Text(String),
    Typed(TypedText),
}

/// Plain text of a media type.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct TypedText {
    /// The text.
    text: String,
    /// Its media type. Default: text/plain; charset=utf-8.
    media: Option<String>,
}

/// A part: exactly one of `value` and `file`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FormPart {
    /// The field's name.
    name: String,
    /// Its text.
    value: Option<String>,
    /// The path of a file relative to the suite.
    file: Option<String>,
    /// Media type. Default for files: application/octet-stream.
    media: Option<String>,
}

/// How an answer is read, by JSON pointers.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Response {
    /// How it is streamed. Default: not.
    stream: Option<StreamWord>,
    /// The visible text; streamed: the new piece in each event. Default: the answer is plain text.
    answer: Option<String>,
    /// Reasoning.
    reasoning: Option<String>,
    /// A refusal.
    refusal: Option<String>,
    /// The reason to stop.
    finish: Option<String>,
    /// Count of input tokens.
    input_tokens: Option<String>,
    /// Count of output tokens.
    output_tokens: Option<String>,
    /// The model's name.
    model: Option<String>,
    /// The answer's id.
    id: Option<String>,
    /// An error: the answer failed when something stands there.
    error: Option<String>,
    /// Audio, stored beside the record.
    audio: Option<Audio>,
    /// Streamed: what ends it. Default: the end of the body.
    end: Option<End>,
}

/// How an answer is streamed.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum StreamWord {
    /// One event a line.
    Lines,
    /// Server-sent events.
    Sse,
}

/// Audio in an answer.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Audio {
    /// Pointer to its base64 text.
    base64: String,
    /// Its media type.
    media: String,
}

/// The text of the last event, or a rule.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum End {
    Data(String),
    Rule(EndRule),
}

/// What ends a stream: exactly one of `data`, `event` and `pointer`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct EndRule {
    /// The text of the last event.
    data: Option<String>,
    /// The name of the last event.
    event: Option<String>,
    /// A pointer into the last event.
    pointer: Option<String>,
    /// The value at the pointer. Default: true.
    value: Option<Value>,
}

/// A session: exactly one of `pointer`, `header` and `cookie`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Session {
    /// Default: POST.
    method: Option<String>,
    /// A path on the target's host, or a whole address.
    url: String,
    /// Its JSON body.
    body: Option<Value>,
    /// Extra headers.
    headers: Option<BTreeMap<String, String>>,
    /// Pointer to the id in the answer.
    pointer: Option<String>,
    /// Name of the header with the id.
    header: Option<String>,
    /// Name of the cookie with the id, which is sent back by itself.
    cookie: Option<String>,
    /// Who shares it. Default: user.
    per: Option<Per>,
    /// Statuses that mean it is over. Default: 401 and 410.
    expires: Option<OneOrMany<u16>>,
}

/// Who shares a session.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Per {
    /// Each user keeps one from request to request.
    User,
    /// Each request gets a new one.
    Request,
    /// All users of a measuring thread share one.
    Run,
}

/// A program: JSON lines in and out.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct CommandTarget {
    /// `command`.
    kind: CommandWord,
    /// Its name in tables; by default the model's, else the program's.
    name: Option<String>,
    /// What the program is told as `model`.
    model: Option<String>,
    /// The program and its arguments; no shell reads them.
    #[schemars(length(min = 1))]
    command: Vec<String>,
    /// Most processes at a time for each measuring thread. Default: 1.
    #[schemars(range(min = 1, max = 1000))]
    processes: Option<u16>,
    /// Whether each request gets a process of its own. Default: false.
    per_request: Option<bool>,
    /// NAMES of environment variables it gets beside PATH, HOME and LANG.
    env: Option<OneOrMany<String>>,
    /// Most address space of a process, such as `512 MiB`.
    memory: Option<Size>,
    /// Whether its answers are timed as streams. Default: true.
    stream: Option<bool>,
    /// What it costs.
    price: Option<Price>,
}
