//! Worked examples in front of the question: `shots:`.
//!
//! Main functions: [`read`], what the suite says, and [`attach`], which fills in the
//! examples once the cases are known. Must not choose examples for a case.

use crate::cases;
use crate::error::{SuiteError, brief};
use crate::forms::Files;
use crate::prompts::Prompts;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::{Case, Pick, Shot, ShotsSpec, Show};
use std::collections::BTreeSet;

/// Keys of `shots`.
pub(crate) const KEYS: [&str; 9] =
    ["from", "n", "pick", "ids", "as", "question", "answer", "template", "separator"];
/// Most examples of one question.
const MOST: u64 = 100;
/// Most examples to choose from, and their bytes: all of them are stored with the run.
const MAX_POOL: usize = 10_000;
const MAX_POOL_BYTES: usize = 16 << 20;
/// Examples kept beyond those that are shown: some may be the case itself.
const SPARE: usize = 8;

/// Reads `shots`, without the examples.
pub(crate) fn read(doc: &Doc, node: &Node, is_text: bool) -> Result<ShotsSpec, SuiteError> {
    let fields = Fields::open(doc, node, "'shots'", &KEYS)?;
    let text = |key: &str| fields.maybe(key, |d, n, w| d.text(n, w).map(str::to_owned));
    fields.need("from", "train.jsonl")?;
    let ids = fields.get("ids");
    let picks = ["fixed", "first", "seeded"];
    let pick = match fields.get("pick") {
        None if ids.is_some() => Pick::Fixed,
        None => Pick::First,
        Some(node) => match doc.text(node, "'pick'")? {
            "fixed" => Pick::Fixed,
            "first" => Pick::First,
            "seeded" => Pick::Seeded,
            other => return Err(doc.unknown(node.span, "way to pick", other, "", &picks)),
        },
    };
    if let (Some(ids), true) = (ids, pick != Pick::Fixed) {
        return Err(doc.at(ids, "'ids' name examples, and 'pick' is not fixed"));
    }
    let listed = match ids {
        Some(node) => Some(doc.full_list(node, "'ids'")?.len() as u64),
        None => None,
    };
    let n = match (fields.maybe("n", |d, n, w| d.count(n, w, 0..=MOST))?, listed) {
        (Some(n), _) => n,
        (None, Some(n)) if n <= MOST => n,
        _ => doc.count(fields.need("n", "5")?, "'n'", 0..=MOST)?,
    };
    let show = match fields.get("as") {
        None if is_text => Show::Text,
        None => Show::Turns,
        Some(node) => match doc.text(node, "'as'")? {
            "text" => Show::Text,
            "turns" if is_text => {
                return Err(doc.at(node, "raw text has no turns").hint("write `as: text`, or use messages"));
            }
            "turns" => Show::Turns,
            other => return Err(doc.unknown(node.span, "way to show", other, "", &["turns", "text"])),
        },
    };
    let template = text("template")?;
    if let Some(node) = fields.get("template").filter(|_| show == Show::Turns) {
        return Err(doc.at(node, "'template' is for examples as text").hint("add `as: text`"));
    }
    if let (Some(_), Some(node)) = (&template, fields.get("question").or(fields.get("answer"))) {
        return Err(doc.at(node, "'template' is the whole example, question and answer"));
    }
    Ok(ShotsSpec {
        n: n as u16,
        pick,
        show,
        question: text("question")?,
        answer: text("answer")?.unwrap_or_else(|| "{{ expected }}".to_owned()),
        template,
        separator: text("separator")?.unwrap_or_else(|| "\n\n".to_owned()),
        pool: Vec::new(),
        from: String::new(),
    })
}

/// Fills in the examples of every prompt.
pub(crate) fn attach(
    suite: &Fields<'_>,
    prompts: &mut Prompts,
    all: &[Case],
    files: &Files<'_>,
) -> Result<(), SuiteError> {
    for i in 0..prompts.specs.len() {
        let Some(node) = prompts.shots[i].clone() else { continue };
        let Some(mut spec) = prompts.specs[i].shots.take() else { continue };
        let doc = suite.doc;
        let (pool, from) = pool(suite, &node, all, files, &prompts.variables())?;
        spec.pool = chosen(doc, &node, &spec, pool)?;
        spec.from = from;
        let n = usize::from(spec.n);
        let own = || {
            let shown: BTreeSet<_> = spec.pool.iter().map(|s| s.hash).collect();
            all.iter().any(|c| shown.contains(&c.hash))
        };
        if spec.pool.len() < n || (spec.pool.len() == n && n > 0 && own()) {
            let what =
                if spec.pool.len() < n { "" } else { ", some of them cases that are asked themselves" };
            let message =
                format!("{n} examples are asked for, and {} has {}{what}", spec.from, spec.pool.len());
            return Err(doc
                .at(&node, message)
                .hint("a case is never its own example: give more, or ask for fewer"));
        }
        prompts.specs[i].shots = Some(spec);
        prompts.check_shots(doc, i, &node)?;
    }
    Ok(())
}

/// Where the examples come from: a split of the cases, a file, or a list.
fn pool(
    suite: &Fields<'_>,
    node: &Node,
    all: &[Case],
    files: &Files<'_>,
    used: &BTreeSet<String>,
) -> Result<(Vec<Case>, String), SuiteError> {
    let doc = suite.doc;
    let from = node.get("from").expect("read before");
    let name = match &from.kind {
        Kind::Text(name) => name,
        Kind::List(_) => {
            return Ok((cases::read_examples(doc, from, None, files.all, used)?, "the list".to_owned()));
        }
        _ => {
            let file = from.get("file").map_or(Ok("the file"), |n| doc.text(n, "'file'"))?.to_owned();
            return Ok((
                cases::read_examples(doc, from, None, files.all, used)?,
                format!("'{}'", brief(&file)),
            ));
        }
    };
    if name.contains('.') {
        let map = suite.get("cases").and_then(|c| c.get("map"));
        let pool = cases::read_examples(doc, from, map, files.all, used)?;
        return Ok((pool, format!("'{}'", brief(name))));
    }
    let pool: Vec<Case> = all.iter().filter(|c| c.split.as_deref() == Some(name)).cloned().collect();
    if pool.is_empty() {
        let mut splits: Vec<&str> = all.iter().filter_map(|c| c.split.as_deref()).collect();
        splits.sort_unstable();
        splits.dedup();
        let message = format!("no case is of the split '{}'", brief(name));
        let hint = match splits.as_slice() {
            [] => "cases have no splits; name a file: `from: train.jsonl`".to_owned(),
            some => format!("splits: {}", some.iter().take(20).copied().collect::<Vec<_>>().join(" ")),
        };
        return Err(doc.at(from, message).hint(hint));
    }
    Ok((pool, format!("the split '{}'", brief(name))))
}

/// The examples that are stored with the run: all that could be shown.
fn chosen(doc: &Doc, node: &Node, spec: &ShotsSpec, pool: Vec<Case>) -> Result<Vec<Shot>, SuiteError> {
    let pool = match (spec.pick, node.get("ids")) {
        (Pick::Fixed, Some(ids)) => {
            let mut out = Vec::new();
            for id in doc.full_list(ids, "'ids'")? {
                let wanted = doc.spelled(id, "an id")?;
                let Some(case) = pool.iter().find(|c| c.id == wanted) else {
                    return Err(doc.at(id, format!("no example has the id '{}'", brief(&wanted))));
                };
                out.push(case.clone());
            }
            out
        }
        (Pick::Fixed | Pick::First, _) => pool.into_iter().take(usize::from(spec.n) + SPARE).collect(),
        (Pick::Seeded, _) => pool,
    };
    let bytes: usize = pool.iter().map(|c| serde_json::to_string(&c.vars).map_or(0, |t| t.len())).sum();
    if pool.len() > MAX_POOL || bytes > MAX_POOL_BYTES {
        let message = format!("more than {MAX_POOL} examples, or more than 16 MiB of them");
        return Err(doc.at(node, message).hint("examples are stored with every run: give a part of them"));
    }
    let shot = |c: Case| Shot { id: c.id, hash: c.hash, vars: c.vars, expected: c.expected };
    Ok(pool.into_iter().map(shot).collect())
}
