//! When to send what.
//!
//! ```text
//!  Stream ── seeded chance, one stream a purpose
//!  Dist ──── distributions of times and lengths
//!  Plan ──── the slots of one phase and target: which case, which repeat, when
//! ```
//!
//! Pure: the same seed gives the same plan for any number of threads. An arrival
//! process is a value; one loop in the engine drives them all.

#![forbid(unsafe_code)]

mod dist;
mod plan;
mod stream;

pub use dist::{BadDist, Dist};
pub use plan::{Arrivals, Cell, Plan, Slot, Walker};
pub use stream::Stream;
