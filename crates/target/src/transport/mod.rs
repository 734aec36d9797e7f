//! The way to the target: sockets that remember their reads, TLS, connections kept alive.
//!
//! ```text
//!  pool ─ dial (addresses, TCP, TLS) ─ wire: hyper over [TLS over] socket ──► log of reads and writes
//!  fill ── body frames + log ──► segments
//! ```

pub(crate) mod dial;
pub(crate) mod ending;
pub(crate) mod fill;
pub(crate) mod pool;
pub(crate) mod socket;
pub(crate) mod tls;
