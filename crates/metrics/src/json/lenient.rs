//! A JSON reader that goes on where a strict one stops, and says what it mended.
//!
//! Main function: [`parse`]. Its depth and its work are bounded; it never panics.
//! On valid JSON it gives the strict value and no repair.

use serde_json::{Map, Number, Value};
use std::collections::BTreeSet;

/// Deepest nesting.
const MAX_DEPTH: usize = 64;

/// What was mended, in the order in which reports list it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Repair {
    /// A byte order mark before the text.
    ByteOrderMark,
    /// A Markdown code fence around it.
    CodeFence,
    /// Other text before or behind it.
    Prose,
    /// No comma between two members.
    MissingComma,
    /// A comma before a closing bracket.
    TrailingComma,
    /// Two commas in a row.
    ExtraComma,
    /// Text in single quotes.
    SingleQuotes,
    /// Text in typographic quotes.
    CurlyQuotes,
    /// A key without quotes.
    UnquotedKey,
    /// Text without quotes.
    UnquotedText,
    /// `True`, `False`, `None`.
    PythonLiteral,
    /// `NaN`, `Infinity`, `undefined`: read as null.
    NotANumber,
    /// A comment.
    Comment,
    /// The end came before a bracket or quote was closed.
    Unclosed,
    /// A raw line break, tab or other control character in text.
    ControlCharacter,
    /// A backslash before a character that needs none.
    BadEscape,
    /// A quote within text without a backslash.
    UnescapedQuote,
    /// No colon behind a key, or another sign in its place.
    MissingColon,
    /// A number written in another way (`+1`, `.5`, `007`).
    NumberForm,
    /// A bracket of the other kind closed it.
    WrongBracket,
}

impl Repair {
    /// All of them.
    pub const ALL: [Repair; 20] = [
        Repair::ByteOrderMark,
        Repair::CodeFence,
        Repair::Prose,
        Repair::MissingComma,
        Repair::TrailingComma,
        Repair::ExtraComma,
        Repair::SingleQuotes,
        Repair::CurlyQuotes,
        Repair::UnquotedKey,
        Repair::UnquotedText,
        Repair::PythonLiteral,
        Repair::NotANumber,
        Repair::Comment,
        Repair::Unclosed,
        Repair::ControlCharacter,
        Repair::BadEscape,
        Repair::UnescapedQuote,
        Repair::MissingColon,
        Repair::NumberForm,
        Repair::WrongBracket,
    ];

    /// Stable word of JSON and labels.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Repair::ByteOrderMark => "byte_order_mark",
            Repair::CodeFence => "code_fence",
            Repair::Prose => "prose",
            Repair::MissingComma => "missing_comma",
            Repair::TrailingComma => "trailing_comma",
            Repair::ExtraComma => "extra_comma",
            Repair::SingleQuotes => "single_quotes",
            Repair::CurlyQuotes => "curly_quotes",
            Repair::UnquotedKey => "unquoted_key",
            Repair::UnquotedText => "unquoted_text",
            Repair::PythonLiteral => "python_literal",
            Repair::NotANumber => "not_a_number",
            Repair::Comment => "comment",
            Repair::Unclosed => "unclosed",
            Repair::ControlCharacter => "control_character",
            Repair::BadEscape => "bad_escape",
            Repair::UnescapedQuote => "unescaped_quote",
            Repair::MissingColon => "missing_colon",
            Repair::NumberForm => "number_form",
            Repair::WrongBracket => "wrong_bracket",
        }
    }

    /// Words for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Repair::ByteOrderMark => "byte order mark removed",
            Repair::CodeFence => "code fence removed",
            Repair::Prose => "prose around cut",
            Repair::MissingComma => "missing comma",
            Repair::TrailingComma => "trailing comma",
            Repair::ExtraComma => "extra comma",
            Repair::SingleQuotes => "single quotes",
            Repair::CurlyQuotes => "curly quotes",
            Repair::UnquotedKey => "unquoted key",
            Repair::UnquotedText => "unquoted text",
            Repair::PythonLiteral => "Python literal",
            Repair::NotANumber => "NaN or the like as null",
            Repair::Comment => "comment",
            Repair::Unclosed => "unclosed bracket or quote",
            Repair::ControlCharacter => "control character in text",
            Repair::BadEscape => "needless backslash",
            Repair::UnescapedQuote => "quote without backslash",
            Repair::MissingColon => "missing colon",
            Repair::NumberForm => "form of a number",
            Repair::WrongBracket => "wrong closing bracket",
        }
    }

    /// The repair of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Repair> {
        Repair::ALL.into_iter().find(|r| r.id() == id)
    }
}

/// What was found at the beginning of a text.
pub(super) struct Found {
    pub value: Value,
    /// Bytes that it took.
    pub len: usize,
    pub repairs: BTreeSet<Repair>,
}

/// Reads the object or array with which a text begins; `None` when it is none, or nested too deeply.
pub(super) fn parse(text: &str) -> Option<Found> {
    let mut reader = Reader { text, at: 0, repairs: BTreeSet::new() };
    let value = match reader.peek()? {
        '{' => reader.object(0)?,
        '[' => reader.array(0)?,
        _ => return None,
    };
    Some(Found { value, len: reader.at, repairs: reader.repairs })
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    repairs: BTreeSet<Repair>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn mend(&mut self, repair: Repair) {
        self.repairs.insert(repair);
    }

    /// Skips white space and comments.
    fn blank(&mut self) {
        loop {
            let rest = &self.text[self.at..];
            let space = rest.len() - rest.trim_start().len();
            if space > 0 {
                self.at += space;
                continue;
            }
            let comment = if rest.starts_with("//") || rest.starts_with('#') {
                rest.find('\n').unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |n| n + 2)
            } else {
                return;
            };
            self.mend(Repair::Comment);
            self.at += comment;
        }
    }

    /// Whether the container ends here; a comma was `before` it or not.
    fn closes(&mut self, bracket: char, before: bool) -> bool {
        match self.peek() {
            None => self.mend(Repair::Unclosed),
            Some(c) if c == bracket => self.at += 1,
            Some('}' | ']') => {
                self.mend(Repair::WrongBracket);
                self.at += 1;
            }
            _ => return false,
        }
        if before {
            self.mend(Repair::TrailingComma);
        }
        true
    }

    /// Skips commas; whether there was one.
    fn commas(&mut self) -> bool {
        let mut n = 0;
        loop {
            self.blank();
            if self.peek() != Some(',') {
                break;
            }
            self.at += 1;
            n += 1;
        }
        if n > 1 {
            self.mend(Repair::ExtraComma);
        }
        n > 0
    }

    fn object(&mut self, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.at += 1;
        let mut map = Map::new();
        loop {
            let comma = self.commas();
            if self.closes('}', comma) {
                return Some(Value::Object(map));
            }
            if comma && map.is_empty() {
                self.mend(Repair::ExtraComma);
            }
            if !comma && !map.is_empty() {
                self.mend(Repair::MissingComma);
            }
            let key = self.key()?;
            self.blank();
            self.colon();
            self.blank();
            let value = match self.peek() {
                None => {
                    self.mend(Repair::Unclosed);
                    return Some(Value::Object(map));
                }
                _ => self.value(depth)?,
            };
            map.insert(key, value);
        }
    }

    fn colon(&mut self) {
        match self.peek() {
            Some(':') => self.at += 1,
            Some('=') => {
                self.mend(Repair::MissingColon);
                self.at += 1;
                if self.peek() == Some('>') {
                    self.at += 1;
                }
            }
            None => {}
            _ => self.mend(Repair::MissingColon),
        }
    }

    fn array(&mut self, depth: usize) -> Option<Value> {
        if depth >= MAX_DEPTH {
            return None;
        }
        self.at += 1;
        let mut items = Vec::new();
        loop {
            let comma = self.commas();
            if self.closes(']', comma) {
                return Some(Value::Array(items));
            }
            if comma && items.is_empty() {
                self.mend(Repair::ExtraComma);
            }
            if !comma && !items.is_empty() {
                self.mend(Repair::MissingComma);
            }
            items.push(self.value(depth)?);
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        match self.peek()? {
            '{' => self.object(depth + 1),
            '[' => self.array(depth + 1),
            '"' | '\'' | '“' | '”' | '„' | '‘' | '’' => self.quoted().map(Value::String),
            _ => self.bare(),
        }
    }

    fn key(&mut self) -> Option<String> {
        match self.peek()? {
            '"' | '\'' | '“' | '”' | '„' | '‘' | '’' => self.quoted(),
            '{' | '[' | ':' => None,
            _ => {
                let rest = &self.text[self.at..];
                let end =
                    rest.find(|c: char| !(c.is_alphanumeric() || "_-$.".contains(c))).unwrap_or(rest.len());
                if end == 0 || end > 200 {
                    return None;
                }
                self.mend(Repair::UnquotedKey);
                self.at += end;
                Some(rest[..end].to_owned())
            }
        }
    }

    /// Text in quotes of any kind.
    fn quoted(&mut self) -> Option<String> {
        let open = self.next()?;
        let closing: &[char] = match open {
            '"' => &['"'],
            '\'' => {
                self.mend(Repair::SingleQuotes);
                &['\'']
            }
            '‘' | '’' => {
                self.mend(Repair::CurlyQuotes);
                &['’', '‘']
            }
            _ => {
                self.mend(Repair::CurlyQuotes);
                &['”', '“']
            }
        };
        let mut out = String::new();
        loop {
            match self.next() {
                None => {
                    self.mend(Repair::Unclosed);
                    return Some(out);
                }
                Some('\\') => self.escape(&mut out, closing),
                Some(c) if closing.contains(&c) => {
                    if self.ends_here() {
                        return Some(out);
                    }
                    self.mend(Repair::UnescapedQuote);
                    out.push(c);
                }
                Some(c) => {
                    if (c as u32) < 0x20 {
                        self.mend(Repair::ControlCharacter);
                    }
                    out.push(c);
                }
            }
        }
    }

    /// Whether a quote ends the text: what follows is structure, a line's end, or another quote.
    fn ends_here(&self) -> bool {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start_matches([' ', '\t', '\r']);
        match trimmed.chars().next() {
            None => true,
            Some(c) => ",}]:=\n\"'“/#".contains(c) || (c.is_ascii_digit() && trimmed.len() < rest.len()),
        }
    }

    fn escape(&mut self, out: &mut String, closing: &[char]) {
        match self.next() {
            None => self.mend(Repair::Unclosed),
            Some(c @ ('"' | '\\' | '/')) => out.push(c),
            Some('b') => out.push('\u{8}'),
            Some('f') => out.push('\u{c}'),
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('u') => match self.unicode() {
                Some(c) => out.push(c),
                None => {
                    self.mend(Repair::BadEscape);
                    out.push('\u{FFFD}');
                }
            },
            // Within single quotes, `\'` says what it should.
            Some(c) if closing.contains(&c) => out.push(c),
            Some(c) => {
                self.mend(Repair::BadEscape);
                out.push(c);
            }
        }
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn unicode(&mut self) -> Option<char> {
        let first = self.hex()?;
        if !(0xD800..0xDC00).contains(&first) {
            return char::from_u32(first);
        }
        if !self.text[self.at..].starts_with("\\u") {
            return None;
        }
        self.at += 2;
        let second = self.hex()?;
        let low = second.checked_sub(0xDC00).filter(|l| *l < 0x400)?;
        char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)
    }

    /// A number, a literal, or text without quotes up to the next structure.
    fn bare(&mut self) -> Option<Value> {
        let rest = &self.text[self.at..];
        let end = rest.find([',', '}', ']', '\n', '{', '[', '"', ':']).unwrap_or(rest.len());
        let line = rest[..end].trim_end();
        let word = line.split_whitespace().next().filter(|w| !w.is_empty())?;
        let word = word.split("//").next().filter(|w| !w.is_empty())?;
        if let Some(value) = self.literal(word) {
            self.at += word.len();
            return Some(value);
        }
        let cut = line.find(" //").or_else(|| line.find(" #")).unwrap_or(line.len());
        let line = line[..cut].trim_end();
        if line.is_empty() || line.len() > 2000 {
            return None;
        }
        self.mend(Repair::UnquotedText);
        self.at += line.len();
        Some(Value::String(line.to_owned()))
    }

    fn literal(&mut self, word: &str) -> Option<Value> {
        let (value, repair) = match word {
            "true" => (Value::Bool(true), None),
            "false" => (Value::Bool(false), None),
            "null" => (Value::Null, None),
            "True" => (Value::Bool(true), Some(Repair::PythonLiteral)),
            "False" => (Value::Bool(false), Some(Repair::PythonLiteral)),
            "None" => (Value::Null, Some(Repair::PythonLiteral)),
            "NaN" | "Infinity" | "-Infinity" | "undefined" => (Value::Null, Some(Repair::NotANumber)),
            _ => match serde_json::from_str::<Number>(word) {
                Ok(number) => (Value::Number(number), None),
                Err(_) => (number(word)?, Some(Repair::NumberForm)),
            },
        };
        if let Some(repair) = repair {
            self.mend(repair);
        }
        Some(value)
    }
}

/// A number in a form that JSON does not know.
fn number(word: &str) -> Option<Value> {
    let plain: String = word.chars().filter(|c| *c != '_').collect();
    let digits = plain.trim_start_matches(['+', '-']);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    if let Ok(whole) = plain.trim_start_matches('+').parse::<i64>() {
        return Some(Value::from(whole));
    }
    let value: f64 = plain.trim_start_matches('+').parse().ok()?;
    Number::from_f64(value).map(Value::Number)
}
