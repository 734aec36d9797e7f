//! Makes the rungs of a search, one after the other.
//!
//! Main function: [`make`]. After each rung the store is read back, and the findings say which comes
//! next: what a search decides is a pure function of what is stored, so that a report shows the
//! same answer and a stopped search goes on. Must not decide anything itself.

use crate::children::Children;
use crate::execute::{Made, stretch};
use crate::exit::{Exit, Failure};
use crate::open_store::{trouble, unread};
use acidtest_engine::{Job, Summary};
use acidtest_findings::{Findings, Found, NextRung, next_rung};
use acidtest_readback::with_view;
use acidtest_record::{PhaseSpec, RunSpec, rung};
use acidtest_store::Store;
use std::sync::Arc;

/// Whether the plan grows while it is made.
pub(crate) fn is_search(spec: &RunSpec) -> bool {
    spec.search.as_ref().is_some_and(|s| s.find.is_some())
}

/// Makes rungs until the findings ask for no more, or the run is stopped.
pub(crate) fn make(mut store: Store, job: &mut Job, children: &Children) -> Made {
    let mut all = Summary { stopped: job.control.stopped(), shards: 1 };
    while all.stopped.is_none() {
        let Some(phase) = next(&store, job)? else { break };
        store.append_phases(job.run, std::slice::from_ref(&phase)).map_err(trouble)?;
        let mut spec = RunSpec::clone(&job.spec);
        job.phases = spec.phases.len()..spec.phases.len() + 1;
        spec.phases.push(phase);
        job.spec = Arc::new(spec);
        let result;
        (store, result) = stretch(store, job, children)?;
        match result {
            Ok(made) => all = Summary { stopped: made.stopped, shards: all.shards.max(made.shards) },
            Err(error) => return Ok((store, Err(error))),
        }
    }
    Ok((store, Ok(all)))
}

/// The next rung as a phase.
fn next(store: &Store, job: &Job) -> Result<Option<PhaseSpec>, Failure> {
    let Some((search, find)) = job.spec.search.as_ref().and_then(|s| Some((s, s.find.as_ref()?))) else {
        return Ok(None);
    };
    let found = with_view(store, job.run, acidtest_findings::capacity).map_err(unread)?;
    let rungs = found.map(|c| c.rungs).unwrap_or_default();
    let NextRung::Load { value, seconds } = next_rung(search.axis, find, &rungs) else {
        return Ok(None);
    };
    let name = search.axis.name(value);
    let same = |p: &&PhaseSpec| p.name == name || p.name.starts_with(&format!("{name} #"));
    let name = match job.spec.phases.iter().filter(same).count() {
        0 => name,
        n => format!("{name} #{}", n + 1),
    };
    Ok(Some(rung(search.axis, value, seconds, find.max_in_flight, name)))
}

/// Whether the phases of a run are rungs.
pub(crate) fn is_varied(findings: &Findings) -> bool {
    findings.capacity.as_ref().is_some_and(|c| c.axis.is_some())
}

/// What a search says of the exit code; a run that is none says nothing.
pub(crate) fn exit(findings: &Findings) -> Exit {
    let answer = findings.capacity.as_ref().and_then(|c| c.answer.as_ref());
    match answer.map(|a| a.found) {
        // Wider than was wanted, and that by our own fault.
        Some(Found::Between) if answer.is_some_and(|a| !a.narrow && a.why.contains("this client")) => {
            Exit::Undecided
        }
        None | Some(Found::Between | Found::AboveRange) => Exit::Ok,
        Some(Found::BelowRange) => Exit::GateBroken,
        Some(Found::ClientLimited | Found::Undecided) => Exit::Undecided,
    }
}
