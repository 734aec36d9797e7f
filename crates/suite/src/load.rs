//! Under which load: `phases:`.
//!
//! Main function: [`read`]. Must not draw arrivals: that is the schedule's work.

use crate::error::SuiteError;
use crate::read::{Doc, Fields};
use crate::tree::Node;
use acidtest_record::{Amount, Load, PhaseSpec, Warmup};

/// Keys of a phase.
pub(crate) const KEYS: [&str; 8] =
    ["name", "closed", "constant", "poisson", "for", "count", "warmup", "max_in_flight"];

/// Most slots of one phase.
pub(crate) const MAX_SLOTS: u64 = 50_000_000;
const MAX_PHASES: usize = 1000;
const MAX_RATE: f64 = 100_000.0;
const MAX_USERS: u64 = 100_000;
/// Open loop: requests in flight unless the phase says otherwise.
const IN_FLIGHT: u32 = 4096;

/// Reads `phases`; four users where there is none.
pub(crate) fn read(suite: &Fields<'_>) -> Result<Vec<PhaseSpec>, SuiteError> {
    let Some(node) = suite.get("phases") else {
        return Ok(vec![PhaseSpec {
            name: "closed 4".to_owned(),
            load: Load::Closed { concurrency: 4 },
            amount: Amount::Cases,
            warmup: Warmup::None,
            max_in_flight: 4,
        }]);
    };
    let nodes = suite.doc.full_list(node, "'phases'")?;
    if nodes.len() > MAX_PHASES {
        return Err(suite.doc.at(node, "more than 1000 phases"));
    }
    let mut phases: Vec<PhaseSpec> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let (mut phase, named) = phase(suite.doc, node)?;
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

fn phase(doc: &Doc, node: &Node) -> Result<(PhaseSpec, bool), SuiteError> {
    let fields = Fields::open(doc, node, "a phase", &KEYS)?;
    let load = load(&fields)?;
    let amount = amount(&fields, load)?;
    let slots = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 0..=1_000_000);
    let warmup = match fields.maybe("warmup", slots)? {
        None | Some(0) => Warmup::None,
        Some(n) => Warmup::Count(n as u32),
    };
    let name = fields.maybe("name", Doc::name)?;
    let named = name.is_some();
    let phase = PhaseSpec {
        name: name.unwrap_or_else(|| default_name(load)),
        load,
        amount,
        warmup,
        max_in_flight: in_flight(&fields, load)?,
    };
    Ok((phase, named))
}

fn load(fields: &Fields<'_>) -> Result<Load, SuiteError> {
    let (kind, node) = fields.one_of(&["closed", "constant", "poisson"])?;
    let doc = fields.doc;
    Ok(match kind {
        "closed" => {
            Load::Closed { concurrency: doc.count(node, "'closed' (users at once)", 1..=MAX_USERS)? as u32 }
        }
        "constant" => {
            Load::Constant { rate: doc.positive(node, "'constant' (requests per second)", MAX_RATE)? }
        }
        _ => Load::Poisson { rate: doc.positive(node, "'poisson' (requests per second)", MAX_RATE)? },
    })
}

fn amount(fields: &Fields<'_>, load: Load) -> Result<Amount, SuiteError> {
    let (Some(node), None) = (fields.get("for"), fields.get("count")) else {
        if fields.get("for").is_some() {
            fields.one_of(&["for", "count"])?;
        }
        let slots = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=MAX_SLOTS);
        let count = fields.maybe("count", slots)?;
        return Ok(count.map_or(Amount::Cases, |n| Amount::Count(n as u32)));
    };
    let seconds = fields.doc.seconds(node, "'for'")?;
    let rate = match load {
        Load::Closed { .. } | Load::Unstated => 0.0,
        Load::Constant { rate } | Load::Poisson { rate } => rate,
    };
    if rate * seconds > MAX_SLOTS as f64 {
        return Err(fields
            .doc
            .at(node, format!("{rate} requests per second for so long are more than {MAX_SLOTS} requests")));
    }
    Ok(Amount::Seconds(seconds))
}

fn in_flight(fields: &Fields<'_>, load: Load) -> Result<u32, SuiteError> {
    let most = |doc: &Doc, node: &Node, what: &str| doc.count(node, what, 1..=MAX_USERS);
    let given = fields.maybe("max_in_flight", most)?;
    match (load, fields.get("max_in_flight")) {
        (Load::Closed { .. }, Some(node)) => Err(fields
            .doc
            .at(node, "'max_in_flight' is for open loops")
            .hint("a closed loop never has more in flight than it has users")),
        (Load::Closed { concurrency }, None) => Ok(concurrency),
        _ => Ok(given.map_or(IN_FLIGHT, |n| n as u32)),
    }
}

fn default_name(load: Load) -> String {
    match load {
        Load::Unstated => "unstated".to_owned(),
        Load::Closed { concurrency } => format!("closed {concurrency}"),
        Load::Constant { rate } => format!("constant {rate}/s"),
        Load::Poisson { rate } => format!("poisson {rate}/s"),
    }
}
