//! The section of the terminal report on what was read beside the run: one line a source.
//!
//! Main function: [`section`]. Nothing at all where nothing was read.

use crate::grid::{Cell, Grid, Paint, Style, clean};
use crate::number::{Scale, count};
use crate::sections::{Group, groups, head, of, once};
use crate::words::Lang;
use acidtest_findings::{Estimate, Family, Findings};

/// What a line says of its source, in this order.
const SHOWN: [(&str, &str); 8] = [
    ("cpu_util", "CPU"),
    ("mem", "memory"),
    ("net_rx", "received"),
    ("net_tx", "sent"),
    ("net_loopback", "loopback"),
    ("server_running", "running"),
    ("server_waiting", "waiting"),
    ("server_cache_util", "cache"),
];

/// One line a source: mean and maximum of what was seen, and how often.
pub(crate) fn section(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let faint = |text: &str| Cell::painted(text, Paint::Faint);
    grid.row([
        head("AROUND", lang),
        "".into(),
        faint(lang.say("readings")),
        faint(lang.say("mean (most), as read beside the run")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let mut first = true;
        let found = of(findings, &group, Family::Surroundings);
        let mut sources: Vec<&str> = found.iter().filter_map(|e| source(e)).collect();
        sources.sort_unstable();
        sources.dedup();
        for name in sources {
            let own: Vec<&Estimate> = found.iter().filter(|e| source(e) == Some(name)).copied().collect();
            let mut parts: Vec<String> =
                SHOWN.iter().filter_map(|(id, word)| part(id, word, &own, lang)).collect();
            if own.iter().any(|e| e.metric == "server_running" && e.number().is_some()) {
                parts.extend(held(findings, &group, lang));
            }
            let n = own.iter().filter_map(|e| e.n.values).max().unwrap_or(0);
            if parts.is_empty() {
                continue;
            }
            any = true;
            grid.row([
                once(&group.name, &mut first),
                clean(&source_words(name, lang)).into(),
                count(n).into(),
                parts.join(" · ").into(),
            ]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}

fn source(e: &Estimate) -> Option<&str> {
    e.params.get("source").map(String::as_str)
}

fn source_words(name: &str, lang: Lang) -> String {
    match name {
        "host" => lang.say("this machine").to_owned(),
        "client" => lang.say("client").to_owned(),
        "server" => lang.say("server").to_owned(),
        other => other.replacen("scrape", lang.say("scraped"), 1),
    }
}

/// `CPU 52 % (80 %)`; shares as percent of all cores.
fn part(id: &str, word: &str, own: &[&Estimate], lang: Lang) -> Option<String> {
    let stat = |name: &str| own.iter().find(|e| e.metric == id && e.stat.id() == name).copied();
    let (mean, most) = (stat("mean")?, stat("max")?);
    let (value, top) = (mean.number()?, most.number()?);
    // A link that nothing went over says nothing.
    if top == 0.0 && ["received", "sent", "loopback"].contains(&word) {
        return None;
    }
    let scale = match mean.unit.as_str() {
        "ratio" => Scale::percent(),
        unit => Scale::of(unit, Some(top)),
    };
    let word = match word {
        "memory" => lang.say("memory"),
        "received" => lang.say("received"),
        "sent" => lang.say("sent"),
        "loopback" => lang.say("loopback"),
        "running" => lang.say("running there"),
        "waiting" => lang.say("waiting there"),
        "cache" => lang.say("cache in use"),
        _ => "CPU",
    };
    let suffix = if mean.unit == "requests" { String::new() } else { scale.suffix() };
    let show = |v: f64| scale.value(v, None);
    Some(format!("{word} {} ({}){suffix}", show(value), show(top)))
}

/// What we held ourselves in the steady window, beside the server's own gauge.
fn held(findings: &Findings, group: &Group, lang: Lang) -> Option<String> {
    let all = of(findings, group, Family::Throughput);
    let mut held = all.iter().filter(|e| e.metric == "concurrency_held");
    let e = held.find(|e| e.number().is_some())?;
    let value = Scale::of(&e.unit, e.number()).value(e.number()?, None);
    Some(lang.fill("held by us {n}", &[("n", &value)]))
}
