//! OpenAI text completions and what speaks like them (vLLM, llama.cpp, Together …).
//!
//! Main type: [`Completions`], which collects one answer: the chunks are those of
//! chat completions with `text` in place of a message, so [`Chat`] reads them; this
//! file adds the prompt's echo and the older form of log-probabilities.

pub(crate) mod echo;
pub(crate) mod legacy;

use crate::body;
use crate::dialect::{Collected, Dialect};
use crate::framing::Framing;
use crate::openai_chat::Chat;
use crate::protocol::{Key, Protocol};
use crate::seam::BuildError;
use acidtest_record::{Ask, EventKind, LogprobSide, Part, TargetSpec};
use bytes::Bytes;
use serde_json::{Map, json};

/// How completions are asked for.
pub(crate) const PROTOCOL: Protocol = Protocol {
    path: "/completions",
    root: None,
    reserved: &RESERVED,
    key: Key::Bearer,
    headers: &[],
    body,
    framing: Framing::Events,
    dialect: || Box::new(Completions::default()),
};

const RESERVED: [&str; 2] = ["prompt", "stream"];

fn body(spec: &TargetSpec, ask: &Ask) -> Result<Bytes, BuildError> {
    let params = body::params(ask, &RESERVED)?;
    let mut map = Map::new();
    map.insert("model".into(), spec.model.as_str().into());
    map.insert("prompt".into(), body::prompt_text(ask)?.into());
    map.extend(params);
    map.insert("stream".into(), ask.stream.into());
    if ask.stream {
        map.insert("stream_options".into(), json!({"include_usage": true}));
    }
    body::finish(map, &spec.body)
}

/// One answer while it is collected.
#[derive(Debug, Default)]
pub(crate) struct Completions {
    chat: Chat,
}

impl Dialect for Completions {
    fn asked(&mut self, body: &[u8]) {
        self.chat.echo = echo::Echo::of(body);
    }

    fn event(&mut self, name: &[u8], data: &[u8]) -> (EventKind, Option<u32>) {
        self.chat.event(name, data)
    }

    fn last_event(&mut self, name: &[u8], data: &[u8]) -> Option<(EventKind, Option<u32>)> {
        self.chat.last_event(name, data)
    }

    fn whole(&mut self, body: &[u8]) -> (EventKind, Option<u32>) {
        self.chat.whole(body)
    }

    fn over(&mut self) {
        let usage = self.chat.collected().said.usage;
        let Some(echo) = &self.chat.echo else { return };
        let parts = &mut self.chat.got.parts;
        let of_completion = |p: &Part| matches!(p, Part::Logprobs { side: LogprobSide::Completion, .. });
        let Some(at) = parts.iter().position(of_completion) else { return };
        let Part::Logprobs { tokens, .. } = &mut parts[at] else { return };
        let own = tokens.split_off(echo.boundary(tokens, &usage));
        let prompt = std::mem::replace(tokens, own);
        let none_left = tokens.is_empty();
        parts.insert(at, Part::Logprobs { side: LogprobSide::Prompt, tokens: prompt });
        if none_left {
            parts.remove(at + 1);
        }
    }

    fn collected(&mut self) -> &mut Collected {
        self.chat.collected()
    }
}
