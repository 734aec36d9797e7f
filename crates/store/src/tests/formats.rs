//! Stores that older versions wrote always open.

use super::{append, exported, sample};
use crate::Store;
use acidtest_record::{Cause, ClockRow, Item, NotSent, Part, RunState};
use std::fs;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats")
}

#[test]
fn version_1_opens() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.db");
    fs::copy(fixtures().join("store-1.db"), &path).unwrap();
    let want = fs::read_to_string(fixtures().join("run-1.jsonl")).unwrap();
    for store in [Store::open_read_only(&path).unwrap(), Store::open(&path).unwrap()] {
        let run = store.resolve("latest").unwrap();
        assert_eq!(String::from_utf8(exported(&store, run)).unwrap(), want);
        assert_eq!(store.summary(run).unwrap().requests, 5);
        assert!(!store.is_imported(run).unwrap());
        let mut rows = 0;
        store.rows(run, &mut |_| rows += 1).unwrap();
        assert_eq!(rows, 6);
    }
}

#[test]
fn export_1_imports() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = Store::create_or_open(&dir.path().join("s.db")).unwrap();
    let text = fs::read(fixtures().join("run-1.jsonl")).unwrap();
    let done = store.import(&mut &text[..]).unwrap();
    assert_eq!(exported(&store, done.run), text);
    assert!(store.is_imported(done.run).unwrap());
}

/// Writes the fixtures of the newest version. Run by hand when a version is
/// new, never again after it was published:
/// `cargo test -p acidtest-store -- --ignored write_fixtures`.
#[test]
#[ignore = "writes files of the repository"]
fn write_fixtures() {
    let path = fixtures().join(format!("store-{}.db", crate::VERSION));
    let _ = fs::remove_file(&path);
    let mut store = Store::create_or_open(&path).unwrap();
    let run = sample::RUN;
    let cases: Vec<_> = (0..3).map(sample::case).collect();
    store.create_run(run, "fixture", &sample::spec("fixture"), &cases, 1_700_000_000_000_000_000).unwrap();
    let clock =
        ClockRow { no: 0, host: "host".into(), zero_unix_ns: 1_700_000_000_000_000_000, error_ns: None };
    store.add_clock(run, &clock).unwrap();
    let blobs: Vec<Item> = (0..3).map(|i| Item::Blob(sample::body(i))).collect();
    store.append(run, &blobs).unwrap();
    let mut odd = sample::plain(run, 3);
    odd.answer.parts.push(Part::Scores(vec![0.25, f64::NEG_INFINITY]));
    let all = [
        sample::plain(run, 0),
        sample::failed(run, 1, 0, Cause::RateLimited),
        sample::failed(run, 2, 0, Cause::Cut),
        odd,
        sample::not_sent(run, 4, NotSent::Cap),
    ];
    append(&mut store, &all);
    let mut retried = sample::plain(run, 1);
    retried.key.attempt = 1;
    append(&mut store, &[retried]);
    store.append(run, &sample::beside(run)).unwrap();
    store.set_state(run, RunState::Done, 1_700_000_060_000_000_000).unwrap();
    store.vacuum().unwrap();
    fs::write(fixtures().join("run-1.jsonl"), exported(&store, run)).unwrap();
}
