//! Golden kinds: chrF.

use crate::Verdict;
use crate::bleu::texts;
use crate::compare::{Check, Compare, number};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::chrf::{Chrf, ChrfOptions};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("chrf", chrf)];

fn options(params: &Value) -> ChrfOptions {
    ChrfOptions {
        char_order: params["char_order"].as_u64().unwrap() as usize,
        word_order: params["word_order"].as_u64().unwrap() as usize,
        beta: number(&params["beta"]),
        lowercase: params["lowercase"].as_bool().unwrap(),
        whitespace: params["whitespace"].as_bool().unwrap(),
        eps_smoothing: params["eps_smoothing"].as_bool().unwrap(),
    }
}

fn chrf(case: &Value) -> Verdict {
    let mut metric = Chrf::new(options(&case["params"])).unwrap();
    let texts = texts(case);
    let references: Vec<&[&str]> = texts.references.iter().map(Vec::as_slice).collect();
    let score = match case["params"]["level"].as_str().unwrap() {
        "corpus" => metric.corpus(&texts.hypotheses, &references).unwrap(),
        "sentence" => metric.sentence_score(texts.hypotheses[0], references[0]).unwrap(),
        other => panic!("unknown level {other}"),
    };
    let mut compare = Compare::new(case, 1e-9);
    compare.field("score", json!(score.score));
    compare.field("stats", json!(score.stats));
    compare.field("name", json!(score.name));
    compare.field("signature", json!(metric.signature(texts.each)));
    compare.done()
}
