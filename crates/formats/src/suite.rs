//! A suite of ours, written from a foreign configuration.
//!
//! Main types: [`Suite`] and [`SuiteFile`]. The text is checked by the suite
//! reader afterwards; this module must not know foreign forms.

use crate::error::Loss;
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Files of a suite, and what was not carried over.
#[derive(Debug, Default)]
pub struct Suite {
    /// `suite.yaml` first, then what it names.
    pub files: Vec<SuiteFile>,
    /// What was left, in the order of the file.
    pub losses: Vec<Loss>,
    /// Cases in it.
    pub cases: usize,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteFile {
    /// Its name, without folders.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What goes into a suite.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    /// Sentences for the head of the file.
    pub(crate) comments: Vec<String>,
    /// Values of `targets`.
    pub(crate) targets: Vec<Value>,
    /// Names of prompts with their messages.
    pub(crate) prompts: Vec<(String, Vec<(String, String)>)>,
    pub(crate) params: Map<String, Value>,
    pub(crate) closed: u32,
    pub(crate) repeats: u32,
    pub(crate) scorers: Vec<Value>,
    pub(crate) cases: Vec<Map<String, Value>>,
}

impl Draft {
    /// The two files; `suffix` tells several suites of one import apart.
    pub(crate) fn files(&self, suffix: &str) -> Vec<SuiteFile> {
        let data = format!("cases{suffix}.jsonl");
        let mut lines = String::new();
        for case in &self.cases {
            let _ = writeln!(lines, "{}", Value::Object(case.clone()));
        }
        vec![
            SuiteFile { name: format!("suite{suffix}.yaml"), text: self.yaml(&data) },
            SuiteFile { name: data, text: lines },
        ]
    }

    /// JSON values are YAML too, so every value is written as JSON.
    fn yaml(&self, data: &str) -> String {
        let mut out = String::new();
        for comment in &self.comments {
            for line in comment.lines() {
                let line: String = line.chars().filter(|c| !c.is_control()).collect();
                let _ = writeln!(out, "# {line}");
            }
        }
        let _ = writeln!(out, "name: {}", json!(label(&self.name)));
        let _ = writeln!(out, "targets:");
        for target in &self.targets {
            let _ = writeln!(out, "  - {target}");
        }
        if let [(_, messages)] = self.prompts.as_slice() {
            let _ = writeln!(out, "prompt:");
            write_messages(&mut out, messages, "  ");
        } else {
            let _ = writeln!(out, "prompts:");
            for (name, messages) in &self.prompts {
                let _ = writeln!(out, "  - name: {}\n    messages:", json!(label(name)));
                write_messages(&mut out, messages, "      ");
            }
        }
        if !self.params.is_empty() {
            let _ = writeln!(out, "params: {}", Value::Object(self.params.clone()));
        }
        if !self.scorers.is_empty() {
            let _ = writeln!(out, "scorers:");
            for scorer in &self.scorers {
                let _ = writeln!(out, "  - {scorer}");
            }
        }
        let _ = writeln!(out, "cases: {data}");
        let _ = writeln!(out, "phases: [{{ closed: {} }}]", self.closed.clamp(1, 1000));
        if self.repeats > 1 {
            let _ = writeln!(out, "repeats: {}", self.repeats.min(10_000));
        }
        out
    }
}

fn write_messages(out: &mut String, messages: &[(String, String)], indent: &str) {
    for (role, content) in messages {
        let _ = writeln!(out, "{indent}- {{ \"role\": {}, \"content\": {} }}", json!(role), json!(content));
    }
}

/// A name that a suite accepts: no control characters, not empty, not long.
pub(crate) fn label(name: &str) -> String {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(100).collect();
    let clean = clean.trim();
    if clean.is_empty() { "imported".into() } else { clean.into() }
}

/// Names made different by a number.
pub(crate) fn distinct(names: &mut Vec<String>, name: &str) -> String {
    let base = label(name);
    let taken = |n: &str| names.iter().any(|t| t == n);
    let free = (1..).map(|i| if i == 1 { base.clone() } else { format!("{base}-{i}") }).find(|n| !taken(n));
    let free = free.unwrap_or(base);
    names.push(free.clone());
    free
}

/// Contains this text. Blanks at its ends count in promptfoo.
pub(crate) fn contains(text: &str, ignore_case: bool) -> Value {
    if text.trim() == text {
        return json!({"type": "contains", "any_of": [text], "ignore_case": ignore_case});
    }
    let flag = if ignore_case { "(?i)" } else { "" };
    json!({"type": "regex", "pattern": format!("{flag}{}", regex::escape(text))})
}

/// Is this text, blanks around it aside.
pub(crate) fn whole(text: &str) -> Value {
    json!({"type": "regex", "pattern": format!(r"\A{}\z", regex::escape(text.trim()))})
}

/// Names that scorers have where none is given.
pub(crate) fn scorer_names() -> Vec<String> {
    let kinds = [
        "exact",
        "contains",
        "starts_with",
        "regex",
        "refusal",
        "json_valid",
        "json_schema",
        "length",
        "latency",
        "cost",
        "all",
        "any",
    ];
    kinds.iter().flat_map(|k| [(*k).to_owned(), format!("not_{k}")]).collect()
}
