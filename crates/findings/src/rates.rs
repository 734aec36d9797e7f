//! Rates over a stretch of time: the steady window, and the whole run beside it.
//!
//! Main function: [`measure`]. One window per clock; counts and lengths are added
//! up, times of different clocks never compared.

use crate::detail::{BINS, Lane};
use crate::estimate::{Estimate, N, Quantity, Uncertainty};
use crate::families::goodput::{good, is_correct};
use crate::measure::{Found, LEVEL, Sheet, uncertainty};
use crate::metric::Rate;
use crate::view::{Asked, flight};
use acidtest_metrics::speed::{Span, Window, concurrency};
use acidtest_metrics::stats;
use acidtest_record::{Load, Stat};

/// Name of the label.
pub(crate) const WINDOW: &str = "window";

/// Estimates of a rate: steady window, then whole run.
pub(crate) fn measure(sheet: &Sheet, stats: &[Stat], rate: Rate) -> Vec<Estimate> {
    in_windows(stats, &|stat, steady| one(sheet, stat, rate, steady))
}

/// The same of a rate that cannot be there.
pub(crate) fn absent(sheet: &Sheet, stats: &[Stat], why: &str) -> Vec<Estimate> {
    in_windows(stats, &|stat, _| sheet.absent(stat, why, N::default()))
}

fn in_windows(stats: &[Stat], make: &dyn Fn(Stat, bool) -> Estimate) -> Vec<Estimate> {
    let mut found = Vec::new();
    for stat in stats {
        for (name, steady) in [("steady", true), ("whole", false)] {
            let mut e = make(*stat, steady);
            e.labels.insert(WINDOW.to_owned(), name.to_owned());
            found.push(e);
        }
    }
    found
}

fn one(sheet: &Sheet, stat: Stat, rate: Rate, steady: bool) -> Estimate {
    let lanes: Vec<(&Lane, Window)> =
        sheet.slice.lanes().filter_map(|l| Some((l, if steady { l.steady? } else { l.whole }))).collect();
    let seconds: f64 = lanes.iter().map(|(_, w)| w.seconds()).sum();
    if lanes.is_empty() || seconds <= 0.0 {
        return sheet.absent(stat, &why_no_window(sheet, steady), N::default());
    }
    let counted = match rate {
        Rate::Requests | Rate::Good | Rate::CorrectGood => requests(sheet, &lanes, rate),
        Rate::Tokens if steady => arrived(sheet, &lanes),
        Rate::Tokens => all_tokens(sheet),
        Rate::Held => Ok(held(sheet, &lanes)),
    };
    let (total, n) = match counted {
        Ok(counted) => counted,
        Err(why) => return sheet.absent(stat, &why, N::default()),
    };
    if let Some(why) = too_short(sheet, rate, seconds).filter(|_| steady && total == 0.0) {
        return sheet.absent(stat, &why, N::default());
    }
    let interval = match (rate, steady) {
        (Rate::Held, _) => Uncertainty::None("what was held, not a sample".into()),
        (_, false) => Uncertainty::None("holds ramp-up and tail".into()),
        _ if lanes.len() > 1 => Uncertainty::None("several clocks (resumed run)".into()),
        (Rate::Requests | Rate::Good | Rate::CorrectGood, _) => {
            in_bins(&ends(sheet, lanes[0].0, rate), seconds)
        }
        (Rate::Tokens, _) => in_bins(&lanes[0].0.tokens, seconds),
    };
    sheet.fill(
        stat,
        Found {
            value: Quantity::Value(total / seconds),
            interval,
            n,
            rule: format!("{seconds:.3} s, {} clock(s)", lanes.len()),
        },
    )
}

/// What is said of a window that nothing fell into though there was something: it was shorter
/// than the wait for an answer, which is no rate of 0.
fn too_short(sheet: &Sheet, rate: Rate, seconds: f64) -> Option<String> {
    match rate {
        Rate::Requests => sheet
            .slice
            .asked()
            .any(|a| a.last().class.delivered())
            .then(|| format!("the steady window of {seconds:.3} s is too short: no answer ended in it")),
        Rate::Tokens => all_tokens(sheet)
            .is_ok_and(|(total, _)| total > 0.0)
            .then(|| format!("the steady window of {seconds:.3} s is too short: no token arrived in it")),
        // None of them was good: that is what was observed.
        Rate::Held | Rate::Good | Rate::CorrectGood => None,
    }
}

fn why_no_window(sheet: &Sheet, steady: bool) -> String {
    match sheet.slice.load() {
        _ if sheet.slice.requests.is_empty() => "no requests".into(),
        Some(Load::Closed { concurrency: 1 }) if steady => {
            "95 % of the asked 1 request in flight were never reached before the last send".into()
        }
        Some(Load::Closed { concurrency }) if steady => {
            format!(
                "95 % of the asked {concurrency} requests in flight were never reached before the last send"
            )
        }
        _ => "the phase had no length".into(),
    }
}

/// Whether a delivered request counts for that rate.
fn counts(a: &Asked, rate: Rate) -> bool {
    match rate {
        Rate::Good => good(a) == Some(true),
        Rate::CorrectGood => good(a) == Some(true) && is_correct(a),
        _ => true,
    }
}

/// Delivered attempts that ended in the windows.
fn requests(sheet: &Sheet, lanes: &[(&Lane, Window)], rate: Rate) -> Result<(f64, N), String> {
    let view = sheet.slice.view;
    let inside = sheet.slice.asked().filter(|a| {
        let c = a.last();
        let window = lanes.iter().find(|(l, _)| l.clock == c.clock);
        let ended = c.ended().filter(|_| c.class.delivered() && counts(a, rate));
        // The whole run's last end closes its window, which is half-open.
        matches!((window, ended), (Some((l, w)), Some(at)) if w.contains(at) || (*w == l.whole && at == w.end))
    });
    let count = inside.count() as u64;
    debug_assert!(count <= view.requests() as u64);
    Ok((count as f64, N { requests: count, records: count, clusters: count, ..N::default() }))
}

/// Tokens of events that arrived in the steady windows.
fn arrived(sheet: &Sheet, lanes: &[(&Lane, Window)]) -> Result<(f64, N), String> {
    if !sheet.slice.view.detail.scanned {
        return Err("arrivals of events were not read".into());
    }
    let total: f64 = lanes.iter().flat_map(|(l, _)| &l.tokens).sum();
    let uncounted: u64 = lanes.iter().map(|(l, _)| l.uncounted).sum();
    let (_, n) = all_tokens(sheet)?;
    if total == 0.0 && uncounted > 0 {
        return Err("the server reports no output tokens".into());
    }
    Ok((total, n))
}

/// Output tokens of all attempts.
fn all_tokens(sheet: &Sheet) -> Result<(f64, N), String> {
    let view = sheet.slice.view;
    let sent = sheet.slice.asked().flat_map(|a| a.attempts()).filter(|c| !view.is_cached(c));
    let told: Vec<f64> = sent.filter_map(|c| c.output().map(f64::from)).collect();
    if told.is_empty() {
        return Err(sheet.why_absent());
    }
    let count = told.len() as u64;
    Ok((told.iter().sum(), N { requests: count, records: count, clusters: count, ..N::default() }))
}

/// Request-seconds in flight in the windows.
fn held(sheet: &Sheet, lanes: &[(&Lane, Window)]) -> (f64, N) {
    let mut total = 0.0;
    let mut records = 0;
    for (lane, window) in lanes {
        let spans: Vec<Span> = sheet
            .slice
            .asked()
            .flat_map(|a| a.attempts())
            .filter(|c| c.clock == lane.clock)
            .filter_map(flight)
            .collect();
        records += spans.len() as u64;
        total += concurrency(&spans, *window) * window.seconds();
    }
    let n = N { requests: sheet.slice.requests.len() as u64, records, clusters: records, ..N::default() };
    (total, n)
}

/// Delivered attempts that ended in each part of the steady window.
fn ends(sheet: &Sheet, lane: &Lane, rate: Rate) -> Vec<f64> {
    let mut bins = vec![0.0; BINS];
    for a in sheet.slice.asked() {
        let c = a.last();
        let ended = c.ended().filter(|_| c.class.delivered() && counts(&a, rate));
        if let Some(bin) = ended.and_then(|at| lane.bin(at)) {
            bins[bin] += 1.0;
        }
    }
    bins
}

/// Interval of a rate from equal parts of its window.
fn in_bins(bins: &[f64], seconds: f64) -> Uncertainty {
    let length = seconds / bins.len() as f64;
    let rates: Vec<f64> = bins.iter().map(|count| count / length).collect();
    let found = stats::batch_mean(&rates, LEVEL).map(|b| b.interval.clipped((0.0, f64::MAX)));
    uncertainty(&found, "part of the window")
}
