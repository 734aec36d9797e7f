//! Markdown for a comment on a pull request, or for the summary of a job.
//!
//! Main function: [`markdown`]. What models and suites say stands in code, where no
//! mention, link, tag or table begins; fences are longer than any within.

use crate::failing::{by_case, count_of};
use crate::junit::details;
use crate::number::{Scale, count};
use crate::sections::place;
use crate::terminal::{said, tidy};
use crate::words::Lang;
use acidtest_findings::{Estimate, Findings, GateResult, GateState, RequestLine};
use std::collections::BTreeSet;
use std::fmt::Write;

/// Characters after which no more failures are listed: GitHub takes 65536 in a comment.
const MOST: usize = 50_000;
/// Failures listed.
const FAILURES: usize = 20;
/// Characters of one failure.
const MOST_EACH: usize = 3_000;

/// The report of a run as Markdown. Begins with a mark by which a bot finds its own
/// comment again.
#[must_use]
pub fn markdown(findings: &Findings, requests: &[RequestLine], lang: Lang) -> String {
    let mut out = String::from("<!-- acidtest -->\n");
    heading(findings, lang, &mut out);
    table(findings, lang, &mut out);
    gates(findings, lang, &mut out);
    failures(findings, requests, lang, &mut out);
    for warning in &findings.warnings {
        let _ = writeln!(out, "> ⚠ {}\n", code(&lang.tell(warning)));
    }
    let run = &findings.run;
    let _ = writeln!(
        out,
        "<sub>{}</sub>",
        lang.fill(
            "run {id} · seed {seed} · workload {work} · acidtest {version}",
            &[
                ("id", &code(&run.id)),
                ("seed", &run.seed.to_string()),
                ("work", &code(run.workload.get(..12).unwrap_or(&run.workload))),
                ("version", &code(&run.acidtest)),
            ],
        )
    );
    out
}

fn heading(findings: &Findings, lang: Lang, out: &mut String) {
    let run = &findings.run;
    let verdict = verdict(&findings.gates, lang);
    let _ = writeln!(out, "### acidtest {} — {verdict}\n", code(&run.name));
    if let Some(source) = &run.replayed_from {
        let _ = writeln!(
            out,
            "{}\n",
            lang.fill("Replayed from run {run}: nothing was sent.", &[("run", &code(source))])
        );
    }
    if !matches!(run.state.as_str(), "" | "done") {
        let why = run.stopped.as_deref().unwrap_or_default();
        let (state, why) = (lang.tell(&run.state), code(&lang.tell(why)));
        let words = lang.fill("The run is not complete: {state} {why}", &[("state", &state), ("why", &why)]);
        let _ = writeln!(out, "{words}\n");
    }
}

/// How many gates are met, or what is against them, with a mark.
pub(crate) fn verdict(gates: &[GateResult], lang: Lang) -> String {
    let n = |state| gates.iter().filter(|g| g.state == state).count();
    let (met, broken, open) = (n(GateState::Met), n(GateState::Broken), n(GateState::Undecided));
    let say =
        |words, n: usize, all: usize| lang.fill(words, &[("n", &n.to_string()), ("of", &all.to_string())]);
    match (gates.len(), broken, open) {
        (0, ..) => lang.say("no gates").to_owned(),
        (all, 0, 0) => format!("✅ {}", say("{n} of {of} gates met", met, all)),
        (all, 0, open) => format!("❔ {}", say("{n} of {of} gates undecided", open, all)),
        (all, broken, _) => format!("❌ {}", say("{n} of {of} gates broken", broken, all)),
    }
}

/// One row for each target and phase, and prompt where there are several: the numbers that a
/// reviewer asks for.
fn table(findings: &Findings, lang: Lang, out: &mut String) {
    let prompts = findings.tables.iter().any(|t| t.labels.contains_key("prompt"));
    let mut heads =
        vec!["target", "phase", "accuracy (95 %)", "TTFT p50", "TTFT p95", "errors", "cost", "requests"];
    if prompts {
        heads.insert(1, "prompt");
    }
    let rule = heads.iter().map(|_| "---");
    let _ = writeln!(out, "| {} |", heads.iter().map(|h| lang.say(h)).collect::<Vec<_>>().join(" | "));
    let _ = writeln!(out, "| {} |", rule.collect::<Vec<_>>().join(" | "));
    let mut seen = BTreeSet::new();
    for t in findings.tables.iter().filter(|t| t.name == "delivery") {
        if !seen.insert(&t.labels) {
            continue;
        }
        let find = |metric: &str, stat: &str| {
            findings.estimates.iter().find(|e| {
                e.metric == metric && e.stat.id() == stat && e.params.is_empty() && e.labels == t.labels
            })
        };
        let mut cells = vec![
            code(t.labels.get("target").map_or("", String::as_str)),
            code(t.labels.get("phase").map_or("", String::as_str)),
            number(find("accuracy", "share"), PERCENT, lang),
            number(find("ttft", "p50"), OWN, lang),
            number(find("ttft", "p95"), OWN, lang),
            number(find("error_rate", "share"), PERCENT, lang),
            number(find("cost", "total"), OWN, lang),
            count(t.of),
        ];
        if prompts {
            cells.insert(1, code(t.labels.get("prompt").map_or("", String::as_str)));
        }
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

const PERCENT: bool = true;
const OWN: bool = false;

fn number(e: Option<&Estimate>, percent: bool, lang: Lang) -> String {
    let Some(e) = e.filter(|e| e.number().is_some()) else { return "–".to_owned() };
    let scale = if percent { Scale::percent() } else { Scale::of(&e.unit, e.number()) };
    let mark = if e.is_valid() { String::new() } else { format!(" ⚠ {}", lang.say("not valid")) };
    let shown = scale.cell(e, lang);
    format!("{}{mark}", shown.replace('|', "¦"))
}

fn gates(findings: &Findings, lang: Lang, out: &mut String) {
    if findings.gates.is_empty() {
        return;
    }
    let heads = [lang.say("gate"), lang.say("state"), lang.say("found")];
    let _ = writeln!(out, "| {} |\n| --- | --- | --- |", heads.join(" | "));
    for gate in &findings.gates {
        let state = state(gate, lang);
        let place = place(&gate.labels, findings);
        let said =
            [place, said(gate, lang)].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(": ");
        let _ = writeln!(out, "| {} | {state} | {} |", code(&tidy(&gate.gate)), code(&said));
    }
    out.push('\n');
}

/// What a gate says, with a mark.
pub(crate) fn state(gate: &GateResult, lang: Lang) -> String {
    match gate.state {
        GateState::Met => format!("✅ {}", lang.say("met")),
        GateState::Broken => format!("❌ {}", lang.say("broken")),
        GateState::Undecided => format!("❔ {}", lang.say("undecided")),
    }
}

fn failures(findings: &Findings, requests: &[RequestLine], lang: Lang, out: &mut String) {
    let failing = by_case(requests);
    if failing.is_empty() {
        return;
    }
    let (all, of) = (count(count_of(&failing)), count(findings.run.requests));
    let head = lang.fill("{n} of {of} requests failed or were wrong", &[("n", &all), ("of", &of)]);
    let _ = writeln!(out, "<details><summary>{head}</summary>\n");
    let mut shown = 0;
    for case in failing.iter().take(FAILURES) {
        let f = case.first;
        if out.len() > MOST {
            break;
        }
        shown += 1;
        let name = f.case.clone().unwrap_or_else(|| lang.fill("slot {n}", &[("n", &f.slot.to_string())]));
        let more = match case.more {
            0 => String::new(),
            n => lang.fill("and {n} more of it", &[("n", &count(n))]),
        };
        let _ = writeln!(
            out,
            "{} {} {} {more}\n",
            code(&name),
            code(&lang.tell(&f.reason)),
            code(&place(&f.labels, findings))
        );
        *out += &fenced(&details(f));
    }
    if shown < failing.len() {
        let left = count_of(&failing[shown..]);
        let _ = writeln!(out, "{}\n", lang.fill("… and {n} more.", &[("n", &count(left))]));
    }
    *out += "</details>\n\n";
}

/// Text of anybody's as code in a line, in a table too: one line, no pipe, and more
/// backticks around it than within.
pub(crate) fn code(text: &str) -> String {
    let text: String = crate::grid::clean(&text.replace(['\n', '\r', '\t'], " ")).replace('|', "¦");
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// Text of anybody's in a block of its own.
pub(crate) fn fenced(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(crate::grid::clean).collect();
    let mut text = lines.join("\n");
    if let Some((at, _)) = text.char_indices().nth(MOST_EACH) {
        text.truncate(at);
        text.push('…');
    }
    let fence = "`".repeat((longest_run(&text) + 1).max(3));
    format!("{fence}text\n{text}\n{fence}\n\n")
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}
