//! Runs that go on, followed from two places.

use crate::client::{Events, ask, get};
use crate::place::{Place, TOKEN};
use acidtest_record::RunState;
use serde_json::Value;

fn progress<'e>(event: &'e Value, run: &str) -> Option<&'e Value> {
    event["runs"].as_array().unwrap().iter().find(|r| r["id"] == run)
}

#[test]
fn a_run_that_goes_on_is_seen_from_two_servers() {
    let place = Place::new();
    let id = place.run(2, 5, RunState::Running);
    let run = id.to_string();
    let servers = [place.serve(), place.serve()];
    let mut streams: Vec<Events> = servers.iter().map(|s| Events::follow(s.at).ok().unwrap()).collect();
    let starts: Vec<Value> = streams.iter_mut().map(|s| s.next().unwrap()).collect();
    assert_ne!(starts[0]["started"], starts[1]["started"]);
    for first in &starts {
        assert_eq!(first["runs"].as_array().unwrap().len(), 2, "the first event has all runs");
        assert_eq!(progress(first, &run).unwrap()["requests"], 5);
    }
    place.add(id, 5..9);
    for events in &mut streams {
        let event = events.until(|e| progress(e, &run).is_some_and(|r| r["requests"] == 9));
        assert_eq!(event["runs"].as_array().unwrap().len(), 1, "the others have not changed");
        assert_eq!(progress(&event, &run).unwrap()["state"], "running");
    }
    place.store().set_state(id, RunState::Done, 1_700_000_070_000_000_000).unwrap();
    for events in &mut streams {
        events.until(|e| progress(e, &run).is_some_and(|r| r["state"] == "done"));
    }
}

#[test]
fn the_page_of_a_run_that_goes_on_catches_up() {
    let place = Place::empty();
    let id = place.run(2, 5, RunState::Running);
    let run = id.to_string();
    let server = place.serve();
    let path = format!("/api/runs/{run}");
    assert_eq!(get(server.at, &path).json()["as_of_requests"], 5);
    let mut events = Events::follow(server.at).ok().unwrap();
    place.add(id, 5..20);
    // The one from before at once, and the next one when it is ready.
    let at_once = get(server.at, &path).json()["as_of_requests"].as_u64().unwrap();
    assert!(at_once == 5 || at_once == 20, "{at_once}");
    events.until(|e| e["computed"].as_array().unwrap().iter().any(|c| *c == run.as_str()));
    assert_eq!(get(server.at, &path).json()["as_of_requests"], 20);
    // Of a run that has ended nothing old is shown.
    place.add(id, 20..22);
    place.store().set_state(id, RunState::Done, 1_700_000_070_000_000_000).unwrap();
    let page = get(server.at, &path).json();
    assert_eq!((&page["as_of_requests"], &page["report"]["run"]["state"]), (&22.into(), &"done".into()));
}

#[test]
fn runs_that_go_away_are_told() {
    let place = Place::new();
    let gone = place.run(2, 1, RunState::Done).to_string();
    let server = place.serve();
    let mut events = Events::follow(server.at).ok().unwrap();
    events.next().unwrap();
    let (own, token) = (format!("http://{}", server.at), format!("Bearer {TOKEN}"));
    let headers = [("Origin", own.as_str()), ("Authorization", token.as_str())];
    let path = format!("/api/runs/{gone}");
    assert_eq!(get(server.at, &path).status, 200);
    assert_eq!(ask(server.at, &format!("DELETE {path}"), &headers, "").status, 204);
    let event = events.until(|e| e["gone"].as_array().unwrap().iter().any(|g| *g == gone.as_str()));
    assert_eq!(event["runs"], serde_json::json!([]));
    assert_eq!(get(server.at, &path).status, 404, "what was kept of it is gone too");
    assert_eq!(ask(server.at, &format!("DELETE {path}"), &headers, "").status, 404);
}

#[test]
fn a_run_that_is_written_is_not_deleted() {
    let place = Place::new();
    let id = place.run(2, 1, RunState::Running);
    let writer = place.store();
    let claim = writer.claim(id).unwrap();
    let server = place.serve();
    let (own, token) = (format!("http://{}", server.at), format!("Bearer {TOKEN}"));
    let headers = [("Origin", own.as_str()), ("Authorization", token.as_str())];
    let refused = ask(server.at, &format!("DELETE /api/runs/{id}"), &headers, "");
    assert_eq!(refused.status, 409);
    assert!(refused.error().contains("being written by another process"), "{}", refused.error());
    drop(claim);
    assert_eq!(ask(server.at, &format!("DELETE /api/runs/{id}"), &headers, "").status, 204);
}

#[test]
fn the_end_of_the_server_ends_its_streams() {
    let place = Place::new();
    let mut server = place.serve();
    let mut events = Events::follow(server.at).ok().unwrap();
    events.next().unwrap();
    server.end();
    assert!(events.next().is_none());
    // Another one has another name, by which the page knows to ask everything again.
    let again = place.serve();
    assert!(Events::follow(again.at).is_ok());
}
