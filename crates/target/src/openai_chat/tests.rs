//! Tests of the chat completions' JSON.

use super::*;
use acidtest_record::Message as Said;
use proptest::prelude::*;

fn feed(chunks: &[&str]) -> (Chat, Vec<(EventKind, Option<u32>)>) {
    let mut chat = Chat::default();
    let kinds = chunks.iter().map(|c| chat.event(b"", c.as_bytes())).collect();
    (chat, kinds)
}

fn check(chunk: &str, kind: EventKind) {
    let (chat, kinds) = feed(&[chunk]);
    assert_eq!(kinds[0].0, kind, "{chunk}");
    assert_eq!(chat.got.trouble, None, "{chunk}");
}

fn delta(delta: &str) -> String {
    format!(r#"{{"id":"x","choices":[{{"index":0,"delta":{delta}}}],"new_field":[1]}}"#)
}

#[test]
fn kinds_of_chunks() {
    check(&delta(r#"{"role":"assistant","content":""}"#), EventKind::Role);
    check(&delta(r#"{"role":"assistant","content":null}"#), EventKind::Role);
    check(&delta(r#"{"role":"assistant","content":"a"}"#), EventKind::Visible);
    check(&delta(r#"{"content":"a","reasoning":"b"}"#), EventKind::Visible);
    check(&delta(r#"{"reasoning_content":"b"}"#), EventKind::Reasoning);
    check(&delta(r#"{"reasoning":"b"}"#), EventKind::Reasoning);
    check(&delta(r#"{"refusal":"no"}"#), EventKind::Visible);
    check(&delta(r#"{"content":[{"type":"text","text":"a"}]}"#), EventKind::Visible);
    check(
        &delta(r#"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"a"}]}]}"#),
        EventKind::Reasoning,
    );
    check(
        &delta(r#"{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":""}}]}"#),
        EventKind::Tool,
    );
    check(&delta(r#"{"content":""}"#), EventKind::Other);
    check(r#"{"choices":[{"delta":{},"finish_reason":"stop"}]}"#, EventKind::Finish);
    check(r#"{"choices":[],"usage":{"prompt_tokens":3}}"#, EventKind::Usage);
    check(r#"{"choices":[],"prompt_filter_results":[]}"#, EventKind::Other);
    check(r#"{"type":"ping"}"#, EventKind::Other);
    check("[DONE]", EventKind::Done);
    check("", EventKind::Comment);
}

#[test]
fn wrong_types_and_errors_are_classed() {
    for (chunk, cause, words) in [
        ("{nope", Cause::Malformed, "event 1 is not a chat completion chunk"),
        ("17", Cause::Malformed, "event 1"),
        (r#"{"choices":{}}"#, Cause::Malformed, "invalid type"),
        (r#"{"choices":[{"delta":{"content":5}}]}"#, Cause::Malformed, "content is a number"),
        (r#"{"choices":[{"delta":{"tool_calls":"x"}}]}"#, Cause::Malformed, "invalid type"),
        (r#"{"usage":{"prompt_tokens":-1}}"#, Cause::Malformed, "invalid value"),
        (r#"{"error":{"message":"boom","code":500}}"#, Cause::ErrorEvent, "boom"),
        (r#"{"error":"boom"}"#, Cause::ErrorEvent, "boom"),
        (r#"{"object":"error","message":"boom"}"#, Cause::ErrorEvent, "boom"),
        (r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#, Cause::ErrorEvent, "error"),
        (r#"{"x_groq":{"error":"boom"}}"#, Cause::ErrorEvent, "boom"),
    ] {
        let trouble = feed(&[chunk]).0.got.trouble.expect(chunk);
        assert_eq!(trouble.cause, cause, "{chunk}");
        assert!(trouble.detail.contains(words), "{chunk}: {}", trouble.detail);
    }
    let mut chat = Chat::default();
    assert_eq!(chat.event(b"error", b"not json").0, EventKind::Error);
    assert!(chat.got.trouble.expect("an error").detail.contains("not json"));
    let deep = format!("{{\"error\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    assert_eq!(feed(&[&deep]).0.got.trouble.expect("too deep").cause, Cause::Malformed);
    // Depth in a field that nobody reads costs no stack either.
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    feed(&[&deep]);
}

#[test]
fn floods_of_small_entries_are_refused() {
    let many = |n: usize| vec!["{}"; n].join(",");
    for (chunk, cause) in [
        (format!(r#"{{"choices":[{}]}}"#, many(MAX_ENTRIES)), None),
        (format!(r#"{{"choices":[{}]}}"#, many(MAX_ENTRIES + 1)), Some(Cause::Malformed)),
        (delta(&format!(r#"{{"tool_calls":[{}]}}"#, many(MAX_ENTRIES + 1))), Some(Cause::Malformed)),
    ] {
        assert_eq!(feed(&[&chunk]).0.got.trouble.map(|t| t.cause), cause);
    }
    let calls: Vec<String> =
        (0..=MAX_ENTRIES).map(|i| delta(&format!(r#"{{"tool_calls":[{{"index":{i}}}]}}"#))).collect();
    let calls: Vec<&str> = calls.iter().map(String::as_str).collect();
    let chat = feed(&calls).0;
    assert_eq!(
        (chat.got.trouble.map(|t| t.cause), chat.got.parts.len()),
        (Some(Cause::TooLarge), MAX_ENTRIES)
    );
}

#[test]
fn parts_are_merged_in_order_of_first_arrival() {
    let (chat, _) = feed(&[
        &delta(r#"{"reasoning":"th"}"#),
        &delta(r#"{"reasoning":"ink"}"#),
        &delta(r#"{"content":"he"}"#),
        &delta(r#"{"tool_calls":[{"index":1,"id":"b","function":{"name":"g","arguments":"{\"a\""}}]}"#),
        &delta(r#"{"content":"llo"}"#),
        &delta(r#"{"tool_calls":[{"index":1,"function":{"arguments":":1}"}}]}"#),
        &delta(r#"{"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":{"x":2}}}]}"#),
        r#"{"choices":[{"index":1,"delta":{"content":"other choice"}}]}"#,
    ]);
    let call = |index, id: &str, name: &str, arguments: &str| Part::ToolCall {
        index,
        id: Some(id.into()),
        name: name.into(),
        arguments: arguments.into(),
    };
    let expect = [
        Part::Reasoning("think".into()),
        Part::Text("hello".into()),
        call(1, "b", "g", "{\"a\":1}"),
        call(0, "a", "f", "{\"x\":2}"),
    ];
    assert_eq!(chat.got.parts, expect);
}

#[test]
fn usage_counts_tokens_by_event_while_every_event_says_so() {
    let chunk = |text: &str, n: u32| {
        format!(r#"{{"choices":[{{"delta":{{"content":"{text}"}}}}],"usage":{{"completion_tokens":{n}}}}}"#)
    };
    let (chat, kinds) = feed(&[
        &delta(r#"{"role":"assistant","content":""}"#),
        &chunk("a", 2),
        &chunk("b", 3),
        &delta(r#"{"content":"c"}"#),
        &chunk("d", 9),
    ]);
    let tokens: Vec<_> = kinds.iter().map(|k| k.1).collect();
    assert_eq!(tokens, [None, Some(2), Some(1), None, None]);
    assert_eq!(chat.got.said.usage.output, Some(9));
    // Usage only in the last content chunk is no count of that chunk.
    let (_, kinds) = feed(&[&delta(r#"{"content":"a"}"#), &chunk("b", 64)]);
    assert_eq!(kinds[1].1, None);
}

#[test]
fn what_servers_say_of_themselves() {
    let (chat, _) = feed(&[
        r#"{"id":"c1","model":"m","system_fingerprint":"fp","choices":[],"usage":{"prompt_tokens":10,
            "completion_tokens":5,"prompt_tokens_details":{"cached_tokens":4},
            "completion_tokens_details":{"reasoning_tokens":2},"prompt_time":0.25,"total_time":1}}"#,
        r#"{"choices":[],"timings":{"prompt_ms":12.5,"prompt_n":3,"predicted_ms":"x"}}"#,
        r#"{"choices":[],"x_groq":{"id":"r","usage":{"queue_time":0.5}}}"#,
    ]);
    let said = chat.got.said;
    assert_eq!(said.id.as_deref(), Some("c1"));
    assert_eq!(said.model.as_deref(), Some("m"));
    assert_eq!(said.fingerprint.as_deref(), Some("fp"));
    let Usage { input, output, cached, reasoning } = said.usage;
    assert_eq!((input, output, cached, reasoning), (Some(10), Some(5), Some(4), Some(2)));
    let timing = |n: &str| said.timings.iter().find(|t| t.0 == n).map(|t| t.1);
    assert_eq!(timing("prompt_time"), Some(0.25));
    assert_eq!(timing("prompt_ms"), Some(0.0125));
    assert_eq!(timing("queue_time"), Some(0.5));
    assert_eq!(timing("predicted_ms"), None);
}

#[test]
fn vllms_metrics_are_times() {
    let (chat, _) = feed(&[r#"{"choices":[],"usage":{"prompt_tokens":42,"completion_tokens":128},"metrics":
        {"time_to_first_token_ms":85.5,"generation_time_ms":1240.5,"queue_time_ms":12.5,"mean_itl_ms":null}}"#]);
    let times = acidtest_record::ServerTimes::of(&chat.got.said, true);
    assert_eq!(times.prompt.map(|t| t.0), Some(85_500_000));
    assert_eq!(times.generation.map(|t| t.0), Some(1_240_500_000));
    assert_eq!(times.total.map(|t| t.0), Some(1_338_500_000));
}

#[test]
fn llama_cpps_cache_is_what_it_did_not_read() {
    for (timings, cached) in [
        (r#"{"cache_n":6,"prompt_n":4}"#, Some(6)),
        (r#"{"prompt_n":3}"#, Some(7)),
        (r#"{"prompt_n":30}"#, None),
        (r#"{"cache_n":-1}"#, None),
    ] {
        let chunk = format!(r#"{{"choices":[],"usage":{{"prompt_tokens":10}},"timings":{timings}}}"#);
        let (chat, _) = feed(&[&chunk]);
        assert_eq!(chat.got.said.usage.cached, cached, "{timings}");
    }
}

#[test]
fn vllms_prompt_log_probabilities_are_the_prompts() {
    let list = r#"[null,{"7":{"logprob":-3.5,"rank":9,"decoded_token":" jar"}}]"#;
    for chunk in [
        format!(r#"{{"choices":[],"prompt_logprobs":{list}}}"#),
        format!(r#"{{"choices":[{{"index":0,"text":"x","prompt_logprobs":{list}}}]}}"#),
    ] {
        let (chat, _) = feed(&[&chunk]);
        let side =
            |p: &Part| matches!(p, Part::Logprobs { side: LogprobSide::Prompt, tokens } if tokens.len() == 2);
        assert_eq!(chat.got.parts.iter().filter(|p| side(p)).count(), 1, "{chunk}");
    }
    let many = format!(r#"{{"choices":[],"prompt_logprobs":[{}null]}}"#, "{},".repeat(1 << 18));
    let (chat, _) = feed(&[&many]);
    assert!(chat.got.trouble.is_some_and(|t| t.detail.contains("more than 262144")));
}

#[test]
fn logprobs_and_finish_reasons() {
    let (chat, _) = feed(&[
        r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"a","logprob":-0.5,
            "bytes":[97],"top_logprobs":[{"token":"a","logprob":-0.5},{"token":"b","logprob":-2}]}]}}]}"#,
        r#"{"choices":[{"delta":{},"logprobs":null,"finish_reason":"length"}]}"#,
    ]);
    let Part::Logprobs { tokens, .. } = &chat.got.parts[1] else {
        panic!("no logprobs: {:?}", chat.got.parts)
    };
    assert_eq!(tokens[0].logprob, Some(-0.5));
    assert_eq!(tokens[0].top.len(), 2);
    assert_eq!(chat.got.finish, Some(Finish::Length));
    for (word, want) in [
        ("stop", Finish::Stop),
        ("content_filter", Finish::Filter),
        ("tool_calls", Finish::ToolCalls),
        ("bored", Finish::Other("bored".into())),
    ] {
        assert_eq!(finish(word), want);
    }
}

#[test]
fn whole_bodies() {
    let mut chat = Chat::default();
    let body = r#"{"choices":[{"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
        "usage":{"completion_tokens":2}}"#;
    assert_eq!(chat.whole(body.as_bytes()), (EventKind::Visible, Some(2)));
    assert!(chat.got.done && chat.got.finish == Some(Finish::Stop));
    for (body, cause, words) in [
        ("<html>", Cause::Malformed, "looks like HTML"),
        ("{}", Cause::Malformed, "no 'choices'"),
        (r#"{"error":{"message":"busy"}}"#, Cause::ErrorEvent, "busy"),
        ("\u{0}", Cause::Malformed, "not a chat completion"),
    ] {
        let mut chat = Chat::default();
        chat.whole(body.as_bytes());
        let trouble = chat.got.trouble.expect(body);
        assert!(trouble.cause == cause && trouble.detail.contains(words), "{body}: {trouble:?}");
    }
}

#[test]
fn error_messages_by_their_forms() {
    for (body, want) in [
        (r#"{"error":{"message":"slow down","type":"x"}}"#, Some("slow down")),
        (r#"{"error":"slow down"}"#, Some("slow down")),
        (r#"{"detail":"Not Found"}"#, Some("Not Found")),
        (r#"{"object":"error","message":"m"}"#, Some("m")),
        ("plain", None),
    ] {
        assert_eq!(error_message(body.as_bytes()).as_deref(), want, "{body}");
    }
}

fn ask(stream: bool, params: Value) -> Ask {
    let message = Said { role: "user".into(), content: "안녕 \"you\"".into() };
    let params = params.as_object().cloned().unwrap_or_default();
    Ask { messages: vec![message], params, stream, ..Ask::default() }
}

#[test]
fn request_bodies() {
    let get = |ask: &Ask, extra: Value| {
        let extra = extra.as_object().cloned().unwrap_or_default();
        let bytes = request("m", ask, &extra).expect("it can be built");
        serde_json::from_slice::<Value>(&bytes).expect("it is JSON")
    };
    let messages = json!([{"role":"user","content":"안녕 \"you\""}]);
    assert_eq!(
        get(&ask(true, json!({"max_tokens": 5})), json!({"top_k": 1, "max_tokens": 7})),
        json!({"model":"m","messages":messages,"max_tokens":7,"stream":true,
            "stream_options":{"include_usage":true},"top_k":1})
    );
    assert_eq!(
        get(&ask(false, json!({})), json!({})),
        json!({"model":"m","messages":messages,"stream":false})
    );
    let none = get(&ask(true, json!({})), json!({"stream_options": null}));
    assert!(none.get("stream_options").is_none());
    let bad = request("m", &ask(true, json!({"stream": false})), &Map::new());
    assert_eq!(bad, Err(BuildError::Reserved("stream".into())));
    let empty = Ask { messages: Vec::new(), ..ask(true, json!({})) };
    assert_eq!(request("m", &empty, &Map::new()), Err(BuildError::NoMessages));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn hostile_json_never_panics(text in r#"([{}\[\]:,]|"(choices|delta|content|usage|tool_calls|index|error)"|"a"|-?[0-9]{1,20}|null|true){0,24}"#) {
        let mut chat = Chat::default();
        chat.event(b"", text.as_bytes());
        chat.whole(text.as_bytes());
    }
}
