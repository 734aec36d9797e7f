//! The loops of one measuring thread: closed users and the open dispatcher.
//!
//! An arrival process is a value; there is one loop for all open ones. Must not
//! know how a request is made: see `request.rs`.

use crate::handover::HandOver;
use crate::request::Shard;
use acidtest_clock::{Clock, LagMonitor};
use acidtest_record::{Load, NotSent, Ns};
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
        match self.shared.spec.phases[usize::from(self.shared.phase)].load {
            Load::Closed { concurrency } => self.clone().closed(concurrency).await,
            Load::Constant { .. } | Load::Poisson { .. } => self.clone().open().await,
            // Only runs that were imported have such a phase, and they are never sent.
            Load::Unstated => {}
        }
        lag.abort();
        if let Some(cap) = cap {
            cap.abort();
        }
    }

    async fn watch_lag(self: Rc<Self>) {
        let monitor = LagMonitor { every_ns: LAG_EVERY_NS };
        monitor.watch(self.clock.clone(), |_, late| self.reading("scheduler_lag_s", late as f64 / 1e9)).await;
    }

    fn start(&self) -> i64 {
        self.shared.start.load(Ordering::Acquire)
    }

    async fn closed(self: Rc<Self>, concurrency: u32) {
        let mut users = JoinSet::new();
        for user in (0..concurrency).filter(|u| u % u32::from(self.shared.shards) == u32::from(self.no)) {
            users.spawn_local(self.clone().user(user));
        }
        while users.join_next().await.is_some() {}
    }

    async fn user(self: Rc<Self>, user: u32) {
        let plan = &self.shared.plan;
        let last = plan.capacity();
        let mut intended = Ns(self.start() + i64::from(user) * STAGGER_NS);
        self.clock.sleep_until(intended.0).await;
        loop {
            if self.stopping() || self.is_over(intended) {
                return;
            }
            let index = self.shared.next.fetch_add(1, Ordering::Relaxed);
            if index >= last {
                return;
            }
            if index == plan.warmup() {
                self.shared.measured_from.store(intended.0, Ordering::Release);
            }
            if self.is_done(index) {
                continue;
            }
            let Some(ready) = self.prepare(index, intended) else {
                intended = Ns(self.clock.now());
                tokio::task::yield_now().await;
                continue;
            };
            intended = self.request(ready, intended).await;
        }
    }

    /// Whether a closed loop that ends by time has had its time, counted from the
    /// first slot after the warm-up.
    fn is_over(&self, now: Ns) -> bool {
        let from = self.shared.measured_from.load(Ordering::Acquire);
        let seconds = self.shared.plan.closed_seconds();
        from != i64::MIN && seconds.is_some_and(|s| now.0 - from >= (s * 1e9) as i64)
    }

    async fn open(self: Rc<Self>) {
        let plan = &self.shared.plan;
        let most = self.shared.spec.phases[usize::from(self.shared.phase)].max_in_flight;
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
            tokio::select! {
                biased;
                () = self.shared.control.wait_stop() => break,
                () = self.clock.sleep_until(intended.0) => {}
            }
            if self.shared.in_flight.load(Ordering::Relaxed) >= most {
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
