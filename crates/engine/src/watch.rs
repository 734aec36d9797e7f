//! What is watched beside the sending: the caps and rules that need the passing of time.
//!
//! Main function: `Shard::watch_phase`, on the first measuring thread only. Counts that change
//! with answers are asked at the desks. Must not send anything.

use crate::control::StopReason;
use crate::course::nanos;
use crate::handover::HandOver;
use crate::request::Shard;
use crate::saturation::{Look, Saturation};
use acidtest_clock::Clock;
use acidtest_record::{AbortRule, AbortWhat, PhaseEnd};
use acidtest_target::Target;
use std::rc::Rc;
use std::sync::atomic::Ordering;

/// How often requests in flight are looked at.
const EVERY_NS: i64 = 100_000_000;
/// Seconds over which saturation is looked for unless the rule says otherwise.
const WINDOW_S: f64 = 20.0;
/// How often the time of the first answers must have passed until requests in flight have settled.
const SETTLED: i64 = 3;

/// A rule that time decides, and what it has seen.
struct Watched<'a> {
    rule: &'a AbortRule,
    no: u16,
    /// Since when it holds without a break.
    since: Option<i64>,
    saturation: Saturation,
}

impl Watched<'_> {
    fn is_met(&mut self, look: Look, is_closed: bool, settled_ns: Option<i64>) -> bool {
        match self.rule.what {
            AbortWhat::InFlight => {
                if !self.rule.op.holds(f64::from(look.in_flight), self.rule.limit) {
                    self.since = None;
                    return false;
                }
                look.at - *self.since.get_or_insert(look.at) >= nanos(self.rule.hold_s)
            }
            AbortWhat::Saturated => !is_closed && self.saturation.is_saturated(look, settled_ns),
            _ => false,
        }
    }
}

/// The window of a rule on saturation.
fn window_ns(rule: &AbortRule) -> i64 {
    nanos(if rule.hold_s > 0.0 { rule.hold_s } else { WINDOW_S })
}

impl<T: Target, C: Clock, H: HandOver> Shard<T, C, H> {
    /// Watches until dropped; ends the phase or the run where a cap or a rule says so.
    pub(crate) async fn watch_phase(self: Rc<Self>) {
        let shared = &self.shared;
        let is_timed = |rule: &AbortRule| matches!(rule.what, AbortWhat::InFlight | AbortWhat::Saturated);
        let rules = shared.spec.abort.iter().enumerate().filter(|(_, rule)| is_timed(rule));
        let mut rules: Vec<Watched<'_>> = rules
            .map(|(no, rule)| Watched {
                rule,
                no: u16::try_from(no).unwrap_or(u16::MAX),
                since: None,
                saturation: Saturation::over(window_ns(rule)),
            })
            .collect();
        let cap_ns = self.phase().caps.time_s.map(|s| self.start() + nanos(s));
        let mut due = self.start();
        loop {
            due += EVERY_NS;
            let wake = match cap_ns {
                Some(cap) if rules.is_empty() => cap,
                Some(cap) => cap.min(due),
                None if rules.is_empty() => return,
                None => due,
            };
            self.clock.sleep_until(wake).await;
            if cap_ns.is_some_and(|cap| self.clock.now() >= cap) {
                return shared.course.stop(PhaseEnd::Time);
            }
            let look = self.look();
            let settled_ns = shared.course.flow.early_ns().map(|took| self.start() + SETTLED * took);
            let is_closed = self.phase().load.is_closed();
            let met = rules.iter_mut().find_map(|r| r.is_met(look, is_closed, settled_ns).then_some(r.no));
            if let Some(no) = met {
                return shared.control.stop(StopReason::Abort(no));
            }
        }
    }

    fn look(&self) -> Look {
        let at = self.clock.now();
        let (wanted, kept_back) = self.shared.course.flow.counts();
        let rate = self.phase().load.rate_at((at - self.start()) as f64 / 1e9).unwrap_or(0.0);
        let in_flight = self.shared.in_flight.load(Ordering::Relaxed);
        Look { at, in_flight, rate, wanted, kept_back }
    }
}
