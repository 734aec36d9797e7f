//! Votes as comma-separated (or tab-separated) lines.
//!
//! Main type: [`Csv`]. RFC 4180: quotes, doubled quotes, line breaks within quotes; lines may end in
//! LF, CRLF or CR, mixed. Most lines have no quote: those are cut at commas and nothing else.

use super::{BattleColumns, BattleReader, Step};
use crate::error::{FormatError, brief};
use memchr::{memchr, memchr3};

/// Most columns of a file.
const MAX_COLUMNS: usize = 10_000;

/// What is known of a file so far.
#[derive(Debug, Default)]
pub(super) struct Csv {
    /// For each column of the file the slot it fills, if any; empty before the header.
    slots: Vec<Option<u8>>,
    comma: u8,
    /// Rows after the header.
    pub(super) rows: u64,
    unquoted: String,
}

impl Csv {
    pub(super) fn read(&mut self, bytes: &[u8], is_last: bool, into: &mut BattleReader) -> Step {
        let text = utf8(bytes, is_last, into)?;
        let mut at = 0;
        while let Some(found) = record(&text.as_bytes()[at..], is_last) {
            let (len, next, quoted) = found;
            if is_last && next == usize::MAX {
                return Err(into
                    .error(into.line, "a quote is opened and not closed")
                    .hint("a quote within a quoted cell is written twice"));
            }
            let record = &text[at..at + len];
            let line = into.line;
            if !record.trim().is_empty() {
                match self.slots.is_empty() {
                    true => self.header(record, line, into)?,
                    false => self.row(record, quoted, line, into)?,
                }
            }
            into.line = line.saturating_add(1 + if quoted { breaks(record) } else { 0 });
            at += next;
        }
        Ok(at)
    }

    fn header(&mut self, record: &str, line: u32, into: &BattleReader) -> Result<(), FormatError> {
        self.comma = if record.contains('\t') && !record.contains(',') { b'\t' } else { b',' };
        let mut names: Vec<String> = Vec::new();
        let mut rest = Some(record);
        while let Some(text) = rest {
            let (cell, after) = cell(self.comma, &mut self.unquoted, text);
            rest = after;
            names.push(cell.trim().to_owned());
            if names.len() > MAX_COLUMNS {
                return Err(into.error(line, "more than 10000 columns").hint("is it the right file?"));
            }
        }
        self.slots = vec![None; names.len()];
        for slot in 0..into.columns.slots() {
            let wanted = into.columns.names(slot);
            let mut found = wanted.iter().filter_map(|w| names.iter().position(|n| n == w));
            match found.next() {
                // One column may be wanted twice only by mistake.
                Some(at) if self.slots[at].is_some() => {
                    return Err(
                        into.error(line, format!("column '{}' is asked for twice", brief(&names[at])))
                    );
                }
                Some(at) => self.slots[at] = Some(slot as u8),
                None if into.columns.is_needed(slot) => {
                    return Err(missing(slot, &wanted, &names, line, into));
                }
                None => {}
            }
        }
        Ok(())
    }

    fn row(
        &mut self,
        record: &str,
        quoted: bool,
        line: u32,
        into: &mut BattleReader,
    ) -> Result<(), FormatError> {
        into.record.clear(into.columns.slots());
        let mut cells = 0;
        let mut rest = Some(record);
        while let Some(text) = rest {
            let (cell, after) = match quoted {
                true => cell(self.comma, &mut self.unquoted, text),
                false => match memchr(self.comma, text.as_bytes()) {
                    Some(at) => (&text[..at], Some(&text[at + 1..])),
                    None => (text, None),
                },
            };
            if let Some(Some(slot)) = self.slots.get(cells) {
                into.record.set(usize::from(*slot), cell);
            }
            cells += 1;
            rest = after;
        }
        if cells != self.slots.len() {
            let n = self.slots.len();
            return Err(into
                .error(line, format!("{cells} cells where the header has {n}"))
                .hint("a comma within a cell needs quotes around the cell"));
        }
        self.rows += 1;
        into.take_record(line)
    }
}

/// The first cell, without its quotes, and what follows its comma.
fn cell<'u, 't: 'u>(comma: u8, unquoted: &'u mut String, text: &'t str) -> (&'u str, Option<&'t str>) {
    let to_comma = |text: &'t str| match memchr(comma, text.as_bytes()) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let Some(mut rest) = text.strip_prefix('"') else { return to_comma(text) };
    unquoted.clear();
    while let Some((before, after)) = rest.split_once('"') {
        unquoted.push_str(before);
        rest = after;
        match after.strip_prefix('"') {
            Some(after) => {
                unquoted.push('"');
                rest = after;
            }
            None => break,
        }
    }
    // What stands between a closing quote and the comma belongs to the cell.
    let (more, after) = to_comma(rest);
    unquoted.push_str(more);
    (unquoted, after)
}

/// The first record: its length, where the next begins, and whether it has quotes. `None` where more
/// bytes are needed; the next at `usize::MAX` where a quote stays open to the end of the file.
fn record(bytes: &[u8], is_last: bool) -> Option<(usize, usize, bool)> {
    let (mut at, mut open, mut quoted) = (0, false, false);
    loop {
        let found = if open { memchr(b'"', &bytes[at..]) } else { memchr3(b'\n', b'\r', b'"', &bytes[at..]) };
        let Some(found) = found.map(|f| f + at) else {
            return match (is_last && !bytes.is_empty(), open) {
                (true, true) => Some((bytes.len(), usize::MAX, quoted)),
                (true, false) => Some((bytes.len(), bytes.len(), quoted)),
                (false, _) => None,
            };
        };
        match bytes[found] {
            b'"' => (open, quoted) = (!open, true),
            b'\n' => return Some((found, found + 1, quoted)),
            _ => match bytes.get(found + 1) {
                Some(b'\n') => return Some((found, found + 2, quoted)),
                Some(_) => return Some((found, found + 1, quoted)),
                None => return is_last.then_some((found, found + 1, quoted)),
            },
        }
        at = found + 1;
    }
}

/// Line breaks within a record.
fn breaks(record: &str) -> u32 {
    let bytes = record.as_bytes();
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(i, b)| **b == b'\n' || (**b == b'\r' && bytes.get(i + 1) != Some(&b'\n')));
    u32::try_from(ends.count()).unwrap_or(u32::MAX)
}

/// The bytes as text; a character cut at the end waits for the rest of it.
pub(super) fn utf8<'b>(bytes: &'b [u8], is_last: bool, into: &BattleReader) -> Result<&'b str, FormatError> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(e) => {
            let (good, _) = bytes.split_at(e.valid_up_to());
            if e.error_len().is_none() && !is_last {
                return Ok(std::str::from_utf8(good).unwrap_or_default());
            }
            let text = std::str::from_utf8(good).unwrap_or_default();
            let line = into.line.saturating_add(breaks(text));
            Err(into.error(line, "the text is not UTF-8").hint("save it as UTF-8"))
        }
    }
}

fn missing(slot: usize, wanted: &[&str], names: &[String], line: u32, into: &BattleReader) -> FormatError {
    let some: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
    let more = if names.len() > 12 { ", …" } else { "" };
    into.error(line, format!("no column '{}'", brief(&wanted.join("' or '")))).hint(format!(
        "the columns are: {}{more}; name another with {} NAME",
        brief(&some.join(", ")),
        BattleColumns::flag(slot)
    ))
}
