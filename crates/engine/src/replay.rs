//! A run whose answers come from a stored run: no key, no network, no waiting.
//!
//! Main function: [`replay`]. It walks the plan as a run would, builds each
//! request, and looks its answer up. Moments are the recorded ones. Must not send.

use crate::control::StopReason;
use crate::desk::{Desk, DeskSetup};
use crate::handover::{Begin, Budget};
use crate::phase::{EngineError, Finished, Job, Summary};
use crate::prompts::Prompts;
use crate::recall::{Moments, Recall, Wanted};
use crate::request::{Asking, Ready, Step};
use crate::score::Judge;
use acidtest_record::{Digest, Ns, RunId};
use acidtest_schedule::{Cell, Plan, Slot};
use acidtest_target::{Endpoint, Target};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is replayed.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Where its records are.
    pub recall: Recall,
    /// The run itself: nonces of fresh prompts follow from it.
    pub of: RunId,
}

/// Answers every slot of the job's plan from a stored run. A request that it does
/// not hold becomes `NotSent` with its own reason. A phase whose number of slots is
/// not known ahead ends with the first such request.
///
/// # Errors
/// Configuration that cannot work, or a store that takes no more.
pub fn replay(job: &Job, source: &Replay) -> Result<Summary, EngineError> {
    let prompts = Prompts::render(&job.spec, &job.cases, source.of.0).map_err(EngineError::Prompt)?;
    let judge = Arc::new(Judge::new(&job.spec, &job.cases)?);
    let cells = Plan::all(&job.spec);
    let known: u64 = cells.iter().filter_map(|c| c.plan.len()).map(u64::from).sum();
    job.control.progress.planned.store(known, Ordering::Relaxed);
    for cell in cells {
        one_cell(job, source, &prompts, &judge, &cell)?;
    }
    match job.control.stopped() {
        Some(StopReason::StoreGone) => Err(EngineError::StoreGone),
        stopped => Ok(Summary { stopped, shards: 0 }),
    }
}

/// Whether the stored run answers any request of the job's plan, before one is stored.
///
/// # Errors
/// Configuration that cannot work.
pub fn finds_any(job: &Job, source: &Replay) -> Result<bool, EngineError> {
    let prompts = Prompts::render(&job.spec, &job.cases, source.of.0).map_err(EngineError::Prompt)?;
    for cell in Plan::all(&job.spec) {
        let no = usize::from(cell.target);
        let spec = &job.spec.targets[no];
        let endpoint = Endpoint::new(spec, &job.urls[no], &job.spec.limits, &job.secrets, job.zero)?;
        let (target, prompt) = (cell.target, cell.prompt);
        let asking = Asking { spec: &job.spec, cases: &job.cases, prompts: &prompts, target, prompt };
        let mut walker = cell.plan.walker();
        let unfinished = Finished::default();
        // Where no number is planned, the first request that is not there ends its part of the phase.
        let counted = cell.plan.counted().start;
        let tries = match cell.plan.len() {
            Some(all) => (0..all).chain(0..0),
            None => (0..1).chain(counted..counted + 1),
        };
        for index in tries {
            let slot = walker.slot(index);
            let (ready, is_built) = asking.ready(slot, &unfinished, &|ask| endpoint.build(ask));
            let found = |step| (source.recall.find)(&wanted(&cell, &slot, step)).is_some();
            if is_built && ready.steps.iter().any(found) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn one_cell(
    job: &Job,
    source: &Replay,
    prompts: &Prompts,
    judge: &Arc<Judge>,
    cell: &Cell,
) -> Result<(), EngineError> {
    let no = usize::from(cell.target);
    let spec = &job.spec.targets[no];
    let endpoint = Endpoint::new(spec, &job.urls[no], &job.spec.limits, &job.secrets, job.zero)?;
    let mut desk = Desk::new(setup(job, judge, cell), endpoint.parser_factory());
    let mut walker = cell.plan.walker();
    let (target, prompt) = (cell.target, cell.prompt);
    let asking = Asking { spec: &job.spec, cases: &job.cases, prompts, target, prompt };
    let unfinished = Finished::default();
    // Where its end was not planned, what is not there was not sent.
    let is_open_ended = cell.plan.len().is_none() || cell.plan.may_end_early();
    let mut next = 0;
    'slots: while next < cell.plan.capacity() && job.control.stopped().is_none() {
        let index = next;
        next += 1;
        let slot = walker.slot(index);
        let (ready, is_built) = asking.ready(slot, &unfinished, &|ask| endpoint.build(ask));
        for step in &ready.steps {
            let found = is_built.then(|| (source.recall.find)(&wanted(cell, &slot, step))).flatten();
            let found = found.and_then(|key| (source.recall.load)(key)).filter(|f| !f.attempts.is_empty());
            if found.is_none() && is_open_ended {
                next = cell.plan.part_after(index);
                continue 'slots;
            }
            let begin = begin(index, &ready, step);
            job.control.progress.sent.fetch_add(u64::from(found.is_some()), Ordering::Relaxed);
            let now = job.zero.unix_ns() + job.zero.now();
            let stored = match found {
                Some(found) => desk.copied(&begin, found, Moments::Kept, now),
                None => desk.not_recorded(&begin),
            };
            stored.map_err(|_| EngineError::StoreGone)?;
        }
    }
    Ok(())
}

fn wanted<'a>(cell: &Cell, slot: &Slot, (built, asked): &'a Step) -> Wanted<'a> {
    Wanted {
        target: cell.target,
        phase: cell.phase,
        role: slot.role,
        path: &built.path,
        body: Digest::of(&built.body),
        repeat: slot.repeat,
        step: asked.step,
    }
}

fn begin(index: u32, ready: &Ready, (built, asked): &Step) -> Begin {
    Begin {
        ticket: u64::from(index),
        slot: ready.slot,
        asked: asked.clone(),
        attempt: 0,
        intended: Ns(0),
        path: built.path.clone(),
        body: built.body.clone(),
        stream: built.stream,
        nonce: ready.nonce.clone(),
        shard: 0,
    }
}

fn setup(job: &Job, judge: &Arc<Judge>, cell: &Cell) -> DeskSetup {
    DeskSetup {
        run: job.run,
        spec: job.spec.clone(),
        cases: job.cases.clone(),
        phase: cell.phase,
        target: cell.target,
        prompt: cell.prompt,
        clock_no: job.clock_no,
        zero_unix_ns: job.zero.unix_ns(),
        control: job.control.clone(),
        course: Arc::new(crate::course::Course::new(&cell.plan, &job.spec, cell.phase, cell.target)),
        budget: Budget::new(usize::MAX, usize::MAX),
        out: job.out.clone(),
        judge: judge.clone(),
        late: None,
        recall: None,
    }
}
