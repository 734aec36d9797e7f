//! Golden kinds of comparisons: exact tests, paired means, correction, power.

use crate::Verdict;
use crate::compare::{Compare, number, numbers};
use acidtest_metrics::stats::{
    Resampling, Unit, clustered_mean, holm, mcnemar_exact, minimal_detectable, pairs_to_detect, sign_flip,
};
use serde_json::{Value, json};

pub fn mcnemar(case: &Value) -> Verdict {
    let table = case["input"]["table"].as_array().unwrap();
    let mut compare = Compare::new(case, 1e-8);
    let cell = |row: usize, column: usize| table[row][column].as_u64().unwrap();
    compare.field("exact_p", json!(mcnemar_exact(cell(0, 1), cell(1, 0))));
    compare.done()
}

pub fn paired_tests(case: &Value) -> Verdict {
    let (x, y) = (numbers(&case["input"]["x"]), numbers(&case["input"]["y"]));
    let differences: Vec<f64> = x.iter().zip(&y).map(|(x, y)| x - y).collect();
    let units: Vec<Unit> = differences.iter().map(|d| Unit { cases: 1, sum: *d }).collect();
    let mean = clustered_mean(&units, None, 0.95).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("mean_diff", json!(mean.value));
    compare.field("stderr_diff", json!(mean.standard_error));
    if let Ok(i) = mean.interval {
        compare.field("t_ci95", json!([i.low, i.high]));
    }
    let flipped = sign_flip(&differences, Resampling::default()).unwrap();
    if flipped.is_exact {
        compare.field("permutation_p_two_sided_abs", json!(flipped.p));
    }
    compare.done()
}

pub fn multiple_testing(case: &Value) -> Verdict {
    let p = numbers(&case["input"]["p"]);
    let alpha = number(&case["params"]["alpha"]);
    let adjusted = holm(&p);
    let reject: Vec<bool> = adjusted.iter().map(|p| *p <= alpha).collect();
    let expected = &case["expected"]["holm"];
    let same = numbers(&expected["adjusted"])
        .iter()
        .zip(&adjusted)
        .all(|(e, got)| (e - got).abs() <= 1e-9 * e.abs().max(1e-300));
    let mut compare = Compare::new(case, 1e-9);
    let adjusted = if same { expected["adjusted"].clone() } else { json!(adjusted) };
    compare.field("holm", json!({ "adjusted": adjusted, "reject": reject }));
    compare.done()
}

pub fn power(case: &Value) -> Verdict {
    let (alpha, power) = (number(&case["params"]["alpha"]), number(&case["params"]["power"]));
    let input = |name: &str| number(&case["input"][name]);
    let mut compare = Compare::new(case, 1e-9);
    compare.field("n_z", json!(pairs_to_detect(input("sd"), input("delta"), alpha, power)));
    let standard_error = input("sd") / input("n").sqrt();
    compare.field("mde_z", json!(minimal_detectable(standard_error, alpha, power)));
    compare.done()
}
