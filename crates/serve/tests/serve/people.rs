//! What people send: blind votes and annotations.

use crate::answers::check_of;
use crate::client::{Answer, get, post};
use crate::place::{Place, Serving};
use acidtest_record::{RunId, RunState, Value as Said};
use serde_json::{Value, json};

fn vote(server: &Serving, ticket: &Value, voter: &str, choice: &str) -> Answer {
    post(server.at, "/api/votes", &json!({ "ticket": ticket, "voter": voter, "choice": choice }))
}

fn next(server: &Serving, voter: &str) -> Value {
    get(server.at, &format!("/api/votes/next?voter={voter}")).json()
}

fn preferences(place: &Place, run: RunId) -> Vec<acidtest_record::Verdict> {
    let mut all = Vec::new();
    place
        .store()
        .verdicts(run, &mut |v| {
            if v.name == "preference" {
                all.push(v)
            }
        })
        .unwrap();
    all
}

#[test]
fn names_come_after_the_vote_and_all_pairs_once() {
    let place = Place::empty();
    let run = place.arena(3);
    let server = place.serve();
    let document = get(server.at, "/api/openapi.json").json();
    let mut texts = Vec::new();
    for done in 0..5 {
        let asked = next(&server, "kim");
        assert_eq!((&asked["done"], &asked["open"]), (&done.into(), &(5 - done).into()));
        let whole = asked.to_string();
        for secret in ["near", "far", "m-near", &run.to_string()] {
            assert!(!whole.contains(secret), "{secret} in {whole}");
        }
        let pair = &asked["pair"];
        assert_eq!(pair["prompt"][0]["text"], "ask \u{1b}[31m<img src=x>");
        texts.push(pair["left"]["text"].clone());
        texts.push(pair["right"]["text"].clone());
        let answer = vote(&server, &pair["ticket"], "kim", "left");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let said = answer.json();
        check_of(&document, ("/api/votes", "post"), "application/json", &said);
        let slot: u32 = pair["left"]["text"].as_str().unwrap()["<b>answer ".len()..][..1].parse().unwrap();
        assert_eq!(said["left"]["target"], if slot.is_multiple_of(2) { "near" } else { "far" });
        assert_eq!((&said["left"]["run"], &said["stored"]), (&run.to_string().into(), &true.into()));
    }
    texts.sort_by_key(Value::to_string);
    texts.dedup();
    assert_eq!(texts.len(), 10, "every answer was shown once");
    let last = next(&server, "kim");
    assert_eq!((&last["pair"], &last["done"], &last["open"]), (&Value::Null, &5.into(), &0.into()));
    assert_eq!(last["none"], "you voted on every pair");
    assert_eq!(next(&server, "lee")["open"], 5);
    let board = get(server.at, "/api/leaderboard").json();
    assert_eq!(
        (&board["source"], &board["voters"], &board["rank"]["battles"]),
        (&"votes".into(), &1.into(), &5.into())
    );
}

#[test]
fn a_vote_that_is_sent_twice_is_stored_once() {
    let place = Place::empty();
    let run = place.arena(3);
    let mut server = place.serve();
    let ticket = next(&server, "kim")["pair"]["ticket"].clone();
    let first = vote(&server, &ticket, "kim", "tie").json();
    let second = vote(&server, &ticket, "kim", "tie").json();
    assert_eq!((&first["stored"], &second["stored"]), (&true.into(), &false.into()));
    assert_eq!((&first["left"], &first["right"]), (&second["left"], &second["right"]));
    let other = vote(&server, &ticket, "kim", "left");
    assert_eq!(other.status, 409);
    assert!(other.error().contains("voted on already"));
    assert_eq!(vote(&server, &ticket, "lee", "tie").status, 409, "the ticket is kim's");
    let open = next(&server, "kim")["pair"]["ticket"].clone();
    server.end();
    let later = place.serve();
    let again = vote(&later, &ticket, "kim", "tie").json();
    assert_eq!(
        (&again["stored"], &again["left"]),
        (&false.into(), &first["left"]),
        "a server that was started later knows it"
    );
    let lost = vote(&later, &open, "kim", "left");
    assert_eq!(lost.status, 409);
    assert!(lost.json()["hint"].as_str().unwrap().contains("nothing was stored"));
    for odd in ["", "x", "AAAA", "💥", &"A".repeat(5000)] {
        assert!([400, 409].contains(&vote(&later, &odd.into(), "kim", "tie").status), "{odd}");
    }
    let votes = preferences(&place, run);
    assert_eq!(votes.len(), 1);
    assert_eq!(votes[0].value, Some(Said::Preference("tie".into())));
}

#[test]
fn two_servers_take_votes_at_once_while_the_run_is_claimed() {
    let place = Place::empty();
    let run = place.arena(3);
    let store = place.store();
    let _claim = store.claim(run).unwrap();
    let servers = [place.serve(), place.serve()];
    std::thread::scope(|s| {
        for (i, server) in servers.iter().enumerate() {
            for person in ["kim", "lee", "park"] {
                s.spawn(move || {
                    let voter = format!("{person}{i}");
                    for _ in 0..5 {
                        let ticket = next(server, &voter)["pair"]["ticket"].clone();
                        assert_eq!(vote(server, &ticket, &voter, "both_bad").json()["stored"], true);
                    }
                });
            }
        }
    });
    assert_eq!(preferences(&place, run).len(), 30);
    let board = get(servers[0].at, "/api/leaderboard?source=votes").json();
    assert_eq!((&board["voters"], &board["rank"]["battles"]), (&6.into(), &30.into()));
    assert_eq!(board["rank"]["unit_of_sampling"], "voter");
}

#[test]
fn hostile_names_and_bodies_are_refused_with_words() {
    let place = Place::empty();
    place.arena(3);
    let server = place.serve();
    for bad in ["", "%20", "%1B%5B31m", "%E2%80%AEx", &"x".repeat(201)] {
        let answer = get(server.at, &format!("/api/votes/next?voter={bad}"));
        assert_eq!(answer.status, 400, "{bad}");
        assert!(answer.error().contains("pseudonym"));
    }
    for body in [
        json!({}),
        json!([]),
        json!({ "ticket": 1, "voter": "k", "choice": "left" }),
        json!({ "ticket": "", "voter": "k", "choice": "none" }),
    ] {
        let answer = post(server.at, "/api/votes", &body);
        assert!((400..500).contains(&answer.status), "{body}: {}", answer.status);
        assert!(!answer.error().is_empty());
    }
    let hostile = next(&server, "%3Cscript%3Ealert(1)%3C%2Fscript%3E");
    assert!(hostile["pair"].is_object(), "markup is a name like any other");
}

fn annotate(server: &Serving, slot: u32, person: &str, value: Value) -> Answer {
    let body = json!({ "slot": slot, "step": 0, "person": person, "name": "helpful", "value": value, "note": " why " });
    post(server.at, "/api/runs/latest/annotations", &body)
}

fn page(server: &Serving, query: &str) -> Value {
    get(server.at, &format!("/api/runs/latest/annotations?{query}")).json()
}

#[test]
fn the_latest_annotation_counts_and_null_takes_it_back() {
    let place = Place::empty();
    let run = place.run(2, 10, RunState::Done);
    let server = place.serve();
    let document = get(server.at, "/api/openapi.json").json();
    let empty = page(&server, "person=kim");
    assert_eq!((&empty["name"], &empty["total"], &empty["done"]), (&"helpful".into(), &10.into(), &0.into()));
    assert_eq!(empty["names"][0]["kind"], "yes_no");
    let said = annotate(&server, 3, "kim", true.into()).json();
    check_of(&document, ("/api/runs/{run}/annotations", "post"), "application/json", &said);
    assert_eq!((&said["value"], &said["note"]), (&true.into(), &"why".into()));
    annotate(&server, 3, "kim", true.into());
    annotate(&server, 3, "kim", false.into());
    annotate(&server, 4, "kim", true.into());
    annotate(&server, 3, "lee", true.into());
    let mine = page(&server, "person=kim&from=3&limit=2");
    assert_eq!(
        (&mine["items"][0]["value"], &mine["items"][1]["value"], &mine["done"]),
        (&false.into(), &true.into(), &2.into())
    );
    let agreement = &mine["agreement"][0];
    // Slot 4 was judged wrong, slot 3 right: kim is against both.
    assert_eq!(
        (&agreement["with"], &agreement["person"], &agreement["n"]),
        (&"correct".into(), &"kim".into(), &2.into())
    );
    assert_eq!(agreement["agree"]["value"], 0.0);
    assert_eq!(mine["agreement"][1]["n"], 3);
    annotate(&server, 3, "kim", Value::Null);
    let mine = page(&server, "person=kim");
    assert_eq!((&mine["items"][3]["value"], &mine["done"]), (&Value::Null, &1.into()));
    let mut stored = 0;
    place.store().verdicts(run, &mut |v| stored += u32::from(v.name == "helpful")).unwrap();
    assert_eq!(stored, 5, "what was said twice is stored once, and nothing is overwritten");
    // What people say is a score of the run.
    let row = &get(server.at, "/api/runs/latest/cases?sort=slot").json()["rows"][4];
    assert_eq!(row["scores"]["helpful"], 1.0);
}

#[test]
fn labels_scores_and_names_have_their_rules() {
    let place = Place::empty();
    place.run(2, 4, RunState::Done);
    let server = place.serve();
    assert_eq!(annotate(&server, 0, "kim", 0.25.into()).status, 200);
    assert_eq!(page(&server, "")["names"][0]["kind"], "score");
    assert_eq!(annotate(&server, 1, "kim", "좋음".into()).status, 200);
    let names = page(&server, "")["names"].clone();
    assert_eq!((&names[0]["kind"], &names[0]["labels"][0]), (&"label".into(), &"좋음".into()));
    for bad in
        [json!(1.5), json!(-0.1), json!(""), json!("a\u{1b}b"), json!("x".repeat(201)), json!([1]), json!({})]
    {
        let answer = annotate(&server, 0, "kim", bad.clone());
        assert!([400, 422].contains(&answer.status), "{bad}: {}", answer.status);
    }
    assert_eq!(annotate(&server, 99, "kim", true.into()).status, 404);
    assert_eq!(annotate(&server, 0, "a\u{202E}b", true.into()).status, 400);
    for name in ["correct", "field:x", "preference", ""] {
        let body =
            json!({ "slot": 0, "step": 0, "person": "kim", "name": name, "value": true, "note": null });
        assert_eq!(post(server.at, "/api/runs/latest/annotations", &body).status, 400, "{name}");
    }
}
