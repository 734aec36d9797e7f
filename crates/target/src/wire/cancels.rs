//! Requests that the client gives up on purpose, addresses in turn, connections that are used up.

use super::*;
use crate::seam::{Leave, Turn};
use acidtest_record::{Connections, Ns};

async fn go_with(target: &HttpTarget, turn: Turn) -> (Attempt, Parsed) {
    let mut built = target.build(&ask(true)).unwrap();
    built.turn = turn;
    let mut tap = Kept::default();
    let attempt = target.attempt(&built, &mut tap).await;
    let mut parser = target.parser(true);
    tap.0.iter().for_each(|segment| parser.segment(segment.clone()));
    let parsed = parser.finish(&attempt);
    (attempt, parsed)
}

fn given_up(parsed: &Parsed, words: &str) {
    let Outcome::Failed { cause, detail, .. } = &parsed.outcome else { panic!("{:?}", parsed.outcome) };
    assert_eq!(*cause, Cause::ClientCancel, "{detail}");
    assert!(detail.contains(words), "{detail}");
}

fn endless() -> Vec<Act> {
    let mut acts = vec![Act::Request, write(SSE)];
    acts.extend((0..40).flat_map(|_| [chunk(&says("x")), Act::Sleep(5)]));
    acts.push(Act::Hold);
    acts
}

#[test]
fn after_so_many_events() {
    run(async || {
        let port = serve(vec![endless(), good()]).await;
        let target = target(port, &limits());
        let turn = Turn { no: 0, leave: Some(Leave::Events(3)) };
        let (attempt, parsed) = go_with(&target, turn).await;
        given_up(&parsed, "3 events as planned");
        assert_eq!(parsed.answer.text(), "xxx", "what had come is kept");
        assert!(attempt.head.is_some() && attempt.connection == 1);
        // The connection went with it.
        let (attempt, parsed) = go_with(&target, Turn::default()).await;
        assert_eq!((attempt.connection, parsed.answer.text().as_str()), (2, "hi"));
    });
}

#[test]
fn after_so_long_wherever_it_is() {
    let leave = |ms| Turn { no: 0, leave: Some(Leave::After(Ns::from_millis(ms))) };
    for acts in [vec![Act::Hold], vec![Act::Request, Act::Hold], endless()] {
        run(async || {
            let port = serve(vec![acts.clone()]).await;
            let (attempt, parsed) = go_with(&target(port, &limits()), leave(60)).await;
            given_up(&parsed, "0.06 s as planned");
            assert!(attempt.ended - attempt.started >= Ns::from_millis(60));
        });
    }
    // An answer that is whole before stays whole, and the server's own failures stay its own.
    run(async || {
        let port = serve(vec![good(), vec![Act::Request, response("503 No", "", "")]]).await;
        let target = target(port, &limits());
        let (_, parsed) = go_with(&target, leave(1500)).await;
        assert_eq!(parsed.answer.text(), "hi");
        let (_, parsed) = go_with(&target, leave(1500)).await;
        assert!(matches!(parsed.outcome, Outcome::Failed { cause: Cause::Server, .. }));
    });
}

#[test]
fn addresses_are_asked_in_turn() {
    run(async || {
        let says_it =
            |text: &str| vec![Act::Request, write(SSE), chunk(&says(text)), chunk(STOP), last_chunk()];
        let first = serve(vec![says_it("a"), says_it("a")]).await;
        let other = serve(vec![says_it("b"), says_it("b")]).await;
        let at = |port: u16| format!("http://127.0.0.1:{port}/v1");
        let mut spec = spec();
        spec.connections.also = vec![at(other)];
        let make =
            |spec: &TargetSpec| HttpTarget::new(spec, &at(first), &limits(), &secrets(), Zero::start());
        let target = make(&spec).unwrap();
        for (no, want, text) in [(0, 0, "a"), (1, 1, "b"), (3, 1, "b"), (2, 0, "a")] {
            let (attempt, parsed) = go_with(&target, Turn { no, leave: None }).await;
            assert_eq!((attempt.address, parsed.answer.text().as_str()), (want, text));
        }
        spec.connections.also = vec!["http://127.0.0.1:1/v2".into()];
        let error = make(&spec).err().unwrap();
        assert!(error.to_string().contains("different paths"), "{error}");
        spec.connections.also = vec!["ftp://x/v1".into()];
        assert!(make(&spec).err().unwrap().to_string().contains("scheme 'ftp'"));
    });
}

#[test]
fn a_connection_is_closed_when_it_served_enough() {
    run(async || {
        let two = || [good(), good()].concat();
        for (requests, scripts, want) in [
            (1, vec![good(), good(), good()], [(1, false), (2, false), (3, false)]),
            (2, vec![two(), good()], [(1, false), (1, true), (2, false)]),
        ] {
            let port = serve(scripts).await;
            let mut spec = spec();
            spec.connections = Connections { requests: Some(requests), ..Connections::default() };
            let base = format!("http://127.0.0.1:{port}/v1");
            let target = HttpTarget::new(&spec, &base, &limits(), &secrets(), Zero::start()).unwrap();
            for want in want {
                let (attempt, parsed) = go_with(&target, Turn::default()).await;
                assert_eq!(
                    ((attempt.connection, attempt.reused), parsed.answer.text().as_str()),
                    (want, "hi")
                );
            }
        }
    });
}
