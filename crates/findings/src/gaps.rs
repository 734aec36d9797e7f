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
use acidtest_metrics::stats::{self, NoInterval, PooledOrder, StatError};
use acidtest_record::Stat;

/// Values in ascending order, and the record of each.
type Side = (Vec<f64>, Vec<u32>);

/// Pooled gaps, once by their lower and once by their upper ends.
struct Pool {
    /// Absent where every end is exact: then they are the upper ends.
    least: Option<Side>,
    most: Side,
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
    let orders = Orders::of(&pool);
    stats.iter().map(|s| one(sheet, *s, &pool, &orders, &told)).collect()
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

/// No record of the pool.
const NOBODY: u32 = u32::MAX;

fn pool(sheet: &Sheet) -> Pool {
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
    let most = side(own().map(|(gap, owner)| (gap.most, owner)));
    let is_exact = own().all(|(gap, _)| gap.least == gap.most);
    let n = N {
        cases: distinct_cases(slice.view, requests.iter().copied()),
        requests: with_gaps.count(),
        records: with_gaps.count(),
        clusters: with_gaps.count(),
        of: 0,
        values: Some(most.0.len() as u64),
    };
    Pool {
        records: if most.0.is_empty() { 0 } else { requests.len() },
        least: (!is_exact).then(|| side(own().map(|(gap, owner)| (gap.least, owner)))),
        most,
        n,
    }
}

/// Ends in ascending order, with their records.
fn side(ends: impl Iterator<Item = (i64, u32)>) -> Side {
    let mut pairs: Vec<(i64, u32)> = ends.collect();
    pairs.sort_unstable();
    pairs.into_iter().map(|(ns, owner)| (ns as f64 / 1e9, owner)).unzip()
}

fn one(sheet: &Sheet, stat: Stat, pool: &Pool, orders: &Orders, per_event: &str) -> Estimate {
    let most = &pool.most.0;
    let least = pool.least.as_ref().map_or(most, |side| &side.0);
    let p = stat.quantile();
    let at = |values: &[f64]| match p {
        Some(p) => stats::quantile(values, p),
        None => values.last().copied(),
    };
    let (low, high) = (at(least).unwrap_or(0.0), at(most).unwrap_or(0.0));
    let interval = match p {
        None => Uncertainty::None("a maximum has no interval".into()),
        Some(p) => holding(orders.interval(p), low, high),
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

/// Both sides of a pool made ready for several quantiles.
struct Orders<'p> {
    /// Absent where the lower ends are the upper ends.
    least: Option<Result<PooledOrder<'p>, StatError>>,
    most: Result<PooledOrder<'p>, StatError>,
}

impl<'p> Orders<'p> {
    fn of(pool: &'p Pool) -> Self {
        let order = |side: &'p Side| PooledOrder::new(&side.0, &side.1, pool.records);
        Self { least: pool.least.as_ref().map(order), most: order(&pool.most) }
    }

    /// The lower end from the lower ends, the upper from the upper ends.
    fn interval(&self, p: f64) -> Uncertainty {
        let run = |side: &Result<PooledOrder, StatError>| match side {
            Ok(order) => order.quantile(p, LEVEL).map(|b| b.interval),
            Err(why) => Err(NoInterval::from(why.clone())),
        };
        let upper = run(&self.most);
        let lower = self.least.as_ref().map_or_else(|| upper.clone(), run);
        match (lower, upper) {
            (Ok(lower), Ok(upper)) => Uncertainty::Interval(Interval {
                low: lower.low,
                ..Interval::of(&upper, "batch of records in send order")
            }),
            (Err(why), _) | (_, Err(why)) => Uncertainty::None(why.to_string()),
        }
    }
}
