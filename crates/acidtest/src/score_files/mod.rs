//! Files of predictions and references, scored by metrics of texts.
//!
//! ```text
//!   read     files ─► segments            block    segments ─► rows, on several threads
//!   case     a line for each case, written and read back
//! ```
//!
//! Main function: [`score`]. The order of rows is that of the files, whatever the threads do.

mod block;
mod case;
mod read;

pub(crate) use block::{Inputs, score};
pub(crate) use case::{is_case_file, read_cases, write_cases};
pub(crate) use read::{Fields, Form};
