//! What is said to the model: `prompt:` and `prompts:`.
//!
//! Main type: [`Prompts`], the specs with their places and compiled templates.
//! Must not send anything.

use crate::error::{Span, SuiteError};
use crate::matrix::Combination;
use crate::nearest::nearest;
use crate::read::{Doc, Fields};
use crate::template::{Prompt, RenderError};
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Message, PromptSpec};
use std::collections::BTreeSet;

/// Keys of an entry of `prompts`.
pub(crate) const KEYS: [&str; 2] = ["name", "messages"];
/// Keys of a message.
pub(crate) const MESSAGE_KEYS: [&str; 2] = ["role", "content"];
const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];
const MAX_PROMPTS: usize = 100;

/// The prompts of a suite.
#[derive(Debug)]
pub(crate) struct Prompts {
    pub(crate) specs: Vec<PromptSpec>,
    compiled: Vec<Prompt>,
    /// The text of each message of each prompt.
    places: Vec<Vec<Node>>,
}

/// Reads `prompt` or `prompts` of the suite.
pub(crate) fn read(suite: &Fields<'_>) -> Result<Prompts, SuiteError> {
    let doc = suite.doc;
    let mut out = Prompts { specs: Vec::new(), compiled: Vec::new(), places: Vec::new() };
    if suite.get("prompt").is_none() && suite.get("prompts").is_none() {
        suite.need("prompt", "\"{{ question }}\"")?;
    }
    match suite.one_of(&["prompt", "prompts"])? {
        ("prompt", node) => out.add(doc, "prompt".to_owned(), node, node)?,
        (_, list) => {
            let nodes = doc.full_list(list, "'prompts'")?;
            if nodes.len() > MAX_PROMPTS {
                return Err(doc.at(list, "more than 100 prompts"));
            }
            for (i, node) in nodes.iter().enumerate() {
                let (name, content) = entry(doc, node, i + 1)?;
                out.add(doc, name, node, content)?;
            }
        }
    }
    Ok(out)
}

/// A prompt of a list: text, or a name with messages.
fn entry<'a>(doc: &'a Doc, node: &'a Node, number: usize) -> Result<(String, &'a Node), SuiteError> {
    let default = format!("prompt {number}");
    if !matches!(node.kind, Kind::Map(_)) {
        return Ok((default, node));
    }
    let fields = Fields::open(doc, node, "a prompt", &KEYS)?;
    let name = fields.maybe("name", Doc::name)?.unwrap_or(default);
    let messages = node.get("messages");
    let example = "[{ role: user, content: \"{{ question }}\" }]";
    match messages {
        Some(messages) => Ok((name, messages)),
        None => fields.need("messages", example).map(|n| (name, n)),
    }
}

impl Prompts {
    fn add(&mut self, doc: &Doc, name: String, node: &Node, content: &Node) -> Result<(), SuiteError> {
        if self.specs.iter().any(|p| p.name == name) {
            let place = node.get("name").unwrap_or(node);
            return Err(doc.at(place, format!("two prompts are called '{name}'")));
        }
        let (messages, places) = messages(doc, content)?;
        let spec = PromptSpec { name, messages, ..PromptSpec::default() };
        let compiled = Prompt::compile(&spec).map_err(|e| {
            let place = places.get(e.message).unwrap_or(content);
            doc.error(line_of(doc, place, e.line), e.what)
        })?;
        self.specs.push(spec);
        self.compiled.push(compiled);
        self.places.push(places);
        Ok(())
    }

    /// Every prompt once for each combination of a matrix, named by its values.
    pub(crate) fn expand(&mut self, combinations: &[Combination]) {
        if combinations.is_empty() {
            return;
        }
        let old =
            std::mem::replace(self, Prompts { specs: Vec::new(), compiled: Vec::new(), places: Vec::new() });
        for (spec, places) in old.specs.iter().zip(old.places) {
            for combination in combinations {
                let values: Vec<String> =
                    combination.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
                let spec = PromptSpec {
                    name: match old.specs.len() {
                        1 => values.join(" "),
                        _ => format!("{} · {}", spec.name, values.join(" ")),
                    },
                    params: combination.params.clone(),
                    vars: combination.vars.clone(),
                    labels: combination.labels.clone(),
                    ..spec.clone()
                };
                self.compiled.push(Prompt::compile(&spec).expect("the same templates were compiled before"));
                self.specs.push(spec);
                self.places.push(places.clone());
            }
        }
    }

    /// Every variable that a template names.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        self.compiled.iter().flat_map(Prompt::variables).collect()
    }

    /// Renders every prompt for a case, to find now what would fail later. `place` is where the case stands.
    pub(crate) fn check(&self, doc: &Doc, case: &Case, place: &str) -> Result<(), SuiteError> {
        for (compiled, places) in self.compiled.iter().zip(&self.places) {
            if let Err(error) = compiled.render(case) {
                return Err(render_error(doc, places, case, place, &error));
            }
        }
        Ok(())
    }
}

pub(crate) fn messages(doc: &Doc, node: &Node) -> Result<(Vec<Message>, Vec<Node>), SuiteError> {
    if let Kind::Text(text) = &node.kind {
        let message = Message { role: "user".to_owned(), content: text.clone() };
        return Ok((vec![message], vec![node.clone()]));
    }
    let mut messages = Vec::new();
    let mut places = Vec::new();
    for item in doc.full_list(node, "a prompt that is not text")? {
        let fields = Fields::open(doc, item, "a message", &MESSAGE_KEYS)?;
        let role_node = fields.need("role", "user")?;
        let role = doc.text(role_node, "'role'")?;
        if !ROLES.contains(&role) {
            return Err(doc.unknown(role_node.span, "role", role, "", &ROLES));
        }
        let content = fields.need("content", "\"{{ question }}\"")?;
        messages.push(Message { role: role.to_owned(), content: doc.text(content, "'content'")?.to_owned() });
        places.push(content.clone());
    }
    Ok((messages, places))
}

fn render_error(doc: &Doc, places: &[Node], case: &Case, place: &str, error: &RenderError) -> SuiteError {
    let Some(node) = places.get(error.message) else {
        return SuiteError::of_file(&doc.name, error.what.clone());
    };
    let known = || case.vars.keys().map(String::as_str);
    match error.variable.as_deref().filter(|v| !v.is_empty()) {
        Some(variable) => {
            let span = find_word(doc, node, variable);
            let message = format!("case '{}' ({place}) has no variable '{variable}'", case.id);
            let hint = match nearest(variable, known()) {
                Some(meant) => format!("did you mean '{meant}'?"),
                None if case.vars.is_empty() => "the case has no variables at all".to_owned(),
                None => format!("it has: {}", known().take(20).collect::<Vec<_>>().join(" ")),
            };
            doc.error(span, message).hint(hint)
        }
        None => {
            let message = format!("{}, for case '{}' ({place})", error.what, case.id);
            doc.error(line_of(doc, node, error.line), message)
        }
    }
}

/// The line of a template within the file: of a block text its own line, else the value's.
fn line_of(doc: &Doc, node: &Node, line: usize) -> Span {
    let written = node.bytes.and_then(|(begin, end)| doc.text.get(begin..end));
    let header = match written {
        Some(text) if text.starts_with(['|', '>']) => 0,
        Some(text) if text.contains('\n') && line > 1 => 1,
        _ => return node.span,
    };
    let number = node.span.line + line as u32 - header;
    let text = doc.text.lines().nth(number as usize - 1).unwrap_or("");
    let blank = text.chars().take_while(|c| *c == ' ').count();
    Span { line: number, column: blank as u32 + 1, len: text.trim().chars().count().max(1) as u32 }
}

/// The first place in a value's text where a word stands by itself.
fn find_word(doc: &Doc, node: &Node, word: &str) -> Span {
    let Some((begin, end)) = node.bytes else {
        return node.span;
    };
    let text = doc.text.get(begin..end).unwrap_or("");
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let found = text.match_indices(word).find(|(at, _)| {
        let after = text[at + word.len()..].chars().next();
        !text[..*at].ends_with(part)
            && !after.is_some_and(|c| c.is_alphanumeric() || c == '_')
            && text[..*at].contains("{")
    });
    let Some((at, _)) = found else {
        return node.span;
    };
    let before = &doc.text[..begin + at];
    let line_begin = before.rfind('\n').map_or(0, |i| i + 1);
    Span {
        line: before.matches('\n').count() as u32 + 1,
        column: before[line_begin..].chars().count() as u32 + 1,
        len: word.chars().count() as u32,
    }
}
