//! The reference pages that the program writes about itself: `docs/reference`.
//!
//! Main item: [`PAGES`]. The text comes from the hidden subcommand `acidtest gen WHAT`, so the
//! pages cannot say what the program does not do. Nothing is computed here.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::shell;

/// A generated page: what to ask the program for, and where it goes.
struct Page {
    what: &'static str,
    path: &'static str,
}

const PAGES: [Page; 8] = [
    Page { what: "cli", path: "docs/reference/cli.md" },
    Page { what: "metrics", path: "docs/reference/metrics.md" },
    Page { what: "suite-schema", path: "docs/reference/suite.schema.json" },
    Page { what: "report-schema", path: "docs/reference/report.schema.json" },
    Page { what: "compare-schema", path: "docs/reference/compare.schema.json" },
    Page { what: "score-schema", path: "docs/reference/score.schema.json" },
    Page { what: "openapi", path: "docs/reference/openapi.json" },
    Page { what: "rank-schema", path: "docs/reference/rank.schema.json" },
];

/// Writes every page.
pub(crate) fn write() -> Result<()> {
    let root = shell::root()?;
    for page in PAGES {
        let path = root.join(page.path);
        let text = ask(page.what)?;
        let folder = path.parent().expect("every page lies in a folder");
        std::fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        let state = state(&path, &text);
        std::fs::write(&path, &text).with_context(|| format!("{} cannot be written", page.path))?;
        println!("{}: {state}", page.path);
    }
    Ok(())
}

/// Compares every page and names those that differ.
pub(crate) fn check() -> Result<()> {
    let root = shell::root()?;
    let mut stale = Vec::new();
    for page in PAGES {
        let text = ask(page.what)?;
        let state = state(&root.join(page.path), &text);
        println!("{}: {state}", page.path);
        if state != State::Same {
            stale.push(page.path);
        }
    }
    if stale.is_empty() {
        return Ok(());
    }
    bail!(
        "not what the program says today: {}\n\nrun `cargo xtask gen` and read the difference",
        stale.join(", ")
    )
}

fn ask(what: &str) -> Result<String> {
    let mut cargo = shell::cargo()?;
    cargo.args(["run", "--quiet", "--package", "acidtest", "--", "gen", what]);
    let text = shell::output(cargo)?;
    Ok(format!("{}\n", text.trim_end()))
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Same,
    Missing,
    /// First line that differs, from 1.
    Differs(usize),
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            State::Same => write!(f, "up to date"),
            State::Missing => write!(f, "new"),
            State::Differs(line) => write!(f, "differs from line {line}"),
        }
    }
}

fn state(path: &Path, text: &str) -> State {
    std::fs::read_to_string(path).map_or(State::Missing, |old| compare(&old, text))
}

fn compare(old: &str, new: &str) -> State {
    if old == new {
        return State::Same;
    }
    let same = old.lines().zip(new.lines()).take_while(|(a, b)| a == b).count();
    State::Differs(same + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert_eq!(compare("a\nb\n", "a\nb\n"), State::Same);
        assert_eq!(compare("a\nb\n", "a\nc\n"), State::Differs(2));
        assert_eq!(compare("a\n", "a\nb\n"), State::Differs(2));
        assert_eq!(compare("a\n", "a"), State::Differs(2));
        assert_eq!(state(Path::new("no/such/page.md"), "a"), State::Missing);
    }
}
