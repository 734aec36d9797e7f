//! Programs that Debian's packages bring, installed where they are missing and we may.
//!
//! Main function: [`need`]. It installs nothing that is there already and nothing as another user
//! than root.

use std::process::Command;

use anyhow::{Context, Result, bail};

/// Sees to it that a program is there.
pub(super) fn need(program: &str, packages: &[&str]) -> Result<()> {
    if is_there(program) {
        return Ok(());
    }
    let install = format!("apt-get install -y --no-install-recommends {}", packages.join(" "));
    if !(is_there("apt-get") && is_root()) {
        bail!("`{program}` is missing\n\nhint: as root, on Debian: {install}");
    }
    println!("── {program} is missing: {install}");
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"], packages].concat())?;
    if !is_there(program) {
        bail!("`{program}` is missing still, after: {install}");
    }
    Ok(())
}

fn apt(words: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.arg("-q").args(words).env("DEBIAN_FRONTEND", "noninteractive");
    let status = command.status().context("apt-get cannot be started")?;
    if !status.success() {
        bail!("apt-get {} ended with {status}", words.join(" "));
    }
    Ok(())
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    let asked = Command::new("id").arg("-u").output();
    asked.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
