//! A ranking for a terminal.
//!
//! Main function: [`rank`]. Draws what the report holds and computes nothing.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use crate::rank::{RankReport, RankRow};
use crate::terminal::title;
use crate::words::Lang;

/// Claims shown; JSON and CSV hold all.
const CLAIMS: usize = 12;
/// Widest matrix shown.
const WIDEST: usize = 24;

/// The ranking as text; tables of pairs where they are asked for.
#[must_use]
pub fn rank(report: &RankReport, with_matrix: bool, style: Style) -> String {
    let lang = style.lang;
    let mut out = format!("{}{}\n", title(lang.say("RANKING"), style), head(report, lang));
    if let Some(why) = &report.rating_none {
        let words = format!("{} {}\n", lang.say("no ratings:"), crate::grid::clean(&lang.tell(why)));
        out.push_str(&style.paint(&words, Paint::Unsure));
    }
    out.push_str(&table(report, style));
    out.push_str(&claims(report, style));
    out.push_str(&effects(report, style));
    out.push_str(&next(report, style));
    if with_matrix {
        out.push_str(&matrix(report, style));
    }
    for warning in &report.warnings {
        let words = crate::grid::clean(&lang.tell(warning));
        out.push_str(&format!("{} {words}\n", style.paint(lang.say("warning:"), Paint::Unsure)));
    }
    out
}

fn head(report: &RankReport, lang: Lang) -> String {
    let models = count(report.rows.len() as u64);
    let mut parts = vec![
        lang.tell(&report.method),
        lang.fill("{n} battles of {k} models", &[("n", &count(report.battles)), ("k", &models)]),
    ];
    if report.units > 0 {
        let unit = lang.tell(&report.unit_of_sampling);
        let units = count(report.units as u64);
        parts.push(lang.fill("sampled by {unit} ({n})", &[("unit", &unit), ("n", &units)]));
        let level = format!("{}", (report.level * 1000.0).round() / 10.0);
        let kind = lang.tell(&report.interval);
        parts.push(lang.fill("{level} % intervals: {kind}", &[("level", &level), ("kind", &kind)]));
    }
    parts.join(" · ")
}

fn table(report: &RankReport, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let named = [
        lang.say("rank"),
        lang.say("model"),
        lang.say("rating"),
        lang.say("interval"),
        lang.say("battles"),
        lang.say("won"),
        lang.say("tied"),
        lang.say("lost"),
        lang.say("average win rate"),
    ];
    grid.row(named.map(|text| Cell::painted(text, Paint::Faint)));
    let halves = report.rows.iter().filter_map(|r| Some((r.high? - r.low?) / 2.0));
    let digits = usize::from(halves.fold(f64::INFINITY, f64::min) < 5.0);
    for row in &report.rows {
        let rating = row.rating.map_or_else(|| "–".to_owned(), |r| format!("{r:.digits$}"));
        let share = row.average_win_rate.map_or_else(|| "–".to_owned(), |r| format!("{r:.3}"));
        grid.row([
            ranks(row).into(),
            Cell::painted(&row.model, Paint::Title),
            rating.into(),
            interval(row, digits, lang).into(),
            count(row.battles).into(),
            count(row.wins).into(),
            count(row.ties).into(),
            count(row.losses).into(),
            share.into(),
        ]);
    }
    grid.render(style)
}

fn ranks(row: &RankRow) -> String {
    match (row.rank_best, row.rank_worst, row.place) {
        (Some(best), Some(worst), _) if best != worst => format!("{best}–{worst}"),
        (Some(best), ..) => best.to_string(),
        (.., Some(place)) => place.to_string(),
        _ => "–".to_owned(),
    }
}

fn interval(row: &RankRow, digits: usize, lang: Lang) -> String {
    match (row.low, row.high, &row.interval_none) {
        (Some(low), Some(high), _) => format!("{low:.digits$} … {high:.digits$}"),
        (.., Some(why)) => lang.tell(why),
        _ => "–".to_owned(),
    }
}

fn claims(report: &RankReport, style: Style) -> String {
    if report.claims.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let shown = report.claims.iter().filter(|c| c.shown).count() as u64;
    let words = lang.fill(
        "{n} of {of} pairs are shown to differ (Holm over {k})",
        &[("n", &count(shown)), ("of", &count(report.claims.len() as u64)), ("k", &count(report.claims_of))],
    );
    let mut grid = Grid::new(1);
    // Neighbours in rank: what a reader of the table asks first.
    let places: std::collections::HashMap<&str, usize> =
        report.rows.iter().enumerate().map(|(i, r)| (r.model.as_str(), i)).collect();
    let place = |name: &str| places.get(name).copied().unwrap_or(usize::MAX);
    let neighbours = report.claims.iter().filter(|c| place(&c.lower) == place(&c.higher) + 1);
    for c in neighbours.take(CLAIMS) {
        let (word, paint) = match c.shown {
            true => (lang.say("shown"), Paint::Good),
            false => (lang.say("not shown"), Paint::Unsure),
        };
        let ends = match (c.corrected_low, c.corrected_high) {
            (Some(low), Some(high)) => format!("{low:.1} … {high:.1}"),
            _ => "–".to_owned(),
        };
        grid.row([
            format!("{} > {}", c.higher, c.lower).into(),
            format!("{:+.1}", c.difference).into(),
            ends.into(),
            format!("p {}", if c.p_holm < 0.001 { "<0.001".to_owned() } else { format!("{:.3}", c.p_holm) })
                .into(),
            Cell::painted(word, paint),
        ]);
    }
    format!("{}{words}\n{}", title(lang.say("PAIRS"), style), grid.render(style))
}

fn effects(report: &RankReport, style: Style) -> String {
    if report.style.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let mut grid = Grid::new(1);
    for s in &report.style {
        let ends = match (s.low, s.high) {
            (Some(low), Some(high)) => format!("{low:.1} … {high:.1}"),
            _ => "–".to_owned(),
        };
        grid.row([s.column.as_str().into(), format!("{:+.1}", s.points).into(), ends.into()]);
    }
    let words = lang.say("points for one standard deviation of the relative difference");
    format!("{}{words}\n{}", title(lang.say("STYLE"), style), grid.render(style))
}

fn next(report: &RankReport, style: Style) -> String {
    if report.next.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let mut grid = Grid::new(1);
    for pair in &report.next {
        let why = match pair.gain_nats {
            Some(gain) => lang.fill("expected information {gain} nats", &[("gain", &format!("{gain:.2e}"))]),
            None => lang.say("brings groups together").to_owned(),
        };
        let n = lang.fill("{n} battles so far", &[("n", &count(pair.battles))]);
        grid.row([format!("{} – {}", pair.a, pair.b).into(), n.into(), why.into()]);
    }
    let words = lang.say("the battles that tell most");
    format!("{}{words}\n{}", title(lang.say("NEXT"), style), grid.render(style))
}

fn matrix(report: &RankReport, style: Style) -> String {
    let lang = style.lang;
    let m = &report.matrices;
    let n = m.order.len().min(WIDEST);
    let mut grid = Grid::new(1);
    let mut top: Vec<Cell> = vec!["".into(), "".into()];
    top.extend((1..=n).map(|i| Cell::painted(i.to_string(), Paint::Faint)));
    grid.row_of(top);
    for i in 0..n {
        let mut cells: Vec<Cell> =
            vec![Cell::painted((i + 1).to_string(), Paint::Faint), m.order[i].as_str().into()];
        cells.extend(
            (0..n).map(|j| {
                Cell::from(m.win_fraction[i][j].map_or_else(|| "–".to_owned(), |f| format!("{f:.2}")))
            }),
        );
        grid.row_of(cells);
    }
    let words = lang.say("share of decided battles that the row won");
    let mut out = format!("{}{words}\n{}", title(lang.say("WINS"), style), grid.render(style));
    if m.order.len() > n {
        let left = count((m.order.len() - n) as u64);
        out.push_str(&lang.fill("and {n} more models in JSON and CSV", &[("n", &left)]));
        out.push('\n');
    }
    out
}
