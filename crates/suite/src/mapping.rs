//! Which field of a data file is what: `map:`.
//!
//! Main type: [`Mapping`]. Must not read a case.

use crate::error::{Span, SuiteError, brief};
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};

/// Keys of `map`.
pub(crate) const MAP_KEYS: [&str; 6] = ["id", "expected", "cluster", "split", "refuse", "tags"];
/// Labels that gates already know.
pub(crate) const LABELS: [&str; 3] = ["target", "phase", "prompt"];

/// Which field of a data file is what.
pub(crate) struct Mapping {
    /// Whether the suite says so, or these are the fields' own names.
    pub(crate) given: bool,
    pub(crate) id: String,
    pub(crate) expected: Vec<String>,
    pub(crate) cluster: String,
    pub(crate) split: String,
    pub(crate) refuse: String,
    /// Label and field; `None` where the field `tags` holds them.
    pub(crate) tags: Option<Vec<(String, String)>>,
    /// Every field that the suite names, with its place; each must occur.
    pub(crate) named: Vec<(String, Span)>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            given: false,
            id: "id".to_owned(),
            expected: vec!["expected".to_owned()],
            cluster: "cluster".to_owned(),
            split: "split".to_owned(),
            refuse: "refuse".to_owned(),
            tags: None,
            named: Vec::new(),
        }
    }
}

/// A tag's name is used in gates, as `accuracy{lang=ko}`.
pub(crate) fn check_label(doc: &Doc, label: &str, span: Span) -> Result<(), SuiteError> {
    if LABELS.contains(&label) {
        let message = format!("a tag cannot be called '{label}': gates use that word");
        return Err(doc.error(span, message));
    }
    let strange = |c: char| c.is_control() || "[]{}=,<>≤≥\"'".contains(c);
    if label.trim().is_empty() || label.contains(strange) {
        let message = format!("'{}' cannot be the name of a tag", brief(label));
        return Err(doc.error(span, message).hint("write letters, digits, '_' and '-'"));
    }
    Ok(())
}

pub(crate) fn mapping(doc: &Doc, node: &Node) -> Result<Mapping, SuiteError> {
    let fields = Fields::open(doc, node, "'map'", &MAP_KEYS)?;
    let mut out = Mapping { given: true, ..Mapping::default() };
    let mut named = Vec::new();
    let mut field = |node: &Node, what: &str| -> Result<String, SuiteError> {
        let name = doc.name(node, what)?;
        named.push((name.clone(), node.span));
        Ok(name)
    };
    let singles = [
        ("id", &mut out.id),
        ("cluster", &mut out.cluster),
        ("split", &mut out.split),
        ("refuse", &mut out.refuse),
    ];
    for (key, slot) in singles {
        if let Some(node) = fields.get(key) {
            *slot = field(node, &format!("'{key}'"))?;
        }
    }
    if let Some(node) = fields.get("expected") {
        let items = doc.one_or_more(node, "'expected'")?;
        out.expected = items.iter().map(|n| field(n, "'expected'")).collect::<Result<_, _>>()?;
    }
    if let Some(node) = fields.get("tags") {
        let mut tags = Vec::new();
        if let Kind::Map(pairs) = &node.kind {
            for (label, value) in pairs {
                check_label(doc, &label.name, label.span)?;
                tags.push((label.name.clone(), field(value, "'tags'")?));
            }
        } else {
            for item in doc.one_or_more(node, "'tags'")? {
                let name = field(item, "'tags'")?;
                check_label(doc, &name, item.span)?;
                tags.push((name.clone(), name));
            }
        }
        out.tags = Some(tags);
    }
    out.named = named;
    Ok(out)
}
