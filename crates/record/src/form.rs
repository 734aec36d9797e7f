//! What kind of question a prompt is, and how its text is made.
//!
//! Main types: [`Form`], [`Likelihood`], [`ShotsSpec`], [`ChatTemplate`]: parts of
//! [`crate::PromptSpec`] as they are stored. Must not render anything.

use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// An answer in the model's own words.
    #[default]
    Generate,
    /// The log-likelihood of given continuations after a context: one request for each.
    LogLikelihood,
    /// The log-likelihood of a whole document, in windows where it is long.
    Rolling,
}

impl Form {
    /// Its word in suites and reports.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Form::Generate => "generate",
            Form::LogLikelihood => "loglikelihood",
            Form::Rolling => "rolling",
        }
    }

    pub(crate) fn is_default(&self) -> bool {
        *self == Form::default()
    }

    /// Whether the texts are scored and nothing is generated.
    #[must_use]
    pub fn scores_text(self) -> bool {
        self != Form::Generate
    }
}

/// How log-likelihoods are asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likelihood {
    /// Template of a continuation; `choice` is the choice.
    pub continuation: String,
    /// The variable of a case that lists its choices; without it the expected answers are the continuations.
    pub choices: String,
    /// Text in front of everything, which is not scored: a beginning-of-text token for
    /// servers that add none.
    pub prefix: String,
    /// Most likely tokens that the server is asked for at each place.
    pub top: u8,
    /// Tokens to generate: 0, or 1 for servers that demand some.
    pub max_tokens: u8,
    /// Windows of a rolling document; absent: the whole document at once.
    pub window: Option<WindowSpec>,
}

impl Default for Likelihood {
    fn default() -> Self {
        Self {
            continuation: " {{ choice }}".to_owned(),
            choices: "choices".to_owned(),
            prefix: String::new(),
            top: 5,
            max_tokens: 0,
            window: None,
        }
    }
}

/// Windows over a long document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowSpec {
    /// What is counted.
    pub unit: WindowUnit,
    /// Units of one window.
    pub size: u32,
    /// Units of context that a window has at least, where the document has them; from 1.
    pub context: u32,
}

/// What windows are counted in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowUnit {
    /// Words, each with the white space before it.
    #[default]
    Words,
    /// Unicode characters (code points).
    Characters,
}

/// Worked examples in front of the question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShotsSpec {
    /// How many.
    pub n: u16,
    /// Which.
    pub pick: Pick,
    /// How they are shown.
    pub show: Show,
    /// Template of an example's question; absent: as the prompt asks it.
    pub question: Option<String>,
    /// Template of an example's answer; `expected` is its first expected answer.
    pub answer: String,
    /// As text: template of a whole example, in place of question and answer.
    pub template: Option<String>,
    /// As text: what stands between examples.
    pub separator: String,
    /// The examples to choose from, in order.
    pub pool: Vec<Shot>,
    /// Where they come from, in words.
    pub from: String,
}

/// Which examples are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pick {
    /// Those that the suite names, in its order.
    Fixed,
    /// The first ones.
    #[default]
    First,
    /// Others for each case, by the run's seed and the case's id.
    Seeded,
}

/// How examples are shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Show {
    /// As turns of the conversation.
    #[default]
    Turns,
    /// As text in front of the question.
    Text,
}

/// One example.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Shot {
    /// Its id where it comes from.
    pub id: String,
    /// The digest of its case: a case is never its own example.
    pub hash: crate::Digest,
    /// Variables.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// Right answers.
    pub expected: Vec<String>,
}

/// A model's chat template, which we render into raw text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChatTemplate {
    /// The template, in the dialect of Hugging Face's tokenizers.
    pub template: String,
    /// `bos_token`.
    pub bos_token: String,
    /// `eos_token`.
    pub eos_token: String,
    /// `add_generation_prompt`.
    pub generation_prompt: bool,
    /// What `strftime_now` says is today, `YYYY-MM-DD`: prompts must be the same on any day.
    pub date: String,
}
