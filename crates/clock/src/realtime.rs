//! How far the real-time clock is from the monotonic one (Linux).
//!
//! Main type: [`Offset`]. Both clocks are slewed alike, so the difference changes only when
//! somebody sets the time: it is piecewise constant, and no slope is ever fitted. It is read
//! between two monotonic reads, of several tries the tightest; half its width bounds the
//! error. [`Offset::watch`] learns of steps from a timer that the kernel cancels when the time
//! is set, and reads once a second besides.

use rustix::event::{PollFd, PollFlags, Timespec as Wait, poll};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Tries of one reading.
const TRIES: usize = 9;
/// A change beyond the two readings' errors and this is a step.
const SLACK_NS: i64 = 2_000;

/// The present difference, shared by all threads.
pub(crate) struct Offset {
    real_minus_monotonic: AtomicI64,
    error: AtomicI64,
    steps: AtomicU64,
}

/// Nanoseconds of a kernel clock.
pub(crate) fn nanoseconds(clock: ClockId) -> i64 {
    let t = clock_gettime(clock);
    t.tv_sec * 1_000_000_000 + t.tv_nsec
}

/// The difference and half the width of the tightest bracket.
fn read() -> (i64, i64) {
    let once = || {
        let before = nanoseconds(ClockId::Monotonic);
        let real = nanoseconds(ClockId::Realtime);
        let after = nanoseconds(ClockId::Monotonic);
        (after - before, real - (before + (after - before) / 2))
    };
    let (width, offset) = (0..TRIES).map(|_| once()).min_by_key(|t| t.0).expect("several tries were made");
    (offset, width / 2 + 1)
}

impl Offset {
    pub(crate) fn new() -> Self {
        let (offset, error) = read();
        Self {
            real_minus_monotonic: AtomicI64::new(offset),
            error: AtomicI64::new(error),
            steps: AtomicU64::new(0),
        }
    }

    /// Monotonic nanoseconds of a moment on the real-time clock.
    pub(crate) fn monotonic(&self, unix_ns: i64) -> i64 {
        unix_ns.wrapping_sub(self.real_minus_monotonic.load(Ordering::Relaxed))
    }

    /// How far that may be off.
    pub(crate) fn error_ns(&self) -> i64 {
        self.error.load(Ordering::Relaxed)
    }

    /// How often the time was set since the start.
    pub(crate) fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// Reads again; a difference that did not change keeps its value, so that no two stamps of
    /// one stretch are converted differently.
    pub(crate) fn look_again(&self) {
        let (offset, error) = read();
        let known = self.real_minus_monotonic.load(Ordering::Relaxed);
        if (offset - known).abs() > error + self.error_ns() + SLACK_NS {
            self.real_minus_monotonic.store(offset, Ordering::Relaxed);
            self.error.store(error, Ordering::Relaxed);
            self.steps.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Looks again once a second and at once when the time is set; never returns.
    pub(crate) fn watch(&self) {
        let Ok(timer) =
            timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)
        else {
            return self.watch_without_timer();
        };
        loop {
            arm(&timer);
            let second = Wait { tv_sec: 1, tv_nsec: 0 };
            let mut asked = [PollFd::from_borrowed_fd(timer.as_fd(), PollFlags::IN)];
            let _ = poll(&mut asked, Some(&second));
            let mut count = [0u8; 8];
            // ECANCELED says that the time was set; whatever it says, the clocks are read again.
            let _ = rustix::io::read(&timer, &mut count);
            self.look_again();
        }
    }

    fn watch_without_timer(&self) {
        loop {
            std::thread::sleep(std::time::Duration::from_secs(1));
            self.look_again();
        }
    }
}

/// Arms the timer far in the future: only a change of the time wakes it.
fn arm(timer: &OwnedFd) {
    let never = Timespec { tv_sec: 1 << 40, tv_nsec: 0 };
    let spec = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: never };
    let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
    // A kernel that refuses leaves the reading of each second.
    let _ = timerfd_settime(timer, flags, &spec);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_tight_and_repeats() {
        let offset = Offset::new();
        assert!((1..1_000_000).contains(&offset.error_ns()), "{} ns", offset.error_ns());
        let real = nanoseconds(ClockId::Realtime);
        let now = nanoseconds(ClockId::Monotonic);
        assert!((offset.monotonic(real) - now).abs() < 50_000_000);
        offset.look_again();
        assert_eq!(offset.steps(), 0, "nobody set the time");
    }

    #[test]
    fn a_step_is_taken_over_and_counted() {
        let offset = Offset::new();
        offset.real_minus_monotonic.fetch_add(3_000_000_000, Ordering::Relaxed);
        offset.look_again();
        assert_eq!(offset.steps(), 1);
        let real = nanoseconds(ClockId::Realtime);
        let now = nanoseconds(ClockId::Monotonic);
        assert!((offset.monotonic(real) - now).abs() < 50_000_000);
    }
}
