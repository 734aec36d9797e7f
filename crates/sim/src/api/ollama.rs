//! Ollama's chat: a JSON object a line.
//!
//! Main items: [`parse`], [`Encoder`], [`whole`].

use super::{ENGINE_FAILED, Encode, as_content, bad, broken, limit, needed};
use crate::openai::{Ask, BadAsk, Finish, Head, text_of};
use crate::pieces;
use crate::script::{Planned, Script};
use crate::truth::EventKind;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Request {
    model: Option<String>,
    messages: Option<Vec<Message>>,
    stream: Option<bool>,
    options: Option<Options>,
}

#[derive(Deserialize)]
struct Message {
    role: String,
    content: Option<Value>,
}

#[derive(Deserialize)]
struct Options {
    num_predict: Option<u32>,
}

pub(super) fn parse(body: &[u8]) -> Result<Ask, BadAsk> {
    let asked: Request = serde_json::from_slice(body)
        .map_err(|e| bad(format!("the body is not a chat request: {e}"), None))?;
    let (mut question, mut prompt_tokens) = (String::new(), 0);
    for message in needed(asked.messages.filter(|m| !m.is_empty()), "messages")? {
        let text = text_of(message.content.as_ref()).map_err(|e| bad(e, Some("messages")))?;
        prompt_tokens += pieces::count(&text);
        if message.role == "user" {
            question = text;
        }
    }
    Ok(Ask {
        model: needed(asked.model, "model")?,
        // Unlike all others it streams unless told not to.
        stream: asked.stream.unwrap_or(true),
        max_tokens: limit(asked.options.and_then(|o| o.num_predict), "num_predict")?,
        question,
        prompt_tokens,
        ..Ask::default()
    })
}

/// Writes one streamed answer.
pub(super) struct Encoder {
    model: String,
    created: i64,
}

impl Encoder {
    pub(super) fn new(head: &Head<'_>) -> Self {
        Self { model: head.model.to_owned(), created: head.created }
    }

    fn head(&self) -> Head<'_> {
        Head { id: "", model: &self.model, created: self.created }
    }
}

impl Encode for Encoder {
    fn encode(&mut self, event: &Planned, script: &Script) -> Vec<u8> {
        let text = |at: &Planned| if at.to > at.from { script.text(at.from, at.to) } else { "" };
        let line = match event.kind {
            EventKind::Malformed => return broken(self.encode(&as_content(event), script), b"", b"\n"),
            EventKind::Error => json!({"error": ENGINE_FAILED}),
            EventKind::Finish => end(&self.head(), script, json!({"role": "assistant", "content": ""})),
            EventKind::Reasoning => {
                let message = json!({"role": "assistant", "content": "", "thinking": text(event)});
                line(&self.head(), message)
            }
            _ => line(&self.head(), json!({"role": "assistant", "content": text(event)})),
        };
        format!("{line}\n").into_bytes()
    }
}

/// A whole answer.
pub(super) fn whole(head: &Head<'_>, script: &Script) -> Value {
    let mut message = json!({"role": "assistant", "content": script.visible.text()});
    if script.reasoning.len() > 0 {
        message["thinking"] = script.reasoning.text().into();
    }
    end(head, script, message)
}

fn line(head: &Head<'_>, message: Value) -> Value {
    json!({"model": head.model, "created_at": time(head.created), "message": message, "done": false})
}

/// The last line: the times are those of the schedule.
fn end(head: &Head<'_>, script: &Script, message: Value) -> Value {
    let mut out = line(head, message);
    let (first, last) = script.token_times();
    out["done"] = true.into();
    out["done_reason"] = match script.finish {
        Finish::Stop | Finish::ToolCalls => "stop",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    }
    .into();
    out["total_duration"] = last.into();
    out["load_duration"] = 0.into();
    out["prompt_eval_count"] = script.usage.prompt().into();
    out["prompt_eval_duration"] = first.into();
    out["eval_count"] = script.usage.completion().into();
    out["eval_duration"] = (last - first).into();
    out
}

/// Seconds since 1970 as RFC 3339.
fn time(unix: i64) -> String {
    let (days, seconds) = (unix.div_euclid(86_400), unix.rem_euclid(86_400));
    // Civil date from days, with years that begin in March.
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        for (unix, want) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_767_225_599, "2025-12-31T23:59:59Z"),
        ] {
            assert_eq!(super::time(unix), want);
        }
    }
}
