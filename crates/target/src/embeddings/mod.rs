//! OpenAI embeddings and what speaks like them.
//!
//! Main type: [`Vectors`], which collects one answer; [`body`] writes the request.
//! What it reads may be hostile: wrong types are `Malformed`, never a panic.

mod base64;

use crate::body;
use crate::dialect::message_in;
use crate::framing::Framing;
use crate::gather::Gathered;
use crate::json::{self, Wrong};
use crate::protocol::{Key, Protocol};
use crate::seam::BuildError;
use crate::spoken::{Objects, Spoken};
use acidtest_record::{Ask, EventKind, Finish, Part, TargetSpec};
use bytes::Bytes;
use serde_json::{Map, Value};

/// How embeddings are asked for.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/embeddings",
    root: None,
    reserved: &RESERVED,
    key: Key::Bearer,
    headers: &[],
    body,
    framing: Framing::Events,
    dialect: || Box::new(Objects::<Vectors>::default()),
};

const RESERVED: [&str; 2] = ["input", "stream"];

/// Parameters of generation: a plan has them for its other targets, and an
/// embedding has no use for them.
const OF_GENERATION: [&str; 19] = [
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "n",
    "echo",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "prompt_logprobs",
    "tool_choice",
    "response_format",
    "reasoning_effort",
    "verbosity",
];

fn body(spec: &TargetSpec, ask: &Ask) -> Result<Bytes, BuildError> {
    let mut params = body::params(ask, &RESERVED)?;
    body::take(&mut params, &OF_GENERATION);
    let mut map = Map::new();
    map.insert("model".into(), spec.model.as_str().into());
    map.insert("input".into(), body::prompt_text(ask)?.into());
    map.extend(params);
    body::finish(map, &spec.body)
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Vectors {
    answer: Gathered,
}

impl Spoken for Vectors {
    const WHAT: &'static str = "a list of embeddings";
    const END_MARK: &'static str = "a whole JSON body";

    /// No stream was asked for; one object in a stream is taken as the whole.
    fn event(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        let kind = self.whole(value)?;
        self.answer.got.done |= kind != EventKind::Error;
        Ok(kind)
    }

    fn whole(&mut self, value: &Value) -> Result<EventKind, Wrong> {
        if let Some(error) = json::field(value, "error") {
            let message = message_in(error).unwrap_or_else(|| "no message".into());
            return Ok(self.answer.error(format!("error in the body: {message}")));
        }
        self.answer.about(json::text(value, "id")?, json::text(value, "model")?);
        if let Some(usage) = json::object(value, "usage")? {
            self.answer.got.said.usage.input = json::small(usage, "prompt_tokens")?;
        }
        let data = json::list(value, "data")?;
        if data.is_empty() {
            return Ok(self.answer.malformed("body has no embedding in 'data'".to_owned()));
        }
        for entry in data {
            match vectors(entry) {
                Ok(all) => self.answer.got.parts.extend(all.into_iter().map(Part::Scores)),
                Err(why) => return Ok(self.answer.malformed(why)),
            }
        }
        self.answer.carried.visible = true;
        self.answer.finish(Finish::Stop);
        Ok(EventKind::Visible)
    }

    fn gathered(&mut self) -> &mut Gathered {
        &mut self.answer
    }
}

/// The vectors of an entry: one, or one for each token where the server does not pool
/// them (llama.cpp).
fn vectors(entry: &Value) -> Result<Vec<Vec<f64>>, String> {
    match json::field(entry, "embedding") {
        Some(Value::Array(all)) if all.first().is_some_and(Value::is_array) => {
            all.iter().map(|one| numbers(one.as_array().map(Vec::as_slice).unwrap_or_default())).collect()
        }
        Some(Value::Array(all)) if !all.is_empty() => Ok(vec![numbers(all)?]),
        Some(Value::String(text)) => Ok(vec![base64::floats(text)?]),
        Some(other) => Err(format!("'embedding' is {}, expected numbers or base64", json::kind(other))),
        None => Err("an entry of 'data' has no 'embedding'".into()),
    }
}

fn numbers(all: &[Value]) -> Result<Vec<f64>, String> {
    let numbers: Option<Vec<f64>> = all.iter().map(Value::as_f64).collect();
    numbers.filter(|n| !n.is_empty()).ok_or_else(|| "'embedding' holds something other than numbers".into())
}
