//! The few numbers by which one tells runs apart: quality, speed, reliability, cost, gates.
//!
//! Main function: [`glance`]. Picks from what was found and computes nothing.

use acidtest_findings::{Estimate, Findings, GateState, Labels};
use schemars::JsonSchema;
use serde::Serialize;

/// Places shown; more are a table, not a glance.
const MOST_PLACES: usize = 8;
/// Labels that name a place in the matrix of a run.
const PLACE: [&str; 3] = ["target", "phase", "prompt"];

/// The few numbers by which one tells runs apart.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Glance<'f> {
    /// One for each target, phase and prompt, at most 8, in the order of the run.
    pub places: Vec<GlancePlace<'f>>,
    /// How many there are in all.
    pub places_in_all: usize,
    /// What the gates say.
    pub gates: GateCounts,
    /// Why the headline times are not valid; null when they are.
    pub invalid: Option<&'f str>,
    /// How many warnings the report has.
    pub warnings: usize,
}

/// Gates by what they say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct GateCounts {
    /// Those that hold.
    pub met: u64,
    /// Those that do not.
    pub broken: u64,
    /// Those that the data leave open.
    pub undecided: u64,
}

/// The numbers of one place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct GlancePlace<'f> {
    /// Target, phase, and prompt where there are several.
    pub labels: &'f Labels,
    /// The accuracy, else the first score; null where nothing is judged.
    pub quality: Option<&'f Estimate>,
    /// Median time to the first token; median time to the end where nothing was streamed.
    pub speed: Option<&'f Estimate>,
    /// The error rate.
    pub reliability: Option<&'f Estimate>,
    /// What everything cost; null where no prices are known.
    pub cost: Option<&'f Estimate>,
}

/// A run at a glance.
#[must_use]
pub fn glance(findings: &Findings) -> Glance<'_> {
    let mut places: Vec<&Labels> = Vec::new();
    for e in findings.estimates.iter().filter(|e| is_place(&e.labels)) {
        if !places.contains(&&e.labels) {
            places.push(&e.labels);
        }
    }
    let mut gates = GateCounts::default();
    for gate in &findings.gates {
        *match gate.state {
            GateState::Met => &mut gates.met,
            GateState::Broken => &mut gates.broken,
            GateState::Undecided => &mut gates.undecided,
        } += 1;
    }
    Glance {
        places: places.iter().take(MOST_PLACES).map(|labels| place(findings, labels)).collect(),
        places_in_all: places.len(),
        gates,
        invalid: findings.invalid_headlines().first().map(|(_, why)| *why),
        warnings: findings.warnings.len(),
    }
}

fn is_place(labels: &Labels) -> bool {
    labels.contains_key("target") && labels.keys().all(|k| PLACE.contains(&k.as_str()))
}

fn place<'f>(findings: &'f Findings, labels: &'f Labels) -> GlancePlace<'f> {
    let of = |metric: &str, stat: &str| {
        let mut here = findings.estimates.iter().filter(|e| e.labels == *labels && e.params.is_empty());
        here.find(|e| e.metric == metric && e.stat.id() == stat && e.number().is_some())
    };
    GlancePlace {
        labels,
        quality: of("accuracy", "share").or_else(|| first_score(findings, labels)),
        speed: of("ttft", "p50").or_else(|| of("e2e", "p50")),
        reliability: of("error_rate", "share"),
        cost: of("cost", "total"),
    }
}

/// Of the scorers, which have no ids of their own among metrics.
fn first_score<'f>(findings: &'f Findings, labels: &Labels) -> Option<&'f Estimate> {
    let is_score = |e: &&Estimate| acidtest_findings::metric(&e.metric).is_none() && e.stat.id() == "mean";
    let mut here = findings.estimates.iter().filter(|e| e.labels == *labels && e.params.is_empty());
    here.find(|e| is_score(e) && e.number().is_some())
}
