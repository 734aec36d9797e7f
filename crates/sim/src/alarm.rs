//! Many sleepers on one timer.
//!
//! Main type: [`Alarm`], one for each serving thread. A single task sleeps on the
//! [`Pacer`] until the earliest moment that anyone waits for and wakes only those
//! who are due, so that 256 streams cost 256 wake-ups a round and not 256².

use acidtest_clock::{Pacer, Zero};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::task::{Context, Poll, Waker};
use tokio::sync::Notify;

pub(crate) struct Alarm {
    pub(crate) zero: Zero,
    pacer: Pacer,
    sleepers: RefCell<Sleepers>,
    earlier: Notify,
}

#[derive(Default)]
struct Sleepers {
    next: u64,
    /// What the driver sleeps for; nobody earlier may wait unnoticed.
    armed: i64,
    waiting: BTreeMap<Ticket, Waker>,
}

type Ticket = (i64, u64);

/// One sleeper's place; kept by the sleeper, empty while it does not sleep.
#[derive(Default)]
pub(crate) struct Bed(Option<Ticket>);

impl Alarm {
    pub(crate) fn new(zero: Zero) -> std::io::Result<Self> {
        Ok(Self { zero, pacer: Pacer::new()?, sleepers: RefCell::default(), earlier: Notify::new() })
    }

    /// Wakes sleepers until dropped; one task of the thread runs it.
    pub(crate) async fn drive(&self) {
        loop {
            let first = {
                let mut s = self.sleepers.borrow_mut();
                s.armed = s.waiting.first_key_value().map_or(i64::MAX, |(k, _)| k.0);
                s.armed
            };
            if first == i64::MAX {
                self.earlier.notified().await;
            } else {
                tokio::select! {
                    () = self.pacer.sleep_until(&self.zero, first) => {}
                    () = self.earlier.notified() => {}
                }
            }
            self.wake_due();
            // Those woken say first when they want to be woken next: one arming
            // of the timer then does for all.
            tokio::task::yield_now().await;
        }
    }

    fn wake_due(&self) {
        let due = {
            let mut s = self.sleepers.borrow_mut();
            let later = s.waiting.split_off(&(self.zero.now() + 1, 0));
            std::mem::replace(&mut s.waiting, later)
        };
        due.into_values().for_each(Waker::wake);
    }

    /// Ready at or after `at`; else the task is woken then.
    pub(crate) fn poll_at(&self, at: i64, bed: &mut Bed, cx: &mut Context<'_>) -> Poll<()> {
        if self.zero.now() >= at {
            self.leave(bed);
            return Poll::Ready(());
        }
        if bed.0.is_none_or(|t| t.0 != at) {
            self.leave(bed);
        }
        let mut s = self.sleepers.borrow_mut();
        let ticket = bed.0.unwrap_or_else(|| {
            s.next += 1;
            (at, s.next)
        });
        bed.0 = Some(ticket);
        s.waiting.insert(ticket, cx.waker().clone());
        if at < s.armed {
            s.armed = at;
            self.earlier.notify_one();
        }
        Poll::Pending
    }

    /// Gives the place up.
    pub(crate) fn leave(&self, bed: &mut Bed) {
        if let Some(ticket) = bed.0.take() {
            self.sleepers.borrow_mut().waiting.remove(&ticket);
        }
    }

    /// Sleeps until `at`.
    pub(crate) async fn sleep_until(&self, at: i64) {
        let mut stay = Stay { alarm: self, bed: Bed::default() };
        std::future::poll_fn(|cx| self.poll_at(at, &mut stay.bed, cx)).await;
    }
}

/// A sleeper that leaves when its future is dropped.
struct Stay<'a> {
    alarm: &'a Alarm,
    bed: Bed,
}

impl Drop for Stay<'_> {
    fn drop(&mut self) {
        self.alarm.leave(&mut self.bed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    #[test]
    fn everyone_wakes_on_time_and_leavers_hold_nobody_up() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let alarm = Rc::new(Alarm::new(Zero::start()).unwrap());
            let driver = alarm.clone();
            tokio::task::spawn_local(async move { driver.drive().await });
            let start = alarm.zero.now();
            let mut tasks = Vec::new();
            for i in (1..=40i64).rev() {
                let alarm = alarm.clone();
                tasks.push(tokio::task::spawn_local(async move {
                    let due = start + i * 1_000_000;
                    alarm.sleep_until(due).await;
                    alarm.zero.now() - due
                }));
            }
            tokio::task::yield_now().await;
            // Every fourth sleeper goes away early.
            tasks.iter().step_by(4).for_each(tokio::task::JoinHandle::abort);
            for (i, task) in tasks.into_iter().enumerate() {
                let late = tokio::time::timeout(std::time::Duration::from_secs(2), task)
                    .await
                    .expect("nobody oversleeps for seconds");
                assert_eq!(late.is_err(), i % 4 == 0);
                assert!(late.unwrap_or(0) >= 0, "woken too early");
            }
            assert!(alarm.sleepers.borrow().waiting.is_empty());
        });
    }
}
