//! What Python's text methods do, where Rust's differ: whitespace, `\w`, `string.punctuation`.
//!
//! The reference scripts are Python; matching them needs its rules, not better ones.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Is this whitespace to Python's `str.split()`? The Unicode White_Space characters and, beyond
/// them, the four separators U+001C..U+001F.
pub fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.split()`: maximal runs of what is not [`is_python_space`].
///
/// ```
/// let words: Vec<&str> = acidtest_metrics::text::python_split("a\u{1c}b\u{3000}c ").collect();
/// assert_eq!(words, ["a", "b", "c"]);
/// ```
pub fn python_split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_python_space).filter(|word| !word.is_empty())
}

/// Python's `str.lower()`: full Unicode lower case with the final-sigma rule. Rust's is the same,
/// up to characters that one of the two Unicode versions does not know yet.
pub fn python_lower(text: &str) -> String {
    text.to_lowercase()
}

/// Is this in Python's `string.punctuation`? ASCII only: `’` and `“` are not.
pub(crate) fn is_python_punctuation(c: char) -> bool {
    c.is_ascii_punctuation()
}

/// Does Python's `\w` match? Letters, numbers and the underscore; combining marks do not.
pub(crate) fn is_python_word(c: char) -> bool {
    c == '_'
        || matches!(c.general_category_group(), GeneralCategoryGroup::Letter | GeneralCategoryGroup::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces() {
        for c in "\t\n\u{b}\u{c}\r\u{1c}\u{1d}\u{1e}\u{1f} \u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}"
            .chars()
        {
            assert!(is_python_space(c), "{c:?}");
        }
        for c in "\u{200b}\u{180e}\u{feff}\u{1b}".chars() {
            assert!(!is_python_space(c), "{c:?}");
        }
    }

    #[test]
    fn word_characters() {
        for (c, expect) in [('é', true), ('한', true), ('_', true), ('²', true), ('\u{301}', false)] {
            assert_eq!(is_python_word(c), expect, "{c:?}");
        }
    }

    #[test]
    fn final_sigma() {
        assert_eq!(python_lower("ΣΑΣ"), "σας");
    }
}
