//! How often the intervals of values in send order hold the truth, by simulation of series and
//! of queues: a table in docs/coverage.md.
//!
//! Main item: [`run`]. The simulation is an example of `acidtest-metrics`; this runs it, keeps
//! what it prints, with date and command, and fails where it says that a cell misses its goal.

use anyhow::{Result, bail};

use super::page;
use crate::shell;

const PAGE: &str = "docs/coverage.md";
/// Runs of each cell.
const RUNS: &str = "1000";

/// `intervals [RUNS]`.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let runs = match words {
        [] => RUNS,
        [runs] if runs.parse::<u32>().is_ok_and(|runs| runs > 0) => runs,
        _ => bail!("expected `prove intervals [RUNS]`"),
    };
    let few = (runs.parse::<u32>()? / 4).max(1).to_string();
    let said = simulate("intervals", runs)? + "\n" + &simulate("intervals_gaps", &few)?;
    let mut date = shell::program("date")?;
    date.args(["-u", "+%Y-%m-%d"]);
    let head = format!(
        "Simulated {} by `cargo xtask prove intervals`: {runs} runs a cell ({few} of the gaps), seeded.\n\n",
        shell::output(date)?.trim()
    );
    print!("{said}");
    page::put(PAGE, "intervals", &(head + &said))?;
    match missed(&said) {
        0 => Ok(()),
        count => bail!("{count} cells miss their goal, see {PAGE}"),
    }
}

/// What one example prints.
fn simulate(example: &str, runs: &str) -> Result<String> {
    let mut simulate = shell::cargo()?;
    simulate.args(["run", "--release", "--locked", "--quiet", "-p", "acidtest-metrics"]);
    simulate.args(["--example", example, "--", runs]);
    shell::output(simulate)
}

fn missed(said: &str) -> usize {
    said.lines().filter(|line| line.starts_with("- missed:")).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_does_not_fail_the_proof() {
        let said = "9 of 11 cells keep their goal.\n- missed: a\n- known to miss: b\n| missed: c |\n";
        assert_eq!(missed(said), 1);
    }
}
