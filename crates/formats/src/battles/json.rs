//! Votes as JSON: an object on each line, objects one after another, or one list of objects.
//!
//! Main type: [`Json`]. Objects are found by their brackets first, so that a file is read piece by
//! piece; of each object only the wanted fields are kept. A field within an object is named with a
//! dot: `conv_metadata.sum_assistant_a_tokens`.

use super::{BattleReader, Step, lines};
use crate::error::{FormatError, brief};
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

/// What is known of a file so far.
#[derive(Debug, Default)]
pub(super) struct Json {
    /// Inside the list that the file is.
    in_list: bool,
    is_over: bool,
    /// Objects read.
    pub(super) objects: u64,
}

impl Json {
    pub(super) fn read(&mut self, bytes: &[u8], is_last: bool, into: &mut BattleReader) -> Step {
        let text = lines::utf8(bytes, is_last, into)?;
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'\n' => into.line = into.line.saturating_add(1),
                b' ' | b'\t' | b'\r' => {}
                b',' if self.in_list && self.objects > 0 => {}
                b'[' if !self.in_list && !self.is_over && self.objects == 0 => self.in_list = true,
                b']' if self.in_list => (self.in_list, self.is_over) = (false, true),
                b'{' if !self.is_over => {
                    let Some(len) = object(&bytes[at..]) else { break };
                    self.object(&text[at..at + len], into)?;
                    at += len;
                    continue;
                }
                _ => {
                    let some = brief(text[at..].lines().next().unwrap_or_default());
                    return Err(into
                        .error(into.line, format!("an object was expected, found '{some}'"))
                        .hint("JSON Lines hold one object for each battle"));
                }
            }
            at += 1;
        }
        if is_last && (self.in_list || at < bytes.len()) {
            return Err(into.error(into.line, "the JSON is cut: a bracket is opened and not closed"));
        }
        Ok(at)
    }

    fn object(&mut self, text: &str, into: &mut BattleReader) -> Result<(), FormatError> {
        let line = into.line;
        into.record.clear(into.columns.slots());
        let mut wanted = Wanted { names: Vec::new(), found: Vec::new() };
        for slot in 0..into.columns.slots() {
            for (rank, name) in into.columns.names(slot).into_iter().enumerate() {
                wanted.names.push((name, slot, rank));
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let done = Fields { wanted: &mut wanted, path: String::new(), depth: 0 }.deserialize(&mut reader);
        done.map_err(|e| {
            let line = line.saturating_add(u32::try_from(e.line().saturating_sub(1)).unwrap_or(u32::MAX));
            into.error(line, format!("the JSON cannot be read: {}", brief(&e.to_string())))
        })?;
        let mut found = wanted.found;
        found.sort_by_key(|(slot, rank, _)| (*slot, std::cmp::Reverse(*rank)));
        for (slot, _, text) in &found {
            if !text.trim().is_empty() {
                into.record.set(*slot, text);
            }
        }
        let breaks = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        into.line = line.saturating_add(u32::try_from(breaks).unwrap_or(u32::MAX));
        self.objects += 1;
        into.take_record(line)
    }
}

/// Length of the object that the bytes begin with; `None` where it is not yet closed.
fn object(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => {
                at += 1;
                loop {
                    at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
                    if bytes[at] == b'"' {
                        break;
                    }
                    at += 2;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Fields to keep: name, slot, how good a name it is; and what was found.
struct Wanted<'n> {
    names: Vec<(&'n str, usize, usize)>,
    found: Vec<(usize, usize, String)>,
}

/// One object's fields, its path in front of their names.
struct Fields<'w, 'n> {
    wanted: &'w mut Wanted<'n>,
    path: String,
    depth: u8,
}

impl<'de> DeserializeSeed<'de> for Fields<'_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Fields<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let path = if self.path.is_empty() { key.into_owned() } else { format!("{}.{key}", self.path) };
            let wanted: Vec<(usize, usize)> =
                self.wanted.names.iter().filter(|w| w.0 == path).map(|w| (w.1, w.2)).collect();
            let is_parent = self.depth < 4
                && self
                    .wanted
                    .names
                    .iter()
                    .any(|w| w.0.strip_prefix(&path).is_some_and(|r| r.starts_with('.')));
            if is_parent {
                map.next_value_seed(Fields { wanted: self.wanted, path, depth: self.depth + 1 })?;
            } else if wanted.is_empty() {
                map.next_value::<IgnoredAny>()?;
            } else {
                let text = match map.next_value::<Value>()? {
                    Value::Null => String::new(),
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                self.wanted.found.extend(wanted.into_iter().map(|(slot, rank)| (slot, rank, text.clone())));
            }
        }
        Ok(())
    }
}
