//! Speeds of answers whose reasoning was streamed, summarised, left out, or not counted apart.

use super::build::*;
use acidtest_findings::{Card, Findings, Quantity};
use acidtest_record::*;

/// Forty answers of 1010 tokens; visible text runs from 400 to 600 ms, in ten events.
fn thinking(kind: TargetKind, change: fn(&mut Row)) -> Findings {
    let (mut spec, cases) = (spec(CLOSED, 40, &["tpot.p50 <= 1 s"]), cases(40, 1));
    spec.targets[0].kind = kind;
    let rows: Vec<Row> = (0..40u32)
        .map(|i| {
            let hash = Some(cases[i as usize].hash);
            let mut r = row(i, hash, OutcomeClass::Complete, i64::from(i) * 1000, 400, 600);
            (r.output, r.pieces) = (Some(1010), 10);
            change(&mut r);
            r
        })
        .collect();
    run(&spec, &cases, &rows, |_| true)
}

/// Reasoning of some form came in an event at 100 ms.
fn seen(r: &mut Row) {
    r.reasoning_seen = true;
    r.pieces = 11;
    r.first = r.sent.map(|t| t + Ns::from_millis(100));
}

fn counted(r: &mut Row) {
    seen(r);
    r.reasoning = Some(1000);
}

#[test]
fn streamed_reasoning_is_part_of_the_rhythm() {
    let f = thinking(TargetKind::OpenaiChat, counted);
    assert!((get(&f, "tpot", "p50").number().unwrap() - 0.5 / 1009.0).abs() < 1e-12);
    assert!((get(&f, "tokens_per_event", "mean").number().unwrap() - 1010.0 / 11.0).abs() < 1e-9);
}

#[test]
fn a_counted_summary_leaves_the_answer_alone() {
    for kind in [TargetKind::OpenaiResponses, TargetKind::Anthropic] {
        let f = thinking(kind, counted);
        assert!((get(&f, "tpot", "p50").number().unwrap() - 0.2 / 9.0).abs() < 1e-12, "{kind:?}");
        assert!((get(&f, "tokens_per_s_user", "p50").number().unwrap() - 45.0).abs() < 1e-9);
        assert!(matches!(get(&f, "tokens_per_event", "mean").value, Quantity::Absent(_)));
        assert_eq!(get(&f, "ttft", "p50").number(), Some(0.1), "a summary is content");
        assert_eq!(f.gates[0].state.id(), "met");
    }
    // A tool call is as much of the answer as text.
    let f = thinking(TargetKind::OpenaiResponses, |r| {
        counted(r);
        (r.first_tool, r.first_visible) = (r.first_visible, None);
    });
    assert!((get(&f, "tpot", "p50").number().unwrap() - 0.2 / 9.0).abs() < 1e-12);
}

#[test]
fn what_nobody_counted_apart_has_no_rhythm() {
    for kind in [TargetKind::OpenaiResponses, TargetKind::Anthropic] {
        let of_summary = thinking(kind, seen);
        let left_out = thinking(kind, |r| r.reasoning_seen = true);
        for f in [of_summary, left_out] {
            for (metric, stat) in
                [("tpot", "p50"), ("tokens_per_s_user", "p50"), ("tokens_per_event", "mean")]
            {
                assert!(matches!(get(&f, metric, stat).value, Quantity::Absent(_)), "{kind:?} {metric}");
            }
            assert_eq!(f.gates[0].state.id(), "undecided");
            assert!(f.gates[0].reason.contains("of hidden or summarised reasoning"), "{}", f.gates[0].reason);
        }
    }
}

#[test]
fn hidden_reasoning_that_is_counted_is_subtracted() {
    for kind in [TargetKind::OpenaiChat, TargetKind::OpenaiResponses] {
        let f = thinking(kind, |r| r.reasoning = Some(1000));
        assert!((get(&f, "tpot", "p50").number().unwrap() - 0.2 / 9.0).abs() < 1e-12, "{kind:?}");
        assert!((get(&f, "tokens_per_event", "mean").number().unwrap() - 1.0).abs() < 1e-9);
    }
    let f = thinking(TargetKind::Anthropic, |_| {});
    assert!((get(&f, "tpot", "p50").number().unwrap() - 0.2 / 1009.0).abs() < 1e-12, "it did not think");
}

/// A record with a summary at 100 ms and ten tokens of text from 400 to 600 ms.
fn summed(reasoning: Option<u32>) -> Record {
    let ms = Ns::from_millis;
    let times = [ms(100)].into_iter().chain((0..10).map(|i| ms(400 + i * 200 / 9)));
    let kinds = [EventKind::Reasoning].into_iter().chain([EventKind::Visible; 10]);
    let reads = times.map(|at| Read { kernel: None, before: at, after: at, bytes: 1, drained: true });
    let event = |(read, kind)| Event { read, kind, tokens: None, last_in_read: true };
    let usage = Usage { input: Some(20), output: Some(1010), cached: None, reasoning };
    Record {
        key: Key { run: RUN, slot: 0, step: 0, attempt: 0 },
        parent: None,
        kind: Kind::Chat,
        role: Role::Subject,
        target: 0,
        phase: 0,
        prompt: 0,
        case: None,
        repeat: 0,
        request: Request { path: "/".into(), body: None, bytes: 0, stream: true, nonce: None },
        timing: Timing {
            sent: Some(ms(0)),
            body_end: Some(ms(600)),
            reads: reads.collect(),
            events: (0..).zip(kinds).map(event).collect(),
            ..Timing::default()
        },
        outcome: Outcome::Completed { finish: Finish::Stop },
        head: None,
        answer: Answer { parts: vec![Part::Reasoning("s".into()), Part::Text("t".into())], raw: None },
        said: Some(ServerSaid { usage, ..ServerSaid::default() }),
        fault: None,
        place: Place::default(),
        copied_from: None,
    }
}

#[test]
fn the_speed_card_leaves_hidden_reasoning_out() {
    let card = |kind, reasoning| Card::of(&summed(reasoning), kind).measured;
    let measured = card(TargetKind::OpenaiResponses, Some(1000)).unwrap();
    assert_eq!((measured.output.tokens, measured.output.ns), (9, 200_000_000));
    assert_eq!((measured.input.tokens, measured.input.ns), (20, 400_000_000));
    assert_eq!(card(TargetKind::Anthropic, None), None);
    let streamed = card(TargetKind::OpenaiChat, Some(1000)).unwrap();
    assert_eq!((streamed.output.tokens, streamed.output.ns), (1009, 500_000_000));
}
