//! Small runs for the tests: plans, cases, rows and verdicts with few words.

use acidtest_findings::{Estimate, Findings, Texts, View, ViewBuilder, find};
use acidtest_record::*;
use std::collections::BTreeMap;

pub const RUN: RunId = RunId(0x7f3a_0000_0000_0001);

pub fn spec(load: Load, cases: u32, gates: &[&str]) -> RunSpec {
    RunSpec {
        version: SPEC_VERSION,
        name: "docent".into(),
        origin: Origin::Bench,
        acidtest: "0.1.0".into(),
        seed: 1,
        targets: vec![target("docent-search")],
        prompts: Vec::new(),
        params: serde_json::Map::new(),
        phases: vec![phase("closed 8", load)],
        repeats: 1,
        fresh: false,
        retry: Retry::default(),
        limits: Limits::default(),
        caps: Caps::default(),
        extraction: Extraction::Whole,
        scorers: vec![ScorerSpec {
            name: "char_f1".into(),
            kind: ScorerKind::CharF1 { unicode: false },
            negate: false,
            weight: 1.0,
            pass: Some(0.5),
        }],
        gates: gates.iter().map(|g| Gate::parse(g).unwrap()).collect(),
        cases,
        workload: Digest::of(b"workload"),
        ..RunSpec::default()
    }
}

pub fn target(name: &str) -> TargetSpec {
    TargetSpec {
        name: name.into(),
        kind: TargetKind::OpenaiChat,
        source: Source::Url("http://example.org/v1".into()),
        model: "m".into(),
        key_env: None,
        headers: BTreeMap::new(),
        body: serde_json::Map::new(),
        stream: true,
        price: Some(Price { currency: "USD".into(), input: 1.0, output: 2.0, cached: None, request: 0.0 }),
        ..TargetSpec::default()
    }
}

pub fn phase(name: &str, load: Load) -> PhaseSpec {
    PhaseSpec { name: name.into(), load, max_in_flight: 64, ..PhaseSpec::default() }
}

pub const CLOSED: Load = Load::Closed { concurrency: 1 };

pub fn cases(n: usize, per_cluster: usize) -> Vec<Case> {
    (0..n)
        .map(|i| {
            let mut vars = serde_json::Map::new();
            vars.insert("question".into(), format!("q{i}").into());
            let expected = vec!["right".to_owned()];
            Case {
                id: format!("c{i}"),
                hash: Case::digest(&vars, &expected, false),
                vars,
                expected,
                refuse: false,
                cluster: (per_cluster > 1).then(|| format!("k{}", i / per_cluster)),
                split: None,
                tags: BTreeMap::from([("lang".into(), ["ko", "en"][i % 2].into())]),
                scorers: None,
                extraction: None,
                ..Case::default()
            }
        })
        .collect()
}

/// A streamed answer: sent at `at` ms, first token after `ttft` ms, whole after `e2e` ms, 11 tokens.
pub fn row(slot: u32, case: Option<Digest>, class: OutcomeClass, at: i64, ttft: i64, e2e: i64) -> Row {
    let ms = |t: i64| Some(Ns::from_millis(t));
    let sent = !matches!(class, OutcomeClass::NotSent(_));
    let done = class.delivered();
    Row {
        key: Key { run: RUN, slot, step: 0, attempt: 0 },
        kind: acidtest_record::Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case,
        repeat: 0,
        clock: 0,
        class,
        stream: true,
        intended: Ns::from_millis(at),
        started: ms(at).filter(|_| sent),
        sent: ms(at).filter(|_| sent),
        first_byte: ms(at + ttft).filter(|_| done),
        first: ms(at + ttft).filter(|_| done),
        first_visible: ms(at + ttft).filter(|_| done),
        first_tool: None,
        last: ms(at + e2e).filter(|_| done),
        last_event: ms(at + e2e).filter(|_| done),
        body_end: ms(at + e2e).filter(|_| done),
        ended: ms(at + e2e).filter(|_| sent),
        connect: None,
        tls: None,
        queue_wait: None,
        pieces: if done { 11 } else { 0 },
        first_tokens: None,
        max_gap: ms((e2e - ttft) / 10).filter(|_| done),
        input: done.then_some(100),
        output: done.then_some(11),
        cached: None,
        reasoning: None,
        reasoning_seen: false,
        server: ServerTimes::default(),
    }
}

pub fn verdict(key: Key, name: &str, status: Status, value: Option<Value>) -> Verdict {
    Verdict {
        name: name.into(),
        maker: Maker { kind: MakerKind::Scorer, name: name.into(), version: "1".into(), digest: None },
        about: vec![About { role: AboutRole::Subject, key }],
        status,
        value,
        why: None,
        evidence: None,
        at_unix_ns: 0,
    }
}

pub fn judge(builder: &mut ViewBuilder, row: &Row, right: bool) {
    let score = Value::Number(f64::from(u8::from(right)));
    builder.verdict(&verdict(row.key, "char_f1", Status::Scored, Some(score)));
    builder.verdict(&verdict(row.key, "correct", Status::Scored, Some(Value::Bool(right))));
}

/// Findings of rows, `right` telling which delivered ones are right.
pub fn run(spec: &RunSpec, cases: &[Case], rows: &[Row], right: impl Fn(&Row) -> bool) -> Findings {
    let mut builder = View::new(RUN, spec, cases);
    for r in rows {
        builder.row(*r);
        if r.class.delivered() {
            judge(&mut builder, r, right(r));
        }
    }
    find(&builder.finish(), &mut |_| Texts::default())
}

/// An estimate of the first target and phase by metric and stat, without tags.
pub fn get<'f>(f: &'f Findings, name: &str, stat: &str) -> &'f Estimate {
    let plain = |e: &&Estimate| {
        let window = e.labels.get("window").is_none_or(|w| w == "steady");
        !e.labels.contains_key("lang") && window
    };
    f.estimates
        .iter()
        .filter(plain)
        .find(|e| e.name() == name && e.stat.id() == stat)
        .unwrap_or_else(|| panic!("no {name}.{stat}"))
}
