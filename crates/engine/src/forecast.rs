//! What each cell of a plan will send, counted before anything is sent.
//!
//! Main function: [`requests_of`]. It renders and cuts as a run does, so that a choice, a window,
//! an example and a chat template weigh what they will weigh. Must not send anything.

use crate::phase::EngineError;
use crate::prompts::Prompts;
use acidtest_record::{Ask, Case, RunSpec};
use acidtest_schedule::{Cell, Plan, Walker};
use std::collections::HashMap;

/// What one phase sends to one target with one prompt.
#[derive(Debug, Clone)]
pub struct CellRequests {
    /// The phase, target and prompt, with its slots.
    pub cell: Cell,
    /// Requests that are measured; absent where a closed loop ends by time.
    pub measured: Option<u64>,
    /// Requests sent before or after and not measured, where their number is known.
    pub warmup: u64,
    /// Weight of all requests together; absent where their number is.
    pub weight: Option<f64>,
}

/// Requests of one case under one prompt and their weight.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    requests: u64,
    weight: f64,
}

impl Load {
    fn and(self, other: Self) -> Self {
        Self { requests: self.requests + other.requests, weight: self.weight + other.weight }
    }

    fn times(self, n: u64) -> Self {
        Self { requests: self.requests * n, weight: self.weight * n as f64 }
    }
}

/// The requests of every cell of a plan, in the order in which they are sent. `weigh` tells
/// what one request weighs, such as its tokens.
///
/// # Errors
/// A prompt cannot be rendered.
pub fn requests_of(
    spec: &RunSpec,
    cases: &[Case],
    weigh: &dyn Fn(&Ask) -> f64,
) -> Result<Vec<CellRequests>, EngineError> {
    // A nonce weighs the same whatever it is.
    let prompts = Prompts::render(spec, cases, 0).map_err(EngineError::Prompt)?;
    let mut known: HashMap<u16, Vec<Load>> = HashMap::new();
    let mut out = Vec::new();
    for cell in Plan::all(spec) {
        let loads = known.entry(cell.prompt).or_insert_with(|| loads(spec, &prompts, cell.prompt, weigh));
        out.push(of_cell(spec, cell, loads));
    }
    Ok(out)
}

/// What each case is under a prompt; without cases, the one text that is always sent.
fn loads(spec: &RunSpec, prompts: &Prompts, prompt: u16, weigh: &dyn Fn(&Ask) -> f64) -> Vec<Load> {
    let of = |case: Option<u32>| {
        let Some(own) = spec.prompts.get(usize::from(prompt)) else { return Load::default() };
        let (steps, _) = prompts.of(prompt, case, 0);
        let params = prompts.overrides.params(prompt, case);
        let weights = (0..steps.count()).map(|step| weigh(&steps.ask(step, own, &params, false)));
        Load { requests: u64::from(steps.count()), weight: weights.sum() }
    };
    match spec.cases {
        0 => vec![of(None)],
        n => (0..n).map(|i| of(Some(i))).collect(),
    }
}

fn of_cell(spec: &RunSpec, cell: Cell, loads: &[Load]) -> CellRequests {
    let counted = cell.plan.counted();
    let mut walker = cell.plan.walker();
    // Where time decides how many there are of some, the whole is not known.
    let slots = cell.plan.len();
    let mut warmup = Load::default();
    if cell.plan.warmup_seconds().is_none() {
        warmup = sum(spec, &mut walker, loads, 0, counted.start);
    }
    if let Some(slots) = slots {
        warmup = warmup.and(sum(spec, &mut walker, loads, counted.end, slots - counted.end));
    }
    let measured = slots.map(|_| sum(spec, &mut walker, loads, counted.start, counted.end - counted.start));
    CellRequests {
        measured: measured.map(|m| m.requests),
        warmup: warmup.requests,
        weight: measured.map(|m| m.weight + warmup.weight),
        cell,
    }
}

/// The load of `n` slots from that one on, with which a pass over the cases begins.
fn sum(spec: &RunSpec, walker: &mut Walker, loads: &[Load], from: u32, n: u32) -> Load {
    let size = spec.cases.max(1);
    let whole = loads.iter().fold(Load::default(), |all, one| all.and(*one));
    // Every pass asks each case once; only what is left over depends on the order.
    let rest = from + n / size * size..from.saturating_add(n);
    rest.map(|i| walker.slot(i).case.unwrap_or(0) as usize)
        .filter_map(|case| loads.get(case))
        .fold(whole.times(u64::from(n / size)), |all, one| all.and(*one))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::Finished;
    use crate::simulation::{Act, Simulation, spec};
    use acidtest_record::{Amount, Form, Item, Kind, Load as Pace, PromptSpec, Role, Warmup};

    const ANSWER: &str =
        r#"{"choices":[{"index":0,"message":{"role":"assistant","content":"x"},"finish_reason":"stop"}]}"#;

    /// Characters of what is asked: the simulation's bodies hold the same.
    fn characters(ask: &Ask) -> f64 {
        let said = ask.messages.iter().map(|m| m.content.chars().count()).sum::<usize>();
        (said + ask.prompt.as_ref().map_or(0, |p| p.chars().count())) as f64
    }

    fn case(id: &str, choices: &[&str]) -> Case {
        let vars = serde_json::json!({"q": id, "choices": choices}).as_object().unwrap().clone();
        let hash = Case::digest(&vars, &[], false);
        Case { id: id.into(), hash, vars, ..Case::default() }
    }

    #[test]
    fn what_is_counted_is_what_is_sent() {
        let cases = [
            case("one", &["c", "a", "a"]),
            case("number two", &["z", "b"]),
            case("탑", &["d", "e", "f", "g"]),
        ];
        for form in [Form::Generate, Form::LogLikelihood, Form::Rolling] {
            for (amount, warmup) in [(Amount::Cases, 0), (Amount::Count(7), 2)] {
                let mut spec = spec(Pace::Closed { concurrency: 2 }, amount, 2);
                spec.cases = 3;
                spec.phases[0].warmup = Warmup::Count(warmup);
                let raw = Some("Q: {{ q }} A:".to_owned());
                spec.prompts = vec![PromptSpec { raw, form, ..PromptSpec::default() }];
                let found = requests_of(&spec, &cases, &characters).unwrap().remove(0);
                let answer = |_: &[u8]| ANSWER.to_owned();
                let items = Simulation::of(spec, &cases, Finished::default()).items(answer, |_| Act::Echo);
                let (mut measured, mut before, mut sent) = (0, 0, 0.0);
                let body = |hash| {
                    items.iter().find_map(|i| match i {
                        Item::Blob(b) if b.hash == hash => Some(b.body.clone()),
                        _ => None,
                    })
                };
                for item in &items {
                    let Item::Record(r) = item else { continue };
                    *(if r.role != Role::Subject { &mut before } else { &mut measured }) += 1;
                    assert_eq!(r.kind == Kind::LogLikelihood, form != Form::Generate);
                    let ask: serde_json::Value =
                        serde_json::from_slice(&body(r.request.body.unwrap()).unwrap()).unwrap();
                    sent += ask["prompt"].as_str().unwrap().chars().count() as f64;
                }
                assert_eq!((found.measured, found.warmup), (Some(measured), before), "{form:?} {amount:?}");
                assert_eq!(found.weight, Some(sent), "{form:?} {amount:?}");
            }
        }
    }
}
