//! Multiple choice by log-likelihood: `acc`, and by the length of the choices.
//!
//! Main slice: [`METRICS`]. A pure function of stored verdicts and cases; what a run holds of
//! whole texts is not made into a perplexity here.

use crate::estimate::Family;
use crate::families::quality::{correct, is_part};
use crate::metric::{Better, Guard, Judged, Measure, Metric, Unit};
use crate::view::{Asked, Opinion};
use acidtest_metrics::language::Chosen;
use acidtest_record::{Case, Form, Kind, LOGLIKELIHOOD, OutcomeClass, Stat};

/// What the three share.
const CHOICE: Metric = Metric {
    id: "",
    title: "",
    family: Family::Quality,
    unit: Unit::Ratio,
    better: Better::Higher,
    range: Some((0.0, 1.0)),
    stats: &[Stat::Share],
    param: None,
    needs: "choices asked by log-likelihood (form: loglikelihood)",
    formula: "",
    edges: "of equals the first; a case without choices or without a right one does not count; a case of which one choice has no log-likelihood is excluded, counted and bounded; cases marked xfail are left out",
    interval: "as accuracy's",
    source: "lm-evaluation-harness 0.4.13",
    guard: Guard::Nothing,
    measure: Measure::Share(|_, _| Judged::Outside),
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "acc",
        title: "Share of cases whose likeliest choice is right",
        formula: "mean over cases of [argmax of the choices' log-likelihoods is right]",
        measure: Measure::Share(|a, _| judged(a, |c| c.plain)),
        ..CHOICE
    },
    Metric {
        id: "acc_norm",
        title: "Share of cases whose likeliest choice per character is right",
        formula: "mean over cases of [argmax of log-likelihood / code points of the choice is right]; the choice as the case has it, without what the continuation puts around it",
        measure: Measure::Share(|a, _| judged(a, |c| c.per_character)),
        ..CHOICE
    },
    Metric {
        id: "acc_bytes",
        title: "Share of cases whose likeliest choice per byte is right",
        formula: "mean over cases of [argmax of log-likelihood / UTF-8 bytes of the choice is right]; the choice as the case has it",
        measure: Measure::Share(|a, _| judged(a, |c| c.per_byte)),
        ..CHOICE
    },
];

/// The texts of the choices that a request is one of, where its plan asks for choices.
fn choices(a: &Asked) -> Option<Vec<String>> {
    let prompt = a.view.spec.prompts.get(usize::from(a.last().prompt))?;
    if prompt.form != Form::LogLikelihood || a.last().kind != Kind::LogLikelihood {
        return None;
    }
    let likelihood = prompt.likelihood.clone().unwrap_or_default();
    let list = a.case()?.vars.get(&likelihood.choices)?.as_array()?;
    Some(list.iter().map(|c| c.as_str().map_or_else(|| c.to_string(), str::to_owned)).collect())
}

/// Whether a request asks for the log-likelihood of a choice.
pub(crate) fn is_asked(a: &Asked) -> bool {
    choices(a).is_some()
}

/// The choice that a case expects: its text, else its index, else its letter.
fn right(case: &Case, choices: &[String]) -> Vec<usize> {
    let of = |expected: &String| {
        let plain = expected.trim();
        let spelled = choices.iter().position(|c| c == expected);
        let near = || choices.iter().position(|c| c.trim() == plain);
        let letter = || match plain.as_bytes() {
            [b @ b'A'..=b'Z'] => Some(usize::from(b - b'A')),
            _ => None,
        };
        let place = || plain.parse().ok().filter(|i| *i < choices.len()).or_else(letter);
        spelled.or_else(near).or_else(place).filter(|i| *i < choices.len())
    };
    case.expected.iter().filter_map(of).collect()
}

/// Whether the slot's choice is right; spoken by its last step alone.
fn judged(a: &Asked, by: fn(&Chosen) -> usize) -> Judged {
    // Where no answer to the case can be judged at all, its log-likelihoods say nothing either.
    if is_part(a) || correct(a) == Judged::Outside {
        return Judged::Outside;
    }
    let Some((case, texts)) = a.case().zip(choices(a)) else { return Judged::Outside };
    let right = right(case, &texts);
    let Some(first) = (a.request + 1).checked_sub(texts.len()) else { return Judged::Excluded };
    let mut sums = Vec::with_capacity(texts.len());
    for request in first..=a.request {
        let step = a.view.asked(request);
        match step.opinion(LOGLIKELIHOOD) {
            Opinion::Value(sum) if step.last().slot == a.last().slot => sums.push(sum),
            _ => return Judged::Excluded,
        }
    }
    if matches!(a.last().class, OutcomeClass::Failed(_) | OutcomeClass::NotSent(_)) {
        return Judged::Excluded;
    }
    match Chosen::of(&sums, &texts) {
        Some(chosen) => Judged::Value(f64::from(u8::from(right.contains(&by(&chosen))))),
        None => Judged::Excluded,
    }
}
