//! All commands: one file each, one line here.

mod ask;
mod bench;
mod bench_load;
mod bench_search;
mod calibrate;
mod compare;
mod completions;
mod connection_args;
mod export;
mod gen_reference;
mod import;
mod init;
mod metrics;
mod observe_args;
mod plan;
mod rank;
mod report;
mod run;
mod runs;
mod score;
mod score_text;
mod sim;
pub(crate) mod slices_args;
mod verdicts;
mod view;

use crate::exit::{Exit, Failure};
use clap::Subcommand;

/// The commands.
#[derive(Subcommand)]
pub(crate) enum Command {
    Run(run::Args),
    Bench(Box<bench::Args>),
    Calibrate(calibrate::Args),
    Ask(ask::Args),
    Plan(plan::Args),
    Report(report::Args),
    Compare(compare::Args),
    Rank(rank::Args),
    Score(Box<score::Args>),
    Init(init::Args),
    Runs(runs::Args),
    View(view::Args),
    Sim(sim::Args),
    Metrics(metrics::Args),
    Export(export::Args),
    Import(import::Args),
    Verdicts(verdicts::Args),
    Completions(completions::Args),
    #[command(hide = true)]
    Gen(gen_reference::Args),
}

impl Command {
    pub(crate) fn run(self) -> Result<Exit, Failure> {
        match self {
            Command::Run(args) => run::run(args),
            Command::Bench(args) => bench::run(*args),
            Command::Calibrate(args) => calibrate::run(args),
            Command::Ask(args) => ask::run(args),
            Command::Plan(args) => plan::run(args),
            Command::Report(args) => report::run(args),
            Command::Compare(args) => compare::run(args),
            Command::Rank(args) => rank::run(args),
            Command::Score(args) => score::run(*args),
            Command::Init(args) => init::run(args),
            Command::Runs(args) => runs::run(args),
            Command::View(args) => view::run(args),
            Command::Sim(args) => sim::run(args),
            Command::Metrics(args) => metrics::run(args),
            Command::Export(args) => export::run(args),
            Command::Import(args) => import::run(args),
            Command::Verdicts(args) => verdicts::run(args),
            Command::Completions(args) => completions::run(args),
            Command::Gen(args) => gen_reference::run(args),
        }
    }
}

/// How results are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A table for people.
    Terminal,
    /// JSON by the published schema.
    Json,
}

/// What an undecided gate does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Undecided {
    /// It counts as met.
    Pass,
    /// It ends the program with exit code 5.
    Fail,
}

/// What undecided gates do to the exit code.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct UndecidedArg {
    /// What a gate that is undecided does to the exit code
    #[arg(long, value_enum, default_value = "fail")]
    pub undecided: Undecided,
}

/// Where runs are kept.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct StoreArg {
    /// Store to use; else `.acidtest/acidtest.db` here or in the nearest folder above that has one
    #[arg(long, value_name = "FILE")]
    pub store: Option<std::path::PathBuf>,
}

/// What `run` and `bench` print, and where they store.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct OutputArgs {
    #[command(flatten)]
    pub show: crate::show::ShowArgs,
    /// No progress on stderr
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub store: StoreArg,
}
