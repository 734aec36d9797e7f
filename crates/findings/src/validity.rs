//! Whether the client itself spoiled the latencies.
//!
//! Main types: [`Validity`] and [`Check`]. Limit: p99 of our own error at most
//! max(0.5 ms, 5 % of the family's median). It speaks about times and rates only,
//! never about answers: a busy client does not make them wrong.

use crate::estimate::{Estimate, Labels};
use crate::families::waiting::dispatch_lag;
use crate::gaps;
use crate::measure::{Mode, Wanted, measure};
use crate::metric::{Guard, metric};
use crate::view::{Slice, View};
use acidtest_metrics::stats::quantile;
use acidtest_record::{NotSent, OutcomeClass, Stat};
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
    /// What was checked.
    pub checks: Vec<Check>,
}

/// One possible fault of ours.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Check {
    /// `dispatch_lag`, `scheduler_lag`, `backlog` or `receive_clock`.
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
    /// The largest p99 of the checks that failed; absent where one of them has none.
    fn error_s(&self) -> Option<f64> {
        let over = self.checks.iter().filter(|c| c.state == CheckState::Over);
        over.map(|c| c.p99_s).try_fold(0.0, |most: f64, p99| p99.map(|p| most.max(p)))
    }

    /// Why the family is not valid, in one line.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let over: Vec<&str> =
            self.checks.iter().filter(|c| c.state == CheckState::Over).map(|c| c.why.as_str()).collect();
        (!over.is_empty()).then(|| over.join("; "))
    }
}

/// Reasons against estimates, by target, phase, prompt and guard.
pub(crate) struct Guards(BTreeMap<(u16, u16, u16, &'static str), Fault>);

/// Why times are not valid, and by how much they may be off.
#[derive(Debug)]
struct Fault {
    reason: String,
    error_s: Option<f64>,
}

impl Guards {
    /// Checks every target and phase.
    pub(crate) fn of(view: &View) -> (Vec<Validity>, Self) {
        let mut all = Vec::new();
        let mut reasons = BTreeMap::new();
        for slice in view.slices().iter().filter(|s| !s.requests.is_empty()) {
            for v in assess(slice) {
                if let Some(reason) = v.reason() {
                    let fault = Fault { reason, error_s: v.error_s() };
                    reasons.insert(place(slice, v.family), fault);
                }
                all.push(v);
            }
        }
        (all, Self(reasons))
    }

    /// Marks estimates of a slice that one of our faults spoiled.
    pub(crate) fn mark(&self, slice: &Slice, guard: Guard, estimates: &mut [Estimate]) {
        let Some(family) = family(guard) else { return };
        if let Some(fault) = self.0.get(&place(slice, family)) {
            for e in estimates {
                e.invalid = Some(fault.reason.clone());
            }
        }
    }

    /// How far times of a slice may be off by our own fault, in seconds; absent
    /// where that is not known (a full hand-over keeps requests back).
    pub(crate) fn error_s(&self, slice: &Slice, guard: Guard) -> Option<f64> {
        self.0.get(&place(slice, family(guard)?))?.error_s
    }

    /// Why a metric of a slice must not be trusted, if so.
    pub(crate) fn reason(&self, slice: &Slice, guard: Guard) -> Option<&str> {
        self.0.get(&place(slice, family(guard)?)).map(|fault| fault.reason.as_str())
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

fn assess(slice: &Slice) -> Vec<Validity> {
    let lags = lags(slice);
    let late: Vec<(f64, f64)> = scheduler(slice);
    let backlog = backlog(slice);
    [(Guard::Waiting, ["ttft", "e2e"]), (Guard::Rhythm, ["icl", "tpot"]), (Guard::Load, ["e2e", "ttft"])]
        .into_iter()
        .map(|(guard, metrics)| {
            let p50_s = metrics.iter().find_map(|id| median(slice, id));
            let limit_s = FLOOR_S.max(SHARE * p50_s.unwrap_or(0.0));
            let mut checks = Vec::new();
            if guard != Guard::Rhythm {
                checks.push(lag_check("dispatch_lag", &lags, limit_s));
            }
            if guard != Guard::Load {
                checks.push(lag_check("scheduler_lag", &late, limit_s));
                checks.push(receive_clock());
            }
            checks.push(backlog.clone());
            Validity {
                labels: slice.labels.clone(),
                family: family(guard).unwrap_or_default(),
                valid: checks.iter().all(|c| c.state != CheckState::Over),
                p50_s,
                limit_s,
                checks,
            }
        })
        // Where nothing was streamed there is no rhythm that could be spoiled.
        .filter(|v| v.p50_s.is_some() || v.family != "rhythm")
        .collect()
}

fn median(slice: &Slice, id: &str) -> Option<f64> {
    if id == "icl" {
        return gaps::median(slice);
    }
    let found = measure(slice, &Wanted::plain(metric(id)?), &[Stat::P50], Mode::PRINTED);
    found.first()?.number()
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

/// (Seconds since the phase began on its clock, lateness of our loop) of each sample in the phase.
fn scheduler(slice: &Slice) -> Vec<(f64, f64)> {
    in_phase(slice, "scheduler_lag_s").collect()
}

fn in_phase<'v>(slice: &'v Slice<'v>, name: &'static str) -> impl Iterator<Item = (f64, f64)> + 'v {
    let readings = slice.view.readings.iter().filter(move |r| r.name == name);
    readings.filter_map(|r| {
        let lane = slice.lanes().find(|l| l.clock == r.clock && l.whole.contains(r.at.0))?;
        Some(((r.at.0 - lane.whole.start) as f64 / 1e9, r.value))
    })
}

fn lag_check(name: &'static str, lags: &[(f64, f64)], limit_s: f64) -> Check {
    let mut sorted: Vec<f64> = lags.iter().map(|(_, lag)| *lag).collect();
    sorted.sort_by(f64::total_cmp);
    let p99_s = quantile(&sorted, 0.99);
    let (what, change) = match name {
        "dispatch_lag" => ("sends were late", "lower the load, or give the client more or idle cores"),
        _ => ("the measuring threads ran late", "give the client cores of its own, or lower the load"),
    };
    let is_over = p99_s.is_some_and(|p| p > limit_s);
    let from_s = lags
        .iter()
        .filter(|(_, lag)| *lag > limit_s)
        .map(|(at, _)| *at)
        .min_by(f64::total_cmp)
        .filter(|_| is_over);
    let (state, why) = match (p99_s, is_over) {
        (None, _) => (CheckState::NotMeasured, "not measured".to_owned()),
        (Some(_), false) => (CheckState::Ok, String::new()),
        (Some(p99), true) => (
            CheckState::Over,
            format!(
                "{what}: p99 {:.2} ms, limit {:.2} ms, from second {:.1} on",
                p99 * 1e3,
                limit_s * 1e3,
                from_s.unwrap_or(0.0)
            ),
        ),
    };
    Check {
        name,
        state,
        p99_s,
        n: lags.len() as u64,
        from_s,
        why,
        change: if is_over { change.to_owned() } else { String::new() },
    }
}

/// Whether our own hand-over was full.
fn backlog(slice: &Slice) -> Check {
    let not_sent =
        slice.asked().filter(|a| a.last().class == OutcomeClass::NotSent(NotSent::Backlog)).count() as u64;
    let full: Vec<(f64, f64)> = in_phase(slice, "handover_full").filter(|(_, times)| *times > 0.0).collect();
    let n = not_sent + full.len() as u64;
    let is_over = n > 0;
    Check {
        name: "backlog",
        state: if is_over { CheckState::Over } else { CheckState::Ok },
        p99_s: None,
        n,
        from_s: full.first().map(|(at, _)| *at),
        why: if is_over {
            format!("saturated: our hand-over to the store was full, {not_sent} requests not sent")
        } else {
            String::new()
        },
        change: if is_over {
            "lower the load, or put the store on a faster disk".to_owned()
        } else {
            String::new()
        },
    }
}

fn receive_clock() -> Check {
    Check {
        name: "receive_clock",
        state: CheckState::NotMeasured,
        p99_s: None,
        n: 0,
        from_s: None,
        why: "clock error not measured (no kernel stamps yet)".to_owned(),
        change: String::new(),
    }
}
