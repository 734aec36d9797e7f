//! Loads through the real binary: arrivals, stages, pauses, what ends a phase, bad input.

use crate::{Place, Sim};
use serde_json::{Value, json};

/// A benchmark of the built-in server; its report as JSON.
fn bench(flags: &[&str]) -> Value {
    bench_of(&json!({"ttft_ms": 5, "gap_ms": 1, "tokens": 4}), flags)
}

fn bench_of(server: &Value, flags: &[&str]) -> Value {
    let place = Place::new();
    let sim = Sim::start(&place, server, &[]);
    let mut args = vec!["bench", "--url", &sim.url, "--model", "sim", "--seed", "3", "--format", "json"];
    args.extend(flags);
    let ran = place.run(&args);
    // A busy machine may be too late to call its latencies valid.
    assert!([0, 5].contains(&ran.code()), "{}", ran.err());
    ran.json()
}

#[test]
fn stages_of_bursts_are_sent_with_their_warm_up_and_cool_down() {
    let flags = ["--stages", "1s:20,1s:20-60,1s:60", "--arrivals", "gamma", "--burstiness", "0.5"];
    let parts = ["--warmup", "500ms", "--cooldown", "500ms"];
    let report = bench(&[&flags[..], &parts].concat());
    let run = &report["run"];
    assert_eq!(run["phases"][0]["name"], "gamma(0.5) 20-60/s", "{run}");
    assert_eq!(run["phases"][0]["load"], "varying");
    let (counted, beside) = (run["requests"].as_u64().unwrap(), run["warmup"].as_u64().unwrap());
    // 120 on average, 10 of them before and 30 after what counts; bursts spread them.
    assert!((40..=130).contains(&counted) && (15..=75).contains(&beside), "{counted} + {beside}");
}

#[test]
fn users_pause_and_a_phase_has_its_caps() {
    let flags = ["--user-stages", "400ms:1,1s:1-4", "--think-time", "20ms", "--pacing", "50ms"];
    let run = &bench(&flags)["run"];
    assert_eq!(run["phases"][0]["load"], "users");
    let requests = run["requests"].as_u64().unwrap();
    assert!((20..=70).contains(&requests), "at most 20 a second of each user: {requests}");
    let capped = bench(&["--concurrency", "2", "--duration", "60s", "--max-requests", "9"]);
    assert_eq!(capped["run"]["requests"], 9);
    let timed = bench(&["--rate", "20", "--duration", "60s", "--max-time", "500ms"]);
    let warnings = timed["warnings"].to_string();
    assert!(warnings.contains("ended by max_time, 0.5 s after its start"), "{warnings}");
    assert_eq!(timed["run"]["state"], "done");
}

#[test]
fn a_run_that_stops_when_it_knows_enough_says_that_it_looked() {
    let rule = "e2e.p50 within 50 %";
    let flags = ["--rate", "150", "--arrivals", "constant", "--requests", "4000", "--stop-when", rule];
    // Times that owe nothing to their neighbours, whatever the machine does meanwhile.
    let report = bench_of(&json!({"ttft_ms": "uniform(5, 200)", "gap_ms": 1, "tokens": 2}), &flags);
    let requests = report["run"]["requests"].as_u64().unwrap();
    assert!((100..4000).contains(&requests), "{requests}");
    assert_eq!(report["run"]["sequential"], "stop_when 'e2e.p50 within 50 %'");
    let estimates = report["estimates"].as_array().unwrap();
    let e2e = estimates.iter().find(|e| e["metric"] == "e2e" && e["stat"] == "p50").unwrap();
    assert!(e2e["how"].as_str().unwrap().contains("; sequential;"), "{e2e}");
    assert!(report["warnings"].to_string().contains("estimates are sequential"), "{}", report["warnings"]);
}

#[test]
fn a_rate_file_and_an_abort_rule() {
    let place = Place::new();
    let sim = Sim::start(&place, &json!({"ttft_ms": 3000, "tokens": 4}), &[]);
    place.file("rates.jsonl", "{\"seconds\": 0, \"rate\": 50}\n{\"seconds\": 30, \"rate\": 60}\n");
    let flags = ["--rate-file", "rates.jsonl", "--abort", "in_flight > 10 for 1 s", "--arrivals", "constant"];
    let mut args = vec!["bench", "--url", &sim.url, "--model", "sim", "--format", "json"];
    args.extend(flags);
    let ran = place.run(&args);
    assert!(ran.err().contains("abort rule 'in_flight > 10 for 1 s'"), "{}", ran.err());
    let text = place.run(&["report", "latest", "--format", "json"]).out();
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["run"]["stopped"], "abort rule 'in_flight > 10 for 1 s'");
    let requests = report["run"]["requests"].as_u64().unwrap();
    assert!((55..=110).contains(&requests), "50 a second for a little over a second: {requests}");
}

#[test]
fn what_cannot_be_is_said_with_a_hint() {
    let place = Place::new();
    place.file("unsorted.csv", "seconds,rate\n0,10\n20,30\n10,20\n");
    place.file("negative.csv", "0,10\n-5,20\n");
    for (flags, says) in [
        (&["--rate", "200000"][..], "at most 100000"),
        (&["--stages", "30s:10,0s:5"], "more than 0"),
        (&["--stages", "30s"], "stage 1: it has no ':'"),
        (&["--stages", "30s:200000"], "stage 1: 200000 is not from 0 to 100000"),
        (&["--stages", "10s:0"], "nothing would be sent"),
        (&["--user-stages", "10s:1.5"], "users are whole"),
        (&["--rate-file", "unsorted.csv"], "the time 10 does not come after 20 of line 3"),
        (&["--rate-file", "negative.csv"], "negative.csv:2"),
        (&["--rate-file", "none.csv"], "cannot read 'none.csv'"),
        (&["--rate-file", "."], "is no regular file"),
        (&["--rate", "5", "--arrivals", "gamma"], "--arrivals gamma needs --burstiness"),
        (&["--rate", "5", "--burstiness", "0.5"], "--burstiness is for gamma arrivals"),
        (&["--concurrency", "5", "--arrivals", "constant"], "--arrivals is for open loops"),
        (&["--rate", "5", "--think-time", "1s"], "--think-time: it is for closed loops"),
        (&["--concurrency", "5", "--max-in-flight", "9"], "--max-in-flight is for open loops"),
        (&["--stages", "5s:5", "--warmup", "3s", "--cooldown", "2s"], "leave nothing that counts"),
        (&["--rate", "90000", "--duration", "1h"], "more than 50000000"),
        (&["--stop-when", "ttft.p95 < 5 %"], "--stop-when: 'ttft.p95 < 5 %' has no ' within '"),
        (&["--abort", "in_flight > 5 for 0 s"], "--abort: '0 s' is no time from 1 s to 1 h"),
        (&["--concurrency", "5", "--abort", "saturated"], "--abort: 'saturated' is for open loops"),
        (&["--warmup", "soon"], "expected a duration"),
    ] {
        let mut args = vec!["bench", "--url", "http://127.0.0.1:1/v1", "--model", "m"];
        args.extend(flags);
        let ran = place.run(&args).exits(2);
        assert!(ran.err().contains(says), "{flags:?}: {}", ran.err());
    }
}
