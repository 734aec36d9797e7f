//! What the metrics of files are: one entry each, for the reference page and `acidtest metrics`.
//!
//! Main table: [`DEFINITIONS`]. Texts only: nothing is computed here.

use crate::metric::Better;

/// A metric of files, in words.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Definition {
    /// Its name; `@k`, `^k` and `_n` stand for a number.
    pub id: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which direction is good.
    pub better: Better,
    /// The range it cannot leave.
    pub range: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// How its interval is made.
    pub interval: &'static str,
    /// What happens at the edges.
    pub edges: &'static str,
    /// Where the definition comes from.
    pub source: &'static str,
}

use Better::{Higher, Lower, Neither};

const fn entry(
    (id, title): (&'static str, &'static str),
    (unit, better, range): (&'static str, Better, &'static str),
    formula: &'static str,
    (interval, edges, source): (&'static str, &'static str, &'static str),
) -> Definition {
    Definition { id, title, unit, better, range, formula, interval, edges, source }
}

const RATIO: (&str, Better, &str) = ("ratio", Higher, "0..1");
const RATIO_DOWN: (&str, Better, &str) = ("ratio", Lower, "0..1");
const RATE: (&str, Better, &str) = ("ratio", Lower, "from 0");
const SIGNED: (&str, Better, &str) = ("ratio", Higher, "-1..1");
const POINTS: (&str, Better, &str) = ("points", Higher, "0..100");

const BOOTSTRAP: &str = "percentile of resamples that draw whole units";
const MEAN: &str = "Wilson with the effective n of the clustered variance, an exact bound without variance";
const SHARE: &str = "Wilson; clustered: Wilson with the effective n; exact one-sided bound at 0 and 1";
const CLASSES: &str = "one label, unclustered: Wilson of its counts (F1: Wilson of hits mapped to F1; F0.5 and F2 are resampled); micro: that of accuracy; else percentile of resamples of whole units, and where every label is perfect a joint exact lower bound";
const ZERO: &str = "0/0 of one label alone is absent, in an average it counts 0 as in scikit-learn; --zero-division changes both; a label outside --labels is an error";
const SKLEARN: &str = "scikit-learn 1.9";
const SACREBLEU: &str = "sacreBLEU 2.6";
const EMPTY: &str = "no segment: absent; prediction and reference files of different length are an error";
const QUERIES: &str = "queries without a relevant document are excluded and counted; one that nothing was ranked for counts 0; equal scores: the later document in byte order first";
const TREC: &str = "trec_eval, ir_measures";
const QUERY_MEAN: &str = "Wilson with the effective n over queries, an exact bound without variance";
const TASKS: &str =
    "tasks with fewer samples than k are excluded and counted, with the bounds that they leave";

/// Every metric of files.
#[rustfmt::skip]
pub const DEFINITIONS: &[Definition] = &[
    entry(("accuracy", "Share of cases whose label is right"), RATIO, "right / cases", (SHARE, "no case is an error", SKLEARN)),
    entry(("hamming", "Share of cases whose label is wrong"), RATIO_DOWN, "1 - accuracy", (SHARE, "no case is an error", SKLEARN)),
    entry(("balanced_accuracy", "Mean recall of the labels"), RATIO, "mean of recall over labels that have true cases", (CLASSES, "a label without true cases takes no part", SKLEARN)),
    entry(("precision", "Share of what was said that is right"), RATIO, "hits / said, averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("recall", "Share of what is true that was said"), RATIO, "hits / true, averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("f1", "Harmonic mean of precision and recall"), RATIO, "2 hits / (true + said), averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("f0.5", "F measure that weighs precision more"), RATIO, "1.25 hits / (0.25 true + said), averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("f2", "F measure that weighs recall more"), RATIO, "5 hits / (4 true + said), averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("jaccard", "Overlap of said and true"), RATIO, "hits / (true + said - hits), averaged as named", (CLASSES, ZERO, SKLEARN)),
    entry(("mcc", "Matthews' correlation of said and true labels"), SIGNED, "(c n - sum t p) / sqrt((n^2 - sum p^2)(n^2 - sum t^2))", (BOOTSTRAP, "a side with one label: absent (scikit-learn: 0)", SKLEARN)),
    entry(("kappa", "Cohen's agreement beyond chance"), SIGNED, "1 - weighted disagreement / that of independent labels; kappa_linear and kappa_quadratic weigh by distance in the order of the labels", (BOOTSTRAP, "one label on both sides: absent", SKLEARN)),
    entry(("roc_auc", "Area under the ROC curve"), RATIO, "share of (positive, negative) pairs in the right order, ties half; several labels: each against the rest, averaged as named", ("DeLong on the logit, clustered by Obuchowski; an average of labels: the mean of their ends, on the safe side", "one class alone: absent; a score that is not finite is an error", SKLEARN)),
    entry(("average_precision", "Area under the precision-recall curve"), RATIO, "sum over thresholds of (change of recall) x precision", ("Wilson with the units that hold a positive as n; an average of labels has none", "one class alone: absent", SKLEARN)),
    entry(("log_loss", "Mean surprise at the true label"), ("nats", Lower, "from 0"), "mean of -ln p(true), p clipped at 2^-52", ("t on C-1 degrees of freedom from the clustered variance", "a probability outside 0..1, or a row that does not sum to 1, is an error", SKLEARN)),
    entry(("brier", "Mean squared error of probabilities"), ("ratio", Lower, "0..1, several labels 0..2"), "binary (p - y)^2, several labels the unscaled sum over them", (MEAN, "as log_loss", SKLEARN)),
    entry(("ece", "Expected calibration error"), RATIO_DOWN, "sum over bins of share x |accuracy - mean confidence| of the top label, 15 right-closed bins, equal width and equal mass", ("none: a plug-in value is too high by chance and resampling adds the same again", "see ece_by_chance, ece_squared_debiased and calibration_p beside it", "Guo et al. 2017; Kumar, Liang and Ma 2019")),
    entry(("ece_by_chance", "What ece would be of perfect probabilities"), RATIO_DOWN, "sum over bins of sqrt(2/pi sum p(1-p)) / n", ("none: it is expected, not measured", "beside ece", "acidtest")),
    entry(("ece_squared_debiased", "Squared calibration error without its bias"), ("ratio", Lower, "up to 1"), "sum over bins of share x ((a-c)^2 - a(1-a)/(n-1))", ("none: see calibration_p", "may be below 0 by chance; a case alone in its bin: absent", "Kumar, Liang and Ma 2019")),
    entry(("calibration_z", "Test of calibration without bins"), ("ratio", Neither, "any"), "sum (y-p)(1-2p) / sqrt(sum (1-2p)^2 p(1-p)) of the top label", ("none: a test statistic", "clusters, or every p 0, 1/2 or 1: absent", "Spiegelhalter 1986")),
    entry(("calibration_p", "p of the test of calibration"), ("ratio", Neither, "0..1"), "two-sided p of calibration_z", ("none: a test statistic", "as calibration_z", "Spiegelhalter 1986")),
    entry(("pass@k", "Chance that one of k samples is right"), RATIO, "mean over tasks of 1 - C(n-c,k)/C(n,k)", (MEAN, TASKS, "Chen et al. 2021")),
    entry(("pass^k", "Chance that all of k samples are right"), RATIO, "mean over tasks of C(c,k)/C(n,k)", (MEAN, TASKS, "Yao et al. 2024, tau-bench")),
    entry(("majority", "Share of tasks whose majority vote is right"), RATIO, "the answer with most votes is right; without answers: more samples right than wrong", (MEAN, "a tie counts its share; tasks without samples are excluded and counted", "Wang et al. 2022, self-consistency")),
    entry(("hit@k", "Share of queries with a relevant document among the first k"), RATIO, "mean over queries of 1 when one of the first k is relevant, else 0", (SHARE, QUERIES, TREC)),
    entry(("recall@k", "Share of the relevant documents among the first k"), RATIO, "mean over queries of relevant ones among the first k / relevant ones", (QUERY_MEAN, QUERIES, TREC)),
    entry(("precision@k", "Share of the first k documents that is relevant"), RATIO, "mean over queries of relevant ones among the first k / k", (QUERY_MEAN, QUERIES, TREC)),
    entry(("mrr", "Mean reciprocal rank"), RATIO, "mean over queries of 1 / rank of the first relevant document", (QUERY_MEAN, QUERIES, TREC)),
    entry(("ndcg@k", "Discounted gain over that of the best ranking"), RATIO, "mean over queries of sum gain / log2(rank + 1) over the best; `ndcg` is not cut; gain is the judgement (ndcg_exp: 2^judgement - 1)", (QUERY_MEAN, QUERIES, TREC)),
    entry(("map", "Mean average precision"), RATIO, "mean over queries of the mean over all relevant documents of the precision at their rank", (QUERY_MEAN, QUERIES, TREC)),
    entry(("r_precision", "Precision at as many ranks as there are relevant documents"), RATIO, "mean over queries of precision@R", (QUERY_MEAN, QUERIES, TREC)),
    entry(("bleu", "Overlap of n-grams with references"), POINTS, "brevity penalty x geometric mean of 1- to 4-gram precisions, sums over segments", (BOOTSTRAP, EMPTY, SACREBLEU)),
    entry(("chrf", "F score of character n-grams"), POINTS, "F2 of 1- to 6-grams of characters, sums over segments", (BOOTSTRAP, EMPTY, SACREBLEU)),
    entry(("chrf++", "F score of character and word n-grams"), POINTS, "chrf with 1- and 2-grams of words", (BOOTSTRAP, EMPTY, SACREBLEU)),
    entry(("ter", "Edits per reference word, with shifts"), ("points", Lower, "from 0"), "100 x edits / mean reference length", (BOOTSTRAP, EMPTY, SACREBLEU)),
    entry(("rouge1", "F1 of words with the reference"), RATIO, "mean over segments of F1 of words", (MEAN, "the compatible tokens are a-z and 0-9 only: Korean scores 0; rouge1_unicode reads every script", "rouge-score 0.1.2")),
    entry(("rouge2", "F1 of pairs of words with the reference"), RATIO, "mean over segments of F1 of word pairs", (MEAN, "as rouge1", "rouge-score 0.1.2")),
    entry(("rouge3", "F1 of triples of words with the reference"), RATIO, "mean over segments of F1 of word triples", (MEAN, "as rouge1", "rouge-score 0.1.2")),
    entry(("rougeL", "F1 of the longest common subsequence"), RATIO, "mean over segments of F1 of the longest common subsequence", (MEAN, "as rouge1", "rouge-score 0.1.2")),
    entry(("rougeLsum", "F1 of common subsequences, line by line"), RATIO, "union of longest common subsequences of lines", (MEAN, "as rouge1; lines end at a line feed", "rouge-score 0.1.2")),
    entry(("meteor", "Aligned words with a penalty for their order"), RATIO, "harmonic mean weighing recall x (1 - penalty of chunks); exact and stem stages only", (MEAN, EMPTY, "nltk 3.10")),
    entry(("exact_match", "Share of answers equal to a reference"), RATIO, "equal after SQuAD's normalisation", (SHARE, EMPTY, "SQuAD v1.1 and v2")),
    entry(("token_f1", "F1 of words with the best reference"), RATIO, "mean over answers of the best F1 of normalised words", (MEAN, "no word on both sides: v2 says 1", "SQuAD v1.1 and v2")),
    entry(("char_f1", "F1 of characters with the best reference"), RATIO, "mean over answers of the best F1 of characters", (MEAN, "the headline for Korean, since word F1 punishes particles", "KorQuAD")),
    entry(("wer", "Word errors per reference word"), RATE, "(substituted + deleted + inserted) / reference words, sums over segments", (BOOTSTRAP, "no reference word: absent", "jiwer 4")),
    entry(("mer", "Share of matches and errors that are errors"), RATIO_DOWN, "errors / (errors + hits)", (BOOTSTRAP, "no reference word: absent", "jiwer 4")),
    entry(("wil", "Word information lost"), RATIO_DOWN, "1 - wip", (BOOTSTRAP, "no reference word: absent", "jiwer 4")),
    entry(("wip", "Word information preserved"), RATIO, "hits / reference words x hits / predicted words", (BOOTSTRAP, "no reference word: absent", "jiwer 4")),
    entry(("cer", "Character errors per reference character"), RATE, "as wer, by code points", (BOOTSTRAP, "no reference character: absent", "jiwer 4")),
    entry(("edit_similarity", "Likeness by edits"), RATIO, "mean over segments of 1 - Levenshtein distance / longer length, in code points", (MEAN, "two empty texts are equal", "RapidFuzz 3")),
    entry(("distinct_n", "Share of n-grams that are different"), RATIO, "different n-grams / n-grams of all texts", ("none: a resample repeats texts, which is what is measured", "depends on the size of the corpus: compare equal sizes only", "Li et al. 2016")),
    entry(("self_bleu", "Each text's BLEU against the others"), ("points", Lower, "0..100"), "mean over texts of BLEU with all others as references", ("none: a resample repeats texts, which is what is measured", "fewer than two texts: absent", "Zhu et al. 2018")),
];

/// The definition that a name means: `pass@5`, `ndcg`, `kappa_linear`, `distinct_2`.
#[must_use]
pub fn definition(name: &str) -> Option<&'static Definition> {
    let find = |id: &str| DEFINITIONS.iter().find(|d| d.id == id);
    let plain = name.split(['[', '{']).next().unwrap_or(name);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let cut = |by: char| plain.rsplit_once(by).filter(|(_, k)| digits(k) || *k == "k").map(|(base, _)| base);
    let base = |name: &str| match name {
        "ndcg" | "ndcg_exp" => find("ndcg@k"),
        "kappa_linear" | "kappa_quadratic" => find("kappa"),
        other => find(other.trim_end_matches("_unicode")),
    };
    let at = cut('@').map(|b| format!("{}@k", b.trim_end_matches("_exp")));
    let hat = cut('^').map(|b| format!("{b}^k"));
    let n = cut('_').map(|b| format!("{b}_n"));
    find(plain)
        .or_else(|| base(plain))
        .or_else(|| [at, hat, n].into_iter().flatten().find_map(|id| find(&id)))
}

/// The part of the reference page about files, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "\n## Metrics of files (`acidtest score`)\n\nThe unit of sampling is the cluster where one is \
         named (`--cluster-field`), else the case, task or query.\n",
    );
    for d in DEFINITIONS {
        page.push_str(&format!(
            "\n### `{}` (files)\n{}.\n\n- unit: {}; range: {}; better: {}\n- formula: {}\n- edge cases: {}\n\
             - interval: {}\n- source: {}\n",
            d.id,
            d.title,
            d.unit,
            d.range,
            d.better.id(),
            d.formula,
            d.edges,
            d.interval,
            d.source
        ));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_whole_and_found() {
        let mut seen = std::collections::HashSet::new();
        for d in DEFINITIONS {
            assert!(seen.insert(d.id), "{} twice", d.id);
            for text in [d.title, d.formula, d.interval, d.edges, d.source, d.range, d.unit] {
                assert!(text.len() > 2 && !text.ends_with('.'), "{}: '{text}'", d.id);
            }
            assert_eq!(definition(d.id).map(|found| found.id), Some(d.id));
        }
        for (name, id) in [
            ("pass@5", "pass@k"),
            ("pass^3", "pass^k"),
            ("ndcg", "ndcg@k"),
            ("ndcg_exp@10", "ndcg@k"),
            ("kappa_linear", "kappa"),
            ("distinct_2", "distinct_n"),
            ("char_f1_unicode", "char_f1"),
            ("f1[average=macro]", "f1"),
        ] {
            assert_eq!(definition(name).map(|d| d.id), Some(id), "{name}");
        }
        assert_eq!(definition("pass@x"), None);
    }
}
