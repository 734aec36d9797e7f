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
