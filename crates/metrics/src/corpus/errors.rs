//! Word and character error rates as jiwer counts them, and similarity by edits.
//!
//! Main types: [`ErrorRate`] (WER, MER, WIL, WIP or CER) and [`EditSimilarity`]. Texts are taken
//! as they are: no lower case, no normal form, no punctuation removed.
//!
//! ```
//! use acidtest_metrics::corpus::errors::{char_counts, word_counts};
//!
//! let words = word_counts("the cat sat on the mat", "the cat sit on mat").unwrap();
//! assert_eq!((words.hits, words.substitutions, words.deletions, words.insertions), (4, 1, 1, 0));
//! assert!((words.wer() - 1.0 / 3.0).abs() < 1e-15);
//! assert_eq!(char_counts("abc", "abd").unwrap().wer(), 1.0 / 3.0);
//! ```

use super::{Output, RowMetric};
use crate::edit::{Bits, EditCounts, Gap, Split, Symbols, Words, check_bits, similarity};
use crate::stats::StatError;
use crate::text::is_python_space;

impl EditCounts {
    /// Errors per symbol of the reference: (S + D + I) / (H + S + D), 0 and up. Without a symbol
    /// in the reference it is the number of insertions, as in jiwer 4.
    pub fn wer(&self) -> f64 {
        Sums::of(&self.row()).wer()
    }

    /// Errors per position of the alignment: (S + D + I) / (H + S + D + I), in 0..=1; 0 where
    /// both are empty.
    pub fn mer(&self) -> f64 {
        Sums::of(&self.row()).mer()
    }

    /// Information preserved: H / reference × H / hypothesis, in 0..=1; 1 where both are empty, 0
    /// where one is.
    pub fn wip(&self) -> f64 {
        Sums::of(&self.row()).wip()
    }

    /// Information lost: 1 − [`wip`](Self::wip).
    pub fn wil(&self) -> f64 {
        1.0 - self.wip()
    }

    fn row(&self) -> [f64; 4] {
        [self.hits, self.substitutions, self.deletions, self.insertions].map(|n| n as f64)
    }
}

impl std::ops::AddAssign for EditCounts {
    fn add_assign(&mut self, other: EditCounts) {
        self.hits += other.hits;
        self.substitutions += other.substitutions;
        self.deletions += other.deletions;
        self.insertions += other.insertions;
    }
}

/// Errors per symbol of the reference; without one, the errors, which are insertions.
fn rate([errors, reference]: [f64; 2]) -> f64 {
    if reference == 0.0 { errors } else { errors / reference }
}

/// Summed counts; not whole where repeats were averaged.
struct Sums {
    hits: f64,
    reference: f64,
    hypothesis: f64,
    errors: f64,
    insertions: f64,
}

impl Sums {
    fn of(row: &[f64]) -> Sums {
        let (hits, substitutions, deletions, insertions) = (row[0], row[1], row[2], row[3]);
        Sums {
            hits,
            reference: hits + substitutions + deletions,
            hypothesis: hits + substitutions + insertions,
            errors: substitutions + deletions + insertions,
            insertions,
        }
    }

    fn wer(&self) -> f64 {
        rate([self.errors, self.reference])
    }

    fn mer(&self) -> f64 {
        let all = self.reference + self.insertions;
        if all == 0.0 { 0.0 } else { self.errors / all }
    }

    fn wip(&self) -> f64 {
        if self.reference == 0.0 && self.hypothesis == 0.0 {
            1.0
        } else if self.reference == 0.0 || self.hypothesis == 0.0 {
            0.0
        } else {
            (self.hits / self.reference) * (self.hits / self.hypothesis)
        }
    }
}

/// The words of a text as jiwer's default splits it: at single spaces (U+0020) and at runs of two
/// or more whitespace characters. A lone tab or line feed is part of its word; the ends are
/// stripped.
///
/// ```
/// use acidtest_metrics::corpus::errors::jiwer_words;
/// let words: Vec<&str> = jiwer_words(" a\tb \n c d\n").collect();
/// assert_eq!(words, ["a\tb", "c", "d"]);
/// ```
pub fn jiwer_words(text: &str) -> impl Iterator<Item = &str> {
    Split::new(text, Gap::Jiwer)
}

/// Counts of the word alignment that jiwer 4 gives.
///
/// # Errors
/// Between common ends the product of the numbers of words exceeds 2^35, or one number 2^24.
pub fn word_counts(reference: &str, hypothesis: &str) -> Result<EditCounts, StatError> {
    Scratch::default().words(reference, hypothesis)
}

/// Counts of the alignment of code points that jiwer 4 gives, of texts with stripped ends.
///
/// # Errors
/// Between common ends the product of the numbers of code points exceeds 2^35, or one number 2^24.
pub fn char_counts(reference: &str, hypothesis: &str) -> Result<EditCounts, StatError> {
    Scratch::default().chars(reference, hypothesis)
}

#[derive(Default)]
struct Scratch {
    bits: Bits,
    symbols: Symbols,
    words: Words,
    left: Vec<u32>,
    right: Vec<u32>,
}

impl Scratch {
    fn words(&mut self, reference: &str, hypothesis: &str) -> Result<EditCounts, StatError> {
        if reference == hypothesis {
            return Ok(EditCounts { hits: jiwer_words(reference).count() as u64, ..EditCounts::default() });
        }
        self.words.clear();
        self.words.number(Split::new(reference, Gap::Jiwer), &mut self.left);
        let count = self.words.number(Split::new(hypothesis, Gap::Jiwer), &mut self.right);
        check_bits(&self.left, &self.right)?;
        Ok(self.bits.counts(&self.left, &self.right, count))
    }

    fn chars(&mut self, reference: &str, hypothesis: &str) -> Result<EditCounts, StatError> {
        let reference = reference.trim_matches(is_python_space);
        let hypothesis = hypothesis.trim_matches(is_python_space);
        let count = self.symbols.number(reference, hypothesis, &mut self.left, &mut self.right);
        check_bits(&self.left, &self.right)?;
        Ok(self.bits.counts(&self.left, &self.right, count))
    }

    /// Distance over code points, and both lengths.
    fn distance(&mut self, a: &str, b: &str) -> Result<(usize, [usize; 2]), StatError> {
        if a.is_ascii() && b.is_ascii() {
            check_bits(a.as_bytes(), b.as_bytes())?;
            let distance = self.bits.distance(a.as_bytes(), b.as_bytes(), 128);
            return Ok((distance, [a.len(), b.len()]));
        }
        let count = self.symbols.number(a, b, &mut self.left, &mut self.right);
        check_bits(&self.left, &self.right)?;
        Ok((self.bits.distance(&self.left, &self.right, count), [self.left.len(), self.right.len()]))
    }

    /// Errors over code points, and length of the reference.
    fn char_errors(&mut self, reference: &str, hypothesis: &str) -> Result<[f64; 2], StatError> {
        let reference = reference.trim_matches(is_python_space);
        let (errors, lengths) = self.distance(reference, hypothesis.trim_matches(is_python_space))?;
        Ok([errors as f64, lengths[0] as f64])
    }

    fn similarity(&mut self, hypothesis: &str, reference: &str) -> Result<f64, StatError> {
        let (distance, lengths) = self.distance(hypothesis, reference)?;
        Ok(similarity(distance, lengths[0].max(lengths[1])))
    }
}

/// What an [`ErrorRate`] counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorUnit {
    /// Words: WER, MER, WIL, WIP.
    Word,
    /// Code points: CER.
    Char,
}

/// WER with MER, WIL and WIP, or CER: ratios of sums over segments.
///
/// Row of words: hits, substitutions, deletions, insertions; of code points: errors, length of the
/// reference. Of several references the one with the lowest
/// rate counts, the first of equals (jiwer knows one).
pub struct ErrorRate {
    unit: ErrorUnit,
    outputs: Vec<Output>,
    scratch: Scratch,
}

impl ErrorRate {
    /// Counts words or code points.
    pub fn new(unit: ErrorUnit) -> ErrorRate {
        let output = |id, most, higher_is_better| Output { id, range: (0.0, most), higher_is_better };
        let outputs = match unit {
            ErrorUnit::Char => vec![output("cer", f64::INFINITY, false)],
            ErrorUnit::Word => vec![
                output("wer", f64::INFINITY, false),
                output("mer", 1.0, false),
                output("wil", 1.0, false),
                output("wip", 1.0, true),
            ],
        };
        ErrorRate { unit, outputs, scratch: Scratch::default() }
    }
}

impl RowMetric for ErrorRate {
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn width(&self) -> usize {
        match self.unit {
            ErrorUnit::Word => 4,
            ErrorUnit::Char => 2,
        }
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        let mut best = f64::INFINITY;
        for reference in references {
            if self.unit == ErrorUnit::Word {
                let counts = self.scratch.words(reference, hypothesis)?;
                if counts.wer() < best {
                    best = counts.wer();
                    row.copy_from_slice(&counts.row());
                }
            } else {
                let found = self.scratch.char_errors(reference, hypothesis)?;
                if rate(found) < best {
                    best = rate(found);
                    row.copy_from_slice(&found);
                }
            }
        }
        if references.is_empty() { Err(StatError::Empty { what: "references" }) } else { Ok(()) }
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        if self.unit == ErrorUnit::Char {
            values[0] = Some(rate([sums[0], sums[1]]));
            return;
        }
        let sums = Sums::of(sums);
        values[0] = Some(sums.wer());
        values[1] = Some(sums.mer());
        values[2] = Some(1.0 - sums.wip());
        values[3] = Some(sums.wip());
    }

    fn signature(&self, references: Option<usize>) -> String {
        let unit = if self.unit == ErrorUnit::Word { "word" } else { "char" };
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        format!("nrefs:{references}|case:mixed|tok:{unit}|norm:none|version:jiwer-4.0.0")
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(ErrorRate::new(self.unit))
    }
}

/// Mean over segments of the normalized Levenshtein similarity over code points.
///
/// Row: similarity, 1. Of several references the most similar counts.
pub struct EditSimilarity {
    outputs: [Output; 1],
    scratch: Scratch,
}

impl Default for EditSimilarity {
    fn default() -> EditSimilarity {
        let output = Output { id: "edit_similarity", range: (0.0, 1.0), higher_is_better: true };
        EditSimilarity { outputs: [output], scratch: Scratch::default() }
    }
}

impl RowMetric for EditSimilarity {
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn width(&self) -> usize {
        2
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        let mut best: Option<f64> = None;
        for reference in references {
            let found = self.scratch.similarity(hypothesis, reference)?;
            best = Some(best.map_or(found, |best| best.max(found)));
        }
        row[0] = best.ok_or(StatError::Empty { what: "references" })?;
        row[1] = 1.0;
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        values[0] = (sums[1] > 0.0).then(|| sums[0] / sums[1]);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let references = references.map_or("var".to_owned(), |n| n.to_string());
        format!("nrefs:{references}|case:mixed|tok:char|distance:levenshtein|version:rapidfuzz-3.14.6")
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(EditSimilarity::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_sides_as_jiwer() {
        let nothing = word_counts("", " ").unwrap();
        assert_eq!([nothing.wer(), nothing.mer(), nothing.wil(), nothing.wip()], [0.0, 0.0, 0.0, 1.0]);
        let extra = word_counts("", "a b").unwrap();
        assert_eq!([extra.wer(), extra.mer(), extra.wil(), extra.wip()], [2.0, 1.0, 1.0, 0.0]);
        let silent = word_counts("a b", "").unwrap();
        assert_eq!([silent.wer(), silent.mer(), silent.wil(), silent.wip()], [1.0, 1.0, 1.0, 0.0]);
    }

    #[test]
    fn no_reference_is_an_error() {
        let mut row = [0.0; 4];
        assert!(ErrorRate::new(ErrorUnit::Word).row("a", &[], &mut row).is_err());
        assert!(EditSimilarity::default().row("a", &[], &mut row[..2]).is_err());
    }

    #[test]
    fn what_is_too_long_is_an_error() {
        let (a, b) = ("a".repeat(400_000), "b".repeat(400_000));
        assert!(char_counts(&a, &b).unwrap_err().to_string().contains("2^35"));
        let long = "b".repeat((1 << 24) + 1);
        assert!(char_counts("a", &long).unwrap_err().to_string().contains("2^24"));
        assert_eq!(char_counts(&a, &a).unwrap().hits, 400_000);
    }
}
