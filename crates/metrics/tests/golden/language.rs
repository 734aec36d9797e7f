//! Golden kinds: tasks by log-likelihood and their aggregates.

use crate::compare::Check;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[];
