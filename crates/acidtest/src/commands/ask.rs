//! `acidtest ask`: one request and its speed card.

use super::StoreArg;
use crate::commands::bench;
use crate::execute::{self, Execution};
use crate::exit::{Exit, Failure, for_logs, print};
use crate::open_store::{to_write, trouble};
use crate::read_back;
use acidtest_findings::Card;
use acidtest_record::{
    Amount, Digest, Load, Message, Origin, Outcome, Part, PhaseSpec, PromptSpec, Record, RunId, RunSpec,
    SPEC_VERSION, Warmup,
};
use acidtest_store::Store;
use serde_json::{Value, json};
use std::io::Read;
use std::path::PathBuf;

/// Ask one question: the answer, and a speed card with our times and the server's apart
///
/// The request goes the way of every other: it becomes a record, and the card is read
/// back from it. Nothing is kept unless --store names a store.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to ask; `-` reads it from standard input
    prompt: String,
    /// System message
    #[arg(long, value_name = "TEXT")]
    system: Option<String>,
    #[command(flatten)]
    endpoint: bench::EndpointArgs,
    /// Tokens to ask for at most
    #[arg(long, value_name = "N", default_value_t = 512)]
    max_tokens: u32,
    /// Body field NAME=VALUE, such as temperature=0; VALUE is JSON, else text; may be repeated
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// How to show the result
    #[arg(long, value_enum, default_value = "terminal")]
    format: AskFormat,
    /// The speed card alone, without the answer
    #[arg(long)]
    card_only: bool,
    #[command(flatten)]
    store: StoreArg,
}

/// How an answer and its card are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum AskFormat {
    /// The answer and a table.
    Terminal,
    /// JSON.
    Json,
}

/// Longest prompt that is read from standard input.
const MAX_PROMPT: u64 = 16 << 20;

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let prompt = prompt(&args)?;
    let run = execute::new_run_id();
    let spec = spec(&args, prompt)?;
    // A question in passing leaves nothing behind; the folder goes when we end.
    let (store, _folder) = match &args.store.store {
        Some(_) => (to_write(&args.store)?, None),
        None => {
            let folder = tempfile::tempdir().map_err(|e| {
                Failure::new(Exit::Internal, e)
                    .hint("the system's folder for temporary files must be writable")
            })?;
            let arg = StoreArg { store: Some(folder.path().join("ask.db")) };
            (to_write(&arg)?, Some(folder))
        }
    };
    let execution = Execution {
        run,
        spec,
        cases: Vec::new(),
        folder: PathBuf::new(),
        resume: false,
        quiet: true,
        cache: None,
    };
    let done = execute::execute(store, execution)?;
    show(&args, &only_record(&done.store, run)?)
}

fn prompt(args: &Args) -> Result<String, Failure> {
    if args.prompt != "-" {
        return Ok(args.prompt.clone());
    }
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_PROMPT + 1).read_to_string(&mut text);
    read.map_err(|e| Failure::new(Exit::Usage, e).hint("standard input must be UTF-8 text"))?;
    if text.len() as u64 > MAX_PROMPT {
        return Err(Failure::usage(format!(
            "the prompt on standard input is longer than {MAX_PROMPT} bytes"
        )));
    }
    Ok(text)
}

fn spec(args: &Args, prompt: String) -> Result<RunSpec, Failure> {
    let message = |role: &str, content: String| Message { role: role.into(), content };
    let mut messages: Vec<Message> = args.system.iter().map(|s| message("system", s.clone())).collect();
    messages.push(message("user", prompt));
    let params = params(args)?;
    let phase = PhaseSpec {
        name: "one request".into(),
        load: Load::Closed { concurrency: 1 },
        amount: Amount::Count(1),
        warmup: Warmup::None,
        max_in_flight: 1,
        ..PhaseSpec::default()
    };
    let mut spec = RunSpec {
        version: SPEC_VERSION,
        name: "ask".into(),
        origin: Origin::Bench,
        acidtest: env!("CARGO_PKG_VERSION").into(),
        targets: vec![args.endpoint.target()?],
        workload: Digest::of(format!("ask {messages:?} {params:?}").as_bytes()),
        prompts: vec![PromptSpec { name: "ask".into(), messages, ..PromptSpec::default() }],
        params,
        phases: vec![phase],
        repeats: 1,
        ..RunSpec::default()
    };
    super::run::configure_sims(&mut spec)?;
    Ok(spec)
}

/// `max_tokens`, then what `--param` says.
fn params(args: &Args) -> Result<serde_json::Map<String, Value>, Failure> {
    let mut params = serde_json::Map::new();
    params.insert("max_tokens".into(), args.max_tokens.into());
    for given in &args.params {
        let (name, value) = given.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or_else(|| {
            Failure::usage(format!("--param '{given}': expected NAME=VALUE"))
                .hint("such as --param temperature=0")
        })?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        params.insert(name.to_owned(), value);
    }
    Ok(params)
}

fn only_record(store: &Store, run: RunId) -> Result<Record, Failure> {
    let mut found = None;
    store.records(run, &mut |record| found = Some(record)).map_err(trouble)?;
    found.ok_or_else(|| Failure::new(Exit::Interrupted, anyhow::anyhow!("stopped before anything was sent")))
}

fn show(args: &Args, record: &Record) -> Result<Exit, Failure> {
    let card = Card::of(record, args.endpoint.kind);
    let exit = match &record.outcome {
        Outcome::Completed { .. } => Exit::Ok,
        _ => Exit::Unreachable,
    };
    if args.format == AskFormat::Json {
        let text = serde_json::to_string_pretty(&as_json(record, &card))
            .map_err(|e| Failure::new(Exit::Internal, e))?;
        print(&(text + "\n"))?;
        return Ok(exit);
    }
    match &record.outcome {
        Outcome::Completed { .. } => {
            let answer = if args.card_only { String::new() } else { words(record) + "\n" };
            print(&for_logs(format!("{answer}{}", acidtest_report::card(&card, read_back::style()))))?;
        }
        outcome => {
            let why = acidtest_report::clean(&why(outcome));
            let hint = hint(outcome, &args.endpoint);
            return Err(Failure::new(exit, anyhow::anyhow!("no answer: {why}")).hint(hint));
        }
    }
    Ok(exit)
}

fn why(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Failed { cause, detail, .. } => format!("{} ({detail})", cause.words()),
        Outcome::NotSent { reason } => format!("not sent ({})", reason.id()),
        Outcome::Completed { .. } => String::new(),
    }
}

/// What to look at first, by the status.
fn hint(outcome: &Outcome, endpoint: &bench::EndpointArgs) -> String {
    let status = match outcome {
        Outcome::Failed { status, .. } => *status,
        _ => None,
    };
    match (status, endpoint.key(), endpoint.is_under_v1()) {
        (Some(401 | 403), Some(key), _) => format!("the server does not take the key in {key}: is it right?"),
        (Some(401 | 403), None, _) => {
            "the server wants a key: name the environment variable that holds it with --key NAME".into()
        }
        (Some(404), _, false) => {
            "nothing is at that path: most servers speak under /v1, as in --url http://HOST:PORT/v1".into()
        }
        (Some(404), ..) => "nothing is at that path: are the kind and the model right?".into(),
        _ => "is the server running, and are its address, kind and model right?".into(),
    }
}

/// The answer for people: text as it came, line by line without control characters.
fn words(record: &Record) -> String {
    let mut out = String::new();
    for part in &record.answer.parts {
        match part {
            Part::Text(text) | Part::Refusal(text) => out.push_str(&crate::exit::harmless(text)),
            Part::ToolCall { name, arguments, .. } => {
                out.push_str(&crate::exit::harmless(&format!("[calls {name}({arguments})]")));
            }
            Part::Scores(numbers) => out.push_str(&format!("[{} numbers]\n", numbers.len())),
            Part::Blob { media, .. } => {
                out.push_str(&crate::exit::harmless(&format!("[{media}]")));
            }
            Part::Reasoning(_) | Part::Logprobs { .. } => {}
        }
    }
    out
}

fn as_json(record: &Record, card: &Card) -> Value {
    json!({
        "schema": "acidtest.ask/1",
        "outcome": record.outcome,
        "answer": record.answer.text(),
        "parts": record.answer.parts,
        "card": acidtest_report::card_json(card),
        "server": record.said,
        "n": { "requests": 1 },
        "interval": null,
        "interval_none": "one request",
    })
}
