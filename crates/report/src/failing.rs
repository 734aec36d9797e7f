//! Failing requests by their case: a case that was asked again and again is told once.
//!
//! Main type: [`Failing`]. Must not decide what counts as failing.

use acidtest_findings::{Failure, RequestLine};
use std::collections::BTreeMap;

/// The first failing request of a case, and how many more of it failed.
pub(crate) struct Failing<'r> {
    pub(crate) first: &'r Failure,
    pub(crate) more: u64,
}

/// One for each case of each target, in the order of the first; requests without a case one by one.
pub(crate) fn by_case(requests: &[RequestLine]) -> Vec<Failing<'_>> {
    let mut all: Vec<Failing> = Vec::new();
    let mut places: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    for f in requests.iter().filter_map(|r| r.failure.as_ref()) {
        let target = f.labels.get("target").map(String::as_str);
        let place = f.case.as_deref().map(|case| (target, case));
        match place.and_then(|p| places.get(&p)) {
            Some(at) => all[*at].more += 1,
            None => {
                places.extend(place.map(|p| (p, all.len())));
                all.push(Failing { first: f, more: 0 });
            }
        }
    }
    all
}

/// Requests that these stand for.
pub(crate) fn count_of(failing: &[Failing]) -> u64 {
    failing.iter().map(|f| f.more + 1).sum()
}
