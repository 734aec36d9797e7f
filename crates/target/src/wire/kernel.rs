//! Stamps of the kernel under HTTP: a late client still knows when bytes came, and says so
//! where it does not.

use super::*;
use acidtest_clock::Stamps;
use acidtest_record::{Ns, Timing};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Instant;

/// A server on a thread of its own, which is on time whatever the client's thread does: after
/// the request it writes each part at its millisecond, then closes. Gives when each was written.
fn punctual(parts: Vec<(u64, Vec<u8>)>) -> (u16, std::thread::JoinHandle<Vec<Instant>>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_nodelay(true).unwrap();
        read_all_of_it(&mut stream);
        let began = Instant::now();
        let write = |(at_ms, bytes): (u64, Vec<u8>)| {
            std::thread::sleep(Duration::from_millis(at_ms).saturating_sub(began.elapsed()));
            let now = Instant::now();
            stream.write_all(&bytes).unwrap();
            now
        };
        parts.into_iter().map(write).collect()
    });
    (port, thread)
}

fn read_all_of_it(stream: &mut TcpStream) {
    let (mut seen, mut buf) = (Vec::new(), [0; 4096]);
    while !seen.ends_with(b"}") {
        let n = stream.read(&mut buf).unwrap();
        seen.extend_from_slice(&buf[..n]);
    }
}

fn one_chunk(body: &str) -> Vec<u8> {
    format!("{:x}\r\n{body}\r\n", body.len()).into_bytes()
}

/// An attempt by a client whose thread sleeps in between; its timing, and when things were written.
fn late_client(parts: Vec<(u64, Vec<u8>)>, asleep: &[(u64, u64)]) -> (Timing, Vec<Ns>) {
    assert_eq!(Stamps::start().why_not(), None);
    let (port, server) = punctual(parts);
    let zero = Zero::start();
    let asleep = asleep.to_vec();
    let (attempt, parsed) = run(async || {
        let base = format!("http://127.0.0.1:{port}/v1");
        let target = HttpTarget::new(&spec(), &base, &limits(), &secrets(), zero).unwrap();
        tokio::task::spawn_local(async move {
            let began = Instant::now();
            for (from, until) in asleep {
                tokio::time::sleep(Duration::from_millis(from).saturating_sub(began.elapsed())).await;
                std::thread::sleep(Duration::from_millis(until).saturating_sub(began.elapsed()));
            }
        });
        let (attempt, parsed, _) = go(&target).await;
        (attempt, parsed)
    });
    let timing =
        Timing { sent: attempt.sent, reads: parsed.reads, events: parsed.events, ..Timing::default() };
    (timing, server.join().unwrap().into_iter().map(|at| Ns(zero.at(at))).collect())
}

#[test]
fn a_late_client_knows_when_a_token_came() {
    let parts = vec![
        (0, SSE.into()),
        (20, one_chunk(&says("a"))),
        (60, one_chunk(&says("b"))),
        (100, one_chunk(STOP)),
        (100, b"0\r\n\r\n".to_vec()),
    ];
    // Asleep when the second token comes: without stamps it would be 30 ms late.
    let (timing, written) = late_client(parts, &[(50, 90)]);
    let got: Vec<_> = timing.bounds().collect();
    assert_eq!(got.len(), 2);
    for (arrival, at) in got.iter().zip(&written[1..]) {
        assert_eq!(arrival.width(), Ns(0), "{timing:?}");
        let error = arrival.latest - *at;
        assert!((-50_000..5_000_000).contains(&error.0), "{error:?} {timing:?}");
    }
    assert!(timing.reads.iter().all(|r| r.kernel.is_some_and(|k| k <= r.after)), "{timing:?}");
}

#[test]
fn tokens_that_waited_together_are_bounds_that_hold_the_truth() {
    let parts = vec![
        (0, SSE.into()),
        (20, one_chunk(&says("a"))),
        (60, one_chunk(&says("b"))),
        (70, one_chunk(&says("c"))),
        (140, one_chunk(STOP)),
        (140, b"0\r\n\r\n".to_vec()),
    ];
    // What holds holds always; how wide bounds are depends on being awake when the first one came.
    let is_as_meant = || {
        let (timing, written) = late_client(parts.clone(), &[(40, 100)]);
        let got: Vec<_> = timing.bounds().collect();
        assert_eq!(got.len(), 3);
        for (arrival, at) in got.iter().zip(&written[1..]) {
            let (early, late) = (arrival.earliest.0 - 50_000, arrival.latest.0 + 5_000_000);
            assert!((early..late).contains(&at.0), "{at:?} {timing:?}");
        }
        got[0].width() == Ns(0) && got[1].width() > Ns(5_000_000) && got[2].width() == Ns(0)
    };
    assert!((0..5).any(|_| is_as_meant()), "five times otherwise than meant");
}

#[test]
fn a_chunk_that_begins_in_a_read_makes_its_last_event_uncertain() {
    let mut first = one_chunk(&says("a"));
    first.extend(format!("{:x}\r\n", says("b").len()).bytes());
    let second = format!("{}\r\n", says("b")).into_bytes();
    let parts =
        vec![(0, SSE.into()), (20, first), (40, second), (60, one_chunk(STOP)), (60, b"0\r\n\r\n".to_vec())];
    let (timing, _) = late_client(parts, &[]);
    let widths: Vec<bool> = timing.bounds().map(|a| a.width() > Ns(0)).collect();
    assert_eq!(widths, [true, false], "{timing:?}");
}

#[test]
fn an_end_that_comes_with_the_last_bytes_is_seen() {
    // The FIN joins the last read, which is short: no further edge will come.
    let mut all = SSE_CLOSE.as_bytes().to_vec();
    all.extend(says("a").bytes());
    all.extend(STOP.bytes());
    let began = Instant::now();
    let (timing, _) = late_client(vec![(20, all)], &[(10, 60)]);
    assert_eq!(timing.events.len(), 3, "{timing:?}");
    assert!(began.elapsed() < Duration::from_secs(1), "no limit had to end it");
}
