//! The engine under a paused clock with a scripted target: hours in milliseconds,
//! the same on every machine.

use crate::control::{Control, StopReason};
use crate::desk::{Desk, DeskSetup};
use crate::handover::{Budget, HandOver, Message};
use crate::phase::Finished;
use crate::prompts::Prompts;
use crate::recall::{Recall, Recalled};
use crate::request::{Shard, Shared};
use crate::score::Judge;
use acidtest_clock::{Clock, SimulatedClock};
use acidtest_record::*;
use acidtest_schedule::{Plan, Stream};
use acidtest_target::{Attempt, BuildError, Built, End, LocalBoxFuture, Piece, Segment, Tap, Target};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

/// What the scripted server does with its nth request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Act {
    /// Answers with so many events, so far apart.
    Answer { events: u32, gap_ms: i64 },
    /// Breaks after so many events.
    CutAfter(u32),
    /// Says 429.
    Busy,
    /// Answers at once with what is made of the request's body.
    Echo,
    /// Waits for one of so many places, first come, first served, and keeps it for so long.
    Queue { places: usize, service_ms: i64 },
}

/// A target that follows a script.
struct Scripted {
    clock: SimulatedClock,
    script: Rc<dyn Fn(u64) -> Act>,
    asked: Rc<AtomicU64>,
    /// The body of an answer to a body.
    echo: fn(&[u8]) -> String,
    /// When each place of a queue is free.
    free: RefCell<Vec<i64>>,
}

const DELTA: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"word \"}}]}\n\n";
const END: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

impl Scripted {
    fn now(&self) -> Ns {
        Ns(self.clock.now())
    }

    fn piece(&self, tap: &mut dyn Tap, read: u32, text: impl Into<bytes::Bytes>) {
        let bytes: bytes::Bytes = text.into();
        let len = bytes.len() as u32;
        let now = self.now();
        tap.segment(Segment {
            bytes,
            pieces: vec![Piece { len, read, open: false }],
            reads: vec![Read { kernel: None, before: now, after: now, bytes: len, drained: true }],
        });
    }

    /// First content when a place is free, the end when it is given back.
    async fn queue(&self, places: usize, service_ms: i64, tap: &mut dyn Tap) {
        let (begin, end) = {
            let mut free = self.free.borrow_mut();
            free.resize(places, 0);
            let place = free.iter_mut().min().expect("there is a place");
            let begin = (*place).max(self.clock.now());
            *place = begin + service_ms * 1_000_000;
            (begin, *place)
        };
        self.clock.sleep_until(begin + 1_000_000).await;
        self.piece(tap, 0, DELTA);
        self.clock.sleep_until(end).await;
        self.piece(tap, 1, END);
    }

    async fn answer(&self, act: Act, body: &[u8], tap: &mut dyn Tap) -> End {
        let broken = |stage, cause| End::Failed { stage, cause, detail: "scripted".into() };
        let (events, gap_ms, cut) = match act {
            Act::Busy => {
                self.clock.sleep_until(self.clock.now() + 1_000_000).await;
                return broken(Stage::Head, Cause::RateLimited);
            }
            Act::Echo => {
                self.clock.sleep_until(self.clock.now() + 1_000_000).await;
                self.piece(tap, 0, (self.echo)(body));
                return End::Complete;
            }
            Act::Queue { places, service_ms } => {
                self.queue(places, service_ms, tap).await;
                return End::Complete;
            }
            Act::Answer { events, gap_ms } => (events, gap_ms, false),
            Act::CutAfter(events) => (events, 10, true),
        };
        for event in 0..events {
            self.clock.sleep_until(self.clock.now() + gap_ms * 1_000_000).await;
            self.piece(tap, event, DELTA);
        }
        if cut {
            return broken(Stage::Body, Cause::Cut);
        }
        self.piece(tap, events, END);
        End::Complete
    }
}

impl Target for Scripted {
    fn build(&self, ask: &Ask) -> Result<Built, BuildError> {
        let body = serde_json::to_vec(ask).expect("an ask serialises");
        Ok(Built { path: "/scripted".into(), body: body.into(), stream: ask.stream, ..Built::default() })
    }

    fn attempt<'a>(&'a self, built: &'a Built, tap: &'a mut dyn Tap) -> LocalBoxFuture<'a, Attempt> {
        Box::pin(async move {
            let act = (self.script)(self.asked.fetch_add(1, Ordering::Relaxed));
            let started = self.now();
            let end = self.answer(act, &built.body, tap).await;
            let status = if act == Act::Busy { 429 } else { 200 };
            let content_type = if act == Act::Echo { "application/json" } else { "text/event-stream" };
            let ended = self.now();
            Attempt {
                started,
                sent: Some(started),
                sent_end: Some(started),
                body_end: (end == End::Complete).then_some(ended),
                ended,
                marks: Vec::new(),
                head: Some(Head { status, headers: vec![("content-type".into(), content_type.into())] }),
                connection: 0,
                address: 0,
                reused: false,
                end,
            }
        })
    }
}

/// A desk on the same thread.
#[derive(Clone)]
struct Inline(Rc<RefCell<Desk>>);

impl HandOver for Inline {
    fn give(&self, message: Message) {
        self.0.borrow_mut().handle(message).expect("the test keeps the other end");
    }
}

pub(crate) fn spec(load: Load, amount: Amount, retry: u8) -> RunSpec {
    RunSpec {
        version: SPEC_VERSION,
        name: "simulated".into(),
        origin: Origin::Bench,
        acidtest: "test".into(),
        seed: 5,
        targets: vec![TargetSpec {
            name: "scripted".into(),
            kind: TargetKind::OpenaiChat,
            source: Source::Url("http://scripted/v1".into()),
            model: "m".into(),
            key_env: None,
            headers: Default::default(),
            body: Default::default(),
            stream: true,
            price: None,
            ..TargetSpec::default()
        }],
        prompts: vec![PromptSpec {
            name: "p".into(),
            messages: vec![acidtest_record::Message { role: "user".into(), content: "hello".into() }],
            ..PromptSpec::default()
        }],
        params: Default::default(),
        phases: vec![PhaseSpec {
            name: "phase".into(),
            load,
            amount,
            warmup: Warmup::None,
            max_in_flight: 10,
            ..PhaseSpec::default()
        }],
        repeats: 1,
        fresh: true,
        retry: Retry { attempts: retry, wait_s: 0.1, max_wait_s: 1.0 },
        limits: Limits::default(),
        caps: Caps::default(),
        extraction: Extraction::Whole,
        scorers: Vec::new(),
        gates: Vec::new(),
        cases: 0,
        workload: Digest::of(b"simulated"),
        ..RunSpec::default()
    }
}

pub(crate) struct Simulation {
    shared: Arc<Shared>,
    desk: Inline,
    out: Receiver<Item>,
}

impl Simulation {
    fn new(spec: RunSpec, finished: Finished) -> Self {
        Self::of(spec, &[], finished)
    }

    pub(crate) fn control(&self) -> Arc<Control> {
        self.shared.control.clone()
    }

    pub(crate) fn course(&self) -> Arc<crate::course::Course> {
        self.shared.course.clone()
    }

    pub(crate) fn of(spec: RunSpec, cases: &[Case], finished: Finished) -> Self {
        let spec = Arc::new(spec);
        let (tx, out) = sync_channel(10_000);
        let control = Arc::new(Control::default());
        let budget = Budget::new(1 << 20, 2 << 20);
        let plan = Plan::all(&spec).remove(0).plan;
        let course = Arc::new(crate::course::Course::new(&plan, &spec, 0, 0));
        let shared = Arc::new(Shared {
            spec: spec.clone(),
            phase: 0,
            target: 0,
            prompt: 0,
            plan,
            prompts: Arc::new(Prompts::render(&spec, cases, spec.seed).unwrap()),
            cases: Arc::default(),
            finished: Arc::new(finished),
            control: control.clone(),
            budget: budget.clone(),
            clock_no: 0,
            shards: 1,
            course: course.clone(),
            in_flight: AtomicU32::new(0),
            tickets: Arc::default(),
            start: AtomicI64::new(0),
            recall: None,
        });
        let setup = DeskSetup {
            run: RunId(1),
            judge: Arc::new(Judge::new(&spec, cases).unwrap()),
            recall: None,
            spec,
            cases: Arc::new(cases.to_vec()),
            phase: 0,
            target: 0,
            prompt: 0,
            clock_no: 0,
            zero_unix_ns: 0,
            control,
            course,
            budget,
            out: tx,
            late: None,
        };
        let parser = Box::new(|stream| {
            acidtest_target::Parser::new(TargetKind::OpenaiChat, stream, Default::default())
        });
        Self { shared, desk: Inline(Rc::new(RefCell::new(Desk::new(setup, parser)))), out }
    }

    /// Runs the phase to its end; gives the records in the order in which they were made.
    pub(crate) fn run(self, script: impl Fn(u64) -> Act + 'static) -> Vec<Record> {
        let items = self.items(|_| String::new(), script);
        let records = items.into_iter().filter_map(|item| match item {
            Item::Record(r) => Some(*r),
            _ => None,
        });
        records.collect()
    }

    /// Runs the phase to its end; gives everything in the order in which it was made.
    pub(crate) fn items(self, echo: fn(&[u8]) -> String, script: impl Fn(u64) -> Act + 'static) -> Vec<Item> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let clock = SimulatedClock::start();
            let script = Rc::new(script);
            let (asked, free) = (Rc::default(), RefCell::default());
            let target = Scripted { clock: clock.clone(), script, asked, echo, free };
            let shard = Rc::new(Shard::new(0, target, clock, self.desk.clone(), self.shared.clone()));
            shard.drive(None).await;
        });
        drop(self.desk);
        self.out.try_iter().collect()
    }
}

fn run(spec: RunSpec, script: impl Fn(u64) -> Act + 'static) -> Vec<Record> {
    Simulation::new(spec, Finished::default()).run(script)
}

fn fast(_: u64) -> Act {
    Act::Answer { events: 4, gap_ms: 10 }
}

#[test]
fn a_closed_loop_keeps_its_users_busy_and_intends_the_next_send_at_the_last_end() {
    let records = run(spec(Load::Closed { concurrency: 2 }, Amount::Count(10), 1), fast);
    assert_eq!(records.len(), 10);
    let mut slots: Vec<u32> = records.iter().map(|r| r.key.slot).collect();
    slots.sort_unstable();
    assert_eq!(slots, (0..10).collect::<Vec<_>>());
    // Two users, 40 ms an answer, 10 answers: 5 rounds.
    let last = records.iter().filter_map(|r| r.timing.ended).max().unwrap();
    assert!((200..=202).contains(&(last.0 / 1_000_000)), "{last:?}");
    for r in &records {
        // Simulated timers tick in whole milliseconds.
        let late = r.timing.started.unwrap() - r.timing.intended;
        assert!((0..1_000_000).contains(&late.0), "{late:?}");
        assert_eq!(Row::of(r).pieces, 4);
    }
}

#[test]
fn an_open_loop_sends_on_time_however_slow_the_answers_are() {
    let slow = |_| Act::Answer { events: 10, gap_ms: 1000 };
    let mut s = spec(Load::Constant { rate: 2.0 }, Amount::Count(8), 1);
    s.phases[0].max_in_flight = 100;
    let mut records = run(s, slow);
    records.sort_by_key(|r| r.key.slot);
    let intended: Vec<i64> = records.iter().map(|r| r.timing.intended.0 / 1_000_000).collect();
    assert_eq!(intended, [0, 500, 1000, 1500, 2000, 2500, 3000, 3500]);
    assert!(records.iter().all(|r| r.timing.started == Some(r.timing.intended)));
}

#[test]
fn what_the_cap_keeps_back_is_a_record() {
    let hangs = |_| Act::Answer { events: 1, gap_ms: 60_000 };
    let records = run(spec(Load::Constant { rate: 10.0 }, Amount::Count(50), 1), hangs);
    let kept: Vec<_> =
        records.iter().filter(|r| r.outcome == Outcome::NotSent { reason: NotSent::Cap }).collect();
    assert_eq!((records.len(), kept.len()), (50, 40), "10 may be in flight");
    assert!(kept.iter().all(|r| r.timing.started.is_none() && r.request.body.is_none()));
}

#[test]
fn retries_are_attempts_of_the_same_request() {
    // Every first attempt is turned away.
    let records = run(spec(Load::Closed { concurrency: 1 }, Amount::Count(3), 3), |n| {
        if n % 2 == 0 { Act::Busy } else { fast(n) }
    });
    let keys: Vec<(u32, u8, bool)> = records
        .iter()
        .map(|r| (r.key.slot, r.key.attempt, matches!(r.outcome, Outcome::Completed { .. })))
        .collect();
    assert_eq!(keys, [(0, 0, false), (0, 1, true), (1, 0, false), (1, 1, true), (2, 0, false), (2, 1, true)]);
    assert_eq!(records[0].timing.intended, records[1].timing.intended);
    let wait = records[1].timing.started.unwrap() - records[0].timing.ended.unwrap();
    assert_eq!(wait, Ns::from_millis(100));
}

#[test]
fn a_fault_at_any_event_is_one_cut_record_with_what_had_arrived() {
    for n in 0..6 {
        let records =
            run(spec(Load::Closed { concurrency: 1 }, Amount::Count(1), 1), move |_| Act::CutAfter(n));
        assert_eq!(records.len(), 1);
        assert!(
            matches!(records[0].outcome, Outcome::Failed { cause: Cause::Cut, .. }),
            "{:?}",
            records[0].outcome
        );
        assert_eq!(Row::of(&records[0]).pieces, n);
        assert_eq!(records[0].answer.text(), "word ".repeat(n as usize));
    }
}

#[test]
fn a_resumed_run_sends_only_what_is_not_finished() {
    let mut finished = Finished::default();
    for slot in [0, 1, 2, 5] {
        finished.note(slot, 0, true, 1);
    }
    finished.note(3, 0, false, 1);
    let s = spec(Load::Constant { rate: 10.0 }, Amount::Count(8), 1);
    let mut records = Simulation::new(s, finished).run(fast);
    records.sort_by_key(|r| r.key.slot);
    let got: Vec<(u32, u8, i64)> =
        records.iter().map(|r| (r.key.slot, r.key.attempt, r.timing.intended.0 / 1_000_000)).collect();
    assert_eq!(got, [(3, 1, 0), (4, 0, 100), (6, 0, 300), (7, 0, 400)]);
}

#[test]
fn a_full_hand_over_keeps_requests_back_and_says_so() {
    let simulation =
        Simulation::new(spec(Load::Closed { concurrency: 1 }, Amount::Count(5), 1), Finished::default());
    let big = Segment { bytes: vec![0u8; 3 << 20].into(), pieces: Vec::new(), reads: Vec::new() };
    let budget = simulation.shared.budget.clone();
    let mut tap = crate::handover::ShardTap {
        ticket: u64::MAX,
        hand: &Sink,
        budget: &budget,
        overflow: &std::cell::Cell::new(false),
        wake: &tokio::sync::Notify::new(),
    };
    tap.segment(big);
    let records = simulation.run(fast);
    assert!(records.iter().all(|r| r.outcome == Outcome::NotSent { reason: NotSent::Backlog }));
    assert_eq!(records.len(), 5);
}

/// Takes and forgets.
#[derive(Clone)]
struct Sink;
impl HandOver for Sink {
    fn give(&self, _: Message) {}
}

#[test]
fn a_closed_phase_by_time_begins_to_count_after_its_warm_up() {
    let mut s = spec(Load::Closed { concurrency: 1 }, Amount::Seconds(1.0), 1);
    s.phases[0].warmup = Warmup::Count(25);
    let records = run(s, fast);
    let measured = records.iter().filter(|r| r.role == Role::Subject).count();
    // An answer takes 40 ms: 25 of them fill the second, whatever the warm-up took.
    assert_eq!((records.len() - measured, measured), (25, 25));
}

#[test]
fn two_runs_with_one_seed_never_send_the_same_prompt() {
    let s = spec(Load::Closed { concurrency: 1 }, Amount::Count(1), 1);
    let prompts = |run| Prompts::render(&s, &[], run).unwrap();
    let nonces: Vec<_> = (0..50).map(|slot| prompts(1).of(0, None, slot).1).collect();
    assert_eq!(
        nonces,
        (0..50).map(|slot| prompts(1).of(0, None, slot).1).collect::<Vec<_>>(),
        "a resumed run"
    );
    for (slot, nonce) in nonces.iter().enumerate() {
        assert_ne!(&prompts(2).of(0, None, slot as u32).1, nonce);
    }
}

#[test]
fn a_stopped_run_sends_nothing_more() {
    let simulation =
        Simulation::new(spec(Load::Constant { rate: 10.0 }, Amount::Count(100), 1), Finished::default());
    let control = simulation.shared.control.clone();
    let records = simulation.run(move |n| {
        if n == 4 {
            control.stop(StopReason::Interrupted);
        }
        fast(n)
    });
    assert_eq!(records.len(), 5, "the fifth was in flight and ends in order");
    assert!(records.iter().all(|r| matches!(r.outcome, Outcome::Completed { .. })));
}

/// Random scripts: whatever the server does, every slot has exactly one final
/// record and attempts are numbered without a gap.
#[test]
fn every_slot_ends_exactly_once_under_random_faults() {
    for seed in 0..40 {
        let mut s = spec(Load::Poisson { rate: 50.0 }, Amount::Count(60), 3);
        s.phases[0].max_in_flight = 5 + (seed as u32 % 20);
        let records = run(s, move |n| match Stream::new(seed, "script", n).below(5) {
            0 => Act::Busy,
            1 => Act::CutAfter((n % 4) as u32),
            _ => Act::Answer { events: 1 + (n % 7) as u32, gap_ms: 3 },
        });
        let mut attempts: std::collections::BTreeMap<u32, Vec<u8>> = Default::default();
        for r in &records {
            attempts.entry(r.key.slot).or_default().push(r.key.attempt);
        }
        assert_eq!(attempts.len(), 60, "seed {seed}");
        for (slot, numbers) in attempts {
            let expected: Vec<u8> = (0..numbers.len() as u8).collect();
            assert_eq!(numbers, expected, "seed {seed}, slot {slot}");
            assert!(numbers.len() <= 3);
        }
    }
}

#[test]
fn a_known_answer_is_not_asked_for_and_has_no_moments() {
    let known = run(spec(Load::Closed { concurrency: 1 }, Amount::Count(1), 1), fast).remove(0);
    let (key, text) = (known.key, known.answer.text());
    let asked = AtomicU32::new(0);
    let recall = Recall {
        find: Arc::new(move |_| asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(2).then_some(key)),
        load: Arc::new(move |_| Some(Recalled { attempts: vec![known.clone()], blobs: Vec::new() })),
    };
    let mut simulation =
        Simulation::new(spec(Load::Closed { concurrency: 2 }, Amount::Count(10), 1), Finished::default());
    Arc::get_mut(&mut simulation.shared).unwrap().recall = Some(recall.clone());
    simulation.desk.0.borrow_mut().setup.recall = Some(recall);
    let records = simulation.run(fast);
    let (hits, sent): (Vec<_>, Vec<_>) = records.iter().partition(|r| r.copied_from.is_some());
    assert_eq!((hits.len(), sent.len()), (5, 5));
    for hit in hits {
        assert_eq!((hit.copied_from, hit.answer.text()), (Some(key), text.clone()));
        assert!(hit.timing.started.is_none() && hit.timing.reads.is_empty() && hit.timing.events.is_empty());
    }
    assert!(sent.iter().all(|r| r.timing.started.is_some()));
}
