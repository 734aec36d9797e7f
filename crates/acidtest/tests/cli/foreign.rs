//! Other tools' files through the real binary: the same pass and fail as the tools' own.

use crate::Place;
use serde_json::Value;
use std::collections::HashMap;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/foreign").join(name)
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn outcome(name: &str) -> Vec<Value> {
    lines(&std::fs::read_to_string(fixture(name)).unwrap())
}

/// Whether each (case id, prompt) of the latest run is correct, and what was answered.
fn correct(place: &Place) -> HashMap<(String, u64), (bool, String)> {
    let export = lines(&place.run(&["export", "latest"]).exits(0).out());
    let mut cases = HashMap::new();
    let mut records = HashMap::new();
    let mut out = HashMap::new();
    for line in &export {
        if let Some(case) = line.get("case") {
            cases.insert(case["hash"].as_str().unwrap(), case["id"].as_str().unwrap());
        }
        if let Some(r) = line.get("record") {
            let id = cases[r["case"].as_str().unwrap()].to_owned();
            let text = r["answer"]["parts"][0]["text"].as_str().unwrap_or_default().to_owned();
            records.insert(r["key"]["slot"].as_u64().unwrap(), (id, r["prompt"].as_u64().unwrap(), text));
        }
        if let Some(v) = line.get("verdict").filter(|v| v["name"] == "correct") {
            let (id, prompt, text) = &records[&v["about"][0]["key"]["slot"].as_u64().unwrap()];
            out.insert((id.clone(), *prompt), (v["value"]["bool"].as_bool().unwrap(), text.clone()));
        }
    }
    out
}

/// Imports a configuration, runs it, and compares each answer with promptfoo's outcome.
fn as_promptfoo(config: &str, recorded: &str, lost: &[&str]) {
    let place = Place::new();
    let config = fixture(config);
    let ran = place.run(&["import", config.to_str().unwrap(), "--output", "s"]).exits(0);
    assert!(lost.iter().all(|word| ran.err().contains(word)), "{}", ran.err());
    place.run(&["run", "s", "-q"]).exits(0);
    let ours = correct(&place);
    let theirs = outcome(recorded);
    assert_eq!(ours.len(), theirs.len());
    for said in &theirs {
        let (test, prompt) = (said["testIdx"].to_string(), said["promptIdx"].as_u64().unwrap());
        let found = ours.iter().find(|((id, p), _)| *p == prompt && id.split(' ').next() == Some(&test));
        let (right, text) = found.map(|(_, v)| v).unwrap();
        assert_eq!(text, said["output"].as_str().unwrap(), "test {test}");
        assert_eq!(*right, said["success"].as_bool().unwrap(), "test {test}, prompt {prompt}: {text}");
    }
}

#[test]
fn a_promptfoo_configuration_passes_and_fails_as_in_promptfoo() {
    let lost = ["promptfooconfig.yaml:", "javascript"];
    as_promptfoo("promptfoo/promptfooconfig.yaml", "promptfoo/outcome.jsonl", &lost);
}

#[test]
fn json_times_cost_and_length_pass_and_fail_as_in_promptfoo() {
    let lost = ["measured.yaml:", "contains-json", "latency", "cost"];
    as_promptfoo("promptfoo/measured.yaml", "promptfoo/outcome-measured.jsonl", &lost);
}

#[test]
fn evals_of_openai_pass_and_fail_as_in_oaieval() {
    for name in ["match", "includes", "json"] {
        let place = Place::new();
        let file = if name == "json" { "museum-json.yaml" } else { "museum.yaml" };
        let registry = fixture("openai-evals/registry/evals").join(file);
        let registry = std::fs::read_to_string(registry).unwrap();
        // One eval of the registry: the rest of the file is the other's.
        let at = registry.find("museum-includes:").unwrap_or(0);
        let part = if name == "match" { &registry[..at] } else { &registry[at..] };
        place.file("museum.yaml", part);
        let data = fixture(&format!("openai-evals/registry/data/museum/{name}.jsonl"));
        place.run(&["import", "museum.yaml", "--data", data.to_str().unwrap(), "--output", "s"]).exits(0);
        let suite = std::fs::read_to_string(place.path().join("s/suite.yaml")).unwrap();
        let echo = suite.replace(
            r#"{"name":"target","url":"http://127.0.0.1:8000/v1","model":"MODEL"}"#,
            r#"{"name":"target","url":"sim:echo","model":"m","sim":{"ttft_ms":0,"gap_ms":0,"answers":{"echo":true}}}"#,
        );
        assert_ne!(suite, echo);
        std::fs::write(place.path().join("s/suite.yaml"), echo).unwrap();
        place.run(&["run", "s", "-q"]).exits(0);
        let ours = correct(&place);
        for said in outcome(&format!("openai-evals/outcome-{name}.jsonl")) {
            let (right, text) = &ours[&(format!("sample-{}", said["sample"]), 0)];
            assert_eq!(text, said["sampled"].as_str().unwrap());
            assert_eq!(*right, said["correct"].as_bool().unwrap(), "{name}: {text}");
        }
    }
}

#[test]
fn a_registry_of_openai_evals_finds_its_own_samples() {
    let place = Place::new();
    let file = fixture("openai-evals/registry/evals/museum.yaml");
    let ran = place.run(&["import", file.to_str().unwrap(), "--output", "s"]).exits(0);
    assert!(ran.out().contains("s/suite.yaml") && ran.out().contains("s/suite-2.yaml"), "{}", ran.out());
    // Without its data the hint says where they would be; nothing outside the registry is read.
    std::fs::create_dir_all(place.path().join("registry/evals")).unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    place.file("registry/evals/museum.yaml", &text);
    let ran = place.run(&["import", "registry/evals/museum.yaml", "--output", "t"]).exits(2);
    assert!(ran.err().contains("registry/data/museum/match.jsonl"), "{}", ran.err());
    std::fs::create_dir_all(place.path().join("registry/data")).unwrap();
    place.file("secret.jsonl", "{\"input\": \"q\", \"ideal\": \"a\"}\n");
    place.file("registry/evals/museum.yaml", &text.replace("museum/match.jsonl", "../../secret.jsonl"));
    let ran = place.run(&["import", "registry/evals/museum.yaml", "--output", "t"]).exits(2);
    assert!(ran.err().contains("secret.jsonl") && !place.path().join("t").exists(), "{}", ran.err());
}

#[test]
fn results_become_runs_that_report_and_export_read() {
    for (file, words) in [
        ("lm-eval/samples_capitals_2026-11-26T01-37-33.631347.jsonl", "4 records (lm-eval 0.4.13)"),
        ("inspect/capitals.eval", "6 records (inspect_ai"),
        ("vllm/bench.json", "12 records (vllm bench)"),
        ("aiperf/profile_export.jsonl", "3 records (AIPerf 0.13.0)"),
        ("guidellm/benchmarks.json", "5 records (GuideLLM 0.8.1)"),
        ("llmperf/sim_8_4_summary.json", "2 records (LLMPerf"),
        ("k6/summary_export.json", "0 records (k6)"),
    ] {
        let place = Place::new();
        let path = fixture(file);
        let ran = place.run(&["import", path.to_str().unwrap()]).exits(0);
        assert!(ran.out().contains(words), "{file}: {}", ran.out());
        assert!(
            file.starts_with("lm-eval/x")
                || ran.out().contains("not measured by acidtest")
                || file.contains("aiperf")
        );
        let report = place.run(&["report", "latest", "--format", "json"]);
        assert!([0, 3].contains(&report.code()), "{file}: {}", report.err());
        place.run(&["export", "latest", "--format", "parquet", "-o", "run.parquet"]).exits(0);
        assert!(std::fs::read(place.path().join("run.parquet")).unwrap().starts_with(b"PAR1"));
        let again = place.run(&["import", path.to_str().unwrap()]).exits(2);
        assert!(again.err().contains("already"), "{}", again.err());
        let out = place.run(&["export", "latest"]).exits(0).out();
        place.file("own.jsonl", &out);
        place.run(&["import", "own.jsonl", "--store", "other.db"]).exits(0);
        place.run(&["run", "--resume", "latest"]).exits(2);
    }
}

#[test]
fn latest_after_an_import_is_what_was_imported() {
    let place = Place::new();
    place.run(&["bench", "--url", "sim:x", "--model", "sim", "--requests", "3"]);
    let mut file: Value =
        serde_json::from_slice(&std::fs::read(fixture("vllm/bench.json")).unwrap()).unwrap();
    // Long before the run that is in the store.
    file["date"] = "2020-01-02T03:04:05Z".into();
    file["max_concurrency"] = Value::Null;
    place.file("bench.json", &file.to_string());
    place.run(&["import", "bench.json"]).exits(0);
    let text = place.run(&["report", "latest"]).out();
    assert!(text.contains("144") && text.contains("counts by vllm bench"), "{text}");
    assert!(!text.contains("as the server says"), "{text}");
    assert!(text.contains("load not stated") && !text.contains("asked"), "{text}");
    let listed = place.run(&["runs"]).exits(0).out();
    let first = listed.lines().find(|l| l.contains("vllm") || l.contains("bench")).unwrap();
    assert!(first.contains("vllm bench serve"), "{listed}");
    let json = place.run(&["report", "latest", "--format", "json"]).json();
    assert_eq!(json["run"]["tokens_by"], "vllm bench");
    assert_eq!(json["run"]["phases"][0]["load"], "unstated");
    assert!(json["run"]["phases"][0]["asked"].is_null());
}

#[test]
fn stated_figures_stand_apart_in_reports() {
    let place = Place::new();
    let path = fixture("k6/summary_export.json");
    place.run(&["import", path.to_str().unwrap()]).exits(0);
    let text = place.run(&["report", "latest"]).out();
    assert!(text.contains("STATED") && text.contains("by k6, not measured here"), "{text}");
    assert!(text.contains("http_req_duration.p(95)") && text.contains("130.0"), "{text}");
    let json: Value =
        serde_json::from_str(&place.run(&["report", "latest", "--format", "json"]).out()).unwrap();
    let stated = json["stated"].as_array().unwrap();
    assert!(
        stated
            .iter()
            .any(|s| s["tool"] == "k6" && s["name"] == "http_req_duration.p(95)" && s["value"] == "130.0")
    );
    assert!(!json["estimates"].to_string().contains("http_req"));
}

#[test]
fn lm_eval_accuracy_is_reported() {
    let place = Place::new();
    let path = fixture("lm-eval/samples_capitals_2026-11-26T01-37-33.631347.jsonl");
    place.run(&["import", path.to_str().unwrap()]).exits(0);
    let report = place.run(&["report", "latest", "--format", "json"]).exits(0).json();
    assert_eq!(crate::estimate(&report, "accuracy", "share")["value"], serde_json::json!(0.75));
    let samples = place.run(&["export", "latest", "--format", "lm-eval"]).exits(0).out();
    assert_eq!(lines(&samples).len(), 4);
    let ran = place.run(&["export", "latest", "--format", "vllm"]).exits(0);
    assert_eq!(ran.json()["completed"], serde_json::json!(4));
}

#[track_caller]
fn refused(place: &Place, args: &[&str], words: &[&str]) {
    let ran = place.run(args).exits(2);
    for word in words {
        assert!(ran.err().contains(word), "'{word}' in\n{}", ran.err());
    }
    assert!(!ran.err().contains("has a bug"), "{}", ran.err());
}

#[test]
fn bad_files_are_named_with_a_hint() {
    let place = Place::new();
    place.file("notes.txt", "hello\n");
    place.file("cut.json", "{\"completed\": 3, \"model_id\": \"m\", \"ttfts\": [0.1,");
    place.file("log.eval", "PK\u{3}\u{4} not a zip");
    place.file(
        "pf.yaml",
        "prompts: [x]\nproviders: [echo]\ntests:\n  - assert:\n      - {type: python, value: '1'}\n",
    );
    refused(&place, &["import", "notes.txt"], &["notes.txt", "--from", "hint:"]);
    refused(&place, &["import", "nowhere.json"], &["nowhere.json"]);
    refused(&place, &["import", "cut.json", "--from", "vllm"], &["cut.json:1", "cut", "hint:"]);
    refused(&place, &["import", "log.eval"], &["log.eval", ".eval", "hint:"]);
    refused(&place, &["import", "pf.yaml"], &["--output"]);
    refused(
        &place,
        &["import", "pf.yaml", "--output", "s", "--strict"],
        &["pf.yaml:5", "python", "--strict"],
    );
    assert!(!place.path().join("s").exists());
    place.run(&["import", "pf.yaml", "--output", "s"]).exits(0);
    refused(&place, &["import", "pf.yaml", "--output", "s"], &["suite.yaml", "--force"]);
    place.run(&["import", "pf.yaml", "--output", "s", "--force"]).exits(0);
}
