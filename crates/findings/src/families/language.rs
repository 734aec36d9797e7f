//! Multiple choice by log-likelihood: `acc`, and by the length of the choices.
//!
//! Main slices: [`METRICS`], [`PERPLEXITIES`]. Pure functions of stored verdicts and cases.

use crate::estimate::Family;
use crate::families::quality::{correct, is_part};
use crate::metric::{Better, Guard, Judged, Measure, Metric, Unit};
use crate::view::{Asked, Opinion, View};
use acidtest_metrics::language::{Chosen, Scale};
use acidtest_record::{
    Form, Kind, LOGLIKELIHOOD, OWN_LOGLIKELIHOOD, OWN_TOKENS, OutcomeClass, SCORED_BYTES, SCORED_TOKENS,
    SCORED_WORDS, Stat,
};

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

/// What the perplexities share.
const TEXT: Metric = Metric {
    id: "",
    title: "",
    family: Family::Quality,
    unit: Unit::Number,
    better: Better::Lower,
    range: None,
    stats: &[Stat::Value],
    param: None,
    needs: "documents asked by log-likelihood (form: rolling)",
    formula: "",
    edges: "a part without log-likelihood is left out; a part of which a token has no log-probability has no words and bytes and is left out where they count: put text in front with `likelihood: { prefix: … }`; nothing left: absent",
    interval: "t on C-1 degrees of freedom of the quotient in nats, linearised over units of sampling, its ends put on the scale; unit of sampling: the cluster, else the document",
    source: "lm-evaluation-harness 0.4.13",
    guard: Guard::Nothing,
    measure: Measure::Scaled(|_| None, Scale::Bits),
};

pub(crate) const PERPLEXITIES: &[Metric] = &[
    Metric {
        id: "perplexity",
        title: "Perplexity of given documents, per token of the server",
        formula: "exp(-sum of log p / tokens with a log-probability); never compared across tokenizers",
        measure: Measure::Scaled(|a| sized(a, LOGLIKELIHOOD, SCORED_TOKENS), Scale::Perplexity),
        ..TEXT
    },
    Metric {
        id: "word_perplexity",
        title: "Perplexity of given documents, per word",
        formula: "exp(-sum of log p / words); words are what white space separates in the document",
        measure: Measure::Scaled(|a| sized(a, LOGLIKELIHOOD, SCORED_WORDS), Scale::Perplexity),
        ..TEXT
    },
    Metric {
        id: "byte_perplexity",
        title: "Perplexity of given documents, per UTF-8 byte",
        formula: "exp(-sum of log p / bytes)",
        measure: Measure::Scaled(|a| sized(a, LOGLIKELIHOOD, SCORED_BYTES), Scale::Perplexity),
        ..TEXT
    },
    Metric {
        id: "bits_per_byte",
        title: "Bits per UTF-8 byte of given documents: compare models by this one",
        formula: "-sum of log2 p / bytes",
        measure: Measure::Scaled(|a| sized(a, LOGLIKELIHOOD, SCORED_BYTES), Scale::Bits),
        ..TEXT
    },
    Metric {
        id: "self_perplexity",
        title: "Perplexity of a model's own answers by its own probabilities; no measure of quality",
        better: Better::Neither,
        needs: "answers with log-probabilities of their tokens (params: { logprobs: true })",
        formula: "exp(-sum of log p of the answer's tokens / tokens)",
        edges: "an answer without log-probabilities is left out; nothing left: absent",
        source: "the definition of perplexity, of the model's own output",
        measure: Measure::Scaled(|a| sized(a, OWN_LOGLIKELIHOOD, OWN_TOKENS), Scale::Perplexity),
        ..TEXT
    },
];

/// A log-likelihood and the size that it is of, where both are known.
fn sized(a: &Asked, sum: &str, size: &str) -> Option<(f64, f64)> {
    let number = |name: &str| match a.opinion(name) {
        Opinion::Value(x) => Some(x),
        _ => None,
    };
    Some((number(sum)?, number(size)?))
}

/// Whether a run holds what such a metric is made of.
pub(crate) fn is_held(view: &View, id: &str) -> bool {
    match id {
        "self_perplexity" => view.has_opinion(OWN_TOKENS),
        _ => view.has_opinion(SCORED_TOKENS),
    }
}

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

/// Whether the slot's choice is right; spoken by its last step alone.
fn judged(a: &Asked, by: fn(&Chosen) -> usize) -> Judged {
    // Where no answer to the case can be judged at all, its log-likelihoods say nothing either.
    if is_part(a) || correct(a) == Judged::Outside {
        return Judged::Outside;
    }
    let Some((case, texts)) = a.case().zip(choices(a)) else { return Judged::Outside };
    let right = case.right_choices(&texts);
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
