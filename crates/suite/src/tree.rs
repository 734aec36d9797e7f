//! YAML as a tree that remembers where everything stood.
//!
//! Main type: [`Node`]. This is the only module that knows the YAML library;
//! it must not know what a suite is.

use crate::error::{Source, Span, SuiteError, brief};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Most values a suite file may hold, aliases replayed.
const MAX_NODES: usize = 1_000_000;

/// What to do about an empty file.
const BEGIN: &str = "begin with `target:`, `prompt:` and `cases:`";

/// One value of the file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) span: Span,
    /// Where the value stands in the text, in bytes, where that is known.
    pub(crate) bytes: Option<(usize, usize)>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) span: Span,
}

impl Kind {
    /// The kind in the words of a user.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

impl Node {
    /// The value as JSON, without its places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(b) => Value::Bool(*b),
            Kind::Number(n) => Value::Number(n.clone()),
            Kind::Text(t) => Value::String(t.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Kind::Map(pairs) => {
                Value::Object(pairs.iter().map(|(k, v)| (k.name.clone(), v.to_json())).collect())
            }
        }
    }

    /// A JSON value as a tree whose every part stands at `span`.
    pub(crate) fn of_json(value: &Value, span: Span) -> Node {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(b) => Kind::Bool(*b),
            Value::Number(n) => Kind::Number(n.clone()),
            Value::String(t) => Kind::Text(t.clone()),
            Value::Array(items) => Kind::List(items.iter().map(|v| Node::of_json(v, span)).collect()),
            Value::Object(map) => Kind::Map(
                map.iter()
                    .map(|(name, v)| {
                        let name = name.clone();
                        (Key { name, span }, Node::of_json(v, span))
                    })
                    .collect(),
            ),
        };
        Node { span, bytes: None, kind }
    }

    /// Moves every place by so many lines and bytes: the text was appended to another one.
    pub(crate) fn shift(&mut self, lines: u32, bytes: usize) {
        self.span.line += lines;
        self.bytes = self.bytes.map(|(begin, end)| (begin + bytes, end + bytes));
        match &mut self.kind {
            Kind::List(items) => items.iter_mut().for_each(|n| n.shift(lines, bytes)),
            Kind::Map(pairs) => {
                for (key, value) in pairs {
                    key.span.line += lines;
                    value.shift(lines, bytes);
                }
            }
            _ => {}
        }
    }

    /// A value of a map, by key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        let Kind::Map(pairs) = &self.kind else {
            return None;
        };
        pairs.iter().find(|(k, _)| k.name == key).map(|(_, v)| v)
    }
}

/// Reads a whole file.
pub(crate) fn parse(source: &Source) -> Result<Node, SuiteError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 48,
            max_nodes: MAX_NODES,
            max_events: 3 * MAX_NODES,
            max_documents: 2,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 100_000,
            max_replay_stack_depth: 16,
        },
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    let root: Node =
        serde_saphyr::from_str_with_options(&source.text, options).map_err(|e| yaml_error(source, &e))?;
    if matches!(root.kind, Kind::Null) {
        return Err(SuiteError::of_file(&source.name, "the file is empty").hint(BEGIN));
    }
    Ok(root)
}

/// The library's error in our form.
fn yaml_error(source: &Source, error: &serde_saphyr::Error) -> SuiteError {
    use serde_saphyr::Error;
    let inner = error.without_snippet();
    let span = inner.location().map(span_of).unwrap_or_default();
    let (message, hint) = match inner {
        Error::DuplicateMappingKey { key: Some(key), .. } => {
            (format!("the key '{}' is there twice", brief(key)), Some("remove or rename one of the two"))
        }
        Error::MultipleDocuments { .. } => (
            "more than one YAML document".to_owned(),
            Some("a suite file holds one document: remove the '---' between them"),
        ),
        Error::Budget { .. } => (
            "the YAML is nested too deeply or holds too much".to_owned(),
            Some("put the cases into a .jsonl file: `cases: cases.jsonl`"),
        ),
        Error::UnknownAnchor { .. } => {
            ("this alias has no anchor".to_owned(), Some("text that begins with '*' must be in quotes"))
        }
        Error::Eof { .. } => ("the file is empty".to_owned(), Some(BEGIN)),
        other => (format!("not valid YAML: {}", bare_message(other)), yaml_hint(source, span)),
    };
    let out =
        if span.line == 0 { SuiteError::of_file(&source.name, message) } else { source.error(span, message) };
    match hint {
        Some(hint) => out.hint(hint),
        None => out,
    }
}

/// The library's message without the place, which our own error shows.
fn bare_message(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let mut line = text.lines().next().unwrap_or_default();
    for mark in [" at line ", " (line ", "line "] {
        if let Some(at) = line.find(mark).filter(|at| *at > 0) {
            line = &line[..at];
        }
    }
    brief(line.trim_start_matches("error: ").trim_end_matches([':', ',', ' ']))
}

/// The slips that make most files invalid.
fn yaml_hint(source: &Source, span: Span) -> Option<&'static str> {
    let line = source.text.lines().nth((span.line as usize).checked_sub(1)?)?;
    if line.contains("{{") && !line.contains(['"', '\'']) {
        return Some("text that begins with '{{' must be in quotes: \"{{ question }}\"");
    }
    if line.starts_with('\t') {
        return Some("YAML is indented with blanks, never with tabs");
    }
    None
}

fn span_of(location: Location) -> Span {
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    Span {
        line: small(location.line()),
        column: small(location.column()),
        len: small(location.span().len()).max(1),
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        let place = spanned.defined.span();
        let bytes = place.byte_offset().zip(place.byte_len());
        Ok(Node {
            span: span_of(spanned.defined),
            bytes: bytes.map(|(at, len)| (at as usize, (at + len) as usize)),
            kind: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }
    fn visit_bool<E>(self, v: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(v))
    }
    fn visit_i64<E>(self, v: i64) -> Result<Kind, E> {
        Ok(Kind::Number(v.into()))
    }
    fn visit_u64<E>(self, v: u64) -> Result<Kind, E> {
        Ok(Kind::Number(v.into()))
    }
    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Kind, E> {
        Err(E::custom("a number of more than 64 bits; put it in quotes"))
    }
    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Kind, E> {
        Err(E::custom("a number of more than 64 bits; put it in quotes"))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<Kind, E> {
        let number = Number::from_f64(v);
        number.map(Kind::Number).ok_or_else(|| E::custom("a number that is not finite"))
    }
    fn visit_str<E>(self, v: &str) -> Result<Kind, E> {
        Ok(Kind::Text(v.to_owned()))
    }
    fn visit_string<E>(self, v: String) -> Result<Kind, E> {
        Ok(Kind::Text(v))
    }
    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }
    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            let span = span_of(key.defined);
            let name = key.value;
            pairs.push((Key { name, span }, map.next_value()?));
        }
        Ok(Kind::Map(pairs))
    }
}
