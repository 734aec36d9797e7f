//! How often it breaks: rates of incidents over operating time.
//!
//! ```text
//!   Mtbf::of(time, incidents, level, Stop)   mean time between failures, chi-square bounds
//! ```
//!
//! Merging failed probes into incidents is the caller's: it knows the gap that was stated.

mod mtbf;

pub use mtbf::{Mtbf, Stop};
