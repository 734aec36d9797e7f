//! The published form of a suite file, as JSON Schema for editors.
//!
//! Main function: [`schema`]. The types here are never filled: they exist for
//! their documentation, and a test holds their keys equal to those that the
//! readers know.
#![allow(dead_code, reason = "only the schema of these types is used")]

mod connections;
mod metrics;
mod observe;
mod phase;
mod scorers;
mod targets;

use crate::form_requests::{ChatTemplate, Form, Likelihood, Shots, Tools};
use schemars::JsonSchema;
use scorers::Scorer;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use targets::AnyTarget;

/// The JSON Schema of a suite file.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Suite).to_value();
    without_null(&mut schema);
    // What a reader wants to know first stands first.
    let mut out = Map::new();
    for key in ["$schema", "title", "description"] {
        if let Some(value) = schema.get(key) {
            out.insert(key.to_owned(), value.clone());
        }
    }
    if let Value::Object(rest) = schema {
        for (key, value) in rest {
            out.entry(key).or_insert(value);
        }
    }
    Value::Object(out)
}

/// Takes `null` out of what optional keys accept: a key without a value is an error, not a default.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(without_null),
        Value::Object(map) => {
            if let Some(Value::Array(types)) = map.get_mut("type") {
                types.retain(|t| t != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    map.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(forms)) = map.get_mut("anyOf") {
                forms.retain(|form| form["type"] != "null");
                if let [Value::Object(only)] = forms.as_slice() {
                    let only = only.clone();
                    map.remove("anyOf");
                    for (key, value) in only {
                        // The words at the key itself say more than those of its type.
                        map.entry(key).or_insert(value);
                    }
                }
            }
            map.values_mut().for_each(without_null);
        }
        _ => {}
    }
}

/// A suite of acidtest: what to ask, of whom, under which load, and what counts as right.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["cases"]}, {"required": ["include"]}]))]
struct Suite {
    /// Name of the suite; by default that of its file or directory.
    name: Option<String>,
    /// What the suite is for.
    description: Option<String>,
    /// Files that lie under this one: maps are merged key by key, all else is replaced.
    include: Option<OneOrMany<Include>>,
    /// Who answers.
    target: Option<OneOrMany<AnyTarget>>,
    /// Who answers: several targets get the same questions.
    targets: Option<OneOrMany<AnyTarget>>,
    /// What is said to the model, as a minijinja template over the case's variables: `"{{ question }}"`.
    prompt: Option<Prompt>,
    /// Several prompts to be compared.
    prompts: Option<Vec<Prompt>>,
    /// What is asked for: an answer, or log-likelihoods. Default: generate.
    form: Option<Form>,
    /// Worked examples in front of every question.
    shots: Option<Shots>,
    /// Definitions of the tools that the model may call: a list, or a JSON file.
    tools: Option<Tools>,
    /// Names of further tags between which the model thinks; think, thinking and reasoning are known.
    thinking: Option<OneOrMany<String>>,
    /// Values to combine, each combination a prompt of its own: a key that a template names is its variable, any other a field of the body.
    matrix: Option<BTreeMap<String, Vec<Value>>>,
    /// What is asked: a data file (.jsonl .json .csv .tsv .parquet), a folder, a table, or a list.
    cases: Option<Cases>,
    /// What every case has unless it says otherwise.
    defaults: Option<CaseDefaults>,
    /// Which cases are asked: a condition, or a map.
    select: Option<Select>,
    /// Fields of every request's body, such as `max_tokens` and `temperature`.
    params: Option<Map<String, Value>>,
    /// How the answer is taken from the text; thinking between `<think>` tags is taken out first. Default: whole.
    extract: Option<Extract>,
    /// How answers are scored. Default: exact, where cases have expected answers.
    scorers: Option<OneOrMany<Scorer>>,
    /// Metrics over all answers together, such as `bleu`, `chrf`, `f1: { average: macro }` or `pass@k: { k: 3 }`.
    metrics: Option<OneOrMany<metrics::RunMetric>>,
    /// Whether a right answer to a case marked `xfail` breaks a gate. Default: false.
    strict_xfail: Option<bool>,
    /// Load phases, in order. Default: `[{ closed: 4 }]`.
    phases: Option<Vec<phase::Phase>>,
    /// How often each case is asked, and when it passes. Default: 1.
    repeats: Option<Repeats>,
    /// Seed of every random choice. Default: 1.
    seed: Option<u64>,
    /// Whether every prompt gets a nonce, so that no cache answers. Default: false, and texts are sent byte for byte.
    fresh: Option<bool>,
    /// Whether an answer of an earlier run to the same request and repeat is used again and not asked for. Default: false.
    cache: Option<bool>,
    /// Retries of failed requests. Default: none.
    retry: Option<Retry>,
    /// Limits of one attempt.
    limits: Option<Limits>,
    /// Limits of the whole run.
    caps: Option<Caps>,
    /// What is looked at beside the run: this machine, the server's processes, its own metrics.
    observe: Option<observe::Observe>,
    /// What stops the run early, such as `error_rate > 20 % after 50`, `cost > 1 USD` or `saturated`.
    abort: Option<OneOrMany<String>>,
    /// What each request must keep, such as `ttft.p95<=800ms` and `error_rate<=1%`: goodput counts those that do.
    slo: Option<OneOrMany<String>>,
    /// Conditions that decide the exit code, such as `accuracy.low >= 0.8` or `ttft.p95 <= 800 ms`.
    gates: Option<OneOrMany<String>>,
    /// How much worse than its baseline a run may be, asked by `run --baseline`: `accuracy drop <= 2 pp`,
    /// `e2e.p50 rise <= 10 %`, `accuracy not worse`.
    regression: Option<OneOrMany<String>>,
}

/// One value or a list of them.
#[derive(JsonSchema)]
#[schemars(untagged, inline)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

/// Who answers.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Target {
    /// Its name in tables; by default the model's.
    name: Option<String>,
    /// The protocol that it speaks. Default: openai_chat.
    #[schemars(with = "Option<TargetKind>")]
    kind: Option<TargetKind>,
    /// `http(s)://HOST/v1`, `sim:NAME` (the simulated server) or `local:NAME` (a built-in answerer); a list of
    /// addresses is asked in turn.
    url: OneOrMany<String>,
    /// The model to ask for.
    model: Option<String>,
    /// NAME of the environment variable that holds the key, never the key itself.
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    key: Option<String>,
    /// Extra headers; `${NAME}` stands for an environment variable.
    headers: Option<BTreeMap<String, String>>,
    /// Extra fields of the request's body.
    body: Option<Map<String, Value>>,
    /// Whether to ask for a streamed answer. Default: true; embeddings come in one piece.
    stream: Option<bool>,
    /// What it costs.
    price: Option<Price>,
    /// Configuration of the simulated server, for `url: sim:NAME`.
    sim: Option<Map<String, Value>>,
    /// How connections are made: reuse (the default), new, or a map.
    connections: Option<connections::ConnectionPolicy>,
    /// Requests that the client gives up on purpose.
    cancel: Option<connections::Cancel>,
}

/// The protocol of a target.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum TargetKind {
    /// OpenAI chat completions and what speaks like it: vLLM, SGLang, llama.cpp, Groq, OpenRouter …
    OpenaiChat,
    /// OpenAI text completions: raw text in, text out.
    OpenaiCompletions,
    /// OpenAI Responses.
    OpenaiResponses,
    /// Anthropic Messages.
    Anthropic,
    /// Ollama's own chat.
    Ollama,
    /// OpenAI embeddings.
    Embeddings,
}

/// Prices per million tokens.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Price {
    /// Currency code, such as USD.
    #[schemars(regex(pattern = r"^[A-Z]{3}$"))]
    currency: String,
    /// Per million input tokens.
    #[schemars(range(min = 0))]
    input: f64,
    /// Per million output tokens.
    #[schemars(range(min = 0))]
    output: f64,
    /// Per million input tokens read from a cache. Default: as input.
    #[schemars(range(min = 0))]
    cached: Option<f64>,
    /// Per request, beside the tokens. Default: 0.
    #[schemars(range(min = 0))]
    request: Option<f64>,
}

/// The text of a user message, or a list of messages.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum PromptText {
    Text(String),
    Messages(Vec<Message>),
}

/// A prompt: text, messages, or a map of all that belongs to it.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Prompt {
    Bare(PromptText),
    Named(Box<NamedPrompt>),
}

/// A prompt with a name, and exactly one of `messages` and `raw`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NamedPrompt {
    /// Its name in tables.
    name: Option<String>,
    /// Its messages, or the text of one user message.
    messages: Option<PromptText>,
    /// The system message, in front of the messages.
    system: Option<String>,
    /// Raw text for a completion endpoint, in place of messages.
    raw: Option<String>,
    /// The model's chat template, which turns the messages into raw text.
    chat_template: Option<ChatTemplate>,
    /// What is asked for.
    form: Option<Form>,
    /// How log-likelihoods are asked for.
    likelihood: Option<Likelihood>,
    /// Worked examples in front of the question.
    shots: Option<Shots>,
}

/// A chat message.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Message {
    /// Who speaks.
    role: Role,
    /// The template of the text.
    content: String,
}

/// Who speaks.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Role {
    System,
    Developer,
    User,
    Assistant,
    Tool,
}

/// A file to include, relative to the file that includes it.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Include {
    File(String),
    Allowed(IncludeFile),
}

/// A file to include that may lie outside the suite's folder.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct IncludeFile {
    /// Its path.
    file: String,
    /// Whether it may lie outside the suite's folder. Default: false.
    outside: Option<bool>,
}

/// How often each case is asked.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Repeats {
    Count(#[schemars(range(min = 1, max = 10_000))] u32),
    Rule(RepeatRule),
}

/// How often each case is asked, and when it passes.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct RepeatRule {
    /// How often.
    #[schemars(range(min = 1, max = 10_000))]
    n: u32,
    /// `3 of 5`, or `lower bound >= 0.8` of its share of right answers. The metric is `case_pass_rate`.
    pass: Option<String>,
}

/// Which cases are asked.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Select {
    Filter(String),
    Rules(SelectRules),
}

/// Which cases are asked; all that is given must hold.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SelectRules {
    /// A condition on tags, id, split, cluster, refuse and `vars.NAME`: `lang=ko and not id~draft-*`.
    filter: Option<String>,
    /// Splits.
    split: Option<OneOrMany<String>>,
    /// One part of several, such as `2/5`; by a digest of the id.
    shard: Option<String>,
    /// So many cases, drawn by a digest of seed and id.
    sample: Option<Sample>,
    /// The first so many of what is left.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

/// How many cases are drawn.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Sample {
    Count(u64),
    Seeded(SeededSample),
}

/// How many cases are drawn, and by which seed.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SeededSample {
    /// How many.
    #[schemars(range(min = 1))]
    n: u64,
    /// The seed. Default: 1.
    seed: Option<u64>,
}

/// What every case has unless it says otherwise; `vars`, `tags` and `params` are filled key by key.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct CaseDefaults {
    /// Variables of the prompt.
    vars: Option<Map<String, Value>>,
    /// Whether the right answer is a refusal.
    refuse: Option<bool>,
    /// The unit of sampling.
    cluster: Option<Scalar>,
    /// Split.
    split: Option<Scalar>,
    /// Labels by which results are sliced.
    tags: Option<Tags>,
    /// Scorers in place of the suite's.
    scorers: Option<OneOrMany<Scorer>>,
    /// Extraction in place of the suite's.
    extract: Option<Extract>,
    /// Fields of the request's body.
    params: Option<Map<String, Value>>,
    /// Messages in place of the suite's prompts.
    prompt: Option<PromptText>,
    /// Longest time of one attempt.
    timeout: Option<Duration>,
    /// Why wrong answers are expected.
    xfail: Option<String>,
}

/// What is asked: a file, a described source, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Cases {
    File(String),
    Mapped(Box<MappedFile>),
    Inline(Vec<Case>),
}

/// Data files, a folder or a table: exactly one of `file`, `folder` and `table`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct MappedFile {
    /// Paths of files, relative to the suite file.
    file: Option<OneOrMany<String>>,
    /// Format of the file where its name does not tell it.
    format: Option<FileFormat>,
    /// A folder laid out as a dataset of the Hugging Face hub.
    folder: Option<String>,
    /// folder: its configuration.
    config: Option<String>,
    /// folder: which splits; file: the split of its cases where rows name none.
    split: Option<OneOrMany<String>>,
    /// folder: which revision it holds; noted with the run.
    revision: Option<String>,
    /// Rows written in the suite.
    table: Option<Table>,
    /// Which field is what; all other fields are variables.
    map: Option<FieldMap>,
}

/// Formats of data files.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum FileFormat {
    Jsonl,
    Json,
    Csv,
    Tsv,
    Parquet,
}

/// Rows written in the suite: cases, or columns and rows.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Table {
    Cases(Vec<Case>),
    Columns(TableColumns),
}

/// Columns and rows.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct TableColumns {
    /// Names of the columns: keys of a case, or variables.
    columns: Vec<String>,
    /// One case in each row.
    rows: Vec<Vec<Value>>,
}

/// Which field of a data file is what.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct FieldMap {
    /// Field of the id.
    id: Option<String>,
    /// Field or fields of the expected answers.
    expected: Option<OneOrMany<String>>,
    /// Field of the cluster: cases of one cluster are not independent.
    cluster: Option<String>,
    /// Field of the split.
    split: Option<String>,
    /// Field that says whether a refusal is due.
    refuse: Option<String>,
    /// Fields that are tags, or names of tags with their fields.
    tags: Option<TagFields>,
}

/// Fields that are tags.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum TagFields {
    Same(OneOrMany<String>),
    Named(BTreeMap<String, String>),
}

/// One case; every key that is not listed is a variable of the prompt.
#[derive(JsonSchema)]
pub(crate) struct Case {
    /// Its id, unique in the suite. Default: case-1, case-2 …
    id: Option<Scalar>,
    /// Variables of the prompt; they may also stand beside the other keys.
    vars: Option<Map<String, Value>>,
    /// Acceptable answers.
    expected: Option<OneOrMany<Expected>>,
    /// Whether the right answer is a refusal. Default: false.
    refuse: Option<bool>,
    /// Cases of one cluster are not independent: intervals treat them as one unit.
    cluster: Option<Scalar>,
    /// Split, such as `test` or `held_out`.
    split: Option<Scalar>,
    /// Labels by which results are sliced.
    tags: Option<Tags>,
    /// Scorers of this case in place of the suite's.
    scorers: Option<OneOrMany<Scorer>>,
    /// Extraction of this case in place of the suite's.
    extract: Option<Extract>,
    /// Fields of the request's body, over those of the suite.
    params: Option<Map<String, Value>>,
    /// Messages of this case in place of the suite's prompts.
    prompt: Option<PromptText>,
    /// Longest time of one attempt, where it is shorter than that of `limits`.
    timeout: Option<Duration>,
    /// Why this case is not asked.
    skip: Option<String>,
    /// Why a wrong answer is expected; the case is out of accuracy and counted beside it.
    xfail: Option<String>,
    /// Tool definitions of this case in place of the suite's.
    tools: Option<Vec<Map<String, Value>>>,
}

/// Text, or a number or truth value taken as it is written.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Scalar {
    Text(String),
    Number(f64),
    Flag(bool),
}

/// An acceptable answer; an object is the JSON that is expected.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Expected {
    Text(Scalar),
    Object(Map<String, Value>),
}

/// Labels: `{ lang: ko }`, or `[hard]` for `{ hard: yes }`.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Tags {
    Named(BTreeMap<String, Scalar>),
    Set(OneOrMany<String>),
}

/// How the answer is taken from the text.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Extract {
    Word(ExtractWord),
    Rule(ExtractRule),
}

/// Extractions without an argument.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ExtractWord {
    /// The whole text, trimmed.
    Whole,
    /// The last number.
    LastNumber,
    /// A choice among A, B, C and D.
    Letter,
}

/// Extractions with an argument: exactly one of the keys.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("minProperties" = 1, "maxProperties" = 1))]
struct ExtractRule {
    /// The first match: its first group, else all of it.
    regex: Option<String>,
    /// JSON pointer into the text as JSON, plain or fenced: `/answer`.
    pointer: Option<String>,
    /// A choice among these letters: `ABCDE`.
    letter: Option<String>,
}

/// A number and a unit: `500 ms`, `30 s`, `2 min`, `1 h`.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Duration(#[schemars(regex(pattern = r"^\s*[0-9.]+\s*(ms|s|min|h)\s*$"))] String);

/// A number and a unit: `64 KiB`, `16 MiB`.
#[derive(JsonSchema)]
#[schemars(transparent)]
struct Size(#[schemars(regex(pattern = r"^\s*[0-9.]+\s*(B|kB|KiB|MB|MiB|GB|GiB)\s*$"))] String);

/// Retries of failed requests.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Retry {
    /// Attempts of a request at most; 1 means no retries.
    #[schemars(range(min = 1, max = 100))]
    attempts: u32,
    /// First wait, doubled each time. Default: 500 ms.
    wait: Option<Duration>,
    /// Longest wait. Default: 30 s.
    max_wait: Option<Duration>,
}

/// Limits of one attempt.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Limits {
    /// Name resolution, connect and TLS together. Default: 10 s.
    connect: Option<Duration>,
    /// From the request's last byte to the response's head. Default: 2 min.
    first_byte: Option<Duration>,
    /// Between two events of a stream. Default: 1 min.
    gap: Option<Duration>,
    /// The whole attempt. Default: 10 min.
    total: Option<Duration>,
    /// Bytes of a response. Default: 16 MiB.
    body: Option<Size>,
}

/// Limits of the whole run.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Caps {
    /// Longest time.
    time: Option<Duration>,
    /// Highest cost by the targets' prices.
    #[schemars(range(min = 0))]
    cost: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cases, command_target, defaults, forms, http_target, include, limits, load, mapping, prompts,
        repeats, scoring, select, shots, stages, suite, targets as own_targets,
    };

    fn check(name: &str, known: &[&str]) {
        let schema = schema();
        let part = if name == "Suite" { &schema } else { &schema["$defs"][name] };
        let properties = part["properties"].as_object();
        let mut published: Vec<&str> = properties.unwrap().keys().map(String::as_str).collect();
        let mut known = known.to_vec();
        published.sort_unstable();
        known.sort_unstable();
        assert_eq!(published, known, "{name}");
    }

    #[test]
    fn the_published_keys_are_the_known_ones() {
        check("Suite", &suite::KEYS);
        check("Target", &own_targets::KEYS);
        check("Price", &own_targets::PRICE_KEYS);
        check("Connections", &crate::connections::KEYS);
        check("Cancel", &crate::connections::CANCEL_KEYS);
        check("HttpTarget", &http_target::KEYS);
        check("Response", &http_target::RESPONSE_KEYS);
        check("Audio", &http_target::AUDIO_KEYS);
        check("EndRule", &http_target::END_KEYS);
        check("Session", &http_target::SESSION_KEYS);
        check("FormPart", &http_target::PART_KEYS);
        check("TypedText", &http_target::TEXT_KEYS);
        check("CommandTarget", &command_target::KEYS);
        check("NamedPrompt", &prompts::KEYS);
        check("Likelihood", &forms::LIKELIHOOD_KEYS);
        check("Window", &forms::WINDOW_KEYS);
        check("ChatTemplateMap", &forms::CHAT_KEYS);
        check("Shots", &shots::KEYS);
        check("Message", &prompts::MESSAGE_KEYS);
        check("MappedFile", &cases::FILE_KEYS);
        check("FieldMap", &mapping::MAP_KEYS);
        check("TableColumns", &cases::TABLE_KEYS);
        check("IncludeFile", &include::KEYS);
        check("RepeatRule", &repeats::KEYS);
        check("SelectRules", &select::KEYS);
        check("SeededSample", &select::SAMPLE_KEYS);
        check("CaseDefaults", &defaults::KEYS);
        check("Case", &cases::KEYS);
        check("ExtractRule", &scoring::EXTRACT_KEYS);
        check("Combination", &scoring::COMBINED);
        check("Phase", &load::KEYS);
        check("Stage", &stages::STAGE_KEYS);
        check("Observe", &crate::observe::KEYS);
        check("Retry", &limits::RETRY_KEYS);
        check("Limits", &limits::LIMIT_KEYS);
        check("Caps", &limits::CAP_KEYS);
        let scorer: Vec<&str> = scoring::COMMON.into_iter().chain(scoring::OPTIONS).collect();
        check("ScorerOptions", &scorer);
        check("FieldOptions", &crate::json_scoring::FIELD_KEYS);
    }

    #[test]
    fn the_published_file_is_current() {
        let file = include_str!("../../../docs/reference/suite.schema.json");
        let now = format!("{:#}\n", schema());
        assert!(file == now, "docs/reference/suite.schema.json is old: run `cargo xtask gen`");
    }
}
