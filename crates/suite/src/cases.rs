//! What is asked: `cases:`, inline or in a data file.
//!
//! Main function: [`read`]. Texts stay byte for byte as written. Must not send
//! or score anything.

use crate::dataset::{self, Line};
use crate::error::{Source, Span, SuiteError, brief};
use crate::forms::{self, Files};
use crate::nearest::distance;
use crate::prompts::Prompts;
use crate::read::{Doc, Fields};
use crate::scoring;
use crate::suite::Open;
use crate::tree::{Kind, Node};
use acidtest_record::Case;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Keys of a case; every other field is a variable.
pub(crate) const KEYS: [&str; 10] =
    ["id", "vars", "expected", "refuse", "cluster", "split", "tags", "scorers", "extract", "tools"];
/// Keys of `cases` as a map.
pub(crate) const FILE_KEYS: [&str; 2] = ["file", "map"];
/// Keys of `map`.
pub(crate) const MAP_KEYS: [&str; 6] = ["id", "expected", "cluster", "split", "refuse", "tags"];
/// Labels that gates already know.
pub(crate) const LABELS: [&str; 2] = ["target", "phase"];

const MAX_CASES: usize = 5_000_000;
/// Longest id, tag, cluster or split, in bytes.
const MAX_LABEL: usize = 500;

/// Which field of a data file is what.
struct Mapping {
    /// Whether the suite says so, or these are the fields' own names.
    given: bool,
    id: String,
    expected: Vec<String>,
    cluster: String,
    split: String,
    refuse: String,
    /// Label and field; `None` where the field `tags` holds them.
    tags: Option<Vec<(String, String)>>,
    /// Every field that the suite names, with its place; each must occur.
    named: Vec<(String, Span)>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            given: false,
            id: "id".to_owned(),
            expected: vec!["expected".to_owned()],
            cluster: "cluster".to_owned(),
            split: "split".to_owned(),
            refuse: "refuse".to_owned(),
            tags: None,
            named: Vec::new(),
        }
    }
}

/// One case as it stands in a file.
enum Row<'a> {
    Inline(&'a Doc, &'a Node),
    Line(Line<'a>),
}

impl Row<'_> {
    /// The text that errors show.
    fn doc(&self) -> Doc {
        match self {
            Row::Inline(doc, _) => (*doc).clone(),
            Row::Line(line) => {
                Source { name: line.file.into(), text: line.text.into(), first_line: line.number }
            }
        }
    }

    /// A field with its place; a missing one and a null are the same.
    fn get(&self, key: &str) -> Option<Node> {
        let node = match self {
            Row::Inline(_, node) => node.get(key)?.clone(),
            Row::Line(line) => Node::of_json(line.fields.get(key)?, self.key_span(key)),
        };
        (!matches!(node.kind, Kind::Null)).then_some(node)
    }

    fn key_span(&self, key: &str) -> Span {
        match self {
            Row::Inline(_, node) => match &node.kind {
                Kind::Map(pairs) => {
                    pairs.iter().find(|(k, _)| k.name == key).map_or(node.span, |(k, _)| k.span)
                }
                _ => node.span,
            },
            Row::Line(line) => {
                let quoted = format!("\"{key}\"");
                let at = line.text.find(&quoted).unwrap_or(0);
                Span {
                    line: line.number,
                    column: line.text[..at].chars().count() as u32 + 1,
                    len: quoted.chars().count() as u32,
                }
            }
        }
    }

    fn number(&self) -> u32 {
        match self {
            Row::Inline(_, node) => node.span.line,
            Row::Line(line) => line.number,
        }
    }

    fn place(&self) -> String {
        match self {
            Row::Inline(doc, _) => format!("{}:{}", doc.name, self.number()),
            Row::Line(line) => format!("{}:{}", line.file, line.number),
        }
    }

    fn fields(&self) -> Map<String, Value> {
        match self {
            Row::Line(line) => line.fields.clone(),
            Row::Inline(_, node) => match node.to_json() {
                Value::Object(map) => map,
                _ => Map::new(),
            },
        }
    }
}

/// Collects the cases of one suite.
struct Collector<'a> {
    suite: &'a Doc,
    /// What cases are checked with; examples are not.
    prompts: Option<&'a Prompts>,
    used: BTreeSet<String>,
    mapping: Mapping,
    seen_fields: BTreeSet<String>,
    /// Where each id stands.
    ids: HashMap<String, u32>,
    cases: Vec<Case>,
}

/// Reads `cases` of the suite.
pub(crate) fn read(
    suite: &Fields<'_>,
    dir: &Path,
    prompts: &Prompts,
    open: Open<'_>,
) -> Result<Vec<Case>, SuiteError> {
    let doc = suite.doc;
    let node = suite.need("cases", "cases.jsonl")?;
    let files = Files { dir, open };
    read_from(doc, node, None, &files, Some(prompts), prompts.variables())
}

/// Reads examples: in the form of `cases`, and with their `map` where the caller gives it.
pub(crate) fn read_examples(
    doc: &Doc,
    node: &Node,
    map: Option<&Node>,
    files: &Files<'_>,
    used: &BTreeSet<String>,
) -> Result<Vec<Case>, SuiteError> {
    read_from(doc, node, map, files, None, used.clone())
}

fn read_from(
    doc: &Doc,
    node: &Node,
    map: Option<&Node>,
    files: &Files<'_>,
    prompts: Option<&Prompts>,
    used: BTreeSet<String>,
) -> Result<Vec<Case>, SuiteError> {
    let (dir, open) = (files.dir, files.open);
    let mut all = Collector {
        suite: doc,
        prompts,
        used,
        mapping: Mapping::default(),
        seen_fields: BTreeSet::new(),
        ids: HashMap::new(),
        cases: Vec::new(),
    };
    match &node.kind {
        Kind::List(items) => {
            for item in items {
                doc.pairs(item, "a case")?;
                all.add(&Row::Inline(doc, item))?;
            }
        }
        Kind::Map(_) => {
            let fields = Fields::open(doc, node, "'cases'", &FILE_KEYS)?;
            if let Some(map) = fields.get("map") {
                all.mapping = mapping(doc, map)?;
            }
            all.file(fields.need("file", "cases.jsonl")?, dir, open)?;
        }
        _ => {
            if let Some(map) = map {
                all.mapping = mapping(doc, map)?;
            }
            all.file(node, dir, open)?;
        }
    }
    if all.cases.is_empty() {
        return Err(doc.at(node, "there are no cases"));
    }
    all.check_mapping()?;
    Ok(all.cases)
}

impl Collector<'_> {
    fn file(&mut self, node: &Node, dir: &Path, open: Open<'_>) -> Result<(), SuiteError> {
        let name = self.suite.text(node, "'cases'")?;
        let path = dir.join(name);
        let other = ["csv", "tsv", "yaml", "yml", "parquet", "xlsx"];
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if other.contains(&extension) {
            let message = format!("'{}' is not a JSON Lines file", brief(name));
            return Err(self
                .suite
                .at(node, message)
                .hint("write one JSON object on each line of a .jsonl file"));
        }
        let shown = path.display().to_string();
        let reader = open(&path).map_err(|e| {
            let message = format!("cannot open '{}': {e}", brief(&shown));
            self.suite.at(node, message).hint("paths are relative to the suite file")
        })?;
        dataset::each_line(&shown, reader, |line| self.add(&Row::Line(line)))
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), SuiteError> {
        let doc = row.doc();
        if self.cases.len() >= MAX_CASES {
            let span = Span { line: row.number(), column: 1, len: 1 };
            return Err(doc.error(span, "more than 5000000 cases"));
        }
        let case = self.case(row, &doc)?;
        if let Some(first) = self.ids.insert(case.id.clone(), row.number()) {
            let key = row.key_span(&self.mapping.id);
            let message = format!("two cases have the id '{}'", brief(&case.id));
            return Err(doc.error(key, message).hint(format!("the first one is on line {first}")));
        }
        if let Some(prompts) = self.prompts {
            prompts.check(self.suite, &case, &row.place())?;
        }
        self.cases.push(case);
        Ok(())
    }

    fn case(&mut self, row: &Row<'_>, doc: &Doc) -> Result<Case, SuiteError> {
        let map = &self.mapping;
        let label = |key: &str| -> Result<Option<String>, SuiteError> {
            let node = row.get(key);
            node.map(|n| label_text(doc, &n, &format!("'{key}'"))).transpose()
        };
        let id = label(&map.id)?.unwrap_or_else(|| format!("case-{}", self.cases.len() + 1));
        let expected = expected(row, doc, map)?;
        let refuse = match row.get(&map.refuse) {
            Some(node) => doc.flag(&node, &format!("'{}'", map.refuse))?,
            None => false,
        };
        let scorers = row.get("scorers");
        let extract = row.get("extract");
        let tools = row.get("tools");
        let vars = self.variables(row, doc)?;
        let map = &self.mapping;
        let case = Case {
            id,
            hash: Case::digest(&vars, &expected, refuse),
            vars,
            expected,
            refuse,
            cluster: label(&map.cluster)?,
            split: label(&map.split)?,
            tags: tags(row, doc, map)?,
            scorers: scorers.map(|n| scoring::scorers(doc, &n, "'scorers'")).transpose()?,
            extraction: extract.map(|n| scoring::extraction(doc, &n, "'extract'")).transpose()?,
            tools: tools.map(|n| forms::checked_tools(doc, &n, "'tools'")).transpose()?,
            ..Case::default()
        };
        if self.mapping.given {
            let fields = self.mapping.named.iter().map(|(field, _)| field);
            let new: Vec<String> = fields.filter(|f| row.get(f).is_some()).cloned().collect();
            self.seen_fields.extend(new);
        }
        Ok(case)
    }

    /// `vars` and every field that has no other meaning; one that has is a
    /// variable too where a template names it.
    fn variables(&self, row: &Row<'_>, doc: &Doc) -> Result<Map<String, Value>, SuiteError> {
        let mut vars = Map::new();
        if let Some(node) = row.get("vars") {
            vars = doc.object(&node, "'vars'")?;
        }
        let map = &self.mapping;
        for (key, value) in row.fields() {
            let mapped = [&map.id, &map.cluster, &map.split, &map.refuse].contains(&&key)
                || map.expected.contains(&key)
                || map.tags.iter().flatten().any(|(_, field)| *field == key);
            let own = ["vars", "scorers", "extract", "tools"].contains(&key.as_str())
                || (key == "tags" && map.tags.is_none());
            let used = self.used.contains(&key);
            if own || (mapped && !used) {
                continue;
            }
            if !used && !map.given {
                check_slip(row, doc, &key)?;
            }
            if vars.contains_key(&key) {
                let message = format!("'{}' is in 'vars' and beside it", brief(&key));
                return Err(doc.error(row.key_span(&key), message));
            }
            vars.insert(key, value);
        }
        Ok(vars)
    }

    /// Every field that the suite's `map` names must occur in at least one case.
    fn check_mapping(&self) -> Result<(), SuiteError> {
        let mut missing = self.mapping.named.iter();
        let Some((field, span)) = missing.find(|(field, _)| !self.seen_fields.contains(field)) else {
            return Ok(());
        };
        let has: BTreeSet<&str> =
            self.cases.iter().take(1).flat_map(|c| c.vars.keys()).map(String::as_str).collect();
        let message = format!("no case has a field '{}'", brief(field));
        let error = self.suite.error(*span, message);
        Err(match crate::nearest::nearest(field, has.iter().copied()) {
            Some(meant) => error.hint(format!("did you mean '{meant}'?")),
            None => error.hint("these are names of fields in the data file"),
        })
    }
}

/// A field that no template uses and that looks like a mistyped key of a case.
fn check_slip(row: &Row<'_>, doc: &Doc, key: &str) -> Result<(), SuiteError> {
    let typed: Vec<char> = key.to_lowercase().chars().take(40).collect();
    let allowed = if typed.len() < 6 { 1 } else { 2 };
    let near = KEYS.iter().find(|known| {
        let known: Vec<char> = known.chars().collect();
        known.len() > 3 && distance(&typed, &known) <= allowed
    });
    match near {
        Some(meant) => Err(doc
            .error(row.key_span(key), format!("unknown key '{}' in a case (expected '{meant}')", brief(key)))
            .hint("if it is a variable, put it under 'vars'")),
        None => Ok(()),
    }
}

fn label_text(doc: &Doc, node: &Node, what: &str) -> Result<String, SuiteError> {
    let text = doc.spelled(node, what)?;
    let bad = if text.trim().is_empty() {
        "is empty"
    } else if text.len() > MAX_LABEL {
        "is longer than 500 bytes"
    } else if text.chars().any(char::is_control) {
        "has a control character"
    } else {
        return Ok(text);
    };
    Err(doc.at(node, format!("{what} {bad}")))
}

/// The reference answers, each once, in order.
fn expected(row: &Row<'_>, doc: &Doc, map: &Mapping) -> Result<Vec<String>, SuiteError> {
    let mut out: Vec<String> = Vec::new();
    for field in &map.expected {
        let Some(node) = row.get(field) else {
            continue;
        };
        let what = format!("'{field}'");
        let items = match &node.kind {
            Kind::List(items) => items.as_slice(),
            _ => std::slice::from_ref(&node),
        };
        for item in items {
            let text = doc.spelled(item, &what)?;
            if text.is_empty() && !map.given {
                return Err(doc
                    .error(row.key_span(field), "an empty expected answer")
                    .hint("leave 'expected' out where there is none"));
            }
            if !text.is_empty() && !out.contains(&text) {
                out.push(text);
            }
        }
    }
    Ok(out)
}

fn tags(row: &Row<'_>, doc: &Doc, map: &Mapping) -> Result<BTreeMap<String, String>, SuiteError> {
    let mut out = BTreeMap::new();
    if let Some(fields) = &map.tags {
        for (label, field) in fields {
            if let Some(node) = row.get(field) {
                out.insert(label.clone(), label_text(doc, &node, &format!("'{field}'"))?);
            }
        }
        return Ok(out);
    }
    let Some(node) = row.get("tags") else {
        return Ok(out);
    };
    if let Kind::Map(pairs) = &node.kind {
        for (key, value) in pairs {
            check_label(doc, &key.name, key.span)?;
            out.insert(key.name.clone(), label_text(doc, value, "a tag")?);
        }
        return Ok(out);
    }
    for item in doc.one_or_more(&node, "'tags'")? {
        let label = label_text(doc, item, "a tag")?;
        check_label(doc, &label, item.span)?;
        out.insert(label, "yes".to_owned());
    }
    Ok(out)
}

/// A tag's name is used in gates, as `accuracy{lang=ko}`.
fn check_label(doc: &Doc, label: &str, span: Span) -> Result<(), SuiteError> {
    if LABELS.contains(&label) {
        let message = format!("a tag cannot be called '{label}': gates use that word");
        return Err(doc.error(span, message));
    }
    let strange = |c: char| c.is_control() || "[]{}=,<>≤≥\"'".contains(c);
    if label.trim().is_empty() || label.contains(strange) {
        let message = format!("'{}' cannot be the name of a tag", brief(label));
        return Err(doc.error(span, message).hint("write letters, digits, '_' and '-'"));
    }
    Ok(())
}

fn mapping(doc: &Doc, node: &Node) -> Result<Mapping, SuiteError> {
    let fields = Fields::open(doc, node, "'map'", &MAP_KEYS)?;
    let mut out = Mapping { given: true, ..Mapping::default() };
    let mut named = Vec::new();
    let mut field = |node: &Node, what: &str| -> Result<String, SuiteError> {
        let name = doc.name(node, what)?;
        named.push((name.clone(), node.span));
        Ok(name)
    };
    let singles = [
        ("id", &mut out.id),
        ("cluster", &mut out.cluster),
        ("split", &mut out.split),
        ("refuse", &mut out.refuse),
    ];
    for (key, slot) in singles {
        if let Some(node) = fields.get(key) {
            *slot = field(node, &format!("'{key}'"))?;
        }
    }
    if let Some(node) = fields.get("expected") {
        let items = doc.one_or_more(node, "'expected'")?;
        out.expected = items.iter().map(|n| field(n, "'expected'")).collect::<Result<_, _>>()?;
    }
    if let Some(node) = fields.get("tags") {
        let mut tags = Vec::new();
        if let Kind::Map(pairs) = &node.kind {
            for (label, value) in pairs {
                check_label(doc, &label.name, label.span)?;
                tags.push((label.name.clone(), field(value, "'tags'")?));
            }
        } else {
            for item in doc.one_or_more(node, "'tags'")? {
                let name = field(item, "'tags'")?;
                check_label(doc, &name, item.span)?;
                tags.push((name.clone(), name));
            }
        }
        out.tags = Some(tags);
    }
    out.named = named;
    Ok(out)
}
