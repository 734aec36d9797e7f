//! Data files of every format, row by row.
//!
//! Main function: [`each_row`]; main types: [`Format`], and [`Line`], one row as
//! fields by name. Must not know what the fields mean.

use crate::dataset;
pub(crate) use crate::dataset::Line;
use crate::error::{Span, SuiteError};
use crate::{csv, json, parquet};
use std::io::Read;
use std::path::Path;

/// Longest file that is held in memory as a whole.
pub(crate) const MAX_WHOLE: u64 = 1 << 30;

/// What is looked at of a line that is shown.
const MAX_SHOWN: usize = 4096;

/// How a data file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// One JSON object on each line.
    Lines,
    /// A JSON array of objects, or objects one after the other.
    Json,
    /// Comma-separated values with a header.
    Csv,
    /// Tab-separated values with a header.
    Tsv,
    /// Parquet.
    Parquet,
}

/// Names of formats in a suite.
pub(crate) const FORMATS: [&str; 5] = ["jsonl", "json", "csv", "tsv", "parquet"];

impl Format {
    /// The format of that name.
    pub(crate) fn named(name: &str) -> Option<Format> {
        Some(match name {
            "jsonl" | "ndjson" => Format::Lines,
            "json" => Format::Json,
            "csv" => Format::Csv,
            "tsv" => Format::Tsv,
            "parquet" => Format::Parquet,
            _ => return None,
        })
    }

    /// The format that a file's name tells.
    pub(crate) fn of(path: &Path) -> Option<Format> {
        let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
        Format::named(&extension)
    }
}

/// Calls `take` for every row of a file.
pub(crate) fn each_row(
    format: Format,
    file: &str,
    reader: Box<dyn Read>,
    take: &mut dyn FnMut(Line<'_>) -> Result<(), SuiteError>,
) -> Result<(), SuiteError> {
    match format {
        Format::Lines => dataset::each_line(file, reader, take),
        Format::Json => json::each_object(file, &whole(file, reader)?, take),
        Format::Csv => csv::each_record(file, &whole(file, reader)?, b',', take),
        Format::Tsv => csv::each_record(file, &whole(file, reader)?, b'\t', take),
        Format::Parquet => parquet::each_row(file, whole(file, reader)?, take),
    }
}

/// A file's bytes, no more than [`MAX_WHOLE`].
fn whole(file: &str, reader: Box<dyn Read>) -> Result<Vec<u8>, SuiteError> {
    let mut bytes = Vec::new();
    reader
        .take(MAX_WHOLE + 1)
        .read_to_end(&mut bytes)
        .map_err(|e| SuiteError::of_file(file, format!("cannot read the file: {e}")))?;
    if bytes.len() as u64 > MAX_WHOLE {
        return Err(
            SuiteError::of_file(file, "the file is longer than 1 GiB").hint("split it into several files")
        );
    }
    Ok(bytes)
}

/// Bytes as text, without the byte order mark.
pub(crate) fn text_of<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, SuiteError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|e| {
        let before = &bytes[..e.valid_up_to()];
        let number = before.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
        let shown = format!("{}\u{FFFD}", String::from_utf8_lossy(line));
        let at = shown.chars().count() - 1;
        dataset::at_line(file, number, &shown, at, 1, "the line is not UTF-8")
            .hint("convert the file to UTF-8")
    })
}

/// An error on a whole line.
pub(crate) fn on_line(file: &str, number: u32, text: &str, message: &str) -> SuiteError {
    // A line of many megabytes is not copied around to show its beginning.
    let first: String = text.lines().next().unwrap_or("").chars().take(MAX_SHOWN).collect();
    let source = crate::error::Source::line_of(file, &first, number);
    source.error(Span { line: number, column: 1, len: first.chars().count().max(1) as u32 }, message)
}
