//! `ask`: one request and its speed card, our times and the server's apart.

use crate::Place;
use std::io::{Read, Write};
use std::net::TcpListener;

/// A server that answers one request with these bytes.
fn answers_once(body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.ends_with(b"}") {
            let n = stream.read(&mut buffer).unwrap();
            seen.extend_from_slice(&buffer[..n]);
        }
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
    });
    url
}

/// Groq's form: the times of the definition of the speed card.
const TIMED: &str = r#"{"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Blue."},"finish_reason":"stop"}],"usage":{"queue_time":0.01,"prompt_tokens":170,"prompt_time":0.075,"completion_tokens":21,"completion_time":0.024,"total_tokens":191,"total_time":0.099}}"#;

#[test]
fn the_card_has_the_servers_own_speeds_cut_not_rounded() {
    let place = Place::new();
    let url = answers_once(TIMED);
    let ran = place.run(&["ask", "--url", &url, "--model", "m", "--no-stream", "What colour?"]).exits(0);
    let out = ran.out();
    assert!(out.starts_with("Blue.\n\nSPEED CARD"), "{out}");
    for row in [
        ["input", "2267 T/s", "170", "0.07 s"],
        ["output", "875 T/s", "21", "0.02 s"],
        ["total", "1929 T/s", "191", "0.09 s"],
    ] {
        let line = out.lines().find(|l| l.trim_start().starts_with(row[0])).expect(row[0]);
        assert!(row.iter().all(|cell| line.contains(cell)), "{line}");
    }
    assert!(out.contains("needs a streamed answer"), "{out}");
    assert!(!place.path().join(".acidtest").exists(), "a question in passing leaves nothing behind");
}

#[test]
fn a_built_in_server_answers_and_json_has_both_sides() {
    let place = Place::new();
    let args = ["ask", "--url", "local:docent-search", "--format", "json", "How tall is the David?"];
    let json = place.run(&args).exits(0).json();
    assert!(json["answer"].as_str().unwrap().contains("5.17"), "{json}");
    let card = &json["card"];
    let total = &card["measured"]["total"];
    assert!(total["tokens_per_s"].as_f64().unwrap() > 0.0, "{card}");
    assert!(card["round_trip_s"].as_f64().unwrap() >= card["ttft_s"].as_f64().unwrap(), "{card}");
    assert!(card["server"].is_null(), "{card}");
}

#[test]
fn the_prompt_may_come_from_standard_input_and_a_store_keeps_the_record() {
    let place = Place::new();
    let prompt = place.file("prompt.txt", "다비드의 높이는 얼마인가요?");
    let mut command = place.command(&["ask", "--url", "local:docent-search", "--store", "kept.db", "-"]);
    let out = command.stdin(std::fs::File::open(prompt).unwrap()).output().unwrap();
    assert!(String::from_utf8(out.stdout).unwrap().contains("5.17"));
    let runs = place.run(&["runs", "--store", "kept.db", "--format", "json"]).exits(0).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
}

#[test]
fn what_cannot_be_asked_says_why() {
    let place = Place::new();
    let gone = place.run(&["ask", "--url", "http://127.0.0.1:1/v1", "--model", "m", "hi"]).exits(3);
    assert!(gone.err().contains("no connection") && gone.err().contains("hint:"), "{}", gone.err());
    let nameless = place.run(&["ask", "--url", "http://127.0.0.1:1/v1", "hi"]).exits(2);
    assert!(nameless.err().contains("--model"), "{}", nameless.err());
    let param = place.run(&["ask", "--url", "local:docent-search", "--param", "temperature", "hi"]).exits(2);
    assert!(param.err().contains("NAME=VALUE"), "{}", param.err());
    let unknown = place.run(&["ask", "--url", "local:nobody", "hi"]).exits(2);
    assert!(unknown.err().contains("local:nobody"), "{}", unknown.err());
}
