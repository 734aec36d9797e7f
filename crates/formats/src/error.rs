//! What is wrong with a foreign file, and what could not be carried over.
//!
//! Main types: [`FormatError`] and [`Loss`]. Their texts hold pieces of foreign
//! files: cut short, without control characters.

use std::fmt;

/// A file that cannot be read as what it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// The file as it was named.
    pub file: String,
    /// Line in it, from 1, where that is known.
    pub line: Option<u32>,
    /// What is wrong: the value and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl FormatError {
    pub(crate) fn new(file: &str, line: Option<u32>, what: impl Into<String>) -> Self {
        Self { file: place(file), line, what: what.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.what),
            None => write!(f, "{}: {}", self.file, self.what),
        }
    }
}

impl std::error::Error for FormatError {}

/// Something in a foreign file that was not carried over.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The file.
    pub file: String,
    /// Line in it, from 1; 0 where the form has no lines.
    pub line: u32,
    /// What it is, and why it was left.
    pub what: String,
    /// Whether pass and fail may differ without it.
    pub changes_results: bool,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file, self.what),
            line => write!(f, "{}:{line}: {}", self.file, self.what),
        }
    }
}

/// A foreign text in an error: at most 80 characters, none of them control characters.
pub(crate) fn brief(text: &str) -> String {
    let clean = |c: char| if c.is_control() { '·' } else { c };
    let mut out: String = text.chars().take(80).map(clean).collect();
    if text.chars().nth(80).is_some() {
        out.push('…');
    }
    out
}

/// A file's name in an error: whole as far as that is sensible.
pub(crate) fn place(file: &str) -> String {
    file.chars().take(500).map(|c| if c.is_control() { '·' } else { c }).collect()
}
