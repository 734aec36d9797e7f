//! From the visible text to the answer that is scored.
//!
//! Main type: [`Extractor`], a compiled [`Extraction`]. Thinking between
//! `<think>` tags is never an answer: it is taken out first, and a text that
//! ends while still thinking has no answer. Must not judge the answer.

use acidtest_record::{Extraction, THINKING_TAGS, without_tags};
use regex::Regex;
use serde_json::Value;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Longest pattern's compiled size, in bytes.
const MAX_PATTERN: usize = 1 << 20;

/// Why a text has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// A `<think>` is never closed.
    #[error("the text ends before the thinking does")]
    Thinking,
    /// The pattern does not match.
    #[error("the pattern does not match")]
    NoMatch,
    /// The text is not JSON, and neither is a fenced block in it.
    #[error("the text is not JSON")]
    NotJson,
    /// The JSON has nothing, or null, at the pointer.
    #[error("the JSON has nothing at the pointer")]
    NoPointer,
    /// There is no number.
    #[error("there is no number")]
    NoNumber,
    /// There is no choice letter, or several that cannot be told apart.
    #[error("there is no clear choice letter")]
    NoLetter,
    /// The pattern itself is not valid; a loaded suite never has one.
    #[error("the pattern is not valid")]
    BadPattern,
}

/// A compiled [`Extraction`].
#[derive(Debug)]
pub struct Extractor {
    rule: Rule,
    /// Names of the tags between which models think.
    tags: Vec<String>,
}

#[derive(Debug)]
enum Rule {
    Whole,
    Pattern(Regex),
    Pointer(String),
    LastNumber,
    Letter(Vec<char>),
}

impl Extractor {
    /// Compiles an extraction.
    ///
    /// # Errors
    /// The pattern is not valid; the text says why.
    pub fn compile(extraction: &Extraction) -> Result<Extractor, String> {
        let rule = match extraction {
            Extraction::Whole => Rule::Whole,
            Extraction::Regex(pattern) => Rule::Pattern(compile_pattern(pattern)?),
            Extraction::Pointer(pointer) => Rule::Pointer(pointer.clone()),
            Extraction::LastNumber => Rule::LastNumber,
            Extraction::Letter(letters) => Rule::Letter(letters.chars().collect()),
        };
        Ok(Extractor { rule, tags: THINKING_TAGS.map(str::to_owned).to_vec() })
    }

    /// The same, where models also think between tags of these names.
    #[must_use]
    pub fn thinking(mut self, tags: &[String]) -> Extractor {
        self.tags.extend_from_slice(tags);
        self
    }

    /// The visible text: what is left without thinking.
    ///
    /// # Errors
    /// The text ends before its thinking does.
    pub fn visible<'t>(&self, text: &'t str) -> Result<Cow<'t, str>, NotFound> {
        without_tags(text, &self.tags).map_err(|_| NotFound::Thinking)
    }

    /// Takes the answer out of a text.
    ///
    /// # Errors
    /// The text has none.
    pub fn apply(&self, text: &str) -> Result<String, NotFound> {
        let text = self.visible(text)?;
        let text = text.trim();
        match &self.rule {
            Rule::Whole => Ok(text.to_owned()),
            Rule::Pattern(pattern) => first_match(pattern, text).ok_or(NotFound::NoMatch),
            Rule::Pointer(pointer) => at_pointer(text, pointer),
            Rule::LastNumber => last_number(text).ok_or(NotFound::NoNumber),
            Rule::Letter(letters) => {
                crate::letter::choice(text, letters).map(String::from).ok_or(NotFound::NoLetter)
            }
        }
    }
}

/// Takes the answer out of a text once. For many texts, compile an [`Extractor`].
///
/// # Errors
/// The text has no answer, or the pattern is not valid.
pub fn extract(extraction: &Extraction, visible_text: &str) -> Result<String, NotFound> {
    Extractor::compile(extraction).map_err(|_| NotFound::BadPattern)?.apply(visible_text)
}

/// Compiles a pattern of a suite; its size is bounded and its time is linear.
pub(crate) fn compile_pattern(pattern: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(pattern).size_limit(MAX_PATTERN).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "the pattern is too big".to_owned(),
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        }
    })
}

fn first_match(pattern: &Regex, text: &str) -> Option<String> {
    let found = pattern.captures(text)?;
    let part = found.get(1).or_else(|| found.get(0))?;
    Some(part.as_str().to_owned())
}

fn at_pointer(text: &str, pointer: &str) -> Result<String, NotFound> {
    let json = parse_json(text).ok_or(NotFound::NotJson)?;
    match json.pointer(pointer) {
        None | Some(Value::Null) => Err(NotFound::NoPointer),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Ok(other.to_string()),
    }
}

/// The text as JSON, or the first fenced block of it that is.
fn parse_json(text: &str) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    // Odd pieces between fences are blocks; each begins with the word after the fence.
    text.split("```").skip(1).step_by(2).find_map(|block| {
        let body = match block.split_once('\n') {
            Some((word, body)) if word.trim().chars().all(char::is_alphanumeric) => body,
            _ => block.trim_start_matches("json"),
        };
        serde_json::from_str(body.trim()).ok()
    })
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    // Groups of three after a comma or a narrow blank are one number; other commas separate numbers.
    Regex::new(
        r"(?:[0-9]{1,3}(?:[,\u{00A0}\u{202F}][0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+",
    )
    .expect("the pattern is fixed and tested")
});

/// The last number of a text, without separators, with its sign.
fn last_number(text: &str) -> Option<String> {
    let text = ascii_digits(text);
    let found = NUMBER.find_iter(&text).filter(|m| !is_tail_of_number(&text, m.start(), m.end())).last()?;
    let digits: String =
        found.as_str().chars().filter(|c| !matches!(c, ',' | '\u{00A0}' | '\u{202F}')).collect();
    let digits = if digits.starts_with('.') { format!("0{digits}") } else { digits };
    Some(if is_negative(&text[..found.start()]) { format!("-{digits}") } else { digits })
}

/// Whether a match is the rest of something longer: `.3` of `1.2.3`.
fn is_tail_of_number(text: &str, start: usize, end: usize) -> bool {
    text[start..end].starts_with('.') && text[..start].ends_with(|c: char| c.is_alphanumeric())
}

/// Whether what stands before a number ends in a minus that is a sign: in
/// `3-5`, `GPT-4` and `1920년-1930년` it is a dash.
fn is_negative(before: &str) -> bool {
    let before = before.trim_end_matches(['$', '€', '£', '¥', '₩']);
    let Some(rest) = before.strip_suffix(['-', '−', '－']) else {
        return false;
    };
    !rest.ends_with(|c: char| c.is_alphanumeric() || matches!(c, ')' | '-' | '−'))
}

/// Full-width digits as plain ones; everything else stays.
fn ascii_digits(text: &str) -> Cow<'_, str> {
    if !text.contains(|c| matches!(c, '０'..='９')) {
        return Cow::Borrowed(text);
    }
    let plain = |c: char| match c {
        '０'..='９' => char::from_u32(u32::from(c) - 0xFF10 + 0x30).unwrap_or(c),
        other => other,
    };
    Cow::Owned(text.chars().map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(extraction: &Extraction, text: &str, expect: Result<&str, NotFound>) {
        let got = extract(extraction, text);
        assert_eq!(got.as_deref(), expect.as_deref(), "{extraction:?} of {text:?}");
    }

    #[test]
    fn thinking_is_never_the_answer() {
        for (text, expect) in [
            ("<think>it is 5</think> 7 ", Ok("7")),
            ("I think in the prompt</think>\n\n7", Ok("7")),
            ("<think>a</think>one <think>b</think>two", Ok("one two")),
            ("<thinking>a</thinking>7", Ok("7")),
            ("<think>it is 5", Err(NotFound::Thinking)),
            ("7 <think>or is it", Err(NotFound::Thinking)),
            ("<think></think>", Ok("")),
            ("plain", Ok("plain")),
        ] {
            check(&Extraction::Whole, text, expect);
        }
    }

    #[test]
    fn patterns_give_group_or_match() {
        let group = Extraction::Regex("answer: (\\w+)".into());
        check(&group, "the answer: blue", Ok("blue"));
        check(&group, "no", Err(NotFound::NoMatch));
        check(&Extraction::Regex("[0-9]{4}".into()), "in 1503 or 1504", Ok("1503"));
        check(&Extraction::Regex("(a)|b".into()), "b", Ok("b"));
        check(&Extraction::Regex("(".into()), "x", Err(NotFound::BadPattern));
    }

    #[test]
    fn pointers_reach_into_plain_and_fenced_json() {
        let at = Extraction::Pointer("/a/0".into());
        check(&at, r#" {"a": ["x"]} "#, Ok("x"));
        check(&at, "Here:\n```json\n{\"a\": [1.5]}\n```\nDone.", Ok("1.5"));
        check(&at, "```\n{\"a\": [{\"b\": 1}]}\n```", Ok(r#"{"b":1}"#));
        check(&at, "```json{\"a\":[true]}```", Ok("true"));
        check(&at, r#"{"a": [null]}"#, Err(NotFound::NoPointer));
        check(&at, r#"{"b": 1}"#, Err(NotFound::NoPointer));
        check(&at, "no json", Err(NotFound::NotJson));
        check(&Extraction::Pointer(String::new()), "[1, 2]", Ok("[1,2]"));
    }

    #[test]
    fn the_last_number_is_found() {
        for (text, expect) in [
            ("so 12 + 30 = 42.", "42"),
            ("it is 1,234,567.89 won", "1234567.89"),
            ("the list 1,2,3", "3"),
            ("답은 42입니다.", "42"),
            ("제2전시실의 771년", "771"),
            ("온도는 -5도", "-5"),
            ("−7.5", "-7.5"),
            ("a debt of -$1,000", "-1000"),
            ("$5.00", "5.00"),
            ("between 3-5", "5"),
            ("GPT-4", "4"),
            ("1920년-1930년", "1930"),
            ("about .5", "0.5"),
            ("1.5e-3 m", "1.5e-3"),
            ("\\boxed{42}", "42"),
            ("**42**", "42"),
            ("50%", "50"),
            ("모두 １２３명", "123"),
            ("12 345,678", "345678"),
            ("10\u{202F}000 km", "10000"),
        ] {
            check(&Extraction::LastNumber, text, Ok(expect));
        }
        check(&Extraction::LastNumber, "none", Err(NotFound::NoNumber));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn extraction_never_panics(text in "\\PC{0,60}") {
            for extraction in [
                Extraction::Whole,
                Extraction::LastNumber,
                Extraction::Letter("ABCD".into()),
                Extraction::Pointer("/a".into()),
                Extraction::Regex("(a)?.".into()),
            ] {
                let _ = extract(&extraction, &text);
            }
            let _ = crate::is_refusal(&text);
        }

        #[test]
        fn a_number_written_is_the_number_read(n in -1_000_000i64..1_000_000) {
            check(&Extraction::LastNumber, &format!("그래서 답은 {n}입니다"), Ok(n.to_string().as_str()));
        }
    }
}
