//! What is published: an archive of the program, and its checksums.
//!
//! Main function: [`run`]. Builds with the profile `dist`; names are
//! `acidtest-VERSION-TARGET.tar.gz` and `SHA256SUMS`, both under `target/dist-archives`.
//! The same sources give the same archive: entries are sorted, and owners, modes and
//! times are fixed. Uploads nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::metadata;
use crate::shell;

/// Files of the repository that belong beside the program.
const BESIDE: [&str; 4] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "CHANGELOG.md"];
/// Shells whose completions are added, with the names that they look for.
const SHELLS: [(&str, &str); 3] =
    [("bash", "acidtest.bash"), ("zsh", "_acidtest"), ("fish", "acidtest.fish")];

/// Builds, packs, prints paths and sizes.
pub(crate) fn run() -> Result<()> {
    let began = Instant::now();
    let target = host()?;
    let version = version()?;
    build()?;
    println!("built in {:.0} s", began.elapsed().as_secs_f64());
    let built = shell::target_dir()?.join("dist").join("acidtest");
    let name = format!("acidtest-{version}-{target}");
    let out = shell::target_dir()?.join("dist-archives");
    let folder = out.join(&name);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("{} cannot be removed", folder.display()))?;
    }
    fill(&folder, &built)?;
    let archive = pack(&out, &name)?;
    let sums = sum(&out, &archive)?;
    for path in [&built, &archive, &sums] {
        let bytes = fs::metadata(path).with_context(|| format!("{} is not there", path.display()))?.len();
        println!("{} ({:.2} MiB)", path.display(), bytes as f64 / f64::from(1 << 20));
    }
    Ok(())
}

fn build() -> Result<()> {
    let mut cargo = shell::cargo()?;
    cargo.args(["build", "--profile", "dist", "--package", "acidtest", "--locked"]);
    let status = cargo.status().context("cargo cannot be started")?;
    if !status.success() {
        bail!("the build ended with {status}");
    }
    Ok(())
}

/// The triple that rustc builds for by itself.
fn host() -> Result<String> {
    let mut rustc = shell::program("rustc")?;
    rustc.arg("-vV");
    let said = shell::output(rustc)?;
    let line = said.lines().find_map(|l| l.strip_prefix("host: "));
    Ok(line.context("`rustc -vV` names no host")?.trim().to_owned())
}

fn version() -> Result<String> {
    let metadata = metadata::load()?;
    let package = metadata.members.iter().find(|p| p.name == "acidtest");
    Ok(package.context("the workspace has no package `acidtest`")?.version.clone())
}

/// The folder that becomes the archive.
fn fill(folder: &Path, built: &Path) -> Result<()> {
    let completions = folder.join("completions");
    fs::create_dir_all(&completions).with_context(|| format!("{} cannot be made", completions.display()))?;
    copy(built, &folder.join("acidtest"))?;
    let root = shell::root()?;
    for name in BESIDE {
        copy(&root.join(name), &folder.join(name))?;
    }
    for (shell_name, file) in SHELLS {
        let mut program = Command::new(built);
        program.args(["completions", shell_name]);
        let path = completions.join(file);
        fs::write(&path, shell::output(program)?)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("{} cannot be copied to {}", from.display(), to.display()))?;
    Ok(())
}

/// GNU tar and gzip, as every builder has them; everything that differs from one build
/// to the next is left out.
fn pack(out: &Path, name: &str) -> Result<PathBuf> {
    let archive = out.join(format!("{name}.tar.gz"));
    let mut tar = shell::program("tar")?;
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0", "--mode=go=rX,u+rw"]);
    tar.args(["--use-compress-program", "gzip -9n"]);
    tar.arg("--create").arg("--file").arg(&archive).arg("--directory").arg(out).arg(name);
    shell::output(tar)?;
    Ok(archive)
}

/// `SHA256SUMS`, to be checked with `sha256sum --check`.
fn sum(out: &Path, archive: &Path) -> Result<PathBuf> {
    let mut program = Command::new("sha256sum");
    let name = archive.file_name().context("an archive has a name")?;
    program.current_dir(out).arg(name);
    let path = out.join("SHA256SUMS");
    fs::write(&path, shell::output(program)?)
        .with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(path)
}
