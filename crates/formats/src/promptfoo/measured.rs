//! promptfoo's asserts over JSON, times, cost and length as scorers.
//!
//! Main function: [`read`]. What a scorer of ours decides by other rules is told
//! with it. Must not know text asserts.

use super::schema;
use crate::error::brief;
use crate::tree::{self, Kind, Node};
use serde_json::{Map, Value, json};

/// A scorer, and in what its pass and fail may differ from promptfoo's.
pub(super) struct Measured {
    pub(super) scorer: Value,
    pub(super) differs: Vec<String>,
}

impl Measured {
    fn same(scorer: Value) -> Self {
        Self { scorer, differs: Vec::new() }
    }
}

/// One of these asserts; `None` for all others. `value` is filled in, `node` as it was written.
pub(super) fn read(base: &str, node: &Node, value: &Node) -> Result<Option<Measured>, String> {
    // A text, and so a file, may hold references; those in the configuration itself
    // are resolved by promptfoo before it reads it.
    let written = node.get("value").is_some_and(Node::is_map);
    Ok(Some(match base {
        "is-json" => is_json(value, written)?,
        "contains-json" => contains_json(value, written)?,
        "equals" if matches!(value.kind, Kind::Map(_) | Kind::List(_)) => {
            Measured::same(json!({"type": "json_schema", "schema": {"const": value.to_json()}, "draft": "7"}))
        }
        "latency" => latency(node)?,
        "cost" => cost(node)?,
        "word-count" => Measured::same(words(value)?),
        _ => return Ok(None),
    }))
}

/// The schema that an assert names; JavaScript's false values are none.
fn schema_of(base: &str, value: &Node, written: bool) -> Result<Option<(Value, Vec<String>)>, String> {
    let parsed;
    let node = match &value.kind {
        Kind::Null | Kind::Bool(false) => return Ok(None),
        Kind::Text(text) if text.is_empty() => return Ok(None),
        Kind::Text(text) => {
            parsed = tree::parse("schema", text)
                .map_err(|e| format!("the schema of '{base}': {}", brief(&e.what)))?;
            &parsed
        }
        _ => value,
    };
    if !node.is_map() {
        return Err(format!("the schema of '{base}' must be a map, not {}", node.noun()));
    }
    let schema = node.to_json();
    let formats = schema::check(&schema, !written)?;
    let differs =
        formats.iter().map(|f| format!("the rules of format '{f}', which are this tool's own here"));
    Ok(Some((schema, differs.collect())))
}

fn is_json(value: &Node, written: bool) -> Result<Measured, String> {
    Ok(match schema_of("is-json", value, written)? {
        None => Measured::same(json!({"type": "json_valid"})),
        Some((schema, differs)) => {
            Measured { scorer: json!({"type": "json_schema", "schema": schema, "draft": "7"}), differs }
        }
    })
}

/// promptfoo tries each object in the text; ours takes the largest object or list.
fn contains_json(value: &Node, written: bool) -> Result<Measured, String> {
    let (object, mut differs) = match schema_of("contains-json", value, written)? {
        None => (json!({"type": "object"}), Vec::new()),
        Some((schema, _)) if schema.to_string().contains("\"$ref\"") => {
            return Err("the schema of 'contains-json' has references, which are not carried over".into());
        }
        Some((schema, differs)) => (json!({"allOf": [{"type": "object"}, schema]}), differs),
    };
    let schema = json!({"anyOf": [object, {"type": "array", "contains": object}]});
    differs.push(
        "how 'contains-json' looks for objects: here it judges the largest object or list in the text after repairs"
            .into(),
    );
    let scorer = json!({"type": "json_schema", "schema": schema, "draft": "7", "reading": "repaired", "name": "contains_json"});
    Ok(Measured { scorer, differs })
}

fn threshold(base: &str, node: &Node, most: f64) -> Result<f64, String> {
    match node.get("threshold").and_then(Node::as_number) {
        Some(limit) if limit > 0.0 && limit <= most => Ok(limit),
        Some(limit) => {
            Err(format!("assert '{base}' with the threshold {limit}: expected more than 0, at most {most}"))
        }
        None => Err(format!("assert '{base}' has no threshold")),
    }
}

fn latency(node: &Node) -> Result<Measured, String> {
    let limit = threshold("latency", node, 604_800_000.0)?;
    let differs = "what promptfoo's own client adds to 'latency': here it is from the send to the end of the answer, of the last attempt";
    let scorer = json!({"type": "latency", "e2e": format!("{limit} ms")});
    Ok(Measured { scorer, differs: vec![differs.into()] })
}

fn cost(node: &Node) -> Result<Measured, String> {
    let limit = threshold("cost", node, 1e9)?;
    let differs = "promptfoo's own prices behind 'cost': a target without 'price' decides nothing by it";
    Ok(Measured { scorer: json!({"type": "cost", "max": limit}), differs: vec![differs.into()] })
}

/// So many words, at least, at most.
fn words(value: &Node) -> Result<Value, String> {
    const MOST: f64 = 1e9;
    let bound = |key: &str| -> Result<Option<f64>, String> {
        match value.get(key).map(|n| (n, n.as_number())) {
            None => Ok(None),
            Some((_, Some(n))) if (0.0..=MOST).contains(&n) => Ok(Some(n)),
            Some((n, _)) => Err(format!(
                "assert 'word-count': '{key}' must be a number from 0, not {}",
                n.spelled().map_or_else(|| n.noun().to_owned(), |t| brief(&t))
            )),
        }
    };
    let (min, max) = match &value.kind {
        Kind::Map(_) => (bound("min")?, bound("max")?),
        _ => {
            let text = value.spelled().unwrap_or_default();
            let exact =
                text.trim().parse::<f64>().ok().filter(|n| n.fract() == 0.0 && (0.0..=MOST).contains(n));
            let exact =
                exact.ok_or_else(|| format!("assert 'word-count' with the value '{}'", brief(&text)))?;
            (Some(exact), Some(exact))
        }
    };
    let mut out = Map::from_iter([("type".to_owned(), json!("length")), ("unit".to_owned(), json!("words"))]);
    if let Some(min) = min {
        out.insert("min".into(), json!(min.ceil() as u64));
    }
    if let Some(max) = max {
        out.insert("max".into(), json!(max.floor() as u64));
    }
    match (min, max) {
        (None, None) => Err("assert 'word-count' has neither 'min' nor 'max'".into()),
        (Some(low), Some(high)) if low.ceil() > high.floor() => {
            Err(format!("assert 'word-count': no number is between {low} and {high}"))
        }
        _ => Ok(Value::Object(out)),
    }
}

#[cfg(test)]
mod unit {
    use super::*;

    fn of(assert: Value) -> Result<Value, String> {
        let node = Node::of_json(1, &assert);
        let value = node.get("value").cloned().unwrap_or(Node { line: 1, kind: Kind::Null });
        read(assert["type"].as_str().unwrap(), &node, &value).map(|m| m.unwrap().scorer)
    }

    #[test]
    fn values_become_options() {
        let check = |assert: Value, expect: Value| assert_eq!(of(assert), Ok(expect));
        check(json!({"type": "is-json"}), json!({"type": "json_valid"}));
        check(json!({"type": "is-json", "value": ""}), json!({"type": "json_valid"}));
        check(
            json!({"type": "is-json", "value": "type: object\nrequired: [a]"}),
            json!({"type": "json_schema", "schema": {"type": "object", "required": ["a"]}, "draft": "7"}),
        );
        check(json!({"type": "latency", "threshold": 1500}), json!({"type": "latency", "e2e": "1500 ms"}));
        check(json!({"type": "cost", "threshold": 0.002}), json!({"type": "cost", "max": 0.002}));
        let length = |min: u64, max: u64| json!({"type": "length", "unit": "words", "min": min, "max": max});
        check(json!({"type": "word-count", "value": "7"}), length(7, 7));
        check(json!({"type": "word-count", "value": {"min": 2.5, "max": 9.5}}), length(3, 9));
    }

    #[test]
    fn what_cannot_be_said_is_refused() {
        for bad in [
            json!({"type": "latency"}),
            json!({"type": "latency", "threshold": 0}),
            json!({"type": "cost", "threshold": -1}),
            json!({"type": "word-count"}),
            json!({"type": "word-count", "value": 2.5}),
            json!({"type": "word-count", "value": {"min": 5, "max": 2}}),
            json!({"type": "is-json", "value": [1]}),
            json!({"type": "is-json", "value": true}),
            json!({"type": "is-json", "value": {"$ref": "#/definitions/a"}}),
            json!({"type": "contains-json", "value": "definitions: {a: {type: string}}\nproperties: {a: {$ref: '#/definitions/a'}}"}),
        ] {
            assert!(of(bad.clone()).is_err(), "{bad}");
        }
    }
}
