//! Scores of files of texts: a table, JSON with a published schema, CSV and Markdown.
//!
//! Main functions: [`score`], [`score_json`], [`score_schema`], [`score_csv`],
//! [`score_markdown`]. Draws what was found and computes nothing.

use crate::csv::Table;
use crate::grid::{Cell, Grid, Paint, Style, clean};
use crate::markdown::code;
use crate::number::{Scale, count};
use crate::words::Lang;
use acidtest_findings::scored::sheet::Sheet;
use acidtest_findings::{
    CaseScore, ChangedCase, Estimate, Quantity, ScoreAbout, ScoreReport, Spread, Test, Uncertainty, Worst,
};
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt::Write;

/// Name and major version of the JSON of scores.
pub const SCORE_SCHEMA: &str = "acidtest.score/1";

/// Scores of files of texts.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "acidtest scores")]
struct Report<'r> {
    /// `acidtest.score/1`.
    schema: &'static str,
    /// Which files, and how the numbers were made.
    source: &'r ScoreAbout,
    /// Every number: the whole, then slices.
    estimates: &'r [Estimate],
    /// Confusion matrices and calibration tables.
    tables: &'r [Sheet],
    /// The worst slice of each metric and field.
    worst: &'r [Worst],
    /// Differences to the second file, second minus first.
    tests: &'r [Test],
    /// The cases that changed most.
    changed: &'r [ChangedCase],
    /// Scores of each segment; absent unless asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cases: Option<&'r [CaseScore]>,
    /// sacreBLEU's mean and half width; empty unless asked for.
    compat: &'r [Spread],
    /// What a reader must know besides.
    warnings: &'r [String],
}

/// Scores as JSON.
#[must_use]
pub fn score_json(r: &ScoreReport) -> serde_json::Value {
    let report = Report {
        schema: SCORE_SCHEMA,
        source: &r.about,
        estimates: &r.estimates,
        tables: &r.tables,
        worst: &r.worst,
        tests: &r.tests,
        changed: &r.changed,
        cases: r.cases.as_deref(),
        compat: &r.compat,
        warnings: &r.warnings,
    };
    serde_json::to_value(report).expect("maps with text keys and numbers always serialise")
}

/// The JSON Schema of [`score_json`].
#[must_use]
pub fn score_schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

fn slice(e: &Estimate) -> String {
    e.labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(" ")
}

fn is_worst(r: &ScoreReport, e: &Estimate) -> bool {
    r.worst.iter().any(|w| w.metric == e.metric && w.labels == e.labels)
}

/// Value, interval and note of an estimate, as texts.
fn parts(e: &Estimate, lang: Lang) -> (String, String) {
    let scale = Scale::of(&e.unit, e.number());
    let value = match &e.value {
        Quantity::Value(v) => scale.value(*v, e.ends()),
        Quantity::Absent(why) => lang.tell(&format!("absent: {why}")),
    };
    let interval = match (&e.interval, e.number()) {
        (Uncertainty::Interval(i), Some(v)) => scale.ends(i, v, " – ", lang),
        (Uncertainty::None(why), _) => lang.tell(crate::number::short(why)),
        _ => String::new(),
    };
    (value, interval)
}

/// Scores as text.
#[must_use]
pub fn score(r: &ScoreReport, style: Style) -> String {
    let lang = style.lang;
    let about = &r.about;
    let mut out = format!(
        "{}\n",
        clean(&lang.fill(
            "{file}: {n} cases, {k} units of sampling",
            &[("file", &about.predictions), ("n", &count(about.cases)), ("k", &count(about.units))],
        ))
    );
    let mut grid = Grid::new(1);
    let heads = ["", lang.say("value"), lang.say("interval"), lang.say("unit"), ""];
    grid.row(heads.map(|h| Cell::painted(h, Paint::Faint)));
    let mut last = None;
    let mut notes: Vec<(String, String)> = Vec::new();
    for e in &r.estimates {
        if last.replace(&e.labels).is_some_and(|old| old != &e.labels) {
            grid.line(slice(e), Paint::Title);
        }
        let (mut value, mut interval) = parts(e, lang);
        // A sentence would make its column wider than all numbers: it stands below the table.
        if value.chars().count() > WIDEST {
            notes.push((e.name(), std::mem::replace(&mut value, lang.say("absent").to_owned())));
        } else if interval.chars().count() > WIDEST {
            notes.push((e.name(), std::mem::replace(&mut interval, lang.say("no interval").to_owned())));
        }
        let mark = match is_worst(r, e) {
            true => Cell::painted(lang.say("worst slice"), Paint::Bad),
            false => "".into(),
        };
        grid.row([e.name().into(), value.into(), interval.into(), e.unit.as_str().into(), mark]);
    }
    out.push_str(&grid.render(style));
    notes.dedup_by(|a, b| a.1 == b.1);
    notes.iter().for_each(|(name, why)| out.push_str(&format!(" {name}: {}\n", clean(why))));
    r.tables.iter().for_each(|t| out.push_str(&sheet(t, style)));
    r.compat.iter().for_each(|c| out.push_str(&format!(" sacreBLEU: {}\n", clean(&c.formatted))));
    out.push_str(&crate::differences::differences(&r.tests, style));
    out.push_str(&changed(r, style));
    out.push_str(&cases(r, style));
    for s in &about.signatures {
        out.push_str(&format!(" {}: {}\n", s.metric, style.paint(&clean(&s.signature), Paint::Faint)));
    }
    for warning in &r.warnings {
        let head = style.paint(lang.say("warning:"), Paint::Unsure);
        out.push_str(&format!("{head} {}\n", clean(&lang.tell(warning))));
    }
    out
}

/// Letters of a cell at most; longer words stand below the table.
const WIDEST: usize = 26;

/// Rows and columns of a table that are drawn; the JSON has all.
const DRAWN: usize = 16;

fn sheet(t: &Sheet, style: Style) -> String {
    let params: Vec<String> = t.params.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut grid = Grid::new(1);
    grid.line(clean(format!("{} {}", t.name, params.join(" ")).trim()), Paint::Title);
    grid.row_of(t.columns.iter().take(DRAWN).map(|c| Cell::painted(clean(c), Paint::Faint)).collect());
    for row in t.rows.iter().take(DRAWN) {
        let number = |x: &Option<f64>| match x {
            None => "–".to_owned(),
            Some(x) if x.fract() == 0.0 => format!("{x}"),
            Some(x) => format!("{x:.4}"),
        };
        let cells = row.cells.iter().take(DRAWN - 1).map(|x| number(x).into());
        grid.row_of(std::iter::once(clean(&row.name).into()).chain(cells).collect());
    }
    grid.render(style)
}

fn changed(r: &ScoreReport, style: Style) -> String {
    if r.changed.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let heads = [lang.say("changed most"), "", lang.say("first"), lang.say("second"), lang.say("difference")];
    grid.row(heads.map(|h| Cell::painted(h, Paint::Faint)));
    for c in &r.changed {
        let number = |x: f64| crate::number::plain(x, "ratio");
        grid.row([
            c.id.as_str().into(),
            c.metric.as_str().into(),
            number(c.base).into(),
            number(c.other).into(),
            number(c.difference).into(),
        ]);
    }
    grid.render(style)
}

fn cases(r: &ScoreReport, style: Style) -> String {
    let Some(cases) = &r.cases else { return String::new() };
    let mut grid = Grid::new(1);
    for case in cases {
        let value = |(name, value): (&String, &Option<f64>)| {
            let text = value.map_or("–".to_owned(), |v| crate::number::plain(v, "ratio"));
            Cell::from(format!("{name} {text}"))
        };
        let cells = std::iter::once(Cell::from(case.id.as_str())).chain(case.values.iter().map(value));
        grid.row_of(cells.collect());
    }
    grid.render(style)
}

/// Every estimate on a line.
#[must_use]
pub fn score_csv(r: &ScoreReport) -> String {
    let mut out = Table::new(&[
        "predictions",
        "slice",
        "metric",
        "stat",
        "value",
        "unit",
        "absent",
        "low",
        "high",
        "level",
        "method",
        "unit_of_sampling",
        "no_interval",
        "n_cases",
        "n_clusters",
        "worst",
        "how",
    ]);
    for e in &r.estimates {
        let ends = e.ends();
        let (absent, why) = match (&e.value, &e.interval) {
            (Quantity::Absent(why), _) => (why.as_str(), ""),
            (_, Uncertainty::None(why)) => ("", why.as_str()),
            _ => ("", ""),
        };
        out.texts(&[&clean(&r.about.predictions), &clean(&slice(e)), &clean(&e.name()), e.stat.id()]);
        out.number(e.number());
        out.texts(&[&e.unit, absent]);
        out.number(ends.and_then(|i| i.low));
        out.number(ends.and_then(|i| i.high));
        out.number(ends.map(|i| i.level));
        out.texts(&[ends.map_or("", |i| i.method), ends.map_or("", |i| &i.unit_of_sampling), why]);
        out.number(Some(e.n.cases as f64));
        out.number(Some(e.n.clusters as f64));
        out.texts(&[if is_worst(r, e) { "true" } else { "false" }, &clean(&e.how)]);
        out.end();
    }
    out.text
}

/// Scores as a Markdown table.
#[must_use]
pub fn score_markdown(r: &ScoreReport, lang: Lang) -> String {
    let mut out = format!("### {}\n\n", code(&r.about.predictions));
    let heads = ["", lang.say("value"), lang.say("interval"), lang.say("unit")].join(" | ");
    let _ = writeln!(out, "|  | {heads} |\n| --- | --- | --- | --- | --- |");
    for e in &r.estimates {
        let (value, interval) = parts(e, lang);
        let mark = if is_worst(r, e) { format!(" ({})", lang.say("worst slice")) } else { String::new() };
        let place = if e.labels.is_empty() { String::new() } else { code(&slice(e)) };
        let _ = writeln!(out, "| {place}{mark} | {} | {value} | {interval} | {} |", code(&e.name()), e.unit);
    }
    for t in &r.tests {
        let number = |x: Option<f64>| x.map_or("–".to_owned(), |x| format!("{x:.4}"));
        let shown = t.corrected.as_ref().or(t.interval.as_ref());
        let ends = shown.map_or(String::new(), |i| format!("{} … {}", number(i.low), number(i.high)));
        let (difference, p, state) = (number(t.difference), number(t.p), lang.say(t.state.id()));
        let _ = writeln!(out, "\n- {}: {difference} ({ends}), p {p}, {state}", t.name);
    }
    for warning in &r.warnings {
        let _ = writeln!(out, "\n> ⚠ {}", code(&lang.tell(warning)));
    }
    out
}
