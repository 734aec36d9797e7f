//! Token counts as the server reports them.

use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Unit};
use acidtest_record::Stat;

/// What all token counts share.
const COUNTED: Metric = Metric {
    id: "",
    title: "",
    family: Family::Tokens,
    unit: Unit::Tokens,
    better: Better::Neither,
    range: None,
    stats: &[Stat::Mean, Stat::Total, Stat::Max],
    param: None,
    needs: "token counts reported by the server",
    formula: "",
    edges: "label source=server; a request without a reported count is left out and n says so; pieces are never called tokens",
    interval: "mean: t on C-1 degrees of freedom from the clustered variance; total and max: none (count)",
    source: "the server's usage fields",
    guard: Guard::Nothing,
    measure: Measure::Amount(|_| None),
};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "input_tokens",
        title: "Prompt tokens of a request",
        formula: "prompt tokens of the last attempt as the server reports them",
        measure: Measure::Amount(|a| a.last().input().map(f64::from)),
        ..COUNTED
    },
    Metric {
        id: "output_tokens",
        title: "Completion tokens of a request, reasoning included",
        formula: "completion tokens of the last attempt as the server reports them",
        measure: Measure::Amount(|a| a.last().output().map(f64::from)),
        ..COUNTED
    },
    Metric {
        id: "cached_tokens",
        title: "Prompt tokens that came from a cache",
        formula: "cached prompt tokens of the last attempt as the server reports them",
        measure: Measure::Amount(|a| a.last().cached().map(f64::from)),
        ..COUNTED
    },
    Metric {
        id: "reasoning_tokens",
        title: "Reasoning tokens among the completion tokens",
        formula: "reasoning tokens of the last attempt as the server reports them",
        measure: Measure::Amount(|a| a.last().reasoning().map(f64::from)),
        ..COUNTED
    },
];
