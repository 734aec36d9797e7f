//! Folders laid out as datasets of the Hugging Face hub are.
//!
//! Main function: [`files_of`]: which files make up a split of a configuration, by the
//! front matter of `README.md`, else by the names of files and folders. Must not read
//! rows, and never leaves the folder.

use crate::data::Format;
use crate::error::{Source, SuiteError, brief};
use crate::files::Files;
use crate::glob::Glob;
use crate::read::{Doc, Fields};
use crate::tree::{self, Kind, Node};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;

/// Longest README, in bytes.
const MAX_README: u64 = 4 << 20;
const MAX_DEPTH: usize = 6;
const MAX_ENTRIES: usize = 20_000;
/// Most patterns of one configuration.
const MAX_PATTERNS: usize = 1000;
/// Most steps of matching patterns against paths; a real folder takes some thousands.
const MAX_STEPS: u64 = 100_000_000;

/// Words by which the hub's own loader tells splits, and the split they mean.
const SPLITS: [(&str, &str); 9] = [
    ("train", "train"),
    ("training", "train"),
    ("test", "test"),
    ("testing", "test"),
    ("eval", "test"),
    ("evaluation", "test"),
    ("validation", "validation"),
    ("valid", "validation"),
    ("dev", "validation"),
];

/// What the suite asks of a folder.
pub(crate) struct Wanted<'a> {
    pub(crate) doc: &'a Doc,
    pub(crate) folder_node: &'a Node,
    pub(crate) folder: &'a Path,
    pub(crate) config: Option<(&'a Node, String)>,
    /// Names of splits; empty where the suite names none.
    pub(crate) splits: Vec<(&'a Node, String)>,
}

/// A data file with its split.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its path within the folder.
    pub(crate) path: String,
    pub(crate) split: String,
}

/// The files of the splits that are asked for, in order.
pub(crate) fn files_of(wanted: &Wanted<'_>, files: Files<'_>) -> Result<Vec<Part>, SuiteError> {
    let all = walk(wanted, files)?;
    let configs = match all.iter().any(|path| path == "README.md") {
        true => configs(wanted, files)?,
        false => Vec::new(),
    };
    let splits = match choose(wanted, &configs)? {
        Some(config) => config.splits(&all, MAX_STEPS).map_err(|message| {
            wanted.doc.at(wanted.folder_node, message).hint("README.md names a few patterns: `data/test-*`")
        })?,
        None => by_names(wanted, &all)?,
    };
    if splits.values().all(Vec::is_empty) {
        let shown = wanted.folder.display().to_string();
        return Err(wanted
            .doc
            .at(wanted.folder_node, format!("no data files in '{}'", brief(&shown)))
            .hint("files end in .parquet .jsonl .json .csv or .tsv"));
    }
    pick(wanted, splits)
}

/// The chosen splits.
fn pick(wanted: &Wanted<'_>, mut splits: BTreeMap<String, Vec<String>>) -> Result<Vec<Part>, SuiteError> {
    splits.retain(|_, files| !files.is_empty());
    let names: Vec<&str> = splits.keys().map(String::as_str).collect();
    let chosen: Vec<String> = match (wanted.splits.as_slice(), names.as_slice()) {
        ([], [only]) => vec![(*only).to_owned()],
        ([], _) => {
            return Err(wanted
                .doc
                .at(wanted.folder_node, "the folder has several splits: name one")
                .hint(format!("add `split: {}`; there are: {}", names[0], names.join(", "))));
        }
        (given, _) => {
            for (node, name) in given {
                if !splits.contains_key(name) {
                    return Err(wanted.doc.unknown(node.span, "split", name, "", &names));
                }
            }
            given.iter().map(|(_, name)| name.clone()).collect()
        }
    };
    let part = |split: &String| {
        let files = splits[split].iter().cloned();
        files.map(|path| Part { path, split: split.clone() }).collect::<Vec<_>>()
    };
    Ok(chosen.iter().flat_map(part).collect())
}

/// Every file below the folder, by its path within it, in order.
fn walk(wanted: &Wanted<'_>, files: Files<'_>) -> Result<Vec<String>, SuiteError> {
    let shown = wanted.folder.display().to_string();
    let names = (files.list)(wanted.folder).map_err(|e| {
        let message = format!("cannot list the folder '{}': {e}", brief(&shown));
        wanted.doc.at(wanted.folder_node, message).hint("paths are relative to the suite file")
    })?;
    let mut todo: Vec<(String, usize)> = names.into_iter().map(|n| (n, 1)).collect();
    let mut out = Vec::new();
    let mut seen = 0;
    while let Some((path, depth)) = todo.pop() {
        seen += 1;
        if seen > MAX_ENTRIES {
            let message = format!("more than {MAX_ENTRIES} files in '{}'", brief(&shown));
            return Err(wanted.doc.at(wanted.folder_node, message));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.is_empty() || name.starts_with('.') {
            continue;
        }
        let is_data = Format::of(Path::new(name)).is_some() || path == "README.md";
        // What cannot be listed is a file.
        match (files.list)(&wanted.folder.join(&path)) {
            Ok(names) if !is_data && depth < MAX_DEPTH => {
                todo.extend(names.into_iter().map(|n| (format!("{path}/{n}"), depth + 1)));
            }
            _ if is_data => out.push(path),
            // A link that leads out is said, not left.
            Err(e) if e.kind() == std::io::ErrorKind::InvalidInput => {
                let message = format!("cannot list '{}': {e}", brief(&path));
                return Err(wanted
                    .doc
                    .at(wanted.folder_node, message)
                    .hint("copy the files into the folder"));
            }
            _ => {}
        }
    }
    out.sort();
    Ok(out)
}

/// A configuration of the front matter: splits with their patterns.
struct Config {
    name: String,
    is_default: bool,
    data: Vec<(String, Vec<String>)>,
}

impl Config {
    fn splits(&self, all: &[String], most_steps: u64) -> Result<BTreeMap<String, Vec<String>>, String> {
        let count: usize = self.data.iter().map(|(_, patterns)| patterns.len()).sum();
        if count > MAX_PATTERNS {
            return Err(format!("README.md names more than {MAX_PATTERNS} patterns of data files"));
        }
        let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut known: BTreeSet<(&str, &str)> = BTreeSet::new();
        let mut steps = 0;
        for (split, patterns) in &self.data {
            let files = out.entry(split.clone()).or_default();
            for pattern in patterns {
                let glob = Glob::of_paths(pattern);
                for path in all.iter().filter(|p| *p != "README.md") {
                    if glob.matches(path, &mut steps) && known.insert((split, path)) {
                        files.push(path.clone());
                    }
                    if steps > most_steps {
                        return Err("the patterns of README.md take too long to match".into());
                    }
                }
            }
        }
        Ok(out)
    }
}

/// The configuration that is asked for; `None` where the front matter has none.
fn choose<'c>(wanted: &Wanted<'_>, configs: &'c [Config]) -> Result<Option<&'c Config>, SuiteError> {
    let names: Vec<&str> = configs.iter().map(|c| c.name.as_str()).collect();
    match (&wanted.config, configs) {
        (_, []) => Ok(None),
        (Some((node, name)), _) => match configs.iter().find(|c| c.name == *name) {
            Some(config) => Ok(Some(config)),
            None => Err(wanted.doc.unknown(node.span, "config", name, "", &names)),
        },
        (None, [only]) => Ok(Some(only)),
        (None, _) => {
            let own = configs.iter().find(|c| c.is_default).or(configs.iter().find(|c| c.name == "default"));
            own.map(Some).ok_or_else(|| {
                wanted
                    .doc
                    .at(wanted.folder_node, "the folder has several configurations: name one")
                    .hint(format!("add `config: {}`; there are: {}", names[0], names.join(", ")))
            })
        }
    }
}

/// `configs` of the front matter of the README.
fn configs(wanted: &Wanted<'_>, files: Files<'_>) -> Result<Vec<Config>, SuiteError> {
    let path = wanted.folder.join("README.md");
    let shown = path.display().to_string();
    let fail = |e: std::io::Error| SuiteError::of_file(&shown, format!("cannot read the file: {e}"));
    let mut bytes = Vec::new();
    (files.open)(&path).map_err(fail)?.take(MAX_README).read_to_end(&mut bytes).map_err(fail)?;
    let text = String::from_utf8_lossy(&bytes);
    let Some(front) = front_matter(&text) else {
        return Ok(Vec::new());
    };
    // The front matter begins on line 2.
    let doc = Source::new(&shown, &format!("\n{front}"));
    let root = tree::parse(&doc)?;
    let Some(list) = root.get("configs") else {
        return Ok(Vec::new());
    };
    doc.list(list, "'configs'")?.iter().map(|node| config(&doc, node)).collect()
}

/// The lines between the first two lines of dashes.
fn front_matter(text: &str) -> Option<&str> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let rest = text.strip_prefix("---\n").or_else(|| text.strip_prefix("---\r\n"))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return Some(&rest[..at]).filter(|t| !t.trim().is_empty());
        }
        at += line.len();
    }
    None
}

fn config(doc: &Doc, node: &Node) -> Result<Config, SuiteError> {
    doc.pairs(node, "a config")?;
    let name = match node.get("config_name") {
        Some(name) => doc.spelled(name, "'config_name'")?,
        None => "default".to_owned(),
    };
    let is_default = matches!(node.get("default").map(|n| &n.kind), Some(Kind::Bool(true)));
    let mut data: Vec<(String, Vec<String>)> = Vec::new();
    if let Some(list) = node.get("data_files") {
        let mut plain = Vec::new();
        for item in doc.one_or_more(list, "'data_files'")? {
            if matches!(item.kind, Kind::Map(_)) {
                let fields = Fields::open(doc, item, "a data file", &["split", "path"])?;
                let split = doc.spelled(fields.need("split", "test")?, "'split'")?;
                data.push((split, patterns(doc, fields.need("path", "data/test-*")?)?));
            } else {
                plain.extend(patterns(doc, item)?);
            }
        }
        if !plain.is_empty() {
            data.push(("train".to_owned(), plain));
        }
    }
    Ok(Config { name, is_default, data })
}

fn patterns(doc: &Doc, node: &Node) -> Result<Vec<String>, SuiteError> {
    let pattern = |n: &Node| {
        let text = doc.text(n, "a path")?;
        let leaves = text.starts_with('/') || text.split('/').any(|part| part == "..");
        if leaves || text.contains("://") || text.len() > 500 {
            let message = format!("'{}' is no path within the folder", brief(text));
            return Err(doc.at(n, message).hint("data files lie in the folder itself"));
        }
        Ok(text.trim_start_matches("./").to_owned())
    };
    doc.one_or_more(node, "'path'")?.iter().map(pattern).collect()
}

/// Splits by the names of files and folders, where no front matter says them.
fn by_names(wanted: &Wanted<'_>, all: &[String]) -> Result<BTreeMap<String, Vec<String>>, SuiteError> {
    let data = all.iter().filter(|p| *p != "README.md").map(String::as_str);
    let (prefix, data): (String, Vec<&str>) = match &wanted.config {
        None => (String::new(), data.collect()),
        Some((node, name)) => {
            // Without front matter a configuration is a folder.
            let prefix = format!("{name}/");
            let inside: Vec<&str> = data.filter(|p| p.starts_with(&prefix)).collect();
            if inside.is_empty() {
                let message = format!("no configuration is called '{}'", brief(name));
                return Err(wanted
                    .doc
                    .at(node, message)
                    .hint("README.md names none, and there is no folder of that name with data"));
            }
            (prefix, inside)
        }
    };
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in &data {
        if let Some(split) = split_of(&path[prefix.len()..]) {
            out.entry(split.to_owned()).or_default().push((*path).to_owned());
        }
    }
    if out.is_empty() {
        out.insert("train".to_owned(), data.iter().map(|p| (*p).to_owned()).collect());
    }
    Ok(out)
}

/// The split that a path names, the file's own name before its folders'.
fn split_of(path: &str) -> Option<&str> {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    // `NAME-00000-of-00002.parquet` in `data/` may have a split of any name.
    if let Some((split, rest)) = name.split_once('-') {
        let number = |t: &str| t.len() == 5 && t.bytes().all(|b| b.is_ascii_digit());
        let shard = rest.split('.').next().and_then(|r| r.split_once("-of-"));
        if shard.is_some_and(|(i, n)| number(i) && number(n.split('-').next().unwrap_or(n))) {
            return Some(split);
        }
    }
    let word = |text: &str| {
        let mut parts = text.split(['-', '_', '.', ' ']);
        parts.find_map(|part| SPLITS.iter().find(|(w, _)| part.eq_ignore_ascii_case(w)))
    };
    let found = word(name).or_else(|| folders.rsplit('/').find_map(word));
    found.map(|(_, split)| *split)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_told_by_names() {
        for (path, split) in [
            ("data/train-00000-of-00002.parquet", Some("train")),
            ("data/held_out-00000-of-00001-0a1b.parquet", Some("held_out")),
            ("test.jsonl", Some("test")),
            ("my_dev.csv", Some("validation")),
            ("validation/a.csv", Some("validation")),
            ("contest.csv", None),
            ("a.csv", None),
        ] {
            assert_eq!(split_of(path), split, "{path}");
        }
    }

    #[test]
    fn patterns_that_cost_too_much_are_refused() {
        let config = |patterns: Vec<String>| Config {
            name: "c".into(),
            is_default: false,
            data: vec![("test".into(), patterns)],
        };
        let all: Vec<String> = (0..2000).map(|n| format!("{}{n}.csv", "a".repeat(60))).collect();
        assert!(
            config(vec!["*a".repeat(250); 1000]).splits(&all, 1_000_000).unwrap_err().contains("too long")
        );
        assert!(config(vec!["a".into(); 1001]).splits(&all, 1_000_000).unwrap_err().contains("1000"));
        let found = config(vec!["**/*.csv".into(), "a*7.csv".into()]).splits(&all, 1_000_000).unwrap();
        assert_eq!(found["test"].len(), 2000);
    }

    #[test]
    fn front_matter_stands_between_dashes() {
        assert_eq!(front_matter("---\na: 1\n---\n# x"), Some("a: 1\n"));
        assert_eq!(front_matter("# x\n---\na: 1\n---\n"), None);
        assert_eq!(front_matter("---\na: 1\n"), None);
        assert_eq!(front_matter("---\n---\n"), None);
    }
}
