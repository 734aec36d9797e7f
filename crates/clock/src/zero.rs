//! A monotonic zero that all of one process's times are counted from.
//!
//! Main type: [`Zero`]. Must not be stored: what is stored is the clock row made from it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment from which nanoseconds are counted, on CLOCK_MONOTONIC.
#[derive(Debug, Clone, Copy)]
pub struct Zero {
    instant: Instant,
    monotonic_ns: i64,
    unix_ns: i64,
    error_ns: i64,
}

impl Zero {
    /// Takes this moment as the zero. Its Unix time is read between two
    /// monotonic reads; of several tries the tightest bracket is kept, and half
    /// of it bounds the error.
    #[must_use]
    pub fn start() -> Self {
        let try_once = || {
            let before = Instant::now();
            let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let width = before.elapsed();
            (width, before, unix)
        };
        let best = (0..7).map(|_| try_once()).min_by_key(|t| t.0);
        let (width, before, unix) = best.expect("seven tries were made");
        let half = nanos(width) / 2;
        let (instant, monotonic_ns) = pair();
        let since = nanos(instant.duration_since(before));
        Self { instant, monotonic_ns, unix_ns: nanos(unix) - half + since, error_ns: half.max(1) }
    }

    /// Nanoseconds since the zero.
    #[must_use]
    pub fn now(&self) -> i64 {
        nanos(self.instant.elapsed())
    }

    /// Nanoseconds from the zero to an instant; negative before it.
    #[must_use]
    pub fn at(&self, instant: Instant) -> i64 {
        match instant.checked_duration_since(self.instant) {
            Some(d) => nanos(d),
            None => -nanos(self.instant.duration_since(instant)),
        }
    }

    /// The instant that lies `ns` after the zero; times before the zero are the zero.
    #[must_use]
    pub fn instant(&self, ns: i64) -> Instant {
        self.instant + std::time::Duration::from_nanos(ns.max(0).unsigned_abs())
    }

    /// The zero on the kernel's monotonic clock (0 where a system has none that processes
    /// share): by it two processes of one machine compare moments without the wall clock.
    #[must_use]
    pub fn monotonic_ns(&self) -> i64 {
        self.monotonic_ns
    }

    /// Unix time of the zero in nanoseconds.
    #[must_use]
    pub fn unix_ns(&self) -> i64 {
        self.unix_ns
    }

    /// How far [`Zero::unix_ns`] may be from the system's wall clock.
    #[must_use]
    pub fn error_ns(&self) -> i64 {
        self.error_ns
    }
}

/// One moment, as std and as the kernel count it: of several tries the pair read closest.
#[cfg(target_os = "linux")]
fn pair() -> (Instant, i64) {
    use rustix::time::{ClockId, clock_gettime};
    let once = || {
        let instant = Instant::now();
        let raw = clock_gettime(ClockId::Monotonic);
        (instant.elapsed(), instant, raw.tv_sec * 1_000_000_000 + raw.tv_nsec)
    };
    let best = (0..7).map(|_| once()).min_by_key(|t| t.0);
    let (_, instant, raw) = best.expect("seven tries were made");
    (instant, raw)
}

#[cfg(not(target_os = "linux"))]
fn pair() -> (Instant, i64) {
    (Instant::now(), 0)
}

fn nanos(d: std::time::Duration) -> i64 {
    i64::try_from(d.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_forward_and_knows_its_unix_time() {
        let zero = Zero::start();
        let (a, b) = (zero.now(), zero.now());
        assert!(0 <= a && a <= b);
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        assert!((nanos(unix) - zero.unix_ns() - zero.now()).abs() < 50_000_000);
        assert_eq!(zero.at(zero.instant(1_000)), 1_000);
    }
}
