//! Connections kept alive, dropped and replaced.

use super::*;
use acidtest_record::MarkName;

fn names(attempt: &Attempt) -> Vec<MarkName> {
    attempt.marks.iter().map(|m| m.name).collect()
}

#[test]
fn a_connection_serves_again() {
    run(async || {
        let mut acts = good();
        acts.extend(good());
        let busy = response("429 Slow", "content-type: text/plain\r\n", "slow down");
        acts.extend([Act::Request, busy]);
        acts.extend(good());
        let port = serve(vec![acts]).await;
        let target = target(port, &limits());
        for i in 0..4 {
            let (attempt, parsed, _) = go(&target).await;
            assert_eq!((attempt.connection, attempt.reused), (1, i > 0), "attempt {i}");
            let failed = matches!(parsed.outcome, Outcome::Failed { .. });
            assert_eq!(failed, i == 2, "{:?}", parsed.outcome);
            assert_eq!(names(&attempt).contains(&MarkName::ConnectStart), i == 0);
            assert!(!names(&attempt).contains(&MarkName::QueueStart), "it was free at once");
            assert_eq!(parsed.reads.first().map(|r| r.after > attempt.sent.unwrap()), Some(true));
        }
    });
}

#[test]
fn attempts_at_once_have_connections_of_their_own() {
    run(async || {
        let port = serve(vec![good(), good()]).await;
        let target = target(port, &limits());
        let (a, b) = tokio::join!(go(&target), go(&target));
        assert_ne!(a.0.connection, b.0.connection);
        assert_eq!((a.1.answer.text(), b.1.answer.text()), ("hi".into(), "hi".into()));
    });
}

#[test]
fn an_idle_connection_that_the_server_closed_is_replaced() {
    run(async || {
        let port = serve(vec![good(), good(), good()]).await;
        let target = target(port, &limits());
        for i in 1..=3 {
            let (attempt, parsed, _) = go(&target).await;
            assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
            assert_eq!((attempt.connection, attempt.reused), (i, false));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
}

#[test]
fn a_close_that_only_the_kernel_knows_of_is_noticed() {
    run(async || {
        // The server lives on a thread of its own, and this thread blocks while
        // the server closes: our runtime cannot have heard of it.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().unwrap();
                assert!(stream.read(&mut [0; 65536]).unwrap() > 0);
                let body = format!("{}{STOP}", says("hi"));
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
                write!(stream, "{head}content-length: {}\r\n\r\n{body}", body.len()).unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let target = target(port, &limits());
        let (first, ..) = go(&target).await;
        std::thread::sleep(Duration::from_millis(60));
        let (second, parsed, _) = go(&target).await;
        assert_eq!((first.connection, second.connection), (1, 2));
        assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
        server.join().unwrap();
    });
}

#[test]
fn names_are_resolved_once_and_dead_addresses_left_out() {
    run(async || {
        let port = serve(vec![good(), good()]).await;
        let target = target_at(&format!("http://localhost:{port}/v1"), &limits());
        let (a, b) = tokio::join!(go(&target), go(&target));
        for (attempt, parsed, _) in [&a, &b] {
            assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
            assert!(names(attempt).contains(&MarkName::DnsStart));
        }
        let (third, ..) = go(&target).await;
        assert!(!names(&third).contains(&MarkName::DnsStart));
    });
}

#[test]
fn an_answer_too_many_is_nobodys_answer() {
    let twice = |more: &[u8]| {
        let body = format!("{}{STOP}", says("hi"));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
        let one = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
        vec![Act::Request, write([one.as_bytes(), more].concat()), Act::Hold]
    };
    let stale =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{}", says("stale").len(), says("stale"));
    for more in [stale.as_bytes(), b"x", &[0; 300_000]] {
        run(async || {
            let port = serve(vec![twice(more), good()]).await;
            let target = target(port, &limits());
            let (first, parsed, _) = go(&target).await;
            assert_eq!((first.connection, parsed.answer.text().as_str()), (1, "hi"), "{:?}", parsed.outcome);
            let (second, parsed, _) = go(&target).await;
            assert_eq!((second.connection, parsed.answer.text().as_str()), (2, "hi"), "{:?}", parsed.outcome);
        });
    }
}
