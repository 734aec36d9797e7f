//! `acidtest completions`: completion scripts for shells.

use crate::exit::{Exit, Failure, print};
use clap::CommandFactory;

/// Print a completion script for a shell
///
/// For bash: `acidtest completions bash > ~/.local/share/bash-completion/completions/acidtest`
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "acidtest", &mut out);
    print(&String::from_utf8_lossy(&out))?;
    Ok(Exit::Ok)
}
