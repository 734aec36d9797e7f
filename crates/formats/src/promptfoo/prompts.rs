//! `prompts:` of a promptfoo configuration.
//!
//! Main function: [`read`]. A prompt is text, a list of chat messages, or a file
//! that holds one of them; a file with code is a loss.

use super::Reading;
use crate::error::{FormatError, brief};
use crate::suite::{Draft, distinct};
use crate::tree::{self, Node};

/// Endings of files that hold code.
pub(super) const CODE: [&str; 9] = [".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".rb", ".sh"];
/// Beginnings of prompts that programs make.
const PROGRAMS: [&str; 2] = ["exec:", "python:"];
/// Endings of files that hold prompts.
const PROMPT_FILES: [&str; 6] = [".txt", ".md", ".j2", ".json", ".yaml", ".yml"];
const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

type Messages = Vec<(String, String)>;

/// Reads all prompts into the draft.
pub(super) fn read(r: &mut Reading<'_>, root: &Node, draft: &mut Draft) -> Result<(), FormatError> {
    let file = r.input.name.to_owned();
    let mut names = Vec::new();
    if let Some(node) = root.get("prompts") {
        // A map of path and label is the oldest form.
        let old: Vec<Node> = node.pairs().iter().map(|(k, _)| Node::text(k.line, k.name.clone())).collect();
        let known = node.get("raw").or(node.get("id")).or(node.get("label")).is_some();
        let items = if node.is_map() && !known { old.as_slice() } else { node.items() };
        for item in items {
            one(r, &file, item, draft, &mut names);
        }
    }
    if draft.prompts.is_empty() {
        let line = root.get("prompts").map(|n| n.line);
        if line.is_some() {
            return Err(FormatError::new(&file, line, "no prompt could be carried over")
                .hint("prompts made by code are never run: write the prompt as text"));
        }
        draft.prompts.push(("prompt".into(), vec![("user".into(), "{{ prompt }}".into())]));
    }
    Ok(())
}

fn one(r: &mut Reading<'_>, file: &str, item: &Node, draft: &mut Draft, names: &mut Vec<String>) {
    let label = item.get("label").and_then(Node::as_text);
    let source = item.get("raw").or(item.get("id")).unwrap_or(item);
    for key in ["config", "function", "prefix", "suffix"] {
        if let Some(node) = item.get(key) {
            r.lost(file, node.line, format!("'{key}' of a prompt is not carried over"));
        }
    }
    let Some(text) = source.as_text() else {
        if let Some(messages) = messages(source) {
            draft.prompts.push((distinct(names, label.unwrap_or("chat")), messages));
            return;
        }
        return r.lost(file, item.line, format!("a prompt that is {} is not carried over", item.noun()));
    };
    let bare = text.strip_prefix("file://");
    let ends =
        |list: &[&str], t: &str| list.iter().any(|e| t.split(':').next().is_some_and(|t| t.ends_with(e)));
    let is_path = bare.is_some()
        || (!text.contains(char::is_whitespace) && (ends(&CODE, text) || ends(&PROMPT_FILES, text)));
    let path = bare.unwrap_or(text);
    let is_program = PROGRAMS.iter().any(|p| path.starts_with(p));
    let loaded = if is_program || is_path && ends(&CODE, path) {
        Err(format!("the prompt '{}' is made by code, which is never run", brief(path)))
    } else if !is_path {
        Ok(vec![content(text)])
    } else if path.contains('*') {
        Err(format!("'{}' is a pattern of files: name each file", brief(path)))
    } else {
        r.input.neighbour_text(path).map(|t| of_file(path, &t))
    };
    match loaded {
        Ok(prompts) => {
            let base = label.map_or_else(|| short(text), str::to_owned);
            for messages in prompts {
                draft.prompts.push((distinct(names, &base), messages));
            }
        }
        Err(why) => r.lost(file, item.line, why),
    }
}

fn short(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(40).collect()
}

/// What a prompt file holds: one prompt, or several that `---` parts.
fn of_file(path: &str, text: &str) -> Vec<Messages> {
    let is_yaml = path.ends_with(".yaml") || path.ends_with(".yml");
    if is_yaml && let Some(messages) = tree::parse(path, text).ok().as_ref().and_then(messages) {
        return vec![messages];
    }
    if path.ends_with(".txt") {
        let parts = text.split("\n---\n").map(str::trim).filter(|p| !p.is_empty());
        return parts.map(content).collect();
    }
    vec![content(text.trim())]
}

/// A prompt's text: chat messages where it is JSON that says so.
fn content(text: &str) -> Messages {
    let looks = text.trim_start().starts_with('[');
    let parsed = looks.then(|| crate::json::parse("prompt", text).ok()).flatten();
    let chat = parsed.map(|value| Node::of_json(0, &value)).as_ref().and_then(messages);
    chat.unwrap_or_else(|| vec![("user".to_owned(), text.to_owned())])
}

/// A list of messages with roles and text.
fn messages(node: &Node) -> Option<Messages> {
    let items = node.items();
    let all: Option<Messages> = items
        .iter()
        .map(|item| {
            let role = item.get("role")?.as_text().filter(|r| ROLES.contains(r))?;
            Some((role.to_owned(), item.get("content")?.as_text()?.to_owned()))
        })
        .collect();
    all.filter(|m| !m.is_empty())
}
