//! Which rung comes next, and what a search found.
//!
//! Main functions: [`next_rung`] and [`answer`]. The load is doubled from the lowest one until an
//! objective breaks, then the gap between kept and broken is halved. A load that cannot be decided
//! is tried again, longer each time; if it stays undecided it lies inside the answer, whose ends
//! are always decided. Everything follows from the rungs: a resumed search goes on where it was.

use super::level::{Lean, Verdict, judge};
use super::rung::{LONG_ENOUGH, Rung, RungState};
use acidtest_record::{Axis, FindSpec};
use serde::Serialize;

/// Most rungs of one load.
const TRIES: usize = 3;
/// A rung is planned to be longer than it must be by this factor.
const RESERVE: f64 = 1.3;
/// How many times the first try's length is long enough to give up an undecided load.
const LONGEST: f64 = 4.0;
/// Beside loads that stay undecided the ends of the answer come this many tolerances near.
const BESIDE: f64 = 2.0;
/// Most requests of a rung.
const MOST_SLOTS: f64 = 20e6;
/// Seconds of the longest rung.
const LONGEST_S: f64 = 3600.0;
/// A rung at a low rate is made longer for enough requests, up to so many times the usual length.
const MOST_LONGER: f64 = 3.0;
/// Requests of which none misses by chance alone with 1 % at the p95 that objectives mostly name.
const ENOUGH: f64 = 120.0;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Answer {
    /// How it ended.
    pub found: Found,
    /// `req/s` or `requests` (in flight).
    pub unit: &'static str,
    /// The highest load at which the objective is clearly kept.
    pub low: Option<f64>,
    /// The lowest load at which it is clearly broken.
    pub high: Option<f64>,
    /// Whether the two are as near to each other as was asked for.
    pub narrow: bool,
    /// Why it ended so.
    pub why: String,
}

/// How a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The capacity lies between `low` and `high`.
    Between,
    /// The objective is kept up to the highest load allowed.
    AboveRange,
    /// It is broken at the lowest load.
    BelowRange,
    /// The client cannot make the load that would decide it.
    ClientLimited,
    /// The rungs do not decide it.
    Undecided,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NextRung {
    /// Make a rung.
    Load {
        /// Requests per second or users.
        value: f64,
        /// Seconds of it.
        seconds: f64,
    },
    /// Nothing more.
    Done,
}

/// All rungs of one load.
struct Level<'r> {
    value: f64,
    rungs: Vec<&'r Rung>,
    verdict: Verdict,
    /// Seconds of its first try.
    base_s: f64,
}

impl Level<'_> {
    /// Whether another rung of this load would be of use.
    fn is_open(&self) -> bool {
        let decided = matches!(self.verdict, Verdict::Met | Verdict::Broken);
        let longest = self.rungs.iter().map(|r| r.seconds).fold(0.0, f64::max);
        let usual = self.rungs.len() < TRIES && longest < LONGEST * self.base_s;
        // A rung too short for its answers, and one whose queue grows, are asked once more in any case.
        !decided && (usual || self.rungs.len() < 2)
    }

    fn is_undecided(&self) -> bool {
        matches!(self.verdict, Verdict::Undecided(_) | Verdict::TooShort)
    }

    fn leans_to_kept(&self) -> bool {
        matches!(self.verdict, Verdict::Met | Verdict::Undecided(Lean::Kept))
    }
}

/// Rungs by load, lowest first, without those that were cut.
fn levels<'r>(axis: Axis, find: &FindSpec, rungs: &'r [Rung]) -> Vec<Level<'r>> {
    let mut counted: Vec<&Rung> =
        rungs.iter().filter(|r| r.state != RungState::Cut && r.load.is_some()).collect();
    counted.sort_by(|a, b| a.load.unwrap_or(0.0).total_cmp(&b.load.unwrap_or(0.0)));
    counted
        .chunk_by(|a, b| a.load == b.load)
        .map(|same| Level {
            value: same[0].load.unwrap_or(0.0),
            rungs: same.to_vec(),
            verdict: judge(same),
            base_s: base_s(axis, find, same[0].load.unwrap_or(0.0)),
        })
        .collect()
}

/// What the levels say of where the capacity lies.
struct Bracket<'l, 'r> {
    /// The highest load that is kept with nothing broken below it.
    kept: Option<&'l Level<'r>>,
    /// The lowest load that is broken, above every load that is kept.
    broken: Option<&'l Level<'r>>,
    /// The lowest load that the client cannot make, above `kept`.
    dim: Option<&'l Level<'r>>,
    /// Undecided loads between `kept` and the wall, lowest first.
    open: Vec<&'l Level<'r>>,
}

impl<'l, 'r> Bracket<'l, 'r> {
    fn of(levels: &'l [Level<'r>]) -> Self {
        let lowest_broken =
            levels.iter().find(|l| l.verdict == Verdict::Broken).map_or(f64::INFINITY, |l| l.value);
        let kept = levels.iter().rfind(|l| l.verdict == Verdict::Met && l.value < lowest_broken);
        let highest_kept =
            levels.iter().rfind(|l| l.verdict == Verdict::Met).map_or(f64::NEG_INFINITY, |l| l.value);
        let above = |l: &&Level| l.value > highest_kept;
        let broken = levels.iter().filter(above).find(|l| l.verdict == Verdict::Broken);
        let dim = levels.iter().filter(above).find(|l| l.verdict == Verdict::Invalid);
        let floor = kept.map_or(f64::NEG_INFINITY, |l| l.value);
        let wall = [broken, dim].into_iter().flatten().map(|l| l.value).fold(f64::INFINITY, f64::min);
        let open = levels.iter().filter(|l| l.is_undecided() && l.value > floor && l.value < wall).collect();
        Self { kept, broken, dim, open }
    }

    /// The lowest load that is not to be reached.
    fn wall(&self) -> Option<&'l Level<'r>> {
        let value = |l: &Option<&Level>| l.map_or(f64::INFINITY, |l| l.value);
        if value(&self.dim) < value(&self.broken) { self.dim } else { self.broken }
    }
}

/// The rung that a search makes next.
#[must_use]
pub fn next_rung(axis: Axis, find: &FindSpec, rungs: &[Rung]) -> NextRung {
    let spent: f64 = rungs.iter().map(|r| r.seconds).sum();
    if rungs.len() >= find.max_rungs as usize || spent >= find.max_time_s {
        return NextRung::Done;
    }
    let levels = levels(axis, find, rungs);
    let Some(value) = next_value(axis, find, rungs, &levels) else {
        return NextRung::Done;
    };
    let near_limit = Bracket::of(&levels).open.iter().any(|l| !l.is_open());
    let least = if near_limit { 2.0 } else { 1.0 } * base_s(axis, find, value);
    let seconds = seconds(rungs, value, least).min(find.max_time_s - spent);
    // What is too short from the start decides nothing.
    let shortest = find.rung_s.min(find.max_time_s) * 0.5;
    if seconds < shortest && !rungs.is_empty() { NextRung::Done } else { NextRung::Load { value, seconds } }
}

fn next_value(axis: Axis, find: &FindSpec, rungs: &[Rung], levels: &[Level]) -> Option<f64> {
    let Some(top) = levels.last() else { return Some(find.from) };
    let bracket = Bracket::of(levels);
    let last = rungs.iter().rfind(|r| r.state != RungState::Cut).and_then(|r| r.load);
    let latest = levels.iter().find(|l| Some(l.value) == last);
    // On the way up a lean is enough: more requests come at higher loads.
    let climbs = |l: &Level| bracket.wall().is_none() && l.leans_to_kept() && l.value < find.to;
    if let Some(again) = latest.filter(|l| l.is_open() && !climbs(l)) {
        return Some(again.value);
    }
    let Some(wall) = bracket.wall() else {
        return up(axis, find, top);
    };
    if wall.value <= find.from {
        return None;
    }
    within(axis, find, &bracket, wall)
}

/// The next load while nothing is broken.
fn up(axis: Axis, find: &FindSpec, top: &Level) -> Option<f64> {
    if top.value >= find.to {
        return None;
    }
    // Above an undecided load the capacity is near.
    let factor = if top.leans_to_kept() { 2.0 } else { 1.0 + (2.0 * find.tolerance).max(0.1) };
    Some(tidy(axis, top.value * factor).max(top.value + least_step(axis)).min(find.to))
}

/// The next load between what is kept and what is broken.
fn within(axis: Axis, find: &FindSpec, bracket: &Bracket, wall: &Level) -> Option<f64> {
    let floor = bracket.kept.map(|l| l.value);
    if floor.is_some_and(|low| is_narrow(axis, find, low, wall.value)) {
        return None;
    }
    let Some(highest) = bracket.open.last() else {
        return between(axis, floor.unwrap_or(find.from), wall.value);
    };
    let beside = &FindSpec { tolerance: BESIDE * find.tolerance, ..find.clone() };
    if !is_narrow(axis, beside, highest.value, wall.value) {
        return between(axis, highest.value, wall.value);
    }
    // Nearest to the wall first: it moves the lower end most.
    if let Some(again) = bracket.open.iter().rev().find(|l| l.is_open()) {
        return Some(again.value);
    }
    let lowest = bracket.open.first()?.value;
    match floor {
        Some(low) if !is_narrow(axis, beside, low, lowest) => between(axis, low, lowest),
        None if lowest > find.from => between(axis, find.from, lowest),
        _ => None,
    }
}

fn is_narrow(axis: Axis, find: &FindSpec, low: f64, high: f64) -> bool {
    let step = if axis.is_rate() { 0.0 } else { 1.0 };
    high - low <= step || high - low <= find.tolerance * low * (1.0 + 1e-9)
}

/// A load in the middle of two, if there is one.
fn between(axis: Axis, low: f64, high: f64) -> Option<f64> {
    let middle = (low.max(1e-9) * high).sqrt();
    let middle = if axis.is_rate() {
        tidy(axis, middle)
    } else {
        middle.round().clamp((low + 1.0).min(high), (high - 1.0).max(low))
    };
    (low < middle && middle < high).then_some(middle)
}

/// Four digits: loads are read by people.
fn tidy(axis: Axis, value: f64) -> f64 {
    if !axis.is_rate() {
        return value.round();
    }
    let digits = 3 - value.abs().log10().floor() as i32;
    format!("{value:.*}", digits.clamp(0, 6) as usize).parse().unwrap_or(value)
}

fn least_step(axis: Axis) -> f64 {
    if axis.is_rate() { 0.0 } else { 1.0 }
}

/// How long the first rung of a load lasts at least: as asked for, and at low rates longer.
fn base_s(axis: Axis, find: &FindSpec, value: f64) -> f64 {
    let requests = if axis.is_rate() { ENOUGH / value } else { 0.0 };
    find.rung_s.max(requests.min(MOST_LONGER * find.rung_s))
}

/// How long the next rung of a load lasts.
fn seconds(rungs: &[Rung], value: f64, least: f64) -> f64 {
    let mut seconds = least;
    // Answers take about as long as at the nearest load that was not saturated.
    let near = |r: &&Rung| (r.load.unwrap_or(0.0) / value).ln().abs();
    let steady = rungs.iter().filter(|r| !r.saturated && r.state != RungState::Cut);
    if let Some(p95) = steady.min_by(|a, b| near(a).total_cmp(&near(b))).and_then(|r| r.e2e_p95_s) {
        seconds = seconds.max(RESERVE * LONG_ENOUGH * p95);
    }
    // Again: twice as long as before, or as long as its answers ask for.
    let same = rungs.iter().filter(|r| r.load == Some(value) && r.state != RungState::Cut);
    for before in same {
        let p95 = before.e2e_p95_s.unwrap_or(0.0);
        seconds = seconds.max(2.0 * before.seconds).max(RESERVE * LONG_ENOUGH * p95);
    }
    // Slot numbers are counted over all rungs.
    let most = LONGEST_S.min(MOST_SLOTS / value.max(1.0));
    seconds.clamp(0.001_f64.min(most), most)
}

/// What the rungs of a search say.
pub(crate) fn answer(axis: Axis, find: &FindSpec, rungs: &[Rung]) -> Answer {
    let levels = levels(axis, find, rungs);
    let b = Bracket::of(&levels);
    let (low, high) = (b.kept.map(|l| l.value), b.broken.map(|l| l.value));
    let narrow = matches!((low, high), (Some(l), Some(h)) if is_narrow(axis, find, l, h));
    let dim = b.dim.is_some() && b.broken.is_none_or(|w| b.dim.is_some_and(|d| d.value < w.value));
    let (found, why) = match (low, high) {
        (Some(_), Some(_)) if narrow => (Found::Between, String::new()),
        (Some(_), Some(_)) => (Found::Between, wider(find, rungs, &b)),
        (Some(low), None) if low >= find.to => (Found::AboveRange, String::new()),
        (_, None) if dim => (Found::ClientLimited, "limited by this client".into()),
        (None, Some(high)) if high <= find.from => (Found::BelowRange, String::new()),
        (None, Some(_)) if dim => (Found::ClientLimited, "limited by this client".into()),
        _ => (Found::Undecided, ended(find, rungs)),
    };
    let unit = if axis.is_rate() { "req/s" } else { "requests" };
    Answer { found, unit, low, high, narrow, why }
}

/// Why an answer is wider than was asked for.
fn wider(find: &FindSpec, rungs: &[Rung], bracket: &Bracket) -> String {
    match bracket.open.is_empty() && bracket.dim.is_none() {
        true => ended(find, rungs),
        false if bracket.dim.is_some() => "limited by this client".into(),
        false => "loads between them stay undecided".into(),
    }
}

/// What ended a search that is not decided.
fn ended(find: &FindSpec, rungs: &[Rung]) -> String {
    let spent: f64 = rungs.iter().map(|r| r.seconds).sum();
    if rungs.len() >= find.max_rungs as usize {
        format!("all {} rungs are used up", find.max_rungs)
    } else if spent + 0.5 * find.rung_s >= find.max_time_s {
        format!("the {} s of the search are used up", find.max_time_s)
    } else {
        "the rungs made do not decide it".into()
    }
}
