//! Every fault class at its true count: what we report against what the server
//! says it did.

use crate::{Place, Sim, cases, estimate, suite};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn every_class_is_counted_as_the_server_made_it() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(200));
    let config = json!({
        "ttft_ms": 2, "gap_ms": 0.2, "seed": 11, "exact": true,
        "answers": {"file": "cases.jsonl", "wrong": 0.2},
        "faults": {"rate_limited": 0.1, "cut": 0.02, "stall": {"share": 0.01, "ms": 2000}},
    });
    let sim = Sim::start(&place, &config, &["--truth", "truth.jsonl"]);
    place.file("suite.yaml", &suite(&sim.url, "[closed: 8]", "limits: { gap: 400 ms }"));
    let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0).json();
    sim.end();
    let truth = truth(&std::fs::read_to_string(place.path().join("truth.jsonl")).unwrap());
    assert_eq!(truth.requests, 200);
    // The asked shares, exactly: 200 requests are two blocks of 100.
    assert_eq!(
        truth.faults,
        BTreeMap::from([("rate_limited".into(), 20), ("cut".into(), 4), ("stall".into(), 2)])
    );

    let count = |table: &str, class: &str| -> u64 {
        let tables = report["tables"].as_array().unwrap();
        let rows = tables.iter().filter(|t| t["name"] == table).flat_map(|t| t["rows"].as_array().unwrap());
        rows.filter(|r| r["class"] == class).map(|r| r["count"].as_u64().unwrap()).sum()
    };
    assert_eq!(count("errors", "429"), truth.faults["rate_limited"]);
    assert_eq!(count("errors", "cut_stream"), truth.faults["cut"]);
    assert_eq!(count("errors", "stalled_stream"), truth.faults["stall"]);
    let errors = estimate(&report, "error_rate", "share");
    assert_eq!(errors["value"], json!(26.0 / 200.0));
    assert_eq!(count("judgement", "wrong"), truth.wrong, "delivered and wrong");
    let accuracy = estimate(&report, "accuracy", "share");
    let right = (174 - truth.wrong) as f64 / 174.0;
    assert!((accuracy["value"].as_f64().unwrap() - right).abs() < 1e-12, "{accuracy}");
    assert_eq!(accuracy["n"]["requests"], json!(174), "errors are excluded, and counted");
    assert_eq!(accuracy["missing"]["excluded"], json!(26));
}

struct Truth {
    requests: u64,
    faults: BTreeMap<String, u64>,
    /// Wrong answers among those that were delivered whole.
    wrong: u64,
}

fn truth(text: &str) -> Truth {
    let mut truth = Truth { requests: 0, faults: BTreeMap::new(), wrong: 0 };
    for line in text.lines().skip(1) {
        let line: Value = serde_json::from_str(line).unwrap();
        truth.requests += 1;
        match line["fault"].as_str() {
            Some(fault) => *truth.faults.entry(fault.to_owned()).or_default() += 1,
            None => truth.wrong += u64::from(line["answer"] == "wrong"),
        }
    }
    truth
}
