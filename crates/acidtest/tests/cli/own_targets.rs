//! Targets that a suite describes itself, end to end: a program, an application behind HTTP.

use crate::{Place, estimate};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[test]
fn the_published_example_with_a_program_passes() {
    let place = Place::new();
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../suites/examples/command");
    let suite = suite.display().to_string();
    let report = place.run(&["run", &suite, "--format", "json", "--store", "s.db"]).exits(0).json();
    assert_eq!(estimate(&report, "accuracy", "share")["value"], json!(1.0));
    assert_eq!(report["run"]["targets"][0]["address"], json!("sh hours.sh"));
    assert!(estimate(&report, "ttft", "p50")["value"].as_f64().unwrap() > 0.0, "its streams are timed");
}

#[test]
fn programs_that_fail_are_counted_by_class() {
    let place = Place::new();
    // Each question says what the program does.
    place.file(
        "bad.sh",
        "while IFS= read -r l; do case $l in *die*) echo \"key $MY_KEY\" >&2; exit 1;; *hang*) sleep 60;; \
         *garbage*) echo '<html>';; *flood*) yes '{\"delta\":\"xxxxxxxxxxxxxxxxxxxxxxxxxx\"}';; \
         *) echo \"{\\\"text\\\":\\\"fine ${OTHER:-hidden}\\\"}\";; esac; done\n",
    );
    place.file(
        "suite.yaml",
        "target: { kind: command, name: p, command: [sh, bad.sh], env: [MY_KEY] }\nprompt: '{{ q }}'\n\
         cases: [{q: die}, {q: hang}, {q: garbage}, {q: flood}, {q: ok, expected: fine hidden}]\nscorers: [exact]\n\
         phases: [closed: 2]\nlimits: { first_byte: 4 s, gap: 4 s, total: 20 s, body: 64 KiB }\n",
    );
    let canary = "my-canary-value-77";
    let ran = place
        .command(&["run", "suite.yaml", "--format", "json", "--store", "s.db"])
        .env("MY_KEY", canary)
        .env("OTHER", "seen")
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let tables = report["tables"].as_array().unwrap();
    let errors = tables.iter().find(|t| t["name"] == "errors").unwrap()["rows"].as_array().unwrap();
    for class in ["program", "timeout", "malformed", "too_large"] {
        let count = errors.iter().find(|r| r["class"] == class).map(|r| r["count"].clone());
        assert_eq!(count, Some(json!(1)), "{class}: {errors:?}");
    }
    assert_eq!(
        estimate(&report, "accuracy", "share")["value"],
        json!(1.0),
        "the environment is not inherited"
    );
    let export = place.run(&["export", "latest", "--store", "s.db"]).exits(0).out();
    assert!(export.contains("key ***") && !export.contains(canary));
    let missing = place.run(&["run", "suite.yaml", "--store", "s.db"]).exits(2);
    assert!(missing.err().contains("MY_KEY") && missing.err().contains("hint: export"), "{}", missing.err());
}

/// A museum's own interface: sessions that are good for three questions, uploads, audio.
fn museum() -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let log = Arc::new(Mutex::new(Vec::new()));
    let (kept, asked) = (Arc::clone(&log), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (kept, asked) = (Arc::clone(&kept), Arc::clone(&asked));
            std::thread::spawn(move || talk(stream, &kept, &asked));
        }
    });
    (port, log)
}

fn talk(mut stream: TcpStream, log: &Mutex<Vec<String>>, asked: &AtomicUsize) {
    while let Some(request) = read_request(&mut stream) {
        let session = request.starts_with("POST /session");
        let answer = match session {
            true => json!({"id": format!("sess-{}", asked.load(Ordering::SeqCst))}),
            false => {
                let n = asked.fetch_add(1, Ordering::SeqCst);
                json!({"reply": {"text": format!("photo of {} bytes", request.matches('#').count()), "n": n},
                    "audio": "UklGRg=="})
            }
        };
        // Every fourth question finds its session expired.
        let expired = !session && asked.load(Ordering::SeqCst).is_multiple_of(4);
        let (status, body) =
            if expired { ("410 Gone", "{}".to_owned()) } else { ("200 OK", answer.to_string()) };
        log.lock().unwrap().push(request);
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length =
                lower.split("content-length: ").nth(1).and_then(|t| t.lines().next()?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).ok().filter(|n| *n > 0)?;
        seen.extend_from_slice(&buffer[..n]);
    }
}

#[test]
fn an_application_with_sessions_uploads_and_audio() {
    let (port, log) = museum();
    let place = Place::new();
    place.file("a.txt", &"#".repeat(5));
    place.file("b.txt", &"#".repeat(9));
    let suite = |file: &str| {
        format!(
            "target:\n  kind: http\n  name: guide\n  url: http://127.0.0.1:{port}/ask/{{{{ lang }}}}\n  \
             headers: {{ X-Key: '${{GUIDE_KEY}}' }}\n  query: {{ s: '{{{{ session }}}}' }}\n  \
             multipart: [{{ name: q, value: '{{{{ prompt }}}}' }}, {{ name: photo, file: '{file}', media: text/plain }}]\n  \
             response: {{ answer: /reply/text, audio: {{ base64: /audio, media: audio/wav }} }}\n  \
             session: {{ url: /session, pointer: /id, expires: [410] }}\n\
             prompt: '{{{{ question }}}}'\ncases:\n  - {{ question: what?, lang: ko, photo: a, expected: 5 bytes }}\n  \
             - {{ question: what?, lang: en, photo: b, expected: 9 bytes }}\nscorers: [contains]\nrepeats: 4\n\
             phases: [closed: 1]\n"
        )
    };
    place.file("suite.yaml", &suite("{{ photo }}.txt"));
    let run = |name: &str| {
        let ran = place
            .command(&["run", name, "--format", "json", "--store", "s.db"])
            .env("GUIDE_KEY", "canary-guide-1")
            .output();
        ran.unwrap()
    };
    let ran = run("suite.yaml");
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(estimate(&report, "accuracy", "share")["value"], json!(1.0));
    assert_eq!(
        estimate(&report, "error_rate", "share")["value"],
        json!(0.0),
        "expired sessions are made anew"
    );
    let export = place.run(&["export", "latest", "--store", "s.db"]).exits(0).out();
    assert_eq!(export.matches("session_expired").count(), 2, "the records say so");
    assert!(export.contains("audio/wav") && !export.contains("sess-") && !export.contains("canary-guide-1"));
    let log = log.lock().unwrap();
    assert!(
        log.iter().any(|r| r.starts_with("POST /ask/ko?s=sess-0 ") && r.contains("x-key: canary-guide-1"))
    );
    drop(log);
    for (file, words) in [
        ("../{{ photo }}.txt", "inside the suite's folder"),
        ("/etc/passwd", "inside the suite's folder"),
        ("{{ photo }}.png", "cannot upload 'a.png'"),
    ] {
        place.file("bad.yaml", &suite(file));
        let ran = run("bad.yaml");
        let err = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(ran.status.code() == Some(2) && err.contains(words), "{file}: {err}");
    }
}

#[test]
fn a_matrix_reaches_the_templates_of_a_target() {
    let (port, log) = museum();
    let place = Place::new();
    place.file("short.txt", "#");
    place.file("long.txt", "###");
    let suite = format!(
        "target:\n  kind: http\n  name: guide\n  url: http://127.0.0.1:{port}/ask/{{{{ style }}}}\n  \
         multipart: [{{ name: q, value: '{{{{ style }}}}/{{{{ vars.style }}}}: {{{{ prompt }}}}' }}, \
         {{ name: photo, file: '{{{{ style }}}}.txt' }}]\n  response: {{ answer: /reply/text }}\n\
         prompt: '{{{{ question }}}}'\nmatrix: {{ style: [short, long] }}\n\
         cases: [{{ question: 'what?', style: never, expected: bytes }}]\nscorers: [contains]\nphases: [closed: 1]\n"
    );
    place.file("suite.yaml", &suite);
    let report = place.run(&["run", "-q", "--format", "json"]).exits(0).json();
    let sliced = report["estimates"].as_array().unwrap().iter();
    let styles = sliced.filter(|e| e["metric"] == "accuracy" && !e["labels"]["style"].is_null());
    assert_eq!(styles.count(), 2, "{report:#}");
    let log = log.lock().unwrap();
    for (style, photo) in [("short", "#"), ("long", "###")] {
        let asked = log.iter().find(|r| r.starts_with(&format!("POST /ask/{style} "))).unwrap();
        assert!(asked.contains(&format!("{style}/{style}: what?")), "{asked}");
        assert_eq!(asked.matches('#').count(), photo.len(), "{asked}");
    }
    drop(log);
    place.file(
        "suite.yaml",
        &suite.replace("matrix: { style: [short, long] }\n", "").replace("style: never, ", ""),
    );
    let ran = place.run(&["run"]).exits(2);
    assert!(ran.err().contains("has no variable 'style'"), "{}", ran.err());
}

#[test]
fn a_program_ends_when_acidtest_is_killed() {
    let place = Place::new();
    place.file(
        "w.sh",
        "echo $$ > pid; while read -r l; do echo '{\"delta\":\"x\"}'; done; echo over > over\n",
    );
    place.file(
        "suite.yaml",
        "target: { kind: command, command: [sh, w.sh] }\nprompt: hi\ncases: [{q: a}]\nlimits: { gap: 1 min }\n",
    );
    let mut child = place.command(&["run", "suite.yaml", "-q", "--store", "s.db"]).spawn().unwrap();
    let wait = |name: &str| {
        (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(25));
            place.path().join(name).exists()
        })
    };
    assert!(wait("pid"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(wait("over"), "its input was closed");
}
