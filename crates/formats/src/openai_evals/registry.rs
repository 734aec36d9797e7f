//! The open-source evals: a registry in YAML and samples in JSON Lines.
//!
//! Main functions: [`import`] and [`samples_alone`]. `Match` and `Includes` keep
//! their pass and fail: an answer begins with, or contains, an ideal answer; so does
//! `JsonMatch`: its JSON is that of an ideal answer.

use super::{MAX_CASES, comments, loss};
use crate::error::{FormatError, Loss, brief};
use crate::input::{Input, text_of};
use crate::json::{each_line, noun};
use crate::suite::{Draft, Suite, contains};
use crate::template::literal;
use crate::tree::Node;
use serde_json::{Map, Value, json};

/// Roles of a sample's messages, in order, and the samples that have them.
struct Shape {
    roles: Vec<String>,
    samples: Vec<Sample>,
}

struct Sample {
    number: usize,
    contents: Vec<String>,
    ideal: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum Class {
    Match,
    Includes { ignore_case: bool },
    JsonMatch,
}

/// Whether the first line is a sample.
pub(super) fn is_samples(text: &str) -> bool {
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default();
    matches!(crate::counted::read(first, crate::counted::MAX_VALUES), Ok(Value::Object(m)) if m.contains_key("input") && m.contains_key("ideal"))
}

/// Whether some entry has a class.
pub(super) fn is_registry(root: &Node) -> bool {
    root.pairs().iter().any(|(_, v)| v.get("class").and_then(Node::as_text).is_some())
}

/// Samples without a registry: nothing says how they are graded.
pub(super) fn samples_alone(input: &Input<'_>, text: &str) -> Result<Suite, FormatError> {
    let losses = vec![loss(
        input.name,
        0,
        "no registry file says the class: Match is assumed (give the YAML and --data)",
    )];
    let shapes = samples(input.name, text)?;
    suite("evals", &shapes, Class::Match, losses)
}

/// The evals of a registry file; every one with a class that we know.
pub(super) fn import(input: &Input<'_>, root: &Node) -> Result<Suite, FormatError> {
    let mut losses = Vec::new();
    let mut files = Vec::new();
    let mut cases = 0;
    for (key, entry) in root.pairs() {
        let Some(class) = entry.get("class").and_then(Node::as_text) else { continue };
        let Some(class) = known(input, class, entry, &mut losses) else { continue };
        let args = entry.get("args");
        let Some(path) = args.and_then(|a| a.get("samples_jsonl")).and_then(Node::as_text) else {
            losses.push(loss(input.name, key.line, format!("'{}' names no samples_jsonl", brief(&key.name))));
            continue;
        };
        let (name, bytes) = match input.data(path) {
            Ok(found) => found,
            Err(why) => {
                let place = registry_place(input.name, path);
                return Err(FormatError::new(input.name, Some(entry.line), why)
                    .hint(format!("a registry keeps its samples in {place}; name others with --data FILE")));
            }
        };
        let shapes = samples(&name, text_of(&name, &bytes)?)?;
        if class == Class::JsonMatch {
            json_ideals(&name, &shapes, &mut losses)?;
        }
        let made = suite(&key.name, &shapes, class, std::mem::take(&mut losses))?;
        losses = made.losses;
        cases += made.cases;
        let more = files.len() / 2;
        files.extend(made.files.into_iter().map(|mut f| {
            if more > 0 {
                f.name = f.name.replacen('.', &format!("-{}.", more + 1), 1);
                f.text = f.text.replacen("cases: cases.", &format!("cases: cases-{}.", more + 1), 1);
            }
            f
        }));
    }
    if files.is_empty() {
        let mut error = FormatError::new(input.name, Some(root.line), "no eval in it could be carried over");
        if let Some(first) = losses.first() {
            error.what = format!("{}: {}", error.what, first.what);
        }
        return Err(error.hint("supported classes: Match, Includes, JsonMatch"));
    }
    Ok(Suite { files, losses, cases })
}

/// Where a registry keeps the samples of one of its files.
fn registry_place(file: &str, samples: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = match folder.rsplit_once('/') {
        Some((root, "evals")) => root,
        None if folder == "evals" => ".",
        _ => "registry",
    };
    format!("{root}/data/{}", brief(samples))
}

fn known(input: &Input<'_>, class: &str, entry: &Node, losses: &mut Vec<Loss>) -> Option<Class> {
    let args = entry.get("args");
    let line = entry.get("class").map_or(entry.line, |n| n.line);
    for (key, value) in args.map(Node::pairs).unwrap_or_default() {
        match key.name.as_str() {
            "samples_jsonl" | "ignore_case" | "max_tokens" => {}
            "num_few_shot" if value.as_number() == Some(0.0) => {}
            other => {
                losses.push(loss(input.name, key.line, format!("args.{} is not carried over", brief(other))))
            }
        }
    }
    match class.rsplit(':').next().unwrap_or(class) {
        "Match" => Some(Class::Match),
        "Includes" => {
            let ignore_case = args.and_then(|a| a.get("ignore_case")).is_some_and(Node::is_true);
            Some(Class::Includes { ignore_case })
        }
        "JsonMatch" => Some(Class::JsonMatch),
        _ => {
            losses.push(loss(input.name, line, format!("class '{}' is not supported", brief(class))));
            None
        }
    }
}

/// Samples by the roles of their messages: a prompt of ours has fixed roles.
fn samples(file: &str, text: &str) -> Result<Vec<Shape>, FormatError> {
    let mut shapes: Vec<Shape> = Vec::new();
    let mut number = 0;
    each_line(file, text, |line, map| {
        let at = |what: String| FormatError::new(file, Some(line), what);
        let (roles, contents) = messages(map.get("input")).map_err(at)?;
        let ideal = ideals(map.get("ideal")).map_err(at)?;
        let sample = Sample { number, contents, ideal };
        number += 1;
        if number > MAX_CASES {
            return Err(FormatError::new(file, Some(line), "more than 2000000 samples"));
        }
        match shapes.iter().position(|s| s.roles == roles) {
            Some(at) => shapes[at].samples.push(sample),
            None if shapes.len() >= 100 => {
                return Err(FormatError::new(file, Some(line), "more than 100 kinds of conversations"));
            }
            None => shapes.push(Shape { roles, samples: vec![sample] }),
        }
        Ok(())
    })?;
    Ok(shapes)
}

type Conversation = (Vec<String>, Vec<String>);

fn messages(input: Option<&Value>) -> Result<Conversation, String> {
    let expected = "'input' must be a text or a list of messages with role and content";
    match input {
        Some(Value::String(text)) => Ok((vec!["user".into()], vec![text.clone()])),
        Some(Value::Array(items)) if !items.is_empty() && items.len() <= 200 => {
            let mut out: Conversation = Default::default();
            for item in items {
                let role = item.get("role").and_then(Value::as_str).unwrap_or_default();
                let content = item.get("content").and_then(Value::as_str).ok_or(expected)?;
                if !["system", "developer", "user", "assistant"].contains(&role) {
                    return Err(format!(
                        "role '{}' in 'input': expected system, user or assistant",
                        brief(role)
                    ));
                }
                out.0.push(role.to_owned());
                out.1.push(content.to_owned());
            }
            Ok(out)
        }
        other => Err(format!("{expected}, found {}", other.map_or("nothing", noun))),
    }
}

fn ideals(ideal: Option<&Value>) -> Result<Vec<String>, String> {
    match ideal {
        Some(Value::String(text)) => Ok(vec![text.clone()]),
        Some(Value::Array(items)) if !items.is_empty() => items
            .iter()
            .map(|i| i.as_str().map(str::to_owned).ok_or_else(|| "'ideal' must hold texts".to_owned()))
            .collect(),
        other => {
            Err(format!("'ideal' must be a text or a list of texts, found {}", other.map_or("nothing", noun)))
        }
    }
}

/// Ideal answers that are no JSON stop the tool, and us; Python's `True == 1` is said.
fn json_ideals(file: &str, shapes: &[Shape], losses: &mut Vec<Loss>) -> Result<(), FormatError> {
    let mut alike = false;
    for sample in shapes.iter().flat_map(|s| &s.samples) {
        for ideal in &sample.ideal {
            let value: Value = crate::counted::read(ideal, crate::counted::MAX_VALUES).map_err(|e| {
                let what =
                    format!("sample {}: the ideal answer '{}' is not JSON: {e}", sample.number, brief(ideal));
                FormatError::new(file, None, what)
            })?;
            alike |= any_part(&value, &|v| v.is_boolean() || matches!(v.as_f64(), Some(0.0 | 1.0)));
        }
    }
    if alike {
        losses.push(loss(
            file,
            0,
            "JsonMatch takes true for 1 and false for 0, as Python does: here they differ",
        ));
    }
    Ok(())
}

fn any_part(value: &Value, is: &dyn Fn(&Value) -> bool) -> bool {
    is(value)
        || match value {
            Value::Array(items) => items.iter().any(|v| any_part(v, is)),
            Value::Object(map) => map.values().any(|v| any_part(v, is)),
            _ => false,
        }
}

/// Equal to one of them; one with null anywhere is never matched.
fn json_match(ideal: &[String]) -> Value {
    let values: Vec<Value> = ideal
        .iter()
        .filter_map(|t| crate::counted::read(t, crate::counted::MAX_VALUES).ok())
        .filter(|v| !any_part(v, &Value::is_null))
        .collect();
    let schema = if values.is_empty() { json!({"not": {}}) } else { json!({"enum": values}) };
    json!({"type": "json_schema", "schema": schema, "draft": "7"})
}

fn suite(name: &str, shapes: &[Shape], class: Class, mut losses: Vec<Loss>) -> Result<Suite, FormatError> {
    let mut out = Suite::default();
    for (i, shape) in shapes.iter().enumerate() {
        let mut draft = Draft { name: name.to_owned(), closed: 4, ..Draft::default() };
        draft.targets.push(json!({"name": "target", "url": "http://127.0.0.1:8000/v1", "model": "MODEL"}));
        draft.params.insert("temperature".into(), json!(0));
        let fixed: Vec<bool> = (0..shape.roles.len())
            .map(|m| {
                shape.samples.len() > 1
                    && shape.samples.iter().all(|s| s.contents[m] == shape.samples[0].contents[m])
            })
            .collect();
        let messages = (0..shape.roles.len()).map(|m| {
            let content = match fixed[m] {
                true => literal(&shape.samples[0].contents[m]),
                false => format!("{{{{ message_{} }}}}", m + 1),
            };
            (shape.roles[m].clone(), content)
        });
        draft.prompts.push(("samples".into(), messages.collect()));
        draft.cases = shape.samples.iter().map(|s| case(s, &fixed, class)).collect();
        if class == Class::Match && shape.samples.iter().any(|s| s.ideal.iter().any(String::is_empty)) {
            losses.push(loss(
                name,
                0,
                "an empty ideal answer: every answer begins with it, ours never passes",
            ));
        }
        out.cases += draft.cases.len();
        draft.comments = comments(&format!("OpenAI Evals ({})", brief(name)), &losses);
        let suffix = if i == 0 { String::new() } else { format!("-roles{}", i + 1) };
        out.files.extend(draft.files(&suffix));
    }
    out.losses = losses;
    Ok(out)
}

fn case(sample: &Sample, fixed: &[bool], class: Class) -> Map<String, Value> {
    let mut vars = Map::new();
    for (m, content) in sample.contents.iter().enumerate().filter(|(m, _)| !fixed[*m]) {
        vars.insert(format!("message_{}", m + 1), json!(content));
    }
    let mut ideal: Vec<&String> = sample.ideal.iter().filter(|t| !t.is_empty()).collect();
    ideal.dedup();
    let bare = ideal.iter().all(|t| t.trim() == *t);
    let scorer = match class {
        Class::Match => json!({"type": "starts_with"}),
        Class::JsonMatch => json_match(&sample.ideal),
        Class::Includes { ignore_case } if bare => json!({"type": "contains", "ignore_case": ignore_case}),
        Class::Includes { ignore_case } => {
            json!({"any": ideal.iter().map(|t| contains(t, ignore_case)).collect::<Vec<_>>()})
        }
    };
    let mut case = Map::new();
    // The number that the open-source tool gives the sample.
    case.insert("id".into(), json!(format!("sample-{}", sample.number)));
    case.insert("vars".into(), Value::Object(vars));
    if !ideal.is_empty() {
        case.insert("expected".into(), json!(ideal));
    }
    case.insert("scorers".into(), json!([scorer]));
    case
}
