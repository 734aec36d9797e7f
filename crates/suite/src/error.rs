//! What is wrong with a suite, shown on the line where it is wrong.
//!
//! Main type: [`SuiteError`], whose `Display` is the whole message with caret
//! and hint. Must not hold secrets: whoever raises an error about a value that
//! may be a key calls [`Source::error_without_value`].

use crate::targets::looks_like_a_key;
use std::fmt;
use std::sync::Arc;

/// Longest piece of a source line shown, in columns.
const SHOWN: usize = 100;

/// A place in a file. Lines and columns count from 1, columns in characters; line 0 is "nowhere in particular".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The line.
    pub line: u32,
    /// The first character.
    pub column: u32,
    /// How many characters it is long, on that line.
    pub len: u32,
}

/// Why a suite cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SuiteError {
    /// The file at fault.
    pub file: String,
    /// Its line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// The column, from 1, in characters.
    pub column: u32,
    /// The line at fault as shown: control characters replaced, long lines cut.
    pub snippet: String,
    /// Where the caret begins under `snippet`, in columns of the terminal.
    pub caret: usize,
    /// How wide the caret is, in columns of the terminal.
    pub width: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl SuiteError {
    /// An error about a file as a whole.
    #[must_use]
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: printable(file),
            line: 0,
            column: 0,
            snippet: String::new(),
            caret: 0,
            width: 0,
            message: printable(&message.into()),
            hint: None,
        }
    }

    /// The same error with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(printable(&hint.into()));
        self
    }
}

impl fmt::Display for SuiteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if self.line == 0 {
            write!(f, "\n --> {}", self.file)?;
        } else {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            write!(f, "\n{gutter}--> {}:{}:{}", self.file, self.line, self.column)?;
            write!(f, "\n{gutter} |\n{number} | {}", self.snippet)?;
            let blank = " ".repeat(self.caret);
            write!(f, "\n{gutter} | {blank}{}", "^".repeat(self.width.max(1)))?;
        }
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

/// A file whose lines errors can show.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name as errors print it.
    pub name: Arc<str>,
    /// Its text; for a line of a dataset, that line alone.
    pub text: Arc<str>,
    /// The number of the text's first line.
    pub first_line: u32,
    /// Files that were appended: with their first line in `text`.
    parts: Arc<[Part]>,
}

/// A file that was appended to another one's text.
#[derive(Debug, Clone)]
struct Part {
    name: Arc<str>,
    /// The number of its first line within the whole text.
    from: u32,
}

impl Source {
    /// A whole file.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self::line_of(name, text, 1)
    }

    /// One line of a file, or a part of it whose first line has that number.
    #[must_use]
    pub fn line_of(name: &str, text: &str, number: u32) -> Self {
        Self { name: name.into(), text: text.into(), first_line: number, parts: Arc::from([]) }
    }

    /// Appends another file, so that one text holds all places of a suite. Gives
    /// how many lines and bytes stand before it.
    pub(crate) fn append(&mut self, name: &str, text: &str) -> (u32, usize) {
        let mut all = self.text.to_string();
        if !all.ends_with('\n') {
            all.push('\n');
        }
        let (lines, bytes) = (all.matches('\n').count() as u32, all.len());
        all.push_str(text);
        self.text = all.into();
        let part = Part { name: name.into(), from: lines + 1 };
        self.parts = self.parts.iter().cloned().chain([part]).collect();
        (lines, bytes)
    }

    /// The file in which a line of the text stands, and its number there.
    #[must_use]
    pub fn place(&self, line: u32) -> (&str, u32) {
        match self.parts.iter().rev().find(|p| p.from <= line) {
            Some(part) => (&part.name, line - part.from + 1),
            None => (&self.name, line),
        }
    }

    /// An error at `span`.
    #[must_use]
    pub fn error(&self, span: Span, message: impl Into<String>) -> SuiteError {
        self.error_in(self.line(span.line), span, message.into())
    }

    /// An error at `span` that shows `…` in place of what is written there.
    #[must_use]
    pub fn error_without_value(&self, span: Span, message: impl Into<String>) -> SuiteError {
        let line = self.line(span.line);
        // Everything from the value on is left out: what follows it may be part of it.
        let before: String = line.chars().take(at_zero(span.column)).collect();
        let span = Span { len: 1, ..span };
        self.error_in(&format!("{before}…"), span, message.into())
    }

    fn line(&self, number: u32) -> &str {
        let skip = number.saturating_sub(self.first_line) as usize;
        self.text.lines().nth(skip).unwrap_or("")
    }

    fn error_in(&self, line: &str, span: Span, message: String) -> SuiteError {
        let (snippet, caret, width) = shown(line, at_zero(span.column), span.len as usize);
        let (name, number) = self.place(span.line);
        SuiteError {
            file: printable(name),
            line: number,
            column: span.column,
            snippet,
            caret,
            width,
            message: printable(&message),
            hint: None,
        }
    }
}

fn at_zero(column: u32) -> usize {
    column.saturating_sub(1) as usize
}

/// The part of a line around a place, and where the caret goes, in terminal columns.
fn shown(line: &str, at: usize, len: usize) -> (String, usize, usize) {
    let mut chars: Vec<char> = line.trim_end().chars().map(|c| if steers(c) { ' ' } else { c }).collect();
    strike_keys(&mut chars);
    let at = at.min(chars.len());
    let len = len.clamp(1, (chars.len() - at).max(1));
    let begin = if at + len.min(SHOWN / 2) > SHOWN { at - SHOWN / 4 } else { 0 };
    let end = chars.len().min(begin + SHOWN);
    let mut text = String::new();
    if begin > 0 {
        text.push('…');
    }
    text.extend(&chars[begin..end]);
    if end < chars.len() {
        text.push('…');
    }
    let caret = usize::from(begin > 0) + columns(&chars[begin..at]);
    let width = columns(&chars[at.min(end)..(at + len).min(end)]);
    (text, caret, width.max(1))
}

/// Stars in place of every word that looks like a secret, wherever it stands.
fn strike_keys(chars: &mut [char]) {
    let of_word = |c: &char| c.is_ascii_alphanumeric() || "-_.".contains(*c);
    for word in chars.chunk_by_mut(|a, b| of_word(a) == of_word(b)) {
        if looks_like_a_key(&word.iter().collect::<String>()) {
            word.fill('*');
        }
    }
}

fn columns(chars: &[char]) -> usize {
    chars.iter().map(|&c| 1 + usize::from(is_wide(c))).sum()
}

/// Whether terminals give the character two columns: Hangul, CJK and full-width forms.
fn is_wide(c: char) -> bool {
    matches!(u32::from(c),
        0x1100..=0x115F | 0x2E80..=0x303E | 0x3041..=0xA4CF | 0xAC00..=0xD7A3
        | 0xF900..=0xFAFF | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6
        | 0x1F300..=0x1FAFF | 0x20000..=0x3FFFD)
}

/// The text without control characters, so that a file cannot steer a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if steers(c) && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

/// Whether a character steers a terminal: controls, and marks that hide or turn text around.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

/// The beginning of a value, for use in a message.
pub(crate) fn brief(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out: String = text.chars().take(LONGEST).collect();
    if text.chars().nth(LONGEST).is_some() {
        out.push('…');
    }
    out.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_wide_characters() {
        let source = Source::new("a.yaml", "이름: 탑\n");
        let span = Span { line: 1, column: 5, len: 1 };
        let text = source.error(span, "wrong").hint("right").to_string();
        assert_eq!(text, "error: wrong\n --> a.yaml:1:5\n  |\n1 | 이름: 탑\n  |       ^^\n\nhint: right");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let line = format!("{}X{}", "a".repeat(5000), "b".repeat(5000));
        let (text, caret, width) = shown(&line, 5000, 1);
        assert_eq!(text.chars().nth(caret), Some('X'));
        assert!(text.chars().count() <= SHOWN + 2);
        assert_eq!(width, 1);
    }

    #[test]
    fn control_characters_never_reach_the_terminal() {
        let source = Source::new("a\u{1b}[31m", "x: \u{1b}[2J\u{7}\u{202e}");
        let span = Span { line: 1, column: 4, len: 9 };
        let text = source.error(span, "bad '\u{1b}\u{202e}'").to_string();
        assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{text:?}");
    }

    #[test]
    fn a_secret_in_a_wrong_place_is_struck_out() {
        let source = Source::new("a", "api_key: sk-canary0123 # Bearer aB3aB3aB3aB3aB3aB3aB3");
        let text = source.error(Span { line: 1, column: 1, len: 7 }, "unknown key").to_string();
        assert!(text.contains("1 | api_key: ************* # Bearer *********************\n"), "{text}");
    }

    #[test]
    fn a_secret_is_not_shown() {
        let source = Source::new("a", "key: sk-123");
        let span = Span { line: 1, column: 6, len: 6 };
        let text = source.error_without_value(span, "a key").to_string();
        assert!(text.contains("1 | key: …") && !text.contains("123"));
    }
}
