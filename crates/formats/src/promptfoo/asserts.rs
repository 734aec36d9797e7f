//! `assert:` of a promptfoo test as scorers.
//!
//! Main functions: [`read`] and [`of_text`] (the short form of tables). Only what
//! has the same pass and fail is mapped.

use super::Reading;
use super::tests::Test;
use crate::error::brief;
use crate::suite::{contains, whole};
use crate::template::{at_path, fill};
use crate::tree::{Kind, Node};
use serde_json::{Map, Value, json};

/// What a test's asserts became.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    pub(crate) scorers: Vec<Value>,
    pub(crate) expected: Option<String>,
    pub(crate) refuse: bool,
}

/// Asserts that ask a model, and those that run code: never carried over.
const MODEL_GRADED: [&str; 20] = [
    "llm-rubric",
    "g-eval",
    "similar",
    "classifier",
    "moderation",
    "factuality",
    "model-graded-closedqa",
    "model-graded-factuality",
    "answer-relevance",
    "context-faithfulness",
    "context-recall",
    "context-relevance",
    "conversation-relevance",
    "select-best",
    "max-score",
    "pi",
    "search-rubric",
    "agent-rubric",
    "trajectory:goal-success",
    "guardrails",
];
const CODE: [&str; 4] = ["javascript", "python", "ruby", "webhook"];
const MAX_DEPTH: usize = 4;

/// Reads the asserts of one test with its variables filled in.
pub(crate) fn read(r: &mut Reading<'_>, test: &Test, vars: &Value) -> Checks {
    let mut checks = Checks::default();
    let mut equals = Vec::new();
    for (file, node) in &test.asserts {
        match one(r, file, node, vars, 0) {
            Ok(Some(Scorer::Equals(value))) => equals.push((checks.scorers.len(), value)),
            Ok(Some(Scorer::Refusal)) => {
                checks.refuse = true;
                checks.scorers.push(json!({"type": "refusal"}));
            }
            Ok(Some(Scorer::Json(value))) => checks.scorers.push(value),
            Ok(None) => {}
            Err(why) => r.lost(file, node.line, why),
        }
    }
    // One whole answer reads best as an expected answer; several are patterns.
    match equals.as_slice() {
        [(_, value)] if !value.is_empty() => {
            checks.expected = Some(value.clone());
            checks.scorers.push(json!({"type": "exact"}));
        }
        many => checks.scorers.extend(many.iter().map(|(_, value)| whole(value))),
    }
    let mut names = crate::suite::scorer_names();
    for scorer in checks.scorers.iter_mut().filter_map(Value::as_object_mut) {
        if let Some(Value::String(name)) = scorer.get_mut("name") {
            *name = crate::suite::distinct(&mut names, name);
        }
    }
    if let Some(limit) = test.threshold.filter(|_| !checks.scorers.is_empty()) {
        let limit = limit.clamp(0.0, 1.0);
        checks.scorers = vec![json!({"all": checks.scorers, "pass": limit, "name": "threshold"})];
    }
    checks
}

enum Scorer {
    /// Equal to this text, weight 1.
    Equals(String),
    /// The right answer is a refusal.
    Refusal,
    Json(Value),
}

fn one(
    r: &mut Reading<'_>,
    file: &str,
    node: &Node,
    vars: &Value,
    depth: usize,
) -> Result<Option<Scorer>, String> {
    if let Some(reference) = node.get("$ref").and_then(Node::as_text) {
        let name = reference.strip_prefix("#/assertionTemplates/").unwrap_or(reference).to_owned();
        let found = r.templates.as_ref().and_then(|t| t.get(&name)).cloned();
        return match found {
            Some(node) if depth < MAX_DEPTH => one(r, file, &node, vars, depth + 1),
            _ => Err(format!("assertion template '{}' is not there", brief(&name))),
        };
    }
    let Some(kind) = node.get("type").and_then(Node::as_text) else {
        return Err(format!("an assert without 'type' ({})", node.noun()));
    };
    let (negate, base) = match kind.strip_prefix("not-") {
        Some(base) => (true, base),
        None => (false, kind),
    };
    refused(kind, base)?;
    for key in ["transform", "contextTransform", "config", "provider"] {
        if node.get(key).is_some() {
            return Err(format!("assert '{}' with '{key}' is not carried over", brief(kind)));
        }
    }
    let mut scorer = match base {
        "assert-set" => set(r, file, node, vars, depth)?,
        "is-refusal" if !negate => return Ok(Some(Scorer::Refusal)),
        "is-refusal" => json!({"type": "refusal"}),
        _ => {
            let value = value(r, node, vars)?;
            let bare = !negate && node.get("weight").is_none() && node.get("metric").is_none();
            if let (true, "equals", Ok(text)) = (bare, base, texts(&value, base)) {
                return Ok(Some(Scorer::Equals(text.concat())));
            }
            match super::measured::read(base, node, &value)? {
                Some(measured) => {
                    for what in measured.differs {
                        r.lost(file, node.line, what);
                    }
                    measured.scorer
                }
                None => simple(base, &value)?,
            }
        }
    };
    if let (true, Some(map)) = (negate, scorer.as_object_mut()) {
        map.insert("not".into(), json!(true));
    }
    dress(&mut scorer, node, vars);
    Ok(Some(Scorer::Json(scorer)))
}

/// Words for what is never carried over.
fn refused(kind: &str, base: &str) -> Result<(), String> {
    let shown = brief(kind);
    if CODE.contains(&base) {
        return Err(format!("assert '{shown}' runs code, which is never run here"));
    }
    if MODEL_GRADED.contains(&base) {
        return Err(format!("assert '{shown}' asks a model and is not carried over"));
    }
    Ok(())
}

/// Name and weight.
fn dress(scorer: &mut Value, node: &Node, vars: &Value) {
    let Some(map) = scorer.as_object_mut() else { return };
    if let Some(weight) = node.get("weight").and_then(Node::as_number).filter(|w| (0.0..=1e6).contains(w)) {
        map.insert("weight".into(), json!(weight));
    }
    let metric = node.get("metric").and_then(Node::as_text);
    if let Some(metric) = metric.and_then(|m| fill(m, &|path| at_path(vars, path)).ok()) {
        let _ = map.insert("name".into(), json!(crate::suite::label(&metric)));
    }
}

fn set(r: &mut Reading<'_>, file: &str, node: &Node, vars: &Value, depth: usize) -> Result<Value, String> {
    if depth >= MAX_DEPTH {
        return Err("assert-sets within each other more than 4 deep".into());
    }
    let mut parts = Vec::new();
    for item in node.get("assert").map(Node::items).unwrap_or_default() {
        match one(r, file, item, vars, depth + 1) {
            Ok(Some(Scorer::Equals(text))) => parts.push(whole(&text)),
            Ok(Some(Scorer::Refusal)) => parts.push(json!({"type": "refusal"})),
            Ok(Some(Scorer::Json(mut value))) => {
                if let Some(map) = value.as_object_mut() {
                    map.remove("name");
                }
                parts.push(value);
            }
            Ok(None) => {}
            Err(why) => r.lost(file, item.line, why),
        }
    }
    if parts.is_empty() {
        return Err("nothing of this assert-set could be carried over".into());
    }
    let mut out = Map::new();
    out.insert("all".into(), Value::Array(parts));
    if let Some(limit) = node.get("threshold").and_then(Node::as_number) {
        out.insert("pass".into(), json!(limit.clamp(0.0, 1.0)));
    }
    Ok(Value::Object(out))
}

/// An assert's value with its variables filled in.
fn value(r: &mut Reading<'_>, node: &Node, vars: &Value) -> Result<Node, String> {
    let Some(value) = node.get("value") else {
        return Ok(Node { line: node.line, kind: Kind::Null });
    };
    if let Some(path) = value.as_text().and_then(|t| t.strip_prefix("file://")) {
        if super::prompts::CODE.iter().any(|e| path.split(':').next().is_some_and(|p| p.ends_with(e))) {
            return Err("the value is made by code, which is never run".into());
        }
        let text = r.input.neighbour_text(path)?;
        return Ok(Node::text(value.line, text.trim()));
    }
    filled(value, vars)
}

fn filled(node: &Node, vars: &Value) -> Result<Node, String> {
    let kind = match &node.kind {
        Kind::Text(text) => Kind::Text(fill(text, &|path| at_path(vars, path))?),
        // Texts of a list are templates, what lies deeper is not.
        Kind::List(items) => {
            let item = |i: &Node| if i.as_text().is_some() { filled(i, vars) } else { Ok(i.clone()) };
            Kind::List(items.iter().map(item).collect::<Result<_, _>>()?)
        }
        other => other.clone(),
    };
    Ok(Node { line: node.line, kind })
}

/// The asserts over text.
fn simple(base: &str, value: &Node) -> Result<Value, String> {
    let ignore_case = base.starts_with("icontains");
    Ok(match base {
        "equals" => whole(&texts(value, base)?.concat()),
        "contains" | "icontains" => contains(&one_text(value, base)?, ignore_case),
        "contains-any" | "icontains-any" => {
            let list = listed(value, base)?;
            let plain = list.iter().all(|t| t.trim() == t);
            match plain {
                true => json!({"type": "contains", "any_of": list, "ignore_case": ignore_case}),
                false => json!({"any": list.iter().map(|t| contains(t, ignore_case)).collect::<Vec<_>>()}),
            }
        }
        "contains-all" | "icontains-all" => {
            let parts: Vec<Value> = listed(value, base)?.iter().map(|t| contains(t, ignore_case)).collect();
            json!({"all": parts})
        }
        "starts-with" => {
            let text = one_text(value, base)?;
            match text.trim() == text {
                true => json!({"type": "starts_with", "any_of": [text]}),
                false => {
                    json!({"type": "regex", "pattern": format!("^{}", regex::escape(text.trim_start()))})
                }
            }
        }
        "regex" => json!({"type": "regex", "pattern": pattern(&one_text(value, base)?)?}),
        other => return Err(format!("assert '{}' is not supported", brief(other))),
    })
}

fn texts(value: &Node, base: &str) -> Result<Vec<String>, String> {
    match &value.kind {
        Kind::Map(_) | Kind::List(_) => {
            Err(format!("assert '{base}' with {} as its value is not supported", value.noun()))
        }
        _ => Ok(vec![value.spelled().unwrap_or_default()]),
    }
}

fn one_text(value: &Node, base: &str) -> Result<String, String> {
    match texts(value, base)?.concat() {
        text if text.is_empty() => Err(format!("assert '{base}' has no value")),
        text => Ok(text),
    }
}

/// A list, or a text with commas as tables have it.
fn listed(value: &Node, base: &str) -> Result<Vec<String>, String> {
    let list: Vec<String> = match &value.kind {
        Kind::List(items) => items.iter().filter_map(Node::spelled).collect(),
        Kind::Text(text) => commas(text)?,
        _ => Vec::new(),
    };
    if list.is_empty() || list.iter().any(String::is_empty) {
        return Err(format!("assert '{base}' needs a list of texts, none of them empty"));
    }
    Ok(list)
}

/// Values between commas; quotes hold commas, and `\"` or `""` is a quote.
fn commas(text: &str) -> Result<Vec<String>, String> {
    let mut out = Vec::new();
    let mut rest = text.trim_start_matches([',', ' ', '\t', '\n']);
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('"') {
            let (mut field, mut chars) = (String::new(), inner.char_indices().peekable());
            let end = loop {
                match (chars.next(), chars.peek().map(|c| c.1)) {
                    (Some((_, '\\')), Some(c @ ('"' | '\\'))) | (Some((_, '"')), Some(c @ '"')) => {
                        field.push(c);
                        chars.next();
                    }
                    (Some((at, '"')), _) => break at + 1,
                    (Some((_, c)), _) => field.push(c),
                    (None, _) => return Err("a quote is opened and not closed".into()),
                }
            };
            out.push(field);
            rest = &inner[end..];
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            out.push(rest[..end].trim().to_owned());
            rest = &rest[end..];
        }
        rest = rest.trim_start_matches([',', ' ', '\t', '\n']);
    }
    Ok(out)
}

/// A JavaScript pattern in the syntax of Rust's regex crate, where it has the same meaning.
pub(super) fn pattern(js: &str) -> Result<String, String> {
    let mut out = String::new();
    let (mut chars, mut class) = (js.chars().peekable(), false);
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(next)) => {
                chars.next();
                match (next, class) {
                    // JavaScript's classes know ASCII alone.
                    ('d', false) => out.push_str("[0-9]"),
                    ('d', true) => out.push_str("0-9"),
                    ('D', false) => out.push_str("[^0-9]"),
                    ('w', false) => out.push_str("[A-Za-z0-9_]"),
                    ('w', true) => out.push_str("A-Za-z0-9_"),
                    ('W', false) => out.push_str("[^A-Za-z0-9_]"),
                    ('b' | 'B', false) => out.push_str(&format!("(?-u:\\{next})")),
                    (c, _) if c.is_ascii_alphanumeric() || c.is_ascii_punctuation() => out.extend(['\\', c]),
                    (c, _) => out.push(c),
                }
            }
            ('[', next) if !class => {
                class = true;
                out.push('[');
                if matches!(next, Some(']')) {
                    return Err("the pattern has an empty class, which is not supported".into());
                }
            }
            ('[', _) => out.push_str("\\["),
            (']', _) => {
                class = false;
                out.push(']');
            }
            ('&' | '~', Some(next)) if class && next == c => out.extend(['\\', c]),
            (c, _) => out.push(c),
        }
    }
    let built = regex::RegexBuilder::new(&out).size_limit(1 << 20).build();
    built.map(|_| out).map_err(|_| {
        format!(
            "the pattern '{}' is not one of Rust's regex crate (no look-around, no back-references)",
            brief(js)
        )
    })
}

/// An assert in the short form of tables: `contains: x`, `not-regex: y`, or a text to be equal to.
pub(super) fn of_text(text: &str) -> Value {
    let code = ["javascript:", "fn:", "eval:", "python:"];
    if let Some(word) = code.iter().find(|w| text.starts_with(**w)) {
        let kind = if *word == "python:" { "python" } else { "javascript" };
        return json!({"type": kind, "value": text});
    }
    if let Some(path) = text.strip_prefix("file://") {
        let kind = if path.contains(".py") { "python" } else { "javascript" };
        return json!({"type": kind, "value": text});
    }
    if text.starts_with("grade:") {
        return json!({"type": "llm-rubric", "value": text});
    }
    let (head, value) = text.split_once(':').map_or((text, None), |(h, v)| (h, Some(v)));
    let word = head.split('(').next().unwrap_or(head);
    let base = word.strip_prefix("not-").unwrap_or(word);
    if !KINDS.contains(&base) && !MODEL_GRADED.contains(&base) {
        return json!({"type": "equals", "value": text});
    }
    let list = ["contains-any", "contains-all", "icontains-any", "icontains-all"].contains(&base);
    if ["cost", "latency"].contains(&base) {
        let given = head.split_once('(').and_then(|(_, t)| t.strip_suffix(')')?.trim().parse::<f64>().ok());
        return json!({"type": word, "threshold": given.unwrap_or(0.75)});
    }
    match value {
        Some(v) if list => json!({"type": word, "value": v}),
        Some(v) => json!({"type": word, "value": v.trim()}),
        None => json!({"type": word}),
    }
}

/// Kinds that the short form knows, beside those that ask a model.
const KINDS: [&str; 28] = [
    "contains",
    "contains-all",
    "contains-any",
    "contains-html",
    "contains-json",
    "contains-sql",
    "contains-xml",
    "cost",
    "equals",
    "finish-reason",
    "icontains",
    "icontains-all",
    "icontains-any",
    "is-html",
    "is-json",
    "is-refusal",
    "is-sql",
    "is-valid-openai-function-call",
    "is-valid-openai-tools-call",
    "is-xml",
    "latency",
    "levenshtein",
    "bleu",
    "regex",
    "rouge-n",
    "perplexity",
    "starts-with",
    "word-count",
];

#[cfg(test)]
mod unit {
    use super::*;

    #[test]
    fn javascript_patterns_keep_their_meaning() {
        let check = |js: &str, text: &str, expect: bool| {
            let found = regex::Regex::new(&pattern(js).unwrap()).unwrap().is_match(text);
            assert_eq!(found, expect, "{js} on {text}");
        };
        check(r"\d\d", "a 12", true);
        check(r"\d", "٣", false);
        check(r"^\w+$", "naïve", false);
        check(r"a\/b", "a/b", true);
        check(r"[\w.]+@[\w.]+", "a.b@c.d", true);
        check(r"[a&&b]", "&", true);
        check(r"\bcellar\b", "the cellar.", true);
        assert!(pattern("(?=a)").is_err());
        assert!(pattern(r"(a)\1").is_err());
        assert!(pattern("[]").is_err());
    }

    #[test]
    fn the_short_form_of_tables() {
        let check = |text: &str, expect: Value| assert_eq!(of_text(text), expect, "{text}");
        check("contains: a b ", json!({"type": "contains", "value": "a b"}));
        check("not-contains:x", json!({"type": "not-contains", "value": "x"}));
        check("just this: text", json!({"type": "equals", "value": "just this: text"}));
        check("is-json", json!({"type": "is-json"}));
        check("latency(1500)", json!({"type": "latency", "threshold": 1500.0}));
        check("not-cost", json!({"type": "not-cost", "threshold": 0.75}));
        check("similar(0.8): x", json!({"type": "similar", "value": "x"}));
        check("fn: output.length", json!({"type": "javascript", "value": "fn: output.length"}));
        assert_eq!(commas(r#"a, "b, c" ,"d\"e""#).unwrap(), ["a", "b, c", "d\"e"]);
    }
}
