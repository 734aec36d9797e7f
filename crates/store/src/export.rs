//! A run as JSON Lines, for other programs and other stores.
//!
//! Main items: [`Store::export`] and [`Line`]. The form, schema `acidtest.run/1`:
//! the first line is the header; then one object with one key a line, in this
//! order: `spec`, each `case`, each `clock`, each `blob` (base 64), each `record`,
//! `verdict`, `reading`, `fact`, `note`, then `state`, and last `end` with the
//! number of lines of each kind, so that a cut file is known as such. Numbers
//! that JSON cannot hold stand as 0 in an `odd` line, which names their places.
//! Must not write anything that depends on when or where it is written.

use crate::error::{Result, Step, StoreError, Trouble};
use crate::numbers::{self, Places};
use crate::open::Store;
use acidtest_record::{
    Case, ClockRow, Digest, Fact, Item, Note, Reading, Record, RunId, RunSpec, RunState, Verdict,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};
use std::io::Write;

/// Name and version of the exported form.
pub const EXPORT_SCHEMA: &str = "acidtest.run/1";

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) schema: String,
    pub(crate) run: RunId,
    pub(crate) name: String,
    pub(crate) created_unix_ns: i64,
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Spec(Box<RunSpec>),
    Case(Box<Case>),
    Clock(ClockRow),
    Blob { hash: Digest, base64: String },
    Record(Box<Record>),
    Verdict(Box<Verdict>),
    Reading(Reading),
    Fact(Fact),
    Note(Note),
    Odd { line: Box<Line>, numbers: Places },
    State(StateLine),
    End(Counts),
}

/// Where the run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateLine {
    pub(crate) state: RunState,
    pub(crate) ended_unix_ns: Option<i64>,
}

/// How many lines of each kind came before the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) cases: u64,
    pub(crate) clocks: u64,
    pub(crate) blobs: u64,
    pub(crate) records: u64,
    pub(crate) verdicts: u64,
    pub(crate) readings: u64,
    pub(crate) facts: u64,
    pub(crate) notes: u64,
}

impl Store {
    /// Writes a run as JSON Lines. The same run gives the same bytes, in any store.
    ///
    /// # Errors
    /// The run is unknown, the store is damaged, or `out` refuses.
    pub fn export(&self, run: RunId, out: &mut dyn Write) -> Result<()> {
        self.snapshot("export a run", |conn| {
            let mut lines = Lines { out, counts: Counts::default() };
            self.export_plan(conn, run, &mut lines)?;
            self.export_data(conn, run, &mut lines)?;
            let s = self.find_summary(conn, run)?;
            lines.write(&Line::State(StateLine { state: s.state, ended_unix_ns: s.ended_unix_ns }))?;
            lines.write(&Line::End(lines.counts))?;
            lines.out.flush().map_err(output)
        })
    }

    fn export_plan(&self, conn: &Connection, run: RunId, lines: &mut Lines<'_>) -> Step<()> {
        let s = self.find_summary(conn, run)?;
        lines.write(&Header {
            schema: EXPORT_SCHEMA.into(),
            run,
            name: s.name,
            created_unix_ns: s.created_unix_ns,
        })?;
        lines.write(&Line::Spec(Box::new(self.find_spec(conn, run)?)))?;
        for case in self.find_cases(conn, run)? {
            lines.counts.cases += 1;
            lines.write(&Line::Case(Box::new(case)))?;
        }
        for clock in self.find_clocks(conn, run)? {
            lines.counts.clocks += 1;
            lines.write(&Line::Clock(clock))?;
        }
        Ok(())
    }

    fn export_data(&self, conn: &Connection, run: RunId, lines: &mut Lines<'_>) -> Step<()> {
        self.each_blob(conn, run, &mut |hash, body| {
            lines.counts.blobs += 1;
            let base64 = BASE64.encode(&body);
            lines.write(&Line::Blob { hash, base64 })
        })?;
        self.each_record(conn, run, &mut |r| {
            lines.counts.records += 1;
            lines.item(Item::Record(Box::new(r)))
        })?;
        self.each_verdict(conn, run, &mut |v| {
            lines.counts.verdicts += 1;
            lines.item(Item::Verdict(v))
        })?;
        self.each_reading(conn, run, &mut |r| {
            lines.counts.readings += 1;
            lines.item(Item::Reading(r))
        })?;
        self.each_fact(conn, run, &mut |f| {
            lines.counts.facts += 1;
            lines.item(Item::Fact(f))
        })?;
        self.each_note(conn, run, &mut |n| {
            lines.counts.notes += 1;
            lines.item(Item::Note(n))
        })
    }
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    counts: Counts,
}

impl Lines<'_> {
    fn write<T: Serialize>(&mut self, line: &T) -> Step<()> {
        let mut text = serde_json::to_vec(line).expect("lines have text keys");
        text.push(b'\n');
        self.out.write_all(&text).map_err(output)
    }

    fn item(&mut self, mut item: Item) -> Step<()> {
        let odd = numbers::set_aside(|f| numbers::of_item(&mut item, f));
        let line = match item {
            Item::Record(r) => Line::Record(r),
            Item::Verdict(v) => Line::Verdict(Box::new(v)),
            Item::Reading(r) => Line::Reading(r),
            Item::Fact(f) => Line::Fact(f),
            Item::Note(n) => Line::Note(n),
            Item::Blob(b) => Line::Blob { hash: b.hash, base64: BASE64.encode(&b.body) },
        };
        if odd.is_empty() {
            return self.write(&line);
        }
        self.write(&Line::Odd { line: Box::new(line), numbers: odd })
    }
}

fn output(e: std::io::Error) -> Trouble {
    Trouble::from(StoreError::Output(e))
}
