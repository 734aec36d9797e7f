//! promptfoo configurations (`promptfooconfig.yaml`) to suites.
//!
//! Main function: [`import`]. Asserts keep promptfoo's pass and fail; what runs
//! code, asks a model or has no counterpart is a loss with its line. JavaScript
//! and Python in a configuration are never run.

mod asserts;
mod measured;
mod prompts;
mod providers;
mod schema;
mod tests;

use crate::error::{FormatError, Loss, brief, place};
use crate::input::Input;
use crate::suite::{Draft, Suite};
use crate::tree::{self, Node};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Most cases after lists were multiplied.
pub(crate) const MAX_CASES: usize = 200_000;

/// What is known while one configuration is read.
pub(crate) struct Reading<'a> {
    pub(crate) input: &'a Input<'a>,
    pub(crate) losses: BTreeSet<Loss>,
    /// `assertionTemplates`, by name.
    pub(crate) templates: Option<Node>,
}

impl Reading<'_> {
    /// Something that was left and that pass and fail may depend on.
    pub(crate) fn lost(&mut self, file: &str, line: u32, what: impl Into<String>) {
        self.note(file, line, what.into(), true);
    }

    /// Something that was left and that changes no result.
    pub(crate) fn ignored(&mut self, file: &str, line: u32, what: impl Into<String>) {
        self.note(file, line, what.into(), false);
    }

    fn note(&mut self, file: &str, line: u32, what: String, changes_results: bool) {
        let loss = Loss { file: place(file), line, what, changes_results };
        // A list that is multiplied would say the same many times.
        if self.losses.len() < 10_000 {
            self.losses.insert(loss);
        }
    }
}

/// Keys that decide nothing about pass and fail.
const WITHOUT_EFFECT: [&str; 11] = [
    "$schema",
    "description",
    "sharing",
    "outputPath",
    "commandLineOptions",
    "metadata",
    "tags",
    "writeLatestResults",
    "derivedMetrics",
    "assertionTemplates",
    "version",
];

/// Reads a configuration.
pub(crate) fn import(input: &Input<'_>) -> Result<Suite, FormatError> {
    let root = tree::parse(input.name, input.text()?)?;
    if !root.is_map() {
        let what = format!("expected a promptfoo configuration (a map), found {}", root.noun());
        return Err(FormatError::new(input.name, Some(root.line), what));
    }
    if root.get("prompts").is_none() && root.get("tests").is_none() && root.get("scenarios").is_none() {
        return Err(FormatError::new(input.name, Some(root.line), "it has neither 'prompts' nor 'tests'")
            .hint("a promptfoo configuration has prompts, providers and tests"));
    }
    let mut r =
        Reading { input, losses: BTreeSet::new(), templates: root.get("assertionTemplates").cloned() };
    let mut draft = Draft { name: name_of(&root), ..Draft::default() };
    keys(&mut r, &root, &mut draft);
    prompts::read(&mut r, &root, &mut draft)?;
    providers::read(&mut r, &root, &mut draft);
    let tests = tests::read(&mut r, &root)?;
    cases(&mut r, &tests, &mut draft)?;
    let losses: Vec<Loss> = r.losses.into_iter().collect();
    draft.comments = comments(&losses, &draft);
    Ok(Suite { files: draft.files(""), losses, cases: draft.cases.len() })
}

fn name_of(root: &Node) -> String {
    root.get("description").and_then(Node::as_text).unwrap_or("promptfoo").to_owned()
}

/// Top-level keys other than prompts, providers and tests.
fn keys(r: &mut Reading<'_>, root: &Node, draft: &mut Draft) {
    let file = r.input.name.to_owned();
    for (key, value) in root.pairs() {
        match key.name.as_str() {
            "prompts" | "providers" | "targets" | "tests" | "defaultTest" | "scenarios" => {}
            "evaluateOptions" => options(r, value, draft),
            known if WITHOUT_EFFECT.contains(&known) => {}
            other => {
                let what = format!("'{}' is not carried over", brief(other));
                r.lost(&file, key.line, what);
            }
        }
    }
}

fn options(r: &mut Reading<'_>, node: &Node, draft: &mut Draft) {
    let file = r.input.name.to_owned();
    for (key, value) in node.pairs() {
        let whole = value.as_number().filter(|n| *n >= 1.0 && n.fract() == 0.0).map(|n| n as u32);
        match (key.name.as_str(), whole) {
            ("maxConcurrency", Some(n)) => draft.closed = n,
            ("repeat", Some(n)) => draft.repeats = n,
            ("cache" | "showProgressBar" | "timeoutMs" | "maxEvalTimeMs", _) => {}
            (other, _) => {
                r.ignored(&file, key.line, format!("evaluateOptions.{} is not carried over", brief(other)));
            }
        }
    }
}

/// One case for each test and combination of its variables.
fn cases(r: &mut Reading<'_>, tests: &[tests::Test], draft: &mut Draft) -> Result<(), FormatError> {
    let wanted: Vec<String> = draft
        .prompts
        .iter()
        .flat_map(|(_, messages)| messages)
        .flat_map(|(_, content)| crate::template::variables(content))
        .collect();
    let mut seen = std::collections::HashSet::new();
    for test in tests {
        for mut vars in tests::combinations(r, test)? {
            // An undefined variable is empty in Nunjucks and an error in ours.
            for name in &wanted {
                vars.entry(name.clone()).or_insert_with(|| json!(""));
            }
            let number = draft.cases.len();
            if number >= MAX_CASES {
                let what = format!("the lists of variables multiply to more than {MAX_CASES} cases");
                return Err(FormatError::new(&test.file, Some(test.line), what));
            }
            let mut case = case(r, test, vars, number);
            // Content tells cases apart here, asserts do not.
            let content = json!([case.get("vars"), case.get("expected"), case.get("refuse")]).to_string();
            if !seen.insert(content)
                && let Some(vars) = case.get_mut("vars").and_then(Value::as_object_mut)
            {
                vars.entry("imported_id").or_insert_with(|| json!(number.to_string()));
            }
            draft.cases.push(case);
        }
    }
    if draft.cases.is_empty() {
        return Err(FormatError::new(r.input.name, None, "no test could be carried over")
            .hint("see which parts are not supported in docs/guide/import.md"));
    }
    Ok(())
}

fn case(
    r: &mut Reading<'_>,
    test: &tests::Test,
    vars: Map<String, Value>,
    number: usize,
) -> Map<String, Value> {
    let mut case = Map::new();
    let id = match &test.description {
        Some(words) => format!("{number} {}", brief(words)),
        None => number.to_string(),
    };
    let checks = asserts::read(r, test, &Value::Object(vars.clone()));
    case.insert("id".into(), json!(id));
    case.insert("vars".into(), Value::Object(vars));
    if let Some(expected) = checks.expected {
        case.insert("expected".into(), json!(expected));
    }
    if checks.refuse {
        case.insert("refuse".into(), json!(true));
    }
    if !checks.scorers.is_empty() {
        case.insert("scorers".into(), json!(checks.scorers));
    }
    case
}

/// `1 case`, `2 cases`.
fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

fn comments(losses: &[Loss], draft: &Draft) -> Vec<String> {
    let mut out = vec![format!(
        "Imported from a promptfoo configuration: {}, {}, {}.",
        counted(draft.cases.len(), "case"),
        counted(draft.prompts.len(), "prompt"),
        counted(draft.targets.len(), "target")
    )];
    out.push("A case's id begins with promptfoo's number of the test (testIdx).".into());
    out.push(
        "Answers are trimmed before they are compared; an empty, cut or refused answer is never correct."
            .into(),
    );
    for loss in losses.iter().filter(|l| l.changes_results).take(50) {
        out.push(format!("not carried over: {loss}"));
    }
    out
}
