//! JSON Schemas of promptfoo's `is-json` and `contains-json`.
//!
//! Main function: [`check`]. promptfoo asks Ajv in its strict mode, which is draft 7
//! without unknown words; what two validators would judge differently is refused
//! here or named. Must not validate answers.

use super::asserts::pattern;
use crate::error::brief;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Words that say something about people, not about values.
const NOTES: [&str; 8] =
    ["$comment", "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"];
const LIMITS: [&str; 11] = [
    "maximum",
    "minimum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "maxItems",
    "minItems",
    "maxProperties",
    "minProperties",
    "uniqueItems",
];
const TYPES: [&str; 7] = ["null", "boolean", "object", "array", "number", "string", "integer"];
/// Formats with one meaning.
const SAME_FORMATS: [&str; 4] = ["date", "date-time", "ipv4", "ipv6"];
/// Formats that each validator reads by its own rules.
const OWN_FORMATS: [&str; 9] = [
    "time",
    "email",
    "hostname",
    "uri",
    "uri-reference",
    "uri-template",
    "regex",
    "json-pointer",
    "relative-json-pointer",
];
const MAX_DEPTH: usize = 40;

struct Walk<'v> {
    root: &'v Value,
    references: bool,
    formats: BTreeSet<String>,
    /// References on the way to the present place.
    way: Vec<String>,
    steps: usize,
}

/// Whether a schema means the same here; gives the formats that are checked by other rules.
pub(super) fn check(schema: &Value, references: bool) -> Result<BTreeSet<String>, String> {
    let mut walk = Walk { root: schema, references, formats: BTreeSet::new(), way: Vec::new(), steps: 0 };
    walk.schema(schema, 0)?;
    Ok(walk.formats)
}

impl<'v> Walk<'v> {
    fn schema(&mut self, schema: &'v Value, depth: usize) -> Result<(), String> {
        self.steps += 1;
        if depth > MAX_DEPTH || self.steps > 20_000 {
            return Err("the schema is nested too deeply or too large".into());
        }
        let map = match schema {
            Value::Bool(_) => return Ok(()),
            Value::Object(map) => map,
            _ => return Err("the schema must be a map".into()),
        };
        for (key, value) in map {
            match key.as_str() {
                "properties" | "definitions" | "$defs" => self.each(key, value, depth)?,
                "patternProperties" => {
                    for key in value.as_object().map(Map::keys).into_iter().flatten() {
                        pattern(key)?;
                    }
                    self.each(key, value, depth)?;
                }
                "additionalProperties" | "propertyNames" | "contains" | "not" => {
                    self.schema(value, depth + 1)?;
                }
                "allOf" | "anyOf" | "oneOf" => self.list(key, value, depth)?,
                "items" if value.is_array() => self.list(key, value, depth)?,
                "items" => self.schema(value, depth + 1)?,
                "additionalItems" if map.get("items").is_some_and(Value::is_array) => {
                    self.schema(value, depth + 1)?;
                }
                "if" if map.contains_key("then") || map.contains_key("else") => {
                    self.schema(value, depth + 1)?;
                }
                "then" | "else" if map.contains_key("if") => self.schema(value, depth + 1)?,
                "$ref" => self.reference(map, value, depth)?,
                _ => self.plain(key, value)?,
            }
        }
        Ok(())
    }

    /// Words whose values are no schemas.
    fn plain(&mut self, key: &str, value: &'v Value) -> Result<(), String> {
        let text = value.as_str();
        let fits = match key {
            "$schema" => {
                text.is_some_and(|t| t.trim_end_matches('#') == "http://json-schema.org/draft-07/schema")
            }
            "type" => {
                let one = |v: &Value| v.as_str().is_some_and(|t| TYPES.contains(&t));
                value.as_array().map_or_else(|| one(value), |l| !l.is_empty() && l.iter().all(one))
            }
            "enum" => value.as_array().is_some_and(|l| !l.is_empty()),
            "required" => value.as_array().is_some_and(|l| l.iter().all(Value::is_string)),
            "const" => true,
            "uniqueItems" => value.is_boolean(),
            "multipleOf" => value.as_u64().is_some_and(|n| n > 0),
            "pattern" => pattern(text.unwrap_or("("))?.len() < usize::MAX,
            "format" => {
                let name = text.unwrap_or_default();
                if OWN_FORMATS.contains(&name) {
                    self.formats.insert(name.to_owned());
                }
                OWN_FORMATS.contains(&name) || SAME_FORMATS.contains(&name)
            }
            word if LIMITS.contains(&word) => value.is_number(),
            word => {
                return match NOTES.contains(&word) {
                    true => Ok(()),
                    false => Err(format!(
                        "the schema's '{}' is not one of draft 7 that both sides read alike",
                        brief(word)
                    )),
                };
            }
        };
        match fits {
            true => Ok(()),
            false => Err(format!(
                "the schema's '{key}: {}' is not one of draft 7 that both sides read alike",
                brief(&value.to_string())
            )),
        }
    }

    fn each(&mut self, key: &str, value: &'v Value, depth: usize) -> Result<(), String> {
        let map = value.as_object().ok_or_else(|| format!("the schema's '{key}' must be a map"))?;
        map.values().try_for_each(|inner| self.schema(inner, depth + 1))
    }

    fn list(&mut self, key: &str, value: &'v Value, depth: usize) -> Result<(), String> {
        match value.as_array() {
            Some(list) if !list.is_empty() => list.iter().try_for_each(|v| self.schema(v, depth + 1)),
            _ => Err(format!("the schema's '{key}' must be a list of schemas")),
        }
    }

    /// References lead to a definition and never back to where they came from.
    fn reference(&mut self, map: &Map<String, Value>, value: &Value, depth: usize) -> Result<(), String> {
        let text = value.as_str().unwrap_or_default();
        let shown = brief(text);
        if !self.references {
            return Err(format!("the schema's reference '{shown}' is not carried over from this place"));
        }
        if map.len() > 1 {
            return Err(format!(
                "the schema's reference '{shown}' has words beside it, which drafts read differently"
            ));
        }
        let inside =
            text.strip_prefix('#').filter(|p| p.starts_with("/definitions/") || p.starts_with("/$defs/"));
        let found = inside.and_then(|p| self.root.pointer(p));
        let Some(found) = found else {
            return Err(format!("the schema's reference '{shown}' does not lead to a definition in it"));
        };
        if self.way.iter().any(|w| w == text) {
            return Err(format!("the schema's reference '{shown}' comes back to itself"));
        }
        self.way.push(text.to_owned());
        let seen = self.schema(found, depth + 1);
        self.way.pop();
        seen
    }
}

#[cfg(test)]
mod unit {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_both_sides_read_alike_is_taken() {
        let good = json!({"$schema": "http://json-schema.org/draft-07/schema#", "type": "object",
            "required": ["a"], "properties": {"a": {"type": ["string", "null"], "pattern": r"^\d+$"}},
            "additionalProperties": false});
        assert_eq!(check(&good, false), Ok(BTreeSet::new()));
        let own = check(&json!({"format": "email"}), false).unwrap();
        assert_eq!(own.into_iter().collect::<Vec<_>>(), ["email"]);
        for bad in [
            json!({"nullable": true}),
            json!({"type": "strin"}),
            json!({"$schema": "https://json-schema.org/draft/2020-12/schema"}),
            json!({"pattern": "(?=a)"}),
            json!({"multipleOf": 0.01}),
            json!({"format": "uuid"}),
            json!({"if": {}}),
            json!({"additionalItems": false}),
            json!({"$id": "https://example.com/a"}),
            json!({"properties": []}),
            json!([1]),
        ] {
            assert!(check(&bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn references_stay_inside_and_end() {
        let to = |r: &str| json!({"definitions": {"a": {"type": "string"}, "b": {"items": {"$ref": "#/definitions/b"}}}, "properties": {"x": {"$ref": r}}});
        assert!(
            check(&json!({"definitions": {"a": true}, "not": {"$ref": "#/definitions/a"}}), true).is_ok()
        );
        assert!(
            check(&json!({"definitions": {"a": true}, "not": {"$ref": "#/definitions/a"}}), false).is_err()
        );
        for bad in ["#/definitions/b", "#", "other.json", "#/definitions/none", "file:///etc/passwd"] {
            assert!(check(&to(bad), true).is_err(), "{bad}");
        }
    }
}
