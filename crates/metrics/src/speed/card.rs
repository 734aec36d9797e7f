//! The speed card of one request: how long, how many tokens, how fast.
//!
//! Main type: [`SpeedCard`]. Times are cut, not rounded, to two digits; speeds are rounded to whole
//! tokens per second and come from the uncut times.

use std::fmt;

/// Part of a request: tokens and the time they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    /// Tokens.
    pub tokens: u64,
    /// Nanoseconds.
    pub ns: i64,
}

impl Leg {
    /// Tokens per second; absent when the time is not positive.
    pub fn tokens_per_second(self) -> Option<f64> {
        (self.ns > 0).then(|| self.tokens as f64 * 1e9 / self.ns as f64)
    }
}

/// What one request shows: the round trip, and input and output apart.
///
/// ```
/// use acidtest_metrics::speed::{Leg, SpeedCard};
/// let card = SpeedCard {
///     round_trip_ns: 529_000_000,
///     input: Leg { tokens: 170, ns: 75_000_000 },
///     output: Leg { tokens: 21, ns: 24_000_000 },
/// };
/// assert_eq!(
///     card.to_string(),
///     "round trip 0.52 s; input 2267 T/s, 170 tokens, 0.07 s; \
///      output 875 T/s, 21 tokens, 0.02 s; total 1929 T/s, 191 tokens, 0.09 s"
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpeedCard {
    /// From sending to the end of the answer.
    pub round_trip_ns: i64,
    /// Reading the prompt.
    pub input: Leg,
    /// Writing the answer.
    pub output: Leg,
}

impl SpeedCard {
    /// Tokens and times added up: the total speed is total tokens / total time, not a mean.
    pub fn total(&self) -> Leg {
        Leg {
            tokens: self.input.tokens.saturating_add(self.output.tokens),
            ns: self.input.ns.saturating_add(self.output.ns),
        }
    }
}

impl fmt::Display for SpeedCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "round trip {} s", cut_seconds(self.round_trip_ns))?;
        let legs = [("input", self.input), ("output", self.output), ("total", self.total())];
        for (name, leg) in legs {
            match leg.tokens_per_second() {
                Some(speed) => write!(f, "; {name} {speed:.0} T/s")?,
                None => write!(f, "; {name} speed not observed")?,
            }
            write!(f, ", {} tokens, {} s", leg.tokens, cut_seconds(leg.ns))?;
        }
        Ok(())
    }
}

/// Nanoseconds as seconds with two digits, cut towards zero: 0.0989 s is "0.09".
///
/// ```
/// assert_eq!(acidtest_metrics::speed::cut_seconds(12_999_999_999), "12.99");
/// ```
pub fn cut_seconds(ns: i64) -> String {
    let hundredths = ns.unsigned_abs() / 10_000_000;
    let sign = if ns < 0 && hundredths > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_not_rounded() {
        for (ns, expect) in [
            (0, "0.00"),
            (9_999_999, "0.00"),
            (98_989_000, "0.09"),
            (529_999_999, "0.52"),
            (-15_000_000, "-0.01"),
            (i64::MIN, "-9223372036.85"),
        ] {
            assert_eq!(cut_seconds(ns), expect, "{ns}");
        }
    }

    #[test]
    fn a_time_of_zero_has_no_speed() {
        let leg = Leg { tokens: 3, ns: 0 };
        assert_eq!(leg.tokens_per_second(), None);
        let card = SpeedCard { round_trip_ns: 1, input: leg, output: leg };
        assert!(card.to_string().contains("input speed not observed, 3 tokens"));
    }
}
