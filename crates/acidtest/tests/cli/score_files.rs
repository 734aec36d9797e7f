//! Files of predictions and references scored by metrics of texts.

use crate::{Place, estimate};
use serde_json::{Value, json};
use std::path::PathBuf;

fn golden(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden").join(name);
    path.to_str().unwrap().to_owned()
}

fn value(report: &Value, metric: &str) -> f64 {
    let all = report["estimates"].as_array().unwrap();
    let own = all.iter().find(|e| e["metric"] == metric && e["labels"] == json!({}));
    own.unwrap_or_else(|| panic!("no {metric}"))["value"].as_f64().unwrap()
}

#[track_caller]
fn refused(place: &Place, args: &[&str], words: &[&str]) {
    let all: Vec<&str> = ["score"].iter().chain(args).copied().collect();
    let err = place.run(&all).exits(2).err();
    for word in words.iter().chain(&["error:", "hint:"]) {
        assert!(err.contains(word), "no '{word}' in {err}");
    }
}

#[test]
fn the_numbers_are_sacrebleus_with_any_number_of_threads() {
    let place = Place::new();
    let (a, b) = (golden("corpora_en.sysA.txt"), golden("corpora_en.sysB.txt"));
    let (one, two) = (golden("corpora_en.ref.txt"), golden("corpora_en.ref2.txt"));
    let run = |threads: &str| {
        let args = [
            "score",
            "--metrics",
            "bleu,chrf,chrf++,ter",
            "--predictions",
            &a,
            "--references",
            &one,
            &two,
            "--against",
            &b,
            "--compat",
            "--format",
            "json",
            "--trials",
            "500",
            "--threads",
            threads,
        ];
        place.run(&args).exits(0).json()
    };
    let report = run("1");
    assert_eq!(report, run("2"));
    assert_eq!(report["schema"], "acidtest.score/1");
    for (metric, due) in
        [("bleu", 70.03712279465398), ("chrf", 85.42024613225382), ("ter", 15.376166941241076)]
    {
        assert!((value(&report, metric) - due).abs() < 1e-9, "{metric}: {}", value(&report, metric));
    }
    let spread = &report["compat"][0];
    assert!((spread["mean"].as_f64().unwrap() - 70.12410149472167).abs() < 1e-3, "{spread}");
    assert!((spread["half_width"].as_f64().unwrap() - 4.795160484389072).abs() < 1e-3, "{spread}");
    let signature = report["source"]["signatures"][0]["signature"].as_str().unwrap();
    assert_eq!(signature, "nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0");
    let bleu = estimate(&report, "bleu", "total");
    assert!(bleu["interval"]["low"].as_f64() < bleu["value"].as_f64(), "{bleu}");
    assert!(bleu["how"].as_str().unwrap().contains("seed:12345"), "{bleu}");
    let test = &report["tests"][0];
    assert!(test["difference"].as_f64().unwrap() < 0.0 && test["of"] == 4, "second minus first: {test}");
    assert!(!report["changed"].as_array().unwrap().is_empty());
}

#[test]
fn every_form_of_input_gives_the_same_numbers() {
    let place = Place::new();
    place.file("p.txt", "the cat sat\r\na dog\n");
    place.file("r.txt", "the cat sat\na cat\n");
    place.file(
        "p.jsonl",
        "{\"prediction\":\"the cat sat\",\"references\":[\"the cat sat\"],\"kind\":\"x\"}\n\n{\"prediction\":\"a dog\",\"references\":\"a cat\",\"kind\":\"y\"}\n",
    );
    place.file("p.csv", "prediction,references,kind\nthe cat sat,the cat sat,x\n\"a dog\",a cat,y\n");
    place.file("p.tsv", "references\tprediction\nthe cat sat\tthe cat sat\na cat\ta dog\n");
    let metrics =
        ["score", "--metrics", "wer,exact_match,distinct_1,rouge1", "--format", "json", "--predictions"];
    let run = |more: &[&str]| {
        let args: Vec<&str> = metrics.iter().chain(more).copied().collect();
        place.run(&args).exits(0)
    };
    let text = run(&["p.txt", "--references", "r.txt"]);
    assert!(text.err().contains("mixed line ends"), "{}", text.err());
    let report = text.json();
    assert_eq!([value(&report, "wer"), value(&report, "exact_match")], [0.2, 0.5]);
    assert_eq!(estimate(&report, "exact_match", "share")["n"]["cases"], 2);
    for file in ["p.jsonl", "p.csv", "p.tsv"] {
        let own = run(&[file]).json();
        for metric in ["wer", "exact_match", "distinct_1", "rouge1"] {
            assert_eq!(value(&own, metric), value(&report, metric), "{file} {metric}");
        }
    }
    let sliced = run(&["p.jsonl", "--by", "kind", "--sentence-level"]).json();
    let slice = |kind: &str| {
        let all = sliced["estimates"].as_array().unwrap();
        all.iter().find(|e| e["metric"] == "wer" && e["labels"]["kind"] == kind).unwrap()["value"].clone()
    };
    assert_eq!((slice("x"), slice("y")), (json!(0.0), json!(0.5)));
    assert_eq!(sliced["worst"][0]["labels"]["kind"], "y");
    assert_eq!(sliced["cases"][1]["values"]["wer"], json!(0.5));
    for format in ["terminal", "csv", "markdown"] {
        let mut args = metrics.to_vec();
        args[4] = format;
        args.extend(["p.jsonl", "--by", "kind"]);
        let out = place.run(&args).exits(0).out();
        assert!(out.contains("kind=y") && out.contains("wer"), "{out}");
    }
}

#[test]
fn files_of_cases_are_compared_as_the_texts_are() {
    let place = Place::new();
    let (a, b) = (golden("corpora_en.sysA.txt"), golden("corpora_en.sysB.txt"));
    let reference = golden("corpora_en.ref.txt");
    let base = ["score", "--metrics", "bleu,rougeL", "--references", &reference, "--format", "json"];
    let score = |more: &[&str]| {
        let args: Vec<&str> = base.iter().chain(more).copied().collect();
        place.run(&args).exits(0).json()
    };
    let whole = score(&["--predictions", &a, "--against", &b]);
    score(&["--predictions", &a, "--per-case", "a.jsonl"]);
    score(&["--predictions", &b, "--per-case", "b.jsonl"]);
    score(&["--predictions", &b, "--tokenize", "char", "--per-case", "c.jsonl"]);
    let args = ["compare", "a.jsonl", "b.jsonl", "--format", "json"];
    let compared = place.run(&args).exits(0).json();
    for (one, two) in whole["tests"].as_array().unwrap().iter().zip(compared["tests"].as_array().unwrap()) {
        for key in ["name", "difference", "interval", "corrected", "p", "p_raw", "pairs", "state"] {
            assert_eq!(one[key], two[key], "{key}");
        }
    }
    assert_eq!(whole["changed"], compared["changed"]);
    let err = place.run(&["compare", "a.jsonl", "c.jsonl"]).exits(2).err();
    assert!(err.contains("computed in two ways") && err.contains("hint:"), "{err}");
    let err = place.run(&["compare", "a.jsonl", "latest"]).exits(2).err();
    assert!(err.contains("file of scored cases") && err.contains("hint:"), "{err}");
}

#[test]
fn what_cannot_be_scored_is_refused() {
    let place = Place::new();
    place.file("p.txt", "a\nb\n");
    place.file("r.txt", "a\nb\n");
    place.file("short.txt", "a\n");
    place.file("empty.txt", "");
    place.file("p.jsonl", "{\"prediction\":\"a\",\"references\":[\"a\"]}\n{\"prediction\":\"a\"}\n");
    std::fs::write(place.path().join("bad.txt"), b"a\n\xff\n").unwrap();
    let files = ["--predictions", "p.txt", "--references", "r.txt"];
    let with = |more: &[&'static str]| -> Vec<&'static str> { more.iter().chain(&files).copied().collect() };
    refused(&place, &with(&["--metrics", "bleuu"]), &["no metric 'bleuu'", "did you mean 'bleu'"]);
    refused(&place, &with(&["--metrics", "bleu", "--tokenize", "13b"]), &["13b", "ko-char"]);
    refused(&place, &with(&["--metrics", "bleu", "--by", "kind"]), &["kind"]);
    refused(&place, &with(&["--metrics", "bleu", "--format", "junit"]), &["csv"]);
    refused(&place, &["--metrics", "bleu", "--predictions", "p.txt"], &["references"]);
    refused(&place, &["--metrics", "bleu"], &["--predictions"]);
    refused(&place, &["--run", "latest"], &["--suite"]);
    let bad = |predictions: &'static str, reference: &'static str| {
        ["--metrics", "bleu", "--predictions", predictions, "--references", reference]
    };
    refused(&place, &bad("p.txt", "short.txt"), &["p.txt has 2", "short.txt has 1"]);
    refused(&place, &bad("empty.txt", "empty.txt"), &["no segment"]);
    refused(&place, &bad("bad.txt", "r.txt"), &["bad.txt:2", "UTF-8"]);
    refused(&place, &["--metrics", "bleu", "--predictions", "p.jsonl"], &["p.jsonl:2", "'references'"]);
    let both = ["score", "--run", "latest", "--suite", "s.yaml", "--metrics", "bleu"];
    assert!(place.run(&both).exits(2).err().contains("cannot be used with"));
}

#[test]
fn yes_or_no_of_single_cases_is_compared_as_mcnemar_and_tango_do() {
    let place = Place::new();
    place.file("r.txt", &"yes\n".repeat(20));
    place.file("a.txt", &("no\n".repeat(7) + &"yes\n".repeat(13)));
    place.file("b.txt", &("yes\n".repeat(6) + "no\n" + &"yes\n".repeat(13)));
    let args = ["score", "--metrics", "exact_match", "--predictions", "a.txt", "--references", "r.txt"];
    let args = [&args[..], &["--against", "b.txt", "--format", "json"]].concat();
    let test = place.run(&args).exits(0).json()["tests"][0].clone();
    assert_eq!(test["method"], "McNemar exact");
    assert!((test["p_raw"].as_f64().unwrap() - 0.03125).abs() < 1e-12, "{test}");
    assert_eq!(test["interval"]["method"], "Tango, paired");
    assert!((test["difference"].as_f64().unwrap() - 0.3).abs() < 1e-12);
    assert!(test["interval"]["low"].as_f64().unwrap() > 0.0, "{test}");
}

#[test]
fn many_blocks_on_many_threads_keep_their_order() {
    let place = Place::new();
    let line = |i: u32| format!("word{} and word{} of {}\n", i % 7, i % 11, i % 5);
    let texts = |step: u32| (0..3000).map(|i| line(i * step)).collect::<String>();
    place.file("p.txt", &texts(1));
    place.file("r.txt", &texts(3));
    let run = |threads: &str| {
        let args = ["score", "--metrics", "bleu,chrf,wer", "--predictions", "p.txt", "--references", "r.txt"];
        let more = ["--threads", threads, "--bootstrap", "50", "--sentence-level", "--format", "json"];
        place.run(&[&args[..], &more].concat()).exits(0).out()
    };
    assert_eq!(run("1"), run("3"));
}

#[test]
fn labels_probabilities_samples_and_rankings_are_scored() {
    let place = Place::new();
    place.file("c.csv", "label,truth,score\na,a,0.9\nb,a,0.2\na,b,0.4\nb,b,0.3\na,a,0.8\nb,b,0.1\n");
    place.file("s.csv", "task,correct\nx,1\nx,0\nx,1\ny,0\ny,0\ny,1\n");
    place.file("qrels.txt", "q1 0 d1 1\nq1 0 d2 0\nq2 0 d3 2\n");
    place.file("run.txt", "q1 Q0 d2 1 0.9 me\nq1 Q0 d1 2 0.8 me\nq2 Q0 d3 1 0.5 me\n");
    let json = |metrics: &str, more: &[&str]| {
        let args = ["score", "--format", "json", "--metrics", metrics, "--predictions"];
        place.run(&[&args[..], more].concat()).exits(0).json()
    };
    let near = |report: &Value, metric: &str, due: f64| {
        assert!((value(report, metric) - due).abs() < 1e-9, "{metric}: {}", value(report, metric));
    };
    let labels = json("accuracy,f1,kappa", &["c.csv"]);
    near(&labels, "accuracy", 4.0 / 6.0);
    near(&labels, "f1", 2.0 / 3.0);
    near(&labels, "kappa", 1.0 / 3.0);
    assert_eq!(labels["tables"][0]["name"], "confusion");
    // Pairs of a and b, nine in all: 0.9 and 0.8 beat all three, 0.2 beats 0.1.
    near(&json("roc_auc", &["c.csv", "--positive", "a"]), "roc_auc", 7.0 / 9.0);
    let samples = json("pass@1,pass@2", &["s.csv"]);
    near(&samples, "pass@1", 0.5);
    near(&samples, "pass@2", 5.0 / 6.0);
    near(&json("mrr", &["run.txt", "--references", "qrels.txt"]), "mrr", 0.75);
    let both = json(
        "accuracy,chrf",
        &["both.jsonl"].map(|name| {
            let row = "{\"label\":\"a\",\"truth\":\"a\",\"prediction\":\"a\",\"references\":\"a\"}\n";
            place.file(name, &row.repeat(3));
            name
        }),
    );
    assert_eq!((value(&both, "accuracy"), value(&both, "chrf")), (1.0, 100.0));
    let over =
        ["--metrics", "bleu", "--predictions", "s.csv", "--references", "c.csv", "--per-case", "c.csv"];
    refused(&place, &over, &["'c.csv' is read"]);
    place.file("twice.csv", "prediction,prediction,references\na,b,a\n");
    refused(&place, &["--metrics", "bleu", "--predictions", "twice.csv"], &["two columns", "'prediction'"]);
    assert!(std::fs::read_to_string(place.path().join("c.csv")).unwrap().starts_with("label,"));
    refused(&place, &["--metrics", "accuracy", "--predictions", "c.csv", "--by", "truth"], &["--by"]);
    refused(
        &place,
        &["--metrics", "accuracy", "--predictions", "c.csv", "--labels", "a"],
        &["'b'", "c.csv:"],
    );
    refused(&place, &["--metrics", "acuracy", "--predictions", "c.csv"], &["acuracy", "accuracy"]);
}
