//! How much work a JSON Schema is, before that work is begun.
//!
//! Main type: [`Costs`]. The validator follows every reference and every branch anew, so that
//! a schema of forty lines may take longer than anyone lives. [`Costs::expanded`] counts a
//! schema's parts with references followed; [`Costs::of`] counts the checks of one value,
//! each pair of schema and value once. Must not validate anything.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// Most parts of a schema when every reference is followed.
pub(crate) const MAX_EXPANDED: u64 = 100_000;
/// Most checks of one value.
pub(crate) const MAX_CHECKS: u64 = 1_000_000;
/// Most pairs of schema and value that are told apart in counting.
const MAX_PAIRS: usize = 300_000;
/// Most steps from a schema to one within or behind it.
const MAX_DEPTH: usize = 600;

const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keys with a schema for the same value.
const SAME: [&str; 4] = ["not", "if", "then", "else"];
/// Keys with a list of schemas for the same value.
const SAME_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keys with schemas by name for the same value.
const SAME_MAPS: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Keys whose one schema is for the members of an object.
const MEMBERS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];
/// Keys whose one schema, or list of them, is for the items of an array.
const ITEMS: [&str; 5] = ["items", "prefixItems", "additionalItems", "contains", "unevaluatedItems"];
const NO_VALUE: &Value = &Value::Null;

/// Counts the work of one schema.
pub(crate) struct Costs<'s> {
    /// Finds what a reference leads to.
    pub(crate) find: &'s dyn Fn(&str) -> Option<&'s Value>,
}

/// What was counted so far; none for what is being counted.
type Known = HashMap<(usize, usize), Option<u64>>;

fn address(value: &Value) -> usize {
    std::ptr::from_ref(value) as usize
}

impl<'s> Costs<'s> {
    /// The parts of a schema with references followed, and whether it comes back to itself.
    pub(crate) fn expanded(&self, schema: &'s Value) -> (u64, bool) {
        let mut again = false;
        let count = self.parts(schema, &mut HashMap::new(), &mut again, 0);
        (count, again)
    }

    fn parts(&self, schema: &'s Value, known: &mut Known, again: &mut bool, depth: usize) -> u64 {
        let Value::Object(map) = schema else { return 1 };
        let key = (address(schema), 0);
        match known.get(&key) {
            Some(Some(count)) => return *count,
            Some(None) => {
                *again = true;
                return 1;
            }
            None if depth > MAX_DEPTH => return u64::MAX,
            None => {}
        }
        known.insert(key, None);
        let mut count: u64 = 1;
        let mut inner = same_value(map);
        inner.extend(single(map, &MEMBERS).chain(map.get("propertyNames")));
        inner.extend(lists(map, &ITEMS));
        inner.extend(by_name(map, &["properties", "patternProperties"]).map(|(_, s)| s));
        inner.extend(self.referred(map));
        for part in inner {
            count = count.saturating_add(self.parts(part, known, again, depth + 1));
        }
        known.insert(key, Some(count));
        count
    }

    /// The checks of a value by a schema: [`u64::MAX`] for too many to count.
    pub(crate) fn of(&self, schema: &'s Value, value: &Value) -> u64 {
        self.checks(schema, value, &mut HashMap::new(), 0)
    }

    fn checks(&self, schema: &'s Value, value: &Value, known: &mut Known, depth: usize) -> u64 {
        let Value::Object(map) = schema else { return 1 };
        let key = (address(schema), address(value));
        match known.get(&key) {
            Some(count) => return count.unwrap_or(1),
            None if depth > MAX_DEPTH || known.len() >= MAX_PAIRS => return u64::MAX,
            None => {}
        }
        known.insert(key, None);
        let mut count: u64 = 1;
        let mut inner = same_value(map);
        inner.extend(self.referred(map));
        for part in inner {
            count = count.saturating_add(self.checks(part, value, known, depth + 1));
        }
        // What was looked at is found out by looking at it all again.
        if map.contains_key("unevaluatedProperties") || map.contains_key("unevaluatedItems") {
            count = count.saturating_mul(2);
        }
        let mut within = |part: &'s Value, value: &Value| {
            if count <= MAX_CHECKS {
                count = count.saturating_add(self.checks(part, value, known, depth + 1));
            }
        };
        match value {
            Value::Object(members) => {
                for (name, part) in by_name(map, &["properties"]) {
                    members.get(name).into_iter().for_each(|v| within(part, v));
                }
                let every: Vec<&Value> = single(map, &MEMBERS)
                    .chain(by_name(map, &["patternProperties"]).map(|(_, s)| s))
                    .collect();
                for member in members.values() {
                    every.iter().for_each(|part| within(part, member));
                    single(map, &["propertyNames"]).for_each(|part| within(part, NO_VALUE));
                }
            }
            Value::Array(items) => {
                let every: Vec<&Value> = lists(map, &ITEMS);
                for item in items {
                    every.iter().for_each(|part| within(part, item));
                }
            }
            _ => {}
        }
        known.insert(key, Some(count));
        count
    }

    fn referred(&self, map: &'s Map<String, Value>) -> Vec<&'s Value> {
        let to = |key: &&str| map.get(*key).and_then(Value::as_str).and_then(|to| (self.find)(to));
        REFERENCES.iter().filter_map(to).collect()
    }
}

/// Schemas for the same value, references aside.
fn same_value(map: &Map<String, Value>) -> Vec<&Value> {
    let mut out: Vec<&Value> = single(map, &SAME).collect();
    out.extend(lists(map, &SAME_LISTS));
    out.extend(by_name(map, &SAME_MAPS).map(|(_, s)| s));
    out
}

fn single<'v>(map: &'v Map<String, Value>, keys: &'static [&'static str]) -> impl Iterator<Item = &'v Value> {
    keys.iter().filter_map(|key| map.get(*key))
}

fn lists<'v>(map: &'v Map<String, Value>, keys: &'static [&'static str]) -> Vec<&'v Value> {
    let mut out = Vec::new();
    for found in single(map, keys) {
        match found {
            Value::Array(all) => out.extend(all),
            one => out.push(one),
        }
    }
    out
}

fn by_name<'v>(
    map: &'v Map<String, Value>,
    keys: &'static [&'static str],
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    single(map, keys).filter_map(Value::as_object).flatten()
}

/// How many values a value holds, itself among them.
pub(crate) fn values(value: &Value) -> u64 {
    match value {
        Value::Array(all) => all.iter().map(values).sum::<u64>() + 1,
        Value::Object(map) => map.values().map(values).sum::<u64>() + 1,
        _ => 1,
    }
}
