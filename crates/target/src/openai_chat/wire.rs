//! The JSON of chat completions as it comes over the wire.
//!
//! Main type: [`Chunk`], a chunk of a stream or a whole body. Fields that we do
//! not know are skipped; those that we use must have the right type.

use crate::openai_completions::legacy::{self, Lists};
use acidtest_record::TokenLogprob;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;

/// Most entries of a list: `{}` is two bytes on the wire and hundreds in memory.
pub(super) const MAX_ENTRIES: usize = 1024;
/// Most tokens of a list with an entry for each.
const MAX_TOKENS: usize = 1 << 18;

#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    pub(super) id: Option<String>,
    pub(super) object: Option<String>,
    pub(super) model: Option<String>,
    pub(super) system_fingerprint: Option<String>,
    pub(super) choices: Option<Few<Choice>>,
    pub(super) usage: Option<UsageWire>,
    pub(super) error: Option<Value>,
    pub(super) message: Option<Value>,
    pub(super) timings: Option<Value>,
    pub(super) x_groq: Option<Groq>,
    pub(super) metrics: Option<Value>,
    pub(super) prompt_logprobs: Option<Likely>,
}

impl Chunk {
    /// Whether it reports an error in place of an answer.
    pub(super) fn is_error(&self) -> bool {
        self.error.is_some() || self.object.as_deref() == Some("error")
    }

    pub(super) fn error_text(&self) -> Option<String> {
        let value = self.error.as_ref().or(self.message.as_ref())?;
        crate::dialect::message_in(value)
    }
}

/// A list of at most so many entries.
#[derive(Debug)]
pub(super) struct Few<T, const MOST: usize = MAX_ENTRIES>(Vec<T>);

/// A list with an entry a token.
type Tokens<T> = Few<T, MAX_TOKENS>;

/// What was likely at each token's place.
pub(super) type Likely = Tokens<Option<Map<String, Value>>>;

impl<T, const MOST: usize> Default for Few<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MOST: usize> IntoIterator for Few<T, MOST> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Few<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_seq(FewVisitor(PhantomData))
    }
}

struct FewVisitor<T, const MOST: usize>(PhantomData<T>);

impl<'de, T: Deserialize<'de>, const MOST: usize> de::Visitor<'de> for FewVisitor<T, MOST> {
    type Value = Few<T, MOST>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Few<T, MOST>, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element()? {
            if all.len() == MOST {
                return Err(de::Error::custom(format!("a list of more than {MOST} entries")));
            }
            all.push(one);
        }
        Ok(Few(all))
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) index: Option<u32>,
    pub(super) delta: Option<Message>,
    pub(super) message: Option<Message>,
    /// Of text completions, in place of a message.
    pub(super) text: Option<String>,
    pub(super) finish_reason: Option<String>,
    pub(super) logprobs: Option<Logprobs>,
    pub(super) prompt_logprobs: Option<Likely>,
}

/// A message or a piece of one.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) role: Option<String>,
    #[serde(default, deserialize_with = "contents")]
    pub(super) content: Option<Vec<Content>>,
    pub(super) reasoning_content: Option<String>,
    pub(super) reasoning: Option<String>,
    pub(super) refusal: Option<String>,
    pub(super) tool_calls: Option<Few<ToolCall>>,
    pub(super) function_call: Option<Function>,
}

/// Text, whether it stands alone or in a list of parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    Reasoning(String),
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolCall {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) function: Option<Function>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Arguments>,
}

/// Arguments as text; some servers send the object itself.
#[derive(Debug)]
pub(super) struct Arguments(pub(super) String);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(d)? {
            Value::String(text) => text,
            other => other.to_string(),
        }))
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Logprobs {
    pub(super) content: Option<Tokens<TokenWire>>,
    // The form of text completions.
    tokens: Option<Tokens<String>>,
    token_logprobs: Option<Tokens<Option<f64>>>,
    top_logprobs: Option<Likely>,
    text_offset: Option<Tokens<i64>>,
}

impl Logprobs {
    /// All tokens, whichever form they came in.
    pub(super) fn known(self) -> Vec<TokenLogprob> {
        let lists = Lists {
            tokens: self.tokens.map(|f| f.0),
            token_logprobs: self.token_logprobs.map(|f| f.0),
            top_logprobs: self.top_logprobs.map(|f| f.0),
            text_offset: self.text_offset.map(|f| f.0),
        };
        let mut all: Vec<_> = self.content.into_iter().flatten().map(TokenWire::known).collect();
        all.extend(legacy::completion(lists));
        all
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TokenWire {
    pub(super) token: String,
    pub(super) logprob: Option<f64>,
    pub(super) top_logprobs: Option<Few<TopWire>>,
}

impl TokenWire {
    fn known(self) -> TokenLogprob {
        let top = self.top_logprobs.unwrap_or_default().into_iter();
        TokenLogprob {
            token: self.token,
            logprob: self.logprob,
            offset: None,
            top: top.filter_map(|o| Some((o.token, o.logprob?))).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct TopWire {
    pub(super) token: String,
    pub(super) logprob: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct UsageWire {
    pub(super) prompt_tokens: Option<u64>,
    pub(super) completion_tokens: Option<u64>,
    pub(super) prompt_tokens_details: Option<PromptDetails>,
    pub(super) completion_tokens_details: Option<CompletionDetails>,
    pub(super) prompt_cache_hit_tokens: Option<u64>,
    queue_time: Option<f64>,
    prompt_time: Option<f64>,
    completion_time: Option<f64>,
    total_time: Option<f64>,
}

/// The times that some servers put beside the token counts, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timed {
    pub(super) queue_time: Option<f64>,
    pub(super) prompt_time: Option<f64>,
    pub(super) completion_time: Option<f64>,
    pub(super) total_time: Option<f64>,
}

impl UsageWire {
    pub(super) fn timed(&self) -> Timed {
        Timed {
            queue_time: self.queue_time,
            prompt_time: self.prompt_time,
            completion_time: self.completion_time,
            total_time: self.total_time,
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct PromptDetails {
    pub(super) cached_tokens: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CompletionDetails {
    pub(super) reasoning_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Groq {
    pub(super) usage: Option<UsageWire>,
    pub(super) error: Option<String>,
}

/// `content`: null, a string, or parts of which text and thinking are known.
fn contents<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Vec<Content>>, D::Error> {
    match Value::deserialize(d)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(vec![Content::Text(text)])),
        Value::Array(parts) => Ok(Some(parts.iter().filter_map(part).collect())),
        other => {
            let what = if other.is_object() { "an object" } else { "a number or boolean" };
            Err(de::Error::custom(format!("content is {what}, expected text or a list")))
        }
    }
}

fn part(part: &Value) -> Option<Content> {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    match part.get("type")?.as_str()? {
        "text" | "output_text" => text(part.get("text")?).map(Content::Text),
        "thinking" | "reasoning" => {
            let inner = part.get("thinking").or_else(|| part.get("text"))?;
            let joined = match inner.as_array() {
                Some(all) => all.iter().filter_map(|p| text(p.get("text")?)).collect(),
                None => text(inner)?,
            };
            Some(Content::Reasoning(joined))
        }
        _ => None,
    }
}
