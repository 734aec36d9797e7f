//! Too long, too large, too many.

use crate::client::{Events, ask, connect, get, send};
use crate::place::{Place, TOKEN};
use std::io::Write as _;

#[test]
fn addresses_heads_and_bodies_are_bounded() {
    let place = Place::new();
    let server = place.serve();
    let long = get(server.at, &format!("/api/runs/{}", "a".repeat(9 << 10)));
    assert_eq!(long.status, 414, "{}", long.error());
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Large: {}\r\n\r\n", "a".repeat(64 << 10));
    assert_eq!(send(server.at, head.as_bytes()).status, 431);
    let many = "X-Many: a\r\n".repeat(200);
    let many = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    assert_eq!(send(server.at, many.as_bytes()).status, 431);
    let (own, token) = (format!("http://{}", server.at), format!("Bearer {TOKEN}"));
    let headers = [("Origin", own.as_str()), ("Authorization", token.as_str())];
    let large = ask(server.at, "DELETE /api/runs/latest", &headers, &"a".repeat(300 << 10));
    assert_eq!(large.status, 413, "{}", large.error());
    assert_eq!(get(server.at, "/api/runs").json()["total"], 1, "a refused request does nothing");
}

#[test]
fn who_may_not_ask_need_not_be_listened_to() {
    let place = Place::new();
    let server = place.serve();
    // The body never comes: the answer does.
    let mut stream = connect(server.at);
    write!(stream, "POST /api/runs HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 1000\r\n\r\n").unwrap();
    let mut line = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 403");
}

#[test]
fn streams_are_counted() {
    let place = Place::new();
    let server = place.serve();
    let mut open: Vec<Events> = (0..32).map(|_| Events::follow(server.at).ok().unwrap()).collect();
    for events in &mut open {
        assert_eq!(events.next().unwrap()["runs"].as_array().unwrap().len(), 1);
    }
    assert_eq!(Events::follow(server.at).err(), Some(429));
    drop(open);
    // Given back when the peers are seen to have gone.
    let again = (0..200).find_map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(10));
        Events::follow(server.at).ok()
    });
    assert!(again.is_some());
}

#[test]
fn odd_questions_get_an_error_of_the_one_form() {
    let place = Place::new();
    let server = place.serve();
    for (path, status) in [
        ("/api/runs/zzzz", 404),
        ("/api/runs/%ff", 400),
        ("/api/runs/'%20OR%201=1--", 404),
        ("/api/runs/%3Cscript%3E", 404),
        ("/api/runs?limit=-1", 400),
        ("/api/runs?from=x", 400),
        ("/api/compare?base=latest", 400),
        ("/api/compare?base=latest&other=latest", 400),
        ("/api/compare?base=latest&other=zz", 404),
        ("/api/nothing", 404),
    ] {
        let answer = get(server.at, path);
        assert_eq!(answer.status, status, "{path}");
        assert!(
            !answer.error().is_empty() && answer.header("content-type") == Some("application/json"),
            "{path}"
        );
    }
    let (own, token) = (format!("http://{}", server.at), format!("Bearer {TOKEN}"));
    let headers = [("Origin", own.as_str()), ("Authorization", token.as_str())];
    assert_eq!(ask(server.at, "PUT /api/runs", &headers, "").status, 405);
}
