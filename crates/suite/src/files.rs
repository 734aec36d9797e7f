//! Where files come from: the caller's functions, and paths that stay where they belong.
//!
//! Main type: [`Files`]. Must not touch the disk itself.

use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// How files are opened: the caller decides where they come from.
pub type Open<'a> = &'a dyn Fn(&Path) -> io::Result<Box<dyn Read>>;

/// The names in a folder: files and folders, in any order.
pub type List<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<String>>;

/// The value of a variable of the environment, where it is set.
pub type Variable<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Everything that a suite may reach outside itself.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// Opens a file.
    pub open: Open<'a>,
    /// Lists a folder.
    pub list: List<'a>,
    /// Looks up a variable of the environment, for `${env:NAME}`.
    pub variable: Variable<'a>,
}

impl<'a> Files<'a> {
    /// Files alone: no folder can be listed, and no variable is set.
    #[must_use]
    pub fn only(open: Open<'a>) -> Self {
        Self { open, list: &|_| Err(io::ErrorKind::Unsupported.into()), variable: &|_| None }
    }
}

/// The path without `.` and `..`, where that can be told from its text alone.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if matches!(out.components().next_back(), Some(Component::Normal(_))) => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

/// Whether a path stays within a folder, by its text.
#[must_use]
pub fn is_within(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (plain(path), plain(folder));
    match path.strip_prefix(&folder) {
        Ok(rest) => rest.components().all(|c| matches!(c, Component::Normal(_))),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_within_its_folder() {
        for (path, folder, expect) in [
            ("a/b.yaml", "a", true),
            ("a/../b.yaml", "a", false),
            ("b.yaml", "", true),
            ("../b.yaml", "", false),
            ("a/x/../b.yaml", "a", true),
            ("/etc/passwd", "a", false),
            ("/etc/passwd", "", false),
            ("a/../../b", "a", false),
            ("../a/b", "../a", true),
        ] {
            assert_eq!(is_within(Path::new(path), Path::new(folder)), expect, "{path} in {folder}");
        }
    }
}
