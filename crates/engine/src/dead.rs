//! A server that is not there: a run in which nothing could be reached is not asked to its end.
//!
//! Main type: [`Reached`]. Must not stop anything by itself: the measuring thread does.

use acidtest_record::{Cause, RunSpec};
use acidtest_target::End;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Attempts that must have found nobody before the run is given up.
const TRIES: u64 = 20;

/// Whether anybody was reached so far, by this process.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    lost: AtomicU64,
    anybody: AtomicBool,
}

impl Reached {
    /// Counts an attempt; says whether the first [`TRIES`] attempts all found nobody.
    pub(crate) fn nobody(&self, end: &End) -> bool {
        match end {
            End::Failed { cause: Cause::Connect | Cause::Dns, .. } => {
                let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
                lost >= TRIES && !self.anybody.load(Ordering::Relaxed)
            }
            // Nothing is known of a request that we took back or could not send.
            End::Failed { cause: Cause::Cancelled | Cause::Local, .. } => false,
            _ => {
                self.anybody.store(true, Ordering::Relaxed);
                false
            }
        }
    }
}

/// Whether all targets are at one address: where there are several, another may answer.
pub(crate) fn is_one_server(spec: &RunSpec) -> bool {
    let alone = spec.targets.iter().all(|t| t.connections.also.is_empty());
    alone && spec.targets.windows(2).all(|pair| pair[0].source == pair[1].source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::{Source, Stage, TargetSpec};

    fn failed(cause: Cause) -> End {
        End::Failed { stage: Stage::Connect, cause, detail: String::new() }
    }

    #[test]
    fn twenty_attempts_that_find_nobody_are_enough() {
        let reached = Reached::default();
        assert!((1..20).all(|_| !reached.nobody(&failed(Cause::Connect))));
        assert!(!reached.nobody(&failed(Cause::Cancelled)), "it says nothing");
        assert!(reached.nobody(&failed(Cause::Dns)));
    }

    #[test]
    fn whoever_answered_once_is_asked_to_the_end() {
        let reached = Reached::default();
        assert!(!reached.nobody(&failed(Cause::Client)));
        assert!((0..100).all(|_| !reached.nobody(&failed(Cause::Connect))));
    }

    #[test]
    fn several_addresses_are_several_servers() {
        let at = |url: &str| TargetSpec { source: Source::Url(url.into()), ..TargetSpec::default() };
        let of = |urls: &[&str]| {
            is_one_server(&RunSpec { targets: urls.iter().map(|u| at(u)).collect(), ..RunSpec::default() })
        };
        assert!(of(&["a"]) && of(&["a", "a"]) && !of(&["a", "b"]));
    }
}
