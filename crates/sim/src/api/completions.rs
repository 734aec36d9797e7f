//! OpenAI's text completions, with the prompt's echo and made-up log-probabilities.
//!
//! Main items: [`parse`], [`Encoder`], [`whole`]. The log-probabilities follow from
//! the token's text alone, so that any client can check them.

use super::{ENGINE_FAILED, Encode, as_content, bad, broken, limit, needed};
use crate::openai::{Ask, BadAsk, Head, UsageIn, error_json};
use crate::pieces::{self, Pieces};
use crate::script::{Planned, Script};
use crate::truth::EventKind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    prompt: Option<Value>,
    stream: Option<bool>,
    stream_options: Option<Options>,
    max_tokens: Option<u32>,
    echo: Option<bool>,
    logprobs: Option<u32>,
    n: Option<u32>,
}

#[derive(Deserialize)]
struct Options {
    include_usage: Option<bool>,
}

pub(super) fn parse(body: &[u8]) -> Result<Ask, BadAsk> {
    let asked: Request = serde_json::from_slice(body)
        .map_err(|e| bad(format!("the body is not a completion request: {e}"), None))?;
    let prompt = match needed(asked.prompt, "prompt")? {
        Value::String(text) => text,
        Value::Array(all) if all.len() == 1 && all[0].is_string() => {
            all[0].as_str().unwrap_or_default().to_owned()
        }
        _ => return Err(bad("'prompt' is not one text: expected a string", Some("prompt"))),
    };
    if asked.n.is_some_and(|n| n != 1) {
        return Err(bad("only 'n' = 1 is served", Some("n")));
    }
    if asked.logprobs.is_some_and(|n| n > 20) {
        return Err(bad("'logprobs' is above 20", Some("logprobs")));
    }
    let echo = asked.echo.unwrap_or(false);
    // With an echo there is an answer even without a token of its own.
    let max_tokens = if echo { asked.max_tokens } else { limit(asked.max_tokens, "max_tokens")? };
    let stream = asked.stream.unwrap_or(false);
    Ok(Ask {
        model: needed(asked.model, "model")?,
        stream,
        include_usage: stream && asked.stream_options.and_then(|o| o.include_usage).unwrap_or(false),
        max_tokens,
        question: prompt.clone(),
        prompt_tokens: pieces::count(&prompt),
        echo: echo.then(|| prompt.clone()),
        logprobs: asked.logprobs,
        ..Ask::default()
    })
}

/// The made-up log-probability of a token: from -0.01 to -4.
fn logprob(token: &str) -> f64 {
    let sum = token.bytes().fold(7u32, |h, b| h.wrapping_mul(31).wrapping_add(u32::from(b)));
    -f64::from(1 + sum % 400) / 100.0
}

/// The four lists, of which the first `prompt` tokens are the echo.
#[derive(Default)]
struct Lists {
    tokens: Vec<Value>,
    logprobs: Vec<Value>,
    top: Vec<Value>,
    offsets: Vec<Value>,
}

impl Lists {
    fn add(&mut self, token: &str, top: u32, offset: &mut usize) {
        let first_of_all = *offset == 0 && self.tokens.is_empty();
        self.tokens.push(token.into());
        self.offsets.push((*offset).into());
        *offset += token.chars().count();
        // Nothing stands before the first token: it has no probability.
        if first_of_all {
            self.logprobs.push(Value::Null);
            self.top.push(Value::Null);
            return;
        }
        let own = logprob(token);
        let mut likely = Map::new();
        likely.insert(token.to_owned(), own.into());
        for i in 1..top {
            likely.insert(format!("{token}~{i}"), (own - f64::from(i)).into());
        }
        self.logprobs.push(own.into());
        self.top.push(likely.into());
    }

    fn json(self) -> Value {
        json!({"tokens": self.tokens, "token_logprobs": self.logprobs,
            "top_logprobs": self.top, "text_offset": self.offsets})
    }
}

/// Writes one streamed answer.
pub(super) struct Encoder {
    head: Value,
    echo: Option<String>,
    top: Option<u32>,
    offset: usize,
    usage_in: UsageIn,
}

impl Encoder {
    pub(super) fn new(head: &Head<'_>, ask: &Ask, usage_in: UsageIn) -> Self {
        let (echo, top) = (ask.echo.clone(), ask.logprobs);
        // Without the echo there was a prompt all the same: the first token has a probability.
        Self { head: envelope(head), echo, top, offset: 0, usage_in }
    }

    fn chunk(&mut self, event: &Planned, script: &Script) -> Value {
        let mut out = self.head.clone();
        out["choices"] = json!([]);
        if event.kind != EventKind::Usage {
            let mut lists = Lists::default();
            let text = match event.kind {
                EventKind::Role => {
                    let prompt = self.echo.clone().unwrap_or_default();
                    let all = Pieces::of(prompt.clone());
                    let top = self.top.unwrap_or(0);
                    (0..all.len()).for_each(|i| lists.add(all.get(i, i + 1), top, &mut self.offset));
                    prompt
                }
                _ => {
                    let top = self.top.unwrap_or(0);
                    for i in event.from..event.to {
                        own(&mut lists, script.text(i, i + 1), top, &mut self.offset, self.echo.is_some());
                    }
                    if event.to > event.from {
                        script.text(event.from, event.to).to_owned()
                    } else {
                        String::new()
                    }
                }
            };
            let logprobs = self.top.filter(|_| !text.is_empty()).map(|_| lists.json());
            let finish = (event.kind == EventKind::Finish).then(|| script.finish.word());
            out["choices"] =
                json!([{"index": 0, "text": text, "logprobs": logprobs, "finish_reason": finish}]);
        }
        match (self.usage_in, event.kind) {
            (_, EventKind::Usage) | (UsageIn::EveryChunk, _) => {
                out["usage"] = script.usage.upto(event.to).json();
            }
            (UsageIn::LastChunk, _) => out["usage"] = Value::Null,
            (UsageIn::Nothing, _) => {}
        }
        out
    }
}

/// Adds a token of the completion. Without an echo its offsets begin at 0, yet it has a probability.
fn own(lists: &mut Lists, token: &str, top: u32, offset: &mut usize, echo: bool) {
    let at_start = !echo && *offset == 0;
    lists.add(token, top, offset);
    if at_start && let (Some(p), Some(t)) = (lists.logprobs.last_mut(), lists.top.last_mut()) {
        *p = logprob(token).into();
        *t = json!({token: logprob(token)});
    }
}

impl Encode for Encoder {
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8> {
        match event.kind {
            EventKind::Done => b"data: [DONE]\n\n".to_vec(),
            EventKind::Error => {
                format!("data: {}\n\n", error_json(ENGINE_FAILED, "server_error", None, 500)).into_bytes()
            }
            EventKind::Malformed => {
                let whole = self.encode(&as_content(event), script);
                broken(whole, b"data: ", b"\n\n")
            }
            _ => format!("data: {}\n\n", self.chunk(event, script)).into_bytes(),
        }
    }
}

/// A whole answer.
pub(super) fn whole(head: &Head<'_>, ask: &Ask, script: &Script) -> Value {
    let (mut lists, mut offset) = (Lists::default(), 0);
    let top = ask.logprobs.unwrap_or(0);
    let prompt = Pieces::of(ask.echo.clone().unwrap_or_default());
    (0..prompt.len()).for_each(|i| lists.add(prompt.get(i, i + 1), top, &mut offset));
    for i in 0..script.usage.completion() {
        own(&mut lists, script.text(i, i + 1), top, &mut offset, ask.echo.is_some());
    }
    let text = format!("{}{}{}", prompt.text(), script.reasoning.text(), script.visible.text());
    let mut out = envelope(head);
    out["choices"] = json!([{"index": 0, "text": text, "logprobs": ask.logprobs.map(|_| lists.json()),
        "finish_reason": script.finish.word()}]);
    out["usage"] = script.usage.json();
    out
}

fn envelope(head: &Head<'_>) -> Value {
    json!({"id": head.id, "object": "text_completion", "created": head.created, "model": head.model})
}
