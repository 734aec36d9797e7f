//! Data files: JSON Lines, read line by line within bounds.
//!
//! Main function: [`each_line`]. A byte order mark, CRLF and empty lines are
//! accepted. Must not know what the fields of a line mean.

use crate::error::{Source, Span, SuiteError};
use serde_json::{Map, Value};
use std::io::{BufRead, BufReader, Read};

/// Longest line.
pub(crate) const MAX_LINE: u64 = 16 << 20;
/// Longest file.
pub(crate) const MAX_FILE: u64 = 1 << 30;

/// One line of a data file.
pub(crate) struct Line<'a> {
    pub(crate) file: &'a str,
    pub(crate) number: u32,
    pub(crate) text: &'a str,
    pub(crate) fields: Map<String, Value>,
    /// Whether it is a row of a table, whose columns are data and nothing else.
    pub(crate) is_table: bool,
}

/// Calls `take` for every line that holds an object.
pub(crate) fn each_line(
    file: &str,
    reader: Box<dyn Read>,
    take: &mut dyn FnMut(Line<'_>) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    let mut reader = BufReader::with_capacity(1 << 16, reader.take(MAX_FILE + 1));
    let mut bytes = Vec::new();
    let mut total = 0u64;
    for number in 1u32.. {
        bytes.clear();
        let read = (&mut reader)
            .take(MAX_LINE + 1)
            .read_until(b'\n', &mut bytes)
            .map_err(|e| SuiteError::of_file(file, format!("cannot read the file: {e}")))?;
        total += read as u64;
        if read == 0 {
            return Ok(());
        }
        if read as u64 > MAX_LINE || total > MAX_FILE {
            let (what, hint) = if total > MAX_FILE {
                ("the file is longer than 1 GiB", "split it into several files")
            } else {
                ("the line is longer than 16 MiB", "a case is one line: is a line break missing?")
            };
            return Err(at_line(file, number, "", 0, 1, what).hint(hint));
        }
        let text = line_text(file, number, &bytes)?;
        if text.trim().is_empty() {
            continue;
        }
        let fields = object(file, number, text)?;
        take(Line { file, number, text, fields, is_table: false })?;
    }
    Ok(())
}

/// The bytes as text, without the byte order mark and the line's end.
fn line_text<'a>(file: &str, number: u32, bytes: &'a [u8]) -> Result<&'a str, SuiteError> {
    let bytes = match number {
        1 => bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
        _ => bytes,
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_end_matches(['\n', '\r'])),
        Err(e) => {
            let good = String::from_utf8_lossy(&bytes[..e.valid_up_to()]);
            let at = good.chars().count();
            let shown = format!("{good}\u{FFFD}");
            Err(at_line(file, number, &shown, at, 1, "the line is not UTF-8")
                .hint("convert the file to UTF-8"))
        }
    }
}

fn object(file: &str, number: u32, text: &str) -> Result<Map<String, Value>, SuiteError> {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(at_line(file, number, text, 0, 1, "the line is not a JSON object")
            .hint("write one object for each case: {\"question\": \"…\", \"expected\": \"…\"}")),
        Err(e) => {
            let at = chars_before(text, e.column().saturating_sub(1));
            let full = e.to_string();
            let what = full.split(" at line ").next().unwrap_or_default();
            let out = at_line(file, number, text, at, 1, &format!("not valid JSON: {what}"));
            let first = text.trim_start().starts_with('[') && number == 1;
            Err(match first {
                true => out
                    .hint("a JSON array stands in a .json file; here every line is one object (JSON Lines)"),
                false => out.hint("every line is one JSON object"),
            })
        }
    }
}

/// How many characters a number of bytes are.
fn chars_before(text: &str, bytes: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < bytes).count()
}

/// An error at the characters `at..at + len` of a line.
pub(crate) fn at_line(
    file: &str,
    number: u32,
    text: &str,
    at: usize,
    len: usize,
    message: &str,
) -> SuiteError {
    let source = Source::line_of(file, text, number);
    let span = Span { line: number, column: at as u32 + 1, len: len as u32 };
    source.error(span, message)
}
