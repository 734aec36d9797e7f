//! `acidtest calibrate`: reported minus true, by the real binary against its own server.

use crate::Place;
use serde_json::Value;

const SMALL: &[&str] =
    &["calibrate", "--quiet", "--concurrency", "4", "--requests", "24", "--itl", "4ms", "--ttft", "20ms"];

fn run(place: &Place, more: &[&str]) -> Value {
    let mut args = SMALL.to_vec();
    args.extend(["--tokens", "16", "--format", "json"]);
    args.extend(more);
    place.run(&args).exits(0).json()
}

#[test]
fn every_answer_is_joined_and_no_time_is_before_its_write() {
    let place = Place::new();
    let found = run(&place, &["--truth", "truth.jsonl"]);
    assert_eq!(found["schema"], "acidtest.calibration/1");
    assert_eq!(found["joined"]["records"], 24);
    assert_eq!(found["joined"]["joined"], 24);
    assert_eq!(found["joined"]["events"], 24 * 16);
    assert_eq!(found["brackets"]["n"], 24 * 16);
    if cfg!(target_os = "linux") {
        assert_eq!(found["clocks"], "monotonic");
    }
    let gaps = found["exact_gaps"]["of"].as_u64().unwrap();
    assert_eq!(gaps, 24 * 15);
    let row = |what: &str, stamps: &str| {
        let rows = found["errors"].as_array().unwrap();
        rows.iter().find(|r| r["what"] == what && r["stamps"] == stamps).unwrap().clone()
    };
    // A read ends after the write that it read began: by less than the busiest machine's pause.
    let first = row("ttft", "program");
    assert!(first["n"].as_u64().unwrap() > 0, "{first}");
    let p50 = first["p50_s"].as_f64().unwrap();
    assert!((-0.000_1..0.5).contains(&p50), "{first}");
    let quantiles = found["quantiles"].as_array().unwrap();
    assert_eq!(quantiles.len(), 4, "{quantiles:?}");
    assert!(quantiles.iter().all(|q| q["not_printed"].is_null()), "{quantiles:?}");
    assert!(quantiles[0]["true_low_s"].as_f64().unwrap() < quantiles[0]["true_high_s"].as_f64().unwrap());
    let head = std::fs::read_to_string(place.path().join("truth.jsonl")).unwrap();
    assert!(head.lines().count() == 25, "a head and a line a request");
}

#[test]
fn the_run_is_stored_and_its_report_has_the_errors() {
    let place = Place::new();
    let mut args = SMALL.to_vec();
    args.extend(["--tokens", "16"]);
    let told = place.run(&args).exits(0).out();
    for word in ["CALIBRATED", "24 of 24 answers joined", "first token", "exact gaps", "VALID"] {
        assert!(told.contains(word), "{word} in\n{told}");
    }
    let report = place.run(&["report", "latest", "--format", "json"]).exits(0).json();
    let calibrated = report["calibrated"].as_array().unwrap();
    let joined = calibrated.iter().find(|f| f["name"] == "joined").unwrap();
    assert_eq!(joined["value"], "24 of 24");
    assert!(calibrated.iter().any(|f| f["name"] == "ttft.printed.p99_s"), "{calibrated:?}");
    let shown = place.run(&["report", "latest"]).exits(0).out();
    assert!(shown.contains("CALIBRATED"), "{shown}");
}

#[test]
fn what_it_cannot_join_is_refused_or_counted() {
    let place = Place::new();
    place.run(&["calibrate", "--url", "http://127.0.0.1:9/v1"]).exits(2);
    let ran = place.run(&["calibrate", "--concurrency", "0"]).exits(2);
    assert!(ran.err().contains("--concurrency"), "{}", ran.err());
    place.file("no-truth.jsonl", "{\"schema\":\"other\"}\n");
    let sim = crate::Sim::start(&place, &serde_json::json!({"ttft_ms": 1, "gap_ms": 1, "tokens": 3}), &[]);
    let args = ["calibrate", "--quiet", "--requests", "2", "--url", &sim.url, "--truth", "no-truth.jsonl"];
    let ran = place.run(&args).exits(2);
    assert!(ran.err().contains("no-truth.jsonl:1: not a truth file"), "{}", ran.err());
    sim.end();
}
