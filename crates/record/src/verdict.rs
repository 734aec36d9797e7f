//! Opinions about records.
//!
//! Main type: [`Verdict`]. Never deleted, only superseded: among verdicts of one
//! name and maker about the same records, the latest counts. Re-judging never
//! rewrites a measurement.

use crate::ids::{Digest, Key};
use serde::{Deserialize, Serialize};

/// Name of the verdict that says whether an answer is right.
pub const CORRECT: &str = "correct";
/// Name of the verdict that holds the log-likelihood of a continuation.
pub const LOGLIKELIHOOD: &str = "loglikelihood";
/// Name of the verdict that says whether a continuation is what greedy decoding gives.
pub const IS_GREEDY: &str = "is_greedy";

/// Name of the verdict that says how many tokens a part of a document was scored over.
pub const SCORED_TOKENS: &str = "scored_tokens";
/// Name of the verdict that says how many words a part of a document holds: runs of white space
/// that begin in it, and one more in the first part, so that parts add up to the document's words.
pub const SCORED_WORDS: &str = "scored_words";
/// Name of the verdict that says how many UTF-8 bytes a part of a document holds.
pub const SCORED_BYTES: &str = "scored_bytes";
/// Name of the verdict that holds the log-likelihood of an answer by the model that gave it.
pub const OWN_LOGLIKELIHOOD: &str = "own_loglikelihood";
/// Name of the verdict that says over how many tokens that is.
pub const OWN_TOKENS: &str = "own_tokens";
/// Names of verdicts that are measurements of texts, and no scores.
pub const TEXT_SIZES: [&str; 5] = [SCORED_TOKENS, SCORED_WORDS, SCORED_BYTES, OWN_LOGLIKELIHOOD, OWN_TOKENS];

/// One opinion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What it is an opinion of: a scorer's name, `correct`, `refused`, `preference` …
    pub name: String,
    /// Whose it is.
    pub maker: Maker,
    /// The records it is about, in order.
    pub about: Vec<About>,
    /// Whether it could be formed.
    pub status: Status,
    /// What it says; absent unless `status` is scored.
    pub value: Option<Value>,
    /// Why, for people.
    pub why: Option<String>,
    /// The record of the judge's own call, if one was made.
    pub evidence: Option<Key>,
    /// Unix time in nanoseconds.
    pub at_unix_ns: i64,
}

/// Who holds an opinion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// Code, judge model, person or an imported file.
    pub kind: MakerKind,
    /// Its name; a person's is a pseudonym.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Digest of its prompt and configuration.
    pub digest: Option<Digest>,
}

/// Kinds of makers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MakerKind {
    /// Code.
    Scorer,
    /// A model.
    Judge,
    /// A person.
    Person,
    /// A file made elsewhere.
    Import,
}

/// One record that an opinion is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Its part in the question.
    pub role: AboutRole,
    /// The record.
    pub key: Key,
}

/// The part that a record plays in a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AboutRole {
    /// The only one.
    Subject,
    /// First of a pair.
    A,
    /// Second of a pair.
    B,
    /// One of several options.
    Option,
    /// Part of a window of text.
    Window,
    /// Member of a group.
    Member,
    /// Part of a session.
    Session,
}

/// What a verdict says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A score.
    Number(f64),
    /// A label of a closed set.
    Label(String),
    /// Positions in `about`, best first.
    Ranking(Vec<u16>),
    /// `a`, `b`, `tie` or `both_bad`.
    Preference(String),
}

/// Whether an opinion could be formed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes.
    Scored,
    /// The maker chose not to say.
    Abstained,
    /// The answer did not have the form that was asked for.
    Unparsable,
    /// The maker itself failed.
    Failed,
    /// It was taken back.
    Withdrawn,
}
