//! The way to the target: sockets that remember their reads, TLS, connections kept alive.
//!
//! ```text
//!  pool ─ dial (addresses, TCP, TLS) ─ wire: hyper over [TLS over] socket ──► log of reads and writes
//!  h2 ─── dial ─ tap (frames' heads: which read, which stream) over wire ───► a stream's share of it
//!  lane ── either of them ── trace: what an attempt may know of it
//!  fill ── body frames + trace ──► segments
//! ```

pub(crate) mod dial;
pub(crate) mod ending;
pub(crate) mod fill;
pub(crate) mod frames;
pub(crate) mod h2;
pub(crate) mod lane;
pub(crate) mod pool;
pub(crate) mod socket;
pub(crate) mod tap;
pub(crate) mod tls;
pub(crate) mod trace;
