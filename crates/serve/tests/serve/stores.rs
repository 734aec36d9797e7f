//! Stores that are missing, late, newer, removed or replaced.

use crate::client::{Events, get};
use crate::place::Place;
use acidtest_record::RunState;

#[test]
fn a_project_s_store_may_come_later() {
    let place = Place::empty();
    let server = place.serve_with(|o| o.is_awaited = true);
    let list = get(server.at, "/api/runs");
    assert_eq!((list.status, &list.json()["total"]), (200, &0.into()));
    let mut events = Events::follow(server.at).ok().unwrap();
    assert_eq!(events.next().unwrap()["runs"], serde_json::json!([]));
    let run = place.run(1, 3, RunState::Done).to_string();
    events.until(|e| e["runs"].as_array().unwrap().iter().any(|r| r["id"] == run.as_str()));
    assert_eq!(get(server.at, "/api/runs").json()["total"], 1);
}

#[test]
fn a_store_that_is_removed_is_missed_and_found_again() {
    let place = Place::new();
    let server = place.serve();
    let first = get(server.at, "/api/runs").json()["runs"][0]["id"].clone();
    assert_eq!(get(server.at, "/api/runs/latest").status, 200);
    let mut events = Events::follow(server.at).ok().unwrap();
    events.next().unwrap();
    let elsewhere = place.path().with_extension("away");
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
        let _ = std::fs::rename(name(&place.path()), name(&elsewhere));
    }
    events.until(|e| e["gone"].as_array().unwrap().contains(&first));
    for path in ["/api/runs", "/api/runs/latest"] {
        let answer = get(server.at, path);
        assert_eq!(answer.status, 503, "{path}");
        assert!(answer.error().contains("no store at"), "{}", answer.error());
    }
    let other = place.run(9, 4, RunState::Done).to_string();
    events.until(|e| e["runs"].as_array().unwrap().iter().any(|r| r["id"] == other.as_str()));
    let list = get(server.at, "/api/runs").json();
    assert_eq!((&list["total"], &list["runs"][0]["id"]), (&1.into(), &other.as_str().into()));
}

#[test]
fn a_replaced_store_is_read_anew_though_nobody_listens() {
    let place = Place::new();
    let server = place.serve();
    assert_eq!(get(server.at, "/api/runs/latest").json()["as_of_requests"], 10);
    // The same run in another file, with another content.
    let other = Place::empty();
    other.run(1, 3, RunState::Done);
    for suffix in ["", "-wal", "-shm"] {
        let name = |path: std::path::PathBuf| format!("{}{suffix}", path.display());
        let _ = std::fs::remove_file(name(place.path()));
        let _ = std::fs::rename(name(other.path()), name(place.path()));
    }
    assert_eq!(get(server.at, "/api/runs/latest").json()["as_of_requests"], 3);
}

#[test]
fn a_newer_or_foreign_file_is_said_to_be_one() {
    let place = Place::new();
    let server = place.serve();
    let conn = rusqlite::Connection::open(place.path()).unwrap();
    conn.pragma_update(None, "user_version", 99).unwrap();
    drop(conn);
    let answer = get(server.at, "/api/runs/latest");
    assert_eq!(answer.status, 503);
    assert!(answer.error().contains("version 99"), "{}", answer.error());
    assert!(answer.json()["hint"].as_str().unwrap().contains("newer"), "{:?}", answer.json());
    std::fs::write(place.path(), "not a database at all, and long enough to be looked at").unwrap();
    let answer = get(server.at, "/api/runs/latest");
    assert_eq!(answer.status, 503, "{}", answer.error());
}
