//! Searches of capacity under a paused clock: rungs through the whole engine, against a queue whose
//! capacity is known.

use super::simulation::{Act, Simulation, spec};
use crate::phase::Finished;
use acidtest_findings::{Answer, Capacity, Found, NextRung, RungState, View, capacity, next_rung};
use acidtest_record::*;

/// What the store would hold of a search.
struct Stored {
    spec: RunSpec,
    rows: Vec<Row>,
}

impl Stored {
    fn new(axis: Axis, slo: &str, find: FindSpec) -> Self {
        let mut spec = spec(Load::Closed { concurrency: 1 }, Amount::Count(1), 1);
        spec.phases.clear();
        spec.slo = Some(Slo::parse(slo).unwrap());
        spec.search = Some(SearchSpec { axis, find: Some(find) });
        Self { spec, rows: Vec::new() }
    }

    fn capacity(&self) -> Capacity {
        let mut builder = View::new(RunId(1), &self.spec, &[]);
        self.rows.iter().for_each(|r| builder.row(*r));
        capacity(&builder.finish()).unwrap()
    }

    /// Makes the rung that the findings ask for, if they ask for one.
    fn step(&mut self, act: Act) -> bool {
        let search = self.spec.search.clone().unwrap();
        let find = search.find.unwrap();
        let NextRung::Load { value, seconds } = next_rung(search.axis, &find, &self.capacity().rungs) else {
            return false;
        };
        let no = self.spec.phases.len();
        let name = format!("{} #{no}", search.axis.name(value));
        let phase = rung(search.axis, value, seconds, find.max_in_flight, name);
        // The simulation makes one phase: its plan is a run's own, with the seed of its rung.
        let mut alone = RunSpec { seed: no as u64, ..self.spec.clone() };
        alone.phases = vec![phase.clone()];
        self.spec.phases.push(phase);
        let items = Simulation::of(alone, &[], Finished::default()).items(|_| String::new(), move |_| act);
        self.rows.extend(items.into_iter().filter_map(|item| match item {
            Item::Record(r) => {
                let mut row = Row::of(&r);
                row.phase = no as u16;
                row.key.slot += 100_000 * no as u32;
                Some(row)
            }
            _ => None,
        }));
        true
    }

    fn search(&mut self, act: Act) -> Answer {
        while self.step(act) {}
        self.capacity().answer.unwrap()
    }
}

fn find(from: f64, to: f64) -> FindSpec {
    FindSpec { from, to, tolerance: 0.1, rung_s: 8.0, max_rungs: 30, max_time_s: 900.0, max_in_flight: 500 }
}

/// Four places, 100 ms each: 40 a second at most.
const FOUR: Act = Act::Queue { places: 4, service_ms: 100 };

#[test]
fn evenly_spaced_arrivals_are_carried_up_to_what_the_places_serve() {
    let mut stored = Stored::new(Axis::Constant, "ttft.p95<=50ms,error_rate<=5%", find(5.0, 1000.0));
    let answer = stored.search(FOUR);
    assert_eq!(answer.found, Found::Between, "{answer:?}");
    let (low, high) = (answer.low.unwrap(), answer.high.unwrap());
    assert!(low <= 40.0 && 40.0 <= high && high - low <= 0.3 * low, "{answer:?}");
    let rungs = stored.capacity().rungs;
    assert!(rungs.iter().any(|r| r.saturated && r.state == RungState::Broken), "{rungs:?}");
    assert!(rungs.iter().all(|r| r.seconds <= 0.0 || r.long_enough || r.state != RungState::Met));
}

#[test]
fn users_of_a_closed_loop_are_carried_while_there_are_places() {
    // The fifth user waits for a place: 100 ms and more.
    let mut stored = Stored::new(Axis::Concurrency, "ttft.p95<=50ms", find(1.0, 64.0));
    let answer = stored.search(FOUR);
    assert_eq!((answer.found, answer.low, answer.high), (Found::Between, Some(4.0), Some(5.0)), "{answer:?}");
}

#[test]
fn a_search_that_was_stopped_goes_on_to_the_same_answer() {
    let new = || Stored::new(Axis::Constant, "ttft.p95<=50ms", find(5.0, 1000.0));
    let whole = new().search(FOUR);
    let mut stopped = new();
    for _ in 0..3 {
        assert!(stopped.step(FOUR));
    }
    // Only what is stored goes on: a plan and rows.
    let mut resumed = Stored { spec: stopped.spec.clone(), rows: stopped.rows.clone() };
    assert_eq!(resumed.search(FOUR), whole);
}

#[test]
fn an_objective_that_is_never_kept_and_one_that_always_is_end_at_their_bounds() {
    let mut never = Stored::new(Axis::Constant, "e2e.p95<=50ms", find(5.0, 1000.0));
    let answer = never.search(FOUR);
    assert_eq!((answer.found, answer.low, answer.high), (Found::BelowRange, None, Some(5.0)));
    let mut always = Stored::new(Axis::Constant, "e2e.p95<=500ms", find(5.0, 20.0));
    let answer = always.search(FOUR);
    assert_eq!((answer.found, answer.low, answer.high), (Found::AboveRange, Some(20.0), None));
}
