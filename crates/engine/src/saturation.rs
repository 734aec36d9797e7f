//! Whether an open loop asks for more than is answered, seen from requests in flight.
//!
//! Main type: [`Saturation`], fed at even distances. A load that can be carried lets the number in
//! flight come back to its usual level again and again; one that cannot makes it grow for ever. So
//! the *lowest* number of a window is held against the mean of all time before it: a rising trend
//! of means, which is the obvious rule, is met by chance in every few minutes of a queue at 80 %.
//! Numbers are taken in units of the rate that is asked for, so that a ramp alone does not look
//! like a queue. Must not stop anything, nor look at a clock.

use std::collections::VecDeque;

/// How much more than the mean before must always be in flight in the window.
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

/// The looks of the last `window_ns`, and what was before them.
#[derive(Debug)]
pub(crate) struct Saturation {
    window_ns: i64,
    looks: VecDeque<Look>,
    /// The last look before the window.
    edge: Option<Look>,
    /// Sum and number of looks before the window, in flight ÷ rate.
    before: (f64, usize),
}

impl Look {
    /// Requests in flight in units of the rate: by Little's law how long they take.
    fn load(&self) -> Option<f64> {
        (self.rate > 0.0).then(|| f64::from(self.in_flight) / self.rate)
    }
}

impl Saturation {
    pub(crate) fn over(window_ns: i64) -> Self {
        Self { window_ns, looks: VecDeque::new(), edge: None, before: (0.0, 0) }
    }

    /// Adds a look. `settled_ns`: the moment before which requests in flight may grow because
    /// the first answers are not there yet; absent as long as that is not known.
    pub(crate) fn is_saturated(&mut self, look: Look, settled_ns: Option<i64>) -> bool {
        self.looks.push_back(look);
        while let Some(old) = self.looks.pop_front_if(|old| old.at <= look.at - self.window_ns) {
            self.edge = Some(old);
            if let Some(load) = old.load().filter(|_| settled_ns.is_some_and(|settled| settled <= old.at)) {
                self.before = (self.before.0 + load, self.before.1 + 1);
            }
        }
        let Some(edge) = self.edge else {
            return false;
        };
        let (wanted, kept) = (look.wanted - edge.wanted, look.kept_back - edge.kept_back);
        (wanted >= FEWEST && kept as f64 > KEPT_BACK * wanted as f64) || self.has_left_its_level(look.rate)
    }

    /// Whether the window was never near what was usual before; that must be as long as it.
    fn has_left_its_level(&self, rate: f64) -> bool {
        let (sum, n) = self.before;
        if n < self.looks.len() || rate <= 0.0 {
            return false;
        }
        let usual = sum / n as f64;
        self.looks.iter().all(|look| look.load().is_some_and(|load| load > GROWTH * usual + MORE / rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_schedule::Stream;

    const STEP: i64 = 100_000_000;

    /// The look at which it is found, of a number in flight that `next` tells.
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
        assert!(queue.is_some_and(|i| i < 600), "{queue:?}");
    }

    /// When a queue before one server, looked at ten times a second for 300 s, is found saturated.
    fn queue(served: f64, rate: f64, seed: u64) -> Option<i64> {
        let mut s = Stream::new(seed, "queue", 0);
        let mut watch = Saturation::over(20_000_000_000);
        let (mut comes, mut leaves, mut in_flight) = (s.exponential() / rate, f64::INFINITY, 0u32);
        (1..=3000).find(|i| {
            let now = *i as f64 / 10.0;
            while comes.min(leaves) <= now {
                let at = comes.min(leaves);
                if comes <= leaves {
                    in_flight += 1;
                    comes += s.exponential() / rate;
                } else {
                    in_flight -= 1;
                }
                if in_flight == 0 {
                    leaves = f64::INFINITY;
                } else if at == leaves || leaves.is_infinite() {
                    leaves = at + s.exponential() / served;
                }
            }
            let look = Look { at: i * STEP, in_flight, rate, wanted: 0, kept_back: 0 };
            watch.is_saturated(look, Some(3_000_000_000))
        })
    }

    #[test]
    fn queues_that_are_carried_are_told_from_those_that_are_not() {
        let found =
            |rate: f64, by: i64| (0..20).filter(|s| queue(50.0, rate, *s).is_some_and(|i| i < by)).count();
        let (carried, too_much) = (found(40.0, i64::MAX), found(57.5, 1500));
        assert!(carried <= 1, "80 % of what is served: {carried} of 20");
        assert!(too_much >= 19, "115 %: {too_much} of 20");
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
