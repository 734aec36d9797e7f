//! What kind of question a prompt is: `form`, `likelihood`, `chat_template`, `tools`, `thinking`.
//!
//! Main functions: [`form`], [`likelihood`], [`chat_template`], [`tools`]. Must not render anything.

use crate::chat_template::{DATE, MAX_TEMPLATE};
use crate::error::{SuiteError, brief};
use crate::python::is_date;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::{
    ChatTemplate, Form, Likelihood, PromptSpec, THINKING_TAGS, TargetKind, TargetSpec, WindowSpec, WindowUnit,
};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Keys of `likelihood`.
pub(crate) const LIKELIHOOD_KEYS: [&str; 6] =
    ["continuation", "choices", "prefix", "top", "max_tokens", "window"];
/// Keys of `window`.
pub(crate) const WINDOW_KEYS: [&str; 3] = ["size", "unit", "context"];
/// Keys of `chat_template`.
pub(crate) const CHAT_KEYS: [&str; 6] =
    ["template", "file", "bos_token", "eos_token", "generation_prompt", "date"];
const FORMS: [&str; 3] = ["generate", "loglikelihood", "rolling"];
/// Most tools, and the longest definition of all of them as JSON.
const MAX_TOOLS: usize = 128;
const MAX_TOOL_BYTES: usize = 1 << 20;
/// A tokenizer's configuration may list many tokens.
const MAX_CONFIG: usize = 8 << 20;

/// `generate`, `loglikelihood` or `rolling`.
pub(crate) fn form(doc: &Doc, node: &Node, what: &str) -> Result<Form, SuiteError> {
    match doc.text(node, what)? {
        "generate" => Ok(Form::Generate),
        "loglikelihood" => Ok(Form::LogLikelihood),
        "rolling" => Ok(Form::Rolling),
        other => Err(doc.unknown(node.span, "form", other, "", &FORMS)),
    }
}

/// How log-likelihoods are asked for.
pub(crate) fn likelihood(doc: &Doc, node: &Node, what: &str) -> Result<Likelihood, SuiteError> {
    let fields = Fields::open(doc, node, what, &LIKELIHOOD_KEYS)?;
    let plain = Likelihood::default();
    let text = |key: &str, default: String| -> Result<String, SuiteError> {
        Ok(fields.maybe(key, |d, n, w| d.text(n, w).map(str::to_owned))?.unwrap_or(default))
    };
    let count = |key: &str, most: u64, default: u8| -> Result<u8, SuiteError> {
        Ok(fields.maybe(key, |d, n, w| d.count(n, w, 0..=most))?.map_or(default, |n| n as u8))
    };
    Ok(Likelihood {
        continuation: text("continuation", plain.continuation)?,
        choices: fields.maybe("choices", Doc::name)?.unwrap_or(plain.choices),
        prefix: text("prefix", plain.prefix)?,
        top: count("top", 20, plain.top)?,
        max_tokens: count("max_tokens", 1, plain.max_tokens)?,
        window: fields.maybe("window", window)?,
    })
}

fn window(doc: &Doc, node: &Node, what: &str) -> Result<WindowSpec, SuiteError> {
    let fields = Fields::open(doc, node, what, &WINDOW_KEYS)?;
    let size = doc.count(fields.need("size", "1000")?, "'size'", 1..=1_000_000)? as u32;
    let context = fields.maybe("context", |d, n, w| d.count(n, w, 1..=1_000_000))?.unwrap_or(1) as u32;
    if let Some(node) = fields.get("context").filter(|_| context > size) {
        let message = format!("'context' is {context}, more than the window's {size}");
        return Err(doc.at(node, message).hint("a window predicts size - context + 1 units"));
    }
    let unit = match fields.get("unit") {
        None => WindowUnit::Words,
        Some(node) => match doc.text(node, "'unit'")? {
            "words" => WindowUnit::Words,
            "characters" => WindowUnit::Characters,
            other => return Err(doc.unknown(node.span, "unit", other, "", &["words", "characters"])),
        },
    };
    Ok(WindowSpec { unit, size, context })
}

/// Opens files beside the suite.
pub(crate) struct Files<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) all: crate::files::Files<'a>,
}

impl Files<'_> {
    /// The text of a file that the suite names.
    pub(crate) fn text(&self, doc: &Doc, node: &Node, what: &str, most: usize) -> Result<String, SuiteError> {
        let path = self.dir.join(doc.text(node, what)?);
        let shown = path.display().to_string();
        let fail = |e: std::io::Error| {
            let message = format!("cannot read '{}': {e}", brief(&shown));
            doc.at(node, message).hint("paths are relative to the suite file")
        };
        let mut bytes = Vec::new();
        let reader = (self.all.open)(&path).map_err(fail)?;
        reader.take(most as u64 + 1).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() > most {
            return Err(doc.at(node, format!("'{}' is longer than {} KiB", brief(&shown), most >> 10)));
        }
        String::from_utf8(bytes).map_err(|_| doc.at(node, format!("'{}' is not UTF-8", brief(&shown))))
    }

    /// A file that holds JSON.
    fn json(&self, doc: &Doc, node: &Node, what: &str, most: usize) -> Result<Value, SuiteError> {
        let text = self.text(doc, node, what, most)?;
        serde_json::from_str(&text).map_err(|e| doc.at(node, format!("the file is not valid JSON: {e}")))
    }
}

/// A chat template, inline or from a file: plain, or a tokenizer's configuration (`tokenizer_config.json`).
pub(crate) fn chat_template(
    doc: &Doc,
    node: &Node,
    what: &str,
    files: &Files<'_>,
) -> Result<ChatTemplate, SuiteError> {
    let plain = ChatTemplate { generation_prompt: true, date: DATE.to_owned(), ..ChatTemplate::default() };
    if let Kind::Text(text) = &node.kind {
        return Ok(ChatTemplate { template: text.clone(), ..plain });
    }
    let fields = Fields::open(doc, node, what, &CHAT_KEYS)?;
    let mut out = match fields.one_of(&["template", "file"])? {
        ("template", node) => ChatTemplate { template: doc.text(node, "'template'")?.to_owned(), ..plain },
        (_, node) if doc.text(node, "'file'")?.ends_with(".json") => {
            of_config(doc, node, &files.json(doc, node, "'file'", MAX_CONFIG)?, plain)?
        }
        (_, node) => ChatTemplate { template: files.text(doc, node, "'file'", MAX_TEMPLATE)?, ..plain },
    };
    for (key, slot) in [("bos_token", &mut out.bos_token), ("eos_token", &mut out.eos_token)] {
        if let Some(node) = fields.get(key) {
            *slot = doc.text(node, &format!("'{key}'"))?.to_owned();
        }
    }
    if let Some(wanted) = fields.maybe("generation_prompt", Doc::flag)? {
        out.generation_prompt = wanted;
    }
    if let Some(node) = fields.get("date") {
        let date = doc.text(node, "'date'")?;
        if !is_date(date) {
            return Err(doc
                .at(node, format!("'{}' is not a date", brief(date)))
                .hint("write it as 2026-01-31"));
        }
        date.clone_into(&mut out.date);
    }
    Ok(out)
}

/// What a tokenizer's configuration says of the chat.
fn of_config(doc: &Doc, node: &Node, json: &Value, plain: ChatTemplate) -> Result<ChatTemplate, SuiteError> {
    let template = match &json["chat_template"] {
        Value::String(text) => Some(text.as_str()),
        // Several by name: the one for plain chat.
        Value::Array(list) => {
            list.iter().find(|t| t["name"] == "default").and_then(|t| t["template"].as_str())
        }
        _ => None,
    };
    let Some(template) = template else {
        return Err(doc
            .at(node, "the file has no 'chat_template'")
            .hint("newer models keep it in chat_template.jinja: name that file"));
    };
    let token = |key: &str| {
        let value = &json[key];
        value.as_str().or_else(|| value["content"].as_str()).unwrap_or_default().to_owned()
    };
    Ok(ChatTemplate {
        template: template.to_owned(),
        bos_token: token("bos_token"),
        eos_token: token("eos_token"),
        ..plain
    })
}

/// Tool definitions: a list, or the name of a JSON file that holds one.
pub(crate) fn tools(doc: &Doc, node: &Node, what: &str, files: &Files<'_>) -> Result<Vec<Value>, SuiteError> {
    match &node.kind {
        Kind::Text(_) => {
            let json = files.json(doc, node, what, MAX_TOOL_BYTES)?;
            checked_tools(doc, &Node::of_json(&json, node.span), what)
        }
        _ => checked_tools(doc, node, what),
    }
}

/// Tool definitions in OpenAI's form; a bare function is put into it.
pub(crate) fn checked_tools(doc: &Doc, node: &Node, what: &str) -> Result<Vec<Value>, SuiteError> {
    let items = doc.list(node, what)?;
    if items.len() > MAX_TOOLS {
        return Err(doc.at(node, format!("more than {MAX_TOOLS} tools")));
    }
    let mut names: Vec<String> = Vec::new();
    let mut out = Vec::with_capacity(items.len());
    for item in items {
        let value = Value::Object(doc.object(item, "a tool")?);
        let value = match value.get("name").is_some() && value.get("function").is_none() {
            true => serde_json::json!({"type": "function", "function": value}),
            false => value,
        };
        let name = value["function"]["name"].as_str().unwrap_or_default();
        let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
            return Err(doc.at(item, "a tool needs a function with a name of letters, digits, '_' and '-'").hint(
                "write { type: function, function: { name: search, description: …, parameters: { type: object, … } } }",
            ));
        }
        if names.iter().any(|n| n == name) {
            return Err(doc.at(item, format!("two tools are called '{name}'")));
        }
        names.push(name.to_owned());
        out.push(value);
    }
    let bytes: usize = out.iter().map(|t| t.to_string().len()).sum();
    if bytes > MAX_TOOL_BYTES {
        return Err(doc.at(node, "the tools are longer than 1 MiB"));
    }
    Ok(out)
}

/// Names of further tags between which the models think.
pub(crate) fn thinking(doc: &Doc, node: &Node, what: &str) -> Result<Vec<String>, SuiteError> {
    let mut out = Vec::new();
    for item in doc.one_or_more(node, what)? {
        let name = doc.name(item, what)?;
        if name.contains(['<', '>', '/']) || name.contains(char::is_whitespace) {
            let message = format!("'{}' cannot be the name of a tag", brief(&name));
            return Err(doc
                .at(item, message)
                .hint("write the name alone: `thinking: [plan]` for <plan>…</plan>"));
        }
        if !THINKING_TAGS.contains(&name.as_str()) && !out.contains(&name) {
            out.push(name);
        }
    }
    if out.len() > 20 {
        return Err(doc.at(node, "more than 20 tags"));
    }
    Ok(out)
}

/// Whether a protocol has no place for raw text.
fn speaks_chat_only(kind: TargetKind) -> bool {
    match kind {
        TargetKind::OpenaiChat
        | TargetKind::OpenaiResponses
        | TargetKind::Anthropic
        | TargetKind::Ollama
        | TargetKind::Embeddings => true,
        TargetKind::OpenaiCompletions | TargetKind::Http | TargetKind::Command => false,
    }
}

/// Raw text is for targets that speak completions.
pub(crate) fn check_targets(
    suite: &Fields<'_>,
    targets: &[TargetSpec],
    prompts: &[PromptSpec],
) -> Result<(), SuiteError> {
    let text = prompts.iter().position(PromptSpec::is_text);
    let chat = targets.iter().find(|t| speaks_chat_only(t.kind));
    let (Some(at), Some(target)) = (text, chat) else {
        return Ok(());
    };
    let node = match suite.get("prompts") {
        Some(list) => suite.doc.list(list, "'prompts'")?.get(at),
        None => suite.get("prompt"),
    };
    let (prompt, target) = (&prompts[at], brief(&target.name));
    // Who asked for log-likelihoods reads of them, not of the text that they made of the prompt.
    let form = node.and_then(|n| n.get("form")).or(suite.get("form")).filter(|_| prompt.form.scores_text());
    let message = match form {
        Some(_) => format!(
            "the form '{}' scores raw text, and the target '{target}' takes messages only",
            prompt.form.id()
        ),
        None => format!("'{}' is raw text, and the target '{target}' takes messages only", prompt.name),
    };
    let node = form.or(node);
    Err(suite
        .doc
        .at(node.unwrap_or(suite.node), message)
        .hint("raw text, chat templates and log-likelihoods need a completion endpoint (/v1/completions)"))
}
