//! Typed reading of a tree: every value checked, every error on its line.
//!
//! Main types: [`Doc`], which reads single values, and [`Fields`], the keys of
//! a map. Must not know what the keys of a suite mean.

use crate::error::{Source, Span, SuiteError, brief};
use crate::nearest::nearest;
use crate::quantity::{self, BadQuantity};
use crate::tree::{Key, Kind, Node};
use std::fmt::Display;
use std::ops::RangeInclusive;

/// Longest name of anything, in bytes.
const MAX_NAME: usize = 200;

/// Words of other tools and what they are called here.
const CALLED: [(&str, &str); 17] = [
    ("number", "last_number"),
    ("providers", "targets"),
    ("provider", "target"),
    ("tests", "cases"),
    ("dataset", "cases"),
    ("assert", "scorers"),
    ("assertions", "scorers"),
    ("metrics", "scorers"),
    ("thresholds", "gates"),
    ("api_key", "key"),
    ("endpoint", "url"),
    ("base_url", "url"),
    ("concurrency", "closed"),
    ("rate", "poisson"),
    ("duration", "for"),
    ("threshold", "pass"),
    ("negate", "not"),
];

/// A file being read.
pub(crate) type Doc = Source;

impl Doc {
    /// An error on a value.
    pub(crate) fn at(&self, node: &Node, message: impl Into<String>) -> SuiteError {
        self.error(node.span, message)
    }

    fn wrong_kind(&self, node: &Node, what: &str, expected: &str) -> SuiteError {
        self.at(node, format!("{what} must be {expected}, not {}", node.kind.noun()))
    }

    /// Text that is there.
    pub(crate) fn text<'a>(&self, node: &'a Node, what: &str) -> Result<&'a str, SuiteError> {
        match &node.kind {
            Kind::Text(text) => Ok(text),
            Kind::Number(_) | Kind::Bool(_) => {
                Err(self.wrong_kind(node, what, "text").hint("put it in quotes"))
            }
            _ => Err(self.wrong_kind(node, what, "text")),
        }
    }

    /// A short text without control characters: the name of something.
    pub(crate) fn name(&self, node: &Node, what: &str) -> Result<String, SuiteError> {
        let text = self.text(node, what)?;
        let bad = if text.trim().is_empty() {
            "is empty"
        } else if text.len() > MAX_NAME {
            "is longer than 200 bytes"
        } else if text.chars().any(char::is_control) {
            "has a control character"
        } else {
            return Ok(text.to_owned());
        };
        Err(self.at(node, format!("{what} {bad}")))
    }

    /// Text, or a number or truth value as it is spelled in the file.
    pub(crate) fn spelled(&self, node: &Node, what: &str) -> Result<String, SuiteError> {
        match &node.kind {
            Kind::Text(text) => Ok(text.clone()),
            Kind::Number(n) => Ok(self.spelling(node).unwrap_or_else(|| n.to_string())),
            Kind::Bool(b) => Ok(b.to_string()),
            _ => Err(self.wrong_kind(node, what, "text or a number")),
        }
    }

    /// A value as it stands in the file, so that `7.50` stays `7.50`.
    fn spelling(&self, node: &Node) -> Option<String> {
        let (begin, end) = node.bytes?;
        let text = self.text.get(begin..end)?.trim();
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-._".contains(&b));
        (plain && !text.is_empty()).then(|| text.to_owned())
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, node: &Node, what: &str) -> Result<bool, SuiteError> {
        match node.kind {
            Kind::Bool(b) => Ok(b),
            _ => Err(self.wrong_kind(node, what, "true or false")),
        }
    }

    /// A number within a range.
    pub(crate) fn number(
        &self,
        node: &Node,
        what: &str,
        range: RangeInclusive<f64>,
    ) -> Result<f64, SuiteError> {
        let value = match &node.kind {
            Kind::Number(n) => n.as_f64(),
            _ => None,
        };
        let Some(value) = value else {
            return Err(self.wrong_kind(node, what, "a number"));
        };
        self.within(node, what, value, range)
    }

    /// A number above 0 and up to `most`.
    pub(crate) fn positive(&self, node: &Node, what: &str, most: f64) -> Result<f64, SuiteError> {
        let value = self.number(node, what, f64::MIN..=most)?;
        if value > 0.0 {
            return Ok(value);
        }
        Err(self.at(node, format!("{what} must be above 0, not {value}")))
    }

    /// A whole number within a range.
    pub(crate) fn count(
        &self,
        node: &Node,
        what: &str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SuiteError> {
        match &node.kind {
            Kind::Number(n) => match n.as_u64() {
                Some(value) => self.within(node, what, value, range),
                None => {
                    let hint = format!("write a whole number from {} to {}", range.start(), range.end());
                    Err(self.at(node, format!("{what} must be a whole number, not {n}")).hint(hint))
                }
            },
            _ => Err(self.wrong_kind(node, what, "a whole number")),
        }
    }

    fn within<T: PartialOrd + Display>(
        &self,
        node: &Node,
        what: &str,
        value: T,
        range: RangeInclusive<T>,
    ) -> Result<T, SuiteError> {
        if range.contains(&value) {
            return Ok(value);
        }
        let (low, high) = range.into_inner();
        let words = if value < low {
            format!("{what} must be at least {low}, not {value}")
        } else {
            format!("{what} must be at most {high}, not {value}")
        };
        Err(self.at(node, words).hint(format!("write a number from {low} to {high}")))
    }

    /// A duration in seconds, above 0 and up to a week.
    pub(crate) fn seconds(&self, node: &Node, what: &str) -> Result<f64, SuiteError> {
        const WEEK: f64 = 7.0 * 86_400.0;
        let value = self.quantity(node, what, "duration", "30 s", quantity::seconds)?;
        if value > 0.0 && value <= WEEK {
            return Ok(value);
        }
        Err(self
            .at(node, format!("{what} must be above 0 s and at most 168 h"))
            .hint("write a duration such as '30 s'"))
    }

    /// A size in bytes within a range.
    pub(crate) fn bytes(
        &self,
        node: &Node,
        what: &str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, SuiteError> {
        let value = self.quantity(node, what, "size", "16 MiB", quantity::bytes)?;
        let hint = format!("write a size from {} to {} bytes, such as '16 MiB'", range.start(), range.end());
        self.within(node, what, value, range).map_err(|e| e.hint(hint))
    }

    fn quantity<T>(
        &self,
        node: &Node,
        what: &str,
        noun: &str,
        example: &str,
        parse: fn(&str) -> Result<T, BadQuantity>,
    ) -> Result<T, SuiteError> {
        match &node.kind {
            Kind::Text(text) => {
                parse(text).map_err(|bad| self.at(node, format!("{} in {what}", bad.what)).hint(bad.hint))
            }
            Kind::Number(n) => Err(self
                .at(node, format!("{what} has no unit"))
                .hint(format!("write a {noun} with its unit, such as '{example}', not {n}"))),
            _ => Err(self.wrong_kind(node, what, &format!("a {noun} such as '{example}'"))),
        }
    }

    /// The items of a list.
    pub(crate) fn list<'a>(&self, node: &'a Node, what: &str) -> Result<&'a [Node], SuiteError> {
        match &node.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.wrong_kind(node, what, "a list")),
        }
    }

    /// The items of a list that has at least one.
    pub(crate) fn full_list<'a>(&self, node: &'a Node, what: &str) -> Result<&'a [Node], SuiteError> {
        let items = self.list(node, what)?;
        if items.is_empty() {
            return Err(self.at(node, format!("{what} is an empty list")));
        }
        Ok(items)
    }

    /// The items of a list, or a single value as a list of one.
    pub(crate) fn one_or_more<'a>(&self, node: &'a Node, what: &str) -> Result<&'a [Node], SuiteError> {
        match &node.kind {
            Kind::List(_) => self.full_list(node, what),
            _ => Ok(std::slice::from_ref(node)),
        }
    }

    /// A map as JSON, to be passed on as it is.
    pub(crate) fn object(
        &self,
        node: &Node,
        what: &str,
    ) -> Result<serde_json::Map<String, serde_json::Value>, SuiteError> {
        match node.to_json() {
            serde_json::Value::Object(map) => Ok(map),
            _ => Err(self.wrong_kind(node, what, "a map")),
        }
    }

    /// The pairs of a map whose keys are the user's own.
    pub(crate) fn pairs<'a>(&self, node: &'a Node, what: &str) -> Result<&'a [(Key, Node)], SuiteError> {
        match &node.kind {
            Kind::Map(pairs) => Ok(pairs),
            _ => Err(self.wrong_kind(node, what, "a map")),
        }
    }

    /// An error for a word that is none of the known ones; `place` is empty or like ` in a target`.
    pub(crate) fn unknown(
        &self,
        span: Span,
        noun: &str,
        word: &str,
        place: &str,
        known: &[&str],
    ) -> SuiteError {
        let called =
            CALLED.iter().find(|(other, here)| *other == word && known.contains(here)).map(|(_, here)| *here);
        let message = format!("unknown {noun} '{}'{place}", brief(word));
        let list = format!("known: {}", known.join(" "));
        match called.or_else(|| nearest(word, known.iter().copied())) {
            Some(meant) => self.error(span, format!("{message} (expected '{meant}')")).hint(list),
            None => self.error(span, message).hint(list),
        }
    }
}

/// The keys of a map, all of them known.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a> {
    pub(crate) doc: &'a Doc,
    pub(crate) node: &'a Node,
    what: &'a str,
}

impl<'a> Fields<'a> {
    /// Opens a map; a key that is not known is an error, and so is one without a value.
    pub(crate) fn open(
        doc: &'a Doc,
        node: &'a Node,
        what: &'a str,
        known: &[&str],
    ) -> Result<Self, SuiteError> {
        for (key, value) in doc.pairs(node, what)? {
            if !known.contains(&key.name.as_str()) {
                return Err(doc.unknown(key.span, "key", &key.name, &format!(" in {what}"), known));
            }
            if matches!(value.kind, Kind::Null) {
                return Err(doc
                    .error(key.span, format!("'{}' has no value", key.name))
                    .hint("give it one, or remove the key"));
            }
        }
        Ok(Self { doc, node, what })
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Node> {
        self.node.get(key)
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&self, key: &str, example: &str) -> Result<&'a Node, SuiteError> {
        self.get(key).ok_or_else(|| {
            let first = Span { len: 1, ..self.node.span };
            self.doc
                .error(first, format!("{} needs '{key}'", self.what))
                .hint(format!("add `{key}: {example}`"))
        })
    }

    /// The value of a key read by `read`, if it is there.
    pub(crate) fn maybe<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'a Doc, &'a Node, &str) -> Result<T, SuiteError>,
    ) -> Result<Option<T>, SuiteError> {
        let what = format!("'{key}'");
        self.get(key).map(|node| read(self.doc, node, &what)).transpose()
    }

    /// The one key of `keys` that is there; none or two is an error.
    pub(crate) fn one_of(&self, keys: &[&'static str]) -> Result<(&'static str, &'a Node), SuiteError> {
        let mut found = keys.iter().filter_map(|k| self.get(k).map(|node| (*k, node)));
        let list = keys.join("', '");
        let Some(first) = found.next() else {
            let message = format!("{} needs one of '{list}'", self.what);
            return Err(self.doc.error(Span { len: 1, ..self.node.span }, message));
        };
        match found.next() {
            Some((second, node)) => Err(self
                .doc
                .at(node, format!("{} has both '{}' and '{second}': choose one", self.what, first.0))),
            None => Ok(first),
        }
    }
}
