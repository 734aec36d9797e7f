//! The steady part of a run, and rates in it.
//!
//! Main types: [`Window`], [`Span`]. A window is half-open: it holds its start, not its end, so that
//! windows side by side count every event once and a rate has no off-by-one.

/// When something was in flight: from `start` until just before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Start, nanoseconds.
    pub start: i64,
    /// End, nanoseconds; not before the start.
    pub end: i64,
}

/// A stretch of time, start included, end not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Start, nanoseconds.
    pub start: i64,
    /// End, nanoseconds.
    pub end: i64,
}

impl Window {
    /// A window, or `None` when it would be empty.
    pub fn new(start: i64, end: i64) -> Option<Window> {
        (start < end).then_some(Window { start, end })
    }

    /// Is the moment in it?
    pub fn contains(self, at: i64) -> bool {
        self.start <= at && at < self.end
    }

    /// Length in seconds.
    pub fn seconds(self) -> f64 {
        self.end.saturating_sub(self.start) as f64 / 1e9
    }
}

/// The steady window of a closed loop: from the first moment with at least 95 % of the asked
/// concurrency in flight to the last intended send.
///
/// `None` when that concurrency was never reached, or only at or after the last intended send.
/// An open loop has no such ramp: there the window starts at the end of warm-up.
///
/// ```
/// use acidtest_metrics::speed::{Span, steady_window};
/// let spans = [Span { start: 0, end: 90 }, Span { start: 10, end: 50 }, Span { start: 50, end: 95 }];
/// let window = steady_window(&spans, 2, 50).unwrap();
/// assert_eq!((window.start, window.end), (10, 50));
/// ```
pub fn steady_window(spans: &[Span], asked: u32, last_intended: i64) -> Option<Window> {
    // 95 % in whole requests: at least ceil(0.95 * asked), and at least one.
    let needed = (u64::from(asked) * 95).div_ceil(100).max(1);
    let mut changes: Vec<(i64, i8)> =
        spans.iter().filter(|s| s.start < s.end).flat_map(|s| [(s.start, 1), (s.end, -1)]).collect();
    // Ends first: a slot that is refilled at the same instant was never two.
    changes.sort_unstable();
    let mut in_flight = 0u64;
    for (at, change) in changes {
        if change < 0 {
            in_flight -= 1;
            continue;
        }
        in_flight += 1;
        if in_flight >= needed {
            return Window::new(at, last_intended);
        }
    }
    None
}

/// Time-weighted mean number in flight during the window: Σ overlap / length.
///
/// Spans outside count nothing; no spans give 0, which is what was held.
pub fn concurrency(spans: &[Span], window: Window) -> f64 {
    let overlap: i128 = spans
        .iter()
        .map(|s| i128::from(s.end.min(window.end)) - i128::from(s.start.max(window.start)))
        .filter(|ns| *ns > 0)
        .sum();
    overlap as f64 / (i128::from(window.end) - i128::from(window.start)) as f64
}

/// Tokens of the events (arrival, tokens) that arrived in the window.
pub fn tokens_in(events: &[(i64, u64)], window: Window) -> u64 {
    events.iter().filter(|(at, _)| window.contains(*at)).map(|(_, tokens)| tokens).sum()
}

/// A count in the window per second of it.
pub fn per_second(count: u64, window: Window) -> f64 {
    count as f64 / window.seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span { start, end }
    }

    #[test]
    fn the_window_begins_when_the_load_is_there() {
        let spans: Vec<Span> = (0..20).map(|i| span(i * 10, 1000)).collect();
        // 95 % of 20 is 19 requests: the 19th starts at 180.
        assert_eq!(steady_window(&spans, 20, 900), Some(Window { start: 180, end: 900 }));
        assert_eq!(steady_window(&spans, 30, 900), None);
        assert_eq!(steady_window(&spans, 20, 180), None);
        assert_eq!(steady_window(&[], 1, 900), None);
    }

    #[test]
    fn a_refilled_slot_is_not_two() {
        let spans = [span(0, 10), span(10, 20), span(10, 10)];
        assert_eq!(steady_window(&spans, 2, 20), None);
    }

    #[test]
    fn concurrency_is_weighted_by_time() {
        let window = Window::new(0, 100).unwrap();
        let spans = [span(-50, 50), span(50, 150), span(0, 25), span(200, 300)];
        assert_eq!(concurrency(&spans, window), 1.25);
        assert_eq!(concurrency(&[], window), 0.0);
    }

    #[test]
    fn rates_count_the_start_and_not_the_end() {
        let window = Window::new(0, 2_000_000_000).unwrap();
        let events = [(0, 4), (1_999_999_999, 2), (2_000_000_000, 100)];
        assert_eq!(tokens_in(&events, window), 6);
        assert_eq!(per_second(6, window), 3.0);
        assert_eq!(Window::new(5, 5), None);
    }
}
