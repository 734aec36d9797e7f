//! Node.js and npm for the page: what is there, and what is fetched where it is missing or old.
//!
//! Main type: [`Node`]. Debian's package brings npm; where its Node is too old for the build
//! tools, npm brings a newer one into the target folder. Nothing outside it is changed but by
//! Debian's own packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::debian;
use crate::shell;

/// The oldest Node that the build tools of the page run on.
const OLDEST: (u32, u32) = (20, 19);
/// What npm fetches where there is an older one.
const NEWER: &str = "node@22";

/// A Node that is new enough.
pub(super) struct Node {
    /// Folder to put in front of `PATH`, where it is not the machine's own.
    folder: Option<PathBuf>,
}

impl Node {
    /// Finds a Node that is new enough, or fetches one.
    pub(super) fn find() -> Result<Node> {
        debian::need("npm", &["nodejs", "npm"])?;
        if version("node")?.is_some_and(|found| found >= OLDEST) {
            return Ok(Node { folder: None });
        }
        let home = shell::target_dir()?.join("node");
        let folder = home.join("node_modules/node/bin");
        if version(folder.join("node"))?.is_none_or(|found| found < OLDEST) {
            fetch(&home)?;
        }
        match version(folder.join("node"))? {
            Some(found) if found >= OLDEST => Ok(Node { folder: Some(folder) }),
            _ => bail!(
                "Node.js {}.{} or newer is needed and could not be fetched\n\nhint: install it and run this again",
                OLDEST.0,
                OLDEST.1
            ),
        }
    }

    /// A program of Node's world, to be run in the folder of the page.
    pub(super) fn command(&self, name: &str) -> Result<Command> {
        let mut command = shell::program(name)?;
        command.current_dir(shell::root()?.join("web"));
        if let Some(folder) = &self.folder {
            let old = std::env::var_os("PATH").unwrap_or_default();
            let all = std::iter::once(folder.clone()).chain(std::env::split_paths(&old));
            command.env("PATH", std::env::join_paths(all).context("PATH cannot be extended")?);
        }
        Ok(command)
    }
}

fn fetch(home: &Path) -> Result<()> {
    std::fs::create_dir_all(home).with_context(|| format!("{} cannot be made", home.display()))?;
    let mut npm = shell::program("npm")?;
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(home).arg(NEWER);
    let status = npm.status().context("npm cannot be started")?;
    if !status.success() {
        bail!("`{}` ended with {status}", shell::words(&npm));
    }
    Ok(())
}

/// Major and minor version, or nothing where there is no such program.
fn version(program: impl AsRef<std::ffi::OsStr>) -> Result<Option<(u32, u32)>> {
    match Command::new(program).arg("--version").output() {
        Ok(output) if output.status.success() => Ok(parse(&String::from_utf8_lossy(&output.stdout))),
        Ok(_) => Ok(None),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e).context("Node.js cannot be started"),
    }
}

fn parse(said: &str) -> Option<(u32, u32)> {
    let mut parts = said.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        assert_eq!(parse("v20.20.2\n"), Some((20, 20)));
        assert!(parse("v22.0.1").is_some_and(|v| v >= OLDEST));
        assert!(parse("v18.20.4").is_some_and(|v| v < OLDEST));
        assert!(parse("v20.9.0").is_some_and(|v| v < OLDEST));
        assert_eq!(parse("node"), None);
    }
}
