//! What a run was asked to do, fully resolved.
//!
//! Main type: [`RunSpec`]. It is stored with the run, so that a run can be
//! resumed and read without the suite file. Secrets are in it by name only:
//! header values may hold `${NAME}`, resolved at the moment of sending.

use crate::abort::AbortRule;
use crate::gate::Gate;
use crate::ids::Digest;
use crate::load::PhaseSpec;
use crate::scorer::ScorerSpec;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the stored form of [`RunSpec`].
pub const SPEC_VERSION: u32 = 1;

/// Everything that decides what a run sends and how it is judged.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RunSpec {
    /// [`SPEC_VERSION`] of the program that wrote it.
    pub version: u32,
    /// Name of the suite.
    pub name: String,
    /// Where the plan came from.
    pub origin: Origin,
    /// Version of the program.
    pub acidtest: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Who answers.
    pub targets: Vec<TargetSpec>,
    /// How a case becomes messages.
    pub prompts: Vec<PromptSpec>,
    /// Body fields of every request (`max_tokens`, `temperature` …).
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Load phases, in order; each is run for each target.
    pub phases: Vec<PhaseSpec>,
    /// How often each case is asked.
    pub repeats: u16,
    /// Whether every prompt gets a nonce of its own, so that no cache answers.
    pub fresh: bool,
    /// Whether answers of earlier runs to the same request (and repeat) are used again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cache: bool,
    /// Retries.
    pub retry: Retry,
    /// Limits of one attempt.
    pub limits: Limits,
    /// Limits of the whole run.
    pub caps: Caps,
    /// How the answer is taken from the text.
    pub extraction: Extraction,
    /// How answers are scored.
    pub scorers: Vec<ScorerSpec>,
    /// Metrics over all answers of a slice, by name and options.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<crate::metric::MetricSpec>,
    /// What decides the exit code.
    pub gates: Vec<Gate>,
    /// How much worse than a baseline it may be; asked only where one is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regression: Vec<crate::regression::Regression>,
    /// How many cases there are (0: prompts are synthetic).
    pub cases: u32,
    /// Digest of what was asked of whom under which load; runs are comparable when it is equal.
    pub workload: Digest,
    /// When a case that is asked several times passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pass_rule: Option<PassRule>,
    /// What stops the run early.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub abort: Vec<AbortRule>,
    /// Cases that the suite skips, with its reasons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skipped>,
    /// How the cases were chosen from a larger set, in words; empty when all are asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub selection: Vec<String>,
    /// Definitions of the tools that the model may call, in OpenAI's form.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<serde_json::Value>,
    /// Names of further tags between which the models think.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub thinking: Vec<String>,
    /// What is looked at beside the run.
    #[serde(default, skip_serializing_if = "crate::observe::ObserveSpec::is_default")]
    pub observe: crate::observe::ObserveSpec,
    /// What each request must keep: goodput counts those that do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<crate::slo::Slo>,
    /// How the load is varied from phase to phase, where the phases are rungs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<crate::search::SearchSpec>,
}

/// Where a plan came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A suite file.
    Suite {
        /// Its path as given.
        path: String,
        /// Digest of its text.
        digest: Digest,
    },
    /// The command line of `bench`.
    #[default]
    Bench,
    /// A file made elsewhere.
    Import {
        /// Its path as given.
        path: String,
        /// The tool that counted the tokens, where they are not the server's own counts.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tokens_by: Option<String>,
    },
}

/// Who answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TargetSpec {
    /// Its name in tables.
    pub name: String,
    /// The protocol.
    pub kind: TargetKind,
    /// Where it is.
    pub source: Source,
    /// The model to ask for.
    pub model: String,
    /// Name of the environment variable that holds the key; sent as a bearer token.
    pub key_env: Option<String>,
    /// Extra headers; values may hold `${NAME}` of the environment.
    pub headers: BTreeMap<String, String>,
    /// Extra body fields of this target.
    pub body: serde_json::Map<String, serde_json::Value>,
    /// Whether to ask for a streamed answer.
    pub stream: bool,
    /// What it costs, where known.
    pub price: Option<Price>,
    /// How an application's own interface is asked, for [`TargetKind::Http`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<Box<crate::target::HttpSpec>>,
    /// Which program is asked, for [`TargetKind::Command`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<crate::target::CommandSpec>,
    /// How its connections are made and used.
    #[serde(default, skip_serializing_if = "crate::connections::Connections::is_default")]
    pub connections: crate::connections::Connections,
}

/// The protocol of a target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetKind {
    /// OpenAI chat completions and what speaks like it.
    #[default]
    OpenaiChat,
    /// An application's own HTTP interface, described by the suite.
    Http,
    /// A program: JSON lines in and out.
    Command,
    /// OpenAI text completions.
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

impl TargetKind {
    /// Every vendor's protocol that is spoken over HTTP, by the words of a suite.
    pub const ALL: [TargetKind; 6] = [
        TargetKind::OpenaiChat,
        TargetKind::OpenaiCompletions,
        TargetKind::OpenaiResponses,
        TargetKind::Anthropic,
        TargetKind::Ollama,
        TargetKind::Embeddings,
    ];

    /// Whether what this protocol shows of reasoning is a summary of it or nothing, while its
    /// token counts are of the whole: then what was shown is no measure of what was counted.
    #[must_use]
    pub fn summarises(self) -> bool {
        matches!(self, TargetKind::OpenaiResponses | TargetKind::Anthropic)
    }

    /// Its word in suites, the store and JSON.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            TargetKind::OpenaiChat => "openai_chat",
            TargetKind::OpenaiCompletions => "openai_completions",
            TargetKind::OpenaiResponses => "openai_responses",
            TargetKind::Anthropic => "anthropic",
            TargetKind::Ollama => "ollama",
            TargetKind::Embeddings => "embeddings",
            TargetKind::Http => "http",
            TargetKind::Command => "command",
        }
    }

    /// The protocol of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.id() == id)
    }

    /// What its requests are recorded as.
    #[must_use]
    pub fn asks_for(self) -> crate::record::Kind {
        match self {
            TargetKind::OpenaiCompletions => crate::record::Kind::Completion,
            TargetKind::Embeddings => crate::record::Kind::Embed,
            TargetKind::Http => crate::record::Kind::Http,
            _ => crate::record::Kind::Chat,
        }
    }

    /// Whether its answers can be streamed.
    #[must_use]
    pub fn streams(self) -> bool {
        self != TargetKind::Embeddings
    }
}

/// Where a target is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A base URL, `http://…/v1` or `https://…/v1`, without user info.
    Url(String),
    /// The built-in server, started as a child process for the run.
    Sim {
        /// Name in the suite (`sim:NAME`), or the local answerer (`local:NAME`).
        name: String,
        /// Its configuration as JSON, for `acidtest sim --config`.
        config: serde_json::Value,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::Url(String::new())
    }
}

/// Price per million tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// Currency code (`USD`).
    pub currency: String,
    /// Per million input tokens.
    pub input: f64,
    /// Per million output tokens, reasoning included.
    pub output: f64,
    /// Per million input tokens read from a cache; else `input`.
    pub cached: Option<f64>,
    /// Per request, beside the tokens.
    pub request: f64,
}

/// How a case becomes messages: (role, template) pairs over the case's variables.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PromptSpec {
    /// Its name in tables.
    pub name: String,
    /// Messages with templates as content.
    pub messages: Vec<crate::ask::Message>,
    /// Body fields of its requests, over those of the plan.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Variables of its templates, over those of the case.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// What distinguishes it among the combinations of a matrix.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The template of raw text for a completion endpoint, in place of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
    /// The chat template that turns the messages into raw text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chat_template: Option<crate::form::ChatTemplate>,
    /// What is asked for.
    #[serde(default, skip_serializing_if = "crate::form::Form::is_default")]
    pub form: crate::form::Form,
    /// How log-likelihoods are asked for, where the form needs them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likelihood: Option<crate::form::Likelihood>,
    /// Worked examples in front of the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shots: Option<crate::form::ShotsSpec>,
}

/// When a case that is asked several times passes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassRule {
    /// When at least so many of its answers are right.
    AtLeast(u16),
    /// When the lower end of the 95 % interval of its share of right answers is at least so high.
    LowerBound(f64),
}

/// A case that is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Its id.
    pub id: String,
    /// Why, in the suite's words.
    pub reason: String,
}

/// Retries of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts of a request at most; 1 = no retries.
    pub attempts: u8,
    /// First wait in seconds; doubled each time, or what `Retry-After` says.
    pub wait_s: f64,
    /// Longest wait in seconds.
    pub max_wait_s: f64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts: 1, wait_s: 0.5, max_wait_s: 30.0 }
    }
}

/// Limits of one attempt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// Seconds for name resolution, connect and TLS together.
    pub connect_s: f64,
    /// Seconds from the request's last byte to the response head.
    pub first_byte_s: f64,
    /// Seconds between two events of a stream.
    pub gap_s: f64,
    /// Seconds for the whole attempt.
    pub total_s: f64,
    /// Bytes of a response body.
    pub body_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect_s: 10.0, first_byte_s: 120.0, gap_s: 60.0, total_s: 600.0, body_bytes: 16 << 20 }
    }
}

/// Limits of a whole run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Caps {
    /// Seconds of wall time.
    pub time_s: Option<f64>,
    /// Cost by the targets' prices, in their currency.
    pub cost: Option<f64>,
}

/// How the answer is taken from the visible text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Extraction {
    /// The whole text, trimmed.
    #[default]
    Whole,
    /// First match of a pattern: its first group, else the match.
    Regex(String),
    /// A JSON pointer into the text parsed as JSON.
    Pointer(String),
    /// The last number in the text.
    LastNumber,
    /// A choice letter among those given, as `ABCD`.
    Letter(String),
}

impl PromptSpec {
    /// Whether raw text is sent in place of messages.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.raw.is_some() || self.chat_template.is_some()
    }
}

impl Price {
    /// What a request with these token counts costs: uncached input, cached
    /// input and output tokens at their prices per million, plus the price per
    /// request. Absent when the server did not report input and output tokens;
    /// cached tokens that are not reported count as uncached.
    #[must_use]
    pub fn cost(&self, usage: &crate::answer::Usage) -> Option<f64> {
        let (input, output) = (f64::from(usage.input?), f64::from(usage.output?));
        let cached = usage.cached.map_or(0.0, f64::from).min(input);
        let per_million =
            (input - cached) * self.input + cached * self.cached.unwrap_or(self.input) + output * self.output;
        Some(per_million / 1e6 + self.request)
    }
}
