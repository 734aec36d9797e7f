//! JSON with places, and the fields that importers ask for.
//!
//! Main functions: [`parse`] and [`each_line`]. Python writes `NaN` and `Infinity`
//! into its JSON: they are read as null, since they say that nothing was observed.

use crate::counted::{MAX_VALUES, read};
use crate::error::{FormatError, brief};
use serde_json::{Map, Value};

/// Longest line of a JSON Lines file.
const MAX_LINE: usize = 64 << 20;
/// Largest JSON value; as a tree it takes several times as much.
const MAX_JSON: usize = 256 << 20;
/// Most lines.
const MAX_LINES: usize = 5_000_000;

/// One JSON value that fills a text.
pub(crate) fn parse(file: &str, text: &str) -> Result<Value, FormatError> {
    if text.len() > MAX_JSON {
        return Err(FormatError::new(file, None, "one JSON value of more than 256 MiB")
            .hint("let the tool write JSON Lines, or fewer requests"));
    }
    // Only the count makes errors that are not about the text itself.
    let full = |e: &serde_json::Error| e.is_data();
    match read(text, MAX_VALUES) {
        Ok(value) => Ok(value),
        Err(first) if full(&first) => Err(too_many(file)),
        Err(first) => match without_nan(text).map(|t| read(&t, MAX_VALUES)) {
            Some(Ok(value)) => Ok(value),
            Some(Err(e)) if full(&e) => Err(too_many(file)),
            _ => Err(broken(file, u32::try_from(first.line()).ok(), &first)),
        },
    }
}

fn too_many(file: &str) -> FormatError {
    FormatError::new(file, None, format!("more than {MAX_VALUES} JSON values"))
        .hint("let the tool write JSON Lines, or fewer requests")
}

fn broken(file: &str, line: Option<u32>, error: &serde_json::Error) -> FormatError {
    let full = error.to_string();
    let what = full.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    let out = FormatError::new(file, line, format!("not valid JSON at column {column}: {}", brief(what)));
    match error.classify() {
        serde_json::error::Category::Eof => out.hint("the file is cut: copy it again"),
        _ => out.hint("is it the file that the tool wrote, unchanged?"),
    }
}

/// Calls `take` for each line that holds an object.
pub(crate) fn each_line(
    file: &str,
    text: &str,
    mut take: impl FnMut(u32, Map<String, Value>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    let mut seen = 0;
    for (number, line) in (1u32..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        seen += 1;
        let at = |what: &str| FormatError::new(file, Some(number), what);
        if line.len() > MAX_LINE {
            return Err(
                at("the line is longer than 64 MiB").hint("is it the file that the tool wrote, unchanged?")
            );
        }
        if seen > MAX_LINES {
            return Err(at("more than 5000000 lines").hint("import it in parts"));
        }
        let value = parse(file, line).map_err(|e| FormatError { line: Some(number), ..e })?;
        match value {
            Value::Object(map) => take(number, map)?,
            other => {
                return Err(at(&format!("expected a JSON object on each line, found {}", noun(&other))));
            }
        }
    }
    if seen == 0 {
        return Err(FormatError::new(file, None, "the file has no lines"));
    }
    Ok(())
}

/// The text with bare `NaN`, `Infinity` and `-Infinity` as null; nothing when there are none.
fn without_nan(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let (mut out, mut from, mut at) = (String::new(), 0, 0);
    let mut quoted = false;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            b'N' | b'I' | b'-' if !quoted => {
                let word = ["NaN", "Infinity", "-Infinity"]
                    .into_iter()
                    .find(|w| bytes[at..].starts_with(w.as_bytes()));
                if let Some(word) = word {
                    out.push_str(&text[from..at]);
                    out.push_str("null");
                    at += word.len();
                    from = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    (from > 0).then(|| {
        out.push_str(text.get(from..).unwrap_or_default());
        out
    })
}

/// What a value is, in words.
pub(crate) fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A value's text as it is written: text itself, everything else as JSON.
pub(crate) fn spelled(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A whole number of tokens; absent when it is anything else.
pub(crate) fn count(value: Option<&Value>) -> Option<u32> {
    let value = value?;
    let whole =
        value.as_u64().or_else(|| value.as_f64().filter(|f| *f >= 0.0 && f.fract() == 0.0).map(|f| f as u64));
    u32::try_from(whole?).ok()
}

/// A finite number; absent when it is anything else.
pub(crate) fn number(value: Option<&Value>) -> Option<f64> {
    value?.as_f64().filter(|f| f.is_finite())
}

/// Seconds as nanoseconds; absent beyond 100 years.
pub(crate) fn nanos(seconds: f64) -> Option<i64> {
    (seconds.is_finite() && seconds.abs() < 3.2e9).then(|| (seconds * 1e9).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_python_calls_not_a_number_is_null() {
        let value =
            parse("f", r#"{"a": NaN, "b": [-Infinity, Infinity, 1], "c": "NaN \" Infinity"}"#).unwrap();
        assert_eq!(value, serde_json::json!({"a": null, "b": [null, null, 1], "c": "NaN \" Infinity"}));
    }

    #[test]
    fn a_list_that_would_fill_the_memory_ends_at_the_count() {
        let text = format!("[{}0]", "0,".repeat(MAX_VALUES));
        let e = parse("f.json", &text).unwrap_err();
        assert!(e.what.contains("more than 5000000 JSON values") && e.hint.is_some(), "{e:?}");
        // With NaN it is read a second time.
        assert!(parse("f.json", &text.replacen('0', "NaN", 1)).is_err());
    }

    #[test]
    fn errors_name_the_line() {
        let e = parse("f.json", "{\n\"a\": oops}").unwrap_err();
        assert_eq!((e.file.as_str(), e.line), ("f.json", Some(2)));
        let e = each_line("f.jsonl", "{}\n\n[1]\n", |_, _| Ok(())).unwrap_err();
        assert_eq!(e.line, Some(3));
        let e = parse("f.json", "{\"a\": [1").unwrap_err();
        assert!(e.hint.unwrap().contains("cut"));
    }
}
