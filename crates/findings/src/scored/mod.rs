//! Numbers of files: predictions against references, without a run.
//!
//! One file per kind of columns; each gives estimates like those of a run. Must not read files.

pub mod definitions;
pub mod labels;
pub mod probabilities;
pub mod rankings;
pub mod samples;
pub mod sheet;
