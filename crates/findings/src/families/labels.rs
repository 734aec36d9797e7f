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

/// What distinguishes these metrics.
struct Said {
    id: &'static str,
    title: &'static str,
    /// Unit and least value.
    scale: (Unit, f64),
    formula: &'static str,
    edges: &'static str,
    source: &'static str,
}

const fn label(said: Said) -> Metric {
    Metric {
        id: said.id,
        title: said.title,
        family: Family::Quality,
        unit: said.scale.0,
        better: Better::Higher,
        range: Some((said.scale.1, 1.0)),
        stats: &[Stat::Value],
        param: None,
        needs: LABELS,
        formula: said.formula,
        edges: said.edges,
        interval: DRAWN,
        source: said.source,
        guard: Guard::Nothing,
        measure: Measure::Corpus,
    }
}

const fn sample(said: Said) -> Metric {
    Metric { needs: REPEATS, ..label(said) }
}

const SHARE: (Unit, f64) = (Unit::Ratio, 0.0);

pub(crate) const METRICS: &[Metric] = &[
    label(Said {
        id: "precision",
        title: "Precision of labels",
        scale: SHARE,
        formula: "right / said of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class",
        edges: EDGES,
        source: "scikit-learn 1.9.1 precision_score",
    }),
    label(Said {
        id: "recall",
        title: "Recall of labels",
        scale: SHARE,
        formula: "right / true of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class",
        edges: EDGES,
        source: "scikit-learn 1.9.1 recall_score",
    }),
    label(Said {
        id: "f1",
        title: "F1 of labels",
        scale: SHARE,
        formula: "2 × right / (true + said) of a class; option average: macro, micro or weighted over the classes that occur, or positive: LABEL for one class; beta weighs recall",
        edges: EDGES,
        source: "scikit-learn 1.9.1 f1_score, fbeta_score",
    }),
    label(Said {
        id: "mcc",
        title: "Matthews' correlation of labels",
        scale: (Unit::Number, -1.0),
        formula: "(c·n − Σ tₖpₖ) / √((n² − Σ pₖ²)(n² − Σ tₖ²)) over all classes",
        edges: EDGES,
        source: "scikit-learn 1.9.1 matthews_corrcoef; Gorodkin 2004",
    }),
    label(Said {
        id: "kappa",
        title: "Cohen's kappa of labels",
        scale: (Unit::Number, -1.0),
        formula: "1 − observed / expected disagreement; option weights: none, linear or quadratic by the order of the labels as text, 'other' last",
        edges: EDGES,
        source: "scikit-learn 1.9.1 cohen_kappa_score; Cohen 1968",
    }),
    label(Said {
        id: "balanced_accuracy",
        title: "Mean recall of the classes that have cases",
        scale: SHARE,
        formula: "mean over classes of right / true",
        edges: EDGES,
        source: "scikit-learn 1.9.1 balanced_accuracy_score",
    }),
    sample(Said {
        id: "pass@k",
        title: "Chance that one of k answers to a case is right",
        scale: SHARE,
        formula: "mean over cases of 1 − C(n−c, k) / C(n, k), n repeats of which c are right; option k",
        edges: "a case with fewer than k judged repeats does not count, and without any other the value is absent; errors are excluded, counted, and bounded as wrong and as right",
        source: "Chen et al., arXiv 2107.03374",
    }),
    sample(Said {
        id: "pass^k",
        title: "Chance that all of k answers to a case are right",
        scale: SHARE,
        formula: "mean over cases of C(c, k) / C(n, k), n repeats of which c are right; option k",
        edges: "a case with fewer than k judged repeats does not count, and without any other the value is absent; errors are excluded, counted, and bounded as wrong and as right",
        source: "Yao et al., tau-bench, arXiv 2406.12045",
    }),
    sample(Said {
        id: "majority",
        title: "Share of cases whose most frequent answer is right",
        scale: SHARE,
        formula: "mean over cases: the share of right ones among the answers with most votes, as extracted",
        edges: "an answer that the extraction does not find has no vote; a case without any vote does not count; a case with errors counts as wrong and as right in the bounds",
        source: "Wang et al., self-consistency, arXiv 2203.11171; ties shared",
    }),
];
