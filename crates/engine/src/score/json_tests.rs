//! Scorers of JSON, text, times and cost, and the funnel, each on small answers.

use super::*;
use acidtest_record::{FieldKind, FieldSpec, JsonReading, LengthUnit, RunId, ScorerKind, TextMatch};
use serde_json::json;

fn field(name: &str, kind: FieldKind, pass: f64) -> FieldSpec {
    FieldSpec { name: name.into(), pointer: format!("/{name}"), kind, pass, weight: 1.0 }
}

fn fields() -> ScorerKind {
    ScorerKind::Fields {
        fields: vec![
            field("mood", FieldKind::Enum { values: vec![], ignore_case: false }, 1.0),
            field("n", FieldKind::Number { abs: 0.0, rel: 0.0 }, 1.0),
            field("human", FieldKind::Boolean, 1.0),
        ],
        reading: JsonReading::Strict,
    }
}

fn spec(kind: ScorerKind) -> ScorerSpec {
    ScorerSpec { name: "fields".into(), kind, negate: false, weight: 1.0, pass: Some(1.0) }
}

fn case(expected: &[&str]) -> Case {
    let vars = serde_json::Map::from_iter([("question".to_owned(), json!("몇 년에 만들었나요?"))]);
    Case {
        id: "c".into(),
        vars,
        expected: expected.iter().map(|s| (*s).to_owned()).collect(),
        ..Case::default()
    }
}

const DUE: &str = r#"{"mood": "angry", "n": 3, "human": true}"#;

/// Every verdict by its name.
fn verdicts(
    specs: Vec<ScorerSpec>,
    class: OutcomeClass,
    text: &str,
) -> HashMap<String, (Status, Option<Value>)> {
    let run = RunSpec { scorers: specs, ..RunSpec::default() };
    let judge = Judge::new(&run, &[]).unwrap();
    let case = case(&[DUE]);
    let key = Key { run: RunId(1), slot: 0, step: 0, attempt: 0 };
    let judged = Judged { key, class, case: &case, text, record: None, at_unix_ns: 0 };
    judge.judge(&judged).into_iter().map(|v| (v.name, (v.status, v.value))).collect()
}

fn label(text: &str) -> Option<Value> {
    Some(Value::Label(text.to_owned()))
}

#[test]
fn strict_repaired_and_coerced_are_apart() {
    let text = "```json\n{\"mood\": \"angry\", \"n\": \"3\"\n\"human\": True}\n```";
    let got = verdicts(vec![spec(fields())], OutcomeClass::Complete, text);
    assert_eq!(got["fields"].0, Status::Unparsable);
    assert_eq!(got["field:mood"].0, Status::Unparsable);
    assert_eq!(got["field:mood:repaired"].1, Some(Value::Bool(true)));
    assert_eq!(got["field:n:repaired"].1, Some(Value::Bool(false)), "text is no number");
    assert_eq!(got["field:n:coerced"].1, Some(Value::Bool(true)));
    assert_eq!(got["funnel"].1, label("json"));
    assert_eq!(got["funnel:repaired"].1, label("schema"), "read and valid, one field wrong");
    assert_eq!(got["repairs"].1, label("code_fence+missing_comma+python_literal"));
    assert_eq!(got[CORRECT].0, Status::Unparsable);
}

#[test]
fn the_whole_is_right_when_every_field_is() {
    let got = verdicts(vec![spec(fields())], OutcomeClass::Complete, DUE);
    assert_eq!(got["fields"].1, Some(Value::Number(1.0)));
    assert_eq!((&got["funnel"].1, &got["funnel:repaired"].1), (&label("whole"), &label("whole")));
    assert_eq!(got[CORRECT].1, Some(Value::Bool(true)));
    assert!(!got.contains_key("repairs"));
    let wrong = DUE.replace("angry", "neutral");
    let got = verdicts(vec![spec(fields())], OutcomeClass::Complete, &wrong);
    assert_eq!(got["fields"].1, Some(Value::Number(2.0 / 3.0)));
    assert_eq!(got["funnel"].1, label("schema"));
}

#[test]
fn the_funnel_stops_where_the_answer_does() {
    let stage = |class, text: &str| verdicts(vec![spec(fields())], class, text)["funnel"].1.clone();
    assert_eq!(stage(OutcomeClass::Empty, ""), label("none"));
    assert_eq!(stage(OutcomeClass::Truncated, DUE), label("reply"));
    assert_eq!(stage(OutcomeClass::Complete, "I do not know."), label("not_truncated"));
    let schema = ScorerKind::JsonSchema {
        schema: json!({"properties": {"n": {"maximum": 2}}}),
        draft: "2020-12".into(),
        file: None,
        reading: JsonReading::Strict,
    };
    let schema = ScorerSpec { name: "schema".into(), ..spec(schema) };
    let got = verdicts(vec![spec(fields()), schema], OutcomeClass::Complete, DUE);
    assert_eq!(got["funnel"].1, label("read"));
    let banned = ScorerKind::BannedWords { words: vec!["angry".into()], file: None, ignore_case: false };
    let banned = ScorerSpec { name: "banned".into(), ..spec(banned) };
    let got = verdicts(vec![spec(fields()), banned], OutcomeClass::Complete, DUE);
    assert_eq!(got["funnel"].1, label("fields"), "another scorer fails");
}

#[test]
fn thinking_is_no_answer() {
    let text = format!("<think>maybe {{\"mood\": 1}}</think>\n{DUE}");
    let got = verdicts(vec![spec(fields())], OutcomeClass::Complete, &text);
    assert_eq!(got["funnel"].1, label("whole"));
    let got = verdicts(vec![spec(fields())], OutcomeClass::Complete, &format!("<think>{DUE}"));
    assert_eq!(got["funnel"].1, label("reply"), "unfinished thinking is a cut answer");
}

fn check(kind: ScorerKind, answer: &str, expected: &[&str], pass: Option<bool>) {
    let case = case(expected);
    let scorer = Scorer::compile(&spec(kind.clone())).unwrap();
    let said = scorer.score(&Subject::new(Some(answer), answer, &case));
    assert_eq!(said.pass, pass, "{kind:?} on {answer:?}: {said:?}");
    assert_eq!(said.pass == Some(false), said.why.is_some() && pass.is_some(), "a miss says why: {said:?}");
}

#[test]
fn one_field_by_pointer() {
    let of = |kind, pass| ScorerKind::JsonField {
        field: FieldSpec { pointer: "/a/0".into(), ..field("a", kind, pass) },
        reading: JsonReading::Strict,
    };
    check(
        of(FieldKind::Date { forms: vec![] }, 1.0),
        r#"{"a": ["5 March 2026"]}"#,
        &["2026-03-05"],
        Some(true),
    );
    check(
        of(FieldKind::Date { forms: vec![] }, 1.0),
        r#"{"a": ["6 March 2026"]}"#,
        &["2026-03-05"],
        Some(false),
    );
    check(of(FieldKind::Number { abs: 0.5, rel: 0.0 }, 1.0), r#"{"a": [3.4]}"#, &["3"], Some(true));
    check(
        of(FieldKind::Text { rule: TextMatch::CharF1 }, 0.5),
        r#"{"a": ["서울특별시"]}"#,
        &["서울시"],
        Some(false),
    );
    check(of(FieldKind::Auto, 1.0), r#"{"a": [true]}"#, &[r#"{"a": [true]}"#], Some(true));
    check(of(FieldKind::Auto, 1.0), r#"{"b": 1}"#, &[r#"{"a": [true]}"#], Some(false));
    check(of(FieldKind::Auto, 1.0), "{}", &[], None);
    let list = |ordered| FieldKind::List { ordered };
    let due: &[&str] = &[r#"{"a": [["x", "y"]]}"#];
    check(of(list(true), 1.0), r#"{"a": [["y", "x"]]}"#, due, Some(false));
    check(of(list(false), 1.0), r#"{"a": [["y", "x"]]}"#, due, Some(true));
}

#[test]
fn scorers_of_text() {
    let language = |is: Option<&str>, like: Option<&str>| ScorerKind::Language {
        is: is.map(str::to_owned),
        like: like.map(str::to_owned),
    };
    check(language(None, Some("question")), "1434년에 만들었습니다.", &[], Some(true));
    check(language(None, Some("question")), "It was made in 1434.", &[], Some(false));
    check(language(Some("en"), None), "It was made in 1434.", &[], Some(true));
    check(language(Some("en"), None), "1434", &[], None);
    let facts = ScorerKind::DatesNumbers { allowed: vec!["13.5".into()], vars: vec![] };
    check(facts.clone(), "1434년, 높이 13.5 m", &["1434년"], Some(true));
    check(facts, "In 1435", &["1434"], Some(false));
    let length = |min, max| ScorerKind::Length { unit: LengthUnit::Sentences, min, max };
    check(length(Some(1), Some(2)), "One. Two.", &[], Some(true));
    check(length(None, Some(1)), "One. Two.", &[], Some(false));
    check(ScorerKind::KoreanMatch { any_of: None }, "금관이었습니다", &["금관"], Some(true));
    check(ScorerKind::KoreanMatch { any_of: None }, "금관악기", &["금관"], Some(false));
    check(ScorerKind::Latency { ttft_s: Some(1.0), e2e_s: None }, "x", &[], None);
    check(ScorerKind::Cost { max: 1.0 }, "x", &[], None);
}
