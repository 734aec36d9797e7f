//! The suite language end to end: what is chosen, skipped, expected to fail, stopped early, and
//! what `plan` says before.

use crate::{Place, estimate};
use serde_json::{Value, json};

const QUICK: &str = "{ttft_ms: 1, gap_ms: 0, answers: {file: cases.jsonl}}";

/// A suite over `cases.jsonl`, which the built-in server answers rightly.
fn suite(more: &str) -> String {
    format!(
        "name: test\ntarget: {{ name: server, url: \"sim:quick\", model: sim, sim: {QUICK} }}\n\
         prompt: \"{{{{ question }}}}\"\nscorers: [contains]\nphases: [closed: 2]\n{more}\n"
    )
}

const MAPPED: &str = "cases: { file: cases.jsonl, map: { expected: answer } }\n";

fn place(n: usize, more: &str) -> (Place, String) {
    let place = Place::new();
    place.file("cases.jsonl", &crate::cases(n));
    let path = place.file("suite.yaml", &suite(more)).display().to_string();
    (place, path)
}

fn count(report: &Value, table: &str, class: &str) -> u64 {
    let tables = report["tables"].as_array().unwrap();
    let rows = tables.iter().filter(|t| t["name"] == table).flat_map(|t| t["rows"].as_array().unwrap());
    rows.filter(|r| r["class"] == class).map(|r| r["count"].as_u64().unwrap()).sum()
}

#[test]
fn shards_of_a_run_are_its_cases_and_nothing_else() {
    let (place, path) = place(30, MAPPED);
    let mut all = 0;
    for shard in ["1/3", "2/3", "3/3"] {
        let ran = place.run(&["run", &path, "-q", "--format", "json", "--shard", shard]).exits(0).json();
        all += ran["run"]["cases"].as_u64().unwrap();
        assert_eq!(ran["run"]["selection"][0], json!(format!("shard {shard}")));
    }
    assert_eq!(all, 30);
    let ran = place.run(&["run", &path, "-q", "--format", "json", "--filter", "id~q1*", "--limit", "4"]);
    assert_eq!(ran.exits(0).json()["run"]["cases"], json!(4));
    let ran = place.run(&["run", &path, "--filter", "id~"]).exits(2);
    assert!(ran.err().contains("--filter:1:4") && ran.err().contains('^'), "{}", ran.err());
    let ran = place.run(&["run", &path, "--shard", "4/3"]).exits(2);
    assert!(ran.err().contains("parts go from 1 to 3"), "{}", ran.err());
    place.run(&["run", "--resume", "latest", "--limit", "1"]).exits(2);
}

#[test]
fn skips_are_not_asked_and_expected_failures_are_out_of_accuracy() {
    let cases = "\
cases:
  - { id: right, question: 'What is item number 0?', expected: thing0x }
  - { id: wrong, question: 'What is item number 1?', expected: other, xfail: known to be wrong }
  - { id: better, question: 'What is item number 2?', expected: thing2x, xfail: was wrong once }
  - { id: never, question: 'What is item number 3?', expected: x, skip: not yet }
";
    let (place, path) = place(5, cases);
    let ran = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    let accuracy = estimate(&ran, "accuracy", "share");
    assert_eq!((&accuracy["value"], &accuracy["n"]["cases"]), (&json!(1.0), &json!(1)));
    assert_eq!((count(&ran, "judgement", "xfail"), count(&ran, "judgement", "xpass")), (1, 1));
    assert_eq!(count(&ran, "judgement", "wrong"), 0);
    assert_eq!(ran["run"]["skipped"], json!([{ "id": "never", "reason": "not yet" }]));
    assert_eq!(ran["run"]["requests"], json!(3));
    let failures = ran["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 1, "only the unexpected pass is listed: {failures:?}");
    assert!(failures[0]["reason"].as_str().unwrap().contains("expected to fail: was wrong once"));
    let strict = place.file("strict.yaml", &suite(&format!("{cases}strict_xfail: true\n")));
    let ran = place.run(&["run", &strict.display().to_string(), "-q"]).exits(1);
    assert!(ran.out().contains("xpass"), "{}", ran.out());
}

#[test]
fn a_rule_ends_the_run_early_and_the_report_says_which() {
    let place = Place::new();
    place.file("cases.jsonl", &crate::cases(400).replace("\"answer\":\"thing", "\"answer\":\"no"));
    let text = suite(&format!(
        "{MAPPED}abort: ['accuracy < 0.5 after 30 (sequential)']\ngates: ['accuracy <= 0.9']"
    ))
    .replace("answers: {file: cases.jsonl}", "ttft_ms: 2")
    .replace("ttft_ms: 1, ", "");
    let path = place.file("suite.yaml", &text).display().to_string();
    let ran = place.run(&["run", &path, "--format", "json"]).exits(5);
    assert!(ran.err().contains("abort rule 'accuracy < 0.5 after 30 (sequential)'"), "{}", ran.err());
    let report = ran.json();
    let requests = report["run"]["requests"].as_u64().unwrap();
    assert!((30..390).contains(&requests), "{requests} requests");
    assert!(report["run"]["sequential"].as_str().unwrap().contains("accuracy < 0.5"));
    let warned =
        report["warnings"].as_array().unwrap().iter().any(|w| w.as_str().unwrap().contains("sequential"));
    assert!(warned && report["gates"][0]["state"] == "undecided", "{report:#}");
}

#[test]
fn repeats_pass_by_their_rule_and_a_matrix_is_sliced() {
    let more = format!(
        "{MAPPED}repeats: {{ n: 3, pass: 2 of 3 }}\nmatrix: {{ temperature: [0, 0.7] }}\n\
         gates: ['case_pass_rate >= 0.9', 'accuracy{{temperature=0.7}} >= 0.9']"
    );
    let (place, path) = place(6, &more);
    let ran = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    assert_eq!(ran["run"]["requests"], json!(6 * 3 * 2));
    let passes = estimate(&ran, "case_pass_rate", "share");
    assert_eq!((&passes["value"], &passes["n"]["cases"]), (&json!(1.0), &json!(6)));
    let sliced = ran["estimates"].as_array().unwrap().iter();
    let sliced = sliced.filter(|e| e["metric"] == "accuracy" && e["labels"]["temperature"] == "0.7");
    assert_eq!(sliced.count(), 1);
    let (place, path) = self::place(3, &format!("{MAPPED}gates: ['case_pass_rate >= 0.9']"));
    let ran = place.run(&["run", &path]).exits(2);
    assert!(ran.err().contains("needs a rule by which a case passes"), "{}", ran.err());
}

#[test]
fn params_and_time_outs_of_a_case_reach_its_request() {
    let cases = "\
params: { max_tokens: 20, seed: 1 }
cases:
  - { id: plain, question: one }
  - { id: own, question: two, params: { max_tokens: 7 }, prompt: 'Own: {{ question }}' }
  - { id: late, question: three, timeout: 20 ms }
";
    let place = Place::new();
    let text = suite(cases).replace(QUICK, "{ttft_ms: 60, gap_ms: 0}").replace("scorers: [contains]\n", "");
    let path = place.file("suite.yaml", &text).display().to_string();
    let ran = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    assert_eq!(count(&ran, "errors", "timeout"), 1, "{:#}", ran["tables"]);
    let failure = &ran["failures"][0];
    assert_eq!((&failure["case"], &failure["reason"]), (&json!("late"), &json!("timeout")));
    let lines = place.run(&["export", "latest"]).exits(0).out();
    // The server counted two words of the case's own prompt and stopped at its own limit.
    assert!(lines.contains("\"input\":2,\"output\":7") && lines.contains("\"finish\":\"length\""), "{lines}");
}

#[test]
fn a_plan_says_what_will_be_sent_and_sends_nothing() {
    let more = format!(
        "{MAPPED}repeats: 2\nparams: {{ max_tokens: 100 }}\n\
         gates: ['accuracy.low >= 95 %', 'ttft.p99.high <= 1 s', 'error_rate <= 1 %']"
    );
    let (place, path) = place(40, &more);
    let priced =
        suite(&more).replace("model: sim,", "model: sim, price: { currency: USD, input: 1, output: 10 },");
    place.file("suite.yaml", &priced);
    let plan = place.run(&["plan", &path, "--format", "json"]).exits(0).json();
    assert!(!place.path().join(".acidtest").exists(), "nothing was stored");
    assert_eq!(
        (&plan["schema"], &plan["requests"], &plan["cases"]),
        (&json!("acidtest.plan/1"), &json!(80), &json!(40))
    );
    let cell = &plan["cells"][0];
    assert_eq!((&cell["output_tokens_at_most"], &cell["cost_is_bound"]), (&json!(8000.0), &json!(true)));
    let cost = cell["cost"]["amount"].as_f64().unwrap();
    assert!(cost > 0.08 && cost < 0.09, "{cost}");
    let states: Vec<&str> =
        plan["gates"].as_array().unwrap().iter().map(|g| g["can"].as_str().unwrap()).collect();
    assert_eq!(states, ["no", "no", "yes"], "{:#}", plan["gates"]);
    assert_eq!((&plan["gates"][0]["fewest"], &plan["gates"][1]["fewest"]), (&json!(59), &json!(500)));
    let table = place.run(&["plan", &path, "--expect", "accuracy=99%"]).exits(0).out();
    for words in ["WILL BE SENT", "cannot be met with 40 cases", "at most 0.0", "no earlier run"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    // After a run the same workload is forecast from it.
    place.run(&["run", &path, "-q"]);
    let plan = place.run(&["plan", &path, "--format", "json"]).exits(0).json();
    assert!(plan["estimator"].as_str().unwrap().contains("as in run"), "{}", plan["estimator"]);
    let cell = &plan["cells"][0];
    assert!(cell["output_tokens"].is_number() && cell["seconds"].is_number(), "{cell:#}");
    assert_eq!(plan["gates"][0]["expected"], json!(1.0));
    place.run(&["plan", &path, "--expect", "accuracy=2"]).exits(2);
}

#[test]
fn a_folder_of_the_hub_can_be_asked() {
    let hub = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/datasets/hub");
    let hub = hub.canonicalize().unwrap();
    let map = "map: { id: id, expected: answer, tags: [lang] }";
    let (place, path) = place(1, &format!("cases: {{ folder: '{}', split: test, {map} }}", hub.display()));
    let ran = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    assert_eq!(ran["run"]["cases"], json!(4));
    assert!(ran["run"]["selection"][0].as_str().unwrap().contains("split test"));
    let (place, path) = self::place(1, "cases: .");
    let ran = place.run(&["run", &path]).exits(2);
    assert!(ran.err().contains("it is a folder"), "{}", ran.err());
}
