//! The rhythm of one streamed answer: gaps, the longest stall, time per output token.
//!
//! Main functions: [`gaps`], [`tpot`]. What is not observed is absent, never 0.

/// Gaps between consecutive content events, in the order given: n − 1 values for n events.
///
/// Arrivals must ascend (one clock, one connection). Fewer than two events have no gap.
///
/// ```
/// assert_eq!(acidtest_metrics::speed::gaps(&[5, 8, 8, 20]), [3, 0, 12]);
/// ```
pub fn gaps(arrivals: &[i64]) -> Vec<i64> {
    arrivals.windows(2).map(|w| w[1].saturating_sub(w[0])).collect()
}

/// A gap whose ends are only known within bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapBounds {
    /// Shortest possible gap, never negative.
    pub least: i64,
    /// Longest possible gap.
    pub most: i64,
}

/// Gaps between events of which only (earliest, latest) arrival is known: from the latest of one
/// to the earliest of the next, at least 0, up to the earliest of one to the latest of the next.
///
/// Several events that came in one read are so never reported as an exact gap of 0.
pub fn gap_bounds(arrivals: &[(i64, i64)]) -> Vec<GapBounds> {
    arrivals
        .windows(2)
        .map(|w| GapBounds {
            least: w[1].0.saturating_sub(w[0].1).max(0),
            most: w[1].1.saturating_sub(w[0].0).max(0),
        })
        .collect()
}

/// The largest gap of a record; absent with fewer than two events.
pub fn max_stall(arrivals: &[i64]) -> Option<i64> {
    gaps(arrivals).into_iter().max()
}

/// What is known about the output tokens of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// All output tokens.
    pub output: u64,
    /// Tokens in the first content event: from per-chunk usage, else 1.
    pub first_event: u64,
    /// Reasoning tokens that were counted in `output` but never streamed: 0 when all were
    /// streamed or there were none, `None` when nobody knows.
    pub unstreamed: Option<u64>,
}

/// Time per output token in nanoseconds: (last − first content) / (streamed tokens − tokens in
/// the first event).
///
/// Absent, never 0, when no token follows the first event, when the number of unstreamed
/// reasoning tokens is unknown, or when the last event is before the first.
///
/// ```
/// use acidtest_metrics::speed::{Tokens, tpot};
/// let tokens = Tokens { output: 21, first_event: 1, unstreamed: Some(0) };
/// assert_eq!(tpot(50_000_000, 150_000_000, tokens), Some(5_000_000.0));
/// assert_eq!(tpot(50, 50, Tokens { output: 1, ..tokens }), None);
/// ```
pub fn tpot(first_content: i64, last_content: i64, tokens: Tokens) -> Option<f64> {
    let streamed = tokens.output.checked_sub(tokens.unstreamed?)?;
    let later = streamed.checked_sub(tokens.first_event)?;
    let time = last_content.checked_sub(first_content)?;
    (later > 0 && time >= 0).then(|| time as f64 / later as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_measure_is_absent() {
        assert!(gaps(&[]).is_empty() && gaps(&[7]).is_empty());
        assert_eq!(max_stall(&[7]), None);
        assert_eq!(max_stall(&[1, 4, 5]), Some(3));
    }

    #[test]
    fn tokens_of_one_read_are_not_a_gap_of_zero() {
        let both = gap_bounds(&[(10, 12), (11, 12), (20, 21)]);
        assert_eq!(both[0], GapBounds { least: 0, most: 2 });
        assert_eq!(both[1], GapBounds { least: 8, most: 10 });
    }

    #[test]
    fn hidden_reasoning() {
        let tokens = Tokens { output: 110, first_event: 10, unstreamed: Some(90) };
        assert_eq!(tpot(0, 100, tokens), Some(10.0));
        let unknown = Tokens { unstreamed: None, ..tokens };
        assert_eq!(tpot(0, 100, unknown), None);
        let impossible = Tokens { unstreamed: Some(200), ..tokens };
        assert_eq!(tpot(0, 100, impossible), None);
        assert_eq!(tpot(100, 0, tokens), None);
    }
}
