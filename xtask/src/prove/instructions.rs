//! How many instructions an event costs from the socket to its stored timing, against a budget.
//!
//! Main item: [`run`]. Valgrind counts `crates/target/examples/per_event.rs`; the slope between a
//! short and a long answer leaves out start-up and connection. Unlike a time it hardly depends on
//! the machine, so a change that makes the path longer fails here.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::page;
use super::rig;
use crate::shell;

const PAGE: &str = "docs/benchmarks.md";
const SHORT: u32 = 250;
const LONG: u32 = 1_250;
/// Runs of each, of which the fewest instructions count: noise only adds.
const TIMES: usize = 3;
/// Instructions of an event, at most. Raise it only with a reason in the changelog.
const BUDGET: f64 = 24_000.0;
/// Beyond this an event is no read of its own, and the figure is not that of the path.
const SINGLE: f64 = 1.05;

/// `instructions`: fails when an event costs more than its budget.
pub(super) fn run(words: &[&str]) -> Result<()> {
    if !words.is_empty() {
        bail!("expected `prove instructions`");
    }
    let program = rig::example("acidtest-target", "per_event")?;
    let server = Canned::start(&program)?;
    let (short, long) = (server.fewest(&program, SHORT)?, server.fewest(&program, LONG)?);
    let each = (long.instructions - short.instructions) / f64::from(LONG - SHORT);
    let line = format!(
        "An event costs {each:.0} instructions in user space, budget {BUDGET:.0} (slope between answers of \
         {SHORT} and {LONG} events, {:.3} events per read): socket and stamp, HTTP, segment, scanner, parser, \
         packed timing.\n",
        long.events_per_read
    );
    print!("{line}");
    page::put(PAGE, "instructions", &format!("{}\n{line}", rig::head("instructions")?))?;
    if long.events_per_read > SINGLE {
        bail!("{:.3} events per read: the machine was too busy to count the path", long.events_per_read);
    }
    if each > BUDGET {
        bail!("an event costs {each:.0} instructions, its budget is {BUDGET:.0}");
    }
    Ok(())
}

/// The canned server of the example.
struct Canned {
    child: Child,
    address: String,
}

impl Drop for Canned {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Count {
    instructions: f64,
    events_per_read: f64,
}

impl Canned {
    fn start(program: &Path) -> Result<Canned> {
        let mut command = Command::new(program);
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().context("the canned server cannot be started")?;
        let out = child.stdout.take().context("the canned server has no output")?;
        let mut canned = Canned { child, address: String::new() };
        BufReader::new(out).read_line(&mut canned.address)?;
        canned.address = canned.address.trim().to_owned();
        Ok(canned)
    }

    fn fewest(&self, program: &Path, events: u32) -> Result<Count> {
        let mut fewest: Option<Count> = None;
        for _ in 0..TIMES {
            let count = self.count(program, events)?;
            if fewest.as_ref().is_none_or(|f| count.instructions < f.instructions) {
                fewest = Some(count);
            }
        }
        fewest.context("nothing was counted")
    }

    fn count(&self, program: &Path, events: u32) -> Result<Count> {
        let mut valgrind = shell::program("valgrind")?;
        valgrind.args(["--tool=none", "--version"]);
        shell::output(valgrind).context("valgrind is missing: apt-get install valgrind")?;
        let mut valgrind = shell::program("valgrind")?;
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(program);
        valgrind.args(["ask", &self.address, &events.to_string()]);
        let done = valgrind.output().context("valgrind cannot be started")?;
        let complaint = String::from_utf8_lossy(&done.stderr);
        if !done.status.success() {
            bail!("`{}` ended with {}\n{}", shell::words(&valgrind), done.status, complaint.trim_end());
        }
        let said: Value = serde_json::from_slice(&done.stdout).context("per_event printed no JSON")?;
        let (seen, reads) = (said["events"].as_f64(), said["reads"].as_f64());
        let events_per_read = seen.zip(reads).map(|(e, r)| e / r).context("per_event counted nothing")?;
        Ok(Count { instructions: collected(&complaint)?, events_per_read })
    }
}

/// The count that callgrind ends with.
fn collected(told: &str) -> Result<f64> {
    let line = told.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = line.context("callgrind did not say what it collected")?;
    number.trim().parse().with_context(|| format!("callgrind collected `{}`", number.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callgrind_is_read() {
        assert_eq!(collected("==7== Events    : Ir\n==7== Collected : 2199418\n").unwrap(), 2_199_418.0);
        assert!(collected("==7== nothing").is_err());
    }
}
