//! Scorers of text, times and cost, and the user's own program.
//!
//! Main function: [`read`]. Must not start a program: the engine does.

use crate::error::SuiteError;
use crate::json_scoring::choice;
use crate::read::{Doc, Fields};
use crate::scoring::texts;
use crate::tree::{Kind, Node};
use acidtest_record::{LengthUnit, ScorerKind, ScorerProgram};

/// Languages that can be told.
pub(crate) const LANGUAGES: [&str; 3] = ["ko", "en", "mixed"];
/// What a length counts.
pub(crate) const UNITS: [&str; 3] = ["chars", "words", "sentences"];

/// The keys that each of these scorers has of its own; `None` for another scorer.
pub(crate) fn keys(word: &str) -> Option<&'static [&'static str]> {
    Some(match word {
        "language" => &["is", "like"],
        "dates_numbers" => &["allowed", "vars"],
        "banned_words" => &["words", "file", "ignore_case"],
        "length" => &["unit", "min", "max"],
        "korean_match" => &["any_of"],
        "latency" => &["ttft", "e2e"],
        "cost" => &["max"],
        "command" => &["run", "timeout", "memory", "env", "jobs"],
        _ => return None,
    })
}

/// Reads one of these scorers; `fields` is absent where only its name was written.
pub(crate) fn read(
    doc: &Doc,
    node: &Node,
    word: &str,
    fields: Option<&Fields<'_>>,
) -> Result<ScorerKind, SuiteError> {
    match (word, fields) {
        ("dates_numbers", None) => Ok(ScorerKind::DatesNumbers { allowed: Vec::new(), vars: Vec::new() }),
        ("korean_match", None) => Ok(ScorerKind::KoreanMatch { any_of: None }),
        (_, None) => {
            let example = match word {
                "language" => "is: ko",
                "banned_words" => "words: [stupid]",
                "length" => "max: 200",
                "latency" => "ttft: 800 ms",
                "cost" => "max: 0.01",
                _ => "run: [./scorer]",
            };
            Err(doc
                .at(node, format!("the scorer '{word}' needs options"))
                .hint(format!("write `{{ type: {word}, {example} }}`")))
        }
        ("language", Some(f)) => language(f),
        ("dates_numbers", Some(f)) => Ok(ScorerKind::DatesNumbers {
            allowed: f.maybe("allowed", texts)?.unwrap_or_default(),
            vars: f.maybe("vars", texts)?.unwrap_or_default(),
        }),
        ("banned_words", Some(f)) => banned(f),
        ("length", Some(f)) => length(f),
        ("korean_match", Some(f)) => Ok(ScorerKind::KoreanMatch { any_of: f.maybe("any_of", texts)? }),
        ("latency", Some(f)) => {
            let (ttft_s, e2e_s) = (f.maybe("ttft", Doc::seconds)?, f.maybe("e2e", Doc::seconds)?);
            if ttft_s.is_none() && e2e_s.is_none() {
                f.one_of(&["ttft", "e2e"])?;
            }
            Ok(ScorerKind::Latency { ttft_s, e2e_s })
        }
        ("cost", Some(f)) => {
            Ok(ScorerKind::Cost { max: doc.positive(f.need("max", "0.01")?, "'max'", 1e9)? })
        }
        (_, Some(f)) => command(f),
    }
}

fn language(f: &Fields<'_>) -> Result<ScorerKind, SuiteError> {
    let (word, node) = f.one_of(&["is", "like"])?;
    Ok(match word {
        "is" => {
            let is = choice(f.doc, node, "'is'", &LANGUAGES)?;
            ScorerKind::Language { is: Some(is.to_owned()), like: None }
        }
        _ => ScorerKind::Language { is: None, like: Some(f.doc.name(node, "'like'")?) },
    })
}

fn banned(f: &Fields<'_>) -> Result<ScorerKind, SuiteError> {
    let (word, node) = f.one_of(&["words", "file"])?;
    let ignore_case = f.maybe("ignore_case", Doc::flag)?.unwrap_or(false);
    Ok(match word {
        "words" => ScorerKind::BannedWords { words: texts(f.doc, node, "'words'")?, file: None, ignore_case },
        _ => {
            let file = f.doc.name(node, "'file'")?;
            ScorerKind::BannedWords { words: Vec::new(), file: Some(file), ignore_case }
        }
    })
}

fn length(f: &Fields<'_>) -> Result<ScorerKind, SuiteError> {
    let unit = match f.maybe("unit", |doc, node, what| choice(doc, node, what, &UNITS))? {
        Some("words") => LengthUnit::Words,
        Some("sentences") => LengthUnit::Sentences,
        _ => LengthUnit::Chars,
    };
    let count = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 0..=1_000_000_000);
    let (min, max) = (f.maybe("min", count)?, f.maybe("max", count)?);
    match (min, max) {
        (None, None) => {
            f.one_of(&["min", "max"])?;
        }
        (Some(low), Some(high)) if low > high => {
            return Err(f
                .doc
                .at(f.need("max", "200")?, format!("'max' must be at least 'min' ({low}), not {high}")));
        }
        _ => {}
    }
    Ok(ScorerKind::Length { unit, min, max })
}

fn command(f: &Fields<'_>) -> Result<ScorerKind, SuiteError> {
    let doc = f.doc;
    let node = f.need("run", "[./scorer.py]")?;
    let run = match &node.kind {
        Kind::Text(program) => vec![program.clone()],
        _ => {
            doc.full_list(node, "'run'")?.iter().map(|n| doc.spelled(n, "'run'")).collect::<Result<_, _>>()?
        }
    };
    if run[0].trim().is_empty() || run[0].contains(' ') {
        return Err(doc
            .at(node, "'run' must be a program and its arguments as a list; there is no shell")
            .hint("write `run: [python3, scorer.py]`"));
    }
    let env = f.maybe("env", texts)?.unwrap_or_default();
    let is_name = |n: &String| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if let (Some(bad), Some(node)) = (env.iter().find(|n| !is_name(n)), f.get("env")) {
        return Err(doc
            .at(node, format!("'{}' is not the name of an environment variable", crate::error::brief(bad)))
            .hint("write names only; their values come from the environment"));
    }
    let memory = |doc: &Doc, node: &Node, what: &str| doc.bytes(node, what, (16 << 20)..=(1 << 40));
    let jobs = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=16);
    Ok(ScorerKind::Command(ScorerProgram {
        run,
        timeout_s: f.maybe("timeout", Doc::seconds)?.unwrap_or(10.0),
        memory_bytes: f.maybe("memory", memory)?.unwrap_or(2 << 30),
        env,
        jobs: f.maybe("jobs", jobs)?.unwrap_or(1) as u16,
    }))
}
