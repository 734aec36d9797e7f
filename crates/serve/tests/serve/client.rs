//! A client that sends what no browser would: HTTP by hand.

use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a test waits for bytes before it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// One answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|e| panic!("{e} in {}", String::from_utf8_lossy(&self.body)))
    }

    /// The words of an error.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let json = self.json();
        json["error"].as_str().unwrap_or_else(|| panic!("no error in {json}")).to_owned()
    }
}

pub(crate) fn connect(to: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(to).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a request as it is and reads the answer.
pub(crate) fn send(to: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = connect(to);
    // A server that refuses early may close before it has read everything.
    let _ = stream.write_all(request);
    read(&mut BufReader::new(stream))
}

/// A request with headers; `Host` and `Connection: close` are added where they are missing.
pub(crate) fn ask(to: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let mut text = format!("{line} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        text += &format!("Host: {to}\r\n");
    }
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    send(to, format!("{text}\r\n{body}").as_bytes())
}

pub(crate) fn get(to: SocketAddr, path: &str) -> Answer {
    ask(to, &format!("GET {path}"), &[], "")
}

/// A write as the page sends it.
pub(crate) fn post(to: SocketAddr, path: &str, body: &Value) -> Answer {
    let (origin, token) = (format!("http://{to}"), format!("Bearer {}", crate::place::TOKEN));
    let headers = [
        ("Origin", origin.as_str()),
        ("Authorization", token.as_str()),
        ("Content-Type", "application/json"),
    ];
    ask(to, &format!("POST {path}"), &headers, &body.to_string())
}

fn read(stream: &mut impl BufRead) -> Answer {
    let (status, headers) = head(stream);
    let find = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    let mut body = Vec::new();
    if find("transfer-encoding") == Some("chunked") {
        while let Some(piece) = chunk(stream) {
            body.extend(piece);
        }
    } else {
        stream.read_to_end(&mut body).unwrap();
    }
    Answer { status, headers, body }
}

fn head(stream: &mut impl BufRead) -> (u16, Vec<(String, String)>) {
    let mut line = String::new();
    stream.read_line(&mut line).unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no answer: {line:?}")).parse().unwrap();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.to_owned())),
            None => return (status, headers),
        }
    }
}

/// The next piece of a chunked body; nothing at its end.
fn chunk(stream: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut size = String::new();
    stream.read_line(&mut size).unwrap();
    let size = usize::from_str_radix(size.trim(), 16).ok()?;
    let mut piece = vec![0; size + 2];
    stream.read_exact(&mut piece).ok()?;
    piece.truncate(size);
    (size > 0).then_some(piece)
}

/// A stream of events.
pub(crate) struct Events {
    stream: BufReader<TcpStream>,
    rest: String,
}

impl Events {
    /// Follows; the status where that is refused.
    pub(crate) fn follow(to: SocketAddr) -> Result<Self, u16> {
        let mut stream = connect(to);
        write!(stream, "GET /api/events HTTP/1.1\r\nHost: {to}\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let (status, headers) = head(&mut stream);
        let kind = headers.iter().find(|(n, _)| n == "content-type").map(|(_, v)| v.as_str());
        match status {
            200 => {
                assert_eq!(kind, Some("text/event-stream"));
                Ok(Self { stream, rest: String::new() })
            }
            _ => Err(status),
        }
    }

    /// The data of the next event; nothing when the stream ends.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.rest = rest;
                match event.split_once("data: ") {
                    Some((name, data)) => {
                        assert_eq!(name, "event: change\n");
                        return Some(serde_json::from_str(data).unwrap());
                    }
                    None => continue,
                }
            }
            self.rest += std::str::from_utf8(&chunk(&mut self.stream)?).unwrap();
        }
    }

    /// The next event that is as wanted, with whatever comes before it left out.
    pub(crate) fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self.next().expect("the stream ended");
            if wanted(&event) {
                return event;
            }
        }
    }
}
