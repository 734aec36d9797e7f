//! One request: its attempts, and the slot that could not be sent.
//!
//! Main type: [`Shard`], what all tasks of one measuring thread share. Generic
//! over target, clock and hand-over, so that a simulation runs the same code.

use crate::control::{Control, StopReason};
use crate::handover::{Begin, Budget, HandOver, Message, Reply, ShardTap};
use crate::phase::Finished;
use crate::prompts::Prompts;
use crate::recall::Recall;
use acidtest_clock::Clock;
use acidtest_record::{Ask, Case, Cause, NotSent, Ns, Reading, RunSpec, Stage};
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
    pub cases: Arc<Vec<Case>>,
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
    /// The response cache.
    pub recall: Option<Recall>,
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

/// A request that is ready to be sent.
pub(crate) struct Ready {
    pub(crate) slot: Slot,
    pub(crate) built: Built,
    nonce: Option<String>,
}

/// The question of a slot, and the nonce in it.
pub(crate) fn ask_of(
    spec: &RunSpec,
    cases: &[Case],
    prompts: &Prompts,
    target: u16,
    prompt: u16,
    slot: &Slot,
) -> (Ask, Option<String>) {
    let (messages, nonce) = prompts.of(prompt, slot.case, slot.no);
    let target = &spec.targets[usize::from(target)];
    // Only requests that are templates need the case itself.
    let vars = match (&target.http, &target.command, slot.case) {
        (None, None, _) | (_, _, None) => serde_json::Map::default(),
        (_, _, Some(i)) => cases.get(i as usize).map(|c| c.vars.clone()).unwrap_or_default(),
    };
    let (params, stream) = (prompts.overrides.params(prompt, slot.case), target.stream);
    (Ask { messages, params, stream, vars, nonce: nonce.clone(), ..Ask::default() }, nonce)
}

impl<T: Target, C: Clock, H: HandOver> Shard<T, C, H> {
    pub(crate) fn new(no: u16, target: T, clock: C, hand: H, shared: Arc<Shared>) -> Self {
        let walker = RefCell::new(shared.plan.walker());
        Self { no, target, clock, hand, shared, walker }
    }

    /// Builds the bytes of a slot. A request that cannot be built is handed over as not sent.
    pub(crate) fn prepare(&self, index: u32, intended: Ns) -> Option<Ready> {
        let slot = self.walker.borrow_mut().slot(index);
        let shared = &self.shared;
        let (ask, nonce) =
            ask_of(&shared.spec, &shared.cases, &shared.prompts, shared.target, shared.prompt, &slot);
        let stream = ask.stream;
        match self.target.build(&ask) {
            Ok(built) => Some(Ready { slot, built, nonce }),
            Err(_) => {
                let built = Built { stream, ..Built::default() };
                self.not_sent(&Ready { slot, built, nonce }, intended, NotSent::Unbuildable);
                None
            }
        }
    }

    /// Hands over a slot that was never sent.
    pub(crate) fn not_sent(&self, ready: &Ready, intended: Ns, reason: NotSent) {
        let attempt = self.shared.finished.next_attempt(ready.slot.no);
        let begin = Box::new(self.begin(ready, attempt, intended));
        self.shared.control.progress.not_sent.fetch_add(1, Ordering::Relaxed);
        self.hand.give(Message::NotSent { begin, reason });
    }

    pub(crate) fn begin(&self, ready: &Ready, attempt: u8, intended: Ns) -> Begin {
        Begin {
            ticket: self.shared.tickets.fetch_add(1, Ordering::Relaxed),
            slot: ready.slot,
            attempt,
            intended,
            path: ready.built.path.clone(),
            body: ready.built.body.clone(),
            stream: ready.built.stream,
            nonce: ready.nonce.clone(),
            shard: self.no,
        }
    }

    /// Sends a request, with its retries. Returns when its last attempt ended.
    pub(crate) async fn request(&self, ready: Ready, intended: Ns) -> Ns {
        if let Some(ended) = self.recalled(&ready, intended).await {
            return ended;
        }
        if self.shared.budget.full() {
            self.not_sent(&ready, intended, NotSent::Backlog);
            return Ns(self.clock.now());
        }
        let progress = &self.shared.control.progress;
        self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
        progress.in_flight.fetch_add(1, Ordering::Relaxed);
        progress.sent.fetch_add(1, Ordering::Relaxed);
        let ended = self.attempts(&ready, intended).await;
        self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
        progress.in_flight.fetch_sub(1, Ordering::Relaxed);
        ended
    }

    async fn attempts(&self, ready: &Ready, intended: Ns) -> Ns {
        let retry = &self.shared.spec.retry;
        let first = self.shared.finished.next_attempt(ready.slot.no);
        let mut wait_s = retry.wait_s;
        for tried in 1u8.. {
            let (answer, reply) = oneshot::channel();
            let again = tried < retry.attempts && self.shared.control.stopped().is_none();
            let no = first.saturating_add(tried - 1);
            let ended = self.attempt(ready, no, intended, again.then_some(answer)).await;
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
        no: u8,
        intended: Ns,
        reply: Option<oneshot::Sender<Reply>>,
    ) -> Ns {
        let begin = self.begin(ready, no, intended);
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
            attempt = self.target.attempt(&ready.built, &mut tap) => attempt,
            () = wake.notified() => {
                self.reading("handover_full", 1.0);
                let detail = "all answers in flight together were larger than this program may hold";
                self.cut_off(started, Cause::TooLarge, detail.to_owned())
            }
            limit_s = self.own_limit(ready, started) => {
                self.cut_off(started, Cause::Timeout, format!("the case's own limit of {limit_s} s passed"))
            }
        };
        let ended = attempt.ended;
        self.hand.give(Message::End { ticket, attempt: Box::new(attempt), reply });
        ended
    }

    /// Waits until a case's own limit has passed; for ever where it has none.
    async fn own_limit(&self, ready: &Ready, started: Ns) -> f64 {
        match self.shared.prompts.overrides.timeout_s(ready.slot.case) {
            Some(limit_s) => {
                self.clock.sleep_until(started.0 + (limit_s * 1e9) as i64).await;
                limit_s
            }
            None => std::future::pending().await,
        }
    }

    /// What is left of an attempt that was dropped before its end.
    fn cut_off(&self, started: Ns, cause: Cause, detail: String) -> Attempt {
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
            end: End::Failed { stage: Stage::Body, cause, detail },
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
        let spec = &self.shared.spec;
        let cap_s = spec.caps.time_s.unwrap_or(f64::INFINITY);
        let rule = crate::abort::time_limit(spec).filter(|(limit_s, _)| *limit_s < cap_s);
        let reason = rule.map_or(StopReason::TimeCap, |(_, i)| StopReason::Abort(i as u16));
        self.shared.control.stop(reason);
    }
}
