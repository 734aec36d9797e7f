//! Short answers against reference answers: exact match and overlap F1.
//!
//! Main functions: [`exact_match`], [`token_f1`], [`char_f1`] and their `_unicode` variants. All
//! take the best of several references and return `None` when there is no reference to compare
//! with (except SQuAD v2, where no reference means that no answer is due). Extraction of the answer
//! from a longer text is not done here.

use super::ignored::{IgnoredPatterns, PatternError};
use super::python::{is_python_punctuation, is_python_space, is_python_word, python_lower, python_split};
use super::unicode::{folded, tokens_unicode};
use std::collections::HashMap;
use std::hash::Hash;

/// Which official SQuAD script to agree with; they differ where a text normalises to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Squad {
    /// v1.1: nothing against nothing has F1 0; no reference is no score.
    V1,
    /// v2.0: nothing against nothing has F1 1; references that normalise to nothing are dropped
    /// while others remain; no reference means that the right answer is to say nothing.
    V2,
}

/// SQuAD's normal form: Python `lower()`, `string.punctuation` removed, the words a, an, the
/// (between `\b`) removed, whitespace (Python's) collapsed to single spaces. ASCII punctuation and
/// English articles only; Unicode is not normalised.
///
/// ```
/// assert_eq!(acidtest_metrics::text::normalize_squad("The U.S.A.,  a lamp"), "usa lamp");
/// ```
pub fn normalize_squad(text: &str) -> String {
    let plain: String = python_lower(text).chars().filter(|c| !is_python_punctuation(*c)).collect();
    let without = remove_articles(&plain);
    python_split(&without).collect::<Vec<_>>().join(" ")
}

/// Replaces every maximal run of word characters that is an article by a space.
fn remove_articles(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let inside = is_python_word(c);
        let end = rest.find(|c| is_python_word(c) != inside).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        out.push_str(match run {
            "a" | "an" | "the" => " ",
            other => other,
        });
        rest = tail;
    }
    out
}

/// KorQuAD's normal form: quotation marks and brackets become spaces, then Python `lower()`,
/// `string.punctuation` removed, whitespace collapsed. Articles stay.
pub fn normalize_korquad(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| match c {
            '\'' | '"' | '《' | '》' | '<' | '>' | '〈' | '〉' | '(' | ')' | '‘' | '’' => ' ',
            other => other,
        })
        .collect();
    let plain: String = python_lower(&spaced).chars().filter(|c| !is_python_punctuation(*c)).collect();
    python_split(&plain).collect::<Vec<_>>().join(" ")
}

/// SQuAD exact match: is a reference equal to the prediction after [`normalize_squad`]?
///
/// `None` without references in v1. Source: the official evaluation scripts v1.1 and v2.0.
///
/// ```
/// use acidtest_metrics::text::{Squad, exact_match};
/// assert_eq!(exact_match("the red harbour", &["Red Harbour!"], Squad::V1), Some(true));
/// assert_eq!(exact_match("", &[] as &[&str], Squad::V2), Some(true));
/// ```
pub fn exact_match<S: AsRef<str>>(prediction: &str, references: &[S], squad: Squad) -> Option<bool> {
    let prediction = normalize_squad(prediction);
    let references = squad_references(references, squad);
    references.iter().map(|reference| *reference == prediction).reduce(|a, b| a || b)
}

/// SQuAD token F1: with the multisets of words of the normal forms, P = common/predicted,
/// R = common/reference, F1 = 2PR/(P+R), 0 if nothing is common; the best over references.
///
/// Nothing against nothing: 0 in v1, 1 in v2. `None` without references in v1. Punishes Korean
/// particles, see [`char_f1`]. Source: the official evaluation scripts v1.1 and v2.0.
///
/// ```
/// use acidtest_metrics::text::{Squad, token_f1};
/// let f1 = token_f1("ten ten ten", &["ten", "ten ten"], Squad::V1).unwrap();
/// assert!((f1 - 0.8).abs() < 1e-12);
/// ```
pub fn token_f1<S: AsRef<str>>(prediction: &str, references: &[S], squad: Squad) -> Option<f64> {
    let nothing = match squad {
        Squad::V1 => 0.0,
        Squad::V2 => 1.0,
    };
    let prediction = normalize_squad(prediction);
    let predicted: Vec<&str> = words(&prediction);
    let references = squad_references(references, squad);
    best(references.iter().map(|r| overlap_f1(&predicted, &words(r), nothing)))
}

fn words(normal: &str) -> Vec<&str> {
    normal.split(' ').filter(|w| !w.is_empty()).collect()
}

/// Normal forms of the references that this version of the script looks at.
fn squad_references<S: AsRef<str>>(references: &[S], squad: Squad) -> Vec<String> {
    let mut normal: Vec<String> = references.iter().map(|r| normalize_squad(r.as_ref())).collect();
    if squad == Squad::V2 {
        normal.retain(|r| !r.is_empty());
        if normal.is_empty() {
            normal.push(String::new());
        }
    }
    normal
}

/// KorQuAD character F1: F1 over the multisets of characters (spaces dropped) of the
/// [`normalize_korquad`] forms; the best over references. The headline for Korean short answers,
/// because a particle costs a character and not the whole word.
///
/// Nothing in common, also nothing against nothing, is 0. `None` without references.
/// Source: the official KorQuAD evaluation script.
///
/// ```
/// use acidtest_metrics::text::char_f1;
/// let f1 = char_f1("반가사유상은", &["반가사유상"]).unwrap();
/// assert!((f1 - 10.0 / 11.0).abs() < 1e-12);
/// ```
pub fn char_f1<S: AsRef<str>>(prediction: &str, references: &[S]) -> Option<f64> {
    let letters = |text: &str| -> Vec<char> {
        normalize_korquad(text).chars().filter(|c| !is_python_space(*c)).collect()
    };
    let predicted = letters(prediction);
    best(references.iter().map(|r| overlap_f1(&predicted, &letters(r.as_ref()), 0.0)))
}

/// Exact match over [`tokens_unicode`]: the same tokens in the same order as a reference.
///
/// Where both texts have no tokens ("+" against "-") their folded texts without outer whitespace
/// must be equal. `None` without references.
pub fn exact_match_unicode<S: AsRef<str>>(prediction: &str, references: &[S]) -> Option<bool> {
    let predicted = tokens_unicode(prediction);
    references
        .iter()
        .map(|r| {
            let reference = tokens_unicode(r.as_ref());
            if predicted.is_empty() && reference.is_empty() {
                return folded(prediction).trim() == folded(r.as_ref()).trim();
            }
            predicted == reference
        })
        .reduce(|a, b| a || b)
}

/// F1 over the multisets of [`tokens_unicode`]; the best over references.
///
/// No tokens on either side is 1, on one side 0. `None` without references.
///
/// ```
/// use acidtest_metrics::text::token_f1_unicode;
/// assert_eq!(token_f1_unicode("《금동 대향로》", &["금동 대향로"]), Some(1.0));
/// ```
pub fn token_f1_unicode<S: AsRef<str>>(prediction: &str, references: &[S]) -> Option<f64> {
    let predicted = tokens_unicode(prediction);
    best(references.iter().map(|r| overlap_f1(&predicted, &tokens_unicode(r.as_ref()), 1.0)))
}

/// F1 over the multisets of the characters (code points) of [`tokens_unicode`]; the best over
/// references. No characters on either side is 1, on one side 0. `None` without references.
pub fn char_f1_unicode<S: AsRef<str>>(prediction: &str, references: &[S]) -> Option<f64> {
    let letters =
        |text: &str| -> Vec<char> { tokens_unicode(text).iter().flat_map(|token| token.chars()).collect() };
    let predicted = letters(prediction);
    best(references.iter().map(|r| overlap_f1(&predicted, &letters(r.as_ref()), 1.0)))
}

fn best(scores: impl Iterator<Item = f64>) -> Option<f64> {
    scores.reduce(f64::max)
}

/// F1 of two multisets; `nothing` when both are empty, 0 when one is or nothing is common.
fn overlap_f1<T: Eq + Hash>(predicted: &[T], reference: &[T], nothing: f64) -> f64 {
    if predicted.is_empty() && reference.is_empty() {
        return nothing;
    }
    let mut left: HashMap<&T, usize> = HashMap::with_capacity(reference.len());
    for item in reference {
        *left.entry(item).or_default() += 1;
    }
    let mut common = 0usize;
    for item in predicted {
        if let Some(count) = left.get_mut(item).filter(|count| **count > 0) {
            *count -= 1;
            common += 1;
        }
    }
    if common == 0 {
        return 0.0;
    }
    let precision = common as f64 / predicted.len() as f64;
    let recall = common as f64 / reference.len() as f64;
    2.0 * precision * recall / (precision + recall)
}

/// lm-evaluation-harness `exact_match`; its `regexes_to_ignore` are [`IgnoredPatterns`].
///
/// Steps in its order: lower case, then `string.punctuation` removed, then ASCII digits removed.
/// Trailing NUL characters are dropped, as numpy drops them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LmExactMatch {
    /// Compare in lower case.
    pub ignore_case: bool,
    /// Remove ASCII punctuation first.
    pub ignore_punctuation: bool,
    /// Remove the digits 0-9 first.
    pub ignore_numbers: bool,
}

impl LmExactMatch {
    /// Is the prediction equal to the reference under these options?
    pub fn matches(&self, prediction: &str, reference: &str) -> bool {
        self.normal(prediction) == self.normal(reference)
    }

    /// Share of equal pairs; `None` without pairs.
    pub fn share<S: AsRef<str>>(&self, pairs: &[(S, S)]) -> Option<f64> {
        let hits = pairs
            .iter()
            .filter(|(prediction, reference)| self.matches(prediction.as_ref(), reference.as_ref()))
            .count();
        (!pairs.is_empty()).then(|| hits as f64 / pairs.len() as f64)
    }

    /// [`share`](LmExactMatch::share) of texts from which the patterns are deleted first.
    ///
    /// # Errors
    /// A pattern that takes too many steps on one of the texts.
    ///
    /// ```
    /// use acidtest_metrics::text::{IgnoredPatterns, LmExactMatch};
    /// let ignored = IgnoredPatterns::new(&[",", r"\$"]).unwrap();
    /// let share = LmExactMatch::default().share_without(&ignored, &[("$1,400", "1400")]);
    /// assert_eq!(share, Ok(Some(1.0)));
    /// ```
    pub fn share_without<S: AsRef<str>>(
        &self,
        ignored: &IgnoredPatterns,
        pairs: &[(S, S)],
    ) -> Result<Option<f64>, PatternError> {
        let delete = |(a, b): &(S, S)| Ok((ignored.delete(a.as_ref())?, ignored.delete(b.as_ref())?));
        let pairs: Vec<(String, String)> = pairs.iter().map(delete).collect::<Result<_, _>>()?;
        Ok(self.share(&pairs))
    }

    fn normal(&self, text: &str) -> String {
        let text = text.trim_end_matches('\0');
        let cased = if self.ignore_case { python_lower(text) } else { text.to_owned() };
        let kept: String = cased
            .chars()
            .filter(|c| !(self.ignore_punctuation && is_python_punctuation(*c)))
            .filter(|c| !(self.ignore_numbers && c.is_ascii_digit()))
            .collect();
        kept.trim_end_matches('\0').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &[&str] = &[];

    #[test]
    fn no_reference_is_no_score() {
        assert_eq!(exact_match("x", NONE, Squad::V1), None);
        assert_eq!(token_f1("x", NONE, Squad::V1), None);
        assert_eq!(token_f1("x", NONE, Squad::V2), Some(0.0));
        assert_eq!(token_f1("the", NONE, Squad::V2), Some(1.0));
        assert_eq!(char_f1("x", NONE), None);
        assert_eq!(char_f1_unicode("x", NONE), None);
        assert_eq!(exact_match_unicode("x", NONE), None);
    }

    #[test]
    fn articles_are_whole_words() {
        for (text, expect) in [
            ("theatre an apple", "theatre apple"),
            ("a\u{301} b", "\u{301} b"), // a mark is no word character to Python
            ("the 한국", "한국"),
            ("한the국", "한the국"),
            ("A an THE", ""),
        ] {
            assert_eq!(normalize_squad(text), expect, "{text:?}");
        }
    }

    #[test]
    fn korquad_characters() {
        for (prediction, reference, expect) in [
            ("(서울)", "서울", 1.0),
            ("‘국보’ 78호", "국보78호", 1.0),
            ("the A", "a", 0.4), // articles stay: t h e a against a
            ("", "", 0.0),
            ("부산", "서울", 0.0),
        ] {
            let got = char_f1(prediction, &[reference]).unwrap();
            assert!((got - expect).abs() < 1e-12, "{prediction:?}: {got}");
        }
    }

    #[test]
    fn unicode_variants_see_through_form() {
        let decomposed = "\u{1112}\u{1161}\u{11ab}국";
        assert_eq!(exact_match_unicode(decomposed, &["한국!"]), Some(true));
        assert_eq!(exact_match(decomposed, &["한국"], Squad::V1), Some(false));
        assert_eq!(exact_match_unicode("+", &["-"]), Some(false));
        assert_eq!(exact_match_unicode(" + ", &["+"]), Some(true));
        assert_eq!(token_f1_unicode("...", &["!"]), Some(1.0));
        assert_eq!(token_f1_unicode("...", &["a"]), Some(0.0));
        assert_eq!(char_f1_unicode("청자 매병", &["청자매병"]), Some(1.0));
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
        #[test]
        fn in_range_and_symmetric(a in "\\PC{0,20}", b in "\\PC{0,20}") {
            for (x, y) in [
                (token_f1(&a, &[&b], Squad::V1), token_f1(&b, &[&a], Squad::V1)),
                (char_f1(&a, &[&b]), char_f1(&b, &[&a])),
                (token_f1_unicode(&a, &[&b]), token_f1_unicode(&b, &[&a])),
                (char_f1_unicode(&a, &[&b]), char_f1_unicode(&b, &[&a])),
            ] {
                let (x, y) = (x.unwrap(), y.unwrap());
                assert!((0.0..=1.0 + 1e-12).contains(&x) && (x - y).abs() < 1e-12);
            }
            assert_eq!(exact_match_unicode(&a, &[&a]), Some(true));
            assert_eq!(token_f1_unicode(&a, &[&a]), Some(1.0));
        }
    }
}
