//! Listing, naming, resuming, removing.

use super::{append, fresh, records, sample, with_run};
use crate::{Prune, Store, StoreError};
use acidtest_record::{Cause, Item, NotSent, RunId, RunState};

fn add(store: &mut Store, id: u64, at: i64) {
    let run = RunId(id);
    let cases = [sample::case(1)];
    store.create_run(run, "n", &sample::spec("n"), &cases, at).unwrap();
    let shared = Item::Blob(sample::body(0));
    let own = Item::Blob(acidtest_record::Blob::new(run.to_string().into_bytes()));
    store.append(run, &[shared, own]).unwrap();
    append(store, &[sample::plain(run, 0)]);
    store.append(run, &sample::beside(run)).unwrap();
    store.set_state(run, RunState::Done, at + 1).unwrap();
}

fn count(store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    store.conn.query_row(&sql, [], |r| r.get(0)).unwrap()
}

#[test]
fn the_last_run_to_arrive_is_the_latest_whenever_it_took_place() {
    let (_dir, mut store) = fresh();
    // A file of last year comes into the store after today's run.
    add(&mut store, 1, 2_000);
    add(&mut store, 2, 1_000);
    assert_eq!(store.resolve("latest").unwrap().0, 2);
    let ids: Vec<u64> = store.runs().unwrap().iter().map(|r| r.id.0).collect();
    assert_eq!(ids, [2, 1]);
    let gone = store.prune(crate::Prune::Keep(1)).unwrap();
    assert_eq!(gone, [RunId(1)]);
}

#[test]
fn runs_are_listed_last_first_and_found_by_prefix() {
    let (_dir, mut store) = fresh();
    let (a, b, c) = (0x7f3a << 48, (0x7f3b << 48) | 1, 0xc << 60);
    for (id, at) in [(a, 10), (b, 20), (c, 30)] {
        add(&mut store, id, at);
    }
    let ids: Vec<u64> = store.runs().unwrap().iter().map(|r| r.id.0).collect();
    assert_eq!(ids, [c, b, a]);
    assert_eq!(store.runs().unwrap()[0].ended_unix_ns, Some(31));
    assert_eq!(store.resolve("latest").unwrap().0, c);
    assert_eq!(store.resolve("7F3B").unwrap().0, b);
    assert_eq!(store.resolve(&RunId(a).to_string()).unwrap().0, a);
    let e = store.resolve("7f3").unwrap_err();
    assert_eq!(e.to_string(), "'7f3' fits 2 runs: 7f3b000000000001 (n), 7f3a000000000000 (n)");
    for bad in ["", "9", "%", "7f3a0000000000000", "LATEST"] {
        let e = store.resolve(bad).unwrap_err();
        assert!(matches!(&e, StoreError::RunUnknown { known, .. } if known.len() == 3), "{bad}");
        assert!(e.hint().unwrap().contains("c000000000000000 (n)"));
    }
    store.set_state(RunId(c), RunState::Running, 0).unwrap();
    assert_eq!(store.summary(RunId(c)).unwrap().ended_unix_ns, None);
    assert_eq!(store.state(RunId(c)).unwrap(), RunState::Running);
}

#[test]
fn an_empty_store_says_how_to_begin() {
    let (_dir, store) = fresh();
    let e = store.resolve("latest").unwrap_err();
    assert!(e.hint().unwrap().contains("acidtest run"));
    assert!(matches!(store.spec(RunId(1)), Err(StoreError::RunUnknown { .. })));
}

#[test]
fn pruning_keeps_what_others_need_and_nothing_else() {
    let (_dir, mut store) = fresh();
    for id in 1..=4 {
        add(&mut store, id, id as i64);
    }
    store.set_state(RunId(1), RunState::Running, 0).unwrap();
    assert_eq!(count(&store, "blob"), 1 + 1 + 4);
    assert_eq!(store.prune(Prune::Keep(1)).unwrap(), [RunId(3), RunId(2)]);
    assert_eq!(count(&store, "blob"), 1 + 1 + 2);
    assert_eq!(count(&store, "record"), 2);
    assert_eq!(store.blob(sample::body(0).hash).unwrap(), Some(sample::body(0).body));
    assert_eq!(store.cases(RunId(4)).unwrap(), [sample::case(1)]);
    assert_eq!(records(&store, RunId(4)), [sample::plain(RunId(4), 0)]);
    assert_eq!(store.prune(Prune::Before(4)).unwrap(), []);
    assert_eq!(store.prune(Prune::Before(5)).unwrap(), [RunId(4)]);
    store.delete(RunId(1)).unwrap();
    for table in [
        "run",
        "clock",
        "cases",
        "blob",
        "blob_use",
        "record",
        "detail",
        "verdict",
        "verdict_about",
        "reading",
        "fact",
        "note",
    ] {
        assert_eq!(count(&store, table), 0, "{table}");
    }
    store.vacuum().unwrap();
    assert!(matches!(store.delete(RunId(1)), Err(StoreError::RunUnknown { .. })));
}

#[test]
fn a_resumed_run_knows_what_it_has() {
    let run = sample::RUN;
    let (_dir, mut store) = with_run(run);
    append(
        &mut store,
        &[
            sample::not_sent(run, 9, NotSent::Stopped),
            sample::failed(run, 4, 0, Cause::RateLimited),
            sample::plain(run, 2),
            sample::failed(run, 4, 1, Cause::Cancelled),
        ],
    );
    let last = store.last_attempts(run).unwrap();
    let seen: Vec<_> = last.iter().map(|l| (l.slot, l.attempt, l.interrupted(), l.next_attempt())).collect();
    assert_eq!(seen, [(2, 0, false, Some(1)), (4, 1, true, Some(2)), (9, 0, true, Some(1))]);
}

#[test]
fn redelivery_is_ignored_and_conflicts_are_counted() {
    let run = sample::RUN;
    let (_dir, mut store) = with_run(run);
    let first = [sample::plain(run, 0), sample::plain(run, 1)];
    assert_eq!(append(&mut store, &first).records, 2);
    let again = append(&mut store, &first);
    assert_eq!((again.records, again.repeated, again.items), (0, 2, 0));
    let mut other = first[0].clone();
    other.answer.parts.clear();
    let mixed = append(&mut store, &[other, sample::plain(run, 2)]);
    assert_eq!((mixed.records, mixed.conflicts), (1, 1));
    assert_eq!(records(&store, run), [first[0].clone(), first[1].clone(), sample::plain(run, 2)]);
    assert_eq!(store.summary(run).unwrap().requests, 3);
}
