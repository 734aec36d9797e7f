//! `acidtest view`: its address, its refusals, its end; a run that is seen while it goes on.

use crate::{Place, cases};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

const SUITE: &str = "name: test\ntargets:\n  - { name: t0, url: \"sim:t0\", model: sim, sim: { ttft_ms: 20, gap_ms: 2, answers: { file: cases.jsonl, wrong: 0.2 } } }\n\
     prompt: \"{{ question }}\"\n\
     cases: { file: cases.jsonl, map: { expected: answer } }\nscorers: [contains]\n\
     phases: [closed: 2]\ngates: [\"accuracy >= 10 %\"]\n";

fn place() -> Place {
    let place = Place::new();
    place.file("cases.jsonl", &cases(40));
    place.file("suite.yaml", SUITE);
    place
}

/// A server that is killed with the test.
struct Viewing {
    child: Child,
    address: String,
}

impl Viewing {
    /// Starts it on a free port and reads the address that it prints first.
    fn start(place: &Place, args: &[&str]) -> Self {
        let mut command = place.command(&["view", "--listen", "127.0.0.1:0"]);
        let mut child = command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut address).unwrap();
        Self { child, address: address.trim_end().to_owned() }
    }

    /// `127.0.0.1:PORT`.
    fn host(&self) -> &str {
        let rest = self.address.strip_prefix("http://").unwrap_or_else(|| panic!("{:?}", self.address));
        rest.split_once('/').unwrap().0
    }

    /// What follows the `#`.
    fn fragment(&self) -> &str {
        self.address.split_once('#').unwrap().1
    }

    fn get(&self, path: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let host = self.host();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Asks until an answer is as wanted.
    fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..1500 {
            let (_, answer) = self.get(path);
            if wanted(&answer) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{path} never became what it should");
    }
}

impl Drop for Viewing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_run_is_seen_while_it_goes_on_and_after() {
    let place = place();
    // Nothing is stored yet: the page waits for the first run.
    let view = Viewing::start(&place, &[]);
    assert!(view.fragment().starts_with("token=") && view.fragment().len() > 30, "{}", view.address);
    assert_eq!(view.get("/api/runs").1["total"], 0);
    let mut run = place.command(&["run", "suite.yaml", "--quiet"]);
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let line = view.until("/api/runs", |list| list["runs"][0]["requests"].as_u64() > Some(0));
    let id = line["runs"][0]["id"].as_str().unwrap().to_owned();
    // What was computed before may be of an empty run; the next one is not.
    view.until("/api/runs/latest", |page| page["as_of_requests"].as_u64() > Some(0));
    assert!(run.wait().unwrap().success());
    let page = view.until(&format!("/api/runs/{id}"), |page| page["report"]["run"]["state"] == "done");
    assert_eq!(page["as_of_requests"], 40);
    // What the page shows is what `report` says.
    let report: Value =
        serde_json::from_str(&place.run(&["report", "--format", "json"]).exits(0).out()).unwrap();
    assert_eq!(page["report"], report);
    // The address may lead to a run, and the token comes behind it.
    let at = Viewing::start(&place, &["latest"]);
    assert!(at.fragment().starts_with(&format!("/run/{id}?token=")), "{}", at.address);
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_its_streams() {
    let mut view = Viewing::start(&place(), &[]);
    let mut stream = TcpStream::connect(view.host()).unwrap();
    write!(stream, "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut first = [0; 15];
    stream.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    let pid = view.child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success());
    let mut rest = String::new();
    stream.read_to_string(&mut rest).unwrap();
    assert!(rest.ends_with("0\r\n\r\n"), "the stream has an end of its own: {rest:?}");
    assert_eq!(view.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_cannot_be_served_is_said() {
    let place = place();
    let said = |args: &[&str], words: &[&str]| {
        let ran = place.run(&[&["view"], args].concat()).exits(2);
        for word in words {
            assert!(ran.err().contains(word), "{args:?}: {word} in\n{}", ran.err());
        }
    };
    said(&["--store", "no.db"], &["no store at 'no.db'", "hint: "]);
    said(&["latest"], &["no store at", "hint: "]);
    place.file("text.db", "not a store");
    said(&["--store", "text.db"], &["not an acidtest store"]);
    said(&["--host", "http://x"], &["--host 'http://x' is no name", "without http://"]);
    said(&["--host", "x:80"], &["no name of a machine"]);
    said(&["--token-env", "ACIDTEST_NO_SUCH"], &["ACIDTEST_NO_SUCH", "not set", "export"]);
    said(&["--listen", "127.0.0.1"], &["--listen"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    said(&["--listen", &address], &["the port is in use", "--listen 127.0.0.1:0 takes a free port"]);
    let short = place.command(&["view", "--token-env", "T"]).env("T", "short").output().unwrap();
    assert_eq!(short.status.code(), Some(2));
    let err = String::from_utf8_lossy(&short.stderr).into_owned();
    assert!(err.contains("--token-env T") && err.contains("16 to 256") && !err.contains("short"), "{err}");
}

#[test]
fn a_chosen_token_is_the_one_of_the_address() {
    let place = place();
    let mut command = place.command(&["view", "--listen", "127.0.0.1:0", "--token-env", "T"]);
    let token = "a-token-of-the-user-s-own";
    let mut child = command.env("T", token).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.trim_end().ends_with(&format!("/#token={token}")), "{line}");
}
