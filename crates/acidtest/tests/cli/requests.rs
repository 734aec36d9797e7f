//! Requests of every kind, end to end: what is sent, and what counts as an answer.

use crate::{Place, estimate};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// A chat server that keeps what it is asked and answers by a function of it.
struct Server {
    url: String,
    asked: Arc<Mutex<Vec<Value>>>,
}

fn serve(answer: fn(&Value) -> Value) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
    let kept = asked.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let kept = kept.clone();
            std::thread::spawn(move || {
                let mut bytes = Vec::new();
                let mut buffer = [0; 4096];
                loop {
                    let text = String::from_utf8_lossy(&bytes).to_lowercase();
                    if let Some(head) = text.find("\r\n\r\n") {
                        let length =
                            text.split("content-length: ").nth(1).and_then(|t| t.split("\r\n").next());
                        if bytes.len() >= head + 4 + length.unwrap().parse::<usize>().unwrap() {
                            bytes.drain(..head + 4);
                            break;
                        }
                    }
                    match stream.read(&mut buffer) {
                        Ok(0) | Err(_) => return,
                        Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                    }
                }
                let ask: Value = serde_json::from_slice(&bytes).unwrap();
                let body = json!({"id": "x", "model": "m", "choices": [
                    {"index": 0, "message": answer(&ask), "finish_reason": "stop"}]})
                .to_string();
                kept.lock().unwrap().push(ask);
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            });
        }
    });
    Server { url, asked }
}

fn suite(url: &str, rest: &str) -> String {
    format!("name: kinds\ntarget: {{ name: server, url: \"{url}\", model: m, stream: false }}\n{rest}")
}

#[test]
fn examples_system_and_tools_are_sent() {
    let server = serve(|_| json!({"role": "assistant", "content": "4"}));
    let place = Place::new();
    let rest = r#"
prompt: { system: "Be brief.", messages: "Q: {{ question }}" }
shots: { from: train, n: 2, pick: seeded }
tools: [{ name: search, parameters: { type: object } }]
cases:
  - { id: a, question: one, expected: "1", split: train }
  - { id: b, question: two, expected: "2", split: train }
  - { id: c, question: three, expected: "3", split: train }
  - { id: d, question: four, expected: "4", split: test, tools: [{ type: function, function: { name: other } }] }
"#;
    let path = place.file("suite.yaml", &suite(&server.url, rest)).display().to_string();
    place.run(&["run", &path, "-q"]).exits(0);
    let first = server.asked.lock().unwrap().clone();
    assert_eq!(first.len(), 4);
    let contents = |ask: &Value| -> Vec<String> {
        ask["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["content"].as_str().unwrap().to_owned())
            .collect()
    };
    for ask in &first {
        let said = contents(ask);
        assert_eq!((said.len(), said[0].as_str()), (6, "Be brief."));
        let own = said.last().unwrap();
        assert!(!said[1..5].contains(own), "never its own example: {said:?}");
        let name = &ask["tools"][0]["function"]["name"];
        assert_eq!(name, if own == "Q: four" { "other" } else { "search" });
    }
    place.run(&["run", &path, "-q"]).exits(0);
    let mut all: Vec<Vec<String>> = server.asked.lock().unwrap().iter().map(contents).collect();
    all.sort();
    assert!(all.chunks(2).all(|pair| pair[0] == pair[1]), "the same seed shows the same examples");
}

#[test]
fn unfinished_thinking_is_truncated_whatever_the_server_says() {
    let server = serve(|ask| {
        let thought = match ask["messages"][0]["content"].as_str().unwrap() {
            "done" => "<think>is it 5?</think>4",
            "tagged" => "<plan>is it 5?</plan>4",
            _ => "<think>it is 4, surely 4",
        };
        json!({"role": "assistant", "content": thought})
    });
    let place = Place::new();
    let rest = "prompt: \"{{ q }}\"\nthinking: [plan]\nscorers: [exact]\ncases:\n\
                - { q: done, expected: 4 }\n- { q: tagged, expected: 4 }\n- { q: cut, expected: 4 }\n";
    let path = place.file("suite.yaml", &suite(&server.url, rest)).display().to_string();
    let report = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
    let accuracy = estimate(&report, "accuracy", "share");
    assert!((accuracy["value"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{accuracy}");
    let failure = &report["failures"][0];
    assert_eq!(
        (&failure["delivery"], &failure["reason"]),
        (&json!("truncated"), &json!("truncated: counts as wrong"))
    );
}

#[test]
fn a_tool_call_is_stored_whole_and_is_no_empty_answer() {
    let place = Place::new();
    let calls = r#"{"id": "w", "question": "weather?", "tool_calls": [{"name": "weather", "arguments": {"city": "서울"}}]}"#;
    place.file("cases.jsonl", &format!("{calls}\n"));
    for stream in ["true", "false"] {
        let rest = format!(
            "name: kinds\ntarget: {{ name: server, url: \"sim:calls\", model: sim, stream: {stream}, \
             sim: {{ ttft_ms: 1, gap_ms: 0, answers: {{ file: cases.jsonl }} }} }}\n\
             prompt: \"{{{{ question }}}}\"\ncases: [{{ question: \"weather?\", expected: sunny }}]\n\
             tools: [{{ name: weather }}]\n"
        );
        let path = place.file("suite.yaml", &rest).display().to_string();
        let report = place.run(&["run", &path, "-q", "--format", "json"]).exits(0).json();
        let failure = &report["failures"][0];
        assert_eq!(failure["delivery"], "complete", "{failure}");
        assert_eq!(failure["output"], r#"weather({"city":"서울"})"#);
    }
}

#[test]
fn raw_text_for_a_chat_endpoint_is_refused_before_anything_is_sent() {
    let server = serve(|_| json!({"role": "assistant", "content": "4"}));
    let place = Place::new();
    let rest = "prompt: { raw: \"{{ q }}\" }\ncases: [{ q: one, expected: 1 }]\n";
    let path = place.file("suite.yaml", &suite(&server.url, rest)).display().to_string();
    let ran = place.run(&["run", &path, "-q"]).exits(2);
    assert!(ran.err().contains("takes messages only"), "{}", ran.err());
    assert!(server.asked.lock().unwrap().is_empty());
}

#[test]
fn wrong_forms_are_shown_in_their_line() {
    let place = Place::new();
    let check = |rest: &str, words: &str| {
        let path = place.file("suite.yaml", &suite("http://127.0.0.1:1/v1", rest)).display().to_string();
        let ran = place.run(&["run", &path]).exits(2);
        assert!(ran.err().contains(words) && ran.err().contains("^"), "{words} in\n{}", ran.err());
    };
    let cases = "cases: [{ q: one, expected: 1 }]\n";
    check(&format!("form: likely\nprompt: x\n{cases}"), "unknown form 'likely'");
    check(&format!("prompt: {{ raw: x, system: y }}\n{cases}"), "raw text has no 'system'");
    check(
        &format!(
            "form: rolling\nprompt: [{{ role: system, content: a }}, {{ role: user, content: b }}]\n{cases}"
        ),
        "scores one text",
    );
    check(&format!("prompt: x\nshots: {{ from: train, n: 1 }}\n{cases}"), "no case is of the split 'train'");
    check(
        &format!("prompt: '{{{{ q }}}}'\nshots: {{ from: [{{ q: two, expected: 2 }}], n: 2 }}\n{cases}"),
        "has 1",
    );
    check(
        &format!("prompt: '{{{{ q }}}}'\nshots: {{ from: [{{ z: two }}], n: 1 }}\n{cases}"),
        "has no variable",
    );
    check(&format!("prompt: {{ messages: x, chat_template: '{{{{ x' }}\n{cases}"), "syntax error");
    check(
        &format!("prompt: x\ntools: [{{ function: {{}} }}]\n{cases}"),
        "a tool needs a function with a name",
    );
    check(&format!("prompt: x\ntools: none.json\n{cases}"), "cannot read");
    check(&format!("prompt: x\nthinking: ['<x>']\n{cases}"), "cannot be the name of a tag");
    check(
        &format!(
            "prompt: {{ raw: x, form: rolling, likelihood: {{ window: {{ size: 2, context: 3 }} }} }}\n{cases}"
        ),
        "more than the window",
    );
    check("form: loglikelihood\nprompt: '{{ q }}'\ncases: [{ q: x, choices: [] }]\n", "holds 0 choices");
}
