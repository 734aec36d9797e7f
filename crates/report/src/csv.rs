//! Tables for spreadsheets: estimates, and every request.
//!
//! Main functions: [`csv`], [`csv_cases`]. RFC 4180 with a header line. A text that
//! a spreadsheet would run as a formula gets an apostrophe in front.

use acidtest_findings::{Findings, Quantity, RequestLine, Uncertainty};
use std::collections::BTreeSet;

/// Labels that have a column of their own.
const OWN: [&str; 2] = ["target", "phase"];

/// Every estimate on a line.
#[must_use]
pub fn csv(findings: &Findings) -> String {
    let mut out = Table::new(&[
        "run",
        "suite",
        "target",
        "phase",
        "labels",
        "family",
        "metric",
        "params",
        "stat",
        "value",
        "unit",
        "absent",
        "low",
        "high",
        "level",
        "method",
        "unit_of_sampling",
        "no_interval",
        "n_cases",
        "n_requests",
        "n_records",
        "n_clusters",
        "n_of",
        "valid",
        "invalid",
    ]);
    for e in &findings.estimates {
        let label = |key: &str| e.labels.get(key).map_or("", String::as_str);
        let labels = pairs(e.labels.iter().filter(|(k, _)| !OWN.contains(&k.as_str())));
        let (value, absent) = match &e.value {
            Quantity::Value(v) => (Some(*v), ""),
            Quantity::Absent(why) => (None, why.as_str()),
        };
        let no_interval = match &e.interval {
            Uncertainty::Interval(_) => "",
            Uncertainty::None(why) => why.as_str(),
        };
        let ends = e.ends();
        out.texts(&[&findings.run.id, &findings.run.name, label("target"), label("phase"), &labels]);
        out.texts(&[e.family.id(), &e.metric, &pairs(e.params.iter()), e.stat.id()]);
        out.number(value);
        out.texts(&[&e.unit, absent]);
        out.number(ends.and_then(|i| i.low));
        out.number(ends.and_then(|i| i.high));
        out.number(ends.map(|i| i.level));
        out.texts(&[ends.map_or("", |i| i.method), ends.map_or("", |i| &i.unit_of_sampling), no_interval]);
        for n in [e.n.cases, e.n.requests, e.n.records, e.n.clusters, e.n.of] {
            out.number(Some(n as f64));
        }
        out.texts(&[if e.is_valid() { "true" } else { "false" }, e.invalid.as_deref().unwrap_or_default()]);
        out.end();
    }
    out.text
}

/// Every request on a line.
#[must_use]
pub fn csv_cases(findings: &Findings, requests: &[RequestLine]) -> String {
    let names: BTreeSet<&String> = requests.iter().flat_map(|r| r.scores.keys()).collect();
    let mut head: Vec<String> = [
        "run",
        "case",
        "target",
        "phase",
        "prompt",
        "slot",
        "step",
        "repeat",
        "attempts",
        "delivery",
        "judgement",
        "reason",
        "cached",
        "ttft_s",
        "e2e_s",
        "input_tokens",
        "output_tokens",
    ]
    .map(str::to_owned)
    .into();
    head.extend(names.iter().map(|n| format!("score:{n}")));
    let mut out = Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>());
    for r in requests {
        let label = |key: &str| r.labels.get(key).map_or("", String::as_str);
        out.texts(&[
            &findings.run.id,
            r.case.as_deref().unwrap_or_default(),
            label("target"),
            label("phase"),
        ]);
        out.texts(&[r.prompt.as_deref().unwrap_or_default()]);
        for n in [u64::from(r.slot), u64::from(r.step), u64::from(r.repeat), r.attempts] {
            out.number(Some(n as f64));
        }
        let reason = r.failure.as_ref().map_or("", |f| f.reason.as_str());
        out.texts(&[&r.delivery, r.judgement, reason, if r.cached { "true" } else { "false" }]);
        out.number(r.ttft_s);
        out.number(r.e2e_s);
        out.number(r.input_tokens.map(f64::from));
        out.number(r.output_tokens.map(f64::from));
        for name in &names {
            out.number(r.scores.get(*name).copied());
        }
        out.end();
    }
    out.text
}

/// `class=429;lang=ko`
fn pairs<'a>(labels: impl Iterator<Item = (&'a String, &'a String)>) -> String {
    labels.map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(";")
}

/// Lines of cells.
pub(crate) struct Table {
    pub(crate) text: String,
    is_first: bool,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Self {
        let mut table = Self { text: String::new(), is_first: true };
        table.texts(head);
        table.end();
        table
    }

    pub(crate) fn texts(&mut self, texts: &[&str]) {
        texts.iter().for_each(|t| self.cell(&quoted(t)));
    }

    /// A number as it is; nothing where there is none.
    pub(crate) fn number(&mut self, n: Option<f64>) {
        self.cell(&n.filter(|n| n.is_finite()).map_or(String::new(), |n| n.to_string()));
    }

    fn cell(&mut self, text: &str) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
        self.text.push_str(text);
    }

    pub(crate) fn end(&mut self) {
        self.text.push_str("\r\n");
        self.is_first = true;
    }
}

/// A text as a cell: harmless to a spreadsheet, quoted where it must be.
fn quoted(text: &str) -> String {
    let begins = text.trim_start_matches([' ', '\u{a0}', '\u{feff}']);
    let is_formula = begins.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    match text.contains([',', '"', '\r', '\n', ';']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}
