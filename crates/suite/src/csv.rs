//! Comma- and tab-separated values: a header, then one case in each record.
//!
//! Main function: [`each_record`]. Quotes as RFC 4180 has them; every cell is text.
//! An empty cell is an empty text. Must not know what the columns mean.

use crate::data::{Line, on_line, text_of};
use crate::dataset::MAX_LINE;
use crate::error::{SuiteError, brief};
use csv::{ErrorKind, ReaderBuilder, StringRecord};
use serde_json::{Map, Value};
use std::cell::Cell;
use std::io::{self, Read};

/// Most columns.
const MAX_COLUMNS: usize = 4096;
/// What may be read beyond the longest record: line breaks, and what lies in a buffer.
const SLACK: usize = 1 << 16;
/// Longest name of a column, in bytes.
const MAX_NAME: usize = 500;

/// The text, at most so many bytes of it before the next record: a record that never
/// ends is not gathered in memory first.
struct Bounded<'a> {
    text: &'a [u8],
    left: &'a Cell<usize>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = out.len().min(self.left.get());
        if most == 0 && !self.text.is_empty() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let read = self.text.read(&mut out[..most])?;
        self.left.set(self.left.get() - read);
        Ok(read)
    }
}

/// Calls `take` for every record after the header.
pub(crate) fn each_record(
    file: &str,
    bytes: &[u8],
    delimiter: u8,
    take: &mut dyn FnMut(Line<'_>) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    let text = text_of(file, bytes)?;
    let left = Cell::new(0);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(Bounded { text: text.as_bytes(), left: &left });
    let mut header: Option<Vec<String>> = None;
    let mut record = StringRecord::new();
    loop {
        let (from, number) = (reader.position().byte() as usize, reader.position().line());
        left.set(MAX_LINE as usize + SLACK);
        let more = reader.read_record(&mut record).map_err(|e| trouble(file, text, number, &e))?;
        if !more {
            break;
        }
        let to = reader.position().byte() as usize;
        let raw = text.get(from..to).unwrap_or("");
        // Empty lines before a record belong to none.
        let blank = raw.len() - raw.trim_start_matches(['\n', '\r']).len();
        let number = number as u32 + raw[..blank].matches('\n').count() as u32;
        let raw = raw[blank..].trim_end_matches(['\n', '\r']);
        if raw.len() as u64 > MAX_LINE {
            return Err(too_long(file, number, raw));
        }
        if to >= text.len() && is_open(raw, delimiter) {
            return Err(on_line(file, number, raw, "a quote is opened here and never closed")
                .hint("a quote within a quoted cell is written twice: \"\""));
        }
        match &header {
            None => header = Some(columns(file, number, raw, &record, delimiter)?),
            Some(names) => {
                let fields = fields(file, number, raw, names, &record)?;
                take(Line { file, number, text: raw, fields, is_table: true })?;
            }
        }
    }
    match header {
        Some(_) => Ok(()),
        None => Err(SuiteError::of_file(file, "the file is empty").hint("the first line names the columns")),
    }
}

/// Whether the last record ends inside a quoted cell.
fn is_open(raw: &str, delimiter: u8) -> bool {
    let opens = format!("{}\"", char::from(delimiter));
    raw.matches('"').count() % 2 == 1 && (raw.starts_with('"') || raw.contains(&opens))
}

/// The names of the columns, each once.
fn columns(
    file: &str,
    number: u32,
    raw: &str,
    record: &StringRecord,
    delimiter: u8,
) -> Result<Vec<String>, SuiteError> {
    if record.len() > MAX_COLUMNS {
        return Err(on_line(file, number, raw, "more than 4096 columns")
            .hint("each column is a variable of a case: leave out what no prompt and no scorer needs"));
    }
    let mut names: Vec<String> = Vec::with_capacity(record.len());
    for (i, name) in record.iter().enumerate() {
        let name = name.trim();
        let bad = if name.is_empty() {
            format!("column {} has no name", i + 1)
        } else if name.len() > MAX_NAME {
            format!("the name of column {} is longer than 500 bytes", i + 1)
        } else if names.iter().any(|n| n == name) {
            format!("two columns are called '{}'", brief(name))
        } else {
            names.push(name.to_owned());
            continue;
        };
        return Err(on_line(file, number, raw, &bad).hint("the first line names the columns, each once"));
    }
    if let [only] = names.as_slice() {
        let other =
            [',', '\t', ';'].into_iter().find(|c| u32::from(*c) != u32::from(delimiter) && only.contains(*c));
        if let Some(other) = other {
            let message = format!("one column only, and its name holds {other:?}");
            return Err(on_line(file, number, raw, &message)
                .hint("commas separate .csv files, tabs .tsv files: is the file named or written rightly?"));
        }
    }
    Ok(names)
}

fn fields(
    file: &str,
    number: u32,
    raw: &str,
    names: &[String],
    record: &StringRecord,
) -> Result<Map<String, Value>, SuiteError> {
    if record.len() != names.len() {
        let message = format!("the record has {} cells, the header {}", record.len(), names.len());
        return Err(on_line(file, number, raw, &message)
            .hint("a cell with the separator, a quote or a line break stands in quotes"));
    }
    Ok(names.iter().cloned().zip(record.iter().map(Value::from)).collect())
}

fn too_long(file: &str, number: u32, raw: &str) -> SuiteError {
    on_line(file, number, raw, "the record is longer than 16 MiB").hint("is a quote never closed?")
}

fn trouble(file: &str, text: &str, number: u64, error: &csv::Error) -> SuiteError {
    let line = text.lines().nth(number.saturating_sub(1) as usize).unwrap_or("");
    if matches!(error.kind(), ErrorKind::Io(_)) {
        return too_long(file, number as u32, line);
    }
    let words = match error.kind() {
        ErrorKind::Utf8 { .. } => "the record is not UTF-8".to_owned(),
        _ => format!("cannot be read: {error}"),
    };
    on_line(file, number as u32, line, &words)
}
