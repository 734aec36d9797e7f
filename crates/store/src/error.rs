//! What can go wrong with a store, in words for the person at the terminal.
//!
//! Main type: [`StoreError`]. Must not decide what to do about it: exit codes and
//! output are the binary's.

use crate::space::is_out_of_space;
use acidtest_record::RunId;
use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// Result of everything a store does.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Trouble with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no file.
    #[error("no store at '{}'", path.display())]
    NotFound {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("'{}' is not an acidtest store: {what}", path.display())]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        what: String,
    },
    /// A newer program wrote it.
    #[error("store '{}' has version {found}, this program knows versions up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version known here.
        known: i64,
    },
    /// An older program wrote it, and it may not be changed here.
    #[error("store '{}' has version {found} and cannot be brought to version {known}: it is read-only", path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version of this program.
        known: i64,
    },
    /// Another process holds the write lock for longer than we wait.
    #[error("cannot {what}: store '{}' is locked by another process", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
    },
    /// No space is left.
    #[error("cannot {what}: no space is left for store '{}'", path.display())]
    Full {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
    },
    /// It may not be written.
    #[error("cannot {what}: store '{}' is read-only", path.display())]
    ReadOnly {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
    },
    /// It holds what this program never writes.
    #[error("store '{}' is damaged: {what}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where and how.
        what: String,
    },
    /// Any other refusal of the database.
    #[error("cannot {what}: store '{}': {said}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The database's words, without control characters.
        said: String,
    },
    /// The file system refused.
    #[error("cannot {what} '{}': {source}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
    /// No run of that name.
    #[error("no run '{wanted}' in store '{}'", path.display())]
    RunUnknown {
        /// The file.
        path: PathBuf,
        /// What was asked for.
        wanted: String,
        /// The newest runs, as `id (name)`.
        known: Vec<String>,
    },
    /// The prefix fits several runs.
    #[error("'{prefix}' fits {} runs: {}", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// The runs, as `id (name)`, newest first.
        candidates: Vec<String>,
    },
    /// A run of that id is there already.
    #[error("run {run} is already in store '{}'", path.display())]
    RunExists {
        /// The file.
        path: PathBuf,
        /// The run.
        run: RunId,
    },
    /// Another process holds the claim of the run.
    #[error("run {run} in store '{}' is being written by another process", path.display())]
    RunBusy {
        /// The file.
        path: PathBuf,
        /// The run.
        run: RunId,
    },
    /// The path no longer names the file that was opened.
    #[error("store '{}' was removed or replaced while it was written", path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// An item of one run was handed to another.
    #[error("a {item} of run {found} was appended to run {run}")]
    WrongRun {
        /// What it was.
        item: &'static str,
        /// The run it belongs to.
        found: RunId,
        /// The run it was appended to.
        run: RunId,
    },
    /// Something that would not be read back as it is.
    #[error("{item} cannot be stored: {why}")]
    Unstorable {
        /// What it is.
        item: String,
        /// Why not.
        why: String,
    },
    /// A file to import is not what an export writes.
    #[error("line {line}: {why}")]
    Import {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// What an export is written to refused.
    #[error("cannot write the export: {0}")]
    Output(#[source] std::io::Error),
    /// The writing thread ended without a word: a fault of ours.
    #[error("the writing thread of store '{}' broke off", path.display())]
    WriterDied {
        /// The file.
        path: PathBuf,
    },
}

impl StoreError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotFound { .. } => {
                "start in the directory that has .acidtest/acidtest.db, or name the file with --store".into()
            }
            Self::NotAStore { .. } => "name another file with --store; this one was not changed".into(),
            Self::Newer { .. } => "use the acidtest that wrote it, or a newer one".into(),
            Self::Older { .. } => "copy it to where it may be written, and open it there once".into(),
            Self::Busy { .. } => {
                "another acidtest is writing to it: try again when that is done, or use another --store"
                    .into()
            }
            Self::Full { .. } => {
                "free some space or raise the limit of file sizes, then continue with --resume: everything committed before is kept".into()
            }
            Self::ReadOnly { .. } => {
                "make the file and its directory writable, or use another --store".into()
            }
            Self::Corrupt { .. } => {
                "the other runs may be whole: export them one by one into a new store".into()
            }
            Self::RunUnknown { known, .. } if known.is_empty() => {
                "the store holds no runs yet: make one with acidtest run SUITE.yaml".into()
            }
            Self::RunUnknown { known, .. } => {
                format!(
                    "RUN is an id, a unique prefix of one, or latest; the newest are {}",
                    known.join(", ")
                )
            }
            Self::Ambiguous { .. } => "type more digits of the id".into(),
            Self::RunExists { .. } => "delete that run first, or import into another --store".into(),
            Self::RunBusy { .. } => "wait until it ends, or stop it".into(),
            Self::Gone { .. } => "the records of this run are lost: start it again".into(),
            Self::Import { .. } => {
                "nothing was imported; the file must be a whole, unchanged export of acidtest".into()
            }
            Self::Database { .. } | Self::Io { .. } => {
                "check that the file and its directory may be read and written".into()
            }
            Self::WrongRun { .. } | Self::Unstorable { .. } | Self::Output(_) | Self::WriterDied { .. } => {
                return None;
            }
        };
        Some(text)
    }
}

/// Trouble deep inside, before it is known which file and which deed it belongs to.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The database said no.
    Sql(rusqlite::Error),
    /// Something stored cannot be read.
    Corrupt(String),
    /// Already in full words.
    Said(Box<StoreError>),
}

/// Result of an inner step.
pub(crate) type Step<T> = std::result::Result<T, Trouble>;

impl From<rusqlite::Error> for Trouble {
    fn from(e: rusqlite::Error) -> Self {
        Self::Sql(e)
    }
}

impl From<StoreError> for Trouble {
    fn from(e: StoreError) -> Self {
        Self::Said(Box::new(e))
    }
}

impl Trouble {
    /// Puts the trouble into words, knowing the file and what was tried.
    pub(crate) fn explain(self, path: &Path, what: &'static str) -> StoreError {
        let path = path.to_owned();
        let source = match self {
            Trouble::Said(e) => return *e,
            Trouble::Corrupt(what) => return StoreError::Corrupt { path, what: plain(&what) },
            Trouble::Sql(e) => e,
        };
        let said = plain(&source.to_string());
        match source.sqlite_error_code() {
            _ if is_moved(&source) => StoreError::Gone { path },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { path, what },
            Some(ErrorCode::DiskFull) => StoreError::Full { path, what },
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path, what },
            Some(ErrorCode::NotADatabase) => StoreError::NotAStore { path, what: "not a SQLite file".into() },
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, what: said },
            _ if is_misread(&source) => StoreError::Corrupt { path, what: said },
            _ if is_out_of_space(&source, &path) => StoreError::Full { path, what },
            _ => StoreError::Database { path, what, said },
        }
    }
}

/// Text without control characters: it may hold names out of a foreign file, and
/// goes to a terminal.
pub(crate) fn plain(text: &str) -> String {
    let spaced = text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c });
    spaced.filter(|c| !c.is_control()).collect()
}

/// Whether SQLite found the file removed or renamed.
fn is_moved(e: &rusqlite::Error) -> bool {
    e.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_READONLY_DBMOVED)
}

/// Whether a column held another kind of value than the schema says.
fn is_misread(e: &rusqlite::Error) -> bool {
    matches!(
        e,
        rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::Utf8Error(..)
    )
}
