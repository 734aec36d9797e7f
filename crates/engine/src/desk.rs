//! Where bytes become records: parse, score, pass on.
//!
//! Main type: [`Desk`], one per helper thread. It holds the answers that are
//! still arriving. Must not touch sockets or the pace of sending.

use crate::abort::{Added, Now};
use crate::control::{Control, StopReason};
use crate::course::Course;
use crate::handover::{Begin, Budget, Message, Reply, weight};
use crate::likelihood::Tally;
use crate::recall::Recall;
use crate::score::{CORRECT, Judge, Queue};
use acidtest_record::{
    Answer, Blob, Case, Cause, Digest, Item, Key, Kind, Outcome, OutcomeClass, PhaseEnd, Place, Record,
    Request, Role, Row, RunId, RunSpec, Status, Timing, Value,
};
use acidtest_target::{Attempt, Parsed, Parser};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;

/// Digests of request bodies already handed on; beyond this many the store deduplicates alone.
const SEEN_BODIES: usize = 100_000;

/// What a desk needs to know of its phase.
pub(crate) struct DeskSetup {
    pub run: RunId,
    pub spec: Arc<RunSpec>,
    pub cases: Arc<Vec<Case>>,
    pub phase: u16,
    pub target: u16,
    pub prompt: u16,
    pub clock_no: u16,
    pub zero_unix_ns: i64,
    pub control: Arc<Control>,
    pub course: Arc<Course>,
    pub budget: Arc<Budget>,
    pub out: SyncSender<Item>,
    pub judge: Arc<Judge>,
    pub recall: Option<Recall>,
    /// Where records wait whose scorers ask programs of the user's own.
    pub late: Option<Queue>,
}

/// Makes records of what the shards hand over.
pub(crate) struct Desk {
    pub(crate) setup: DeskSetup,
    parser: Box<dyn Fn(bool) -> Parser + Send>,
    open: HashMap<u64, Open>,
    bodies: HashSet<Digest>,
    tally: Tally,
}

struct Open {
    begin: Begin,
    parser: Parser,
    held: usize,
}

/// The store takes no more items.
#[derive(Debug)]
pub(crate) struct StoreGone;

impl Desk {
    pub(crate) fn new(setup: DeskSetup, parser: Box<dyn Fn(bool) -> Parser + Send>) -> Self {
        Self { setup, parser, open: HashMap::new(), bodies: HashSet::new(), tally: Tally::default() }
    }

    /// Works until every shard has hung up.
    pub(crate) fn work(mut self, messages: &std::sync::mpsc::Receiver<Message>) {
        let mut gone = false;
        for message in messages {
            if gone {
                self.forget(message);
            } else if self.handle(message).is_err() {
                self.setup.control.stop(StopReason::StoreGone);
                gone = true;
            }
        }
    }

    /// Lets go of what can no longer be stored, so that the shards can end.
    fn forget(&mut self, message: Message) {
        if let Message::Segment { segment, .. } = message {
            self.setup.budget.release(weight(&segment));
        }
    }

    pub(crate) fn handle(&mut self, message: Message) -> Result<(), StoreGone> {
        match message {
            Message::Begin(begin) => {
                let mut parser = (self.parser)(begin.stream);
                parser.asked(&begin.body);
                self.open.insert(begin.ticket, Open { begin: *begin, parser, held: 0 });
                Ok(())
            }
            Message::Segment { ticket, segment } => {
                let weight = weight(&segment);
                match self.open.get_mut(&ticket) {
                    Some(open) => {
                        open.held += weight;
                        open.parser.segment(segment);
                    }
                    None => self.setup.budget.release(weight),
                }
                Ok(())
            }
            Message::End { ticket, attempt, reply } => {
                let Some(open) = self.open.remove(&ticket) else {
                    return Ok(());
                };
                let parsed = open.parser.finish(&attempt);
                let mut is_over = true;
                if let Some(reply) = reply {
                    let said = reply_to(&parsed.outcome, &attempt);
                    is_over = !said.retry;
                    let _ = reply.send(said);
                }
                let stored = self.finish(open.begin, *attempt, parsed, is_over);
                self.setup.budget.release(open.held);
                stored
            }
            Message::NotSent { begin, reason } => {
                let outcome = Outcome::NotSent { reason };
                let timing =
                    Timing { clock: self.setup.clock_no, intended: begin.intended, ..Timing::default() };
                let record = self.record(&begin, timing, outcome);
                let verdicts = self.likelihoods(&record, &begin, true);
                self.ask_rules(&record, &[]);
                self.send(Item::Record(Box::new(record)))?;
                verdicts.into_iter().try_for_each(|v| self.send(Item::Verdict(v)))
            }
            Message::Copied { begin, source } => self.hit(&begin, source),
            Message::Reading(reading) => self.send(Item::Reading(reading)),
        }
    }

    fn finish(
        &mut self,
        begin: Begin,
        attempt: Attempt,
        parsed: Parsed,
        is_over: bool,
    ) -> Result<(), StoreGone> {
        let timing = Timing {
            clock: self.setup.clock_no,
            intended: begin.intended,
            started: Some(attempt.started),
            sent: attempt.sent,
            sent_end: attempt.sent_end,
            body_end: attempt.body_end,
            ended: Some(attempt.ended),
            marks: attempt.marks,
            reads: parsed.reads,
            events: parsed.events,
        };
        let mut record = self.record(&begin, timing, parsed.outcome);
        record.head = attempt.head;
        record.place = Place {
            worker: 0,
            shard: begin.shard,
            connection: attempt.connection,
            reused: attempt.reused,
            address: attempt.address,
        };
        record.answer = parsed.answer;
        record.said = parsed.said;
        self.body(&record.request, &begin)?;
        parsed.blobs.into_iter().try_for_each(|blob| self.send(Item::Blob(blob)))?;
        if let Some(raw) = parsed.raw {
            let blob = Blob::new(raw);
            record.answer.raw = Some(blob.hash);
            self.send(Item::Blob(blob))?;
        }
        self.count(&record);
        if self.setup.course.narrow.add(|| Row::of(&record)) {
            self.setup.course.stop(PhaseEnd::Narrow);
        }
        // The record goes before opinions about it, also before those that come later.
        let likelihoods = self.likelihoods(&record, &begin, is_over);
        let judged = self.setup.late.is_none().then(|| {
            let mut all = self.verdicts(&record, Ok(()));
            all.extend(likelihoods.iter().cloned());
            all
        });
        self.ask_rules(&record, judged.as_deref().unwrap_or(&likelihoods));
        let waiting = judged.is_none().then(|| record.clone());
        self.send(Item::Record(Box::new(record)))?;
        let verdicts = match (judged, waiting, &self.setup.late) {
            (Some(verdicts), ..) => verdicts,
            (None, Some(record), Some(late)) => match late.put(&record, self.ended_unix_ns(&record)) {
                Ok(()) => likelihoods,
                Err(why) => self.verdicts(&record, Err(why)),
            },
            _ => Vec::new(),
        };
        verdicts.into_iter().try_for_each(|v| self.send(Item::Verdict(v)))
    }

    /// The request's body goes before the first record that points at it.
    pub(crate) fn body(&mut self, request: &Request, begin: &Begin) -> Result<(), StoreGone> {
        let Some(hash) = request.body else {
            return Ok(());
        };
        if self.bodies.contains(&hash) {
            return Ok(());
        }
        if self.bodies.len() < SEEN_BODIES {
            self.bodies.insert(hash);
        }
        self.send(Item::Blob(Blob { hash, body: begin.body.to_vec() }))
    }

    pub(crate) fn record(&self, begin: &Begin, timing: Timing, outcome: Outcome) -> Record {
        let s = &self.setup;
        let sent = !matches!(outcome, Outcome::NotSent { .. });
        Record {
            key: Key { run: s.run, slot: begin.slot.no, step: begin.asked.step, attempt: begin.attempt },
            parent: None,
            kind: begin.asked.kind,
            role: begin.slot.role,
            target: s.target,
            phase: s.phase,
            prompt: s.prompt,
            case: begin.slot.case.and_then(|i| s.cases.get(i as usize)).map(|c| c.hash),
            repeat: begin.slot.repeat,
            request: Request {
                path: begin.path.clone(),
                body: sent.then(|| Digest::of(&begin.body)),
                bytes: u32::try_from(begin.body.len()).unwrap_or(u32::MAX),
                stream: begin.stream,
                nonce: begin.nonce.clone(),
            },
            timing,
            outcome,
            head: None,
            answer: Answer::default(),
            said: None,
            fault: None,
            place: Place { shard: begin.shard, ..Place::default() },
            copied_from: None,
        }
    }

    fn count(&self, record: &Record) {
        let progress = &self.setup.control.progress;
        let counter = match record.outcome {
            Outcome::Completed { .. } | Outcome::Failed { cause: Cause::ClientCancel, .. } => {
                &progress.completed
            }
            _ => &progress.failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        let content = record.timing.events.iter().filter(|e| e.kind.is_content()).count();
        progress.events.fetch_add(content as u64, Ordering::Relaxed);
        if record.request.stream && record.timing.has_kernel_stamps() {
            let uncertain = record.timing.bounds().filter(|a| a.width().0 > 0).count();
            progress.uncertain.fetch_add(uncertain as u64, Ordering::Relaxed);
            progress.stamped.fetch_add(1, Ordering::Relaxed);
        }
        let target = &self.setup.spec.targets[usize::from(self.setup.target)];
        let cost = target.price.as_ref().zip(record.said.as_ref()).and_then(|(p, said)| p.cost(&said.usage));
        let Some(cost) = cost else { return };
        let spent = self.setup.control.spend(cost);
        let phase = &self.setup.spec.phases[usize::from(self.setup.phase)];
        self.setup.course.spend(cost, phase.caps.cost);
        if self.setup.spec.caps.cost.is_some_and(|cap| spent >= cap) {
            self.setup.control.stop(StopReason::CostCap);
        }
    }

    /// Opinions on a text whose log-likelihood was asked for.
    pub(crate) fn likelihoods(
        &mut self,
        record: &Record,
        begin: &Begin,
        is_over: bool,
    ) -> Vec<acidtest_record::Verdict> {
        if record.kind != Kind::LogLikelihood || record.role != Role::Subject {
            return Vec::new();
        }
        let class = OutcomeClass::of_record(record);
        let now = self.setup.zero_unix_ns + record.timing.ended.map_or(0, |t| t.0);
        self.tally.opinions(record.key, class, &record.answer, &begin.asked, is_over, now)
    }

    /// Counts an outcome, and stops the run where a rule of the plan says so.
    fn ask_rules(&self, record: &Record, verdicts: &[acidtest_record::Verdict]) {
        let (rules, control) = (&self.setup.spec.abort, &self.setup.control);
        if rules.is_empty() || record.role != Role::Subject {
            return;
        }
        let counts =
            record.case.and_then(|hash| self.setup.judge.case(hash)).is_some_and(|c| c.xfail.is_none());
        let correct =
            verdicts.iter().find(|v| v.name == CORRECT && counts).and_then(|v| match (v.status, &v.value) {
                (Status::Scored, Some(Value::Bool(right))) => Some(*right),
                (Status::Unparsable, _) => Some(false),
                _ => None,
            });
        let failed = matches!(record.outcome, Outcome::Failed { cause, .. } if cause.counts());
        let not_sent = matches!(record.outcome, Outcome::NotSent { .. });
        control.counts.add(Added { failed, correct, not_sent, is_first: record.key.attempt == 0 });
        let at = record.timing.ended.unwrap_or(record.timing.intended);
        let elapsed_s = at.0 as f64 / 1e9;
        let now = Now { spent: control.spent(), elapsed_s };
        if let Some(rule) = control.counts.tripped(rules, now) {
            control.stop(StopReason::Abort(u16::try_from(rule).unwrap_or(u16::MAX)));
        }
    }

    /// Opinions on a subject's answer; `commands` says why programs may not be asked.
    pub(crate) fn verdicts(
        &self,
        record: &Record,
        commands: Result<(), &'static str>,
    ) -> Vec<acidtest_record::Verdict> {
        if record.role != Role::Subject {
            return Vec::new();
        }
        let Some(case) = record.case.and_then(|hash| self.setup.judge.case(hash)) else {
            return Vec::new();
        };
        self.setup.judge.record_if(record, case, self.ended_unix_ns(record), commands)
    }

    fn ended_unix_ns(&self, record: &Record) -> i64 {
        self.setup.zero_unix_ns + record.timing.ended.map_or(0, |t| t.0)
    }

    pub(crate) fn send(&self, item: Item) -> Result<(), StoreGone> {
        self.setup.out.send(item).map_err(|_| StoreGone)
    }
}

/// Whether another attempt could end better: the server was busy, or the way to it broke.
#[must_use]
pub fn retryable(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::RateLimited
            | Cause::Server
            | Cause::Overloaded
            | Cause::Timeout
            | Cause::Connect
            | Cause::Dns
            | Cause::Cut
            | Cause::Stalled
            | Cause::ErrorEvent
            | Cause::Program
            | Cause::Local
    )
}

fn reply_to(outcome: &Outcome, attempt: &Attempt) -> Reply {
    let retry = matches!(outcome, Outcome::Failed { cause, .. } if retryable(*cause));
    let after = attempt.head.as_ref().and_then(|h| h.headers.iter().find(|(name, _)| name == "retry-after"));
    // The form with a date is not read: our own back-off serves then.
    let retry_after_s =
        after.and_then(|(_, v)| v.trim().parse::<f64>().ok()).filter(|s| s.is_finite() && *s >= 0.0);
    Reply { retry, retry_after_s }
}
