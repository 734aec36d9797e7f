//! Tests of the store as a whole; `sample` makes what they store.

mod claims;
mod exchange;
mod formats;
mod housekeeping;
mod lookup;
mod roundtrip;
mod sample;
mod trouble;
mod writing;

use crate::{Appended, Store};
use acidtest_record::{Item, Record, RunId};
use tempfile::TempDir;

/// A new store in a directory that goes away with the test.
fn fresh() -> (TempDir, Store) {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::create_or_open(&dir.path().join("s.db")).unwrap();
    (dir, store)
}

/// A new store with one run.
fn with_run(run: RunId) -> (TempDir, Store) {
    let (dir, mut store) = fresh();
    let spec = sample::spec("plain");
    store.create_run(run, "plain", &spec, &[], 1).unwrap();
    (dir, store)
}

fn append(store: &mut Store, records: &[Record]) -> Appended {
    let items: Vec<Item> = records.iter().map(|r| Item::Record(Box::new(r.clone()))).collect();
    store.append(records[0].key.run, &items).unwrap()
}

fn records(store: &Store, run: RunId) -> Vec<Record> {
    let mut all = Vec::new();
    store.records(run, &mut |r| all.push(r)).unwrap();
    all
}

fn exported(store: &Store, run: RunId) -> Vec<u8> {
    let mut out = Vec::new();
    store.export(run, &mut out).unwrap();
    out
}
