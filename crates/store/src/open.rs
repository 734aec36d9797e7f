//! Finding, creating and opening the file of a store.
//!
//! Main type: [`Store`]. Must not know what is in the tables.

use crate::error::{Result, Step, StoreError, Trouble};
use crate::identity::Identity;
use crate::pack::Zip;
use crate::schema::{self, Found, MIGRATIONS, VERSION};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Directory of the store within a project.
const DIRECTORY: &str = ".acidtest";
/// File name of the store.
const FILE: &str = "acidtest.db";
/// How long a command waits for another process's write lock.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// How often a change to WAL is tried while another process does the same.
const WAL_TRIES: u32 = 50;
/// Pages kept in memory, in KiB: enough for the upper levels of every index.
const CACHE_KIB: i64 = 8 * 1024;
/// The log file shrinks to this after a checkpoint.
const LOG_BYTES: i64 = 64 << 20;

/// The store of the nearest directory at or above `start` that has one.
#[must_use]
pub fn find_store(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|d| d.join(DIRECTORY).join(FILE)).find(|p| p.is_file())
}

/// The store to use in a directory: the nearest one, else a new one right there.
#[must_use]
pub fn default_path(cwd: &Path) -> PathBuf {
    find_store(cwd).unwrap_or_else(|| cwd.join(DIRECTORY).join(FILE))
}

/// An open store. One thread uses it at a time; other threads and processes open
/// their own.
pub struct Store {
    pub(crate) conn: Connection,
    pub(crate) path: PathBuf,
    pub(crate) zip: RefCell<Zip>,
    pub(crate) identity: Identity,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store; where there is none, makes one and its directory.
    ///
    /// # Errors
    /// The file is not a store, of a newer version, locked, or may not be written.
    pub fn create_or_open(path: &Path) -> Result<Self> {
        // What else is wrong shows below, in the words of what is tried there.
        if let Err(e @ StoreError::NotAStore { .. }) = present(path) {
            return Err(e);
        }
        if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir).map_err(|source| StoreError::Io {
                path: dir.to_owned(),
                what: "create directory",
                source,
            })?;
        }
        Self::open_for_writing(path, OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens an existing store for reading and writing, and brings it to this
    /// program's version.
    ///
    /// # Errors
    /// As [`Store::create_or_open`]; also when there is no file.
    pub fn open(path: &Path) -> Result<Self> {
        present(path)?;
        Self::open_for_writing(path, OpenFlags::empty())
    }

    /// Opens an existing store for reading alone. A store on a medium that may
    /// not be written opens too.
    ///
    /// # Errors
    /// There is no file, or it is not a store, or of another version and may
    /// not be brought to this one.
    pub fn open_read_only(path: &Path) -> Result<Self> {
        present(path)?;
        let explain = |t: Trouble| t.explain(path, "open it");
        let (conn, found) = look(path).map_err(explain)?;
        let found = match found {
            Found::Store(v) => v,
            Found::Empty => {
                return Err(StoreError::NotAStore { path: path.to_owned(), what: "it is empty".into() });
            }
        };
        schema::check_version(found, VERSION, path).map_err(explain)?;
        if found < VERSION {
            drop(conn);
            Self::open(path).map_err(|e| older(e, path, found))?;
            return Self::open_read_only(path);
        }
        Self::of(conn, path)
    }

    fn open_for_writing(path: &Path, extra: OpenFlags) -> Result<Self> {
        let explain = |t: Trouble| t.explain(path, "open it");
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | extra;
        let conn = connect(path, flags).map_err(explain)?;
        let found = schema::identify(&conn, path).map_err(explain)?;
        if let Found::Store(v) = found {
            schema::check_version(v, VERSION, path).map_err(explain)?;
        }
        write_ahead(&conn).map_err(explain)?;
        if found != Found::Store(VERSION) {
            schema::settle(&conn, path, MIGRATIONS).map_err(explain)?;
        }
        Self::of(conn, path)
    }

    fn of(conn: Connection, path: &Path) -> Result<Self> {
        let zip = Zip::new().map_err(|source| StoreError::Io {
            path: path.to_owned(),
            what: "set up compression for",
            source,
        })?;
        let identity = Identity::of_store(path)?;
        Ok(Self { conn, path: path.to_owned(), zip: RefCell::new(zip), identity })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives unused space back to the file system. Needs as much free space again
    /// while it works.
    ///
    /// # Errors
    /// The store is locked, read-only or the disk is full.
    pub fn vacuum(&mut self) -> Result<()> {
        self.conn
            .execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
            .map_err(|e| Trouble::from(e).explain(&self.path, "vacuum it"))
    }

    /// How long to wait for other processes' write locks.
    pub(crate) fn wait_for_lock(&self, wait: Duration) -> Result<()> {
        self.conn.busy_timeout(wait).map_err(|e| Trouble::from(e).explain(&self.path, "open it"))
    }

    /// One transaction that writes: all of it or nothing.
    pub(crate) fn write<T>(&self, what: &'static str, f: impl FnOnce(&Connection) -> Step<T>) -> Result<T> {
        self.transaction(TransactionBehavior::Immediate, f).map_err(|t| t.explain(&self.path, what))
    }

    /// Several reads that all see the same state.
    pub(crate) fn snapshot<T>(
        &self,
        what: &'static str,
        f: impl FnOnce(&Connection) -> Step<T>,
    ) -> Result<T> {
        self.transaction(TransactionBehavior::Deferred, f).map_err(|t| t.explain(&self.path, what))
    }

    fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        f: impl FnOnce(&Connection) -> Step<T>,
    ) -> Step<T> {
        let tx = Transaction::new_unchecked(&self.conn, behavior)?;
        let out = f(&tx)?;
        tx.commit()?;
        Ok(out)
    }
}

fn present(path: &Path) -> Result<()> {
    match std::fs::metadata(path) {
        Ok(m) if m.is_file() => Ok(()),
        Ok(_) => Err(StoreError::NotAStore { path: path.to_owned(), what: "not a file".into() }),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
            Err(StoreError::NotFound { path: path.to_owned() })
        }
        Err(source) => Err(StoreError::Io { path: path.to_owned(), what: "open store", source }),
    }
}

/// A store that only needs its version changed, and may not be written.
fn older(e: StoreError, path: &Path, found: i64) -> StoreError {
    match e {
        StoreError::ReadOnly { .. } | StoreError::Database { .. } => {
            StoreError::Older { path: path.to_owned(), found, known: VERSION }
        }
        other => other,
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Step<Connection> {
    // SQLite reads `:memory:` and `file:…` as more than names; behind a directory they are names.
    let uri = flags.contains(OpenFlags::SQLITE_OPEN_URI);
    let name = if uri || path.is_absolute() { path.to_owned() } else { Path::new(".").join(path) };
    let conn = Connection::open_with_flags(name, flags)?;
    conn.busy_timeout(BUSY_WAIT)?;
    // Nothing that a foreign schema brings along is run.
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(conn)
}

/// Opens without writing. SQLite wants to make its shared-memory file even to
/// read; where it cannot, and no log is waiting to be read, the file is taken
/// as one that nobody changes.
fn look(path: &Path) -> Step<(Connection, Found)> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let first = connect(path, flags).and_then(|c| {
        let found = schema::identify(&c, path)?;
        Ok((c, found))
    });
    let refused = matches!(&first, Err(Trouble::Sql(e)) if matches!(
        e.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly)
    ));
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let log_waits = std::fs::metadata(log).is_ok_and(|m| m.len() > 0);
    if !refused || log_waits {
        return first;
    }
    let conn = connect(Path::new(&immutable_uri(path)), flags | OpenFlags::SQLITE_OPEN_URI)?;
    let found = schema::identify(&conn, path)?;
    Ok((conn, found))
}

fn immutable_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for b in path.as_os_str().as_encoded_bytes() {
        if b.is_ascii_alphanumeric() || b"/-_.".contains(b) {
            uri.push(char::from(*b));
        } else {
            uri.push_str(&format!("%{b:02x}"));
        }
    }
    uri + "?immutable=1"
}

/// Turns the write-ahead log on: readers and the writer do not block each other.
fn write_ahead(conn: &Connection) -> Step<()> {
    conn.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    let mut tries = 0;
    loop {
        // The busy handler is not asked for this change, so that two processes
        // that create one store at once have to wait here.
        match conn.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get::<_, String>(0)) {
            Ok(_) => return Ok(()),
            Err(e) if tries < WAL_TRIES && e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(e) => return Err(e.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_store_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b/c");
        std::fs::create_dir_all(&deep).unwrap();
        assert_eq!(default_path(&deep), deep.join(".acidtest/acidtest.db"));
        let outer = dir.path().join(".acidtest/acidtest.db");
        drop(Store::create_or_open(&outer).unwrap());
        assert_eq!(find_store(&deep), Some(outer));
        let inner = dir.path().join("a/b/.acidtest/acidtest.db");
        drop(Store::create_or_open(&inner).unwrap());
        assert_eq!(default_path(&deep), inner);
    }

    #[test]
    fn hostile_names_stay_one_path_in_the_uri() {
        assert_eq!(
            immutable_uri(Path::new("/a b/x?mode=rw#%.db")),
            "file:/a%20b/x%3fmode%3drw%23%25.db?immutable=1"
        );
    }

    #[test]
    fn names_with_a_meaning_of_their_own_are_files() {
        for name in [":memory:", "file:odd.db?mode=memory"] {
            drop(Store::create_or_open(Path::new(name)).unwrap());
            let is_file = Path::new(name).is_file();
            std::fs::remove_file(name).unwrap();
            assert!(is_file, "{name}");
        }
    }

    #[test]
    fn many_threads_may_create_one_store() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.db");
        std::thread::scope(|s| {
            for _ in 0..6 {
                s.spawn(|| Store::create_or_open(&path).unwrap());
            }
        });
        Store::open_read_only(&path).unwrap();
    }
}
