//! An answer while it is put together from pieces, whatever the protocol.
//!
//! Main type: [`Gathered`]: [`Collected`] and where its parts are. Must not know
//! any vendor's JSON.

use crate::dialect::{Collected, append, set};
use acidtest_record::{Cause, EventKind, Finish, LogprobSide, Part, TokenLogprob};
use std::collections::HashMap;

/// Most tool calls of one answer.
const MAX_TOOLS: usize = 1024;

/// What one event carried.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Carried {
    pub(crate) visible: bool,
    pub(crate) tool: bool,
    pub(crate) reasoning: bool,
}

impl Carried {
    /// The kind of an event that carried this, else `other`.
    pub(crate) fn kind(self, other: EventKind) -> EventKind {
        match self {
            Self { visible: true, .. } => EventKind::Visible,
            Self { tool: true, .. } => EventKind::Tool,
            Self { reasoning: true, .. } => EventKind::Reasoning,
            _ => other,
        }
    }
}

/// An answer in the making.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) got: Collected,
    pub(crate) carried: Carried,
    text: Option<usize>,
    reasoning: Option<usize>,
    refusal: Option<usize>,
    logprobs: Option<usize>,
    tools: HashMap<u64, usize>,
}

impl Gathered {
    /// Adds visible text.
    pub(crate) fn visible(&mut self, text: &str) {
        if !text.is_empty() {
            self.carried.visible = true;
            append(&mut self.got.parts, &mut self.text, Part::Text(text.to_owned()));
        }
    }

    /// Adds reasoning.
    pub(crate) fn reasoning(&mut self, text: &str) {
        if !text.is_empty() {
            self.carried.reasoning = true;
            append(&mut self.got.parts, &mut self.reasoning, Part::Reasoning(text.to_owned()));
        }
    }

    /// Notes that there was reasoning, though nothing of it may ever be shown.
    pub(crate) fn reasoned(&mut self) {
        append(&mut self.got.parts, &mut self.reasoning, Part::Reasoning(String::new()));
    }

    /// Adds to a refusal.
    pub(crate) fn refusal(&mut self, text: &str) {
        if !text.is_empty() {
            self.carried.visible = true;
            append(&mut self.got.parts, &mut self.refusal, Part::Refusal(text.to_owned()));
        }
    }

    /// Adds to the tool call that the protocol numbers so.
    pub(crate) fn tool(&mut self, number: u64, id: Option<&str>, name: &str, arguments: &str) {
        if self.tools.len() >= MAX_TOOLS && !self.tools.contains_key(&number) {
            self.got.fail(Cause::TooLarge, format!("more than {MAX_TOOLS} tool calls"));
            return;
        }
        self.carried.tool |= !name.is_empty() || !arguments.is_empty();
        let index = self.tools.len() as u32;
        let parts = &mut self.got.parts;
        let at = *self.tools.entry(number).or_insert_with(|| {
            parts.push(Part::ToolCall { index, id: None, name: String::new(), arguments: String::new() });
            parts.len() - 1
        });
        if let Part::ToolCall { id: known_id, name: known, arguments: so_far, .. } = &mut parts[at] {
            set(known_id, id.map(str::to_owned));
            if known.is_empty() {
                name.clone_into(known);
            }
            so_far.push_str(arguments);
        }
    }

    /// Whether arguments of that tool call came already.
    pub(crate) fn has_arguments(&self, number: u64) -> bool {
        let part = self.tools.get(&number).and_then(|at| self.got.parts.get(*at));
        matches!(part, Some(Part::ToolCall { arguments, .. }) if !arguments.is_empty())
    }

    /// Whether any tool is called.
    pub(crate) fn calls_tools(&self) -> bool {
        !self.tools.is_empty()
    }

    /// Adds log-probabilities of the completion.
    pub(crate) fn logprobs(&mut self, tokens: Vec<TokenLogprob>) {
        if tokens.is_empty() {
            return;
        }
        let parts = &mut self.got.parts;
        let at = *self.logprobs.get_or_insert_with(|| {
            parts.push(Part::Logprobs { side: LogprobSide::Completion, tokens: Vec::new() });
            parts.len() - 1
        });
        if let Part::Logprobs { tokens: so_far, .. } = &mut parts[at] {
            so_far.extend(tokens);
        }
    }

    /// Notes why the model stopped; the first reason counts.
    pub(crate) fn finish(&mut self, finish: Finish) {
        self.got.finish.get_or_insert(finish);
    }

    /// Notes an error that the server reports in place of an answer.
    pub(crate) fn error(&mut self, detail: String) -> EventKind {
        self.got.fail(Cause::ErrorEvent, detail);
        EventKind::Error
    }

    /// Notes something that is not what the protocol says.
    pub(crate) fn malformed(&mut self, detail: String) -> EventKind {
        self.got.fail(Cause::Malformed, detail);
        EventKind::Other
    }

    /// What was carried since it was last asked for.
    pub(crate) fn take_carried(&mut self) -> Carried {
        std::mem::take(&mut self.carried)
    }

    /// Notes who answered.
    pub(crate) fn about(&mut self, id: Option<&str>, model: Option<&str>) {
        set(&mut self.got.said.id, id.map(str::to_owned));
        set(&mut self.got.said.model, model.map(str::to_owned));
    }
}

/// Words of a whole body that is not what was expected.
pub(crate) fn not_a(what: &str, body: &[u8], why: &str) -> String {
    let html = body.trim_ascii_start().starts_with(b"<");
    let like = if html { " (it looks like HTML)" } else { "" };
    format!("body is not {what}{like}: {why}")
}
