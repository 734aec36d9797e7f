//! Golden kinds: word and character errors, similarities of strings.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
