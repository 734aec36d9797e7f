//! Combinations of prompts and parameters: `matrix:`.
//!
//! Main function: [`read`]. A key that a template of a prompt or of an http target names is
//! a variable of the template, any other a field of the request's body. Must not send anything.

use crate::error::SuiteError;
use crate::mapping::check_label;
use crate::prompts::Prompts;
use crate::read::Fields;
use crate::targets;
use crate::tree::{Kind, Node};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Most prompts, combinations counted.
pub(crate) const MAX_PROMPTS: usize = 1000;

/// One combination of a matrix.
#[derive(Debug, Clone, Default)]
pub(crate) struct Combination {
    pub(crate) vars: Map<String, Value>,
    pub(crate) params: Map<String, Value>,
    pub(crate) labels: BTreeMap<String, String>,
}

/// Reads `matrix` of the suite: every combination of its values, the last key the fastest.
pub(crate) fn read(suite: &Fields<'_>, prompts: &Prompts) -> Result<Vec<Combination>, SuiteError> {
    let Some(node) = suite.get("matrix") else {
        return Ok(Vec::new());
    };
    let doc = suite.doc;
    let pairs = doc.pairs(node, "'matrix'")?;
    if pairs.is_empty() {
        return Err(doc.at(node, "'matrix' is empty"));
    }
    let used = prompts.variables();
    let mut out = vec![Combination::default()];
    for (key, value) in pairs {
        check_label(doc, &key.name, key.span)?;
        let is_variable = used.contains(&key.name) || targets::names_variable(suite, &key.name)?;
        let values = doc.full_list(value, &format!("'{}'", key.name))?;
        if !is_variable {
            check_params(suite, key, values)?;
        }
        if out.len() * values.len() * prompts.specs.len() > MAX_PROMPTS {
            return Err(doc.at(node, "more than 1000 combinations of prompts and the matrix"));
        }
        let mut next = Vec::with_capacity(out.len() * values.len());
        for before in &out {
            for node in values {
                next.push(with(before, &key.name, node, is_variable));
            }
        }
        for (i, node) in values.iter().enumerate() {
            if values[..i].iter().any(|n| n.to_json() == node.to_json()) {
                return Err(doc.at(node, format!("'{}' has this value twice", key.name)));
            }
        }
        out = next;
    }
    Ok(out)
}

fn with(before: &Combination, key: &str, node: &Node, is_variable: bool) -> Combination {
    let mut out = before.clone();
    let value = node.to_json();
    let label = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    out.labels.insert(key.to_owned(), label.chars().take(100).collect());
    match is_variable {
        true => out.vars.insert(key.to_owned(), value),
        false => out.params.insert(key.to_owned(), value),
    };
    out
}

/// A field of the body must be one that a suite may set.
fn check_params(suite: &Fields<'_>, key: &crate::tree::Key, values: &[Node]) -> Result<(), SuiteError> {
    for value in values {
        let pair = (key.clone(), value.clone());
        let map = Node { span: value.span, bytes: None, kind: Kind::Map(vec![pair]) };
        targets::body_fields(suite.doc, &map, "'matrix'")?;
    }
    Ok(())
}
