//! What prompts and cases have in place of the plan's own: body fields and time-outs.
//!
//! Main type: [`Overrides`], worked out once before a run. Must not render anything.

use acidtest_record::{Case, RunSpec};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Body fields and time-outs that differ from the plan's.
#[derive(Debug, Default)]
pub(crate) struct Overrides {
    plan: Map<String, Value>,
    prompts: Vec<Map<String, Value>>,
    cases: HashMap<u32, Map<String, Value>>,
    timeouts: HashMap<u32, f64>,
}

impl Overrides {
    pub(crate) fn of(spec: &RunSpec, cases: &[Case]) -> Self {
        let numbered = || (0u32..).zip(cases);
        Self {
            plan: spec.params.clone(),
            prompts: spec.prompts.iter().map(|p| p.params.clone()).collect(),
            cases: numbered()
                .filter(|(_, c)| !c.params.is_empty())
                .map(|(i, c)| (i, c.params.clone()))
                .collect(),
            timeouts: numbered().filter_map(|(i, c)| Some((i, c.timeout_s?))).collect(),
        }
    }

    /// Body fields of a request: the plan's, over them the prompt's, over them the case's.
    pub(crate) fn params(&self, prompt: u16, case: Option<u32>) -> Map<String, Value> {
        let mut out = self.plan.clone();
        let own = self.prompts.get(usize::from(prompt)).into_iter();
        let own = own.chain(case.and_then(|i| self.cases.get(&i)));
        for (name, value) in own.flatten() {
            out.insert(name.clone(), value.clone());
        }
        out
    }

    /// Seconds that an attempt at a case may take, where it has a limit of its own.
    pub(crate) fn timeout_s(&self, case: Option<u32>) -> Option<f64> {
        self.timeouts.get(&case?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acidtest_record::PromptSpec;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn the_nearest_word_counts() {
        let prompts = vec![PromptSpec { params: map(json!({"t": 1, "p": 1})), ..PromptSpec::default() }];
        let spec = RunSpec { params: map(json!({"t": 0, "m": 0})), prompts, ..RunSpec::default() };
        let own = Case { params: map(json!({"p": 2})), timeout_s: Some(3.0), ..Case::default() };
        let all = Overrides::of(&spec, &[Case::default(), own]);
        assert_eq!(Value::Object(all.params(0, Some(0))), json!({"t": 1, "m": 0, "p": 1}));
        assert_eq!(Value::Object(all.params(0, Some(1))), json!({"t": 1, "m": 0, "p": 2}));
        assert_eq!(
            (all.timeout_s(Some(0)), all.timeout_s(Some(1)), all.timeout_s(None)),
            (None, Some(3.0), None)
        );
    }
}
