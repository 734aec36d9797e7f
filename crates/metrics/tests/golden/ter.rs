//! Golden kinds: TER.

use crate::Verdict;
use crate::compare::{Check, Compare, strings};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::ter::{Ter, TerOptions, tercom_tokens};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("ter", ter), ("ter_tokenize", ter_tokenize)];

fn ter(case: &Value) -> Verdict {
    let flag = |name: &str| case["params"][name].as_bool().unwrap();
    let mut metric = Ter::new(TerOptions {
        normalized: flag("normalized"),
        no_punct: flag("no_punct"),
        asian_support: flag("asian_support"),
        case_sensitive: flag("case_sensitive"),
    });
    let references: Vec<Vec<&str>> = case["input"]["refs"].as_array().unwrap().iter().map(strings).collect();
    let mut sums = [0.0, 0.0];
    let hypotheses = strings(&case["input"]["hyps"]);
    assert_eq!(hypotheses.len(), references.len());
    for (hypothesis, references) in hypotheses.iter().zip(&references) {
        let mut row = [0.0, 0.0];
        metric.row(hypothesis, references, &mut row).unwrap();
        sums = [sums[0] + row[0], sums[1] + row[1]];
    }
    let mut values = [None];
    metric.finish(&sums, &mut values);
    let same = references.iter().all(|r| r.len() == references[0].len());
    let mut compare = Compare::new(case, 1e-9);
    compare.field("score", json!(values[0]));
    compare.field("num_edits", json!(sums[0]));
    compare.field("ref_len", json!(sums[1]));
    compare.field("signature", metric.signature(same.then(|| references[0].len())).into());
    compare.done()
}

fn ter_tokenize(case: &Value) -> Verdict {
    let line = case["input"]["line"].as_str().unwrap();
    let plain = TerOptions::default();
    let normalized = TerOptions { normalized: true, ..plain };
    let no_punct = TerOptions { no_punct: true, ..plain };
    let asian = TerOptions { asian_support: true, ..normalized };
    let all = TerOptions { no_punct: true, case_sensitive: true, ..asian };
    let mut compare = Compare::new(case, 0.0);
    for (name, options) in [
        ("default", plain),
        ("normalized", normalized),
        ("normalized_asian", asian),
        ("no_punct", no_punct),
        ("normalized_no_punct_asian_case", all),
    ] {
        compare.field(name, json!(tercom_tokens(line, options)));
    }
    compare.done()
}
