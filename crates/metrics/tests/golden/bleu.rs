//! Golden kinds: BLEU and its tokenizers.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
