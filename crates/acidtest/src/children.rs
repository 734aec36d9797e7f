//! The built-in server as a child process of a run, always over a real socket.
//!
//! Main type: [`Children`]. A child ends when its standard input closes, so none
//! outlives us, however we end.

use crate::exit::{Exit, Failure};
use acidtest_record::{RunSpec, Source};
use anyhow::{Context, anyhow};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Children that live as long as this value.
#[derive(Default)]
pub(crate) struct Children(Vec<Child>);

impl Children {
    /// Their processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.0.iter().map(Child::id).collect()
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for child in &mut self.0 {
            drop(child.stdin.take());
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Base URL of every target of a plan; built-in servers are started for it.
///
/// Paths in a server's configuration are taken from `folder`, the suite's.
pub(crate) fn urls(spec: &RunSpec, folder: &Path) -> Result<(Vec<String>, Children), Failure> {
    let mut children = Children::default();
    let mut urls = Vec::new();
    for target in &spec.targets {
        urls.push(match &target.source {
            Source::Url(url) => url.clone(),
            Source::Sim { name, config } => {
                let (child, url) = start(config, folder, None)
                    .map_err(|e| Failure::new(Exit::Internal, e.context(format!("cannot start {name}"))))?;
                children.0.push(child);
                url
            }
        });
    }
    Ok((urls, children))
}

/// A built-in server that writes down what it really did.
pub(crate) struct Truthful {
    children: Children,
    pub(crate) url: String,
}

/// How long a server may take to complete its file once it was told to stop.
const LAST_WORDS: Duration = Duration::from_secs(60);

impl Truthful {
    pub(crate) fn start(config: &serde_json::Value, truth: &Path) -> Result<Self, Failure> {
        let (child, url) = start(config, Path::new(""), Some(truth))
            .map_err(|e| Failure::new(Exit::Internal, e.context("cannot start the built-in server")))?;
        Ok(Self { children: Children(vec![child]), url })
    }

    /// Ends it in order: its file is whole when this returns.
    pub(crate) fn finish(mut self) -> Result<(), Failure> {
        let began = Instant::now();
        for child in &mut self.children.0 {
            drop(child.stdin.take());
            while child.try_wait().map_err(|e| Failure::new(Exit::Internal, e))?.is_none() {
                if began.elapsed() > LAST_WORDS {
                    let words = format!("the built-in server did not end in {} s", LAST_WORDS.as_secs());
                    return Err(Failure::new(Exit::Internal, anyhow!(words)));
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Ok(())
    }
}

fn start(config: &serde_json::Value, folder: &Path, truth: Option<&Path>) -> anyhow::Result<(Child, String)> {
    let program = std::env::current_exe().context("cannot find our own program")?;
    let mut command = Command::new(program);
    command.args(["sim", "--listen", "127.0.0.1:0", "--child", "--config-json", &config.to_string()]);
    if let Some(truth) = truth {
        command.arg("--truth").arg(truth);
    }
    if !folder.as_os_str().is_empty() {
        command.current_dir(folder);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut first = String::new();
    let out = child.stdout.take().ok_or_else(|| anyhow!("it has no output"))?;
    BufReader::new(out.take(4096)).read_line(&mut first).context("it did not say where it listens")?;
    let said: Option<serde_json::Value> = serde_json::from_str(&first).ok();
    let Some(addr) = said.as_ref().and_then(|s| s["listening"].as_str()) else {
        let mut words = String::new();
        if let Some(err) = child.stderr.take() {
            let _ = err.take(4096).read_to_string(&mut words);
        }
        let _ = child.wait();
        let words = words.trim().trim_start_matches("error: ");
        return Err(anyhow!("{}", if words.is_empty() { "it ended before it listened" } else { words }));
    };
    // Its report on its own lateness is for `acidtest sim`; nobody reads it here.
    if let Some(err) = child.stderr.take() {
        std::thread::spawn(move || std::io::copy(&mut { err }, &mut std::io::sink()));
    }
    Ok((child, format!("http://{addr}/v1")))
}
