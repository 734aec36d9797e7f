//! Scorers of text: language, dates and numbers, banned words, length, Korean matching.
//!
//! Main function: [`score`]. The rules are those of `metrics::text`.

use super::scorer::{Raw, Subject, quoted};
use acidtest_metrics::text;
use acidtest_record::{LengthUnit, ScorerKind};
use std::collections::BTreeSet;

/// Scores an answer; `None` when the scorer is of another group.
pub(super) fn score(kind: &ScorerKind, answer: &str, s: &Subject<'_>) -> Option<Raw> {
    Some(match kind {
        ScorerKind::Language { is, like } => language(answer, is.as_deref(), like.as_deref(), s),
        ScorerKind::DatesNumbers { allowed, vars } => dates_numbers(answer, allowed, vars, s),
        ScorerKind::BannedWords { words, ignore_case, .. } => {
            let found: Vec<String> =
                words.iter().filter(|w| text::has_word(answer, w, *ignore_case)).cloned().collect();
            yes(found.is_empty(), || format!("holds {}", quoted(&found)))
        }
        ScorerKind::Length { unit, min, max } => length(answer, *unit, *min, *max),
        ScorerKind::KoreanMatch { any_of } => {
            let list = any_of.as_ref().unwrap_or(&s.case.expected);
            if list.is_empty() {
                return Some(Raw::NoReference);
            }
            let found = list.iter().any(|wanted| text::korean_match(answer, wanted));
            yes(found, || format!("does not hold {}", quoted(list)))
        }
        _ => return None,
    })
}

fn yes(is: bool, why: impl Fn() -> String) -> Raw {
    Raw::Score(f64::from(u8::from(is)), (!is).then(why))
}

fn variable(s: &Subject<'_>, name: &str) -> Option<String> {
    match s.case.vars.get(name)? {
        serde_json::Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn language(answer: &str, is: Option<&str>, like: Option<&str>, s: &Subject<'_>) -> Raw {
    let due = match (is, like) {
        (Some(is), _) => is.to_owned(),
        (None, Some(name)) => match variable(s, name).as_deref().and_then(text::language) {
            Some(language) => language.id().to_owned(),
            None => return Raw::NoReference,
        },
        (None, None) => return Raw::NoReference,
    };
    match text::language(answer) {
        None => Raw::Abstained("the answer has no letters"),
        Some(found) => yes(found.id() == due, || format!("is in '{}', expected '{due}'", found.id())),
    }
}

/// The share of the answer's dates and numbers that are known; an answer without any is right.
fn dates_numbers(answer: &str, allowed: &[String], vars: &[String], s: &Subject<'_>) -> Raw {
    let own = vars.iter().filter_map(|name| variable(s, name));
    let sources: Vec<String> = s.case.expected.iter().chain(allowed).cloned().chain(own).collect();
    if sources.is_empty() {
        return Raw::NoReference;
    }
    let known: BTreeSet<String> = sources.iter().flat_map(|t| text::facts(t)).collect();
    let said = text::facts(answer);
    let strange: Vec<String> = said.difference(&known).cloned().collect();
    if strange.is_empty() {
        return Raw::Score(1.0, None);
    }
    let share = (said.len() - strange.len()) as f64 / said.len() as f64;
    Raw::Score(share, Some(format!("states {}, which no reference does", quoted(&strange))))
}

fn length(answer: &str, unit: LengthUnit, min: Option<u64>, max: Option<u64>) -> Raw {
    let (n, noun) = match unit {
        LengthUnit::Chars => (answer.trim().chars().count(), "characters"),
        LengthUnit::Words => (answer.split_whitespace().count(), "words"),
        LengthUnit::Sentences => (text::sentences(answer), "sentences"),
    };
    let n = n as u64;
    let short = min.is_some_and(|m| n < m);
    let long = max.is_some_and(|m| n > m);
    yes(!short && !long, || {
        let limit = if short { min } else { max }.unwrap_or(0);
        format!("{n} {noun}, {} {limit}", if short { "at least" } else { "at most" })
    })
}
