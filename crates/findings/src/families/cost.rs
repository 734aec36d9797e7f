//! Money, from the targets' prices and the server's token counts.

use crate::cells::Cells;
use crate::estimate::Family;
use crate::families::quality;
use crate::metric::{Better, Guard, Judged, Measure, Metric, Unit};
use crate::view::Asked;
use acidtest_record::{Price, Stat, Usage};

pub(crate) const METRICS: &[Metric] = &[
    Metric {
        id: "cost",
        title: "What the requests cost",
        family: Family::Cost,
        unit: Unit::Currency,
        better: Better::Lower,
        range: None,
        stats: &[Stat::Total, Stat::Mean, Stat::Max],
        param: None,
        needs: "a price of the target, token counts reported by the server",
        formula: "per request, over its attempts: (input - cached) x input price + cached x cached price + output x output price, per million, + price per request",
        edges: "attempts without reported tokens are not counted and n says so; warm-up is apart; an answer from the response cache spends 0; no price: absent",
        interval: "total and max: none (count); mean: t on C-1 degrees of freedom from the clustered variance",
        source: "the price table of the suite",
        guard: Guard::Nothing,
        measure: Measure::Amount(cost),
    },
    Metric {
        id: "cost_per_1k_correct",
        title: "What a thousand right answers cost",
        family: Family::Cost,
        unit: Unit::Currency,
        better: Better::Lower,
        range: None,
        stats: &[Stat::Mean],
        param: None,
        needs: "a price of the target, token counts, verdicts",
        formula: "1000 x sum of cost / number of right answers",
        edges: "wrong answers cost too; no right answer: absent",
        interval: "t on C-1 degrees of freedom of the ratio over units of sampling",
        source: "acidtest",
        guard: Guard::Nothing,
        measure: Measure::Ratio(|a| match (cost(a), quality::correct(a)) {
            (Some(cost), Judged::Value(right)) => Some((cost, right / 1000.0)),
            (Some(cost), Judged::Excluded) => Some((cost, 0.0)),
            _ => None,
        }),
    },
];

/// What one request cost over its attempts, as far as the server says.
pub(crate) fn cost(a: &Asked) -> Option<f64> {
    let price = a.view.target(a.last().target)?.price.as_ref()?;
    let known: Vec<f64> = a.attempts().iter().filter_map(|c| of_attempt(a, c, price)).collect();
    (!known.is_empty()).then(|| known.iter().sum())
}

fn of_attempt(a: &Asked, c: &Cells, price: &Price) -> Option<f64> {
    if a.view.is_cached(c) {
        // It was paid for when it was asked.
        return Some(0.0);
    }
    price.cost(&Usage { input: c.input(), output: c.output(), cached: c.cached(), reasoning: c.reasoning() })
}
