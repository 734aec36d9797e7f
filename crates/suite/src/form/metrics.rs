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
    Name(MetricName),
    /// Options by the metric's name, such as `bleu: { tokenize: char }`; `acidtest metrics NAME` lists them.
    Options(
        #[schemars(extend("minProperties" = 1, "maxProperties" = 1))]
        BTreeMap<String, BTreeMap<String, Scalar>>,
    ),
}

/// Metrics that need no option.
#[derive(JsonSchema)]
pub(super) enum MetricName {
    #[schemars(rename = "bleu")]
    Bleu,
    #[schemars(rename = "chrf")]
    Chrf,
    /// chrF with words and pairs of words.
    #[schemars(rename = "chrf++")]
    ChrfPlusPlus,
    #[schemars(rename = "ter")]
    Ter,
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
    #[schemars(rename = "wer")]
    Wer,
    #[schemars(rename = "cer")]
    Cer,
    #[schemars(rename = "edit_similarity")]
    EditSimilarity,
    #[schemars(rename = "exact_match")]
    ExactMatch,
    #[schemars(rename = "mcc")]
    Mcc,
    #[schemars(rename = "kappa")]
    Kappa,
    #[schemars(rename = "balanced_accuracy")]
    BalancedAccuracy,
    /// The most frequent answer of a case's repeats.
    #[schemars(rename = "majority")]
    Majority,
}
