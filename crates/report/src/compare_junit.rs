//! Two runs side by side as JUnit XML.
//!
//! Main function: [`comparison_junit`]. A test case for each difference and for each gate: what
//! is shown to be worse or is broken fails, what is undecided is skipped and says what would
//! settle it. Always English, as all JUnit.

use crate::differences::{group_of, name_of, p_value, pairs_of, remark, scale_of, shown_of};
use crate::junit::{attribute, gate_name, suite_element, text, whole};
use crate::power::{detectable, needs};
use crate::terminal::said;
use crate::words::Lang;
use acidtest_findings::{Comparison, GateState, State, Test};
use std::fmt::Write;

/// What an undecided gate is in JUnit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndecidedGate {
    /// An error: it does not let the comparison pass (exit code 5).
    Error,
    /// Skipped: undecided gates were asked to pass.
    Skipped,
}

/// A comparison as JUnit XML.
#[must_use]
pub fn comparison_junit(c: &Comparison, undecided: UndecidedGate) -> String {
    let mut suites = String::new();
    let mut total = [0; 4];
    for (name, cases) in [("differences", differences(c)), ("gates", gates(c, undecided))] {
        if cases.is_empty() {
            continue;
        }
        let counts = counts(&cases);
        total.iter_mut().zip(counts).for_each(|(t, c)| *t += c);
        let body: String = cases.iter().map(|case| case.element(&c.other.name, name)).collect();
        let properties = [
            ("base", c.base.id.as_str()),
            ("other", &c.other.id),
            ("base_workload", &c.base.workload),
            ("other_workload", &c.other.workload),
        ];
        suites += &suite_element(name, &properties, counts, 0.0, &body);
    }
    whole(&format!("compare {}", c.other.name), total, &suites)
}

/// One test case.
struct Case {
    name: String,
    end: End,
    kind: &'static str,
    message: String,
    details: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Passed,
    Failed,
    Error,
    Skipped,
}

impl Case {
    fn element(&self, run: &str, suite: &str) -> String {
        let class = attribute(&format!("{run}.{suite}"));
        let mut out =
            format!("    <testcase name=\"{}\" classname=\"{class}\" time=\"0\"", attribute(&self.name));
        let message = attribute(&self.message);
        let element = match self.end {
            End::Failed => "failure",
            End::Error => "error",
            End::Skipped => {
                let _ = writeln!(out, "><skipped message=\"{message}\"/></testcase>");
                return out;
            }
            End::Passed if self.details.is_empty() => return out + "/>\n",
            End::Passed => {
                let _ = writeln!(out, "><system-out>{}</system-out></testcase>", text(&self.details));
                return out;
            }
        };
        let _ = writeln!(
            out,
            "><{element} message=\"{message}\" type=\"{}\">{}</{element}></testcase>",
            self.kind,
            text(&self.details)
        );
        out
    }
}

/// Test cases, failures, errors, skipped.
fn counts(cases: &[Case]) -> [u64; 4] {
    let of = |end: End| cases.iter().filter(|c| c.end == end).count() as u64;
    [cases.len() as u64, of(End::Failed), of(End::Error), of(End::Skipped)]
}

fn differences(c: &Comparison) -> Vec<Case> {
    let one = |t: &Test| {
        let end = match (&t.invalid, t.state) {
            (Some(_), _) | (None, State::Undecided) => End::Skipped,
            (None, State::Worse) => End::Failed,
            (None, State::Better | State::Higher | State::Lower) => End::Passed,
        };
        Case {
            name: format!("{} ({})", name_of(t, Lang::En), group_of(t, Lang::En)),
            end,
            kind: "difference",
            message: said_of(t),
            details: if end == End::Skipped { String::new() } else { details(t) },
        }
    };
    c.tests.iter().map(one).collect()
}

/// One line: `worse: -88 pp (-98 … -70), p <0.001, 40 pairs`.
fn said_of(t: &Test) -> String {
    let (difference, interval) = shown_of(t, Lang::En);
    let mut out = format!("{}: {difference} ({interval})", t.state.id());
    if let Some(p) = t.p {
        let _ = write!(out, ", p {}", p_value(p));
    }
    let _ = write!(out, ", {} pairs", pairs_of(t));
    if let Some(why) = &t.invalid {
        let _ = write!(out, "; not valid: {why}");
    }
    let settles = remark(t, &scale_of(t), Lang::En);
    if t.invalid.is_none() && t.state == State::Undecided && !settles.is_empty() {
        let _ = write!(out, "; would settle: {settles}");
    }
    if t.detectable.is_some() && t.state == State::Undecided {
        let _ = write!(out, "; these pairs show {}", detectable(t));
    }
    let needs = needs(t, Lang::En);
    if !needs.is_empty() {
        let _ = write!(out, "; {needs}");
    }
    out
}

fn details(t: &Test) -> String {
    format!("{}\nmethod: {}\nhow: {}\n", said_of(t), t.method, t.how)
}

fn gates(c: &Comparison, undecided: UndecidedGate) -> Vec<Case> {
    let one = |gate: &acidtest_findings::GateResult| {
        let (end, word) = match (gate.state, undecided) {
            (GateState::Met, _) => (End::Passed, "met"),
            (GateState::Broken, _) => (End::Failed, "broken"),
            (GateState::Undecided, UndecidedGate::Error) => (End::Error, "undecided"),
            (GateState::Undecided, UndecidedGate::Skipped) => (End::Skipped, "undecided"),
        };
        let message = format!("{word}: {}", said(gate, Lang::En));
        let details = if end == End::Skipped { String::new() } else { message.clone() };
        Case { name: gate_name(gate), end, kind: "gate", message, details }
    };
    c.gates.iter().map(one).collect()
}
