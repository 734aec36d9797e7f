//! When to send what.
//!
//! ```text
//!  Stream ── seeded chance, one stream a purpose
//!  Plan ──── the slots of one phase and target: which case, which repeat, when
//!  Moments ─ the arrivals of an open loop: a process of one arrival per unit of time,
//!            stretched so that its rate is the one that is asked for at every moment
//!  shifts ── when a user of a closed loop is there
//! ```
//!
//! Pure: the same seed gives the same plan for any number of threads. An arrival
//! process is a value; one loop in the engine drives them all.

#![forbid(unsafe_code)]

mod extent;
mod moments;
mod plan;
mod shifts;
mod stream;

pub use acidtest_record::{BadDist, Dist};
pub use moments::Moments;
pub use plan::{Arrivals, Cell, Plan, Slot, Walker};
pub use shifts::shifts;
pub use stream::Stream;
