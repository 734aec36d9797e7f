//! Counts by decision, and how late the server itself was.
//!
//! Main types: [`Stats`], what is shown, and [`Tally`], where it is gathered.
//! Lateness is the moment just before a token's write minus the moment it was due.

use crate::truth::{EventKind, TruthLine};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What the server did so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// Requests understood.
    pub requests: u64,
    /// Requests that were not: bad JSON, too large, unknown paths.
    pub bad_requests: u64,
    /// Connections accepted.
    pub connections: u64,
    /// Ended requests by fault; `none` for those without.
    pub faults: BTreeMap<String, u64>,
    /// Ended requests by kind of answer; `none` where a fault left no answer.
    pub answers: BTreeMap<String, u64>,
    /// Ended requests by how they ended.
    pub ended: BTreeMap<String, u64>,
    /// Tokens written.
    pub tokens: u64,
    /// How late tokens were written.
    pub lateness: Lateness,
    /// How often serving had to wait for the truth file.
    pub truth_waits: u64,
}

/// Actual write minus scheduled time, over events that carry tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lateness {
    /// Events.
    pub n: u64,
    /// Median, within 2 %.
    pub p50_ns: i64,
    /// 99th percentile, within 2 %.
    pub p99_ns: i64,
    /// Largest, exactly.
    pub max_ns: i64,
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |ns: i64| ns as f64 / 1e6;
        let counts = |map: &BTreeMap<String, u64>| {
            let all: Vec<_> = map.iter().map(|(k, n)| format!("{k} {n}")).collect();
            all.join(" · ")
        };
        writeln!(
            f,
            "sim: {} requests on {} connections, {} tokens, {} bad requests",
            self.requests, self.connections, self.tokens, self.bad_requests
        )?;
        writeln!(f, "  faults   {}", counts(&self.faults))?;
        writeln!(f, "  answers  {}", counts(&self.answers))?;
        writeln!(f, "  ended    {}", counts(&self.ended))?;
        let l = self.lateness;
        write!(
            f,
            "  lateness p50 {:.3} ms · p99 {:.3} ms · max {:.3} ms of {} events",
            ms(l.p50_ns),
            ms(l.p99_ns),
            ms(l.max_ns),
            l.n
        )
    }
}

/// Gathers ended requests.
#[derive(Default)]
pub(crate) struct Tally {
    stats: Stats,
    late: Histogram,
}

impl Tally {
    pub(crate) fn add(&mut self, line: &TruthLine) {
        self.stats.requests += 1;
        count(&mut self.stats.faults, line.fault);
        count(&mut self.stats.answers, line.answer);
        count(&mut self.stats.ended, Some(line.ended));
        for event in &line.events {
            self.stats.tokens += u64::from(event.tokens);
            if event.tokens > 0 && event.kind != EventKind::HalfBody {
                self.late.add(event.before_ns - event.scheduled_ns);
            }
        }
    }

    pub(crate) fn bad_request(&mut self) {
        self.stats.bad_requests += 1;
    }

    pub(crate) fn connection(&mut self) {
        self.stats.connections += 1;
    }

    pub(crate) fn truth_wait(&mut self) {
        self.stats.truth_waits += 1;
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            lateness: Lateness {
                n: self.late.n,
                p50_ns: self.late.quantile(0.50),
                p99_ns: self.late.quantile(0.99),
                max_ns: self.late.max,
            },
            ..self.stats.clone()
        }
    }
}

/// Counts under the name the value has in the truth file.
fn count<T: Serialize>(map: &mut BTreeMap<String, u64>, what: Option<T>) {
    let name = match what.map(|w| serde_json::to_value(w)) {
        Some(Ok(serde_json::Value::String(name))) => name,
        _ => "none".to_owned(),
    };
    *map.entry(name).or_default() += 1;
}

/// Log-linear bins: 64 to each power of two.
#[derive(Default)]
struct Histogram {
    bins: BTreeMap<u32, u64>,
    n: u64,
    max: i64,
}

impl Histogram {
    fn add(&mut self, ns: i64) {
        let x = ns.max(0);
        *self.bins.entry(bin(x.unsigned_abs())).or_default() += 1;
        self.n += 1;
        self.max = self.max.max(x);
    }

    /// The upper edge of the bin that holds the quantile.
    fn quantile(&self, q: f64) -> i64 {
        let rank = (q * self.n as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (bin, n) in &self.bins {
            seen += n;
            if seen >= rank {
                return i64::try_from(upper(*bin)).unwrap_or(i64::MAX).min(self.max);
            }
        }
        0
    }
}

fn bin(x: u64) -> u32 {
    if x < 128 {
        return x as u32;
    }
    let power = 63 - x.leading_zeros();
    let within = (x >> (power - 6)) as u32 - 64;
    128 + (power - 7) * 64 + within
}

fn upper(bin: u32) -> u64 {
    if bin < 128 {
        return u64::from(bin);
    }
    let (power, within) = ((bin - 128) / 64 + 7, u64::from((bin - 128) % 64));
    (((within + 65) as u128) << (power - 6)).min(u128::from(u64::MAX)) as u64 - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_hold_their_values_within_two_percent() {
        for x in [0, 1, 127, 128, 129, 1_000, 65_535, 65_536, 1_000_003, 1 << 40] {
            let (b, u) = (bin(x), upper(bin(x)));
            assert!(u >= x && u as f64 <= x as f64 * 1.02 + 1.0, "{x} -> {u}");
            assert_eq!(bin(u), b);
            assert_eq!(bin(u + 1), b + 1);
        }
    }

    #[test]
    fn quantiles_are_ranks() {
        let mut h = Histogram::default();
        assert_eq!(h.quantile(0.5), 0);
        (1..=100).for_each(|x| h.add(x));
        assert_eq!((h.quantile(0.5), h.quantile(0.99), h.max), (50, 99, 100));
    }
}
