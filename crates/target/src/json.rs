//! JSON from outside: read within limits, and asked for by type.
//!
//! Main functions: [`parse`] and the accessors, which tell "absent" from "of the
//! wrong type". Must not know any vendor's names.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::fmt;

/// Most values in one text: `0,` is two bytes on the wire and many in memory.
const MAX_VALUES: usize = 1 << 20;

/// Reads a JSON text of at most [`MAX_VALUES`] values; nesting is bounded by serde_json.
pub(crate) fn parse(text: &[u8]) -> Result<Value, String> {
    let left = Cell::new(MAX_VALUES);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Bounded { left: &left }.deserialize(&mut reader).map_err(|e| e.to_string())?;
    reader.end().map_err(|e| e.to_string())?;
    Ok(value)
}

/// A field of another type than the protocol says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{key}' is {found}, expected {expected}")]
pub(crate) struct Wrong {
    key: &'static str,
    found: &'static str,
    expected: &'static str,
}

/// The field of that name; null is absent.
pub(crate) fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|v| !v.is_null())
}

/// A text.
pub(crate) fn text<'v>(value: &'v Value, key: &'static str) -> Result<Option<&'v str>, Wrong> {
    typed(value, key, "text", Value::as_str)
}

/// A whole number from 0.
pub(crate) fn count(value: &Value, key: &'static str) -> Result<Option<u64>, Wrong> {
    typed(value, key, "a whole number", Value::as_u64)
}

/// A number.
pub(crate) fn number(value: &Value, key: &'static str) -> Result<Option<f64>, Wrong> {
    typed(value, key, "a number", Value::as_f64)
}

/// An object.
pub(crate) fn object<'v>(value: &'v Value, key: &'static str) -> Result<Option<&'v Value>, Wrong> {
    typed(value, key, "an object", |v| v.is_object().then_some(v))
}

/// A list; an absent one is empty.
pub(crate) fn list<'v>(value: &'v Value, key: &'static str) -> Result<&'v [Value], Wrong> {
    typed(value, key, "a list", |v| v.as_array().map(Vec::as_slice)).map(Option::unwrap_or_default)
}

/// A text that an object may stand for: tool arguments come either way.
pub(crate) fn text_or_json(value: &Value, key: &str) -> Option<String> {
    field(value, key).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
}

/// A token count as records keep it; a larger one is absent.
pub(crate) fn small(value: &Value, key: &'static str) -> Result<Option<u32>, Wrong> {
    Ok(count(value, key)?.and_then(|n| u32::try_from(n).ok()))
}

fn typed<'v, T>(
    value: &'v Value,
    key: &'static str,
    expected: &'static str,
    take: impl Fn(&'v Value) -> Option<T>,
) -> Result<Option<T>, Wrong> {
    let Some(found) = field(value, key) else {
        return Ok(None);
    };
    take(found).map(Some).ok_or(Wrong { key, found: kind(found), expected })
}

/// What a value is, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Reads a value while it counts.
#[derive(Clone, Copy)]
struct Bounded<'a> {
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Value, D::Error> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| D::Error::custom(format!("more than {MAX_VALUES} values")))?;
        self.left.set(left);
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_bool<E>(self, b: bool) -> Result<Value, E> {
        Ok(b.into())
    }
    fn visit_i64<E>(self, n: i64) -> Result<Value, E> {
        Ok(n.into())
    }
    fn visit_u64<E>(self, n: u64) -> Result<Value, E> {
        Ok(n.into())
    }
    fn visit_f64<E>(self, n: f64) -> Result<Value, E> {
        Ok(n.into())
    }
    fn visit_str<E>(self, s: &str) -> Result<Value, E> {
        Ok(s.into())
    }
    fn visit_string<E>(self, s: String) -> Result<Value, E> {
        Ok(s.into())
    }
    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = seq.next_element_seed(self)? {
            all.push(one);
        }
        Ok(all.into())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self)?;
            all.insert(key, value);
        }
        Ok(all.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_as_written() {
        let text = r#"{"a":[1,-2,2.5,"x",null,true,{"b":{}}],"c":18446744073709551615}"#;
        assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str::<Value>(text).unwrap()));
        assert!(parse(b"{} x").is_err() && parse(b"").is_err() && parse(b"\xff").is_err());
    }

    #[test]
    fn many_values_and_deep_ones_are_refused() {
        let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert!(parse(many.as_bytes()).unwrap_err().contains("more than 1048576 values"));
        assert!(parse("[".repeat(100_000).as_bytes()).is_err());
    }

    #[test]
    fn fields_by_type() {
        let v = json!({"t": "x", "n": 3, "f": -1.5, "l": [1], "o": {}, "z": null});
        assert_eq!(text(&v, "t"), Ok(Some("x")));
        assert_eq!((text(&v, "z"), count(&v, "q")), (Ok(None), Ok(None)));
        assert_eq!(text(&v, "n").unwrap_err().to_string(), "'n' is a number, expected text");
        assert!(count(&v, "f").is_err() && list(&v, "o").is_err() && object(&v, "l").is_err());
        assert_eq!(small(&json!({"n": 5_000_000_000_u64}), "n"), Ok(None));
        assert_eq!(text_or_json(&v, "l").as_deref(), Some("[1]"));
    }
}
