//! The page: its types, its units, a fresh build that must give the committed bytes, and the
//! whole of it in a real browser against a real `acidtest view`.
//!
//! Main functions: [`check`], [`build`], [`shots`]. It installs what is missing: npm and Chromium
//! by Debian's packages, the page's own tools by its lock file.

mod debian;
mod node;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::shell;
use node::Node;

/// The one file that the program carries.
const PAGE: &str = "web/dist/index.html";
/// The types that the page takes from the server's own description.
const TYPES: &str = "web/src/api/schema.d.ts";

/// Everything that must hold of the page.
pub(crate) fn check() -> Result<()> {
    let node = ready()?;
    fresh_types(&node)?;
    npm(&node, &["run", "--silent", "types"])?;
    npm(&node, &["run", "--silent", "unit"])?;
    fresh_page(&node)?;
    in_the_browser(&node, &["run", "--silent", "e2e"], "debug")
}

/// Makes the types and the page anew.
pub(crate) fn build() -> Result<()> {
    let node = ready()?;
    npm(&node, &["run", "--silent", "api"])?;
    npm(&node, &["run", "--silent", "build"])
}

/// Takes a picture of every page.
pub(crate) fn shots() -> Result<()> {
    let node = ready()?;
    cargo(&["build", "--release", "--locked"])?;
    in_the_browser(&node, &["run", "--silent", "shots"], "release")
}

/// Runs the measurements of the page in the browser; gives what they wrote.
pub(crate) fn measure() -> Result<String> {
    let node = ready()?;
    cargo(&["build", "--release", "--locked"])?;
    let out = shell::target_dir()?.join("page-measured.json");
    let mut command = browser(&node, &["run", "--silent", "measure"], "release")?;
    command.env("ACIDTEST_MEASURED", &out);
    succeed(command)?;
    std::fs::read_to_string(&out).with_context(|| format!("{} cannot be read", out.display()))
}

/// Node and the tools that the lock file names.
fn ready() -> Result<Node> {
    let node = Node::find()?;
    let web = shell::root()?.join("web");
    let lock = web.join("package-lock.json");
    let installed = web.join("node_modules/.package-lock.json");
    // npm writes the second when it is done: a newer first asks for another installation.
    let age = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
    let is_fresh = age(&installed).is_some_and(|done| age(&lock).is_some_and(|asked| done >= asked));
    if !is_fresh {
        npm(&node, &["ci", "--no-audit", "--no-fund"])?;
    }
    Ok(node)
}

fn fresh_types(node: &Node) -> Result<()> {
    same_after(TYPES, || npm(node, &["run", "--silent", "api"]))
}

fn fresh_page(node: &Node) -> Result<()> {
    same_after(PAGE, || npm(node, &["run", "--silent", "build"]))
}

/// A file that is made must be the file that is there.
fn same_after(file: &str, make: impl FnOnce() -> Result<()>) -> Result<()> {
    let path = shell::root()?.join(file);
    let read = || std::fs::read(&path).with_context(|| format!("{file} cannot be read"));
    let before = read()?;
    make()?;
    if read()? != before {
        bail!("{file} is not what its sources give: it was made anew\n\nhint: look at it and commit it");
    }
    Ok(())
}

fn in_the_browser(node: &Node, words: &[&str], profile: &str) -> Result<()> {
    succeed(browser(node, words, profile)?)
}

/// A script that drives a browser against the built program.
fn browser(node: &Node, words: &[&str], profile: &str) -> Result<Command> {
    debian::need("chromium", &["chromium"])?;
    if profile == "debug" {
        cargo(&["build", "--locked"])?;
    }
    let mut command = node.command("npm")?;
    command.args(words);
    command.env("ACIDTEST", shell::target_dir()?.join(profile).join("acidtest"));
    Ok(command)
}

fn npm(node: &Node, words: &[&str]) -> Result<()> {
    let mut command = node.command("npm")?;
    command.args(words);
    succeed(command)
}

fn cargo(words: &[&str]) -> Result<()> {
    let mut command = shell::cargo()?;
    command.args(words);
    succeed(command)
}

fn succeed(mut command: Command) -> Result<()> {
    let said = shell::words(&command);
    let status = command.status().with_context(|| format!("`{said}` cannot be started"))?;
    if !status.success() {
        bail!("`{said}` in web/ ended with {status}");
    }
    Ok(())
}
