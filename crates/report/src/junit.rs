//! JUnit XML, as servers of continuous integration read it.
//!
//! Main function: [`junit`]. A suite for each target and phase (and prompt), a test
//! case for each case, and one for each gate. Texts of models are hostile: nothing
//! of them can leave its element, and what XML cannot hold is written as an escape.

use crate::terminal::said;
use crate::words::Lang;
use acidtest_findings::{Failure, Findings, GateResult, GateState, RequestLine};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Test cases of synthetic prompts that are listed; they have no names worth more.
const MOST_SYNTHETIC: usize = 200;

/// A case with all its repeats.
struct Case<'r> {
    name: String,
    lines: Vec<&'r RequestLine>,
}

/// How a test case ended.
enum End<'r> {
    Passed,
    Skipped(&'r Failure),
    /// It was answered, and wrongly.
    Failed(&'r Failure),
    /// It was not answered.
    Error(&'r Failure),
}

impl<'r> Case<'r> {
    /// The worst of its repeats: an error, a wrong answer, one that was never sent.
    fn end(&self) -> End<'r> {
        let failures: Vec<&Failure> = self.lines.iter().filter_map(|l| l.failure.as_ref()).collect();
        let of = |is: fn(&str) -> bool| failures.iter().copied().find(|f| is(&f.delivery));
        let is_error = |d: &str| d.starts_with("failed");
        let is_unsent = |d: &str| d.starts_with("not_sent");
        if let Some(f) = of(is_error) {
            return End::Error(f);
        }
        if let Some(f) = failures.iter().copied().find(|f| !is_unsent(&f.delivery)) {
            return End::Failed(f);
        }
        of(is_unsent).map_or(End::Passed, End::Skipped)
    }

    fn seconds(&self) -> f64 {
        self.lines.iter().filter_map(|l| l.e2e_s).fold(0.0, |sum, s| sum + s)
    }
}

/// The report of a run as JUnit XML.
#[must_use]
pub fn junit(findings: &Findings, requests: &[RequestLine]) -> String {
    let mut suites = String::new();
    let mut total = [0; 4];
    for (name, cases) in suites_of(requests) {
        let (text, counts) = suite(findings, &name, &cases);
        suites += &text;
        total.iter_mut().zip(counts).for_each(|(t, c)| *t += c);
    }
    if !findings.gates.is_empty() {
        let (text, counts) = gates(findings);
        suites += &text;
        total.iter_mut().zip(counts).for_each(|(t, c)| *t += c);
    }
    whole(&findings.run.name, total, &suites)
}

/// Requests by target, phase and prompt, and there by case, in order.
fn suites_of(requests: &[RequestLine]) -> Vec<(String, Vec<Case<'_>>)> {
    let mut suites: Vec<(String, Vec<Case>)> = Vec::new();
    let mut places: BTreeMap<String, (usize, BTreeMap<String, usize>)> = BTreeMap::new();
    for line in requests {
        let name = suite_name(line);
        let (at, cases) = places.entry(name.clone()).or_insert_with(|| {
            suites.push((name, Vec::new()));
            (suites.len() - 1, BTreeMap::new())
        });
        let suite = &mut suites[*at].1;
        let case = line.case.clone().unwrap_or_else(|| match line.failure {
            Some(_) => format!("request {}", line.slot),
            None => "requests that were answered".to_owned(),
        });
        let known = cases.len();
        if line.case.is_none() && known > MOST_SYNTHETIC {
            continue;
        }
        let at = *cases.entry(case.clone()).or_insert_with(|| {
            suite.push(Case { name: case, lines: Vec::new() });
            suite.len() - 1
        });
        suite[at].lines.push(line);
    }
    suites
}

fn suite_name(line: &RequestLine) -> String {
    let get = |key: &str| line.labels.get(key).cloned().unwrap_or_default();
    let name = format!("{} · {}", get("target"), get("phase"));
    match &line.prompt {
        Some(prompt) => format!("{name} · {prompt}"),
        None => name,
    }
}

fn suite(findings: &Findings, name: &str, cases: &[Case]) -> (String, [u64; 4]) {
    let mut counts = [cases.len() as u64, 0, 0, 0];
    let mut body = String::new();
    let class = attribute(&format!("{}.{name}", findings.run.name));
    for case in cases {
        let _ = write!(
            body,
            "    <testcase name=\"{}\" classname=\"{class}\" time=\"{:.6}\"",
            attribute(&case.name),
            case.seconds()
        );
        match case.end() {
            End::Passed => body += "/>\n",
            End::Skipped(f) => {
                counts[3] += 1;
                let _ = writeln!(body, "><skipped message=\"{}\"/></testcase>", attribute(&f.reason));
            }
            End::Failed(f) => {
                counts[1] += 1;
                body += &broken("failure", f, case);
            }
            End::Error(f) => {
                counts[2] += 1;
                body += &broken("error", f, case);
            }
        }
    }
    let seconds = cases.iter().map(Case::seconds).fold(0.0, |sum, s| sum + s);
    (element(findings, name, counts, seconds, &body), counts)
}

fn broken(element: &str, f: &Failure, case: &Case) -> String {
    let failing = case.lines.iter().filter(|l| l.failure.is_some()).count();
    let mut reason = match case.lines.len() {
        1 => f.reason.clone(),
        all => format!("{} ({failing} of {all} repeats failed)", f.reason),
    };
    if let Some(why) = f.why() {
        let _ = write!(reason, ": {}", short(&why));
    }
    // What was delivered whole failed by what was thought of it.
    let judged = case.lines.iter().find(|l| l.failure.as_ref().is_some_and(|own| std::ptr::eq(own, f)));
    let kind = match (f.delivery.as_str(), judged) {
        ("complete", Some(line)) => line.judgement,
        (delivery, _) => delivery,
    };
    format!(
        ">\n      <{element} message=\"{}\" type=\"{}\">{}</{element}>\n    </testcase>\n",
        attribute(&reason),
        attribute(kind),
        text(&details(f))
    )
}

/// As much as fits in a line of a list.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(500) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// What was asked, answered and expected, how it was scored, and what was said of it.
pub(crate) fn details(f: &Failure) -> String {
    let mut out = format!("reason: {}\ndelivery: {}\n", f.reason, f.delivery);
    let mut add = |name: &str, text: &str| {
        if !text.is_empty() {
            let _ = writeln!(out, "{name}: {text}");
        }
    };
    add("detail", f.detail.as_deref().unwrap_or_default());
    for (name, why) in &f.reasons {
        add(&format!("why ({name})"), why);
    }
    add("input", &f.input);
    add("output", f.output.as_deref().unwrap_or_default());
    add("reference", &f.reference.join(" | "));
    let scores: Vec<String> = f.scores.iter().map(|(n, s)| format!("{n} {s:.3}")).collect();
    add("scores", &scores.join(", "));
    add("record", &format!("slot {}, step {}, attempt {}", f.slot, f.step, f.attempt));
    out
}

fn gates(findings: &Findings) -> (String, [u64; 4]) {
    let mut counts = [findings.gates.len() as u64, 0, 0, 0];
    let mut body = String::new();
    for gate in &findings.gates {
        let name = attribute(&gate_name(gate));
        let class = attribute(&format!("{}.gates", findings.run.name));
        let _ = write!(body, "    <testcase name=\"{name}\" classname=\"{class}\" time=\"0\"");
        let said = said(gate, Lang::En);
        match gate.state {
            GateState::Met => body += "/>\n",
            GateState::Broken => {
                counts[1] += 1;
                let _ = writeln!(
                    body,
                    "><failure message=\"broken: {}\" type=\"gate\"/></testcase>",
                    attribute(&said)
                );
            }
            // It does not let the run pass either: exit code 5.
            GateState::Undecided => {
                counts[2] += 1;
                let _ = writeln!(
                    body,
                    "><error message=\"undecided: {}\" type=\"gate\"/></testcase>",
                    attribute(&said)
                );
            }
        }
    }
    (element(findings, "gates", counts, 0.0, &body), counts)
}

/// The gate and where it was looked at.
pub(crate) fn gate_name(gate: &GateResult) -> String {
    let labels: Vec<&str> = gate.labels.values().map(String::as_str).collect();
    match labels.is_empty() {
        true => gate.gate.clone(),
        false => format!("{} ({})", gate.gate, labels.join(" · ")),
    }
}

fn element(findings: &Findings, name: &str, counts: [u64; 4], seconds: f64, body: &str) -> String {
    let run = &findings.run;
    let seed = run.seed.to_string();
    let mut properties = vec![("run", run.id.as_str()), ("workload", &run.workload), ("seed", &seed)];
    if let Some(source) = &run.replayed_from {
        properties.push(("replayed_from", source));
    }
    suite_element(name, &properties, counts, seconds, body)
}

/// A suite with its properties around its test cases.
pub(crate) fn suite_element(
    name: &str,
    properties: &[(&str, &str)],
    counts: [u64; 4],
    seconds: f64,
    body: &str,
) -> String {
    let [tests, failures, errors, skipped] = counts;
    let mut lines = String::new();
    for (name, value) in properties {
        let _ = writeln!(lines, "      <property name=\"{name}\" value=\"{}\"/>", attribute(value));
    }
    format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\" time=\"{seconds:.6}\">\n    <properties>\n{lines}    </properties>\n{body}  </testsuite>\n",
        attribute(name)
    )
}

/// The whole file around its suites.
pub(crate) fn whole(name: &str, counts: [u64; 4], suites: &str) -> String {
    let [tests, failures, errors, skipped] = counts;
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\">\n{suites}</testsuites>\n",
        attribute(name)
    )
}

/// Text between tags.
pub(crate) fn text(plain: &str) -> String {
    escape(plain, |c| matches!(c, '\n' | '\t'))
}

/// The value of an attribute in double quotes.
pub(crate) fn attribute(plain: &str) -> String {
    escape(plain, |_| false)
}

/// XML 1.0 knows no control characters, not even as references: they are written as
/// `\u{1b}`. So are characters that change the direction of what stands beside them.
fn escape(plain: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&apos;",
            c if keep(c) => out.push(c),
            '\u{fffe}' | '\u{ffff}' => out += "\u{fffd}",
            c => out += &crate::grid::clean(c.encode_utf8(&mut [0; 4])),
        }
    }
    out
}
