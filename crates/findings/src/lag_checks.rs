//! Checks of our own lateness in sending, and of the hand-over to the store.
//!
//! Main functions: [`lag_check`], [`backlog`]. Must not decide what a failed check spoils.

use crate::validity::{Check, CheckState};
use crate::view::Slice;
use acidtest_metrics::stats::quantile;
use acidtest_record::{NotSent, OutcomeClass};

/// (Seconds since the phase began on its clock, lateness of our loop) of each sample in the phase.
pub(crate) fn scheduler(slice: &Slice) -> Vec<(f64, f64)> {
    in_phase(slice, "scheduler_lag_s").collect()
}

fn in_phase<'v>(slice: &'v Slice<'v>, name: &'static str) -> impl Iterator<Item = (f64, f64)> + 'v {
    let readings = slice.view.readings.iter().filter(move |r| r.name == name);
    readings.filter_map(|r| {
        let lane = slice.lanes().find(|l| l.clock == r.clock && l.whole.contains(r.at.0))?;
        Some(((r.at.0 - lane.whole.start) as f64 / 1e9, r.value))
    })
}

/// Whether our lateness stayed within its limit.
pub(crate) fn lag_check(name: &'static str, lags: &[(f64, f64)], limit_s: f64) -> Check {
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
pub(crate) fn backlog(slice: &Slice) -> Check {
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
