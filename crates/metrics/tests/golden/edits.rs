//! Golden kinds: word and character errors, similarities of strings.

use crate::Verdict;
use crate::compare::{Check, Compare, strings};
use acidtest_metrics::corpus::errors::{char_counts, word_counts};
use acidtest_metrics::edit::{EditCounts, Pair, Weights};
use serde_json::{Value, json};

/// The kinds of this file.
pub const KINDS: &[(&str, Check)] = &[("wer_cer", wer_cer), ("string_similarity", string_similarity)];

fn counts(counts: EditCounts) -> Value {
    let EditCounts { hits, substitutions, deletions, insertions } = counts;
    json!({"hits": hits, "substitutions": substitutions, "deletions": deletions, "insertions": insertions})
}

fn wer_cer(case: &Value) -> Verdict {
    let (mut words, mut chars) = (EditCounts::default(), EditCounts::default());
    let references = strings(&case["input"]["refs"]);
    let hypotheses = strings(&case["input"]["hyps"]);
    assert_eq!(hypotheses.len(), references.len());
    for (reference, hypothesis) in references.iter().zip(hypotheses) {
        words += word_counts(reference, hypothesis).unwrap();
        chars += char_counts(reference, hypothesis).unwrap();
    }
    let mut compare = Compare::new(case, 1e-12);
    compare.field("wer", words.wer().into());
    compare.field("mer", words.mer().into());
    compare.field("wil", words.wil().into());
    compare.field("wip", words.wip().into());
    compare.field("word_counts", counts(words));
    compare.field("cer", chars.wer().into());
    compare.field("char_counts", counts(chars));
    compare.done()
}

fn string_similarity(case: &Value) -> Verdict {
    let text = |name: &str| case["input"][name].as_str().unwrap();
    let pair = Pair::new(text("a"), text("b"));
    let prices = Weights { insert: 1, delete: 1, substitute: 2 };
    let mut compare = Compare::new(case, 1e-12);
    compare.field("levenshtein", json!(pair.levenshtein().unwrap()));
    compare.field("levenshtein_normalized_similarity", json!(pair.levenshtein_similarity().unwrap()));
    compare.field("levenshtein_w112", json!(pair.levenshtein_weighted(prices).unwrap()));
    compare.field("indel", json!(pair.indel().unwrap()));
    compare.field("fuzz_ratio", json!(pair.fuzz_ratio().unwrap()));
    compare.field("osa", json!(pair.osa().unwrap()));
    compare.field("damerau", json!(pair.damerau().unwrap()));
    compare.field("lcs_len", json!(pair.lcs_len().unwrap()));
    compare.field("jaro", json!(pair.jaro().unwrap()));
    compare.field("jaro_winkler", json!(pair.jaro_winkler().unwrap()));
    compare.done()
}
