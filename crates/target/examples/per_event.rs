//! The path of an event, from the socket to the stored timing, and nothing besides: what
//! `cargo xtask prove instructions` counts.
//!
//! `per_event serve` answers every request with a stream of canned events, one write each, on a
//! port that it prints; `per_event ask ADDRESS:PORT EVENTS` asks once and takes the answer as a
//! measuring thread and its desk would: socket and stamps, HTTP, segments, scanner, parser,
//! packed timing. The counter runs over `ask` only. It must not depend on the built-in server:
//! its cost would be counted along, and its writes are paced by a clock.

#![allow(clippy::print_stdout, reason = "its result is for the proof that started it")]

use acidtest_clock::{Stamps, Zero};
use acidtest_record::{Ask, Limits, Message, Source, TargetKind, TargetSpec, pack_timing};
use acidtest_target::{HttpTarget, Parser, Secrets, Segment, Tap, Target};
use std::error::Error;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

type Done = Result<(), Box<dyn Error>>;

/// Between two writes: each event finds the reader waiting.
const GAP: Duration = Duration::from_millis(10);
/// Most events of an answer.
const MOST: usize = 100_000;

fn main() -> Done {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["serve"] => serve(),
        ["ask", address, events] => ask(address, events.parse()?),
        _ => Err("expected `serve`, or `ask ADDRESS:PORT EVENTS`".into()),
    }
}

fn serve() -> Done {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    for stream in listener.incoming() {
        let stream = stream?;
        // One that goes away is none of ours.
        std::thread::spawn(move || answer(stream).is_ok());
    }
    Ok(())
}

/// Reads the head and body of one request, whose `max_tokens` says how many events it wants.
fn answer(mut stream: TcpStream) -> Done {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut asked = Vec::new();
    let mut room = [0u8; 4096];
    let events = loop {
        let got = stream.read(&mut room)?;
        if got == 0 || asked.len() > 1 << 16 {
            return Err("no request".into());
        }
        asked.extend_from_slice(&room[..got]);
        let text = String::from_utf8_lossy(&asked);
        let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        if let Ok(body) = serde_json::from_str::<serde_json::Value>(body) {
            break body["max_tokens"].as_u64().ok_or("no max_tokens")?;
        }
    };
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    for _ in 0..events.min(MOST as u64) {
        std::thread::sleep(GAP);
        stream.write_all(&chunk(
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"sim\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" amber\"},\"finish_reason\":null}]}\n\n",
        ))?;
    }
    let end =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    stream.write_all(&chunk(end))?;
    stream.write_all(b"0\r\n\r\n")?;
    Ok(())
}

fn chunk(body: &str) -> Vec<u8> {
    format!("{:x}\r\n{body}\r\n", body.len()).into_bytes()
}

/// The desk, on the same thread: segments are parsed as they come.
struct Desk(Parser);

impl Tap for Desk {
    fn segment(&mut self, segment: Segment) {
        self.0.segment(segment);
    }
}

fn ask(address: &str, events: usize) -> Done {
    Stamps::start();
    let spec = TargetSpec {
        name: "canned".into(),
        kind: TargetKind::OpenaiChat,
        source: Source::Url(String::new()),
        model: "sim".into(),
        stream: true,
        ..TargetSpec::default()
    };
    let url = format!("http://{address}/v1");
    let target = HttpTarget::new(&spec, &url, &Limits::default(), &Secrets::none(), Zero::start())?;
    let mut params = serde_json::Map::new();
    params.insert("max_tokens".into(), events.into());
    let message = Message { role: "user".into(), content: "go".into() };
    let built = target.build(&Ask { messages: vec![message], params, stream: true, ..Ask::default() })?;
    let mut desk = Desk(target.parser(true));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let attempt = tokio::task::LocalSet::new().block_on(&runtime, target.attempt(&built, &mut desk));
    let parsed = desk.0.finish(&attempt);
    let seen = parsed.events.iter().filter(|e| e.kind.is_content()).count();
    if seen != events {
        return Err(format!("{seen} events came, {events} were asked for: {:?}", parsed.outcome).into());
    }
    let reads = parsed.reads.len();
    let packed = pack_timing(&parsed.reads, &parsed.events).len();
    println!("{{\"events\":{seen},\"reads\":{reads},\"packed\":{packed}}}");
    Ok(())
}
