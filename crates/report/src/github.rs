//! Annotations that GitHub shows beside the lines of a suite.
//!
//! Main function: [`github`]. A workflow command is one line; everything in it is
//! escaped as GitHub reads it, so that no model's answer becomes a command.

use crate::failing::{by_case, count_of};
use crate::grid::clean;
use crate::junit::{gate_name, short};
use crate::terminal::said;
use crate::words::Lang;
use acidtest_findings::{Findings, GateState, RequestLine};

/// Failing cases that are annotated: GitHub shows ten of a kind for each step.
const FAILURES: usize = 10;

/// Where the suite is, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The suite file, relative to the repository.
    pub file: Option<String>,
    /// The line of each gate, from 1, where it was found.
    pub gates: Vec<Option<u32>>,
}

/// The report of a run as workflow commands: gates first, then failures, then a sum.
#[must_use]
pub fn github(findings: &Findings, requests: &[RequestLine], place: &Place) -> String {
    let mut out = String::new();
    for gate in &findings.gates {
        let (kind, word) = match gate.state {
            GateState::Met => continue,
            GateState::Broken => ("error", "broken"),
            GateState::Undecided => ("warning", "undecided"),
        };
        let line = place.gates.get(gate.index).copied().flatten();
        let title = format!("gate {word}: {}", gate_name(gate));
        out += &command(kind, place, line, &title, &said(gate, Lang::En));
    }
    let failing = by_case(requests);
    for case in failing.iter().take(FAILURES) {
        let f = case.first;
        let name = f.case.clone().unwrap_or_else(|| format!("slot {}", f.slot));
        let mut words = f.reason.clone();
        if case.more > 0 {
            words += &format!(" (and {} more of it)", case.more);
        }
        if let Some(detail) = &f.detail {
            words += &format!("\ndetail: {}", short(detail));
        }
        for (name, why) in &f.reasons {
            words += &format!("\nwhy ({name}): {}", short(why));
        }
        for (what, text) in [
            ("input", f.input.as_str()),
            ("output", f.output.as_deref().unwrap_or_default()),
            ("reference", &f.reference.join(" | ")),
        ] {
            if !text.is_empty() {
                words += &format!("\n{what}: {}", short(text));
            }
        }
        let scores: Vec<String> = f.scores.iter().map(|(n, s)| format!("{n} {s:.3}")).collect();
        if !scores.is_empty() {
            words += &format!("\nscores: {}", scores.join(", "));
        }
        out += &command("warning", place, None, &format!("case {name}"), &words);
    }
    let n = |state| findings.gates.iter().filter(|g| g.state == state).count();
    let sum = format!(
        "{} {}, {} failed or were wrong; gates: {} met, {} broken, {} undecided; run {}",
        findings.run.requests,
        if findings.run.requests == 1 { "request" } else { "requests" },
        count_of(&failing),
        n(GateState::Met),
        n(GateState::Broken),
        n(GateState::Undecided),
        findings.run.id
    );
    out + &command("notice", &Place::default(), None, &format!("acidtest {}", findings.run.name), &sum)
}

/// `::error file=…,line=…,title=…::message`
fn command(kind: &str, place: &Place, line: Option<u32>, title: &str, message: &str) -> String {
    let mut properties = Vec::new();
    if let Some(file) = &place.file {
        properties.push(format!("file={}", property(file)));
    }
    if let (Some(line), Some(_)) = (line, &place.file) {
        properties.push(format!("line={line}"));
    }
    properties.push(format!("title={}", property(title)));
    format!("::{kind} {}::{}\n", properties.join(","), data(message))
}

/// The message: lines are kept as `%0A`, everything else that controls is shown.
fn data(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|l| clean(l).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// A property ends at a comma or colon.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
