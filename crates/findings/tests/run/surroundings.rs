//! Readings beside a run and the run over time, with numbers known by hand.

use crate::build::*;
use acidtest_findings::{Findings, Slicing, Texts, TimeSlice, Uncertainty, View, find, timeline};
use acidtest_record::*;

const OPEN: Load = Load::Constant { rate: 1.0 };

/// One request a second: the 10th fails, the 15th is never sent.
fn rows() -> Vec<Row> {
    (0..20u32)
        .map(|i| {
            let class = match i {
                10 => OutcomeClass::Failed(Cause::Server),
                15 => OutcomeClass::NotSent(NotSent::Cap),
                _ => OutcomeClass::Complete,
            };
            row(i, None, class, i64::from(i) * 1000, 100, 500)
        })
        .collect()
}

fn reading(source: &str, name: &str, at_ms: i64, value: f64) -> Reading {
    Reading { clock: 0, at: Ns::from_millis(at_ms), source: source.into(), name: name.into(), value }
}

fn readings() -> Vec<Reading> {
    let mut all = Vec::new();
    for i in 0..19 {
        let at = i * 1000 + 500;
        all.push(reading("host", "cpu_util", at, 0.5));
        all.push(reading("client", "cpu_util", at, if i == 4 { 0.3 } else { 0.1 }));
        all.push(reading("server", "mem_bytes", at, 1e9));
        all.push(reading("scrape", "vllm:num_requests_running{engine=\"0\"}", at, 2.0));
        all.push(reading("scrape", "vllm:num_requests_running{engine=\"1\"}", at, 1.0));
        all.push(reading("scrape", "something_else", at, 9.0));
    }
    // After the phase: not of it.
    all.push(reading("host", "cpu_util", 60_000, 1.0));
    all
}

fn found<T>(spec: &RunSpec, rows: &[Row], readings: &[Reading], then: impl FnOnce(&View) -> T) -> T {
    let mut builder = View::new(RUN, spec, &[]);
    rows.iter().for_each(|r| builder.row(*r));
    readings.iter().for_each(|r| builder.reading(r));
    then(&builder.finish())
}

fn all(view: &View) -> Findings {
    find(view, &mut |_| Texts::default())
}

#[test]
fn readings_of_the_phase_have_a_mean_and_a_maximum_and_no_interval() {
    let f = found(&spec(OPEN, 0, &[]), &rows(), &readings(), all);
    for (name, stat, value) in [
        ("cpu_util[source=host]", "mean", 0.5),
        ("cpu_util[source=host]", "max", 0.5),
        ("cpu_util[source=client]", "max", 0.3),
        ("mem[source=server]", "mean", 1e9),
        ("server_running[source=scrape]", "mean", 3.0),
    ] {
        let e = get(&f, name, stat);
        assert_eq!(e.number(), Some(value), "{name}");
        assert_eq!(e.interval, Uncertainty::None("what was seen, not a sample".into()));
        assert_eq!(e.n.values, Some(19), "{name}");
    }
    assert!((get(&f, "cpu_util[source=client]", "mean").number().unwrap() - 2.1 / 19.0).abs() < 1e-12);
    assert!(!f.estimates.iter().any(|e| e.metric == "server_waiting" || e.metric == "net_rx"));
}

#[test]
fn gates_name_the_source_of_a_reading() {
    let gated = |gate: &str| spec(OPEN, 0, &[gate]);
    let plan = gated("cpu_util[source=client].max <= 50 %");
    assert!(acidtest_findings::check(&plan, &[]).is_ok());
    let f = found(&plan, &rows(), &readings(), all);
    assert_eq!((f.gates[0].state.id(), f.gates[0].value), ("met", Some(0.3)));
    let wrong = acidtest_findings::check(&gated("cpu_util.max <= 50 %"), &[]).unwrap_err();
    assert_eq!(wrong.message, "cpu_util needs a source");
    assert!(wrong.hint.contains("client, host, server, scrape"), "{}", wrong.hint);
    // What was not read decides nothing.
    let f = found(&gated("server_waiting[source=scrape].max <= 3"), &rows(), &readings(), all);
    assert_eq!(f.gates[0].state.id(), "undecided");
}

fn sums(slices: &[TimeSlice]) -> (u64, u64, u64, u64) {
    slices.iter().fold((0, 0, 0, 0), |sum, s| {
        (sum.0 + s.sent, sum.1 + s.completed, sum.2 + s.failed, sum.3 + s.not_sent)
    })
}

#[test]
fn every_request_is_in_one_slice_of_time() {
    let spec = spec(OPEN, 0, &[]);
    let f = found(&spec, &rows(), &readings(), all);
    assert_eq!(f.slices.len(), 20);
    assert_eq!(sums(&f.slices), (19, 18, 1, 1));
    let s = &f.slices[3];
    assert_eq!((s.from_s, s.to_s, s.number), (3.0, 4.0, 3));
    assert_eq!((s.sent, s.completed, s.failed, s.in_flight), (1, 1, 0, 0.5));
    assert_eq!((s.ttft.n, s.ttft.max_s, s.ttft.p50_s, s.ttft.p95_s), (1, Some(0.1), None, None));
    assert_eq!(s.e2e_from_intended.unwrap().max_s, Some(0.5));
    assert_eq!((s.dispatch_lag.n, s.dispatch_lag.max_s), (1, Some(0.0)));
    assert_eq!((s.cpu.get("host"), s.cpu.get("client")), (Some(&0.5), Some(&0.1)));
    assert_eq!(s.server_running.get("scrape"), Some(&3.0));
    assert_eq!((f.slices[10].failed, f.slices[10].ttft.n), (1, 0));
    assert_eq!((f.slices[15].not_sent, f.slices[15].sent), (1, 0));
    let last = &f.slices[19];
    assert_eq!((last.to_s, last.completed), (19.5, 1), "the last end closes the last slice");
}

#[test]
fn slices_of_any_length_hold_the_same_requests() {
    let spec = spec(OPEN, 0, &[]);
    for how in [Slicing::Count(1), Slicing::Count(7), Slicing::Seconds(5.0), Slicing::Seconds(0.33)] {
        let slices = found(&spec, &rows(), &[], |view| timeline(view, how));
        assert_eq!(sums(&slices), (19, 18, 1, 1), "{how:?}");
        let flown: f64 = slices.iter().map(|s| s.in_flight * (s.to_s - s.from_s)).sum();
        assert!((flown - 19.0 * 0.5).abs() < 1e-6, "{how:?}: {flown}");
        assert!(slices.windows(2).all(|w| w[0].to_s == w[1].from_s), "{how:?}");
    }
    let one = found(&spec, &rows(), &[], |view| timeline(view, Slicing::Count(1)));
    assert_eq!((one.len(), one[0].ttft.n, one[0].ttft.p50_s), (1, 18, Some(0.1)));
}

#[test]
fn the_order_of_arrival_changes_nothing_and_closed_loops_have_no_intended_times() {
    let spec = spec(OPEN, 0, &[]);
    let straight = found(&spec, &rows(), &readings(), all);
    let (mut rows, mut readings) = (rows(), readings());
    rows.reverse();
    readings.reverse();
    let back = found(&spec, &rows, &readings, all);
    assert_eq!(straight.slices, back.slices);
    assert_eq!(straight.estimates, back.estimates);
    let closed = found(&crate::build::spec(CLOSED, 0, &[]), &rows, &[], all);
    assert!(closed.slices.iter().all(|s| s.e2e_from_intended.is_none() && s.cpu.is_empty()));
}

#[test]
fn what_went_wrong_beside_the_run_is_a_warning() {
    let mut readings = readings();
    readings.push(reading("server", "gone_pid", 7_000, 77.0));
    readings.push(reading("scrape", "scrape_failed", 8_000, 1.0));
    let f = found(&spec(OPEN, 0, &[]), &rows(), &readings, all);
    let has = |words: &str| f.warnings.iter().any(|w| w.starts_with(words));
    assert!(has("server process 77 ended at second 7.0"), "{:?}", f.warnings);
    assert!(has("1 of 1 scrapes of scrape failed"), "{:?}", f.warnings);
}
