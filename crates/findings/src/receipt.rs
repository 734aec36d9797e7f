//! What the reads of a lane say about our own clock: how far arrivals are not known, how late
//! the program got to its reads, and whether bytes waited for us.
//!
//! Main type: [`Receipt`], filled by the one scan over reads and events. Bounded: what is exactly
//! known is only counted. Must not decide what is valid.

use acidtest_metrics::stats::quantile;
use acidtest_record::Timing;

/// Most widths kept; beyond, they are thinned out evenly.
const MOST: usize = 200_000;
/// Bytes that waited unread from which on a server may have felt that we were slow: a socket's
/// buffer begins at twice that.
const PRESSING: u64 = 64 << 10;

/// (When, how much), nanoseconds; zeros are only counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct Amounts {
    zeros: u64,
    /// Of those above zero one in so many is kept.
    one_in: u64,
    seen: u64,
    kept: Vec<(i64, f64)>,
}

impl Amounts {
    fn add(&mut self, at: i64, amount: f64) {
        if amount <= 0.0 {
            self.zeros += 1;
            return;
        }
        let one_in = self.one_in.max(1);
        if self.seen.is_multiple_of(one_in) {
            self.kept.push((at, amount));
        }
        self.seen += 1;
        if self.kept.len() > MOST {
            let mut nth = 0u64;
            self.kept.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
            self.one_in = one_in * 2;
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.zeros + self.seen
    }

    /// Those that are kept, zeros left out.
    pub(crate) fn kept(&self) -> &[(i64, f64)] {
        &self.kept
    }

    /// Quantile of several, zeros included; absent where there are none.
    pub(crate) fn quantile(all: &[&Amounts], p: f64) -> Option<f64> {
        let seen: u64 = all.iter().map(|a| a.seen).sum();
        let zeros: u64 = all.iter().map(|a| a.zeros).sum();
        let mut sorted: Vec<f64> = all.iter().flat_map(|a| a.kept.iter().map(|k| k.1)).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        quantile_with_zeros(zeros, seen, &sorted, p)
    }

    /// Of those above zero one in so many is kept.
    pub(crate) fn one_in(&self) -> u64 {
        self.one_in.max(1)
    }
}

/// Quantile of so many zeros and of `seen` amounts above, of which some are kept, sorted; absent
/// where there are none of either.
pub(crate) fn quantile_with_zeros(zeros: u64, seen: u64, kept: &[f64], p: f64) -> Option<f64> {
    let count = zeros + seen;
    if count == 0 {
        return None;
    }
    // The share of zeros comes first; the rest is a quantile of what is above zero.
    let above = (p * count as f64 - zeros as f64) / seen.max(1) as f64;
    if above <= 0.0 {
        return Some(0.0);
    }
    quantile(kept, above.min(1.0)).or(Some(0.0))
}

/// What the reads of one lane say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Receipt {
    /// Reads that the kernel stamped, of those that brought content.
    pub(crate) stamped: u64,
    /// Reads that it did not stamp.
    pub(crate) unstamped: u64,
    /// Content events, and those whose arrival is exactly known.
    pub(crate) events: u64,
    pub(crate) exact: u64,
    /// What is not known of the first content of each record.
    pub(crate) first: Amounts,
    /// What is not known of the last event with content or finish reason.
    pub(crate) end: Amounts,
    /// What is not known of the mean gap of each record: of its two ends, by its gaps.
    pub(crate) pace: Amounts,
    /// How late the program came to each stamped read: after it, minus the stamp.
    pub(crate) lag: Amounts,
    /// From just before the request's first write until it was handed over.
    pub(crate) sending: Amounts,
    /// Records for which so many bytes waited that the server may have been held back.
    pub(crate) pressed: u64,
    /// When the first of them was sent.
    pub(crate) pressed_from: Option<i64>,
}

impl Receipt {
    /// Adds a record that was sent at that moment.
    pub(crate) fn add(&mut self, sent: i64, timing: &Timing, arrivals: &[(i64, i64)]) {
        let width = |a: &(i64, i64)| (a.1 - a.0) as f64;
        self.events += arrivals.len() as u64;
        self.exact += arrivals.iter().filter(|a| a.0 == a.1).count() as u64;
        if let (Some(first), Some(last)) = (arrivals.first(), arrivals.last()) {
            self.first.add(sent, width(first));
            if arrivals.len() > 1 {
                self.pace.add(sent, (width(first) + width(last)) / (arrivals.len() - 1) as f64);
            }
        }
        if let Some(end) = timing.end_bounds() {
            self.end.add(sent, end.width().0 as f64);
        }
        if let (Some(from), Some(to)) = (timing.sent, timing.sent_end) {
            self.sending.add(sent, (to - from).0 as f64);
        }
        self.reads(sent, timing);
    }

    fn reads(&mut self, sent: i64, timing: &Timing) {
        let mut last = None;
        for event in timing.events.iter().filter(|e| e.kind.is_content()) {
            if last.replace(event.read) == Some(event.read) {
                continue;
            }
            let Some(read) = timing.reads.get(event.read as usize) else { continue };
            match read.kernel {
                Some(kernel) => {
                    self.stamped += 1;
                    self.lag.add(sent, (read.after - kernel).0 as f64);
                }
                None => self.unstamped += 1,
            }
        }
        let mut waiting = 0u64;
        let pressing = timing.reads.iter().any(|read| {
            waiting = if read.drained { 0 } else { waiting + u64::from(read.bytes) };
            waiting >= PRESSING
        });
        if pressing {
            self.pressed += 1;
            self.pressed_from = Some(self.pressed_from.map_or(sent, |from| from.min(sent)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_count_in_quantiles_and_take_no_room() {
        let mut amounts = Amounts::default();
        (0..99_000).for_each(|i| amounts.add(i, 0.0));
        (1..=1000).for_each(|i| amounts.add(i, i as f64));
        assert_eq!((amounts.count(), amounts.kept().len()), (100_000, 1000));
        assert_eq!(Amounts::quantile(&[&amounts], 0.5), Some(0.0));
        let p995 = Amounts::quantile(&[&amounts], 0.995).unwrap();
        assert!((p995 - 500.0).abs() < 2.0, "{p995}");
        assert_eq!(Amounts::quantile(&[&Amounts::default()], 0.5), None);
    }

    #[test]
    fn many_amounts_are_thinned_out_evenly() {
        let mut amounts = Amounts::default();
        (0..1_000_000).for_each(|i| amounts.add(i, 1.0 + (i % 1000) as f64));
        assert!(amounts.kept().len() <= MOST + 1 && amounts.count() == 1_000_000);
        let p99 = Amounts::quantile(&[&amounts], 0.99).unwrap();
        assert!((p99 - 990.0).abs() < 10.0, "{p99}");
    }
}
