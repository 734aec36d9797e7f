//! The published schema beside what it describes: the suites that we publish and the guide's examples.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::disallowed_methods, reason = "the published files are what is tested")]

use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        match path.is_dir() {
            true => files(&path, ending, out),
            false if path.extension().is_some_and(|e| e == ending) => out.push(path),
            false => {}
        }
    }
}

fn wrong(schema: &Value, suite: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).unwrap();
    validator.iter_errors(suite).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

fn parse(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Every YAML block of a page that is a suite or a part of one, with its line.
fn blocks(page: &str) -> Vec<(usize, Map<String, Value>)> {
    let schema = acidtest_suite::schema();
    let known = schema["properties"].as_object().unwrap();
    let mut out = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.trim_start() != "```yaml" {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let inside = lines.by_ref().map(|(_, l)| l).take_while(|l| l.trim_start() != "```");
        let text: String = inside.map(|l| format!("{}\n", l.get(indent..).unwrap_or(""))).collect();
        let Ok(Value::Object(map)) = serde_saphyr::from_str(&text) else { continue };
        // A workflow of GitHub has a name too.
        if map.keys().any(|key| known.contains_key(key)) && !map.contains_key("jobs") {
            out.push((at + 1, map));
        }
    }
    out
}

#[test]
fn the_schema_takes_every_suite_that_we_publish() {
    let mut found = Vec::new();
    files(&root().join("suites"), "yaml", &mut found);
    found.push(root().join("crates/acidtest/src/commands/init.yaml"));
    assert!(found.len() >= 5, "{found:?}");
    for path in found {
        let suite = parse(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(wrong(&acidtest_suite::schema(), &suite), [""; 0], "{}", path.display());
    }
}

#[test]
fn the_schema_takes_every_suite_in_the_guide() {
    let (mut pages, mut seen) = (Vec::new(), 0);
    files(&root().join("docs/guide"), "md", &mut pages);
    for path in pages {
        for (line, mut suite) in blocks(&std::fs::read_to_string(&path).unwrap()) {
            // A part of a suite says nothing of the rest.
            suite.entry("cases").or_insert_with(|| json!([{"q": "one"}]));
            let errors = wrong(&acidtest_suite::schema(), &Value::Object(suite));
            assert_eq!(errors, [""; 0], "{}:{line}", path.display());
            seen += 1;
        }
    }
    assert!(seen >= 15, "only {seen} blocks were found");
}

#[test]
fn the_schema_still_refuses_what_the_reader_refuses() {
    let target = json!({"url": "sim:a", "model": "m"});
    for (suite, why) in [
        (json!({"target": target, "prompt": "p"}), "no cases"),
        (json!({"target": target, "cases": [{"q": 1}], "scorers": [{"abs": 1}]}), "no type"),
        (json!({"target": target, "cases": [{"q": 1}], "scorers": [{"field": {"a": "number"}}]}), "no key"),
    ] {
        assert!(!wrong(&acidtest_suite::schema(), &suite).is_empty(), "{why}");
    }
}
