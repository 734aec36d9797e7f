//! Everything that must hold before a change is handed in, as one command.
//!
//! Main item: [`STEPS`]. Cheap steps come first; the tests and then the page in its browser come
//! last, so that their output is the last thing one reads. The first step that fails ends it, with the command to run again.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::{reference, shell, tidy, web};

/// One thing to hold.
struct Step {
    name: &'static str,
    /// What one types to run this step alone.
    again: &'static str,
    does: Does,
}

enum Does {
    /// Cargo with the words of `again`, and perhaps a variable.
    Cargo { variable: Option<(&'static str, &'static str)> },
    /// A chore of this program.
    Chore(fn() -> Result<()>),
}

const PLAIN: Does = Does::Cargo { variable: None };

const STEPS: [Step; 9] = [
    Step { name: "format", again: "cargo fmt --all --check", does: PLAIN },
    Step { name: "tidy", again: "cargo xtask tidy", does: Does::Chore(tidy::run) },
    Step {
        name: "clippy",
        again: "cargo clippy --workspace --all-targets --locked -- -D warnings",
        does: PLAIN,
    },
    Step {
        name: "docs",
        again: "cargo doc --workspace --no-deps --locked",
        does: Does::Cargo { variable: Some(("RUSTDOCFLAGS", "-Dwarnings")) },
    },
    Step { name: "references", again: "cargo xtask gen --check", does: Does::Chore(reference::check) },
    Step {
        name: "feature ko-morph",
        again: "cargo clippy -p acidtest-metrics --all-targets --features ko-morph --locked -- -D warnings",
        does: PLAIN,
    },
    Step {
        name: "tests of ko-morph",
        again: "cargo test -p acidtest-metrics --lib --features ko-morph --locked bleu",
        does: PLAIN,
    },
    Step { name: "tests", again: "cargo test --workspace --locked", does: PLAIN },
    Step { name: "page", again: "cargo xtask web", does: Does::Chore(web::check) },
];

/// Runs every step; stops at the first that fails.
pub(crate) fn run() -> Result<()> {
    need_c_compiler()?;
    let start = Instant::now();
    for step in &STEPS {
        println!("── {}: {}", step.name, command_line(step));
        let began = Instant::now();
        let ended = perform(step);
        println!("── {}: {:.1} s", step.name, began.elapsed().as_secs_f64());
        ended.with_context(|| {
            format!("ci stopped at `{}`; to run it again: {}", step.name, command_line(step))
        })?;
    }
    println!("ci: green in {:.0} s", start.elapsed().as_secs_f64());
    Ok(())
}

fn perform(step: &Step) -> Result<()> {
    let variable = match &step.does {
        Does::Chore(chore) => return chore(),
        Does::Cargo { variable } => variable,
    };
    let mut cargo = shell::cargo()?;
    cargo.args(step.again.split(' ').skip(1));
    cargo.envs(*variable);
    let status = cargo.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("{status}");
    }
    Ok(())
}

fn command_line(step: &Step) -> String {
    match step.does {
        Does::Cargo { variable: Some((key, value)) } => format!("{key}={value} {}", step.again),
        _ => step.again.to_owned(),
    }
}

/// SQLite, zstd and ring are C: their build scripts fail with long messages when no compiler is
/// there, so we say it in one line first.
fn need_c_compiler() -> Result<()> {
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let word = compiler.split(' ').next().unwrap_or("cc");
    if Command::new(word).arg("--version").output().is_ok() {
        return Ok(());
    }
    bail!(
        "no C compiler `{word}`: SQLite, zstd and ring are built from C\n\non Debian: apt-get install -y gcc libc6-dev"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_run_last_and_every_step_can_be_typed() {
        let last: Vec<&str> = STEPS.iter().rev().take(2).map(|step| step.name).collect();
        assert_eq!(last, ["page", "tests"]);
        for step in &STEPS {
            assert!(step.again.starts_with("cargo "), "{}", step.again);
        }
    }
}
