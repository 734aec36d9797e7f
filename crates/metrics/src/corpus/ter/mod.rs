//! Translation edit rate (Snover et al. 2006), as sacreBLEU 2.6 computes it.
//!
//! Main type: [`Ter`]. Edits are words inserted, deleted, replaced, and runs of words shifted; the
//! score is 100 × edits / mean reference length. It must not find shifts that sacreBLEU does not.
//!
//! ```
//! use acidtest_metrics::corpus::ter::{Ter, TerOptions};
//!
//! let mut ter = Ter::new(TerOptions::default());
//! let found = ter.segment("on the mat the cat sat", &["the cat sat on the mat"]).unwrap();
//! assert_eq!((found.edits, found.reference_length), (1, 6.0));
//! ```

mod shifts;
mod table;
mod tokens;

use super::{Output, RowMetric};
use crate::edit::{Gap, Split, Words};
use crate::stats::StatError;
use crate::text::python_split;
use shifts::Shifts;

/// Words of one text, at most: memory and time grow with them.
const MOST_WORDS: usize = 50_000;

/// Flags of the tercom tokenizer; all off is sacreBLEU's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TerOptions {
    /// Resolve entities and set Western punctuation apart.
    pub normalized: bool,
    /// Remove punctuation.
    pub no_punct: bool,
    /// With `normalized`: split CJK into characters; with `no_punct`: remove CJK punctuation too.
    pub asian_support: bool,
    /// Keep upper case.
    pub case_sensitive: bool,
}

/// The tokens of a text.
///
/// ```
/// use acidtest_metrics::corpus::ter::{TerOptions, tercom_tokens};
/// let normalized = TerOptions { normalized: true, ..TerOptions::default() };
/// assert_eq!(tercom_tokens("It's 1,5.", normalized), ["it", "'s", "1,5", "."]);
/// ```
pub fn tercom_tokens(text: &str, options: TerOptions) -> Vec<String> {
    python_split(&tokens::normalize(text, options)).map(str::to_owned).collect()
}

/// What one segment adds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TerCounts {
    /// Edits to the reference that needs the fewest.
    pub edits: u64,
    /// Mean number of words of the references.
    pub reference_length: f64,
}

/// Translation edit rate, 0 and up, in percent; less is better.
///
/// References are tokenized twice, as sacreBLEU does. Row: edits, mean reference length. An empty reference against words scores 100.
pub struct Ter {
    options: TerOptions,
    outputs: [Output; 1],
    shifts: Shifts,
    words: Words,
    left: Vec<u32>,
    right: Vec<u32>,
    order: Vec<u32>,
}

impl Ter {
    /// With the given tokenizer flags.
    pub fn new(options: TerOptions) -> Ter {
        let output = Output { id: "ter", range: (0.0, f64::INFINITY), higher_is_better: false };
        Ter {
            options,
            outputs: [output],
            shifts: Shifts::default(),
            words: Words::default(),
            left: Vec::new(),
            right: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Edits and reference length of one segment.
    ///
    /// # Errors
    /// No reference, or a text of more than 50,000 words.
    pub fn segment(&mut self, hypothesis: &str, references: &[&str]) -> Result<TerCounts, StatError> {
        let hypothesis = tokens::normalize(hypothesis, self.options);
        let references: Vec<_> =
            references.iter().map(|r| tokens::normalize_reference(r, self.options)).collect();
        self.words.clear();
        self.words.number(Split::new(&hypothesis, Gap::Whitespace), &mut self.left);
        let (mut best, mut total) = (None, 0);
        for reference in &references {
            let words = self.words.number(Split::new(reference, Gap::Whitespace), &mut self.right);
            let longest = self.left.len().max(self.right.len());
            if longest > MOST_WORDS {
                let (what, expected) = ("number of words", "at most 50000");
                return Err(StatError::OutOfRange { what, value: longest as f64, expected });
            }
            self.order.clone_from(&self.left);
            let edits = self.shifts.edits(&mut self.order, &self.right, words);
            best = Some(best.map_or(edits, |best: u64| best.min(edits)));
            total += self.right.len();
        }
        let edits = best.ok_or(StatError::Empty { what: "references" })?;
        Ok(TerCounts { edits, reference_length: total as f64 / references.len() as f64 })
    }
}

impl RowMetric for Ter {
    fn outputs(&self) -> &[Output] {
        &self.outputs
    }

    fn width(&self) -> usize {
        2
    }

    fn row(&mut self, hypothesis: &str, references: &[&str], row: &mut [f64]) -> Result<(), StatError> {
        let found = self.segment(hypothesis, references)?;
        row[0] = found.edits as f64;
        row[1] = found.reference_length;
        Ok(())
    }

    fn finish(&self, sums: &[f64], values: &mut [Option<f64>]) {
        let (edits, length) = (sums[0], sums[1]);
        let rate = if length > 0.0 { edits / length } else { f64::from(u8::from(edits > 0.0)) };
        values[0] = Some(100.0 * rate);
    }

    fn signature(&self, references: Option<usize>) -> String {
        let yes = |on: bool| if on { "yes" } else { "no" };
        let TerOptions { normalized, no_punct, asian_support, case_sensitive } = self.options;
        format!(
            "nrefs:{}|case:{}|tok:tercom|norm:{}|punct:{}|asian:{}|version:2.6.0",
            references.map_or("var".to_owned(), |n| n.to_string()),
            if case_sensitive { "mixed" } else { "lc" },
            yes(normalized),
            yes(!no_punct),
            yes(asian_support),
        )
    }

    fn another(&self) -> Box<dyn RowMetric> {
        Box::new(Ter::new(self.options))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_tokenized_twice() {
        let mut ter = Ter::new(TerOptions { normalized: true, ..TerOptions::default() });
        for (reference, length) in [("a,,0", 4.0), (".,5", 3.0), ("x..5 y", 5.0), ("5-6-7", 5.0)] {
            assert_eq!(ter.segment("q", &[reference]).unwrap().reference_length, length, "{reference}");
        }
    }

    #[test]
    fn empty_texts() {
        let mut ter = Ter::new(TerOptions::default());
        for (hypothesis, reference, edits, score) in
            [("", "", 0, 0.0), ("a b", "", 2, 100.0), ("", "a b", 2, 100.0)]
        {
            let found = ter.segment(hypothesis, &[reference]).unwrap();
            assert_eq!(found.edits, edits, "{hypothesis:?} {reference:?}");
            let mut values = [None];
            ter.finish(&[found.edits as f64, found.reference_length], &mut values);
            assert_eq!(values, [Some(score)]);
        }
        assert!(ter.segment("a", &[]).is_err());
        assert!(ter.segment(&"a ".repeat(50_001), &["a"]).is_err());
    }
}
