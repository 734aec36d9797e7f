//! Golden kinds: several samples of one task.

use crate::Verdict;
use crate::compare::{Check, Compare};
use acidtest_metrics::sampling::{NoPass, pass_at_k, pass_hat_k};
use serde_json::{Map, Value, json};

type Estimator = fn(u64, u64, u64) -> Result<f64, NoPass>;

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("pass_at_k", pass)];

fn pass(case: &Value) -> Verdict {
    let input = |name: &str| case["input"][name].as_u64().unwrap();
    let mut compare = Compare::new(case, 1e-9);
    for (name, of) in [("pass_at_k", pass_at_k as Estimator), ("pass_hat_k", pass_hat_k)] {
        let expected = case["expected"][name].as_object().unwrap();
        let one = |k: &String| of(input("n"), input("c"), k.parse().unwrap()).ok();
        let got: Map<String, Value> = expected.keys().map(|k| (k.clone(), json!(one(k)))).collect();
        let got = crate::classes::near(&case["expected"][name], got.into());
        compare.field(name, got);
    }
    compare.done()
}
