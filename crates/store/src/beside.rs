//! Reading what lies beside the records: verdicts, readings, facts, notes.
//!
//! Main item: the four methods of [`Store`]. Must not drop superseded verdicts:
//! which one counts is decided where findings are made.

use crate::error::{Result, Step, Trouble};
use crate::open::Store;
use crate::pack::of_word;
use crate::read::{Columns, range};
use acidtest_record::{About, Digest, Fact, Key, Maker, Note, Ns, Reading, RunId, Value, Verdict};
use rusqlite::{Connection, ToSql, params_from_iter};

/// Why an opinion was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reason<'a> {
    /// The record that it is about; of several, the first.
    pub key: Key,
    /// The opinion's name.
    pub name: &'a str,
    /// Unix time in nanoseconds.
    pub at_unix_ns: i64,
    /// Its words, where it has any.
    pub why: Option<&'a str>,
}

impl Store {
    /// Hands over each verdict of a run, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn verdicts(&self, run: RunId, f: &mut dyn FnMut(Verdict)) -> Result<()> {
        self.snapshot("read verdicts", |conn| {
            self.each_verdict(conn, run, &mut |v| {
                f(v);
                Ok(())
            })
        })
    }

    /// Hands over why each opinion about a run's own records was held, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn reasons(&self, run: RunId, f: &mut dyn FnMut(Reason<'_>)) -> Result<()> {
        let sql = "SELECT slot, step, attempt, name, at_unix_ns, why
             FROM verdict JOIN verdict_about ON verdict = seq AND pos = 0
             WHERE seq BETWEEN ? AND ? AND other_run IS NULL ORDER BY seq";
        self.snapshot("read reasons", |conn| {
            self.each(conn, run, sql, |c| {
                let key = Key { run, slot: c.take()?, step: c.take()?, attempt: c.take()? };
                let (name, at): (String, i64) = (c.take()?, c.take()?);
                let why: Option<String> = c.take()?;
                f(Reason { key, name: &name, at_unix_ns: at, why: why.as_deref() });
                Ok(())
            })
        })
    }

    /// Hands over each reading of a run, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn readings(&self, run: RunId, f: &mut dyn FnMut(Reading)) -> Result<()> {
        self.snapshot("read readings", |conn| {
            self.each_reading(conn, run, &mut |r| {
                f(r);
                Ok(())
            })
        })
    }

    /// Hands over each fact of a run, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn facts(&self, run: RunId, f: &mut dyn FnMut(Fact)) -> Result<()> {
        self.snapshot("read facts", |conn| {
            self.each_fact(conn, run, &mut |x| {
                f(x);
                Ok(())
            })
        })
    }

    /// Hands over each note of a run, in the order of arrival.
    ///
    /// # Errors
    /// The run is unknown or the store is damaged.
    pub fn notes(&self, run: RunId, f: &mut dyn FnMut(Note)) -> Result<()> {
        self.snapshot("read notes", |conn| {
            self.each_note(conn, run, &mut |n| {
                f(n);
                Ok(())
            })
        })
    }

    pub(crate) fn each_verdict(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Verdict) -> Step<()>,
    ) -> Step<()> {
        self.each_verdict_of(conn, run, "TRUE", &[], f)
    }

    /// The verdicts of a run that pass a condition, whose parameters are `?3` and on.
    pub(crate) fn each_verdict_of(
        &self,
        conn: &Connection,
        run: RunId,
        filter: &str,
        given: &[&dyn ToSql],
        f: &mut dyn FnMut(Verdict) -> Step<()>,
    ) -> Step<()> {
        let mut about = conn.prepare(
            "SELECT role, other_run, slot, step, attempt FROM verdict_about
             WHERE verdict = ? ORDER BY pos",
        )?;
        let sql = format!(
            "SELECT seq, name, maker_kind, maker, maker_version, maker_digest, at_unix_ns,
                status, value_kind, number, label, why,
                evidence_run, evidence_slot, evidence_step, evidence_attempt
             FROM verdict WHERE seq BETWEEN ?1 AND ?2 AND {filter} ORDER BY seq"
        );
        let bounds = range(self.run_no(conn, run)?);
        let mut stmt = conn.prepare(&sql)?;
        let all = bounds.iter().map(|b| b as &dyn ToSql).chain(given.iter().copied());
        let mut found = stmt.query(params_from_iter(all))?;
        while let Some(row) = found.next()? {
            let c = &mut Columns { row, at: 0 };
            let seq: i64 = c.take()?;
            let mut v = verdict(c).map_err(|t| at(run, "verdict", seq, t))?;
            let mut rows = about.query([seq])?;
            while let Some(row) = rows.next()? {
                let one = one_about(&mut Columns { row, at: 0 }, run);
                v.about.push(one.map_err(|t| at(run, "verdict", seq, t))?);
            }
            f(v)?;
        }
        Ok(())
    }

    pub(crate) fn each_reading(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Reading) -> Step<()>,
    ) -> Step<()> {
        let sql = "SELECT clock, at_ns, source, name, value FROM reading
             WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.each(conn, run, sql, |c| {
            f(Reading {
                clock: c.take()?,
                at: Ns(c.take()?),
                source: c.take()?,
                name: c.take()?,
                value: number(c)?,
            })
        })
    }

    pub(crate) fn each_fact(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Fact) -> Step<()>,
    ) -> Step<()> {
        let sql = "SELECT name, value, source, hash FROM fact
             WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.each(conn, run, sql, |c| {
            f(Fact { name: c.take()?, value: c.take()?, source: c.take()?, hash: c.digest()? })
        })
    }

    pub(crate) fn each_note(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Note) -> Step<()>,
    ) -> Step<()> {
        let sql = "SELECT slot, step, attempt, maker, name, value FROM note
             WHERE seq BETWEEN ? AND ? ORDER BY seq";
        self.each(conn, run, sql, |c| {
            f(Note { key: c.key(run)?, maker: c.take()?, name: c.take()?, value: number(c)? })
        })
    }

    /// The blobs that a run needs, by digest; those that were never stored are left out.
    pub(crate) fn each_blob(
        &self,
        conn: &Connection,
        run: RunId,
        f: &mut dyn FnMut(Digest, Vec<u8>) -> Step<()>,
    ) -> Step<()> {
        let no = self.run_no(conn, run)?;
        let mut stmt = conn.prepare("SELECT hash FROM blob_use WHERE run = ? ORDER BY hash")?;
        let mut rows = stmt.query([no])?;
        while let Some(row) = rows.next()? {
            let hash = Digest(row.get(0)?);
            if let Some(body) = self.find_blob(conn, hash)? {
                f(hash, body)?;
            }
        }
        Ok(())
    }
}

/// A number; NULL is not-a-number, which SQLite cannot hold.
fn number(c: &mut Columns<'_, '_>) -> Step<f64> {
    Ok(c.take::<Option<f64>>()?.unwrap_or(f64::NAN))
}

fn verdict(c: &mut Columns<'_, '_>) -> Step<Verdict> {
    let name = c.take()?;
    let maker = Maker { kind: of_word(c.text()?)?, name: c.take()?, version: c.take()?, digest: c.digest()? };
    Ok(Verdict {
        name,
        maker,
        about: Vec::new(),
        at_unix_ns: c.take()?,
        status: of_word(c.text()?)?,
        value: value(c)?,
        why: c.take()?,
        evidence: evidence(c)?,
    })
}

fn value(c: &mut Columns<'_, '_>) -> Step<Option<Value>> {
    let kind = c.text()?;
    let (number, label) = (number(c)?, c.text()?);
    let ranking = || {
        let places = label.split(',').filter(|p| !p.is_empty());
        places.map(str::parse).collect::<std::result::Result<Vec<u16>, _>>()
    };
    Ok(Some(match kind {
        "" => return Ok(None),
        "bool" => Value::Bool(number != 0.0),
        "number" => Value::Number(number),
        "label" => Value::Label(label.to_owned()),
        "preference" => Value::Preference(label.to_owned()),
        "ranking" => {
            Value::Ranking(ranking().map_err(|_| Trouble::Corrupt(format!("'{label}' is not a ranking")))?)
        }
        other => return Err(Trouble::Corrupt(format!("unknown kind of value '{other}'"))),
    }))
}

fn evidence(c: &mut Columns<'_, '_>) -> Step<Option<Key>> {
    match c.text()? {
        "" => Ok(None),
        run => {
            let run = run_of(run)?;
            c.key(run).map(Some)
        }
    }
}

fn one_about(c: &mut Columns<'_, '_>, run: RunId) -> Step<About> {
    let role = of_word(c.text()?)?;
    let run = match c.text()? {
        "" => run,
        other => run_of(other)?,
    };
    Ok(About { role, key: c.key(run)? })
}

fn run_of(text: &str) -> Step<RunId> {
    text.parse().map_err(|e: acidtest_record::BadRunId| Trouble::Corrupt(e.to_string()))
}

/// Says which row is damaged.
fn at(run: RunId, table: &str, seq: i64, t: Trouble) -> Trouble {
    match t {
        Trouble::Corrupt(why) => Trouble::Corrupt(format!("{table} {seq} of run {run}: {why}")),
        other => other,
    }
}
