//! Numbers for names: few model names met millions of times, and many voters or prompts.
//!
//! Main types: [`Names`], [`Ids`].

use super::MAX_NAMES;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

/// Names by number, with a small table in front of the map: most lookups end there.
#[derive(Debug)]
pub(super) struct Names {
    list: Vec<String>,
    map: HashMap<String, u32>,
    near: Vec<u32>,
}

/// Places of the small table.
const NEAR: usize = 1024;

impl Default for Names {
    fn default() -> Self {
        Self { list: Vec::new(), map: HashMap::new(), near: vec![u32::MAX; NEAR] }
    }
}

impl Names {
    /// The number of a name; `None` when there are too many.
    pub(super) fn of(&mut self, name: &str) -> Option<u32> {
        let at = Self::place(name.as_bytes());
        if let Some(known) = self.list.get(self.near[at] as usize)
            && known == name
        {
            return Some(self.near[at]);
        }
        let number = match self.map.get(name) {
            Some(number) => *number,
            None if self.list.len() >= MAX_NAMES => return None,
            None => {
                let number = self.list.len() as u32;
                self.list.push(name.to_owned());
                self.map.insert(name.to_owned(), number);
                number
            }
        };
        self.near[at] = number;
        Some(number)
    }

    /// Any mix will do: a bad one costs a lookup in the map.
    fn place(name: &[u8]) -> usize {
        let word = |bytes: &[u8]| bytes.iter().fold(0u64, |word, byte| word << 8 | u64::from(*byte));
        let tail = &name[name.len().saturating_sub(8)..];
        let middle = &name[(name.len() / 2).saturating_sub(4).min(name.len())..][..name.len().min(4)];
        let mixed = (word(tail) ^ word(middle).rotate_left(29) ^ name.len() as u64)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15);
        (mixed >> 54) as usize % NEAR
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.list
    }
}

/// Numbers for texts of any length, from 1. Texts are kept as 128 keyed bits: two that differ get
/// the same number with a chance of about 10⁻²³ among millions, and no one can aim at it.
#[derive(Debug, Default)]
pub(super) struct Ids {
    map: HashMap<(u64, u64), u32>,
    keys: (RandomState, RandomState),
    last: Option<(Vec<u8>, u32)>,
}

impl Ids {
    pub(super) fn of(&mut self, text: &str) -> u32 {
        if let Some((last, number)) = &self.last
            && last == text.as_bytes()
        {
            return *number;
        }
        let hash = (self.keys.0.hash_one(text), self.keys.1.hash_one(text));
        let next = self.map.len() as u32 + 1;
        let number = *self.map.entry(hash).or_insert(next);
        let (last, kept) = self.last.get_or_insert_default();
        last.clear();
        last.extend_from_slice(text.as_bytes());
        *kept = number;
        number
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}
