//! The language of a text by the shares of its scripts, and its length.
//!
//! Main functions: [`language`], [`sentences`]. Korean and English are told apart
//! by their letters; other languages in Latin letters count as English, and the
//! rule says so rather than guess.

/// A text whose smaller script has at least this share of its letters is mixed.
pub const MIXED: f64 = 0.35;

/// What a text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Hangul.
    Korean,
    /// Latin letters.
    English,
    /// Hangul and Latin letters, each at least three tenths of both.
    Mixed,
    /// Mostly another script.
    Other,
}

impl Language {
    /// Its code.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Language::Korean => "ko",
            Language::English => "en",
            Language::Mixed => "mixed",
            Language::Other => "other",
        }
    }
}

/// The language of a text; `None` without letters.
///
/// A Hangul syllable weighs as much as three Latin letters, for it says as much.
/// Text in backquotes and web addresses are left out: they are no language. Half of the
/// weight or more in other scripts (Han, kana, Cyrillic …) is another language.
///
/// ```
/// use acidtest_metrics::text::{Language, language};
/// assert_eq!(language("네, OLED TV입니다."), Some(Language::Korean));
/// assert_eq!(language("It is called 반가사유상 in Korean, the pensive bodhisattva."), Some(Language::English));
/// assert_eq!(language("123"), None);
/// ```
#[must_use]
pub fn language(text: &str) -> Option<Language> {
    let (mut hangul, mut latin, mut other) = (0.0, 0.0, 0.0);
    let mut in_code = false;
    for word in text.split_whitespace() {
        let is_address = word.contains("://") || word.starts_with("www.");
        for c in word.chars() {
            match c {
                '`' => in_code = !in_code,
                _ if in_code || is_address => {}
                '\u{AC00}'..='\u{D7A3}' | '\u{1100}'..='\u{11FF}' | '\u{3131}'..='\u{318E}' => hangul += 3.0,
                c if c.is_ascii_alphabetic() || ('\u{C0}'..='\u{24F}').contains(&c) => latin += 1.0,
                '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' => other += 2.5,
                c if c.is_alphabetic() => other += 1.0,
                _ => {}
            }
        }
    }
    let all = hangul + latin + other;
    if all == 0.0 {
        return None;
    }
    if other / all >= 0.5 {
        return Some(Language::Other);
    }
    let korean = hangul / (hangul + latin);
    Some(if korean > 1.0 - MIXED {
        Language::Korean
    } else if korean < MIXED {
        Language::English
    } else {
        Language::Mixed
    })
}

/// Sentences of a text: it ends one with `.`, `!`, `?` or `。` before white space, a
/// closing quote or the end, and with a blank line. `13.5` and `No. 83` end none.
#[must_use]
pub fn sentences(text: &str) -> usize {
    let chars: Vec<char> = text.trim().chars().collect();
    let (mut count, mut open) = (0, false);
    for (i, c) in chars.iter().enumerate() {
        let next = chars.get(i + 1);
        let before_digit = chars.get(i + 2).is_some_and(char::is_ascii_digit);
        let ends = match c {
            '。' | '！' | '？' => true,
            '!' | '?' => true,
            '.' => next.is_none_or(|n| n.is_whitespace() || "\"'”’)]".contains(*n)) && !before_digit,
            '\n' => next == Some(&'\n'),
            _ => false,
        };
        if ends {
            count += usize::from(open);
            open = false;
        } else {
            open |= c.is_alphanumeric();
        }
    }
    count + usize::from(open)
}

/// Whether a word is in a text: Latin letters and digits by word boundaries, so that
/// `ass` is not in `class`; Hangul and other scripts anywhere, for particles follow.
#[must_use]
pub fn has_word(text: &str, word: &str, ignore_case: bool) -> bool {
    let fold = |t: &str| if ignore_case { t.to_lowercase() } else { t.to_owned() };
    let (text, word) = (fold(text), fold(word.trim()));
    if word.is_empty() {
        return false;
    }
    let is_latin = |c: char| c.is_ascii_alphanumeric() || ('\u{C0}'..='\u{24F}').contains(&c);
    let (first, last) = (word.chars().next(), word.chars().next_back());
    text.match_indices(&word).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        let free = |edge: Option<char>, beside: Option<char>| {
            !(edge.is_some_and(is_latin) && beside.is_some_and(is_latin))
        };
        free(first, before) && free(last, after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        let check = |text: &str, expect| assert_eq!(language(text), expect, "{text}");
        check("안녕하세요. 배송이 늦어 죄송합니다.", Some(Language::Korean));
        check("API key를 발급해 주세요", Some(Language::Korean));
        check("Your parcel is late; I am sorry.", Some(Language::English));
        check("배송 조회 shipping status lookup", Some(Language::Mixed));
        check("これは何ですか", Some(Language::Other));
        check("`print(x)` 를 실행하세요", Some(Language::Korean));
        check("https://example.com/a/long/address 를 보세요", Some(Language::Korean));
        check("…", None);
    }

    #[test]
    fn sentences_are_counted() {
        for (text, n) in [
            ("", 0),
            ("No end", 1),
            ("One. Two! Three?", 3),
            ("It is 13.5 m high. See No. 83.", 2),
            ("네. 알겠습니다.", 2),
            ("정말요?! 네...", 2),
            ("가\n\n나", 2),
        ] {
            assert_eq!(sentences(text), n, "{text}");
        }
    }

    #[test]
    fn words_have_boundaries_in_latin_only() {
        assert!(!has_word("a class", "ass", false));
        assert!(has_word("an Ass!", "ass", true) && !has_word("an Ass!", "ass", false));
        assert!(has_word("바보야", "바보", false));
        assert!(has_word("GPT는 그렇다", "gpt", true));
        assert!(!has_word("anything", " ", false));
    }
}
