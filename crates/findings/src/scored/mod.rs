//! Numbers of files: predictions against references, without a run.
//!
//! ```text
//!   catalogue   names and options ─► Chosen, metrics of texts ready to run
//!   texts       rows of segments ─► TextTable ─► estimates, whole and by slice
//!   contrast    two tables, paired ─► tests and the cases that changed most
//!   labels, probabilities, samples, rankings   columns ─► Scored {estimates, tables}
//!   definitions every metric of files, for people
//! ```
//!
//! Must not read files.

mod catalogue;
mod contrast;
pub mod definitions;
pub mod labels;
pub mod probabilities;
pub mod rankings;
pub mod samples;
pub mod sheet;
mod texts;

pub use catalogue::{BadChoice, Chosen, TextOptions};
pub use contrast::{ChangedCase, Contrasted, Unpaired, contrast};
pub use texts::{
    CaseScore, ScoreAbout, ScoreReport, ScoredCase, Settings, Signature, Spread, TextTable, Worst,
};
