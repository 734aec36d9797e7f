//! One request: its attempts, and the slot that could not be sent.
//!
//! Main type: [`Shard`], what all tasks of one measuring thread share. Generic
//! over target, clock and hand-over, so that a simulation runs the same code.

use crate::control::{Control, LATE_NS, StopReason};
use crate::course::Course;
use crate::handover::{Begin, Budget, HandOver, Message, Reply, ShardTap};
use crate::phase::Finished;
use crate::prompts::Prompts;
use crate::recall::Recall;
use crate::steps::{Asked, Choice};
use acidtest_clock::Clock;
use acidtest_record::{Ask, Case, Cause, Kind, NotSent, Ns, PhaseSpec, Reading, RunSpec, Stage};
use acidtest_schedule::{Plan, Slot, Walker};
use acidtest_target::{Attempt, BuildError, Built, End, Target};
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
    /// How far the phase has come.
    pub course: Arc<Course>,
    /// Requests in flight of this phase.
    pub in_flight: AtomicU32,
    /// Numbers attempts over the whole run.
    pub tickets: Arc<AtomicU64>,
    /// When the phase began; `i64::MIN` until then.
    pub start: AtomicI64,
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

/// A slot that is ready to be sent: its steps that are not yet done.
pub(crate) struct Ready {
    pub(crate) slot: Slot,
    pub(crate) steps: Vec<Step>,
    pub(crate) nonce: Option<String>,
}

/// One request of a slot, and what a desk must know of it.
pub(crate) type Step = (Built, Arc<Asked>);

/// What turns slots of one target and prompt into requests.
pub(crate) struct Asking<'a> {
    pub(crate) spec: &'a RunSpec,
    pub(crate) cases: &'a [Case],
    pub(crate) prompts: &'a Prompts,
    pub(crate) target: u16,
    pub(crate) prompt: u16,
}

impl Asking<'_> {
    /// The requests of a slot that are not yet done, and whether all of them could be built.
    pub(crate) fn ready(
        &self,
        slot: Slot,
        finished: &Finished,
        build: &dyn Fn(&Ask) -> Result<Built, BuildError>,
    ) -> (Ready, bool) {
        let (steps, nonce) = self.prompts.of(self.prompt, slot.case, slot.no);
        let target = &self.spec.targets[usize::from(self.target)];
        let prompt = &self.spec.prompts[usize::from(self.prompt)];
        let params = self.prompts.overrides.params(self.prompt, slot.case);
        let todo: Vec<u16> =
            (0..steps.count()).filter(|step| !finished.is_step_final(slot.no, *step)).collect();
        let choice = steps
            .choice()
            .map(|choice| Arc::new(Choice { before: finished.seen(slot.no, steps.count()), ..choice }));
        let kind = match steps.kind() {
            Kind::LogLikelihood => Kind::LogLikelihood,
            _ => target.kind.asks_for(),
        };
        let mut ready = Ready { slot, steps: Vec::with_capacity(todo.len()), nonce };
        let mut is_built = true;
        for step in &todo {
            let asked = Asked {
                step: *step,
                last: Some(step) == todo.last(),
                kind,
                scored: steps.scored(*step).cloned(),
                choice: choice.clone(),
            };
            let ask = Ask {
                vars: self.vars(slot),
                nonce: ready.nonce.clone(),
                ..steps.ask(*step, prompt, &params, target.stream)
            };
            let built = build(&ask).unwrap_or_else(|_| {
                is_built = false;
                Built { stream: ask.stream, ..Built::default() }
            });
            let turn = crate::turn::of(self.spec, target, slot.no, *step);
            ready.steps.push((Built { turn, ..built }, Arc::new(asked)));
        }
        (ready, is_built)
    }

    /// Only requests that are templates need the case itself; as in prompts, what a
    /// matrix says of a variable wins over what the case says.
    fn vars(&self, slot: Slot) -> serde_json::Map<String, serde_json::Value> {
        let target = &self.spec.targets[usize::from(self.target)];
        if target.http.is_none() && target.command.is_none() {
            return serde_json::Map::default();
        }
        let case = slot.case.and_then(|i| self.cases.get(i as usize));
        let mut vars = case.map(|c| c.vars.clone()).unwrap_or_default();
        vars.extend(self.spec.prompts[usize::from(self.prompt)].vars.clone());
        vars
    }
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
        let asking = Asking {
            spec: &shared.spec,
            cases: &shared.cases,
            prompts: &shared.prompts,
            target: shared.target,
            prompt: shared.prompt,
        };
        let (ready, is_built) = asking.ready(slot, &shared.finished, &|ask| self.target.build(ask));
        if is_built {
            return Some(ready);
        }
        self.not_sent(&ready, intended, NotSent::Unbuildable);
        None
    }

    /// Hands over a slot that was never sent.
    pub(crate) fn not_sent(&self, ready: &Ready, intended: Ns, reason: NotSent) {
        for step in &ready.steps {
            self.step_not_sent(ready, step, intended, reason);
        }
    }

    fn step_not_sent(&self, ready: &Ready, step: &Step, intended: Ns, reason: NotSent) {
        let attempt = self.shared.finished.next_attempt(ready.slot.no, step.1.step);
        let begin = Box::new(self.begin(ready, step, attempt, intended));
        self.shared.control.progress.not_sent.fetch_add(1, Ordering::Relaxed);
        self.hand.give(Message::NotSent { begin, reason });
    }

    pub(crate) fn begin(&self, ready: &Ready, step: &Step, attempt: u8, intended: Ns) -> Begin {
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
        let progress = &self.shared.control.progress;
        let mut ended = intended;
        for (i, step) in ready.steps.iter().enumerate() {
            if i > 0 && self.stopping() {
                break;
            }
            if let Some(at) = self.recalled(&ready, step, ended).await {
                ended = at;
                continue;
            }
            if self.shared.budget.full() {
                self.step_not_sent(&ready, step, ended, NotSent::Backlog);
                ended = Ns(self.clock.now());
                continue;
            }
            self.shared.in_flight.fetch_add(1, Ordering::Relaxed);
            progress.in_flight.fetch_add(1, Ordering::Relaxed);
            progress.sent.fetch_add(1, Ordering::Relaxed);
            let began = self.clock.now();
            ended = self.attempts(&ready, step, ended).await;
            self.shared.course.flow.ended(ended.0 - began);
            self.shared.in_flight.fetch_sub(1, Ordering::Relaxed);
            progress.in_flight.fetch_sub(1, Ordering::Relaxed);
        }
        ended
    }

    async fn attempts(&self, ready: &Ready, step: &Step, intended: Ns) -> Ns {
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
        step: &Step,
        no: u8,
        intended: Ns,
        reply: Option<oneshot::Sender<Reply>>,
    ) -> Ns {
        let begin = self.begin(ready, step, no, intended);
        let ticket = begin.ticket;
        self.hand.give(Message::Begin(Box::new(begin)));
        let started = Ns(self.clock.now());
        if no == 0 && (started - intended).0 > LATE_NS {
            self.shared.control.progress.late.fetch_add(1, Ordering::Relaxed);
        }
        let (overflow, wake) = (Cell::new(false), Notify::new());
        let mut tap = ShardTap {
            ticket,
            hand: &self.hand,
            budget: &self.shared.budget,
            overflow: &overflow,
            wake: &wake,
        };
        let again = crate::turn::again(&step.0, no);
        let built = again.as_ref().unwrap_or(&step.0);
        let attempt = tokio::select! {
            attempt = self.target.attempt(built, &mut tap) => attempt,
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
        self.give_up(&attempt.end);
        self.hand.give(Message::End { ticket, attempt: Box::new(attempt), reply });
        ended
    }

    /// Stops a run whose server is not there: here and not at a desk, which may be behind.
    fn give_up(&self, end: &End) {
        let control = &self.shared.control;
        if control.reached.nobody(end) && crate::dead::is_one_server(&self.shared.spec) {
            control.stop(StopReason::Unreachable);
        }
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
            address: 0,
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

    /// The phase that is being sent.
    pub(crate) fn phase(&self) -> &PhaseSpec {
        &self.shared.spec.phases[usize::from(self.shared.phase)]
    }

    /// Whether no further slot is to be sent: the run was told to stop, or the phase is over.
    pub(crate) fn is_over(&self) -> bool {
        self.stopping() || self.shared.course.ended().is_some()
    }

    /// Sleeps until a moment; false when nothing more is to be sent.
    pub(crate) async fn sleep_or_stop(&self, until: i64) -> bool {
        tokio::select! {
            biased;
            () = self.shared.control.wait_stop() => false,
            () = self.shared.course.wait_end() => false,
            () = self.clock.sleep_until(until) => true,
        }
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
