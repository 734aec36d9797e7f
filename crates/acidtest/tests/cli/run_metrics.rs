//! Metrics over all answers through the real binary: `metrics:`, gates on them, old runs.

use crate::Place;
use serde_json::{Value, json};

/// Six cases in three clusters; the server answers what stands in `said`.
const CASES: &str = r#"{"id": "a", "question": "first thing", "answer": "a gilt bronze crown of the king", "said": "a gilt bronze crown of the king", "room": "1"}
{"id": "b", "question": "second thing", "answer": "a celadon vase with cranes on it", "said": "a celadon vase with clouds on it", "room": "1"}
{"id": "c", "question": "third thing", "answer": "the bell was cast in bronze", "said": "the bell was cast in bronze", "room": "2"}
{"id": "d", "question": "fourth thing", "answer": "a white jar like the moon", "said": "a jar", "room": "2"}
{"id": "e", "question": "fifth thing", "answer": "the map shows all eight provinces", "said": "the map shows all the provinces", "room": "3"}
{"id": "f", "question": "sixth thing", "answer": "a brush made of weasel hair", "said": "a brush made of weasel hair", "room": "3"}
"#;

/// The numbers of sacreBLEU 2.6.0 for these answers.
const BLEU: f64 = 71.6401339714995;
const CHRF: f64 = 78.50097571382452;
const TER: f64 = 15.789473684210526;

/// The cases, and what the server says to each.
fn files(place: &Place, cases: &str) {
    let said = |line: &str| {
        let case: Value = serde_json::from_str(line).unwrap();
        json!({ "question": case["question"], "answer": case["said"] }).to_string()
    };
    place.file("cases.jsonl", cases);
    place.file("said.jsonl", &cases.lines().map(said).collect::<Vec<_>>().join("\n"));
}

fn suite(place: &Place, more: &str) -> String {
    files(place, CASES);
    format!(
        "target: {{ name: t, url: sim:x, model: sim, sim: {{ ttft_ms: 1, gap_ms: 0, answers: {{ file: said.jsonl }} }} }}\n\
         prompt: \"{{{{ question }}}}\"\ncases: {{ file: cases.jsonl, map: {{ id: id, expected: answer, cluster: room }} }}\n\
         phases: [closed: 2]\nscorers: [exact, bleu, {{ type: wer, pass: 0.5 }}]\n{more}"
    )
}

/// The one estimate of a metric over all answers of the whole slice.
fn whole<'r>(report: &'r Value, metric: &str) -> &'r Value {
    let mut all = report["estimates"].as_array().unwrap().iter();
    all.find(|e| e["metric"] == metric && e["stat"] == "value").unwrap_or_else(|| panic!("no {metric}"))
}

fn value(report: &Value, metric: &str) -> f64 {
    whole(report, metric)["value"].as_f64().unwrap_or(f64::NAN)
}

#[test]
fn a_suite_gates_on_numbers_of_all_answers() {
    let place = Place::new();
    let metrics = "metrics: [bleu, chrf, chrf++, ter, { rouge1: { stemmer: true } }, rougeL, wer, cer, meteor]\n\
                   gates: ['bleu >= 60', 'bleu.low >= 20', 'ter <= 30', 'rouge1[stemmer=true] > 0.8', 'wer >= 50 %']\n";
    place.file("s.yaml", &suite(&place, metrics));
    let report = place.run(&["run", "s.yaml", "--format", "json", "-q"]).exits(1).json();
    assert!((value(&report, "bleu") - BLEU).abs() < 1e-6, "{}", value(&report, "bleu"));
    assert!((value(&report, "chrf") - CHRF).abs() < 1e-6, "{}", value(&report, "chrf"));
    assert!((value(&report, "ter") - TER).abs() < 1e-6, "{}", value(&report, "ter"));
    assert!((value(&report, "wer") - 6.0 / 38.0).abs() < 1e-9, "{}", value(&report, "wer"));
    let bleu = whole(&report, "bleu");
    assert_eq!((&bleu["n"]["cases"], &bleu["n"]["clusters"]), (&json!(6), &json!(3)));
    assert_eq!(bleu["unit"], "points");
    let (low, high) = (&bleu["interval"]["low"], &bleu["interval"]["high"]);
    assert!(low.as_f64() < Some(BLEU) && high.as_f64() > Some(BLEU), "{bleu}");
    let states: Vec<&str> =
        report["gates"].as_array().unwrap().iter().map(|g| g["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["met", "met", "met", "met", "broken"], "{}", report["gates"]);
    // The mean of sentences is another number: that of the scorer, under the scorer's name.
    let of_scorer = report["estimates"].as_array().unwrap().iter();
    let of_scorer: Vec<&Value> =
        of_scorer.filter(|e| e["metric"] == "score" && e["params"]["name"] == "bleu").collect();
    assert!(of_scorer[0]["value"].as_f64() < Some(1.0) && of_scorer[0]["unit"] == "ratio");
    // What is read back is the same, and so is a look a year later.
    assert_eq!(place.run(&["report", "--format", "json"]).exits(0).json(), report);
    let text = place.run(&["report"]).exits(0).out();
    assert!(text.contains("bleu") && text.contains("rouge1[stemmer=true]"), "{text}");
}

#[test]
fn an_old_run_gets_metrics_by_scoring_it_again() {
    let place = Place::new();
    place.file("old.yaml", &suite(&place, ""));
    let old = place.run(&["run", "old.yaml", "--format", "json", "-q"]).exits(0).json();
    place.file("new.yaml", &suite(&place, "metrics: [{ bleu: { tokenize: char } }, cer]\n"));
    let ran =
        place.run(&["score", "--run", "latest", "--suite", "new.yaml", "--format", "json", "-q"]).exits(0);
    let again = ran.json();
    assert_eq!(again["run"]["workload"], old["run"]["workload"]);
    let fresh = place.run(&["run", "new.yaml", "--format", "json", "-q"]).exits(0).json();
    assert_eq!(fresh["run"]["workload"], old["run"]["workload"], "metrics are no part of the workload");
    for metric in ["bleu", "cer"] {
        assert_eq!(whole(&again, metric)["value"], whole(&fresh, metric)["value"]);
    }
    assert_eq!(whole(&fresh, "bleu")["params"]["tokenize"], "char");
}

#[test]
fn labels_and_repeats() {
    let place = Place::new();
    let labels = r#"{"id": "a", "question": "one", "answer": "yes", "said": "yes"}
{"id": "b", "question": "two", "answer": "no", "said": "yes"}
{"id": "c", "question": "three", "answer": "no", "said": "no"}
{"id": "d", "question": "four", "answer": "yes", "said": "perhaps"}
"#;
    let text = suite(
        &place,
        "repeats: 3\nmetrics: [{ f1: { average: macro } }, { precision: { positive: yes } }, mcc, { pass@k: { k: 2 } }, { pass^k: { k: 4 } }, majority]\n\
         gates: ['f1[average=macro] >= 0.3', 'precision >= 50 %', 'pass@k[k=2] <= 0.5', 'majority >= 0.5']\n",
    );
    files(&place, labels);
    place.file(
        "s.yaml",
        &text
            .replace(", cluster: room", "")
            .replace("scorers: [exact, bleu, { type: wer, pass: 0.5 }]", "scorers: [exact]"),
    );
    let report = place.run(&["run", "s.yaml", "--format", "json", "-q"]).exits(0).json();
    // yes: 1 right of 2 said and 2 true, F1 1/2; no: 1 of 1 and 2, 2/3; other: 0.
    assert!((value(&report, "f1") - (0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-12, "{}", value(&report, "f1"));
    assert_eq!(value(&report, "precision"), 0.5);
    assert_eq!((value(&report, "pass@k"), value(&report, "majority")), (0.5, 0.5));
    let absent = whole(&report, "pass^k");
    assert!(absent["value"].is_null() && absent.to_string().contains("3 repeats, needs 4"), "{absent}");
    assert_eq!(whole(&report, "f1")["n"]["cases"], 4);
    assert_eq!(whole(&report, "f1")["n"]["requests"], 12);
}

#[test]
fn what_no_metric_is_called_is_said_before_anything_is_sent() {
    let place = Place::new();
    for (more, words) in [
        ("metrics: [blue]\n", "expected 'bleu'"),
        ("metrics: [{ bleu: { token: char } }]\n", "tokenize"),
        ("metrics: [{ bleu: { tokenize: moses } }]\n", "cannot be 'moses'"),
        ("metrics: [f1]\n", "needs average: macro"),
        ("metrics: [{ f1: { positive: maybe } }]\n", "no case has the label 'maybe'"),
        ("metrics: [bleu, bleu]\n", "stands twice"),
        ("gates: ['chrf >= 40']\n", "add `metrics: [chrf]`"),
        ("metrics: [bleu]\ngates: ['bleu[tokenize=char] >= 40']\n", "it computes: bleu"),
        (
            "metrics: [bleu, { bleu: { tokenize: char } }, { bleu: { tokenize: zh } }]\ngates: ['bleu.p95 >= 40']\n",
            "has no stat 'p95'",
        ),
    ] {
        place.file("s.yaml", &suite(&place, more));
        let said = place.run(&["run", "s.yaml", "-q"]).exits(2).err();
        assert!(said.contains(words), "{more}: {said}");
    }
}
