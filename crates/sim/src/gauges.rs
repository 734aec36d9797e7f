//! How many requests run and wait just now, and the page that shows it to Prometheus.
//!
//! Main types: [`Gauges`], and [`Working`], held by a request for as long as it runs. Every
//! number is counted where it happens; nothing is estimated.

use crate::stats::Stats;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::OwnedSemaphorePermit;

/// Of the page.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Counts of this moment; clones count the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauges {
    running: Arc<AtomicU64>,
    waiting: Arc<AtomicU64>,
}

/// Counts one for as long as it lives.
#[derive(Debug)]
pub(crate) struct Counted(Arc<AtomicU64>);

impl Counted {
    fn new(count: &Arc<AtomicU64>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that runs: one of the slots, where they are counted out.
#[derive(Debug)]
pub(crate) struct Working {
    _running: Counted,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Gauges {
    /// A request that waits for a slot, until dropped.
    pub(crate) fn waits(&self) -> Counted {
        Counted::new(&self.waiting)
    }

    /// A request that runs, until dropped.
    pub(crate) fn works(&self, permit: Option<OwnedSemaphorePermit>) -> Working {
        Working { _running: Counted::new(&self.running), _permit: permit }
    }
}

/// The page in the text form of Prometheus.
pub(crate) fn page(gauges: &Gauges, stats: &Stats) -> String {
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, samples: &[(String, u64)]| {
        let _ = writeln!(out, "# HELP acidtest_sim_{name} {help}\n# TYPE acidtest_sim_{name} {kind}");
        for (labels, value) in samples {
            let _ = writeln!(out, "acidtest_sim_{name}{labels} {value}");
        }
    };
    let one = |value: u64| vec![(String::new(), value)];
    let now = |gauge: &AtomicU64| one(gauge.load(Ordering::Relaxed));
    family("requests_running", "gauge", "Requests that are being answered.", &now(&gauges.running));
    family("requests_waiting", "gauge", "Requests that wait for a slot.", &now(&gauges.waiting));
    let ended: Vec<(String, u64)> =
        stats.ended.iter().map(|(how, n)| (format!("{{ended=\"{how}\"}}"), *n)).collect();
    family("requests_total", "counter", "Requests that ended, by how they did.", &ended);
    family("bad_requests_total", "counter", "Requests that were not understood.", &one(stats.bad_requests));
    family("connections_total", "counter", "Connections accepted.", &one(stats.connections));
    family("tokens_total", "counter", "Tokens written.", &one(stats.tokens));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_what_is_held_now() {
        let gauges = Gauges::default();
        let first = gauges.works(None);
        let _second = gauges.works(None);
        let queued = gauges.waits();
        let stats = Stats { tokens: 7, ended: [("complete".to_owned(), 3)].into(), ..Stats::default() };
        let text = page(&gauges, &stats);
        for line in [
            "acidtest_sim_requests_running 2",
            "acidtest_sim_requests_waiting 1",
            "acidtest_sim_requests_total{ended=\"complete\"} 3",
            "acidtest_sim_tokens_total 7",
            "# TYPE acidtest_sim_requests_running gauge",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        drop((first, queued));
        let text = page(&gauges, &Stats::default());
        assert!(text.contains("running 1\n") && text.contains("waiting 0\n"), "{text}");
    }
}
