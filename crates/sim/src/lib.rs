//! The built-in model server: OpenAI's chat completions and other protocols over
//! real sockets, whose truth is known.
//!
//! ```text
//!  run / Sim ──── threads, listener, shutdown
//!    serve ────── routes; one hyper connection a task
//!      decide ─── which fault, which kind of answer: seeded
//!      answers ── synthetic words · a case file · local/docent (a real guide)
//!      script ─── which event is due when
//!      api ────── the other protocols: completions, Responses, Messages, Ollama, embeddings
//!      body ───── hands events to hyper on time, by the thread's alarm
//!      socket ─── stamps each write just before and just after
//!    truth ────── what was really done, one line a request
//!    stats ────── how late the server itself was
//! ```
//!
//! It has its own copy of the wire forms: code shared with the client would hide
//! shared bugs. Must not depend on `target`.

#![forbid(unsafe_code)]

mod alarm;
mod answers;
mod api;
mod body;
mod config;
mod decide;
mod exchange;
mod gauges;
mod local;
mod openai;
mod pieces;
mod script;
mod serve;
mod sim;
mod socket;
mod stats;
mod truth;

pub use api::Api;
pub use config::{Answers, Config, ConfigError, Faults, LocalSource, Stall};
pub use decide::{AnswerKind, Fault};
pub use openai::Finish;
pub use sim::{Options, Shutdown, Sim, SimError, run};
pub use stats::{Lateness, Stats};
pub use truth::{Ended, EventKind, TRUTH_SCHEMA, TruthEvent, TruthHead, TruthLine};
