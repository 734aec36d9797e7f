//! A target that is a program: `kind: command`.
//!
//! Main function: [`read`]. Must not start anything.

use crate::error::SuiteError;
use crate::read::{Doc, Fields};
use crate::targets::{self, looks_like_a_key};
use crate::tree::Node;
use acidtest_record::{CommandSpec, Source, TargetKind, TargetSpec};

/// Keys of the target.
pub(crate) const KEYS: [&str; 10] =
    ["kind", "name", "model", "command", "processes", "per_request", "env", "memory", "stream", "price"];

const MAX_ARGUMENTS: usize = 1000;

/// Reads a target.
pub(crate) fn read(doc: &Doc, node: &Node) -> Result<TargetSpec, SuiteError> {
    let fields = Fields::open(doc, node, "a command target", &KEYS)?;
    let command = command(doc, fields.need("command", "[./guide.sh]")?)?;
    let model = fields.maybe("model", Doc::name)?;
    let own = command[0].rsplit('/').next().unwrap_or(&command[0]).to_owned();
    let name = fields.maybe("name", Doc::name)?.or_else(|| model.clone()).unwrap_or(own);
    let processes = fields.maybe("processes", |doc, n, what| doc.count(n, what, 1..=1000))?;
    let per_request = fields.maybe("per_request", Doc::flag)?.unwrap_or(false);
    Ok(TargetSpec {
        name,
        kind: TargetKind::Command,
        source: Source::Url(String::new()),
        model: model.unwrap_or_default(),
        stream: fields.maybe("stream", Doc::flag)?.unwrap_or(true),
        price: fields.maybe("price", targets::price)?,
        command: Some(CommandSpec {
            command,
            processes: processes.unwrap_or(1) as u16,
            per_request,
            env: fields.maybe("env", env)?.unwrap_or_default(),
            memory_bytes: fields.maybe("memory", |doc, n, what| doc.bytes(n, what, 1 << 20..=1 << 44))?,
        }),
        ..TargetSpec::default()
    })
}

/// The program and its arguments: always a list, since no shell takes a text apart.
fn command(doc: &Doc, node: &Node) -> Result<Vec<String>, SuiteError> {
    if doc.text(node, "'command'").is_ok() {
        return Err(doc
            .at(node, "'command' is a list: no shell takes a text apart")
            .hint("write [PROGRAM, ARGUMENT, …], or [sh, -c, \"…\"]"));
    }
    let nodes = doc.full_list(node, "'command'")?;
    if nodes.len() > MAX_ARGUMENTS {
        return Err(doc.at(node, "more than 1000 arguments"));
    }
    let mut out = Vec::with_capacity(nodes.len());
    for node in nodes {
        let text = doc.spelled(node, "an argument of 'command'")?;
        if text.contains('\0') || (out.is_empty() && text.trim().is_empty()) {
            return Err(doc.at(node, "an argument of 'command' is empty or has a null character"));
        }
        if text.split([' ', '=']).any(looks_like_a_key) {
            return Err(doc
                .error_without_value(node.span, "an argument of 'command' holds a secret")
                .hint("put it into the environment and name the variable: `env: [NAME]`"));
        }
        out.push(text);
    }
    Ok(out)
}

/// Names of environment variables.
fn env(doc: &Doc, node: &Node, what: &str) -> Result<Vec<String>, SuiteError> {
    let one = |node: &Node| {
        let text = doc.text(node, "a name in 'env'")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_name = !text.is_empty()
            && text.len() <= 100
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(plain)
            && !looks_like_a_key(text);
        match is_name {
            true => Ok(text.to_owned()),
            false => Err(doc
                .error_without_value(node.span, "'env' lists names of environment variables, never values")
                .hint("write `env: [NAME]` and export NAME before the run")),
        }
    };
    doc.one_or_more(node, what)?.iter().map(one).collect()
}
