//! kill -9 in the middle, then --resume: no stored record is lost, no slot is
//! answered twice.

use crate::{Place, Sim, cases, suite, wait_until};
use serde_json::{Value, json};
use std::collections::BTreeMap;

const CASES: usize = 120;

/// How often the whole is done; the long proof does more.
fn rounds() -> u64 {
    if std::env::var_os("ACIDTEST_SLOW").is_some() { 100 } else { 10 }
}

#[test]
fn ten_times_in_a_row() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(CASES));
    let sim =
        Sim::start(&place, &json!({"ttft_ms": 4, "gap_ms": 0.5, "answers": {"file": "cases.jsonl"}}), &[]);
    place.file("suite.yaml", &suite(&sim.url, "[closed: 6, {poisson: 800, count: 40}]", ""));
    for round in 0..rounds() {
        one_round(&place, round);
    }
}

/// A suite of 60 cases that takes a good second.
fn slow_suite() -> (Place, Sim) {
    let place = Place::new();
    place.file("cases.jsonl", &cases(60));
    let sim =
        Sim::start(&place, &json!({"ttft_ms": 30, "gap_ms": 1, "answers": {"file": "cases.jsonl"}}), &[]);
    place.file("suite.yaml", &suite(&sim.url, "[closed: 2]", ""));
    (place, sim)
}

#[test]
fn an_interrupt_ends_in_order_and_the_run_goes_on_later() {
    let (place, _sim) = slow_suite();
    let child = place
        .command(&["run", "suite.yaml", "--format", "json", "--store", "i.db"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("some records to be stored", || stored(&place, "i.db") >= 4);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    let report: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(report["run"]["state"], json!("stopped"));
    let before = records(&place, "i.db");
    assert!(before.len() < 60, "it was stopped in the middle");
    let after =
        place.run(&["run", "--resume", "latest", "--format", "json", "--store", "i.db"]).exits(0).json();
    assert_eq!((&after["run"]["requests"], &after["run"]["state"]), (&json!(60), &json!("done")));
    assert!(before.iter().all(|(key, record)| records(&place, "i.db").get(key) == Some(record)));
}

#[test]
fn a_run_that_is_going_on_is_not_resumed_beside_itself() {
    let (place, _sim) = slow_suite();
    let mut child = place.command(&["run", "suite.yaml", "-q", "--store", "b.db"]).spawn().unwrap();
    wait_until("some records to be stored", || stored(&place, "b.db") >= 2);
    let ran = place.run(&["run", "--resume", "latest", "--store", "b.db"]).exits(2);
    assert!(ran.err().contains("another process") && ran.err().contains("hint:"), "{}", ran.err());
    assert!(child.wait().unwrap().success());
    assert_eq!(records(&place, "b.db").len(), 60);
}

#[test]
fn a_store_that_is_deleted_under_a_run_is_an_error() {
    let (place, _sim) = slow_suite();
    let child = place
        .command(&["run", "suite.yaml", "-q", "--store", "d.db"])
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    wait_until("some records to be stored", || stored(&place, "d.db") >= 2);
    std::fs::remove_file(place.path().join("d.db")).unwrap();
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(4), "{err}");
    assert!(err.contains("d.db") && err.contains("removed"), "{err}");
}

#[test]
fn an_imported_run_is_read_and_never_sent() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(5));
    place.file("suite.yaml", &suite("sim:s", "[closed: 2]", ""));
    place.run(&["run", "suite.yaml", "-q", "--store", "a.db"]).exits(0);
    place.run(&["export", "latest", "-o", "run.jsonl", "--store", "a.db"]).exits(0);
    place.run(&["import", "run.jsonl", "--store", "c.db"]).exits(0);
    let report =
        |store| place.run(&["report", "latest", "--format", "json", "--store", store]).exits(0).out();
    assert_eq!(report("a.db"), report("c.db"));
    assert!(place.run(&["run", "--resume", "latest", "--store", "c.db"]).exits(2).err().contains("imported"));
}

fn one_round(place: &Place, round: u64) {
    let store = format!("round{round}.db");
    let mut child = place.command(&["run", "suite.yaml", "-q", "--store", &store]).spawn().unwrap();
    // Another number of stored records each round, so that the kill comes at another moment.
    let enough = 1 + (round * 37) % 110;
    wait_until("some records to be stored", || {
        stored(place, &store) >= enough || child.try_wait().unwrap().is_some()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    let before = records(place, &store);
    assert!(!before.is_empty(), "round {round}");
    let ran = place.run(&["run", "--resume", "latest", "-q", "--store", &store, "--format", "json"]).exits(0);
    let after = records(place, &store);
    for (key, hash) in &before {
        assert_eq!(after.get(key), Some(hash), "round {round}: record {key:?} was lost or changed");
    }
    let mut slots: Vec<u64> = after.keys().map(|k| k.0).collect();
    slots.dedup();
    assert_eq!(slots.len(), after.len(), "round {round}: a slot has two attempts");
    assert_eq!(slots, (0..(CASES + 40) as u64).collect::<Vec<_>>(), "round {round}");
    assert_eq!(ran.json()["run"]["requests"], json!(CASES + 40));
}

fn stored(place: &Place, store: &str) -> u64 {
    let ran = place.run(&["runs", "--store", store, "--format", "json"]);
    if ran.code() != 0 {
        return 0;
    }
    ran.json()["runs"][0]["records"].as_u64().unwrap_or(0)
}

/// Every record by (slot, step, attempt), with all that it holds.
fn records(place: &Place, store: &str) -> BTreeMap<(u64, u64, u64), String> {
    let out = place.run(&["export", "latest", "--store", store]).exits(0).out();
    out.lines()
        .filter_map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let record = line.get("record")?;
            let part = |name: &str| record["key"][name].as_u64().unwrap();
            Some(((part("slot"), part("step"), part("attempt")), record.to_string()))
        })
        .collect()
}
