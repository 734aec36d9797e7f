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
        Ok(Self {
            zero,
            pacer: std::rc::Rc::new(Pacer::new()?),
        })
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
        Self {
            zero: tokio::time::Instant::now(),
        }
    }
}

impl Clock for SimulatedClock {
    fn now(&self) -> i64 {
        i64::try_from(self.zero.elapsed().as_nanos()).unwrap_or(i64::MAX)
    }
    async fn sleep_until(&self, at: i64) {
        tokio::time::sleep_until(
            self.zero + std::time::Duration::from_nanos(at.max(0).unsigned_abs()),
        )
        .await;
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
            self.linux.wait(at, at - zero.now()).await;
            #[cfg(not(target_os = "linux"))]
            tokio::time::sleep_until(zero.instant(at).into()).await;
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! One timerfd, armed for the earliest of the sleeping tasks.

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

    pub(super) struct Timer {
        fd: AsyncFd<OwnedFd>,
        sleepers: RefCell<Sleepers>,
    }

    #[derive(Default)]
    struct Sleepers {
        next_id: u64,
        waiting: BTreeMap<(i64, u64), Waker>,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let fd = timerfd_create(
                TimerfdClockId::Monotonic,
                TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC,
            )?;
            Ok(Self {
                fd: AsyncFd::new(fd)?,
                sleepers: RefCell::default(),
            })
        }

        /// Waits for the timer to fire once at or before `at`; the caller checks the time.
        pub(super) async fn wait(&self, at: i64, remaining: i64) {
            let id = {
                let mut s = self.sleepers.borrow_mut();
                s.next_id += 1;
                s.next_id
            };
            let _leave = Leave {
                timer: self,
                key: (at, id),
            };
            let mut armed = false;
            std::future::poll_fn(|cx| {
                let first = {
                    let mut s = self.sleepers.borrow_mut();
                    s.waiting.insert((at, id), cx.waker().clone());
                    s.waiting
                        .first_key_value()
                        .is_none_or(|(k, _)| *k == (at, id))
                };
                if first && !armed {
                    self.arm(remaining);
                    armed = true;
                }
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
                    Poll::Pending if armed || !first => Poll::Pending,
                    Poll::Pending => Poll::Pending,
                }
            })
            .await;
        }

        fn arm(&self, remaining: i64) {
            let ns = remaining.max(1);
            let spec = Itimerspec {
                it_interval: Timespec {
                    tv_sec: 0,
                    tv_nsec: 0,
                },
                it_value: Timespec {
                    tv_sec: ns / 1_000_000_000,
                    tv_nsec: ns % 1_000_000_000,
                },
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
            let was_first = s
                .waiting
                .first_key_value()
                .is_some_and(|(k, _)| *k == self.key);
            s.waiting.remove(&self.key);
            let next = was_first
                .then(|| s.waiting.first_key_value().map(|(_, w)| w.clone()))
                .flatten();
            drop(s);
            // The next sleeper may have relied on our timer: let it look again.
            if let Some(waker) = next {
                waker.wake();
            }
        }
    }
}
