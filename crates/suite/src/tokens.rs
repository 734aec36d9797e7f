//! How many tokens a text may be, without a tokenizer.
//!
//! Main function: [`estimate_tokens`]. It serves plans and forecasts only: no metric is
//! made of it. Must not pretend to be a tokenizer.

/// About how many tokens a text is: one for 4 characters of Latin letters, digits and
/// blanks, one for 1.5 syllables of Hangul, one for each other CJK character and for 2
/// characters of any other script. Tokenizers differ from it by a third and more.
#[must_use]
pub fn estimate_tokens(text: &str) -> f64 {
    text.chars()
        .map(|c| match u32::from(c) {
            0..=0x24F => 1.0 / 4.0,
            0x1100..=0x11FF | 0x3130..=0x318F | 0xAC00..=0xD7A3 => 1.0 / 1.5,
            0x2E80..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF => 1.0,
            _ => 1.0 / 2.0,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_weigh_differently() {
        assert_eq!(estimate_tokens("abcdefgh"), 2.0);
        assert!((estimate_tokens("국립중앙박물관") - 7.0 / 1.5).abs() < 1e-12);
        assert_eq!(estimate_tokens("東京"), 2.0);
        assert_eq!(estimate_tokens(""), 0.0);
    }
}
