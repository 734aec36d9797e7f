//! `tests:`, `defaultTest:` and `scenarios:` of a promptfoo configuration.
//!
//! Main items: [`Test`], [`read`] and [`combinations`]. Lists of texts among the
//! variables are multiplied as promptfoo does; tables, JSON Lines, JSON and YAML
//! files are read, code and addresses are not.

use super::prompts::CODE;
use super::{MAX_CASES, Reading};
use crate::csv;
use crate::error::{FormatError, brief};
use crate::template::{at_path, fill};
use crate::tree::{self, Kind, Node};
use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Most variables of all the cases that one test becomes.
const MAX_CELLS: usize = 5_000_000;
/// Most columns of a table of tests.
const MAX_COLUMNS: usize = 4096;
/// Most files that name each other.
const MAX_DEPTH: usize = 4;

/// One test before its variables are multiplied.
#[derive(Debug, Clone, Default)]
pub(crate) struct Test {
    pub(crate) file: String,
    pub(crate) line: u32,
    pub(crate) description: Option<String>,
    pub(crate) vars: Vec<(String, Node)>,
    /// Asserts with the files they stand in.
    pub(crate) asserts: Vec<(String, Node)>,
    pub(crate) threshold: Option<f64>,
    expand: bool,
}

/// Reads all tests, the default's parts in each.
pub(crate) fn read(r: &mut Reading<'_>, root: &Node) -> Result<Vec<Test>, FormatError> {
    let file = r.input.name.to_owned();
    let default = default_test(r, root);
    let mut raw = Vec::new();
    if let Some(node) = root.get("tests") {
        for item in node.items() {
            gather(r, &file, item, 0, &mut raw)?;
        }
    }
    let mut out: Vec<Test> = Vec::new();
    for (file, node) in &raw {
        if let Some(test) = one(r, file, node, &default) {
            out.push(test);
        }
    }
    if let Some(node) = root.get("scenarios") {
        scenarios(r, &file, node, &default, &mut out)?;
    }
    if root.get("tests").is_none() && root.get("scenarios").is_none() {
        // promptfoo then asks every prompt once.
        let empty = Node { line: root.line, kind: Kind::Map(Vec::new()) };
        out.extend(one(r, &file, &empty, &default));
    }
    if out.len() > MAX_CASES {
        return Err(FormatError::new(&file, None, format!("more than {MAX_CASES} tests")));
    }
    Ok(out)
}

fn default_test(r: &mut Reading<'_>, root: &Node) -> Test {
    let file = r.input.name.to_owned();
    let Some(node) = root.get("defaultTest") else {
        return Test { expand: true, ..Test::default() };
    };
    let none = Test { expand: true, ..Test::default() };
    if let Some(path) = node.as_text().and_then(|t| t.strip_prefix("file://")) {
        let loaded =
            r.input.neighbour_text(path).and_then(|t| tree::parse(path, &t).map_err(|e| e.to_string()));
        return match loaded {
            Ok(loaded) => one(r, path, &loaded, &none).unwrap_or(none),
            Err(why) => {
                r.lost(&file, node.line, format!("defaultTest: {why}"));
                none
            }
        };
    }
    one(r, &file, node, &none).unwrap_or(none)
}

/// Follows `file://` to the tests themselves.
fn gather(
    r: &mut Reading<'_>,
    file: &str,
    item: &Node,
    depth: usize,
    out: &mut Vec<(String, Node)>,
) -> Result<(), FormatError> {
    let path = item.as_text().or_else(|| item.get("path").and_then(Node::as_text));
    let Some(path) = path else {
        if item.is_map() {
            out.push((file.to_owned(), item.clone()));
        } else {
            r.lost(file, item.line, format!("a test that is {} is not carried over", item.noun()));
        }
        return Ok(());
    };
    let bare = path.strip_prefix("file://").unwrap_or(path);
    let ends = |e: &str| bare.split(':').next().is_some_and(|p| p.ends_with(e));
    if CODE.iter().any(|e| ends(e)) {
        r.lost(
            file,
            item.line,
            format!("the tests of '{}' are made by code, which is never run", brief(path)),
        );
        return Ok(());
    }
    if bare.contains("://") {
        r.lost(file, item.line, format!("'{}' is an address: nothing is fetched", brief(path)));
        return Ok(());
    }
    if bare.contains('*') || depth >= MAX_DEPTH {
        r.lost(file, item.line, format!("'{}' is a pattern of files: name each file", brief(path)));
        return Ok(());
    }
    let text = match r.input.neighbour_text(bare) {
        Ok(text) => text,
        Err(why) => {
            r.lost(file, item.line, why);
            return Ok(());
        }
    };
    if ends(".csv") {
        return table(r, bare, &text, out);
    }
    if ends(".jsonl") {
        return crate::json::each_line(bare, &text, |line, map| {
            out.push((bare.to_owned(), Node::of_json(line, &Value::Object(map))));
            Ok(())
        });
    }
    if ends(".json") || ends(".yaml") || ends(".yml") {
        for node in tree::parse(bare, &text)?.items() {
            gather(r, bare, node, depth + 1, out)?;
        }
        return Ok(());
    }
    r.lost(file, item.line, format!("'{}' is no CSV, JSON, JSON Lines or YAML file", brief(path)));
    Ok(())
}

/// A table of tests: a column for each variable, `__expected` for asserts.
fn table(
    r: &mut Reading<'_>,
    file: &str,
    text: &str,
    out: &mut Vec<(String, Node)>,
) -> Result<(), FormatError> {
    let rows = csv::read(file, text)?;
    let Some((header, rows)) = rows.split_first() else {
        return Err(FormatError::new(file, Some(1), "the table is empty"));
    };
    if header.cells.len() > MAX_COLUMNS {
        let what = format!("the table has more than {MAX_COLUMNS} columns");
        return Err(FormatError::new(file, Some(header.line), what)
            .hint("each column is a variable: is the separator a comma?"));
    }
    for row in rows {
        let mut test: Vec<(&str, Value)> = Vec::new();
        let (mut vars, mut asserts) = (Map::new(), Vec::new());
        for (name, cell) in header.cells.iter().zip(&row.cells) {
            let name = name.trim();
            match name {
                _ if name.starts_with("__expected") => {
                    if !cell.trim().is_empty() {
                        asserts.push(super::asserts::of_text(cell.trim()));
                    }
                }
                "__description" => test.push(("description", json!(cell))),
                "__threshold" => {
                    if let Ok(limit) = cell.trim().parse::<f64>() {
                        test.push(("threshold", json!(limit)));
                    }
                }
                "__metric" if cell.is_empty() => {}
                "__metric" => r.ignored(file, row.line, "column '__metric' is not carried over"),
                _ if name.starts_with("__metadata") => {}
                _ if name.starts_with("__") => {
                    if !cell.is_empty() {
                        let what = format!("column '{}' is not carried over", brief(name));
                        r.lost(file, row.line, what);
                    }
                }
                _ => {
                    vars.insert(name.to_owned(), json!(cell));
                }
            }
        }
        test.push(("vars", Value::Object(vars)));
        test.push(("assert", Value::Array(asserts)));
        let map: Map<String, Value> = test.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        out.push((file.to_owned(), Node::of_json(row.line, &Value::Object(map))));
    }
    Ok(())
}

/// One test with the parts of `default`.
fn one(r: &mut Reading<'_>, file: &str, node: &Node, default: &Test) -> Option<Test> {
    if !node.is_map() {
        r.lost(file, node.line, format!("a test that is {} is not carried over", node.noun()));
        return None;
    }
    let mut test = Test { file: file.to_owned(), line: node.line, ..default.clone() };
    let mut own = Vec::new();
    for (key, value) in node.pairs() {
        match key.name.as_str() {
            "description" => test.description = value.spelled(),
            "vars" => vars(r, file, value, &mut test.vars),
            "assert" => own.extend(value.items().iter().map(|a| (file.to_owned(), a.clone()))),
            "threshold" => test.threshold = value.as_number(),
            "metadata" => {}
            "options" => options(r, file, value, &mut test),
            other if value.kind == Kind::Null || other.is_empty() => {}
            other => r.lost(file, key.line, format!("'{}' of a test is not carried over", brief(other))),
        }
    }
    let no_default =
        node.get("options").and_then(|o| o.get("disableDefaultAsserts")).is_some_and(Node::is_true);
    if no_default {
        test.asserts.clear();
    }
    test.asserts.extend(own);
    Some(test)
}

fn options(r: &mut Reading<'_>, file: &str, node: &Node, test: &mut Test) {
    for (key, value) in node.pairs() {
        match key.name.as_str() {
            "disableVarExpansion" => test.expand = !value.is_true(),
            "disableDefaultAsserts" => {}
            other => {
                r.lost(file, key.line, format!("options.{} of a test is not carried over", brief(other)))
            }
        }
    }
}

/// Variables by name; a later one takes the place of an earlier one.
fn vars(r: &mut Reading<'_>, file: &str, node: &Node, out: &mut Vec<(String, Node)>) {
    if !node.is_map() {
        return r.lost(file, node.line, format!("'vars' that are {} are not carried over", node.noun()));
    }
    let mut places: HashMap<String, usize> =
        out.iter().enumerate().map(|(place, (name, _))| (name.clone(), place)).collect();
    for (key, value) in node.pairs() {
        let loaded = load(r, file, value);
        match places.get(&key.name).and_then(|place| out.get_mut(*place)) {
            Some(slot) => slot.1 = loaded,
            None => {
                places.insert(key.name.clone(), out.len());
                out.push((key.name.clone(), loaded));
            }
        }
    }
}

/// A variable's value; `file://` stands for what the file holds.
fn load(r: &mut Reading<'_>, file: &str, value: &Node) -> Node {
    let Some(path) = value.as_text().and_then(|t| t.strip_prefix("file://")) else {
        return value.clone();
    };
    let ends = |e: &str| path.split(':').next().is_some_and(|p| p.ends_with(e));
    let loaded = if CODE.iter().any(|e| ends(e)) {
        Err(format!("the variable of '{}' is made by code, which is never run", brief(path)))
    } else if path.contains('*') {
        Err(format!("'{}' is a pattern of files: name each file", brief(path)))
    } else {
        r.input.neighbour_text(path)
    };
    match loaded {
        Ok(text) if ends(".yaml") || ends(".yml") || ends(".json") => match tree::parse(path, &text) {
            Ok(node) => Node::text(value.line, node.to_json().to_string()),
            Err(e) => {
                r.lost(file, value.line, e.to_string());
                Node::text(value.line, text)
            }
        },
        Ok(text) => Node::text(value.line, text.trim()),
        Err(why) => {
            r.lost(file, value.line, why);
            Node::text(value.line, "")
        }
    }
}

/// Every scenario's every configuration with its every test.
fn scenarios(
    r: &mut Reading<'_>,
    file: &str,
    node: &Node,
    default: &Test,
    out: &mut Vec<Test>,
) -> Result<(), FormatError> {
    for scenario in node.items() {
        if !scenario.is_map() {
            r.lost(
                file,
                scenario.line,
                format!("a scenario that is {} is not carried over", scenario.noun()),
            );
            continue;
        }
        let mut tests = Vec::new();
        for item in scenario.get("tests").map(Node::items).unwrap_or_default() {
            gather(r, file, item, 0, &mut tests)?;
        }
        for config in scenario.get("config").map(Node::items).unwrap_or_default() {
            let Some(base) = one(r, file, config, default) else { continue };
            for (place, node) in &tests {
                out.extend(one(r, place, node, &base));
                if out.len() > MAX_CASES {
                    return Err(FormatError::new(
                        file,
                        Some(node.line),
                        format!("more than {MAX_CASES} tests"),
                    ));
                }
            }
        }
    }
    Ok(())
}

/// Every combination of a test's variables; the last one changes fastest.
pub(crate) fn combinations(r: &mut Reading<'_>, test: &Test) -> Result<Vec<Map<String, Value>>, FormatError> {
    let mut all: Vec<Map<String, Value>> = vec![Map::new()];
    for (name, node) in &test.vars {
        let values: Vec<Value> = match &node.kind {
            // A list that does not begin with a text is one value.
            Kind::List(items) if test.expand && items.first().is_some_and(|i| i.as_text().is_some()) => {
                items.iter().map(|i| load(r, &test.file, i).to_json()).collect()
            }
            _ => vec![node.to_json()],
        };
        let cases = all.len().saturating_mul(values.len());
        if cases > MAX_CASES || cases.saturating_mul(test.vars.len()) > MAX_CELLS {
            let what = format!("the lists of variables multiply to more than {MAX_CASES} cases");
            return Err(FormatError::new(&test.file, Some(test.line), what));
        }
        if let [value] = values.as_slice() {
            // Nothing multiplies: what is there is not copied.
            for combination in &mut all {
                combination.insert(name.clone(), value.clone());
            }
            continue;
        }
        let mut next = Vec::with_capacity(all.len() * values.len());
        for combination in &all {
            for value in &values {
                let mut more = combination.clone();
                more.insert(name.clone(), value.clone());
                next.push(more);
            }
        }
        all = next;
    }
    for vars in &mut all {
        nested(r, test, vars);
    }
    Ok(all)
}

/// Variables may name other variables.
fn nested(r: &mut Reading<'_>, test: &Test, vars: &mut Map<String, Value>) {
    let root = Value::Object(vars.clone());
    for (name, value) in vars.iter_mut() {
        let Value::String(text) = value else { continue };
        if !text.contains("{{") && !text.contains("{%") {
            continue;
        }
        match fill(text, &|path| at_path(&root, path)) {
            Ok(filled) => *value = json!(filled),
            Err(why) => r.lost(&test.file, test.line, format!("variable '{}': {why}", brief(name))),
        }
    }
}
