//! How many slots a phase has: to warm up, to count, to cool down.
//!
//! Main type: [`Extent`]. Must not number slots: the plan does.

use crate::moments::Moments;
use acidtest_record::{Amount, PhaseSpec, Spacing, Warmup};

/// Slot numbers set aside for what counts of a phase where time decides how many there are.
const RESERVED: u32 = 10_000_000;
/// … and for each of warm-up and cool-down.
const RESERVED_BESIDE: u32 = 1_000_000;
/// Most arrivals of a phase, whatever its plan says.
const MOST: u32 = 200_000_000;

/// Numbers of slots; set aside where they are not exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) warm: u32,
    pub(crate) main: u32,
    pub(crate) cool: u32,
    /// Whether `main` is what will be sent, and not only the most.
    pub(crate) main_is_exact: bool,
    /// Whether all three are.
    pub(crate) is_exact: bool,
}

impl Extent {
    /// Of a phase in which `asked` slots count, or as many as its time holds.
    pub(crate) fn of(phase: &PhaseSpec, asked: Option<u32>, moments: Moments) -> Self {
        let most = phase.caps.requests;
        let asked = match (asked, most) {
            (Some(n), Some(most)) => Some(n.min(most)),
            (asked, _) => asked,
        };
        if phase.load.is_closed() {
            return Self::closed(phase, asked, most);
        }
        let (warm, main, cool) = match (asked, phase.warmup, phase.load.rate()) {
            // At a rate that never ends nothing needs to be drawn to count.
            (Some(main), Warmup::None, Some(_)) if phase.cooldown_s == 0.0 => (0, main, 0),
            (Some(main), Warmup::Count(warm), Some(_)) if phase.cooldown_s == 0.0 => (warm, main, 0),
            _ => drawn(phase, asked.or(most), moments),
        };
        Self { warm, main, cool, main_is_exact: true, is_exact: true }
    }

    fn closed(phase: &PhaseSpec, asked: Option<u32>, most: Option<u32>) -> Self {
        let (warm, warm_is_exact) = match phase.warmup {
            Warmup::None => (0, true),
            Warmup::Count(n) => (n, true),
            Warmup::Seconds(_) => (RESERVED_BESIDE, false),
        };
        let cool = if phase.cooldown_s > 0.0 { RESERVED_BESIDE } else { 0 };
        let main = asked.unwrap_or(RESERVED.min(most.unwrap_or(u32::MAX)));
        let main_is_exact = asked.is_some() && phase.load.stages().is_none();
        Self { warm, main, cool, main_is_exact, is_exact: main_is_exact && warm_is_exact && cool == 0 }
    }

    pub(crate) fn total(self) -> u32 {
        self.warm.saturating_add(self.main).saturating_add(self.cool)
    }
}

/// Counts the arrivals of an open loop one by one.
fn drawn(phase: &PhaseSpec, asked: Option<u32>, moments: Moments) -> (u32, u32, u32) {
    let (mut warm, mut main, mut cool) = (0u32, 0u32, 0u32);
    let mut before = 0.0;
    let mut from = None;
    let mut cool_end = None;
    for at in moments.take(MOST as usize) {
        let is_warm = match phase.warmup {
            Warmup::None => false,
            Warmup::Count(n) => warm < n,
            Warmup::Seconds(s) => at < s,
        };
        if is_warm {
            warm += 1;
            before = at;
            continue;
        }
        let from = *from.get_or_insert_with(|| measured_from(phase, before, at));
        let is_enough = asked.is_some_and(|n| main >= n);
        if cool_end.is_none() && is_in_time(phase, from, at) && !is_enough {
            main += 1;
            before = at;
            continue;
        }
        // What cools down begins where what counts has ended: with its last, or with its time.
        let ended = if is_enough { before } else { main_end(phase, from) };
        let until = *cool_end.get_or_insert(ended + phase.cooldown_s);
        if at >= until {
            break;
        }
        cool += 1;
    }
    (warm, main, cool)
}

/// When the time that counts begins: after the warm-up's seconds; else, of even arrivals, with
/// the first that counts; else, of others, with the last before it.
fn measured_from(phase: &PhaseSpec, before: f64, at: f64) -> f64 {
    match (phase.warmup, phase.load.spacing()) {
        (Warmup::Seconds(s), _) => s,
        (_, Some(Spacing::Constant)) => at,
        _ => before,
    }
}

fn is_in_time(phase: &PhaseSpec, from: f64, at: f64) -> bool {
    match (phase.load.stages(), phase.amount) {
        (None, Amount::Seconds(s)) => at - from < s,
        _ => at < main_end(phase, from),
    }
}

fn main_end(phase: &PhaseSpec, from: f64) -> f64 {
    match (phase.load.stages(), phase.amount) {
        (Some(stages), _) => stages.seconds() - phase.cooldown_s,
        (None, Amount::Seconds(s)) => from + s,
        (None, _) => f64::INFINITY,
    }
}
