//! Golden kinds: BLEU and its tokenizers.

use crate::Verdict;
use crate::compare::{Check, Compare, strings};
use acidtest_metrics::corpus::RowMetric;
use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions, Smoothing, Tokenizer};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("bleu", bleu), ("bleu_tokenize", tokenize)];

/// Texts of a case: answers, the references of each, and their number if it is the same for all.
pub struct Texts<'a> {
    pub hypotheses: Vec<&'a str>,
    pub references: Vec<Vec<&'a str>>,
    pub each: Option<usize>,
}

pub fn texts(case: &Value) -> Texts<'_> {
    let hypotheses = strings(&case["input"]["hyps"]);
    let references: Vec<_> = case["input"]["refs"].as_array().unwrap().iter().map(strings).collect();
    let first = references[0].len();
    let each = references.iter().all(|r| r.len() == first).then_some(first);
    Texts { hypotheses, references, each }
}

fn options(params: &Value) -> BleuOptions {
    let value = |default| params["smooth_value"].as_f64().unwrap_or(default);
    BleuOptions {
        tokenizer: Tokenizer::from_name(params["tokenize"].as_str().unwrap()).unwrap(),
        lowercase: params["lowercase"].as_bool().unwrap(),
        smoothing: match params["smooth_method"].as_str().unwrap() {
            "none" => Smoothing::None,
            "floor" => Smoothing::Floor(value(0.1)),
            "add-k" => Smoothing::AddK(value(1.0)),
            "exp" => Smoothing::Exp,
            other => panic!("unknown smoothing {other}"),
        },
        max_order: params["max_ngram_order"].as_u64().unwrap() as usize,
        effective_order: params["effective_order"].as_bool().unwrap(),
    }
}

fn bleu(case: &Value) -> Verdict {
    let mut metric = Bleu::new(options(&case["params"])).unwrap();
    let texts = texts(case);
    let references: Vec<&[&str]> = texts.references.iter().map(Vec::as_slice).collect();
    let score = match case["params"]["level"].as_str().unwrap() {
        "corpus" => metric.corpus(&texts.hypotheses, &references).unwrap(),
        "sentence" => metric.sentence_score(texts.hypotheses[0], references[0]).unwrap(),
        other => panic!("unknown level {other}"),
    };
    let mut compare = Compare::new(case, 1e-9);
    compare.field("score", json!(score.score));
    compare.field("counts", json!(score.counts));
    compare.field("totals", json!(score.totals));
    compare.field("precisions", json!(score.precisions));
    compare.field("bp", json!(score.bp));
    compare.field("sys_len", json!(score.sys_len));
    compare.field("ref_len", json!(score.ref_len));
    compare.field("signature", json!(metric.signature(texts.each)));
    compare.done()
}

fn tokenize(case: &Value) -> Verdict {
    let line = case["input"]["line"].as_str().unwrap();
    let mut compare = Compare::new(case, 0.0);
    for tokenizer in Tokenizer::ALL.into_iter().filter(|t| *t != Tokenizer::KoChar) {
        compare.field(tokenizer.name(), json!(tokenizer.tokens(line)));
    }
    compare.done()
}
