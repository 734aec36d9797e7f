//! Two tables of the same cases: differences, their tests, and the cases that changed most.
//!
//! Main function: [`contrast`]. Differences are second minus first. Both systems get the same
//! draws; p comes from swapping whole units.

use super::catalogue::{Summary, Wanted};
use super::texts::{Settings, TextTable, stat};
use crate::compare::{State, Test};
use crate::estimate::{Interval, Labels};
use crate::metric::Better;
use acidtest_metrics::stats::{
    MeanDifference, NoInterval, PairedCounts, Pcg64, Resampling, Rows, SETTLING_POWER, Shown, StatError,
    Unit, clustered_mean, holm, holm_level, mcnemar_exact, randomise, resample_chunk, summarise_resamples,
    tango,
};
use serde::Serialize;
use std::collections::HashMap;

/// Changed cases that are listed of each metric.
const LISTED: usize = 5;

/// A case whose score changed.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct ChangedCase {
    /// The case.
    pub id: String,
    /// The metric.
    pub metric: String,
    /// Its score of the first file.
    pub base: f64,
    /// Its score of the second.
    pub other: f64,
    /// Second minus first.
    pub difference: f64,
}

/// Differences of two tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Contrasted {
    /// One for each metric.
    pub tests: Vec<Test>,
    /// The cases that changed most, by metric.
    pub changed: Vec<ChangedCase>,
}

/// Why two tables cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Unpaired {
    /// They were not scored the same way.
    #[error("{metric} was computed in two ways: {first} and {second}")]
    Signature {
        /// The metric.
        metric: String,
        /// How the first was.
        first: String,
        /// How the second was.
        second: String,
    },
    /// Their metrics are not the same.
    #[error("the metrics differ: {first} and {second}")]
    Metrics {
        /// Of the first.
        first: String,
        /// Of the second.
        second: String,
    },
    /// One name stands for several cases.
    #[error("several cases are called '{0}', so that they cannot be paired by id")]
    Repeated(String),
    /// No case of one has a partner.
    #[error("no case of the one is a case of the other with the same references")]
    Nothing,
    /// The numbers cannot be compared.
    #[error(transparent)]
    Numbers(#[from] StatError),
}

struct Paired {
    /// Places in the first and in the second table.
    pairs: Vec<(usize, usize)>,
    /// Rows of both systems, one behind the other, by unit.
    first: Rows,
    second: Rows,
    sizes: Vec<u32>,
    only: (u64, u64),
}

impl Paired {
    /// Yes and no of both systems, where every unit is one case of a share; the second system is
    /// the first of these counts, since differences are second minus first.
    fn counts(&self, table: &TextTable, wanted: &Wanted) -> Option<PairedCounts> {
        if wanted.metric.summary != Summary::Share || self.sizes.iter().any(|cases| *cases != 1) {
            return None;
        }
        let column = table.column(wanted);
        let mut counts = PairedCounts { both: 0, only_first: 0, only_second: 0, neither: 0 };
        for unit in 0..self.sizes.len() {
            let (base, other) = (self.first.row(unit)[column], self.second.row(unit)[column]);
            if [base, other].iter().any(|x| *x != 0.0 && *x != 1.0) {
                return None;
            }
            match (other == 1.0, base == 1.0) {
                (true, true) => counts.both += 1,
                (true, false) => counts.only_first += 1,
                (false, true) => counts.only_second += 1,
                (false, false) => counts.neither += 1,
            }
        }
        Some(counts)
    }
}

/// Differences of the second table to the first over the cases that both have (same id, same
/// references).
///
/// # Errors
/// Other metrics or signatures, ids that stand for several cases, no common case.
pub fn contrast(
    (first, second): (&TextTable, &TextTable),
    names: (&str, &str),
    how: &Settings,
) -> Result<Contrasted, Unpaired> {
    check(first, second)?;
    let paired = pair(first, second)?;
    let intervals = Intervals::of(first, &paired, how);
    let mut tests = open_tests(&intervals, names, how)?;
    correct(&intervals, how, &mut tests);
    Ok(Contrasted {
        tests: tests.into_iter().map(|t| t.0).collect(),
        changed: changed(first, second, &paired),
    })
}

fn check(first: &TextTable, second: &TextTable) -> Result<(), Unpaired> {
    let (a, b) = (first.signatures(), second.signatures());
    let names =
        |all: &[super::Signature]| all.iter().map(|s| s.metric.clone()).collect::<Vec<_>>().join(", ");
    if a.len() != b.len() || a.iter().zip(&b).any(|(a, b)| a.metric != b.metric) {
        return Err(Unpaired::Metrics { first: names(&a), second: names(&b) });
    }
    match a.into_iter().zip(b).find(|(a, b)| a != b) {
        Some((a, b)) => {
            Err(Unpaired::Signature { metric: a.metric, first: a.signature, second: b.signature })
        }
        None => Ok(()),
    }
}

/// Places of the cases that both have. Where both name the same cases in the same order, names
/// may be repeated.
fn partners(first: &TextTable, second: &TextTable) -> Result<Vec<(usize, usize)>, Unpaired> {
    let same = |i: usize, k: usize| second.cases[k].reference == first.cases[i].reference;
    let ids = |table: &TextTable| table.cases.iter().map(|c| c.id.clone()).collect::<Vec<_>>();
    if ids(first) == ids(second) {
        return Ok((0..first.cases.len()).filter(|i| same(*i, *i)).map(|i| (i, i)).collect());
    }
    for table in [first, second] {
        if let Some(id) = table.repeated_id() {
            return Err(Unpaired::Repeated(id.to_owned()));
        }
    }
    let known: HashMap<&str, usize> =
        second.cases.iter().enumerate().map(|(i, c)| (c.id.as_str(), i)).collect();
    let partner = |(i, case): (usize, &super::ScoredCase)| {
        let other = *known.get(case.id.as_str())?;
        same(i, other).then_some((i, other))
    };
    Ok(first.cases.iter().enumerate().filter_map(partner).collect())
}

fn pair(first: &TextTable, second: &TextTable) -> Result<Paired, Unpaired> {
    let pairs = partners(first, second)?;
    if pairs.is_empty() {
        return Err(Unpaired::Nothing);
    }
    let (units, n) = first.units(pairs.iter().map(|p| p.0));
    let width = first.rows.width();
    let (mut a, mut b, mut sizes) = (Rows::new(width), Rows::new(width), vec![0; n]);
    for ((i, k), unit) in pairs.iter().zip(units) {
        while a.len() <= unit {
            a.push();
            b.push();
        }
        a.add(unit, first.rows.row(*i));
        b.add(unit, second.rows.row(*k));
        sizes[unit] += 1;
    }
    let only = |table: &TextTable| (table.cases.len() - pairs.len()) as u64;
    let only = (only(first), only(second));
    Ok(Paired { first: a, second: b, sizes, only, pairs })
}

/// A test with its resampled standard error.
type Open = (Test, Option<f64>);

fn open_tests(intervals: &Intervals, names: (&str, &str), how: &Settings) -> Result<Vec<Open>, Unpaired> {
    let (table, paired) = (intervals.table, intervals.paired);
    let wanted = &table.chosen.wanted;
    let finish = |sums: &[f64], out: &mut [Option<f64>]| table.finish(sums, out);
    let mut values = (vec![None; wanted.len()], vec![None; wanted.len()]);
    finish(&paired.first.sums(), &mut values.0);
    finish(&paired.second.sums(), &mut values.1);
    let mut random = Pcg64::seeded(how.resampling.seed);
    let both = (&paired.first, &paired.second);
    let p = match wanted.is_empty() {
        true => Vec::new(),
        false => randomise(both, wanted.len(), how.trials, &mut random, &finish)?,
    };
    let one = |(k, w): (usize, &Wanted)| {
        let (found, standard_error) = intervals.at(w, k, how.resampling.level);
        let (base_value, other_value) = (values.0[k], values.1[k]);
        let unit = table.unit_name();
        let (interval, interval_none) = match found {
            Ok(i) => (Some(Interval::of(&i, unit)), None),
            Err(why) => (None, Some(why.to_string())),
        };
        let test = Test {
            name: w.metric.id.to_owned(),
            stat: stat(w.metric).id(),
            family: "quality",
            labels: Labels::new(),
            base: Labels::from([("target".to_owned(), names.0.to_owned())]),
            other: Labels::from([("target".to_owned(), names.1.to_owned())]),
            unit: w.metric.unit.to_owned(),
            better: better(w).id(),
            base_value,
            other_value,
            difference: base_value.zip(other_value).map(|(a, b)| b - a),
            interval,
            interval_none,
            corrected: None,
            method: match paired.counts(table, w) {
                Some(_) => "McNemar exact".to_owned(),
                None => "approximate randomisation over units".to_owned(),
            },
            p: None,
            p_raw: match paired.counts(table, w) {
                Some(counts) => Some(mcnemar_exact(counts.only_first, counts.only_second)),
                // Equal systems: every swap does as much, which a strict count would miss.
                None if values.0[k].is_some() && values.0[k] == values.1[k] => Some(1.0),
                None => p.get(k).copied().flatten(),
            },
            of: 0,
            pairs: paired.pairs.len() as u64,
            units: paired.sizes.len() as u64,
            only_base: paired.only.0,
            only_other: paired.only.1,
            state: State::Undecided,
            detectable: None,
            settles_at: None,
            stated: Vec::new(),
            invalid: None,
            how: how_of(table, k, how),
        };
        (test, standard_error)
    };
    Ok(wanted.iter().enumerate().map(one).collect())
}

fn how_of(table: &TextTable, k: usize, how: &Settings) -> String {
    let signature = table.chosen.signatures(table.references).swap_remove(k).1;
    let Resampling { resamples, seed, .. } = how.resampling;
    format!(
        "second minus first, {signature}|bs:{resamples}|ar:{}|seed:{seed}|unit:{}|acidtest:{}",
        how.trials,
        table.unit_name(),
        env!("CARGO_PKG_VERSION")
    )
}

fn better(wanted: &Wanted) -> Better {
    match wanted.metric.higher_is_better {
        Some(true) => Better::Higher,
        Some(false) => Better::Lower,
        None => Better::Neither,
    }
}

/// Intervals of differences at any level, from one set of draws.
struct Intervals<'t> {
    table: &'t TextTable,
    paired: &'t Paired,
    how: Resampling,
    drawn: Result<Vec<Option<f64>>, NoInterval>,
}

impl<'t> Intervals<'t> {
    fn of(table: &'t TextTable, paired: &'t Paired, how: &Settings) -> Self {
        let drawn = match paired.sizes.len() {
            n if n < 2 => Err(NoInterval::TooFew { what: "units of sampling", have: n, need: 2 }),
            _ => Ok(Self::draw(table, paired, how.resampling)),
        };
        Self { table, paired, how: how.resampling, drawn }
    }

    fn draw(table: &TextTable, paired: &Paired, how: Resampling) -> Vec<Option<f64>> {
        let (outputs, width) = (table.chosen.wanted.len(), paired.first.width());
        let mut both = Rows::new(2 * width);
        for unit in 0..paired.first.len() {
            let (a, b) = both.push().split_at_mut(width);
            a.copy_from_slice(paired.first.row(unit));
            b.copy_from_slice(paired.second.row(unit));
        }
        let finish = |sums: &[f64], out: &mut [Option<f64>]| {
            let mut base = vec![None; outputs];
            table.finish(&sums[..width], &mut base);
            table.finish(&sums[width..], out);
            for (value, base) in out.iter_mut().zip(base) {
                *value = value.zip(base).map(|(b, a)| b - a);
            }
        };
        if outputs == 0 {
            return Vec::new();
        }
        resample_chunk(&both, outputs, how.resamples, &mut Pcg64::seeded(how.seed), &finish)
    }

    /// The interval at a level, with the standard error.
    fn at(
        &self,
        wanted: &Wanted,
        k: usize,
        level: f64,
    ) -> (Result<acidtest_metrics::stats::Interval, NoInterval>, Option<f64>) {
        if matches!(wanted.metric.summary, Summary::Mean | Summary::Share) {
            let column = self.table.column(wanted);
            let unit = |(i, cases): (usize, &u32)| {
                let sum = self.paired.second.row(i)[column] - self.paired.first.row(i)[column];
                Unit { cases: *cases, sum }
            };
            let units: Vec<Unit> = self.paired.sizes.iter().enumerate().map(unit).collect();
            let found = match clustered_mean(&units, Some((-1.0, 1.0)), level) {
                Ok(found) => found,
                Err(why) => return (Err(why.into()), None),
            };
            return match self.paired.counts(self.table, wanted) {
                Some(counts) => (tango(counts, level), found.standard_error),
                None => (found.interval, found.standard_error),
            };
        }
        let outputs = self.table.chosen.wanted.len();
        let how = Resampling { level, ..self.how };
        match &self.drawn {
            Err(why) => (Err(why.clone()), None),
            Ok(drawn) => {
                let found = summarise_resamples(drawn, outputs, self.paired.sizes.len(), how).swap_remove(k);
                (found.interval, found.standard_error)
            }
        }
    }
}

/// Holm over all differences that have a p, then what may be said.
fn correct(intervals: &Intervals, how: &Settings, found: &mut [Open]) {
    let table = intervals.table;
    let level = how.resampling.level;
    let tested: Vec<usize> = (0..found.len()).filter(|i| found[*i].0.p_raw.is_some()).collect();
    let raw: Vec<f64> = tested.iter().filter_map(|i| found[*i].0.p_raw).collect();
    let (adjusted, levels) = (holm(&raw), holm_level(&raw, level));
    for (step, i) in tested.into_iter().enumerate() {
        let wanted = &table.chosen.wanted[i];
        let (test, standard_error) = &mut found[i];
        (test.of, test.p) = (raw.len() as u64, Some(adjusted[step]));
        let corrected = intervals.at(wanted, i, levels[step]).0.ok();
        test.corrected = corrected.as_ref().map(|i| Interval::of(i, table.unit_name()));
        if let (Some(value), Some(standard_error)) = (test.difference, *standard_error) {
            let shown = Shown { alpha: 1.0 - levels[step], power: SETTLING_POWER };
            let now = MeanDifference { value, standard_error, pairs: test.pairs, units: test.units };
            test.detectable = shown.detectable_mean(now);
            test.settles_at = shown.pairs_for_mean(now).filter(|n| *n > test.pairs);
        }
        let is_shown = corrected.is_some_and(|i| !i.holds(0.0)) && adjusted[step] <= 1.0 - level;
        if let Some(difference) = test.difference.filter(|d| is_shown && *d != 0.0) {
            test.state = State::of(difference, better(wanted));
            test.settles_at = None;
        }
    }
}

fn changed(first: &TextTable, second: &TextTable, paired: &Paired) -> Vec<ChangedCase> {
    let mut all: Vec<Vec<ChangedCase>> = vec![Vec::new(); first.chosen.wanted.len()];
    for (i, k) in &paired.pairs {
        let values = first.sentence(*i).into_iter().zip(second.sentence(*k));
        for ((own, wanted), (base, other)) in all.iter_mut().zip(&first.chosen.wanted).zip(values) {
            let (Some(base), Some(other)) = (base, other) else { continue };
            if base != other {
                let (id, metric) = (first.cases[*i].id.clone(), wanted.metric.id.to_owned());
                own.push(ChangedCase { id, metric, base, other, difference: other - base });
            }
        }
    }
    for own in &mut all {
        own.sort_by(|a, b| b.difference.abs().total_cmp(&a.difference.abs()));
        own.truncate(LISTED);
    }
    all.into_iter().flatten().collect()
}
