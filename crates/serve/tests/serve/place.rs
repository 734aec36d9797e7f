//! A store in a folder of its own, runs in it, and servers over it.

use acidtest_record::{
    About, AboutRole, Amount, Answer, Blob, CORRECT, Case, ClockRow, Digest, Event, EventKind, Finish, Gate,
    Head, Item, Key, Kind, Load, Maker, MakerKind, Message, Ns, Origin, Outcome, Part, PhaseSpec, PromptSpec,
    Read, Record, Request, Role, RunId, RunSpec, RunState, SPEC_VERSION, Source, Status, TargetKind,
    TargetSpec, Timing, Value, Verdict, Warmup,
};
use acidtest_serve::{Options, Server, Shutdown, Token};
use acidtest_store::Store;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;

/// The token of every test's server.
pub(crate) const TOKEN: &str = "test-token-of-sixteen-and-more";

/// A folder with a store.
pub(crate) struct Place {
    folder: tempfile::TempDir,
}

impl Place {
    /// A folder without a store.
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// A store with one run of ten requests, done.
    pub(crate) fn new() -> Self {
        let place = Self::empty();
        place.run(1, 10, RunState::Done);
        place
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("s.db")
    }

    pub(crate) fn store(&self) -> Store {
        Store::create_or_open(&self.path()).unwrap()
    }

    /// Stores a run of so many requests.
    pub(crate) fn run(&self, no: u64, requests: u32, state: RunState) -> RunId {
        let run = RunId(0xab00_0000_0000_0000 + no);
        let mut store = self.store();
        let cases: Vec<Case> = (0..5).map(case).collect();
        store.create_run(run, &format!("run {no}"), &spec(), &cases, 1_700_000_000_000_000_000).unwrap();
        let clock =
            ClockRow { no: 0, host: "here".into(), zero_unix_ns: 1_700_000_000_000_000_000, error_ns: None };
        store.add_clock(run, &clock).unwrap();
        self.add(run, 0..requests);
        if state != RunState::Running {
            store.set_state(run, state, 1_700_000_060_000_000_000).unwrap();
        }
        run
    }

    /// Stores a run of two targets, `near` and `far`, that both answer five cases: slot 2n and 2n + 1.
    /// `near` is right on all, `far` on none.
    pub(crate) fn arena(&self, no: u64) -> RunId {
        let run = RunId(0xab00_0000_0000_0000 + no);
        let mut plan = spec();
        plan.targets.push(TargetSpec {
            name: "far".into(),
            model: "m-far".into(),
            ..plan.targets[0].clone()
        });
        plan.targets[0] =
            TargetSpec { name: "near".into(), model: "m-near".into(), ..plan.targets[0].clone() };
        let mut store = self.store();
        let cases: Vec<Case> = (0..5).map(case).collect();
        store.create_run(run, &format!("arena {no}"), &plan, &cases, 1_700_000_000_000_000_000).unwrap();
        let body = br#"{"messages":[{"role":"user","content":"ask \u001b[31m<img src=x>"}]}"#;
        let mut items = vec![Item::Blob(Blob { hash: Digest::of(body), body: body.to_vec() })];
        for slot in 0..10 {
            let mut r = record(run, slot);
            (r.target, r.case, r.repeat) = ((slot % 2) as u16, Some(case(slot / 2).hash), 0);
            r.request.body = Some(Digest::of(body));
            r.answer = Answer { parts: vec![Part::Text(format!("<b>answer {slot}</b>"))], raw: None };
            items.push(Item::Record(Box::new(r)));
            let right = Some(Value::Bool(slot.is_multiple_of(2)));
            items.push(Item::Verdict(Verdict { value: right, ..verdict(run, slot) }));
        }
        store.append(run, &items).unwrap();
        store.set_state(run, RunState::Done, 1_700_000_060_000_000_000).unwrap();
        run
    }

    /// Appends requests with a verdict each; every fourth is wrong.
    pub(crate) fn add(&self, run: RunId, slots: std::ops::Range<u32>) {
        let items = slots
            .flat_map(|slot| [Item::Record(Box::new(record(run, slot))), Item::Verdict(verdict(run, slot))]);
        let items: Vec<Item> = items.collect();
        if !items.is_empty() {
            self.store().append(run, &items).unwrap();
        }
    }

    pub(crate) fn serve(&self) -> Serving {
        self.serve_with(|_| {})
    }

    pub(crate) fn serve_with(&self, change: impl FnOnce(&mut Options)) -> Serving {
        let mut options = Options {
            listen: "127.0.0.1:0".parse().unwrap(),
            store: self.path(),
            store_words: "s.db".into(),
            is_awaited: false,
            token: Token::chosen(TOKEN).unwrap(),
            hosts: Vec::new(),
            give_back: || {},
        };
        change(&mut options);
        let server = Server::bind(options).unwrap();
        let port = server.address().port();
        let shutdown = Shutdown::default();
        let stop = shutdown.clone();
        let thread = std::thread::spawn(move || server.run(&stop).unwrap());
        Serving { at: SocketAddr::from(([127, 0, 0, 1], port)), shutdown, thread: Some(thread) }
    }
}

/// A server that ends with the test.
pub(crate) struct Serving {
    pub(crate) at: SocketAddr,
    pub(crate) shutdown: Shutdown,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Stops it and waits until it has ended.
    pub(crate) fn end(&mut self) {
        self.shutdown.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.shutdown.stop();
    }
}

fn spec() -> RunSpec {
    RunSpec {
        version: SPEC_VERSION,
        name: "test".into(),
        origin: Origin::Suite { path: "suite.yaml".into(), digest: Digest::of(b"suite") },
        acidtest: "0.1.0".into(),
        seed: 1,
        targets: vec![TargetSpec {
            name: "local".into(),
            kind: TargetKind::OpenaiChat,
            source: Source::Url("http://127.0.0.1:1/v1".into()),
            model: "m".into(),
            stream: true,
            ..TargetSpec::default()
        }],
        prompts: vec![PromptSpec {
            name: "plain".into(),
            messages: vec![Message { role: "user".into(), content: "{{ question }}".into() }],
            ..PromptSpec::default()
        }],
        phases: vec![PhaseSpec {
            name: "closed 2".into(),
            load: Load::Closed { concurrency: 2 },
            amount: Amount::Cases,
            warmup: Warmup::None,
            max_in_flight: 64,
            ..PhaseSpec::default()
        }],
        repeats: 1,
        cases: 5,
        gates: vec![Gate::parse("accuracy >= 50 %").unwrap()],
        workload: Digest::of(b"workload"),
        ..RunSpec::default()
    }
}

fn case(i: u32) -> Case {
    let vars = serde_json::from_str(&format!(r#"{{"question":"<b>What</b> is {i}?"}}"#)).unwrap();
    let expected = vec![format!("number {i}")];
    Case {
        id: format!("case-{i}"),
        hash: Case::digest(&vars, &expected, false),
        vars,
        expected,
        tags: BTreeMap::from([("lang".into(), if i.is_multiple_of(2) { "en" } else { "ko" }.into())]),
        ..Case::default()
    }
}

/// A streamed answer, all of it decided by the slot.
fn record(run: RunId, slot: u32) -> Record {
    let start = Ns::from_millis(i64::from(slot) * 20);
    let at = |ms| start + Ns::from_millis(ms);
    let read = |i: i64| Read {
        kernel: None,
        before: at(50 + 5 * i),
        after: at(51 + 5 * i),
        bytes: 230,
        drained: true,
    };
    let kinds = [EventKind::Visible, EventKind::Visible, EventKind::Finish, EventKind::Done];
    let event = |(i, kind)| Event { read: i as u32, kind, tokens: None, last_in_read: true };
    let events: Vec<Event> = kinds.into_iter().enumerate().map(event).collect();
    Record {
        key: Key { run, slot, step: 0, attempt: 0 },
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case: Some(case(slot % 5).hash),
        repeat: (slot / 5) as u16,
        request: Request {
            path: "/v1/chat/completions".into(),
            body: None,
            bytes: 100,
            stream: true,
            nonce: None,
        },
        timing: Timing {
            clock: 0,
            intended: start,
            started: Some(start),
            sent: Some(at(1)),
            sent_end: Some(at(1)),
            body_end: Some(at(75)),
            ended: Some(at(76)),
            reads: (0..4).map(read).collect(),
            events,
            ..Timing::default()
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: Some(Head { status: 200, headers: Vec::new() }),
        answer: Answer { parts: vec![Part::Text(format!("number {}<script>", slot % 5))], raw: None },
        said: None,
        copied_from: None,
        fault: None,
        place: acidtest_record::Place::default(),
    }
}

fn verdict(run: RunId, slot: u32) -> Verdict {
    Verdict {
        name: CORRECT.into(),
        maker: Maker { kind: MakerKind::Scorer, name: "contains".into(), version: "1".into(), digest: None },
        about: vec![About { role: AboutRole::Subject, key: Key { run, slot, step: 0, attempt: 0 } }],
        at_unix_ns: 1_700_000_000_000_000_000 + i64::from(slot),
        status: Status::Scored,
        value: Some(Value::Bool(!slot.is_multiple_of(4))),
        why: None,
        evidence: None,
    }
}
