//! How answers are scored.
//!
//! Main types: [`ScorerSpec`] and [`ScorerKind`]. Values only: the engine runs them.

use serde::{Deserialize, Serialize};

/// One scorer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScorerSpec {
    /// Its name in tables and verdicts.
    pub name: String,
    /// What it does.
    pub kind: ScorerKind,
    /// Whether a pass becomes a failure and the score is turned over.
    pub negate: bool,
    /// Its weight in `all`, `any` and the total score.
    pub weight: f64,
    /// The score at which it passes. A scorer without one only measures and
    /// does not decide whether an answer is correct.
    pub pass: Option<f64>,
}

/// Kinds of scorers. Each gives a score in 0..1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScorerKind {
    /// Equal to a reference after trimming.
    Exact {
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// Contains a reference.
    Contains {
        /// Whether letter case is ignored.
        ignore_case: bool,
        /// What to look for in place of the references.
        any_of: Option<Vec<String>>,
    },
    /// Begins with a reference.
    StartsWith {
        /// Whether letter case is ignored.
        ignore_case: bool,
        /// What to look for in place of the references.
        any_of: Option<Vec<String>>,
    },
    /// Matches a pattern.
    Regex {
        /// The pattern.
        pattern: String,
    },
    /// Equal to a reference as a number.
    Numeric {
        /// Largest absolute difference.
        abs: f64,
        /// Largest difference relative to the reference.
        rel: f64,
    },
    /// Word F1 with the best reference.
    TokenF1 {
        /// Unicode words in place of SQuAD's.
        unicode: bool,
    },
    /// Character F1 with the best reference.
    CharF1 {
        /// Unicode characters in place of KorQuAD's normalisation.
        unicode: bool,
    },
    /// A metric of texts against the references, turned into a share: percentages are divided by
    /// 100, error rates count as max(0, 1 − rate).
    Text(crate::metric::MetricSpec),
    /// 1 when the answer is a refusal (Korean or English).
    Refusal,
    /// 1 when the answer is JSON.
    JsonValid {
        /// Which reading counts.
        reading: Reading,
    },
    /// 1 when the answer's JSON is valid by a JSON Schema.
    JsonSchema {
        /// The schema.
        schema: serde_json::Value,
        /// Its draft (`2020-12`, `2019-09`, `7`, `6`, `4`).
        draft: String,
        /// The file it came from.
        file: Option<String>,
        /// Which reading counts.
        reading: Reading,
    },
    /// One value of the answer's JSON beside the expected one.
    JsonField {
        /// Which value, and how it is compared.
        field: FieldSpec,
        /// Which reading counts.
        reading: Reading,
    },
    /// Several values beside those of the expected JSON object; the score is the
    /// weighted share that is right. Each field also has verdicts of its own.
    Fields {
        /// Which values, and how they are compared.
        fields: Vec<FieldSpec>,
        /// Which reading counts.
        reading: Reading,
    },
    /// 1 when the answer is in the right language.
    Language {
        /// The language (`ko`, `en`, `mixed`); absent: that of a variable.
        is: Option<String>,
        /// The variable whose language it must be.
        like: Option<String>,
    },
    /// Share of the answer's dates and numbers that the references or the allowed list know.
    DatesNumbers {
        /// Texts whose dates and numbers are allowed beside the references'.
        allowed: Vec<String>,
        /// Variables whose dates and numbers are allowed too.
        vars: Vec<String>,
    },
    /// 1 when none of the words is in the answer.
    BannedWords {
        /// The words.
        words: Vec<String>,
        /// The file they came from, one a line.
        file: Option<String>,
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// 1 when the answer's length is within bounds.
    Length {
        /// What is counted.
        unit: LengthUnit,
        /// At least so many.
        min: Option<u64>,
        /// At most so many.
        max: Option<u64>,
    },
    /// 1 when the answer holds a reference, Korean particles ignored.
    KoreanMatch {
        /// What to look for in place of the references.
        any_of: Option<Vec<String>>,
    },
    /// 1 when the answer came in time.
    Latency {
        /// Seconds to the first token at most.
        ttft_s: Option<f64>,
        /// Seconds to the end at most.
        e2e_s: Option<f64>,
    },
    /// 1 when the request cost no more.
    Cost {
        /// Most it may cost, in the currency of the target's price.
        max: f64,
    },
    /// The user's own program.
    Command(ScorerProgram),
    /// Passes when all pass; the score is the weighted mean.
    All(Vec<ScorerSpec>),
    /// Passes when one passes; the score is the best.
    Any(Vec<ScorerSpec>),
}

impl ScorerKind {
    /// The words by which suites name them, combinations aside.
    pub const WORDS: [&str; 34] = [
        "exact",
        "contains",
        "starts_with",
        "regex",
        "numeric",
        "token_f1",
        "char_f1",
        "refusal",
        "json_valid",
        "json_schema",
        "json_field",
        "fields",
        "language",
        "dates_numbers",
        "banned_words",
        "length",
        "korean_match",
        "latency",
        "cost",
        "command",
        "exact_match",
        "bleu",
        "chrf",
        "chrf++",
        "rouge1",
        "rouge2",
        "rouge3",
        "rougeL",
        "rougeLsum",
        "meteor",
        "edit_similarity",
        "ter",
        "wer",
        "cer",
    ];

    /// Those of [`ScorerKind::WORDS`] that are metrics of texts.
    #[must_use]
    pub fn texts() -> &'static [&'static str] {
        &Self::WORDS[20..]
    }

    /// The word by which suites name it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Exact { .. } => "exact",
            Self::Contains { .. } => "contains",
            Self::StartsWith { .. } => "starts_with",
            Self::Regex { .. } => "regex",
            Self::Numeric { .. } => "numeric",
            Self::TokenF1 { .. } => "token_f1",
            Self::CharF1 { .. } => "char_f1",
            Self::Text(spec) => {
                Self::texts().iter().find(|word| **word == spec.metric).copied().unwrap_or("text")
            }
            Self::Refusal => "refusal",
            Self::JsonValid { .. } => "json_valid",
            Self::JsonSchema { .. } => "json_schema",
            Self::JsonField { .. } => "json_field",
            Self::Fields { .. } => "fields",
            Self::Language { .. } => "language",
            Self::DatesNumbers { .. } => "dates_numbers",
            Self::BannedWords { .. } => "banned_words",
            Self::Length { .. } => "length",
            Self::KoreanMatch { .. } => "korean_match",
            Self::Latency { .. } => "latency",
            Self::Cost { .. } => "cost",
            Self::Command(_) => "command",
            Self::All(_) => "all",
            Self::Any(_) => "any",
        }
    }
}

/// Which reading of an answer's JSON counts; each allows what the one before does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// The whole answer is JSON, and every type is the expected one.
    #[default]
    Strict,
    /// The JSON may need repairs.
    Repaired,
    /// And text may stand for a number or a truth value.
    Coerced,
}

/// One value of a JSON answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldSpec {
    /// Its name in tables.
    pub name: String,
    /// JSON pointer, in the answer and in the expected object.
    pub pointer: String,
    /// How it is compared.
    pub kind: FieldKind,
    /// The score at which it is right.
    pub pass: f64,
    /// Its weight among the fields.
    pub weight: f64,
}

/// How a value is compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// By the type of the expected value.
    #[default]
    Auto,
    /// As truth values.
    Boolean,
    /// As one of a closed set of words.
    Enum {
        /// The words; empty: any.
        values: Vec<String>,
        /// Whether letter case is ignored.
        ignore_case: bool,
    },
    /// As numbers.
    Number {
        /// Largest absolute difference.
        abs: f64,
        /// Largest difference relative to the expected number.
        rel: f64,
    },
    /// As dates.
    Date {
        /// Forms by `strftime`; empty: the usual ones.
        forms: Vec<String>,
    },
    /// As text.
    Text {
        /// How.
        rule: TextMatch,
    },
    /// As lists, by F1.
    List {
        /// Whether the order counts.
        ordered: bool,
    },
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextMatch {
    /// Equal.
    #[default]
    Exact,
    /// Equal after normalising.
    Normalised,
    /// The expected text is in the answer.
    Contains,
    /// Character F1.
    CharF1,
}

/// What a length counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LengthUnit {
    /// Characters, white space at the ends aside.
    #[default]
    Chars,
    /// Words by white space.
    Words,
    /// Sentences.
    Sentences,
}

/// The user's own scorer: a program that reads and writes JSON lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScorerProgram {
    /// Program and arguments; no shell.
    pub run: Vec<String>,
    /// Seconds that one answer may take.
    pub timeout_s: f64,
    /// Bytes of memory (address space) that the program may have, where the system can limit it.
    pub memory_bytes: u64,
    /// Names of environment variables that are passed on.
    pub env: Vec<String>,
    /// Processes at once.
    pub jobs: u16,
}
