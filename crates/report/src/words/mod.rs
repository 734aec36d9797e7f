//! The words that people read, in English and in Korean.
//!
//! ```text
//!  "{~place}: {n} of {of} requests were never sent ({~why})"    English, as the code says it: the key
//!  "{place}: 요청 {of}건 중 {n}건을 보내지 못했습니다({why})"   its Korean, in one table: ko.rs, metrics.rs, program.rs
//! ```
//!
//! Main type: [`Lang`]. English is what the code says, so that nothing is looked up for it and
//! JSON, CSV and JUnit never change. [`Lang::say`] and [`Lang::fill`] translate what is written
//! in this workspace's own code; [`Lang::tell`] translates a whole sentence that another crate
//! made, by finding the entry that it was made from. What has no entry stays as it is: a
//! test walks the sources and fails for every message without one.
//!
//! Must not translate text of models, suites or servers, names or ids.

mod calibration;
mod capacity;
mod files;
mod ko;
mod metrics;
mod page;
mod program;
mod rank;
mod scored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Korean.
    Ko,
}

/// A language that there are no messages in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LangUnknown;

impl fmt::Display for LangUnknown {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("known: en, ko")
    }
}

impl std::error::Error for LangUnknown {}

impl FromStr for Lang {
    type Err = LangUnknown;

    fn from_str(text: &str) -> Result<Self, LangUnknown> {
        match text {
            "en" => Ok(Self::En),
            "ko" => Ok(Self::Ko),
            _ => Err(LangUnknown),
        }
    }
}

/// Longest text that is looked up as a sentence; a longer one is nobody's message.
const LONGEST: usize = 4096;

/// English and its translation.
type Entry = (&'static str, &'static str);

fn entries() -> impl Iterator<Item = &'static Entry> {
    let program = [program::WORDS, metrics::TITLES, rank::RANK, files::SENTENCES, scored::SCORED];
    let more = [rank::PEOPLE, page::PAGE, calibration::CALIBRATION, capacity::TITLES, capacity::SENTENCES];
    [ko::WORDS, ko::SENTENCES].into_iter().chain(program).chain(more).flatten()
}

impl Lang {
    /// A fixed text.
    #[must_use]
    pub fn say(self, english: &'static str) -> &'static str {
        match self {
            Self::En => english,
            Self::Ko => exact(english).unwrap_or(english),
        }
    }

    /// A text with values: `{n} of {of}` takes `n` and `of`.
    #[must_use]
    pub fn fill(self, english: &'static str, values: &[(&str, &str)]) -> String {
        filled(self.say(english), values)
    }

    /// A sentence that was made elsewhere, in English, from one of the known ones.
    #[must_use]
    pub fn tell(self, english: &str) -> String {
        match self {
            Self::En => english.to_owned(),
            Self::Ko => told(english).unwrap_or_else(|| english.to_owned()),
        }
    }
}

fn exact(english: &str) -> Option<&'static str> {
    entries().find(|(en, _)| *en == english).map(|(_, ko)| *ko)
}

/// Puts values where a text names them; a value is never read as a text with names.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(name) => {
                let name = name.trim_start_matches('~');
                let value = values.iter().find(|(own, _)| own.trim_start_matches('~') == name);
                out.push_str(value.map_or("", |(_, value)| value));
            }
        }
    }
    out
}

/// A piece of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// Its name; one that begins with `~` is itself a message.
    Value(&'t str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            all.push(Piece::Text(before));
        }
        all.push(Piece::Value(name));
        rest = after;
    }
    if !rest.is_empty() {
        all.push(Piece::Text(rest));
    }
    all
}

/// The sentence in Korean, if it is known; of several parts, those that are.
fn told(english: &str) -> Option<String> {
    if english.is_empty() || english.len() > LONGEST {
        return None;
    }
    if let Some(korean) = exact(english) {
        return Some(korean.to_owned());
    }
    // `error: …`, `absent: …`: what follows is looked at alone, however much it is like a longer entry.
    for (en, ko) in entries() {
        let [Piece::Text(before), Piece::Value(name)] = pieces(en)[..] else { continue };
        if let Some(rest) =
            english.strip_prefix(before).filter(|rest| name.starts_with('~') && !rest.is_empty())
        {
            return Some(filled(ko, &[(name, &Lang::Ko.tell(rest))]));
        }
    }
    // The entry that explains most of the sentence.
    let fits = entries().filter_map(|(en, ko)| {
        let pieces = pieces(en);
        let values = values(&pieces, english)?;
        let own: usize = pieces.iter().map(|p| if let Piece::Text(text) = p { text.len() } else { 0 }).sum();
        Some((own, ko, values))
    });
    if let Some((_, korean, values)) = fits.max_by_key(|(own, ..)| *own) {
        let values: Vec<(&str, String)> = values
            .into_iter()
            .map(|(name, text)| {
                let is_message = name.starts_with('~');
                (name, if is_message { Lang::Ko.tell(text) } else { text.to_owned() })
            })
            .collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, text)| (*name, text.as_str())).collect();
        return Some(filled(korean, &values));
    }
    let (first, rest) = english.split_once("; ")?;
    Some(format!("{}; {}", Lang::Ko.tell(first), Lang::Ko.tell(rest)))
}

/// The values of a message in a sentence that was made from it: the shortest that fit.
fn values<'t>(pieces: &[Piece<'static>], sentence: &'t str) -> Option<Vec<(&'static str, &'t str)>> {
    let mut found = Vec::new();
    let mut rest = sentence;
    let mut open: Option<&'static str> = None;
    for (i, piece) in pieces.iter().enumerate() {
        match (piece, open.take()) {
            (Piece::Value(name), _) => open = Some(name),
            (Piece::Text(text), None) => rest = rest.strip_prefix(text)?,
            (Piece::Text(text), Some(name)) => {
                let is_last = i + 1 == pieces.len();
                let at = if is_last { rest.len().checked_sub(text.len()) } else { rest.find(text) }?;
                let (value, after) = rest.split_at_checked(at)?;
                rest = after.strip_prefix(text)?;
                found.push((name, value));
            }
        }
    }
    if let Some(name) = open {
        found.push((name, std::mem::take(&mut rest)));
    }
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b",.+-?".contains(&b));
    let fits = |(name, value): &(&str, &str)| {
        // Where a value would hold the seam of two sentences, they are looked at one by one.
        let is_one = name.starts_with('~') || !value.contains("; ");
        !value.is_empty() && is_one && (!["n", "of", "k", "m"].contains(name) || is_number(value))
    };
    (rest.is_empty() && !found.is_empty() && found.len() < pieces.len() && found.iter().all(fits))
        .then_some(found)
}
