//! What a plan will send, and what its gates can say, before anything is sent.
//!
//! Main types: [`Forecast`] and [`GateForecast`]; main function: [`gates`]. Counts are
//! exact, tokens, cost and time estimates. Must not send or read anything.

use crate::gate_check::wanted;
use crate::measure::Wanted;
use crate::metric::{Measure, Unit};
use acidtest_metrics::stats::{
    Bounded, cases_to_settle, effective_clusters, fewest_for_share, fewest_in_send_order,
};
use acidtest_record::{Bound, Case, Gate, Op, RunSpec};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a plan will send.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Forecast {
    /// `acidtest.plan/1`.
    pub schema: &'static str,
    /// Name of the suite.
    pub name: String,
    /// Digest of what will be asked under which load.
    pub workload: String,
    /// Cases that will be asked.
    pub cases: u64,
    /// Units of sampling: clusters, else cases.
    pub units: u64,
    /// How often each case is asked.
    pub repeats: u64,
    /// How the cases were chosen from a larger set.
    pub selection: Vec<String>,
    /// Cases that are skipped.
    pub skipped: u64,
    /// Cases of which a wrong answer is expected.
    pub xfail: u64,
    /// Each phase, target and prompt.
    pub cells: Vec<CellForecast>,
    /// All requests, warm-up included; absent where a closed loop ends by time.
    pub requests: Option<u64>,
    /// All costs by currency, where every part is known.
    pub cost: Vec<CostForecast>,
    /// Seconds of all phases, where every part is known.
    pub seconds: Option<f64>,
    /// How tokens and times were estimated.
    pub estimator: String,
    /// What each gate can say.
    pub gates: Vec<GateForecast>,
}

/// What one phase sends to one target with one prompt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CellForecast {
    /// Name of the phase.
    pub phase: String,
    /// Name of the target.
    pub target: String,
    /// Name of the prompt.
    pub prompt: String,
    /// Requests that are measured; absent where a closed loop ends by time.
    pub requests: Option<u64>,
    /// Requests sent before and not measured.
    pub warmup: u64,
    /// Input tokens of all requests, about.
    pub input_tokens: Option<f64>,
    /// Output tokens of all requests, about; absent where nothing tells them.
    pub output_tokens: Option<f64>,
    /// Output tokens of all requests at most, where the plan limits them.
    pub output_tokens_at_most: Option<f64>,
    /// What they cost, about; with `cost_is_bound` at most.
    pub cost: Option<CostForecast>,
    /// Whether the cost counts as many output tokens as are allowed.
    pub cost_is_bound: bool,
    /// Seconds it takes, about.
    pub seconds: Option<f64>,
}

/// An amount of money.
#[derive(Debug, Clone, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct CostForecast {
    /// Currency code.
    pub currency: String,
    /// The amount.
    pub amount: f64,
}

/// What one gate can say with this plan.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct GateForecast {
    /// The gate as written.
    pub gate: String,
    /// What n counts: `cases`, `clusters`, `effective clusters` (of clusters of several sizes,
    /// (Σm)²/Σm² for m cases in each, rounded up) or `requests`.
    pub unit: &'static str,
    /// How many there are for each target and phase; absent where that is not known ahead.
    pub n: Option<u64>,
    /// With fewer the gate cannot be met at all.
    pub fewest: Option<u64>,
    /// So many would settle it in four of five runs if the value is `expected`.
    pub needs: Option<u64>,
    /// The value that `needs` takes for given.
    pub expected: Option<f64>,
    /// Whether it can be decided.
    pub can: CanDecide,
    /// Why, in words.
    pub why: String,
}

/// Whether a gate can be decided with a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CanDecide {
    /// It will be met or broken.
    Yes,
    /// It may stay undecided.
    Perhaps,
    /// It cannot be met, whatever the answers are.
    No,
    /// Nothing can be said ahead.
    Unknown,
}

/// What stands behind one gate.
#[derive(Debug, Clone, Copy)]
struct Behind {
    unit: &'static str,
    n: Option<u64>,
}

/// What each gate of a plan can say. `requests` are those measured in each phase, for each
/// target, of all prompts; `expected` tells what value a gate's metric is taken to have.
#[must_use]
pub fn gates(
    spec: &RunSpec,
    cases: &[Case],
    requests: &[Option<u64>],
    expected: &dyn Fn(&Gate) -> Option<f64>,
) -> Vec<GateForecast> {
    let one = |gate: &Gate| {
        let unknown = GateForecast {
            gate: gate.text.clone(),
            unit: "cases",
            n: None,
            fewest: None,
            needs: None,
            expected: None,
            can: CanDecide::Unknown,
            why: String::new(),
        };
        match wanted(gate, spec, cases) {
            Some(wanted) => forecast(spec, cases, requests, gate, &wanted, expected(gate), unknown),
            None => GateForecast { why: "unknown metric".into(), ..unknown },
        }
    };
    spec.gates.iter().map(one).collect()
}

fn forecast(
    spec: &RunSpec,
    cases: &[Case],
    requests: &[Option<u64>],
    gate: &Gate,
    wanted: &Wanted,
    expected: Option<f64>,
    blank: GateForecast,
) -> GateForecast {
    let metric = wanted.metric;
    let is_quality =
        matches!(metric.measure, Measure::Share(_) | Measure::Score(_) | Measure::CasePass | Measure::Corpus);
    let is_amount = matches!(metric.measure, Measure::Amount(_) | Measure::Ratio(_) | Measure::Scaled(..));
    let behind = match is_quality || is_amount {
        true if spec.cases > 0 => of_cases(spec, cases, gate),
        _ => of_requests(spec, requests, gate),
    };
    let blank = GateForecast { unit: behind.unit, n: behind.n, ..blank };
    if behind.n == Some(0) {
        return GateForecast {
            can: CanDecide::No,
            why: "nothing that is asked has its labels".into(),
            ..blank
        };
    }
    let quantile = metric.resolve(gate.stat).quantile();
    match (&metric.measure, gate.bound) {
        (Measure::Sample(..) | Measure::Gaps(_), bound) => of_quantile(quantile, bound, blank),
        (_, None) => {
            GateForecast { can: CanDecide::Yes, why: "a plain value is met or broken".into(), ..blank }
        }
        (Measure::Share(_) | Measure::CasePass | Measure::Event(_), Some(bound)) => {
            of_share(gate, bound, expected, blank)
        }
        (Measure::Score(_), Some(bound)) if metric.unit == Unit::Ratio => {
            let share = of_share(gate, bound, expected, blank);
            let why = format!("{}; a score between 0 and 1 varies less than a share", share.why);
            GateForecast { why, ..share }
        }
        _ => GateForecast { why: "its spread is not known ahead".into(), ..blank },
    }
}

/// Units of sampling that a gate about answers has, for each target and phase.
fn of_cases(spec: &RunSpec, cases: &[Case], gate: &Gate) -> Behind {
    let of_prompt = |key: &str| key == "prompt" || spec.prompts.iter().any(|p| p.labels.contains_key(key));
    let counts = |case: &&Case| {
        let fits = |(key, value): &(String, String)| {
            ["target", "phase", "window"].contains(&key.as_str())
                || case.tags.get(key).map_or(of_prompt(key), |v| v == value)
        };
        gate.labels.iter().all(fits) && (case.xfail.is_none() || gate.metric == "judgement")
    };
    let due = match gate.metric.as_str() {
        "refusal_due" => Some(true),
        "over_refusal" => Some(false),
        _ => None,
    };
    let chosen = cases.iter().filter(counts).filter(|c| due.is_none_or(|due| c.refuse == due));
    let mut units: BTreeMap<&str, u32> = BTreeMap::new();
    for case in chosen.clone() {
        *units.entry(case.unit()).or_default() += 1;
    }
    if !chosen.clone().any(|c| c.cluster.is_some()) {
        return Behind { unit: "cases", n: Some(units.len() as u64) };
    }
    // As the gate counts them: a large cluster takes weight from the others.
    let effective = (effective_clusters(units.values().copied()) - 1e-9).ceil() as u64;
    let unit = if effective < units.len() as u64 { "effective clusters" } else { "clusters" };
    Behind { unit, n: Some(effective) }
}

/// Requests that a gate has in the phase that has the fewest of those it is about.
fn of_requests(spec: &RunSpec, requests: &[Option<u64>], gate: &Gate) -> Behind {
    let phase = gate.labels.iter().find(|(k, _)| k == "phase").map(|(_, v)| v.as_str());
    let fits = spec.phases.iter().zip(requests).filter(|(p, _)| phase.is_none_or(|name| p.name == name));
    let n = fits.map(|(_, n)| *n).min().flatten();
    Behind { unit: "requests", n }
}

fn of_quantile(quantile: Option<f64>, bound: Option<Bound>, blank: GateForecast) -> GateForecast {
    let Some(p) = quantile else {
        let (can, why) = match bound {
            None => (CanDecide::Yes, "a plain value is met or broken"),
            Some(_) => (CanDecide::Unknown, "its spread is not known ahead"),
        };
        return GateForecast { can, why: why.into(), ..blank };
    };
    let fewest = fewest_in_send_order(p);
    let label = format!("p{}", p * 100.0);
    let is_few = blank.n.is_some_and(|n| n < fewest);
    let (can, why) = match (bound, is_few, blank.n) {
        (None, true, _) => {
            (CanDecide::Yes, format!("decided, but {label} of so few is shaky: {fewest} bound it"))
        }
        (None, false, _) => (CanDecide::Yes, "a plain value is met or broken".into()),
        (Some(_), true, _) => (CanDecide::No, format!("{label} has no bound below {fewest} requests")),
        (Some(_), false, None) => (
            CanDecide::Unknown,
            format!("{label} needs {fewest} requests; how many there will be is not known"),
        ),
        (Some(_), false, Some(_)) => (
            CanDecide::Perhaps,
            "there are enough if requests do not move together; under load more may be needed".into(),
        ),
    };
    GateForecast { fewest: Some(fewest), can, why, ..blank }
}

fn of_share(gate: &Gate, bound: Bound, expected: Option<f64>, blank: GateForecast) -> GateForecast {
    let (side, best) = match bound {
        Bound::Low => (Bounded::Below, 1.0),
        Bound::High => (Bounded::Above, 0.0),
    };
    let fewest = fewest_for_share(gate.limit, side);
    // Without a better word: half-way between the limit and the best there is.
    let taken = expected.unwrap_or(f64::midpoint(gate.limit, best));
    let needs = cases_to_settle(taken, gate.limit, 1.0, 1.0);
    let unit = blank.unit;
    let given = match expected {
        Some(_) => format!("if the value is {} %", percent(taken)),
        None => format!("if the value is {} %, half-way to the best", percent(taken)),
    };
    let holds = match gate.op {
        Op::Ge | Op::Gt => taken > gate.limit,
        Op::Le | Op::Lt => taken < gate.limit,
    };
    let end = if holds { "met" } else { "broken" };
    let (can, why) = match (blank.n, fewest, needs) {
        (_, None, _) => (CanDecide::No, "no number of cases can show this limit".to_owned()),
        (None, Some(_), _) => (CanDecide::Unknown, format!("how many {unit} there will be is not known")),
        (Some(n), Some(fewest), _) if n < fewest => (
            CanDecide::No,
            format!("cannot be met with {n} {unit}, even if all go well: that takes {fewest}"),
        ),
        (Some(_), _, None) => {
            (CanDecide::Perhaps, "the value is taken to be the limit itself: no n settles that".into())
        }
        (Some(n), _, Some(needs)) if n >= needs => {
            (CanDecide::Yes, format!("likely {end} {given}: that takes about {needs} {unit}"))
        }
        (Some(_), _, Some(needs)) => {
            (CanDecide::Perhaps, format!("may stay undecided {given}: that takes about {needs} {unit}"))
        }
    };
    GateForecast { fewest, needs, expected: Some(taken), can, why, ..blank }
}

/// A share that is taken for a plan, in per cent: a guess has two or three digits, more only
/// where fewer would say 0 or 100.
fn percent(share: f64) -> String {
    let value = share * 100.0;
    let digits = if value.min(100.0 - value) < 1.0 { 4 } else { 1 };
    format!("{value:.digits$}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_guess_has_two_or_three_digits() {
        let words = [0.612_903, 0.6, 0.5, 0.125, 0.9995, 1.0, 0.0].map(percent);
        assert_eq!(words, ["61.3", "60", "50", "12.5", "99.95", "100", "0"]);
    }

    use super::*;
    use acidtest_record::{Amount, Load, PhaseSpec, ScorerKind, ScorerSpec, TargetSpec, Warmup};

    fn forecast_of(gate: &str, n: usize, clusters: usize) -> GateForecast {
        let alone = |i| Case { cluster: None, ..case(i, 0) };
        let one = |i| if clusters > 0 { case(i, i % clusters) } else { alone(i) };
        forecast_with(gate, (0..n).map(one).collect())
    }

    fn case(i: usize, cluster: usize) -> Case {
        Case { id: format!("c{i}"), cluster: Some(format!("k{cluster}")), ..Case::default() }
    }

    fn forecast_with(gate: &str, cases: Vec<Case>) -> GateForecast {
        let n = cases.len();
        let phase = PhaseSpec {
            name: "p".into(),
            load: Load::Closed { concurrency: 1 },
            amount: Amount::Cases,
            warmup: Warmup::None,
            max_in_flight: 1,
            ..PhaseSpec::default()
        };
        let exact = ScorerSpec {
            name: "exact".into(),
            kind: ScorerKind::Exact { ignore_case: false },
            negate: false,
            weight: 1.0,
            pass: Some(1.0),
        };
        let spec = RunSpec {
            gates: vec![Gate::parse(gate).unwrap()],
            cases: n as u32,
            phases: vec![phase],
            targets: vec![TargetSpec::default()],
            scorers: vec![exact],
            ..RunSpec::default()
        };
        gates(&spec, &cases, &[Some(n as u64)], &|_| None).remove(0)
    }

    #[test]
    fn too_few_cases_are_seen_ahead() {
        let got = forecast_of("accuracy.low >= 95 %", 58, 0);
        assert_eq!((got.can, got.fewest), (CanDecide::No, Some(59)), "{}", got.why);
        assert_ne!(forecast_of("accuracy.low >= 95 %", 59, 0).can, CanDecide::No);
        // Fifty-eight clusters are no more because they hold many cases.
        assert_eq!(forecast_of("accuracy.low >= 95 %", 580, 58).can, CanDecide::No);
        let many = forecast_of("accuracy.low >= 80 %", 2000, 0);
        assert_eq!(many.can, CanDecide::Yes, "{}", many.why);
        assert_eq!(forecast_of("accuracy.low >= 80 %", 40, 0).can, CanDecide::Perhaps);
        assert_eq!(forecast_of("accuracy >= 80 %", 4, 0).can, CanDecide::Yes);
        assert_eq!(forecast_of("accuracy.low >= 100 %", 4, 0).can, CanDecide::No);
    }

    #[test]
    fn clusters_of_several_sizes_are_fewer() {
        // 59 clusters of one case would do; one of them holds 20.
        let mut cases: Vec<Case> = (0..59).map(|i| case(i, i)).collect();
        cases.extend((59..78).map(|i| case(i, 0)));
        let got = forecast_with("accuracy.low >= 95 %", cases);
        let kish = 78.0f64.powi(2) / (58.0 + 400.0);
        assert_eq!((got.unit, got.n), ("effective clusters", Some(kish.ceil() as u64)), "{}", got.why);
        assert_eq!(got.can, CanDecide::No, "{}", got.why);
    }

    #[test]
    fn quantiles_need_their_number() {
        assert_eq!(forecast_of("ttft.p95.high <= 1 s", 99, 0).can, CanDecide::No);
        assert_eq!(forecast_of("ttft.p95.high <= 1 s", 100, 0).can, CanDecide::Perhaps);
        assert_eq!(forecast_of("ttft.p99.high <= 1 s", 499, 0).fewest, Some(500));
        assert_eq!(forecast_of("ttft.p99 <= 1 s", 10, 0).can, CanDecide::Yes);
        assert_eq!(forecast_of("error_rate.high <= 1 %", 100, 0).can, CanDecide::No);
    }
}
