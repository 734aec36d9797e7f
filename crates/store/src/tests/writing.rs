//! The writing thread, and what is left when it dies.

use super::{append, records, sample, with_run};
use crate::{Store, StoreError, Writer};
use acidtest_record::{Item, RunId};
use std::fs;
use std::time::{Duration, Instant};

fn item(slot: u32) -> Item {
    Item::Record(Box::new(sample::plain(sample::RUN, slot)))
}

#[test]
fn the_thread_stores_everything_and_gives_the_store_back() {
    let (_dir, store) = with_run(sample::RUN);
    let (sender, writer) = Writer::spawn(store, sample::RUN, 16).unwrap();
    let progress = writer.progress();
    std::thread::scope(|s| {
        for part in 0..2 {
            let sender = sender.clone();
            s.spawn(move || (0..300).for_each(|i| sender.send(item(part * 300 + i)).unwrap()));
        }
    });
    sender.send(Item::Blob(sample::body(0))).unwrap();
    drop(sender);
    let (store, done) = writer.join().unwrap();
    assert_eq!((done.records, done.items), (600, 601));
    assert_eq!((progress.records(), progress.items(), progress.failed()), (600, 601, false));
    assert_eq!(records(&store, sample::RUN).len(), 600);
}

#[test]
fn the_plan_of_a_search_grows_and_no_other() {
    use acidtest_record::{Axis, FindSpec, MOST_RUNGS, SearchSpec, rung};
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_or_open(&dir.path().join("s.sqlite")).unwrap();
    let find = FindSpec {
        from: 1.0,
        to: 9.0,
        tolerance: 0.05,
        rung_s: 1.0,
        max_rungs: 9,
        max_time_s: 60.0,
        max_in_flight: 10,
    };
    let search = SearchSpec { axis: Axis::Poisson, find: Some(find) };
    let mut spec = acidtest_record::RunSpec { search: Some(search), ..sample::spec("search") };
    spec.phases.clear();
    store.create_run(sample::RUN, "search", &spec, &[], 0).unwrap();
    let phase = |n: f64| rung(Axis::Poisson, n, 1.0, 10, format!("rung {n}"));
    store.append_phases(sample::RUN, &[phase(1.0)]).unwrap();
    store.append_phases(sample::RUN, &[phase(2.0), phase(4.0)]).unwrap();
    let names: Vec<String> = store.spec(sample::RUN).unwrap().phases.into_iter().map(|p| p.name).collect();
    assert_eq!(names, ["rung 1", "rung 2", "rung 4"]);
    let many: Vec<_> = (0..MOST_RUNGS).map(|n| phase(f64::from(n) + 10.0)).collect();
    assert!(store.append_phases(sample::RUN, &many).is_err(), "too many");
    assert_eq!(store.spec(sample::RUN).unwrap().phases.len(), 3, "all of them or none");
    let (_dir, mut other) = with_run(sample::RUN);
    let error = other.append_phases(sample::RUN, &[phase(1.0)]).unwrap_err();
    assert!(error.to_string().contains("only the plan of a search grows"), "{error}");
}

#[test]
fn a_single_item_does_not_wait_for_more() {
    let (dir, store) = with_run(sample::RUN);
    let (sender, writer) = Writer::spawn(store, sample::RUN, 16).unwrap();
    let progress = writer.progress();
    sender.send(item(0)).unwrap();
    let start = Instant::now();
    while progress.records() == 0 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(5));
    }
    // Another connection reads while the writer is open.
    let reader = Store::open_read_only(&dir.path().join("s.db")).unwrap();
    assert_eq!(records(&reader, sample::RUN).len(), 1);
    drop(sender);
    writer.join().unwrap();
}

#[test]
fn an_error_closes_the_channel_and_is_reported() {
    let (dir, store) = with_run(sample::RUN);
    let pages: i64 = store.conn.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
    store.conn.pragma_update(None, "max_page_count", pages + 40).unwrap();
    let (sender, writer) = Writer::spawn(store, sample::RUN, 4).unwrap();
    let progress = writer.progress();
    let refused = (0..1_000_000).position(|i| sender.send(item(i)).is_err());
    assert!(refused.is_some());
    assert!(progress.failed());
    let e = writer.join().unwrap_err();
    assert!(matches!(e, StoreError::Full { .. }), "{e}");
    let reader = Store::open_read_only(&dir.path().join("s.db")).unwrap();
    assert_eq!(records(&reader, sample::RUN).len() as u64, progress.records());
}

#[test]
fn an_unknown_run_stops_the_thread() {
    let (_dir, store) = with_run(sample::RUN);
    let (sender, writer) = Writer::spawn(store, RunId(5), 4).unwrap();
    let _ = sender.send(item(0));
    assert!(matches!(writer.join(), Err(StoreError::RunUnknown { .. })));
    assert!(sender.send(item(0)).is_err());
}

/// The file and its log as they lie on disk, without the store being closed.
fn copy_alive(dir: &std::path::Path) -> (tempfile::TempDir, std::path::PathBuf) {
    let to = tempfile::tempdir().unwrap();
    for name in ["s.db", "s.db-wal"] {
        fs::copy(dir.join(name), to.path().join(name)).unwrap();
    }
    let path = to.path().join("s.db");
    (to, path)
}

#[test]
fn what_was_committed_survives_without_a_close() {
    let (dir, mut store) = with_run(sample::RUN);
    append(&mut store, &[sample::plain(sample::RUN, 0), sample::plain(sample::RUN, 1)]);
    let (_copy, path) = copy_alive(dir.path());
    let again = Store::open(&path).unwrap();
    assert_eq!(records(&again, sample::RUN).len(), 2);
}

#[test]
fn a_torn_log_loses_only_its_last_commits() {
    let (dir, mut store) = with_run(sample::RUN);
    let mut sizes = Vec::new();
    for i in 0..4 {
        append(&mut store, &[sample::plain(sample::RUN, i)]);
        sizes.push(fs::metadata(dir.path().join("s.db-wal")).unwrap().len());
    }
    for (n, size) in sizes.iter().enumerate() {
        for (cut, want) in [(0, n + 1), (100, n)] {
            let (copy, path) = copy_alive(dir.path());
            let log = fs::OpenOptions::new().write(true).open(copy.path().join("s.db-wal")).unwrap();
            log.set_len(size - cut).unwrap();
            let store = Store::open(&path).unwrap();
            let kept = records(&store, sample::RUN);
            assert_eq!(kept.len(), want);
            assert_eq!(store.summary(sample::RUN).unwrap().records, want as u64);
        }
    }
}
