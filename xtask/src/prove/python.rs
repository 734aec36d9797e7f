//! Python packages for proofs, each set in a folder of its own under the target directory.
//!
//! Main type: [`Venv`]. Nothing of it is needed by `ci`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;

/// A set of installed packages.
pub(super) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The set of that name, installed unless it is there with just these packages.
    pub(super) fn ready(name: &str, packages: &[&str]) -> Result<Self> {
        let folder = shell::target_dir()?.join("prove-python").join(name);
        let venv = Self { folder };
        let list = venv.folder.join("acidtest-packages.txt");
        let wanted = packages.join("\n");
        if std::fs::read_to_string(&list).is_ok_and(|there| there == wanted) {
            return Ok(venv);
        }
        println!("installing {} (this may build C++ for minutes)", packages.join(" "));
        let mut python = shell::program("python3")?;
        python.args(["-m", "venv", "--clear"]).arg(&venv.folder);
        shell::output(python)?;
        let mut pip = venv.program("pip")?;
        pip.args(["install", "--quiet", "--disable-pip-version-check"]).args(packages);
        let status = pip.status().context("pip cannot be started")?;
        if !status.success() {
            bail!("`{}` ended with {status}", shell::words(&pip));
        }
        std::fs::write(&list, wanted).with_context(|| format!("{} cannot be written", list.display()))?;
        Ok(venv)
    }

    /// A program of the set.
    pub(super) fn program(&self, name: &str) -> Result<Command> {
        shell::program(self.folder.join("bin").join(name))
    }

    /// Its Python, with one of our scripts.
    pub(super) fn script(&self, name: &str) -> Result<Command> {
        let mut python = self.program("python")?;
        python.arg(shell::root()?.join("xtask/python").join(name));
        Ok(python)
    }
}
