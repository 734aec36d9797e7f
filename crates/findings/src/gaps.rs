//! Gaps between content events, pooled over the records of a slice.
//!
//! Main function: [`measure`]. A gap whose end is uncertain is an interval:
//! quantiles come as a pair, of the lower and of the upper ends.

use crate::estimate::{Estimate, Interval, N, Quantity, Uncertainty};
use crate::families::rhythm;
use crate::measure::{Found, LEVEL, Sheet, case_of, distinct, in_send_order};
use crate::metric::{Measure, metric};
use crate::view::Slice;
use acidtest_metrics::stats;
use acidtest_record::Stat;
use std::collections::{HashMap, HashSet};

/// Pooled gaps, once by their lower and once by their upper ends.
struct Pool {
    least: (Vec<f64>, Vec<u32>),
    most: (Vec<f64>, Vec<u32>),
    records: usize,
    n: N,
}

/// Estimates of the gaps of a slice.
pub(crate) fn measure(sheet: &Sheet, stats: &[Stat], most_tokens: Option<f64>) -> Vec<Estimate> {
    let per_event = tokens_per_event(sheet);
    let why = match (most_tokens, per_event) {
        (Some(_), None) => Some("tokens per event unknown".to_owned()),
        (Some(most), Some(ratio)) if ratio > most => {
            Some(format!("{ratio:.2} tokens per event: gaps between events are not gaps between tokens"))
        }
        _ if !sheet.slice.view.detail.scanned && !sheet.slice.requests.is_empty() => {
            Some("arrivals of events were not read".to_owned())
        }
        _ => None,
    };
    let absent = |why: &str, n: N| stats.iter().map(|s| sheet.absent(*s, why, n)).collect();
    if let Some(why) = why {
        return absent(&why, N::default());
    }
    let pool = pool(sheet);
    if pool.records == 0 {
        return absent(&sheet.why_absent(), pool.n);
    }
    let told = per_event.map_or("unknown".to_owned(), |r| format!("{r:.3}"));
    stats.iter().map(|s| one(sheet, *s, &pool, &told)).collect()
}

/// The estimates of `icl` as those of `itl`, where an event is a token: the pool is the same.
pub(crate) fn as_tokens(sheet: &Sheet, icl: &[Estimate], most: f64) -> Option<Vec<Estimate>> {
    tokens_per_event(sheet).filter(|ratio| *ratio <= most)?;
    let of_icl = metric("icl")?.formula;
    let renamed = icl.iter().map(|e| Estimate {
        metric: sheet.wanted.name.clone(),
        how: e.how.replace(of_icl, sheet.wanted.metric.formula),
        ..e.clone()
    });
    Some(renamed.collect())
}

/// The upper ends of a slice's gaps, in seconds.
pub(crate) fn upper_ends(slice: &Slice) -> Vec<f64> {
    let rows: HashSet<u32> = slice.asked().flat_map(|a| a.range()).map(|row| row as u32).collect();
    let gaps = &slice.view.detail.gaps;
    gaps.iter().filter(|g| rows.contains(&g.row)).map(|g| g.most as f64 / 1e9).collect()
}

/// Median of the upper ends of a slice's gaps, in seconds.
pub(crate) fn median(slice: &Slice) -> Option<f64> {
    let mut values = upper_ends(slice);
    values.sort_by(f64::total_cmp);
    stats::quantile(&values, 0.5)
}

/// The pair of gap quantiles between which the true one lies, where it is widest, in seconds.
pub(crate) fn widest(slice: &Slice) -> Option<(f64, f64)> {
    let rows: HashSet<u32> = slice.asked().flat_map(|a| a.range()).map(|row| row as u32).collect();
    let own = || slice.view.detail.gaps.iter().filter(|g| rows.contains(&g.row));
    let sorted = |of: fn(&crate::detail::Gap) -> i64| {
        let mut values: Vec<f64> = own().map(|g| of(g) as f64 / 1e9).collect();
        values.sort_by(f64::total_cmp);
        values
    };
    let (least, most) = (sorted(|g| g.least), sorted(|g| g.most));
    let pairs = [0.5, 0.9, 0.95, 0.99]
        .into_iter()
        .filter_map(|p| stats::quantile(&least, p).zip(stats::quantile(&most, p)));
    pairs.max_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0)))
}

/// Output tokens per content event of the slice, where the server counts them.
fn tokens_per_event(sheet: &Sheet) -> Option<f64> {
    let Measure::Ratio(row) = metric("tokens_per_event")?.measure else {
        return None;
    };
    let (tokens, events) = sheet
        .slice
        .asked()
        .filter_map(|a| row(&a))
        .fold((0.0, 0.0), |(t, e), (tokens, events)| (t + tokens, e + events));
    (events > 0.0).then(|| tokens / events)
}

fn pool(sheet: &Sheet) -> Pool {
    let slice = sheet.slice;
    let mut owners: HashMap<u32, u32> = HashMap::new();
    let mut requests = Vec::new();
    // Numbered in send order: records in flight together share what slows the server.
    for (a, row) in in_send_order(slice) {
        let c = slice.view.row(row);
        if c.class.delivered() && c.stream {
            owners.insert(row as u32, owners.len() as u32);
            requests.push(a);
        }
    }
    let (mut least, mut most) = (Vec::new(), Vec::new());
    for gap in &slice.view.detail.gaps {
        if let Some(owner) = owners.get(&gap.row) {
            least.push((gap.least as f64 / 1e9, *owner));
            most.push((gap.most as f64 / 1e9, *owner));
        }
    }
    let with_gaps = distinct(least.iter().map(|(_, owner)| *owner));
    let n = N {
        cases: distinct(requests.iter().map(case_of)),
        requests: with_gaps,
        records: with_gaps,
        clusters: with_gaps,
        of: 0,
        values: Some(least.len() as u64),
    };
    let sorted = |mut pairs: Vec<(f64, u32)>| {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        pairs.into_iter().unzip()
    };
    Pool {
        records: if least.is_empty() { 0 } else { owners.len() },
        least: sorted(least),
        most: sorted(most),
        n,
    }
}

fn one(sheet: &Sheet, stat: Stat, pool: &Pool, per_event: &str) -> Estimate {
    let (least, most) = (&pool.least.0, &pool.most.0);
    let p = stat.quantile();
    let at = |values: &[f64]| match p {
        Some(p) => stats::quantile(values, p),
        None => values.last().copied(),
    };
    let (low, high) = (at(least).unwrap_or(0.0), at(most).unwrap_or(0.0));
    let interval = match p {
        None => Uncertainty::None("a maximum has no interval".into()),
        Some(p) => holding(batched(pool, p), low, high),
    };
    let one_in = match sheet.slice.view.detail.one_in {
        1 => String::new(),
        k => format!("; gaps of one in {k} records"),
    };
    let mut e = sheet.fill(
        stat,
        Found {
            value: Quantity::Value(high),
            interval,
            n: pool.n,
            rule: format!(
                "{per_event} tokens per event (at most {} for itl); batches of records in send order{one_in}",
                rhythm::SINGLE
            ),
        },
    );
    e.value_low = (low < high).then_some(low);
    e
}

/// An interval that holds its value: its ends are order statistics, the value interpolates.
fn holding(found: Uncertainty, low: f64, high: f64) -> Uncertainty {
    match found {
        Uncertainty::Interval(i) => Uncertainty::Interval(Interval {
            low: i.low.map(|end| end.min(low)),
            high: i.high.map(|end| end.max(high)),
            ..i
        }),
        none => none,
    }
}

/// The lower end from the lower ends, the upper from the upper ends.
fn batched(pool: &Pool, p: f64) -> Uncertainty {
    let run = |side: &(Vec<f64>, Vec<u32>)| {
        let found = stats::batch_pooled_quantile(&side.0, &side.1, pool.records, p, LEVEL);
        found.map(|b| b.interval)
    };
    let upper = run(&pool.most);
    let lower = if pool.least.0 == pool.most.0 { upper.clone() } else { run(&pool.least) };
    match (lower, upper) {
        (Ok(lower), Ok(upper)) => Uncertainty::Interval(Interval {
            low: lower.low,
            ..Interval::of(&upper, "batch of records in send order")
        }),
        (Err(why), _) | (_, Err(why)) => Uncertainty::None(why.to_string()),
    }
}
