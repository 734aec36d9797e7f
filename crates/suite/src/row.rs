//! One case as it stands in a suite or a data file.
//!
//! Main type: [`Row`], with readers of what a case has besides its variables. Must not
//! decide which fields are variables.

use crate::data::Line;
use crate::error::{Source, Span, SuiteError};
use crate::mapping::{Mapping, check_label};
use crate::read::Doc;
use crate::tree::{Kind, Node};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest id, tag, cluster or split, in bytes.
const MAX_LABEL: usize = 500;

/// One case as it stands in a file.
pub(crate) enum Row<'a> {
    Inline(&'a Doc, &'a Node),
    Line(Line<'a>),
}

impl Row<'_> {
    /// The text that errors show.
    pub(crate) fn doc(&self) -> Doc {
        match self {
            Row::Inline(doc, _) => (*doc).clone(),
            Row::Line(line) => Source::line_of(line.file, line.text, line.number),
        }
    }

    /// A field with its place; a missing one and a null are the same.
    pub(crate) fn get(&self, key: &str) -> Option<Node> {
        let node = match self {
            Row::Inline(_, node) => node.get(key)?.clone(),
            Row::Line(line) => Node::of_json(line.fields.get(key)?, self.key_span(key)),
        };
        // An empty cell of a table says nothing.
        let is_empty = self.is_table() && matches!(&node.kind, Kind::Text(t) if t.is_empty());
        (!matches!(node.kind, Kind::Null) && !is_empty).then_some(node)
    }

    pub(crate) fn key_span(&self, key: &str) -> Span {
        match self {
            Row::Inline(_, node) => match &node.kind {
                Kind::Map(pairs) => {
                    pairs.iter().find(|(k, _)| k.name == key).map_or(node.span, |(k, _)| k.span)
                }
                _ => node.span,
            },
            Row::Line(line) => {
                let quoted = format!("\"{key}\"");
                let Some(at) = line.text.find(&quoted).filter(|_| !line.is_table) else {
                    let first = line.text.lines().next().unwrap_or("");
                    return Span { line: line.number, column: 1, len: first.chars().count().max(1) as u32 };
                };
                let before = &line.text[..at];
                let begin = before.rfind('\n').map_or(0, |i| i + 1);
                Span {
                    line: line.number + before.matches('\n').count() as u32,
                    column: before[begin..].chars().count() as u32 + 1,
                    len: quoted.chars().count() as u32,
                }
            }
        }
    }

    /// Whether the row has a field of that name, empty or not.
    pub(crate) fn has(&self, key: &str) -> bool {
        match self {
            Row::Inline(_, node) => node.get(key).is_some(),
            Row::Line(line) => line.fields.contains_key(key),
        }
    }

    /// Whether it is a row of a table, whose columns are data and nothing else.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self, Row::Line(line) if line.is_table)
    }

    pub(crate) fn number(&self) -> u32 {
        match self {
            Row::Inline(_, node) => node.span.line,
            Row::Line(line) => line.number,
        }
    }

    pub(crate) fn place(&self) -> String {
        match self {
            Row::Inline(doc, node) => {
                let (file, number) = doc.place(node.span.line);
                format!("{file}:{number}")
            }
            Row::Line(line) => format!("{}:{}", line.file, line.number),
        }
    }

    pub(crate) fn fields(&self) -> Map<String, Value> {
        match self {
            Row::Line(line) => line.fields.clone(),
            Row::Inline(_, node) => match node.to_json() {
                Value::Object(map) => map,
                _ => Map::new(),
            },
        }
    }
}

pub(crate) fn label_text(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let text = doc.spelled(node, what)?;
    let bad = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > MAX_LABEL {
        "is longer than 500 bytes"
    } else if text.chars().any(char::is_control) {
        "has a control character"
    } else {
        return Ok(text);
    };
    Err(doc.at(node, format!("{what} {bad}")))
}

/// The reference answers, each once, in order.
pub(crate) fn expected(row: &Row<'_>, doc: &Doc, map: &Mapping) -> Result<Vec<String>, SuiteError> {
    let mut out: Vec<String> = Vec::new();
    for field in &map.expected {
        let Some(node) = row.get(field) else {
            continue;
        };
        let what = format!("'{field}'");
        let items = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&node),
        };
        for item in items {
            // An object is the expected JSON of the answer.
            let text = match item.kind {
                Kind::Map(_) => item.to_json().to_string(),
                _ => doc.spelled(item, &what)?,
            };
            if text.is_empty() && !map.given {
                return Err(doc
                    .error(row.key_span(field), "an empty expected answer")
                    .hint("leave 'expected' out where there is none"));
            }
            if !text.is_empty() && !out.contains(&text) {
                out.push(text);
            }
        }
    }
    Ok(out)
}

pub(crate) fn tags(row: &Row<'_>, doc: &Doc, map: &Mapping) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    if let Some(fields) = &map.tags {
        for (label, field) in fields {
            if let Some(node) = row.get(field) {
                out.insert(label.clone(), label_text(doc, &node, &format!("'{field}'"))?);
            }
        }
        return Ok(out);
    }
    let Some(node) = row.get("tags") else {
        return Ok(out);
    };
    if let (true, Kind::Text(text)) = (row.is_table(), &node.kind) {
        return tags_of_cell(doc, row.key_span("tags"), text);
    }
    if let Kind::Map(pairs) = &node.kind {
        for (key, value) in pairs {
            check_label(doc, &key.name, key.span)?;
            out.insert(key.name.clone(), label_text(doc, value, "a tag")?);
        }
        return Ok(out);
    }
    for item in doc.one_or_more(&node, "'tags'")? {
        let label = label_text(doc, item, "a tag")?;
        check_label(doc, &label, item.span)?;
        out.insert(label, "yes".to_owned());
    }
    Ok(out)
}

/// Tags in one cell of a table: `lang=ko; hard`.
fn tags_of_cell(doc: &Doc, span: Span, text: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
        let (label, value) = part.split_once('=').unwrap_or((part, "yes"));
        check_label(doc, label.trim(), span)?;
        let node = Node { span, bytes: None, kind: Kind::Text(value.trim().to_owned()) };
        out.insert(label.trim().to_owned(), label_text(doc, &node, "a tag")?);
    }
    Ok(out)
}

/// Whether a refusal is due: `true` and `false`, in a table also as words.
pub(crate) fn refuse(row: &Row<'_>, doc: &Doc, field: &str) -> Result<bool, SuiteError> {
    let Some(node) = row.get(field) else {
        return Ok(false);
    };
    if let (true, Kind::Text(text)) = (row.is_table(), &node.kind) {
        match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => return Ok(true),
            "false" | "no" | "0" => return Ok(false),
            _ => {}
        }
    }
    doc.flag(&node, &format!("'{field}'"))
}
