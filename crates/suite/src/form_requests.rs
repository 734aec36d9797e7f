//! The published form of what a prompt may be beyond messages; see `form.rs`.
//!
//! Main types: [`Likelihood`], [`Shots`], [`ChatTemplate`]. They are never filled.
#![allow(dead_code, reason = "only the schema of these types is used")]

use crate::form::{Cases, Scalar};
use schemars::JsonSchema;
use serde_json::{Map, Value};

/// What is asked for.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
pub(crate) enum Form {
    /// An answer in the model's own words.
    Generate,
    /// The log-likelihood of each choice, or of each expected answer, after the prompt.
    LogLikelihood,
    /// The log-likelihood of the whole prompt.
    Rolling,
}

/// How log-likelihoods are asked for.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Likelihood {
    /// Template of a continuation. Default: " {{ choice }}".
    continuation: Option<String>,
    /// The variable of a case that lists its choices. Default: choices.
    choices: Option<String>,
    /// Text in front that is never scored, for servers that add no beginning-of-text token.
    prefix: Option<String>,
    /// Most likely tokens asked for at each place. Default: 5.
    #[schemars(range(min = 0, max = 20))]
    top: Option<u8>,
    /// Tokens to generate, 0 or 1. Default: 0.
    #[schemars(range(min = 0, max = 1))]
    max_tokens: Option<u8>,
    /// rolling: windows of a long document. Default: all of it at once.
    window: Option<Window>,
}

/// Windows over a long document.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Window {
    /// Units of a window.
    #[schemars(range(min = 1, max = 1_000_000))]
    size: u32,
    /// What is counted. Default: words.
    unit: Option<WindowUnit>,
    /// Units of context that a window has at least. Default: 1.
    #[schemars(range(min = 1, max = 1_000_000))]
    context: Option<u32>,
}

/// What windows are counted in.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum WindowUnit {
    Words,
    Characters,
}

/// A chat template: its text, or where it is.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum ChatTemplate {
    Text(String),
    Map(ChatTemplateMap),
}

/// A chat template: exactly one of `template` and `file`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct ChatTemplateMap {
    /// The template.
    template: Option<String>,
    /// Its file: chat_template.jinja or tokenizer_config.json.
    file: Option<String>,
    /// What the template calls bos_token. Default: what tokenizer_config.json says, else empty.
    bos_token: Option<String>,
    /// What the template calls eos_token.
    eos_token: Option<String>,
    /// What the template calls add_generation_prompt. Default: true.
    generation_prompt: Option<bool>,
    /// What the template's strftime_now calls today. Default: 2024-07-26.
    date: Option<String>,
}

/// Worked examples in front of the question.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(crate) struct Shots {
    /// A split of the cases, a file as in `cases`, or a list of cases.
    from: Cases,
    /// How many.
    #[schemars(range(min = 0, max = 100))]
    n: Option<u16>,
    /// Which. Default: first; with `ids`: fixed.
    pick: Option<Pick>,
    /// fixed: the examples' ids, in order.
    ids: Option<Vec<Scalar>>,
    /// How they are shown. Default: turns; in raw text: text.
    #[schemars(rename = "as")]
    show: Option<Show>,
    /// Template of an example's question. Default: as the prompt asks it.
    question: Option<String>,
    /// Template of its answer. Default: "{{ expected }}".
    answer: Option<String>,
    /// text: template of a whole example, in place of question and answer.
    template: Option<String>,
    /// text: what stands between examples. Default: an empty line.
    separator: Option<String>,
}

/// Which examples are shown.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Pick {
    /// Those of `ids`.
    Fixed,
    /// The first ones.
    First,
    /// Others for each case, by the run's seed.
    Seeded,
}

/// How examples are shown.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Show {
    /// As turns of the conversation.
    Turns,
    /// As text in front of the question, or where the prompt says `{{ shots }}`.
    Text,
}

/// Tool definitions in OpenAI's form, or a JSON file with a list of them.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Tools {
    File(String),
    List(Vec<Map<String, Value>>),
}
