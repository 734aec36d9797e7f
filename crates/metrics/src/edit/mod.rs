//! Distances and similarities of two strings, over code points, as RapidFuzz gives them.
//!
//! Main type: [`Pair`]. Nothing is normalised: NFC and NFD differ, case counts. Time grows with
//! the product of the lengths (after a common beginning and end, where that is sound), so pairs
//! beyond a stated size are an error, not a wait.
//!
//! ```
//! use acidtest_metrics::edit::Pair;
//!
//! let pair = Pair::new("kitten", "sitting");
//! assert_eq!(pair.levenshtein().unwrap(), 3);
//! assert_eq!(pair.indel().unwrap(), 5);
//! assert!((pair.fuzz_ratio().unwrap() - 61.53846153846154).abs() < 1e-12);
//! ```

mod bits;
mod jaro;
mod plain;
mod symbols;
mod words;

pub use bits::EditCounts;
pub(crate) use bits::{Bits, Symbol, trimmed};
pub(crate) use symbols::Symbols;
pub(crate) use words::{Gap, Split, Words};

use crate::stats::StatError;

/// Pairs of symbols that a bit-parallel algorithm looks at, at most: some seconds.
const MOST_BIT_CELLS: u64 = 1 << 35;
/// Pairs of symbols that a cell-by-cell algorithm looks at, at most: some seconds.
const MOST_CELLS: u64 = 1 << 30;

/// Price of each operation that turns the first string into the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weights {
    /// Of a symbol that only the second has.
    pub insert: u32,
    /// Of a symbol that only the first has.
    pub delete: u32,
    /// Of one symbol for another.
    pub substitute: u32,
}

/// Two strings to compare, as code points.
#[derive(Debug, Clone)]
pub struct Pair {
    a: Vec<u32>,
    b: Vec<u32>,
    symbols: usize,
}

/// Symbols of one sequence, at most, after a common beginning and end: an alignment of few symbols
/// with many holds 16 bytes for each of the many.
const MOST_SYMBOLS: usize = 1 << 24;

fn check(a: usize, b: usize, most: u64) -> Result<(), StatError> {
    let cells = (a as u64).saturating_mul(b as u64);
    if cells <= most {
        return Ok(());
    }
    let expected = if most == MOST_CELLS { "at most 2^30" } else { "at most 2^35" };
    Err(StatError::OutOfRange { what: "product of two lengths", value: cells as f64, expected })
}

/// Are two sequences short enough for the bit-parallel algorithms?
pub(crate) fn check_bits<S: Symbol>(a: &[S], b: &[S]) -> Result<(), StatError> {
    let longest = a.len().max(b.len());
    if longest <= MOST_SYMBOLS && a.len() as u64 * b.len() as u64 <= MOST_BIT_CELLS {
        return Ok(());
    }
    let (a, b, _) = trimmed(a, b);
    let longest = a.len().max(b.len());
    if longest > MOST_SYMBOLS {
        let (what, expected) = ("length without common ends", "at most 2^24");
        return Err(StatError::OutOfRange { what, value: longest as f64, expected });
    }
    check(a.len(), b.len(), MOST_BIT_CELLS)
}

/// 1 − distance / most; two empty strings are alike.
pub(crate) fn similarity(distance: usize, most: usize) -> f64 {
    if most == 0 { 1.0 } else { 1.0 - distance as f64 / most as f64 }
}

impl Pair {
    /// Two strings.
    pub fn new(a: &str, b: &str) -> Pair {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let symbols = Symbols::default().number(a, b, &mut left, &mut right);
        Pair { a: left, b: right, symbols }
    }

    /// Fewest insertions, deletions and substitutions of one code point.
    ///
    /// # Errors
    /// Between common ends the product of the lengths exceeds 2^35, or one length 2^24.
    pub fn levenshtein(&self) -> Result<usize, StatError> {
        check_bits(&self.a, &self.b)?;
        Ok(Bits::default().distance(&self.a, &self.b, self.symbols))
    }

    /// 1 − Levenshtein distance / longer length, in 0..=1; 1 for two empty strings.
    ///
    /// # Errors
    /// As [`levenshtein`](Self::levenshtein).
    pub fn levenshtein_similarity(&self) -> Result<f64, StatError> {
        Ok(similarity(self.levenshtein()?, self.a.len().max(self.b.len())))
    }

    /// Cheapest way from the first to the second string at the given prices.
    ///
    /// # Errors
    /// The product of the lengths exceeds 2^30 (for prices 1, 1, 1 and 1, 1, 2 or
    /// more as [`levenshtein`](Self::levenshtein)).
    pub fn levenshtein_weighted(&self, prices: Weights) -> Result<u64, StatError> {
        match (prices.insert, prices.delete, prices.substitute) {
            (1, 1, 1) => Ok(self.levenshtein()? as u64),
            (1, 1, 2..) => Ok(self.indel()? as u64),
            _ => {
                check(self.a.len(), self.b.len(), MOST_CELLS)?;
                Ok(plain::weighted(&self.a, &self.b, prices))
            }
        }
    }

    /// Length of the longest common subsequence.
    ///
    /// # Errors
    /// As [`levenshtein`](Self::levenshtein).
    pub fn lcs_len(&self) -> Result<usize, StatError> {
        check_bits(&self.a, &self.b)?;
        Ok(Bits::default().common(&self.a, &self.b, self.symbols))
    }

    /// Fewest insertions and deletions: both lengths less twice [`lcs_len`](Self::lcs_len).
    ///
    /// # Errors
    /// As [`levenshtein`](Self::levenshtein).
    pub fn indel(&self) -> Result<usize, StatError> {
        Ok(self.a.len() + self.b.len() - 2 * self.lcs_len()?)
    }

    /// 100 × (1 − indel / sum of the lengths), in 0..=100; 100 for two empty strings.
    ///
    /// # Errors
    /// As [`levenshtein`](Self::levenshtein).
    pub fn fuzz_ratio(&self) -> Result<f64, StatError> {
        Ok(100.0 * similarity(self.indel()?, self.a.len() + self.b.len()))
    }

    /// Optimal string alignment: as Levenshtein, and neighbours may swap once for 1.
    ///
    /// # Errors
    /// The product of the lengths between common ends exceeds 2^30.
    pub fn osa(&self) -> Result<usize, StatError> {
        let (a, b, _) = trimmed(&self.a, &self.b);
        check(a.len(), b.len(), MOST_CELLS)?;
        Ok(plain::osa(a, b))
    }

    /// Damerau-Levenshtein: as Levenshtein, and symbols may swap and be edited further.
    ///
    /// # Errors
    /// As [`osa`](Self::osa).
    pub fn damerau(&self) -> Result<usize, StatError> {
        let (a, b, _) = trimmed(&self.a, &self.b);
        check(a.len(), b.len(), MOST_CELLS)?;
        Ok(plain::damerau(a, b, self.symbols))
    }

    /// Jaro similarity, in 0..=1.
    ///
    /// # Errors
    /// The product of the lengths exceeds 2^30.
    pub fn jaro(&self) -> Result<f64, StatError> {
        check(self.a.len(), self.b.len(), MOST_CELLS)?;
        Ok(jaro::jaro(&self.a, &self.b))
    }

    /// Jaro-Winkler similarity with prefix weight 0.1, in 0..=1.
    ///
    /// # Errors
    /// As [`jaro`](Self::jaro).
    pub fn jaro_winkler(&self) -> Result<f64, StatError> {
        check(self.a.len(), self.b.len(), MOST_CELLS)?;
        Ok(jaro::winkler(&self.a, &self.b))
    }
}
