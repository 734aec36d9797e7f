//! Small runs whose every number is known by hand.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod browse;
mod build;
mod cache;
mod capacity;
mod compare;
mod corpus;
mod curves;
mod duels;
mod failures;
mod frontier;
mod gates;
mod stamps;
mod surroundings;
mod thinking;

use acidtest_findings::{
    CheckState, Findings, PLANNED_SLOTS, Quantity, STOPPED, Texts, Uncertainty, View, find,
};
use acidtest_record::*;
use build::*;
use proptest::prelude::*;

const FAILED: OutcomeClass = OutcomeClass::Failed(Cause::Server);

/// 124 cases in 31 clusters: 121 complete, 1 truncated, 1 × 429, 1 × cut; 97 right.
fn docent(cases: &[Case]) -> Vec<Row> {
    (0..124u32)
        .map(|i| {
            let class = match i {
                60 => OutcomeClass::Truncated,
                20 => OutcomeClass::Failed(Cause::RateLimited),
                90 => OutcomeClass::Failed(Cause::Cut),
                _ => OutcomeClass::Complete,
            };
            let ttft = 150 + i64::from(i.wrapping_mul(2_654_435_761) >> 26);
            let at = i64::from(i) * 1000;
            row(i, Some(cases[i as usize].hash), class, at, ttft, ttft + 200)
        })
        .collect()
}

/// Right are 97 of them, never the truncated one.
fn is_right(r: &Row) -> bool {
    let i = r.key.slot;
    let lost = i64::from(i > 20) + i64::from(i > 60) + i64::from(i > 90);
    i != 60 && (i64::from(i) - lost) * 97 % 121 < 97
}

fn docent_findings() -> Findings {
    let (spec, cases) = (spec(CLOSED, 124, &[]), cases(124, 4));
    run(&spec, &cases, &docent(&cases), is_right)
}

#[test]
fn what_another_tool_stated_is_listed_and_steers_nothing() {
    let (spec, cases) = (spec(CLOSED, 4, &[]), cases(4, 1));
    let mut builder = View::new(RUN, &spec, &cases);
    for (name, value, source) in [
        ("http_req_duration.p(95)", "130.0", "stated by k6"),
        (STOPPED, "a trap", "stated by k6"),
        ("machine.cores", "2", "client"),
    ] {
        builder.fact(&Fact { name: name.into(), value: value.into(), source: source.into(), hash: None });
    }
    let f = find(&builder.finish(), &mut |_| Texts::default());
    let stated: Vec<_> =
        f.stated.iter().map(|s| (s.tool.as_str(), s.name.as_str(), s.value.as_str())).collect();
    assert_eq!(stated, [("k6", "http_req_duration.p(95)", "130.0"), ("k6", STOPPED, "a trap")]);
    assert_eq!(f.run.stopped, None);
    assert!(f.estimates.iter().all(|e| e.number() != Some(130.0)));
}

#[test]
fn a_servers_own_times_stand_beside_ours() {
    let (spec, cases) = (spec(CLOSED, 40, &[]), cases(40, 4));
    let rows: Vec<Row> = (0..40u32)
        .map(|i| {
            let (at, hash) = (i64::from(i) * 1000, Some(cases[i as usize].hash));
            let mut row = row(i, hash, OutcomeClass::Complete, at, 200, 400);
            let ms = |t: i64| Some(Ns::from_millis(t));
            // The last one's server says nothing.
            if i < 39 {
                row.server = ServerTimes {
                    total: ms(300),
                    prompt: ms(50),
                    generation: ms(100),
                    // A record of an older store does not say how many tokens that were.
                    generated: (i > 0).then_some(10),
                };
                row.cached = Some(20);
            }
            row
        })
        .collect();
    let f = run(&spec, &cases, &rows, |_| true);
    for (metric, want) in
        [("server_time", 0.3), ("prefill_tps", 80.0 / 0.05), ("decode_tps", 100.0), ("network_share", 0.25)]
    {
        let e = get(&f, metric, "p50");
        assert!((e.number().unwrap() - want).abs() < 1e-9, "{metric}: {:?}", e.number());
        assert_eq!((e.n.requests, e.n.of), (39, 40), "{metric}");
    }
}

#[test]
fn the_honest_denominator() {
    let f = docent_findings();
    let e = get(&f, "accuracy", "share");
    assert!((e.number().unwrap() - 97.0 / 122.0).abs() < 1e-12);
    assert_eq!((e.n.requests, e.n.of, e.n.clusters), (122, 124, 31));
    let missing = e.missing.unwrap();
    assert_eq!(missing.excluded, 2);
    assert!((missing.low - 97.0 / 124.0).abs() < 1e-12);
    assert!((missing.high - 99.0 / 124.0).abs() < 1e-12);
    let i = e.ends().unwrap();
    assert_eq!((i.method, i.unit_of_sampling.as_str()), ("Wilson, effective n", "cluster"));
    let e = get(&f, "error_rate", "share");
    assert!((e.number().unwrap() - 2.0 / 124.0).abs() < 1e-12);
    let i = e.ends().unwrap();
    assert!((i.low.unwrap() - 0.0044).abs() < 1e-4 && (i.high.unwrap() - 0.0570).abs() < 1e-4);
    assert!((get(&f, "error_rate[class=429]", "share").number().unwrap() - 1.0 / 124.0).abs() < 1e-12);
    let delivery = f.tables.iter().find(|t| t.name == "delivery").unwrap();
    let counts: Vec<(&str, u64)> = delivery.rows.iter().map(|r| (r.class.as_str(), r.count)).collect();
    assert_eq!(counts, [("complete", 121), ("truncated", 1), ("failed", 2)]);
    assert_eq!(f.failing, 27);
}

#[test]
fn every_estimate_has_a_reason_for_what_it_lacks() {
    for e in docent_findings().estimates {
        if let Quantity::Absent(why) = &e.value {
            assert!(!why.is_empty(), "{}", e.name());
            assert!(e.ends().is_none(), "{}", e.name());
        }
        if let Uncertainty::None(why) = &e.interval {
            assert!(!why.is_empty(), "{}", e.name());
        }
        if let (Some(v), Some(i)) = (e.number(), e.ends()) {
            let low = i.low.is_none_or(|l| l <= v + 1e-12);
            let high = i.high.is_none_or(|h| v <= h + 1e-12);
            assert!(low && high, "{}.{}: {v} outside of {i:?}", e.name(), e.stat.id());
        }
    }
}

#[test]
fn percentiles_are_monotone() {
    let f = docent_findings();
    for metric in ["ttft", "e2e", "tpot", "max_stall", "e2e_from_intended"] {
        let of = |stat: &str| get(&f, metric, stat).number().unwrap();
        let all = ["p50", "p90", "p95", "p99", "max"].map(of);
        assert!(all.windows(2).all(|w| w[0] <= w[1]), "{metric}: {all:?}");
    }
    let p99 = get(&f, "ttft", "p99");
    assert_eq!(p99.n.requests, 122);
    assert!(matches!(&p99.interval, Uncertainty::None(why) if why.starts_with("n too small")));
}

#[test]
fn clusters_widen_the_interval() {
    let spec = spec(CLOSED, 120, &[]);
    let width = |per_cluster| {
        let cases = cases(120, per_cluster);
        let rows: Vec<Row> = (0..120u32)
            .map(|i| {
                row(i, Some(cases[i as usize].hash), OutcomeClass::Complete, i64::from(i) * 1000, 10, 20)
            })
            .collect();
        // Whole clusters of six are right or wrong together.
        let f = run(&spec, &cases, &rows, |r| r.key.slot / 6 % 4 != 0);
        let i = get(&f, "accuracy", "share").ends().unwrap().clone();
        i.high.unwrap() - i.low.unwrap()
    };
    assert!(width(6) > 1.8 * width(1), "{} {}", width(6), width(1));
}

#[test]
fn a_gap_may_be_below_0_with_all_of_its_interval() {
    let spec = spec(CLOSED, 120, &[]);
    let mut cases = cases(120, 3);
    // The last third is held out, and easier: 3 of 4 right against 1 of 4.
    cases[80..].iter_mut().for_each(|c| c.split = Some("held_out".into()));
    let one = |i: u32| {
        let case = Some(cases[i as usize].hash);
        row(i, case, OutcomeClass::Complete, i64::from(i) * 1000, 10, 20)
    };
    let rows: Vec<Row> = (0..120).map(one).collect();
    let f = run(&spec, &cases, &rows, |r| (r.key.slot % 4 == 0) == (r.key.slot < 80));
    let gap = get(&f, "generalization_gap", "share");
    let i = gap.ends().unwrap();
    assert_eq!(gap.number(), Some(-0.5));
    assert!(i.low.unwrap() < -0.5 && i.high.unwrap() > -0.5 && i.high.unwrap() < 0.0, "{i:?}");
}

#[test]
fn repeats_are_averaged_within_the_case() {
    let (spec, cases) = (spec(CLOSED, 2, &[]), cases(2, 1));
    let rows: Vec<Row> = [0, 0, 0, 1]
        .iter()
        .enumerate()
        .map(|(i, case)| {
            row(i as u32, Some(cases[*case].hash), OutcomeClass::Complete, i as i64 * 1000, 10, 20)
        })
        .collect();
    let f = run(&spec, &cases, &rows, |r| r.case == Some(cases[0].hash));
    let e = get(&f, "accuracy", "share");
    assert_eq!(e.number(), Some(0.5));
    assert_eq!((e.n.cases, e.n.requests), (2, 4));
}

#[test]
fn a_retried_request_is_one_request_and_two_attempts() {
    let (spec, cases) = (spec(CLOSED, 1, &[]), cases(1, 1));
    let first = row(0, Some(cases[0].hash), OutcomeClass::Failed(Cause::RateLimited), 0, 0, 5);
    let mut second = row(0, Some(cases[0].hash), OutcomeClass::Complete, 500, 100, 300);
    second.key.attempt = 1;
    let f = run(&spec, &cases, &[second, first], |_| true);
    assert_eq!(get(&f, "error_rate", "share").number(), Some(0.5));
    assert_eq!(get(&f, "availability", "share").number(), Some(1.0));
    let accuracy = get(&f, "accuracy", "share");
    assert_eq!((accuracy.number(), accuracy.n.requests, accuracy.n.records), (Some(1.0), 1, 2));
    assert_eq!(get(&f, "ttft", "p50").number(), Some(0.1));
    // A user waited from the first intended time on.
    assert_eq!(get(&f, "e2e_from_intended", "p50").number(), Some(0.8));
    assert_eq!(get(&f, "time_to_failure", "max").number(), Some(0.005));
}

#[test]
fn warm_up_judges_and_probes_stay_apart() {
    let (spec, cases) = (spec(CLOSED, 2, &[]), cases(2, 1));
    let mut rows: Vec<Row> = (0..4u32)
        .map(|i| row(i, Some(cases[0].hash), OutcomeClass::Complete, i64::from(i) * 1000, 10, 20))
        .collect();
    rows[0].role = Role::Warmup;
    rows[1].role = Role::Judge;
    rows[2].role = Role::Probe;
    let f = run(&spec, &cases, &rows, |_| true);
    assert_eq!((f.run.requests, f.run.warmup), (1, 1));
    assert_eq!(get(&f, "ttft", "p50").n.of, 1);
}

#[test]
fn nothing_measured_is_absent_and_not_zero() {
    let (spec, cases) = (spec(CLOSED, 2, &["accuracy >= 0.5", "ttft.p95 <= 1 s"]), cases(2, 1));
    let f = run(&spec, &cases, &[], |_| true);
    assert!(f.estimates.iter().all(|e| e.number().is_none()));
    assert!(f.gates.iter().all(|g| g.state.id() == "undecided"), "{:?}", f.gates);
    assert!(f.warnings.iter().any(|w| w.contains("no request")));
}

#[test]
fn all_failed_is_one_incident() {
    let gates = ["ttft.p95 <= 1 s", "ttft.p95.completed <= 1 s", "accuracy >= 0.5", "error_rate <= 1 %"];
    let (spec, cases) = (spec(CLOSED, 40, &gates), cases(40, 1));
    let rows: Vec<Row> =
        (0..40u32).map(|i| row(i, Some(cases[i as usize].hash), FAILED, i64::from(i) * 100, 0, 5)).collect();
    let f = run(&spec, &cases, &rows, |_| true);
    let e = get(&f, "error_rate", "share");
    assert_eq!(e.number(), Some(1.0));
    assert_eq!(e.interval, Uncertainty::None("one incident".into()));
    assert!(get(&f, "ttft", "p50").number().is_none());
    let states: Vec<&str> = f.gates.iter().map(|g| g.state.id()).collect();
    assert_eq!(states, ["broken", "undecided", "undecided", "broken"]);
    assert!(f.gates[0].endless && f.gates[0].value.is_none());
}

#[test]
fn never_sent_is_no_error_of_the_target() {
    let (spec, cases) = (spec(Load::Constant { rate: 10.0 }, 10, &["ttft.p50 <= 1 s"]), cases(10, 1));
    let rows: Vec<Row> = (0..10u32)
        .map(|i| {
            let class = OutcomeClass::NotSent(NotSent::Cap);
            row(i, Some(cases[i as usize].hash), class, i64::from(i) * 100, 0, 0)
        })
        .collect();
    let f = run(&spec, &cases, &rows, |_| true);
    assert!(get(&f, "error_rate", "share").number().is_none());
    assert_eq!(get(&f, "delivery[class=not_sent]", "share").number(), Some(1.0));
    assert_eq!(f.gates[0].state.id(), "broken");
    assert!(f.warnings.iter().any(|w| w.contains("10 of 10 requests were never sent")));
}

#[test]
fn one_case_has_a_value_and_an_honest_bound() {
    let (spec, cases) = (spec(CLOSED, 1, &[]), cases(1, 1));
    let rows = [row(0, Some(cases[0].hash), OutcomeClass::Complete, 0, 100, 300)];
    let f = run(&spec, &cases, &rows, |_| true);
    let e = get(&f, "accuracy", "share");
    assert_eq!(e.number(), Some(1.0));
    let i = e.ends().unwrap();
    assert_eq!(i.sides, "lower");
    assert!((i.low.unwrap() - 0.05).abs() < 1e-9, "one case proves little: {i:?}");
    assert!(get(&f, "ttft", "p95").ends().is_none());
}

#[test]
fn no_time_is_taken_across_clocks() {
    let (spec, cases) = (spec(CLOSED, 20, &[]), cases(20, 1));
    let rows: Vec<Row> = (0..20u32)
        .map(|i| {
            // The second clock's zero lies a day away.
            let clock = u16::from(i >= 10);
            let at = i64::from(i % 10) * 100 + i64::from(clock) * 86_400_000;
            let mut r = row(i, Some(cases[i as usize].hash), OutcomeClass::Complete, at, 40, 100);
            r.clock = clock;
            r
        })
        .collect();
    let f = run(&spec, &cases, &rows, |_| true);
    // 10 requests in one second, twice.
    let whole =
        f.estimates.iter().find(|e| e.metric == "requests_per_s" && e.labels["window"] == "whole").unwrap();
    assert!((whole.number().unwrap() - 10.0).abs() < 1e-9, "{whole:?}");
    let held = get(&f, "concurrency_held", "mean").number().unwrap();
    assert!((held - 1.0).abs() < 1e-9, "{held}");
    assert_eq!(get(&f, "ttft", "p99").number(), Some(0.04));
    // A request that was retried on another clock has no time from its intended one.
    let mut again = row(30, None, OutcomeClass::Complete, 86_400_000, 10, 20);
    (again.key.attempt, again.clock) = (1, 1);
    let lone = row(30, None, FAILED, 0, 0, 5);
    let f = run(&spec, &cases, &[lone, again], |_| true);
    assert!(get(&f, "e2e_from_intended", "p50").number().is_none());
}

#[test]
fn cost_and_tokens_by_hand() {
    let f = docent_findings();
    // 122 delivered: 100 input at 1 USD and 11 output at 2 USD per million.
    let total = get(&f, "cost", "total");
    assert!((total.number().unwrap() - 122.0 * 122.0e-6).abs() < 1e-12);
    assert_eq!((total.unit.as_str(), &total.interval), ("USD", &Uncertainty::None("count".into())));
    let per_1k = get(&f, "cost_per_1k_correct", "mean").number().unwrap();
    assert!((per_1k - 122.0 * 122.0e-6 / 97.0 * 1000.0).abs() < 1e-9);
    assert_eq!(get(&f, "output_tokens", "total").number(), Some(1342.0));
    assert_eq!(get(&f, "tpot", "p50").number(), Some(0.02));
    assert_eq!(get(&f, "tokens_per_event", "mean").number(), Some(1.0));
}

#[test]
fn opinions_that_cannot_be_formed() {
    let (spec, cases) = (spec(CLOSED, 4, &[]), cases(4, 1));
    let rows: Vec<Row> = (0..4u32)
        .map(|i| row(i, Some(cases[i as usize].hash), OutcomeClass::Complete, i64::from(i) * 1000, 10, 20))
        .collect();
    let mut b = View::new(RUN, &spec, &cases);
    for r in &rows {
        b.row(*r);
    }
    judge(&mut b, &rows[0], true);
    b.verdict(&verdict(rows[1].key, "correct", Status::Unparsable, None));
    b.verdict(&verdict(rows[2].key, "correct", Status::Failed, None));
    // The later opinion counts, whichever came first.
    let mut late = verdict(rows[3].key, "correct", Status::Scored, Some(Value::Bool(true)));
    late.at_unix_ns = 9;
    b.verdict(&late);
    b.verdict(&verdict(rows[3].key, "correct", Status::Scored, Some(Value::Bool(false))));
    let f = find(&b.finish(), &mut |_| Texts::default());
    let e = get(&f, "accuracy", "share");
    // Right, unparsable is wrong, right; the judge's own error is excluded.
    assert!((e.number().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert_eq!((e.n.requests, e.missing.unwrap().excluded), (3, 1));
    assert_eq!(get(&f, "judgement[class=judge_error]", "share").number(), Some(0.25));
}

#[test]
fn events_of_one_read_make_gaps_with_two_ends() {
    let (spec, cases) = (spec(CLOSED, 1, &[]), cases(1, 1));
    let r = row(0, Some(cases[0].hash), OutcomeClass::Complete, 0, 100, 200);
    let read = |ms: i64| Read {
        kernel: None,
        before: Ns::from_millis(ms - 1),
        after: Ns::from_millis(ms),
        bytes: 10,
        drained: true,
    };
    let event =
        |read: u32, last_in_read| Event { read, kind: EventKind::Visible, tokens: None, last_in_read };
    let timing = Timing {
        sent: Some(Ns(0)),
        reads: vec![read(100), read(150)],
        events: vec![event(0, true), event(1, false), event(1, true)],
        ..Timing::default()
    };
    let mut b = View::new(RUN, &spec, &cases);
    b.row(r);
    assert!(b.wants_details());
    b.detail(&r.key, &timing);
    let f = find(&b.finish(), &mut |_| Texts::default());
    let e = get(&f, "icl", "max");
    // Between the first two at most 50 ms, between the last two at most 51 ms, at least 0.
    assert_eq!((e.number(), e.value_low), (Some(0.051), Some(0.0)));
    assert_eq!(e.n.values, Some(2));
}

#[test]
fn rates_of_the_steady_window() {
    let (spec, cases) = (spec(Load::Closed { concurrency: 2 }, 40, &[]), cases(40, 1));
    // Two users, an answer of 11 tokens each 100 ms: 20 requests and 220 tokens a second.
    let rows: Vec<Row> = (0..40u32)
        .map(|i| {
            row(i, Some(cases[i as usize].hash), OutcomeClass::Complete, i64::from(i / 2) * 100, 10, 100)
        })
        .collect();
    let mut b = View::new(RUN, &spec, &cases);
    for r in &rows {
        b.row(*r);
    }
    for r in &rows {
        let reads: Vec<Read> = (0..11)
            .map(|k| {
                let at = r.intended + Ns::from_millis(10 + 9 * k);
                Read { kernel: None, before: at, after: at, bytes: 1, drained: true }
            })
            .collect();
        let events = (0..11)
            .map(|read| Event { read, kind: EventKind::Visible, tokens: None, last_in_read: true })
            .collect();
        b.detail(&r.key, &Timing { sent: r.sent, reads, events, ..Timing::default() });
    }
    let f = find(&b.finish(), &mut |_| Texts::default());
    assert!((get(&f, "concurrency_held", "mean").number().unwrap() - 2.0).abs() < 1e-9);
    let requests = get(&f, "requests_per_s", "rate").number().unwrap();
    assert!((requests - 36.0 / 1.9).abs() < 1e-9, "{requests}");
    let tokens = get(&f, "tokens_per_s", "rate").number().unwrap();
    assert!((tokens - 416.0 / 1.9).abs() < 1e-6, "{tokens}");
    assert_eq!(get(&f, "itl", "p50").number(), Some(0.009));
}

#[test]
fn a_late_client_spoils_times_and_not_answers() {
    // Sends were 30 ms late; the median is about 180 ms. Only what 30 ms could turn is undecided.
    let gates = ["ttft.p50 <= 200 ms", "ttft.p50 <= 1 s", "ttft.p50 <= 100 ms", "accuracy >= 0.5"];
    let (spec, cases) = (spec(Load::Constant { rate: 1.0 }, 124, &gates), cases(124, 4));
    let mut rows = docent(&cases);
    for r in rows.iter_mut().skip(62) {
        r.started = r.started.map(|s| s + Ns::from_millis(30));
    }
    let f = run(&spec, &cases, &rows, is_right);
    let ttft = get(&f, "ttft", "p50");
    assert!(!ttft.is_valid() && get(&f, "accuracy", "share").is_valid());
    let waiting = f.validity.iter().find(|v| v.family == "waiting").unwrap();
    let lag = waiting.checks.iter().find(|c| c.name == "dispatch_lag").unwrap();
    assert_eq!((lag.state, lag.from_s), (CheckState::Over, Some(62.0)));
    assert!(f.validity.iter().any(|v| v.family == "rhythm" && v.valid));
    let states: Vec<&str> = f.gates.iter().map(|g| g.state.id()).collect();
    assert_eq!(states, ["undecided", "met", "broken", "met"]);
    assert!(f.gates[1].reason.contains("lateness"), "{}", f.gates[1].reason);
}

#[test]
fn a_stopped_run_has_not_met_its_gates() {
    let (spec, cases) = (spec(CLOSED, 124, &["accuracy >= 0.5", "accuracy >= 0.9"]), cases(124, 4));
    let mut b = View::new(RUN, &spec, &cases);
    for r in docent(&cases).into_iter().take(80) {
        b.row(r);
        b.verdict(&verdict(r.key, "correct", Status::Scored, Some(Value::Bool(r.key.slot % 4 != 0))));
    }
    for (name, value) in [(PLANNED_SLOTS, "124"), (STOPPED, "the time cap was reached")] {
        b.fact(&Fact { name: name.into(), value: value.into(), source: "test".into(), hash: None });
    }
    let f = find(&b.finish(), &mut |_| Texts::default());
    let said: Vec<(&str, &str)> = f.gates.iter().map(|g| (g.state.id(), g.reason.as_str())).collect();
    let words = "met so far, but the run was stopped after 80 of 124 requests: the time cap was reached";
    assert_eq!(said[0], ("undecided", words));
    assert_eq!(said[1].0, "broken");
}

#[test]
fn answers_that_were_not_streamed_have_no_rhythm_to_spoil() {
    let (spec, cases) = (spec(CLOSED, 124, &[]), cases(124, 4));
    let mut rows = docent(&cases);
    for r in &mut rows {
        (r.stream, r.first, r.first_visible, r.max_gap) = (false, None, None, None);
    }
    let f = run(&spec, &cases, &rows, is_right);
    let families: Vec<&str> = f.validity.iter().map(|v| v.family).collect();
    assert_eq!(families, ["waiting", "load"]);
}

#[test]
fn scheduler_lag_comes_from_readings_of_the_phase() {
    let (spec, cases) = (spec(CLOSED, 124, &[]), cases(124, 4));
    let with = |at_s: i64| {
        let mut b = View::new(RUN, &spec, &cases);
        for r in docent(&cases) {
            b.row(r);
        }
        b.reading(&Reading {
            clock: 0,
            at: Ns::from_secs(at_s),
            source: "client".into(),
            name: "scheduler_lag_s".into(),
            value: 0.5,
        });
        find(&b.finish(), &mut |_| Texts::default())
    };
    assert!(!get(&with(10), "tpot", "p50").is_valid());
    assert!(get(&with(1000), "tpot", "p50").is_valid(), "after the phase");
}

#[test]
fn errors_in_a_row_are_one_incident_and_isolated_ones_are_not() {
    let (spec, cases) = (spec(CLOSED, 200, &[]), cases(200, 1));
    let with = |bad: &dyn Fn(u32) -> bool| {
        let rows: Vec<Row> = (0..200u32)
            .map(|i| {
                let class = if bad(i) { FAILED } else { OutcomeClass::Complete };
                row(i, Some(cases[i as usize].hash), class, i64::from(i) * 100, 10, 20)
            })
            .collect();
        get(&run(&spec, &cases, &rows, |_| true), "error_rate", "share").clone()
    };
    assert_eq!(with(&|i| (50..60).contains(&i)).interval, Uncertainty::None("one incident".into()));
    let isolated = with(&|i| i % 40 == 7);
    assert_eq!(isolated.ends().unwrap().unit_of_sampling, "attempt");
    // Two bursts are neither one incident nor independent errors.
    let bursts = with(&|i| (50..58).contains(&i) || (120..128).contains(&i));
    let naive = acidtest_metrics::stats::proportion(16, 200, 0.95).unwrap();
    match &bursts.interval {
        Uncertainty::None(why) => assert!(why.contains("time blocks"), "{why}"),
        Uncertainty::Interval(i) => assert!(i.high.unwrap() > naive.high.unwrap()),
    }
}

#[test]
fn tags_slice_quality() {
    let f = docent_findings();
    let parts: Vec<u64> = f
        .estimates
        .iter()
        .filter(|e| e.metric == "accuracy" && e.labels.contains_key("lang"))
        .map(|e| e.n.of)
        .collect();
    assert_eq!(parts, [62, 62]);
    assert!(!f.estimates.iter().any(|e| e.metric == "ttft" && e.labels.contains_key("lang")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn the_order_of_records_changes_no_metric(order in Just((0..124usize).collect::<Vec<_>>()).prop_shuffle()) {
        let (spec, cases) = (spec(CLOSED, 124, &["accuracy.low >= 0.75"]), cases(124, 4));
        let rows = docent(&cases);
        let shuffled: Vec<Row> = order.iter().map(|i| rows[*i]).collect();
        let one = serde_json::to_value(run(&spec, &cases, &rows, is_right)).unwrap();
        let two = serde_json::to_value(run(&spec, &cases, &shuffled, is_right)).unwrap();
        prop_assert_eq!(one, two);
    }
}

#[test]
fn two_targets_together_equal_each_alone() {
    let cases = cases(124, 4);
    let mut both = spec(CLOSED, 124, &[]);
    both.targets.push(target("second"));
    let rows = docent(&cases);
    let moved = rows.iter().map(|r| {
        let mut r = *r;
        (r.target, r.key.slot) = (1, r.key.slot + 1000);
        r
    });
    let all: Vec<Row> = rows.iter().copied().chain(moved).collect();
    let right = |r: &Row| {
        let mut r = *r;
        r.key.slot %= 1000;
        is_right(&r)
    };
    let f = run(&both, &cases, &all, right);
    let alone = docent_findings();
    let of = |target: &str| {
        let mut found: Vec<_> =
            f.estimates.iter().filter(|e| e.labels["target"] == target).cloned().collect();
        for e in &mut found {
            e.labels.insert("target".into(), "docent-search".into());
        }
        found
    };
    assert_eq!(of("docent-search"), alone.estimates);
    assert_eq!(of("second"), alone.estimates);
}

#[test]
fn choices_are_parts_of_one_case() {
    let (spec, cases) = (spec(CLOSED, 3, &[]), cases(3, 1));
    let mut b = View::new(RUN, &spec, &cases);
    for (slot, case) in cases.iter().enumerate() {
        for step in 0..4u16 {
            // The second choice of the last case gets no answer.
            let failed = (slot, step) == (2, 1);
            let class = if failed { OutcomeClass::Failed(Cause::Server) } else { OutcomeClass::Complete };
            let mut row = row(slot as u32, Some(case.hash), class, i64::from(step) * 10, 1, 2);
            (row.kind, row.key.step) = (Kind::LogLikelihood, step);
            b.row(row);
            if !failed {
                b.verdict(&verdict(row.key, LOGLIKELIHOOD, Status::Scored, Some(Value::Number(-12.5))));
            }
            if step == 3 {
                let (status, value) = match slot {
                    2 => (Status::Failed, None),
                    _ => (Status::Scored, Some(Value::Bool(slot == 0))),
                };
                b.verdict(&verdict(row.key, "correct", status, value));
            }
        }
    }
    let f = find(&b.finish(), &mut |_| Texts::default());
    let e = get(&f, "accuracy", "share");
    assert_eq!(e.number(), Some(0.5));
    assert_eq!((e.n.requests, e.n.of), (2, 3), "a case counts once, whatever its choices");
    let missing = e.missing.unwrap();
    assert_eq!((missing.excluded, missing.low, missing.high), (1, 1.0 / 3.0, 2.0 / 3.0));
    assert_eq!(get(&f, "judgement[class=wrong]", "share").number(), Some(1.0 / 3.0));
    assert!(f.estimates.iter().all(|e| e.metric != LOGLIKELIHOOD), "no score of 0..1");
    assert!(f.estimates.iter().filter(|e| e.metric == "char_f1").all(|e| e.number().is_none()));
}

#[test]
fn a_wrong_choice_says_which_one_was_the_likeliest() {
    let (spec, cases) = (spec(CLOSED, 2, &[]), cases(2, 1));
    let mut builder = View::new(RUN, &spec, &cases);
    for (i, kind) in [Kind::LogLikelihood, Kind::Chat].into_iter().enumerate() {
        let hash = Some(cases[i].hash);
        let row = Row { kind, ..row(i as u32, hash, OutcomeClass::Complete, i as i64 * 1000, 1, 2) };
        builder.row(row);
        let wrong = verdict(row.key, "correct", Status::Scored, Some(Value::Bool(false)));
        let why = |text: &str, at| Verdict { why: Some(text.into()), at_unix_ns: at, ..wrong.clone() };
        builder.verdict(&why("choice 1 is the likeliest", 7));
        builder.verdict(&why("choice 2 is the likeliest", 3));
    }
    let f = find(&builder.finish(), &mut |_| Texts::default());
    let reasons: Vec<&str> = f.failures.iter().map(|f| f.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["wrong; choice 1 is the likeliest", "wrong"],
        "the latest verdict's, where no text is"
    );
}
