//! Several targets and prompts in one run, two runs side by side, and gates on a baseline.

use crate::{Place, cases};
use serde_json::{Value, json};

/// A suite over 40 cases whose built-in servers answer wrong as often as told.
fn suite(wrong: &[f64], more: &str) -> String {
    let targets: Vec<String> = wrong
        .iter()
        .enumerate()
        .map(|(i, wrong)| {
            format!(
                "  - {{ name: t{i}, url: \"sim:t{i}\", model: sim, sim: {{ ttft_ms: 1, gap_ms: 0, \
                 answers: {{ file: cases.jsonl, wrong: {wrong} }} }} }}\n"
            )
        })
        .collect();
    format!(
        "name: test\ntargets:\n{}prompt: \"{{{{ question }}}}\"\n\
         cases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\n\
         phases: [closed: 4]\n{more}\n",
        targets.concat()
    )
}

fn place() -> Place {
    let place = Place::new();
    place.file("cases.jsonl", &cases(40));
    place.file("right.yaml", &suite(&[0.0], ""));
    place.file("wrong.yaml", &suite(&[0.9], ""));
    place
}

#[track_caller]
fn test<'a>(report: &'a Value, name: &str) -> &'a Value {
    let tests = report["tests"].as_array().unwrap();
    tests.iter().find(|t| t["name"] == name).unwrap_or_else(|| panic!("no {name} in {tests:?}"))
}

#[test]
fn two_targets_make_a_matrix_with_differences() {
    let place = place();
    let gates = "gates: [\"accuracy{target=t0} >= 99 %\", \"accuracy{target=t1} <= 50 %\"]";
    place.file("suite.yaml", &suite(&[0.0, 0.9], gates));
    let report = place.run(&["run", "suite.yaml", "-q", "--format", "json"]).exits(0).json();
    let accuracy = test(&report, "accuracy");
    assert_eq!((&accuracy["state"], &accuracy["pairs"]), (&json!("worse"), &json!(40)));
    assert_eq!((&accuracy["base"]["target"], &accuracy["other"]["target"]), (&json!("t0"), &json!("t1")));
    assert!(accuracy["difference"].as_f64().unwrap() < -0.5);
    assert!(accuracy["corrected"]["high"].as_f64().unwrap() < 0.0);
    assert_eq!(report["matrix"].as_array().unwrap().len(), 2);
    let table = place.run(&["report"]).exits(0).out();
    for words in ["MATRIX", "DIFFERENCES", "t0 → t1", "worse"] {
        assert!(table.contains(words), "{words} in\n{table}");
    }
    assert!(table.lines().all(|l| l.chars().count() <= 120 || l.contains("hint")), "{table}");
}

#[test]
fn prompts_are_told_apart() {
    let place = place();
    let prompts = "prompts:\n  - { name: plain, messages: \"{{ question }}\" }\n  \
                   - { name: polite, messages: \"Please: {{ question }}\" }\n";
    let text = suite(&[0.0], "gates: [\"accuracy{prompt=polite} >= 0 %\"]");
    let text = text.replace("prompt: \"{{ question }}\"\n", prompts);
    place.file("suite.yaml", &text);
    let ran = place.run(&["run", "suite.yaml", "-q", "--format", "json"]).exits(0);
    let report = ran.json();
    let labels: Vec<&Value> =
        report["matrix"].as_array().unwrap().iter().map(|r| &r["labels"]["prompt"]).collect();
    assert_eq!(labels, [&json!("plain"), &json!("polite")]);
    assert_eq!(report["gates"].as_array().unwrap().len(), 1);
    place.file("typo.yaml", &text.replace("prompt=polite", "prompt=polyte"));
    let err = place.run(&["run", "typo.yaml"]).exits(2).err();
    assert!(err.contains("no prompt is called 'polyte'"), "{err}");
}

#[test]
fn two_runs_are_compared_and_flips_are_shown() {
    let place = place();
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    let first = place.run(&["runs", "--format", "json"]).json()["runs"][0]["id"].as_str().unwrap().to_owned();
    place.run(&["run", "wrong.yaml", "-q"]).exits(0);
    let c = place.run(&["compare", &first, "latest", "--format", "json"]).exits(0).json();
    assert_eq!((&c["schema"], &c["same_workload"]), (&json!("acidtest.compare/1"), &json!(true)));
    assert_eq!(test(&c, "accuracy")["state"], "worse");
    let broken = c["broken"].as_u64().unwrap();
    assert!(broken > 20 && c["mended"] == 0, "{broken}");
    let flip = &c["flipped"][0];
    assert_eq!(flip["direction"], "right to wrong");
    assert!(flip["input"].as_str().unwrap().contains("item number"));
    assert_ne!(flip["base_output"], flip["other_output"]);
    let turned = place.run(&["compare", "latest", &first, "--format", "json"]).exits(0).json();
    let (there, back) = (&test(&c, "accuracy")["difference"], &test(&turned, "accuracy")["difference"]);
    assert_eq!(there.as_f64().unwrap(), -back.as_f64().unwrap());
    assert_eq!((&turned["mended"], &turned["broken"]), (&c["broken"], &json!(0)));
    let text = place.run(&["compare", &first]).exits(0).out();
    for words in ["DIFFERENCES", "FLIPPED", "right to wrong", "answered"].iter().take(3) {
        assert!(text.contains(words), "{words} in\n{text}");
    }
    place.run(&["compare", &first, "--max-drop", "accuracy <= 20 pp"]).exits(1);
    let same = place.run(&["compare", &first, &first]).exits(2).err();
    assert!(same.contains("both are run"), "{same}");
}

#[test]
fn a_baseline_is_met_broken_or_undecided() {
    let place = place();
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    place.run(&["export", "latest", "-o", "base.jsonl"]).exits(0);
    let against = |suite: &str, more: &[&str]| {
        let mut args = vec!["run", suite, "-q", "--baseline", "base.jsonl"];
        args.extend(more);
        place.run(&args)
    };
    let met = against("right.yaml", &["--max-drop", "accuracy <= 20 pp"]).exits(0).out();
    assert!(met.contains("met") && met.contains("at most"), "{met}");
    let undecided = against("right.yaml", &["--max-drop", "accuracy <= 2 pp"]).exits(5).out();
    assert!(undecided.contains("undecided") && undecided.contains("between"), "{undecided}");
    assert!(undecided.contains("accuracy drop ≤ 2 pp"), "a limit on a change says so: {undecided}");
    against("right.yaml", &["--max-drop", "accuracy <= 2 pp", "--undecided", "pass"]).exits(0);
    let broken = against("wrong.yaml", &["--max-drop", "accuracy <= 20 pp"]).exits(1).out();
    assert!(broken.contains("broken") && broken.contains("at least"), "{broken}");
    // Without a gate: broken only by a drop that is shown.
    let unchanged = against("right.yaml", &[]).exits(0).out();
    assert!(unchanged.contains("no drop is shown"), "{unchanged}");
    against("wrong.yaml", &[]).exits(1);
    // The suite's own gates, and the run before this one.
    place.file("gated.yaml", &suite(&[0.0], "regression: accuracy drop <= 30 pp"));
    let report = place.run(&["run", "gated.yaml", "-q", "--baseline", "latest", "--format", "json"]);
    let report = report.exits(0).json();
    assert_eq!(report["gates"][0]["gate"], "accuracy drop <= 30 pp");
    assert_eq!(report["gates"][0]["state"], "met");
    assert_eq!(test(&report, "accuracy")["state"], "better", "the run before was the wrong one");
    let again = place.run(&["report", "--baseline", "base.jsonl"]).exits(0).out();
    assert!(again.contains("accuracy drop ≤ 30 pp"), "{again}");
}

#[test]
fn unlike_workloads_and_bad_gates_are_errors_before_anything_is_sent() {
    let place = place();
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    place.file("twice.yaml", &suite(&[0.0], "repeats: 2"));
    let runs = || place.run(&["runs", "--format", "json"]).json()["runs"].as_array().unwrap().len();
    for (args, words, hint) in [
        (&["twice.yaml", "--baseline", "latest"][..], "repeats: 1 against 2", "--across-workloads"),
        (&["right.yaml", "--baseline", "nothing"], "nothing", "hint:"),
        (&["right.yaml", "--baseline", "cases.jsonl"], "line 1", "acidtest export"),
        (&["right.yaml", "--baseline", "latest", "--max-drop", "accuracy <= 0.02"], "no unit", "pp"),
        (
            &["right.yaml", "--baseline", "latest", "--max-drop", "acuracy <= 2 pp"],
            "unknown metric",
            "accuracy",
        ),
        (&["right.yaml", "--max-drop", "accuracy <= 2 pp"], "--baseline", ""),
    ] {
        let err = place.run(&[&["run"], args].concat()).exits(2).err();
        assert!(err.contains(words) && err.contains(hint), "{args:?}: {err}");
    }
    assert_eq!(runs(), 1, "nothing was sent");
    let across = ["run", "twice.yaml", "-q", "--baseline", "latest", "--across-workloads"];
    let out = place.run(&across).exits(0).out();
    assert!(out.contains("were not asked the same"), "{out}");
    place.file("bad.yaml", &suite(&[0.0], "regression:\n  - accuracy drop <= 2"));
    let err = place.run(&["run", "bad.yaml"]).exits(2).err();
    assert!(err.contains("no unit") && err.contains('^'), "{err}");
    place.file("typo.yaml", &suite(&[0.0], "regression:\n  - acuracy drop <= 2 pp"));
    let err = place.run(&["run", "typo.yaml"]).exits(2).err();
    assert!(err.contains("unknown metric 'acuracy'") && err.contains('^'), "{err}");
}

/// What a stated difference needs, by the name of a test.
#[track_caller]
fn stated(c: &Value, name: &str) -> Value {
    test(c, name)["stated"].clone()
}

#[test]
fn a_stated_difference_says_how_many_pairs_it_needs() {
    let place = place();
    place.file("half.yaml", &suite(&[0.5], ""));
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    place.run(&["export", "latest", "-o", "base.jsonl"]).exits(0);
    place.run(&["run", "half.yaml", "-q"]).exits(0);
    let json =
        |more: &[&str]| place.run(&[&["compare", "base.jsonl", "latest", "--format", "json"], more].concat());
    let asked = json(&["--settle", "2 pp", "--settle", "20 pp", "--settle", "5 ms"]).exits(0).json();
    let shares = stated(&asked, "accuracy");
    let pairs = |s: &Value| s["pairs"].as_u64().unwrap();
    assert_eq!((&shares[0]["difference"], &shares[0]["value"]), (&json!("2 pp"), &json!(0.02)));
    assert!(pairs(&shares[0]) > 50 * pairs(&shares[1]), "a tenth asks for some hundred times: {shares}");
    assert_eq!(shares.as_array().unwrap().len(), 2, "no ms of a share: {shares}");
    let detectable = test(&asked, "accuracy")["detectable"].as_f64().unwrap();
    assert!((0.05..0.9).contains(&detectable), "{detectable}");
    // The limit of a gate is a difference that its own metric should be able to show.
    let gated = json(&["--gate", "accuracy <= 7 pp"]).exits(1).json();
    assert_eq!(stated(&gated, "accuracy")[0]["difference"], "7 pp");
    assert_eq!(stated(&gated, "contains"), json!([]));
    assert_eq!(json(&[]).exits(0).json()["tests"][0]["stated"], json!([]));
    let text = place.run(&["compare", "base.jsonl", "--settle", "2 pp"]).exits(0).out();
    let needs = format!("2 pp: {} pairs", pairs(&shares[0]));
    assert!(text.contains("POWER") && text.replace(',', "").contains(&needs), "{needs} in\n{text}");
    for (bad, words) in [("2", "no unit"), ("0 pp", "above 0"), ("much", "begin with a number")] {
        let err = json(&["--settle", bad]).exits(2).err();
        assert!(err.contains(words), "{bad}: {err}");
    }
}

#[test]
fn junit_and_markdown_say_what_is_worse_and_what_is_broken() {
    let place = place();
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    place.run(&["export", "latest", "-o", "base.jsonl"]).exits(0);
    place.run(&["run", "wrong.yaml", "-q"]).exits(0);
    let shown = |more: &[&str]| place.run(&[&["compare", "base.jsonl", "latest"], more].concat());
    let gate = ["--gate", "accuracy <= 20 pp", "--format"];
    let junit = shown(&[&gate[..], &["junit"]].concat()).exits(1).out();
    let line = |junit: &str, name: &str| {
        let found = junit.lines().find(|l| l.contains(&format!("<testcase name=\"{name}")));
        found.unwrap_or_else(|| panic!("no {name} in\n{junit}")).to_owned()
    };
    assert!(line(&junit, "accuracy (").contains("<failure message=\"worse: -"), "{junit}");
    assert!(line(&junit, "accuracy drop &lt;= 20 pp").contains("<failure message=\"broken: "), "{junit}");
    assert!(junit.contains("<testsuite name=\"gates\" tests=\"1\" failures=\"1\""), "{junit}");
    let markdown = shown(&[&gate[..], &["markdown"]].concat()).exits(1).out();
    for words in [
        "❌ 1 of 1 gates broken",
        "| `accuracy` | -",
        "❌ worse",
        "right to wrong",
        "`accuracy drop ≤ 20 pp`",
    ] {
        assert!(markdown.contains(words), "{words} in\n{markdown}");
    }
    // Equal systems: nothing fails, an undecided gate is an error unless it may pass.
    place.run(&["run", "right.yaml", "-q"]).exits(0);
    let open = ["--max-drop", "accuracy <= 1 pp", "--format", "junit"];
    let junit = shown(&open).exits(5).out();
    assert!(line(&junit, "accuracy (").contains("<skipped message=\"undecided: "), "{junit}");
    assert!(line(&junit, "accuracy drop").contains("<error message=\"undecided: "), "{junit}");
    let passed = shown(&[&open[..], &["--undecided", "pass", "--output", "out.xml"]].concat()).exits(0);
    assert_eq!(passed.out(), "");
    let junit = std::fs::read_to_string(place.path().join("out.xml")).unwrap();
    assert!(line(&junit, "accuracy drop").contains("<skipped message=\"undecided: "), "{junit}");
    let err = shown(&["--output", "nowhere/out.xml"]).exits(2).err();
    assert!(err.contains("there is no folder"), "{err}");
}
