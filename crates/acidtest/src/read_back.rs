//! What a run's reports draw: its findings, read back from the store, and how they are styled.
//!
//! Main function: [`shown`]. `run`, `bench` and `report` all print what it gives; the path from the
//! store to findings is `acidtest-readback`.

use crate::commands::Undecided;
use crate::exit::{Exit, Failure};
use crate::html_file::Drawn;
use crate::open_store::{trouble, unread};
use crate::show::{ShowArgs, Shown, place};
use acidtest_findings::{Findings, GateResult};
use acidtest_readback::{Said, with_spec};
use acidtest_record::{RunId, RunSpec};
use acidtest_store::Store;
use std::io::IsTerminal;

/// Reads a run back and computes everything that the wanted reports show.
pub(crate) fn shown(store: &Store, run: RunId, args: &ShowArgs) -> Result<Shown, Failure> {
    shown_with(store, run, args, None)
}

/// The same with the metrics over all answers, and the extraction, of another plan, where it asks
/// for such metrics: an old run has none of its own.
pub(crate) fn shown_with(
    store: &Store,
    run: RunId,
    args: &ShowArgs,
    other: Option<&RunSpec>,
) -> Result<Shown, Failure> {
    let mut spec = store.spec(run).map_err(trouble)?;
    if let Some(other) = other.filter(|other| !other.metrics.is_empty()) {
        spec.metrics = other.metrics.clone();
        spec.extraction = other.extraction.clone();
        spec.thinking = other.thinking.clone();
    }
    let place = place(&spec);
    with_spec(store, run, spec, |view| {
        let said = Said::of(store, run, view);
        let mut findings = acidtest_findings::find(view, &mut |key| said.texts(store, key));
        if let Some(how) = args.slices.how() {
            findings.slices = acidtest_findings::timeline(view, how);
        }
        let requests = match args.wants_requests() {
            true => acidtest_findings::requests(view, &mut |key| said.texts(store, key)),
            false => Vec::new(),
        };
        let drawn = args.wants_page().then(|| Drawn::of(view));
        Shown { findings, requests, place, drawn, over_time: args.slices.how().is_some() }
    })
    .map_err(unread)
}

/// Places of a line where there is no terminal to ask.
const WIDTH: usize = 120;

/// How wide the table may be and whether it may use colour.
pub(crate) fn style() -> acidtest_report::Style {
    let terminal = std::io::stdout().is_terminal();
    let asked = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let width = asked.or_else(terminal_width).unwrap_or(WIDTH);
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    acidtest_report::Style {
        width: width.clamp(60, 400),
        color: terminal && !no_color,
        lang: crate::lang::lang(),
    }
}

#[cfg(unix)]
fn terminal_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(not(unix))]
fn terminal_width() -> Option<usize> {
    None
}

/// What the gates say of the exit code.
pub(crate) fn gates_exit(findings: &Findings, undecided: Undecided) -> Exit {
    exit_of_gates(&findings.gates, undecided)
}

/// What a benchmark's headline figures say of the exit code, with the words for a person.
pub(crate) fn headlines_exit(findings: &Findings, undecided: Undecided) -> (Exit, Option<(String, String)>) {
    let invalid = findings.invalid_headlines();
    let mut names: Vec<&str> = invalid.iter().map(|(e, _)| e.metric.as_str()).collect();
    names.dedup();
    let Some((_, why)) = invalid.first() else { return (Exit::Ok, None) };
    let exit = if undecided == Undecided::Pass { Exit::Ok } else { Exit::Undecided };
    (exit, Some((names.join(", "), (*why).to_owned())))
}

/// The same of gates alone.
pub(crate) fn exit_of_gates(gates: &[GateResult], undecided: Undecided) -> Exit {
    gates.iter().fold(Exit::Ok, |exit, gate| {
        exit.worst(match gate.state {
            acidtest_findings::GateState::Met => Exit::Ok,
            acidtest_findings::GateState::Broken => Exit::GateBroken,
            acidtest_findings::GateState::Undecided if undecided == Undecided::Pass => Exit::Ok,
            acidtest_findings::GateState::Undecided => Exit::Undecided,
        })
    })
}
