//! The project's own chores, run as `cargo xtask NAME`: `ci`, `tidy`, `gen`, `web`, `dist`, `prove`.
//!
//! Each chore is one file with one function; this file only chooses. It must not be needed by
//! users of acidtest. All but `web` needs nothing besides Rust and a C compiler; `web` installs what it
//! lacks.

#![allow(clippy::print_stdout, reason = "chores talk to the terminal")]

mod ci;
mod dist;

mod metadata;
mod prove;
mod reference;
mod shell;
mod tidy;
mod web;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask NAME

  ci             everything that must hold before a change is handed in
  tidy           the rules that the compiler does not know
  gen [--check]  write docs/reference from the program, or only compare
  web            types, units, a fresh build and the browser tests of the page
  web build      make the page's types and web/dist/index.html anew
  web shots      a picture of every page, into docs/pictures
  dist           an archive of the program for this machine's kind, and checksums
  prove [NAME]   long proofs; without a name, lists them";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match choose(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("  {cause}");
            }
            ExitCode::FAILURE
        }
    }
}

fn choose(words: &[String]) -> Result<()> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["ci"] => ci::run(),
        ["tidy"] => tidy::run(),
        ["gen"] => reference::write(),
        ["gen", "--check"] => reference::check(),
        ["web"] => web::check(),
        ["web", "build"] => web::build(),
        ["web", "shots"] => web::shots(),
        ["dist"] => dist::run(),
        ["prove", rest @ ..] => prove::run(rest),
        [] | ["help" | "--help" | "-h"] => {
            println!("{USAGE}");
            Ok(())
        }
        _ => bail!("unknown chore `{}`\n\n{USAGE}", words.join(" ")),
    }
}
