//! Everything that the page of a run shows, as one piece of JSON.
//!
//! Main type: [`RunPage`], what the server sends and what an HTML report holds. Its sentences are
//! English, as in every report; `words` has the Korean of those that have one, so that the page
//! changes its language without asking again. Must not compute a number.

use crate::json::Report;
use crate::words::Lang;
use acidtest_findings::{BetterWord, Curves, Findings, PlanInfo, metric};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// Most sentences of a run that are translated: beyond are lists, not sentences.
const MOST_SENTENCES: usize = 5000;

/// Parts of a report whose texts are of suites, models, servers and other tools.
const NOT_OURS: [&str; 12] = [
    "run",
    "failures",
    "stated",
    "calibrated",
    "labels",
    "params",
    "how",
    "metric",
    "gate",
    "schema",
    "unit",
    "slices",
];

/// What the page of a run shows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct RunPage<'f> {
    /// What `report --format json` prints.
    pub(crate) report: Report<'f>,
    /// What charts draw beyond estimates.
    pub(crate) curves: Cow<'f, Curves>,
    /// How it was set up.
    pub(crate) plan: Cow<'f, PlanInfo>,
    /// Metrics and scorers of the report by id.
    metrics: BTreeMap<String, MetricInfo>,
    /// Korean of every English sentence of the report that has one.
    pub(crate) words: BTreeMap<String, String>,
    /// Requests when it was computed: of a run that goes on there may be more by now.
    as_of_requests: u64,
}

/// A metric, as the page names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct MetricInfo {
    /// Its id, or a scorer's name.
    pub id: String,
    /// Its unit; that of the report where metrics have none of their own.
    pub unit: String,
    /// `higher`, `lower` or `neither`.
    pub better: BetterWord,
    /// What it says, in one sentence.
    pub what: String,
}

impl<'f> RunPage<'f> {
    /// The page of a run.
    #[must_use]
    pub fn of(findings: &'f Findings, curves: &'f Curves, plan: &'f PlanInfo) -> Self {
        let report = Report::of(findings);
        let estimates = findings.estimates.iter().map(|e| (e.metric.as_str(), e.unit.as_str()));
        let tests = findings.tests.iter().map(|t| (t.name.as_str(), t.unit.as_str()));
        let metrics = metric_infos(estimates.chain(tests));
        let json = serde_json::to_value(&report).unwrap_or_default();
        let reasons = findings.failures.iter().map(|f| f.reason.as_str());
        let titles = metrics.values().map(|m| m.what.as_str());
        let words = korean_of(&json, reasons.chain(titles).chain(curves.notes.iter().map(String::as_str)));
        let (curves, plan) = (Cow::Borrowed(curves), Cow::Borrowed(plan));
        Self { report, curves, plan, metrics, words, as_of_requests: findings.run.requests }
    }
}

/// What metrics are, by their ids (with units); of a scorer what it shares with all scorers.
#[must_use]
pub fn metric_infos<'m>(ids: impl Iterator<Item = (&'m str, &'m str)>) -> BTreeMap<String, MetricInfo> {
    let mut all = BTreeMap::new();
    for (id, unit) in ids {
        if !all.contains_key(id) {
            all.insert(id.to_owned(), metric_info(id, unit));
        }
    }
    all
}

fn metric_info(id: &str, unit: &str) -> MetricInfo {
    let plain = id.split('[').next().unwrap_or(id);
    let (better, what) = metric(plain)
        .or_else(|| metric("score"))
        .map_or((BetterWord::Neither, ""), |known| (known.better.into(), known.title));
    MetricInfo { id: id.to_owned(), unit: unit.to_owned(), better, what: what.to_owned() }
}

/// The Korean of every sentence of ours in a report's JSON, and of some more, where there is one.
#[must_use]
pub fn korean_of<'j>(json: &'j Value, more: impl Iterator<Item = &'j str>) -> BTreeMap<String, String> {
    let mut sentences: BTreeSet<&str> = more.collect();
    gather(json, &mut sentences);
    let korean = sentences.into_iter().take(MOST_SENTENCES).filter_map(|english| {
        let korean = Lang::Ko.tell(english);
        (korean != english).then(|| (english.to_owned(), korean))
    });
    korean.collect()
}

/// Texts with more than one word, and the words of classes.
fn gather<'j>(json: &'j Value, found: &mut BTreeSet<&'j str>) {
    match json {
        Value::String(text) if text.contains(' ') => {
            found.insert(text);
        }
        Value::Array(items) => items.iter().for_each(|item| gather(item, found)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(word) if key == "words" => {
                        found.insert(word);
                    }
                    _ if NOT_OURS.contains(&key.as_str()) => {}
                    _ => gather(value, found),
                }
            }
        }
        _ => {}
    }
}
