//! Differences that a reader states, and how many pairs would show each.
//!
//! Main type: [`Stated`]; main function: [`pairs`]. Must not decide anything: a number of pairs
//! is advice for the next run.

use crate::compare::{StatedPairs, Test};
use acidtest_record::Limit;

/// A difference that somebody wants to be able to see.
pub(crate) struct Stated {
    pub(crate) limit: Limit,
    /// Name and stat of the only number that it is meant for: a gate's.
    pub(crate) of: Option<(String, &'static str)>,
}

/// What each stated difference that fits a test needs; the same difference once.
pub(crate) fn pairs(stated: &[Stated], test: &Test, needed: &dyn Fn(f64) -> Option<u64>) -> Vec<StatedPairs> {
    let mut found: Vec<StatedPairs> = Vec::new();
    for s in stated {
        if s.of.as_ref().is_some_and(|(name, stat)| *name != test.name || *stat != test.stat) {
            continue;
        }
        let Some(value) = value(&s.limit, test) else { continue };
        let difference = words(&s.limit);
        if found.iter().all(|f| f.difference != difference) {
            found.push(StatedPairs { difference, value, pairs: needed(value) });
        }
    }
    found
}

/// In the unit of the test; absent where the stated unit is of something else.
fn value(limit: &Limit, test: &Test) -> Option<f64> {
    let fits = match limit.unit.as_str() {
        "pp" => test.unit == "ratio",
        "s" | "ms" | "us" | "µs" | "min" | "h" => test.unit == "s",
        unit => unit == test.unit,
    };
    let value = match limit.relative {
        true => limit.value * test.base_value?.abs(),
        false => Some(limit.value).filter(|_| fits)?,
    };
    (value.is_finite() && value > 0.0).then_some(value)
}

fn words(limit: &Limit) -> String {
    let scale = match limit.unit.as_str() {
        "pp" | "%" => 100.0,
        "ms" => 1e3,
        "us" | "µs" => 1e6,
        "min" => 1.0 / 60.0,
        "h" => 1.0 / 3600.0,
        _ => 1.0,
    };
    // Nine digits hide what the way to the base unit and back left behind.
    let shown = format!("{:.9}", limit.value * scale);
    format!("{} {}", shown.trim_end_matches('0').trim_end_matches('.'), limit.unit)
}
