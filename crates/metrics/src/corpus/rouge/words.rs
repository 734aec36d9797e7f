//! Numbers for words, so that scoring compares integers.
//!
//! Main type: [`Words`], scratch memory of ROUGE and METEOR. Which number a word gets depends on
//! what came before, so no score may depend on more than the equality of two numbers.

use super::porter::porter;
use std::collections::HashMap;

/// How many words are remembered from one segment to the next.
const MOST_WORDS: usize = 1 << 16;

/// Not stemmed yet.
const UNKNOWN: u32 = u32::MAX;

/// Words and stems seen so far, and their numbers.
#[derive(Default)]
pub(crate) struct Words {
    ids: HashMap<Box<str>, u32>,
    stems: Vec<u32>,
}

impl Words {
    /// Forgets all when too many are kept; for between two segments only.
    pub(crate) fn between_segments(&mut self) {
        if self.ids.len() > MOST_WORDS {
            self.ids.clear();
            self.stems.clear();
        }
    }

    /// How many numbers are given: all lie below it.
    pub(crate) fn len(&self) -> usize {
        self.stems.len()
    }

    /// The number of a word.
    pub(crate) fn id(&mut self, word: &str) -> u32 {
        if let Some(id) = self.ids.get(word) {
            return *id;
        }
        let id = self.stems.len() as u32;
        self.ids.insert(word.into(), id);
        self.stems.push(UNKNOWN);
        id
    }

    /// The number of the stem of a word whose number is `id`.
    pub(crate) fn stem(&mut self, id: u32, word: &str) -> u32 {
        let known = self.stems[id as usize];
        if known != UNKNOWN {
            return known;
        }
        let stem = self.id(&porter(word));
        self.stems[id as usize] = stem;
        stem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_share_the_number_of_their_stem() {
        let mut words = Words::default();
        let (a, b) = (words.id("running"), words.id("runs"));
        assert_ne!(a, b);
        assert_eq!(words.stem(a, "running"), words.stem(b, "runs"));
        assert_eq!(words.id("runs"), b);
        assert_eq!(words.len(), 3);
    }
}
