//! Answers from the response cache: they count for quality, and for nothing that was measured.

use super::build::*;
use acidtest_findings::{CACHE, Findings, GateState, Texts, View, find};
use acidtest_record::*;

/// A hundred requests; where `is_known` says so the answer is there and nothing was measured.
fn partly(gates: &[&str], is_known: fn(u32) -> bool, is_lost: fn(u32) -> bool) -> Findings {
    let (spec, cases) = (spec(CLOSED, 100, gates), cases(100, 1));
    let mut builder = View::new(RUN, &spec, &cases);
    builder.fact(&Fact { name: CACHE.into(), value: "store".into(), source: "client".into(), hash: None });
    for i in 0..100u32 {
        let class = match is_lost(i) {
            true => OutcomeClass::Failed(Cause::Timeout),
            false => OutcomeClass::Complete,
        };
        let asked = row(i, Some(cases[i as usize].hash), class, i64::from(i) * 1000, 100, 300);
        let none = Row {
            started: None,
            sent: None,
            first_byte: None,
            first: None,
            first_visible: None,
            last: None,
            last_event: None,
            body_end: None,
            ended: None,
            pieces: 0,
            max_gap: None,
            ..asked
        };
        let row = if is_known(i) { none } else { asked };
        builder.row(row);
        if class.delivered() {
            judge(&mut builder, &row, true);
        }
    }
    find(&builder.finish(), &mut |_| Texts::default())
}

const TIMES: [&str; 6] = [
    "ttft.p95 <= 1 s",
    "ttft.p50.completed <= 1 s",
    "e2e.p95 <= 1 s",
    "ttft_from_intended.p95 <= 1 s",
    "tokens_per_s_user.p50 >= 10",
    "max_stall.max <= 1 s",
];

#[test]
fn gates_on_times_are_decided_on_what_was_measured() {
    let f = partly(&TIMES, |i| i % 10 != 3, |_| false);
    for g in &f.gates {
        assert_eq!((g.state, g.endless), (GateState::Met, false), "{g:?}");
    }
    assert_eq!(get(&f, "ttft", "p50").n.requests, 10);
    let lost = partly(&TIMES[..3], |i| i % 10 != 3, |i| i % 20 == 3);
    let states: Vec<GateState> = lost.gates.iter().map(|g| g.state).collect();
    assert_eq!(states, [GateState::Broken, GateState::Met, GateState::Broken], "what failed was not known");
    // All that was asked failed: answers of another run do not say that times can be seen.
    let none = partly(&TIMES[..1], |i| i != 3, |i| i == 3);
    assert_eq!((none.gates[0].state, none.gates[0].endless), (GateState::Broken, true), "{:?}", none.gates);
}

#[test]
fn gates_on_times_are_undecided_where_all_was_known() {
    let f = partly(&TIMES, |_| true, |_| false);
    for g in &f.gates {
        assert_eq!(g.state, GateState::Undecided, "{g:?}");
        assert!(g.reason.contains("every answer came from the cache"), "{}", g.reason);
    }
    assert_eq!(get(&f, "accuracy", "share").number(), Some(1.0));
}

#[test]
fn errors_among_what_was_not_known_are_no_sample_of_all() {
    let gates = ["error_rate <= 20 %", "availability.low >= 0.1", "accuracy >= 0.5"];
    let f = partly(&gates, |i| i % 4 != 3, |i| i % 20 == 3);
    let e = get(&f, "error_rate", "share");
    assert_eq!(e.number(), Some(0.2));
    assert!(e.how.contains("of those not known: the cache gave 75 of 100"), "{}", e.how);
    assert!(f.warnings.iter().any(|w| w.contains("errors and availability are of the others")));
    for g in &f.gates[..2] {
        assert_eq!(g.state, GateState::Undecided, "{g:?}");
        assert!(g.reason.starts_with("of those not known"), "{}", g.reason);
    }
    assert_eq!(f.gates[2].state, GateState::Met);
    let all = partly(&gates, |_| false, |i| i % 20 == 3);
    assert_eq!((all.gates[0].state, all.gates[1].state), (GateState::Met, GateState::Met));
    assert!(!get(&all, "error_rate", "share").how.contains("not known"));
}
