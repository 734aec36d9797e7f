//! Takes a [`RunSpec`](acidtest_record::RunSpec), sends its slots, hands back records.
//!
//! ```text
//!  run ─► for each phase × target: Plan
//!           shard threads (own runtime, own connections):   closed users / open dispatcher ─► request ─► attempt
//!                │ segments of raw bytes, bounded in bytes
//!                ▼
//!           desk threads: Parser ─► Record ─► score ─► Verdicts ─► bounded sender of Items ─► (the store)
//! ```
//!
//! The shard threads stamp and hand over bytes; they parse no JSON. A slot that
//! could not be sent is a record too. Nothing here writes to disk or prints.

#![forbid(unsafe_code)]

mod abort;
mod control;
mod course;
mod dead;
mod desk;
mod forecast;
mod handover;
mod likelihood;
mod narrow;
pub mod observe;
mod overrides;
mod phase;
mod prompts;
mod recall;
mod replay;
mod request;
mod saturation;
pub mod score;
mod shard;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod simulation_load;
#[cfg(test)]
mod simulation_search;
#[cfg(test)]
mod simulation_steps;
mod steps;
mod turn;
mod watch;

pub use control::{Control, LATE_NS, Progress, StopReason};
pub use desk::retryable;
pub use forecast::{CellRequests, requests_of};
pub use phase::{EngineError, Finished, Job, Summary, fits, planned, run};
pub use recall::{Recall, Recalled, Wanted};
pub use replay::{Replay, finds_any, replay};
pub use steps::Seen;
