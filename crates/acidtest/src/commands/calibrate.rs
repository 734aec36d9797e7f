//! `acidtest calibrate`: how far this client, on this machine, is from the truth.

use super::{Format, StoreArg};
use crate::children::Truthful;
use crate::commands::bench_load::{rate, seconds};
use crate::execute::{self, Executed, Execution};
use crate::exit::{Exit, Failure, for_logs, print};
use crate::open_store::{to_write, trouble, unread};
use crate::read_back::style;
use crate::truth_file;
use acidtest_findings::Calibration;
use acidtest_record::{
    Amount, Digest, Item, Load, Message, Origin, PhaseSpec, PromptSpec, RunId, RunSpec, SPEC_VERSION, Source,
    TargetSpec, Warmup,
};
use std::path::{Path, PathBuf};

/// Measure this client against the built-in server, whose truth is known: reported minus true
///
/// Starts the server as a process of its own, which notes the time just before and just after
/// each write, runs a bench against it, and joins both by the answers' ids. The run is stored
/// like any other, with the errors as facts. Use the load that you mean to measure with, on an
/// otherwise idle machine; client and server share its cores.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Closed loop: so many streams always open
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Open loop: so many requests a second, independent of each other
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,
    /// Time from one token to the next
    #[arg(long, value_name = "D", default_value = "5ms", value_parser = seconds)]
    itl: f64,
    /// Time to the first token
    #[arg(long, value_name = "D", default_value = "50ms", value_parser = seconds)]
    ttft: f64,
    /// Tokens of each answer, one in an event
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    tokens: u32,
    /// Requests to send [default: 4 rounds of --concurrency, at least 100; or 10 s of --rate]
    #[arg(long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    requests: Option<u32>,
    /// Time to send for: 30s, 2m
    #[arg(long, value_name = "D", value_parser = seconds)]
    duration: Option<f64>,
    /// Most requests in flight of an open loop
    #[arg(long, value_name = "N", default_value_t = 10_000, requires = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    max_in_flight: u32,
    /// Serving threads of the built-in server
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    server_threads: u16,
    /// Use this `acidtest sim`, which runs already, in place of one of our own; needs --truth
    #[arg(long, value_name = "URL", requires = "truth")]
    url: Option<String>,
    /// The file that it writes its truth to; of our own server: where to keep it
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Seed of arrivals and of the server [default: from the run's id]
    #[arg(long)]
    seed: Option<u64>,
    /// How to show the result
    #[arg(long, value_enum, default_value = "terminal")]
    format: Format,
    /// No progress on stderr
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let run = execute::new_run_id();
    let seed = args.seed.unwrap_or(run.0);
    let store = to_write(&args.store)?;
    let folder = tempfile::tempdir().map_err(|e| Failure::new(Exit::Internal, e))?;
    let truth = args.truth.clone().unwrap_or_else(|| folder.path().join("truth.jsonl"));
    let server = match &args.url {
        Some(_) => {
            truth_file::check(&truth)?;
            None
        }
        None => Some(Truthful::start(&server(&args, seed), &truth)?),
    };
    let url = args.url.as_ref().or(server.as_ref().map(|s| &s.url)).cloned().unwrap_or_default();
    let execution = Execution {
        run,
        spec: spec(&args, &url, seed),
        cases: Vec::new(),
        folder: PathBuf::new(),
        resume: false,
        quiet: args.quiet,
        cache: None,
    };
    let mut done = execute::execute(store, execution)?;
    match server {
        Some(server) => server.finish()?,
        None => std::thread::sleep(SETTLES),
    }
    let calibration = joined(&done, run, &truth)?;
    let facts: Vec<Item> = calibration.facts().into_iter().map(Item::Fact).collect();
    done.store.append(run, &facts).map_err(trouble)?;
    print(&shown(&calibration, args.format)?)?;
    execute::exit_of(&done.store, run, done.summary.stopped)
}

/// A server that goes on writes its last lines within this time.
const SETTLES: std::time::Duration = std::time::Duration::from_millis(300);

fn joined(done: &Executed, run: RunId, truth: &Path) -> Result<Calibration, Failure> {
    let mut calibrator = truth_file::read(truth, &done.zero)?;
    done.store.records(run, &mut |record| calibrator.record(&record)).map_err(trouble)?;
    Ok(calibrator.finish(&acidtest_readback::findings(&done.store, run).map_err(unread)?))
}

fn shown(calibration: &Calibration, format: Format) -> Result<String, Failure> {
    Ok(match format {
        Format::Terminal => for_logs(acidtest_report::calibration(calibration, style())),
        Format::Json => {
            serde_json::to_string_pretty(calibration).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"
        }
    })
}

/// What the server is asked to do; what it does is in its file.
fn server(args: &Args, seed: u64) -> serde_json::Value {
    serde_json::json!({
        "model": MODEL,
        "seed": seed,
        "threads": args.server_threads,
        "ttft_ms": args.ttft * 1e3,
        "gap_ms": args.itl * 1e3,
        "tokens": args.tokens,
    })
}

const MODEL: &str = "sim";
const PROMPT: &str = "Tell a visitor about a moon jar in a few sentences.";

fn spec(args: &Args, url: &str, seed: u64) -> RunSpec {
    let load = match args.rate {
        Some(rate) => Load::Poisson { rate },
        None => Load::Closed { concurrency: args.concurrency.unwrap_or(1) },
    };
    let name = match load {
        Load::Poisson { rate } => format!("poisson {rate}/s"),
        _ => format!("closed {}", args.concurrency.unwrap_or(1)),
    };
    let phase = PhaseSpec {
        name,
        load,
        amount: amount(args),
        warmup: Warmup::None,
        max_in_flight: args.max_in_flight,
        ..PhaseSpec::default()
    };
    let mut params = serde_json::Map::new();
    params.insert("max_tokens".into(), args.tokens.into());
    let workload =
        Digest::of(format!("calibrate {params:?} {phase:?} {:?}", (args.itl, args.ttft)).as_bytes());
    RunSpec {
        version: SPEC_VERSION,
        name: "calibrate".into(),
        origin: Origin::Bench,
        acidtest: env!("CARGO_PKG_VERSION").into(),
        seed,
        targets: vec![TargetSpec {
            name: MODEL.into(),
            source: Source::Url(url.to_owned()),
            model: MODEL.into(),
            stream: true,
            ..TargetSpec::default()
        }],
        prompts: vec![PromptSpec {
            name: "synthetic".into(),
            messages: vec![Message { role: "user".into(), content: PROMPT.into() }],
            ..PromptSpec::default()
        }],
        params,
        phases: vec![phase],
        repeats: 1,
        fresh: true,
        workload,
        ..RunSpec::default()
    }
}

/// How much is sent: enough for a p99 where nothing is said.
fn amount(args: &Args) -> Amount {
    match (args.requests, args.duration, args.rate) {
        (_, Some(seconds), _) => Amount::Seconds(seconds),
        (Some(n), _, _) => Amount::Count(n),
        (_, _, Some(_)) => Amount::Seconds(10.0),
        _ => Amount::Count(args.concurrency.unwrap_or(1).saturating_mul(4).max(100)),
    }
}
