//! Targets that a suite describes itself: what they become, and what the user reads when they are wrong.

use acidtest_record::{BodySpec, EndMark, ResponseForm, SessionId, SessionPer, TargetKind};
use acidtest_suite::{Loaded, SuiteError, load};
use serde_json::json;
use std::io::{self, Cursor, Read};
use std::path::Path;

const REST: &str = "prompt: '{{ q }}'\ncases: [{ q: one, n: 1 }, { q: two, n: 2 }]\n";

fn read(target: &str) -> Result<Loaded, SuiteError> {
    let yaml = format!("target: {target}\n{REST}");
    let open = move |_: &Path| -> io::Result<Box<dyn Read>> { Ok(Box::new(Cursor::new(yaml.clone()))) };
    load(Path::new("s.yaml"), &open)
}

#[track_caller]
fn good(target: &str) -> Loaded {
    read(target).unwrap_or_else(|e| panic!("{e}"))
}

/// What is said of a wrong target, what the caret stands under, and a part of the hint.
#[track_caller]
fn wrong(target: &str, caret: &str, message: &str, hint: &str) {
    let yaml = format!("target: {target}\n{REST}");
    let Err(e) = read(target) else { panic!("this loads: {target}") };
    assert!(e.message.contains(message), "{e}");
    assert!(e.hint.as_deref().unwrap_or_default().contains(hint), "{e}");
    let line = yaml.lines().nth(e.line as usize - 1).unwrap_or_default();
    let from: String = line.chars().skip(e.column as usize - 1).collect();
    assert!(from.starts_with(caret), "caret at {from:?}\n{e}");
}

#[test]
fn an_http_target_is_read_whole() {
    let loaded = good(
        "{ kind: http, name: guide, url: 'https://h/a/{{ n }}', key: K, headers: { X-A: '${B}' }, query: { k: '${C}' },\
         body: { q: '{{ prompt }}', n: 1 }, response: { stream: sse, answer: /d, end: { pointer: /done } },\
         session: { url: /s, cookie: sid, per: request, expires: 403 } }",
    );
    let target = &loaded.spec.targets[0];
    assert_eq!((target.kind, target.stream, target.name.as_str()), (TargetKind::Http, true, "guide"));
    let http = target.http.as_deref().unwrap();
    assert_eq!(http.body, BodySpec::Json(json!({"q": "{{ prompt }}", "n": 1})));
    assert_eq!(http.response.form, ResponseForm::Sse);
    assert_eq!(http.response.end, Some(EndMark::Field { pointer: "/done".into(), value: json!(true) }));
    let session = http.session.as_ref().unwrap();
    assert_eq!((&session.id, session.per), (&SessionId::Cookie("sid".into()), SessionPer::Request));
    assert_eq!(session.expires, [403]);
    // The stored form reads back as it was.
    let text = serde_json::to_string(&loaded.spec).unwrap();
    assert_eq!(serde_json::from_str::<acidtest_record::RunSpec>(&text).unwrap(), loaded.spec);
}

#[test]
fn a_command_target_is_read_whole() {
    let loaded =
        good("{ kind: command, command: [./bin/guide, 3], env: A, memory: 64 MiB, per_request: true }");
    let target = &loaded.spec.targets[0];
    assert_eq!((target.kind, target.name.as_str(), target.stream), (TargetKind::Command, "guide", true));
    let command = target.command.as_ref().unwrap();
    assert_eq!(
        (command.command.as_slice(), command.processes),
        (&["./bin/guide".to_owned(), "3".to_owned()][..], 1)
    );
    assert_eq!((command.memory_bytes, command.per_request, command.env.len()), (Some(64 << 20), true, 1));
}

#[test]
fn wrong_http_targets_are_shown_in_their_line() {
    let http = |rest: &str| format!("{{ kind: http, name: g, {rest} }}");
    let check = |rest: &str, caret: &str, message: &str, hint: &str| wrong(&http(rest), caret, message, hint);
    check("url: 'http://h/a', bdy: 1", "bdy", "unknown key 'bdy'", "known: kind");
    check("url: 'http://h/{{ a b }}'", "'http", "is not known", "{{ prompt }}");
    check("url: 'http://h/a?k=1'", "'http", "query or fragment", "query:");
    check("url: 'ftp://h/a'", "'ftp", "not an address", "http://");
    check(
        "url: 'http://h', body: { q: '{{ qq }}' }",
        "'{{ qq }}'",
        "no variable 'qq'",
        "n nonce params prompt q",
    );
    check("url: 'http://h', body: { q: '{{ session }}' }", "'{{ s", "no `session`", "known");
    check("url: 'http://h', body: { q: '{{ q' }", "'{{ q'", "never closed", "");
    check("url: 'http://h', body: {}, form: {}", "{}", "both 'body' and 'form'", "");
    check("url: 'http://h', body: { k: sk-canary0123 }", "sk-", "a secret stands", "headers");
    check("url: 'http://h', query: { api_key: abc }", "abc", "holds a secret", "${NAME}");
    check("url: 'http://h', method: FETCH", "FETCH", "unknown method", "GET");
    check("url: 'http://h', response: { answer: reply.text }", "reply", "no JSON pointer", "/reply/text");
    check("url: 'http://h', response: { error: /e }", "error", "needs 'answer'", "add the pointer");
    check("url: 'http://h', response: { answer: /a, end: x }", "x", "'end' needs 'stream'", "sse");
    check("url: 'http://h', response: { stream: websocket }", "websocket", "unknown form", "lines sse");
    check("url: 'http://h', session: { url: /s }", "{", "needs one of 'pointer', 'header', 'cookie'", "");
    check("url: 'http://h', session: { url: /s, pointer: /i, expires: 200 }", "200", "at least 300", "");
    check(
        "url: 'http://h', session: { url: /s, pointer: /i, body: '{{ q }}' }",
        "'{{ q",
        "no placeholders",
        "",
    );
    check("url: 'http://h', multipart: [{ name: a, value: b, file: c }]", "c", "both 'value' and 'file'", "");
    wrong("{ kind: http, url: 'http://h' }", "{", "needs 'name'", "name: guide");
}

#[test]
fn wrong_command_targets_are_shown_in_their_line() {
    wrong("{ kind: command }", "{", "needs 'command'", "./guide.sh");
    wrong("{ kind: command, command: 'sh x' }", "'sh x'", "is a list", "[PROGRAM");
    wrong("{ kind: command, command: [] }", "[]", "empty list", "");
    wrong("{ kind: command, command: [a, --key=sk-canary0123] }", "--key", "holds a secret", "env: [NAME]");
    wrong("{ kind: command, command: [a], env: ['A=1'] }", "'A=1'", "never values", "export");
    wrong("{ kind: command, command: [a], memory: 5 }", "5", "no unit", "MiB");
    wrong("{ kind: command, command: [a], processes: 0 }", "0", "at least 1", "");
    wrong("{ kind: command, command: [a], url: x }", "url", "unknown key 'url'", "known");
    for secret in ["sk-canary0123", "hf_canary0123"] {
        let err = read(&format!("{{ kind: command, command: [a, {secret}] }}")).unwrap_err().to_string();
        assert!(!err.contains(secret), "{err}");
    }
}

#[test]
fn connections_are_read_whole() {
    use acidtest_record::{Cancel, CancelAfter, Connections, Http2};
    let of = |more: &str| {
        good(&format!("{{ url: 'http://h/v1', model: m, {more} }}")).spec.targets[0].connections.clone()
    };
    assert!(of("stream: true").is_default());
    assert!(of("connections: reuse").is_default());
    assert_eq!(of("connections: new").requests, Some(1));
    let two = Http2 { connections: Some(4), streams: 64 };
    let want = Connections { requests: Some(9), http2: Some(two), ..Connections::default() };
    assert_eq!(of("connections: { requests: 9, http: 2, count: 4, streams: 64 }"), want);
    assert_eq!(of("connections: { http: 2 }").http2, Some(Http2 { connections: None, streams: 100 }));
    let events = Cancel { after: CancelAfter::Events(20), share: 0.2 };
    assert_eq!(of("cancel: { after_events: 20, share: 0.2 }").cancel, Some(events));
    let late = Cancel { after: CancelAfter::Seconds(1.5), share: 1.0 };
    assert_eq!(of("cancel: { after: 1.5 s }").cancel, Some(late));
    let loaded = good("{ url: ['http://a/v1', 'http://b:9/v1/'], model: m }");
    assert_eq!(loaded.spec.targets[0].connections.also, ["http://b:9/v1"]);
    // The stored form reads back as it was, and one without any is as it was before.
    let text = serde_json::to_string(&loaded.spec).unwrap();
    assert_eq!(serde_json::from_str::<acidtest_record::RunSpec>(&text).unwrap(), loaded.spec);
    let plain = good("{ url: 'http://a/v1', model: m }");
    assert!(!serde_json::to_string(&plain.spec).unwrap().contains("connections"));
}

#[test]
fn wrong_connections() {
    let bad = |more: &str, caret: &str, message: &str, hint: &str| {
        wrong(&format!("{{ url: 'http://h/v1', model: m, {more} }}"), caret, message, hint);
    };
    bad("connections: fresh", "fresh", "unknown word in 'connections'", "reuse, new");
    bad("connections: { streams: 3 }", "3", "'streams' needs HTTP/2", "http: 2");
    bad("connections: { http: 3 }", "3", "at most 2", "");
    bad("connections: { requests: 0 }", "0", "at least 1", "");
    bad("connections: { strams: 3 }", "strams", "unknown key 'strams'", "streams");
    bad("cancel: { share: 0.5 }", "{", "needs one of 'after', 'after_events'", "");
    bad("cancel: { after: 3 }", "3", "has no unit", "unit");
    bad("cancel: { after_events: 5, share: 0 }", "0", "must be above 0", "");
    bad("cancel: { after_events: 5, share: 2 }", "2", "at most 1", "");
    let several = |urls: &str, caret: &str, message: &str| {
        wrong(&format!("{{ url: [{urls}], model: m }}"), caret, message, "");
    };
    several("'http://a/v1', 'http://b/v2'", "'http://b/v2'", "must have the same path");
    several("'http://a/v1', 'sim:x'", "'sim:x'", "is not an address");
    several("'http://a/v1', 'http://b:0/v1'", "'http://b:0/v1'", "no proper host and port");
    several("", "[", "empty list");
}
