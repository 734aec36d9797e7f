//! JSON in answers: read it strictly, else repair it and say how; compare its values.
//!
//! ```text
//!   read_json   text ─► Reading { strict, repaired, repairs }     the validity funnel stands on it
//!   compare     value against value: boolean number date text list, strict and coerced
//! ```
//!
//! A repair is named, never silent, so that strict and repaired can be told
//! apart in every number.

pub mod compare;
mod lenient;
mod reading;

pub use lenient::Repair;
pub use reading::{MAX_TEXT, Reading, read_json};
