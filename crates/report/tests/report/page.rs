//! The page of a run: one piece of JSON, with the Korean of its sentences and no secret.

use super::*;
use acidtest_findings::{Curves, PlanInfo, rerun};
use acidtest_report::RunPage;

fn plan() -> RunSpec {
    let mut spec = spec(CLOSED, 124, &[]);
    spec.origin = Origin::Suite { path: "suites/docent".into(), digest: Digest::of(b"x") };
    spec.targets[0].key_env = Some("OPENAI_API_KEY".into());
    spec.targets[0].headers.insert("X-Key".into(), "${MY_KEY}".into());
    spec
}

#[test]
fn a_page_holds_the_report_its_metrics_and_its_korean() {
    let findings = docent();
    let clock = ClockRow { no: 0, host: "here".into(), zero_unix_ns: 5, error_ns: None };
    let fact = |name: &str, source: &str| Fact {
        name: name.into(),
        value: "v".into(),
        source: source.into(),
        hash: None,
    };
    let facts = [fact("machine.cores", "client"), fact("http_req", "stated by k6")];
    let plan = PlanInfo::of(&plan(), &[clock], &facts, None);
    let curves = Curves { notes: vec!["curves show the first 64 of 100 places".into()], ..Curves::default() };
    let page = serde_json::to_value(RunPage::of(&findings, &curves, &plan)).unwrap();
    assert_eq!(page["report"], json(&findings));
    assert_eq!(page["as_of_requests"], 248);
    assert_eq!(page["metrics"]["ttft"]["better"], "lower");
    assert_eq!(page["metrics"]["accuracy"]["unit"], "ratio");
    assert_eq!(page["metrics"]["char_f1"]["better"], "higher");
    assert_eq!(page["plan"]["suite"]["path"], "suites/docent");
    assert_eq!(page["plan"]["facts"].as_array().unwrap().len(), 1);
    assert_eq!(page["plan"]["clocks"][0]["zero_unix_ns"], 5);
    let words = page["words"].as_object().unwrap();
    assert_eq!(
        words["curves show the first 64 of 100 places"],
        "곡선은 자리 100개 중 앞의 64개만 보여 줍니다"
    );
    for warning in &findings.warnings {
        assert!(words.contains_key(warning), "{warning}");
    }
    assert!(words.contains_key("a maximum has no interval"));
    assert!(words.contains_key(page["metrics"]["ttft"]["what"].as_str().unwrap()));
    // Text of a model is nobody's sentence.
    assert!(words.keys().all(|k| !k.contains("금관")), "{words:?}");
}

#[test]
fn a_command_is_what_the_plan_says_or_nothing() {
    let words = |spec: &RunSpec| rerun(spec, None).map(|w| w.join(" "));
    let suite = plan();
    assert_eq!(words(&suite).as_deref(), Some("acidtest run suites/docent --seed 1"));
    let replayed = rerun(&suite, Some("abc")).unwrap();
    assert_eq!(replayed[5..], ["--replay", "abc"]);
    let chosen = RunSpec { selection: vec!["limit 5".into()], ..suite.clone() };
    assert_eq!(words(&chosen), None);
    let import = RunSpec { origin: Origin::Import { path: "x".into(), tokens_by: None }, ..suite };
    assert_eq!(words(&import), None);
}
