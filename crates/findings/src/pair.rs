//! Two slices brought together case by case, and the difference of a metric over them.
//!
//! Main types: [`Aspect`], what is compared; [`Pairs`], the cases that both sides answered;
//! [`Kind`], which statistics fit. Repeats are averaged within the case. The interval
//! mathematics is `acidtest_metrics`'.

use crate::measure::Wanted;
use crate::metric::{Judged, Measure, Seen, Unit};
use crate::view::{Asked, Slice};
use acidtest_metrics::stats::{
    self, Interval, MeanDifference, NoInterval, PairedCounts, Resampling, Shown, Unit as Sums,
    clustered_mean, mcnemar_exact, quantile, sign_flip, tango,
};
use acidtest_record::{Case, Digest, Stat};
use std::collections::BTreeMap;

/// Seed of drawn signs and resamples: a report is the same each time.
const SEED: u64 = 20_261_128;
/// Signs drawn at most, and the work they may be.
const DRAWS: u64 = 9_999;
const WORK: u64 = 20_000_000;

/// A metric and which number of it.
#[derive(Clone)]
pub(crate) struct Aspect {
    pub(crate) wanted: Wanted,
    pub(crate) stat: Stat,
}

impl Aspect {
    /// What one request says, if it says anything.
    fn value(&self, a: &Asked) -> Option<f64> {
        let param = self.wanted.param.as_str();
        let last = a.range().end - 1;
        match &self.wanted.metric.measure {
            Measure::Share(row) | Measure::Score(row) => match row(a, param) {
                Judged::Value(v) => Some(v),
                Judged::Excluded | Judged::Outside => None,
            },
            Measure::Sample(row, _) => match row(a, last) {
                Seen::Value(v) if a.last().class.delivered() => Some(v),
                _ => None,
            },
            Measure::Amount(row) => row(a).filter(|_| a.last().class.delivered()),
            Measure::Event(row) => {
                let flags: Vec<bool> = a.attempts().iter().filter_map(|c| row(a, c, param)).collect();
                let count = flags.iter().filter(|f| **f).count();
                (!flags.is_empty()).then(|| count as f64 / flags.len() as f64)
            }
            // What is of all requests together is of no single one.
            _ => None,
        }
    }

    /// Whether single requests have such a value, so that cases can be paired.
    pub(crate) fn is_pairable(&self) -> bool {
        let measure = &self.wanted.metric.measure;
        let by_request = !matches!(
            measure,
            Measure::Ratio(_)
                | Measure::Scaled(..)
                | Measure::Generalization(_)
                | Measure::Gaps(_)
                | Measure::Rate(_)
                | Measure::Sensed(_)
                | Measure::CasePass
                | Measure::Corpus
        );
        by_request && matches!(self.stat, Stat::Mean | Stat::Share | Stat::P50)
    }

    /// The range that a difference cannot leave.
    pub(crate) fn range(&self) -> Option<(f64, f64)> {
        let metric = self.wanted.metric;
        let range = metric.range.or((metric.unit == Unit::Ratio).then_some((0.0, 1.0)));
        range.map(|(low, high)| (low - high, high - low))
    }

    /// Whether requests are yes or no, or may be by their scores.
    fn may_be_share(&self) -> bool {
        matches!(self.wanted.metric.measure, Measure::Share(_) | Measure::Score(_) | Measure::Event(_))
    }
}

/// One case that both sides answered.
#[derive(Debug, Clone)]
pub(crate) struct PairedCase<'v> {
    pub(crate) case: &'v Case,
    unit: String,
    /// Mean over the base's repeats.
    pub(crate) base: f64,
    /// Mean over the other's repeats.
    pub(crate) other: f64,
}

/// The cases of two slices, side by side.
pub(crate) struct Pairs<'v> {
    /// In the order of their units, which swapping the sides does not change.
    pub(crate) cases: Vec<PairedCase<'v>>,
    pub(crate) only_base: Vec<&'v Case>,
    pub(crate) only_other: Vec<&'v Case>,
    pub(crate) is_clustered: bool,
}

type Means<'v> = BTreeMap<Digest, (f64, u32, &'v Case)>;

fn means<'v>(slice: &Slice<'v>, aspect: &Aspect) -> Means<'v> {
    let mut found: Means = BTreeMap::new();
    for a in slice.asked() {
        let (Some(case), Some(value)) = (a.case(), aspect.value(&a)) else { continue };
        let entry = found.entry(case.hash).or_insert((0.0, 0, case));
        entry.0 += value;
        entry.1 += 1;
    }
    found
}

impl<'v> Pairs<'v> {
    /// Brings the cases of two slices together by their digests.
    pub(crate) fn of(base: &Slice<'v>, other: &Slice<'v>, aspect: &Aspect) -> Self {
        let (left, right) = (means(base, aspect), means(other, aspect));
        let only = |a: &Means<'v>, b: &Means<'v>| {
            a.iter().filter(|(k, _)| !b.contains_key(*k)).map(|(_, (_, _, case))| *case).collect()
        };
        let (only_base, only_other) = (only(&left, &right), only(&right, &left));
        let mut is_clustered = false;
        let mut cases: Vec<PairedCase> = left
            .iter()
            .filter_map(|(hash, (sum, n, case))| {
                let (other_sum, other_n, twin) = right.get(hash)?;
                // Two runs may name the cluster differently: the same choice from both sides.
                let cluster = case.cluster.as_ref().min(twin.cluster.as_ref());
                is_clustered |= cluster.is_some();
                let unit = cluster.map_or_else(|| format!("case {hash}"), |c| format!("cluster {c}"));
                let (base, other) = (sum / f64::from(*n), other_sum / f64::from(*other_n));
                Some(PairedCase { case, unit, base, other })
            })
            .collect();
        cases.sort_by(|a, b| (&a.unit, a.case.hash).cmp(&(&b.unit, b.case.hash)));
        Self { cases, only_base, only_other, is_clustered }
    }

    /// Words for the unit of sampling.
    pub(crate) fn unit_name(&self) -> &'static str {
        if self.is_clustered { "cluster" } else { "case" }
    }

    /// Number of units of sampling.
    pub(crate) fn units(&self) -> usize {
        self.by_unit(&|_| 0.0).len()
    }

    /// Cases and sum of `value` of each unit.
    fn by_unit(&self, value: &dyn Fn(&PairedCase) -> f64) -> Vec<Sums> {
        let mut units: Vec<Sums> = Vec::new();
        let mut name = "";
        for case in &self.cases {
            if units.is_empty() || name != case.unit {
                units.push(Sums { cases: 0, sum: 0.0 });
                name = &case.unit;
            }
            let last = units.last_mut().expect("one was just pushed");
            last.cases += 1;
            last.sum += value(case);
        }
        units
    }

    /// The statistics that fit these values.
    pub(crate) fn kind(&self, aspect: &Aspect) -> Kind {
        let yes_no = |x: f64| x == 0.0 || x == 1.0;
        if aspect.stat == Stat::P50 {
            Kind::Median
        } else if aspect.may_be_share()
            && !self.is_clustered
            && self.cases.iter().all(|c| yes_no(c.base) && yes_no(c.other))
        {
            Kind::Binary
        } else {
            Kind::Mean
        }
    }

    /// How the sides answered, where answers are yes or no. "First" is the other side, so that
    /// differences are other minus base.
    fn counts(&self) -> PairedCounts {
        let mut counts = PairedCounts::default();
        for case in &self.cases {
            *match (case.other >= 0.5, case.base >= 0.5) {
                (true, true) => &mut counts.both,
                (true, false) => &mut counts.only_first,
                (false, true) => &mut counts.only_second,
                (false, false) => &mut counts.neither,
            } += 1;
        }
        counts
    }
}

/// Which statistics a difference gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Yes or no, independent cases: Tango's interval and McNemar's exact test.
    Binary,
    /// A mean over cases: clustered t, and signs flipped by unit.
    Mean,
    /// A median over cases.
    Median,
}

impl Kind {
    /// What the test is called.
    pub(crate) fn test(self, pairs: &Pairs) -> &'static str {
        match self {
            Kind::Binary => "McNemar exact",
            Kind::Mean => "sign flip over units",
            Kind::Median if pairs.is_clustered => "sign flip of signs over units",
            Kind::Median => "exact sign test",
        }
    }
}

/// A difference, weighted: `scale_other · other − scale_base · base` of each case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Contrast {
    pub(crate) kind: Kind,
    pub(crate) other: f64,
    pub(crate) base: f64,
    pub(crate) range: Option<(f64, f64)>,
}

impl Contrast {
    /// Other minus base.
    pub(crate) fn plain(kind: Kind, aspect: &Aspect) -> Self {
        Self { kind, other: 1.0, base: 1.0, range: aspect.range() }
    }

    fn of(&self, case: &PairedCase) -> f64 {
        self.other * case.other - self.base * case.base
    }

    fn sorted(&self, pairs: &Pairs) -> Vec<f64> {
        let mut all: Vec<f64> = pairs.cases.iter().map(|c| self.of(c)).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// The difference; absent without pairs.
    pub(crate) fn value(&self, pairs: &Pairs) -> Option<f64> {
        match self.kind {
            Kind::Median => quantile(&self.sorted(pairs), 0.5),
            _ if pairs.cases.is_empty() => None,
            _ => Some(pairs.cases.iter().map(|c| self.of(c)).sum::<f64>() / pairs.cases.len() as f64),
        }
    }

    /// Its standard error, where the method has one.
    pub(crate) fn standard_error(&self, pairs: &Pairs) -> Option<f64> {
        let found = match self.kind {
            Kind::Binary => pairs.counts().standard_error(),
            Kind::Mean => clustered_mean(&pairs.by_unit(&|c| self.of(c)), None, 0.95).ok()?.standard_error,
            Kind::Median => None,
        };
        found.filter(|se| *se > 0.0)
    }

    /// The difference that these pairs show, and how many would show this one, by the test that
    /// decides. Pairs that are there already and show nothing are no answer.
    pub(crate) fn outlook(&self, pairs: &Pairs, shown: Shown) -> (Option<f64>, Option<u64>) {
        let there = pairs.cases.len() as u64;
        let (detectable, settles_at) = match self.kind {
            Kind::Binary => (shown.detectable_share(pairs.counts()), shown.pairs_for_share(pairs.counts())),
            Kind::Mean | Kind::Median => {
                let mean =
                    self.value(pairs).zip(self.standard_error(pairs)).map(|(value, standard_error)| {
                        MeanDifference { value, standard_error, pairs: there, units: pairs.units() as u64 }
                    });
                (mean.and_then(|m| shown.detectable_mean(m)), mean.and_then(|m| shown.pairs_for_mean(m)))
            }
        };
        (detectable, settles_at.filter(|n| *n > there))
    }

    /// Pairs that would show a stated difference, spread as these are; absent for a median.
    pub(crate) fn pairs_for(&self, pairs: &Pairs, shown: Shown, difference: f64) -> Option<u64> {
        match self.kind {
            Kind::Binary => shown.pairs_for_stated_share(pairs.counts(), difference),
            Kind::Mean | Kind::Median => shown.pairs_for_mean(MeanDifference {
                value: difference,
                standard_error: self.standard_error(pairs)?,
                pairs: pairs.cases.len() as u64,
                units: pairs.units() as u64,
            }),
        }
    }

    /// Its interval at a level.
    pub(crate) fn interval(&self, pairs: &Pairs, level: f64) -> Result<Interval, NoInterval> {
        match self.kind {
            Kind::Binary => tango(pairs.counts(), level),
            Kind::Mean => clustered_mean(&pairs.by_unit(&|c| self.of(c)), self.range, level)?.interval,
            Kind::Median => self.of_median(pairs, level),
        }
    }

    fn of_median(&self, pairs: &Pairs, level: f64) -> Result<Interval, NoInterval> {
        let sorted = self.sorted(pairs);
        let found = match pairs.is_clustered {
            false => stats::quantile_interval(&sorted, 0.5, level)?,
            true => {
                let there = self.resampled(pairs, level, 1.0)?;
                let back = self.resampled(pairs, level, -1.0)?;
                let turned = |x: Option<f64>| x.map(|x| -x);
                let (low, high) = (turned(back.high), turned(back.low));
                // The median of an even number leans to one side: take what both sides say.
                let least = there.low.zip(low).map(|(a, b)| a.min(b));
                let most = there.high.zip(high).map(|(a, b)| a.max(b));
                Interval { low: least, high: most, ..there }
            }
        };
        match found.low.is_some() && found.low == found.high {
            true => Err(NoInterval::NoVariance { n: sorted.len() }),
            false => Ok(found),
        }
    }

    fn resampled(&self, pairs: &Pairs, level: f64, sign: f64) -> Result<Interval, NoInterval> {
        let mut owned: Vec<(f64, u32)> = Vec::with_capacity(pairs.cases.len());
        let (mut unit, mut name) = (0u32, "");
        for case in &pairs.cases {
            unit += u32::from(name != case.unit);
            name = &case.unit;
            owned.push((sign * self.of(case), unit - 1));
        }
        owned.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (sorted, owner): (Vec<f64>, Vec<u32>) = owned.into_iter().unzip();
        let how = Resampling { seed: SEED, level, resamples: 2_000 };
        Ok(stats::bootstrap_pooled_quantile(&sorted, &owner, unit as usize, 0.5, how)?.interval)
    }

    /// Two-sided p of no difference.
    pub(crate) fn p(&self, pairs: &Pairs) -> Option<f64> {
        let sign = |x: f64| if x == 0.0 { 0.0 } else { x.signum() };
        let sums = |value: &dyn Fn(&PairedCase) -> f64| {
            pairs.by_unit(value).into_iter().map(|u| u.sum).collect::<Vec<f64>>()
        };
        let flip = |sums: &[f64]| {
            let draws = DRAWS.min(WORK / sums.len().max(1) as u64).max(1_999) as u32;
            sign_flip(sums, Resampling { seed: SEED, resamples: draws, level: 0.95 }).ok().map(|f| f.p)
        };
        match self.kind {
            _ if pairs.cases.is_empty() => None,
            Kind::Binary => {
                let counts = pairs.counts();
                Some(mcnemar_exact(counts.only_first, counts.only_second))
            }
            Kind::Mean => flip(&sums(&|c| self.of(c))),
            Kind::Median if pairs.is_clustered => flip(&sums(&|c| sign(self.of(c)))),
            Kind::Median => {
                let signs: Vec<f64> = pairs.cases.iter().map(|c| sign(self.of(c))).collect();
                let count = |wanted: f64| signs.iter().filter(|s| **s == wanted).count() as u64;
                Some(mcnemar_exact(count(1.0), count(-1.0)))
            }
        }
    }
}
