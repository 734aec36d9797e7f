//! `init`, and reports for continuous integration, by the real binary.

use crate::{Place, cases, suite};

const WRONG: &str = "{ttft_ms: 1, gap_ms: 0, tokens: 3}";

#[test]
fn init_writes_a_suite_that_runs_at_once_and_overwrites_nothing() {
    let place = Place::new();
    assert!(place.run(&["init", "--list"]).exits(0).out().contains("docent"));
    assert_eq!(place.run(&["init"]).exits(0).out(), "suite.yaml\n");
    place.run(&["run", "-q"]).exits(0);
    std::fs::write(place.path().join("suite.yaml"), "mine").unwrap();
    let ran = place.run(&["init"]).exits(2);
    assert!(ran.err().contains("is there already") && ran.err().contains("--force"), "{}", ran.err());
    assert_eq!(std::fs::read_to_string(place.path().join("suite.yaml")).unwrap(), "mine");
    place.run(&["init", "--force"]).exits(0);
    assert_ne!(std::fs::read_to_string(place.path().join("suite.yaml")).unwrap(), "mine");
    let ran = place.run(&["init", "nosuch"]).exits(2);
    assert!(ran.err().contains("docent"), "{}", ran.err());
}

#[test]
fn run_finds_the_only_suite_and_asks_where_there_are_several() {
    let place = Place::new();
    let ran = place.run(&["run"]).exits(2);
    assert!(ran.err().contains("no suite.yaml here") && ran.err().contains("acidtest init"), "{}", ran.err());
    place.run(&["init", "docent"]).exits(0);
    // The whole suite takes half a minute: that it is found and read is enough.
    let yaml = place.path().join("docent/suite.yaml");
    let text = std::fs::read_to_string(&yaml).unwrap();
    let phases = text.find("\nphases:").unwrap();
    let gates = text.find("\n# What must hold").unwrap();
    std::fs::write(
        &yaml,
        format!("{}\nphases: [{{ closed: 4, count: 8 }}]\n{}", &text[..phases], &text[gates..]),
    )
    .unwrap();
    let ran = place.run(&["run", "-q", "--format", "json"]);
    assert_eq!(ran.json()["run"]["name"], "docent");
    place.run(&["init", "--to", "other"]).exits(0);
    let ran = place.run(&["run"]).exits(2);
    assert!(ran.err().contains("docent/suite.yaml") && ran.err().contains("other"), "{}", ran.err());
}

#[test]
fn one_run_writes_every_report() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(6));
    let text = suite("sim:quick", "[closed: 2]", "gates:\n  - error_rate <= 1 %\n  - accuracy >= 50 %")
        .replace("model: sim }", &format!("model: sim, sim: {WRONG} }}"));
    place.file("suite.yaml", &text);
    let summary = place.path().join("summary.md");
    let mut command = place.command(&[
        "run",
        "-q",
        "--format",
        "github",
        "--report",
        "junit=out.xml",
        "--report",
        "markdown=pr.md",
        "--report",
        "csv=e.csv",
        "--report",
        "csv-cases=c.csv",
        "--report",
        "json=r.json",
        "--report",
        "terminal=t.txt",
    ]);
    let ran = command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{}", String::from_utf8_lossy(&ran.stderr));
    let line = text.lines().position(|l| l.contains("accuracy >= 50 %")).unwrap() + 1;
    let out = String::from_utf8(ran.stdout).unwrap();
    let expect = format!("::error file=suite.yaml,line={line},title=gate broken%3A accuracy >= 50 %25");
    assert!(out.starts_with(&expect), "{expect}\n{out}");
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let junit = read("out.xml");
    assert!(junit.contains("tests=\"8\" failures=\"7\" errors=\"0\""), "{junit}");
    for words in ["input: ", "output: ", "reference: thing", "scores: contains 0.000", "reason: "] {
        assert!(junit.contains(words), "{words} in\n{junit}");
    }
    assert!(read("pr.md").contains("❌ 1 of 2 gates broken"), "{}", read("pr.md"));
    assert_eq!(read("summary.md"), read("pr.md"));
    assert_eq!(read("c.csv").lines().count(), 7);
    assert!(read("e.csv").lines().count() > 20);
    assert!(read("t.txt").contains("GATES") && !read("t.txt").contains('\u{1b}'));
    assert!(serde_json::from_str::<serde_json::Value>(&read("r.json")).is_ok());
    // The same again from the store.
    place.run(&["report", "--format", "junit", "--output", "again.xml"]).exits(0);
    assert_eq!(read("again.xml"), junit);
}

#[test]
fn a_report_that_cannot_be_written_is_said_before_anything_is_sent() {
    let place = Place::new();
    place.run(&["init"]).exits(0);
    for args in
        [["--report", "junit=no/such/out.xml"], ["--output", "no/such/out.txt"], ["--report", "junit"]]
    {
        let ran = place.run(&["run", args[0], args[1]]).exits(2);
        assert!(ran.err().contains("no/such") || ran.err().contains("FORMAT=FILE"), "{}", ran.err());
    }
    assert!(!place.path().join(".acidtest").exists());
}

#[test]
fn a_run_is_one_file_that_asks_nobody() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(6));
    let text = suite("sim:quick", "[closed: 2]", "gates:\n  - accuracy >= 50 %")
        .replace("model: sim }", &format!("model: sim, sim: {WRONG} }}"));
    place.file("suite.yaml", &text);
    place.run(&["run", "-q", "--format", "html", "--output", "out.html", "--report", "json=r.json"]).exits(1);
    let html = std::fs::read_to_string(place.path().join("out.html")).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.len() < 3_000_000, "{}", html.len());
    assert!(html.contains("Content-Security-Policy") && !html.contains("unsafe-"));
    let (_, data) = html.split_once("id=\"acidtest-data\">").unwrap();
    let (data, _) = data.split_once("</script>").unwrap();
    let data: serde_json::Value = serde_json::from_str(data).unwrap();
    let report = std::fs::read_to_string(place.path().join("r.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(data["page"]["report"], report, "the file draws what every report draws");
    let rows = data["cases"]["rows"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["judgement"]), (6, &serde_json::json!("wrong")));
    let key = format!("{}.{}", rows[0]["slot"], rows[0]["step"]);
    let request = &data["views"][&key]["requests"][0];
    assert!(request["messages"].as_array().is_some_and(|m| !m.is_empty()), "{request}");
    assert!(request["verdicts"].as_array().is_some_and(|v| !v.is_empty()), "{request}");
    let command = data["page"]["plan"]["command"].as_array().unwrap();
    assert_eq!(command[..2], ["acidtest", "run"]);
    assert!(data["page"]["curves"]["scatter"][0]["n"] == 6, "{}", data["page"]["curves"]);
    assert_eq!(data["frontier"]["points"].as_array().unwrap().len(), 1);
    // Again, on standard output.
    let again = place.run(&["report", "--format", "html"]).exits(0).out();
    assert!(again.ends_with("</html>\n") && again.contains("acidtest-data"));
}
