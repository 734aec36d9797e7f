//! Gates on the second run being worse than the first: met, broken or undecided.
//!
//! Main functions: [`check_regression`], before a run, and [`evaluate`], after it. A gate is met
//! when the one-sided 95 % bound of the worsening is within its limit, broken when even the
//! bound of the other side is not.

use crate::compare::{Side, name};
use crate::estimate::{Interval, Labels};
use crate::gate_check::{check_label, check_params, unknown_metric, wanted};
use crate::gates::{GateResult, GateState, chosen, narrow_by, unless_stopped};
use crate::measure::Wanted;
use crate::metric::{Better, Unit};
use crate::pair::{Aspect, Contrast, Pairs};
use crate::stated::Stated;
use crate::view::View;
use acidtest_metrics::stats::{Undecided, cases_to_settle_mean};
use acidtest_record::{Case, Gate, Limit, Op, Regression, RunSpec, Stat, Turn};

/// Level of the two-sided interval whose ends are one-sided 95 % bounds.
const BOTH: f64 = 0.90;

/// What is asked where a baseline is given and no gate: that accuracy is not shown to be worse.
///
/// # Panics
/// Never: the text is a gate.
#[must_use]
pub fn default_regression() -> Vec<Regression> {
    vec![Regression::parse("accuracy not worse").expect("the text is a gate")]
}

/// Checks a regression gate against a plan; message and hint when it cannot be asked.
///
/// # Errors
/// An unknown metric, parameter or label, a number that cases cannot be paired by, a unit that
/// does not fit, or a direction that is no worsening.
pub fn check_regression(r: &Regression, spec: &RunSpec, cases: &[Case]) -> Result<(), (String, String)> {
    let gate = as_gate(r);
    let Some(wanted) = wanted(&gate, spec, cases) else {
        return Err(unknown_metric(&gate, spec, cases));
    };
    check_params(&gate, wanted.metric)?;
    let aspect = aspect(r, wanted.clone());
    if !aspect.is_pairable() || !wanted.metric.offers(r.stat) {
        return Err((
            format!("'{}' is no number by which cases can be paired", r.text),
            "shares, scores, and .mean or .p50 of times and cost can be compared case by case".into(),
        ));
    }
    let metric = wanted.metric;
    let word = match metric.better {
        Better::Higher => Some((Turn::Drop, "drop")),
        Better::Lower => Some((Turn::Rise, "rise")),
        Better::Neither => None,
    };
    let Some((turn, word)) = word else {
        return Err((format!("{} is neither better high nor low", r.metric), "gate another metric".into()));
    };
    if r.turn.is_some_and(|t| t != turn) {
        return Err((
            format!("'{}' would be broken by getting better", r.text),
            format!("{} is better {}: write '{word}'", r.metric, metric.better.id()),
        ));
    }
    if let Some(limit) = &r.limit {
        check_unit(r, limit, metric.unit)?;
    }
    for (key, value) in &r.labels {
        check_label(&gate, &wanted, spec, cases, (key, value))?;
    }
    Ok(())
}

fn check_unit(r: &Regression, limit: &Limit, unit: Unit) -> Result<(), (String, String)> {
    let fits = match unit {
        _ if limit.relative => true,
        Unit::Ratio => limit.unit == "pp",
        unit => limit.unit != "pp" && unit.accepts(&limit.unit),
    };
    if fits {
        return Ok(());
    }
    let hint = match unit {
        Unit::Ratio => "shares change by 'pp' (percentage points) or '%' of the baseline",
        Unit::Seconds => "times change by s, ms or '%' of the baseline",
        _ => "write '%' of the baseline, or the metric's own unit",
    };
    Err((format!("'{}' is not a unit for a change of {} in '{}'", limit.unit, r.metric, r.text), hint.into()))
}

/// A gate of the same words, for the checks that both kinds share.
fn as_gate(r: &Regression) -> Gate {
    Gate {
        metric: r.metric.clone(),
        params: r.params.clone(),
        labels: r.labels.clone(),
        stat: r.stat,
        bound: None,
        op: Op::Le,
        limit: 0.0,
        unit: String::new(),
        completed: false,
        text: r.text.clone(),
    }
}

/// The number that is meant: the metric's own, the mean where it has only quantiles of its own.
fn aspect(r: &Regression, wanted: Wanted) -> Aspect {
    let stat = match r.stat {
        Stat::Default if wanted.metric.must_name_stat() || wanted.metric.stats[0] == Stat::Total => {
            Stat::Mean
        }
        stat => wanted.metric.resolve(stat),
    };
    Aspect { wanted, stat }
}

/// Differences that are stated: of every metric whose unit they have, and the limits of gates on
/// whole slices, each of its own metric.
pub(crate) fn stated(other: &View, gates: &[Regression], differences: &[Limit]) -> Vec<Stated> {
    let mut all: Vec<Stated> =
        differences.iter().map(|limit| Stated { limit: limit.clone(), of: None }).collect();
    for r in gates.iter().filter(|r| r.labels.is_empty()) {
        let wanted = wanted(&as_gate(r), other.spec, other.cases);
        let (Some(wanted), Some(limit)) = (wanted, r.limit.clone().filter(|l| l.value > 0.0)) else {
            continue;
        };
        let aspect = aspect(r, wanted);
        all.push(Stated { limit, of: Some((name(&aspect.wanted), aspect.stat.id())) });
    }
    all
}

/// What each gate says of each pair of slices.
pub(crate) fn evaluate(other: &View, sides: &[(Side, Side)], gates: &[Regression]) -> Vec<GateResult> {
    let mut found = Vec::new();
    for (index, r) in gates.iter().enumerate() {
        let Some(wanted) = wanted(&as_gate(r), other.spec, other.cases) else {
            found.push(GateResult { reason: format!("unknown metric '{}'", r.metric), ..blank(r, index) });
            continue;
        };
        let aspect = aspect(r, wanted);
        let before = found.len();
        for (base, other_side) in sides {
            let narrowed = (narrow(base, r), narrow(other_side, r));
            let (Some(base), Some(side)) = narrowed else { continue };
            let mut result = unless_stopped(other, one(r, index, &aspect, &base, &side));
            result.gate = as_said(r, aspect.wanted.metric.better);
            found.push(result);
        }
        if found.len() == before {
            let reason = "nothing of both runs matches its labels".to_owned();
            found.push(GateResult { reason, ..blank(r, index) });
        }
    }
    found
}

/// The part of a side that the gate's labels ask for; the base's own target and phase names do
/// not matter where each run has only one.
fn narrow<'v>(side: &Side<'v>, r: &Regression) -> Option<Side<'v>> {
    let mut slice = side.slice.clone();
    for (key, value) in &r.labels {
        if side.labels.contains_key(key) && ["target", "phase", "prompt"].contains(&key.as_str()) {
            continue;
        }
        slice = narrow_by(slice, key, value)?;
    }
    Some(Side { slice, ..side.clone() })
}

/// The gate's text with the word for its worsening, where the suite leaves it out.
fn as_said(r: &Regression, better: Better) -> String {
    let word = if better == Better::Higher { "drop" } else { "rise" };
    match r.text.rfind(['<', '≤']).filter(|_| r.limit.is_some() && r.turn.is_none()) {
        Some(at) => format!("{} {word} {}", r.text[..at].trim_end(), &r.text[at..]),
        None => r.text.clone(),
    }
}

fn blank(r: &Regression, index: usize) -> GateResult {
    GateResult {
        gate: r.text.clone(),
        index,
        labels: Labels::new(),
        state: GateState::Undecided,
        op: r.limit.as_ref().map_or(Op::Le, |l| l.op).to_string(),
        limit: r.limit.as_ref().map_or(0.0, |l| l.value),
        unit: String::new(),
        value: None,
        endless: false,
        interval: None,
        settles_at: None,
        reason: String::new(),
    }
}

fn one(r: &Regression, index: usize, aspect: &Aspect, base: &Side, other: &Side) -> GateResult {
    let mut labels = other.slice.labels.clone();
    labels.insert("baseline".into(), base.slice.view.run.to_string());
    let blank = GateResult { labels, ..blank(r, index) };
    let metric = aspect.wanted.metric;
    let reason = |side: &Side| side.guards.reason(&side.slice, metric.guard, metric.id);
    let invalid = reason(base).or_else(|| reason(other));
    let lateness = match (&invalid, metric.unit) {
        (Some(_), Unit::Seconds) => lateness(base, aspect).zip(lateness(other, aspect)),
        _ => None,
    };
    if let (Some(why), None) = (&invalid, lateness) {
        return GateResult { reason: format!("not valid: {why}"), ..blank };
    }
    let chosen = |side: &Side| chosen(&side.slice, &aspect.wanted);
    if let Some(reason) = chosen(base).or_else(|| chosen(other)) {
        return GateResult { reason, ..blank };
    }
    let pairs = Pairs::of(&base.slice, &other.slice, aspect);
    if pairs.cases.is_empty() {
        let reason = "no case has a value in both runs".to_owned();
        return GateResult { reason, ..blank };
    }
    let relative = r.limit.as_ref().filter(|l| l.relative).map(|l| l.value);
    let Some(worse) = Worsening::of(&pairs, aspect, relative) else {
        let reason = "the baseline's value is 0: nothing is a share of it".to_owned();
        return GateResult { reason, ..blank };
    };
    let unit = match (relative, metric.unit) {
        (Some(_), _) => "ratio".to_owned(),
        (None, Unit::Currency) => {
            let price = other.slice.view.target(other.slice.target).and_then(|t| t.price.as_ref());
            price.map_or("currency".into(), |p| p.currency.clone())
        }
        (None, unit) => unit.id().to_owned(),
    };
    let result = GateResult { value: Some(worse.value), unit, ..blank };
    let said = |worse: &Worsening| decide(r, &pairs, worse, metric.better, result.clone());
    match (invalid, lateness) {
        (Some(why), Some(late)) => {
            let off = worse.off_by(late, relative);
            let (low, high) = (said(&worse.moved(-off)), said(&worse.moved(off)));
            if low.state != high.state || low.state == GateState::Undecided {
                return GateResult {
                    reason: format!("not valid: {why}"),
                    state: GateState::Undecided,
                    settles_at: None,
                    ..said(&worse)
                };
            }
            let (base, other) = late;
            let ms = (base + other) * 1e3;
            GateResult { reason: format!("whatever our own lateness of {ms:.1} ms did"), ..said(&worse) }
        }
        _ => said(&worse),
    }
}

/// How far a side's times may be off by our own fault: 0 where they are valid, absent where
/// nobody knows.
fn lateness(side: &Side, aspect: &Aspect) -> Option<f64> {
    let metric = aspect.wanted.metric;
    match side.guards.reason(&side.slice, metric.guard, metric.id) {
        Some(_) => side.guards.most_s(&side.slice, metric.guard, metric.id),
        None => Some(0.0),
    }
}

/// How much worse the second run is: positive is worse.
struct Worsening {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    standard_error: Option<f64>,
    method: &'static str,
    /// What the values are shares of: the baseline's value, or 1.
    size: f64,
}

impl Worsening {
    /// How far it may be off where times of the base and of the other side are.
    fn off_by(&self, (base, other): (f64, f64), relative: Option<f64>) -> f64 {
        (other + (1.0 + relative.unwrap_or(0.0)) * base) / self.size
    }

    /// The same, were the true worsening larger by so much.
    fn moved(&self, by: f64) -> Self {
        let shift = |x: Option<f64>| x.map(|x| x + by);
        Self { value: self.value + by, low: shift(self.low), high: shift(self.high), ..*self }
    }

    /// In the metric's unit, or as a share of the baseline. For a share r the bound is that of
    /// worsening − r·baseline, case by case: it is exact where it is compared, at the limit.
    fn of(pairs: &Pairs, aspect: &Aspect, relative: Option<f64>) -> Option<Self> {
        let kind = match pairs.kind(aspect) {
            crate::pair::Kind::Binary if relative.is_some() => crate::pair::Kind::Mean,
            kind => kind,
        };
        let sign = if aspect.wanted.metric.better == Better::Higher { -1.0 } else { 1.0 };
        let plain = Contrast { kind, other: 1.0, base: 1.0, range: aspect.range() };
        let share = relative.unwrap_or(0.0);
        // sign·(other − base) − share·base
        let shifted = Contrast { kind, other: 1.0, base: 1.0 + sign * share, range: None };
        let contrast = if relative.is_some() { shifted } else { plain };
        let interval = contrast.interval(pairs, BOTH).ok();
        let size = match relative {
            Some(_) => Contrast { kind, other: 0.0, base: -1.0, range: None }.value(pairs)?,
            None => 1.0,
        };
        if size <= 0.0 {
            return None;
        }
        let turned = |x: f64| sign * x / size + share;
        let ends = interval.map(|i| (i.low.map(turned), i.high.map(turned)));
        let (low, high) = match ends {
            Some((a, b)) if sign < 0.0 => (b, a),
            Some(ends) => ends,
            None => (None, None),
        };
        Some(Self {
            value: turned(contrast.value(pairs)?),
            low,
            high,
            standard_error: contrast.standard_error(pairs).map(|se| se / size),
            method: interval.map_or("none", |i| i.method.name()),
            size,
        })
    }
}

fn decide(r: &Regression, pairs: &Pairs, w: &Worsening, better: Better, result: GateResult) -> GateResult {
    let limit = r.limit.as_ref().map_or(0.0, |l| l.value);
    let op = r.limit.as_ref().map_or(Op::Le, |l| l.op);
    let is_broken = w.low.is_some_and(|low| low > 0.0 && !op.holds(low, limit));
    let is_within = w.high.is_some_and(|high| op.holds(high, limit));
    let word = if better == Better::Higher { "drop" } else { "rise" };
    let show = |x: f64| shown(x, r, &result.unit);
    let n = match pairs.cases.len() {
        1 => "1 pair, one-sided 95 %".to_owned(),
        n => format!("{n} pairs, one-sided 95 %"),
    };
    let (state, reason) = match (&r.limit, is_broken, is_within) {
        _ if w.low.is_none() && w.high.is_none() => {
            (GateState::Undecided, format!("{word} {}; no interval from {n}", show(w.value)))
        }
        (_, true, _) => (
            GateState::Broken,
            format!("{word} {}, at least {} ({n})", show(w.value), show(w.low.unwrap_or_default())),
        ),
        (Some(_), _, true) => (
            GateState::Met,
            format!("{word} {}, at most {} ({n})", show(w.value), show(w.high.unwrap_or_default())),
        ),
        (None, ..) => {
            let most = w.high.map_or("any size".to_owned(), |h| format!("up to {}", show(h)));
            let words =
                format!("no {word} is shown ({}); one of {most} is not ruled out ({n})", show(w.value));
            (GateState::Met, words)
        }
        (Some(_), false, false) => {
            let (low, high) = (w.low.map_or("?".into(), show), w.high.map_or("?".into(), show));
            (GateState::Undecided, format!("{word} {}, between {low} and {high} ({n})", show(w.value)))
        }
    };
    let settles_at = (state == GateState::Undecided).then(|| {
        cases_to_settle_mean(Undecided {
            estimate: w.value,
            threshold: limit,
            standard_error: w.standard_error?,
            cases: pairs.cases.len() as f64,
        })
    });
    // So many are there, and they do not settle it.
    let settles_at = settles_at.flatten().filter(|n| *n > pairs.cases.len() as u64);
    let reason = match settles_at {
        Some(n) => format!("{reason}; about {n} pairs would settle it if this holds"),
        None => reason,
    };
    let interval = Interval {
        low: w.low,
        high: w.high,
        level: BOTH,
        sides: "two",
        method: w.method,
        unit_of_sampling: pairs.unit_name().to_owned(),
    };
    let interval = (w.low.is_some() || w.high.is_some()).then_some(interval);
    GateResult { state, reason, settles_at, interval, ..result }
}

/// A change in the unit of the gate's own words.
fn shown(x: f64, r: &Regression, unit: &str) -> String {
    let relative = r.limit.as_ref().is_some_and(|l| l.relative);
    match unit {
        _ if relative => format!("{:.1} %", x * 100.0),
        "ratio" => format!("{:.1} pp", x * 100.0),
        "s" => format!("{:.1} ms", x * 1e3),
        unit => format!("{x:.4} {unit}"),
    }
}
