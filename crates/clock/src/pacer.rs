//! Waking up on time.
//!
//! Main types: [`Pacer`], one timerfd per measuring thread (tokio's own timer
//! ticks at 1 ms and is late by as much; timer slack does not apply to timerfd),
//! and [`Clock`], the pair now + sleep that the engine's loops are given as a
//! value, so that a simulation can run them under a paused clock.

use crate::zero::Zero;
use std::future::Future;
use std::io;

/// What a loop needs of a clock.
pub trait Clock: Clone + 'static {
    /// Nanoseconds since the run's zero.
    fn now(&self) -> i64;
    /// Waits until that moment; returns at once when it is past.
    fn sleep_until(&self, at: i64) -> impl Future<Output = ()>;
}

/// The real clock: monotonic time and a pacer.
#[derive(Clone)]
pub struct PacerClock {
    zero: Zero,
    pacer: std::rc::Rc<Pacer>,
}

impl PacerClock {
    /// A clock for this thread. Call it inside a runtime.
    ///
    /// # Errors
    /// The kernel gives no timer.
    pub fn new(zero: Zero) -> io::Result<Self> {
        Ok(Self { zero, pacer: std::rc::Rc::new(Pacer::new()?) })
    }
}

impl Clock for PacerClock {
    fn now(&self) -> i64 {
        self.zero.now()
    }
    async fn sleep_until(&self, at: i64) {
        self.pacer.sleep_until(&self.zero, at).await;
    }
}

/// Tokio's clock as time: under `start_paused` it moves only when every task waits.
#[derive(Clone)]
pub struct SimulatedClock {
    zero: tokio::time::Instant,
}

impl SimulatedClock {
    /// Its zero is now. Call it inside a runtime.
    #[must_use]
    pub fn start() -> Self {
        Self { zero: tokio::time::Instant::now() }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> i64 {
        i64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }
    async fn sleep_until(&self, at: i64) {
        tokio::time::sleep_until(self.zero + std::time::Duration::from_nanos(at.max(0).unsigned_abs())).await;
    }
}

/// A timer of one thread. Several tasks may sleep on it at once; each wakes on time.
pub struct Pacer {
    #[cfg(target_os = "linux")]
    linux: linux::Timer,
}

impl Pacer {
    /// Asks the kernel for a timer. Call it inside a runtime with I/O enabled.
    ///
    /// # Errors
    /// The kernel gives no timer.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            #[cfg(target_os = "linux")]
            linux: linux::Timer::new()?,
        })
    }

    /// Waits until `at` nanoseconds after `zero`; returns at once when that is past.
    pub async fn sleep_until(&self, zero: &Zero, at: i64) {
        while zero.now() < at {
            #[cfg(target_os = "linux")]
            self.linux.wait(zero, at).await;
            #[cfg(not(target_os = "linux"))]
            tokio::time::sleep_until(zero.instant(at).into()).await;
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! One timerfd, armed for the earliest of the sleeping tasks.

    use crate::zero::Zero;
    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::task::{Poll, Waker};
    use tokio::io::unix::AsyncFd;

    /// Puts the timer under the runtime's watch.
    #[allow(unsafe_code)]
    fn register(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
        // SAFETY: the descriptor is owned by the AsyncFd from here on, is always the
        // same open file, and nobody else holds, duplicates or closes it.
        unsafe { AsyncFd::register(fd) }.map_err(Into::into)
    }

    pub(super) struct Timer {
        fd: AsyncFd<OwnedFd>,
        sleepers: RefCell<Sleepers>,
    }

    #[derive(Default)]
    struct Sleepers {
        next_id: u64,
        waiting: BTreeMap<(i64, u64), Waker>,
    }

    impl Sleepers {
        fn key(&mut self, at: i64) -> (i64, u64) {
            self.next_id += 1;
            (at, self.next_id)
        }

        /// Notes a sleeper; says whether it is the first to wake.
        fn enter(&mut self, key: (i64, u64), waker: &Waker) -> bool {
            self.waiting.insert(key, waker.clone());
            self.waiting.first_key_value().is_some_and(|(first, _)| *first == key)
        }
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let fd =
                timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
            Ok(Self { fd: register(fd)?, sleepers: RefCell::default() })
        }

        /// Waits until the timer fires or another sleeper asks everyone to look
        /// at the time again; the caller checks the time.
        pub(super) async fn wait(&self, zero: &Zero, at: i64) {
            let key = self.sleepers.borrow_mut().key(at);
            let _leave = Leave { timer: self, key };
            let mut entered = false;
            std::future::poll_fn(|cx| {
                if entered && !self.sleepers.borrow().waiting.contains_key(&key) {
                    return Poll::Ready(());
                }
                entered = true;
                if self.sleepers.borrow_mut().enter(key, cx.waker()) {
                    self.arm(at - zero.now());
                }
                // Only the last waker given here is kept by the runtime: whoever it is wakes all.
                match self.fd.poll_read_ready(cx) {
                    Poll::Ready(Ok(mut guard)) => {
                        let mut count = [0u8; 8];
                        let _ = rustix::io::read(self.fd.get_ref(), &mut count);
                        guard.clear_ready();
                        self.wake_all();
                        Poll::Ready(())
                    }
                    // A broken timer must not hang a run: the caller looks at the time again.
                    Poll::Ready(Err(_)) => Poll::Ready(()),
                    Poll::Pending => Poll::Pending,
                }
            })
            .await;
        }

        fn arm(&self, remaining: i64) {
            let ns = remaining.max(1);
            let spec = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec { tv_sec: ns / 1_000_000_000, tv_nsec: ns % 1_000_000_000 },
            };
            timerfd_settime(self.fd.get_ref(), TimerfdTimerFlags::empty(), &spec)
                .expect("a valid relative time arms a timer");
        }

        /// Everyone looks at the time again; who is early arms the timer anew.
        fn wake_all(&self) {
            for waker in std::mem::take(&mut self.sleepers.borrow_mut().waiting).into_values() {
                waker.wake();
            }
        }
    }

    struct Leave<'a> {
        timer: &'a Timer,
        key: (i64, u64),
    }

    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            let mut s = self.timer.sleepers.borrow_mut();
            s.waiting.remove(&self.key);
            let next = s.waiting.first_key_value().map(|(_, w)| w.clone());
            drop(s);
            // The runtime may have kept our waker, and the timer may be armed for us: the next one takes over.
            if let Some(waker) = next {
                waker.wake();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_one_thread<F: Future>(f: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, f)
    }

    #[test]
    fn never_wakes_early_and_sleepers_do_not_lose_each_other() {
        on_one_thread(async {
            let clock = PacerClock::new(Zero::start()).unwrap();
            let start = clock.now();
            let mut tasks = Vec::new();
            // Later sleepers first, so that the timer has to be armed anew for earlier ones.
            for ms in [30, 5, 20, 1, 10, 5] {
                let clock = clock.clone();
                tasks.push(tokio::task::spawn_local(async move {
                    let due = start + ms * 1_000_000;
                    clock.sleep_until(due).await;
                    (ms, clock.now() - due)
                }));
            }
            for task in tasks {
                let (ms, late) = task.await.unwrap();
                assert!(late >= 0, "{ms} ms woke {late} ns early");
            }
            assert!(clock.now() - start >= 30_000_000);
        });
    }

    #[test]
    fn a_dropped_sleeper_does_not_hold_up_the_rest() {
        on_one_thread(async {
            let clock = PacerClock::new(Zero::start()).unwrap();
            let early = clock.sleep_until(clock.now() + 2_000_000);
            let late = clock.sleep_until(clock.now() + 8_000_000);
            let mut early = Box::pin(early);
            let polled =
                std::future::poll_fn(|cx| std::task::Poll::Ready(early.as_mut().poll(cx).is_pending())).await;
            assert!(polled);
            let waiting = tokio::task::spawn_local({
                let clock = clock.clone();
                async move { clock.sleep_until(clock.now() + 8_000_000).await }
            });
            tokio::task::yield_now().await;
            drop(early);
            tokio::time::timeout(std::time::Duration::from_secs(5), late)
                .await
                .expect("the later sleeper wakes");
            tokio::time::timeout(std::time::Duration::from_secs(5), waiting)
                .await
                .expect("and the other one")
                .unwrap();
        });
    }

    #[test]
    fn a_simulated_clock_moves_only_when_all_wait() {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let clock = SimulatedClock::start();
            clock.sleep_until(3_600_000_000_000).await;
            assert_eq!(clock.now(), 3_600_000_000_000);
        });
    }
}
