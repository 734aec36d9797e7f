//! Answers as labels, and several answers to one case: the F1 family, pass@k, pass^k, majority.
//!
//! Main slice: [`METRICS`]. Which of them a run has, and with which options, its plan says.

use super::corpus::DRAWN;
use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Unit};
use acidtest_record::Stat;

const LABELS: &str = "`metrics:` of the suite, delivered answers, and an expected answer as the true label";
const EDGES: &str = "the label is what the extraction finds, trimmed; the truth is the first expected answer; an answer that is no case's label, empty or unparsable is the label 'other' and wrong; a class without a denominator counts 0; errors and requests never sent are excluded, counted, and bounded by 'other' and by the truth in their place";
const REPEATS: &str = "`metrics:` and `repeats:` of the suite, and verdicts of scorers";

const fn label(
    id: &'static str,
    title: &'static str,
    (unit, low): (Unit, f64),
    formula: &'static str,
    source: &'static str,
) -> Metric {
    Metric {
        id,
        title,
        family: Family::Quality,
        unit,
        better: Better::Higher,
        range: Some((low, 1.0)),
        stats: &[Stat::Value],
        param: None,
        needs: LABELS,
        formula,
        edges: EDGES,
        interval: DRAWN,
        source,
        guard: Guard::Nothing,
        measure: Measure::Corpus,
    }
}

const fn sample(
    id: &'static str,
    title: &'static str,
    formula: &'static str,
    edges: &'static str,
    source: &'static str,
) -> Metric {
    Metric { needs: REPEATS, edges, ..label(id, title, (Unit::Ratio, 0.0), formula, source) }
}

const SHARE: (Unit, f64) = (Unit::Ratio, 0.0);

pub(crate) const METRICS: &[Metric] = &[
    label(
        "precision",
        "Precision of labels",
        SHARE,
        "right / said of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class",
        "scikit-learn 1.9.1 precision_score",
    ),
    label(
        "recall",
        "Recall of labels",
        SHARE,
        "right / true of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class",
        "scikit-learn 1.9.1 recall_score",
    ),
    label(
        "f1",
        "F1 of labels",
        SHARE,
        "2 × right / (true + said) of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class; beta weighs recall",
        "scikit-learn 1.9.1 f1_score, fbeta_score",
    ),
    label(
        "mcc",
        "Matthews' correlation of labels",
        (Unit::Number, -1.0),
        "(c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)) over all classes",
        "scikit-learn 1.9.1 matthews_corrcoef; Gorodkin 2004",
    ),
    label(
        "kappa",
        "Cohen's kappa of labels",
        (Unit::Number, -1.0),
        "1 − observed / expected disagreement; option weights: none, linear or quadratic by the order of the labels as text, 'other' last",
        "scikit-learn 1.9.1 cohen_kappa_score; Cohen 1968",
    ),
    label(
        "balanced_accuracy",
        "Mean recall of the classes that have cases",
        SHARE,
        "mean over classes of right / true",
        "scikit-learn 1.9.1 balanced_accuracy_score",
    ),
    sample(
        "pass@k",
        "Chance that one of k answers to a case is right",
        "mean over cases of 1 − C(n−c, k) / C(n, k), n repeats of which c are right; option k",
        "a case with fewer than k judged repeats does not count, and without any other the value is absent; errors are excluded, counted, and bounded as wrong and as right",
        "Chen et al., arXiv 2107.03374",
    ),
    sample(
        "pass^k",
        "Chance that all of k answers to a case are right",
        "mean over cases of C(c, k) / C(n, k), n repeats of which c are right; option k",
        "a case with fewer than k judged repeats does not count, and without any other the value is absent; errors are excluded, counted, and bounded as wrong and as right",
        "Yao et al., tau-bench, arXiv 2406.12045",
    ),
    sample(
        "majority",
        "Share of cases whose most frequent answer is right",
        "mean over cases: the share of right ones among the answers with most votes, as extracted",
        "an answer that the extraction does not find has no vote; a case without any vote does not count; a case with errors counts as wrong and as right in the bounds",
        "Wang et al., self-consistency, arXiv 2203.11171; ties shared",
    ),
];
