//! Looking up a part of a run finds what the whole holds.

use super::{append, fresh, sample};
use acidtest_record::{About, AboutRole, Item, Maker, MakerKind, Record, RunId, Status, Value, Verdict};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

const RUN: RunId = sample::RUN;

fn some_records() -> Vec<Record> {
    let mut runner = TestRunner::deterministic();
    let keys = [(0, 0), (0, 1), (1, 0), (2, 0)];
    let one = |(slot, attempt)| sample::any_record(sample::key(RUN, slot, attempt));
    keys.map(one).iter().map(|s| s.new_tree(&mut runner).unwrap().current()).collect()
}

fn said(slot: u32, kind: MakerKind, name: &str) -> Verdict {
    Verdict {
        name: name.into(),
        maker: Maker { kind, name: "who".into(), version: String::new(), digest: None },
        about: vec![About { role: AboutRole::Subject, key: sample::key(RUN, slot, 0) }],
        status: Status::Scored,
        value: Some(Value::Bool(true)),
        why: None,
        evidence: None,
        at_unix_ns: i64::from(slot),
    }
}

#[test]
fn requests_answers_and_cases_are_found_one_by_one() {
    let (_dir, mut store) = fresh();
    let cases: Vec<_> = (0..3).map(sample::case).collect();
    store.create_run(RUN, "x", &sample::spec("x"), &cases, 0).unwrap();
    let sent = some_records();
    append(&mut store, &sent);
    assert_eq!(store.attempts(RUN, 0, 0).unwrap(), sent[..2]);
    assert_eq!(store.attempts(RUN, 9, 0).unwrap(), []);
    assert_eq!(store.case_at(RUN, 1).unwrap().as_ref(), Some(&cases[1]));
    assert_eq!(store.case_at(RUN, 3).unwrap(), None);
    let mut seen = Vec::new();
    let mut two = |pos, case| {
        seen.push((pos, case));
        if pos == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    store.each_case(RUN, 1, &mut two).unwrap();
    assert_eq!(seen, [(1, cases[1].clone()), (2, cases[2].clone())]);
    let (mut keys, mut place) = (Vec::new(), 0);
    for _ in 0..5 {
        // One at a time, each look going on behind the last.
        let behind = place;
        let mut one = |found: crate::Found<'_>| {
            let sent = sent.iter().find(|r| r.key == found.key).unwrap();
            // As text: not-a-number is not equal to itself.
            assert_eq!(format!("{:?}", sent.answer), format!("{:?}", found.answer));
            keys.push(found.key);
            place = found.place;
            ControlFlow::Break(())
        };
        store.answers(RUN, behind, &mut one).unwrap();
    }
    assert_eq!(keys, sent.iter().map(|r| r.key).collect::<Vec<_>>());
}

#[test]
fn verdicts_are_found_by_what_they_are_about_and_by_who_made_them() {
    let (_dir, mut store) = fresh();
    store.create_run(RUN, "x", &sample::spec("x"), &[], 0).unwrap();
    let all = [
        said(0, MakerKind::Scorer, "f1"),
        said(1, MakerKind::Person, "helpful"),
        said(1, MakerKind::Person, "kind"),
        said(2, MakerKind::Judge, "helpful"),
    ];
    let items: Vec<Item> = all.iter().cloned().map(Item::Verdict).collect();
    store.append(RUN, &items).unwrap();
    let mut found = Vec::new();
    store.verdicts_about(RUN, &BTreeSet::from([(1, 0), (2, 0)]), &mut |v| found.push(v)).unwrap();
    assert_eq!(found, all[1..]);
    let by = |kind, name: Option<&str>| {
        let mut found = Vec::new();
        store.verdicts_by(RUN, kind, name, &mut |v| found.push(v)).unwrap();
        found
    };
    assert_eq!(by(MakerKind::Person, None), all[1..3]);
    assert_eq!(by(MakerKind::Person, Some("kind")), all[2..3]);
    assert_eq!(by(MakerKind::Import, None), []);
}
