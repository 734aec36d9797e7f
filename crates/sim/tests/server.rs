//! The server as a client sees it, over real sockets, beside its own truth.
//!
//! The client here is raw TCP on purpose: nothing between the bytes and the tests.

// Clippy allows these in test functions alone, and a client's methods are none.
#![allow(clippy::unwrap_used)]

use acidtest_sim::{
    AnswerKind, Config, Ended, EventKind, Fault, Finish, LocalSource, Options, Sim, SimError, Stats,
    TruthHead, TruthLine,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

struct Client {
    stream: TcpStream,
    rest: Vec<u8>,
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Whether the body ended as announced.
    whole: bool,
}

impl Client {
    fn new(sim: &Sim) -> Self {
        let stream = TcpStream::connect(sim.addr()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, rest: Vec::new() }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> Reply {
        self.send_raw(&request(method, path, body));
        self.receive()
    }

    fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    fn chat(&mut self, body: &Value) -> Reply {
        self.send("POST", "/v1/chat/completions", &body.to_string())
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(n) => {
                self.rest.extend_from_slice(&buffer[..n]);
                true
            }
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(e) => panic!("{e}"),
        }
    }

    fn take(&mut self, n: usize) -> Option<Vec<u8>> {
        while self.rest.len() < n {
            if !self.fill() {
                return None;
            }
        }
        Some(self.rest.drain(..n).collect())
    }

    fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.windows(2).position(|w| w == b"\r\n") {
                let line = self.rest.drain(..at + 2).collect::<Vec<_>>();
                return Some(String::from_utf8(line[..at].to_vec()).unwrap());
            }
            if !self.fill() {
                return None;
            }
        }
    }

    fn receive(&mut self) -> Reply {
        let mut head = String::new();
        loop {
            let line = self.line().expect("a whole head");
            if line.is_empty() {
                break;
            }
            head.push_str(&line.to_ascii_lowercase());
            head.push('\n');
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
        let (body, whole) = match length {
            Some(n) => {
                let n: usize = n.parse().unwrap();
                match self.take(n) {
                    Some(body) => (body, true),
                    None => (std::mem::take(&mut self.rest), false),
                }
            }
            None => self.chunked(),
        };
        Reply { status, head, body, whole }
    }

    fn chunked(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        while let Some(line) = self.line() {
            let n = usize::from_str_radix(&line, 16).unwrap();
            let Some(chunk) = self.take(n + 2) else {
                break;
            };
            body.extend_from_slice(&chunk[..n]);
            if n == 0 {
                return (body, true);
            }
        }
        (body, false)
    }
}

impl Reply {
    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The data of each event.
    fn events(&self) -> Vec<String> {
        let data = |block: &str| block.strip_prefix("data: ").map(str::to_owned);
        self.text().split("\n\n").filter_map(data).collect()
    }

    /// All the visible text of a stream.
    fn said(&self) -> String {
        let chunks = self.events().into_iter();
        chunks
            .filter_map(|e| serde_json::from_str::<Value>(&e).ok())
            .filter_map(|c| {
                let delta = &c["choices"][0]["delta"]["content"];
                delta.as_str().map(str::to_owned)
            })
            .collect()
    }
}

fn request(method: &str, path: &str, body: &str) -> Vec<u8> {
    let head =
        format!("{method} {path} HTTP/1.1\r\nhost: sim\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    head.into_bytes()
}

fn ask(question: &str) -> Value {
    json!({"model": "m", "messages": [{"role": "user", "content": question}]})
}

fn ask_stream(question: &str) -> Value {
    let mut ask = ask(question);
    ask["stream"] = true.into();
    ask["stream_options"] = json!({"include_usage": true});
    ask
}

/// A quick configuration with some fields replaced.
fn config(fields: Value) -> Config {
    let mut all = json!({"ttft_ms": 2, "gap_ms": 1, "tokens": 5});
    for (key, value) in fields.as_object().unwrap() {
        all[key] = value.clone();
    }
    serde_json::from_value(all).unwrap()
}

struct Running {
    sim: Sim,
    truth: PathBuf,
    _folder: tempfile::TempDir,
}

fn start(config: Config) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let truth = folder.path().join("truth.jsonl");
    let options = Options { truth: Some(truth.clone()), ..Options::new(config) };
    Running { sim: Sim::start(options).unwrap(), truth, _folder: folder }
}

impl Running {
    fn stop(self) -> (Stats, Vec<TruthLine>) {
        let stats = self.sim.stop().unwrap();
        (stats, read_truth(&self.truth))
    }
}

fn read_truth(path: &Path) -> Vec<TruthLine> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let head: TruthHead = serde_json::from_str(lines.next().unwrap()).unwrap();
    assert_eq!(head.schema, acidtest_sim::TRUTH_SCHEMA);
    lines.map(|l| serde_json::from_str(l).unwrap()).collect()
}

#[test]
fn a_stream_has_role_tokens_finish_usage_and_done() {
    let run = start(config(json!({})));
    let reply = Client::new(&run.sim).chat(&ask_stream("one two three"));
    assert!(reply.whole && reply.status == 200);
    assert!(reply.head.contains("content-type: text/event-stream"));
    let events = reply.events();
    assert_eq!(events.len(), 1 + 5 + 1 + 1 + 1);
    assert_eq!(events.last().unwrap(), "[DONE]");
    let chunk = |i: usize| serde_json::from_str::<Value>(&events[i]).unwrap();
    assert_eq!(chunk(0)["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(chunk(0)["model"], "m");
    assert_eq!(chunk(0)["usage"], Value::Null);
    assert_eq!(chunk(5)["choices"][0]["finish_reason"], Value::Null);
    assert_eq!(chunk(6)["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunk(7)["choices"], json!([]));
    let usage = &chunk(7)["usage"];
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(3), &json!(5)));
    assert_eq!(usage["total_tokens"], 8);
    assert_eq!(reply.said().split(' ').count(), 5);
    let (_, truth) = run.stop();
    assert_eq!(truth.len(), 1);
    assert_eq!(truth[0].id, chunk(0)["id"].as_str().unwrap());
    assert_eq!((truth[0].ended, truth[0].unsent), (Ended::Complete, 0));
    assert_eq!(truth[0].events.len(), events.len());
}

#[test]
fn without_a_role_chunk_the_first_token_carries_the_role() {
    let fields = json!({"role_chunk": false, "tokens_per_event": 2, "per_event_usage": true,
        "reasoning_tokens": 1});
    let run = start(config(fields));
    let mut ask = ask_stream("q");
    ask.as_object_mut().unwrap().remove("stream_options");
    let reply = Client::new(&run.sim).chat(&ask);
    let events = reply.events();
    let chunk = |i: usize| serde_json::from_str::<Value>(&events[i]).unwrap();
    let delta = |i: usize| chunk(i)["choices"][0]["delta"].clone();
    assert_eq!(delta(0)["role"], "assistant");
    assert!(delta(0)["reasoning_content"].is_string() && delta(0)["content"].is_null());
    assert!(delta(1)["role"].is_null() && delta(1)["content"].is_string());
    let counts: Vec<_> = (0..4).map(|i| chunk(i)["usage"]["completion_tokens"].clone()).collect();
    assert_eq!(counts, [1, 3, 5, 6]);
    assert_eq!(chunk(4)["choices"][0]["finish_reason"], "stop");
    assert_eq!(events.len(), 6);
}

#[test]
fn not_streaming_models_health_and_limits() {
    let run = start(config(json!({"model": "tiny"})));
    let mut client = Client::new(&run.sim);
    let whole = client.chat(&ask("q")).json();
    assert_eq!(whole["object"], "chat.completion");
    assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    assert_eq!(whole["usage"]["completion_tokens"], 5);
    let mut short = ask("q");
    short["max_tokens"] = 2.into();
    let short = client.chat(&short).json();
    assert_eq!(short["choices"][0]["finish_reason"], "length");
    let text = short["choices"][0]["message"]["content"].as_str().unwrap().to_owned();
    assert_eq!(text.split(' ').count(), 2);
    let models = client.send("GET", "/v1/models", "").json();
    assert_eq!(models["data"][0]["id"], "tiny");
    assert_eq!(client.send("GET", "/health", "").status, 200);
    let stats = client.send("GET", "/sim/stats", "").json();
    assert_eq!((&stats["requests"], &stats["connections"]), (&json!(2), &json!(1)));
    let (stats, truth) = run.stop();
    assert_eq!((stats.requests, stats.connections, stats.bad_requests), (2, 1, 0));
    let places: Vec<_> = truth.iter().map(|l| (l.connection, l.on_connection)).collect();
    assert_eq!(places, [(0, 0), (0, 1)], "one connection carried all");
    assert_eq!(truth[1].finish, Some(Finish::Length));
}

#[test]
fn bad_requests_are_answered_and_the_connection_lives() {
    let run = start(config(json!({})));
    let mut client = Client::new(&run.sim);
    for (method, path, body, status) in [
        ("POST", "/v1/chat/completions", "{", 400),
        ("POST", "/v1/chat/completions", r#"{"model":"m","messages":7}"#, 400),
        ("GET", "/v1/chat/completions", "", 405),
        ("POST", "/tokenize", "{}", 404),
        ("GET", "/", "", 404),
    ] {
        let reply = client.send(method, path, body);
        assert_eq!(reply.status, status, "{path} {body}");
        assert_eq!(reply.json()["error"]["code"], status);
        assert!(reply.json()["error"]["message"].is_string());
    }
    assert_eq!(client.chat(&ask("q")).status, 200);
    let (stats, truth) = run.stop();
    assert_eq!((stats.bad_requests, truth.len()), (5, 1));
}

#[test]
fn hostile_bytes_are_bounded() {
    let run = start(config(json!({})));
    let claim = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\n";
    let mut client = Client::new(&run.sim);
    client.send_raw(claim.as_bytes());
    assert_eq!(client.receive().status, 413);
    let mut client = Client::new(&run.sim);
    client.send_raw(b"\x16\x03\x01\x02\x00 this is no HTTP\r\n\r\n");
    assert_eq!(client.receive().status, 400);
    // A head without end: the server answers or closes, and never takes it all.
    let mut client = Client::new(&run.sim);
    client.send_raw(b"GET / HTTP/1.1\r\n");
    let line = format!("x: {}\r\n", "y".repeat(8000));
    let taken = (0..1000).take_while(|_| client.stream.write_all(line.as_bytes()).is_ok()).count();
    assert!(taken < 1000, "8 MB of header were read");
    // A chunked body beyond the limit.
    let mut client = Client::new(&run.sim);
    client.send_raw(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    let chunk = format!("100000\r\n{}\r\n", "z".repeat(1 << 20));
    let taken = (0..64).take_while(|_| client.stream.write_all(chunk.as_bytes()).is_ok()).count();
    assert!(taken < 64, "64 MB of body were read");
    assert_eq!(Client::new(&run.sim).chat(&ask("q")).status, 200);
    drop(run.stop());
}

/// All requests suffer the fault; gives a streamed and a whole reply, and the truth.
fn suffer(faults: Value) -> (Reply, Reply, Vec<TruthLine>) {
    let run = start(config(json!({"faults": faults})));
    let streamed = Client::new(&run.sim).chat(&ask_stream("q"));
    let whole = Client::new(&run.sim).chat(&ask("q"));
    let (_, mut truth) = run.stop();
    truth.sort_by_key(|l| l.arrival);
    (streamed, whole, truth)
}

#[test]
fn faults_with_a_status_of_their_own() {
    for (faults, status, fault) in [
        (json!({"rate_limited": 1, "retry_after_s": 7}), 429, Fault::RateLimited),
        (json!({"server_error": 1}), 500, Fault::ServerError),
        (json!({"overloaded": 1}), 529, Fault::Overloaded),
    ] {
        let (streamed, whole, truth) = suffer(faults);
        for reply in [streamed, whole] {
            assert_eq!((reply.status, reply.whole), (status, true));
            assert_eq!(reply.json()["error"]["code"], status);
            assert_eq!(reply.head.contains("retry-after: 7"), status == 429);
        }
        for line in truth {
            assert_eq!((line.status, line.fault, line.answer), (status, Some(fault), None));
            assert_eq!(line.events[0].kind, EventKind::Body);
        }
    }
}

#[test]
fn faults_behind_a_status_of_200() {
    let (streamed, whole, _) = suffer(json!({"html": 1}));
    assert!(streamed.text().contains("<html>") && streamed.head.contains("text/html"));
    assert_eq!(whole.status, 200);

    let (streamed, whole, truth) = suffer(json!({"error_event": 1}));
    let events = streamed.events();
    let error: Value = serde_json::from_str(&events[events.len() - 2]).unwrap();
    assert_eq!(error["error"]["code"], 500);
    assert!(streamed.whole && !streamed.said().is_empty());
    assert_eq!((whole.status, &whole.json()["error"]["code"]), (200, &json!(500)));
    assert!(truth[0].events.iter().any(|e| e.kind == EventKind::Error));

    let (streamed, whole, truth) = suffer(json!({"malformed": 1}));
    let broken = |e: &String| e != "[DONE]" && serde_json::from_str::<Value>(e).is_err();
    assert_eq!(streamed.events().iter().filter(|e| broken(e)).count(), 1);
    assert!(streamed.whole && whole.whole);
    assert!(serde_json::from_slice::<Value>(&whole.body).is_err());
    assert_eq!(truth[0].fault, Some(Fault::Malformed));
}

#[test]
fn cuts_and_stalls() {
    let (streamed, whole, truth) = suffer(json!({"cut": 1}));
    assert!(!streamed.whole && !whole.whole);
    assert!(!streamed.said().is_empty() && !streamed.text().contains("[DONE]"));
    assert!(!whole.body.is_empty());
    for line in &truth {
        assert_eq!((line.ended, line.unsent), (Ended::Cut, 0));
        let last = line.events.last().unwrap();
        assert_eq!(last.kind, EventKind::Cut);
        assert!(last.after_ns >= last.before_ns && last.before_ns >= last.scheduled_ns);
    }
    assert_eq!(truth[0].events.len() - 1, streamed.events().len());

    let (streamed, _, truth) = suffer(json!({"stall": {"share": 1, "ms": 60}}));
    assert!(streamed.whole);
    let due: Vec<_> = truth[0].events.iter().map(|e| e.scheduled_ns).collect();
    let pauses = due.windows(2).filter(|w| w[1] - w[0] >= 60_000_000);
    assert_eq!(pauses.count(), 1);
    assert!(truth[0].events.iter().all(|e| e.before_ns >= e.scheduled_ns));
}

#[test]
fn exact_shares_and_truth_agree_with_what_arrived() {
    let folder = tempfile::tempdir().unwrap();
    let fields = json!({"exact": true, "threads": 2, "ttft_ms": 1, "gap_ms": 0, "tokens": 3,
        "faults": {"rate_limited": 0.10, "cut": 0.02, "stall": {"share": 0.01, "ms": 5}},
        "answers": {"file": cases_file(folder.path()), "wrong": 0.20, "empty": 0.05}});
    let run = start(config(fields));
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|w| {
                let sim = &run.sim;
                scope.spawn(move || {
                    let mut client = Client::new(sim);
                    let mut fates = Vec::new();
                    for i in 0..50 {
                        let reply = client.chat(&ask_stream(&format!("{w} {i}\nWhich metal?")));
                        if !reply.whole {
                            client = Client::new(sim);
                        }
                        fates.push(match (reply.status, reply.whole, reply.said().as_str()) {
                            (429, ..) => "limited",
                            (_, false, _) => "cut",
                            (_, _, "bronze") => "right",
                            (_, _, "") => "empty",
                            _ => "wrong",
                        });
                    }
                    fates
                })
            })
            .collect();
        for worker in workers {
            for fate in worker.join().unwrap() {
                *seen.entry(fate).or_default() += 1;
            }
        }
    });
    let (stats, truth) = run.stop();
    assert_eq!((seen["limited"], seen["cut"]), (20, 4));
    assert_eq!((stats.faults["stall"], stats.faults["none"]), (2, 174));
    let count = |kind| {
        let whole = |l: &&TruthLine| l.ended == Ended::Complete && l.answer == Some(kind);
        truth.iter().filter(whole).count() as u32
    };
    assert_eq!(seen["right"], count(AnswerKind::Given));
    assert_eq!(seen["wrong"], count(AnswerKind::Wrong));
    assert_eq!(seen["empty"], count(AnswerKind::Empty));
    let mut arrivals: Vec<_> = truth.iter().map(|l| l.arrival).collect();
    arrivals.sort_unstable();
    assert_eq!(arrivals, (0..200).collect::<Vec<_>>());
}

fn cases_file(folder: &Path) -> PathBuf {
    let path = folder.join("cases.jsonl");
    let lines = [
        r#"{"id": "a", "question": "Which metal?", "answer": "bronze", "also": []}"#,
        r#"{"id": "b", "question": "Which stone?", "answer": "marble"}"#,
    ];
    std::fs::write(&path, lines.join("\n")).unwrap();
    path
}

#[test]
fn stamps_follow_the_schedule_and_each_other() {
    let run = start(config(json!({"ttft_ms": 10, "gap_ms": 3, "tokens": 8})));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| Client::new(&run.sim).chat(&ask_stream("q")));
        }
    });
    let (stats, truth) = run.stop();
    assert_eq!((truth.len(), stats.tokens, stats.lateness.n), (8, 64, 64));
    for line in truth {
        let tokens: Vec<_> = line.events.iter().filter(|e| e.tokens > 0).collect();
        for (k, event) in tokens.iter().enumerate() {
            let due = line.start_ns + 10_000_000 + 3_000_000 * k as i64;
            assert_eq!(event.scheduled_ns, due, "an absolute schedule");
        }
        let stamps = line.events.iter().flat_map(|e| [e.before_ns, e.after_ns]);
        assert!(stamps.clone().is_sorted(), "one write an event, in order");
        assert!(line.events.iter().all(|e| e.before_ns >= e.scheduled_ns));
        assert!(stamps.min().unwrap() >= line.received_ns);
    }
    assert!(stats.lateness.p50_ns <= stats.lateness.p99_ns);
    assert!(stats.lateness.p99_ns <= stats.lateness.max_ns);
}

#[test]
fn slots_make_requests_queue() {
    let run = start(config(json!({"slots": 1, "ttft_ms": 15, "tokens": 1})));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| Client::new(&run.sim).chat(&ask_stream("q")));
        }
    });
    let (_, mut truth) = run.stop();
    truth.sort_by_key(|l| l.start_ns);
    for pair in truth.windows(2) {
        let last = pair[0].events.iter().find(|e| e.kind == EventKind::Content);
        assert!(pair[1].start_ns >= last.unwrap().after_ns);
        assert!(pair[1].start_ns > pair[1].received_ns);
    }
}

#[test]
fn a_client_that_leaves_is_not_laid_to_us_and_truth_is_readable_meanwhile() {
    let run = start(config(json!({"ttft_ms": 1, "gap_ms": 20, "tokens": 500})));
    let mut client = Client::new(&run.sim);
    let body = ask_stream("q").to_string();
    client.send_raw(&request("POST", "/v1/chat/completions", &body));
    assert!(client.fill());
    drop(client);
    let deadline = std::time::Instant::now() + Duration::from_secs(3);
    // The server still runs: the line must be there by itself.
    while read_truth(&run.truth).is_empty() {
        assert!(std::time::Instant::now() < deadline, "no line in the file");
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stays = Client::new(&run.sim);
    stays.send_raw(&request("POST", "/v1/chat/completions", &body));
    assert!(stays.fill());
    let (_, truth) = run.stop();
    assert_eq!((truth[0].ended, truth[1].ended), (Ended::ClientGone, Ended::Stopped));
    assert!(truth[0].unsent > 400 && !truth[0].events.is_empty());
}

#[test]
fn requests_sent_ahead_are_answered_in_order_with_stamps_of_their_own() {
    let run = start(config(json!({})));
    let mut client = Client::new(&run.sim);
    let one = request("POST", "/v1/chat/completions", &ask_stream("q").to_string());
    client.send_raw(&[one.clone(), one].concat());
    let replies = [client.receive(), client.receive()];
    assert!(replies.iter().all(|r| r.whole && r.events().len() == 9));
    let (_, truth) = run.stop();
    assert!(truth.iter().all(|l| l.ended == Ended::Complete && l.events.len() == 9));
}

#[test]
fn a_taken_port_and_bad_files_are_clear_errors() {
    let run = start(config(json!({})));
    let mut options = Options::new(Config::default());
    options.listen = run.sim.addr();
    let error = Sim::start(options).err().unwrap();
    assert!(matches!(error, SimError::PortInUse(addr) if addr == run.sim.addr()), "{error}");
    let broken = config(json!({"answers": {"file": "/no/such/file.jsonl"}}));
    let error = Sim::start(Options::new(broken)).err().unwrap().to_string();
    assert!(error.contains("/no/such/file.jsonl"), "{error}");
    let mut options = Options::new(Config::default());
    options.truth = Some("/no/such/folder/truth.jsonl".into());
    assert!(matches!(Sim::start(options), Err(SimError::Truth { .. })));
}

#[test]
fn run_serves_until_it_is_stopped() {
    let options = Options::new(config(json!({"threads": 2})));
    let shutdown = options.shutdown.clone();
    let (ready, addr) = std::sync::mpsc::channel();
    let server = std::thread::spawn(move || {
        acidtest_sim::run(options, |addr| ready.send(addr).expect("the test waits"))
    });
    let addr = addr.recv_timeout(Duration::from_secs(3)).unwrap();
    assert!(TcpStream::connect(addr).is_ok());
    shutdown.stop();
    let stats = server.join().unwrap().unwrap();
    assert_eq!(stats.requests, 0);
    assert!(TcpStream::connect(addr).is_err(), "the port is closed again");
}

#[test]
fn the_guide_answers_over_the_wire() {
    let mut config = Config::local(LocalSource::DocentSearch);
    config.gap_ms = "0".parse().unwrap();
    let run = start(config);
    let mut client = Client::new(&run.sim);
    let reply = client.chat(&ask_stream("How tall is the Gyeongcheonsa Pagoda?"));
    assert!(reply.said().contains("13.5 metres"), "{}", reply.said());
    let reply = client.chat(&ask_stream("주차 요금은 얼마예요?"));
    assert!(reply.said().starts_with("죄송합니다."));
    let (_, truth) = run.stop();
    assert_eq!(truth[0].case.as_deref(), Some("gyeongcheonsa-pagoda"));
    assert_eq!(truth[1].case, None);
}

#[test]
fn metrics_show_what_runs_and_what_waits() {
    let run = start(config(json!({"slots": 1, "ttft_ms": 60_000, "tokens": 1})));
    let mut asking: Vec<Client> = (0..3).map(|_| Client::new(&run.sim)).collect();
    for client in &mut asking {
        let body = ask_stream("hi");
        client.send_raw(&request("POST", "/v1/chat/completions", &body.to_string()));
    }
    let mut watcher = Client::new(&run.sim);
    let mut page = |wanted: &str| {
        let mut text = String::new();
        for _ in 0..500 {
            let reply = watcher.send("GET", "/metrics", "");
            assert_eq!(reply.status, 200);
            assert!(reply.head.contains("text/plain; version=0.0.4"), "{}", reply.head);
            text = String::from_utf8(reply.body).unwrap();
            if text.contains(wanted) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no '{wanted}' in {text}");
    };
    page("acidtest_sim_requests_waiting 2\n");
    page("acidtest_sim_requests_running 1\n");
    drop(asking);
    page("acidtest_sim_requests_waiting 0\n");
}
