//! Stamps of the kernel on the loopback: there, in order, between the writes and the reads.

use crate::{Stamps, Zero};
use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tokio::io::ReadBuf;

fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    there.set_nodelay(true).unwrap();
    let (here, _) = listener.accept().unwrap();
    here.set_nonblocking(true).unwrap();
    (here, there)
}

fn started() -> &'static Stamps {
    let stamps = Stamps::start();
    assert_eq!(stamps.why_not(), None);
    stamps
}

#[test]
fn a_stamp_lies_between_the_write_and_the_read() {
    let (stamps, zero) = (started(), Zero::start());
    let (here, mut there) = pair();
    assert!(stamps.enable(&here));
    for i in 0..50u8 {
        let before = zero.now();
        there.write_all(&[i; 100]).unwrap();
        let written = zero.now();
        // The program comes late: the stamp must not.
        std::thread::sleep(Duration::from_millis(2));
        let mut room = [0u8; 4096];
        let got = stamps.receive(&here, &mut ReadBuf::new(&mut room)).unwrap();
        let read = zero.now();
        let at = stamps.at(&zero, got.stamp.expect("a stamp")).unwrap();
        let error = stamps.error_ns() + 1_000;
        assert_eq!(got.bytes, 100);
        assert!(before - error <= at && at <= read - 1_000_000, "{before} {at} {written} {read}");
    }
}

#[test]
fn segments_that_wait_are_merged_under_the_last_stamp() {
    let (stamps, zero) = (started(), Zero::start());
    let (here, mut there) = pair();
    assert!(stamps.enable(&here));
    there.write_all(b"first").unwrap();
    std::thread::sleep(Duration::from_millis(5));
    let second = zero.now();
    there.write_all(b"second").unwrap();
    let mut room = [0u8; 4096];
    let got = stamps.receive(&here, &mut ReadBuf::new(&mut room)).unwrap();
    assert_eq!(got.bytes, 11);
    assert!(stamps.at(&zero, got.stamp.unwrap()).unwrap() >= second - stamps.error_ns() - 1_000);
}

#[test]
fn the_end_and_an_empty_socket_have_no_stamp() {
    let stamps = started();
    let (here, there) = pair();
    assert!(stamps.enable(&here));
    let mut room = [0u8; 16];
    let empty = stamps.receive(&here, &mut ReadBuf::new(&mut room)).unwrap_err();
    assert_eq!(empty.kind(), std::io::ErrorKind::WouldBlock);
    drop(there);
    let end = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        stamps.receive(&here, &mut ReadBuf::new(&mut room)).ok()
    });
    assert_eq!(end.map(|r| (r.bytes, r.stamp)), Some((0, None)));
}

#[test]
fn a_socket_that_did_not_ask_gets_none() {
    let stamps = started();
    let (here, mut there) = pair();
    there.write_all(b"x").unwrap();
    std::thread::sleep(Duration::from_millis(1));
    let mut room = [0u8; 16];
    assert_eq!(stamps.receive(&here, &mut ReadBuf::new(&mut room)).unwrap().stamp, None);
}
