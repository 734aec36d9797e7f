//! Korean of what is said about the page of a run and its HTML file.
//!
//! Main table: [`PAGE`].

use super::Entry;

/// What is not drawn or not in the file.
#[rustfmt::skip]
pub(super) const PAGE: &[Entry] = &[
    ("curves show the first {n} of {of} places", "곡선은 자리 {of}개 중 앞의 {n}개만 보여 줍니다"),
    ("curves show the first {n} of {of} series of readings", "곡선은 측정 계열 {of}개 중 앞의 {n}개만 보여 줍니다"),
];
