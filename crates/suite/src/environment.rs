//! References to the environment: `${env:NAME}` in a target's `url`, `model` and `headers`.
//!
//! Main function: [`resolve`]. Address and model are looked up through the function that
//! is given and stored as they are; headers keep the name, since they may be secret.
//! Must not read the environment itself.

use crate::error::SuiteError;
use crate::files::Variable;
use crate::read::Doc;
use crate::targets::looks_like_a_key;
use crate::tree::{Kind, Node};

const MARK: &str = "${env:";

/// Looks up the references of every target.
pub(crate) fn resolve(doc: &Doc, root: &mut Node, variable: Variable<'_>) -> Result<(), SuiteError> {
    let Kind::Map(pairs) = &mut root.kind else {
        return Ok(());
    };
    for (_, value) in pairs.iter_mut().filter(|(k, _)| k.name == "target" || k.name == "targets") {
        match &mut value.kind {
            Kind::List(items) => items.iter_mut().try_for_each(|t| target(doc, t, variable))?,
            _ => target(doc, value, variable)?,
        }
    }
    Ok(())
}

fn target(doc: &Doc, node: &mut Node, variable: Variable<'_>) -> Result<(), SuiteError> {
    let Kind::Map(pairs) = &mut node.kind else {
        return Ok(());
    };
    for (key, value) in pairs {
        match (key.name.as_str(), &mut value.kind) {
            ("url" | "model", Kind::Text(text)) if text.contains(MARK) => {
                let new = substitute(doc, value, variable)?;
                value.kind = Kind::Text(new);
            }
            ("headers", Kind::Map(headers)) => {
                for (_, header) in headers {
                    if let Kind::Text(text) = &mut header.kind {
                        // The value is looked up at the moment of sending and never stored.
                        *text = text.replace(MARK, "${");
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn substitute(doc: &Doc, node: &Node, variable: Variable<'_>) -> Result<String, SuiteError> {
    let text = doc.text(node, "a value")?;
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            return Err(doc.at(node, "'${env:' is never closed").hint("write ${env:NAME}"));
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > 100 || !name.chars().all(plain) {
            return Err(doc.at(node, "'${env:…}' holds no name of a variable").hint("write ${env:NAME}"));
        }
        let Some(value) = variable(name) else {
            return Err(doc
                .at(node, format!("the environment variable '{name}' is not set"))
                .hint(format!("set it: export {name}=…")));
        };
        if looks_like_a_key(&value) || value.contains('@') {
            return Err(doc
                .at(node, format!("the environment variable '{name}' seems to hold a secret"))
                .hint("address and model are stored with the run; put secrets into `key` or `headers`"));
        }
        out.push_str(&value);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}
