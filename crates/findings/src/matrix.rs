//! One row for each target and prompt under each phase, with marks for the Pareto front.
//!
//! Main types: [`MatrixRow`], [`Front`]; main functions: [`rows`], [`sides`]. A mark is only
//! given where paired differences show it; what they leave open is named.

use crate::compare::{Side, State, Test};
use crate::estimate::{Estimate, Interval, Labels};
use crate::validity::Guards;
use crate::view::{PROMPT, View, is_place};
use acidtest_record::Stat;
use serde::Serialize;
use std::collections::BTreeMap;

/// Rows of a phase up to which all pairs are compared; beyond, all with the first.
const ALL_PAIRS: usize = 4;

/// One target with one prompt under one phase.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MatrixRow {
    /// Target, phase, and prompt where there are several.
    pub labels: Labels,
    /// Whether differences are measured from it.
    pub is_base: bool,
    /// Quality, speed, reliability and cost; what was not observed is left out.
    pub columns: Vec<MatrixColumn>,
    /// Where it stands in quality, speed and cost; absent where there is nothing to weigh.
    pub front: Option<Front>,
}

/// One number of a row.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct MatrixColumn {
    /// The metric with its parameters.
    pub name: String,
    /// Which number of it.
    pub stat: &'static str,
    /// Section of the report.
    pub family: &'static str,
    /// Its unit.
    pub unit: String,
    /// The number.
    pub value: f64,
    /// Its own interval; two of them that overlap decide nothing about a difference.
    pub interval: Option<Interval>,
    /// Why there is none.
    pub interval_none: Option<String>,
    /// Why it must not be trusted; null when nothing is known against it.
    pub invalid: Option<String>,
}

/// Where a row stands among those of its phase.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Front {
    /// What is weighed: metric and number.
    pub of: Vec<String>,
    /// Whether no other row is at least as good in all of it by the plain values.
    pub by_value: bool,
    /// What is shown.
    pub mark: Mark,
    /// Rows that are at least as good in everything and better in something, as shown.
    pub dominated_by: Vec<String>,
    /// Rows against which the paired differences decide nothing.
    pub undecided: Vec<String>,
}

/// What paired differences show of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// Shown to be better than each other row in something.
    Front,
    /// Another row is as good by value in everything and shown to be better in something.
    Dominated,
    /// Neither is shown.
    Undecided,
}

/// The columns of a row: metric, number.
const COLUMNS: [(&str, Stat); 5] = [
    ("accuracy", Stat::Share),
    ("ttft", Stat::P50),
    ("e2e", Stat::P50),
    ("error_rate", Stat::Share),
    ("cost", Stat::Mean),
];

/// The rows of a run; none unless it has several targets or prompts.
pub(crate) fn rows(view: &View, estimates: &[Estimate], tests: &[Test]) -> Vec<MatrixRow> {
    if !is_matrix(view) {
        return Vec::new();
    }
    let mut seen: Vec<String> = Vec::new();
    let mut rows: Vec<MatrixRow> = view
        .slices()
        .iter()
        .filter(|s| !s.requests.is_empty())
        .map(|slice| {
            let phase = slice.labels.get("phase").cloned().unwrap_or_default();
            let is_base = !seen.contains(&phase);
            seen.push(phase);
            let columns = columns(estimates, &slice.labels);
            MatrixRow { labels: slice.labels.clone(), is_base, columns, front: None }
        })
        .collect();
    let mut phases: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, row) in rows.iter().enumerate() {
        phases.entry(row.labels.get("phase").cloned().unwrap_or_default()).or_default().push(i);
    }
    for members in phases.values() {
        mark(&mut rows, members, tests);
    }
    rows
}

fn is_matrix(view: &View) -> bool {
    view.spec.targets.len() > 1 || view.spec.prompts.len() > 1
}

/// Pairs of slices of one phase: all of them while they are few, else each with the first.
pub(crate) fn sides<'v>(view: &'v View<'v>, guards: &'v Guards) -> Vec<(Side<'v>, Side<'v>)> {
    if !is_matrix(view) {
        return Vec::new();
    }
    let mut phases: BTreeMap<u16, Vec<Side>> = BTreeMap::new();
    for slice in view.slices().into_iter().filter(|s| !s.requests.is_empty()) {
        let mut labels = slice.labels.clone();
        labels.remove("phase");
        phases.entry(slice.phase).or_default().push(Side { slice, guards, labels });
    }
    let mut pairs = Vec::new();
    for sides in phases.values() {
        let bases = if sides.len() <= ALL_PAIRS { sides.len() } else { 1 };
        for (i, base) in sides.iter().take(bases).enumerate() {
            pairs.extend(sides[i + 1..].iter().map(|other| (base.clone(), other.clone())));
        }
    }
    pairs
}

fn columns(estimates: &[Estimate], labels: &Labels) -> Vec<MatrixColumn> {
    let of_row = |e: &&Estimate| e.labels == *labels && is_place(&e.labels) && e.number().is_some();
    let own: Vec<&Estimate> = estimates.iter().filter(of_row).collect();
    let mut found: Vec<&Estimate> = COLUMNS
        .iter()
        .filter_map(|(id, stat)| {
            own.iter().copied().find(|e| e.metric == *id && e.stat == *stat && e.params.is_empty())
        })
        .collect();
    // Answers that are only measured have a score for quality.
    if found.first().is_none_or(|e| e.metric != "accuracy") {
        let score = own.iter().find(|e| e.family.id() == "quality" && e.stat == Stat::Mean);
        found.splice(0..0, score.copied());
    }
    let column = |e: &Estimate| MatrixColumn {
        name: e.name(),
        stat: e.stat.id(),
        family: e.family.id(),
        unit: e.unit.clone(),
        value: e.number().unwrap_or_default(),
        interval: e.ends().cloned(),
        interval_none: match &e.interval {
            crate::estimate::Uncertainty::None(why) => Some(why.clone()),
            crate::estimate::Uncertainty::Interval(_) => None,
        },
        invalid: e.invalid.clone(),
    };
    found.into_iter().map(column).collect()
}

/// Which columns are weighed: quality, the whole answer's time, cost, where all rows have them.
fn weighed(rows: &[MatrixRow], members: &[usize]) -> Vec<(String, &'static str)> {
    let Some(first) = members.first() else { return Vec::new() };
    let quality = rows[*first].columns.iter().find(|c| c.family == "quality");
    let mut wanted: Vec<(String, &'static str)> =
        quality.map(|c| (c.name.clone(), c.stat)).into_iter().collect();
    wanted.extend([("e2e".to_owned(), "p50"), ("cost".to_owned(), "mean")]);
    let has = |i: &usize, name: &str, stat: &str| column(&rows[*i], name, stat).is_some();
    wanted.retain(|(name, stat)| members.iter().all(|i| has(i, name, stat)));
    // Prices in several currencies cannot be weighed.
    wanted.retain(|(name, stat)| {
        let unit = |i: &usize| column(&rows[*i], name, stat).map(|c| c.unit.clone());
        members.iter().all(|i| unit(i) == unit(first))
    });
    wanted
}

fn column<'r>(row: &'r MatrixRow, name: &str, stat: &str) -> Option<&'r MatrixColumn> {
    row.columns.iter().find(|c| c.name == name && c.stat == stat)
}

fn mark(rows: &mut [MatrixRow], members: &[usize], tests: &[Test]) {
    let of = weighed(rows, members);
    if members.len() < 2 || of.is_empty() {
        return;
    }
    for i in members {
        let mut front = Front {
            of: of.iter().map(|(name, stat)| format!("{name}.{stat}")).collect(),
            by_value: true,
            mark: Mark::Front,
            dominated_by: Vec::new(),
            undecided: Vec::new(),
        };
        for j in members.iter().filter(|j| *j != i) {
            let (own, rival) = (&rows[*i], &rows[*j]);
            let is_under = is_under(own, rival, &of);
            front.by_value &= !is_under;
            let shown = shown(own, rival, &of, tests);
            let name = place(&rival.labels);
            match (shown.contains(&State::Better), shown.contains(&State::Worse)) {
                (true, _) => {}
                (false, true) if is_under => front.dominated_by.push(name),
                _ => front.undecided.push(name),
            }
        }
        front.mark = match (front.dominated_by.is_empty(), front.undecided.is_empty()) {
            (false, _) => Mark::Dominated,
            (true, true) => Mark::Front,
            (true, false) => Mark::Undecided,
        };
        rows[*i].front = Some(front);
    }
}

/// Whether a rival is at least as good in everything and better in something, by plain values.
fn is_under(own: &MatrixRow, rival: &MatrixRow, of: &[(String, &'static str)]) -> bool {
    let gains: Vec<f64> = of
        .iter()
        .filter_map(|(name, stat)| {
            let (own, rival) = (column(own, name, stat)?, column(rival, name, stat)?);
            let more = rival.value - own.value;
            Some(if own.family == "quality" { more } else { -more })
        })
        .collect();
    gains.iter().all(|g| *g >= 0.0) && gains.iter().any(|g| *g > 0.0)
}

/// What the paired differences show of a row, seen from a rival, in each weighed column.
fn shown(own: &MatrixRow, rival: &MatrixRow, of: &[(String, &'static str)], tests: &[Test]) -> Vec<State> {
    let key = |labels: &Labels| {
        let mut labels = labels.clone();
        labels.remove("phase");
        labels
    };
    let (own_key, rival_key) = (key(&own.labels), key(&rival.labels));
    let phase = own.labels.get("phase");
    let same = |t: &&Test| {
        t.labels.get("phase") == phase && of.iter().any(|(name, stat)| t.name == *name && t.stat == *stat)
    };
    let turned = |state: State| match state {
        State::Better => State::Worse,
        State::Worse => State::Better,
        other => other,
    };
    tests
        .iter()
        .filter(same)
        .filter_map(|t| match (t.base == own_key, t.other == rival_key) {
            (true, true) => Some(turned(t.state)),
            _ if t.base == rival_key && t.other == own_key => Some(t.state),
            _ => None,
        })
        .collect()
}

/// Target, and prompt where there are several.
fn place(labels: &Labels) -> String {
    let parts = ["target", PROMPT].iter().filter_map(|k| labels.get(*k).map(String::as_str));
    parts.collect::<Vec<_>>().join(" · ")
}
