//! The first requests that failed or were wrong, with excerpts of their texts: one for
//! each case of a target, however often it was asked.
//!
//! Main function: [`failures`]. Texts are asked for only of what is listed.

use crate::families::quality::{JUDGEMENT, judgement};
use crate::find::is_judged;
use crate::findings::Failure;
use crate::measure::in_send_order;
use crate::view::{Asked, CORRECT, Opinion, REFUSED, View};
use acidtest_record::{Cause, Key, Kind, OutcomeClass};
use std::collections::{BTreeMap, HashMap};

/// Most failures listed.
pub(crate) const MOST: usize = 20;
/// Characters of an excerpt.
pub(crate) const EXCERPT: usize = 300;

/// Reasons listed of one request.
const MOST_REASONS: usize = 20;

/// Texts of one record, read only when it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The visible answer.
    pub output: Option<String>,
    /// The body that was sent, where the case does not say what was asked.
    pub request: Option<String>,
    /// What the failed attempt itself said: a status, an error's text, a program's last words.
    pub detail: Option<String>,
    /// What scorers, judges and people said of the answer, by their opinion's name.
    pub reasons: BTreeMap<String, String>,
}

/// The first failing requests in send order, target by target, and how many there are.
pub(crate) fn failures(view: &View, texts: &mut dyn FnMut(Key) -> Texts) -> (Vec<Failure>, u64) {
    let mut found: Vec<Failure> = Vec::new();
    let mut places: HashMap<(u16, usize), usize> = HashMap::new();
    let mut count = 0;
    let judged = is_judged(view);
    for slice in view.slices() {
        for (a, row) in in_send_order(&slice) {
            if row + 1 != a.range().end {
                continue;
            }
            let Some(reason) = reason(&a, judged) else { continue };
            count += 1;
            // A case that is listed stands for its repeats, prompts and phases.
            let place = a.last().case().map(|case| (slice.target, case));
            if let Some(at) = place.and_then(|p| places.get(&p)) {
                found[*at].more += 1;
                continue;
            }
            if found.len() < MOST {
                places.extend(place.map(|p| (p, found.len())));
                found.push(list(&a, reason, slice.labels.clone(), EXCERPT, texts));
            }
        }
    }
    (found, count)
}

/// Why a request counts as failing, if it does; `judged` is whether answers of the run are.
pub(crate) fn reason(a: &Asked, judged: bool) -> Option<String> {
    let class = a.last().class;
    // A wrong answer that was expected is no failure; a right one is worth a look.
    match judgement(a) {
        "xfail" => return None,
        "xpass" => {
            let why = a.case().and_then(|c| c.xfail.as_deref()).unwrap_or_default();
            return Some(format!("right, though it was expected to fail: {}", excerpt(why, EXCERPT)));
        }
        _ => {}
    }
    match class {
        // As planned: nobody failed.
        OutcomeClass::Failed(Cause::ClientCancel) => return None,
        OutcomeClass::Failed(cause) => return Some(cause.words().to_owned()),
        OutcomeClass::NotSent(why) => return Some(format!("not sent: {}", why.id())),
        _ => {}
    }
    let due = a.case().is_some_and(|c| c.refuse);
    let is_refused = matches!(a.opinion(REFUSED), Opinion::Value(v) if v >= 0.5);
    match (class, judgement(a)) {
        // Load that asks for so many tokens and gets them: nobody says that the answer is wrong.
        (OutcomeClass::Truncated, _) if !judged => None,
        (OutcomeClass::Empty, _) if !judged => Some("the answer was empty".into()),
        (OutcomeClass::Truncated, _) => Some("truncated: counts as wrong".into()),
        (OutcomeClass::Empty, _) => Some("empty: counts as wrong".into()),
        (_, "wrong") if due => Some("answered where a refusal was due".into()),
        (_, "wrong") if is_refused => Some("refused where an answer was due".into()),
        (_, "wrong") if a.opinion(CORRECT) == Opinion::Unparsable => {
            Some("unparsable: counts as wrong".into())
        }
        (_, judged @ ("wrong" | "judge_error")) => {
            let words = JUDGEMENT.iter().find(|(id, _)| *id == judged).map(|(_, words)| *words)?;
            // There is no text that a reader could judge, only what was made of the numbers.
            let why = a.why_wrong().filter(|_| a.last().kind == Kind::LogLikelihood);
            Some(why.map_or_else(|| words.to_owned(), |why| format!("{words}; {why}")))
        }
        (OutcomeClass::Filtered, "none") => Some("cut by a content filter".into()),
        _ => None,
    }
}

/// One failing request; no text of it is longer than `most` characters.
pub(crate) fn list(
    a: &Asked,
    reason: String,
    labels: crate::estimate::Labels,
    most: usize,
    texts: &mut dyn FnMut(Key) -> Texts,
) -> Failure {
    let c = a.last();
    let key = Key { run: a.view.run, slot: c.slot, step: c.step, attempt: c.attempt };
    let said = texts(key);
    let case = a.case();
    let input = match case {
        Some(case) => input_of(case),
        None => said.request.unwrap_or_default(),
    };
    let reasons = reasons(a, &reason, said.reasons, most);
    let scores = a
        .view
        .score_names()
        .filter_map(|name| match a.opinion(name) {
            Opinion::Value(v) => Some((name.to_owned(), v)),
            _ => None,
        })
        .collect();
    let (class, cause) = c.class.ids();
    Failure {
        labels,
        slot: c.slot,
        step: c.step,
        attempt: c.attempt,
        case: case.map(|c| c.id.clone()),
        input: excerpt(&input, most),
        output: said.output.map(|t| excerpt(&t, most)),
        reference: case.map_or(Vec::new(), |c| c.expected.iter().take(5).map(|t| excerpt(t, most)).collect()),
        scores,
        delivery: match cause {
            "" => class.to_owned(),
            cause => format!("{class}: {cause}"),
        },
        reason,
        detail: said.detail.filter(|d| !d.is_empty()).map(|d| excerpt(&d, most)),
        reasons,
        more: 0,
    }
}

/// What was said against an answer: nothing that a full score says, and nothing twice.
fn reasons(
    a: &Asked,
    reason: &str,
    mut said: BTreeMap<String, String>,
    most: usize,
) -> BTreeMap<String, String> {
    let names: Vec<&str> = a.view.score_names().collect();
    let correct = said.remove(CORRECT).filter(|why| why != reason);
    let full = |name: &str| matches!(a.opinion(name), Opinion::Value(v) if v >= 1.0);
    said.retain(|name, why| !why.is_empty() && names.contains(&name.as_str()) && !full(name));
    // The verdict on the whole repeats the check that decided.
    let repeats = |why: &str| said.iter().any(|(name, own)| why == own || why == format!("{name}: {own}"));
    if let Some(why) = correct.filter(|why| !why.is_empty() && !repeats(why)) {
        said.insert(CORRECT.to_owned(), why);
    }
    said.into_iter().take(MOST_REASONS).map(|(name, why)| (name, excerpt(&why, most))).collect()
}

/// The variables of a case as one line.
#[must_use]
pub fn input_of(case: &acidtest_record::Case) -> String {
    let shown = case.vars.iter().map(|(k, v)| match v.as_str() {
        Some(text) => format!("{k}: {text}"),
        None => format!("{k}: {v}"),
    });
    shown.collect::<Vec<_>>().join(" · ")
}

/// The first characters of a text.
pub(crate) fn excerpt(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((at, _)) => format!("{}…", &text[..at]),
    }
}
