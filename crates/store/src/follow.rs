//! Following a store: whether anything changed, and what of which run.
//!
//! Main items: [`Store::changes`], [`RunMark`]. Must not read rows: a look costs a few pages,
//! however much a run holds.

use crate::error::{Result, Step, Trouble};
use crate::open::Store;
use crate::read::range;
use crate::runs::RunSummary;
use acidtest_record::RunId;
use rusqlite::Connection;

/// What is numbered in the order of its arrival.
const NUMBERED: [&str; 5] = ["record", "verdict", "reading", "fact", "note"];

/// How far a run has come. Two equal marks of one file mean the same content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunMark {
    /// The run with its counters.
    pub summary: RunSummary,
    /// Its number in this file; a run that was deleted and imported again has another one.
    no: i64,
    /// The last record, verdict, reading, fact and note.
    last: [i64; 5],
}

impl RunMark {
    /// Whether both are of one run, however far it had come: not of one that was deleted meanwhile
    /// and imported again.
    #[must_use]
    pub fn is_same_run(&self, other: &Self) -> bool {
        (self.no, self.summary.id) == (other.no, other.summary.id)
    }
}

impl Store {
    /// A number that differs from the one before when another connection changed the file since.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn changes(&self) -> Result<i64> {
        let version = self.conn.pragma_query_value(None, "data_version", |r| r.get(0));
        version.map_err(|e| Trouble::from(e).explain(&self.path, "look at it"))
    }

    /// How far every run has come, by their arrival, the last one first.
    ///
    /// # Errors
    /// The store is damaged or locked.
    pub fn marks(&self) -> Result<Vec<RunMark>> {
        self.snapshot("list the runs", |conn| self.marks_of(conn, crate::runs::list(conn)?))
    }

    /// How far one run has come.
    ///
    /// # Errors
    /// The run is unknown.
    pub fn mark(&self, run: RunId) -> Result<RunMark> {
        self.snapshot("read a run", |conn| {
            let marks = self.marks_of(conn, vec![self.find_summary(conn, run)?])?;
            marks.into_iter().next().ok_or_else(|| self.unknown(conn, &run.to_string()))
        })
    }

    fn marks_of(&self, conn: &Connection, runs: Vec<RunSummary>) -> Step<Vec<RunMark>> {
        let last = NUMBERED.map(|table| {
            format!("(SELECT seq FROM {table} WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT 1)")
        });
        let mut stmt = conn.prepare(&format!("SELECT {}", last.join(", ")))?;
        let marks = runs.into_iter().map(|summary| {
            let no = self.run_no(conn, summary.id)?;
            let last = stmt.query_row(range(no), |row| {
                let mut last = [0; NUMBERED.len()];
                for (i, last) in last.iter_mut().enumerate() {
                    *last = row.get::<_, Option<i64>>(i)?.unwrap_or(0);
                }
                Ok(last)
            })?;
            Ok(RunMark { summary, no, last })
        });
        marks.collect()
    }
}
