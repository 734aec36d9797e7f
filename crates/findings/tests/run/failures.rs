//! What is listed as failing, and rates of windows that nothing fell into.

use crate::build::*;
use acidtest_findings::{Quantity, Texts, View, find, listed};
use acidtest_record::*;
use std::collections::BTreeMap;

#[test]
fn a_case_is_listed_once_however_often_it_was_asked() {
    let mut spec = spec(CLOSED, 2, &[]);
    spec.phases.push(phase("again", CLOSED));
    let cases = cases(2, 1);
    let rows: Vec<Row> = (0..8u32)
        .map(|i| {
            let hash = Some(cases[i as usize % 2].hash);
            let at = i64::from(i) * 1000;
            Row { phase: (i / 4) as u16, ..row(i, hash, OutcomeClass::Complete, at, 10, 20) }
        })
        .collect();
    let f = run(&spec, &cases, &rows, |_| false);
    let told: Vec<_> = f.failures.iter().map(|f| (f.case.as_deref(), f.more)).collect();
    assert_eq!(told, [(Some("c0"), 3), (Some("c1"), 3)]);
    assert_eq!(f.failing, 8);
}

#[test]
fn reasons_are_those_against_the_answer_and_none_twice() {
    let (mut spec, cases) = (spec(CLOSED, 1, &[]), cases(1, 1));
    spec.scorers.push(ScorerSpec { name: "kind".into(), ..spec.scorers[0].clone() });
    let mut builder = View::new(RUN, &spec, &cases);
    let r = row(0, Some(cases[0].hash), OutcomeClass::Complete, 0, 10, 20);
    builder.row(r);
    judge(&mut builder, &r, false);
    builder.verdict(&verdict(r.key, "kind", Status::Scored, Some(Value::Number(1.0))));
    let view = builder.finish();
    assert_eq!(listed(&view).into_iter().collect::<Vec<_>>(), [r.key], "what must be read");
    let mut said = |_| Texts {
        detail: Some("x".repeat(1000)),
        reasons: [
            ("char_f1", "too far"),
            ("kind", "very kind"),
            ("correct", "char_f1: too far"),
            ("of", "x"),
        ]
        .map(|(name, why)| (name.to_owned(), why.to_owned()))
        .into(),
        ..Texts::default()
    };
    let f = find(&view, &mut said);
    assert_eq!(f.failures[0].reasons, BTreeMap::from([("char_f1".into(), "too far".into())]));
    assert!(f.failures[0].detail.as_ref().unwrap().chars().count() <= 301, "bounded");
}

#[test]
fn an_answer_of_the_asked_length_fails_only_where_it_is_judged() {
    let mut spec = spec(CLOSED, 0, &[]);
    let cut = row(0, None, OutcomeClass::Truncated, 0, 10, 20);
    let empty = row(1, None, OutcomeClass::Empty, 100, 10, 20);
    let failing = |spec: &RunSpec| {
        let mut builder = View::new(RUN, spec, &[]);
        builder.row(cut);
        builder.row(empty);
        let f = find(&builder.finish(), &mut |_| Texts::default());
        f.failures.iter().map(|f| f.reason.clone()).collect::<Vec<_>>()
    };
    assert_eq!(failing(&spec), ["truncated: counts as wrong", "empty: counts as wrong"]);
    spec.scorers.clear();
    assert_eq!(failing(&spec), ["the answer was empty"]);
}

#[test]
fn a_steady_window_that_no_answer_ended_in_has_no_rate() {
    // Two users, each one long request: the last send is soon, the first end is late.
    let (spec, cases) = (spec(Load::Closed { concurrency: 2 }, 2, &[]), cases(2, 1));
    let rows: Vec<Row> = (0..3u32)
        .map(|i| row(i, Some(cases[0].hash), OutcomeClass::Complete, i64::from(i), 500, 900))
        .collect();
    let f = run(&spec, &cases, &rows, |_| true);
    match &get(&f, "requests_per_s", "rate").value {
        Quantity::Absent(why) => assert!(why.contains("is too short"), "{why}"),
        found => panic!("{found:?}"),
    }
}
