//! Looking up a little of a run: one case, one request, the verdicts about it, answers one by one
//! until somebody has seen enough.
//!
//! Main items: methods of [`Store`]. Must not read a whole run where a part is asked for, nor
//! decide which verdict counts.

use crate::error::{Result, Step, Trouble};
use crate::open::Store;
use crate::pack::{Detail, word_of};
use crate::read::range;
use acidtest_record::{Answer, Case, Digest, Key, MakerKind, Record, RunId, Verdict};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// An answer on the way to somebody who looks for one.
#[derive(Debug)]
pub struct Found<'a> {
    /// Where it stands in the order of arrival: the next look can go on behind it.
    pub place: i64,
    /// Whose it is.
    pub key: Key,
    /// What came back.
    pub answer: &'a Answer,
}

impl Store {
    /// The case at a position of a run, counted from 0.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn case_at(&self, run: RunId, position: u32) -> Result<Option<Case>> {
        self.snapshot("read a case", |conn| {
            let no = self.run_no(conn, run)?;
            let found: Option<Vec<u8>> = conn
                .query_row("SELECT blob FROM cases WHERE run = ?1 AND pos = ?2", params![no, position], |r| {
                    r.get::<_, [u8; 16]>(0).map(|hash| hash.to_vec())
                })
                .optional()?;
            let Some(hash) = found.and_then(|h| <[u8; 16]>::try_from(h).ok()) else { return Ok(None) };
            self.case_of(conn, Digest(hash)).map(Some)
        })
    }

    /// Hands over each case of a run in order, from a position on, until it is told to stop.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn each_case(
        &self,
        run: RunId,
        from: u32,
        f: &mut dyn FnMut(u32, Case) -> ControlFlow<()>,
    ) -> Result<()> {
        self.snapshot("read the cases of a run", |conn| {
            let no = self.run_no(conn, run)?;
            let mut stmt =
                conn.prepare("SELECT pos, blob FROM cases WHERE run = ?1 AND pos >= ?2 ORDER BY pos")?;
            let mut rows = stmt.query(params![no, from])?;
            while let Some(row) = rows.next()? {
                let case = self.case_of(conn, Digest(row.get(1)?))?;
                if f(row.get(0)?, case).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn case_of(&self, conn: &Connection, hash: Digest) -> Step<Case> {
        let corrupt = |why: String| Trouble::Corrupt(format!("a case ({hash}): {why}"));
        let json = self.find_blob(conn, hash)?.ok_or_else(|| corrupt("its text is missing".into()))?;
        serde_json::from_slice(&json).map_err(|e| corrupt(e.to_string()))
    }

    /// Hands over the answers behind a place (0: all) in the order of arrival, until it is told to
    /// stop. The function must not ask this store for more meanwhile.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn answers(
        &self,
        run: RunId,
        behind: i64,
        f: &mut dyn FnMut(Found<'_>) -> ControlFlow<()>,
    ) -> Result<()> {
        self.snapshot("search a run", |conn| {
            let [first, last] = range(self.run_no(conn, run)?);
            let mut stmt = conn.prepare(
                "SELECT record.seq, slot, step, attempt, codec, len, body FROM record JOIN detail USING (seq)
                 WHERE record.seq BETWEEN ? AND ? ORDER BY record.seq",
            )?;
            let mut rows = stmt.query([first.max(behind.saturating_add(1)), last])?;
            while let Some(row) = rows.next()? {
                let key = Key { run, slot: row.get(1)?, step: row.get(2)?, attempt: row.get(3)? };
                let bytes = row.get_ref(6)?.as_blob().map_err(|e| Trouble::Corrupt(e.to_string()))?;
                let corrupt = |why| Trouble::Corrupt(format!("{}: {why}", crate::append::name_of(key)));
                let json = self.zip.borrow_mut().unpack(row.get(4)?, row.get(5)?, bytes).map_err(corrupt)?;
                let detail = Detail::parse(&json).map_err(corrupt)?;
                let found = Found { place: row.get(0)?, key, answer: &detail.answer };
                if f(found).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The attempts of one request whole, first to last.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn attempts(&self, run: RunId, slot: u32, step: u16) -> Result<Vec<Record>> {
        self.snapshot("read a request", |conn| {
            let no = self.run_no(conn, run)?;
            let mut stmt = conn.prepare(
                "SELECT attempt FROM record WHERE run = ? AND slot = ? AND step = ? ORDER BY attempt",
            )?;
            let attempts = stmt.query_map(params![no, slot, step], |r| r.get::<_, u8>(0))?;
            let attempts = attempts.collect::<rusqlite::Result<Vec<u8>>>()?;
            let mut found = Vec::new();
            for attempt in attempts {
                found.extend(self.find_record(conn, Key { run, slot, step, attempt })?);
            }
            Ok(found)
        })
    }

    /// Hands over the verdicts about some of a run's own requests (slot and step), in the order of
    /// arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn verdicts_about(
        &self,
        run: RunId,
        requests: &BTreeSet<(u32, u16)>,
        f: &mut dyn FnMut(Verdict),
    ) -> Result<()> {
        self.snapshot("read verdicts", |conn| {
            let mut wanted: Vec<i64> = Vec::new();
            let sql = "SELECT verdict, slot, step FROM verdict_about
                 WHERE verdict BETWEEN ? AND ? AND other_run IS NULL ORDER BY verdict";
            self.each(conn, run, sql, |c| {
                let (verdict, slot, step): (i64, u32, u16) = (c.take()?, c.take()?, c.take()?);
                if requests.contains(&(slot, step)) && wanted.last() != Some(&verdict) {
                    wanted.push(verdict);
                }
                Ok(())
            })?;
            for seq in wanted {
                self.each_verdict_of(conn, run, "seq = ?3", &[&seq], &mut |v| {
                    f(v);
                    Ok(())
                })?;
            }
            Ok(())
        })
    }

    /// Hands over the verdicts of one kind of maker, and of one name where one is given, in the
    /// order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn verdicts_by(
        &self,
        run: RunId,
        kind: MakerKind,
        name: Option<&str>,
        f: &mut dyn FnMut(Verdict),
    ) -> Result<()> {
        self.snapshot("read verdicts", |conn| {
            let kind = word_of(&kind);
            let filter = "maker_kind = ?3 AND (?4 IS NULL OR name = ?4)";
            self.each_verdict_of(conn, run, filter, &[&kind, &name], &mut |v| {
                f(v);
                Ok(())
            })
        })
    }

    /// How many bytes a blob has, where it is stored.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn blob_len(&self, hash: Digest) -> Result<Option<u64>> {
        self.snapshot("read a blob", |conn| {
            let found =
                conn.query_row("SELECT len FROM blob WHERE hash = ?1", [&hash.0[..]], |r| r.get::<_, i64>(0));
            Ok(found.optional()?.map(|n| n.max(0).unsigned_abs()))
        })
    }
}
