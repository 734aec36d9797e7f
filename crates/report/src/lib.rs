//! Findings to terminal and JSON.
//!
//! ```text
//!  Findings ─► terminal()   tables for people        number.rs  digits that fit the interval, units always
//!           ─► json()       flat, published schema   grid.rs    columns by display width, control characters escaped
//!  RunLine  ─► runs()       the list of stored runs
//!  Metric   ─► metrics()    the reference of metrics
//! ```
//!
//! Draws what the findings hold and computes nothing; never touches a terminal,
//! file or environment.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod answers;
mod grid;
mod json;
mod listing;
mod number;
mod sections;
mod terminal;

pub use grid::{Style, clean};
pub use json::{SCHEMA, json, schema};
pub use listing::{RunLine, metrics, metrics_json, runs};
pub use terminal::terminal;
