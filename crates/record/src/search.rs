//! A search for the load that a target can carry: its plan, as it is stored.
//!
//! Main type: [`SearchSpec`]; each rung is a phase of the run. Must not decide anything: the
//! findings do.

use crate::load::{Amount, Load, PhaseSpec, Warmup};
use serde::{Deserialize, Serialize};

/// Most rungs of a search or a sweep.
pub const MOST_RUNGS: u32 = 200;

/// How the load is varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchSpec {
    /// What is varied.
    pub axis: Axis,
    /// What is looked for; absent: the rungs are given (a sweep).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<FindSpec>,
}

/// What is varied from rung to rung.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// Requests per second, independent arrivals.
    Poisson,
    /// Requests per second, evenly spaced arrivals.
    Constant,
    /// Requests in flight of a closed loop.
    Concurrency,
}

impl Axis {
    /// The load of a rung.
    #[must_use]
    pub fn load(self, value: f64) -> Load {
        match self {
            Axis::Poisson => Load::Poisson { rate: value },
            Axis::Constant => Load::Constant { rate: value },
            Axis::Concurrency => Load::Closed { concurrency: value.round().max(1.0) as u32 },
        }
    }

    /// Whether loads are requests per second.
    #[must_use]
    pub fn is_rate(self) -> bool {
        self != Axis::Concurrency
    }

    /// How a rung is named, after its load.
    #[must_use]
    pub fn name(self, value: f64) -> String {
        match self {
            Axis::Poisson => format!("poisson {value}/s"),
            Axis::Constant => format!("constant {value}/s"),
            Axis::Concurrency => format!("closed {}", value.round()),
        }
    }
}

/// The highest load that keeps the run's objective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FindSpec {
    /// The lowest load, tried first.
    pub from: f64,
    /// The highest load to try.
    pub to: f64,
    /// Wanted width of the answer: (high − low) / low.
    pub tolerance: f64,
    /// Seconds that a rung lasts at least.
    pub rung_s: f64,
    /// Most rungs.
    pub max_rungs: u32,
    /// Seconds of the whole search.
    pub max_time_s: f64,
    /// Most requests in flight of an open loop.
    pub max_in_flight: u32,
}

/// Share of a rung's length that is sent and not counted before it: the server is then as busy as
/// the load makes it.
const WARMUP: f64 = 0.15;
/// Most warm-up requests of a rung.
const MOST_WARMUP: f64 = 100_000.0;

/// The phase that a rung is.
#[must_use]
pub fn rung(axis: Axis, value: f64, seconds: f64, max_in_flight: u32, name: String) -> PhaseSpec {
    let load = axis.load(value);
    let warmup = match load {
        Load::Closed { concurrency } => concurrency,
        _ => (value * seconds * WARMUP).ceil().clamp(1.0, MOST_WARMUP) as u32,
    };
    let max_in_flight = match load {
        Load::Closed { concurrency } => concurrency,
        _ => max_in_flight,
    };
    let (amount, warmup) = (Amount::Seconds(seconds), Warmup::Count(warmup));
    PhaseSpec { name, load, amount, warmup, max_in_flight, ..PhaseSpec::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rung_is_a_phase_with_a_warm_up() {
        let p = rung(Axis::Poisson, 20.0, 10.0, 500, "poisson 20/s".into());
        assert_eq!(p.load, Load::Poisson { rate: 20.0 });
        assert_eq!((p.amount, p.warmup, p.max_in_flight), (Amount::Seconds(10.0), Warmup::Count(30), 500));
        let p = rung(Axis::Concurrency, 8.0, 10.0, 500, "closed 8".into());
        assert_eq!((p.load, p.max_in_flight), (Load::Closed { concurrency: 8 }, 8));
        assert_eq!(Axis::Concurrency.name(8.0), "closed 8");
        assert_eq!(Axis::Constant.name(2.5), "constant 2.5/s");
    }
}
