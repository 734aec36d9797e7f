//! Words of a text as small whole numbers, without an allocation per text.
//!
//! Main types: [`Words`], a table of numbered words that is used again, and [`Split`], which finds
//! the words. Numbers depend on the order of appearance alone. It must not know what is counted.

use std::hash::BuildHasher;

/// One known word; up to 16 bytes are held in `low` and `high`, the rest of a longer one is looked
/// up in `long`.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// Of which set of texts the word is; an older stamp is an empty slot.
    stamp: u32,
    number: u32,
    low: u64,
    high: u64,
    length: usize,
    start: usize,
}

/// Numbers words: equal words get equal numbers.
#[derive(Debug)]
pub(crate) struct Words {
    slots: Vec<Slot>,
    long: Vec<u8>,
    stamp: u32,
    count: u32,
    /// Unknown to whoever writes the texts, so that they cannot make words collide.
    seeds: [u64; 2],
}

impl Default for Words {
    fn default() -> Words {
        let random = std::hash::RandomState::new();
        let seeds = [random.hash_one(0), random.hash_one(1)];
        Words { slots: vec![Slot::default(); 256], long: Vec::new(), stamp: 1, count: 0, seeds }
    }
}

impl Words {
    /// Forgets all words.
    pub(crate) fn clear(&mut self) {
        self.count = 0;
        self.long.clear();
        self.stamp = self.stamp.wrapping_add(1);
        if self.stamp == 0 {
            self.slots.fill(Slot::default());
            self.stamp = 1;
        }
    }

    /// Writes the numbers of some words; returns how many words are known by now.
    pub(crate) fn number(&mut self, words: Split<'_>, out: &mut Vec<u32>) -> usize {
        out.clear();
        for word in words {
            out.push(self.one(word.as_bytes()));
        }
        self.count as usize
    }

    fn one(&mut self, word: &[u8]) -> u32 {
        let (low, high) = self.key(word);
        let mut at = self.place(low, high, word.len());
        loop {
            let slot = self.slots[at];
            if slot.stamp != self.stamp {
                return self.add(at, low, high, word);
            }
            if slot.low == low && slot.high == high && slot.length == word.len() {
                let same = word.len() <= 16 || self.long[slot.start..slot.start + word.len()] == *word;
                if same {
                    return slot.number;
                }
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    fn add(&mut self, at: usize, low: u64, high: u64, word: &[u8]) -> u32 {
        let start = self.long.len();
        if word.len() > 16 {
            self.long.extend_from_slice(word);
        }
        let number = self.count;
        self.slots[at] = Slot { stamp: self.stamp, number, low, high, length: word.len(), start };
        self.count += 1;
        if self.count as usize * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let more = vec![Slot::default(); self.slots.len() * 2];
        let old = std::mem::replace(&mut self.slots, more);
        for slot in old.into_iter().filter(|slot| slot.stamp == self.stamp) {
            let mut at = self.place(slot.low, slot.high, slot.length);
            while self.slots[at].stamp == self.stamp {
                at = (at + 1) & (self.slots.len() - 1);
            }
            self.slots[at] = slot;
        }
    }

    fn place(&self, low: u64, high: u64, length: usize) -> usize {
        folded(low ^ self.seeds[0], high ^ self.seeds[1] ^ length as u64) as usize & (self.slots.len() - 1)
    }

    /// With its length, all of a word of up to 16 bytes; of a longer one a hash.
    fn key(&self, word: &[u8]) -> (u64, u64) {
        let length = word.len();
        match length {
            0 => (0, 0),
            1..=3 => {
                let [first, middle, last] = [word[0], word[length / 2], word[length - 1]].map(u64::from);
                (first | middle << 8 | last << 16, 0)
            }
            4..=7 => (u64::from(four(word, 0)) | u64::from(four(word, length - 4)) << 32, 0),
            8..=16 => (eight(word, 0), eight(word, length - 8)),
            _ => {
                let mut hash = self.seeds[0];
                for at in (0..length - 8).step_by(8) {
                    hash = folded(hash ^ eight(word, at), self.seeds[1]);
                }
                (hash, eight(word, length - 8))
            }
        }
    }
}

fn folded(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

fn four(word: &[u8], at: usize) -> u32 {
    word[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn eight(word: &[u8], at: usize) -> u64 {
    word[at..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// What is between two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// Any whitespace, as Python's `str.split()`.
    Whitespace,
    /// U+0020 or two whitespace characters and more, as jiwer.
    Jiwer,
}

/// The words of a text, from left to right.
#[derive(Debug, Clone)]
pub(crate) struct Split<'t> {
    text: &'t str,
    at: usize,
    gap: Gap,
}

impl<'t> Split<'t> {
    /// Splits a text.
    pub(crate) fn new(text: &'t str, gap: Gap) -> Split<'t> {
        Split { text, at: 0, gap }
    }
}

impl<'t> Iterator for Split<'t> {
    type Item = &'t str;

    fn next(&mut self) -> Option<&'t str> {
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        loop {
            match space(bytes, start) {
                0 => break,
                n => start += n,
            }
        }
        let mut end = start;
        while end < bytes.len() {
            let plain = plain(bytes, end);
            if plain > 0 {
                end += plain;
                continue;
            }
            let wide = space(bytes, end);
            if wide == 0 {
                end += 1;
                continue;
            }
            let alone = self.gap == Gap::Jiwer && bytes[end] != b' ';
            if !alone || end + wide == bytes.len() || space(bytes, end + wide) > 0 {
                break;
            }
            end += wide;
        }
        self.at = end;
        (end > start).then(|| &self.text[start..end])
    }
}

/// Of the next eight bytes, how many come before one that is not a visible ASCII character; 0 near
/// the end.
#[inline(always)]
fn plain(bytes: &[u8], at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let Some(next) = bytes[at..].first_chunk() else { return 0 };
    let next = u64::from_le_bytes(*next);
    // The lowest mark is exact: below it nothing is borrowed.
    let marks = (next.wrapping_sub(ONES * 0x21) | next) & (ONES * 0x80);
    (marks.trailing_zeros() / 8) as usize
}

/// Bytes of the whitespace character (in the sense of Python) that starts here; 0 if none does.
#[inline(always)]
fn space(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(9..=13 | 0x1c..=0x20) => 1,
        Some(first @ (0xc2 | 0xe1..=0xe3)) => wide_space(*first, &bytes[at + 1..]),
        _ => 0,
    }
}

fn wide_space(first: u8, rest: &[u8]) -> usize {
    match (first, rest) {
        (0xc2, [0x85 | 0xa0, ..]) => 2,
        (0xe1, [0x9a, 0x80, ..]) => 3,
        (0xe2, [0x80, 0x80..=0x8a | 0xa8 | 0xa9 | 0xaf, ..] | [0x81, 0x9f, ..]) => 3,
        (0xe3, [0x80, 0x80, ..]) => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{is_python_space, python_split};
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn spaces_are_those_of_python() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let mut bytes = [0; 4];
            let text = c.encode_utf8(&mut bytes);
            let expected = if is_python_space(c) { text.len() } else { 0 };
            assert_eq!(space(text.as_bytes(), 0), expected, "{c:?}");
        }
    }

    #[test]
    fn many_words_and_many_texts() {
        let mut words = Words::default();
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let text: Vec<String> = (0..3000).map(|i| format!("{}{i}", "x".repeat(i % 40))).collect();
        let text = text.join(" ");
        words.stamp = u32::MAX - 1;
        for _ in 0..3 {
            words.clear();
            assert_eq!(words.number(Split::new(&text, Gap::Whitespace), &mut first), 3000);
            assert_eq!(words.number(Split::new(&text, Gap::Whitespace), &mut second), 3000);
            assert_eq!(first, (0..3000).collect::<Vec<u32>>());
            assert_eq!(first, second);
        }
    }

    proptest! {
        #[test]
        fn numbers_as_a_map_would(text in "([ab]{1,3}|[ab]{4,9}|[ab]{15,18}|a{14,30}b|é|中文| |\t|\u{85}|\u{3000}| ){0,60}") {
            let words: Vec<&str> = Split::new(&text, Gap::Whitespace).collect();
            let expected: Vec<&str> = python_split(&text).collect();
            prop_assert_eq!(&words, &expected);
            let mut known = HashMap::new();
            let expected: Vec<u32> = words
                .iter()
                .map(|word| {
                    let next = known.len() as u32;
                    *known.entry(*word).or_insert(next)
                })
                .collect();
            let mut found = Vec::new();
            let count = Words::default().number(Split::new(&text, Gap::Whitespace), &mut found);
            prop_assert_eq!(found, expected);
            prop_assert_eq!(count, known.len());
        }
    }
}
