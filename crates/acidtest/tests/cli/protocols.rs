//! One suite asks the built-in server in every protocol; the server's truth is the judge.

use crate::{Place, Sim, cases};
use serde_json::{Value, json};

const KINDS: [(&str, &str); 6] = [
    ("openai_chat", "chat"),
    ("openai_completions", "completions"),
    ("openai_responses", "responses"),
    ("anthropic", "messages"),
    ("ollama", "ollama"),
    ("embeddings", "embeddings"),
];

fn suite_of(targets: &str, more: &str) -> String {
    format!(
        "name: every\ntargets:\n{targets}prompt: \"{{{{ question }}}}\"\n\
         cases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\n\
         phases: [closed: 2]\n{more}\n"
    )
}

/// The number of that metric for one target.
#[track_caller]
fn number(report: &Value, target: &str, metric: &str, stat: &str) -> Option<f64> {
    let all = report["estimates"].as_array().unwrap();
    let found = all.iter().find(|e| {
        let plain = e["params"].as_object().is_none_or(serde_json::Map::is_empty);
        e["metric"] == metric && e["stat"] == stat && plain && e["labels"]["target"] == target
    });
    found.unwrap_or_else(|| panic!("no {metric}.{stat} of {target}"))["value"].as_f64()
}

fn truth(path: &std::path::Path, api: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().skip(1).map(|l| serde_json::from_str::<Value>(l).unwrap());
    lines.filter(|l| l["api"] == api).collect()
}

fn ask_every(stream: bool) {
    let place = Place::new();
    place.file("cases.jsonl", &cases(10));
    let file = place.path().join("truth.jsonl");
    let config = json!({"ttft_ms": 20, "gap_ms": 1, "answers": {"file": "cases.jsonl"}});
    let sim = Sim::start(&place, &config, &["--truth", "truth.jsonl"]);
    let targets: String = KINDS
        .iter()
        .map(|(kind, _)| {
            let stream = stream && *kind != "embeddings";
            format!(
                "  - {{ name: {kind}, kind: {kind}, url: \"{}\", model: sim, stream: {stream} }}\n",
                sim.url
            )
        })
        .collect();
    place.file("suite.yaml", &suite_of(&targets, "params: { max_tokens: 50 }"));
    let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0).json();
    sim.end();
    for (kind, api) in KINDS {
        let lines = truth(&file, api);
        assert_eq!(lines.len(), 10, "{kind}");
        let sum = |field: &str| lines.iter().map(|l| l[field].as_f64().unwrap()).sum::<f64>();
        assert_eq!(number(&report, kind, "error_rate", "share"), Some(0.0), "{kind}");
        assert_eq!(number(&report, kind, "input_tokens", "total"), Some(sum("prompt_tokens")), "{kind}");
        let e2e = number(&report, kind, "e2e", "p50").unwrap();
        assert!((0.0199..2.0).contains(&e2e), "{kind}: {e2e}");
        if kind == "embeddings" {
            assert_eq!(number(&report, kind, "output_tokens", "total"), None);
            continue;
        }
        assert_eq!(number(&report, kind, "output_tokens", "total"), Some(sum("completion_tokens")), "{kind}");
        assert_eq!(number(&report, kind, "accuracy", "share"), Some(1.0), "{kind}");
        let ttft = number(&report, kind, "ttft", "p50");
        assert_eq!(ttft.is_some(), stream, "{kind}");
        assert!(ttft.is_none_or(|t| t >= 0.0199), "{kind}: an opening event is no content: {ttft:?}");
    }
    // Ollama says how long it took by its own clock.
    let said = number(&report, "ollama", "server_time", "p50").unwrap();
    assert!((0.0199..0.2).contains(&said), "{said}");
    assert_eq!(number(&report, "anthropic", "server_time", "p50"), None);
    let shown = place.run(&["report", "latest"]).exits(0).out();
    for words in ["SERVER", "decode_tps", "network_share"] {
        assert!(shown.contains(words), "{words} in\n{shown}");
    }
}

#[test]
fn every_protocol_agrees_with_the_servers_truth_streamed() {
    ask_every(true);
}

#[test]
fn every_protocol_agrees_with_the_servers_truth_whole() {
    ask_every(false);
}

#[test]
fn faults_are_classed_alike_in_every_protocol() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(10));
    let faults = [
        ("error_event", "error_event"),
        ("cut", "cut_stream"),
        ("malformed", "malformed"),
        ("rate_limited", "429"),
        ("overloaded", "529"),
    ];
    for (fault, class) in faults {
        let sim =
            Sim::start(&place, &json!({"ttft_ms": 1, "gap_ms": 0, "tokens": 9, "faults": {fault: 1.0}}), &[]);
        let target = |(kind, _): &(&str, &str)| {
            format!("  - {{ name: {kind}, kind: {kind}, url: \"{}\", model: sim }}\n", sim.url)
        };
        let targets: String = KINDS[..5].iter().map(target).collect();
        place.file("suite.yaml", &suite_of(&targets, ""));
        // No target answered anything: the run says so by its exit code.
        let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(3).json();
        for (kind, _) in &KINDS[..5] {
            let all = report["estimates"].as_array().unwrap();
            let found = all.iter().find(|e| {
                e["metric"] == "error_rate" && e["params"]["class"] == class && e["labels"]["target"] == *kind
            });
            let value = found.map(|e| e["value"].clone());
            assert_eq!(value, Some(json!(1.0)), "{kind}: {fault}");
        }
    }
}

#[test]
fn an_echoed_prompt_is_stored_apart_with_its_offsets() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(3));
    let target = "  - { name: t, kind: openai_completions, url: 'sim:t', model: sim, sim: { ttft_ms: 1, gap_ms: 0, tokens: 4 } }\n  \
         - { name: o, kind: ollama, url: 'sim:o', model: sim, sim: { ttft_ms: 1, gap_ms: 0, tokens: 4 } }\n";
    place.file("suite.yaml", &suite_of(target, "params: { echo: true, logprobs: 2 }"));
    let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0).json();
    assert_eq!(number(&report, "o", "error_rate", "share"), Some(0.0));
    let exported = place.run(&["export", "latest"]).exits(0).out();
    let mut seen = 0;
    for line in exported.lines().filter(|l| l.contains("\"logprobs\"") && l.contains("\"prompt\"")) {
        let line: Value = serde_json::from_str(line).unwrap();
        let mut sides = Vec::new();
        collect(&line, &mut sides);
        let [prompt, own] = sides.as_slice() else { continue };
        seen += 1;
        assert_eq!((&prompt["side"], &own["side"]), (&json!("prompt"), &json!("completion")));
        let tokens = prompt["tokens"].as_array().unwrap();
        let text: String = tokens.iter().map(|t| t["token"].as_str().unwrap()).collect();
        assert!(text.starts_with("What is item number"), "{text}");
        assert!(tokens[0]["logprob"].is_null() && tokens[1]["logprob"].as_f64().unwrap() < 0.0);
        let mut at = 0;
        for token in tokens.iter().chain(own["tokens"].as_array().unwrap()) {
            assert_eq!(token["offset"], json!(at));
            at += token["token"].as_str().unwrap().chars().count();
        }
        assert_eq!(own["tokens"].as_array().unwrap().len(), 4);
    }
    assert_eq!(seen, 3, "{exported}");
}

/// Every `logprobs` part below a value.
fn collect(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                if key == "logprobs" && value.get("side").is_some() {
                    found.push(value.clone());
                } else {
                    collect(value, found);
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|v| collect(v, found)),
        _ => {}
    }
}

#[test]
fn bench_speaks_every_protocol_and_knows_no_other() {
    let place = Place::new();
    let sim = Sim::start(&place, &json!({"ttft_ms": 1, "gap_ms": 0, "tokens": 4}), &[]);
    for (kind, _) in KINDS {
        let args = [
            "bench",
            "--url",
            &sim.url,
            "--kind",
            kind,
            "--model",
            "sim",
            "--requests",
            "5",
            "--undecided",
            "pass",
            "--format",
            "json",
        ];
        let report = place.run(&args).exits(0).json();
        assert_eq!(number(&report, "sim", "error_rate", "share"), Some(0.0), "{kind}");
    }
    let ran = place.run(&["bench", "--url", &sim.url, "--kind", "gemini", "--model", "m"]).exits(2);
    assert!(ran.err().contains("expected one of openai_chat"), "{}", ran.err());
}

#[test]
fn every_example_of_the_guide_works_offline() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/targets.md");
    let page = std::fs::read_to_string(page).unwrap();
    let place = Place::new();
    let mut seen = 0;
    for block in page.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        // Fragments of a target are no suites.
        let Some((before, rest)) = block.split_once("url: \"http") else { continue };
        let (_, after) = rest.split_once('"').unwrap();
        let text = format!(
            "{before}url: 'sim:t'{after}prompt: \"{{{{ q }}}}\"\ncases: [{{ q: \"Hello?\", expected: x }}]\n"
        );
        place.file("suite.yaml", &text);
        let mut command = place.command(&["run", "suite.yaml", "--format", "json"]);
        command.env("OPENAI_API_KEY", "key-1").env("ANTHROPIC_API_KEY", "key-2");
        let ran = crate::Ran(command.output().unwrap()).exits(0);
        let report = ran.json();
        let errors = crate::estimate(&report, "error_rate", "share");
        assert_eq!(errors["value"], json!(0.0), "{text}");
        seen += 1;
    }
    assert_eq!(seen, KINDS.len());
}
