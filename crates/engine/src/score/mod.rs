//! Scorers: from an answer's text to opinions.
//!
//! Main type: [`Judge`]. It takes the answer out of the visible text, asks each
//! scorer, and forms `correct` and `refused`. Must not count anything over cases.

mod scorer;

use crate::phase::EngineError;
use acidtest_record::{
    About, AboutRole, Case, Digest, Extraction, Key, Maker, MakerKind, OutcomeClass, RunSpec, ScorerSpec,
    Status, Value, Verdict,
};
use acidtest_suite::Extractor;
use scorer::Scorer;
use std::collections::HashMap;

pub use scorer::Scored;

pub use acidtest_record::CORRECT;
/// Name of the verdict that says whether an answer is a refusal.
pub const REFUSED: &str = "refused";

/// All scorers of a run, ready to be used from several threads.
#[derive(Debug)]
pub struct Judge {
    suite: Vec<Scorer>,
    extraction: Extractor,
    cases: HashMap<Digest, usize>,
    list: Vec<Case>,
    own: HashMap<Digest, Vec<Scorer>>,
    own_extraction: HashMap<Digest, Extractor>,
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
        })
    }

    /// The case of that digest.
    #[must_use]
    pub fn case(&self, hash: Digest) -> Option<&Case> {
        self.cases.get(&hash).map(|i| &self.list[*i])
    }

    /// Opinions on one delivered answer: one a scorer, then `correct` and `refused`.
    ///
    /// A truncated, filtered or empty answer is wrong whatever its text; where a refusal is
    /// due a refusal is right and everything else wrong; elsewhere an answer is
    /// right when every scorer that has a passing score (and a weight) passes and
    /// it is no refusal. Without such a scorer there is no opinion on correctness.
    #[must_use]
    pub fn judge(
        &self,
        key: Key,
        class: OutcomeClass,
        case: &Case,
        text: &str,
        at_unix_ns: i64,
    ) -> Vec<Verdict> {
        let extraction = self.own_extraction.get(&case.hash).unwrap_or(&self.extraction);
        // Unfinished thinking is no answer, whatever the server says of its end.
        let visible = extraction.visible(text);
        let class = if visible.is_err() { OutcomeClass::Truncated } else { class };
        let answer = extraction.apply(text).ok();
        let text = visible.as_deref().unwrap_or_default();
        let refused = acidtest_suite::is_refusal(text);
        let scorers = self.own.get(&case.hash).unwrap_or(&self.suite);
        let mut verdicts = Vec::with_capacity(scorers.len() + 2);
        let mut scored = Vec::with_capacity(scorers.len());
        for scorer in scorers {
            let said = scorer.score(answer.as_deref(), text, case);
            verdicts.push(verdict(key, at_unix_ns, &scorer.spec.name, scorer.digest, &said));
            scored.push((scorer, said));
        }
        if let Some(correct) = correct(class, case, refused, &scored) {
            verdicts.push(verdict(key, at_unix_ns, CORRECT, None, &correct));
        }
        let words =
            Scored { status: Status::Scored, value: Some(Value::Bool(refused)), pass: None, why: None };
        verdicts.push(verdict(key, at_unix_ns, REFUSED, None, &words));
        verdicts
    }
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
mod tests;
