//! Scorers of JSON answers: `json_valid`, `json_schema`, `json_field`, `fields`.
//!
//! Main function: [`read`]. Must not read answers: the engine does.

use crate::error::{SuiteError, brief};
use crate::read::{Doc, Fields};
use crate::schema_check::{DRAFTS, JsonSchema};
use crate::tree::{Kind, Node};
use acidtest_record::{FieldKind, FieldSpec, JsonReading, ScorerKind, TextMatch};
use serde_json::Value;

/// Keys of a field of `fields`.
pub(crate) const FIELD_KEYS: [&str; 11] =
    ["as", "pointer", "values", "ignore_case", "abs", "rel", "forms", "match", "ordered", "pass", "weight"];
/// Kinds of fields.
pub(crate) const FIELD_KINDS: [&str; 7] = ["auto", "boolean", "enum", "number", "date", "text", "list"];
/// Readings of JSON.
pub(crate) const READINGS: [&str; 3] = ["strict", "repaired", "coerced"];
/// Ways to compare texts.
pub(crate) const MATCHES: [&str; 4] = ["exact", "normalised", "contains", "char_f1"];

const MAX_FIELDS: usize = 200;

/// The keys that each of these scorers has of its own; `None` for another scorer.
pub(crate) fn keys(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "json_valid" => &["reading"],
        "json_schema" => &["schema", "draft", "reading"],
        "json_field" => {
            &["pointer", "as", "values", "ignore_case", "abs", "rel", "forms", "match", "ordered", "reading"]
        }
        "fields" => &["fields", "reading"],
        _ => return None,
    })
}

/// Reads one of these scorers; `fields` is absent where only its name was written.
pub(crate) fn read(
    doc: &Doc,
    node: &Node,
    word: &str,
    fields: Option<&Fields<'_>>,
) -> Result<ScorerKind, SuiteError> {
    if word == "json_valid" && fields.is_none() {
        return Ok(ScorerKind::JsonValid { reading: JsonReading::Strict });
    }
    if word == "fields" && fields.is_none() {
        return Ok(ScorerKind::Fields { fields: Vec::new(), reading: JsonReading::Strict });
    }
    let Some(fields) = fields else {
        let example = if word == "json_schema" { "schema: schema.json" } else { "pointer: /answer" };
        return Err(doc
            .at(node, format!("the scorer '{word}' needs options"))
            .hint(format!("write `{{ type: {word}, {example} }}`")));
    };
    let reading = fields.maybe("reading", |doc, node, what| {
        Ok(match choice(doc, node, what, &READINGS)? {
            "strict" => JsonReading::Strict,
            "repaired" => JsonReading::Repaired,
            _ => JsonReading::Coerced,
        })
    })?;
    let reading = reading.unwrap_or_default();
    Ok(match word {
        "json_valid" => ScorerKind::JsonValid { reading },
        "json_schema" => schema(doc, fields, reading)?,
        "json_field" => {
            let node = fields.need("pointer", "/answer")?;
            let pointer = pointer(doc, node)?;
            let field = FieldSpec {
                name: pointer.trim_start_matches('/').replace('/', "."),
                kind: field_kind(doc, fields)?,
                pass: 1.0,
                weight: 1.0,
                pointer,
            };
            ScorerKind::JsonField { field, reading }
        }
        _ => ScorerKind::Fields { fields: all_fields(doc, fields)?, reading },
    })
}

/// One of a few words.
pub(crate) fn choice<'a>(
    doc: &Doc,
    node: &'a Node,
    what: &str,
    known: &[&str],
) -> Result<&'a str, SuiteError> {
    let word = doc.text(node, what)?;
    if known.contains(&word) {
        return Ok(word);
    }
    Err(doc.unknown(node.span, &format!("word for {what}"), word, "", known))
}

fn pointer(doc: &Doc, node: &Node) -> Result<String, SuiteError> {
    let text = doc.text(node, "'pointer'")?;
    if text.is_empty() || text.starts_with('/') {
        return Ok(text.to_owned());
    }
    Err(doc.at(node, "a JSON pointer begins with '/'").hint(format!("write '/{}'", brief(text))))
}

/// A schema in the suite, or the name of its file, which is read later.
fn schema(doc: &Doc, fields: &Fields<'_>, reading: JsonReading) -> Result<ScorerKind, SuiteError> {
    let draft = fields.maybe("draft", |doc, node, what| {
        let word = doc.spelled(node, what)?;
        if DRAFTS.contains(&word.as_str()) {
            return Ok(word);
        }
        Err(doc.unknown(node.span, "draft", &word, "", &DRAFTS))
    })?;
    let draft = draft.unwrap_or_else(|| "2020-12".to_owned());
    let node = fields.need("schema", "schema.json")?;
    match &node.kind {
        Kind::Text(file) => {
            Ok(ScorerKind::JsonSchema { schema: Value::Null, draft, file: Some(file.clone()), reading })
        }
        Kind::Map(_) | Kind::Bool(_) => {
            let schema = node.to_json();
            JsonSchema::compile(&schema, &draft)
                .map_err(|why| doc.at(node, format!("not a valid JSON Schema of draft {draft}: {why}")))?;
            Ok(ScorerKind::JsonSchema { schema, draft, file: None, reading })
        }
        _ => {
            Err(doc
                .at(node, format!("'schema' must be a map or the name of a file, not {}", node.kind.noun())))
        }
    }
}

/// `fields: { name: kind, … }`, a list of names, or nothing for all of the expected object.
fn all_fields(doc: &Doc, fields: &Fields<'_>) -> Result<Vec<FieldSpec>, SuiteError> {
    let Some(node) = fields.get("fields") else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    match &node.kind {
        Kind::Map(pairs) => {
            for (key, value) in pairs {
                all.push(one_field(doc, &key.name, value)?);
            }
        }
        _ => {
            for item in doc.full_list(node, "'fields'")? {
                let name = doc.name(item, "a field")?;
                all.push(FieldSpec {
                    pointer: of_name(&name),
                    name,
                    pass: 1.0,
                    weight: 1.0,
                    ..FieldSpec::default()
                });
            }
        }
    }
    if all.is_empty() || all.len() > MAX_FIELDS {
        return Err(doc.at(node, format!("'fields' must name 1 to {MAX_FIELDS} fields")));
    }
    let strange = |c: char| c.is_control() || "[]{}=,:<>\"' ".contains(c);
    if let Some(bad) = all.iter().find(|f| f.name.is_empty() || f.name.contains(strange)) {
        return Err(doc
            .at(node, format!("'{}' cannot be the name of a field", brief(&bad.name)))
            .hint("write letters, digits, '_' and '-', and give the key itself as `pointer: /…`"));
    }
    Ok(all)
}

fn of_name(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn one_field(doc: &Doc, name: &str, node: &Node) -> Result<FieldSpec, SuiteError> {
    let plain = FieldSpec {
        name: name.to_owned(),
        pointer: of_name(name),
        kind: FieldKind::Auto,
        pass: 1.0,
        weight: 1.0,
    };
    if let Kind::Text(_) = node.kind {
        let word = choice(doc, node, "the kind of a field", &FIELD_KINDS)?;
        return Ok(FieldSpec { kind: plain_kind(word), ..plain });
    }
    let fields = Fields::open(doc, node, "a field", &FIELD_KEYS)?;
    let share = |doc: &Doc, node: &Node, what: &str| doc.number(node, what, 0.0..=1.0);
    let weight = |doc: &Doc, node: &Node, what: &str| doc.number(node, what, 0.0..=1e6);
    Ok(FieldSpec {
        kind: field_kind(doc, &fields)?,
        pointer: fields.maybe("pointer", |doc, node, _| pointer(doc, node))?.unwrap_or(plain.pointer),
        pass: fields.maybe("pass", share)?.unwrap_or(1.0),
        weight: fields.maybe("weight", weight)?.unwrap_or(1.0),
        name: plain.name,
    })
}

fn plain_kind(word: &str) -> FieldKind {
    match word {
        "boolean" => FieldKind::Boolean,
        "enum" => FieldKind::Enum { values: Vec::new(), ignore_case: false },
        "number" => FieldKind::Number { abs: 0.0, rel: 1e-9 },
        "date" => FieldKind::Date { forms: Vec::new() },
        "text" => FieldKind::Text { rule: TextMatch::Exact },
        "list" => FieldKind::List { ordered: true },
        _ => FieldKind::Auto,
    }
}

/// `as:` with the options of that kind; an option of another kind is an error.
fn field_kind(doc: &Doc, fields: &Fields<'_>) -> Result<FieldKind, SuiteError> {
    let word = fields.maybe("as", |doc, node, what| choice(doc, node, what, &FIELD_KINDS))?.unwrap_or("auto");
    let own: &[&str] = match word {
        "enum" => &["values", "ignore_case"],
        "number" => &["abs", "rel"],
        "date" => &["forms"],
        "text" => &["match"],
        "list" => &["ordered"],
        _ => &[],
    };
    for key in ["values", "ignore_case", "abs", "rel", "forms", "match", "ordered"] {
        if let (Some(node), false) = (fields.get(key), own.contains(&key)) {
            return Err(doc.at(node, format!("'{key}' does not go with `as: {word}`")));
        }
    }
    let tolerance = |doc: &Doc, node: &Node, what: &str| doc.number(node, what, 0.0..=1e300);
    Ok(match plain_kind(word) {
        FieldKind::Enum { .. } => FieldKind::Enum {
            values: fields.maybe("values", crate::scoring::texts)?.unwrap_or_default(),
            ignore_case: fields.maybe("ignore_case", Doc::flag)?.unwrap_or(false),
        },
        FieldKind::Number { .. } => FieldKind::Number {
            abs: fields.maybe("abs", tolerance)?.unwrap_or(0.0),
            rel: fields.maybe("rel", tolerance)?.unwrap_or(1e-9),
        },
        FieldKind::Date { .. } => {
            FieldKind::Date { forms: fields.maybe("forms", crate::scoring::texts)?.unwrap_or_default() }
        }
        FieldKind::Text { .. } => {
            let rule = fields.maybe("match", |doc, node, what| choice(doc, node, what, &MATCHES))?;
            let rule = match rule.unwrap_or("exact") {
                "normalised" => TextMatch::Normalised,
                "contains" => TextMatch::Contains,
                "char_f1" => TextMatch::CharF1,
                _ => TextMatch::Exact,
            };
            FieldKind::Text { rule }
        }
        FieldKind::List { .. } => {
            FieldKind::List { ordered: fields.maybe("ordered", Doc::flag)?.unwrap_or(true) }
        }
        other => other,
    })
}
