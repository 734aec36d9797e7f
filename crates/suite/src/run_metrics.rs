//! Metrics by name and options: the suite's `metrics`, and scorers that are metrics of texts.
//!
//! Main functions: [`read`] and [`scorer`]. Must not compute anything.

use crate::error::SuiteError;
use crate::nearest::nearest;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_metrics::named::{NotNamed, TEXTS, named, names, option_names};
use acidtest_record::{Case, MetricSpec, ScorerKind};
use std::collections::BTreeMap;

/// Most metrics of a suite.
const MOST: usize = 100;

/// The metrics over all answers that a suite asks for.
pub(crate) fn read(suite: &Fields<'_>) -> Result<Vec<MetricSpec>, SuiteError> {
    let Some(node) = suite.get("metrics") else {
        return Ok(Vec::new());
    };
    let doc = suite.doc;
    let nodes = doc.one_or_more(node, "'metrics'")?;
    if nodes.len() > MOST {
        return Err(doc.at(node, "more than 100 metrics"));
    }
    let mut all: Vec<MetricSpec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let spec = metric(doc, node)?;
        if all.contains(&spec) {
            return Err(doc.at(node, format!("'{}' stands twice", spec.written())));
        }
        all.push(spec);
    }
    Ok(all)
}

/// A name, or a map of one name to its options.
fn metric(doc: &Doc, node: &Node) -> Result<MetricSpec, SuiteError> {
    let (place, name, options) = match &node.kind {
        Kind::Text(name) => (node.span, name.as_str(), None),
        _ => match doc.pairs(node, "a metric")? {
            [(key, options)] => (key.span, key.name.as_str(), Some(options)),
            _ => {
                return Err(doc
                    .at(node, "a metric is a name, or one name with its options")
                    .hint("write `- bleu`, or `- bleu: { tokenize: char }`"));
            }
        },
    };
    if !names().any(|known| known == name) {
        let known: Vec<&str> = names().collect();
        return Err(doc.unknown(place, "metric", name, "", &known));
    }
    let mut given = BTreeMap::new();
    if let Some(options) = options {
        for (key, value) in doc.pairs(options, &format!("'{name}'"))? {
            let known = option_names(name);
            if !known.contains(&key.name.as_str()) {
                return Err(doc.unknown(key.span, "option", &key.name, &format!(" of {name}"), known));
            }
            given.insert(key.name.clone(), doc.spelled(value, &format!("'{}'", key.name))?);
        }
    }
    let spec = MetricSpec { metric: name.to_owned(), options: given };
    check(doc, options.unwrap_or(node), &spec)?;
    Ok(spec)
}

fn check(doc: &Doc, node: &Node, spec: &MetricSpec) -> Result<(), SuiteError> {
    named(&spec.metric, &spec.options).map(|_| ()).map_err(|why| {
        let place = match &why {
            NotNamed::Value { option, .. } => node.get(option).unwrap_or(node),
            _ => node,
        };
        doc.at(place, why.to_string())
    })
}

/// Keys of options that scorers which are metrics of texts take, each of its own.
pub(crate) fn scorer_keys(word: &str) -> Option<&'static [&'static str]> {
    TEXTS.contains(&word).then(|| option_names(word))
}

/// A scorer that is a metric of texts; `fields` is absent where only its name was written.
pub(crate) fn scorer(
    doc: &Doc,
    node: &Node,
    word: &str,
    fields: Option<&Fields<'_>>,
) -> Result<ScorerKind, SuiteError> {
    let mut options = BTreeMap::new();
    if let Some(fields) = fields {
        for option in option_names(word) {
            if let Some(value) = fields.maybe(option, Doc::spelled)? {
                options.insert((*option).to_owned(), value);
            }
        }
    }
    let spec = MetricSpec { metric: word.to_owned(), options };
    check(doc, fields.map_or(node, |f| f.node), &spec)?;
    Ok(ScorerKind::Text(spec))
}

/// A metric that compares with expected answers is of no use where no case has one, and one
/// label must be some case's.
pub(crate) fn check_cases(suite: &Fields<'_>, all: &[MetricSpec], cases: &[Case]) -> Result<(), SuiteError> {
    let Some(node) = suite.get("metrics").filter(|_| !all.is_empty()) else {
        return Ok(());
    };
    let doc = suite.doc;
    let nodes = doc.one_or_more(node, "'metrics'")?;
    for (spec, node) in all.iter().zip(nodes) {
        let by_verdicts = ["pass@k", "pass^k", "majority"].contains(&spec.metric.as_str());
        if !by_verdicts && cases.iter().all(|c| c.expected.is_empty()) {
            return Err(doc
                .at(node, format!("'{}' needs expected answers, and no case has one", spec.metric))
                .hint(
                    "give the cases `expected`, or map it: `cases: { file: …, map: { expected: FIELD } }`",
                ));
        }
        let Some(label) = spec.options.get("positive") else { continue };
        let labels = || cases.iter().filter_map(|c| c.expected.first()).map(|t| t.trim());
        if !labels().any(|l| l == label) {
            let error = doc.at(node, format!("no case has the label '{label}'"));
            return Err(match nearest(label, labels()) {
                Some(word) => error.hint(format!("did you mean '{word}'?")),
                None => error.hint("the label of a case is its first expected answer"),
            });
        }
    }
    Ok(())
}
