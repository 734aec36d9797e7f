//! Dates and numbers that a text states.
//!
//! Main function: [`facts`]. `1,234`, `15세기`, `3만 2천`, `1.2억`, `5 March 1434`. Relative dates and
//! years of a reign (`세종 16년`) are numbers with their unit, not years. Must not convert units.

use std::collections::BTreeSet;

/// What a text states: each as a stable word (`1434`, `15 century`, `1434-03-05`).
#[must_use]
pub fn facts(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let plain = with_dates(text, &mut found);
    let chars: Vec<char> = plain.chars().collect();
    let mut i = 0;
    while i < chars.len() {
        if !chars[i].is_ascii_digit() {
            i += 1;
            continue;
        }
        // `A4`, `v2`: part of a name.
        let named = i > 0 && (chars[i - 1].is_ascii_alphabetic() || chars[i - 1] == '_');
        let (value, end) = number(&chars, i);
        let (value, end) = korean_powers(&chars, value, end);
        if !named {
            let rest: String = chars[end..].iter().take(12).collect();
            let rest = rest.trim_start().to_lowercase();
            let ordinal = ["th", "st", "nd", "rd"].iter().find_map(|o| rest.strip_prefix(o));
            let is_century = rest.starts_with("세기")
                || ordinal.is_some_and(|r| r.trim_start_matches([' ', '-']).starts_with("cent"));
            found.insert(if is_century { format!("{} century", shown(value)) } else { shown(value) });
        }
        i = end.max(i + 1);
    }
    found
}

/// A number with digit groups and a fraction; its value and where it ends.
fn number(chars: &[char], start: usize) -> (f64, usize) {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let mut text = String::new();
    let mut i = start;
    while i < chars.len() && i < start + 40 {
        match chars[i] {
            c if c.is_ascii_digit() => text.push(c),
            ',' if digit(i + 1) && digit(i + 2) && digit(i + 3) && !digit(i + 4) && !text.contains('.') => {}
            '.' if digit(i + 1) && !text.contains('.') => text.push('.'),
            _ => break,
        }
        i += 1;
    }
    (text.parse().unwrap_or(0.0), i.max(start + 1))
}

/// `3만 2천`, `1.2억`: the powers that follow a number.
fn korean_powers(chars: &[char], first: f64, end: usize) -> (f64, usize) {
    let power = |c: char| match c {
        '백' => Some(1e2),
        '천' => Some(1e3),
        '만' => Some(1e4),
        '억' => Some(1e8),
        '조' => Some(1e12),
        _ => None,
    };
    let (mut sum, mut part, mut at, mut last) = (0.0, first, end, f64::INFINITY);
    while let Some(p) = chars.get(at).copied().and_then(power) {
        if p >= last && p < 1e4 {
            break;
        }
        // `2천만`: the power applies to what stands before it.
        part *= p;
        at += 1;
        while let Some(p) = chars.get(at).copied().and_then(power) {
            part *= p;
            at += 1;
        }
        sum += part;
        part = 0.0;
        last = p;
        let gap = usize::from(chars.get(at) == Some(&' '));
        if !chars.get(at + gap).is_some_and(char::is_ascii_digit) {
            break;
        }
        let (next, after) = number(chars, at + gap);
        match chars.get(after).copied().and_then(power) {
            Some(p) if p < last => {
                part = next;
                at = after;
            }
            None if gap == 0 => {
                sum += next;
                at = after;
                break;
            }
            _ => break,
        }
    }
    (sum + part, at)
}

fn shown(value: f64) -> String {
    format!("{value}")
}

/// Takes whole dates out of a text, as `YYYY-MM-DD`.
fn with_dates(text: &str, found: &mut BTreeSet<String>) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let trim = |w: &str| w.trim_matches(|c: char| "()[],;:!?\"'“”".contains(c)).to_owned();
    let mut out = Vec::new();
    let mut i = 0;
    while i < words.len() {
        let taken = (1..=3).rev().find_map(|n| {
            let piece = words.get(i..i + n)?;
            let joined = piece.join(" ");
            let joined = trim(joined.trim_end_matches('.'));
            let date = whole_date(&joined).or_else(|| whole_date(korean_date(&joined)?))?;
            Some((n, date))
        });
        match taken {
            Some((n, date)) => {
                found.insert(date);
                i += n;
            }
            None => {
                out.push(words[i]);
                i += 1;
            }
        }
    }
    out.join(" ")
}

fn whole_date(text: &str) -> Option<String> {
    // Eight digits in a row are more often a number.
    if text.len() < 8 || text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    crate::json::compare::date(text, &[]).map(|d| d.to_string())
}

/// `2026년 3월 5일에` up to `일`.
fn korean_date(text: &str) -> Option<&str> {
    let end = text.find('일')? + '일'.len_utf8();
    text[..end].contains('년').then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_numbers_are_found() {
        for (text, expect) in [
            ("Made in 1434, 13.5 m high", vec!["13.5", "1434"]),
            ("1434년에 만든 것", vec!["1434"]),
            ("세종 16년", vec!["16"]),
            ("15세기", vec!["15 century"]),
            ("the 15th century", vec!["15 century"]),
            ("1,234,567원", vec!["1234567"]),
            ("3만 2천 명", vec!["32000"]),
            ("1.2억 원", vec!["120000000"]),
            ("2천만 원", vec!["20000000"]),
            ("1만5000원", vec!["15000"]),
            ("2026년 3월 5일에 왔습니다", vec!["2026-03-05"]),
            ("on March 5, 2026.", vec!["2026-03-05"]),
            ("an A4 page", vec![]),
            ("one, two", vec![]),
            ("3, 4, 5", vec!["3", "4", "5"]),
        ] {
            let got: Vec<String> = facts(text).into_iter().collect();
            assert_eq!(got, expect, "{text}");
        }
    }

    #[test]
    fn anything_is_read() {
        for text in ["9".repeat(500), "만억조".into(), "1만".repeat(50), "1,,,2..3".into(), "년 월 일".into()]
        {
            let _ = facts(&text);
        }
    }
}
