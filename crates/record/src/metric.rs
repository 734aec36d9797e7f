//! A metric that a plan asks for, by name and options.
//!
//! Main type: [`MetricSpec`]. Words only: which metrics and options there are is not known here.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A metric over all answers of a slice: `bleu` with `tokenize: char`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricSpec {
    /// Its name: `bleu`, `f1`, `pass@k` …
    pub metric: String,
    /// Its options, all as words.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl MetricSpec {
    /// Whether a name and parameters mean this one: the name is the same, and every parameter is
    /// an option with that value. Options that are not repeated do not matter.
    #[must_use]
    pub fn is_meant(&self, metric: &str, params: &[(String, String)]) -> bool {
        self.metric == metric && params.iter().all(|(key, value)| self.options.get(key) == Some(value))
    }

    /// As gates write it: `bleu[tokenize=char]`.
    #[must_use]
    pub fn written(&self) -> String {
        if self.options.is_empty() {
            return self.metric.clone();
        }
        let options: Vec<String> = self.options.iter().map(|(k, v)| format!("{k}={v}")).collect();
        format!("{}[{}]", self.metric, options.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_may_leave_options_out() {
        let options = [("average".to_owned(), "macro".to_owned()), ("beta".to_owned(), "2".to_owned())];
        let spec = MetricSpec { metric: "f1".into(), options: options.into() };
        let pair = |k: &str, v: &str| vec![(k.to_owned(), v.to_owned())];
        assert!(spec.is_meant("f1", &[]) && spec.is_meant("f1", &pair("average", "macro")));
        assert!(!spec.is_meant("f1", &pair("average", "micro")) && !spec.is_meant("f1", &pair("k", "1")));
        assert!(!spec.is_meant("recall", &[]));
        assert_eq!(spec.written(), "f1[average=macro,beta=2]");
    }
}
