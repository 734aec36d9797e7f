//! Paired differences of slices: tests, corrected over their family.
//!
//! Main function: [`tests`]; main types: [`Side`], [`Test`]. "Better" is said only of a
//! difference whose interval excludes 0 after Holm's correction.

use crate::estimate::{Interval, Labels};
use crate::families::language;
use crate::gate_check::{scorer, scorers};
use crate::measure::Wanted;
use crate::metric::{Better, Unit, metric};
use crate::pair::{Aspect, Contrast, Pairs};
use crate::stated::{self, Stated};
use crate::validity::Guards;
use crate::view::{CORRECT, REFUSED, Slice};
use acidtest_metrics::stats::{SETTLING_POWER, Shown, holm, holm_level};
use acidtest_record::{Load, Stat};
use serde::Serialize;
use std::collections::BTreeSet;

/// Level of intervals, and 1 − the error that the whole family may make.
const LEVEL: f64 = 0.95;

/// A paired difference with its test.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Test {
    /// The metric's id with its parameters, or a scorer's name.
    pub name: String,
    /// Which number of it: `share`, `mean`, `p50`.
    pub stat: &'static str,
    /// Section of the report.
    pub family: &'static str,
    /// What both sides have in common: the phase, and a tag where it narrows them.
    pub labels: Labels,
    /// The base: target, prompt, run as far as they tell the sides apart.
    pub base: Labels,
    /// The side that is compared with it.
    pub other: Labels,
    /// Unit of both values and of the difference.
    pub unit: String,
    /// Which direction is good: `higher`, `lower`, `neither`.
    pub better: &'static str,
    /// The base's value over the paired cases.
    pub base_value: Option<f64>,
    /// The other side's value over the paired cases.
    pub other_value: Option<f64>,
    /// Other minus base (a median is the median of the cases' differences).
    pub difference: Option<f64>,
    /// The 95 % interval of the difference by itself.
    pub interval: Option<Interval>,
    /// Why there is none.
    pub interval_none: Option<String>,
    /// Its interval at the level of its step in Holm's procedure: this one decides.
    pub corrected: Option<Interval>,
    /// The test behind p.
    pub method: String,
    /// Its p-value after correction; absent where it is left out.
    pub p: Option<f64>,
    /// Its p-value by itself.
    pub p_raw: Option<f64>,
    /// Tests that are corrected together; 0 where this one is not valid and left out of them.
    pub of: u64,
    /// Cases that both sides delivered.
    pub pairs: u64,
    /// Units of sampling among them.
    pub units: u64,
    /// Cases that only the base delivered.
    pub only_base: u64,
    /// Cases that only the other side delivered.
    pub only_other: u64,
    /// What is said of the other side.
    pub state: State,
    /// The difference that this many pairs would show in four of five runs, at the level of the
    /// test's step in Holm's procedure.
    pub detectable: Option<f64>,
    /// Pairs that would settle the difference if it holds, in four of five runs, at that level;
    /// never so many as are there.
    pub settles_at: Option<u64>,
    /// Differences that were stated, with the pairs that would show each.
    pub stated: Vec<StatedPairs>,
    /// Why it must not be trusted; null when nothing is known against it.
    pub invalid: Option<String>,
    /// How to get the same number again.
    pub how: String,
}

/// How many pairs a stated difference needs.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct StatedPairs {
    /// As stated: `2 pp`.
    pub difference: String,
    /// The same in the unit of the test.
    pub value: f64,
    /// Pairs that would show it in four of five runs, at the level of the test's step in Holm's
    /// procedure, if the cases go on to spread as these do; null where that cannot be said (a
    /// median, or no spread).
    pub pairs: Option<u64>,
}

/// What may be said of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Better by the metric's direction.
    Better,
    /// Worse by the metric's direction.
    Worse,
    /// More, of what is neither good nor bad.
    Higher,
    /// Less, of what is neither good nor bad.
    Lower,
    /// The interval includes 0, or there is none.
    Undecided,
}

impl State {
    /// Stable word.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            State::Better => "better",
            State::Worse => "worse",
            State::Higher => "higher",
            State::Lower => "lower",
            State::Undecided => "undecided",
        }
    }

    /// What a difference says once it is shown.
    pub(crate) fn of(difference: f64, better: Better) -> Self {
        match (difference > 0.0, better) {
            (true, Better::Higher) | (false, Better::Lower) => State::Better,
            (true, Better::Lower) | (false, Better::Higher) => State::Worse,
            (true, Better::Neither) => State::Higher,
            (false, Better::Neither) => State::Lower,
        }
    }
}

/// One side of a comparison.
#[derive(Clone)]
pub(crate) struct Side<'v> {
    pub(crate) slice: Slice<'v>,
    pub(crate) guards: &'v Guards,
    /// What tells it from the other side.
    pub(crate) labels: Labels,
}

/// What is compared by default: accuracy and every score, waiting times, cost.
pub(crate) fn aspects(slice: &Slice) -> Vec<Aspect> {
    let mut all = Vec::new();
    let mut add = |wanted: Option<Wanted>, stats: &[Stat]| {
        let Some(wanted) = wanted else { return };
        all.extend(stats.iter().map(|stat| Aspect { wanted: wanted.clone(), stat: *stat }));
    };
    let plain = |id: &str| metric(id).map(Wanted::plain);
    if slice.view.has_opinion(CORRECT) || slice.view.has_opinion(REFUSED) {
        add(plain("accuracy"), &[Stat::Share]);
    }
    if slice.asked().any(|a| language::is_asked(&a)) {
        for id in ["acc", "acc_norm", "acc_bytes"] {
            add(plain(id), &[Stat::Share]);
        }
    }
    let planned = scorers(slice.view.spec, slice.view.cases);
    let names: BTreeSet<&str> = planned.into_iter().chain(slice.view.score_names()).collect();
    for name in names {
        add(scorer(slice.view.spec, name), &[Stat::Mean]);
    }
    add(plain("ttft"), &[Stat::P50, Stat::Mean]);
    add(plain("e2e"), &[Stat::P50, Stat::Mean]);
    // Where arrivals do not wait for answers, this is what a user waits.
    if slice.load().and_then(Load::spacing).is_some() {
        add(plain("ttft_from_intended"), &[Stat::P50]);
        add(plain("e2e_from_intended"), &[Stat::P50]);
    }
    add(plain("cost"), &[Stat::Mean]);
    all
}

/// The differences of all pairs of sides, as one family. What neither side has is left out.
pub(crate) fn tests(sides: &[(Side, Side)], stated: &[Stated]) -> Vec<Test> {
    let mut found: Vec<(Test, Option<(Pairs, Contrast)>)> = Vec::new();
    for (base, other) in sides {
        let mut said: Vec<(String, Stat)> = Vec::new();
        for aspect in aspects(&base.slice).into_iter().chain(aspects(&other.slice)) {
            let id = (aspect.wanted.name.clone() + &aspect.wanted.param, aspect.stat);
            if said.contains(&id) {
                continue;
            }
            said.push(id);
            found.extend(one(base, other, &aspect));
        }
    }
    correct(&mut found, stated);
    found.into_iter().map(|(test, _)| test).collect()
}

type Open<'v> = (Test, Option<(Pairs<'v>, Contrast)>);

/// One difference, not yet corrected; absent where neither side has such values.
fn one<'v>(base: &Side<'v>, other: &Side<'v>, aspect: &Aspect) -> Option<Open<'v>> {
    let pairs = Pairs::of(&base.slice, &other.slice, aspect);
    if pairs.cases.is_empty() && pairs.only_base.is_empty() && pairs.only_other.is_empty() {
        return None;
    }
    let kind = pairs.kind(aspect);
    let contrast = Contrast::plain(kind, aspect);
    let metric = aspect.wanted.metric;
    let unit = unit(&base.slice, &other.slice, metric.unit);
    let reason = |side: &Side<'v>| side.guards.reason(&side.slice, metric.guard, metric.id);
    let invalid = reason(base).or_else(|| reason(other)).or_else(|| match &unit {
        Ok(_) => None,
        Err(why) => Some(why.clone()),
    });
    let interval = contrast.interval(&pairs, LEVEL);
    let difference = contrast.value(&pairs);
    let side = |scales: (f64, f64)| {
        let (other, base) = scales;
        Contrast { other, base, ..contrast }.value(&pairs)
    };
    let test = Test {
        name: name(&aspect.wanted),
        stat: aspect.stat.id(),
        family: metric.family.id(),
        labels: common(base, other),
        base: base.labels.clone(),
        other: other.labels.clone(),
        unit: unit.unwrap_or_else(|_| metric.unit.id().to_owned()),
        better: metric.better.id(),
        base_value: side((0.0, -1.0)),
        other_value: side((1.0, 0.0)),
        difference,
        interval: interval.as_ref().ok().map(|i| Interval::of(i, pairs.unit_name())),
        interval_none: interval.err().map(|why| why.to_string()),
        corrected: None,
        method: kind.test(&pairs).to_owned(),
        p: None,
        p_raw: contrast.p(&pairs),
        of: 0,
        pairs: pairs.cases.len() as u64,
        units: pairs.units() as u64,
        only_base: pairs.only_base.len() as u64,
        only_other: pairs.only_other.len() as u64,
        state: State::Undecided,
        detectable: None,
        settles_at: None,
        stated: Vec::new(),
        how: how(metric.unit == Unit::Seconds, invalid.is_none(), pairs.unit_name()),
        invalid,
    };
    Some((test, Some((pairs, contrast))))
}

pub(crate) fn name(wanted: &Wanted) -> String {
    match (wanted.metric.param, wanted.is_named) {
        (Some(param), true) => format!("{}[{param}={}]", wanted.name, wanted.param),
        _ => wanted.name.clone(),
    }
}

fn how(is_time: bool, is_valid: bool, unit: &str) -> String {
    let times = "; times are of whole requests under the load of their own run, paired by case and not \
                 by moment: neighbours in time are alike, so the interval may be too narrow";
    format!(
        "other - base over cases that both sides delivered, repeats averaged within the case; unit of \
         sampling: {unit}; Holm over all valid differences of the comparison{}{}; acidtest {}",
        if is_valid { "" } else { ": this one is left out" },
        if is_time { times } else { "" },
        env!("CARGO_PKG_VERSION")
    )
}

/// The unit of a difference; two currencies have none.
fn unit(base: &Slice, other: &Slice, unit: Unit) -> Result<String, String> {
    let currency = |s: &Slice| {
        let price = s.view.target(s.target).and_then(|t| t.price.as_ref());
        price.map_or(Unit::Currency.id().to_owned(), |p| p.currency.clone())
    };
    match unit {
        Unit::Currency if currency(base) != currency(other) => {
            Err(format!("prices in {} and {} cannot be compared", currency(base), currency(other)))
        }
        Unit::Currency => Ok(currency(base)),
        unit => Ok(unit.id().to_owned()),
    }
}

/// Labels that both sides share and that do not tell them apart.
fn common(base: &Side, other: &Side) -> Labels {
    let shared = |k: &String, v: &String| {
        other.slice.labels.get(k) == Some(v) && !base.labels.contains_key(k) && !other.labels.contains_key(k)
    };
    base.slice.labels.iter().filter(|(k, v)| shared(k, v)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// Holm over everything that is valid and has a p, then what may be said. What is not valid is
/// never called, so that it must not cost the others their power.
fn correct(found: &mut [Open], stated: &[Stated]) {
    let tested: Vec<usize> =
        (0..found.len()).filter(|i| found[*i].0.p_raw.is_some() && found[*i].0.invalid.is_none()).collect();
    let raw: Vec<f64> = tested.iter().filter_map(|i| found[*i].0.p_raw).collect();
    let (adjusted, levels) = (holm(&raw), holm_level(&raw, LEVEL));
    for (k, i) in tested.into_iter().enumerate() {
        let (test, behind) = &mut found[i];
        test.of = raw.len() as u64;
        test.p = Some(adjusted[k]);
        let Some((pairs, contrast)) = behind.take() else { continue };
        let shown = Shown { alpha: 1.0 - levels[k], power: SETTLING_POWER };
        (test.detectable, test.settles_at) = contrast.outlook(&pairs, shown);
        test.stated = stated::pairs(stated, test, &|d| contrast.pairs_for(&pairs, shown, d));
        let corrected = contrast.interval(&pairs, levels[k]).ok();
        test.corrected = corrected.as_ref().map(|i| Interval::of(i, pairs.unit_name()));
        let excludes_0 = corrected.is_some_and(|i| !i.holds(0.0));
        let is_shown = excludes_0 && adjusted[k] <= 1.0 - LEVEL;
        if let Some(difference) = test.difference.filter(|d| is_shown && *d != 0.0) {
            let better = [Better::Higher, Better::Lower].into_iter().find(|b| b.id() == test.better);
            test.state = State::of(difference, better.unwrap_or(Better::Neither));
            test.settles_at = None;
        }
    }
}
