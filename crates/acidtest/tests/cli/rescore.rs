//! Stored answers used again: scored by another suite, replayed, taken from the cache.

use crate::{Place, Sim, cases, estimate, suite};
use serde_json::{Value, json};

const ANSWERS: &str = "{ttft_ms: 3, gap_ms: 0, answers: {file: cases.jsonl}}";

/// A suite over ten cases and its own built-in server.
fn own(place: &Place, more: &str) -> String {
    place.file("cases.jsonl", &cases(10));
    let text = suite("sim:quick", "[closed: 2]", more)
        .replace("model: sim }", &format!("model: sim, sim: {ANSWERS} }}"));
    place.file("suite.yaml", &text);
    text
}

fn export(place: &Place, run: &str) -> Vec<Value> {
    let out = place.run(&["export", run]).exits(0).out();
    out.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn records(lines: &[Value]) -> Vec<&Value> {
    lines.iter().filter_map(|l| l.get("record")).collect()
}

#[test]
fn scoring_again_adds_verdicts_and_changes_no_record() {
    let place = Place::new();
    let text = own(&place, "");
    let first = place.run(&["run", "-q", "--format", "json"]).exits(0).json();
    assert_eq!(estimate(&first, "accuracy", "share")["value"], json!(1.0));
    let before = export(&place, "latest");
    // Another scorer: an answer is longer than its reference.
    let strict = text.replace("scorers: [contains]", "scorers: [{ type: exact, name: strict, not: true }]");
    place.file("strict.yaml", &strict);
    let ran = place.run(&["score", "--run", "latest", "--suite", "strict.yaml", "--format", "json"]).exits(0);
    assert!(ran.err().contains("scored 10 answers again"), "{}", ran.err());
    let report = ran.json();
    estimate(&report, "strict", "mean");
    let old = report["estimates"].as_array().unwrap().iter().find(|e| e["metric"] == "contains");
    assert!(old.is_none_or(|e| e["value"].is_null()), "what the suite no longer asks is taken back: {old:?}");
    assert_eq!(place.run(&["report", "--format", "json"]).exits(0).json(), report);
    let after = export(&place, "latest");
    assert_eq!(records(&before), records(&after), "records are never changed");
    assert!(after.len() > before.len());
}

#[test]
fn changed_references_are_paired_by_id_on_request() {
    let place = Place::new();
    let text = own(&place, "");
    place.run(&["run", "-q"]).exits(0);
    place.file("other.jsonl", &cases(10).replace("thing3x", "nothing"));
    place.file("other.yaml", &text.replace("cases: { file: cases.jsonl", "cases: { file: other.jsonl"));
    let ran = place.run(&["score", "--run", "latest", "--suite", "other.yaml"]).exits(0);
    assert!(ran.err().contains("left as they were: 1") && ran.err().contains("--by id"), "{}", ran.err());
    let ran = place
        .run(&["score", "--run", "latest", "--suite", "other.yaml", "--by", "id", "--format", "json"])
        .exits(0);
    assert!(ran.err().contains("differ from the run's in 1"), "{}", ran.err());
    assert_eq!(estimate(&ran.json(), "accuracy", "share")["value"], json!(0.9));
    // A suite about other questions has nothing to say.
    place.file("foreign.jsonl", &cases(3).replace("item number", "piece number"));
    place.file("foreign.yaml", &text.replace("file: cases.jsonl, map", "file: foreign.jsonl, map"));
    let ran = place.run(&["score", "--run", "latest", "--suite", "foreign.yaml"]).exits(2);
    assert!(ran.err().contains("none of the 10 answers"), "{}", ran.err());
}

#[test]
fn a_replay_needs_no_server_and_says_the_same() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(10));
    let config = json!({"ttft_ms": 2, "gap_ms": 0, "faults": []});
    let sim = Sim::start(&place, &config, &[]);
    let url = sim.url.clone();
    let keyed = |more: &str| {
        suite(&url, "[closed: 2, warmup: 2]", more)
            .replace("[closed: 2, warmup: 2]", "[{closed: 2, warmup: 2}]")
            .replace("model: sim }", "model: sim, key: REPLAY_TEST_KEY }")
    };
    place.file("suite.yaml", &keyed("repeats: 2"));
    let mut run = place.command(&["run", "-q", "--format", "json"]);
    let first = run.env("REPLAY_TEST_KEY", "k-0123456789").output().unwrap();
    let first: Value = serde_json::from_slice(&first.stdout).unwrap();
    let id = first["run"]["id"].as_str().unwrap().to_owned();
    sim.end();
    let ran = place.run(&["run", "-q", "--replay", &id, "--format", "json"]).exits(0);
    let again = ran.json();
    assert_eq!(again["run"]["replayed_from"], json!(id));
    assert_eq!(again["estimates"], first["estimates"], "same answers, same times");
    assert_eq!(again["validity"], first["validity"]);
    let lines = export(&place, "latest");
    let all = records(&lines);
    assert_eq!(all.len(), 22);
    assert!(all.iter().all(|r| r["copied_from"]["run"] == json!(id)), "{}", all[0]);
    // One more repeat than was recorded: not found, counted, listed, never sent.
    place.file("suite.yaml", &keyed("repeats: 3"));
    let ran = place.run(&["run", "--replay", &id, "--format", "json"]).exits(0);
    assert!(ran.err().contains("10 of 30 requests are not in run"), "{}", ran.err());
    let report = ran.json();
    let missing = report["tables"].as_array().unwrap().iter().find(|t| t["name"] == "not_sent").unwrap();
    assert_eq!(missing["rows"][0]["class"], json!("not_recorded"));
    let lines = place.run(&["report", "--format", "csv-cases"]).exits(0).out();
    assert_eq!(lines.lines().filter(|l| l.contains("not_sent: not_recorded")).count(), 10, "{lines}");
    let ran = place.run(&["run", "--resume", "latest"]).exits(2);
    assert!(ran.err().contains("is a replay of run"), "{}", ran.err());
    place.run(&["run", "--replay", "nosuchrun"]).exits(2);
    let table = place.run(&["report"]).exits(0).out();
    assert!(table.contains("replayed from"), "{table}");
}

#[test]
fn a_cache_answers_what_was_asked_before_and_keeps_repeats_apart() {
    let place = Place::new();
    let priced = "model: sim, price: { currency: USD, input: 0, output: 0, request: 1 }";
    let text = own(&place, "repeats: 2\ncache: true").replace("model: sim", priced);
    place.file("suite.yaml", &text);
    let first = place.run(&["run", "-q", "--format", "json"]).exits(0).json();
    assert_eq!((&first["run"]["cached"], &first["run"]["requests"]), (&json!(0), &json!(20)));
    // Three repeats where two are known: ten are asked.
    place.file("suite.yaml", &text.replace("repeats: 2", "repeats: 3"));
    let ran = place.run(&["run", "-q", "--format", "json"]).exits(0).json();
    assert_eq!((&ran["run"]["cached"], &ran["run"]["requests"]), (&json!(20), &json!(30)));
    assert_eq!(estimate(&ran, "accuracy", "share")["n"]["requests"], json!(30));
    assert_eq!(estimate(&ran, "ttft", "p50")["n"]["requests"], json!(10), "hits are not measured");
    assert_eq!(estimate(&ran, "cost", "total")["value"], json!(10.0), "hits spend nothing");
    let error_rate = estimate(&ran, "error_rate", "share");
    assert_eq!(error_rate["n"]["records"], json!(10));
    let warnings = ran["warnings"].to_string();
    assert!(warnings.contains("cached 20 of 30, not measured"), "{warnings}");
    let lines = export(&place, "latest");
    let hits: Vec<&Value> = records(&lines).into_iter().filter(|r| !r["copied_from"].is_null()).collect();
    assert_eq!(hits.len(), 20);
    let mut seen: Vec<String> = hits.iter().map(|r| format!("{}{}", r["case"], r["repeat"])).collect();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 20, "each repeat has an answer of its own");
    // Another model is another target.
    place.file("suite.yaml", &text.replace("model: sim,", "model: sim2,"));
    let other = place.run(&["run", "-q", "--format", "json"]).exits(0).json();
    assert_eq!(other["run"]["cached"], json!(0));
    // Another store is looked in when it is named; without --cache nothing is.
    place.file("suite.yaml", &text.replace("cache: true", ""));
    let store = ".acidtest/acidtest.db";
    let far = place.run(&["run", "-q", "--store", "new.db", &format!("--cache={store}"), "--format", "json"]);
    assert_eq!(far.exits(0).json()["run"]["cached"], json!(20));
    let plain = place.run(&["run", "-q", "--store", "new.db", "--format", "json"]).exits(0).json();
    assert_eq!(plain["run"]["cached"], json!(0));
}

#[test]
fn fresh_prompts_are_never_cached() {
    let place = Place::new();
    own(&place, "fresh: true\ncache: true");
    let ran = place.run(&["run"]).exits(2);
    assert!(ran.err().contains("'cache' is of no use") && ran.err().contains('^'), "{}", ran.err());
    own(&place, "fresh: true");
    let ran = place.run(&["run", "--cache", "--format", "json"]).exits(0);
    assert!(ran.err().contains("no cache"), "{}", ran.err());
    assert_eq!(ran.json()["run"]["cached"], json!(0));
    // A replay of fresh prompts has the nonces of the run that it replays.
    let again = place.run(&["run", "-q", "--replay", "latest", "--format", "json"]).exits(0).json();
    assert_eq!(again["run"]["requests"], json!(10));
    assert!(!again["warnings"].to_string().contains("never sent"), "{}", again["warnings"]);
}
