//! Loads that change over time: `stages:` and `rate_file:`.
//!
//! Main functions: [`stages`], [`from_file`], [`spacing`]. Must not draw arrivals.

use crate::error::SuiteError;
use crate::forms::Files;
use crate::rate_file::rate_series;
use crate::read::{Doc, Fields};
use crate::tree::{Kind, Node};
use acidtest_record::{BURSTINESS, Load, LoadStage, Spacing, Stages};
use std::io::Cursor;

/// Keys of a stage.
pub(crate) const STAGE_KEYS: [&str; 3] = ["for", "rate", "users"];
const SPACINGS: [&str; 3] = ["constant", "poisson", "gamma"];
/// Longest file of rates.
const MAX_RATE_FILE: usize = 16 << 20;

/// The load of a list of stages: of a rate, or of users.
pub(crate) fn stages(phase: &Fields<'_>, node: &Node) -> Result<Load, SuiteError> {
    let doc = phase.doc;
    let nodes = doc.full_list(node, "'stages'")?;
    let mut kind = None;
    let mut all = Vec::with_capacity(nodes.len());
    for node in nodes {
        let fields = Fields::open(doc, node, "a stage", &STAGE_KEYS)?;
        let seconds = doc.seconds(fields.need("for", "30 s")?, "'for'")?;
        let (key, value) = fields.one_of(&["rate", "users"])?;
        if *kind.get_or_insert(key) != key {
            return Err(doc
                .at(value, "some stages have a rate and others users: choose one")
                .hint("a rate is an open loop, users are a closed one"));
        }
        let (from, to) = values(doc, value, key)?;
        all.push(LoadStage { seconds, from, to });
    }
    let stages = Stages::new(all).map_err(|bad| {
        let place = bad.at.and_then(|i| nodes.get(i)).unwrap_or(node);
        doc.at(place, bad.what)
    })?;
    if kind == Some("users") {
        for key in ["arrivals", "burstiness"] {
            if let Some(node) = phase.get(key) {
                return Err(doc.at(node, format!("'{key}' is for stages with a rate")));
            }
        }
        return Ok(Load::Users { stages });
    }
    Ok(Load::Varying { arrivals: spacing(phase)?, stages })
}

/// `10`, or `10-50` for a ramp.
fn values(doc: &Doc, node: &Node, key: &str) -> Result<(f64, f64), SuiteError> {
    let found = match &node.kind {
        Kind::Number(n) => n.as_f64().map(|x| (x, x)),
        Kind::Text(text) => LoadStage::parse_values(text),
        _ => None,
    };
    let whole = |x: f64| key == "rate" || x.fract() == 0.0;
    found.filter(|(from, to)| *from >= 0.0 && whole(*from) && whole(*to)).ok_or_else(|| {
        let what = if key == "rate" { "requests per second" } else { "a whole number of users" };
        doc.at(node, format!("'{key}' is not {what}")).hint("write a number, or '10-50' to go from 10 to 50")
    })
}

/// The load of a file of rates beside the suite.
pub(crate) fn from_file(phase: &Fields<'_>, node: &Node, files: &Files<'_>) -> Result<Load, SuiteError> {
    let text = files.text(phase.doc, node, "'rate_file'", MAX_RATE_FILE)?;
    let name = files.dir.join(phase.doc.text(node, "'rate_file'")?).display().to_string();
    let stages = rate_series(&name, Box::new(Cursor::new(text.into_bytes())))?;
    Ok(Load::Varying { arrivals: spacing(phase)?, stages })
}

/// How arrivals are spaced: `arrivals`, and `burstiness` for gamma.
fn spacing(phase: &Fields<'_>) -> Result<Spacing, SuiteError> {
    let doc = phase.doc;
    let (word, node) = match phase.get("arrivals") {
        Some(node) => (doc.text(node, "'arrivals'")?, Some(node)),
        None => ("poisson", None),
    };
    match (word, node) {
        ("gamma", _) => Ok(Spacing::Gamma { burstiness: burstiness(phase)? }),
        ("constant" | "poisson", _) => {
            no_burstiness(phase)?;
            Ok(if word == "constant" { Spacing::Constant } else { Spacing::Poisson })
        }
        (other, Some(node)) => Err(doc.unknown(node.span, "process of arrivals", other, "", &SPACINGS)),
        (_, None) => unreachable!("the default is known"),
    }
}

/// The shape of gamma gaps.
pub(crate) fn burstiness(phase: &Fields<'_>) -> Result<f64, SuiteError> {
    let node = phase.need("burstiness", "0.5")?;
    let (least, most) = BURSTINESS;
    phase
        .doc
        .number(node, "'burstiness'", least..=most)
        .map_err(|e| e.hint("1 is Poisson, below it arrivals come in bursts, above it they are more even"))
}

/// Refuses a burstiness where gaps are not gamma.
pub(crate) fn no_burstiness(phase: &Fields<'_>) -> Result<(), SuiteError> {
    match phase.get("burstiness") {
        Some(node) => Err(phase
            .doc
            .at(node, "'burstiness' is for gamma arrivals")
            .hint("write `gamma: 10`, or `arrivals: gamma` with stages")),
        None => Ok(()),
    }
}
