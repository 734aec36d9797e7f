//! Runs on disk: one SQLite file that many processes read and one thread writes.
//!
//! ```text
//!  find_store · default_path ── where the file is
//!  Store ── open · create_run · append · set_state        (append.rs)
//!        ├─ rows · details · record · records · blob      (read.rs)
//!        ├─ verdicts · readings · facts · notes           (beside.rs)
//!        ├─ runs · resolve · spec · cases · prune         (runs.rs)
//!        ├─ case_at · attempts · answers · verdicts_about (lookup.rs)
//!        ├─ changes · marks: what a page that follows asks (follow.rs)
//!        ├─ last_attempts: what a resumed run sends again (resume.rs)
//!        ├─ claim · still_there: one writer, one file   (claim.rs, identity.rs)
//!        └─ export · import: JSON Lines, byte for byte    (export.rs, import.rs)
//!  Writer ── the one writing thread, group commits        (writer.rs)
//! ```
//!
//! All SQL of acidtest is in this crate; its tables are documented in `schema.rs`.
//! A record counts as stored when the commit that holds it has reached the disk.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod append;
mod beside;
mod claim;
mod error;
mod export;
mod follow;
mod foreign;
mod identity;
mod import;
mod lookup;
mod numbers;
mod open;
mod pack;
mod read;
mod resume;
mod runs;
mod schema;
mod space;
#[cfg(test)]
mod tests;
mod writer;

pub use append::Appended;
pub use beside::Reason;
pub use claim::Claim;
pub use error::{Result, StoreError};
pub use export::EXPORT_SCHEMA;
pub use follow::RunMark;
pub use foreign::Foreign;
pub use import::Imported;
pub use lookup::Found;
pub use open::{Store, default_path, find_store};
pub use resume::LastAttempt;
pub use runs::{Prune, RunSummary};
pub use schema::VERSION;
pub use writer::{Progress, Writer};
