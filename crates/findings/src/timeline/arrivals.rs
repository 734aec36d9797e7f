//! When tokens arrived and gaps ended, over a whole phase.
//!
//! Main type: [`Arrivals`], filled by the same scan as [`crate::detail::Detail`]. Bounded: tokens
//! are counted in parts of fixed length, of gaps only those are kept that the detail keeps.

use crate::cells::Cells;
use crate::detail::{Gap, Lane};
use acidtest_metrics::speed::Window;
use acidtest_record::Timing;

/// Most gaps kept.
const MOST_GAPS: usize = 8_000_000;
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

/// A gap: when it ended, and its upper bound.
#[derive(Debug, Clone, Copy)]
struct Ended {
    lane: u32,
    part: u32,
    seconds: f32,
}

/// Arrivals of a run, by lane.
#[derive(Debug, Default)]
pub(crate) struct Arrivals {
    lanes: Vec<OfLane>,
    gaps: Vec<Ended>,
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

fn part(window: Window, at: i64) -> Option<u32> {
    let since = at.checked_sub(window.start).filter(|ns| *ns >= 0 && at <= window.end)?;
    u32::try_from(since / part_ns(window)).ok()
}

impl Arrivals {
    /// Adds one record, with the gaps that were kept of it.
    pub(crate) fn add(&mut self, lanes: &[Lane], cells: &Cells, timing: &Timing, gaps: &[Gap]) {
        let own = (cells.target, cells.phase, cells.prompt, cells.clock);
        let Some(no) = lanes.iter().position(|l| (l.target, l.phase, l.prompt, l.clock) == own) else {
            return;
        };
        self.lanes.resize(lanes.len().max(self.lanes.len()), OfLane::default());
        let window = lanes[no].whole;
        let content = || timing.events.iter().filter(|e| e.kind.is_content());
        let at: Vec<i64> = timing.bounds().map(|a| a.latest.0).collect();
        let told: Option<Vec<f64>> = content().map(|e| e.tokens.map(f64::from)).collect();
        let tokens = match (told, cells.output()) {
            (Some(told), _) if told.len() == at.len() && !told.is_empty() => told,
            (_, Some(output)) => vec![f64::from(output) / at.len().max(1) as f64; at.len()],
            _ => Vec::new(),
        };
        let lane = &mut self.lanes[no];
        lane.is_told |= !tokens.is_empty();
        for (at, tokens) in at.iter().zip(tokens) {
            let Some(part) = part(window, *at).map(|p| p as usize) else { continue };
            if lane.tokens.len() <= part {
                lane.tokens.resize(part + 1, 0.0);
            }
            lane.tokens[part] += tokens;
        }
        if gaps.len() + 1 == at.len() && self.gaps.len() + gaps.len() <= MOST_GAPS {
            let ended = gaps.iter().zip(&at[1..]).filter_map(|(gap, at)| {
                Some(Ended { lane: no as u32, part: part(window, *at)?, seconds: gap.most as f32 / 1e9 })
            });
            self.gaps.extend(ended);
        }
    }

    /// Tokens that arrived in parts `from..to` of a lane; absent where nobody counts them.
    pub(crate) fn tokens(&self, lane: usize, from: u32, to: u32) -> Option<f64> {
        let of = self.lanes.get(lane).filter(|l| l.is_told)?;
        let end = (to as usize).min(of.tokens.len());
        let inside = of.tokens.get(from as usize..end).unwrap_or_default();
        Some(inside.iter().sum())
    }

    /// Part and seconds of each gap of a lane.
    pub(crate) fn gaps(&self, lane: usize) -> impl Iterator<Item = (u32, f64)> + '_ {
        let of = self.gaps.iter().filter(move |g| g.lane as usize == lane);
        of.map(|g| (g.part, f64::from(g.seconds)))
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
