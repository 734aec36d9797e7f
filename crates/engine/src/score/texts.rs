//! Metrics of texts as scorers: BLEU, chrF, ROUGE, METEOR, TER, WER, CER and others of one answer.
//!
//! Main type: [`TextScorer`]. The numbers are those of `metrics::named`, as a share.

use super::scorer::{Raw, Subject};
use acidtest_metrics::named::{Named, Text, named};
use acidtest_record::MetricSpec;
use std::sync::{Mutex, PoisonError};

/// A metric, ready to be asked from several threads: one that is in use is doubled.
pub(super) struct TextScorer {
    idle: Mutex<Vec<Text>>,
    first: Mutex<Text>,
}

impl std::fmt::Debug for TextScorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TextScorer")
    }
}

impl TextScorer {
    pub(super) fn new(spec: &MetricSpec) -> Result<Self, String> {
        match named(&spec.metric, &spec.options) {
            Ok(Named::Text(text)) => Ok(Self { idle: Mutex::default(), first: Mutex::new(text) }),
            Ok(_) => Err(format!("{} is no metric of single answers", spec.metric)),
            Err(why) => Err(why.to_string()),
        }
    }

    /// The score of an answer beside the case's references.
    pub(super) fn score(&self, answer: &str, s: &Subject<'_>) -> Raw {
        let references: Vec<&str> = s.case.expected.iter().map(String::as_str).collect();
        if references.is_empty() {
            return Raw::NoReference;
        }
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut text =
            idle.unwrap_or_else(|| self.first.lock().unwrap_or_else(PoisonError::into_inner).another());
        let found = text.sentence(answer, &references);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        match found {
            Ok(Some(score)) => Raw::Score(score, Some(format!("score {score:.3}"))),
            Ok(None) => Raw::Abstained("the metric has no number for these texts"),
            Err(why) => Raw::Failed(why.to_string()),
        }
    }
}
