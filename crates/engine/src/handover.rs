//! From the measuring threads to the desks: messages, and a bound on their bytes.
//!
//! Main types: [`Message`], [`Budget`] and the [`HandOver`] trait (a channel to
//! another thread, or a desk on the same thread in simulations).

use crate::steps::Asked;
use acidtest_record::{Key, NotSent, Ns, Reading};
use acidtest_schedule::Slot;
use acidtest_target::{Attempt, Segment, Tap};
use bytes::Bytes;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use tokio::sync::oneshot;

/// What a desk is told.
pub(crate) enum Message {
    /// An attempt begins.
    Begin(Box<Begin>),
    /// Bytes of an answer.
    Segment { ticket: u64, segment: Segment },
    /// An attempt ended.
    End { ticket: u64, attempt: Box<Attempt>, reply: Option<oneshot::Sender<Reply>> },
    /// A slot was never sent.
    NotSent { begin: Box<Begin>, reason: NotSent },
    /// An earlier run's answer takes the place of an attempt.
    Copied { begin: Box<Begin>, source: Key },
    /// A sample of the surroundings.
    Reading(Reading),
}

/// All that is known of an attempt before it is sent.
pub(crate) struct Begin {
    pub ticket: u64,
    pub slot: Slot,
    /// What step of the slot it is, and how it is scored.
    pub asked: Arc<Asked>,
    pub attempt: u8,
    pub intended: Ns,
    pub path: String,
    pub body: Bytes,
    pub stream: bool,
    pub nonce: Option<String>,
    pub shard: u16,
}

/// What a desk says of a finished attempt to a shard that may send it again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reply {
    /// Whether another attempt could help.
    pub retry: bool,
    /// What the server asked us to wait, in seconds.
    pub retry_after_s: Option<f64>,
}

/// Gives messages to a desk.
pub(crate) trait HandOver: Clone + 'static {
    fn give(&self, message: Message);
}

/// To a desk on another thread. Order is kept per sender.
#[derive(Clone)]
pub(crate) struct Channel(pub Sender<Message>);

impl HandOver for Channel {
    fn give(&self, message: Message) {
        // A desk that is gone has already asked the run to stop.
        let _ = self.0.send(message);
    }
}

/// Bytes that were handed over and are not yet in a record.
#[derive(Debug)]
pub(crate) struct Budget {
    held: AtomicUsize,
    soft: usize,
    hard: usize,
}

impl Budget {
    /// Above `soft` bytes nothing new is sent; above `hard` answers in flight are cut off.
    pub(crate) fn new(soft: usize, hard: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), soft, hard })
    }

    pub(crate) fn full(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.soft
    }

    fn overflowing(&self) -> bool {
        self.held.load(Ordering::Relaxed) > self.hard
    }

    pub(crate) fn take(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn release(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Memory that one segment stands for until its record is made: its bytes, its
/// reads, and an event for each line it may hold.
pub(crate) fn weight(segment: &Segment) -> usize {
    let lines = segment.bytes.iter().filter(|b| **b == b'\n').count();
    segment.bytes.len()
        + lines * size_of::<acidtest_record::Event>()
        + segment.pieces.len() * 8
        + segment.reads.len() * 40
        + 64
}

/// The tap of one attempt.
pub(crate) struct ShardTap<'a, H> {
    pub ticket: u64,
    pub hand: &'a H,
    pub budget: &'a Budget,
    pub overflow: &'a Cell<bool>,
    pub wake: &'a tokio::sync::Notify,
}

impl<H: HandOver> Tap for ShardTap<'_, H> {
    fn segment(&mut self, segment: Segment) {
        self.budget.take(weight(&segment));
        self.hand.give(Message::Segment { ticket: self.ticket, segment });
        if self.budget.overflowing() {
            self.overflow.set(true);
            self.wake.notify_one();
        }
    }
}
