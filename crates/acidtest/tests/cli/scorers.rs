//! Scorers through the real binary: the fields suite, programs of the user's own, verdicts of people.

use crate::Place;
use std::path::Path;

const FIELDS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../suites/fields/suite.yaml");

fn share(report: &serde_json::Value, metric: &str, param: (&str, &str), target: &str) -> f64 {
    let all = report["estimates"].as_array().unwrap();
    let is = |e: &&serde_json::Value| {
        e["metric"] == metric && e["params"][param.0] == param.1 && e["labels"]["target"] == target
    };
    // One a cell of the run: their mean is enough here.
    let found: Vec<f64> = all.iter().filter(is).filter_map(|e| e["value"].as_f64()).collect();
    assert!(!found.is_empty(), "{metric} {param:?} {target}");
    found.iter().sum::<f64>() / found.len() as f64
}

#[test]
fn the_fields_suite_shows_the_copied_mistake() {
    let place = Place::new();
    let ran = place.run(&["run", FIELDS, "--format", "json", "--quiet"]).exits(0);
    let report = ran.json();
    let funnel = |stage, target| share(&report, "funnel", ("stage", stage), target);
    assert!((funnel("strict", "careful") - 1.0).abs() < 1e-9);
    assert!((funnel("strict", "copyist") - 0.5).abs() < 0.02, "one of two prompts lacks the comma");
    assert!((funnel("repaired", "copyist") - 1.0).abs() < 1e-9);
    let field = |name, target| share(&report, "field_accuracy", ("name", name), target);
    let counted = "message_is_conversation_continuation";
    assert!(field(counted, "careful") > field(counted, "copyist"));
    let repaired = "message_is_conversation_continuation:repaired";
    assert!((field(repaired, "careful") - field(repaired, "copyist")).abs() < 1e-9);
    let text = place.run(&["report"]).exits(0).out();
    for words in
        ["JSON FUNNEL", "strict JSON", "JSON once repaired", "missing comma", "FIELDS", "user_sentiment"]
    {
        assert!(text.contains(words), "{words}:\n{text}");
    }
}

fn suite(scorer: &str) -> String {
    format!(
        "target: {{ name: t, url: sim:x, model: sim, sim: {{ ttft_ms: 1, gap_ms: 0.1, tokens: 4 }} }}\nprompt: \"{{{{ q }}}}\"\n\
         cases: [{{ id: a, q: one }}, {{ id: b, q: two }}, {{ id: c, q: three }}]\nscorers: [{scorer}]\n"
    )
}

#[cfg(unix)]
fn script(place: &Place, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = place.file(name, text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[cfg(unix)]
#[test]
fn a_program_of_the_users_own_scores() {
    let place = Place::new();
    // Counts its questions: one process lives for the whole run.
    script(
        &place,
        "scorer.sh",
        "#!/bin/sh\nn=0\nwhile read -r line; do n=$((n+1)); echo \"{\\\"id\\\": $n, \\\"score\\\": 1, \\\"pass\\\": true}\"; done\n",
    );
    place.file("s.yaml", &suite("{ type: command, run: [./scorer.sh], name: mine }"));
    let report = place.run(&["run", "s.yaml", "--format", "json", "-q"]).exits(0).json();
    let score = crate::estimate(&report, "mine", "mean");
    assert_eq!(score["value"], 1.0, "{score}");
    assert_eq!(score["n"]["requests"], 3);
}

#[cfg(unix)]
#[test]
fn a_hanging_program_fails_its_verdicts_and_not_the_run() {
    let place = Place::new();
    script(&place, "hang.sh", "#!/bin/sh\nsleep 100\n");
    place.file("s.yaml", &suite("{ type: command, run: [./hang.sh], timeout: 200 ms, name: mine }"));
    let ran = place.run(&["run", "s.yaml", "--format", "json", "-q"]);
    let report = ran.json();
    let tables = report["tables"].as_array().unwrap();
    let judged = tables.iter().find(|t| t["name"] == "judgement").unwrap();
    assert_eq!(
        (&judged["rows"][0]["class"], &judged["rows"][0]["count"]),
        (&"judge_error".into(), &3.into())
    );
    let stored = place.run(&["export", "latest"]).exits(0).out();
    assert!(stored.contains("gave no score within 0.2 s"), "the reason is stored");
}

#[test]
fn verdicts_of_people_are_imported_whole_or_not_at_all() {
    let place = Place::new();
    place.file("s.yaml", &suite("{ type: length, min: 1 }"));
    place.run(&["run", "s.yaml", "-q"]).exits(0);
    place.file("bad.csv", "case,value,person\na,true,p1\nnowhere,true,p1\nb,maybe 7,p1\nc,9,p1\n");
    let err = place.run(&["verdicts", "import", "bad.csv", "--run", "latest"]).exits(2).err();
    assert!(err.contains("line 3: the run has no case 'nowhere'") && err.contains("line 5"), "{err}");
    assert!(err.contains("--partial"), "{err}");
    let report = place.run(&["report", "--format", "json"]).exits(0).json();
    assert!(!report["estimates"].to_string().contains("helpful"), "nothing half-imported");
    place.file(
        "good.jsonl",
        "{\"case\": \"a\", \"value\": 5, \"person\": \"p1\"}\n{\"case\": \"a\", \"value\": 1, \"person\": \"p2\"}\n{\"case\": \"b\", \"value\": 5, \"person\": \"p1\", \"note\": \"good\", \"time\": \"2026-03-05T10:00:00Z\"}\n",
    );
    let out =
        place.run(&["verdicts", "import", "good.jsonl", "--run", "latest", "--scale", "1..5"]).exits(0).out();
    assert!(out.starts_with("imported 3 verdicts"), "{out}");
    let report = place.run(&["report", "--format", "json"]).exits(0).json();
    let score = crate::estimate(&report, "helpful", "mean");
    assert_eq!(score["value"], 0.75, "two people's mean for a, one for b: {score}");
    place.run(&["verdicts", "import", "bad.csv", "--run", "latest", "--partial"]).exits(0);
}

#[test]
fn hostile_scorers_are_refused_with_their_line() {
    let place = Place::new();
    for (scorer, words) in [
        ("{ type: json_schema, schema: { $ref: \"http://127.0.0.1:9/x\" } }", "never fetched"),
        ("{ type: json_schema, schema: { $ref: \"#\" } }", "circle"),
        ("{ type: json_schema, schema: nowhere.json }", "nowhere.json"),
        ("{ type: command, run: \"sh -c 'rm x'\" }", "no shell"),
        ("{ type: length, min: 5, max: 2 }", "'max' must be at least"),
        ("{ type: language, is: fr }", "known: ko en mixed"),
        ("{ type: json_field, pointer: answer }", "begins with '/'"),
        ("{ type: json_field, pointer: /a, as: boolean, abs: 1 }", "does not go with"),
        ("{ type: banned_words, file: none.txt }", "none.txt"),
    ] {
        place.file("s.yaml", &suite(scorer));
        let err = place.run(&["run", "s.yaml", "-q"]).exits(2).err();
        assert!(err.contains(words), "{scorer}: {err}");
    }
    assert!(Path::new(FIELDS).exists());
}
