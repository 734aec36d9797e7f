//! The runs of a store: list, find by name, read the plan, remove.
//!
//! Main type: [`RunSummary`]. Must not read records: the counters of a run are
//! kept when its records are written.

use crate::error::{Result, Step, StoreError, Trouble};
use crate::open::Store;
use crate::read::range;
use acidtest_record::{Case, ClockRow, Digest, RunId, RunSpec, RunState};
use rusqlite::{Connection, params};

/// How many runs an error names.
const NAMED: usize = 8;

/// A run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Its id.
    pub id: RunId,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub state: RunState,
    /// Unix time of its start, in nanoseconds.
    pub created_unix_ns: i64,
    /// Unix time of its end; absent while it runs or when its writer died.
    pub ended_unix_ns: Option<i64>,
    /// Digest of what was asked of whom under which load.
    pub workload: Digest,
    /// Records: attempts, those that were never sent among them.
    pub records: u64,
    /// Requests: slot and step.
    pub requests: u64,
    /// Requests whose last attempt brought an answer.
    pub delivered: u64,
    /// Requests whose last attempt failed.
    pub failed: u64,
    /// Requests that were never sent.
    pub not_sent: u64,
}

/// Which runs to remove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prune {
    /// All but so many of those that arrived last.
    Keep(usize),
    /// Those that began before this Unix time in nanoseconds.
    Before(i64),
}

impl Store {
    /// All runs by their arrival in this store, the last one first: when a run that
    /// was imported took place elsewhere says nothing about what was done here last.
    ///
    /// # Errors
    /// The store is damaged or locked.
    pub fn runs(&self) -> Result<Vec<RunSummary>> {
        self.snapshot("list the runs", list)
    }

    /// The run that a person means: `latest` (the last one to arrive), an id, or a unique prefix of one.
    ///
    /// # Errors
    /// No run or several runs fit; the error names some.
    pub fn resolve(&self, wanted: &str) -> Result<RunId> {
        self.snapshot("find a run", |conn| {
            let mut fit = list(conn)?;
            let prefix = wanted.to_ascii_lowercase();
            if wanted == "latest" {
                fit.truncate(1);
            } else {
                fit.retain(|r| !prefix.is_empty() && r.id.to_string().starts_with(&prefix));
            }
            match fit.as_slice() {
                [one] => Ok(one.id),
                [] => Err(self.unknown(conn, wanted)),
                many => Err(Trouble::from(StoreError::Ambiguous { prefix, candidates: named(many) })),
            }
        })
    }

    /// A run in the list.
    ///
    /// # Errors
    /// The run is unknown.
    pub fn summary(&self, run: RunId) -> Result<RunSummary> {
        self.snapshot("read a run", |conn| self.find_summary(conn, run))
    }

    /// The plan of a run.
    ///
    /// # Errors
    /// The run is unknown, or its plan was written by a program that this one
    /// does not understand.
    pub fn spec(&self, run: RunId) -> Result<RunSpec> {
        self.snapshot("read the plan of a run", |conn| self.find_spec(conn, run))
    }

    /// The cases of a run, in order.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn cases(&self, run: RunId) -> Result<Vec<Case>> {
        self.snapshot("read the cases of a run", |conn| self.find_cases(conn, run))
    }

    /// The clocks of a run, by number.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn clocks(&self, run: RunId) -> Result<Vec<ClockRow>> {
        self.snapshot("read the clocks of a run", |conn| self.find_clocks(conn, run))
    }

    /// Where a run stands.
    ///
    /// # Errors
    /// The run is unknown.
    pub fn state(&self, run: RunId) -> Result<RunState> {
        Ok(self.summary(run)?.state)
    }

    /// Whether a run came into this store by [`Store::import`]. That is not part
    /// of the run: an export does not say it.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn is_imported(&self, run: RunId) -> Result<bool> {
        self.snapshot("read a run", |conn| {
            let no = self.run_no(conn, run)?;
            Ok(conn.query_row("SELECT imported FROM run WHERE no = ?1", [no], |r| r.get(0))?)
        })
    }

    /// Removes a run with everything that only it needs.
    ///
    /// # Errors
    /// The run is unknown or the store cannot be written.
    pub fn delete(&mut self, run: RunId) -> Result<()> {
        self.write("delete a run", |conn| {
            remove(conn, self.run_no(conn, run)?)?;
            sweep(conn)
        })
    }

    /// Removes old runs, in one transaction, and says which. Runs whose state is
    /// running stay: another process may be writing them.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn prune(&mut self, which: Prune) -> Result<Vec<RunId>> {
        self.write("prune the runs", |conn| {
            let runs = list(conn)?.into_iter().enumerate();
            let old = runs.filter(|(i, r)| match which {
                Prune::Keep(n) => *i >= n,
                Prune::Before(t) => r.created_unix_ns < t,
            });
            let mut gone = Vec::new();
            for (_, r) in old.filter(|(_, r)| r.state != RunState::Running) {
                remove(conn, self.run_no(conn, r.id)?)?;
                gone.push(r.id);
            }
            sweep(conn)?;
            Ok(gone)
        })
    }

    pub(crate) fn find_summary(&self, conn: &Connection, run: RunId) -> Step<RunSummary> {
        let found = list(conn)?.into_iter().find(|r| r.id == run);
        found.ok_or_else(|| self.unknown(conn, &run.to_string()))
    }

    pub(crate) fn find_spec(&self, conn: &Connection, run: RunId) -> Step<RunSpec> {
        let no = self.run_no(conn, run)?;
        let json: String = conn.query_row("SELECT spec FROM run WHERE no = ?1", [no], |r| r.get(0))?;
        serde_json::from_str(&json)
            .map_err(|e| Trouble::Corrupt(format!("the plan of run {run} is not readable: {e}")))
    }

    pub(crate) fn find_cases(&self, conn: &Connection, run: RunId) -> Step<Vec<Case>> {
        let no = self.run_no(conn, run)?;
        let mut stmt = conn.prepare("SELECT id, blob FROM cases WHERE run = ?1 ORDER BY pos")?;
        let mut rows = stmt.query([no])?;
        let mut cases = Vec::new();
        while let Some(row) = rows.next()? {
            let (id, hash) = (row.get::<_, String>(0)?, Digest(row.get(1)?));
            let corrupt = |why: String| Trouble::Corrupt(format!("case '{id}' of run {run}: {why}"));
            let json = self.find_blob(conn, hash)?.ok_or_else(|| corrupt("its text is missing".into()))?;
            cases.push(serde_json::from_slice(&json).map_err(|e| corrupt(e.to_string()))?);
        }
        Ok(cases)
    }

    pub(crate) fn find_clocks(&self, conn: &Connection, run: RunId) -> Step<Vec<ClockRow>> {
        let no = self.run_no(conn, run)?;
        let mut stmt =
            conn.prepare("SELECT no, host, zero_unix_ns, error_ns FROM clock WHERE run = ? ORDER BY no")?;
        let clocks = stmt.query_map([no], |r| {
            Ok(ClockRow { no: r.get(0)?, host: r.get(1)?, zero_unix_ns: r.get(2)?, error_ns: r.get(3)? })
        })?;
        Ok(clocks.collect::<rusqlite::Result<_>>()?)
    }

    /// The error for a run that is not there, naming some that are.
    pub(crate) fn unknown(&self, conn: &Connection, wanted: &str) -> Trouble {
        let known = list(conn).map(|runs| named(&runs)).unwrap_or_default();
        Trouble::from(StoreError::RunUnknown {
            path: self.path.clone(),
            wanted: wanted.chars().take(80).collect(),
            known,
        })
    }
}

pub(crate) fn list(conn: &Connection) -> Step<Vec<RunSummary>> {
    let mut stmt = conn.prepare(
        "SELECT id, name, state, created_unix_ns, ended_unix_ns, workload,
            records, requests, delivered, failed, not_sent
         FROM run ORDER BY no DESC",
    )?;
    let mut rows = stmt.query([])?;
    let mut runs = Vec::new();
    while let Some(row) = rows.next()? {
        runs.push(summary(row)?);
    }
    Ok(runs)
}

fn summary(row: &rusqlite::Row<'_>) -> Step<RunSummary> {
    let (id, state) = (row.get::<_, String>(0)?, row.get::<_, String>(2)?);
    let count = |i: usize| row.get::<_, i64>(i).map(|n| n.max(0).unsigned_abs());
    Ok(RunSummary {
        id: id.parse().map_err(|e: acidtest_record::BadRunId| Trouble::Corrupt(e.to_string()))?,
        name: row.get(1)?,
        state: RunState::from_id(&state)
            .ok_or_else(|| Trouble::Corrupt(format!("run {id} has the unknown state '{state}'")))?,
        created_unix_ns: row.get(3)?,
        ended_unix_ns: row.get(4)?,
        workload: Digest(row.get(5)?),
        records: count(6)?,
        requests: count(7)?,
        delivered: count(8)?,
        failed: count(9)?,
        not_sent: count(10)?,
    })
}

fn named(runs: &[RunSummary]) -> Vec<String> {
    let name = |r: &RunSummary| format!("{} ({})", r.id, r.name);
    runs.iter().take(NAMED).map(name).collect()
}

/// Removes the rows of a run, children first.
fn remove(conn: &Connection, no: i64) -> Step<()> {
    let [first, last] = range(no);
    for (table, column) in [
        ("verdict_about", "verdict"),
        ("verdict", "seq"),
        ("detail", "seq"),
        ("record", "seq"),
        ("reading", "seq"),
        ("fact", "seq"),
        ("note", "seq"),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} BETWEEN ?1 AND ?2");
        conn.execute(&sql, params![first, last])?;
    }
    for (table, column) in [("blob_use", "run"), ("cases", "run"), ("clock", "run"), ("run", "no")] {
        conn.execute(&format!("DELETE FROM {table} WHERE {column} = ?1"), [no])?;
    }
    Ok(())
}

/// Removes blobs that nothing needs any more.
fn sweep(conn: &Connection) -> Step<()> {
    conn.execute(
        "DELETE FROM blob WHERE hash NOT IN
            (SELECT hash FROM blob_use UNION ALL SELECT blob FROM cases)",
        [],
    )?;
    Ok(())
}
