//! The published form of `scorers:`: what each type takes.
//!
//! Main type: [`Scorer`]. Never filled, as all of `form`.

use super::metrics::TextName;
use super::{Duration, OneOrMany, Scalar, Size};
use schemars::JsonSchema;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A scorer by its name, with options, or a combination.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum Scorer {
    Name(ScorerName),
    /// Compares with the references as a published metric does; a measure without `pass`.
    Text(TextName),
    Options(Box<ScorerOptions>),
    Combination(Box<Combination>),
}

/// Scorers without options.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum ScorerName {
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
    /// The whole answer is JSON.
    JsonValid,
    /// Every field of the expected JSON object is right.
    Fields,
    /// Every date and number of the answer is in an expected answer.
    DatesNumbers,
    /// Holds an expected answer, Korean particles ignored.
    KoreanMatch,
}

/// Kinds of scorers.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum ScorerType {
    Own(OwnType),
    Text(TextName),
}

/// Kinds of scorers that are no published metric of texts.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum OwnType {
    Exact,
    Contains,
    StartsWith,
    Regex,
    Numeric,
    TokenF1,
    CharF1,
    Refusal,
    /// The answer is JSON.
    JsonValid,
    /// The answer's JSON is valid by a schema.
    JsonSchema,
    /// One value of the answer's JSON.
    JsonField,
    /// Several values of the answer's JSON beside those of the expected object.
    Fields,
    /// The answer's language.
    Language,
    /// Every date and number of the answer is known.
    DatesNumbers,
    /// None of the words is in the answer.
    BannedWords,
    /// The answer's length.
    Length,
    /// Holds an expected answer, Korean particles ignored.
    KoreanMatch,
    /// The answer came in time.
    Latency,
    /// The request cost no more.
    Cost,
    /// A program of your own.
    Command,
}

/// Which reading of an answer's JSON counts; each allows what the one before does.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum JsonReading {
    /// The whole answer is JSON and types are as expected.
    Strict,
    /// Code fences, missing commas and the like are repaired.
    Repaired,
    /// And `"3"` may stand for 3, `"true"` for true.
    Coerced,
}

/// Kinds of fields.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum FieldKind {
    /// By the type of the expected value.
    Auto,
    Boolean,
    Enum,
    Number,
    /// Compared as dates, in any of the usual forms.
    Date,
    Text,
    /// By F1.
    List,
}

/// How texts are compared.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum TextMatch {
    Exact,
    /// Without letter case, punctuation and white space.
    Normalised,
    /// The expected text is in it.
    Contains,
    /// Character F1; right from `pass` on.
    CharF1,
}

/// Fields by their names, or a list of names; by default all of the expected object.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum FieldList {
    Named(BTreeMap<String, FieldRule>),
    Names(Vec<String>),
}

/// How a field is compared.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum FieldRule {
    Kind(FieldKind),
    Options(Box<FieldOptions>),
}

/// A field with options.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct FieldOptions {
    /// Its kind. Default: auto.
    #[schemars(rename = "as")]
    kind: Option<FieldKind>,
    /// JSON pointer, in the answer and the expected object. Default: the field's name.
    pointer: Option<String>,
    /// enum: the words that are allowed.
    values: Option<OneOrMany<Scalar>>,
    /// enum: whether letter case is ignored.
    ignore_case: Option<bool>,
    /// number: largest absolute difference.
    abs: Option<f64>,
    /// number: largest difference relative to the expected number.
    rel: Option<f64>,
    /// date: forms by strftime, such as `%d/%m/%Y`.
    forms: Option<OneOrMany<String>>,
    /// text: how. Default: exact.
    #[schemars(rename = "match")]
    text: Option<TextMatch>,
    /// list: whether the order counts. Default: true.
    ordered: Option<bool>,
    /// The score at which it is right. Default: 1.
    #[schemars(range(min = 0, max = 1))]
    pass: Option<f64>,
    /// Its weight among the fields. Default: 1.
    weight: Option<f64>,
}

/// A JSON Schema, or the name of its file.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum AnswerSchema {
    File(String),
    Inline(Map<String, Value>),
    Flag(bool),
}

/// Languages.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum Language {
    /// Korean.
    Ko,
    /// English.
    En,
    /// Both.
    Mixed,
}

/// What a length counts.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum LengthUnit {
    Chars,
    Words,
    Sentences,
}

/// A scorer with options: `{ fields: … }` is short for `{ type: fields, fields: … }`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields, extend("anyOf" = [{"required": ["type"]}, {"required": ["fields"]}]))]
pub(super) struct ScorerOptions {
    /// What it does.
    #[schemars(rename = "type")]
    kind: Option<ScorerType>,
    /// Its name in tables.
    name: Option<String>,
    /// Its weight. Default: 1.
    #[schemars(range(min = 0, max = 1_000_000))]
    weight: Option<f64>,
    /// Turns pass and failure over.
    not: Option<bool>,
    /// The score at which it passes. Default: 1; `token_f1`, `char_f1` and metrics of texts (`bleu`, `rouge1`, `wer` …) only measure without it.
    #[schemars(range(min = 0, max = 1))]
    pass: Option<f64>,
    /// exact, contains, starts_with, banned_words, enum fields: whether letter case is ignored. Default: false.
    ignore_case: Option<bool>,
    /// contains, starts_with, korean_match: what to look for in place of the expected answers.
    any_of: Option<OneOrMany<Scalar>>,
    /// regex: the pattern.
    pattern: Option<String>,
    /// numeric, number fields: largest absolute difference. Default: 0.
    #[schemars(range(min = 0))]
    abs: Option<f64>,
    /// numeric, number fields: largest difference relative to the expected number. Default: 1e-9.
    #[schemars(range(min = 0))]
    rel: Option<f64>,
    /// token_f1, char_f1, rouge: Unicode rules in place of those of SQuAD, KorQuAD and rouge-score. Default: false.
    unicode: Option<bool>,
    /// json_valid, json_schema, json_field, fields: which reading of the JSON counts. Default: strict.
    reading: Option<JsonReading>,
    /// json_schema: the schema, or its file.
    schema: Option<AnswerSchema>,
    /// json_schema: 2020-12, 2019-09, 7, 6 or 4. Default: 2020-12.
    draft: Option<Scalar>,
    /// json_field: JSON pointer, such as `/answer`.
    pointer: Option<String>,
    /// json_field: the kind of the value. Default: auto.
    #[schemars(rename = "as")]
    field_kind: Option<FieldKind>,
    /// json_field as enum: the words that are allowed.
    values: Option<OneOrMany<Scalar>>,
    /// json_field as date: forms by strftime.
    forms: Option<OneOrMany<String>>,
    /// json_field as text: how. Default: exact.
    #[schemars(rename = "match")]
    text: Option<TextMatch>,
    /// json_field as list: whether the order counts. Default: true.
    ordered: Option<bool>,
    /// fields: the fields and how they are compared. Default: all of the expected object, by their types.
    fields: Option<FieldList>,
    /// language: the language that the answer must be in.
    is: Option<Language>,
    /// language: the variable whose language it must be in, such as `question`.
    like: Option<String>,
    /// dates_numbers: texts whose dates and numbers are allowed too.
    allowed: Option<OneOrMany<Scalar>>,
    /// dates_numbers: variables whose dates and numbers are allowed too.
    vars: Option<OneOrMany<Scalar>>,
    /// banned_words: the words.
    words: Option<OneOrMany<Scalar>>,
    /// banned_words: a file with a word on each line.
    file: Option<String>,
    /// length: what is counted. Default: chars.
    unit: Option<LengthUnit>,
    /// length: at least so many.
    min: Option<u64>,
    /// length: at most so many; cost: most that a request may cost.
    max: Option<f64>,
    /// latency: longest time to the first token.
    ttft: Option<Duration>,
    /// latency: longest time to the end.
    e2e: Option<Duration>,
    /// command: program and arguments; there is no shell.
    run: Option<OneOrMany<Scalar>>,
    /// command: longest time for one answer. Default: 10 s.
    timeout: Option<Duration>,
    /// command: memory that the program may have. Default: 2 GiB.
    memory: Option<Size>,
    /// command: environment variables that it gets beside PATH, HOME and LANG.
    env: Option<OneOrMany<Scalar>>,
    /// command: processes at once. Default: 1.
    #[schemars(range(min = 1, max = 16))]
    jobs: Option<u16>,
    /// exact_match: squad1, squad2 or unicode. Default: squad1.
    rule: Option<String>,
    /// bleu: none, 13a, intl, zh, char or ko-char. Default: 13a.
    tokenize: Option<Scalar>,
    /// bleu, chrf: whether texts are put in lower case first. Default: false.
    lowercase: Option<bool>,
    /// bleu: exp, none, floor or add-k. Default: exp.
    smooth: Option<String>,
    /// bleu: the value of floor (0.1) or add-k (1).
    smooth_value: Option<f64>,
    /// bleu: the longest n-gram. Default: 4.
    max_order: Option<u8>,
    /// chrf: the longest n-gram of characters. Default: 6.
    char_order: Option<u8>,
    /// chrf: the longest n-gram of words; 2 is chrF++. Default: 0.
    word_order: Option<u8>,
    /// chrf: how many times recall weighs as much as precision (2); meteor: the exponent of the penalty (3).
    beta: Option<f64>,
    /// chrf: whether white space counts as characters. Default: false.
    whitespace: Option<bool>,
    /// ter: whether texts are normalised as tercom does. Default: false.
    normalized: Option<bool>,
    /// ter: whether punctuation is left out. Default: false.
    no_punct: Option<bool>,
    /// ter: whether Asian characters are words of their own. Default: false.
    asian_support: Option<bool>,
    /// ter: whether letter case counts. Default: false.
    case_sensitive: Option<bool>,
    /// rouge: whether English words are stemmed. Default: false.
    stemmer: Option<bool>,
    /// rouge: f, precision or recall. Default: f.
    part: Option<String>,
    /// meteor: the weight of precision. Default: 0.9.
    alpha: Option<f64>,
    /// meteor: the weight of the penalty. Default: 0.5.
    gamma: Option<f64>,
}

/// Several scorers as one: exactly one of `all` and `any`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Combination {
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
