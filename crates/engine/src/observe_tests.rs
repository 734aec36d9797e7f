//! Tests of readings beside a run: a scripted page over a real socket, a real process.

use super::*;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, sync_channel};

/// `name value` on each line.
fn parse(body: &[u8]) -> Option<Vec<Seen>> {
    let text = std::str::from_utf8(body).ok()?;
    text.lines()
        .map(|l| l.rsplit_once(' ').and_then(|(n, v)| Some((n.to_owned(), v.parse().ok()?))))
        .collect()
}

fn observing(spec: ObserveSpec, pages: Vec<String>) -> (Observing, Receiver<Item>) {
    let (out, items) = sync_channel(10_000);
    (Observing { spec, pages, parse, zero: Zero::start(), clock_no: 3, out }, items)
}

fn readings(items: &Receiver<Item>) -> Vec<(String, String, f64)> {
    items
        .try_iter()
        .filter_map(|item| match item {
            Item::Reading(r) => {
                assert_eq!(r.clock, 3);
                Some((r.source, r.name, r.value))
            }
            _ => None,
        })
        .collect()
}

/// A server that answers one connection after another with these bodies, the last one for ever.
fn server(bodies: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/metrics", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for i in 0.. {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _ = stream.read(&mut [0; 4096]);
            let body = bodies.get(i).or(bodies.last()).cloned().unwrap_or_default();
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    url
}

fn quick() -> ObserveSpec {
    ObserveSpec { host: false, every_s: 0.1, ..ObserveSpec::default() }
}

/// Observes until a reading passes the check; gives all of them.
fn until(
    spec: ObserveSpec,
    pages: Vec<String>,
    enough: impl Fn(&[(String, String, f64)]) -> bool,
) -> Vec<(String, String, f64)> {
    let (what, items) = observing(spec, pages);
    let observer = Observer::start(what).unwrap();
    let mut all = Vec::new();
    for _ in 0..1000 {
        all.extend(readings(&items));
        if enough(&all) {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(observer);
    all
}

fn of(all: &[(String, String, f64)], name: &str) -> Vec<f64> {
    all.iter().filter(|(_, n, _)| n == name).map(|(_, _, v)| *v).collect()
}

#[test]
fn known_gauges_are_kept_each_time_and_others_when_they_change() {
    let page = |running: u32, other: u32| {
        format!(
            "vllm:num_requests_running{{m=\"x\"}} {running}\nother {other}\nx_bucket{{le=\"1\"}} 4\nnan NaN\n"
        )
    };
    let url = server(vec![page(2, 1), page(2, 1), page(3, 5)]);
    let all = until(quick(), vec![url], |all| of(all, "other").len() >= 2);
    assert_eq!(of(&all, "other"), [1.0, 5.0]);
    assert!(of(&all, "vllm:num_requests_running{m=\"x\"}").starts_with(&[2.0, 2.0, 3.0]), "{all:?}");
    assert!(of(&all, "nan").is_empty() && of(&all, "x_bucket{le=\"1\"}").is_empty());
    assert!(of(&all, SCRAPE_TIME).iter().all(|s| *s > 0.0 && *s < 5.0));
}

#[test]
fn a_page_of_a_thousand_series_is_cut_and_says_so() {
    let body: String = (0..1000).map(|i| format!("s{i} 1\n")).collect();
    let all = until(quick(), vec![server(vec![body])], |all| !of(all, SCRAPE_LEFT_OUT).is_empty());
    let kept = all.iter().filter(|(_, n, _)| n.starts_with('s') && n[1..].parse::<u32>().is_ok()).count();
    assert_eq!(kept, MOST_SERIES);
    assert_eq!(of(&all, SCRAPE_LEFT_OUT).last(), Some(&512.0));
}

#[test]
fn failures_are_counted_and_said_once() {
    let (what, items) = observing(quick(), vec![server(vec!["<html>\n".into()])]);
    let observer = Observer::start(what).unwrap();
    let (mut failed, mut why) = (0, Vec::new());
    for _ in 0..1000 {
        for item in items.try_iter() {
            match item {
                Item::Reading(r) if r.name == SCRAPE_FAILED => failed += 1,
                Item::Fact(f) if f.name == SCRAPE_WHY => why.push(f.value),
                _ => {}
            }
        }
        if failed >= 3 {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(observer);
    assert!(failed >= 3, "{failed}");
    assert_eq!(why, ["it is no page of Prometheus metrics"]);
}

#[test]
fn a_page_is_tried_before_the_run() {
    assert!(try_page(&server(vec!["a 1\n".into()]), parse).is_ok());
    for (url, words) in [
        (server(vec!["<html>\n".into()]), "no page of Prometheus metrics"),
        ("http://127.0.0.1:1/metrics".into(), "connect to 127.0.0.1:1"),
        ("nonsense".into(), "not a URL"),
    ] {
        let error = try_page(&url, parse).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn target_stands_for_the_metrics_of_each_host() {
    let spec = ObserveSpec { scrape: vec!["target".into(), "http://m/x".into()], ..ObserveSpec::default() };
    let targets = ["http://a:1/v1".to_owned(), "http://a:1/v2".to_owned(), "http://b/v1".to_owned()];
    let found = pages(&spec, &targets).unwrap();
    assert_eq!(found, ["http://a:1/metrics", "http://b/metrics", "http://m/x"]);
}

#[cfg(target_os = "linux")]
#[test]
fn the_host_and_a_server_are_read_until_the_server_ends() {
    use std::process::{Command, Stdio};
    let (what, _) = observing(ObserveSpec { server_pids: vec![u32::MAX], ..quick() }, Vec::new());
    assert!(matches!(Observer::start(what), Err(ObserveError::NoProcess(u32::MAX))));
    let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let spec = ObserveSpec { host: true, server_pids: vec![child.id()], ..quick() };
    let (what, items) = observing(spec, Vec::new());
    let observer = Observer::start(what).unwrap();
    std::thread::sleep(Duration::from_millis(350));
    drop(child.stdin.take());
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(350));
    drop(observer);
    let all = readings(&items);
    let has = |source: &str, name: &str| all.iter().any(|(s, n, _)| s == source && n == name);
    for (source, name) in
        [(HOST, CPU), (HOST, MEM), (CLIENT, CPU), (CLIENT, MEM), (SERVER, CPU), (SERVER, MEM)]
    {
        assert!(has(source, name), "{source} {name}: {all:?}");
    }
    assert!(all.iter().filter(|(_, n, _)| n == CPU).all(|(_, _, v)| (0.0..=1.5).contains(v)), "{all:?}");
    assert_eq!(of(&all, GONE), [f64::from(child.id())]);
}
