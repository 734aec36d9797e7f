//! The first requests that failed or were wrong, with excerpts of their texts.
//!
//! Main function: [`failures`]. Texts are asked for only of what is listed.

use crate::families::quality::{JUDGEMENT, judgement};
use crate::findings::Failure;
use crate::measure::in_send_order;
use crate::view::{Asked, Opinion, REFUSED, View};
use acidtest_record::{Key, Kind, OutcomeClass};

/// Most failures listed.
pub(crate) const MOST: usize = 20;
/// Characters of an excerpt.
pub(crate) const EXCERPT: usize = 300;

/// Texts of one record, read only when it is listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The visible answer.
    pub output: Option<String>,
    /// The body that was sent, where the case does not say what was asked.
    pub request: Option<String>,
}

/// The first failing requests in send order, target by target, and how many there are.
pub(crate) fn failures(view: &View, texts: &mut dyn FnMut(Key) -> Texts) -> (Vec<Failure>, u64) {
    let mut found = Vec::new();
    let mut count = 0;
    for slice in view.slices() {
        for (a, row) in in_send_order(&slice) {
            if row + 1 != a.range().end {
                continue;
            }
            let Some(reason) = reason(&a) else { continue };
            count += 1;
            if found.len() < MOST {
                found.push(list(&a, reason, slice.labels.clone(), EXCERPT, texts));
            }
        }
    }
    (found, count)
}

/// Why a request counts as failing, if it does.
pub(crate) fn reason(a: &Asked) -> Option<String> {
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
        OutcomeClass::Failed(cause) => return Some(cause.words().to_owned()),
        OutcomeClass::NotSent(why) => return Some(format!("not sent: {}", why.id())),
        _ => {}
    }
    let due = a.case().is_some_and(|c| c.refuse);
    let is_refused = matches!(a.opinion(REFUSED), Opinion::Value(v) if v >= 0.5);
    match (class, judgement(a)) {
        (OutcomeClass::Truncated, _) => Some("truncated: counts as wrong".into()),
        (OutcomeClass::Empty, _) => Some("empty: counts as wrong".into()),
        (_, "wrong") if due => Some("answered where a refusal was due".into()),
        (_, "wrong") if is_refused => Some("refused where an answer was due".into()),
        (_, "wrong") if a.opinion(crate::view::CORRECT) == Opinion::Unparsable => {
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
    }
}

/// The variables of a case as one line.
pub(crate) fn input_of(case: &acidtest_record::Case) -> String {
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
