//! Whether an open loop asks for more than is answered, seen from requests in flight.
//!
//! Main type: [`Saturation`], fed at even distances. A load that can be carried leaves the number
//! in flight at rate × duration; one that cannot makes it grow for ever. Numbers are taken in
//! units of the rate that is asked for, so that a ramp alone does not look like a queue. Must
//! not stop anything, nor look at a clock.

use std::collections::VecDeque;

/// Parts of the window that are compared.
const PARTS: usize = 5;
/// How much more must be in flight in the last part than in the first.
const GROWTH: f64 = 1.5;
/// … and at least so many requests more: of few requests a factor says little.
const MORE: f64 = 4.0;
/// Share of due requests that the cap on those in flight kept back, above which it is saturated.
const KEPT_BACK: f64 = 0.05;
/// Due requests below which that share is not asked.
const FEWEST: u64 = 20;

/// One look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    pub(crate) at: i64,
    pub(crate) in_flight: u32,
    /// Requests per second that are asked for now.
    pub(crate) rate: f64,
    /// Requests that were due so far, and those kept back.
    pub(crate) wanted: u64,
    pub(crate) kept_back: u64,
}

/// The looks of the last `window_ns`.
#[derive(Debug)]
pub(crate) struct Saturation {
    window_ns: i64,
    looks: VecDeque<Look>,
}

impl Saturation {
    pub(crate) fn over(window_ns: i64) -> Self {
        Self { window_ns, looks: VecDeque::new() }
    }

    /// Adds a look. `settled_ns`: the moment before which requests in flight may grow because
    /// the first answers are not there yet; absent as long as that is not known.
    pub(crate) fn is_saturated(&mut self, look: Look, settled_ns: Option<i64>) -> bool {
        self.looks.push_back(look);
        let from = look.at - self.window_ns;
        while self.looks.get(1).is_some_and(|second| second.at <= from) {
            self.looks.pop_front();
        }
        let Some(first) = self.looks.front().copied().filter(|first| first.at <= from) else {
            return false;
        };
        let (wanted, kept) = (look.wanted - first.wanted, look.kept_back - first.kept_back);
        if wanted >= FEWEST && kept as f64 > KEPT_BACK * wanted as f64 {
            return true;
        }
        settled_ns.is_some_and(|settled| settled <= from) && self.grows(from, look.rate)
    }

    fn grows(&self, from: i64, rate: f64) -> bool {
        let mut sums = [(0.0, 0u32); PARTS];
        for look in self.looks.iter().filter(|l| l.at > from && l.rate > 0.0) {
            let part = ((look.at - from - 1) as i128 * PARTS as i128 / i128::from(self.window_ns)) as usize;
            let sum = &mut sums[part.min(PARTS - 1)];
            *sum = (sum.0 + f64::from(look.in_flight) / look.rate, sum.1 + 1);
        }
        if sums.iter().any(|(_, n)| *n == 0) {
            return false;
        }
        let means = sums.map(|(sum, n)| sum / f64::from(n));
        let (first, last) = (means[0], means[PARTS - 1]);
        means.is_sorted_by(|a, b| a < b) && last > GROWTH * first && (last - first) * rate > MORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_schedule::Stream;

    const STEP: i64 = 100_000_000;

    /// The second at which it is found, of an M/M/c-like number in flight that `next` tells.
    fn found(rate: impl Fn(i64) -> f64, next: impl Fn(i64, &mut Stream) -> f64) -> Option<i64> {
        let mut s = Stream::new(8, "saturation", 0);
        let mut watch = Saturation::over(20_000_000_000);
        (1..=3000).find(|i| {
            let in_flight = next(*i, &mut s).max(0.0) as u32;
            let look = Look { at: i * STEP, in_flight, rate: rate(*i), wanted: 10 * *i as u64, kept_back: 0 };
            watch.is_saturated(look, Some(3_000_000_000))
        })
    }

    #[test]
    fn a_growing_queue_is_found_and_a_steady_load_is_not() {
        let steady = found(|_| 100.0, |_, s| 50.0 + 7.0 * s.normal());
        assert_eq!(steady, None);
        // A tenth more than can be carried: ten requests a second are left over.
        let queue = found(|_| 110.0, |i, s| 50.0 + i as f64 + 7.0 * s.normal());
        assert!(queue.is_some_and(|i| i < 300), "{queue:?}");
    }

    #[test]
    fn a_ramp_that_is_carried_is_not_saturated() {
        let ramp = found(|i| i as f64 / 10.0, |i, s| 0.5 * i as f64 / 10.0 * (1.0 + 0.1 * s.normal()));
        assert_eq!(ramp, None);
    }

    #[test]
    fn the_way_up_to_the_first_answers_is_no_saturation() {
        let mut watch = Saturation::over(2_000_000_000);
        for i in 1..200i64 {
            let look = Look { at: i * STEP, in_flight: 10 * i as u32, rate: 100.0, wanted: 10, kept_back: 0 };
            assert!(!watch.is_saturated(look, None), "no answer has come: nothing is known");
        }
    }

    #[test]
    fn requests_kept_back_are_a_sign_of_it() {
        let mut watch = Saturation::over(1_000_000_000);
        let look = |i: i64, kept_back: u64| Look {
            at: i * STEP,
            in_flight: 64,
            rate: 100.0,
            wanted: 10 * i as u64,
            kept_back,
        };
        assert!((1..=20).all(|i| !watch.is_saturated(look(i, 0), None)));
        assert!((21..=30).any(|i| watch.is_saturated(look(i, (i - 20) as u64), None)));
    }
}
