//! One question with its reference answers.
//!
//! Main type: [`Case`]. Must not render prompts.

use crate::ids::Digest;
use crate::spec::{Extraction, ScorerSpec};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One case of a suite.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Its id within the suite; unique there.
    pub id: String,
    /// Digest of `vars`, `expected` and `refuse`: `compare` pairs equal digests only.
    pub hash: Digest,
    /// The variables that prompt templates and scorers see.
    pub vars: serde_json::Map<String, serde_json::Value>,
    /// Acceptable reference answers; may be empty.
    pub expected: Vec<String>,
    /// Whether the right answer is a refusal.
    pub refuse: bool,
    /// The unit of sampling, where cases belong together; else the case itself.
    pub cluster: Option<String>,
    /// Split (`test`, `held_out` …).
    pub split: Option<String>,
    /// Labels by which results are sliced.
    pub tags: BTreeMap<String, String>,
    /// Scorers of this case in place of the suite's.
    pub scorers: Option<Vec<ScorerSpec>>,
    /// Extraction of this case in place of the suite's.
    pub extraction: Option<Extraction>,
    /// Tool definitions of this case in place of the suite's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<serde_json::Value>>,
}

impl Case {
    /// The digest that pairs a case across runs.
    ///
    /// JSON text of the variables by name, each reference, and the
    /// refusal flag, each with its length.
    #[must_use]
    pub fn digest(
        vars: &serde_json::Map<String, serde_json::Value>,
        expected: &[String],
        refuse: bool,
    ) -> Digest {
        let sorted: BTreeMap<&String, &serde_json::Value> = vars.iter().collect();
        let input = serde_json::to_string(&sorted).expect("a JSON object always serialises");
        let refuse = [u8::from(refuse)];
        let mut parts: Vec<&[u8]> = vec![input.as_bytes(), &refuse];
        parts.extend(expected.iter().map(String::as_bytes));
        Digest::of_parts(&parts)
    }

    /// The unit of sampling: the cluster, else the case.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.cluster.as_deref().unwrap_or(&self.id)
    }
}
