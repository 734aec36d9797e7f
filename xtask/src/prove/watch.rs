//! A child process under observation: how long it ran, how much memory and processor it took.
//!
//! Main type: [`Watched`]. Memory and processor time come from `/proc`, read every few
//! milliseconds, so they are absent on other systems and miss what happens after the last look.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::took::NOT_VALID;
use crate::shell;

const LOOK_EVERY: Duration = Duration::from_millis(5);
/// The kernel counts processor time in hundredths of a second for its readers.
const TICKS_PER_S: f64 = 100.0;

/// What a process used until it was last seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) wall_s: f64,
    pub(super) cpu_s: Option<f64>,
    pub(super) peak_mib: Option<f64>,
}

/// A process that is ended when this is dropped.
pub(super) struct Watched {
    child: Child,
    said: String,
    began: Instant,
    used: Used,
}

impl Watched {
    pub(super) fn start(mut command: Command) -> Result<Watched> {
        let said = shell::words(&command);
        let began = Instant::now();
        let child = command.spawn().with_context(|| format!("`{said}` cannot be started"))?;
        Ok(Watched { child, said, began, used: Used::default() })
    }

    /// Reads what it has used so far.
    pub(super) fn look(&mut self) -> Used {
        let folder = format!("/proc/{}", self.child.id());
        let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap_or_default();
        self.used.wall_s = self.began.elapsed().as_secs_f64();
        self.used.peak_mib = peak_mib(&read("status")).or(self.used.peak_mib);
        self.used.cpu_s = cpu_s(&read("stat")).or(self.used.cpu_s);
        self.used
    }

    /// Waits until it ends by itself, with success or with figures that are not valid, within a time.
    pub(super) fn wait(mut self, at_most: Duration) -> Result<Used> {
        loop {
            let used = self.look();
            if let Some(status) = self.child.try_wait()? {
                if !status.success() && status.code() != Some(NOT_VALID) {
                    bail!("`{}` ended with {status}", self.said);
                }
                return Ok(used);
            }
            if self.began.elapsed() > at_most {
                bail!("`{}` still runs after {} s", self.said, at_most.as_secs());
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether it has ended already.
    pub(super) fn gone(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to end and nothing to say.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn peak_mib(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}

fn cpu_s(stat: &str) -> Option<f64> {
    // The second field is the name in brackets and may hold spaces; the rest does not.
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read() {
        assert_eq!(peak_mib("Name:\ta\nVmHWM:\t    2048 kB\n"), Some(2.0));
        assert_eq!(peak_mib("Name:\ta\n"), None);
        let stat = "7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        assert_eq!(cpu_s(stat), Some(2.0));
        assert_eq!(cpu_s(""), None);
    }

    #[test]
    fn a_failure_is_an_error_and_so_is_a_process_without_end() {
        let start = |script: &str| {
            let mut shell = Command::new("sh");
            shell.args(["-c", script]);
            Watched::start(shell).unwrap()
        };
        assert!(start("exit 0").wait(Duration::from_secs(10)).is_ok());
        assert!(start("exit 3").wait(Duration::from_secs(10)).is_err());
        assert!(start("sleep 10").wait(Duration::from_millis(20)).is_err());
    }
}
