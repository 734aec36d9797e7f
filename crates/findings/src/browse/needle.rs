//! Searching texts: what is looked for, and which requests hold it.
//!
//! Main types: [`Needle`], [`Hits`]. Without regard to case, and to whether Korean syllables are
//! written whole or as letters (Unicode's NFC).

use super::index::CaseIndex;
use acidtest_record::Case;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// Longest text that is searched for, in characters; more is cut off.
pub const MOST_NEEDLE: usize = 200;

/// A text that is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle(String);

impl Needle {
    /// What a person typed; absent when it is blank.
    #[must_use]
    pub fn new(typed: &str) -> Option<Self> {
        let cut: String = typed.trim().chars().take(MOST_NEEDLE).collect();
        (!cut.is_empty()).then(|| Self(fold(&cut).into_owned()))
    }

    /// Whether a text holds it.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        text.len() >= self.0.len() / 4 && fold(text).contains(&self.0)
    }

    /// Whether a case holds it: in its id, a field, or a reference.
    #[must_use]
    pub fn is_in_case(&self, case: &Case) -> bool {
        let field = |v: &serde_json::Value| match v {
            serde_json::Value::String(text) => self.is_in(text),
            other => self.is_in(&other.to_string()),
        };
        self.is_in(&case.id)
            || case.vars.values().any(field)
            || case.expected.iter().any(|e| self.is_in(e))
            || case.prompt.iter().flatten().any(|m| self.is_in(&m.content))
    }
}

/// A text as it is compared.
fn fold(text: &str) -> Cow<'_, str> {
    match text.is_ascii() {
        true if text.bytes().all(|b| !b.is_ascii_uppercase()) => Cow::Borrowed(text),
        true => Cow::Owned(text.to_ascii_lowercase()),
        false => Cow::Owned(text.nfc().flat_map(char::to_lowercase).collect()),
    }
}

/// Requests that a search found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hits {
    bits: Vec<u64>,
}

impl Hits {
    /// None yet.
    #[must_use]
    pub fn none(index: &CaseIndex) -> Self {
        Self { bits: vec![0; index.len().div_ceil(64)] }
    }

    /// Those whose case's id holds it.
    #[must_use]
    pub fn of_ids(index: &CaseIndex, needle: &Needle) -> Self {
        let mut hits = Self::none(index);
        let found: Vec<u32> =
            index.case_ids().zip(0..).filter(|(id, _)| needle.is_in(id)).map(|(_, no)| no).collect();
        found.into_iter().for_each(|no| hits.add_case(index, no));
        hits
    }

    /// All requests of the case at a position of the run.
    pub fn add_case(&mut self, index: &CaseIndex, no: u32) {
        index.asked_of(no).iter().for_each(|at| self.set(*at as usize));
    }

    /// One request; a slot that the index does not know is left out.
    pub fn add_request(&mut self, index: &CaseIndex, slot: u32, step: u16) {
        if let Some(at) = index.position(slot, step) {
            self.set(at);
        }
    }

    fn set(&mut self, at: usize) {
        self.bits[at / 64] |= 1 << (at % 64);
    }

    /// Whether a request was found.
    #[must_use]
    pub fn has(&self, at: usize) -> bool {
        self.bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_composition_make_no_difference() {
        let whole = "국립중앙박물관 안내";
        let letters: String = whole.nfd().collect();
        assert_ne!(whole, letters);
        for (typed, text) in [("박물관", letters.as_str()), (letters.as_str(), whole), ("ÉCOLE", "une école")]
        {
            assert!(Needle::new(typed).unwrap().is_in(text), "{typed}");
        }
        assert!(Needle::new(" Gold CROWN ").unwrap().is_in("the gold crown"));
        assert!(!Needle::new("crowns").unwrap().is_in("the gold crown"));
        assert_eq!(Needle::new("  "), None);
    }

    #[test]
    fn fields_and_references_of_a_case_are_searched() {
        let mut case = Case { id: "q-1".into(), expected: vec!["Seoul".into()], ..Case::default() };
        case.vars.insert("question".into(), "수도는?".into());
        case.vars.insert("year".into(), 1392.into());
        for typed in ["Q-1", "seoul", "수도", "139"] {
            assert!(Needle::new(typed).unwrap().is_in_case(&case), "{typed}");
        }
        assert!(!Needle::new("busan").unwrap().is_in_case(&case));
    }
}
