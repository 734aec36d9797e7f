//! Write then read is identity.

use super::{append, fresh, records, sample, with_run};
use acidtest_record::{Item, OutcomeClass, Record, Row, RunId, Timing};
use proptest::prelude::*;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Three requests of up to three attempts in a mixed order, never two of one key.
fn keys(run: RunId, order: &[usize]) -> Vec<acidtest_record::Key> {
    order.iter().map(|i| sample::key(run, (*i / 3) as u32, (*i % 3) as u8)).collect()
}

#[test]
fn any_record_comes_back_as_it_was() {
    let (_dir, store) = fresh();
    let store = RefCell::new(store);
    let next = Cell::new(1u64);
    let order = Just((0..9usize).collect::<Vec<_>>()).prop_shuffle();
    let some = (order, 1..6usize).prop_flat_map(|(order, n)| {
        keys(RunId(0), &order[..n]).into_iter().map(sample::any_record).collect::<Vec<_>>()
    });
    proptest!(ProptestConfig::with_cases(96), |(mut sent in some)| {
        let run = RunId(next.replace(next.get() + 1));
        sent.iter_mut().for_each(|r| r.key.run = run);
        let store = &mut *store.borrow_mut();
        store.create_run(run, "x", &sample::spec("x"), &[], 0).unwrap();
        let done = append(store, &sent);
        prop_assert_eq!(done.records, sent.len() as u64);
        prop_assert_eq!(&records(store, run), &sent);
        for r in &sent {
            let one = store.record(r.key).unwrap();
            prop_assert_eq!(one.as_ref(), Some(r));
        }
        let mut rows = Vec::new();
        store.rows(run, &mut |r| rows.push(r)).unwrap();
        prop_assert_eq!(rows, sent.iter().map(Row::of).collect::<Vec<_>>());
        let mut times: Vec<Timing> = Vec::new();
        store.details(run, &mut |_, t| times.push(t)).unwrap();
        prop_assert_eq!(times, sent.iter().map(|r| r.timing.clone()).collect::<Vec<_>>());
        counters_agree(store, run, &sent)?;
    });
}

fn counters_agree(store: &crate::Store, run: RunId, sent: &[Record]) -> Result<(), TestCaseError> {
    let mut last: BTreeMap<u32, (u8, OutcomeClass)> = BTreeMap::new();
    for r in sent {
        let this = (r.key.attempt, Row::of(r).class);
        let at = last.entry(r.key.slot).or_insert(this);
        if at.0 < this.0 {
            *at = this;
        }
    }
    let count = |f: fn(OutcomeClass) -> bool| last.values().filter(|(_, c)| f(*c)).count() as u64;
    let s = store.summary(run).unwrap();
    prop_assert_eq!(s.records, sent.len() as u64);
    prop_assert_eq!(s.requests, last.len() as u64);
    prop_assert_eq!(s.delivered, count(OutcomeClass::delivered));
    prop_assert_eq!(s.failed, count(|c| matches!(c, OutcomeClass::Failed(_))));
    prop_assert_eq!(s.not_sent, count(|c| matches!(c, OutcomeClass::NotSent(_))));
    let stored = store.last_attempts(run).unwrap();
    let stored: BTreeMap<_, _> = stored.iter().map(|l| (l.slot, (l.attempt, l.class))).collect();
    prop_assert_eq!(stored, last);
    Ok(())
}

#[test]
fn not_a_number_survives() {
    let (_dir, mut store) = with_run(sample::RUN);
    let mut r = sample::plain(sample::RUN, 0);
    r.answer.parts = vec![acidtest_record::Part::Scores(vec![f64::NAN, 1.0])];
    append(&mut store, std::slice::from_ref(&r));
    assert_eq!(format!("{:?}", records(&store, sample::RUN)), format!("{:?}", [&r]));
    let again = append(&mut store, &[r]);
    assert_eq!((again.repeated, again.conflicts), (1, 0));
}

#[test]
fn everything_beside_comes_back() {
    let (_dir, mut store) = with_run(sample::RUN);
    let items = sample::beside(sample::RUN);
    let done = store.append(sample::RUN, &items).unwrap();
    assert_eq!(done.items, items.len() as u64);
    let mut back = Vec::new();
    let run = sample::RUN;
    store.verdicts(run, &mut |v| back.push(Item::Verdict(v))).unwrap();
    store.readings(run, &mut |r| back.push(Item::Reading(r))).unwrap();
    store.facts(run, &mut |f| back.push(Item::Fact(f))).unwrap();
    store.notes(run, &mut |n| back.push(Item::Note(n))).unwrap();
    assert_eq!(back, items);
}

#[test]
fn reasons_are_those_of_the_opinions_about_own_records() {
    let (_dir, mut store) = with_run(sample::RUN);
    let items = sample::beside(sample::RUN);
    store.append(sample::RUN, &items).unwrap();
    let owned = |name: &str, why: Option<&str>| (name.to_owned(), why.map(str::to_owned));
    let due: Vec<_> = items
        .iter()
        .filter_map(|item| match item {
            Item::Verdict(v) if v.about[0].key.run == sample::RUN => {
                Some((v.about[0].key, owned(&v.name, v.why.as_deref())))
            }
            _ => None,
        })
        .collect();
    assert!(due.iter().any(|(_, (_, why))| why.is_some()), "the sample has one");
    let mut found = Vec::new();
    store.reasons(sample::RUN, &mut |r| found.push((r.key, owned(r.name, r.why)))).unwrap();
    assert_eq!(found, due);
}

#[test]
fn a_later_note_replaces_the_one_before() {
    let (_dir, mut store) = with_run(sample::RUN);
    let notes: Vec<Item> =
        sample::beside(sample::RUN).into_iter().filter(|i| matches!(i, Item::Note(_))).collect();
    store.append(sample::RUN, &notes).unwrap();
    store.append(sample::RUN, &notes).unwrap();
    let mut n = 0;
    store.notes(sample::RUN, &mut |_| n += 1).unwrap();
    assert_eq!(n, notes.len());
}

#[test]
fn the_plan_comes_back() {
    let (_dir, mut store) = fresh();
    let spec = sample::spec("docent\0'");
    let cases: Vec<_> = (0..3).map(sample::case).collect();
    let run = sample::RUN;
    store.create_run(run, &spec.name, &spec, &cases, 7).unwrap();
    let clock = acidtest_record::ClockRow { no: 1, host: "h".into(), zero_unix_ns: i64::MIN, error_ns: None };
    store.add_clock(run, &clock).unwrap();
    assert_eq!(store.spec(run).unwrap(), spec);
    assert_eq!(store.cases(run).unwrap(), cases);
    assert_eq!(store.clocks(run).unwrap(), [clock]);
    assert_eq!(store.summary(run).unwrap().name, spec.name);
}
