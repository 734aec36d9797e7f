//! What sets the attempts of a target apart: which address they go to, and which of them
//! the client gives up.
//!
//! Main function: [`of`]. Everything follows from seed, slot, step and attempt: it is the
//! same for any number of threads and in a resumed run.

use acidtest_record::{CancelAfter, Ns, RunSpec, TargetSpec};
use acidtest_schedule::Stream;
use acidtest_target::{Built, Leave, Turn};

/// The turn of a step's first attempt.
pub(crate) fn of(spec: &RunSpec, target: &TargetSpec, slot: u32, step: u16) -> Turn {
    let leave = target.connections.cancel.and_then(|cancel| {
        // One draw for each slot, whatever the share: a larger share gives up the same and more.
        let drawn = Stream::new(spec.seed, "cancel", u64::from(slot)).unit();
        (drawn < cancel.share).then_some(match cancel.after {
            CancelAfter::Events(n) => Leave::Events(n),
            CancelAfter::Seconds(s) => Leave::After(Ns((s * 1e9) as i64)),
        })
    });
    Turn { no: slot.wrapping_add(u32::from(step)), leave }
}

/// The same request as a later attempt, which goes to the next address.
pub(crate) fn again(built: &Built, attempt: u8) -> Option<Built> {
    let no = built.turn.no.wrapping_add(u32::from(attempt));
    (attempt > 0).then(|| Built { turn: Turn { no, ..built.turn }, ..built.clone() })
}

/// Most measuring threads: each needs a connection of those that the plan allows.
pub(crate) fn most_threads(target: &TargetSpec) -> u16 {
    let planned = target.connections.http2.and_then(|h| h.connections);
    planned.map_or(u16::MAX, |n| u16::try_from(n.max(1)).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::{Cancel, Connections, Http2};

    fn with(share: f64) -> TargetSpec {
        let cancel = Some(Cancel { after: CancelAfter::Events(5), share });
        TargetSpec { connections: Connections { cancel, ..Connections::default() }, ..TargetSpec::default() }
    }

    #[test]
    fn the_share_that_leaves_follows_from_the_seed() {
        let run = |seed| RunSpec { seed, ..RunSpec::default() };
        let leaves = |spec: &RunSpec, share| -> Vec<u32> {
            (0..2000).filter(|slot| of(spec, &with(share), *slot, 0).leave.is_some()).collect()
        };
        let one = leaves(&run(1), 0.2);
        assert!((340..460).contains(&one.len()), "{}", one.len());
        assert_eq!(one, leaves(&run(1), 0.2));
        assert_ne!(one, leaves(&run(2), 0.2));
        let more = leaves(&run(1), 0.5);
        assert!(one.iter().all(|slot| more.contains(slot)));
        assert_eq!(leaves(&run(1), 1.0).len(), 2000);
        assert_eq!(of(&run(1), &TargetSpec::default(), 7, 2), Turn { no: 9, leave: None });
    }

    #[test]
    fn later_attempts_go_to_the_next_address() {
        let built = Built { turn: Turn { no: 7, leave: Some(Leave::Events(1)) }, ..Built::default() };
        assert!(again(&built, 0).is_none());
        assert_eq!(again(&built, 2).unwrap().turn, Turn { no: 9, leave: Some(Leave::Events(1)) });
    }

    #[test]
    fn threads_do_not_outnumber_connections() {
        let mut target = TargetSpec::default();
        assert_eq!(most_threads(&target), u16::MAX);
        target.connections.http2 = Some(Http2 { connections: Some(2), streams: 8 });
        assert_eq!(most_threads(&target), 2);
    }
}
