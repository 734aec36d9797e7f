//! Why requests failed, in every report; each case once; and nothing that says nothing.

use crate::Place;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;

/// A suite of two prompts, two repeats, and a scorer that finds nothing.
fn wrong(more: &str) -> String {
    format!(
        "target: {{ name: t, url: sim:x, model: sim, sim: {{ ttft_ms: 1, gap_ms: 0.1, tokens: 4 }} }}\n\
         prompts:\n  - {{ name: plain, messages: [{{ role: user, content: \"{{{{ q }}}}\" }}] }}\n\
         \x20 - {{ name: kind, messages: [{{ role: user, content: \"please {{{{ q }}}}\" }}] }}\n\
         cases:\n  - {{ id: a, q: one, expected: zebra }}\n  - {{ id: b, q: two, expected: yak, xfail: known }}\n\
         \x20 - {{ id: c, q: three, expected: ox, skip: later }}\nrepeats: 2\nscorers: [contains]\n{more}"
    )
}

/// Every report of a run that was just made.
fn reports(place: &Place) -> [(&'static str, String); 5] {
    ["terminal", "json", "junit", "markdown", "github"]
        .map(|format| (format, place.run(&["report", "--format", format]).exits(0).out()))
}

#[test]
fn what_a_scorer_said_is_in_every_report() {
    let place = Place::new();
    place.file("s.yaml", &wrong(""));
    place.run(&["run", "s.yaml", "-q"]).exits(0);
    let all = reports(&place);
    for (format, text) in &all {
        let text = text.replace("&apos;", "'");
        assert!(text.contains("does not contain 'zebra'"), "{format}:\n{text}");
        assert!(!text.contains("contains: contains:"), "{format}: said twice");
    }
    let [(_, terminal), (_, json), (_, junit), (_, markdown), (_, github)] = &all;
    // Two repeats with two prompts are one case.
    let json: Value = serde_json::from_str(json).unwrap();
    let failures = json["failures"].as_array().unwrap();
    assert_eq!((failures.len(), &json["failing"], &failures[0]["more"]), (1, &4.into(), &3.into()));
    assert_eq!(failures[0]["reasons"]["contains"], "does not contain 'zebra'");
    for text in [terminal, markdown, github] {
        assert!(text.contains("and 3 more of it"), "{text}");
    }
    assert_eq!(github.matches("title=case ").count(), 1, "{github}");
    assert!(junit.contains("type=\"wrong\"") && !junit.contains("type=\"complete\""), "{junit}");
    assert!(markdown.contains("| target | prompt | phase |"), "{markdown}");
    assert!(markdown.contains("| `t` | `kind` |"), "{markdown}");
    let told: Vec<&str> = terminal.lines().filter(|l| l.contains("expected to fail")).collect();
    assert!(told.len() == 2 && told[0].contains("2 wrong, 0 right"), "{terminal}");
    for words in ["warning: 1 case was skipped", "only 1 unit of sampling"] {
        assert!(terminal.contains(words), "{words}:\n{terminal}");
    }
    for silent in ["reasoning_tokens", "over_refusal", "1 cases", "1 units"] {
        assert!(!terminal.contains(silent), "{silent}:\n{terminal}");
    }
}

#[test]
fn gates_on_a_change_are_annotated_where_they_stand() {
    let place = Place::new();
    let suite = wrong("gates: [\"error_rate <= 50 %\"]\nregression: [\"accuracy <= 2 pp\"]\n");
    place.file("s.yaml", &suite);
    place.run(&["run", "s.yaml", "-q"]);
    let text = place.run(&["run", "s.yaml", "-q", "--baseline", "latest", "--format", "github"]).out();
    let line = text.lines().find(|l| l.contains("accuracy drop")).unwrap_or_else(|| panic!("{text}"));
    let stands = suite.lines().position(|l| l.starts_with("regression")).unwrap() + 1;
    assert!(line.contains(&format!("file=s.yaml,line={stands},")), "{line}");
}

/// Answers every request with a status and an error's text.
fn refusing() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut seen: Vec<u8> = Vec::new();
            let mut byte = [0; 1024];
            while !seen.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut byte) {
                    Ok(n) if n > 0 => seen.extend(&byte[..n]),
                    _ => break,
                }
            }
            let body = r#"{"error":{"message":"the key is not known here"}}"#;
            let head = "HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\nconnection: close";
            let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        }
    });
    port
}

#[test]
fn what_a_server_said_is_in_every_report() {
    let place = Place::new();
    let suite = format!(
        "target: {{ name: t, url: \"http://127.0.0.1:{}/v1\", model: m }}\nprompt: \"{{{{ q }}}}\"\n\
         cases: [{{ id: a, q: one }}]\nscorers: [{{ type: regex, pattern: x }}]\n",
        refusing()
    );
    place.file("s.yaml", &suite);
    place.run(&["run", "s.yaml", "-q"]);
    for (format, text) in reports(&place) {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("401") && text.contains("the key is not known here"), "{format}:\n{text}");
    }
}

#[cfg(unix)]
#[test]
fn the_last_words_of_a_program_are_in_every_report() {
    let place = Place::new();
    place.file("bad.sh", "read -r l; echo 'no model file here' >&2; exit 3\n");
    let suite = "target: { kind: command, name: p, command: [sh, bad.sh] }\nprompt: '{{ q }}'\n\
                 cases: [{ id: a, q: one }]\nscorers: [{ type: regex, pattern: x }]\n";
    place.file("s.yaml", suite);
    place.run(&["run", "s.yaml", "-q"]);
    for (format, text) in reports(&place) {
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("no model file here"), "{format}:\n{text}");
    }
}

#[test]
fn answers_of_the_asked_length_are_no_failures() {
    let place = Place::new();
    let bench = ["bench", "--url", "sim:x", "--requests", "5", "--max-tokens", "4", "--undecided", "pass"];
    let text = place.run(&bench).exits(0).out();
    assert!(text.contains("5 ended at max_tokens"), "{text}");
    assert!(!text.contains("FAILURES") && !text.contains("bad_answer_rate"), "{text}");
    let json = place.run(&["report", "--format", "json"]).exits(0).json();
    assert_eq!(json["failing"], 0);
}

#[test]
fn several_groups_fit_a_hundred_columns() {
    let place = Place::new();
    let suite = concat!(env!("CARGO_MANIFEST_DIR"), "/../../suites/docent/two-targets.yaml");
    for columns in ["100", "120"] {
        let text = place.command(&["run", suite, "-q"]).env("COLUMNS", columns).output().unwrap();
        let text = String::from_utf8(text.stdout).unwrap();
        for title in ["SPEED", "TOKENS"] {
            let rest = text.lines().skip_while(|l| !l.starts_with(title)).skip(1);
            let lines: Vec<&str> = rest.take_while(|l| l.starts_with(' ')).collect();
            assert_eq!(lines.iter().filter(|l| **l == " rival · closed 8").count(), 1, "{text}");
            assert!(!lines.iter().any(|l| l.trim().ends_with("of 251") && l.trim().len() < 12), "{text}");
        }
    }
}
