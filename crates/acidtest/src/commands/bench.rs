//! `acidtest bench`: speed alone, a run without a suite file.

use super::OutputArgs;
use super::bench_search::{Rungs, SearchArgs};
use crate::commands::run::{Ending, finish};
use crate::execute::{self, Execution};
use crate::exit::{Exit, Failure};
use crate::open_store::to_write;
use acidtest_record::{
    Amount, Axis, Caps, Digest, Extraction, Gate, Limits, Load, Message, Origin, PhaseSpec, PromptSpec,
    Retry, RunSpec, SPEC_VERSION, Source, TargetKind, TargetSpec, Warmup,
};
use std::path::PathBuf;

/// Measure speed alone: a synthetic prompt under load, without a suite file
///
/// Each prompt begins with a nonce of its own, so that no cache answers. Without
/// --concurrency and --rate one request is in flight at a time.
#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("open_loop").args(["rate", "sweep", "find"]).multiple(true))]
pub(crate) struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    /// Closed loop: so many requests always in flight
    #[arg(long, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    concurrency: Option<u32>,
    /// Open loop: so many requests a second, however slow the answers are
    #[arg(long, value_name = "R", value_parser = rate)]
    rate: Option<f64>,
    /// How arrivals of an open loop are spaced
    #[arg(long, value_enum, default_value = "poisson", requires = "open_loop")]
    arrivals: Arrivals,
    /// Requests to send [default: 100, unless --duration is given]
    #[arg(long, value_name = "N", conflicts_with = "duration", value_parser = clap::value_parser!(u32).range(1..=50_000_000))]
    requests: Option<u32>,
    /// Time to send for: 30s, 2m
    #[arg(long, value_name = "D", value_parser = seconds)]
    duration: Option<f64>,
    /// Requests sent before measuring begins
    #[arg(long, value_name = "N", default_value_t = 0)]
    warmup: u32,
    /// Tokens to ask for at most
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_tokens: u32,
    /// The prompt
    #[arg(long, value_name = "TEXT", default_value = "Tell a visitor about a moon jar in a few sentences.")]
    prompt: String,
    /// Most requests in flight of an open loop; beyond, a request is not sent and counted so
    #[arg(long, value_name = "N", default_value_t = 1000, requires = "open_loop")]
    max_in_flight: u32,
    /// Gate that decides the exit code, such as 'ttft.p95 <= 800 ms'; may be repeated
    #[arg(long = "gate", value_name = "GATE")]
    gates: Vec<String>,
    /// Seed of arrivals; nonces differ from run to run whatever it is [default: from the run's id]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whom to ask, for commands that take no suite.
#[derive(clap::Args)]
pub(crate) struct EndpointArgs {
    /// Base URL of the server, such as http://127.0.0.1:8000/v1; `sim:NAME` and `local:NAME` are built in
    #[arg(long)]
    url: String,
    /// Protocol that it speaks: openai_chat, openai_completions, openai_responses, anthropic, ollama, embeddings
    #[arg(long, value_name = "KIND", default_value = "openai_chat", value_parser = kind)]
    pub(crate) kind: TargetKind,
    /// Model to ask for; built-in servers have a name of their own
    #[arg(long)]
    model: Option<String>,
    /// Name of the environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// Extra header 'Name: value'; the value may hold ${NAME} of the environment
    #[arg(long = "header", value_name = "HEADER")]
    headers: Vec<String>,
    /// Ask for whole answers in place of streams
    #[arg(long)]
    no_stream: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Arrivals {
    /// Evenly spaced
    Constant,
    /// Independent of each other
    Poisson,
}

fn kind(text: &str) -> Result<TargetKind, String> {
    let known = TargetKind::ALL.map(TargetKind::id).join(", ");
    TargetKind::from_id(text).ok_or_else(|| format!("expected one of {known}"))
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "expected a number of requests per second".to_owned())?;
    if rate > 0.0 && rate <= 100_000.0 {
        Ok(rate)
    } else {
        Err("expected more than 0 and at most 100000".into())
    }
}

pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..end].parse().map_err(|_| "expected a duration such as 30s or 2m".to_owned())?;
    let factor = match text[end..].trim() {
        "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "" => return Err(format!("'{text}' has no unit: expected s, m or h")),
        other => return Err(format!("unknown unit '{other}': expected ms, s, m or h")),
    };
    let seconds = number * factor;
    if seconds > 0.0 && seconds <= 604_800.0 {
        Ok(seconds)
    } else {
        Err("expected more than 0 and at most a week".into())
    }
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.output.show.check()?;
    let run = execute::new_run_id();
    let mut spec = spec(&args, args.seed.unwrap_or(run.0))?;
    args.search.apply(&mut spec, Rungs::of(&args))?;
    super::run::configure_sims(&mut spec)?;
    if let Err(e) = acidtest_findings::check(&spec, &[]) {
        return Err(Failure::usage(format!("--gate: {}", e.message)).hint(e.hint));
    }
    let store = to_write(&args.output.store)?;
    let execution = Execution {
        run,
        spec,
        cases: Vec::new(),
        folder: PathBuf::new(),
        resume: false,
        quiet: args.output.quiet,
        cache: None,
    };
    finish(store, execution, &args.output.show, &Ending::PLAIN)
}

fn spec(args: &Args, seed: u64) -> Result<RunSpec, Failure> {
    let load = match (args.rate, args.arrivals) {
        (Some(rate), Arrivals::Constant) => Load::Constant { rate },
        (Some(rate), Arrivals::Poisson) => Load::Poisson { rate },
        (None, _) => Load::Closed { concurrency: args.concurrency.unwrap_or(1) },
    };
    let name = match load {
        Load::Unstated => "unstated".to_owned(),
        Load::Closed { concurrency } => format!("closed {concurrency}"),
        Load::Constant { rate } => format!("constant {rate}/s"),
        Load::Poisson { rate } => format!("poisson {rate}/s"),
    };
    let amount = match (args.requests, args.duration) {
        (_, Some(seconds)) => Amount::Seconds(seconds),
        (Some(n), None) => Amount::Count(n),
        (None, None) => Amount::Count(100),
    };
    let mut params = serde_json::Map::new();
    params.insert("max_tokens".into(), args.max_tokens.into());
    let prompt = vec![Message { role: "user".into(), content: args.prompt.clone() }];
    let phase = PhaseSpec {
        name,
        load,
        amount,
        warmup: if args.warmup == 0 { Warmup::None } else { Warmup::Count(args.warmup) },
        max_in_flight: args.max_in_flight,
    };
    let workload = Digest::of(format!("bench {:?} {params:?} {phase:?}", args.prompt).as_bytes());
    Ok(RunSpec {
        version: SPEC_VERSION,
        name: "bench".into(),
        origin: Origin::Bench,
        acidtest: env!("CARGO_PKG_VERSION").into(),
        seed,
        targets: vec![args.endpoint.target()?],
        prompts: vec![PromptSpec { name: "synthetic".into(), messages: prompt, ..PromptSpec::default() }],
        params,
        phases: vec![phase],
        repeats: 1,
        fresh: true,
        retry: Retry::default(),
        limits: Limits::default(),
        caps: Caps::default(),
        extraction: Extraction::Whole,
        scorers: Vec::new(),
        gates: args.gates.iter().map(|g| gate(g)).collect::<Result<_, _>>()?,
        cases: 0,
        workload,
        ..RunSpec::default()
    })
}

impl Rungs {
    /// What the rungs of a search or a sweep take from the arguments of a plain run.
    fn of(args: &Args) -> Self {
        let open = match args.arrivals {
            Arrivals::Constant => Axis::Constant,
            Arrivals::Poisson => Axis::Poisson,
        };
        let amount = match (args.requests, args.duration) {
            (_, Some(seconds)) => Some(Amount::Seconds(seconds)),
            (Some(n), None) => Some(Amount::Count(n)),
            (None, None) => None,
        };
        Self { open, amount, warmup: args.warmup, max_in_flight: args.max_in_flight }
    }
}

fn gate(text: &str) -> Result<Gate, Failure> {
    Gate::parse(text).map_err(|e| {
        let hint = e.hint.clone();
        Failure::usage(format!("--gate: {e}")).hint(hint)
    })
}

impl EndpointArgs {
    /// The target that these arguments name.
    pub(crate) fn target(&self) -> Result<TargetSpec, Failure> {
        let built_in = ["sim:", "local:"].iter().find_map(|scheme| self.url.strip_prefix(scheme));
        let source = match built_in {
            Some(_) => Source::Sim { name: self.url.clone(), config: serde_json::Value::Null },
            None => Source::Url(self.url.clone()),
        };
        let model = match (&self.model, built_in) {
            (Some(model), _) => model.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => {
                return Err(
                    Failure::usage("--model is missing").hint("name the model to ask for: --model NAME")
                );
            }
        };
        Ok(TargetSpec {
            name: model.clone(),
            kind: self.kind,
            source,
            model,
            key_env: self.key.clone(),
            headers: self.headers()?,
            body: serde_json::Map::new(),
            stream: !self.no_stream && self.kind.streams(),
            ..TargetSpec::default()
        })
    }

    /// The name of the variable that holds the key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether the address names the first part of the path that its protocol has.
    pub(crate) fn is_under_v1(&self) -> bool {
        self.kind == TargetKind::Ollama || self.url.split('/').any(|part| part == "v1")
    }

    fn headers(&self) -> Result<std::collections::BTreeMap<String, String>, Failure> {
        let mut headers = std::collections::BTreeMap::new();
        for header in &self.headers {
            let (name, value) = header.split_once(':').ok_or_else(|| {
                // The value may be a secret: only the flag is named.
                Failure::usage("--header: expected 'Name: value'")
                    .hint("keep secrets in the environment: --header 'X-Key: ${MY_KEY}'")
            })?;
            let (name, value) = (name.trim(), value.trim());
            if acidtest_suite::header_holds_a_secret(name, value) {
                // What stands before the colon may be the secret of a mistyped flag, too.
                return Err(Failure::usage(
                    "--header: the value is a secret and would be stored with the run",
                )
                .hint("put it into the environment: --header 'Authorization: Bearer ${MY_KEY}'"));
            }
            headers.insert(name.to_owned(), value.to_owned());
        }
        Ok(headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit_and_a_range() {
        assert_eq!(seconds("30s"), Ok(30.0));
        assert_eq!(seconds("2m"), Ok(120.0));
        assert_eq!(seconds("1.5 min"), Ok(90.0));
        for bad in ["30", "0s", "-1s", "8d", "", "s", "1e9h"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
        assert!(rate("0").is_err() && rate("nan").is_err() && rate("1e9").is_err());
    }
}
