//! Whether estimates are known well enough: rules such as `ttft.p95 within 5 %`.
//!
//! Main type: [`Narrow`]. It looks at the values so far in send order, at growing distances, with
//! the same batches as the report. To look and then to stop is no fixed sample: the findings
//! mark what comes of it as sequential. (Stopping at a relative width is valid in the limit of
//! narrow intervals: Glynn and Whitt, Ann. Appl. Probab. 2 (1992) 180–198.) Must not stop anything.

use acidtest_findings::so_far;
use acidtest_metrics::stats::{self, Batched, NoInterval};
use acidtest_record::{Role, Row, StopRule};
use std::sync::Mutex;

/// Level of the intervals.
const LEVEL: f64 = 0.95;
/// Requests before the first look.
const FIRST_LOOK: usize = 100;
/// Values kept of each rule; beyond them nothing is looked at any more.
const MOST_VALUES: usize = 1_000_000;

/// The rules of one phase and target, and what they are asked about.
#[derive(Debug, Default)]
pub(crate) struct Narrow {
    rules: Vec<StopRule>,
    /// Whether the target shows a summary of its reasoning.
    summarises: bool,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    /// When each was sent and what it is, by rule.
    values: Vec<Vec<(i64, f64)>>,
    requests: usize,
    next_look: usize,
    /// The longest time from sending to the end so far, and the latest end.
    longest_ns: i64,
    latest_ns: i64,
}

impl Narrow {
    pub(crate) fn new(rules: &[StopRule], summarises: bool) -> Self {
        let values = vec![Vec::new(); rules.len()];
        let seen = Seen { values, next_look: FIRST_LOOK, ..Seen::default() };
        Self { rules: rules.to_vec(), summarises, seen: Mutex::new(seen) }
    }

    /// Adds an attempt that ended. Whether all rules are met now.
    pub(crate) fn add(&self, row: impl FnOnce() -> Row) -> bool {
        if self.rules.is_empty() {
            return false;
        }
        let row = row();
        if row.role != Role::Subject {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if seen.requests >= MOST_VALUES {
            return false;
        }
        seen.requests += 1;
        if let Some((sent, ended)) = row.sent.zip(row.ended) {
            seen.longest_ns = seen.longest_ns.max(ended.0 - sent.0);
            seen.latest_ns = seen.latest_ns.max(ended.0);
        }
        for (rule, values) in self.rules.iter().zip(&mut seen.values) {
            values.extend(
                row.sent.zip(so_far(rule.metric, &row, self.summarises)).map(|(sent, x)| (sent.0, x)),
            );
        }
        if seen.requests < seen.next_look {
            return false;
        }
        // A tenth more each time: the work of all looks together grows with the number of requests.
        seen.next_look = seen.requests + (seen.requests / 10).max(20);
        // Of those sent lately only the fast ones have ended: they would make everything look fast.
        let up_to = seen.latest_ns - seen.longest_ns;
        self.rules.iter().zip(&mut seen.values).all(|(rule, values)| is_met(rule, values, up_to))
    }
}

fn is_met(rule: &StopRule, values: &mut [(i64, f64)], up_to: i64) -> bool {
    // Answers end in another order than they were asked for; what is sorted already costs little.
    values.sort_by_key(|(sent, _)| *sent);
    let series: Vec<f64> = values.iter().take_while(|(sent, _)| *sent <= up_to).map(|(_, x)| *x).collect();
    estimate(rule, &series).is_ok_and(|found| {
        let ends = found.interval.low.zip(found.interval.high);
        ends.is_some_and(|(low, high)| (high - low) / 2.0 <= rule.within * found.value.abs())
    })
}

fn estimate(rule: &StopRule, series: &[f64]) -> Result<Batched, NoInterval> {
    match rule.quantile() {
        Some(p) => stats::batch_quantile(series, p, LEVEL),
        None => stats::batch_mean(series, LEVEL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_schedule::Stream;

    fn values(n: usize, spread: f64) -> Vec<(i64, f64)> {
        let mut s = Stream::new(3, "narrow", 0);
        let mut all: Vec<(i64, f64)> = (0..n).map(|i| (i as i64, 1.0 + spread * s.unit())).collect();
        s.shuffle(&mut all);
        all
    }

    #[test]
    fn a_rule_is_met_when_the_interval_is_narrow_enough() {
        let p95 = StopRule::parse("ttft.p95 within 5 %").unwrap();
        assert!(!is_met(&p95, &mut values(40, 0.01), i64::MAX), "too few values for a p95");
        assert!(is_met(&p95, &mut values(400, 0.01), i64::MAX));
        assert!(!is_met(&p95, &mut values(120, 10.0), i64::MAX));
        let sharp = StopRule::parse("e2e.mean within 1 %").unwrap();
        assert!(!is_met(&sharp, &mut values(200, 1.0), i64::MAX), "about 2.7 % then");
        let mean = StopRule::parse("e2e.mean within 5 %").unwrap();
        // A look may find a memory that is not there; not all of them do.
        assert!((1..=10).any(|k| is_met(&mean, &mut values(400 * k, 1.0), i64::MAX)));
    }

    #[test]
    fn what_was_sent_lately_is_not_looked_at() {
        let mean = StopRule::parse("e2e.mean within 5 %").unwrap();
        assert!((1..=10).any(|k| is_met(&mean, &mut values(4000, 1.0), 400 * k)));
        assert!(!is_met(&mean, &mut values(4000, 1.0), 20), "only the first 20 of them");
    }

    #[test]
    fn a_drifting_series_has_too_few_batches() {
        let mut drift: Vec<(i64, f64)> = (0..300).map(|i| (i, 1.0 + i as f64 / 1e4)).collect();
        assert!(!is_met(&StopRule::parse("ttft.mean within 5 %").unwrap(), &mut drift, i64::MAX));
    }
}
