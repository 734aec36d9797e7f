//! What one case has in place of the suite's: `params`, `prompt`, `timeout`, and
//! whether it is skipped or expected to fail.
//!
//! Main type: [`Overrides`]. Must not know where the case stands.

use crate::error::{Span, SuiteError};
use crate::prompts;
use crate::read::Doc;
use crate::targets;
use crate::template::Prompt;
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Message, PromptSpec};
use serde_json::{Map, Value};

/// Keys of a case that say how it is asked.
pub(crate) const KEYS: [&str; 5] = ["params", "prompt", "timeout", "skip", "xfail"];

/// Longest reason, in bytes.
const MAX_REASON: usize = 1000;

/// What one case has of its own.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    pub(crate) params: Map<String, Value>,
    pub(crate) prompt: Option<Vec<Message>>,
    pub(crate) timeout_s: Option<f64>,
    pub(crate) skip: Option<String>,
    pub(crate) xfail: Option<String>,
}

/// Reads what `get` gives.
pub(crate) fn read(doc: &Doc, get: &dyn Fn(&str) -> Option<Node>) -> Result<Overrides, SuiteError> {
    let mut out = Overrides::default();
    if let Some(node) = get("params") {
        out.params = targets::body_fields(doc, &node, "'params'")?;
    }
    if let Some(node) = get("prompt") {
        out.prompt = Some(prompts::messages(doc, &node)?.0);
    }
    if let Some(node) = get("timeout") {
        out.timeout_s = Some(doc.seconds(&node, "'timeout'")?);
    }
    out.skip = get("skip").map(|n| reason(doc, &n, "'skip'")).transpose()?.flatten();
    out.xfail = get("xfail").map(|n| reason(doc, &n, "'xfail'")).transpose()?.flatten();
    Ok(out)
}

/// A reason in words; `false` is none.
fn reason(doc: &Doc, node: &Node, what: &str) -> Result<Option<String>, SuiteError> {
    match &node.kind {
        Kind::Bool(false) => Ok(None),
        Kind::Text(text) if text.trim().is_empty() => Err(doc.at(node, format!("{what} is empty"))),
        Kind::Text(text) if text.len() > MAX_REASON => {
            Err(doc.at(node, format!("{what} is longer than 1000 bytes")))
        }
        Kind::Text(text) => Ok(Some(text.clone())),
        _ => Err(doc
            .at(node, format!("{what} must be a reason in words, not {}", node.kind.noun()))
            .hint(format!("write `{}: \"why\"`", what.trim_matches('\'')))),
    }
}

/// Renders a case's own prompt, to find now what would fail later.
pub(crate) fn check_prompt(case: &Case, doc: &Doc, span: Span) -> Result<(), SuiteError> {
    let messages = case.prompt.clone().unwrap_or_default();
    let spec = PromptSpec { name: "prompt".to_owned(), messages, ..PromptSpec::default() };
    let made = Prompt::compile(&spec).and_then(|prompt| prompt.render(case).map(|_| ()));
    made.map_err(|e| {
        let what = match e.variable.filter(|v| !v.is_empty()) {
            Some(variable) => format!("case '{}' has no variable '{variable}'", case.id),
            None => format!("{}, for case '{}'", e.what, case.id),
        };
        doc.error(span, what)
    })
}
