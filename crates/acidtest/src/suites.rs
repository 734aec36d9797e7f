//! Suite files: which one is meant, and those that the program carries.
//!
//! Main functions: [`file()`], [`here`]; main type: [`Suite`]. Must not run anything.

use crate::exit::{Exit, Failure};
use std::path::{Path, PathBuf};

/// A suite that the program carries.
pub(crate) struct Suite {
    /// Its name: that of its folder.
    pub name: &'static str,
    /// Path within the folder, and text.
    pub files: &'static [(&'static str, &'static str)],
}

/// All of them, as they were in `suites/` when the program was built.
pub(crate) const CARRIED: &[Suite] = include!(concat!(env!("OUT_DIR"), "/suites.rs"));

/// The suite of that name.
pub(crate) fn carried(name: &str) -> Option<&'static Suite> {
    CARRIED.iter().find(|s| s.name == name)
}

/// The suite file that a path means: a folder means its `suite.yaml`.
pub(crate) fn file(path: &Path) -> PathBuf {
    if path.is_dir() { path.join("suite.yaml") } else { path.to_owned() }
}

/// The suite that is meant when none is named: `suite.yaml` here, else that of the only
/// folder here that has one.
pub(crate) fn here() -> Result<PathBuf, Failure> {
    let own = PathBuf::from("suite.yaml");
    if own.is_file() {
        return Ok(own);
    }
    let entries = std::fs::read_dir(".").map_err(|e| {
        Failure::new(Exit::Usage, anyhow::Error::new(e).context("cannot read the working directory"))
    })?;
    let folders = entries.filter_map(|e| Some(PathBuf::from(e.ok()?.file_name())));
    let mut found: Vec<PathBuf> = folders.map(|f| f.join("suite.yaml")).filter(|f| f.is_file()).collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::usage("no suite was given, and there is no suite.yaml here")
            .hint("`acidtest init` writes one that runs at once")),
        many => {
            let names: Vec<String> = many.iter().take(8).map(|f| f.display().to_string()).collect();
            Err(Failure::usage(format!(
                "no suite was given, and there are {} here: {}",
                many.len(),
                names.join(", ")
            ))
            .hint("name one: its folder is enough"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_that_is_carried_can_be_read_whole() {
        assert!(carried("docent").is_some());
        for suite in CARRIED {
            let open = |path: &Path| {
                let text =
                    suite.files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| *text);
                let text = text.ok_or_else(|| std::io::Error::from(std::io::ErrorKind::NotFound))?;
                Ok(Box::new(text.as_bytes()) as Box<dyn std::io::Read>)
            };
            let loaded = acidtest_suite::load(Path::new("suite.yaml"), &open);
            assert!(loaded.is_ok(), "{}: {}", suite.name, loaded.unwrap_err());
        }
    }
}
