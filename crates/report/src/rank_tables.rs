//! A ranking as CSV, line by model or line by pair, and as Markdown.
//!
//! Main functions: [`rank_csv`], [`rank_csv_pairs`], [`rank_markdown`].

use crate::csv::Table;
use crate::markdown::code;
use crate::rank::RankReport;
use crate::words::Lang;
use std::fmt::Write;

/// Largest matrix in Markdown.
const WIDEST: usize = 30;

/// A line for each model.
#[must_use]
pub fn rank_csv(report: &RankReport) -> String {
    let mut out = Table::new(&[
        "place",
        "rank_best",
        "rank_worst",
        "model",
        "rating",
        "low",
        "high",
        "level",
        "interval",
        "no_interval",
        "half_width_sandwich",
        "half_width_fisher",
        "bootstrap_low",
        "bootstrap_high",
        "battles",
        "wins",
        "ties",
        "losses",
        "average_win_rate",
        "no_rating",
    ]);
    for r in &report.rows {
        for n in [r.place, r.rank_best, r.rank_worst] {
            out.number(n.map(f64::from));
        }
        out.texts(&[&r.model]);
        for n in [r.rating, r.low, r.high, Some(report.level)] {
            out.number(n);
        }
        out.texts(&[&report.interval, r.interval_none.as_deref().unwrap_or_default()]);
        for n in [r.half_width_sandwich, r.half_width_fisher, r.bootstrap_low, r.bootstrap_high] {
            out.number(n);
        }
        for n in [r.battles, r.wins, r.ties, r.losses] {
            out.number(Some(n as f64));
        }
        out.number(r.average_win_rate);
        out.texts(&[report.rating_none.as_deref().unwrap_or_default()]);
        out.end();
    }
    out.text
}

/// A line for each ordered pair of models: the matrices, one below the other.
#[must_use]
pub fn rank_csv_pairs(report: &RankReport) -> String {
    let m = &report.matrices;
    let mut out = Table::new(&[
        "model",
        "opponent",
        "battles",
        "wins",
        "decided",
        "win_fraction",
        "predicted_win_rate",
    ]);
    for (i, model) in m.order.iter().enumerate() {
        for (j, opponent) in m.order.iter().enumerate().filter(|(j, _)| *j != i) {
            out.texts(&[model, opponent]);
            for n in [m.battles[i][j], m.wins[i][j], m.decided[i][j]] {
                out.number(Some(n as f64));
            }
            out.number(m.win_fraction[i][j]);
            out.number(m.predicted.as_ref().and_then(|p| p[i][j]));
            out.end();
        }
    }
    out.text
}

/// The ranking and the shares of decided battles as Markdown.
#[must_use]
pub fn rank_markdown(report: &RankReport, lang: Lang) -> String {
    let mut out = String::new();
    let method = lang.tell(&report.method);
    let n = crate::number::count(report.battles);
    let k = crate::number::count(report.rows.len() as u64);
    let words = lang.fill("{n} battles of {k} models", &[("n", &n), ("k", &k)]);
    let _ = writeln!(out, "## {}\n\n{method} · {words}\n", lang.say("RANKING"));
    if let Some(why) = &report.rating_none {
        let _ = writeln!(out, "{} {}\n", lang.say("no ratings:"), code(&lang.tell(why)));
    }
    let heads = [
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
    let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), " --- |".repeat(heads.len()));
    for r in &report.rows {
        let rank = match (r.rank_best, r.rank_worst) {
            (Some(best), Some(worst)) if best != worst => format!("{best}–{worst}"),
            (Some(best), _) => best.to_string(),
            _ => r.place.map_or_else(|| "–".to_owned(), |p| p.to_string()),
        };
        let ends = match (r.low, r.high, &r.interval_none) {
            (Some(low), Some(high), _) => format!("{low:.1} … {high:.1}"),
            (.., Some(why)) => lang.tell(why),
            _ => "–".to_owned(),
        };
        let number =
            |n: Option<f64>, digits: usize| n.map_or_else(|| "–".into(), |n| format!("{n:.digits$}"));
        let _ = writeln!(
            out,
            "| {rank} | {} | {} | {ends} | {} | {} | {} | {} | {} |",
            code(&r.model),
            number(r.rating, 1),
            r.battles,
            r.wins,
            r.ties,
            r.losses,
            number(r.average_win_rate, 3),
        );
    }
    matrix(&mut out, report, lang);
    for warning in &report.warnings {
        let _ = writeln!(out, "\n{} {}", lang.say("warning:"), code(&lang.tell(warning)));
    }
    out
}

fn matrix(out: &mut String, report: &RankReport, lang: Lang) {
    let m = &report.matrices;
    if m.order.len() > WIDEST {
        return;
    }
    let _ = writeln!(out, "\n### {}\n", lang.say("share of decided battles that the row won"));
    let heads: Vec<String> = m.order.iter().map(|name| code(name)).collect();
    let _ = writeln!(out, "| | {} |\n|{}", heads.join(" | "), " --- |".repeat(heads.len() + 1));
    for (name, row) in heads.iter().zip(&m.win_fraction) {
        let cells: Vec<String> =
            row.iter().map(|f| f.map_or_else(|| "–".to_owned(), |f| format!("{f:.2}"))).collect();
        let _ = writeln!(out, "| {name} | {} |", cells.join(" | "));
    }
}
