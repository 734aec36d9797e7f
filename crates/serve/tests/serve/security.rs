//! Who may ask: every name, origin and token that there is to try.

use crate::client::{ask, get, send};
use crate::place::{Place, TOKEN};
use acidtest_record::RunState;
use base64::Engine as _;

#[test]
fn only_names_of_this_machine_are_answered() {
    let place = Place::new();
    let server = place.serve_with(|o| o.hosts = vec!["page.example".into()]);
    let port = server.at.port();
    let status = |host: &str| ask(server.at, "GET /api/about", &[("Host", host)], "").status;
    for host in ["localhost", "LocalHost:1", "127.0.0.1", "127.8.9.1:99", "[::1]:8400"] {
        assert_eq!(status(host), 200, "{host}");
    }
    // An allowed name is a proxy's: whoever calls it needs the token, to read too.
    assert_eq!(status("page.example:443"), 401);
    let token = format!("Bearer {TOKEN}");
    let with = [("Host", "page.example:443"), ("Authorization", token.as_str())];
    assert_eq!(ask(server.at, "GET /api/about", &with, "").status, 200);
    assert_eq!(status(&format!("127.0.0.1:{port}")), 200);
    for host in [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.page.example",
        "192.168.1.1",
        "0.0.0.0",
        "localhost@evil.example",
        "localhost:80:80x",
        "",
    ] {
        assert_eq!(status(host), 403, "{host}");
    }
    let none = send(server.at, b"GET /api/about HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(none.status, 400);
    let two = send(
        server.at,
        b"GET /api/about HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(two.status, 400);
    let foreign = send(
        server.at,
        b"GET http://evil.example/api/about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(foreign.status, 403, "{}", foreign.error());
    // The page itself is refused alike: a bent name gets nothing at all.
    assert_eq!(ask(server.at, "GET /", &[("Host", "evil.example")], "").status, 403);
}

#[test]
fn a_write_needs_the_token_and_its_own_origin() {
    let place = Place::new();
    let server = place.serve();
    let host = server.at.to_string();
    let own = format!("http://{host}");
    let good = format!("Bearer {TOKEN}");
    let try_it = |origin: Option<&str>, token: Option<&str>| {
        let headers = [("Origin", origin), ("Authorization", token)];
        let headers: Vec<_> = headers.into_iter().filter_map(|(n, v)| Some((n, v?))).collect();
        ask(server.at, "DELETE /api/runs/latest", &headers, "").status
    };
    let other_port = format!("http://127.0.0.1:{}", server.at.port().wrapping_add(1));
    for origin in
        [None, Some("null"), Some("http://evil.example"), Some(other_port.as_str()), Some(host.as_str())]
    {
        assert_eq!(try_it(origin, Some(&good)), 403, "{origin:?}");
    }
    let short = good[..good.len() - 1].to_owned();
    let longer = format!("{good}x");
    let basic = format!("Basic {TOKEN}");
    for token in
        [None, Some(TOKEN), Some("Bearer"), Some("Bearer "), Some(&short), Some(&longer), Some(&basic)]
    {
        assert_eq!(try_it(Some(&own), token), 401, "{token:?}");
    }
    assert_eq!(get(server.at, "/api/runs").json()["total"], 1, "nothing was deleted");
    assert_eq!(try_it(Some(&own), Some(&good)), 204);
    assert_eq!(get(server.at, "/api/runs").json()["total"], 0);
}

#[test]
fn reads_on_loopback_need_no_token_but_come_from_here() {
    let place = Place::new();
    let server = place.serve();
    let about = get(server.at, "/api/about").json();
    assert_eq!((&about["may_write"], &about["store"]), (&false.into(), &"s.db".into()));
    let known = ask(server.at, "GET /api/about", &[("Authorization", &format!("bearer {TOKEN}"))], "");
    assert_eq!(known.json()["may_write"], true);
    let status = |headers: &[(&str, &str)]| ask(server.at, "GET /api/runs", headers, "").status;
    assert_eq!(status(&[("Origin", "http://evil.example")]), 403);
    assert_eq!(status(&[("Sec-Fetch-Site", "cross-site")]), 403);
    assert_eq!(status(&[("Sec-Fetch-Site", "same-site")]), 403);
    assert_eq!(status(&[("Sec-Fetch-Site", "same-origin")]), 200);
    // A link on another page may lead here.
    assert_eq!(status(&[("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]), 200);
}

#[test]
fn beyond_loopback_all_data_needs_the_token() {
    let place = Place::new();
    let run = place.run(2, 1, RunState::Done);
    let server = place.serve_with(|o| o.listen = "0.0.0.0:0".parse().unwrap());
    for path in ["about", "runs", "events", "openapi.json", "compare?base=a&other=b", "nothing"] {
        let answer = get(server.at, &format!("/api/{path}"));
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{path}");
    }
    assert_eq!(get(server.at, &format!("/api/runs/{run}")).status, 401);
    let page = get(server.at, "/");
    assert_eq!(page.status, 200, "the page holds no data");
    let token = format!("Bearer {TOKEN}");
    assert_eq!(ask(server.at, "GET /api/runs", &[("Authorization", &token)], "").status, 200);
}

#[test]
fn every_answer_is_fenced_in() {
    let place = Place::new();
    let server = place.serve();
    for path in ["/", "/api/about", "/api/runs/nothing", "/nowhere", "/api/../etc/passwd"] {
        let answer = get(server.at, path);
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
            ("cache-control", "no-store"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}: {name}");
        }
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn the_policy_names_the_page_s_own_script_and_style() {
    let place = Place::new();
    let server = place.serve();
    let page = get(server.at, "/");
    let html = String::from_utf8(page.body.clone()).unwrap();
    assert_eq!(html, acidtest_report::PAGE);
    let policy = page.header("content-security-policy").unwrap();
    let hashes = |directive: &str| -> Vec<String> {
        let part = policy.split("; ").find_map(|p| p.strip_prefix(directive)).unwrap();
        part.split_whitespace().map(str::to_owned).collect()
    };
    let hash = |text: &str| {
        let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    let (_, script) = html.split_once("<script").and_then(|(_, rest)| rest.split_once('>')).unwrap();
    let (script, after) = script.split_once("</script>").unwrap();
    assert_eq!(hashes("script-src"), [hash(script)]);
    // The script may speak of styles: the page's own stands behind it.
    let styles: Vec<String> = match after.split_once("<style") {
        None => vec!["'none'".into()],
        Some((_, style)) => {
            let style = style.split_once('>').unwrap().1;
            vec![hash(style.split_once("</style>").unwrap().0)]
        }
    };
    assert_eq!(hashes("style-src")[..1], styles[..]);
}
