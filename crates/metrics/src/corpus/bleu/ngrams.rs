//! Counting n-grams exactly and without allocation: words to numbers, n-grams to slots of a table.
//!
//! Main types: [`Words`] (a word's number), [`Matches`] (clipped n-gram matches), [`Names`]
//! (numbers of n-grams over many texts). An n-gram of order n is the pair (its first n−1 tokens,
//! its last token); since the prefix has a number of its own, every n-gram is one 64-bit key, at
//! any order, and equal keys are equal n-grams: hashes only place them. Hashes are seeded, so no
//! text can be made to collide; memory is linear in the text.

use std::hash::BuildHasher;

/// An odd constant with well spread bits (the golden ratio's).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

/// A seed that nobody can foresee. It decides where keys lie, never what is counted.
fn seed() -> u64 {
    std::hash::RandomState::new().hash_one(0u8)
}

/// Multiplies to 128 bits and folds the halves.
#[inline]
fn fold(key: u64, seed: u64) -> u64 {
    let product = u128::from(key ^ seed) * u128::from(SPREAD ^ seed.rotate_left(32) | 1);
    (product as u64) ^ ((product >> 64) as u64)
}

#[derive(Clone, Copy, Default)]
struct Slot {
    key: u64,
    /// The round in which the slot was taken; of another round, it is free.
    round: u32,
    value: u32,
}

/// An open-addressing table of 64-bit keys, emptied in no time by a new round.
struct Table {
    slots: Vec<Slot>,
    mask: usize,
    round: u32,
    seed: u64,
}

impl Table {
    fn new() -> Table {
        Table { slots: Vec::new(), mask: 0, round: 0, seed: seed() }
    }

    /// Empties the table and makes room for this many keys.
    fn clear(&mut self, keys: usize) {
        let size = (keys * 2).next_power_of_two().max(16);
        if self.slots.len() < size {
            self.slots.resize(size, Slot::default());
        }
        self.mask = size - 1;
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slots.fill(Slot::default());
            self.round = 1;
        }
    }

    /// The slot of a key, taken with value 0 when it was free.
    #[inline]
    fn take(&mut self, key: u64) -> usize {
        let slots = &mut self.slots[..=self.mask];
        let mask = slots.len() - 1;
        let mut at = fold(key, self.seed) as usize & mask;
        loop {
            let slot = &mut slots[at & mask];
            if slot.round != self.round {
                *slot = Slot { key, round: self.round, value: 0 };
                return at & mask;
            }
            if slot.key == key {
                return at & mask;
            }
            at += 1;
        }
    }

    /// The slot of a key, if it is there.
    #[inline]
    fn find(&self, key: u64) -> Option<usize> {
        let slots = &self.slots[..=self.mask];
        let mask = slots.len() - 1;
        let mut at = fold(key, self.seed) as usize & mask;
        loop {
            let slot = &slots[at & mask];
            if slot.round != self.round {
                return None;
            }
            if slot.key == key {
                return Some(at & mask);
            }
            at += 1;
        }
    }
}

/// Key of the n-gram that a token makes of a prefix (0: the empty one).
#[inline]
fn key(prefix: u32, token: u32) -> u64 {
    u64::from(prefix) << 32 | u64::from(token)
}

/// Numbers for words: equal words, equal numbers, until [`clear`](Words::clear).
pub(crate) struct Words {
    /// (hash, round, word + 1)
    slots: Vec<Slot>,
    round: u32,
    seed: u64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Words {
    pub(crate) fn new() -> Words {
        Words {
            slots: vec![Slot::default(); 128],
            round: 1,
            seed: seed(),
            bytes: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Forgets every word.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
        self.round = self.round.wrapping_add(1);
        if self.round == 0 {
            self.slots.fill(Slot::default());
            self.round = 1;
        }
    }

    fn word(&self, number: usize) -> &[u8] {
        let start = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[start..self.ends[number]]
    }

    /// The number of a word.
    #[inline]
    pub(crate) fn number(&mut self, word: &[u8]) -> u32 {
        let hash = self.hash(word);
        let mask = self.slots.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let slot = self.slots[at];
            if slot.round != self.round {
                break;
            }
            if slot.key == hash && self.word(slot.value as usize) == word {
                return slot.value;
            }
            at = (at + 1) & mask;
        }
        let number = self.ends.len() as u32;
        self.bytes.extend_from_slice(word);
        self.ends.push(self.bytes.len());
        self.slots[at] = Slot { key: hash, round: self.round, value: number };
        if self.ends.len() * 2 > self.slots.len() {
            self.grow();
        }
        number
    }

    fn grow(&mut self) {
        let size = self.slots.len() * 2;
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); size]);
        for slot in old.into_iter().filter(|slot| slot.round == self.round) {
            let mut at = slot.key as usize & (size - 1);
            while self.slots[at].round == self.round {
                at = (at + 1) & (size - 1);
            }
            self.slots[at] = slot;
        }
    }

    #[inline]
    fn hash(&self, word: &[u8]) -> u64 {
        let mut hash = word.len() as u64;
        let (eights, rest) = word.as_chunks::<8>();
        for eight in eights {
            hash = fold(hash ^ u64::from_le_bytes(*eight), self.seed);
        }
        let last = rest.iter().rev().fold(0, |last, byte| last << 8 | u64::from(*byte));
        fold(hash ^ last, self.seed)
    }
}

/// Counts how many n-grams of a text its references hold.
pub(crate) struct Matches {
    table: Table,
    /// Per slot, the text that last counted there and its count: for several references.
    seen: Vec<(u32, u32)>,
    text: u32,
    reference_prefix: Vec<u32>,
    prefix: Vec<u32>,
}

impl Matches {
    pub(crate) fn new() -> Matches {
        Matches {
            table: Table::new(),
            seen: Vec::new(),
            text: 0,
            reference_prefix: Vec::new(),
            prefix: Vec::new(),
        }
    }

    /// For each order n = 1, 2 …: how many n-grams of `tokens` occur in the references, each at
    /// most as often as in the reference that has most of it. The references lie end to end.
    pub(crate) fn count(&mut self, tokens: &[u32], references: &[u32], ends: &[usize], matches: &mut [f64]) {
        matches.fill(0.0);
        self.prefix.clear();
        self.prefix.resize(tokens.len(), 0);
        self.reference_prefix.clear();
        self.reference_prefix.resize(references.len(), 0);
        for (n, matches) in (1..).zip(matches) {
            if n > tokens.len() {
                return;
            }
            self.table.clear(references.len());
            self.index(references, ends, n);
            let found = self.look_up(tokens, n);
            *matches = f64::from(found);
            if found == 0 {
                return;
            }
        }
    }

    /// Puts the references' n-grams into the table, with the most that one reference has of each.
    fn index(&mut self, references: &[u32], ends: &[usize], n: usize) {
        let mut start = 0;
        for (which, &end) in ends.iter().enumerate() {
            let last = (end + 1).saturating_sub(n).max(start);
            if which > 0 {
                self.next_text();
            }
            let prefixes = &mut self.reference_prefix[start..last];
            for (i, prefix) in prefixes.iter_mut().enumerate() {
                let slot = self.table.take(key(*prefix, references[start + i + n - 1]));
                *prefix = slot as u32 + 1;
                let value = &mut self.table.slots[slot].value;
                if which == 0 {
                    *value += 1;
                } else {
                    let seen = &mut self.seen[slot];
                    *seen = (self.text, if seen.0 == self.text { seen.1 + 1 } else { 1 });
                    *value = seen.1.max(*value);
                }
            }
            start = end;
        }
    }

    fn next_text(&mut self) {
        self.seen.resize(self.table.slots.len().max(self.seen.len()), (0, 0));
        self.text = self.text.wrapping_add(1);
        if self.text == 0 {
            self.seen.fill((0, 0));
            self.text = 1;
        }
    }

    /// Takes each n-gram of the text out of the table once; how many were there.
    fn look_up(&mut self, tokens: &[u32], n: usize) -> u32 {
        let mut found = 0;
        for (prefix, token) in self.prefix.iter_mut().zip(&tokens[n - 1..]) {
            // A prefix that no reference has makes n-grams that no reference has.
            if n > 1 && *prefix == 0 {
                continue;
            }
            let slot = self.table.find(key(*prefix, *token));
            *prefix = slot.map_or(0, |slot| slot as u32 + 1);
            if let Some(slot) = slot {
                let left = &mut self.table.slots[slot].value;
                found += u32::from(*left > 0);
                *left = left.saturating_sub(1);
            }
        }
        found
    }
}

/// Numbers the n-grams of many texts, order by order.
pub(crate) struct Names {
    table: Table,
    order: usize,
    names: Vec<u32>,
}

impl Names {
    /// For texts of this many tokens together.
    pub(crate) fn new(tokens: usize) -> Names {
        Names { table: Table::new(), order: 0, names: vec![0; tokens] }
    }

    /// Goes to the next order and calls `each(text, number)` for every n-gram, texts in order.
    /// Numbers count up from 0 in the order of first occurrence.
    pub(crate) fn next(&mut self, tokens: &[u32], ends: &[usize], mut each: impl FnMut(usize, usize)) {
        self.order += 1;
        self.table.clear(tokens.len());
        let (n, mut start, mut types) = (self.order, 0, 0u32);
        for (text, &end) in ends.iter().enumerate() {
            for i in start..(end + 1).saturating_sub(n).max(start) {
                let slot = self.table.take(key(self.names[i], tokens[i + n - 1]));
                let value = &mut self.table.slots[slot].value;
                if *value == 0 {
                    types += 1;
                    *value = types;
                }
                self.names[i] = *value;
                each(text, *value as usize - 1);
            }
            start = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn grams(tokens: &[u32], n: usize) -> BTreeMap<&[u32], u32> {
        let mut counts = BTreeMap::new();
        for gram in tokens.windows(n) {
            *counts.entry(gram).or_default() += 1;
        }
        counts
    }

    proptest::proptest! {
        #[test]
        fn as_counted_with_maps(
            texts in proptest::collection::vec(proptest::collection::vec(0u32..4, 0..12), 2..5)
        ) {
            let (hypothesis, references) = texts.split_first().unwrap();
            let joined: Vec<u32> = references.concat();
            let mut ends = Vec::new();
            for r in references { ends.push(ends.last().unwrap_or(&0) + r.len()); }
            let mut got = [0.0; 5];
            let mut matcher = Matches::new();
            for _ in 0..2 { matcher.count(hypothesis, &joined, &ends, &mut got); }
            for n in 1..=5 {
                let most = |gram: &[u32]| references.iter().map(|r| grams(r, n).get(gram).copied().unwrap_or(0)).max().unwrap();
                let expect: u32 = grams(hypothesis, n).iter().map(|(gram, c)| most(gram).min(*c)).sum();
                assert_eq!(got[n - 1], f64::from(expect), "order {n}");
            }
        }

        #[test]
        fn words_keep_their_numbers(words in proptest::collection::vec("[ab]{0,20}", 0..200)) {
            let mut numbers = Words::new();
            for _ in 0..2 {
                numbers.clear();
                let mut known: BTreeMap<&str, u32> = BTreeMap::new();
                for word in &words {
                    let next = known.len() as u32;
                    assert_eq!(numbers.number(word.as_bytes()), *known.entry(word).or_insert(next));
                }
            }
        }
    }
}
