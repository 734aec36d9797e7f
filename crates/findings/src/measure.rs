//! The one engine: from a slice and a metric to estimates.
//!
//! Main function: [`measure`]. It supplies units of sampling, repeats averaged
//! within the case, send order, populations of gates, and the interval that fits
//! the measure's kind. All interval mathematics is `acidtest_metrics`'.

use crate::cells::{Cells, seconds};
use crate::estimate::{Estimate, Family, Interval, Labels, Missing, N, Quantity, Uncertainty};
use crate::families::quality::is_part;
use crate::marks::Marks;
use crate::metric::{Measure, Metric, Seen, Unit as UnitOf, WhenFailed};
use crate::tally::{Tally, Unit, distinct_cases, grouped, mean};
use crate::view::{Asked, Slice, View};
use acidtest_metrics::language::ratio_interval;
use acidtest_metrics::stats::{self, Clustered, NoInterval, StatError, Unit as Sums};
use acidtest_record::{Cause, OutcomeClass, Stat};
use std::collections::HashSet;

/// Level of every interval.
pub(crate) const LEVEL: f64 = 0.95;

/// A metric with its parameter, under the name that reports and gates use.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) metric: &'static Metric,
    /// Name in estimates: the metric's id, or a scorer's name.
    pub(crate) name: String,
    /// Value of the parameter; empty where there is none.
    pub(crate) param: String,
    /// Whether the parameter is part of the estimate's name.
    pub(crate) is_named: bool,
    /// Its number among the metrics that the plan asks for by name and options.
    pub(crate) asked: Option<usize>,
}

impl Wanted {
    /// A metric without parameter.
    pub(crate) fn plain(metric: &'static Metric) -> Self {
        Self { metric, name: metric.id.to_owned(), param: String::new(), is_named: false, asked: None }
    }

    /// A metric with a parameter.
    pub(crate) fn with(metric: &'static Metric, param: &str) -> Self {
        Self { param: param.to_owned(), is_named: true, ..Self::plain(metric) }
    }

    /// A metric that the plan asks for, by its number there.
    pub(crate) fn asked(metric: &'static Metric, number: usize) -> Self {
        Self { asked: Some(number), ..Self::plain(metric) }
    }
}

/// What excluded requests count as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fill {
    /// They are left out.
    Exclude,
    /// They score lowest.
    Lowest,
    /// They score highest.
    Highest,
}

/// Whose times count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Population {
    /// Completed attempts.
    Completed,
    /// All requests: one without an answer waits for ever.
    All,
}

/// How to measure.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    pub(crate) fill: Fill,
    pub(crate) population: Population,
}

impl Mode {
    /// As reports print it.
    pub(crate) const PRINTED: Mode = Mode { fill: Fill::Exclude, population: Population::Completed };
}

/// Estimates of a metric in a slice, one per stat (rates: per stat and window).
pub(crate) fn measure(slice: &Slice, wanted: &Wanted, stats: &[Stat], mode: Mode) -> Vec<Estimate> {
    let sheet = Sheet { slice, wanted };
    let one = |make: &dyn Fn(Stat) -> Estimate| stats.iter().map(|s| make(*s)).collect();
    if let Some(why) = crate::families::goodput::why_absent(wanted.metric, slice.view) {
        return match wanted.metric.measure {
            Measure::Rate(_) => crate::rates::absent(&sheet, stats, &why),
            _ => one(&|stat| sheet.absent(stat, &why, N::default())),
        };
    }
    match &wanted.metric.measure {
        Measure::Share(row) => {
            let tally = Tally::of(slice, &|a| row(a, &wanted.param));
            one(&|stat| sheet.scored(stat, &tally, mode.fill))
        }
        Measure::Score(row) => {
            let tally = Tally::of(slice, &|a| row(a, &wanted.param));
            one(&|stat| sheet.scored(stat, &tally, mode.fill))
        }
        Measure::Event(row) => {
            let series = events(slice, &|a, c| row(a, c, &wanted.param));
            one(&|stat| sheet.event(stat, &series))
        }
        Measure::Sample(row, failed) => {
            let series = samples(slice, *row, *failed, mode.population);
            // Sorted once, and its memory found once, for all that is asked of it.
            let order = stats::SendOrder::new(&series.values);
            one(&|stat| sheet.sample(stat, &series, &order))
        }
        Measure::Amount(row) => {
            let amounts: Vec<(Asked, f64)> = slice.asked().filter_map(|a| Some((a, row(&a)?))).collect();
            one(&|stat| sheet.amount(stat, &amounts))
        }
        Measure::Ratio(row) => {
            let pairs: Vec<(Asked, (f64, f64))> = slice.asked().filter_map(|a| Some((a, row(&a)?))).collect();
            one(&|stat| sheet.ratio(stat, &pairs, &|rows| stats::ratio(rows, LEVEL)))
        }
        Measure::Scaled(row, scale) => {
            let pairs: Vec<(Asked, (f64, f64))> = slice.asked().filter_map(|a| Some((a, row(&a)?))).collect();
            one(&|stat| sheet.ratio(stat, &pairs, &|rows| ratio_interval(rows, *scale, LEVEL)))
        }
        Measure::Generalization(row) => one(&|stat| crate::generalization::measure(&sheet, stat, *row)),
        Measure::Gaps(most_tokens) => crate::gaps::measure(&sheet, stats, *most_tokens),
        Measure::CasePass => {
            let passes = crate::case_pass::Passes::of(slice);
            let tally = Tally::of(slice, &|a| passes.get(a));
            one(&|stat| sheet.scored(stat, &tally, mode.fill))
        }
        Measure::Sensed(what) => crate::surroundings::measure(&sheet, stats, *what),
        Measure::Rate(rate) => crate::rates::measure(&sheet, stats, *rate),
        Measure::Corpus => one(&|stat| crate::corpus::measure(&sheet, stat, mode.fill)),
    }
}

/// From units of sampling, each a pair of sums, to their quotient.
type Quotient<'q> = dyn Fn(&[(f64, f64)]) -> Result<Clustered, StatError> + 'q;

/// A blank estimate's surroundings.
pub(crate) struct Sheet<'s, 'v> {
    pub(crate) slice: &'s Slice<'v>,
    pub(crate) wanted: &'s Wanted,
}

/// A value with what the statistics say of it.
pub(crate) struct Found {
    pub(crate) value: Quantity,
    pub(crate) interval: Uncertainty,
    pub(crate) n: N,
    pub(crate) rule: String,
}

impl Sheet<'_, '_> {
    /// An estimate of what was found.
    pub(crate) fn fill(&self, stat: Stat, found: Found) -> Estimate {
        let metric = self.wanted.metric;
        let mut params = Labels::new();
        if let Some(name) = metric.param.filter(|_| self.wanted.is_named) {
            params.insert(name.to_owned(), self.wanted.param.clone());
        }
        let asked = self.wanted.asked.and_then(|i| self.slice.view.spec.metrics.get(i));
        params.extend(asked.into_iter().flat_map(|m| m.options.clone()));
        let of = self.slice.requests.len() as u64;
        Estimate {
            metric: self.wanted.name.clone(),
            params,
            stat,
            labels: self.slice.labels.clone(),
            family: metric.family,
            unit: self.unit(),
            value: found.value,
            value_low: None,
            n: N { of, ..found.n },
            interval: found.interval,
            missing: None,
            how: format!(
                "{}; {}{}; acidtest {}",
                metric.formula,
                found.rule,
                if self.slice.is_sequential() { "; sequential" } else { "" },
                env!("CARGO_PKG_VERSION")
            ),
            invalid: None,
            standard_error: None,
            effective_n: None,
        }
    }

    /// An estimate without a value.
    pub(crate) fn absent(&self, stat: Stat, why: &str, n: N) -> Estimate {
        self.fill(
            stat,
            Found {
                value: Quantity::Absent(why.to_owned()),
                interval: Uncertainty::None("no value".into()),
                n,
                rule: "absent".into(),
            },
        )
    }

    fn unit(&self) -> String {
        let price = self.slice.view.target(self.slice.target).and_then(|t| t.price.as_ref());
        match (self.wanted.metric.unit, price) {
            (UnitOf::Currency, Some(p)) => p.currency.clone(),
            (unit, _) => unit.id().to_owned(),
        }
    }

    /// Why a metric has nothing to say here.
    pub(crate) fn why_absent(&self) -> String {
        let view = self.slice.view;
        let metric = self.wanted.metric;
        if self.slice.requests.is_empty() {
            return "no requests".into();
        }
        if metric.unit == UnitOf::Currency
            && view.target(self.slice.target).is_some_and(|t| t.price.is_none())
        {
            return "no price of this target".into();
        }
        if self.slice.asked().all(|a| !a.last().class.delivered()) {
            return "no request was answered".into();
        }
        if metric.family == Family::Speed && self.slice.cached() == self.slice.requests.len() {
            return "every answer came from the cache: nothing was measured".into();
        }
        format!("nothing observed: needs {}", metric.needs)
    }

    /// A mean over cases of what each request scored.
    fn scored(&self, stat: Stat, tally: &Tally, fill: Fill) -> Estimate {
        let units = tally.units(fill);
        let n = tally.n(fill, units.len());
        let sums = &units;
        let is_share = matches!(self.wanted.metric.measure, Measure::Share(_) | Measure::CasePass);
        let found = if is_share || tally.is_yes_no {
            stats::clustered_proportion(sums, LEVEL)
        } else if self.wanted.metric.range == Some((0.0, 1.0)) {
            stats::clustered_score(sums, LEVEL)
        } else {
            stats::clustered_mean(sums, self.wanted.metric.range, LEVEL)
        };
        let Ok(found) = found else {
            return self.absent(stat, &self.why_absent(), n);
        };
        let mut e = self.clustered(stat, &found, n, tally.unit_name());
        if self.wanted.metric.id == "accuracy" {
            // One of several choices is no case of its own.
            e.n.of -= self.slice.asked().filter(is_part).count() as u64;
        }
        if tally.excluded > 0 && fill == Fill::Exclude {
            let value = |fill| mean(&tally.units(fill));
            e.missing = Some(Missing {
                excluded: tally.excluded,
                low: value(Fill::Lowest),
                high: value(Fill::Highest),
            });
        }
        e
    }

    /// An estimate from the clustered statistics.
    pub(crate) fn clustered(&self, stat: Stat, found: &Clustered, n: N, unit: &str) -> Estimate {
        let lowest = self.wanted.metric.range.map_or(0.0, |(low, _)| low.min(0.0));
        let mut e = self.fill(
            stat,
            Found {
                value: Quantity::Value(found.value),
                interval: uncertainty_from(&found.interval, lowest, unit),
                n,
                rule: format!("unit of sampling: {unit}, repeats averaged within the case"),
            },
        );
        e.standard_error = found.standard_error;
        e.effective_n = found.effective_n;
        e
    }

    /// A share of attempts in send order.
    fn event(&self, stat: Stat, series: &[(usize, bool)]) -> Estimate {
        let n = N {
            requests: distinct_requests(self.slice.view, series.iter().map(|(request, _)| *request)),
            records: series.len() as u64,
            clusters: series.len() as u64,
            ..N::default()
        };
        if series.is_empty() {
            let why = match self.slice.requests.is_empty() {
                true => "no requests",
                false => "no attempt was sent",
            };
            return self.absent(stat, why, n);
        }
        let flags: Vec<bool> = series.iter().map(|(_, bad)| *bad).collect();
        let count = flags.iter().filter(|b| **b).count();
        let value = count as f64 / flags.len() as f64;
        let rare = self.wanted.metric.better != crate::metric::Better::Higher;
        let (interval, unit) = match self.waits(series) {
            Some(waits) => (
                stats::SendOrder::new(&waits)
                    .map_err(NoInterval::from)
                    .and_then(|order| order.share(count as u64, LEVEL)),
                "request, by the memory of the waits",
            ),
            None => event_interval(&flags, rare),
        };
        let mut e = self.fill(
            stat,
            Found {
                value: Quantity::Value(value),
                interval: uncertainty(&interval, unit),
                n,
                rule: format!("{count} of {} in send order; unit: {unit}{}", flags.len(), self.chosen()),
            },
        );
        if interval.as_ref().is_ok_and(|i| i.method != stats::Method::WilsonEffectiveN) {
            e.effective_n = Some(flags.len() as f64);
        }
        e
    }

    /// The waits behind a share of requests that kept an objective: neighbours in a queue miss it
    /// together, also where too few misses are seen to tell. Absent for other shares.
    fn waits(&self, series: &[(usize, bool)]) -> Option<Vec<f64>> {
        self.wanted.metric.id.ends_with("goodput_share").then_some(())?;
        let by_request: std::collections::HashMap<usize, Asked> =
            self.slice.asked().map(|a| (a.request, a)).collect();
        let wait = |(request, _): &(usize, bool)| {
            let a = by_request.get(request)?;
            let last = a.last();
            let took = seconds(Some(a.attempts()[0].intended()), last.last_event());
            Some(took.filter(|_| last.class.delivered()).unwrap_or(f64::INFINITY))
        };
        series.iter().map(wait).collect()
    }

    /// Which requests a share of attempts is of, where the cache chose them.
    fn chosen(&self) -> String {
        match self.slice.cached() {
            0 => String::new(),
            cached => {
                format!("; of those not known: the cache gave {cached} of {}", self.slice.requests.len())
            }
        }
    }

    /// A quantile, mean or maximum of a series in send order.
    fn sample(
        &self,
        stat: Stat,
        series: &Series,
        order: &Result<stats::SendOrder<'_>, StatError>,
    ) -> Estimate {
        let values = &series.values;
        let Ok(order) = order else {
            return self.absent(stat, &self.why_absent(), series.n);
        };
        let sorted = order.sorted();
        let (value, interval) = match stat.quantile() {
            Some(p) => (stats::quantile(sorted, p), order.quantile(p, LEVEL).map(|b| b.interval)),
            None if stat == Stat::Max => (sorted.last().copied(), Err(NoInterval::Count)),
            None => (
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64),
                order.mean(LEVEL).map(|b| b.interval),
            ),
        };
        let Some(value) = value else {
            return self.absent(stat, &self.why_absent(), series.n);
        };
        let interval = match (stat, &interval) {
            (Stat::Max, _) => Uncertainty::None("a maximum has no interval".into()),
            // Equal values say nothing about the next one: never an interval of one point.
            (_, Ok(i)) if i.low == i.high && sorted.first() == sorted.last() => {
                let none = NoInterval::NoVariance { n: values.len() };
                Uncertainty::None(none.to_string())
            }
            (_, Ok(i)) if i.low == i.high => Uncertainty::None("both ends fall on one value".into()),
            _ => uncertainty(&interval, "batch of requests in send order"),
        };
        self.fill(
            stat,
            Found {
                value: Quantity::Value(value),
                interval,
                n: series.n,
                rule: "linear interpolation, exact; send order per clock".into(),
            },
        )
    }

    /// Mean, total or maximum of an amount per request.
    fn amount(&self, stat: Stat, amounts: &[(Asked, f64)]) -> Estimate {
        let tally = Tally::values(amounts);
        let units = tally.units(Fill::Exclude);
        let n = tally.n(Fill::Exclude, units.len());
        if amounts.is_empty() {
            return self.absent(stat, &self.why_absent(), n);
        }
        if stat == Stat::Mean {
            return match stats::clustered_mean(&units, None, LEVEL) {
                Ok(found) => self.clustered(stat, &found, n, tally.unit_name()),
                Err(why) => self.absent(stat, &why.to_string(), n),
            };
        }
        let values = amounts.iter().map(|(_, x)| *x);
        let value = match stat {
            Stat::Max => values.fold(f64::NEG_INFINITY, f64::max),
            _ => values.sum(),
        };
        let unknown = self.slice.requests.len() - amounts.len();
        self.fill(
            stat,
            Found {
                value: Quantity::Value(value),
                interval: Uncertainty::None(NoInterval::Count.to_string()),
                n,
                rule: format!("{unknown} requests without a reported count are left out"),
            },
        )
    }

    /// A quotient of sums over units of sampling.
    fn ratio(&self, stat: Stat, pairs: &[(Asked, (f64, f64))], of: &Quotient<'_>) -> Estimate {
        let sums = pairs.iter().map(|(a, (up, down))| (Unit::of(a), (0.0 + up, 0.0 + down))).collect();
        let units = grouped(sums, |sums: &mut (f64, f64), (up, down)| {
            sums.0 += up;
            sums.1 += down;
        });
        let n = N {
            cases: distinct_cases(self.slice.view, pairs.iter().map(|(a, _)| *a)),
            requests: pairs.len() as u64,
            records: pairs.len() as u64,
            clusters: units.len() as u64,
            ..N::default()
        };
        let rows: Vec<(f64, f64)> = units.into_iter().map(|(_, sums)| sums).collect();
        let unit = unit_name(self.slice);
        match of(&rows) {
            Ok(found) => self.clustered(stat, &found, n, unit),
            Err(StatError::OutOfRange { .. }) if self.wanted.metric.unit == UnitOf::Currency => {
                self.absent(stat, "no right answer", n)
            }
            Err(_) => self.absent(stat, &self.why_absent(), n),
        }
    }
}

/// An interval of the statistics library, or its reason; of what cannot be negative: times, counts,
/// shares, costs.
pub(crate) fn uncertainty(found: &Result<stats::Interval, NoInterval>, unit: &str) -> Uncertainty {
    uncertainty_from(found, 0.0, unit)
}

/// The same of what cannot be below `lowest`.
fn uncertainty_from(found: &Result<stats::Interval, NoInterval>, lowest: f64, unit: &str) -> Uncertainty {
    match found {
        Ok(i) => Uncertainty::Interval(Interval::of(&i.clipped((lowest, f64::INFINITY)), unit)),
        Err(why) => Uncertainty::None(why.to_string()),
    }
}

/// Number of different things.
pub(crate) fn distinct<T: std::hash::Hash + Eq>(things: impl Iterator<Item = T>) -> u64 {
    things.collect::<HashSet<T>>().len() as u64
}

/// Number of different requests.
fn distinct_requests(view: &View, requests: impl Iterator<Item = usize>) -> u64 {
    let mut marks = Marks::below(view.requests());
    requests.for_each(|request| marks.add(request));
    marks.count()
}

/// What identifies the case of a request: its index, or the request where prompts are synthetic.
pub(crate) fn case_of(a: &Asked) -> (bool, usize) {
    match a.last().case() {
        Some(case) => (true, case),
        None => (false, a.request),
    }
}

/// Case and unit of sampling of a request.
pub(crate) fn unit_of(a: &Asked) -> ((bool, usize), String) {
    let unit = match a.case() {
        Some(case) => case.unit().to_owned(),
        None => format!("request {}", a.request),
    };
    (case_of(a), unit)
}

/// Words for the unit of sampling of a slice.
pub(crate) fn unit_name(slice: &Slice) -> &'static str {
    let mut cases = slice.asked().map(|a| a.case());
    if cases.clone().any(|c| c.is_some_and(|c| c.cluster.is_some())) {
        "cluster"
    } else if cases.any(|c| c.is_some()) {
        "case"
    } else {
        "request"
    }
}

/// Attempts of a slice in send order, clock after clock.
pub(crate) fn in_send_order<'s, 'v>(slice: &'s Slice<'v>) -> impl Iterator<Item = (Asked<'v>, usize)> + 's {
    let view = slice.view;
    slice.order().iter().map(move |(request, row)| (view.asked(*request as usize), *row as usize))
}

/// Request and flag of each valid attempt in send order.
fn events(slice: &Slice, row: &dyn Fn(&Asked, &Cells) -> Option<bool>) -> Vec<(usize, bool)> {
    in_send_order(slice).filter_map(|(a, i)| Some((a.request, row(&a, a.view.row(i))?))).collect()
}

/// The most neighbours that may carry the information of one before errors count as coming together.
const ISOLATED: f64 = 2.0;
/// Time blocks of errors that come together.
const BLOCKS: usize = 30;

/// Interval of a share in send order: isolated events, one incident, or time blocks.
fn event_interval(flags: &[bool], rare: bool) -> (Result<stats::Interval, NoInterval>, &'static str) {
    let n = flags.len();
    let events = flags.iter().filter(|f| **f).count();
    let bad: Vec<bool> = flags.iter().map(|f| *f == rare).collect();
    let failures = bad.iter().filter(|b| **b).count();
    let runs = bad.iter().zip(std::iter::once(&false).chain(&bad));
    let incidents = runs.filter(|(now, before)| **now && !**before).count();
    if failures >= 3 && incidents == 1 {
        return (Err(NoInterval::OneIncident), "incident");
    }
    let series: Vec<f64> = flags.iter().map(|f| f64::from(u8::from(*f))).collect();
    let tau = stats::autocorrelation_time(&series).unwrap_or(1.0);
    if tau <= ISOLATED || failures < 3 {
        return (stats::proportion(events as u64, n as u64, LEVEL), "attempt");
    }
    let blocks = (n as f64 / (2.0 * tau)).floor().min(BLOCKS as f64) as usize;
    if blocks < 10 {
        let reason =
            NoInterval::TooFew { what: "time blocks (errors come together)", have: blocks, need: 10 };
        return (Err(reason), "time block");
    }
    let units: Vec<Sums> = (0..blocks)
        .map(|k| {
            let block = &series[k * n / blocks..(k + 1) * n / blocks];
            Sums { cases: block.len() as u32, sum: block.iter().sum() }
        })
        .collect();
    let found = stats::clustered_proportion(&units, LEVEL).map_err(NoInterval::from);
    (found.and_then(|c| c.interval), "time block")
}

/// Values in send order.
pub(crate) struct Series {
    pub(crate) values: Vec<f64>,
    pub(crate) n: N,
}

/// Values of attempts in send order; with [`Population::All`] a request without
/// an answer takes the place of its last attempt.
pub(crate) fn samples(
    slice: &Slice,
    row: fn(&Asked, usize) -> Seen,
    failed: WhenFailed,
    population: Population,
) -> Series {
    let worst = match failed {
        WhenFailed::Infinite => Some(f64::INFINITY),
        WhenFailed::Zero => Some(0.0),
        WhenFailed::Skipped => None,
    };
    let worst = worst.filter(|_| population == Population::All);
    let mut values = Vec::new();
    let mut counted: Vec<Asked> = Vec::new();
    let mut is_observable = false;
    for (a, i) in in_send_order(slice) {
        // Nobody was asked: it neither took a time nor waited for ever.
        if slice.view.is_cached(slice.view.row(i)) {
            continue;
        }
        let last = a.last().class;
        // Who left on purpose did not wait for ever.
        let is_left = last == OutcomeClass::Failed(Cause::ClientCancel);
        let is_lost = i + 1 == a.range().end && !last.delivered() && !is_left;
        let seen = row(&a, i);
        is_observable |= !matches!(seen, Seen::Absent);
        let value = match seen {
            Seen::Value(v) => Some(v),
            Seen::Never => worst,
            Seen::Absent if is_lost => worst,
            Seen::Absent => None,
        };
        if let Some(value) = value {
            values.push(value);
            counted.push(a);
        }
    }
    // Answers came and none can have such a value: failures alone say nothing about it.
    let answered = |a: Asked| a.last().class.delivered() && !slice.view.is_cached(a.last());
    if !is_observable && slice.asked().any(answered) {
        values.clear();
        counted.clear();
    }
    let n = N {
        cases: distinct_cases(slice.view, counted.iter().copied()),
        requests: distinct_requests(slice.view, counted.iter().map(|a| a.request)),
        records: values.len() as u64,
        clusters: values.len() as u64,
        ..N::default()
    };
    Series { values, n }
}
