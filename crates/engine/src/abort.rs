//! Rules that stop a run early, asked after every outcome.
//!
//! Main type: [`Counts`]. Only counts are looked at, never the findings: a rule costs a
//! few additions. Must not stop anything by itself: the desk does.

use acidtest_metrics::stats::sequential_share;
use acidtest_record::{AbortRule, AbortWhat, Op, RunSpec};
use std::sync::atomic::{AtomicU64, Ordering};

/// Level of the bounds that sequential rules use.
const LEVEL: f64 = 0.95;

/// Outcomes of a run so far, warm-up aside.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    attempts: AtomicU64,
    failed: AtomicU64,
    requests: AtomicU64,
    not_sent: AtomicU64,
    judged: AtomicU64,
    correct: AtomicU64,
}

/// What one attempt adds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Added {
    pub(crate) failed: bool,
    /// Whether its answer is right, where that was judged and counts.
    pub(crate) correct: Option<bool>,
    /// Whether it was never sent: then it is no attempt.
    pub(crate) not_sent: bool,
    /// Whether it is the first of its request.
    pub(crate) is_first: bool,
}

/// What is known when rules are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) spent: f64,
    pub(crate) elapsed_s: f64,
}

impl Counts {
    pub(crate) fn add(&self, added: Added) {
        let yes = |is: bool| u64::from(is);
        self.requests.fetch_add(yes(added.is_first || added.not_sent), Ordering::Relaxed);
        self.not_sent.fetch_add(yes(added.not_sent), Ordering::Relaxed);
        self.attempts.fetch_add(yes(!added.not_sent), Ordering::Relaxed);
        self.failed.fetch_add(yes(added.failed), Ordering::Relaxed);
        if let Some(correct) = added.correct {
            self.judged.fetch_add(1, Ordering::Relaxed);
            self.correct.fetch_add(yes(correct), Ordering::Relaxed);
        }
    }

    /// The first rule that says to stop.
    pub(crate) fn tripped(&self, rules: &[AbortRule], now: Now) -> Option<usize> {
        rules.iter().position(|rule| self.trips(rule, now))
    }

    fn trips(&self, rule: &AbortRule, now: Now) -> bool {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        match rule.what {
            AbortWhat::Cost => rule.op.holds(now.spent, rule.limit),
            AbortWhat::Time => rule.op.holds(now.elapsed_s, rule.limit),
            AbortWhat::ErrorRate => share(rule, read(&self.failed), read(&self.attempts)),
            AbortWhat::NotSent => share(rule, read(&self.not_sent), read(&self.requests)),
            // These need the passing of time: the first measuring thread watches them.
            AbortWhat::InFlight | AbortWhat::Saturated => false,
            AbortWhat::Accuracy => share(rule, read(&self.correct), read(&self.judged)),
        }
    }
}

fn share(rule: &AbortRule, part: u64, of: u64) -> bool {
    if of == 0 || of < rule.after {
        return false;
    }
    // Two desks may add at once: a part that is ahead of its whole is cut.
    let part = part.min(of);
    let value = match (rule.sequential, sequential_share(part, of, LEVEL)) {
        (false, _) => part as f64 / of as f64,
        (true, Ok((low, high))) => match rule.op {
            Op::Gt | Op::Ge => low,
            Op::Lt | Op::Le => high,
        },
        (true, Err(_)) => return false,
    };
    rule.op.holds(value, rule.limit)
}

/// The first time at which a rule stops the run, and which rule.
pub(crate) fn time_limit(spec: &RunSpec) -> Option<(f64, usize)> {
    let rules = spec.abort.iter().enumerate().filter(|(_, r)| r.what == AbortWhat::Time);
    rules.map(|(i, r)| (r.limit, i)).min_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(what: AbortWhat, op: Op, limit: f64, after: u64, sequential: bool) -> AbortRule {
        AbortRule { what, op, limit, after, sequential, hold_s: 0.0, text: String::new() }
    }

    fn added(failed: bool, correct: Option<bool>) -> Added {
        Added { failed, correct, not_sent: false, is_first: true }
    }

    #[test]
    fn what_was_not_sent_is_a_share_of_requests() {
        let counts = Counts::default();
        let now = Now { spent: 0.0, elapsed_s: 0.0 };
        let rules = [rule(AbortWhat::NotSent, Op::Gt, 0.2, 10, false)];
        for i in 0..30 {
            // Every third has a second attempt, which is no request of its own.
            counts.add(Added { is_first: i % 3 != 2, ..added(true, None) });
        }
        (0..5).for_each(|_| counts.add(Added { not_sent: true, ..added(false, None) }));
        assert_eq!(counts.tripped(&rules, now), None, "5 of 25");
        counts.add(Added { not_sent: true, ..added(false, None) });
        assert_eq!(counts.tripped(&rules, now), Some(0), "6 of 26");
    }

    #[test]
    fn shares_are_asked_from_their_number_on() {
        let counts = Counts::default();
        let now = Now { spent: 0.5, elapsed_s: 3.0 };
        let rules = [rule(AbortWhat::ErrorRate, Op::Gt, 0.2, 10, false)];
        for i in 0..9 {
            counts.add(added(i < 5, None));
            assert_eq!(counts.tripped(&rules, now), None);
        }
        counts.add(added(false, None));
        assert_eq!(counts.tripped(&rules, now), Some(0));
        let none = [rule(AbortWhat::Accuracy, Op::Lt, 0.5, 1, false)];
        assert_eq!(counts.tripped(&none, now), None, "nothing was judged");
        assert_eq!(counts.tripped(&[rule(AbortWhat::Cost, Op::Gt, 0.4, 0, false)], now), Some(0));
        assert_eq!(counts.tripped(&[rule(AbortWhat::Time, Op::Ge, 4.0, 0, false)], now), None);
    }

    #[test]
    fn a_sequential_rule_waits_until_it_is_sure() {
        let counts = Counts::default();
        let now = Now { spent: 0.0, elapsed_s: 0.0 };
        let plain = [rule(AbortWhat::Accuracy, Op::Lt, 0.5, 20, false)];
        let sure = [rule(AbortWhat::Accuracy, Op::Lt, 0.5, 20, true)];
        for i in 0..50 {
            counts.add(added(false, Some(i % 5 < 2)));
        }
        assert_eq!(counts.tripped(&plain, now), Some(0));
        assert_eq!(counts.tripped(&sure, now), None, "20 of 50 could be chance");
        for i in 0..2000 {
            counts.add(added(false, Some(i % 5 < 2)));
        }
        assert_eq!(counts.tripped(&sure, now), Some(0));
    }
}
