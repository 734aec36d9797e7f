//! Battles from votes and from scores, the next pair to ask about, and agreement with scorers.

use crate::build::*;
use acidtest_findings::browse::CaseIndex;
use acidtest_findings::duels::*;
use acidtest_findings::{Opinions, View, agreement};
use acidtest_record::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Targets `t0` … that each answer all cases once; a target's answers are right from its number on.
fn arena(targets: u32, cases_n: u32) -> (RunSpec, CaseIndex) {
    let mut spec = spec(CLOSED, cases_n, &[]);
    spec.targets = (0..targets).map(|t| target(&format!("t{t}"))).collect();
    let cases = cases(cases_n as usize, 1);
    let mut builder = View::new(RUN, &spec, &cases);
    for i in 0..targets * cases_n {
        let (t, c) = (i % targets, i / targets);
        let r = row(i, Some(cases[c as usize].hash), OutcomeClass::Complete, i64::from(i) * 100, 10, 20);
        let r = Row { target: t as u16, ..r };
        builder.row(r);
        judge(&mut builder, &r, c >= t);
    }
    let index = CaseIndex::of(&builder.finish());
    (spec, index)
}

fn key(slot: u32) -> Key {
    Key { run: RUN, slot, step: 0, attempt: 0 }
}

fn vote(person: &str, a: u32, b: u32, word: &str, at: i64) -> Verdict {
    Verdict {
        name: PREFERENCE.into(),
        maker: Maker { kind: MakerKind::Person, name: person.into(), version: String::new(), digest: None },
        about: vec![About { role: AboutRole::A, key: key(a) }, About { role: AboutRole::B, key: key(b) }],
        status: Status::Scored,
        value: Some(Value::Preference(word.into())),
        why: None,
        evidence: None,
        at_unix_ns: at,
    }
}

fn ballots(votes: &[Verdict]) -> Ballots {
    let mut ballots = Ballots::default();
    votes.iter().for_each(|v| ballots.add(v));
    ballots
}

#[test]
fn of_one_person_about_one_pair_the_latest_vote_counts() {
    let (spec, index) = arena(3, 2);
    let field = Field::of(&[OfRun { index: &index, spec: &spec }]);
    let mut back = vote("lee", 0, 1, "a", 9);
    (back.status, back.value) = (Status::Withdrawn, None);
    let votes = [
        vote("kim", 0, 1, "a", 1),
        vote("kim", 1, 0, "a", 2), // sides changed: now the answer at slot 1 is better
        vote("lee", 0, 1, "tie", 3),
        back,
        vote("kim", 1, 2, "both_bad", 4),
        vote("kim", 0, 4, "a", 5),      // answers to two cases
        vote("kim", 3, 4, "nobody", 6), // no such word
        vote("kim", 77, 78, "a", 7),    // answers that the field does not hold
    ];
    let ballots = ballots(&votes);
    assert_eq!(ballots.of_person("kim", key(0), key(1)), Some(Choice::B));
    assert_eq!(ballots.of_person("kim", key(1), key(0)), Some(Choice::A));
    assert_eq!(ballots.of_person("lee", key(0), key(1)), None);
    let duels = Duels::of_votes(&field, &ballots).unwrap();
    assert_eq!(duels.models, ["t0", "t1", "t2"]);
    let told: Vec<(u32, u32, Choice)> = duels.duels.iter().map(|d| (d.a, d.b, d.choice)).collect();
    assert_eq!(told, [(0, 1, Choice::B), (1, 2, Choice::BothBad)]);
    assert_eq!(
        (duels.voters.as_slice(), duels.cases.as_slice(), duels.voter_count()),
        ([1, 1].as_slice(), [1, 1].as_slice(), 1)
    );
}

#[test]
fn scores_fight_once_for_each_shared_case() {
    let (spec, index) = arena(3, 4);
    let runs = [OfRun { index: &index, spec: &spec }];
    let field = Field::of(&runs);
    let duels = Duels::of_scores(&field, &runs, "correct").unwrap();
    assert_eq!(duels.duels.len(), 4 * 3);
    let wins = |a, b, choice| duels.duels.iter().filter(|d| (d.a, d.b, d.choice) == (a, b, choice)).count();
    // t0 is right on all four, t1 on three, t2 on two.
    assert_eq!((wins(0, 1, Choice::A), wins(0, 1, Choice::Tie), wins(0, 2, Choice::A)), (1, 3, 2));
    let (ranking, units) = duels.rated().unwrap();
    assert_eq!((units.words, ranking.units), ("prompt", 4));
    assert_eq!(ranking.order, [0, 1, 2]);
    assert_eq!(Duels::of_scores(&field, &runs, "char_f1").unwrap().duels, duels.duels);
    assert!(Duels::of_scores(&field, &runs, "no such").unwrap().duels.is_empty());
}

#[test]
fn one_name_for_two_models_is_two_contestants() {
    let ((a, index), (mut b, _)) = (arena(2, 2), arena(2, 2));
    b.targets[0].model = "m-2".into();
    let runs = [OfRun { index: &index, spec: &a }, OfRun { index: &index, spec: &b }];
    let names: Vec<String> = Field::of(&runs).contestants.into_iter().map(|c| c.name).collect();
    assert_eq!(names, ["t0 (m)", "t0 (m-2)", "t1"]);
}

#[test]
fn a_person_is_asked_about_every_pair_once_and_then_about_none() {
    let (spec, index) = arena(3, 3);
    let field = Field::of(&[OfRun { index: &index, spec: &spec }]);
    let mut said = Ballots::default();
    let (mut seen, mut lefts) = (BTreeSet::new(), 0);
    for at in 0..9 {
        let found = next(&field, &said, "kim", 7);
        assert_eq!((found.done, found.open), (at, 9 - at));
        assert_eq!(found, next(&field, &said, "kim", 7), "the same seed asks the same");
        let (left, right) = found.pair.unwrap();
        let of = |k: Key| *field.entry(k).unwrap();
        assert_eq!(of(left).case, of(right).case);
        assert_ne!(of(left).contestant, of(right).contestant);
        assert!(seen.insert((left.min(right), left.max(right))), "asked twice");
        lefts += u32::from(left < right);
        said.add(&vote("kim", left.slot, right.slot, "a", at as i64));
    }
    assert_eq!(next(&field, &said, "kim", 7), Next { pair: None, done: 9, open: 0 });
    assert!((1..9).contains(&lefts), "sides are shuffled: {lefts} of 9");
    assert_eq!(next(&field, &said, "lee", 7).open, 9, "another person may be asked all of it");
}

#[test]
fn those_who_met_least_are_asked_about_first() {
    let (spec, index) = arena(3, 60);
    let field = Field::of(&[OfRun { index: &index, spec: &spec }]);
    // t0 and t1, t1 and t2 met often, each winning half; t0 and t2 never.
    let votes: Vec<Verdict> = (0..50u32)
        .flat_map(|c| {
            let word = if c % 2 == 0 { "a" } else { "b" };
            [vote("lee", 3 * c, 3 * c + 1, word, 1), vote("lee", 3 * c + 1, 3 * c + 2, word, 1)]
        })
        .collect();
    let (left, right) = next(&field, &ballots(&votes), "kim", 1).pair.unwrap();
    let mut two = [left, right].map(|k| field.entry(k).unwrap().contestant);
    two.sort_unstable();
    assert_eq!(two, [0, 2]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn sides_of_votes_do_not_matter(votes in prop::collection::vec((0u32..4, 0u32..4, 0usize..4, prop::bool::ANY), 0..40)) {
        let (spec, index) = arena(4, 1);
        let field = Field::of(&[OfRun { index: &index, spec: &spec }]);
        let words = [Choice::A, Choice::B, Choice::Tie, Choice::BothBad];
        let cast = |turn: bool| {
            let all: Vec<Verdict> = votes.iter().enumerate().filter(|(_, v)| v.0 != v.1).map(|(i, (a, b, w, t))| {
                let word = words[*w];
                match turn && *t {
                    true => vote("p", *b, *a, word.turned().id(), i as i64),
                    false => vote("p", *a, *b, word.id(), i as i64),
                }
            }).collect();
            Duels::of_votes(&field, &ballots(&all)).unwrap()
        };
        prop_assert_eq!(cast(false), cast(true));
    }
}

fn label(person: &str, slot: u32, value: Option<Value>, at: i64) -> Verdict {
    let status = if value.is_some() { Status::Scored } else { Status::Withdrawn };
    Verdict {
        maker: Maker { kind: MakerKind::Person, name: person.into(), version: String::new(), digest: None },
        at_unix_ns: at,
        ..verdict(key(slot), "helpful", status, value)
    }
}

#[test]
fn agreement_is_the_share_of_equal_opinions_and_kappa() {
    let (spec, index) = arena(1, 40);
    // The scorer says yes to even slots; kim agrees but for four, lee takes one back.
    let scorer: Vec<Verdict> = (0..40u32)
        .map(|s| {
            verdict(
                key(s),
                "char_f1",
                Status::Scored,
                Some(Value::Number(if s % 2 == 0 { 0.6 } else { 0.4 })),
            )
        })
        .collect();
    let mut people: Vec<Verdict> =
        (0..40u32).map(|s| label("kim", s, Some(Value::Bool((s % 2 == 0) != (s < 4))), 1)).collect();
    people.push(label("lee", 0, Some(Value::Bool(true)), 1));
    people.push(label("lee", 1, Some(Value::Bool(true)), 1));
    people.push(label("lee", 1, None, 2));
    let mut opinions = Opinions::about("helpful");
    people.iter().for_each(|v| opinions.person(&index, v));
    let spoken_of = opinions.spoken_of(&index);
    people.iter().chain(&scorer).for_each(|v| opinions.other(&index, &spoken_of, v));
    assert_eq!((opinions.done("kim"), opinions.done("lee"), opinions.done("nobody")), (40, 1, 0));
    let found = agreement(&index, &spec, &opinions, Some("kim"));
    let [kim, all] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((kim.with.as_str(), kim.person.as_deref(), kim.n), ("char_f1", Some("kim"), 40));
    assert_eq!(kim.agree.number(), Some(0.9));
    // 20 yes and 20 no on both sides: expected agreement one half.
    assert!((kim.kappa.number().unwrap() - 0.8).abs() < 1e-12);
    let ends = kim.kappa.ends().unwrap();
    assert!(ends.low.unwrap() < 0.8 && ends.high.unwrap() > 0.8);
    assert_eq!((all.person.as_deref(), all.n), (None, 41));
    assert!((all.agree.number().unwrap() - 37.0 / 41.0).abs() < 1e-12);
    assert!(all.agree.ends().is_some());
    assert!(agreement(&index, &spec, &Opinions::about("other"), None).is_empty());
}

#[test]
fn labels_and_yes_or_no_cannot_be_compared() {
    let (spec, index) = arena(1, 3);
    let mut opinions = Opinions::about("helpful");
    opinions.person(&index, &label("kim", 0, Some(Value::Label("good".into())), 1));
    opinions.person(&index, &label("kim", 1, Some(Value::Label("bad".into())), 1));
    let judged = |slot, value| verdict(key(slot), "judge", Status::Scored, Some(value));
    let spoken_of = opinions.spoken_of(&index);
    opinions.other(&index, &spoken_of, &judged(0, Value::Bool(true)));
    opinions.other(&index, &spoken_of, &judged(1, Value::Label("bad".into())));
    let found = agreement(&index, &spec, &opinions, None);
    assert_eq!((found[0].n, found[0].agree.number()), (1, Some(1.0)));
    assert_eq!(found[0].kappa.number(), None, "one label on both sides says nothing about chance");
}
