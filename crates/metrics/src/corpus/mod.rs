//! Texts against references, scored over a whole corpus.
//!
//! Main type: [`RowMetric`]. Each segment (one answer with its references) gives a row of
//! numbers, its sufficient statistics; rows are added, and the score is a function of the sums.
//! So one pass gives the sentence score, the corpus score of any slice, and every resample.
//!
//! ```text
//!   bleu/    BLEU and its tokenizers          ter/      translation edit rate
//!   chrf/    chrF, chrF++                     rouge/    ROUGE-1 2 3 L Lsum, the Porter stemmer
//!   meteor/  METEOR, exact and stem stages    errors    WER, CER
//!   answers  exact match, token and character F1
//!   compat   sacreBLEU's own resampling, for comparison alone
//! ```

pub mod answers;
pub mod bleu;
pub mod chrf;
pub mod compat;
pub mod errors;
pub mod meteor;
pub mod rouge;
pub mod ter;

use crate::stats::StatError;

/// One number that a [`RowMetric`] gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its id: `bleu`, `rouge1`, `wer` …
    pub id: &'static str,
    /// The range it cannot leave, in the metric's own scale (`bleu`: 0..100); an end that it can
    /// pass is infinite.
    pub range: (f64, f64),
    /// Whether more is better.
    pub higher_is_better: bool,
}

/// A metric of texts that is a function of sums over segments.
///
/// Rows are flat: `width` numbers a segment, counts as whole numbers, so that sums of counts are
/// exact. A segment of weight 1/r (r repeats averaged) is its row times 1/r.
pub trait RowMetric: Send {
    /// The numbers it gives, the headline first.
    fn outputs(&self) -> &[Output];

    /// How many numbers a row has; the same for every segment.
    fn width(&self) -> usize;

    /// Writes the row of one segment, of exactly [`width`](Self::width) numbers.
    ///
    /// An empty string is a reference. `&mut self` is for scratch memory alone: the row depends
    /// on nothing but the arguments.
    ///
    /// # Errors
    /// No reference, or one that the metric cannot use.
    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError>;

    /// Scores from the sums of rows: one per output, `None` where it does not exist.
    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]);

    /// Scores of one segment from its row, as the reference package's sentence score.
    fn sentence(&self, row: &[f64], values: &mut [Option<f64>]) {
        self.finish(row, values);
    }

    /// Everything needed to get the numbers again, in the reference package's form where it has
    /// one; `references` is their number where every segment has the same.
    fn signature(&self, references: Option<usize>) -> String;

    /// The same metric with scratch memory of its own, for another thread.
    fn another(&self) -> Box<dyn RowMetric>;
}
