//! One rung: what one load did to one target.
//!
//! Main type: [`Rung`], from [`assess`]. A rung counts when it lasted ten times the p95 of its
//! answers and its requests in flight do not grow. Must not decide a search: several rungs of one
//! load decide together.

use super::slo::{Kept, kept, own_lateness, took_s};
use crate::cells::seconds;
use crate::estimate::Labels;
use crate::metric::Guard;
use crate::validity::Guards;
use crate::view::{Slice, flight};
use acidtest_metrics::stats;
use acidtest_record::{Amount, Load, NotSent, OutcomeClass, SloTerm, SloWhat};
use serde::Serialize;

/// How many times the p95 of `e2e` a rung must last.
pub(crate) const LONG_ENOUGH: f64 = 10.0;
/// Share of the offered requests that must have ended.
const KEPT_UP: f64 = 0.95;
/// Moments at which requests in flight are counted.
const MOMENTS: usize = 240;
/// Level at which a trend says that a rung is saturated; many rungs are looked at.
const TREND_LEVEL: f64 = 0.99;
/// p of a trend that is enough where answers also stayed behind.
const LIKELY: f64 = 0.1;
/// Arrivals that are missing by chance in one of a thousand rungs.
const UNLIKELY: f64 = 7.0;
/// Fewest requests that say whether a target keeps up.
const FEWEST: usize = 20;

/// One load on one target.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Rung {
    /// Target, phase and prompt, as in `estimates`.
    pub labels: Labels,
    /// The load asked for: requests per second or users.
    pub load: Option<f64>,
    /// Seconds of intended sends.
    pub seconds: f64,
    /// Requests that were to be served.
    pub requests: u64,
    /// Requests per second that were wanted in the settled part of the rung.
    pub offered_per_s: Option<f64>,
    /// Requests per second that were served there.
    pub achieved_per_s: Option<f64>,
    /// Change of the number of requests in flight per second.
    pub in_flight_per_s: Option<f64>,
    /// Whether it rises beyond doubt (one-sided, 99 %).
    pub in_flight_rises: bool,
    /// Whether the target did not keep up.
    pub saturated: bool,
    /// p95 of `e2e` in seconds, of answers that came.
    pub e2e_p95_s: Option<f64>,
    /// Whether it lasted at least ten times that.
    pub long_enough: bool,
    /// Each term of the objective.
    pub terms: Vec<TermCount>,
    /// Whether the objective holds at this rung alone.
    pub state: RungState,
    /// Why it is not simply met or broken; empty otherwise.
    pub why: String,
    /// Why its times must not be trusted; absent when they may.
    pub invalid: Option<String>,
    /// Whether more load buys mostly waiting from here on.
    pub knee: bool,
}

/// How many requests kept one term of an objective.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct TermCount {
    /// The term as written.
    pub term: String,
    /// Share of requests that must keep it.
    pub needed: f64,
    /// Requests that it speaks about.
    pub of: u64,
    /// Those that kept it.
    pub met: u64,
    /// Those that kept it or missed it by no more than our own lateness.
    pub met_or_ours: u64,
    /// Requests whose answers have no such value.
    pub skipped: u64,
    /// Neighbours in send order that carry the information of one.
    pub correlated: f64,
}

/// What a rung says of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RungState {
    /// Clearly kept.
    Met,
    /// Clearly not kept, or the target is saturated.
    Broken,
    /// The counts allow both.
    Undecided,
    /// Broken as measured, and our own lateness may be why.
    Invalid,
    /// It did not last ten times the p95 of its answers.
    TooShort,
    /// It was stopped before its end: it does not count.
    Cut,
    /// No objective was given.
    Unasked,
}

impl RungState {
    /// Its word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            RungState::Met => "met",
            RungState::Broken => "broken",
            RungState::Undecided => "undecided",
            RungState::Invalid => "invalid",
            RungState::TooShort => "too short",
            RungState::Cut => "cut",
            RungState::Unasked => "",
        }
    }
}

/// What a slice says as a rung.
pub(crate) fn assess(slice: &Slice, guards: &Guards) -> Rung {
    let spec = slice.view.spec;
    let terms = spec.slo.as_ref().map_or(&[][..], |slo| &slo.terms);
    let fault = fault(slice, guards, terms);
    let counts: Vec<TermCount> = terms.iter().map(|t| count(slice, t, &fault)).collect();
    let e2e_p95_s = e2e_p95(slice);
    let seconds = length(slice);
    let settled = Settled::of(slice, e2e_p95_s.unwrap_or(0.0));
    let mut rung = Rung {
        labels: slice.labels.clone(),
        load: match slice.load() {
            Some(Load::Closed { concurrency }) => Some(f64::from(*concurrency)),
            Some(load) => load.rate(),
            None => None,
        },
        seconds,
        requests: counts.iter().map(|c| c.of + c.skipped).max().unwrap_or(slice.requests.len() as u64),
        offered_per_s: settled.as_ref().map(|s| s.offered),
        achieved_per_s: settled.as_ref().map(|s| s.achieved),
        in_flight_per_s: settled.as_ref().and_then(|s| s.slope),
        in_flight_rises: settled.as_ref().is_some_and(|s| s.rises),
        saturated: settled.as_ref().is_some_and(|s| s.saturated),
        e2e_p95_s,
        long_enough: e2e_p95_s.is_none_or(|p95| seconds >= LONG_ENOUGH * p95),
        terms: counts,
        state: RungState::Unasked,
        why: String::new(),
        invalid: fault.reason,
        knee: false,
    };
    (rung.state, rung.why) = match cut(slice) {
        Some(why) => (RungState::Cut, why),
        None if terms.is_empty() => (RungState::Unasked, String::new()),
        None => super::level::judge(&[&rung]).said(&rung),
    };
    rung
}

/// Why a rung does not count, if it was not made to its end on one clock.
fn cut(slice: &Slice) -> Option<String> {
    if slice.lanes().count() > 1 {
        return Some("cut by a stop and resumed: it does not count".into());
    }
    let gone = slice.asked().filter(|a| {
        let class = a.last().class;
        matches!(class, OutcomeClass::NotSent(NotSent::Stopped | NotSent::CostCap | NotSent::TimeUp))
            || class == OutcomeClass::Failed(acidtest_record::Cause::Cancelled)
    });
    (gone.count() > 0 || is_short(slice)).then(|| "stopped before its end: it does not count".into())
}

/// Whether the sends of a phase end long before the phase was to end, beyond chance: its process
/// died, or it goes on still.
fn is_short(slice: &Slice) -> bool {
    let Some(phase) = slice.view.spec.phases.get(usize::from(slice.phase)) else { return false };
    let Amount::Seconds(asked) = phase.amount else { return false };
    // Stages hold their warm-up and cool-down, which are not seen here.
    if phase.load.stages().is_some() {
        return false;
    }
    let at = |pick: fn(i64, i64) -> i64| slice.asked().map(|a| a.attempts()[0].intended()).reduce(pick);
    let missing = asked - seconds(at(i64::min), at(i64::max)).unwrap_or(0.0);
    // A user whose answer takes long sends nothing for so long.
    let by_chance = match phase.load.rate() {
        Some(rate) => UNLIKELY / rate,
        None => 2.0 * e2e_p95(slice).unwrap_or(asked),
    };
    missing > 0.1 * asked && missing > by_chance
}

/// Seconds of intended sends: as asked for, else first to last.
fn length(slice: &Slice) -> f64 {
    let phase = slice.view.spec.phases.get(usize::from(slice.phase));
    if let Some(Amount::Seconds(s)) = phase.map(|p| p.amount) {
        return s;
    }
    let at = |pick: fn(i64, i64) -> i64| slice.asked().map(|a| a.last().intended()).reduce(pick);
    seconds(at(i64::min), at(i64::max)).unwrap_or(0.0)
}

/// p95 of `e2e`, of answers that came.
fn e2e_p95(slice: &Slice) -> Option<f64> {
    let answers = slice.asked().filter(|a| a.last().class.delivered());
    let mut took: Vec<f64> = answers
        .filter_map(|a| seconds(a.last().sent(), a.last().last_event().or(a.last().ended())))
        .collect();
    took.sort_by(f64::total_cmp);
    stats::quantile(&took, 0.95)
}

/// Our own faults in a rung.
struct Fault {
    reason: Option<String>,
    /// By how much waits may be off; absent where that is not known.
    error_s: Option<f64>,
}

fn fault(slice: &Slice, guards: &Guards, terms: &[SloTerm]) -> Fault {
    let mut of = vec![(Guard::Waiting, "ttft"), (Guard::Load, "requests_per_s")];
    let is_limited = |what: SloWhat| terms.iter().any(|t| t.what == what);
    of.extend(is_limited(SloWhat::Tpot).then_some((Guard::Rhythm, "tpot")));
    of.extend(is_limited(SloWhat::MaxStall).then_some((Guard::Rhythm, "max_stall")));
    let bad: Vec<(String, Option<f64>)> = of
        .into_iter()
        .filter_map(|(g, id)| Some((guards.reason(slice, g, id)?, guards.most_s(slice, g, id))))
        .collect();
    Fault {
        reason: bad.first().map(|(why, _)| why.clone()),
        error_s: bad.iter().try_fold(0.0, |most: f64, (_, e)| e.map(|e| most.max(e))),
    }
}

/// Counts one term over the intended requests, in send order.
fn count(slice: &Slice, term: &SloTerm, fault: &Fault) -> TermCount {
    let mut asked: Vec<_> = slice.asked().collect();
    asked.sort_by_key(|a| {
        let first = &a.attempts()[0];
        (first.clock, first.intended(), first.slot, first.step)
    });
    let mut times = Vec::with_capacity(asked.len());
    let (mut met, mut skipped, mut ours) = (0, 0, 0);
    for a in &asked {
        match kept(a, term, 0.0) {
            Kept::Met => {
                met += 1;
                times.push(took_s(a, term));
            }
            Kept::Missed => {
                times.push(took_s(a, term));
                ours += u64::from(is_ours(a, term, fault));
            }
            Kept::Skipped => skipped += 1,
            Kept::Outside => {}
        }
    }
    // Of the waits, not of the misses: a rung without a miss may have been spared a jam. What lies
    // far below the limit is taken as equal: drifts there are no jams.
    let times: Vec<f64> = times.into_iter().map(|t: f64| t.max(term.limit_s / 2.0)).collect();
    TermCount {
        term: term.text.clone(),
        needed: term.share,
        of: times.len() as u64,
        met,
        met_or_ours: met + ours,
        skipped,
        correlated: stats::SendOrder::new(&times).map_or(1.0, |s| s.autocorrelation_time()),
    }
}

/// Whether a request may have missed a term by our own fault alone.
fn is_ours(a: &crate::view::Asked, term: &SloTerm, fault: &Fault) -> bool {
    if fault.reason.is_none() {
        return false;
    }
    let late = a.last().class == OutcomeClass::NotSent(NotSent::Backlog);
    match fault.error_s {
        None => true,
        Some(error_s) => late || kept(a, term, own_lateness(a, error_s)) == Kept::Met,
    }
}

/// What the settled part of an open-loop rung says: after its first answers are through.
struct Settled {
    offered: f64,
    achieved: f64,
    slope: Option<f64>,
    rises: bool,
    saturated: bool,
}

impl Settled {
    /// Absent where there is no such part.
    fn of(slice: &Slice, e2e_p95_s: f64) -> Option<Self> {
        let [lane] = slice.lanes().collect::<Vec<_>>().try_into().ok()?;
        let last = slice.asked().map(|a| a.last().intended()).max()?;
        let whole = seconds(Some(lane.whole.start), Some(last)).filter(|s| *s > 0.0)?;
        // What was in flight when the rung began is warm-up and not seen here.
        let from = lane.whole.start + (e2e_p95_s.min(whole / 2.0) * 1e9) as i64;
        let length = seconds(Some(from), Some(last)).filter(|s| *s > 0.0)?;
        let inside = |at: i64| from <= at && at < last;
        let wanted = slice.asked().filter(|a| inside(a.attempts()[0].intended())).count();
        let served = slice
            .asked()
            .filter(|a| a.last().class.delivered() && a.last().ended().is_some_and(inside))
            .count();
        let (offered, achieved) = (wanted as f64 / length, served as f64 / length);
        if slice.load().is_none_or(|l| l.is_closed() || l.rate().is_none()) {
            // Users wait for their answers: what is offered is what is served. A load that rises on
            // purpose raises what is in flight with it.
            return Some(Self { offered, achieved, slope: None, rises: false, saturated: false });
        }
        let trend = stats::upward_trend(&in_flight(slice, from, last), TREND_LEVEL).ok();
        let step_s = length / MOMENTS as f64;
        let enough = wanted >= FEWEST;
        let rises = enough && trend.as_ref().is_some_and(|t| t.rising);
        let behind = enough && (served as f64) < KEPT_UP * wanted as f64;
        let likely = trend.as_ref().is_some_and(|t| t.p_value < LIKELY);
        Some(Self {
            offered,
            achieved,
            slope: trend.as_ref().map(|t| t.slope / step_s),
            rises,
            saturated: rises || (behind && likely),
        })
    }
}

/// Requests in flight at even moments.
fn in_flight(slice: &Slice, from: i64, to: i64) -> Vec<f64> {
    let spans = || slice.asked().flat_map(|a| a.attempts()).filter_map(flight);
    let mut starts: Vec<i64> = spans().map(|s| s.start).collect();
    let mut ends: Vec<i64> = spans().map(|s| s.end).collect();
    starts.sort_unstable();
    ends.sort_unstable();
    (0..MOMENTS)
        .map(|i| {
            let at = from + ((to - from) as f64 * (i as f64 + 0.5) / MOMENTS as f64) as i64;
            let begun = starts.partition_point(|s| *s <= at);
            (begun - ends.partition_point(|e| *e <= at).min(begun)) as f64
        })
        .collect()
}
