//! An application of one's own on the wire: what is sent byte for byte, and what becomes of answers.

use super::CustomTarget;
use super::files::Files;
use crate::parser::Parsed;
use crate::seam::{Attempt, Target};
use crate::secrets::Secrets;
use crate::wire::{Kept, limits, run};
use acidtest_clock::Zero;
use acidtest_record::{
    Ask, AudioSpec, BodySpec, Cause, EndMark, EventKind, Finish, HttpSpec, Limits, MarkName, Message,
    Outcome, Part, PartSpec, ResponseForm, ResponseSpec, SessionId, SessionPer, SessionSpec, Stage,
    TargetKind, TargetSpec,
};
use serde_json::json;
use std::cell::RefCell;
use std::rc::Rc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Requests as they came, head and body.
type Seen = Rc<RefCell<Vec<Vec<u8>>>>;

/// A server that answers each request by a function of its number and text.
async fn serve(answer: impl Fn(usize, &str) -> Vec<u8> + 'static) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Seen::default();
    let (kept, answer) = (Rc::clone(&seen), Rc::new(answer));
    tokio::task::spawn_local(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (kept, answer) = (Rc::clone(&kept), Rc::clone(&answer));
            tokio::task::spawn_local(async move {
                while let Some(request) = read_request(&mut stream).await {
                    let number = kept.borrow().len();
                    let bytes = answer(number, &String::from_utf8_lossy(&request));
                    kept.borrow_mut().push(request);
                    if stream.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (port, seen)
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> Option<Vec<u8>> {
    let mut seen = Vec::new();
    loop {
        if let Some(head) = seen.windows(4).position(|w| w == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&seen[..head]).to_ascii_lowercase();
            let length = text.split("content-length: ").nth(1).and_then(|t| t.lines().next()?.parse().ok());
            if seen.len() >= head + 4 + length.unwrap_or(0usize) {
                return Some(seen);
            }
        }
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        seen.extend_from_slice(&buffer[..n]);
    }
}

fn reply(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut out =
        format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

fn json_reply(body: &serde_json::Value) -> Vec<u8> {
    reply("200 OK", "content-type: application/json\r\n", body.to_string())
}

/// An answer without known length.
fn open_reply(media: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media}\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
    .into_bytes()
}

fn target(port: u16, path: &str, http: HttpSpec, headers: &[(&str, &str)], limits: &Limits) -> CustomTarget {
    let spec = TargetSpec {
        name: "guide".into(),
        kind: TargetKind::Http,
        model: "m1".into(),
        headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        stream: http.response.form != ResponseForm::Whole,
        http: Some(Box::new(http)),
        ..TargetSpec::default()
    };
    let secrets = Secrets::from_fn(|n| (n == "TOKEN").then(|| "tok/secret 1".to_owned()));
    let url = format!("http://127.0.0.1:{port}{path}");
    CustomTarget::new(&spec, &url, limits, &secrets, Zero::start()).unwrap()
}

fn ask() -> Ask {
    let vars = json!({"q": "why \"탑\"?\n", "room": "a/b ?&", "n": 3, "tags": ["x", "y"]});
    let say = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    Ask {
        messages: vec![say("system", "be kind"), say("user", "why \"탑\"?\n")],
        vars: vars.as_object().unwrap().clone(),
        nonce: Some("0f".into()),
        ..Ask::default()
    }
}

async fn go(target: &CustomTarget) -> (Attempt, Parsed) {
    let built = target.build(&ask()).unwrap();
    let mut tap = Kept::default();
    let attempt = target.attempt(&built, &mut tap).await;
    let mut parser = (target.parser_factory())(built.stream);
    tap.0.into_iter().for_each(|s| parser.segment(s));
    let parsed = parser.finish(&attempt);
    let reads = parsed.reads.len() as u32;
    assert!(parsed.events.iter().all(|e| e.read < reads), "an event without its read");
    (attempt, parsed)
}

fn pointers(answer: &str) -> ResponseSpec {
    ResponseSpec { answer: Some(answer.into()), ..ResponseSpec::default() }
}

fn body_of(request: &[u8]) -> &[u8] {
    let head = request.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    &request[head + 4..]
}

#[test]
fn a_json_request_keeps_types_and_escapes_everything() {
    run(async || {
        let (port, seen) =
            serve(|_, _| json_reply(&json!({"reply": {"text": "because"}, "n": {"in": 7, "out": 2}}))).await;
        let http = HttpSpec {
            query: [("k".to_owned(), "${TOKEN}".to_owned()), ("r".to_owned(), "{{ room }}".to_owned())]
                .into(),
            body: BodySpec::Json(json!({"q": "{{ prompt }}", "sys": "S: {{ system }}", "n": "{{ n }}",
                "tags": "{{ tags }}", "all": "{{ messages }}", "m": "{{ model }}", "x": "{{ nonce }}"})),
            response: ResponseSpec {
                input_tokens: Some("/n/in".into()),
                output_tokens: Some("/n/out".into()),
                ..pointers("/reply/text")
            },
            ..HttpSpec::default()
        };
        let target = target(
            port,
            "/v2/{{ room }}/ask",
            http,
            &[("X-Room", "r-{{ n }}"), ("X-Key", "${TOKEN}")],
            &limits(),
        );
        let (_, parsed) = go(&target).await;
        assert_eq!(parsed.outcome, Outcome::Completed { finish: Finish::Unsaid });
        assert_eq!(parsed.answer.text(), "because");
        let usage = parsed.said.unwrap().usage;
        assert_eq!((usage.input, usage.output), (Some(7), Some(2)));
        let request = seen.borrow()[0].clone();
        let text = String::from_utf8_lossy(&request).into_owned();
        assert!(
            text.starts_with("POST /v2/a%2Fb%20%3F%26/ask?k=tok%2Fsecret%201&r=a%2Fb%20%3F%26 HTTP/1.1\r\n"),
            "{text}"
        );
        assert!(
            text.contains("\r\nx-room: r-3\r\n") && text.contains("\r\nx-key: tok/secret 1\r\n"),
            "{text}"
        );
        assert!(text.contains("content-type: application/json\r\n"));
        let sent: serde_json::Value = serde_json::from_slice(body_of(&request)).unwrap();
        assert_eq!(sent["q"], json!("why \"탑\"?\n"));
        assert_eq!(
            (&sent["n"], &sent["tags"], &sent["sys"]),
            (&json!(3), &json!(["x", "y"]), &json!("S: be kind"))
        );
        assert_eq!(
            (&sent["m"], &sent["x"], sent["all"].as_array().unwrap().len()),
            (&json!("m1"), &json!("0f"), 2)
        );
        let built = target.build(&ask()).unwrap();
        assert!(!built.path.contains("secret") && built.path.contains("TOKEN"), "{}", built.path);
    });
}

#[test]
fn forms_texts_and_methods_are_as_asked() {
    run(async || {
        let (port, seen) =
            serve(|_, _| reply("200 OK", "content-type: text/plain\r\n", " plain answer \n")).await;
        let form = BodySpec::Form(
            [("q".to_owned(), "{{ prompt }}".to_owned()), ("a b".to_owned(), "&=".to_owned())].into(),
        );
        let text = BodySpec::Text { text: "Q: {{ prompt }}".into(), media: "text/x-q".into() };
        for (body, method, want) in [
            (form, "", "POST / HTTP/1.1"),
            (text, "PUT", "PUT / HTTP/1.1"),
            (BodySpec::None, "", "GET / HTTP/1.1"),
        ] {
            let http = HttpSpec { body, method: method.into(), ..HttpSpec::default() };
            let (_, parsed) = go(&target(port, "", http, &[], &limits())).await;
            assert_eq!(parsed.answer.text(), " plain answer \n");
            assert!(String::from_utf8_lossy(seen.borrow().last().unwrap()).starts_with(want), "{want}");
        }
        let seen = seen.borrow();
        assert_eq!(body_of(&seen[0]), b"a%20b=%26%3D&q=why%20%22%ED%83%91%22%3F%0A");
        assert_eq!(body_of(&seen[1]), "Q: why \"탑\"?\n".as_bytes());
        assert!(String::from_utf8_lossy(&seen[1]).contains("content-type: text/x-q\r\n"));
        assert_eq!(body_of(&seen[2]), b"");
    });
}

#[test]
fn a_file_is_uploaded_byte_for_byte() {
    run(async || {
        let (port, seen) = serve(|_, _| json_reply(&json!({"t": "seen"}))).await;
        let parts = vec![
            PartSpec { name: "q".into(), value: Some("{{ prompt }}".into()), ..PartSpec::default() },
            PartSpec {
                name: "photo".into(),
                file: Some("p/{{ n }}.png".into()),
                media: Some("image/png".into()),
                ..PartSpec::default()
            },
        ];
        let http =
            HttpSpec { body: BodySpec::Multipart(parts), response: pointers("/t"), ..HttpSpec::default() };
        let photo: Vec<u8> = (0..=255).cycle().take(100_000).collect();
        let files = Files::of([("p/3.png".to_owned(), photo.clone().into())]);
        let target = target(port, "/look", http, &[], &limits()).with_files(&files);
        let (_, parsed) = go(&target).await;
        assert_eq!(parsed.answer.text(), "seen");
        let request = seen.borrow()[0].clone();
        let head = String::from_utf8_lossy(&request[..600]).into_owned();
        let boundary = head.split("boundary=").nth(1).unwrap().lines().next().unwrap().to_owned();
        let mut want = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nwhy \"탑\"?\n\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"photo\"; filename=\"3.png\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        want.extend_from_slice(&photo);
        want.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        assert!(body_of(&request) == want, "the body differs");
    });
}

fn streamed(
    form: ResponseForm,
    end: Option<EndMark>,
    media: &'static str,
    body: &'static str,
) -> (Attempt, Parsed) {
    run(async || {
        let (port, _) = serve(move |_, _| open_reply(media, body)).await;
        let response = ResponseSpec {
            form,
            end,
            reasoning: Some("/think".into()),
            error: Some("/error".into()),
            finish: Some("/why".into()),
            ..pointers("/d")
        };
        let http = HttpSpec { response, ..HttpSpec::default() };
        go(&target(port, "/s", http, &[], &limits())).await
    })
}

#[test]
fn streams_are_read_event_by_event() {
    let data = Some(EndMark::Data("[DONE]".into()));
    let (_, sse) = streamed(
        ResponseForm::Sse,
        data,
        "text/event-stream",
        "data: {\"think\":\"hm\"}\n\ndata: {\"d\":\"a\"}\n\ndata: {\"d\":\"b\",\"why\":\"length\"}\n\ndata: [DONE]\n\n",
    );
    let kinds: Vec<EventKind> = sse.events.iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::Reasoning, EventKind::Visible, EventKind::Visible, EventKind::Done]);
    assert_eq!(sse.answer.text(), "ab");
    assert_eq!(sse.outcome, Outcome::Completed { finish: Finish::Length });
    let field = Some(EndMark::Field { pointer: "/done".into(), value: json!(true) });
    let (_, lines) = streamed(
        ResponseForm::Lines,
        field,
        "application/x-ndjson",
        "{\"d\":\"a\"}\n{\"d\":\"b\",\"done\":true}\n",
    );
    assert_eq!((lines.answer.text().as_str(), lines.events.len()), ("ab", 2));
    let event = Some(EndMark::Event("end".into()));
    let (_, named) = streamed(
        ResponseForm::Sse,
        event,
        "text/event-stream",
        "event: delta\ndata: {\"d\":\"a\"}\n\nevent: end\ndata: {}\n\n",
    );
    assert_eq!(named.answer.text(), "a");
    assert!(matches!(named.outcome, Outcome::Completed { .. }), "{:?}", named.outcome);
    let (_, unmarked) = streamed(ResponseForm::Lines, None, "text/plain", "{\"d\":\"a\"}\n{\"d\":\"b\"}");
    assert_eq!(unmarked.answer.text(), "ab");
}

#[track_caller]
fn fails(parsed: &Parsed, stage: Stage, cause: Cause, words: &str) {
    let Outcome::Failed { stage: s, cause: c, detail, .. } = &parsed.outcome else {
        panic!("{:?}", parsed.outcome)
    };
    assert_eq!((*s, *c), (stage, cause), "{detail}");
    assert!(detail.contains(words), "'{detail}' lacks '{words}'");
}

#[test]
fn hostile_streams_fail_clearly() {
    let data = || Some(EndMark::Data("[DONE]".into()));
    let sse = |body| streamed(ResponseForm::Sse, data(), "text/event-stream", body).1;
    fails(&sse("data: {\"d\":\"a\"}\n\n"), Stage::Body, Cause::Cut, "without its end mark");
    fails(&sse("data: {\"d\":\n\n"), Stage::Body, Cause::Malformed, "event 1 is not JSON");
    fails(&sse("data: {\"error\":{\"message\":\"full\"}}\n\n"), Stage::Body, Cause::ErrorEvent, "full");
    fails(&sse("event: error\ndata: {\"message\":\"bad\"}\n\n"), Stage::Body, Cause::ErrorEvent, "bad");
    let deep: &'static str = Box::leak("[".repeat(100_000).into_boxed_str());
    let lines = streamed(ResponseForm::Lines, None, "text/plain", deep).1;
    fails(&lines, Stage::Body, Cause::Cut, "inside event 1");
}

fn whole(response: ResponseSpec, bytes: Vec<u8>, limits: Limits) -> Parsed {
    run(async || {
        let (port, _) = serve(move |_, _| bytes.clone()).await;
        let http = HttpSpec { response, ..HttpSpec::default() };
        go(&target(port, "/w", http, &[], &limits)).await.1
    })
}

#[test]
fn text_and_audio_come_together() {
    let audio = Some(AudioSpec { base64: "/audio/data".into(), media: "audio/wav".into() });
    let spec = || ResponseSpec { audio: audio.clone(), ..pointers("/reply") };
    let got = whole(spec(), json_reply(&json!({"reply": "hear", "audio": {"data": "UklGRg=="}})), limits());
    assert_eq!(got.answer.text(), "hear");
    let [blob] = got.blobs.as_slice() else { panic!("{:?}", got.blobs) };
    assert_eq!(blob.body, b"RIFF");
    assert_eq!(got.answer.parts[1], Part::Blob { media: "audio/wav".into(), hash: blob.hash });
    let inline = json!({"audio": {"data": "data:audio/ogg;base64,T2dnUw"}});
    let got = whole(spec(), json_reply(&inline), limits());
    assert!(matches!(&got.answer.parts[0], Part::Blob { media, .. } if media == "audio/ogg"));
    assert!(matches!(got.outcome, Outcome::Completed { .. }), "audio alone is an answer");
    let bad = whole(spec(), json_reply(&json!({"reply": "x", "audio": {"data": "***"}})), limits());
    fails(&bad, Stage::Body, Cause::Malformed, "not base64");
    let odd = whole(spec(), json_reply(&json!({"reply": "x", "audio": {"data": 3}})), limits());
    fails(&odd, Stage::Body, Cause::Malformed, "no text");
}

#[test]
fn hostile_whole_answers_fail_clearly() {
    let json = |text: &str| reply("200 OK", "content-type: application/json\r\n", text);
    let check =
        |bytes, cause, words| fails(&whole(pointers("/a"), bytes, limits()), Stage::Body, cause, words);
    check(json("{}"), Cause::Malformed, "nothing at '/a'");
    check(json(""), Cause::Malformed, "not JSON");
    check(json(&"[".repeat(100_000)), Cause::Malformed, "not JSON");
    check(json("<html>"), Cause::Malformed, "looks like HTML");
    let refused =
        reply("500 Oops", "content-type: application/json\r\n", "{\"detail\":\"down tok/secret 1\"}");
    let parsed = whole(pointers("/a"), refused, limits());
    fails(&parsed, Stage::Head, Cause::Server, "down");
    // A hundred megabytes, as the head says: no more than the limit is taken.
    let mut big =
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 104857600\r\n\r\n".to_vec();
    big.resize(big.len() + (100 << 20), b'x');
    let parsed = whole(ResponseSpec::default(), big, Limits { body_bytes: 1 << 20, ..limits() });
    fails(&parsed, Stage::Body, Cause::TooLarge, "1048576 bytes");
    let empty = whole(ResponseSpec::default(), reply("200 OK", "", ""), limits());
    assert!(matches!(empty.outcome, Outcome::Completed { .. }), "an empty text is an empty answer");
}

fn with_session(id: SessionId, per: SessionPer, body: serde_json::Value) -> HttpSpec {
    HttpSpec {
        body: BodySpec::Json(body),
        response: pointers("/a"),
        session: Some(SessionSpec {
            url: "/session".into(),
            body: Some(json!({"lang": "ko"})),
            id,
            per,
            expires: vec![401, 410],
            ..SessionSpec::default()
        }),
        ..HttpSpec::default()
    }
}

fn names(attempt: &Attempt) -> Vec<MarkName> {
    attempt.marks.iter().map(|m| m.name).filter(|n| !format!("{n:?}").starts_with("Connect")).collect()
}

#[test]
fn a_session_is_made_once_and_kept() {
    use MarkName::{Head, SessionEnd, SessionStart};
    run(async || {
        let (port, seen) = serve(|n, request| match request.starts_with("POST /session ") {
            true => json_reply(&json!({"id": format!("s-{n}")})),
            false => json_reply(&json!({"a": "ok"})),
        })
        .await;
        let http =
            with_session(SessionId::Pointer("/id".into()), SessionPer::User, json!({"s": "{{ session }}"}));
        let target = target(port, "/ask", http, &[("X-Session", "{{ session }}")], &limits());
        let (first, parsed) = go(&target).await;
        assert_eq!(names(&first), [SessionStart, SessionEnd, Head]);
        assert!(matches!(parsed.outcome, Outcome::Completed { .. }), "{:?}", parsed.outcome);
        let (start, end) = (first.marks[0].at, first.marks[1].at);
        assert!(start >= first.started && end <= first.sent.unwrap(), "its time is before the request's");
        let (second, _) = go(&target).await;
        assert_eq!(names(&second), [Head]);
        // Two users at a time have two sessions.
        let both = tokio::join!(go(&target), go(&target));
        assert!(both.0.1.answer.text() == "ok" && both.1.1.answer.text() == "ok");
        let seen = seen.borrow();
        let made = seen.iter().filter(|r| r.starts_with(b"POST /session ")).count();
        assert_eq!(made, 2);
        assert!(body_of(&seen[0]) == b"{\"lang\":\"ko\"}");
        assert!(body_of(&seen[1]) == b"{\"s\":\"s-0\"}" && body_of(&seen[2]) == b"{\"s\":\"s-0\"}");
        assert!(String::from_utf8_lossy(&seen[1]).contains("x-session: s-0\r\n"));
        let stored = target.build(&ask()).unwrap().body;
        assert_eq!(&stored[..], b"{\"s\":\"***\"}", "no session's id is stored");
    });
}

#[test]
fn an_expired_session_is_made_anew_once() {
    use MarkName::{Head, SessionEnd, SessionExpired, SessionStart};
    run(async || {
        // The first session is good for one request; the third for none.
        let made = Rc::new(RefCell::new(0));
        let (port, _) = serve(move |_, request| {
            if request.starts_with("POST /session ") {
                *made.borrow_mut() += 1;
                let cookie = format!("set-cookie: sid=c{}; Path=/; HttpOnly\r\n", made.borrow());
                return reply("200 OK", &cookie, "{}");
            }
            let again = request.contains("cookie: sid=c1\r\n") && !request.contains("first");
            match again || request.contains("cookie: sid=c3\r\n") {
                true => reply("401 No", "content-type: application/json\r\n", "{\"error\":\"expired\"}"),
                false => json_reply(&json!({"a": request.split("sid=").nth(1).unwrap()[..2]})),
            }
        })
        .await;
        let http =
            |word: &str| with_session(SessionId::Cookie("sid".into()), SessionPer::User, json!({"w": word}));
        let limits = limits();
        let mut all = target(port, "/ask", http("first"), &[], &limits);
        assert_eq!(go(&all).await.1.answer.text(), "c1");
        all.plan = target(port, "/ask", http("later"), &[], &limits).plan;
        let (attempt, parsed) = go(&all).await;
        assert_eq!(parsed.answer.text(), "c2", "{:?}", parsed.outcome);
        assert_eq!(names(&attempt), [SessionExpired, SessionStart, SessionEnd, Head]);
        assert_eq!(parsed.reads.len(), 1, "reads of the expired answer are not the answer's");
        all.sessions.as_ref().unwrap().take(&mut Vec::new(), false).await.unwrap();
        let (attempt, parsed) = go(&all).await;
        fails(&parsed, Stage::Head, Cause::Client, "expired");
        assert_eq!(names(&attempt), [SessionStart, SessionEnd, Head], "a new session is not made anew");
        assert_eq!(go(&all).await.1.answer.text(), "c4", "and is not used again");
    });
}

#[test]
fn sessions_of_a_request_and_of_a_run() {
    run(async || {
        let count = async |per| {
            let (port, seen) = serve(|_, request| match request.starts_with("POST /session ") {
                true => reply("200 OK", "x-sid: abc\r\n", ""),
                false => json_reply(&json!({"a": "ok"})),
            })
            .await;
            let http = with_session(SessionId::Header("X-Sid".into()), per, json!({"s": "{{ session }}"}));
            let target = target(port, "/ask", http, &[], &limits());
            let three = tokio::join!(go(&target), go(&target), go(&target));
            assert!(three.2.1.answer.text() == "ok");
            let seen = seen.borrow();
            seen.iter().filter(|r| r.starts_with(b"POST /session ")).count()
        };
        assert_eq!(count(SessionPer::Request).await, 3);
        assert_eq!(count(SessionPer::Run).await, 1);
    });
}

#[test]
fn a_session_that_cannot_be_made_is_a_failed_record() {
    let check = |bytes: Vec<u8>, cause, words: &str| {
        let (attempt, parsed) = run(async || {
            let (port, _) = serve(move |_, _| bytes.clone()).await;
            let http = with_session(
                SessionId::Pointer("/id".into()),
                SessionPer::User,
                json!({"s": "{{ session }}"}),
            );
            go(&target(port, "/ask", http, &[], &limits())).await
        });
        fails(&parsed, Stage::Session, cause, words);
        assert_eq!(attempt.sent, None);
        assert_eq!(names(&attempt), [MarkName::SessionStart, MarkName::SessionEnd]);
    };
    check(
        reply("403 No", "", "{\"error\":\"who are you\"}"),
        Cause::Client,
        "POST /session: HTTP 403: who are you",
    );
    check(reply("200 OK", "", "{}"), Cause::Malformed, "nothing at '/id'");
    check(reply("200 OK", "", "hello"), Cause::Malformed, "not JSON");
    check(reply("200 OK", "", "{\"id\":\"a\\nb\"}"), Cause::Malformed, "control characters");
    check(reply("200 OK", "", "{\"id\":{}}"), Cause::Malformed, "no text or number");
}

#[test]
fn a_header_of_a_case_cannot_smuggle_lines() {
    run(async || {
        let (port, seen) = serve(|_, _| reply("200 OK", "", "x")).await;
        let target = target(port, "/", HttpSpec::default(), &[("X-Q", "{{ q }}")], &limits());
        let (_, parsed) = go(&target).await;
        fails(&parsed, Stage::Send, Cause::Client, "control characters");
        assert!(seen.borrow().is_empty());
    });
}
