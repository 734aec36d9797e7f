//! ROUGE, as rouge-score computes it, and on Unicode words; and the Porter stemmer.
//!
//! Main type: [`Rouge`], built from [`RougeOptions`]. Scores are shares from 0 to 1; a corpus score
//! is the mean over segments, never the median of a bootstrap. Sentences are lines: nothing here
//! splits a text into sentences.

mod ngrams;
mod porter;
mod score;
mod subsequence;
mod words;

pub use porter::{porter, porter_cased};
pub use score::{Rouge, RougeScore};
pub(crate) use words::Words;

use std::str::FromStr;

/// One member of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RougeKind {
    /// ROUGE-N: clipped overlap of n-grams, n from 1 to 9.
    N(u8),
    /// ROUGE-L: longest common subsequence of the whole texts.
    L,
    /// ROUGE-Lsum: union of the longest common subsequences line by line.
    Lsum,
}

/// What a name is, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown ROUGE type {0:?}, expected rouge1 to rouge9, rougeL or rougeLsum")]
pub struct UnknownRouge(pub String);

impl FromStr for RougeKind {
    type Err = UnknownRouge;

    fn from_str(name: &str) -> Result<RougeKind, UnknownRouge> {
        match name.strip_prefix("rouge").map(str::as_bytes) {
            Some([n @ b'1'..=b'9']) => Ok(RougeKind::N(n - b'0')),
            Some(b"L") => Ok(RougeKind::L),
            Some(b"Lsum") => Ok(RougeKind::Lsum),
            _ => Err(UnknownRouge(name.to_owned())),
        }
    }
}

/// What counts as a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RougeWords {
    /// Runs of a-z and 0-9 after lower case, as in rouge-score. Every other letter separates, so
    /// a Korean text has no words and scores 0.
    #[default]
    Ascii,
    /// [`tokens_unicode`](crate::text::tokens_unicode): any script. Ids end in `_unicode`.
    Unicode,
}

/// How to compute ROUGE.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RougeOptions {
    /// Which members, the headline first. One given twice is computed once.
    pub kinds: Vec<RougeKind>,
    /// Put words of more than 3 characters, all ASCII, through [`porter`].
    pub stemmer: bool,
    /// What counts as a word.
    pub words: RougeWords,
}

impl Default for RougeOptions {
    /// ROUGE-1, 2, L, Lsum with the stemmer on rouge-score's words.
    fn default() -> RougeOptions {
        let kinds = vec![RougeKind::N(1), RougeKind::N(2), RougeKind::L, RougeKind::Lsum];
        RougeOptions { kinds, stemmer: true, words: RougeWords::Ascii }
    }
}

impl RougeKind {
    /// Ids of F, precision and recall.
    fn ids(self, words: RougeWords) -> [&'static str; 3] {
        let row = match self {
            RougeKind::L => 9,
            RougeKind::Lsum => 10,
            RougeKind::N(n) => usize::from(n.clamp(1, 9)) - 1,
        };
        match words {
            RougeWords::Ascii => IDS[row],
            RougeWords::Unicode => UNICODE_IDS[row],
        }
    }
}

const IDS: [[&str; 3]; 11] = [
    ["rouge1", "rouge1_precision", "rouge1_recall"],
    ["rouge2", "rouge2_precision", "rouge2_recall"],
    ["rouge3", "rouge3_precision", "rouge3_recall"],
    ["rouge4", "rouge4_precision", "rouge4_recall"],
    ["rouge5", "rouge5_precision", "rouge5_recall"],
    ["rouge6", "rouge6_precision", "rouge6_recall"],
    ["rouge7", "rouge7_precision", "rouge7_recall"],
    ["rouge8", "rouge8_precision", "rouge8_recall"],
    ["rouge9", "rouge9_precision", "rouge9_recall"],
    ["rougeL", "rougeL_precision", "rougeL_recall"],
    ["rougeLsum", "rougeLsum_precision", "rougeLsum_recall"],
];

const UNICODE_IDS: [[&str; 3]; 11] = [
    ["rouge1_unicode", "rouge1_precision_unicode", "rouge1_recall_unicode"],
    ["rouge2_unicode", "rouge2_precision_unicode", "rouge2_recall_unicode"],
    ["rouge3_unicode", "rouge3_precision_unicode", "rouge3_recall_unicode"],
    ["rouge4_unicode", "rouge4_precision_unicode", "rouge4_recall_unicode"],
    ["rouge5_unicode", "rouge5_precision_unicode", "rouge5_recall_unicode"],
    ["rouge6_unicode", "rouge6_precision_unicode", "rouge6_recall_unicode"],
    ["rouge7_unicode", "rouge7_precision_unicode", "rouge7_recall_unicode"],
    ["rouge8_unicode", "rouge8_precision_unicode", "rouge8_recall_unicode"],
    ["rouge9_unicode", "rouge9_precision_unicode", "rouge9_recall_unicode"],
    ["rougeL_unicode", "rougeL_precision_unicode", "rougeL_recall_unicode"],
    ["rougeLsum_unicode", "rougeLsum_precision_unicode", "rougeLsum_recall_unicode"],
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["rouge1", "rouge9", "rougeL", "rougeLsum"] {
            let kind: RougeKind = name.parse().unwrap();
            assert_eq!(kind.ids(RougeWords::Ascii)[0], name);
            assert_eq!(kind.ids(RougeWords::Unicode)[0], format!("{name}_unicode"));
        }
        for name in ["rouge0", "rouge10", "rouge", "RougeL", "rouge1\n", ""] {
            assert!(name.parse::<RougeKind>().is_err(), "{name:?}");
        }
    }
}
