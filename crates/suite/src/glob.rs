//! Patterns of names: `*`, `?`, `[a-z]`, and `**` over folders.
//!
//! Main functions: [`matches`] for paths, [`matches_text`] for ids. Work grows with
//! pattern times text, never beyond. Must not read folders.

/// Whether a path matches: `*` stays within a folder, `**` does not.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    run(&tokens(pattern, '/'), path)
}

/// Whether a text matches as a whole: `*` is any text.
pub(crate) fn matches_text(pattern: &str, text: &str) -> bool {
    run(&tokens(pattern, '\0'), text)
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
fn run(tokens: &[Token], text: &str) -> bool {
    let mut states = vec![false; tokens.len() + 1];
    states[0] = true;
    open_stars(tokens, &mut states);
    for c in text.chars() {
        let mut next = vec![false; tokens.len() + 1];
        for (i, token) in tokens.iter().enumerate().filter(|(i, _)| states[*i]) {
            match token {
                Token::One(one) => next[i + 1] |= *one == c,
                Token::Any(separator) => next[i + 1] |= c != *separator,
                Token::Set { not, ranges } => {
                    next[i + 1] |= ranges.iter().any(|(a, b)| (*a..=*b).contains(&c)) != *not && c != '/';
                }
                Token::Star(separator) => next[i] |= c != *separator,
                Token::Deep => next[i] = true,
            }
        }
        open_stars(tokens, &mut next);
        states = next;
    }
    states[tokens.len()]
}

/// A star may also stand for nothing.
fn open_stars(tokens: &[Token], states: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        if states[i] && matches!(token, Token::Star(_) | Token::Deep) {
            states[i + 1] = true;
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
        ] {
            assert_eq!(matches(pattern, path), expect, "{pattern} {path}");
        }
        assert!(matches_text("q/*", "q/a/b"));
        // A pattern that would take for ever if every way were tried.
        assert!(!matches_text(&"*a".repeat(500), &"a".repeat(400)));
    }
}
