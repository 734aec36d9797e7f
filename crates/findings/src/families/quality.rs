//! Quality: accuracy with the honest denominator, scores, refusals, shares.
//!
//! Each request has a *delivery* (complete, truncated, filtered, empty, API
//! error, not sent) and a *judgement* (correct, wrong, judge error, none).

use crate::estimate::Family;
use crate::metric::{Better, Guard, Judged, Measure, Metric, Unit};
use crate::view::{Asked, CORRECT, Opinion, REFUSED};
use acidtest_record::{Kind, OutcomeClass, Stat};

const CLUSTERED_SHARE: &str = "Wilson when every unit is one yes/no outcome, else Wilson with the effective n of the clustered variance; exact one-sided bound at 0 and 1; unit of sampling: the cluster, else the case; repeats averaged within the case";
const NEEDS: &str = "verdicts of scorers or judges";
const OURS: &str = "acidtest, definition of the honest denominator";

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "accuracy",
        title: "Share of delivered answers that are right",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: NEEDS,
        formula: "mean over cases of correct / delivered; truncated, empty and unparsable answers are wrong; a refusal is right when the case expects one",
        edges: "no delivered and judged answer: absent; cases marked xfail are left out and counted as judgement[class=xfail] and [class=xpass]; API errors, requests never sent and judge errors are excluded, counted, and bounded (all wrong … all right)",
        interval: CLUSTERED_SHARE,
        source: "scikit-learn accuracy_score on what was delivered",
        guard: Guard::Nothing,
        measure: Measure::Share(|a, _| correct(a)),
    },
    Metric {
        id: "generalization_gap",
        title: "How much accuracy is lost on held-out cases",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Lower,
        range: Some((-1.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("held"),
        needs: "verdicts of scorers or judges, and cases with a split (`split: held_out`)",
        formula: "accuracy of the other cases - accuracy of those of the split `held` (held_out when none is named)",
        edges: "one side without judged answers: absent; API errors, requests never sent and judge errors are left out; above 0: worse on what is new",
        interval: "t on C-1 degrees of freedom, linearised over units of sampling that may hold cases of both sides; Newcombe's for single yes or no cases without clusters",
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Generalization(|a, _| correct(a)),
    },
    Metric {
        id: "case_pass_rate",
        title: "Share of cases that pass when asked several times",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: "verdicts of scorers or judges, and a rule: `repeats: { n: 5, pass: 3 of 5 }`",
        formula: "cases that pass / cases; `k of n`: at least k right answers; `lower bound >= p`: the lower end of the 95 % interval (Wilson; exact one-sided when all are right) of the case's share of right answers is at least p",
        edges: "no rule: absent; a case whose errors could turn its result is excluded, counted and bounded; cases marked xfail are left out; a case under another prompt is judged apart and averaged",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::CasePass,
    },
    Metric {
        id: "score",
        title: "Mean score of one scorer; also addressed by the scorer's name alone",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Mean],
        param: Some("name"),
        needs: NEEDS,
        formula: "mean over cases of the scorer's score of delivered answers, 0..1",
        edges: "empty and unparsable answers score 0; errors, requests never sent and failed scorers are excluded, counted and bounded; a case without this scorer does not count",
        interval: "as accuracy's where every score is 0 or 1; else Wilson with the effective n of the clustered variance; exact bound without variance; unit of sampling: the cluster, else the case",
        source: "acidtest-metrics, one definition per scorer",
        guard: Guard::Nothing,
        measure: Measure::Score(score),
    },
    Metric {
        id: "refusal_due",
        title: "Share of the cases that must be refused that were refused",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Higher,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: "verdicts of the refusal scorer, and cases where a refusal is due",
        formula: "refused / delivered, over cases that expect a refusal",
        edges: "no case expects a refusal: absent; errors are excluded, counted and bounded",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(|a, _| refused(a, true)),
    },
    Metric {
        id: "over_refusal",
        title: "Share of the cases that must be answered that were refused",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Lower,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: "verdicts of the refusal scorer",
        formula: "refused / delivered, over cases that expect an answer",
        edges: "errors are excluded, counted and bounded",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(|a, _| refused(a, false)),
    },
    Metric {
        id: "bad_answer_rate",
        title: "Share of delivered answers that are no good answer",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Lower,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: None,
        needs: "requests; verdicts where answers are scored",
        formula: "(truncated + filtered + empty + unparsable + wrong) / delivered; transport and protocol errors are error_rate's",
        edges: "without verdicts only truncated, filtered and empty answers are bad; judge errors are excluded, counted and bounded",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(|a, _| bad_answer(a)),
    },
    Metric {
        id: "delivery",
        title: "Share of requests with one delivery class",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Neither,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("class"),
        needs: "requests",
        formula: "requests of the class / all requests; classes: complete truncated filtered empty failed not_sent",
        edges: "no request: absent",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(|a, class| yes(a.last().class.ids().0 == class)),
    },
    Metric {
        id: "judgement",
        title: "Share of requests with one judgement",
        family: Family::Quality,
        unit: Unit::Ratio,
        better: Better::Neither,
        range: Some((0.0, 1.0)),
        stats: &[Stat::Share],
        param: Some("class"),
        needs: NEEDS,
        formula: "requests of the class / all requests; classes: correct wrong judge_error none, and of cases marked xfail: xfail (wrong, as expected) xpass (right)",
        edges: "no request: absent",
        interval: CLUSTERED_SHARE,
        source: OURS,
        guard: Guard::Nothing,
        measure: Measure::Share(
            |a, class| {
                if is_part(a) { Judged::Outside } else { yes(judgement(a) == class) }
            },
        ),
    },
];

/// Classes of `delivery` with words for people.
pub(crate) const DELIVERY: [(&str, &str); 6] = [
    ("complete", "complete"),
    ("truncated", "truncated"),
    ("filtered", "filtered"),
    ("empty", "empty"),
    ("failed", "API error"),
    ("not_sent", "not sent"),
];

/// Classes of `judgement` with words for people.
pub(crate) const JUDGEMENT: [(&str, &str); 6] = [
    ("correct", "correct"),
    ("wrong", "wrong"),
    ("judge_error", "judge error"),
    ("none", "not judged"),
    ("xfail", "wrong as expected (xfail)"),
    ("xpass", "right though not expected (xpass)"),
];

fn yes(is: bool) -> Judged {
    Judged::Value(f64::from(u8::from(is)))
}

/// Whether a wrong answer is expected: such a case says nothing about accuracy.
pub(crate) fn is_xfail(a: &Asked) -> bool {
    a.case().is_some_and(|c| c.xfail.is_some())
}

/// Whether a request is right: 1, 0, or hidden by an error. Cases marked xfail are outside.
pub(crate) fn correct(a: &Asked) -> Judged {
    if is_xfail(a) { Judged::Outside } else { right(a) }
}

/// Whether a request is right, whatever was expected of it.
fn right(a: &Asked) -> Judged {
    if !a.view.has_opinion(CORRECT) || is_part(a) {
        return Judged::Outside;
    }
    match (a.last().class, a.opinion(CORRECT)) {
        (OutcomeClass::Failed(_) | OutcomeClass::NotSent(_), _) => Judged::Excluded,
        // What the judge would have said does not matter: it is no whole answer.
        (OutcomeClass::Truncated | OutcomeClass::Empty, _) => Judged::Value(0.0),
        (_, Opinion::Value(v)) => yes(v >= 0.5),
        (_, Opinion::Unparsable) => Judged::Value(0.0),
        (_, Opinion::Failed | Opinion::None | Opinion::Label(_)) => Judged::Excluded,
    }
}

/// Whether a request is only a part of what is judged: of several choices whose
/// log-likelihoods were asked for, the last one carries the opinion on the case.
pub(crate) fn is_part(a: &Asked) -> bool {
    let scores = a.last().kind == Kind::LogLikelihood;
    scores && a.view.has_opinion(CORRECT) && a.opinion(CORRECT) == Opinion::None
}

/// The judgement class of a request.
pub(crate) fn judgement(a: &Asked) -> &'static str {
    match (right(a), is_xfail(a)) {
        (Judged::Value(v), false) if v >= 0.5 => "correct",
        (Judged::Value(_), false) => "wrong",
        (Judged::Value(v), true) if v >= 0.5 => "xpass",
        (Judged::Value(_), true) => "xfail",
        _ if a.last().class.delivered() && a.opinion(CORRECT) == Opinion::Failed => "judge_error",
        _ => "none",
    }
}

fn score(a: &Asked, name: &str) -> Judged {
    // Scorers read generated text; a log-likelihood has none.
    if is_xfail(a) || !is_scored_by(a, name) || a.last().kind == Kind::LogLikelihood {
        return Judged::Outside;
    }
    match (a.last().class, a.opinion(name)) {
        // A label is no score.
        (_, Opinion::Label(_)) => Judged::Outside,
        (OutcomeClass::Failed(_) | OutcomeClass::NotSent(_), _) => Judged::Excluded,
        (_, Opinion::Value(v)) => Judged::Value(v),
        (OutcomeClass::Empty, _) | (_, Opinion::Unparsable) => Judged::Value(0.0),
        (_, Opinion::Failed | Opinion::None) => Judged::Excluded,
    }
}

/// Whether a scorer of that name is asked about the request's case.
fn is_scored_by(a: &Asked, name: &str) -> bool {
    let own = a.case().and_then(|c| c.scorers.as_ref());
    let due = own.unwrap_or(&a.view.spec.scorers);
    // A scorer that the plan does not know was added later, to this record alone.
    due.iter().any(|s| s.name == name) || a.opinion(name) != Opinion::None
}

fn refused(a: &Asked, due: bool) -> Judged {
    let generated = a.last().kind != Kind::LogLikelihood;
    let counts = generated && !is_xfail(a) && a.view.has_opinion(REFUSED);
    if !counts || a.case().is_some_and(|c| c.refuse) != due {
        return Judged::Outside;
    }
    match (a.last().class, a.opinion(REFUSED)) {
        (OutcomeClass::Failed(_) | OutcomeClass::NotSent(_), _) => Judged::Excluded,
        (_, Opinion::Value(v)) => yes(v >= 0.5),
        (OutcomeClass::Empty, _) | (_, Opinion::Unparsable) => Judged::Value(0.0),
        (_, Opinion::Failed | Opinion::None | Opinion::Label(_)) => Judged::Excluded,
    }
}

fn bad_answer(a: &Asked) -> Judged {
    if is_xfail(a) {
        return Judged::Outside;
    }
    match a.last().class {
        OutcomeClass::Failed(_) | OutcomeClass::NotSent(_) => Judged::Outside,
        OutcomeClass::Truncated | OutcomeClass::Filtered | OutcomeClass::Empty => Judged::Value(1.0),
        OutcomeClass::Complete if is_part(a) => Judged::Outside,
        OutcomeClass::Complete => match correct(a) {
            Judged::Value(v) => Judged::Value(1.0 - v),
            Judged::Excluded => Judged::Excluded,
            Judged::Outside => Judged::Value(0.0),
        },
    }
}
