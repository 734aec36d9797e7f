//! Quality against speed against cost, over the places of one or more runs.
//!
//! Main function: [`frontier`]. A pure function of estimates: which number an axis is, who stands on
//! the Pareto line by plain values, and whether the intervals leave that open. Own intervals that
//! do not overlap settle more than is needed; paired differences of one run are in its matrix.

use crate::estimate::{Estimate, Family, Labels};
use crate::findings::Findings;
use crate::metric::{Better, metric};
use crate::rates::WINDOW;
use crate::view::is_place;
use acidtest_record::Stat;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// Label of who counted tokens.
const SOURCE: &str = "source";
/// Most places that are weighed.
const MOST_POINTS: usize = 2000;

/// What is asked for; what is not named is chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontierAxes {
    /// From left to right.
    pub x: Option<String>,
    /// Upwards.
    pub y: Option<String>,
    /// How large a point is.
    pub size: Option<String>,
}

/// Places of runs by two numbers, with their Pareto line.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Frontier {
    /// What `x`, `y` and `size` may be.
    pub axes: Vec<FrontierAxis>,
    /// The number from left to right.
    pub x: String,
    /// The number upwards.
    pub y: String,
    /// What the size of a point is, if anything.
    pub size: Option<String>,
    /// Each target under each phase with each prompt of each run.
    pub points: Vec<FrontierPoint>,
    /// Points of the Pareto line by their index, from left to right; empty where a number of the
    /// two has no good direction.
    pub line: Vec<u64>,
    /// Quality against the load: one for each place whose load is a rate or a number of users.
    pub under_load: Vec<LoadPoint>,
    /// Places that were left out for their number.
    pub left_out: u64,
}

/// A number that places can be compared by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FrontierAxis {
    /// `ttft.p50`, `accuracy.share` …
    pub name: String,
    /// Its unit; where runs have prices in several currencies, that of the first.
    pub unit: String,
    /// `higher`, `lower` or `neither`.
    pub better: BetterWord,
}

/// Which direction is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BetterWord {
    /// More.
    Higher,
    /// Less.
    Lower,
    /// Neither.
    Neither,
}

impl From<Better> for BetterWord {
    fn from(better: Better) -> Self {
        match better {
            Better::Higher => Self::Higher,
            Better::Lower => Self::Lower,
            Better::Neither => Self::Neither,
        }
    }
}

/// One place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FrontierPoint {
    /// The run's id.
    pub run: String,
    /// The run's name.
    pub run_name: String,
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// The number from left to right; null where the place has none.
    pub x: Option<Estimate>,
    /// The number upwards.
    pub y: Option<Estimate>,
    /// The number that is its size.
    pub size: Option<Estimate>,
    /// Whether no other place is at least as good in both and better in one, by plain values.
    pub on_front: bool,
    /// Whether the intervals settle that: false where one leaves open which of two places is ahead.
    pub certain: bool,
}

/// Quality of a place under its load.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct LoadPoint {
    /// The run's id.
    pub run: String,
    /// The run's name.
    pub run_name: String,
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Requests per second that were delivered, as measured.
    pub rate: Estimate,
    /// The quality that was measured there.
    pub quality: Estimate,
}

/// An axis that no run has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no run has the number '{name}'")]
pub struct UnknownAxis {
    /// What was asked for, shortened.
    pub name: String,
    /// What there is.
    pub known: Vec<String>,
}

/// The numbers of one place by their names.
struct Spot<'f> {
    run: &'f Findings,
    labels: Labels,
    numbers: BTreeMap<String, &'f Estimate>,
}

/// The places of runs by two numbers.
///
/// # Errors
/// An axis names what no run has.
pub fn frontier(runs: &[&Findings], wanted: &FrontierAxes) -> Result<Frontier, UnknownAxis> {
    let mut spots: Vec<Spot> = runs.iter().flat_map(|r| spots(r)).collect();
    let left_out = spots.len().saturating_sub(MOST_POINTS) as u64;
    spots.truncate(MOST_POINTS);
    let axes = axes(&spots);
    let quality = axes.iter().find(|a| a.name == "accuracy.share").or_else(|| first_quality(&axes, &spots));
    let quality = quality.map(|a| a.name.clone());
    let named = |name: &Option<String>, usual: &[&str]| match name {
        Some(name) if axes.iter().any(|a| a.name == *name) => Ok(Some(name.clone())),
        Some(name) => Err(UnknownAxis {
            name: name.chars().take(80).collect(),
            known: axes.iter().map(|a| a.name.clone()).collect(),
        }),
        None => Ok(usual.iter().find(|u| axes.iter().any(|a| a.name == **u)).map(|u| (*u).to_owned())),
    };
    let x = named(&wanted.x, &["e2e.p50", "ttft.p50"])?;
    let y = named(&wanted.y, &[quality.as_deref().unwrap_or("accuracy.share"), "error_rate.share"])?;
    let size = named(&wanted.size, &["cost.mean"])?;
    let (x, y) = (x.unwrap_or_else(|| "e2e.p50".into()), y.unwrap_or_else(|| "accuracy.share".into()));
    let mut points: Vec<FrontierPoint> = spots.iter().map(|s| point(s, &x, &y, size.as_deref())).collect();
    let better = |name: &str| axes.iter().find(|a| a.name == name).map(|a| a.better);
    let line = mark(&mut points, better(&x), better(&y));
    let under_load = quality.map_or(Vec::new(), |q| spots.iter().filter_map(|s| loaded(s, &q)).collect());
    Ok(Frontier { axes, x, y, size, points, line, under_load, left_out })
}

/// The places of a run that were asked anything.
fn spots(findings: &Findings) -> Vec<Spot<'_>> {
    let mut spots: Vec<Spot> = Vec::new();
    for e in &findings.estimates {
        let Some(labels) = place_of(e) else { continue };
        let at = spots.iter().position(|s| s.labels == labels).unwrap_or_else(|| {
            spots.push(Spot { run: findings, labels, numbers: BTreeMap::new() });
            spots.len() - 1
        });
        // A rate over the steady window comes before that over the whole run.
        let numbers = &mut spots[at].numbers;
        let name = format!("{}.{}", e.name(), e.stat.id());
        let has = numbers.get(&name).is_some_and(|before| before.number().is_some() || e.number().is_none());
        if !has {
            numbers.insert(name, e);
        }
    }
    spots.retain(|s| s.numbers.values().any(|e| e.number().is_some() || e.n.of > 0));
    spots
}

/// Whether an estimate is about a whole place.
pub(crate) fn is_weighed(e: &Estimate) -> bool {
    place_of(e).is_some()
}

/// The place that an estimate is about; absent where it is narrowed by a tag.
fn place_of(e: &Estimate) -> Option<Labels> {
    let mut labels = e.labels.clone();
    labels.remove(WINDOW);
    labels.remove(SOURCE);
    is_place(&labels).then_some(labels)
}

/// Every number that some place has, in the order of reports.
fn axes(spots: &[Spot]) -> Vec<FrontierAxis> {
    let mut found: BTreeMap<(Family, &str), FrontierAxis> = BTreeMap::new();
    for (name, e) in spots.iter().flat_map(|s| &s.numbers).filter(|(_, e)| e.number().is_some()) {
        found.entry((e.family, name)).or_insert_with(|| FrontierAxis {
            name: name.clone(),
            unit: e.unit.clone(),
            better: direction(e).into(),
        });
    }
    found.into_values().collect()
}

/// A scorer's mean is the metric `score`.
fn direction(e: &Estimate) -> Better {
    metric(&e.metric).or_else(|| metric("score")).map_or(Better::Neither, |m| m.better)
}

fn first_quality<'a>(axes: &'a [FrontierAxis], spots: &[Spot]) -> Option<&'a FrontierAxis> {
    let is_score = |a: &&FrontierAxis| {
        a.better == BetterWord::Higher
            && spots.iter().filter_map(|s| s.numbers.get(&a.name)).any(|e| {
                e.family == Family::Quality && matches!(e.stat, Stat::Mean | Stat::Value | Stat::Share)
            })
    };
    let is_mean = |a: &&FrontierAxis| is_score(a) && a.name.ends_with(".mean");
    axes.iter().find(is_mean).or_else(|| axes.iter().find(is_score))
}

fn point(spot: &Spot, x: &str, y: &str, size: Option<&str>) -> FrontierPoint {
    let number = |name: &str| spot.numbers.get(name).map(|e| (*e).clone());
    FrontierPoint {
        run: spot.run.run.id.clone(),
        run_name: spot.run.run.name.clone(),
        labels: spot.labels.clone(),
        x: number(x),
        y: number(y),
        size: size.and_then(number),
        on_front: false,
        certain: false,
    }
}

/// One number of a point, turned so that more is better.
#[derive(Clone, Copy)]
struct Turned {
    value: f64,
    low: f64,
    high: f64,
}

impl Turned {
    /// Without an interval everything is possible, and so it is where the value is not valid or
    /// lies somewhere between two.
    fn of(e: &Estimate, better: BetterWord) -> Option<Self> {
        let value = e.number().filter(|v| v.is_finite())?;
        let ends = e.ends().filter(|_| e.is_valid() && e.value_low.is_none());
        let low = ends.and_then(|i| i.low).unwrap_or(f64::NEG_INFINITY);
        let high = ends.and_then(|i| i.high).unwrap_or(f64::INFINITY);
        Some(match better {
            BetterWord::Lower => Self { value: -value, low: -high, high: -low },
            _ => Self { value, low, high },
        })
    }
}

/// Whether `a` is at least as good in both and better in one.
fn dominates(a: &[Turned; 2], b: &[Turned; 2]) -> bool {
    let pairs = || a.iter().zip(b);
    pairs().all(|(a, b)| a.value >= b.value) && pairs().any(|(a, b)| a.value > b.value)
}

/// Whether it surely is, as far as intervals tell.
fn surely_dominates(a: &[Turned; 2], b: &[Turned; 2]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.low > b.high)
}

/// Whether it surely is not: `b` is surely ahead of `a` in something.
fn surely_not(a: &[Turned; 2], b: &[Turned; 2]) -> bool {
    a.iter().zip(b).any(|(a, b)| b.low > a.high)
}

/// Marks the points of the front; gives its line.
fn mark(points: &mut [FrontierPoint], x: Option<BetterWord>, y: Option<BetterWord>) -> Vec<u64> {
    let (Some(x), Some(y)) = (x, y) else { return Vec::new() };
    if x == BetterWord::Neither || y == BetterWord::Neither {
        return Vec::new();
    }
    let turned = |p: &FrontierPoint| Some([Turned::of(p.x.as_ref()?, x)?, Turned::of(p.y.as_ref()?, y)?]);
    let known: Vec<(usize, [Turned; 2])> =
        points.iter().enumerate().filter_map(|(i, p)| Some((i, turned(p)?))).collect();
    let mut line = Vec::new();
    for (i, own) in &known {
        let others = || known.iter().filter(|(j, _)| j != i).map(|(_, other)| other);
        let point = &mut points[*i];
        point.on_front = !others().any(|other| dominates(other, own));
        point.certain = match point.on_front {
            true => others().all(|other| surely_not(other, own)),
            false => others().any(|other| surely_dominates(other, own)),
        };
        if point.on_front {
            line.push((*i, point.x.as_ref().and_then(Estimate::number).unwrap_or_default()));
        }
    }
    line.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    line.into_iter().map(|(i, _)| i as u64).collect()
}

/// Quality at the rate that was measured, where the load was planned.
fn loaded(spot: &Spot, quality: &str) -> Option<LoadPoint> {
    let phase = spot.labels.get("phase")?;
    let phase = spot.run.run.phases.iter().find(|p| p.name == *phase)?;
    phase.asked?;
    let number = |name: &str| spot.numbers.get(name).filter(|e| e.number().is_some());
    Some(LoadPoint {
        run: spot.run.run.id.clone(),
        run_name: spot.run.run.name.clone(),
        labels: spot.labels.clone(),
        rate: (*number("requests_per_s.rate")?).clone(),
        quality: (*number(quality)?).clone(),
    })
}
