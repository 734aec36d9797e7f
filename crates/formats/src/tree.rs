//! YAML (and so JSON) as a tree that remembers its lines.
//!
//! Main type: [`Node`]. The only module that knows the YAML library; it must not
//! know what a foreign configuration means. Aliases and nesting are bounded.

use crate::error::{FormatError, brief};
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Most values of one file, aliases replayed.
const MAX_NODES: usize = 2_000_000;

/// One value of a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Line it begins on, from 1.
    pub(crate) line: u32,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub(crate) name: String,
    pub(crate) line: u32,
}

impl Node {
    pub(crate) fn text(line: u32, text: impl Into<String>) -> Node {
        Node { line, kind: Kind::Text(text.into()) }
    }

    /// A JSON value as a tree whose every part stands on one line.
    pub(crate) fn of_json(line: u32, value: &Value) -> Node {
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(b) => Kind::Bool(*b),
            Value::Number(n) => Kind::Number(n.clone()),
            Value::String(t) => Kind::Text(t.clone()),
            Value::Array(items) => Kind::List(items.iter().map(|v| Node::of_json(line, v)).collect()),
            Value::Object(map) => Kind::Map(
                map.iter()
                    .map(|(name, v)| (Key { name: name.clone(), line }, Node::of_json(line, v)))
                    .collect(),
            ),
        };
        Node { line, kind }
    }

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

    /// A value of a map; null counts as missing.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.pairs().iter().find(|(k, _)| k.name == key).map(|(_, v)| v).filter(|v| v.kind != Kind::Null)
    }

    /// The pairs of a map; none for everything else.
    pub(crate) fn pairs(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(pairs) => pairs,
            _ => &[],
        }
    }

    pub(crate) fn is_map(&self) -> bool {
        matches!(self.kind, Kind::Map(_))
    }

    /// The items of a list; a single value counts as a list of one.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            _ => std::slice::from_ref(self),
        }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(t) => Some(t),
            _ => None,
        }
    }

    pub(crate) fn as_number(&self) -> Option<f64> {
        match &self.kind {
            Kind::Number(n) => n.as_f64(),
            _ => None,
        }
    }

    pub(crate) fn is_true(&self) -> bool {
        self.kind == Kind::Bool(true)
    }

    /// A text, number or truth value as JavaScript's `String()` writes it.
    pub(crate) fn spelled(&self) -> Option<String> {
        match &self.kind {
            Kind::Text(t) => Some(t.clone()),
            Kind::Bool(b) => Some(b.to_string()),
            Kind::Number(n) => Some(match n.as_f64() {
                Some(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("{f:.0}"),
                _ => n.to_string(),
            }),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    pub(crate) fn noun(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// Reads a whole file.
pub(crate) fn parse(file: &str, text: &str) -> Result<Node, FormatError> {
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
    serde_saphyr::from_str_with_options(text, options).map_err(|e| {
        let inner = e.without_snippet();
        let line = inner.location().map(line_of);
        let words = inner.to_string();
        let first = words.lines().next().unwrap_or_default();
        FormatError::new(file, line, format!("not valid YAML: {}", brief(first)))
            .hint("is it the right file, and whole?")
    })
}

fn line_of(location: Location) -> u32 {
    u32::try_from(location.line()).unwrap_or(u32::MAX)
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Node { line: line_of(spanned.defined), kind: spanned.value })
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
    fn visit_f64<E>(self, v: f64) -> Result<Kind, E> {
        Ok(Number::from_f64(v).map_or(Kind::Null, Kind::Number))
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
            let line = line_of(key.defined);
            pairs.push((Key { name: key.value, line }, map.next_value()?));
        }
        Ok(Kind::Map(pairs))
    }
}
