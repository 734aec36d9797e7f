//! The report for a terminal.
//!
//! Main function: [`terminal`]: header, one section per family, validity, failures,
//! warnings, gates. Sections without anything to say are left out.

use crate::capacity;
use crate::differences::{differences, matrix};
use crate::grid::{Cell, Grid, Paint, Style, clean, width};
use crate::number::{Scale, count, plain, short};
use crate::sections;
use crate::words::Lang;
use acidtest_findings::{CheckState, Failure, Findings, GateResult, GateState, PhaseInfo, RunInfo, Validity};

/// Failures shown; the JSON holds more.
const FAILURES: usize = 5;

/// The report of a run as text.
#[must_use]
pub fn terminal(findings: &Findings, style: Style) -> String {
    let mut out = header(findings, style);
    if capacity::is_varied(findings) {
        // Rungs are many: the table stands for the sections by phase, which the JSON holds.
        out.push_str(&capacity::section(findings, style));
        return out + &judged(findings, style);
    }
    out.push_str(&matrix(findings, style));
    // Those within the run, then those from a baseline: each its own family.
    let (across, within): (Vec<_>, Vec<_>) =
        findings.tests.iter().cloned().partition(|t| t.base.contains_key("run"));
    out.push_str(&differences(&within, style));
    out.push_str(&differences(&across, style));
    for section in sections::all(findings, style) {
        out.push_str(&section);
    }
    out.push_str(&crate::stated::section(findings, style));
    out.push_str(&capacity::section(findings, style));
    out + &judged(findings, style)
}

/// What decides whether the numbers are to be trusted, and the exit code.
fn judged(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut out = String::new();
    out.push_str(&validity(findings, style));
    out.push_str(&crate::calibration::section(findings, style));
    out.push_str(&failures(findings, style));
    for warning in &findings.warnings {
        out.push_str(&format!(
            "{} {}\n",
            style.paint(lang.say("warning:"), Paint::Unsure),
            clean(&lang.tell(warning))
        ));
    }
    // Last, where the eye rests: what decides the exit code.
    out.push_str(&gates(findings, style));
    out
}

/// What was run: suite, targets, cases, load, and the run's id at the right.
fn header(findings: &Findings, style: Style) -> String {
    let (run, lang) = (&findings.run, style.lang);
    let mut parts = vec![clean(&run.name)];
    for t in &run.targets {
        parts.push(clean(&match t.address.as_str() {
            address if address == t.name => t.name.clone(),
            address => format!("{} ({address})", t.name),
        }));
    }
    parts.push(match run.cases {
        0 => lang.say("synthetic prompts").to_owned(),
        1 => lang.say("1 case").to_owned(),
        n => lang.fill("{n} cases", &[("n", &count(n))]),
    });
    if run.repeats > 1 {
        parts.push(lang.fill("{n} repeats", &[("n", &count(run.repeats))]));
    }
    let varied = varied(findings, lang);
    let each = || run.phases.iter().map(|p| phase(p, lang)).collect();
    let phases: Vec<String> = varied.map_or_else(each, |words| vec![words]);
    if !phases.is_empty() {
        parts.push(phases.join(lang.say(", then ")));
    }
    if run.fresh {
        parts.push(lang.say("fresh prompts (nonce)").to_owned());
    }
    if let Some(run) = &run.replayed_from {
        parts.push(lang.fill("replayed from {run}", &[("run", &clean(run))]));
    }
    if !matches!(run.state.as_str(), "" | "done") {
        parts.push(state(run, lang));
    }
    let left = parts.join(" · ");
    let id: String = run.id.chars().take(4).collect();
    let right = lang.fill("run {id}", &[("id", &id)]);
    let gap = style.width.saturating_sub(width(&left) + width(&right)).max(2);
    format!("{}{}{}\n", style.paint(&left, Paint::Title), " ".repeat(gap), right)
}

/// How the load is varied, in place of every rung.
fn varied(findings: &Findings, lang: Lang) -> Option<String> {
    let capacity = findings.capacity.as_ref()?;
    let axis = lang.tell(capacity.axis?);
    Some(match capacity.answer {
        Some(_) => lang.fill("search of the highest {~axis}", &[("~axis", &axis)]),
        None => lang.fill("sweep of {~axis}", &[("~axis", &axis)]),
    })
}

/// How far a run came that is not complete, and why.
fn state(run: &RunInfo, lang: Lang) -> String {
    let mut text = lang.tell(&run.state);
    if let Some(planned) = run.planned {
        let (n, of) = (count(run.requests), count(planned));
        text = format!("{text} {}", lang.fill("after {n} of {of} requests", &[("n", &n), ("of", &of)]));
    }
    match &run.stopped {
        Some(why) => format!("{text}: {}", clean(&lang.tell(why))),
        None => text,
    }
}

fn phase(p: &PhaseInfo, lang: Lang) -> String {
    let Some(asked) = p.asked else {
        return format!("{} ({})", clean(&p.name), lang.say("load not stated"));
    };
    let load = |word: &str| match p.load {
        "closed" => format!("{word} {asked}"),
        _ => format!("{word} {asked}/s"),
    };
    let most = asked.to_string();
    match p.load {
        "varying" => return format!("{} ({})", clean(&p.name), lang.fill("up to {n}/s", &[("n", &most)])),
        "users" => return format!("{} ({})", clean(&p.name), lang.fill("up to {n} users", &[("n", &most)])),
        _ => {}
    }
    // `gamma(0.5) 10/s` is the load and its burstiness.
    let is_load = |name: &str| {
        name == load(p.load)
            || p.load == "gamma" && name.starts_with("gamma(") && name.ends_with(&format!(") {asked}/s"))
    };
    // A name that only says the load, in the words of suites, is enough in every language.
    match clean(&p.name) {
        name if is_load(&name) => name,
        name => format!("{name} ({})", load(lang.say(p.load))),
    }
}

/// A section's title, padded to the width of the titles.
pub(crate) fn title(text: &str, style: Style) -> String {
    style.paint(&padded(text), Paint::Title)
}

/// As wide as titles are.
pub(crate) fn padded(text: &str) -> String {
    format!("{text}{}", " ".repeat(11usize.saturating_sub(width(text))))
}

fn validity(findings: &Findings, style: Style) -> String {
    let timed: Vec<&Validity> = findings.validity.iter().filter(|v| v.p50_s.is_some() || !v.valid).collect();
    if timed.is_empty() {
        return String::new();
    }
    let lang = style.lang;
    let bad: Vec<&&Validity> = timed.iter().filter(|v| !v.valid).collect();
    let mut grid = Grid::new(0);
    let alone = findings.estimates.iter().filter(|e| !e.is_valid()).collect::<Vec<_>>();
    let mut facts = vec![match bad.is_empty() && alone.is_empty() {
        true => lang.say("latencies valid").to_owned(),
        false => lang.say("figures marked ! are NOT valid").to_owned(),
    }];
    facts.extend(lag(&timed, "dispatch_lag", lang.say("dispatch lag"), lang));
    facts.extend(receive_clock(&timed, lang));
    if findings.run.same_machine {
        facts.push(lang.say("client and server share this machine").to_owned());
    }
    facts.extend(match findings.run.measuring_threads {
        Some(1) => Some(lang.say("1 measuring thread").to_owned()),
        Some(n) => Some(lang.fill("{n} measuring threads", &[("n", &n.to_string())])),
        None => None,
    });
    grid.row([sections::head("VALID", lang), facts.join(" · ").into()]);
    // Of many rungs the first is enough here: each has its mark, and the JSON holds all.
    let most = if capacity::is_varied(findings) { 1 } else { usize::MAX };
    for v in bad.iter().take(most) {
        let place = place(&v.labels, findings);
        for check in v.checks.iter().filter(|c| c.state == CheckState::Over) {
            let text = format!(
                "{place}{}: {}; {}",
                lang.say(words(v.family)),
                lang.tell(&check.why),
                lang.tell(&check.change)
            );
            grid.row(["".into(), Cell::painted(text, Paint::Bad)]);
        }
    }
    if bad.is_empty() {
        // Metrics that are judged by their own ends, where their family is valid.
        for id in ["tpot", "e2e", "itl", "icl"] {
            let why = alone.iter().find(|e| e.metric == id).and_then(|e| e.invalid.as_deref());
            if let Some(why) = why {
                let text = format!("{id}: {}", lang.tell(why));
                grid.row(["".into(), Cell::painted(text, Paint::Bad)]);
            }
        }
    }
    grid.render(style)
}

/// The worst lateness of a name among the families.
fn lag(timed: &[&Validity], name: &str, words: &str, lang: Lang) -> Option<String> {
    let checks = || timed.iter().flat_map(|v| &v.checks).filter(|c| c.name == name);
    let worst = checks().filter_map(|c| c.p99_s).max_by(f64::total_cmp);
    checks().next()?;
    Some(match worst {
        Some(p99) => format!("{words} p99 {}", plain(p99, "s")),
        None => lang.fill("{what} not measured", &[("what", words)]),
    })
}

/// Whose clock stamped arrivals, and what is not known of them.
fn receive_clock(timed: &[&Validity], lang: Lang) -> Vec<String> {
    let exact = timed.iter().filter_map(|v| v.exact).min_by(f64::total_cmp);
    let Some(exact) = exact else {
        let mut facts: Vec<String> =
            lag(timed, "scheduler_lag", lang.say("scheduler lag"), lang).into_iter().collect();
        let unseen =
            |c: &acidtest_findings::Check| c.name == "receive_clock" && c.state == CheckState::NotMeasured;
        if timed.iter().flat_map(|v| &v.checks).any(unseen) {
            facts.push(lang.say("clock error not measured").to_owned());
        }
        return facts;
    };
    // Rounded down: only what is wholly exact is called so.
    let share = format!("{:.1}", (exact * 1000.0).floor() / 10.0);
    let mut facts = vec![lang.fill("kernel stamps, {share} % of arrivals exact", &[("share", &share)])];
    let late = timed.iter().filter_map(|v| v.program_lag_p99_s).max_by(f64::total_cmp);
    facts.extend(late.map(|p99| lang.fill("without them p99 {late} late", &[("late", &plain(p99, "s"))])));
    facts
}

pub(crate) fn words(family: &str) -> &'static str {
    match family {
        "waiting" => "waiting times",
        "rhythm" => "gaps",
        _ => "rates",
    }
}

/// Target and phase, as far as there are several; ends with `: `.
fn place(labels: &acidtest_findings::Labels, findings: &Findings) -> String {
    let name = sections::place(labels, findings);
    if name.is_empty() { name } else { format!("{name} · ") }
}

fn gates(findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let mut grid = Grid::new(0);
    for (i, gate) in findings.gates.iter().enumerate() {
        let title = if i == 0 { sections::head("GATES", lang) } else { "".into() };
        let (word, paint) = match gate.state {
            GateState::Met => (lang.say("met"), Paint::Good),
            GateState::Broken => (lang.say("broken"), Paint::Bad),
            GateState::Undecided => (lang.say("undecided"), Paint::Unsure),
        };
        grid.row([
            title,
            Cell::painted(word, paint),
            tidy(&gate.gate).into(),
            Cell::from(format!("{}{}", place(&gate.labels, findings), said(gate, lang))),
        ]);
    }
    if grid.is_empty() {
        return String::new();
    }
    grid.render(style)
}

/// A gate with the signs of print.
pub(crate) fn tidy(gate: &str) -> String {
    gate.replace("<=", "≤").replace(">=", "≥")
}

/// What a gate was compared with, and why it stands as it does.
pub(crate) fn said(gate: &GateResult, lang: Lang) -> String {
    // A gate on a change says it in its own words.
    if gate.labels.contains_key("baseline") {
        return lang.tell(&gate.reason);
    }
    let scale = match gate.unit.as_str() {
        "ratio" if gate.gate.contains('%') => Scale::percent(),
        unit => Scale::of(unit, gate.value.or(Some(gate.limit))),
    };
    let mut parts = Vec::new();
    let value = gate.value.map(|v| format!("{}{}", scale.value(v, gate.interval.as_ref()), scale.suffix()));
    // A gate on a bound is settled by the interval, one on a value by the value.
    let bound = gate.gate.contains(".low") || gate.gate.contains(".high");
    match (&value, &gate.interval) {
        _ if gate.endless => parts.push("+∞".to_owned()),
        (Some(_), Some(i)) if bound => parts.push(format!(
            "{}{}",
            scale.ends(i, gate.value.unwrap_or_default(), " – ", lang),
            scale.suffix()
        )),
        (Some(v), _) => parts.push(v.clone()),
        (None, _) => {}
    }
    match (gate.settles_at, &value) {
        (Some(cases), Some(v)) => {
            parts.push(
                lang.fill("about {n} cases would settle it if {v} holds", &[("n", &count(cases)), ("v", v)]),
            );
            let rest = gate.reason.split("; ").nth(1);
            parts.extend(rest.map(|rest| lang.tell(rest)));
        }
        _ if !gate.reason.is_empty() => parts.push(lang.tell(&gate.reason)),
        _ => {}
    }
    parts.join("; ")
}

fn failures(findings: &Findings, style: Style) -> String {
    if findings.failures.is_empty() {
        return String::new();
    }
    let shown = findings.failures.len().min(FAILURES);
    let head = style.lang.fill(
        "{n} of {of} requests failed or were wrong; the first {shown}",
        &[
            ("n", &count(findings.failing)),
            ("of", &count(findings.run.requests)),
            ("shown", &shown.to_string()),
        ],
    );
    let mut out = format!("{}{head}\n", title(style.lang.say("FAILURES"), style));
    for f in findings.failures.iter().take(shown) {
        out.push_str(&failure(f, findings, style));
    }
    out
}

fn failure(f: &Failure, findings: &Findings, style: Style) -> String {
    let lang = style.lang;
    let name = match &f.case {
        Some(case) => case.clone(),
        None => lang.fill("slot {n}", &[("n", &f.slot.to_string())]),
    };
    let mut place = sections::place(&f.labels, findings);
    if f.more > 0 {
        let more = lang.fill("and {n} more of it", &[("n", &count(f.more))]);
        place = if place.is_empty() { more } else { format!("{place}; {more}") };
    }
    let mut grid = Grid::new(1);
    grid.row([
        Cell::painted(name, Paint::Title),
        Cell::painted(lang.tell(short(&f.reason)), Paint::Bad),
        place.into(),
    ]);
    let mut out = grid.render(style);
    let mut lines = Grid::new(5);
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            lines.row([Cell::painted(name, Paint::Faint), text.into()]);
        }
    };
    line(lang.say("asked"), f.input.clone());
    line(lang.say("expected"), f.reference.join(" | "));
    line(lang.say("answered"), f.output.clone().unwrap_or_default());
    let scores: Vec<String> = f.scores.iter().map(|(n, s)| format!("{n} {s:.2}")).collect();
    line(lang.say("scores"), scores.join(" · "));
    line(lang.say("said"), f.detail.clone().unwrap_or_default());
    let whys: Vec<String> = f.reasons.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    line(lang.say("why"), whys.join(" · "));
    out.push_str(&lines.render(style));
    out
}
