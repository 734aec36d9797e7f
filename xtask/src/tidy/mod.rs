//! The rules that neither the compiler nor clippy knows: walls between rooms, size and form of
//! files, dependencies in use and their licences, nothing of one machine in the tree.
//!
//! Main type: [`Complaint`]. Every rule looks at files and returns complaints; none changes
//! anything. A new rule is a function in one of these files and a line in [`run`].

mod code;
mod licences;
mod page;
mod rooms;
mod rust;
mod tree;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::{metadata, shell};

/// One broken rule: where, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Complaint {
    /// Relative to the workspace.
    path: PathBuf,
    /// Counted from 1.
    line: usize,
    what: String,
}

impl Complaint {
    fn new(path: impl Into<PathBuf>, line: usize, what: impl Into<String>) -> Complaint {
        Complaint { path: path.into(), line, what: what.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path.display(), self.line, self.what)
    }
}

/// Checks every rule on the whole tree and prints all that is broken.
pub(crate) fn run() -> Result<()> {
    let root = shell::root()?;
    let mut files = tree::files(&root)?;
    rust::mark_tests(&mut files);
    let metadata = metadata::load()?;
    let mut complaints = rust::check_all(&files);
    complaints.extend(rooms::check_edges(&metadata, &root));
    complaints.extend(rooms::check_walls(&metadata, &files));
    complaints.extend(rooms::check_unused(&metadata, &root, &files));
    complaints.extend(licences::check(&metadata));
    complaints.extend(page::check_sources(&files));
    complaints.extend(page::check_lock(&files));
    complaints.extend(tree::check_machine(&files));
    complaints.extend(tree::check_links(&files));
    complaints.sort();
    for complaint in &complaints {
        println!("{complaint}");
    }
    match complaints.len() {
        0 => {
            let packages = metadata.foreign.len();
            println!("tidy: {} files and {packages} dependencies in order", files.len());
            Ok(())
        }
        1 => bail!("tidy: 1 complaint"),
        n => bail!("tidy: {n} complaints"),
    }
}

/// A text file of the tree.
pub(crate) struct File {
    /// Relative to the workspace, with `/` between the parts.
    path: PathBuf,
    text: String,
    /// Compiled for tests only.
    test: bool,
}

impl File {
    fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> File {
        let path = path.into();
        File { test: rust::is_test_path(&path), path, text: text.into() }
    }

    fn extension(&self) -> &str {
        self.path.extension().and_then(|end| end.to_str()).unwrap_or("")
    }

    /// The room that a file of `crates/` belongs to; `xtask` for ours.
    fn room(&self) -> &str {
        let mut parts = self.path.iter().filter_map(|part| part.to_str());
        match parts.next() {
            Some("crates") => parts.next().unwrap_or(""),
            Some("xtask") => "xtask",
            _ => "",
        }
    }
}

/// A path as the complaints name it.
fn relative(path: &Path, root: &Path) -> PathBuf {
    path.strip_prefix(root).unwrap_or(path).to_path_buf()
}

/// Reads a file that may be binary; `None` when it is not text.
fn read_text(path: &Path) -> Result<Option<String>> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(String::from_utf8(bytes).ok())
}
