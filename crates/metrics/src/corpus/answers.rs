//! Exact match and overlap F1 of short answers, as metrics of a corpus.
//!
//! Main type: [`AnswerMetric`]. The scores themselves are those of [`text`](crate::text); here they
//! become rows of a sum and a count, and a corpus score is their mean over segments.

use super::{Output, RowMetric};
use crate::stats::StatError;
use crate::text::{
    Squad, char_f1, char_f1_unicode, exact_match, exact_match_unicode, token_f1, token_f1_unicode,
};

/// Which score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerKind {
    /// [`exact_match`] of one of the SQuAD scripts.
    ExactMatch(Squad),
    /// [`token_f1`] of one of the SQuAD scripts.
    TokenF1(Squad),
    /// [`char_f1`] of KorQuAD.
    CharF1,
    /// [`exact_match_unicode`].
    ExactMatchUnicode,
    /// [`token_f1_unicode`].
    TokenF1Unicode,
    /// [`char_f1_unicode`].
    CharF1Unicode,
}

impl AnswerKind {
    fn id(self) -> &'static str {
        match self {
            AnswerKind::ExactMatch(_) => "exact_match",
            AnswerKind::TokenF1(_) => "token_f1",
            AnswerKind::CharF1 => "char_f1",
            AnswerKind::ExactMatchUnicode => "exact_match_unicode",
            AnswerKind::TokenF1Unicode => "token_f1_unicode",
            AnswerKind::CharF1Unicode => "char_f1_unicode",
        }
    }

    fn norm(self) -> &'static str {
        match self {
            AnswerKind::ExactMatch(Squad::V1) | AnswerKind::TokenF1(Squad::V1) => "squad-1.1",
            AnswerKind::ExactMatch(Squad::V2) | AnswerKind::TokenF1(Squad::V2) => "squad-2.0",
            AnswerKind::CharF1 => "korquad-1.0",
            _ => "unicode-tokens",
        }
    }

    /// The score of one answer, a share from 0 to 1; `None` without references (but for SQuAD v2,
    /// where no reference means that no answer is due).
    pub fn score(self, answer: &str, references: &[&str]) -> Option<f64> {
        match self {
            AnswerKind::ExactMatch(squad) => exact_match(answer, references, squad).map(share),
            AnswerKind::TokenF1(squad) => token_f1(answer, references, squad),
            AnswerKind::CharF1 => char_f1(answer, references),
            AnswerKind::ExactMatchUnicode => exact_match_unicode(answer, references).map(share),
            AnswerKind::TokenF1Unicode => token_f1_unicode(answer, references),
            AnswerKind::CharF1Unicode => char_f1_unicode(answer, references),
        }
    }
}

fn share(hit: bool) -> f64 {
    if hit { 1.0 } else { 0.0 }
}

/// One score of short answers over a corpus: the mean over segments, from 0 to 1 (SQuAD's scripts
/// print 100 times that).
///
/// ```
/// use acidtest_metrics::corpus::answers::{AnswerKind, AnswerMetric};
/// use acidtest_metrics::corpus::RowMetric;
/// let mut metric = AnswerMetric::new(AnswerKind::CharF1);
/// let mut row = [0.0; 2];
/// metric.row("서울은", &["서울"], &mut row).unwrap();
/// assert_eq!(row, [0.8, 1.0]);
/// ```
#[derive(Debug, Clone)]
pub struct AnswerMetric {
    kind: AnswerKind,
    outputs: [Output; 1],
}

impl AnswerMetric {
    /// The metric of a score.
    pub fn new(kind: AnswerKind) -> AnswerMetric {
        let outputs = [Output { id: kind.id(), range: (0.0, 1.0), higher_is_better: true }];
        AnswerMetric { kind, outputs }
    }
}

impl RowMetric for AnswerMetric {
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    /// The score, and 1 for the segment.
    fn width(&self) -> usize {
        2
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        let score = self.kind.score(hypothesis, references);
        row.copy_from_slice(&[score.ok_or(StatError::Empty { what: "references" })?, 1.0]);
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        means(sums, values);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        format!("nrefs:{references}|norm:{}|multi:best|mean:segments", self.kind.norm())
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(self.clone())
    }
}

/// Means from sums whose last number is the count of segments; absent without segments.
pub(super) fn means(sums: &[f64], values: &mut [Option<f64>]) {
    let count = sums.last().copied().filter(|count| *count > 0.0);
    for (value, sum) in values.iter_mut().zip(sums) {
        *value = count.map(|count| sum / count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_the_mean_of_its_scores() {
        let kinds = [
            AnswerKind::ExactMatch(Squad::V1),
            AnswerKind::TokenF1(Squad::V2),
            AnswerKind::CharF1,
            AnswerKind::ExactMatchUnicode,
            AnswerKind::TokenF1Unicode,
            AnswerKind::CharF1Unicode,
        ];
        for kind in kinds {
            let mut metric = AnswerMetric::new(kind);
            let mut sums = [0.0; 2];
            for answer in ["the lamp", "river"] {
                let mut row = [0.0; 2];
                metric.row(answer, &["the lamp"], &mut row).unwrap();
                sums[0] += row[0];
                sums[1] += row[1];
            }
            let mut values = [None];
            metric.finish(&sums, &mut values);
            let due = (1.0 + kind.score("river", &["the lamp"]).unwrap()) / 2.0;
            assert_eq!(values, [Some(due)], "{kind:?}");
            metric.finish(&[0.0; 2], &mut values);
            assert_eq!(values, [None]);
        }
    }

    #[test]
    fn no_reference_is_an_error_where_an_answer_is_due() {
        let mut row = [0.0; 2];
        let mut v1 = AnswerMetric::new(AnswerKind::TokenF1(Squad::V1));
        assert_eq!(v1.row("a", &[], &mut row), Err(StatError::Empty { what: "references" }));
        let mut v2 = AnswerMetric::new(AnswerKind::TokenF1(Squad::V2));
        assert_eq!((v2.row("", &[], &mut row), row), (Ok(()), [1.0, 1.0]));
    }
}
