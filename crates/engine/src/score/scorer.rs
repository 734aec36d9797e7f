//! One scorer: a score in 0..1, and whether that passes.
//!
//! Main type: [`Scorer`]. Its arithmetic comes from `metrics`.

use super::command::Program;
use super::texts::TextScorer;
use super::{json, spent, words};
use crate::phase::EngineError;
use acidtest_metrics::json::{Reading, read_json};
use acidtest_metrics::text;
use acidtest_record::{Case, Digest, Extraction, Price, Record, ScorerKind, ScorerSpec, Status, Value};
use acidtest_suite::JsonSchema;
use regex::Regex;
use std::cell::OnceCell;

/// What a scorer says of one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Whether it could say anything.
    pub status: Status,
    /// The score, or yes and no.
    pub value: Option<Value>,
    /// Whether it passes; absent for a scorer that only measures, or that does not apply.
    pub pass: Option<bool>,
    /// Why, for people.
    pub why: Option<String>,
}

impl Scored {
    /// The scorer itself could not do its work.
    pub(crate) fn failed(why: impl Into<String>) -> Self {
        Self { status: Status::Failed, value: None, pass: None, why: Some(why.into()) }
    }
}

/// All that a scorer may look at.
pub(crate) struct Subject<'a> {
    /// What the extraction found.
    pub answer: Option<&'a str>,
    /// The whole visible text.
    pub text: &'a str,
    pub case: &'a Case,
    pub record: Option<&'a Record>,
    pub price: Option<&'a Price>,
    /// The JSON of the text, read once for all scorers.
    pub json: OnceCell<Reading>,
    /// Whether the user's programs may be asked, and if not, why.
    pub commands: Result<(), &'static str>,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(answer: Option<&'a str>, text: &'a str, case: &'a Case) -> Self {
        Self { answer, text, case, record: None, price: None, json: OnceCell::new(), commands: Ok(()) }
    }

    /// The JSON of the visible text, thinking aside.
    pub(crate) fn json(&self) -> &Reading {
        self.json.get_or_init(|| match acidtest_record::without_thinking(self.text) {
            Ok(text) => read_json(&text),
            Err(_) => Reading::default(),
        })
    }
}

/// A scorer whose pattern is compiled.
#[derive(Debug)]
pub(crate) struct Scorer {
    pub spec: ScorerSpec,
    pub digest: Option<Digest>,
    pattern: Option<Regex>,
    pub(super) schema: Option<JsonSchema>,
    program: Option<Program>,
    text: Option<TextScorer>,
    pub(super) parts: Vec<Scorer>,
}

/// A score before weight, turning over and passing.
pub(super) enum Raw {
    Score(f64, Option<String>),
    Unparsable(&'static str),
    /// The case has nothing to compare with.
    NoReference,
    /// It does not apply, for another reason.
    Abstained(&'static str),
    /// The scorer itself failed.
    Failed(String),
    /// The scorer said itself whether it passes.
    Said(f64, Option<bool>, Option<String>),
}

impl Scorer {
    pub(crate) fn compile(spec: &ScorerSpec) -> Result<Self, EngineError> {
        let pattern = match &spec.kind {
            ScorerKind::Regex { pattern } => Some(
                Regex::new(pattern)
                    .map_err(|e| EngineError::Scorer { name: spec.name.clone(), what: e.to_string() })?,
            ),
            _ => None,
        };
        let parts = match &spec.kind {
            ScorerKind::All(parts) | ScorerKind::Any(parts) => {
                parts.iter().map(Scorer::compile).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        let digest = serde_json::to_vec(spec).ok().map(|json| Digest::of(&json));
        let wrong = |what| EngineError::Scorer { name: spec.name.clone(), what };
        let schema = match &spec.kind {
            ScorerKind::JsonSchema { schema, draft, .. } => {
                Some(JsonSchema::compile(schema, draft).map_err(wrong)?)
            }
            _ => None,
        };
        let program = match &spec.kind {
            ScorerKind::Command(command) => Some(Program::new(command)),
            _ => None,
        };
        let text = match &spec.kind {
            ScorerKind::Text(metric) => Some(TextScorer::new(metric).map_err(wrong)?),
            _ => None,
        };
        Ok(Self { spec: spec.clone(), digest, pattern, schema, program, text, parts })
    }

    /// How many processes of the user's own programs it may use; 0 for all other scorers.
    pub(crate) fn jobs(&self) -> usize {
        let own = self.program.as_ref().map_or(0, Program::jobs);
        self.parts.iter().map(Scorer::jobs).fold(own, usize::max)
    }

    /// Scores an answer.
    pub(crate) fn score(&self, s: &Subject<'_>) -> Scored {
        let raw = match &self.spec.kind {
            ScorerKind::All(_) | ScorerKind::Any(_) => self.combined(s),
            ScorerKind::Refusal => Raw::Score(f64::from(u8::from(acidtest_suite::is_refusal(s.text))), None),
            ScorerKind::JsonValid { .. }
            | ScorerKind::JsonSchema { .. }
            | ScorerKind::JsonField { .. }
            | ScorerKind::Fields { .. } => json::score(self, s),
            ScorerKind::Latency { ttft_s, e2e_s } => spent::latency(s, *ttft_s, *e2e_s),
            ScorerKind::Cost { max } => spent::cost(s, *max),
            ScorerKind::Command(_) => self.command(s),
            kind => match s.answer {
                None => Raw::Unparsable("the answer does not have the form that the extraction asks for"),
                Some(answer) if self.text.is_some() => self.by_text(answer, s),
                Some(answer) => words::score(kind, answer, s).unwrap_or_else(|| self.single(answer, s.case)),
            },
        };
        self.said(raw)
    }

    fn by_text(&self, answer: &str, s: &Subject<'_>) -> Raw {
        self.text.as_ref().map_or(Raw::NoReference, |text| text.score(answer, s))
    }

    fn command(&self, s: &Subject<'_>) -> Raw {
        match (&self.program, s.commands) {
            (_, Err(why)) => Raw::Failed(why.to_owned()),
            (None, _) => Raw::Failed("the program was not set up".to_owned()),
            (Some(program), _) => match program.ask(s.text, s.case) {
                Ok(said) => Raw::Said(said.score, said.pass, said.why),
                Err(why) => Raw::Failed(why),
            },
        }
    }

    /// A score turned over, compared with the mark, and put in words.
    fn said(&self, raw: Raw) -> Scored {
        match raw {
            Raw::Failed(why) => Scored::failed(why),
            Raw::Abstained(why) => {
                Scored { status: Status::Abstained, value: None, pass: None, why: Some(why.into()) }
            }
            Raw::Said(score, pass, why) => {
                let turn = |x: f64| if self.spec.negate { 1.0 - x } else { x };
                let own = pass.map(|p| p != self.spec.negate);
                let pass = self.spec.pass.map(|limit| own.unwrap_or(turn(score) >= limit));
                Scored { status: Status::Scored, value: Some(Value::Number(turn(score))), pass, why }
            }
            Raw::NoReference => Scored {
                status: Status::Abstained,
                value: None,
                pass: None,
                why: Some("the case has no reference answer".into()),
            },
            Raw::Unparsable(why) => Scored {
                status: Status::Unparsable,
                value: None,
                pass: self.spec.pass.map(|_| false),
                why: Some(why.into()),
            },
            Raw::Score(score, why) => {
                let score = if self.spec.negate { 1.0 - score } else { score };
                let pass = self.spec.pass.map(|limit| score >= limit);
                let why = if pass == Some(false) { why } else { None };
                Scored { status: Status::Scored, value: Some(Value::Number(score)), pass, why }
            }
        }
    }

    fn single(&self, answer: &str, case: &Case) -> Raw {
        let refs = &case.expected;
        let yes = |found: bool, words: &str, list: &[String]| {
            let shown = || format!("{words} {}", quoted(list));
            Raw::Score(f64::from(u8::from(found)), (!found).then(shown))
        };
        match &self.spec.kind {
            ScorerKind::Exact { .. } if refs.is_empty() => Raw::NoReference,
            ScorerKind::Exact { ignore_case } => {
                let found =
                    refs.iter().any(|r| fold(r.trim(), *ignore_case) == fold(answer.trim(), *ignore_case));
                yes(found, "is not", refs)
            }
            ScorerKind::Contains { ignore_case, any_of } => {
                let list = any_of.as_ref().unwrap_or(refs);
                if list.is_empty() {
                    return Raw::NoReference;
                }
                let answer = fold(answer, *ignore_case);
                yes(
                    list.iter().any(|r| answer.contains(&fold(r.trim(), *ignore_case))),
                    "does not contain",
                    list,
                )
            }
            ScorerKind::StartsWith { ignore_case, any_of } => {
                let list = any_of.as_ref().unwrap_or(refs);
                if list.is_empty() {
                    return Raw::NoReference;
                }
                let answer = fold(answer.trim_start(), *ignore_case);
                yes(
                    list.iter().any(|r| answer.starts_with(&fold(r.trim(), *ignore_case))),
                    "does not begin with",
                    list,
                )
            }
            ScorerKind::Regex { pattern } => {
                let found = self.pattern.as_ref().is_some_and(|p| p.is_match(answer));
                yes(found, "does not match", std::slice::from_ref(pattern))
            }
            ScorerKind::Numeric { abs, rel } => numeric(answer, refs, *abs, *rel),
            ScorerKind::TokenF1 { unicode: true } => best(text::token_f1_unicode(answer, refs)),
            ScorerKind::TokenF1 { unicode: false } => best(text::token_f1(answer, refs, text::Squad::V1)),
            ScorerKind::CharF1 { unicode: true } => best(text::char_f1_unicode(answer, refs)),
            ScorerKind::CharF1 { unicode: false } => best(text::char_f1(answer, refs)),
            _ => Raw::NoReference,
        }
    }

    /// `all`: the weighted mean of the parts; `any`: the best part. A part that has
    /// a passing score counts 1 or 0, any other part its score. Parts that do not
    /// apply to the case are left out.
    fn combined(&self, s: &Subject<'_>) -> Raw {
        let (mut sum, mut weights, mut best) = (0.0, 0.0, 0.0f64);
        let mut missed = Vec::new();
        for part in &self.parts {
            let said = part.score(s);
            let value = match (said.pass, said.status, &said.value) {
                (_, Status::Abstained | Status::Failed | Status::Withdrawn, _) => continue,
                (Some(pass), ..) => f64::from(u8::from(pass)),
                (None, Status::Scored, Some(Value::Number(score))) => *score,
                (None, ..) => 0.0,
            };
            if value < 1.0 {
                missed.push(
                    said.why.map_or_else(|| part.spec.name.clone(), |w| format!("{}: {w}", part.spec.name)),
                );
            }
            sum += value * part.spec.weight;
            weights += part.spec.weight;
            best = best.max(value);
        }
        if weights == 0.0 {
            return Raw::NoReference;
        }
        let score = if matches!(self.spec.kind, ScorerKind::All(_)) { sum / weights } else { best };
        Raw::Score(score, (!missed.is_empty()).then(|| missed.join("; ")))
    }
}

fn best(score: Option<f64>) -> Raw {
    score.map_or(Raw::NoReference, |s| Raw::Score(s, Some(format!("score {s:.3}"))))
}

fn numeric(answer: &str, refs: &[String], abs: f64, rel: f64) -> Raw {
    let number = |t: &str| -> Option<f64> {
        let found = acidtest_suite::extract(&Extraction::LastNumber, t).ok()?;
        found.replace(',', "").parse::<f64>().ok().filter(|x| x.is_finite())
    };
    let wanted: Vec<f64> = refs.iter().filter_map(|r| number(r)).collect();
    if wanted.is_empty() {
        return Raw::NoReference;
    }
    let Some(got) = number(answer) else {
        return Raw::Unparsable("there is no number in the answer");
    };
    let near = wanted.iter().any(|w| (got - w).abs() <= abs.max(rel * w.abs()));
    Raw::Score(f64::from(u8::from(near)), (!near).then(|| format!("{got} is not {}", quoted(refs))))
}

fn fold(text: &str, ignore_case: bool) -> String {
    if ignore_case { text.to_lowercase() } else { text.to_owned() }
}

/// The references for people: at most three, cut.
pub(super) fn quoted(list: &[String]) -> String {
    let cut = |s: &String| s.chars().take(80).collect::<String>();
    let shown: Vec<String> = list.iter().take(3).map(|s| format!("'{}'", cut(s))).collect();
    let more = if list.len() > 3 { " …" } else { "" };
    format!("{}{more}", shown.join(" or "))
}
