//! Tests of the parser without sockets: segments in, outcome out.

use super::*;
use acidtest_record::{Head, Ns};
use bytes::Bytes;
use proptest::prelude::*;

fn attempt(status: u16, end: End) -> Attempt {
    Attempt {
        started: Ns(0),
        sent: Some(Ns(1)),
        sent_end: Some(Ns(2)),
        body_end: None,
        ended: Ns(9),
        marks: Vec::new(),
        head: Some(Head { status, headers: Vec::new() }),
        connection: 1,
        reused: false,
        address: 0,
        end,
    }
}

fn cut_end() -> End {
    End::Failed { stage: Stage::Body, cause: Cause::Cut, detail: "reset".into() }
}

/// Parses parts, each its own read and segment.
fn parse(parts: &[&[u8]], stream: bool, attempt: &Attempt) -> Parsed {
    let mask = Mask::new(&["sk-secret-1".into()]);
    let mut parser = Parser::new(TargetKind::OpenaiChat, stream, mask);
    for (i, part) in parts.iter().enumerate() {
        let at = Ns(i as i64);
        let read = Read { kernel: None, before: at, after: at, bytes: part.len() as u32, drained: true };
        let pieces = vec![Piece { len: part.len() as u32, read: i as u32, open: false }];
        let bytes = Bytes::copy_from_slice(part);
        parser.segment(Segment { bytes, pieces, reads: vec![read] });
    }
    parser.finish(attempt)
}

const HI: &str = "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
const STOP: &str = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const DONE: &str = "data: [DONE]\n\n";

fn check(body: &str, end: End, want: Result<Finish, Cause>) {
    let parsed = parse(&[body.as_bytes()], true, &attempt(200, end));
    let got = match parsed.outcome {
        Outcome::Completed { finish } => Ok(finish),
        Outcome::Failed { cause, .. } => Err(cause),
        Outcome::NotSent { .. } => panic!("it was sent"),
    };
    assert_eq!(got, want, "{body:?}");
    assert_eq!(parsed.raw.is_some(), want.is_err() && !body.is_empty());
}

#[test]
fn a_flood_of_comments_is_too_large() {
    let flood = ":\n".repeat(MAX_EVENTS + 10);
    let parsed = parse(&[flood.as_bytes(), DONE.as_bytes()], true, &attempt(200, End::Complete));
    assert!(matches!(parsed.outcome, Outcome::Failed { cause: Cause::TooLarge, .. }), "{:?}", parsed.outcome);
    assert_eq!(parsed.events.len(), MAX_EVENTS);
}

#[test]
fn how_streams_end() {
    check(&format!("{HI}{STOP}{DONE}"), End::Complete, Ok(Finish::Stop));
    check(&format!("{HI}{STOP}"), End::Complete, Ok(Finish::Stop));
    check(&format!("{HI}{DONE}"), End::Complete, Ok(Finish::Unsaid));
    check(&format!("{HI}{STOP}data: [DONE]"), End::Complete, Ok(Finish::Stop));
    check(HI, End::Complete, Err(Cause::Cut));
    check(&format!("{HI}data: {{\"cho"), End::Complete, Err(Cause::Cut));
    check("", End::Complete, Err(Cause::Cut));
    check(&format!("{HI}{STOP}{DONE}"), cut_end(), Ok(Finish::Stop));
    check(&format!("{HI}{STOP}"), cut_end(), Err(Cause::Cut));
    check("data: {\"error\":{\"message\":\"x\"}}\n\n", cut_end(), Err(Cause::ErrorEvent));
    check(&format!("{HI}data: {{garbage\n\n{STOP}{DONE}"), End::Complete, Err(Cause::Malformed));
    check(&format!("data: {}\n\n", "x".repeat(5 << 20)), End::Complete, Err(Cause::TooLarge));
    // A stream was asked for and one JSON body came: it is an answer all the same.
    let whole = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    check(whole, End::Complete, Ok(Finish::Stop));
    check("<html>busy</html>", End::Complete, Err(Cause::Malformed));
}

#[test]
fn an_empty_body_is_no_json() {
    let parsed = parse(&[], false, &attempt(200, End::Complete));
    let Outcome::Failed { cause, .. } = parsed.outcome else { panic!("it must fail") };
    assert_eq!(cause, Cause::Malformed);
}

#[test]
fn error_statuses_keep_message_and_body_without_secrets() {
    let end = End::Failed { stage: Stage::Head, cause: Cause::RateLimited, detail: "HTTP 429".into() };
    let body = br#"{"error":{"message":"slow down, sk-secret-1"}}"#;
    let parsed = parse(&[body], true, &attempt(429, end));
    let Outcome::Failed { cause, status, detail, .. } = parsed.outcome else { panic!("it must fail") };
    assert_eq!((cause, status), (Cause::RateLimited, Some(429)));
    assert_eq!(detail, "HTTP 429: slow down, ***");
    assert!(!String::from_utf8(parsed.raw.unwrap()).unwrap().contains("sk-secret"));
}

#[test]
fn secrets_leave_no_trace_in_an_answer() {
    let body = HI.replace("hi", "my key is sk-sec") + &HI.replace("hi", "ret-1!") + DONE;
    let parsed = parse(&[body.as_bytes()], true, &attempt(200, End::Complete));
    assert_eq!(parsed.answer.text(), "my key is ***!");
}

#[test]
fn raw_is_bounded_even_where_a_secret_is_cut() {
    // Striking out the first moves the cut second one forward.
    for at in 0..24 {
        let mut body = b"sk-secret-1".to_vec();
        body.resize((64 << 10) - 4 + at, b'x');
        body.extend_from_slice(b"sk-secret-1 and more and more and more");
        let parsed = parse(&[&body], true, &attempt(200, cut_end()));
        let raw = parsed.raw.unwrap();
        assert!(raw.len() <= 64 << 10 && raw.starts_with(b"***xx"));
        let end = String::from_utf8_lossy(&raw[raw.len() - 30..]).into_owned();
        assert!(!end.contains("sk"), "{end}");
    }
}

#[test]
fn events_know_their_read_and_whether_something_followed() {
    let (a, b) = STOP.split_at(20);
    let parsed = parse(
        &[format!("{HI}{HI}").as_bytes(), format!("{HI}{a}").as_bytes(), b.as_bytes(), DONE.as_bytes()],
        true,
        &attempt(200, End::Complete),
    );
    let got: Vec<_> = parsed.events.iter().map(|e| (e.read, e.last_in_read)).collect();
    assert_eq!(got, [(0, false), (0, true), (1, false), (2, true), (3, true)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cuts_change_nothing_but_the_reads(mut cuts in proptest::collection::vec(0usize..400, 0..10)) {
        let text = format!(": hello\n\n{}{}{STOP}{DONE}", HI.replace("hi", "한글"), HI.replace('\n', "\r\n"));
        let text = text.as_bytes();
        cuts.retain(|c| *c < text.len());
        cuts.sort_unstable();
        let (mut parts, mut from) = (Vec::new(), 0);
        for c in cuts.into_iter().chain([text.len()]) {
            parts.push(&text[from..c]);
            from = c;
        }
        let done = attempt(200, End::Complete);
        let (whole, cut) = (parse(&[text], true, &done), parse(&parts, true, &done));
        prop_assert_eq!(&whole.outcome, &cut.outcome);
        prop_assert_eq!(&whole.answer, &cut.answer);
        prop_assert_eq!(whole.answer.text(), "한글hi");
        let kinds = |p: &Parsed| p.events.iter().map(|e| e.kind).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&whole), kinds(&cut));
    }

    #[test]
    fn noise_never_panics(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        for end in [End::Complete, cut_end()] {
            parse(&parts, true, &attempt(200, end));
        }
    }
}
