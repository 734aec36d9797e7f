//! Which read an event belongs to, and the moments of an attempt.

use super::*;
use acidtest_record::{EventKind, MarkName};

#[test]
fn events_map_to_the_read_that_completed_them() {
    let (a, b) = (says("a"), says("b"));
    let (c1, c2) = b.split_at(30);
    let both = format!("{:x}\r\n{a}\r\n{:x}\r\n{b}\r\n", a.len(), b.len());
    let acts = vec![
        Act::Request,
        write(SSE),
        Act::Sleep(15),
        write(both),
        Act::Sleep(15),
        chunk(c1),
        Act::Sleep(15),
        chunk(c2),
        Act::Sleep(15),
        chunk(STOP),
        Act::Sleep(15),
        last_chunk(),
    ];
    let (attempt, parsed) = once(acts, &limits());
    let got: Vec<_> = parsed.events.iter().map(|e| (e.read, e.kind, e.last_in_read)).collect();
    // Read 0 is the head; two events came in read 1; one began in read 2 and ended in read 3.
    let want = [
        (1, EventKind::Visible, false),
        (1, EventKind::Visible, true),
        (3, EventKind::Visible, true),
        (4, EventKind::Finish, false),
        (4, EventKind::Done, true),
    ];
    assert_eq!(got, want);
    assert_eq!(parsed.reads.len(), 6);
    assert_eq!(attempt.body_end, Some(parsed.reads[5].after), "the last chunk ends the body");
    assert!(parsed.reads.iter().all(|r| r.before <= r.after && r.drained));
    assert!(parsed.reads.windows(2).all(|w| w[0].after <= w[1].before));
    let head = attempt.marks.iter().find(|m| m.name == MarkName::Head).unwrap();
    assert_eq!(head.at, parsed.reads[0].after);
    let order = [
        Some(attempt.started),
        attempt.sent,
        attempt.sent_end,
        Some(head.at),
        attempt.body_end,
        Some(attempt.ended),
    ];
    assert!(order.windows(2).all(|w| w[0].unwrap() <= w[1].unwrap()), "{order:?}");
}

#[test]
fn one_write_of_everything_is_one_read() {
    let a = says("a");
    let all = format!("{SSE}{:x}\r\n{a}\r\n{:x}\r\n{STOP}\r\n0\r\n\r\n", a.len(), STOP.len());
    let (_, parsed) = once(vec![Act::Request, write(all)], &limits());
    assert_eq!(parsed.reads.len(), 1);
    assert!(parsed.events.iter().all(|e| e.read == 0));
}

#[test]
fn segments_leave_after_100_ms() {
    run(async || {
        let acts = vec![
            Act::Request,
            write(SSE),
            chunk(&says("a")),
            Act::Sleep(160),
            chunk(&says("b")),
            chunk(STOP),
            last_chunk(),
        ];
        let port = serve(vec![acts]).await;
        let (_, parsed, segments) = go(&target(port, &limits())).await;
        assert_eq!(parsed.answer.text(), "ab");
        assert!(segments.len() >= 2, "{} segments", segments.len());
        assert!(segments[0].bytes.ends_with(b"\n\n") && segments[0].bytes.len() == says("a").len());
    });
}

#[test]
fn large_answers_come_in_bounded_segments() {
    run(async || {
        let long = says(&"x".repeat(50_000)).repeat(6);
        let acts = vec![Act::Request, write(SSE), chunk(&long), chunk(STOP), last_chunk()];
        let port = serve(vec![acts]).await;
        let (_, parsed, segments) = go(&target(port, &limits())).await;
        assert_eq!(parsed.answer.text().len(), 300_000);
        assert!(segments.len() >= 5);
    });
}

#[test]
fn a_large_request_is_sent_whole() {
    run(async || {
        let port = serve(vec![good()]).await;
        let target = target(port, &limits());
        let mut question = ask(true);
        question.messages[0].content = "x".repeat(3 << 20);
        let built = target.build(&question).unwrap();
        let mut tap = Kept::default();
        let attempt = target.attempt(&built, &mut tap).await;
        assert_eq!(attempt.end, crate::End::Complete);
        assert!(attempt.sent_end.unwrap() > attempt.sent.unwrap());
    });
}

#[test]
fn a_request_that_nobody_reads_runs_into_the_total_limit() {
    run(async || {
        let port = serve(vec![vec![Act::Hold]]).await;
        let target = target(port, &Limits { total_s: 0.1, ..limits() });
        let mut question = ask(true);
        question.messages[0].content = "x".repeat(30 << 20);
        let built = target.build(&question).unwrap();
        let mut tap = Kept::default();
        let attempt = target.attempt(&built, &mut tap).await;
        let crate::End::Failed { stage, cause, .. } = attempt.end else { panic!("it must fail") };
        assert_eq!((stage, cause), (Stage::Send, Cause::Timeout));
        assert!(attempt.sent.is_some() && attempt.sent_end.is_none());
    });
}

#[test]
fn a_dropped_attempt_hands_over_what_had_arrived() {
    run(async || {
        let port = serve(vec![vec![Act::Request, write(SSE), chunk(&says("a")), Act::Hold], good()]).await;
        let target = target(port, &limits());
        let built = target.build(&ask(true)).unwrap();
        let mut tap = Kept::default();
        let wait = Duration::from_millis(50);
        assert!(tokio::time::timeout(wait, target.attempt(&built, &mut tap)).await.is_err());
        let bytes: Vec<u8> = tap.0.iter().flat_map(|s| s.bytes.to_vec()).collect();
        assert_eq!(bytes, says("a").as_bytes());
        // The next attempt gets a connection of its own.
        let (attempt, parsed, _) = go(&target).await;
        assert!(!attempt.reused && attempt.connection == 2);
        assert_eq!(parsed.answer.text(), "hi");
    });
}
