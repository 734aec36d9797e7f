//! What every case has unless it says otherwise: `defaults:`.
//!
//! Main type: [`CaseDefaults`]. `vars`, `tags` and `params` are filled key by key, all
//! else as a whole. Must not touch what a case says itself.

use crate::error::SuiteError;
use crate::mapping::check_label;
use crate::overrides::{self, Overrides};
use crate::read::{Doc, Fields};
use crate::row::label_text;
use crate::scoring;
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Extraction, ScorerSpec};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Keys of `defaults`.
pub(crate) const KEYS: [&str; 11] = [
    "vars", "refuse", "cluster", "split", "tags", "scorers", "extract", "params", "prompt", "timeout",
    "xfail",
];

/// What every case has unless it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct CaseDefaults {
    pub(crate) refuse: bool,
    vars: Map<String, Value>,
    cluster: Option<String>,
    split: Option<String>,
    tags: BTreeMap<String, String>,
    scorers: Option<Vec<ScorerSpec>>,
    extraction: Option<Extraction>,
    own: Overrides,
}

/// Reads `defaults` of the suite.
pub(crate) fn read(suite: &Fields<'_>) -> Result<CaseDefaults, SuiteError> {
    let Some(node) = suite.get("defaults") else {
        return Ok(CaseDefaults::default());
    };
    let doc = suite.doc;
    let fields = Fields::open(doc, node, "'defaults'", &KEYS)?;
    Ok(CaseDefaults {
        refuse: fields.maybe("refuse", Doc::flag)?.unwrap_or(false),
        vars: fields.maybe("vars", Doc::object)?.unwrap_or_default(),
        cluster: fields.maybe("cluster", label_text)?,
        split: fields.maybe("split", label_text)?,
        tags: fields.maybe("tags", tags)?.unwrap_or_default(),
        scorers: fields.maybe("scorers", scoring::scorers)?,
        extraction: fields.maybe("extract", scoring::extraction)?,
        own: overrides::read(doc, &|key| fields.get(key).cloned())?,
    })
}

fn tags(doc: &Doc, node: &Node, what: &str) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    if let Kind::Map(pairs) = &node.kind {
        for (key, value) in pairs {
            check_label(doc, &key.name, key.span)?;
            out.insert(key.name.clone(), label_text(doc, value, "a tag")?);
        }
        return Ok(out);
    }
    for item in doc.one_or_more(node, what)? {
        let label = label_text(doc, item, "a tag")?;
        check_label(doc, &label, item.span)?;
        out.insert(label, "yes".to_owned());
    }
    Ok(out)
}

impl CaseDefaults {
    /// Fills in what a case does not say.
    pub(crate) fn fill(&self, case: &mut Case) {
        for (name, value) in &self.vars {
            if !case.vars.contains_key(name) {
                case.vars.insert(name.clone(), value.clone());
            }
        }
        for (name, value) in &self.own.params {
            if !case.params.contains_key(name) {
                case.params.insert(name.clone(), value.clone());
            }
        }
        for (label, value) in &self.tags {
            case.tags.entry(label.clone()).or_insert_with(|| value.clone());
        }
        let fill = |slot: &mut Option<String>, value: &Option<String>| {
            if slot.is_none() {
                slot.clone_from(value);
            }
        };
        fill(&mut case.cluster, &self.cluster);
        fill(&mut case.split, &self.split);
        fill(&mut case.xfail, &self.own.xfail);
        case.scorers = case.scorers.take().or_else(|| self.scorers.clone());
        case.extraction = case.extraction.take().or_else(|| self.extraction.clone());
        case.prompt = case.prompt.take().or_else(|| self.own.prompt.clone());
        case.timeout_s = case.timeout_s.or(self.own.timeout_s);
    }
}
