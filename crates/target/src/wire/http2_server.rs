//! HTTP/2 against a whole server: flow control both ways, many streams, its own limit of them.

use super::*;
use acidtest_record::{Connections, Http2};
use bytes::Bytes;
use std::cell::Cell;
use std::rc::Rc;

/// What the server saw.
#[derive(Default)]
struct Seen {
    connections: Cell<u32>,
    now: Cell<u32>,
    most: Cell<u32>,
    bytes: Cell<usize>,
}

async fn one(
    mut request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    seen: Rc<Seen>,
) -> Option<()> {
    assert_eq!(request.uri().path(), "/v1/chat/completions");
    assert_eq!(request.headers()["authorization"], "Bearer sk-test-secret");
    assert!(!request.headers().contains_key("host") && request.uri().authority().is_some());
    let length: usize = request.headers()["content-length"].to_str().ok()?.parse().ok()?;
    let body = request.body_mut();
    let mut got = 0;
    while let Some(data) = body.data().await {
        let len = data.ok()?.len();
        got += len;
        body.flow_control().release_capacity(len).ok()?;
    }
    assert_eq!(got, length);
    seen.bytes.set(seen.bytes.get() + got);
    let response = http::Response::builder().header("content-type", "text/event-stream").body(()).ok()?;
    let mut stream = respond.send_response(response, false).ok()?;
    for _ in 0..20 {
        stream.send_data(Bytes::from(says(&"x".repeat(5000))), false).ok()?;
        tokio::task::yield_now().await;
    }
    seen.now.set(seen.now.get() - 1);
    stream.send_data(Bytes::from(STOP), true).ok()
}

async fn serve_http2(streams: u32, seen: Rc<Seen>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        while let Ok((stream, _)) = listener.accept().await {
            seen.connections.set(seen.connections.get() + 1);
            let seen = seen.clone();
            tokio::task::spawn_local(async move {
                let mut builder = h2::server::Builder::new();
                builder.max_concurrent_streams(streams);
                let mut connection = builder.handshake::<_, Bytes>(stream).await.ok()?;
                while let Some(Ok((request, respond))) = connection.accept().await {
                    seen.now.set(seen.now.get() + 1);
                    seen.most.set(seen.most.get().max(seen.now.get()));
                    tokio::task::spawn_local(one(request, respond, seen.clone()));
                }
                Some(())
            });
        }
    });
    port
}

#[test]
fn many_large_requests_and_answers_at_a_time() {
    run(async || {
        let seen = Rc::new(Seen::default());
        let port = serve_http2(5, seen.clone()).await;
        let mut spec = spec();
        let plan = Http2 { connections: Some(2), streams: 8 };
        spec.connections = Connections { http2: Some(plan), ..Connections::default() };
        let base = format!("http://127.0.0.1:{port}/v1");
        let target = HttpTarget::new(&spec, &base, &limits(), &secrets(), Zero::start()).unwrap();
        let target = Rc::new(target);
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..24 {
            let target = target.clone();
            all.spawn_local(async move {
                let mut built = target.build(&ask(true)).unwrap();
                built.body = vec![b' '; 200_000].into();
                let mut tap = Kept::default();
                let attempt = target.attempt(&built, &mut tap).await;
                let mut parser = target.parser(true);
                tap.0.iter().for_each(|s| parser.segment(s.clone()));
                let parsed = parser.finish(&attempt);
                assert_eq!(parsed.answer.text().len(), 100_000, "{:?}", parsed.outcome);
                assert!(matches!(parsed.outcome, Outcome::Completed { .. }));
                let reads = parsed.reads.len() as u32;
                assert!(parsed.events.iter().all(|e| e.read < reads));
                let at: Vec<_> = parsed.events.iter().map(|e| parsed.reads[e.read as usize].after).collect();
                assert!(at.is_sorted() && attempt.sent_end.unwrap() <= at[0]);
                // No byte is counted twice: bodies, heads of frames, and the head.
                let bytes: u64 = parsed.reads.iter().map(|r| u64::from(r.bytes)).sum();
                let body: u64 = tap.0.iter().map(|s| s.bytes.len() as u64).sum();
                assert!((body + 9..body + 2000).contains(&bytes), "{bytes} of {body}");
            });
        }
        while let Some(done) = all.join_next().await {
            done.unwrap();
        }
        assert_eq!(seen.connections.get(), 2);
        assert_eq!(seen.bytes.get(), 24 * 200_000);
        assert!((2..=10).contains(&seen.most.get()), "{}", seen.most.get());
    });
}
