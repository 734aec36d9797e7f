//! Golden kinds: TER.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
