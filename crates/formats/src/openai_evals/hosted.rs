//! The hosted Evals API: an eval (`testing_criteria`), one of its runs, and items.
//!
//! Main function: [`import`]. `string_check` keeps its pass and fail; graders that
//! ask a model, run Python or measure likeness are losses.

use super::{MAX_CASES, comments, loss};
use crate::error::{FormatError, Loss, brief};
use crate::input::{Input, text_of};
use crate::json::each_line;
use crate::suite::{Draft, Suite, contains, label, whole};
use crate::template::{at_path, fill};
use crate::tree::Node;
use serde_json::{Map, Value, json};

/// Whether it is an eval, alone or with its run.
pub(super) fn is_hosted(root: &Node) -> bool {
    let eval = root.get("eval").unwrap_or(root);
    eval.get("testing_criteria").is_some() || eval.get("data_source_config").is_some()
}

/// Reads an eval. The run may stand in it (`run`, or `data_source`); items come
/// from the run, or from `--data`.
pub(super) fn import(input: &Input<'_>, root: &Node) -> Result<Suite, FormatError> {
    let eval = root.get("eval").unwrap_or(root);
    let source = root.get("run").unwrap_or(root).get("data_source");
    let at = |line: u32, what: &str| FormatError::new(input.name, Some(line), what);
    let Some(criteria) = eval.get("testing_criteria").filter(|c| !c.items().is_empty()) else {
        return Err(at(eval.line, "it has no 'testing_criteria'"));
    };
    let mut losses = Vec::new();
    let items = items(input, root, source)?;
    let mut draft = Draft { closed: 4, ..Draft::default() };
    draft.name = eval.get("name").and_then(Node::as_text).unwrap_or("evals").to_owned();
    draft.prompts.push(("template".into(), template(input, source, &mut losses)?));
    target(input, source, &mut draft, &mut losses);
    let checks: Vec<Check> =
        criteria.items().iter().filter_map(|c| check(input.name, c, &mut losses)).collect();
    if checks.is_empty() {
        let first = losses.first().map_or(String::new(), |l| format!(": {}", l.what));
        return Err(at(criteria.line, &format!("no grader could be carried over{first}"))
            .hint("supported: string_check over {{ sample.output_text }}"));
    }
    for (number, item) in items.into_iter().enumerate() {
        let case = case(input.name, number, item, &checks, &mut losses);
        draft.cases.push(case);
    }
    draft.comments = comments("an eval of OpenAI's hosted service", &losses);
    Ok(Suite { files: draft.files(""), cases: draft.cases.len(), losses })
}

/// The items, from the run itself or from a file of lines `{"item": {…}}`.
fn items(input: &Input<'_>, root: &Node, source: Option<&Node>) -> Result<Vec<Value>, FormatError> {
    let content = source.and_then(|s| s.get("source")).and_then(|s| s.get("content"));
    let inline =
        content.or(root.get("data")).map(|c| c.items().iter().map(Node::to_json).collect::<Vec<_>>());
    let lines = match inline {
        Some(lines) => lines,
        None => {
            let (name, bytes) = input.data("data.jsonl").map_err(|why| {
                FormatError::new(input.name, None, format!("the items are not in it, and {why}"))
                    .hint("give the JSON Lines that were uploaded: --data FILE")
            })?;
            let mut lines = Vec::new();
            each_line(&name, text_of(&name, &bytes)?, |_, map| {
                lines.push(Value::Object(map));
                Ok(())
            })?;
            lines
        }
    };
    if lines.is_empty() || lines.len() > MAX_CASES {
        return Err(FormatError::new(input.name, None, "expected 1 to 2000000 items"));
    }
    let item = |(n, line): (usize, Value)| match line.get("item") {
        Some(item @ Value::Object(_)) => Ok(item.clone()),
        _ => {
            let line = u32::try_from(n + 1).ok();
            Err(FormatError::new(input.name, line, "an item without the object 'item'")
                .hint("each line is {\"item\": {…}}"))
        }
    };
    lines.into_iter().enumerate().map(item).collect()
}

/// The messages of the run's template, over `item`.
fn template(
    input: &Input<'_>,
    source: Option<&Node>,
    losses: &mut Vec<Loss>,
) -> Result<Vec<(String, String)>, FormatError> {
    let template = source.and_then(|s| s.get("input_messages")).and_then(|m| m.get("template"));
    let Some(template) = template else {
        return Err(FormatError::new(input.name, source.map(|s| s.line), "nothing says what is asked")
            .hint("put the run's JSON beside the eval's: {\"eval\": {…}, \"run\": {\"data_source\": {…}}}"));
    };
    let mut out = Vec::new();
    for message in template.items() {
        let content = message.get("content");
        let text = content.and_then(|c| c.as_text().or_else(|| c.get("text").and_then(Node::as_text)));
        let (Some(role), Some(text)) = (message.get("role").and_then(Node::as_text), text) else {
            losses.push(loss(input.name, message.line, "a message that is not text is not carried over"));
            continue;
        };
        out.push((role.to_owned(), text.to_owned()));
    }
    if out.is_empty() {
        return Err(FormatError::new(input.name, Some(template.line), "the template has no messages"));
    }
    Ok(out)
}

fn target(input: &Input<'_>, source: Option<&Node>, draft: &mut Draft, losses: &mut Vec<Loss>) {
    let model = source.and_then(|s| s.get("model")).and_then(Node::as_text).unwrap_or("MODEL");
    draft.targets.push(
        json!({"name": model, "url": "https://api.openai.com/v1", "model": model, "key": "OPENAI_API_KEY"}),
    );
    for (key, value) in source.and_then(|s| s.get("sampling_params")).map(Node::pairs).unwrap_or_default() {
        let name = match key.name.as_str() {
            "max_completions_tokens" => "max_completion_tokens",
            known @ ("temperature"
            | "top_p"
            | "seed"
            | "max_completion_tokens"
            | "reasoning_effort"
            | "response_format") => known,
            other => {
                losses.push(loss(
                    input.name,
                    key.line,
                    format!("sampling_params.{} is not carried over", brief(other)),
                ));
                continue;
            }
        };
        draft.params.insert(name.to_owned(), value.to_json());
    }
}

struct Check {
    name: String,
    line: u32,
    operation: String,
    reference: String,
}

/// A grader that we have.
fn check(file: &str, node: &Node, losses: &mut Vec<Loss>) -> Option<Check> {
    let text = |key: &str| node.get(key).and_then(Node::as_text);
    let kind = text("type").unwrap_or("nothing");
    let name = text("name").unwrap_or(kind);
    let mut lost = |what: String| {
        losses.push(loss(file, node.line, format!("grader '{}': {what}", brief(name))));
        None
    };
    if kind != "string_check" {
        return lost(match kind {
            "label_model" | "score_model" => format!("'{kind}' asks a model and is not carried over"),
            "python" => "'python' runs code, which is never run here".into(),
            other => format!("type '{}' is not supported", brief(other)),
        });
    }
    let answer: String = text("input").unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
    if answer != "{{sample.output_text}}" {
        return lost("its input is not {{ sample.output_text }} alone".into());
    }
    let operation = text("operation").unwrap_or_default();
    if !["eq", "ne", "like", "ilike"].contains(&operation) {
        return lost(format!("operation '{}': expected eq, ne, like or ilike", brief(operation)));
    }
    let reference = node.get("reference").and_then(Node::spelled).unwrap_or_default();
    Some(Check { name: name.to_owned(), line: node.line, operation: operation.to_owned(), reference })
}

fn case(
    file: &str,
    number: usize,
    item: Value,
    checks: &[Check],
    losses: &mut Vec<Loss>,
) -> Map<String, Value> {
    let root = json!({"item": item});
    let mut scorers = Vec::new();
    let mut names = crate::suite::scorer_names();
    let mut expected = None;
    for check in checks {
        let reference = match fill(&check.reference, &|path| at_path(&root, path)) {
            Ok(text) => text,
            Err(why) => {
                losses.push(loss(file, check.line, format!("grader '{}': {why}", brief(&check.name))));
                continue;
            }
        };
        let mut scorer = match check.operation.as_str() {
            "like" | "ilike" if reference.is_empty() => continue,
            "like" => contains(&reference, false),
            "ilike" => contains(&reference, true),
            "eq" if checks.len() == 1 && !reference.is_empty() => {
                expected = Some(reference);
                json!({"type": "exact"})
            }
            _ => whole(&reference),
        };
        if let Some(map) = scorer.as_object_mut() {
            map.insert("name".into(), json!(crate::suite::distinct(&mut names, &check.name)));
            if check.operation == "ne" {
                map.insert("not".into(), json!(true));
            }
        }
        scorers.push(scorer);
    }
    let mut case = Map::new();
    case.insert("id".into(), json!(label(&format!("item-{number}"))));
    case.insert("vars".into(), root);
    if let Some(expected) = expected {
        case.insert("expected".into(), json!(expected));
    }
    if !scorers.is_empty() {
        case.insert("scorers".into(), Value::Array(scorers));
    }
    case
}
