//! What the stamps of reads make of gaps and of their validity.

use super::build::*;
use super::*;

/// Forty answers of 11 tokens, 10 ms apart, of which `merged` found two tokens in one read; the
/// program came 3 ms late to every read, and the kernel stamped them if `kernel`.
fn answers(merged: u32, kernel: bool, gates: &[&str]) -> Findings {
    let (spec, cases) = (spec(CLOSED, 40, gates), cases(40, 1));
    let row_of = |i: u32| {
        let case = Some(cases[i as usize].hash);
        Row { pieces: 11, ..row(i, case, OutcomeClass::Complete, i64::from(i) * 200, 100, 200) }
    };
    let rows: Vec<Row> = (0..40).map(row_of).collect();
    let mut b = View::new(RUN, &spec, &cases);
    rows.iter().for_each(|r| b.row(*r));
    for (i, r) in rows.iter().enumerate() {
        let at = |k: i64| r.intended + Ns::from_millis(100 + 10 * k);
        let together = (i as u32) < merged;
        let arrivals: Vec<i64> = (0..11).filter(|k| !together || *k != 4).collect();
        let reads: Vec<Read> = arrivals
            .iter()
            .map(|k| Read {
                kernel: kernel.then(|| at(*k)),
                before: at(*k) + Ns::from_millis(3),
                after: at(*k) + Ns::from_millis(3),
                bytes: 100,
                drained: true,
            })
            .collect();
        let event = |k: i64| {
            let read = arrivals.iter().position(|a| *a == k.max(if k == 4 && together { 5 } else { k }));
            let last_in_read = !(together && k == 4);
            Event { read: read.unwrap() as u32, kind: EventKind::Visible, tokens: None, last_in_read }
        };
        let events = (0..11).map(event).collect();
        b.detail(&r.key, &Timing { sent: r.sent, sent_end: r.sent, reads, events, ..Timing::default() });
    }
    find(&b.finish(), &mut |_| Texts::default())
}

fn rhythm(f: &Findings) -> &acidtest_findings::Validity {
    f.validity.iter().find(|v| v.family == "rhythm").unwrap()
}

#[test]
fn stamps_of_the_kernel_are_exact_however_late_the_program_is() {
    let f = answers(0, true, &[]);
    let v = rhythm(&f);
    assert!(v.valid && v.stamps == "kernel" && v.exact == Some(1.0), "{v:?}");
    assert_eq!(v.program_lag_p99_s, Some(0.003));
    let p99 = get(&f, "icl", "p99");
    assert_eq!((p99.number(), p99.value_low), (Some(0.01), None));
    assert!(p99.is_valid());
}

#[test]
fn a_quantile_is_valid_by_the_width_of_its_own_pair() {
    // Four of 40 records have two gaps with an uncertain end: 2 % of all gaps.
    let f = answers(4, true, &["icl.p50 <= 11 ms", "icl.p99 <= 12 ms", "icl.p99 <= 100 ms"]);
    let (p50, p99) = (get(&f, "icl", "p50"), get(&f, "icl", "p99"));
    assert!(p50.is_valid() && p50.value_low.is_none(), "{p50:?}");
    // The earlier of two tokens came between 3 ms after the one before and the stamp of both.
    assert!(!p99.is_valid() && p99.value_low.is_some(), "{p99:?}");
    assert!(p99.invalid.as_ref().unwrap().contains("in one read"), "{p99:?}");
    let v = rhythm(&f);
    assert!(!v.valid && v.exact.is_some_and(|share| (share - 436.0 / 440.0).abs() < 1e-9), "{v:?}");
    // What the uncertain gaps add to a record's mean gap is nothing: its ends are exact.
    assert!(get(&f, "tpot", "p50").invalid.is_none());
    let states: Vec<&str> = f.gates.iter().map(|g| g.state.id()).collect();
    assert_eq!(states, ["met", "undecided", "met"], "{:?}", f.gates);
}

#[test]
fn without_stamps_the_clocks_error_is_not_measured() {
    let f = answers(0, false, &[]);
    let v = rhythm(&f);
    assert_eq!((v.valid, v.stamps, v.exact, v.program_lag_p99_s), (true, "program", None, None));
    let clock = v.checks.iter().find(|c| c.name == "receive_clock").unwrap();
    assert_eq!(clock.state, CheckState::NotMeasured);
    assert!(v.checks.iter().any(|c| c.name == "scheduler_lag"));
}

#[test]
fn bytes_that_waited_for_us_may_have_held_the_server_back() {
    let (spec, cases) = (spec(CLOSED, 4, &[]), cases(4, 1));
    let full = |at: Ns| Read { kernel: Some(at), before: at, after: at, bytes: 40_000, drained: false };
    let mut b = View::new(RUN, &spec, &cases);
    let rows: Vec<Row> = (0..4)
        .map(|i| {
            let case = Some(cases[i as usize].hash);
            row(i, case, OutcomeClass::Complete, i64::from(i) * 200, 100, 150)
        })
        .collect();
    rows.iter().for_each(|r| b.row(*r));
    for r in &rows {
        let at = r.intended + Ns::from_millis(100);
        let events = vec![Event { read: 1, kind: EventKind::Visible, tokens: None, last_in_read: true }];
        let reads = vec![full(at), full(at)];
        b.detail(&r.key, &Timing { sent: r.sent, sent_end: r.sent, reads, events, ..Timing::default() });
    }
    let f = find(&b.finish(), &mut |_| Texts::default());
    let waiting = f.validity.iter().find(|v| v.family == "waiting").unwrap();
    let pressed = waiting.checks.iter().find(|c| c.name == "back_pressure").unwrap();
    assert_eq!((pressed.state, pressed.n), (CheckState::Over, 4));
    assert_eq!(pressed.from_s, Some(0.0));
}
