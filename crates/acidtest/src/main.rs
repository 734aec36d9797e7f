//! The `acidtest` binary: from arguments to one command, from its result to an exit code.
//!
//! Read next: `commands/run.rs` (the main job), then `execute.rs`, where the
//! engine meets the store, and `read_back.rs`, from the store to findings. Every
//! command is one file with its arguments and one function.

mod baseline;
mod battles;
mod before;
mod children;
mod commands;
mod execute;
mod exit;
mod export_as;
mod forecast;
mod foreign;
mod html_file;
mod interrupt;
mod lang;
mod live;
mod observe;
mod open_store;
mod read_back;
mod recall;
mod replay;
mod rescore;
mod score_columns;
mod score_files;
mod search;
mod show;
mod suite_files;
mod suites;
mod truth_file;
mod uploads;
mod write_file;

use clap::Parser;
use std::process::ExitCode;

/// Puts a language model, or an app built on one, to the acid test: how good, how
/// fast, how reliable and how costly it is, measured on the same requests.
///
/// Exit codes: 0 ok · 1 a gate is broken · 2 usage or configuration · 3 target
/// unreachable or every request failed · 4 our own bug or store trouble · 5 a gate
/// is undecided · 130 interrupted.
#[derive(Parser)]
#[command(name = "acidtest", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    /// Language of messages; else that of LC_ALL, LC_MESSAGES or LANG
    #[arg(long, value_enum, value_name = "LANG", global = true, display_order = 900)]
    lang: Option<lang::Language>,
    #[command(subcommand)]
    command: commands::Command,
}

/// A hint where an argument was left out that has a usual value.
fn more_about(error: &clap::Error) -> &'static str {
    use clap::error::{ContextKind, ContextValue};
    let is_of = |arg: &ContextValue| matches!(arg, ContextValue::String(s) if s.starts_with("--resume "));
    let is_empty = |value: &ContextValue| matches!(value, ContextValue::String(s) if s.is_empty());
    let lacks = error.get(ContextKind::InvalidArg).is_some_and(is_of)
        && error.get(ContextKind::InvalidValue).is_none_or(is_empty);
    match lacks {
        true => "\nhint: the newest run goes on with: acidtest run --resume latest\n",
        false => "",
    }
}

fn main() -> ExitCode {
    lang::set(lang::early(std::env::args_os()));
    // A panic is our own bug: one line for the user, exit code 4.
    std::panic::set_hook(Box::new(|info| {
        let words = format!(
            "error: acidtest has a bug: {info}\n\nhint: please report this with the command you ran; what was stored before is not lost"
        );
        eprintln!("{}", lang::told(&words));
    }));
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) if e.use_stderr() => {
            let words = format!("{}{}", e.render(), more_about(&e));
            eprint!("{}", exit::harmless(&lang::told(&words)));
            return ExitCode::from(exit::Exit::Usage.code());
        }
        Err(e) => {
            let _ = e.print();
            return ExitCode::SUCCESS;
        }
    };
    if let Some(language) = cli.lang {
        lang::set(language.into());
    }
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cli.command.run()));
    match done {
        Ok(Ok(exit)) => ExitCode::from(exit.code()),
        Ok(Err(failure)) => {
            if !failure.is_closed_pipe() {
                eprint!("{}", failure.words());
            }
            ExitCode::from(failure.exit.code())
        }
        Err(_) => ExitCode::from(exit::Exit::Internal.code()),
    }
}
