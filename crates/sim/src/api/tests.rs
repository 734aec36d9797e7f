//! Requests and answers of the other protocols.

use super::*;
use crate::answers::Answer;
use crate::config::Config;
use crate::decide::{AnswerKind, Decision, Fault};
use crate::openai::Finish;
use crate::pieces::Pieces;
use acidtest_schedule::Stream;

fn check(api: Api, body: &str, expect: &str) {
    let got = match api.parse(body.as_bytes()) {
        Ok(ask) => format!("{ask:?}"),
        Err(bad) => format!("{:?}: {}", bad.param, bad.message),
    };
    assert!(got.contains(expect), "{body}: {got}");
}

#[test]
fn requests() {
    use Api::{Completions, Embeddings, Messages, Ollama, Responses};
    for api in [Completions, Embeddings, Messages, Ollama, Responses] {
        check(api, "{", "EOF");
        check(api, "[]", "the body is not");
        check(api, &"[".repeat(100_000), "the body is not");
        check(api, "{}", "is required");
    }
    check(Completions, r#"{"model":"m","prompt":["a b"],"echo":true}"#, r#"prompt_tokens: 2"#);
    check(Completions, r#"{"model":"m","prompt":[1]}"#, "not one text");
    check(Completions, r#"{"model":"m","prompt":"a","max_tokens":0}"#, "at least 1");
    check(Completions, r#"{"model":"m","prompt":"a","max_tokens":0,"echo":true}"#, "max_tokens: Some(0)");
    check(Completions, r#"{"model":"m","prompt":"a","logprobs":99}"#, "above 20");
    check(Responses, r#"{"model":"m","input":"one two","instructions":"x"}"#, "prompt_tokens: 3");
    check(
        Responses,
        r#"{"model":"m","input":[{"role":"user","content":[{"type":"input_text","text":"q"}]}]}"#,
        r#"question: "q""#,
    );
    check(Responses, r#"{"model":"m","input":7}"#, "neither a text");
    check(
        Messages,
        r#"{"model":"m","messages":[{"role":"user","content":"q"}]}"#,
        "'max_tokens' is required",
    );
    check(
        Messages,
        r#"{"model":"m","max_tokens":5,"messages":[{"role":"system","content":"q"}]}"#,
        "role 'system'",
    );
    check(
        Messages,
        r#"{"model":"m","max_tokens":5,"system":"be brief","messages":[{"role":"user","content":"q"}]}"#,
        "prompt_tokens: 3",
    );
    check(
        Ollama,
        r#"{"model":"m","messages":[{"role":"user","content":"q"}],"options":{"num_predict":3}}"#,
        "stream: true",
    );
    check(Embeddings, r#"{"model":"m","input":"q","dimensions":0}"#, "expected 1 to");
    check(Embeddings, r#"{"model":"m","input":"q","encoding_format":"x"}"#, "float or base64");
}

fn script(api: Api, config: &Config, body: &str, fault: Option<Fault>) -> (Ask, Script) {
    let ask = api.parse(body.as_bytes()).unwrap();
    let mut decision = Decision { fault, answer: AnswerKind::Given, chance: Stream::new(1, "t", 0) };
    let pieces = Pieces::of("two words".into());
    let answer =
        Answer { pieces, kind: AnswerKind::Given, case: None, finish: Finish::Stop, tool_calls: Vec::new() };
    let script = Script::new(config, &ask, answer, &mut decision);
    (ask, script)
}

fn stream(api: Api, body: &str, fault: Option<Fault>) -> String {
    let config = Config { reasoning_tokens: 1, ..Config::default() };
    let (ask, script) = script(api, &config, body, fault);
    let head = Head { id: "i", model: "m", created: 0 };
    let mut encoder = api.encoder(&head, &ask, UsageIn::LastChunk);
    let bytes = script.events.iter().flat_map(|e| encoder.encode(e, &script)).collect();
    String::from_utf8(bytes).unwrap()
}

const CHAT: &str = r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"q"}]}"#;
const INPUT: &str = r#"{"model":"m","stream":true,"input":"q"}"#;

/// In order, each after the one before.
fn holds(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part).unwrap_or_else(|| panic!("'{part}' is not in its place in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn streams_have_the_vendors_forms() {
    holds(
        &stream(Api::Messages, CHAT, None),
        &[
            "event: message_start",
            "content_block_start",
            "thinking_delta",
            "content_block_stop",
            "\"index\":1",
            "text_delta",
            "\"two\"",
            "\" words\"",
            "content_block_stop",
            "\"stop_reason\":\"end_turn\"",
            "\"output_tokens\":3",
            "event: message_stop",
        ],
    );
    holds(
        &stream(Api::Responses, INPUT, None),
        &[
            "event: response.created",
            "response.reasoning_summary_text.delta",
            "response.output_item.added",
            "response.output_text.delta",
            "\"delta\":\"two\"",
            "\"delta\":\" words\"",
            "event: response.completed",
            "\"output_tokens\":3",
        ],
    );
    let lines = stream(Api::Ollama, CHAT, None);
    let parsed: Vec<Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(parsed.len(), 4, "{lines}");
    assert_eq!(parsed[3]["eval_duration"], json!(10_000_000));
    assert_eq!(parsed[3]["prompt_eval_duration"], json!(50_000_000));
    let echo = r#"{"model":"m","prompt":"a b","echo":true,"logprobs":2,"stream":true}"#;
    holds(
        &stream(Api::Completions, echo, None),
        &[
            "\"text\":\"a b\"",
            "\"token_logprobs\":[null,",
            "\"text_offset\":[0,1]",
            "\"text_offset\":[3]",
            "\"text_offset\":[6]",
            "\"finish_reason\":\"stop\"",
            "[DONE]",
        ],
    );
}

#[test]
fn faults_keep_each_protocols_form() {
    holds(&stream(Api::Messages, CHAT, Some(Fault::ErrorEvent)), &["event: error", "api_error"]);
    holds(&stream(Api::Responses, INPUT, Some(Fault::ErrorEvent)), &["event: error", "server_error"]);
    holds(&stream(Api::Ollama, CHAT, Some(Fault::ErrorEvent)), &["{\"error\":"]);
    for (api, body) in [(Api::Messages, CHAT), (Api::Responses, INPUT), (Api::Ollama, CHAT)] {
        let text = stream(api, body, Some(Fault::Malformed));
        let plain = |l: &&str| l.starts_with("data: ") || l.starts_with('{');
        let spoilt = text
            .lines()
            .filter(plain)
            .map(|l| l.trim_start_matches("data: "))
            .filter(|l| serde_json::from_str::<Value>(l).is_err());
        assert_eq!(spoilt.count(), 1, "{api:?}: {text}");
    }
    assert!(Api::Messages.error("m", "server_error", None, 500).contains("api_error"));
}

#[test]
fn log_probabilities_and_vectors_are_the_same_every_time() {
    let head = Head { id: "i", model: "m", created: 0 };
    let body = r#"{"model":"m","prompt":"a b","echo":true,"logprobs":1}"#;
    let (ask, plan) = script(Api::Completions, &Config::default(), body, None);
    let whole: Value = serde_json::from_slice(&Api::Completions.whole(&head, &ask, &plan)).unwrap();
    let choice = &whole["choices"][0];
    assert_eq!(choice["text"], json!("a btwo words"));
    assert_eq!(choice["logprobs"]["text_offset"], json!([0, 1, 3, 6]));
    let first: Vec<Option<f64>> =
        serde_json::from_value(choice["logprobs"]["token_logprobs"].clone()).unwrap();
    assert!(first[0].is_none() && first[1..].iter().all(|p| p.is_some_and(|p| (-4.0..0.0).contains(&p))));
    let embed = |text: &str, format: &str| -> Value {
        let body = json!({"model": "m", "input": text, "encoding_format": format}).to_string();
        let (ask, plan) = script(Api::Embeddings, &Config::default(), &body, None);
        serde_json::from_slice(&Api::Embeddings.whole(&head, &ask, &plan)).unwrap()
    };
    let vector = |v: Value| v["data"][0]["embedding"].clone();
    assert_eq!(vector(embed("x", "float")), vector(embed("x", "float")));
    assert_ne!(vector(embed("x", "float")), vector(embed("y", "float")));
    assert_eq!(vector(embed("x", "float")).as_array().unwrap().len(), 8);
    assert_eq!(vector(embed("x", "base64")).as_str().unwrap().len(), 44);
}
