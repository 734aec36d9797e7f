//! Value against value, by the kind of a field: strictly, or with types coerced.
//!
//! Main functions: [`boolean`], [`number`], [`words`], [`date`], [`list_f1`]. A
//! comparison gives a score in 0..1, or 0 with the reason for people.

use jiff::civil::Date;
use serde_json::Value;

/// Whether the type must be right, or `"true"` may stand for `true` and `"3"` for 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Types {
    /// The JSON type must be the expected one.
    Strict,
    /// Text that says it counts.
    Coerced,
}

/// How texts are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRule {
    /// Equal.
    Exact,
    /// Equal after NFC, lower case, and with white space and punctuation as one blank.
    Normalised,
    /// The expected text is within the answer, both normalised.
    Contains,
    /// Character F1.
    CharF1,
}

/// The truth value of a JSON value.
#[must_use]
pub fn boolean(value: &Value, types: Types) -> Option<bool> {
    match (value, types) {
        (Value::Bool(b), _) => Some(*b),
        (Value::String(text), Types::Coerced) => match text.trim().to_lowercase().as_str() {
            "true" | "yes" | "1" | "예" | "네" | "참" => Some(true),
            "false" | "no" | "0" | "아니요" | "아니오" | "거짓" => Some(false),
            _ => None,
        },
        (Value::Number(n), Types::Coerced) => match n.as_f64() {
            Some(0.0) => Some(false),
            Some(1.0) => Some(true),
            _ => None,
        },
        _ => None,
    }
}

/// The number of a JSON value.
#[must_use]
pub fn number(value: &Value, types: Types) -> Option<f64> {
    match (value, types) {
        (Value::Number(n), _) => n.as_f64(),
        (Value::String(text), Types::Coerced) => {
            let plain: String = text.trim().chars().filter(|c| *c != ',' && *c != '_').collect();
            plain.parse::<f64>().ok().filter(|x| x.is_finite())
        }
        _ => None,
    }
}

/// Whether two numbers agree: within `abs`, or within `rel` of the expected one.
#[must_use]
pub fn near(got: f64, expected: f64, abs: f64, rel: f64) -> bool {
    (got - expected).abs() <= abs.max(rel * expected.abs())
}

/// The text of a JSON value; coerced, a number or truth value as JSON writes it.
#[must_use]
pub fn words(value: &Value, types: Types) -> Option<String> {
    match (value, types) {
        (Value::String(text), _) => Some(text.clone()),
        (Value::Number(_) | Value::Bool(_), Types::Coerced) => Some(value.to_string()),
        _ => None,
    }
}

/// NFC and lower case, with runs of white space and punctuation as one blank.
#[must_use]
pub fn normalised(text: &str) -> String {
    crate::text::tokens_unicode(text).join(" ")
}

/// The score of a text beside the expected one.
#[must_use]
pub fn text_score(got: &str, expected: &str, rule: TextRule) -> f64 {
    let yes = |is: bool| f64::from(u8::from(is));
    match rule {
        TextRule::Exact => yes(got == expected),
        TextRule::Normalised => yes(normalised(got) == normalised(expected)),
        TextRule::Contains => {
            let (got, expected) = (normalised(got), normalised(expected));
            yes(!expected.is_empty() && got.contains(&expected))
        }
        TextRule::CharF1 => crate::text::char_f1_unicode(got, &[expected]).unwrap_or(0.0),
    }
}

/// Forms of dates that are tried where a suite names none, as `strftime` writes them.
pub const DATE_FORMS: [&str; 14] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y. %m. %d",
    "%Y. %m. %d.",
    "%Y년 %m월 %d일",
    "%Y년%m월%d일",
    "%d.%m.%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%B %d %Y",
    "%Y%m%d",
];

/// The date that a text names, by the first of `forms` that fits; a time of day behind it is ignored
/// where it is written as ISO 8601.
#[must_use]
pub fn date(text: &str, forms: &[&str]) -> Option<Date> {
    let text = text.trim();
    if text.len() > 100 {
        return None;
    }
    let forms = if forms.is_empty() { &DATE_FORMS[..] } else { forms };
    let day = text.split_once('T').map_or(text, |(day, _)| day);
    forms.iter().find_map(|form| Date::strptime(form, text).or_else(|_| Date::strptime(form, day)).ok())
}

/// F1 of two lists: ordered by their longest common subsequence, else as multisets.
/// Two empty lists agree.
pub fn list_f1<T>(got: &[T], expected: &[T], ordered: bool, same: impl Fn(&T, &T) -> bool) -> f64 {
    if got.is_empty() && expected.is_empty() {
        return 1.0;
    }
    let (got, expected) = (&got[..got.len().min(MAX_ITEMS)], &expected[..expected.len().min(MAX_ITEMS)]);
    let common = if ordered { subsequence(got, expected, same) } else { multiset(got, expected, same) };
    2.0 * common as f64 / (got.len() + expected.len()) as f64
}

/// Most items of a list that are compared.
const MAX_ITEMS: usize = 1000;

fn subsequence<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> usize {
    let mut row = vec![0usize; b.len() + 1];
    for x in a {
        let mut diagonal = 0;
        for (j, y) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if same(x, y) { diagonal + 1 } else { above.max(row[j]) };
            diagonal = above;
        }
    }
    row[b.len()]
}

fn multiset<T>(a: &[T], b: &[T], same: impl Fn(&T, &T) -> bool) -> usize {
    let mut left: Vec<&T> = b.iter().collect();
    a.iter()
        .filter(|x| match left.iter().position(|y| same(x, y)) {
            Some(at) => {
                left.swap_remove(at);
                true
            }
            None => false,
        })
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strict_and_coerced_types_are_apart() {
        assert_eq!(boolean(&json!("true"), Types::Strict), None);
        assert_eq!(boolean(&json!("True"), Types::Coerced), Some(true));
        assert_eq!(boolean(&json!("maybe"), Types::Coerced), None);
        assert_eq!(number(&json!("3"), Types::Strict), None);
        assert_eq!(number(&json!("1,003"), Types::Coerced), Some(1003.0));
        assert_eq!(number(&json!("inf"), Types::Coerced), None);
        assert_eq!(words(&json!(3), Types::Strict), None);
        assert_eq!(words(&json!(3), Types::Coerced).as_deref(), Some("3"));
    }

    #[test]
    fn numbers_within_a_tolerance() {
        assert!(near(61.8, 62.0, 0.5, 0.0) && !near(61.4, 62.0, 0.5, 0.0));
        assert!(near(99.0, 100.0, 0.0, 0.01) && !near(98.0, 100.0, 0.0, 0.01));
    }

    #[test]
    fn dates_are_compared_as_dates() {
        let due = date("2026-03-05", &[]);
        assert!(due.is_some());
        for text in [
            "2026/03/05",
            "2026. 3. 5.",
            "2026년 3월 5일",
            "5 March 2026",
            "Mar 5, 2026",
            "20260305",
            "2026-03-05T10:00:00Z",
        ] {
            assert_eq!(date(text, &[]), due, "{text}");
        }
        for text in ["2026-02-30", "soon", "", "2026-03"] {
            assert_eq!(date(text, &[]), None, "{text}");
        }
        assert_eq!(date("05/03/2026", &["%d/%m/%Y"]), due);
        assert_ne!(date("05/03/2026", &["%m/%d/%Y"]), due);
    }

    #[test]
    fn texts_by_their_rule() {
        assert_eq!(text_score("Hello,  World", "hello world", TextRule::Normalised), 1.0);
        assert_eq!(text_score("Hello", "hello", TextRule::Exact), 0.0);
        assert_eq!(text_score("저는 학생 입니다.", "학생", TextRule::Contains), 1.0);
        assert_eq!(text_score("x", "", TextRule::Contains), 0.0);
        assert!((text_score("abcd", "abxy", TextRule::CharF1) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn lists_by_f1() {
        let same = |a: &i32, b: &i32| a == b;
        assert_eq!(list_f1(&[1, 2, 3], &[1, 2, 3], true, same), 1.0);
        assert!((list_f1(&[3, 2, 1], &[1, 2, 3], true, same) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(list_f1(&[3, 2, 1], &[1, 2, 3], false, same), 1.0);
        assert!((list_f1(&[1, 1], &[1, 2], false, same) - 0.5).abs() < 1e-12);
        assert_eq!(list_f1::<i32>(&[], &[], true, same), 1.0);
        assert_eq!(list_f1(&[], &[1], true, same), 0.0);
    }
}
