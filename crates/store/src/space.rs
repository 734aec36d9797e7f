//! Whether a refused write was for want of space.
//!
//! Main item: [`is_out_of_space`]. SQLite says so for a full disk, but calls a
//! spent quota and a file-size limit a mere write error. Must not guess: what the
//! system does not show is no want of space.

use rusqlite::ffi;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// SQLite's largest page: a file with less room than that cannot grow.
const ROOM: u64 = 64 << 10;

/// Whether the error is a failed write, and there is no space to write to.
pub(crate) fn is_out_of_space(e: &rusqlite::Error, store: &Path) -> bool {
    let Some(e) = e.sqlite_error() else {
        return false;
    };
    let is_write = matches!(
        e.extended_code,
        ffi::SQLITE_IOERR_WRITE
            | ffi::SQLITE_IOERR_FSYNC
            | ffi::SQLITE_IOERR_DIR_FSYNC
            | ffi::SQLITE_IOERR_TRUNCATE
            | ffi::SQLITE_IOERR_SHMSIZE
            | ffi::SQLITE_IOERR_CLOSE
    );
    if !is_write {
        return false;
    }
    match size_limit() {
        Some(limit) if at_limit(store, limit) => true,
        // Writing beyond the limit may end the process.
        Some(limit) if limit <= ROOM => false,
        _ => is_disk_full(store),
    }
}

/// The most bytes that this process may make a file long, where the system says so.
fn size_limit() -> Option<u64> {
    limit_of(&std::fs::read_to_string("/proc/self/limits").ok()?)
}

fn limit_of(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|l| l.strip_prefix("Max file size"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Whether a file of the store cannot take one more page.
fn at_limit(store: &Path, limit: u64) -> bool {
    ["", "-wal", "-shm"]
        .iter()
        .filter_map(|tail| std::fs::metadata(beside(store, tail)).ok())
        .any(|m| m.len() + ROOM > limit)
}

/// Tries to write as much as a page beside the store.
fn is_disk_full(store: &Path) -> bool {
    let path = beside(store, &format!(".{}.probe", std::process::id()));
    let Ok(mut file) = OpenOptions::new().write(true).create_new(true).open(&path) else {
        return false;
    };
    let done = file.write_all(&[1; ROOM as usize]).and_then(|()| file.sync_all());
    drop(file);
    // It holds nothing, and the store is in trouble enough to speak of that first.
    let _ = std::fs::remove_file(&path);
    done.is_err_and(|e| {
        matches!(e.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge)
    })
}

fn beside(store: &Path, tail: &str) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(tail);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_read() {
        let head = "Limit                     Soft Limit           Hard Limit           Units     \n";
        let check = |line: &str, want| assert_eq!(limit_of(&format!("{head}{line}\n")), want, "{line}");
        check(
            "Max file size             1048576              unlimited            bytes     ",
            Some(1 << 20),
        );
        check("Max file size             unlimited            unlimited            bytes     ", None);
        check("Max data size             1048576              unlimited            bytes     ", None);
    }

    #[test]
    fn a_write_error_with_room_left_is_no_want_of_space() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("s.db");
        std::fs::write(&store, "x").unwrap();
        let e = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        assert!(!is_out_of_space(&e(ffi::SQLITE_IOERR_WRITE), &store));
        assert!(!is_out_of_space(&e(ffi::SQLITE_IOERR_READ), &store));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "the probe is gone");
        assert!(at_limit(&store, ROOM));
        assert!(!at_limit(&store, ROOM + 1));
    }
}
