//! Whether the client itself spoiled the latencies.
//!
//! Main types: [`Validity`], [`Check`], and [`Guards`], which marks estimates. Limit: p99 of our
//! own error at most max(0.5 ms, 5 % of the family's median). A gap quantile is valid where the
//! pair of quantiles that it lies between is narrower than that. It speaks about times and rates
//! only, never about answers: a busy client does not make them wrong.

use crate::clock_checks::{self, Receipts};
use crate::estimate::{Estimate, Labels};
use crate::families::waiting::dispatch_lag;
use crate::gaps;
use crate::lag_checks::{backlog, lag_check, scheduler};
use crate::measure::{Mode, Population, Wanted, measure, samples};
use crate::metric::{Guard, Measure, metric};
use crate::view::{Slice, View};
use acidtest_metrics::stats::quantile;
use acidtest_record::{Load, Stat};
use serde::Serialize;
use std::collections::BTreeMap;

/// Our own error that is always allowed, in seconds.
const FLOOR_S: f64 = 0.5e-3;
/// Share of a family's median that is allowed.
const SHARE: f64 = 0.05;

/// Whether one family of metrics of one target and phase may be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Validity {
    /// Target and phase.
    pub labels: Labels,
    /// `waiting` (times from sending), `rhythm` (gaps) or `load` (rates).
    pub family: &'static str,
    /// Whether no check failed.
    pub valid: bool,
    /// Median that the limit follows, in seconds.
    pub p50_s: Option<f64>,
    /// Largest error allowed, in seconds.
    pub limit_s: f64,
    /// Whose clock stamped what came: `kernel`, `program`, `mixed`; `none` where nothing was streamed.
    pub stamps: &'static str,
    /// Share of content events whose arrival is exactly known; absent without kernel stamps.
    pub exact: Option<f64>,
    /// 99th percentile of how late the program came to what the kernel had stamped, in seconds:
    /// the error that its own clock would have had.
    pub program_lag_p99_s: Option<f64>,
    /// What was checked.
    pub checks: Vec<Check>,
}

/// One possible fault of ours.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Check {
    /// `dispatch_lag`, `scheduler_lag`, `send_clock`, `receive_clock`, `back_pressure`, `load_held`
    /// or `backlog`.
    pub name: &'static str,
    /// Whether it is within its limit.
    pub state: CheckState,
    /// 99th percentile of the error in seconds.
    pub p99_s: Option<f64>,
    /// Samples behind it, or events counted.
    pub n: u64,
    /// Seconds from the phase's start to the first time over the limit.
    pub from_s: Option<f64>,
    /// What is wrong or not known; empty when all is well.
    pub why: String,
    /// What to change; empty when all is well.
    pub change: String,
}

impl Check {
    /// A check that found nothing wrong.
    pub(crate) fn ok(name: &'static str) -> Self {
        let (why, change) = (String::new(), String::new());
        Self { name, state: CheckState::Ok, p99_s: None, n: 0, from_s: None, why, change }
    }
}

/// What a check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    /// Within its limit.
    Ok,
    /// Over its limit.
    Over,
    /// Nothing to check with.
    NotMeasured,
}

impl Validity {
    fn over(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|c| c.state == CheckState::Over)
    }

    /// Why the family is not valid, in one line.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let over: Vec<&str> = self.over().map(|c| c.why.as_str()).collect();
        (!over.is_empty()).then(|| over.join("; "))
    }
}

/// Reasons against estimates, by target, phase, prompt and guard.
pub(crate) struct Guards(BTreeMap<(u16, u16, u16, &'static str), Place>);

/// What is known of one family at one place.
#[derive(Debug)]
struct Place {
    limit_s: f64,
    /// Faults that spoil every metric of the family.
    general: Option<Fault>,
    /// Faults of the receive clock, which spoil each metric by its own measure.
    clock: Option<Fault>,
    /// What the ends of answers leave open, where that is too much: of waiting times the end
    /// itself, of gaps the mean gap of a record.
    end: Option<Fault>,
}

/// Why times are not valid, and by how much they may be off.
#[derive(Debug, Clone)]
struct Fault {
    reason: String,
    error_s: Option<f64>,
}

impl Fault {
    fn of<'c>(checks: impl Iterator<Item = &'c Check>) -> Option<Self> {
        let over: Vec<&Check> = checks.filter(|c| c.state == CheckState::Over).collect();
        let reason = over.iter().map(|c| c.why.as_str()).collect::<Vec<_>>().join("; ");
        // The largest p99 of those that failed; absent where one of them has none.
        let error_s = over.iter().map(|c| c.p99_s).try_fold(0.0, |most: f64, p99| p99.map(|p| most.max(p)));
        (!over.is_empty()).then_some(Self { reason, error_s })
    }
}

/// Metrics whose every value is a gap between two arrivals.
const GAPS: [&str; 2] = ["icl", "itl"];
/// Metrics whose every value is a mean gap of a record.
const PACES: [&str; 2] = ["tpot", "tokens_per_s_user"];
/// Metrics whose every value ends with an answer.
const ENDS: [&str; 3] = ["e2e", "e2e_from_intended", "tokens_per_s_request"];
/// Times of ours or of a first byte: no event's arrival is part of them.
const OWN: [&str; 5] = ["ttfb", "connect", "tls", "queue_wait", "time_to_failure"];

impl Place {
    fn of(slice: &Slice, v: &Validity) -> Self {
        let is_clock = |c: &&Check| c.name == "receive_clock";
        let general = Fault::of(v.checks.iter().filter(|c| !is_clock(c)));
        let clock = Fault::of(v.checks.iter().filter(is_clock));
        let receipts = Receipts::of(slice);
        let end = match v.family {
            "waiting" => Some(receipts.end(limit(median(slice, "e2e")))),
            "rhythm" => Some(receipts.pace(limit(median(slice, "tpot")))),
            _ => None,
        };
        Self { limit_s: v.limit_s, general, clock, end: Fault::of(end.iter()) }
    }

    /// What spoils an estimate, if anything does.
    fn fault(&self, metric: &str, pair: Option<(f64, f64)>) -> Option<Fault> {
        let own = match metric {
            m if GAPS.contains(&m) => {
                pair.filter(|(low, high)| high - low > self.limit_s).map(|(low, high)| {
                    let reason = clock_checks::uncertain_gaps(low, high, self.limit_s);
                    Fault { reason, error_s: Some(high - low) }
                })
            }
            m if PACES.contains(&m) || ENDS.contains(&m) => self.end.clone(),
            m if OWN.contains(&m) => None,
            _ => self.clock.clone(),
        };
        match (self.general.clone(), own) {
            (Some(a), Some(b)) => Some(Fault {
                reason: format!("{}; {}", a.reason, b.reason),
                error_s: a.error_s.zip(b.error_s).map(|(a, b)| a.max(b)),
            }),
            (a, b) => a.or(b),
        }
    }
}

impl Guards {
    /// Checks every target and phase.
    pub(crate) fn of(view: &View) -> (Vec<Validity>, Self) {
        let mut all = Vec::new();
        let mut places = BTreeMap::new();
        for slice in view.slices().iter().filter(|s| !s.requests.is_empty()) {
            for v in assess(slice) {
                places.insert(place(slice, v.family), Place::of(slice, &v));
                all.push(v);
            }
        }
        (all, Self(places))
    }

    /// Marks estimates of a slice that one of our faults spoiled.
    pub(crate) fn mark(&self, slice: &Slice, guard: Guard, estimates: &mut [Estimate]) {
        let Some(known) = family(guard).and_then(|f| self.0.get(&place(slice, f))) else { return };
        for e in estimates {
            let pair = e.value_low.zip(e.number());
            if let Some(fault) = known.fault(&e.metric, pair) {
                e.invalid = Some(fault.reason);
            }
        }
    }

    /// How far an estimate of a slice may be off by our own fault, in seconds; absent where that
    /// is not known (a full hand-over keeps requests back) and where nothing is wrong.
    pub(crate) fn error_s(&self, slice: &Slice, guard: Guard, e: &Estimate) -> Option<f64> {
        self.0.get(&place(slice, family(guard)?))?.fault(&e.metric, e.value_low.zip(e.number()))?.error_s
    }

    /// Why no quantile of a metric of a slice must be trusted without a look at it, if so.
    pub(crate) fn reason(&self, slice: &Slice, guard: Guard, metric: &str) -> Option<String> {
        self.whole(slice, guard, metric).map(|fault| fault.reason)
    }

    /// How far any quantile of a metric may be off by our own fault, in seconds.
    pub(crate) fn most_s(&self, slice: &Slice, guard: Guard, metric: &str) -> Option<f64> {
        self.whole(slice, guard, metric)?.error_s
    }

    fn whole(&self, slice: &Slice, guard: Guard, metric: &str) -> Option<Fault> {
        let known = self.0.get(&place(slice, family(guard)?))?;
        // The check of the family is that of the widest pair.
        let family = if GAPS.contains(&metric) { "" } else { metric };
        known.fault(family, None)
    }
}

fn place(slice: &Slice, family: &'static str) -> (u16, u16, u16, &'static str) {
    (slice.target, slice.phase, slice.prompt, family)
}

fn family(guard: Guard) -> Option<&'static str> {
    match guard {
        Guard::Nothing => None,
        Guard::Waiting => Some("waiting"),
        Guard::Rhythm => Some("rhythm"),
        Guard::Load => Some("load"),
    }
}

/// Largest error allowed beside that median, in seconds.
fn limit(p50_s: Option<f64>) -> f64 {
    FLOOR_S.max(SHARE * p50_s.unwrap_or(0.0))
}

fn assess(slice: &Slice) -> Vec<Validity> {
    let (sends, late) = (lags(slice), scheduler(slice));
    let receipts = Receipts::of(slice);
    let is_closed = slice.load().is_some_and(|load| load.is_closed());
    let program_lag_p99_s = receipts.program_lag();
    [(Guard::Waiting, ["ttft", "e2e"]), (Guard::Rhythm, ["icl", "tpot"]), (Guard::Load, ["e2e", "ttft"])]
        .into_iter()
        .map(|(guard, metrics)| {
            let p50_s = metrics.iter().find_map(|id| median(slice, id));
            let limit_s = limit(p50_s);
            let mut checks = Vec::new();
            // A closed loop has no arrivals that our lateness could bunch: it only thins the load.
            if guard == Guard::Load || (guard == Guard::Waiting && !is_closed) {
                checks.push(lag_check("dispatch_lag", &sends, limit_s));
            }
            // What the kernel stamped does not care how late we came to it.
            if guard != Guard::Load && !receipts.by_kernel() {
                checks.push(lag_check("scheduler_lag", &late, limit_s));
            }
            match guard {
                Guard::Waiting => checks.extend([receipts.send_clock(limit_s), receipts.first(limit_s)]),
                Guard::Rhythm => checks.push(receipts.gaps(limit_s)),
                _ => checks.push(load_held(slice)),
            }
            checks.extend([receipts.back_pressure(), backlog(slice)]);
            Validity {
                labels: slice.labels.clone(),
                family: family(guard).unwrap_or_default(),
                valid: checks.iter().all(|c| c.state != CheckState::Over),
                p50_s,
                limit_s,
                stamps: receipts.stamps(),
                exact: receipts.exact(),
                program_lag_p99_s,
                checks,
            }
        })
        // Where nothing was streamed there is no rhythm that could be spoiled.
        .filter(|v| v.p50_s.is_some() || v.family != "rhythm")
        .collect()
}

/// Share of the asked requests in flight that must have been there.
const HELD: f64 = 0.95;

/// Whether a closed loop had as many requests in flight as were asked.
fn load_held(slice: &Slice) -> Check {
    let held = metric("concurrency_held").and_then(|m| {
        let found = measure(slice, &Wanted::plain(m), &[Stat::Mean], Mode::PRINTED);
        found.first()?.number()
    });
    let phase = slice.view.spec.phases.get(usize::from(slice.phase));
    // Users that think, or whose rate is bounded, are not always asking.
    let phase = phase.filter(|p| p.think.is_none() && p.pacing_s == 0.0 && p.max_rate.is_none());
    let asked = match phase.map(|p| &p.load) {
        Some(Load::Closed { concurrency }) => Some(f64::from(*concurrency)),
        _ => None,
    };
    let Some((held, asked)) = held.zip(asked) else {
        return Check {
            state: CheckState::NotMeasured,
            why: "not measured".into(),
            ..Check::ok("load_held")
        };
    };
    if held >= HELD * asked {
        return Check { n: slice.requests.len() as u64, ..Check::ok("load_held") };
    }
    Check {
        state: CheckState::Over,
        n: slice.requests.len() as u64,
        why: format!("the load was not held: {held:.1} of {asked} requests in flight in the steady window"),
        change: "run longer, or give the client more or idle cores".into(),
        ..Check::ok("load_held")
    }
}

fn median(slice: &Slice, id: &str) -> Option<f64> {
    if id == "icl" {
        return gaps::median(slice);
    }
    // The number alone, as the metric's estimate has it: an interval would not be looked at.
    let Measure::Sample(row, failed) = metric(id)?.measure else { return None };
    let mut values = samples(slice, row, failed, Population::Completed).values;
    values.sort_unstable_by(f64::total_cmp);
    quantile(&values, 0.5)
}

/// (Seconds since the phase began on its clock, dispatch lag) of each request.
fn lags(slice: &Slice) -> Vec<(f64, f64)> {
    let starts: BTreeMap<u16, i64> = slice.lanes().map(|l| (l.clock, l.whole.start)).collect();
    slice
        .asked()
        .filter_map(|a| {
            let c = &a.attempts()[0];
            let start = starts.get(&c.clock)?;
            Some(((c.intended() - start) as f64 / 1e9, dispatch_lag(c)?))
        })
        .collect()
}
