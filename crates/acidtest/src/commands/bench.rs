//! `acidtest bench`: speed alone, a run without a suite file.

use super::OutputArgs;
use super::bench_load::{LoadArgs, workload_words};
use super::bench_search::SearchArgs;
use super::connection_args::ConnectionArgs;
use crate::commands::run::{Ending, finish};
use crate::execute::{self, Execution};
use crate::exit::{Exit, Failure};
use crate::open_store::to_write;
use acidtest_record::{
    Caps, Digest, Extraction, Gate, Limits, Message, Origin, PhaseSpec, PromptSpec, Retry, RunSpec,
    SPEC_VERSION, Source, TargetKind, TargetSpec,
};
use std::path::PathBuf;

/// Measure speed alone: a synthetic prompt under load, without a suite file
///
/// Each prompt begins with a nonce of its own, so that no cache answers. Without
/// --concurrency and --rate one request is in flight at a time. Exits 5 where a headline
/// figure (ttft, tpot, e2e, requests_per_s) is not valid or a gate is undecided.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    endpoint: EndpointArgs,
    #[command(flatten)]
    load: LoadArgs,
    /// Tokens to ask for at most
    #[arg(long, value_name = "N", default_value_t = 64)]
    max_tokens: u32,
    /// The prompt
    #[arg(long, value_name = "TEXT", default_value = "Tell a visitor about a moon jar in a few sentences.")]
    prompt: String,
    /// Gate that decides the exit code, such as 'ttft.p95 <= 800 ms'; may be repeated
    #[arg(long = "gate", value_name = "GATE")]
    gates: Vec<String>,
    /// Seed of arrivals; nonces differ from run to run whatever it is [default: from the run's id]
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    undecided: super::UndecidedArg,
    #[command(flatten)]
    observe: super::observe_args::ObserveArgs,
    #[command(flatten)]
    search: SearchArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Whom to ask, for commands that take no suite.
#[derive(clap::Args)]
pub(crate) struct EndpointArgs {
    /// Base URL of the server, such as http://127.0.0.1:8000/v1; `sim:NAME` and `local:NAME` are built in;
    /// several are asked in turn
    #[arg(long = "url", value_name = "URL", required = true)]
    urls: Vec<String>,
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
    #[command(flatten)]
    connections: ConnectionArgs,
}

fn kind(text: &str) -> Result<TargetKind, String> {
    let known = TargetKind::ALL.map(TargetKind::id).join(", ");
    TargetKind::from_id(text).ok_or_else(|| format!("expected one of {known}"))
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    args.output.show.check()?;
    let run = execute::new_run_id();
    let mut spec = planned(&args, run.0)?;
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
    finish(store, execution, &args.output.show, &Ending::of_bench(args.undecided.undecided))
}

/// The plan of these arguments; `other` is the seed where none is given.
fn planned(args: &Args, other: u64) -> Result<RunSpec, Failure> {
    let mut spec = spec(args, args.seed.unwrap_or(other))?;
    if args.search.is_varied() {
        args.search.vary(&mut spec, &args.load.rungs()?)?;
    }
    args.observe.apply(&mut spec.observe);
    Ok(spec)
}

fn spec(args: &Args, seed: u64) -> Result<RunSpec, Failure> {
    let mut params = serde_json::Map::new();
    params.insert("max_tokens".into(), args.max_tokens.into());
    let prompt = vec![Message { role: "user".into(), content: args.prompt.clone() }];
    // Rungs take the place of it.
    let phase = if args.search.is_varied() { PhaseSpec::default() } else { args.load.phase()? };
    let abort = args.load.abort(&phase)?;
    let words = workload_words(&phase);
    let workload = Digest::of(format!("bench {:?} {params:?} {words}", args.prompt).as_bytes());
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
        abort,
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
        slo: args.search.slo()?,
        ..RunSpec::default()
    })
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
        let url = self.url();
        let built_in = ["sim:", "local:"].iter().find_map(|scheme| url.strip_prefix(scheme));
        let source = match built_in {
            Some(_) => Source::Sim { name: url.to_owned(), config: serde_json::Value::Null },
            None => Source::Url(url.to_owned()),
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
            connections: self.connections.connections(&self.urls)?,
            ..TargetSpec::default()
        })
    }

    /// The first address.
    fn url(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    /// The name of the variable that holds the key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Whether the address names the first part of the path that its protocol has.
    pub(crate) fn is_under_v1(&self) -> bool {
        self.kind == TargetKind::Ollama || self.url().split('/').any(|part| part == "v1")
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
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn plan(words: &[&str]) -> RunSpec {
        let line = std::iter::once("bench").chain(words.iter().copied());
        let line = Line::try_parse_from(line).unwrap_or_else(|e| panic!("{words:?}: {e}"));
        planned(&line.args, 7).unwrap_or_else(|e| panic!("{words:?}: {}", e.words()))
    }

    #[test]
    fn the_command_of_a_plan_makes_the_same_plan() {
        let url = "http://127.0.0.1:8000/v1";
        for words in [
            &["--url", "sim:steady"][..],
            &["--url", url, "--model", "m", "--concurrency", "8", "--requests", "50", "--warmup", "5"],
            &["--url", url, "--url", "http://h/v1", "--model=-m", "--rate", "2.5", "--duration", "90s"],
            &["--url", url, "--model", "m", "--rate", "1", "--arrivals", "gamma", "--burstiness", "0.5"],
            &["--url", url, "--model", "m", "--stages", "30s:10,1m:10-50", "--cooldown", "2s"],
            &["--url", url, "--model", "m", "--user-stages", "30s:8,60s:8-64", "--warmup", "3s"],
            &["--url", url, "--model", "m", "--think-time", "lognormal(2, 0.5)", "--pacing", "1s"],
            &["--url", url, "--model", "m", "--max-rate", "3", "--max-time", "9s", "--max-requests", "5"],
            &["--url", url, "--model", "m", "--http2", "--connections", "3", "--cancel-after", "1.5s"],
            &["--url", url, "--model", "m", "--connection", "new", "--cancel-after", "20", "--no-stream"],
            &["--url", url, "--model", "m", "--key", "MY_KEY", "--header", "X-Key: ${MY_KEY}"],
            &["--url", url, "--model", "m", "--kind", "anthropic", "--gate", "ttft.p95 <= 800 ms"],
            &["--url", url, "--model", "m", "--prompt=--odd \"text\"", "--max-tokens", "9", "--seed", "3"],
            &[
                "--url",
                url,
                "--model",
                "m",
                "--stop-when",
                "ttft.p95 within 5 %",
                "--abort",
                "error_rate > 20 % after 50",
            ],
            &["--url", url, "--model", "m", "--sweep", "rate=5,10.5,20", "--arrivals", "constant"],
            &["--url", url, "--model", "m", "--sweep", "concurrency=1,2,4", "--rung", "3s"],
            &["--url", url, "--model", "m", "--find", "max-rate", "--slo", "ttft.p95<=800ms", "--from", "2"],
            &["--url", url, "--model", "m", "--find", "max-concurrency", "--slo", "e2e.p95<=3s"],
            &["--url", url, "--model", "m", "--scrape", "target"],
        ] {
            let spec = plan(words);
            let again = acidtest_findings::rerun(&spec, None).unwrap_or_else(|| panic!("none for {words:?}"));
            assert_eq!(again[..2], ["acidtest", "bench"]);
            let again: Vec<&str> = again[2..].iter().map(String::as_str).collect();
            assert_eq!(plan(&again), spec, "{words:?}: {again:?}");
        }
        // A sweep of so many requests a rung has no words that are sure to be the same.
        let sweep = ["--url", url, "--model", "m", "--sweep", "rate=5,10", "--requests", "100"];
        assert_eq!(acidtest_findings::rerun(&plan(&sweep), None), None);
    }
}
