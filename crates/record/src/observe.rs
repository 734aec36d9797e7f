//! What is looked at beside a run: host, server processes, the server's own metrics.
//!
//! Main types: [`ObserveSpec`], what was asked for, and [`ServerGauge`], what the gauges
//! of known servers mean. Must not read anything itself.

use serde::{Deserialize, Serialize};

/// Most processes that a run watches.
pub const MOST_PIDS: usize = 64;
/// Most addresses that a run scrapes.
pub const MOST_SCRAPES: usize = 16;

/// The word that stands for `/metrics` beside every target's address.
pub const SCRAPE_TARGETS: &str = "target";

/// Source of readings of the machine that sends.
pub const HOST: &str = "host";
/// Source of readings of the process that sends.
pub const CLIENT: &str = "client";
/// Source of readings of the server's processes.
pub const SERVER: &str = "server";
/// How the source begins of what a server says of itself: `scrape`, `scrape:1` …
pub const SCRAPE: &str = "scrape";

/// Share of all cores of the machine that was busy since the reading before.
pub const CPU: &str = "cpu_util";
/// Memory in use.
pub const MEM: &str = "mem_bytes";
/// Bytes received a second, without the loopback.
pub const NET_RX: &str = "net_rx_bytes_per_s";
/// Bytes sent a second, without the loopback.
pub const NET_TX: &str = "net_tx_bytes_per_s";
/// Bytes a second over the loopback, each counted once.
pub const NET_LOOPBACK: &str = "net_loopback_bytes_per_s";
/// A process that was watched has ended; the value is its id.
pub const GONE: &str = "gone_pid";
/// A scrape that gave nothing; the value is how many there were.
pub const SCRAPE_FAILED: &str = "scrape_failed";
/// How long a scrape took.
pub const SCRAPE_TIME: &str = "scrape_s";
/// Series of a scrape that were not kept, since there are too many.
pub const SCRAPE_LEFT_OUT: &str = "scrape_series_left_out";

/// What is looked at beside a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObserveSpec {
    /// Whether this machine and our own process are.
    pub host: bool,
    /// Server processes on this machine, with their children.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_pids: Vec<u32>,
    /// Addresses of Prometheus metrics; [`SCRAPE_TARGETS`] is `/metrics` beside every target.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scrape: Vec<String>,
    /// Seconds between two readings.
    pub every_s: f64,
}

impl Default for ObserveSpec {
    fn default() -> Self {
        Self { host: true, server_pids: Vec::new(), scrape: Vec::new(), every_s: 1.0 }
    }
}

impl ObserveSpec {
    /// Whether it is what a run does that says nothing about it.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Whether anything is looked at.
    #[must_use]
    pub fn is_any(&self) -> bool {
        self.host || !self.server_pids.is_empty() || !self.scrape.is_empty()
    }
}

/// Fact that says why a scrape gave nothing, once for each address.
pub const SCRAPE_WHY: &str = "scrape.failed";

/// The source of what the address of that number says.
#[must_use]
pub fn scrape_source(number: usize) -> String {
    if number == 0 { SCRAPE.to_owned() } else { format!("{SCRAPE}:{number}") }
}

/// What a server's gauge means, whatever it is called there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerGauge {
    /// Requests that it works on.
    Running,
    /// Requests that wait in its queue.
    Waiting,
    /// Share of its cache for keys and values in use.
    CacheUtil,
}

/// Gauges of known servers. The names are those of their exporters.
const KNOWN: &[(&str, ServerGauge)] = &[
    ("acidtest_sim_requests_running", ServerGauge::Running),
    ("acidtest_sim_requests_waiting", ServerGauge::Waiting),
    ("vllm:num_requests_running", ServerGauge::Running),
    ("vllm:num_requests_waiting", ServerGauge::Waiting),
    ("vllm:kv_cache_usage_perc", ServerGauge::CacheUtil),
    ("vllm:gpu_cache_usage_perc", ServerGauge::CacheUtil),
    ("sglang:num_running_reqs", ServerGauge::Running),
    ("sglang:num_queue_reqs", ServerGauge::Waiting),
    ("sglang:token_usage", ServerGauge::CacheUtil),
    ("tgi_batch_current_size", ServerGauge::Running),
    ("tgi_queue_size", ServerGauge::Waiting),
    ("llamacpp:requests_processing", ServerGauge::Running),
    ("llamacpp:requests_deferred", ServerGauge::Waiting),
    ("llamacpp:kv_cache_usage_ratio", ServerGauge::CacheUtil),
];

impl ServerGauge {
    /// The meaning of a series, with or without its labels.
    #[must_use]
    pub fn of(series: &str) -> Option<Self> {
        let name = series.split('{').next().unwrap_or(series);
        KNOWN.iter().find(|(known, _)| *known == name).map(|(_, gauge)| *gauge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gauges_are_known_by_name_whatever_their_labels() {
        let of = ServerGauge::of;
        assert_eq!(of("vllm:num_requests_running{model_name=\"x\"}"), Some(ServerGauge::Running));
        assert_eq!(of("sglang:num_queue_reqs"), Some(ServerGauge::Waiting));
        assert_eq!(of("vllm:num_requests_running_total"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn a_plan_that_says_nothing_reads_the_host() {
        let spec = ObserveSpec::default();
        assert!(spec.is_default() && spec.is_any());
        let none = ObserveSpec { host: false, ..spec };
        assert!(!none.is_any() && !none.is_default());
        assert_eq!((scrape_source(0), scrape_source(2)), ("scrape".into(), "scrape:2".into()));
    }
}
