//! Scorers: from an answer's text to opinions.
//!
//! Main type: [`Judge`]. It takes the answer out of the visible text, asks each
//! scorer, and forms `correct` and `refused`. Must not count anything over cases.

mod answers;
mod command;
mod json;
mod late;
mod scorer;
mod spent;
mod texts;
mod words;

use crate::phase::EngineError;
use acidtest_record::{
    About, AboutRole, Case, Digest, Extraction, Key, Kind, LogprobSide, Maker, MakerKind, OWN_LOGLIKELIHOOD,
    OWN_TOKENS, OutcomeClass, Price, Record, RunSpec, ScorerSpec, Status, Value, Verdict,
};
use acidtest_suite::Extractor;
use scorer::{Scorer, Subject};
use std::collections::HashMap;

pub use answers::Answers;
pub(crate) use late::{Late, Queue};
pub use scorer::Scored;

pub use acidtest_record::CORRECT;
/// Name of the verdict that says whether an answer is a refusal.
pub const REFUSED: &str = "refused";

/// One delivered answer, and all that scorers may look at.
#[derive(Debug, Clone, Copy)]
pub struct Judged<'a> {
    /// The record it is about.
    pub key: Key,
    /// How it was delivered.
    pub class: OutcomeClass,
    /// What was asked.
    pub case: &'a Case,
    /// The visible text.
    pub text: &'a str,
    /// The whole record, where there is one: times, tokens and cost are judged by it.
    pub record: Option<&'a Record>,
    /// When the opinion is formed, Unix time in nanoseconds.
    pub at_unix_ns: i64,
}

/// All scorers of a run, ready to be used from several threads.
#[derive(Debug)]
pub struct Judge {
    suite: Vec<Scorer>,
    extraction: Extractor,
    cases: HashMap<Digest, usize>,
    list: Vec<Case>,
    own: HashMap<Digest, Vec<Scorer>>,
    own_extraction: HashMap<Digest, Extractor>,
    prices: Vec<Option<Price>>,
}

impl Judge {
    /// Compiles the scorers of a plan and of its cases.
    ///
    /// # Errors
    /// A pattern that is no regular expression.
    pub fn new(spec: &RunSpec, cases: &[Case]) -> Result<Self, EngineError> {
        let compile = |specs: &[ScorerSpec]| specs.iter().map(Scorer::compile).collect::<Result<Vec<_>, _>>();
        let (mut own, mut own_extraction) = (HashMap::new(), HashMap::new());
        for case in cases {
            if let Some(specs) = &case.scorers {
                own.insert(case.hash, compile(specs)?);
            }
            if let Some(extraction) = &case.extraction {
                own_extraction.insert(case.hash, extractor(extraction, &spec.thinking)?);
            }
        }
        Ok(Self {
            suite: compile(&spec.scorers)?,
            extraction: extractor(&spec.extraction, &spec.thinking)?,
            cases: cases.iter().enumerate().map(|(i, c)| (c.hash, i)).collect(),
            list: cases.to_vec(),
            own,
            own_extraction,
            prices: spec.targets.iter().map(|t| t.price.clone()).collect(),
        })
    }

    /// The case of that digest.
    #[must_use]
    pub fn case(&self, hash: Digest) -> Option<&Case> {
        self.cases.get(&hash).map(|i| &self.list[*i])
    }

    /// Opinions on a stored record, from nothing but the record and its case: what
    /// `run` says while it measures, and what scoring again says a year later.
    /// Empty where nothing was delivered.
    #[must_use]
    pub fn record(&self, record: &Record, case: &Case, at_unix_ns: i64) -> Vec<Verdict> {
        self.record_if(record, case, at_unix_ns, Ok(()))
    }

    /// The same; `commands` says why the user's own programs may not be asked.
    pub(crate) fn record_if(
        &self,
        record: &Record,
        case: &Case,
        at_unix_ns: i64,
        commands: Result<(), &'static str>,
    ) -> Vec<Verdict> {
        let class = OutcomeClass::of_record(record);
        // A vector and a log-likelihood are no texts: they are neither right nor wrong by a scorer.
        let is_text = !matches!(record.kind, Kind::Embed | Kind::LogLikelihood);
        if !class.delivered() || !is_text {
            return Vec::new();
        }
        let text = record.answer.text();
        let (key, record) = (record.key, Some(record));
        self.opinions(&Judged { key, class, case, text: &text, record, at_unix_ns }, commands)
    }

    /// Processes of the user's own programs that scorers may use at once; 0 when there are none.
    pub(crate) fn jobs(&self) -> usize {
        self.suite.iter().chain(self.own.values().flatten()).map(Scorer::jobs).max().unwrap_or(0)
    }

    /// Opinions on one delivered answer: one a scorer, then `correct` and `refused`.
    ///
    /// A truncated, filtered or empty answer is wrong whatever its text; where a refusal is
    /// due a refusal is right and everything else wrong; elsewhere an answer is
    /// right when every scorer that has a passing score (and a weight) passes and
    /// it is no refusal. Without such a scorer there is no opinion on correctness.
    #[must_use]
    pub fn judge(&self, judged: &Judged<'_>) -> Vec<Verdict> {
        self.opinions(judged, Ok(()))
    }

    fn opinions(&self, judged: &Judged<'_>, commands: Result<(), &'static str>) -> Vec<Verdict> {
        let Judged { key, class, case, text, record, at_unix_ns } = *judged;
        let extraction = self.own_extraction.get(&case.hash).unwrap_or(&self.extraction);
        // Unfinished thinking is no answer, whatever the server says of its end.
        let visible = extraction.visible(text);
        let class = if visible.is_err() { OutcomeClass::Truncated } else { class };
        let answer = extraction.apply(text).ok();
        let text = visible.as_deref().unwrap_or_default();
        let refused = acidtest_suite::is_refusal(text);
        let scorers = self.own.get(&case.hash).unwrap_or(&self.suite);
        let mut subject = Subject::new(answer.as_deref(), text, case);
        subject.record = record;
        subject.price = record.and_then(|r| self.prices.get(usize::from(r.target))?.as_ref());
        subject.commands = commands;
        let mut verdicts = Vec::with_capacity(scorers.len() + 2);
        let mut scored = Vec::with_capacity(scorers.len());
        for scorer in scorers {
            let said = scorer.score(&subject);
            verdicts.push(verdict(key, at_unix_ns, &scorer.spec.name, scorer.digest, &said));
            let whole_reply = !matches!(class, OutcomeClass::Truncated | OutcomeClass::Filtered);
            for (name, said) in json::fields(scorer, &subject, whole_reply) {
                verdicts.push(verdict(key, at_unix_ns, &name, scorer.digest, &said));
            }
            scored.push((scorer, said));
        }
        let missed = |(scorer, said): &(&Scorer, Scored)| {
            !json::is_json(&scorer.spec.kind) && scorer.spec.weight > 0.0 && said.pass == Some(false)
        };
        let others = !scored.iter().any(missed);
        for (name, said) in json::Funnel::of(scorers, &subject, class, others) {
            verdicts.push(verdict(key, at_unix_ns, &name, None, &said));
        }
        if let Some(correct) = correct(class, case, refused, &scored) {
            verdicts.push(verdict(key, at_unix_ns, CORRECT, None, &correct));
        }
        let words =
            Scored { status: Status::Scored, value: Some(Value::Bool(refused)), pass: None, why: None };
        verdicts.push(verdict(key, at_unix_ns, REFUSED, None, &words));
        verdicts.extend(record.into_iter().flat_map(|record| own_likelihood(record, at_unix_ns)));
        verdicts
    }
}

/// The log-likelihood of an answer by the model that gave it, and its tokens; of tokens with a
/// finite log-probability.
fn own_likelihood(record: &Record, at_unix_ns: i64) -> Vec<Verdict> {
    let known = record.answer.logprobs(LogprobSide::Completion).filter_map(|t| t.logprob);
    let (mut sum, mut tokens) = (0.0, 0.0);
    for logprob in known.filter(|l| l.is_finite()) {
        sum += logprob;
        tokens += 1.0;
    }
    if tokens == 0.0 {
        return Vec::new();
    }
    let of = |name, x| {
        let said = Scored { status: Status::Scored, value: Some(Value::Number(x)), pass: None, why: None };
        verdict(record.key, at_unix_ns, name, None, &said)
    };
    vec![of(OWN_LOGLIKELIHOOD, sum), of(OWN_TOKENS, tokens)]
}

fn extractor(extraction: &Extraction, thinking: &[String]) -> Result<Extractor, EngineError> {
    Extractor::compile(extraction)
        .map(|e| e.thinking(thinking))
        .map_err(|what| EngineError::Scorer { name: "extract".to_owned(), what })
}

/// Yes or no, with the reason.
fn yes_or_no(right: bool, why: &str) -> Scored {
    Scored {
        status: Status::Scored,
        value: Some(Value::Bool(right)),
        pass: Some(right),
        why: (!why.is_empty()).then(|| why.to_owned()),
    }
}

/// Whether the answer is right, where that can be said.
fn correct(class: OutcomeClass, case: &Case, refused: bool, scored: &[(&Scorer, Scored)]) -> Option<Scored> {
    let checks: Vec<_> =
        scored.iter().filter(|(s, _)| s.spec.pass.is_some() && s.spec.weight > 0.0).collect();
    if checks.is_empty() && !case.refuse {
        return None;
    }
    match class {
        OutcomeClass::Truncated => return Some(yes_or_no(false, "the answer was cut at its length limit")),
        OutcomeClass::Empty => return Some(yes_or_no(false, "the answer was empty")),
        OutcomeClass::Filtered if !case.refuse => {
            return Some(yes_or_no(false, "a content filter cut the answer"));
        }
        _ => {}
    }
    match (case.refuse, refused) {
        (true, true) => Some(yes_or_no(true, "refused, as was due")),
        (true, false) => Some(yes_or_no(false, "answered where a refusal was due")),
        (false, _) => by_checks(&checks, refused),
    }
}

/// Every check that applies must pass, and the answer be no refusal.
fn by_checks(checks: &[&(&Scorer, Scored)], refused: bool) -> Option<Scored> {
    let of = |status| checks.iter().find(|(_, s)| s.status == status);
    let named = |scorer: &Scorer, why: &str| format!("{}: {why}", scorer.spec.name);
    if let Some((scorer, s)) = of(Status::Failed) {
        let why = named(scorer, s.why.as_deref().unwrap_or("failed"));
        return Some(Scored { status: Status::Failed, value: None, pass: None, why: Some(why) });
    }
    if let Some((_, s)) = of(Status::Unparsable) {
        return Some(Scored {
            status: Status::Unparsable,
            value: None,
            pass: Some(false),
            why: s.why.clone(),
        });
    }
    let mut asked = checks.iter().filter(|(_, s)| s.pass.is_some()).peekable();
    asked.peek()?;
    if refused {
        return Some(yes_or_no(false, "refused where an answer was due"));
    }
    let missed = asked.find(|(_, s)| s.pass == Some(false));
    Some(match missed {
        Some((scorer, s)) => yes_or_no(false, &named(scorer, s.why.as_deref().unwrap_or("missed"))),
        None => yes_or_no(true, ""),
    })
}

pub(crate) fn verdict(
    key: Key,
    at_unix_ns: i64,
    name: &str,
    digest: Option<Digest>,
    said: &Scored,
) -> Verdict {
    Verdict {
        name: name.to_owned(),
        maker: Maker {
            kind: MakerKind::Scorer,
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            digest,
        },
        about: vec![About { role: AboutRole::Subject, key }],
        status: said.status,
        value: said.value.clone(),
        why: said.why.clone(),
        evidence: None,
        at_unix_ns,
    }
}

#[cfg(test)]
mod json_tests;
#[cfg(test)]
mod tests;
