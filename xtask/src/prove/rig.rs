//! What the proofs about load share: the built programs, a built-in server, a scratch folder, a
//! core kept busy.
//!
//! Main type: [`Rig`]. It computes nothing: figures are each proof's own.

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::watch::Watched;
use crate::shell;

const UNTIL_LISTENING: Duration = Duration::from_secs(20);

/// What was asked for on the command line of a proof.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// Short loads that only show that it works: no page is written.
    pub(super) quick: bool,
    /// The release build is taken as it lies.
    pub(super) built: bool,
}

impl Asked {
    pub(super) fn of(proof: &str, words: &[&str]) -> Result<Asked> {
        let mut asked = Asked::default();
        for word in words {
            match *word {
                "--quick" => asked.quick = true,
                "--built" => asked.built = true,
                _ => bail!("`{word}`: expected `prove {proof} [--quick] [--built]`"),
            }
        }
        Ok(asked)
    }
}

/// Waits until a server that was started listens at its address.
pub(super) fn listening(mut server: Watched, address: &str) -> Result<Watched> {
    let began = Instant::now();
    while TcpStream::connect(address).is_err() {
        if server.gone()? || began.elapsed() > UNTIL_LISTENING {
            bail!("the built-in server does not listen on {address}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(server)
}

/// Built programs and a folder of our own, removed at the end.
pub(super) struct Rig {
    folder: PathBuf,
    pub(super) binary: PathBuf,
}

impl Rig {
    /// Builds the program for release; `is_built` takes what lies there.
    pub(super) fn new(is_built: bool) -> Result<Rig> {
        if !is_built {
            cargo(&["build", "--release", "--locked", "--package", "acidtest"])?;
        }
        let binary = shell::target_dir()?.join("release/acidtest");
        if !binary.exists() {
            bail!("there is no {}; run without --built", binary.display());
        }
        let folder = std::env::temp_dir().join(format!("acidtest-rig-{}", std::process::id()));
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        Ok(Rig { folder, binary })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The program under proof, in the scratch folder.
    pub(super) fn acidtest(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(args).current_dir(&self.folder).env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    /// Starts the built-in server on a free port and waits until it listens.
    pub(super) fn server(&self, config: &Value) -> Result<(Watched, String)> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        let mut sim = self.acidtest(&["sim", "--listen", &address, "--config-json", &config.to_string()]);
        sim.stdout(Stdio::null()).stderr(Stdio::null());
        Ok((listening(Watched::start(sim)?, &address)?, address))
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        // What is left over lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Builds an example of a package for release; returns the program.
pub(super) fn example(package: &str, name: &str) -> Result<PathBuf> {
    cargo(&["build", "--release", "--locked", "--package", package, "--example", name])?;
    Ok(shell::target_dir()?.join("release/examples").join(name))
}

fn cargo(args: &[&str]) -> Result<()> {
    let mut cargo = shell::cargo()?;
    cargo.args(args);
    let status = cargo.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("`{}` ended with {status}", shell::words(&cargo));
    }
    Ok(())
}

/// A core kept busy for as long as this lives.
pub(super) fn spinning() -> Result<Watched> {
    let mut shell = Command::new("sh");
    shell.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
    Watched::start(shell)
}

/// Day, machine and toolchain, for the head of a table.
pub(super) fn head(proof: &str) -> Result<String> {
    let say = |name: &str, args: &[&str]| -> Result<String> {
        let mut program = shell::program(name)?;
        program.args(args);
        Ok(shell::output(program)?.trim().to_owned())
    };
    let day = say("date", &["-u", "+%Y-%m-%d"])?;
    let rustc = say("rustc", &["--version"])?;
    let kernel = say("uname", &["-r"])?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let about = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = about.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, name)| name);
    Ok(format!(
        "Measured {day} by `cargo xtask prove {proof}` · {cores} cores of {model}, shared by client and \
         server · Linux {kernel} · {rustc}\n"
    ))
}

/// The file's JSON.
pub(super) fn json(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} holds no JSON", path.display()))
}

/// The middle of the sorted values, the upper one of two; NaN of nothing.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_and_others_refused() {
        assert_eq!(Asked::of("clock", &[]).unwrap(), Asked::default());
        let both = Asked { quick: true, built: true };
        assert_eq!(Asked::of("clock", &["--quick", "--built"]).unwrap(), both);
        assert!(Asked::of("clock", &["--fast"]).is_err());
    }

    #[test]
    fn medians_are_middles() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[1.0]), 1.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_core_is_busy_until_dropped() {
        let mut busy = spinning().unwrap();
        std::thread::sleep(Duration::from_millis(60));
        assert!(!busy.gone().unwrap());
    }
}
