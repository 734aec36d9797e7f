//! `acidtest sim`: the built-in model server, whose truth is known.

use crate::exit::{Exit, Failure, print};
use acidtest_sim::{Config, Options};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Run the built-in model server, whose truth is known
///
/// It answers `/v1/chat/completions`, `/v1/completions`, `/v1/responses`,
/// `/v1/messages`, `/api/chat` and `/v1/embeddings` with times, answers and
/// faults as its configuration asks, all seeded, and can write what it really did
/// to a file. Its first line on stdout says where it listens. Ctrl-C ends it and
/// prints how late it was.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,
    /// Configuration as a JSON file; without it the defaults
    #[arg(long, value_name = "FILE", conflicts_with = "config_json")]
    config: Option<PathBuf>,
    /// Configuration as JSON text: '{"ttft_ms": 50, "gap_ms": 5, "tokens": 64}'
    #[arg(long, value_name = "JSON")]
    config_json: Option<String>,
    /// Answer from a local source in place of synthetic words: docent-search, support-bot, support-bot-copyist
    #[arg(long, value_name = "NAME", conflicts_with_all = ["config", "config_json"])]
    local: Option<String>,
    /// Write what was really done, a JSON line a request
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// End when standard input closes (used when a run starts it)
    #[arg(long, hide = true)]
    child: bool,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let config = config(&args)?;
    let model = config.model.clone();
    let shutdown = acidtest_sim::Shutdown::default();
    let stop = shutdown.clone();
    let _ = ctrlc::set_handler(move || stop.stop());
    let options =
        Options { listen: args.listen, config, truth: args.truth, until_stdin_closes: args.child, shutdown };
    let announce = move |addr: SocketAddr| {
        let line = serde_json::json!({ "listening": addr.to_string(), "model": model });
        // Who started us may not read; serving goes on.
        let _ = print(&format!("{line}\n"));
    };
    let stats = acidtest_sim::run(options, announce).map_err(|e| Failure::new(Exit::Usage, e))?;
    eprintln!("{stats}");
    Ok(Exit::Ok)
}

fn config(args: &Args) -> Result<Config, Failure> {
    if let Some(name) = &args.local {
        let source = acidtest_sim::LocalSource::named(name);
        let source = source.ok_or_else(|| {
            Failure::usage(format!("--local '{name}' is not known"))
                .hint("known: docent-search, support-bot, support-bot-copyist")
        })?;
        return Ok(Config::local(source));
    }
    let (text, from) = match (&args.config, &args.config_json) {
        (Some(path), _) => {
            let text = std::fs::read_to_string(path).map_err(|e| {
                Failure::new(Exit::Usage, e).hint(format!("--config {} cannot be read", path.display()))
            })?;
            (text, path.display().to_string())
        }
        (None, Some(text)) => (text.clone(), "--config-json".to_owned()),
        (None, None) => return Ok(Config::default()),
    };
    let config: Config = serde_json::from_str(&text).map_err(|e| {
        Failure::usage(format!("{from}: {e}")).hint("the fields are listed in docs/reference/sim.md")
    })?;
    config.check().map_err(|e| Failure::usage(format!("{from}: {e}")))?;
    Ok(config)
}
