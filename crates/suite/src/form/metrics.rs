//! The published form of `metrics:`: what each metric over all answers takes.
//!
//! Main type: [`RunMetric`]. Never filled, as all of `form`.

use super::Scalar;
use schemars::JsonSchema;
use std::collections::BTreeMap;

/// A metric by its name, or one name with its options.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(super) enum RunMetric {
    Text(TextName),
    Name(MetricName),
    /// Options by the metric's name, such as `bleu: { tokenize: char }`; `acidtest metrics NAME` lists them.
    Options(
        #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
        BTreeMap<String, BTreeMap<String, Scalar>>,
    ),
}

/// Published metrics of texts, as scorers and over all answers. As a scorer each is a score from 0
/// to 1 of one answer.
#[derive(JsonSchema)]
pub(super) enum TextName {
    /// Equal to an expected answer once normalised; a measure without `pass`.
    #[schemars(rename = "exact_match")]
    ExactMatch,
    /// Sentence BLEU / 100.
    #[schemars(rename = "bleu")]
    Bleu,
    /// chrF / 100.
    #[schemars(rename = "chrf")]
    Chrf,
    /// chrF++ / 100.
    #[schemars(rename = "chrf++")]
    ChrfPlusPlus,
    #[schemars(rename = "rouge1")]
    Rouge1,
    #[schemars(rename = "rouge2")]
    Rouge2,
    #[schemars(rename = "rouge3")]
    Rouge3,
    #[schemars(rename = "rougeL")]
    RougeL,
    #[schemars(rename = "rougeLsum")]
    RougeLsum,
    #[schemars(rename = "meteor")]
    Meteor,
    /// 1 − edits / longer length.
    #[schemars(rename = "edit_similarity")]
    EditSimilarity,
    /// max(0, 1 − translation edit rate).
    #[schemars(rename = "ter")]
    Ter,
    /// max(0, 1 − word error rate).
    #[schemars(rename = "wer")]
    Wer,
    /// max(0, 1 − character error rate).
    #[schemars(rename = "cer")]
    Cer,
}

/// Other metrics that need no option.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub(super) enum MetricName {
    Mcc,
    Kappa,
    BalancedAccuracy,
    /// The most frequent answer of a case's repeats.
    Majority,
}
