//! JSON trees that are counted while they grow.
//!
//! Main function: [`read`]. A list of small numbers takes many times its text's length
//! as a tree: the count ends it long before memory does. Must not mend broken JSON.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Most values of one JSON text: every number, text, list and object is one.
pub(crate) const MAX_VALUES: usize = 5_000_000;

/// One JSON value of at most `most` values.
pub(crate) fn read(text: &str, most: usize) -> Result<Value, serde_json::Error> {
    let mut left = most;
    let mut json = serde_json::Deserializer::from_str(text);
    let value = Counted(&mut left).deserialize(&mut json)?;
    json.end()?;
    Ok(value)
}

/// How many values a tree holds.
pub(crate) fn weight(value: &Value) -> usize {
    1 + match value {
        Value::Array(all) => all.iter().map(weight).sum(),
        Value::Object(map) => map.values().map(weight).sum(),
        _ => 0,
    }
}

struct Counted<'a>(&'a mut usize);

impl<'de> DeserializeSeed<'de> for Counted<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        match self.0.checked_sub(1) {
            Some(left) => *self.0 = left,
            None => return Err(D::Error::custom("too many values")),
        }
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Counted<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(one) = from.next_element_seed(Counted(self.0))? {
            all.push(one);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            all.insert(key, from.next_value_seed(Counted(self.0))?);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_what_they_would_be_uncounted() {
        let text =
            r#"{"b": [1, -2, 1.5, true, null, "ü\n"], "a": {"x": {}}, "b2": [], "n": 18446744073709551615}"#;
        let value = read(text, 100).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(weight(&value), 12);
        assert!(read(text, 12).is_ok() && read(text, 11).is_err());
        assert!(read("1 2", 9).is_err());
        assert!(read(&"[".repeat(1000), 5000).is_err());
    }
}
