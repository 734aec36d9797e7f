//! What a plan will send: counts and texts from the engine, tokens from them or an earlier run.
//!
//! Main function: [`forecast`]. What gates can say is the findings' to tell.

use crate::commands::StoreArg;
use crate::exit::{Exit, Failure};
use crate::open_store::{self, trouble, unread};
use acidtest_engine::CellRequests;
use acidtest_findings::{CellForecast, CostForecast, Forecast};
use acidtest_record::{
    Amount, Ask, Gate, PhaseSpec, Price, PromptSpec, Row, RunId, RunSpec, RunState, Usage, Warmup,
};
use acidtest_store::Store;
use acidtest_suite::{Loaded, estimate_tokens};
use std::collections::HashMap;

/// Tokens that a chat format adds to each message, about.
const PER_MESSAGE: f64 = 4.0;
/// Runs of the store that are looked through for an earlier one.
const MOST_RUNS: usize = 200;
const OUTPUT_LIMITS: [&str; 3] = ["max_tokens", "max_completion_tokens", "max_output_tokens"];

/// What a metric is expected to be.
#[derive(Debug, Clone)]
pub(crate) struct Expect {
    metric: String,
    value: f64,
}

impl Expect {
    /// `accuracy=90%` or `accuracy=0.9`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = "write METRIC=SHARE, such as accuracy=90% or accuracy=0.9";
        let (metric, value) = text.split_once('=').ok_or(form)?;
        let number = |t: &str| t.trim().parse::<f64>().map_err(|_| form.to_owned());
        let value = match value.trim().strip_suffix('%') {
            Some(percent) => number(percent)? / 100.0,
            None => number(value)?,
        };
        match (0.0..=1.0).contains(&value) && !metric.trim().is_empty() {
            true => Ok(Self { metric: metric.trim().to_owned(), value }),
            false => Err(form.to_owned()),
        }
    }
}

/// Means of one model's requests in an earlier run.
#[derive(Debug, Clone, Copy, Default)]
struct Means {
    input: Option<f64>,
    output: Option<f64>,
    seconds: Option<f64>,
}

/// An earlier run of the same workload.
pub(crate) struct Earlier {
    id: String,
    by_model: HashMap<String, Means>,
    values: HashMap<String, f64>,
}

/// The latest complete run of the same workload in the store that anybody answered, if there is one.
pub(crate) fn earlier(store: &StoreArg, spec: &RunSpec) -> Result<Option<Earlier>, Failure> {
    if !open_store::exists(store)? {
        return Ok(None);
    }
    let store = open_store::to_read(store)?;
    let mut runs = store.runs().map_err(trouble)?;
    runs.sort_by_key(|r| std::cmp::Reverse(r.created_unix_ns));
    let fits = |r: &&acidtest_store::RunSummary| r.workload == spec.workload && r.state == RunState::Done;
    for run in runs.iter().take(MOST_RUNS).filter(fits) {
        // Of a run in which everything failed nothing can be learned.
        if let Some(by_model) = means(&store, run.id)? {
            let values = values(&store, run.id)?;
            return Ok(Some(Earlier { id: run.id.to_string(), by_model, values }));
        }
    }
    Ok(None)
}

/// What one request of each model took; none where none was answered.
fn means(store: &Store, run: RunId) -> Result<Option<HashMap<String, Means>>, Failure> {
    let old = store.spec(run).map_err(trouble)?;
    let mut sums: HashMap<String, [(f64, u32); 3]> = HashMap::new();
    let mut is_answered = false;
    let mut add = |row: Row| {
        is_answered |= row.class.delivered();
        let Some(target) = old.targets.get(usize::from(row.target)) else { return };
        let seconds = row.started.zip(row.ended).map(|(a, b)| (b.0 - a.0) as f64 / 1e9);
        let entry = sums.entry(target.model.clone()).or_default();
        for (sum, value) in
            entry.iter_mut().zip([row.input.map(f64::from), row.output.map(f64::from), seconds])
        {
            if let Some(value) = value.filter(|_| row.class.delivered()) {
                *sum = (sum.0 + value, sum.1 + 1);
            }
        }
    };
    store.rows(run, &mut add).map_err(trouble)?;
    let mean = |(sum, n): (f64, u32)| (n > 0).then(|| sum / f64::from(n));
    let by_model = sums
        .into_iter()
        .map(|(model, [i, o, s])| (model, Means { input: mean(i), output: mean(o), seconds: mean(s) }))
        .collect();
    Ok(is_answered.then_some(by_model))
}

/// Its shares, by metric.
fn values(store: &Store, run: RunId) -> Result<HashMap<String, f64>, Failure> {
    let findings = acidtest_readback::findings(store, run).map_err(unread)?;
    let plain = findings.estimates.iter().filter(|e| e.labels.len() == 2 && e.params.is_empty());
    let mut values = HashMap::new();
    for estimate in plain.filter(|e| e.unit == "ratio") {
        if let Some(value) = estimate.number() {
            values.entry(estimate.metric.clone()).or_insert(value);
        }
    }
    Ok(values)
}

/// What the plan will send.
pub(crate) fn forecast(
    loaded: &Loaded,
    earlier: Option<&Earlier>,
    expect: &[Expect],
) -> Result<Forecast, Failure> {
    let (spec, cases) = (&loaded.spec, &loaded.cases);
    let plan = acidtest_engine::requests_of(spec, cases, &input_tokens)
        .map_err(|e| Failure::new(Exit::Usage, anyhow::anyhow!("{e}")))?;
    let cells: Vec<CellForecast> = plan
        .iter()
        .map(|sent| {
            let model = &spec.targets[usize::from(sent.cell.target)].model;
            let means = earlier.and_then(|e| e.by_model.get(model));
            of_cell(spec, sent, means.copied().unwrap_or_default())
        })
        .collect();
    // Each target is asked the same.
    let of_phase = |p: usize| {
        let first = plan.iter().filter(|c| usize::from(c.cell.phase) == p && c.cell.target == 0);
        first.map(|c| c.measured).sum()
    };
    let measured: Vec<Option<u64>> = (0..spec.phases.len()).map(of_phase).collect();
    let expected = |gate: &Gate| {
        let given = expect.iter().find(|e| e.metric == gate.metric).map(|e| e.value);
        let plain = gate.labels.is_empty() && gate.params.is_empty();
        given.or_else(|| earlier.filter(|_| plain)?.values.get(&gate.metric).copied())
    };
    let units: std::collections::BTreeSet<&str> = cases.iter().map(acidtest_record::Case::unit).collect();
    Ok(Forecast {
        schema: "acidtest.plan/1",
        name: spec.name.clone(),
        workload: spec.workload.to_string(),
        cases: u64::from(spec.cases),
        units: units.len() as u64,
        repeats: u64::from(spec.repeats),
        selection: spec.selection.clone(),
        skipped: spec.skipped.len() as u64,
        xfail: cases.iter().filter(|c| c.xfail.is_some()).count() as u64,
        requests: cells.iter().map(|c| Some(c.requests? + c.warmup)).sum(),
        cost: total_cost(&cells),
        seconds: cells.iter().map(|c| c.seconds).sum(),
        estimator: estimator(earlier),
        gates: acidtest_findings::forecast_gates(spec, cases, &measured, &expected),
        cells,
    })
}

fn estimator(earlier: Option<&Earlier>) -> String {
    let by_text =
        "a token for 4 Latin characters, 1.5 Hangul syllables, 1 other CJK character, 2 of other scripts";
    match earlier {
        Some(run) => format!("tokens and times as in run {} of the same workload; else {by_text}", run.id),
        None => format!("{by_text}; no earlier run of this workload is stored"),
    }
}

/// Input tokens of one request, about: its texts and the definitions of its tools.
fn input_tokens(ask: &Ask) -> f64 {
    let messages = ask.messages.iter().map(|m| estimate_tokens(&m.content) + PER_MESSAGE);
    let tools = ask.tools.iter().map(|t| estimate_tokens(&t.to_string()));
    messages.chain(tools).chain(ask.prompt.as_deref().map(estimate_tokens)).sum()
}

/// Output tokens of a request at most, where the plan limits them.
fn output_limit(
    spec: &RunSpec,
    target: &acidtest_record::TargetSpec,
    prompt: Option<&PromptSpec>,
) -> Option<f64> {
    if let Some(scored) = prompt.filter(|p| p.form.scores_text()) {
        return Some(f64::from(scored.likelihood.clone().unwrap_or_default().max_tokens));
    }
    let limit = |fields: &serde_json::Map<String, serde_json::Value>| {
        OUTPUT_LIMITS.iter().find_map(|key| fields.get(*key)).and_then(serde_json::Value::as_f64)
    };
    prompt.map(|p| &p.params).into_iter().chain([&target.body, &spec.params]).find_map(limit)
}

fn of_cell(spec: &RunSpec, sent: &CellRequests, means: Means) -> CellForecast {
    let cell = &sent.cell;
    let target = &spec.targets[usize::from(cell.target)];
    let phase = &spec.phases[usize::from(cell.phase)];
    let prompt = spec.prompts.get(usize::from(cell.prompt));
    let (requests, warmup) = (sent.measured, sent.warmup);
    let all = requests.map(|n| (n + warmup) as f64);
    let estimated = sent.weight.zip(all).map(|(weight, n)| weight / n.max(1.0));
    let each_input = means.input.or(estimated).unwrap_or(0.0);
    let limit = output_limit(spec, target, prompt);
    let price = target.price.as_ref();
    let each = |output: f64| price.map(|p| price_of(p, each_input, output));
    let amount = all.zip(means.output.or(limit).and_then(each)).map(|(n, cost)| n * cost);
    CellForecast {
        phase: phase.name.clone(),
        target: target.name.clone(),
        prompt: prompt.map_or(String::new(), |p| p.name.clone()),
        requests,
        warmup,
        input_tokens: all.map(|n| n * each_input),
        output_tokens: all.zip(means.output).map(|(n, o)| n * o),
        output_tokens_at_most: all.zip(limit).map(|(n, o)| n * o),
        cost: amount.zip(price).map(|(amount, p)| CostForecast { currency: p.currency.clone(), amount }),
        cost_is_bound: amount.is_some() && means.output.is_none(),
        seconds: seconds(phase, cell.plan.len().map(f64::from), all, means.seconds),
    }
}

fn price_of(price: &Price, input: f64, output: f64) -> f64 {
    // A thousand requests' tokens, so that rounding to whole tokens does not show.
    let usage = Usage {
        input: Some((input * 1000.0).round() as u32),
        output: Some((output * 1000.0).round() as u32),
        ..Usage::default()
    };
    let tokens_only = Price { request: 0.0, ..price.clone() };
    tokens_only.cost(&usage).unwrap_or(0.0) / 1000.0 + price.request
}

/// How long a phase takes: what it says, else slots or requests by its load. The requests of
/// one slot follow each other.
fn seconds(phase: &PhaseSpec, slots: Option<f64>, requests: Option<f64>, each: Option<f64>) -> Option<f64> {
    let warmup_s = match phase.warmup {
        Warmup::Seconds(s) => s,
        Warmup::None | Warmup::Count(_) => 0.0,
    };
    let found = match (phase.load.stages(), phase.amount, phase.load.rate(), phase.load.users()) {
        (Some(stages), ..) => stages.seconds(),
        (None, Amount::Seconds(s), ..) => s + warmup_s + phase.cooldown_s,
        (None, _, Some(rate), _) => slots? / rate,
        (None, _, None, Some(users)) => {
            requests? * each? / f64::from(users.max(1)) + warmup_s + phase.cooldown_s
        }
        (None, _, None, None) => return None,
    };
    Some(phase.caps.time_s.map_or(found, |most| found.min(most)))
}

/// Costs by currency; none where a part is not known.
fn total_cost(cells: &[CellForecast]) -> Vec<CostForecast> {
    let mut out: Vec<CostForecast> = Vec::new();
    for cell in cells {
        let Some(cost) = &cell.cost else { return Vec::new() };
        match out.iter_mut().find(|c| c.currency == cost.currency) {
            Some(sum) => sum.amount += cost.amount,
            None => out.push(cost.clone()),
        }
    }
    out
}
