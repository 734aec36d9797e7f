//! What is looked at beside a run: the machine, the server's process, its metrics; slices of time.

use super::{Place, Sim};
use serde_json::{Value, json};

fn estimate<'r>(report: &'r Value, metric: &str, source: &str, stat: &str) -> &'r Value {
    let all = report["estimates"].as_array().unwrap();
    let is = |e: &&Value| e["metric"] == metric && e["params"]["source"] == source && e["stat"] == stat;
    all.iter().find(is).unwrap_or_else(|| panic!("no {metric} of {source}"))
}

fn bench<'a>(sim: &'a Sim, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["bench", "--url", &sim.url, "--model", "sim", "--max-tokens", "8", "-q"];
    args.extend(more);
    args
}

#[test]
fn the_servers_own_gauge_stands_beside_what_was_held() {
    let place = Place::new();
    let config = json!({"slots": 2, "ttft_ms": 60, "gap_ms": 5, "tokens": 8});
    let sim = Sim::start(&place, &config, &[]);
    let pid = sim.pid().to_string();
    let args = bench(
        &sim,
        &[
            "--concurrency",
            "8",
            "--requests",
            "40",
            "--observe-pid",
            &pid,
            "--scrape",
            "target",
            "--observe-every",
            "100ms",
            "--undecided",
            "pass",
            "--format",
            "json",
        ],
    );
    let report = place.run(&args).exits(0).json();
    let number = |metric: &str, source: &str, stat: &str| {
        estimate(&report, metric, source, stat)["value"].as_f64().unwrap()
    };
    let running = number("server_running", "scrape", "mean");
    assert!((1.0..=2.0).contains(&running), "two slots are always taken: {running}");
    let waiting = number("server_waiting", "scrape", "mean");
    assert!((3.0..=6.0).contains(&waiting), "six wait: {waiting}");
    for source in ["client", "server"] {
        assert!(number("mem", source, "mean") > 1e6, "{source}");
        assert!((0.0..=1.0).contains(&number("cpu_util", source, "mean")), "{source}");
    }
    assert!(number("cpu_util", "host", "max") > 0.0);
    assert_eq!(report["validity"]["same_machine"], json!(true));
    let slices = report["slices"].as_array().unwrap();
    let sum = |key: &str| slices.iter().map(|s| s[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("sent"), sum("completed"), sum("failed")), (40, 40, 0));
    let tokens: f64 = slices
        .iter()
        .map(|s| {
            s["tokens_per_s"].as_f64().unwrap()
                * (s["to_s"].as_f64().unwrap() - s["from_s"].as_f64().unwrap())
        })
        .sum();
    assert!((tokens - 320.0).abs() < 0.01, "40 answers of 8 tokens: {tokens}");
    let gaps: u64 = slices.iter().map(|s| s["icl"]["n"].as_u64().unwrap()).sum();
    assert_eq!(gaps, 40 * 7);
    let text = place.run(&["report", "--slices=4"]).exits(0).out();
    for words in ["AROUND", "running there ", "held by us ", "OVER TIME", "lag p99 (n)", "share this machine"]
    {
        assert!(text.contains(words), "no '{words}' in\n{text}");
    }
    assert!(!place.run(&["report"]).exits(0).out().contains("OVER TIME"));
}

#[test]
fn built_in_servers_are_read_without_being_named() {
    let place = Place::new();
    let args = [
        "bench",
        "--url",
        "sim:s",
        "--rate",
        "40",
        "--duration",
        "600ms",
        "--observe-every",
        "100ms",
        "-q",
        "--undecided",
        "pass",
    ];
    let text = place.run(&[&args[..], &["--slices", "--scrape", "target"]].concat()).exits(0).out();
    for words in ["AROUND", "server", "scraped", "e2e_from_intended", "e2e from intended p95 (n)"] {
        assert!(text.contains(words), "no '{words}' in\n{text}");
    }
    let none = place.run(&[&args[..], &["--no-host-readings", "--format", "json"]].concat()).exits(0).json();
    let all = none["estimates"].as_array().unwrap();
    assert!(all.iter().all(|e| e["family"] != "surroundings"));
}

#[test]
fn what_is_not_there_is_said_before_anything_is_sent() {
    let place = Place::new();
    let sim = Sim::start(&place, &json!({}), &[]);
    let base = sim.url.trim_end_matches("/v1").to_owned();
    let (health, nowhere) = (format!("{base}/health"), format!("{base}/nowhere"));
    for (flag, value, words) in [
        ("--observe-pid", "4294967295", "there is no process 4294967295"),
        ("--scrape", "localhost/metrics", "not a URL"),
        ("--scrape", "http://127.0.0.1:1/metrics", "connect to 127.0.0.1:1"),
        ("--scrape", health.as_str(), "no page of Prometheus metrics"),
        ("--scrape", nowhere.as_str(), "status 404"),
        ("--observe-every", "1ms", "from 100ms to 1h"),
        ("--slices=0", "-q", "from 1 to 1000"),
    ] {
        let args = bench(&sim, &["--requests", "1", flag, value]);
        let ran = place.run(&args).exits(2);
        assert!(ran.err().contains(words), "{flag} {value}: {}", ran.err());
    }
    let list = place.run(&["runs", "--format", "json"]);
    let is_empty = list.code() != 0 || list.json()["runs"].as_array().is_none_or(Vec::is_empty);
    assert!(is_empty, "nothing was stored: {}", list.out());
}

#[test]
fn a_server_that_ends_or_stops_showing_metrics_stops_no_run() {
    let place = Place::new();
    let sim = Sim::start(&place, &json!({"ttft_ms": 5, "tokens": 2}), &[]);
    let other = Sim::start(&place, &json!({}), &[]);
    let metrics = format!("{}/metrics", other.url.trim_end_matches("/v1"));
    let pid = other.pid().to_string();
    let args = bench(
        &sim,
        &[
            "--rate",
            "20",
            "--duration",
            "2s",
            "--observe-pid",
            &pid,
            "--scrape",
            &metrics,
            "--observe-every",
            "100ms",
            "--undecided",
            "pass",
            "--format",
            "json",
        ],
    );
    let mut run = place.command(&args);
    let run = run.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(900));
    other.end();
    let done = run.wait_with_output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).unwrap();
    let warnings: Vec<&str> =
        report["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let ended = format!("server process {pid} ended at second");
    assert_eq!(warnings.iter().filter(|w| w.starts_with(&ended)).count(), 1, "{warnings:?}");
    assert_eq!(warnings.iter().filter(|w| w.contains("scrapes of scrape failed")).count(), 1, "{warnings:?}");
}
