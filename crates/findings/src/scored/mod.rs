//! Numbers of files of predictions and references: no run, no requests.
//!
//! ```text
//!   catalogue   names and options ─► Chosen, metrics ready to run
//!   texts       rows of segments ─► TextTable ─► estimates, whole and by slice
//!   contrast    two tables, paired ─► tests and the cases that changed most
//! ```
//!
//! Must not read files.

mod catalogue;
mod contrast;
mod texts;

pub use catalogue::{BadChoice, Chosen, TextMetric, TextOptions, text_metrics};
pub use contrast::{ChangedCase, Contrasted, Unpaired, contrast};
pub use texts::{
    CaseScore, ScoreAbout, ScoreReport, ScoredCase, Settings, Signature, Spread, TextTable, Worst,
};
