//! Runs to store: plain ones by hand, hostile ones by chance.

use acidtest_record::*;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeMap;

pub(super) const RUN: RunId = RunId(0x7f3a_0000_0000_0001);

pub(super) fn spec(name: &str) -> RunSpec {
    RunSpec {
        version: SPEC_VERSION,
        name: name.into(),
        origin: Origin::Suite { path: "suites/x/suite.yaml".into(), digest: Digest::of(b"suite") },
        acidtest: "0.1.0".into(),
        seed: u64::MAX,
        targets: vec![TargetSpec {
            name: "local".into(),
            kind: TargetKind::OpenaiChat,
            source: Source::Url("http://127.0.0.1:1/v1".into()),
            model: "m".into(),
            key_env: Some("KEY".into()),
            headers: BTreeMap::from([("x-team".into(), "${TEAM}".into())]),
            body: serde_json::Map::new(),
            stream: true,
            price: None,
            ..TargetSpec::default()
        }],
        prompts: vec![PromptSpec {
            name: "plain".into(),
            messages: vec![Message { role: "user".into(), content: "{{ question }}".into() }],
            ..PromptSpec::default()
        }],
        params: serde_json::from_str(r#"{"z":0.1,"max_tokens":128}"#).unwrap(),
        phases: vec![PhaseSpec {
            name: "closed 8".into(),
            load: Load::Closed { concurrency: 8 },
            amount: Amount::Cases,
            warmup: Warmup::None,
            max_in_flight: 64,
            ..PhaseSpec::default()
        }],
        repeats: 1,
        fresh: false,
        retry: Retry::default(),
        limits: Limits::default(),
        caps: Caps::default(),
        extraction: Extraction::Whole,
        scorers: vec![],
        gates: vec![],
        cases: 3,
        workload: Digest::of(b"workload"),
        ..RunSpec::default()
    }
}

pub(super) fn case(i: u32) -> Case {
    let vars = serde_json::from_str(&format!(r#"{{"question":"What is {i}?","a":[1,2.5]}}"#)).unwrap();
    let expected = vec![format!("number {i}")];
    Case {
        id: format!("case-{i}"),
        hash: Case::digest(&vars, &expected, false),
        vars,
        expected,
        refuse: false,
        cluster: Some("numbers".into()),
        split: None,
        tags: BTreeMap::from([("lang".into(), "en".into())]),
        scorers: None,
        extraction: None,
        ..Case::default()
    }
}

pub(super) fn key(run: RunId, slot: u32, attempt: u8) -> Key {
    Key { run, slot, step: 0, attempt }
}

/// A plain streamed answer, all of it decided by the slot.
pub(super) fn plain(run: RunId, slot: u32) -> Record {
    let start = Ns::from_millis(i64::from(slot) * 20);
    let at = |ms| Ns(start.0 + Ns::from_millis(ms).0);
    let reads: Vec<Read> = (0..6i64)
        .map(|i| Read {
            kernel: None,
            before: at(50 + 5 * i),
            after: at(51 + 5 * i),
            bytes: 230,
            drained: true,
        })
        .collect();
    let kinds = [
        EventKind::Role,
        EventKind::Visible,
        EventKind::Visible,
        EventKind::Finish,
        EventKind::Usage,
        EventKind::Done,
    ];
    let events = kinds.iter().enumerate().map(|(i, kind)| Event {
        read: i as u32,
        kind: *kind,
        tokens: None,
        last_in_read: true,
    });
    Record {
        key: key(run, slot, 0),
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case: Some(case(slot % 3).hash),
        repeat: 0,
        request: Request {
            path: "/v1/chat/completions".into(),
            body: Some(body(slot).hash),
            bytes: body(slot).body.len() as u32,
            stream: true,
            nonce: None,
        },
        timing: Timing {
            clock: 0,
            intended: start,
            started: Some(at(0)),
            sent: Some(at(1)),
            sent_end: Some(at(2)),
            body_end: Some(at(76)),
            ended: Some(at(77)),
            marks: vec![Mark { name: MarkName::Head, at: at(49) }],
            reads,
            events: events.collect(),
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: Some(Head { status: 200, headers: vec![("content-type".into(), "text/event-stream".into())] }),
        answer: Answer { parts: vec![Part::Text(format!("It is number {slot}."))], raw: None },
        said: Some(ServerSaid {
            model: Some("m".into()),
            usage: Usage { input: Some(12), output: Some(6), ..Usage::default() },
            ..ServerSaid::default()
        }),
        copied_from: None,
        fault: None,
        place: Place::default(),
    }
}

pub(super) fn failed(run: RunId, slot: u32, attempt: u8, cause: Cause) -> Record {
    let mut r = plain(run, slot);
    r.key.attempt = attempt;
    r.answer = Answer::default();
    r.outcome = Outcome::Failed { stage: Stage::Head, cause, status: Some(429), detail: "slow down".into() };
    r
}

pub(super) fn not_sent(run: RunId, slot: u32, reason: NotSent) -> Record {
    let mut r = failed(run, slot, 0, Cause::Client);
    r.outcome = Outcome::NotSent { reason };
    r.timing = Timing { intended: r.timing.intended, ..Timing::default() };
    (r.head, r.said) = (None, None);
    r
}

/// The request body that `plain` of that slot points at.
pub(super) fn body(slot: u32) -> Blob {
    Blob::new(
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":"What is {}?"}}]}}"#, slot % 3)
            .into_bytes(),
    )
}

pub(super) fn verdict(key: Key, value: Option<Value>) -> Verdict {
    Verdict {
        name: "exact".into(),
        maker: Maker {
            kind: MakerKind::Scorer,
            name: "exact".into(),
            version: "1".into(),
            digest: Some(Digest::of(b"exact")),
        },
        about: vec![About { role: AboutRole::Subject, key }],
        status: if value.is_some() { Status::Scored } else { Status::Unparsable },
        value,
        why: None,
        evidence: None,
        at_unix_ns: 1_700_000_000_000_000_000,
    }
}

/// One of everything that may lie beside records, numbers that JSON cannot hold included.
pub(super) fn beside(run: RunId) -> Vec<Item> {
    let k = key(run, 0, 0);
    let other = key(RunId(9), 4, 1);
    let mut pair = verdict(k, Some(Value::Preference("both_bad".into())));
    pair.about.push(About { role: AboutRole::B, key: other });
    pair.evidence = Some(other);
    pair.why = Some("'; DROP TABLE run; --\0".into());
    let note = |name: &str, value| Note { key: k, maker: "tokenizer:x".into(), name: name.into(), value };
    let reading = |value| Reading {
        clock: 0,
        at: Ns(-5),
        source: "client".into(),
        name: "scheduler_lag_s".into(),
        value,
    };
    vec![
        Item::Verdict(verdict(k, Some(Value::Bool(true)))),
        Item::Verdict(verdict(k, Some(Value::Number(0.1)))),
        Item::Verdict(verdict(k, Some(Value::Number(f64::NEG_INFINITY)))),
        Item::Verdict(verdict(k, Some(Value::Label("a,b".into())))),
        Item::Verdict(verdict(k, Some(Value::Label(String::new())))),
        Item::Verdict(verdict(k, Some(Value::Ranking(vec![2, 0, 65535])))),
        Item::Verdict(verdict(k, Some(Value::Ranking(vec![])))),
        Item::Verdict(pair),
        Item::Verdict(verdict(k, None)),
        Item::Reading(reading(1e-300)),
        Item::Reading(reading(f64::INFINITY)),
        Item::Fact(Fact {
            name: "machine.cores".into(),
            value: "2".into(),
            source: "/proc/cpuinfo".into(),
            hash: Some(Digest::of(b"x")),
        }),
        Item::Fact(Fact { name: "os".into(), value: String::new(), source: "uname".into(), hash: None }),
        Item::Note(note("tokens", 7.0)),
        Item::Note(note("words", 5.0)),
    ]
}

/// Text that breaks careless quoting, counting or display.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z ]{0,40}",
        2 => any::<String>(),
        1 => Just(String::new()),
        1 => Just("'; DROP TABLE run; --".to_owned()),
        1 => Just("a\0b\u{202e}\u{feff}\n\r\"\\{{ }}\u{1b}[31m".to_owned()),
        1 => Just("아름다운 👩‍👩‍👧 é\u{10ffff}".to_owned()),
        1 => Just("same words ".repeat(50)),
    ]
}

fn ns() -> impl Strategy<Value = Ns> {
    (-(1i64 << 60)..1i64 << 60).prop_map(Ns)
}

fn digest() -> impl Strategy<Value = Digest> {
    any::<[u8; 16]>().prop_map(Digest)
}

fn any_key() -> impl Strategy<Value = Key> {
    (any::<u64>(), any::<u32>(), any::<u16>(), any::<u8>()).prop_map(|(r, slot, step, attempt)| Key {
        run: RunId(r),
        slot,
        step,
        attempt,
    })
}

/// Numbers that are equal to themselves, infinities included.
fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<f64>().prop_filter("equal to itself", |x| !x.is_nan()),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ]
}

fn timing() -> impl Strategy<Value = Timing> {
    use EventKind::*;
    let names = vec![
        MarkName::QueueStart,
        MarkName::QueueEnd,
        MarkName::DnsStart,
        MarkName::DnsEnd,
        MarkName::ConnectStart,
        MarkName::ConnectEnd,
        MarkName::TlsStart,
        MarkName::TlsEnd,
        MarkName::Head,
        MarkName::JobAccepted,
        MarkName::JobRunning,
        MarkName::JobDone,
    ];
    let mark = (prop::sample::select(names), ns()).prop_map(|(name, at)| Mark { name, at });
    let read = (option::of(ns()), ns(), ns(), any::<u32>(), any::<bool>())
        .prop_map(|(kernel, before, after, bytes, drained)| Read { kernel, before, after, bytes, drained });
    let kinds = vec![Error, Visible, Tool, Reasoning, Finish, Usage, Role, Done, Comment, Other];
    let event = (0u32..9, prop::sample::select(kinds), any::<Option<u32>>(), any::<bool>())
        .prop_map(|(read, kind, tokens, last_in_read)| Event { read, kind, tokens, last_in_read });
    let moments = prop::array::uniform5(option::of(ns()));
    (any::<u16>(), ns(), moments, vec(mark, 0..5), vec(read, 0..8), vec(event, 0..12)).prop_map(
        |(clock, intended, [started, sent, sent_end, body_end, ended], marks, reads, events)| Timing {
            clock,
            intended,
            started,
            sent,
            sent_end,
            body_end,
            ended,
            marks,
            reads,
            events,
        },
    )
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let finish = prop_oneof![
        Just(Finish::Stop),
        Just(Finish::Length),
        Just(Finish::Filter),
        Just(Finish::ToolCalls),
        Just(Finish::Unsaid),
        text().prop_map(Finish::Other),
    ];
    let stages = vec![Stage::Dns, Stage::Connect, Stage::Tls, Stage::Send, Stage::Head, Stage::Body];
    let failed =
        (prop::sample::select(stages), prop::sample::select(&Cause::ALL[..]), any::<Option<u16>>(), text())
            .prop_map(|(stage, cause, status, detail)| Outcome::Failed { stage, cause, status, detail });
    prop_oneof![
        finish.prop_map(|finish| Outcome::Completed { finish }),
        failed,
        prop::sample::select(&NotSent::ALL[..]).prop_map(|reason| Outcome::NotSent { reason }),
    ]
}

fn part() -> impl Strategy<Value = Part> {
    let token = (text(), option::of(number()), any::<Option<u32>>(), vec((text(), number()), 0..3))
        .prop_map(|(token, logprob, offset, top)| TokenLogprob { token, logprob, offset, top });
    prop_oneof![
        text().prop_map(Part::Text),
        text().prop_map(Part::Reasoning),
        text().prop_map(Part::Refusal),
        (any::<u32>(), option::of(text()), text(), text())
            .prop_map(|(index, id, name, arguments)| Part::ToolCall { index, id, name, arguments }),
        (any::<bool>(), vec(token, 0..4)).prop_map(|(prompt, tokens)| Part::Logprobs {
            side: if prompt { LogprobSide::Prompt } else { LogprobSide::Completion },
            tokens,
        }),
        vec(number(), 0..5).prop_map(Part::Scores),
        (text(), digest()).prop_map(|(media, hash)| Part::Blob { media, hash }),
    ]
}

fn said() -> impl Strategy<Value = ServerSaid> {
    let usage = prop::array::uniform4(any::<Option<u32>>())
        .prop_map(|[input, output, cached, reasoning]| Usage { input, output, cached, reasoning });
    let o = || option::of(text());
    // Names that become columns, and others.
    let name = || {
        prop_oneof![
            text(),
            Just("total_time".to_owned()),
            Just("prompt_ms".to_owned()),
            Just("eval_duration".to_owned()),
            Just("generation_time_ms".to_owned())
        ]
    };
    (o(), o(), o(), usage, vec((name(), number()), 0..4)).prop_map(
        |(model, fingerprint, id, usage, timings)| ServerSaid { model, fingerprint, id, usage, timings },
    )
}

/// Any record that the vocabulary can say, under the given key.
pub(super) fn any_record(key: Key) -> impl Strategy<Value = Record> {
    let kinds = vec![
        Kind::Chat,
        Kind::Completion,
        Kind::LogLikelihood,
        Kind::Embed,
        Kind::Rerank,
        Kind::Tool,
        Kind::Retrieve,
        Kind::Speech,
        Kind::Job,
        Kind::Http,
        Kind::Span,
    ];
    let roles = vec![Role::Subject, Role::Judge, Role::Probe, Role::Warmup];
    let request = (text(), option::of(digest()), any::<u32>(), any::<bool>(), option::of(text()))
        .prop_map(|(path, body, bytes, stream, nonce)| Request { path, body, bytes, stream, nonce });
    let head =
        (any::<u16>(), vec((text(), text()), 0..4)).prop_map(|(status, headers)| Head { status, headers });
    let answer = (vec(part(), 0..4), option::of(digest())).prop_map(|(parts, raw)| Answer { parts, raw });
    let place = (any::<u16>(), any::<u16>(), any::<u32>(), any::<bool>(), any::<u16>()).prop_map(
        |(worker, shard, connection, reused, address)| Place { worker, shard, connection, reused, address },
    );
    let who = (
        option::of(any_key()),
        prop::sample::select(kinds),
        prop::sample::select(roles),
        any::<[u16; 4]>(),
        option::of(digest()),
    );
    let what = (
        request,
        timing(),
        outcome(),
        option::of(head),
        answer,
        option::of(said()),
        any::<Option<u32>>(),
        place,
    );
    (who, what).prop_map(move |((parent, kind, role, [target, phase, prompt, repeat], case), what)| {
        let (request, timing, outcome, head, answer, said, fault, place) = what;
        Record {
            key,
            parent,
            kind,
            role,
            target,
            phase,
            prompt,
            case,
            repeat,
            request,
            timing,
            outcome,
            head,
            answer,
            said,
            fault,
            place,
            copied_from: fault.map(|slot| Key { run: RunId(1), slot, step: 0, attempt: 1 }),
        }
    })
}
