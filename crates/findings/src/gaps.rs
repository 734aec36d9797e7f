//! Gaps between content events, pooled over the records of a slice.
//!
//! Main function: [`measure`]. A gap whose end is uncertain is an interval:
//! quantiles come as a pair, of the lower and of the upper ends.

use crate::estimate::{Estimate, Interval, N, Quantity, Uncertainty};
use crate::families::rhythm;
use crate::kept_gaps::Gap;
use crate::marks::Marks;
use crate::measure::{Found, LEVEL, Sheet, in_send_order};
use crate::metric::{Measure, metric};
use crate::tally::distinct_cases;
use crate::view::{Asked, Slice};
use acidtest_metrics::stats::{self, NoInterval, PooledOrder};
use acidtest_record::Stat;

/// What is asked of the pool of gaps, once by their lower and once by their upper ends.
struct Pool {
    /// Absent where every end is exact: then they are the upper ends.
    least: Option<Vec<End>>,
    most: Vec<End>,
    n: N,
}

/// A quantile, or the maximum, of one side of the pool with its interval.
struct End {
    value: f64,
    interval: Result<stats::Interval, NoInterval>,
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
    let pool = pool(sheet, stats);
    if pool.n.values == Some(0) {
        return absent(&sheet.why_absent(), pool.n);
    }
    let told = per_event.map_or("unknown".to_owned(), |r| format!("{r:.3}"));
    stats.iter().enumerate().map(|(i, s)| one(sheet, *s, &pool, i, &told)).collect()
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
    let rows = slice.rows();
    let gaps = &slice.view.detail.gaps;
    gaps.iter().filter(|g| rows.has(g.row as usize)).map(|g| g.most as f64 / 1e9).collect()
}

/// Median of the upper ends of a slice's gaps, in seconds.
pub(crate) fn median(slice: &Slice) -> Option<f64> {
    let mut values = upper_ends(slice);
    values.sort_unstable_by(f64::total_cmp);
    stats::quantile(&values, 0.5)
}

/// The pair of gap quantiles between which the true one lies, where it is widest, in seconds.
pub(crate) fn widest(slice: &Slice) -> Option<(f64, f64)> {
    let rows = slice.rows();
    let own = || slice.view.detail.gaps.iter().filter(|g| rows.has(g.row as usize));
    let sorted = |of: fn(Gap) -> i64| {
        let mut values: Vec<f64> = own().map(|g| of(g) as f64 / 1e9).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let most = sorted(|g| g.most);
    let is_exact = own().all(|g| g.least == g.most);
    let least = if is_exact { None } else { Some(sorted(|g| g.least)) };
    let least = least.as_ref().unwrap_or(&most);
    let pairs = [0.5, 0.9, 0.95, 0.99]
        .into_iter()
        .filter_map(|p| stats::quantile(least, p).zip(stats::quantile(&most, p)));
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

/// No record of the pool.
const NOBODY: u32 = u32::MAX;

fn pool(sheet: &Sheet, stats: &[Stat]) -> Pool {
    let slice = sheet.slice;
    let mut owners = vec![NOBODY; slice.view.records()];
    let mut requests: Vec<Asked> = Vec::new();
    // Numbered in send order: records in flight together share what slows the server.
    for (a, row) in in_send_order(slice) {
        let c = slice.view.row(row);
        if c.class.delivered() && c.stream {
            owners[row] = requests.len() as u32;
            requests.push(a);
        }
    }
    let own = || {
        let gaps = slice.view.detail.gaps.iter();
        gaps.map(|gap| (gap, owners[gap.row as usize])).filter(|(_, owner)| *owner != NOBODY)
    };
    let mut with_gaps = Marks::below(requests.len());
    own().for_each(|(_, owner)| with_gaps.add(owner as usize));
    let (values, records) = (own().count(), requests.len());
    let n = N {
        cases: distinct_cases(slice.view, requests.iter().copied()),
        requests: with_gaps.count(),
        records: with_gaps.count(),
        clusters: with_gaps.count(),
        of: 0,
        values: Some(values as u64),
    };
    // One side after the other: of a long run each is large.
    let side = |of: fn(Gap) -> i64| {
        let mut pairs: Vec<(i64, u32)> = Vec::with_capacity(values);
        pairs.extend(own().map(|(gap, owner)| (of(gap), owner)));
        ends(pairs, records, stats)
    };
    let is_exact = own().all(|(gap, _)| gap.least == gap.most);
    Pool { least: (!is_exact).then(|| side(|gap| gap.least)), most: side(|gap| gap.most), n }
}

/// What is asked of one side: ends in nanoseconds with the records that they are of.
fn ends(mut pairs: Vec<(i64, u32)>, records: usize, stats: &[Stat]) -> Vec<End> {
    pairs.sort_unstable();
    let (sorted, owners): (Vec<f64>, Vec<u32>) =
        pairs.into_iter().map(|(ns, owner)| (ns as f64 / 1e9, owner)).unzip();
    let order = PooledOrder::new(&sorted, &owners, records);
    let end = |stat: &Stat| {
        let Some(p) = stat.quantile() else {
            return End { value: sorted.last().copied().unwrap_or(0.0), interval: Err(NoInterval::Count) };
        };
        let interval = match &order {
            Ok(order) => order.quantile(p, LEVEL).map(|b| b.interval),
            Err(why) => Err(NoInterval::from(why.clone())),
        };
        End { value: stats::quantile(&sorted, p).unwrap_or(0.0), interval }
    };
    stats.iter().map(end).collect()
}

fn one(sheet: &Sheet, stat: Stat, pool: &Pool, no: usize, per_event: &str) -> Estimate {
    let most = &pool.most[no];
    let least = pool.least.as_ref().map_or(most, |ends| &ends[no]);
    let (low, high) = (least.value, most.value);
    let interval = match stat.quantile() {
        None => Uncertainty::None("a maximum has no interval".into()),
        Some(_) => holding(between(least, most), low, high),
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
fn between(least: &End, most: &End) -> Uncertainty {
    match (&least.interval, &most.interval) {
        (Ok(lower), Ok(upper)) => Uncertainty::Interval(Interval {
            low: lower.low,
            ..Interval::of(upper, "batch of records in send order")
        }),
        (Err(why), _) | (_, Err(why)) => Uncertainty::None(why.to_string()),
    }
}
