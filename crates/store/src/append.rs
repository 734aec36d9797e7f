//! Writing: new runs, clocks, items, states.
//!
//! Main items: [`Store::append`] and [`Appended`]. Must not change or remove
//! anything that was stored, notes excepted.

use crate::error::{Result, Step, StoreError, Trouble};
use crate::open::Store;
use crate::pack::{Detail, MAX_BYTES, pack_marks, word_of};
use crate::schema::SEQ_BITS;
use acidtest_record::{
    Blob, Case, ClockRow, Digest, Fact, Item, Key, MOST_RUNGS, Note, Part, PhaseSpec, Reading, Record, Row,
    RunId, RunSpec, RunState, Value, Verdict, pack_timing,
};
use rusqlite::{Connection, OptionalExtension, Statement, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What became of appended items.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Items stored, records among them.
    pub items: u64,
    /// Records stored.
    pub records: u64,
    /// Records that were stored before, identical: redelivered and ignored.
    pub repeated: u64,
    /// Records whose key was stored before with other content. The first one
    /// stands; this is a fault of whoever sent the second.
    pub conflicts: u64,
}

impl std::ops::AddAssign for Appended {
    fn add_assign(&mut self, o: Self) {
        self.items += o.items;
        self.records += o.records;
        self.repeated += o.repeated;
        self.conflicts += o.conflicts;
    }
}

impl Store {
    /// Opens a run, with its plan and its cases in order.
    ///
    /// # Errors
    /// The run exists, the plan would not be read back as it is, or the store
    /// cannot be written.
    pub fn create_run(
        &mut self,
        id: RunId,
        name: &str,
        spec: &RunSpec,
        cases: &[Case],
        started_unix_ns: i64,
    ) -> Result<()> {
        self.write("create a run", |conn| {
            let head = RunHead { id, name, created_unix_ns: started_unix_ns, imported: false };
            let no = self.insert_run(conn, &head, spec)?;
            let mut at = self.inserter(conn, id, no);
            for (pos, case) in cases.iter().enumerate() {
                at.case(pos as u64, case)?;
            }
            Ok(())
        })
    }

    /// Adds a clock to a run.
    ///
    /// # Errors
    /// The run is unknown, has a clock of that number, or the store cannot be written.
    pub fn add_clock(&mut self, run: RunId, clock: &ClockRow) -> Result<()> {
        self.write("add a clock", |conn| insert_clock(conn, self.run_no(conn, run)?, clock))
    }

    /// Adds phases at the end of a run's plan: the rungs of a search come one by one. Numbers of
    /// slots that earlier phases use stay as they are.
    ///
    /// # Errors
    /// The run is unknown, its plan is no search, or would have too many phases, or the store
    /// cannot be written.
    pub fn append_phases(&mut self, run: RunId, phases: &[PhaseSpec]) -> Result<()> {
        self.write("add phases to a run", |conn| {
            let no = self.run_no(conn, run)?;
            let mut spec = self.find_spec(conn, run)?;
            let refuse =
                |why: String| Trouble::from(StoreError::Unstorable { item: format!("run {run}"), why });
            if spec.search.as_ref().is_none_or(|s| s.find.is_none()) {
                return Err(refuse("only the plan of a search grows".into()));
            }
            spec.phases.extend(phases.iter().cloned());
            if spec.phases.len() > MOST_RUNGS as usize {
                return Err(refuse(format!("more than {MOST_RUNGS} rungs")));
            }
            let text = checked_json("the plan of the run", &spec)?;
            conn.execute("UPDATE run SET spec = ?1 WHERE no = ?2", params![text, no])?;
            Ok(())
        })
    }

    /// Adds items to a run in one transaction: all of them or none.
    ///
    /// A record whose key is stored already is not written again.
    ///
    /// # Errors
    /// The run is unknown, an item belongs to another run or is too large, or
    /// the store cannot be written.
    pub fn append(&mut self, run: RunId, items: &[Item]) -> Result<Appended> {
        self.write("append to a run", |conn| {
            let no = self.run_no(conn, run)?;
            let mut at = self.inserter(conn, run, no);
            for item in items {
                at.item(item)?;
            }
            at.finish()
        })
    }

    /// Says where a run stands now.
    ///
    /// # Errors
    /// The run is unknown or the store cannot be written.
    pub fn set_state(&mut self, run: RunId, state: RunState, unix_ns: i64) -> Result<()> {
        let ended = (state != RunState::Running).then_some(unix_ns);
        self.write("set the state of a run", |conn| set_state(conn, self.run_no(conn, run)?, state, ended))
    }

    /// The number of a run within this store.
    pub(crate) fn run_no(&self, conn: &Connection, run: RunId) -> Step<i64> {
        conn.query_row("SELECT no FROM run WHERE id = ?1", [run.to_string()], |r| r.get(0))
            .optional()?
            .ok_or_else(|| self.unknown(conn, &run.to_string()))
    }

    pub(crate) fn insert_run(&self, conn: &Connection, head: &RunHead<'_>, spec: &RunSpec) -> Step<i64> {
        let taken: bool =
            conn.query_row("SELECT EXISTS (SELECT 1 FROM run WHERE id = ?1)", [head.id.to_string()], |r| {
                r.get(0)
            })?;
        if taken {
            return Err(Trouble::from(StoreError::RunExists { path: self.path.clone(), run: head.id }));
        }
        conn.execute(
            "INSERT INTO run (id, name, state, created_unix_ns, spec, workload, imported)
             VALUES (?1, ?2, 'running', ?3, ?4, ?5, ?6)",
            params![
                head.id.to_string(),
                head.name,
                head.created_unix_ns,
                checked_json("the plan of the run", spec)?,
                &spec.workload.0[..],
                head.imported
            ],
        )?;
        let no = conn.last_insert_rowid();
        if no >= 1 << (63 - SEQ_BITS) {
            return Err(Trouble::from(StoreError::Unstorable {
                item: format!("run {}", head.id),
                why: "the store has used up its run numbers".into(),
            }));
        }
        Ok(no)
    }

    pub(crate) fn inserter<'c>(&'c self, conn: &'c Connection, run: RunId, no: i64) -> Inserter<'c> {
        Inserter {
            store: self,
            conn,
            run,
            no,
            next: [None; TABLES.len()],
            prepared: Default::default(),
            delta: [0; 4],
            done: Appended::default(),
        }
    }
}

/// Who a new run is.
pub(crate) struct RunHead<'a> {
    pub(crate) id: RunId,
    pub(crate) name: &'a str,
    pub(crate) created_unix_ns: i64,
    /// Whether it comes from an export.
    pub(crate) imported: bool,
}

/// JSON that is known to read back as the same value: numbers that JSON cannot
/// hold and nesting beyond the parser's limit would be lost otherwise.
fn checked_json<T: Serialize + DeserializeOwned + PartialEq>(item: &str, value: &T) -> Step<String> {
    let unstorable = |why: String| Trouble::from(StoreError::Unstorable { item: item.to_owned(), why });
    let json = serde_json::to_string(value).map_err(|e| unstorable(e.to_string()))?;
    match serde_json::from_str::<T>(&json) {
        Ok(back) if back == *value => Ok(json),
        Ok(_) => Err(unstorable("it would be read back as another value".into())),
        Err(e) => Err(unstorable(format!("it would not be read back: {e}"))),
    }
}

pub(crate) fn insert_clock(conn: &Connection, no: i64, c: &ClockRow) -> Step<()> {
    conn.execute(
        "INSERT INTO clock (run, no, host, zero_unix_ns, error_ns) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![no, c.no, c.host, c.zero_unix_ns, c.error_ns],
    )?;
    Ok(())
}

pub(crate) fn set_state(conn: &Connection, no: i64, state: RunState, ended_unix_ns: Option<i64>) -> Step<()> {
    conn.execute(
        "UPDATE run SET state = ?2, ended_unix_ns = ?3 WHERE no = ?1",
        params![no, state.id(), ended_unix_ns],
    )?;
    Ok(())
}

/// Tables that are numbered by `seq`.
#[derive(Clone, Copy)]
enum Table {
    Record,
    Verdict,
    Reading,
    Fact,
    Note,
}
const TABLES: [&str; 5] = ["record", "verdict", "reading", "fact", "note"];

/// Statements that a transaction prepares when it first needs them.
#[derive(Clone, Copy)]
enum Sql {
    Record,
    Detail,
    Former,
    BlobKnown,
    Blob,
    BlobUse,
    Case,
    Verdict,
    About,
    Reading,
    Fact,
    Note,
}
const SQL: [&str; 12] = [
    "INSERT INTO record (seq, run, slot, step, attempt, kind, role, target, phase, prompt,
        case_hash, repeat, clock, outcome, cause, stream,
        intended_ns, started_ns, sent_ns, sent_end_ns, body_end_ns, ended_ns,
        first_byte_ns, first_ns, first_visible_ns, first_tool_ns, last_ns, last_event_ns,
        connect_ns, tls_ns, queue_wait_ns, pieces, first_tokens, max_gap_ns, reasoning_seen,
        in_server, out_server, cached_server, reasoning_server,
        server_total_ns, server_prompt_ns, server_generation_ns, server_generated)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (run, slot, step, attempt) DO NOTHING",
    "INSERT INTO detail (seq, timing, marks, codec, len, body) VALUES (?, ?, ?, ?, ?, ?)",
    "SELECT attempt, outcome FROM record WHERE run = ? AND slot = ? AND step = ? AND attempt <> ?
     ORDER BY attempt DESC LIMIT 1",
    "SELECT 1 FROM blob WHERE hash = ?",
    "INSERT INTO blob (hash, codec, len, body) VALUES (?, ?, ?, ?)",
    "INSERT INTO blob_use (run, hash) VALUES (?, ?) ON CONFLICT DO NOTHING",
    "INSERT INTO cases (run, pos, hash, id, cluster, split, blob) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO verdict (seq, run, name, maker_kind, maker, maker_version, maker_digest,
        at_unix_ns, status, value_kind, number, label, why,
        evidence_run, evidence_slot, evidence_step, evidence_attempt)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO verdict_about (verdict, pos, role, other_run, slot, step, attempt)
     VALUES (?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO reading (seq, run, clock, at_ns, source, name, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
    "INSERT INTO fact (seq, run, name, value, source, hash) VALUES (?, ?, ?, ?, ?, ?)",
    "INSERT OR REPLACE INTO note (seq, run, slot, step, attempt, maker, name, value)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
];

/// Counters of `run`: requests, and how their last attempts ended.
const REQUESTS: usize = 0;

fn ending(outcome: &str) -> usize {
    match outcome {
        "failed" => 2,
        "not_sent" => 3,
        _ => 1,
    }
}

/// Inserts items of one run within one transaction.
pub(crate) struct Inserter<'c> {
    store: &'c Store,
    conn: &'c Connection,
    run: RunId,
    no: i64,
    next: [Option<i64>; TABLES.len()],
    prepared: [Option<Statement<'c>>; SQL.len()],
    delta: [i64; 4],
    done: Appended,
}

impl<'c> Inserter<'c> {
    fn sql(&mut self, which: Sql) -> Step<&mut Statement<'c>> {
        let slot = &mut self.prepared[which as usize];
        if slot.is_none() {
            *slot = Some(self.conn.prepare(SQL[which as usize])?);
        }
        Ok(slot.as_mut().expect("it was prepared right above"))
    }

    /// The next number of a table.
    fn seq(&mut self, table: Table) -> Step<i64> {
        let i = table as usize;
        let last = match self.next[i] {
            Some(n) => n,
            None => self.conn.query_row(
                &format!("SELECT coalesce((SELECT seq FROM {} WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq DESC LIMIT 1), ?1)", TABLES[i]),
                [self.no << SEQ_BITS, ((self.no + 1) << SEQ_BITS) - 1],
                |r| r.get(0),
            )?,
        };
        self.next[i] = Some(last + 1);
        Ok(last + 1)
    }

    /// Inserts one item.
    pub(crate) fn item(&mut self, item: &Item) -> Step<()> {
        match item {
            Item::Record(r) => return self.record(r),
            Item::Verdict(v) => self.verdict(v)?,
            Item::Reading(r) => self.reading(r)?,
            Item::Fact(f) => self.fact(f)?,
            Item::Note(n) => self.note(n)?,
            Item::Blob(b) => self.blob(b)?,
        }
        self.done.items += 1;
        Ok(())
    }

    /// Writes the counters and says what became of the items.
    pub(crate) fn finish(self) -> Step<Appended> {
        let [requests, delivered, failed, not_sent] = self.delta;
        if self.done.records > 0 {
            self.conn.execute(
                "UPDATE run SET records = records + ?2, requests = requests + ?3,
                    delivered = delivered + ?4, failed = failed + ?5, not_sent = not_sent + ?6
                 WHERE no = ?1",
                params![self.no, self.done.records as i64, requests, delivered, failed, not_sent],
            )?;
        }
        Ok(self.done)
    }

    fn own(&self, item: &'static str, found: RunId) -> Step<()> {
        if found == self.run {
            return Ok(());
        }
        Err(Trouble::from(StoreError::WrongRun { item, found, run: self.run }))
    }

    fn record(&mut self, r: &Record) -> Step<()> {
        self.own("record", r.key.run)?;
        let seq = self.seq(Table::Record)?;
        if !self.scalars(seq, r)? {
            // The number is free again.
            self.next[Table::Record as usize] = Some(seq - 1);
            let same = self.store.find_record(self.conn, r.key)?.is_some_and(|old| same(&old, r));
            self.done.repeated += u64::from(same);
            self.done.conflicts += u64::from(!same);
            return Ok(());
        }
        let json = Detail::of(r).json();
        check_size(json.len(), || name_of(r.key))?;
        let packed = self.store.zip.borrow_mut().pack(&json);
        let timing = pack_timing(&r.timing.reads, &r.timing.events);
        let marks = pack_marks(&r.timing.marks);
        self.sql(Sql::Detail)?.execute(params![
            seq,
            timing,
            marks,
            packed.codec,
            packed.len,
            &packed.body[..]
        ])?;
        for hash in digests(r) {
            self.uses(hash)?;
        }
        self.done.records += 1;
        self.done.items += 1;
        self.count(r)
    }

    /// Writes the columns; false where the key is stored already.
    fn scalars(&mut self, seq: i64, r: &Record) -> Step<bool> {
        let w = Row::of(r);
        let (outcome, cause) = w.class.ids();
        let case = w.case.map(|d| d.0);
        let ns = |t: Option<acidtest_record::Ns>| t.map(|t| t.0);
        let no = self.no;
        let changed = self.sql(Sql::Record)?.execute(params![
            seq,
            no,
            w.key.slot,
            w.key.step,
            w.key.attempt,
            word_of(&r.kind),
            word_of(&w.role),
            w.target,
            w.phase,
            w.prompt,
            case.as_ref().map(|d| &d[..]),
            w.repeat,
            w.clock,
            outcome,
            (!cause.is_empty()).then_some(cause),
            w.stream,
            w.intended.0,
            ns(w.started),
            ns(w.sent),
            ns(r.timing.sent_end),
            ns(w.body_end),
            ns(w.ended),
            ns(w.first_byte),
            ns(w.first),
            ns(w.first_visible),
            ns(w.first_tool),
            ns(w.last),
            ns(w.last_event),
            ns(w.connect),
            ns(w.tls),
            ns(w.queue_wait),
            w.pieces,
            w.first_tokens,
            ns(w.max_gap),
            w.reasoning_seen,
            w.input,
            w.output,
            w.cached,
            w.reasoning,
            ns(w.server.total),
            ns(w.server.prompt),
            ns(w.server.generation),
            w.server.generated,
        ])?;
        Ok(changed == 1)
    }

    /// Keeps the run's counters of requests by their last attempt.
    fn count(&mut self, r: &Record) -> Step<()> {
        let no = self.no;
        let (outcome, _) = Row::of(r).class.ids();
        let former: Option<(u8, String)> = self
            .sql(Sql::Former)?
            .query_row(params![no, r.key.slot, r.key.step, r.key.attempt], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        match former {
            None => self.delta[REQUESTS] += 1,
            Some((attempt, _)) if attempt > r.key.attempt => return Ok(()),
            Some((_, old)) => self.delta[ending(&old)] -= 1,
        }
        self.delta[ending(outcome)] += 1;
        Ok(())
    }

    fn uses(&mut self, hash: Digest) -> Step<()> {
        let no = self.no;
        self.sql(Sql::BlobUse)?.execute(params![no, &hash.0[..]])?;
        Ok(())
    }

    fn blob(&mut self, b: &Blob) -> Step<()> {
        if Digest::of(&b.body) != b.hash {
            return Err(Trouble::from(StoreError::Unstorable {
                item: format!("blob {}", b.hash),
                why: "its bytes have another digest".into(),
            }));
        }
        self.bytes(b.hash, &b.body)?;
        self.uses(b.hash)
    }

    fn bytes(&mut self, hash: Digest, body: &[u8]) -> Step<()> {
        check_size(body.len(), || format!("blob {hash}"))?;
        if self.sql(Sql::BlobKnown)?.exists([&hash.0[..]])? {
            return Ok(());
        }
        let packed = self.store.zip.borrow_mut().pack(body);
        self.sql(Sql::Blob)?.execute(params![&hash.0[..], packed.codec, packed.len, &packed.body[..]])?;
        Ok(())
    }

    pub(crate) fn case(&mut self, pos: u64, c: &Case) -> Step<()> {
        let json = checked_json(&format!("case '{}'", c.id), c)?;
        let hash = Digest::of(json.as_bytes());
        self.bytes(hash, json.as_bytes())?;
        let no = self.no;
        self.sql(Sql::Case)?.execute(params![
            no,
            pos as i64,
            &c.hash.0[..],
            c.id,
            c.cluster,
            c.split,
            &hash.0[..]
        ])?;
        Ok(())
    }

    fn verdict(&mut self, v: &Verdict) -> Step<()> {
        let seq = self.seq(Table::Verdict)?;
        let (no, run) = (self.no, self.run);
        let (kind, number, label) = value_columns(v.value.as_ref());
        self.sql(Sql::Verdict)?.execute(params![
            seq,
            no,
            v.name,
            word_of(&v.maker.kind),
            v.maker.name,
            v.maker.version,
            v.maker.digest.as_ref().map(|d| &d.0[..]),
            v.at_unix_ns,
            word_of(&v.status),
            kind,
            number,
            label,
            v.why,
            v.evidence.map(|k| k.run.to_string()),
            v.evidence.map(|k| k.slot),
            v.evidence.map(|k| k.step),
            v.evidence.map(|k| k.attempt),
        ])?;
        for (pos, a) in v.about.iter().enumerate() {
            self.sql(Sql::About)?.execute(params![
                seq,
                pos as i64,
                word_of(&a.role),
                (a.key.run != run).then(|| a.key.run.to_string()),
                a.key.slot,
                a.key.step,
                a.key.attempt,
            ])?;
        }
        Ok(())
    }

    fn reading(&mut self, r: &Reading) -> Step<()> {
        let seq = self.seq(Table::Reading)?;
        let no = self.no;
        self.sql(Sql::Reading)?.execute(params![seq, no, r.clock, r.at.0, r.source, r.name, r.value])?;
        Ok(())
    }

    fn fact(&mut self, f: &Fact) -> Step<()> {
        let seq = self.seq(Table::Fact)?;
        let no = self.no;
        let hash = f.hash.as_ref().map(|d| &d.0[..]);
        self.sql(Sql::Fact)?.execute(params![seq, no, f.name, f.value, f.source, hash])?;
        Ok(())
    }

    fn note(&mut self, n: &Note) -> Step<()> {
        self.own("note", n.key.run)?;
        let seq = self.seq(Table::Note)?;
        let no = self.no;
        self.sql(Sql::Note)?.execute(params![
            seq,
            no,
            n.key.slot,
            n.key.step,
            n.key.attempt,
            n.maker,
            n.name,
            n.value
        ])?;
        Ok(())
    }
}

/// What a value becomes: its kind, and a number or a label.
fn value_columns(value: Option<&Value>) -> (Option<&'static str>, Option<f64>, Option<String>) {
    match value {
        None => (None, None, None),
        Some(Value::Bool(b)) => (Some("bool"), Some(f64::from(u8::from(*b))), None),
        Some(Value::Number(x)) => (Some("number"), Some(*x), None),
        Some(Value::Label(l)) => (Some("label"), None, Some(l.clone())),
        Some(Value::Preference(p)) => (Some("preference"), None, Some(p.clone())),
        Some(Value::Ranking(order)) => {
            let text: Vec<String> = order.iter().map(u16::to_string).collect();
            (Some("ranking"), None, Some(text.join(",")))
        }
    }
}

/// Whether two records are one: as text, since not-a-number is not equal to itself.
fn same(a: &Record, b: &Record) -> bool {
    a == b || format!("{a:?}") == format!("{b:?}")
}

fn check_size(len: usize, item: impl FnOnce() -> String) -> Step<()> {
    if len <= MAX_BYTES {
        return Ok(());
    }
    Err(Trouble::from(StoreError::Unstorable {
        item: item(),
        why: format!("it has {len} bytes, the limit is {MAX_BYTES}"),
    }))
}

/// A record in words.
pub(crate) fn name_of(k: Key) -> String {
    format!("record of run {}, slot {}, step {}, attempt {}", k.run, k.slot, k.step, k.attempt)
}

/// The blobs that a record points at.
fn digests(r: &Record) -> impl Iterator<Item = Digest> + '_ {
    let parts = r.answer.parts.iter().filter_map(|p| match p {
        Part::Blob { hash, .. } => Some(*hash),
        _ => None,
    });
    r.request.body.into_iter().chain(r.answer.raw).chain(parts)
}
