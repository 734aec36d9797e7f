//! Every protocol against recorded exchanges: as they are, cut at any byte, and spoilt.

use super::*;
use crate::parser::Parser;
use crate::seam::{End, Piece};
use acidtest_record::{EventKind, Finish, Head, LogprobSide, Ns, Part, Read, ServerTimes, Usage};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A recorded exchange: its head and its body.
struct Recorded {
    kind: TargetKind,
    stream: bool,
    text: &'static str,
}

macro_rules! recorded {
    ($kind:ident, $stream:literal, $file:literal) => {
        Recorded {
            kind: TargetKind::$kind,
            stream: $stream,
            text: include_str!(concat!("../../fixtures/", $file)),
        }
    };
}

const ALL: [Recorded; 10] = [
    recorded!(OpenaiCompletions, true, "completions-echo.txt"),
    recorded!(OpenaiCompletions, false, "completions-whole.txt"),
    recorded!(OpenaiResponses, true, "responses-stream.txt"),
    recorded!(OpenaiResponses, false, "responses-whole.txt"),
    recorded!(Anthropic, true, "anthropic-stream.txt"),
    recorded!(Anthropic, false, "anthropic-whole.txt"),
    recorded!(Ollama, true, "ollama-stream.txt"),
    recorded!(Ollama, false, "ollama-whole.txt"),
    recorded!(Embeddings, false, "embeddings-whole.txt"),
    recorded!(Embeddings, false, "embeddings-base64.txt"),
];

impl Recorded {
    fn head(&self) -> &str {
        self.text.split_once("\n\n").unwrap().0
    }

    fn body(&self) -> &str {
        self.text.split_once("\n\n").unwrap().1
    }

    fn spec(&self) -> TargetSpec {
        TargetSpec { kind: self.kind, stream: self.stream, ..spec() }
    }

    fn ask(&self) -> Ask {
        let mut ask = ask(self.stream);
        if self.kind == TargetKind::OpenaiCompletions {
            ask.params.insert("echo".into(), true.into());
        }
        ask
    }
}

/// What the parser makes of a body that comes in these parts.
fn parse(kind: TargetKind, stream: bool, request: &[u8], parts: &[&[u8]], end: End) -> Parsed {
    let mut parser = Parser::new(kind, stream, Default::default());
    parser.asked(request);
    for (i, part) in parts.iter().enumerate() {
        let at = Ns(i as i64);
        let read = Read { kernel: None, before: at, after: at, bytes: part.len() as u32, drained: true };
        let pieces = vec![Piece { len: part.len() as u32, read: i as u32, open: false }];
        parser.segment(Segment { bytes: Bytes::copy_from_slice(part), pieces, reads: vec![read] });
    }
    parser.finish(&Attempt {
        started: Ns(0),
        sent: Some(Ns(1)),
        sent_end: Some(Ns(2)),
        body_end: None,
        ended: Ns(9),
        marks: Vec::new(),
        head: Some(Head { status: 200, headers: Vec::new() }),
        connection: 1,
        reused: false,
        address: 0,
        end,
    })
}

fn target_of(recorded: &Recorded, port: u16) -> HttpTarget {
    let base = format!("http://127.0.0.1:{port}/v1");
    HttpTarget::new(&recorded.spec(), &base, &limits(), &secrets(), Zero::start()).unwrap()
}

/// The recorded exchange over a real socket.
fn exchange(recorded: &Recorded) -> Parsed {
    let body = recorded.body();
    let head = format!("{}\ncontent-length: {}\n\n", recorded.head(), body.len()).replace('\n', "\r\n");
    // In two writes with a pause: the second event comes with another read.
    let half = body.len() / 2;
    let acts = vec![
        Act::Request,
        write(head),
        write(&body.as_bytes()[..half]),
        Act::Sleep(5),
        write(&body.as_bytes()[half..]),
    ];
    run(async || {
        let port = serve(vec![acts]).await;
        let target = target_of(recorded, port);
        let built = target.build(&recorded.ask()).unwrap();
        let mut tap = Kept::default();
        let attempt = target.attempt(&built, &mut tap).await;
        let mut parser = target.parser(built.stream);
        parser.asked(&built.body);
        tap.0.into_iter().for_each(|s| parser.segment(s));
        parser.finish(&attempt)
    })
}

fn kinds(parsed: &Parsed, want: fn(EventKind) -> bool) -> usize {
    parsed.events.iter().filter(|e| want(e.kind)).count()
}

#[test]
fn recorded_chats_say_the_same_in_every_protocol() {
    for recorded in ALL.iter().filter(|r| r.text.contains("there")) {
        let parsed = exchange(recorded);
        let (kind, said) = (recorded.kind, parsed.said.clone().unwrap());
        assert_eq!(parsed.outcome, Outcome::Completed { finish: Finish::ToolCalls }, "{kind:?}");
        let tool = |id: Option<&str>| Part::ToolCall {
            index: 0,
            id: id.map(str::to_owned),
            name: "look_up".into(),
            arguments: "{\"q\":\"jar\"}".into(),
        };
        let (id, input, cached, reasoning) = match kind {
            TargetKind::OpenaiResponses => (Some("call_1"), 30, Some(20), Some(4)),
            TargetKind::Anthropic => (Some("toolu_1"), 35, Some(20), None),
            _ => (None, 26, None, None),
        };
        let parts: Vec<Part> =
            parsed.answer.parts.iter().filter(|p| !matches!(p, Part::Logprobs { .. })).cloned().collect();
        let text = [Part::Reasoning("Let me see".into()), Part::Text("Hi there".into()), tool(id)];
        assert_eq!(parts, text, "{kind:?} {}", recorded.stream);
        let usage = Usage { input: Some(input), output: Some(12), cached, reasoning };
        assert_eq!((said.usage, said.model.as_deref()), (usage, Some("m-1")), "{kind:?}");
        if recorded.stream {
            assert_eq!(kinds(&parsed, |k| k == EventKind::Reasoning), 1, "{kind:?}");
            assert_eq!(kinds(&parsed, |k| k == EventKind::Visible), 2, "{kind:?}");
            assert!((1..=3).contains(&kinds(&parsed, |k| k == EventKind::Tool)), "{kind:?}");
            assert_eq!(kinds(&parsed, |k| k == EventKind::Finish), 1, "{kind:?}");
            assert_eq!(kinds(&parsed, |k| k == EventKind::Other && k.is_content()), 0);
        }
    }
}

#[test]
fn echoed_prompts_are_kept_apart() {
    for recorded in &ALL[..2] {
        let parsed = exchange(recorded);
        assert_eq!(parsed.answer.text(), " you!");
        let sides: Vec<_> = parsed
            .answer
            .parts
            .iter()
            .filter_map(|p| match p {
                Part::Logprobs { side, tokens } => {
                    Some((*side, tokens.iter().map(|t| (t.token.as_str(), t.offset)).collect::<Vec<_>>()))
                }
                _ => None,
            })
            .collect();
        let want = [
            (LogprobSide::Prompt, vec![("hel", Some(0)), ("lo", Some(3))]),
            (LogprobSide::Completion, vec![(" you", Some(5)), ("!", Some(9))]),
        ];
        assert_eq!(sides, want);
        // The echo is no content: nobody waited for it.
        let content = if recorded.stream { 2 } else { 1 };
        assert_eq!(kinds(&parsed, EventKind::is_content), content);
    }
}

#[test]
fn vectors_come_as_numbers_or_base64() {
    let parsed = exchange(&ALL[8]);
    assert_eq!(parsed.answer.parts, [Part::Scores(vec![0.5, -0.25, 1e-3])]);
    assert_eq!(parsed.outcome, Outcome::Completed { finish: Finish::Stop });
    let said = parsed.said.unwrap();
    assert_eq!(said.usage.input, Some(8));
    assert_eq!(ServerTimes::of(&said, false).total, Some(Ns::from_millis(20)));
    assert_eq!(exchange(&ALL[9]).answer.parts, [Part::Scores(vec![1.0, -2.0])]);
}

#[test]
fn servers_times_are_in_seconds() {
    let ollama = exchange(&ALL[6]).said.unwrap();
    let times = ServerTimes::of(&ollama, true);
    assert_eq!(times.total, Some(Ns(4_883_583_458)));
    assert_eq!(times.prompt, Some(Ns(342_546_000)));
    assert_eq!(times.generation, Some(Ns(4_535_599_000)));
    // A head that came before a stream cannot know how long the stream took.
    assert_eq!(ServerTimes::of(&exchange(&ALL[2]).said.unwrap(), true).total, None);
    assert_eq!(ServerTimes::of(&exchange(&ALL[3]).said.unwrap(), false).total, Some(Ns(120_000_000)));
}

#[test]
fn blank_lines_keep_the_connection_alive_and_not_the_answer() {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n";
    let first = "{\"message\":{\"content\":\"hi\"},\"done\":false}\n";
    let blanks = std::iter::repeat_n([chunk("\n"), Act::Sleep(20)], 20).flatten();
    let acts = [Act::Request, write(head), chunk(first)].into_iter().chain(blanks).collect();
    let limits = Limits { gap_s: 0.08, ..limits() };
    let parsed = run(async || {
        let port = serve(vec![acts]).await;
        let base = format!("http://127.0.0.1:{port}");
        let spec = TargetSpec { kind: TargetKind::Ollama, ..spec() };
        let target = HttpTarget::new(&spec, &base, &limits, &secrets(), Zero::start()).unwrap();
        go(&target).await.1
    });
    assert!(matches!(parsed.outcome, Outcome::Failed { cause: Cause::Stalled, .. }), "{:?}", parsed.outcome);
    assert_eq!(parsed.answer.text(), "hi", "what had arrived is kept");
}

#[test]
fn a_stream_that_is_cut_anywhere_is_never_complete() {
    for recorded in ALL.iter().filter(|r| r.stream) {
        let body = recorded.body().trim_end();
        let whole = parse(recorded.kind, true, b"", &[body.as_bytes()], End::Complete);
        assert!(matches!(whole.outcome, Outcome::Completed { .. }), "{:?}", whole.outcome);
        // Up to the reason why the model stopped, which counts as the end.
        let words = [
            "\"finish_reason\":\"length\"",
            "\"type\":\"response.completed\"",
            "\"stop_reason\":\"tool_use\"",
            "\"done\":true",
        ];
        let end = words.iter().find_map(|w| body.find(w)).unwrap();
        for cut in (0..end).filter(|c| c % 7 == 0 || end - c < 40) {
            let parsed = parse(recorded.kind, true, b"", &[&body.as_bytes()[..cut]], End::Complete);
            let Outcome::Failed { cause, .. } = parsed.outcome else {
                panic!("{:?} cut at {cut} of {end}: {:?}", recorded.kind, parsed.outcome)
            };
            assert!(matches!(cause, Cause::Cut), "{:?} at {cut}: {cause:?}", recorded.kind);
        }
    }
}

#[test]
fn errors_in_streams_and_bodies() {
    let check = |kind, stream, body: &str, cause: Cause, words: &str| {
        let parsed = parse(kind, stream, b"", &[body.as_bytes()], End::Complete);
        let Outcome::Failed { cause: got, detail, .. } = parsed.outcome else { panic!("{kind:?} {body}") };
        assert_eq!(got, cause, "{kind:?} {body}: {detail}");
        assert!(detail.contains(words), "{kind:?} {body}: '{detail}' lacks '{words}'");
    };
    let (e, m, c) = (Cause::ErrorEvent, Cause::Malformed, Cause::Cut);
    use TargetKind::{
        Anthropic as A, Embeddings as V, Ollama as O, OpenaiCompletions as T, OpenaiResponses as R,
    };
    let overloaded = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    check(A, true, &format!("event: error\ndata: {overloaded}\n\n"), e, "overloaded_error: Overloaded");
    check(A, false, overloaded, e, "overloaded_error: Overloaded");
    check(A, true, "event: error\ndata: busy\n\n", e, "busy");
    check(A, true, "data: {\"type\":7}\n\n", m, "'type' is a number, expected text");
    check(A, true, "data: {\"type\":\"content_block_delta\",\"delta\":[]}\n\n", m, "'delta' is a list");
    check(A, true, "data: {\"type\":\"ping\"}\n\n", c, "without stop_reason and message_stop");
    check(A, false, "{\"type\":\"message\"}", m, "no 'content'");
    check(R, true, "data: {\"type\":\"error\",\"code\":\"x\",\"message\":\"boom\"}\n\n", e, "boom");
    let failed = r#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"boom"}}}"#;
    check(R, true, &format!("{failed}\n\n"), e, "response failed: boom");
    check(
        R,
        true,
        "data: {\"type\":\"response.output_text.delta\",\"delta\":{}}\n\n",
        m,
        "'delta' is an object",
    );
    check(R, true, "data: [1]\n\n", m, "it is a list, expected an object");
    check(R, true, "data: [DONE]\n\n", c, "without response.completed");
    check(R, false, "{}", m, "no 'output'");
    check(O, true, "{\"error\":\"model 'x' not found\"}\n", e, "model 'x' not found");
    check(O, true, "{\"message\":{\"content\":7}}\n", m, "'content' is a number");
    check(O, true, "{\"message\":{\"content\":\"hi\"},\"done\":false}\n", c, "\"done\": true");
    check(O, true, "{oops\n", m, "event 1");
    check(O, true, "<html>", m, "looks like HTML");
    check(O, false, "{}", m, "no 'message'");
    check(V, false, "{\"data\":[]}", m, "no embedding");
    check(V, false, "{\"data\":[{\"embedding\":[1,\"x\"]}]}", m, "other than numbers");
    check(V, false, "{\"data\":[{}]}", m, "no 'embedding'");
    check(V, false, "{\"error\":{\"message\":\"boom\"}}", e, "boom");
    check(T, true, "data: {\"choices\":[{\"text\":7}]}\n\n", m, "event 1");
    check(T, false, "{}", m, "no 'choices'");
}

#[test]
fn finish_reasons() {
    let check = |kind, body: &str, want: Finish| {
        let parsed = parse(kind, true, b"", &[body.as_bytes()], End::Complete);
        assert_eq!(parsed.outcome, Outcome::Completed { finish: want }, "{body}");
    };
    for (word, want) in [
        ("end_turn", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("refusal", Finish::Filter),
        ("pause_turn", Finish::Other("pause_turn".into())),
    ] {
        let body =
            format!("data: {{\"type\":\"message_delta\",\"delta\":{{\"stop_reason\":\"{word}\"}}}}\n\n");
        check(TargetKind::Anthropic, &body, want);
    }
    for (word, want) in [("max_output_tokens", Finish::Length), ("content_filter", Finish::Filter)] {
        let response =
            format!("{{\"status\":\"incomplete\",\"incomplete_details\":{{\"reason\":\"{word}\"}}}}");
        let body = format!("data: {{\"type\":\"response.incomplete\",\"response\":{response}}}\n\n");
        check(TargetKind::OpenaiResponses, &body, want);
    }
    check(TargetKind::Ollama, "{\"done\":true,\"done_reason\":\"length\"}\n", Finish::Length);
    check(TargetKind::Ollama, "{\"done\":true}", Finish::Unsaid);
}

/// The body that is sent for a chat with a system message, a tool and usual parameters.
fn sent(kind: TargetKind, params: Value) -> Value {
    let recorded = Recorded { kind, stream: true, text: "" };
    let message = |role: &str, content: &str| Message { role: role.into(), content: content.into() };
    let ask = Ask {
        messages: vec![message("system", "Be brief."), message("user", "hello")],
        params: params.as_object().cloned().unwrap(),
        tools: vec![json!({"type": "function", "function":
            {"name": "f", "description": "d", "parameters": {"type": "object"}}})],
        ..ask(true)
    };
    let built = target_of(&recorded, 9).build(&ask).unwrap();
    assert_eq!(built.stream, kind != TargetKind::Embeddings);
    serde_json::from_slice(&built.body).unwrap()
}

#[test]
fn requests_are_translated() {
    let usual = || json!({"max_tokens": 9, "temperature": 0, "stop": "x"});
    let object = json!({"type": "object"});
    assert_eq!(
        sent(TargetKind::Anthropic, usual()),
        json!({"model": "m", "max_tokens": 9, "system": "Be brief.", "temperature": 0,
            "messages": [{"role": "user", "content": "hello"}], "stop_sequences": ["x"], "stream": true,
            "tools": [{"name": "f", "description": "d", "input_schema": object}]})
    );
    assert_eq!(sent(TargetKind::Anthropic, json!({}))["max_tokens"], json!(1024));
    let chat = json!([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]);
    assert_eq!(
        sent(TargetKind::OpenaiResponses, json!({"max_tokens": 9})),
        json!({"model": "m", "input": chat, "max_output_tokens": 9, "stream": true,
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": object}]})
    );
    let ollama = sent(
        TargetKind::Ollama,
        json!({"max_tokens": 9, "seed": 3, "think": true, "options": {"num_ctx": 5}}),
    );
    assert_eq!(ollama["options"], json!({"num_predict": 9, "seed": 3, "num_ctx": 5}));
    assert_eq!((&ollama["think"], &ollama["messages"]), (&json!(true), &chat));
    assert_eq!(
        sent(TargetKind::OpenaiCompletions, usual()),
        json!({"model": "m", "prompt": "Be brief.\n\nhello", "max_tokens": 9, "temperature": 0, "stop": "x",
            "stream": true, "stream_options": {"include_usage": true}})
    );
    assert_eq!(
        sent(TargetKind::Embeddings, json!({"max_tokens": 9, "dimensions": 3})),
        json!({"model": "m", "input": "Be brief.\n\nhello", "dimensions": 3})
    );
}

#[test]
fn parameters_of_chats_are_translated_or_dropped() {
    let schema = json!({"type": "object"});
    let of_chats = json!({"max_tokens": 9, "temperature": 0, "seed": 3, "n": 1, "stop": ["x", "y"],
        "frequency_penalty": 0.5, "presence_penalty": 0.5, "logit_bias": {"7": 1}, "logprobs": true,
        "top_logprobs": 2, "reasoning_effort": "low", "verbosity": "low",
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema",
            "json_schema": {"name": "reply", "strict": true, "schema": schema}}});
    let own = |kind| {
        let mut body = sent(kind, of_chats.clone());
        let map = body.as_object_mut().unwrap();
        ["model", "messages", "input", "tools", "stream", "system"].iter().for_each(|k| drop(map.remove(*k)));
        body
    };
    assert_eq!(
        own(TargetKind::OpenaiResponses),
        json!({"max_output_tokens": 9, "temperature": 0, "top_logprobs": 2,
            "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low"},
            "include": ["message.output_text.logprobs"],
            "text": {"verbosity": "low",
                "format": {"type": "json_schema", "name": "reply", "strict": true, "schema": schema}}})
    );
    assert_eq!(
        own(TargetKind::Anthropic),
        json!({"max_tokens": 9, "temperature": 0, "stop_sequences": ["x", "y"],
            "tool_choice": {"type": "tool", "name": "f"}})
    );
    assert_eq!(own(TargetKind::Embeddings), json!({}));
    let ollama = own(TargetKind::Ollama);
    assert_eq!((&ollama["logprobs"], &ollama["top_logprobs"]), (&json!(true), &json!(2)));
    assert_eq!((&ollama["format"], &ollama["options"]["seed"]), (&schema, &json!(3)));
    // What the plan says in the protocol's own words stays.
    let params = json!({"text": {"format": {"type": "text"}}, "response_format": {"type": "json_object"},
        "tool_choice": "required", "reasoning": {"summary": "auto"}, "reasoning_effort": "high"});
    let mixed = sent(TargetKind::OpenaiResponses, params);
    assert_eq!(mixed["text"], json!({"format": {"type": "text"}}));
    assert_eq!(mixed["tool_choice"], json!("required"));
    assert_eq!(mixed["reasoning"], json!({"summary": "auto", "effort": "high"}));
}

#[test]
fn ollamas_logprobs_are_kept() {
    let logprobs = |token: &str, p: f64| json!([{"token": token, "logprob": p, "bytes": [1], "top_logprobs": [{"token": "x", "logprob": -3}]}]);
    let lines = [
        json!({"message": {"content": "Hi"}, "done": false, "logprobs": logprobs("Hi", -0.5)}),
        json!({"message": {"content": "!"}, "done": false, "logprobs": logprobs("!", -0.25)}),
        json!({"message": {"content": ""}, "done": true, "done_reason": "stop"}),
    ];
    let body: String = lines.iter().map(|l| format!("{l}\n")).collect();
    let parsed = parse(TargetKind::Ollama, true, b"", &[body.as_bytes()], End::Complete);
    let Some(Part::Logprobs { side: LogprobSide::Completion, tokens }) = parsed.answer.parts.get(1) else {
        panic!("{:?}", parsed.answer.parts)
    };
    let seen: Vec<_> = tokens.iter().map(|t| (t.token.as_str(), t.logprob, t.top.len())).collect();
    assert_eq!(seen, [("Hi", Some(-0.5), 1), ("!", Some(-0.25), 1)]);
    assert_eq!(parsed.answer.text(), "Hi!");
}

#[test]
fn paths_and_keys_are_the_vendors() {
    for (kind, path, key) in [
        (TargetKind::OpenaiCompletions, "/v1/completions", "authorization"),
        (TargetKind::OpenaiResponses, "/v1/responses", "authorization"),
        (TargetKind::Anthropic, "/v1/messages", "x-api-key"),
        (TargetKind::Ollama, "/api/chat", "authorization"),
        (TargetKind::Embeddings, "/v1/embeddings", "authorization"),
    ] {
        let target = target_of(&Recorded { kind, stream: false, text: "" }, 9);
        assert_eq!(target.path(), path);
        let request = target.request(&target.build(&ask(false)).unwrap());
        assert!(request.headers()[key].is_sensitive());
        assert_eq!(request.headers().contains_key("anthropic-version"), kind == TargetKind::Anthropic);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn cuts_between_reads_change_nothing(which in 0..ALL.len(), mut cuts in proptest::collection::vec(0usize..6000, 0..10)) {
        let recorded = &ALL[which];
        let body = recorded.body().as_bytes();
        let request = br#"{"prompt":"hello","echo":true}"#;
        cuts.retain(|c| *c < body.len());
        cuts.sort_unstable();
        let (mut parts, mut from) = (Vec::new(), 0);
        for c in cuts.into_iter().chain([body.len()]) {
            parts.push(&body[from..c]);
            from = c;
        }
        let cut = parse(recorded.kind, recorded.stream, request, &parts, End::Complete);
        let whole = parse(recorded.kind, recorded.stream, request, &[body], End::Complete);
        prop_assert_eq!((cut.outcome, cut.answer, cut.said), (whole.outcome, whole.answer, whole.said));
        let kinds = |events: &[acidtest_record::Event]| events.iter().map(|e| e.kind).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&cut.events), kinds(&whole.events));
    }

    #[test]
    fn hostile_bytes_never_panic(which in 0..TargetKind::ALL.len(), stream: bool, bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        parse(TargetKind::ALL[which], stream, &bytes, &[&bytes], End::Complete);
    }

    #[test]
    fn spoilt_recordings_never_panic(which in 0..ALL.len(), at in 0usize..6000, with in r#"([{}\[\]:,"\\0-9a-z]|null|-1e999|\u{0}){0,6}"#, gone in 0usize..40) {
        let recorded = &ALL[which];
        let mut body = recorded.body().as_bytes().to_vec();
        let at = at % body.len();
        let end = (at + gone).min(body.len());
        body.splice(at..end, with.bytes());
        parse(recorded.kind, recorded.stream, br#"{"prompt":"hello","echo":true}"#, &[&body], End::Complete);
    }

    #[test]
    fn hostile_fields_never_panic(which in 0..TargetKind::ALL.len(), key in "(type|delta|message|content|usage|choices|logprobs|data|embedding|output|response|error|done|tool_calls|index|text)", value in r#"(\[|\{"(type|text|delta|message|usage|function|index)":)*("(tool_use|text|message|x)"|-?[0-9]{1,20}|null|true|\[\]|\{\})"#, stream: bool) {
        let closers: String = value.chars().rev().filter_map(|c| match c { '{' => Some('}'), '[' => Some(']'), _ => None }).collect();
        let closers = closers.replacen("[]", "", 1);
        let json = format!("{{\"type\":\"content_block_start\",\"{key}\":{value}{closers}}}");
        let body = if stream { format!("data: {json}\n\n") } else { json };
        parse(TargetKind::ALL[which], stream, b"", &[body.as_bytes()], End::Complete);
    }
}

/// The parts of a stream of these events.
fn streamed(kind: TargetKind, events: &[Value]) -> (Vec<Part>, Vec<EventKind>) {
    let body: String = events
        .iter()
        .map(|e| format!("event: {}\ndata: {e}\n\n", e["type"].as_str().unwrap_or_default()))
        .collect();
    let parsed = parse(kind, true, b"{}", &[body.as_bytes()], End::Complete);
    assert_eq!(parsed.outcome, Outcome::Completed { finish: Finish::Stop }, "{kind:?}");
    (parsed.answer.parts, parsed.events.iter().map(|e| e.kind).filter(|k| k.is_content()).collect())
}

#[test]
fn thinking_that_is_not_shown_leaves_word_of_itself() {
    let blocks = [
        (json!({"type": "thinking", "thinking": "", "signature": ""}), Some("signature_delta")),
        (json!({"type": "redacted_thinking", "data": "abc"}), None),
        (json!({"type": "unknown_to_us"}), Some("signature_delta")),
    ];
    for (block, delta) in blocks {
        let mut events = vec![
            json!({"type": "message_start", "message": {"id": "m", "model": "m", "usage": {"input_tokens": 3}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": block}),
        ];
        events.extend(delta.map(|d| {
            let delta = json!({"type": d, "signature": "abc"});
            json!({"type": "content_block_delta", "index": 0, "delta": delta})
        }));
        let text = json!({"type": "text_delta", "text": "Hi"});
        events.extend([
            json!({"type": "content_block_delta", "index": 1, "delta": text}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 90}}),
            json!({"type": "message_stop"}),
        ]);
        let (parts, content) = streamed(TargetKind::Anthropic, &events);
        assert_eq!(parts, [Part::Reasoning(String::new()), Part::Text("Hi".into())], "{block}");
        assert_eq!(content, [EventKind::Visible], "it is no content: times begin with the text");
    }
}

#[test]
fn an_item_of_reasoning_leaves_word_where_its_tokens_are_not_counted() {
    let with = |details: Value| {
        let usage = json!({"input_tokens": 3, "output_tokens": 90, "output_tokens_details": details});
        let item = json!({"type": "reasoning", "summary": []});
        let events = [
            json!({"type": "response.output_item.added", "output_index": 0, "item": item}),
            json!({"type": "response.output_text.delta", "output_index": 1, "delta": "Hi"}),
            json!({"type": "response.completed", "response": {"id": "r", "status": "completed", "usage": usage}}),
        ];
        streamed(TargetKind::OpenaiResponses, &events).0
    };
    let text = Part::Text("Hi".into());
    assert_eq!(with(json!({})), [text.clone(), Part::Reasoning(String::new())]);
    assert_eq!(with(json!({"reasoning_tokens": 80})), [text]);
}
