//! The real binary, as its users meet it: exit codes, stdout, stderr.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod ask;
mod bad_input;
mod calibrate;
mod compare;
mod connections;
mod failures;
mod faults;
mod foreign;
mod help;
mod hostile_files;
mod kill;
mod korean;
mod language;
mod likelihoods;
mod loads;
mod newcomer;
mod observe;
mod own_targets;
mod protocols;
mod rank;
mod reports;
mod requests;
mod rescore;
mod run_metrics;
mod score_files;
mod scorers;
mod search;
mod secrets;
mod suites;
mod view;

use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// A folder of its own for one test.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Writes a file; gives its path.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_acidtest"));
        command
            .args(args)
            .current_dir(self.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "110")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran(self.command(args).output().unwrap())
    }
}

/// What a command did.
pub(crate) struct Ran(Output);

impl Ran {
    pub(crate) fn code(&self) -> i32 {
        self.0.status.code().unwrap_or(-1)
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).unwrap()
    }

    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "stdout:\n{}\nstderr:\n{}", self.out(), self.err());
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out()).unwrap_or_else(|e| panic!("{e}:\n{}\n{}", self.out(), self.err()))
    }
}

/// A built-in server of a test's own.
pub(crate) struct Sim {
    child: Child,
    pub(crate) url: String,
}

impl Sim {
    pub(crate) fn start(place: &Place, config: &Value, more: &[&str]) -> Self {
        let config = config.to_string();
        let mut args = vec!["sim", "--listen", "127.0.0.1:0", "--child", "--config-json", &config];
        args.extend(more);
        let mut child = place
            .command(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap();
        Self { url: format!("http://{}/v1", said["listening"].as_str().unwrap()), child }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in order and waits.
    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        self.child.wait().unwrap();
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Cases `q0`… whose answers are their numbers in words of their own.
pub(crate) fn cases(n: usize) -> String {
    (0..n)
        .map(|i| {
            format!(
                "{{\"id\":\"q{i}\",\"question\":\"What is item number {i}?\",\"answer\":\"thing{i}x\"}}\n"
            )
        })
        .collect()
}

/// A suite over those cases against a URL.
pub(crate) fn suite(url: &str, phases: &str, more: &str) -> String {
    format!(
        "name: test\ntarget: {{ name: server, url: \"{url}\", model: sim }}\nprompt: \"{{{{ question }}}}\"\n\
         cases: {{ file: cases.jsonl, map: {{ expected: answer }} }}\nscorers: [contains]\nphases: {phases}\n{more}\n"
    )
}

/// The estimate of that metric (and parameter) in a JSON report.
#[track_caller]
pub(crate) fn estimate<'a>(report: &'a Value, metric: &str, stat: &str) -> &'a Value {
    let all = report["estimates"].as_array().unwrap();
    let found = all.iter().find(|e| {
        let plain = e["params"].as_object().is_none_or(serde_json::Map::is_empty);
        e["metric"] == metric && e["stat"] == stat && plain && e["labels"].get("window").is_none()
    });
    found.unwrap_or_else(|| {
        panic!(
            "no {metric}.{stat} among {:?}",
            all.iter().map(|e| (&e["metric"], &e["stat"])).collect::<Vec<_>>()
        )
    })
}

/// Waits until a condition holds; fails after a while.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = std::time::Instant::now();
    while !holds() {
        assert!(start.elapsed().as_secs() < 30, "waited 30 s for {what}");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
}
