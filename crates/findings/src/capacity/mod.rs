//! How much load a target carries: rungs, objectives kept or broken, the answer of a search.
//!
//! ```text
//!  View ─► rung.rs   one phase: objectives by request, who kept up, trend of requests in flight
//!          level.rs  all rungs of one load together: met, broken, undecided, invalid
//!          search.rs which rung next; the answer: between which loads the capacity lies
//!          knee.rs   where waiting begins to buy no throughput
//! ```
//! Main function: [`capacity`], a pure function of what the run holds: the loop that drives a
//! search and the report of a stored one both ask it. Must not look at a clock or send anything.

mod knee;
mod level;
mod rung;
mod search;
mod slo;

pub use rung::{Rung, RungState, TermCount};
pub use search::{Answer, Found, NextRung, next_rung};
pub(crate) use slo::{Kept, kept_all};

use crate::validity::Guards;
use crate::view::View;
use serde::Serialize;

/// What a run says about the load that its targets carry.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Capacity {
    /// What is varied: `rate`, `concurrency`; absent where the phases are no rungs.
    pub axis: Option<&'static str>,
    /// The objective as it was written, where there is one.
    pub slo: Option<String>,
    /// One row for each target and phase, in the order of the run.
    pub rungs: Vec<Rung>,
    /// What a search found; absent where none was made.
    pub answer: Option<Answer>,
}

/// The rungs and the answer of a run, where it has an objective or varies its load.
#[must_use]
pub fn capacity(view: &View) -> Option<Capacity> {
    is_wanted(view).then(|| of(view, &Guards::of(view).1))
}

/// The same where the validity is known already.
pub(crate) fn known(view: &View, guards: &Guards) -> Option<Capacity> {
    is_wanted(view).then(|| of(view, guards))
}

fn is_wanted(view: &View) -> bool {
    view.spec.search.is_some() || view.spec.slo.is_some()
}

fn of(view: &View, guards: &Guards) -> Capacity {
    let spec = view.spec;
    let slices = view.slices();
    // A phase that was not reached is no rung.
    let asked = slices.iter().filter(|s| !s.requests.is_empty());
    let mut rungs: Vec<Rung> = asked.map(|s| rung::assess(s, guards)).collect();
    if spec.search.is_some() {
        knee::mark(&mut rungs);
    }
    let search = spec.search.as_ref();
    let answer = search.and_then(|s| Some(search::answer(s.axis, s.find.as_ref()?, &rungs)));
    Capacity {
        axis: search.map(|s| if s.axis.is_rate() { "rate" } else { "concurrency" }),
        slo: spec.slo.as_ref().map(|s| s.text.clone()),
        rungs,
        answer,
    }
}
