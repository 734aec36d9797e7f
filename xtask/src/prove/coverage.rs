//! How often intervals hold the truth, by simulation: docs/coverage.md.
//!
//! Main item: [`run`]. The simulation is an example of `acidtest-metrics`; this runs it and keeps
//! what it prints, with date and command.

use anyhow::{Result, bail};

use super::page;
use crate::shell;

const PAGE: &str = "docs/coverage.md";
/// Data sets of each cell.
const SETS: &str = "4000";

/// `coverage [SETS]`.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let sets = match words {
        [] => SETS,
        [sets] if sets.parse::<u32>().is_ok() => sets,
        _ => bail!("expected `prove coverage [SETS]`"),
    };
    let mut simulate = shell::cargo()?;
    simulate.args(["run", "--release", "--locked", "--quiet", "-p", "acidtest-metrics"]);
    simulate.args(["--example", "coverage_grid", "--", sets]);
    let said = shell::output(simulate)?;
    let mut date = shell::program("date")?;
    date.args(["-u", "+%Y-%m-%d"]);
    let head = format!(
        "Simulated {} by `cargo xtask prove coverage`: {sets} data sets a cell, seed 20261126.\n\n",
        shell::output(date)?.trim()
    );
    print!("{said}");
    page::put(PAGE, "coverage", &(head + &said))
}
