//! Sources of real answers that need nothing but this binary.
//!
//! One file a source; must not know the wire.

pub(crate) mod docent;
pub(crate) mod support;
mod words;
