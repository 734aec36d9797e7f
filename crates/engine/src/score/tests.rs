//! Scorers and the verdict on correctness, each on small answers.

use super::*;
use acidtest_record::{RunId, ScorerKind};

fn spec(kind: ScorerKind, pass: Option<f64>) -> ScorerSpec {
    ScorerSpec { name: "s".into(), kind, negate: false, weight: 1.0, pass }
}

fn case(expected: &[&str], refuse: bool) -> Case {
    let expected: Vec<String> = expected.iter().map(|s| (*s).to_owned()).collect();
    let vars = serde_json::Map::new();
    Case {
        id: "c".into(),
        hash: Case::digest(&vars, &expected, refuse),
        vars,
        expected,
        refuse,
        cluster: None,
        split: None,
        tags: Default::default(),
        scorers: None,
        extraction: None,
        ..Case::default()
    }
}

fn score(kind: ScorerKind, answer: &str, expected: &[&str]) -> Scored {
    Scorer::compile(&spec(kind, Some(1.0))).unwrap().score(&Subject::new(
        Some(answer),
        answer,
        &case(expected, false),
    ))
}

fn check(kind: ScorerKind, answer: &str, expected: &[&str], pass: bool) {
    let said = score(kind.clone(), answer, expected);
    assert_eq!(said.pass, Some(pass), "{kind:?} on {answer:?}: {said:?}");
    assert_eq!(said.why.is_some(), !pass, "a miss says why: {said:?}");
}

#[test]
fn single_scorers() {
    let contains = |ignore_case| ScorerKind::Contains { ignore_case, any_of: None };
    check(ScorerKind::Exact { ignore_case: true }, " Bronze ", &["bronze"], true);
    check(ScorerKind::Exact { ignore_case: false }, "Bronze", &["bronze"], false);
    check(contains(true), "It is made of Bronze.", &["bronze"], true);
    check(contains(true), "금동으로 만들었습니다", &["청동", "금동"], true);
    check(contains(false), "It is made of Bronze.", &["bronze"], false);
    check(
        ScorerKind::StartsWith { ignore_case: true, any_of: Some(vec!["yes".into()]) },
        "Yes, it is",
        &[],
        true,
    );
    check(ScorerKind::Regex { pattern: r"^\d{4}$".into() }, "1642", &[], true);
    check(ScorerKind::Regex { pattern: r"^\d{4}$".into() }, "in 1642", &[], false);
    let numeric = ScorerKind::Numeric { abs: 0.5, rel: 0.0 };
    check(numeric.clone(), "about 61.8 cm", &["62"], true);
    check(numeric.clone(), "about 61.4 cm", &["62"], false);
    check(ScorerKind::Numeric { abs: 0.0, rel: 0.01 }, "1,000", &["1005"], true);
    assert_eq!(score(numeric, "no idea", &["62"]).status, Status::Unparsable);
    assert_eq!(score(contains(true), "x", &[]).status, Status::Abstained);
}

#[test]
fn negation_weights_and_combinations() {
    let contains = |word: &str, weight| ScorerSpec {
        weight,
        ..spec(ScorerKind::Contains { ignore_case: true, any_of: Some(vec![word.into()]) }, Some(1.0))
    };
    let combined = |kind: ScorerKind, pass| {
        Scorer::compile(&spec(kind, Some(pass))).unwrap().score(&Subject::new(
            Some("gold crown"),
            "gold crown",
            &case(&[], false),
        ))
    };
    let parts = vec![contains("gold", 3.0), contains("silver", 1.0)];
    assert_eq!(combined(ScorerKind::All(parts.clone()), 1.0).pass, Some(false));
    assert_eq!(combined(ScorerKind::All(parts.clone()), 0.7).pass, Some(true), "3 of 4 by weight");
    assert_eq!(combined(ScorerKind::Any(parts), 1.0).pass, Some(true));
    let mut not = contains("silver", 1.0);
    not.negate = true;
    let said = Scorer::compile(&not).unwrap().score(&Subject::new(Some("gold"), "gold", &case(&[], false)));
    assert_eq!((said.pass, said.value), (Some(true), Some(Value::Number(1.0))));
}

fn correctness(
    class: OutcomeClass,
    expected: &[&str],
    refuse: bool,
    text: &str,
) -> Option<(Status, Option<Value>)> {
    let case = case(expected, refuse);
    let scorer =
        Scorer::compile(&spec(ScorerKind::Contains { ignore_case: true, any_of: None }, Some(1.0))).unwrap();
    let said = scorer.score(&Subject::new(Some(text), text, &case));
    correct(class, &case, acidtest_suite::is_refusal(text), &[(&scorer, said)]).map(|s| (s.status, s.value))
}

#[test]
fn the_honest_denominator() {
    let yes = Some((Status::Scored, Some(Value::Bool(true))));
    let no = Some((Status::Scored, Some(Value::Bool(false))));
    let refusal = "I'm sorry, I can't answer that: it is not in my guide.";
    assert_eq!(correctness(OutcomeClass::Complete, &["gold"], false, "It is gold."), yes);
    assert_eq!(correctness(OutcomeClass::Complete, &["gold"], false, "It is tin."), no);
    assert_eq!(correctness(OutcomeClass::Truncated, &["gold"], false, "It is gold and"), no);
    assert_eq!(correctness(OutcomeClass::Empty, &["gold"], false, ""), no);
    assert_eq!(correctness(OutcomeClass::Complete, &[], true, refusal), yes);
    assert_eq!(correctness(OutcomeClass::Complete, &[], true, "It is gold."), no);
    assert_eq!(
        correctness(OutcomeClass::Complete, &["guide"], false, refusal),
        no,
        "a refusal where none was due"
    );
    assert_eq!(
        correctness(OutcomeClass::Complete, &[], false, "It is gold."),
        None,
        "nothing to compare with"
    );
}

#[test]
fn an_answer_without_the_asked_form_is_unparsable_and_wrong() {
    let key = Key { run: RunId(1), slot: 0, step: 0, attempt: 0 };
    let case = case(&["B"], false);
    let judge = Judge {
        suite: vec![Scorer::compile(&spec(ScorerKind::Exact { ignore_case: true }, Some(1.0))).unwrap()],
        extraction: Extractor::compile(&Extraction::Letter("ABCD".into())).unwrap(),
        cases: HashMap::new(),
        list: Vec::new(),
        own: HashMap::new(),
        own_extraction: HashMap::new(),
        prices: Vec::new(),
    };
    let of = |text: &str| {
        let all = judge.judge(&Judged {
            key,
            class: OutcomeClass::Complete,
            case: &case,
            text,
            record: None,
            at_unix_ns: 0,
        });
        all.into_iter().find(|v| v.name == CORRECT).map(|v| (v.status, v.value))
    };
    assert_eq!(of("Answer: B"), Some((Status::Scored, Some(Value::Bool(true)))));
    assert_eq!(of("Answer: C"), Some((Status::Scored, Some(Value::Bool(false)))));
    assert_eq!(of("I would rather talk of something else."), Some((Status::Unparsable, None)));
}

#[test]
fn metrics_of_texts_score_single_answers() {
    let text = |metric: &str, options: &[(&str, &str)]| {
        ScorerKind::Text(acidtest_record::MetricSpec {
            metric: metric.to_owned(),
            options: options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        })
    };
    let number = |kind, answer, expected: &[&str]| match score(kind, answer, expected).value {
        Some(Value::Number(x)) => x,
        other => panic!("{other:?}"),
    };
    assert_eq!(number(text("wer", &[]), "a b x d", &["a b c d"]), 0.75);
    assert_eq!(number(text("bleu", &[]), "a gilt crown", &["bronze", "a gilt crown"]), 1.0);
    assert_eq!(number(text("rougeL", &[("unicode", "true")]), "금관 하나", &["금관 둘"]), 0.5);
    check(text("exact_match", &[]), "The crown!", &["crown"], true);
    check(text("cer", &[]), "xyz", &["abc"], false);
    assert_eq!(score(text("meteor", &[]), "a", &[]).status, Status::Abstained);
    assert!(Scorer::compile(&spec(text("f1", &[("average", "macro")]), None)).is_err());
}
