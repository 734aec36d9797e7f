//! The schema of `phases:`.
//!
//! Main type: [`Phase`]. Must not read anything: `load.rs` does.

use super::{Duration, OneOrMany};
use schemars::JsonSchema;

/// A load phase: exactly one of `closed`, `constant`, `poisson`, `gamma`, `stages` and `rate_file`.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Phase {
    /// Its name in tables. Default: its load, such as `closed 8`.
    name: Option<String>,
    /// Users, each asking again when its answer has come.
    #[schemars(range(min = 1, max = 100_000))]
    closed: Option<u32>,
    /// Evenly spaced requests per second.
    #[schemars(range(min = 0, max = 100_000))]
    constant: Option<f64>,
    /// Random arrivals, in requests per second on average.
    #[schemars(range(min = 0, max = 100_000))]
    poisson: Option<f64>,
    /// Random arrivals with gamma gaps, in requests per second on average; needs `burstiness`.
    #[schemars(range(min = 0, max = 100_000))]
    gamma: Option<f64>,
    /// A rate, or a number of users, that changes: one stage after the other.
    #[schemars(length(min = 1, max = 100_000))]
    stages: Option<Vec<Stage>>,
    /// A rate that changes: a file of lines `seconds,rate`, or JSON Lines, each holding until the next.
    rate_file: Option<String>,
    /// stages with a rate, rate_file: how arrivals are spaced. Default: poisson.
    arrivals: Option<Arrivals>,
    /// gamma: shape of the gaps. 1 is Poisson, below it arrivals come in bursts.
    #[schemars(range(min = 0.01, max = 10_000.0))]
    burstiness: Option<f64>,
    /// How long, such as `30 s`. Default: until every case was asked, or as long as the stages.
    #[schemars(rename = "for")]
    duration: Option<Duration>,
    /// How many requests, in place of `for`.
    #[schemars(range(min = 1, max = 50_000_000))]
    count: Option<u32>,
    /// Requests, or a time, sent before what counts; of stages the first part. Default: none.
    warmup: Option<Warmup>,
    /// A time, sent after what counts, so that the last that count meet the full load; of stages the last part.
    cooldown: Option<Duration>,
    /// closed, users: between an answer and the same user's next request: a time, or a distribution of seconds such as `lognormal(2, 0.5)`.
    think_time: Option<String>,
    /// closed, users: time at least between the starts of one user's requests.
    pacing: Option<Duration>,
    /// constant, poisson, gamma, stages with a rate: most requests in flight; beyond, one is recorded as not sent. Default: 4096.
    #[schemars(range(min = 1, max = 100_000))]
    max_in_flight: Option<u32>,
    /// closed, users: requests per second of all users together at most.
    #[schemars(range(min = 0, max = 100_000))]
    max_rate: Option<f64>,
    /// Requests that count at most; then the next phase begins.
    #[schemars(range(min = 1, max = 50_000_000))]
    max_requests: Option<u32>,
    /// Time after which nothing more is sent; then the next phase begins.
    max_time: Option<Duration>,
    /// Cost by the target's price at most; then the next phase begins.
    max_cost: Option<f64>,
    /// Estimates that end the phase when all of them are known well enough, such as `ttft.p95 within 5 %`.
    stop_when: Option<OneOrMany<String>>,
}

/// A part of a load that changes: how long, and a rate or a number of users.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Stage {
    /// How long.
    #[schemars(rename = "for")]
    duration: Duration,
    /// Requests per second, or `10-50` to go evenly from one to the other.
    rate: Option<Values>,
    /// Users at once, or `10-50` to go evenly from one to the other.
    users: Option<Values>,
}

/// A number, or a range to go through.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Values {
    /// Throughout.
    Flat(f64),
    /// From the first to the second.
    Ramp(#[schemars(regex(pattern = r"^\s*[0-9.]+\s*(-\s*[0-9.]+\s*)?$"))] String),
}

/// What is sent before what counts.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Warmup {
    /// So many requests.
    Count(#[schemars(range(min = 0, max = 1_000_000))] u32),
    /// Requests of so long.
    Time(Duration),
}

/// How arrivals are spaced at a rate.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
enum Arrivals {
    /// Evenly.
    Constant,
    /// Independently of each other.
    Poisson,
    /// With gamma gaps; needs `burstiness`.
    Gamma,
}
