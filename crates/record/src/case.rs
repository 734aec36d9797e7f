//! One question with its reference answers.
//!
//! Main type: [`Case`]. Must not render prompts.

use crate::ask::Message;
use crate::ids::Digest;
use crate::scorer::ScorerSpec;
use crate::spec::Extraction;
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
    /// Body fields of its requests, over those of the plan and the prompt.
    #[serde(default, skip_serializing_if = "serde_json::Map::is_empty")]
    pub params: serde_json::Map<String, serde_json::Value>,
    /// Messages of its own in place of the prompts'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Vec<Message>>,
    /// Seconds for one attempt, where it has a limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<f64>,
    /// Why a wrong answer is expected, where one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub xfail: Option<String>,
    /// Tool definitions of this case in place of the suite's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<serde_json::Value>>,
}

impl Case {
    /// Which choices are right: those that an expected answer spells, else the one at
    /// its index from 0, else the one of its letter from A.
    #[must_use]
    pub fn right_choices(&self, choices: &[String]) -> Vec<usize> {
        let of = |expected: &String| {
            let trimmed = expected.trim();
            let spelled = choices
                .iter()
                .position(|c| c == expected)
                .or_else(|| choices.iter().position(|c| c.trim() == trimmed));
            let index = || trimmed.parse::<usize>().ok().filter(|i| *i < choices.len());
            let letter = || match trimmed.as_bytes() {
                [b @ b'A'..=b'Z'] => Some(usize::from(b - b'A')).filter(|i| *i < choices.len()),
                _ => None,
            };
            spelled.or_else(index).or_else(letter)
        };
        let mut out: Vec<usize> = self.expected.iter().filter_map(of).collect();
        out.sort_unstable();
        out.dedup();
        out
    }

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

    /// The digest of a case with messages or body fields of its own: they are part of
    /// what is asked, so such a case is another one.
    #[must_use]
    pub fn with_own(
        digest: Digest,
        prompt: Option<&[Message]>,
        params: &serde_json::Map<String, serde_json::Value>,
    ) -> Digest {
        if prompt.is_none() && params.is_empty() {
            return digest;
        }
        let sorted: BTreeMap<&String, &serde_json::Value> = params.iter().collect();
        let own = serde_json::to_string(&(prompt, sorted)).expect("JSON values always serialise");
        Digest::of_parts(&[&digest.0, own.as_bytes()])
    }

    /// The unit of sampling: the cluster, else the case.
    #[must_use]
    pub fn unit(&self) -> &str {
        self.cluster.as_deref().unwrap_or(&self.id)
    }
}
