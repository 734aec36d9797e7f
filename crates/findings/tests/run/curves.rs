//! What charts draw: exact, bounded, the same for the same run, and on one time axis.

use super::build::*;
use super::*;
use acidtest_findings::{Curves, ErrorSeries, MOST_PLACES, curves};

fn clock(no: u16, zero_unix_ns: i64) -> ClockRow {
    ClockRow { no, host: "here".into(), zero_unix_ns, error_ns: None }
}

fn drawn(spec: &RunSpec, rows: &[Row], clocks: &[ClockRow]) -> Curves {
    let mut b = View::new(RUN, spec, &[]);
    clocks.iter().for_each(|c| b.clock(c));
    rows.iter().for_each(|r| b.row(*r));
    curves(&b.finish())
}

fn one(i: u32, class: OutcomeClass) -> Row {
    row(i, None, class, i64::from(i) * 10, 100, 200)
}

#[test]
fn every_failure_is_drawn_and_a_spread_sample_of_the_others() {
    let rows: Vec<Row> =
        (0..10_000).map(|i| one(i, if i % 50 == 7 { FAILED } else { OutcomeClass::Complete })).collect();
    let c = drawn(&spec(CLOSED, 0, &[]), &rows, &[]);
    let s = &c.scatter[0];
    assert_eq!((s.n, s.failed, s.slot.len()), (10_000, 200, 2200));
    let lengths = [s.at_s.len(), s.ttft_s.len(), s.e2e_s.len(), s.step.len(), s.class.len(), s.case.len()];
    assert!(lengths.iter().all(|n| *n == s.slot.len()), "{lengths:?}");
    let failed: Vec<u32> = s
        .slot
        .iter()
        .zip(&s.class)
        .filter(|(_, class)| s.classes[**class as usize] == "failed: 5xx")
        .map(|(slot, _)| *slot)
        .collect();
    assert_eq!(failed, (0..10_000).filter(|i| i % 50 == 7).collect::<Vec<_>>());
    // How long it took to fail is known; a first token never came.
    assert_eq!((s.ttft_s[0], s.e2e_s[0]), (None, Some(0.2)));
    let others = &s.slot[200..];
    assert_eq!((others[0], others[others.len() - 1]), (0, 9999));
    assert!(others.windows(2).all(|w| w[1] > w[0] && w[1] - w[0] <= 7), "spread evenly");
    assert_eq!(c, drawn(&spec(CLOSED, 0, &[]), &rows, &[]), "the same again");
    let many: Vec<Row> = (0..5000).map(|i| one(i, FAILED)).collect();
    assert_eq!(drawn(&spec(CLOSED, 0, &[]), &many, &[]).scatter[0].slot.len(), 2000);
}

#[test]
fn requests_are_counted_where_they_ended() {
    let mut rows: Vec<Row> = (0..100).map(|i| one(i, OutcomeClass::Complete)).collect();
    rows[10].class = FAILED;
    rows[99] = one(99, OutcomeClass::NotSent(NotSent::Cap));
    let c = drawn(&spec(CLOSED, 0, &[]), &rows, &[]);
    let o = &c.outcomes[0];
    assert_eq!(o.width_s, 0.1);
    let of = |class: &str| &o.classes.iter().find(|c| c.class == class).unwrap().counts;
    assert_eq!(of("complete").iter().sum::<u64>(), 98);
    // Slot 10 ended at 0.3 s, slot 99 was wanted at 0.99 s.
    assert_eq!((of("failed: 5xx")[3], o.from_s[3]), (1, 0.3));
    assert_eq!((of("not_sent: cap")[9], o.from_s[9]), (1, 0.9));
}

#[test]
fn another_clock_lies_behind_by_its_unix_time_and_leaves_no_bins_between() {
    let mut rows: Vec<Row> = (0..40).map(|i| one(i, OutcomeClass::Complete)).collect();
    rows[20..].iter_mut().for_each(|r| r.clock = 1);
    // A day later, with a zero of its own.
    let clocks = [clock(1, 86_400_000_000_000), clock(0, 0)];
    let c = drawn(&spec(CLOSED, 0, &[]), &rows, &clocks);
    let spans: Vec<(f64, f64)> = c.spans.iter().map(|s| (s.from_s, s.to_s)).collect();
    assert_eq!(spans, [(0.0, 0.39), (86_400.2, 86_400.59)]);
    let o = &c.outcomes[0];
    assert_eq!(o.width_s, 0.1);
    assert!(o.from_s.len() <= 10 && o.from_s.iter().any(|s| *s > 86_400.0), "{:?}", o.from_s);
    assert_eq!(o.classes[0].counts.iter().sum::<u64>(), 40);
    let last = c.scatter[0].at_s.last().unwrap();
    assert!((last - 86_400.39).abs() < 1e-6, "{last}");
}

#[test]
fn distributions_are_those_of_the_metrics() {
    let rows: Vec<Row> = (0..1000)
        .map(|i| {
            let class = if i % 10 == 0 { FAILED } else { OutcomeClass::Complete };
            row(i, None, class, i64::from(i) * 10, 100 + i64::from(i), 2000)
        })
        .collect();
    let plan = spec(CLOSED, 0, &[]);
    let c = drawn(&plan, &rows, &[]);
    let f = run(&plan, &[], &rows, |_| true);
    for metric in ["ttft", "tpot", "e2e", "dispatch_lag"] {
        let d = c.distributions.iter().find(|d| d.metric == metric).unwrap();
        let max = get(&f, metric, "max");
        assert_eq!((d.values.last().copied(), d.n), (max.number(), max.n.records), "{metric}");
        assert_eq!(d.shares.last(), Some(&1.0));
        assert!(d.values.is_sorted() && d.shares.is_sorted() && d.values.len() <= 400, "{metric}");
    }
}

#[test]
fn errors_of_the_clock_count_what_is_exact() {
    let plan = spec(CLOSED, 0, &[]);
    let rows: Vec<Row> = (0..200).map(|i| row(i, None, OutcomeClass::Complete, 0, 100, 200)).collect();
    let mut b = View::new(RUN, &plan, &[]);
    rows.iter().for_each(|r| b.row(*r));
    for (i, r) in rows.iter().enumerate() {
        let at = |ms: i64| r.intended + Ns::from_millis(ms);
        // Of every tenth the first read was not the last of what waited.
        let read = |ms: i64, drained: bool| Read {
            kernel: Some(at(ms)),
            before: at(ms),
            after: at(ms),
            bytes: 10,
            drained,
        };
        let reads = vec![read(100, i % 10 != 0), read(110, true)];
        let event = |read: u32| Event { read, kind: EventKind::Visible, tokens: None, last_in_read: true };
        let events = vec![event(0), event(1)];
        b.detail(&r.key, &Timing { sent: r.sent, sent_end: r.sent, reads, events, ..Timing::default() });
    }
    for (ms, lag) in [(10, 0.001), (20, 0.0), (30, 0.003)] {
        b.reading(&Reading {
            clock: 0,
            at: Ns::from_millis(ms),
            source: "client".into(),
            name: "scheduler_lag_s".into(),
            value: lag,
        });
    }
    let c = curves(&b.finish());
    let of = |what: &str| -> &ErrorSeries { c.clock_error.iter().find(|e| e.what == what).unwrap() };
    let first = of("first_token");
    assert_eq!((first.n[0], first.p50_s[0], first.max_s[0]), (200, Some(0.0), Some(0.1)));
    assert_eq!(first.p99_s[0], Some(0.1), "one in ten is uncertain");
    let gap = of("gap");
    assert_eq!((gap.n[0], gap.p50_s[0]), (200, Some(0.0)));
    assert!(gap.max_s[0].is_some_and(|s| s > 0.0), "{gap:?}");
    let lag = of("scheduler_lag");
    assert!(lag.labels.is_empty());
    assert_eq!((lag.n[0], lag.p50_s[0], lag.p99_s[0], lag.max_s[0]), (3, Some(0.001), None, Some(0.003)));
    assert_eq!(of("dispatch_lag").max_s[0], Some(0.0));
}

#[test]
fn readings_are_put_together_where_they_are_many() {
    let plan = spec(CLOSED, 0, &[]);
    let mut b = View::new(RUN, &plan, &[]);
    b.row(one(0, OutcomeClass::Complete));
    let mut say = |source: &str, name: &str, at: i64, value: f64| {
        let (source, name) = (source.to_owned(), name.to_owned());
        b.reading(&Reading { clock: 0, at: Ns::from_millis(at), source, name, value });
    };
    for i in 0..5000 {
        say("host", "cpu_util", i * 10, if i == 4321 { 1.0 } else { 0.25 });
    }
    say("scrape", "vllm:num_requests_running{engine=\"0\"}", 5, 2.0);
    say("scrape", "vllm:num_requests_running{engine=\"1\"}", 5, 3.0);
    say("scrape", "a_counter_of_no_interest", 5, 3.0);
    let c = curves(&b.finish());
    let names: Vec<(&str, &str, &str)> =
        c.readings.iter().map(|s| (s.source.as_str(), s.name.as_str(), s.unit.as_str())).collect();
    assert_eq!(names, [("host", "cpu_util", "ratio"), ("scrape", "server_running", "requests")]);
    let (cpu, running) = (&c.readings[0], &c.readings[1]);
    assert!(cpu.at_s.len() <= 500 && cpu.at_s.len() > 400, "{}", cpu.at_s.len());
    assert!(cpu.max.contains(&1.0) && cpu.min.iter().all(|v| *v == 0.25));
    assert_eq!((running.mean[0], running.at_s[0]), (5.0, 0.005));
}

#[test]
fn hundreds_of_places_are_cut_and_that_is_said() {
    let mut plan = spec(CLOSED, 0, &[]);
    plan.phases = (0..100).map(|i| phase(&format!("p{i}"), CLOSED)).collect();
    let rows: Vec<Row> =
        (0..100_000u32).map(|i| Row { phase: (i % 100) as u16, ..one(i, OutcomeClass::Complete) }).collect();
    let c = drawn(&plan, &rows, &[]);
    assert_eq!((c.scatter.len(), c.outcomes.len()), (MOST_PLACES, MOST_PLACES));
    assert_eq!(c.notes, ["curves show the first 64 of 100 places"]);
    assert!(c.scatter.iter().map(|s| s.slot.len()).sum::<usize>() <= 24_000);
    assert!(drawn(&plan, &[], &[]).scatter.is_empty());
}
