//! Tokens for every language: the tokenizer behind all `_unicode` metrics.
//!
//! Main function: [`tokens_unicode`]. No dictionary and no stemming: what needs those gets a name
//! of its own.

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// Unicode version of the tables that decide composition and categories; part of `how`. Lower case
/// comes from Rust's standard library (`char::UNICODE_VERSION`).
pub const UNICODE_VERSION: &str = "18.0";

/// NFC and Unicode lower case, then maximal runs of letters, marks and numbers
/// (\p{L}\p{M}\p{N}); Chinese characters and kana are a token each (with the marks that follow),
/// Hangul stays whole: an eojeol without its punctuation is one token.
///
/// Text without such characters gives no tokens.
///
/// ```
/// use acidtest_metrics::text::tokens_unicode;
/// assert_eq!(tokens_unicode("반가사유상은, 7세기!"), ["반가사유상은", "7세기"]);
/// assert_eq!(tokens_unicode("金銅製 Statue"), ["金", "銅", "製", "statue"]);
/// ```
pub fn tokens_unicode(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut inside = Inside::Nothing;
    for c in folded(text).chars() {
        let is_mark = c.general_category_group() == GeneralCategoryGroup::Mark;
        let now = match inside {
            _ if !is_token_char(c) => Inside::Nothing,
            Inside::Character if is_mark => Inside::Character,
            _ if is_cjk(c) => Inside::Character,
            _ => Inside::Run,
        };
        let starts = match (inside, now) {
            (_, Inside::Nothing) => {
                inside = now;
                continue;
            }
            (Inside::Run, Inside::Run) => false,
            (Inside::Character, Inside::Character) => !is_mark,
            _ => true,
        };
        if starts {
            tokens.push(String::new());
        }
        if let Some(token) = tokens.last_mut() {
            token.push(c);
        }
        inside = now;
    }
    tokens
}

/// Where the tokenizer stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inside {
    Nothing,
    Run,
    Character,
}

/// NFC and lower case. Lower case can leave a decomposed pair, so NFC comes last again.
pub(crate) fn folded(text: &str) -> String {
    let composed: String = text.nfc().collect();
    composed.to_lowercase().nfc().collect()
}

fn is_token_char(c: char) -> bool {
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark | GeneralCategoryGroup::Number
    )
}

/// Scripts written without spaces between words whose characters carry meaning alone:
/// Han, Hiragana, Katakana, Bopomofo. Hangul is not among them.
fn is_cjk(c: char) -> bool {
    matches!(c,
        '\u{2e80}'..='\u{2fdf}'      // radicals
        | '\u{3005}'..='\u{3007}'    // iteration mark, closing mark, zero
        | '\u{3021}'..='\u{3029}'    // Hangzhou numerals
        | '\u{3031}'..='\u{3035}'
        | '\u{3038}'..='\u{303c}'
        | '\u{3041}'..='\u{30ff}'    // Hiragana, Katakana
        | '\u{3105}'..='\u{312f}'    // Bopomofo
        | '\u{31a0}'..='\u{31bf}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff66}'..='\u{ff9f}'    // halfwidth Katakana
        | '\u{1aff0}'..='\u{1b16f}'  // kana extensions
        | '\u{20000}'..='\u{3ffff}'  // the ideographic planes
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: &[&str]) {
        assert_eq!(tokens_unicode(text), expect, "{text:?}");
    }

    #[test]
    fn scripts() {
        check("The café — 3rd floor", &["the", "café", "3rd", "floor"]);
        check("cafe\u{301}", &["café"]);
        check("국립중앙박물관에서 봤다.", &["국립중앙박물관에서", "봤다"]);
        // Decomposed Hangul is the same word.
        check("\u{1112}\u{1161}\u{11ab}글", &["한글"]);
        check("ひらカタ漢字abc", &["ひ", "ら", "カ", "タ", "漢", "字", "abc"]);
        check("か\u{3099}き゚", &["が", "き\u{309a}"]);
        check("हिन्दी भाषा", &["हिन्दी", "भाषा"]);
        check("don't stop_me", &["don", "t", "stop", "me"]);
        check("  ?! ", &[]);
        check("漢한", &["漢", "한"]);
    }

    #[test]
    fn the_version_said_is_the_version_used() {
        let (major, minor, _) = unicode_properties::UNICODE_VERSION;
        assert_eq!(format!("{major}.{minor}"), UNICODE_VERSION);
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
        #[test]
        fn tokens_of_tokens_are_the_same(text in "\\PC{0,40}") {
            let once = tokens_unicode(&text);
            assert_eq!(tokens_unicode(&once.join(" ")), once);
        }
    }
}
