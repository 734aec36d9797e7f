//! The tables of a store, and how older ones are brought forward.
//!
//! Main items: [`VERSION`] and [`settle`]. Must not read or write rows.
//!
//! # The schema, version 3
//! A store is a SQLite file with `application_id` 0x61636474 ("acdt") and its
//! version in `user_version`. Tables are STRICT. Times ending in `_unix_ns` are
//! nanoseconds since 1970; other `_ns` are nanoseconds since the zero of the
//! record's clock (`clock.zero_unix_ns`), except `connect`, `tls`, `queue_wait`,
//! `max_gap` and `server_…`, which are durations. Absent is NULL.
//!
//! Rows of `record`, `verdict`, `reading`, `fact` and `note` are numbered by
//! `seq = run.no << 40 | n` with n = 1, 2, … in the order of arrival, so that all
//! rows of a run lie together and a scan of one run reads nothing else.
//!
//! | table | one row is |
//! | --- | --- |
//! | `run` | a run: `id` (16 hexadecimal digits), `name`, `state` (running, done, stopped), `spec` (the resolved plan as JSON), `workload` (digest by which runs are comparable), and counters kept in the same transaction as the records: attempts (`records`), `requests` (slot + step), and how the last attempt of each request ended (`delivered`, `failed`, `not_sent`); `imported` is 1 where it came from an export, and is of this store alone: exports lack it |
//! | `clock` | one clock of a run |
//! | `cases` | a case of a run in its order; `blob` is the digest of its JSON |
//! | `blob` | bytes by digest; `codec` 0: as they are, 1: zstd with dictionary 1; `len` is the plain length |
//! | `blob_use` | that a run needs a blob; blobs that no run and no case needs are removed by `prune` |
//! | `record` | the scalars of an attempt: identity, what was measured, and what `Row::of` derives from the detail (`first_byte_ns` to `reasoning_seen`, and since version 2 the server's own times `server_total_ns`, `server_prompt_ns`, `server_generation_ns`, since version 3 `server_generated`, the tokens written in the last of these) |
//! | `detail` | the rest of the attempt: `timing` (packed reads and events), `marks` (one byte of name and eight of time each), `body` (JSON of request, outcome, head, answer, what the server said, place) under `codec` and `len` |
//! | `verdict` | an opinion; by `value_kind` the value is in `number` (bool, number; NULL is not-a-number) or `label` (label, preference, ranking as `2,0,1`) |
//! | `verdict_about` | a record that an opinion is about; `other_run` is NULL where it is the verdict's own run |
//! | `reading` | a sample of the surroundings |
//! | `fact` | a statement with its source |
//! | `note` | a recomputable remark about a record; the latest of one maker and name replaces the one before |

use crate::error::{Step, StoreError, Trouble};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::path::Path;

/// The version of the schema that this program writes.
pub const VERSION: i64 = MIGRATIONS.len() as i64;

/// Marks the file as ours: the letters `acdt`.
pub(crate) const APPLICATION_ID: i64 = 0x6163_6474;

/// Bits of `seq` below the run's number.
pub(crate) const SEQ_BITS: u32 = 40;

/// Step n brings a store from version n to n + 1. A published step never changes.
pub(crate) const MIGRATIONS: &[&str] = &[V1, V2, V3];

/// The server's own times: total, prompt, generation. Older records have none.
const V2: &str = "
ALTER TABLE record ADD COLUMN server_total_ns INTEGER;
ALTER TABLE record ADD COLUMN server_prompt_ns INTEGER;
ALTER TABLE record ADD COLUMN server_generation_ns INTEGER;
";

/// Tokens that the server wrote in the time it names. Older records do not say.
const V3: &str = "
ALTER TABLE record ADD COLUMN server_generated INTEGER;
";

const V1: &str = "
CREATE TABLE run (
    no INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    created_unix_ns INTEGER NOT NULL, ended_unix_ns INTEGER,
    spec TEXT NOT NULL, workload BLOB NOT NULL,
    records INTEGER NOT NULL DEFAULT 0, requests INTEGER NOT NULL DEFAULT 0,
    delivered INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    not_sent INTEGER NOT NULL DEFAULT 0,
    imported INTEGER NOT NULL DEFAULT 0 CHECK (imported IN (0, 1))
) STRICT;
CREATE TABLE clock (
    run INTEGER NOT NULL REFERENCES run(no), no INTEGER NOT NULL, host TEXT NOT NULL,
    zero_unix_ns INTEGER NOT NULL, error_ns INTEGER,
    PRIMARY KEY (run, no)
) STRICT, WITHOUT ROWID;
CREATE TABLE cases (
    run INTEGER NOT NULL REFERENCES run(no), pos INTEGER NOT NULL, hash BLOB NOT NULL,
    id TEXT NOT NULL, cluster TEXT, split TEXT, blob BLOB NOT NULL,
    PRIMARY KEY (run, pos)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
    no INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, codec INTEGER NOT NULL,
    len INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE blob_use (
    run INTEGER NOT NULL REFERENCES run(no), hash BLOB NOT NULL,
    PRIMARY KEY (run, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE record (
    seq INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES run(no),
    slot INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,
    kind TEXT NOT NULL, role TEXT NOT NULL,
    target INTEGER NOT NULL, phase INTEGER NOT NULL, prompt INTEGER NOT NULL,
    case_hash BLOB, repeat INTEGER NOT NULL, clock INTEGER NOT NULL,
    outcome TEXT NOT NULL, cause TEXT, stream INTEGER NOT NULL,
    intended_ns INTEGER NOT NULL, started_ns INTEGER, sent_ns INTEGER, sent_end_ns INTEGER,
    body_end_ns INTEGER, ended_ns INTEGER,
    first_byte_ns INTEGER, first_ns INTEGER, first_visible_ns INTEGER, first_tool_ns INTEGER,
    last_ns INTEGER, last_event_ns INTEGER, connect_ns INTEGER, tls_ns INTEGER,
    queue_wait_ns INTEGER, pieces INTEGER NOT NULL, first_tokens INTEGER, max_gap_ns INTEGER,
    reasoning_seen INTEGER NOT NULL,
    in_server INTEGER, out_server INTEGER, cached_server INTEGER, reasoning_server INTEGER,
    UNIQUE (run, slot, step, attempt)
) STRICT;
CREATE TABLE detail (
    seq INTEGER PRIMARY KEY REFERENCES record(seq), timing BLOB NOT NULL, marks BLOB NOT NULL,
    codec INTEGER NOT NULL, len INTEGER NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE TABLE verdict (
    seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL,
    maker_kind TEXT NOT NULL, maker TEXT NOT NULL, maker_version TEXT NOT NULL, maker_digest BLOB,
    at_unix_ns INTEGER NOT NULL, status TEXT NOT NULL,
    value_kind TEXT, number REAL, label TEXT, why TEXT,
    evidence_run TEXT, evidence_slot INTEGER, evidence_step INTEGER, evidence_attempt INTEGER
) STRICT;
CREATE TABLE verdict_about (
    verdict INTEGER NOT NULL REFERENCES verdict(seq), pos INTEGER NOT NULL, role TEXT NOT NULL,
    other_run TEXT, slot INTEGER NOT NULL, step INTEGER NOT NULL, attempt INTEGER NOT NULL,
    PRIMARY KEY (verdict, pos)
) STRICT, WITHOUT ROWID;
CREATE TABLE reading (
    seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, clock INTEGER NOT NULL, at_ns INTEGER NOT NULL,
    source TEXT NOT NULL, name TEXT NOT NULL, value REAL
) STRICT;
CREATE TABLE fact (
    seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    source TEXT NOT NULL, hash BLOB
) STRICT;
CREATE TABLE note (
    seq INTEGER PRIMARY KEY, run INTEGER NOT NULL, slot INTEGER NOT NULL, step INTEGER NOT NULL,
    attempt INTEGER NOT NULL, maker TEXT NOT NULL, name TEXT NOT NULL, value REAL,
    UNIQUE (run, slot, step, attempt, maker, name)
) STRICT;
";

/// What lies in a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Nothing yet.
    Empty,
    /// A store of that version.
    Store(i64),
}

/// Says what lies in a file; anything that is not ours is an error.
pub(crate) fn identify(conn: &Connection, path: &Path) -> Step<Found> {
    let number = |pragma: &str| conn.pragma_query_value(None, pragma, |r| r.get::<_, i64>(0));
    let application = number("application_id")?;
    let version = number("user_version")?;
    if application == APPLICATION_ID {
        return Ok(Found::Store(version));
    }
    let objects: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    if application == 0 && version == 0 && objects == 0 {
        return Ok(Found::Empty);
    }
    Err(Trouble::from(StoreError::NotAStore {
        path: path.to_owned(),
        what: "a SQLite file of another program".into(),
    }))
}

/// Brings a file to the newest version, in one transaction; an empty one gets its tables.
pub(crate) fn settle(conn: &Connection, path: &Path, steps: &[&str]) -> Step<()> {
    let known = steps.len() as i64;
    let tx = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
    // Asked again under the lock: another process may have been faster.
    let from = match identify(&tx, path)? {
        Found::Empty => 0,
        Found::Store(v) => v,
    };
    check_version(from, known, path)?;
    for step in steps.iter().skip(from as usize) {
        tx.execute_batch(step)?;
    }
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", known)?;
    Ok(tx.commit()?)
}

/// Refuses versions that this program cannot know.
pub(crate) fn check_version(found: i64, known: i64, path: &Path) -> Step<()> {
    if found > known {
        return Err(Trouble::from(StoreError::Newer { path: path.to_owned(), found, known }));
    }
    if found < 0 {
        return Err(Trouble::Corrupt(format!("its version is {found}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_run_once_and_in_order() {
        let conn = Connection::open_in_memory().unwrap();
        let path = Path::new("x.db");
        let steps = ["CREATE TABLE a (n INTEGER) STRICT", "ALTER TABLE a ADD COLUMN m INTEGER"];
        settle(&conn, path, &steps[..1]).unwrap();
        conn.execute("INSERT INTO a VALUES (7)", []).unwrap();
        assert_eq!(identify(&conn, path).unwrap(), Found::Store(1));
        settle(&conn, path, &steps).unwrap();
        settle(&conn, path, &steps).unwrap();
        assert_eq!(identify(&conn, path).unwrap(), Found::Store(2));
        let kept: (i64, Option<i64>) =
            conn.query_row("SELECT n, m FROM a", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        assert_eq!(kept, (7, None));
    }

    #[test]
    fn a_broken_migration_changes_nothing() {
        let conn = Connection::open_in_memory().unwrap();
        let path = Path::new("x.db");
        settle(&conn, path, &["CREATE TABLE a (n INTEGER) STRICT"]).unwrap();
        let steps = ["", "CREATE TABLE b (n INTEGER) STRICT; NONSENSE"];
        assert!(settle(&conn, path, &steps).is_err());
        assert_eq!(identify(&conn, path).unwrap(), Found::Store(1));
        assert!(conn.execute("INSERT INTO b VALUES (1)", []).is_err());
    }

    #[test]
    fn a_newer_version_is_refused() {
        let conn = Connection::open_in_memory().unwrap();
        settle(&conn, Path::new("x.db"), &["", ""]).unwrap();
        let e = settle(&conn, Path::new("x.db"), &[""]).unwrap_err();
        let e = e.explain(Path::new("x.db"), "open it");
        assert_eq!(e.to_string(), "store 'x.db' has version 2, this program knows versions up to 1");
    }
}
