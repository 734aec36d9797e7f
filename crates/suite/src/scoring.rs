//! What counts as right: `extract:`, `scorers:` and `gates:`.
//!
//! Main functions: [`extraction`], [`scorers`] and [`gates`]. Scorers are only
//! named here; the engine runs them.

use crate::error::{Span, SuiteError, brief};
use crate::extract::compile_pattern;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use crate::{json_scoring, run_metrics, text_scoring};
use acidtest_record::{Extraction, Gate, ScorerKind, ScorerSpec};

/// Keys of an extraction.
pub(crate) const EXTRACT_KEYS: [&str; 3] = ["regex", "pointer", "letter"];
/// Words of an extraction.
pub(crate) const EXTRACT_WORDS: [&str; 3] = ["whole", "last_number", "letter"];
/// Keys that every scorer has.
pub(crate) const COMMON: [&str; 5] = ["type", "name", "weight", "not", "pass"];
/// Keys of a combination.
pub(crate) const COMBINED: [&str; 6] = ["all", "any", "name", "weight", "not", "pass"];
/// Keys of one kind of scorer, beside [`COMMON`].
pub(crate) const OPTIONS: [&str; 50] = [
    "ignore_case",
    "any_of",
    "pattern",
    "abs",
    "rel",
    "unicode",
    "reading",
    "schema",
    "draft",
    "pointer",
    "as",
    "values",
    "forms",
    "match",
    "ordered",
    "fields",
    "is",
    "like",
    "allowed",
    "vars",
    "words",
    "file",
    "unit",
    "min",
    "max",
    "ttft",
    "e2e",
    "run",
    "timeout",
    "memory",
    "env",
    "jobs",
    "rule",
    "tokenize",
    "lowercase",
    "smooth",
    "smooth_value",
    "max_order",
    "char_order",
    "word_order",
    "beta",
    "whitespace",
    "normalized",
    "no_punct",
    "asian_support",
    "case_sensitive",
    "stemmer",
    "part",
    "alpha",
    "gamma",
];

const MAX_SCORERS: usize = 200;
const MAX_GATES: usize = 1000;
const MAX_DEPTH: usize = 8;

/// Reads an extraction.
pub(crate) fn extraction(doc: &Doc, node: &Node, what: &str) -> Result<Extraction, SuiteError> {
    if let Kind::Text(word) = &node.kind {
        return match word.as_str() {
            "whole" => Ok(Extraction::Whole),
            "last_number" => Ok(Extraction::LastNumber),
            "letter" => Ok(Extraction::Letter("ABCD".to_owned())),
            other => Err(doc.unknown(node.span, "extraction", other, "", &EXTRACT_WORDS)),
        };
    }
    let fields = Fields::open(doc, node, what, &EXTRACT_KEYS)?;
    let (kind, value) = fields.one_of(&EXTRACT_KEYS)?;
    let text = doc.text(value, &format!("'{kind}'"))?;
    match kind {
        "regex" => {
            check_pattern(doc, value, text)?;
            Ok(Extraction::Regex(text.to_owned()))
        }
        "pointer" if text.is_empty() || text.starts_with('/') => Ok(Extraction::Pointer(text.to_owned())),
        "pointer" => {
            Err(doc.at(value, "a JSON pointer begins with '/'").hint(format!("write '/{}'", brief(text))))
        }
        _ => letters(doc, value, text),
    }
}

fn letters(doc: &Doc, node: &Node, text: &str) -> Result<Extraction, SuiteError> {
    let all = text.bytes().all(|b| b.is_ascii_uppercase());
    let distinct = text.bytes().enumerate().all(|(i, b)| !text.as_bytes()[..i].contains(&b));
    if all && distinct && text.len() >= 2 {
        return Ok(Extraction::Letter(text.to_owned()));
    }
    Err(doc.at(node, "'letter' must be two or more different capitals").hint("such as ABCD"))
}

fn check_pattern(doc: &Doc, node: &Node, pattern: &str) -> Result<(), SuiteError> {
    compile_pattern(pattern).map(|_| ()).map_err(|why| {
        doc.at(node, format!("not a valid pattern: {why}"))
            .hint("the syntax is that of Rust's regex crate: no look-around, no back-references")
    })
}

/// Reads a list of scorers, or one.
pub(crate) fn scorers(doc: &Doc, node: &Node, what: &str) -> Result<Vec<ScorerSpec>, SuiteError> {
    scorers_at(doc, node, what, 0)
}

fn scorers_at(doc: &Doc, node: &Node, what: &str, depth: usize) -> Result<Vec<ScorerSpec>, SuiteError> {
    let nodes = doc.one_or_more(node, what)?;
    if nodes.len() > MAX_SCORERS {
        return Err(doc.at(node, "more than 200 scorers"));
    }
    if depth > MAX_DEPTH {
        return Err(doc.at(node, "scorers combined more than 8 deep"));
    }
    let mut out: Vec<ScorerSpec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (mut scorer, named) = scorer(doc, node, depth)?;
        let taken = |name: &str| out.iter().any(|s| s.name == name);
        if taken(&scorer.name) && named {
            let place = node.get("name").unwrap_or(node);
            let message = format!("two scorers are called '{}'", scorer.name);
            return Err(doc.at(place, message));
        }
        scorer.name = free_name(&scorer.name, taken);
        out.push(scorer);
    }
    Ok(out)
}

/// The name, or the name with the first number that is free.
pub(crate) fn free_name(name: &str, taken: impl Fn(&str) -> bool) -> String {
    if !taken(name) {
        return name.to_owned();
    }
    (2..).map(|n| format!("{name}-{n}")).find(|n| !taken(n)).expect("there are fewer names than numbers")
}

fn scorer(doc: &Doc, node: &Node, depth: usize) -> Result<(ScorerSpec, bool), SuiteError> {
    match &node.kind {
        Kind::Text(word) => {
            let kind = simple(doc, node, word, None)?;
            let spec = finish(None, kind, false, 1.0, None);
            Ok((spec, false))
        }
        // `{ fields: … }` is short for `{ type: fields, fields: … }`.
        Kind::Map(_) if node.get("type").is_none() && node.get("fields").is_some() => {
            named(doc, node, node, "fields")
        }
        Kind::Map(_) if node.get("all").or(node.get("any")).is_some() => combination(doc, node, depth),
        _ => typed(doc, node),
    }
}

/// A scorer written as a map with its `type`.
fn typed(doc: &Doc, node: &Node) -> Result<(ScorerSpec, bool), SuiteError> {
    let pairs = doc.pairs(node, "a scorer")?;
    let Some(type_node) = node.get("type") else {
        let known: Vec<&str> = COMMON.into_iter().chain(["all", "any"]).chain(OPTIONS).collect();
        let strange = pairs.iter().find(|(k, _)| !known.contains(&k.name.as_str()));
        return Err(match strange {
            Some((key, _)) if ScorerKind::WORDS.contains(&key.name.as_str()) => doc
                .error(key.span, format!("'{}' is a type of scorer, not a key", key.name))
                .hint(format!("write `type: {}`", key.name)),
            Some((key, _)) => doc.unknown(key.span, "key", &key.name, " in a scorer", &known),
            None => doc
                .error(Span { len: 1, ..node.span }, "a scorer needs 'type', 'all' or 'any'")
                .hint(format!("types: {}", ScorerKind::WORDS.join(" "))),
        });
    };
    let word = doc.text(type_node, "'type'")?;
    if ["all", "any"].contains(&word) {
        return Err(doc
            .error(type_node.span, format!("'{word}' is no type of scorer"))
            .hint(format!("a combination is written `{{ {word}: [contains, …] }}`")));
    }
    named(doc, node, type_node, word)
}

/// A scorer of a known type, with its options.
fn named(doc: &Doc, node: &Node, type_node: &Node, word: &str) -> Result<(ScorerSpec, bool), SuiteError> {
    if !ScorerKind::WORDS.contains(&word) {
        return Err(doc.unknown(type_node.span, "type of scorer", word, "", &ScorerKind::WORDS));
    }
    let own: &[&str] = match word {
        "exact" => &["ignore_case"],
        "contains" | "starts_with" => &["ignore_case", "any_of"],
        "regex" => &["pattern"],
        "numeric" => &["abs", "rel"],
        "token_f1" | "char_f1" => &["unicode"],
        _ => json_scoring::keys(word)
            .or_else(|| text_scoring::keys(word))
            .or_else(|| run_metrics::scorer_keys(word))
            .unwrap_or(&[]),
    };
    let known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
    let what = format!("a scorer of type {word}");
    let fields = Fields::open(doc, node, &what, &known)?;
    let mut kind = simple(doc, type_node, word, Some(&fields))?;
    let name = fields.maybe("name", Doc::name)?;
    let named = name.is_some();
    let pass = fields.maybe("pass", |doc, node, what| doc.number(node, what, 0.0..=1.0))?;
    if let (ScorerKind::JsonField { field, .. }, Some(pass)) = (&mut kind, pass) {
        field.pass = pass;
    }
    let (negate, weight) = negate_and_weight(&fields)?;
    Ok((finish(name, kind, negate, weight, pass), named))
}

fn simple(doc: &Doc, node: &Node, word: &str, fields: Option<&Fields<'_>>) -> Result<ScorerKind, SuiteError> {
    let flag = |key: &str| -> Result<bool, SuiteError> {
        let given = fields.map(|f| f.maybe(key, Doc::flag)).transpose()?;
        Ok(given.flatten().unwrap_or(false))
    };
    let any_of = || fields.map(|f| f.maybe("any_of", texts)).transpose();
    let tolerance = |key: &str, default: f64| -> Result<f64, SuiteError> {
        let read = |doc: &Doc, node: &Node, what: &str| doc.number(node, what, 0.0..=1e300);
        let given = fields.map(|f| f.maybe(key, read)).transpose()?;
        Ok(given.flatten().unwrap_or(default))
    };
    Ok(match word {
        "exact" => ScorerKind::Exact { ignore_case: flag("ignore_case")? },
        "contains" => ScorerKind::Contains { ignore_case: flag("ignore_case")?, any_of: any_of()?.flatten() },
        "starts_with" => {
            ScorerKind::StartsWith { ignore_case: flag("ignore_case")?, any_of: any_of()?.flatten() }
        }
        "numeric" => ScorerKind::Numeric { abs: tolerance("abs", 0.0)?, rel: tolerance("rel", 1e-9)? },
        "token_f1" => ScorerKind::TokenF1 { unicode: flag("unicode")? },
        "char_f1" => ScorerKind::CharF1 { unicode: flag("unicode")? },
        "refusal" => ScorerKind::Refusal,
        "regex" => {
            let Some(fields) = fields else {
                return Err(doc
                    .at(node, "the scorer 'regex' needs a pattern")
                    .hint("write `{ type: regex, pattern: '…' }`"));
            };
            let value = fields.need("pattern", "'…'")?;
            let pattern = doc.text(value, "'pattern'")?;
            check_pattern(doc, value, pattern)?;
            ScorerKind::Regex { pattern: pattern.to_owned() }
        }
        other if json_scoring::keys(other).is_some() => json_scoring::read(doc, node, other, fields)?,
        other if text_scoring::keys(other).is_some() => text_scoring::read(doc, node, other, fields)?,
        other if run_metrics::scorer_keys(other).is_some() => run_metrics::scorer(doc, node, other, fields)?,
        other => return Err(doc.unknown(node.span, "scorer", other, "", &ScorerKind::WORDS)),
    })
}

/// Texts to look for; an empty one would be found everywhere.
pub(crate) fn texts(doc: &Doc, node: &Node, what: &str) -> Result<Vec<String>, SuiteError> {
    let items = doc.one_or_more(node, what)?;
    items
        .iter()
        .map(|item| match doc.spelled(item, what)? {
            text if text.is_empty() => Err(doc.at(item, format!("an empty text in {what}"))),
            text => Ok(text),
        })
        .collect()
}

/// `all` or `any` over other scorers.
fn combination(doc: &Doc, node: &Node, depth: usize) -> Result<(ScorerSpec, bool), SuiteError> {
    let fields = Fields::open(doc, node, "a combination of scorers", &COMBINED)?;
    let (word, list) = fields.one_of(&["all", "any"])?;
    let parts = scorers_at(doc, list, &format!("'{word}'"), depth + 1)?;
    if let Some(i) = parts.iter().position(|s| s.pass.is_none()) {
        let place = doc.one_or_more(list, word)?.get(i).unwrap_or(list);
        return Err(doc
            .at(place, format!("'{}' within '{word}' needs 'pass'", parts[i].name))
            .hint(format!("write `{{ type: {}, pass: 0.5 }}`", parts[i].kind.word())));
    }
    let kind = match word {
        "all" => ScorerKind::All(parts),
        _ => ScorerKind::Any(parts),
    };
    let name = fields.maybe("name", Doc::name)?;
    let named = name.is_some();
    let pass = fields.maybe("pass", |doc, node, what| doc.number(node, what, 0.0..=1.0))?;
    let (negate, weight) = negate_and_weight(&fields)?;
    Ok((finish(name, kind, negate, weight, pass), named))
}

fn negate_and_weight(fields: &Fields<'_>) -> Result<(bool, f64), SuiteError> {
    let negate = fields.maybe("not", Doc::flag)?.unwrap_or(false);
    let weight = fields.maybe("weight", |doc, node, what| doc.number(node, what, 0.0..=1e6))?;
    Ok((negate, weight.unwrap_or(1.0)))
}

/// Fills in the name and what passes: a check passes at 1, a measure only where the suite says so.
fn finish(
    name: Option<String>,
    kind: ScorerKind,
    negate: bool,
    weight: f64,
    pass: Option<f64>,
) -> ScorerSpec {
    let measures =
        matches!(kind, ScorerKind::TokenF1 { .. } | ScorerKind::CharF1 { .. } | ScorerKind::Text(_));
    let word = match kind {
        ScorerKind::TokenF1 { unicode: true } => "token_f1_unicode",
        ScorerKind::CharF1 { unicode: true } => "char_f1_unicode",
        _ => kind.word(),
    };
    let prefix = if negate { "not_" } else { "" };
    ScorerSpec {
        name: name.unwrap_or_else(|| format!("{prefix}{word}")),
        kind,
        negate,
        weight,
        pass: pass.or((!measures).then_some(1.0)),
    }
}

/// Whether a scorer compares with the case's reference answers.
pub(crate) fn needs_reference(scorer: &ScorerSpec) -> bool {
    match &scorer.kind {
        ScorerKind::Exact { .. }
        | ScorerKind::Numeric { .. }
        | ScorerKind::TokenF1 { .. }
        | ScorerKind::CharF1 { .. }
        | ScorerKind::Text(_)
        | ScorerKind::JsonField { .. }
        | ScorerKind::Fields { .. } => true,
        ScorerKind::Contains { any_of, .. }
        | ScorerKind::StartsWith { any_of, .. }
        | ScorerKind::KoreanMatch { any_of } => any_of.is_none(),
        ScorerKind::All(parts) | ScorerKind::Any(parts) => parts.iter().any(needs_reference),
        _ => false,
    }
}

/// Reads `gates`, each with its place.
pub(crate) fn gates(suite: &Fields<'_>) -> Result<(Vec<Gate>, Vec<Node>), SuiteError> {
    let Some(node) = suite.get("gates") else {
        return Ok((Vec::new(), Vec::new()));
    };
    let doc = suite.doc;
    // A suite without gates only measures; an empty list says so.
    let nodes = match &node.kind {
        crate::tree::Kind::List(items) => items.as_slice(),
        _ => std::slice::from_ref(node),
    };
    if nodes.len() > MAX_GATES {
        return Err(doc.at(node, "more than 1000 gates"));
    }
    let mut gates = Vec::with_capacity(nodes.len());
    for node in nodes {
        let text = doc.text(node, "a gate")?;
        let gate = Gate::parse(text).map_err(|bad| {
            let span = within(doc, node, text, bad.at);
            doc.error(span, bad.what.clone()).hint(bad.hint.clone())
        })?;
        gates.push(gate);
    }
    Ok((gates, nodes.to_vec()))
}

/// The place of byte `at` of a one-line text: its caret points into the quotes.
pub(crate) fn within(doc: &Doc, node: &Node, text: &str, at: usize) -> Span {
    let written = node.bytes.and_then(|(begin, end)| doc.text.get(begin..end));
    let quote = match written.and_then(|w| w.find(text)) {
        Some(offset) => offset as u32,
        None => return node.span,
    };
    // The trouble may begin with the blank before it.
    let blank = text.get(at..).map_or(0, |t| t.len() - t.trim_start().len());
    let before = text.get(..at + blank).map_or(0, |t| t.chars().count()) as u32;
    let whole = text.chars().count() as u32;
    Span { column: node.span.column + quote + before, len: whole.saturating_sub(before).max(1), ..node.span }
}
