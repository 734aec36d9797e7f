//! Where the JSON of a text is, and how it was read.
//!
//! Main function: [`read_json`]. Must not know what the JSON is for.

use super::lenient::{Repair, parse};
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest text that is looked at, in bytes; a longer one has no JSON.
pub const MAX_TEXT: usize = 1 << 20;
/// Most places where JSON may begin that are tried.
const MAX_STARTS: usize = 64;

/// What a text holds of JSON.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The value, where the whole text is JSON as RFC 8259 has it.
    pub strict: Option<Value>,
    /// The value after repairs; the strict one where there is one.
    pub repaired: Option<Value>,
    /// What had to be repaired; empty when it is strict.
    pub repairs: BTreeSet<Repair>,
}

impl Reading {
    /// Whether there is anything like JSON in the text.
    #[must_use]
    pub fn has_json(&self) -> bool {
        self.repaired.is_some()
    }
}

/// Reads the JSON of a text: all of it, else its largest object or array after repairs.
///
/// ```
/// use acidtest_metrics::json::{Repair, read_json};
/// let r = read_json("Here it is:\n```json\n{\"a\": 1\n \"b\": True,}\n```");
/// assert_eq!(r.strict, None);
/// assert_eq!(r.repaired, Some(serde_json::json!({"a": 1, "b": true})));
/// let repairs: Vec<_> = r.repairs.iter().map(|r| r.words()).collect();
/// assert_eq!(repairs, ["code fence removed", "prose around cut", "missing comma", "trailing comma", "Python literal"]);
/// ```
#[must_use]
pub fn read_json(text: &str) -> Reading {
    if text.len() > MAX_TEXT {
        return Reading::default();
    }
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        return Reading { strict: Some(value.clone()), repaired: Some(value), repairs: BTreeSet::new() };
    }
    let mut repairs = BTreeSet::new();
    let mut inner = text.trim();
    if let Some(rest) = inner.strip_prefix('\u{FEFF}') {
        repairs.insert(Repair::ByteOrderMark);
        inner = rest.trim();
    }
    if let Some((fenced, alone)) = fence(inner) {
        let mut reading = largest(fenced);
        if reading.has_json() {
            reading.repairs.extend(repairs);
            reading.repairs.insert(Repair::CodeFence);
            if !alone {
                reading.repairs.insert(Repair::Prose);
            }
            return reading;
        }
    }
    let mut reading = largest(inner);
    if reading.has_json() {
        reading.repairs.extend(repairs);
    }
    reading
}

/// The first fenced block that begins like JSON, and whether nothing stands around it.
fn fence(text: &str) -> Option<(&str, bool)> {
    let mut from = 0;
    while let Some(at) = text[from..].find("```") {
        let open = from + at;
        let after = open + 3;
        let line_end = text[after..].find('\n').map_or(text.len(), |n| after + n);
        let info = text[after..line_end].trim();
        // `​```json {"a": 1}``` on one line, and the usual form with the body below.
        let body = match info.find(['{', '[']) {
            Some(n) if n <= 12 => after + text[after..].find(['{', '[']).unwrap_or(0),
            _ => line_end,
        };
        let close = text[body..].find("```").map(|n| body + n);
        let end = close.unwrap_or(text.len());
        let inside = text[body..end].trim();
        if inside.starts_with(['{', '[']) {
            let tail = close.map_or("", |c| &text[c + 3..]);
            return Some((inside, text[..open].trim().is_empty() && tail.trim().is_empty()));
        }
        from = close.map_or(text.len(), |c| c + 3);
    }
    None
}

/// The object or array that covers the most of a text.
fn largest(text: &str) -> Reading {
    let mut best: Option<(usize, Reading)> = None;
    let mut from = 0;
    for _ in 0..MAX_STARTS {
        let Some(at) = text[from..].find(['{', '[']) else { break };
        let start = from + at;
        from = start + 1;
        let Some(found) = parse(&text[start..]) else { continue };
        let end = start + found.len;
        from = end.max(start + 1);
        let mut repairs = found.repairs;
        if !text[..start].trim().is_empty() || !text[end..].trim().is_empty() {
            repairs.insert(Repair::Prose);
        }
        if best.as_ref().is_none_or(|(len, _)| found.len > *len) {
            best = Some((found.len, Reading { strict: None, repaired: Some(found.value), repairs }));
        }
    }
    best.map_or_else(Reading::default, |(_, reading)| reading)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn check(text: &str, value: Value, repairs: &[Repair]) {
        let got = read_json(text);
        assert_eq!(got.repaired, Some(value), "{text}");
        assert_eq!(got.repairs, repairs.iter().copied().collect(), "{text}");
        assert_eq!(got.strict.is_some(), repairs.is_empty(), "{text}");
    }

    #[test]
    fn strict_json_is_not_repaired() {
        check(" {\"a\": [1, 2.50, null, \"b\\u00e9\"]}\n", json!({"a": [1, 2.5, null, "bé"]}), &[]);
        check("true", json!(true), &[]);
    }

    #[test]
    fn every_repair_has_its_name() {
        use Repair::*;
        check("```json\n{\"a\": 1}\n```", json!({"a": 1}), &[CodeFence]);
        check("```json {\"a\": 1}```", json!({"a": 1}), &[CodeFence]);
        check("Sure!\n```\n{\"a\": 1}\n```\nBye", json!({"a": 1}), &[CodeFence, Prose]);
        check("The answer is {\"a\": 1}.", json!({"a": 1}), &[Prose]);
        check("네, 답은 {\"가\": \"나\"} 입니다", json!({"가": "나"}), &[Prose]);
        check(
            "{\"a\": 1\n\"b\": \"x\"\n\"c\": [1 2]}",
            json!({"a": 1, "b": "x", "c": [1, 2]}),
            &[MissingComma],
        );
        check("{\"a\": [1, 2,],}", json!({"a": [1, 2]}), &[TrailingComma]);
        check("{\"a\": 1,, \"b\": 2}", json!({"a": 1, "b": 2}), &[ExtraComma]);
        check("{'a': 'it\\'s'}", json!({"a": "it's"}), &[SingleQuotes]);
        check("{“a”: “b”}", json!({"a": "b"}), &[CurlyQuotes]);
        check("{a: 1, b_c: 2}", json!({"a": 1, "b_c": 2}), &[UnquotedKey]);
        check("{\"a\": positive}", json!({"a": "positive"}), &[UnquotedText]);
        check("{\"a\": True, \"b\": None}", json!({"a": true, "b": null}), &[PythonLiteral]);
        check("{\"a\": NaN}", json!({"a": null}), &[NotANumber]);
        check("{\"a\": 1, // one\n /* two */ \"b\": 2 # three\n}", json!({"a": 1, "b": 2}), &[Comment]);
        check("{\"a\": [1, {\"b\": 2", json!({"a": [1, {"b": 2}]}), &[Unclosed]);
        check("{\"a\": \"cut of", json!({"a": "cut of"}), &[Unclosed]);
        check("{\"a\": \"two\nlines\"}", json!({"a": "two\nlines"}), &[ControlCharacter]);
        check("{\"a\": \"50\\% off\"}", json!({"a": "50% off"}), &[BadEscape]);
        check("{\"a\": \"he said \"hi\" to me\"}", json!({"a": "he said \"hi\" to me"}), &[UnescapedQuote]);
        check("{\"a\" 1, \"b\" = 2}", json!({"a": 1, "b": 2}), &[MissingColon]);
        check("{\"a\": +1, \"b\": .5, \"c\": 007}", json!({"a": 1, "b": 0.5, "c": 7}), &[NumberForm]);
        check("{\"a\": [1, 2}}", json!({"a": [1, 2]}), &[WrongBracket]);
        check("\u{FEFF}{\"a\": 1}", json!({"a": 1}), &[ByteOrderMark]);
    }

    #[test]
    fn the_largest_piece_is_meant() {
        check("See [1]: {\"a\": {\"b\": [1, 2]}} and {}", json!({"a": {"b": [1, 2]}}), &[Repair::Prose]);
    }

    #[test]
    fn no_json_is_none() {
        for text in ["", "I cannot answer that.", "}{", "a ] b", "```\nfn main()\n```"] {
            let got = read_json(text);
            assert!(got.strict.is_none(), "{text}");
            if text != "}{" {
                assert!(!got.has_json(), "{text}: {got:?}");
            }
        }
        assert!(!read_json(&format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_TEXT))).has_json());
    }

    #[test]
    fn bombs_do_not_go_off() {
        assert!(!read_json(&"[".repeat(100_000)).has_json());
        assert!(!read_json(&"{\"a\":".repeat(100_000)).has_json());
        let _ = read_json(&"{,".repeat(200_000));
        let _ = read_json(&"[\"".repeat(200_000));
        let _ = read_json(&"{'a' 'b".repeat(100_000));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9f64..1e9).prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z가-힣\"\\\\]{0,6}", inner, 0..5)
                    .prop_map(|m| Value::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn valid_json_needs_no_repair(value in values()) {
            let text = json!([value]).to_string();
            let found = parse(&text).expect("valid");
            prop_assert_eq!(&found.value, &serde_json::from_str::<Value>(&text).unwrap());
            prop_assert!(found.repairs.is_empty(), "{} {:?}", text, found.repairs);
            prop_assert_eq!(found.len, text.len());
        }

        #[test]
        fn anything_is_read_without_panic(text in "[\\[\\]{}:,'\"“\\\\a-c0-9.+ \n/#*`eTNu가-]{0,60}") {
            let got = read_json(&text);
            prop_assert!(got.strict.is_none() || got.repairs.is_empty());
        }

        #[test]
        fn a_cut_text_is_read_without_panic(value in values(), cut in 0usize..200) {
            let text = json!({ "k": value }).to_string();
            let cut = (0..=cut.min(text.len())).rev().find(|c| text.is_char_boundary(*c)).unwrap_or(0);
            let _ = read_json(&text[..cut]);
        }
    }
}
