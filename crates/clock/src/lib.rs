//! The clock: what time it is, how to wake up on time, and how late we were.
//!
//! ```text
//!  Zero ──── a monotonic zero and its Unix time; `now()` in nanoseconds since it
//!  Clock ─── what the engine's loops hold: now + sleep_until (real or simulated)
//!  Pacer ─── timerfd on Linux, tokio's timer elsewhere: one per measuring thread
//!  LagMonitor ── how late this thread's runtime wakes up
//!  machine ── CPU, memory and network of the machine and of processes
//! ```
//!
//! The only room that may hold unsafe code: today one call in `pacer.rs`, later
//! the kernel's stamps. Times are plain `i64` nanoseconds here, so that this crate
//! depends on no other room.

#![deny(unsafe_code)]

mod lag;
pub mod machine;
mod pacer;
mod zero;

pub use lag::LagMonitor;
pub use pacer::{Clock, Pacer, PacerClock, SimulatedClock};
pub use zero::Zero;
