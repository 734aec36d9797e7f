//! Answers of earlier runs in place of the network.
//!
//! Main type: [`Recall`], two functions that the caller gives: one finds (on the
//! measuring thread: it must be quick), one loads (on a desk). Must not know where
//! records are kept.

use crate::desk::{Desk, StoreGone};
use crate::handover::{Begin, HandOver, Message};
use crate::request::{Ready, Shard, Step};
use acidtest_clock::Clock;
use acidtest_record::{Blob, Digest, Item, Key, NotSent, Ns, Outcome, Record, Role, Timing};
use acidtest_target::Target;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What a hit counts as among the bytes that wait for a desk.
const HIT_BYTES: usize = 16 << 10;
/// How often a hit looks whether the desks have caught up.
const LOOK_NS: i64 = 1_000_000;

/// A request whose answer may be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// Index of the target in this run's plan.
    pub target: u16,
    /// Index of the phase in this run's plan.
    pub phase: u16,
    /// Warm-up or subject.
    pub role: Role,
    /// Path and query.
    pub path: &'a str,
    /// Digest of the body.
    pub body: Digest,
    /// Which repeat of the case.
    pub repeat: u16,
    /// Turn within the slot.
    pub step: u16,
}

/// A request as it was recorded: its attempts in order, and the blobs of their answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recalled {
    /// The attempts.
    pub attempts: Vec<Record>,
    /// What their answers point at.
    pub blobs: Vec<Blob>,
}

type Find = dyn Fn(&Wanted<'_>) -> Option<Key> + Send + Sync;
type Load = dyn Fn(Key) -> Option<Recalled> + Send + Sync;

/// Where answers come from. Cheap to clone.
#[derive(Clone)]
pub struct Recall {
    /// The record that answers a request. Called while the clock runs: no disk, no locks.
    pub find: Arc<Find>,
    /// The record that was found, whole.
    pub load: Arc<Load>,
}

impl fmt::Debug for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recall(..)")
    }
}

/// What becomes of the moments of a copied record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moments {
    /// They are the record's (a replay, on copies of the original clocks).
    Kept,
    /// They are left out: nothing was measured now (the response cache).
    Left,
}

impl<T: Target, C: Clock, H: HandOver> Shard<T, C, H> {
    /// Hands over an earlier run's answer to this request, if there is one: when that was.
    /// A warm-up is always sent: it is there to warm something up.
    pub(crate) async fn recalled(&self, ready: &Ready, step: &Step, intended: Ns) -> Option<Ns> {
        let shared = &self.shared;
        let recall = shared.recall.as_ref().filter(|_| ready.slot.role == Role::Subject)?;
        let source = (recall.find)(&Wanted {
            target: shared.target,
            phase: shared.phase,
            role: ready.slot.role,
            path: &step.0.path,
            body: Digest::of(&step.0.body),
            repeat: ready.slot.repeat,
            step: step.1.step,
        })?;
        while shared.budget.full() && !self.stopping() {
            self.clock.sleep_until(self.clock.now() + LOOK_NS).await;
        }
        shared.budget.take(HIT_BYTES);
        let attempt = shared.finished.next_attempt(ready.slot.no, step.1.step);
        let begin = Box::new(self.begin(ready, step, attempt, intended));
        shared.control.progress.sent.fetch_add(1, Ordering::Relaxed);
        self.hand.give(Message::Copied { begin, source });
        // Others of this thread have their turn: a hit never waits for a socket.
        tokio::task::yield_now().await;
        Some(Ns(self.clock.now()))
    }
}

impl Desk {
    /// A hit of the response cache becomes a record without moments.
    pub(crate) fn hit(&mut self, begin: &Begin, source: Key) -> Result<(), StoreGone> {
        let found = self.setup.recall.as_ref().and_then(|r| (r.load)(source));
        let at = self.setup.zero_unix_ns + begin.intended.0;
        let stored = match found.filter(|f| !f.attempts.is_empty()) {
            Some(found) => self.copied(begin, found, Moments::Left, at),
            // The run that held it was removed while this one went on.
            None => self.not_recorded(begin),
        };
        self.setup.budget.release(HIT_BYTES);
        stored
    }

    /// The request is in this run because the plan wants it, but nothing answers it.
    pub(crate) fn not_recorded(&mut self, begin: &Begin) -> Result<(), StoreGone> {
        let timing = Timing { clock: self.setup.clock_no, intended: begin.intended, ..Timing::default() };
        let record = self.record(begin, timing, Outcome::NotSent { reason: NotSent::NotRecorded });
        self.setup.control.progress.not_sent.fetch_add(1, Ordering::Relaxed);
        self.send(Item::Record(Box::new(record)))
    }

    /// Records of this run that hold what another run's records say.
    pub(crate) fn copied(
        &mut self,
        begin: &Begin,
        found: Recalled,
        moments: Moments,
        at_unix_ns: i64,
    ) -> Result<(), StoreGone> {
        found.blobs.into_iter().try_for_each(|b| self.send(Item::Blob(b)))?;
        let last = found.attempts.len().saturating_sub(1);
        for (no, source) in found.attempts.into_iter().enumerate() {
            let timing = match moments {
                Moments::Kept => source.timing,
                Moments::Left => {
                    Timing { clock: self.setup.clock_no, intended: begin.intended, ..Timing::default() }
                }
            };
            let mut record = self.record(begin, timing, source.outcome);
            record.key.attempt = begin.attempt.saturating_add(u8::try_from(no).unwrap_or(u8::MAX));
            record.kind = source.kind;
            record.head = source.head;
            record.answer = source.answer;
            record.said = source.said;
            record.place = source.place;
            record.copied_from = Some(source.copied_from.unwrap_or(source.key));
            self.body(&record.request, begin)?;
            let counts = &self.setup.control.progress;
            let ended = if matches!(record.outcome, Outcome::Completed { .. }) {
                &counts.completed
            } else {
                &counts.failed
            };
            ended.fetch_add(1, Ordering::Relaxed);
            let mut verdicts = self.verdicts(&record, Ok(()));
            verdicts.extend(self.likelihoods(&record, begin, no == last));
            verdicts.iter_mut().for_each(|v| v.at_unix_ns = at_unix_ns);
            self.send(Item::Record(Box::new(record)))?;
            verdicts.into_iter().try_for_each(|v| self.send(Item::Verdict(v)))?;
        }
        Ok(())
    }
}
