//! The tokenizers beside the substitutions of the reference, carried out literally.

use super::*;

fn check(tokenizer: Tokenizer, line: &str, expect: &[&str]) {
    assert_eq!(tokenizer.tokens(line), expect, "{tokenizer} {line:?}");
}

#[test]
fn traps() {
    check(Tokenizer::V13a, "a..b 1.5 x.5 5.x", &["a", ".", ".", "b", "1.5", "x", ".", "5", "5", ".", "x"]);
    check(Tokenizer::V13a, "&amp;lt; &lt;skipped>", &["<", "<", "skipped", ">"]);
    check(Tokenizer::V13a, "well-\nknown 1-2\u{1c}x", &["wellknown", "1", "-", "2", "x"]);
    check(Tokenizer::Intl, "Year 1999.", &["Year", "1999."]);
    check(Tokenizer::Intl, "«5€»", &["«5", "€", "»"]);
    check(Tokenizer::Zh, "中a‘b", &["中", "a", "‘", "b"]);
    check(Tokenizer::Char, " a 中\u{85}", &["a", "中"]);
    check(Tokenizer::None, "a,b\u{3000}c", &["a,b", "c"]);
    check(Tokenizer::KoChar, "\u{1112}\u{1161} v1.2!", &["\u{1112}", "\u{1161}", "v1.2", "!"]);
}

#[test]
fn names() {
    for tokenizer in Tokenizer::ALL {
        assert_eq!(Tokenizer::from_name(tokenizer.name()), Ok(tokenizer));
    }
    assert_eq!(Tokenizer::from_name("ko-morph"), Err(NoTokenizer::KoMorph));
    assert!(Tokenizer::from_name("14a").unwrap_err().to_string().contains("ko-char"));
}

/// Python's `re.sub` of a pattern of two neighbours.
fn pairs(
    line: &[char],
    hit: impl Fn(char, char) -> bool,
    put: impl Fn(char, char) -> Vec<char>,
) -> Vec<char> {
    let (mut out, mut i) = (Vec::new(), 0);
    while i < line.len() {
        if i + 1 < line.len() && hit(line[i], line[i + 1]) {
            out.extend(put(line[i], line[i + 1]));
            i += 2;
        } else {
            out.push(line[i]);
            i += 1;
        }
    }
    out
}

fn marks(line: Vec<char>, number: fn(char) -> bool, mark: fn(char) -> bool) -> Vec<char> {
    let line = pairs(&line, |a, b| !number(a) && mark(b), |a, b| vec![a, ' ', b, ' ']);
    pairs(&line, |a, b| mark(a) && !number(b), |a, b| vec![' ', a, ' ', b])
}

fn singles(line: &[char], hit: fn(char) -> bool) -> Vec<char> {
    line.iter().flat_map(|c| if hit(*c) { vec![' ', *c, ' '] } else { vec![*c] }).collect()
}

fn words(line: Vec<char>) -> Vec<String> {
    python_split(&line.into_iter().collect::<String>()).map(str::to_owned).collect()
}

fn slow_13a(line: &str) -> Vec<String> {
    let line: Vec<char> = format!(" {line} ").chars().collect();
    let line = singles(&line, |c| c == ' ' || c.is_ascii_punctuation() && !"',.-".contains(c));
    let line = marks(line, |c| c.is_ascii_digit(), |c| ".,".contains(c));
    words(pairs(&line, |a, b| a.is_ascii_digit() && b == '-', |a, b| vec![a, ' ', b, ' ']))
}

fn slow_intl(line: &str) -> Vec<String> {
    let line: Vec<char> = line.trim_end_matches(is_python_space).chars().collect();
    let line = marks(
        line,
        |c| c.general_category_group() == GeneralCategoryGroup::Number,
        |c| c.general_category_group() == GeneralCategoryGroup::Punctuation,
    );
    words(singles(&line, |c| c.general_category_group() == GeneralCategoryGroup::Symbol))
}

proptest::proptest! {
    #[test]
    fn as_the_literal_substitutions(line in "[a1.,\\-'!~ é€。²\u{1f}\u{85}]{0,16}") {
        assert_eq!(Tokenizer::V13a.tokens(&line), slow_13a(&line), "13a {line:?}");
        assert_eq!(Tokenizer::Intl.tokens(&line), slow_intl(&line), "intl {line:?}");
    }
}
