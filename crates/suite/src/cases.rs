//! What is asked: `cases:`, inline, as a table, in data files or in a folder.
//!
//! Main function: [`read`]. Texts stay byte for byte as written. Must not send
//! or score anything.

use crate::data::{self, FORMATS, Format};
use crate::defaults::CaseDefaults;
use crate::error::{Span, SuiteError, brief};
use crate::files::Files;
use crate::folder;
use crate::forms;
use crate::mapping::{Mapping, mapping};
use crate::nearest::distance;
use crate::overrides;
use crate::prompts::Prompts;
use crate::read::{Doc, Fields};
use crate::row::{self, Row, label_text};
use crate::scoring;
use crate::tree::{Kind, Node};
use acidtest_record::Case;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

/// Keys of a case; every other field is a variable.
pub(crate) const KEYS: [&str; 15] = [
    "id", "vars", "expected", "refuse", "cluster", "split", "tags", "scorers", "extract", "params", "prompt",
    "timeout", "skip", "xfail", "tools",
];
/// Keys of a case whose slips are looked for among variables.
const EASILY_MISTYPED: usize = 9;
/// Keys of `cases` as a map.
pub(crate) const FILE_KEYS: [&str; 8] =
    ["file", "format", "folder", "config", "split", "revision", "table", "map"];
/// Keys of `table` as a map.
pub(crate) const TABLE_KEYS: [&str; 2] = ["columns", "rows"];

const MAX_CASES: usize = 5_000_000;

/// The cases of a suite, before any are chosen.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) cases: Vec<Case>,
    /// Ids of those that are skipped, with the reasons.
    pub(crate) skips: BTreeMap<String, String>,
    /// Where they came from, where that is worth a word.
    pub(crate) origin: Option<String>,
}

/// Collects the cases of one suite.
struct Collector<'a> {
    suite: &'a Doc,
    /// What cases are checked with; examples are not.
    prompts: Option<&'a Prompts>,
    defaults: &'a CaseDefaults,
    used: BTreeSet<String>,
    mapping: Mapping,
    seen_fields: BTreeSet<String>,
    /// The split of a file whose rows name none.
    split: Option<String>,
    /// Where each id stands.
    ids: HashMap<String, String>,
    out: Read,
}

/// Reads `cases` of the suite.
pub(crate) fn read(
    suite: &Fields<'_>,
    prompts: &Prompts,
    defaults: &CaseDefaults,
    files: Files<'_>,
) -> Result<Read, SuiteError> {
    let doc = suite.doc;
    let node = suite.need("cases", "cases.jsonl")?;
    let how = Reading { map: None, prompts: Some(prompts), defaults, used: prompts.variables() };
    read_from(doc, node, how, files)
}

/// How cases are read.
struct Reading<'a> {
    map: Option<&'a Node>,
    /// What cases are checked with; examples are not.
    prompts: Option<&'a Prompts>,
    defaults: &'a CaseDefaults,
    used: BTreeSet<String>,
}

/// Reads examples: in the form of `cases`, and with their `map` where the caller gives it.
pub(crate) fn read_examples(
    doc: &Doc,
    node: &Node,
    map: Option<&Node>,
    files: Files<'_>,
    used: &BTreeSet<String>,
) -> Result<Vec<Case>, SuiteError> {
    let how = Reading { map, prompts: None, defaults: &CaseDefaults::default(), used: used.clone() };
    Ok(read_from(doc, node, how, files)?.cases)
}

fn read_from(doc: &Doc, node: &Node, how: Reading<'_>, files: Files<'_>) -> Result<Read, SuiteError> {
    let Reading { map, prompts, defaults, used } = how;
    let mut all = Collector {
        suite: doc,
        prompts,
        defaults,
        used,
        mapping: Mapping::default(),
        seen_fields: BTreeSet::new(),
        split: None,
        ids: HashMap::new(),
        out: Read::default(),
    };
    match &node.kind {
        Kind::List(items) => all.inline(items)?,
        Kind::Map(_) => all.described(node, files)?,
        _ => {
            if let Some(map) = map {
                all.mapping = mapping(doc, map)?;
            }
            all.file(node, None, files)?;
        }
    }
    if all.out.cases.is_empty() {
        return Err(doc.at(node, "there are no cases"));
    }
    all.check_mapping()?;
    Ok(all.out)
}

impl Collector<'_> {
    fn inline(&mut self, items: &[Node]) -> Result<(), SuiteError> {
        for item in items {
            self.suite.pairs(item, "a case")?;
            self.add(&Row::Inline(self.suite, item))?;
        }
        Ok(())
    }

    /// `cases` as a map: files, a folder or a table.
    fn described(&mut self, node: &Node, files: Files<'_>) -> Result<(), SuiteError> {
        let doc = self.suite;
        let fields = Fields::open(doc, node, "'cases'", &FILE_KEYS)?;
        if let Some(map) = fields.get("map") {
            self.mapping = mapping(doc, map)?;
        }
        let (kind, value) = fields.one_of(&["file", "folder", "table"])?;
        let needs = |keys: &[&str], owner: &str| -> Result<(), SuiteError> {
            match keys.iter().find_map(|k| fields.get(k).map(|n| (k, n))).filter(|_| kind != owner) {
                Some((key, place)) => {
                    Err(doc.at(place, format!("'{key}' belongs to '{owner}', not to '{kind}'")))
                }
                None => Ok(()),
            }
        };
        needs(&["config", "revision"], "folder")?;
        needs(&["format"], "file")?;
        match kind {
            "folder" => self.folder(&fields, value, files),
            "table" => self.table(value),
            _ => {
                let format = fields.maybe("format", format)?;
                self.split = fields.maybe("split", label_text)?;
                for file in doc.one_or_more(value, "'file'")? {
                    self.file(file, format, files)?;
                }
                Ok(())
            }
        }
    }

    fn file(&mut self, node: &Node, format: Option<Format>, files: Files<'_>) -> Result<(), SuiteError> {
        let name = self.suite.text(node, "'cases'")?;
        let folder = self.suite.place(node.span.line).0;
        let path = Path::new(folder).parent().unwrap_or(Path::new("")).join(name);
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
        if format.is_none() && ["yaml", "yml", "xlsx", "xls", "arrow", "zip", "gz"].contains(&extension) {
            let message = format!("cases cannot be read from '{}'", brief(name));
            return Err(self.suite.at(node, message).hint("files end in .jsonl .json .csv .tsv or .parquet"));
        }
        self.open(node, &path, format, files)
    }

    fn open(
        &mut self,
        node: &Node,
        path: &Path,
        format: Option<Format>,
        files: Files<'_>,
    ) -> Result<(), SuiteError> {
        let format = format.or(Format::of(path)).unwrap_or(Format::Lines);
        let shown = path.display().to_string();
        let reader = (files.open)(path).map_err(|e| {
            let message = format!("cannot open '{}': {e}", brief(&shown));
            self.suite.at(node, message).hint("paths are relative to the suite file")
        })?;
        data::each_row(format, &shown, reader, &mut |line| self.add(&Row::Line(line)))
    }

    /// A folder laid out as a dataset of the Hugging Face hub.
    fn folder(&mut self, fields: &Fields<'_>, node: &Node, files: Files<'_>) -> Result<(), SuiteError> {
        let doc = self.suite;
        let name = doc.text(node, "'folder'")?;
        let from = Path::new(doc.place(node.span.line).0).parent().unwrap_or(Path::new(""));
        let folder = from.join(name);
        let splits = match fields.get("split") {
            Some(given) => {
                let items = doc.one_or_more(given, "'split'")?.iter();
                items.map(|n| Ok((n, label_text(doc, n, "'split'")?))).collect::<Result<_, _>>()?
            }
            None => Vec::new(),
        };
        let config = fields.get("config").map(|n| Ok((n, doc.name(n, "'config'")?))).transpose()?;
        let revision = fields.maybe("revision", Doc::name)?;
        let mut words = format!("folder {name}");
        for (key, value) in [("config", config.as_ref().map(|c| &c.1)), ("revision", revision.as_ref())] {
            if let Some(value) = value {
                words.push_str(&format!(", {key} {value}"));
            }
        }
        let wanted = folder::Wanted { doc, folder_node: node, folder: &folder, config, splits };
        let parts = folder::files_of(&wanted, files)?;
        let mut names: Vec<&str> = parts.iter().map(|p| p.split.as_str()).collect();
        names.dedup();
        self.out.origin = Some(format!("{words}, split {}", names.join(" and ")));
        for part in &parts {
            self.split = Some(part.split.clone());
            self.open(node, &folder.join(&part.path), None, files)?;
        }
        Ok(())
    }

    /// Rows of a table written in the suite: a list of maps, or columns and rows.
    fn table(&mut self, node: &Node) -> Result<(), SuiteError> {
        let doc = self.suite;
        if let Kind::List(items) = &node.kind {
            return self.inline(items);
        }
        let fields = Fields::open(doc, node, "'table'", &TABLE_KEYS)?;
        let columns = doc.full_list(fields.need("columns", "[a, b]")?, "'columns'")?;
        let mut keys = Vec::with_capacity(columns.len());
        for column in columns {
            let name = doc.name(column, "a column")?;
            if keys.iter().any(|k: &crate::tree::Key| k.name == name) {
                return Err(doc.at(column, format!("two columns are called '{}'", brief(&name))));
            }
            keys.push(crate::tree::Key { name, span: column.span });
        }
        for row in doc.full_list(fields.need("rows", "[[1, 2]]")?, "'rows'")? {
            let cells = doc.list(row, "a row")?;
            if cells.len() != keys.len() {
                let message = format!("the row has {} cells for {} columns", cells.len(), keys.len());
                return Err(doc.at(row, message));
            }
            let pairs = keys.iter().zip(cells);
            let pairs = pairs.map(|(k, c)| (crate::tree::Key { span: c.span, ..k.clone() }, c.clone()));
            let case = Node { span: row.span, bytes: row.bytes, kind: Kind::Map(pairs.collect()) };
            self.add(&Row::Inline(doc, &case))?;
        }
        Ok(())
    }

    fn add(&mut self, row: &Row<'_>) -> Result<(), SuiteError> {
        let doc = row.doc();
        if self.out.cases.len() >= MAX_CASES {
            let span = Span { line: row.number(), column: 1, len: 1 };
            return Err(doc.error(span, "more than 5000000 cases"));
        }
        let (case, skip) = self.case(row, &doc)?;
        if let Some(first) = self.ids.insert(case.id.clone(), row.place()) {
            let key = row.key_span(&self.mapping.id);
            let message = format!("two cases have the id '{}'", brief(&case.id));
            return Err(doc.error(key, message).hint(format!("the first one is at {first}")));
        }
        match skip {
            Some(reason) => {
                self.out.skips.insert(case.id.clone(), reason);
            }
            None if case.prompt.is_some() => overrides::check_prompt(&case, &doc, row.key_span("prompt"))?,
            None => {
                if let Some(prompts) = self.prompts {
                    prompts.check(self.suite, &case, &row.place())?;
                }
            }
        }
        self.out.cases.push(case);
        Ok(())
    }

    /// The case of a row, and why it is skipped, if it is.
    fn case(&mut self, row: &Row<'_>, doc: &Doc) -> Result<(Case, Option<String>), SuiteError> {
        let map = &self.mapping;
        let label = |key: &str| -> Result<Option<String>, SuiteError> {
            let node = row.get(key);
            node.map(|n| label_text(doc, &n, &format!("'{key}'"))).transpose()
        };
        let id = label(&map.id)?.unwrap_or_else(|| format!("case-{}", self.out.cases.len() + 1));
        let expected = row::expected(row, doc, map)?;
        let refuse = match row.get(&map.refuse).is_some() {
            true => row::refuse(row, doc, &map.refuse)?,
            false => self.defaults.refuse,
        };
        let get = |key: &str| row.get(key).filter(|_| !row.is_table());
        let own = overrides::read(doc, &|key| get(key).filter(|_| self.is_override(key)))?;
        let scorers = get("scorers").map(|n| scoring::scorers(doc, &n, "'scorers'")).transpose()?;
        let extraction = get("extract").map(|n| scoring::extraction(doc, &n, "'extract'")).transpose()?;
        let tools = get("tools").map(|n| forms::checked_tools(doc, &n, "'tools'")).transpose()?;
        let mut case = Case {
            id,
            vars: self.variables(row, doc)?,
            expected,
            refuse,
            cluster: label(&map.cluster)?,
            split: label(&map.split)?.or_else(|| self.split.clone()),
            tags: row::tags(row, doc, map)?,
            scorers,
            extraction,
            params: own.params,
            prompt: own.prompt,
            timeout_s: own.timeout_s,
            xfail: own.xfail,
            tools,
            ..Case::default()
        };
        self.defaults.fill(&mut case);
        let plain = Case::digest(&case.vars, &case.expected, case.refuse);
        case.hash = Case::with_own(plain, case.prompt.as_deref(), &case.params);
        if self.mapping.given {
            let fields = self.mapping.named.iter().map(|(field, _)| field);
            // A column of a table is there even where all its cells are empty.
            let is_there = |f: &&String| row.get(f).is_some() || (row.is_table() && row.has(f));
            let new: Vec<String> = fields.filter(is_there).cloned().collect();
            self.seen_fields.extend(new);
        }
        Ok((case, own.skip))
    }

    /// Whether a key of a case says how it is asked: it is no variable of a template,
    /// and the file is one of ours, without a `map`.
    fn is_override(&self, key: &str) -> bool {
        overrides::KEYS.contains(&key) && !self.mapping.given && !self.used.contains(key)
    }

    /// `vars` and every field that has no other meaning; one that has is a
    /// variable too where a template names it.
    fn variables(&self, row: &Row<'_>, doc: &Doc) -> Result<Map<String, Value>, SuiteError> {
        let mut vars = Map::new();
        if let Some(node) = row.get("vars").filter(|_| !row.is_table()) {
            vars = doc.object(&node, "'vars'")?;
        }
        let map = &self.mapping;
        for (key, value) in row.fields() {
            let mapped = [&map.id, &map.cluster, &map.split, &map.refuse].contains(&&key)
                || map.expected.contains(&key)
                || map.tags.iter().flatten().any(|(_, field)| *field == key);
            let own = (!row.is_table() && ["vars", "scorers", "extract", "tools"].contains(&key.as_str()))
                || (!row.is_table() && self.is_override(&key))
                || (key == "tags" && map.tags.is_none());
            let used = self.used.contains(&key);
            if own || (mapped && !used) {
                continue;
            }
            if !used && !map.given && !row.is_table() {
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
            self.out.cases.iter().take(1).flat_map(|c| c.vars.keys()).map(String::as_str).collect();
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
    let near = KEYS[..EASILY_MISTYPED].iter().find(|known| {
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

fn format(doc: &Doc, node: &Node, what: &str) -> Result<Format, SuiteError> {
    let word = doc.text(node, what)?;
    Format::named(word).ok_or_else(|| doc.unknown(node.span, "format", word, "", &FORMATS))
}
