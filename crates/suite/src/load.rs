//! Under which load: `phases:`.
//!
//! Main function: [`read`]. Must not draw arrivals: that is the schedule's work.

use crate::error::SuiteError;
use crate::forms::Files;
use crate::limits::priced;
use crate::read::{Doc, Fields};
use crate::stages;
use crate::tree::{Kind, Node};
use acidtest_record::{
    Amount, Dist, Load, MAX_RATE, MAX_SLOTS, PhaseCaps, PhaseSpec, Spacing, StopRule, TargetSpec, Warmup,
};

/// Keys of a phase.
pub(crate) const KEYS: [&str; 21] = [
    "name",
    "closed",
    "constant",
    "poisson",
    "gamma",
    "stages",
    "rate_file",
    "arrivals",
    "burstiness",
    "for",
    "count",
    "warmup",
    "cooldown",
    "think_time",
    "pacing",
    "max_in_flight",
    "max_rate",
    "max_requests",
    "max_time",
    "max_cost",
    "stop_when",
];

const MAX_PHASES: usize = 1000;
const MAX_USERS: u64 = 100_000;
/// Longest time between two requests of one user.
const MAX_PAUSE_S: f64 = 86_400.0;
const MAX_STOP_RULES: usize = 20;
/// Open loop: requests in flight unless the phase says otherwise.
const IN_FLIGHT: u32 = 4096;

/// Reads `phases`; four users where there is none.
pub(crate) fn read(
    suite: &Fields<'_>,
    files: &Files<'_>,
    targets: &[TargetSpec],
) -> Result<Vec<PhaseSpec>, SuiteError> {
    let Some(node) = suite.get("phases") else {
        return Ok(vec![PhaseSpec {
            name: "closed 4".to_owned(),
            load: Load::Closed { concurrency: 4 },
            max_in_flight: 4,
            ..PhaseSpec::default()
        }]);
    };
    let nodes = suite.doc.full_list(node, "'phases'")?;
    if nodes.len() > MAX_PHASES {
        return Err(suite.doc.at(node, "more than 1000 phases"));
    }
    let mut phases: Vec<PhaseSpec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (mut phase, named) = phase(suite.doc, node, files, targets)?;
        let taken = |name: &str| phases.iter().any(|p| p.name == name);
        if taken(&phase.name) && named {
            let place = node.get("name").unwrap_or(node);
            let message = format!("two phases are called '{}'", phase.name);
            return Err(suite.doc.at(place, message));
        }
        phase.name = crate::scoring::free_name(&phase.name, taken);
        phases.push(phase);
    }
    Ok(phases)
}

fn phase(
    doc: &Doc,
    node: &Node,
    files: &Files<'_>,
    targets: &[TargetSpec],
) -> Result<(PhaseSpec, bool), SuiteError> {
    let fields = Fields::open(doc, node, "a phase", &KEYS)?;
    let load = load(&fields, files)?;
    let amount = amount(&fields, &load)?;
    let name = fields.maybe("name", Doc::name)?;
    let named = name.is_some();
    let cooldown_s = fields.maybe("cooldown", Doc::seconds)?.unwrap_or(0.0);
    let phase = PhaseSpec {
        name: name.unwrap_or_else(|| load.words()),
        amount,
        warmup: fields.maybe("warmup", warmup)?.unwrap_or_default(),
        max_in_flight: in_flight(&fields, &load)?,
        cooldown_s,
        think: fields.maybe("think_time", think_time)?,
        pacing_s: fields.maybe("pacing", pause)?.unwrap_or(0.0),
        max_rate: fields.maybe("max_rate", |doc, node, what| doc.positive(node, what, MAX_RATE))?,
        caps: caps(&fields, targets)?,
        stop_when: fields.maybe("stop_when", stop_rules)?.unwrap_or_default(),
        load,
    };
    phase.check().map_err(|bad| {
        let place = fields.get(bad.key).or(fields.get("rate_file")).unwrap_or(node);
        doc.at(place, bad.what).hint(bad.hint)
    })?;
    Ok((phase, named))
}

fn load(fields: &Fields<'_>, files: &Files<'_>) -> Result<Load, SuiteError> {
    let (kind, node) = fields.one_of(&["closed", "constant", "poisson", "gamma", "stages", "rate_file"])?;
    let doc = fields.doc;
    let rate = |what: &str| doc.positive(node, &format!("'{what}' (requests per second)"), MAX_RATE);
    match kind {
        "stages" => return stages::stages(fields, node),
        "rate_file" => return stages::from_file(fields, node, files),
        _ => {}
    }
    if let Some(node) = fields.get("arrivals") {
        return Err(doc
            .at(node, "'arrivals' is for stages and rate files")
            .hint("a rate that never changes is `constant: 10`, `poisson: 10` or `gamma: 10`"));
    }
    if kind == "gamma" {
        return Ok(Load::open(rate(kind)?, Spacing::Gamma { burstiness: stages::burstiness(fields)? }));
    }
    stages::no_burstiness(fields)?;
    Ok(match kind {
        "closed" => {
            Load::Closed { concurrency: doc.count(node, "'closed' (users at once)", 1..=MAX_USERS)? as u32 }
        }
        "constant" => Load::Constant { rate: rate(kind)? },
        _ => Load::Poisson { rate: rate(kind)? },
    })
}

fn amount(fields: &Fields<'_>, load: &Load) -> Result<Amount, SuiteError> {
    let slots = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=MAX_SLOTS as u64);
    if let Some(stages) = load.stages() {
        if let Some(node) = fields.get("for") {
            return Err(fields
                .doc
                .at(node, "'for' and stages both say how long the phase is")
                .hint("take 'for' out: the phase is as long as its stages"));
        }
        let count = fields.maybe("count", slots)?;
        return Ok(count.map_or(Amount::Seconds(stages.seconds()), |n| Amount::Count(n as u32)));
    }
    match (fields.get("for"), fields.get("count")) {
        (Some(_), Some(_)) => fields.one_of(&["for", "count"]).map(|_| Amount::Cases),
        (Some(node), None) => Ok(Amount::Seconds(fields.doc.seconds(node, "'for'")?)),
        (None, _) => {
            let count = fields.maybe("count", slots)?;
            Ok(count.map_or(Amount::Cases, |n| Amount::Count(n as u32)))
        }
    }
}

/// So many requests, or requests of so many seconds.
fn warmup(doc: &Doc, node: &Node, what: &str) -> Result<Warmup, SuiteError> {
    if let Kind::Text(_) = node.kind {
        return doc.seconds(node, what).map(Warmup::Seconds).map_err(|e| match e.hint {
            None => e.hint("write a number of requests, or a time such as '10 s'"),
            Some(_) => e,
        });
    }
    Ok(match doc.count(node, what, 0..=1_000_000)? {
        0 => Warmup::None,
        n => Warmup::Count(n as u32),
    })
}

/// Seconds between an answer and the next request: a time, or a distribution of seconds.
fn think_time(doc: &Doc, node: &Node, what: &str) -> Result<Dist, SuiteError> {
    let text = match &node.kind {
        Kind::Text(text) if text.contains('(') => text,
        _ => return pause(doc, node, what).map(Dist::Fixed),
    };
    text.parse().map_err(|e: acidtest_record::BadDist| {
        doc.at(node, e.to_string()).hint("write '2 s', or a distribution of seconds: lognormal(2, 0.5)")
    })
}

fn pause(doc: &Doc, node: &Node, what: &str) -> Result<f64, SuiteError> {
    let seconds = doc.seconds(node, what)?;
    match seconds <= MAX_PAUSE_S {
        true => Ok(seconds),
        false => Err(doc.at(node, format!("{what} is longer than a day"))),
    }
}

fn caps(fields: &Fields<'_>, targets: &[TargetSpec]) -> Result<PhaseCaps, SuiteError> {
    let slots = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=MAX_SLOTS as u64);
    let cost = fields.maybe("max_cost", |doc, node, what| doc.positive(node, what, 1e12))?;
    if let Some(node) = fields.get("max_cost") {
        priced(fields.doc, node, "'max_cost'", targets)?;
    }
    Ok(PhaseCaps {
        requests: fields.maybe("max_requests", slots)?.map(|n| n as u32),
        time_s: fields.maybe("max_time", Doc::seconds)?,
        cost,
    })
}

fn stop_rules(doc: &Doc, node: &Node, what: &str) -> Result<Vec<StopRule>, SuiteError> {
    let nodes = doc.one_or_more(node, what)?;
    if nodes.len() > MAX_STOP_RULES {
        return Err(doc.at(node, format!("more than {MAX_STOP_RULES} rules")));
    }
    let rule = |node: &Node| {
        let text = doc.text(node, "a rule")?;
        StopRule::parse(text).map_err(|bad| doc.at(node, bad.what).hint(bad.hint))
    };
    nodes.iter().map(rule).collect()
}

fn in_flight(fields: &Fields<'_>, load: &Load) -> Result<u32, SuiteError> {
    let most = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=MAX_USERS);
    let given = fields.maybe("max_in_flight", most)?;
    match (load.users(), fields.get("max_in_flight")) {
        (Some(_), Some(node)) => Err(fields
            .doc
            .at(node, "'max_in_flight' is for open loops")
            .hint("a closed loop never has more in flight than it has users")),
        (Some(users), None) => Ok(users),
        _ => Ok(given.map_or(IN_FLIGHT, |n| n as u32)),
    }
}
