//! Conditions on cases: `lang=ko and not (id~draft-* or split=train)`.
//!
//! Main function: [`parse`]; main type: [`Expression`]. Must not know where the
//! condition stands.

use crate::error::brief;
use crate::glob;
use crate::nearest::nearest;
use acidtest_record::Case;
use std::collections::BTreeSet;

const MAX_DEPTH: usize = 32;
const MAX_LENGTH: usize = 10_000;
/// What a case has besides its tags.
const OWN: [&str; 4] = ["id", "split", "cluster", "refuse"];
const FORM: &str = "write NAME=VALUE, NAME!=VALUE, NAME~PATTERN or NAME, joined by and, or, not and brackets";

/// A condition on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// The field has the value.
    Is(String, String),
    /// The field matches the pattern.
    Like(String, String),
    /// The field is there.
    Has(String),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
}

/// What is wrong with a condition, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadFilter {
    pub(crate) at: usize,
    pub(crate) len: u32,
    pub(crate) what: String,
    pub(crate) hint: String,
}

impl Expression {
    /// The fields that it names, in order.
    pub(crate) fn fields(&self) -> Vec<&str> {
        match self {
            Expression::Is(key, _) | Expression::Like(key, _) | Expression::Has(key) => vec![key],
            Expression::Not(inner) => inner.fields(),
            Expression::And(all) | Expression::Or(all) => all.iter().flat_map(Self::fields).collect(),
        }
    }

    /// Whether the condition holds for a case.
    pub(crate) fn holds(&self, case: &Case) -> bool {
        match self {
            Expression::Is(key, value) => field(case, key).is_some_and(|v| v == *value),
            Expression::Like(key, pattern) => {
                field(case, key).is_some_and(|v| glob::matches_text(pattern, &v))
            }
            Expression::Has(key) => field(case, key).is_some(),
            Expression::Not(inner) => !inner.holds(case),
            Expression::And(all) => all.iter().all(|e| e.holds(case)),
            Expression::Or(any) => any.iter().any(|e| e.holds(case)),
        }
    }
}

/// A field of a case as text: its own, a tag, or a variable as `vars.NAME`.
pub(crate) fn field(case: &Case, key: &str) -> Option<String> {
    if let Some(name) = key.strip_prefix("vars.") {
        return case.vars.get(name).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
    }
    match key {
        "id" => Some(case.id.clone()),
        "split" => case.split.clone(),
        "cluster" => case.cluster.clone(),
        "refuse" => Some(case.refuse.to_string()),
        tag => case.tags.get(tag.strip_prefix("tag.").unwrap_or(tag)).cloned(),
    }
}

/// Reads a condition; every field that it names must occur in `cases`.
pub(crate) fn parse(text: &str, cases: &[Case]) -> Result<Expression, BadFilter> {
    let fail = |at: usize, what: &str| BadFilter { at, len: 1, what: what.to_owned(), hint: FORM.to_owned() };
    if text.len() > MAX_LENGTH {
        return Err(fail(0, "the filter is longer than 10000 bytes"));
    }
    let mut parser = Parser { words: words(text)?, next: 0, end: text.len(), cases };
    if parser.words.is_empty() {
        return Err(fail(0, "the filter is empty"));
    }
    let out = parser.or(0)?;
    match parser.words.get(parser.next) {
        None => Ok(out),
        Some(word) => Err(fail(word.at, &format!("'{}' is not expected here", brief(&word.text)))),
    }
}

/// A word, a bracket or an operator.
#[derive(Debug, Clone)]
struct Word {
    at: usize,
    text: String,
    kind: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Plain,
    Quoted,
    Mark,
}

fn words(text: &str) -> Result<Vec<Word>, BadFilter> {
    let mut out: Vec<Word> = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let word = |text: String, kind| Word { at, text, kind };
        match c {
            c if c.is_whitespace() => {}
            '(' | ')' | '=' | '~' => out.push(word(c.to_string(), What::Mark)),
            '!' => {
                let next = chars.next_if(|(_, n)| *n == '=' || *n == '~');
                let Some((_, next)) = next else {
                    let what = "'!' without '=' or '~'".to_owned();
                    return Err(BadFilter { at, len: 1, what, hint: FORM.to_owned() });
                };
                out.push(word(format!("!{next}"), What::Mark));
            }
            '"' | '\'' => {
                let mut inner = String::new();
                loop {
                    match chars.next() {
                        Some((_, end)) if end == c => break,
                        Some((_, other)) => inner.push(other),
                        None => {
                            let what = "a quote is never closed".to_owned();
                            return Err(BadFilter { at, len: 1, what, hint: FORM.to_owned() });
                        }
                    }
                }
                out.push(word(inner, What::Quoted));
            }
            c => {
                let mut inner = c.to_string();
                let part = |c: &(usize, char)| !c.1.is_whitespace() && !"()=~!\"'".contains(c.1);
                while let Some((_, c)) = chars.next_if(part) {
                    inner.push(c);
                }
                out.push(word(inner, What::Plain));
            }
        }
    }
    Ok(out)
}

struct Parser<'a> {
    words: Vec<Word>,
    next: usize,
    end: usize,
    cases: &'a [Case],
}

impl Parser<'_> {
    fn fail(&self, what: String) -> BadFilter {
        let (at, len) = match self.words.get(self.next) {
            Some(word) => (word.at, word.text.chars().count() as u32),
            None => (self.end, 1),
        };
        BadFilter { at, len, what, hint: FORM.to_owned() }
    }

    fn take(&mut self, kind: What, text: &str) -> bool {
        let is_there = self.words.get(self.next).is_some_and(|w| w.kind == kind && w.text == text);
        self.next += usize::from(is_there);
        is_there
    }

    fn or(&mut self, depth: usize) -> Result<Expression, BadFilter> {
        let mut all = vec![self.and(depth)?];
        while self.take(What::Plain, "or") {
            all.push(self.and(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::Or(all) })
    }

    fn and(&mut self, depth: usize) -> Result<Expression, BadFilter> {
        let mut all = vec![self.not(depth)?];
        while self.take(What::Plain, "and") {
            all.push(self.not(depth)?);
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Expression::And(all) })
    }

    fn not(&mut self, depth: usize) -> Result<Expression, BadFilter> {
        if depth > MAX_DEPTH {
            return Err(self.fail("conditions nested more than 32 deep".to_owned()));
        }
        if self.take(What::Plain, "not") {
            return Ok(Expression::Not(Box::new(self.not(depth + 1)?)));
        }
        if self.take(What::Mark, "(") {
            let inner = self.or(depth + 1)?;
            if !self.take(What::Mark, ")") {
                return Err(self.fail("a bracket is never closed".to_owned()));
            }
            return Ok(inner);
        }
        self.term()
    }

    fn term(&mut self) -> Result<Expression, BadFilter> {
        let Some(word) = self.words.get(self.next).filter(|w| w.kind != What::Mark).cloned() else {
            return Err(self.fail("expected the name of a tag, or id, split, cluster, refuse".to_owned()));
        };
        self.known(&word.text)?;
        self.next += 1;
        let key = word.text;
        for (mark, is_negated) in [("=", false), ("!=", true), ("~", false), ("!~", true)] {
            if !self.take(What::Mark, mark) {
                continue;
            }
            let value = self.words.get(self.next).filter(|w| w.kind != What::Mark).cloned();
            let Some(value) = value else {
                return Err(self.fail(format!("expected a value after '{mark}'")));
            };
            self.next += 1;
            let made = match mark.ends_with('=') {
                true => Expression::Is(key, value.text),
                false => Expression::Like(key, value.text),
            };
            return Ok(if is_negated { Expression::Not(Box::new(made)) } else { made });
        }
        Ok(Expression::Has(key))
    }

    /// Whether any case has such a field: a mistyped name would choose nothing.
    fn known(&self, key: &str) -> Result<(), BadFilter> {
        let tag = key.strip_prefix("tag.").unwrap_or(key);
        let is_known = OWN.contains(&key)
            || match key.strip_prefix("vars.") {
                Some(name) => self.cases.iter().any(|c| c.vars.contains_key(name)),
                None => self.cases.iter().any(|c| c.tags.contains_key(tag)),
            };
        if is_known {
            return Ok(());
        }
        let tags: BTreeSet<&str> =
            self.cases.iter().take(1000).flat_map(|c| c.tags.keys()).map(String::as_str).chain(OWN).collect();
        let hint = match nearest(tag, tags.iter().copied()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => format!("known: {}", tags.iter().copied().collect::<Vec<_>>().join(" ")),
        };
        Err(BadFilter { hint, ..self.fail(format!("no case has a tag '{}'", brief(key))) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn cases() -> Vec<Case> {
        let tags =
            BTreeMap::from([("lang".to_owned(), "ko".to_owned()), ("hard".to_owned(), "yes".to_owned())]);
        vec![Case { id: "draft-1".into(), split: Some("test".into()), tags, ..Case::default() }]
    }

    #[test]
    fn conditions_mean_what_they_say() {
        let all = cases();
        for (text, expect) in [
            ("lang=ko", true),
            ("lang=en", false),
            ("lang!=en", true),
            ("tag.lang = 'ko'", true),
            ("hard", true),
            ("not hard", false),
            ("id~draft-*", true),
            ("id!~draft-*", false),
            ("lang=en or split=test and hard", true),
            ("(lang=en or split=test) and not hard", false),
            ("not not lang=ko", true),
            ("refuse=false", true),
            ("cluster", false),
        ] {
            assert_eq!(parse(text, &all).unwrap().holds(&all[0]), expect, "{text}");
        }
    }

    #[test]
    fn wrong_conditions_say_where() {
        let all = cases();
        for (text, at, what) in [
            ("", 0, "the filter is empty"),
            ("lnag=ko", 0, "no case has a tag 'lnag'"),
            ("lang=", 5, "expected a value after '='"),
            ("lang=ko and", 11, "expected the name of a tag, or id, split, cluster, refuse"),
            ("(lang=ko", 8, "a bracket is never closed"),
            ("lang=ko )", 8, "')' is not expected here"),
            ("lang='ko", 5, "a quote is never closed"),
            ("lang ! ko", 5, "'!' without '=' or '~'"),
        ] {
            let bad = parse(text, &all).unwrap_err();
            assert_eq!((bad.at, bad.what.as_str()), (at, what), "{text}");
        }
        assert!(parse(&"(".repeat(9000), &all).is_err());
        assert!(parse(&"not ".repeat(2000), &all).is_err());
    }
}
