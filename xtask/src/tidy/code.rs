//! Rust source as the rules see it: comments and texts blanked out, tests cut away, functions
//! measured.
//!
//! A scanner of bytes, not a parser: it knows comments, literals and brackets, nothing else.
//! Everything it returns has the lines of the input, so that line numbers stay true.

/// A function and its size.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function<'a> {
    pub(crate) name: &'a str,
    /// Line of the `fn`, from 1.
    pub(crate) line: usize,
    /// From the line of `fn` to that of the closing brace, both counted.
    pub(crate) lines: usize,
}

/// The text with every comment and the inside of every literal turned into spaces.
pub(crate) fn blank(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = dead_end(bytes, at);
        match end {
            Some(end) => {
                let end = end.min(bytes.len());
                for byte in &mut out[at..end] {
                    if *byte != b'\n' {
                        *byte = b' ';
                    }
                }
                at = end;
            }
            None => at += 1,
        }
    }
    String::from_utf8(out).expect("whole literals and comments became ASCII spaces")
}

/// If a comment or literal starts at `at`: where it ends.
fn dead_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    if rest.starts_with(b"//") {
        let length = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
        return Some(at + length);
    }
    if rest.starts_with(b"/*") {
        return Some(at + block_comment(rest));
    }
    match rest[0] {
        b'"' => Some(at + 1 + string(&rest[1..])),
        b'\'' => char_literal(rest).map(|length| at + length),
        b'r' if starts_word(bytes, at) => raw_string(rest).map(|length| at + length),
        _ => None,
    }
}

/// Length of a block comment; they nest.
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a string after its opening quote, the closing one included.
fn string(rest: &[u8]) -> usize {
    let mut at = 0;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a character literal, `None` for a lifetime or label.
fn char_literal(rest: &[u8]) -> Option<usize> {
    if rest.get(1) == Some(&b'\\') {
        // The escaped character itself may be a quote: look behind it.
        let close = rest.iter().skip(3).position(|b| *b == b'\'')?;
        return Some(3 + close + 1);
    }
    let width = match rest.get(1)? {
        0x00..=0x7f => 1,
        0x80..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => 4,
    };
    (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
}

/// Length of `r"…"` or `r#"…"#`, `None` for a raw identifier or a word that starts with r.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
    let open = 1 + hashes;
    if rest.get(open) != Some(&b'"') {
        return None;
    }
    let mut close = vec![b'"'];
    close.resize(1 + hashes, b'#');
    let body = &rest[open + 1..];
    let length = body.windows(close.len()).position(|w| w == close).unwrap_or(body.len());
    Some(open + 1 + length + close.len())
}

/// Whether the `r` at `at` may start a raw literal: alone, or behind the `b` or `c` of `br`, `cr`.
fn starts_word(bytes: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|i| bytes[i]);
    match before(1) {
        Some(b'b' | b'c') => !before(2).is_some_and(is_word),
        Some(byte) => !is_word(byte),
        None => true,
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Blanked code with every item that only tests see turned into spaces as well.
pub(crate) fn without_tests(code: &str) -> String {
    let mut out = code.as_bytes().to_vec();
    let mut at = 0;
    while let Some(start) = find(&out, b"#", at) {
        let Some((open, close)) = attribute(&out, start) else {
            at = start + 1;
            continue;
        };
        let inner = out[start + 1] == b'!';
        let words = String::from_utf8_lossy(&out[open + 1..close]).into_owned();
        at = close + 1;
        if !names_tests(&words) {
            continue;
        }
        let end = if inner { out.len() } else { item_end(&out, at) };
        for byte in &mut out[start..end] {
            if *byte != b'\n' {
                *byte = b' ';
            }
        }
        at = end;
    }
    String::from_utf8(out).expect("items became ASCII spaces up to ASCII brackets")
}

fn names_tests(attribute: &str) -> bool {
    let squeezed: String = attribute.split_whitespace().collect();
    if squeezed.starts_with("cfg(") {
        return has_word(&squeezed, "test") && !squeezed.contains("not(");
    }
    let path = squeezed.split('(').next().unwrap_or("");
    path == "test" || path.ends_with("::test")
}

/// The brackets of the attribute whose `#` is at `start`.
fn attribute(bytes: &[u8], start: usize) -> Option<(usize, usize)> {
    let mut open = start + 1;
    if bytes.get(open) == Some(&b'!') {
        open += 1;
    }
    (bytes.get(open) == Some(&b'[')).then(|| (open, closing(bytes, open)))
}

/// Where the item that starts at `at` ends: behind its `;` or its closing brace.
fn item_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' => at = closing(bytes, at) + 1,
            b'{' => return (closing(bytes, at) + 1).min(bytes.len()),
            b';' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The bracket that closes the one at `open`; the last byte when none does.
fn closing(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    bytes.len() - 1
}

fn find(bytes: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    rest.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

/// Every function with a body, in order; nested ones count in their parent too.
pub(crate) fn functions(code: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let after = code[at + 2..].trim_start();
        let length = after.bytes().take_while(|b| is_word(*b)).count();
        if length == 0 {
            continue; // a function pointer type, or a macro's `fn $name`
        }
        let end = item_end(code.as_bytes(), at);
        if code.as_bytes()[end - 1] == b'}' {
            let line = line_of(code, at);
            let lines = line_of(code, end - 1) - line + 1;
            found.push(Function { name: &after[..length], line, lines });
        }
    }
    found
}

/// Where a word stands by itself.
pub(crate) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = at.checked_sub(1).map(|i| bytes[i]);
        let after = bytes.get(at + word.len()).copied();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Whether a word stands by itself somewhere.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    words(code, word).next().is_some()
}

/// The text between the bracket at `open` and its partner.
pub(crate) fn inside(code: &str, open: usize) -> &str {
    let close = closing(code.as_bytes(), open);
    &code[(open + 1).min(close)..close]
}

/// The line of a byte, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_blank(input: &str, expect: &str) {
        assert_eq!(blank(input), expect, "{input}");
        assert_eq!(blank(input).len(), input.len(), "offsets must not move");
    }

    #[test]
    fn comments_and_literals_become_spaces() {
        check_blank("a // fn x\nb", "a        \nb");
        check_blank("a /* x /* y */ z */ b", "a                   b");
        check_blank(r#"f("a \" b") + 1"#, "f(        ) + 1");
        check_blank("'{' + b'}' + '\\'' + x", "    + b    +      + x");
        check_blank("'한' x", "      x");
        check_blank("r#\"fn \"x\" {\"# y", "              y");
        check_blank("br\"\\\" y", "b     y");
    }

    #[test]
    fn lifetimes_raw_words_and_division_stay() {
        for text in ["fn a<'a>(x: &'a str)", "r#type", "a / b", "'outer: loop {}", "for r in x"] {
            check_blank(text, text);
        }
    }

    #[test]
    fn unfinished_input_does_not_panic() {
        for text in ["\"abc", "/* abc", "r#\"abc", "'", "#[cfg(test)", "fn a(", "fn a() {", "'\\"] {
            let code = blank(text);
            without_tests(&code);
            functions(&code);
        }
    }

    fn check_without_tests(input: &str, stays: &[&str], goes: &[&str]) {
        let rest = without_tests(&blank(input));
        assert_eq!(rest.lines().count(), input.lines().count());
        for word in stays {
            assert!(has_word(&rest, word), "{word} must stay in {rest}");
        }
        for word in goes {
            assert!(!has_word(&rest, word), "{word} must go from {rest}");
        }
    }

    #[test]
    fn test_items_go_and_the_code_behind_them_stays() {
        let text = "fn one() {}\n#[cfg(test)]\nmod tests {\n  fn two() { a[0] }\n}\nfn three() {}";
        check_without_tests(text, &["one", "three"], &["two", "tests"]);
        check_without_tests("#[cfg(test)]\nmod two;\nfn one() {}", &["one"], &["two"]);
        check_without_tests("#[cfg(all(test, unix))]\nuse a::{two};\nfn one() {}", &["one"], &["two"]);
        check_without_tests("#[tokio::test(start_paused)]\nfn two() {}\nfn one() {}", &["one"], &["two"]);
        check_without_tests("#![cfg(test)]\nfn two() {}", &[], &["two"]);
        check_without_tests("#[test]\n#[ignore]\nfn two(x: [u8; 2]) {}\nfn one() {}", &["one"], &["two"]);
    }

    #[test]
    fn what_tests_do_not_see_stays() {
        check_without_tests("#[cfg(not(test))]\nfn one() {}", &["one"], &[]);
        check_without_tests("#[cfg(feature = \"test\")]\nfn one() {}", &["one"], &[]);
        check_without_tests("#[derive(Debug)]\nstruct One;", &["One"], &[]);
        check_without_tests("// #[cfg(test)]\nfn one() {}", &["one"], &[]);
    }

    fn check_functions(input: &str, expect: &[(&str, usize, usize)]) {
        let code = blank(input);
        let found: Vec<_> = functions(&code).iter().map(|f| (f.name, f.line, f.lines)).collect();
        assert_eq!(found, expect, "{input}");
    }

    #[test]
    fn functions_are_measured_from_fn_to_brace() {
        check_functions("fn a() {}", &[("a", 1, 1)]);
        check_functions("\nfn a(\n x: [u8; 2],\n) -> u8 {\n  \"}\";\n  1\n}\n", &[("a", 2, 6)]);
        check_functions("impl A {\n fn a() {\n  fn b() {\n  }\n }\n}", &[("a", 2, 4), ("b", 3, 2)]);
    }

    #[test]
    fn declarations_and_pointer_types_have_no_size() {
        check_functions("trait A { fn a(&self); }", &[]);
        check_functions("struct A { f: fn(u8) -> u8 }", &[]);
        check_functions("let fnord = 1; // fn a() {}", &[]);
    }

    #[test]
    fn words_stand_alone() {
        assert!(has_word("unsafe { x }", "unsafe"));
        assert!(!has_word("#![forbid(unsafe_code)]", "unsafe"));
        assert!(!has_word("unsafely()", "unsafe"));
    }
}
