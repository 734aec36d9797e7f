//! What is said to the model: `prompt:` and `prompts:`.
//!
//! Main type: [`Prompts`], the specs with their places and compiled templates.
//! Must not send anything.

use crate::error::{Span, SuiteError};
use crate::forms::{self, Files};
use crate::matrix::Combination;
use crate::nearest::nearest;
use crate::question::Asker;
use crate::read::{Doc, Fields};
use crate::shots;
use crate::template::RenderError;
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Form, Message, PromptSpec};
use std::collections::BTreeSet;

/// Keys of a prompt.
pub(crate) const KEYS: [&str; 8] =
    ["name", "messages", "system", "raw", "chat_template", "form", "likelihood", "shots"];
/// Keys of a message.
pub(crate) const MESSAGE_KEYS: [&str; 2] = ["role", "content"];
const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];
const MAX_PROMPTS: usize = 100;

/// The prompts of a suite.
#[derive(Debug)]
pub(crate) struct Prompts {
    pub(crate) specs: Vec<PromptSpec>,
    compiled: Vec<Asker>,
    /// The text of each template of each prompt.
    places: Vec<Vec<Node>>,
    /// Where each prompt says which examples it wants.
    pub(crate) shots: Vec<Option<Node>>,
}

/// What prompts have that do not say it themselves.
struct Defaults<'a> {
    form: Form,
    shots: Option<&'a Node>,
}

/// A prompt as it was read, with the places of its templates in the order of [`Asker`].
struct Written {
    spec: PromptSpec,
    places: Vec<Node>,
    shots: Option<Node>,
}

/// Reads `prompt` or `prompts` of the suite.
pub(crate) fn read(suite: &Fields<'_>, files: &Files<'_>) -> Result<Prompts, SuiteError> {
    let doc = suite.doc;
    let mut out = Prompts { specs: Vec::new(), compiled: Vec::new(), places: Vec::new(), shots: Vec::new() };
    if suite.get("prompt").is_none() && suite.get("prompts").is_none() {
        suite.need("prompt", "\"{{ question }}\"")?;
    }
    let defaults =
        Defaults { form: suite.maybe("form", forms::form)?.unwrap_or_default(), shots: suite.get("shots") };
    match suite.one_of(&["prompt", "prompts"])? {
        ("prompt", node) => out.add(doc, node, written(doc, "prompt", node, &defaults, files)?)?,
        (_, list) => {
            let nodes = doc.full_list(list, "'prompts'")?;
            if nodes.len() > MAX_PROMPTS {
                return Err(doc.at(list, "more than 100 prompts"));
            }
            for (i, node) in nodes.iter().enumerate() {
                let name = format!("prompt {}", i + 1);
                out.add(doc, node, written(doc, &name, node, &defaults, files)?)?;
            }
        }
    }
    Ok(out)
}

/// Reads a prompt: text, messages, or a map.
fn written(
    doc: &Doc,
    name: &str,
    node: &Node,
    defaults: &Defaults<'_>,
    files: &Files<'_>,
) -> Result<Written, SuiteError> {
    let mut out = Written {
        spec: PromptSpec { name: name.to_owned(), form: defaults.form, ..PromptSpec::default() },
        places: Vec::new(),
        shots: defaults.shots.cloned(),
    };
    if matches!(node.kind, Kind::Map(_)) {
        of_map(doc, node, &mut out, files)?;
    } else {
        let (messages, places) = messages(doc, node)?;
        out.spec.messages = messages;
        out.places = places;
    }
    to_raw(doc, node, &mut out)?;
    if out.spec.form == Form::LogLikelihood {
        let place = node.get("likelihood").and_then(|l| l.get("continuation")).unwrap_or(node);
        out.places.push(place.clone());
    }
    if let Some(shots) = &out.shots {
        let spec = shots::read(doc, shots, out.spec.raw.is_some())?;
        let place = |key: &str| shots.get(key).unwrap_or(shots).clone();
        out.places.extend(spec.question.iter().map(|_| place("question")));
        out.places.push(place("answer"));
        out.places.extend(spec.template.iter().map(|_| place("template")));
        out.spec.shots = Some(spec);
    }
    Ok(out)
}

/// Reads a prompt that is a map.
fn of_map(doc: &Doc, node: &Node, out: &mut Written, files: &Files<'_>) -> Result<(), SuiteError> {
    let fields = Fields::open(doc, node, "a prompt", &KEYS)?;
    let spec = &mut out.spec;
    if let Some(name) = fields.maybe("name", Doc::name)? {
        spec.name = name;
    }
    if let Some(form) = fields.maybe("form", forms::form)? {
        spec.form = form;
    }
    spec.likelihood = fields.maybe("likelihood", forms::likelihood)?;
    if let Some(place) = fields.get("likelihood").filter(|_| !spec.form.scores_text()) {
        return Err(doc
            .at(place, "'likelihood' is for the forms loglikelihood and rolling")
            .hint("add `form: loglikelihood`"));
    }
    if let Some(template) = fields.get("chat_template") {
        spec.chat_template = Some(forms::chat_template(doc, template, "'chat_template'", files)?);
    }
    if let Some(node) = fields.get("shots") {
        out.shots = Some(node.clone());
    }
    if fields.get("messages").is_none() && fields.get("raw").is_none() {
        fields.need("messages", "[{ role: user, content: \"{{ question }}\" }]")?;
    }
    match fields.one_of(&["messages", "raw"])? {
        ("raw", text) => {
            for key in ["system", "chat_template"] {
                if let Some(node) = fields.get(key) {
                    let message = format!("raw text has no '{key}'");
                    return Err(doc.at(node, message).hint("write it into the raw text, or use `messages`"));
                }
            }
            spec.raw = Some(doc.text(text, "'raw'")?.to_owned());
            out.places.push(text.clone());
        }
        (_, list) => {
            if let Some(node) = fields.get("system") {
                let content = doc.text(node, "'system'")?.to_owned();
                spec.messages.push(Message { role: "system".to_owned(), content });
                out.places.push(node.clone());
            }
            let (messages, places) = messages(doc, list)?;
            spec.messages.extend(messages);
            out.places.extend(places);
        }
    }
    Ok(())
}

/// A text whose log-likelihood is asked for is raw text, unless a chat template makes it so.
fn to_raw(doc: &Doc, node: &Node, out: &mut Written) -> Result<(), SuiteError> {
    let spec = &mut out.spec;
    if !spec.form.scores_text() || spec.is_text() {
        return Ok(());
    }
    match spec.messages.as_slice() {
        [only] if only.role == "user" => {
            spec.raw = Some(only.content.clone());
            spec.messages.clear();
            Ok(())
        }
        _ => Err(doc
            .at(node, format!("the form '{}' scores one text, and this prompt has messages", spec.form.id()))
            .hint("write `raw: …`, or give the model's `chat_template`")),
    }
}

impl Prompts {
    fn add(&mut self, doc: &Doc, node: &Node, written: Written) -> Result<(), SuiteError> {
        let Written { spec, places, shots } = written;
        if self.specs.iter().any(|p| p.name == spec.name) {
            let place = node.get("name").unwrap_or(node);
            return Err(doc.at(place, format!("two prompts are called '{}'", spec.name)));
        }
        let compiled = Asker::with(&spec, 0, &[]).map_err(|e| {
            let place = places.get(e.message).or(node.get("chat_template")).unwrap_or(node);
            doc.error(line_of(doc, place, e.line), e.what)
        })?;
        self.specs.push(spec);
        self.compiled.push(compiled);
        self.places.push(places);
        self.shots.push(shots);
        Ok(())
    }

    /// Every prompt once for each combination of a matrix, named by its values.
    pub(crate) fn expand(&mut self, combinations: &[Combination]) {
        if combinations.is_empty() {
            return;
        }
        let old = std::mem::replace(
            self,
            Prompts { specs: Vec::new(), compiled: Vec::new(), places: Vec::new(), shots: Vec::new() },
        );
        for ((spec, places), shots) in old.specs.iter().zip(old.places).zip(old.shots) {
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
                self.compiled
                    .push(Asker::with(&spec, 0, &[]).expect("the same templates were compiled before"));
                self.specs.push(spec);
                self.places.push(places.clone());
                self.shots.push(shots.clone());
            }
        }
    }

    /// Every variable that a template names.
    pub(crate) fn variables(&self) -> BTreeSet<String> {
        self.compiled.iter().flat_map(Asker::variables).collect()
    }

    /// Asks every prompt about a case, to find now what would fail later. `place` is where the case stands.
    pub(crate) fn check(&self, doc: &Doc, case: &Case, place: &str) -> Result<(), SuiteError> {
        for (compiled, places) in self.compiled.iter().zip(&self.places) {
            if let Err(error) = compiled.ask(case) {
                return Err(render_error(doc, places, case, place, &error));
            }
        }
        Ok(())
    }

    /// Renders every example of a prompt once.
    pub(crate) fn check_shots(&self, doc: &Doc, prompt: usize, node: &Node) -> Result<(), SuiteError> {
        let spec = &self.specs[prompt];
        for shot in spec.shots.iter().flat_map(|s| &s.pool) {
            let Err(e) = self.compiled[prompt].example(shot) else { continue };
            let place = self.places[prompt].get(e.message).unwrap_or(node);
            let what = match e.variable.as_deref().filter(|v| !v.is_empty()) {
                Some(variable) => format!("the example '{}' has no variable '{variable}'", shot.id),
                None => format!("{}, for the example '{}'", e.what, shot.id),
            };
            return Err(doc.error(line_of(doc, place, e.line), what));
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
        let what = format!("{}, for case '{}' ({place})", error.what, case.id);
        return SuiteError::of_file(&doc.name, what);
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
