//! Tests on the wire: raw servers that write exact bytes, and what becomes of them.
//!
//! Main function: [`once`]. Must stay quick: limits here are tens of milliseconds.

mod cancels;
mod failures;
mod http2;
mod http2_server;
#[cfg(target_os = "linux")]
mod kernel;
mod pooling;
mod protocols;
mod stamps;
mod tls;

use crate::address::Address;
use crate::http::HttpTarget;
use crate::parser::Parsed;
use crate::seam::{Attempt, Segment, Tap, Target};
use crate::secrets::Secrets;
use acidtest_clock::Zero;
use acidtest_record::{Ask, Cause, Limits, Message, Outcome, Source, Stage, TargetKind, TargetSpec};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// What a scripted server does, in order, on one connection.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Reads one whole request.
    Request,
    /// Reads one whole request in frames of HTTP/2.
    Asked,
    /// Writes bytes.
    Write(Vec<u8>),
    /// Writes the same bytes until the other side goes away.
    Forever(Vec<u8>),
    /// Waits.
    Sleep(u64),
    /// Resets the connection.
    Reset,
    /// Leaves it open and silent.
    Hold,
}

pub(super) fn write(bytes: impl AsRef<[u8]>) -> Act {
    Act::Write(bytes.as_ref().to_vec())
}

/// A chunk of chunked transfer.
pub(super) fn chunk(body: &str) -> Act {
    write(format!("{:x}\r\n{body}\r\n", body.len()))
}

pub(super) fn last_chunk() -> Act {
    write("0\r\n\r\n")
}

pub(super) const SSE: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
pub(super) const SSE_CLOSE: &str = "HTTP/1.0 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
pub(super) const STOP: &str =
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

pub(super) fn says(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// A response of known length.
pub(super) fn response(status: &str, headers: &str, body: &str) -> Act {
    let length = body.len();
    write(format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\n\r\n{body}"))
}

/// A whole good streamed response.
pub(super) fn good() -> Vec<Act> {
    vec![Act::Request, write(SSE), chunk(&says("hi")), chunk(STOP), last_chunk()]
}

pub(super) async fn play<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, acts: Vec<Act>) -> Option<()> {
    let mut frames = http2::Requests::default();
    for act in acts {
        match act {
            Act::Asked => frames.next(&mut stream).await?,
            Act::Request => read_request(&mut stream).await?,
            Act::Write(bytes) => {
                stream.write_all(&bytes).await.ok()?;
                stream.flush().await.ok()?;
            }
            Act::Forever(bytes) => loop {
                stream.write_all(&bytes).await.ok()?;
                tokio::task::yield_now().await;
            },
            Act::Sleep(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Act::Hold => std::future::pending().await,
            Act::Reset => return None,
        }
    }
    stream.shutdown().await.ok()
}

async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> Option<()> {
    let mut seen = Vec::new();
    loop {
        let head = seen.windows(4).position(|w| w == b"\r\n\r\n");
        if let Some(head) = head {
            let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1)?.lines().next()?.parse::<usize>().ok()?;
            if seen.len() >= head + 4 + length {
                return Some(());
            }
        }
        let mut buf = [0; 4096];
        let n = stream.read(&mut buf).await.ok().filter(|n| *n > 0)?;
        seen.extend_from_slice(&buf[..n]);
    }
}

/// Starts a server: its n-th connection plays the n-th script, later ones hang up.
pub(super) async fn serve(scripts: Vec<Vec<Act>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::task::spawn_local(async move {
        let mut scripts = scripts.into_iter();
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let acts = scripts.next().unwrap_or_default();
            tokio::task::spawn_local(async move {
                let reset = acts.iter().any(|a| matches!(a, Act::Reset));
                if reset {
                    // Closing with a zero linger time sends a reset.
                    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
                }
                play(stream, acts).await
            });
        }
    });
    port
}

/// Limits short enough for tests, long enough for a busy machine.
pub(crate) fn limits() -> Limits {
    Limits { connect_s: 1.0, first_byte_s: 2.0, gap_s: 2.0, total_s: 4.0, body_bytes: 16 << 20 }
}

pub(super) fn spec() -> TargetSpec {
    TargetSpec {
        name: "t".into(),
        kind: TargetKind::OpenaiChat,
        source: Source::Url(String::new()),
        model: "m".into(),
        key_env: Some("KEY".into()),
        headers: Default::default(),
        body: Default::default(),
        stream: true,
        price: None,
        ..TargetSpec::default()
    }
}

pub(super) fn secrets() -> Secrets {
    Secrets::from_fn(|_| Some("sk-test-secret".into()))
}

pub(super) fn target(port: u16, limits: &Limits) -> HttpTarget {
    let base = format!("http://127.0.0.1:{port}/v1");
    HttpTarget::new(&spec(), &base, limits, &secrets(), Zero::start()).unwrap()
}

pub(super) fn target_at(base: &str, limits: &Limits) -> HttpTarget {
    let address = Address::under(base, "/chat/completions").unwrap();
    HttpTarget::with_tls(&spec(), &[address], limits, &secrets(), Zero::start(), None).unwrap()
}

pub(super) fn ask(stream: bool) -> Ask {
    let message = Message { role: "user".into(), content: "hello".into() };
    Ask { messages: vec![message], params: Default::default(), stream, ..Ask::default() }
}

#[derive(Default)]
pub(crate) struct Kept(pub(crate) Vec<Segment>);

impl Tap for Kept {
    fn segment(&mut self, segment: Segment) {
        self.0.push(segment);
    }
}

pub(super) async fn go(target: &HttpTarget) -> (Attempt, Parsed, Vec<Segment>) {
    let built = target.build(&ask(true)).unwrap();
    let mut tap = Kept::default();
    let attempt = target.attempt(&built, &mut tap).await;
    let mut parser = target.parser(true);
    for segment in &tap.0 {
        assert!(segment.bytes.len() <= 64 << 10);
        let pieces: usize = segment.pieces.iter().map(|p| p.len as usize).sum();
        assert_eq!(pieces, segment.bytes.len());
        parser.segment(segment.clone());
    }
    let parsed = parser.finish(&attempt);
    let reads = parsed.reads.len() as u32;
    assert!(parsed.events.iter().all(|e| e.read < reads), "an event without its read");
    (attempt, parsed, tap.0)
}

pub(crate) fn run<T>(test: impl AsyncFnOnce() -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test())
}

/// One attempt against one connection's script.
pub(super) fn once(acts: Vec<Act>, limits: &Limits) -> (Attempt, Parsed) {
    run(async || {
        let port = serve(vec![acts]).await;
        let (attempt, parsed, _) = go(&target(port, limits)).await;
        (attempt, parsed)
    })
}

/// Checks how one attempt fails.
pub(super) fn fails(acts: Vec<Act>, limits: &Limits, stage: Stage, cause: Cause, words: &str) -> Parsed {
    let shown = format!("{acts:?}").chars().take(300).collect::<String>();
    let (attempt, parsed) = once(acts, limits);
    let Outcome::Failed { stage: s, cause: c, detail, .. } = &parsed.outcome else {
        panic!("{shown}: {:?} {:?}", parsed.outcome, attempt)
    };
    assert_eq!((*s, *c), (stage, cause), "{shown}: {detail}");
    assert!(detail.contains(words), "{shown}: '{detail}' lacks '{words}'");
    assert!(attempt.ended >= attempt.started);
    parsed
}
