//! JSON Schema of answers: compiled once, offline, bounded.
//!
//! Main type: [`JsonSchema`]. References lead only within the schema: nothing is
//! ever fetched. A reference that comes back to itself without going into the
//! value is refused when the schema is read. Patterns are linear in time.

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// Drafts by the words that a suite writes.
pub(crate) const DRAFTS: [&str; 5] = ["2020-12", "2019-09", "7", "6", "4"];
/// Most values of a schema.
const MAX_NODES: usize = 20_000;
/// Most mistakes that are named.
const MAX_ERRORS: usize = 5;
/// Keys whose schemas apply to the same value.
const IN_PLACE: [&str; 8] = ["allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas"];

/// A compiled JSON Schema.
#[derive(Debug)]
pub struct JsonSchema(Validator);

impl JsonSchema {
    /// Compiles a schema of a draft (`2020-12`, `2019-09`, `7`, `6`, `4`).
    ///
    /// # Errors
    /// It is no schema, too large, refers outside itself or in circles; the text says which.
    pub fn compile(schema: &Value, draft: &str) -> Result<Self, String> {
        check_references(schema)?;
        let draft = match draft {
            "4" => Draft::Draft4,
            "6" => Draft::Draft6,
            "7" => Draft::Draft7,
            "2019-09" => Draft::Draft201909,
            _ => Draft::Draft202012,
        };
        jsonschema::options()
            .with_draft(draft)
            .offline()
            .with_pattern_options(PatternOptions::regex().size_limit(1 << 20))
            .build(schema)
            .map(JsonSchema)
            .map_err(|e| cut(&e.to_string()))
    }

    /// What is wrong with a value, each as `pointer: message`; empty when it is valid.
    #[must_use]
    pub fn mistakes(&self, value: &Value) -> Vec<String> {
        let place = |pointer: String| if pointer.is_empty() { "the whole".to_owned() } else { pointer };
        self.0
            .iter_errors(value)
            .take(MAX_ERRORS)
            .map(|e| format!("{}: {}", place(e.instance_path().to_string()), cut(&e.to_string())))
            .collect()
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// References stay inside and do not go in circles on the same value.
fn check_references(schema: &Value) -> Result<(), String> {
    let mut nodes = HashMap::new();
    walk(schema, String::new(), &mut nodes, 0)?;
    let anchors: HashMap<String, &str> = nodes
        .iter()
        .flat_map(|(pointer, node)| {
            ["$anchor", "$dynamicAnchor"]
                .into_iter()
                .filter_map(move |k| Some((format!("#{}", node.get(k)?.as_str()?), pointer.as_str())))
        })
        .collect();
    let mut done = HashSet::new();
    let mut pointers: Vec<&String> = nodes.keys().collect();
    pointers.sort();
    for pointer in pointers {
        circle(pointer, &nodes, &anchors, &mut Vec::new(), &mut done)?;
    }
    Ok(())
}

/// Every object of the schema by its pointer.
fn walk<'v>(
    value: &'v Value,
    pointer: String,
    nodes: &mut HashMap<String, &'v Value>,
    depth: usize,
) -> Result<(), String> {
    if depth > 100 || nodes.len() > MAX_NODES {
        return Err("the schema is nested too deeply or too large".to_owned());
    }
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                walk(inner, format!("{pointer}/{key}"), nodes, depth + 1)?;
            }
            nodes.insert(pointer, value);
        }
        Value::Array(items) => {
            for (i, inner) in items.iter().enumerate() {
                walk(inner, format!("{pointer}/{i}"), nodes, depth + 1)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Follows what applies to the same value; coming back to the way means it would never end.
fn circle(
    pointer: &str,
    nodes: &HashMap<String, &Value>,
    anchors: &HashMap<String, &str>,
    way: &mut Vec<String>,
    done: &mut HashSet<String>,
) -> Result<(), String> {
    if way.iter().any(|p| p == pointer) {
        return Err(format!("the reference at '{pointer}' goes in a circle"));
    }
    if way.len() > 500 {
        return Err("references follow one another more than 500 times".to_owned());
    }
    if done.contains(pointer) {
        return Ok(());
    }
    let Some(Value::Object(node)) = nodes.get(pointer) else { return Ok(()) };
    way.push(pointer.to_owned());
    for key in ["$ref", "$dynamicRef", "$recursiveRef"] {
        if let Some(Value::String(to)) = node.get(key) {
            circle(&target(to, anchors)?, nodes, anchors, way, done)?;
        }
    }
    for key in IN_PLACE {
        let inner = format!("{pointer}/{key}");
        match node.get(key) {
            Some(Value::Array(items)) => {
                for i in 0..items.len() {
                    circle(&format!("{inner}/{i}"), nodes, anchors, way, done)?;
                }
            }
            Some(Value::Object(map)) if key == "dependentSchemas" => {
                for name in map.keys() {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    circle(&format!("{inner}/{name}"), nodes, anchors, way, done)?;
                }
            }
            Some(_) => circle(&inner, nodes, anchors, way, done)?,
            None => {}
        }
    }
    way.pop();
    done.insert(pointer.to_owned());
    Ok(())
}

/// The pointer that a reference leads to.
fn target(to: &str, anchors: &HashMap<String, &str>) -> Result<String, String> {
    match to.strip_prefix('#') {
        Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => Ok(pointer.to_owned()),
        Some(_) => match anchors.get(to) {
            Some(pointer) => Ok((*pointer).to_owned()),
            None => Err(format!("nothing in the schema is called '{to}'")),
        },
        None => Err(format!("'{}' lies outside the schema, and references are never fetched", cut(to))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn mistakes_are_located_by_pointer() {
        let schema = json!({
            "type": "object",
            "properties": { "a": { "enum": ["x", "y"] }, "n": { "$ref": "#/$defs/count" } },
            "required": ["a"],
            "$defs": { "count": { "type": "integer", "minimum": 0 } }
        });
        let compiled = JsonSchema::compile(&schema, "2020-12").unwrap();
        assert!(compiled.mistakes(&json!({"a": "x", "n": 3})).is_empty());
        let wrong = compiled.mistakes(&json!({"a": "z", "n": -1}));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong.iter().any(|w| w.starts_with("/n: ")), "{wrong:?}");
        assert!(compiled.mistakes(&json!({}))[0].starts_with("the whole: "));
    }

    #[test]
    fn nothing_is_fetched_and_circles_are_refused() {
        let bad = |schema: Value| JsonSchema::compile(&schema, "2020-12").unwrap_err();
        assert!(bad(json!({"$ref": "http://127.0.0.1:1/s.json"})).contains("never fetched"));
        assert!(bad(json!({"$ref": "other.json#/a"})).contains("never fetched"));
        assert!(bad(json!({"$ref": "file:///etc/passwd"})).contains("never fetched"));
        assert!(bad(json!({"$ref": "#"})).contains("circle"));
        assert!(bad(json!({"$ref": "#/$defs/a", "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}]}, "b": {"$ref": "#/$defs/a"}}})).contains("circle"));
        assert!(bad(json!({"type": 7})).len() < 300);
        assert!(bad(json!({"$ref": "#/nowhere"})).len() < 300);
        let mut deep = json!({});
        for _ in 0..300 {
            deep = json!({ "not": deep });
        }
        assert!(bad(deep).contains("deep"));
    }

    #[test]
    fn a_tree_of_itself_is_no_circle() {
        let schema = json!({"type": "object", "properties": {"child": {"$ref": "#"}}});
        let compiled = JsonSchema::compile(&schema, "7").unwrap();
        let mut value = json!({});
        for _ in 0..60 {
            value = json!({ "child": value });
        }
        assert!(compiled.mistakes(&value).is_empty());
        assert!(!compiled.mistakes(&json!({"child": 1})).is_empty());
    }
}
