//! One suite from several files: `include:`.
//!
//! Main function: [`open`]. What is included lies under what includes it: maps are
//! merged key by key, anything else is replaced as a whole. Every value keeps its
//! place, so that errors name the right file. Must not know what keys mean, except
//! that `target` and `targets`, `prompt` and `prompts` are one thing each.

use crate::error::{Source, SuiteError, brief};
use crate::files::{Files, is_within, plain};
use crate::read::{Doc, Fields};
use crate::tree::{self, Kind, Node};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Keys of an entry of `include` as a map.
pub(crate) const KEYS: [&str; 2] = ["file", "outside"];

/// Longest suite file, in bytes; large sets of cases belong into a data file.
const MAX_SUITE: u64 = 4 << 20;
/// Files included by each other, one below the other.
const MAX_DEPTH: usize = 8;
/// Files of one suite.
const MAX_FILES: usize = 64;
/// Keys that mean one thing: a file that has one of them replaces the other.
const PAIRS: [(&str, &str); 2] = [("target", "targets"), ("prompt", "prompts")];

/// Reads a suite file and what it includes, as one text and one tree.
pub(crate) fn open(path: &Path, files: Files<'_>) -> Result<(Source, Node), SuiteError> {
    let text = read_text(path, files).map_err(|why| match why {
        Trouble::Io(e) => {
            SuiteError::of_file(&path.display().to_string(), format!("cannot read the suite: {e}"))
                .hint("give the path of a suite file, such as suites/docent/suite.yaml")
        }
        Trouble::TooLong => {
            SuiteError::of_file(&path.display().to_string(), "the suite file is longer than 4 MiB")
                .hint("put the cases into a .jsonl file: `cases: cases.jsonl`")
        }
        Trouble::NotText => SuiteError::of_file(&path.display().to_string(), "the suite file is not UTF-8"),
    })?;
    let source = Source::new(&path.display().to_string(), &text);
    let root = tree::parse(&source)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut all = Including { all: source, files, folder, count: 1 };
    let root = all.with_bases(path, root, &mut vec![plain(path)])?;
    Ok((all.all, root))
}

enum Trouble {
    Io(io::Error),
    TooLong,
    NotText,
}

fn read_text(path: &Path, files: Files<'_>) -> Result<String, Trouble> {
    let mut bytes = Vec::new();
    let reader = (files.open)(path).map_err(Trouble::Io)?;
    reader.take(MAX_SUITE + 1).read_to_end(&mut bytes).map_err(Trouble::Io)?;
    if bytes.len() as u64 > MAX_SUITE {
        return Err(Trouble::TooLong);
    }
    let text = String::from_utf8(bytes).map_err(|_| Trouble::NotText)?;
    Ok(text.strip_prefix('\u{FEFF}').map_or_else(|| text.clone(), str::to_owned))
}

/// The files of one suite.
struct Including<'a> {
    /// All texts, one after the other.
    all: Source,
    files: Files<'a>,
    /// Folder of the suite: what is included stays within it.
    folder: PathBuf,
    count: usize,
}

impl Including<'_> {
    /// A file's tree laid over those that it includes. `stack` holds the files on the way here.
    fn with_bases(&mut self, path: &Path, root: Node, stack: &mut Vec<PathBuf>) -> Result<Node, SuiteError> {
        let Some(include) = root.get("include").cloned() else {
            return Ok(root);
        };
        let mut below: Option<Node> = None;
        for entry in self.all.clone().one_or_more(&include, "'include'")? {
            let base = self.base(path, entry, stack)?;
            below = Some(match below {
                Some(lower) => merge(lower, base),
                None => base,
            });
        }
        let own = without(root, "include");
        Ok(match below {
            Some(lower) => merge(lower, own),
            None => own,
        })
    }

    /// The tree of an included file.
    fn base(&mut self, from: &Path, entry: &Node, stack: &mut Vec<PathBuf>) -> Result<Node, SuiteError> {
        let doc = self.all.clone();
        let path = self.path(&doc, from, entry)?;
        if stack.contains(&path) {
            let message = format!("'{}' includes itself", brief(&path.display().to_string()));
            return Err(doc.at(entry, message).hint("a file cannot be included by what it includes"));
        }
        if stack.len() > MAX_DEPTH {
            return Err(doc.at(entry, "more than 8 files include one another"));
        }
        self.count += 1;
        if self.count > MAX_FILES {
            return Err(doc.at(entry, "more than 64 files in one suite"));
        }
        let shown = path.display().to_string();
        let text = read_text(&path, self.files).map_err(|why| {
            let why = match why {
                Trouble::Io(e) => format!("cannot read '{}': {e}", brief(&shown)),
                Trouble::TooLong => format!("'{}' is longer than 4 MiB", brief(&shown)),
                Trouble::NotText => format!("'{}' is not UTF-8", brief(&shown)),
            };
            doc.at(entry, why).hint("paths are relative to the file that includes")
        })?;
        let source = Source::new(&shown, &text);
        let mut root = tree::parse(&source)?;
        source.pairs(&root, "an included file")?;
        let (lines, bytes) = self.all.append(&shown, &text);
        root.shift(lines, bytes);
        stack.push(path.clone());
        let whole = self.with_bases(&path, root, stack);
        stack.pop();
        whole
    }

    fn path(&self, doc: &Doc, from: &Path, entry: &Node) -> Result<PathBuf, SuiteError> {
        let (node, outside) = match &entry.kind {
            Kind::Map(_) => {
                let fields = Fields::open(doc, entry, "an include", &KEYS)?;
                let outside = fields.maybe("outside", Doc::flag)?.unwrap_or(false);
                (fields.need("file", "base.yaml")?, outside)
            }
            _ => (entry, false),
        };
        let name = doc.text(node, "'include'")?;
        let path = plain(&from.parent().unwrap_or(Path::new("")).join(name));
        if !outside && !is_within(&path, &self.folder) {
            let message = format!("'{}' is outside the suite's folder", brief(name));
            return Err(doc
                .at(node, message)
                .hint("write `include: { file: PATH, outside: true }` to allow it"));
        }
        Ok(path)
    }
}

/// A map without one of its keys.
fn without(mut node: Node, key: &str) -> Node {
    if let Kind::Map(pairs) = &mut node.kind {
        pairs.retain(|(k, _)| k.name != key);
    }
    node
}

/// `upper` laid over `lower`: maps key by key, all else replaced.
fn merge(lower: Node, upper: Node) -> Node {
    let mut out = over(lower, upper.clone());
    for (one, other) in PAIRS {
        for (mine, theirs) in [(one, other), (other, one)] {
            if upper.get(mine).is_some() && upper.get(theirs).is_none() {
                out = without(out, theirs);
            }
        }
    }
    out
}

fn over(lower: Node, upper: Node) -> Node {
    let Node { span, bytes, kind } = upper;
    let kind = match (lower.kind, kind) {
        (Kind::Map(mut pairs), Kind::Map(own)) => {
            for (key, value) in own {
                match pairs.iter().position(|(k, _)| k.name == key.name) {
                    Some(i) => {
                        let (_, below) = pairs.remove(i);
                        // Where it stands is the upper file's word.
                        pairs.insert(i, (key, over(below, value)));
                    }
                    None => pairs.push((key, value)),
                }
            }
            Kind::Map(pairs)
        }
        (_, kind) => kind,
    };
    Node { span, bytes, kind }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(value: serde_json::Value) -> Node {
        Node::of_json(&value, crate::error::Span::default())
    }

    #[test]
    fn maps_merge_and_all_else_is_replaced() {
        let lower = json!({"params": {"a": 1, "b": {"c": 1}}, "scorers": ["exact"], "target": {"url": "x"}});
        let upper = json!({"params": {"b": {"d": 2}}, "scorers": ["contains"], "targets": [{"url": "y"}]});
        let got = merge(node(lower.clone()), node(upper)).to_json();
        let expect = json!({"params": {"a": 1, "b": {"c": 1, "d": 2}}, "scorers": ["contains"], "targets": [{"url": "y"}]});
        assert_eq!(got, expect);
        assert_eq!(merge(node(lower.clone()), node(json!({}))).to_json(), lower);
        assert_eq!(merge(node(json!({})), node(lower.clone())).to_json(), lower);
        assert_eq!(merge(node(lower.clone()), node(lower.clone())).to_json(), lower);
    }
}
