//! Canaries: a key that a server sends back in every way it can must be found nowhere.

use crate::{Place, cases};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A key with everything in it that some writer escapes.
const KEY: &str = r#"cnry/9f"3+a&7e1c~42d8Qz"#;
/// A second one, in a header.
const HEADER: &str = "hdr-canary-5b1e?=77/x";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |v, i| v << 8 | u32::from(*group.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let letter = BASE64[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= group.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn percent(text: &str, upper: bool) -> String {
    text.bytes()
        .map(|b| match b {
            b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
            b if upper => format!("%{b:02X}"),
            b => format!("%{b:02x}"),
        })
        .collect()
}

/// A value in every form that a server may send and a file may hold.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let mut forms = vec![
        secret.to_owned(),
        json.replace('/', "\\/"),
        json,
        percent(secret, true),
        percent(secret, false),
        base64(secret.as_bytes()),
        base64(format!("Bearer {secret}").as_bytes()),
        base64(format!("u:{secret}").as_bytes()),
    ];
    forms.push(forms[5].replace('+', "-").replace('/', "_"));
    forms
}

/// What to look for: of Base64 the middle, which is the same whatever stands around it.
fn traces(secret: &str) -> Vec<String> {
    let mut traces = forms(secret);
    for coded in traces.iter_mut().skip(5) {
        let middle = coded.len() / 2;
        *coded = coded[middle - 6..middle + 6].to_owned();
    }
    traces
}

/// Answers of one request each, in turn.
fn answers() -> Vec<Vec<Vec<u8>>> {
    let all: Vec<String> = forms(KEY).into_iter().chain(forms(HEADER)).collect();
    let said = all.join(" ~ ");
    let whole = |status: &str, kind: &str, body: String| {
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nx-request-id: {KEY}\r\nopenai-organization: {HEADER}\r\nconnection: close\r\n\r\n",
            body.len()
        );
        vec![head.into_bytes(), body.into_bytes()]
    };
    let event = |delta: serde_json::Value, finish: Option<&str>| {
        let chunk = serde_json::json!({"id": KEY, "model": KEY, "system_fingerprint": HEADER,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
        format!("data: {chunk}\n\n")
    };
    let sse = "text/event-stream";
    // A letter an event: no body of it ever holds the key in one piece.
    let letters: String = KEY.chars().map(|c| event(serde_json::json!({"content": c}), None)).collect();
    let done = format!("{}data: [DONE]\n\n", event(serde_json::json!({}), Some("stop")));
    let tool = serde_json::json!({"tool_calls": [{"index": 0, "id": KEY, "function": {"name": KEY, "arguments": said}}]});
    // The same cut into reads of seven bytes.
    let full =
        format!("{}{done}", event(serde_json::json!({"content": said, "reasoning_content": said}), None));
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {sse}\r\ncontent-length: {}\r\nx-request-id: {KEY}\r\n\r\n",
        full.len()
    );
    let chopped = std::iter::once(head.into_bytes()).chain(full.as_bytes().chunks(7).map(<[u8]>::to_vec));
    let cut = format!("HTTP/1.1 200 OK\r\ncontent-type: {sse}\r\ncontent-length: 999999\r\n\r\n{letters}");
    vec![
        whole(
            "401 Unauthorized",
            "application/json",
            format!("{{\"error\":{{\"message\":{}}}}}", serde_json::json!(said)),
        ),
        whole("400 Bad Request", "text/plain", said.clone()),
        whole("502 Bad Gateway", "text/html", format!("<html>{said}</html>")),
        whole("302 Found", &format!("text/plain\r\nlocation: http://h/{}", percent(KEY, true)), said.clone()),
        whole("200 OK", sse, format!("{letters}{done}")),
        whole("200 OK", sse, format!("{}{done}", event(tool, None))),
        whole("200 OK", sse, format!("data: {{\"error\":{{\"message\":{}}}}}\n\n", serde_json::json!(said))),
        whole("200 OK", sse, format!("data: not json {said}\n\n")),
        whole("200 OK", &format!("weird/{}", percent(KEY, false)), said.clone()),
        whole("200 OK", sse, event(serde_json::json!({}), Some(KEY))),
        chopped.collect(),
        vec![cut.into_bytes()],
        vec![format!("NOT HTTP {said}\r\n\r\n").into_bytes()],
    ]
}

fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let (all, next) = (answers(), AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let pieces = all[next.fetch_add(1, Ordering::Relaxed) % all.len()].clone();
            answer(&mut stream, &pieces);
        }
    });
    url
}

fn answer(stream: &mut TcpStream, pieces: &[Vec<u8>]) {
    let mut buffer = [0; 65536];
    let _ = stream.set_nodelay(true);
    let _ = stream.read(&mut buffer);
    for piece in pieces {
        let _ = stream.write_all(piece);
        let _ = stream.flush();
    }
}

#[track_caller]
fn clean(what: &str, bytes: &[u8]) {
    for secret in [KEY, HEADER] {
        for trace in traces(secret) {
            let found = bytes.windows(trace.len()).position(|w| w == trace.as_bytes());
            if let Some(at) = found {
                let around = &bytes[at.saturating_sub(120)..(at + 120).min(bytes.len())];
                panic!("{what} holds {trace}:\n{}", String::from_utf8_lossy(around));
            }
        }
    }
}

#[test]
fn a_key_that_comes_back_is_found_nowhere() {
    let place = Place::new();
    let n = answers().len();
    place.file("cases.jsonl", &cases(2 * n));
    place.file(
        "suite.yaml",
        &format!(
            "name: canary\ntarget: {{ name: server, url: \"{}\", model: m, key: CANARY_KEY, headers: {{ X-Two: \"a ${{CANARY_HEADER}} b\" }} }}\n\
             prompt: \"{{{{ question }}}}\"\ncases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\nphases: [closed: 1]\n\
             gates: [\"accuracy >= 50 %\"]\nlimits: {{ total: 5 s, gap: 2 s, first_byte: 2 s }}\n",
            serve()
        ),
    );
    let with_key = |args: &[&str]| {
        let mut command = place.command(args);
        command.env("CANARY_KEY", KEY).env("CANARY_HEADER", HEADER);
        command.output().unwrap()
    };
    let ran = with_key(&[
        "run",
        "suite.yaml",
        "--report",
        "junit=out.xml",
        "--report",
        "markdown=out.md",
        "--report",
        "csv=out.csv",
        "--report",
        "csv-cases=cases.csv",
        "--report",
        "json=out.json",
        "--report",
        "github=out.txt",
        "--report",
        "html=out.html",
    ]);
    clean("stdout", &ran.stdout);
    clean("stderr", &ran.stderr);
    for file in ["out.xml", "out.md", "out.csv", "cases.csv", "out.json", "out.txt", "out.html"] {
        clean(file, &std::fs::read(place.path().join(file)).unwrap());
    }
    for entry in std::fs::read_dir(place.path().join(".acidtest")).unwrap() {
        let path = entry.unwrap().path();
        clean(&path.display().to_string(), &std::fs::read(&path).unwrap());
    }
    // Details and blobs are compressed in the store: the export has them plain.
    let export = with_key(&["export", "latest"]).stdout;
    assert!(export.len() > 1000, "{}", String::from_utf8_lossy(&export));
    clean("export", &export);
    let text = String::from_utf8(export).unwrap();
    assert!(text.contains("***"), "the server did send it back");
    blobs(&text);
    // A key that is missing is named, not shown; one that cannot be sent is not shown either.
    let mut command = place.command(&["run", "suite.yaml"]);
    let bad =
        command.env("CANARY_KEY", format!("{KEY}\n{HEADER}")).env("CANARY_HEADER", HEADER).output().unwrap();
    assert_eq!(bad.status.code(), Some(2));
    clean("stderr of a bad key", &bad.stderr);
}

/// Blobs are exported as Base64 of their own: what was in them must be clean too.
fn blobs(export: &str) {
    for line in export.lines().filter(|l| l.contains("blob")) {
        for word in line.split('"').filter(|w| w.len() > 40) {
            clean("a blob", &decoded(word));
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let letters = text.bytes().filter_map(|b| BASE64.iter().position(|l| *l == b));
    let mut out = Vec::new();
    let (mut bits, mut have) = (0usize, 0);
    for letter in letters {
        bits = bits << 6 | letter;
        have += 6;
        if have >= 8 {
            have -= 8;
            out.push((bits >> have & 255) as u8);
        }
    }
    out
}
