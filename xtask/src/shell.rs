//! Where the workspace is and how its other programs are started.
//!
//! `cargo run` leaves variables that describe *this* package in our environment. Some build
//! scripts (ring's is one) watch them, so a child that inherited them would build everything again.
//! Children therefore start without them.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The directory of the workspace's `Cargo.toml`.
pub(crate) fn root() -> Result<PathBuf> {
    if let Some(manifest) = std::env::var_os("CARGO_MANIFEST_DIR") {
        let package = PathBuf::from(manifest);
        if let Some(root) = package.parent() {
            return Ok(root.to_path_buf());
        }
    }
    let here = std::env::current_dir().context("the current directory cannot be read")?;
    if here.join("xtask").is_dir() {
        return Ok(here);
    }
    bail!("run this as `cargo xtask` or from the root of the workspace")
}

/// A program to be run at the root of the workspace, free of our own package's variables.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Result<Command> {
    let mut command = Command::new(name);
    command.current_dir(root()?);
    for (key, _) in std::env::vars_os() {
        if describes_this_package(&key.to_string_lossy()) {
            command.env_remove(&key);
        }
    }
    Ok(command)
}

/// Cargo itself: the one that started us, so that the pinned toolchain is kept.
pub(crate) fn cargo() -> Result<Command> {
    program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where cargo puts what it builds.
pub(crate) fn target_dir() -> Result<PathBuf> {
    let root = root()?;
    Ok(match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root.join(dir),
        None => root.join("target"),
    })
}

/// Runs to the end and returns what was printed; on failure the error holds what was complained.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let said = words(&command);
    let output = command.output().with_context(|| format!("`{said}` cannot be started"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        bail!("`{said}` ended with {}\n{}", output.status, complaint.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{said}` did not print UTF-8"))
}

/// A command as one would type it; cargo by its name, not by its place on this machine.
pub(crate) fn words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let mut all = vec![name.to_string_lossy().into_owned()];
    all.extend(command.get_args().map(|arg| arg.to_string_lossy().into_owned()));
    all.join(" ")
}

fn describes_this_package(key: &str) -> bool {
    const STARTS: [&str; 3] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"];
    const NAMES: [&str; 3] = ["CARGO_CRATE_NAME", "CARGO_PRIMARY_PACKAGE", "OUT_DIR"];
    STARTS.iter().any(|start| key.starts_with(start)) || NAMES.contains(&key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_package_variables_are_dropped() {
        for key in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "OUT_DIR"] {
            assert!(describes_this_package(key), "{key}");
        }
        for key in ["CARGO_TARGET_DIR", "CARGO_HOME", "PATH", "RUSTUP_TOOLCHAIN"] {
            assert!(!describes_this_package(key), "{key}");
        }
    }
}
