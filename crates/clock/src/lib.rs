//! The clock: what time it is, how to wake up on time, and how late we were.
//!
//! ```text
//!  Zero ──── a monotonic zero and its Unix time; `now()` in nanoseconds since it
//!  Clock ─── what the engine's loops hold: now + sleep_until (real or simulated)
//!  Pacer ─── timerfd on Linux, tokio's timer elsewhere: one per measuring thread
//!  LagMonitor ── how late this thread's runtime wakes up
//!  Stamps ── when bytes reached this machine, as the kernel saw it (Linux)
//!  machine ── CPU, memory and network of the machine and of processes
//!  give_back ── free memory to the system, and one arena so that all of it can be
//! ```
//!
//! The only room that may hold unsafe code: one call in `pacer.rs`, two in `memory.rs`, and
//! `kernel.rs`, which asks for the kernel's stamps. Times are plain `i64` nanoseconds here, so that
//! this crate depends on no other room.

#![deny(unsafe_code)]

#[cfg(target_os = "linux")]
mod kernel;
mod lag;
pub mod machine;
mod memory;
mod pacer;
#[cfg(target_os = "linux")]
mod realtime;
mod stamps;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod stamps_tests;
mod zero;

pub use lag::LagMonitor;
pub use memory::{give_back, one_arena};
pub use pacer::{Clock, Pacer, PacerClock, SimulatedClock};
pub use stamps::{Received, Stamps};
pub use zero::Zero;
