//! Simulated loads: pauses, users who come and go, what ends a phase, what stops a run.
//!
//! Under paused time with a scripted target; see `simulation.rs`.

use crate::control::StopReason;
use crate::phase::Finished;
use crate::simulation::{Act, Simulation, spec};
use acidtest_record::{
    AbortRule, AbortWhat, Amount, Load, LoadStage, NotSent, Op, Outcome, PhaseCaps, PhaseEnd, PhaseSpec,
    Record, Role, RunSpec, Spacing, Stages, StopRule, Warmup,
};

/// An answer of 40 ms.
fn fast(_: u64) -> Act {
    Act::Answer { events: 4, gap_ms: 10 }
}

fn with(load: Load, amount: Amount, change: impl FnOnce(&mut PhaseSpec)) -> RunSpec {
    let mut spec = spec(load, amount, 1);
    spec.phases[0].max_in_flight = 100_000;
    change(&mut spec.phases[0]);
    spec
}

fn run(spec: RunSpec) -> Vec<Record> {
    Simulation::of(spec, &[], Finished::default()).run(fast)
}

fn closed(concurrency: u32) -> Load {
    Load::Closed { concurrency }
}

/// When each request was wanted, in milliseconds, in this order.
fn intended(records: &[Record]) -> Vec<i64> {
    let mut all: Vec<i64> = records.iter().map(|r| r.timing.intended.0 / 1_000_000).collect();
    all.sort_unstable();
    all
}

fn of_role(records: &[Record], role: Role) -> usize {
    records.iter().filter(|r| r.role == role).count()
}

fn near(found: &[i64], expect: &[i64]) {
    assert_eq!(found.len(), expect.len(), "{found:?}");
    // Simulated timers tick in whole milliseconds.
    assert!(found.iter().zip(expect).all(|(f, e)| (f - e).abs() <= 5), "{found:?}, not {expect:?}");
}

#[test]
fn a_user_thinks_after_each_answer() {
    let think = Some("0.5".parse().unwrap());
    let records = run(with(closed(1), Amount::Count(4), |p| p.think = think));
    near(&intended(&records), &[0, 540, 1080, 1620]);
    for r in &records {
        let late = r.timing.started.unwrap() - r.timing.intended;
        assert!((0..2_000_000).contains(&late.0), "intended is after the thinking: {late:?}");
    }
}

#[test]
fn thinking_is_drawn_for_each_user_and_again_from_the_seed() {
    let think = Some("exponential(0.3)".parse().unwrap());
    let plan = with(closed(3), Amount::Count(60), |p| p.think = think);
    let (a, b) = (intended(&run(plan.clone())), intended(&run(plan.clone())));
    assert_eq!(a, b);
    let other = intended(&run(RunSpec { seed: 6, ..plan }));
    assert_ne!(a, other);
    let mean_s = *a.last().unwrap() as f64 / 1e3 / 20.0;
    assert!((0.2..0.55).contains(&mean_s), "40 ms and about 300 ms of thinking: {mean_s}");
}

#[test]
fn a_pace_holds_starts_apart_and_slow_answers_are_not_hurried() {
    let paced = |pacing_s| intended(&run(with(closed(1), Amount::Count(4), |p| p.pacing_s = pacing_s)));
    near(&paced(1.0), &[0, 1000, 2000, 3000]);
    near(&paced(0.01), &[0, 40, 80, 120]);
}

#[test]
fn all_users_together_keep_to_the_cap_of_the_rate() {
    let records = run(with(closed(10), Amount::Count(12), |p| p.max_rate = Some(5.0)));
    near(&intended(&records), &(0..12).map(|i| i * 200).collect::<Vec<_>>());
}

#[test]
fn users_come_and_go_with_their_stages() {
    let stages = [(2.0, 1.0, 1.0), (4.0, 1.0, 5.0), (2.0, 2.0, 2.0)];
    let stages = stages.map(|(seconds, from, to)| LoadStage { seconds, from, to });
    let stages = Stages::new(stages.to_vec()).unwrap();
    let load = Load::Users { stages: stages.clone() };
    let records = run(with(load, Amount::Seconds(8.0), |p| p.warmup = Warmup::Seconds(1.0)));
    for half in 0..16 {
        // In flight are as many as there are users: 40 ms an answer, one after the other.
        let at = half * 500 + 230;
        let (from, to) = (at - 1, at + 1);
        let busy = |r: &&Record| {
            let t = &r.timing;
            let ms = |t: Option<acidtest_record::Ns>| t.unwrap().0 / 1_000_000;
            ms(t.started) <= to && from < ms(t.ended)
        };
        let users = stages.at(at as f64 / 1e3).floor() as usize;
        let found = records.iter().filter(busy).count();
        assert!((users..=2 * users).contains(&found), "at {at} ms: {found} of {users}");
    }
    assert!((24..=26).contains(&of_role(&records, Role::Warmup)));
    let last = records.iter().filter_map(|r| r.timing.ended).max().unwrap();
    assert!((7_950..=8_060).contains(&(last.0 / 1_000_000)), "who leaves ends what it began: {last:?}");
}

#[test]
fn a_closed_loop_warms_up_and_cools_down_by_time() {
    let plan = with(closed(1), Amount::Seconds(1.0), |p| {
        p.warmup = Warmup::Seconds(1.0);
        p.cooldown_s = 0.5;
    });
    let records = run(plan);
    let roles = [Role::Warmup, Role::Subject, Role::Cooldown].map(|r| of_role(&records, r) as i64);
    near(&roles, &[25, 25, 13]);
    let begin = |role| intended(&records.iter().filter(|r| r.role == role).cloned().collect::<Vec<_>>())[0];
    near(&[begin(Role::Subject), begin(Role::Cooldown)], &[1000, 2000]);
}

#[test]
fn what_counts_by_number_is_followed_by_the_cool_down() {
    let records = run(with(closed(2), Amount::Count(10), |p| p.cooldown_s = 0.4));
    assert_eq!(of_role(&records, Role::Subject), 10);
    assert!((18..=24).contains(&of_role(&records, Role::Cooldown)));
}

#[test]
fn caps_end_a_phase_and_not_the_run() {
    for load in [closed(1), Load::Constant { rate: 25.0 }] {
        let time = PhaseCaps { time_s: Some(1.01), ..PhaseCaps::default() };
        let simulation = Simulation::of(
            with(load.clone(), Amount::Count(1000), |p| p.caps = time),
            &[],
            Finished::default(),
        );
        let (course, control) = (simulation.course(), simulation.control());
        let records = simulation.run(fast);
        near(&[records.len() as i64], &[26]);
        assert_eq!((course.ended(), control.stopped()), (Some(PhaseEnd::Time), None));
        let requests = PhaseCaps { requests: Some(7), ..PhaseCaps::default() };
        assert_eq!(run(with(load, Amount::Seconds(10.0), |p| p.caps = requests)).len(), 7);
    }
}

#[test]
fn a_cap_in_a_long_gap_does_not_wait_for_the_next_arrival() {
    let stages = Stages::new(vec![
        LoadStage::flat(1.0, 10.0),
        LoadStage::flat(9000.0, 0.0),
        LoadStage::flat(1.0, 10.0),
    ]);
    let load = Load::Varying { arrivals: Spacing::Constant, stages: stages.unwrap() };
    let time = PhaseCaps { time_s: Some(5.0), ..PhaseCaps::default() };
    assert_eq!(run(with(load, Amount::Seconds(9002.0), |p| p.caps = time)).len(), 10);
}

#[test]
fn money_ends_a_phase() {
    let plan = with(closed(1), Amount::Count(5), |_| ());
    let simulation = Simulation::of(plan, &[], Finished::default());
    let course = simulation.course();
    course.spend(0.6, Some(1.0));
    assert_eq!(course.ended(), None);
    course.spend(0.4, Some(1.0));
    assert_eq!(course.ended(), Some(PhaseEnd::Cost));
    assert!(simulation.run(fast).is_empty());
}

fn rule(what: AbortWhat, limit: f64, hold_s: f64) -> AbortRule {
    AbortRule { what, op: Op::Gt, limit, after: 20, sequential: false, hold_s, text: String::new() }
}

/// Why an open loop of 20 a second for 60 s was stopped, and how many requests it had sent.
fn stopped(rule: AbortRule, most: u32, script: impl Fn(u64) -> Act + 'static) -> (Option<StopReason>, usize) {
    let mut plan = with(Load::Constant { rate: 20.0 }, Amount::Seconds(60.0), |p| p.max_in_flight = most);
    plan.abort = vec![rule];
    let simulation = Simulation::of(plan, &[], Finished::default());
    let control = simulation.control();
    let records = simulation.run(script);
    (control.stopped(), records.len())
}

#[test]
fn requests_in_flight_stop_a_run_when_they_stay() {
    let in_flight = || rule(AbortWhat::InFlight, 20.0, 3.0);
    let (why, sent) = stopped(in_flight(), 1000, |_| Act::Answer { events: 1, gap_ms: 100_000 });
    assert_eq!(why, Some(StopReason::Abort(0)));
    // More than 20 from 1 s on, for 3 s.
    assert!((79..=86).contains(&sent), "{sent}");
    // A burst of slow answers that is over before it has lasted.
    let burst = |n| Act::Answer { events: 1, gap_ms: if n < 30 { 2000 } else { 50 } };
    assert_eq!(stopped(in_flight(), 1000, burst), (None, 1200));
}

#[test]
fn an_open_loop_that_asks_too_much_is_stopped() {
    let saturated = || rule(AbortWhat::Saturated, 1.0, 10.0);
    let slower = |n: u64| Act::Answer { events: 1, gap_ms: 100 + 20 * n as i64 };
    let (why, sent) = stopped(saturated(), 100_000, slower);
    assert_eq!(why, Some(StopReason::Abort(0)));
    assert!((400..=520).contains(&sent), "{sent}");
    let uneven = |n: u64| Act::Answer { events: 1, gap_ms: 500 + 400 * (n * 7 % 5) as i64 };
    assert_eq!(stopped(saturated(), 100_000, uneven), (None, 1200));
    let (why, _) = stopped(saturated(), 5, |_| Act::Answer { events: 1, gap_ms: 400 });
    assert_eq!(why, Some(StopReason::Abort(0)), "5 in flight carry 12 of 20 a second");
}

#[test]
fn what_is_not_sent_stops_a_run() {
    let (why, sent) =
        stopped(rule(AbortWhat::NotSent, 0.5, 0.0), 5, |_| Act::Answer { events: 1, gap_ms: 100_000 });
    assert_eq!((why, sent), (Some(StopReason::Abort(0)), 25), "5 in flight, 20 not sent");
}

#[test]
fn a_phase_ends_when_its_estimate_is_narrow_enough() {
    let rules = vec![StopRule::parse("e2e.p50 within 5 %").unwrap()];
    let plan = with(Load::Constant { rate: 50.0 }, Amount::Count(3000), |p| p.stop_when = rules);
    let script = |n: u64| Act::Answer { events: 2, gap_ms: 20 + (n * 7 % 5) as i64 };
    let simulation = Simulation::of(plan.clone(), &[], Finished::default());
    let (course, control) = (simulation.course(), simulation.control());
    let records = simulation.run(script);
    assert_eq!((course.ended(), control.stopped()), (Some(PhaseEnd::Narrow), None));
    assert!((100..1000).contains(&records.len()), "{}", records.len());
    let wide = |n: u64| Act::Answer { events: 2, gap_ms: if n.is_multiple_of(2) { 1 } else { 900 } };
    let simulation = Simulation::of(plan, &[], Finished::default());
    assert_eq!(simulation.run(wide).len(), 3000, "the median is anywhere between two heaps");
}

#[test]
fn bursts_and_ramps_are_sent_when_they_are_wanted() {
    let stages = vec![LoadStage { seconds: 5.0, from: 0.0, to: 20.0 }, LoadStage::flat(5.0, 20.0)];
    let load =
        Load::Varying { arrivals: Spacing::Gamma { burstiness: 0.3 }, stages: Stages::new(stages).unwrap() };
    let records = run(with(load, Amount::Seconds(10.0), |p| p.cooldown_s = 2.0));
    assert!((90..=220).contains(&records.len()), "{}", records.len());
    for r in &records {
        let late = r.timing.started.unwrap() - r.timing.intended;
        assert!((0..2_000_000).contains(&late.0), "{late:?}");
        assert_ne!(r.outcome, Outcome::NotSent { reason: NotSent::Cap });
        let is_cool = r.timing.intended.0 >= 8_000_000_000;
        assert_eq!(r.role, if is_cool { Role::Cooldown } else { Role::Subject });
    }
}
