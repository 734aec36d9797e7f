//! Every way in which a server can fail, and its class.

use super::*;
use acidtest_record::{EventKind, Finish};

fn short() -> Limits {
    Limits { connect_s: 0.5, first_byte_s: 0.08, gap_s: 0.08, total_s: 2.0, body_bytes: 1 << 20 }
}

fn after_request(acts: impl IntoIterator<Item = Act>) -> Vec<Act> {
    [Act::Request].into_iter().chain(acts).collect()
}

/// Fails after the head of a stream and one good event.
fn in_stream(acts: impl IntoIterator<Item = Act>, limits: &Limits, cause: Cause, words: &str) {
    let begin = [write(SSE), chunk(&says("hi"))];
    let acts = after_request(begin.into_iter().chain(acts));
    let parsed = fails(acts, limits, Stage::Body, cause, words);
    assert_eq!(parsed.answer.text(), "hi", "what had arrived is kept");
    assert!(parsed.raw.is_some());
}

#[test]
fn statuses_are_classed_and_explained() {
    let json = "content-type: application/json\r\nretry-after: 7\r\n";
    let body = r#"{"error":{"message":"because sk-test-secret"}}"#;
    for (status, cause) in [
        ("429 Too Many Requests", Cause::RateLimited),
        ("529 Overloaded", Cause::Overloaded),
        ("503 Unavailable", Cause::Server),
        ("404 Not Found", Cause::Client),
        ("302 Found", Cause::Redirect),
    ] {
        let acts = after_request([response(status, json, body)]);
        let (attempt, parsed) = once(acts, &limits());
        let Outcome::Failed { cause: c, status: s, detail, .. } = parsed.outcome else { panic!("{status}") };
        assert_eq!(c, cause);
        assert_eq!(s, Some(attempt.head.as_ref().unwrap().status));
        assert!(detail.ends_with(": because ***"), "{detail}");
        assert!(attempt.head.unwrap().headers.contains(&("retry-after".into(), "7".into())));
        assert_eq!(parsed.raw.unwrap().len(), body.len() - "sk-test-secret".len() + 3);
    }
}

#[test]
fn an_error_body_is_read_to_64_kib_at_most() {
    let head = "HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n";
    let endless = Act::Forever(format!("1000\r\n{}\r\n", "x".repeat(4096)).into_bytes());
    let parsed =
        fails(after_request([write(head), endless]), &limits(), Stage::Head, Cause::Server, "HTTP 500");
    assert!(parsed.raw.unwrap().len() <= 64 << 10);
}

#[test]
fn heads_that_are_no_answer() {
    let head = |status: &str, headers: &str| after_request([response(status, headers, "<html>")]);
    let l = limits();
    fails(head("200 OK", "content-type: text/html\r\n"), &l, Stage::Head, Cause::Malformed, "text/html");
    fails(head("200 OK", "content-type: image/png\r\n"), &l, Stage::Head, Cause::Malformed, "image/png");
    fails(head("200 OK", "content-encoding: gzip\r\n"), &l, Stage::Head, Cause::Malformed, "'gzip'");
    fails(head("200 OK", ""), &l, Stage::Body, Cause::Malformed, "looks like HTML");
    let switches = "HTTP/1.1 101 Switching Protocols\r\nupgrade: other\r\nconnection: upgrade\r\n\r\n";
    fails(after_request([write(switches), Act::Hold]), &l, Stage::Head, Cause::Malformed, "HTTP 101");
    let frames = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    fails(after_request([write(frames), Act::Hold]), &l, Stage::Head, Cause::Malformed, "not HTTP/1.1");
    fails(after_request([write("SMTP ready\r\n\r\n")]), &l, Stage::Head, Cause::Malformed, "not HTTP/1.1");
    let flood = Act::Forever(b"x-flood: yes\r\n".repeat(100));
    let flood = after_request([write("HTTP/1.1 200 OK\r\n"), flood]);
    fails(flood, &l, Stage::Head, Cause::TooLarge, "head is larger");
    let wide = Act::Forever(b"x".repeat(1000));
    let wide = after_request([write("HTTP/1.1 200 OK\r\nx: "), wide]);
    fails(wide, &l, Stage::Head, Cause::TooLarge, "head is larger");
}

#[test]
fn connections_that_break() {
    let l = limits();
    fails(after_request([]), &l, Stage::Head, Cause::Connect, "before any byte");
    fails(after_request([Act::Reset]), &l, Stage::Head, Cause::Connect, "before any byte");
    fails(after_request([write("HTTP/1.1 20")]), &l, Stage::Head, Cause::Cut, "connection lost");
    in_stream([], &l, Cause::Cut, "connection lost");
    in_stream([Act::Sleep(20), Act::Reset], &l, Cause::Cut, "reset");
    in_stream([write("zz\r\nnope")], &l, Cause::Malformed, "HTTP framing");
    let short_body = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}";
    fails(after_request([write(short_body)]), &l, Stage::Body, Cause::Cut, "connection lost");
}

#[test]
fn streams_that_end_wrongly() {
    let l = limits();
    in_stream([last_chunk()], &l, Cause::Cut, "without finish_reason");
    in_stream(
        [chunk("data: {\"error\":{\"message\":\"boom\"}}\n\n"), last_chunk()],
        &l,
        Cause::ErrorEvent,
        "boom",
    );
    in_stream([chunk("event: error\ndata: boom\n\n"), last_chunk()], &l, Cause::ErrorEvent, "boom");
    in_stream([chunk("data: {oops\n\n"), chunk(STOP), last_chunk()], &l, Cause::Malformed, "event 2");
    in_stream(
        [chunk("data: {\"choices\":[{\"delta\":{\"content\":\"\u{0}\"}}]}\n\n"), chunk(STOP), last_chunk()],
        &l,
        Cause::Malformed,
        "event 2",
    );
    in_stream([write(b"13\r\ndata: {\"id\":\"\xff\xfe\"}\n\n\r\n"), last_chunk()], &l, Cause::Malformed, "");
}

#[test]
fn limits_of_time() {
    let l = short();
    let gap = Limits { first_byte_s: 2.0, ..short() };
    fails(after_request([Act::Hold]), &l, Stage::Head, Cause::Timeout, "first-byte limit of 0.08 s");
    in_stream([Act::Hold], &gap, Cause::Stalled, "gap limit of 0.08 s");
    // Comments keep the connection, not the answer, alive.
    let ping = [chunk(": ping\n\n"), Act::Sleep(20)];
    let pings = std::iter::repeat_n(ping, 20).flatten();
    in_stream(pings, &gap, Cause::Stalled, "gap limit");
    let total = Limits { total_s: 0.2, ..limits() };
    in_stream([Act::Hold], &total, Cause::Timeout, "total limit of 0.2 s");
    // One byte of the head at a time.
    let loris: Vec<Act> = SSE.bytes().flat_map(|b| [write([b]), Act::Sleep(10)]).collect();
    fails(after_request(loris), &l, Stage::Head, Cause::Timeout, "first-byte");
    fails(vec![Act::Hold], &total, Stage::Head, Cause::Timeout, "total limit");
}

#[test]
fn answers_without_end_are_bounded() {
    let event = says("x");
    let endless = Act::Forever(format!("{:x}\r\n{event}\r\n", event.len()).repeat(50).into_bytes());
    let total = Limits { total_s: 0.1, body_bytes: 1 << 40, ..limits() };
    let begin = || vec![Act::Request, write(SSE)];
    let acts = begin().into_iter().chain([endless.clone()]).collect();
    fails(acts, &total, Stage::Body, Cause::Timeout, "total limit");
    let small = Limits { body_bytes: 100_000, ..limits() };
    let acts = begin().into_iter().chain([endless]).collect();
    fails(acts, &small, Stage::Body, Cause::TooLarge, "100000 bytes");
    let line = Act::Forever(format!("4000\r\n{}\r\n", "x".repeat(0x4000)).into_bytes());
    let acts = begin().into_iter().chain([chunk("data: "), line]).collect();
    fails(acts, &limits(), Stage::Body, Cause::TooLarge, "larger than our limit of 4194304");
}

#[test]
fn nobody_listens() {
    run(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let (attempt, parsed, _) = go(&target(port, &limits())).await;
        let Outcome::Failed { stage, cause, .. } = parsed.outcome else { panic!("it must fail") };
        assert_eq!((stage, cause), (Stage::Connect, Cause::Connect));
        assert_eq!((attempt.sent, attempt.connection), (None, 0));
        let far = target_at("http://no-such-host.invalid/v1", &limits());
        let (_, parsed, _) = go(&far).await;
        let Outcome::Failed { stage, cause, .. } = parsed.outcome else { panic!("it must fail") };
        assert_eq!(stage, Stage::Dns);
        assert!(matches!(cause, Cause::Dns | Cause::Timeout));
    });
}

#[test]
fn answers_in_other_dress() {
    let finish = |acts: Vec<Act>| {
        let (attempt, parsed) = once(acts, &limits());
        let Outcome::Completed { finish } = parsed.outcome else { panic!("{:?}", parsed.outcome) };
        assert_eq!(finish, Finish::Stop);
        assert!(attempt.body_end.is_some() && attempt.sent_end.is_some());
        parsed.answer.text()
    };
    let whole = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]}"#;
    let json = "content-type: application/json\r\n";
    assert_eq!(finish(after_request([response("200 OK", json, whole)])), "hi");
    // HTTP/1.0: the body ends with the connection.
    assert_eq!(finish(after_request([write(SSE_CLOSE), write(says("hi")), write(STOP)])), "hi");
    // Carriage returns, comments, a byte order mark, no blank line at the end.
    let odd = format!(
        "\u{feff}: hello\r\rdata: {{\"choices\":[{{\"delta\":\rdata: {{\"content\":\"hi\"}}}}]}}\r\r{}",
        STOP.trim_end()
    );
    assert_eq!(finish(after_request([write(SSE_CLOSE), write(odd)])), "hi");
    // A letter over two chunks, each its own segment.
    let text = says("한");
    let at = text.find('한').unwrap() + 1;
    let (a, b) = text.as_bytes().split_at(at);
    let part = |p: &[u8]| write([format!("{:x}\r\n", p.len()).as_bytes(), p, b"\r\n"].concat());
    let acts = [write(SSE), part(a), Act::Sleep(15), part(b), chunk(STOP), last_chunk()];
    assert_eq!(finish(after_request(acts)), "한");
    // The connection breaks after the protocol's own end mark.
    assert_eq!(finish_loose([write(SSE), chunk(&says("hi")), chunk(STOP)]), "hi");
}

fn finish_loose(acts: impl IntoIterator<Item = Act>) -> String {
    let (_, parsed) = once(after_request(acts), &limits());
    assert!(matches!(parsed.outcome, Outcome::Completed { .. }));
    assert!(parsed.events.iter().any(|e| e.kind == EventKind::Done));
    parsed.answer.text()
}
