//! From the store to findings: the one path by which anything is shown.
//!
//! Main function: [`shown`]. `run`, `bench` and `report` all print what it gives.

use crate::commands::Undecided;
use crate::exit::{Exit, Failure};
use crate::open_store::trouble;
use crate::show::{ShowArgs, Shown, place};
use acidtest_engine::score::Answers;
use acidtest_findings::{Findings, GateResult, Texts, View};
use acidtest_record::{Answer, Digest, Key, Outcome, Record, RunId, RunSpec};
use acidtest_store::Store;
use std::collections::{BTreeMap, HashMap};
use std::io::IsTerminal;

/// Reads a run back and computes its findings alone.
pub(crate) fn findings(store: &Store, run: RunId) -> Result<Findings, Failure> {
    with_view(store, run, |view| {
        let said = Said::of(store, run, view);
        acidtest_findings::find(view, &mut |key| said.texts(store, key))
    })
}

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
        Shown { findings, requests, place, over_time: args.slices.how().is_some() }
    })
}

/// Reads a run back and gives it to a function.
pub(crate) fn with_view<R>(store: &Store, run: RunId, then: impl FnOnce(&View) -> R) -> Result<R, Failure> {
    with_spec(store, run, store.spec(run).map_err(trouble)?, then)
}

/// The same under a plan that asks for other metrics than the stored one.
fn with_spec<R>(
    store: &Store,
    run: RunId,
    spec: RunSpec,
    then: impl FnOnce(&View) -> R,
) -> Result<R, Failure> {
    let cases = store.cases(run).map_err(trouble)?;
    let mut builder = View::new(run, &spec, &cases);
    builder.state(store.state(run).map_err(trouble)?);
    for clock in store.clocks(run).map_err(trouble)? {
        builder.clock(&clock);
    }
    store.facts(run, &mut |fact| builder.fact(&fact)).map_err(trouble)?;
    store.rows(run, &mut |row| builder.row(row)).map_err(trouble)?;
    store.verdicts(run, &mut |verdict| builder.verdict(&verdict)).map_err(trouble)?;
    store.readings(run, &mut |reading| builder.reading(&reading)).map_err(trouble)?;
    if builder.wants_answers() {
        let answers = Answers::new(&spec, &cases).map_err(|e| Failure::new(Exit::Usage, e))?;
        let mut add = |record: Record| {
            if let Some(answer) = answers.of(&record) {
                builder.answer(&record.key, answer.as_deref());
            }
        };
        store.records(run, &mut add).map_err(trouble)?;
    }
    if builder.wants_details() {
        store.details(run, &mut |row, timing| builder.detail(&row.key, &timing)).map_err(trouble)?;
    }
    let view = builder.finish();
    Ok(then(&view))
}

/// What was said of the requests that a report lists as failing; of no other.
struct Said(HashMap<Key, BTreeMap<String, (i64, Option<String>)>>);

impl Said {
    /// Reads it in one pass over the run's verdicts. A store that cannot be read any more has
    /// said so before: the report is whole without reasons.
    fn of(store: &Store, run: RunId, view: &View) -> Self {
        let mut said: HashMap<Key, BTreeMap<String, (i64, Option<String>)>> =
            acidtest_findings::listed(view).into_iter().map(|key| (key, BTreeMap::new())).collect();
        if said.is_empty() {
            return Self(said);
        }
        let _ = store.reasons(run, &mut |reason| {
            let Some(of_key) = said.get_mut(&reason.key) else { return };
            // The latest opinion of a name counts, with or without words.
            if of_key.get(reason.name).is_none_or(|(before, _)| *before <= reason.at_unix_ns) {
                let why = reason.why.map(str::to_owned);
                of_key.insert(reason.name.to_owned(), (reason.at_unix_ns, why));
            }
        });
        Self(said)
    }

    /// The texts of one record with what was said of it.
    fn texts(&self, store: &Store, key: Key) -> Texts {
        let of_key = self.0.get(&key).into_iter().flatten();
        let reasons = of_key.filter_map(|(name, (_, why))| Some((name.clone(), why.clone()?))).collect();
        Texts { reasons, ..texts(store, key) }
    }
}

/// The texts of one record, for the list of failures.
pub(crate) fn texts(store: &Store, key: Key) -> Texts {
    let Ok(Some(record)) = store.record(key) else { return Texts::default() };
    let request = record.request.body.and_then(|hash: Digest| store.blob(hash).ok().flatten());
    Texts {
        output: Some(output(&record.answer)),
        request: request.map(|body| String::from_utf8_lossy(&body).into_owned()),
        detail: match record.outcome {
            Outcome::Failed { detail, .. } => Some(detail),
            _ => None,
        },
        ..Texts::default()
    }
}

/// The visible text, and tool calls as they were made.
fn output(answer: &Answer) -> String {
    let mut parts = vec![answer.text()];
    parts.retain(|text| !text.is_empty());
    parts.extend(answer.tool_calls().map(|(name, arguments)| format!("{name}({arguments})")));
    parts.join("\n")
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
