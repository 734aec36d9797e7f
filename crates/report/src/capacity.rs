//! The section of the terminal report on load: rungs, objectives, and what a search found.
//!
//! Main function: [`section`]. Numbers are those of the estimates; must not compute any.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::{Scale, count, plain};
use crate::sections::{faint, head, place};
use crate::words::Lang;
use acidtest_findings::{Answer, Capacity, Estimate, Findings, Found, Labels, Rung, RungState};

/// Rungs where the load is varied; else a line for each term of the objective.
pub(crate) fn section(findings: &Findings, style: Style) -> String {
    let Some(capacity) = &findings.capacity else { return String::new() };
    if capacity.axis.is_none() {
        return terms(findings, capacity, style);
    }
    let mut out = rungs(findings, capacity, style);
    out.push_str(&skipped(capacity, style));
    if let Some(answer) = &capacity.answer {
        out.push_str(&answered(answer, capacity, style));
    }
    out
}

/// Whether the phases are rungs: then their table stands for the sections by phase.
pub(crate) fn is_varied(findings: &Findings) -> bool {
    findings.capacity.as_ref().is_some_and(|c| c.axis.is_some())
}

/// The number of a metric of a rung: in the steady window where there are windows.
fn number(findings: &Findings, labels: &Labels, metric: &str, stat: &str) -> Option<f64> {
    let same = |e: &&Estimate| {
        let own = labels.iter().all(|(k, v)| e.labels.get(k) == Some(v));
        let steady = e.labels.get("window").is_none_or(|w| w == "steady");
        own && steady && e.metric == metric && e.stat.id() == stat && e.params.is_empty()
    };
    findings.estimates.iter().find(same).and_then(Estimate::number)
}

fn rungs(findings: &Findings, capacity: &Capacity, style: Style) -> String {
    let lang = style.lang;
    let has_slo = capacity.slo.is_some();
    let mut grid = Grid::new(0);
    let mut titles = vec![
        head("RUNGS", lang),
        faint(lang.say("offered/s")),
        faint(lang.say("served/s")),
        faint("tok/s"),
        faint("TTFT p50"),
        faint("p95"),
        faint("p99"),
        faint("TPOT p50"),
        faint(lang.say("errors")),
    ];
    if has_slo {
        titles.push(faint(lang.say("goodput/s")));
        titles.push(faint(lang.say("kept")));
    }
    titles.push(faint(lang.say("objective and load")));
    grid.row_of(titles);
    let mut order: Vec<&Rung> = capacity.rungs.iter().collect();
    order.sort_by(|a, b| {
        let at = |r: &Rung| r.load.unwrap_or(0.0);
        (a.labels.get("target")).cmp(&b.labels.get("target")).then(at(a).total_cmp(&at(b)))
    });
    for rung in order {
        grid.row_of(row(findings, rung, has_slo, lang));
    }
    grid.render(style)
}

/// One rung.
fn row(findings: &Findings, rung: &Rung, has_slo: bool, lang: Lang) -> Vec<Cell> {
    let get = |metric: &str, stat: &str| number(findings, &rung.labels, metric, stat);
    let rate = |v: Option<f64>| v.map_or("–".to_owned(), |v| Scale::of("req/s", Some(v)).value(v, None));
    let time = |v: Option<f64>| v.map_or("–".to_owned(), |v| plain(v, "s"));
    let share =
        |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{} %", Scale::percent().value(v, None)));
    let mut cells: Vec<Cell> = vec![
        format!(" {}", place_of(findings, rung)).into(),
        rate(rung.offered_per_s).into(),
        rate(rung.achieved_per_s).into(),
        rate(get("tokens_per_s", "rate")).into(),
        time(get("ttft_from_intended", "p50")).into(),
        time(get("ttft_from_intended", "p95")).into(),
        time(get("ttft_from_intended", "p99")).into(),
        time(get("tpot", "p50")).into(),
        share(get("error_rate", "share")).into(),
    ];
    if has_slo {
        cells.push(rate(get("goodput", "rate")).into());
        cells.push(share(get("goodput_share", "share")).into());
    }
    let paint = match rung.state {
        RungState::Met => Paint::Good,
        RungState::Broken => Paint::Bad,
        RungState::Unasked => Paint::Plain,
        _ => Paint::Unsure,
    };
    cells.push(Cell::painted(remarks(rung, lang), paint));
    cells
}

fn place_of(findings: &Findings, rung: &Rung) -> String {
    let name = place(&rung.labels, findings);
    if name.is_empty() { rung.labels.get("phase").cloned().unwrap_or_default() } else { name }
}

/// `met`, `broken: saturated · in flight +3.2/s · knee`
fn remarks(rung: &Rung, lang: Lang) -> String {
    let mut parts = Vec::new();
    if rung.state != RungState::Unasked {
        let word = lang.tell(rung.state.id());
        parts.push(match rung.why.as_str() {
            "" => word,
            why => format!("{word}: {}", lang.tell(why)),
        });
    }
    if rung.saturated && rung.why != "saturated" {
        parts.push(lang.say("saturated").to_owned());
    }
    if let Some(slope) = rung.in_flight_per_s.filter(|_| rung.in_flight_rises) {
        let n = Scale::of("requests", Some(slope)).value(slope, None);
        parts.push(lang.fill("in flight +{n} a second", &[("n", &n)]));
    }
    if rung.invalid.is_some() {
        parts.push("!".to_owned());
    }
    if rung.knee {
        parts.push(lang.say("knee").to_owned());
    }
    parts.join(" · ")
}

/// Terms that some answers have no value for: how often they were skipped.
fn skipped(capacity: &Capacity, style: Style) -> String {
    let mut grid = Grid::new(0);
    let Some(first) = capacity.rungs.first() else { return String::new() };
    for (i, term) in first.terms.iter().enumerate() {
        let of_term = || capacity.rungs.iter().filter_map(move |r| r.terms.get(i));
        let n: u64 = of_term().map(|t| t.skipped).sum();
        if n > 0 {
            let of: u64 = n + of_term().map(|t| t.of).sum::<u64>();
            let words = style.lang.fill(
                "{term}: skipped for {n} of {of} requests, whose answers have no such value",
                &[("term", &term.term), ("n", &count(n)), ("of", &count(of))],
            );
            grid.row(["".into(), faint(&words)]);
        }
    }
    if grid.is_empty() { String::new() } else { grid.render(style) }
}

/// A line for each term of the objective of a plain run.
fn terms(findings: &Findings, capacity: &Capacity, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    for rung in &capacity.rungs {
        for term in &rung.terms {
            let title = if grid.is_empty() { head("OBJECTIVE", lang) } else { "".into() };
            let share = match term.of {
                0 => "–".to_owned(),
                of => format!("{} %", Scale::percent().value(term.met as f64 / of as f64, None)),
            };
            let mut said = lang.fill(
                "{share} of {n} requests kept it; {needed} % must",
                &[
                    ("share", &share),
                    ("n", &count(term.of)),
                    ("needed", &Scale::percent().value(term.needed, None)),
                ],
            );
            if term.skipped > 0 {
                said += &format!("; {}", lang.fill("{n} skipped", &[("n", &count(term.skipped))]));
            }
            grid.row([title, place(&rung.labels, findings).into(), term.term.clone().into(), said.into()]);
        }
        let name = place(&rung.labels, findings);
        grid.row(["".into(), name.into(), "".into(), Cell::from(remarks(rung, lang))]);
    }
    if grid.is_empty() { String::new() } else { grid.render(style) }
}

/// The answer, where the eye rests.
fn answered(answer: &Answer, capacity: &Capacity, style: Style) -> String {
    let lang = style.lang;
    let unit = lang.tell(answer.unit);
    let load = |v: Option<f64>| v.map_or("–".to_owned(), |v| format!("{v} {unit}"));
    let slo = capacity.slo.clone().unwrap_or_default();
    let (low, high) = (load(answer.low), load(answer.high));
    let values = [("low", low.as_str()), ("high", high.as_str()), ("slo", slo.as_str())];
    let (paint, mut said) = match (answer.found, answer.low) {
        (Found::Between, _) => {
            (Paint::Good, lang.fill("between {low} (kept) and {high} (broken): {slo}", &values))
        }
        (Found::AboveRange, _) => {
            (Paint::Good, lang.fill("at least {low}, the highest load allowed: {slo}", &values))
        }
        (Found::BelowRange, _) => {
            (Paint::Bad, lang.fill("below {high}, the lowest load tried: {slo}", &values))
        }
        (_, Some(_)) => (Paint::Unsure, lang.fill("at least {low}, and not decided above: {slo}", &values)),
        (_, None) => (Paint::Unsure, lang.fill("not decided: {slo}", &values)),
    };
    if !answer.why.is_empty() {
        said = format!("{said} · {}", lang.tell(&answer.why));
    }
    let mut grid = Grid::new(0);
    grid.row([head("CAPACITY", lang), Cell::painted(said, paint)]);
    grid.render(style)
}
