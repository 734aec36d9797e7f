//! What must not break it: a clear error or a classed failure, nothing lost.

use crate::{Place, Sim, cases, estimate, suite};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;

#[track_caller]
fn check(args: &[&str], prepare: impl Fn(&Place), code: i32, words: &[&str]) {
    let place = Place::new();
    prepare(&place);
    let ran = place.run(args).exits(code);
    for word in words {
        assert!(ran.err().contains(word), "'{word}' in\n{}", ran.err());
    }
    assert!(!ran.err().contains("panicked") && !ran.err().contains("has a bug"), "{}", ran.err());
}

#[test]
fn files_and_flags() {
    let nothing = |_: &Place| {};
    check(&["run", "nowhere.yaml"], nothing, 2, &["nowhere.yaml"]);
    check(&["report"], nothing, 2, &["no store", "hint:"]);
    check(&["runs", "show", "latest", "--store", "no.db"], nothing, 2, &["no.db"]);
    check(&["bench", "--url", "nonsense", "--model", "m"], nothing, 2, &["nonsense"]);
    check(&["bench", "--url", "http://u:p@h/v1", "--model", "m"], nothing, 2, &["user"]);
    check(
        &["bench", "--url", "http://127.0.0.1:1/v1", "--model", "m", "--gate", "ttft.p95"],
        nothing,
        2,
        &["--gate", "hint:"],
    );
    check(
        &["bench", "--url", "http://127.0.0.1:1/v1", "--model", "m", "--key", "NO_SUCH_VARIABLE_HERE"],
        nothing,
        2,
        &["NO_SUCH_VARIABLE_HERE"],
    );
    check(
        &["bench", "--url", "http://127.0.0.1:1/v1", "--model", "m", "--rate", "0"],
        nothing,
        2,
        &["--rate"],
    );
    check(&["sim", "--config-json", "{\"ttft\": 1}"], nothing, 2, &["ttft"]);
    let other = |p: &Place| {
        p.file("x.db", "this is not a database, but it is long enough to look at\n");
    };
    check(&["report", "--store", "x.db"], other, 2, &["not an acidtest store"]);
}

#[test]
fn a_broken_case_line_is_named() {
    let prepare = |p: &Place| {
        p.file("cases.jsonl", "{\"id\":\"a\",\"question\":\"q\",\"answer\":\"x\"}\n{\"id\": oops}\n");
        p.file("suite.yaml", &suite("http://127.0.0.1:1/v1", "[closed: 1]", ""));
    };
    check(&["run", "suite.yaml"], prepare, 2, &["cases.jsonl", "2"]);
}

#[test]
fn a_store_that_cannot_be_written_stops_before_anything_is_sent() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(3));
    place.file("suite.yaml", &suite("sim:s", "[closed: 1]", ""));
    let ran = place.run(&["run", "suite.yaml", "--store", "/proc/nowhere/acidtest.db"]);
    assert_eq!(ran.code(), 4, "{}", ran.err());
    assert!(ran.err().contains("/proc/nowhere"), "{}", ran.err());
}

/// A server that answers every request with these bytes and closes.
fn canned(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let answer = answer.clone();
            std::thread::spawn(move || {
                let mut buffer = [0; 65536];
                let _ = stream.read(&mut buffer);
                let _ = stream.write_all(&answer);
            });
        }
    });
    url
}

#[test]
fn hostile_servers_give_classed_failures() {
    let http = |head: &str, body: &str| {
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
            .into_bytes()
    };
    let sse = |body: &str| http("200 OK\r\ncontent-type: text/event-stream", body);
    for (name, answer, class) in [
        ("html", http("200 OK\r\ncontent-type: text/html", "<html>login</html>"), "malformed"),
        ("not json", sse("data: {oops\n\n"), "malformed"),
        ("gzip", http("200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: gzip", "xxxx"), "malformed"),
        ("redirect", http("302 Found\r\nlocation: http://127.0.0.1:1/", ""), "redirect"),
        ("429", http("429 Too Many Requests\r\nretry-after: 1", "{}"), "429"),
        ("529", http("529 Overloaded", "{}"), "529"),
        ("503", http("503 Unavailable", "{}"), "5xx"),
        ("401", http("401 Unauthorized", "{\"error\":{\"message\":\"bad key\"}}"), "4xx"),
        ("cut", b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 999\r\nconnection: close\r\n\r\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n".to_vec(), "cut_stream"),
        ("error event", sse("data: {\"error\":{\"message\":\"overloaded\"}}\n\n"), "error_event"),
        ("no http", b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), "malformed"),
    ] {
        let place = Place::new();
        let url = canned(answer);
        let ran = place.run(&["bench", "--url", &url, "--model", "m", "--requests", "3", "--format", "json"]).exits(3);
        let report = ran.json();
        let rows: Vec<&serde_json::Value> = report["tables"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|t| t["name"] == "errors")
            .flat_map(|t| t["rows"].as_array().unwrap())
            .collect();
        assert_eq!(rows.len(), 1, "{name}: {rows:?}");
        assert_eq!((rows[0]["class"].as_str(), rows[0]["count"].as_u64()), (Some(class), Some(3)), "{name}");
    }
}

#[test]
fn secrets_never_reach_the_store_or_the_screen() {
    let canary = "sk-canary-0123456789abcdef";
    let body = format!("{{\"error\":{{\"message\":\"Incorrect API key provided: {canary}\"}}}}");
    let url = canned(
        format!(
            "HTTP/1.1 401 Unauthorized\r\ncontent-length: {}\r\nx-request-id: {canary}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes(),
    );
    let place = Place::new();
    let ran = place
        .command(&[
            "bench",
            "--url",
            &url,
            "--model",
            "m",
            "--requests",
            "2",
            "--key",
            "CANARY",
            "--header",
            "X-Also: ${CANARY}",
            "--store",
            "s.db",
            "--format",
            "json",
        ])
        .env("CANARY", canary)
        .output()
        .unwrap();
    let seen = [ran.stdout, ran.stderr].concat();
    assert!(!String::from_utf8_lossy(&seen).contains(canary));
    for entry in std::fs::read_dir(place.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(canary.len()).any(|w| w == canary.as_bytes()));
    }
    // What the report shows of the failure is masked, not missing.
    let report = place.run(&["runs", "show", "latest", "--store", "s.db"]).exits(0).out();
    assert!(report.contains("CANARY"), "the variable's name stays");
}

#[test]
fn a_key_given_in_a_header_is_refused_and_not_shown() {
    let place = Place::new();
    for (command, header) in [
        ("bench", "Authorization: Bearer canary-1234567"),
        ("bench", "x-api-key:canary-1234567"),
        ("bench", "X-Team: sk-canary-1234567"),
        ("ask", "X-Team: token=sk-canary-1234567"),
    ] {
        let mut args = vec![command, "--url", "sim:fast", "--header", header, "--store", "s.db"];
        if command == "ask" {
            args.push("hello");
        }
        let ran = place.run(&args).exits(2);
        assert!(ran.err().contains("--header") && ran.err().contains("${MY_KEY}"), "{}", ran.err());
        assert!(!ran.err().contains("canary"), "{}", ran.err());
        assert!(!place.path().join("s.db").exists());
    }
}

#[test]
fn retries_end_well_and_all_attempts_are_on_record() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(30));
    let sim = Sim::start(
        &place,
        &json!({"ttft_ms": 1, "gap_ms": 0, "seed": 3, "answers": {"file": "cases.jsonl"},
        "faults": {"server_error": 0.3}}),
        &[],
    );
    let text = suite(&sim.url, "[closed: 4]", "retry: { attempts: 8, wait: 1 ms }");
    place.file("suite.yaml", &text);
    let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(0).json();
    assert_eq!(estimate(&report, "accuracy", "share")["n"]["requests"], json!(30));
    let records = report["run"]["records"].as_u64().unwrap();
    assert!(records > 30, "some attempts failed: {records} records");
    assert!(
        estimate(&report, "error_rate", "share")["value"].as_f64().unwrap() > 0.0,
        "attempts count for error_rate"
    );
}

#[test]
fn a_store_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/formats/store-1.db");
    let mut bytes = std::fs::read(fixture).unwrap();
    // The version is a big-endian number in the file's header.
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    std::fs::write(place.path().join("new.db"), &bytes).unwrap();
    let ran = place.run(&["report", "--store", "new.db"]).exits(4);
    assert!(ran.err().contains("99") && ran.err().contains("hint:"), "{}", ran.err());
    assert_eq!(std::fs::read(place.path().join("new.db")).unwrap(), bytes);
}

#[test]
fn an_endless_line_ends_at_the_limit_and_memory_stays_bounded() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || endless(stream));
        }
    });
    let place = Place::new();
    place.file("cases.jsonl", &cases(2));
    place.file("suite.yaml", &suite(&url, "[closed: 2]", "limits: { body: 8 MiB, total: 20 s }"));
    let report = place.run(&["run", "suite.yaml", "--format", "json"]).exits(3).json();
    let rows =
        report["tables"].as_array().unwrap().iter().find(|t| t["name"] == "errors").unwrap()["rows"].clone();
    assert_eq!(
        (rows[0]["class"].as_str(), rows[0]["count"].as_u64()),
        (Some("too_large"), Some(2)),
        "{rows}"
    );
}

/// One data line without end.
fn endless(mut stream: std::net::TcpStream) {
    let mut buffer = [0; 4096];
    let _ = stream.read(&mut buffer);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\ndata: ";
    let _ = stream.write_all(head.as_bytes());
    // A gigabyte at most: the client hangs up long before.
    for _ in 0..16_384 {
        if stream.write_all(&[b'x'; 65536]).is_err() {
            return;
        }
    }
}

#[test]
fn a_disk_that_is_full_loses_nothing_that_was_stored() {
    let place = Place::new();
    place.file("cases.jsonl", &cases(400));
    place.file(
        "suite.yaml",
        &suite("sim:s", "[closed: 8]", "").replace(
            "model: sim }",
            "model: sim, sim: {ttft_ms: 1, gap_ms: 0, answers: {file: cases.jsonl}} }",
        ),
    );
    // A limit on the size of files is a full disk to the program; the signal is ignored as a shell's `trap ''` does.
    let script = format!(
        "trap '' XFSZ; ulimit -f 1200; exec {} run suite.yaml -q --store small.db",
        env!("CARGO_BIN_EXE_acidtest")
    );
    let ran =
        std::process::Command::new("sh").args(["-c", &script]).current_dir(place.path()).output().unwrap();
    let err = String::from_utf8_lossy(&ran.stderr);
    assert_eq!(ran.status.code(), Some(4), "{err}");
    assert!(err.contains("small.db") && err.contains("hint:"), "{err}");
    let resumed =
        place.run(&["run", "--resume", "latest", "-q", "--store", "small.db", "--format", "json"]).exits(0);
    assert_eq!(resumed.json()["run"]["requests"], json!(400));
}

#[test]
fn control_characters_in_arguments_do_not_reach_the_terminal() {
    let place = Place::new();
    for args in [
        &["report", "\x1b[31mx", "--store", "s.db"][..],
        &["report", "--store", "\x1b[31mx.db"],
        &["metrics", "\x1b[31m"],
        &["bench", "--url", "http://\x1b[31m/v1", "--model", "m"],
        &["bench", "--url", "http://127.0.0.1:1/v1", "--model", "m", "--gate", "\x1b[31m>=1"],
        &["\x1b[31mfoo"],
    ] {
        let ran = place.run(args).exits(2);
        assert!(!ran.err().contains('\x1b'), "{args:?}: {:?}", ran.err());
        assert!(!ran.err().trim().is_empty());
    }
}
