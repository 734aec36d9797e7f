//! Every answer has the shape that the document says.

use crate::client::{Answer, Events, ask, get};
use crate::place::Place;
use acidtest_record::RunState;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::io::Read as _;

/// An address of each path of the document; `FIRST` and `SECOND` stand for runs.
const EXAMPLES: &[(&str, &str)] = &[
    ("/api/about", "/api/about"),
    ("/api/runs", "/api/runs?from=0&limit=10"),
    ("/api/runs/{run}", "/api/runs/FIRST"),
    ("/api/compare", "/api/compare?base=FIRST&other=SECOND"),
    ("/api/openapi.json", "/api/openapi.json"),
    ("/api/runs/{run}/cases", "/api/runs/FIRST/cases"),
    ("/api/runs/{run}/cases", "/api/runs/FIRST/cases?q=NUMBER&delivery=complete&sort=ttft&order=desc"),
    ("/api/runs/{run}/requests/{request}", "/api/runs/FIRST/requests/3.0"),
    ("/api/runs/{run}/annotations", "/api/runs/FIRST/annotations?person=kim"),
    ("/api/frontier", "/api/frontier?runs=FIRST,SECOND"),
    ("/api/leaderboard", "/api/leaderboard"),
    ("/api/leaderboard", "/api/leaderboard?runs=FIRST&source=votes"),
    ("/api/votes/next", "/api/votes/next?voter=kim"),
    ("/api/votes/next", "/api/votes/next?voter=kim&runs=FIRST"),
];

/// Checks a value against the schema of a path's answer.
#[track_caller]
fn check(document: &Value, path: &str, kind: &str, value: &Value) {
    check_of(document, (path, "get"), kind, value);
}

/// The same of any method.
#[track_caller]
pub(crate) fn check_of(document: &Value, (path, method): (&str, &str), kind: &str, value: &Value) {
    let answer = &document["paths"][path][method]["responses"]["200"]["content"][kind]["schema"];
    assert!(answer.is_object(), "{path} has no answer of {kind}");
    let mut schema = answer.clone();
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(wrong.is_empty(), "{path}: {wrong:#?}");
}

#[test]
fn every_answer_is_as_the_document_says() {
    let place = Place::new();
    let first = place.run(2, 40, RunState::Done).to_string();
    let second = place.run(3, 40, RunState::Stopped).to_string();
    place.arena(4);
    let server = place.serve();
    let document = get(server.at, "/api/openapi.json").json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        if operations.get("get").is_none() || path == "/api/events" || path.contains("/raw/") {
            continue;
        }
        let all: Vec<_> = EXAMPLES.iter().filter(|(of, _)| of == path).collect();
        assert!(!all.is_empty(), "{path} has no example in this test");
        for (_, example) in all {
            let address = example.replace("FIRST", &first).replace("SECOND", &second);
            let answer = get(server.at, &address);
            assert_eq!(answer.status, 200, "{address}: {}", String::from_utf8_lossy(&answer.body));
            check(&document, path, "application/json", &answer.json());
        }
    }
    let mut events = Events::follow(server.at).ok().unwrap();
    check(&document, "/api/events", "text/event-stream", &events.next().unwrap());
}

#[test]
fn the_document_says_what_errors_look_like() {
    let place = Place::new();
    let server = place.serve();
    let document = get(server.at, "/api/openapi.json").json();
    let mut schema = json!({ "$ref": "#/components/schemas/ApiError" });
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&get(server.at, "/api/runs/zz").json()));
    let mut names: Vec<&str> = Vec::new();
    for operations in document["paths"].as_object().unwrap().values() {
        names.extend(operations.as_object().unwrap().values().map(|o| o["operationId"].as_str().unwrap()));
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "operation ids are unique");
}

#[test]
fn a_run_is_found_by_its_id_a_prefix_and_as_the_latest() {
    let place = Place::new();
    let run = place.run(0xf2, 3, RunState::Done).to_string();
    let server = place.serve();
    for name in [run.as_str(), "latest", &run.to_ascii_uppercase()] {
        assert_eq!(get(server.at, &format!("/api/runs/{name}")).json()["report"]["run"]["id"], run.as_str());
    }
    let both = get(server.at, "/api/runs/ab");
    assert_eq!(both.status, 400);
    assert!(both.error().contains("fits 2 runs"), "{}", both.error());
}

#[test]
fn the_list_is_newest_first_and_in_pages() {
    let place = Place::new();
    for no in 2..6 {
        place.run(no, 1, RunState::Done);
    }
    let server = place.serve();
    let names = |query: &str| -> Vec<String> {
        let list = get(server.at, &format!("/api/runs{query}")).json();
        assert_eq!(list["total"], 5);
        list["runs"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["run 5", "run 4", "run 3", "run 2", "run 1"]);
    assert_eq!(names("?from=1&limit=2"), ["run 4", "run 3"]);
    assert_eq!(names("?from=9"), [""; 0]);
    assert_eq!(names("?limit=0"), [""; 0]);
}

#[test]
fn large_answers_are_packed_for_those_who_unpack() {
    let place = Place::new();
    let server = place.serve();
    let plain = get(server.at, "/api/runs/latest");
    assert_eq!(plain.header("content-encoding"), None);
    let packed = ask(server.at, "GET /api/runs/latest", &[("Accept-Encoding", "gzip, br")], "");
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut body = Vec::new();
    GzDecoder::new(&packed.body[..]).read_to_end(&mut body).unwrap();
    assert_eq!(body, plain.body);
    let tag = packed.header("etag").unwrap();
    let known: Answer = ask(server.at, "GET /api/runs/latest", &[("If-None-Match", tag)], "");
    assert_eq!((known.status, known.body.len()), (304, 0));
}

#[test]
fn a_glance_comes_by_itself() {
    let place = Place::new();
    let server = place.serve();
    let mut events = Events::follow(server.at).ok().unwrap();
    let run = get(server.at, "/api/runs").json()["runs"][0]["id"].clone();
    events.until(|e| e["computed"].as_array().unwrap().contains(&run));
    let glance = &get(server.at, "/api/runs").json()["runs"][0]["glance"];
    assert_eq!(glance["places_in_all"], 1, "{glance}");
    let place = &glance["places"][0];
    assert_eq!(place["quality"]["metric"], "accuracy");
    assert_eq!(place["quality"]["value"], 0.7);
    assert_eq!((&place["speed"]["metric"], &place["speed"]["stat"]), (&"ttft".into(), &"p50".into()));
    assert_eq!(place["reliability"]["metric"], "error_rate");
    let gates: i64 =
        ["met", "broken", "undecided"].map(|g| glance["gates"][g].as_i64().unwrap()).iter().sum();
    assert_eq!(gates, 1);
}
