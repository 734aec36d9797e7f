//! What all rungs of one load say together.
//!
//! Main function: [`judge`]. A term is decided when the interval of the share of requests that
//! kept it lies on one side of the share that is needed; the effective number of requests is
//! their number over their autocorrelation time. Must not look at other loads.

use super::rung::{Rung, RungState, TermCount};
use acidtest_metrics::stats;

/// Level of the interval that decides a rung: 1 % on each side, since a search looks at many.
const LEVEL: f64 = 0.98;

/// What the rungs of one load say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Met,
    Broken,
    /// The counts allow both; whether they lean to kept.
    Undecided(Lean),
    /// Broken as measured, and our own lateness may be why.
    Invalid,
    TooShort,
}

/// To which side undecided counts lean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lean {
    Kept,
    Broken,
}

/// How one term stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Met,
    Broken,
    LeansKept,
    LeansBroken,
}

/// Counts of one term over several rungs.
struct Pooled {
    needed: f64,
    of: f64,
    met: f64,
    met_or_ours: f64,
    /// Independent requests that carry the same information.
    effective: f64,
}

impl Pooled {
    fn of(rungs: &[&Rung], term: usize) -> Option<Self> {
        let counts: Vec<&TermCount> = rungs.iter().filter_map(|r| r.terms.get(term)).collect();
        let sum = |f: fn(&TermCount) -> f64| counts.iter().map(|c| f(c)).sum::<f64>();
        Some(Self {
            needed: counts.first()?.needed,
            of: sum(|c| c.of as f64),
            met: sum(|c| c.met as f64),
            met_or_ours: sum(|c| c.met_or_ours as f64),
            effective: sum(|c| c.of as f64 / c.correlated.max(1.0)),
        })
    }

    /// A term that no request has a value for decides nothing.
    fn standing(&self, met: f64) -> Standing {
        if self.of == 0.0 {
            return Standing::LeansKept;
        }
        let share = met / self.of;
        let low_high = match share {
            1.0 => stats::all_events(self.effective, LEVEL_ONE_SIDED).map(|i| (i.low, None)),
            0.0 => stats::zero_events(self.effective, LEVEL_ONE_SIDED).map(|i| (None, i.high)),
            _ => stats::wilson(share, self.effective, LEVEL).map(|i| (i.low, i.high)),
        };
        match low_high {
            Ok((Some(low), _)) if low >= self.needed => Standing::Met,
            Ok((_, Some(high))) if high < self.needed => Standing::Broken,
            _ if share >= self.needed => Standing::LeansKept,
            _ => Standing::LeansBroken,
        }
    }
}

/// The same confidence on the one side that a bound has.
const LEVEL_ONE_SIDED: f64 = 0.5 + LEVEL / 2.0;

/// What rungs of one load, none of them cut, say together.
pub(crate) fn judge(rungs: &[&Rung]) -> Verdict {
    let long: Vec<&Rung> = rungs.iter().copied().filter(|r| r.long_enough).collect();
    if let Some(verdict) = saturated(rungs) {
        return verdict;
    }
    if long.is_empty() {
        // A second, longer rung whose answers again take too long for it: the wait grows with it.
        let grows = rungs.len() > 1 && is_broken(rungs, |p| p.met_or_ours);
        return if grows { Verdict::Broken } else { Verdict::TooShort };
    }
    counted(&long)
}

/// What saturated rungs say, if there are any.
///
/// Requests in flight that rise while the objective is kept may wander: a second, longer rung must
/// show it again. Among many rungs a trend of 1 % would else break one that is not saturated.
fn saturated(rungs: &[&Rung]) -> Option<Verdict> {
    // Users of a closed loop wait for their answers: nothing piles up, and the objective decides.
    let is_open = |r: &Rung| r.in_flight_per_s.is_some();
    let up: Vec<&Rung> = rungs.iter().copied().filter(|r| r.saturated && is_open(r)).collect();
    let first = up.first()?;
    let missed = |r: &Rung| r.terms.iter().any(|t| (t.met as f64) < t.needed * t.of as f64);
    if first.invalid.is_some() && !is_broken(&up, |p| p.met_or_ours) {
        return Some(Verdict::Invalid);
    }
    if up.len() > 1 || missed(first) {
        return Some(Verdict::Broken);
    }
    (rungs.len() == 1).then_some(Verdict::Undecided(Lean::Kept))
}

fn standings(rungs: &[&Rung], met: fn(&Pooled) -> f64) -> Vec<Standing> {
    let terms = rungs.first().map_or(0, |r| r.terms.len());
    (0..terms).filter_map(|t| Pooled::of(rungs, t)).map(|p| p.standing(met(&p))).collect()
}

fn is_broken(rungs: &[&Rung], met: fn(&Pooled) -> f64) -> bool {
    standings(rungs, met).contains(&Standing::Broken)
}

/// What rungs that lasted long enough say by their counts.
fn counted(rungs: &[&Rung]) -> Verdict {
    let found = standings(rungs, |p| p.met);
    if found.contains(&Standing::Broken) {
        return if is_broken(rungs, |p| p.met_or_ours) { Verdict::Broken } else { Verdict::Invalid };
    }
    if found.iter().all(|s| *s == Standing::Met) {
        return Verdict::Met;
    }
    Verdict::Undecided(match found.contains(&Standing::LeansBroken) {
        true => Lean::Broken,
        false => Lean::Kept,
    })
}

impl Verdict {
    /// As the state of a single rung, with its reason.
    pub(crate) fn said(self, rung: &Rung) -> (RungState, String) {
        match self {
            Verdict::Met => (RungState::Met, String::new()),
            Verdict::Broken if rung.saturated => (RungState::Broken, "saturated".into()),
            Verdict::Broken => (RungState::Broken, String::new()),
            Verdict::Undecided(_) if rung.saturated => {
                (RungState::Undecided, "requests in flight grow".into())
            }
            Verdict::Undecided(_) => (RungState::Undecided, "too few requests to tell".into()),
            Verdict::Invalid => (RungState::Invalid, "limited by this client".into()),
            Verdict::TooShort => (RungState::TooShort, "shorter than 10 × p95 of its answers".into()),
        }
    }
}
