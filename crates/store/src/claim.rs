//! One writer a run: the right to write a run, held by one process.
//!
//! Main type: [`Claim`]. An advisory lock of the system on a side file; the system
//! lets go of it however the process ends. Must not look at what is stored.

use crate::error::{Result, StoreError};
use crate::identity::{Identity, is_gone};
use crate::open::Store;
use acidtest_record::RunId;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// How often a side file is opened again that its last holder removed meanwhile.
const TRIES: u32 = 100;
/// What a claim does, for errors.
const WHAT: &str = "claim a run";

/// The right to write a run. While it is held, no other claim of the run is
/// given; dropping it removes the side file. A side file that lies about without
/// a lock is of a process that died, and means nothing.
#[derive(Debug)]
#[must_use = "dropping a claim gives it back"]
pub struct Claim {
    file: File,
    path: PathBuf,
}

impl Store {
    /// Claims a run for this process, beside the store in the file
    /// `<store file>.<run id>.lock`. The run need not be in the store yet.
    ///
    /// # Errors
    /// [`StoreError::RunBusy`]: somebody holds the claim. Also when the side file
    /// cannot be made or its file system knows no locks.
    pub fn claim(&self, run: RunId) -> Result<Claim> {
        let path = self.side_file(run)?;
        for _ in 0..TRIES {
            let file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(&path)
                .map_err(|e| self.unclaimable(&path, e))?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => break,
                Err(TryLockError::Error(e)) => return Err(self.unclaimable(&path, e)),
            }
            let ours = file.metadata().map_err(|e| self.unclaimable(&path, e))?;
            // The holder before us may have removed the file between our opening
            // and our locking it; then others lock another file of that name.
            if names(&path, Identity::of(&ours)) {
                return Ok(Claim { file, path });
            }
        }
        Err(StoreError::RunBusy { path: self.path.clone(), run })
    }

    /// The side file of a run: the same one by whichever name the store was opened.
    fn side_file(&self, run: RunId) -> Result<PathBuf> {
        let real = std::fs::canonicalize(&self.path).map_err(|source| match source.kind() {
            kind if is_gone(kind) => StoreError::Gone { path: self.path.clone() },
            _ => StoreError::Io { path: self.path.clone(), what: "find store", source },
        })?;
        let mut name = real.into_os_string();
        name.push(format!(".{run}.lock"));
        Ok(PathBuf::from(name))
    }

    fn unclaimable(&self, side: &Path, source: Error) -> StoreError {
        let path = self.path.clone();
        match source.kind() {
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly { path, what: WHAT }
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full { path, what: WHAT },
            _ => StoreError::Io { path: side.to_owned(), what: "lock", source },
        }
    }
}

fn names(path: &Path, file: Identity) -> bool {
    std::fs::metadata(path).is_ok_and(|m| Identity::of(&m) == file)
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Removed while it is still locked, so that whoever opened it before finds,
        // with the lock in hand, that it has no name any more. Where files cannot
        // be told apart nobody would find that, and the file stays.
        let removable = cfg!(unix) && self.file.metadata().is_ok_and(|m| names(&self.path, Identity::of(&m)));
        if removable {
            // A file that stays does no harm.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
