//! When tokens arrived, over a whole phase.
//!
//! Main type: [`Arrivals`], filled by the same scan as [`crate::detail::Detail`]. Bounded: tokens
//! are counted in parts of fixed length.

use acidtest_metrics::speed::Window;

/// Most parts of a lane.
const MOST_PARTS: i64 = 36_000;

/// What a lane's events say.
#[derive(Debug, Default, Clone)]
struct OfLane {
    /// Tokens in each part; grows as they come.
    tokens: Vec<f64>,
    /// Whether any record said how many tokens it had.
    is_told: bool,
}

/// Arrivals of a run, by lane.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    lanes: Vec<OfLane>,
}

/// Length of the parts of a window: 10 ms, or ten times as long until there are not too many.
pub(crate) fn part_ns(window: Window) -> i64 {
    let length = window.end.saturating_sub(window.start).max(1);
    let mut part = 10_000_000i64;
    while length / part >= MOST_PARTS {
        part = part.saturating_mul(10);
    }
    part
}

/// The part in which a moment falls; absent outside of the window.
pub(crate) fn part(window: Window, at: i64) -> Option<u32> {
    let since = at.checked_sub(window.start).filter(|ns| *ns >= 0 && at <= window.end)?;
    u32::try_from(since / part_ns(window)).ok()
}

impl Arrivals {
    /// Adds the tokens of a record of lane `no` of so many; none where nobody counts them.
    pub(crate) fn add(
        &mut self,
        lanes: usize,
        no: usize,
        window: Window,
        arrivals: &[(i64, i64)],
        tokens: &[f64],
    ) {
        self.lanes.resize(lanes.max(self.lanes.len()), OfLane::default());
        let lane = &mut self.lanes[no];
        lane.is_told |= !tokens.is_empty();
        for ((_, at), tokens) in arrivals.iter().zip(tokens) {
            let Some(part) = part(window, *at).map(|p| p as usize) else { continue };
            if lane.tokens.len() <= part {
                lane.tokens.resize(part + 1, 0.0);
            }
            lane.tokens[part] += tokens;
        }
    }

    /// Tokens that arrived in parts `from..to` of a lane; absent where nobody counts them.
    pub(crate) fn tokens(&self, lane: usize, from: u32, to: u32) -> Option<f64> {
        let of = self.lanes.get(lane).filter(|l| l.is_told)?;
        let end = (to as usize).min(of.tokens.len());
        let inside = of.tokens.get(from as usize..end).unwrap_or_default();
        Some(inside.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_few_and_round() {
        let window = |seconds: i64| Window::new(0, seconds * 1_000_000_000).unwrap();
        for (seconds, ms) in [(1, 10), (300, 10), (3_000, 100), (30_000, 1_000), (300_000, 10_000)] {
            assert_eq!(part_ns(window(seconds)), ms * 1_000_000, "{seconds} s");
        }
        assert_eq!(part(window(1), 1_000_000_000), Some(100), "the last end closes its window");
        assert_eq!(part(window(1), -1), None);
        assert_eq!(part(window(1), 1_000_000_001), None);
    }
}
