//! How a client comes to a server: connections used up, addresses in turn, planned cancels, HTTP/2.

use crate::{Place, Sim};
use serde_json::{Value, json};

fn sim(place: &Place) -> Sim {
    Sim::start(place, &json!({"ttft_ms": 5, "gap_ms": 2, "tokens": 12}), &[])
}

fn rows(findings: &Value, table: &str) -> Vec<(String, u64)> {
    let tables = findings["tables"].as_array().unwrap();
    let table = tables.iter().find(|t| t["name"] == table).unwrap_or_else(|| panic!("no table {table}"));
    let row = |r: &Value| (r["class"].as_str().unwrap().to_owned(), r["count"].as_u64().unwrap());
    table["rows"].as_array().unwrap().iter().map(row).collect()
}

/// The records of a run, as they are exported.
fn records(place: &Place, store: &str) -> Vec<Value> {
    let lines = place.run(&["export", "latest", "--store", store]).exits(0).out();
    lines
        .lines()
        .map(|l| serde_json::from_str::<Value>(l).unwrap())
        .filter_map(|v| v.get("record").cloned())
        .collect()
}

#[test]
fn planned_cancels_are_no_errors_and_addresses_are_asked_in_turn() {
    let place = Place::new();
    let (one, other) = (sim(&place), sim(&place));
    let args = [
        "bench",
        "--url",
        &one.url,
        "--url",
        &other.url,
        "--model",
        "m",
        "--requests",
        "60",
        "--concurrency",
        "4",
        "--connection",
        "new",
        "--cancel-after",
        "3 events",
        "--cancel-share",
        "50%",
        "--seed",
        "7",
        "--gate",
        "error_rate <= 0",
        "--store",
        "s.db",
        "--format",
        "json",
        "--quiet",
    ];
    let ran = place.run(&args);
    // 5: on a busy machine its times are not valid, which is not what is asked here.
    assert!([0, 5].contains(&ran.code()), "{}", ran.err());
    let findings = ran.json();
    let delivery = rows(&findings, "delivery");
    let count = |class: &str| delivery.iter().find(|(c, _)| c == class).map_or(0, |(_, n)| *n);
    assert!((15..45).contains(&count("client_cancel")), "{delivery:?}");
    assert_eq!(count("failed"), 0, "{delivery:?}");
    assert_eq!(rows(&findings, "errors"), [("client_cancel".to_owned(), count("client_cancel"))]);
    let records = records(&place, "s.db");
    assert_eq!(records.len(), 60);
    for record in &records {
        let slot = record["key"]["slot"].as_u64().unwrap();
        assert_eq!(record["place"]["address"].as_u64().unwrap_or(0), slot % 2, "{}", record["place"]);
        assert_eq!(record["place"]["reused"], false);
    }
}

#[test]
fn what_does_not_go_together_is_said_before_the_run() {
    let place = Place::new();
    let base = ["bench", "--model", "m", "--url", "http://127.0.0.1:1/v1"];
    let check = |more: &[&str], words: &str| {
        let ran = place.run(&[&base[..], more].concat()).exits(2);
        assert!(ran.err().contains(words), "{}", ran.err());
    };
    check(&["--url", "http://127.0.0.1:2/v2"], "different paths");
    check(&["--url", "ftp://h/v1"], "scheme 'ftp'");
    check(&["--url", "sim:x"], "has one address");
    check(&["--connections", "3"], "--http2");
    check(&["--connection", "often"], "reuse, new");
    check(&["--cancel-after", "soon"], "number of events");
    check(&["--cancel-share", "0.5"], "--cancel-after");
    // Which of them is short first is this machine's affair.
    let many = [&base[..], &["--concurrency", "100000", "--requests", "100000"]].concat();
    let said = place.run(&many).exits(2).err();
    assert!(said.contains("and the run needs 100") || said.contains("100000 connections at once"), "{said}");
}

#[test]
fn a_server_that_speaks_http1_only_is_named() {
    let place = Place::new();
    let sim = sim(&place);
    let ran = place
        .run(&["bench", "--url", &sim.url, "--model", "m", "--requests", "2", "--http2", "--format", "json"])
        .exits(3);
    assert!(ran.out().contains("does it speak it?"), "{}", ran.out());
}
