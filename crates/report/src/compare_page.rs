//! Everything that the page of a comparison shows, as one piece of JSON.
//!
//! Main type: [`ComparePage`]. Must not compute a number.

use crate::compare::COMPARE_SCHEMA;
use crate::page::{MetricInfo, korean_of, metric_infos};
use acidtest_findings::{Comparison, Distribution};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What the page of a comparison shows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ComparePage<'c> {
    /// What `compare --format json` prints.
    report: ComparisonReport<'c>,
    /// How the first run's times are distributed.
    base: Vec<Distribution>,
    /// The same of the second run.
    other: Vec<Distribution>,
    /// Metrics and scorers of the report by id.
    metrics: BTreeMap<String, MetricInfo>,
    /// Korean of every English sentence of the report that has one.
    words: BTreeMap<String, String>,
}

/// What `compare --format json` prints.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct ComparisonReport<'c> {
    #[serde(flatten)]
    found: &'c Comparison,
    /// `acidtest.compare/1`.
    schema: &'static str,
}

impl<'c> ComparePage<'c> {
    /// The page of a comparison.
    #[must_use]
    pub fn of(found: &'c Comparison, base: Vec<Distribution>, other: Vec<Distribution>) -> Self {
        let report = ComparisonReport { found, schema: COMPARE_SCHEMA };
        let metrics = metric_infos(found.tests.iter().map(|t| (t.name.as_str(), t.unit.as_str())));
        let json = serde_json::to_value(&report).unwrap_or_default();
        let titles = metrics.values().map(|m| m.what.as_str());
        let words = korean_of(&json, titles);
        Self { report, base, other, metrics, words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_has_the_shape_of_the_published_one() {
        let own = schemars::schema_for!(ComparisonReport<'static>).to_value();
        let published = crate::comparison_schema();
        let names = |v: &serde_json::Value| {
            let mut names: Vec<String> = v["properties"].as_object().unwrap().keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(names(&own), names(&published));
    }
}
