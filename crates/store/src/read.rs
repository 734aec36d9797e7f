//! Reading records back: as scalars, with their events, or whole.
//!
//! Main items: [`Store::rows`], [`Store::details`], [`Store::records`]. Must not
//! judge or filter: a failed attempt is a row like any other.

use crate::append::name_of;
use crate::error::{Result, Step, Trouble};
use crate::open::Store;
use crate::pack::{Detail, of_word, unpack_marks};
use crate::schema::SEQ_BITS;
use acidtest_record::{
    Digest, Key, Ns, OutcomeClass, Record, Row, RunId, ServerTimes, Timing, unpack_timing,
};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OptionalExtension, params};

/// Columns of a [`Row`], in the order in which [`Columns::scalars`] takes them.
const SCALARS: &str = "record.slot, record.step, record.attempt, kind, role, target, phase, prompt, \
    case_hash, repeat, clock, outcome, cause, stream, intended_ns, started_ns, sent_ns, \
    first_byte_ns, first_ns, first_visible_ns, first_tool_ns, last_ns, last_event_ns, \
    body_end_ns, ended_ns, connect_ns, tls_ns, queue_wait_ns, pieces, first_tokens, max_gap_ns, \
    in_server, out_server, cached_server, reasoning_server, reasoning_seen, \
    server_total_ns, server_prompt_ns, server_generation_ns, server_generated";
/// Columns of a [`Timing`] among those, behind the key.
const OF_TIMING: &str = "record.slot, record.step, record.attempt, clock, intended_ns, started_ns, \
    sent_ns, body_end_ns, ended_ns";
/// Columns of a [`Timing`] beyond those.
const TIMES: &str = "sent_end_ns, marks, timing";
/// Columns of a [`Record`] beyond those.
const REST: &str = "codec, len, body";

/// The numbers of a run's rows: first and last.
pub(crate) fn range(no: i64) -> [i64; 2] {
    [no << SEQ_BITS, ((no + 1) << SEQ_BITS) - 1]
}

impl Store {
    /// Hands over the scalars of each record, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn rows(&self, run: RunId, f: &mut dyn FnMut(Row)) -> Result<()> {
        let sql = format!("SELECT {SCALARS} FROM record WHERE seq BETWEEN ? AND ? ORDER BY seq");
        self.snapshot("read a run", |conn| {
            self.each(conn, run, &sql, |c| {
                f(c.scalars(run)?);
                Ok(())
            })
        })
    }

    /// Hands over all moments, reads and events of each record, in the order of arrival, without
    /// its texts.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn details(&self, run: RunId, f: &mut dyn FnMut(Key, Timing)) -> Result<()> {
        let sql = format!(
            "SELECT {OF_TIMING}, {TIMES} FROM record JOIN detail USING (seq)
             WHERE seq BETWEEN ? AND ? ORDER BY seq"
        );
        self.snapshot("read a run", |conn| {
            self.each(conn, run, &sql, |c| {
                let key = c.key(run)?;
                let of_row = c.of_timing().map_err(|t| at_record(key, t))?;
                f(key, c.timing(key, of_row)?);
                Ok(())
            })
        })
    }

    /// Hands over each record whole, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn records(&self, run: RunId, f: &mut dyn FnMut(Record)) -> Result<()> {
        self.snapshot("read a run", |conn| {
            self.each_record(conn, run, &mut |r| {
                f(r);
                Ok(())
            })
        })
    }

    /// One record whole, as it was appended.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn record(&self, key: Key) -> Result<Option<Record>> {
        self.snapshot("read a record", |conn| self.find_record(conn, key))
    }

    /// A blob's bytes.
    ///
    /// # Errors
    /// The store is damaged.
    pub fn blob(&self, hash: Digest) -> Result<Option<Vec<u8>>> {
        self.find_blob(&self.conn, hash).map_err(|t| t.explain(&self.path, "read a blob"))
    }

    pub(crate) fn each_record(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Record) -> Step<()>,
    ) -> Step<()> {
        let sql = format!(
            "SELECT {SCALARS}, {TIMES}, {REST} FROM record JOIN detail USING (seq)
             WHERE seq BETWEEN ? AND ? ORDER BY seq"
        );
        self.each(conn, run, &sql, |c| f(c.record(self, run)?))
    }

    pub(crate) fn find_record(&self, conn: &Connection, key: Key) -> Step<Option<Record>> {
        let no = self.run_no(conn, key.run)?;
        let sql = format!(
            "SELECT {SCALARS}, {TIMES}, {REST} FROM record JOIN detail USING (seq)
             WHERE run = ? AND slot = ? AND step = ? AND attempt = ?"
        );
        let mut stmt = conn.prepare(&sql)?;
        let mut rows = stmt.query(params![no, key.slot, key.step, key.attempt])?;
        match rows.next()? {
            None => Ok(None),
            Some(row) => Columns { row, at: 0 }.record(self, key.run).map(Some),
        }
    }

    pub(crate) fn find_blob(&self, conn: &Connection, hash: Digest) -> Step<Option<Vec<u8>>> {
        let found: Option<(i64, i64, Vec<u8>)> = conn
            .query_row("SELECT codec, len, body FROM blob WHERE hash = ?1", [&hash.0[..]], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?))
            })
            .optional()?;
        let Some((codec, len, body)) = found else {
            return Ok(None);
        };
        let corrupt = |why: String| Trouble::Corrupt(format!("blob {hash}: {why}"));
        let plain = self.zip.borrow_mut().unpack(codec, len, &body).map_err(corrupt)?.into_owned();
        if Digest::of(&plain) != hash {
            return Err(corrupt("its bytes have another digest".into()));
        }
        Ok(Some(plain))
    }

    /// Runs a query over the numbers of a run.
    pub(crate) fn each(
        &self,
        conn: &Connection,
        run: RunId,
        sql: &str,
        mut f: impl FnMut(&mut Columns<'_, '_>) -> Step<()>,
    ) -> Step<()> {
        let no = self.run_no(conn, run)?;
        let mut stmt = conn.prepare(sql)?;
        let mut rows = stmt.query(range(no))?;
        while let Some(row) = rows.next()? {
            f(&mut Columns { row, at: 0 })?;
        }
        Ok(())
    }
}

/// Takes the columns of a result one after the other.
pub(crate) struct Columns<'r, 's> {
    pub(crate) row: &'r rusqlite::Row<'s>,
    pub(crate) at: usize,
}

impl<'r> Columns<'r, '_> {
    pub(crate) fn take<T: FromSql>(&mut self) -> Step<T> {
        self.at += 1;
        Ok(self.row.get(self.at - 1)?)
    }

    pub(crate) fn ns(&mut self) -> Step<Option<Ns>> {
        Ok(self.take::<Option<i64>>()?.map(Ns))
    }

    /// Text without a copy; NULL is empty.
    pub(crate) fn text(&mut self) -> Step<&'r str> {
        self.at += 1;
        self.row
            .get_ref(self.at - 1)?
            .as_str_or_null()
            .map(Option::unwrap_or_default)
            .map_err(|e| Trouble::Corrupt(format!("column {}: {e}", self.at - 1)))
    }

    /// Bytes without a copy.
    fn bytes(&mut self) -> Step<&'r [u8]> {
        self.at += 1;
        self.row
            .get_ref(self.at - 1)?
            .as_blob()
            .map_err(|e| Trouble::Corrupt(format!("column {}: {e}", self.at - 1)))
    }

    pub(crate) fn digest(&mut self) -> Step<Option<Digest>> {
        Ok(self.take::<Option<[u8; 16]>>()?.map(Digest))
    }

    /// Slot, step and attempt.
    pub(crate) fn key(&mut self, run: RunId) -> Step<Key> {
        Ok(Key { run, slot: self.take()?, step: self.take()?, attempt: self.take()? })
    }

    pub(crate) fn class(&mut self) -> Step<OutcomeClass> {
        let (outcome, cause) = (self.text()?, self.text()?);
        OutcomeClass::from_ids(outcome, cause)
            .ok_or_else(|| Trouble::Corrupt(format!("unknown outcome '{outcome}' '{cause}'")))
    }

    fn scalars(&mut self, run: RunId) -> Step<Row> {
        let key = self.key(run)?;
        self.scalars_of(key).map_err(|t| at_record(key, t))
    }

    /// The fields in the order of [`SCALARS`].
    fn scalars_of(&mut self, key: Key) -> Step<Row> {
        Ok(Row {
            key,
            kind: of_word(self.text()?)?,
            role: of_word(self.text()?)?,
            target: self.take()?,
            phase: self.take()?,
            prompt: self.take()?,
            case: self.digest()?,
            repeat: self.take()?,
            clock: self.take()?,
            class: self.class()?,
            stream: self.take()?,
            intended: Ns(self.take()?),
            started: self.ns()?,
            sent: self.ns()?,
            first_byte: self.ns()?,
            first: self.ns()?,
            first_visible: self.ns()?,
            first_tool: self.ns()?,
            last: self.ns()?,
            last_event: self.ns()?,
            body_end: self.ns()?,
            ended: self.ns()?,
            connect: self.ns()?,
            tls: self.ns()?,
            queue_wait: self.ns()?,
            pieces: self.take()?,
            first_tokens: self.take()?,
            max_gap: self.ns()?,
            input: self.take()?,
            output: self.take()?,
            cached: self.take()?,
            reasoning: self.take()?,
            reasoning_seen: self.take()?,
            server: ServerTimes {
                total: self.ns()?,
                prompt: self.ns()?,
                generation: self.ns()?,
                generated: self.take()?,
            },
        })
    }

    /// What of a timing stands in the row, in the order of [`OF_TIMING`].
    fn of_timing(&mut self) -> Step<Timing> {
        Ok(Timing {
            clock: self.take()?,
            intended: Ns(self.take()?),
            started: self.ns()?,
            sent: self.ns()?,
            body_end: self.ns()?,
            ended: self.ns()?,
            ..Timing::default()
        })
    }

    /// The moments, in the order of [`TIMES`], with those of the row.
    fn timing(&mut self, key: Key, of_row: Timing) -> Step<Timing> {
        let corrupt = |why: String| at_record(key, Trouble::Corrupt(why));
        let sent_end = self.ns()?;
        let marks = unpack_marks(self.bytes()?).map_err(corrupt)?;
        let (reads, events) = unpack_timing(self.bytes()?).map_err(|e| corrupt(e.to_string()))?;
        Ok(Timing { sent_end, marks, reads, events, ..of_row })
    }

    fn record(&mut self, store: &Store, run: RunId) -> Step<Record> {
        let row = self.scalars(run)?;
        let of_row = Timing {
            clock: row.clock,
            intended: row.intended,
            started: row.started,
            sent: row.sent,
            body_end: row.body_end,
            ended: row.ended,
            ..Timing::default()
        };
        let timing = self.timing(row.key, of_row)?;
        let (codec, len) = (self.take()?, self.take()?);
        let body = self.bytes()?;
        let detail = store
            .zip
            .borrow_mut()
            .unpack(codec, len, body)
            .and_then(|json| Detail::parse(&json))
            .map_err(|why| at_record(row.key, Trouble::Corrupt(why)))?;
        Ok(Record {
            key: row.key,
            parent: detail.parent,
            kind: row.kind,
            role: row.role,
            target: row.target,
            phase: row.phase,
            prompt: row.prompt,
            case: row.case,
            repeat: row.repeat,
            request: detail.request.into_owned(),
            timing,
            outcome: detail.outcome.into_owned(),
            head: detail.head.into_owned(),
            answer: detail.answer.into_owned(),
            said: detail.said.into_owned(),
            fault: detail.fault,
            place: detail.place,
            copied_from: detail.copied_from,
        })
    }
}

/// Says which record is damaged.
fn at_record(key: Key, t: Trouble) -> Trouble {
    match t {
        Trouble::Corrupt(why) => Trouble::Corrupt(format!("{}: {why}", name_of(key))),
        Trouble::Sql(e) if e.sqlite_error_code().is_none() => {
            Trouble::Corrupt(format!("{}: {e}", name_of(key)))
        }
        other => other,
    }
}
