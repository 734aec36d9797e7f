//! From the store to a view of a run and its findings: the one path by which anything is shown.
//!
//! ```text
//!  Store ─► with_view ── a View that lives as long as one function runs
//!                 └────► findings ─ estimates, gates, failures with their texts
//!        ─► index, row_texts, case_view, Search ── requests for a person who browses
//!        ─► Arena ── targets of several runs set against each other
//!        ─► Said, texts ── what records said, read one by one when a report lists them
//! ```
//!
//! `run`, `bench`, `report` and the page's server all show what these functions give. Must not
//! compute (that is `findings`), print, or know who asks.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod arena;
mod browse;
mod said;
mod view;

pub use arena::{Arena, ArenaRun};
pub use browse::{BlindTexts, CaseViews, Search, blind_texts, case_view, index, row_texts};
pub use said::{Said, texts};
pub use view::{ReadBackError, findings, with_spec, with_view};
