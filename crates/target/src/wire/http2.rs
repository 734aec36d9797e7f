//! HTTP/2 against servers that write exact frames, and what becomes of them.

use super::*;
use crate::transport::frames::{CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, SETTINGS, Splitter};
use acidtest_record::{Connections, Http2, MarkName};

/// Reads requests frame by frame.
pub(super) struct Requests {
    splitter: Splitter,
    /// Requests that were read and not asked for.
    ready: u32,
}

impl Default for Requests {
    fn default() -> Self {
        Self { splitter: Splitter::after_preface(), ready: 0 }
    }
}

impl Requests {
    pub(super) async fn next<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Option<()> {
        while self.ready == 0 {
            let mut buf = [0; 4096];
            let n = stream.read(&mut buf).await.ok().filter(|n| *n > 0)?;
            let ready = &mut self.ready;
            self.splitter.feed(&buf[..n], &mut |part| {
                let ends = part.done && part.head.has(END_STREAM);
                *ready += u32::from(ends && matches!(part.head.kind, DATA | HEADERS));
            });
        }
        self.ready -= 1;
        Some(())
    }
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let len = (payload.len() as u32).to_be_bytes();
    let mut out = vec![len[1], len[2], len[3], kind, flags];
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
    out
}

/// SETTINGS that allow so many streams.
fn allows(streams: u32) -> Vec<u8> {
    let mut payload = vec![0, 3];
    payload.extend_from_slice(&streams.to_be_bytes());
    frame(SETTINGS, 0, 0, &payload)
}

/// `:status: 200` and a content type, uncompressed.
fn head_of(media: &str) -> Vec<u8> {
    let mut block = vec![0x88, 0x0f, 0x10, media.len() as u8];
    block.extend_from_slice(media.as_bytes());
    block
}

fn head(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, stream, &head_of("text/event-stream"))
}

fn data(stream: u32, text: &str) -> Vec<u8> {
    frame(DATA, 0, stream, text.as_bytes())
}

fn end(stream: u32) -> Vec<u8> {
    frame(DATA, END_STREAM, stream, STOP.as_bytes())
}

fn reset(stream: u32, code: u8) -> Vec<u8> {
    frame(3, 0, stream, &[0, 0, 0, code])
}

fn away(last: u8, code: u8) -> Vec<u8> {
    frame(7, 0, 0, &[0, 0, 0, last, 0, 0, 0, code])
}

fn whole(stream: u32, text: &str) -> Vec<Act> {
    vec![Act::Asked, write([head(stream), data(stream, &says(text)), end(stream)].concat())]
}

fn with(port: u16, limits: &Limits, plan: Http2, requests: Option<u32>) -> HttpTarget {
    let mut spec = spec();
    spec.connections = Connections { http2: Some(plan), requests, ..Connections::default() };
    let base = format!("http://127.0.0.1:{port}/v1");
    HttpTarget::new(&spec, &base, limits, &secrets(), Zero::start()).unwrap()
}

fn two(port: u16, limits: &Limits) -> HttpTarget {
    with(port, limits, Http2::default(), None)
}

fn short() -> Limits {
    Limits { connect_s: 0.5, first_byte_s: 0.15, gap_s: 0.1, total_s: 1.0, body_bytes: 1 << 20 }
}

fn breaks(acts: Vec<Act>, stage: Stage, cause: Cause, words: &str) -> Parsed {
    let shown = format!("{acts:?}").chars().take(200).collect::<String>();
    run(async || {
        let port = serve(vec![acts]).await;
        let (_, parsed, _) = go(&two(port, &short())).await;
        let Outcome::Failed { stage: s, cause: c, detail, .. } = &parsed.outcome else {
            panic!("{shown}: {:?}", parsed.outcome)
        };
        assert_eq!((*s, *c), (stage, cause), "{shown}: {detail}");
        assert!(detail.contains(words), "{shown}: '{detail}' lacks '{words}'");
        parsed
    })
}

fn after_request(then: impl IntoIterator<Item = Act>) -> Vec<Act> {
    [write(allows(100)), Act::Asked].into_iter().chain(then).collect()
}

/// Fails after the head and one good event.
fn in_stream(then: Vec<u8>, cause: Cause, words: &str) {
    let begin = write([head(1), data(1, &says("hi"))].concat());
    // The codec reports the end of a connection before what came with it.
    let acts = after_request([begin, Act::Sleep(30), write(then), Act::Hold]);
    assert_eq!(breaks(acts, Stage::Body, cause, words).answer.text(), "hi", "what had arrived is kept");
}

#[test]
fn streams_share_a_connection_and_know_their_reads() {
    run(async || {
        let mut acts = vec![write(allows(100))];
        acts.extend([Act::Asked, write(head(1)), Act::Sleep(15), write(data(1, &says("a"))), Act::Sleep(15)]);
        acts.extend([write([data(1, &says("b")), end(1)].concat())]);
        acts.extend(whole(3, "next"));
        let port = serve(vec![acts]).await;
        let target = two(port, &limits());
        let (attempt, parsed, _) = go(&target).await;
        assert_eq!(parsed.answer.text(), "ab", "{:?}", parsed.outcome);
        assert!(matches!(parsed.outcome, Outcome::Completed { .. }));
        // Head, first event, the rest: three reads, each of the size of its frames.
        let sizes: Vec<u32> = parsed.reads.iter().map(|r| r.bytes).collect();
        let want = [head(1), data(1, &says("a")), [data(1, &says("b")), end(1)].concat()];
        assert_eq!(sizes, want.map(|w| w.len() as u32));
        assert!(parsed.reads.iter().all(|r| r.drained && r.before <= r.after), "{:?}", parsed.reads);
        assert!(parsed.reads[1].after - parsed.reads[0].after > acidtest_record::Ns::from_millis(8));
        assert_eq!(parsed.events[0].read, 1);
        assert_eq!(parsed.events[1].read, 2);
        let (sent, end) = (attempt.sent.unwrap(), attempt.sent_end.unwrap());
        assert!(attempt.started <= sent && sent <= end && end <= parsed.reads[0].after);
        let head = attempt.marks.iter().find(|m| m.name == MarkName::Head).unwrap();
        assert_eq!(head.at, parsed.reads[0].after);
        assert_eq!(attempt.body_end, Some(parsed.reads[2].after));
        let (attempt, parsed, _) = go(&target).await;
        assert_eq!((attempt.connection, attempt.reused), (1, true));
        assert_eq!(parsed.answer.text(), "next");
    });
}

#[test]
fn a_read_that_ends_with_another_stream_has_no_exact_event_of_this_one() {
    run(async || {
        let both = [data(1, &says("a")), data(3, &says("b"))].concat();
        let acts = vec![
            write(allows(100)),
            Act::Asked,
            Act::Asked,
            write([head(1), head(3)].concat()),
            Act::Sleep(15),
            write(both),
            Act::Sleep(15),
            write([end(1), end(3)].concat()),
            Act::Hold,
        ];
        let port = serve(vec![acts]).await;
        let target = two(port, &limits());
        let (one, other) = tokio::join!(go(&target), go(&target));
        for (parsed, text, last) in [(&one.1, "a", false), (&other.1, "b", true)] {
            assert_eq!(parsed.answer.text(), text);
            assert_eq!(parsed.reads.len(), 3);
            let event = parsed.events.iter().find(|e| e.kind.is_content()).unwrap();
            assert_eq!(event.last_in_read, last, "{:?}", parsed.events);
            assert!(parsed.reads[event.read as usize].drained);
        }
        // Both came with one read.
        assert_eq!(one.1.reads[1].after, other.1.reads[1].after);
    });
}

#[test]
fn who_finds_no_free_stream_waits_in_line_and_says_so() {
    run(async || {
        let slow =
            |id| [Act::Asked, Act::Sleep(20), write([head(id), data(id, &says("x")), end(id)].concat())];
        let acts: Vec<Act> =
            [write(allows(100))].into_iter().chain([1, 3, 5].into_iter().flat_map(slow)).collect();
        let port = serve(vec![acts]).await;
        let target = with(port, &limits(), Http2 { connections: Some(1), streams: 1 }, None);
        let all = tokio::join!(go(&target), go(&target), go(&target));
        for (i, (attempt, parsed, _)) in [all.0, all.1, all.2].into_iter().enumerate() {
            assert_eq!(parsed.answer.text(), "x", "{:?}", parsed.outcome);
            let waited = attempt.marks.iter().any(|m| m.name == MarkName::QueueEnd);
            assert_eq!(
                (attempt.connection, attempt.reused, waited),
                (1, i > 0, i > 0),
                "{:?}",
                attempt.marks
            );
        }
    });
}

#[test]
fn the_servers_own_limit_of_streams_is_kept() {
    run(async || {
        let acts: Vec<Act> = [write(allows(1))]
            .into_iter()
            .chain(whole(1, "x"))
            .chain(whole(3, "x"))
            .chain(whole(5, "x"))
            .collect();
        let port = serve(vec![acts]).await;
        let target = with(port, &limits(), Http2 { connections: Some(1), streams: 50 }, None);
        let all = tokio::join!(go(&target), go(&target), go(&target));
        assert!([all.0, all.1, all.2].iter().all(|a| a.1.answer.text() == "x"));
    });
}

#[test]
fn streams_are_spread_over_the_planned_connections() {
    run(async || {
        let four = || (0..4).flat_map(|i| whole(2 * i + 1, "x"));
        let script = || [write(allows(100))].into_iter().chain(four()).collect();
        let port = serve(vec![script(), script()]).await;
        let target = with(port, &limits(), Http2 { connections: Some(2), streams: 9 }, None);
        let all = tokio::join!(go(&target), go(&target), go(&target), go(&target));
        let seen = [all.0, all.1, all.2, all.3].map(|a| {
            assert_eq!(a.1.answer.text(), "x", "{:?}", a.1.outcome);
            a.0.connection
        });
        assert!(seen.contains(&1) && seen.contains(&2) && !seen.contains(&3), "{seen:?}");
    });
}

#[test]
fn a_connection_of_http2_is_used_up_too() {
    run(async || {
        let script = |n: u32| -> Vec<Act> {
            [write(allows(100))].into_iter().chain((0..n).flat_map(|i| whole(2 * i + 1, "x"))).collect()
        };
        let port = serve(vec![script(2), script(1)]).await;
        let target = with(port, &limits(), Http2::default(), Some(2));
        for want in [(1, false), (1, true), (2, false)] {
            let (attempt, parsed, _) = go(&target).await;
            assert_eq!(parsed.answer.text(), "x", "{:?}", parsed.outcome);
            assert_eq!((attempt.connection, attempt.reused), want);
        }
    });
}

#[test]
fn a_stream_that_is_given_up_leaves_the_connection_alive() {
    use crate::seam::{Leave, Turn};
    run(async || {
        let acts: Vec<Act> = [write(allows(100)), Act::Asked, write([head(1), data(1, &says("a"))].concat())]
            .into_iter()
            .chain([Act::Asked, write(data(1, &says("late")))])
            .chain([write([head(3), data(3, &says("b")), end(3)].concat())])
            .collect();
        let port = serve(vec![acts]).await;
        let target = two(port, &limits());
        let mut built = target.build(&ask(true)).unwrap();
        built.turn = Turn { no: 0, leave: Some(Leave::Events(1)) };
        let attempt = target.attempt(&built, &mut Kept::default()).await;
        assert!(matches!(attempt.end, crate::seam::End::Failed { cause: Cause::ClientCancel, .. }));
        let (attempt, parsed, _) = go(&target).await;
        assert_eq!((attempt.connection, parsed.answer.text().as_str()), (1, "b"), "{:?}", parsed.outcome);
    });
}

#[test]
fn other_protocols_are_named() {
    let http1 = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    breaks(
        vec![write(http1), Act::Hold],
        Stage::Head,
        Cause::Malformed,
        "began with 'HTTP/1.1 400 Bad Request'",
    );
    breaks(vec![write("SSH-2.0-x\r\n"), Act::Hold], Stage::Head, Cause::Malformed, "began with 'SSH-2.0-x'");
    breaks(after_request([write(http1), Act::Hold]), Stage::Head, Cause::Malformed, "HTTP/2 framing");
}

#[test]
fn streams_and_connections_that_break() {
    breaks(after_request([write(reset(1, 7)), Act::Hold]), Stage::Head, Cause::Overloaded, "REFUSED_STREAM");
    breaks(after_request([write(reset(1, 2)), Act::Hold]), Stage::Head, Cause::Connect, "INTERNAL_ERROR");
    breaks(after_request([write(away(0, 2)), Act::Hold]), Stage::Head, Cause::Connect, "GOAWAY, INTERNAL");
    breaks(
        after_request([write(away(0, 11)), Act::Hold]),
        Stage::Head,
        Cause::Overloaded,
        "ENHANCE_YOUR_CALM",
    );
    breaks(after_request([]), Stage::Head, Cause::Connect, "before any byte");
    breaks(after_request([Act::Reset]), Stage::Head, Cause::Connect, "before any byte");
    in_stream(reset(1, 8), Cause::Cut, "CANCEL");
    in_stream(away(0, 1), Cause::Cut, "GOAWAY, PROTOCOL_ERROR");
    in_stream(frame(DATA, END_STREAM, 1, b""), Cause::Cut, "without finish_reason");
    in_stream(frame(DATA, 0, 0, b"x"), Cause::Malformed, "HTTP/2 framing");
    in_stream(frame(DATA, 8, 1, b"\xffx"), Cause::Malformed, "HTTP/2 framing");
    in_stream(vec![0xff; 64], Cause::Malformed, "HTTP/2 framing");
}

#[test]
fn a_server_that_closes_lets_what_it_did_not_begin_go_elsewhere() {
    run(async || {
        let first = vec![write(allows(100)), Act::Asked, write(away(0, 0)), Act::Hold];
        let second = [write(allows(100))].into_iter().chain(whole(1, "x")).collect();
        let port = serve(vec![first, second]).await;
        let (attempt, parsed, _) = go(&two(port, &limits())).await;
        assert_eq!((attempt.connection, parsed.answer.text().as_str()), (2, "x"), "{:?}", parsed.outcome);
    });
    // … but not for ever.
    let closes = || vec![write(allows(100)), Act::Asked, write(away(0, 0)), Act::Hold];
    run(async || {
        let port = serve((0..20).map(|_| closes()).collect()).await;
        let (attempt, parsed, _) = go(&two(port, &limits())).await;
        assert!(matches!(parsed.outcome, Outcome::Failed { cause: Cause::Connect, .. }));
        assert!(attempt.connection < 10);
    });
}

#[test]
fn floods_are_bounded() {
    let empty = frame(SETTINGS, 0, 0, &[]).repeat(200);
    breaks(after_request([Act::Forever(empty)]), Stage::Head, Cause::Timeout, "first-byte limit");
    breaks(
        after_request([write(data(1, "no head")), Act::Hold]),
        Stage::Head,
        Cause::Malformed,
        "HTTP/2 framing",
    );
    let huge = [0xff, 0xff, 0xff, DATA, 0, 0, 0, 0, 1];
    in_stream(huge.to_vec(), Cause::Malformed, "HTTP/2 framing");
    // A head without end.
    let block = [&[0x00, 0x01, b'x', 0x7f, 0x81, 0x7e][..], &[b'y'; 16_000]].concat();
    let open = frame(HEADERS, 0, 1, &[0x88]);
    let more = frame(CONTINUATION, 0, 1, &block);
    let acts = after_request([write(open), Act::Forever(more)]);
    let parsed = run(async || {
        let port = serve(vec![acts]).await;
        go(&two(port, &short())).await.1
    });
    assert!(matches!(parsed.outcome, Outcome::Failed { .. }), "{:?}", parsed.outcome);
    // A body without end.
    let endless = Act::Forever(data(1, &says("x")).repeat(50));
    let acts = after_request([write(head(1)), endless]);
    breaks(acts, Stage::Body, Cause::TooLarge, "1048576 bytes");
}

#[test]
fn one_byte_at_a_time() {
    run(async || {
        let text = [head(1), data(1, &says("slow")), end(1)].concat();
        let bytes: Vec<Act> = text.iter().map(|b| write([*b])).collect();
        let acts = [write(allows(100)), Act::Asked].into_iter().chain(bytes).collect();
        let port = serve(vec![acts]).await;
        let (_, parsed, _) = go(&two(port, &limits())).await;
        assert_eq!(parsed.answer.text(), "slow", "{:?}", parsed.outcome);
    });
    let never = |b: &u8| [write([*b]), Act::Sleep(20)];
    let loris: Vec<Act> = head(1).iter().flat_map(never).collect();
    breaks(after_request(loris), Stage::Head, Cause::Timeout, "first-byte limit");
    breaks(after_request([write(head(1)), Act::Hold]), Stage::Body, Cause::Stalled, "gap limit");
    breaks(vec![Act::Hold], Stage::Head, Cause::Timeout, "");
}

#[test]
fn a_second_answer_on_a_stream_is_nobodys_answer() {
    run(async || {
        let one = [head(1), data(1, &says("x")), end(1)].concat();
        let again = [head(1), data(1, &says("stale")), end(1)].concat();
        let mut acts = vec![write(allows(100)), Act::Asked, write([one, again].concat())];
        acts.extend(whole(3, "y"));
        let fresh = [write(allows(100))].into_iter().chain(whole(1, "y")).collect();
        let port = serve(vec![acts, fresh]).await;
        let target = two(port, &limits());
        let (_, parsed, _) = go(&target).await;
        assert_eq!(parsed.answer.text(), "x", "{:?}", parsed.outcome);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let (_, parsed, _) = go(&target).await;
        assert_eq!(parsed.answer.text(), "y", "{:?}", parsed.outcome);
    });
}
