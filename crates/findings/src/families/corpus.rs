//! Texts against references over all answers together: BLEU, chrF, TER, ROUGE, METEOR, WER, CER.
//!
//! Main slice: [`METRICS`]. Which of them a run has, and with which options, its plan says.

use crate::estimate::Family;
use crate::metric::{Better, Guard, Measure, Metric, Unit};
use acidtest_record::Stat;

/// How the interval of every number over all answers is made.
pub(super) const DRAWN: &str = "bootstrap percentile of 1000 draws of whole units with replacement (seed 0); repeats' rows averaged within the case; unit of sampling: the cluster, else the case; none below two units or without variance";
/// What a run must hold for them.
const NEEDS: &str = "`metrics:` of the suite, delivered answers, and expected answers as references";
/// What is the same for all of them.
const EDGES: &str = "the text is what the extraction finds; empty and unparsable answers count as an empty text; a case without references does not count; errors and requests never sent are excluded, counted, and bounded by an empty answer and by the first reference in their place";

/// What distinguishes these metrics.
struct Said {
    id: &'static str,
    title: &'static str,
    unit: Unit,
    range: (f64, f64),
    formula: &'static str,
    source: &'static str,
}

const fn of(said: Said) -> Metric {
    Metric {
        id: said.id,
        title: said.title,
        family: Family::Quality,
        unit: said.unit,
        better: Better::Higher,
        range: Some(said.range),
        stats: &[Stat::Value],
        param: None,
        needs: NEEDS,
        formula: said.formula,
        edges: EDGES,
        interval: DRAWN,
        source: said.source,
        guard: Guard::Nothing,
        measure: Measure::Corpus,
    }
}

const fn rate(said: Said) -> Metric {
    Metric { better: Better::Lower, ..of(said) }
}

const RATE: (f64, f64) = (0.0, f64::INFINITY);
const POINTS: (f64, f64) = (0.0, 100.0);
const SHARE: (f64, f64) = (0.0, 1.0);
const ROUGE: &str = "rouge-score 0.1.2; with unicode its words are those of acidtest";

pub(crate) const METRICS: &[Metric] = &[
    of(Said {
        id: "bleu",
        title: "BLEU of all answers together",
        unit: Unit::Points,
        range: POINTS,
        formula: "100 × bp × exp(mean of ln pₙ), matches and n-grams summed over answers, each answer's closest reference length; options tokenize (none 13a intl zh char ko-char), lowercase, smooth (exp none floor add-k), smooth_value, max_order",
        source: "sacreBLEU 2.6.0; Papineni et al., ACL 2002",
    }),
    of(Said {
        id: "chrf",
        title: "chrF of all answers together",
        unit: Unit::Points,
        range: POINTS,
        formula: "100 × F with beta 2 of the mean precision and recall over character n-grams of 1 to 6, sums over answers, each with its best reference; options char_order, word_order, beta, lowercase, whitespace",
        source: "sacreBLEU 2.6.0; Popović, WMT 2015",
    }),
    of(Said {
        id: "chrf++",
        title: "chrF++ of all answers together: words and pairs of words too",
        unit: Unit::Points,
        range: POINTS,
        formula: "as chrf, with word n-grams of 1 and 2; options char_order, beta, lowercase, whitespace",
        source: "sacreBLEU 2.6.0; Popović, WMT 2017",
    }),
    rate(Said {
        id: "ter",
        title: "Translation edit rate of all answers together",
        unit: Unit::Points,
        range: RATE,
        formula: "100 × edits and shifts / mean length of the references, summed over answers; options normalized, no_punct, asian_support, case_sensitive",
        source: "sacreBLEU 2.6.0; Snover et al., AMTA 2006",
    }),
    of(Said {
        id: "rouge1",
        title: "ROUGE-1: words shared with the reference",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of F of the best reference; options stemmer, unicode, part (f precision recall)",
        source: ROUGE,
    }),
    of(Said {
        id: "rouge2",
        title: "ROUGE-2: pairs of words shared with the reference",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of F of the best reference; options stemmer, unicode, part (f precision recall)",
        source: ROUGE,
    }),
    of(Said {
        id: "rouge3",
        title: "ROUGE-3: triples of words shared with the reference",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of F of the best reference; options stemmer, unicode, part (f precision recall)",
        source: ROUGE,
    }),
    of(Said {
        id: "rougeL",
        title: "ROUGE-L: longest common subsequence with the reference",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of F of the best reference; options stemmer, unicode, part (f precision recall)",
        source: ROUGE,
    }),
    of(Said {
        id: "rougeLsum",
        title: "ROUGE-Lsum: longest common subsequences line by line",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of F of the best reference; options stemmer, unicode, part (f precision recall)",
        source: ROUGE,
    }),
    of(Said {
        id: "meteor",
        title: "METEOR with exact and stemmed words",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of the best reference's score, (1 − gamma × (chunks / matches)^beta) × weighted F; options alpha, beta, gamma",
        source: "NLTK 3.10.4 without WordNet; Banerjee and Lavie, 2005",
    }),
    rate(Said {
        id: "wer",
        title: "Word error rate of all answers together",
        unit: Unit::Ratio,
        range: RATE,
        formula: "(substitutions + deletions + insertions) / reference words, summed over answers, each with the reference of the lowest rate; above 1 where answers are much longer",
        source: "jiwer 4.0.0",
    }),
    rate(Said {
        id: "cer",
        title: "Character error rate of all answers together",
        unit: Unit::Ratio,
        range: RATE,
        formula: "(substitutions + deletions + insertions) / reference code points, summed over answers, each with the reference of the lowest rate; above 1 where answers are much longer",
        source: "jiwer 4.0.0",
    }),
    of(Said {
        id: "edit_similarity",
        title: "Mean likeness of answer and reference by edits",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of 1 − Levenshtein distance / longer length, in code points, of the most similar reference",
        source: "RapidFuzz 3.14.6 Levenshtein.normalized_similarity",
    }),
    of(Said {
        id: "exact_match",
        title: "Share of answers that are a reference once normalised",
        unit: Unit::Ratio,
        range: SHARE,
        formula: "mean over answers of 1 or 0, best reference; option rule: squad1, squad2 or unicode",
        source: "the evaluation scripts of SQuAD 1.1 and 2.0",
    }),
];
