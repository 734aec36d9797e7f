//! Who answers: the [`Target`] trait, one file per protocol, and the transport under it.
//!
//! ```text
//!  measuring thread:  Target::build ─► Target::attempt ── segments of raw bytes with their reads ──► Tap
//!                                        │ transport: socket (stamps) ─ TLS ─ hyper ─ pool
//!  helper thread:     Tap's other end ─► Parser (SSE framing, JSON, outcome) ─► Parsed
//! ```
//!
//! The measuring thread parses no JSON; the parser reads no clock. Vendors'
//! JSON lives in one folder per protocol (`openai_chat` …), each a `Protocol` value. Nothing here reads the environment:
//! secrets come through [`Secrets`] (root certificates are the exception, since
//! `SSL_CERT_FILE` is read by the library that finds them).

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod address;
mod anthropic;
mod asked;
mod body;
mod command;
mod custom;
mod dialect;
mod embeddings;
mod endpoint;
mod exchange;
mod failure;
mod framing;
mod gather;
mod head;
mod http;
mod json;
mod lines;
mod logprobs;
mod ollama;
mod openai_chat;
mod openai_completions;
mod openai_responses;
mod page;
mod parser;
mod protocol;
mod seam;
mod secrets;
mod spoken;
mod sse;
mod transport;

#[cfg(test)]
pub(crate) mod wire;

pub use address::AddressError;
pub use asked::asked;
pub use command::CommandTarget;
pub use custom::CustomTarget;
pub use custom::files::{Files, needed as files_needed};
pub use endpoint::Endpoint;
pub use http::{HttpTarget, TargetError};
pub use page::{Page, PageError, PageLimits};
pub use parser::{Parsed, Parser};
pub use seam::{Attempt, BuildError, Built, End, Leave, LocalBoxFuture, Piece, Segment, Tap, Target, Turn};
pub use secrets::{Mask, Secrets};
