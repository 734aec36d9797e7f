//! What a newcomer stumbles over: servers that are not there, runs that do not fit, words that are missing.

use crate::{Place, Ran, cases, suite};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:1/v1";

/// A suite that the built-in server answers rightly, under that name of the target.
fn answered(name: &str) -> String {
    suite("sim:quick", "[closed: 2]", "").replace(
        "name: server, url: \"sim:quick\", model: sim",
        &format!("name: {name}, url: \"sim:quick\", model: sim, sim: {{ttft_ms: 1, gap_ms: 0, answers: {{file: cases.jsonl}}}}"),
    )
}

fn place(n: usize, text: &str) -> Place {
    let place = Place::new();
    place.file("cases.jsonl", &cases(n));
    place.file("suite.yaml", text);
    place
}

fn requests(ran: &Ran) -> u64 {
    ran.json()["run"]["requests"].as_u64().unwrap()
}

#[test]
fn a_server_that_is_not_there_is_not_asked_to_the_end() {
    let place = place(300, &suite(NOBODY, "[closed: 2]", ""));
    let ran = place.run(&["run", "-q", "--format", "json"]).exits(3);
    assert!((20..30).contains(&requests(&ran)), "{}", requests(&ran));
    // How it ended is a result: `-q` leaves it.
    let err = ran.err();
    assert!(err.contains("stopped early: the first 20 attempts all failed to connect"), "{err}");
    assert!(
        err.contains("go on with: acidtest run --resume ") && err.contains("every request failed: "),
        "{err}"
    );
    let first = requests(&ran);
    let ran = place.run(&["run", "-q", "--format", "json", "--resume", "latest"]).exits(3);
    assert!((first + 20..first + 30).contains(&requests(&ran)), "{}", requests(&ran));
    let bench =
        ["bench", "--url", NOBODY, "--model", "m", "--rate", "200", "--requests", "400", "--format", "json"];
    let ran = place.run(&bench).exits(3);
    assert!(ran.err().contains("the first 20 attempts all failed to connect"), "{}", ran.err());
}

#[test]
fn where_another_server_may_answer_the_run_goes_on() {
    let alive = answered("alive");
    let dead = format!("targets:\n  - {{ name: dead, url: \"{NOBODY}\", model: m }}\n  - {{ name: alive");
    let place = place(40, &alive.replace("target: { name: alive", &dead));
    let ran = place.run(&["run", "-q", "--format", "json"]).exits(0);
    assert_eq!(requests(&ran), 80);
}

#[test]
fn a_replay_of_what_was_never_asked_is_refused_before_it_is_stored() {
    let place = place(3, &answered("first"));
    place.run(&["run", "-q"]).exits(0);
    let refused = |words: &[&str]| {
        let ran = place.run(&["run", "--replay", "latest"]).exits(2);
        for word in words {
            assert!(ran.err().contains(word), "{word} in {}", ran.err());
        }
        let runs = place.run(&["runs", "--format", "json"]).exits(0).json();
        assert_eq!(runs["runs"].as_array().unwrap().len(), 1, "{runs}");
    };
    place.file("suite.yaml", &answered("renamed"));
    refused(&[
        "its targets are first, those of the suite renamed",
        "hint: a replay finds a request by target name",
    ]);
    place.file("suite.yaml", &answered("first").replace("{{ question }}", "Please: {{ question }}"));
    refused(&["holds no request of this suite"]);
    place.file("suite.yaml", &answered("first"));
    place.run(&["run", "-q", "--replay", "latest"]).exits(0);
}

#[test]
fn a_plan_finds_its_suite_and_learns_nothing_from_failures() {
    let text = suite(NOBODY, "[{ closed: 2, warmup: 3 }]", "gates: ['accuracy.low >= 22 %']");
    let place = place(8, &text);
    place.run(&["run", "-q"]).exits(3);
    let ran = place.run(&["plan"]).exits(0);
    assert!(ran.out().contains("no earlier run of this workload is stored"), "{}", ran.out());
    assert!(ran.out().contains("8 +3") && ran.out().contains("+N: warm-up requests"), "{}", ran.out());
    assert!(ran.out().contains("if the value is 61 %"), "{}", ran.out());
    place.file("suite.yaml", &suite(NOBODY, "[closed: 2]", ""));
    assert!(!place.run(&["plan"]).exits(0).out().contains("+N:"));
    std::fs::remove_file(place.path().join("suite.yaml")).unwrap();
    let ran = place.run(&["plan"]).exits(2);
    assert!(ran.err().contains("hint: `acidtest init` writes one"), "{}", ran.err());
}

#[test]
fn what_is_left_out_is_named() {
    let place = place(3, &answered("guide"));
    let ran = place.run(&["run", "--resume"]).exits(2);
    assert!(
        ran.err().contains("hint: the newest run goes on with: acidtest run --resume latest"),
        "{}",
        ran.err()
    );
    assert!(!place.run(&["run", "--seed"]).exits(2).err().contains("hint:"));
    place.run(&["run", "-q"]).exits(0);
    let ran = place.run(&["compare", "latest"]).exits(2);
    assert!(ran.err().contains("hint: name two runs: acidtest compare FIRST SECOND"), "{}", ran.err());
    let ran = place.run(&["run", "--split", "nope"]).exits(2);
    assert!(ran.err().contains("--> --split") && !ran.err().contains('^'), "{}", ran.err());
    let ran = place.run(&["run", "--filter", "id=q9"]).exits(2);
    assert!(
        ran.err().contains("nothing fits --filter 'id=q9'") && ran.err().contains("id is q0, q1, q2"),
        "{}",
        ran.err()
    );
}

#[test]
fn log_likelihoods_of_a_chat_target_are_refused_at_the_form() {
    let text = suite(NOBODY, "[closed: 1]", "form: loglikelihood");
    let ran = place(2, &text).run(&["plan"]).exits(2);
    let line = text.lines().position(|l| l.starts_with("form:")).unwrap() + 1;
    let place = format!("suite.yaml:{line}:");
    assert!(ran.err().contains(&place) && ran.err().contains("takes messages only"), "{}", ran.err());
}

/// A server that answers every request with that status; gives its port.
fn always(status: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 65_536]);
            let body: Value = json!({"error": {"message": "no"}});
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    port
}

#[test]
fn a_question_that_is_refused_says_what_to_look_at() {
    let place = Place::new();
    let (closed, lost) = (always("401 Unauthorized"), always("404 Not Found"));
    let ask = |port: u16, path: &str, more: &[&str]| {
        let url = format!("http://127.0.0.1:{port}{path}");
        let args: Vec<&str> =
            ["ask", "--url", &url, "--model", "m", "hi"].iter().chain(more).copied().collect();
        let ran = place.command(&args).env("ASK_KEY", "k-0123456789").output().unwrap();
        assert_eq!(ran.status.code(), Some(3));
        String::from_utf8(ran.stderr).unwrap()
    };
    let err = ask(closed, "/v1", &[]);
    assert!(err.contains("hint: the server wants a key") && err.contains("--key NAME"), "{err}");
    let err = ask(closed, "/v1", &["--key", "ASK_KEY"]);
    assert!(err.contains("hint: the server does not take the key in ASK_KEY"), "{err}");
    let err = ask(lost, "", &[]);
    assert!(err.contains("hint: nothing is at that path") && err.contains("/v1"), "{err}");
    let err = ask(lost, "/v1", &[]);
    assert!(err.contains("are the kind and the model right?"), "{err}");
}
