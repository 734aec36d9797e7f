//! `acidtest init`: a suite to begin with, written here.

use crate::exit::{Exit, Failure, cannot_write, print};
use crate::lang::{counted, told};
use crate::suites::{CARRIED, carried};
use std::path::{Path, PathBuf};

/// A commented suite over the built-in museum guide.
const FIRST: &str = include_str!("init.yaml");

/// Write a suite to begin with: a commented suite.yaml, or a suite that acidtest carries
///
/// Without a name: `suite.yaml`, which runs at once and offline. With a name: the
/// folder of that suite. `acidtest run` without a suite then finds it. No file is
/// overwritten unless --force is given.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Which suite; `acidtest init --list` names them
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// List the suites that acidtest carries
    #[arg(long, conflicts_with_all = ["name", "force", "to"])]
    list: bool,
    /// Folder to write into [default: here, or NAME for a suite with a name]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Overwrite files that are there
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    if args.list {
        return list();
    }
    let (folder, files) = match &args.name {
        None => (PathBuf::new(), &[("suite.yaml", FIRST)][..]),
        Some(name) => {
            let names: Vec<&str> = CARRIED.iter().map(|s| s.name).collect();
            let suite = carried(name).ok_or_else(|| {
                Failure::usage(format!("there is no suite '{name}'"))
                    .hint(format!("known: {}", names.join(", ")))
            })?;
            (PathBuf::from(suite.name), suite.files)
        }
    };
    let folder = args.to.clone().unwrap_or(folder);
    if !args.force {
        // All or nothing: half a suite is no suite.
        let there =
            files.iter().map(|(name, _)| folder.join(name)).find(|path| path.symlink_metadata().is_ok());
        if let Some(path) = there {
            return Err(Failure::usage(format!("{} is there already", path.display()))
                .hint("--force overwrites it, --to FOLDER writes elsewhere"));
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        write(&path, text).map_err(|e| cannot_write(&path, e))?;
        print(&format!("{}\n", path.display()))?;
    }
    eprintln!("{}", told(&format!("next: acidtest run{}", suite_word(&args, &folder))));
    Ok(Exit::Ok)
}

/// What `run` needs to be told.
fn suite_word(args: &Args, folder: &Path) -> String {
    match (&args.to, &args.name) {
        (None, _) => String::new(),
        _ => format!(" {}", folder.display()),
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    crate::write_file::replace(path, text)
}

fn list() -> Result<Exit, Failure> {
    let mut text = String::from("(no name)   suite.yaml with comments, over the built-in museum guide\n");
    for suite in CARRIED {
        let bytes: usize = suite.files.iter().map(|(_, text)| text.len()).sum();
        let said = suite
            .files
            .iter()
            .find(|(name, _)| *name == "suite.yaml")
            .and_then(|(_, text)| description(text));
        text += &format!(
            "{:<11} {}, {} KiB{}\n",
            suite.name,
            counted(suite.files.len(), "file"),
            bytes.div_ceil(1024),
            said.map_or(String::new(), |d| format!(" · {d}"))
        );
    }
    print(&text)?;
    Ok(Exit::Ok)
}

/// The first line of a suite's description.
fn description(text: &str) -> Option<String> {
    let line = text.lines().find_map(|l| l.strip_prefix("description:"))?;
    let line = line.trim().trim_matches(['"', '\'', '>', '|']).trim();
    (!line.is_empty()).then(|| line.to_owned())
}
