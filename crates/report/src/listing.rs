//! Lists: stored runs, and the metrics there are.
//!
//! Main functions: [`runs`], [`metrics`].

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use crate::words::Lang;
use acidtest_findings::Metric;
use acidtest_findings::scored::definitions::{DEFINITIONS, Definition};
use serde::Serialize;
use serde_json::{Value, json};

/// One stored run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLine {
    /// Its id.
    pub id: String,
    /// Name of its suite.
    pub name: String,
    /// `running`, `done` or `stopped`.
    pub state: String,
    /// When it was created, as an ISO 8601 time.
    pub created: String,
    /// When it ended, if it did.
    pub ended: Option<String>,
    /// Requests.
    pub requests: u64,
    /// Records (attempts).
    pub records: u64,
    /// Requests that failed in the end.
    pub failed: u64,
}

/// A table of runs.
#[must_use]
pub fn runs(lines: &[RunLine], style: Style) -> String {
    if lines.is_empty() {
        return format!("{}\n", style.lang.say("no runs stored"));
    }
    let mut grid = Grid::new(0);
    let heads = ["RUN", "CREATED", "STATE", "REQUESTS", "RECORDS", "FAILED", "NAME"];
    grid.row(heads.map(|h| Cell::painted(style.lang.say(h), Paint::Title)));
    for run in lines {
        grid.row([
            run.id.clone().into(),
            run.created.clone().into(),
            style.lang.tell(&run.state).into(),
            count(run.requests).into(),
            count(run.records).into(),
            count(run.failed).into(),
            run.name.clone().into(),
        ]);
    }
    grid.render(style)
}

/// Metrics by family, one line each; with `whole`, their definitions.
#[must_use]
pub fn metrics(metrics: &[&Metric], whole: bool, style: Style) -> String {
    if whole {
        return metrics.iter().map(|m| definition(m, style)).collect();
    }
    let mut out = String::new();
    let mut family = None;
    let mut grid = Grid::new(1);
    for m in metrics {
        if family.replace(m.family) != Some(m.family) {
            out.push_str(&grid.render(style));
            grid = Grid::new(1);
            let title = match style.lang {
                Lang::En => m.family.id().to_uppercase(),
                lang => lang.say(m.family.id()).to_owned(),
            };
            out.push_str(&format!("{}\n", style.paint(&title, Paint::Title)));
        }
        grid.row([name(m).into(), m.unit.id().into(), stats(m).into(), style.lang.say(m.title).into()]);
    }
    out.push_str(&grid.render(style));
    out
}

fn name(m: &Metric) -> String {
    match m.param {
        Some(param) => format!("{}[{param}=…]", m.id),
        None => m.id.to_owned(),
    }
}

fn stats(m: &Metric) -> String {
    let ids: Vec<&str> = m.stats.iter().map(|s| s.id()).collect();
    ids.join(" ")
}

fn definition(m: &Metric, style: Style) -> String {
    let mut out = format!("{}  {}\n", style.paint(&name(m), Paint::Title), style.lang.say(m.title));
    let mut grid = Grid::new(1);
    let stats = stats(m);
    for (key, text) in [
        ("unit", m.unit.id()),
        ("better", m.better.id()),
        ("stats", &stats),
        ("formula", m.formula),
        ("edge cases", m.edges),
        ("interval", m.interval),
        ("needs", m.needs),
        ("source", m.source),
    ] {
        grid.row([Cell::painted(style.lang.say(key), Paint::Faint), text.into()]);
    }
    out.push_str(&grid.render(style));
    out
}

/// Metrics of files, one line each.
#[must_use]
pub fn file_metrics(style: Style) -> String {
    let title = style.lang.say("METRICS OF FILES (acidtest score)");
    let mut grid = Grid::new(1);
    for d in DEFINITIONS {
        grid.row([d.id.into(), d.unit.into(), style.lang.say(d.title).into()]);
    }
    format!("{}\n{}", style.paint(title, Paint::Title), grid.render(style))
}

/// The definition of a metric of files.
#[must_use]
pub fn file_metric(d: &Definition, style: Style) -> String {
    let name = format!("{} (acidtest score)", d.id);
    let mut out = format!("{}  {}\n", style.paint(&name, Paint::Title), style.lang.say(d.title));
    let mut grid = Grid::new(1);
    for (key, text) in [
        ("unit", d.unit),
        ("range", d.range),
        ("better", d.better.id()),
        ("formula", d.formula),
        ("edge cases", d.edges),
        ("interval", d.interval),
        ("source", d.source),
    ] {
        grid.row([Cell::painted(style.lang.say(key), Paint::Faint), text.into()]);
    }
    out.push_str(&grid.render(style));
    out
}

/// Metrics of files as JSON.
#[must_use]
pub fn file_metrics_json(definitions: &[&Definition]) -> Value {
    let all = definitions.iter().map(|d| {
        json!({
            "id": d.id, "title": d.title, "unit": d.unit, "better": d.better.id(), "range": d.range,
            "formula": d.formula, "edge_cases": d.edges, "interval": d.interval, "source": d.source,
        })
    });
    all.collect()
}

/// The metrics as JSON.
#[must_use]
pub fn metrics_json(metrics: &[&Metric]) -> Value {
    let all: Vec<Value> = metrics
        .iter()
        .map(|m| {
            let stats: Vec<&str> = m.stats.iter().map(|s| s.id()).collect();
            json!({
                "id": m.id, "title": m.title, "family": m.family.id(), "unit": m.unit.id(),
                "better": m.better.id(), "range": m.range, "stats": stats, "param": m.param,
                "needs": m.needs, "formula": m.formula, "edge_cases": m.edges,
                "interval": m.interval, "source": m.source,
            })
        })
        .collect();
    json!({ "schema": "acidtest.metrics/1", "metrics": all })
}
