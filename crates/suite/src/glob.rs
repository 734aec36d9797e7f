//! Patterns of names: `*`, `?`, `[a-z]`, and `**` over folders.
//!
//! Main items: [`Glob`] for paths, [`matches_text`] for ids. Work grows with
//! pattern times text, never beyond. Must not read folders.

/// A pattern of paths: `*` stays within a folder, `**` does not.
pub(crate) struct Glob(Vec<Token>);

impl Glob {
    pub(crate) fn of_paths(pattern: &str) -> Self {
        Self(tokens(pattern, '/'))
    }

    /// Whether a path matches; `steps` grows by what was looked at.
    pub(crate) fn matches(&self, path: &str, steps: &mut u64) -> bool {
        run(&self.0, path, steps)
    }
}

/// Whether a text matches as a whole: `*` is any text.
pub(crate) fn matches_text(pattern: &str, text: &str) -> bool {
    run(&tokens(pattern, '\0'), text, &mut 0)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    One(char),
    /// Any character but a separator.
    Any(char),
    Set {
        not: bool,
        ranges: Vec<(char, char)>,
    },
    /// Any run of characters without the separator.
    Star(char),
    /// Any run of characters.
    Deep,
}

impl Token {
    fn takes(&self, c: char) -> bool {
        match self {
            Token::One(one) => *one == c,
            Token::Any(separator) | Token::Star(separator) => c != *separator,
            Token::Set { not, ranges } => {
                ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *not && c != '/'
            }
            Token::Deep => true,
        }
    }
}

fn tokens(pattern: &str, separator: char) -> Vec<Token> {
    let chars: Vec<char> = pattern.chars().collect();
    let mut out = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            '*' if separator == '/' && chars.get(i + 1) == Some(&'*') => {
                i += 1;
                // `**/` also means no folder at all.
                if chars.get(i + 1) == Some(&'/') {
                    i += 1;
                }
                out.push(Token::Deep);
            }
            '*' => out.push(Token::Star(separator)),
            '?' => out.push(Token::Any(separator)),
            '[' => match set(&chars[i + 1..]) {
                Some((token, length)) => {
                    out.push(token);
                    i += length;
                }
                None => out.push(Token::One('[')),
            },
            c => out.push(Token::One(c)),
        }
        i += 1;
    }
    out
}

/// A set after its bracket, and how many characters it takes.
fn set(chars: &[char]) -> Option<(Token, usize)> {
    let end = chars.iter().skip(1).position(|c| *c == ']')? + 1;
    let not = matches!(chars[0], '!' | '^');
    let inner = &chars[usize::from(not)..end];
    let mut ranges = Vec::new();
    let mut i = 0;
    while i < inner.len() {
        if inner.get(i + 1) == Some(&'-') && i + 2 < inner.len() {
            ranges.push((inner[i], inner[i + 2]));
            i += 3;
        } else {
            ranges.push((inner[i], inner[i]));
            i += 1;
        }
    }
    Some((Token::Set { not, ranges }, end + 1))
}

/// All positions of the pattern are followed at once, so that nothing is tried twice.
/// `steps` counts what was looked at.
fn run(tokens: &[Token], text: &str, steps: &mut u64) -> bool {
    let (mut now, mut next) = (Vec::new(), Vec::new());
    enter(tokens, &mut now, 0);
    for c in text.chars() {
        *steps += now.len() as u64;
        next.clear();
        for &i in &now {
            match tokens.get(i) {
                Some(token) if !token.takes(c) => {}
                Some(Token::Star(_) | Token::Deep) => enter(tokens, &mut next, i),
                Some(_) => enter(tokens, &mut next, i + 1),
                None => {}
            }
        }
        std::mem::swap(&mut now, &mut next);
        if now.is_empty() {
            return false;
        }
    }
    now.last() == Some(&tokens.len())
}

/// Adds a position and, since a star may also stand for nothing, those behind its stars.
/// Positions come in order, each run of them without gaps: what is not beyond the last is there.
fn enter(tokens: &[Token], positions: &mut Vec<usize>, at: usize) {
    for i in at.. {
        if positions.last().is_none_or(|last| *last < i) {
            positions.push(i);
        }
        if !matches!(tokens.get(i), Some(Token::Star(_) | Token::Deep)) {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_as_shells_do() {
        for (pattern, path, expect) in [
            ("data/test-*.parquet", "data/test-00000-of-00002.parquet", true),
            ("data/*.parquet", "data/x/a.parquet", false),
            ("**/*.parquet", "a.parquet", true),
            ("**/*.parquet", "a/b/c.parquet", true),
            ("data/**", "data/a/b.csv", true),
            ("*.csv", "a.tsv", false),
            ("part-[0-3].csv", "part-2.csv", true),
            ("part-[!0-3].csv", "part-2.csv", false),
            ("part-?.csv", "part-22.csv", false),
            ("a[b", "a[b", true),
            ("", "", true),
            ("", "a", false),
            ("a***b*", "aXb", true),
            ("**/x/**/y", "a/x/b/c/y", true),
            ("*a*b*c", "xaxbxbxc", true),
            ("*a*b*c", "xaxcxb", false),
        ] {
            assert_eq!(Glob::of_paths(pattern).matches(path, &mut 0), expect, "{pattern} {path}");
        }
        assert!(matches_text("q/*", "q/a/b"));
        // A pattern that would take for ever if every way were tried.
        assert!(!matches_text(&"*a".repeat(500), &"a".repeat(400)));
    }
}
