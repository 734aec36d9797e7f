//! Runs the test that kills the program in mid-run at its full length: a loss that happens once in
//! fifty kills is a loss.
//!
//! Main item: [`run`]. What must hold is written in the test itself, `crates/acidtest/tests/cli/kill.rs`.

use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::shell;

/// `kill [TIMES]`: the whole test so many times, once unless said.
pub(super) fn run(words: &[&str]) -> Result<()> {
    let times: u32 = match words {
        [] => 1,
        [times] => {
            let wrong = || format!("TIMES is `{times}`, expected a whole number from 1");
            let times = times.parse().with_context(wrong)?;
            if times == 0 {
                bail!(wrong());
            }
            times
        }
        _ => bail!("expected `prove kill [TIMES]`"),
    };
    let start = Instant::now();
    for round in 1..=times {
        let mut cargo = shell::cargo()?;
        cargo.args(["test", "--locked", "--package", "acidtest", "--test", "cli", "kill::"]);
        cargo.env("ACIDTEST_SLOW", "1");
        let status = cargo.status().context("cargo cannot be started")?;
        if !status.success() {
            bail!("round {round} of {times}: `ACIDTEST_SLOW=1 {}` ended with {status}", shell::words(&cargo));
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("kill: nothing lost, nothing twice, {times} × the long test in {seconds:.0} s");
    Ok(())
}
