//! One request: its attempts, and the slot that could not be sent.
//!
//! Main type: [`Shard`], what all tasks of one measuring thread share. Generic
//! over target, clock and hand-over, so that a simulation runs the same code.

use crate::control::{Control, StopReason};
use crate::handover::{Begin, Budget, HandOver, Message, Reply, ShardTap};
use crate::phase::Finished;
use crate::prompts::Prompts;
use crate::steps::{Asked, Choice};
use acidtest_clock::Clock;
use acidtest_record::{Cause, NotSent, Ns, Reading, RunSpec, Stage};
use acidtest_schedule::{Plan, Slot, Walker};
use acidtest_target::{Attempt, Built, End, Target};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use tokio::sync::{Notify, oneshot};

/// What the threads of one phase and target share.
pub(crate) struct Shared {
    pub spec: Arc<RunSpec>,
    pub phase: u16,
    pub target: u16,
    pub prompt: u16,
    pub plan: Plan,
    pub prompts: Arc<Prompts>,
    pub finished: Arc<Finished>,
    pub control: Arc<Control>,
    pub budget: Arc<Budget>,
    pub clock_no: u16,
    pub shards: u16,
    /// Next index of a closed loop.
    pub next: AtomicU32,
    /// Requests in flight of this phase.
    pub in_flight: AtomicU32,
    /// Numbers attempts over the whole run.
    pub tickets: Arc<AtomicU64>,
    /// When the phase began; `i64::MIN` until then.
    pub start: AtomicI64,
    /// When the first slot after the warm-up was taken; `i64::MIN` until then.
    pub measured_from: AtomicI64,
}

/// One measuring thread.
pub(crate) struct Shard<T, C, H> {
    pub no: u16,
    pub target: T,
    pub clock: C,
    pub hand: H,
    pub shared: Arc<Shared>,
    pub walker: RefCell<Walker>,
}

/// A slot that is ready to be sent: its steps that are not yet done.
pub(crate) struct Ready {
    slot: Slot,
    steps: Vec<(Built, Arc<Asked>)>,
    nonce: Option<String>,
}

impl<T: Target, C: Clock, H: HandOver> Shard<T, C, H> {
    pub(crate) fn new(no: u16, target: T, clock: C, hand: H, shared: Arc<Shared>) -> Self {
        let walker = RefCell::new(shared.plan.walker());
        Self { no, target, clock, hand, shared, walker }
    }

    /// Whether nothing of a slot is left to send.
    pub(crate) fn is_done(&self, index: u32) -> bool {
        let no = self.shared.plan.slot_no(index);
        self.shared.finished.knows(no) && {
            let case = self.walker.borrow_mut().slot(index).case;
            self.shared.finished.is_final(no, self.shared.prompts.steps(self.shared.prompt, case))
        }
    }

    /// Builds the bytes of a slot. A request that cannot be built is handed over as not sent.
    pub(crate) fn prepare(&self, index: u32, intended: Ns) -> Option<Ready> {
        let slot = self.walker.borrow_mut().slot(index);
        let shared = &self.shared;
        let spec = &shared.spec;
        let (steps, nonce) = shared.prompts.of(shared.prompt, slot.case, slot.no);
        let stream = spec.targets[usize::from(shared.target)].stream;
        let prompt = &spec.prompts[usize::from(shared.prompt)];
        let todo: Vec<u16> =
            (0..steps.count()).filter(|step| !shared.finished.is_step_final(slot.no, *step)).collect();
        let choice = steps.choice().map(|choice| {
            Arc::new(Choice { before: shared.finished.seen(slot.no, steps.count()), ..choice })
        });
        let mut ready = Ready { slot, steps: Vec::with_capacity(todo.len()), nonce };
        let mut is_built = true;
        for step in &todo {
            let asked = Asked {
                step: *step,
                last: Some(step) == todo.last(),
                kind: steps.kind(),
                scored: steps.scored(*step).cloned(),
                choice: choice.clone(),
            };
            let ask = steps.ask(*step, prompt, &spec.params, stream);
            let built = self.target.build(&ask).unwrap_or_else(|_| {
                is_built = false;
                Built { path: String::new(), body: bytes::Bytes::new(), stream: ask.stream }
            });
            ready.steps.push((built, Arc::new(asked)));
        }
        if is_built {
            return Some(ready);
        }
        self.not_sent(&ready, intended, NotSent::Unbuildable);
        None
    }

    /// Hands over a slot that was never sent.
    pub(crate) fn not_sent(&self, ready: &Ready, intended: Ns, reason: NotSent) {
        for step in &ready.steps {
            let attempt = self.shared.finished.next_attempt(ready.slot.no, step.1.step);
            let begin = Box::new(self.begin(ready, step, attempt, intended));
            self.shared.control.progress.not_sent.fetch_add(1, Ordering::Relaxed);
            self.hand.give(Message::NotSent { begin, reason });
        }
    }

    fn begin(&self, ready: &Ready, step: &(Built, Arc<Asked>), attempt: u8, intended: Ns) -> Begin {
        let (built, asked) = step;
        Begin {
            ticket: self.shared.tickets.fetch_add(1, Ordering::Relaxed),
            slot: ready.slot,
            asked: asked.clone(),
            attempt,
            intended,
            path: built.path.clone(),
            body: built.body.clone(),
            stream: built.stream,
            nonce: ready.nonce.clone(),
            shard: self.no,
        }
    }

    /// Sends the steps of a slot one after the other, each with its retries. Returns
    /// when the last attempt ended. Steps that a stop leaves unsent are sent by a resumed run.
    pub(crate) async fn request(&self, ready: Ready, intended: Ns) -> Ns {
        if self.shared.budget.full() {
            self.not_sent(&ready, intended, NotSent::Backlog);
            return Ns(self.clock.now());
        }
        let progress = &self.shared.control.progress;
        self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        progress.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut ended = intended;
        for (i, step) in ready.steps.iter().enumerate() {
            if i > 0 && self.stopping() {
                break;
            }
            progress.sent.fetch_add(1, Ordering::Relaxed);
            ended = self.attempts(&ready, step, ended).await;
        }
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        progress.in_flight.fetch_sub(1, Ordering::Relaxed);
        ended
    }

    async fn attempts(&self, ready: &Ready, step: &(Built, Arc<Asked>), intended: Ns) -> Ns {
        let retry = &self.shared.spec.retry;
        let first = self.shared.finished.next_attempt(ready.slot.no, step.1.step);
        let mut wait_s = retry.wait_s;
        for tried in 1u8.. {
            let (answer, reply) = oneshot::channel();
            let again = tried < retry.attempts && self.shared.control.stopped().is_none();
            let no = first.saturating_add(tried - 1);
            let ended = self.attempt(ready, step, no, intended, again.then_some(answer)).await;
            let reply = if again { reply.await.ok() } else { None };
            let Some(Reply { retry: true, retry_after_s }) = reply else {
                return ended;
            };
            let pause_s = retry_after_s.unwrap_or(wait_s).clamp(0.0, retry.max_wait_s);
            wait_s = (wait_s * 2.0).min(retry.max_wait_s);
            let until = ended + Ns((pause_s * 1e9) as i64);
            tokio::select! {
                () = self.clock.sleep_until(until.0) => {}
                () = self.shared.control.wait_stop() => return ended,
            }
        }
        Ns(self.clock.now())
    }

    /// One attempt; what arrives goes to the desk while it arrives.
    async fn attempt(
        &self,
        ready: &Ready,
        step: &(Built, Arc<Asked>),
        no: u8,
        intended: Ns,
        reply: Option<oneshot::Sender<Reply>>,
    ) -> Ns {
        let begin = self.begin(ready, step, no, intended);
        let ticket = begin.ticket;
        self.hand.give(Message::Begin(Box::new(begin)));
        let started = Ns(self.clock.now());
        let (overflow, wake) = (Cell::new(false), Notify::new());
        let mut tap = ShardTap {
            ticket,
            hand: &self.hand,
            budget: &self.shared.budget,
            overflow: &overflow,
            wake: &wake,
        };
        let attempt = tokio::select! {
            attempt = self.target.attempt(&step.0, &mut tap) => attempt,
            () = wake.notified() => self.cut_off(started),
        };
        let ended = attempt.ended;
        self.hand.give(Message::End { ticket, attempt: Box::new(attempt), reply });
        ended
    }

    /// What is left of an attempt that was dropped because our own memory was full.
    fn cut_off(&self, started: Ns) -> Attempt {
        self.reading("handover_full", 1.0);
        Attempt {
            started,
            sent: None,
            sent_end: None,
            body_end: None,
            ended: Ns(self.clock.now()),
            marks: Vec::new(),
            head: None,
            connection: 0,
            reused: false,
            end: End::Failed {
                stage: Stage::Body,
                cause: Cause::TooLarge,
                detail: "all answers in flight together were larger than this program may hold".into(),
            },
        }
    }

    /// Hands over a sample of this thread.
    pub(crate) fn reading(&self, name: &str, value: f64) {
        self.hand.give(Message::Reading(Reading {
            clock: self.shared.clock_no,
            at: Ns(self.clock.now()),
            source: "client".into(),
            name: name.into(),
            value,
        }));
    }

    /// Whether nothing more is to be sent.
    pub(crate) fn stopping(&self) -> bool {
        self.shared.control.stopped().is_some()
    }

    /// Stops the run when its time cap passes.
    pub(crate) async fn watch_time_cap(&self, deadline: Ns) {
        self.clock.sleep_until(deadline.0).await;
        self.shared.control.stop(StopReason::TimeCap);
    }
}
