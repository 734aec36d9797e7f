//! JSON Schema of answers: compiled once, offline, bounded.
//!
//! Main type: [`JsonSchema`]. References lead only within the schema: nothing is
//! ever fetched. A reference that comes back to itself without going into the
//! value is refused when the schema is read. Patterns are linear in time.

use crate::schema_cost::{Costs, MAX_CHECKS, MAX_EXPANDED, values};
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
pub struct JsonSchema {
    validator: Validator,
    schema: Value,
    /// Pointers by their names, such as `#node`.
    anchors: HashMap<String, String>,
    /// Its parts with references followed; none when it comes back to itself.
    parts: Option<u64>,
}

impl JsonSchema {
    /// Compiles a schema of a draft (`2020-12`, `2019-09`, `7`, `6`, `4`).
    ///
    /// # Errors
    /// It is no schema, too large, refers outside itself or in circles; the text says which.
    pub fn compile(schema: &Value, draft: &str) -> Result<Self, String> {
        let anchors = check_references(schema)?;
        let find = |to: &str| schema.pointer(&target(to, &anchors).ok()?);
        let (parts, again) = Costs { find: &find }.expanded(schema);
        if parts > MAX_EXPANDED {
            return Err(format!(
                "the schema has more than {MAX_EXPANDED} parts when its references are followed"
            ));
        }
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
            .map(|validator| {
                let parts = (!again).then_some(parts);
                JsonSchema { validator, schema: schema.clone(), anchors, parts }
            })
            .map_err(|e| cut(&e.to_string()))
    }

    /// Whether a value takes no more checks than anyone would wait for.
    fn is_bounded(&self, value: &Value) -> bool {
        if self.parts.is_some_and(|parts| parts.saturating_mul(values(value)) <= MAX_CHECKS) {
            return true;
        }
        let find = |to: &str| self.schema.pointer(&target(to, &self.anchors).ok()?);
        Costs { find: &find }.of(&self.schema, value) <= MAX_CHECKS
    }

    /// What is wrong with a value, each as `pointer: message`; empty when it is valid.
    ///
    /// # Errors
    /// The check would take too long; the text says so.
    pub fn mistakes(&self, value: &Value) -> Result<Vec<String>, String> {
        if !self.is_bounded(value) {
            return Err(format!("the schema needs more than {MAX_CHECKS} checks for this answer"));
        }
        let place = |pointer: String| if pointer.is_empty() { "the whole".to_owned() } else { pointer };
        let say = |e: jsonschema::ValidationError<'_>| {
            format!("{}: {}", place(e.instance_path().to_string()), cut(&e.to_string()))
        };
        Ok(self.validator.iter_errors(value).take(MAX_ERRORS).map(say).collect())
    }
}

fn cut(text: &str) -> String {
    text.chars().take(200).collect()
}

/// References stay inside and do not go in circles on the same value. Returns pointers by name.
fn check_references(schema: &Value) -> Result<HashMap<String, String>, String> {
    let mut nodes = HashMap::new();
    walk(schema, String::new(), &mut nodes, 0)?;
    check_ids(&nodes)?;
    let anchors: HashMap<String, String> = nodes
        .iter()
        .flat_map(|(pointer, node)| {
            ["$anchor", "$dynamicAnchor"]
                .into_iter()
                .filter_map(move |k| Some((format!("#{}", node.get(k)?.as_str()?), pointer.clone())))
        })
        .collect();
    let mut done = HashSet::new();
    let mut pointers: Vec<&String> = nodes.keys().collect();
    pointers.sort();
    for pointer in pointers {
        circle(pointer, &nodes, &anchors, &mut Vec::new(), &mut done)?;
    }
    Ok(anchors)
}

/// A part with an address of its own would turn references within it to other places.
fn check_ids(nodes: &HashMap<String, &Value>) -> Result<(), String> {
    let own = |node: &Value| {
        ["$id", "id"].iter().filter_map(|k| node.get(*k)?.as_str()).any(|id| !id.starts_with('#'))
            && node.get("$ref").or(node.get("$defs")).or(node.get("definitions")).is_some()
    };
    let mut inner: Vec<&String> =
        nodes.iter().filter(|(p, node)| !p.is_empty() && own(node)).map(|(p, _)| p).collect();
    inner.sort();
    match inner.first() {
        Some(pointer) => Err(format!("the schema at '{pointer}' has an '$id' of its own; take it out")),
        None => Ok(()),
    }
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
    anchors: &HashMap<String, String>,
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
fn target(to: &str, anchors: &HashMap<String, String>) -> Result<String, String> {
    match to.strip_prefix('#') {
        Some(pointer) if pointer.is_empty() || pointer.starts_with('/') => decoded(pointer),
        Some(_) => match anchors.get(to) {
            Some(pointer) => Ok(pointer.clone()),
            None => Err(format!("nothing in the schema is called '{to}'")),
        },
        None => Err(format!("'{}' lies outside the schema, and references are never fetched", cut(to))),
    }
}

/// A pointer of a URL with its `%` codes read.
fn decoded(pointer: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(pointer.len());
    let mut bytes = pointer.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let code = digit().zip(digit()).and_then(|(a, b)| u8::try_from(16 * a + b).ok());
        out.push(code.ok_or_else(|| format!("'#{}' is no reference", cut(pointer)))?);
    }
    String::from_utf8(out).map_err(|_| format!("'#{}' is no reference", cut(pointer)))
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
        assert!(compiled.mistakes(&json!({"a": "x", "n": 3})).unwrap().is_empty());
        let wrong = compiled.mistakes(&json!({"a": "z", "n": -1})).unwrap();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong.iter().any(|w| w.starts_with("/n: ")), "{wrong:?}");
        assert!(compiled.mistakes(&json!({})).unwrap()[0].starts_with("the whole: "));
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
        assert!(compiled.mistakes(&value).unwrap().is_empty());
        assert!(!compiled.mistakes(&json!({"child": 1})).unwrap().is_empty());
    }

    /// Forty definitions, each of which refers twice to the next.
    fn doubled(link: impl Fn(Value) -> Value) -> Value {
        let mut defs = serde_json::Map::new();
        for i in 0..40 {
            let next = json!({"$ref": format!("#/%24defs/a{}", i + 1)});
            defs.insert(format!("a{i}"), link(json!([next, next])));
        }
        defs.insert("a40".into(), json!({"type": "integer"}));
        json!({"$defs": defs, "$ref": "#/$defs/a0"})
    }

    #[test]
    fn a_schema_that_doubles_is_refused() {
        for schema in [
            doubled(|both| json!({ "allOf": both })),
            doubled(|both| json!({ "oneOf": both })),
            doubled(|both| json!({ "properties": { "x": { "anyOf": both } } })),
        ] {
            let why = JsonSchema::compile(&schema, "2020-12").unwrap_err();
            assert!(why.contains("references are followed"), "{why}");
        }
        let schema = json!({"properties": {"a": {"$id": "urn:a", "$ref": "#/$defs/b", "$defs": {"b": {}}}}});
        assert!(JsonSchema::compile(&schema, "2020-12").unwrap_err().contains("of its own"));
    }

    #[test]
    fn an_answer_that_doubles_the_work_fails() {
        let twice =
            json!({"type": "array", "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}, {"type": "string"}]}});
        let compiled = JsonSchema::compile(&twice, "2020-12").unwrap();
        let nested = |levels: usize| (0..levels).fold(json!(1), |v, _| json!([v]));
        assert!(compiled.mistakes(&nested(60)).unwrap_err().contains("more than 1000000 checks"));
        assert!(!compiled.mistakes(&nested(4)).unwrap().is_empty());
        // A tree with two branches by name, and any JSON at all, are as much work as they are long.
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        let any = json!({"anyOf": [{"type": "number"}, {"type": "array", "items": {"$ref": "#"}},
            {"type": "object", "additionalProperties": {"$ref": "#"}}]});
        let deep = (0..60).fold(json!({}), |v, _| json!({ "left": v, "right": {} }));
        for schema in [tree, any] {
            let compiled = JsonSchema::compile(&schema, "2020-12").unwrap();
            assert!(compiled.mistakes(&deep).unwrap().is_empty());
        }
    }
}
