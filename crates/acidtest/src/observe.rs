//! Joins what a plan asks to be looked at beside the run to the engine's thread for it.
//!
//! Main functions: [`check`], before anything is stored, and [`start`].

use crate::children::Children;
use crate::exit::{Exit, Failure};
use acidtest_clock::Zero;
use acidtest_engine::observe::{ObserveError, Observer, Observing, Seen, pages, try_page};
use acidtest_formats::prometheus::samples;
use acidtest_record::observe::{MOST_PIDS, MOST_SCRAPES, SCRAPE_TARGETS};
use acidtest_record::{Item, ObserveSpec};
use std::sync::mpsc::SyncSender;

/// Longest name of a series that is stored.
const MOST_NAME: usize = 160;

/// Samples of a page of Prometheus metrics; absent where nothing in it is one.
fn parse(body: &[u8]) -> Option<Vec<Seen>> {
    let found = samples(body);
    let is_page = !found.samples.is_empty() || (found.bad_lines == 0 && !body.is_empty());
    is_page.then(|| found.samples.iter().map(|s| (s.series(MOST_NAME), s.value)).collect())
}

/// Whether a process on this machine is said to be the server.
pub(crate) fn is_here(spec: &ObserveSpec) -> bool {
    !spec.server_pids.is_empty()
}

/// Whether all of it is there, before anything is stored.
pub(crate) fn check(spec: &ObserveSpec) -> Result<(), Failure> {
    for (n, most, what) in [
        (spec.server_pids.len(), MOST_PIDS, "processes to observe"),
        (spec.scrape.len(), MOST_SCRAPES, "addresses to scrape"),
    ] {
        if n > most {
            return Err(Failure::usage(format!("{n} {what}; expected at most {most}")));
        }
    }
    if !spec.server_pids.is_empty() && !cfg!(target_os = "linux") {
        return Err(Failure::usage("--observe-pid: processes can be read on Linux only"));
    }
    acidtest_clock::machine::Processes::watch(&spec.server_pids)
        .map_err(|pid| failure(ObserveError::NoProcess(pid)))?;
    for url in spec.scrape.iter().filter(|url| *url != SCRAPE_TARGETS) {
        try_page(url, parse).map_err(failure)?;
    }
    Ok(())
}

/// Starts it, unless there is nothing to look at. Built-in servers are our own children: their
/// processes are read too.
pub(crate) fn start(
    spec: &ObserveSpec,
    urls: &[String],
    children: &Children,
    (zero, clock_no, out): (Zero, u16, SyncSender<Item>),
) -> Result<Option<Observer>, Failure> {
    let mut spec = spec.clone();
    if spec.host && cfg!(target_os = "linux") {
        spec.server_pids.extend(children.pids());
    }
    if !spec.is_any() {
        return Ok(None);
    }
    let pages = pages(&spec, urls).map_err(|e| Failure::usage(format!("--scrape {SCRAPE_TARGETS}: {e}")))?;
    Observer::start(Observing { spec, pages, parse, zero, clock_no, out }).map(Some).map_err(failure)
}

fn failure(error: ObserveError) -> Failure {
    let (exit, hint) = match &error {
        ObserveError::NoProcess(_) => {
            (Exit::Usage, "name a process of the server that runs now, as `pgrep -f vllm` lists them")
        }
        ObserveError::Page { .. } => (
            Exit::Usage,
            "a server's metrics are mostly at http://HOST:PORT/metrics; the run works without them",
        ),
        ObserveError::Thread(_) => (Exit::Internal, ""),
    };
    Failure::new(exit, error).hint(hint)
}
