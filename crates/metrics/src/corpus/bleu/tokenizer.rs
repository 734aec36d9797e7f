//! sacreBLEU's tokenizers, and one for Korean.
//!
//! Main type: [`Tokenizer`]. The substitutions of the reference run one after the other over the
//! whole line; here they run as a chain over one character at a time, each stage holding back at
//! most one. Faults of the reference are kept (the Chinese ranges, the final full stop of `intl`).

use crate::text::{is_python_space, python_split};
use std::fmt;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// How BLEU cuts a line into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tokenizer {
    /// White space only.
    None,
    /// mteval-v13a, the usual one: ASCII punctuation apart, numbers whole.
    #[default]
    V13a,
    /// mteval-v14: punctuation and symbols of all of Unicode apart, numbers whole.
    Intl,
    /// Every Chinese character (and what the reference counts as one) a token, the rest as 13a.
    Zh,
    /// Every character a token.
    Char,
    /// Every Hangul syllable and jamo a token, the rest as 13a; ours, not sacreBLEU's.
    KoChar,
}

/// A tokenizer that does not exist here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoTokenizer {
    /// Korean morphemes need a dictionary.
    #[error(
        "tokenizer ko-morph needs a morpheme dictionary, which this build does not have; expected ko-char, or another tokenizer without a dictionary"
    )]
    KoMorph,
    /// Nothing known has this name.
    #[error("unknown tokenizer {0:?}, expected none, 13a, intl, zh, char or ko-char")]
    Unknown(String),
}

impl Tokenizer {
    /// All of them.
    pub const ALL: [Tokenizer; 6] = [
        Tokenizer::None,
        Tokenizer::V13a,
        Tokenizer::Intl,
        Tokenizer::Zh,
        Tokenizer::Char,
        Tokenizer::KoChar,
    ];

    /// Its name in signatures and options.
    pub fn name(self) -> &'static str {
        match self {
            Tokenizer::None => "none",
            Tokenizer::V13a => "13a",
            Tokenizer::Intl => "intl",
            Tokenizer::Zh => "zh",
            Tokenizer::Char => "char",
            Tokenizer::KoChar => "ko-char",
        }
    }

    /// The tokenizer with this name.
    ///
    /// # Errors
    /// There is none, with the names there are.
    pub fn from_name(name: &str) -> Result<Tokenizer, NoTokenizer> {
        let known = Tokenizer::ALL.into_iter().find(|t| t.name() == name);
        known.ok_or_else(|| match name {
            "ko-morph" => NoTokenizer::KoMorph,
            _ => NoTokenizer::Unknown(name.to_owned()),
        })
    }

    /// The tokens of a line. White space at its end is cut first, as BLEU does.
    ///
    /// ```
    /// use acidtest_metrics::corpus::bleu::Tokenizer;
    /// assert_eq!(Tokenizer::V13a.tokens("It cost 1,000.50, no?"), ["It", "cost", "1,000.50", ",", "no", "?"]);
    /// assert_eq!(Tokenizer::KoChar.tokens("한글 3.5점."), ["한", "글", "3.5", "점", "."]);
    /// ```
    pub fn tokens(self, line: &str) -> Vec<String> {
        let mut tokens = Vec::new();
        self.each(line, &mut Vec::new(), |token| tokens.push(String::from_utf8_lossy(token).into_owned()));
        tokens
    }

    /// Calls `token` for every token, in order; `spaced` is scratch memory.
    pub(crate) fn each(self, line: &str, spaced: &mut Vec<u8>, mut token: impl FnMut(&[u8])) {
        let line = line.trim_end_matches(is_python_space);
        spaced.clear();
        match self {
            Tokenizer::None => spaced.extend_from_slice(line.as_bytes()),
            Tokenizer::V13a => spaced_13a(b" ", unescaped(line).as_deref().unwrap_or(line), b" ", spaced),
            Tokenizer::Intl => spaced_intl(line, spaced),
            Tokenizer::Zh => {
                let line = line.trim_start_matches(is_python_space);
                match apart(line, is_zh) {
                    Some(apart) => spaced_13a(b"", &apart, b"", spaced),
                    None => spaced_13a(b"", line, b"", spaced),
                }
            }
            Tokenizer::Char => {
                return line
                    .chars()
                    .filter(|c| !is_python_space(*c))
                    .for_each(|c| token(c.encode_utf8(&mut [0; 4]).as_bytes()));
            }
            Tokenizer::KoChar => {
                let line = unescaped(line).unwrap_or_else(|| line.to_owned());
                let apart = apart(&line, is_hangul);
                spaced_13a(b" ", apart.as_ref().unwrap_or(&line), b" ", spaced);
            }
        }
        split(spaced, token);
    }
}

impl fmt::Display for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Python's `split()` of UTF-8 bytes.
fn split(spaced: &[u8], mut token: impl FnMut(&[u8])) {
    if spaced.is_ascii() {
        let is_space = |b: &u8| matches!(b, 9..=13 | 28..=32);
        spaced.split(is_space).filter(|t| !t.is_empty()).for_each(token);
        return;
    }
    let text = std::str::from_utf8(spaced).expect("spaces were put between characters only");
    python_split(text).for_each(|t| token(t.as_bytes()));
}

/// The language-independent part of 13a, in the reference's order; `None` when nothing changes.
fn unescaped(line: &str) -> Option<String> {
    if !line.bytes().any(|b| matches!(b, b'&' | b'<' | b'\n')) {
        return None;
    }
    let mut line = line.replace("<skipped>", "").replace("-\n", "").replace('\n', " ");
    for (from, to) in [("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">")] {
        if line.contains('&') {
            line = line.replace(from, to);
        }
    }
    Some(line)
}

/// Puts spaces around some characters; `None` when it has none of them.
fn apart(line: &str, is_apart: fn(char) -> bool) -> Option<String> {
    if line.is_ascii() || !line.chars().any(is_apart) {
        return None;
    }
    let mut out = String::with_capacity(line.len() * 2);
    for c in line.chars() {
        if is_apart(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    Some(out)
}

/// What the reference takes for Chinese. Two of its ranges are written with `\u` where five digits
/// were meant, and so run from U+2001 to U+2A6D and from U+2F81 to U+2FA1.
fn is_zh(c: char) -> bool {
    matches!(c,
        '\u{3400}'..='\u{4db5}' | '\u{4e00}'..='\u{9fbb}' | '\u{f900}'..='\u{fa2d}'
        | '\u{fa30}'..='\u{fa6a}' | '\u{fa70}'..='\u{fad9}' | '\u{2001}'..='\u{2a6d}'
        | '\u{ff00}'..='\u{ffef}' | '\u{2e80}'..='\u{2eff}' | '\u{3000}'..='\u{303f}'
        | '\u{31c0}'..='\u{31ef}' | '\u{2f00}'..='\u{2fdf}' | '\u{2ff0}'..='\u{2fff}'
        | '\u{3100}'..='\u{312f}' | '\u{31a0}'..='\u{31bf}' | '\u{fe10}'..='\u{fe1f}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{3200}'..='\u{33ff}')
}

/// Hangul syllables and jamo: composed, conjoining, compatibility, extended and half width.
fn is_hangul(c: char) -> bool {
    matches!(c,
        '\u{ac00}'..='\u{d7ff}' | '\u{1100}'..='\u{11ff}' | '\u{3130}'..='\u{318f}'
        | '\u{a960}'..='\u{a97f}' | '\u{ffa0}'..='\u{ffdc}')
}

/// What the middle stages ask of a character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Mark,
    Other,
}

/// Two substitutions, one after the other: `(not a number)(mark)` → `\1 \2 `, then
/// `(mark)(not a number)` → ` \1 \2`. Each looks at two neighbours, takes both on a match and
/// goes on behind them.
struct Marks<T> {
    space: T,
    first: Option<(T, Class)>,
    second: Option<(T, Class)>,
}

impl<T: Copy> Marks<T> {
    fn new(space: T) -> Marks<T> {
        Marks { space, first: None, second: None }
    }

    #[inline]
    fn push(&mut self, item: T, class: Class, out: &mut impl FnMut(T)) {
        match self.first {
            Some((held, held_class)) if held_class != Class::Number && class == Class::Mark => {
                self.first = None;
                self.push_second(held, held_class, out);
                self.push_second(self.space, Class::Other, out);
                self.push_second(item, class, out);
                self.push_second(self.space, Class::Other, out);
            }
            Some((held, held_class)) => {
                self.first = Some((item, class));
                self.push_second(held, held_class, out);
            }
            None => self.first = Some((item, class)),
        }
    }

    #[inline]
    fn push_second(&mut self, item: T, class: Class, out: &mut impl FnMut(T)) {
        match self.second {
            Some((held, Class::Mark)) if class != Class::Number => {
                self.second = None;
                [self.space, held, self.space, item].into_iter().for_each(out);
            }
            Some((held, _)) => {
                self.second = Some((item, class));
                out(held);
            }
            None => self.second = Some((item, class)),
        }
    }

    fn finish(mut self, out: &mut impl FnMut(T)) {
        if let Some((held, class)) = self.first.take() {
            self.push_second(held, class, out);
        }
        if let Some((held, _)) = self.second.take() {
            out(held);
        }
    }
}

/// What 13a does with a byte.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    /// A letter, the apostrophe, the hyphen, any byte of a character beyond ASCII.
    Plain,
    Digit,
    /// `.` or `,`.
    Mark,
    /// A space or other ASCII punctuation: a token of its own.
    Apart,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Plain; 256];
    let mut b = 0;
    while b < 128u8 {
        bytes[b as usize] = match b {
            b'0'..=b'9' => Byte::Digit,
            b'.' | b',' => Byte::Mark,
            b'{'..=b'~' | b'['..=b'`' | b' '..=b'&' | b'('..=b'+' | b':'..=b'@' | b'/' => Byte::Apart,
            _ => Byte::Plain,
        };
        b += 1;
    }
    bytes
};

/// mteval-v13a's substitutions for Western languages. They know ASCII only, so bytes will do.
fn spaced_13a(before: &[u8], line: &str, after: &[u8], out: &mut Vec<u8>) {
    let mut marks = Marks::new(b' ');
    let mut last = b' ';
    // The last substitution: a hyphen after a digit.
    let mut hyphen = |b: u8| {
        if b == b'-' && last.is_ascii_digit() {
            out.extend_from_slice(b" - ");
        } else {
            out.push(b);
        }
        last = b;
    };
    for &b in before.iter().chain(line.as_bytes()).chain(after) {
        match BYTES[b as usize] {
            Byte::Plain => marks.push(b, Class::Other, &mut hyphen),
            Byte::Digit => marks.push(b, Class::Number, &mut hyphen),
            Byte::Mark => marks.push(b, Class::Mark, &mut hyphen),
            Byte::Apart => {
                for b in [b' ', b, b' '] {
                    marks.push(b, Class::Other, &mut hyphen);
                }
            }
        }
    }
    marks.finish(&mut hyphen);
}

/// mteval-v14's substitutions, with the classes of Unicode.
fn spaced_intl(line: &str, out: &mut Vec<u8>) {
    let mut marks = Marks::new((' ', Apart::No));
    let mut write = |(c, apart): (char, Apart)| {
        let mut bytes = [0; 4];
        let bytes = c.encode_utf8(&mut bytes).as_bytes();
        if apart == Apart::Yes {
            out.push(b' ');
            out.extend_from_slice(bytes);
            out.push(b' ');
        } else {
            out.extend_from_slice(bytes);
        }
    };
    for c in line.chars() {
        let (class, apart) = match category(c) {
            GeneralCategoryGroup::Number => (Class::Number, Apart::No),
            GeneralCategoryGroup::Punctuation => (Class::Mark, Apart::No),
            GeneralCategoryGroup::Symbol => (Class::Other, Apart::Yes),
            _ => (Class::Other, Apart::No),
        };
        marks.push((c, apart), class, &mut write);
    }
    marks.finish(&mut write);
}

/// Whether a character gets spaces around it at the end: a symbol does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Apart {
    Yes,
    No,
}

#[inline]
fn category(c: char) -> GeneralCategoryGroup {
    match c {
        'a'..='z' | 'A'..='Z' | '\u{ac00}'..='\u{d7a3}' | '\u{4e00}'..='\u{9fff}' => {
            GeneralCategoryGroup::Letter
        }
        ' ' => GeneralCategoryGroup::Separator,
        _ => c.general_category_group(),
    }
}

#[cfg(test)]
mod tests;
