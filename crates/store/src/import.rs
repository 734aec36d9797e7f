//! Reading an exported run into a store.
//!
//! Main item: [`Store::import`]. The file may be hostile: lines are bounded, every
//! error names its line, and either the whole run is stored or nothing. Must not
//! repair anything.

use crate::append::{Appended, Inserter, RunHead, insert_clock, set_state};
use crate::error::{Result, Step, StoreError, Trouble, plain};
use crate::export::{Counts, EXPORT_SCHEMA, Header, Line, StateLine};
use crate::numbers;
use crate::open::Store;
use acidtest_record::{Blob, Item, RunId};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::Connection;
use serde::de::DeserializeOwned;
use std::io::{BufRead, Read};

/// Longest line of a file to import.
const MAX_LINE: u64 = 512 << 20;

/// What was imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The run.
    pub run: RunId,
    /// What was stored.
    pub stored: Appended,
}

impl Store {
    /// Reads one exported run. Its id stays, so that a run cannot be imported
    /// twice; exported again it gives the same bytes.
    /// [`Store::is_imported`] knows it from then on.
    ///
    /// # Errors
    /// A line is not what [`Store::export`] writes, the file is cut, the run is
    /// in the store already, or the store cannot be written. Nothing is stored then.
    pub fn import(&mut self, input: &mut dyn BufRead) -> Result<Imported> {
        self.import_bounded(input, MAX_LINE)
    }

    fn import_bounded(&mut self, input: &mut dyn BufRead, max_line: u64) -> Result<Imported> {
        let mut lines = LineReader { input, max_line, no: 0, text: Vec::new() };
        self.write("import a run", |conn| self.import_run(conn, &mut lines))
    }

    fn import_run(&self, conn: &Connection, lines: &mut LineReader<'_>) -> Step<Imported> {
        let header = lines.header()?;
        let spec = match lines.line()? {
            Line::Spec(spec) => spec,
            _ => return Err(lines.bad("expected the spec")),
        };
        let head = RunHead {
            id: header.run,
            name: &header.name,
            created_unix_ns: header.created_unix_ns,
            imported: true,
        };
        let no = self.insert_run(conn, &head, &spec)?;
        let mut import = Import {
            conn,
            no,
            into: self.inserter(conn, header.run, no),
            seen: Counts::default(),
            state: None,
        };
        while !import.line(lines)? {}
        let Some(state) = import.state else {
            return Err(lines.bad("the end came before the state of the run"));
        };
        let stored = import.into.finish()?;
        if stored.repeated + stored.conflicts > 0 {
            return Err(lines.bad("the same record is in the file twice"));
        }
        set_state(conn, no, state.state, state.ended_unix_ns)?;
        if lines.next()? {
            return Err(lines.bad("nothing may follow the end"));
        }
        Ok(Imported { run: header.run, stored })
    }
}

struct Import<'c> {
    conn: &'c Connection,
    no: i64,
    into: Inserter<'c>,
    seen: Counts,
    state: Option<StateLine>,
}

impl Import<'_> {
    /// Stores one line; true at the end.
    fn line(&mut self, lines: &mut LineReader<'_>) -> Step<bool> {
        match lines.line()? {
            Line::Spec(_) => return Err(lines.bad("a second spec")),
            Line::Case(c) => {
                let pos = self.seen.cases;
                self.seen.cases += 1;
                self.into.case(pos, &c).map_err(|t| lines.at(t))?;
            }
            Line::Clock(c) => {
                self.seen.clocks += 1;
                insert_clock(self.conn, self.no, &c).map_err(|t| lines.at(t))?;
            }
            Line::State(s) => {
                if self.state.replace(s).is_some() {
                    return Err(lines.bad("a second state"));
                }
            }
            Line::End(counts) if counts == self.seen => return Ok(true),
            Line::End(_) => {
                return Err(lines.bad("the counts at the end are not those of the lines before"));
            }
            item => {
                let item = self.item(item, lines)?;
                self.into.item(&item).map_err(|t| lines.at(t))?;
            }
        }
        Ok(false)
    }

    fn item(&mut self, line: Line, lines: &LineReader<'_>) -> Step<Item> {
        let seen = &mut self.seen;
        let (item, count) = match line {
            Line::Blob { hash, base64 } => {
                let body = BASE64.decode(&base64).map_err(|_| lines.bad("not base 64"))?;
                (Item::Blob(Blob { hash, body }), &mut seen.blobs)
            }
            Line::Record(r) => (Item::Record(r), &mut seen.records),
            Line::Verdict(v) => (Item::Verdict(*v), &mut seen.verdicts),
            Line::Reading(r) => (Item::Reading(r), &mut seen.readings),
            Line::Fact(f) => (Item::Fact(f), &mut seen.facts),
            Line::Note(n) => (Item::Note(n), &mut seen.notes),
            Line::Odd { line, numbers } => {
                if matches!(*line, Line::Odd { .. }) {
                    return Err(lines.bad("an odd line within an odd line"));
                }
                let mut item = self.item(*line, lines)?;
                numbers::put_back(&numbers, |f| numbers::of_item(&mut item, f));
                return Ok(item);
            }
            Line::Spec(_) | Line::Case(_) | Line::Clock(_) | Line::State(_) | Line::End(_) => {
                return Err(lines.bad("only records and what lies beside them may be odd"));
            }
        };
        *count += 1;
        Ok(item)
    }
}

/// Takes lines of bounded length.
struct LineReader<'a> {
    input: &'a mut dyn BufRead,
    max_line: u64,
    no: u64,
    text: Vec<u8>,
}

impl LineReader<'_> {
    /// Takes the next line; false at the end of the file.
    fn next(&mut self) -> Step<bool> {
        self.no += 1;
        self.text.clear();
        (&mut *self.input)
            .take(self.max_line + 1)
            .read_until(b'\n', &mut self.text)
            .map_err(|e| self.bad(&format!("not readable: {e}")))?;
        if self.text.len() as u64 > self.max_line {
            return Err(self.bad(&format!("longer than {} bytes", self.max_line)));
        }
        Ok(!self.text.is_empty())
    }

    fn header(&mut self) -> Step<Header> {
        let not_ours = |at: &Self| {
            at.bad(&format!("not an export of a run: expected {{\"schema\":\"{EXPORT_SCHEMA}\",…}}"))
        };
        if !self.next()? {
            return Err(not_ours(self));
        }
        let header: Header = serde_json::from_slice(&self.text).map_err(|_| not_ours(self))?;
        if header.schema != EXPORT_SCHEMA {
            let schema: String = header.schema.chars().take(40).collect();
            return Err(self.bad(&format!("schema '{schema}', expected '{EXPORT_SCHEMA}'")));
        }
        Ok(header)
    }

    fn line(&mut self) -> Step<Line> {
        if !self.next()? {
            return Err(self.bad("the file is cut: it ends before its end line"));
        }
        self.parse()
    }

    fn parse<T: DeserializeOwned>(&self) -> Step<T> {
        serde_json::from_slice(&self.text).map_err(|e| {
            if e.is_eof() {
                self.bad("the file is cut in the middle of this line")
            } else {
                // The text is one line: "line 1" of the parser would only confuse.
                self.bad(&e.to_string().replace(" at line 1 column ", " at column "))
            }
        })
    }

    fn bad(&self, why: &str) -> Trouble {
        Trouble::from(StoreError::Import { line: self.no, why: plain(why) })
    }

    /// Trouble with what a line says, not with the store, names the line.
    fn at(&self, t: Trouble) -> Trouble {
        match t {
            Trouble::Said(e) => match *e {
                StoreError::WrongRun { .. } | StoreError::Unstorable { .. } => self.bad(&e.to_string()),
                other => Trouble::from(other),
            },
            Trouble::Sql(e) if e.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation) => {
                self.bad("it is in the file twice")
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_lines_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::create_or_open(&dir.path().join("s.db")).unwrap();
        let mut endless = std::io::BufReader::new(std::io::repeat(b'a'));
        let e = store.import_bounded(&mut endless, 1000).unwrap_err();
        assert_eq!(e.to_string(), "line 1: longer than 1000 bytes");
        assert!(store.runs().unwrap().is_empty());
    }
}
