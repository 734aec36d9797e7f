//! A calibration for a terminal: reported minus true, and how much stands behind it.
//!
//! Main function: [`calibration`]. Draws what the calibration holds and computes nothing.

use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::count;
use crate::terminal::{title, words};
use crate::words::Lang;
use acidtest_findings::{Calibration, CheckState, ErrorRow, Findings, Share, Validity};

/// The calibration as text.
#[must_use]
pub fn calibration(c: &Calibration, style: Style) -> String {
    let lang = style.lang;
    let mut out = format!("{}{}\n", title(lang.say("CALIBRATED"), style), head(c, lang));
    out.push_str(&errors(c, style));
    out.push_str(&quantiles(c, style));
    out.push_str(&shares(c, style));
    out.push_str(&verdict(c, style));
    out
}

fn head(c: &Calibration, lang: Lang) -> String {
    let joined = [("n", count(c.joined.joined)), ("of", count(c.joined.records))];
    let joined = joined.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut parts = vec![
        lang.fill("run {id}", &[("id", &c.run)]),
        lang.fill("{n} of {of} answers joined with the truth", &joined),
        lang.fill("{n} streams at once", &[("n", &count(c.streams))]),
        lang.fill("{n} events/s", &[("n", &count(c.events_per_s.round() as u64))]),
    ];
    if c.clocks == "wall" {
        parts.push(lang.say("clocks joined by the wall clock").to_owned());
    }
    parts.join(" · ")
}

fn errors(c: &Calibration, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let named = ["reported − true", "stamps", "n", "p50", "p99", "max"];
    grid.row(named.map(|text| Cell::painted(lang.say(text), Paint::Faint)));
    for row in c.errors.iter().filter(|row| row.n > 0) {
        let what = match row.what {
            "ttft" => "first token",
            "arrival" => "exact arrivals",
            _ => "exact gaps",
        };
        let paint = if row.stamps == "printed" { Paint::Title } else { Paint::Plain };
        grid.row([
            Cell::painted(lang.say(what), paint),
            lang.say(row.stamps).into(),
            count(row.n).into(),
            milliseconds(row.p50_s).into(),
            milliseconds(row.p99_s).into(),
            milliseconds(row.max_s).into(),
        ]);
    }
    if c.errors.iter().all(|row: &ErrorRow| row.n == 0) {
        let words = lang.say("nothing to compare: no answer was joined, or no event was exact");
        grid.line(words.to_owned(), Paint::Unsure);
    }
    grid.render(style)
}

fn quantiles(c: &Calibration, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    if !c.quantiles.is_empty() {
        let named = ["gaps", "printed", "true", "", ""];
        grid.row(named.map(|text| Cell::painted(lang.say(text), Paint::Faint)));
    }
    for q in &c.quantiles {
        let (word, paint) = match q.covers {
            true => (lang.say("covered").to_owned(), Paint::Good),
            false => {
                let off = milliseconds(Some(q.off_s));
                (lang.fill("not covered, off by {off}", &[("off", &off)]), Paint::Bad)
            }
        };
        grid.row([
            q.stat.into(),
            pair(q.low_s, q.high_s).into(),
            pair(q.true_low_s, q.true_high_s).into(),
            Cell::painted(word, paint),
            Cell::painted(q.not_printed.as_deref().map_or("", |_| "*"), Paint::Faint),
        ]);
    }
    if let Some(why) = c.quantiles.iter().find_map(|q| q.not_printed.as_deref()) {
        grid.line(format!("* {}", lang.tell(why)), Paint::Faint);
    }
    grid.render(style)
}

fn shares(c: &Calibration, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(1);
    let mut add = |what: &'static str, share: Share| {
        if share.of > 0 {
            let percent = 100.0 * share.n as f64 / share.of as f64;
            let value = format!("{percent:.2} %");
            let of = lang.fill("{n} of {of}", &[("n", &count(share.n)), ("of", &count(share.of))]);
            grid.row([lang.say(what).into(), value.into(), Cell::painted(of, Paint::Faint)]);
        }
    };
    add("gaps with two exact ends", c.exact_gaps);
    add("other gaps whose bounds hold the truth", c.bounded_gaps);
    add("reads without a stamp of the kernel", c.unstamped_reads);
    add("left out: writes that took longer than 0.1 ms", Share { n: c.brackets.wide, of: c.brackets.n });
    let j = &c.joined;
    let unjoined = j.records - j.joined;
    if unjoined > 0 {
        add("answers not joined with the truth", Share { n: unjoined, of: j.records });
    }
    if let Some(ratio) = c.events_per_read {
        grid.row([lang.say("content events per read").into(), format!("{ratio:.3}").into(), "".into()]);
    }
    let (p50, p99) = (milliseconds(c.brackets.p50_s), milliseconds(c.brackets.p99_s));
    let told = [("p50", p50.as_str()), ("p99", p99.as_str())];
    let words = lang.fill("a write took p50 {p50}, p99 {p99}; the truth lies inside it", &told);
    grid.line(words, Paint::Faint);
    grid.render(style)
}

/// The run's own verdict on its clock, beside which the errors stand.
fn verdict(c: &Calibration, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    for (i, v) in c.validity.iter().enumerate() {
        let head =
            if i == 0 { title(lang.say("VALID"), Style { color: false, ..style }) } else { String::new() };
        let (word, paint) = match v.valid {
            true => (lang.say("valid"), Paint::Good),
            false => (lang.say("not valid"), Paint::Bad),
        };
        let why = reasons(v, lang);
        grid.row([
            Cell::painted(head, Paint::Title),
            lang.say(words(v.family)).into(),
            Cell::painted(word, paint),
            why.into(),
        ]);
    }
    grid.render(style)
}

fn reasons(v: &Validity, lang: Lang) -> String {
    let told = v.checks.iter().filter(|check| check.state != CheckState::Ok && !check.why.is_empty());
    told.map(|check| lang.tell(&check.why)).collect::<Vec<_>>().join("; ")
}

/// The line of a run's report that says what a calibration found; nothing for other runs.
pub(crate) fn section(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let value = |name: &str| findings.calibrated.iter().find(|c| c.name == name).map(|c| c.value.as_str());
    let ms = |name: &str| value(name).and_then(|v| v.parse().ok()).map(|s: f64| milliseconds(Some(s)));
    let mut parts = Vec::new();
    for (what, name) in [("first token", "ttft.printed.p99_s"), ("exact gaps", "gap.printed.p99_s")] {
        if let Some(p99) = ms(name) {
            let told = [("what", lang.say(what)), ("p99", p99.as_str())];
            parts.push(lang.fill("{what}: reported − true p99 {p99}", &told));
        }
    }
    for (what, name) in [
        ("gaps with two exact ends", "exact_gaps"),
        ("printed quantiles that cover the truth", "covered_quantiles"),
    ] {
        let share = value(name).and_then(|v| v.split_once(" of "));
        parts.extend(share.map(|(n, of)| {
            let share = lang.fill("{n} of {of}", &[("n", n), ("of", of)]);
            format!("{} {share}", lang.say(what))
        }));
    }
    if parts.is_empty() {
        return String::new();
    }
    let mut grid = Grid::new(0);
    let head = title(lang.say("CALIBRATED"), Style { color: false, ..style });
    grid.row([Cell::painted(head, Paint::Title), parts.join(" · ").into()]);
    grid.render(style)
}

/// Always in ms, to the microsecond: errors are compared down a column.
fn milliseconds(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "–".to_owned(), |s| format!("{:.3} ms", s * 1e3))
}

fn pair(low: f64, high: f64) -> String {
    match (high - low).abs() < 5e-7 {
        true => milliseconds(Some(high)),
        false => format!("{:.3} – {:.3} ms", low * 1e3, high * 1e3),
    }
}
