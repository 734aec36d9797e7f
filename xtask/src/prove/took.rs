//! Processor and wall time of a whole command, by the shell's clock, which counts children too.
//!
//! Main function: [`timed`].

use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

/// What one run of a command took.
#[derive(Debug, Clone, Copy)]
pub(super) struct Took {
    pub(super) cpu_s: f64,
    pub(super) wall_s: f64,
}

/// Exit code of acidtest where a figure is not valid: a result under load, no failure.
pub(super) const NOT_VALID: i32 = 5;

/// Runs a command to its end; gives what it took and what it printed.
pub(super) fn timed(command: &Command, at_most: Duration) -> Result<(Took, String)> {
    let mut shell = Command::new("timeout");
    shell.args([&at_most.as_secs().to_string(), "bash", "-c"]);
    shell.args(["TIMEFORMAT='acidtest-took %R %U %S'; time \"$@\"", "bash"]);
    shell.arg(command.get_program()).args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.stdin(Stdio::null());
    let done = shell.output().context("bash cannot be started")?;
    let err = String::from_utf8_lossy(&done.stderr);
    if done.status.code() == Some(124) {
        bail!("did not end in {} s", at_most.as_secs());
    }
    if !done.status.success() && done.status.code() != Some(NOT_VALID) {
        let last = err.lines().rev().find(|l| !l.starts_with("acidtest-took") && !l.trim().is_empty());
        bail!("ended with {}: {}", done.status, last.unwrap_or_default());
    }
    let line = err.lines().rev().find_map(|l| l.strip_prefix("acidtest-took ")).context("no times")?;
    let mut numbers = line.split(' ').map(str::parse::<f64>);
    let mut next = || numbers.next().context("a time is missing")?.context("a time is no number");
    let (wall_s, user, system) = (next()?, next()?, next()?);
    Ok((Took { cpu_s: user + system, wall_s }, String::from_utf8_lossy(&done.stdout).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_output_are_read_and_failures_are_errors() {
        let sh = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            timed(&shell, Duration::from_secs(10))
        };
        let (took, said) = sh("sleep 0.05; echo hello").unwrap();
        assert!(took.wall_s >= 0.05 && took.cpu_s < 1.0, "{took:?}");
        assert_eq!(said, "hello\n");
        assert!(sh("exit 5").is_ok(), "figures that are not valid are figures");
        assert!(sh("echo wrong >&2; exit 3").unwrap_err().to_string().contains("wrong"));
    }
}
