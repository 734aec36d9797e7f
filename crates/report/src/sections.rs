//! The sections of the terminal report: quality, speed, throughput, tokens,
//! reliability, cost.
//!
//! Main function: [`all`]. Each takes the estimates of its family as they are.

use crate::answers;
use crate::grid::{Cell, Grid, Paint, Style};
use crate::number::{Scale, count, fixed, short};
use crate::words::Lang;
use acidtest_findings::{Estimate, Family, Findings, Labels, Quantity, Table, Uncertainty};
use std::collections::BTreeSet;

/// Times that the terminal shows; the JSON holds all.
const TIMES: [&str; 8] =
    ["ttft", "ttft_from_intended", "itl", "icl", "tpot", "e2e", "e2e_from_intended", "time_to_failure"];

/// Every section that has something to say.
pub(crate) fn all(findings: &Findings, style: Style) -> Vec<String> {
    vec![
        quality(findings, style),
        answers::funnel(findings, style),
        answers::fields(findings, style),
        speed(findings, style),
        crate::server::section(findings, style),
        throughput(findings, style),
        crate::surroundings::section(findings, style),
        tokens(findings, style),
        reliability(findings, style),
        cost(findings, style),
    ]
}

/// Target and phase, as far as there are several of them; else the phase where `TITLES` need one.
pub(crate) fn place(labels: &Labels, findings: &Findings) -> String {
    let get = |key: &str| labels.get(key).map_or("", String::as_str);
    let mut parts = Vec::new();
    if findings.run.targets.len() > 1 {
        parts.push(get("target"));
    }
    parts.push(get("prompt"));
    if findings.run.phases.len() > 1 {
        parts.push(get("phase"));
    }
    let tags = labels
        .iter()
        .filter(|(k, _)| !["target", "phase", "prompt", "source", "baseline"].contains(&k.as_str()));
    let tags: Vec<String> = tags.map(|(k, v)| format!("{k}={v}")).collect();
    parts.extend(tags.iter().map(String::as_str));
    parts.retain(|p| !p.is_empty());
    parts.join(" · ")
}

/// A group of a section: one target with one prompt under one phase.
pub(crate) struct Group<'f> {
    labels: &'f Labels,
    pub(crate) name: String,
}

/// Targets and phases in the order of the run.
pub(crate) fn groups(findings: &Findings) -> Vec<Group<'_>> {
    let mut seen = BTreeSet::new();
    let several = findings.run.targets.len() > 1;
    findings
        .tables
        .iter()
        .filter(|t| seen.insert((t.labels.get("target"), t.labels.get("phase"), t.labels.get("prompt"))))
        .map(|t| {
            let get = |key: &str| t.labels.get(key).cloned().unwrap_or_default();
            let mut parts = vec![get("target"), get("prompt"), get("phase")];
            if !several {
                parts.remove(0);
            }
            parts.retain(|p| !p.is_empty());
            let name = parts.join(" · ");
            Group { labels: &t.labels, name }
        })
        .collect()
}

/// The estimates of a group, without those of tags.
pub(crate) fn of<'f>(findings: &'f Findings, group: &Group, family: Family) -> Vec<&'f Estimate> {
    let same = |e: &&Estimate| {
        let own = |key: &str| e.labels.get(key) == group.labels.get(key);
        let extra = |k: &String| ["target", "phase", "prompt", "window", "source"].contains(&k.as_str());
        e.family == family && own("target") && own("phase") && own("prompt") && e.labels.keys().all(extra)
    };
    findings.estimates.iter().filter(same).collect()
}

pub(crate) fn table<'f>(findings: &'f Findings, group: &Group, name: &str) -> Option<&'f Table> {
    let mut tables = findings.tables.iter();
    tables.find(|t| t.name == name && t.labels == *group.labels)
}

pub(crate) fn out_of(e: &Estimate, lang: Lang) -> String {
    lang.fill("{n} of {of}", &[("n", &count(e.n.requests)), ("of", &count(e.n.of))])
}

/// `unit: cluster (31), Wilson, effective n`
fn origin(e: &Estimate, lang: Lang) -> String {
    match &e.interval {
        Uncertainty::Interval(i) => lang.fill(
            "unit: {unit} ({n}), {method}",
            &[
                ("unit", &lang.tell(&i.unit_of_sampling)),
                ("n", &count(e.n.clusters)),
                ("method", &lang.tell(i.method)),
            ],
        ),
        Uncertainty::None(_) => String::new(),
    }
}

pub(crate) fn faint(text: &str) -> Cell {
    Cell::painted(text, Paint::Faint)
}

/// A section's title, as wide as titles are.
pub(crate) fn head(text: &'static str, lang: Lang) -> Cell {
    Cell::painted(crate::terminal::padded(lang.say(text)), Paint::Title)
}

/// The name of a group on its first row only.
pub(crate) fn once(name: &str, first: &mut bool) -> Cell {
    let text = if std::mem::take(first) { format!(" {name}") } else { String::new() };
    text.into()
}

fn quality(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("QUALITY", lang),
        "".into(),
        faint(lang.say("value")),
        faint(lang.say("95 % interval")),
        faint(lang.say("n")),
        faint(lang.say("how")),
    ]);
    let mut notes = false;
    for group in groups(findings) {
        let mut first = true;
        for e in of(findings, &group, Family::Quality) {
            if ["delivery", "judgement", "funnel", "field_accuracy"].contains(&e.metric.as_str()) {
                continue;
            }
            // What nobody scored is left out; the delivery line says what arrived.
            let Some(value) = e.number() else { continue };
            // Where answers are judged it only says accuracy again.
            let judged = judged_of(findings, &group, "accuracy");
            if e.metric == "bad_answer_rate" && (judged || value == 0.0 || is_asked_length(findings, &group))
            {
                continue;
            }
            // Nobody asked about refusals, and there was none.
            let due = || judged_of(findings, &group, "refusal_due");
            if e.metric == "over_refusal" && value == 0.0 && !due() {
                continue;
            }
            notes = true;
            let scale = Scale::of(&e.unit, Some(value));
            let interval = match &e.interval {
                Uncertainty::Interval(i) => scale.ends(i, value, " – ", lang),
                Uncertainty::None(why) => lang.tell(short(why)),
            };
            grid.row([
                once(&group.name, &mut first),
                e.name().into(),
                format!("{}{}", scale.value(value, e.ends()), scale.suffix()).into(),
                interval.into(),
                out_of(e, lang).into(),
                faint(&origin(e, lang)),
            ]);
        }
        notes |= delivery(findings, &group, (&mut grid, &mut first), lang);
    }
    if notes { grid.render(style) } else { String::new() }
}

/// One line of counts, and what the excluded requests could have done to accuracy.
fn delivery(findings: &Findings, group: &Group, (grid, first): (&mut Grid, &mut bool), lang: Lang) -> bool {
    let Some(found) = table(findings, group, "delivery").filter(|t| t.of > 0) else {
        return false;
    };
    let mut line = counts(found, lang);
    let accuracy = of(findings, group, Family::Quality).into_iter().find(|e| e.metric == "accuracy");
    if let Some(missing) = accuracy.and_then(|e| e.missing) {
        line.push_str("; ");
        line.push_str(&lang.fill(
            "accuracy if the {n} excluded were wrong … right: {low} … {high}",
            &[
                ("n", &count(missing.excluded)),
                ("low", &fixed(missing.low, 3)),
                ("high", &fixed(missing.high, 3)),
            ],
        ));
    }
    let n = |table: Option<&Table>, class: &str| {
        table.and_then(|t| t.rows.iter().find(|r| r.class == class)).map_or(0, |r| r.count)
    };
    let cut = n(Some(found), "truncated");
    // Where nothing is judged, an answer of the asked length is no failure.
    if cut > 0 && !findings.estimates.iter().any(|e| e.metric == "accuracy") {
        line.push_str("; ");
        line.push_str(&lang.fill("{n} ended at max_tokens", &[("n", &count(cut))]));
    }
    grid.row([once(&group.name, first), lang.say("delivery").into(), line.into()]);
    let judged = table(findings, group, "judgement");
    let (wrong, right) = (n(judged, "xfail"), n(judged, "xpass"));
    if wrong + right > 0 {
        let counts = lang.fill("{n} wrong, {k} right", &[("n", &count(wrong)), ("k", &count(right))]);
        grid.row([once(&group.name, first), lang.say("expected to fail").into(), counts.into()]);
    }
    true
}

/// Whether nothing is wrong with unjudged answers but that they ended at the length asked for.
fn is_asked_length(findings: &Findings, group: &Group) -> bool {
    let bad = |class: &str| ["filtered", "empty"].contains(&class);
    let delivered = table(findings, group, "delivery");
    !findings.estimates.iter().any(|e| e.metric == "accuracy")
        && delivered.is_some_and(|t| !t.rows.iter().any(|r| bad(&r.class)))
}

/// Whether a group has a number of that metric of quality.
fn judged_of(findings: &Findings, group: &Group, metric: &str) -> bool {
    of(findings, group, Family::Quality).iter().any(|e| e.metric == metric && e.number().is_some())
}

/// A line with the name of a group, where there are several of them, so that its columns have
/// the room; whether the name is still to be said.
fn heading(grid: &mut Grid, group: &Group, several: bool) -> bool {
    if several {
        grid.line(format!(" {}", group.name), Paint::Plain);
    }
    !several
}

/// `complete 121 · truncated 1`
pub(crate) fn counts(table: &Table, lang: Lang) -> String {
    let rows: Vec<String> =
        table.rows.iter().map(|r| format!("{} {}", lang.tell(&r.words), count(r.count))).collect();
    rows.join(" · ")
}

fn speed(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let groups = groups(findings);
    let several = groups.len() > 1;
    grid.row([
        if several { Cell::painted(lang.say("SPEED"), Paint::Title) } else { head("SPEED", lang) },
        "".into(),
        faint(lang.say("unit")),
        faint("p50"),
        faint("p95"),
        faint("p99"),
        faint(lang.say("n of slots")),
    ]);
    let mut any = false;
    for group in groups {
        let found = of(findings, &group, Family::Speed);
        let is_time = |e: &&Estimate| TIMES.contains(&e.metric.as_str());
        if !found.iter().any(|e| is_time(e) && (e.number().is_some() || e.n.of > 0)) {
            continue;
        }
        let mut first = heading(&mut grid, &group, several);
        let is_open = is_open(findings, &group);
        for id in TIMES {
            // Users of a closed loop wait for their own answer: there is no other arrival.
            if id.ends_with("_from_intended") && !is_open {
                continue;
            }
            any |= time(id, &group, &found, (&mut grid, &mut first), lang);
        }
        let per_event = found.iter().find(|e| e.metric == "tokens_per_event");
        if let Some(ratio) = per_event.and_then(|e| e.number()) {
            let mut text = lang.fill("{n} tokens per content event", &[("n", &fixed(ratio, 2))]);
            let gaps = found.iter().find(|e| e.metric == "icl").and_then(|e| e.n.values);
            if let Some(gaps) = gaps {
                text.push_str(" · ");
                text.push_str(&lang.fill("{n} gaps between them", &[("n", &count(gaps))]));
            }
            grid.row([once(&group.name, &mut first), faint(&text)]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}

/// Whether arrivals of the group's phase do not wait for answers.
fn is_open(findings: &Findings, group: &Group) -> bool {
    let phase = group.labels.get("phase");
    let mut phases = findings.run.phases.iter();
    let is_closed = |load: &str| ["closed", "users", "unstated"].contains(&load);
    phases.any(|p| Some(&p.name) == phase && !is_closed(p.load))
}

/// One row of quantiles; whether there was anything to show.
fn time(
    id: &str,
    group: &Group,
    found: &[&Estimate],
    (grid, first): (&mut Grid, &mut bool),
    lang: Lang,
) -> bool {
    let stat = |name: &str| {
        let mut of_id = found.iter().filter(|e| e.metric == id);
        of_id.find(|e| e.stat.id() == name).copied()
    };
    let (Some(p50), Some(p95), Some(p99)) = (stat("p50"), stat("p95"), stat("p99")) else {
        return false;
    };
    let Some(middle) = p50.number() else {
        // A number that streaming answers should have: say why it is missing.
        let why = match &p50.value {
            Quantity::Absent(why) if ["ttft", "tpot"].contains(&id) && p50.n.of > 0 => why,
            _ => return false,
        };
        grid.row([once(&group.name, first), id.into(), faint(&lang.tell(&format!("absent: {why}")))]);
        return true;
    };
    // itl says the same as icl, and better, where both exist.
    let itl = found.iter().any(|e| e.metric == "itl" && e.number().is_some());
    if id == "icl" && itl {
        return false;
    }
    let scale = Scale::of(&p50.unit, Some(middle));
    let all = [p50, p95, p99];
    let is_spoiled = all.iter().all(|e| !e.is_valid());
    let name = match is_spoiled {
        false => id.into(),
        true => Cell::painted(format!("{id} !"), Paint::Bad),
    };
    // Where some quantiles are valid and others are not, each says so itself.
    let [p50_cell, p95_cell, p99_cell] = all.map(|e| match e.is_valid() || is_spoiled {
        true => scale.bare(e, lang).into(),
        // Why there is no interval does not matter where the value itself is not valid.
        false => {
            let text = scale.bare(e, lang);
            Cell::painted(format!("{} !", text.split(", ").next().unwrap_or_default()), Paint::Bad)
        }
    });
    grid.row([
        once(&group.name, first),
        name,
        scale.unit.clone().into(),
        p50_cell,
        p95_cell,
        p99_cell,
        out_of(p50, lang).into(),
    ]);
    true
}

fn throughput(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("THROUGHPUT", lang),
        "".into(),
        faint(lang.say("steady window")),
        faint(lang.say("whole run")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let mut first = true;
        let found = of(findings, &group, Family::Throughput);
        for id in ["requests_per_s", "goodput", "tokens_per_s", "concurrency_held"] {
            let window = |name: &str| {
                let mut of_id = found.iter().filter(|e| e.metric == id);
                of_id.find(|e| e.labels.get("window").is_some_and(|w| w == name))
            };
            let (Some(steady), Some(whole)) = (window("steady"), window("whole")) else {
                continue;
            };
            if steady.number().is_none() && whole.number().is_none() {
                continue;
            }
            any = true;
            let mark = if steady.is_valid() { "" } else { " !" };
            let whole_text = match whole.number() {
                Some(v) => {
                    let scale = Scale::of(&whole.unit, Some(v));
                    format!("{}{}", scale.value(v, None), scale.suffix())
                }
                None => lang.say("absent").to_owned(),
            };
            let scale = Scale::of(&steady.unit, steady.number());
            let steady_text = match (id, steady.number()) {
                ("concurrency_held", Some(v)) => {
                    format!("{}{}{}", scale.value(v, None), scale.suffix(), asked(findings, &group, lang))
                }
                _ => scale.cell(steady, lang),
            };
            let name = format!("{id}{mark}");
            grid.row([once(&group.name, &mut first), name.into(), steady_text.into(), whole_text.into()]);
        }
    }
    if any { grid.render_groups(style) } else { String::new() }
}

/// The users that a closed loop was asked to hold.
fn asked(findings: &Findings, group: &Group, lang: Lang) -> String {
    let phase = group.labels.get("phase");
    let mut phases = findings.run.phases.iter();
    let closed = phases.find(|p| Some(&p.name) == phase && p.load == "closed");
    match closed.and_then(|p| p.asked) {
        Some(n) => format!(" {}", lang.fill("of {n} asked", &[("n", &n.to_string())])),
        None => String::new(),
    }
}

fn tokens(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    let groups = groups(findings);
    let several = groups.len() > 1;
    grid.row([
        if several { Cell::painted(lang.say("TOKENS"), Paint::Title) } else { head("TOKENS", lang) },
        "".into(),
        faint(lang.say("mean")),
        faint(lang.say("total")),
        faint(lang.say("n of slots")),
    ]);
    let mut any = false;
    for group in groups {
        let found = of(findings, &group, Family::Tokens);
        if !found.iter().any(|e| e.number().is_some()) {
            continue;
        }
        let mut first = heading(&mut grid, &group, several);
        for id in ["input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"] {
            let stat = |name: &str| {
                let mut of_id = found.iter().filter(|e| e.metric == id);
                of_id.find(|e| e.stat.id() == name)
            };
            let (Some(mean), Some(total)) = (stat("mean"), stat("total")) else {
                continue;
            };
            let (Some(value), Some(sum)) = (mean.number(), total.number()) else {
                continue;
            };
            // Most models do not reason: nothing to say.
            if id == "reasoning_tokens" && sum == 0.0 {
                continue;
            }
            any = true;
            grid.row([
                once(&group.name, &mut first),
                id.into(),
                Scale::of(&mean.unit, Some(value)).cell(mean, lang).into(),
                fixed(sum, 0).into(),
                out_of(mean, lang).into(),
            ]);
        }
    }
    let whose = match findings.run.tokens_by.as_deref() {
        Some(tool) => lang.fill("counts by {tool}", &[("tool", tool)]),
        None => lang.say("counts as the server says").to_owned(),
    };
    grid.line(format!(" {whose}"), Paint::Faint);
    if any { grid.render_groups(style) } else { String::new() }
}

fn reliability(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("RELIABILITY", lang),
        "".into(),
        faint(lang.say("95 % interval")),
        faint(lang.say("what")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let mut first = true;
        let found = of(findings, &group, Family::Reliability);
        let whole = |id: &str| {
            let mut of_id = found.iter().filter(|e| e.metric == id && e.params.is_empty());
            of_id.next().copied()
        };
        let mut line = |e: &Estimate, what: String| {
            let Some(value) = e.number() else { return };
            let scale = Scale::percent();
            let interval = match &e.interval {
                Uncertainty::Interval(i) => scale.ends(i, value, "–", lang),
                Uncertainty::None(why) => lang.tell(short(why)),
            };
            any = true;
            grid.row([
                once(&group.name, &mut first),
                e.name().into(),
                format!("{} % ({interval})", scale.value(value, e.ends())).into(),
                what.into(),
            ]);
        };
        let (errors, served) = (whole("error_rate"), whole("availability"));
        if let (Some(e), Some(table)) = (errors, table(findings, &group, "errors")) {
            line(e, classes(table, lang));
        }
        // Without retries every request is one attempt, and this says the same.
        if let (Some(e), Some(_)) = (served, errors.filter(|e| e.n.records > e.n.requests)) {
            line(e, lang.fill("of {n} requests sent, in the end", &[("n", &count(e.n.requests))]));
        }
    }
    if any { grid.render(style) } else { String::new() }
}

/// Id of the class of requests that the client gave up as planned.
const CLIENT_CANCEL: &str = "client_cancel";

/// `2 of 124: 429 ×1 · cut stream ×1`; what we gave up on purpose stands apart: it is no error.
fn classes(errors: &Table, lang: Lang) -> String {
    let is_planned = |r: &&acidtest_findings::Count| r.class == CLIENT_CANCEL;
    let (planned, failed): (Vec<_>, Vec<_>) = errors.rows.iter().partition(is_planned);
    let words = |r: &&acidtest_findings::Count| format!("{} ×{}", lang.tell(&r.words), count(r.count));
    let sum = |rows: &[&acidtest_findings::Count]| rows.iter().map(|r| r.count).sum::<u64>();
    let of = errors.of.saturating_sub(sum(&planned));
    let mut text = lang.fill(
        "{n} of {of} {unit}",
        &[("n", &count(sum(&failed))), ("of", &count(of)), ("unit", lang.say(errors.unit))],
    );
    if !failed.is_empty() {
        text += &format!(": {}", failed.iter().map(words).collect::<Vec<_>>().join(" · "));
    }
    for row in &planned {
        text += &format!(" · {}", words(row));
    }
    text
}

fn cost(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    grid.row([
        head("COST", lang),
        faint(lang.say("total")),
        faint(lang.say("per 1k correct")),
        faint(lang.say("per request")),
        faint(lang.say("n of slots")),
    ]);
    let mut any = false;
    for group in groups(findings) {
        let found = of(findings, &group, Family::Cost);
        let stat = |id: &str, name: &str| {
            let mut of_id = found.iter().filter(|e| e.metric == id);
            of_id.find(|e| e.stat.id() == name).copied()
        };
        let Some(total) = stat("cost", "total") else { continue };
        let Some(sum) = total.number() else { continue };
        any = true;
        let cell = |e: Option<&Estimate>| match e.filter(|e| e.number().is_some()) {
            Some(e) => Scale::of(&e.unit, e.number()).cell(e, lang),
            None => "–".to_owned(),
        };
        let scale = Scale::of(&total.unit, Some(sum));
        grid.row([
            format!(" {}", group.name).into(),
            format!("{}{} ({})", scale.value(sum, None), scale.suffix(), lang.say("count")).into(),
            cell(stat("cost_per_1k_correct", "mean")).into(),
            cell(stat("cost", "mean")).into(),
            out_of(total, lang).into(),
        ]);
    }
    if any { grid.render_groups(style) } else { String::new() }
}
