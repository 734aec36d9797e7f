//! The published form of a suite file, as JSON Schema for editors.
//!
//! Main function: [`schema`]. The types here are never filled: they exist for
//! their documentation, and a test holds their keys equal to those that the
//! readers know.
#![allow(dead_code, reason = "only the schema of these types is used")]

use schemars::JsonSchema;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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
#[schemars(deny_unknown_fields)]
struct Suite {
    /// Name of the suite; by default that of its file or directory.
    name: Option<String>,
    /// What the suite is for.
    description: Option<String>,
    /// Who answers.
    target: Option<OneOrMany<Target>>,
    /// Who answers: several targets get the same questions.
    targets: Option<OneOrMany<Target>>,
    /// What is said to the model, as a minijinja template over the case's variables: `"{{ question }}"`.
    prompt: Option<PromptText>,
    /// Several prompts to be compared.
    prompts: Option<Vec<Prompt>>,
    /// What is asked: a JSON Lines file, or a list.
    cases: Cases,
    /// Fields of every request's body, such as `max_tokens` and `temperature`.
    params: Option<Map<String, Value>>,
    /// How the answer is taken from the text; thinking between `<think>` tags is taken out first. Default: whole.
    extract: Option<Extract>,
    /// How answers are scored. Default: exact, where cases have expected answers.
    scorers: Option<OneOrMany<Scorer>>,
    /// Load phases, in order. Default: `[{ closed: 4 }]`.
    phases: Option<Vec<Phase>>,
    /// How often each case is asked. Default: 1.
    #[schemars(range(min = 1, max = 10_000))]
    repeats: Option<u32>,
    /// Seed of every random choice. Default: 1.
    seed: Option<u64>,
    /// Whether every prompt gets a nonce, so that no cache answers. Default: false, and texts are sent byte for byte.
    fresh: Option<bool>,
    /// Retries of failed requests. Default: none.
    retry: Option<Retry>,
    /// Limits of one attempt.
    limits: Option<Limits>,
    /// Limits of the whole run.
    caps: Option<Caps>,
    /// Conditions that decide the exit code, such as `accuracy.low >= 0.8` or `ttft.p95 <= 800 ms`.
    gates: Option<OneOrMany<String>>,
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
    /// `http(s)://HOST/v1`, `sim:NAME` (the simulated server) or `local:NAME` (a built-in answerer).
    url: String,
    /// The model to ask for.
    model: Option<String>,
    /// NAME of the environment variable that holds the key, never the key itself.
    #[schemars(regex(pattern = r"^[A-Za-z_][A-Za-z0-9_]*$"))]
    key: Option<String>,
    /// Extra headers; `${NAME}` stands for an environment variable.
    headers: Option<BTreeMap<String, String>>,
    /// Extra fields of the request's body.
    body: Option<Map<String, Value>>,
    /// Whether to ask for a streamed answer. Default: true.
    stream: Option<bool>,
    /// What it costs.
    price: Option<Price>,
    /// Configuration of the simulated server, for `url: sim:NAME`.
    sim: Option<Map<String, Value>>,
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

/// A prompt of a list: text, messages, or messages with a name.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Prompt {
    Bare(PromptText),
    Named(NamedPrompt),
}

/// A prompt with a name.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct NamedPrompt {
    /// Its name in tables.
    name: Option<String>,
    /// Its messages, or the text of one user message.
    messages: PromptText,
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

/// What is asked: a file, a file with mapped fields, or a list.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Cases {
    File(String),
    Mapped(MappedFile),
    Inline(Vec<Case>),
}

/// A JSON Lines file whose fields have names of their own.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct MappedFile {
    /// Its path, relative to the suite file.
    file: String,
    /// Which field is what; all other fields are variables.
    map: Option<FieldMap>,
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
struct Case {
    /// Its id, unique in the suite. Default: case-1, case-2 …
    id: Option<Scalar>,
    /// Variables of the prompt; they may also stand beside the other keys.
    vars: Option<Map<String, Value>>,
    /// Acceptable answers.
    expected: Option<OneOrMany<Scalar>>,
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
}

/// Text, or a number or truth value taken as it is written.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Scalar {
    Text(String),
    Number(f64),
    Flag(bool),
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

/// A scorer by its name, with options, or a combination.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Scorer {
    Name(ScorerName),
    Options(ScorerOptions),
    Combination(Box<Combination>),
}

/// Scorers without options.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ScorerName {
    /// Equal to an expected answer after trimming.
    Exact,
    /// Contains an expected answer.
    Contains,
    /// Begins with an expected answer.
    StartsWith,
    /// Equal to an expected answer as a number.
    Numeric,
    /// Word F1 with the best expected answer; a measure without `pass`.
    TokenF1,
    /// Character F1 with the best expected answer; a measure without `pass`.
    CharF1,
    /// Passes when the answer declines, in Korean or English.
    Refusal,
}

/// Kinds of scorers.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum ScorerType {
    Exact,
    Contains,
    StartsWith,
    Regex,
    Numeric,
    TokenF1,
    CharF1,
    Refusal,
}

/// A scorer with options.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ScorerOptions {
    /// What it does.
    #[schemars(rename = "type")]
    kind: ScorerType,
    /// Its name in tables.
    name: Option<String>,
    /// Its weight. Default: 1.
    #[schemars(range(min = 0, max = 1_000_000))]
    weight: Option<f64>,
    /// Turns pass and failure over.
    not: Option<bool>,
    /// The score at which it passes. Default: 1; `token_f1` and `char_f1` only measure without it.
    #[schemars(range(min = 0, max = 1))]
    pass: Option<f64>,
    /// exact, contains, starts_with: whether letter case is ignored. Default: false.
    ignore_case: Option<bool>,
    /// contains, starts_with: what to look for in place of the expected answers.
    any_of: Option<OneOrMany<Scalar>>,
    /// regex: the pattern.
    pattern: Option<String>,
    /// numeric: largest absolute difference. Default: 0.
    #[schemars(range(min = 0))]
    abs: Option<f64>,
    /// numeric: largest difference relative to the expected number. Default: 1e-9.
    #[schemars(range(min = 0))]
    rel: Option<f64>,
    /// token_f1, char_f1: Unicode rules in place of those of SQuAD and KorQuAD. Default: false.
    unicode: Option<bool>,
}

/// Several scorers as one: exactly one of `all` and `any`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Combination {
    /// Passes when all pass; the score is the weighted mean.
    all: Option<OneOrMany<Scorer>>,
    /// Passes when one passes; the score is the best.
    any: Option<OneOrMany<Scorer>>,
    /// Its name in tables.
    name: Option<String>,
    /// Its weight. Default: 1.
    #[schemars(range(min = 0, max = 1_000_000))]
    weight: Option<f64>,
    /// Turns pass and failure over.
    not: Option<bool>,
    /// The score at which it passes: with 0.75, `all` passes at three quarters of the weight. Default: 1.
    #[schemars(range(min = 0, max = 1))]
    pass: Option<f64>,
}

/// A load phase: exactly one of `closed`, `constant` and `poisson`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Phase {
    /// Its name in tables. Default: its load, such as `closed 8`.
    name: Option<String>,
    /// Users, each asking again when its answer has come.
    #[schemars(range(min = 1, max = 100_000))]
    closed: Option<u32>,
    /// Evenly spaced requests per second.
    #[schemars(range(min = 0, max = 100_000))]
    constant: Option<f64>,
    /// Random arrivals, in requests per second on average.
    #[schemars(range(min = 0, max = 100_000))]
    poisson: Option<f64>,
    /// How long, such as `30 s`. Default: until every case was asked.
    #[schemars(rename = "for")]
    duration: Option<Duration>,
    /// How many requests, in place of `for`.
    #[schemars(range(min = 1, max = 50_000_000))]
    count: Option<u32>,
    /// Requests sent before it and not counted.
    #[schemars(range(min = 0, max = 1_000_000))]
    warmup: Option<u32>,
    /// constant, poisson: most requests in flight; beyond, one is recorded as not sent. Default: 4096.
    #[schemars(range(min = 1, max = 100_000))]
    max_in_flight: Option<u32>,
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
    use crate::{cases, limits, load, prompts, scoring, suite, targets};

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
        check("Target", &targets::KEYS);
        check("Price", &targets::PRICE_KEYS);
        check("NamedPrompt", &prompts::KEYS);
        check("Message", &prompts::MESSAGE_KEYS);
        check("MappedFile", &cases::FILE_KEYS);
        check("FieldMap", &cases::MAP_KEYS);
        check("Case", &cases::KEYS);
        check("ExtractRule", &scoring::EXTRACT_KEYS);
        check("Combination", &scoring::COMBINED);
        check("Phase", &load::KEYS);
        check("Retry", &limits::RETRY_KEYS);
        check("Limits", &limits::LIMIT_KEYS);
        check("Caps", &limits::CAP_KEYS);
        let scorer: Vec<&str> = scoring::COMMON.into_iter().chain(scoring::OPTIONS).collect();
        check("ScorerOptions", &scorer);
    }

    #[test]
    fn the_published_file_is_current() {
        let file = include_str!("../../../docs/reference/suite.schema.json");
        let now = format!("{:#}\n", schema());
        assert!(file == now, "docs/reference/suite.schema.json is old: run `cargo xtask gen`");
    }
}
