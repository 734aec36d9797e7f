//! Whether a path still names the file that was opened.
//!
//! Main type: [`Identity`]. An open file that was removed or replaced takes every
//! write without a word, and nobody ever reads them. Must not open anything.

use crate::error::{Result, StoreError};
use crate::open::Store;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::Path;

/// Which file it is, however it is named: device and inode. Where the system
/// does not tell, all files are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Identity(Option<(u64, u64)>);

impl Identity {
    #[cfg(unix)]
    pub(crate) fn of(m: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self(Some((m.dev(), m.ino())))
    }

    #[cfg(not(unix))]
    pub(crate) fn of(_: &Metadata) -> Self {
        Self(None)
    }

    /// The file of a store that has just been opened, or should still be there.
    pub(crate) fn of_store(path: &Path) -> Result<Self> {
        match std::fs::metadata(path) {
            Ok(m) => Ok(Self::of(&m)),
            Err(e) if is_gone(e.kind()) => Err(StoreError::Gone { path: path.to_owned() }),
            Err(source) => Err(StoreError::Io { path: path.to_owned(), what: "find store", source }),
        }
    }
}

/// Whether the error says that there is no such file. A directory of the path
/// may have become a file, and a network file may be known by its handle alone.
pub(crate) fn is_gone(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::StaleNetworkFileHandle)
}

impl Store {
    /// Checks that the path of the store still names the file that was opened.
    /// Where files have no device and inode, only that there is a file.
    ///
    /// # Errors
    /// [`StoreError::Gone`]: the file was removed or replaced, so that what is
    /// written is lost. Also when the path may not be looked at any more.
    pub fn still_there(&self) -> Result<()> {
        if Identity::of_store(&self.path)? == self.identity {
            return Ok(());
        }
        Err(StoreError::Gone { path: self.path.clone() })
    }
}
