//! Who answers: the [`Target`] trait, one file per protocol, and the transport under it.
//!
//! ```text
//!  measuring thread:  Target::build ─► Target::attempt ── segments of raw bytes with their reads ──► Tap
//!  helper thread:     Tap's other end ─► Parser (SSE framing, JSON, outcome) ─► Parsed
//! ```

#![forbid(unsafe_code)]
