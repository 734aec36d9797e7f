//! The report for a terminal.
//!
//! Main function: [`terminal`]: header, one section per family, validity, failures,
//! warnings, gates. Sections without anything to say are left out.

use crate::differences::{differences, matrix};
use crate::grid::{Cell, Grid, Paint, Style, clean, width};
use crate::number::{Scale, count, plain, short};
use crate::sections;
use acidtest_findings::{CheckState, Failure, Findings, GateResult, GateState, PhaseInfo, RunInfo, Validity};

/// Failures shown; the JSON holds more.
const FAILURES: usize = 5;

/// The report of a run as text.
#[must_use]
pub fn terminal(findings: &Findings, style: Style) -> String {
    let mut out = header(&findings.run, style);
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
    out.push_str(&validity(findings, style));
    out.push_str(&failures(findings, style));
    for warning in &findings.warnings {
        out.push_str(&format!("{} {}\n", style.paint("warning:", Paint::Unsure), clean(warning)));
    }
    // Last, where the eye rests: what decides the exit code.
    out.push_str(&gates(findings, style));
    out
}

/// What was run: suite, targets, cases, load, and the run's id at the right.
fn header(run: &RunInfo, style: Style) -> String {
    let mut parts = vec![clean(&run.name)];
    for t in &run.targets {
        parts.push(clean(&match t.address.as_str() {
            address if address == t.name => t.name.clone(),
            address => format!("{} ({address})", t.name),
        }));
    }
    parts.push(match run.cases {
        0 => "synthetic prompts".to_owned(),
        1 => "1 case".to_owned(),
        n => format!("{} cases", count(n)),
    });
    if run.repeats > 1 {
        parts.push(format!("{} repeats", run.repeats));
    }
    let phases: Vec<String> = run.phases.iter().map(phase).collect();
    if !phases.is_empty() {
        parts.push(phases.join(", then "));
    }
    if run.fresh {
        parts.push("fresh prompts (nonce)".to_owned());
    }
    if let Some(run) = &run.replayed_from {
        parts.push(format!("replayed from {}", clean(run)));
    }
    if !matches!(run.state.as_str(), "" | "done") {
        let of = run
            .planned
            .map_or(String::new(), |n| format!(" after {} of {} requests", count(run.requests), count(n)));
        let why = run.stopped.as_ref().map_or(String::new(), |why| format!(": {}", clean(why)));
        parts.push(format!("{}{of}{why}", run.state));
    }
    let left = parts.join(" · ");
    let id: String = run.id.chars().take(4).collect();
    let right = format!("run {id}");
    let gap = style.width.saturating_sub(width(&left) + width(&right)).max(2);
    format!("{}{}{}\n", style.paint(&left, Paint::Title), " ".repeat(gap), right)
}

fn phase(p: &PhaseInfo) -> String {
    let load = match p.load {
        "closed" => format!("closed {}", p.asked),
        load => format!("{load} {}/s", p.asked),
    };
    match clean(&p.name) {
        name if name == load => load,
        name => format!("{name} ({load})"),
    }
}

/// A section's title, padded to the width of the titles.
pub(crate) fn title(text: &str, style: Style) -> String {
    style.paint(&format!("{text:<11}"), Paint::Title)
}

fn validity(findings: &Findings, style: Style) -> String {
    let timed: Vec<&Validity> = findings.validity.iter().filter(|v| v.p50_s.is_some() || !v.valid).collect();
    if timed.is_empty() {
        return String::new();
    }
    let bad: Vec<&&Validity> = timed.iter().filter(|v| !v.valid).collect();
    let mut grid = Grid::new(0);
    let mut facts = vec![match bad.is_empty() {
        true => "latencies valid".to_owned(),
        false => "figures marked ! are NOT valid".to_owned(),
    }];
    for (name, words) in [("dispatch_lag", "dispatch lag"), ("scheduler_lag", "scheduler lag")] {
        let worst = timed
            .iter()
            .flat_map(|v| &v.checks)
            .filter(|c| c.name == name)
            .filter_map(|c| c.p99_s)
            .max_by(f64::total_cmp);
        facts.push(match worst {
            Some(p99) => format!("{words} p99 {}", plain(p99, "s")),
            None => format!("{words} not measured"),
        });
    }
    let unseen =
        |c: &&acidtest_findings::Check| c.name == "receive_clock" && c.state == CheckState::NotMeasured;
    if timed.iter().flat_map(|v| &v.checks).any(|c| unseen(&c)) {
        facts.push("clock error not measured".to_owned());
    }
    if findings.run.same_machine {
        facts.push("client and server share this machine".to_owned());
    }
    facts.extend(match findings.run.measuring_threads {
        Some(1) => Some("1 measuring thread".to_owned()),
        Some(n) => Some(format!("{n} measuring threads")),
        None => None,
    });
    grid.row([Cell::painted("VALID      ", Paint::Title), facts.join(" · ").into()]);
    for v in bad {
        let place = place(&v.labels, findings);
        for check in v.checks.iter().filter(|c| c.state == CheckState::Over) {
            let text = format!("{place}{}: {}; {}", words(v.family), check.why, check.change);
            grid.row(["".into(), Cell::painted(text, Paint::Bad)]);
        }
    }
    grid.render(style)
}

fn words(family: &str) -> &'static str {
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
    let mut grid = Grid::new(0);
    for (i, gate) in findings.gates.iter().enumerate() {
        let title = if i == 0 { "GATES      " } else { "" };
        let (word, paint) = match gate.state {
            GateState::Met => ("met", Paint::Good),
            GateState::Broken => ("broken", Paint::Bad),
            GateState::Undecided => ("undecided", Paint::Unsure),
        };
        grid.row([
            Cell::painted(title, Paint::Title),
            Cell::painted(word, paint),
            tidy(&gate.gate).into(),
            Cell::from(format!("{}{}", place(&gate.labels, findings), said(gate))),
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
pub(crate) fn said(gate: &GateResult) -> String {
    // A gate on a change says it in its own words.
    if gate.labels.contains_key("baseline") {
        return gate.reason.clone();
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
        (Some(_), Some(i)) if bound => {
            parts.push(format!("{}{}", scale.ends(i, gate.value.unwrap_or_default(), " – "), scale.suffix()))
        }
        (Some(v), _) => parts.push(v.clone()),
        (None, _) => {}
    }
    match (gate.settles_at, &value) {
        (Some(cases), Some(v)) => {
            parts.push(format!("about {} cases would settle it if {v} holds", count(cases)));
            let rest = gate.reason.split("; ").nth(1);
            parts.extend(rest.map(str::to_owned));
        }
        _ if !gate.reason.is_empty() => parts.push(gate.reason.clone()),
        _ => {}
    }
    parts.join("; ")
}

fn failures(findings: &Findings, style: Style) -> String {
    if findings.failures.is_empty() {
        return String::new();
    }
    let shown = findings.failures.len().min(FAILURES);
    let mut out = format!(
        "{}{} of {} requests failed or were wrong; the first {shown}\n",
        title("FAILURES", style),
        count(findings.failing),
        count(findings.run.requests)
    );
    for f in findings.failures.iter().take(shown) {
        out.push_str(&failure(f, findings, style));
    }
    out
}

fn failure(f: &Failure, findings: &Findings, style: Style) -> String {
    let name = match &f.case {
        Some(case) => case.clone(),
        None => format!("slot {}", f.slot),
    };
    let place = sections::place(&f.labels, findings);
    let mut grid = Grid::new(1);
    grid.row([Cell::painted(name, Paint::Title), Cell::painted(short(&f.reason), Paint::Bad), place.into()]);
    let mut out = grid.render(style);
    let mut lines = Grid::new(5);
    let mut line = |name: &str, text: String| {
        if !text.is_empty() {
            lines.row([Cell::painted(name, Paint::Faint), text.into()]);
        }
    };
    line("asked", f.input.clone());
    line("expected", f.reference.join(" | "));
    line("answered", f.output.clone().unwrap_or_default());
    let scores: Vec<String> = f.scores.iter().map(|(n, s)| format!("{n} {s:.2}")).collect();
    line("scores", scores.join(" · "));
    out.push_str(&lines.render(style));
    out
}
