//! The published form of `observe`.

use super::{Duration, OneOrMany};
use schemars::JsonSchema;

/// What is looked at beside the run.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Observe {
    /// Whether CPU, memory and network of this machine and of acidtest itself are read. Default: true.
    host: Option<bool>,
    /// Processes of the server on this machine, read with their children.
    server_pid: Option<OneOrMany<u32>>,
    /// Addresses of the server's Prometheus metrics; `target` is `/metrics` beside every target.
    scrape: Option<OneOrMany<String>>,
    /// Time between two readings, from 100 ms to 1 h. Default: 1 s.
    every: Option<Duration>,
}
