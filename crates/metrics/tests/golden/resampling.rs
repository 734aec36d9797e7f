//! Golden kinds: resampling as sacreBLEU does it, and tests of two samples.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
