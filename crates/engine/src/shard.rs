//! The loops of one measuring thread: closed users and the open dispatcher.
//!
//! An arrival process is a value; there is one loop for all open ones. Must not
//! know how a request is made: see `request.rs`.

use crate::course::nanos;
use crate::handover::HandOver;
use crate::request::Shard;
use acidtest_clock::{Clock, LagMonitor};
use acidtest_record::{MAX_PHASE_S, NotSent, Ns};
use acidtest_schedule::{Stream, shifts};
use acidtest_target::Target;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use tokio::task::JoinSet;

/// Users of a closed loop begin this far apart: a herd's first sends would only
/// measure how fast we can open connections.
const STAGGER_NS: i64 = 200_000;

/// How often a thread looks how late it wakes.
const LAG_EVERY_NS: i64 = 50_000_000;

impl<T: Target, C: Clock, H: HandOver> Shard<T, C, H> {
    /// Drives this thread's part of the phase to its end.
    pub(crate) async fn drive(self: Rc<Self>, deadline: Option<Ns>) {
        let lag = tokio::task::spawn_local(self.clone().watch_lag());
        let cap = deadline.map(|at| {
            let shard = self.clone();
            tokio::task::spawn_local(async move { shard.watch_time_cap(at).await })
        });
        let watch = (self.no == 0).then(|| tokio::task::spawn_local(self.clone().watch_phase()));
        let load = &self.phase().load;
        match (load.users(), load.spacing()) {
            (Some(users), _) => self.clone().closed(users).await,
            (None, Some(_)) => self.clone().open().await,
            // Only runs that were imported have such a phase, and they are never sent.
            (None, None) => {}
        }
        lag.abort();
        cap.into_iter().chain(watch).for_each(|task| task.abort());
    }

    async fn watch_lag(self: Rc<Self>) {
        let monitor = LagMonitor { every_ns: LAG_EVERY_NS };
        monitor.watch(self.clock.clone(), |_, late| self.reading("scheduler_lag_s", late as f64 / 1e9)).await;
    }

    pub(crate) fn start(&self) -> i64 {
        self.shared.start.load(Ordering::Acquire)
    }

    async fn closed(self: Rc<Self>, most: u32) {
        let mut users = JoinSet::new();
        for user in (0..most).filter(|u| u % u32::from(self.shared.shards) == u32::from(self.no)) {
            users.spawn_local(self.clone().user(user));
        }
        while users.join_next().await.is_some() {}
    }

    /// One user: sends, thinks, sends again, as long as it is there.
    async fn user(self: Rc<Self>, user: u32) {
        let shifts = match self.phase().load.stages() {
            Some(stages) => shifts(stages, user),
            None => vec![(0.0, f64::INFINITY)],
        };
        let number = u64::from(self.shared.phase) << 32 | u64::from(user);
        let mut think = Stream::new(self.shared.spec.seed, "think time", number);
        let begin = self.start() + i64::from(user) * STAGGER_NS;
        let mut free = begin;
        for (from_s, to_s) in shifts {
            free = free.max(begin + nanos(from_s));
            let until = if to_s.is_finite() { self.start() + nanos(to_s) } else { i64::MAX };
            match self.shift(free, until, &mut think).await {
                Some(at) => free = at,
                None => return,
            }
        }
    }

    /// Requests of one user from `free` on until it leaves. Gives when it is free again; nothing
    /// when the phase is over.
    async fn shift(&self, mut free: i64, until: i64, think: &mut Stream) -> Option<i64> {
        let (shared, phase) = (&self.shared, self.phase());
        while free < until {
            let intended = shared.course.allowed(free, phase.max_rate);
            if !self.sleep_or_stop(intended).await || self.is_over() {
                return None;
            }
            let index = shared.course.take(&shared.plan, phase, self.start(), intended)?;
            if self.is_done(index) {
                continue;
            }
            let Some(ready) = self.prepare(index, Ns(intended)) else {
                free = self.clock.now();
                tokio::task::yield_now().await;
                continue;
            };
            let ended = self.request(ready, Ns(intended)).await;
            let thought = phase.think.as_ref().map_or(0, |dist| nanos(think.draw(dist).min(MAX_PHASE_S)));
            // A user sends again when it has thought, and not before its pace allows it.
            free = (ended.0 + thought).max(intended + nanos(phase.pacing_s));
        }
        Some(free)
    }

    async fn open(self: Rc<Self>) {
        let plan = &self.shared.plan;
        let most = self.phase().max_in_flight;
        let todo = |index: u32| !self.is_done(index);
        // A resumed phase goes on where it was: its first unfinished arrival is due at once.
        let skipped = plan.arrivals().find(|(i, _)| todo(*i)).map_or(0, |(_, at)| at);
        let skipped = if self.shared.finished.is_empty() { 0 } else { skipped };
        let mut sent = JoinSet::new();
        for (index, at) in
            plan.arrivals().filter(|(i, _)| i % u32::from(self.shared.shards) == u32::from(self.no))
        {
            if !todo(index) {
                continue;
            }
            let intended = Ns(self.start() + at - skipped);
            let Some(ready) = self.prepare(index, intended) else {
                continue;
            };
            if !self.sleep_or_stop(intended.0).await {
                break;
            }
            let is_kept_back = self.shared.in_flight.load(Ordering::Relaxed) >= most;
            self.shared.course.flow.due(is_kept_back);
            if is_kept_back {
                self.not_sent(&ready, intended, NotSent::Cap);
                continue;
            }
            let shard = self.clone();
            sent.spawn_local(async move {
                shard.request(ready, intended).await;
            });
            while sent.try_join_next().is_some() {}
        }
        while sent.join_next().await.is_some() {}
    }
}
