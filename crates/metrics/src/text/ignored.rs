//! Patterns whose matches do not count, in the syntax and with the meaning of Python's `re`.
//!
//! Main type: [`IgnoredPatterns`]. Patterns are rewritten where the two engines mean different
//! things, and refused where ours has no word for it. Must not guess.

use fancy_regex::{NoExpand, Regex};

/// What Python's `\w` matches, for use inside brackets.
const WORD: &str = r"\p{L}\p{N}_";
/// What Python's `\s` matches, for use inside brackets.
const SPACE: &str = r"\s\x1c-\x1f";

/// A pattern that cannot be used, or a text on which one gave up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("pattern {pattern:?}: {trouble}")]
pub struct PatternError {
    /// The pattern as given.
    pub pattern: String,
    /// What is wrong with it.
    pub trouble: String,
}

/// Patterns to delete from a text, in order, as lm-evaluation-harness does before it compares
/// (`re.sub(pattern, "", text)`).
///
/// `\w`, `\s`, `\b`, `\Z` and a `$` before a last newline are Python's; look-around and
/// back-references work. Flags that only Python has (`(?a)`, `(?L)`) are errors. Where a pattern can
/// match nothing and something at one place with nothing first (`a*?`), Python also deletes the
/// something; here it stays.
#[derive(Debug, Clone)]
pub struct IgnoredPatterns(Vec<(String, Regex)>);

impl IgnoredPatterns {
    /// Compiles the patterns.
    ///
    /// # Errors
    /// A pattern that is not one, or that only Python can use.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<IgnoredPatterns, PatternError> {
        let compile = |pattern: &S| {
            let pattern = pattern.as_ref();
            match Regex::new(&rewritten(pattern)) {
                Ok(regex) => Ok((pattern.to_owned(), regex)),
                Err(e) => Err(PatternError { pattern: pattern.to_owned(), trouble: e.to_string() }),
            }
        };
        Ok(IgnoredPatterns(patterns.iter().map(compile).collect::<Result<_, _>>()?))
    }

    /// The text without the matches of each pattern in turn; NUL characters at the end go each
    /// time, as numpy drops them.
    ///
    /// # Errors
    /// A pattern that takes too many steps on this text.
    pub fn delete(&self, text: &str) -> Result<String, PatternError> {
        let mut text = text.to_owned();
        for (pattern, regex) in &self.0 {
            let kept = regex
                .try_replacen(&text, 0, NoExpand(""))
                .map_err(|e| PatternError { pattern: pattern.clone(), trouble: e.to_string() })?;
            text = kept.trim_end_matches('\0').to_owned();
        }
        Ok(text)
    }
}

/// The pattern in our engine's words.
fn rewritten(pattern: &str) -> String {
    let lines = has_line_flag(pattern);
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => escape(&mut rest, false, &mut out),
            '[' => class(&mut rest, &mut out),
            '$' if !lines => out.push_str(r"(?=\n?\z)"),
            '{' => repetition(&mut rest, &mut out),
            other => out.push(other),
        }
    }
    out
}

/// Whether a group sets the flag under which `^` and `$` are those of lines.
fn has_line_flag(pattern: &str) -> bool {
    pattern.split("(?").skip(1).any(|group| {
        let flags = group.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(group.len());
        let closed = group[flags..].starts_with([')', ':', '-']);
        closed && group[..flags].contains('m')
    })
}

/// Rewrites what follows a backslash.
fn escape(rest: &mut std::str::Chars<'_>, inside: bool, out: &mut String) {
    let Some(c) = rest.next() else {
        return out.push('\\');
    };
    match (c, inside) {
        ('w', false) => out.push_str(&format!("[{WORD}]")),
        ('w', true) => out.push_str(WORD),
        ('W', _) => out.push_str(&format!("[^{WORD}]")),
        ('s', false) => out.push_str(&format!("[{SPACE}]")),
        ('s', true) => out.push_str(SPACE),
        ('S', _) => out.push_str(&format!("[^{SPACE}]")),
        ('b', true) => out.push_str(r"\x08"),
        ('b', false) => {
            out.push_str(&format!("(?:(?<=[{WORD}])(?![{WORD}])|(?<![{WORD}])(?=[{WORD}]))"));
        }
        ('B', false) => {
            out.push_str(&format!("(?:(?<=[{WORD}])(?=[{WORD}])|(?<![{WORD}])(?![{WORD}]))"));
        }
        ('Z', false) => out.push_str(r"\z"),
        ('0', _) => out.push_str(r"\x00"),
        // Letters that only our engine knows stay an error, as they are to Python.
        ('z' | 'h' | 'H' | 'R' | 'K' | 'G' | 'X' | 'N' | 'O' | 'e' | 'k' | 'g' | 'p' | 'P', _) => {
            out.push_str(r"\c");
        }
        (c, _) if c.is_ascii_alphanumeric() => out.extend(['\\', c]),
        (c, _) => literal(c, out),
    }
}

/// A character that stands for itself.
fn literal(c: char, out: &mut String) {
    if c == ' ' || c == '\n' || c == '#' || c == '\t' {
        // Stays itself where `(?x)` skips white space and comments.
        return out.push_str(&format!(r"\x{:02x}", c as u32));
    }
    if c.is_ascii_punctuation() && c != '<' && c != '>' {
        out.push('\\');
    }
    out.push(c);
}

/// Rewrites a bracketed class after its `[`: brackets and doubled signs inside are plain to Python.
fn class(rest: &mut std::str::Chars<'_>, out: &mut String) {
    out.push('[');
    if rest.as_str().starts_with('^') {
        rest.next();
        out.push('^');
    }
    if rest.as_str().starts_with(']') {
        rest.next();
        out.push_str(r"\]");
    }
    while let Some(c) = rest.next() {
        match c {
            ']' => return out.push(']'),
            '\\' => escape(rest, true, out),
            '[' | '&' | '~' => out.extend(['\\', c]),
            other => out.push(other),
        }
    }
}

/// Rewrites what follows `{`: a repetition, or else a plain brace.
fn repetition(rest: &mut std::str::Chars<'_>, out: &mut String) {
    let text = rest.as_str();
    let Some((inside, after)) = text.split_once('}') else {
        return out.push_str(r"\{");
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if inside.is_empty() || !digits(least) || !digits(most) {
        return out.push_str(r"\{");
    }
    *rest = after.chars();
    let least = if least.is_empty() { "0" } else { least };
    match inside.contains(',') {
        true => out.push_str(&format!("{{{least},{most}}}")),
        false => out.push_str(&format!("{{{least}}}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, text: &str, expect: &str) {
        let patterns = IgnoredPatterns::new(&[pattern]).unwrap();
        assert_eq!(patterns.delete(text).unwrap(), expect, "{pattern:?} in {text:?}");
    }

    #[test]
    fn as_python() {
        for (pattern, text, expect) in [
            (r"\.$", "40.\n", "40\n"),
            (r"\.\Z", "40.\n", "40.\n"),
            (r"(?m)\.$", "a.\nb.\n\n", "a\nb\n\n"),
            (r"\b(the|a)\b", "the cat, a\u{301} theatre", " cat, \u{301} theatre"),
            (r"\w+", "a\u{301}b_²", "\u{301}"),
            (r"\s", "a\u{1c}b", "ab"),
            (r"[[\]&&x]", "[a]&x", "a"),
            (r"[]a]", "]ab", "b"),
            (r"a{,2}b", "aaab", "a"),
            (r"a{x", "a{x", ""),
            (r"a{}", "a{}", ""),
            (r"\<b\>\#", "<b>#c", "c"),
            (r"(?x)a\ b [ ]", "a b a", "a"),
            (r"(?<=x)y", "xyy", "xy"),
            (r"(a)\1", "aab", "b"),
            (r"(?s).*#### ", "x\n#### 4", "4"),
            (r"x*", "axb", "ab"),
            ("a", "ba\0", "b"),
        ] {
            check(pattern, text, expect);
        }
    }

    #[test]
    fn what_cannot_be_used_is_an_error() {
        for pattern in ["(", "[a", "a**", r"(?a)\w", r"\z", r"\p{L}", r"\q", "\\"] {
            let error = IgnoredPatterns::new(&[pattern]).unwrap_err();
            assert_eq!(error.pattern, pattern);
        }
        let patterns = IgnoredPatterns::new(&[r"(x+x+)+(?=y)\1"]).unwrap();
        assert!(patterns.delete(&"x".repeat(60)).is_err());
    }
}
