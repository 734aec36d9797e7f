//! Rules that stop a run early.
//!
//! Main type: [`AbortRule`], written `error_rate > 20 % after 50` or
//! `accuracy < 0.5 after 100 (sequential)`. Must not decide anything: the engine does.

use crate::gate::Op;
use serde::{Deserialize, Serialize};

/// A rule that stops a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AbortRule {
    /// What is watched.
    pub what: AbortWhat,
    /// The comparison.
    pub op: Op,
    /// The limit: a share, an amount of the prices' currency, or seconds.
    pub limit: f64,
    /// It is asked only from that many outcomes on.
    pub after: u64,
    /// Whether a bound that holds at all times must pass the limit, in place of the plain share.
    pub sequential: bool,
    /// Seconds for which it must hold without a break.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hold_s: f64,
    /// The text as written.
    pub text: String,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

/// What a rule watches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbortWhat {
    /// Share of attempts that failed.
    ErrorRate,
    /// Share of judged answers that are right.
    Accuracy,
    /// What was spent.
    Cost,
    /// Seconds since the run began.
    Time,
    /// Share of requests that were never sent.
    NotSent,
    /// Requests in flight of a phase.
    InFlight,
    /// Whether an open loop asks for more than is answered: requests in flight only grow.
    Saturated,
}

impl AbortWhat {
    /// All of them.
    pub const ALL: [AbortWhat; 7] = [
        AbortWhat::ErrorRate,
        AbortWhat::Accuracy,
        AbortWhat::Cost,
        AbortWhat::Time,
        AbortWhat::NotSent,
        AbortWhat::InFlight,
        AbortWhat::Saturated,
    ];

    /// Its word in a suite.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            AbortWhat::ErrorRate => "error_rate",
            AbortWhat::Accuracy => "accuracy",
            AbortWhat::Cost => "cost",
            AbortWhat::Time => "time",
            AbortWhat::NotSent => "not_sent",
            AbortWhat::InFlight => "in_flight",
            AbortWhat::Saturated => "saturated",
        }
    }
}
