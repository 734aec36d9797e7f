//! Golden kinds: ROUGE, METEOR, the Porter stemmer.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
