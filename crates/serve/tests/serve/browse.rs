//! The requests of a run: table, search, one request, raw bytes, frontier.

use crate::client::get;
use crate::place::Place;
use acidtest_record::RunState;

#[test]
fn filters_pages_and_searches_go_over_the_socket() {
    let place = Place::empty();
    place.run(2, 40, RunState::Done);
    let server = place.serve();
    let page = |query: &str| {
        let answer = get(server.at, &format!("/api/runs/latest/cases?{query}"));
        assert_eq!(answer.status, 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    };
    let all = page("");
    assert_eq!(
        (&all["total"], &all["of"], all["rows"].as_array().unwrap().len()),
        (&40.into(), &40.into(), 40)
    );
    let row = &all["rows"][1];
    assert_eq!((&row["case"], &row["output"]), (&"case-1".into(), &"number 1<script>".into()));
    assert_eq!(row["input"], "question: <b>What</b> is 1?", "markup is text");
    assert_eq!(page("judgement=wrong")["total"], 10);
    assert_eq!(page("judgement=wrong&judgement=correct")["total"], 40);
    assert_eq!(page("tag=lang:ko&limit=3")["rows"].as_array().unwrap().len(), 3);
    assert_eq!(page("q=NUMBER%203")["total"], 8, "answers are searched without regard to case");
    assert_eq!(page("q=case-2&judgement=wrong")["total"], 2);
    assert_eq!(page("q=nowhere")["total"], 0);
    assert_eq!(page("q=nowhere")["partial"], serde_json::Value::Null, "everything was seen");
    let slots = |query: &str| -> Vec<u64> {
        page(query)["rows"].as_array().unwrap().iter().map(|r| r["slot"].as_u64().unwrap()).collect()
    };
    assert_eq!(slots("sort=slot&order=desc&limit=3&from=1"), [38, 37, 36]);
    assert_eq!(page("target=%3Cscript%3E")["total"], 0);
    for bad in
        ["ttft_min=x", "order=up", "sort=size", "tag=lang", "what=1", "from=-1", "e2e_max=NaN", "score_mid=1"]
    {
        let answer = get(server.at, &format!("/api/runs/latest/cases?{bad}"));
        assert_eq!(answer.status, 400, "{bad}");
        assert!(!answer.error().is_empty());
    }
}

#[test]
fn new_verdicts_and_records_are_seen_at_once() {
    let place = Place::empty();
    let run = place.run(2, 10, RunState::Done);
    let server = place.serve();
    let total =
        |query: &str| get(server.at, &format!("/api/runs/latest/cases?{query}")).json()["total"].clone();
    assert_eq!((total(""), total("q=number")), (10.into(), 10.into()));
    place.add(run, 10..15);
    assert_eq!((total(""), total("q=number")), (15.into(), 15.into()));
}

#[test]
fn one_request_has_its_case_its_repeats_and_its_waterfall() {
    let place = Place::empty();
    place.run(2, 12, RunState::Done);
    let server = place.serve();
    let view = get(server.at, "/api/runs/latest/requests/6.0").json();
    assert_eq!(view["case"]["id"], "case-1");
    assert_eq!(view["case"]["reference"][0], "number 1");
    let slots: Vec<u64> =
        view["requests"].as_array().unwrap().iter().map(|r| r["slot"].as_u64().unwrap()).collect();
    assert_eq!(slots, [6, 1, 11], "the one that was asked for first");
    let attempt = &view["requests"][0]["attempts"][0];
    assert_eq!(attempt["parts"][0]["text"], "number 1<script>");
    assert_eq!(attempt["marks"][0]["name"], "started");
    assert_eq!(attempt["events_in_all"], 4);
    assert_eq!(view["requests"][0]["verdicts"][0]["name"], "correct");
    assert_eq!(get(server.at, "/api/runs/latest/requests/99.0").status, 404);
    for bad in ["6", "a.b", "6.0.0", "-1.0", "99999999999.0"] {
        assert_eq!(get(server.at, &format!("/api/runs/latest/requests/{bad}")).status, 400, "{bad}");
    }
}

#[test]
fn raw_bytes_are_a_download_and_never_a_page() {
    let place = Place::empty();
    place.arena(3);
    let server = place.serve();
    let raw = get(server.at, "/api/runs/latest/raw/4.0.0/request");
    assert_eq!(raw.status, 200);
    assert!(String::from_utf8_lossy(&raw.body).contains("<img src=x>"));
    assert_eq!(raw.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(raw.header("x-content-type-options"), Some("nosniff"));
    let name = raw.header("content-disposition").unwrap();
    assert!(
        name.starts_with("attachment; filename=\"ab") && name.ends_with("-4.0.0-request.txt\""),
        "{name}"
    );
    let messages = &get(server.at, "/api/runs/latest/requests/4.0").json()["requests"][0]["messages"];
    assert_eq!(messages[0]["text"], "ask \u{1b}[31m<img src=x>");
    assert_eq!(get(server.at, "/api/runs/latest/raw/4.0.0/response").status, 404);
    assert_eq!(get(server.at, "/api/runs/latest/raw/4.0.9/request").status, 404);
    assert_eq!(get(server.at, "/api/runs/latest/raw/4.0/request").status, 400);
    assert_eq!(get(server.at, "/api/runs/latest/raw/4.0.0/both").status, 404);
}

#[test]
fn the_frontier_weighs_the_places_of_runs() {
    let place = Place::empty();
    let (one, two) = (place.arena(3), place.run(4, 20, RunState::Done));
    let server = place.serve();
    let found = get(server.at, &format!("/api/frontier?runs={one},{two}&x=ttft.p50")).json();
    assert_eq!((&found["x"], &found["y"]), (&"ttft.p50".into(), &"accuracy.share".into()));
    assert_eq!(found["points"].as_array().unwrap().len(), 3);
    assert!(found["points"][0]["y"]["interval"]["low"].is_number());
    let wrong = get(server.at, "/api/frontier?x=no.such");
    assert_eq!(wrong.status, 400);
    assert!(wrong.error().contains("no.such") && wrong.json()["hint"].as_str().unwrap().contains("ttft.p50"));
    assert_eq!(get(server.at, "/api/frontier?runs=zz").status, 404);
    let many = vec!["latest"; 21].join(",");
    assert_eq!(get(server.at, &format!("/api/frontier?runs={many}")).status, 400);
}
