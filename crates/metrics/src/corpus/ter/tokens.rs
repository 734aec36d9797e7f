//! The tercom tokenizer, as sacreBLEU has it.
//!
//! Main functions: [`normalize`], [`normalize_reference`]. It must not repair the tokenizer's faults.

use super::TerOptions;
use crate::edit::{Gap, Split};
use crate::text::{is_python_space, python_lower};
use std::borrow::Cow;

/// The text whose whitespace-separated words are the tokens.
pub(super) fn normalize(text: &str, options: TerOptions) -> Cow<'_, str> {
    let text = text.trim_end_matches(is_python_space);
    let mut text = match options.case_sensitive {
        true => Cow::Borrowed(text),
        false => Cow::Owned(python_lower(text)),
    };
    if options.normalized {
        text = Cow::Owned(western(&text));
        if options.asian_support {
            text = Cow::Owned(spaced(&text, |c| is_asian(c) || is_asian_punctuation(c)));
        }
    }
    if options.no_punct {
        let asian = options.asian_support;
        let drop = |c: char| ".,?:;!\"()".contains(c) || (asian && is_asian_punctuation(c));
        text = Cow::Owned(text.chars().filter(|c| !drop(*c)).collect());
    }
    text
}

/// As [`normalize`], of a reference: sacreBLEU tokenizes references twice, and where punctuation or
/// entities stand close together the second pass finds more.
pub(super) fn normalize_reference(text: &str, options: TerOptions) -> Cow<'_, str> {
    let once = normalize(text, options);
    if !options.normalized {
        return once;
    }
    let words: Vec<&str> = Split::new(&once, Gap::Whitespace).collect();
    Cow::Owned(normalize(&words.join(" "), options).into_owned())
}

/// Joins lines, resolves four entities, and sets punctuation apart.
fn western(text: &str) -> String {
    let text = text.replace("\n-", "").replace('\n', " ");
    let text = text.replace("&quot;", "\"").replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">");
    let text = spaced(
        &format!(" {text} "),
        |c| matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/'),
    );
    let text = text.replace("'s ", " 's ");
    let point = |c: char| c == '.' || c == ',';
    let digit = |c: char| c.is_ascii_digit();
    let text = pairs(&text, |a, b| !digit(a) && point(b), ["", " ", " "]);
    let text = pairs(&text, |a, b| point(a) && !digit(b), [" ", " ", ""]);
    pairs(&text, |a, b| digit(a) && b == '-', ["", " ", " "])
}

fn spaced(text: &str, apart: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in text.chars() {
        if apart(c) {
            out.extend([' ', c, ' ']);
        } else {
            out.push(c);
        }
    }
    out
}

/// Puts `around` before, between and after each two characters that match, from left to right;
/// a character is in one match only.
fn pairs(text: &str, matches: impl Fn(char, char) -> bool, around: [&str; 3]) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text.chars();
    while let Some(a) = rest.next() {
        match rest.clone().next() {
            Some(b) if matches(a, b) => {
                rest.next();
                out.push_str(around[0]);
                out.push(a);
                out.push_str(around[1]);
                out.push(b);
                out.push_str(around[2]);
            }
            _ => out.push(a),
        }
    }
    out
}

/// The blocks that become single characters; the fourth range is meant to end at U+32FF and does
/// not. The rules for runs of kana are anchored so that they never match.
fn is_asian(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{31c0}'..='\u{31ef}'
        | '\u{2e80}'..='\u{2eff}' | '\u{3300}'..='\u{33ff}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{3200}'..='\u{3f22}')
}

fn is_asian_punctuation(c: char) -> bool {
    matches!(c,
        '\u{3001}' | '\u{3002}' | '\u{3008}'..='\u{3011}' | '\u{3014}'..='\u{301f}'
        | '\u{ff61}'..='\u{ff65}' | '\u{30fb}' | '\u{ff0e}' | '\u{ff0c}' | '\u{ff1f}' | '\u{ff1a}'
        | '\u{ff1b}' | '\u{ff01}' | '\u{ff02}' | '\u{ff08}' | '\u{ff09}')
}
