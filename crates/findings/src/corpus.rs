//! Numbers of all answers of a slice together, with intervals by drawing whole units.
//!
//! Main function: [`measure`]. Each metric gives a row per request; repeats are averaged within
//! the case, cases are added within the unit, and the number is a function of the sums. The
//! drawing is `acidtest_metrics`'.

use crate::estimate::{Estimate, Interval, Missing, N, Quantity, Uncertainty};
use crate::families::quality::{correct, is_part, is_xfail};
use crate::held::{Column, Held, OTHER, RowOf, TextColumn, references};
use crate::measure::{Fill, Found, Sheet, case_of, unit_name, unit_of};
use crate::metric::Judged;
use crate::view::Asked;
use acidtest_metrics::classify::{Undefined, encode_labels};
use acidtest_metrics::named::LabelScore;
use acidtest_metrics::sampling;
use acidtest_metrics::stats::{Resampling, Rows, resample};
use acidtest_record::{Kind, Stat};
use std::collections::BTreeMap;

/// A function of sums.
type Number<'h> = Box<dyn Fn(&[f64]) -> Result<f64, String> + 'h>;

/// How majority treats answers with as many votes.
const TIES: &str = "ties shared";

/// What a slice gives a metric.
struct Gathered<'h> {
    rows: Rows,
    number: Number<'h>,
    n: N,
    excluded: u64,
    /// How the number was made, beside its formula.
    rule: String,
}

/// One estimate of a metric that the plan asks for.
pub(crate) fn measure(sheet: &Sheet<'_, '_>, stat: Stat, fill: Fill) -> Estimate {
    let view = sheet.slice.view;
    let Some(column) = sheet.wanted.asked.and_then(|i| view.held.columns.get(i)) else {
        return sheet.absent(stat, "the answers' texts were not read", N::default());
    };
    let found = match gather(sheet, column, fill) {
        Ok(found) => found,
        Err(why) => return sheet.absent(stat, &why, N::default()),
    };
    if found.rows.is_empty() {
        return sheet.absent(stat, &sheet.why_absent(), found.n);
    }
    let value = match (found.number)(&found.rows.sums()) {
        Ok(value) => value,
        Err(why) => return sheet.absent(stat, &why, found.n),
    };
    let how = Resampling::default();
    let finish = |sums: &[f64], values: &mut [Option<f64>]| values[0] = (found.number)(sums).ok();
    let drawn = resample(&found.rows, 1, how, &finish).into_iter().next();
    let unit = unit_name(sheet.slice);
    let (interval, error) = match drawn {
        Some(drawn) => (
            match &drawn.interval {
                Ok(i) => Uncertainty::Interval(Interval::of(i, unit)),
                Err(why) => Uncertainty::None(why.to_string()),
            },
            drawn.standard_error,
        ),
        None => (Uncertainty::None("no interval".into()), None),
    };
    let shown = Found {
        value: Quantity::Value(value),
        interval,
        n: found.n,
        rule: format!(
            "{}; unit of sampling: {unit}, repeats averaged within the case; {} draws of whole units, seed {}",
            found.rule, how.resamples, how.seed
        ),
    };
    let mut e = sheet.fill(stat, shown);
    e.standard_error = error;
    if found.excluded > 0 && fill == Fill::Exclude {
        let at = |fill| {
            let supposed = gather(sheet, column, fill)?;
            (supposed.number)(&supposed.rows.sums())
        };
        if let (Ok(low), Ok(high)) = (at(Fill::Lowest), at(Fill::Highest)) {
            e.missing = Some(Missing { excluded: found.excluded, low, high });
        }
    }
    e
}

fn gather<'h>(sheet: &Sheet<'_, 'h>, column: &'h Column, fill: Fill) -> Result<Gathered<'h>, String> {
    match column {
        Column::Text(text) => texts(sheet, text, fill),
        Column::Labels(score) => labels(sheet, score, fill),
        Column::PassAtK(k) => passes(sheet, *k, sampling::pass_at_k, fill),
        Column::PassHatK(k) => passes(sheet, *k, sampling::pass_hat_k, fill),
        Column::Majority => majority(sheet, fill),
        Column::Unknown(why) => Err(why.clone()),
    }
}

/// Whether a request has no generated text, or says nothing by itself.
fn is_outside(a: &Asked) -> bool {
    is_xfail(a) || is_part(a) || matches!(a.last().kind, Kind::LogLikelihood | Kind::Embed)
}

/// Rows of cases, and of units once the repeats are averaged.
#[derive(Default)]
struct Averaged {
    cases: BTreeMap<(bool, usize), (String, Vec<f64>, u32)>,
    requests: u64,
    records: u64,
    excluded: u64,
}

impl Averaged {
    fn add(&mut self, a: &Asked, row: &[f64]) {
        let (case, unit) = unit_of(a);
        let entry = self.cases.entry(case).or_insert_with(|| (unit, vec![0.0; row.len()], 0));
        for (sum, x) in entry.1.iter_mut().zip(row) {
            *sum += x;
        }
        entry.2 += 1;
        self.requests += 1;
        self.records += a.attempts().len() as u64;
    }

    fn rows(&self, width: usize) -> Rows {
        let mut rows = Rows::new(width);
        let mut units: BTreeMap<&str, usize> = BTreeMap::new();
        for (unit, sums, count) in self.cases.values() {
            let at = *units.entry(unit).or_insert_with(|| {
                rows.push();
                rows.len() - 1
            });
            let mean: Vec<f64> = sums.iter().map(|x| x / f64::from(*count)).collect();
            rows.add(at, &mean);
        }
        rows
    }

    fn done<'h>(self, width: usize, rule: String, number: Number<'h>) -> Gathered<'h> {
        let rows = self.rows(width);
        let n = N {
            cases: self.cases.len() as u64,
            requests: self.requests,
            records: self.records,
            clusters: rows.len() as u64,
            ..N::default()
        };
        Gathered { rows, number, n, excluded: self.excluded, rule }
    }
}

fn texts<'h>(sheet: &Sheet<'_, 'h>, column: &'h TextColumn, fill: Fill) -> Result<Gathered<'h>, String> {
    let mut all = Averaged::default();
    for a in sheet.slice.asked().filter(|a| !is_outside(a)) {
        let Some(case) = a.case() else { continue };
        let row = if a.last().class.delivered() { column.row(a.request) } else { RowOf::Excluded };
        match row {
            RowOf::Row(row) => all.add(&a, row),
            RowOf::Outside => {}
            RowOf::Excluded => {
                let references: Vec<&str> = case.expected.iter().map(String::as_str).collect();
                let best = references.first().copied().unwrap_or_default();
                let answer = match (fill, column.higher_is_better()) {
                    (Fill::Highest, true) | (Fill::Lowest, false) => best,
                    _ => "",
                };
                let Some(row) = column.supposed(answer, &references) else { continue };
                all.excluded += 1;
                if fill != Fill::Exclude {
                    all.add(&a, &row);
                }
            }
        }
    }
    let rule = column.signature(references(sheet.slice.asked().filter_map(|a| a.case())));
    let none = || "the answers give no denominator".to_owned();
    Ok(all.done(column.width(), rule, Box::new(move |sums| column.finish(sums).ok_or_else(none))))
}

fn labels<'h>(sheet: &Sheet<'_, 'h>, score: &'h LabelScore, fill: Fill) -> Result<Gathered<'h>, String> {
    let held: &Held = &sheet.slice.view.held;
    let (mut truths, mut said, mut who) = (Vec::new(), Vec::new(), Vec::new());
    let mut excluded = 0;
    for a in sheet.slice.asked().filter(|a| !is_outside(a)) {
        let Some(truth) = a.case().and_then(|c| held.truth(c)) else { continue };
        let answer = match (a.last().class.delivered(), fill) {
            (true, _) => held.said(a.request),
            (false, Fill::Exclude) => {
                excluded += 1;
                continue;
            }
            (false, Fill::Lowest) => OTHER,
            (false, Fill::Highest) => truth,
        };
        truths.push(truth);
        said.push(answer);
        who.push(a);
    }
    if who.is_empty() {
        return Err(sheet.why_absent());
    }
    let encoded = encode_labels(&truths, &said, None).map_err(|why| why.to_string())?;
    let name = |id: &u32| held.labels.get(*id as usize).map_or("other", String::as_str);
    let names: Vec<&str> = encoded.labels.iter().map(name).collect();
    // One unit is enough to learn which pairs occur; their rows are made below.
    let mut cells = encoded.cases.rows(&vec![0; who.len()], 1.0).map_err(|why| why.to_string())?;
    let pairs: Vec<(u32, u32)> = encoded.cases.confusion().cells().iter().map(|c| (c.0, c.1)).collect();
    let id = |label: &u32| encoded.labels.binary_search(label).unwrap_or_default() as u32;
    let mut all = Averaged { excluded, ..Averaged::default() };
    let mut row = vec![0.0; pairs.len()];
    for (i, a) in who.iter().enumerate() {
        let cell = (id(&truths[i]), id(&said[i]));
        let at = pairs.partition_point(|pair| *pair < cell);
        row[at] = 1.0;
        all.add(a, &row);
        row[at] = 0.0;
    }
    cells.rows = Rows::new(pairs.len());
    let rule = format!("{} labels", held.labels.len());
    let number = move |sums: &[f64]| {
        score.of(&cells.confusion(sums), &names).map_err(|why| match why {
            Undefined::UnknownLabel { .. } => "no case has the label that is asked about".to_owned(),
            why => why.to_string(),
        })
    };
    Ok(all.done(pairs.len(), rule, Box::new(number)))
}

/// Right, judged and hidden repeats of a case.
#[derive(Default)]
struct Repeats {
    unit: String,
    right: u64,
    judged: u64,
    hidden: u64,
    records: u64,
    votes: Vec<(String, bool)>,
}

fn repeats(sheet: &Sheet<'_, '_>) -> BTreeMap<(bool, usize), Repeats> {
    let held = &sheet.slice.view.held;
    let mut cases: BTreeMap<(bool, usize), Repeats> = BTreeMap::new();
    for a in sheet.slice.asked().filter(|a| !is_outside(a)) {
        let judged = correct(&a);
        if judged == Judged::Outside {
            continue;
        }
        let entry = cases.entry(case_of(&a)).or_default();
        entry.unit = unit_of(&a).1;
        entry.records += a.attempts().len() as u64;
        match judged {
            Judged::Value(v) => {
                entry.judged += 1;
                entry.right += u64::from(v >= 0.5);
                let vote = held.vote(a.request).filter(|_| a.last().class.delivered());
                entry.votes.extend(vote.map(|vote| (format!("{vote:x}"), v >= 0.5)));
            }
            _ => entry.hidden += 1,
        }
    }
    cases
}

/// A mean over cases of a value that each has or has not.
fn mean_of_cases(
    cases: &BTreeMap<(bool, usize), Repeats>,
    rule: String,
    value: &dyn Fn(&Repeats) -> Result<f64, String>,
) -> Result<Gathered<'static>, String> {
    let mut rows = Rows::new(2);
    let mut units: BTreeMap<&str, usize> = BTreeMap::new();
    let mut n = N::default();
    let mut why = None;
    for case in cases.values() {
        let value = match value(case) {
            Ok(value) => value,
            Err(reason) => {
                why = Some(reason);
                continue;
            }
        };
        let at = *units.entry(&case.unit).or_insert_with(|| {
            rows.push();
            rows.len() - 1
        });
        rows.add(at, &sampling::row(Some(value)));
        n.cases += 1;
        n.requests += case.judged;
        n.records += case.records;
    }
    n.clusters = rows.len() as u64;
    if let (true, Some(why)) = (rows.is_empty(), why) {
        return Err(why);
    }
    let excluded = cases.values().map(|c| c.hidden).sum();
    let number = |sums: &[f64]| sampling::mean_of_sums(sums).ok_or_else(|| "no case has a value".to_owned());
    Ok(Gathered { rows, number: Box::new(number), n, excluded, rule })
}

fn passes(
    sheet: &Sheet<'_, '_>,
    k: u64,
    pass: fn(u64, u64, u64) -> Result<f64, sampling::NoPass>,
    fill: Fill,
) -> Result<Gathered<'static>, String> {
    let cases = repeats(sheet);
    let value = |c: &Repeats| {
        let (n, right) = match fill {
            Fill::Exclude => (c.judged, c.right),
            Fill::Lowest => (c.judged + c.hidden, c.right),
            Fill::Highest => (c.judged + c.hidden, c.right + c.hidden),
        };
        pass(n, right, k).map_err(|why| match why {
            sampling::NoPass::TooFew { n, k } => format!("n too small: {n} repeats, needs {k}"),
            why => why.to_string(),
        })
    };
    mean_of_cases(&cases, format!("k = {k}"), &value)
}

fn majority(sheet: &Sheet<'_, '_>, fill: Fill) -> Result<Gathered<'static>, String> {
    let cases = repeats(sheet);
    let value = |c: &Repeats| {
        match (fill, c.hidden) {
            (Fill::Lowest, 1..) => return Ok(0.0),
            (Fill::Highest, 1..) => return Ok(1.0),
            _ => {}
        }
        let answers: Vec<Option<&str>> = c.votes.iter().map(|(vote, _)| Some(vote.as_str())).collect();
        let vote = sampling::majority(&answers).ok_or("no answer has a vote")?;
        let is_right = |winner: &&&str| c.votes.iter().any(|(v, right)| v == *winner && *right);
        Ok(vote.winners.iter().filter(is_right).count() as f64 / vote.winners.len() as f64)
    };
    mean_of_cases(&cases, TIES.to_owned(), &value)
}
