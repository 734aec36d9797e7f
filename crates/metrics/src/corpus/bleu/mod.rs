//! BLEU and its tokenizers.
//!
//! Main type: [`Bleu`]. The number of sacreBLEU 2.6.0, whose name its signature carries. It reads
//! no files and knows no test sets.

pub(crate) mod ngrams;
mod score;
mod tokenizer;

pub use score::{BleuScore, Smoothing};
pub use tokenizer::{NoTokenizer, Tokenizer};

use super::{Output, RowMetric};
use crate::stats::StatError;
use crate::text::python_lower;
use ngrams::{Matches, Words};

/// The longest n-gram that can be asked for.
const LONGEST: usize = 32;

/// How BLEU is computed. The default is sacreBLEU's.
#[derive(Debug, Clone, PartialEq)]
pub struct BleuOptions {
    /// How lines become tokens.
    pub tokenizer: Tokenizer,
    /// Whether everything is put in lower case first.
    pub lowercase: bool,
    /// What stands in for an order without a match.
    pub smoothing: Smoothing,
    /// The longest n-gram, 1 to 32.
    pub max_order: usize,
    /// Whether orders that the text is too short for are left out; right for single sentences.
    pub effective_order: bool,
}

impl Default for BleuOptions {
    fn default() -> BleuOptions {
        BleuOptions {
            tokenizer: Tokenizer::V13a,
            lowercase: false,
            smoothing: Smoothing::Exp,
            max_order: 4,
            effective_order: false,
        }
    }
}

/// BLEU (Papineni et al., ACL 2002), 0 to 100:
/// `100 · bp · exp(Σₙ ln pₙ / N)`, where pₙ is the share of the n-grams of the answers that a
/// reference holds, each counted at most as often as in the reference that has most of it, and
/// `bp = exp(1 − ref_len / sys_len)` for answers shorter than their closest references.
///
/// Rows: `sys_len, ref_len`, matches of order 1 to N, n-grams of order 1 to N.
///
/// ```
/// use acidtest_metrics::corpus::bleu::{Bleu, BleuOptions};
/// let mut bleu = Bleu::new(BleuOptions::default())?;
/// let score = bleu.corpus(&["The cat sat on the mat."], &[&["The cat is on the mat.", "A cat sat on the mat."]])?;
/// assert_eq!((score.counts[0], score.totals[0]), (7.0, 7.0));
/// assert!((score.score - 88.01117367933934).abs() < 1e-9);
/// assert_eq!(score.to_string(), "BLEU = 88.01 100.0/100.0/80.0/75.0 (BP = 1.000 ratio = 1.000 hyp_len = 7 ref_len = 7)");
/// # Ok::<(), acidtest_metrics::stats::StatError>(())
/// ```
pub struct Bleu {
    options: BleuOptions,
    words: Words,
    matches: Matches,
    spaced: Vec<u8>,
    tokens: Vec<u32>,
    references: Vec<u32>,
    ends: Vec<usize>,
}

const OUTPUTS: [Output; 1] = [Output { id: "bleu", range: (0.0, 100.0), higher_is_better: true }];

impl Bleu {
    /// BLEU with these options.
    ///
    /// # Errors
    /// An order outside 1 to 32, a smoothing value that is negative or not finite.
    pub fn new(options: BleuOptions) -> Result<Bleu, StatError> {
        if !(1..=LONGEST).contains(&options.max_order) {
            let value = options.max_order as f64;
            return Err(StatError::OutOfRange { what: "max_order", value, expected: "1 to 32" });
        }
        if let Smoothing::Floor(value) | Smoothing::AddK(value) = options.smoothing
            && !(value.is_finite() && value >= 0.0)
        {
            let expected = "a finite number, 0 or more";
            return Err(StatError::OutOfRange { what: "smoothing value", value, expected });
        }
        Ok(Bleu::checked(options))
    }

    fn checked(options: BleuOptions) -> Bleu {
        Bleu {
            options,
            words: Words::new(),
            matches: Matches::new(),
            spaced: Vec::new(),
            tokens: Vec::new(),
            references: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// The options it was made with.
    pub fn options(&self) -> &BleuOptions {
        &self.options
    }

    /// BLEU of a corpus; `references[i]` are those of `hypotheses[i]`, as many as there are.
    ///
    /// # Errors
    /// No segment, a segment without a reference, lists of different lengths.
    pub fn corpus(&mut self, hypotheses: &[&str], references: &[&[&str]]) -> Result<BleuScore, StatError> {
        let sums = sums(self, hypotheses, references)?;
        Ok(self.score(&sums))
    }

    /// BLEU of one sentence. `effective_order` is advised there; without it a sentence of fewer
    /// than N tokens has 0.
    ///
    /// # Errors
    /// No reference.
    pub fn sentence_score(&mut self, hypothesis: &str, references: &[&str]) -> Result<BleuScore, StatError> {
        self.corpus(&[hypothesis], &[references])
    }

    /// The score of a row or of a sum of rows.
    ///
    /// # Panics
    /// When the row is not [`width`](RowMetric::width) long.
    pub fn score(&self, sums: &[f64]) -> BleuScore {
        let n = self.options.max_order;
        BleuScore::from_counts(&self.options, sums[0], sums[1], &sums[2..2 + n], &sums[2 + n..2 + 2 * n])
    }

    fn read(&mut self, text: &str, side: Side) {
        let lower = self.options.lowercase.then(|| python_lower(text));
        let tokens = match side {
            Side::Hypothesis => &mut self.tokens,
            Side::Reference => &mut self.references,
        };
        let words = &mut self.words;
        let line = lower.as_deref().unwrap_or(text);
        self.options.tokenizer.each(line, &mut self.spaced, |token| tokens.push(words.number(token)));
    }
}

#[derive(Clone, Copy)]
enum Side {
    Hypothesis,
    Reference,
}

/// Sums of the rows of a corpus.
pub(crate) fn sums(
    metric: &mut dyn RowMetric,
    hypotheses: &[&str],
    references: &[&[&str]],
) -> Result<Vec<f64>, StatError> {
    if hypotheses.is_empty() {
        return Err(StatError::Empty { what: "segments" });
    }
    if hypotheses.len() != references.len() {
        let value = references.len() as f64;
        return Err(StatError::OutOfRange {
            what: "number of reference lists",
            value,
            expected: "one per segment",
        });
    }
    let mut sums = vec![0.0; metric.width()];
    let mut row = sums.clone();
    for (hypothesis, references) in hypotheses.iter().zip(references) {
        metric.row(hypothesis, references, &mut row)?;
        for (sum, x) in sums.iter_mut().zip(&row) {
            *sum += x;
        }
    }
    Ok(sums)
}

/// sacreBLEU's word for the number of references.
pub(crate) fn nrefs(references: Option<usize>) -> String {
    references.map_or_else(|| "var".to_owned(), |n| n.to_string())
}

impl RowMetric for Bleu {
    fn outputs(&self) -> &[Output] {
        &OUTPUTS
    }

    fn width(&self) -> usize {
        2 + 2 * self.options.max_order
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        if references.is_empty() {
            return Err(StatError::Empty { what: "references" });
        }
        self.words.clear();
        self.tokens.clear();
        self.references.clear();
        self.ends.clear();
        for reference in references {
            self.read(reference, Side::Reference);
            self.ends.push(self.references.len());
        }
        self.read(hypothesis, Side::Hypothesis);
        let length = self.tokens.len();
        row[0] = length as f64;
        row[1] = closest(length, &self.ends) as f64;
        let (matches, totals) = row[2..].split_at_mut(self.options.max_order);
        self.matches.count(&self.tokens, &self.references, &self.ends, matches);
        for (n, total) in (1..).zip(totals) {
            *total = (length + 1).saturating_sub(n) as f64;
        }
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        values[0] = Some(self.score(sums).score);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let o = &self.options;
        format!(
            "nrefs:{}|case:{}|eff:{}|tok:{}|smooth:{}|version:2.6.0",
            nrefs(references),
            if o.lowercase { "lc" } else { "mixed" },
            if o.effective_order { "yes" } else { "no" },
            o.tokenizer,
            o.smoothing
        )
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(Bleu::checked(self.options.clone()))
    }
}

/// The length of the reference closest to the answer's, the shorter one of two as close.
fn closest(length: usize, ends: &[usize]) -> usize {
    let starts = std::iter::once(&0).chain(ends);
    let lengths = ends.iter().zip(starts).map(|(end, start)| end - start);
    lengths.min_by_key(|l| (l.abs_diff(length), *l)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_input_is_an_error() {
        let mut bleu = Bleu::new(BleuOptions::default()).unwrap();
        assert!(bleu.corpus(&[], &[]).is_err());
        assert!(bleu.corpus(&["a"], &[]).is_err());
        assert!(bleu.corpus(&["a"], &[&[]]).is_err());
        assert!(Bleu::new(BleuOptions { max_order: 0, ..BleuOptions::default() }).is_err());
        let smoothing = Smoothing::Floor(f64::NAN);
        assert!(Bleu::new(BleuOptions { smoothing, ..BleuOptions::default() }).is_err());
    }

    #[test]
    fn an_empty_string_is_a_reference() {
        let mut bleu = Bleu::new(BleuOptions::default()).unwrap();
        let score = bleu.sentence_score("", &[""]).unwrap();
        assert_eq!((score.score, score.bp, score.ref_len), (0.0, 1.0, 0.0));
    }

    #[test]
    fn the_closest_reference_counts() {
        assert_eq!(closest(5, &[7, 10]), 3);
        assert_eq!(closest(5, &[6, 10]), 4);
    }
}
