//! Suites end to end: every exit code, and the store as the only source of a report.

use crate::{Place, Sim, cases, estimate, suite};
use serde_json::json;

const QUICK: &str = "{ttft_ms: 1, gap_ms: 0, answers: {file: cases.jsonl}}";

fn quick(gates: &str, more: &str) -> String {
    suite("sim:quick", "[closed: 4]", &format!("gates: {gates}\n{more}"))
        .replace("model: sim }", &format!("model: sim, sim: {QUICK} }}"))
}

fn with_gates(gates: &str) -> (Place, String) {
    let place = Place::new();
    place.file("cases.jsonl", &cases(40));
    let path = place.file("suite.yaml", &quick(gates, ""));
    let path = path.display().to_string();
    (place, path)
}

#[test]
fn a_suite_whose_gates_hold_exits_0_and_reports_the_same_again() {
    let (place, path) = with_gates("[\"accuracy.low >= 50 %\", \"error_rate <= 1 %\"]");
    let ran = place.run(&["run", &path, "--format", "json"]).exits(0);
    let report = ran.json();
    assert_eq!(estimate(&report, "accuracy", "share")["value"], json!(1.0));
    let again = place.run(&["report", "latest", "--format", "json"]).exits(0);
    assert_eq!(again.out(), ran.out(), "run prints by reading the store back");
    let table = place.run(&["report", "latest"]).exits(0).out();
    for words in ["accuracy", "ttft", "met", "40 of 40"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    let runs = place.run(&["runs", "--format", "json"]).exits(0).json();
    assert_eq!(runs["runs"][0]["id"], report["run"]["id"]);
}

#[test]
fn resuming_a_complete_run_changes_nothing() {
    let (place, path) = with_gates("[]");
    let first = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).out();
    let again = place.run(&["run", "--resume", "latest", "--format", "json"]).exits(0);
    assert!(again.err().contains("nothing is left to send"), "{}", again.err());
    assert_eq!(again.out(), first);
}

#[test]
fn a_broken_gate_exits_1_and_an_undecided_one_5() {
    let (place, path) = with_gates("[\"accuracy <= 50 %\"]");
    let ran = place.run(&["run", &path]).exits(1);
    assert!(ran.out().contains("broken"), "{}", ran.out());
    let (place, path) = with_gates("[\"accuracy.low >= 99.9 %\"]");
    let ran = place.run(&["run", &path]).exits(5);
    assert!(ran.out().contains("undecided"), "{}", ran.out());
}

#[test]
fn a_target_that_is_down_exits_3_and_every_request_is_on_record() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(5));
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let path = place.file("suite.yaml", &suite(&format!("http://127.0.0.1:{port}/v1"), "[closed: 2]", ""));
    let ran = place.run(&["run", &path.display().to_string(), "--format", "json"]).exits(3);
    assert!(ran.err().contains("no connection") && ran.err().contains("hint:"), "{}", ran.err());
    let report = ran.json();
    assert_eq!(estimate(&report, "error_rate", "share")["value"], json!(1.0));
    assert_eq!(estimate(&report, "accuracy", "share")["value"], json!(null));
}

#[test]
fn a_typo_exits_2_with_the_line_and_a_caret() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(2));
    let path = place.file("suite.yaml", &format!("{}repeat: 3\n", quick("[]", "")));
    let ran = place.run(&["run", &path.display().to_string()]).exits(2);
    assert!(ran.err().contains("unknown key 'repeat'"), "{}", ran.err());
    assert!(ran.err().contains("^^^^^^") && ran.err().contains("repeats"), "{}", ran.err());
    assert!(!place.path().join(".acidtest").exists(), "nothing was stored");
}

#[test]
fn a_gate_on_an_unknown_metric_points_at_it() {
    let (place, path) = with_gates("[\"acuracy >= 50 %\"]");
    let ran = place.run(&["run", &path]).exits(2);
    assert!(
        ran.err().contains("acuracy") && ran.err().contains("^") && ran.err().contains("accuracy"),
        "{}",
        ran.err()
    );
}

#[test]
fn phases_warm_up_and_repeats_are_all_counted() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(10));
    let text = suite(
        "sim:quick",
        "[{closed: 2, warmup: 3}, {poisson: 200, count: 50}, {constant: 100, for: 300 ms}]",
        "repeats: 2",
    )
    .replace("model: sim }", &format!("model: sim, sim: {QUICK} }}"));
    let path = place.file("suite.yaml", &text);
    let report = place.run(&["run", &path.display().to_string(), "--format", "json"]).exits(0).json();
    let n = |phase: &str| {
        let all = report["estimates"].as_array().unwrap();
        let e = all
            .iter()
            .find(|e| e["metric"] == "accuracy" && e["labels"]["phase"].as_str().unwrap().starts_with(phase));
        e.unwrap()["n"]["requests"].as_u64().unwrap()
    };
    assert_eq!((n("closed"), n("poisson"), n("constant")), (20, 50, 30));
}

#[test]
fn bench_measures_a_running_server() {
    let place = Place::new();
    let sim = Sim::start(&place, &json!({"ttft_ms": 20, "gap_ms": 2, "tokens": 16}), &[]);
    let ran = place
        .run(&[
            "bench",
            "--url",
            &sim.url,
            "--model",
            "sim",
            "--concurrency",
            "8",
            "--requests",
            "120",
            "--max-tokens",
            "16",
            "--format",
            "json",
            "--store",
            "bench.db",
            "--seed",
            "7",
            // A busy machine spoils times, not what is looked at here.
            "--undecided",
            "pass",
        ])
        .exits(0);
    let report = ran.json();
    let ttft = estimate(&report, "ttft", "p50")["value"].as_f64().unwrap();
    assert!((0.019..0.3).contains(&ttft), "asked 20 ms, never earlier: {ttft}");
    assert_eq!(estimate(&report, "error_rate", "share")["value"], json!(0.0));
    assert!(place.path().join("bench.db").exists());
    let open = place
        .run(&[
            "bench",
            "--url",
            &sim.url,
            "--model",
            "sim",
            "--rate",
            "100",
            "--arrivals",
            "constant",
            "--duration",
            "500ms",
            "--max-tokens",
            "4",
            "--undecided",
            "pass",
            "--format",
            "json",
            "--store",
            "bench.db",
        ])
        .exits(0)
        .json();
    assert!(estimate(&open, "ttft_from_intended", "p50")["value"].as_f64().unwrap() >= 0.019);
    assert_eq!(open["run"]["requests"], json!(50));
}

#[test]
fn runs_are_shown_deleted_and_pruned() {
    let (place, path) = with_gates("[]"); // only measures
    for _ in 0..3 {
        place.run(&["run", &path, "-q"]).exits(0);
    }
    let list =
        || place.run(&["runs", "--format", "json"]).exits(0).json()["runs"].as_array().unwrap().clone();
    let ids: Vec<String> = list().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 3);
    assert!(place.run(&["runs", "show", &ids[0][..6]]).exits(0).out().contains("\"seed\""));
    place.run(&["runs", "delete", "nosuchrun"]).exits(2);
    place.run(&["runs", "delete", &ids[1]]).exits(0);
    place.run(&["runs", "prune", "--keep", "1"]).exits(0);
    assert_eq!(list().len(), 1);
    assert_eq!(list()[0]["id"], ids[0].as_str());
    place.run(&["report", &ids[2]]).exits(2);
}

#[test]
fn cost_and_time_caps_stop_a_run_and_say_so() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(200));
    let priced = |caps: &str| {
        suite("sim:s", "[closed: 1]", caps).replace(
            "model: sim }",
            "model: sim, sim: {ttft_ms: 5, gap_ms: 0, answers: {file: cases.jsonl}}, price: {currency: USD, input: 0, output: 0, request: 0.5} }",
        )
    };
    place.file("suite.yaml", &priced("caps: { cost: 5 }"));
    let ran = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0);
    assert!(ran.err().contains("the cost cap was reached"), "{}", ran.err());
    let report = ran.json();
    assert_eq!(
        (&report["run"]["planned"], &report["run"]["stopped"]),
        (&json!(200), &json!("the cost cap was reached"))
    );
    assert_eq!(report["run"]["state"], json!("stopped"));
    // Ten requests at half a dollar, and what was sent before the tenth was counted.
    let requests = report["run"]["requests"].as_u64().unwrap();
    assert!((10..=30).contains(&requests), "{requests}");
    // The cap is on the whole run: going on adds at most what is in flight.
    let again = place.run(&["run", "--resume", "latest", "--format", "json"]).exits(0).json();
    assert!(again["run"]["requests"].as_u64().unwrap() <= requests + 1);

    place.file("suite.yaml", &priced("caps: { time: 300 ms }"));
    let ran = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0);
    assert!(
        ran.err().contains("the time cap was reached") && ran.err().contains("--resume"),
        "{}",
        ran.err()
    );
    let done = place.run(&["run", "--resume", "latest", "--format", "json"]).exits(0).json();
    assert!(done["run"]["requests"].as_u64().unwrap() < 200, "it is the time of one sitting");
}
