//! What a person reads when the file is not what it should be.

use super::{append, fresh, records, sample, with_run};
use crate::{Store, StoreError, VERSION};
use acidtest_record::{Item, RunId, pack_timing};
use std::fs;

fn check_open(path: &std::path::Path, want: &str) {
    for opened in [Store::create_or_open(path), Store::open(path), Store::open_read_only(path)] {
        let e = opened.unwrap_err();
        assert!(e.to_string().contains(want), "'{e}' lacks '{want}'");
        assert!(e.hint().is_some());
    }
}

#[test]
fn other_files_are_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    let words = "just some notes, longer than the head of a database file. ".repeat(9);
    fs::write(&text, &words).unwrap();
    check_open(&text, "is not an acidtest store: not a SQLite file");
    assert_eq!(fs::read_to_string(&text).unwrap(), words);

    let foreign = dir.path().join("music.db");
    let conn = rusqlite::Connection::open(&foreign).unwrap();
    conn.execute_batch("CREATE TABLE song (name TEXT)").unwrap();
    drop(conn);
    let before = fs::read(&foreign).unwrap();
    check_open(&foreign, "is not an acidtest store: a SQLite file of another program");
    assert_eq!(fs::read(&foreign).unwrap(), before);

    check_open_missing(&dir.path().join("none.db"));
    fs::write(dir.path().join("empty.db"), "").unwrap();
    let e = Store::open_read_only(&dir.path().join("empty.db")).unwrap_err();
    assert!(e.to_string().ends_with("it is empty"), "{e}");
    let e = Store::open(dir.path()).unwrap_err();
    assert!(e.to_string().ends_with("not a file"), "{e}");
}

#[cfg(unix)]
#[test]
fn a_device_or_directory_is_no_store() {
    check_open(std::path::Path::new("/dev/null"), "'/dev/null' is not an acidtest store: not a file");
    let dir = tempfile::tempdir().unwrap();
    check_open(dir.path(), "is not an acidtest store: not a file");
}

#[test]
fn what_the_database_says_has_no_control_characters() {
    let (_dir, store) = fresh();
    let e = store.conn.execute("SELECT * FROM \"a\x1b[31m\n\u{9b}b\"", []).unwrap_err();
    assert!(e.to_string().contains('\x1b'), "{e:?}");
    let said = crate::error::Trouble::from(e).explain(&store.path, "read it").to_string();
    assert!(said.contains("no such table: a[31m b") && !said.contains(char::is_control), "{said:?}");
}

fn check_open_missing(path: &std::path::Path) {
    for opened in [Store::open(path), Store::open_read_only(path)] {
        assert!(matches!(opened, Err(StoreError::NotFound { .. })));
    }
    assert!(!path.exists());
}

#[test]
fn a_newer_store_is_left_alone() {
    let (dir, store) = fresh();
    store.conn.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(store);
    let want = format!("has version {}, this program knows versions up to {VERSION}", VERSION + 1);
    check_open(&dir.path().join("s.db"), &want);
}

#[test]
fn a_reader_cannot_write() {
    let (dir, store) = with_run(sample::RUN);
    drop(store);
    let mut store = Store::open_read_only(&dir.path().join("s.db")).unwrap();
    let item = Item::Record(Box::new(sample::plain(sample::RUN, 0)));
    let e = store.append(sample::RUN, &[item]).unwrap_err();
    assert!(matches!(e, StoreError::ReadOnly { .. }), "{e}");
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_is_readable_and_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, mut store) = with_run(sample::RUN);
    append(&mut store, &[sample::plain(sample::RUN, 0)]);
    drop(store);
    let path = dir.path().join("s.db");
    let set = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&path, 0o444);
    set(dir.path(), 0o555);
    // The superuser may write everywhere; then only reading can be shown here.
    let bound = fs::write(dir.path().join("probe"), "").is_err();
    let store = Store::open_read_only(&path).unwrap();
    assert_eq!(records(&store, sample::RUN).len(), 1);
    if bound {
        let e = Store::open(&path).unwrap_err();
        assert!(matches!(e, StoreError::ReadOnly { .. } | StoreError::Database { .. }), "{e}");
        let e = Store::create_or_open(&dir.path().join("sub/s.db")).unwrap_err();
        assert!(matches!(e, StoreError::Io { .. }), "{e}");
    }
    set(dir.path(), 0o755);
}

#[test]
fn a_full_disk_keeps_what_was_committed() {
    let run = sample::RUN;
    let (_dir, mut store) = with_run(run);
    append(&mut store, &[sample::plain(run, 0)]);
    let pages: i64 = store.conn.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
    store.conn.pragma_update(None, "max_page_count", pages + 2).unwrap();
    let many: Vec<Item> = (1..200).map(|i| Item::Record(Box::new(sample::plain(run, i)))).collect();
    let e = store.append(run, &many).unwrap_err();
    assert!(matches!(e, StoreError::Full { .. }), "{e}");
    assert!(e.hint().unwrap().contains("--resume"));
    assert_eq!(records(&store, run), [sample::plain(run, 0)]);
    assert_eq!(store.summary(run).unwrap().records, 1);
    store.conn.pragma_update(None, "max_page_count", 1 << 30).unwrap();
    assert_eq!(store.append(run, &many).unwrap().records, 199);
}

#[test]
fn a_locked_store_is_named() {
    let (dir, mut store) = with_run(sample::RUN);
    let other = rusqlite::Connection::open(dir.path().join("s.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.wait_for_lock(std::time::Duration::from_millis(20)).unwrap();
    let e = store.set_state(sample::RUN, acidtest_record::RunState::Done, 1).unwrap_err();
    assert!(matches!(e, StoreError::Busy { .. }), "{e}");
    assert_eq!(store.runs().unwrap().len(), 1, "readers do not wait");
}

#[test]
fn damage_is_named_by_record() {
    let run = sample::RUN;
    let (_dir, mut store) = with_run(run);
    append(&mut store, &[sample::plain(run, 0), sample::plain(run, 7)]);
    let check = |sql: &str, value: &[u8], want: &str| {
        store.conn.execute_batch("SAVEPOINT before").unwrap();
        store.conn.execute(sql, [value]).unwrap();
        let e = store.find_record(&store.conn, sample::key(run, 7, 0)).unwrap_err();
        let e = e.explain(&store.path, "read it");
        assert!(e.to_string().contains(want), "'{e}' lacks '{want}'");
        assert!(matches!(e, StoreError::Corrupt { .. }));
        store.conn.execute_batch("ROLLBACK TO before; RELEASE before").unwrap();
    };
    let at = "record of run 7f3a000000000001, slot 7, step 0, attempt 0: ";
    let cut = pack_timing(&sample::plain(run, 7).timing.reads, &[]);
    let last = "seq = (SELECT max(seq) FROM detail)";
    check(
        &format!("UPDATE detail SET timing = ?1 WHERE {last}"),
        &cut[..cut.len() - 3],
        &format!("{at}packed reads and events end too early"),
    );
    check(&format!("UPDATE detail SET marks = ?1 WHERE {last}"), b"x", &format!("{at}packed marks"));
    check(&format!("UPDATE detail SET body = ?1 WHERE {last}"), b"x", &format!("{at}compressed"));
    check(&format!("UPDATE detail SET codec = 7, body = ?1 WHERE {last}"), b"x", "unknown codec 7");
    let record = "slot = 7 AND ?1 IS NOT NULL";
    check(&format!("UPDATE record SET role = 'king' WHERE {record}"), b"", &format!("{at}unknown variant"));
    check(&format!("UPDATE record SET outcome = 'odd' WHERE {record}"), b"", &format!("{at}unknown outcome"));
    check(&format!("UPDATE record SET pieces = -1 WHERE {record}"), b"", at);
    assert_eq!(records(&store, run).len(), 2);
}

#[test]
fn what_would_not_be_read_back_is_refused() {
    let (_dir, mut store) = fresh();
    let mut spec = sample::spec("x");
    spec.limits.total_s = f64::INFINITY;
    let e = store.create_run(RunId(1), "x", &spec, &[], 0).unwrap_err();
    assert!(e.to_string().starts_with("the plan of the run cannot be stored"), "{e}");
    let mut case = sample::case(1);
    let mut deep = serde_json::Value::Null;
    for _ in 0..200 {
        deep = serde_json::Value::Array(vec![deep]);
    }
    case.vars.insert("deep".into(), deep);
    let e = store.create_run(RunId(1), "x", &sample::spec("x"), &[case], 0).unwrap_err();
    assert!(e.to_string().starts_with("case 'case-1' cannot be stored"), "{e}");
    assert!(store.runs().unwrap().is_empty());
    store.create_run(RunId(1), "x", &sample::spec("x"), &[], 0).unwrap();
    let wrong = Item::Record(Box::new(sample::plain(RunId(2), 0)));
    let e = store.append(RunId(1), &[wrong]).unwrap_err();
    assert!(matches!(e, StoreError::WrongRun { .. }), "{e}");
}
